#!/usr/bin/env bash
# Installs what builds and tests a release, once, under OUT/tools.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for tool in buildah skopeo docker-registry openssl git python3 readelf; do
    command -v "$tool" >/dev/null || broken "$tool is not installed; tests/setup.sh installs what the tests need"
done
tools=$OUT/tools
[ -x "$tools/bin/cargo-auditable" ] ||
    CARGO_TARGET_DIR=$tools/build cargo install --quiet cargo-auditable --locked --version 0.7.7 --root "$tools"
rm -rf "$tools/build"
[ -x "$tools/python/bin/pre-commit" ] || {
    python3 -m venv --clear "$tools/python"
    "$tools/python/bin/pip" install --quiet --disable-pip-version-check maturin==1.16.0 pre-commit==4.3.0
}
# What pip needs to build the repository that pre-commit installs: there, the index is off.
[ -n "$(find "$tools/wheels" -name 'setuptools-*.whl' -print -quit 2>/dev/null)" ] ||
    "$tools/python/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$tools/wheels" 'setuptools>=77,<90'
