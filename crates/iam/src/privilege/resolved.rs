//! Proofs against brute force: every unknown is resolved in every way, and the evaluator decides each request alone.
//!
//! A proof of "nothing more" must hold for each resolution and each resource; a sure excess must be allowed in each. The
//! resolutions are requests without anything unknown, so that this does not lean on the three-valued logic it tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::super::{Level, Policy, ResourceRule};
use super::*;

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SESSIONS: [&str; 2] =
    ["arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:sts::111122223333:assumed-role/app/t"];
const ACTIONS: [&str; 3] = ["kms:decrypt", "ssm:getparameter", "sts:assumerole"];

/// What an unknown key can be: absent, or one of the values that the policies speak of.
const VALUES: [Option<&str>; 3] = [None, Some("a"), Some("v")];

/// Resources that tell the patterns below apart.
fn candidates() -> Vec<String> {
    let mut all = Vec::new();
    for kind in ["key", "role", "alias"] {
        let mut names = vec![String::new()];
        for name in 0..13 {
            let longer = ["a", "b", "v"].map(|last| format!("{}{last}", names[name]));
            names.extend(longer);
        }
        all.extend(names.iter().map(|name| format!("arn:a:s:r:{ACCOUNT}:{kind}/{name}")));
    }
    all
}

fn statement(principal: bool) -> impl Strategy<Value = String> {
    let effect = prop::sample::select(vec!["Allow", "Allow", "Deny"]);
    let action = prop::sample::select(vec![
        r#""Action":"*""#,
        r#""Action":["kms:*","sts:*"]"#,
        r#""NotAction":"kms:Decrypt""#,
        r#""Action":"ssm:Get?arameter""#,
    ]);
    let element = prop::sample::select(vec!["Resource", "Resource", "NotResource"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:a:s:*:key/*",
        "arn:a:s:r:*:*/a*",
        "arn:a:s:r:*:key/?",
        "*b",
        "arn:*:role/*v*",
        "arn:a:s:r:*:key/${open1}*",
        "arn:a:s:r:*:*/${open2}",
        "arn:a:s:r:*:*/${absent}",
        "arn:a:s:r:*:*/${known, 'a'}${*}",
        "arn:a:s:r:*:*/${open1, 'b'}?",
    ]);
    let condition = prop::sample::select(vec![
        "",
        "",
        r#""StringEquals":{"known":"v"}"#,
        r#""StringEquals":{"open1":"v"}"#,
        r#""StringNotEquals":{"open1":["a","${open2}"]}"#,
        r#""StringLikeIfExists":{"open2":"v*"}"#,
        r#""Null":{"open1":"true"}"#,
        r#""ForAllValues:StringEquals":{"open2":"a"}"#,
        r#""ForAnyValue:StringNotEquals":{"open1":"a"}"#,
        r#""StringEquals":{"open1":"${open2}"},"Null":{"open2":"false"}"#,
        r#""StringNotLikeIfExists":{"absent":"*","open1":"a"}"#,
    ]);
    let who = prop::sample::select(vec![
        r#""Principal":"*""#,
        r#""Principal":{"AWS":"111122223333"}"#,
        r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/app"}"#,
        r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/app/s"}"#,
        r#""Principal":{"AWS":["arn:aws:iam::111122223333:role/app","arn:aws:sts::111122223333:assumed-role/app/s"]}"#,
        r#""Principal":{"AWS":["111122223333","arn:aws:sts::111122223333:assumed-role/app/t"]}"#,
        r#""Principal":{"Service":"ecs.amazonaws.com"}"#,
        r#""NotPrincipal":{"AWS":"arn:aws:iam::444455556666:root"}"#,
    ]);
    let resources = prop::collection::vec(resource, 0..3);
    (effect, action, element, resources, condition, who).prop_map(
        move |(effect, action, element, resources, condition, who)| {
            let who = if principal { format!(",{who}") } else { String::new() };
            format!(
                r#"{{"Effect":"{effect}",{action},"{element}":{resources:?},"Condition":{{{condition}}}{who}}}"#
            )
        },
    )
}

fn document(principal: bool) -> impl Strategy<Value = Policy> {
    prop::collection::vec(statement(principal), 1..4).prop_map(|statements| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        Policy::read("p", &text).unwrap()
    })
}

fn policies() -> impl Strategy<Value = PolicySet> {
    let list = || prop::collection::vec(document(false), 0..2);
    let level = |policies| Level { org: String::new(), policies };
    let levels = |principal| {
        prop::collection::vec(prop::collection::vec(document(principal), 1..2).prop_map(level), 0..2)
    };
    let rule =
        prop::sample::select(vec![ResourceRule::ByService, ResourceRule::ByService, ResourceRule::Either]);
    let optional = || prop::option::weighted(0.3, list());
    let resource = prop::option::of(document(true));
    (list(), optional(), optional(), levels(false), levels(true), resource, rule).prop_map(
        |(identity, boundaries, session, scps, rcps, resource, resource_rule)| PolicySet {
            identity,
            boundaries,
            session,
            scps,
            rcps,
            resource,
            resource_rule,
        },
    )
}

