/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/fuzz/fuzz.h: types and functions of all files of the fuzzer: operations,
 * sequences of them, and the expected state of the device.
 */
#ifndef HELLO_FUZZ_H
#define HELLO_FUZZ_H

#include <errno.h>
#include <linux/hello.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

#define HELLO_DEV	"/dev/hello"
#define HELLO_SYSFS	"/sys/class/misc/hello/"
#define HELLO_DEBUGFS	"/sys/kernel/debug/hello/"
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ARGS		5	/* of an operation */
#define HANDLES		8
#define MAPPINGS	8
#define IN_FLIGHT	4	/* descriptors in a socket */
#define WORD_MAX	128	/* of a value */

/* The value of a call, or a negative errno */
#define RET(call)	({ world.calls++; errno = 0; long long ret_ = (call); ret_ == -1 ? -(long long)errno : ret_; })

/* -- operations and sequences of them (sequence.c) ------------------------ */

struct arg {
	char base;		/* 0, or L(ength), C(apacity), H(uge), to which n is added */
	long long n;
};

struct op {
	const char *name;	/* the first word of its line in a sequence */
	const char *args;	/* the kind of each argument, see sequence.c */
	int weight;		/* how often sequences have it */
	void (*run)(const struct op *op, const struct arg *arg);
	const char *errnos;	/* in a storm it may fail with these, and ENOMEM and EINTR */
	const void *data;	/* for run() */
};

extern const struct op open_ops[], io_ops[], mapping_ops[], control_ops[], system_ops[];

struct step {
	const struct op *op;
	struct arg arg[ARGS];
};

struct sequence {
	int nr;
	struct step *steps;
};

struct sequence *sequence_random(unsigned long long seed, int nr);
struct sequence *sequence_read(const char *file);
struct sequence *sequence_without(const struct sequence *s, int from, int nr);
void sequence_print(const struct sequence *s, FILE *to, const char *prefix);
void sequence_free(struct sequence *s);

/* -- the expected state (world.c) --------------------------------------- */

/* The tunables; the first ones are the words of a recipe. */
enum { MODE, SIZE, GFP, CONTEXT, NODE, INIT, RECIPE_WORDS, WHEN = RECIPE_WORDS, BUFFER, LOCK, SETTINGS };

struct recipe {
	char word[RECIPE_WORDS][WORD_MAX];
};

struct buffer {
	struct model m;
	struct recipe recipe;
	bool allocated;
	bool emptied;		/* truncated while it was not allocated */
};

/* An open file description; refs are descriptors, mappings and messages. */
struct file {
	int refs;
	bool readable, writable, append;
	enum { NO_NEWS, NEWS, NEWS_UNKNOWN } news;	/* POLLPRI */
	long long pos;
	struct buffer *buffer;
};

struct handle {
	int fd;
	struct file *file;	/* NULL if the handle is free */
};

struct mapping {
	unsigned char *at;
	size_t pages, first;	/* first: page of the buffer */
	int prot;
	bool writable;		/* mprotect() can make it so */
	struct file *file;	/* NULL if it is free */
};

/* The progress and end of a sequence, in memory that the parent shares */
struct outcome {
	long step;		/* where it is */
	long done;		/* operations that made a call */
	long refused;		/* that had no memory */
	bool counts_apart;	/* statistics were reset while buffers were live */
	bool failed;
	char why[512];
};

struct world {
	bool storm;		/* there are other processes: the model is not asked */
	bool wrong;		/* the model forgets to zero a gap, to test the fuzzer */
	bool squeezed;		/* a call may be ENOMEM, and then changes nothing */
	bool user;		/* not root */
	bool node_for_group;	/* the group of the node may open it */
	bool no_sendfile;	/* from a character device */
	char value[SETTINGS][WORD_MAX];
	long long max_opens;
	long long live_at_reset;	/* buffers, at the last reset of the statistics */
	struct buffer shared;
	struct handle handle[HANDLES];
	struct mapping mapping[MAPPINGS];
	int socket[2];
	struct file *in_flight[IN_FLIGHT];
	int nr_in_flight;
	struct outcome *outcome;
	const struct op *op;	/* the current one */
	long calls;		/* made so far */
};

extern struct world world;
extern const char *const setting_names[SETTINGS];

void world_begin(void);
void world_end(void);
struct handle *handle_of(struct arg arg);
struct mapping *mapping_of(struct arg arg);
struct handle *free_handle(void);
struct mapping *free_mapping(void);
struct file *file_new(int flags);
void file_put(struct file *file);
int opens(void);
void live(long long sum[2]);
bool is_shared(const struct file *file);
bool under_rcu(const struct file *file);
long long offset_of(const struct file *file, struct arg arg);
size_t size_of(struct arg arg);
void changed(struct file *by);
void buffer_init(struct buffer *b, const struct recipe *recipe);
void buffer_refill(struct buffer *b);
void settings_recipe(struct recipe *recipe);
void set_word(char to[WORD_MAX], const char *from);
bool recipe_parse(struct recipe *recipe, const char *text);
void learn_allocated(void);
void learn_settings(void);
void learn_buffer(struct handle *h);

/* -- comparisons (oracle.c) ----------------------------------------------- */

__attribute__((noreturn, format(printf, 1, 2))) void differ(const char *fmt, ...);
bool refused(long long got);
void expect(long long got, long long want, const char *what);
void expect_memory(const void *got, const void *want, size_t n, const char *what);
bool device_is_quiet(bool counts_apart, char *why, size_t size);

/* -- files of the kernel (files.c) ---------------------------------------- */

long long file_write(const char *path, const char *text, size_t n);
long long file_text(const char *path, char *text, size_t size);
long long file_number(const char *path);
long long setting_write(const char *name, const char *text);
void setting_read(const char *name, char *text, size_t size);
bool module_load(void);
void device_save(void);
void device_give_back(void);
void device_restore(void);

/* -- running (run.c) and shrinking (shrink.c) ----------------------------- */

int slowness(void);
double now(void);
bool run_sequence(const struct sequence *s, struct outcome *outcome);
bool run_storm(struct sequence **s, int nr, struct outcome *sum);
struct sequence *shrink(const struct sequence *s, bool (*fails)(const struct sequence *s), int seconds);

#endif /* HELLO_FUZZ_H */
