// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in /sys/kernel/debug/hello/: what is going on inside, for people.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "alloc.h"
#include "buffer.h"
#include "context.h"
#include "debugfs.h"
#include "experiment.h"
#include "fail.h"
#include "file.h"
#include "gfp.h"
#include "lock.h"
#include "shared.h"
#include "stats.h"

static struct dentry *dir;

/* ---- stats ---- */

/* A row; without a peak where none is kept. */
static void show_sums(struct seq_file *m, const char *name,
		      const struct hello_stats *sum, const char *peak)
{
	u64 n = sum->count[HELLO_STAT_ALLOCATIONS];

	seq_printf(m, "%-12s %11llu %11llu %11llu %12llu %12llu%s %12llu %12llu %9llu %9llu %9llu\n",
		   name, n, sum->count[HELLO_STAT_FREES],
		   sum->count[HELLO_STAT_FAILURES], sum->live_buffers,
		   sum->live_bytes, peak, sum->count[HELLO_STAT_ASKED],
		   sum->count[HELLO_STAT_USABLE], n ? sum->min_ns : 0,
		   n ? div64_u64(sum->count[HELLO_STAT_NS], n) : 0,
		   sum->max_ns);
}

static void show_heading(struct seq_file *m, const char *name, const char *peak)
{
	seq_printf(m, "%-12s %11s %11s %11s %12s %12s%s %12s %12s %9s %9s %9s\n",
		   name, "allocations", "frees", "failures", "live_buffers",
		   "live_bytes", peak, "asked_bytes", "usable_bytes",
		   "min_ns", "mean_ns", "max_ns");
}

