/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals, keys and terminal size for commands that run until stopped.
 */
#ifndef HELLOCTL_TERMINAL_H
#define HELLOCTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Returns a descriptor that is readable after SIGINT, SIGTERM or SIGHUP; -1 on error. */
int stop_open(void);
/* Sets cbreak mode without echo until terminal_restore(). No-op without a terminal. */
void terminal_cbreak(void);
void terminal_restore(void);
/* Waits @seconds or for a key. Returns true to stop: on q or a signal. */
bool terminal_wait(int stop_fd, unsigned int seconds);
/* Size of the terminal on standard output, or 0 without one. */
size_t terminal_rows(void);
size_t terminal_columns(void);
/*
 * Draws a progress bar on standard error if that is a terminal: @done of @total, and
 * @what is running. Caller must not print until progress_end().
 */
void progress(size_t done, size_t total, const char *what);
void progress_end(void);

#endif /* HELLOCTL_TERMINAL_H */
