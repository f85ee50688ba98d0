// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/hog.c: takes and locks memory until about MIB MiB are available,
 * runs COMMAND, and gives all back; the lesson pressure and tests/guest/pressure.t run it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long available_mib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "MemAvailable: %ld kB", &kib);
	if (kib < 0)
		errx(1, "/proc/meminfo has no MemAvailable");
	fclose(f);
	return kib / 1024;
}

/* The OOM killer must find nothing that it likes more. */
static void offer_to_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, "1000", 4) != 4)
		err(1, "oom_score_adj");
	close(fd);
}

/* Writes to @ready, and returns when the other end of @stay is closed. */
static void hold_memory(long left, int ready, int stay)
{
	long more;
	char byte;

	offer_to_oom_killer();
	while ((more = available_mib() - left) > 0) {
		/* The last ones in small steps: the estimate lags behind. */
		size_t size = (more > 8 ? more / 2 : 1) << 20;
		void *m = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (m == MAP_FAILED || mlock(m, size))
			err(1, "mlock");
	}
	if (write(ready, "", 1) == 1)
		while (read(stay, &byte, 1) > 0)
			;
}

int main(int argc, char **argv)
{
	int ready[2], stay[2], ended, status = 0;
	pid_t pid, command;
	char byte;

	if (argc < 3)
		errx(2, "usage: hog MIB COMMAND...");
	if (pipe2(ready, O_CLOEXEC) || pipe2(stay, O_CLOEXEC))
		err(1, "pipe2");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(stay[1]);
		hold_memory(atol(argv[1]), ready[1], stay[0]);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "so much memory cannot be taken");
	command = fork();
	if (!command) {
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	waitpid(command, &ended, 0);
	close(stay[1]);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		puts("hog: the OOM killer took the memory back");
	return WIFEXITED(ended) ? WEXITSTATUS(ended) : 1;
}
