//! The Terraform source where it is not known in full: blocks made by loops, override files, values that are too large,
//! sensitive variables.

use serde_json::{Value, json};

use crate::support::{Answer, Cli};

const CONTRACT: &str = "version = 1\n[aws]\naccount = \"111122223333\"\nregion = \"eu-west-1\"\n\
    [[secrets]]\nhandle = \"DB\"\nparameter = \"/app/db\"\n\
    [[roles]]\nhandle = \"app\"\nrole = \"app\"\nrequires = [\"DB\"]\n";

const READS: &str = "statement {\n    actions   = [\"ssm:GetParameter\"]\n    \
    resources = [\"arn:aws:ssm:eu-west-1:111122223333:parameter/app/db\"]\n  }\n";

fn resource(address: &str, after: Value, unknown: Value) -> Value {
    let (mode, local) = address.strip_prefix("data.").map_or(("managed", address), |local| ("data", local));
    let (kind, name) = local.split_once('.').unwrap();
    json!({"address": address, "mode": mode, "type": kind, "name": name,
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown}})
}

/// A plan of a role whose only policy is known after apply, and what more resources there are.
fn plan(more: &[Value]) -> Value {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]});
    let role = json!({"name": "app", "path": "/", "assume_role_policy": trust.to_string(), "inline_policy": [],
        "managed_policy_arns": [], "permissions_boundary": null});
    let own =
        resource("aws_iam_role_policy.own", json!({"name": "own", "role": "app"}), json!({"policy": true}));
    let parameter =
        resource("aws_ssm_parameter.db", json!({"name": "/app/db", "type": "SecureString"}), json!({}));
    let mut all = vec![resource("aws_iam_role.app", role, json!({})), own, parameter];
    all.extend(more.iter().cloned());
    json!({"format_version": "1.2", "planned_values": {"root_module": {}}, "resource_changes": all,
        "configuration": {"root_module": {"resources": [
            {"address": "aws_iam_role_policy.own", "mode": "managed", "type": "aws_iam_role_policy", "name": "own",
             "expressions": {"policy": {"references": ["data.aws_iam_policy_document.own.json",
                "data.aws_iam_policy_document.own"]}}}],
            "variables": {"password": {"sensitive": true, "default": "Hunter2-Hunter2"}}}}})
}

fn judged(plan: &Value, files: &[(&str, String)], more: &[&str]) -> (Cli, Answer) {
    let cli = Cli::new();
    cli.write("seaworthy.toml", CONTRACT);
    cli.write("plan.json", plan.to_string());
    for (name, text) in files {
        cli.write(&format!("src/{name}"), text.as_str());
    }
    let fixed = ["wiring", "--plan", "plan.json", "--source", "src", "--report", "json", "--fail-on", "low"];
    let answer = cli.run(&[&fixed[..], more].concat());
    (cli, answer)
}

/// The exit code of a policy document of these blocks.
fn of_document(blocks: &str) -> (i32, String) {
    let data =
        resource("data.aws_iam_policy_document.own", json!({}), json!({"json": true, "statement": true}));
    let (_, answer) = judged(&plan(&[data]), &[("main.tf", source(blocks))], &[]);
    (answer.code, answer.stdout)
}

fn source(blocks: &str) -> String {
    format!(
        "resource \"aws_iam_role\" \"app\" {{\n  name = \"app\"\n}}\n\
         data \"aws_iam_policy_document\" \"own\" {{\n  {blocks}}}\n\
         resource \"aws_iam_role_policy\" \"own\" {{\n  policy = data.aws_iam_policy_document.own.json\n}}\n"
    )
}

#[test]
fn a_document_with_blocks_that_are_not_known_is_not_known() {
    let (code, report) = of_document(READS);
    assert_eq!(code, 0, "{report}");
    let dynamic = |each: &str| {
        let content = READS.strip_prefix("statement ").unwrap();
        format!("{READS}  dynamic \"statement\" {{\n    for_each = {each}\n    content {content}  }}\n")
    };
    let (code, report) = of_document(&dynamic("[1, 2]"));
    assert_eq!(code, 0, "{report}");
    let (code, report) = of_document(&dynamic("aws_vpc.main.tags_all"));
    assert_eq!(code, 2, "{report}");
    assert!(report.contains("policy own of the role app"), "{report}");
}

