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
	/** @spins: the holder may not sleep */
	bool spins;
	/** @versions: a write replaces what is guarded; readers may not sleep */
	bool versions;
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
void hello_lock_write_wait(struct hello_lock *lock);

/* For the inlines below: through the table, whatever kind it is. */
int __must_check hello_lock_any_write(struct hello_lock *lock);
int __must_check hello_lock_any_read(struct hello_lock *lock);
void hello_unlock_any_write(struct hello_lock *lock);
void hello_unlock_any_read(struct hello_lock *lock);

/* Whether no detour through the table is needed: every private buffer's case. */
static inline bool hello_lock_is_mutex(const struct hello_lock *lock)
{
	return likely(lock->kind == HELLO_LOCK_MUTEX);
}

/**
 * hello_lock_write() - lock to change what is guarded
 * @lock: the lock
 *
 * Return: 0, or -EINTR if the task was killed while it waited.
 */
static inline int __must_check hello_lock_write(struct hello_lock *lock)
{
	if (hello_lock_is_mutex(lock) && mutex_trylock(&lock->mutex))
		return 0;
	return hello_lock_any_write(lock);
}

/**
 * hello_unlock_write() - undo hello_lock_write() or hello_lock_write_wait()
 * @lock: the lock
 */
static inline void hello_unlock_write(struct hello_lock *lock)
{
	if (hello_lock_is_mutex(lock))
		mutex_unlock(&lock->mutex);
	else
		hello_unlock_any_write(lock);
}

/**
 * hello_lock_read() - lock to look at what is guarded
 * @lock: the lock
 *
 * Return: 0, or -EINTR if the task was killed while it waited.
 */
static inline int __must_check hello_lock_read(struct hello_lock *lock)
{
	if (hello_lock_is_mutex(lock) && mutex_trylock(&lock->mutex))
		return 0;
	return hello_lock_any_read(lock);
}

/**
 * hello_unlock_read() - undo hello_lock_read()
 * @lock: the lock
 */
static inline void hello_unlock_read(struct hello_lock *lock)
{
	if (hello_lock_is_mutex(lock))
		mutex_unlock(&lock->mutex);
	else
		hello_unlock_any_read(lock);
}

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
