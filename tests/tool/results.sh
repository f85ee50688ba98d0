# SPDX-License-Identifier: GPL-2.0-only
# tests/tool/results.sh: the part of cases.sh about repeats, and results in files.
# shellcheck shell=sh disable=SC2154,SC2086 # cases.sh sets out and status; words of a command line

dir=$UMOCKDEV_DIR/results
mkdir "$dir"

# orders ARGS...: runs helloctl and prints what it asks the driver, in order
orders() {
	rm -f "$dir/orders"
	FAKE_ORDERS=$dir/orders $helloctl "$@" >"$dir/out"
	cat "$dir/orders" 2>&-
}

# untouched FACT: the file $dir/kept still has its contents
untouched() {
	is "$(cat "$dir/kept")" 'my notes' "$1"
}

four='alloc_mode=kmalloc buffer_size=64..512'
orders measure $four --seed 7 >"$dir/first"
orders measure $four --seed 7 >"$dir/second"
orders measure $four --seed 8 >"$dir/third"
is "$(sort "$dir/first" | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" "7 7 7 7 " \
	"measure runs each combination once to warm up and six times"
is "$(split -l 4 --filter='sort -u | wc -l' "$dir/first" | sort -u)" 4 "measure interleaves: each round runs every combination"
is "$(split -l 4 --filter='tr "\n" " "; echo' "$dir/first" | sort -u | wc -l | sed 's/^[2-7]$/several/')" several \
	"measure shuffles each round"
is "$(cmp "$dir/first" "$dir/second")" "" "the same seed gives the same order"
ok "$(cmp -s "$dir/first" "$dir/third"; echo $(($? != 1)))" "another seed gives another order"
is "$(orders measure buffer_size=64 --repeat 2 | wc -l)" 6 "--repeat 2 runs two combinations six times"
is "$(orders race lock_mode=mutex reads=50 --repeat 2 | wc -l)" 3 "race repeats too"
is "$(orders race lock_mode=mutex,all,mutex reads=0,0 --repeat 1 | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" "2 2 2 " \
	"a lock that a list names twice is measured once"
is "$($helloctl measure -n --raw -b -o buffer_size alloc_mode=kmalloc buffer_size=4096,64..256,4K,128 | tr '\n' ' ')" "64 128 256 4096 " \
	"a size that a list has twice, in any notation, is measured once"
is "$(json '.metadata.words | .threads, .buffer_size' measure -J alloc_mode=kmalloc threads=1,1 buffer_size=64,0x40 | tr '\n' ' ')" '[1] [64] ' \
	"the words of a result have each value once, the first one named"
ctl measure buffer_size=64
seed=$(printf '%s\n' "$out" | sed -n 's/.*; seed //p')
like "$seed" '^[0-9]+$' "measure prints the seed"
is "$(orders measure buffer_size=64 --seed "$seed" | wc -l)" 14 "--seed takes it"
like "$out" '^median of 6 repeats, low and high at 96\.9 % confidence; seed ' "measure prints the confidence of the intervals"
is "$(json '.metadata.seed' measure -J buffer_size=64 --seed 4294967295)" 4294967295 "JSON has the seed"
for bad in '--repeat 0' '--repeat 1001' '--repeat x' '--seed 4294967296' '--seed -1'; do
	ctl measure $bad
	is $status 2 "measure $bad is a usage error"
done

is "$(FAKE_NOISE=50 json '.measure[0] | [.alloc_p50_low_ns, .alloc_p50_high_ns, .repeats]' measure -J $four --seed 1)" \
	"[204,306,6]" "an interval has the values of all repeats"
is "$(json '.measure[0] | [.alloc_p50_ns, .alloc_p50_low_ns, .alloc_p50_high_ns]' measure -J $four --repeat 1)" \
	"[204,null,null]" "one repeat has no interval"
ctl measure $four --repeat 1
like "$out" '^one repeat: the medians have no interval' "measure says that one repeat has no interval"
out=$(FAKE_NOISE=900 $helloctl measure --seed 1 2>&1)
like "$out" '^vmalloc and kmalloc are not distinguishable at the largest size$' \
	"where intervals overlap, no crossover is named"
is "$(FAKE_NOISE=900 json '.crossover[0] | [.from_size, .distinguishable]' measure -J --seed 1)" "[null,false]" \
	"in JSON such a crossover is not distinguishable"
ctl measure --repeat 1
like "$out" '^vmalloc and kmalloc are not distinguishable' "without intervals, no crossover is named"

out=$(FAKE_CUT=1 $helloctl measure $four 2>&1)
like "$out" '^4 of 4 rows are cut: a run took over ten seconds' "measure says that runs were cut"
is "$(FAKE_CUT=1 json '.measure[0].cut' measure -J $four)" true "in JSON cut is a boolean"
out=$(FAKE_CUT=1 $helloctl measure $four --csv 2>&1 >/dev/null)
like "$out" 'rows are cut' "with --csv a cut is said on standard error"
is "$($helloctl measure $four --csv | grep -c '^alloc,')" 4 "--csv prints rows and nothing else"

out=$(FAKE_VIRT=qemu $helloctl measure $four)
like "$out" '^warning: under an emulator \(qemu\)' "measure warns of an emulator"
is "$(FAKE_VIRT=kvm json '.warning[] | select(.warning == "virtualization").text' measure -J $four)" \
	"under a hypervisor (kvm): the load of the host changes the times" "in JSON the warnings are a list"
is "$(json '[.warning[] | select(.warning == "virtualization")] | length' measure -J $four)" 0 \
	"a real machine gives no such warning"
