//! `image --exec bwrap`, for real: a whole row passes; one that is broken, or that does what a sandbox must stop, fails
//! or is not checked. bubblewrap is installed by tests/setup.sh; where it cannot start, these tests fail.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::support::{Answer, Blobs, Cli, Layer, Spec, Tar};
use serde_json::{Value, json};

/// A program of this machine with all libraries that it needs, as an image has them.
fn with_program(tar: Tar, program: &str, at: &str) -> Tar {
    let mut tar = tar.executable(at, std::fs::read(program).unwrap());
    for library in libraries(program) {
        let name = library.to_str().unwrap().trim_start_matches('/').to_owned();
        tar = tar.executable(&name, std::fs::read(&library).unwrap());
    }
    tar
}

fn libraries(program: &str) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace()
        .filter(|w| w.starts_with('/') && Path::new(w).is_file())
        .map(PathBuf::from)
        .collect()
}

const WHOLE: &str = "#!/bin/sh\n[ \"$1\" = --help ] || exit 2\necho usage\nexit 0\n";

/// Name, script, and the status that its row must have.
const ROWS: [(&str, &str, &str); 9] = [
    ("whole", WHOLE, "pass"),
    // What it leaves behind ends with it.
    ("forks", "#!/bin/sh\n(while :; do /bin/sleep 600; done) &\nexit 0\n", "pass"),
    ("refuses", "#!/bin/sh\nexit 1\n", "fail"),
    ("interpreter", "#!/usr/bin/nothing\nexit 0\n", "fail"),
    // It may write to /tmp alone.
    (
        "writes",
        "#!/bin/sh\necho x > /tmp/x || exit 4\nexec 2>/dev/null\necho x > /x || exit 3\nexit 0\n",
        "fail",
    ),
    // The network has no other end.
    ("network", "#!/bin/bash\nexec 2>/dev/null\nexec 5<>/dev/tcp/127.0.0.1/1 || exit 7\nexit 0\n", "fail"),
    ("endless", "#!/bin/sh\nwhile :; do echo a line of an output without an end; done\n", "fail"),
    ("sleeps", "#!/bin/sh\nexec /bin/sleep 600\n", "fail"),
    // The kernel limits the processes of every user but root.
    (
        "crowd",
        "#!/bin/sh\nn=0\nwhile [ $n -lt 700 ]; do /bin/sleep 600 & n=$((n+1)); done\nwait\n",
        "not-checked",
    ),
];

fn run(names: &[&str]) -> (Answer, Vec<Value>) {
    let mut tar = with_program(Tar::new(), "/bin/sh", "bin/sh");
    for (name, program) in
        [("network", "bin/bash"), ("forks", "bin/sleep"), ("sleeps", "bin/sleep"), ("crowd", "bin/sleep")]
    {
        if names.contains(&name) {
            tar = with_program(tar, &format!("/{program}"), program);
        }
    }
    let mut contract = "version = 1\n".to_owned();
    for name in names {
        let script = ROWS.iter().find(|r| r.0 == *name).map_or(WHOLE, |r| r.1);
        tar = tar.executable(&format!("app/{name}"), script);
        contract.push_str(&format!(
            "\n[[entrypoints]]\nhandle = \"{}\"\ncommand = [\"/app/{name}\"]\n",
            name.to_uppercase()
        ));
    }
    let cli = Cli::new();
    cli.write("seaworthy.toml", contract);
    let mut spec = Spec::new([Layer::from(tar)]);
    spec.architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }.into();
    spec.config = json!({ "Env": ["PATH=/bin"] });
    let mut blobs = Blobs::default();
    let image = blobs.image(&spec);
    blobs.root(image, "1");
    cli.write("image.tar", blobs.tar().done());
    let answer = cli.run(&["image", "oci-archive:image.tar", "--exec", "bwrap", "--report", "json"]);
    let report = answer.json();
    let rows = report["entrypoints"].as_array().cloned().unwrap_or_default();
    (answer, rows)
}

fn are_right(names: &[&str]) {
    let (answer, rows) = run(names);
    for (name, _, status) in ROWS.iter().filter(|r| names.contains(&r.0)) {
        let row = rows.iter().find(|r| r["handle"] == name.to_uppercase()).unwrap();
        assert_eq!(row["status"], *status, "{row}\n{}{}", answer.stderr, answer.stdout);
        assert!(row["judged"].to_string().contains("executed"), "{row}");
    }
}

#[test]
fn rows_are_run_in_a_sandbox() {
    are_right(&["whole", "forks", "refuses", "interpreter", "writes", "network"]);
}

/// A row runs as the contract's user, by its number or its name in the image, and a user that is not there runs nothing.
#[test]
fn rows_run_as_the_contracts_user() {
    let script = "#!/bin/sh\nwhile read -r name number rest; do\n[ \"$name\" = Uid: ] && [ \"$number\" = 10001 ] && exit 0\n\
                  done < /proc/self/status\nexit 9\n";
    let tar = with_program(Tar::new(), "/bin/sh", "bin/sh").executable("app/run", script);
    let tar = tar.file("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:10001:10001::/:/bin/sh\n");
    for (user, status) in
        [("10001", "pass"), ("app", "pass"), ("app:10002", "pass"), ("root", "fail"), ("other", "fail")]
    {
        let cli = Cli::new();
        let contract = "version = 1\n[[entrypoints]]\nhandle = \"RUN\"\ncommand = [\"/app/run\"]\nuser = ";
        cli.write("seaworthy.toml", format!("{contract}\"{user}\"\n"));
        let mut spec = Spec::new([Layer::from(tar.clone())]);
        spec.architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }.into();
        spec.config = json!({ "Env": ["PATH=/bin"], "User": "0" });
        let mut blobs = Blobs::default();
        let image = blobs.image(&spec);
        blobs.root(image, "1");
        cli.write("image.tar", blobs.tar().done());
        let answer = cli.run(&["image", "oci-archive:image.tar", "--exec", "bwrap", "--report", "json"]);
        let row = &answer.json()["entrypoints"][0];
        assert_eq!(row["status"], status, "{user}: {row}\n{}", answer.stdout);
    }
}

#[test]
fn output_without_an_end_is_ended() {
    are_right(&["endless"]);
}

#[test]
fn what_sleeps_is_ended() {
    are_right(&["sleeps"]);
}

#[test]
fn too_many_processes_are_ended() {
    let start = Instant::now();
    let (answer, rows) = run(&["crowd"]);
    assert_eq!((rows[0]["status"].as_str(), answer.code), (Some("not-checked"), 2), "{}", answer.stdout);
    assert!(answer.stdout.contains("more than 512 processes"), "{}", answer.stdout);
    assert!(start.elapsed().as_secs() < 50, "{:?}", start.elapsed());
}

#[test]
fn eighteen_rows_take_seconds() {
    let names: Vec<String> = (0..18).map(|i| format!("row{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let start = Instant::now();
    let (answer, rows) = run(&names);
    println!("18 rows under bwrap: {:?}", start.elapsed());
    assert_eq!((rows.len(), answer.code), (18, 0), "{}{}", answer.stderr, answer.stdout);
    assert!(rows.iter().all(|r| r["status"] == "pass"), "{rows:#?}");
}
