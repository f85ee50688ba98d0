// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in /sys/kernel/debug/hello/: the state of the driver, for people.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "alloc.h"
#include "buffer.h"
#include "context.h"
#include "counter.h"
#include "debugfs.h"
#include "experiment.h"
#include "experiment_alloc.h"
#include "experiment_lock.h"
#include "fail.h"
#include "file.h"
#include "gfp.h"
#include "lock.h"
#include "shared.h"
#include "stats.h"
#include "text.h"

/* ---- stats and latency ---- */

static void show_sums(struct seq_file *m, const char *name, int allocator,
		      int context)
{
	struct hello_stats sum;
	const u64 *count = sum.count;
	u64 n;

	hello_stats_sum(allocator, context, &sum);
	n = count[HELLO_STAT_ALLOCATIONS];
	seq_printf(m, "%-12s %11llu %11llu %11llu %12llu %12llu", name, n,
		   count[HELLO_STAT_FREES], count[HELLO_STAT_FAILURES],
		   sum.live_buffers, sum.live_bytes);
	/* Peaks are kept by allocator alone. */
	if (context == HELLO_STATS_ALL)
		seq_printf(m, " %12llu", hello_buffer_peak(allocator));
	seq_printf(m, " %12llu %12llu %9llu %9llu %9llu\n",
		   count[HELLO_STAT_ASKED], count[HELLO_STAT_USABLE],
		   n ? sum.min_ns : 0,
		   n ? div64_u64(count[HELLO_STAT_NS], n) : 0, sum.max_ns);
}

static int stats_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	seq_puts(m, "version: 1\nallocator    allocations       frees    failures live_buffers   live_bytes   peak_bytes  asked_bytes usable_bytes    min_ns   mean_ns    max_ns\n");
	for (i = 0; i < hello_allocator_table.nr; i++)
		show_sums(m, hello_table_get(&hello_allocator_table, i)->name, i,
			  HELLO_STATS_ALL);
	seq_puts(m, "\ncontext      allocations       frees    failures live_buffers   live_bytes  asked_bytes usable_bytes    min_ns   mean_ns    max_ns\n");
	for (i = 0; i < hello_context_table.nr; i++)
		show_sums(m, hello_table_get(&hello_context_table, i)->name,
			  HELLO_STATS_ALL, i);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static void show_histogram(struct seq_file *m, int allocator, int context)
{
	struct hello_stats sum;
	unsigned int i;

	hello_stats_sum(allocator, context, &sum);
	for (i = 0; i < HELLO_STATS_BUCKETS; i++)
		if (sum.count[HELLO_STAT_BUCKET + i])
			seq_printf(m, "%-12s %-10s %12llu %12llu\n",
				   hello_table_get(&hello_allocator_table, allocator)->name,
				   hello_table_get(&hello_context_table, context)->name,
				   1ULL << i, sum.count[HELLO_STAT_BUCKET + i]);
}

