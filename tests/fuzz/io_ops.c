// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/io_ops.c: reads and writes in all forms: system calls, flags, io_uring, aio,
 * pipes, files, missing and bad memory, and by another process.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "ring.h"

#define GUARD	64	/* bytes before and after a buffer that must not change */
#define CANARY	0xc3
#define PAGE	((size_t)sysconf(_SC_PAGESIZE))

#ifndef RWF_NOWAIT
#define RWF_NOWAIT	8
#endif
#define RWF_UNKNOWN	0x40000000

/* A way to read or write */
struct form {
	bool write;
	bool positioned;	/* takes an offset, and leaves the position */
	bool iter;		/* the kernel returns at once for 0 bytes */
	bool no_negative;	/* the offset has other rules */
	bool partial;		/* may transfer less than there is */
	bool no_append;		/* is EINVAL with O_APPEND */
	int flags;		/* the RWF_ flags that it takes */
	size_t max;		/* bytes, if not 0 */
	bool (*works)(void);
	/* k is a choice: of the flags, if there are any */
	long long (*call)(int fd, void *buf, size_t n, long long at, int k);
};

/* ---- memory ---- */

/* Bytes of user memory with an invalid page after them */
static unsigned char *area_end;

static unsigned char *area(size_t n)
{
	size_t size = (MODEL_MAX + 2 * GUARD + MODEL_PAGE_MAX) / PAGE * PAGE;
	unsigned char *at;

	if (!area_end) {
		at = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED || mprotect(at + size, PAGE, PROT_NONE))
			abort();
		area_end = at + size;
	}
	return area_end - n;
}

/* n bytes that depend on the seed */
static const unsigned char *pattern(int seed)
{
	static unsigned char bytes[MODEL_MAX + 256];

	if (!bytes[1])
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = i * 7 + i / 256;
	return bytes + (seed & 255);
}

/* ---- the model's answers ---- */

static const int rwf_of[] = { 0, 0, RWF_NOWAIT, RWF_APPEND, RWF_NOWAIT | RWF_APPEND, RWF_DSYNC, RWF_SYNC,
			      RWF_HIPRI, RWF_UNKNOWN };

#define WRITE_FLAGS	(RWF_NOWAIT | RWF_APPEND | RWF_DSYNC | RWF_SYNC | RWF_HIPRI)
#define READ_FLAGS	(WRITE_FLAGS & ~RWF_APPEND)

static int rwf(const struct form *form, int k)
{
	return rwf_of[k % ARRAY_SIZE(rwf_of)] & form->flags;
}

/* The error of a call that the VFS refuses, or 0 */
static long long refused_by_vfs(const struct form *form, const struct file *file, size_t n, long long at, int k)
{
	if (form->positioned && at < 0 && !form->no_negative)
		return -EINVAL;
	if (!(form->write ? file->writable : file->readable))
		return -EBADF;
	if (form->no_append && file->append)
		return -EINVAL;
	if (n && at > LLONG_MAX - (long long)n)
		return -EINVAL;
	if (form->positioned && at < 0)
		return -EINVAL;
	if (rwf(form, k) & RWF_UNKNOWN)
		return -EOPNOTSUPP;
	return 0;
}

/* The memory has only valid bytes. */
static long long cut(long long want, size_t valid)
{
	return want <= (long long)valid ? want : valid ? (long long)valid : -EFAULT;
}

static long long want_read(const struct form *form, struct file *file, size_t n, size_t valid, long long at, int k)
{
	long long want = refused_by_vfs(form, file, n, at, k);

	if (want)
		return want;
	want = model_read(&file->buffer->m, n, at);
	if (want && !file->buffer->allocated) {
		if (rwf(form, k) & RWF_NOWAIT)
			return -EAGAIN;
		file->buffer->allocated = true;
	}
	want = cut(want, valid);
	if (want >= 0 && (n || !form->iter))
		file->news = NO_NEWS;
	if (want > 0 && !form->positioned)
		file->pos += want;
	return want;
}

