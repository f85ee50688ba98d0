// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/open_ops.c: operations on open files as such: open, close, dup, passing,
 * seek, poll, ioctl INFO.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "fuzz.h"

#define OPEN_MAX_SIZE	65536	/* that open() allocates or zeroes of the shared buffer */

static const int flags_of[] = {
	O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND, O_WRONLY | O_APPEND,
	O_RDWR | O_TRUNC, O_WRONLY | O_TRUNC, O_RDONLY | O_TRUNC, O_RDWR | O_NONBLOCK,
	O_RDWR | O_SYNC, O_RDWR | O_DIRECT, O_RDWR | O_DIRECT | O_TRUNC, O_RDWR | O_EXCL | O_CREAT,
	O_RDWR | O_NOCTTY | O_NOFOLLOW | O_NOATIME, O_RDWR | O_DIRECTORY, O_RDWR | O_TRUNC | O_APPEND,
};

static long long may_open(int flags)
{
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if (flags & O_CREAT)
		return -EEXIST;
	if (world.user && !world.node_for_group)
		return -EACCES;
	if (world.user && flags & O_NOATIME)
		return -EPERM;
	if (flags & O_DIRECT)
		return -EINVAL;
	if (world.user && opens() >= world.max_opens)
		return -EUSERS;
	return 0;
}

static void opened(long long got, int flags)
{
	struct handle *h = free_handle();
	struct file *file;
	long long want;

	if (got >= 0 && world.storm) {
		h->fd = got;
		h->file = file_new(flags);
	}
	if (refused(got))
		return;
	want = may_open(flags);
	if (want < 0) {
		expect(got, want, "the descriptor");
		return;
	}
	file = file_new(flags);
	if (!strcmp(world.value[WHEN], "open") &&
	    (!is_shared(file) || file->buffer->m.capacity <= OPEN_MAX_SIZE))
		file->buffer->allocated = true;
	if (flags & O_TRUNC && file->writable) {
		want = model_truncate(&file->buffer->m, OPEN_MAX_SIZE);
		if (!want) {
			file->buffer->emptied = true;
			changed(file);
		}
	}
	expect(got < 0 ? got : 0, want, "the descriptor");
	if (want) {
		file_put(file);
		return;
	}
	h->fd = got;
	h->file = file;
}

static void run_open(const struct op *op, const struct arg *a)
{
	int flags = flags_of[a[0].n % ARRAY_SIZE(flags_of)];

	(void)op;
	/* While the module is unloaded, O_CREAT would make a file. */
	if (world.storm)
		flags &= ~O_CREAT;
	if (free_handle())
		opened(RET(open(HELLO_DEV, flags | O_CLOEXEC, 0600)), flags);
}

/* A new open file of the same device */
static void run_reopen(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	int flags = flags_of[a[1].n % 12];
	char path[64];

	(void)op;
	if (!h || !free_handle())
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fd);
	opened(RET(open(path, flags | O_CLOEXEC)), flags);
}

static void run_close(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);

	(void)op;
	if (!h)
		return;
	expect(RET(close(h->fd)), 0, "close");
	file_put(h->file);
	h->file = NULL;
}

static void run_dup(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]), *to = free_handle();

	(void)op;
	if (!h || !to)
		return;
	to->fd = dup(h->fd);
	to->file = h->file;
	to->file->refs++;
	expect(to->fd >= 0, true, "dup");
}

struct message {
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov;
	struct msghdr head;
};

static void message_init(struct message *m)
{
	static char byte;

	memset(m, 0, sizeof(*m));
	m->iov = (struct iovec){ &byte, 1 };
	m->head = (struct msghdr){ .msg_iov = &m->iov, .msg_iovlen = 1, .msg_control = m->control,
				   .msg_controllen = sizeof(m->control) };
}

/* The descriptor is in flight until recv. */
static void run_send(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	struct message m;
	struct cmsghdr *c;

	(void)op;
	if (!h || (!world.storm && world.nr_in_flight == IN_FLIGHT))
		return;
	message_init(&m);
	c = CMSG_FIRSTHDR(&m.head);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &h->fd, sizeof(int));
	if (refused(RET(sendmsg(world.socket[0], &m.head, MSG_DONTWAIT))))
		return;
	world.in_flight[world.nr_in_flight++] = h->file;
	h->file->refs++;
}

