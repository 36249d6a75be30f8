//! `seaworthy context`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::args::{Context as Arguments, Global, With};
use super::output::{Terminal, wanted, write_all};
use super::{Failure, environment, progress};
use crate::contract::Contract;
use crate::finding::Verdict;
use crate::scan::{self, ContextRequest, DockerfileSource, Progress, Setup};
use seaworthy_context::Builder;
use seaworthy_source::escape_bytes;

/// The largest Dockerfile that is read, in bytes.
const MOST: u64 = 16 << 20;

pub(super) fn run(_global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    if let Some(directory) = &arguments.directory {
        refuse_remote(directory)?;
    }
    let typed = arguments.directory.as_deref().unwrap_or(Path::new("."));
    let reports = wanted(common)?;
    let contract = environment::contract(common, typed, terminal)?;
    let request = request(arguments, &contract)?;
    if arguments.list {
        return list(arguments, &request, environment::jobs(common), terminal);
    }
    let rules = environment::rules(&contract, &common.rules, terminal)?;
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key: environment::fingerprint_key(&contract, terminal),
        jobs: environment::jobs(common),
        today: environment::today(),
        progress: &progress,
    };
    let outcome = progress::with(terminal, &progress, || scan::context(&setup, &request))?;
    for warning in &outcome.warnings {
        terminal.warn(warning);
    }
    let run = environment::run_info(&contract, common);
    write_all(&reports, &outcome.report, &run, &contract, common, terminal)?;
    let verdict = outcome.report.verdict;
    Ok(if common.exit_zero && verdict == Verdict::Fail { 0 } else { verdict.exit_code() })
}

fn list(
    arguments: &Arguments,
    request: &ContextRequest,
    jobs: usize,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let listing = scan::list(request, arguments.reachable, jobs)?;
    let end = if arguments.null { b'\0' } else { b'\n' };
    let mut out = Vec::new();
    for path in &listing.paths {
        out.extend_from_slice(path);
        out.push(end);
    }
    terminal.print(&out)?;
    for unread in &listing.unread {
        let path = escape_bytes(std::os::unix::ffi::OsStrExt::as_bytes(unread.path.as_os_str()));
        terminal.error(&format!("{path}: {}; what lies there is not listed", unread.reason));
    }
    Ok(if listing.unread.is_empty() { 0 } else { 2 })
}

/// Builders also take what lies elsewhere; seaworthy looks at what lies here.
fn refuse_remote(directory: &Path) -> Result<(), Failure> {
    let text = directory.to_string_lossy();
    let why = if text == "-" {
        "a context from standard input"
    } else if text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/") {
        "a remote context"
    } else if directory.is_file() {
        "a context that is a file, such as a tar archive,"
    } else {
        return Ok(());
    };
    // The name is not repeated: a URL may hold a password.
    Err(Failure(format!(
        "{why} is not examined: fetch or unpack it into a directory, and give that (seaworthy context --help)"
    )))
}

/// What is to be examined: what was typed, else what the contract says.
pub(super) fn request(arguments: &Arguments, contract: &Contract) -> Result<ContextRequest, Failure> {
    let root = match (&arguments.directory, &contract.image.context) {
        (Some(directory), _) => directory.clone(),
        (None, Some(directory)) => directory.clone(),
        (None, None) => PathBuf::from("."),
    };
    let builder = match arguments.builder {
        With::Buildkit => Builder::BuildKit,
        With::Classic => Builder::Classic,
        With::Buildah => Builder::Buildah,
    };
    let named = arguments.file.clone().or_else(|| contract.image.dockerfile.clone());
    let dockerfile = match named {
        Some(path) if path == Path::new("-") => Some(standard_input()?),
        Some(path) => Some(read(path)?),
        None => match find(&root, builder) {
            Some(path) => Some(read(path)?),
            // A listing of what is sent needs none.
            None if arguments.list && !arguments.reachable => None,
            None => {
                return Err(missing(&root));
            }
        },
    };
    Ok(ContextRequest { root, dockerfile, target: arguments.target.clone(), builder })
}

fn missing(root: &Path) -> Failure {
    let name = root.display();
    match std::fs::metadata(root) {
        Err(e) => Failure(format!("{name}: cannot read the build context: {e}")),
        Ok(meta) if !meta.is_dir() => Failure(format!("{name}: the build context is not a directory")),
        Ok(_) => Failure(format!(
            "{}: there is no Dockerfile; name it with -f (seaworthy context --help)",
            join(root, "Dockerfile").display()
        )),
    }
}

/// The Dockerfile where none is named; buildah looks for a Containerfile first.
fn find(root: &Path, builder: Builder) -> Option<PathBuf> {
    let names: &[&str] = match builder {
        Builder::Buildah => &["Containerfile", "Dockerfile"],
        Builder::BuildKit | Builder::Classic => &["Dockerfile"],
    };
    let there =
        |path: &PathBuf| !std::fs::symlink_metadata(path).is_err_and(|e| e.kind() == ErrorKind::NotFound);
    names.iter().map(|name| join(root, name)).find(there)
}

fn join(root: &Path, name: &str) -> PathBuf {
    if root == Path::new(".") { PathBuf::from(name) } else { root.join(name) }
}

fn read(path: PathBuf) -> Result<DockerfileSource, Failure> {
    let name = path.display().to_string();
    let fail = |reason: &str| Failure(format!("{name}: {reason}"));
    // Looked at before it is opened: opening a FIFO would wait for a writer.
    let meta = std::fs::metadata(&path).map_err(|e| fail(&format!("cannot read the Dockerfile: {e}")))?;
    if meta.is_dir() {
        return Err(fail("is a directory, not a Dockerfile; name the file with -f"));
    }
    if !meta.is_file() {
        return Err(fail("is not a regular file; hand it over on standard input with -f -"));
    }
    let file = File::open(&path).map_err(|e| fail(&format!("cannot read the Dockerfile: {e}")))?;
    let bytes = text(file, &name)?;
    Ok(DockerfileSource { path: Some(path), name, bytes })
}

fn standard_input() -> Result<DockerfileSource, Failure> {
    let bytes = text(std::io::stdin().lock(), "standard input")?;
    Ok(DockerfileSource { path: None, name: "-".to_owned(), bytes })
}

fn text(source: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure(format!("{name}: cannot read the Dockerfile: {e}")))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure(format!("{name}: is larger than {MOST} bytes: not a Dockerfile")));
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
        return Err(Failure(format!("{name}:{line}: holds a NUL byte: a binary file, not a Dockerfile")));
    }
    Ok(bytes)
}
