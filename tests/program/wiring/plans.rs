//! A plan that passes, and resources beside it that change the answer or hide it.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::Cli;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn contract(kept: &str) -> String {
    format!(
        r#"
version = 1
[aws]
account = "111122223333"
region = "eu-west-1"
[[secrets]]
handle = "DB"
parameter = "{kept}"
[[roles]]
handle = "app"
role = "app-task"
requires = ["DB"]
[[tasks]]
family = "app"
role = "app"
"#
    )
}

fn policy(effect: &str, action: &str, resource: &str) -> String {
    let statement = json!({"Effect": effect, "Action": action, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn trust() -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]})
    .to_string()
}

/// A resource that is created.
fn created(address: &str, after: Value, unknown: Value) -> Value {
    let (kind, name) = address.split_once('.').unwrap();
    json!({"address": address, "mode": "managed", "type": kind, "name": name,
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown}})
}

fn deleted(address: &str, before: Value) -> Value {
    let mut resource = created(address, Value::Null, json!({}));
    resource["change"] = json!({"actions": ["delete"], "before": before, "after": null, "after_unknown": {}});
    resource
}

fn role(address: &str, more: Value) -> Value {
    let mut after = json!({"name": "app-task", "path": "/", "assume_role_policy": trust(),
        "inline_policy": [], "managed_policy_arns": [], "permissions_boundary": null});
    after.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    created(address, after, json!({}))
}

