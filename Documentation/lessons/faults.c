// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/faults.c: counts the page faults of anonymous memory, of a file
 * and of /dev/hello; the lesson mmap-and-faults runs it with the file's name.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES	4

static size_t page;

/* Fields 10 and 12 of /proc/self/stat; the name in field 2 may have blanks. */
static void count_faults(unsigned long *minor, unsigned long *major)
{
	FILE *file = fopen("/proc/self/stat", "r");
	char line[1024];

	if (!file || !fgets(line, sizeof(line), file) ||
	    sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %lu %*u %lu",
		   minor, major) != 2)
		err(1, "/proc/self/stat");
	fclose(file);
}

/* Bit 63 of an entry of /proc/self/pagemap: the page table has the page. */
static int present(const char *map)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entries[PAGES];
	int n = 0;

	if (fd < 0 || pread(fd, entries, sizeof(entries), (uintptr_t)map / page *
			    sizeof(*entries)) != sizeof(entries))
		err(1, "/proc/self/pagemap");
	close(fd);
	for (int i = 0; i < PAGES; i++)
		n += entries[i] >> 63;
	return n;
}

static void touch(const char *name, const volatile char *map)
{
	unsigned long minor[2], major[2];
	int before = present((const char *)map);

	count_faults(&minor[0], &major[0]);
	for (int i = 0; i < PAGES; i++)
		(void)map[i * page];
	count_faults(&minor[1], &major[1]);
	printf("%-24s present %d, then %d; minor %lu, major %lu\n", name, before,
	       present((const char *)map), minor[1] - minor[0], major[1] - major[0]);
}

static char *map_file(const char *name, int flags, int prot)
{
	int fd = open(name, flags);
	char *map;

	if (fd < 0)
		err(1, "%s", name);
	/* Drops what the page cache has of it, if nothing else uses it. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	map = mmap(NULL, PAGES * page, prot, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap of %s", name);
	close(fd);
	return map;
}

int main(int argc, char **argv)
{
	unsigned long unused[2];
	char *map;

	page = sysconf(_SC_PAGESIZE);
	if (argc != 2)
		errx(1, "usage: faults FILE");
	/* The first count has faults of its own. */
	count_faults(&unused[0], &unused[1]);

	map = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	touch("anonymous memory", map);
	touch("the same again", map);
	touch("a file on disk", map_file(argv[1], O_RDONLY, PROT_READ));
	touch("/dev/hello", map_file("/dev/hello", O_RDWR, PROT_READ | PROT_WRITE));
	return 0;
}
