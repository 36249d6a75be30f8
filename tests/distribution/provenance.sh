#!/usr/bin/env bash
# A release's provenance, as release.yml makes and verifies it, over a registry on loopback and with a key of this run;
# and that nothing else verifies.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/registry.sh"

scratch=$(mktemp -d)
trap 'stop_registry; rm -rf "$scratch"' EXIT
private_storage "$scratch"
start_registry
arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
commit=$(git -C "$ROOT" rev-parse HEAD)
repository=$REGISTRY/seaworthy
OUT=$scratch/container "$ROOT/packaging/container/build.sh" "$DIST" "$arch=$TARGET" >/dev/null
buildah manifest push --quiet --all --tls-verify=false --digestfile "$scratch/digest" \
    seaworthy:release "docker://$repository:git-$commit"

for key in release other; do
    openssl genpkey -quiet -algorithm ed25519 -out "$scratch/$key.key" 2>/dev/null ||
        openssl genpkey -algorithm ed25519 -out "$scratch/$key.key"
    openssl pkey -in "$scratch/$key.key" -pubout -out "$scratch/$key.pem"
done

release=$scratch/release
mkdir "$release"
cp "$DIST"/* "$release/"
(cd "$release" && sha256sum -- * >"$scratch/SHA256SUMS" && mv "$scratch/SHA256SUMS" .)
"$ROOT/packaging/provenance/write.py" --repository "$repository" --digest "$(cat "$scratch/digest")" \
    --commit "$commit" --checksums "$release/SHA256SUMS" --actor "make test-distribution" --run-id release-test \
    --completed "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$release/packaging_provenance.json"
"$ROOT/packaging/provenance/contract.sh" "$scratch/release.pem" "$repository" >"$scratch/seaworthy.toml"
sign() {
    "$BINARY" attest --contract "$scratch/seaworthy.toml" --provenance "$release/packaging_provenance.json" \
        --key "$scratch/$1.key" -o "$release/packaging_provenance.dsse.json"
}
check() { "$ROOT/packaging/provenance/check.sh" "$BINARY" "$release" "$scratch/$1.pem" "$repository"; }
sign release
expect 0 check release
printed "seaworthy-$VERSION-$TARGET.tar.gz: OK"

# refused WHY TEXT COMMAND...: verification fails, and says TEXT, after the command has changed the release, which is then
# restored.
cp -a "$release" "$scratch/kept"
refused() {
    local why=$1 text=$2 code=0
    shift 2
    "$@"
    check release >"$LOG" 2>&1 || code=$?
    [ "$code" -ne 0 ] || failed "a release verifies although $why"
    printed "$text"
    rm -rf "$release"
    cp -a "$scratch/kept" "$release"
}
append() { echo "# x" >>"$release/$1"; }
archive=seaworthy-$VERSION-$TARGET.tar.gz
refused "an archive was changed" "$archive: FAILED" append "$archive"
refused "the checksums were changed" "SHA256SUMS is not the one" append SHA256SUMS
refused "the provenance was changed" SW512 \
    sed -i 's/test-distribution/test-distributiom/' "$release/packaging_provenance.json"
refused "another key signed it" SW512 sign other
refused "its tag leads to another image" SW506 skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false \
    "oci-archive:$scratch/container/seaworthy.tar" "docker://$repository:git-$commit"
