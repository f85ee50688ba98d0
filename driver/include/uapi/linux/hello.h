/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctls of /dev/hello: what programs and the driver share.
 * Everything else that a program may rely on is in sysfs.
 */
#ifndef _UAPI_LINUX_HELLO_H
#define _UAPI_LINUX_HELLO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The minor of /dev/hello where it is free; 243-254 are for local use. */
#define HELLO_MINOR		247

/* A recipe as text, with its NUL, is never longer than this. */
#define HELLO_RECIPE_MAX	256

/**
 * enum hello_info_flags - what &struct hello_info says of a buffer
 * @HELLO_INFO_SHARED: the buffer is the one that all shared opens see
 * @HELLO_INFO_ALLOCATED: the buffer exists (with ``alloc_when=first_use``, only
 *                        after the first use)
 * @HELLO_INFO_CONTIGUOUS: its memory is physically contiguous; that of
 *                         dma_coherent is so as a device sees it
 * @HELLO_INFO_MAPPABLE: mmap() works on it
 */
enum hello_info_flags {
	HELLO_INFO_SHARED	= 1 << 0,
	HELLO_INFO_ALLOCATED	= 1 << 1,
	HELLO_INFO_CONTIGUOUS	= 1 << 2,
	HELLO_INFO_MAPPABLE	= 1 << 3
};

/**
 * struct hello_info - the buffer behind an open file
 * @size: in: sizeof(struct hello_info) as the caller knows it; out: as the
 *        driver knows it
 * @flags: out: &enum hello_info_flags
 * @id: out: number of this open file, unique until the module is unloaded
 * @capacity: out: size of the buffer in bytes
 * @length: out: bytes of contents, at most @capacity
 * @alloc_ns: out: nanoseconds that the allocator took for it
 * @node: out: NUMA node of its first byte, -1 if there is no buffer yet
 * @reserved: zero
 * @recipe: out: how it was made, e.g. "alloc_mode=kmalloc buffer_size=4096 ..."
 *
 * A larger struct than the driver knows works if its unknown tail is zero
 * (E2BIG otherwise); a smaller one than the first version is EINVAL.
 */
struct hello_info {
	__u32 size;
	__u32 flags;
	__u64 id;
	__u64 capacity;
	__u64 length;
	__u64 alloc_ns;
	__s32 node;
	__u32 reserved;
	char recipe[HELLO_RECIPE_MAX];
};

#define HELLO_INFO_SIZE_VER0	304	/* sizeof the first struct hello_info */

/**
 * struct hello_recipe_request - a recipe for this open file alone
 * @size: sizeof(struct hello_recipe_request) as the caller knows it
 * @reserved: must be zero
 * @recipe: words as in &hello_info.recipe, NUL-terminated; a word not given
 *          keeps its value
 *
 * Sizes follow the rule of &struct hello_info.
 */
struct hello_recipe_request {
	__u32 size;
	__u32 reserved;
	char recipe[HELLO_RECIPE_MAX];
};

#define HELLO_RECIPE_SIZE_VER0	264	/* sizeof the first struct hello_recipe_request */

#define HELLO_IOC_MAGIC		0xE6

/*
 * The structs carry their own size, so the numbers do not.
 *
 * HELLO_IOC_INFO fills a struct hello_info. EFAULT, EINVAL, E2BIG as above.
 *
 * HELLO_IOC_RECIPE replaces the private buffer of this open file. Contents
 * are kept; on failure the old buffer stays as it was:
 *   EINVAL  a word or value is wrong, the recipe cannot work, or the file is shared
 *   ENOSPC  the contents do not fit the new size
 *   EBUSY   the buffer is mapped, or a file opened for writing mapped it meanwhile
 *   ENOMEM  the allocator failed or a cap was reached
 *   EPERM   masks that draw on reserves or zones, dma_coherent that cannot block,
 *           and sizes over a quarter of max_buffer_size need CAP_SYS_RESOURCE;
 *           other contexts than process and init_mode=uninitialized need
 *           CAP_SYS_ADMIN
 */
#define HELLO_IOC_INFO		_IO(HELLO_IOC_MAGIC, 1)
#define HELLO_IOC_RECIPE	_IO(HELLO_IOC_MAGIC, 2)

#endif /* _UAPI_LINUX_HELLO_H */
