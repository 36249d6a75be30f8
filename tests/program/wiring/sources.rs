//! What completes a source: the Terraform source of a plan, and a snapshot of before.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::Cli;

fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/aws/terraform/services")
}

fn report(more: &[&str]) -> Value {
    let directory = services();
    let at = |name: &str| directory.join(name).display().to_string();
    let (contract, plan) = (at("seaworthy.toml"), at("plan.json"));
    let fixed = ["wiring", "--contract", &contract, "--plan", &plan, "--report", "json"];
    Cli::new().run(&[&fixed[..], more].concat()).json()
}

fn of<'r>(report: &'r Value, part: &str, check: &str) -> Vec<&'r Value> {
    let all = report[part].as_array().unwrap().iter();
    all.filter(|item| {
        item["check"] == check || item["checks"].as_array().is_some_and(|c| c.contains(&json!(check)))
    })
    .collect()
}

/// Twenty services of one form, thirteen of which inject a secret; nothing of their containers is in the plan.
#[test]
fn the_source_answers_what_only_apply_will_tell() {
    let alone = report(&[]);
    assert_eq!(of(&alone, "findings", "SW406").len(), 0);
    assert!(!of(&alone, "not_checked", "SW406").is_empty());

    let source = services().display().to_string();
    let whole = report(&["--source", &source]);
    for check in ["SW401", "SW403", "SW404", "SW405", "SW406", "SW407", "SW409", "SW411"] {
        assert_eq!(of(&whole, "not_checked", check), Vec::<&Value>::new(), "{check}");
    }
    assert_eq!(of(&whole, "findings", "SW406").len(), 13);
    // `stock` reads everything, and `users` carries a password in clear.
    let wide = of(&whole, "findings", "SW404");
    assert!(wide.iter().any(|f| f["message"].as_str().unwrap().contains("stock")), "{wide:#?}");
    let literal = of(&whole, "findings", "SW407");
    assert_eq!(literal.len(), 1, "{literal:#?}");
    let message = literal[0]["message"].as_str().unwrap();
    assert!(message.contains("SESSION_SECRET") && message.contains("ses_smtp_password_v4"), "{message}");
}

#[test]
fn every_finding_names_the_line_that_a_person_can_change() {
    let source = services().display().to_string();
    let whole = report(&["--source", &source]);
    let findings = whole["findings"].as_array().unwrap();
    assert!(findings.len() > 20);
    for finding in findings {
        let origin = &finding["origin"];
        let file = origin["artifact"].as_str().unwrap();
        assert!(file.ends_with(".tf"), "{finding:#}");
        let line = usize::try_from(origin["line"].as_u64().unwrap()).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        let written = text.lines().nth(line - 1).unwrap();
        let begins = ["resource ", "data "].iter().any(|word| written.starts_with(word));
        assert!(begins || written.contains("Statement"), "{file}:{line}: {written}");
    }
}

#[test]
fn a_directory_without_the_source_is_said() {
    let cli = Cli::new();
    let plan = services().join("plan.json").display().to_string();
    cli.write("empty/readme.txt", "");
    cli.run(&["wiring", "--plan", &plan, "--source", "empty"]).error(&["empty", "no Terraform source"]);
    cli.run(&["wiring", "--plan", &plan, "--source", "nowhere"]).error(&["nowhere"]);
    cli.write("broken/main.tf", "resource \"aws_iam_role\" {\n  Hunter2 = = 3\n}\n");
    let broken = cli.run(&["wiring", "--plan", &plan, "--source", "broken"]);
    broken.error(&["broken/main.tf", "not HCL"]);
    assert!(!broken.stderr.contains("Hunter2"));
    cli.write("other/main.tf", "resource \"aws_iam_role\" \"else\" {\n  name = \"x\"\n}\n");
    let other = cli.run(&["wiring", "--plan", &plan, "--source", "other", "--report", "json"]).json();
    assert!(other["not_checked"].to_string().contains("no source directory holds a resource of this plan"));
}

