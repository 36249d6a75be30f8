#!/usr/bin/env bash
# Builds a release for one target: compiled once, into a wheel; the archive gets the wheel's binary.
#
#   packaging/build.sh TARGET DIST [PLATFORM_TAG...]
#
# Needs cargo-auditable and maturin in PATH. The same commit, toolchain and C compiler give the same bytes in any
# directory: paths are mapped away, and every time is the commit's. PROFILE is cargo's (release if it is not set).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -ge 2 ] || { echo "usage: build.sh TARGET DIST [PLATFORM_TAG...]" >&2; exit 2; }
target=$1
mkdir -p "$2"
dist=$(cd "$2" && pwd)
shift 2
for tool in cargo-auditable maturin; do
    command -v "$tool" >/dev/null || { echo "build.sh: $tool is not installed" >&2; exit 2; }
done

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
flags=("--remap-path-prefix=$cargo_home=cargo" "--remap-path-prefix=$root=seaworthy")
case $target in
    # The relocations of a static program as bits (RELR: glibc from 2.36, musl from 1.2.4), 2 MB less to load at each start.
    *-linux-*) flags+=(-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs) ;;
esac
# The form of RUSTFLAGS that keeps spaces in paths.
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")
# C sources name their path in assertions.
CFLAGS="${CFLAGS:-} -ffile-prefix-map=$cargo_home=cargo -ffile-prefix-map=$root=seaworthy"
export SOURCE_DATE_EPOCH CARGO_ENCODED_RUSTFLAGS CFLAGS

tags=()
[ $# -eq 0 ] || tags=(--compatibility "$@")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(
    cd "$root/packaging/wheel"
    CARGO=$root/packaging/auditable-cargo maturin build --profile "${PROFILE:-release}" --locked --target "$target" \
        ${tags[@]+"${tags[@]}"} --out "$scratch/wheel"
)
python3 - "$scratch" <<'PYTHON'
import pathlib
import sys
import zipfile

scratch = pathlib.Path(sys.argv[1])
[wheel] = scratch.glob("wheel/*.whl")
with zipfile.ZipFile(wheel) as archive:
    [name] = [n for n in archive.namelist() if n.endswith(".data/scripts/seaworthy")]
    (scratch / "seaworthy").write_bytes(archive.read(name))
(scratch / "seaworthy").chmod(0o755)
PYTHON
python3 "$root/packaging/archive.py" "$scratch/seaworthy" "$target" "$dist" --epoch "$SOURCE_DATE_EPOCH"
mv "$scratch"/wheel/*.whl "$dist/"
