// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/shrink.c: makes a failing sequence short: leaves out ever smaller parts, then
 * pairs of operations, such as an open and its close, then sets arguments to 0, as long as
 * it still fails.
 */
#include <time.h>

#include "fuzz.h"

/*
 * Returns a sequence that fails too; each call of fails() runs one. Begins no run after
 * that many seconds.
 */
struct sequence *shrink(const struct sequence *s, bool (*fails)(const struct sequence *s), int seconds)
{
	struct sequence *best = sequence_without(s, s->nr, 0);
	time_t end = time(NULL) + seconds;
	bool shorter;

	/* Single operations again, as long as that helps */
	for (int part = (best->nr + 1) / 2; part; part = part == 1 && shorter ? 1 : part / 2) {
		shorter = false;
		for (int from = best->nr - part; from > -part && time(NULL) < end; from -= part) {
			int begin = from < 0 ? 0 : from, nr = from < 0 ? from + part : part;
			struct sequence *less = sequence_without(best, begin, nr);

			if (fails(less)) {
				sequence_free(best);
				best = less;
				shorter = true;
			} else {
				sequence_free(less);
			}
			if (from > best->nr)
				from = best->nr;
		}
	}
	for (int i = 0; i < best->nr; i++)
		for (int j = i + 1; j < best->nr && time(NULL) < end; j++) {
			struct sequence *part = sequence_without(best, j, 1);
			struct sequence *less = sequence_without(part, i, 1);

			sequence_free(part);
			if (fails(less)) {
				sequence_free(best);
				best = less;
				i = -1;
				break;
			}
			sequence_free(less);
		}
	for (int i = 0; i < best->nr; i++)
		for (int j = 0; best->steps[i].op->args[j] && time(NULL) < end; j++) {
			struct arg old = best->steps[i].arg[j];

			if (!old.base && !old.n)
				continue;
			best->steps[i].arg[j] = (struct arg){ 0 };
			if (!fails(best))
				best->steps[i].arg[j] = old;
		}
	return best;
}
