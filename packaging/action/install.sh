#!/usr/bin/env bash
# Downloads a release, checks it, and puts it into PATH for the steps that follow.
set -euo pipefail

fail() { echo "::error title=seaworthy::$*"; exit 2; }

version=${SEAWORTHY_VERSION#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "version: expected a release such as 0.1.0"
case "${RUNNER_OS:-$(uname -s)}-${RUNNER_ARCH:-$(uname -m)}" in
    Linux-X64 | Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-ARM64 | Linux-aarch64) target=aarch64-unknown-linux-musl ;;
    macOS-X64 | Darwin-x86_64) target=x86_64-apple-darwin ;;
    macOS-ARM64 | Darwin-arm64) target=aarch64-apple-darwin ;;
    *) fail "there is no release for ${RUNNER_OS:-this system} on ${RUNNER_ARCH:-this processor}" ;;
esac
repository=seaworthy-dev/seaworthy
base=${SEAWORTHY_BASE_URL:-https://github.com/$repository/releases/download/v$version}
archive=seaworthy-$version-$target.tar.gz
directory=$(mktemp -d "${RUNNER_TEMP:-/tmp}/seaworthy.XXXXXX")
cd "$directory"

get() { curl --fail --silent --show-error --location --retry 3 --proto '=https,file' --max-filesize 200000000 --output "$1" "$base/$1"; }
get "$archive" || fail "$archive could not be downloaded from $base"
sum() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1; }
actual=$(sum "$archive")
expected=${SEAWORTHY_SHA256:-}
if [ -z "$expected" ]; then
    get SHA256SUMS || fail "SHA256SUMS could not be downloaded from $base"
    expected=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' SHA256SUMS)
fi
[[ $expected =~ ^[0-9a-f]{64}$ ]] || fail "no SHA-256 is known of $archive"
[ "$actual" = "$expected" ] || fail "$archive has the SHA-256 $actual, not $expected"
if [ "${SEAWORTHY_VERIFY:-true}" = true ]; then
    gh attestation verify "$archive" --repo "$repository" >/dev/null || fail "the build provenance of $archive does not verify"
fi
tar -xzf "$archive" --strip-components=1
"$directory/seaworthy" --version
echo "$directory" >>"${GITHUB_PATH:?}"
