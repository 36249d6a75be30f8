#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::super::{
    Cause, Level, Policy, PolicyKind, ResourceRule, ancestors, parameter_arn, parameter_universe, path_arn,
};
use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Policy::parse("inline", &text, PolicyKind::Identity).unwrap()
}

fn identity(statements: &str) -> PolicySet {
    PolicySet { identity: vec![policy(statements)], ..PolicySet::default() }
}

fn arn(name: &str) -> String {
    parameter_arn("aws", "eu-west-1", "111122223333", name)
}

fn read_excess(policies: &PolicySet, required: &[&str]) -> Privilege {
    let query = Query::new(policies, ROLE, "ssm:GetParameter", None, Context::open()).unwrap();
    let required = Language::union(required.iter().map(|name| Language::from(arn(name).as_str())));
    query.excess(&parameter_universe("aws", "eu-west-1", "111122223333"), &required)
}

fn shown(privilege: Privilege) -> String {
    match privilege {
        Privilege::Exact => "exact".to_owned(),
        Privilege::Excess(excess) => {
            format!("excess {} by {:?}", excess.witness, excess.statement.map(|s| s.statement))
        }
        Privilege::Undecided(Undecided::TooComplex) => "too complex".to_owned(),
        Privilege::Undecided(Undecided::Conditional { witness, uncertainties }) => {
            let causes: Vec<_> = uncertainties.into_iter().map(|u| u.cause.to_string()).collect();
            format!("undecided {witness}: {}", causes.join("; "))
        }
    }
}

#[test]
fn exact_and_excess() {
    let prefix =
        r#"{"Effect":"Allow","Action":"ssm:Get*","Resource":"arn:aws:ssm:*:*:parameter/prod/app/*"}"#;
    let policies = identity(prefix);
    assert_eq!(shown(read_excess(&policies, &["/prod/app/*"])), "exact");
    let excess = shown(read_excess(&policies, &["/prod/app/db"]));
    assert_eq!(excess, format!("excess {} by Some(0)", arn("/prod/app/x…")));
    let sloppy = identity(&prefix.replace("prod/app/*", "prod*"));
    let excess = shown(read_excess(&sloppy, &["/prod/*", "/prod"]));
    assert_eq!(excess, format!("excess {} by Some(0)", arn("/prodx…")));
}

#[test]
fn denies_and_exceptions_count() {
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let fence =
        r#"{"Effect":"Deny","NotAction":"s3:*","NotResource":"arn:aws:ssm:*:*:parameter/prod/app/*"}"#;
    assert_eq!(shown(read_excess(&identity(&format!("{all},{fence}")), &["/prod/app/*"])), "exact");
    let other = r#"{"Effect":"Deny","NotAction":"ssm:*","Resource":"*"}"#;
    let excess = shown(read_excess(&identity(&format!("{all},{other}")), &["/prod/app/*"]));
    assert_eq!(excess, format!("excess {} by Some(0)", arn("x…")));
}

#[test]
fn what_is_not_known_is_undecided() {
    let allow = r#"{"Effect":"Allow","Action":"ssm:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/t":"a"}}}"#;
    let key = "StringEquals on aws:resourcetag/t: the key's value is not known";
    assert_eq!(shown(read_excess(&identity(allow), &[])), format!("undecided {}: {key}", arn("…")));
    let deny = allow.replace("Allow", "Deny") + r#",{"Effect":"Allow","Action":"ssm:*","Resource":"*"}"#;
    assert_eq!(shown(read_excess(&identity(&deny), &[])), format!("undecided {}: {key}", arn("…")));
    let variable = r#"{"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ssm:*:*:parameter/${aws:PrincipalTag/a}/db"}"#;
    let cause = "the value of the variable aws:principaltag/a is not known";
    assert_eq!(shown(read_excess(&identity(variable), &[])), format!("undecided {}: {cause}", arn("/…/db")));
}

#[test]
fn all_layers_count() {
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let app = r#"{"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ssm:*:*:parameter/prod/app/*"}"#;
    let mut policies = identity(all);
    policies.boundaries = Some(vec![policy(app)]);
    assert_eq!(shown(read_excess(&policies, &["/prod/app/*"])), "exact");
    policies.boundaries = None;
    policies.scps = vec![Level { org: "r-1".to_owned(), policies: vec![policy(app)] }];
    assert_eq!(shown(read_excess(&policies, &["/prod/app/*"])), "exact");
    policies.scps = vec![];
    let grant = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}"#;
    policies.identity = vec![];
    policies.resource = Some(Policy::parse("resource", grant, PolicyKind::Resource).unwrap());
    assert!(matches!(read_excess(&policies, &["/prod/app/*"]), Privilege::Excess(_)));
}

