#!/usr/bin/env bash
# The image from scratch: built by buildah, run as its user, pushed to a registry, and checked there by its digest by
# seaworthy itself.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/registry.sh"

containers=$(mktemp -d)
trap 'stop_registry; rm -rf "$containers"' EXIT
private_storage "$containers"
arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
recipe=$ROOT/packaging/container/Containerfile

build() { OUT=$1 "$ROOT/packaging/container/build.sh" "$DIST" "$arch=$TARGET" >/dev/null; }
build "$containers/one"
archive=$containers/one/seaworthy.tar
figure "image, as an archive" "$(megabytes "$archive")"

# By itself: nothing in its context, its recipe and its layers.
expect 0 "$BINARY" context "$containers/one/$arch" -f "$recipe"
expect 0 "$BINARY" image "oci-archive:$archive" -f "$recipe"

digest=$(skopeo inspect --format '{{.Digest}}' "oci-archive:$archive")
build "$containers/two"
[ "$digest" = "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$containers/two/seaworthy.tar")" ] ||
    failed "the image has another digest when it is built again"

skopeo inspect --config "oci-archive:$archive" >"$containers/config"
python3 - "$containers/config" <<'PYTHON' || failed "the image is not configured as it should be"
import json
import pathlib
import sys

image = json.loads(pathlib.Path(sys.argv[1]).read_text())
config = image["config"]
assert config["User"] == "65532:65532", config
assert config["Entrypoint"] == ["/usr/bin/seaworthy"], config
assert all(not line.get("author") for line in image["history"]), image["history"]
PYTHON

# As its user, who may write nowhere.
container=$(buildah from "localhost/seaworthy:$arch")
planted "$containers/project"
chmod -R go+rX "$containers/project"
chmod go+x "$containers"
finds_what_is_planted buildah run --isolation chroot --volume "$containers/project:/work:ro" "$container" -- \
    /usr/bin/seaworthy context

start_registry
buildah manifest push --quiet --all --tls-verify=false seaworthy:release "docker://$REGISTRY/seaworthy:git-0"
index=$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/seaworthy:git-0" | sha256sum | cut -d ' ' -f 1)
expect 0 "$BINARY" image "docker://$REGISTRY/seaworthy@sha256:$index" -f "$recipe"
