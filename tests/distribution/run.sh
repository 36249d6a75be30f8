#!/usr/bin/env bash
# Builds a release for this machine and uses each part of it as its users do: the wheel, the archive, the binary in an
# empty root, the container image, the hook of pre-commit, and the provenance.
#
#   tests/distribution/run.sh [again | quick]
#
# The release is compiled once. With `again` it is compiled once more, in another directory, and must have the same bytes.
# With `quick` it is compiled as for tests: all but the optimisation is that of a release.
# Installs cargo-auditable (crates.io), maturin and pre-commit (PyPI) under the target directory. The figures lie in
# TARGET/distribution/figures.txt. Exit codes: 0 all well; 1 a part is not; 2 the test itself does not work.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export ROOT=${here%/tests/distribution}
OUT=$(realpath -m "${CARGO_TARGET_DIR:-$ROOT/target}/distribution")
export OUT DIST=$OUT/dist FIGURES=$OUT/figures.txt
mkdir -p "$OUT"
# shellcheck source=tests/distribution/lib.sh
source "$here/lib.sh"

"$here/tools.sh"
PATH=$OUT/tools/bin:$OUT/tools/python/bin:$PATH
PROFILE=release
[ "${1:-}" != quick ] || PROFILE=quick
TARGET=$(rustc -vV | sed -n 's/^host: //p')
VERSION=$(python3 "$ROOT/packaging/version.py")
SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct)
export PATH TARGET VERSION SOURCE_DATE_EPOCH PROFILE
: >"$FIGURES"

rm -rf "$DIST"
start=$(now)
CARGO_TARGET_DIR=$OUT/build "$ROOT/packaging/build.sh" "$TARGET" "$DIST"
figure "build, profile $PROFILE" "$(since "$start")"

mkdir -p "$OUT/unpacked"
tar -xzf "$DIST/seaworthy-$VERSION-$TARGET.tar.gz" -C "$OUT/unpacked" --strip-components=1
export BINARY=$OUT/unpacked/seaworthy
figure "binary" "$(megabytes "$BINARY")"

for part in archive wheel bare container provenance hook; do
    echo "== $part"
    "$here/$part.sh"
done
[ "${1:-}" != again ] || "$here/again.sh"
echo "== figures"
cat "$FIGURES"
