//! `seaworthy accept`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::args::Accept as Arguments;
use super::output::Terminal;
use super::{Failure, environment};
use crate::check::Masker;
use crate::contract::{self, Contract, printed_paths};
use crate::finding::Report;
use crate::rule::Rules;
use crate::scan::request::{ContextOptions, DockerfileInput};
use crate::scan::{self, ContextRequest, Progress, Setup};
use crate::store;
use seaworthy_context::Builder;
use seaworthy_source::input::InputError;
use seaworthy_source::{Origin, OriginKind, escape_bytes, input};

/// Bytes of a report that is read.
const MAX_REPORT: u64 = 512 << 20;
/// Findings that a message lists.
const LISTED: usize = 8;

/// A finding that can be accepted.
#[derive(Clone, Debug)]
struct Candidate {
    check: String,
    fingerprint: String,
    /// What a person knows it by.
    what: String,
    /// The path that reports print for it.
    path: Option<String>,
    /// Which of the report's causes it is of.
    cause: Option<usize>,
    /// The files of the build context that it names.
    sources: Vec<String>,
    /// The files of an image that it names.
    image_files: Vec<ImageFile>,
}

/// A file of an image.
#[derive(Clone, Debug)]
struct ImageFile {
    path: String,
    /// Whether its layer was made by an instruction that copies.
    is_copied: bool,
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let path = arguments.contract.clone().unwrap_or_else(|| PathBuf::from(environment::CONTRACT));
    let today = environment::today();
    if arguments.until < today {
        return Err(Failure(format!("--until {} is over: today is {today}", arguments.until)));
    }
    let candidates = match &arguments.from {
        Some(report) => of_file(report)?,
        None => of_context(arguments, terminal)?,
    };
    let (chosen, elsewhere) = chosen(arguments, &candidates)?;
    let fault = |reason: String| Failure(format!("contract {}: {reason}", path.display()));
    let old = match input::read_file(&path, contract::MAX_BYTES) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| fault("it is not UTF-8 text".to_owned()))?,
        Err(InputError::Missing) => "version = 1\n".to_owned(),
        Err(e) => return Err(fault(e.to_string())),
    };
    let (text, added) = with_entries(&old, &path, arguments, &chosen)?;
    // What is written must be a contract that the next run can read.
    Contract::from_text(&text, &path, today)
        .map_err(|e| masked(e.render(terminal.color_err()).trim_end()))?;
    store::replace_atomically(&path, text.as_bytes())?;
    terminal.print(format!("{added}\n{}: {} added\n", path.display(), entries(chosen.len())).as_bytes())?;
    if !elsewhere.is_empty() {
        terminal.warn(&format!(
            "not accepted, since nothing says that these files of the image are copies of the cause's own; name their \
             fingerprints to accept them:{}",
            listed(&elsewhere)
        ));
    }
    Ok(0)
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// The lines of a contract are quoted in messages, and a line may hold a secret.
fn masked(text: &str) -> Failure {
    match Rules::load(&[], &[]) {
        Ok(rules) => Failure(Masker::new(&rules).mask(text)),
        Err(e) => e.into(),
    }
}

/// The findings that were asked for, each once, and those of their causes that lie in files of an image which may be
/// others: a cause puts files of one name together, and that is not enough to accept one.
fn chosen<'c>(
    arguments: &Arguments,
    candidates: &'c [Candidate],
) -> Result<(Vec<&'c Candidate>, Vec<&'c Candidate>), Failure> {
    let mut chosen: Vec<&Candidate> = Vec::new();
    let mut elsewhere: Vec<&Candidate> = Vec::new();
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for wanted in &arguments.fingerprints {
        let matching: Vec<&Candidate> =
            candidates.iter().filter(|c| c.fingerprint.starts_with(wanted.as_str())).collect();
        let found = match matching.as_slice() {
            [one] => *one,
            [] => {
                let open = listed(&candidates.iter().collect::<Vec<_>>());
                let source = match &arguments.from {
                    Some(report) => format!("{}", report.display()),
                    None => "`seaworthy context`".to_owned(),
                };
                return Err(Failure(format!(
                    "no open finding of {source} has a fingerprint that begins with {wanted}{open}\nfor a finding of \
                     another command, write its report with `--report json=report.json` and add `--from report.json`"
                )));
            }
            several => {
                return Err(Failure(format!("{wanted} is ambiguous: give more digits{}", listed(several))));
            }
        };
        if seen.insert((&found.check, &found.fingerprint)) {
            chosen.push(found);
        }
        let of_cause = |c: &&Candidate| arguments.cause && found.cause.is_some() && c.cause == found.cause;
        let all: Vec<&Candidate> = candidates.iter().filter(of_cause).collect();
        let sources: HashSet<&str> = all.iter().flat_map(|c| &c.sources).map(String::as_str).collect();
        let own: HashSet<&str> = found.image_files.iter().map(|f| f.path.as_str()).collect();
        let is_own = |f: &ImageFile| {
            own.contains(f.path.as_str()) || f.is_copied && ends(&f.path).any(|end| sources.contains(end))
        };
        for candidate in all {
            if !candidate.image_files.iter().all(is_own) {
                elsewhere.push(candidate);
            } else if seen.insert((&candidate.check, &candidate.fingerprint)) {
                chosen.push(candidate);
            }
        }
    }
    elsewhere.retain(|c| !seen.contains(&(c.check.as_str(), c.fingerprint.as_str())));
    Ok((chosen, elsewhere))
}

