// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/opens.c: debugfs opens lists each open file once, in a whole row, for any
 * way of reading and any process name.
 */
#include <ctype.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "harness.h"

#define OPENS	"/sys/kernel/debug/hello/opens"
#define TEXT	(4 << 20)	/* more than all rows of these tests */

static char text[TEXT], again[TEXT];

static int open_list(void)
{
	int fd = open(OPENS, O_RDONLY | O_CLOEXEC);

	ASSERT(report(fd >= 0, OPENS ": %s", strerrorname_np(errno)));
	return fd;
}

/* Reads the list in pieces of limited size; returns a string */
static size_t read_list(char *to, size_t piece)
{
	int fd = open_list();
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, to + len, piece < TEXT - 1 - len ? piece : TEXT - 1 - len)) > 0)
		len += n;
	EXPECT_EQ(n, 0);
	close(fd);
	to[len] = '\0';
	return len;
}

struct row {
	unsigned long long id, numbers[6];
	int pid, mappings;
	char comm[80], mode[16], recipe[256];
};

/* Parses a whole line */
static bool parse(const char *line, struct row *r)
{
	unsigned long long *n = r->numbers;
	int end = 0;

	return sscanf(line, "%llu %d %79s %15s %llu %llu %llu %llu %llu %llu %d alloc_mode=%255[^\n]%n",
		      &r->id, &r->pid, r->comm, r->mode, n, n + 1, n + 2, n + 3, n + 4, n + 5,
		      &r->mappings, r->recipe, &end) == 12 && line[end] == '\n' &&
	       (!strcmp(r->mode, "private") || !strcmp(r->mode, "shared")) && strstr(r->recipe, " init_mode=zero");
}

/* Each row of a list: FOR_EACH_ROW(r, list) { ... } */
#define FOR_EACH_ROW(r, list)							\
	for (const char *line_ = next_line(list); *line_; line_ = next_line(line_))	\
		if (report(parse(line_, &(r)), "a broken row: %.*s",			\
			   (int)strcspn(line_, "\n"), line_))

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

static struct row row_of(pid_t pid)
{
	struct row r, found = { .id = 0 };

	read_list(text, 65536);
	FOR_EACH_ROW(r, text)
		if (r.pid == pid) {
			EXPECT_EQ(found.id, 0);
			found = r;
		}
	EXPECT(found.id);
	return found;
}

/* ---- counts ---- */

TEST(a_row_has_the_calls_and_their_bytes)
{
	struct iovec v = { text, 3 };
	unsigned long long *n;
	struct row r;
	int fd;

	SET("alloc_when", "first_use");
	fd = open_hello(O_RDWR);
	/* The caller repeats a call that must not wait: both are one. */
	EXPECT_ERRNO(pwritev2(fd, &v, 1, 0, RWF_NOWAIT), EAGAIN);
	EXPECT_EQ(pwrite(fd, "abcde", 5, 0), 5);
	EXPECT_EQ(pwritev2(fd, &v, 1, 5, RWF_NOWAIT), 3);
	EXPECT_ERRNO(pwrite(fd, "x", 1, 4096), ENOSPC);
	EXPECT_EQ(pread(fd, again, 100, 2), 6);
	EXPECT_EQ(pread(fd, again, 100, 8), 0);
	r = row_of(getpid());
	n = r.numbers;
	EXPECT_EQ(n[0], 4096);
	EXPECT_EQ(n[1], 8);
	EXPECT_EQ(n[2], 2);
	EXPECT_EQ(n[3], 3);
	EXPECT_EQ(n[4], 6);
	EXPECT_EQ(n[5], 8);
	EXPECT_STR(r.mode, "private");
	close(fd);

	SET("init_mode", "poison");
	fd = open_hello(O_RDWR);
	EXPECT_ERRNO(preadv2(fd, &v, 1, 0, RWF_NOWAIT), EAGAIN);
	read_list(text, 65536);
	EXPECT(strstr(text, " private 4096 4096 0 0 0 0 0 "));
	close(fd);
}

/* ---- names ---- */

