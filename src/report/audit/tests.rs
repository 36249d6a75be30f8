//! Forms of an audit that no real run of the tool would make easily.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::finding::AuditedRun;
use crate::report::repository::Repository;
use crate::report::samples;
use crate::report::text::{self, TextOptions};

fn run(id: &str, tag: &str, report: Report) -> AuditedRun {
    let at = "2026-02-13T09:30:00Z".parse().unwrap();
    let fields = [("image_tag", tag), ("build_actor", "=1+1"), ("image_digest", "sha256:0123456789abcdef")];
    AuditedRun {
        earlier: Vec::new(),
        id: id.to_owned(),
        written_at: Some((at, "packaging provenance")),
        fields: fields.map(|(name, value)| (name, value.to_owned())).into(),
        report,
    }
}

fn audit(runs: Vec<AuditedRun>) -> Audit {
    let first = samples::pass();
    let audit = Audit {
        root: "evidence".to_owned(),
        verdict: Verdict::Incomplete,
        fail_on: first.fail_on,
        rules_digest: first.rules_digest.clone(),
        contract_digest: None,
        known: first.checks.iter().map(|c| c.meta).collect(),
        runs,
        older: 0,
        not_checked: Vec::new(),
        tags: Vec::new(),
        requests: None,
        notes: Vec::new(),
    };
    audit.settled()
}

fn table(audit: &Audit, width: usize) -> String {
    let mut out = Vec::new();
    let options = TextOptions { width, ..TextOptions::default() };
    text::audit::write(audit, &Only::default(), &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_worst_run_is_the_verdict() {
    let verdict = |reports: Vec<Report>| {
        let runs = reports.into_iter().enumerate().map(|(n, r)| run(&format!("r{n}"), "t", r));
        audit(runs.collect()).verdict
    };
    assert_eq!(verdict(vec![samples::pass(), samples::pass()]), Verdict::Pass);
    assert_eq!(verdict(vec![samples::pass(), samples::incomplete()]), Verdict::Incomplete);
    assert_eq!(verdict(vec![samples::incomplete(), samples::fail(), samples::pass()]), Verdict::Fail);
    assert_eq!(verdict(Vec::new()), Verdict::Incomplete);
}

#[test]
fn runs_come_by_date_and_id() {
    let mut runs: Vec<AuditedRun> = ["b", "a", "c", "d"].map(|id| run(id, "t", samples::pass())).into();
    // A fraction of a second later, which as a text would come earlier.
    runs[1].written_at = Some(("2026-02-13T09:30:00.5Z".parse().unwrap(), "run header"));
    runs[2].written_at = None;
    let audit = audit(runs);
    let ids: Vec<&str> = audit.runs.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["b", "d", "a", "c"]);
    // All of them have the same tag, and nothing changed between them: there is nothing to tell.
    assert!(audit.tags.is_empty());
}

#[test]
fn narrow_tables_keep_to_the_width() {
    let long = "platform_20260213T093000Z_with_a_name_that_goes_on_and_on";
    let tag = format!("git-{}", "0".repeat(40));
    let audit = audit(vec![run(long, &tag, samples::fail()), run("r", "t", samples::pass())]);
    for width in [60, 80, 91, 92, 100, 120] {
        let text = table(&audit, width);
        let rows: Vec<&str> =
            text.lines().skip_while(|l| !l.starts_with("RUN")).take_while(|l| !l.is_empty()).collect();
        assert!(rows.len() >= 3, "{text}");
        assert!(rows.iter().all(|l| l.chars().count() <= width), "{width}:\n{text}");
        assert_eq!(rows[0].contains("DIGEST"), width >= 92);
        assert!(rows.iter().all(|l| l.trim_end() == *l));
        // Columns are where their heads are.
        let at = rows[0].find("VERDICT").unwrap();
        let column = |row: &str| row.chars().skip(at).collect::<String>();
        assert!(column(rows[1]).starts_with("fail"), "{text}");
    }
}

#[test]
fn cells_are_no_formulas() {
    let mut out = Vec::new();
    let audit = audit(vec![run("-2+3", "@SUM(A1)", samples::fail())]);
    write_csv(&audit, &Only::default(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for cell in ["'-2+3", "'@SUM(A1)", "'=1+1"] {
        assert!(text.contains(cell), "{text}");
    }
}

#[test]
fn only_some_rows_are_shown_and_all_are_counted() {
    let audit = audit(vec![run("a", "t", samples::fail()), run("b", "u", samples::pass())]);
    let only = Only(vec![Verdict::Pass]);
    let mut out = Vec::new();
    write_lines(&audit, &only, &mut out).unwrap();
    assert_eq!(out.iter().filter(|b| **b == b'\n').count(), 1);
    out.clear();
    let repository = Repository::default();
    let options = sarif::Options { category: "x", repository: &repository };
    let written = write_sarif(&audit, &only, options, &mut out).unwrap();
    assert_eq!(written.results, 0);
    assert!(String::from_utf8(out).unwrap().contains("\"verdict\":\"fail\""));
}

proptest! {
    #[test]
    fn any_name_is_a_plain_row(id in ".{0,40}", tag in ".{0,40}", width in 60_usize..121) {
        let audit = audit(vec![run(&id, &tag, samples::fail())]);
        let text = table(&audit, width);
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        prop_assert!(!text.contains('\u{202e}'), "a direction override");
    }
}
