// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about lseek(2), and about offsets up to 2^63.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

static unsigned char buf[4096];

static void expect_position(int fd, off_t want)
{
	off_t at = node_lseek(fd, 0, SEEK_CUR);

	if (at != want)
		wrong(at, "%lld", (long long)want);
}

/* A seek that the device may refuse with EINVAL: past the contents, or from an end that it lacks */
static off_t seek_if_allowed(int fd, off_t at, int whence)
{
	off_t now = node_lseek(fd, at, whence);

	if (now == -1 && errno != EINVAL && errno != EOVERFLOW && errno != ENXIO && errno != ESPIPE)
		wrong(now, "a position, or EINVAL");
	return now;
}

static void check_set(void)
{
	struct sample sample = sample_open(2);
	size_t last = sample.n < 64 ? sample.n - 1 : 63;

	for (size_t at = last + 1; at-- > 0;) {
		off_t now = node_lseek(sample.fd, (off_t)at, SEEK_SET);
		ssize_t got;

		if (now != (off_t)at)
			wrong(now, "%zu", at);
		got = node_read(sample.fd, buf, 1);
		if (got != 1)
			wrong(got, "1");
		if (!sample_has(&sample, buf, at, 1))
			not_ok("after a seek to %zu a read returns another byte than that at %zu", at, at);
		expect_position(sample.fd, (off_t)at + 1);
	}
}

static void check_current(void)
{
	struct sample sample = sample_open(4);
	off_t now;

	node_lseek(sample.fd, 1, SEEK_SET);
	now = node_lseek(sample.fd, 2, SEEK_CUR);
	if (now != 3)
		wrong(now, "3");
	now = node_lseek(sample.fd, -2, SEEK_CUR);
	if (now != 1)
		wrong(now, "1");
	if (node_read(sample.fd, buf, 1) != 1 || !sample_has(&sample, buf, 1, 1))
		not_ok("after seeks by SEEK_CUR a read returns another byte");
}

/* The end is that of the contents, or the capacity; a device may have none. */
static void check_end(void)
{
	struct sample sample = sample_open(1);
	off_t end = seek_if_allowed(sample.fd, 0, SEEK_END), now;
	ssize_t got;

	if (end < 0)
		does_not_apply("lseek(2) does not know SEEK_END: %s", strerrorname_np(errno));
	if (!end)
		does_not_apply("SEEK_END is 0: the driver has no end, as with default_llseek()");
	got = node_read(sample.fd, buf, 1);
	if (got > 0)
		not_ok("a read at SEEK_END, %lld, returns a byte", (long long)end);
	now = node_lseek(sample.fd, -1, SEEK_END);
	if (now != end - 1)
		wrong(now, "%lld", (long long)end - 1);
	now = node_lseek(sample.fd, -end - 1, SEEK_END);
	if (now >= 0 || errno != EINVAL)
		wrong(now, "EINVAL");
}

static void check_negative(void)
{
	static const off_t offsets[] = { -4096, -1, -2, LLONG_MIN + 1, LLONG_MIN };
	struct sample sample = sample_open(2);

	for (size_t i = 0; i < COUNT(offsets); i++) {
		off_t now;

		node_lseek(sample.fd, 1, SEEK_SET);
		errno = 0;
		now = node_lseek(sample.fd, offsets[i], SEEK_SET);
		/* offsets above 2^63 look negative; then the driver reads there */
		if (now != -1 && now == offsets[i] && (read(sample.fd, buf, 1) >= 0 || errno != EINVAL))
			does_not_apply("offsets are unsigned, as of /dev/mem");
		if (now != -1 || errno != EINVAL)
			not_ok("a seek to %lld is not EINVAL", (long long)offsets[i]);
		expect_position(sample.fd, 1);
		now = node_lseek(sample.fd, -2, SEEK_CUR);
		if (now != -1 || errno != EINVAL)
			not_ok("a seek by -2 from 1 is not EINVAL");
		expect_position(sample.fd, 1);
	}
}

