//! `seaworthy context`.

use std::path::Path;

use super::args::{Context as Arguments, With};
use super::output::{Terminal, wanted};
use super::session::Session;
use super::{Failure, environment};
use crate::scan::request::{ContextOptions, DockerfileInput};
use crate::scan::{self, ContextRequest, DockerfileSource};
use seaworthy_context::Builder;
use seaworthy_source::escape_bytes;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let options = options(arguments)?;
    // The contract is looked for in the directory that was typed.
    options.is_local()?;
    let typed = arguments.directory.as_deref().unwrap_or(Path::new("."));
    let reports = wanted(common)?;
    let contract = environment::contract(common, typed, terminal)?;
    let request = ContextRequest::open(&options, &contract)?;
    if arguments.lists() {
        environment::rules(&contract, &common.rules, terminal)?;
        return list(arguments, &request, environment::jobs(common), terminal);
    }
    let session = Session::with_contract(contract, common, terminal)?;
    let outcome = session.run(terminal, |setup| scan::context(setup, &request))?;
    session.conclude(&outcome, &reports, common, terminal)
}

/// What was typed.
fn options(arguments: &Arguments) -> Result<ContextOptions, Failure> {
    Ok(ContextOptions {
        directory: arguments.directory.clone(),
        dockerfile: arguments.file.as_deref().map(dockerfile).transpose()?,
        target: arguments.target.clone(),
        builder: arguments.builder.into(),
        // A listing of what is sent needs none.
        may_lack_dockerfile: arguments.list && !arguments.reachable,
    })
}

/// The Dockerfile that was typed; `-` is standard input.
pub(super) fn dockerfile(path: &Path) -> Result<DockerfileInput, Failure> {
    if path != Path::new("-") {
        return Ok(DockerfileInput::Path(path.to_owned()));
    }
    let source = DockerfileSource::read(std::io::stdin().lock(), "standard input", None)?;
    Ok(DockerfileInput::Source(DockerfileSource { name: "-".to_owned(), ..source }))
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
        // A line is for people, and a name must not write to their terminal; NUL is for programs.
        match arguments.null {
            true => out.extend_from_slice(path),
            false => out.extend_from_slice(escape_bytes(path).as_bytes()),
        }
        out.push(end);
    }
    let masked = terminal.masked(out.clone())?;
    if masked != out {
        terminal.warn("names that hold what looks like a secret are masked: no file has such a name");
    }
    terminal.print_own(&masked)?;
    for unread in &listing.unread {
        let path = escape_bytes(std::os::unix::ffi::OsStrExt::as_bytes(unread.path.as_os_str()));
        terminal.error(&format!("{path}: {}; what lies there is not listed", unread.reason));
    }
    Ok(if listing.unread.is_empty() { 0 } else { 2 })
}

impl From<With> for Builder {
    fn from(with: With) -> Self {
        match with {
            With::Buildkit => Self::BuildKit,
            With::Classic => Self::Classic,
            With::Buildah => Self::Buildah,
        }
    }
}
