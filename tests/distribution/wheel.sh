#!/usr/bin/env bash
# The wheel in a fresh virtual environment, and the time until it has found something.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
wheel=$(echo "$DIST"/*.whl)
figure "wheel" "$(megabytes "$wheel")"
python3 -m venv "$scratch/venv"
planted "$scratch/project"
cd "$scratch/project"

start=$(now)
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
figure "pip install of the wheel" "$(since "$start")"
finds_what_is_planted "$scratch/venv/bin/seaworthy" context
figure "from pip install to the first finding" "$(since "$start")"
start=$(now)
finds_what_is_planted "$scratch/venv/bin/seaworthy" context
figure "a run once it is installed" "$(since "$start")"

cmp "$scratch/venv/bin/seaworthy" "$BINARY" || failed "the wheel and the archive have different binaries"
installed=$(echo "$scratch"/venv/lib/python3*/site-packages/seaworthy-*.dist-info)
[ -s "$installed/licenses/LICENSE" ] || failed "the wheel has no licence"
[ -n "$(find "$installed/sboms" -name '*.json' -print -quit)" ] || failed "the wheel has no SBOM"
