//! An account, read through the AWS SDK: moto for what a real one answers, and an account of ours for all that can go
//! wrong on the way.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Account, Call, Moto, Reaction, alone, json, refused_json, refused_xml, role_xml, xml};
use seaworthy_aws::live::{self, LiveOptions, SimulationRequest};
use seaworthy_aws::{
    AwsError, Gap, Inspector, LiteralPlace, Mutability, ParameterKind, PolicySource, Role,
    SecretReferenceKind, Seen, Sighting, Snapshot, SourceKind, Wanted,
};

/// Planted by tests/aws/seed.py in every value.
const CANARY: &str = "canary-7f3a-never-to-be-seen";
const KEYS: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST"),
    ("AWS_SECRET_ACCESS_KEY", "no-secret"),
    ("AWS_REGION", "eu-west-1"),
];
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf";

/// Sees the canary.
struct Canaries;

impl Inspector for Canaries {
    fn inspect(&self, name: &str, value: &str) -> Vec<Sighting> {
        let sighting = Sighting {
            detector: "canary".into(),
            what: format!("a canary in {name}"),
            severity: "high".into(),
            confidence: "high".into(),
            rotate: String::new(),
            preview: "cana…".into(),
            length: value.len(),
        };
        if value.contains(CANARY) { vec![sighting] } else { Vec::new() }
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn at(endpoint: &str) -> LiveOptions {
    LiveOptions { endpoint: Some(endpoint.to_owned()), ..LiveOptions::default() }
}

/// One of each.
fn one_of_each() -> Wanted {
    Wanted {
        parameters: set(&["/prod/db"]),
        secrets: set(&[SECRET]),
        roles: set(&["app"]),
        tasks: set(&["app"]),
        repositories: set(&["app"]),
        discovers_tasks: false,
    }
}

fn look(account: &Account, wanted: &Wanted) -> Snapshot {
    live::look_up(wanted, &at(&account.endpoint), &Canaries).unwrap()
}

/// What of an account of ours is seen when a test has other plans with some calls.
fn seen_with(reaction: impl Fn(&Call) -> Reaction + Send + Sync + 'static) -> (Snapshot, Account) {
    let account = Account::start(reaction);
    (look(&account, &one_of_each()), account)
}

fn role(snapshot: &Snapshot) -> Role {
    snapshot.role("app").value().map(|role| (*role).clone()).expect("the role is seen")
}

fn denied(call: &str) -> Gap {
    Gap::new("AccessDenied").by_call(call).without(call)
}

#[test]
fn a_whole_account_is_read() {
    alone("aws_live::a_whole_account_is_read", KEYS, || {
        let moto = Moto::start();
        let arns = moto.seed();
        let arn = |name: &str| arns[name].as_str().unwrap().to_owned();
        let names = |n: usize| (0..n).map(|i| format!("app{i:02}")).collect::<BTreeSet<_>>();
        let flat = "arn:aws:ssm:eu-west-1:123456789012:parameter/flat";
        let mut parameters: BTreeSet<String> = (0..50).map(|i| format!("/prod/app{i:02}/token")).collect();
        parameters.extend(["/prod/gone".to_owned(), flat.to_owned()]);
        let gone = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gone-AbCdEf".to_owned();
        let wanted = Wanted {
            parameters,
            secrets: [arn("secret"), arn("plain"), gone.clone()].into(),
            roles: names(20).into_iter().chain(["gone".into()]).collect(),
            tasks: names(12).into_iter().chain(["gone".into()]).collect(),
            repositories: set(&["mutable", "immutable", "almost", "gone"]),
            discovers_tasks: false,
        };
        let start = Instant::now();
        let snapshot = live::look_up(&wanted, &at(&moto.endpoint), &Canaries).unwrap();
        let seconds = start.elapsed();
        let source = &snapshot.sources[0];
        println!("{} in {:.2} s", source.tool.as_ref().unwrap(), seconds.as_secs_f64());
        assert!(seconds < Duration::from_secs(10), "{seconds:?}");

        assert_eq!((source.kind, snapshot.sources.len()), (SourceKind::Live, 1));
        assert_eq!(source.name, format!("account 123456789012 in eu-west-1 at {}", moto.endpoint));
        assert_eq!(snapshot.account.as_deref(), Some("123456789012"));
        assert_eq!(snapshot.partition.as_deref(), Some("aws"));
        assert_eq!(snapshot.gaps, []);
        let text = format!("{}{snapshot:?}", serde_json::to_string(&snapshot).unwrap());
        assert!(!text.contains(CANARY), "a value was kept");
        assert!(!text.contains("NotSeen"), "{text}");

        parameters_of(&snapshot, flat);
        secrets_and_keys_of(&snapshot, &arn("secret"), &arn("plain"), &arn("key"));
        assert_eq!(snapshot.secrets[&gone], Seen::Absent);
        roles_of(&snapshot, &arn("boundary"), &arn("shared"));
        tasks_of(&snapshot, &arn("plain"));

        let mutability = |name: &str| snapshot.repository(name).value().unwrap().mutability.clone();
        assert_eq!(mutability("mutable"), Seen::Value(Mutability::Mutable));
        assert_eq!(mutability("immutable"), Seen::Value(Mutability::Immutable));
        assert_eq!(mutability("almost"), Seen::Value(Mutability::ImmutableExcept(vec!["dev-*".into()])));
        assert_eq!(snapshot.repository("gone"), Seen::Absent);
    });
}

fn parameters_of(snapshot: &Snapshot, flat: &str) {
    let parameter = |name: &str| snapshot.parameter(name).value().map(|p| (*p).clone()).unwrap();
    let kinds = [ParameterKind::String, ParameterKind::StringList, ParameterKind::SecureString];
    for (i, kind) in kinds.into_iter().enumerate() {
        assert_eq!(parameter(&format!("/prod/app{i:02}/token")).kind, Seen::Value(kind));
    }
    assert_eq!(parameter("/prod/app00/token").key, Seen::Absent);
    assert_eq!(parameter("/prod/app02/token").key, Seen::Value("alias/aws/ssm".into()));
    assert_eq!(parameter("/prod/app03/token").key, Seen::Value("alias/orders".into()));
    assert_eq!(parameter("/prod/app02/token").version, Seen::Value(2));
    assert_eq!(parameter("/prod/app03/token").version, Seen::Value(1));
    let address = "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/app49/token";
    assert_eq!(parameter("/prod/app49/token").place.address, address);
    assert!(!parameter("/prod/app49/token").planned);
    assert_eq!(parameter(flat), parameter("flat"));
    assert_eq!(snapshot.parameter("/prod/gone"), Seen::Absent);
}

fn secrets_and_keys_of(snapshot: &Snapshot, secret: &str, plain: &str, key: &str) {
    let db = snapshot.secret("prod/db").value().map(|s| (*s).clone()).unwrap();
    assert_eq!(snapshot.secret(secret).value(), Some(&&db));
    assert_eq!(db.key, Seen::Value(key.into()));
    assert!(db.policy.value().unwrap().text.contains("secretsmanager:DeleteSecret"));
    let other = snapshot.secret(plain).value().map(|s| (*s).clone()).unwrap();
    assert_eq!((other.key, other.policy), (Seen::Absent, Seen::Absent));

    assert_eq!(snapshot.keys.keys().collect::<Vec<_>>(), ["alias/aws/ssm", "alias/orders", key]);
    let own = snapshot.keys["alias/orders"].value().unwrap();
    assert_eq!(
        (own.arn.known(), own.aliases.as_slice()),
        (Some(key), ["alias/orders".to_owned()].as_slice())
    );
    assert!(!own.aws_managed);
    assert!(own.policy.value().unwrap().text.contains("Statement"));
}

fn roles_of(snapshot: &Snapshot, boundary: &str, shared: &str) {
    assert_eq!((snapshot.roles.len(), snapshot.role("gone")), (21, Seen::Absent));
    let role = snapshot.role("app01").value().map(|r| (*r).clone()).unwrap();
    assert_eq!(role.arn.as_deref(), Some("arn:aws:iam::123456789012:role/team/app01"));
    assert!(role.trust.value().unwrap().text.contains("ecs-tasks.amazonaws.com"));
    assert_eq!(role.policies_gap, None);
    let managed = |policy: &str| (PolicySource::Managed, policy.to_owned());
    let inline = |policy: &str| (PolicySource::Inline, policy.to_owned());
    let attached: BTreeSet<String> =
        role.policies.iter().map(|p| format!("{:?} {}", p.source, p.name)).collect();
    let execution = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let expected = [inline("own"), inline("more"), managed(shared), managed(execution)];
    assert_eq!(attached, expected.iter().map(|(source, name)| format!("{source:?} {name}")).collect());
    let text = |name: &str| {
        let policy = role.policies.iter().find(|p| p.name.known() == Some(name)).unwrap();
        policy.document.value().unwrap().text.clone()
    };
    // Decoded once: what stands in the document with a percent sign and a plus is still there.
    let own: serde_json::Value = serde_json::from_str(&text("own")).unwrap();
    assert_eq!(own["Statement"][0]["Condition"]["StringEquals"]["aws:PrincipalTag/über 100%"], "a+b c");
    assert!(text(shared).contains("/shared/*"), "the default version counts");
    assert!(text(execution).contains("ecr:GetAuthorizationToken"));
    assert_eq!(role.boundary.value().unwrap().place.address, boundary);
    assert_eq!(snapshot.role("app02").value().unwrap().boundary, Seen::Absent);
}

fn tasks_of(snapshot: &Snapshot, plain: &str) {
    assert_eq!((snapshot.tasks.len(), snapshot.task("gone")), (13, Seen::Absent));
    let task = snapshot.task("app00").value().map(|t| (*t).clone()).unwrap();
    assert_eq!(task.revision, Some(2), "the newest revision counts");
    assert_eq!(task.execution_role, Seen::Value("arn:aws:iam::123456789012:role/app19".into()));
    assert_eq!(snapshot.task("app01").value().unwrap().execution_role, Seen::Absent);
    let container = &task.containers.value().unwrap()[0];
    let told: Vec<_> = container
        .literals
        .iter()
        .map(|l| (l.place, l.name.as_str(), l.pointer.as_ref().unwrap().as_str(), l.value.sightings.len()))
        .collect();
    let at = "/containerDefinitions/0";
    let expected = [
        (LiteralPlace::Environment, "DB_PASSWORD", "/environment/0", 1),
        (LiteralPlace::Environment, "EMPTY", "/environment/1", 0),
        (LiteralPlace::Command, "0", "/command/0", 0),
        (LiteralPlace::Command, "1", "/command/1", 0),
        (LiteralPlace::Command, "2", "/command/2", 1),
        (LiteralPlace::Label, "a", "/dockerLabels/a", 1),
        (LiteralPlace::Label, "b", "/dockerLabels/b", 0),
        (LiteralPlace::LogOption, "splunk-token", "/logConfiguration/options/splunk-token", 1),
    ];
    let expected: Vec<_> = expected.iter().map(|(p, n, f, s)| (*p, *n, format!("{at}{f}"), *s)).collect();
    assert_eq!(told, expected.iter().map(|(p, n, f, s)| (*p, *n, f.as_str(), *s)).collect::<Vec<_>>());
    assert!(container.literals[1].value.empty);
    let references: Vec<_> =
        task.references.iter().map(|r| (r.kind, r.name.as_str(), r.value_from.known().unwrap())).collect();
    let token = "/prod/app00/token";
    assert_eq!(
        references,
        [
            (SecretReferenceKind::Secrets, "TOKEN", token),
            (SecretReferenceKind::LogSecretOptions, "splunk-url", plain)
        ]
    );
}

#[test]
fn only_the_calls_that_the_policy_allows_are_made() {
    alone("aws_live::only_the_calls_that_the_policy_allows_are_made", KEYS, || {
        let (snapshot, account) = seen_with(|_| None);
        assert_eq!(snapshot.sources[0].tool.as_deref(), Some("aws sdk, 14 calls"));
        let policy = live::policy(&one_of_each(), "111122223333", "eu-west-1", false);
        let made: BTreeSet<String> = account.calls().into_iter().collect();
        assert_eq!(made.len(), 14);
        for call in made.iter().filter(|call| *call != "sts:GetCallerIdentity") {
            assert!(policy.contains(&format!("\"{call}\"")), "{call} is not in\n{policy}");
        }
        assert_eq!(made.len() - 1, policy.matches(":Get").count() + policy.matches(":Describe").count() + 2);
        assert_eq!(role(&snapshot).policies.len(), 2);
    });
}

/// The test account would tell a value in clear even to a call that asks for it encrypted: no such call may be made.
#[test]
fn no_call_that_tells_a_value_is_in_the_source() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/aws/src");
    let mut files = 0;
    for entry in
        walkdir::WalkDir::new(source).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file())
    {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        files += 1;
        for call in
            [".get_parameter", "get_secret_value", "batch_get_secret", ".decrypt(", "generate_data_key"]
        {
            assert!(!text.contains(call), "{} has {call}", entry.path().display());
        }
    }
    assert!(files > 10, "the source was not found");
}

