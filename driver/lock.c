// SPDX-License-Identifier: GPL-2.0-only
/*
 * The types of lock: each is a few functions and an entry in the table at the end.
 *
 * Copies under a lock run with page faults disabled: no holder waits for user
 * memory. Readers and writers of a shared buffer may rely on this:
 *
 * mutex, rwsem: a call is atomic, but for user pages that had to be faulted in.
 * spinlock, rwlock: the same for each HELLO_LOCK_UNIT bytes of it.
 * rcu: a reader sees one complete version and never waits; writers publish a
 *	new version each, one after the other.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>

#include "lock.h"
#include "trace.h"

/* lockdep_is_held() needs the member of the union. */
#ifdef CONFIG_LOCKDEP
#define HELD(member)							\
static int member##_held(const struct hello_lock *lock)			\
{									\
	return lockdep_is_held(&lock->member);				\
}

#define HELD_BY(member)	.held = member##_held,
#else
#define HELD(member)
#define HELD_BY(member)
#endif

static const struct hello_entry *entry_of(const struct hello_lock *lock)
{
	return hello_table_get(&hello_lock_table, lock->type);
}

struct hello_lock_waits hello_lock_waits;

/* The slow path alone is counted and timed. */
static int waited(struct hello_lock *lock, u64 start, bool exclusive, int err)
{
	u64 ns = ktime_get_ns() - start;

	if (lock->counted) {
		atomic_inc(&hello_lock_waits.contended);
		atomic64_add(ns, &hello_lock_waits.wait_ns);
	}
	trace_hello_lock_wait(entry_of(lock)->name, exclusive, ns);
	return err;
}

/* ---- mutex ---- */

HELD(mutex)

static void init_mutex(struct hello_lock *lock)
{
	mutex_init(&lock->mutex);
}

static int lock_mutex(struct hello_lock *lock, bool nowait)
{
	u64 start;

	if (mutex_trylock(&lock->mutex))
		return 0;
	if (nowait)
		return -EAGAIN;
	start = ktime_get_ns();
	return waited(lock, start, true, mutex_lock_killable(&lock->mutex));
}

static void unlock_mutex(struct hello_lock *lock)
{
	mutex_unlock(&lock->mutex);
}

/* ---- rwsem ---- */

HELD(rwsem)

static void init_rw_semaphore(struct hello_lock *lock)
{
	init_rwsem(&lock->rwsem);
}

static int write_rwsem(struct hello_lock *lock, bool nowait)
{
	u64 start;

	if (down_write_trylock(&lock->rwsem))
		return 0;
	if (nowait)
		return -EAGAIN;
	start = ktime_get_ns();
	return waited(lock, start, true, down_write_killable(&lock->rwsem));
}

static void write_unlock_rwsem(struct hello_lock *lock)
{
	up_write(&lock->rwsem);
}

static int read_rwsem(struct hello_lock *lock, bool nowait)
{
	u64 start;

	if (down_read_trylock(&lock->rwsem))
		return 0;
	if (nowait)
		return -EAGAIN;
	start = ktime_get_ns();
	return waited(lock, start, false, down_read_killable(&lock->rwsem));
}

static void read_unlock_rwsem(struct hello_lock *lock)
{
	up_read(&lock->rwsem);
}

/* ---- spinlock ---- */

/* On PREEMPT_RT spinlocks sleep, which nowait forbids; elsewhere they spin. */
#define SPIN_SLEEPS	IS_ENABLED(CONFIG_PREEMPT_RT)

HELD(spin)

static void init_spin(struct hello_lock *lock)
{
	spin_lock_init(&lock->spin);
}

static int lock_spin(struct hello_lock *lock, bool nowait)
	__acquires(&lock->spin)
{
	u64 start;

	if (spin_trylock(&lock->spin))
		return 0;
	if (SPIN_SLEEPS && nowait)
		return -EAGAIN;
	start = ktime_get_ns();
	spin_lock(&lock->spin);
	return waited(lock, start, true, 0);
}

static void unlock_spin(struct hello_lock *lock)
	__releases(&lock->spin)
{
	spin_unlock(&lock->spin);
}

