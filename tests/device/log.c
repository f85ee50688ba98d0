// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/log.c: the driver logs text from users as printable ASCII only, since the
 * log may go to a terminal.
 */
#include <ctype.h>
#include <linux/hello.h>
#include <sys/ioctl.h>

#include "harness.h"

#define LINE	8192	/* a record of /dev/kmsg is not longer */

static int log_fd = -1;

static void read_log_from_here(void)
{
	if (log_fd < 0)
		log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT(EXPECT(log_fd >= 0));
	EXPECT_EQ(lseek(log_fd, 0, SEEK_END), 0);
}

/*
 * Reads the driver's next record; false if there is none. Undoes the escapes of
 * /dev/kmsg (\xNN), to get the bytes that a console gets.
 */
static bool next_line(unsigned char *line, size_t *len)
{
	char record[LINE], *from, *end;
	ssize_t n;

	while ((n = read(log_fd, record, sizeof(record) - 1)) >= 0 || errno == EPIPE) {
		if (n < 0)
			continue;
		record[n] = '\0';
		from = strchr(record, ';');
		if (!from || strncmp(++from, "hello: ", 7))
			continue;
		end = from + strcspn(from, "\n");
		for (*len = 0; from < end; from++)
			if (from[0] == '\\' && from[1] == 'x') {
				line[(*len)++] = strtoul((char[]){ from[2], from[3], '\0' }, NULL, 16);
				from += 3;
			} else {
				line[(*len)++] = *from;
			}
		return true;
	}
	EXPECT(errno == EAGAIN);
	return false;
}

/* Repeat until the driver logs something: its log is rate-limited. */
static void expect_printable(const char *text, void (*give)(const char *text))
{
	unsigned char line[LINE];
	size_t len;

	read_log_from_here();
	do
		give(text);
	while (!next_line(line, &len) && poll(&(struct pollfd){ log_fd, POLLIN, 0 }, 1, 100) >= 0);
	do {
		for (size_t i = 0; i < len; i++)
			if (!report(line[i] < 0x80 && isprint(line[i]), "byte %zu of \"%.7s...\" is 0x%02x", i,
				    (char *)line, line[i]))
				break;
		report(len < 400, "a line of %zu bytes", len);
	} while (next_line(line, &len));
}

/* Every byte that does not end a word, as many at a time as the driver logs of a word */
static void expect_bytes_printable(const char *before, void (*give)(const char *text))
{
	char text[64];

	for (int c = 1; c < 256;) {
		int n = snprintf(text, sizeof(text), "%s", before);

		for (int end = n + 38; n < end && c < 256; c++)
			if (!strchr(" \t\n", c))
				text[n++] = c;
		text[n] = '\0';
		CASE("%s, bytes up to 0x%02x", before, c - 1);
		expect_printable(text, give);
	}
}

/* Control characters, bytes other than ASCII, and a text of the maximum size */
static void expect_some_printable(const char *before, void (*give)(const char *text))
{
	char text[HELLO_RECIPE_MAX];
	int n = snprintf(text, sizeof(text), "%s\r\x1b[2J\x07\x7f\x80\xff", before);

	CASE("%s", before);
	memset(text + n, '\x1b', sizeof(text) - n);
	text[sizeof(text) - 1] = '\0';
	expect_printable(text, give);
}

static int hello_fd;

static void give_recipe(const char *text)
{
	struct hello_recipe_request r = { .size = sizeof(r) };

	strcpy(r.recipe, text);
	EXPECT_ERRNO(ioctl(hello_fd, HELLO_IOC_RECIPE, &r), EINVAL);
}

TEST(a_recipe_of_any_bytes_comes_to_the_log_as_printable_ASCII)
{
	hello_fd = open_hello(O_RDWR);
	drop_cap(CAP_SYS_ADMIN);
	expect_bytes_printable("", give_recipe);
	expect_bytes_printable("buffer_size=", give_recipe);
	expect_some_printable("alloc_mode=", give_recipe);
	expect_some_printable("gfp_flags=GFP_KERNEL|", give_recipe);
	CASE("separators");
	expect_printable("\n\nalloc_mode=\tnumb\nhello: all is well", give_recipe);
}

static const char *tunable;

static void store(const char *text)
{
	EXPECT_ERRNO(set(tunable, text), EINVAL);
}

TEST(a_store_of_any_bytes_comes_to_the_log_as_printable_ASCII)
{
	for (int i = 0; i < nr_tunables; i++) {
		tunable = tunables[i].name;
		expect_some_printable(tunable, store);
	}
}

static void experiment(const char *text)
{
	int fd = open("/sys/kernel/debug/hello/experiment", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		SKIP("debugfs cannot be opened: %s", strerrorname_np(errno));
	EXPECT_ERRNO(write(fd, text, strlen(text)), EINVAL);
	close(fd);
}

TEST(an_experiment_of_any_bytes_comes_to_the_log_as_printable_ASCII)
{
	expect_bytes_printable("alloc ", experiment);
	expect_some_printable("alloc count=", experiment);
	expect_some_printable("alloc alloc_mode=", experiment);
	expect_some_printable("lock lock_mode=", experiment);
}
