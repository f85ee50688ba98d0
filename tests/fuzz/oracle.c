// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/oracle.c: the checks: answers of calls against the model, errnos without
 * it, and the state of the device once all is closed.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"

/* Ends the process of the sequence. */
void differ(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(world.outcome->why, sizeof(world.outcome->why), fmt, ap);
	va_end(ap);
	world.outcome->failed = true;
	_exit(1);
}

static const char *name_of(long long ret)
{
	static char text[2][32];
	static int at;

	if (ret < 0 && strerrorname_np(-ret))
		return strerrorname_np(-ret);
	snprintf(text[++at % 2], sizeof(text[0]), "%lld", ret);
	return text[at % 2];
}

static bool may_be(const char *errnos, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = errnos; (at = strstr(at, name)); at += n)
		if ((at == errnos || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

/* True if the model has no answer: among other processes, or for a call without memory */
bool refused(long long got)
{
	world.calls++;
	if (world.storm) {
		if (got < 0 && got != -ENOMEM && got != -EINTR && !may_be(world.op->errnos, name_of(got)))
			differ("%s: %s is not among its errnos", world.op->name, name_of(got));
		return true;
	}
	if (!world.squeezed || got != -ENOMEM)
		return false;
	world.outcome->refused++;
	learn_allocated();
	return true;
}

void expect(long long got, long long want, const char *what)
{
	if (got != want)
		differ("%s: %s is %s, expected %s", world.op->name, what, name_of(got), name_of(want));
}

void expect_memory(const void *got, const void *want, size_t n, const char *what)
{
	const unsigned char *g = got, *w = want;
	size_t i = 0;

	if (!memcmp(got, want, n))
		return;
	while (g[i] == w[i])
		i++;
	differ("%s: %s differs at byte %zu of %zu: 0x%02x, expected 0x%02x", world.op->name, what, i, n, g[i], w[i]);
}

/*
 * Nothing is open, allocated or left, and the counts agree, if they were last reset while
 * nothing was allocated.
 */
bool device_is_quiet(bool counts_apart, char *why, size_t size)
{
	static const char *const files[] = { "opens", "live_buffers", "live_bytes" };
	long long made = file_number(HELLO_SYSFS "stats/allocations"), freed = file_number(HELLO_SYSFS "stats/frees");
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), HELLO_SYSFS "stats/%s", files[i]);
		if (file_number(path)) {
			snprintf(why, size, "after all closes %s is %lld", files[i], file_number(path));
			return false;
		}
	}
	if (made != freed && !counts_apart) {
		snprintf(why, size, "after all closes allocations is %lld, and frees %lld", made, freed);
		return false;
	}
	return true;
}
