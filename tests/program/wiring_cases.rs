//! Plans and templates that were once answered wrong, and others of their kinds: each must have the right answer.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Cli;

/// `NAME: [file=INPUT] CHECK=STATUS … [exit=CODE] [read]`
#[test]
fn every_case_has_the_right_answer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wiring-cases");
    let expected = std::fs::read_to_string(root.join("expected.txt")).unwrap();
    let mut wrong = Vec::new();
    let mut directories = 0;
    for line in expected.lines().filter(|line| !line.starts_with('#')) {
        let (name, wanted) = line.split_once(": ").unwrap();
        directories += 1;
        let directory = root.join(name);
        let input = wanted.split(' ').find_map(|word| word.strip_prefix("file="));
        let input =
            input.unwrap_or(if directory.join("plan.json").exists() { "plan.json" } else { "t.yaml" });
        let kind = if input.ends_with(".json") { "--plan" } else { "--template" };
        let (contract, input) = (directory.join("seaworthy.toml"), directory.join(input));
        let (contract, input) = (contract.display().to_string(), input.display().to_string());
        let answer = Cli::new().run(&["wiring", "--contract", &contract, kind, &input, "--report", "json"]);
        if !answer.stdout.starts_with('{') {
            wrong.push(format!("{name}: {}", answer.stderr));
            continue;
        }
        let report = answer.json();
        let checks = report["checks"].as_array().unwrap();
        for (what, value) in wanted.split(' ').filter_map(|word| word.split_once('=')) {
            let got = match what {
                "file" => continue,
                "exit" => answer.code.to_string(),
                id => checks.iter().find(|c| c["id"] == id).unwrap()["status"].as_str().unwrap().to_owned(),
            };
            if got != value {
                wrong.push(format!("{name}: {what} is {got}, not {value}"));
            }
        }
    }
    let there = std::fs::read_dir(&root).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(there.count(), directories, "a directory is not in expected.txt");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The contract of `more.jsonl`, with what a case adds to the role `app`.
fn contract(case: &Value) -> String {
    let more = case["contract"].as_str().unwrap_or_default();
    let tasks = if case["no_tasks"] == true {
        ""
    } else {
        "[[tasks]]\nfamily = \"app\"\nrole = \"app\"\nexecution_role = \"agent\"\n"
    };
    format!(
        "version = 1\n[aws]\naccount = \"111122223333\"\nregion = \"eu-west-1\"\n[[secrets]]\nhandle = \"DB\"\n\
         parameter = \"/app/prod/db/password\"\nvariables = [\"DB_PASSWORD\"]\n[[roles]]\nhandle = \"app\"\nrole = \"app\"\n\
         requires = [\"DB\"]\n{more}[[roles]]\nhandle = \"agent\"\nrole = \"exec\"\nkind = \"execution\"\n{tasks}"
    )
}

