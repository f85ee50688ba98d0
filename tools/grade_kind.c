// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first facts of helloctl grade: they find out which kind of device it is. Also the last
 * one: the device still works.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "grade.h"

#define CHUNK		65536
/* A source may be slow. */
#define READ_SECONDS	30

static const char *access_name(int flags)
{
	return flags == O_RDWR ? "reading and writing" : flags == O_RDONLY ? "reading" : "writing";
}

/* ---- open ---- */

static void try_modes(void)
{
	static const int modes[] = { O_RDWR, O_RDONLY, O_WRONLY };

	for (int i = 0; i < 3; i++) {
		int fd;

		step("an open for %s", access_name(modes[i]));
		fd = open(grade->path, modes[i] | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			grade->open_error = grade->open_error ? grade->open_error : errno;
			continue;
		}
		node_close(fd);
		if (modes[i] != O_WRONLY && grade->read_flags < 0)
			grade->read_flags = modes[i];
		if (modes[i] != O_RDONLY && grade->write_flags < 0)
			grade->write_flags = modes[i];
	}
	/* the least that a read needs */
	if (grade->read_flags == O_RDWR) {
		int fd = open(grade->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

		if (fd >= 0) {
			grade->read_flags = O_RDONLY;
			node_close(fd);
		}
	}
}

static void check_open(void)
{
	enum sleep sleep = sleeps(try_modes);

	if (sleep == STUCK)
		not_ok("%s sleeps, and SIGKILL does not end it", grade->step);
	if (sleep) {
		for (int i = 0; i < TRAITS; i++)
			trait_lacks(i, "%s sleeps", grade->step);
		does_not_apply("%s sleeps", grade->step);
	}
	if (grade->read_flags < 0 && grade->write_flags < 0)
		does_not_apply("an open failed with %s", strerrorname_np(grade->open_error));
}

/* ---- read ---- */

static void read_to_the_end(void)
{
	static unsigned char buf[CHUNK], first[CHUNK];
	int fd = open_to_read();
	unsigned long long total;
	bool same = true;
	ssize_t got, size = 0;
	time_t end = time(NULL) + READ_SECONDS;

	got = node_read(fd, buf, GRADE_BYTES);
	if (got < 0 && (errno == EFAULT || errno == EAGAIN))
		wrong(got, "bytes, the end or another error");
	if (got < 0)
		does_not_apply("a read failed with %s", strerrorname_np(errno));
	trait_set(READS);
	total = got;
	for (int calls = 0; got > 0; calls++) {
		grade->slow = time(NULL) > end;
		if (total > GRADE_CAPACITY_MAX || calls > GRADE_CALLS_MAX || grade->slow) {
			trait_lacks(ENDS, "reads do not end: %llu bytes until now", total);
			grade->endless = true;
			grade->repeats = same && calls > 1 && size < CHUNK ? size : 0;
			return;
		}
		got = node_read(fd, buf, CHUNK);
		if (!calls) {
			size = got;
			memcpy(first, buf, CHUNK);
		}
		same = same && got == size && !memcmp(buf, first, size);
		total += got > 0 ? got : 0;
	}
	if (got < 0) {
		trait_lacks(ENDS, "reads end with %s after %llu bytes", strerrorname_np(errno), total);
		grade->read_error = errno;
		return;
	}
	grade->length = total;
	trait_set(ENDS);
}

static void read_without_waiting(void)
{
	unsigned char byte;

	node_read(open_node(grade->read_flags | O_NONBLOCK), &byte, 1);
}

static void check_read(void)
{
	enum sleep sleep;

	if (grade->read_flags < 0)
		does_not_apply("the device does not open for reading");
	sleep = sleeps(read_to_the_end);
	if (!sleep)
		return;
	grade->read_waits = true;
	grade->read_stuck = sleep == STUCK;
	/* now: after a write it may not wait again */
	grade->read_ignores_nonblock = sleeps(read_without_waiting);
	trait_lacks(ENDS, "a read waits for data");
	if (!grade->has[READS])
		trait_lacks(READS, "a read waits for data");
}

/* ---- write ---- */

/* The first bytes of a fresh open; 0 if they are not to be had without waiting */
static size_t fresh_bytes(unsigned char *to)
{
	int fd = open_node(grade->read_flags | O_NONBLOCK);
	ssize_t got = node_read(fd, to, GRADE_BYTES);

	node_close(fd);
	return got > 0 ? got : 0;
}

/* Reads what was written, from where it is found. */
static ssize_t read_back(int fd, unsigned char *to)
{
	ssize_t got = -1;
	int fresh;

	memset(to, 0, GRADE_BYTES);
	if (grade->write_flags == O_RDWR) {
		if (node_lseek(fd, 0, SEEK_SET) == 0)
			got = node_read(fd, to, GRADE_BYTES);
		else
			got = node_pread(fd, to, GRADE_BYTES, 0);
		if (got < 0 && errno == ESPIPE)
			got = node_read(fd, to, GRADE_BYTES);
		return got;
	}
	fresh = open_to_read();
	got = node_read(fresh, to, GRADE_BYTES);
	node_close(fresh);
	return got;
}

static void check_store(int fd, ssize_t n, const unsigned char *before, bool random)
{
	unsigned char got[GRADE_BYTES], again[GRADE_BYTES];
	ssize_t back = read_back(fd, got);
	size_t same;

	if (back <= 0) {
		trait_lacks(STORES, "a read after a write %s", back ? "fails" : "returns 0");
		return;
	}
	same = first_difference(got, pattern, back < n ? back : n);
	if (back < n || same < (size_t)n) {
		grade->mangles = !random && memcmp(got, before, back) != 0;
		trait_lacks(STORES, "of %zd bytes written, %zu read back", n, same);
		return;
	}
	trait_set(STORES);
	trait_set(READS);
	/* it sleeps here if the bytes are gone */
	grade->consumes = true;
	grade->consumes = read_back(fd, again) != back || memcmp(again, got, back) != 0;
}

/* Not isatty(3), which believes a driver that answers each ioctl with 0. */
static bool is_terminal(int fd)
{
	unsigned char settings[256], before[256];

	memset(settings, 0xa5, sizeof(settings));
	memcpy(before, settings, sizeof(before));
	return !ioctl(fd, TCGETS, settings) && memcmp(settings, before, sizeof(before));
}

static void write_first(void)
{
	unsigned char before[GRADE_BYTES] = { 0 }, again[GRADE_BYTES] = { 0 };
	bool reads = grade->read_flags >= 0, random = false;
	ssize_t done;
	int fd;

	if (reads && !grade->read_waits) {
		fresh_bytes(before);
		fresh_bytes(again);
		random = memcmp(before, again, GRADE_BYTES) != 0;
	}
	fd = open_to_write();
	step("a write of %d bytes", GRADE_BYTES);
	done = write(fd, pattern, GRADE_BYTES);
	if (done < 0 && errno != EFAULT && errno != EAGAIN)
		does_not_apply("a write failed with %s", strerrorname_np(errno));
	if (done <= 0 || done > GRADE_BYTES)
		wrong(done, "a count up to %d, or another error", GRADE_BYTES);
	trait_set(WRITES);
	if (is_terminal(fd)) {
		trait_lacks(STORES, "a terminal changes what is written");
		return;
	}
	trait_lacks(STORES, "the device cannot be read");
	if (reads)
		check_store(fd, done, before, random);
}

static void check_write(void)
{
	enum sleep sleep;

	if (!grade->destroy)
		does_not_apply("facts that write need --destroy-contents");
	if (grade->write_flags < 0)
		does_not_apply("the device does not open for writing");
	sleep = sleeps(write_first);
	if (!sleep)
		return;
	if (grade->has[WRITES]) {
		grade->read_stuck = grade->read_stuck || sleep == STUCK;
	} else {
		grade->write_stuck = sleep == STUCK;
		grade->write_waits = true;
		trait_lacks(WRITES, "a write waits for room");
	}
	if (!grade->has[STORES])
		trait_lacks(STORES, "%s sleeps", grade->step);
}

/* ---- seek ---- */

static void check_seek(void)
{
	int fd = open_node(grade->destroy && grade->write_flags >= 0 ? grade->write_flags : any_flags());
	unsigned char bytes[2] = { 0 };
	off_t at;

	/* the kernel refuses it before it asks the driver, which might sleep */
	if (preadv(fd, &(struct iovec){ bytes, 0 }, 1, 0) < 0 && errno == ESPIPE)
		trait_lacks(POSITIONS, "pread(2) fails with ESPIPE");
	else if (grade->consumes)
		trait_lacks(POSITIONS, "a read removes the bytes");
	else
		trait_set(POSITIONS);
	at = node_lseek(fd, 0, SEEK_CUR);
	if (at < 0) {
		trait_lacks(SEEKS, "lseek(2) fails with %s", strerrorname_np(errno));
		return;
	}
	/* a device may refuse to seek past the contents */
	if (grade->has[STORES] && !grade->consumes)
		node_pwrite(fd, "xy", 2, 0);
	at = node_lseek(fd, 1, SEEK_SET);
	if (at == 1)
		trait_set(SEEKS);
	else if (at)
		trait_lacks(SEEKS, "a seek to 1 fails with %s", strerrorname_np(errno));
	else
		trait_lacks(SEEKS, "lseek(2) always returns 0");
}

/* ---- a second open ---- */

static void check_second_open(void)
{
	unsigned char mark[GRADE_BYTES], got[GRADE_BYTES] = "";
	int first = grade->write_flags >= 0 ? open_to_write() : open_to_read();
	int second;

	step("a second open");
	second = open(grade->path, any_flags() | O_CLOEXEC | O_NOCTTY);
	if (second < 0)
		does_not_apply("a second open fails with %s", strerrorname_np(errno));
	trait_set(SECOND);
	if (!grade->has[STORES]) {
		trait_lacks(PRIVATE, "%s", grade->lacks[STORES]);
		trait_lacks(SHARED, "%s", grade->lacks[STORES]);
		return;
	}
	fill_pattern(mark, GRADE_BYTES, 0);
	memcpy(mark, "mark", 4);
	if (node_write(first, mark, GRADE_BYTES) <= 0)
		return;
	fcntl(second, F_SETFL, fcntl(second, F_GETFL) | O_NONBLOCK);
	if (node_read(second, got, GRADE_BYTES) > 0 && !memcmp(got, mark, GRADE_BYTES / 2)) {
		trait_set(SHARED);
		trait_lacks(PRIVATE, "all opens share one buffer");
	} else {
		trait_set(PRIVATE);
		trait_lacks(SHARED, "each open has its own buffer");
	}
}

static void check_repeated_opens(void)
{
	for (int i = 0; i < 2000; i++) {
		int fd;

		step("open number %d", i);
		fd = open(grade->path, any_flags() | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			wrong(-1, "a descriptor");
		step("close number %d", i);
		if (close(fd))
			wrong(-1, "0");
	}
}

const struct fact grade_kind_facts[] = {
	{ "open", "the device opens and closes",
	  "no program can use the device", "open-and-private-data", 0, check_open },
	{ "read", "a read returns bytes, the end or an error",
	  "no program can read the device", "copying-to-user", 0, check_read },
	{ "write", "a write takes bytes or fails",
	  "a program that writes waits for ever, or writes into other memory", "copying-to-user",
	  0, check_write },
	{ "seek", "pread and lseek work, or fail", "no program can find its bytes again",
	  "copying-to-user", 0, check_seek },
	{ "second-open", "a second open works, or fails",
	  "two programs cannot use the device", "open-and-private-data", 0, check_second_open },
	{ "repeated-opens", "the device opens and closes thousands of times",
	  "after some days the device does not open any more", "open-and-private-data", 0,
	  check_repeated_opens },
	{ 0 },
};

static void check_last(void)
{
	bool writes = grade->has[WRITES];
	unsigned char bytes[GRADE_BYTES];
	int fd;

	step("an open after all other facts");
	fd = open(grade->path, (writes ? grade->write_flags : any_flags()) | O_CLOEXEC | O_NOCTTY |
		  O_NONBLOCK);
	if (fd < 0)
		wrong(fd, "a descriptor");
	if (writes && node_write(fd, "x", 1) < 0 && errno != EAGAIN)
		wrong(-1, "1");
	if (grade->has[READS])
		node_read(fd, bytes, sizeof(bytes));
	node_close(fd);
}

const struct fact grade_last_facts[] = {
	{ "still-works", "after all this the device still works",
	  "one program's mistake stops the device for all others", "oops", 0, check_last },
	{ 0 },
};