#[test]
fn a_document_that_an_override_changes_is_not_known_and_its_lines_are_the_overrides() {
    let data =
        resource("data.aws_iam_policy_document.own", json!({}), json!({"json": true, "statement": true}));
    let wide = READS.replace("parameter/app/db", "parameter/*");
    let changed = format!("\n\ndata \"aws_iam_policy_document\" \"own\" {{\n  {wide}}}\n");
    let files = [("main.tf", source(READS)), ("more_override.tf", changed)];
    let (_, answer) = judged(&plan(&[data]), &files, &[]);
    assert_eq!(answer.code, 2, "{}", answer.stdout);
    // Where the plan knows the document, its statements are told of by the file that carries them.
    let text =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter",
        "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/*"}]})
        .to_string();
    let mut known = plan(&[resource("data.aws_iam_policy_document.own", json!({"json": text}), json!({}))]);
    known["resource_changes"][1]["change"]["after"]["policy"] = json!(text);
    known["resource_changes"][1]["change"]["after_unknown"] = json!({});
    let (_, answer) = judged(&known, &files, &[]);
    let report = answer.json();
    let findings = report["findings"].as_array().unwrap();
    let wide = findings.iter().find(|f| f["check"] == "SW404").unwrap();
    assert!(wide["origin"]["artifact"].as_str().unwrap().ends_with("more_override.tf"), "{wide:#}");
    assert_eq!(wide["origin"]["line"], 4, "{wide:#}");
}

#[test]
fn keys_in_parentheses_are_worked_out() {
    let policy = |key: &str| {
        format!(
            "locals {{\n  Resource = \"NotResource\"\n}}\nresource \"aws_iam_role\" \"app\" {{\n  name = \"app\"\n}}\n\
             resource \"aws_iam_role_policy\" \"own\" {{\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    \
             Statement = [for Resource in [\"NotResource\"] : {{\n      Effect = \"Allow\"\n      \
             Action = \"ssm:GetParameter\"\n      {key} = \
             \"arn:aws:ssm:eu-west-1:111122223333:parameter/app/db\"\n    }}]\n  }})\n}}\n"
        )
    };
    for (key, wanted) in [("Resource", 0), ("(Resource)", 1)] {
        let (_, answer) = judged(&plan(&[]), &[("main.tf", policy(key))], &[]);
        assert_eq!(answer.code, wanted, "{key}: {}", answer.stdout);
    }
}