static void run_recv(const struct op *op, const struct arg *a)
{
	struct handle *to = free_handle();
	struct message m;
	long long got;
	int fd;

	(void)op;
	(void)a;
	if (!to || (!world.storm && !world.nr_in_flight))
		return;
	message_init(&m);
	got = RET(recvmsg(world.socket[1], &m.head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
	if (got < 0 || m.head.msg_controllen < CMSG_LEN(sizeof(int))) {
		if (!refused(got))
			expect(got, 1, "recvmsg");
		return;
	}
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m.head)), sizeof(int));
	to->fd = fd;
	if (world.storm) {
		to->file = file_new(O_RDWR);
		return;
	}
	to->file = world.in_flight[0];
	memmove(world.in_flight, world.in_flight + 1, --world.nr_in_flight * sizeof(world.in_flight[0]));
}

/* So that the lock can be changed and the module unloaded */
static void run_close_all(const struct op *op, const struct arg *a)
{
	struct arg first = { 0 };

	for (struct mapping *map; (map = mapping_of(first)); map->file = NULL) {
		expect(RET(munmap(map->at, map->pages * sysconf(_SC_PAGESIZE))), 0, "munmap");
		if (!world.storm)
			model_unmap(&map->file->buffer->m, map->writable);
		file_put(map->file);
	}
	do {
		while (handle_of(first))
			run_close(op, &first);
		if (!world.storm && world.nr_in_flight)
			run_recv(op, a);
	} while (handle_of(first));
}

static void run_seek(const struct op *op, const struct arg *a)
{
	static const int whences[] = { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 5, -1 };
	struct handle *h = handle_of(a[0]);
	int whence = whences[a[2].n % ARRAY_SIZE(whences)];
	long long off, got, want;

	(void)op;
	if (!h)
		return;
	off = offset_of(h->file, a[1]);
	if (whence == SEEK_CUR && a[1].base)
		off -= h->file->pos;
	if (whence == SEEK_END && a[1].base)
		off = a[1].n;
	got = RET(lseek(h->fd, off, whence));
	if (refused(got))
		return;
	want = model_seek(&h->file->buffer->m, h->file->pos, off, whence);
	if (want >= 0)
		h->file->pos = want;
	expect(got, want, "the position");
}

static void run_poll(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	struct pollfd p = { .events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM };
	int want = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	(void)op;
	if (!h)
		return;
	p.fd = h->fd;
	if (refused(RET(poll(&p, 1, 0))))
		return;
	if (h->file->news == NEWS_UNKNOWN)
		p.revents &= ~POLLPRI;
	else if (h->file->news == NEWS)
		want |= POLLPRI;
	expect(p.revents, want, "revents");
}

static void run_info(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	struct {
		struct hello_info info;
		unsigned char after[64];
	} s, was;
	static const unsigned int sizes[] = { sizeof(s.info), sizeof(s.info), sizeof(s.info), 0, 4,
					      sizeof(s.info) - 1, sizeof(s.info) + 1, sizeof(s), ~0U };
	unsigned int size = sizes[a[1].n % ARRAY_SIZE(sizes)];
	bool dirty = a[2].n % 2;
	long long got, want = 0;
	struct recipe recipe;

	(void)op;
	if (!h)
		return;
	memset(&s, 0, sizeof(s));
	memset(s.after, dirty, sizeof(s.after));
	s.info.size = size;
	was = s;
	got = RET(ioctl(h->fd, HELLO_IOC_INFO, &s));
	/* A call that fails, and one that succeeds, writes nothing beyond the struct. */
	expect_memory(s.after, was.after, sizeof(s.after), "memory after the struct");
	if (got < 0)
		expect_memory(&s, &was, sizeof(s), "the struct of a call that failed");
	if (refused(got))
		return;
	if (size < HELLO_INFO_SIZE_VER0)
		want = -EINVAL;
	else if (size > sizeof(s) || (dirty && size > sizeof(s.info)))
		want = -E2BIG;
	expect(got, want, "INFO");
	if (want)
		return;
	expect(s.info.size, sizeof(s.info), "size");
	expect(s.info.capacity, h->file->buffer->m.capacity, "capacity");
	expect(s.info.length, h->file->buffer->m.length, "length");
	expect(s.info.reserved, 0, "reserved");
	expect(!!(s.info.flags & HELLO_INFO_SHARED), is_shared(h->file), "SHARED");
	expect(!!(s.info.flags & HELLO_INFO_ALLOCATED), h->file->buffer->allocated, "ALLOCATED");
	recipe = h->file->buffer->recipe;
	recipe_parse(&recipe, s.info.recipe);
	for (int i = 0; i < RECIPE_WORDS; i++)
		if (strcmp(recipe.word[i], h->file->buffer->recipe.word[i]))
			differ("info: %s is %s, expected %s", setting_names[i], recipe.word[i],
			       h->file->buffer->recipe.word[i]);
}

