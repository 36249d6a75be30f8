//! Where reports go: standard output, or files that appear whole or not at all.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::Failure;
use super::args::{Common, Global, When};
use super::outgoing::Outgoing;
use super::render::{Surroundings, render};
use super::summary;
use crate::contract::Contract;
use crate::finding::Report;
use crate::report::Format;
use crate::report::evidence::{self, RunInfo};
use crate::report::phrase::{coloured, prose};
use crate::report::repository::Repository;
use crate::report::text::{self, TextOptions};
use crate::rule::Rules;
use crate::store::{self, Directory, Stored};

/// Whether standard output was closed when the program started. Before `main` runs, the standard library opens what is
/// closed as `/dev/null`, so only what runs before that can tell: see `main.rs`.
pub static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Standard output and error, and what may be written there.
pub(super) struct Terminal {
    color: When,
    quiet: bool,
    verbose: u8,
    started: Instant,
    outgoing: Outgoing,
}

impl Terminal {
    pub(super) fn new(global: &Global) -> Self {
        Self {
            color: global.color,
            quiet: global.quiet,
            verbose: global.verbose,
            started: Instant::now(),
            outgoing: Outgoing::default(),
        }
    }

    /// A terminal before its options are known.
    pub(super) fn plain() -> Self {
        Self {
            color: When::Auto,
            quiet: false,
            verbose: 0,
            started: Instant::now(),
            outgoing: Outgoing::default(),
        }
    }

    fn color(&self, is_terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
        match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR") => false,
            When::Auto => set("FORCE_COLOR") || set("CLICOLOR_FORCE") || is_terminal,
        }
    }

    pub(super) fn color_out(&self) -> bool {
        self.color(io::stdout().is_terminal())
    }

    pub(super) fn color_err(&self) -> bool {
        self.color(io::stderr().is_terminal())
    }

    /// Whether progress may be shown.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal() && std::env::var_os("CI").is_none()
    }

    pub(super) fn error(&self, message: &str) {
        let (on, off) = if self.color_err() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let message = &self.outgoing.message(message);
        // An error of a contract comes with its own heading and colours.
        let text = if message.starts_with("error") || message.starts_with("\x1b[") {
            coloured(message)
        } else {
            format!("{on}error{off}: {}", prose(message))
        };
        let _ = writeln!(io::stderr(), "{text}");
    }

    pub(super) fn warn(&self, message: &str) {
        let (on, off) = if self.color_err() { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
        let _ = writeln!(io::stderr(), "{on}warning{off}: {}", prose(&self.outgoing.message(message)));
    }

    /// Tells what is neither report nor warning.
    pub(super) fn note(&self, message: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{}", prose(&self.outgoing.message(message)));
        }
    }

    /// Looks through all output from now on with these detectors, which are those of the run.
    pub(super) fn learn(&self, rules: &Arc<Rules>) {
        self.outgoing.learn(rules);
    }

    /// A document as it may leave: secrets that are known by their form masked.
    pub(super) fn masked(&self, document: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.outgoing.document(document)
    }

    /// Writes to standard output what may hold text from outside: secrets are masked.
    pub(super) fn print(&self, text: &[u8]) -> Result<(), Failure> {
        self.print_own(&self.masked(text.to_vec())?)
    }

    /// Writes to standard output as it is what was masked before, or is a text of the program. A reader that went away
    /// has seen what it wanted: the exit code still tells the verdict.
    pub(super) fn print_own(&self, text: &[u8]) -> Result<(), Failure> {
        let failed = |e: io::Error| Failure(format!("standard output: {e}"));
        if STDOUT_WAS_CLOSED.load(Ordering::Relaxed) {
            return Err(failed(io::Error::from(rustix::io::Errno::BADF)));
        }
        // `io::stdout` takes a descriptor that cannot be written for one that swallows all: a file of the same
        // descriptor says so.
        let mut out = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(failed)?);
        match out.write_all(text) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(failed(e)),
            _ => Ok(()),
        }
    }

    /// Prints what clap has to say: help and versions to standard output, mistakes to standard error.
    pub(super) fn print_clap(&self, error: &clap::Error) -> Result<(), Failure> {
        let shown = |color: bool| match color {
            true => error.render().ansi().to_string(),
            false => error.render().to_string(),
        };
        if error.use_stderr() {
            let _ = write!(io::stderr(), "{}", coloured(&self.outgoing.message(&shown(self.color_err()))));
            return Ok(());
        }
        self.print_own(shown(self.color_out()).as_bytes())
    }

    pub(super) fn text_options(&self, to_terminal: bool) -> TextOptions {
        let width = if to_terminal { terminal_width() } else { 100 };
        TextOptions {
            color: to_terminal && self.color_out(),
            verbose: self.verbose,
            quiet: self.quiet,
            width,
            // A file and a pipe get the same bytes from the same input.
            elapsed: (to_terminal && io::stdout().is_terminal()).then(|| self.started.elapsed()),
        }
    }
}