/// Functions that were not known, `try` and `can`, defaults of optional members: each way to write the policy that reads
/// just what it requires, and the same with a wider end.
#[test]
fn policies_are_worked_out_through_functions() {
    const OWN: &str = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db";
    let before = "variable \"readers\" {\n  type = map(object({\n    arn = string\n    \
        actions = optional(list(string), [\"ssm:GetParameter\"])\n    path = optional(string)\n  }))\n  \
        default = { app = { arn = \"OWN\", extra = \"x\" } }\n}\n\
        locals {\n  own = aws_ssm_parameter.db.arn\n  by = { db = local.own }\n  \
        filled = \"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\
        \\\"Action\\\":\\\"ssm:GetParameter\\\",\\\"Resource\\\":\\\"$${arn}\\\"}]}\"\n}\n\
        resource \"aws_iam_role\" \"app\" {\n  name = \"app\"\n}\n";
    let code = |policy: &str| {
        let text = format!("{before}resource \"aws_iam_role_policy\" \"own\" {{\n  policy = {policy}\n}}\n");
        let (_, answer) = judged(&plan(&[]), &[("main.tf", text.replace("OWN", OWN))], &[]);
        (answer.code, answer.stdout)
    };
    let statement = |action: &str, resource: &str| {
        format!(
            "jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Action = {action}, \
             Resource = {resource} }}] }})"
        )
    };
    let get = "\"ssm:GetParameter\"";
    let resources = [
        ("try(local.by[\"none\"], local.own)", "try(local.by[\"none\"], \"*\")"),
        ("can(local.by.none.more) ? \"*\" : local.own", "can(local.by.db) ? \"*\" : local.own"),
        ("formatlist(\"%s\", [local.own])", "formatlist(\"%s*\", [local.own])"),
        ("slice([local.own, \"*\"], 0, 1)", "slice([local.own, \"*\"], 0, 2)"),
        ("[for i in range(1) : [local.own][i]]", "[for i in range(2) : [local.own, \"*\"][i]]"),
        (
            "[for p in setproduct([\"/app/\"], [\"db\"]) : replace(local.own, \"/app/db\", join(\"\", p))]",
            "[for p in setproduct([\"/app/\"], [\"*\"]) : replace(local.own, \"/app/db\", join(\"\", p))]",
        ),
        ("replace(local.own, \"/[/]d.$/\", \"/db\")", "replace(local.own, \"/[/]d.$/\", \"/*\")"),
        ("\"${regex(\"^(.*/)[a-z]+$\", local.own)[0]}db\"", "\"${regex(\"^(.*/)[a-z]+$\", local.own)[0]}*\""),
        ("substr(\"${local.own}*\", 0, length(local.own))", "substr(\"${local.own}*\", 0, -1)"),
        (
            "provider::aws::arn_build(\"aws\", \"ssm\", \"eu-west-1\", \"111122223333\", \"parameter/app/db\")",
            "provider::aws::arn_build(\"aws\", \"ssm\", \"*\", \"111122223333\", \"parameter/app/*\")",
        ),
        (
            "\"arn:aws:ssm:eu-west-1:111122223333:${provider::aws::arn_parse(local.own).resource}\"",
            "\"arn:aws:ssm:eu-west-1:111122223333:${provider::aws::arn_parse(local.own).resource}*\"",
        ),
        (
            "[for r in var.readers : try(r.extra, r.arn)]",
            "[for r in var.readers : try(r.path == null, false) ? \"*\" : r.arn]",
        ),
    ];
    let actions = [
        (
            "flatten(values(var.readers)[*].actions)",
            "[for r in var.readers : try(r.extra, \"ssm:DeleteParameter\")]",
        ),
        ("\"ssm:Get${title(\"parameter\")}\"", "\"ssm:*${title(\"parameters\")}\""),
        (
            "[for a in [\"ssm:GetParameter\", \"ssm:PutParameter\"] : a if !strcontains(a, \"Put\")]",
            "[for a in [\"ssm:GetParameter\", \"ssm:PutParameter\"] : a if strcontains(a, \"Param\")]",
        ),
    ];
    let whole = |resource: &str| {
        [
            format!("templatestring(local.filled, {{ arn = {resource} }})"),
            format!("chomp(\"${{templatestring(local.filled, {{ arn = {resource} }})}}\\n\")"),
            format!("indent(2, templatestring(local.filled, {{ arn = {resource} }}))"),
            format!(
                "jsonencode(yamldecode(\"Version: '2012-10-17'\\nStatement:\\n- Effect: Allow\\n  Action: \
                 ssm:GetParameter\\n  Resource: '${{{resource}}}'\\n\"))"
            ),
        ]
    };
    let mut all: Vec<[String; 2]> = Vec::new();
    all.extend(resources.map(|(own, wide)| [statement(get, own), statement(get, wide)]));
    all.extend(actions.map(|(own, wide)| [own, wide].map(|action| statement(action, "local.own"))));
    all.extend(whole("local.own").into_iter().zip(whole("\"${local.own}*\"")).map(|(own, wide)| [own, wide]));
    let mut wrong = Vec::new();
    for (policy, wanted) in all.iter().flat_map(|[own, wide]| [(own, 0), (wide, 1)]) {
        let (got, report) = code(policy);
        if got != wanted {
            wrong.push(format!("{policy}: {got}, not {wanted}: {report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A block `inline_policy` whose text only apply will tell is read in the source, where its name says which it is.
#[test]
fn inline_policies_are_read_in_the_source() {
    let code = |resource: &str| {
        let mut plan = plan(&[]);
        let role = &mut plan["resource_changes"][0]["change"];
        role["after"]["inline_policy"] = json!([{"name": "first"}, {"name": "second"}]);
        role["after_unknown"] = json!({"inline_policy": [{"policy": true}, {"policy": true}]});
        let own = &mut plan["resource_changes"][1]["change"];
        own["actions"] = json!(["no-op"]);
        own["after"]["policy"] = json!("{\"Version\": \"2012-10-17\", \"Statement\": []}");
        own["after_unknown"] = json!({});
        let text = format!(
            "resource \"aws_iam_role\" \"app\" {{\n  name = \"app\"\n  dynamic \"inline_policy\" {{\n    \
             for_each = {{ first = aws_ssm_parameter.db.arn, second = {resource} }}\n    content {{\n      \
             name = inline_policy.key\n      policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ \
             Effect = \"Allow\", Action = \"ssm:GetParameter\", Resource = inline_policy.value }}] }})\n    }}\n  }}\n}}\n"
        );
        let (_, answer) = judged(&plan, &[("main.tf", text)], &[]);
        (answer.code, answer.stdout)
    };
    let (got, report) = code("aws_ssm_parameter.db.arn");
    assert_eq!(got, 0, "{report}");
    let (got, report) = code("\"*\"");
    assert_eq!(got, 1, "{report}");
}

#[test]
fn values_that_grow_without_bound_are_told() {
    let mut locals = "locals {\n  v0 = [\"0123456789abcdef\", \"0123456789abcdef\"]\n".to_owned();
    for at in 1..60 {
        locals.push_str(&format!("  v{at} = [local.v{0}, local.v{0}]\n", at - 1));
    }
    locals.push_str("}\n");
    let files = [("main.tf", source("override_policy_documents = [local.v59]\n")), ("locals.tf", locals)];
    let data =
        resource("data.aws_iam_policy_document.own", json!({}), json!({"json": true, "statement": true}));
    let (_, answer) = judged(&plan(&[data]), &files, &[]);
    assert_eq!(answer.code, 2, "{}", answer.stdout);
    assert!(answer.stdout.contains("too large or too deep to be worked out"), "{}", answer.stdout);
}

#[test]
fn an_override_of_a_module_call_counts() {
    let called = "variable \"path\" {}\nresource \"aws_iam_role_policy\" \"own\" {\n  policy = jsonencode({\n    \
        Version = \"2012-10-17\"\n    Statement = [{\n      Effect = \"Allow\"\n      Action = \"ssm:GetParameter\"\n      \
        Resource = \"arn:aws:ssm:eu-west-1:111122223333:parameter/${var.path}\"\n    }]\n  })\n}\n";
    let main = "resource \"aws_iam_role\" \"app\" {\n  name = \"app\"\n}\n\
        module \"m\" {\n  source = \"./m\"\n  path = \"app/db\"\n}\n";
    let changed = "module \"m\" {\n  path = \"*\"\n}\n";
    let mut plan = plan(&[]);
    let own = &mut plan["resource_changes"][1];
    (own["address"], own["module_address"]) = (json!("module.m.aws_iam_role_policy.own"), json!("module.m"));
    plan["configuration"] = json!({"root_module": {"module_calls": {"m": {"source": "./m", "module": {
        "variables": {"path": {}}}}}}});
    let files = [("main.tf", main.to_owned()), ("m/main.tf", called.to_owned())];
    let (_, answer) = judged(&plan, &files, &[]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    let overridden = [&files[..], &[("override.tf", changed.to_owned())]].concat();
    let (_, answer) = judged(&plan, &overridden, &[]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
}

#[test]
fn a_sensitive_variables_value_is_kept_nowhere() {
    let policy = "variable \"password\" {\n  default   = \"Hunter2-Hunter2\"\n  sensitive = true\n}\n\
        resource \"aws_iam_role\" \"app\" {\n  name = \"app\"\n}\n\
        resource \"aws_iam_role_policy\" \"own\" {\n  policy = jsonencode({\n    Version = \"2012-10-17\"\n    \
        Statement = [{\n      Effect = \"Allow\"\n      Action = \"ssm:GetParameter\"\n      \
        Resource = \"arn:aws:ssm:eu-west-1:111122223333:parameter/${var.password}\"\n    }]\n  })\n}\n";
    let mut known = plan(&[]);
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter",
        "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/Hunter2-Hunter2"}]});
    let change = &mut known["resource_changes"][1]["change"];
    (change["after"]["policy"], change["after_unknown"]) = (json!(text.to_string()), json!({}));
    change["after_sensitive"] = json!({"policy": true});
    for plan in [plan(&[]), known] {
        let files = [("main.tf", policy.to_owned())];
        let (cli, answer) = judged(&plan, &files, &["--save-snapshot", "kept.json"]);
        assert!(!answer.stdout.contains("Hunter2"), "{}", answer.stdout);
        let kept = cli.read_json("kept.json").to_string();
        assert!(!kept.contains("Hunter2") && kept.contains("unknown:var.password"), "{kept}");
    }
}

#[test]
fn what_starts_a_task_and_is_not_known_is_told() {
    let whole = plan(&[resource(
        "aws_scheduler_schedule.nightly",
        json!({"target": [{"arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/main"}]}),
        json!({}),
    )]);
    let told = |plan: &Value| {
        let (_, answer) = judged(plan, &[("main.tf", source(READS))], &[]);
        answer.stdout
    };
    assert!(!told(&whole).contains("it may start tasks with other roles"));
    let start = |kind: &str, after: Value, unknown: Value| plan(&[resource(kind, after, unknown)]);
    let task = json!({"task_definition_arn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/app"});
    for unknown in [
        start("aws_scheduler_schedule.a", json!({}), json!({"target": true})),
        start("aws_pipes_pipe.a", json!({}), json!({"target_parameters": true})),
        start(
            "aws_pipes_pipe.a",
            json!({"target_parameters": [{}]}),
            json!({"target_parameters": [{"ecs_task_parameters": true}]}),
        ),
        start(
            "aws_pipes_pipe.a",
            json!({"target_parameters": [{"ecs_task_parameters": [task]}]}),
            json!({"target_parameters": [{"ecs_task_parameters": [{"overrides": true}]}]}),
        ),
    ] {
        let report = told(&unknown);
        assert!(report.contains("it may start tasks with other roles"), "{unknown:#}: {report}");
    }
}

/// A real plan (Terraform 1.11, AWS provider 5.100) of three tasks made with `for_each`: roles by a local map, policies
/// by a data source, a secret in one branch and an injection in another.
#[test]
fn a_real_plan_is_answered_in_full_with_its_source() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wiring-lanes");
    let path = |name: &str| directory.join(name).display().to_string();
    let (contract, plan, source) = (path("seaworthy.toml"), path("plan.json"), path("src"));
    let fixed = ["wiring", "--contract", &contract, "--plan", &plan, "--report", "json"];
    let without = Cli::new().run(&fixed).json();
    assert!(!without["not_checked"].as_array().unwrap().is_empty());
    let report = Cli::new().run(&[&fixed[..], &["--source", &source]].concat()).json();
    assert_eq!(report["not_checked"], json!([]), "{report}");
    let found: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let origin = &finding["origin"];
            let artifact = origin["artifact"].as_str().unwrap();
            assert!(artifact.ends_with("main.tf") && origin["line"].as_u64().unwrap() > 1, "{finding}");
            format!("{} {}", finding["check"].as_str().unwrap(), origin["path"].as_str().unwrap())
        })
        .collect();
    let expected =
        ["SW406 aws_ecs_task_definition.lane[\"green\"]", "SW407 aws_ecs_task_definition.lane[\"red\"]"];
    assert_eq!(found, expected, "{report}");
}
