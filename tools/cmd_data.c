// SPDX-License-Identifier: GPL-2.0-only
/*
 * write, read, roundtrip: move data through /dev/hello.
 * roundtrip is the tutorials' test program: it writes and reads in one open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"

#define CHUNK		65536
#define GREETING	"Hello World\n"	/* 12 bytes, as in the tutorial */
#define ROUNDTRIP_READ	64

/* Joins the words as echo -n does. */
static char *join(int argc, char **argv)
{
	char *all = NULL;
	size_t size;
	FILE *to = checked(open_memstream(&all, &size));

	for (int i = 0; i < argc; i++)
		fprintf(to, "%s%s", i ? " " : "", argv[i]);
	if (fclose(to))
		checked(NULL);
	return all;
}

/* Writes all of @data at *@offset, and advances *@offset. */
static int write_all(int fd, const char *data, size_t size, off_t *offset)
{
	while (size) {
		ssize_t done = pwrite(fd, data, size, *offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(hint_for(HINT_NODE, errno), "write failed at offset %lld: %s",
				    (long long)*offset, strerror(errno));
		data += done;
		size -= done;
		*offset += done;
	}
	return 0;
}

static int write_stdin(int fd, off_t *offset)
{
	char *data = checked(malloc(CHUNK));
	ssize_t got;
	int ret = 0;

	while (!ret && (got = read(STDIN_FILENO, data, CHUNK)) > 0)
		ret = write_all(fd, data, got, offset);
	if (!ret && got < 0)
		ret = fail(NULL, "cannot read standard input: %s", strerror(errno));
	free(data);
	return ret;
}

/* A common surprise: the next open has another buffer. */
static void warn_if_private(void)
{
	char *mode = attr_current("buffer_mode");

	if (mode && !strcmp(mode, "private"))
		note("note: buffer_mode is private: close() freed the buffer; "
		     "helloctl set buffer_mode=shared keeps it");
	free(mode);
}

int cmd_write(int argc, char **argv)
{
	bool in_place = opts.offset != OPTION_UNSET;
	off_t offset = in_place ? (off_t)opts.offset : 0;
	int fd = device_open(O_WRONLY | (in_place ? 0 : O_TRUNC));
	int ret;

	if (fd < 0)
		return EXIT_FAILED;
	if (argc) {
		char *words = join(argc, argv);

		ret = write_all(fd, words, strlen(words), &offset);
		free(words);
	} else {
		ret = write_stdin(fd, &offset);
	}
	close(fd);
	if (!ret)
		warn_if_private();
	return ret;
}

int cmd_read(int argc, char **argv)
{
	off_t offset = opts.offset == OPTION_UNSET ? 0 : (off_t)opts.offset;
	unsigned long long left = opts.length;
	int fd = device_open(O_RDONLY), ret = 0;
	char *data;

	if (fd < 0)
		return EXIT_FAILED;
	data = checked(malloc(CHUNK));
	while (left) {
		ssize_t got = pread(fd, data, left < CHUNK ? left : CHUNK, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ret = fail(hint_for(HINT_NODE, errno), "read failed at offset %lld: %s",
				   (long long)offset, strerror(errno));
		if (got <= 0 || fwrite(data, 1, got, stdout) < (size_t)got)
			break;	/* main() reports errors of standard output */
		offset += got;
		left -= got;
	}
	free(data);
	close(fd);
	return ret;
}

static void add_call(struct table *table, const char *call, size_t asked, ssize_t actual)
{
	char *asked_text = text("%zu", asked), *actual_text = text("%zd", actual);

	/* the tutorial's wording; each call begins at offset 0 */
	if (!opts.json)
		printf("%s: req=%s, actual=%s, off=0\n", call, asked_text, actual_text);
	table_add(table, call, asked_text, actual_text, "0");
	free(actual_text);
	free(asked_text);
}

static int run_roundtrip(int fd, const char *words, struct table *table)
{
	size_t size = strlen(words);
	size_t room = opts.length == OPTION_UNSET ? ROUNDTRIP_READ : opts.length;
	char *back;
	ssize_t written = write(fd, words, size), got;
	int ret = 0;

	if (written < 0)
		return fail(hint_for(HINT_NODE, errno), "write failed: %s", strerror(errno));
	add_call(table, "write", size, written);
	if (lseek(fd, 0, SEEK_SET))
		return fail(NULL, "lseek failed: %s", strerror(errno));
	back = checked(malloc(room ? room : 1));
	got = read(fd, back, room);
	if (got < 0) {
		ret = fail(hint_for(HINT_NODE, errno), "read failed: %s", strerror(errno));
	} else {
		size_t expected = (size_t)written < room ? (size_t)written : room;

		add_call(table, "read", room, got);
		if (!opts.json) {
			fwrite(back, 1, got, stdout);
			if (got && back[got - 1] != '\n')
				putchar('\n');
		}
		/* with init_mode=poison, read() returns more than was written */
		if ((size_t)got < expected || memcmp(back, words, expected))
			ret = fail("another process may write to the shared buffer: "
				   "sudo helloctl opens",
				   "the data read is not the data written");
	}
	free(back);
	return ret;
}

int cmd_roundtrip(int argc, char **argv)
{
	int fd = device_open(O_RDWR), ret;
	struct table *table;
	char *words;

	if (fd < 0)
		return EXIT_FAILED;
	table = table_new("roundtrip", "call requested actual offset");
	words = argc ? join(argc, argv) : text("%s", GREETING);
	ret = run_roundtrip(fd, words, table);
	if (!ret && opts.json)
		ret = table_print(table);
	else
		table_free(table);
	free(words);
	close(fd);
	return ret;
}
