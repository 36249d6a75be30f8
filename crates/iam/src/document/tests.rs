#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn error(text: &str, kind: PolicyKind) -> String {
    Policy::parse("p", text, kind).expect_err(text).to_string()
}

#[test]
fn a_whole_document() {
    let text = r#"{"Version":"2012-10-17","Id":"x","Statement":[
        {"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":["*"]},
        {"Effect":"Deny","NotAction":[],"NotResource":"arn:aws:s3:::a",
         "Condition":{"Bool":{"a:b":true},"NumericEquals":{"c:D":[1,"2"]}}}]}"#;
    let policy = Policy::parse("p", text, PolicyKind::Identity).unwrap();
    assert_eq!((policy.version, policy.id.as_deref()), (Version::V2012, Some("x")));
    let [first, second] = &policy.statements[..] else { panic!() };
    assert_eq!((first.sid.as_deref(), first.at.to_string()), (Some("A"), "2:9".to_owned()));
    assert!(second.actions.negated && second.resources.as_ref().unwrap().negated);
    assert_eq!(second.conditions[1].key(), "c:d");
    assert_eq!(second.conditions[1].at().to_string(), "4:60");
}

#[test]
fn grammar_faults_have_a_place() {
    let statement = |inside: &str| format!("{{\"Statement\":[{{{inside}}}]}}");
    let body = |inside: &str| {
        statement(&format!("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",{inside}"))
    };
    for (text, expected) in [
        ("[]".to_owned(), "policy p: 1:1: the policy must be an object, not an array"),
        ("{}".to_owned(), "policy p: 1:1: Statement is missing"),
        ("{\"Statement\":[]} ,".to_owned(), "policy p: 1:18: there is text after the end of the document"),
        ("{\"Statement\":[],\"Statement\":[]}".to_owned(), "policy p: 1:17: stands twice in its object"),
        (
            "{\"Statement\":[],\"Version\":\"2012\"}".to_owned(),
            "policy p: 1:27: Version must be 2012-10-17 or 2008-10-17",
        ),
        ("{\"Statement\":[],\"Name\":1}".to_owned(), "policy p: 1:17: unknown element"),
        (
            "{\"Statement\":\"x\"}".to_owned(),
            "policy p: 1:14: Statement must be an object or an array of objects, not a string",
        ),
        (statement(""), "policy p: 1:15: Effect is missing"),
        (statement("\"Effect\":\"Allow\""), "policy p: 1:15: Action or NotAction is missing"),
        (statement("\"Effect\":\"allow\""), "policy p: 1:25: Effect must be Allow or Deny"),
        (statement("\"effect\":\"Allow\""), "policy p: 1:16: unknown element"),
        (body("\"NotAction\":\"*\""), "policy p: 1:61: Action and NotAction exclude each other"),
        (body("\"NotResource\":\"*\""), "policy p: 1:61: Resource and NotResource exclude each other"),
        (body("\"Sid\":1"), "policy p: 1:67: Sid must be a string, not a number"),
        (body("\"Condition\":{\"Equals\":{}}"), "policy p: 1:74: unknown condition operator"),
        (
            body("\"Condition\":{\"Bool\":{\"k\":null}}"),
            "policy p: 1:86: a condition value must be a string, number or boolean, not null",
        ),
        (
            body("\"Condition\":{\"Bool\":{\"k\":1,\"K\":2}}"),
            "policy p: 1:88: the condition key occurs twice",
        ),
        (
            body("\"Principal\":{\"Aws\":\"*\"}"),
            "policy p: 1:74: a principal's type must be AWS, Federated, Service or CanonicalUser",
        ),
    ] {
        assert_eq!(error(&text, PolicyKind::Identity), expected, "{text}");
    }
}

#[test]
fn malformed_variables_count_only_where_variables_do() {
    let text = |version: &str| {
        format!(
            r#"{{"Version":"{version}","Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${{x"}}}}"#
        )
    };
    assert!(error(&text("2012-10-17"), PolicyKind::Identity).ends_with("policy variable is not closed"));
    assert!(Policy::parse("p", &text("2008-10-17"), PolicyKind::Identity).is_ok());
}

#[test]
fn rules_of_the_kinds() {
    let text =
        |inside: &str| format!("{{\"Statement\":{{\"Effect\":\"Allow\",\"Action\":\"s3:*\"{inside}}}}}");
    let resource = ",\"Resource\":\"*\"";
    let principal = ",\"Principal\":\"*\"";
    use PolicyKind::{Identity, Resource, ResourceControl, ServiceControl, Trust};
    for (inside, kind, expected) in [
        (resource.to_owned(), Identity, None),
        (String::new(), Identity, Some("Resource or NotResource is missing")),
        (format!("{resource}{principal}"), Identity, Some("Principal is not allowed in an identity policy")),
        (
            format!("{resource}{principal}"),
            ServiceControl,
            Some("Principal is not allowed in a service control policy"),
        ),
        (",\"Resource\":\"data\"".to_owned(), Identity, Some("a resource must be \"*\" or an ARN")),
        (resource.to_owned(), Resource, Some("Principal is missing")),
        (principal.to_owned(), Resource, None),
        (format!("{resource}{principal}"), Resource, None),
        (principal.to_owned(), Trust, None),
        (format!("{resource}{principal}"), Trust, Some("Resource is not allowed in a trust policy")),
        (format!("{resource}{principal}"), ResourceControl, None),
        (
            format!("{resource},\"NotPrincipal\":\"*\""),
            ResourceControl,
            Some("NotPrincipal is not allowed in a resource control policy"),
        ),
        (
            ",\"Principal\":\"arn:aws:iam::1:root\"".to_owned(),
            Resource,
            Some("a Principal that is a string must be \"*\""),
        ),
        (
            ",\"Principal\":{\"AWS\":\"arn:aws:iam::1:role/*\"}".to_owned(),
            Resource,
            Some("a principal cannot contain a wildcard"),
        ),
    ] {
        let text = text(&inside);
        match (Policy::parse("p", &text, kind), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => assert_eq!(error.reason.to_string(), expected, "{text}"),
            (other, _) => panic!("{text}: {other:?}"),
        }
    }
    let twice = r#"{"Statement":[{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"A","Effect":"Deny","Action":"s3","Resource":"*"}]}"#;
    let problems = Policy::read("p", twice).unwrap().problems(Identity);
    assert_eq!(
        problems.iter().map(|p| p.reason.clone()).collect::<Vec<_>>(),
        [Reason::DuplicateSid, Reason::Action]
    );
}
