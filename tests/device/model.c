// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/model.c: random operations on the device and on a model of it,
 * equal in every byte, count and errno. HELLO_SEED and HELLO_OPS replay a run.
 */
#include <limits.h>
#include <linux/hello.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>

#include "harness.h"
#include "model.h"

#define MAX	MODEL_MAX
#define HANDLES	4

/* An open file and its expected position; in shared mode handles share a model. */
struct handle {
	int fd;
	long long pos;
	bool append;
	struct model *model;
};

/* Causes of failing calls: fail/probability, or a nearly full cgroup */
enum { NOTHING, KNOB, CGROUP };

struct run {
	unsigned long long state, seed;
	long op;
	char last[16][128];		/* recent operations */
	unsigned char *buf, *got;
	char *map;			/* the mapping, if any */
	size_t map_length;
	bool shared;
	int squeezed;			/* if set, a call may be ENOMEM, and then changes nothing */
	long refused;			/* number of ENOMEM calls */
};

static unsigned long long below(struct run *r, unsigned long long n)
{
	return model_random(&r->state) % n;
}

/* Sizes and offsets at and near boundaries */
static long long interesting(struct run *r, const struct model *m)
{
	long long borders[] = { 0, m->length, m->capacity, 4096, 65536, MAX - 8 };

	switch (below(r, 3)) {
	case 0:
		return below(r, m->capacity + 1);
	case 1:
		return below(r, 64);
	default:
		return borders[below(r, ARRAY_SIZE(borders))] + (long long)below(r, 9) - 4;
	}
}

#define DID(r, ...)	snprintf((r)->last[(r)->op % 16], sizeof((r)->last[0]), __VA_ARGS__)

static bool same(struct run *r, long long got, int err, long long want)
{
	if (want < 0 ? got == -1 && err == -want : got == want)
		return true;
	report(false, "seed %llu op %ld: got %lld (%s), expected %lld (%s); before it:", r->seed, r->op, got,
	       got < 0 ? strerrorname_np(err) : "-", want, want < 0 ? strerrorname_np(-want) : "-");
	for (long i = r->op > 15 ? r->op - 15 : 0; i <= r->op; i++)
		printf("#   %ld %s\n", i, r->last[i % 16]);
	return false;
}

/* A call with ENOMEM leaves the model unchanged. */
static bool injected(struct run *r, long long got, int err)
{
	bool yes = r->squeezed && got == -1 && err == ENOMEM;

	r->refused += yes;
	return yes;
}

static bool do_write(struct run *r, struct handle *h, bool positioned)
{
	size_t n = below(r, 4) ? below(r, 300) : below(r, MAX);
	long long at = positioned ? interesting(r, h->model) : h->pos, want, got;
	int c = model_random(&r->state), err;

	for (size_t i = 0; i < n; i++)
		r->buf[i] = c + i * 7;
	DID(r, "%s fd %d n %zu at %lld%s", positioned ? "pwrite" : "write", h->fd, n, at, h->append ? " append" : "");
	errno = 0;
	got = positioned ? pwrite(h->fd, r->buf, n, at) :
	      below(r, 2) ? write(h->fd, r->buf, n) :
	      writev(h->fd, (struct iovec[]){ { r->buf, n / 3 }, { r->buf + n / 3, n - n / 3 } }, 2);
	err = errno;
	if (injected(r, got, err))
		return true;
	want = model_write(h->model, r->buf, n, h->append && at >= 0 ? (long long)h->model->length : at);
	if (!positioned && want > 0)
		h->pos = h->append ? (long long)h->model->length : at + want;
	return same(r, got, err, want);
}

static bool do_read(struct run *r, struct handle *h, bool positioned)
{
	size_t n = below(r, 4) ? below(r, 300) : below(r, MAX);
	long long at = positioned ? interesting(r, h->model) : h->pos, want, got;

	DID(r, "%s fd %d n %zu at %lld", positioned ? "pread" : "read", h->fd, n, at);
	want = model_read(h->model, n, at);
	errno = 0;
	got = positioned ? pread(h->fd, r->got, n, at) : read(h->fd, r->got, n);
	if (!same(r, got, errno, want))
		return false;
	if (want > 0 && memcmp(r->got, h->model->data + at, want)) {
		snprintf(r->last[r->op % 16] + strlen(r->last[r->op % 16]), 20, ": other bytes");
		return same(r, -1, EIO, want);
	}
	if (!positioned && want > 0)
		h->pos += want;
	return true;
}

