//! The papers of one run, as its store has them: every document that the layout names, and what other runs say of the
//! same tag.

use std::collections::BTreeSet;

use super::verify::verify;
use super::{Outcome, RegistryAccess, ScanError, Setup};
use crate::check::{Answers, Masker, catalogue};
use crate::finding::{CheckStatus, Confidence, Coverage, Finding, Fingerprint, Report, Severity, Unchecked};
use crate::store::{Document, Layout, Object, Store, StoreError};
use seaworthy_provenance::{Content, Field, PaperKind, Papers, Sibling, read_fields};
use seaworthy_source::{Key, Origin, OriginKind, RunId, escape_bytes};

/// Most other runs that are looked at for a tag that was used twice: in a bucket, each costs a request.
const SIBLINGS: usize = 1_000;

/// A run's place in a store.
#[derive(Clone, Copy)]
pub struct StoredRun<'a> {
    /// The store.
    pub store: &'a Store,
    /// The keys in it.
    pub layout: &'a Layout,
    /// The run.
    pub run: &'a RunId,
}

/// Which papers a gate judges, and when.
pub struct PapersRequest<'a> {
    /// Where they are.
    pub stored: StoredRun<'a>,
    /// How the registry is asked; it is not without.
    pub registry: Option<RegistryAccess>,
    /// The moment that they are judged at.
    pub now: jiff::Timestamp,
    /// Digests of the image that a gate examined, if it did: its evidence will be about that image.
    pub image: Option<&'a BTreeSet<String>>,
    /// The Dockerfile that a gate examined, by its path, if it did.
    pub dockerfile: Option<&'a str>,
}

/// The check that asks for the run's security evidence.
const SECURITY: &str = "SW514";

/// Judges the papers of a run that a gate examines. The security evidence is what the gate will write, so of it only one
/// thing is asked: whether the image and the Dockerfile that were examined are those that were packaged.
///
/// # Errors
/// If the run has no keys. What cannot be read is in the report.
pub fn papers(setup: &Setup<'_>, request: &PapersRequest<'_>) -> Result<Outcome, ScanError> {
    let mut papers = stored(setup, request.stored, Security::Left)?;
    papers.now = request.now;
    let packaged = named(setup, &papers, Field::ImageDigest);
    let unnamed = papers.provenance.bytes().is_some().then(|| papers.provenance.name.clone());
    let recorded = named(setup, &papers, Field::DockerfilePath);
    let mut outcome = verify(setup, papers, request.registry.as_ref());
    let mut answers = Answers::default();
    let mut asked = Vec::new();
    if let (Some(_), None, Some(name)) = (request.image, &packaged, unnamed) {
        asked.push(SECURITY);
        answers.unchecked.push(Unchecked {
            origin: Origin::new(OriginKind::Document, name),
            what: "the packaged image".to_owned(),
            reason:
                "the packaging provenance names no digest, so it cannot be told whether the image that was \
                     examined is the one that was packaged"
                    .to_owned(),
            checks: vec![SECURITY],
        });
    }
    if let (Some(examined), Some((name, digest))) = (request.image, packaged) {
        asked.push(SECURITY);
        compare(setup, examined, &name, &digest, &mut answers);
    }
    if let (Some(examined), Some((name, recorded))) = (request.dockerfile, recorded) {
        asked.push(SECURITY);
        compare_dockerfiles(setup, examined, &name, &recorded, &mut answers);
    }
    asked.dedup();
    let masker = Masker::new(setup.rules);
    let own = super::verdict::judge(setup, &masker, &asked, answers, Vec::new(), Coverage::default());
    let reports = vec![without(outcome.report, SECURITY), own.report];
    outcome.report = Report::merge(setup.contract.policy.fail_on, &catalogue(), reports, Vec::new());
    Ok(outcome)
}

/// The packaging provenance's name, and what it has in a field.
fn named(setup: &Setup<'_>, papers: &Papers, field: Field) -> Option<(String, String)> {
    let expectations = &setup.contract.papers;
    let fields =
        read_fields(papers.provenance.bytes()?, &expectations.provenance, &expectations.profiles).fields;
    Some((papers.provenance.name.clone(), fields.text(field)?.to_owned()))
}

/// Compares the image that was examined with the one that was packaged.
fn compare(
    setup: &Setup<'_>,
    examined: &BTreeSet<String>,
    name: &str,
    packaged: &str,
    answers: &mut Answers,
) {
    let origin = Origin::new(OriginKind::Document, name);
    if examined.contains(packaged) {
        return;
    }
    let Some(first) = examined.iter().next() else {
        answers.unchecked.push(Unchecked {
            origin,
            what: "the examined image".to_owned(),
            reason: "it has no manifest, as what `docker save` writes, so it cannot be told whether it is the one \
                     that was packaged; examine it in its registry or as an OCI archive"
                .to_owned(),
            checks: vec![SECURITY],
        });
        return;
    };
    answers.findings.push(Finding {
        check: SECURITY,
        detector: None,
        severity: Severity::High,
        confidence: Confidence::High,
        message: format!("the image that was examined is {first}, and {packaged} was packaged"),
        fix: "Run the gate on the very image that was pushed, by its digest.".to_owned(),
        fingerprint: Fingerprint::new(&setup.key, SECURITY, "", &[name, "examined"], None),
        origin,
        secret: None,
        places: Vec::new(),
        notes: Vec::new(),
    });
}

