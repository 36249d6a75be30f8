#!/usr/bin/env python3
"""Writes the demo's documents for the digests of its images. `make` calls it; the demo itself does not need it."""
import hashlib
import json
import pathlib
import sys

RUN, PHASE = "orders-20261101T090000Z", "P(-1)"
SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders"


def write(folder: pathlib.Path, name: str, document: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(document, indent=2) + "\n")


def documents(root: pathlib.Path, digest: str, in_header: str) -> None:
    run = root / "store/evidence/runs" / RUN
    build = {"image_tag": f"git-{SHA}", "image_digest": digest, "build_actor": "github:release"}
    write(run / PHASE, "packaging_provenance.json", {
        "phase_id": PHASE,
        "platform_run_id": RUN,
        "written_at_utc": "2026-11-01T09:04:30Z",
        **build,
        "git_sha": SHA,
        "build_completed_at_utc": "2026-11-01T09:03:12Z",
        "ecr_repo_uri": REPOSITORY,
        "image_reference_mode": "immutable_preferred",
        "dockerfile_path": "Dockerfile",
        "build_path": ".",
        "oci_digest_algo": "sha256",
        "oci_digest_value": digest,
        "image_build_driver": "github_actions",
    })
    write(run / PHASE, "build_command_surface_receipt.json", {
        "image_build_driver": "github_actions",
        "command_family_id": "github_actions_v0",
        **build,
        "written_at_utc": "2026-11-01T09:04:10Z",
        "verdict": "PASS",
        "failure_reason": None,
        "ci_run_id": "9917342210",
    })
    config = {"profile": "prod", "region": "eu-west-1", "tasks": ["orders-report", "orders-service"]}
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":")).encode()
    write(run, "run.json", {
        "platform_run_id": RUN,
        "written_at_utc": "2026-11-01T09:10:00Z",
        "image": {"image_tag": f"git-{SHA}", "image_digest": in_header, "git_sha": SHA},
        "config": config,
        "config_digest": f"sha256:{hashlib.sha256(canonical).hexdigest()}",
    })


mended, faulty = sys.argv[1:3]
here = pathlib.Path(__file__).parent
documents(here / "project", mended, mended)
# What is wrong here: the run header names another image than the provenance.
documents(here / "faults", faulty, mended)
