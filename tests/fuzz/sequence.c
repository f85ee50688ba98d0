// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/sequence.c: sequences of operations: the table of all operations, random
 * sequences, and their text, which has one operation with its arguments on a line.
 */
#include <ctype.h>
#include <limits.h>

#include "fuzz.h"

static const struct op *const tables[] = { open_ops, io_ops, mapping_ops, control_ops, system_ops };

#define FOR_EACH_OP(op)							\
	for (size_t t_ = 0; t_ < ARRAY_SIZE(tables); t_++)		\
		for (const struct op *op = tables[t_]; op->name; op++)

static const struct op *op_find(const char *name)
{
	FOR_EACH_OP(op)
		if (!strcmp(op->name, name))
			return op;
	return NULL;
}

static const struct op *op_random(unsigned long long *state)
{
	int sum = 0, nth;

	FOR_EACH_OP(op)
		sum += op->weight;
	nth = model_random(state) % sum;
	FOR_EACH_OP(op) {
		nth -= op->weight;
		if (nth < 0)
			return op;
	}
	abort();
}

static unsigned long long below(unsigned long long *state, unsigned long long n)
{
	return model_random(state) % n;
}

/*
 * The kinds of arguments:
 *   h  a handle or a mapping
 *   n  a size
 *   o  an offset, near a boundary or not
 *   k  a choice; the operation knows of what
 *   s  a seed for a mutation
 */
static struct arg arg_random(char kind, unsigned long long *state)
{
	static const char bases[] = "LLLCCCH";
	struct arg a = { 0 };

	switch (kind) {
	case 'h':
		a.n = below(state, HANDLES);
		break;
	case 'n':
		switch (below(state, 8)) {
		case 0 ... 4:
			a.n = below(state, 300);
			break;
		case 5:
			a.n = 4096 * (1 + below(state, 20)) + below(state, 9) - 4;
			break;
		case 6:
			a.n = below(state, 10000);
			break;
		default:
			a.n = below(state, MODEL_MAX);
		}
		break;
	case 'o':
		a.n = below(state, 9) - 4;
		switch (below(state, 8)) {
		case 0 ... 2:
			a.base = bases[below(state, sizeof(bases) - 1)];
			break;
		case 3:
			a.n += 4096 * below(state, 20);
			break;
		case 4:
			a.n += below(state, 2) * 65536;
			break;
		case 5:
			a.n = below(state, MODEL_MAX);
			break;
		default:
			a.n = below(state, 5000);
		}
		break;
	case 'k':
		a.n = below(state, 256);
		break;
	case 's':
		a.n = below(state, 1U << 31);
		break;
	}
	return a;
}

/* Sets these first: later a change often finds the buffer in use. */
static const int first_settings[] = { MODE, SIZE, INIT, WHEN, BUFFER, LOCK };

struct sequence *sequence_random(unsigned long long seed, int nr)
{
	struct sequence *s = malloc(sizeof(*s));
	unsigned long long state = seed * 0x9e3779b97f4a7c15ULL | 1;

	s->nr = nr;
	s->steps = calloc(nr, sizeof(*s->steps));
	for (int nth = 0; nth < nr; nth++) {
		struct step *step = &s->steps[nth];
		bool first = nth < (int)ARRAY_SIZE(first_settings);

		step->op = first ? op_find("set") : op_random(&state);
		for (int i = 0; step->op->args[i]; i++)
			step->arg[i] = arg_random(step->op->args[i], &state);
		if (first)
			step->arg[0].n = first_settings[nth];
	}
	return s;
}

/* A copy that lacks nr steps */
struct sequence *sequence_without(const struct sequence *s, int from, int nr)
{
	struct sequence *copy = malloc(sizeof(*copy));

	copy->nr = s->nr - nr;
	copy->steps = calloc(copy->nr + 1, sizeof(*copy->steps));
	memcpy(copy->steps, s->steps, from * sizeof(*s->steps));
	memcpy(copy->steps + from, s->steps + from + nr, (copy->nr - from) * sizeof(*s->steps));
	return copy;
}

void sequence_free(struct sequence *s)
{
	free(s->steps);
	free(s);
}

void sequence_print(const struct sequence *s, FILE *to, const char *prefix)
{
	for (const struct step *step = s->steps; step < s->steps + s->nr; step++) {
		fprintf(to, "%s%s", prefix, step->op->name);
		for (int i = 0; step->op->args[i]; i++)
			if (step->arg[i].base)
				fprintf(to, " %c%+lld", step->arg[i].base, step->arg[i].n);
			else
				fprintf(to, " %lld", step->arg[i].n);
		fprintf(to, "\n");
	}
}

static bool step_read(struct step *step, char *line)
{
	char *save = NULL, *word = strtok_r(line, " \n", &save);

	step->op = op_find(word);
	if (!step->op)
		return false;
	for (int i = 0; step->op->args[i]; i++) {
		word = strtok_r(NULL, " \n", &save);
		if (!word)
			return false;
		if (isupper(*word))
			step->arg[i].base = *word++;
		step->arg[i].n = strtoll(word, NULL, 10);
	}
	return !strtok_r(NULL, " \n", &save);
}

/* A line that begins with # is a comment. Returns NULL after a message. */
struct sequence *sequence_read(const char *file)
{
	struct sequence *s = calloc(1, sizeof(*s));
	FILE *f = fopen(file, "re");
	char line[256], copy[256];

	if (!f) {
		fprintf(stderr, "fuzz: %s: %s\n", file, strerror(errno));
		return NULL;
	}
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		s->steps = reallocarray(s->steps, s->nr + 1, sizeof(*s->steps));
		memset(&s->steps[s->nr], 0, sizeof(*s->steps));
		strcpy(copy, line);
		if (!step_read(&s->steps[s->nr++], copy)) {
			fprintf(stderr, "fuzz: %s has no operation: %s", file, line);
			return NULL;
		}
	}
	fclose(f);
	return s;
}
