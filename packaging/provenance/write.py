#!/usr/bin/env python3
"""Writes the packaging provenance of a release: its image, and through SHA256SUMS its files.

    packaging/provenance/write.py --repository ghcr.io/seaworthy-dev/seaworthy --digest sha256:… --commit … \\
        --checksums dist/SHA256SUMS --actor … --run-id … --completed 2026-11-29T12:00:00Z >packaging_provenance.json
"""
import argparse
import datetime
import hashlib
import json
import pathlib
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", required=True, help="the image's, without tag and digest")
    parser.add_argument("--digest", required=True, help="the digest of the image's index, as the registry has it")
    parser.add_argument("--commit", required=True)
    parser.add_argument("--checksums", required=True, type=pathlib.Path, help="SHA256SUMS")
    parser.add_argument("--actor", required=True, help="what built it")
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--completed", required=True, help="when the image was pushed: RFC 3339, UTC")
    arguments = parser.parse_args()
    document = {
        "phase_id": "release",
        "platform_run_id": arguments.run_id,
        "written_at_utc": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "image_tag": f"git-{arguments.commit}",
        "image_digest": arguments.digest,
        "git_sha": arguments.commit,
        "build_completed_at_utc": arguments.completed,
        "build_actor": arguments.actor,
        "repository": arguments.repository,
        "image_reference_mode": "immutable_preferred",
        "dockerfile_path": "packaging/container/Containerfile",
        "build_path": "target/container",
        "oci_digest_algo": "sha256",
        "oci_digest_value": arguments.digest,
        "checksums_sha256": hashlib.sha256(arguments.checksums.read_bytes()).hexdigest(),
    }
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
