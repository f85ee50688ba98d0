// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in /sys/kernel/debug/hello/: what is going on inside, for people.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "alloc.h"
#include "buffer.h"
#include "context.h"
#include "debugfs.h"
#include "file.h"
#include "gfp.h"
#include "lock.h"
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
		   READ_ONCE(file->reads), READ_ONCE(file->writes),
		   READ_ONCE(file->bytes_read), READ_ONCE(file->bytes_written),
		   atomic_read(&file->store->maps), recipe);
	return 0;
}

static const struct seq_operations opens_sops = {
	.start	= opens_start,
	.next	= opens_next,
	.stop	= opens_stop,
	.show	= opens_show,
};
DEFINE_SEQ_ATTRIBUTE(opens);

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
	debugfs_create_file("opens", 0400, dir, NULL, &opens_fops);
	debugfs_create_file("reset", 0200, dir, NULL, &reset_fops);
}

/**
 * hello_debugfs_exit() - remove the files; waits for those who are reading
 */
void hello_debugfs_exit(void)
{
	debugfs_remove(dir);
}
