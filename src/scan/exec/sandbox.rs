//! Runs entrypoints in a sandbox of bubblewrap, without a daemon: the image's filesystem read-only, no network, no
//! variables but the image's own, all namespaces of its own, limits on time, memory, processes and what is written.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::rootfs::RootFilesystem;
use super::{Ended, finish, finish_with, fixtures};
use crate::check::packaging::Answered;
use crate::observe::entrypoint::Entrypoint;
use crate::observe::{ExaminedImage, environment};
use seaworthy_image::{Limits, Source};
use seaworthy_source::escape_bytes;

/// Kilobytes of memory that a program may map, and blocks of 512 bytes that a file of it may have.
const MEMORY: u64 = 8 << 20;
const FILE_BLOCKS: u64 = 2 << 20;

/// Processes and threads that the user may have: those of the sandbox, and those that run already. The kernel does not
/// limit root: see [`MAX_PROCESSES`].
const PROCESSES: u64 = 4096;

/// Processes of the sandbox with which it is ended, whatever user runs it.
const MAX_PROCESSES: usize = 512;

/// Bytes that may be written to `/tmp`, and to `/dev/shm`.
const WRITABLE: &str = "268435456";

/// Most bytes of a table of users or groups that are read.
const MAX_TABLE: u64 = 1 << 20;

/// A sandbox that holds one image.
pub(super) struct Sandbox<'a> {
    image: &'a ExaminedImage,
    root: RootFilesystem,
}

impl<'a> Sandbox<'a> {
    /// Prepares a sandbox, and tries whether one can be started here at all.
    pub(super) fn open(
        image: &'a ExaminedImage,
        source: &dyn Source,
        limits: &Limits,
    ) -> Result<Self, String> {
        let own = std::env::consts::ARCH;
        let architecture =
            image.image.platform.as_deref().and_then(|p| p.split('/').nth(1)).unwrap_or_default();
        let fits = matches!((own, architecture), ("x86_64", "amd64" | "386") | ("aarch64", "arm64"));
        if !fits && !architecture.is_empty() {
            return Err(format!("the image is for {architecture}, and this machine is {own}"));
        }
        let mut trial = Command::new("bwrap");
        trial.args(["--unshare-all", "--ro-bind", "/", "/", "true"]).env_clear().env("PATH", "/usr/bin:/bin");
        trial.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ended = finish(trial, Duration::from_secs(30))?;
        if !ended.is_success() {
            return Err(format!("bwrap cannot start a sandbox here: {}", said(&ended.output)));
        }
        Ok(Self { image, root: RootFilesystem::write(image, source, limits)? })
    }

    /// Runs words in the sandbox.
    pub(super) fn run(&self, entrypoint: &Entrypoint, words: &[String], seconds: u64) -> Result<Ran, String> {
        let status = tempfile::NamedTempFile::new().map_err(|e| format!("a file cannot be made: {e}"))?;
        let config = |pointer: &str| self.image.image.config.value.pointer(pointer).and_then(|v| v.as_str());
        let directory = entrypoint
            .working_dir
            .as_deref()
            .or_else(|| config("/config/WorkingDir"))
            .filter(|d| !d.is_empty())
            .unwrap_or("/");
        let mut command = Command::new("/bin/sh");
        // Values of variables come over a pipe: every process of the machine can read a command line.
        // What the sandbox says of its child goes to a file, so that its own failure is told from the program's.
        command.args(["-c", "ulimit -v \"$1\"; ulimit -f \"$2\"; ulimit -c 0; ulimit -u \"$3\" 2>/dev/null || ulimit -p \"$3\"; shift 3; exec bwrap --json-status-fd 3 \"$@\" 3>\"$0\" 4<&0 </dev/null"]);
        command
            .arg(status.path())
            .arg(MEMORY.to_string())
            .arg(FILE_BLOCKS.to_string())
            .arg(PROCESSES.to_string());
        command.args([
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--cap-drop",
            "ALL",
            "--clearenv",
        ]);
        command.arg("--ro-bind").arg(self.root.path()).arg("/");
        command.args(["--proc", "/proc", "--dev", "/dev", "--size", WRITABLE, "--tmpfs", "/dev/shm"]);
        command.args([
            "--remount-ro",
            "/dev",
            "--size",
            WRITABLE,
            "--tmpfs",
            "/tmp",
            "--hostname",
            "seaworthy",
        ]);
        if let Some(fixtures) = fixtures(entrypoint)? {
            self.mount(&mut command, &fixtures)?;
        }
        let user = entrypoint.user.as_deref().or_else(|| config("/config/User")).unwrap_or_default();
        if let Some((user, group)) = self.account(user)? {
            command.args(["--unshare-user", "--uid", &user.to_string(), "--gid", &group.to_string()]);
        }
        let input = variables(environment(self.image))?;
        command.args(["--args", "4"]);
        command.args(["--chdir", directory, "--"]).args(words);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let is_over = || processes(status.path()) > MAX_PROCESSES;
        let ended = finish_with(command, input, Duration::from_secs(seconds), &is_over)?;
        let answered = match (ended.status, exit_code(status.path())) {
            _ if ended.is_over => {
                Answered::NotRun(format!("it was ended with more than {MAX_PROCESSES} processes"))
            }
            (None, _) => Answered::TimedOut(seconds),
            (Some(_), Some(code)) => Answered::Exit(code),
            (Some(_), None) => {
                let said = said(&ended.output);
                // A program that is not there ends the sandbox as it starts.
                if said.starts_with("bwrap: execvp ") {
                    Answered::Exit(127)
                } else {
                    Answered::NotRun(format!("the sandbox could not be started: {said}"))
                }
            }
        };
        Ok(Ran { answered, ended })
    }

