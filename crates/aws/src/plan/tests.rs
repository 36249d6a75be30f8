#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;
use crate::{PolicySource, Role, Seen, Sighting};

struct Nothing;

impl Inspector for Nothing {
    fn inspect(&self, _: &str, _: &str) -> Vec<Sighting> {
        Vec::new()
    }
}

fn snapshot_of(value: &Value) -> Snapshot {
    parse("plan.json", value.to_string().into_bytes(), &Nothing).unwrap()
}

fn fault(text: &str) -> String {
    parse("plan.json", text.as_bytes().to_vec(), &Nothing).unwrap_err().to_string()
}

/// A change: address, actions, values and unknown attributes. The side that the actions leave is filled.
fn change(address: &str, actions: &[&str], values: &Value, unknown: &Value) -> Value {
    let inside = address.strip_prefix("module.").and_then(|rest| rest.split_once('.'));
    let local = inside.map_or(address, |(_, local)| local);
    let (mode, local) = local.strip_prefix("data.").map_or(("managed", local), |rest| ("data", rest));
    let (kind, rest) = local.split_once('.').unwrap();
    let (name, index) =
        rest.split_once('[').map_or((rest, None), |(name, key)| (name, Some(key.trim_end_matches(']'))));
    let mut out = json!({
        "address": address, "mode": mode, "type": kind, "name": name,
        "change": {"actions": actions, "before": null, "after": null, "after_unknown": unknown, "after_sensitive": {}},
    });
    let side = if matches!(actions, ["delete"] | ["forget"]) { "before" } else { "after" };
    out["change"][side] = values.clone();
    if let Some(index) = index {
        out["index"] = serde_json::from_str(index).unwrap();
    }
    out
}

fn plan(changes: &[Value], resources: &Value) -> Value {
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes,
        "configuration": {"root_module": {"resources": resources}},
    })
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

fn role_change(name: &str, actions: &[&str]) -> Value {
    let values = json!({"name": name, "path": "/", "assume_role_policy": TRUST});
    change(&format!("aws_iam_role.{name}"), actions, &values, &json!({"arn": true}))
}

fn attached<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Role {
    snapshot.roles[name].value().unwrap()
}

