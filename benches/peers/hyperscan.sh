#!/usr/bin/env bash
# Runs the search and Hyperscan (Debian: libhyperscan-dev) on the same bytes and the same anchors.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=${CARGO_TARGET_DIR:-target}/peers
mkdir -p "$scratch"
[ -e /usr/include/hs/hs.h ] || { echo "needs libhyperscan-dev" >&2; exit 2; }
cc -O2 -o "$scratch/hyperscan" benches/peers/hyperscan.c -lhs
SEAWORTHY_BENCH_DUMP="$(realpath "$scratch")" cargo bench --locked --quiet -p seaworthy-detect -- search
"$scratch/hyperscan" "$scratch/anchors" "$scratch/content"
