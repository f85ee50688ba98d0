# SPDX-License-Identifier: GPL-2.0-only
# tests/atlas/change.plot: what each allocator costs from kernel to kernel, relative to the
# first one that has it.
# count: the number of kernels
set terminal svg size 900,760 font 'sans-serif,12' background 'white'
set encoding utf8
unset mxtics
unset mytics
modes = system("awk 'NR > 1 && $2 != \"lock\" { print $1 }' table.txt | sort -u | tr '\n' ' '")
series(mode, size, part) = sprintf("<awk 'NR > 1 && $1 == \"%s\" && $2 == %d && $4 == \"process\" && $3 == (\"%s\" == \"mempool\" ? \"GFP_ATOMIC\" : \"GFP_KERNEL\") { for (i = 5; i <= NF; i++) if (split($i, c, \"/\") == 2 && c[%d] > 0) { if (!first) first = c[%d]; print i - 4, c[%d] / first } }' table.txt", mode, size, mode, part, part, part)
release(kernel) = system(sprintf("awk 'NR == 1 { sub(/-amd64$/, \"\", $%d); print $%d }' table.txt", kernel + 4, kernel + 4))
set xtics ()
do for [k = 1:count] { set xtics add (release(k) k) }
set xtics rotate by -25 font ',9'
set xrange [0.8:count + 0.2]
set logscale y 2
set grid y
set multiplot layout 2,2 margins 0.08, 0.97, 0.1, 0.83 spacing 0.1, 0.17 title 'Instructions of the median, relative to the oldest kernel'
do for [size in '4096 1048576'] {
	do for [part = 1:2] {
		set title sprintf('%s of %s', part == 1 ? 'allocation' : 'free', size eq '4096' ? '4 KiB' : '1 MiB')
		if (part == 1 && size eq '4096') { set key at screen 0.5, screen 0.94 center top maxrows 2 font ',9' noenhanced } else { unset key }
		plot for [m in modes] series(m, size + 0, part) using 1:2 with linespoints pointsize 0.6 title m
	}
}
unset multiplot
