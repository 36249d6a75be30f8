//! Entrypoints of Python and of shells as programs write them: whole ones pass, and broken ones never do.

use std::fmt::Write as _;

use crate::support::{Answer, Blobs, Cli, Layer, Spec, Tar};
use serde_json::json;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
const MAIN: &str = "def main():\n p = argparse.ArgumentParser()\n p.add_argument('--profile', required=True)\n p.parse_args()\n return 0\n";

/// What a row must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Pass,
    Fail,
    /// Not checked: what cannot be told.
    Open,
    /// Anything but a pass.
    NoPass,
}

struct Row {
    name: &'static str,
    /// The text of its module, `pk.NAME`.
    module: String,
    /// Its command; `python -m pk.NAME` if there is none.
    command: Vec<&'static str>,
    required: Vec<&'static str>,
    right: Right,
}

fn row(name: &'static str, module: impl Into<String>, required: &[&'static str], right: Right) -> Row {
    Row { name, module: module.into(), command: Vec::new(), required: required.to_vec(), right }
}

fn command(name: &'static str, command: &[&'static str], right: Right) -> Row {
    Row { name, module: String::new(), command: command.to_vec(), required: Vec::new(), right }
}

fn judge(rows: &[Row]) -> Answer {
    let mut tar = Tar::new()
        .executable("lib64/ld-linux-x86-64.so.2", "")
        .executable("bin/python", crate::support::elf(62, LOADER))
        .executable("bin/sh", crate::support::elf(62, LOADER))
        .executable("bin/env", crate::support::elf(62, LOADER))
        .file("app/pk/__init__.py", "")
        .file("app/pk/helper.py", "VALUE = 1\n")
        .file("app/uvicorn/__main__.py", "")
        .file("app/gunicorn/__main__.py", "")
        .file("app/bare/web/routes.txt", "")
        .file("opt/other/__init__.py", "")
        .file("opt/other/run.py", "print('runs')\n");
    let mut contract = "version = 1\n".to_owned();
    for row in rows {
        let module = format!("pk.{}", row.name);
        if !row.module.is_empty() {
            tar = tar.file(&format!("app/pk/{}.py", row.name), &row.module);
        }
        let command =
            if row.command.is_empty() { vec!["python", "-m", &module] } else { row.command.clone() };
        let _ = write!(
            contract,
            "\n[[entrypoints]]\nhandle = \"{}\"\ncommand = {command:?}\nrequired_args = {:?}\n",
            row.name.to_uppercase(),
            row.required
        );
    }
    let mut spec = Spec::new([Layer::from(tar)]);
    spec.config = json!({ "Env": ["PATH=/bin", "PYTHONPATH=/app"], "WorkingDir": "/app" });
    let cli = Cli::new();
    cli.write("seaworthy.toml", contract);
    let mut blobs = Blobs::default();
    let image = blobs.image(&spec);
    blobs.root(image, "1");
    cli.write("image.tar", blobs.tar().done());
    cli.run(&["image", "oci-archive:image.tar", "--report", "json"])
}

fn are_right(rows: &[Row]) {
    let answer = judge(rows);
    let report = answer.json();
    let mut wrong = Vec::new();
    for row in rows {
        let of_report = report["entrypoints"].as_array().unwrap();
        let found = of_report.iter().find(|r| r["handle"] == row.name.to_uppercase()).unwrap();
        let status = found["status"].as_str().unwrap();
        let is_right = match row.right {
            Right::Pass => status == "pass",
            Right::Fail => status == "fail",
            Right::Open => status != "pass" && status != "fail",
            Right::NoPass => status != "pass",
        };
        if !is_right {
            wrong.push(format!("{} must be {:?}: {found}", row.name, row.right));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), answer.stderr);
}

#[test]
fn modules_that_do_something() {
    let head = "import argparse\nimport sys\n";
    are_right(&[
        row("assigned", format!("{head}{MAIN}rc = main()\n"), &["--profile"], Right::Pass),
        row(
            "parsed",
            format!(
                "{head}p = argparse.ArgumentParser()\np.add_argument('--profile')\nargs = p.parse_args()\n"
            ),
            &["--profile"],
            Right::Pass,
        ),
        row("subscript", "import sys\nprofile = sys.argv[1]\n", &[], Right::Fail),
        row("imports", "import pk.assigned\n", &["--profile"], Right::Pass),
        row(
            "idle",
            format!("{head}import logging\nlog = logging.getLogger(__name__)\n{MAIN}"),
            &["--profile"],
            Right::Fail,
        ),
        row("library", "import other\napp = other.make()\ndef main(): pass\n", &[], Right::NoPass),
    ]);
}