#[test]
fn what_is_required_is_read() {
    let allow = r#"{"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ssm:*:*:parameter/prod/app/*"}"#;
    let policies = identity(allow);
    let query = Query::new(&policies, ROLE, "ssm:GetParameters", None, Context::open()).unwrap();
    let ask = |name: &str| shown(query.shortfall(&Language::from(arn(name).as_str())));
    assert_eq!(ask("/prod/app/db"), "exact");
    assert_eq!(ask("/prod/other/db"), format!("excess {} by None", arn("/prod/other/db")));
    let unsure = identity(&allow.replace('}', r#","Condition":{"Bool":{"a:b":"true"}}}"#));
    let query = Query::new(&unsure, ROLE, "ssm:GetParameters", None, Context::open()).unwrap();
    let answer = query.shortfall(&Language::from(arn("/prod/app/db").as_str()));
    let Privilege::Undecided(Undecided::Conditional { uncertainties, .. }) = answer else {
        panic!("{answer:?}")
    };
    assert!(matches!(&uncertainties[0].cause, Cause::Condition { key, .. } if key == "a:b"));
}

#[test]
fn by_path_asks_about_every_ancestor() {
    let allow = r#"{"Effect":"Allow","Action":"ssm:GetParametersByPath","Resource":"arn:aws:ssm:*:*:parameter/prod*"}"#;
    let policies = identity(allow);
    let query = Query::new(&policies, ROLE, "ssm:GetParametersByPath", None, Context::open()).unwrap();
    let allowed = query.allowed(Approximation::Under);
    let reach = |path: &String| allowed.contains(&path_arn("aws", "eu-west-1", "111122223333", path));
    let paths = ancestors("/prod/app/db");
    assert_eq!(paths.iter().map(reach).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn actions_beyond_a_list() {
    let permitted = ["ecr:GetAuthorizationToken", "logs:Put*"];
    let ask = |statements: &str| {
        let policies = identity(statements);
        ActionExcess::find(&policies, ROLE, &permitted, &Context::open(), &Limits::default()).unwrap()
    };
    let allow = |action: &str| format!(r#"{{"Effect":"Allow","Action":{action},"Resource":"*"}}"#);
    assert_eq!(ask(&allow(r#"["ECR:getauthorizationtoken","logs:PutLogEvents"]"#)), ActionExcess::None);
    let ActionExcess::Excess { action, resource, statement } = ask(&allow(r#"["logs:*"]"#)) else { panic!() };
    assert_eq!((action.text.as_str(), resource.text.as_str()), ("logs:x", "*"));
    assert_eq!(statement.unwrap().statement, 0);
    let fenced =
        allow(r#""*""#) + r#",{"Effect":"Deny","NotAction":["ecr:GetAuthorizationToken"],"Resource":"*"}"#;
    assert_eq!(ask(&fenced), ActionExcess::None);
    let not = r#"{"Effect":"Allow","NotAction":"logs:*","Resource":"*"}"#;
    assert!(matches!(ask(not), ActionExcess::Excess { .. }));
    let unsure =
        r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"a:b":"true"}}}"#;
    assert!(matches!(ask(unsure), ActionExcess::Undecided { action: Some(_), .. }));
}

/// A statement on short resources, with or without a condition on a known, an absent or an unknown key.
fn statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let action = prop::sample::select(vec![
        r#""Action":"*""#,
        r#""Action":"a:b""#,
        r#""NotAction":"a:b""#,
        r#""Action":"a:?""#,
    ]);
    let element = prop::sample::select(vec!["Resource", "NotResource"]);
    let resources =
        prop::collection::vec("[ab*?]{1,4}|arn:a:a:a:a:\\$\\{known\\}\\*|arn:a:a:a:a:\\$\\{open\\}", 0..3);
    let condition = prop::sample::select(vec![
        "",
        r#","Condition":{"StringEquals":{"known":"v"}}"#,
        r#","Condition":{"StringEquals":{"absent":"v"}}"#,
        r#","Condition":{"StringNotEquals":{"open":"v"}}"#,
        r#","Condition":{"StringEquals":{"open":"v"}}"#,
    ]);
    (effect, action, element, resources, condition).prop_map(
        |(effect, action, element, resources, condition)| {
            format!(r#"{{"Effect":"{effect}",{action},"{element}":{resources:?}{condition}}}"#)
        },
    )
}

fn document(kind: PolicyKind) -> impl Strategy<Value = Policy> {
    let principals = prop::sample::select(vec![
        r#","Principal":"*"}"#,
        r#","Principal":{"AWS":"111122223333"}}"#,
        r#","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"}}"#,
        r#","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/app/s"}}"#,
        r#","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/app"}}"#,
        r#","NotPrincipal":{"AWS":"111122223333"}}"#,
    ]);
    prop::collection::vec((statement(), principals), 0..4).prop_map(move |statements| {
        let write = |(statement, principals): (String, &str)| match kind {
            PolicyKind::Resource => {
                statement.get(..statement.len() - 1).unwrap_or_default().to_owned() + principals
            }
            _ => statement,
        };
        let statements = statements.into_iter().map(write).collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        Policy::read("p", &text).unwrap()
    })
}

fn policies() -> impl Strategy<Value = PolicySet> {
    let list = |size| prop::collection::vec(document(PolicyKind::Identity), size);
    let levels = prop::collection::vec(list(1..3), 0..3);
    let optional = || prop::option::of(list(0..3));
    let resource = prop::option::of(document(PolicyKind::Resource));
    let rule = prop::sample::select(vec![ResourceRule::Either, ResourceRule::Required]);
    (list(0..3), optional(), optional(), levels, resource, rule).prop_map(
        |(identity, boundaries, session, scps, resource, resource_rule)| {
            let level = |policies| Level { org: String::new(), policies };
            let scps = scps.into_iter().map(level).collect();
            PolicySet { identity, boundaries, session, scps, rcps: vec![], resource, resource_rule }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The evaluator and the languages agree on every resource.
    #[test]
    fn evaluator_agrees_with_languages(
        policies in policies(),
        principal in prop::sample::select(vec![ROLE, "arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:user/u"]),
        account in prop::sample::select(vec![Some("111122223333"), Some("444455556666")]),
        resources in prop::collection::vec("[abc]{1,4}|arn:a:a:a:a:(v|w)[ab]?", 12),
    ) {
        let mut context = Context::closed();
        context.set("known", vec!["v".to_owned()]);
        context.set_unknown("open");
        let query = Query::new(&policies, principal, "a:b", account, context.clone()).unwrap();
        let (at_most, at_least) = (query.allowed(Approximation::Over), query.allowed(Approximation::Under));
        for resource in resources {
            let request = Request::new(principal, "a:b", &resource, account, context.clone()).unwrap();
            let decision = evaluate(&policies, &request).decision;
            prop_assert_eq!(at_least.contains(&resource), decision == Decision::Allowed, "{} {:?}", resource, decision);
            let possible = matches!(decision, Decision::Allowed | Decision::Unknown);
            prop_assert_eq!(at_most.contains(&resource), possible, "{} {:?}", resource, decision);
            prop_assert!(decision != Decision::Unknown || !policies.uncertainties(&request).is_empty());
        }
    }

    /// A witness is allowed and not required; a proof leaves nothing that is.
    #[test]
    fn witnesses_are_real(policies in policies(), required in "[ab*?]{0,4}", samples in prop::collection::vec("[abc]{0,4}", 12)) {
        let mut context = Context::closed();
        context.set("known", vec!["v".to_owned()]);
        context.set_unknown("open");
        let query = Query::new(&policies, ROLE, "a:b", None, context.clone()).unwrap();
        let required = Language::from(required.as_str());
        let universe = Language::from("?*");
        let decide = |resource: &str| {
            let request = Request::new(ROLE, "a:b", resource, Some("111122223333"), context.clone()).unwrap();
            evaluate(&policies, &request).decision
        };
        match query.excess(&universe, &required) {
            Privilege::Excess(excess) => {
                prop_assert_eq!(decide(&excess.witness.text), Decision::Allowed);
                prop_assert!(!required.contains(&excess.witness.text));
                prop_assert!(excess.statement.is_some());
            }
            Privilege::Undecided(Undecided::Conditional { witness, uncertainties }) => {
                prop_assert_eq!(decide(&witness.text), Decision::Unknown);
                prop_assert!(!required.contains(&witness.text) && !uncertainties.is_empty());
            }
            Privilege::Undecided(Undecided::TooComplex) => prop_assert!(false, "too complex"),
            Privilege::Exact => {
                for sample in samples.iter().filter(|sample| !sample.is_empty() && !required.contains(sample)) {
                    prop_assert!(!matches!(decide(sample), Decision::Allowed | Decision::Unknown), "{}", sample);
                }
            }
        }
    }
}
