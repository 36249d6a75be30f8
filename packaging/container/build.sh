#!/usr/bin/env bash
# Builds the container image from release archives, for one or more platforms.
#
#   packaging/container/build.sh DIST ARCH=TARGET...
#
# DIST holds seaworthy-VERSION-TARGET.tar.gz. The images are seaworthy:ARCH, the index seaworthy:release, and the first
# platform also lies in OUT/seaworthy.tar as an OCI archive. OUT is target/container if it is not set.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dist=$1
shift
[ $# -gt 0 ] || { echo "build.sh: name at least one ARCH=TARGET" >&2; exit 2; }
certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
[ -s "$certificates" ] || { echo "build.sh: no certificates at $certificates (Debian: ca-certificates)" >&2; exit 2; }
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
out=${OUT:-$root/target/container}
mkdir -p "$out"
buildah manifest rm seaworthy:release >/dev/null 2>&1 || true
buildah manifest create seaworthy:release >/dev/null
first=
for pair in "$@"; do
    arch=${pair%%=*} target=${pair#*=}
    context=$out/$arch
    rm -rf "$context"
    mkdir -p "$context"
    archive=$(find "$dist" -maxdepth 1 -name "seaworthy-*-$target.tar.gz" -print -quit)
    [ -n "$archive" ] || { echo "build.sh: $dist has no archive for $target" >&2; exit 2; }
    tar -xzf "$archive" -C "$context" --strip-components=1 --wildcards '*/seaworthy'
    cp "$certificates" "$context/ca-certificates.crt"
    # Only these two files are in the context, whatever lies beside them.
    printf '*\n!seaworthy\n!ca-certificates.crt\n' >"$context/.containerignore"
    buildah build --quiet --arch "$arch" --os linux --timestamp "$epoch" --layers=false \
        -f "$root/packaging/container/Containerfile" -t "seaworthy:$arch" "$context" >/dev/null
    buildah manifest add seaworthy:release "containers-storage:localhost/seaworthy:$arch" >/dev/null
    first=${first:-$arch}
done
rm -f "$out/seaworthy.tar"
buildah push --quiet "seaworthy:$first" "oci-archive:$out/seaworthy.tar:seaworthy"
echo "$out/seaworthy.tar"