#[test]
fn parsers_of_argparse() {
    let head = "import argparse\nimport sys\n";
    let both = "class A:\n def run(self):\n  p = argparse.ArgumentParser()\n  self.opts(p)\n  p.parse_args()\n def opts(self, p):\n  p.add_argument('--profile', required=True)\nclass B(A):\n def opts(self, p):\n  super().opts(p)\n";
    let own = "p = argparse.ArgumentParser()\np.add_argument('--profile')\n";
    let hand_made = "def main():\n if sys.argv[1] == 'run':\n  run()\ndef run():\n p = argparse.ArgumentParser()\n p.add_argument('--profile')\n p.parse_args(sys.argv[2:])\nmain()\n";
    let dispatched = "def main(argv):\n p = argparse.ArgumentParser()\n p.add_argument('cmd')\n a, rest = p.parse_known_args(argv)\n {'run': run, 'stop': stop}[a.cmd](rest)\ndef run(rest):\n q = argparse.ArgumentParser()\n q.add_argument('--profile', required=True)\n q.add_argument('--dsn', required=True)\n q.parse_args(rest)\ndef stop(rest): pass\nmain(sys.argv[1:])\n";
    let known =
        "a, rest = p.parse_known_args()\nimport logging\nlogging.getLogger().warning('left: %s', rest)\n";
    let mut rows = vec![
        row("followed", format!("{head}{both}B().run()\n"), &["--profile"], Right::Pass),
        row(
            "more",
            format!("{head}{both}  p.add_argument('--dsn', required=True)\nB().run()\n"),
            &["--profile"],
            Right::Fail,
        ),
        row(
            "twice",
            format!("{head}{own}p.add_argument('--profile')\np.parse_args()\n"),
            &["--profile"],
            Right::Fail,
        ),
        row("once", format!("{head}{own}p.parse_args()\n"), &["--profile"], Right::Pass),
        row("errors", format!("{head}{own}p.error('no')\np.parse_args()\n"), &["--profile"], Right::NoPass),
        row(
            "refused",
            format!(
                "{head}{own}p.add_argument('--dsn')\na = p.parse_args()\nif a.dsn is None:\n p.error('no')\n"
            ),
            &["--profile"],
            Right::Fail,
        ),
        row(
            "given",
            format!("{head}{own}a = p.parse_args()\nif not a.profile:\n p.error('no')\n"),
            &["--profile"],
            Right::Pass,
        ),
        row(
            "always",
            format!("{head}{own}a = p.parse_args()\np.error('no')\n"),
            &["--profile"],
            Right::NoPass,
        ),
        row("rest", format!("{head}{own}{known}"), &["--profile"], Right::Pass),
    ];
    for (name, text) in [("handmade", hand_made), ("dispatch", dispatched)] {
        let mut one = row(name, format!("{head}{text}"), &["--profile"], Right::Open);
        one.command =
            vec!["python", "-m", if name == "handmade" { "pk.handmade" } else { "pk.dispatch" }, "run"];
        rows.push(one);
    }
    are_right(&rows);
}

#[test]
fn options_that_stand_in_one_word_and_defaults_that_come_early_or_late() {
    let head = "import argparse\nimport sys\np = argparse.ArgumentParser()\n";
    let own = "p.add_argument('-v', action='store_true')\np.add_argument('-c', '--config')\n";
    let asked = "a = p.parse_args()\nif a.config is None:\n p.error('no')\n";
    let with = |name: &'static str, text: String, words: &[&'static str], right: Right| {
        let mut one = row(name, text, &[], right);
        one.command = [&["python", "-m"], words].concat();
        one
    };
    are_right(&[
        with("joined", format!("{head}{own}{asked}"), &["pk.joined", "-cfile"], Right::Pass),
        with("bundled", format!("{head}{own}{asked}"), &["pk.bundled", "-vcfile"], Right::Pass),
        with("apart", format!("{head}{own}{asked}"), &["pk.apart", "-vc", "file"], Right::Pass),
        with("missing", format!("{head}{own}{asked}"), &["pk.missing", "-v"], Right::Fail),
        with("strange", format!("{head}{own}{asked}"), &["pk.strange", "-vx", "-cfile"], Right::Fail),
        row("early", format!("{head}p.set_defaults(config='x')\n{own}{asked}"), &[], Right::Pass),
        row("late", format!("{head}{own}p.set_defaults(config='x')\n{asked}"), &[], Right::Pass),
        row("open", format!("{head}{own}p.set_defaults(**values())\n{asked}"), &[], Right::NoPass),
        row(
            "misspelt",
            format!("{head}p.add_argument('--x', defualt=1)\np.parse_args()\n"),
            &[],
            Right::Fail,
        ),
        row("lost", format!("{head}{own}a = p.parse_args()\nprint(a.confg)\n"), &[], Right::Open),
        row("kept", format!("{head}{own}a = p.parse_args()\nprint(a.config, a.v)\n"), &[], Right::Pass),
        row("words", format!("{head}{own}p.parse_args(input().split())\n"), &["--config"], Right::Open),
    ]);
}

