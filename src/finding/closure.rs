//! The closure table: what became of each clause of the packaging contract (M1), and on what that rests. A clause
//! passes when every part that it needs was examined and none of its checks fails; what was not asked is no pass.

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckStatus, CheckSummary, Report, Subject, Verdict};

/// A part of a gate: one kind of thing that is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The build context and the Dockerfile.
    Context,
    /// The built image.
    Image,
    /// Parameters, roles and task definitions.
    Wiring,
    /// The entrypoints' contracts.
    Entrypoints,
    /// Provenance, build receipt and run header.
    Papers,
    /// What the registry says of tag and digest.
    Registry,
    /// The CI workflow that builds.
    Workflow,
}

impl Part {
    /// All of them, in the order in which a gate examines them.
    pub const ALL: [Self; 7] = [
        Self::Context,
        Self::Image,
        Self::Wiring,
        Self::Entrypoints,
        Self::Papers,
        Self::Registry,
        Self::Workflow,
    ];

    /// The word used in the contract and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Image => "image",
            Self::Wiring => "wiring",
            Self::Entrypoints => "entrypoints",
            Self::Papers => "papers",
            Self::Registry => "registry",
            Self::Workflow => "workflow",
        }
    }

    /// The part that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }

    /// The part that asks a check, by the check's family (the first digit of its ID) and, where a family has several
    /// parts, by its ID.
    pub fn of(check: &str) -> Option<Self> {
        let number = check.strip_prefix("SW")?;
        Some(match (number.get(..1)?, number) {
            (_, "408") => Self::Image,
            (_, "506" | "508") => Self::Registry,
            (_, "604" | "605") => Self::Workflow,
            ("1" | "2", _) => Self::Context,
            ("3", _) => Self::Image,
            ("4", _) => Self::Wiring,
            ("5", _) => Self::Papers,
            ("6", _) => Self::Entrypoints,
            _ => return None,
        })
    }

    /// The part that examines a kind of thing.
    fn examining(subject: Subject) -> Self {
        match subject {
            Subject::Context | Subject::Dockerfile => Self::Context,
            Subject::Image => Self::Image,
            Subject::Aws => Self::Wiring,
            Subject::Document => Self::Papers,
            Subject::Workflow => Self::Workflow,
        }
    }
}

/// What became of a part of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It was examined, as far as its unchecked items leave it.
    Done,
    /// It was to be examined and could not be.
    Missing(String),
    /// The contract does not ask for it.
    NotAsked,
}

/// What became of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClauseStatus {
    /// Everything that it needs was examined, and nothing that fails was found.
    Pass,
    /// Something that fails was found.
    Fail,
    /// Nothing that fails was found, but something could not be examined.
    Incomplete,
    /// The contract does not ask for it.
    NotAsked,
}

impl ClauseStatus {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
            Self::NotAsked => "not asked",
        }
    }
}

/// One row of the closure table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number in the packaging contract, such as `D.4.2`.
    pub clause: &'static str,
    /// What it asks, in a few words.
    pub title: &'static str,
    /// What became of it.
    pub status: ClauseStatus,
    /// Its checks and what became of each, in order of their IDs.
    pub checks: Vec<(&'static str, CheckStatus)>,
    /// What was examined for it: kind, name and digest of each thing, or where a document is kept.
    pub evidence: Vec<String>,
    /// Why it is not a pass.
    pub reasons: Vec<String>,
}

/// A clause, and the parts without which it is not closed.
struct Row {
    clause: &'static str,
    title: &'static str,
    needs: &'static [Part],
}

const fn row(clause: &'static str, title: &'static str, needs: &'static [Part]) -> Row {
    Row { clause, title, needs }
}

/// The clauses of M1 that can be checked, F apart.
const ROWS: [Row; 10] = [
    row("A", "image contract", &[Part::Papers]),
    row("B", "entrypoint matrix", &[Part::Entrypoints]),
    row("C", "provenance and its evidence", &[Part::Papers, Part::Registry]),
    row("D.2", "no baked secrets", &[Part::Context, Part::Image]),
    row("D.3", "runtime secret sources", &[Part::Wiring]),
    row("D.4.1", "build context", &[Part::Context]),
    row("D.4.2", "built image", &[Part::Image]),
    row("D.4.3", "runtime wiring", &[Part::Wiring]),
    row("D.4.4", "fail-closed startup", &[Part::Image]),
    row("E", "build command surface", &[Part::Papers]),
];

/// The row of a clause that a check names, such as that of D.3 for `D.3.2`. All of D begins with its policy.
fn row_of(clause: &str) -> Option<&'static str> {
    let clause = if clause == "D" { "D.2" } else { clause };
    let fits = |row: &&Row| clause == row.clause || clause.starts_with(&format!("{}.", row.clause));
    ROWS.iter().filter(fits).map(|row| row.clause).max_by_key(|c| c.len())
}

/// The closure table of a report whose parts are in the given states. `documents` are the places of the run's
/// documents, the evidence for F.
pub fn closure(report: &Report, parts: &BTreeMap<Part, PartState>, documents: &[String]) -> Vec<Clause> {
    let mut rows: Vec<Clause> = ROWS.iter().map(|row| judge(row, report, parts)).collect();
    rows.push(exit(report, &rows, parts, documents));
    rows
}

