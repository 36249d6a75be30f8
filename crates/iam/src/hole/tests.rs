#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::{
    Approximation, Context, Decision, Language, Policy, PolicyKind, PolicySet, Privilege, Query, Request,
    evaluate,
};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/${unknown:aws_kms_key.main.key_id}";

fn set(text: &str) -> PolicySet {
    let policy = Policy::parse("policy", text, PolicyKind::Identity).unwrap();
    PolicySet { identity: vec![policy], ..PolicySet::default() }
}

fn allow(version: &str, element: &str, resource: &str) -> PolicySet {
    set(&format!(
        r#"{{"Version":"{version}","Statement":[{{"Effect":"Allow","Action":"ssm:GetParameter","{element}":"{resource}"}}]}}"#
    ))
}

fn decide(policies: &PolicySet, resource: &str) -> Decision {
    let request =
        Request::new(ROLE, "ssm:GetParameter", resource, Some("111122223333"), Context::closed()).unwrap();
    evaluate(policies, &request).decision
}

const OTHER: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

#[test]
fn a_hole_is_unknown_wherever_it_stands() {
    for version in ["2012-10-17", "2008-10-17"] {
        for resource in [
            "${unknown:all}",
            "arn:aws:kms:${unknown:AWS::Region}:111122223333:key/1",
            "arn:aws:kms:eu-west-1:${unknown:account}:key/*",
            "arn:aws:kms:eu-west-1:111122223333:key/${unknown:x}",
            "${unknown:head}/1",
        ] {
            let policies = allow(version, "Resource", resource);
            assert_eq!(decide(&policies, OTHER), Decision::Unknown, "{version} {resource}");
            let policies = allow(version, "NotResource", resource);
            assert_eq!(decide(&policies, OTHER), Decision::Unknown, "not: {version} {resource}");
        }
        let policies = allow(version, "Resource", "arn:aws:s3:::${unknown:bucket}");
        assert_eq!(decide(&policies, OTHER), Decision::ImplicitlyDenied);
    }
}

#[test]
fn the_same_hole_is_the_same_text() {
    for resource in [KEY, "arn:aws:kms:eu-west-1:111122223333:key/*", "*"] {
        assert_eq!(decide(&allow("2012-10-17", "Resource", resource), KEY), Decision::Allowed, "{resource}");
    }
    let other = KEY.replace("main", "other");
    assert_eq!(decide(&allow("2012-10-17", "Resource", &other), KEY), Decision::Unknown);
    // `?` is one character, and how long the text is no one knows.
    let single = "arn:aws:kms:eu-west-1:111122223333:key/?";
    assert_eq!(decide(&allow("2012-10-17", "Resource", single), KEY), Decision::Unknown);
    assert_eq!(decide(&allow("2012-10-17", "Resource", "arn:aws:kms:us-*"), KEY), Decision::ImplicitlyDenied);
}

#[test]
fn variables_behind_a_hole_cannot_be_placed() {
    let policies = allow("2012-10-17", "Resource", "${unknown:head}/${aws:username}");
    assert_eq!(decide(&policies, OTHER), Decision::Unknown);
}

#[test]
fn the_cause_names_the_hole() {
    let policies = allow("2012-10-17", "Resource", "${unknown:aws_s3_bucket.a.arn}");
    let request = Request::new(ROLE, "ssm:GetParameter", OTHER, None, Context::closed()).unwrap();
    let causes: Vec<String> = policies.uncertainties(&request).iter().map(|u| u.cause.to_string()).collect();
    assert_eq!(causes, ["the value of aws_s3_bucket.a.arn is not known until apply"]);
}

#[test]
fn actions_with_a_hole_are_refused() {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:${unknown:a}","Resource":"*"}]}"#;
    let error = Policy::parse("policy", text, PolicyKind::Identity).unwrap_err();
    assert!(error.to_string().contains("not known until apply"), "{error}");
}

#[test]
fn conditions_with_a_hole_are_unknown() {
    for (operator, value) in [
        ("StringEquals", "b"),
        ("StringNotEquals", "b"),
        ("StringLike", "b"),
        ("StringEqualsIgnoreCase", "b"),
        ("ArnLike", "arn:aws:s3:::b"),
        ("NumericLessThan", "5"),
        ("DateGreaterThan", "2026-01-01"),
        ("IpAddress", "10.0.0.1"),
        ("NotIpAddress", "10.0.0.1"),
        ("BinaryEquals", "YQ=="),
        ("Bool", "true"),
    ] {
        let policies = set(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"*",
            "Condition":{{"{operator}":{{"a:b":"${{unknown:x}}"}}}}}}]}}"#
        ));
        let mut context = Context::closed();
        context.set("a:b", vec![value.to_owned()]);
        let request = Request::new(ROLE, "ssm:GetParameter", OTHER, Some("111122223333"), context).unwrap();
        assert_eq!(evaluate(&policies, &request).decision, Decision::Unknown, "{operator}");
        let causes = policies.uncertainties(&request);
        assert!(causes.iter().any(|u| u.cause.to_string().contains("value of x")), "{operator} {causes:?}");
    }
}