/// A platform of one task that keeps its contract; its secret is a parameter, or a secret of Secrets Manager.
fn platform(kept: &str) -> Vec<Value> {
    let (reading, secret) = match kept {
        "/app/db" => (
            policy("Allow", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"),
            created("aws_ssm_parameter.db", json!({"name": kept, "type": "SecureString"}), json!({})),
        ),
        arn => (
            policy("Allow", "secretsmanager:GetSecretValue", &format!("{arn}-??????")),
            created("aws_secretsmanager_secret.db", json!({"name": "app/db"}), json!({"arn": true})),
        ),
    };
    vec![
        role("aws_iam_role.app", json!({})),
        created(
            "aws_iam_role_policy.own",
            json!({"name": "own", "role": "app-task", "policy": reading}),
            json!({}),
        ),
        secret,
        created(
            "aws_ecs_task_definition.app",
            json!({"family": "app", "task_role_arn": "arn:aws:iam::111122223333:role/app-task",
                "container_definitions": r#"[{"name": "main", "image": "x"}]"#}),
            json!({}),
        ),
    ]
}

/// Exit code and report. `written` are the expressions of the configuration, by address.
fn gate(kept: &str, resources: &[Value], written: &[(&str, Value)]) -> (i32, String) {
    let written = written.iter().map(|(address, expressions)| {
        let (kind, name) = address.split_once('.').unwrap();
        json!({"address": address, "mode": "managed", "type": kind, "name": name, "expressions": expressions})
    });
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "complete": true,
        "errored": false, "planned_values": {"root_module": {}}, "resource_changes": resources,
        "configuration": {"root_module": {"resources": Vec::from_iter(written)}}});
    asked(kept, &plan)
}

fn asked(kept: &str, plan: &Value) -> (i32, String) {
    together(kept, std::slice::from_ref(plan))
}

/// Exit code and report of several plans or states.
fn together(kept: &str, plans: &[Value]) -> (i32, String) {
    let cli = Cli::new();
    cli.write("seaworthy.toml", contract(kept));
    let mut arguments = vec!["wiring", "--report", "json", "--fail-on", "low"];
    let names: Vec<String> = (0..plans.len()).map(|i| format!("{i}.json")).collect();
    for (name, plan) in names.iter().zip(plans) {
        cli.write(name, plan.to_string());
        arguments.extend(["--plan", name.as_str()]);
    }
    let answer = cli.run(&arguments);
    (answer.code, answer.stdout)
}

fn plan_of(resources: &[Value]) -> Value {
    json!({"format_version": "1.2", "planned_values": {"root_module": {}}, "resource_changes": resources,
        "configuration": {"root_module": {}}})
}

fn state_of(resources: &[Value]) -> Value {
    let resource = |r: &Value| {
        json!({"address": r["address"], "mode": "managed", "type": r["type"],
        "name": r["name"], "values": r["change"]["after"]})
    };
    json!({"format_version": "1.0", "values": {"root_module":
        {"resources": Vec::from_iter(resources.iter().map(resource))}}})
}

#[test]
fn several_plans_add_up_in_any_order() {
    let attached = |role: Value, unknown: bool| {
        let after = json!({"role": role, "policy_arn": ADMINISTRATOR});
        plan_of(&[created("aws_iam_role_policy_attachment.more", after, json!({"role": unknown}))])
    };
    let own = plan_of(&platform("/app/db"));
    for (more, wanted) in [
        (attached(json!("app-task"), false), 1),
        (attached(json!("APP-task"), false), 1),
        (attached(json!("other"), false), 0),
        (attached(Value::Null, true), 2),
    ] {
        for both in [[own.clone(), more.clone()], [more.clone(), own.clone()]] {
            let (code, report) = together("/app/db", &both);
            // Under another case of its name first, the role is one that nobody saw.
            let is_cased = more.to_string().contains("APP-task") && code == 2;
            assert!(code == wanted || is_cased, "{code}, {more}: {report}");
        }
    }
    assert_eq!(together("/app/db", &[own.clone(), own]).0, 0);
}

#[test]
fn a_state_does_not_tell_what_a_plan_will_make() {
    let state = state_of(&platform("/app/db"));
    let own = plan_of(&platform("/app/db"));
    let mut unknown = platform("/app/db");
    let change = &mut unknown[1]["change"];
    change["after"].as_object_mut().unwrap().remove("policy");
    change["after_unknown"] = json!({"policy": true});
    let unknown = plan_of(&unknown);
    for (plan, wanted) in [(own, 0), (unknown, 2)] {
        for both in [[state.clone(), plan.clone()], [plan.clone(), state.clone()]] {
            let (code, report) = together("/app/db", &both);
            assert_eq!(code, wanted, "{report}");
        }
    }
}

/// The exit code with something more in the plan.
fn with(more: Value) -> i32 {
    let mut all = platform("/app/db");
    all.push(more);
    gate("/app/db", &all, &[]).0
}

#[test]
fn the_plan_itself_passes() {
    let (code, report) = gate("/app/db", &platform("/app/db"), &[]);
    assert_eq!(code, 0, "{report}");
    let plan = json!({"format_version": "1.2", "planned_values": {"root_module": {}},
        "resource_changes": platform("/app/db")});
    let (code, report) = asked("/app/db", &plan);
    assert_eq!((code, report.contains("stripped of its configuration")), (2, true), "{report}");
}

#[test]
fn roles_are_named_in_any_case() {
    let attachment = |name: &str| json!({"role": name, "policy_arn": ADMINISTRATOR});
    assert_eq!(with(created("aws_iam_role_policy_attachment.a", attachment("App-TASK"), json!({}))), 1);
    let attachment = json!({"roles": ["App-TASK"], "policy_arn": ADMINISTRATOR});
    assert_eq!(with(created("aws_iam_policy_attachment.a", attachment, json!({}))), 1);
    assert_eq!(
        with(created(
            "aws_iam_role_policy_attachment.a",
            json!({"role": "app-task-2",
        "policy_arn": ADMINISTRATOR}),
            json!({})
        )),
        0
    );
}

#[test]
fn two_that_have_one_name_are_told() {
    let everyone = trust().replace(r#"{"Service":"ecs-tasks.amazonaws.com"}"#, "\"*\"");
    for name in ["aaa", "zzz"] {
        let at = |kind: &str| format!("{kind}.{name}");
        let wide = role(&at("aws_iam_role"), json!({"assume_role_policy": everyone}));
        assert_ne!(with(wide), 0, "{name}");
        let clear = json!({"name": "/app/db", "type": "String"});
        assert_ne!(with(created(&at("aws_ssm_parameter"), clear, json!({}))), 0, "{name}");
        let own = json!({"name": "own", "role": "app-task", "policy": policy("Allow", "ssm:*", "*")});
        assert_ne!(with(created(&at("aws_iam_role_policy"), own, json!({}))), 0, "{name}");
        // The same parameter in another region, say.
        let twin = json!({"name": "/app/db", "type": "SecureString"});
        assert_eq!(with(created(&at("aws_ssm_parameter"), twin, json!({}))), 0, "{name}");
    }
}

#[test]
fn what_the_plan_gives_and_takes_is_open() {
    let mut all = platform("/app/db");
    all[0] = role("aws_iam_role.app", json!({"managed_policy_arns": [ADMINISTRATOR]}));
    all.push(deleted(
        "aws_iam_role_policy_attachment.a",
        json!({"role": "app-task", "policy_arn": ADMINISTRATOR}),
    ));
    // The attribute only shows what there was before.
    assert_eq!(gate("/app/db", &all, &[]).0, 0);
    let set = json!({"managed_policy_arns": {"constant_value": [ADMINISTRATOR]}});
    assert_ne!(gate("/app/db", &all, &[("aws_iam_role.app", set)]).0, 0);
    // A dynamic block has no expression. Of a role that is there, what is not set is known.
    let mut all = platform("/app/db");
    let change = &mut all[0]["change"];
    change["after"].as_object_mut().unwrap().remove("inline_policy");
    change["after_unknown"] = json!({"inline_policy": true});
    assert_eq!(gate("/app/db", &all, &[]).0, 0);
    all[0]["change"]["actions"] = json!(["update"]);
    assert_eq!(gate("/app/db", &all, &[]).0, 2);
}

#[test]
fn the_policy_of_a_secret_finds_its_secret() {
    let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db";
    assert_eq!(gate(arn, &platform(arn), &[]).0, 0);
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
        "Action": "secretsmanager:*", "Resource": "*"}]})
    .to_string();
    let one = json!({"references": ["aws_secretsmanager_secret.db.arn", "aws_secretsmanager_secret.db"]});
    let two = json!({"references": ["aws_secretsmanager_secret.db.arn", "aws_secretsmanager_secret.db",
        "aws_secretsmanager_secret.other.arn", "aws_secretsmanager_secret.other"]});
    for (named, written, wanted) in [
        (None, one, 1),
        (Some("app/db"), json!({}), 1),
        (Some(&*format!("{arn}-AbCdEf")), json!({}), 1),
        (Some("app/other"), json!({}), 0),
        (None, two, 2),
        (None, json!({"references": ["local.secret"]}), 2),
    ] {
        let mut all = platform(arn);
        let after = json!({"policy": deny, "secret_arn": named});
        let unknown = json!({"secret_arn": named.is_none()});
        all.push(created("aws_secretsmanager_secret_policy.more", after, unknown));
        let written = json!({"secret_arn": written});
        let (code, report) = gate(arn, &all, &[("aws_secretsmanager_secret_policy.more", written.clone())]);
        assert_eq!(code, wanted, "{named:?} {written}: {report}");
    }
}

