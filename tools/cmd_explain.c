// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain: the functions that the kernel calls in one allocation and in one free.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"
#include "tracer.h"

/* Pairs that are traced for each recipe; the one of median duration is shown. */
#define PAIRS	21

/* Calls of a function by the same caller, in one allocation or free. */
struct node {
	char *function;
	unsigned long long calls;
	unsigned long long all_calls;	/* with those below it */
	double ns;
	double net;			/* estimate without the tracer */
	struct node **below;
	size_t count;
};

enum { ALLOC, FREE, PHASES };
static const char *const phases[] = { "alloc", "free" };

struct subject {
	char *words;		/* the order */
	char *label;		/* the words that differ between the recipes */
	char *recipe;		/* complete, as the driver prints it */
	char *function[PHASES];
	unsigned long long untraced[PHASES];	/* median ns without the tracer, at least 1 */
	struct node **samples[PHASES];
	size_t count[PHASES];
	double least;		/* ns of the shortest call */
};

static struct subject *subjects;
static size_t subject_count;

/* ---- trees ---- */

/* NOLINTBEGIN(misc-no-recursion): a tree is as deep as a kernel stack at most. */

static struct node *node_new(const char *function)
{
	struct node *node = checked(calloc(1, sizeof(*node)));

	node->function = text("%s", function);
	return node;
}

static struct node *find_below(const struct node *node, const char *function)
{
	for (size_t i = 0; i < node->count; i++)
		if (!strcmp(node->below[i]->function, function))
			return node->below[i];
	return NULL;
}

static void node_free(struct node *node)
{
	for (size_t i = 0; i < node->count; i++)
		node_free(node->below[i]);
	free(node->below);
	free(node->function);
	free(node);
}

/* Adds @from, or merges it with an earlier call of the function. Consumes @from. */
static void node_add(struct node *node, struct node *from)
{
	struct node *to = find_below(node, from->function);

	if (!to) {
		node->below = array_grow(node->below, node->count, sizeof(*node->below));
		node->below[node->count++] = from;
		return;
	}
	to->calls += from->calls;
	to->all_calls += from->all_calls;
	to->ns += from->ns;
	for (size_t i = 0; i < from->count; i++)
		node_add(to, from->below[i]);
	from->count = 0;
	node_free(from);
}

/* ---- parsing a record ---- */

/* A function that has not ended. Interrupts in it are omitted, and their time. */
struct open_call {
	struct node *node;
	double omitted;
	bool interrupt;
};

/* The calls of one task on one CPU; kernel stacks are 50 calls deep at most. */
struct stack {
	int pid;
	char context;		/* of the outermost call */
	struct open_call calls[64];
	size_t depth;
};

static int level(char context)
{
	return context == '.' ? 0 : context == 's' || context == 'S' ? 1 : 2;
}

/* The tracer has no flag for the function that enters an interrupt. */
static bool is_interrupt(const struct stack *stack, const struct tracer_event *event)
{
	return stack->depth && (level(event->context) > level(stack->context) ||
				!strncmp(event->function, "irq_enter", strlen("irq_enter")));
}

static void drop(struct stack *stack)
{
	while (stack->depth)
		node_free(stack->calls[--stack->depth].node);
}

/* The threads of experiments are hello/0 and so on; other contexts run in any task. */
static void add_sample(struct subject *subject, struct node *node, const struct tracer_event *event)
{
	bool ours = !strncmp(event->comm, "hello/", strlen("hello/")) ||
		    !strstr(subject->recipe, "alloc_context=process");

	for (int i = 0; i < PHASES && ours; i++) {
		if (strcmp(node->function, subject->function[i]))
			continue;
		subject->samples[i] = array_grow(subject->samples[i], subject->count[i],
						 sizeof(*subject->samples[i]));
		subject->samples[i][subject->count[i]++] = node;
		return;
	}
	node_free(node);
}

static void end_call(struct subject *subject, struct stack *stack, const struct tracer_event *event)
{
	struct open_call *call = &stack->calls[--stack->depth], *caller = call - 1;
	struct node *node = call->node;

	node->ns = event->ns - call->omitted;
	for (size_t i = 0; i < node->count; i++)
		node->all_calls += node->below[i]->all_calls;
	if (!node->count && !call->omitted && (!subject->least || node->ns < subject->least))
		subject->least = node->ns;
	if (!stack->depth) {
		add_sample(subject, node, event);
		return;
	}
	caller->omitted += call->interrupt ? event->ns : call->omitted;
	if (call->interrupt)
		node_free(node);
	else
		node_add(caller->node, node);
}

