// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/badptr.c: writes to /dev/hello from memory that is not
 * mapped; the lesson copying-to-user runs it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = open("/dev/hello", O_RDWR);
	char *two;
	ssize_t n;

	if (fd < 0)
		err(1, "/dev/hello");
	/* Two adjacent pages, of which the second is unmapped again. */
	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (two == MAP_FAILED || munmap(two + page, page))
		err(1, "mmap");
	n = write(fd, two + page, 12);
	printf("12 bytes that are not there: %s\n",
	       n < 0 ? strerror(errno) : "written");
	n = write(fd, two + page - 100, 200);
	printf("200 bytes, of which 100 are there: %zd\n", n);
	printf("length of the contents: %ld\n", (long)lseek(fd, 0, SEEK_END));
	return 0;
}