/* Starts a process of that name, which keeps a file open until the test ends */
static pid_t start_named(const char *name)
{
	int told[2];
	pid_t pid;
	char c;

	EXPECT_EQ(pipe2(told, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		EXPECT_EQ(prctl(PR_SET_NAME, name), 0);
		open_hello(O_RDWR);
		EXPECT_EQ(write(told[1], "", 1), 1);
		for (;;)
			pause();
	}
	close(told[1]);
	ASSERT(EXPECT_EQ(read(told[0], &c, 1), 1));
	close(told[0]);
	return pid;
}

TEST(names_of_processes_are_escaped)
{
	static const char *const names[][2] = {
		{ "plain", "plain" }, { "", "\"\"" }, { " ", "\\040" }, { "a b", "a\\040b" },
		{ "\\", "\\134" }, { "a\\040b", "a\\134040b" }, { "tab\there", "tab\\011here" },
		{ "two\nlines", "two\\012lines" }, { "\r\x1b[2J\a", "\\015\\033[2J\\007" }, { "\x7f", "\\177" },
		{ "\xc3\xa4\xe2\x82\xac", "\\303\\244\\342\\202\\254" },	/* UTF-8 */
		{ "\xe4\xa0\xff", "\\344\\240\\377" },				/* Latin-1 */
		{ "~!\"'$%{}", "~!\"'$%{}" },
		/* the longest, all of it */
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
		  "\\200\\200\\200\\200\\200\\200\\200\\200\\200\\200\\200\\200\\200\\200\\200" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CASE("%s", names[i][1]);
		EXPECT_STR(row_of(start_named(names[i][0])).comm, names[i][1]);
	}
}

TEST(any_byte_in_a_name_leaves_the_text_printable_ASCII)
{
	for (int c = 1; c < 256; c++) {
		char name[] = { 'x', c, 'y', '\0' }, want[16];
		bool plain = c > ' ' && c < 0x7f && c != '\\';
		pid_t pid = start_named(name);

		CASE("0x%02x", c);
		snprintf(want, sizeof(want), plain ? "x%cy" : "x\\%03oy", c);
		EXPECT_STR(row_of(pid).comm, want);
		for (const char *t = text; *t; t++)
			if (!report(isprint(*t) || *t == '\n', "byte 0x%02x", (unsigned char)*t))
				break;
		kill(pid, SIGKILL);
		EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	}
}

/* Another process holds the file. */
TEST(the_name_of_an_opener_that_has_gone_is_a_dash)
{
	pid_t pid = fork();

	if (!pid) {
		open_hello(O_RDWR);
		if (!fork())
			for (;;)
				pause();
		_exit(0);
	}
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	EXPECT_STR(row_of(pid).comm, "-");
}

/* ---- ways to read ---- */

static void open_many(int n)
{
	SET("alloc_when", "first_use");
	for (int i = 0; i < n; i++)
		open_hello(i % 2 ? O_RDONLY : O_RDWR);
}

TEST(reads_of_any_size_give_the_same_text)
{
	static const size_t pieces[] = { 1, 7, 100, 4095, 4096, 4097 };
	size_t len;

	open_many(300);
	len = read_list(text, 65536);
	EXPECT(len > 300 * 80);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		CASE("%zu bytes", pieces[i]);
		EXPECT_EQ(read_list(again, pieces[i]), len);
		EXPECT_MEM(again, text, len);
	}
}

/* Forwards and backwards, past a row's middle and past the end */
TEST(pread_and_lseek_find_the_text_at_each_position)
{
	size_t len, at = 0;
	int fd;

	open_many(300);
	len = read_list(text, 65536);
	fd = open_list();
	for (int i = 0; i < volume(200); i++) {
		size_t n = i * 37 % 300 + 1, rest;
		ssize_t got;

		at = (at + 7919 * (size_t)i) % (len + 1);
		rest = len - at;
		CASE("position %zu", at);
		got = pread(fd, again, n, at);
		/* A read may end at a row's end, but returns 0 only at the end of the list. */
		EXPECT(rest ? got > 0 : !got);
		ASSERT(EXPECT(got <= (ssize_t)n && got <= (ssize_t)rest));
		EXPECT_MEM(again, text + at, got);
		at = (at + 4001 * (size_t)i) % (len + 1);
		rest = len - at;
		EXPECT_EQ(lseek(fd, at, SEEK_SET), at);
		got = read(fd, again, n);
		EXPECT(rest ? got > 0 : !got);
		ASSERT(EXPECT(got <= (ssize_t)n && got <= (ssize_t)rest));
		EXPECT_MEM(again, text + at, got);
		EXPECT_EQ(lseek(fd, 0, SEEK_CUR), at + got);
	}
	EXPECT_EQ(pread(fd, again, 100, len + 1000), 0);
	/* from the start again: the list has the new opens */
	open_hello(O_RDWR);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (at = 0; (size_t)(len = read(fd, again + at, 5000)) && (ssize_t)len > 0;)
		at += len;
	again[at] = '\0';
	at = strlen(text);
	EXPECT_MEM(again, text, at);
	EXPECT(strchr(again + at, '\n') == again + strlen(again) - 1);
}