fn judge(row: &Row, report: &Report, parts: &BTreeMap<Part, PartState>) -> Clause {
    let names_it = |c: &&CheckSummary| c.meta.clause.split(',').any(|t| row_of(t.trim()) == Some(row.clause));
    let summaries: Vec<&CheckSummary> = report.checks.iter().filter(names_it).collect();
    let checks: Vec<(&'static str, CheckStatus)> = summaries.iter().map(|c| (c.meta.id, c.status)).collect();
    let with = |status| checks.iter().filter(move |(_, s)| *s == status).map(|(id, _)| *id);
    let asked = checks.iter().filter(|(_, status)| *status != CheckStatus::NotRequested);
    let concerned: BTreeSet<Part> =
        row.needs.iter().copied().chain(asked.filter_map(|(id, _)| Part::of(id))).collect();
    let state = |part: &Part| parts.get(part).unwrap_or(&PartState::NotAsked);
    let mut reasons = Vec::new();
    for summary in summaries.iter().filter(|c| c.status == CheckStatus::Fail) {
        let (id, n) = (summary.meta.id, summary.findings);
        reasons.push(format!("{id}: {n} finding{}", if n == 1 { "" } else { "s" }));
    }
    for summary in summaries.iter().filter(|c| c.unchecked > 0) {
        let (id, n) = (summary.meta.id, summary.unchecked);
        reasons.push(format!("{id}: {n} item{} not examined", if n == 1 { "" } else { "s" }));
    }
    let mut missing = false;
    for part in &concerned {
        if let PartState::Missing(reason) = state(part) {
            missing = true;
            reasons.push(format!("{}: {reason}", part.as_str()));
        }
    }
    let unasked = row.needs.iter().any(|p| *state(p) == PartState::NotAsked);
    let status = if with(CheckStatus::Fail).next().is_some() {
        ClauseStatus::Fail
    } else if missing || with(CheckStatus::Unchecked).next().is_some() {
        ClauseStatus::Incomplete
    } else if unasked || with(CheckStatus::Pass).next().is_none() {
        ClauseStatus::NotAsked
    } else {
        ClauseStatus::Pass
    };
    if status == ClauseStatus::NotAsked {
        let parts = row.needs.iter().filter(|p| *state(p) == PartState::NotAsked);
        reasons.extend(parts.map(|p| format!("the contract does not ask for {}", p.as_str())));
        if reasons.is_empty() {
            reasons.push("the contract names nothing that could be compared".to_owned());
        }
    }
    Clause {
        clause: row.clause,
        title: row.title,
        status,
        checks,
        evidence: examined(report, &concerned),
        reasons,
    }
}

/// The things that some parts examined.
fn examined(report: &Report, parts: &BTreeSet<Part>) -> Vec<String> {
    let records = report.artifacts.iter().filter(|a| parts.contains(&Part::examining(a.subject)));
    let named = records.map(|a| {
        let digest = a.digest.as_ref().map(|d| format!(" {d}")).unwrap_or_default();
        format!("{} {}{digest}", a.subject.as_str(), a.name)
    });
    named.collect::<BTreeSet<_>>().into_iter().collect()
}

/// F, the exit: every other clause is closed, nothing fails, and the run's documents are in their places. A contract that
/// leaves a clause out may pass, but it is not ready by M1's measure.
fn exit(report: &Report, rows: &[Clause], parts: &BTreeMap<Part, PartState>, documents: &[String]) -> Clause {
    let list = |status| {
        let rows = rows.iter().filter(move |r| r.status == status);
        rows.map(|r| r.clause).collect::<Vec<_>>().join(", ")
    };
    let (failing, open) = (list(ClauseStatus::Fail), list(ClauseStatus::Incomplete));
    let mut reasons = Vec::new();
    if !failing.is_empty() {
        reasons.push(format!("fails: {failing}"));
    }
    if !open.is_empty() {
        reasons.push(format!("incomplete: {open}"));
    }
    for (part, state) in parts {
        if let PartState::Missing(reason) = state {
            reasons.push(format!("{}: {reason}", part.as_str()));
        }
    }
    if report.verdict != Verdict::Pass && reasons.is_empty() {
        reasons.push("something that belongs to no clause fails or could not be examined".to_owned());
    }
    let status = match report.verdict {
        Verdict::Fail => ClauseStatus::Fail,
        Verdict::Incomplete => ClauseStatus::Incomplete,
        Verdict::Pass if parts.get(&Part::Papers) == Some(&PartState::Done) => {
            let left_out = list(ClauseStatus::NotAsked);
            if left_out.is_empty() {
                ClauseStatus::Pass
            } else {
                reasons.push(format!("the contract does not ask for {left_out}"));
                ClauseStatus::NotAsked
            }
        }
        Verdict::Pass => {
            reasons.push("nobody looked whether the run's documents are complete".to_owned());
            ClauseStatus::Incomplete
        }
    };
    Clause {
        clause: "F",
        title: "exit readiness, evidence",
        status,
        checks: Vec::new(),
        evidence: documents.to_vec(),
        reasons,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_belong_to_the_nearest_row() {
        for (clause, row) in [
            ("A", Some("A")),
            ("D.3.2", Some("D.3")),
            ("D.4.2", Some("D.4.2")),
            ("D.4", None),
            ("D", Some("D.2")),
            ("beyond M1", None),
        ] {
            assert_eq!(row_of(clause), row, "{clause}");
        }
    }

    #[test]
    fn every_family_of_checks_has_a_part() {
        for (check, part) in [
            ("SW101", Part::Context),
            ("SW309", Part::Image),
            ("SW401", Part::Wiring),
            ("SW506", Part::Registry),
            ("SW509", Part::Papers),
            ("SW601", Part::Entrypoints),
            ("SW604", Part::Workflow),
        ] {
            assert_eq!(Part::of(check), Some(part));
        }
        assert_eq!(Part::of("SW9"), None);
        assert_eq!(Part::of("é"), None);
    }
}
