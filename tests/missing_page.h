/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/missing_page.h: user memory whose page faults are not served, by userfaultfd.
 */
#ifndef HELLO_MISSING_PAGE_H
#define HELLO_MISSING_PAGE_H

#include "harness.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

/* A present page, followed by one whose first access waits for answer() to fill it */
static inline int missing_page(char **page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		SKIP("this kernel has no userfaultfd");
	EXPECT_EQ(ioctl(fd, UFFDIO_API, &api), 0);
	*page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*page += PAGE;
	reg.range.start = (uintptr_t)*page;
	reg.range.len = PAGE;
	EXPECT_EQ(ioctl(fd, UFFDIO_REGISTER, &reg), 0);
	return fd;
}

/* Returns once a thread waits for the page. */
static inline void wait_for_fault(int uffd)
{
	struct uffd_msg msg;

	EXPECT_EQ(read(uffd, &msg, sizeof(msg)), sizeof(msg));
	EXPECT_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
}

static inline void answer(int uffd, char *page, const char *contents)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .src = (uintptr_t)contents, .len = PAGE };

	EXPECT_EQ(ioctl(uffd, UFFDIO_COPY, &copy), 0);
}

#endif /* HELLO_MISSING_PAGE_H */
