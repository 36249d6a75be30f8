//! A snapshot of a platform that passes, with one part taken from sight at a time. And what a finding says of secrets
//! that are known.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, Cli, findings};

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/aws/terraform/platform")
}

/// The platform's contract in a directory, and its mended plan as a saved snapshot.
fn platform() -> (Cli, Value) {
    let cli = Cli::new();
    cli.write("seaworthy.toml", std::fs::read(directory().join("seaworthy.toml")).unwrap());
    let plan = directory().join("mended/plan.json").display().to_string();
    let answer = cli.run(&["wiring", "--plan", &plan, "--save-snapshot", "kept.json"]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    let kept = cli.read_json("kept.json");
    (cli, kept)
}

fn judged(cli: &Cli, snapshot: &Value) -> Answer {
    cli.write("s.json", snapshot.to_string());
    cli.run(&["wiring", "--snapshot", "s.json", "--report", "json", "--fail-on", "low"])
}

/// The pointers of all that was seen, or looked for and not there.
fn seen(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if members.len() == 1 && members.contains_key("value") {
                out.push(at.to_owned());
            }
            for (name, inner) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                seen(inner, &format!("{at}/{name}"), out);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| seen(item, &format!("{at}/{i}"), out));
        }
        Value::String(text) if text == "absent" => out.push(at.to_owned()),
        _ => {}
    }
}

#[test]
fn what_is_hidden_is_never_a_pass() {
    let (cli, whole) = platform();
    let mut pointers = Vec::new();
    seen(&whole, "", &mut pointers);
    // A role that no task runs as, a parameter that the contract does not name, and what other checks ask about.
    let elsewhere = |pointer: &str| {
        let parts = ["platform-terraform", "log_level", "/repositories", "/image"];
        parts.iter().any(|part| pointer.contains(part))
    };
    pointers.retain(|pointer| !elsewhere(pointer));
    // Every third: all of them take a minute.
    assert!(pointers.len() > 90, "{}", pointers.len());
    for pointer in pointers.iter().step_by(3) {
        let mut hidden = whole.clone();
        let reason = json!({"reason": "hidden", "call": null, "permission": null});
        *hidden.pointer_mut(pointer).unwrap() = json!({"not_seen": reason});
        let answer = judged(&cli, &hidden);
        assert_ne!(answer.code, 0, "{pointer}");
        assert!(answer.stdout.contains("hidden"), "{pointer} has no reason: {}", answer.stdout);
    }
    for map in ["roles", "parameters", "secrets", "tasks", "keys"] {
        let names = whole[map].as_object().unwrap().keys().cloned();
        for name in names.filter(|name| !elsewhere(name)) {
            let mut without = whole.clone();
            without[map].as_object_mut().unwrap().remove(&name);
            assert_ne!(judged(&cli, &without).code, 0, "{map} {name}");
        }
    }
}

const CONTRACT: &str = r#"
version = 1
[aws]
account = "111122223333"
region = "eu-west-1"
[[secrets]]
handle = "DB"
parameter = "/orders/prod/db"
[[secrets]]
handle = "MAIL_TOKEN"
parameter = "/orders/prod/mail/token"
[[roles]]
handle = "app"
role = "app-task"
requires = ["DB"]
[[roles]]
handle = "mail"
role = "mail-task"
requires = ["MAIL_TOKEN"]
[[tasks]]
family = "app"
role = "app"
"#;

/// A plan of two roles; the first has these statements, too.
fn plan(more: &[Value]) -> Value {
    let resource = |kind: &str, name: &str, after: Value| {
        json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}}})
    };
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let reads = |name: &str| {
        json!({"Effect": "Allow", "Action": "ssm:GetParameter",
            "Resource": format!("arn:aws:ssm:eu-west-1:111122223333:parameter{name}")})
    };
    let mut all = Vec::new();
    for (role, own) in [("app-task", "/orders/prod/db"), ("mail-task", "/orders/prod/mail/token")] {
        let mut statements = vec![reads(own)];
        if role == "app-task" {
            statements.extend(more.iter().cloned());
        }
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        all.push(resource(
            "aws_iam_role",
            role,
            json!({"name": role, "assume_role_policy": trust.to_string()}),
        ));
        all.push(resource(
            "aws_iam_role_policy",
            role,
            json!({"name": "own", "role": role, "policy": policy}),
        ));
    }
    for name in ["/orders/prod/db", "/orders/prod/mail/token", "/orders/prod/mail/key"] {
        let label = name.replace('/', "_");
        all.push(resource("aws_ssm_parameter", &label, json!({"name": name, "type": "SecureString"})));
    }
    all.push(resource(
        "aws_ecs_task_definition",
        "app",
        json!({"family": "app", "task_role_arn": "arn:aws:iam::111122223333:role/app-task",
            "container_definitions": "[]"}),
    ));
    json!({"format_version": "1.2", "planned_values": {"root_module": {}}, "resource_changes": all,
        "configuration": {"root_module": {}}})
}

