# SPDX-License-Identifier: GPL-2.0-only
# tests/atlas/cost.plot: what one allocator costs against the size, a curve for each kernel.
# mode: the allocator; count: the number of kernels
set terminal svg size 800,420 font 'sans-serif,12' background 'white'
set encoding utf8
unset mxtics
unset mytics
mask = mode eq 'mempool' ? 'GFP_ATOMIC' : 'GFP_KERNEL'
# column 0: the size, and "allocation/free"
lines(part, kernel) = sprintf("<awk 'NR > 1 && $1 == \"%s\" && $3 == \"%s\" && $4 == \"process\" && $%d != \"-\" { split($%d, c, \"/\"); print $2, c[%d] }' table.txt | sort -n", mode, mask, kernel + 4, kernel + 4, part)
release(kernel) = system(sprintf("awk 'NR == 1 { print $%d }' table.txt", kernel + 4))
set multiplot layout 1,2 title sprintf('%s: instructions of the median', mode)
set logscale x 2
set logscale y
set grid
set xtics ('64 B' 64, '1 KiB' 1024, '16 KiB' 16384, '256 KiB' 262144, '4 MiB' 4194304)
set format y '10^{%T}'
set key left top
set title 'one allocation'
plot for [k = 1:count] lines(1, k) using 1:2 with linespoints pointsize 0.5 title release(k) noenhanced
set title 'one free'
unset key
plot for [k = 1:count] lines(2, k) using 1:2 with linespoints pointsize 0.5 notitle
unset multiplot