/// A plan of one task, its two roles and its parameter, with what a case changes.
fn plan(case: &Value) -> Value {
    let resource = |kind: &str, name: &str, values: Value, unknown: Value| {
        json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
               "change": {"actions": ["create"], "after": values, "after_unknown": unknown}})
    };
    let document = |statements: &Value| json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let tasks = json!([{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole"}]);
    let managed = |name: &str| format!("arn:aws:iam::111122223333:policy/{name}");
    let role = |name: &str, of: &Value| {
        let trust = document(if of["trust"].is_null() { &tasks } else { &of["trust"] });
        let boundary = (!of["boundary"].is_null()).then(|| managed("boundary"));
        let path = of["path"].as_str().unwrap_or("/");
        let values = json!({"name": name, "path": path, "tags": of["tags"], "permissions_boundary": boundary,
            "assume_role_policy": trust, "arn": format!("arn:aws:iam::111122223333:role{path}{name}")});
        resource("aws_iam_role", name, values, json!({}))
    };
    let mut statements = case["statements"].as_array().cloned().unwrap_or_default();
    if case["read"] != false {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/prod/db/password";
        statements.push(json!({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arn}));
    }
    let policy = document(&Value::Array(statements));
    let none = json!([{"name": "c", "image": "i"}]);
    let containers = if case["containers"].is_null() { &none } else { &case["containers"] };
    let path = case["path"].as_str().unwrap_or("/");
    let arn = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let own = format!("arn:aws:iam::111122223333:role{path}app");
    let task = json!({"family": "app", "task_role_arn": own, "execution_role_arn": arn("exec"),
        "requires_compatibilities": case["compatibilities"], "container_definitions": containers.to_string()});
    let parameter =
        json!({"name": "/app/prod/db/password", "type": "SecureString", "tags": case["parameter_tags"]});
    let agent = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let empty = || json!({});
    let mut resources = vec![
        role("app", case),
        role("exec", &Value::Null),
        resource(
            "aws_iam_role_policy",
            "app",
            json!({"name": "p", "role": "app", "policy": policy}),
            empty(),
        ),
        resource(
            "aws_iam_role_policy_attachment",
            "exec",
            json!({"role": "exec", "policy_arn": agent}),
            empty(),
        ),
        resource("aws_ssm_parameter", "db", parameter, empty()),
        resource("aws_ecs_task_definition", "app", task, empty()),
    ];
    let made = |name: &str, statements: &Value| {
        let values = json!({"name": name, "path": "/", "arn": managed(name), "policy": document(statements)});
        resource("aws_iam_policy", name, values, json!({}))
    };
    if !case["boundary"].is_null() {
        resources.push(made("boundary", &case["boundary"]));
    }
    for (index, statements) in case["managed"].as_array().into_iter().flatten().enumerate() {
        let name = format!("managed-{index}");
        let attached = json!({"role": "app", "policy_arn": managed(&name)});
        resources.push(made(&name, statements));
        resources.push(resource("aws_iam_role_policy_attachment", &name, attached, json!({})));
    }
    for more in case["resources"].as_array().into_iter().flatten() {
        let text = |name: &str| more[name].as_str().unwrap().to_owned();
        let unknown = if more["unknown"].is_null() { empty() } else { more["unknown"].clone() };
        resources.push(resource(&text("type"), &text("name"), more["values"].clone(), unknown));
    }
    json!({"format_version": "1.2", "resource_changes": resources, "configuration": {}})
}

/// Writes the plan, the template or the task definition of a case; the answer is the options that name them.
fn written_sources(cli: &Cli, case: &Value) -> Vec<&'static str> {
    let mut arguments = Vec::new();
    if let Some(yaml) = case["yaml"].as_str() {
        cli.write("t.yaml", yaml);
        arguments.extend(["--template", "t.yaml"]);
    } else if case["template"].is_object() {
        cli.write("t.json", case["template"].to_string());
        arguments.extend(["--template", "t.json"]);
    } else if case["own_sources"] != true {
        let mut plan = plan(case);
        if case["configuration"].is_object() {
            plan["configuration"] = case["configuration"].clone();
        }
        if case["task_definition"].is_object() {
            // The plan has the roles, a deploy action the task.
            let resources = plan["resource_changes"].as_array_mut().unwrap();
            resources.retain(|resource| resource["type"] != "aws_ecs_task_definition");
            cli.write("task.json", case["task_definition"].to_string());
            arguments.extend(["--task-definition", "task.json"]);
        }
        cli.write("plan.json", plan.to_string());
        arguments.extend(["--plan", "plan.json"]);
    }
    if case["before"].is_object() {
        // What was there before, with what the case says otherwise.
        let mut before = case.clone();
        before.as_object_mut().unwrap().extend(case["before"].as_object().unwrap().clone());
        cli.write("before-plan.json", plan(&before).to_string());
        cli.run(&["wiring", "--plan", "before-plan.json", "--save-snapshot", "before.json"]);
        arguments.extend(["--against", "before.json"]);
    }
    if !case["parameters"].is_null() {
        cli.write("parameters.json", case["parameters"].to_string());
        arguments.extend(["--parameters", "parameters.json"]);
    }
    arguments
}

/// Whether a case has the right answer; what is wrong with it else. A case with `question` asks `seaworthy simulate`.
fn fault(case: &Value) -> Option<String> {
    let name = case["name"].as_str().unwrap();
    let cli = Cli::new();
    cli.write(
        "seaworthy.toml",
        case["whole_contract"].as_str().map_or_else(|| contract(case), str::to_owned),
    );
    let question = case["question"].as_array();
    let mut arguments = match question {
        Some(words) => ["simulate"].into_iter().chain(words.iter().filter_map(Value::as_str)).collect(),
        None => vec!["wiring", "--report", "json"],
    };
    for (file, text) in case["files"].as_object().into_iter().flatten() {
        cli.write(file, text.as_str().map_or_else(|| text.to_string(), str::to_owned));
    }
    arguments.extend(case["arguments"].as_array().into_iter().flatten().filter_map(Value::as_str));
    arguments.extend(written_sources(&cli, case));
    let answer = cli.run(&arguments);
    if question.is_some() {
        let got = format!("exit={}", answer.code);
        let wrong = || format!("{name}: {got}\n{}{}", answer.stdout, answer.stderr);
        return (case["want"] != got).then(wrong);
    }
    if !answer.stdout.starts_with('{') {
        return Some(format!("{name}: {}", answer.stderr));
    }
    let report = answer.json();
    let checks = report["checks"].as_array().unwrap();
    let wrong = case["want"].as_str().unwrap().split(' ').find_map(|wanted| {
        let (what, value) = wanted.split_once('=').unwrap();
        let got = match what.trim_end_matches('!') {
            "exit" => answer.code.to_string(),
            id => checks.iter().find(|c| c["id"] == id).unwrap()["status"].as_str().unwrap().to_owned(),
        };
        ((got == value) == what.ends_with('!')).then(|| format!("{name}: {what} is {got}, not {value}"))
    })?;
    Some(format!("{wrong}\n{}\n{}", report["findings"], report["not_checked"]))
}

fn cases(file: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wiring-cases").join(file);
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// More cases, a line each: what is wrong or right about a plan, a template or a task definition, and the answer. `fp`
/// was or would be a false pass, `fa` a false alarm, `mf` a missing answer, `q` is a question that nobody can answer.
#[test]
fn more_cases_have_the_right_answer() {
    let wrong: Vec<String> = cases("more.jsonl").iter().filter_map(fault).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What changed against a snapshot, each way with its opposite: statements that were split, moved, narrowed or widened,
/// conditions of every operator, boundaries, denies, trust policies.
#[test]
fn what_is_new_is_told_and_what_is_not_is_not() {
    let wrong: Vec<String> = cases("changes.jsonl").iter().filter_map(fault).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Roles that may be passed or assumed under a limit, conditions and variables on reading, what the contract denies, and
/// what templates, task definitions, secrets and other partitions say of them.
#[test]
fn limits_are_taken_as_they_are() {
    let wrong: Vec<String> = cases("limits.jsonl").iter().filter_map(fault).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What a platform team has: half of it right, half wrong in one way. The cases are many: two tests share them.
fn platform_cases_are_answered_right(part: usize) {
    let all = cases("platform.jsonl");
    let names: BTreeSet<&str> = all.iter().map(|case| case["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), all.len(), "a name occurs twice");
    let wrong: Vec<String> = all.iter().skip(part).step_by(2).filter_map(fault).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_a_platform_team_has_is_answered_right() {
    platform_cases_are_answered_right(0);
}

#[test]
fn what_else_a_platform_team_has_is_answered_right() {
    platform_cases_are_answered_right(1);
}

/// Others of the kinds of the directories, three and more of each.
#[test]
fn every_kind_has_more_cases_with_the_right_answer() {
    let cases = cases("kinds.jsonl");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wiring-cases");
    let directories = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    let kinds = directories.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name());
    for kind in kinds.map(|kind| kind.into_string().unwrap()).filter(|kind| !kind.starts_with("x-")) {
        let own = cases.iter().filter(|case| case["kind"] == kind.as_str());
        assert!(own.count() >= 3, "{kind}");
    }
    let wrong: Vec<String> = cases.iter().filter_map(fault).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
