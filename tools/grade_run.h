/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks one fact of helloctl grade, in a process that may die or hang.
 */
#ifndef HELLOCTL_GRADE_RUN_H
#define HELLOCTL_GRADE_RUN_H

#include "grade.h"

/* CANNOT_RUN: no process could run the check */
enum verdict { OK, NOT_OK, DOES_NOT_APPLY, CANNOT_RUN };

/* Allocates grade. Returns false after printing an error. */
bool grade_start(const char *path, bool destroy);
/* Checks the fact; grade->finding says why it does not hold or does not apply. */
enum verdict grade_run(const struct fact *fact);

#endif /* HELLOCTL_GRADE_RUN_H */
