//! A gate that is killed at any moment leaves the old evidence or the new, whole, and loses none.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Cli, Layer, Spec, Tar};
use serde_json::Value;

const EVIDENCE: &str = "seaworthy-evidence/evidence/runs/run_1/image/security_secret_injection_checks.json";
const ARGUMENTS: [&str; 5] = ["gate", "--run-id", "run_1", "--replace", "-q"];

fn image(n: usize) -> Vec<u8> {
    let tar = Tar::new().file("app/number", n.to_string()).file("app/key", crate::support::GITLAB);
    Spec::new([Layer::from(tar)]).docker_archive(&["app:1"])
}

/// The evidence in a file, by what names its image; time and actor left out.
fn read(path: &Path) -> (String, String) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut document: Value =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(text.ends_with("}\n"));
    let object = document.as_object_mut().unwrap();
    object.remove("written_at_utc");
    object.remove("actor");
    let image = document["inputs"].as_array().unwrap().iter().find(|i| i["kind"] == "image").unwrap();
    (image["config_digest"].as_str().unwrap().to_owned(), document.to_string())
}

#[test]
fn a_hundred_kills_tear_nothing() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\nCOPY x /x\n").write("x", "x").write(".dockerignore", "*\n!x\n");
    cli.write(
        "seaworthy.toml",
        "version = 1\n[image]\nreference = \"docker-archive:image.tar\"\ndockerfile = \"Dockerfile\"\n",
    );
    // What whole evidence of each image is, and how long a gate takes.
    let mut whole = BTreeMap::new();
    let mut takes = Duration::MAX;
    for n in 0..2 {
        cli.write("image.tar", image(n));
        let start = Instant::now();
        let answer = cli.run(&ARGUMENTS);
        takes = takes.min(start.elapsed());
        assert_eq!(answer.code, 1, "{}", answer.stderr);
        let (digest, text) = read(&cli.path(EVIDENCE));
        whole.insert(digest, text);
    }
    assert_eq!(whole.len(), 2);
    // A linear congruential generator: the same shares of a gate's time in every run.
    let mut state = 20_260_213_u64;
    let (mut killed, mut rounds) = (0, 0);
    while killed < 100 {
        cli.write("image.tar", image(rounds % 2));
        let mut child = cli.command(&ARGUMENTS).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Half of them in the second half, where evidence is written.
        let share = if (rounds / 2) % 2 == 0 { (state >> 40) % 1_000 } else { 500 + (state >> 40) % 500 };
        std::thread::sleep(takes.mul_f64(share as f64 / 1_000.0));
        let _ = child.kill();
        let in_time = child.wait().unwrap().code().is_none();
        killed += usize::from(in_time);
        // How long a gate takes depends on what else the machine does: follow it.
        takes = takes.mul_f64(if in_time { 1.02 } else { 0.93 });
        let (digest, text) = read(&cli.path(EVIDENCE));
        assert_eq!(whole.get(&digest), Some(&text), "round {rounds}");
        rounds += 1;
        assert!(rounds < 1_000, "only {killed} of {rounds} were killed in time");
    }
    // All that was ever replaced is whole, too, and what was half written goes with the next gate.
    cli.write("image.tar", image(7));
    assert_eq!(cli.run(&ARGUMENTS).code, 1);
    let directory = cli.path(EVIDENCE).parent().unwrap().to_owned();
    let mut kept = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(!name.starts_with('.'), "{name} is left");
        if name.contains(".replaced-") {
            let (digest, text) = read(&path);
            assert_eq!(whole.get(&digest), Some(&text), "{name}");
            kept += 1;
        }
    }
    assert!(kept >= 2);
}