governor=$UMOCKDEV_DIR/sys/devices/system/cpu/cpu0/cpufreq
mkdir -p "$governor"
echo powersave >"$governor/scaling_governor"
out=$($helloctl measure $four)
like "$out" '^warning: CPU frequency scaling \(governor powersave\): sudo cpupower' "measure warns of frequency scaling"
rm -r "$UMOCKDEV_DIR/sys/devices/system"
mkdir -p "$UMOCKDEV_DIR/sys/kernel/debug/kmemleak"
like "$($helloctl measure $four)" '^warning: a debug kernel \(.*kmemleak' "measure warns of a debug kernel"
rmdir "$UMOCKDEV_DIR/sys/kernel/debug/kmemleak"

is "$(orders measure buffer_size=64 alloc_mode=kmalloc --cpu 0,2-3 | sort -u | grep -c ' cpus=0,2-3$')" 1 \
	"--cpu binds the threads of every experiment"
is "$($helloctl measure buffer_size=64 alloc_mode=kmalloc --cpu 0,2-3 --csv -n -o cpus,count)" '"0,2-3",300' \
	"--csv quotes a cell that has a comma"
is "$(json ".race[0].reads" race -J lock_mode=mutex reads=50)" 50 \
	"reads is the percentage that was ordered, not the count of the answer"
is "$(orders measure -o bad 2>&-; cat "$dir/out")" "" "a wrong column is refused before the sweep"
ctl measure -o bad
is $status 2 "a wrong column is a usage error"
like "$out" "no column 'bad'; there are .* alloc_p50_low_ns " "a wrong column lists the columns"

# ---- files ----

ctl measure --save "$dir/old.json" --seed 1
is $status 0 "measure saves its result"
is "$(echo "$dir"/old.json* "$dir"/.helloctl*)" "$dir/old.json $dir/.helloctl*" "--save leaves no temporary file"
is "$($helloctl show "$dir/old.json")" "$out" "show prints what measure printed"
is "$($helloctl show -J "$dir/old.json")" "$(cat "$dir/old.json")" "show prints the same JSON"
is "$($helloctl show --csv -o alloc_mode,buffer_size "$dir/old.json" | tail -n 1)" "vmalloc,4194304" \
	"show takes the options of measure"
is "$(json '.measure[0]' show -J -o alloc_mode "$dir/old.json")" '{"alloc_mode":"kmalloc"}' "show in JSON has the columns of -o"
for format in '' -J; do
	ctl show $format -o bad "$dir/old.json"
	is "$status $(printf '%s' "$out" | grep -c "no column 'bad'")" "2 1" "show $format refuses a wrong column"
done
ctl show "$dir/old.json" --plot "$dir/old.svg"
is "$status $(grep -c '<svg' "$dir/old.svg")" "0 1" "show draws"
ctl measure alloc_mode=all gfp_flags=GFP_KERNEL,GFP_ATOMIC --save "$dir/all.json"
ctl race delay=msleep:1 --save "$dir/race.json"
is "$(json '.race | length' show -J "$dir/race.json")" 15 "race saves its result too"
if /usr/bin/python3 -c 'import jsonschema' 2>&-; then
	for file in old all race; do
		is "$(/usr/bin/python3 -W ignore -m jsonschema -i "$dir/$file.json" \
			Documentation/helloctl-result.schema.json 2>&1)" "" "$file.json follows the schema"
	done
	sed 's/"buffer_size": 64,/"buffer_size": "64",/' "$dir/old.json" >"$dir/text.json"
	like "$(/usr/bin/python3 -W ignore -m jsonschema -i "$dir/text.json" \
		Documentation/helloctl-result.schema.json 2>&1)" "'64' is not of type 'integer'" \
		"the schema refuses a number in quotes"
	rm "$dir/text.json"
else
	ok 0 "results follow the schema # SKIP python3-jsonschema is not installed"
fi
is "$(jq -r '.metadata.kernel_release, .metadata.machine' "$dir/old.json" | tr '\n' ' ')" "$(uname -r) $(uname -m) " \
	"a result says which kernel and machine it is of"
is "$(jq -c '.metadata.words.alloc_mode' "$dir/old.json")" '["kmalloc","vmalloc"]' "a result has the words of its order"

echo 'my notes' >"$dir/kept"
ctl measure --save "$dir/kept"
is $status 1 "--save refuses a file that is no result"
like "$out" 'kept is not a result of helloctl: it is not replaced' "--save says why"
untouched "--save does not touch such a file"
is "$(orders measure --save "$dir/kept" 2>&-)" "" "--save is refused before the sweep"
ln -s kept "$dir/link"
for target in "$dir" /dev/null "$dir/link" "$dir/none/a.json" ''; do
	ctl measure buffer_size=64 --save "$target"
	is $status 1 "--save refuses ${target##*/}"
done
untouched "--save does not follow a link"
ctl measure buffer_size=64 --save "$dir/old.json.copy"
ctl measure buffer_size=128 --save "$dir/old.json.copy"
is "$(jq '.measure[0].buffer_size' "$dir/old.json.copy")" 128 "--save replaces a result"

# A file that --save must not replace: refused before the sweep, untouched.
cp Documentation/helloctl-result.schema.json "$dir/refused-schema"
printf '{ "see": "helloctl-result", "schema": "helloctl-result" }\n' >"$dir/refused-mention"
printf '["helloctl-result"]\n' >"$dir/refused-list"
head -c 3000 "$dir/old.json" >"$dir/refused-truncated"
jq '.measure = 5' "$dir/old.json" >"$dir/refused-damaged"
cat "$dir/old.json" "$dir/race.json" >"$dir/refused-two"
while read -r name reason; do
	cp "$dir/refused-$name" "$dir/kept2"
	is "$(orders measure --save "$dir/kept2" 2>"$dir/err")" "" "--save refuses before the sweep: $name"
	like "$(cat "$dir/err")" "kept2 $reason: it is not replaced\$" "--save says why it refuses: $name"
	ok "$(cmp -s "$dir/kept2" "$dir/refused-$name"; echo $?)" "--save leaves it as it was: $name"