fn gate(contract: &str, more: &[Value]) -> (i32, Value) {
    let cli = Cli::new();
    cli.write("seaworthy.toml", contract).write("plan.json", plan(more).to_string());
    let answer = cli.run(&["wiring", "--plan", "plan.json", "--report", "json"]);
    (answer.code, answer.json())
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Sid": action.replace(':', ""), "Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn known_secrets_in_an_excess_are_named_first() {
    let (code, _) = gate(CONTRACT, &[]);
    assert_eq!(code, 0);
    let message = |more: Value| {
        let (code, report) = gate(CONTRACT, &[more]);
        let found = findings(&report);
        assert_eq!((code, found.len()), (1, 1), "{report}");
        found[0]["message"].as_str().unwrap().to_owned()
    };
    let of = |resource: &str| format!("arn:aws:ssm:eu-west-1:111122223333:{resource}");
    let both = "among others on MAIL_TOKEN (/orders/prod/mail/token), /orders/prod/mail/key, by";
    let read = message(allow("ssm:GetParameter", &of("parameter/orders/prod/*")));
    assert!(read.contains(both), "{read}");
    // A path shows all that is below it.
    let path = message(allow("ssm:GetParametersByPath", &of("parameter/orders/prod/mail")));
    assert!(path.contains(both), "{path}");
    // Where nothing is known, a shortest name is told.
    let other = message(allow("ssm:GetParameter", &of("parameter/other/*")));
    assert!(other.contains("for example on arn:aws:ssm:eu-west-1:111122223333:parameter/other/"), "{other}");
}

#[test]
fn an_accepted_excess_hides_no_other() {
    let here = allow("ssm:GetParameter", "arn:aws:ssm:eu-west-1:111122223333:parameter/orders/*");
    let mut there = allow("ssm:GetParameter", "arn:aws:ssm:us-east-1:111122223333:parameter/*");
    there["Sid"] = json!("There");
    let (_, report) = gate(CONTRACT, std::slice::from_ref(&here));
    let fingerprint = findings(&report)[0]["fingerprint"].as_str().unwrap().to_owned();
    let accepted = format!(
        "{CONTRACT}\n[[accept]]\ncheck = \"SW404\"\nfingerprint = \"{fingerprint}\"\nreason = \"reviewed by the team\"\n\
         expires = \"{}\"\n",
        jiff::Zoned::now().date().checked_add(jiff::Span::new().days(30)).unwrap()
    );
    let (code, report) = gate(&accepted, std::slice::from_ref(&here));
    assert_eq!(code, 0, "{report}");
    let (code, report) = gate(&accepted, &[here, there]);
    assert_eq!(code, 1, "{report}");
    assert!(findings(&report)[0]["message"].as_str().unwrap().contains("us-east-1"), "{report}");
}

#[test]
fn a_request_is_made_in_the_region_of_its_secret() {
    // What most organizations have: nothing outside of a region.
    let limit = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": "iam:*",
        "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}}}]});
    let region = "region = \"eu-west-1\"\n";
    let bounded = CONTRACT.replace(region, &format!("{region}service_control_policies = [\"scp.json\"]\n"));
    let judged = |limit: &Value, more: &[Value]| {
        let cli = Cli::new();
        cli.write("seaworthy.toml", &bounded).write("plan.json", plan(more).to_string());
        cli.write("scp.json", limit.to_string());
        cli.run(&["wiring", "--plan", "plan.json", "--report", "json"])
    };
    let answer = judged(&limit, &[]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    let elsewhere = limit.to_string().replace("eu-west-1", "us-east-1");
    let answer = judged(&serde_json::from_str(&elsewhere).unwrap(), &[]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    // A statement that holds in the region alone reads too much there, and that is all there is to say.
    let mut all = allow("ssm:GetParameter", "*");
    all["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}});
    let (code, report) = gate(CONTRACT, &[all]);
    assert_eq!((code, findings(&report).len()), (1, 1), "{report}");
    assert_eq!(report["not_checked"], json!([]));
}

#[test]
fn what_another_account_may_share_is_open() {
    let shared = |resource: &str| gate(CONTRACT, &[allow("ssm:GetParameter", resource)]).0;
    assert_eq!(shared("arn:aws:ssm:eu-west-1:444455556666:parameter/*"), 2);
    assert_eq!(shared("arn:aws:ssm:eu-west-1:*:parameter/orders/prod/db"), 0);
    // Of a secret whose policy nobody saw, no question has an answer.
    let cli = Cli::new();
    let reads = allow("secretsmanager:GetSecretValue", "*");
    cli.write("seaworthy.toml", CONTRACT).write("plan.json", plan(&[reads]).to_string());
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:other-AbCdEf";
    let action = "secretsmanager:GetSecretValue";
    let answer = cli.run(&[
        "simulate",
        "--plan",
        "plan.json",
        "--role",
        "app-task",
        "--action",
        action,
        "--resource",
        secret,
    ]);
    assert_eq!(answer.code, 2, "{}", answer.stdout);
    assert!(answer.stdout.contains("the secret's policy was not seen"), "{}", answer.stdout);
}