/// The path, and what follows each of its slashes.
fn ends(path: &str) -> impl Iterator<Item = &str> {
    std::iter::once(path).chain(path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..)))
}

/// Whether an instruction copies files into an image.
fn copies(instruction: Option<&str>) -> bool {
    instruction.is_some_and(|text| {
        let text = text.trim_start();
        let text = text.strip_prefix("/bin/sh -c #(nop)").unwrap_or(text).trim_start();
        ["COPY ", "ADD "].iter().any(|keyword| text.starts_with(keyword))
    })
}

fn listed(candidates: &[&Candidate]) -> String {
    let mut text = String::new();
    for candidate in candidates.iter().take(LISTED) {
        text.push_str(&format!("\n  {}  {} {}", candidate.fingerprint, candidate.check, candidate.what));
    }
    if candidates.len() > LISTED {
        text.push_str(&format!("\n  and {} more", candidates.len() - LISTED));
    }
    text
}

/// The contract's text with the new entries, and those entries alone.
fn with_entries(
    old: &str,
    path: &Path,
    arguments: &Arguments,
    chosen: &[&Candidate],
) -> Result<(String, String), Failure> {
    // The parser's own message would quote the line, which may hold a secret in the wrong place.
    let mut document: DocumentMut = old.parse().map_err(|e: toml_edit::TomlError| {
        let line = e.span().map(|s| old.get(..s.start).unwrap_or_default().matches('\n').count() + 1);
        Failure(format!("contract {}: not TOML, line {}", path.display(), line.unwrap_or(1)))
    })?;
    let mut added = ArrayOfTables::new();
    for candidate in chosen {
        let mut table = Table::new();
        table.insert("check", value(candidate.check.as_str()));
        if let Some(path) = &candidate.path {
            table.insert("path", value(literal(path)));
        }
        table.insert("fingerprint", value(candidate.fingerprint.as_str()));
        table.insert("reason", value(arguments.reason.trim()));
        table.insert("expires", value(arguments.until.to_string()));
        added.push(table);
    }
    let list = document.entry("accept").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(list) = list.as_array_of_tables_mut() else {
        return Err(Failure(format!(
            "contract {}: `accept` is no list of tables: write it as [[accept]]",
            path.display()
        )));
    };
    for (table, candidate) in added.iter().zip(chosen) {
        let is_same = |t: &Table| {
            let text = |key: &str| t.get(key).and_then(Item::as_str);
            text("fingerprint") == Some(&candidate.fingerprint) && text("check") == Some(&candidate.check)
        };
        if list.iter().any(is_same) {
            return Err(Failure(format!(
                "contract {}: it has an entry for {} already: change its `expires`",
                path.display(),
                candidate.fingerprint
            )));
        }
        list.push(table.clone());
    }
    let mut alone = DocumentMut::new();
    alone.insert("accept", Item::ArrayOfTables(added));
    Ok((document.to_string(), alone.to_string()))
}