done <<-END
	schema is not a result of helloctl
	mention is not a result of helloctl
	list is not a result of helloctl
	truncated is not a whole result of helloctl \(damaged or truncated\)
	damaged is not a whole result of helloctl \(damaged or truncated\)
	two is not a whole result of helloctl \(damaged or truncated\)
END
jq '.schema.version = 2 | del(.metadata.seed)' "$dir/old.json" >"$dir/kept2"
ctl measure buffer_size=64 --save "$dir/kept2"
is "$status $(jq '.schema.version' "$dir/kept2")" "0 1" "--save replaces a result of another version"

long=$(printf '%0255d' 0)
ctl measure buffer_size=64 --save "$dir/$long"
is "$status $(jq '.measure | length' "$dir/$long")" "0 2" "--save takes a name of 255 bytes"
rm -f "$dir/$long"
for target in "$dir/0$long" "$dir/newdir/" "$dir/old.json/" "$dir/old.json/a"; do
	is "$(orders measure --save "$target" 2>"$dir/err")" "" "--save refuses ...${target#"${target%????????}"} before the sweep"
	like "$(cat "$dir/err")" 'cannot write .*: (File name too long|Is a directory|Not a directory)$' "--save says why it cannot write it"
done
ctl measure buffer_size=64 --save "$dir/same.svg" --plot "$dir/./same.svg"
is "$status $([ -e "$dir/same.svg" ] && echo written)" "2 " "--save and --plot need two names"
is "$(orders measure --save "$dir/same.svg" --plot "$dir/../results/same.svg" 2>&-)" "" "one name is refused before the sweep"
cp "$dir/old.json" "$dir/same.svg"
ctl show "$dir/same.svg" --plot "$dir/same.svg"
is "$status $(cmp "$dir/same.svg" "$dir/old.json")" "2 " "show --plot does not replace the result that it draws"

# mode UMASK FILE: the mode that --save leaves
mode() {
	(umask "$1" && $helloctl measure buffer_size=64 --repeat 1 --save "$2" >/dev/null && stat -c %a "$2")
}
rm -f "$dir/kept2"
is "$(mode 027 "$dir/kept2")" 640 "a new file has the mode of umask"
chmod 600 "$dir/kept2"
is "$(mode 022 "$dir/kept2")" 600 "a replaced file keeps its mode"
chmod 664 "$dir/kept2"
is "$(mode 077 "$dir/kept2")" 664 "umask does not narrow the mode of a replaced file"
# The file is only full once the sweep has made the result.
rm -f "$dir/kept2"
out=$(ulimit -f 1; trap '' XFSZ; $helloctl measure --save "$dir/kept2" 2>&1)
is "$? $(printf '%s\n' "$out" | grep -Ec '^(kmalloc|vmalloc) .* 4M ') $([ -e "$dir/kept2" ] && echo written)" "1 2 " \
	"a result that cannot be saved is printed, and the status says that it is not saved"
like "$out" 'cannot write .*kept2: File too large' "measure says why it cannot save the result"
is "$(echo "$dir"/.helloctl*)" "$dir/.helloctl*" "no temporary file stays"

jq '.measure = [] | .histogram = [] | .crossover = []' "$dir/old.json" >"$dir/none.json"
ctl show "$dir/none.json"
is "$status $(printf '%s\n' "$out" | grep -c '^no rows of measure$') $(printf '%s\n' "$out" | grep -c '^Linux ')" "0 1 1" \
	"show says that a result has no rows, and where it is from"
for option in -J --csv '-o alloc_mode'; do
	ctl show $option "$dir/none.json"
	is $status 0 "show $option of a result without rows succeeds"
done
is "$(json '.measure' show -J -o alloc_mode "$dir/none.json")" "[]" "show -J of a result without rows has an empty list"
ctl show "$dir/none.json" --plot "$dir/none.svg"
is "$status $(printf '%s\n' "$out" | grep -c 'nothing to draw: there are no rows')" "1 1" "show --plot says that there are no rows"
jq '.metadata.words = {} | .measure = [{"alloc_mode": "x", "other": 1}]' "$dir/old.json" >"$dir/other.json"
ctl show "$dir/other.json"
is "$status $(printf '%s\n' "$out" | head -n 1)" "0 ALLOC_MODE OTHER" "show prints the columns that there are"

# ---- compare ----

for percent in 0 3 10; do
	FAKE_SLOWER=$percent $helloctl measure --save "$dir/slower$percent.json" >/dev/null
done
cp "$dir/slower10.json" "$dir/a b é \"x\".json"
like "$($helloctl compare --csv "$dir/old.json" "$dir/old.json" "$dir/a b é \"x\".json" 2>&1)" ',"[^,]*/a b é ""x"".json",' \
	"--csv quotes a name, and escapes nothing in it"
ctl compare "$dir/old.json" "$dir/slower0.json"
is $status 0 "compare of the same costs succeeds"
like "$out" '^0 of 68 figures differ, 0 are dearer by more than 5 %$' "compare finds no difference"
ctl compare "$dir/old.json" "$dir/slower3.json"
is $status 0 "compare accepts a slowdown below the threshold"
like "$out" '^17 of 68 figures differ, 0 are dearer' "compare prints it"
ctl compare "$dir/old.json" "$dir/slower10.json"
is $status 1 "compare fails at a slowdown above the threshold"
like "$out" '^vmalloc +4K alloc_p50_ns +5064 +5570 +1\.100 +1\.100 +1\.100 dearer$' "compare names what is dearer, with ratio and interval"
unlike "$out" '^kmalloc' "compare omits what does not differ"
for case in '2% slower3 1' '3.5% slower3 0' '11 slower10 0' '9.9% slower10 1'; do
	set -- $case
	ctl compare "$dir/old.json" "$dir/$2.json" --threshold "$1"
	is $status "$3" "compare of $2 with --threshold $1 exits with $3"