/// The terminal's width where there is one, within what reads well.
fn terminal_width() -> usize {
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.unwrap_or(100).clamp(20, 140)
}

/// A report that was asked for, and where it goes.
pub(super) struct Wanted {
    format: Format,
    path: Option<PathBuf>,
}

/// Reads the `--report` options; done before the work, so that a typing mistake costs nothing.
pub(super) fn wanted(common: &Common) -> Result<Vec<Wanted>, Failure> {
    let mut wanted = Vec::new();
    for text in &common.reports {
        let (format, path) = match text.split_once('=') {
            Some((_, "")) => return Err(Failure(format!("--report {text}: no path after the `=`"))),
            Some((format, path)) => (format, Some(PathBuf::from(path))),
            None => (text.as_str(), None),
        };
        let format = format.parse::<Format>().map_err(|e| Failure(format!("--report: {e}")))?;
        wanted.push(Wanted { format, path });
    }
    if wanted.is_empty() {
        wanted.push(Wanted { format: Format::Text, path: None });
    }
    let to_stdout: Vec<&str> = wanted
        .iter()
        .filter(|w| w.path.is_none() && w.format != Format::Evidence)
        .map(|w| w.format.as_str())
        .collect();
    if to_stdout.len() > 1 {
        let list = to_stdout.join(" and ");
        return Err(Failure(format!(
            "--report: {list} would both go to standard output; give all but one a path"
        )));
    }
    for (i, w) in wanted.iter().enumerate() {
        let same = |o: &Wanted| match (&o.path, &w.path) {
            (Some(one), Some(other)) => one == other || real(one).is_some_and(|r| Some(r) == real(other)),
            _ => false,
        };
        if let Some(path) = w.path.as_ref().filter(|_| wanted[..i].iter().any(same)) {
            return Err(Failure(format!("--report: two reports would go to {}", path.display())));
        }
    }
    Ok(wanted)
}

/// The path with its links followed; of a file that is not there yet, those of its directory.
fn real(path: &Path) -> Option<PathBuf> {
    let directory = || path.parent().map(|p| if p == Path::new("") { Path::new(".") } else { p });
    let beside = || Some(directory()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside)
}

/// Refuses to write over what is examined: a document, say, would be lost, and what was said of it would be of nothing.
///
/// # Errors
/// If one of `outputs` is one of `inputs`.
pub(super) fn spare<'p>(
    outputs: impl IntoIterator<Item = &'p Path>,
    inputs: &[PathBuf],
) -> Result<(), Failure> {
    let inputs: Vec<PathBuf> = inputs.iter().filter_map(|i| real(i)).collect();
    let lost = outputs.into_iter().find(|o| real(o).is_some_and(|r| inputs.contains(&r)));
    lost.map_or(Ok(()), |path| {
        Err(Failure(format!("{}: this is what is examined; write to another path", path.display())))
    })
}

/// The files that reports go to; evidence is never written over anything else.
pub(super) fn files(wanted: &[Wanted]) -> impl Iterator<Item = &Path> {
    wanted.iter().filter(|w| w.format != Format::Evidence).filter_map(|w| w.path.as_deref())
}

/// Which of the reports are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// All, and evidence without a path to the contract's directory.
    All,
    /// Those with a path, copies of the evidence apart.
    Files,
    /// Copies of the evidence.
    Copies,
    /// Those that go to standard output.
    Screen,
}

impl Side {
    fn has(self, wanted: &Wanted) -> bool {
        match self {
            Self::All => true,
            Self::Files => wanted.path.is_some() && wanted.format != Format::Evidence,
            Self::Copies => wanted.path.is_some() && wanted.format == Format::Evidence,
            Self::Screen => wanted.path.is_none() && wanted.format != Format::Evidence,
        }
    }
}

