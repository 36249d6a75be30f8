#!/usr/bin/env bash
# Opens the HTML report in headless Chromium: as it is read at phone and desktop width, light and dark, on paper, and by
# axe. Reports are made by the real binary: nothing found, a gate with a fault of each family, and 2,000 findings.
#
#   tests/surfaces/run.sh BINARY [DIRECTORY]
#
# Installs Chromium (Debian) and playwright-core and axe-core (npm). Pictures and the figures lie in DIRECTORY, by
# default target/surfaces. Exit codes: 0 all well; 1 a report is not; 2 the test itself does not work.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
broken() { echo "surfaces: $*" >&2; exit 2; }
[ $# -ge 1 ] || broken "name the binary"
binary=$(realpath "$1")
[ -x "$binary" ] || broken "$1 is no program"
out=$(realpath -m "${2:-$root/target/surfaces}")
mkdir -p "$out"

browser=$("$root/tests/surfaces/setup.sh")
command -v npm >/dev/null || broken "npm is not installed"
packages=${CARGO_TARGET_DIR:-$root/target}/surfaces-npm
if [ ! -d "$packages/node_modules/axe-core" ]; then
    mkdir -p "$packages"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$packages" \
        playwright-core@1.65.1 axe-core@4.14.1 || broken "npm install failed"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# report NAME EXPECTED_CODE COMMAND... runs in the current directory.
report() {
    local name=$1 expected=$2 code=0
    shift 2
    "$binary" "$@" --report "html=$out/$name.html" >"$scratch/log" 2>&1 || code=$?
    [ "$code" -eq "$expected" ] || { cat "$scratch/log" >&2; broken "$name: exit code $code, not $expected"; }
    [ -s "$out/$name.html" ] || broken "$name: no report"
}

mkdir "$scratch/none"
cd "$scratch/none"
printf 'FROM scratch\nCOPY app.py /app.py\n' >Dockerfile
echo 'print("hello")' >app.py
echo '.git' >.dockerignore
report none 0 context

cp -a "$root/corpus/demo/project" "$scratch/gate"
cp -a "$root/corpus/demo/faults/." "$scratch/gate"
cd "$scratch/gate"
report gate 1 gate --run-id orders-20261101T090000Z

mkdir "$scratch/many"
cd "$scratch/many"
printf 'FROM scratch\nCOPY . /app\n' >Dockerfile
python3 - <<'PYTHON'
import hashlib
import pathlib

# Invented tokens of a fixed form, put together here so that no scanner of this repository finds them.
prefix = "gh" + "p_"
for number in range(2000):
    name = hashlib.sha256(f"name {number}".encode()).hexdigest()[:8]
    value = hashlib.sha256(f"value {number}".encode()).hexdigest()[:36]
    folder = pathlib.Path(f"src/part{number % 40:02}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(f'import client\n\nTOKEN = "{prefix}{value}"\nclient.login(TOKEN)\n')
PYTHON
report many 1 context

NODE_PATH="$packages/node_modules" BROWSER="$browser" node "$root/tests/surfaces/surfaces.cjs" "$out" none gate many
