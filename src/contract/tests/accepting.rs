//! Which findings are accepted, and until when.

use crate::finding::{Confidence, Finding};
use seaworthy_source::{Origin, OriginKind};

use super::*;

const FINGERPRINT: &str = "0123456789abcdef0123456789abcdef";

fn origin(path: Option<&str>) -> Origin {
    Origin { path: path.map(str::to_owned), ..Origin::new(OriginKind::LayerFile, "app.tar") }
}

fn finding(check: &'static str, detector: &str, path: Option<&str>) -> Finding {
    Finding {
        check,
        detector: Some(detector.to_owned()),
        severity: Severity::High,
        confidence: Confidence::High,
        message: String::new(),
        fix: "".into(),
        origin: origin(path),
        secret: None,
        fingerprint: Fingerprint::parse(FINGERPRINT).unwrap(),
        places: Vec::new(),
        notes: Vec::new(),
    }
}

/// A contract with these entries; all expire on 2027-01-31 unless they say otherwise.
fn contract(entries: &[&str]) -> Contract {
    let mut text = "version = 1\n".to_owned();
    for entry in entries {
        let expires = if entry.contains("expires") { "" } else { "expires = \"2027-01-31\"\n" };
        text.push_str(&format!("[[accept]]\nreason = \"long enough a reason\"\n{entry}\n{expires}"));
    }
    parse(&text).unwrap()
}

#[test]
fn all_that_an_entry_names_must_match() {
    let today = date(2026, 6, 1);
    let one = finding("SW301", "private-key", Some("app/tests/key.pem"));
    for (entry, matches) in [
        ("check = \"SW301\"\ndetector = \"private-key\"", true),
        ("check = \"SW301\"\npath = \"app/tests/**\"", true),
        ("check = \"SW301\"\npath = \"**/*.pem\"", true),
        ("check = \"SW301\"\nfingerprint = \"0123456789abcdef0123456789abcdef\"", true),
        ("check = \"SW302\"\ndetector = \"private-key\"", false),
        ("check = \"SW301\"\ndetector = \"jwt\"", false),
        ("check = \"SW301\"\npath = \"app/*\"", false),
        ("check = \"SW301\"\nfingerprint = \"00000000000000000000000000000000\"", false),
        ("check = \"SW301\"\ndetector = \"private-key\"\npath = \"lib/**\"", false),
    ] {
        assert_eq!(contract(&[entry]).accept(&one, today).is_some(), matches, "{entry}");
    }
}

#[test]
fn an_entry_holds_through_its_last_day() {
    let contract = contract(&["check = \"SW301\"\ndetector = \"private-key\""]);
    let one = finding("SW301", "private-key", None);
    let last = date(2027, 1, 31);
    let accepted = AcceptMatch::Accepted { index: 0, reason: "long enough a reason", expires: last };
    assert_eq!(contract.accept(&one, last), Some(accepted));
    let expired = AcceptMatch::Expired { index: 0, on: last };
    assert_eq!(contract.accept(&one, date(2027, 2, 1)), Some(expired));
}

#[test]
fn an_entry_that_holds_counts_before_one_that_does_not() {
    let contract = contract(&[
        "check = \"SW301\"\ndetector = \"private-key\"\nexpires = \"2020-01-01\"",
        "check = \"SW301\"\npath = \"a\"",
        "check = \"SW301\"\ndetector = \"jwt\"",
    ]);
    let one = finding("SW301", "private-key", Some("a"));
    let today = date(2026, 6, 1);
    assert!(matches!(contract.accept(&one, today), Some(AcceptMatch::Accepted { index: 1, .. })));
    let unused: Vec<usize> = contract.unused_accept_entries([&one], &[]).iter().map(|e| e.index).collect();
    assert_eq!(unused, [2]);
}

#[test]
fn a_secret_that_is_also_elsewhere_is_not_accepted_by_path() {
    let contract = contract(&["check = \"SW301\"\npath = \"app/tests/**\""]);
    let today = date(2026, 6, 1);
    let mut one = finding("SW301", "private-key", Some("app/tests/key.pem"));
    one.add_place(origin(Some("app/tests/copy.pem")));
    assert!(contract.accept(&one, today).is_some());
    one.add_place(origin(Some("etc/ssl/key.pem")));
    assert_eq!(contract.accept(&one, today), None);
    let nowhere = finding("SW301", "private-key", None);
    assert_eq!(contract.accept(&nowhere, today), None);
}

#[test]
fn the_printed_place_is_enough_where_the_fingerprint_says_which_secret() {
    let text = format!("check = \"SW301\"\npath = \"app/key.pem\"\nfingerprint = \"{FINGERPRINT}\"");
    let contract = contract(&[&text, "check = \"SW204\"\npath = \"Dockerfile\""]);
    let today = date(2026, 6, 1);
    let mut one = finding("SW301", "private-key", Some("app/key.pem"));
    one.fingerprint = Fingerprint::parse(FINGERPRINT).unwrap();
    one.add_place(origin(Some("etc/ssl/key.pem")));
    assert!(contract.accept(&one, today).is_some());
    // What is no secret has one place of its own; the others only explain it.
    let mut copy = finding("SW204", "", Some("Dockerfile"));
    copy.detector = None;
    copy.add_place(origin(Some(".env")));
    assert!(contract.accept(&copy, today).is_some());
    copy.origin = origin(Some("docker/Dockerfile"));
    assert_eq!(contract.accept(&copy, today), None);
}

#[test]
fn an_entry_of_a_file_names_neither_detector_nor_fingerprint() {
    let text = |more: &str| {
        format!(
            "version = 1\n[[accept]]\ncheck = \"SW301\"\npath = \"a\"\nnot_checked = true\n{more}\n\
             reason = \"long enough a reason\"\nexpires = \"2027-01-31\"\n"
        )
    };
    assert!(parse(&text("")).is_ok());
    for (key, value) in [("detector", "private-key"), ("fingerprint", FINGERPRINT)] {
        let error = parse(&text(&format!("{key} = \"{value}\""))).unwrap_err().to_string();
        let told = "`not_checked` speaks of a file, which has neither detector nor fingerprint";
        assert!(error.contains(told) && error.contains(&format!("`{key}` is given")), "{error}");
    }
}
