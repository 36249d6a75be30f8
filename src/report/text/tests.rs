#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::report::samples;

fn shown(report: &Report, options: TextOptions) -> String {
    let mut out = Vec::new();
    write(report, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(report: &Report) -> String {
    shown(report, TextOptions::default())
}

#[test]
fn a_pass() {
    insta::assert_snapshot!(plain(&samples::pass()));
}

#[test]
fn a_fail_of_many_kinds() {
    insta::assert_snapshot!(plain(&samples::fail()));
}

#[test]
fn an_incomplete_run() {
    insta::assert_snapshot!(plain(&samples::incomplete()));
}

#[test]
fn accepted_and_expired() {
    insta::assert_snapshot!(plain(&samples::accepted()));
}

/// The controls table of a gate, apart from the rest.
fn table(options: TextOptions) -> String {
    let text = shown(&samples::gate(), options);
    text.split_once("Controls").unwrap().1.split("\n\n").next().unwrap().to_owned()
}

#[test]
fn the_controls_of_a_gate() {
    insta::assert_snapshot!(table(TextOptions::default()));
}

#[test]
fn the_controls_of_a_gate_and_what_they_rest_on() {
    insta::assert_snapshot!(table(TextOptions { verbose: 1, ..TextOptions::default() }));
}

#[test]
fn quiet_is_one_line_for_each_finding_and_item() {
    let options = TextOptions { quiet: true, ..TextOptions::default() };
    insta::assert_snapshot!(shown(&samples::fail(), options));
}

#[test]
fn the_verdict_is_the_last_line() {
    for report in samples::all() {
        for options in [TextOptions::default(), TextOptions { verbose: 2, ..TextOptions::default() }] {
            let text = shown(&report, options);
            let word = report.verdict.as_str().to_uppercase();
            assert!(text.lines().last().unwrap().starts_with(&format!("{word}  ")), "{text}");
        }
    }
}

#[test]
fn verbose_lists_everything() {
    let report = samples::fail();
    let text = shown(&report, TextOptions { verbose: 1, ..TextOptions::default() });
    for finding in &report.findings {
        assert!(text.contains(finding.origin.path.as_deref().unwrap_or_default()));
        assert!(text.contains(finding.fingerprint.as_str()));
    }
    assert!(report.checks.iter().all(|c| text.contains(c.meta.id)));
    assert!(!text.contains(THE_REST));

    let text = shown(&report, TextOptions { verbose: 2, ..TextOptions::default() });
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = words.join(" ");
    assert!(words.contains("offset 160; digest"), "{text}");
    assert!(words.contains(&format!("digest {}", samples::digest('3'))), "{text}");
}

#[test]
fn what_is_not_listed_is_counted() {
    let report = samples::fail();
    let text = plain(&report);
    assert!(text.contains("and 7 more locations"), "{text}");

    // Every message differs: 150 causes fail, and 150 are below.
    let text = plain(&samples::large(300));
    assert!(text.contains("and 120 more causes: SW301 ×"), "{text}");
    assert!(text.contains("and 130 more causes: SW301 ×"), "{text}");
    assert!(text.lines().count() < 160, "{}", text.lines().count());
}

#[test]
fn lines_keep_to_the_width() {
    for width in [20, 40, 80, 100, 140] {
        for report in samples::all() {
            let text = shown(&report, TextOptions { width, ..TextOptions::default() });
            let last = text.lines().count() - 1;
            // Commands are for copying and stay whole, and so does the verdict.
            let whole = |l: &str| l.contains("seaworthy accept");
            let long = text.lines().take(last).filter(|l| !whole(l)).find(|l| {
                // A word that is wider than the room cannot be broken.
                let widest = l.trim().split(' ').map(|w| w.chars().count()).max().unwrap_or(0);
                l.chars().count() > width && widest + width / 3 < width
            });
            assert_eq!(long, None, "{width}");
        }
    }
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let report = samples::fail();
    let color = shown(&report, TextOptions { color: true, ..TextOptions::default() });
    assert_ne!(color, plain(&report));
    assert_eq!(anstream::adapter::strip_str(&color).to_string(), plain(&report));
}

#[test]
fn text_from_outside_cannot_move_the_cursor() {
    let mut report = samples::fail();
    for finding in &mut report.findings {
        finding.message.push_str("\u{1b}[2J\r\nPASS");
        finding.origin.path = Some("a\u{1b}]0;x\u{7}\u{202e}b".to_owned());
        finding.fix = format!("{}\u{9b}", finding.fix).into();
    }
    let text = plain(&report);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    assert!(!text.contains('\u{202e}'));
    assert!(text.lines().last().unwrap().starts_with("FAIL  "));
}
