/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine that a result is of, and what makes its figures mean less.
 */
#ifndef HELLOCTL_MACHINE_H
#define HELLOCTL_MACHINE_H

struct json_object;
struct table;

/* Adds the facts of this machine to @metadata, and rows to @warnings. */
void machine_describe(struct json_object *metadata, struct table *warnings);

#endif /* HELLOCTL_MACHINE_H */
