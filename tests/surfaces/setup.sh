#!/usr/bin/env bash
# Installs the browser that the HTML report is opened in, where there is none; prints its path.
set -euo pipefail

find_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
find_browser && exit 0
if ! command -v apt-get >/dev/null; then
    echo "surfaces: install Chromium and run again" >&2
    exit 2
fi
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
{
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
} >&2
find_browser || { echo "surfaces: Chromium is not there after its installation" >&2; exit 2; }