    /// The numbers of a user and its group, `USER[:GROUP]`, as the image's own tables have them; nothing if none is named.
    fn account(&self, named: &str) -> Result<Option<(u32, u32)>, String> {
        let (user, group) = named.split_once(':').map_or((named, None), |(u, g)| (u, Some(g)));
        if user.is_empty() {
            return Ok(None);
        }
        let known = numbers(&self.table("passwd"), user);
        let number = user.parse().ok().or_else(|| known.first().copied());
        let Some(number) = number else {
            return Err(format!(
                "the user {} is not in the image's /etc/passwd",
                escape_bytes(user.as_bytes())
            ));
        };
        let group = match group.filter(|g| !g.is_empty()) {
            Some(group) => {
                let own = || numbers(&self.table("group"), group).first().copied();
                group.parse().ok().or_else(own).ok_or_else(|| {
                    format!("the group {} is not in the image's /etc/group", escape_bytes(group.as_bytes()))
                })?
            }
            None => known.get(1).copied().unwrap_or(0),
        };
        Ok(Some((number, group)))
    }

    /// A table of the image's `/etc`. A link is not followed: it may lead out of the image.
    fn table(&self, name: &str) -> String {
        let directory = self.root.path().join("etc");
        let is_link = |path: &Path| std::fs::symlink_metadata(path).map_or(true, |m| m.is_symlink());
        let path = directory.join(name);
        if is_link(&directory) || is_link(&path) {
            return String::new();
        }
        let mut text = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(MAX_TABLE).read_to_end(&mut text));
        read.map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    fn mount(&self, command: &mut Command, fixtures: &Path) -> Result<(), String> {
        let at = self.root.path().join("fixtures");
        if std::fs::symlink_metadata(&at).is_err() {
            std::fs::create_dir(&at).map_err(|e| format!("a place for fixtures cannot be made: {e}"))?;
        }
        command.arg("--ro-bind").arg(fixtures).arg("/fixtures");
        Ok(())
    }
}

/// What running came to.
pub(super) struct Ran {
    pub(super) answered: Answered,
    pub(super) ended: Ended,
}

/// The numbers in the line of a name, or of a number: a user's and its group's.
fn numbers(table: &str, named: &str) -> Vec<u32> {
    let mut lines = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|fields| fields.first() == Some(&named) || fields.get(2) == Some(&named));
    line.into_iter().flatten().skip(2).take(2).map_while(|field| field.parse().ok()).collect()
}

/// The options that set variables, as `--args` reads them: each word ended by a NUL byte.
fn variables<'v>(all: impl Iterator<Item = (&'v str, &'v str)>) -> Result<Vec<u8>, String> {
    let mut input = Vec::new();
    for (name, value) in all {
        if name.contains('\0') || value.contains('\0') {
            return Err("a variable of the image holds a NUL byte".to_owned());
        }
        for word in ["--setenv", name, value] {
            input.extend_from_slice(word.as_bytes());
            input.push(0);
        }
    }
    Ok(input)
}

/// What bubblewrap says of its own failure. What a program printed is never repeated.
fn said(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let own = text.lines().find(|l| l.starts_with("bwrap: "));
    own.map_or_else(|| "it does not say why".to_owned(), |l| escape_bytes(l.as_bytes()))
}

/// A number that the sandbox wrote down.
fn written(status: &Path, name: &str) -> Option<i64> {
    let text = std::fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        value.get(name)?.as_i64()
    })
}

/// The exit code of the sandbox's child.
fn exit_code(status: &Path) -> Option<i32> {
    written(status, "exit-code").and_then(|code| i32::try_from(code).ok())
}

/// How many processes are in the sandbox's namespace; none if it does not run.
fn processes(status: &Path) -> usize {
    let Some(namespace) = written(status, "pid-namespace") else { return 0 };
    let own = std::path::PathBuf::from(format!("pid:[{namespace}]"));
    let all = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let is_number = |e: &std::fs::DirEntry| e.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
    let is_inside =
        |e: &std::fs::DirEntry| std::fs::read_link(e.path().join("ns/pid")).is_ok_and(|n| n == own);
    all.filter(is_number).filter(is_inside).count()
}

#[cfg(test)]
mod tests {
    use super::{numbers, said, variables};

    #[test]
    fn users_are_looked_up_in_the_table() {
        let table = "root:x:0:0::/root:/bin/sh\napp:x:10001:10002::/:/bin/false\nbroken\n";
        assert_eq!(numbers(table, "app"), [10001, 10002]);
        assert_eq!(numbers(table, "10001"), [10001, 10002]);
        assert!(numbers(table, "broken").is_empty() && numbers(table, "other").is_empty());
    }

    #[test]
    fn variables_are_words_of_their_own() {
        let words = variables([("A", "b c")].into_iter());
        assert_eq!(words.as_deref(), Ok(&b"--setenv\0A\0b c\0"[..]));
        assert!(variables([("A", "b\0--bind\0/\0/")].into_iter()).is_err());
    }

    #[test]
    fn only_the_sandbox_is_quoted() {
        assert_eq!(said(b"password=hunter2\nbwrap: Can't mount proc\n"), "bwrap: Can't mount proc");
        assert_eq!(said(b"password=hunter2\n"), "it does not say why");
    }
}
