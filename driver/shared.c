// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one store that all shared opens use: it outlives the last close, changes
 * its lock while it is not open, and migrates live.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "buffer.h"
#include "settings.h"
#include "shared.h"
#include "store.h"

static struct hello_store store;
static DECLARE_WAIT_QUEUE_HEAD(pollers);

/*
 * Open files that use the store. Not under the store's lock: open() must not
 * wait for a migration.
 */
static unsigned int users;
static DEFINE_SPINLOCK(users_lock);

/* Returns the store; it keeps its lock until hello_shared_detach(). */
struct hello_store *hello_shared_attach(void)
{
	spin_lock(&users_lock);
	/* Pairs with the READ_ONCE() in hello_shared_users(). */
	WRITE_ONCE(users, users + 1);
	spin_unlock(&users_lock);
	return &store;
}

void hello_shared_detach(void)
{
	spin_lock(&users_lock);
	WRITE_ONCE(users, users - 1);
	spin_unlock(&users_lock);
}

/* hello_store_info() of the store, for callers that have not attached. */
void hello_shared_info(struct hello_store_info *info)
{
	hello_store_info(&store, info);
}

/* The number of open files that use the store. */
unsigned int hello_shared_users(void)
{
	return READ_ONCE(users);
}

/**
 * hello_shared_set_lock() - change the type of the lock; contents are kept
 * @lock_type: number in hello_lock_table
 *
 * Return: 0, or -EBUSY if the store is open or mapped.
 */
int hello_shared_set_lock(unsigned int lock_type)
{
	int err = 0;

	spin_lock(&users_lock);
	if (users)
		err = -EBUSY;
	else
		hello_lock_init(&store.lock, lock_type, true);
	spin_unlock(&users_lock);
	return err;
}

/* Never expose stale memory through the shared buffer: zero it. */
static struct hello_recipe zeroed(const struct hello_recipe *recipe)
{
	struct hello_recipe to = *recipe;

	if (to.init_mode == HELLO_INIT_UNINITIALIZED) {
		to.init_mode = HELLO_INIT_ZERO;
		hello_recipe_resolve(&to);
	}
	return to;
}

/**
 * hello_shared_apply() - apply a recipe to the shared buffer
 * @recipe: the new recipe, resolved
 * @live: migrate a buffer that has memory, keeping its init_mode; else only one
 *	  without memory takes the new recipe
 *
 * Return: 0, or an errno of hello_store_replace() and nothing has changed.
 */
int hello_shared_apply(const struct hello_recipe *recipe, bool live)
{
	struct hello_recipe next = zeroed(recipe);
	struct hello_store_info info;

	hello_store_info(&store, &info);
	if (info.flags & HELLO_INFO_ALLOCATED) {
		if (!live)
			return 0;
		next.init_mode = info.recipe.init_mode;
		hello_recipe_resolve(&next);
	}
	if (hello_recipe_same(&info.recipe, &next))
		return 0;
	if (live)
		return hello_store_replace(&store, &next);
	return min(hello_store_discard(&store, &next, false), 0);
}

/**
 * hello_shared_reset() - truncate the shared buffer, and free it if it is unused
 *
 * Return: 0, -EINTR, or -ENOMEM and nothing has changed.
 */
int hello_shared_reset(void)
{
	struct hello_recipe recipe;
	int ret = 0;

	hello_settings_recipe(&recipe);
	recipe = zeroed(&recipe);
	if (!hello_shared_users())
		ret = hello_store_discard(&store, &recipe, true);
	if (!ret)
		ret = hello_store_truncate(&store, U64_MAX);
	return min(ret, 0);
}

/* Initializes the store; the first use allocates. */
void hello_shared_init(unsigned int lock_type,
		       const struct hello_recipe *recipe)
{
	hello_store_init(&store, lock_type, &pollers);
	store.first.mem.recipe = zeroed(recipe);
	hello_store_start(&store);
}

void hello_shared_exit(void)
{
	hello_store_stop(&store);
}
