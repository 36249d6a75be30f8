#!/usr/bin/env bash
# The hook `seaworthy-context`, by the real pre-commit: this repository installs the wheel, and nothing is compiled.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PRE_COMMIT_HOME=$scratch/cache
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
# Packages come from here alone, and a compiler that is called ends the test.
export PIP_NO_INDEX=1 PIP_FIND_LINKS="$DIST $OUT/tools/wheels" PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir "$scratch/bin"
for tool in cargo rustc maturin; do
    printf '#!/bin/sh\necho "%s was called" >&2\nexit 9\n' "$tool" >"$scratch/bin/$tool"
    chmod +x "$scratch/bin/$tool"
done
PATH=$scratch/bin:$PATH

# The repository that the guide names is the one here, with the tag that it names.
hooks=$scratch/hooks
mkdir "$hooks"
cp -a "$ROOT/.pre-commit-hooks.yaml" "$ROOT/pyproject.toml" "$ROOT/packaging" "$ROOT/Cargo.toml" "$hooks/"
# pre-commit keeps these variables of git alone.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$hooks.insteadOf"
export GIT_CONFIG_VALUE_0=https://github.com/seaworthy-dev/seaworthy
commit_all() { git -C "$1" add . && git -C "$1" commit --quiet -m "$2"; }
git -C "$hooks" init --quiet
commit_all "$hooks" hooks
git -C "$hooks" tag "v$VERSION"

# Each configuration of the guide stops a leaky commit and lets a clean one through.
mkdir "$scratch/configurations"
"$ROOT/tests/distribution/snippets.py" repos "$scratch/configurations" "$ROOT/docs/guides/before-the-build.md"
for configuration in "$scratch"/configurations/*; do
    name=$(basename "$configuration" .yml)
    project=$scratch/$name
    mkdir "$project"
    cd "$project"
    git init --quiet
    cp "$configuration" .pre-commit-config.yaml
    expect 0 pre-commit install
    planted .
    start=$(now)
    finds_what_is_planted commit_all . leaky
    figure "first commit with the hook of $name, the wheel's installation included" "$(since "$start")"
    a_clean_one .
    start=$(now)
    expect 0 commit_all . clean
    figure "a further commit" "$(since "$start")"
done