#[test]
fn what_runs_nothing_or_needs_a_secret() {
    let parse = "p = argparse.ArgumentParser()\np.add_argument('--profile', required=True)\np.parse_args()\n";
    let head = "import argparse\nimport asyncio\nimport os\nimport sys\n";
    let coroutine = "async def main():\n p = argparse.ArgumentParser()\n p.add_argument('--profile', required=True)\n p.parse_args()\n";
    are_right(&[
        row("left", format!("{head}{coroutine}main()\n"), &["--profile"], Right::NoPass),
        row("run", format!("{head}{coroutine}asyncio.run(main())\n"), &["--profile"], Right::Pass),
        row("asserts", format!("{head}assert os.environ.get('X')\n{parse}"), &["--profile"], Right::Open),
        row(
            "tests",
            format!("{head}if not os.getenv('X'):\n sys.exit(1)\n{parse}"),
            &["--profile"],
            Right::Open,
        ),
        row(
            "warns",
            format!("{head}if not os.getenv('X'):\n print('no X')\n{parse}"),
            &["--profile"],
            Right::Pass,
        ),
        row("one", format!("{head}from pk.two import B\nA = 1\n{parse}"), &["--profile"], Right::Fail),
        row("two", "from pk.one import A\nB = 1\n", &[], Right::NoPass),
        // Who imports the module that is run gets another one.
        row("three", format!("{head}A = 1\nfrom pk.four import B\n{parse}"), &["--profile"], Right::Fail),
        row("four", "from pk.three import A\nB = A\nprint(B)\n", &[], Right::NoPass),
        row("five", format!("{head}A = 1\nimport pk.six\n{parse}"), &["--profile"], Right::Pass),
        row("six", "from pk.five import A\nprint(A)\n", &[], Right::NoPass),
    ]);
}

#[test]
fn servers_and_their_applications() {
    are_right(&[
        row("web", "app = object()\n", &[], Right::NoPass),
        command("plain", &["python", "-m", "gunicorn", "-w", "4", "pk.web:app"], Right::Pass),
        command("joinedworkers", &["python", "-m", "gunicorn", "-w4", "pk.web:app"], Right::Pass),
        command("uvicorn", &["python", "-m", "uvicorn", "pk.web:app", "--port", "80"], Right::Pass),
        command("nomodule", &["python", "-m", "uvicorn", "pk.nope:app"], Right::Fail),
        command("noname", &["python", "-m", "gunicorn", "pk.web:application"], Right::Fail),
        command("directory", &["python", "-m", "gunicorn", "bare.web:app"], Right::Fail),
        command("none", &["python", "-m", "gunicorn", "-w", "4"], Right::Fail),
        command("settings", &["python", "-m", "gunicorn", "-c", "conf.py"], Right::Fail),
        command("newer", &["python", "-m", "uvicorn", "--brand-new", "value", "pk.web:app"], Right::Open),
    ]);
}

#[test]
fn imports_by_name_and_inline() {
    are_right(&[
        row(
            "byname",
            "import importlib\nm = importlib.import_module('pk.nope')\nprint(m)\n",
            &[],
            Right::Fail,
        ),
        row(
            "bygood",
            "import importlib\nm = importlib.import_module('pk.helper')\nprint(m)\n",
            &[],
            Right::Pass,
        ),
        command("inline", &["python", "-c", "import pk.nope; pk.nope.main()"], Right::Fail),
        command("inlineown", &["python", "-c", "import pk.helper; pk.helper.main()"], Right::Open),
        command("inlineplain", &["python", "-c", "import sys; print(sys.version)"], Right::Pass),
        command("inlinebad", &["python", "-c", "import sys; print(sys.version"], Right::Fail),
    ]);
}

