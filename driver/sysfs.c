// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in /sys/class/misc/hello/: one for each tunable, created from their
 * list, and single statistics.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "buffer.h"
#include "file.h"
#include "gfp.h"
#include "settings.h"
#include "shared.h"
#include "stats.h"
#include "sysfs.h"
#include "text.h"

/* Serializes writes. open() does not take it: a write may migrate. */
static DEFINE_MUTEX(settings_mutex);

/* ---- tunables ---- */

static struct device_attribute tunables[HELLO_NR_TUNABLES];

static ssize_t tunable_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct hello_settings settings;
	int len;

	hello_settings_get(&settings);
	len = hello_field_print(&hello_tunables[attr - tunables], &settings, true,
				buf, PAGE_SIZE - 1);
	buf[len++] = '\n';
	return len;
}

static int check_store(const char *buf, size_t size)
{
	/* Root in a container can write the file without having the capability. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	/* Text after a NUL would be ignored. */
	return strlen(buf) == size ? 0 : -EINVAL;
}

/* Applies settings to the shared buffer, before they are in force. */
static int apply(const struct hello_settings *next,
		 const struct hello_settings *now)
{
	int err;

	err = hello_buffer_prepare(&next->recipe);
	if (err)
		return err;
	err = hello_shared_apply(&next->recipe,
				 now->buffer_mode == HELLO_SHARED &&
				 !hello_recipe_same_memory(&next->recipe,
							   &now->recipe));
	if (!err && next->lock_mode != now->lock_mode)
		err = hello_shared_set_lock(next->lock_mode);
	return err;
}

static void send_uevent(struct device *dev, const char *name, const char *value)
{
	char changed[64];
	char to[sizeof("HELLO_VALUE=") + HELLO_GFP_TEXT];
	char *envp[] = { changed, to, NULL };

	snprintf(changed, sizeof(changed), "HELLO_CHANGED=%s", name);
	snprintf(to, sizeof(to), "HELLO_VALUE=%s", value);
	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, envp);
}

static ssize_t tunable_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t size)
{
	const struct hello_field *tunable = &hello_tunables[attr - tunables];
	struct hello_settings next;
	struct hello_settings now;
	char new_value[HELLO_GFP_TEXT];
	char old_value[HELLO_GFP_TEXT];
	char why[HELLO_WHY_MAX] = "no such value; read the file, or see hello(4)";
	int err;

	err = check_store(buf, size);
	if (err)
		return err;
	if (mutex_lock_killable(&settings_mutex))
		return -EINTR;
	hello_settings_get(&now);
	next = now;
	err = hello_field_parse(tunable, buf, &next);
	if (!err)
		err = hello_settings_check(&next, why);
	if (err) {
		pr_notice_ratelimited("%s: %s\n", attr->attr.name, why);
		goto unlock;
	}
	err = apply(&next, &now);
	if (err)
		goto unlock;
	hello_settings_set(&next);
unlock:
	mutex_unlock(&settings_mutex);
	if (err)
		return err;

	hello_field_print(tunable, &next, false, new_value, sizeof(new_value));
	hello_field_print(tunable, &now, false, old_value, sizeof(old_value));
	if (strcmp(new_value, old_value))
		send_uevent(dev, attr->attr.name, new_value);
	return size;
}

static ssize_t available_gfp_flags_show(struct device *dev,
					struct device_attribute *attr,
					char *buf)
{
	int len = hello_gfp_print(HELLO_GFP_ALL, " ", buf, PAGE_SIZE - 1);

	buf[len++] = '\n';
	return len;
}
static DEVICE_ATTR_RO(available_gfp_flags);

static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t size)
{
	int err;

	err = check_store(buf, size);
	if (err)
		return err;
	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	if (mutex_lock_killable(&settings_mutex))
		return -EINTR;
	err = hello_shared_reset();
	mutex_unlock(&settings_mutex);
	return err ?: size;
}
static DEVICE_ATTR_WO(reset);

/* The tunables, two more, and NULL. */
static struct attribute *main_attrs[HELLO_NR_TUNABLES + 3];

static const struct attribute_group main_group = {
	.attrs	= main_attrs,
};

/* ---- statistics ---- */

#define STAT(name_, value)						\
static ssize_t name_##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct hello_stats sum;						\
									\
	hello_stats_sum(HELLO_STATS_ALL, HELLO_STATS_ALL, &sum);	\
	return sysfs_emit(buf, "%llu\n", (u64)(value));			\
}									\
static DEVICE_ATTR_RO(name_)

STAT(allocations, sum.count[HELLO_STAT_ALLOCATIONS]);
STAT(frees, sum.count[HELLO_STAT_FREES]);
STAT(failures, sum.count[HELLO_STAT_FAILURES]);
STAT(live_buffers, sum.live_buffers);
STAT(live_bytes, sum.live_bytes);
STAT(peak_bytes, hello_buffer_peak(HELLO_STATS_ALL));
STAT(opens, hello_file_opens());
STAT(pinned_bytes, hello_buffer_pinned());

static struct attribute *stats_attrs[] = {
	&dev_attr_allocations.attr,
	&dev_attr_frees.attr,
	&dev_attr_failures.attr,
	&dev_attr_live_buffers.attr,
	&dev_attr_live_bytes.attr,
	&dev_attr_peak_bytes.attr,
	&dev_attr_opens.attr,
	&dev_attr_pinned_bytes.attr,
	NULL
};

static const struct attribute_group stats_group = {
	.name	= "stats",
	.attrs	= stats_attrs,
};

const struct attribute_group *hello_sysfs_groups[] = {
	&main_group,
	&stats_group,
	NULL
};

/* Fills in the attributes of the tunables, before the misc device is registered. */
void hello_sysfs_init(void)
{
	unsigned int i;

	for (i = 0; i < HELLO_NR_TUNABLES; i++) {
		sysfs_attr_init(&tunables[i].attr);
		tunables[i].attr.name = hello_tunables[i].name;
		tunables[i].attr.mode = 0644;
		tunables[i].show = tunable_show;
		tunables[i].store = tunable_store;
		main_attrs[i] = &tunables[i].attr;
	}
	main_attrs[i++] = &dev_attr_available_gfp_flags.attr;
	main_attrs[i] = &dev_attr_reset.attr;
}
