// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/user_app.c: writes a greeting to /dev/hello, all of it or an
 * error, and reads to the end; the lesson copying-to-user runs it.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A write may take fewer bytes than asked: the rest is written by the next one. */
static void write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0)
			err(1, "write, with %zu bytes left", size);
		bytes += n;
		size -= n;
	}
}

int main(int argc, char **argv)
{
	const char *greeting = argc > 1 ? argv[1] : "Hello from user space";
	char bytes[16];
	ssize_t n;
	int fd = open("/dev/hello", O_RDWR);

	setlinebuf(stdout);
	if (fd < 0)
		err(1, "open");
	write_all(fd, greeting, strlen(greeting));
	if (lseek(fd, 0, SEEK_SET) < 0)
		err(1, "lseek");
	/* A read of 0 bytes is the end. */
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		printf("%zd bytes: %.*s\n", n, (int)n, bytes);
	if (n < 0)
		err(1, "read");
	return 0;
}