static void check_whence(void)
{
	static const int unknown[] = { 99, -1, INT_MAX };
	struct sample sample = sample_open(2);

	node_lseek(sample.fd, 1, SEEK_SET);
	for (size_t i = 0; i < COUNT(unknown); i++) {
		off_t now = node_lseek(sample.fd, 0, unknown[i]);

		if (now != -1 || errno != EINVAL)
			wrong(now, "EINVAL");
		expect_position(sample.fd, 1);
	}
}

static bool has_contents_at(const struct sample *sample, off_t at)
{
	if (sample->unknown)
		does_not_apply("%s", grade->lacks[ENDS]);
	return grade->has[ENDS] && (unsigned long long)at < grade->length;
}

static void check_past_end(void)
{
	struct sample sample = sample_open(1);

	for (size_t i = 0; i < FAR_OFFSETS; i++) {
		off_t now;
		ssize_t got;

		if (has_contents_at(&sample, far_offsets[i]))
			continue;
		node_lseek(sample.fd, 0, SEEK_SET);
		now = seek_if_allowed(sample.fd, far_offsets[i], SEEK_SET);
		if (now < 0) {
			expect_position(sample.fd, 0);
			continue;
		}
		if (now != far_offsets[i])
			wrong(now, "%lld or EINVAL", (long long)far_offsets[i]);
		got = node_read(sample.fd, buf, sizeof(buf));
		if (got > 0)
			not_ok("after a seek to %lld a read returns %zd bytes", (long long)far_offsets[i], got);
		now = node_lseek(sample.fd, LLONG_MAX, SEEK_CUR);
		if (now < -1 || (now == -1 && errno != EINVAL && errno != EOVERFLOW))
			wrong(now, "EINVAL or EOVERFLOW");
	}
}

static void check_far_read(void)
{
	struct sample sample = sample_open(1);

	for (size_t i = 0; i < FAR_OFFSETS; i++) {
		ssize_t got;

		if (has_contents_at(&sample, far_offsets[i]))
			continue;
		got = node_pread(sample.fd, buf, sizeof(buf), far_offsets[i]);
		if (got > 0 || (got < 0 && errno != EINVAL && errno != EOVERFLOW && errno != EFBIG &&
				errno != ENXIO && errno != ESPIPE && errno != ENOSPC))
			wrong(got, "0 or EINVAL");
	}
}

const struct fact grade_seek_facts[] = {
	{ "seek-set", "a seek goes to each byte of the contents",
	  "a program that reads a record gets another one", "a-device-is-a-file",
	  NEEDS(SEEKS) | NEEDS(POSITIONS), check_set },
	{ "seek-current", "SEEK_CUR moves the position forward and back",
	  "a program that skips bytes reads others", "a-device-is-a-file",
	  NEEDS(SEEKS) | NEEDS(POSITIONS), check_current },
	{ "seek-end", "SEEK_END is where reads end, or EINVAL",
	  "a program that asks for the size allocates a wrong one", "a-device-is-a-file",
	  NEEDS(SEEKS) | NEEDS(POSITIONS), check_end },
	{ "seek-negative", "a seek before the beginning is EINVAL, and moves nothing",
	  "the driver reads kernel memory before its buffer", "a-device-is-a-file",
	  NEEDS(SEEKS), check_negative },
	{ "seek-whence", "a seek from an unknown whence is EINVAL",
	  "a program that asks for SEEK_DATA believes the answer", "a-device-is-a-file",
	  NEEDS(SEEKS), check_whence },
	{ "seek-past-end", "a seek past the end is refused, or finds the end",
	  "a program reads kernel memory after the buffer", "a-device-is-a-file",
	  NEEDS(SEEKS) | NEEDS(POSITIONS), check_past_end },
	{ "read-far", "a read at any offset up to 2^63 is the end or an error",
	  "a program reads kernel memory after the buffer", "a-device-is-a-file",
	  NEEDS(READS) | NEEDS(POSITIONS), check_far_read },
	{ 0 },
};
