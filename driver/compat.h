/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The differences between the kernels 5.10 to 7.3: the newest interfaces,
 * supplied to older kernels. No other file tests a version or a feature.
 */
#ifndef HELLO_COMPAT_H
#define HELLO_COMPAT_H

#include <linux/fs.h>
#ifdef HELLO_HAVE_CPU_DCACHE_IS_ALIASING
#include <linux/cacheinfo.h>
#endif
#include <linux/gfp.h>
#include <linux/mm.h>
#ifdef HELLO_HAVE_PAGE_FRAG_CACHE_H
#include <linux/page_frag_cache.h>
#endif
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

/* 6.2 brought it, and stable releases took it over. */
#ifndef DEFINE_SIMPLE_ATTRIBUTE_SIGNED
#define DEFINE_SIMPLE_ATTRIBUTE_SIGNED DEFINE_SIMPLE_ATTRIBUTE
#endif

/* 6.3 made vma->vm_flags read-only but through these. */
#ifndef HELLO_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma,
				  unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.0 brought ITER_UBUF beside ITER_IOVEC. */
#ifndef HELLO_HAVE_USER_BACKED_ITER
static inline bool user_backed_iter(const struct iov_iter *i)
{
	return iter_is_iovec(i);
}
#endif

/*
 * From 5.16 faulting in returns the bytes that failed, for iterators too. The
 * first segment of an iterator is enough here: the caller needs progress only.
 */
#ifndef HELLO_HAVE_FAULT_IN_READABLE
static inline size_t fault_in_readable(const char __user *uaddr, size_t size)
{
	if (!fault_in_pages_readable(uaddr, size))
		return 0;
	/* It failed if any page is bad; the first one may be good. */
	return fault_in_pages_readable(uaddr, 1) ? size : 0;
}

static inline size_t fault_in_iov_iter_readable(const struct iov_iter *i,
						size_t size)
{
	struct iovec v = iov_iter_iovec(i);

	return fault_in_readable(v.iov_base, min(v.iov_len, size)) ? size : 0;
}
#endif

/*
 * 5.16 brought fault_in_safe_writeable(), which stores nothing. The older
 * functions and fault_in_writeable() store zeros: never use them.
 */
#ifndef HELLO_HAVE_FAULT_IN_SAFE_WRITEABLE
static inline size_t fault_in_safe_writeable(const char __user *uaddr,
					     size_t size)
{
	unsigned long addr = (unsigned long)uaddr;
	unsigned long end = addr + size;
	bool unlocked;

	mmap_read_lock(current->mm);
	while (addr < end && !fixup_user_fault(current->mm, addr,
					       FAULT_FLAG_WRITE, &unlocked))
		addr = (addr & PAGE_MASK) + PAGE_SIZE;
	mmap_read_unlock(current->mm);
	return addr < end ? end - addr : 0;
}

static inline size_t fault_in_iov_iter_writeable(const struct iov_iter *i,
						 size_t size)
{
	struct iovec v = iov_iter_iovec(i);

	return fault_in_safe_writeable(v.iov_base, min(v.iov_len, size)) ?
	       size : 0;
}
#endif

/*
 * From 6.9 the kernel says whether addresses of a page may alias in the data
 * cache. Before, assume so on architectures where some machines do; ARM can tell.
 */
#ifdef HELLO_HAVE_CPU_DCACHE_IS_ALIASING
#define hello_dcache_aliases()	cpu_dcache_is_aliasing()
#elif defined(CONFIG_ARM)
#include <asm/cachetype.h>
#define hello_dcache_aliases()	(cache_is_vivt() || cache_is_vipt_aliasing())
#elif defined(CONFIG_ARC) || defined(CONFIG_CSKY) || defined(CONFIG_M68K) || \
	defined(CONFIG_MIPS) || defined(CONFIG_NDS32) || defined(CONFIG_NIOS2) || \
	defined(CONFIG_PARISC) || defined(CONFIG_SPARC) || \
	defined(CONFIG_SUPERH) || defined(CONFIG_XTENSA)
#define hello_dcache_aliases()	true
#else
#define hello_dcache_aliases()	false
#endif

/* 6.5 replaced the generic splice for files without a page cache. */
#ifndef HELLO_HAVE_COPY_SPLICE_READ
#define copy_splice_read generic_file_splice_read
#endif

/* The name of zap_vma_ptes() in 7.2. */
#ifndef HELLO_HAVE_ZAP_SPECIAL_VMA_RANGE
#define zap_special_vma_range zap_vma_ptes
#endif

/* 6.5 lets a cache refuse to be merged; before, a usercopy window does it. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE 0
#endif

/* The name of system_unbound_wq from 6.17 on; 7.2 warns of the old one. */
#ifndef HELLO_HAVE_SYSTEM_DFL_WQ
#define system_dfl_wq system_unbound_wq
#endif

/* 6.9 brought this call; 6.13 moved it to page_frag_cache.h. */
#if !defined(HELLO_HAVE_PAGE_FRAG_CACHE_DRAIN) && \
	!defined(HELLO_HAVE_PAGE_FRAG_CACHE_H)
static inline void page_frag_cache_drain(struct page_frag_cache *nc)
{
	if (nc->va)
		__page_frag_cache_drain(virt_to_head_page(nc->va),
					nc->pagecnt_bias);
	nc->va = NULL;
}
#endif

/* From 5.18 on; the table says why it is missing. */
#ifndef HELLO_HAVE_VMALLOC_HUGE
#define vmalloc_huge __vmalloc
#define arch_vmap_pte_supported_shift(size) PAGE_SHIFT
#define HELLO_NO_VMALLOC_HUGE "this kernel has no vmalloc_huge()"
#elif !defined(CONFIG_HAVE_ARCH_HUGE_VMALLOC)
#define HELLO_NO_VMALLOC_HUGE "vmalloc has no huge pages on this architecture"
#else
#define HELLO_NO_VMALLOC_HUGE NULL
#endif

/* From 5.13 on; 6.14 gave it this name. */
#ifdef HELLO_HAVE_ALLOC_PAGES_BULK_ARRAY
#define alloc_pages_bulk alloc_pages_bulk_array
#endif
#ifdef alloc_pages_bulk
#define HELLO_BULK_PAGE_SIZE PAGE_SIZE
#define HELLO_NO_ALLOC_PAGES_BULK NULL
#else
#define alloc_pages_bulk(gfp, n, pages) 0UL
#define HELLO_BULK_PAGE_SIZE 0
#define HELLO_NO_ALLOC_PAGES_BULK "this kernel has no alloc_pages_bulk()"
#endif

/* 6.9 brought workqueues that run in softirq, to replace tasklets. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define HELLO_BH_WORKQUEUE
#endif

/* Before 5.11 a page that is charged to a cgroup cannot be mapped. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#define HELLO_CHARGED_IF_MAPPABLE HELLO_CHARGED
#else
#define HELLO_CHARGED_IF_MAPPABLE 0
#endif

/* 6.10 dropped the second argument of __assign_str(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define hello_assign_str(dst, src) __assign_str(dst)
#else
#define hello_assign_str(dst, src) __assign_str(dst, src)
#endif

#endif /* HELLO_COMPAT_H */
