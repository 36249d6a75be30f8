//! A template that passes, and what may stand in it that only a deploy decides.

use serde_json::{Value, json};

use crate::support::Cli;

const CONTRACT: &str = r#"
version = 1
[aws]
account = "111122223333"
region = "eu-west-1"
[[secrets]]
handle = "DB"
parameter = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db"
[[roles]]
handle = "app"
role = "app-task"
requires = ["DB"]
[[tasks]]
family = "app"
role = "app"
"#;

fn template() -> Value {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let own = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "Db"}}]});
    json!({"Resources": {
        "Db": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "app/db"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "app-task",
            "AssumeRolePolicyDocument": trust, "Policies": [{"PolicyName": "own", "PolicyDocument": own}]}},
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Family": "app",
            "TaskRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "ContainerDefinitions": [{"Name": "main", "Image": "x"}]}},
    }})
}

/// The exit code with `value` put at `pointer`.
fn with(pointer: &str, value: Value) -> (i32, String) {
    let mut all = template();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match all.pointer_mut(parent).unwrap() {
        Value::Array(items) => items.push(value),
        parent => parent[name] = value,
    }
    let cli = Cli::new();
    cli.write("seaworthy.toml", CONTRACT).write("t.json", all.to_string());
    let answer = cli.run(&["wiring", "--template", "t.json", "--report", "json", "--fail-on", "low"]);
    (answer.code, answer.stdout)
}

fn anything() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

#[test]
fn the_template_itself_passes() {
    let (code, report) = with("/Description", json!("as it is"));
    assert_eq!(code, 0, "{report}");
}

#[test]
fn a_macro_may_change_anything() {
    let include = || json!({"Name": "AWS::Include", "Parameters": {"Location": "s3://bucket/x"}});
    for parent in [
        "",
        "/Resources",
        "/Resources/Role",
        "/Resources/Role/Properties",
        "/Resources/Role/Properties/Policies/0/PolicyDocument/Statement/0",
        "/Resources/Task/Properties",
        "/Resources/Task/Properties/ContainerDefinitions/0",
    ] {
        let (code, report) = with(&format!("{parent}/Fn::Transform"), include());
        assert_eq!(code, 2, "{parent}: {report}");
    }
    for kind in [
        "AWS::CloudFormation::Stack",
        "AWS::CloudFormation::StackSet",
        "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
        "Team::Roles::App::MODULE",
    ] {
        let (code, report) = with("/Resources/More", json!({"Type": kind, "Properties": {}}));
        assert_eq!(code, 2, "{kind}: {report}");
    }
}

#[test]
fn what_hangs_on_a_condition_or_a_parameter_is_open() {
    let choice = || json!({"Fn::If": ["C", ["a"], "b"]});
    for (pointer, value) in [
        ("/Resources/Role/Properties/PermissionsBoundary", choice()),
        ("/Resources/Db/Properties/KmsKeyId", choice()),
        ("/Resources/Task/Properties/ContainerDefinitions/0/Environment", json!({"Ref": "P"})),
        ("/Resources/Task/Properties/ContainerDefinitions/0/Environment", json!([{"Ref": "P"}])),
        ("/Resources/Task/Properties/ContainerDefinitions/0/LogConfiguration", json!({"Ref": "P"})),
        ("/Resources/Task/Properties/ContainerDefinitions/-", json!({"Ref": "P"})),
    ] {
        let (code, report) = with(pointer, value.clone());
        assert_eq!(code, 2, "{pointer} {value}: {report}");
    }
}

#[test]
fn names_are_compared_as_iam_does() {
    let policy = |kind: &str, key: &str, role: Value| json!({"Type": kind, "Properties": {"PolicyName": "more", "PolicyDocument": anything(), key: role}});
    for more in [
        policy("AWS::IAM::Policy", "Roles", json!(["APP-Task"])),
        policy("AWS::IAM::ManagedPolicy", "Roles", json!(["APP-Task"])),
        policy("AWS::IAM::RolePolicy", "RoleName", json!("APP-Task")),
    ] {
        let (code, report) = with("/Resources/More", more.clone());
        assert_eq!(code, 1, "{more}: {report}");
    }
    // Which of two roles of one name is there is not known.
    for name in ["Another", "Zebra"] {
        let mut role = template()["Resources"]["Role"].clone();
        role["Properties"]["Policies"][0]["PolicyDocument"] = anything();
        let (code, report) = with(&format!("/Resources/{name}"), role);
        assert_ne!(code, 0, "{name}: {report}");
    }
}

