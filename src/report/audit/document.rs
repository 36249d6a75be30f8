//! The JSON forms of an audit, version 1. Within a version fields are only added; readers should ignore those they do
//! not know.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::Only;
use crate::finding::{Audit, AuditedRun, CheckStatus, EarlierEvidence, FieldHistory, TagHistory, Verdict};
use crate::report::phrase::printable;
use crate::report::v1;

/// Writes the audit as one JSON document. The same audit gives the same bytes.
///
/// # Errors
/// When `out` fails.
pub fn write_json(audit: &Audit, only: &Only, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(audit, only))?;
    writeln!(out)
}

/// Writes one JSON object a line for each run: the members of `runs` of the JSON document.
///
/// # Errors
/// When `out` fails.
pub fn write_lines(audit: &Audit, only: &Only, out: &mut dyn Write) -> io::Result<()> {
    for run in only.runs(audit) {
        serde_json::to_writer(&mut *out, &Run::of(run))?;
        writeln!(out)?;
    }
    Ok(())
}

/// What an audit of many runs found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "seaworthy audit, version 1")]
pub(in crate::report) struct Document {
    /// Name and version of this format.
    #[schemars(extend("const" = "seaworthy/audit/v1"))]
    schema: &'static str,
    /// The tool that wrote it.
    tool: v1::Tool,
    /// Where the runs are.
    root: String,
    /// The answer for all runs that were judged.
    verdict: v1::Verdict,
    /// The minimum severity that fails a run.
    fail_on: v1::Severity,
    /// The contract, if there was one.
    contract: Option<v1::Contract>,
    /// Counts.
    summary: Summary,
    /// The runs that were asked for, by date and ID; those without a date come last.
    runs: Vec<Run>,
    /// Tags that several runs used and in which those runs differ, with the fields.
    tags: Vec<Tag>,
    /// What could not be seen of the audit as a whole.
    not_checked: Vec<v1::NotChecked>,
    /// What must be known to read the verdicts rightly.
    notes: Vec<String>,
}

/// Counts of runs.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    /// Runs that were judged.
    runs: usize,
    /// Those that pass.
    pass: usize,
    /// Those that fail.
    fail: usize,
    /// Those that could not be decided.
    incomplete: usize,
    /// Those in `runs`: fewer if only some verdicts were asked for.
    shown: usize,
    /// Earlier runs that were not judged.
    older: usize,
    /// Requests to the bucket, repeats after a failure included; null for a directory.
    requests: Option<u64>,
}

/// One run.
#[derive(Debug, Serialize, JsonSchema)]
struct Run {
    /// Its ID: the name of its directory.
    run_id: String,
    /// When it was written, in UTC.
    written_at_utc: Option<String>,
    /// The document that says when.
    written_at_from: Option<&'static str>,
    /// The repository that its provenance names.
    repository: Option<String>,
    /// The tag.
    image_tag: Option<String>,
    /// The digest.
    image_digest: Option<String>,
    /// The commit.
    git_sha: Option<String>,
    /// Who built.
    build_actor: Option<String>,
    /// The version of the contract that its provenance names.
    contract_version: Option<String>,
    /// The answer.
    verdict: v1::Verdict,
    /// The checks that keep it from passing.
    blockers: Vec<Blocker>,
    /// Why it does not pass, in one sentence.
    reason: Option<String>,
    /// The documents that were read, and the images that were examined.
    artifacts: Vec<v1::Artifact>,
    /// What was found.
    findings: Vec<v1::Finding>,
    /// What was found and is accepted by the contract.
    accepted: Vec<v1::Accepted>,
    /// What could not be examined.
    not_checked: Vec<v1::NotChecked>,
    /// Its security evidence that later evidence replaced: the run was repeated.
    earlier_evidence: Vec<Earlier>,
}

/// Security evidence that later evidence of the same run replaced.
#[derive(Debug, Serialize, JsonSchema)]
struct Earlier {
    /// Where it is kept.
    file: String,
    /// Its verdict; null if it was not read or does not say.
    verdict: Option<v1::Verdict>,
    /// When it was written, in UTC.
    written_at_utc: Option<String>,
}

