// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/fragment.c: fills a zone with buffers of one page, frees every
 * second one, and asks for 1 MiB in one piece; the lesson buddy-and-fragmentation runs it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/hello.h>

#define MAX	8192

static int fds[MAX];

/* The zone's free blocks, by order: 1 page, 2, 4, ... */
static void print_free(const char *when)
{
	FILE *file = fopen("/proc/buddyinfo", "r");
	char line[256];

	if (!file)
		err(1, "/proc/buddyinfo");
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "zone      DMA "))
			printf("%s: %s", when, strstr(line, "DMA "));
	fclose(file);
}

/* A buffer of the size, by the recipe in force; prints whether there is one. */
static void try(const char *size)
{
	struct hello_recipe_request request = { .size = sizeof(request) };
	int fd = open("/dev/hello", O_RDWR);

	snprintf(request.recipe, sizeof(request.recipe), "buffer_size=%s", size);
	if (fd < 0 || ioctl(fd, HELLO_IOC_RECIPE, &request))
		printf("%s in one piece: %s\n", size, strerror(errno));
	else
		printf("%s in one piece: allocated\n", size);
	close(fd);
}

int main(void)
{
	struct rlimit limit = { MAX + 64, MAX + 64 };
	int count = 0;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "setrlimit");
	print_free("at first");
	try("1M");
	while (count < MAX && (fds[count] = open("/dev/hello", O_RDWR)) >= 0)
		count++;
	printf("%d buffers of a page, then: %s\n", count, strerror(errno));
	print_free("full");

	for (int i = 0; i < count; i += 2)
		close(fds[i]);
	printf("%d pages freed, every second one\n", (count + 1) / 2);
	print_free("in pieces");
	try("1M");

	for (int i = 1; i < count; i += 2)
		close(fds[i]);
	print_free("all freed");
	try("1M");
	return 0;
}
