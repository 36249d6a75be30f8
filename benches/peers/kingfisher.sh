#!/usr/bin/env bash
# Runs Kingfisher (PyPI: kingfisher-bin) and seaworthy on the same archive, several times in turn, and prints a row each.
# Usage: benches/peers/kingfisher.sh [ARCHIVE]; without one, an archive of 200 MB of this machine's files is made.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=target/peers
mkdir -p "$scratch"
[ -x "$scratch/venv/bin/kingfisher" ] || {
  python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install --quiet 'kingfisher-bin==2.14.*'
}
archive=${1:-$scratch/plain.tar}
[ -f "$archive" ] || python3 benches/peers/archive.py "$archive"
cargo build --release --locked --quiet
python3 benches/peers/time.py \
  "seaworthy=target/release/seaworthy image $archive -q --exit-zero" \
  "seaworthy, one thread=target/release/seaworthy image $archive -q --exit-zero -j 1" \
  "kingfisher=$scratch/venv/bin/kingfisher scan docker --archive $archive -n --no-update-check"
