// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/map.c: maps /dev/hello and counts page faults; the
 * lesson mmap-and-faults runs it.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static const char greeting[] = "Hello from a mapping";

static void print_mapping(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];

	if (!maps)
		err(1, "/proc/self/maps");
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "/dev/hello"))
			fputs(line, stdout);
	fclose(maps);
}

/* Touches both pages; returns the number of page faults. */
static long touch(volatile char *map, size_t page)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	map[0] = 'H';
	map[page] = 0;
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

int main(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = open("/dev/hello", O_RDWR);
	char text[sizeof(greeting)];
	char *map;
	long faults;

	setlinebuf(stdout);
	if (fd < 0)
		err(1, "/dev/hello");
	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	/* Take the page faults of getrusage() itself before the measurement. */
	touch(text, 1);
	faults = touch(map, page);
	print_mapping();

	strcpy(map, greeting);
	if (read(fd, text, sizeof(text)) != sizeof(text))
		err(1, "read");
	printf("written to the mapping, read from the file: %s\n", text);
	printf("faults of the first touch: %ld\n", faults);

	if (madvise(map, 2 * page, MADV_DONTNEED))
		err(1, "madvise");
	faults = touch(map, page);
	printf("faults after MADV_DONTNEED: %ld\n", faults);
	close(fd);
	printf("after close the mapping has: %s\n", map);
	return 0;
}
