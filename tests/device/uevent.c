// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/uevent.c: one change event for each real change of a tunable,
 * and for nothing else, as libudev sees it.
 */
#include <libudev.h>

#include "harness.h"

static struct udev_monitor *monitor;

static void listen_for_events(void)
{
	monitor = udev_monitor_new_from_netlink(udev_new(), "kernel");
	ASSERT(EXPECT(monitor != NULL));
	EXPECT_EQ(udev_monitor_filter_add_match_subsystem_devtype(monitor, "misc", NULL), 0);
	EXPECT_EQ(udev_monitor_enable_receiving(monitor), 0);
}

/* The next event must be this one, with the file's current value. */
static void expect_event(const char *changed)
{
	struct pollfd p = { .fd = udev_monitor_get_fd(monitor), .events = POLLIN };
	struct udev_device *d;
	const char *value;

	ASSERT(report(poll(&p, 1, 20000) == 1, "no event for %s came", changed));
	d = udev_monitor_receive_device(monitor);
	ASSERT(EXPECT(d != NULL));
	EXPECT_STR(udev_device_get_sysname(d), "hello");
	EXPECT_STR(udev_device_get_action(d), "change");
	value = udev_device_get_property_value(d, "HELLO_CHANGED");
	EXPECT_STR(value ? value : "(none)", changed);
	value = udev_device_get_property_value(d, "HELLO_VALUE");
	EXPECT_STR(value ? value : "(none)", get(changed));
	udev_device_unref(d);
}

TEST(every_real_change_sends_one_event_that_names_the_file)
{
	static const char *const changes[][2] = {
		{ "alloc_mode", "vmalloc" }, { "buffer_size", "1M" }, { "gfp_flags", "GFP_USER" }, { "init_mode", "poison" },
		{ "buffer_mode", "shared" }, { "alloc_when", "first_use" }, { "lock_mode", "spinlock" },
		{ "max_buffer_size", "32M" }, { "max_total_size", "48M" }, { "max_opens", "77" },
		{ "max_reserve_size", "64K" }, { "max_uncharged_size", "1M" }, { "alloc_context", "workqueue" },
	};

	listen_for_events();
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CASE("%s", changes[i][0]);
		SET(changes[i][0], changes[i][1]);
		expect_event(changes[i][0]);
	}
}

/* Events are ordered: an event of an earlier store would arrive first. */
TEST(what_changes_nothing_sends_no_event)
{
	listen_for_events();
	for (int i = 0; i < nr_tunables; i++)
		EXPECT_EQ(set(tunables[i].name, get(tunables[i].name)), 0);
	EXPECT_EQ(set("buffer_size", "0x1000"), 0);	/* the same in other words */
	EXPECT_ERRNO(set("alloc_mode", "nonsense"), EINVAL);
	EXPECT_ERRNO(set("buffer_size", "0"), EINVAL);
	EXPECT_EQ(set("reset", "1"), 0);
	close(open_hello(O_RDWR));
	SET("alloc_mode", "vmalloc");
	expect_event("alloc_mode");
	SET("buffer_mode", "shared");
	expect_event("buffer_mode");
	EXPECT_EQ(write(open_hello(O_RDWR), "x", 1), 1);
	SET("alloc_mode", "kmalloc");			/* a migration is one change */
	expect_event("alloc_mode");
	EXPECT_EQ(set("reset", "1"), 0);
	SET("buffer_mode", "private");
	expect_event("buffer_mode");
}
