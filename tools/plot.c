// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plots the results of measure by gnuplot.
 * Curves differ in line type and points, not only in colour.
 */
#include "plot.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "helloctl.h"
#include "output.h"

/* Own tics: gnuplot would print kiB, us, and 15 us for 16384 ns. */
static const char script[] =
	"set encoding utf8\n"
	"set grid lc rgb '#cccccc' lt 1\n"
	"set tics nomirror out\n"
	"set border 3\n"
	"ns(i) = sprintf('%d %s', 10**(i%3), word('ns µs ms s', i/3+1))\n"
	"size(i) = sprintf('%d %s', 2**(i%10), word('B KiB MiB GiB', i/10+1))\n";

/* Offsets the whiskers of each curve, so that they do not overlap. */
static const char cost_script[] =
	"stats $data using 1 name 'size' nooutput\n"
	"stats $data using 2:3 nooutput\n"
	"set yrange [0.99 * 10**floor(log10(STATS_min_x)):1.01 * 10**ceil(log10(STATS_max_y))]\n"
	"set logscale y 10\n"
	"set logscale x 2\n"
	"set xrange [size_min/1.1:size_max*1.05**(size_blocks+1)]\n"
	"set xtics (size(0) 1)\n"
	"set for [i=2:38:2] xtics add (size(i) 2.0**i)\n"
	"set ytics (ns(0) 1)\n"
	"set for [i=1:10] ytics add (ns(i) 10.0**i)\n"
	"set xlabel 'size of the buffer'\n"
	"set ylabel 'time of one allocation: median to 99th percentile'\n"
	"set key outside bottom center horizontal Left reverse samplen 5 width 1 height 1\n"
	"colour(i) = word('#000000 #0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9', i%7+1)\n"
	"plot for [i=0:*] $data index i using ($1*1.05**(i+1)):2:2:3 with yerrorbars "
	"lc rgb colour(i) pt 0 lw 0.7 notitle, "
	"for [i=0:*] $data index i using 1:2 with linespoints lc rgb colour(i) "
	"dt i%5+1 pt 0+word('7 4 9 2 10 12 5 6 1', i%9+1) ps 1.1 lw 1.6 title columnheader(1)\n";

/* Bars need neither a legend nor colours. */
static const char histogram_script[] =
	"set logscale x 10\n"
	"set xtics (ns(0) 1)\n"
	"set for [i=1:10] xtics add (ns(i) 10.0**i)\n"
	"set xlabel 'time of one allocation'\n"
	"set ylabel 'share of the allocations in % (the heights are logarithmic)'\n"
	"set offsets graph 0.05, graph 0.05, 0, 0\n"
	"set yrange [*:0.95]\n"
	"set style fill solid 0.35 border rgb '#000000'\n"
	"unset key\n"
	"share(n, all) = 100.0*n/all\n"
	"top(i, n, all) = -i + 0.55*(log10(share(n, all))+4)/6\n"
	"plot for [i=0:*] $data index i using 1:(-i):1:($1*2):(-i):(top(i, $2, $3)):ytic(4) "
	"with boxxyerror lc rgb '#555555', "
	"for [i=0:*] $data index i using ($1*1.4):(top(i, $2, $3)):"
	"(sprintf('%.3g', share($2, $3))) with labels offset 0,0.5 font ',11'\n";

/*
 * The throughput above, the waits below; without waits a curve leaves at the bottom. The
 * shares have equal distances: most of what is of interest lies between 90 and 100 %.
 */
static const char shares_script[] =
	"stats $data using 2 name 'rate' nooutput\n"
	"stats $data using ($3 > 10 ? $3 : 10) name 'wait' nooutput\n"
	"low(x) = 10**floor(log10(x))\n"
	"high(x) = 10**ceil(log10(x) + 0.01)\n"
	"at(x) = x < 50 ? x/50.0 : x < 90 ? 1 + (x - 50)/40.0 : x < 99 ? 2 + (x - 90)/9.0 : x - 96\n"
	"set xrange [-0.1:4.1]\n"
	"set xtics ('0' at(0), '50' at(50), '90' at(90), '99' at(99), '100' at(100))\n"
	"set logscale y 10\n"
	"set xlabel 'operations that read, in %'\n"
	"set key outside right top vertical Left reverse samplen 4\n"
	"colour(i) = word('#000000 #0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9', i%7+1)\n"
	"mark(i) = 0+word('7 4 9 2 10 12 5 6 1 8 3', i%11+1)\n"
	"set lmargin 12\n"
	"set rmargin 22\n"
	"set multiplot layout 2,1\n"
	"set format y '%.0s%c'\n"
	"set yrange [low(rate_min):high(rate_max)]\n"
	"set ylabel 'operations in a second'\n"
	"plot for [i=0:*] $data index i using (at($1)):2 with linespoints lc rgb colour(i) "
	"dt i%5+1 pt mark(i) ps 1.1 lw 1.6 title columnheader(1)\n"
	"unset title\n"
	"unset key\n"
	"set yrange [low(wait_min):high(wait_max)]\n"
	"set ytics (ns(0) 1)\n"
	"set for [i=1:10] ytics add (ns(i) 10.0**i)\n"
	"set ylabel '99th percentile of the waits'\n"
	"plot for [i=0:*] $data index i using (at($1)):($3 > 0 ? $3 : 0.01) with linespoints "
	"lc rgb colour(i) dt i%5+1 pt mark(i) ps 1.1 lw 1.6\n"
	"unset multiplot\n";