#[test]
fn one_refused_call_leaves_one_gap() {
    alone("aws_live::one_refused_call_leaves_one_gap", KEYS, || {
        let refuse = |name: &'static str| {
            move |call: &Call| match call.name == name {
                true if name.starts_with("iam:") => {
                    Some(refused_xml(403, "AccessDenied", "User: x is not authorized"))
                }
                true => Some(refused_json("AccessDeniedException", "User: x is not authorized")),
                false => None,
            }
        };
        let gap_of = |name: &'static str, of: &dyn Fn(&Snapshot) -> Option<Gap>| {
            let (snapshot, _) = seen_with(refuse(name));
            assert_eq!(of(&snapshot), Some(denied(name)), "{name}");
            let told = serde_json::to_string(&snapshot).unwrap();
            assert_eq!(
                told.matches("AccessDenied").count(),
                told.matches(name).count() / 2,
                "{name}: {told}"
            );
            assert!(!told.contains("not authorized"), "AWS's texts are not kept");
        };
        gap_of("ssm:DescribeParameters", &|s| s.parameter("/prod/db").gap().cloned());
        gap_of("secretsmanager:DescribeSecret", &|s| s.secret(SECRET).gap().cloned());
        gap_of("secretsmanager:GetResourcePolicy", &|s| s.secret(SECRET).value()?.policy.gap().cloned());
        gap_of("kms:DescribeKey", &|s| s.keys["alias/aws/ssm"].gap().cloned());
        gap_of("kms:GetKeyPolicy", &|s| s.keys["alias/aws/ssm"].value()?.policy.gap().cloned());
        gap_of("iam:GetRole", &|s| s.role("app").gap().cloned());
        gap_of("iam:ListRolePolicies", &|s| role(s).policies_gap);
        gap_of("iam:GetRolePolicy", &|s| role(s).policies[0].document.gap().cloned());
        gap_of("iam:ListAttachedRolePolicies", &|s| role(s).policies_gap);
        gap_of("iam:GetPolicy", &|s| role(s).policies[1].document.gap().cloned());
        gap_of("iam:GetPolicyVersion", &|s| role(s).policies[1].document.gap().cloned());
        gap_of("ecs:DescribeTaskDefinition", &|s| s.task("app").gap().cloned());
        gap_of("ecr:DescribeRepositories", &|s| s.repository("app").gap().cloned());

        let (snapshot, _) = seen_with(|call| {
            let text = "not authorized with an explicit deny in a service control policy";
            (call.name == "iam:GetRole").then(|| refused_xml(403, "AccessDenied", text))
        });
        assert_eq!(snapshot.role("app").gap().unwrap().reason, "AccessDenied by an explicit deny");
    });
}

