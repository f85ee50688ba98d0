// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals, keys and terminal size for commands that run until stopped.
 * Signals arrive through a descriptor, so that commands exit and free memory as usual.
 */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "output.h"

static struct termios before;
static bool changed;

int stop_open(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	fd = sigprocmask(SIG_BLOCK, &signals, NULL) ? -1 : signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		fail(NULL, "cannot wait for signals: %s", strerror(errno));
	return fd;
}

void terminal_cbreak(void)
{
	struct termios keys;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	keys = before;
	keys.c_lflag &= ~(ICANON | ECHO);
	changed = !tcsetattr(STDIN_FILENO, TCSANOW, &keys);
}

void terminal_restore(void)
{
	if (changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

bool terminal_wait(int stop_fd, unsigned int seconds)
{
	/* leave standard input alone unless terminal_cbreak() changed it */
	struct pollfd fds[2] = {
		{ .fd = stop_fd, .events = POLLIN },
		{ .fd = changed ? STDIN_FILENO : -1, .events = POLLIN },
	};
	char key;

	if (poll(fds, 2, seconds * 1000) < 0 || fds[0].revents)
		return true;
	return fds[1].revents && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q');
}

size_t terminal_rows(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_row;
}

size_t terminal_columns(void)
{
	struct winsize size;

	/* a serial console does not know its size */
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col ? size.ws_col : 80;
}

void progress(size_t done, size_t total, const char *what)
{
	char *shown = printable(what, FOR_TABLE);

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K[%-20.*s] %zu/%zu %.40s", (int)(20 * done / total),
			"####################", done + 1, total, shown);
	free(shown);
}

void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
