// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a function in process context, a workqueue, softirq or hardirq, and
 * waiting for it.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "context.h"

/* A queued call, on the stack of hello_context_detour(). */
struct call {
	void (*fn)(void *arg);
	void *arg;
	struct completion done;
	union {
		struct work_struct work;
		struct tasklet_struct tasklet;
		struct irq_work irq_work;
	};
};

static void finish(struct call *call)
{
	call->fn(call->arg);
	complete(&call->done);
}

static void work_fn(struct work_struct *work)
{
	finish(container_of(work, struct call, work));
}

static void run_on_workqueue(struct call *call, struct workqueue_struct *wq)
{
	INIT_WORK_ONSTACK(&call->work, work_fn);
	queue_work(wq, &call->work);
	flush_work(&call->work);
	destroy_work_on_stack(&call->work);
}

static void run_workqueue(struct call *call)
{
	run_on_workqueue(call, system_dfl_wq);
}

#ifdef HELLO_BH_WORKQUEUE
static void run_softirq(struct call *call)
{
	run_on_workqueue(call, system_bh_wq);
}
#else
static void tasklet_fn(struct tasklet_struct *tasklet)
{
	finish(container_of(tasklet, struct call, tasklet));
}

static void run_softirq(struct call *call)
{
	tasklet_setup(&call->tasklet, tasklet_fn);
	tasklet_schedule(&call->tasklet);
	wait_for_completion(&call->done);
	/* The core accesses the tasklet after its function has returned. */
	tasklet_kill(&call->tasklet);
}
#endif

static void irq_work_fn(struct irq_work *work)
{
	finish(container_of(work, struct call, irq_work));
}

static void run_hardirq(struct call *call)
{
	init_irq_work(&call->irq_work, irq_work_fn);
	irq_work_queue(&call->irq_work);
	wait_for_completion(&call->done);
	/* The core clears its busy bit after the function has returned. */
	irq_work_sync(&call->irq_work);
}

static const struct context {
	struct hello_entry entry;
	bool atomic;	/* must not sleep */
	void (*run)(struct call *call);
} contexts[] = {
	[HELLO_CONTEXT_PROCESS] = {
		/* hello_context_run() calls the function itself. */
		.entry.name = "process",
	}, {
		.entry.name = "workqueue", .run = run_workqueue,
	}, {
		.entry.name = "softirq", .atomic = true, .run = run_softirq,
	}, {
		.entry.name = "hardirq", .atomic = true, .run = run_hardirq,
#ifdef CONFIG_PREEMPT_RT
		.entry.missing = "the allocators sleep on PREEMPT_RT",
#endif
	},
};

static_assert(ARRAY_SIZE(contexts) <= HELLO_CONTEXTS_MAX);

const struct hello_table hello_context_table = HELLO_TABLE(contexts);

/* True for softirq and hardirq, which must not sleep. */
bool hello_context_atomic(unsigned int context)
{
	return contexts[context].atomic;
}

/* Slow path of hello_context_run(): all contexts except process. */
void hello_context_detour(unsigned int context, void (*fn)(void *arg),
			  void *arg)
{
	struct call call = { .fn = fn, .arg = arg };

	init_completion(&call.done);
	contexts[context].run(&call);
}