/// A check that keeps a run from passing.
#[derive(Debug, Serialize, JsonSchema)]
struct Blocker {
    /// Its ID.
    check: &'static str,
    /// `fail`, or `not checked` if it could not look.
    status: v1::Status,
}

/// A tag that several runs used.
#[derive(Debug, Serialize, JsonSchema)]
struct Tag {
    /// The repository.
    repository: String,
    /// The tag.
    image_tag: String,
    /// The runs, in their order.
    runs: Vec<String>,
    /// The fields that are not the same in all of them.
    changes: Vec<Change>,
}

/// A field that differs between runs of one tag.
#[derive(Debug, Serialize, JsonSchema)]
struct Change {
    /// Its name; `verdict` is the run's verdict.
    field: &'static str,
    /// Its values in the order of the runs.
    values: Vec<Value>,
}

/// One value of a field, and who has it.
#[derive(Debug, Serialize, JsonSchema)]
struct Value {
    /// The value; null where the runs have none.
    value: Option<String>,
    /// The runs.
    runs: Vec<String>,
}

impl Document {
    fn of(audit: &Audit, only: &Only) -> Self {
        let shown = only.runs(audit);
        Self {
            schema: "seaworthy/audit/v1",
            tool: v1::Tool::with(&audit.rules_digest),
            root: printable(&audit.root),
            verdict: audit.verdict.into(),
            fail_on: audit.fail_on.into(),
            contract: audit.contract_digest.as_deref().map(v1::Contract::with),
            summary: Summary {
                runs: audit.runs.len(),
                pass: audit.count(Verdict::Pass),
                fail: audit.count(Verdict::Fail),
                incomplete: audit.count(Verdict::Incomplete),
                shown: shown.len(),
                older: audit.older,
                requests: audit.requests,
            },
            runs: shown.into_iter().map(Run::of).collect(),
            tags: audit.tags.iter().map(Tag::of).collect(),
            not_checked: audit.not_checked.iter().map(Into::into).collect(),
            notes: audit.notes.iter().map(|n| printable(n)).collect(),
        }
    }
}

impl Run {
    fn of(run: &AuditedRun) -> Self {
        let field = |name| run.field(name).map(printable);
        let blocker = |(check, status): (&'static str, CheckStatus)| Blocker { check, status: status.into() };
        let report = &run.report;
        Self {
            run_id: printable(&run.id),
            written_at_utc: run.written_at.map(|(at, _)| at.to_string()),
            written_at_from: run.written_at.map(|(_, from)| from),
            repository: field("ecr_repo_uri"),
            image_tag: field("image_tag"),
            image_digest: field("image_digest"),
            git_sha: field("git_sha"),
            build_actor: field("build_actor"),
            contract_version: field("contract_version"),
            verdict: report.verdict.into(),
            blockers: run.blockers().map(blocker).collect(),
            reason: run.reason().map(|r| printable(&r)).filter(|_| report.verdict != Verdict::Pass),
            artifacts: report.artifacts.iter().map(Into::into).collect(),
            findings: report.findings.iter().map(Into::into).collect(),
            accepted: report.accepted.iter().map(Into::into).collect(),
            not_checked: report.not_checked.iter().map(Into::into).collect(),
            earlier_evidence: run.earlier.iter().map(Earlier::of).collect(),
        }
    }
}

impl Earlier {
    fn of(earlier: &EarlierEvidence) -> Self {
        Self {
            file: printable(&earlier.file),
            verdict: earlier.verdict.map(Into::into),
            written_at_utc: earlier.written_at.map(|at| at.to_string()),
        }
    }
}

impl Tag {
    fn of(tag: &TagHistory) -> Self {
        let names = |ids: &[String]| ids.iter().map(|id| printable(id)).collect();
        let value = |(value, ids): &(Option<String>, Vec<String>)| Value {
            value: value.as_deref().map(printable),
            runs: names(ids),
        };
        let change =
            |c: &FieldHistory| Change { field: c.field, values: c.values.iter().map(value).collect() };
        Self {
            repository: printable(&tag.repository),
            image_tag: printable(&tag.tag),
            runs: names(&tag.runs),
            changes: tag.changes.iter().map(change).collect(),
        }
    }
}
