/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The facts of helloctl grade: how one is checked, and the helpers of the checks.
 */
#ifndef HELLOCTL_GRADE_H
#define HELLOCTL_GRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A device has these or lacks them. The first facts find out which. */
enum trait {
	READS,		/* a read ends by itself, without an error */
	ENDS,		/* reads come to an end */
	WRITES,		/* writes are allowed here, and one took bytes */
	STORES,		/* written bytes can be read */
	ADVANCES,	/* a read goes on where the last one ended */
	FOLLOWS,	/* a write goes on where the last one ended */
	POSITIONS,	/* pread(2) works */
	PLACES,		/* pwrite(2) works */
	SEEKS,		/* lseek(2) moves the position */
	APPENDS,	/* O_APPEND works */
	PROMPT_READ,	/* O_NONBLOCK works */
	PROMPT_WRITE,
	SECOND,		/* a second open works while the first is open */
	PRIVATE,	/* ... and does not see the bytes of the first */
	SHARED,		/* ... and sees them */
	CAPACITY,	/* writes stop somewhere below GRADE_CAPACITY_MAX */
	MAPS,		/* mmap(2) works */
	TRAITS
};

#define NEEDS(trait)	(1U << (trait))

struct fact {
	const char *name;
	const char *sentence;
	const char *harm;	/* what a user suffers if the fact does not hold */
	const char *lesson;	/* a file of Documentation/lessons, without .rst */
	unsigned int needs;
	void (*check)(void);	/* runs in a process of its own; returns if the fact holds */
};

/* Each table ends with an entry without a name. They are checked in this order. */
extern const struct fact grade_kind_facts[], grade_read_facts[], grade_seek_facts[],
	grade_memory_facts[], grade_wait_facts[], grade_write_facts[], grade_share_facts[],
	grade_compat_facts[], grade_limit_facts[], grade_map_facts[], grade_last_facts[];

#define GRADE_CAPACITY_MAX	(64UL << 20)
/* Enough to read that many bytes in pages */
#define GRADE_CALLS_MAX		20000
/* A process that SIGKILL does not end until then is stuck. */
#define GRADE_KILL_SECONDS	20
/* Written by most facts: few drivers hold less. */
#define GRADE_BYTES		16
#define GRADE_TEXT		256

/* Memory that all processes of the grade share. */
struct grade {
	const char *path;
	bool destroy;			/* facts may write */
	bool has[TRAITS];
	char lacks[TRAITS][GRADE_TEXT];	/* why a trait is missing */
	int read_flags;			/* access mode of a descriptor that can be read, or -1 */
	int write_flags;		/* ... written, or -1 */
	int open_error;			/* errno of the first open that failed */
	int read_error;			/* errno after which no read returned bytes */
	size_t repeats;			/* size of the read that is repeated for ever, or 0 */
	bool endless;			/* reads do not end */
	bool slow;			/* they had not ended when the time was over */
	bool consumes;			/* a read removes the bytes, as from a pipe */
	bool late;			/* the check did not end in its time */
	bool suspicious;		/* ... or died: the device may hang from now on */
	bool stuck;			/* sleeps() returned STUCK */
	bool read_stuck, write_stuck;	/* ... in such a read or write */
	bool read_waits;		/* a read sleeps until there is data */
	bool read_ignores_nonblock;	/* ... also with O_NONBLOCK */
	bool write_waits;		/* a write sleeps until there is room */
	bool mangles;			/* written bytes read back, but not all, or others */
	unsigned long long length;	/* of the contents of a fresh open, if ENDS */
	unsigned long long capacity;	/* if CAPACITY */
	char step[GRADE_TEXT];		/* the call that runs now */
	char finding[GRADE_TEXT];	/* why a fact does not hold or does not apply */
};

extern struct grade *grade;

/* ---- the verdict: both end the process ---- */

__attribute__((format(printf, 1, 2), noreturn))
void not_ok(const char *format, ...);
__attribute__((format(printf, 1, 2), noreturn))
void does_not_apply(const char *format, ...);
/* Fails: the last call returned @got, or -1 with errno, but should have done @want. */
__attribute__((format(printf, 2, 3), noreturn))
void wrong(long long got, const char *want, ...);

/* Returns "returned N", or "failed with" and the errno. */
const char *outcome(long long got);