/// Compares the Dockerfile that was examined with the one that the image was built from. A path may begin at the
/// repository or at a folder of it, so that one need only end as the other does.
fn compare_dockerfiles(setup: &Setup<'_>, examined: &str, name: &str, recorded: &str, answers: &mut Answers) {
    let plain = |path: &str| -> Vec<String> {
        path.split('/').filter(|p| !matches!(*p, "" | ".")).map(str::to_owned).collect()
    };
    let (here, there) = (plain(examined), plain(recorded));
    // What came from standard input has no path.
    if examined == "-" || here.ends_with(&there) || there.ends_with(&here) {
        return;
    }
    answers.findings.push(Finding {
        check: SECURITY,
        detector: None,
        severity: Severity::High,
        confidence: Confidence::High,
        message: format!(
            "the Dockerfile that was examined is {}, and the image was built from {recorded}",
            escape_bytes(examined.as_bytes())
        ),
        fix: "Name in the contract's [image] the Dockerfile that the image is built from, and record that path."
            .to_owned(),
        fingerprint: Fingerprint::new(&setup.key, SECURITY, "", &[name, "dockerfile"], None),
        origin: Origin::new(OriginKind::Document, name),
        secret: None,
        places: Vec::new(),
        notes: Vec::new(),
    });
}

/// A report as if a check had not been asked.
fn without(mut report: Report, check: &str) -> Report {
    report.findings.retain(|f| f.check != check);
    report.accepted.retain(|a| a.finding.check != check);
    report.unchecked.retain(|u| u.checks != [check]);
    report.unchecked.iter_mut().for_each(|u| u.checks.retain(|id| *id != check));
    for summary in report.checks.iter_mut().filter(|c| c.meta.id == check) {
        summary.status = CheckStatus::NotRequested;
    }
    report
}

/// What is done about a run's security evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It is one of the papers.
    Read,
    /// It is left alone: a gate is about to write it.
    Left,
}

/// Reads a run's papers, and what other runs say of their images. The moment is still to be filled in.
///
/// # Errors
/// If the run has no keys. What cannot be read is a paper's content.
pub fn stored(setup: &Setup<'_>, place: StoredRun<'_>, security: Security) -> Result<Papers, ScanError> {
    let StoredRun { store, layout, run } = place;
    let mut papers = Papers {
        run_id: Some(run.to_string()),
        phase_id: Some(layout.phase.as_str().to_owned()),
        ..Papers::default()
    };
    let provenance = layout.key(Document::Provenance, run)?;
    let mut keys = vec![
        (PaperKind::Provenance, provenance.clone()),
        (PaperKind::Receipt, layout.key(Document::Receipt, run)?),
        (PaperKind::RunHeader, layout.key(Document::RunHeader, run)?),
    ];
    if security == Security::Read {
        keys.push((PaperKind::Security, layout.key(Document::Security, run)?));
    }
    // The envelope lies beside what it signs.
    let signed = provenance.beside(|_| PaperKind::Attestation.file_name().to_owned()).ok();
    for (kind, key) in keys.into_iter().chain(signed.map(|key| (PaperKind::Attestation, key))) {
        let paper = papers.paper_mut(kind);
        paper.name = store.place(&key);
        paper.content = content(store, &key, kind.limit());
    }
    let (found, missed) = siblings(setup, place);
    (papers.siblings, papers.siblings_missed) = (Some(found), missed);
    Ok(papers)
}

/// A paper's content by its key.
pub fn content(store: &Store, key: &Key, limit: u64) -> Content {
    match store.get(key) {
        Ok(None) => Content::Missing,
        Ok(Some(Object { bytes, .. })) if bytes.len() as u64 > limit => Content::TooLarge { limit },
        Ok(Some(Object { bytes, .. })) => Content::Bytes(bytes),
        Err(StoreError::TooLarge { .. }) => Content::TooLarge { limit },
        Err(error) => Content::Unreadable(error.to_string()),
    }
}

/// What other runs say of their images, and why some were not looked at. Those whose provenance is missing or malformed
/// say nothing: they are judged when they are asked about themselves.
fn siblings(setup: &Setup<'_>, place: StoredRun<'_>) -> (Vec<Sibling>, Option<String>) {
    let StoredRun { store, layout, run } = place;
    let runs = match store.runs(layout) {
        Ok(runs) => runs,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let others: Vec<RunId> = runs.ids.into_iter().filter(|id| id != run).collect();
    let mut missed = (runs.more || others.len() > SIBLINGS)
        .then(|| format!("there are more than {SIBLINGS} other runs; the rest was not looked at"));
    let expectations = &setup.contract.papers;
    let mut found = Vec::new();
    for id in others.into_iter().take(SIBLINGS) {
        let Ok(key) = layout.key(Document::Provenance, &id) else { continue };
        let bytes = match store.get(&key) {
            Ok(Some(object)) => object.bytes,
            Ok(None) => continue,
            // That is a fault of the other run, as a malformed document is.
            Err(StoreError::Link { .. } | StoreError::NotAFile { .. } | StoreError::TooLarge { .. }) => {
                continue;
            }
            Err(error) => {
                missed.get_or_insert_with(|| error.to_string());
                continue;
            }
        };
        let fields = read_fields(&bytes, &expectations.provenance, &expectations.profiles).fields;
        let text = |field| fields.text(field).map(str::to_owned);
        if let (Some(repository), Some(image_tag), Some(image_digest)) =
            (text(Field::RepositoryUri), text(Field::ImageTag), text(Field::ImageDigest))
        {
            found.push(Sibling { repository, image_tag, image_digest, run_id: id.to_string() });
        }
    }
    (found, missed)
}
