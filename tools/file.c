// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that helloctl writes: by rename, and never over another kind of file.
 */
#include "file.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helloctl.h"
#include "output.h"

int file_check(const char *path, const char *what, bool (*ours)(const char *path))
{
	char *copy = text("%s", path);
	int error = access(dirname(copy), W_OK | X_OK) ? errno : 0, ret = 0;
	struct stat st;
	bool exists = !lstat(path, &st);

	if (!exists && !error && (errno != ENOENT || !*path))
		error = errno;
	free(copy);
	if (error)
		ret = fail(NULL, "cannot write %s: %s", path, strerror(error));
	else if (exists && !S_ISREG(st.st_mode))
		ret = fail("name another file", "%s is not a regular file: it is not replaced", path);
	else if (exists && st.st_size && ours && !ours(path))
		ret = fail("name another file", "%s is not %s of helloctl: it is not replaced", path,
			   what);
	return ret;
}

int file_replace(const char *path, const char *contents, size_t size)
{
	char *temporary = text("%s.XXXXXX", path);
	int fd = mkstemp(temporary), ret = 0;
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

	if (to)
		fwrite(contents, 1, size, to);
	if (!to || fflush(to) || ferror(to) || fchmod(fd, 0644) || fsync(fd) ||
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