#[test]
fn an_account_that_nobody_knows_is_one_account() {
    let role = "arn:aws:iam::${unknown:account}:role/app";
    let resource = "arn:aws:ssm:eu-west-1:${unknown:account}:parameter/a";
    let policies = set(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"{resource}"}}]}}"#
    ));
    let ask = |principal: &str, resource: &str| {
        let request = Request::new(principal, "ssm:GetParameter", resource, None, Context::closed()).unwrap();
        evaluate(&policies, &request).decision
    };
    assert_eq!(ask(role, resource), Decision::Allowed);
    let known = resource.replace("${unknown:account}", "111122223333");
    assert_eq!(ask(role, &known), Decision::Unknown);
    assert_eq!(ask(ROLE, resource), Decision::Unknown);
}

#[test]
fn principals_with_a_hole_are_unknown() {
    let trust = |principal: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{principal}"}}}}]}}"#
        );
        PolicySet {
            resource: Some(Policy::parse("trust", &text, PolicyKind::Trust).unwrap()),
            ..PolicySet::default()
        }
    };
    let ask = |principal: &str, requester: &str| {
        let request =
            Request::new(requester, "sts:AssumeRole", ROLE, Some("111122223333"), Context::closed()).unwrap();
        evaluate(&trust(principal), &request).decision
    };
    assert_eq!(ask("${unknown:x}", ROLE), Decision::Unknown);
    assert_eq!(ask("arn:aws:iam::${unknown:account}:role/app", ROLE), Decision::Unknown);
    let own = "arn:aws:iam::${unknown:account}:role/app";
    assert_ne!(ask(own, own), Decision::ImplicitlyDenied);
}

#[test]
fn least_privilege_with_holes() {
    let query = |policies| Query::new(policies, ROLE, "ssm:GetParameter", None, Context::open()).unwrap();
    let universe = Language::from("arn:aws:kms:*:*:key/?*");
    let required = Language::from(KEY);
    let policies = allow("2012-10-17", "Resource", KEY);
    assert_eq!(query(&policies).excess(&universe, &required), Privilege::Exact);
    assert_eq!(query(&policies).shortfall(&required), Privilege::Exact);
    // Another hole may be any key.
    let policies = allow("2012-10-17", "Resource", &KEY.replace("main", "other"));
    assert!(matches!(query(&policies).excess(&universe, &required), Privilege::Undecided(_)));
    assert!(matches!(query(&policies).shortfall(&required), Privilege::Undecided(_)));
    // A hole alone may be everything.
    let policies = allow("2012-10-17", "Resource", "${unknown:x}");
    assert!(matches!(query(&policies).excess(&universe, &required), Privilege::Undecided(_)));
    assert!(!query(&policies).allowed(Approximation::Under).contains(OTHER));
    assert!(query(&policies).allowed(Approximation::Over).contains(OTHER));
}

#[test]
fn fields_keep_holes_together() {
    assert_eq!(fields("arn:aws:s3:::b", 6), ["arn", "aws", "s3", "", "", "b"]);
    assert_eq!(fields("a:${unknown:X::Y}:b:c", 3), ["a", "${unknown:X::Y}", "b:c"]);
    assert_eq!(fields("${unknown:x", 6), ["${unknown", "x"]);
    assert_eq!(unknown_names("a${unknown:b}${unknown:c}"), ["b", "c"]);
}

proptest! {
    /// Whatever a hole turns out to be, the answer given before was not wrong.
    #[test]
    fn filling_a_hole_never_contradicts(
        pattern in "([ab*?]|H|J){0,7}",
        text in "([ab]|H){0,6}",
        hole in "[ab]{0,3}",
        other in "[ab*?]{0,3}",
    ) {
        let spell = |t: &str| t.replace('H', "${unknown:h}").replace('J', "${unknown:j}");
        let fill = |t: &str| t.replace('H', &hole).replace('J', &other);
        let before = crate::Pattern::resource(&spell(&pattern), true).unwrap();
        let after = crate::Pattern::resource(&fill(&pattern), true).unwrap();
        let context = Context::closed();
        let truth = before.matches(&spell(&text), &context);
        let filled = after.matches(&fill(&text), &context);
        prop_assert!(truth == Truth::Unknown || truth == filled, "{truth:?} {filled:?}");
    }
}
