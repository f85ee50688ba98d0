// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kinds of counter: each is a few functions and an entry in the table at the
 * end. The locks of the shared buffer come from hello_lock_table.
 *
 * An update changes two words. A reader compares them, in the opposite order: an
 * update that begins between its loads shows. Both words are accessed by
 * READ_ONCE() and WRITE_ONCE(), because without a lock they race.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/processor.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "counter.h"
#include "fail.h"

static void pause(const struct hello_counter *c)
{
	if (c->pause)
		c->pause(c->amount);
}

/*
 * With a pause in the updates, a reader relaxes between its loads: else an
 * update would hardly ever begin there. Without one, nothing adds to its time.
 */
static bool differ(const struct hello_counter *c, const unsigned long *first,
		   const unsigned long *second)
{
	unsigned long value = READ_ONCE(*second);

	if (c->pause)
		cpu_relax();
	return READ_ONCE(*first) != value;
}

/* ---- two words under a lock, or without one ---- */

/* unsafe_increment() of the tutorials: unlocked, it loses updates. */
static bool update_words(struct hello_counter *c)
{
	unsigned long value = READ_ONCE(c->second) + 1;

	WRITE_ONCE(c->first, value);
	pause(c);
	WRITE_ONCE(c->second, value);
	return true;
}

static bool read_words(struct hello_counter *c, u64 *retries)
{
	return differ(c, &c->first, &c->second);
}

static u64 value_of_words(const struct hello_counter *c)
{
	return c->second;
}

#define WORDS				\
	.update	= update_words,		\
	.read	= read_words,		\
	.value	= value_of_words

static int lock_read(struct hello_counter *c)
{
	return hello_lock_read(&c->lock, false);
}

static void unlock_read(struct hello_counter *c)
{
	hello_unlock_read(&c->lock);
}

static int lock_write(struct hello_counter *c)
{
	return hello_lock_write(&c->lock, false);
}

static void unlock_write(struct hello_counter *c)
{
	hello_unlock_write(&c->lock);
}

static const struct hello_counter_kind locked = {
	.lock		= { lock_read, lock_write },
	.unlock		= { unlock_read, unlock_write },
	WORDS
};

/* ---- rcu ---- */

/* The words that rcu publishes; replaced, never changed. */
struct hello_counter_version {
	struct rcu_head rcu;
	unsigned long first;
	unsigned long second;
};

static int init_versions(struct hello_counter *c)
{
	struct hello_counter_version *version =
		hello_should_fail() ? NULL : kzalloc(sizeof(*version), GFP_KERNEL);

	RCU_INIT_POINTER(c->version, version);
	return version ? 0 : -ENOMEM;
}

static void destroy_versions(struct hello_counter *c)
{
	kfree(rcu_access_pointer(c->version));
}

/* Copies, updates and publishes; kfree_rcu() frees old versions in batches. */
static bool update_version(struct hello_counter *c)
{
	struct hello_counter_version *old =
		rcu_dereference_protected(c->version, hello_lock_held(&c->lock));
	struct hello_counter_version *new =
		hello_should_fail() ? NULL : kmalloc(sizeof(*new), GFP_KERNEL);

	if (!new)
		return false;
	new->first = old->first + 1;
	pause(c);
	new->second = old->second + 1;
	rcu_assign_pointer(c->version, new);
	kfree_rcu(old, rcu);
	return true;
}

static bool read_version(struct hello_counter *c, u64 *retries)
{
	const struct hello_counter_version *version;
	bool torn;

	rcu_read_lock();
	version = rcu_dereference(c->version);
	torn = differ(c, &version->first, &version->second);
	rcu_read_unlock();
	return torn;
}

static u64 value_of_version(const struct hello_counter *c)
{
	return rcu_dereference_protected(c->version, true)->second;
}

static const struct hello_counter_kind versions = {
	.init		= init_versions,
	.destroy	= destroy_versions,
	.lock		= { NULL, lock_write },
	.unlock		= { NULL, unlock_write },
	.update		= update_version,
	.read		= read_version,
	.value		= value_of_version,
};

/* ---- seqlock ---- */

static int init_seqlock(struct hello_counter *c)
{
	seqlock_init(&c->seqlock);
	return 0;
}

static int lock_seqlock(struct hello_counter *c)
	__acquires(&c->seqlock.lock)
{
	write_seqlock(&c->seqlock);
	return 0;
}

static void unlock_seqlock(struct hello_counter *c)
	__releases(&c->seqlock.lock)
{
	write_sequnlock(&c->seqlock);
}

static bool read_seqlock(struct hello_counter *c, u64 *retries)
{
	unsigned int seq = read_seqbegin(&c->seqlock);
	bool torn = differ(c, &c->first, &c->second);

	while (read_seqretry(&c->seqlock, seq)) {
		++*retries;
		seq = read_seqbegin(&c->seqlock);
		torn = differ(c, &c->first, &c->second);
	}
	return torn;
}

/* ---- semaphore ---- */

static int init_semaphore(struct hello_counter *c)
{
	sema_init(&c->semaphore, 1);
	return 0;
}

static int lock_semaphore(struct hello_counter *c)
{
	return down_killable(&c->semaphore);
}

static void unlock_semaphore(struct hello_counter *c)
{
	up(&c->semaphore);
}

/* ---- percpu_rwsem ---- */

static int init_percpu_rwsem(struct hello_counter *c)
{
	return hello_should_fail() ? -ENOMEM : percpu_init_rwsem(&c->percpu_rwsem);
}