/// A path as a glob that matches nothing else.
fn literal(path: &str) -> String {
    path.chars().map(|c| if "*?[]{}\\".contains(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

fn of_context(arguments: &Arguments, terminal: &Terminal) -> Result<Vec<Candidate>, Failure> {
    let contract = environment::contract_at(arguments.contract.as_deref().filter(|p| p.exists()), terminal)?;
    let options = ContextOptions {
        directory: arguments.context.clone(),
        dockerfile: arguments.file.clone().map(DockerfileInput::Path),
        target: None,
        builder: Builder::BuildKit,
        may_lack_dockerfile: false,
    };
    options.is_local()?;
    let request = ContextRequest::open(&options, &contract)?;
    let rules = environment::rules(&contract, &[], terminal)?;
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        key: environment::fingerprint_key(&contract, terminal),
        rules: &rules,
        jobs: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        today: environment::today(),
        progress: &progress,
    };
    Ok(of_report(&scan::context(&setup, &request)?.report))
}

fn of_report(report: &Report) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (cause, group) in report.causes.iter().enumerate() {
        for finding in group.findings.iter().filter_map(|i| report.findings.get(*i)) {
            let of_kind = |kind| finding.origins().filter(move |o| o.kind == kind);
            let file = |o: &Origin| {
                let instruction = o.layer.as_ref().and_then(|l| l.instruction.as_deref());
                Some(ImageFile { path: o.path.clone()?, is_copied: copies(instruction) })
            };
            candidates.push(Candidate {
                check: finding.check.to_owned(),
                fingerprint: finding.fingerprint.as_str().to_owned(),
                what: escape_bytes(finding.message.as_bytes()),
                path: printed_paths(&finding.origin).next().map(str::to_owned),
                cause: Some(cause),
                sources: of_kind(OriginKind::Context).filter_map(|o| o.path.clone()).collect(),
                image_files: of_kind(OriginKind::LayerFile).filter_map(file).collect(),
            });
        }
    }
    candidates
}

/// What is read of a JSON report, version 1.
#[derive(Deserialize)]
struct Document {
    schema: String,
    #[serde(default)]
    findings: Vec<DocumentFinding>,
    #[serde(default)]
    causes: Vec<DocumentCause>,
}

#[derive(Deserialize)]
struct DocumentFinding {
    check: String,
    fingerprint: String,
    message: String,
    origin: DocumentOrigin,
    #[serde(default)]
    places: Vec<DocumentOrigin>,
}

#[derive(Deserialize)]
struct DocumentOrigin {
    #[serde(default)]
    kind: String,
    artifact: String,
    path: Option<String>,
    #[serde(default)]
    layer: Option<DocumentLayer>,
}

#[derive(Deserialize)]
struct DocumentLayer {
    instruction: Option<String>,
}

#[derive(Deserialize)]
struct DocumentCause {
    fingerprints: Vec<String>,
}

impl DocumentOrigin {
    fn path(&self) -> &str {
        let path = self.path.as_deref().unwrap_or(&self.artifact);
        path.strip_prefix("./").or_else(|| path.strip_prefix('/')).unwrap_or(path)
    }
}

fn of_file(path: &Path) -> Result<Vec<Candidate>, Failure> {
    let name = path.display();
    let bytes = input::read_file(path, MAX_REPORT).map_err(|e| Failure(format!("{name}: {e}")))?;
    let no_report =
        || Failure(format!("{name}: is not a JSON report: write one with `--report json={name}`"));
    let document: Document = serde_json::from_slice(&bytes).map_err(|_| no_report())?;
    if document.schema != "seaworthy/report/v1" {
        return Err(no_report());
    }
    let known = crate::check::catalogue();
    let mut causes: HashMap<&str, usize> = HashMap::new();
    for (index, cause) in document.causes.iter().enumerate() {
        for fingerprint in &cause.fingerprints {
            causes.entry(fingerprint).or_insert(index);
        }
    }
    let of_known = document.findings.iter().filter(|f| known.iter().any(|m| m.id == f.check));
    Ok(of_known
        .map(|f| {
            let origins = || std::iter::once(&f.origin).chain(&f.places);
            let of_kind = |kind: OriginKind| origins().filter(move |o| o.kind == kind.as_str());
            let file = |o: &DocumentOrigin| {
                let instruction = o.layer.as_ref().and_then(|l| l.instruction.as_deref());
                ImageFile { path: o.path().to_owned(), is_copied: copies(instruction) }
            };
            Candidate {
                check: f.check.clone(),
                fingerprint: f.fingerprint.clone(),
                what: escape_bytes(f.message.as_bytes()),
                path: Some(f.origin.path().to_owned()),
                cause: causes.get(f.fingerprint.as_str()).copied(),
                sources: of_kind(OriginKind::Context).map(|o| o.path().to_owned()).collect(),
                image_files: of_kind(OriginKind::LayerFile).map(file).collect(),
            }
        })
        .collect())
}
