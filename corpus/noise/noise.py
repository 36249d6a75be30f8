#!/usr/bin/env python3
"""Measures false alarms: builds trees of well-known packages, examines each as an image of one layer, and prints what
is found by severity. Nothing in these trees is a secret, so a finding above low is a mistake, and so is anything that
was not checked.

    noise.py [--program PATH] [--work DIRECTORY] [TREE …]

What is fetched stays in the work directory; delete it to fetch anew. Exit code 1: something above low, or not checked.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = tomllib.loads((HERE / "packages.toml").read_text())
SEVERITIES = ["critical", "high", "medium", "low"]


def run(command, directory, **options):
    """Runs a command quietly; tells whether it succeeded."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, **options)
    return done.returncode == 0, done.stdout + done.stderr


def fetch(kind, names, work, one):
    """Fetches packages one by one, so that one that is gone does not take the others with it."""
    store = work / "fetched" / kind
    store.mkdir(parents=True, exist_ok=True)
    todo = [n for n in names if not (store / (n.replace("/", "+") + ".done")).exists()]

    def get(name):
        ok, output = one(name, store)
        if ok:
            (store / (name.replace("/", "+") + ".done")).touch()
        return name, ok, output

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for name, ok, output in pool.map(get, todo):
            if not ok:
                last = output.strip().splitlines()[-1:] or ["no reason given"]
                print(f"  {kind}: {name} cannot be fetched: {last[0]}", file=sys.stderr)
    return store


def debian(work, tree):
    """Debian packages, unpacked as dpkg would, with dpkg's lists of their files."""
    if not shutil.which("dpkg-deb"):
        return False
    store = fetch("debian", PACKAGES["debian"], work, lambda n, d: run(["apt-get", "download", "-q", n], d))
    info = tree / "var/lib/dpkg/info"
    info.mkdir(parents=True, exist_ok=True)
    for deb in sorted(store.glob("*.deb")):
        run(["dpkg-deb", "-x", str(deb), str(tree)], work)
        control = work / "control"
        shutil.rmtree(control, ignore_errors=True)
        run(["dpkg-deb", "-e", str(deb), str(control)], work)
        name = deb.name.split("_")[0]
        if (control / "md5sums").exists():
            shutil.copy(control / "md5sums", info / (name + ".md5sums"))
        with (tree / "var/lib/dpkg/status").open("a") as status:
            status.write(entry(name, control, tree))
    return True


def entry(name, control, tree):
    """What dpkg's database says of an installed package, as far as its files of settings go."""
    listed = control / "conffiles"
    lines = [f"Package: {name}", "Status: install ok installed", "Conffiles:"]
    for path in listed.read_text().split("\n") if listed.exists() else []:
        file = tree / path.lstrip("/")
        if path.startswith("/") and file.is_file():
            lines.append(f" {path} {hashlib.md5(file.read_bytes()).hexdigest()}")
    return "\n".join(lines) + "\n\n"


def goroot(work, tree):
    """A Go installation where the official image has it."""
    from_debian = work / "trees" / "debian"
    source, tools = from_debian / "usr/share/go-1.19", from_debian / "usr/lib/go-1.19"
    if not source.exists():
        return False
    # The tools' tree leads back to the sources by links.
    links = lambda folder, names: [n for n in names if (pathlib.Path(folder) / n).is_symlink()]
    for part in (source, tools):
        if part.exists():
            shutil.copytree(part, tree / "usr/local/go", ignore=links, dirs_exist_ok=True)
    return True


def wheels(work, tree):
    """Wheels, unpacked as an installer would."""
    get = lambda n, d: run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(d), n], d
    )
    store = fetch("python", PACKAGES["python"], work, get)
    target = tree / "usr/local/lib/python3.11/site-packages"
    for wheel in sorted(store.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    return target.exists()


def node_modules(work, tree):
    """Packages of npm."""
    if not shutil.which("npm"):
        return False
    store = fetch("node", PACKAGES["node"], work, lambda n, d: run(["npm", "pack", "--silent", n], d))
    for archive in sorted(store.glob("*.tgz")):
        with tarfile.open(archive) as content:
            inner = next(m for m in content.getmembers() if m.name.endswith("package.json") and m.name.count("/") == 1)
            name = json.load(content.extractfile(inner))["name"]
            target = tree / "app/node_modules" / name
            top = inner.name.split("/")[0] + "/"
            for member in content.getmembers():
                if member.isfile() and member.name.startswith(top) and ".." not in member.name:
                    path = target / member.name[len(top) :]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content.extractfile(member).read())
    return True