static long long want_write(const struct form *form, struct file *file, const void *from, size_t n, size_t valid,
			    long long at, int k)
{
	long long want = refused_by_vfs(form, file, n, at, k);
	struct buffer *b = file->buffer;
	struct model *m = &b->m;

	if (want || !n)
		return want;
	if (file->append || rwf(form, k) & RWF_APPEND)
		at = m->length;
	if ((size_t)at >= m->capacity)
		return -ENOSPC;
	if (rwf(form, k) & RWF_NOWAIT && (under_rcu(file) || !b->allocated))
		return -EAGAIN;
	b->allocated = true;
	if (n > m->capacity - at)
		n = m->capacity - at;
	want = cut(n, valid);
	if (want < 0)
		return want;
	if (world.wrong && (size_t)at > m->length) {
		memset(m->data + m->length, 'w', at - m->length);
		m->length = at;
	}
	want = model_write(m, from, want, at);
	changed(file);
	if (!form->positioned)
		file->pos = at + want;
	return want;
}

/* ---- one transfer ---- */

/* valid: the bytes of the memory; from is at buf for a write */
static void transfer(const struct form *form, struct handle *h, unsigned char *buf, size_t n, size_t valid,
		     struct arg offset, int k)
{
	struct file *file = h->file;
	long long at = form->positioned ? offset_of(file, offset) : file->pos, got, want;

	if (form->positioned && form->no_negative && at < 0)
		at = 0;
	got = form->call(h->fd, buf, n, at, form->flags ? rwf(form, k) : k);
	if (form->partial && got > 0 && (size_t)got < n)
		n = got;
	if (form->write) {
		if (!refused(got))
			expect(got, want_write(form, file, buf, n, valid, at, k), "bytes written");
		return;
	}
	/* Whatever the call returned, it changed no other bytes. */
	for (size_t i = got > 0 ? got : 0; i < valid && i < n + GUARD; i++)
		if (buf[i] != CANARY)
			differ("%s: byte %zu of the memory changed, after the %lld bytes read", world.op->name, i, got);
	if (buf[-1] != CANARY)
		differ("%s: the byte before the memory changed", world.op->name);
	if (refused(got))
		return;
	want = want_read(form, file, n, valid, at, k);
	expect(got, want, "bytes read");
	if (want > 0)
		expect_memory(buf, file->buffer->m.data + at, want, "a byte read");
}

/* Arguments: handle, size, offset, and a choice of flags and pattern */
static void run_transfer(const struct op *op, const struct arg *a)
{
	const struct form *form = op->data;
	struct handle *h = handle_of(a[0]);
	size_t n = size_of(a[1]);
	unsigned char *buf;

	if (!h || (form->works && !form->works()))
		return;
	if (form->max && n > form->max)
		n = form->max;
	if (form->iter && !n)
		n = 1;
	if (form->write) {
		buf = (unsigned char *)pattern(a[3].n);
	} else {
		buf = area(n + GUARD);
		memset(buf - 1, CANARY, n + GUARD + 1);
	}
	transfer(form, h, buf, n, form->write ? n : n + GUARD, a[2], a[3].n);
}

/* The memory ends before the call does. */
static void run_short(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	size_t n = size_of(a[1]) + 1, valid = a[3].n % 8 ? n * (a[3].n % 8) / 8 : 0;
	const struct form *form = op->data;
	unsigned char *buf = area(valid);

	if (!h)
		return;
	memset(buf - 1, CANARY, valid + 1);
	if (form->write)
		memcpy(buf, pattern(a[3].n), valid);
	transfer(form, h, buf, n, valid, a[2], a[3].n);
}

/* ---- system calls ---- */

static long long call_write(int fd, void *buf, size_t n, long long at, int k)
{
	(void)at;
	(void)k;
	return RET(write(fd, buf, n));
}

static long long call_read(int fd, void *buf, size_t n, long long at, int k)
{
	(void)at;
	(void)k;
	return RET(read(fd, buf, n));
}

static long long call_pwrite(int fd, void *buf, size_t n, long long at, int k)
{
	(void)k;
	return RET(pwrite(fd, buf, n, at));
}

static long long call_pread(int fd, void *buf, size_t n, long long at, int k)
{
	(void)k;
	return RET(pread(fd, buf, n, at));
}