done
ctl compare "$dir/slower10.json" "$dir/old.json"
is $status 0 "compare accepts what got cheaper"
like "$out" ' cheaper$' "compare says what is cheaper"
ctl compare "$dir/old.json" "$dir/slower3.json" "$dir/slower10.json"
is $status 1 "compare takes several files"
like "$out" "slower10.json alloc_p50_ns .* dearer\$" "compare of several files names the file"
is "$(json '.compare.dearer, (.measure[0] | .alloc_mode, .buffer_size, (.ratio * 1000 | floor))' compare -J "$dir/old.json" "$dir/slower10.json" |
	tr '\n' ' ')" "17 vmalloc 64 1100 " "compare in JSON has words and figures"
is "$(json '.measure[0]' compare -J -o alloc_mode,change "$dir/old.json" "$dir/slower10.json")" \
	'{"alloc_mode":"vmalloc","change":"dearer"}' "compare in JSON has the columns of -o"
for format in '' -J; do
	ctl compare $format -o bad "$dir/old.json" "$dir/slower10.json"
	is "$status $(printf '%s' "$out" | grep -c "no column 'bad'")" "2 1" "compare $format refuses a wrong column"
done
FAKE_SLOWER=10 FAKE_NOISE=30 $helloctl measure --seed 1 --save "$dir/noisy.json" >/dev/null
ctl compare "$dir/old.json" "$dir/noisy.json"
is "$status $(printf '%s\n' "$out" | grep -c '^kmalloc')" "1 0" "compare sees through noise what differs, and nothing else"
ctl compare "$dir/old.json" "$dir/all.json"
is $status 0 "combinations of one file change no status"
like "$out" '^only in .*all.json: alloc_mode=pages buffer_size=64 gfp_flags=GFP_ATOMIC' "compare lists them"
ctl compare "$dir/race.json" "$dir/old.json"
is $status 0 "files without a common combination differ in nothing"
jq '.metadata.kernel_release = "9.9-other" | .metadata.cpus = 77' "$dir/old.json" >"$dir/other.json"
ctl compare "$dir/old.json" "$dir/other.json"
like "$out" "^kernel_release: $(uname -r | sed 's/[+.]/[&]/g') -> 9\.9-other\$" "compare says how the kernels differ"
like "$out" '^cpus: [0-9]+ -> 77$' "compare says how the machines differ"
jq 'del(.measure[].threads)' "$dir/old.json" >"$dir/older.json"
ctl compare "$dir/older.json" "$dir/slower10.json"
is $status 1 "compare ignores a word that an older driver lacks"
like "$out" '^measure_words: none -> threads$' "compare names the word that an older driver lacks"
unlike "$out" '^only in' "a word of one file only leaves no combination unmatched"
jq '.measure[].threads = null' "$dir/old.json" >"$dir/empty.json"
ctl compare "$dir/slower10.json" "$dir/empty.json"
like "$out" '^measure_words: threads -> none$' "compare names a word that is empty in one file"
is "$(json '.differ[] | select(.fact == "measure_words") | .old, .new' compare -J "$dir/older.json" "$dir/slower10.json" | tr '\n' ' ')" \
	"none threads " "in JSON the words of one file are a difference"
$helloctl measure --cpu 0 --seed 1 --save "$dir/bound.json" >/dev/null
ctl compare "$dir/old.json" "$dir/bound.json"
like "$status $out" '^measure_words: none -> cpus$' "compare says that one file is of bound threads"
jq '[.measure[], (.measure[] | .threads = 2 | .alloc_p50_ns *= 2 | .alloc_p50_low_ns *= 2 | .alloc_p50_high_ns *= 2)] as $rows
	| .measure = $rows' "$dir/old.json" >"$dir/threads.json"
ctl compare "$dir/older.json" "$dir/threads.json"
like "$out" '^measure_words: none -> threads$' "compare names the word that tells rows apart"
is "$(printf '%s\n' "$out" | grep -c '^only in') $(printf '%s\n' "$out" | sed -n 's/^only in [^:]*: //p' | sort | uniq -d)" "102 " \
	"rows that only this word tells apart are listed with it"
like "$out" '^only in .*threads.json: alloc_mode=kmalloc buffer_size=64 .*threads=2$' "compare lists them with all their words"
ctl compare "$dir/threads.json" "$dir/old.json"
like "$status $out" '0 of 68 figures differ' "a combination with all its words is found among others"
ctl compare "$dir/race.json" "$dir/old.json"
is "$(printf '%s\n' "$out" | sed -n 's/^only in [^:]*: //p' | grep -vc '_mode=')" 0 "combinations of one file are listed with their words"

jq '[.measure[3], .measure[]] as $rows | .measure = $rows' "$dir/old.json" >"$dir/twice.json"
for files in "$dir/twice.json $dir/old.json" "$dir/old.json $dir/twice.json" "$dir/twice.json $dir/twice.json"; do
	ctl compare $files
	like "$status $out" '^2 helloctl: [^ ]*twice.json has a combination twice: alloc_mode=kmalloc buffer_size=512 gfp_flags=' \
		"compare refuses a file that has a combination twice"
done
jq '[.race[], .race[0]] as $rows | .race = $rows' "$dir/race.json" >"$dir/twice.json"
ctl compare "$dir/twice.json" "$dir/twice.json"
like "$status $out" '^2 .*twice.json has a combination twice: lock_mode=none .*reads=0' "compare refuses a lock that occurs twice"
ctl report "$dir/old.json" "$dir/twice.json" -o "$dir/none.html"
is "$status $([ -e "$dir/none.html" ] && echo written)" "1 " "report refuses to compare a combination that occurs twice"
ctl compare "$dir/race.json" "$dir/race.json"
like "$status $out" '^0 of [1-9][0-9]* figures differ' "a result does not differ from itself"
unlike "$out" '^only in' "a result has all combinations of itself"

