/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A counter that threads update and read under a lock of any kind, or without one.
 */
#ifndef HELLO_COUNTER_H
#define HELLO_COUNTER_H

#include <linux/atomic.h>
#include <linux/percpu-rwsem.h>
#include <linux/semaphore.h>
#include <linux/seqlock.h>
#include <linux/types.h>

#include "lock.h"
#include "table.h"

struct hello_counter;
struct hello_counter_version;

/* The two operations: index of all arrays of two here. */
enum hello_counter_op { HELLO_COUNTER_READ, HELLO_COUNTER_UPDATE, HELLO_COUNTER_OPS };

/**
 * struct hello_counter_kind - how threads share a counter
 */
struct hello_counter_kind {
	/** @entry: its name; those of hello_lock_table share two kinds without one */
	struct hello_entry entry;
	/** @promise: one line for users: what it costs readers and updates */
	const char *promise;
	/** @spins: an update must not sleep */
	bool spins;
	/** @one_word: a reader reads one word or a sum, which cannot be torn */
	bool one_word;
	/** @init: returns 0 or -ENOMEM; NULL if a zeroed counter is ready */
	int (*init)(struct hello_counter *c);
	/** @destroy: undo @init, which may have failed; NULL if nothing is to do */
	void (*destroy)(struct hello_counter *c);
	/** @lock: wait until an operation may begin; NULL if it never waits */
	int (*lock[HELLO_COUNTER_OPS])(struct hello_counter *c);
	/** @unlock: undo @lock */
	void (*unlock[HELLO_COUNTER_OPS])(struct hello_counter *c);
	/** @update: add one under the lock; false: the allocation failed */
	bool (*update)(struct hello_counter *c);
	/** @read: true if half an update was seen; counts @retries */
	bool (*read)(struct hello_counter *c, u64 *retries);
	/** @value: the sum of all updates, once they have ended */
	u64 (*value)(const struct hello_counter *c);
};

/**
 * struct hello_counter - two words that an update changes, or one
 */
struct hello_counter {
	/** @kind: its kind */
	const struct hello_counter_kind *kind;
	/** @name: the word for it */
	const char *name;
	/** @spins: an update must not sleep */
	bool spins;
	/** @pause: called in the middle of an update, or NULL */
	void (*pause)(unsigned int amount);
	/** @amount: its argument */
	unsigned int amount;
	/** @first: changed before the pause */
	unsigned long first;
	/** @second: changed after the pause; it is the value */
	unsigned long second;
	union {
		/** @lock: of the kinds in hello_lock_table */
		struct hello_lock lock;
		/** @seqlock: for seqlock */
		seqlock_t seqlock;
		/** @semaphore: for semaphore */
		struct semaphore semaphore;
		/** @percpu_rwsem: for percpu_rwsem */
		struct percpu_rw_semaphore percpu_rwsem;
		/** @atomic: for atomic, in place of the words */
		atomic64_t atomic;
		/** @cells: for percpu, in place of the words */
		unsigned long __percpu *cells;
	};
	/** @version: for rcu, in place of the words */
	struct hello_counter_version __rcu *version;
};

/* The kinds beside those of hello_lock_table. */
extern const struct hello_table hello_counter_table;
extern const struct hello_counter_kind hello_counter_kinds[];

int hello_counter_find(const char *word);
int hello_counter_init(struct hello_counter *c, unsigned int kind);
void hello_counter_destroy(struct hello_counter *c);

#endif /* HELLO_COUNTER_H */