#define VECTOR(buf, n)	((struct iovec[]){ { buf, n / 3 }, { NULL, 0 }, { (char *)buf + n / 3, n - n / 3 } }), 3

static long long call_writev(int fd, void *buf, size_t n, long long at, int k)
{
	(void)at;
	(void)k;
	return RET(writev(fd, VECTOR(buf, n)));
}

static long long call_readv(int fd, void *buf, size_t n, long long at, int k)
{
	(void)at;
	(void)k;
	return RET(readv(fd, VECTOR(buf, n)));
}

/* An offset of -1 would be the position. */
static long long call_pwritev2(int fd, void *buf, size_t n, long long at, int flags)
{
	return RET(pwritev2(fd, VECTOR(buf, n), at, flags));
}

static long long call_preadv2(int fd, void *buf, size_t n, long long at, int flags)
{
	return RET(preadv2(fd, VECTOR(buf, n), at, flags));
}

/* -1 is the position. */
static long long call_writev2(int fd, void *buf, size_t n, long long at, int flags)
{
	(void)at;
	return call_pwritev2(fd, buf, n, -1, flags);
}

static long long call_readv2(int fd, void *buf, size_t n, long long at, int flags)
{
	(void)at;
	return call_preadv2(fd, buf, n, -1, flags);
}

static const struct form form_write = { .write = true, .call = call_write };
static const struct form form_read = { .call = call_read };
static const struct form form_pwrite = { .write = true, .positioned = true, .call = call_pwrite };
static const struct form form_pread = { .positioned = true, .call = call_pread };
static const struct form form_writev = { .write = true, .iter = true, .call = call_writev };
static const struct form form_readv = { .iter = true, .call = call_readv };
static const struct form form_writev2 = { .write = true, .iter = true, .flags = WRITE_FLAGS | RWF_UNKNOWN,
					  .call = call_writev2 };
static const struct form form_readv2 = { .iter = true, .flags = READ_FLAGS | RWF_UNKNOWN, .call = call_readv2 };
static const struct form form_pwritev2 = { .write = true, .positioned = true, .iter = true,
					   .flags = WRITE_FLAGS | RWF_UNKNOWN,
					   .no_negative = true, .call = call_pwritev2 };
static const struct form form_preadv2 = { .positioned = true, .iter = true, .flags = READ_FLAGS | RWF_UNKNOWN,
					  .no_negative = true, .call = call_preadv2 };

/* ---- io_uring and aio ---- */

static long long call_ring_write(int fd, void *buf, size_t n, long long at, int k)
{
	return ring_transfer(true, fd, buf, n, at, k);
}

static long long call_ring_read(int fd, void *buf, size_t n, long long at, int k)
{
	return ring_transfer(false, fd, buf, n, at, k);
}

static long long call_aio_write(int fd, void *buf, size_t n, long long at, int flags)
{
	return aio_transfer(true, fd, buf, n, at, flags);
}

static long long call_aio_read(int fd, void *buf, size_t n, long long at, int flags)
{
	return aio_transfer(false, fd, buf, n, at, flags);
}

static const struct form form_ring_write = { .write = true, .positioned = true, .iter = true, .no_negative = true,
					     .works = ring_works, .call = call_ring_write };
static const struct form form_ring_read = { .positioned = true, .iter = true, .no_negative = true,
					    .works = ring_works, .call = call_ring_read };
static const struct form form_aio_write = { .write = true, .positioned = true, .iter = true, .no_negative = true,
					    .flags = WRITE_FLAGS, .works = aio_works, .call = call_aio_write };
static const struct form form_aio_read = { .positioned = true, .iter = true, .no_negative = true, .flags = READ_FLAGS,
					   .works = aio_works, .call = call_aio_read };

/* ---- pipes and files ---- */

#define PIPE_MAX	60000

static void make_pipe(int p[2])
{
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK))
		differ("pipe: %s", strerror(errno));
}

static void close_pipe(const int p[2])
{
	close(p[0]);
	close(p[1]);
}