# costs FILE NS: old.json, but of one allocation that costs so much
costs() {
	jq ".measure = [.measure[0] | .alloc_p50_ns = $2 | .alloc_p50_low_ns = $2 | .alloc_p50_high_ns = $2]" \
		"$dir/old.json" >"$dir/$1.json"
}
while read -r was is threshold; do
	costs was "$was"
	costs is "$is"
	ctl compare "$dir/was.json" "$dir/is.json" --threshold "$threshold%"
	is $status 0 "from $was to $is is not dearer by more than $threshold %"
	costs is $((is + 1))
	ctl compare "$dir/was.json" "$dir/is.json" --threshold "$threshold%"
	is $status 1 "from $was to $((is + 1)) is dearer by more than $threshold %"
	ctl compare "$dir/is.json" "$dir/was.json" --threshold "$threshold%"
	like "$out" ' cheaper$' "from $((is + 1)) to $was is cheaper"
done <<-END
	100 113 13
	100 115 15
	100 116 16
	100 157 57
	100 182 82
	1000 1007 0.7
	3000 3003 0.1
	1000 1033 3.3
END
costs is 101
ctl compare "$dir/is.json" "$dir/was.json" --threshold 0%
like "$out" ' dearer$' "a threshold of 0 % finds the least difference"

for files in "$dir/old.json $dir/slower10.json" "$dir/old.json $dir/old.json" "$dir/race.json $dir/old.json"; do
	for format in '' -J --csv; do
		out=$($helloctl compare $format -o change,bad $files 2>/dev/null)
		case $format in -J) out=$(printf '%s\n' "$out" | jq -r 'keys[]' | sed 's/error//') ;; esac
		is "$out" "" "compare $format with a wrong column prints nothing else"
		ctl compare $format -o change,bad $files
		is $status 2 "compare $format with a wrong column is a usage error"
		ctl compare $format -o change,figure $files
		is $((status > 1)) 0 "compare $format knows its columns even if nothing differs"
	done
done
jq -s '.[0].race = .[1].race | .[0]' "$dir/old.json" "$dir/race.json" >"$dir/both.json"
jq '.measure[].alloc_p50_ns *= 2 | .measure[].alloc_p50_low_ns *= 2 | .measure[].alloc_p50_high_ns *= 2 |
	.race[].ns_per_operation *= 2 | .race[].ns_per_operation_low *= 2 | .race[].ns_per_operation_high *= 2' \
	"$dir/both.json" >"$dir/both2.json"
ctl compare -n --raw -o alloc_mode,change "$dir/both.json" "$dir/both2.json"
is "$status $(printf '%s\n' "$out" | sort | uniq -c | awk '{ print $1, $2, $3 }' | tr '\n' ' ')" \
	"1 15 dearer  17 kmalloc dearer 17 vmalloc dearer " "a column of allocators alone is no error for locks"
ctl show -n --raw -o alloc_mode "$dir/both.json"
is "$status $(printf '%s\n' "$out" | sort -u | tr '\n' ' ')" "0 kmalloc vmalloc " "show prints a column that one of its tables has"
ctl show -o alloc_mode,bad "$dir/both.json"
like "$status $out" "^2 helloctl: no column 'bad'" "show refuses a wrong column before it prints"

for files in "$dir/old.json $dir/old.json" "$dir/old.json $dir/slower10.json"; do
	for format in '' -J; do
		is "$($helloctl compare $format $files 2>&1 >/dev/full; echo $?)" \
			"helloctl: cannot write the output: No space left on device
2" "compare $format exits with 2 if the output cannot be written"
		is "$($helloctl compare $format $files 2>&1 >&- | sed 's/:.*//'; $helloctl compare $format $files 2>/dev/null >&-; echo $?)" \
			"helloctl
2" "compare $format exits with 2 if standard output is closed"
	done
done
$helloctl compare -J "$dir/none.json" "$dir/old.json" >/dev/full 2>&1
is $? 2 "compare in JSON exits with 2 if it can write no error"
$helloctl compare -J "$dir/none.json" "$dir/old.json" 2>/dev/null >&-
is $? 2 "compare in JSON of a missing file exits with 2 if standard output is closed"
$helloctl grade /dev/null >/dev/full 2>&1
is $? 2 "grade exits with 2 if the output cannot be written"
$helloctl show "$dir/old.json" >/dev/full 2>&1
is $? 1 "show exits with 1 if the output cannot be written"

# ---- input that is no result ----

head -c 3000 "$dir/old.json" >"$dir/bad-truncated"
jq '.schema.version = 2' "$dir/old.json" >"$dir/bad-newer"
echo '{"fio version": "fio-3.33", "jobs": []}' >"$dir/bad-other"
jq '.schema.name = "fio"' "$dir/old.json" >"$dir/bad-name"
jq '.measure = 5' "$dir/old.json" >"$dir/bad-rows"
jq '.measure[0].alloc_p50_ns = [1]' "$dir/old.json" >"$dir/bad-cell"
jq 'del(.measure)' "$dir/old.json" >"$dir/bad-none"
jq '.metadata = []' "$dir/old.json" >"$dir/bad-metadata"
jq '.schema.version = 1.9' "$dir/old.json" >"$dir/bad-fraction"
jq '.schema.version = "1"' "$dir/old.json" >"$dir/bad-word"
jq '.schema.version = true' "$dir/old.json" >"$dir/bad-true"
jq '.schema.version = 0' "$dir/old.json" >"$dir/bad-zero"
jq 'del(.schema.version)' "$dir/old.json" >"$dir/bad-unversioned"
jq '.schema.version = 4294967297' "$dir/old.json" >"$dir/bad-large"
jq '.warning = [{}]' "$dir/old.json" >"$dir/bad-warning"
jq '.refused = [{"order": "alloc"}]' "$dir/old.json" >"$dir/bad-refused"
jq 'del(.crossover[0].than)' "$dir/old.json" >"$dir/bad-crossover"
jq '.histogram[0].count = null' "$dir/old.json" >"$dir/bad-histogram"
echo '[]' >"$dir/bad-array"
: >"$dir/bad-empty"
head -c 1000 /dev/zero >"$dir/bad-zeros"
printf 'GIF89a\377\376' >"$dir/bad-binary"
while read -r name reason; do
	ctl compare "$dir/old.json" "$dir/$name"
	is $status 2 "compare exits with 2 on $name"
	like "$out" "$reason" "compare says what is wrong with $name"
	ctl show "$dir/$name"
	is $status 1 "show refuses $name"
	ctl report "$dir/$name" -o "$dir/none.html"
	is "$status $([ -e "$dir/none.html" ] && echo written)" "1 " "report of $name writes nothing"
