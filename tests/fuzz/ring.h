/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/fuzz/ring.h: one io_uring and one aio context for each process, for one request
 * at a time.
 */
#ifndef HELLO_FUZZ_RING_H
#define HELLO_FUZZ_RING_H

#include <stdbool.h>
#include <stddef.h>

/* A form of request: with an iovec, and by a worker thread */
enum { RING_VECTOR = 1, RING_WORKER = 2 };

bool ring_works(void);
long long ring_transfer(bool write, int fd, void *buf, size_t n, long long at, int form);
bool aio_works(void);
long long aio_transfer(bool write, int fd, void *buf, size_t n, long long at, int rwf);

#endif /* HELLO_FUZZ_RING_H */
