// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file operations and ioctls of /dev/hello, and the list of its open files.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/hello.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "context.h"
#include "fail.h"
#include "file.h"
#include "gfp.h"
#include "io.h"
#include "settings.h"
#include "shared.h"
#include "text.h"

static struct kmem_cache *files;

/*
 * Limit of the bytes that open() allocates, fills or zeroes in the shared buffer:
 * it runs under misc_mtx, and opens of all misc devices wait.
 */
#define OPEN_MAX	SZ_64K

static atomic_t opens = ATOMIC_INIT(0);
static atomic64_t last_id = ATOMIC64_INIT(0);

/* Open files, and the cursors of readers of debugfs. */
static LIST_HEAD(list);
/*
 * Guards the list. A reader holds it for one file at a time: open() takes it.
 * A mutex: a reader that puts the last reference to a buffer frees it.
 */
static DEFINE_MUTEX(list_mutex);

/* ---- open and close ---- */

/*
 * CAP_SYS_RESOURCE may exceed the cap. Not add and undo: an overshoot would make
 * other opens fail.
 */
static int count_open(u64 max)
{
	int n = atomic_read(&opens);

	do {
		if (unlikely(n >= max) && !capable(CAP_SYS_RESOURCE))
			return -EUSERS;
	} while (unlikely(!atomic_try_cmpxchg(&opens, &n, n + 1)));
	return 0;
}

static int open_private(struct hello_file *file, bool populate)
{
	struct hello_recipe *recipe = &file->own.first.mem.recipe;

	hello_settings_recipe(recipe);
	if (recipe->init_mode == HELLO_INIT_UNINITIALIZED &&
	    !capable(CAP_SYS_ADMIN))
		return -EPERM;
	file->store = &file->own;
	hello_store_start(file->store);
	return populate ? hello_buffer_alloc_mem(&file->own.first) : 0;
}

/* The first use allocates a large buffer, since open() runs under misc_mtx. */
static int open_shared(struct hello_file *file, bool populate)
{
	int err;

	file->store = hello_shared_attach();
	err = populate ? hello_store_populate(file->store, OPEN_MAX) : 0;
	if (err)
		hello_shared_detach();
	return err;
}

static void close_store(struct hello_file *file)
{
	if (file->store == &file->own)
		hello_store_stop(file->store);
	else
		hello_shared_detach();
}

static int hello_open(struct inode *inode, struct file *filp)
{
	bool populate = READ_ONCE(hello_settings.alloc_when) == HELLO_ALLOC_OPEN;
	struct hello_file *file;
	int err;

	/* The VFS would refuse it after this, when O_TRUNC has truncated. */
	if (filp->f_flags & O_DIRECT)
		return -EINVAL;
	err = count_open(READ_ONCE(hello_settings.max_opens));
	if (err)
		return err;

	err = -ENOMEM;
	file = hello_should_fail() ? NULL : kmem_cache_alloc(files, GFP_KERNEL);
	if (!file)
		goto err_uncount;

	if (READ_ONCE(hello_settings.buffer_mode) == HELLO_SHARED)
		err = open_shared(file, populate);
	else
		err = open_private(file, populate);
	if (err)
		goto err_free_file;

	if (filp->f_flags & O_TRUNC && filp->f_mode & FMODE_WRITE)
		err = hello_store_truncate(file->store, OPEN_MAX);
	if (err)
		goto err_close_store;

	file->link.id = atomic64_inc_return(&last_id);
	file->own.changes = READ_ONCE(file->store->changes);
	file->opener = get_pid(task_tgid(current));
	file->reads = (struct hello_io_count) { };
	file->writes = (struct hello_io_count) { };
	filp->private_data = file;
	filp->f_mode |= FMODE_NOWAIT;

	mutex_lock(&list_mutex);
	list_add_tail(&file->link.list, &list);
	mutex_unlock(&list_mutex);
	return 0;

err_close_store:
	close_store(file);
err_free_file:
	kmem_cache_free(files, file);
err_uncount:
	atomic_dec(&opens);
	return err;
}

static int hello_release(struct inode *inode, struct file *filp)
{
	struct hello_file *file = filp->private_data;

	mutex_lock(&list_mutex);
	list_del(&file->link.list);
	mutex_unlock(&list_mutex);

	close_store(file);
	put_pid(file->opener);
	kmem_cache_free(files, file);
	atomic_dec(&opens);
	return 0;
}

/* ---- seek, poll, mmap, fdinfo ---- */

static loff_t hello_llseek(struct file *filp, loff_t off, int whence)
{
	struct hello_file *file = filp->private_data;
	struct hello_store_info info;

	hello_store_info(file->store, &info);
	return generic_file_llseek_size(filp, off, whence,
					info.recipe.buffer_size, info.length);
}