static void run_ioctl(const struct op *op, const struct arg *a)
{
	static const unsigned long numbers[] = { _IO(HELLO_IOC_MAGIC, 0), _IO(HELLO_IOC_MAGIC, 3),
						 _IOR(HELLO_IOC_MAGIC, 1, int), 0x5401 /* TCGETS */, ~0UL };
	struct handle *h = handle_of(a[0]);
	unsigned long number = numbers[a[1].n % ARRAY_SIZE(numbers)];
	void *bad[] = { NULL, (void *)8, (void *)-1L };
	long long got;

	(void)op;
	if (!h)
		return;
	if (a[2].n % 2) {
		number = a[1].n % 2 ? HELLO_IOC_INFO : HELLO_IOC_RECIPE;
		got = RET(ioctl(h->fd, number, bad[a[2].n / 2 % ARRAY_SIZE(bad)]));
		if (!refused(got))
			expect(got, -EFAULT, "an ioctl of a bad pointer");
		return;
	}
	got = RET(ioctl(h->fd, number, NULL));
	if (!refused(got))
		expect(got, -ENOTTY, "an unknown ioctl");
}

static void run_fdinfo(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	char path[64], text[2048], *at;
	long long got;

	(void)op;
	if (!h)
		return;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", h->fd);
	got = file_text(path, text, sizeof(text));
	if (refused(got < 0 ? got : 0))
		return;
	at = strstr(text, "hello-length:");
	expect(at ? strtoll(at + strlen("hello-length:"), NULL, 10) : -1, h->file->buffer->m.length, "hello-length");
	at = strstr(text, "pos:");
	expect(at ? strtoll(at + strlen("pos:"), NULL, 10) : -1, h->file->pos, "pos");
}

#define OPEN_ERRNOS	"EUSERS EINVAL EBUSY EEXIST ENOTDIR EACCES EPERM ENOENT ENODEV ENXIO EMFILE"

const struct op open_ops[] = {
	{ "open",	"k",	80, run_open,	OPEN_ERRNOS, NULL },
	{ "reopen",	"hk",	24, run_reopen,	OPEN_ERRNOS, NULL },
	{ "close",	"h",	56, run_close,	"", NULL },
	{ "close_all",	"",	4, run_close_all, "", NULL },
	{ "dup",	"h",	16, run_dup,	"", NULL },
	{ "send",	"h",	12, run_send,	"EAGAIN ETOOMANYREFS", NULL },
	{ "recv",	"",	16, run_recv,	"EAGAIN", NULL },
	{ "seek",	"hok",	80, run_seek,	"EINVAL ENXIO", NULL },
	{ "poll",	"h",	48, run_poll,	"", NULL },
	{ "info",	"hkk",	40, run_info,	"EINVAL E2BIG", NULL },
	{ "ioctl",	"hkk",	16, run_ioctl,	"ENOTTY EFAULT EINVAL", NULL },
	{ "fdinfo",	"h",	12, run_fdinfo,	"EACCES", NULL },
	{ }
};