#[test]
fn shells() {
    are_right(&[
        command("words", &["sh", "-c", "exec \"$0\" \"$@\"", "python", "-m", "pk.nope"], Right::Fail),
        command("goodwords", &["sh", "-c", "exec \"$0\" \"$@\"", "python", "-m", "pk.printing"], Right::Pass),
        row("printing", "print('x')\n", &[], Right::Pass),
        command("sourced", &["sh", "-c", ". ./env.sh && exec python -m pk.printing"], Right::Fail),
        command("sourcedopen", &["sh", "-c", ". ./env.sh; exec python -m pk.printing"], Right::NoPass),
        command(
            "asked",
            &["sh", "-c", "[ -f ./env.sh ] && . ./env.sh; exec python -m pk.printing"],
            Right::Pass,
        ),
        command("env", &["sh", "-c", "exec env PYTHONPATH=/opt python -m other.run"], Right::Pass),
        command("envgone", &["env", "-u", "PYTHONPATH", "python", "-m", "other.run"], Right::Fail),
    ]);
}

/// A program of 5,000 modules of 20 KB.
#[test]
fn large_programs_are_answered() {
    let text = "# a line of a comment that makes the file large, and nothing else\n".repeat(310);
    let mut tar = Tar::new()
        .executable("lib64/ld-linux-x86-64.so.2", "")
        .executable("bin/python", crate::support::elf(62, LOADER))
        .file("app/pk/__init__.py", "")
        .file("app/pk/run.py", "print('x')\n");
    for i in 0..5_000 {
        tar = tar.file(&format!("app/pk/m{i}.py"), &text);
    }
    let cli = Cli::new();
    cli.write(
        "seaworthy.toml",
        "version = 1\n[[entrypoints]]\nhandle = \"RUN\"\ncommand = [\"python\", \"-m\", \"pk.run\"]\n",
    );
    let mut spec = Spec::new([Layer::from(tar)]);
    spec.config = json!({ "Env": ["PATH=/bin", "PYTHONPATH=/app"], "WorkingDir": "/app" });
    let mut blobs = Blobs::default();
    let image = blobs.image(&spec);
    blobs.root(image, "1");
    cli.write("image.tar", blobs.tar().done());
    let answer = cli.run(&["image", "oci-archive:image.tar", "--report", "json"]);
    assert_eq!(answer.json()["entrypoints"][0]["status"], "pass", "{}{}", answer.stderr, answer.stdout);
}

/// A program of this machine, with the loader and the libraries that an image has.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn a_program_needs_its_shared_libraries() {
    let judge = |program: &str, libraries: &[&str]| {
        let program = std::fs::read(program).unwrap();
        let tar = Tar::new().executable("lib64/ld-linux-x86-64.so.2", "").executable("bin/run", &program);
        let tar = libraries.iter().fold(tar, |tar, path| tar.file(path, "x"));
        let mut spec = Spec::new([Layer::from(tar)]);
        spec.config = json!({ "Env": ["PATH=/bin"] });
        let cli = Cli::new();
        cli.write(
            "seaworthy.toml",
            "version = 1\n\n[[entrypoints]]\nhandle = \"RUN\"\ncommand = [\"run\"]\n",
        );
        cli.write("image.tar", spec.docker_archive(&["app:1"]));
        let answer = cli.run(&["image", "docker-archive:image.tar", "--report", "json"]);
        let report = answer.json();
        let of_check = |f: &&serde_json::Value| f["check"] == "SW601";
        let found = report["findings"].as_array().unwrap().iter().find(of_check);
        found.map(|f| f["message"].as_str().unwrap().to_owned())
    };
    let missing = judge("/bin/true", &[]).unwrap_or_default();
    assert!(missing.contains("needs the shared library libc.so.6"), "{missing}");
    assert_eq!(judge("/bin/true", &["usr/lib/x86_64-linux-gnu/libc.so.6"]), None);
    // musl's loader is the C library itself.
    assert_eq!(judge("/bin/true", &["lib/ld-musl-x86_64.so.1"]), None);
    // What a large program loads stands megabytes behind its beginning.
    let large = "/usr/bin/perl";
    assert!(std::fs::metadata(large).unwrap().len() > 1 << 20);
    let missing = judge(large, &["usr/lib/x86_64-linux-gnu/libc.so.6"]).unwrap_or_default();
    assert!(missing.contains("needs the shared library lib"), "{missing}");
}
