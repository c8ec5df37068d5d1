#!/bin/sh
# Feeds the parsers with what nobody would write, for a few seconds each, under
# AddressSanitizer and UBSan. Each fuzz target, bench/fuzz/fuzz_NAME.c, counts
# as one test.
#   FUZZ_SECONDS=6 CFLAGS=... sh bench/check_fuzz.sh DIRECTORY SOURCE...
# DIRECTORY takes the programs, what libFuzzer has learnt, and an input that
# breaks something; SOURCE are the pure sources. Inputs that libFuzzer found
# once are tried again first, so a second run begins where this one ended.
set -u

seconds=${FUZZ_SECONDS:-6}
directory=$1
shift
mkdir -p "$directory"
count=$(find bench/fuzz -name 'fuzz_*.c' | wc -l)
sanitize=-fsanitize=fuzzer,address,undefined

skip() {
    echo "skipped: $1"
    echo "0 passed, 0 failed, $count skipped"
    exit 0
}

command -v clang >/dev/null || skip 'clang is not here'
echo '#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{ return data == NULL && size > 0; }' >"$directory/probe.c"
if ! clang $sanitize -o "$directory/probe" "$directory/probe.c" 2>/dev/null ||
    ! "$directory/probe" -runs=1 >/dev/null 2>&1; then
    skip 'this clang has no libFuzzer for this system'
fi

# Fuzzes one target and says what came out.
fuzz() {
    name=$1
    program=$directory/fuzz_$name
    log=$directory/$name.log
    corpus=$directory/corpus_$name
    mkdir -p "$corpus"
    "$program" "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048 \
        -max_len=32768 "-dict=bench/fuzz/$name.dict" \
        -print_final_stats=1 "-artifact_prefix=$directory/$name-" \
        "$corpus" "bench/fuzz/seeds/$name" >"$log" 2>&1 || {
        tail -n 40 "$log"
        echo "fuzz_$name: broken; the input is in $directory/$name-*"
        return 1
    }
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz_$name: $runs inputs in $seconds s, nothing found"
}

# Compiles SOURCE, with what libFuzzer and the sanitizers want, to OBJECT.
compile() {
    # shellcheck disable=SC2086 # lists of options are meant
    clang -std=c11 -g -O1 $sanitize -fno-sanitize-recover=all ${CFLAGS:-} \
        -Icommon -Ibench -c -o "$2" "$1"
}

number=0
objects=
for source; do
    number=$((number + 1))
    object=$directory/$number.o
    compile "$source" "$object" || {
        echo "0 passed, $count failed, 0 skipped"
        exit 1
    }
    objects="$objects $object"
done

passed=0 failed=0
for source in bench/fuzz/fuzz_*.c; do
    name=${source##*/fuzz_}
    name=${name%.c}
    # shellcheck disable=SC2086 # a list of objects is meant
    if compile "$source" "$directory/target.o" &&
        clang $sanitize -o "$directory/fuzz_$name" "$directory/target.o" \
            $objects -lm && fuzz "$name"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