/// The default provider may be of another account or region than the contract, as an aliased one may.
#[test]
fn the_default_provider_says_where_a_plan_is() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wiring-cases/00-control");
    let text = std::fs::read_to_string(directory.join("plan.json")).unwrap();
    let contract = std::fs::read_to_string(directory.join("seaworthy.toml")).unwrap();
    let ask = |name: &str, setting: Value| {
        let mut plan: Value = serde_json::from_str(&text).unwrap();
        plan["configuration"]["provider_config"]["aws"]["expressions"][name] = setting;
        let cli = Cli::new();
        cli.write("plan.json", plan.to_string()).write("seaworthy.toml", &contract);
        cli.run(&["wiring", "--plan", "plan.json", "--report", "json"])
    };
    let role = json!([{"role_arn": {"constant_value": "arn:aws:iam::999922223333:role/deploy"}}]);
    ask("assume_role", role).error(&["999922223333", "111122223333"]);
    let same = json!([{"role_arn": {"constant_value": "arn:aws:iam::111122223333:role/deploy"}}]);
    assert_eq!(ask("assume_role", same).code, 0);
    // Only apply tells the region: nothing is known to be where the contract wants it.
    let unknown = ask("region", json!({"references": ["data.external.here.result", "data.external.here"]}));
    assert_eq!(unknown.code, 2, "{}", unknown.stdout);
    assert!(unknown.json()["not_checked"].to_string().contains("region"), "{}", unknown.stdout);
}
