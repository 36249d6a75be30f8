#!/usr/bin/env bash
# Prints the contract by which a release's provenance is verified: this repository's image, signed with this key.
#
#   packaging/provenance/contract.sh PUBLIC_KEY REPOSITORY >seaworthy.toml
set -euo pipefail

[ $# -eq 2 ] || { echo "usage: contract.sh PUBLIC_KEY REPOSITORY" >&2; exit 2; }
grep -q '^-----BEGIN PUBLIC KEY-----$' "$1" || { echo "contract.sh: $1 is no public key" >&2; exit 2; }
cat <<TOML
version = 1

[provenance]
tag_pattern = "git-{git_sha}"
source_repository = "https://github.com/seaworthy-dev/seaworthy"
allowed = ["checksums_sha256", "image_build_driver", "ci_run_id"]

[provenance.fields]
ecr_repo_uri = "repository"

[provenance.pinned]
ecr_repo_uri = "$2"
dockerfile_path = "packaging/container/Containerfile"

# Registries other than ECR do not tell whether a tag can move. The tag is asked twice, and the digest is what is signed.
[registry]
require_immutable_tags = false

[signature]
required = true

[[signature.keys]]
id = "release"
pem = """
$(cat "$1")
"""
TOML
