/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints. They show no address, and use no %zd: perf up to 6.1 takes it for
 * an int, and shows -28 as 4294967268.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hello

#if !defined(HELLO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HELLO_TRACE_H

#include <linux/tracepoint.h>

#include "compat.h"

TRACE_EVENT(hello_alloc,
	TP_PROTO(const char *recipe, size_t usable, int node, u64 ns),
	TP_ARGS(recipe, usable, node, ns),
	TP_STRUCT__entry(
		__string(recipe, recipe)
		__field(size_t, usable)
		__field(int, node)
		__field(u64, ns)
	),
	TP_fast_assign(
		hello_assign_str(recipe, recipe);
		__entry->usable = usable;
		__entry->node = node;
		__entry->ns = ns;
	),
	TP_printk("%s usable=%lu node=%d ns=%llu", __get_str(recipe),
		  (unsigned long)__entry->usable, __entry->node, __entry->ns)
);

TRACE_EVENT(hello_alloc_failed,
	TP_PROTO(const char *recipe, const char *why),
	TP_ARGS(recipe, why),
	TP_STRUCT__entry(
		__string(recipe, recipe)
		__string(why, why)
	),
	TP_fast_assign(
		hello_assign_str(recipe, recipe);
		hello_assign_str(why, why);
	),
	TP_printk("%s why=%s", __get_str(recipe), __get_str(why))
);

TRACE_EVENT(hello_free,
	TP_PROTO(const char *alloc_mode, size_t size),
	TP_ARGS(alloc_mode, size),
	TP_STRUCT__entry(
		__string(alloc_mode, alloc_mode)
		__field(size_t, size)
	),
	TP_fast_assign(
		hello_assign_str(alloc_mode, alloc_mode);
		__entry->size = size;
	),
	TP_printk("alloc_mode=%s buffer_size=%lu", __get_str(alloc_mode),
		  (unsigned long)__entry->size)
);

DECLARE_EVENT_CLASS(hello_io,
	TP_PROTO(u64 id, size_t req, ssize_t actual, loff_t off),
	TP_ARGS(id, req, actual, off),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(size_t, req)
		__field(ssize_t, actual)
		__field(loff_t, off)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->req = req;
		__entry->actual = actual;
		__entry->off = off;
	),
	TP_printk("id=%llu req=%lu, actual=%ld, off=%lld", __entry->id,
		  (unsigned long)__entry->req, (long)__entry->actual,
		  __entry->off)
);

DEFINE_EVENT(hello_io, hello_read,
	TP_PROTO(u64 id, size_t req, ssize_t actual, loff_t off),
	TP_ARGS(id, req, actual, off)
);

DEFINE_EVENT(hello_io, hello_write,
	TP_PROTO(u64 id, size_t req, ssize_t actual, loff_t off),
	TP_ARGS(id, req, actual, off)
);

TRACE_EVENT(hello_migrate,
	TP_PROTO(const char *from, const char *to, size_t length, int result),
	TP_ARGS(from, to, length, result),
	TP_STRUCT__entry(
		__string(from, from)
		__string(to, to)
		__field(size_t, length)
		__field(int, result)
	),
	TP_fast_assign(
		hello_assign_str(from, from);
		hello_assign_str(to, to);
		__entry->length = length;
		__entry->result = result;
	),
	TP_printk("from=(%s) to=(%s) length=%lu result=%d", __get_str(from),
		  __get_str(to), (unsigned long)__entry->length,
		  __entry->result)
);

TRACE_EVENT(hello_lock_wait,
	TP_PROTO(const char *lock_mode, bool exclusive, u64 ns),
	TP_ARGS(lock_mode, exclusive, ns),
	TP_STRUCT__entry(
		__string(lock_mode, lock_mode)
		__field(bool, exclusive)
		__field(u64, ns)
	),
	TP_fast_assign(
		hello_assign_str(lock_mode, lock_mode);
		__entry->exclusive = exclusive;
		__entry->ns = ns;
	),
	TP_printk("lock_mode=%s exclusive=%d ns=%llu", __get_str(lock_mode),
		  __entry->exclusive, __entry->ns)
);

#endif /* HELLO_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
