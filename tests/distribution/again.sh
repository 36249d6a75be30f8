#!/usr/bin/env bash
# The release compiled once more, from a copy of the sources in another directory: the same bytes.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/elsewhere"
git -C "$ROOT" ls-files -z --cached --others --exclude-standard |
    (cd "$ROOT" && tar --create --null --files-from - --ignore-failed-read) | tar --extract --directory "$scratch/elsewhere"
start=$(now)
CARGO_TARGET_DIR=$scratch/build "$scratch/elsewhere/packaging/build.sh" "$TARGET" "$scratch/dist"
figure "release build, once more" "$(since "$start")"
for file in "$DIST"/*; do
    cmp "$file" "$scratch/dist/${file##*/}" || failed "${file##*/} has other bytes when it is compiled in another directory"
done
figure "compiled again in another directory" "the same bytes"