static void begin_call(struct stack *stack, const struct tracer_event *event)
{
	struct open_call *call = &stack->calls[stack->depth];

	if (!stack->depth)
		stack->context = event->context;
	*call = (struct open_call){ node_new(event->function), 0, is_interrupt(stack, event) };
	call->node->calls = call->node->all_calls = 1;
	stack->depth++;
}

/* The buffer overwrites the oldest events: an end without its beginning is one of those. */
static void add_event(struct subject *subject, struct stack *stack, const struct tracer_event *event)
{
	if (event->function && stack->depth == COUNT(stack->calls))
		drop(stack);
	if (event->function)
		begin_call(stack, event);
	if (event->ns >= 0 && stack->depth)
		end_call(subject, stack, event);
}

static void parse(struct subject *subject, FILE *trace)
{
	struct stack *stacks = NULL;
	struct tracer_event event;
	size_t count = 0, i, room = 0;
	char *line = NULL;

	while (getline(&line, &room, trace) > 0) {
		if (!tracer_parse(line, &event))
			continue;
		for (i = 0; i < count && stacks[i].pid != event.pid; i++)
			;
		if (i == count) {
			stacks = array_grow(stacks, count, sizeof(*stacks));
			stacks[count++] = (struct stack){ .pid = event.pid };
		}
		add_event(subject, &stacks[i], &event);
	}
	while (count)
		drop(&stacks[--count]);
	free(stacks);
	free(line);
}

/* ---- running ---- */

/* Returns the rest of the line of @answer that begins with @name, or NULL. */
static char *line_of(const char *answer, const char *name)
{
	char *start = text("\n%s: ", name), *line = strstr(answer, start);

	if (line)
		line = text("%.*s", (int)strcspn(line + strlen(start), "\n"), line + strlen(start));
	free(start);
	return line;
}

/* Returns the median of a line like "alloc_ns: n 9 min 110 mean 123 p50 120". */
static unsigned long long median_of(const char *answer, int phase)
{
	char *name = text("%s_ns", phases[phase]), *line = line_of(answer, name);
	const char *found = line ? strstr(line, " p50 ") : NULL;
	unsigned long long value = found ? strtoull(found + strlen(" p50 "), NULL, 10) : 0;

	free(line);
	free(name);
	return value;
}

/* Runs the experiment. Sets *@answer, which the caller frees, also if that fails. */
static int run(const struct subject *subject, char **answer)
{
	char *order = text("alloc threads=1 pattern=pair count=%d %s", PAIRS, subject->words);
	int error = debugfs_request("experiment", order, answer), ret = 0;

	if (error)
		ret = debugfs_fail("experiment", error);
	else if (!strncmp(*answer, DEBUGFS_REFUSED, strlen(DEBUGFS_REFUSED)))
		ret = fail(*answer + strlen(DEBUGFS_REFUSED), "the driver refuses '%s'", subject->words);
	free(order);
	return ret;
}

/* Gets what the trace does not tell: the recipe, its functions and its cost. */
static int run_untraced(struct subject *subject, struct table *functions)
{
	char *answer, *freed, *mode;
	int ret = run(subject, &answer);

	if (ret)
		goto end;
	for (int i = 0; i < PHASES; i++)
		/* A shorter time than the clock can tell is 0, which has no shares. */
		subject->untraced[i] = median_of(answer, i) ?: 1;
	subject->recipe = line_of(answer, "recipe");
	freed = line_of(answer, "free_ns");
	if (!subject->recipe || !freed || !strncmp(freed, "n 0 ", 4))
		ret = fail("helloctl measure has the number of failures",
			   "the allocations of '%s' fail", subject->words);
	free(freed);
	mode = !ret && subject->recipe ? strstr(subject->recipe, "alloc_mode=") : NULL;
	for (size_t row = 0; mode && row < table_rows(functions); row++) {
		char *word = text("alloc_mode=%s ", table_cell(functions, row, "allocator"));

		for (int i = 0; i < PHASES && !strncmp(mode, word, strlen(word)); i++)
			subject->function[i] = text("%s [hello]", table_cell(functions, row, phases[i]));
		free(word);
	}
	if (!ret && !subject->function[FREE])
		ret = fail("install the helloctl of the module's version",
			   "the driver does not name the functions of '%s'", subject->recipe);
end:
	free(answer);
	return ret;
}

