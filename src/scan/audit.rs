//! Many runs, each judged as `verify` judges one. What goes wrong with one stops no other; it is a row that says so.

mod images;
mod source;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::verify::{ask_registry, report};
use super::{RegistryAccess, ScanError, Setup, UNSIGNED};
use crate::check::{Masker, catalogue};
use crate::finding::{Audit, AuditedRun, Coverage, NotChecked, Report, Verdict};
use crate::store::{Layout, Store};
use images::Named;
use seaworthy_provenance::{
    Content, DocumentKind, Field, Fields, Form, Header, RegistryAnswer, RunDocument, RunDocuments, Sibling,
    read_fields,
};
use seaworthy_source::{Origin, OriginKind, RunId};
use source::Source;

pub use images::{ImageSource, ImagesRequest};

/// Bytes of provenance that are kept from the first look at all runs to the second; what is beyond is read again.
const KEPT: u64 = 256 << 20;

/// What is to be audited.
pub struct AuditRequest {
    /// Its name for people: a directory or an `s3://` URL.
    pub root: String,
    /// Where the runs are.
    pub store: Store,
    /// Where their documents are in it.
    pub layout: Layout,
    /// Whether somebody asked for this very phase: then a store that knows only others is a mistake of who asked.
    pub is_phase_requested: bool,
    /// Only runs that were written then or later, and those that do not tell when.
    pub since: Option<Timestamp>,
    /// How registries are asked; they are not without.
    pub registry: Option<RegistryAccess>,
    /// Whether the images are examined again, and how they are had.
    pub images: Option<ImagesRequest>,
    /// The moment that all are judged at.
    pub now: Timestamp,
}

/// What the first look at a run tells: enough to compare it with the others.
struct First {
    id: RunId,
    provenance: Option<RunDocument>,
    fields: Fields,
    written_at: Option<Timestamp>,
}

/// Runs by repository and tag.
type Siblings = HashMap<(String, String), Vec<Sibling>>;

/// What registries answered, by repository and tag: each is asked once.
type Asked = Mutex<HashMap<(String, String), Arc<OnceLock<RegistryAnswer>>>>;

/// A run that was judged.
struct Judged {
    row: AuditedRun,
    image: Option<Named>,
    warnings: Vec<String>,
    /// Whether more of its evidence was replaced than the row names.
    has_more_earlier: bool,
}

