/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the commands that run until they are told to stop.
 */
#ifndef HELLOCTL_TERMINAL_H
#define HELLOCTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* A descriptor that can be read once SIGINT, SIGTERM or SIGHUP came; -1 after an error. */
int stop_open(void);
/* Keys come one by one and unseen, until terminal_restore(). Nothing without a terminal. */
void terminal_cbreak(void);
void terminal_restore(void);
/* Waits that many seconds, or for a key; true when that was q, or a signal came. */
bool terminal_wait(int stop_fd, unsigned int seconds);
/* Of the terminal behind standard output, or 0 if it is none. */
size_t terminal_rows(void);
size_t terminal_columns(void);
/*
 * A bar on standard error, where that is a terminal: @done of @total, and what
 * goes on. Print nothing else before progress_end().
 */
void progress(size_t done, size_t total, const char *what);
void progress_end(void);

#endif /* HELLOCTL_TERMINAL_H */