#[test]
fn other_documents_are_errors() {
    assert!(fault(r#"{"format_version":"2.0"}"#).contains("format_version 2.0 is not known"));
    assert!(
        fault(r#"{"version":4,"terraform_version":"1.11.4","resources":[]}"#).contains("a raw state file")
    );
    assert!(fault("{}").contains("no format_version"));
    assert!(fault("[]").starts_with("plan.json"));
    assert!(fault("{\n \"format_version\": }").starts_with("plan.json: 2:"));
    assert!(fault(r#"{"format_version":"1.2","resource_changes":["CANARY"]}"#).contains("another type"));
    assert!(!fault(r#"{"format_version":"1.2","resource_changes":["CANARY"]}"#).contains("CANARY"));
    let lone = r#"{"format_version":"1.2","planned_values":{"root_module":{"resources":[{}]}}}"#;
    assert!(fault(lone).contains("without resource_changes"));
    let deep = format!(r#"{{"format_version":"1.2","x":{}}}"#, "[".repeat(100_000));
    assert!(fault(&deep).contains("1:"));
    let modules = r#"{"child_modules":["#.repeat(40);
    assert!(fault(&format!(r#"{{"values":{{"root_module":{modules}"#)).contains("1:"));
}

#[test]
fn what_goes_is_absent_and_what_is_forgotten_stays() {
    let parameter =
        |name: &str| json!({"name": name, "type": "SecureString", "version": 3, "key_id": "alias/aws/ssm"});
    let snapshot = snapshot_of(&plan(
        &[
            change("aws_ssm_parameter.a", &["delete"], &parameter("/a"), &json!({})),
            change("aws_ssm_parameter.b", &["forget"], &parameter("/b"), &json!({})),
            change("aws_ssm_parameter.c", &["delete", "create"], &parameter("/c"), &json!({})),
            change("aws_ssm_parameter.d", &["no-op"], &parameter("/d"), &json!({})),
            // Moved to another address: the name stays.
            change("aws_ssm_parameter.e1", &["create"], &parameter("/e"), &json!({})),
            change("aws_ssm_parameter.e2", &["delete"], &parameter("/e"), &json!({})),
            role_change("gone", &["delete"]),
        ],
        &json!([]),
    ));
    let planned = |name: &str| snapshot.parameters[name].value().map(|parameter| parameter.planned);
    assert_eq!(snapshot.parameters["/a"], Seen::Absent);
    assert_eq!(
        ["/a", "/b", "/c", "/d", "/e"].map(planned),
        [None, Some(false), Some(true), Some(false), Some(true)]
    );
    assert_eq!(snapshot.roles["gone"], Seen::Absent);
}

#[test]
fn policies_that_the_plan_takes_away_are_not_read_from_the_role() {
    let mut values = json!({"name": "app", "path": "/", "assume_role_policy": TRUST});
    values["inline_policy"] = json!([{"name": "old", "policy": TRUST}, {"name": "kept", "policy": TRUST}]);
    values["managed_policy_arns"] =
        json!(["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/Other"]);
    let snapshot = snapshot_of(&plan(
        &[
            change("aws_iam_role.app", &["update"], &values, &json!({})),
            change(
                "aws_iam_role_policy.old",
                &["delete"],
                &json!({"name": "old", "role": "app"}),
                &json!({}),
            ),
            change(
                "aws_iam_role_policy_attachment.old",
                &["delete"],
                &json!({"role": "app", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
                &json!({}),
            ),
        ],
        &json!([]),
    ));
    let names: Vec<String> = attached(&snapshot, "app").policies.iter().map(|p| p.name.to_string()).collect();
    assert_eq!(names, ["kept", "arn:aws:iam::aws:policy/Other"]);
    let other = &attached(&snapshot, "app").policies[1];
    assert_eq!(other.source, PolicySource::Managed);
    assert_eq!(other.document.gap().unwrap().call.as_deref(), Some("iam:GetPolicyVersion"));
}

#[test]
fn a_policy_without_a_known_role_may_be_of_any() {
    let policy = change(
        "aws_iam_role_policy.x",
        &["create"],
        &json!({"name": "x", "policy": TRUST}),
        &json!({"role": true}),
    );
    let resources = json!([{
        "address": "aws_iam_role_policy.x", "type": "aws_iam_role_policy",
        "expressions": {"role": {"references": ["local.role"]}},
    }]);
    let snapshot = snapshot_of(&plan(&[role_change("app", &["create"]), policy], &resources));
    assert!(
        attached(&snapshot, "app").policies_gap.as_ref().unwrap().reason.contains("aws_iam_role_policy.x")
    );
}

#[test]
fn roles_that_are_only_read_have_a_gap() {
    let mut document = plan(&[], &json!([]));
    document["prior_state"] = json!({"values": {"root_module": {"resources": [{
        "address": "data.aws_iam_role.app", "mode": "data", "type": "aws_iam_role", "name": "app",
        "values": {"name": "app", "arn": "arn:aws:iam::111122223333:role/app", "assume_role_policy": TRUST},
    }]}}});
    let attachment = json!({"role": "app", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    document["resource_changes"] =
        json!([change("aws_iam_role_policy_attachment.a", &["create"], &attachment, &json!({}))]);
    let snapshot = snapshot_of(&document);
    let app = attached(&snapshot, "app");
    assert!(app.policies_gap.is_some() && app.trust.value().is_some());
    assert!(app.policies[0].document.value().is_some());
    // A plan that leaves something out may leave out a policy.
    let mut document = plan(&[role_change("app", &["no-op"])], &json!([]));
    assert_eq!(attached(&snapshot_of(&document), "app").policies_gap, None);
    document["complete"] = json!(false);
    assert!(attached(&snapshot_of(&document), "app").policies_gap.is_some());
}

#[test]
fn accounts_come_from_the_provider_or_from_arns() {
    let mut document = plan(&[], &json!([]));
    document["configuration"]["provider_config"] = json!({
        "aws": {"name": "aws", "expressions": {
            "region": {"references": ["var.where"]}, "allowed_account_ids": {"constant_value": ["111122223333"]},
        }},
        "aws.other": {"name": "aws", "alias": "other", "expressions": {"region": {"constant_value": "us-east-1"}}},
    });
    document["variables"] = json!({"where": {"value": "cn-north-1"}});
    let snapshot = snapshot_of(&document);
    assert_eq!(snapshot.account.as_deref(), Some("111122223333"));
    assert_eq!(
        (snapshot.region.as_deref(), snapshot.partition.as_deref()),
        (Some("cn-north-1"), Some("aws-cn"))
    );
    let with_arn = |name: &str, account: &str| {
        let arn = format!("arn:aws:ssm:eu-west-1:{account}:parameter/{name}");
        change(
            &format!("aws_ssm_parameter.{name}"),
            &["no-op"],
            &json!({"name": name, "arn": arn}),
            &json!({}),
        )
    };
    let one = snapshot_of(&plan(&[with_arn("a", "111122223333")], &json!([])));
    assert_eq!(one.account.as_deref(), Some("111122223333"));
    let two = snapshot_of(&plan(&[with_arn("a", "111122223333"), with_arn("b", "444455556666")], &json!([])));
    assert_eq!((two.account, two.region.as_deref()), (None, Some("eu-west-1")));
}

fn task(containers: Option<&str>, references: &[&str]) -> (Value, Value) {
    let mut values = json!({"family": "app"});
    if let Some(containers) = containers {
        values["container_definitions"] = containers.into();
    }
    let unknown = if containers.is_some() { json!({}) } else { json!({"container_definitions": true}) };
    let configured = json!({
        "address": "aws_ecs_task_definition.app", "type": "aws_ecs_task_definition",
        "expressions": {"container_definitions": {"references": references}},
    });
    (change("aws_ecs_task_definition.app", &["create"], &values, &unknown), configured)
}

fn taints(snapshot: &Snapshot) -> Vec<(String, Vec<String>)> {
    let containers = snapshot.tasks["app"].value().unwrap().containers.value().unwrap();
    let literals = containers.iter().flat_map(|container| &container.literals);
    literals
        .filter(|l| !l.value.taints.is_empty())
        .map(|l| (l.name.clone(), l.value.taints.clone()))
        .collect()
}

#[test]
fn generated_passwords_taint_what_they_flow_into() {
    let references = ["random_password.db.result", "random_password.db"];
    let (change_, configured) = task(None, &references);
    let snapshot = snapshot_of(&plan(&[change_], &json!([configured])));
    assert_eq!(
        taints(&snapshot),
        [("container_definitions".into(), vec!["random_password.db.result".into()])]
    );
    assert_eq!(snapshot.gaps.len(), 1);
    // Known: the value tells the variable, even inside a URL.
    let text = r#"[{"name":"a","environment":[{"name":"URL","value":"postgres://u:s3cr3t@db"},{"name":"B","value":"c"}]}]"#;
    let (change_, configured) = task(Some(text), &references);
    let mut password =
        change("random_password.db", &["no-op"], &json!({"result": "s3cr3t", "length": 6}), &json!({}));
    password["change"]["after_sensitive"] = json!({"result": true});
    let snapshot = snapshot_of(&plan(&[change_.clone(), password], &json!([configured])));
    assert_eq!(taints(&snapshot), [("URL".into(), vec!["random_password.db.result".into()])]);
    // Known, but the value does not show: some literal is made of it.
    let snapshot = snapshot_of(&plan(&[change_], &json!([configured])));
    assert_eq!(
        taints(&snapshot),
        [("container_definitions".into(), vec!["random_password.db.result".into()])]
    );
}

#[test]
fn sensitive_variables_are_followed_into_modules() {
    let text = r#"[{"name":"a","environment":[{"name":"PIN","value":"1234"}]}]"#;
    let values = json!({"family": "app", "container_definitions": text});
    let mut document =
        plan(&[change("module.x.aws_ecs_task_definition.app", &["create"], &values, &json!({}))], &json!([]));
    document["variables"] = json!({"pin": {"value": "1234"}});
    document["configuration"]["root_module"] = json!({
        "variables": {"pin": {"sensitive": true}},
        "module_calls": {"x": {
            "expressions": {"code": {"references": ["var.pin"]}},
            "module": {
                "variables": {"code": {}},
                "resources": [{
                    "address": "aws_ecs_task_definition.app", "type": "aws_ecs_task_definition",
                    "expressions": {"container_definitions": {"references": ["var.code"]}},
                }],
            },
        }},
    });
    assert_eq!(taints(&snapshot_of(&document)), [("PIN".into(), vec!["var.pin".into()])]);
}

#[test]
fn an_unset_role_is_absent_although_the_provider_calls_it_unknown() {
    let text = r#"[{"name":"a","image":"b"}]"#;
    let (mut change_, configured) = task(Some(text), &[]);
    change_["change"]["after_unknown"] = json!({"task_role_arn": true, "execution_role_arn": true});
    let snapshot = snapshot_of(&plan(&[change_], &json!([configured])));
    let task = snapshot.tasks["app"].value().unwrap();
    assert_eq!((&task.task_role, &task.execution_role), (&Seen::Absent, &Seen::Absent));
}

#[test]
fn instances_are_linked_by_their_keys() {
    let role = |key: &str| {
        let values = json!({"name": format!("app-{key}"), "path": "/", "assume_role_policy": TRUST});
        change(&format!("aws_iam_role.app[{key:?}]"), &["create"], &values, &json!({"arn": true}))
    };
    let policy = |key: &str| {
        let values = json!({"name": "p", "policy": TRUST});
        change(&format!("aws_iam_role_policy.p[{key:?}]"), &["create"], &values, &json!({"role": true}))
    };
    for reference in [&["aws_iam_role.app", "each.key"][..], &["each.value.id", "each.value"]] {
        let resources = json!([
            {"address": "aws_iam_role.app", "type": "aws_iam_role", "expressions": {}},
            {
                "address": "aws_iam_role_policy.p", "type": "aws_iam_role_policy",
                "expressions": {"role": {"references": reference}},
                "for_each_expression": {"references": ["aws_iam_role.app"]},
            },
        ]);
        let snapshot = snapshot_of(&plan(&[role("a"), role("b.c"), policy("a"), policy("b.c")], &resources));
        for name in ["app-a", "app-b.c"] {
            assert_eq!(attached(&snapshot, name).policies.len(), 1, "{reference:?} {name}");
            assert_eq!(attached(&snapshot, name).policies_gap, None);
        }
    }
}

#[test]
fn a_deferred_document_is_put_together_again() {
    let statement = json!([
        {"sid": "", "effect": null, "actions": ["ssm:GetParameter"], "resources": ["arn:aws:ssm:*:*:parameter/&{aws:username}", null], "principals": [], "condition": []},
        {"effect": "Deny", "not_actions": ["s3:*"], "not_resources": ["a"],
         "principals": [{"type": "*", "identifiers": ["*"]}],
         "condition": [{"test": "StringEquals", "variable": "a:b", "values": [null]}]},
    ]);
    let data = change(
        "data.aws_iam_policy_document.d",
        &["read"],
        &json!({"statement": statement}),
        &json!({"json": true, "statement": [{"resources": [false, true]}, {"condition": [{"values": [true]}]}]}),
    );
    let policy = change(
        "aws_iam_role_policy.p",
        &["create"],
        &json!({"name": "p", "role": "app"}),
        &json!({"policy": true}),
    );
    let resources = json!([{
        "address": "aws_iam_role_policy.p", "type": "aws_iam_role_policy",
        "expressions": {"policy": {"references": ["data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"]}},
    }]);
    let snapshot = snapshot_of(&plan(&[role_change("app", &["create"]), data, policy], &resources));
    let text = &attached(&snapshot, "app").policies[0].document.value().unwrap().text;
    let document: Value = serde_json::from_str(text).unwrap();
    let hole = |at: &str| format!("${{unknown:data.aws_iam_policy_document.d.statement.{at}}}");
    assert_eq!(
        document,
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["ssm:GetParameter"],
             "Resource": ["arn:aws:ssm:*:*:parameter/${aws:username}", hole("0.resources.1")]},
            {"Effect": "Deny", "NotAction": ["s3:*"], "NotResource": ["a"], "Principal": "*",
             "Condition": {"StringEquals": {"a:b": [hole("1.condition.0.values.0")]}}},
        ]})
    );
}

#[test]
fn a_module_output_is_chosen_by_the_instance_key() {
    let role = |key: &str| {
        let values = json!({"name": format!("lane-{key}"), "path": "/", "assume_role_policy": TRUST});
        let address = format!("module.roles.aws_iam_role.lane[{key:?}]");
        change(&address, &["create"], &values, &json!({"arn": true}))
    };
    let task = |key: &str| {
        let values = json!({"family": key, "container_definitions": "[]"});
        let unknown = json!({"task_role_arn": true});
        change(&format!("module.tasks.aws_ecs_task_definition.lane[{key:?}]"), &["create"], &values, &unknown)
    };
    let mut document = plan(&[role("a"), role("b"), task("a"), task("b")], &json!([]));
    document["configuration"]["root_module"] = json!({"module_calls": {
        "roles": {"module": {
            "resources": [{"address": "aws_iam_role.lane", "type": "aws_iam_role", "expressions": {}}],
            "outputs": {"arns": {"expression": {"references": ["aws_iam_role.lane"]}}},
        }},
        "tasks": {
            "expressions": {"roles": {"references": ["module.roles.arns", "module.roles"]}},
            "module": {
                "variables": {"roles": {}},
                "resources": [{
                    "address": "aws_ecs_task_definition.lane", "type": "aws_ecs_task_definition",
                    "expressions": {"task_role_arn": {"references": ["var.roles", "each.key"]}},
                }],
            },
        },
    }});
    let snapshot = snapshot_of(&document);
    for key in ["a", "b"] {
        let role = snapshot.tasks[key].value().unwrap().task_role.value().unwrap().to_string();
        assert!(role.ends_with(&format!(":role/lane-{key}")), "{role}");
    }
}

#[test]
fn what_another_provider_makes_is_elsewhere() {
    let parameter = |name: &str| {
        let values = json!({"name": format!("/{name}"), "type": "SecureString"});
        change(&format!("aws_ssm_parameter.{name}"), &["create"], &values, &json!({"arn": true}))
    };
    let role = |name: &str| {
        let values = json!({"name": "app", "path": "/", "assume_role_policy": TRUST});
        change(&format!("aws_iam_role.{name}"), &["create"], &values, &json!({"arn": true}))
    };
    let configured = |kind: &str, name: &str, provider: &str| {
        let address = format!("{kind}.{name}");
        json!({"address": address, "type": kind, "provider_config_key": provider, "expressions": {}})
    };
    let names = [("here", "aws"), ("there", "aws.us"), ("twin", "aws.twin"), ("lent", "aws.lent")];
    let mut resources: Vec<Value> =
        names.iter().map(|(name, provider)| configured("aws_ssm_parameter", name, provider)).collect();
    resources.push(configured("aws_iam_role", "own", "aws"));
    resources.push(configured("aws_iam_role", "lent", "aws.lent"));
    let mut changes: Vec<Value> = names.iter().map(|(name, _)| parameter(name)).collect();
    changes.extend([role("own"), role("lent")]);
    let mut document = plan(&changes, &json!(resources));
    let region = |region: &str| json!({"region": {"constant_value": region}, "allowed_account_ids": {"constant_value": ["111122223333"]}});
    let mut lent = region("eu-west-1");
    lent["assume_role"] = json!([{"role_arn": {"references": ["var.lent"]}}]);
    lent.as_object_mut().unwrap().remove("allowed_account_ids");
    document["configuration"]["provider_config"] = json!({
        "aws": {"name": "aws", "expressions": region("eu-west-1")},
        "aws.us": {"name": "aws", "alias": "us", "expressions": region("us-east-1")},
        "aws.twin": {"name": "aws", "alias": "twin", "expressions": region("eu-west-1")},
        "aws.lent": {"name": "aws", "alias": "lent", "expressions": lent},
    });
    let snapshot = snapshot_of(&document);
    let seen = |name: &str| matches!(snapshot.parameters[name], Seen::Value(_));
    assert_eq!(["/here", "/there", "/twin", "/lent"].map(seen), [true, false, true, false]);
    assert!(seen("arn:aws:ssm:us-east-1:111122223333:parameter/there"));
    assert!(snapshot.parameters["/lent"].gap().unwrap().reason.contains("its account is not known"));
    assert_eq!(snapshot.roles["app"].value().unwrap().place.address, "aws_iam_role.own");
    assert!(snapshot.roles.contains_key("aws_iam_role.lent"));
}
