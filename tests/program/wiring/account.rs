//! The account itself: a whole one of moto's, and one of ours that answers all questions but one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Account, Answer, Call, Cli, Moto, Reaction, findings, refused_json, refused_xml, xml};

/// Planted by tests/aws/seed.py in every value.
const CANARY: &str = "canary-7f3a-never-to-be-seen";
const DB: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf";

fn cli(endpoint: &str) -> (Cli, [String; 6]) {
    let cli = Cli::new()
        .env("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
        .env("AWS_SECRET_ACCESS_KEY", "no-secret")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    let live = ["wiring", "--live", "--region", "eu-west-1", "--endpoint-url", endpoint];
    (cli, live.map(str::to_owned))
}

fn run(cli: &Cli, live: &[String], more: &[&str]) -> Answer {
    let arguments: Vec<&str> = live.iter().map(String::as_str).chain(more.iter().copied()).collect();
    cli.run(&arguments)
}

/// 50 parameters and one that is gone, 20 roles, 12 tasks.
fn platform() -> String {
    let mut out = "version = 1\n[aws]\naccount = \"123456789012\"\nregion = \"eu-west-1\"\n".to_owned();
    let secret =
        |handle: &str, name: &str| format!("[[secrets]]\nhandle = \"{handle}\"\nparameter = \"{name}\"\n");
    for i in 0..50 {
        out += &secret(&format!("TOKEN_{i:02}"), &format!("/prod/app{i:02}/token"));
    }
    out += &secret("GONE", "/prod/gone");
    for i in 0..20 {
        let requires = if i == 19 { ", \"GONE\"" } else { "" };
        out += &format!(
            "[[roles]]\nhandle = \"r{i:02}\"\nrole = \"app{i:02}\"\nrequires = [\"TOKEN_{i:02}\"{requires}]\n"
        );
    }
    for i in 0..12 {
        out += &format!("[[tasks]]\nfamily = \"app{i:02}\"\nrole = \"r{i:02}\"\n");
    }
    out
}

#[test]
fn a_whole_account_is_judged() {
    let moto = Moto::start();
    moto.seed();
    let (cli, live) = cli(&moto.endpoint);
    cli.write("seaworthy.toml", platform());
    let start = Instant::now();
    let reports = ["--report", "json", "--report", "sarif=s.sarif", "--report", "text=t.txt"];
    let more =
        ["--report", "github=g.txt", "--report", "evidence=e.json", "--save-snapshot", "kept.json", "-vv"];
    let answer = run(&cli, &live, &[&reports[..], &more].concat());
    let seconds = start.elapsed();
    let report = answer.json();
    let calls = &report["artifacts"][0]["tags"];
    println!("{calls} in {:.2} s", seconds.as_secs_f64());
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert_eq!(calls.as_array().unwrap().len(), 1);

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings(&report) {
        *counts.entry(finding["check"].as_str().unwrap()).or_default() += 1;
    }
    let said = |words: &str| {
        let has = |f: &Value| f["message"].as_str().unwrap().contains(words);
        assert!(findings(&report).iter().any(has), "{words}: {}", answer.stdout);
    };
    said("/prod/gone does not exist");
    said("/prod/app00/token is a String");
    said("/prod/app01/token is a StringList");
    said("makes the execution role read arn:aws:ssm:eu-west-1:123456789012:parameter/prod/app05/token");
    said("DB_PASSWORD in `environment`");
    println!("{counts:?}");
    assert_eq!((counts["SW401"], counts["SW402"]), (1, 2));
    // Two references of each of the 12 tasks.
    assert_eq!(counts["SW406"], 24);
    // Who may read hangs on a tag of the principal, which nobody sees from outside.
    assert_eq!((counts["SW403"], counts["SW404"]), (1, 1));
    said("app00 is allowed kms:Decrypt beyond what it requires");
    said("by the grant aws_kms_grant.");
    said("app19 cannot read GONE (/prod/gone)");
    let open = report["not_checked"].as_array().unwrap();
    let tags = open.iter().filter(|u| u["reason"].as_str().unwrap().contains("aws:principaltag"));
    assert!(tags.count() >= 20, "{open:#?}");

    let kept = cli.read("kept.json");
    let mut texts = vec![answer.stdout.clone(), answer.stderr.clone(), kept];
    texts.extend(["s.sarif", "t.txt", "g.txt", "e.json"].map(|name| cli.read(name)));
    for (index, text) in texts.iter().enumerate() {
        assert!(!text.is_empty() || index == 1, "report {index} is empty");
        assert!(!text.contains(CANARY), "report {index} holds a value");
    }
    let sarif = cli.read_json("s.sarif");
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), findings(&report).len());

    // What was kept says the same again, without the account.
    let again = cli.run(&["wiring", "--snapshot", "kept.json", "--report", "json"]).json();
    for part in ["findings", "not-checked", "access", "verdict"] {
        assert_eq!(report[part], again[part], "{part}");
    }
}

