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

/* A sleeping lock is held for a whole call, in which the CPU is yielded so often. */
#define HELLO_LOCK_CHUNK	SZ_1M

/**
 * struct hello_lock_waits - who did not get the lock at once, of the one lock
 * that is counted
 */
struct hello_lock_waits {
	/** @contended: how often somebody had to wait */
	atomic_t contended;
	/** @wait_ns: how long all of them together */
	atomic64_t wait_ns;
};

/**
 * struct hello_lock - a lock of any type
 */
struct hello_lock {
	/** @type: number in hello_lock_table; changes only while nobody takes it */
	u8 type;
	/** @counted: hello_lock_waits has who had to wait */
	bool counted;
	/** @unit: bytes that may be copied without a break; see hello_lock_type */
	u32 unit;
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

/**
 * struct hello_lock_type - an entry of the table of locks
 */
struct hello_lock_type {
	/** @entry: its name */
	struct hello_entry entry;
	/** @promise: what it means for readers and writers, a line for people */
	const char *promise;
	/**
	 * @unit: bytes that may be copied without a break. HELLO_LOCK_CHUNK: it
	 * sleeps. HELLO_LOCK_UNIT: it spins, and is released after them. 0:
	 * nothing is changed in place, a write makes a new version.
	 */
	u32 unit;
	/** @init: make one */
	void (*init)(struct hello_lock *lock);
	/**
	 * @write: lock to change. Returns -EAGAIN instead of waiting if @nowait;
	 * a lock that sleeps returns -EINTR if the task was killed meanwhile.
	 */
	int (*write)(struct hello_lock *lock, bool nowait);
	/** @end_write: undo @write */
	void (*end_write)(struct hello_lock *lock);
	/** @read: the same to look; NULL if @unit is 0, since readers pin */
	int (*read)(struct hello_lock *lock, bool nowait);
	/** @end_read: undo @read */
	void (*end_read)(struct hello_lock *lock);
#ifdef CONFIG_LOCKDEP
	/** @held: whether the caller has it, as far as lockdep knows */
	int (*held)(const struct hello_lock *lock);
#endif
};

extern const struct hello_table hello_lock_table;
extern const struct hello_lock_type hello_lock_types[];

/* Since that lock was made. */
extern struct hello_lock_waits hello_lock_waits;

void hello_lock_init(struct hello_lock *lock, unsigned int type, bool counted);

/* Fast path: private buffers use the mutex, without an indirect call. */
static inline bool hello_lock_is_mutex(const struct hello_lock *lock)
{
	return likely(lock->type == HELLO_LOCK_MUTEX);
}

/**
 * hello_lock_spins() - whether the holder may not sleep
 * @lock: the lock
 *
 * Return: true for spinlock and rwlock.
 */
static inline bool hello_lock_spins(const struct hello_lock *lock)
{
	return lock->unit == HELLO_LOCK_UNIT;
}

/**
 * hello_lock_versions() - whether a write replaces what is guarded
 * @lock: the lock
 *
 * Return: true for rcu.
 */
static inline bool hello_lock_versions(const struct hello_lock *lock)
{
	return !lock->unit;
}

/**
 * hello_lock_unit() - how much may be copied while a lock is held
 * @lock: the lock
 *
 * Return: bytes; no limit for a lock that sleeps.
 */
static inline size_t hello_lock_unit(const struct hello_lock *lock)
{
	return hello_lock_spins(lock) ? HELLO_LOCK_UNIT : SIZE_MAX;
}

/**
 * hello_lock_write() - lock to change what is guarded
 * @lock: the lock
 * @nowait: return -EAGAIN instead of waiting
 *
 * Return: 0, -EAGAIN, or -EINTR if the task was killed while it waited.
 */
static inline int __must_check hello_lock_write(struct hello_lock *lock,
						bool nowait)
{
	if (hello_lock_is_mutex(lock) && mutex_trylock(&lock->mutex))
		return 0;
	return hello_lock_types[lock->type].write(lock, nowait);
}

/**
 * hello_unlock_write() - undo hello_lock_write()
 * @lock: the lock
 */
static inline void hello_unlock_write(struct hello_lock *lock)
{
	if (hello_lock_is_mutex(lock))
		mutex_unlock(&lock->mutex);
	else
		hello_lock_types[lock->type].end_write(lock);
}

/**
 * hello_lock_read() - lock to look at what is guarded
 * @lock: the lock; not one that makes versions, which are pinned
 * @nowait: return -EAGAIN instead of waiting
 *
 * Return: 0, -EAGAIN, or -EINTR if the task was killed while it waited.
 */
static inline int __must_check hello_lock_read(struct hello_lock *lock,
					       bool nowait)
{
	if (hello_lock_is_mutex(lock) && mutex_trylock(&lock->mutex))
		return 0;
	return hello_lock_types[lock->type].read(lock, nowait);
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
		hello_lock_types[lock->type].end_read(lock);
}

/**
 * hello_lock_held() - whether the lock is held, as far as lockdep knows
 * @lock: the lock
 *
 * Return: true if it is, or if nobody knows.
 */
static inline bool hello_lock_held(const struct hello_lock *lock)
{
#ifdef CONFIG_LOCKDEP
	return hello_lock_types[lock->type].held(lock);
#else
	return true;
#endif
}

#endif /* HELLO_LOCK_H */