static int shorter_first(const void *a, const void *b)
{
	const struct node *node_a = *(struct node *const *)a, *node_b = *(struct node *const *)b;

	return (node_a->ns > node_b->ns) - (node_a->ns < node_b->ns);
}

static struct node *median(const struct subject *subject, int phase)
{
	return subject->samples[phase][(subject->count[phase] - 1) / 2];
}

static int run_traced(struct subject *subject)
{
	char *names = text("%.*s %.*s", (int)strcspn(subject->function[ALLOC], " "),
			   subject->function[ALLOC], (int)strcspn(subject->function[FREE], " "),
			   subject->function[FREE]);
	char *answer = NULL;
	int ret = tracer_start(names);
	FILE *trace;

	if (!ret)
		ret = run(subject, &answer);
	if (!ret)
		ret = tracer_stop();
	for (unsigned int cpu = 0; !ret && cpu < (unsigned int)sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		trace = tracer_open(cpu);
		if (!trace)
			continue;
		parse(subject, trace);
		fclose(trace);
	}
	for (int i = 0; i < PHASES && !ret; i++) {
		if (!subject->count[i]) {
			ret = fail("lower --depth, or enlarge buffer_size_kb in tracefs",
				   "the trace has no complete %s of '%s'", phases[i], subject->words);
			break;
		}
		qsort(subject->samples[i], subject->count[i], sizeof(*subject->samples[i]), shorter_first);
	}
	free(answer);
	free(names);
	return ret;
}

/* ---- figures ---- */

/* Divides @net among a call and those below it, which cannot take longer together. */
static void estimate_below(struct node *node, double net, double least, double each)
{
	double sum = 0;

	node->net = net;
	for (size_t i = 0; i < node->count; i++) {
		struct node *below = node->below[i];

		below->net = below->ns - below->calls * least - (below->all_calls - below->calls) * each;
		if (below->net < 0)
			below->net = 0;
		sum += below->net;
	}
	for (size_t i = 0; i < node->count; i++)
		estimate_below(node->below[i], node->below[i]->net * (sum > net ? net / sum : 1),
			       least, each);
}

/*
 * The tracer takes time in each call, and in its caller. The shortest call is nearly all
 * tracer. The rest is such that the root takes as long as without the tracer.
 */
static void estimate(struct subject *subject, int phase)
{
	struct node *root = median(subject, phase);
	double rest = root->ns - subject->least - subject->untraced[phase];
	double each = root->all_calls > 1 && rest > 0 ? rest / (root->all_calls - 1) : 0;

	estimate_below(root, subject->untraced[phase], subject->least, each);
}

static double percent(const struct subject *subject, int phase, const struct node *node)
{
	return 100 * node->net / subject->untraced[phase];
}

/* ---- output ---- */

/* Adds the row of a function, then those that it calls: a tree by indentation. */
static void add_rows(struct table *table, int phase, const struct node *const *nodes, size_t depth)
{
	const struct node **below = checked(calloc(subject_count + 1, sizeof(*below)));
	const struct node *first = NULL;
	char *function;

	for (size_t i = 0; i < subject_count && !first; i++)
		first = nodes[i];
	if (!first)
		goto end;
	function = text("%*s%s", (int)(2 * depth), "", depth || subject_count == 1 ? first->function :
			phases[phase]);
	table_add(table, function);
	free(function);
	for (size_t i = 0; i < subject_count; i++) {
		const struct subject *subject = &subjects[i];
		const char *names[] = { "calls", "ns", "share" };
		char *cells[COUNT(names)];

		if (!nodes[i])
			continue;
		cells[0] = text("%llu", nodes[i]->calls);
		cells[1] = text("%.0f", nodes[i]->net);
		cells[2] = text("%.0f%%", percent(subject, phase, nodes[i]));
		for (size_t j = 0; j < COUNT(names); j++) {
			char *column = text("%s%s%s", subject->label, *subject->label ? "_" : "", names[j]);

			table_set(table, column, cells[j]);
			free(column);
			free(cells[j]);
		}
	}
	for (size_t i = 0; i < subject_count; i++) {
		for (size_t j = 0; nodes[i] && j < nodes[i]->count; j++) {
			const char *name = nodes[i]->below[j]->function;
			bool seen = false;

			for (size_t k = 0; k < subject_count; k++) {
				below[k] = nodes[k] ? find_below(nodes[k], name) : NULL;
				seen |= k < i && below[k];
			}
			if (!seen)
				add_rows(table, phase, below, depth + 1);
		}
	}
end:
	free(below);
}

