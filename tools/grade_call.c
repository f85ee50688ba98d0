// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers of the facts of helloctl grade: the verdict, calls on the device, known contents,
 * processes that may hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grade.h"
#include "grade_run.h"

struct grade *grade;

/* ---- the verdict ---- */

void not_ok(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(grade->finding, GRADE_TEXT, format, args);
	va_end(args);
	_exit(NOT_OK);
}

void does_not_apply(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(grade->finding, GRADE_TEXT, format, args);
	va_end(args);
	_exit(DOES_NOT_APPLY);
}

const char *outcome(long long got)
{
	static char text[64];

	if (got == -1)
		snprintf(text, sizeof(text), "failed with %s", strerrorname_np(errno));
	else
		snprintf(text, sizeof(text), "returned %lld", got);
	return text;
}

void wrong(long long got, const char *want, ...)
{
	const char *result = outcome(got);
	char text[GRADE_TEXT];
	va_list args;

	va_start(args, want);
	vsnprintf(text, sizeof(text), want, args);
	va_end(args);
	not_ok("%.120s %s instead of %.80s", grade->step, result, text);
}

void trait_set(enum trait trait)
{
	grade->has[trait] = true;
}

void trait_lacks(enum trait trait, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(grade->lacks[trait], GRADE_TEXT, format, args);
	va_end(args);
}

/* ---- calls ---- */

void step(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(grade->step, GRADE_TEXT, format, args);
	va_end(args);
}

int open_node(int flags)
{
	int fd;

	step("an open");
	/* a terminal must not become the controlling one */
	fd = open(grade->path, flags | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		does_not_apply("an open failed with %s", strerrorname_np(errno));
	return fd;
}

int open_to_read(void)
{
	return open_node(grade->read_flags);
}

int open_to_write(void)
{
	return open_node(grade->write_flags);
}

int any_flags(void)
{
	return grade->read_flags >= 0 ? grade->read_flags : grade->write_flags;
}

void node_close(int fd)
{
	step("a close");
	close(fd);
}

/*
 * A driver that returns more than @n writes more, too: such a read goes to memory with room
 * behind. Facts of their own find that; the others shall go on.
 */
static unsigned char bounce[1 << 18];

static ssize_t bounced(void *to, ssize_t got, size_t n)
{
	if (got > 0 && (size_t)got > n)
		got = n;
	if (got > 0)
		memcpy(to, bounce, got);
	return got;
}

ssize_t node_read(int fd, void *to, size_t n)
{
	step("a read of %zu bytes", n);
	return bounced(to, read(fd, bounce, n), n);
}

ssize_t node_pread(int fd, void *to, size_t n, off_t at)
{
	step("a read of %zu bytes at %lld", n, (long long)at);
	return bounced(to, pread(fd, bounce, n, at), n);
}

ssize_t node_write(int fd, const void *from, size_t n)
{
	ssize_t done;

	step("a write of %zu bytes", n);
	done = write(fd, from, n);
	return done > 0 && (size_t)done > n ? (ssize_t)n : done;
}

ssize_t node_pwrite(int fd, const void *from, size_t n, off_t at)
{
	ssize_t done;

	step("a write of %zu bytes at %lld", n, (long long)at);
	done = pwrite(fd, from, n, at);
	return done > 0 && (size_t)done > n ? (ssize_t)n : done;
}

off_t node_lseek(int fd, off_t at, int whence)
{
	step("a seek to %lld by %s", (long long)at, whence == SEEK_SET ? "SEEK_SET" :
	     whence == SEEK_CUR ? "SEEK_CUR" : whence == SEEK_END ? "SEEK_END" : "an unknown whence");
	return lseek(fd, at, whence);
}

/* ---- contents ---- */

unsigned char pattern[GRADE_BYTES], other[GRADE_BYTES];

void fill_pattern(unsigned char *to, size_t n, off_t at)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	/* text: bytes that end a string are a fact of their own */
	for (size_t i = 0; i < n; i++)
		to[i] = letters[(((unsigned long long)at + i) * 0x9e3779b97f4a7c15ULL) >> 58];
}

const off_t far_offsets[FAR_OFFSETS] = {
	INT_MAX, 1LL << 31, (1LL << 31) + 1, (1LL << 32) - 1, 1LL << 32, (1LL << 32) + 1, 1LL << 40,
	LLONG_MAX - 4096, LLONG_MAX - 1, LLONG_MAX,
};

size_t first_difference(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;
	size_t i = 0;

	while (i < n && x[i] == y[i])
		i++;
	return i;
}

ssize_t read_at(int fd, void *to, size_t n, off_t at)
{
	size_t done = 0;

	for (int calls = 0; done < n; calls++) {
		size_t rest = n - done < 65536 ? n - done : 65536;
		ssize_t got = node_pread(fd, (char *)to + done, rest, at + (off_t)done);

		if (got < 0)
			wrong(got, "bytes or the end");
		if (!got)
			break;
		if (calls > GRADE_CALLS_MAX)
			does_not_apply("reads do not end: %zu bytes until now", done);
		done += got;
	}
	return done;
}

void expect_contents(int fd, const void *want, size_t n, const char *when)
{
	unsigned char got[4096];
	size_t same, length = read_at(fd, got, n, 0);

	if (length < n)
		not_ok("%s, a read at 0 finds %zu of %zu bytes", when, length, n);
	same = first_difference(got, want, n);
	if (same < n)
		not_ok("%s, byte %zu is 0x%02x instead of 0x%02x", when, same, got[same],
		       ((const unsigned char *)want)[same]);
}

