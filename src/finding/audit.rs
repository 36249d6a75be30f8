//! What an audit of many runs adds up to: one row for each run, what changed between runs of one tag, and one verdict.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{CheckMeta, CheckStatus, NotChecked, Report, Severity, Verdict};

/// An audit of many runs.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Where the runs are: a directory or an `s3://` URL.
    pub root: String,
    /// The answer for all runs that were judged: fail if one fails, else incomplete if one is, or if there is none.
    pub verdict: Verdict,
    /// The minimum severity that fails a run.
    pub fail_on: Severity,
    /// Digest of the detectors that were used.
    pub rules_digest: String,
    /// Digest of the contract file, if there was one.
    pub contract_digest: Option<String>,
    /// All checks that exist.
    pub known: Vec<&'static CheckMeta>,
    /// The runs that were judged, by date and ID; those without a date come last.
    pub runs: Vec<AuditedRun>,
    /// Earlier runs that were left out, if only later ones were asked for.
    pub older: usize,
    /// What could not be seen of the audit as a whole.
    pub not_checked: Vec<NotChecked>,
    /// Tags that several of the runs used, and in which those runs differ.
    pub tags: Vec<TagHistory>,
    /// Requests to the store, if it counts them.
    pub requests: Option<u64>,
    /// What must be known to read the verdicts rightly.
    pub notes: Vec<String>,
}

/// One run of an audit. Texts are those of the run's documents, secrets masked; they are not yet printable.
#[derive(Clone, Debug)]
pub struct AuditedRun {
    /// Its ID: the name of its directory.
    pub id: String,
    /// When it was written, and which document says so.
    pub written_at: Option<(Timestamp, &'static str)>,
    /// The fields of its provenance that could be read, by their names.
    pub fields: BTreeMap<&'static str, String>,
    /// What was found out about it.
    pub report: Report,
    /// Its security evidence that later evidence replaced: it was repeated.
    pub earlier: Vec<EarlierEvidence>,
}

/// Security evidence that later evidence of the same run replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierEvidence {
    /// Where it is kept.
    pub file: String,
    /// Its verdict, such as `FAIL`; nothing if it was not read or does not say.
    pub verdict: Option<Verdict>,
    /// When it was written.
    pub written_at: Option<Timestamp>,
}

impl AuditedRun {
    /// A field of its provenance.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// The checks that keep the run from passing: those that failed, and those that could not look.
    pub fn blockers(&self) -> impl Iterator<Item = (&'static str, CheckStatus)> {
        let blocks = |s: CheckStatus| matches!(s, CheckStatus::Fail | CheckStatus::NotChecked);
        self.report.checks.iter().filter(move |c| blocks(c.status)).map(|c| (c.meta.id, c.status))
    }

    /// Why the run does not pass, in the words of its first failing finding or its first item that was not checked.
    pub fn reason(&self) -> Option<String> {
        let report = &self.report;
        let found = report.findings.iter().find(|f| f.severity >= report.fail_on);
        let missed = || report.not_checked.first().map(|u| format!("{}: {}", u.what, u.reason));
        found.map(|f| f.message.clone()).or_else(missed)
    }
}

/// A tag that several runs used, and in what those runs differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagHistory {
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The runs, in their order.
    pub runs: Vec<String>,
    /// The fields that are not the same in all of them; `verdict` is one.
    pub changes: Vec<FieldHistory>,
}

/// A field that differs between runs of one tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldHistory {
    /// Its name.
    pub field: &'static str,
    /// Its values in the order of the runs, each with the runs that have it; nothing where a run has none.
    pub values: Vec<(Option<String>, Vec<String>)>,
}

/// Fields that every run has for itself, so that a difference says nothing.
const OWN: [&str; 6] = [
    "platform_run_id",
    "written_at_utc",
    "build_completed_at_utc",
    "pushed_at_utc",
    "ci_run_id",
    "image_tag",
];

impl Audit {
    /// Puts the runs in their order, compares those of one tag and computes the verdict.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let date = |run: &AuditedRun| run.written_at.map(|(at, _)| at);
        self.runs.sort_by(|a, b| {
            let (a_date, b_date) = (date(a), date(b));
            (a_date.is_none(), a_date, &a.id).cmp(&(b_date.is_none(), b_date, &b.id))
        });
        self.tags = histories(&self.runs);
        self.not_checked.sort();
        let verdicts = self.runs.iter().map(|r| r.report.verdict);
        let worst = verdicts.max_by_key(|v| match v {
            Verdict::Pass => 0,
            Verdict::Incomplete => 1,
            Verdict::Fail => 2,
        });
        self.verdict = match worst {
            Some(Verdict::Fail) => Verdict::Fail,
            Some(Verdict::Pass) if self.not_checked.is_empty() => Verdict::Pass,
            _ => Verdict::Incomplete,
        };
        self
    }

    /// The number of runs with a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.runs.iter().filter(|r| r.report.verdict == verdict).count()
    }
}

fn histories(runs: &[AuditedRun]) -> Vec<TagHistory> {
    let mut tags: BTreeMap<(&str, &str), Vec<&AuditedRun>> = BTreeMap::new();
    for run in runs {
        let Some(tag) = run.field("image_tag") else { continue };
        tags.entry((run.field("ecr_repo_uri").unwrap_or_default(), tag)).or_default().push(run);
    }
    let several = tags.into_iter().filter(|(_, runs)| runs.len() > 1);
    several
        .map(|((repository, tag), runs)| TagHistory {
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            runs: runs.iter().map(|r| r.id.clone()).collect(),
            changes: changes(&runs),
        })
        .filter(|tag| !tag.changes.is_empty())
        .collect()
}

fn changes(runs: &[&AuditedRun]) -> Vec<FieldHistory> {
    let mut names: Vec<&'static str> = runs.iter().flat_map(|r| r.fields.keys().copied()).collect();
    names.push("verdict");
    names.sort_unstable();
    names.dedup();
    names.retain(|n| !OWN.contains(n));
    let history = |field: &'static str| {
        let mut values: Vec<(Option<String>, Vec<String>)> = Vec::new();
        let mut places: HashMap<Option<String>, usize> = HashMap::new();
        for run in runs {
            let value = match field {
                "verdict" => Some(run.report.verdict.as_str().to_owned()),
                _ => run.field(field).map(str::to_owned),
            };
            let place = *places.entry(value.clone()).or_insert(values.len());
            match values.get_mut(place) {
                Some((_, ids)) => ids.push(run.id.clone()),
                None => values.push((value, vec![run.id.clone()])),
            }
        }
        FieldHistory { field, values }
    };
    names.into_iter().map(history).filter(|h| h.values.len() > 1).collect()
}