#define SVG	"svg size 960,%d noenhanced font 'sans,14' background 'white'"
#define PNG	"pngcairo size 1440,%d noenhanced font 'sans,17' linewidth 1.5"

int plot_check(const char *path)
{
	if (!ends_with(path, ".svg") && !ends_with(path, ".png"))
		return usage_error("--plot: the name '%s' does not end in .svg or .png", path);
	return plot_check_gnuplot() ? EXIT_FAILED : file_check(path, NULL);
}

int plot_check_gnuplot(void)
{
	FILE *found = popen("command -v gnuplot >/dev/null", "re");

	if (!found || pclose(found))
		return fail("sudo apt install gnuplot-nox", "there is no gnuplot");
	return 0;
}

/* gnuplot runs commands in backquotes, and expands backslashes. SVG is valid UTF-8. */
char *plot_safe(const char *format, ...)
{
	va_list args;
	char *all, *valid;

	va_start(args, format);
	all = vtext(format, args);
	va_end(args);
	valid = printable(all, FOR_TERMINAL);
	free(all);
	for (char *c = valid; *c; c++)
		if (strchr("\"\\`<>&", *c))
			*c = '?';
	return valid;
}

/* Returns all bytes of a file, or NULL. The caller frees them. */
static char *contents(int fd, size_t *size)
{
	struct stat st;
	char *all;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	*size = st.st_size;
	all = checked(calloc(1, *size + 1));
	if (pread(fd, all, *size, 0) == st.st_size)
		return all;
	free(all);
	return NULL;
}

/* Returns gnuplot's last line: it follows the command and a mark of the place, or is NULL. */
static char *last_line(char *said)
{
	char *line, *last = NULL;

	while ((line = strsep(&said, "\n"))) {
		line += strspn(line, " \t");
		last = *line ? line : last;
	}
	return last;
}

static void write_script(FILE *to, const struct plot *plot, bool png)
{
	fputs("set terminal ", to);
	if (png)
		fprintf(to, PNG, plot->height * 3 / 2);
	else
		fprintf(to, SVG, plot->height);
	fprintf(to, "\n$data <<END\n%sEND\nset title \"%s\"\n%s%s", plot->data, plot->title,
		script, plot->shares ? shares_script : plot->cost ? cost_script : histogram_script);
}

/* Runs gnuplot without the user's settings. Returns whether it succeeded. */
static bool run_gnuplot(const struct plot *plot, bool png, int out, int err)
{
	char *command = text("unset GNUTERM GNUPLOT_LIB GNUPLOT_FONTPATH GNUPLOT_DEFAULT_GDFONT; "
			     "LC_ALL=C.UTF-8 exec gnuplot -d >/proc/self/fd/%d 2>/proc/self/fd/%d",
			     out, err);
	FILE *to = out < 0 || err < 0 ? NULL : popen(command, "we");
	/* gnuplot may end before it has read everything */
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	bool done = false;

	if (to) {
		write_script(to, plot, png);
		done = !pclose(to);
	}
	signal(SIGPIPE, old);
	free(command);
	return done;
}

/* Returns the picture, or NULL after printing an error that names @name. */
static char *draw(const struct plot *plot, const char *name, bool png, size_t *size)
{
	int out = memfd_create("plot", 0), err = memfd_create("errors", 0);
	bool done = run_gnuplot(plot, png, out, err);
	char *all = done ? contents(out, size) : NULL, *said;

	if (!all || !*size) {
		said = contents(err, size);
		fail(said ? last_line(said) : NULL, "gnuplot could not draw %s", name);
		free(said);
		free(all);
		all = NULL;
	}
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	return all;
}

int plot_draw(const char *path, const struct plot *plot)
{
	size_t size;
	char *all = draw(plot, path, ends_with(path, ".png"), &size);
	int ret = all ? file_replace(path, all, size) : EXIT_FAILED;

	free(all);
	return ret;
}

char *plot_svg(const struct plot *plot, const char *name)
{
	size_t size;

	return draw(plot, name, false, &size);
}
