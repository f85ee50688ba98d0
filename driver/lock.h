/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types of lock that can guard a buffer, behind one interface.
 */
#ifndef HELLO_LOCK_H
#define HELLO_LOCK_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "table.h"

/* The type of every private buffer, and the default. */
#define HELLO_LOCK_MUTEX	0

/* Bytes that are copied under a spinning lock before it is released. */
#define HELLO_LOCK_UNIT		SZ_64K

/* Bytes copied between two cond_resched(), where the copier may sleep. */
#define HELLO_LOCK_CHUNK	SZ_1M

/* Properties of a type of lock. */
#define HELLO_LOCK_SPINS	BIT(0)	/* the holder must not sleep */
#define HELLO_LOCK_VERSIONS	BIT(1)	/* copy on write: a write publishes a copy */

/**
 * struct hello_lock_waits - waits for the one lock that is counted
 */
struct hello_lock_waits {
	/** @contended: number of waits */
	atomic_t contended;
	/** @wait_ns: nanoseconds of all of them together */
	atomic64_t wait_ns;
};

/**
 * struct hello_lock - a lock of any type
 */
struct hello_lock {
	/** @type: number in hello_lock_table; changes only while unused */
	u8 type;
	/** @flags: the HELLO_LOCK_ flags of @type */
	u8 flags;
	/** @counted: waits for it count in hello_lock_waits */
	bool counted;
	/** @fast_max: a transfer of fewer bytes may use the fast path; 0: none */
	u32 fast_max;
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
	/** @promise: one line for users: what readers and writers may rely on */
	const char *promise;
	/** @flags: a set of HELLO_LOCK_ flags */
	u8 flags;
	/** @init: initialize the member of the union */
	void (*init)(struct hello_lock *lock);
	/**
	 * @write: lock exclusively. Returns 0, -EAGAIN instead of waiting if
	 * @nowait, or -EINTR if killed while waiting (sleeping locks only).
	 */
	int (*write)(struct hello_lock *lock, bool nowait);
	/** @end_write: undo @write */
	void (*end_write)(struct hello_lock *lock);
	/** @read: lock for reading, as @write; NULL with HELLO_LOCK_VERSIONS */
	int (*read)(struct hello_lock *lock, bool nowait);
	/** @end_read: undo @read */
	void (*end_read)(struct hello_lock *lock);
#ifdef CONFIG_LOCKDEP
	/** @held: lockdep_is_held() of the member of the union */
	int (*held)(const struct hello_lock *lock);
#endif
};

extern const struct hello_table hello_lock_table;
extern const struct hello_lock_type hello_lock_types[];

/* Since hello_lock_init() of that lock. */
extern struct hello_lock_waits hello_lock_waits;

void hello_lock_init(struct hello_lock *lock, unsigned int type, bool counted);

/* Fast path: private buffers use the mutex, without an indirect call. */
static inline bool hello_lock_is_mutex(const struct hello_lock *lock)
{
	return likely(lock->type == HELLO_LOCK_MUTEX);
}

/* True if the holder must not sleep. */
static inline bool hello_lock_spins(const struct hello_lock *lock)
{
	return lock->flags & HELLO_LOCK_SPINS;
}

/* True if a write publishes a copy, and readers pin the version. */
static inline bool hello_lock_versions(const struct hello_lock *lock)
{
	return lock->flags & HELLO_LOCK_VERSIONS;
}

/* Bytes that may be copied before the lock is released. */
static inline size_t hello_lock_unit(const struct hello_lock *lock)
{
	return hello_lock_spins(lock) ? HELLO_LOCK_UNIT : SIZE_MAX;
}

/**
 * hello_lock_write() - lock exclusively
 * @lock: the lock
 * @nowait: return -EAGAIN instead of waiting
 *
 * Return: 0, -EAGAIN, or -EINTR if killed while waiting (sleeping locks only).
 */
static inline int __must_check hello_lock_write(struct hello_lock *lock,
						bool nowait)
{
	if (hello_lock_is_mutex(lock) && mutex_trylock(&lock->mutex))
		return 0;
	return hello_lock_types[lock->type].write(lock, nowait);
}

static inline void hello_unlock_write(struct hello_lock *lock)
{
	if (hello_lock_is_mutex(lock))
		mutex_unlock(&lock->mutex);
	else
		hello_lock_types[lock->type].end_write(lock);
}

/**
 * hello_lock_read() - lock for reading
 * @lock: the lock; not one with HELLO_LOCK_VERSIONS, whose readers pin
 * @nowait: return -EAGAIN instead of waiting
 *
 * Return: as hello_lock_write().
 */
static inline int __must_check hello_lock_read(struct hello_lock *lock,
					       bool nowait)
{
	if (hello_lock_is_mutex(lock) && mutex_trylock(&lock->mutex))
		return 0;
	return hello_lock_types[lock->type].read(lock, nowait);
}

static inline void hello_unlock_read(struct hello_lock *lock)
{
	if (hello_lock_is_mutex(lock))
		mutex_unlock(&lock->mutex);
	else
		hello_lock_types[lock->type].end_read(lock);
}

/* lockdep_is_held() of any type; true without lockdep. */
static inline bool hello_lock_held(const struct hello_lock *lock)
{
#ifdef CONFIG_LOCKDEP
	return hello_lock_types[lock->type].held(lock);
#else
	return true;
#endif
}

#endif /* HELLO_LOCK_H */