done <<-END
	bad-truncated ends too early: it is truncated
	bad-newer has version 2 of the schema, this helloctl reads version 1
	bad-fraction the version of the schema is 1.9, not a positive integer: it is damaged
	bad-word the version of the schema is "1", not a positive integer: it is damaged
	bad-true the version of the schema is true, not a positive integer: it is damaged
	bad-zero the version of the schema is 0, not a positive integer: it is damaged
	bad-unversioned the version of the schema is none, not a positive integer: it is damaged
	bad-large has version 4294967297 of the schema, this helloctl reads version 1
	bad-warning a row of 'warning' has no 'warning': it is damaged
	bad-refused a row of 'refused' has no 'reason': it is damaged
	bad-crossover a row of 'crossover' has no 'than': it is damaged
	bad-histogram a row of 'histogram' has no 'count': it is damaged
	bad-other is not a result of helloctl
	bad-name is not a result of helloctl
	bad-rows 'measure' is not a list of rows: it is damaged
	bad-cell 'measure' is not a list of rows: it is damaged
	bad-none has no rows of measure or race
	bad-metadata has no metadata: it is damaged
	bad-array is JSON, but not an object
	bad-empty ends too early: it is truncated
	bad-zeros is not JSON
	bad-binary is not JSON
	missing No such file or directory
END

# damaged FILTER REASON: compare, show and report refuse old.json changed by the filter of jq
damaged() {
	jq "$1" "$dir/old.json" | sed 's/"\(-\?Infinity\|NaN\|1e400\|[0-9]\{20,\}\)"/\1/' >"$dir/damaged.json"
	for files in "$dir/old.json $dir/damaged.json" "$dir/damaged.json $dir/old.json"; do
		ctl compare $files
		like "$status $out" "^2 helloctl: $2: [^ ]*damaged.json is damaged$" "compare refuses $1"
	done
	ctl show -J "$dir/damaged.json"
	is "$status $(printf '%s\n' "$out" | jq -r 'keys[]')" "1 error" "show refuses $1, in JSON"
	ctl report "$dir/damaged.json" -o "$dir/none.html"
	is "$status $([ -e "$dir/none.html" ] && echo written)" "1 " "report refuses $1"
}
figure='measure[0].alloc_p50_ns'
for value in '"oops"' true -5 '"12x"' '""' '"18446744073709551616"' '"99999999999999999999999"'; do
	damaged ".$figure = $value" "measure\[0\]\.alloc_p50_ns: '.*' is not a number"
done
for value in NaN Infinity -Infinity 1e400; do
	damaged ".$figure = \"$value\"" "alloc_p50_ns: '$value' is not a number"
done
damaged '.metadata.confidence = "NaN"' "confidence: 'NaN' is not a number"
damaged ".$figure = null" 'measure\[0\]\.alloc_p50_ns: null is not a number'
for name in alloc_p50_low_ns free_p50_high_ns; do
	damaged ".measure[1].$name = null" "measure\[1\]\.$name: null is not a number"
	damaged ".measure[1].$name = \"x\"" "measure\[1\]\.$name: 'x' is not a number"
done
damaged '.measure[3] |= del(.alloc_p50_low_ns, .alloc_p50_high_ns)' 'measure\[3\]\.alloc_p50_low_ns: null is not a number'
for name in alloc_p99_ns failures alloc_n repeats buffer_size; do
	damaged ".measure[2].$name = \"x\"" "measure\[2\]\.$name: 'x' is not a number"
done
for name in row from_ns count; do
	damaged ".histogram[1].$name = \"x\"" "histogram\[1\]\.$name: 'x' is not a number"
done
damaged '.measure[0].alloc_p50_low_ns = 205' 'measure\[0\]\.alloc_p50_ns: 204 is not in its interval from 205 to 204'
damaged '.measure[0].alloc_p50_high_ns = 203' 'measure\[0\]\.alloc_p50_ns: 204 is not in its interval from 204 to 203'
damaged '.measure[0].alloc_mode = null' 'measure\[0\] has no alloc_mode'
damaged 'del(.measure[5].alloc_mode)' 'measure\[5\] has no alloc_mode'
damaged '.measure[].lock_mode = "x"' 'measure\[0\] has lock_mode beside alloc_mode'
damaged '.race = [{ threads: 1 }]' 'race\[0\] has no lock_mode'
damaged '.race = [{ lock_mode: "mutex", ns_per_operation: null }]' 'race\[0\]\.ns_per_operation: null is not a number'
ctl measure buffer_size=64 alloc_mode=pages,kmalloc --save "$dir/failing.json"
ctl compare "$dir/failing.json" "$dir/failing.json"
is $status 0 "times of which there are no samples are not damaged"

for name in zero unversioned newer; do
	ctl show "$dir/bad-$name"
	printf '%s: %s\n' $name "$(printf '%s\n' "$out" | grep -c 'install a newer')"
