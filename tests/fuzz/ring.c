// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/ring.c: reads and writes by io_uring and by aio, one at a time.
 */
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"
#include "ring.h"

#define ENTRIES	4

static struct {
	int fd;
	unsigned int *sq_tail, sq_mask, *sq_array, *cq_head, *cq_tail, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring;

static void *map(size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, offset);

	if (at == MAP_FAILED)
		differ("a ring cannot be mapped: %s", strerror(errno));
	return at;
}

/* False if this kernel has no io_uring */
bool ring_works(void)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	if (ring.fd)
		return ring.fd > 0;
	ring.fd = syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring.fd < 0)
		return false;
	sq = map(p.sq_off.array + ENTRIES * sizeof(*ring.sq_array), IORING_OFF_SQ_RING);
	cq = map(p.cq_off.cqes + p.cq_entries * sizeof(*ring.cqes), IORING_OFF_CQ_RING);
	ring.sqes = map(ENTRIES * sizeof(*ring.sqes), IORING_OFF_SQES);
	ring.sq_tail = (void *)(sq + p.sq_off.tail);
	ring.sq_mask = *(unsigned int *)(sq + p.sq_off.ring_mask);
	ring.sq_array = (void *)(sq + p.sq_off.array);
	ring.cq_head = (void *)(cq + p.cq_off.head);
	ring.cq_tail = (void *)(cq + p.cq_off.tail);
	ring.cq_mask = *(unsigned int *)(cq + p.cq_off.ring_mask);
	ring.cqes = (void *)(cq + p.cq_off.cqes);
	return true;
}

long long ring_transfer(bool write, int fd, void *buf, size_t n, long long at, int form)
{
	unsigned int tail = *ring.sq_tail, head = *ring.cq_head, i = tail & ring.sq_mask;
	struct iovec iov[] = { { buf, n / 3 }, { (char *)buf + n / 3, n - n / 3 } };
	long long ret;

	ring.sqes[i] = (struct io_uring_sqe){
		.opcode	= write ? IORING_OP_WRITE : IORING_OP_READ,
		.flags	= form & RING_WORKER ? IOSQE_ASYNC : 0,
		.fd	= fd,
		.off	= at,
		.addr	= (uintptr_t)buf,
		.len	= n,
	};
	if (form & RING_VECTOR) {
		ring.sqes[i].opcode = write ? IORING_OP_WRITEV : IORING_OP_READV;
		ring.sqes[i].addr = (uintptr_t)iov;
		ring.sqes[i].len = ARRAY_SIZE(iov);
	}
	ring.sq_array[i] = i;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	ret = RET(syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	while (__atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE) == head) {
		if (ret < 0 && ret != -EINTR)
			differ("io_uring_enter: %s", strerror(-ret));
		ret = RET(syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	}
	ret = ring.cqes[head & ring.cq_mask].res;
	__atomic_store_n(ring.cq_head, head + 1, __ATOMIC_RELEASE);
	return ret;
}

static aio_context_t aio;

/* False if this kernel has no aio */
bool aio_works(void)
{
	return aio || !syscall(SYS_io_setup, ENTRIES, &aio);
}

long long aio_transfer(bool write, int fd, void *buf, size_t n, long long at, int rwf)
{
	struct iocb cb = {
		.aio_lio_opcode	= write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_fildes	= fd,
		.aio_buf	= (uintptr_t)buf,
		.aio_nbytes	= n,
		.aio_offset	= at,
		.aio_rw_flags	= rwf,
	}, *cbs[] = { &cb };
	struct io_event event = { 0 };
	long long ret = RET(syscall(SYS_io_submit, aio, 1, cbs));

	if (ret < 0)
		return ret;
	do
		ret = RET(syscall(SYS_io_getevents, aio, 1, 1, &event, NULL));
	while (ret == -EINTR);
	return event.res;
}
