// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/roundtrip.c: writes to /dev/hello and reads it back in one
 * open, as the first test program of a course; the lesson open-and-private-data runs it.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	static const char text[] = "Hello World\n";
	char back[64];
	ssize_t n;
	int fd = open("/dev/hello", O_RDWR);

	if (fd < 0)
		err(1, "open");
	/* Without the terminator: the device holds bytes, no strings. */
	n = write(fd, text, sizeof(text) - 1);
	if (n < 0)
		err(1, "write");
	printf("wrote %zd of %zu bytes\n", n, sizeof(text) - 1);

	if (lseek(fd, 0, SEEK_SET) < 0)
		err(1, "lseek");
	n = read(fd, back, sizeof(back));
	if (n < 0)
		err(1, "read");
	/* The precision bounds the string: read() does not terminate it. */
	printf("read %zd of %zu bytes: %.*s", n, sizeof(back), (int)n, back);

	/* Even close() can fail. */
	if (close(fd))
		err(1, "close");
	return 0;
}