done >"$dir/out"
is "$(tr '\n' ' ' <"$dir/out")" "zero: 0 unversioned: 0 newer: 1 " "only a newer version asks for a newer helloctl"
ctl compare /dev/zero "$dir/old.json"
is $status 2 "compare refuses a device"
ctl compare "$dir" "$dir/old.json"
is $status 2 "compare refuses a directory"
ctl compare "$dir/old.json"
is $status 2 "compare of one file is a usage error"
ctl compare "$dir/old.json" "$dir/old.json" --threshold 5x
is $status 2 "a wrong threshold is a usage error"
ctl show "$dir/old.json" "$dir/old.json"
is $status 2 "show of two files is a usage error"

# ---- report ----

ctl report "$dir/old.json" -o "$dir/one.html"
is "$status $out" "0 " "report is silent"
is "$(xmllint --noout "$dir/one.html" 2>&1)" "" "the page is well-formed"
is "$(grep -Eci '<script|<link|<iframe|https?:|src=' "$dir/one.html")" 0 "the page needs nothing from elsewhere"
is "$(grep -c '<svg' "$dir/one.html")" 2 "the page has curves and histograms"
like "$(cat "$dir/one.html")" "<td>kernel_release</td><td>$(uname -r)</td>" "the page has the metadata"
jq '.metadata.kernel_release = "<b>`touch '"$dir"'/hacked`\"&\u001b"' "$dir/slower10.json" >"$dir/hostile.json"
ctl report "$dir/old.json" "$dir/hostile.json" "$dir/race.json" -o "$dir/all.html"
is "$status $(xmllint --noout "$dir/all.html" 2>&1)" "0 " "the page of a hostile file is well-formed"
ok "$([ -e "$dir/hacked" ]; echo $(($? == 0)))" "a hostile file runs no command in gnuplot"
is "$(grep -o ' id=.[^ ]*' "$dir/all.html" | sort | uniq -d)" "" "no two elements of the page have the same id"
like "$(cat "$dir/all.html")" '<p>17 of 68 figures differ, 17 are dearer by more than 5 %.</p>' "the page compares its files"
ctl report "$dir/old.json" -o "$dir/one.html"
is $status 0 "report replaces a report"
for target in "$dir" /dev/null "$dir/link" "$dir/kept" "$dir/none/a.html"; do
	ctl report "$dir/old.json" -o "$target"
	is $status 1 "report refuses ${target##*/}"
done
untouched "report does not touch a file that is no report"
user=$([ "$(id -u)" != 0 ] || echo setpriv --reuid 65534 --clear-groups)
if $user $helloctl --version >/dev/null 2>&1; then
	like "$($user $helloctl report "$dir/old.json" -o /etc/none.html 2>&1)" \
		'cannot write /etc/none.html: Permission denied$' "report says that a directory is read-only"
else
	ok 0 "report says that a directory is read-only # SKIP a user cannot run this helloctl"
fi
# picture_words FILE: the words of the pictures of a page or an SVG
picture_words() {
	sed -n 's/.*<text>//; s/<tspan[^>]*>//g; s/ *<.tspan>//g; s/<.text>.*//p' "$1"
}
ctl report "$dir/race.json" -o "$dir/one.html"
ctl show "$dir/race.json" --plot "$dir/race.svg"
is "$(grep -c '<svg' "$dir/one.html")" 1 "the page of race has a picture"
is "$(picture_words "$dir/one.html")" "$(picture_words "$dir/race.svg")" "it is the one that show --plot draws"
like "$(picture_words "$dir/race.svg")" 'operations in a second' "it has the throughput"
ctl report "$dir/old.json" "$dir/all.json" -o "$dir/all.html"
ctl compare "$dir/old.json" "$dir/all.json"
is "$(sed -n '/<h3>Only in one file/,/<.table>/p' "$dir/all.html" | grep -c '^<tr><td>')" "$(printf '%s\n' "$out" | grep -c '^only in ')" \
	"the page lists the combinations of one file, as compare does"
like "$(cat "$dir/all.html")" '^<tr><td>[^<]*all.json</td><td>alloc_mode=pages buffer_size=64 gfp_flags=GFP_ATOMIC' "with file and words"
ctl report "$dir/none.json" -o "$dir/one.html"
like "$status $(cat "$dir/one.html")" '<p>There are no rows.</p>' "the page says that there are no rows"
for release in 6.1 6.12 6.12; do
	jq --arg release $release '.metadata.kernel_release = $release' "$dir/old.json"
done | jq -s '.[]' | (cd "$dir" && split -l "$(jq . old.json | wc -l)" - kernel)
ctl report "$dir"/kernelab "$dir"/kernelaa "$dir"/kernelac -o "$dir/one.html"
is "$status $(grep -o '<h1>.*</h1>' "$dir/one.html")" "0 <h1>What kernel memory costs on Linux 6.12, 6.1</h1>" \
	"the title names each kernel once, also one whose name begins another"

name=$dir/$(printf 'latin-\344')
cp "$dir/old.json" "$name"
ctl report "$dir/old.json" "$name" -o "$dir/one.html"
is "$status $(xmllint --noout "$dir/one.html" 2>&1)" "0 " "the page of a file whose name is not UTF-8 is well-formed"
like "$(picture_words "$dir/one.html")" 'latin-.344' "its pictures name it as the page does"
jq '.metadata.cpu_model = "a\uFFFEb\uFFFFc" | .metadata.kernel_release = "x\uFFFEy"' "$dir/old.json" >"$dir/fffe.json"
ctl report "$dir/fffe.json" "$dir/race.json" -o "$dir/one.html"
is "$status $(xmllint --noout "$dir/one.html" 2>&1)" "0 " "the page escapes the characters that XML excludes"
ctl show "$dir/fffe.json" --plot "$dir/fffe.svg"
is "$status $(xmllint --noout "$dir/fffe.svg" 2>&1)" "0 " "a picture does too"