static long long call_splice_write(int fd, void *buf, size_t n, long long at, int k)
{
	long long got;
	int p[2];

	(void)k;
	make_pipe(p);
	expect(RET(write(p[1], buf, n)), n, "bytes written to a pipe");
	got = RET(splice(p[0], NULL, fd, (loff_t *)&at, n, 0));
	close_pipe(p);
	return got;
}

/* tee() copies references to the pages. */
static long long call_splice_read(int fd, void *buf, size_t n, long long at, int k)
{
	int p[2], copy[2];
	long long got;

	make_pipe(p);
	got = RET(splice(fd, (loff_t *)&at, p[1], NULL, n, SPLICE_F_NONBLOCK));
	if (got > 0 && k % 2) {
		make_pipe(copy);
		expect(RET(tee(p[0], copy[1], got, SPLICE_F_NONBLOCK)), got, "bytes of tee()");
		expect(RET(read(copy[0], buf, got)), got, "bytes read from the copy of a pipe");
		close_pipe(copy);
	} else if (got > 0) {
		expect(RET(read(p[0], buf, got)), got, "bytes read from a pipe");
	}
	close_pipe(p);
	return got;
}

/* An empty file in memory */
static int file(void)
{
	static int fd;

	if (!fd)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		differ("memfd: %s", strerror(errno));
	return fd;
}

static long long call_sendfile_write(int fd, void *buf, size_t n, long long at, int k)
{
	off_t begin = 0;
	int from = file();

	(void)at;
	(void)k;
	expect(RET(write(from, buf, n)), n, "bytes written to a file");
	return RET(sendfile(fd, from, &begin, n));
}

static long long call_sendfile_read(int fd, void *buf, size_t n, long long at, int k)
{
	int to = file();
	long long got = RET(sendfile(to, fd, (off_t *)&at, n));

	(void)k;
	if (got > 0)
		expect(RET(pread(to, buf, got, 0)), got, "bytes read from a file");
	return got;
}

/* Up to 5.10 a character device is no source. */
static bool sendfile_works(void)
{
	return !world.no_sendfile;
}

static const struct form form_splice_write = { .write = true, .positioned = true, .iter = true, .no_negative = true,
					       .no_append = true, .max = PIPE_MAX, .call = call_splice_write };
static const struct form form_splice_read = { .positioned = true, .iter = true, .no_negative = true, .partial = true,
					      .max = PIPE_MAX, .call = call_splice_read };
static const struct form form_sendfile_write = { .write = true, .iter = true, .no_append = true,
						 .call = call_sendfile_write };
static const struct form form_sendfile_read = { .positioned = true, .iter = true, .no_negative = true, .partial = true,
						.works = sendfile_works, .call = call_sendfile_read };

/* ---- another process ---- */

