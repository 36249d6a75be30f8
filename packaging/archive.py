#!/usr/bin/env python3
"""Packs a release: the binary, its man pages and completions, licence and readme. The same input gives the same bytes.

    packaging/archive.py BINARY TARGET DIRECTORY --epoch SECONDS
"""
import argparse
import gzip
import io
import pathlib
import re
import subprocess
import tarfile

from version import version

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHELLS = {"bash": "seaworthy.bash", "zsh": "_seaworthy", "fish": "seaworthy.fish"}


def printed(binary: pathlib.Path, *arguments: str) -> bytes:
    return subprocess.run([binary, *arguments], check=True, stdout=subprocess.PIPE).stdout


def commands(binary: pathlib.Path) -> list[str]:
    """The commands that the binary's help lists."""
    text = printed(binary, "--help", "--color", "never").decode()
    section = text.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    found = re.findall(r"^  ([a-z][a-z-]*)(?=\s)", section, re.MULTILINE)
    if not found:
        raise SystemExit(f"{binary} --help lists no commands")
    return [name for name in found if name != "help"]


def files(binary: pathlib.Path) -> dict[str, tuple[bytes, int]]:
    out = {"seaworthy": (binary.read_bytes(), 0o755)}
    for name in ["LICENSE", "README.md", "CHANGELOG.md"]:
        out[name] = ((ROOT / name).read_bytes(), 0o644)
    out["man/seaworthy.1"] = (printed(binary, "man"), 0o644)
    for command in commands(binary):
        out[f"man/seaworthy-{command}.1"] = (printed(binary, "man", command), 0o644)
    for shell, name in SHELLS.items():
        out[f"completions/{name}"] = (printed(binary, "completions", shell), 0o644)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("target")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--epoch", type=int, required=True, help="time of every entry, in seconds since 1970")
    parser.add_argument("--level", type=int, default=9, help="how hard gzip tries")
    arguments = parser.parse_args()
    name = f"seaworthy-{version()}-{arguments.target}"
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, (content, mode) in sorted(files(arguments.binary.resolve()).items()):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode, entry.mtime = len(content), mode, arguments.epoch
            archive.addfile(entry, io.BytesIO(content))
    arguments.directory.mkdir(parents=True, exist_ok=True)
    path = arguments.directory / f"{name}.tar.gz"
    # Neither a file name nor a time of its own in the gzip header.
    with path.open("wb") as file, gzip.GzipFile(filename="", mode="wb", compresslevel=arguments.level, fileobj=file, mtime=0) as packed:
        packed.write(tar.getvalue())
    print(path)


if __name__ == "__main__":
    main()
