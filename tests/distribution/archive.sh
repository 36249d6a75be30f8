#!/usr/bin/env bash
# The archive has what it should, is the same when it is made again, and holds the wheel's binary.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
name=seaworthy-$VERSION-$TARGET
figure "archive" "$(megabytes "$DIST/$name.tar.gz")"

for file in LICENSE README.md CHANGELOG.md man/seaworthy.1 man/seaworthy-gate.1 completions/_seaworthy \
    completions/seaworthy.bash completions/seaworthy.fish; do
    [ -s "$OUT/unpacked/$file" ] || failed "the archive has no $file"
done
bash -euc 'source "$1" && complete -p seaworthy' - "$OUT/unpacked/completions/seaworthy.bash" >/dev/null ||
    failed "bash does not take the completions"

# Nothing to be loaded at its start, and the list of dependencies that cargo-auditable puts in.
readelf --dynamic --program-headers "$BINARY" >"$scratch/headers"
! grep -qE 'NEEDED|INTERP' "$scratch/headers" || failed "the binary is not static"
python3 - "$BINARY" <<'PYTHON' || failed "the binary does not tell its dependencies"
import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

with tempfile.TemporaryDirectory() as directory:
    section = pathlib.Path(directory, "section")
    subprocess.run(["objcopy", "--dump-section", f".dep-v0={section}", sys.argv[1], f"{directory}/copy"], check=True)
    packages = json.loads(zlib.decompress(section.read_bytes()))["packages"]
names = {package["name"] for package in packages}
assert {"seaworthy", "regex-automata", "rustls"} <= names, sorted(names)
PYTHON

# Made again of the same compilation: the same bytes.
CARGO_TARGET_DIR=$OUT/build "$ROOT/packaging/build.sh" "$TARGET" "$scratch/dist" >/dev/null 2>&1
for file in "$DIST"/*; do
    cmp "$file" "$scratch/dist/${file##*/}" || failed "${file##*/} has other bytes when it is made again"
done