int open_with(const void *contents, size_t n)
{
	int fd = open_node(O_RDWR);
	ssize_t done = node_pwrite(fd, contents, n, 0);

	if (done != (ssize_t)n)
		does_not_apply("%s returned %zd", grade->step, done);
	return fd;
}

void node_drain(void)
{
	int fd = open_node(grade->read_flags | O_NONBLOCK);
	char bytes[4096];

	for (int i = 0; i < 100000 && node_read(fd, bytes, sizeof(bytes)) > 0; i++)
		;
	node_close(fd);
}

struct sample sample_of(const void *bytes, size_t n)
{
	struct sample sample = { .n = n };
	int fd;

	memcpy(sample.want, bytes, n);
	if (grade->consumes)
		node_drain();
	fd = open_node(grade->has[PRIVATE] || grade->consumes ? O_RDWR : grade->write_flags);
	if (node_write(fd, bytes, n) != (ssize_t)n)
		does_not_apply("the device does not take %zu bytes", n);
	if (grade->consumes) {
		sample.fd = fd;
	} else if (grade->has[SHARED]) {
		sample.fd = open_to_read();
		node_close(fd);
	} else {
		sample.fd = fd;
		sample.pread_only = !grade->has[SEEKS];
		if (grade->has[SEEKS] && node_lseek(fd, 0, SEEK_SET))
			does_not_apply("the position does not go back to 0");
	}
	return sample;
}

/* The contents that are there, without a write */
static struct sample sample_found(void)
{
	struct sample sample = { 0 };
	ssize_t got;
	int fd;

	if (grade->endless || grade->read_error) {
		sample.unknown = true;
		sample.n = GRADE_BYTES;
	} else {
		if (!grade->has[ENDS])
			does_not_apply("%s", grade->lacks[ENDS]);
		fd = open_to_read();
		while (sample.n < sizeof(sample.want) &&
		       (got = node_read(fd, sample.want + sample.n, sizeof(sample.want) - sample.n)) > 0)
			sample.n += got;
		node_close(fd);
	}
	sample.fd = open_to_read();
	return sample;
}

struct sample sample_open(size_t least)
{
	struct sample sample = grade->has[STORES] ? sample_of(pattern, GRADE_BYTES) : sample_found();
	if (sample.n < least)
		does_not_apply("a fresh open has %zu bytes to read%s", sample.n,
			       grade->destroy ? "" : ", and nothing may be written");
	return sample;
}

struct sample sample_open_to_read(size_t least)
{
	struct sample sample = sample_open(least);

	if (sample.pread_only)
		does_not_apply("the position cannot be set");
	return sample;
}

bool sample_has(const struct sample *sample, const void *got, size_t from, size_t n)
{
	return sample->unknown || !memcmp(sample->want + from, got, n);
}

ssize_t sample_read(const struct sample *sample, void *to, size_t n)
{
	step("a read of %zu bytes", n);
	return sample->pread_only ? pread(sample->fd, to, n, 0) : read(sample->fd, to, n);
}

/* ---- processes and memory ---- */

size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

unsigned char *memory(size_t n, int prot)
{
	void *m = mmap(NULL, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED)
		does_not_apply("there is no memory of %zu bytes", n);
	return m;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

char process_state(pid_t pid, char line[GRADE_STAT])
{
	char path[64], *end = NULL;
	FILE *from;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	from = fopen(path, "re");
	if (from && fgets(line, GRADE_STAT, from))
		end = strrchr(line, ')');
	if (from)
		fclose(from);
	return end && end[1] ? end[2] : 'Z';
}

bool process_waits(pid_t pid, int tenths)
{
	char before[GRADE_STAT] = "", line[GRADE_STAT] = "";
	int quiet = 0;

	/* asleep all the time, and without work in between */
	while (quiet < tenths) {
		char state = process_state(pid, line);

		if (state == 'Z' || state == 'X')
			return false;
		quiet = (state == 'S' || state == 'D') && !strcmp(line, before) ? quiet + 1 : 0;
		memcpy(before, line, sizeof(before));
		pause_ms(quiet ? 100 : 10);
	}
	return true;
}

bool process_ends(pid_t pid, int *status, int seconds)
{
	struct pollfd p = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int ready = poll(&p, 1, seconds * 1000);

	if (p.fd >= 0)
		close(p.fd);
	return ready == 1 && waitpid(pid, status, 0) == pid;
}

/* A child ended: its signal and its verdict are those of the fact. */
static void end_likewise(int status)
{
	if (WIFSIGNALED(status))
		raise(WTERMSIG(status));
	if (WEXITSTATUS(status) != OK)
		_exit(WEXITSTATUS(status));
}

void join(pid_t pid)
{
	int status;

	if (pid < 0)
		does_not_apply("no process: %s", strerrorname_np(errno));
	waitpid(pid, &status, 0);
	end_likewise(status);
}

enum sleep sleeps(void (*call)(void))
{
	pid_t pid = fork();
	int status;
	bool waits;

	if (pid < 0)
		does_not_apply("no process: %s", strerrorname_np(errno));
	if (!pid) {
		call();
		_exit(OK);
	}
	waits = process_waits(pid, 50);
	if (waits)
		kill(pid, SIGKILL);
	if (!process_ends(pid, &status, GRADE_KILL_SECONDS)) {
		grade->stuck = true;
		return STUCK;
	}
	if (waits)
		return ASLEEP;
	end_likewise(status);
	return AWAKE;
}