def cargo(work, tree):
    """The sources of everything that this project is built from."""
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    source = home / "registry/src"
    if not source.exists():
        return False
    link(source, tree / "usr/local/cargo/registry/src")
    return True


def python(work, tree):
    """The Python installation that runs this."""
    link(pathlib.Path(sysconfig.get_path("stdlib")), tree / "usr/local/lib/python3.11")
    return True


def node(work, tree):
    """The Node installation at hand, npm included."""
    program = shutil.which("node")
    if not program:
        return False
    program = pathlib.Path(program).resolve()
    (tree / "usr/local/bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(program, tree / "usr/local/bin/node")
    modules = program.parent.parent / "lib/node_modules/npm"
    if modules.exists():
        link(modules, tree / "usr/local/lib/node_modules/npm")
    return True


def link(source, target):
    """Stands for a large tree that is only read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_symlink():
        target.symlink_to(source)


TREES = {f.__name__: f for f in (debian, goroot, wheels, node_modules, cargo, python, node)}


def image(tree, output):
    """Wraps a tree as an OCI layout with one layer; returns the bytes of its files."""
    blobs = output / "blobs/sha256"
    shutil.rmtree(output, ignore_errors=True)
    blobs.mkdir(parents=True)
    size = 0
    layer = output / "layer.tar"
    with tarfile.open(layer, "w") as archive:
        # Only what `link` made is followed: links of packages lead to the machine's own files.
        follow = tree.name in ("cargo", "python", "node")
        for folder, folders, files in os.walk(tree, followlinks=follow):
            folders.sort()
            for name in sorted(files):
                path = pathlib.Path(folder) / name
                if not path.is_file() or path.is_symlink():
                    continue
                member = archive.gettarinfo(path, str(path.relative_to(tree)))
                if not member.isfile():
                    # Another name of a file that is there already.
                    continue
                member.uid = member.gid = member.mtime = 0
                size += member.size
                with path.open("rb") as content:
                    archive.addfile(member, content)

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    length = layer.stat().st_size
    layer.rename(blobs / digest)
    kind = "application/vnd.oci.image"
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{digest}"]}
    config = blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode())
    manifest = blob(
        json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{kind}.manifest.v1+json",
                "config": {"mediaType": f"{kind}.config.v1+json", **config},
                "layers": [
                    {"mediaType": f"{kind}.layer.v1.tar", "digest": f"sha256:{digest}", "size": length}
                ],
            }
        ).encode()
    )
    index = {"schemaVersion": 2, "manifests": [{"mediaType": f"{kind}.manifest.v1+json", **manifest}]}
    (output / "index.json").write_text(json.dumps(index))
    (output / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return size


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", default=str(ROOT / "target/release/seaworthy"))
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "target/noise")
    parser.add_argument("--fetch", action="store_true", help="only build the trees")
    parser.add_argument("trees", nargs="*", choices=[[], *TREES], default=[])
    options = parser.parse_args()
    work = options.work.resolve()
    bad = False
    print(f"{'tree':14}{'MB':>8}" + "".join(f"{s:>10}" for s in SEVERITIES) + f"{'low/100 MB':>12}{'not checked':>13}")
    for name in options.trees or TREES:
        tree = work / "trees" / name
        tree.mkdir(parents=True, exist_ok=True)
        layout = work / "images" / name
        if not (tree / ".built").exists():
            if not TREES[name](work, tree):
                print(f"{name:14}  cannot be built here")
                continue
            (tree / ".built").touch()
        if options.fetch:
            continue
        size = image(tree, layout) / 1e6
        done = subprocess.run(
            [options.program, "image", str(layout), "--report", "json"], capture_output=True, text=True, check=False
        )
        shutil.rmtree(layout)
        if done.returncode not in (0, 1, 2) or not done.stdout:
            sys.exit(f"{name}: {done.stderr}")
        report = json.loads(done.stdout)
        (work / f"{name}.json").write_text(done.stdout)
        findings, missed = report["findings"], report["not_checked"]
        counts = [sum(f["severity"] == s for f in findings) for s in SEVERITIES]
        rate = counts[-1] / size * 100
        bad |= sum(counts[:-1]) > 0 or bool(missed)
        print(
            f"{name:14}{size:>8.0f}" + "".join(f"{c:>10}" for c in counts) + f"{rate:>12.1f}{len(missed):>13}",
            flush=True,
        )
        for finding in findings:
            if finding["severity"] != "low":
                detector = finding["detector"] or finding["check"]
                places = len(finding["places"]) + 1
                print(f"  {finding['severity']:9}{detector}: {finding['origin']['path']} ({places} places)")
        for item in missed:
            print(f"  not checked: {item['what']} in {item['origin']['path']}: {item['reason']}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