static bool do_seek(struct run *r, struct handle *h)
{
	static const int whences[] = { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE };
	int whence = whences[below(r, ARRAY_SIZE(whences))];
	long long off = interesting(r, h->model), got, want;

	if (whence == SEEK_CUR || whence == SEEK_END)
		off -= (long long)below(r, h->model->capacity + 1);
	DID(r, "lseek fd %d whence %d off %lld", h->fd, whence, off);
	errno = 0;
	got = lseek(h->fd, off, whence);
	want = model_seek(h->model, h->pos, off, whence);
	if (want >= 0)
		h->pos = want;
	return same(r, got, errno, want);
}

static bool do_poll(struct run *r, struct handle *h)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN | POLLOUT };

	DID(r, "poll fd %d", h->fd);
	poll(&p, 1, 0);
	return same(r, p.revents, 0, POLLIN | POLLOUT);
}

static bool do_info(struct run *r, struct handle *h)
{
	struct hello_info i = { .size = sizeof(i) };

	DID(r, "info fd %d", h->fd);
	return same(r, ioctl(h->fd, HELLO_IOC_INFO, &i), errno, 0) && same(r, i.length, 0, h->model->length) &&
	       same(r, i.capacity, 0, h->model->capacity);
}

static bool do_dup(struct run *r, struct handle *h)
{
	int copy = dup(h->fd);

	DID(r, "dup fd %d to %d and close it", h->fd, copy);
	close(h->fd);
	h->fd = copy;
	return same(r, copy >= 0, 0, 1);
}

/* Another allocator and size, by ioctl for a private buffer, by sysfs for the shared one */
static bool do_recipe(struct run *r, struct handle *h)
{
	static const char *const modes[] = { "kmalloc", "vmalloc", "pages", "slab", "pages_exact", "kvmalloc" };
	/* the last one takes no mask that gives up */
	const char *mode = modes[below(r, ARRAY_SIZE(modes) - (r->squeezed == CGROUP))];
	size_t size = 1 + below(r, below(r, 2) ? MAX - 8 : 5000);
	struct hello_recipe_request req = { .size = sizeof(req) };
	struct model *m = h->model;
	size_t capacity = m->capacity;
	long long want, got;

	snprintf(req.recipe, sizeof(req.recipe), "alloc_mode=%s buffer_size=%zu", mode, size);
	DID(r, "recipe fd %d %s", h->fd, req.recipe);
	if (r->shared) {
		char text[32];

		/* The same size changes nothing, and is not EBUSY. */
		if (m->maps && capacity == size)
			return true;
		snprintf(text, sizeof(text), "%zu", size);
		errno = 0;
		got = set("buffer_size", text);
		if (injected(r, got, errno))
			return true;
		want = capacity == size ? 0 : model_replace(m, size);
		if (!same(r, got, errno, want))
			return false;
		if (!got) {
			got = set("alloc_mode", mode);
			return injected(r, got, errno) || same(r, got, errno, 0);
		}
		return true;
	}
	errno = 0;
	got = ioctl(h->fd, HELLO_IOC_RECIPE, &req);
	if (injected(r, got, errno))
		return true;
	return same(r, got, errno, model_replace(m, size));
}

static bool do_truncate(struct run *r, struct handle *h)
{
	long long want;
	int fd;

	if (!r->shared)
		return true;
	DID(r, "truncate");
	fd = try_open(O_WRONLY | O_TRUNC);
	if (injected(r, fd, errno))
		return true;
	want = model_truncate(h->model, 65536);
	if (!same(r, fd < 0 ? -1 : 0, errno, want))
		return false;
	if (fd >= 0)
		close(fd);
	return true;
}

