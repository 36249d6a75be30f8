#!/usr/bin/env python3
"""Prints the workspace's version."""
import pathlib
import tomllib

MANIFEST = pathlib.Path(__file__).resolve().parent.parent / "Cargo.toml"


def version() -> str:
    return tomllib.loads(MANIFEST.read_text())["workspace"]["package"]["version"]


if __name__ == "__main__":
    print(version())
