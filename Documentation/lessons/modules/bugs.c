// SPDX-License-Identifier: GPL-2.0-only
/*
 * bugs: makes one mistake at load, the one that its parameter names. Only for a
 * guest that may crash. The lessons oops, deadlock and races-and-delays run it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "null, overflow, uaf, abba, irq, irqsave, leak or warn");

/* ---- null: a store through a NULL pointer ---- */

static int *nowhere;

static noinline void store_to(int *p)
{
	WRITE_ONCE(*p, 1);
}

/* ---- overflow: a recursion without end; the stack has 16 KiB ---- */

static noinline int recurse(const char *caller)
{
	char frame[512];
	int sum;

	memset(frame, *caller + 1, sizeof(frame));
	OPTIMIZER_HIDE_VAR(caller);
	/* Hides from the compiler that the recursion has no end. */
	sum = caller ? recurse(frame) : 0;
	/* Uses the frame after the call, so that it is no loop. */
	barrier_data(frame);
	return sum + frame[0];
}

/* ---- uaf: a read of freed memory ---- */

static noinline void use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return;
	strscpy(p, "secret", 64);
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	pr_info("the freed object begins with byte %d\n", READ_ONCE(*p));
}

/* ---- abba: two mutexes in both orders; one thread, so nothing deadlocks ---- */

static DEFINE_MUTEX(a);
static DEFINE_MUTEX(b);

static noinline void a_then_b(void)
{
	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
}

static noinline void b_then_a(void)
{
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

/* ---- irq: a lock of an interrupt, taken with interrupts enabled ---- */

static DEFINE_SPINLOCK(counter_lock);
static int counter;

static void count_in_interrupt(struct irq_work *work)
{
	spin_lock(&counter_lock);
	counter++;
	spin_unlock(&counter_lock);
}

static DEFINE_IRQ_WORK(interrupt, count_in_interrupt);

/* An interrupt on this processor between lock and unlock would spin for ever. */
static noinline void count_without_irqsave(void)
{
	spin_lock(&counter_lock);
	counter++;
	spin_unlock(&counter_lock);
}

static noinline void count_with_irqsave(void)
{
	unsigned long flags;

	spin_lock_irqsave(&counter_lock, flags);
	counter++;
	spin_unlock_irqrestore(&counter_lock, flags);
}

/* ---- leak: memory whose only pointer is lost ---- */

static noinline void leak(void)
{
	void *p = vmalloc(1024 * 1024);

	pr_info("lost %p\n", p);
}

static int __init bugs_init(void)
{
	if (!strcmp(bug, "null")) {
		store_to(READ_ONCE(nowhere));
	} else if (!strcmp(bug, "overflow")) {
		pr_info("%d\n", recurse(""));
	} else if (!strcmp(bug, "uaf")) {
		use_after_free();
	} else if (!strcmp(bug, "abba")) {
		a_then_b();
		b_then_a();
	} else if (!strncmp(bug, "irq", 3)) {
		irq_work_queue(&interrupt);
		irq_work_sync(&interrupt);
		if (!strcmp(bug, "irqsave"))
			count_with_irqsave();
		else
			count_without_irqsave();
		pr_info("counted to %d\n", counter);
	} else if (!strcmp(bug, "leak")) {
		leak();
	} else if (!strcmp(bug, "warn")) {
		WARN_ON(counter != 1);
	} else {
		pr_err("there is no bug '%s'; see modinfo\n", bug);
		return -EINVAL;
	}
	return 0;
}

/* Without an exit function a module cannot be unloaded. */
static void __exit bugs_exit(void)
{
}

module_init(bugs_init);
module_exit(bugs_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes a mistake on request");