/* Nothing wakes the pollers of private buffers. */
static DECLARE_WAIT_QUEUE_HEAD(private_pollers);

static __poll_t hello_poll(struct file *filp, poll_table *wait)
{
	struct hello_file *file = filp->private_data;
	struct hello_store *store = file->store;
	/* As a regular file: reads and writes never wait. */
	__poll_t mask = EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;

	/* io_uring and aio refuse to poll without a queue. */
	poll_wait(filp, store->wait ?: &private_pollers, wait);
	/* Pairs with wq_has_sleeper(); newer kernels have it in poll_wait(). */
	smp_mb();
	/* No other open file can change a private buffer. */
	if (store != &file->own &&
	    READ_ONCE(store->changes) != READ_ONCE(file->own.changes))
		mask |= EPOLLPRI;
	return mask;
}

static int hello_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct hello_file *file = filp->private_data;

	return hello_store_mmap(file->store, vma, &file->own.changes);
}

static void hello_show_fdinfo(struct seq_file *m, struct file *filp)
{
	struct hello_file *file = filp->private_data;
	struct hello_store_info info;
	char recipe[HELLO_RECIPE_MAX];

	hello_store_info(file->store, &info);
	hello_recipe_print(&info.recipe, recipe, sizeof(recipe));
	seq_printf(m, "hello-id:\t%llu\n", file->link.id);
	seq_printf(m, "hello-recipe:\t%s\n", recipe);
	seq_printf(m, "hello-capacity:\t%llu\n", info.recipe.buffer_size);
	seq_printf(m, "hello-length:\t%zu\n", info.length);
}

/* ---- ioctls ---- */

/* The structs begin with the size that the caller knows. */
static int get_struct(void *to, size_t size, size_t size_ver0,
		      const void __user *arg, u32 *usize)
{
	if (get_user(*usize, (const u32 __user *)arg))
		return -EFAULT;
	if (*usize < size_ver0)
		return -EINVAL;
	if (*usize > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, size, arg, *usize);
}

