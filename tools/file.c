// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that helloctl writes: by rename, and never over another kind of file.
 */
#include "file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helloctl.h"
#include "output.h"

static char *directory_of(const char *path)
{
	char *copy = text("%s", path), *directory = text("%s", dirname(copy));

	free(copy);
	return directory;
}

/* Its length does not depend on the name of the file, which may have 255 bytes. */
static char *temporary_name(const char *path)
{
	char *directory = directory_of(path), *name = text("%s/.helloctl.XXXXXX", directory);

	free(directory);
	return name;
}

int file_check(const char *path, const char *(*refusal)(const char *path))
{
	char *directory = directory_of(path), *temporary = temporary_name(path);
	struct stat st;
	bool exists = !lstat(path, &st);
	int error = !exists && (errno != ENOENT || !*path) ? errno :
		    access(directory, W_OK | X_OK) ? errno :
		    !exists && ends_with(path, "/") ? EISDIR :
		    strlen(temporary) >= PATH_MAX ? ENAMETOOLONG : 0, ret = 0;
	const char *reason = NULL;

	free(temporary);
	free(directory);
	if (error)
		return fail(NULL, "cannot write %s: %s", path, strerror(error));
	if (exists && !S_ISREG(st.st_mode))
		reason = "is not a regular file";
	else if (exists && st.st_size && refusal)
		reason = refusal(path);
	if (reason)
		ret = fail("name another file", "%s %s: it is not replaced", path, reason);
	return ret;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool file_same(const char *a, const char *b)
{
	char *directory_a = directory_of(a), *directory_b = directory_of(b);
	struct stat st_a, st_b;
	bool same = !strcmp(last_part(a), last_part(b)) && !stat(directory_a, &st_a) &&
		    !stat(directory_b, &st_b) && st_a.st_dev == st_b.st_dev &&
		    st_a.st_ino == st_b.st_ino;

	free(directory_b);
	free(directory_a);
	return same;
}

/*
 * Gives a new file the mode of umask, and the file that replaces another one its mode.
 * mkstemp() ignores umask.
 */
static int set_mode(int fd, const char *path)
{
	mode_t mask = umask(0);
	struct stat st;
	int ignored;

	umask(mask);
	if (lstat(path, &st))
		return fchmod(fd, 0666 & ~mask);
	/* best effort: only root may give a file to another user */
	ignored = fchown(fd, st.st_uid, st.st_gid);
	(void)ignored;
	return fchmod(fd, st.st_mode & 0777);
}

int file_replace(const char *path, const char *contents, size_t size)
{
	char *temporary = temporary_name(path);
	int fd = mkstemp(temporary), ret = 0;
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

	if (to)
		fwrite(contents, 1, size, to);
	if (!to || fflush(to) || ferror(to) || set_mode(fd, path) || fsync(fd) ||
	    rename(temporary, path)) {
		ret = fail(NULL, "cannot write %s: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(temporary);
	}
	if (to)
		fclose(to);
	free(temporary);
	return ret;
}