/// Audits all runs of a store; the second value is what the user should know and that says nothing of the runs.
///
/// # Errors
/// If the store cannot be listed, or threads cannot be started.
pub fn audit(setup: &Setup<'_>, request: &AuditRequest) -> Result<(Audit, Vec<String>), ScanError> {
    if let Some(directory) = request.store.directory()
        && !directory.root().is_dir()
    {
        let reason = "there is no such directory".to_owned();
        return Err(ScanError::RunDocument { path: request.root.clone(), reason });
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(setup.jobs)
        .build()
        .map_err(|source| ScanError::Threads { jobs: setup.jobs, source })?;
    let (source, listed) = Source::list(&request.store, &request.layout, &pool)?;
    let (ids, odd): (Vec<RunId>, Vec<RunId>) =
        listed.ids.into_iter().partition(|id| Form::RunId.fits(id.as_str()));
    setup.progress.runs.store(ids.len() as u64, Ordering::Relaxed);
    let unlisted = listed.more.then(|| "there are more runs than can be listed".to_owned());
    let auditor = Auditor { setup, request, pool: &pool, source, asked: Asked::default(), unlisted };

    let firsts = auditor.first_look(&ids);
    let unknown_phase = auditor.unknown_phase(&firsts);
    if let Some(reason) = unknown_phase.as_ref().filter(|_| request.is_phase_requested) {
        return Err(ScanError::RunDocument { path: request.root.clone(), reason: reason.clone() });
    }
    let siblings = siblings(&firsts);
    let (mut judged, older) = auditor.second_look(firsts, &siblings);
    let mut warnings = shared_warnings(&judged);
    warnings.extend(unknown_phase);
    if let Some(images) = &request.images {
        let runs = judged.iter_mut().map(|j| (&mut j.row.report, j.image.clone()));
        images::examine(setup, images, runs);
    }
    let names = odd.iter().map(ToString::to_string).chain(listed.other);
    let why = format!("its name is no run's ID, which must be {}", Form::RunId.expected());
    judged.extend(names.map(|name| auditor.no_run(&name, &why)));
    judged.extend(
        listed.stray.iter().map(|name| auditor.no_run(name, "it is a file, and a run is a directory")),
    );
    let mut notes = Vec::new();
    for run in judged.iter().filter(|j| j.has_more_earlier).map(|j| &j.row) {
        let most = run.earlier.len();
        notes.push(format!("{}: only the first {most} of its replaced evidence files are listed", run.id));
    }
    let mut runs: Vec<AuditedRun> = judged.into_iter().map(|j| j.row).collect();
    if say_unsigned_once(&mut runs) {
        notes.insert(0, UNSIGNED.to_owned());
    }
    let not_checked = not_listed(request, listed.more, runs.is_empty(), older);
    let audit = Audit {
        root: request.root.clone(),
        verdict: Verdict::Incomplete,
        fail_on: setup.contract.policy.fail_on,
        rules_digest: setup.rules.digest().to_owned(),
        contract_digest: setup.contract.digest().map(str::to_owned),
        known: catalogue(),
        runs,
        older,
        not_checked,
        tags: Vec::new(),
        requests: request.store.requests(),
        notes,
    };
    Ok((audit.settled(), warnings))
}

/// Takes the note that documents are not signed from each run; whether one had it.
fn say_unsigned_once(runs: &mut [AuditedRun]) -> bool {
    let mut is_unsigned = false;
    for run in runs {
        let notes = run.report.notes.len();
        run.report.notes.retain(|n| n != UNSIGNED);
        is_unsigned |= run.report.notes.len() < notes;
    }
    is_unsigned
}

/// What of the store could not be audited: runs beyond those that can be listed, or all, where there is none.
fn not_listed(request: &AuditRequest, has_more: bool, is_empty: bool, older: usize) -> Vec<NotChecked> {
    let mut reasons = Vec::new();
    if has_more {
        reasons.push("there are more than can be listed".to_owned());
    }
    if is_empty {
        let layout = &request.layout;
        let place = layout.patterns.values().map(|p| p.directory(&layout.phase)).next().unwrap_or_default();
        reasons.push(match older {
            0 => format!("there is none under {}: they are looked for in {place} there", request.root),
            n => format!("all {n} are earlier than what was asked for"),
        });
    }
    let origin = || Origin::new(OriginKind::Artifact, request.root.clone());
    reasons
        .into_iter()
        .map(|reason| NotChecked::new(origin(), "runs".to_owned(), reason, Vec::new()))
        .collect()
}

struct Auditor<'a> {
    setup: &'a Setup<'a>,
    request: &'a AuditRequest,
    pool: &'a ThreadPool,
    source: Source<'a>,
    asked: Asked,
    unlisted: Option<String>,
}

