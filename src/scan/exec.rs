//! Runs entrypoints of an image with `--help`, and with the contract's arguments for a trial, in a container engine or
//! a sandbox, where the user asks for it: no network, no variables, nothing writable but `/tmp`, a time limit. What
//! they print is looked through for the names of variables and never kept or shown.

mod rootfs;
mod sandbox;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::check::packaging::{Answered, HelpRun, Trial};
use crate::observe::entrypoint::Entrypoint;
use crate::observe::{ExaminedImage, InjectedSecret};
use seaworthy_image::{Limits, Source};

/// How long loading an image may take, in seconds.
const LOAD_SECONDS: u64 = 600;

/// Most bytes of output that are looked through.
const MAX_OUTPUT: u64 = 256 << 10;

/// The engine's own failure, as docker and podman tell it.
const ENGINE_FAILED: i32 = 125;

/// A container engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// docker
    Docker,
    /// podman
    Podman,
    /// bubblewrap, without a daemon.
    Bubblewrap,
}

impl Engine {
    fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Bubblewrap => "bwrap",
        }
    }
}

/// That entrypoints are to be run.
#[derive(Clone, Debug)]
pub struct ExecRequest {
    /// The engine.
    pub engine: Engine,
    /// The archive that the engine loads; nothing if the image is not in one.
    pub archive: Option<PathBuf>,
    /// The name of the image in the archive, if the reference gives one.
    pub tag: Option<String>,
    /// How long each may take, in seconds.
    pub seconds: u64,
}

/// What each entrypoint is run with: `--help`, and the contract's arguments of a trial.
fn trials(entrypoint: &Entrypoint) -> Vec<(Trial, Vec<String>)> {
    let mut all = vec![(Trial::Help, vec!["--help".to_owned()])];
    all.extend(entrypoint.dry_run.clone().map(|arguments| (Trial::DryRun, arguments)));
    all
}

/// The variables of secrets that an output names.
fn named_in(output: &[u8], secrets: &[InjectedSecret]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    secrets.iter().flat_map(|s| &s.variables).filter(|v| text.contains(v.as_str())).cloned().collect()
}

/// Runs all entrypoints of an image in a sandbox.
pub(super) fn run_in_sandbox(
    request: &ExecRequest,
    image: Option<&ExaminedImage>,
    source: &dyn Source,
    limits: &Limits,
    entrypoints: &[Entrypoint],
    secrets: &[InjectedSecret],
) -> Vec<HelpRun> {
    let opened = match image {
        Some(image) => sandbox::Sandbox::open(image, source, limits).map(|sandbox| (image, sandbox)),
        None => Err("there is no image".to_owned()),
    };
    let mut runs = Vec::new();
    for entrypoint in entrypoints {
        for (trial, arguments) in trials(entrypoint) {
            let ran = opened.as_ref().map_err(Clone::clone).and_then(|(image, sandbox)| {
                let own = image.image.config.value.pointer("/config/Entrypoint");
                let own = own.and_then(serde_json::Value::as_array).into_iter().flatten();
                let own = own.filter_map(|w| w.as_str().map(str::to_owned));
                let after_own = entrypoint.command.first().is_some_and(|w| w.starts_with('-'));
                let mut words: Vec<String> = if after_own { own.collect() } else { Vec::new() };
                words.extend(entrypoint.command.iter().chain(&arguments).cloned());
                sandbox.run(entrypoint, &words, request.seconds)
            });
            let (answered, named) = match ran {
                Ok(ran) => (ran.answered, named_in(&ran.ended.output, secrets)),
                Err(reason) => (Answered::NotRun(reason), Vec::new()),
            };
            runs.push(HelpRun { entrypoint: entrypoint.clone(), trial, answered, named });
        }
    }
    runs
}

/// Runs all entrypoints.
pub(super) fn run(
    request: &ExecRequest,
    entrypoints: &[Entrypoint],
    secrets: &[InjectedSecret],
) -> Vec<HelpRun> {
    let all = || {
        entrypoints.iter().flat_map(|e| trials(e).into_iter().map(move |(trial, words)| (e, trial, words)))
    };
    let done = |entrypoint: &Entrypoint, trial, answered, named| HelpRun {
        entrypoint: entrypoint.clone(),
        trial,
        answered,
        named,
    };
    let image = match load(request) {
        Ok(image) => image,
        Err(reason) => {
            let answered = Answered::NotRun(reason);
            return all().map(|(e, trial, _)| done(e, trial, answered.clone(), Vec::new())).collect();
        }
    };
    let runs = all()
        .enumerate()
        .map(|(nth, (entrypoint, trial, words))| {
            let (answered, named) = run_entrypoint(request, &image.name, nth, entrypoint, &words, secrets);
            done(entrypoint, trial, answered, named)
        })
        .collect();
    if !image.was_there {
        let _ = finish(engine(request, &["rmi", &image.name]), Duration::from_secs(LOAD_SECONDS));
    }
    runs
}

