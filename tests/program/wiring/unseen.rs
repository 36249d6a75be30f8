//! What a check cannot look at, taken from sight in a snapshot that passes: each must be said by that check.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, Cli};

const POLICY: &str = "arn:aws:iam::111122223333:role/app-task";

fn case(name: &str) -> (String, Value) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks").join(name);
    let contract = std::fs::read_to_string(directory.join("seaworthy.toml")).unwrap();
    let snapshot = std::fs::read_to_string(directory.join("snapshot.json")).unwrap();
    (contract, serde_json::from_str(&snapshot).unwrap())
}

fn judged(contract: &str, snapshot: &Value) -> Answer {
    let cli = Cli::new();
    cli.write("seaworthy.toml", contract);
    cli.write("s.json", snapshot.to_string());
    cli.run(&["wiring", "--snapshot", "s.json", "--report", "json"])
}

fn status(answer: &Answer, id: &str) -> String {
    let report = answer.json();
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|c| c["id"] == id).unwrap()["status"].as_str().unwrap().to_owned()
}

fn hidden() -> Value {
    json!({"not_seen": {"reason": "hidden", "call": null, "permission": null}})
}

fn place() -> Value {
    json!({"source": 0, "address": "x", "pointer": null, "line": null})
}

fn document(statements: Value) -> Value {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    json!({"value": {"text": text, "place": place()}})
}

/// A role that EC2 may give to instances, which may join a cluster and has one more statement.
fn instance(more: Value) -> Value {
    let trust = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]);
    let joins = json!({"Effect": "Allow", "Action": "ecs:RegisterContainerInstance", "Resource": "*"});
    let own = document(json!([joins, more]));
    json!({"value": {"name": [{"literal": "host"}], "arn": "arn:aws:iam::111122223333:role/host", "place": place(),
        "trust": document(trust), "policies": [{"source": "inline", "name": [{"literal": "p"}], "document": own}],
        "policies_gap": null, "boundary": "absent"}})
}