static long long call_fork_write(int fd, void *buf, size_t n, long long at, int k)
{
	static long long *got;
	pid_t pid;

	(void)at;
	(void)k;
	if (!got)
		got = mmap(NULL, sizeof(*got), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = fork();
	if (!pid) {
		*got = RET(write(fd, buf, n));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		differ("fork: %s", strerror(errno));
	return *got;
}

static const struct form form_fork_write = { .write = true, .call = call_fork_write };

/* ---- memory whose page is missing until a thread supplies it ---- */

struct fault {
	int uffd;
	unsigned char *page;
	const void *contents;
};

static void *supply(void *arg)
{
	const struct fault *f = arg;
	struct uffd_msg msg;
	struct uffdio_copy copy = { .dst = (uintptr_t)f->page, .src = (uintptr_t)f->contents, .len = PAGE };

	/* The descriptor is closed if the call needs no page. */
	if (read(f->uffd, &msg, sizeof(msg)) == sizeof(msg))
		ioctl(f->uffd, UFFDIO_COPY, &copy);
	return NULL;
}

/* The first bytes are in a present page; the next page, with the contents, is missing. */
static void run_fault(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	const struct form *form = op->data;
	size_t before = a[3].n % 100, n = before + 1 + size_of(a[1]) % (PAGE - GUARD);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct fault f = { .uffd = syscall(SYS_userfaultfd, O_CLOEXEC) };
	unsigned char *at, *contents;
	pthread_t thread;

	if (!h || f.uffd < 0 || ioctl(f.uffd, UFFDIO_API, &api)) {
		close(f.uffd);
		return;
	}
	at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	contents = at + 2 * PAGE;
	f.page = at + PAGE;
	f.contents = contents;
	memset(at, CANARY, PAGE);
	memset(contents, CANARY, PAGE);
	if (form->write) {
		memcpy(f.page - before, pattern(a[3].n), before);
		memcpy(contents, pattern(a[3].n) + before, n - before);
	}
	reg.range.start = (uintptr_t)f.page;
	reg.range.len = PAGE;
	if (ioctl(f.uffd, UFFDIO_REGISTER, &reg) || pthread_create(&thread, NULL, supply, &f))
		abort();
	transfer(form, h, f.page - before, n, n + GUARD, a[2], a[3].n);
	/* An access makes the thread end, if the call did not. */
	*(volatile unsigned char *)f.page;
	pthread_join(thread, NULL);
	close(f.uffd);
	munmap(at, 3 * PAGE);
}

#define READ_ERRNOS	"EBADF EINVAL EOPNOTSUPP EAGAIN"
#define WRITE_ERRNOS	"EBADF EINVAL ENOSPC EOPNOTSUPP EAGAIN"

const struct op io_ops[] = {
	{ "write",		"hnok",	160, run_transfer, WRITE_ERRNOS, &form_write },
	{ "read",		"hnok",	160, run_transfer, READ_ERRNOS, &form_read },
	{ "pwrite",		"hnok",	160, run_transfer, WRITE_ERRNOS, &form_pwrite },
	{ "pread",		"hnok",	160, run_transfer, READ_ERRNOS, &form_pread },
	{ "writev",		"hnok",	32, run_transfer, WRITE_ERRNOS, &form_writev },
	{ "readv",		"hnok",	32, run_transfer, READ_ERRNOS, &form_readv },
	{ "writev2",		"hnok",	32, run_transfer, WRITE_ERRNOS, &form_writev2 },
	{ "readv2",		"hnok",	32, run_transfer, READ_ERRNOS, &form_readv2 },
	{ "pwritev2",		"hnok",	32, run_transfer, WRITE_ERRNOS, &form_pwritev2 },
	{ "preadv2",		"hnok",	32, run_transfer, READ_ERRNOS, &form_preadv2 },
	{ "ring_write",		"hnok",	32, run_transfer, WRITE_ERRNOS, &form_ring_write },
	{ "ring_read",		"hnok",	32, run_transfer, READ_ERRNOS, &form_ring_read },
	{ "aio_write",		"hnok",	32, run_transfer, WRITE_ERRNOS, &form_aio_write },
	{ "aio_read",		"hnok",	32, run_transfer, READ_ERRNOS, &form_aio_read },
	{ "splice_write",	"hnok",	24, run_transfer, WRITE_ERRNOS, &form_splice_write },
	{ "splice_read",	"hnok",	24, run_transfer, READ_ERRNOS, &form_splice_read },
	{ "sendfile_write",	"hnok",	24, run_transfer, WRITE_ERRNOS, &form_sendfile_write },
	{ "sendfile_read",	"hnok",	24, run_transfer, READ_ERRNOS, &form_sendfile_read },
	{ "fork_write",		"hnok",	2, run_transfer, WRITE_ERRNOS, &form_fork_write },
	{ "short_write",	"hnok",	20, run_short, WRITE_ERRNOS " EFAULT", &form_write },
	{ "short_read",		"hnok",	20, run_short, READ_ERRNOS " EFAULT", &form_read },
	{ "short_pwritev2",	"hnok",	12, run_short, WRITE_ERRNOS " EFAULT", &form_pwritev2 },
	{ "short_preadv2",	"hnok",	12, run_short, READ_ERRNOS " EFAULT", &form_preadv2 },
	{ "fault_write",	"hnok",	8, run_fault, WRITE_ERRNOS, &form_write },
	{ "fault_read",		"hnok",	8, run_fault, READ_ERRNOS, &form_read },
	{ "fault_preadv2",	"hnok",	4, run_fault, READ_ERRNOS, &form_preadv2 },
	{ }
};