/// CDKTF writes the JSON form of the language, and a plan of it has raw templates beside references.
#[test]
fn the_json_form_of_the_language_is_read() {
    let cli = Cli::new();
    let trust = r#"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ecs-tasks.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}"#;
    cli.write(
        "cdk/cdk.tf.json",
        format!(
            r#"{{"//": {{}}, "resource": {{
              "aws_iam_role": {{"app": {{"name_prefix": "app-", "assume_role_policy": "{trust}"}}}},
              "aws_ecs_task_definition": {{"app": {{"family": "app", "task_role_arn": "${{aws_iam_role.app.arn}}",
                "container_definitions": "${{jsonencode([{{\"name\" = \"c\", \"image\" = \"i\", \"secrets\" = [{{\"name\" = \"A\", \"valueFrom\" = aws_ssm_parameter.a.arn}}]}}])}}"}}}},
              "aws_ssm_parameter": {{"a": {{"name": "/app/a", "type": "SecureString"}}}}}}}}"#
        ),
    );
    let resource = |kind: &str, name: &str, after: Value, unknown: Value| {
        json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
               "change": {"actions": ["create"], "after": after, "after_unknown": unknown}})
    };
    let written = |kind: &str, name: &str, expressions: Value| json!({"address": format!("{kind}.{name}"), "type": kind, "name": name, "expressions": expressions});
    let raw = json!({"constant_value": "${aws_iam_role.app.arn}", "references": ["aws_iam_role.app.arn", "aws_iam_role.app"]});
    let plan = json!({"format_version": "1.2", "resource_changes": [
        resource("aws_iam_role", "app", json!({"path": "/"}), json!({"name": true, "arn": true, "assume_role_policy": true})),
        resource("aws_ecs_task_definition", "app", json!({"family": "app"}),
            json!({"task_role_arn": true, "container_definitions": true})),
        resource("aws_ssm_parameter", "a", json!({"name": "/app/a", "type": "SecureString"}), json!({"arn": true})),
    ], "configuration": {"root_module": {"resources": [
        written("aws_ecs_task_definition", "app", json!({"task_role_arn": raw,
            "container_definitions": {"references": ["aws_ssm_parameter.a.arn", "aws_ssm_parameter.a"]}})),
        written("aws_iam_role", "app", json!({"assume_role_policy": {"constant_value": "x"}})),
    ]}}});
    cli.write("plan.json", plan.to_string());
    cli.write(
        "seaworthy.toml",
        "version = 1\n[[roles]]\nhandle = \"app\"\nrole = \"task:app\"\n[[tasks]]\nfamily = \"app\"\nrole = \"app\"\n",
    );
    let alone = cli.run(&["wiring", "--plan", "plan.json", "--report", "json"]).json();
    // The role is linked by the reference, not by the raw template.
    assert!(!alone.to_string().contains("${aws_iam_role"), "{alone:#}");
    let whole = cli.run(&["wiring", "--plan", "plan.json", "--source", "cdk", "--report", "json"]).json();
    let injected = of(&whole, "findings", "SW406");
    assert_eq!(injected.len(), 1, "{whole:#}");
    assert!(injected[0]["origin"]["artifact"].as_str().unwrap().ends_with("cdk.tf.json"));
    assert!(injected[0]["message"].as_str().unwrap().contains("/app/a"));
    // What stands for an account or region that nobody knows is not shown.
    assert!(!whole.to_string().contains("000000000000") && !whole.to_string().contains("region-unknown"));
}

/// Two hundred roles whose policies were written anew, one of which allows more.
#[test]
fn two_hundred_roles_are_compared() {
    let role = |index: usize, wider: bool, split: bool| {
        let table = |name: &str| format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{name}-{index}");
        let read = |resource: &str| json!({"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": resource});
        let mut statements = vec![
            json!({"Effect": "Allow", "Action": ["sqs:*"], "Resource": format!("arn:aws:sqs:*:*:q-{index}")}),
            json!({"Effect": "Deny", "Action": "sqs:Delete*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
                   "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}}}),
        ];
        if split {
            statements.extend([read(&table("a")), read(&table("b"))]);
        } else {
            statements.push(json!({"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"],
                "Resource": [table("a"), table("b")]}));
        }
        if wider {
            statements.push(read("arn:aws:dynamodb:*:*:table/*"));
        }
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let place =
            json!({"source": 0, "address": format!("aws_iam_role.r{index}"), "pointer": null, "line": null});
        json!({"value": {"name": [{"literal": format!("r{index}")}], "arn": format!("arn:aws:iam::111122223333:role/r{index}"),
            "place": place, "trust": "absent", "policies": [{"source": "inline", "name": [{"literal": "p"}],
            "document": {"value": {"text": text, "place": place}}}], "policies_gap": null, "boundary": "absent"}})
    };
    let snapshot = |wider: usize, split: bool| {
        let roles: serde_json::Map<String, Value> =
            (0..200).map(|i| (format!("r{i}"), role(i, i == wider, split))).collect();
        json!({"schema": "seaworthy/snapshot/v1", "partition": "aws", "account": "111122223333", "region": "eu-west-1",
            "sources": [{"kind": "plan", "name": "plan.json", "digest": null, "tool": null}], "roles": roles,
            "parameters": {}, "secrets": {}, "tasks": {}, "repositories": {}, "keys": {}, "gaps": []})
    };
    let cli = Cli::new();
    cli.write("seaworthy.toml", "version = 1\n[[roles]]\nhandle = \"r\"\nrole = \"r0\"\n");
    cli.write("before.json", snapshot(1_000, false).to_string());
    cli.write("same.json", snapshot(1_000, true).to_string());
    cli.write("wider.json", snapshot(77, true).to_string());
    let ask = |name: &str| {
        let start = Instant::now();
        let answer = cli.run(&["wiring", "--snapshot", name, "--against", "before.json", "--report", "json"]);
        (answer.json(), start.elapsed())
    };
    let (same, took) = ask("same.json");
    assert_eq!(of(&same, "findings", "SW413"), Vec::<&Value>::new());
    assert_eq!(of(&same, "not_checked", "SW413"), Vec::<&Value>::new());
    println!("200 roles against a snapshot: {took:?}");
    let (wider, _) = ask("wider.json");
    let found = of(&wider, "findings", "SW413");
    assert_eq!(found.len(), 1, "{found:#?}");
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("r77 is newly allowed") && message.contains("dynamodb:"), "{message}");
}