/* Maps, writes through the mapping, unmaps; the length becomes the capacity and stays so. */
static bool do_map(struct run *r, struct handle *h)
{
	struct model *m = h->model;
	size_t at, n;

	if (!r->map) {
		DID(r, "mmap fd %d", h->fd);
		r->map_length = m->capacity;
		r->map = mmap(NULL, r->map_length, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
		if (r->map == MAP_FAILED) {
			r->map = NULL;
			return injected(r, -1, errno) || same(r, -1, errno, -ENODEV);
		}
		model_map(m, true);
		return true;
	}
	if (!below(r, 3)) {
		DID(r, "munmap");
		if (munmap(r->map, r->map_length))
			return injected(r, -1, errno) || same(r, -1, errno, 0);
		r->map = NULL;
		model_unmap(m, true);
		return true;
	}
	at = below(r, r->map_length);
	n = 1 + below(r, r->map_length - at);
	DID(r, "write %zu bytes at %zu of the map", n, at);
	memset(r->map + at, r->op, n);
	memset(m->data + at, r->op, n);
	if (memcmp(r->map, m->data, m->capacity))
		return same(r, -1, EIO, 0);
	return true;
}

static bool one_operation(struct run *r, struct handle *h)
{
	switch (below(r, 20)) {
	case 0 ... 3:
		return do_write(r, h, true);
	case 4 ... 6:
		return do_write(r, h, false);
	case 7 ... 9:
		return do_read(r, h, true);
	case 10 ... 11:
		return do_read(r, h, false);
	case 12 ... 13:
		return do_seek(r, h);
	case 14:
		return do_poll(r, h);
	case 15:
		return do_info(r, h);
	case 16:
		return do_dup(r, h);
	case 17:
		return do_recipe(r, h);
	case 18:
		return do_truncate(r, h);
	default:
		return do_map(r, h);
	}
}

static void fail_percent(const char *percent)
{
	int knob = open("/sys/kernel/debug/hello/fail/times", O_WRONLY);

	EXPECT_EQ(write(knob, *percent == '0' ? "1" : "-1", 2 - (*percent == '0')), 2 - (*percent == '0'));
	close(knob);
	knob = open("/sys/kernel/debug/hello/fail/probability", O_WRONLY);
	EXPECT_EQ(write(knob, percent, 1), 1);
	close(knob);
}

static void squeeze(int by);

/* HANDLES handles on one shared model, or one on a private one */
static void run_model(unsigned long long seed, bool shared, int squeezed)
{
	struct run *r = calloc(1, sizeof(*r));
	struct model *m = calloc(1, sizeof(*m));
	struct handle h[HANDLES] = { 0 };
	long ops = getenv("HELLO_OPS") ? atol(getenv("HELLO_OPS")) : volume(3000);
	int n = shared ? HANDLES : 1;

	r->seed = r->state = seed;
	r->shared = shared;
	r->buf = malloc(MAX);
	r->got = malloc(MAX);
	m->capacity = number("buffer_size");
	for (int i = 0; i < n; i++) {
		h[i].append = i == 1 || (!shared && seed % 4 == 3);
		h[i].fd = open_hello(O_RDWR | (h[i].append ? O_APPEND : 0));
		h[i].model = m;
	}
	r->squeezed = squeezed;
	squeeze(squeezed);
	for (r->op = 0; r->op < ops; r->op++)
		if (!one_operation(r, &h[below(r, n)]))
			break;
	squeeze(NOTHING);
	if (squeezed)
		printf("# %ld calls had no memory\n", r->refused);
	EXPECT(!squeezed || r->refused || ops < 1000);
	if (r->map)
		munmap(r->map, r->map_length);
	for (int i = 0; i < n; i++)
		close(h[i].fd);
	free(r->buf);
	free(r->got);
	free(r);
	free(m);
}

#define TEST_CGROUP	"/sys/fs/cgroup/hello-model"

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ASSERT(EXPECT_EQ(write(fd, text, strlen(text)), strlen(text)));
	close(fd);
}