void trait_set(enum trait trait);
__attribute__((format(printf, 2, 3)))
void trait_lacks(enum trait trait, const char *format, ...);

/* ---- calls on the device; a driver that dies or hangs in one is reported with it ---- */

__attribute__((format(printf, 1, 2)))
void step(const char *format, ...);
/* The fact does not apply if the open fails. Without O_NONBLOCK it may wait. */
int open_node(int flags);
int open_to_read(void);
int open_to_write(void);
/* Returns an access mode in which the device opens, for calls that neither read nor write. */
int any_flags(void);
/* At most 128 KiB. The memory may not be bad. */
ssize_t node_read(int fd, void *to, size_t n);
ssize_t node_pread(int fd, void *to, size_t n, off_t at);
ssize_t node_write(int fd, const void *from, size_t n);
ssize_t node_pwrite(int fd, const void *from, size_t n, off_t at);
off_t node_lseek(int fd, off_t at, int whence);
void node_close(int fd);

/* ---- contents ---- */

/* A descriptor whose next read returns these bytes. */
struct sample {
	int fd;
	bool pread_only;	/* pread(2) at 0 returns them: the position cannot be set */
	bool unknown;		/* a source, whose bytes are not known in advance */
	size_t n;
	unsigned char want[4096];
};

/* Text in which no eight bytes occur twice near each other; byte i depends on @at + i only. */
void fill_pattern(unsigned char *to, size_t n, off_t at);
/* Each fact has its own copy, filled with that text: two different ones. */
extern unsigned char pattern[GRADE_BYTES], other[GRADE_BYTES];
/*
 * Opens the device with known contents, at least @least bytes: writes GRADE_BYTES if the
 * device stores them, or takes what is there. Otherwise the fact does not apply.
 */
struct sample sample_open(size_t least);
/* As sample_open(), but if the position cannot be set, the fact does not apply. */
struct sample sample_open_to_read(size_t least);
/* Stores these bytes. */
struct sample sample_of(const void *bytes, size_t n);
/* Reads from the start of the sample, into exactly this memory: it may be bad. */
ssize_t sample_read(const struct sample *sample, void *to, size_t n);
/* Returns whether @n bytes that were read are those of the sample at @from. */
bool sample_has(const struct sample *sample, const void *got, size_t from, size_t n);
/* Empties a device whose reads remove the bytes. */
void node_drain(void);
/* Opens the device with @n bytes of contents, for reading and writing, at position 0. */
int open_with(const void *contents, size_t n);
/* Reads @n bytes at @at in as many calls as it takes; returns fewer at the end. */
ssize_t read_at(int fd, void *to, size_t n, off_t at);
/* Fails the fact if the contents do not begin with these bytes. */
void expect_contents(int fd, const void *want, size_t n, const char *when);
/* Offsets that hardly any buffer reaches. Cut to 32 bits, some of them are near 0. */
#define FAR_OFFSETS	10
extern const off_t far_offsets[FAR_OFFSETS];
/* Returns the position of the first difference, or @n. */
size_t first_difference(const void *a, const void *b, size_t n);

/* ---- processes and memory ---- */

size_t page_size(void);
/* Anonymous memory; ends the process if there is none. */
unsigned char *memory(size_t n, int prot);
/*
 * Returns the state of a process, a letter of proc(5), 'Z' if there is none, and its line of
 * /proc/PID/stat, which changes when it runs.
 */
#define GRADE_STAT	1024
char process_state(pid_t pid, char line[GRADE_STAT]);
/* Returns true once the process has slept for @tenths of a second; false if it ends. */
bool process_waits(pid_t pid, int tenths);
/* Waits for the end of a child. Returns false after @seconds. */
bool process_ends(pid_t pid, int *status, int seconds);
/* Waits for a child of fork(2). If a signal or its verdict ended it, this process ends likewise. */
void join(pid_t pid);

/*
 * Runs the call in a child. Returns whether it sleeps for good, and is killed; or STUCK if
 * SIGKILL does not end it. A verdict in the child is the verdict of the fact.
 */
enum sleep { AWAKE, ASLEEP, STUCK };
enum sleep sleeps(void (*call)(void));

#endif /* HELLOCTL_GRADE_H */