static int latency_show(struct seq_file *m, void *unused)
{
	unsigned int a, c;

	seq_puts(m, "version: 1\nallocator    context         from_ns  allocations\n");
	for (a = 0; a < hello_allocator_table.nr; a++)
		for (c = 0; c < hello_context_table.nr; c++)
			show_histogram(m, a, c);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

/* ---- allocators, contexts, locks ---- */

struct offer {
	const struct hello_table *table;
	const char *heading;
	void (*show_limits)(struct seq_file *m, unsigned int i);
	const struct offer *more;	/* rows of another table under the same heading */
};

/* One row for each entry: its name, and its limits or why it is missing. */
static void show_rows(struct seq_file *m, const struct offer *offer)
{
	unsigned int i;

	for (i = 0; i < offer->table->nr; i++) {
		const struct hello_entry *entry = hello_table_get(offer->table, i);

		seq_printf(m, "%-16s ", entry->name);
		if (entry->missing)
			seq_printf(m, "missing: %s", entry->missing);
		else
			offer->show_limits(m, i);
		seq_putc(m, '\n');
	}
}

static int offer_show(struct seq_file *m, void *unused)
{
	const struct offer *offer = m->private;

	seq_printf(m, "%s\n", offer->heading);
	for (; offer; offer = offer->more)
		show_rows(m, offer);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(offer);

static void show_allocator(struct seq_file *m, unsigned int i)
{
	char words[2 * HELLO_GFP_TEXT];

	hello_gfp_print(hello_allocators[i].words, " ", words, sizeof(words));
	seq_printf(m, "%12zu %-10s %-8s %-4s %-7s %-10s %s", hello_alloc_max(i),
		   hello_alloc_trait(i, HELLO_CONTIGUOUS),
		   hello_alloc_trait(i, HELLO_MAPPABLE),
		   hello_alloc_trait(i, HELLO_NODE),
		   hello_alloc_trait(i, HELLO_CHARGED),
		   i < hello_allocator_table.nr ? "both" : "experiment", words);
}

static void show_context(struct seq_file *m, unsigned int i)
{
	if (hello_context_atomic(i))
		seq_printf(m, "no     %9u", HELLO_ATOMIC_MAX);
	else
		seq_puts(m, "yes            -");
}

static void show_lock(struct seq_file *m, unsigned int i)
{
	seq_printf(m, "both       %s", hello_lock_types[i].promise);
}

static void show_counter(struct seq_file *m, unsigned int i)
{
	seq_printf(m, "experiment %s", hello_counter_kinds[i].promise);
}

static const struct offer allocators = {
	&hello_allocator_table_all,
	"allocator           max_bytes contiguous mappable node charged use        gfp_flags",
	show_allocator
}, contexts = {
	&hello_context_table, "context          sleeps max_bytes", show_context
}, counters = {
	&hello_counter_table, NULL, show_counter
}, locks = {
	&hello_lock_table, "lock             use        promise", show_lock, &counters
};

/* ---- functions ---- */

/* Prints " NAME": the symbol without its module. */
static void show_function(struct seq_file *m, const void *function)
{
	char name[KSYM_SYMBOL_LEN] = "-";

	/* Without symbols it would be an address. */
	if (IS_ENABLED(CONFIG_KALLSYMS))
		snprintf(name, sizeof(name), "%ps", function);
	seq_printf(m, " %.*s", (int)strcspn(name, " "), name);
}

static int functions_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	seq_puts(m, "version: 1\nallocator alloc free\n");
	for (i = 0; i < hello_allocator_table_all.nr; i++) {
		seq_puts(m, hello_allocators[i].entry.name);
		show_function(m, hello_allocators[i].alloc);
		show_function(m, hello_allocators[i].free);
		seq_putc(m, '\n');
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(functions);

/* ---- opens ---- */

/* The state of one reader. */
struct opens {
	struct hello_file_cursor cursor;
	loff_t pos;	/* of row; 0 is the heading */
	bool at_end;
	struct hello_file_info row;
};

static void *opens_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct opens *opens = m->private;

	opens->pos = ++*pos;
	opens->at_end = !hello_file_next(&opens->cursor, &opens->row);
	return opens->at_end ? NULL : opens;
}

/* Continues where the last chunk ended; after a seek, walks from the start. */
static void *opens_start(struct seq_file *m, loff_t *pos)
{
	struct opens *opens = m->private;
	loff_t at = 0;

	if (!*pos || *pos < opens->pos) {
		hello_file_rewind(&opens->cursor);
		opens->pos = 0;
		opens->at_end = false;
	}
	for (at = opens->pos; at < *pos && !opens->at_end;)
		opens_next(m, opens, &at);
	return opens->at_end ? NULL : opens;
}

static void opens_stop(struct seq_file *m, void *v)
{
}

static int opens_show(struct seq_file *m, void *v)
{
	const struct opens *opens = m->private;
	const struct hello_file_info *row = &opens->row;
	char comm[HELLO_TEXT_ESCAPED(TASK_COMM_LEN)];
	char recipe[HELLO_RECIPE_MAX];

	if (!opens->pos) {
		seq_puts(m, "id pid comm mode capacity length reads writes bytes_read bytes_written mappings recipe\n");
		return 0;
	}
	hello_text_escape(comm, sizeof(comm), row->comm);
	hello_recipe_print(&row->store.recipe, recipe, sizeof(recipe));
	seq_printf(m, "%llu %d %s %s %llu %zu %llu %llu %llu %llu %d %s\n",
		   row->id, row->pid, row->gone ? "-" : *comm ? comm : "\"\"",
		   row->shared ? "shared" : "private",
		   row->store.recipe.buffer_size, row->store.length,
		   row->reads.calls, row->writes.calls, row->reads.bytes,
		   row->writes.bytes, row->store.maps, recipe);
	return 0;
}

static const struct seq_operations opens_sops = {
	.start	= opens_start,
	.next	= opens_next,
	.stop	= opens_stop,
	.show	= opens_show,
};

static int opens_open(struct inode *inode, struct file *filp)
{
	return seq_open_private(filp, &opens_sops, sizeof(struct opens));
}

static int opens_release(struct inode *inode, struct file *filp)
{
	struct seq_file *m = filp->private_data;
	struct opens *opens = m->private;

	hello_file_done(&opens->cursor);
	return seq_release_private(inode, filp);
}

static const struct file_operations opens_fops = {
	.owner		= THIS_MODULE,
	.open		= opens_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= opens_release,
};

/* ---- shared ---- */

static int shared_show(struct seq_file *m, void *unused)
{
	struct hello_store_info info;
	char recipe[HELLO_RECIPE_MAX];

	hello_shared_info(&info);
	hello_recipe_print(&info.recipe, recipe, sizeof(recipe));
	seq_printf(m,
		   "allocated: %s\nrecipe: %s\nlength: %zu\nopens: %u\n"
		   "mappings: %d\nchanges: %llu\nlock_mode: %s\n"
		   "contended: %d\nwait_ns: %lld\n",
		   info.flags & HELLO_INFO_ALLOCATED ? "yes" : "no", recipe,
		   info.length, hello_shared_users(), info.maps, info.changes,
		   hello_table_get(&hello_lock_table, info.lock_mode)->name,
		   atomic_read(&hello_lock_waits.contended),
		   atomic64_read(&hello_lock_waits.wait_ns));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(shared);

/* ---- fail ---- */

static int knob_get(void *knob, u64 *value)
{
	*value = hello_fail_get((uintptr_t)knob);
	return 0;
}

static int knob_set(void *knob, u64 value)
{
	return hello_fail_set((uintptr_t)knob, value);
}
DEFINE_SIMPLE_ATTRIBUTE_SIGNED(knob_fops, knob_get, knob_set, "%lld\n");

/* ---- experiment ---- */

#define ORDER_MAX	512
#define ANSWER_MAX	SZ_8K

static const struct hello_experiment_type *const experiments[] = {
	&hello_experiment_alloc, &hello_experiment_lock, NULL
};

/* Held while an experiment runs, for up to ten seconds: only tried. */
static DEFINE_MUTEX(experiment_mutex);

static char last_answer[ANSWER_MAX];
static DEFINE_MUTEX(last_mutex);	/* guards last_answer */

/* The answer to the order of this descriptor, else the last answer of all. */
static int experiment_show(struct seq_file *m, void *unused)
{
	if (m->private) {
		seq_puts(m, m->private);
		return 0;
	}
	if (mutex_is_locked(&experiment_mutex))
		return -EBUSY;
	mutex_lock(&last_mutex);
	seq_puts(m, last_answer);
	mutex_unlock(&last_mutex);
	return 0;
}

static int experiment_open(struct inode *inode, struct file *filp)
{
	return single_open_size(filp, experiment_show, NULL, ANSWER_MAX);
}

static ssize_t experiment_write(struct file *filp, const char __user *user,
				size_t size, loff_t *pos)
{
	struct seq_file *m = filp->private_data;
	char order[ORDER_MAX];
	struct seq_buf answer;
	char *text;
	int err;

	if (size >= sizeof(order))
		return -EINVAL;
	if (copy_from_user(order, user, size))
		return -EFAULT;
	order[size] = '\0';
	text = hello_should_fail() ? NULL : kzalloc(ANSWER_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (!mutex_trylock(&experiment_mutex)) {
		kfree(text);
		return -EBUSY;
	}
	seq_buf_init(&answer, text, ANSWER_MAX);
	err = hello_experiment_run(experiments, order, &answer);
	mutex_lock(&last_mutex);
	strscpy(last_answer, text, sizeof(last_answer));
	mutex_unlock(&last_mutex);
	mutex_unlock(&experiment_mutex);

	mutex_lock(&m->lock);
	kfree(m->private);
	m->private = text;
	mutex_unlock(&m->lock);
	/* The VFS overwrites f_pos on success, and leaves it on failure: set both. */
	seq_lseek(filp, 0, SEEK_SET);
	*pos = 0;
	return err ?: size;
}

static int experiment_release(struct inode *inode, struct file *filp)
{
	struct seq_file *m = filp->private_data;

	kfree(m->private);
	return single_release(inode, filp);
}

static const struct file_operations experiment_fops = {
	.owner		= THIS_MODULE,
	.open		= experiment_open,
	.read		= seq_read,
	.write		= experiment_write,
	.llseek		= seq_lseek,
	.release	= experiment_release,
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

static struct dentry *dir;

/*
 * The driver works without debugfs, so errors are ignored. Files that are only
 * read have mode 0400: lockdown refuses to open a file that could be written.
 */
void hello_debugfs_init(void)
{
	struct dentry *fail;

	dir = debugfs_create_dir("hello", NULL);
	debugfs_create_file("stats", 0400, dir, NULL, &stats_fops);
	debugfs_create_file("latency", 0400, dir, NULL, &latency_fops);
	debugfs_create_file("shared", 0400, dir, NULL, &shared_fops);
	debugfs_create_file("allocators", 0400, dir, (void *)&allocators,
			    &offer_fops);
	debugfs_create_file("contexts", 0400, dir, (void *)&contexts,
			    &offer_fops);
	debugfs_create_file("locks", 0400, dir, (void *)&locks,
			    &offer_fops);
	debugfs_create_file("functions", 0400, dir, NULL, &functions_fops);
	debugfs_create_file("opens", 0400, dir, NULL, &opens_fops);
	debugfs_create_file("experiment", 0600, dir, NULL, &experiment_fops);
	debugfs_create_file("reset", 0200, dir, NULL, &reset_fops);
	fail = debugfs_create_dir("fail", dir);
	debugfs_create_file("probability", 0600, fail,
			    (void *)HELLO_FAIL_PROBABILITY, &knob_fops);
	debugfs_create_file("times", 0600, fail, (void *)HELLO_FAIL_TIMES,
			    &knob_fops);
	debugfs_create_file("nth", 0600, fail, (void *)HELLO_FAIL_NTH,
			    &knob_fops);
}

/* Waits for readers of the files. */
void hello_debugfs_exit(void)
{
	debugfs_remove(dir);
}