fn context(open: Option<(Option<&str>, Option<&str>)>) -> Context {
    let mut context = Context::closed();
    context.set("known", vec!["v".to_owned()]);
    let Some((first, second)) = open else {
        context.set_unknown("open1");
        context.set_unknown("open2");
        return context;
    };
    for (key, value) in [("open1", first), ("open2", second)] {
        if let Some(value) = value {
            context.set(key, vec![value.to_owned()]);
        }
    }
    context
}

/// Every request without unknowns that `principal` may mean.
fn resolutions(principal: &str, action: &str) -> Vec<Request> {
    let one = [principal];
    let principals = if principal == ROLE { &SESSIONS[..] } else { &one[..] };
    let mut all = Vec::new();
    for principal in principals {
        for (first, second) in VALUES.into_iter().flat_map(|first| VALUES.map(|second| (first, second))) {
            let context = context(Some((first, second)));
            all.push(Request::new(principal, action, "*", Some(ACCOUNT), context).unwrap());
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn proofs_hold_however_unknowns_resolve(
        policies in policies(),
        principal in prop::sample::select(vec![ROLE, SESSIONS[0], "arn:aws:iam::111122223333:user/u"]),
        action in prop::sample::select(ACTIONS.to_vec()),
        required in prop::sample::select(vec!["", "arn:a:s:r:*:key/a*", "arn:a:s:r:*:*/v?", "*b"]),
    ) {
        let query = Query::new(&policies, principal, action, Some(ACCOUNT), context(None)).unwrap();
        let required = Language::from(required);
        let universe = Language::from("arn:a:s:r:111122223333:*/*");
        let requests = resolutions(principal, action);
        let decide = |request: &Request, resource: &str| {
            evaluate(&policies, &request.for_resource(resource)).decision
        };
        let allowed_in_all = |resource: &str| {
            requests.iter().all(|request| decide(request, resource) != Decision::ExplicitlyDenied
                && decide(request, resource) != Decision::ImplicitlyDenied)
        };
        match query.excess(&universe, &required) {
            Privilege::Exact => {
                for resource in candidates().iter().filter(|resource| !required.contains(resource)) {
                    for request in &requests {
                        prop_assert!(decide(request, resource) != Decision::Allowed, "{} {:?}", resource, request);
                    }
                }
            }
            Privilege::Excess(excess) => {
                prop_assert!(allowed_in_all(&excess.witness.text), "{}", excess.witness.text);
                prop_assert!(excess.statement.is_some());
            }
            Privilege::Undecided(Undecided::Conditional { uncertainties, .. }) => {
                prop_assert!(!uncertainties.is_empty());
            }
            Privilege::Undecided(Undecided::TooComplex) => prop_assert!(false, "too complex"),
        }
        match query.shortfall(&required) {
            Privilege::Exact => {
                for resource in candidates().iter().filter(|resource| required.contains(resource)) {
                    prop_assert!(allowed_in_all(resource), "{}", resource);
                }
            }
            Privilege::Excess(missing) => {
                for request in &requests {
                    prop_assert!(decide(request, &missing.witness.text) != Decision::Allowed, "{} {:?}", missing.witness.text, request);
                }
            }
            Privilege::Undecided(Undecided::Conditional { uncertainties, .. }) => {
                prop_assert!(!uncertainties.is_empty());
            }
            Privilege::Undecided(Undecided::TooComplex) => prop_assert!(false, "too complex"),
        }
    }
}

/// A key policy must allow, so an identity policy alone proves nothing about keys.
#[test]
fn a_key_needs_its_policy_in_proofs_too() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
    let policies = PolicySet { identity: vec![Policy::read("p", text).unwrap()], ..PolicySet::default() };
    let query = Query::new(&policies, ROLE, "kms:Decrypt", None, Context::open()).unwrap();
    let key = Language::from("arn:aws:kms:eu-west-1:111122223333:key/k");
    assert!(matches!(query.shortfall(&key), Privilege::Excess(_)));
    assert_eq!(query.excess(&key, &Language::nothing()), Privilege::Exact);
    let alias = Language::from("arn:aws:kms:eu-west-1:111122223333:alias/k");
    assert_eq!(query.shortfall(&alias), Privilege::Exact);
}

/// A policy that names the role and one of its sessions may lift the boundary for that session.
#[test]
fn a_sure_role_does_not_hide_an_unsure_session() {
    let names = format!(r#"["{ROLE}","{}"]"#, SESSIONS[0]);
    let text = format!(r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":{names}}},"Action":"*"}}}}"#);
    let policies = PolicySet {
        boundaries: Some(vec![]),
        resource: Some(Policy::read("p", &text).unwrap()),
        ..PolicySet::default()
    };
    let query = Query::new(&policies, ROLE, "s3:GetObject", None, Context::open()).unwrap();
    let all = Language::from("arn:aws:s3:::b/*");
    let answer = query.excess(&all, &Language::nothing());
    assert!(matches!(answer, Privilege::Undecided(Undecided::Conditional { .. })), "{answer:?}");
}