/// An image in the engine.
struct Loaded {
    name: String,
    /// Whether it was there before.
    was_there: bool,
}

fn load(request: &ExecRequest) -> Result<Loaded, String> {
    let program = request.engine.program();
    let Some(archive) = &request.archive else {
        return Err(format!(
            "{program} is only given images in archives: save the image with `docker save` first"
        ));
    };
    let limit = Duration::from_secs(LOAD_SECONDS);
    let before = images(request)?;
    let mut command = engine(request, &["load", "--input"]);
    command.arg(archive);
    let ended = finish(command, limit)?;
    if !ended.is_success() {
        return Err(format!("{program} cannot load the archive ({})", ended.told()));
    }
    let text = String::from_utf8_lossy(&ended.output).into_owned();
    // "Loaded image: NAME", "Loaded image ID: sha256:…", "Loaded image(s): NAME".
    let mut names =
        text.lines().filter_map(|l| l.strip_prefix("Loaded image")?.split_once(": ")).map(|(_, n)| n.trim());
    let name = match &request.tag {
        Some(tag) => tag.clone(),
        None => match (names.next(), names.next()) {
            (Some(name), None) => name.to_owned(),
            (None, _) => return Err(format!("{program} does not say which image it loaded")),
            (Some(_), Some(_)) => {
                return Err("the archive holds several images: name one in the reference".to_owned());
            }
        },
    };
    if name.starts_with('-') {
        return Err("the image's name begins with a hyphen".to_owned());
    }
    let id = identity(request, &name)?;
    Ok(Loaded { was_there: before.contains(&id), name: id })
}

/// The IDs of all images that the engine has.
fn images(request: &ExecRequest) -> Result<Vec<String>, String> {
    let command = engine(request, &["images", "--all", "--quiet", "--no-trunc"]);
    let ended = finish(command, Duration::from_secs(60))?;
    if !ended.is_success() {
        return Err(format!("{} does not answer ({})", request.engine.program(), ended.told()));
    }
    Ok(String::from_utf8_lossy(&ended.output).lines().map(plain_id).collect())
}

fn identity(request: &ExecRequest, name: &str) -> Result<String, String> {
    let command = engine(request, &["image", "inspect", "--format", "{{.Id}}", name]);
    let ended = finish(command, Duration::from_secs(60))?;
    let id = plain_id(String::from_utf8_lossy(&ended.output).lines().next().unwrap_or_default());
    if ended.is_success() && !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(id);
    }
    Err(format!("{} does not know the image that it loaded", request.engine.program()))
}

fn plain_id(text: &str) -> String {
    text.trim().trim_start_matches("sha256:").to_owned()
}

/// Runs one entrypoint.
fn run_entrypoint(
    request: &ExecRequest,
    image: &str,
    nth: usize,
    entrypoint: &Entrypoint,
    arguments: &[String],
    secrets: &[InjectedSecret],
) -> (Answered, Vec<String>) {
    let name = format!("seaworthy-{}-{nth}", std::process::id());
    let mut command = engine(
        request,
        &[
            "run",
            "--rm",
            "--network",
            "none",
            "--read-only",
            "--tmpfs",
            "/tmp",
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
            "--pids-limit",
            "512",
            "--pull",
            "never",
            "--name",
            &name,
        ],
    );
    if request.engine == Engine::Podman {
        // podman hands the host's proxy variables on, and they may hold a password.
        command.arg("--http-proxy=false");
    }
    if let Some(directory) = &entrypoint.working_dir {
        command.args(["--workdir", directory]);
    }
    if let Some(user) = &entrypoint.user {
        command.args(["--user", user]);
    }
    match fixtures(entrypoint) {
        Ok(None) => {}
        Ok(Some(fixtures)) => {
            command.arg("--volume").arg(format!("{}:/fixtures:ro", fixtures.display()));
        }
        Err(reason) => return (Answered::NotRun(reason), Vec::new()),
    }
    let mut words = entrypoint.command.iter();
    if entrypoint.command.first().is_some_and(|w| !w.starts_with('-')) {
        command.arg(format!("--entrypoint={}", words.next().map(String::as_str).unwrap_or_default()));
    }
    command.arg(image).args(words).args(arguments);
    let ended = match finish(command, Duration::from_secs(request.seconds)) {
        Ok(ended) => ended,
        Err(reason) => return (Answered::NotRun(reason), Vec::new()),
    };
    let named = named_in(&ended.output, secrets);
    let answered = match ended.status {
        None => {
            let _ = finish(engine(request, &["rm", "--force", &name]), Duration::from_secs(60));
            Answered::TimedOut(request.seconds)
        }
        Some(status) => match status.code() {
            Some(ENGINE_FAILED) => Answered::NotRun(format!("{} cannot run it", request.engine.program())),
            Some(code) => Answered::Exit(code),
            None => Answered::NotRun(format!("{} was killed", request.engine.program())),
        },
    };
    (answered, named)
}