static void enter_cgroup(void)
{
	cpu_set_t one;

	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK))
		SKIP("no cgroup2 is mounted");
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	rmdir(TEST_CGROUP);
	ASSERT(EXPECT_EQ(mkdir(TEST_CGROUP, 0755), 0));
	/* CPUs charge in advance: stay on one, where the charge can be drained. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
	write_file(TEST_CGROUP "/cgroup.procs", "0");
	/* Without the OOM killer a header without room is ENOMEM too. */
	write_file("/proc/self/oom_score_adj", "-1000");
}

static void leave_cgroup(void)
{
	write_file("/sys/fs/cgroup/cgroup.procs", "0");
	EXPECT_EQ(rmdir(TEST_CGROUP), 0);
}

/* Lock all memory before limiting the cgroup: a later fault could fail. */
static void squeeze_cgroup(void)
{
	char text[32] = "";
	int fd;

	EXPECT_EQ(mlockall(MCL_CURRENT), 0);
	/* Drain the charge made in advance: it has room for every buffer. */
	write_file(TEST_CGROUP "/memory.high", "0");
	write_file(TEST_CGROUP "/memory.high", "max");
	fd = open(TEST_CGROUP "/memory.current", O_RDONLY | O_CLOEXEC);
	ASSERT(EXPECT(read(fd, text, sizeof(text) - 1) > 0));
	close(fd);
	snprintf(text, sizeof(text), "%lld", atoll(text) + MAX / 2);
	write_file(TEST_CGROUP "/memory.max", text);
}

static void squeeze(int by)
{
	static int before;

	if (by == KNOB)
		fail_percent("2");
	else if (by == CGROUP)
		squeeze_cgroup();
	else if (before == KNOB)
		fail_percent("0");
	else if (before == CGROUP)
		write_file(TEST_CGROUP "/memory.max", "max");
	before = by;
}

static unsigned long long seed(void)
{
	struct timespec t;
	unsigned long long s;

	clock_gettime(CLOCK_REALTIME, &t);
	s = getenv("HELLO_SEED") ? strtoull(getenv("HELLO_SEED"), NULL, 0) : t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
	printf("# HELLO_SEED=%llu\n", s);
	return s ? s : 1;
}

static void *run_private(void *arg)
{
	run_model((uintptr_t)arg, false, NOTHING);
	return NULL;
}

TEST(private_buffers_of_four_threads_equal_their_models)
{
	unsigned long long s = seed();
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, run_private, (void *)(uintptr_t)(s + i));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

static void shared_under(const char *lock)
{
	SET("lock_mode", lock);
	SET("buffer_mode", "shared");
	run_model(seed(), true, NOTHING);
}

#define MODEL(lock)								\
	TEST(the_shared_buffer_under_##lock##_equals_its_model)			\
	{									\
		shared_under(#lock);						\
	}
LOCKS(MODEL)

TEST(a_private_buffer_equals_its_model_while_allocations_fail)
{
	run_model(seed(), false, KNOB);
}

TEST(the_shared_buffer_under_rcu_equals_its_model_while_allocations_fail)
{
	SET("lock_mode", "rcu");
	SET("buffer_mode", "shared");
	run_model(seed(), true, KNOB);
}

/* Masks that fail early: others invoke the OOM killer for a single page. */
TEST(a_private_buffer_equals_its_model_in_a_full_cgroup)
{
	enter_cgroup();
	SET("gfp_flags", "GFP_KERNEL|__GFP_NORETRY");
	run_model(seed(), false, CGROUP);
	leave_cgroup();
}

TEST(the_shared_buffer_under_mutex_equals_its_model_in_a_full_cgroup)
{
	enter_cgroup();
	SET("gfp_flags", "GFP_KERNEL|__GFP_NORETRY");
	SET("buffer_mode", "shared");
	run_model(seed(), true, CGROUP);
	leave_cgroup();
}

TEST(the_shared_buffer_under_rcu_equals_its_model_in_a_full_cgroup)
{
	enter_cgroup();
	SET("gfp_flags", "GFP_KERNEL|__GFP_NORETRY");
	SET("lock_mode", "rcu");
	SET("buffer_mode", "shared");
	run_model(seed(), true, CGROUP);
	leave_cgroup();
}
