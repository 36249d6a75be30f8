#!/usr/bin/env python3
"""Writes the YAML blocks of pages that have a top-level key as files into a directory.

    tests/distribution/snippets.py KEY DIRECTORY PAGE...

The key tells what a block is: `jobs` a workflow, `repos` a configuration of pre-commit, `include` one of GitLab.
"""
import pathlib
import re
import sys


def main() -> None:
    key, directory, *pages = sys.argv[1:]
    found = 0
    for page in map(pathlib.Path, pages):
        for block in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            if re.search(rf"^{re.escape(key)}:", block, re.MULTILINE):
                found += 1
                pathlib.Path(directory, f"{page.stem}-{found}.yml").write_text(block)
    if not found:
        sys.exit(f"no block with the key {key} in {pages}")


if __name__ == "__main__":
    main()
