/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that helloctl writes: by rename, and never over another kind of file.
 */
#ifndef HELLOCTL_FILE_H
#define HELLOCTL_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns 0 if @path can be made, or replaces a regular file that is empty or that @ours
 * accepts (NULL accepts any); else an exit status after printing an error as to @what.
 */
int file_check(const char *path, const char *what, bool (*ours)(const char *path));
/* Writes a temporary file and renames it. Returns 0, or an exit status after an error. */
int file_replace(const char *path, const char *contents, size_t size);

#endif /* HELLOCTL_FILE_H */
