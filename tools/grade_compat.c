// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about 32-bit programs. On amd64 a 64-bit program can make their
 * system calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grade.h"

#ifdef __x86_64__
enum { I386_READ = 3, I386_WRITE = 4, I386_IOCTL = 54, I386_READV = 145 };

struct i386_iovec {
	uint32_t base;
	uint32_t len;
};

/* Memory below 4 GiB, which 32-bit pointers reach */
static struct {
	unsigned char bytes[64];
	struct i386_iovec iov[2];
} *low;

static sigjmp_buf back;

static void jump(int signal)
{
	siglongjmp(back, signal);
}

static uint32_t address(const void *of)
{
	return (uint32_t)(uintptr_t)of;
}

/* Returns -1 with errno on error. */
static int i386_call(int number, int fd, uint32_t second, uint32_t third)
{
	int ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(number), "b"(fd), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	if (ret >= 0 || ret < -4095)
		return ret;
	errno = -ret;
	return -1;
}

static void need_i386(void)
{
	void *m = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	volatile int got = -1;

	if (m == MAP_FAILED)
		does_not_apply("there is no memory below 4 GiB");
	low = m;
	/* a kernel without them sends a signal; a read of a bad descriptor does nothing */
	signal(SIGSEGV, jump);
	if (!sigsetjmp(back, 1))
		got = i386_call(I386_READ, -1, 0, 0);
	signal(SIGSEGV, SIG_DFL);
	if (got != -1 || errno != EBADF)
		does_not_apply("this kernel runs no 32-bit programs");
	errno = 0;
}

static void check_data(void)
{
	struct sample sample;
	int got;

	need_i386();
	sample = sample_open_to_read(4);
	step("a read of 4 bytes by a 32-bit program");
	got = i386_call(I386_READ, sample.fd, address(low->bytes), 4);
	if (got > 4)
		does_not_apply("a read returns more than was asked for");
	if (got <= 0)
		wrong(got, "4");
	if (!sample_has(&sample, low->bytes, 0, got))
		not_ok("a 32-bit program reads other bytes");
	node_close(sample.fd);

	sample = sample_open_to_read(4);
	low->iov[0] = (struct i386_iovec){ address(low->bytes), 1 };
	low->iov[1] = (struct i386_iovec){ address(low->bytes + 1), 3 };
	step("a readv of 1 and 3 bytes by a 32-bit program");
	got = i386_call(I386_READV, sample.fd, address(low->iov), 2);
	if (got <= 0 || got > 4)
		wrong(got, "4");
	if (!sample_has(&sample, low->bytes, 0, got))
		not_ok("a readv of a 32-bit program returns other bytes");
	node_close(sample.fd);
}

static void check_write(void)
{
	int fd, done;

	need_i386();
	fill_pattern(low->bytes, GRADE_BYTES, 200);
	fd = open_to_write();
	step("a write of %d bytes by a 32-bit program", GRADE_BYTES);
	done = i386_call(I386_WRITE, fd, address(low->bytes), GRADE_BYTES);
	if (done <= 0 || done > GRADE_BYTES)
		wrong(done, "%d", GRADE_BYTES);
	if (grade->has[STORES] && grade->has[POSITIONS] && grade->write_flags == O_RDWR)
		expect_contents(fd, low->bytes, done, "after a write by a 32-bit program");
}

static void check_ioctl(void)
{
	int fd, got;

	need_i386();
	fd = open_node(any_flags());
	step("an unknown ioctl of a 32-bit program");
	got = i386_call(I386_IOCTL, fd, _IOWR(0xf5, 0xa7, char[32]), address(low->bytes));
	if (got != -1 || errno != ENOTTY)
		wrong(got, "ENOTTY");
}
#else
static void check_data(void)
{
	does_not_apply("this program cannot make 32-bit system calls on this machine");
}

#define check_write	check_data
#define check_ioctl	check_data
#endif

const struct fact grade_compat_facts[] = {
	{ "compat-read", "a 32-bit program reads what a 64-bit program reads",
	  "old programs, and those of small systems in containers, fail", "copying-to-user",
	  NEEDS(READS), check_data },
	{ "compat-write", "a 32-bit program writes as a 64-bit program does",
	  "old programs, and those of small systems in containers, fail", "copying-to-user",
	  NEEDS(WRITES), check_write },
	{ "compat-ioctl", "an unknown ioctl of a 32-bit program is ENOTTY",
	  "a 32-bit program's pointer is taken for a 64-bit one", "copying-to-user", 0, check_ioctl },
	{ 0 },
};