# gnuplot: the user's settings do not count, and its errors name the file.
mkdir -p "$dir/home" "$dir/gnuplot"
echo 'set output "/dev/null"' >"$dir/home/.gnuplot"
out=$(HOME=$dir/home GNUTERM=bogus $helloctl show "$dir/old.json" --plot "$dir/home.svg" 2>&1)
is "$? $(cmp "$dir/home.svg" "$dir/old.svg" 2>&1)" "0 " "gnuplot draws the same with settings of the user's in ~/.gnuplot and GNUTERM"
for what in 'exit 0' 'echo half; exit 1' 'cat >/dev/null; exit 0'; do
	printf '#!/bin/sh\n%s\n' "$what" >"$dir/gnuplot/gnuplot"
	chmod +x "$dir/gnuplot/gnuplot"
	cp "$dir/old.svg" "$dir/home.svg"
	out=$(PATH=$dir/gnuplot:$PATH $helloctl show "$dir/old.json" --plot "$dir/home.svg" 2>&1 >/dev/null)
	is "$? $out" "1 helloctl: gnuplot could not draw $dir/home.svg" "show fails if gnuplot draws nothing ($what)"
	is "$(PATH=$dir/gnuplot:$PATH $helloctl show -J "$dir/old.json" --plot "$dir/home.svg" 2>&- | jq -s length)" 1 \
		"show -J prints one document all the same ($what)"
	ok "$(cmp -s "$dir/home.svg" "$dir/old.svg"; echo $?)" "the old picture stays ($what)"
	rm -f "$dir/none.html"
	out=$(PATH=$dir/gnuplot:$PATH $helloctl report "$dir/old.json" -o "$dir/none.html" 2>&1)
	is "$? $out $([ -e "$dir/none.html" ] && echo written)" "1 helloctl: gnuplot could not draw $dir/old.json " \
		"report fails then, and names the file ($what)"
done
printf '#!/bin/sh\nprintf "plot something\\n     ^\\n  line 0: no such thing\\n\\n" >&2\nexit 1\n' >"$dir/gnuplot/gnuplot"
out=$(PATH=$dir/gnuplot:$PATH $helloctl report "$dir/old.json" -o "$dir/none.html" 2>&1)
is "$out" "helloctl: gnuplot could not draw $dir/old.json
helloctl: line 0: no such thing" "report prints gnuplot's reason, not its script"

jq '.histogram |= reverse' "$dir/old.json" >"$dir/reversed.json"
ctl report "$dir/old.json" -o "$dir/one.html"
ctl report "$dir/reversed.json" -o "$dir/two.html"
is "$status $out $(sed "s/reversed.json/old.json/" "$dir/two.html" | cmp - "$dir/one.html")" "0  " "the order of the histogram in a file does not matter"
jq '.measure[] |= (.alloc_p50_ns = 0 | .alloc_p50_low_ns = 0 | .alloc_p99_ns = 0)' "$dir/old.json" >"$dir/zero.json"
ctl show "$dir/zero.json" --plot "$dir/zero.svg"
is "$status $(picture_words "$dir/zero.svg" | grep -c '^1 ns$')" "0 1" "medians of 0 ns are drawn at 1 ns"
jq '.race[] |= (.ns_per_operation = 0 | .ns_per_operation_low = 0)' "$dir/race.json" >"$dir/zero.json"
ctl show "$dir/zero.json" --plot "$dir/zero.svg"
is "$status $(picture_words "$dir/zero.svg" | grep -c '^1G$')" "0 1" "operations of 0 ns too"
while read -r file reason edit; do
	jq "$edit" "$dir/$file.json" >"$dir/zero.json"
	ctl show "$dir/zero.json" --plot "$dir/zero.svg"
	is "$status $(printf '%s\n' "$out" | sed -n 's/.*nothing to draw: //p' | tr ' ' _)" "1 $reason" "show --plot says that $(echo "$reason" | tr _ ' ')"
done <<-'END'
	old most_allocations_failed .measure[].failures = 300
	old no_row_has_a_median del(.measure[].alloc_p50_ns)
	old the_result_has_no_histograms .measure |= .[:1] | .histogram = []
	old the_result_has_no_histograms .measure |= .[:1] | del(.histogram)
	race no_row_has_a_time_of_an_operation del(.race[].ns_per_operation)
END

# A file that report must not replace.
ctl report "$dir/old.json" -o "$dir/one.html"
mark=$(grep generator "$dir/one.html")
printf 'From: a\n\n%s\n' "$mark" >"$dir/mail"
printf '/* %s */\nint x;\n' "$mark" >"$dir/page.c"
sed 's/ lang="en"//' "$dir/one.html" >"$dir/page.html"
for file in mail page.c page.html; do
	cp "$dir/$file" "$dir/kept2"
	ctl report "$dir/old.json" -o "$dir/kept2"
	is "$status $(cmp "$dir/kept2" "$dir/$file")" "1 " "report does not replace a file that only has its mark: $file"
done
like "$out" 'kept2 is not a report of helloctl: it is not replaced' "report says why"
sed 's/content="helloctl [^"]*"/content="helloctl 0.0.1"/' "$dir/one.html" >"$dir/kept2"
ctl report "$dir/old.json" -o "$dir/kept2"
is "$status $(cmp "$dir/kept2" "$dir/one.html")" "0 " "report replaces a report of another version"
ctl report "$dir/old.json"
is $status 2 "report needs a file to write"
is "$(tests/tool/complete 'helloctl report -o al')" "" "bash completes no columns for the page of report"
is "$(tests/tool/complete 'helloctl measure --save al')" "" "bash completes no words for the file of --save"
ctl metrics -o /dev/null
is $status 1 "metrics refuses a device"