static int ioctl_info(struct hello_file *file, void __user *arg)
{
	struct hello_store_info info;
	struct hello_info out;
	u32 usize;
	int err;

	BUILD_BUG_ON(sizeof(out) != HELLO_INFO_SIZE_VER0);

	err = get_struct(&out, sizeof(out), HELLO_INFO_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	hello_store_info(file->store, &info);

	out = (struct hello_info) {
		.size		= sizeof(out),
		.flags		= info.flags,
		.id		= file->link.id,
		.capacity	= info.recipe.buffer_size,
		.length		= info.length,
		.alloc_ns	= info.alloc_ns,
		.node		= info.node,
	};
	if (file->store != &file->own)
		out.flags |= HELLO_INFO_SHARED;
	hello_recipe_print(&info.recipe, out.recipe, sizeof(out.recipe));
	if (copy_to_user(arg, &out, min_t(size_t, usize, sizeof(out))))
		return -EFAULT;
	return 0;
}

/* Some changes of the recipe need a capability. */
static int check_capable(const struct hello_recipe *next,
			 const struct hello_recipe *now, u64 max_buffer_size)
{
	bool scarce = hello_alloc_scarce(next) &&
		      (next->gfp_flags != now->gfp_flags || !hello_alloc_scarce(now));
	bool large = next->buffer_size > now->buffer_size &&
		     next->buffer_size > max_buffer_size / 4;
	bool context = next->alloc_context != now->alloc_context &&
		       next->alloc_context != HELLO_CONTEXT_PROCESS;
	bool uninitialized = next->init_mode != now->init_mode &&
			     next->init_mode == HELLO_INIT_UNINITIALIZED;

	if ((scarce || large) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if ((context || uninitialized) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return 0;
}

static int ioctl_recipe(struct hello_file *file, void __user *arg)
{
	struct hello_recipe_request request;
	struct hello_settings settings;
	struct hello_store_info info;
	struct hello_recipe recipe;
	char why[HELLO_WHY_MAX];
	u32 usize;
	int err;

	BUILD_BUG_ON(sizeof(request) != HELLO_RECIPE_SIZE_VER0);

	err = get_struct(&request, sizeof(request), HELLO_RECIPE_SIZE_VER0,
			 arg, &usize);
	if (err)
		return err;
	if (request.reserved ||
	    strnlen(request.recipe, HELLO_RECIPE_MAX) == HELLO_RECIPE_MAX)
		return -EINVAL;
	if (file->store != &file->own)
		return -EINVAL;

	hello_store_info(file->store, &info);
	hello_settings_get(&settings);
	recipe = info.recipe;
	err = hello_recipe_parse(request.recipe, &recipe, why);
	if (!err)
		err = hello_recipe_check(&recipe, settings.max_buffer_size,
					 why);
	if (err) {
		pr_notice_ratelimited("recipe refused: %s\n", why);
		return err;
	}
	err = check_capable(&recipe, &info.recipe, settings.max_buffer_size);
	if (!err)
		err = hello_buffer_prepare(&recipe);
	if (err)
		return err;
	return hello_store_replace(file->store, &recipe);
}

static long hello_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct hello_file *file = filp->private_data;

	switch (cmd) {
	case HELLO_IOC_INFO:
		return ioctl_info(file, (void __user *)arg);
	case HELLO_IOC_RECIPE:
		return ioctl_recipe(file, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

const struct file_operations hello_file_operations = {
	.owner		= THIS_MODULE,
	.open		= hello_open,
	.release	= hello_release,
	.read		= hello_io_read,
	.write		= hello_io_write,
	.read_iter	= hello_io_read_iter,
	.write_iter	= hello_io_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.llseek		= hello_llseek,
	.poll		= hello_poll,
	.mmap		= hello_mmap,
	.fsync		= noop_fsync,
	.unlocked_ioctl	= hello_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.show_fdinfo	= hello_show_fdinfo,
};

/* The number of open files. */
unsigned int hello_file_opens(void)
{
	return atomic_read(&opens);
}

/* ---- listing ---- */

/**
 * hello_file_rewind() - begin to list the open files, or begin again
 * @cursor: zeroed, or in the list; moved before the first file
 */
void hello_file_rewind(struct hello_file_cursor *cursor)
{
	mutex_lock(&list_mutex);
	if (cursor->link.list.next)
		list_del(&cursor->link.list);
	list_add(&cursor->link.list, &list);
	cursor->newest = atomic64_read(&last_id);
	mutex_unlock(&list_mutex);
}

/*
 * The file after a cursor, or NULL. Leaves out files opened since the listing
 * began: a slow reader would never reach the end. Caller must hold list_mutex.
 */
static struct hello_file *file_after(const struct hello_file_cursor *cursor)
{
	const struct hello_file_link *link = &cursor->link;

	lockdep_assert_held(&list_mutex);
	list_for_each_entry_continue(link, &list, list) {
		if (link->id > cursor->newest)
			break;
		if (link->id)
			return container_of(link, struct hello_file, link);
	}
	return NULL;
}

/* Returns false if the process has ended. */
static bool copy_comm(char *to, struct pid *pid)
{
	const struct task_struct *task;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	if (task)
		strscpy(to, task->comm, TASK_COMM_LEN);
	rcu_read_unlock();
	return task;
}

/**
 * hello_file_next() - describe the file after a cursor, and move the cursor
 * @cursor: in the list
 * @info: the description
 *
 * O(1), however many files are open.
 *
 * Return: false at the end of the list.
 */
bool hello_file_next(struct hello_file_cursor *cursor,
		     struct hello_file_info *info)
{
	struct hello_buffer *buffer = NULL;
	struct hello_file *file;

	mutex_lock(&list_mutex);
	file = file_after(cursor);
	if (file) {
		*info = (struct hello_file_info) {
			.id	= file->link.id,
			.pid	= pid_nr(file->opener),
			.shared	= file->store != &file->own,
			/* Counts are exact when the file is idle. */
			.reads	= data_race(file->reads),
			/* as above */
			.writes	= data_race(file->writes),
		};
		info->gone = !copy_comm(info->comm, file->opener);
		buffer = hello_store_peek(file->store, &info->store);
		list_move(&cursor->link.list, &file->link.list);
		/* It is part of the file, which may be freed once unlocked. */
		if (!buffer->own_header) {
			hello_buffer_put(buffer);
			buffer = NULL;
		}
	}
	mutex_unlock(&list_mutex);
	/* Unlocked: the last put frees, and open() waits for list_mutex. */
	hello_buffer_put(buffer);
	return file;
}

/* Ends a listing; the cursor is zeroed or in the list. */
void hello_file_done(struct hello_file_cursor *cursor)
{
	mutex_lock(&list_mutex);
	if (cursor->link.list.next)
		list_del(&cursor->link.list);
	mutex_unlock(&list_mutex);
}

/* ---- init and exit ---- */

/* Slab constructor: this state survives close(). */
static void construct(void *object)
{
	struct hello_file *file = object;

	hello_store_init(&file->own, HELLO_LOCK_MUTEX, NULL);
}

int hello_file_init(void)
{
	files = kmem_cache_create("hello_file", sizeof(struct hello_file), 0,
				  SLAB_ACCOUNT, construct);
	return files ? 0 : -ENOMEM;
}

void hello_file_exit(void)
{
	kmem_cache_destroy(files);
}