impl Auditor<'_> {
    fn read(&self, wanted: &[(DocumentKind, &RunId)]) -> Vec<RunDocument> {
        let documents = &self.setup.progress.documents;
        self.source.read(wanted, &|| {
            documents.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Reads the provenance of all runs.
    fn first_look(&self, ids: &[RunId]) -> Vec<First> {
        let expectations = &self.setup.contract.documents;
        let (mut firsts, mut kept) = (Vec::with_capacity(ids.len()), 0_u64);
        for part in self.source.parts(ids, |id| id) {
            let wanted: Vec<_> = part.iter().map(|id| (DocumentKind::Provenance, id)).collect();
            let documents = self.read(&wanted);
            let read = |(id, document): (&RunId, RunDocument)| {
                let reading = document
                    .bytes()
                    .map(|b| read_fields(b, &expectations.provenance, &expectations.profiles));
                let fields = reading.map(|r| r.fields).unwrap_or_default();
                let written_at = fields.get(Field::WrittenAt).and_then(|t| t.time()).map(|t| t.at);
                First { id: id.clone(), provenance: Some(document), fields, written_at }
            };
            let read: Vec<First> =
                self.pool.install(|| part.par_iter().zip(documents.into_par_iter()).map(read).collect());
            for mut first in read {
                let size =
                    first.provenance.as_ref().and_then(RunDocument::bytes).map_or(0, <[u8]>::len) as u64;
                match kept.checked_add(size).filter(|sum| *sum <= KEPT) {
                    Some(sum) => kept = sum,
                    None => first.provenance = None,
                }
                firsts.push(first);
            }
        }
        firsts
    }

    /// What to say if no run has the phase and the runs have others: it may be a typing mistake. Where it is the
    /// contract's, what the runs lack stays a finding of each.
    fn unknown_phase(&self, firsts: &[First]) -> Option<String> {
        /// Runs whose directories are listed.
        const LISTED: usize = 100;
        let is_missing = |f: &First| f.provenance.as_ref().is_some_and(|p| p.content == Content::Missing);
        if firsts.is_empty() || !firsts.iter().all(is_missing) {
            return None;
        }
        let mut found = BTreeSet::new();
        for first in firsts.iter().take(LISTED) {
            // What cannot be listed takes away only the advice.
            found.extend(self.source.phases(&first.id).unwrap_or_default());
        }
        let wanted = self.request.layout.phase.as_str();
        if found.is_empty() || found.contains(wanted) {
            return None;
        }
        let masker = Masker::new(self.setup.rules);
        let names: Vec<String> = found.iter().take(10).map(|phase| masker.mask(phase)).collect();
        Some(format!("no run has the phase {wanted}; found: {}", names.join(", ")))
    }

    /// Reads the other documents and judges each run; the second value counts runs that are too old.
    fn second_look(&self, firsts: Vec<First>, siblings: &Siblings) -> (Vec<Judged>, usize) {
        let is_old = |at: Option<Timestamp>| at.zip(self.request.since).is_some_and(|(at, since)| at < since);
        let all = firsts.len();
        let mut firsts: Vec<First> = firsts.into_iter().filter(|f| !is_old(f.written_at)).collect();
        let mut older = all - firsts.len();
        let mut judged = Vec::with_capacity(firsts.len());
        let sizes: Vec<usize> = self.source.parts(&firsts, |f| &f.id).iter().map(|p| p.len()).collect();
        for size in sizes {
            let rest = firsts.split_off(size.min(firsts.len()));
            let part = std::mem::replace(&mut firsts, rest);
            for row in self.judge_part(part, siblings) {
                match is_old(row.row.written_at.map(|(at, _)| at)) {
                    true => older += 1,
                    false => judged.push(row),
                }
            }
        }
        (judged, older)
    }

    fn judge_part(&self, part: Vec<First>, siblings: &Siblings) -> Vec<Judged> {
        let is_had = |first: &First, kind| kind == DocumentKind::Provenance && first.provenance.is_some();
        let wanted: Vec<_> = part
            .iter()
            .flat_map(|f| DocumentKind::ALL.into_iter().filter(|k| !is_had(f, *k)).map(|k| (k, &f.id)))
            .collect();
        let kinds: Vec<DocumentKind> = wanted.iter().map(|(kind, _)| *kind).collect();
        let mut read = kinds.into_iter().zip(self.read(&wanted)).peekable();
        let mut cases = Vec::with_capacity(part.len());
        for mut first in part {
            let mut documents = RunDocuments::default();
            let had = first.provenance.take();
            for kind in DocumentKind::ALL {
                if kind == DocumentKind::Provenance && had.is_some() {
                    continue;
                }
                if let Some((_, document)) = read.next_if(|(k, _)| *k == kind) {
                    *documents.document_mut(kind) = document;
                }
            }
            if let Some(document) = had {
                documents.provenance = document;
            }
            cases.push((first, documents));
        }
        self.pool.install(|| cases.into_par_iter().map(|(f, p)| self.judge(&f, p, siblings)).collect())
    }

    fn judge(&self, first: &First, mut documents: RunDocuments, siblings: &Siblings) -> Judged {
        let (setup, request) = (self.setup, self.request);
        documents.run_id = Some(first.id.to_string());
        documents.phase_id = Some(request.layout.phase.as_str().to_owned());
        documents.now = request.now;
        documents.siblings_missed.clone_from(&self.unlisted);
        let image = named(&first.fields);
        // Only those that differ are of interest, and of one tag there may be very many that do not.
        let others = image.as_ref().and_then(|(key, digest)| Some((siblings.get(key)?, digest)));
        let others =
            others.map(|(all, digest)| all.iter().filter(|s| s.image_digest != *digest).cloned().collect());
        documents.siblings = Some(others.unwrap_or_default());
        if let Some(access) = &request.registry {
            documents.registry = self.registry(&documents, image.as_ref().map(|(key, _)| key), access);
        }
        let header = || {
            let header = Header::read(documents.run_header.bytes()?, &setup.contract.documents.header);
            header.all(Field::WrittenAt).find_map(|t| t.time()).map(|t| (t.at, "run header"))
        };
        let written_at = first.written_at.map(|at| (at, "packaging provenance")).or_else(header);
        let outcome = report(setup, &documents, None);
        let (earlier, has_more_earlier) = self.source.earlier(&first.id);
        let masker = Masker::new(setup.rules);
        let text = |field: Field| Some((field.name(), masker.mask(first.fields.text(field)?)));
        setup.progress.runs_done.fetch_add(1, Ordering::Relaxed);
        Judged {
            row: AuditedRun {
                id: masker.mask(first.id.as_str()),
                written_at,
                fields: Field::ALL.into_iter().filter_map(text).collect(),
                report: outcome.report,
                earlier,
            },
            image: image.map(|((repository, _), digest)| Named { repository, digest }),
            warnings: outcome.warnings,
            has_more_earlier,
        }
    }

    /// The registry's answer; one question for all runs of a tag.
    fn registry(
        &self,
        documents: &RunDocuments,
        key: Option<&(String, String)>,
        access: &RegistryAccess,
    ) -> RegistryAnswer {
        let ask = || ask_registry(documents, &self.setup.contract.documents, access, self.setup.contract);
        let Some(key) = key else { return ask() };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(asked.entry(key.clone()).or_default());
        drop(asked);
        slot.get_or_init(ask).clone()
    }

    /// Something that lies where runs lie and is none.
    fn no_run(&self, name: &str, why: &str) -> Judged {
        let name = Masker::new(self.setup.rules).mask(name);
        let item = NotChecked::new(
            Origin::new(OriginKind::Document, name.clone()),
            "run",
            why.to_owned(),
            Vec::new(),
        );
        let fail_on = self.setup.contract.policy.fail_on;
        let nothing = (Vec::new(), Vec::new(), Vec::new());
        let mut report = Report::judge(
            fail_on,
            &catalogue(),
            &[],
            nothing.0,
            nothing.1,
            vec![item],
            nothing.2,
            Coverage::default(),
        );
        report.rules_digest = self.setup.rules.digest().to_owned();
        report.contract_digest = self.setup.contract.digest().map(str::to_owned);
        let row =
            AuditedRun { id: name, written_at: None, fields: BTreeMap::new(), report, earlier: Vec::new() };
        Judged { row, image: None, warnings: Vec::new(), has_more_earlier: false }
    }
}

/// The repository and tag, and the digest, that a provenance names.
fn named(fields: &Fields) -> Option<((String, String), String)> {
    let text = |field| fields.text(field).map(str::to_owned);
    Some(((text(Field::RepositoryUri)?, text(Field::ImageTag)?), text(Field::ImageDigest)?))
}

fn siblings(firsts: &[First]) -> Siblings {
    let mut siblings = Siblings::new();
    for first in firsts {
        let Some((key, image_digest)) = named(&first.fields) else { continue };
        let (repository, image_tag) = key.clone();
        let run_id = first.id.to_string();
        siblings.entry(key).or_default().push(Sibling { run_id, repository, image_tag, image_digest });
    }
    siblings
}

/// Warnings that hold for all runs, such as that of an acceptance that matches nothing: one that matches in another run
/// is of use.
fn shared_warnings(judged: &[Judged]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in judged.iter().flat_map(|j| &j.warnings) {
        *counts.entry(warning).or_default() += 1;
    }
    counts.into_iter().filter(|(_, n)| *n == judged.len()).map(|(w, _)| w.to_owned()).collect()
}
