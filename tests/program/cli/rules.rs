//! `seaworthy rules`, on the built-in detectors and on the user's own.

use crate::support::Cli;

const RULE: &str = r#"
[[detector]]
id = "harbour-pass"
name = "Harbour pass"
anchors = ["hbr_"]
pattern = '''\b(?P<secret>hbr_[a-z0-9]{20})\b'''
severity = "high"
confidence = "high"
description = "A pass of the harbour."
fix = "Ask for another."
references = ["https://example.com/passes"]
examples = ['''pass = hbr_8f2k4m6p9q1r3t5v7w0x''']
negative_examples = ['''hbr_short''']
"#;

fn with(rule: &str) -> Cli {
    let cli = Cli::new();
    cli.write("rules/harbour.toml", rule);
    cli
}

#[test]
fn all_are_listed_and_each_is_shown() {
    let answer = Cli::new().run(&["rules", "list"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    let ids: Vec<&str> =
        answer.stdout.lines().take_while(|l| !l.is_empty()).map(|l| l.split(' ').next().unwrap()).collect();
    assert!(ids.len() >= 80, "{}", ids.len());
    let last = answer.stdout.lines().last().unwrap();
    assert!(last.starts_with(&format!("{} detectors, sha256:", ids.len())), "{last}");
    for id in ["aws-access-key-id", "github-pat-classic", ids[ids.len() - 1]] {
        let page = Cli::new().run(&["rules", "show", id]);
        assert_eq!(page.code, 0);
        for word in [id, "severity", "pattern", "anchors", "Found:", "Not found:", "References:"] {
            assert!(page.stdout.contains(word), "{id}: {word}");
        }
    }
}

#[test]
fn the_built_in_ones_prove_themselves() {
    let answer = Cli::new().run(&["rules", "check"]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    assert!(answer.stdout.contains("detectors do what their"), "{}", answer.stdout);
}

#[test]
fn ones_own_are_listed_shown_and_checked() {
    let cli = with(RULE);
    let list = cli.run(&["rules", "list", "--rules", "rules"]);
    assert!(list.stdout.contains("harbour-pass"));
    assert_ne!(list.stdout.lines().last(), Cli::new().run(&["rules", "list"]).stdout.lines().last());
    assert!(
        cli.run(&["rules", "show", "harbour-pass", "--rules", "rules"]).stdout.contains("Ask for another.")
    );
    assert_eq!(cli.run(&["rules", "check", "--rules", "rules"]).code, 0);
}

#[test]
fn an_example_that_is_not_found_fails_the_check() {
    for (from, to) in [("8f2k4m6p9q1r3t5v7w0x", "tooshort"), ("hbr_short", "hbr_8f2k4m6p9q1r3t5v7w0y")] {
        let answer = with(&RULE.replace(from, to)).run(&["rules", "check", "--rules", "rules"]);
        assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
        assert!(answer.stdout.contains("harbour-pass"), "{}", answer.stdout);
    }
}

#[test]
fn mistakes_name_their_file() {
    let cases = [
        (RULE.replace("hbr_[a-z0-9]{20}", "hbr_[a-z"), "harbour-pass"),
        (RULE.replace("harbour-pass", "github-pat-classic"), "github-pat-classic"),
        (RULE.replace("severity = \"high\"", "severity = \"awful\""), "severity"),
        (RULE.replace("fix = ", "fixx = "), "lacks fix"),
        (RULE.replace("fix = ", "fixx = \"\"\nfix = "), "fixx"),
        (RULE.replace("anchors = [\"hbr_\"]", "anchors = []"), "anchors"),
        ("[[detector]\n".to_owned(), "harbour.toml"),
    ];
    for (rule, word) in cases {
        let cli = with(&rule);
        for command in ["list", "check"] {
            let answer = cli.run(&["rules", command, "--rules", "rules"]);
            answer.error(&["harbour.toml", word]);
        }
    }
    Cli::new().run(&["rules", "check", "--rules", "nowhere"]).error(&["nowhere"]);
}