/// The grants of a customer's key are read to their end; what was refused is named.
#[test]
fn grants_of_keys_are_seen() {
    alone("aws_live::grants_of_keys_are_seen", KEYS, || {
        const APP: &str = "arn:aws:iam::111122223333:role/app";
        let own = |call: &Call| {
            (call.name == "kms:DescribeKey").then(|| {
                json(
                    r#"{"KeyMetadata": {"KeyId": "1", "Arn": "arn:aws:kms:eu-west-1:111122223333:key/1",
                        "KeyManager": "CUSTOMER"}}"#,
                )
            })
        };
        let page = |name: &str, grantee: &str, more: &str| {
            json(&format!(
                r#"{{"Grants": [{{"GrantId": "{name}", "GranteePrincipal": "{grantee}", "Operations": ["Decrypt"],
                    "Constraints": {{"EncryptionContextSubset": {{"app": "x"}}}}}}]{more}}}"#
            ))
        };
        let (snapshot, account) = seen_with(move |call| {
            own(call).or_else(|| match (call.name.as_str(), call.before) {
                ("kms:ListGrants", 0) => Some(page("one", APP, r#", "NextMarker": "m", "Truncated": true"#)),
                ("kms:ListGrants", _) => Some(page("two", "rds.amazonaws.com", r#", "Truncated": false"#)),
                _ => None,
            })
        });
        let texts: Vec<&str> = snapshot.grants.iter().map(|grant| grant.document.text.as_str()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(
            texts[0].contains(APP) && texts[0].contains(r#""kms:EncryptionContext:app":"x""#),
            "{texts:?}"
        );
        assert!(texts[1].contains(r#"{"Service":"rds.amazonaws.com"}"#), "{texts:?}");
        assert!(snapshot.gaps.is_empty() && account.count("kms:ListGrants") >= 2);

        let (snapshot, _) = seen_with(move |call| {
            let refused = || refused_json("AccessDeniedException", "User: x is not authorized");
            own(call).or_else(|| (call.name == "kms:ListGrants").then(refused))
        });
        let gaps: Vec<&Gap> = snapshot.gaps.iter().map(|(_, gap)| gap).collect();
        assert_eq!(gaps, [&denied("kms:ListGrants")]);
    });
}

#[test]
fn lists_are_read_to_their_end() {
    alone("aws_live::lists_are_read_to_their_end", KEYS, || {
        let (snapshot, account) = seen_with(|call| match (call.name.as_str(), call.before) {
            ("ssm:DescribeParameters", n @ 0..=2) => {
                Some(json(&format!(r#"{{"Parameters": [], "NextToken": "t{n}"}}"#)))
            }
            ("iam:ListRolePolicies", n @ 0..=1) => Some(xml(
                "ListRolePolicies",
                &format!(
                    "<PolicyNames><member>p{n}</member></PolicyNames><IsTruncated>true</IsTruncated>\
                     <Marker>m{n}</Marker>"
                ),
            )),
            ("iam:ListAttachedRolePolicies", 0) => Some(xml(
                "ListAttachedRolePolicies",
                "<AttachedPolicies/><IsTruncated>true</IsTruncated><Marker>m</Marker>",
            )),
            _ => None,
        });
        assert!(snapshot.parameter("/prod/db").value().is_some(), "an empty page is not the end");
        assert_eq!(account.count("ssm:DescribeParameters"), 4);
        let names: Vec<String> = role(&snapshot).policies.iter().map(|p| p.name.to_string()).collect();
        assert_eq!(names, ["p0", "p1", "own", "arn:aws:iam::111122223333:policy/shared"]);
        assert_eq!(role(&snapshot).policies_gap, None);
    });
}

#[test]
fn a_list_without_an_end_is_a_gap() {
    alone("aws_live::a_list_without_an_end_is_a_gap", KEYS, || {
        let (snapshot, account) = seen_with(|call| match call.name.as_str() {
            "ssm:DescribeParameters" => Some(json(r#"{"Parameters": [], "NextToken": "again"}"#)),
            "iam:ListRolePolicies" => {
                let list = "<PolicyNames/><IsTruncated>true</IsTruncated>";
                Some(xml("ListRolePolicies", &format!("{list}<Marker>m{}</Marker>", call.before)))
            }
            "iam:ListAttachedRolePolicies" => {
                Some(xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>true</IsTruncated>"))
            }
            _ => None,
        });
        let gap = snapshot.parameter("/prod/db").gap().unwrap().clone();
        assert_eq!(
            gap.to_string(),
            "the list does not end: the same page token came twice; ssm:DescribeParameters would tell"
        );
        assert_eq!(account.count("ssm:DescribeParameters"), 2);
        let reason = role(&snapshot).policies_gap.unwrap().reason;
        assert_eq!(reason, "the list has more than 100 pages; the list is truncated and names no next page");
        assert_eq!(account.count("iam:ListRolePolicies"), 100);
    });
}

#[test]
fn throttling_is_waited_out_but_not_for_ever() {
    alone("aws_live::throttling_is_waited_out_but_not_for_ever", KEYS, || {
        let (snapshot, account) = seen_with(|call| match (call.name.as_str(), call.before) {
            ("ssm:DescribeParameters", 0) => Some(refused_json("ThrottlingException", "Rate exceeded")),
            ("iam:GetRole", 0) => Some(refused_xml(400, "Throttling", "Rate exceeded")),
            ("ecs:DescribeTaskDefinition", 0) => Some((503, String::new())),
            ("ecr:DescribeRepositories", _) => Some(refused_json("ThrottlingException", "Rate exceeded")),
            _ => None,
        });
        assert!(snapshot.parameter("/prod/db").value().is_some());
        assert!(snapshot.role("app").value().is_some());
        assert!(snapshot.task("app").value().is_some());
        let gap = Gap::new("ThrottlingException, even at try 4").by_call("ecr:DescribeRepositories");
        assert_eq!(snapshot.repository("app"), Seen::NotSeen(gap));
        assert_eq!(account.count("ecr:DescribeRepositories"), 4);
    });
}

#[test]
fn what_vanishes_half_way_is_a_gap_and_what_is_not_there_is_absent() {
    alone("aws_live::what_vanishes_half_way_is_a_gap_and_what_is_not_there_is_absent", KEYS, || {
        let gone = |name: &'static str| {
            seen_with(move |call| {
                (call.name == name).then(|| refused_xml(404, "NoSuchEntity", "no such role"))
            })
            .0
        };
        let vanished = |call: &str| Gap::new("it vanished while it was read").by_call(call);
        assert_eq!(gone("iam:GetRole").role("app"), Seen::Absent);
        let gap = role(&gone("iam:ListRolePolicies")).policies_gap;
        assert_eq!(gap, Some(vanished("iam:ListRolePolicies")));
        let policies = role(&gone("iam:GetRolePolicy")).policies;
        assert_eq!(policies[0].document, Seen::NotSeen(vanished("iam:GetRolePolicy")));
        let policies = role(&gone("iam:GetPolicyVersion")).policies;
        assert_eq!(policies[1].document, Seen::NotSeen(vanished("iam:GetPolicyVersion")));

        let (snapshot, _) = seen_with(|call| match call.name.as_str() {
            "ssm:DescribeParameters" => Some(json(r#"{"Parameters": [{"Name": "/prod/other"}]}"#)),
            "secretsmanager:DescribeSecret" => Some(refused_json("ResourceNotFoundException", "")),
            "ecs:DescribeTaskDefinition" => {
                Some(refused_json("ClientException", "Unable to describe task definition."))
            }
            "ecr:DescribeRepositories" => Some(refused_json("RepositoryNotFoundException", "")),
            _ => None,
        });
        assert_eq!(snapshot.parameter("/prod/db"), Seen::Absent);
        assert_eq!(snapshot.secret(SECRET), Seen::Absent);
        assert_eq!(snapshot.task("app"), Seen::Absent);
        assert_eq!(snapshot.repository("app"), Seen::Absent);

        let (snapshot, _) = seen_with(|call| match call.name.as_str() {
            "ecs:DescribeTaskDefinition" => Some(refused_json("ClientException", "Something else.")),
            "iam:GetRole" => Some((404, "<html>Not Found</html>".into())),
            _ => None,
        });
        assert_eq!(snapshot.task("app").gap().unwrap().reason, "ClientException");
        assert_eq!(snapshot.role("app").gap().unwrap().reason, "HTTP 404", "a stranger's 404 is no absence");
    });
}

#[test]
fn a_name_with_which_aws_finds_fault_spoils_no_other() {
    alone("aws_live::a_name_with_which_aws_finds_fault_spoils_no_other", KEYS, || {
        let account = Account::start(|call| {
            let refused = call.name == "ssm:DescribeParameters" && call.body.contains("/prod//db");
            refused.then(|| refused_json("ValidationException", "no such level"))
        });
        let parameters = set(&["/prod/db", "/prod//db", "/prod/queue"]);
        let snapshot = look(&account, &Wanted { parameters, ..Wanted::default() });
        assert!(snapshot.parameter("/prod/db").value().is_some());
        assert!(snapshot.parameter("/prod/queue").value().is_some());
        let gap = Gap::new("ValidationException").by_call("ssm:DescribeParameters");
        assert_eq!(snapshot.parameter("/prod//db"), Seen::NotSeen(gap));
        assert_eq!(account.count("ssm:DescribeParameters"), 4);
    });
}

#[test]
fn a_malformed_answer_is_never_an_absence() {
    alone("aws_live::a_malformed_answer_is_never_an_absence", KEYS, || {
        for (body, what) in
            [("{\"Parameters\": [", "cut off"), ("{}", "without the list"), ("<html/>", "HTML")]
        {
            let (snapshot, _) =
                seen_with(move |call| (!call.name.starts_with("sts:")).then(|| (200, body.to_owned())));
            let call = |name: &str| Gap::new("malformed answer").by_call(name);
            let gap = call("ssm:DescribeParameters");
            assert_eq!(snapshot.parameter("/prod/db"), Seen::NotSeen(gap), "{what}");
            assert_eq!(
                snapshot.secret(SECRET),
                Seen::NotSeen(call("secretsmanager:DescribeSecret")),
                "{what}"
            );
            assert_eq!(snapshot.role("app"), Seen::NotSeen(call("iam:GetRole")), "{what}");
            assert_eq!(snapshot.task("app"), Seen::NotSeen(call("ecs:DescribeTaskDefinition")), "{what}");
            assert_eq!(snapshot.repository("app"), Seen::NotSeen(call("ecr:DescribeRepositories")), "{what}");
        }
        let (snapshot, _) = seen_with(|call| match call.name.as_str() {
            "iam:GetRole" => Some(xml("GetRole", &role_xml("").replace("%7B", "%7"))),
            "iam:GetRolePolicy" => Some(xml(
                "GetRolePolicy",
                "<RoleName>app</RoleName><PolicyName>own</PolicyName><PolicyDocument>%7B</PolicyDocument>",
            )),
            _ => None,
        });
        let gap = |call: &str| Seen::NotSeen(Gap::new("the policy document is malformed").by_call(call));
        assert_eq!(role(&snapshot).trust, gap("iam:GetRole"));
        assert_eq!(role(&snapshot).policies[0].document, gap("iam:GetRolePolicy"));
        let (snapshot, _) = seen_with(|call| {
            let boundary = "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
                            </PermissionsBoundary>";
            (call.name == "iam:GetRole").then(|| xml("GetRole", &role_xml(boundary)))
        });
        assert_eq!(
            role(&snapshot).boundary,
            Seen::NotSeen(Gap::new("malformed answer").by_call("iam:GetRole"))
        );
    });
}

fn error_at_start(reaction: impl Fn(&Call) -> Reaction + Send + Sync + 'static) -> AwsError {
    let account = Account::start(reaction);
    let error = live::look_up(&one_of_each(), &at(&account.endpoint), &Canaries).unwrap_err();
    assert!(account.calls().iter().all(|call| call == "sts:GetCallerIdentity"), "{:?}", account.calls());
    let simulated = live::simulate(&[request("ssm:GetParameter", "p")], &at(&account.endpoint));
    assert_eq!(simulated.unwrap_err(), error);
    error
}

#[test]
fn credentials_that_are_refused_end_it_at_once() {
    alone("aws_live::credentials_that_are_refused_end_it_at_once", KEYS, || {
        for (code, hint) in [
            ("ExpiredToken", "log in again"),
            ("InvalidClientTokenId", "does not know them"),
            ("SignatureDoesNotMatch", "the secret key"),
        ] {
            let error =
                error_at_start(move |_| Some(refused_xml(403, code, "token FwoGZXIvYXdzE is no good")));
            assert!(error.reason.contains(code) && error.reason.contains(hint), "{error}");
            assert!(!error.reason.contains("FwoG"), "{error}");
        }
        let error = error_at_start(|_| Some((200, "<html/>".into())));
        assert_eq!(error.to_string(), "AWS: sts:GetCallerIdentity: malformed answer");
        let error = error_at_start(|_| Some((407, "log in".into())));
        assert_eq!(error.to_string(), "AWS: sts:GetCallerIdentity: HTTP 407");

        // A token that expires on the way leaves gaps.
        let (snapshot, _) = seen_with(|call| {
            (call.name == "iam:ListRolePolicies").then(|| refused_xml(403, "ExpiredToken", "expired"))
        });
        let gap = Gap::new("ExpiredToken").by_call("iam:ListRolePolicies");
        assert_eq!(role(&snapshot).policies_gap, Some(gap));
    });
}

#[test]
fn without_credentials_nothing_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    let profiles = format!(
        "[profile empty]\nregion = x\n[profile process]\ncredential_process = sh -c 'echo {CANARY}; exit 1'\n\
         [profile sso]\nsso_start_url = https://x.awsapps.com/start\nsso_region = x\nsso_account_id = 1\n\
         sso_role_name = x\n[profile loop]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = round\n\
         [profile round]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = loop\n"
    );
    std::fs::write(&file, profiles).unwrap();
    let variables = [("AWS_REGION", "eu-west-1"), ("AWS_CONFIG_FILE", file.to_str().unwrap())];
    alone("aws_live::without_credentials_nothing_is_asked", &variables, || {
        let error = error_at_start(|_| None);
        assert!(error.reason.starts_with("no credentials: there are none, neither in"), "{error}");
        assert!(error.reason.contains("AWS_ACCESS_KEY_ID"), "{error}");
        for (profile, why) in [
            ("nobody", "the profile is not defined"),
            ("empty", "there are none"),
            ("process", "credential_process failed"),
            ("sso", "not supported here, such as SSO"),
            ("loop", "the profile refers to itself"),
        ] {
            let options = LiveOptions { profile: Some(profile.into()), ..at("http://127.0.0.1:1") };
            let error = live::look_up(&Wanted::default(), &options, &Canaries).unwrap_err();
            assert!(error.reason.contains(why) && !error.reason.contains(CANARY), "{profile}: {error}");
        }
        std::fs::write(std::env::var("AWS_CONFIG_FILE").unwrap(), format!("[profile x\n{CANARY}\n")).unwrap();
        let error = error_at_start(|_| None);
        assert!(error.reason.contains("a profile file is malformed"), "{error}");
        assert!(!error.reason.contains(CANARY), "{error}");
    });
}

#[test]
fn without_a_region_nothing_is_asked() {
    alone("aws_live::without_a_region_nothing_is_asked", &KEYS[..2], || {
        let account = Account::start(|_| None);
        let error = live::look_up(&one_of_each(), &at(&account.endpoint), &Canaries).unwrap_err();
        assert!(error.reason.contains("no region is set: set AWS_REGION"), "{error}");
        assert_eq!(account.calls(), Vec::<String>::new());
        let options = LiveOptions { region: Some("eu-west-1".into()), ..at(&account.endpoint) };
        assert!(live::look_up(&one_of_each(), &options, &Canaries).is_ok());
    });
}

#[test]
fn an_endpoint_that_nobody_serves_is_said() {
    alone("aws_live::an_endpoint_that_nobody_serves_is_said", KEYS, || {
        let error = live::look_up(&one_of_each(), &at("http://127.0.0.1:1"), &Canaries).unwrap_err();
        assert_eq!(error.to_string(), "AWS: sts:GetCallerIdentity: the endpoint cannot be reached");
    });
}

#[test]
fn tls_is_spoken_and_certificates_are_checked() {
    let directory = tempfile::tempdir().unwrap();
    let authority = directory.path().join("ca.pem");
    let mut variables = KEYS.to_vec();
    variables.push(("SSL_CERT_FILE", authority.to_str().unwrap()));
    alone("aws_live::tls_is_spoken_and_certificates_are_checked", &variables, || {
        // The variable names a file that is made only now: authorities are read with the first connection.
        let authority = std::env::var("SSL_CERT_FILE").unwrap();
        let moto = Moto::start_tls(Path::new(&authority).parent().unwrap());
        let snapshot = live::look_up(&one_of_each(), &at(&moto.endpoint), &Canaries).unwrap();
        assert_eq!(snapshot.account.as_deref(), Some("123456789012"));
        assert_eq!(snapshot.role("app"), Seen::Absent);
        // The certificate is for the address.
        let endpoint = moto.endpoint.replace("127.0.0.1", "localhost");
        let error = live::look_up(&one_of_each(), &at(&endpoint), &Canaries).unwrap_err();
        assert!(error.reason.contains("certificate is not trusted"), "{error}");
    });
}

#[test]
fn a_proxy_is_for_https_alone() {
    let mut variables = KEYS.to_vec();
    variables.push(("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:1"));
    alone("aws_live::a_proxy_is_for_https_alone", &variables, || {
        let account = Account::start(|_| None);
        assert!(live::look_up(&one_of_each(), &at(&account.endpoint), &Canaries).is_ok());
        let https = account.endpoint.replace("http:", "https:");
        let error = live::look_up(&one_of_each(), &at(&https), &Canaries).unwrap_err();
        assert_eq!(error.to_string(), "AWS: sts:GetCallerIdentity: the endpoint cannot be reached");
    });
}

#[test]
fn a_malformed_proxy_is_said_without_its_password() {
    let mut variables = KEYS.to_vec();
    variables.push(("HTTPS_PROXY", "http://user:hunter2@:x y"));
    alone("aws_live::a_malformed_proxy_is_said_without_its_password", &variables, || {
        let error = live::look_up(&one_of_each(), &at("http://127.0.0.1:1"), &Canaries).unwrap_err();
        assert_eq!(error.to_string(), "AWS: the proxy's address in the environment is not a URL");
    });
}

#[test]
fn a_named_profile_goes_before_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    let mut variables = KEYS[..2].to_vec();
    variables.push(("AWS_CONFIG_FILE", file.to_str().unwrap()));
    alone("aws_live::a_named_profile_goes_before_the_environment", &variables, || {
        let account = Account::start(|_| None);
        // Even a role that the profile assumes is asked for where the profile says.
        let profiles = format!(
            "[profile ours]\naws_access_key_id = AKIAOURS\naws_secret_access_key = x\nregion = eu-north-1\n\
             [profile assumed]\nrole_arn = arn:aws:iam::111122223333:role/assumed\nsource_profile = ours\n\
             region = eu-west-3\nservices = local\n[services local]\nsts =\n  endpoint_url = {}\n",
            account.endpoint
        );
        std::fs::write(std::env::var("AWS_CONFIG_FILE").unwrap(), profiles).unwrap();
        let look = |profile: &str| {
            let options = LiveOptions { profile: Some(profile.into()), ..at(&account.endpoint) };
            live::look_up(&one_of_each(), &options, &Canaries).unwrap()
        };
        assert_eq!(look("ours").region.as_deref(), Some("eu-north-1"));
        assert_eq!(account.keys(), ["AKIAOURS"]);
        assert_eq!(look("assumed").region.as_deref(), Some("eu-west-3"));
        assert_eq!(account.keys(), ["AKIAOURS", "ASIAASSUMED"]);
        assert_eq!(account.count("sts:AssumeRole"), 1);
        let refusing = Account::start(|_| Some(refused_xml(403, "AccessDenied", "not you")));
        let config = std::env::var("AWS_CONFIG_FILE").unwrap();
        let profiles =
            std::fs::read_to_string(&config).unwrap().replace(&account.endpoint, &refusing.endpoint);
        std::fs::write(config, profiles).unwrap();
        let options = LiveOptions { profile: Some("assumed".into()), ..at(&account.endpoint) };
        let error = live::look_up(&one_of_each(), &options, &Canaries).unwrap_err();
        assert!(error.reason.contains("the role of the profile may not be assumed"), "{error}");
        assert_eq!(refusing.calls(), ["sts:AssumeRole"]);
    });
}

#[test]
fn what_belongs_elsewhere_is_a_gap() {
    alone("aws_live::what_belongs_elsewhere_is_a_gap", KEYS, || {
        let foreign = "arn:aws:ssm:eu-west-1:444455556666:parameter/prod/db";
        let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf";
        let wanted = Wanted { parameters: set(&[foreign]), secrets: set(&[secret]), ..Wanted::default() };
        let account = Account::start(|_| None);
        let snapshot = look(&account, &wanted);
        let reason =
            "it belongs to account 444455556666 in eu-west-1; account 111122223333 in eu-west-1 was asked";
        assert_eq!(snapshot.parameter(foreign), Seen::NotSeen(Gap::new(reason)));
        assert_eq!(
            snapshot.secret(secret).gap().unwrap().reason,
            "it belongs to us-east-1; eu-west-1 was asked"
        );
        assert_eq!(account.calls(), ["sts:GetCallerIdentity"]);
    });
}

fn request(action: &str, resource: &str) -> SimulationRequest {
    let role = "arn:aws:iam::111122223333:role/app".to_owned();
    SimulationRequest { role, action: action.into(), resource: resource.into() }
}

/// One result of the simulation: the decision above, and of each resource its decision and missing keys.
fn result(action: &str, above: &str, resources: &[(&str, &str, &[&str])]) -> String {
    let member = |(name, decision, missing): &(&str, &str, &[&str])| {
        let missing: String = missing.iter().map(|key| format!("<member>{key}</member>")).collect();
        format!(
            "<member><EvalResourceName>{name}</EvalResourceName>\
             <EvalResourceDecision>{decision}</EvalResourceDecision>\
             <MissingContextValues>{missing}</MissingContextValues></member>"
        )
    };
    let resources: String = resources.iter().map(member).collect();
    format!(
        "<member><EvalActionName>{action}</EvalActionName><EvalDecision>{above}</EvalDecision>\
         <EvalResourceName>arn:${{Partition}}:ssm:${{Region}}:${{Account}}:parameter/${{Name}}</EvalResourceName>\
         <MissingContextValues/><ResourceSpecificResults>{resources}</ResourceSpecificResults></member>"
    )
}

fn simulation(results: &str, more: &str) -> Reaction {
    Some(xml("SimulatePrincipalPolicy", &format!("<EvaluationResults>{results}</EvaluationResults>{more}")))
}

const LAST: &str = "<IsTruncated>false</IsTruncated>";

#[test]
fn the_simulation_is_read_resource_by_resource() {
    alone("aws_live::the_simulation_is_read_resource_by_resource", KEYS, || {
        let account = Account::start(|call| match (call.name.as_str(), call.before) {
            ("iam:SimulatePrincipalPolicy", 0) => simulation(
                // What stands above says the opposite of what its resources say.
                &result(
                    "ssm:getparameter",
                    "allowed",
                    &[
                        ("a", "explicitDeny", &[]),
                        ("b", "allowed", &[]),
                        ("k", "implicitDeny", &["aws:SourceVpc"]),
                    ],
                ),
                "<IsTruncated>true</IsTruncated><Marker>m</Marker>",
            ),
            ("iam:SimulatePrincipalPolicy", 1) => {
                assert!(call.body.contains("Marker=m"), "{}", call.body);
                simulation(
                    &[
                        result(
                            "ssm:GetParameter",
                            "allowed",
                            &[("c", "implicitDeny", &[]), ("b", "implicitDeny", &[])],
                        ),
                        result("ssm:GetParameter", "allowed", &[("d", "perhaps", &[])]),
                    ]
                    .concat(),
                    LAST,
                )
            }
            _ => None,
        });
        let requests: Vec<_> = ["d", "c", "b", "a", "k", "e"].map(|r| request("ssm:GetParameter", r)).into();
        let answers = live::simulate(&requests, &at(&account.endpoint)).unwrap();
        assert_eq!(answers.iter().map(|a| a.request.clone()).collect::<Vec<_>>(), requests, "in their order");
        let decisions: Vec<_> = answers.into_iter().map(|a| a.decision).collect();
        let unknown = |why: &str| Err(why.to_owned());
        assert_eq!(
            decisions,
            [
                unknown("iam:SimulatePrincipalPolicy gave a decision that is not known"),
                Ok("implicitDeny".to_owned()),
                unknown("iam:SimulatePrincipalPolicy gave two answers that disagree"),
                Ok("explicitDeny".to_owned()),
                unknown("missing context: aws:SourceVpc"),
                unknown("iam:SimulatePrincipalPolicy gave no answer for this action and resource"),
            ]
        );
        assert_eq!(account.count("iam:SimulatePrincipalPolicy"), 2);
    });
}

#[test]
fn a_simulation_that_fails_is_no_answer() {
    alone("aws_live::a_simulation_that_fails_is_no_answer", KEYS, || {
        let simulate = |reaction: fn(&Call) -> Reaction| {
            let account = Account::start(move |call| match call.name.as_str() {
                "iam:SimulatePrincipalPolicy" => reaction(call),
                _ => None,
            });
            let answers =
                live::simulate(&[request("ssm:GetParameter", "a")], &at(&account.endpoint)).unwrap();
            (answers[0].decision.clone(), account.count("iam:SimulatePrincipalPolicy"))
        };
        let allowed = |_: &Call| {
            simulation(&result("ssm:GetParameter", "implicitDeny", &[("a", "allowed", &[])]), LAST)
        };
        assert_eq!(simulate(allowed), (Ok("allowed".into()), 1));
        let error = |text: &str| Err(text.to_owned());
        assert_eq!(
            simulate(|_| Some(refused_xml(403, "AccessDenied", "x"))),
            (error("AccessDenied; the permission iam:SimulatePrincipalPolicy is missing"), 1)
        );
        let throttled = "Throttling, even at try 4; iam:SimulatePrincipalPolicy would tell";
        assert_eq!(simulate(|_| Some(refused_xml(400, "Throttling", "x"))), (error(throttled), 4));
        // Its first page has an answer; the second, which might disagree, never comes.
        let cut = |call: &Call| match call.before {
            0 => simulation(
                &result("ssm:GetParameter", "allowed", &[("a", "allowed", &[])]),
                "<IsTruncated>true</IsTruncated><Marker>m</Marker>",
            ),
            _ => Some(refused_xml(400, "InvalidInput", "x")),
        };
        assert_eq!(simulate(cut).0, error("InvalidInput; iam:SimulatePrincipalPolicy would tell"));
        assert_eq!(live::simulate(&[], &at("http://127.0.0.1:1")), Ok(Vec::new()), "nothing to ask");
    });
}