/// Renders all reports, and only then writes them: a fault in one loses none.
pub(super) fn write_all(
    wanted: &[Wanted],
    report: &Report,
    run: &RunInfo,
    contract: &Contract,
    common: &Common,
    terminal: &Terminal,
) -> Result<(), Failure> {
    write_side(wanted, Side::All, report, run, contract, common, terminal)
}

/// The same for some of the reports.
pub(super) fn write_side(
    wanted: &[Wanted],
    side: Side,
    report: &Report,
    run: &RunInfo,
    contract: &Contract,
    common: &Common,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let wanted: Vec<&Wanted> = wanted.iter().filter(|w| side.has(w)).collect();
    // Sources are read once more only for formats that name their lines.
    let has_summary = matches!(side, Side::All | Side::Screen) && summary::is_wanted();
    let names_lines = has_summary || wanted.iter().any(|w| reads_sources(w.format));
    let repository =
        if names_lines { super::repository::repository_of(report) } else { Repository::default() };
    let surroundings =
        Surroundings { report, run, contract, repository: &repository, category: &common.sarif_category };
    let mut rendered = Vec::new();
    for w in &wanted {
        let bytes = match w.format {
            Format::Text => {
                let mut bytes = Vec::new();
                text::write(report, &terminal.text_options(w.path.is_none()), &mut bytes)?;
                bytes
            }
            format => render(format, &surroundings, terminal)?,
        };
        rendered.push(terminal.masked(bytes)?);
    }
    // Asked of all before any is written.
    for path in wanted.iter().filter(|w| w.format != Format::Evidence).filter_map(|w| w.path.as_deref()) {
        store::spare_inputs(path)?;
    }
    let mut faults = Vec::new();
    for (w, bytes) in wanted.iter().zip(&rendered) {
        let result = match (&w.path, w.format) {
            (path, Format::Evidence) => put_evidence(path.as_deref(), bytes, contract, common, terminal),
            (Some(path), format) => {
                let created = missing_directory(path);
                store::write_atomically(path, bytes)
                    .map(|()| {
                        if let Some(created) = created {
                            terminal.note(&format!("created the directory {}", created.display()));
                        }
                        terminal.note(&format!("{format} report: {}", path.display()));
                    })
                    .map_err(Failure::from)
            }
            (None, _) => terminal.print_own(bytes),
        };
        faults.extend(result.err().map(|Failure(message)| message));
    }
    // A summary must not say pass where a report that was asked for could not be written.
    if faults.is_empty() && has_summary {
        summary::append(&surroundings, terminal);
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure(faults.join("\n"))) }
}

/// Whether a format names files and columns as a code host does.
fn reads_sources(format: Format) -> bool {
    match format {
        Format::Text | Format::Json | Format::Evidence => false,
        Format::Sarif
        | Format::Github
        | Format::Csv
        | Format::Markdown
        | Format::Html
        | Format::Junit
        | Format::GitlabQuality
        | Format::GitlabSecrets
        | Format::Asff => true,
    }
}

/// The directory of a file that is to be written, if it does not exist yet.
fn missing_directory(path: &Path) -> Option<PathBuf> {
    path.parent().filter(|p| !p.as_os_str().is_empty() && !p.exists()).map(Path::to_owned)
}

fn put_evidence(
    path: Option<&Path>,
    bytes: &[u8],
    contract: &Contract,
    common: &Common,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let default = contract.evidence.directory.join(evidence::FILE_NAME);
    let path = path.unwrap_or(&default);
    tell_stored(&Directory::put_evidence_at(path, bytes, common.replace)?, terminal);
    Ok(())
}

/// Tells where evidence is and what became of the old.
pub(super) fn tell_stored(stored: &Stored, terminal: &Terminal) {
    let (place, version) = (&stored.place, stored.version.as_deref());
    let version = version.map_or_else(String::new, |v| format!(" (version {v})"));
    let same = if stored.unchanged { ", which was there already and says the same" } else { "" };
    terminal.note(&format!("evidence: {place}{version}{same}"));
    if let Some(kept) = &stored.kept {
        terminal.note(&format!("the evidence that was there is kept as {kept}"));
    }
}