/// An account that keeps its contract, but for what a test has other plans with.
fn kept(other: impl Fn(&Call) -> Reaction + Send + Sync + 'static) -> Account {
    let encoded = |policy: &Value| policy.to_string().replace('%', "%25");
    let statement = |effect: &str, more: Value| {
        let mut statement = json!({"Effect": effect});
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let trust = statement(
        "Allow",
        json!({"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}),
    );
    let own = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ssm:GetParameter",
            "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/prod/db"},
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": DB}]});
    let (trust, own) = (encoded(&trust), encoded(&own));
    let role = format!(
        "<Role><Path>/</Path><RoleName>app</RoleName><RoleId>AROA1</RoleId>\
         <Arn>arn:aws:iam::111122223333:role/app</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>\
         <PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::111122223333:policy/bound\
         </PermissionsBoundaryArn></PermissionsBoundary></Role>"
    );
    let wide = encoded(&statement("Allow", json!({"Action": "*", "Resource": "*"})));
    Account::start(move |call| {
        other(call).or_else(|| match call.name.as_str() {
            "iam:GetRole" => Some(xml("GetRole", &role)),
            "iam:GetRolePolicy" => {
                let policy = format!("<PolicyDocument>{own}</PolicyDocument>");
                Some(xml(
                    "GetRolePolicy",
                    &format!("<RoleName>app</RoleName><PolicyName>own</PolicyName>{policy}"),
                ))
            }
            "iam:ListAttachedRolePolicies" => {
                Some(xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>false</IsTruncated>"))
            }
            "iam:GetPolicyVersion" => Some(xml(
                "GetPolicyVersion",
                &format!("<PolicyVersion><Document>{wide}</Document></PolicyVersion>"),
            )),
            "ecs:DescribeTaskDefinition" => Some((
                200,
                json!({"taskDefinition": {"family": "app", "revision": 7,
                    "taskRoleArn": "arn:aws:iam::111122223333:role/app", "containerDefinitions": [],
                    "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:7"}})
                .to_string(),
            )),
            _ => None,
        })
    })
}

fn promised() -> String {
    format!(
        "version = 1\n[aws]\naccount = \"111122223333\"\nregion = \"eu-west-1\"\n\
         [[secrets]]\nhandle = \"DB\"\nparameter = \"/prod/db\"\n\
         [[secrets]]\nhandle = \"LOGIN\"\nparameter = \"{DB}\"\n\
         [[roles]]\nhandle = \"app\"\nrole = \"app\"\nrequires = [\"DB\", \"LOGIN\"]\n\
         [[tasks]]\nfamily = \"app\"\nrole = \"app\"\n"
    )
}

/// Judges such an account.
fn judged(account: &Account, more: &[&str]) -> Answer {
    let (cli, live) = cli(&account.endpoint);
    cli.write("seaworthy.toml", promised());
    run(&cli, &live, &[&["--report", "json"], more].concat())
}

#[test]
fn one_refused_call_is_never_a_pass() {
    let whole = kept(|_| None);
    let answer = judged(&whole, &[]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let names: BTreeSet<String> = whole.calls().into_iter().collect();
    assert!(names.len() >= 10, "{names:?}");
    // Keys are looked at for the question which one is used; one that AWS manages opens to everybody.
    for name in names.iter().filter(|name| !name.starts_with("sts:")) {
        let refused = name.clone();
        let account = kept(move |call| {
            let is = call.name == refused;
            let message = "User: arn:aws:iam::111122223333:user/reader is not authorized";
            is.then(|| match call.name.starts_with("iam:") {
                true => refused_xml(403, "AccessDenied", message),
                false => refused_json("AccessDeniedException", message),
            })
        });
        let answer = judged(&account, &[]);
        if name.starts_with("kms:") {
            assert_ne!(answer.code, 1, "{name}: {}", answer.stdout);
            continue;
        }
        assert_eq!(answer.code, 2, "{name}: {}", answer.stdout);
        assert!(answer.stdout.contains(name.as_str()), "{name} is not named: {}", answer.stdout);
    }
}

#[test]
fn an_account_that_nobody_can_ask_is_an_error() {
    for (status, code) in [(403, "ExpiredToken"), (403, "InvalidClientTokenId")] {
        let account =
            kept(move |call| (call.name == "sts:GetCallerIdentity").then(|| refused_xml(status, code, "no")));
        let answer = judged(&account, &[]);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{code}");
        assert!(answer.stderr.contains(code), "{}", answer.stderr);
    }
    // Who only may not ask which account it is, is told by the contract.
    let denied = |call: &Call| call.name == "sts:GetCallerIdentity";
    let account = kept(move |call| denied(call).then(|| refused_xml(403, "AccessDenied", "no")));
    assert_eq!(judged(&account, &[]).code, 0);
    let without = Cli::new().env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null");
    let without = without.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    without.write("seaworthy.toml", promised());
    without
        .run(&["wiring", "--live", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:9"])
        .error(&["credentials"]);
}

#[test]
fn a_simulation_that_disagrees_is_told() {
    let simulation = |decision: &'static str| {
        kept(move |call| {
            (call.name == "iam:SimulatePrincipalPolicy").then(|| {
                let resource = |text: &str| {
                    let found = call.body.split('&').find_map(|p| p.strip_prefix(text)).unwrap_or_default();
                    found.replace("%3A", ":").replace("%2F", "/")
                };
                let (action, arn) =
                    (resource("ActionNames.member.1="), resource("ResourceArns.member.1="));
                let result = format!(
                    "<EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>\
                     <EvalResourceName>{arn}</EvalResourceName><MissingContextValues/><MatchedStatements/>\
                     <ResourceSpecificResults><member><EvalResourceName>{arn}</EvalResourceName>\
                     <EvalResourceDecision>{decision}</EvalResourceDecision></member></ResourceSpecificResults>"
                );
                let results = format!("<EvaluationResults><member>{result}</member></EvaluationResults>");
                xml("SimulatePrincipalPolicy", &format!("{results}<IsTruncated>false</IsTruncated>"))
            })
        })
    };
    let denies = judged(&simulation("implicitDeny"), &["--simulate"]);
    assert_eq!(denies.code, 2, "{}", denies.stdout);
    assert!(
        denies.stdout.contains("decided here: allowed; the simulation API: implicitDeny"),
        "{}",
        denies.stdout
    );
    // Without an answer there is no agreement either.
    let silent = judged(&kept(|_| None), &["--simulate"]);
    assert_eq!(silent.code, 2, "{}", silent.stdout);
    assert!(silent.stdout.contains("no answer"), "{}", silent.stdout);
}
