//! The labelled cases: each with the decision that AWS's documentation gives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use seaworthy_iam::cases::{Case, decide};

#[test]
fn every_case_has_its_documented_decision() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("cases.jsonl").lines() {
        let expected: serde_json::Value = serde_json::from_str(line).unwrap();
        let answer = decide(&Case::read(line).unwrap_or_else(|error| panic!("{error}")));
        let decision = serde_json::to_value(answer.decision).unwrap();
        if decision != expected["expected"] {
            wrong.push(format!(
                "{}: {decision} instead of {}: {:?}",
                answer.id, expected["expected"], answer.why
            ));
        }
        assert_eq!(answer.problems, Vec::<String>::new(), "{}", answer.id);
        assert_eq!(
            decision == "Unknown",
            !answer.why.unknown.is_empty(),
            "{}: an unknown decision names what would settle it",
            answer.id
        );
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 120, "{count} cases");
}
