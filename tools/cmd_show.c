// SPDX-License-Identifier: GPL-2.0-only
/*
 * show: prints and draws a saved result again.
 */
#include "curves.h"
#include "file.h"
#include "helloctl.h"
#include "output.h"
#include "plot.h"
#include "result.h"

int cmd_show(int argc, char **argv)
{
	struct result result;
	int ret = argc > 1 ? usage_error("show takes one file") : 0;

	if (!ret && opts.plot)
		ret = plot_check(opts.plot);
	if (!ret && opts.plot && file_same(opts.plot, argv[0]))
		ret = usage_error("--plot would replace %s, the result", argv[0]);
	if (!ret)
		ret = result_load(&result, argv[0]);
	if (ret)
		return ret;
	ret = result_print(&result);
	opts.json = false;	/* standard output has one document: errors go to standard error */
	if (!ret && opts.plot)
		ret = curves_draw(&result, opts.plot);
	result_free(&result);
	return ret;
}
