/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The locks that can guard a buffer, behind one interface.
 */
#ifndef HELLO_LOCK_H
#define HELLO_LOCK_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "table.h"

/* The number of the lock that every private buffer has; the default. */
#define HELLO_LOCK_MUTEX	0

/* What a spinning lock may be held for: this many bytes of copying. */
#define HELLO_LOCK_UNIT		SZ_64K

/**
 * struct hello_lock - a lock of any kind
 */
struct hello_lock {
	/** @kind: number in hello_locks; changes only while nobody can use it */
	u8 kind;
	/** @contended: how often somebody had to wait for it */
	atomic_t contended;
	/** @wait_ns: how long all of them together */
	atomic64_t wait_ns;
	union {
		/** @mutex: for mutex, and for the writers of rcu */
		struct mutex mutex;
		/** @rwsem: for rwsem */
		struct rw_semaphore rwsem;
		/** @spin: for spinlock */
		spinlock_t spin;
		/** @rw: for rwlock */
		rwlock_t rw;
	};
};

extern const struct hello_table hello_locks;

const char *hello_lock_promise(unsigned int kind);

void hello_lock_init(struct hello_lock *lock, unsigned int kind);
bool hello_lock_spins(const struct hello_lock *lock);
bool hello_lock_versions(const struct hello_lock *lock);
int __must_check hello_lock_write(struct hello_lock *lock);
void hello_lock_write_wait(struct hello_lock *lock);
void hello_unlock_write(struct hello_lock *lock);
int __must_check hello_lock_read(struct hello_lock *lock);
void hello_unlock_read(struct hello_lock *lock);

#ifdef CONFIG_LOCKDEP
bool hello_lock_held(const struct hello_lock *lock);
#else
/* Nobody knows, and nobody asks but lockdep. */
static inline bool hello_lock_held(const struct hello_lock *lock)
{
	return true;
}
#endif

#endif /* HELLO_LOCK_H */
