// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one store that all shared opens have together: it outlives the last
 * close, changes its lock while nobody has it open, and is migrated live.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "buffer.h"
#include "settings.h"
#include "shared.h"
#include "store.h"

static struct hello_store store;

/*
 * Open files that have the store. Under a lock of its own, held for a moment
 * only: open() takes it, and may not wait for a migration.
 */
static unsigned int users;
static DEFINE_SPINLOCK(users_lock);

/**
 * hello_shared_attach() - use the store in an open file
 *
 * Return: the store, until hello_shared_detach().
 */
struct hello_store *hello_shared_attach(void)
{
	spin_lock(&users_lock);
	users++;
	spin_unlock(&users_lock);
	return &store;
}

/**
 * hello_shared_detach() - undo hello_shared_attach()
 */
void hello_shared_detach(void)
{
	spin_lock(&users_lock);
	users--;
	spin_unlock(&users_lock);
}

/**
 * hello_shared_info() - what is in the store, for those who have not attached
 * @info: what is found
 */
void hello_shared_info(struct hello_store_info *info)
{
	hello_store_info(&store, info);
}

/**
 * hello_shared_users() - how many open files have the store
 *
 * Return: the number.
 */
unsigned int hello_shared_users(void)
{
	return READ_ONCE(users);
}

/**
 * hello_shared_set_lock() - guard the store by another lock; contents are kept
 * @lock_type: number in hello_lock_table
 *
 * Return: 0, or -EBUSY if it is open or mapped.
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
static struct hello_recipe clean(const struct hello_recipe *recipe)
{
	struct hello_recipe to = *recipe;

	if (to.init_mode == HELLO_INIT_UNINITIALIZED) {
		to.init_mode = HELLO_INIT_ZERO;
		hello_recipe_resolve(&to);
	}
	return to;
}

/**
 * hello_shared_apply() - make the shared buffer by another recipe
 * @recipe: how
 * @live: migrate memory that exists, whose init_mode stays; else it keeps its
 *	  recipe, and only the next one follows
 *
 * Return: 0, or an errno of hello_store_replace() and nothing has changed.
 */
int hello_shared_apply(const struct hello_recipe *recipe, bool live)
{
	struct hello_recipe next = clean(recipe);
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
 * hello_shared_reset() - empty the shared buffer, and free it if nobody has it
 *
 * Return: 0, -EINTR, or -ENOMEM and nothing has changed.
 */
int hello_shared_reset(void)
{
	struct hello_recipe recipe;
	int ret = 0;

	hello_settings_recipe(&recipe);
	recipe = clean(&recipe);
	if (!hello_shared_users())
		ret = hello_store_discard(&store, &recipe, true);
	if (!ret)
		ret = hello_store_truncate(&store, U64_MAX);
	return min(ret, 0);
}

/**
 * hello_shared_init() - make the store; memory comes with the first use
 * @lock_type: number in hello_lock_table
 * @recipe: how it will be made
 */
void hello_shared_init(unsigned int lock_type,
		       const struct hello_recipe *recipe)
{
	struct hello_recipe first = clean(recipe);

	hello_store_init(&store, lock_type, true);
	hello_store_start(&store, &first);
}

/**
 * hello_shared_exit() - give the buffer back
 */
void hello_shared_exit(void)
{
	hello_store_stop(&store);
}
