#!/usr/bin/env bash
# The binary alone in a root directory: no C library, no certificates, no /proc, no /tmp.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$BINARY" "$scratch/seaworthy"
planted "$scratch/planted"
a_clean_one "$scratch/clean"
enter=(chroot)
[ "$(id -u)" -eq 0 ] || enter=(unshare --map-root-user chroot)

finds_what_is_planted "${enter[@]}" "$scratch" /seaworthy context /planted
expect 0 "${enter[@]}" "$scratch" /seaworthy context /clean
expect 0 "${enter[@]}" "$scratch" /seaworthy explain SW302