#[test]
fn the_policy_of_a_secret_finds_its_secret() {
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
        "Action": "secretsmanager:*", "Resource": "*"}]});
    for (of, code) in [
        (json!({"Ref": "Db"}), 1),
        (json!("app/db"), 1),
        (json!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-AbCdEf"), 1),
        (json!({"Fn::If": ["C", {"Ref": "Db"}, "x"]}), 2),
        (json!({"Fn::ImportValue": "x"}), 2),
        (json!("other/secret"), 0),
    ] {
        let properties = json!({"SecretId": of, "ResourcePolicy": deny});
        let more = json!({"Type": "AWS::SecretsManager::ResourcePolicy", "Properties": properties});
        let (got, report) = with("/Resources/More", more);
        assert_eq!(got, code, "{of}: {report}");
    }
}

#[test]
fn a_default_decides_a_condition_only_where_no_parameters_are_given() {
    let mut all = template();
    all["Parameters"] = json!({"Env": {"Type": "String", "Default": "prod"}, "Other": {"Type": "String"}});
    all["Conditions"] = json!({"IsTest": {"Fn::Equals": [{"Ref": "Env"}, "test"]}});
    let wide = json!({"PolicyName": "wide", "PolicyDocument": anything()});
    let chosen = json!({"Fn::If": ["IsTest", wide, {"Ref": "AWS::NoValue"}]});
    all["Resources"]["Role"]["Properties"]["Policies"].as_array_mut().unwrap().push(chosen);
    let asked = |given: Option<Value>| {
        let cli = Cli::new();
        cli.write("seaworthy.toml", CONTRACT).write("t.json", all.to_string());
        let mut arguments = vec!["wiring", "--template", "t.json", "--report", "json", "--fail-on", "low"];
        if let Some(given) = given {
            cli.write("p.json", given.to_string());
            arguments.extend(["--parameters", "p.json"]);
        }
        cli.run(&arguments).code
    };
    assert_eq!(asked(None), 0);
    assert_eq!(asked(Some(json!({"Env": "prod"}))), 0);
    assert_eq!(asked(Some(json!({"Env": "test"}))), 1);
    // The stack may have been made with another value.
    assert_ne!(asked(Some(json!({"Other": "x"}))), 0);
}

/// CDK gives roles no names: CloudFormation makes them of the stack's and the logical ID.
#[test]
fn roles_without_a_name_are_found_by_logical_id_and_by_task() {
    let mut all = template();
    let resources = all["Resources"].as_object_mut().unwrap();
    let mut agent = resources["Role"].clone();
    agent["Properties"] = json!({"AssumeRolePolicyDocument": agent["Properties"]["AssumeRolePolicyDocument"],
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]});
    resources["Role"]["Properties"].as_object_mut().unwrap().remove("RoleName");
    resources["Task"]["Properties"]["ExecutionRoleArn"] = json!({"Fn::GetAtt": ["Agent", "Arn"]});
    resources.insert("Agent".to_owned(), agent);
    let agent = |role: &str| {
        format!(
            "execution_role = \"agent\"\n[[roles]]\nhandle = \"agent\"\nrole = \"{role}\"\nkind = \"execution\"\n"
        )
    };
    for (role, execution) in [("Role", "Agent"), ("task:app", "task:app"), ("Role", "task:app")] {
        let contract = CONTRACT.replace("app-task", role) + &agent(execution);
        let cli = Cli::new();
        cli.write("seaworthy.toml", contract).write("t.json", all.to_string());
        let answer = cli.run(&["wiring", "--template", "t.json", "--report", "json", "--fail-on", "low"]);
        assert_eq!(answer.code, 0, "{role} {execution}: {}{}", answer.stdout, answer.stderr);
    }
    let cli = Cli::new();
    let twice = CONTRACT
        .replace("app-task", "task:app")
        .replace("[[tasks]]", "[[roles]]\nhandle = \"b\"\nrole = \"task:app\"\n[[tasks]]");
    cli.write("seaworthy.toml", twice).write("t.json", all.to_string());
    cli.run(&["wiring", "--template", "t.json"]).error(&["used already"]);
}
