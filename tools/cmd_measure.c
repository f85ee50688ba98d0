// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure, race: sweep the driver's experiments; print, draw and keep the result.
 */
#include <stddef.h>

#include "curves.h"
#include "file.h"
#include "helloctl.h"
#include "output.h"
#include "plot.h"
#include "result.h"
#include "sweep.h"

/* Refuses wrong targets and columns before the sweep, which may take minutes. */
static int check_options(void)
{
	int ret = opts.plot ? plot_check(opts.plot) : 0;

	if (!ret && opts.plot && opts.save && file_same(opts.plot, opts.save))
		ret = usage_error("--save and --plot name the same file, %s", opts.save);
	if (!ret && opts.save)
		ret = result_check_target(opts.save);
	return ret ? ret : check_output();
}

static int measure(int rows, const char *kind, char **argv, const char *const *defaults)
{
	struct result result;
	int ret = check_options(), saved = 0;
	bool json = opts.json;

	if (ret)
		return ret;
	result_init(&result, rows);
	ret = sweep_run(&result, rows, kind, argv, defaults);
	if (!ret && rows == RESULT_MEASURE)
		curves_compare(&result);
	/* a full disk must not lose the rows: they are printed even if they are not saved */
	opts.json = false;	/* standard output has one document: errors go to standard error */
	if (!ret && opts.save)
		saved = result_save(&result, opts.save);
	opts.json = json;
	if (!ret)
		ret = result_print(&result);
	opts.json = false;
	if (!ret && opts.plot)
		ret = curves_draw(&result, opts.plot);
	result_free(&result);
	return ret ? ret : saved;
}

int cmd_measure(int argc, char **argv)
{
	static const char *const defaults[] = {
		"alloc_mode=kmalloc,vmalloc", "gfp_flags=GFP_KERNEL", "alloc_context=process",
		"count=50", "buffer_size=64..4M", NULL,
	};

	return measure(RESULT_MEASURE, "alloc", argv, defaults);
}

int cmd_race(int argc, char **argv)
{
	static const char *const defaults[] = {
		"count=20000", "lock_mode=none,all", "reads=0,50,90,99,100", NULL,
	};

	return measure(RESULT_RACE, "lock", argv, defaults);
}