/* For people: a tree of all recipes, whose columns are side by side. */
static int print_trees(void)
{
	const struct node **roots = checked(calloc(subject_count + 1, sizeof(*roots)));
	struct table *tables[PHASES];
	int ret;

	for (int phase = 0; phase < PHASES; phase++) {
		tables[phase] = table_new(phases[phase], "function");
		for (size_t i = 0; i < subject_count; i++)
			roots[i] = median(&subjects[i], phase);
		add_rows(tables[phase], phase, roots, 0);
	}
	ret = tables_print(tables, PHASES);
	for (int phase = 0; phase < PHASES; phase++)
		table_free(tables[phase]);
	free(roots);
	return ret;
}

static void add_facts(struct table *table, const struct subject *subject, int phase,
		      const struct node *node, size_t depth)
{
	char *cells[] = {
		text("%zu", depth), text("%llu", node->calls), text("%.0f", node->net),
		text("%.0f", percent(subject, phase, node)), text("%.0f", node->ns),
	};

	table_add(table, subject->recipe, phases[phase], cells[0], node->function, cells[1], cells[2],
		  cells[3], cells[4]);
	for (size_t i = 0; i < COUNT(cells); i++)
		free(cells[i]);
	for (size_t i = 0; i < node->count; i++)
		add_facts(table, subject, phase, node->below[i], depth + 1);
}

/* NOLINTEND(misc-no-recursion) */

static int print_json(void)
{
	struct table *table = table_new("explain",
					"recipe phase depth function calls ns share traced_ns");

	for (const struct subject *subject = subjects; subject < subjects + subject_count; subject++)
		for (int phase = 0; phase < PHASES; phase++)
			add_facts(table, subject, phase, median(subject, phase), 0);
	return table_print(table);
}

/* ---- the recipes ---- */

/* Multiplies the recipes by the values of NAME=VALUE,... */
static int add_words(char *setting)
{
	size_t before = subject_count, total = 0;
	char *values = strchr(setting, '='), *value;
	struct subject *all = NULL;
	bool several;

	if (!values || values == setting)
		return usage_error("'%s' is not name=value", setting);
	*values++ = 0;
	several = strchr(values, ',');
	while ((value = strsep(&values, ","))) {
		for (size_t i = 0; i < before; i++) {
			const struct subject *old = &subjects[i];
			struct subject new = {
				.words = text("%s%s%s=%s", old->words, *old->words ? " " : "", setting, value),
				.label = text("%s%s%s", old->label, several && *old->label ? "/" : "",
					      several ? value : ""),
			};

			all = array_grow(all, total, sizeof(*all));
			all[total++] = new;
		}
	}
	for (size_t i = 0; i < before; i++) {
		free(subjects[i].words);
		free(subjects[i].label);
	}
	free(subjects);
	subjects = all;
	subject_count = total;
	return 0;
}

static void free_subjects(void)
{
	while (subject_count) {
		struct subject *subject = &subjects[--subject_count];

		for (int i = 0; i < PHASES; i++) {
			while (subject->count[i])
				node_free(subject->samples[i][--subject->count[i]]);
			free(subject->samples[i]);
			free(subject->function[i]);
		}
		free(subject->recipe);
		free(subject->label);
		free(subject->words);
	}
	free(subjects);
}

static int run_all(void)
{
	char *functions = debugfs_read("functions"), *rest = functions;
	struct table *table = NULL;
	int ret = functions ? debugfs_check_version(&rest) : EXIT_FAILED, released;

	if (!ret)
		table = table_parse("functions", &rest);
	for (size_t i = 0; i < subject_count && !ret; i++)
		ret = run_untraced(&subjects[i], table);
	if (!ret) {
		ret = tracer_take(opts.depth);
		for (size_t i = 0; i < subject_count && !ret; i++)
			ret = run_traced(&subjects[i]);
		released = tracer_release();
		ret = ret ? ret : released;
	}
	if (table)
		table_free(table);
	free(functions);
	return ret;
}

int cmd_explain(int argc, char **argv)
{
	int ret = 0;

	subjects = checked(calloc(1, sizeof(*subjects)));
	subjects->words = text("%s", "");
	subjects->label = text("%s", "");
	subject_count = 1;
	while (*argv && !ret)
		ret = add_words(*argv++);
	if (!ret)
		ret = run_all();
	if (!ret) {
		for (size_t i = 0; i < subject_count; i++)
			for (int phase = 0; phase < PHASES; phase++)
				estimate(&subjects[i], phase);
		ret = opts.json ? print_json() : print_trees();
	}
	free_subjects();
	return ret;
}
