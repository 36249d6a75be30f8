#!/usr/bin/env python3
"""Fills the Homebrew formula with a release's version and checksums.

    packaging/homebrew/formula.py SHA256SUMS >seaworthy.rb
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from version import version  # noqa: E402


def main() -> None:
    [_, sums] = sys.argv
    known = {}
    for line in pathlib.Path(sums).read_text().splitlines():
        digest, name = line.split(maxsplit=1)
        known[name.lstrip("*")] = digest
    text = (HERE / "seaworthy.rb.in").read_text().replace("@VERSION@", version())

    def checksum(match: re.Match[str]) -> str:
        name = f"seaworthy-{version()}-{match[1]}.tar.gz"
        if not re.fullmatch(r"[0-9a-f]{64}", known.get(name, "")):
            raise SystemExit(f"{sums}: no checksum of {name}")
        return known[name]

    text = re.sub(r"@SHA256:([a-z0-9_-]+)@", checksum, text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
