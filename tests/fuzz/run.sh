#!/usr/bin/env bash
# Runs every fuzz target, or those that are named, for SECONDS_EACH seconds (60): on stable, with LLVM's coverage counters
# asked for by hand. A target that fails leaves its input in tests/fuzz/artifacts; corpora grow in tests/fuzz/corpus, from
# the fixtures of the tests. PROFILE is cargo's: release, or quick, which is compiled in a third of the time.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${SECONDS_EACH:-60}
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(basename -s .rs fuzz_targets/*.rs)
fi
triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
profile=${PROFILE:-release}
cargo build --locked --profile "$profile" --target "$triple" "${targets[@]/#/--bin=}"
binaries=${CARGO_TARGET_DIR:-target}/$triple/$profile
mkdir -p artifacts

# The files that a target begins with.
seeds() {
    local tests=.. corpus=../../corpus
    case $1 in
    checks | dockerfile) find "$tests/checks" "$corpus" -name Dockerfile ;;
    contract) find "$tests" "$corpus" ../../src/contract -name 'seaworthy*.toml' ;;
    documents) find "$tests/checks" "$corpus/demo" ../../.github -name '*.json' -size -64k -o -name '*.yml' -o -name '*.yaml' ;;
    iam_policy) find "$tests" ../../crates/iam -path '*case*' -name '*.json' -size -64k ;;
    sources) find "$tests/fixtures/aws" "$corpus/demo" -name '*.json' -size -256k -o -name '*.y*ml' -o -name '*.tf' ;;
    nested | layer) find "$tests/fixtures" "$corpus" -name '*.gz' -size -64k -o -name '*.zip' -size -64k -o -name '*.tar' -size -128k ;;
    esac
}

failed=0
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target"
    if [ -z "$(ls -A "corpus/$target")" ]; then
        seeds "$target" | sort -u | while read -r file; do
            name=$(sha256sum "$file" | cut -c1-16)
            # The first byte of a source chooses its reader.
            case $target:$file in
            sources:*plan.json) { printf '\0' && cat "$file"; } >"corpus/$target/$name" ;;
            sources:*.tf) { printf '\4' && cat "$file"; } >"corpus/$target/$name" ;;
            sources:*) { printf '\1' && cat "$file"; } >"corpus/$target/$name" ;;
            *) cp "$file" "corpus/$target/$name" ;;
            esac
        done
    fi
    echo "fuzzing $target for $seconds s, $(find "corpus/$target" -type f | wc -l) inputs"
    rm -f "artifacts/$target"-*
    log=artifacts/$target.log
    "$binaries/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="artifacts/$target-" "corpus/$target" >"$log" 2>&1 || failed=1
    grep -E 'number_of_executed_units|peak_rss_mb|ERROR|panicked|SUMMARY|Test unit' "$log" || true
    if [ "$failed" = 1 ] || ! grep -q number_of_executed_units "$log"; then
        echo "$target failed: see tests/fuzz/$log" >&2
        exit 1
    fi
done
