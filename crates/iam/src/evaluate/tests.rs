#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::principal::Requester;
use super::super::{Context, Policy, PolicyKind};
use super::*;

#[test]
fn a_decision_points_at_its_statement() {
    let text = r#"{"Statement":[
        {"Effect":"Allow","Action":"ssm:*","Resource":"*"},
        {"Sid":"NoProd","Effect":"Deny","Action":"*","Resource":"arn:aws:ssm:*:*:parameter/prod/*"}]}"#;
    let policies = PolicySet {
        identity: vec![Policy::parse("inline", text, PolicyKind::Identity).unwrap()],
        ..PolicySet::default()
    };
    let ask = |name: &str| {
        let resource = format!("arn:aws:ssm:eu-west-1:111122223333:parameter/{name}");
        let principal = "arn:aws:iam::111122223333:role/app";
        let request =
            Request::new(principal, "ssm:GetParameter", &resource, None, Context::closed()).unwrap();
        let evaluation = evaluate(&policies, &request);
        (evaluation.decision, evaluation.explain(&policies, &request).text)
    };
    assert_eq!(ask("dev/db"), (Decision::Allowed, "allowed by statement 0 of inline".to_owned()));
    let denied = "denied by statement \"NoProd\" of inline".to_owned();
    assert_eq!(ask("prod/db"), (Decision::ExplicitlyDenied, denied));
}

#[test]
fn what_is_known_of_a_principal() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/app"}}},
        {"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}]}"#;
    let policies = PolicySet {
        identity: vec![Policy::parse("inline", text, PolicyKind::Identity).unwrap()],
        ..PolicySet::default()
    };
    let ask = |principal: &str| {
        let context = Requester::parse(principal).unwrap().context();
        let account = Some("111122223333");
        evaluate(
            &policies,
            &Request::new(principal, "s3:GetObject", "arn:aws:s3:::ann", account, context).unwrap(),
        )
        .decision
    };
    assert_eq!(ask("arn:aws:iam::111122223333:role/app"), Decision::Allowed);
    assert_eq!(ask("arn:aws:iam::111122223333:role/other"), Decision::ExplicitlyDenied);
    assert_eq!(ask("arn:aws:iam::111122223333:user/ann"), Decision::ExplicitlyDenied);
    assert_eq!(ask("arn:aws:sts::111122223333:assumed-role/app/s"), Decision::Unknown);
}

#[test]
fn strings_that_name_no_principal() {
    use super::super::PrincipalError;
    let ask = |text| Request::new(text, "a:b", "*", None, Context::closed()).map(drop);
    assert_eq!(ask(""), Err(RequestError::Principal(PrincipalError::Empty)));
    assert_eq!(ask("arn:aws:iam"), Err(RequestError::Principal(PrincipalError::Arn)));
    assert_eq!(ask("arn:aws:iam::1:group/g"), Err(RequestError::Principal(PrincipalError::Kind)));
    assert_eq!(ask("arn:aws:iam::111122223333:user/"), Err(RequestError::Principal(PrincipalError::Kind)));
    assert_eq!(ask("ecs-tasks.amazonaws.com"), Ok(()));
}