fn engine(request: &ExecRequest, arguments: &[&str]) -> Command {
    let mut command = Command::new(request.engine.program());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A command that ended, or was ended.
struct Ended {
    /// Nothing if it was ended: for lack of time, or because it went too far.
    status: Option<ExitStatus>,
    /// Whether it was ended because it went too far.
    is_over: bool,
    /// The beginning of what it printed, both streams.
    output: Vec<u8>,
}

impl Ended {
    fn is_success(&self) -> bool {
        self.status.is_some_and(|s| s.success())
    }

    /// How it ended; what it printed is not repeated.
    fn told(&self) -> String {
        match self.status.map(|s| s.code()) {
            None => "it did not end in time".to_owned(),
            Some(Some(code)) => format!("exit code {code}"),
            Some(None) => "it was killed".to_owned(),
        }
    }
}

/// The directory of the machine that a trial run gets.
fn fixtures(entrypoint: &Entrypoint) -> Result<Option<PathBuf>, String> {
    let Some(fixtures) = &entrypoint.fixtures else { return Ok(None) };
    let failed = |why: String| format!("its fixtures {}: {why}", fixtures.display());
    let real = std::fs::canonicalize(fixtures).map_err(|e| failed(e.to_string()))?;
    if real.is_dir() { Ok(Some(real)) } else { Err(failed("not a directory".to_owned())) }
}

/// Runs a command to its end, or to the end of its time.
fn finish(command: Command, limit: Duration) -> Result<Ended, String> {
    finish_with(command, Vec::new(), limit, &|| false)
}

/// Runs a command to its end, to the end of its time, or until it goes too far by `is_over`. It reads `input` if its
/// standard input is a pipe.
fn finish_with(
    mut command: Command,
    input: Vec<u8>,
    limit: Duration,
    is_over: &dyn Fn() -> bool,
) -> Result<Ended, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!("{program} is not installed"),
        _ => format!("{program} cannot be started: {e}"),
    })?;
    let readers = [child.stdout.take().map(reader), child.stderr.take().map(reader)];
    if let Some(mut stdin) = child.stdin.take() {
        // A command that ends without reading closes the pipe; how it ended tells more than that.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let waited = wait(&mut child, limit, is_over);
    let (status, is_over) = waited.map_err(|e| format!("{program} cannot be waited for: {e}"))?;
    let mut output = Vec::new();
    for reader in readers.into_iter().flatten() {
        // A process that was left behind may hold the stream open; it is not waited for.
        let end = Instant::now() + Duration::from_secs(2);
        while !reader.is_finished() && (status.is_some() || Instant::now() < end) {
            std::thread::sleep(Duration::from_millis(5));
            if Instant::now() > end + Duration::from_secs(8) {
                break;
            }
        }
        if reader.is_finished() {
            output.extend(reader.join().unwrap_or_default());
        }
    }
    Ok(Ended { status, is_over, output })
}

/// Reads a stream to its end and keeps its beginning.
fn reader(stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut stream = stream;
        let _ = (&mut stream).take(MAX_OUTPUT).read_to_end(&mut kept);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        kept
    })
}

/// How often it is asked whether a command goes too far.
const WATCH_EVERY: Duration = Duration::from_millis(50);

/// Waits for a command's end, or ends it; gives whether that was because it went too far.
fn wait(
    child: &mut Child,
    limit: Duration,
    is_over: &dyn Fn() -> bool,
) -> std::io::Result<(Option<ExitStatus>, bool)> {
    let start = Instant::now();
    let mut watched = start;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((Some(status), false));
        }
        let is_too_far = watched.elapsed() > WATCH_EVERY && {
            watched = Instant::now();
            is_over()
        };
        if is_too_far || start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok((None, is_too_far));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[test]
    fn what_does_not_end_is_ended() {
        let start = Instant::now();
        let ended = finish(shell("exec sleep 600"), Duration::from_millis(100)).unwrap();
        assert!(ended.status.is_none() && start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_goes_too_far_is_ended() {
        let start = Instant::now();
        let ended =
            finish_with(shell("exec sleep 600"), Vec::new(), Duration::from_secs(600), &|| true).unwrap();
        assert!(ended.status.is_none() && ended.is_over && start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn endless_output_is_read_and_not_kept() {
        let ended = finish(shell("head -c 3000000 /dev/zero; exit 3"), Duration::from_secs(60)).unwrap();
        assert_eq!(ended.status.unwrap().code(), Some(3));
        assert_eq!(ended.output.len() as u64, MAX_OUTPUT);
    }

    #[test]
    fn input_is_handed_over() {
        let mut command = shell("test \"$(cat)\" = word");
        command.stdin(Stdio::piped());
        let ended = finish_with(command, b"word".to_vec(), Duration::from_secs(60), &|| false).unwrap();
        assert!(ended.is_success());
    }

    #[test]
    fn an_engine_that_is_not_there_is_told() {
        let error = finish(Command::new("seaworthy-no-such-engine"), Duration::from_secs(1)).err();
        assert_eq!(error.as_deref(), Some("seaworthy-no-such-engine is not installed"));
    }
}
