/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that helloctl writes: by rename, and never over another kind of file.
 */
#ifndef HELLOCTL_FILE_H
#define HELLOCTL_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns 0 if @path can be made, or replaces a regular file that is empty or that @refusal
 * accepts; else an exit status after printing an error. @refusal returns NULL to accept the
 * file, or why it must stay, such as "is not a report"; without @refusal any file is accepted.
 */
int file_check(const char *path, const char *(*refusal)(const char *path));
/* Whether both paths name the same entry of the same directory; neither needs to exist. */
bool file_same(const char *a, const char *b);
/*
 * Writes a temporary file and renames it; a replaced file keeps its mode. Returns 0, or
 * an exit status after printing an error.
 */
int file_replace(const char *path, const char *contents, size_t size);

#endif /* HELLOCTL_FILE_H */
