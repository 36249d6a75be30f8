//! Runs the binary with a time limit, in an empty environment.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A directory of one's own, in which commands run.
pub struct Cli {
    pub dir: tempfile::TempDir,
    env: Vec<(String, String)>,
    limit: Duration,
}

/// What a command left behind.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub time: Duration,
}

impl Answer {
    /// The JSON report on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("no JSON ({e}), exit code {}: {}", self.code, self.stderr))
    }

    /// Requires an error: exit code 2, nothing on standard output, and all of `words` on standard error.
    #[track_caller]
    pub fn error(&self, words: &[&str]) {
        assert_eq!(self.code, 2, "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.starts_with("error"), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {}", self.stderr);
        }
    }
}

impl Cli {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, env: Vec::new(), limit: Duration::from_secs(180) }
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into the directory.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn read_json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The binary with these arguments, to be changed further.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.dir.path());
        command.envs(self.env.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Runs it to its end. A crash, or no end in time, fails the test.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let answer = finish(self.command(arguments), self.limit, arguments);
        assert!(!answer.stderr.contains("internal error"), "{arguments:?}: {}", answer.stderr);
        assert!((0..=2).contains(&answer.code), "{arguments:?}: exit code {}", answer.code);
        answer
    }

    /// Runs it in a directory below the directory.
    #[track_caller]
    pub fn run_in(&self, directory: &str, arguments: &[&str]) -> Answer {
        let mut command = self.command(arguments);
        command.current_dir(self.path(directory));
        let answer = finish(command, self.limit, arguments);
        assert!((0..=2).contains(&answer.code), "{arguments:?}: exit code {}", answer.code);
        answer
    }

    /// Inspects `reference` and reads the JSON report.
    #[track_caller]
    pub fn image(&self, reference: &str) -> (i32, Value) {
        let answer = self.run(&["image", reference, "--report", "json"]);
        (answer.code, answer.json())
    }
}

#[track_caller]
fn finish(mut command: Command, limit: Duration, what: &[&str]) -> Answer {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read_out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).map(|_| bytes)
    });
    let read_err = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        err.read_to_end(&mut bytes).map(|_| bytes)
    });
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{what:?} did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(3));
    };
    let time = start.elapsed();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is not UTF-8");
    let stdout = text(read_out.join().unwrap().unwrap());
    let stderr = text(read_err.join().unwrap().unwrap());
    Answer { code: status.code().unwrap_or(-1), stdout, stderr, time }
}

/// Writes `bytes` as an archive and inspects it.
#[track_caller]
pub fn inspect(bytes: impl AsRef<[u8]>) -> (i32, Value) {
    let cli = Cli::new();
    cli.write("image.tar", bytes);
    cli.image("image.tar")
}

/// The findings of a JSON report.
pub fn findings(report: &Value) -> &Vec<Value> {
    report["findings"].as_array().unwrap()
}

/// The IDs of the checks that found something, sorted, each once.
pub fn ids(report: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> = findings(report).iter().filter_map(|f| f["check"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The paths at which one check found something.
pub fn paths_of<'a>(report: &'a Value, check: &str) -> Vec<&'a str> {
    let of_check = findings(report).iter().filter(|f| f["check"] == check);
    of_check
        .flat_map(|f| std::iter::once(&f["origin"]).chain(f["places"].as_array().into_iter().flatten()))
        .filter_map(|origin| origin["path"].as_str())
        .collect()
}