#[test]
fn the_role_of_instances_is_undecided_where_a_part_of_it_is() {
    let (contract, mut whole) = case("SW412/pass/injected");
    whole["tasks"]["app"]["value"]["compatibilities"] = json!(["EC2"]);
    let reads = json!({"Effect": "Allow", "Action": "ssm:GetParameter",
        "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/other"});
    let writes = json!({"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"});
    let with = |host: Value, pointer: &str, value: Value| {
        let mut out = whole.clone();
        out["roles"]["host"] = host;
        if !pointer.is_empty() {
            *out.pointer_mut(&format!("/roles/host/value/{pointer}")).unwrap() = value;
        }
        status(&judged(&contract, &out), "SW411")
    };
    let none = Value::Null;
    assert_eq!(with(instance(writes.clone()), "", none.clone()), "pass");
    assert_eq!(with(instance(reads.clone()), "", none), "fail");
    assert_eq!(with(instance(writes.clone()), "trust", hidden()), "not-checked");
    assert_eq!(with(instance(writes.clone()), "policies/0/document", hidden()), "not-checked");
    assert_eq!(with(instance(writes), "policies_gap", hidden()["not_seen"].clone()), "not-checked");
    assert_eq!(with(instance(reads.clone()), "boundary", hidden()), "not-checked");
    let mut asks = reads;
    asks["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    assert_eq!(with(instance(asks), "", Value::Null), "not-checked");
    let mut unseen = whole.clone();
    unseen["roles"]["host"] = hidden();
    assert_eq!(status(&judged(&contract, &unseen), "SW411"), "not-checked");
}

/// A role whose trust policy lets this one in by name, and what it may do.
fn entered(number: usize, own: Value) -> Value {
    let trust = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": POLICY}}]);
    let name = format!("other-{number}");
    json!({"value": {"name": [{"literal": name}], "arn": format!("arn:aws:iam::111122223333:role/{name}"),
        "place": place(), "trust": document(trust), "policies": [{"source": "inline", "name": [{"literal": "p"}],
        "document": own}], "policies_gap": null, "boundary": "absent"}})
}

#[test]
fn what_a_role_writes_as_another_is_undecided_where_that_was_not_seen() {
    let (contract, whole) = case("SW416/pass/reads-alone");
    let writes = document(json!([{"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "*"}]));
    let logs = document(json!([{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]));
    let with = |roles: Vec<Value>| {
        let mut out = whole.clone();
        for (number, role) in roles.into_iter().enumerate() {
            out["roles"][format!("other-{number}")] = role;
        }
        judged(&contract, &out)
    };
    assert_eq!(status(&with(vec![entered(0, logs.clone())]), "SW416"), "pass");
    assert_eq!(status(&with(vec![entered(0, writes.clone())]), "SW416"), "fail");
    assert_eq!(status(&with(vec![entered(0, hidden())]), "SW416"), "not-checked");
    let mut bound = entered(0, writes.clone());
    bound["value"]["boundary"] = hidden();
    assert_eq!(status(&with(vec![bound]), "SW416"), "not-checked");
    let mut trusting = entered(0, writes.clone());
    trusting["value"]["trust"] = hidden();
    assert_eq!(status(&with(vec![trusting]), "SW416"), "not-checked");
    let mut gap = entered(0, logs.clone());
    gap["value"]["policies_gap"] = hidden()["not_seen"].clone();
    assert_eq!(status(&with(vec![gap]), "SW416"), "not-checked");
    // So many roles are looked at, and no more; that one of them writes is a finding all the same.
    let many = |last: &Value| {
        (0..501).map(|n| entered(n, if n == 0 { last.clone() } else { logs.clone() })).collect()
    };
    let answer = with(many(&logs));
    assert_eq!(status(&answer, "SW416"), "not-checked");
    assert!(answer.stdout.contains("more than 500 roles"), "{}", answer.stdout);
    assert_eq!(status(&with(many(&writes)), "SW416"), "fail");
}

#[test]
fn a_denied_resource_whose_policy_nobody_saw_is_not_checked() {
    let (contract, whole) = case("SW412/pass/injected");
    let denied = |actions: &str, resource: &str| {
        let entry = format!(
            "requires = [\"DB_PASSWORD\", \"API_KEY\"]\n\n[[roles.denied]]\nactions = [\"{actions}\"]\n\
             resources = [\"{resource}\"]\nreason = \"never to be allowed\"\n"
        );
        contract.replace("requires = [\"DB_PASSWORD\", \"API_KEY\"]\n", &entry)
    };
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/api-AbCdEf";
    let other = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:other-??????";
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    let put = "secretsmanager:PutSecretValue";
    let asked = |contract: &str, snapshot: &Value| status(&judged(contract, snapshot), "SW414");
    let mut unseen = whole.clone();
    unseen["secrets"]["app/api"]["value"]["policy"] = hidden();
    assert_eq!(asked(&denied(put, secret), &whole), "pass");
    assert_eq!(asked(&denied(put, secret), &unseen), "not-checked");
    assert_eq!(asked(&denied("secretsmanager:*", "*"), &unseen), "fail");
    // An entry about another service asks no secret.
    assert_eq!(asked(&denied("dynamodb:*", "*"), &unseen), "pass");
    assert_eq!(asked(&denied(put, other), &whole), "not-checked");
    unseen["secrets"]["app/api"] = hidden();
    assert_eq!(asked(&denied(put, secret), &unseen), "not-checked");
    // Keys.
    assert_eq!(asked(&denied("kms:Decrypt", key), &whole), "not-checked");
    let with = |policy: Value| {
        let mut out = whole.clone();
        out["keys"]["1"] = json!({"value": {"arn": [{"literal": key}], "aliases": [], "place": place(),
            "aws_managed": false, "policy": policy}});
        asked(&denied("kms:Decrypt", key), &out)
    };
    let lets = |who: &str| {
        document(json!([{"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": who}}]))
    };
    assert_eq!(with(hidden()), "not-checked");
    assert_eq!(with(lets("arn:aws:iam::111122223333:role/other")), "pass");
    assert_eq!(with(lets(POLICY)), "fail");
}

#[test]
fn a_secret_is_injected_from_the_account_and_region_that_the_contract_means() {
    let (contract, whole) = case("SW412/pass/injected");
    let asked = |contract: &str, name: &str, from: &str| {
        let mut out = whole.clone();
        let reference = &mut out["tasks"]["app"]["value"]["references"][0];
        (reference["name"], reference["value_from"]) = (json!(name), json!([{"literal": from}]));
        status(&judged(contract, &out), "SW412")
    };
    let parameter = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db";
    for (from, wanted) in [
        (parameter, "pass"),
        ("/app/db", "pass"),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/app/db:3", "pass"),
        ("arn:aws:ssm:us-east-1:111122223333:parameter/app/db", "fail"),
        ("arn:aws:ssm:eu-west-1:444455556666:parameter/app/db", "fail"),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/app/db2", "fail"),
        ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-AbCdEf", "fail"),
    ] {
        assert_eq!(asked(&contract, "DB_PASSWORD", from), wanted, "{from}");
    }
    // By ARN the contract may mean another account.
    let elsewhere =
        contract.replace("\"/app/db\"", "\"arn:aws:ssm:eu-west-1:444455556666:parameter/app/db\"");
    for (from, wanted) in [
        ("arn:aws:ssm:eu-west-1:444455556666:parameter/app/db", "pass"),
        (parameter, "fail"),
        ("/app/db", "fail"),
    ] {
        assert_eq!(asked(&elsewhere, "DB_PASSWORD", from), wanted, "{from}");
    }
    let secret = contract.replace("injects = [\"DB_PASSWORD\"]", "injects = [\"API_KEY\"]");
    let start = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/api";
    for (from, wanted) in [
        (format!("{start}-AbCdEf"), "pass"),
        (format!("{start}-AbCdEf:password::"), "pass"),
        (start.to_owned(), "pass"),
        (format!("{start}2-AbCdEf"), "fail"),
        (start.replace("eu-west-1", "us-east-1"), "fail"),
    ] {
        assert_eq!(asked(&secret, "API_KEY", &from), wanted, "{from}");
    }
}

#[test]
fn without_a_task_nothing_is_said_of_what_tasks_inject() {
    let (contract, mut whole) = case("SW412/pass/injected");
    whole["tasks"] = json!({});
    assert_eq!(status(&judged(&contract, &whole), "SW412"), "not-checked");
    // Roles alone ask for no task.
    let roles = contract.split("[[tasks]]").next().unwrap();
    assert_eq!(status(&judged(roles, &whole), "SW412"), "not-requested");
}

#[test]
fn commands_that_nobody_saw_are_not_checked() {
    let (contract, mut whole) = case("SW412/pass/injected");
    // A saved snapshot keeps no commands, and is not asked.
    assert_eq!(status(&judged(&contract, &whole), "SW408"), "not-requested");
    whole["tasks"]["app"]["value"]["containers"] = hidden();
    assert_eq!(status(&judged(&contract, &whole), "SW408"), "not-checked");
    whole["tasks"] = json!({});
    assert_eq!(status(&judged(&contract, &whole), "SW408"), "not-checked");
}
