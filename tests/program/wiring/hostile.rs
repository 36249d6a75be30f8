//! Policies that are made to be hard: each must have an answer, or be too complex, in bounded time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Cli;

/// Dev builds are many times slower than what is shipped, and other work runs beside them.
const PATIENCE: Duration = Duration::from_secs(120);

fn judged(name: &str, statements: Vec<Value>) -> Value {
    let place = json!({"source": 0, "address": "aws_iam_role.app", "pointer": null, "line": null});
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let role = json!({"value": {"name": [{"literal": "app"}], "arn": "arn:aws:iam::111122223333:role/app",
        "place": place, "trust": "absent", "policies": [{"source": "inline", "name": [{"literal": "p"}],
        "document": {"value": {"text": text, "place": place}}}], "policies_gap": null, "boundary": "absent"}});
    let snapshot = json!({"schema": "seaworthy/snapshot/v1", "partition": "aws", "account": "111122223333",
        "region": "eu-west-1", "sources": [{"kind": "plan", "name": "plan.json", "digest": null, "tool": null}],
        "roles": {"app": role}, "parameters": {}, "secrets": {}, "tasks": {}, "repositories": {}, "keys": {}, "gaps": []});
    let cli = Cli::new();
    cli.write("snapshot.json", snapshot.to_string());
    cli.write(
        "seaworthy.toml",
        "version = 1\n[[secrets]]\nhandle = \"DB\"\nparameter = \"/app/db\"\n[[roles]]\nhandle = \"app\"\nrole = \"app\"\n\
         requires = [\"DB\"]\n[[roles.denied]]\nactions = [\"dynamodb:*\"]\nreason = \"it has no tables\"\n",
    );
    let start = Instant::now();
    let answer =
        cli.run(&["wiring", "--snapshot", "snapshot.json", "--against", "snapshot.json", "--report", "json"]);
    let took = start.elapsed();
    println!("{name}: {took:?}");
    assert!(took < PATIENCE, "{name}: {took:?}");
    answer.json()
}

fn status<'r>(report: &'r Value, id: &str) -> &'r str {
    report["checks"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap()["status"].as_str().unwrap()
}

#[test]
fn ten_thousand_statements_have_an_answer() {
    let one = |i: usize| {
        json!({"Effect": "Allow", "Action": "ssm:GetParameter",
               "Resource": format!("arn:aws:ssm:eu-west-1:111122223333:parameter/app/{i}/db")})
    };
    let report = judged("10,000 statements", (0..10_000).map(one).collect());
    assert_ne!(status(&report, "SW404"), "pass");
    assert_ne!(status(&report, "SW413"), "fail");
    assert_ne!(status(&report, "SW414"), "fail");
}

#[test]
fn patterns_that_overlap_everywhere_have_an_answer_or_are_too_complex() {
    let statement = |effect: &str, i: usize| {
        let letter = char::from(b'a' + u8::try_from(i % 26).unwrap());
        let pattern = format!("*{letter}").repeat(12);
        json!({"Effect": effect, "Action": "ssm:Get*", "Resource": format!("arn:aws:ssm:*:*:parameter/{pattern}*")})
    };
    let mut statements: Vec<Value> = (0..26).map(|i| statement("Deny", i)).collect();
    statements.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let report = judged("26 denies of *a*a*a…", statements);
    for id in ["SW404", "SW411", "SW414"] {
        assert_ne!(status(&report, id), "pass", "{id}");
    }
    let allows: Vec<Value> = (0..26).map(|i| statement("Allow", i)).collect();
    assert_ne!(status(&judged("26 allows of *a*a*a…", allows), "SW404"), "pass");
}
