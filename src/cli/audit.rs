//! `seaworthy audit`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::Audit as Arguments;
use super::output::Terminal;
use super::{Failure, environment, progress};
use crate::check::Masker;
use crate::contract::{Bucket, Contract};
use crate::finding::{Audit, Verdict};
use crate::report::audit::{self, AuditFormat, Only};
use crate::report::repository::Repository;
use crate::report::{sarif, text};
use crate::scan::request::{self, layout, store};
use crate::scan::{self, AuditRequest, ImageSource, ImagesRequest, Progress, RegistryAccess, Setup};
use crate::store::{self as stores, Directory, Layout, Store};
use seaworthy_source::Key;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = arguments.common();
    let wanted = wanted(&common.reports)?;
    let contract = environment::contract(&common, Path::new("."), terminal)?;
    let rules = environment::rules(&contract, &common.rules, terminal)?;
    let masker = Masker::new(&rules);
    let masked = |Failure(message): Failure| Failure(masker.mask(&message));
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key: environment::fingerprint_key(&contract, terminal),
        jobs: environment::jobs(&common),
        today: environment::today(),
        progress: &progress,
    };
    let request = audit_request(arguments, &contract).map_err(masked)?;
    let (found, warnings) = progress::with(terminal, &progress, || scan::audit(&setup, &request))
        .map_err(|e| masked(Failure::from(e)))?;
    for warning in &warnings {
        terminal.warn(warning);
    }
    let only = Only(arguments.only.iter().map(|v| (*v).into()).collect());
    write_all(&wanted, &found, &only, &common.sarif_category, terminal)?;
    let exit_zero = common.exit_zero && found.verdict == Verdict::Fail;
    Ok(if exit_zero { 0 } else { found.verdict.exit_code() })
}

fn audit_request(arguments: &Arguments, contract: &Contract) -> Result<AuditRequest, Failure> {
    let mut layout = layout(contract)?;
    if let Some(phase) = &arguments.phase {
        layout.phase = phase.clone();
    }
    let endpoint = arguments.endpoint_url.as_deref();
    if endpoint.is_some_and(|e| e.contains('@')) {
        let reason = "--endpoint-url must not hold a login: credentials come from the environment";
        return Err(Failure(reason.to_owned()));
    }
    let (root, store) = match &arguments.root {
        Some(root) => open(root, &layout, contract, endpoint)?,
        None => own(contract, endpoint)?,
    };
    let access =
        RegistryAccess { plain_http: arguments.plain_http, endpoint: arguments.endpoint_url.clone() };
    let from = match &arguments.image_dir {
        Some(directory) if !directory.is_dir() => {
            return Err(Failure(format!("--image-dir {}: there is no such directory", directory.display())));
        }
        Some(directory) => Some(ImageSource::Directory(directory.clone())),
        None => arguments.images.then_some(ImageSource::Registry { plain_http: arguments.plain_http }),
    };
    Ok(AuditRequest {
        is_phase_requested: arguments.phase.is_some(),
        root,
        store,
        layout,
        since: arguments.since,
        registry: arguments.registry.then_some(access),
        images: from.map(|source| ImagesRequest { source, most: arguments.max_images }),
        now: Timestamp::now(),
    })
}

/// The contract's store.
fn own(contract: &Contract, endpoint: Option<&str>) -> Result<(String, Store), Failure> {
    let name = match &contract.evidence.bucket {
        Some(Bucket { name, prefix, .. }) => format!("s3://{name}/{prefix}"),
        None => contract.evidence.directory.display().to_string(),
    };
    let endpoint = endpoint.filter(|_| contract.evidence.bucket.is_some());
    Ok((name.trim_end_matches('/').to_owned(), store(contract, endpoint)?))
}

/// What was named. The directory that holds the runs' own directories may be named, too: its name is then that of the
/// contract's keys.
fn open(
    root: &str,
    layout: &Layout,
    contract: &Contract,
    endpoint: Option<&str>,
) -> Result<(String, Store), Failure> {
    let Some(rest) = root.strip_prefix("s3://") else {
        return Ok((root.to_owned(), Store::Directory(Directory::new(above(root, layout)))));
    };
    let fail = |reason: &str| Failure(format!("{root}: {reason}"));
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let mut prefix = prefix.trim_end_matches('/');
    if !prefix.is_empty() && Key::parse(prefix).is_err() {
        return Err(fail("the prefix cannot be that of a key"));
    }
    if let Some(directory) = common_directory(layout) {
        let is_above = |p: &&str| p.is_empty() || p.ends_with('/');
        let above = prefix.strip_suffix(directory.trim_end_matches('/')).filter(is_above);
        prefix = above.map_or(prefix, |p| p.trim_end_matches('/'));
    }
    let store = request::bucket(bucket, prefix, contract, endpoint).map_err(|e| fail(&e.to_string()))?;
    Ok((root.trim_end_matches('/').to_owned(), store))
}

