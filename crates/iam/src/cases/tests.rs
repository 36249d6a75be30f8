#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const REQUEST: &str = r#"{"principal":"arn:aws:iam::111122223333:user/ann","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{}}"#;

fn line(policies: &str, request: &str) -> String {
    format!(r#"{{"id":"c1","policies":{policies},"request":{request}}}"#)
}

fn error(line: &str) -> String {
    Case::read(line).expect_err(line).to_string()
}

#[test]
fn an_answer_names_the_statement() {
    let policies =
        r#"{"identity":[{"Statement":[{"Sid":"Read","Effect":"Allow","Action":"s3:*","Resource":"*"}]}]}"#;
    let answer = decide(&Case::read(&line(policies, REQUEST)).unwrap());
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"id":"c1","decision":"Allowed","why":{"text":"allowed by statement \"Read\" of identity[0]","layer":"identity","statement":{"policy":"identity[0]","index":0,"sid":"Read","effect":"Allow","line":1,"column":50}}}"#
    );
}

#[test]
fn an_unknown_answer_names_what_would_settle_it() {
    let policies = r#"{"identity":["{\"Statement\":\n {\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"true\"}}}}"]}"#;
    let request = REQUEST.replace("\"context\":{}", "\"context\":{\"AWS:securetransport\":null}");
    let answer = decide(&Case::read(&line(policies, &request)).unwrap());
    assert_eq!(answer.decision, Decision::Unknown);
    let [open] = &answer.why.unknown[..] else { panic!() };
    assert_eq!(open.cause, "Bool on aws:securetransport: the key's value is not known");
    assert_eq!(open.statement.as_ref().unwrap().line, 2, "places count in the policy's own text");
}

#[test]
fn an_implicit_denial_names_the_layer() {
    let policies = r#"{"scps":[{"org":"r-1","policies":[]}]}"#;
    let why = decide(&Case::read(&line(policies, REQUEST)).unwrap()).why;
    assert_eq!(why.text, "no service control policy at r-1 allows it");
    let why = decide(&Case::read(&line(r#"{"resource":null}"#, REQUEST)).unwrap()).why;
    assert_eq!(
        (why.layer, why.text.as_str()),
        (Some(super::super::Layer::Identity), "no statement of an identity policy allows it")
    );
}

#[test]
fn a_policy_out_of_place_is_evaluated_and_reported() {
    let policies =
        r#"{"identity":[{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}]}"#;
    let answer = decide(&Case::read(&line(policies, REQUEST)).unwrap());
    assert_eq!(answer.decision, Decision::Allowed);
    assert_eq!(answer.problems, ["policy identity[0]: 1:67: Principal is not allowed in an identity policy"]);
}

#[test]
fn errors_name_the_case_and_the_place() {
    for (line, expected) in [
        ("{".to_owned(), "case without id: 1:2: the text ends inside a value"),
        ("{}".to_owned(), "case without id: 1:1: id: missing"),
        (r#"{"id":7}"#.to_owned(), "case \"7\": 1:1: policies: missing"),
        (r#"{"id":"a","polices":{}}"#.to_owned(), "case \"a\": 1:11: polices: unknown member"),
        (line(r#"{"boundary":[]}"#, REQUEST), "case \"c1\": 1:24: policies.boundary: unknown member"),
        (
            line(r#"{"identity":1}"#, REQUEST),
            "case \"c1\": 1:35: policies.identity: must be an array or null, not a number",
        ),
        (
            line(r#"{"identity":[1]}"#, REQUEST),
            "case \"c1\": 1:36: policies.identity[0]: must be a policy or a string that holds one, not a number",
        ),
        (
            line(r#"{"scps":[{"policies":["{"]}]}"#, REQUEST),
            "case \"c1\": 1:45: policies.scps[0].policies[0]: policy scps[0].policies[0]: 1:2: the text ends inside a value",
        ),
        (
            line("{}", r#"{"principal":"*","action":"s3","resource":"*"}"#),
            "case \"c1\": 1:36: request: the action must be a service, a colon and one operation",
        ),
        (
            line("{}", r#"{"principal":"arn:aws:s3:::b","action":"a:b","resource":"*"}"#),
            "case \"c1\": 1:36: request: the principal's ARN is not a user, role, session, account root or identity provider",
        ),
        (
            line("{}", r#"{"action":"a:b","resource":"*","context":{"k":{}}}"#),
            "case \"c1\": 1:82: request.context: must be a string, number, boolean, a list of those, or null, not an object",
        ),
        (
            line("{}", r#"{"action":"a:b","resource":"*","context":{"k":1,"K":1}}"#),
            "case \"c1\": 1:84: request.context: context key occurs twice",
        ),
    ] {
        assert_eq!(error(&line), expected);
    }
}