/* ---- rwlock ---- */

HELD(rw)

static void init_rw(struct hello_lock *lock)
{
	rwlock_init(&lock->rw);
}

static int write_rw(struct hello_lock *lock, bool nowait)
	__acquires(&lock->rw)
{
	u64 start;

	if (write_trylock(&lock->rw))
		return 0;
	if (SPIN_SLEEPS && nowait)
		return -EAGAIN;
	start = ktime_get_ns();
	write_lock(&lock->rw);
	return waited(lock, start, true, 0);
}

static void write_unlock_rw(struct hello_lock *lock)
	__releases(&lock->rw)
{
	write_unlock(&lock->rw);
}

static int read_rw(struct hello_lock *lock, bool nowait)
	__acquires(&lock->rw)
{
	u64 start;

	if (read_trylock(&lock->rw))
		return 0;
	if (SPIN_SLEEPS && nowait)
		return -EAGAIN;
	start = ktime_get_ns();
	read_lock(&lock->rw);
	return waited(lock, start, false, 0);
}

static void read_unlock_rw(struct hello_lock *lock)
	__releases(&lock->rw)
{
	read_unlock(&lock->rw);
}

/* ---- the table; the writers of rcu use the mutex ---- */

const struct hello_lock_type hello_lock_types[] = {
	[HELLO_LOCK_MUTEX] = {
		.entry.name	= "mutex",
		.promise	= "a call is atomic, but for missing user pages; one at a time",
		.init		= init_mutex,
		.write		= lock_mutex,
		.end_write	= unlock_mutex,
		.read		= lock_mutex,
		.end_read	= unlock_mutex,
		HELD_BY(mutex)
	}, {
		.entry.name	= "rwsem",
		.promise	= "a call is atomic, but for missing user pages; readers together",
		.init		= init_rw_semaphore,
		.write		= write_rwsem,
		.end_write	= write_unlock_rwsem,
		.read		= read_rwsem,
		.end_read	= read_unlock_rwsem,
		HELD_BY(rwsem)
	}, {
		.entry.name	= "spinlock",
		.promise	= "64 KiB of a call are atomic; one at a time, spinning",
		.flags		= HELLO_LOCK_SPINS,
		.init		= init_spin,
		.write		= lock_spin,
		.end_write	= unlock_spin,
		.read		= lock_spin,
		.end_read	= unlock_spin,
		HELD_BY(spin)
	}, {
		.entry.name	= "rwlock",
		.promise	= "64 KiB of a call are atomic; readers together, spinning",
		.flags		= HELLO_LOCK_SPINS,
		.init		= init_rw,
		.write		= write_rw,
		.end_write	= write_unlock_rw,
		.read		= read_rw,
		.end_read	= read_unlock_rw,
		HELD_BY(rw)
	}, {
		.entry.name	= "rcu",
		.promise	= "a reader sees one version and never waits; a write copies all; no mmap",
		.flags		= HELLO_LOCK_VERSIONS,
		.init		= init_mutex,
		.write		= lock_mutex,
		.end_write	= unlock_mutex,
		HELD_BY(mutex)
	},
};

const struct hello_table hello_lock_table = HELLO_TABLE(hello_lock_types);

/**
 * hello_lock_init() - initialize a lock
 * @lock: an unused lock
 * @type: number in hello_lock_table
 * @counted: zero hello_lock_waits, and count the waits for this lock there
 */
void hello_lock_init(struct hello_lock *lock, unsigned int type, bool counted)
{
	WRITE_ONCE(lock->type, type);
	lock->flags = hello_lock_types[type].flags;
	if (hello_lock_versions(lock))
		lock->fast_max = 0;
	else
		lock->fast_max = hello_lock_spins(lock) ? HELLO_LOCK_UNIT : HELLO_LOCK_CHUNK;
	lock->counted = counted;
	if (counted) {
		atomic_set(&hello_lock_waits.contended, 0);
		atomic64_set(&hello_lock_waits.wait_ns, 0);
	}
	hello_lock_types[type].init(lock);
}