static int stats_show(struct seq_file *m, void *unused)
{
	struct hello_stats sum;
	char peak[32];
	unsigned int i;

	seq_puts(m, "version: 1\n");
	show_heading(m, "allocator", "   peak_bytes");
	for (i = 0; i < hello_allocators.nr; i++) {
		hello_stats_sum(i, HELLO_STATS_ALL, &sum);
		snprintf(peak, sizeof(peak), " %12llu", hello_buffer_peak(i));
		show_sums(m, hello_table_get(&hello_allocators, i)->name, &sum,
			  peak);
	}
	seq_putc(m, '\n');
	show_heading(m, "context", "");
	for (i = 0; i < hello_contexts.nr; i++) {
		hello_stats_sum(HELLO_STATS_ALL, i, &sum);
		show_sums(m, hello_table_get(&hello_contexts, i)->name, &sum,
			  "");
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static void show_histogram(struct seq_file *m, int allocator, int context)
{
	struct hello_stats sum;
	unsigned int i;

	hello_stats_sum(allocator, context, &sum);
	if (!sum.count[HELLO_STAT_ALLOCATIONS])
		return;
	for (i = 0; i < HELLO_STATS_BUCKETS; i++)
		if (sum.count[HELLO_STAT_BUCKET + i])
			seq_printf(m, "%-12s %-10s %12llu %12llu\n",
				   hello_table_get(&hello_allocators,
						   allocator)->name,
				   hello_table_get(&hello_contexts,
						   context)->name,
				   1ULL << i, sum.count[HELLO_STAT_BUCKET + i]);
}

static int latency_show(struct seq_file *m, void *unused)
{
	unsigned int a;
	unsigned int c;

	seq_puts(m, "version: 1\n");
	seq_printf(m, "%-12s %-10s %12s %12s\n", "allocator", "context",
		   "from_ns", "allocations");
	for (a = 0; a < hello_allocators.nr; a++)
		for (c = 0; c < hello_contexts.nr; c++)
			show_histogram(m, a, c);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

/* ---- what this kernel offers ---- */

/* One row for each entry: its name, its limits, or why it is missing. */
static void show_table(struct seq_file *m, const struct hello_table *table,
		       const char *heading,
		       void (*show_limits)(struct seq_file *m, unsigned int i))
{
	unsigned int i;

	seq_printf(m, "%s\n", heading);
	for (i = 0; i < table->nr; i++) {
		const struct hello_choice *choice = hello_table_get(table, i);

		seq_printf(m, "%-12s ", choice->name);
		if (choice->missing)
			seq_printf(m, "missing: %s", choice->missing);
		else
			show_limits(m, i);
		seq_putc(m, '\n');
	}
}

static void show_allocator(struct seq_file *m, unsigned int i)
{
	char words[2 * HELLO_GFP_TEXT];

	hello_gfp_print(hello_allocator[i].words, " ", words, sizeof(words));
	seq_printf(m, "%12zu %-10s %-8s %-4s %-7s %s", hello_alloc_max(i),
		   hello_alloc_trait(i, HELLO_CONTIGUOUS),
		   hello_alloc_trait(i, HELLO_MAPPABLE),
		   hello_alloc_trait(i, HELLO_NODE),
		   hello_alloc_trait(i, HELLO_CHARGED), words);
}

static int allocators_show(struct seq_file *m, void *unused)
{
	show_table(m, &hello_allocators,
		   "allocator       max_bytes contiguous mappable node charged gfp_flags",
		   show_allocator);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(allocators);

static void show_context(struct seq_file *m, unsigned int i)
{
	if (hello_context_atomic(i))
		seq_printf(m, "%-6s %9u", "no", HELLO_ATOMIC_MAX);
	else
		seq_printf(m, "%-6s %9s", "yes", "-");
}

static int contexts_show(struct seq_file *m, void *unused)
{
	show_table(m, &hello_contexts, "context      sleeps max_bytes",
		   show_context);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(contexts);

static void show_lock(struct seq_file *m, unsigned int i)
{
	seq_puts(m, hello_lock_kinds[i].promise);
}

static int locks_show(struct seq_file *m, void *unused)
{
	show_table(m, &hello_locks, "lock         promise", show_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(locks);

/* ---- opens ---- */

static void *opens_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&hello_file_list_lock);
	return seq_list_start_head(&hello_file_list, *pos);
}

static void *opens_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &hello_file_list, pos);
}

static void opens_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&hello_file_list_lock);
}

/* comm comes from user space: it shall not break the columns. */
static void plain_comm(char *to, const char *comm)
{
	strscpy(to, comm, TASK_COMM_LEN);
	for (; *to; to++)
		if (!isgraph(*to))
			*to = '_';
}

static int opens_show(struct seq_file *m, void *v)
{
	const struct hello_file *file;
	struct hello_store_info info;
	char recipe[HELLO_RECIPE_MAX];
	char comm[TASK_COMM_LEN];

	if (v == &hello_file_list) {
		seq_puts(m, "id pid comm mode capacity length reads writes bytes_read bytes_written mappings recipe\n");
		return 0;
	}

	file = list_entry(v, struct hello_file, list);
	if (hello_store_info(file->store, &info))
		return -EINTR;
	hello_recipe_print(&info.recipe, recipe, sizeof(recipe));
	plain_comm(comm, file->comm);
	seq_printf(m, "%llu %d %s %s %llu %zu %llu %llu %llu %llu %d %s\n",
		   file->id, file->pid, comm,
		   file->store == &file->own ? "private" : "shared",
		   info.recipe.buffer_size, info.length,
		   READ_ONCE(file->count.reads), READ_ONCE(file->count.writes),
		   READ_ONCE(file->count.bytes_read), READ_ONCE(file->count.bytes_written),
		   info.maps, recipe);
	return 0;
}

static const struct seq_operations opens_sops = {
	.start	= opens_start,
	.next	= opens_next,
	.stop	= opens_stop,
	.show	= opens_show,
};
DEFINE_SEQ_ATTRIBUTE(opens);

/* ---- shared ---- */

static int shared_show(struct seq_file *m, void *unused)
{
	const struct hello_lock_waits *waits = hello_shared_waits();
	struct hello_store_info info;
	char recipe[HELLO_RECIPE_MAX];

	if (hello_shared_look(&info))
		return -EINTR;
	hello_recipe_print(&info.recipe, recipe, sizeof(recipe));
	seq_printf(m, "allocated: %s\n",
		   info.flags & HELLO_INFO_ALLOCATED ? "yes" : "no");
	seq_printf(m, "recipe: %s\n", recipe);
	seq_printf(m, "length: %zu\n", info.length);
	seq_printf(m, "opens: %u\n", hello_shared_users());
	seq_printf(m, "mappings: %d\n", info.maps);
	seq_printf(m, "changes: %llu\n", info.changes);
	seq_printf(m, "lock_mode: %s\n",
		   hello_table_get(&hello_locks, info.lock_mode)->name);
	seq_printf(m, "contended: %d\n", atomic_read(&waits->contended));
	seq_printf(m, "wait_ns: %lld\n", atomic64_read(&waits->wait_ns));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(shared);

/* ---- fail ---- */

/* By hand: simple attributes of older kernels take no -1. */
static ssize_t knob_read(struct file *filp, char __user *user, size_t size,
			 loff_t *pos)
{
	enum hello_fail_knob knob = (uintptr_t)filp->private_data;
	char text[24];
	int len;

	len = scnprintf(text, sizeof(text), "%lld\n", hello_fail_get(knob));
	return simple_read_from_buffer(user, size, pos, text, len);
}

static ssize_t knob_write(struct file *filp, const char __user *user,
			  size_t size, loff_t *pos)
{
	enum hello_fail_knob knob = (uintptr_t)filp->private_data;
	s64 value;
	int err;

	err = kstrtoll_from_user(user, size, 0, &value);
	if (!err)
		err = hello_fail_set(knob, value);
	return err ?: size;
}

static const struct file_operations knob_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= knob_read,
	.write	= knob_write,
};

static void create_knobs(struct dentry *parent)
{
	static const char *const names[] = {
		[HELLO_FAIL_PROBABILITY]	= "probability",
		[HELLO_FAIL_TIMES]		= "times",
		[HELLO_FAIL_NTH]		= "nth",
	};
	uintptr_t i;

	static_assert(ARRAY_SIZE(names) == HELLO_FAIL_KNOBS);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		debugfs_create_file(names[i], 0600, parent, (void *)i,
				    &knob_fops);
}

/* ---- experiment ---- */

/* The order that is being run, or the last answer. */
#define ORDER_MAX	512
#define ANSWER_MAX	SZ_8K

static DEFINE_MUTEX(experiment_mutex);
static char answer[ANSWER_MAX];		/* guarded by experiment_mutex */
static size_t answer_length;

/* One at a time; the answer is then read from its beginning. */
static ssize_t experiment_write(struct file *filp, const char __user *user,
				size_t size, loff_t *pos)
{
	struct seq_buf text;
	char *order;
	int err;

	if (size >= ORDER_MAX)
		return -EINVAL;
	order = memdup_user_nul(user, size);
	if (IS_ERR(order))
		return PTR_ERR(order);

	err = -EBUSY;
	if (!mutex_trylock(&experiment_mutex))
		goto free_order;
	seq_buf_init(&text, answer, sizeof(answer));
	err = hello_experiment_run(order, &text);
	answer_length = seq_buf_used(&text);
	*pos = 0;
	mutex_unlock(&experiment_mutex);
free_order:
	kfree(order);
	return err ?: size;
}

static ssize_t experiment_read(struct file *filp, char __user *user,
			       size_t size, loff_t *pos)
{
	ssize_t ret;

	if (!mutex_trylock(&experiment_mutex))
		return -EBUSY;
	ret = simple_read_from_buffer(user, size, pos, answer, answer_length);
	mutex_unlock(&experiment_mutex);
	return ret;
}

static const struct file_operations experiment_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= experiment_read,
	.write	= experiment_write,
	.llseek	= default_llseek,
};

