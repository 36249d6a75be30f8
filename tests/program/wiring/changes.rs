//! What is new against a snapshot of before: policies where none was, and tags that are not what they were.

use serde_json::{Value, json};

use crate::support::Cli;

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf";

fn place(address: &str) -> Value {
    json!({"source": 0, "address": address, "pointer": null, "line": null})
}

fn document(statement: Value) -> Value {
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    json!({"value": {"text": text, "place": place("x")}})
}

fn trust() -> Value {
    document(json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"}}))
}

/// What a secret's policy lets in: another account.
fn shared() -> Value {
    document(json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"}}))
}

/// A snapshot of one role with one policy, and of one secret.
fn snapshot(change: impl Fn(&mut Value)) -> Value {
    let own = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:q"});
    let role = json!({"value": {"name": [{"literal": "app"}], "arn": "arn:aws:iam::111122223333:role/app",
        "place": place("aws_iam_role.app"), "trust": trust(), "policies_gap": null, "boundary": "absent",
        "policies": [{"source": "inline", "name": [{"literal": "p"}], "document": document(own)}]}});
    let secret = json!({"value": {"name": "db", "arn": SECRET, "place": place("aws_secretsmanager_secret.db"),
        "planned": false, "key": "absent", "policy": "absent"}});
    let mut out = json!({"schema": "seaworthy/snapshot/v1", "partition": "aws", "account": "111122223333",
        "region": "eu-west-1", "sources": [{"kind": "plan", "name": "plan.json", "digest": null, "tool": null}],
        "roles": {"app": role}, "parameters": {}, "secrets": {"db": secret}, "tasks": {}, "repositories": {},
        "keys": {}, "gaps": []});
    change(&mut out);
    out
}

/// The messages of SW413's findings, and the reasons of what it did not check.
fn new(before: &Value, now: &Value) -> (Vec<String>, Vec<String>) {
    let cli = Cli::new();
    cli.write("seaworthy.toml", "version = 1\n[[roles]]\nhandle = \"app\"\nrole = \"app\"\n");
    cli.write("before.json", before.to_string());
    cli.write("now.json", now.to_string());
    let answer =
        cli.run(&["wiring", "--snapshot", "now.json", "--against", "before.json", "--report", "json"]);
    let report = answer.json();
    let texts = |part: &str, name: &str| {
        let all = report[part].as_array().unwrap().iter();
        let own = all.filter(|item| {
            item["check"] == "SW413" || item["checks"].as_array().is_some_and(|c| c.contains(&json!("SW413")))
        });
        own.map(|item| format!("{}: {}", item["what"], item[name])).collect()
    };
    (texts("findings", "message"), texts("not_checked", "reason"))
}

#[test]
fn a_policy_where_none_was_is_new() {
    let plain = snapshot(|_| {});
    assert_eq!(new(&plain, &plain), (vec![], vec![]));
    let policy = "/secrets/db/value/policy";
    let put = |policy_now: Value| snapshot(|s| *s.pointer_mut(policy).unwrap() = policy_now.clone());
    let (found, open) = new(&plain, &put(shared()));
    assert!(found.len() == 1 && found[0].contains("the policy of the secret db newly allows"), "{found:?}");
    assert!(found[0].contains("444455556666") && open.is_empty(), "{found:?} {open:?}");
    // The other way round nothing is new; neither is a policy that only denies.
    assert_eq!(new(&put(shared()), &plain), (vec![], vec![]));
    let denies = document(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "*"}));
    assert_eq!(new(&plain, &put(denies)), (vec![], vec![]));
    // A trust policy that was not there.
    let untrusted = snapshot(|s| s["roles"]["app"]["value"]["trust"] = json!("absent"));
    let (found, _) = new(&untrusted, &plain);
    assert!(
        found.len() == 1 && found[0].contains("the trust policy of the role app newly allows"),
        "{found:?}"
    );
}

#[test]
fn what_was_not_seen_before_is_not_checked_and_what_is_new_itself_is_told_by_itself() {
    let now = snapshot(|s| s["secrets"]["db"]["value"]["policy"] = shared());
    let hidden = json!({"not_seen": {"reason": "hidden", "call": null, "permission": null}});
    for pointer in ["/secrets/db/value/policy", "/secrets/db"] {
        let before = snapshot(|s| *s.pointer_mut(pointer).unwrap() = hidden.clone());
        let (found, open) = new(&before, &now);
        assert!(
            found.is_empty() && open.iter().any(|o| o.contains("hidden")),
            "{pointer}: {found:?} {open:?}"
        );
    }
    let unseen = snapshot(|s| s["secrets"]["db"] = hidden.clone());
    let (found, open) = new(&now, &unseen);
    assert!(found.is_empty() && open.iter().any(|o| o.contains("hidden")), "{found:?} {open:?}");
    for before in [snapshot(|s| s["secrets"] = json!({})), snapshot(|s| s["secrets"]["db"] = json!("absent"))]
    {
        assert_eq!(new(&before, &now), (vec![], vec![]));
    }
}

#[test]
fn tags_that_differ_are_told_where_a_policy_asks_for_them() {
    let with = |key: &str, role: Value, secret: Value| {
        let statement = json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET,
            "Condition": {"StringEquals": {key: "orders"}}});
        snapshot(move |s| {
            s["roles"]["app"]["value"]["policies"][0]["document"] = document(statement.clone());
            s["roles"]["app"]["value"]["tags"] = role.clone();
            s["secrets"]["db"]["value"]["tags"] = secret.clone();
        })
    };
    let (orders, other) = (json!({"team": "orders"}), json!({"team": "other"}));
    for key in ["aws:PrincipalTag/team", "secretsmanager:ResourceTag/team"] {
        let before = with(key, other.clone(), other.clone());
        let now = with(key, orders.clone(), orders.clone());
        let (found, open) = new(&before, &now);
        assert!(found.is_empty(), "{found:?}");
        assert!(open.len() == 1 && open[0].contains("other tags than before (team)"), "{key}: {open:?}");
        assert_eq!(new(&now, &now), (vec![], vec![]));
    }
    // Tags that no policy asks for change nothing.
    let untagged = |tags: Value| with("aws:SourceVpc", tags.clone(), tags);
    assert_eq!(new(&untagged(other), &untagged(orders)), (vec![], vec![]));
}