/// The directory of all runs, such as `evidence/runs/`, if all documents agree on it and it is not the root itself.
fn common_directory(layout: &Layout) -> Option<String> {
    let mut directories = layout.patterns.values().map(|p| p.directory(&layout.phase));
    let first = directories.next().filter(|f| !f.is_empty())?;
    directories.all(|f| f == first).then_some(first)
}

/// The root of the keys, if the directory of all runs was named.
fn above(root: &str, layout: &Layout) -> PathBuf {
    let path = Path::new(root);
    let Some(directory) = common_directory(layout) else { return path.to_owned() };
    // `.` may be that directory, too.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if !whole.ends_with(directory.trim_end_matches('/')) {
        return path.to_owned();
    }
    let depth = Path::new(&directory).components().count();
    whole.ancestors().nth(depth).map_or_else(|| path.to_owned(), Path::to_owned)
}

/// Reads the `--report` options; done before the work, so that a typing mistake costs nothing.
fn wanted(reports: &[String]) -> Result<Vec<(AuditFormat, Option<PathBuf>)>, Failure> {
    let mut wanted: Vec<(AuditFormat, Option<PathBuf>)> = Vec::new();
    for text in reports {
        let (format, path) = match text.split_once('=') {
            Some((_, "")) => return Err(Failure(format!("--report {text}: no path after the `=`"))),
            Some((format, path)) => (format, Some(PathBuf::from(path))),
            None => (text.as_str(), None),
        };
        let format = format.parse::<AuditFormat>().map_err(|e| Failure(format!("--report: {e}")))?;
        if let Some((other, _)) = wanted.iter().find(|(_, p)| *p == path) {
            return Err(Failure(match &path {
                Some(path) => format!("--report: two reports would go to {}", path.display()),
                None => format!(
                    "--report: {other} and {format} would both go to standard output; give all but one a path"
                ),
            }));
        }
        wanted.push((format, path));
    }
    if wanted.is_empty() {
        wanted.push((AuditFormat::Text, None));
    }
    Ok(wanted)
}

/// Renders all reports, and only then writes them: a fault in one loses none.
fn write_all(
    wanted: &[(AuditFormat, Option<PathBuf>)],
    found: &Audit,
    only: &Only,
    category: &str,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut rendered = Vec::new();
    for (format, path) in wanted {
        let mut bytes = Vec::new();
        match format {
            AuditFormat::Text => {
                text::audit::write(found, only, &terminal.text_options(path.is_none()), &mut bytes)?;
            }
            AuditFormat::Json => audit::write_json(found, only, &mut bytes)?,
            AuditFormat::Jsonl => audit::write_lines(found, only, &mut bytes)?,
            AuditFormat::Csv => audit::write_csv(found, only, &mut bytes)?,
            AuditFormat::Sarif => {
                let repository = Repository::default();
                let options = sarif::Options { category, repository: &repository };
                let written = audit::write_sarif(found, only, options, &mut bytes)?;
                if written.left_out > 0 {
                    let n = written.left_out;
                    terminal.warn(&format!(
                        "sarif has no room for {n} of the findings, the least severe; json has all"
                    ));
                }
            }
        }
        rendered.push(terminal.masked(bytes)?);
    }
    let mut faults = Vec::new();
    for ((format, path), bytes) in wanted.iter().zip(&rendered) {
        let result = match path {
            Some(path) => stores::write_atomically(path, bytes)
                .map(|()| terminal.note(&format!("{format} report: {}", path.display())))
                .map_err(Failure::from),
            None => terminal.print_own(bytes),
        };
        faults.extend(result.err().map(|Failure(fault)| fault));
    }
    // What goes to a file or a sheet shows no summary on the screen; this does.
    let is_told = wanted.iter().any(|(format, path)| *format == AuditFormat::Text && path.is_none());
    if !is_told {
        let of = |v: Verdict| format!("{} {}", found.count(v), v.as_str());
        let [pass, fail, incomplete] = [Verdict::Pass, Verdict::Fail, Verdict::Incomplete].map(of);
        let requests = found.requests.map_or_else(String::new, |n| format!("; {n} requests"));
        let all = found.runs.len();
        terminal.note(&format!("{all} runs: {pass}, {fail}, {incomplete}{requests}"));
        for item in &found.not_checked {
            terminal.note(&format!("not checked: {}: {}", item.what, item.reason));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure(faults.join("\n"))) }
}