/* Returns at once if the init failed. */
static void destroy_percpu_rwsem(struct hello_counter *c)
{
	percpu_free_rwsem(&c->percpu_rwsem);
}

static int lock_percpu_read(struct hello_counter *c)
{
	percpu_down_read(&c->percpu_rwsem);
	return 0;
}

static void unlock_percpu_read(struct hello_counter *c)
{
	percpu_up_read(&c->percpu_rwsem);
}

static int lock_percpu_write(struct hello_counter *c)
{
	percpu_down_write(&c->percpu_rwsem);
	return 0;
}

static void unlock_percpu_write(struct hello_counter *c)
{
	percpu_up_write(&c->percpu_rwsem);
}

/* ---- atomic ---- */

static int init_atomic(struct hello_counter *c)
{
	atomic64_set(&c->atomic, 0);
	return 0;
}

static bool update_atomic(struct hello_counter *c)
{
	pause(c);
	atomic64_inc(&c->atomic);
	return true;
}

static bool read_atomic(struct hello_counter *c, u64 *retries)
{
	atomic64_read(&c->atomic);
	return false;
}

static u64 value_of_atomic(const struct hello_counter *c)
{
	return atomic64_read(&c->atomic);
}

/* ---- percpu ---- */

static int init_percpu(struct hello_counter *c)
{
	c->cells = hello_should_fail() ? NULL : alloc_percpu(unsigned long);
	return c->cells ? 0 : -ENOMEM;
}

static void destroy_percpu(struct hello_counter *c)
{
	free_percpu(c->cells);
}

static bool update_percpu(struct hello_counter *c)
{
	pause(c);
	this_cpu_inc(*c->cells);
	return true;
}

/* A CPU that is offline keeps what its threads added. */
static u64 value_of_percpu(const struct hello_counter *c)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(c->cells, cpu));
	return sum;
}

static bool read_percpu(struct hello_counter *c, u64 *retries)
{
	value_of_percpu(c);
	return false;
}

/* ---- the table ---- */

const struct hello_counter_kind hello_counter_kinds[] = {
	{
		.entry.name	= "none",
		.promise	= "no lock: updates are lost, and reads are torn",
		WORDS
	}, {
		.entry.name	= "seqlock",
		.promise	= "readers never wait, but retry after an update; writers spin",
		.spins		= true,
		.init		= init_seqlock,
		.lock		= { NULL, lock_seqlock },
		.unlock		= { NULL, unlock_seqlock },
		.update		= update_words,
		.read		= read_seqlock,
		.value		= value_of_words,
	}, {
		.entry.name	= "semaphore",
		.promise	= "one at a time, sleeping; no owner, so lockdep cannot check it",
		.init		= init_semaphore,
		.lock		= { lock_semaphore, lock_semaphore },
		.unlock		= { unlock_semaphore, unlock_semaphore },
		WORDS
	}, {
		.entry.name	= "percpu_rwsem",
		.promise	= "readers share nothing; a write may wait for a grace period, and no kill ends its wait",
		.init		= init_percpu_rwsem,
		.destroy	= destroy_percpu_rwsem,
		.lock		= { lock_percpu_read, lock_percpu_write },
		.unlock		= { unlock_percpu_read, unlock_percpu_write },
		WORDS
	}, {
		.entry.name	= "atomic",
		.promise	= "no lock: one atomic64 that all CPUs share",
		.one_word	= true,
		.init		= init_atomic,
		.update		= update_atomic,
		.read		= read_atomic,
		.value		= value_of_atomic,
	}, {
		.entry.name	= "percpu",
		.promise	= "no lock: each CPU has its own word; a reader sums all",
		.one_word	= true,
		.init		= init_percpu,
		.destroy	= destroy_percpu,
		.update		= update_percpu,
		.read		= read_percpu,
		.value		= value_of_percpu,
	},
};

const struct hello_table hello_counter_table = HELLO_TABLE(hello_counter_kinds);

/**
 * hello_counter_find() - find a kind by name
 * @word: the name of a lock of hello_lock_table, or of a kind
 *
 * Return: a number for hello_counter_init(), or -EINVAL.
 */
int hello_counter_find(const char *word)
{
	int lock = hello_table_find(&hello_lock_table, word);
	int kind = hello_table_find(&hello_counter_table, word);

	return lock >= 0 ? lock : kind >= 0 ? hello_lock_table.nr + kind : kind;
}

/**
 * hello_counter_init() - initialize a counter
 * @c: the counter, zeroed but for its pause
 * @kind: a number that hello_counter_find() returned
 *
 * Context: process, may sleep.
 *
 * Return: 0, or -ENOMEM; the caller must call hello_counter_destroy() in any case.
 */
int hello_counter_init(struct hello_counter *c, unsigned int kind)
{
	unsigned int nr = hello_lock_table.nr;

	if (kind >= nr) {
		c->kind = &hello_counter_kinds[kind - nr];
		c->name = c->kind->entry.name;
		c->spins = c->kind->spins;
	} else {
		hello_lock_init(&c->lock, kind, false);
		c->kind = hello_lock_versions(&c->lock) ? &versions : &locked;
		c->name = hello_table_get(&hello_lock_table, kind)->name;
		c->spins = hello_lock_spins(&c->lock);
	}
	return c->kind->init ? c->kind->init(c) : 0;
}

/* Undoes hello_counter_init(), also a failed one; no thread uses the counter. */
void hello_counter_destroy(struct hello_counter *c)
{
	if (c->kind->destroy)
		c->kind->destroy(c);
}
