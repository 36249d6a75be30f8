#!/usr/bin/env bash
# What cannot run here is linted: the workflows and the action, the templates, and the workflows that the guides show.
# zizmor and check-jsonschema, which brings the schemas, are from PyPI.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=${CARGO_TARGET_DIR:-$root/target}/lint-workflows
if ! [ -x "$tools/bin/zizmor" ] || ! [ -x "$tools/bin/check-jsonschema" ]; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check zizmor==1.32.0 check-jsonschema==0.39.0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/.github/workflows"
python3 "$root/tests/distribution/snippets.py" jobs "$scratch/.github/workflows" "$root"/docs/guides/*.md
python3 "$root/tests/distribution/snippets.py" include "$scratch" "$root"/docs/guides/*.md

cd "$root"
"$tools/bin/zizmor" --offline --persona=auditor .github/workflows action.yml
# A guide names the action by a version, and says that the commit is to be pinned.
"$tools/bin/zizmor" --offline --config tests/distribution/zizmor-guides.yml "$scratch/.github/workflows"
schema() { "$tools/bin/check-jsonschema" --builtin-schema "vendor.$1" "${@:2}"; }
schema github-workflows .github/workflows/*.yml "$scratch"/.github/workflows/*.yml
schema github-actions action.yml
schema gitlab-ci templates/seaworthy.gitlab-ci.yml "$scratch"/*.yml
