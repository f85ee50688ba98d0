/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one store that all shared opens use.
 */
#ifndef HELLO_SHARED_H
#define HELLO_SHARED_H

#include <linux/types.h>

struct hello_recipe;
struct hello_store;
struct hello_store_info;

struct hello_store *hello_shared_attach(void);
void hello_shared_detach(void);
void hello_shared_info(struct hello_store_info *info);
unsigned int hello_shared_users(void);

int hello_shared_set_lock(unsigned int lock_type);
int hello_shared_apply(const struct hello_recipe *recipe, bool live);
int hello_shared_reset(void);

void hello_shared_init(unsigned int lock_type,
		       const struct hello_recipe *recipe);
void hello_shared_exit(void);

#endif /* HELLO_SHARED_H */
