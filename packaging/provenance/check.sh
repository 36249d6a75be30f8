#!/usr/bin/env bash
# Verifies a release with seaworthy itself: the signature over the provenance, the image in its registry, and through the
# provenance's SHA256SUMS each file of the release that lies in DIST.
#
#   packaging/provenance/check.sh SEAWORTHY DIST PUBLIC_KEY REPOSITORY
#
# Exit codes: 0 all of it is as it was released; anything else: it is not, or could not be decided.
set -euo pipefail

[ $# -eq 4 ] || { echo "usage: check.sh SEAWORTHY DIST PUBLIC_KEY REPOSITORY" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seaworthy=$(realpath "$1")
dist=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The key is the caller's: one that comes with the release proves nothing.
"$here/contract.sh" "$3" "$4" >"$scratch/seaworthy.toml"
"$seaworthy" verify --contract "$scratch/seaworthy.toml" --registry \
    --provenance "$dist/packaging_provenance.json" --attestation "$dist/packaging_provenance.dsse.json"
python3 - "$dist" <<'PYTHON'
import hashlib
import json
import pathlib
import sys

dist = pathlib.Path(sys.argv[1])
named = json.loads((dist / "packaging_provenance.json").read_text())["checksums_sha256"]
if hashlib.sha256((dist / "SHA256SUMS").read_bytes()).hexdigest() != named:
    sys.exit("SHA256SUMS is not the one that the provenance names")
PYTHON
(cd "$dist" && sha256sum --check --strict --ignore-missing SHA256SUMS)