/* ---- reset ---- */

static ssize_t reset_write(struct file *filp, const char __user *user,
			   size_t size, loff_t *pos)
{
	hello_stats_reset();
	hello_buffer_reset_peaks();
	return size;
}

static const struct file_operations reset_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= reset_write,
};

/**
 * hello_debugfs_init() - make the directory and its files
 *
 * As debugfs wants it, nobody asks whether that worked: the driver does not
 * depend on it. Files that only show are 0400: lockdown closes those that
 * could be written.
 */
void hello_debugfs_init(void)
{
	dir = debugfs_create_dir("hello", NULL);
	debugfs_create_file("stats", 0400, dir, NULL, &stats_fops);
	debugfs_create_file("latency", 0400, dir, NULL, &latency_fops);
	debugfs_create_file("shared", 0400, dir, NULL, &shared_fops);
	debugfs_create_file("allocators", 0400, dir, NULL, &allocators_fops);
	debugfs_create_file("contexts", 0400, dir, NULL, &contexts_fops);
	debugfs_create_file("locks", 0400, dir, NULL, &locks_fops);
	debugfs_create_file("opens", 0400, dir, NULL, &opens_fops);
	debugfs_create_file("experiment", 0600, dir, NULL, &experiment_fops);
	debugfs_create_file("reset", 0200, dir, NULL, &reset_fops);
	create_knobs(debugfs_create_dir("fail", dir));
}

/**
 * hello_debugfs_exit() - remove the files; waits for those who are reading
 */
void hello_debugfs_exit(void)
{
	debugfs_remove(dir);
}