/* ---- changes meanwhile ---- */

static void open_and_close(void)
{
	int fds[40] = { 0 };

	for (unsigned int i = 0;; i = (i * 13 + 7) % 4093) {
		int *fd = &fds[i % ARRAY_SIZE(fds)];

		if (*fd)
			close(*fd);
		*fd = open_hello(O_RDWR);
	}
}

/* Files that stay open are listed once; the others may be listed or not. */
TEST(files_that_are_opened_and_closed_meanwhile_break_no_row)
{
	enum { STAY = 100 };
	static const size_t pieces[] = { 65536, 7, 4096, 301 };
	pid_t self = getpid();

	SET("alloc_when", "first_use");
	for (int i = 0; i < STAY; i++) {
		open_hello(O_RDWR);
		/* others between them */
		if (i % 25 == 10 && !fork())
			open_and_close();
	}
	for (int i = 0; i < volume(100) && !failures; i++) {
		unsigned long long last = 0;
		struct row r;
		int found = 0;

		CASE("%zu bytes at once", pieces[i % ARRAY_SIZE(pieces)]);
		read_list(text, pieces[i % ARRAY_SIZE(pieces)]);
		FOR_EACH_ROW(r, text)
			if (r.pid == self) {
				report(r.id > last, "%llu comes after %llu", r.id, last);
				last = r.id;
				found++;
			}
		EXPECT_EQ(found, STAY);
	}
}

/* A reader's cursor in the list is no row and holds no file. */
TEST(a_reader_that_stops_in_the_middle_is_not_in_the_list_and_holds_no_file)
{
	enum { READERS = 5 };
	int fds[100], readers[READERS], n = 0;
	struct row r;

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = open_hello(O_RDWR);
	for (int i = 0; i < READERS; i++) {
		readers[i] = open_list();
		EXPECT(read(readers[i], again, 500 * (i + 1)) > 0);
	}
	read_list(text, 65536);
	FOR_EACH_ROW(r, text)
		n += r.pid == getpid();
	EXPECT_EQ(n, ARRAY_SIZE(fds));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	EXPECT_EQ(number("stats/opens"), live_before[0]);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
	for (int i = 0; i < READERS; i++) {
		while (read(readers[i], again, 4096) > 0)
			;
		close(readers[i]);
	}
}

/* ---- many ---- */

TEST(ten_thousand_opens_are_all_listed_once)
{
	const struct rlimit limit = { 16384, 16384 };
	int many = volume(10000), n = 0;
	unsigned long long last = 0;
	struct row r;
	int *fds;

	if (many > 10000)
		many = 10000;
	ASSERT(EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0));
	fds = calloc(many, sizeof(*fds));
	SET("max_opens", "20000");
	SET("alloc_when", "first_use");
	for (int i = 0; i < many; i++)
		fds[i] = open_hello(O_RDWR);
	read_list(text, 65536);
	FOR_EACH_ROW(r, text)
		if (r.pid == getpid()) {
			if (!report(r.id > last, "%llu comes after %llu", r.id, last))
				break;
			last = r.id;
			n++;
		}
	EXPECT_EQ(n, many);
	/* every other one goes */
	for (int i = 0; i < many; i += 2)
		close(fds[i]);
	n = 0;
	read_list(text, 65536);
	FOR_EACH_ROW(r, text)
		n += r.pid == getpid();
	EXPECT_EQ(n, many / 2);
}
