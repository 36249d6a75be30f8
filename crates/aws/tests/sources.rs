//! Reads what the real tools wrote: Terraform's plans and states, CDK's and hand-written templates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seaworthy_aws::{
    Command, Container, Inspector, LiteralPlace, ParameterKind, Role, SecretReferenceKind, Seen, Sighting,
    Snapshot, SourceKind, TaskDefinition, plan, saved, template,
};
use seaworthy_iam::{Policy, PolicyKind};

/// Sees a secret in every value that holds the word.
struct Canary;

impl Inspector for Canary {
    fn inspect(&self, _: &str, value: &str) -> Vec<Sighting> {
        let found = value.contains("CANARY").then(|| Sighting {
            detector: "canary".into(),
            what: "planted secret".into(),
            severity: "high".into(),
            confidence: "high".into(),
            rotate: "nothing".into(),
            preview: "…".into(),
            length: value.len(),
        });
        found.into_iter().collect()
    }
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/aws").join(path)
}

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(fixture(path)).unwrap()
}

const PLANS: &[&str] = &[
    "terraform/platform/broken/plan.json",
    "terraform/platform/mended/plan.json",
    "terraform/platform/unknown/plan.json",
    "terraform/platform/state.json",
];

fn read_plan(path: &str) -> Snapshot {
    plan::parse(path, bytes(path), &Canary).unwrap()
}

fn broken() -> Snapshot {
    read_plan(PLANS[0])
}

fn mended() -> Snapshot {
    read_plan(PLANS[1])
}

fn unknown() -> Snapshot {
    read_plan(PLANS[2])
}

fn role<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Role {
    snapshot.roles[name].value().unwrap_or_else(|| panic!("{name} was not seen"))
}

fn task<'a>(snapshot: &'a Snapshot, family: &str) -> &'a TaskDefinition {
    snapshot.tasks[family].value().unwrap_or_else(|| panic!("{family} was not seen"))
}

fn containers<'a>(snapshot: &'a Snapshot, family: &str) -> &'a [Container] {
    task(snapshot, family)
        .containers
        .value()
        .unwrap_or_else(|| panic!("containers of {family} were not seen"))
}

fn taints(snapshot: &Snapshot, family: &str) -> Vec<(String, Vec<String>)> {
    let literals = containers(snapshot, family).iter().flat_map(|container| &container.literals);
    literals
        .filter(|literal| !literal.value.taints.is_empty())
        .map(|literal| (literal.name.clone(), literal.value.taints.clone()))
        .collect()
}

fn policies(role: &Role) -> Vec<String> {
    role.policies.iter().map(|policy| policy.name.to_string()).collect()
}

const FAMILIES: &[&str] = &[
    "platform-api",
    "platform-api-canary",
    "platform-billing",
    "platform-billing-export",
    "platform-gateway",
    "platform-migrate",
    "platform-migrate-check",
    "platform-reports",
    "platform-reports-nightly",
    "platform-scheduler",
    "platform-worker",
    "platform-worker-bulk",
];

const ROLES: &[&str] = &[
    "platform-api",
    "platform-billing",
    "platform-execution",
    "platform-migrate",
    "platform-reports",
    "platform-scheduler",
    "platform-terraform",
    "platform-worker",
];

#[test]
fn the_whole_platform_is_seen() {
    for path in [PLANS[0], PLANS[1], PLANS[3]] {
        let snapshot = read_plan(path);
        let seen = |name: &&String| snapshot.roles[*name].value().is_some();
        assert_eq!(snapshot.roles.keys().filter(seen).collect::<Vec<_>>(), ROLES, "{path}");
        assert_eq!(snapshot.tasks.keys().collect::<Vec<_>>(), FAMILIES, "{path}");
        assert_eq!(snapshot.parameters.len(), 10, "{path}");
        assert_eq!(snapshot.repositories.len(), 7, "{path}");
        assert_eq!(snapshot.account.as_deref(), Some("111122223333"), "{path}");
        assert_eq!(snapshot.region.as_deref(), Some("eu-west-1"), "{path}");
        assert_eq!(snapshot.partition.as_deref(), Some("aws"), "{path}");
        for name in ROLES {
            let role = role(&snapshot, name);
            assert_eq!(role.policies_gap, None, "{path} {name}");
            assert_eq!(role.boundary, Seen::Absent, "{path} {name}");
            let trust = role.trust.value().unwrap();
            Policy::parse("trust", &trust.text, PolicyKind::Trust).unwrap();
            for policy in &role.policies {
                if let Seen::Value(document) = &policy.document {
                    Policy::parse("policy", &document.text, PolicyKind::Identity).unwrap();
                }
            }
        }
    }
    let sources = |path| read_plan(path).sources.remove(0);
    assert_eq!(sources(PLANS[0]).kind, SourceKind::Plan);
    assert_eq!(sources(PLANS[3]).kind, SourceKind::State);
    assert_eq!(sources(PLANS[0]).tool.as_deref(), Some("terraform 1.11.4"));
    assert!(sources(PLANS[0]).digest.unwrap().starts_with("sha256:"));
}

#[test]
fn the_mended_plan_and_its_state_tell_the_same() {
    let (plan, state) = (mended(), read_plan(PLANS[3]));
    assert_eq!(plan.gaps, []);
    for name in ROLES {
        let (before, after) = (role(&plan, name), role(&state, name));
        assert_eq!(policies(before), policies(after), "{name}");
        assert_eq!(before.arn, after.arn, "{name}");
        for policy in before.policies.iter().chain(&after.policies) {
            assert!(policy.document.value().is_some(), "{name}: {}", policy.name);
        }
    }
    for family in FAMILIES {
        let (before, after) = (task(&plan, family), task(&state, family));
        assert_eq!(before.task_role, after.task_role, "{family}");
        assert_eq!(before.execution_role, after.execution_role, "{family}");
        assert!(before.references.is_empty() && after.references.is_empty(), "{family}");
        assert_eq!((before.revision, after.revision), (None, Some(1)), "{family}");
        assert_eq!(taints(&plan, family), [], "{family}");
        assert!(!containers(&plan, family).is_empty() && !containers(&state, family).is_empty());
    }
    let parameter = |snapshot: &Snapshot, name: &str| snapshot.parameters[name].value().unwrap().clone();
    let key = &plan.keys["aws_kms_key.billing"].value().unwrap();
    let planned = parameter(&plan, "/prod/billing/stripe_key");
    assert_eq!((planned.planned, planned.key.value()), (true, Some(&key.arn)));
    assert_eq!(key.arn.to_string(), "arn:aws:kms:eu-west-1:111122223333:key/${aws_kms_key.billing.key_id}");
    assert_eq!(key.aliases, ["alias/platform-billing"]);
    let there = parameter(&state, "/prod/billing/stripe_key");
    assert_eq!((there.planned, there.version), (false, Seen::Value(1)));
    assert_eq!(parameter(&plan, "/prod/api/log_level").key, Seen::Absent);
    assert_eq!(parameter(&plan, "/prod/api/jwt_key").key, Seen::Value("alias/aws/ssm".into()));
    // The policy is deferred, and names the key by the hole that the key is told by.
    let billing = role(&plan, "platform-billing");
    let own = billing.policies.iter().find(|policy| policy.name.known() == Some("billing")).unwrap();
    assert!(own.document.value().unwrap().text.contains(&key.arn.to_policy()));
}

#[test]
fn the_broken_plan_shows_every_fault() {
    let plan = broken();
    assert_eq!(plan.parameters["/prod/reports/db_password"], Seen::Absent);
    let kind = |name: &str| plan.parameters[name].value().unwrap().kind.clone();
    assert_eq!(kind("/prod/api/jwt_key"), Seen::Value(ParameterKind::String));
    assert_eq!(kind("/prod/api/db_password"), Seen::Value(ParameterKind::SecureString));
    let execution = role(&plan, "platform-execution");
    assert_eq!(
        policies(execution),
        ["secrets", "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]
    );
    let text = |name: &str| role(&plan, name).policies[0].document.value().unwrap().text.clone();
    assert!(text("platform-worker").contains(":parameter//prod/worker/*"));
    assert!(text("platform-billing").contains("key/${unknown:aws_kms_key.billing.key_id}"));
    assert_eq!(
        role(&plan, "platform-terraform").arn.as_deref(),
        Some("arn:aws:iam::111122223333:role/deploy/platform-terraform")
    );
    let references =
        |family: &str| -> Vec<_> { task(&plan, family).references.iter().map(|r| r.kind).collect() };
    assert_eq!(references("platform-api"), [SecretReferenceKind::Secrets]);
    assert_eq!(references("platform-worker"), [SecretReferenceKind::LogSecretOptions]);
    assert_eq!(
        references("platform-billing"),
        [SecretReferenceKind::RepositoryCredentials, SecretReferenceKind::EnvironmentFiles]
    );
    assert_eq!(task(&plan, "platform-api").references[0].pointer.as_ref().unwrap().as_str(), "/0/secrets/0");
    assert_eq!(task(&plan, "platform-migrate").task_role, Seen::Absent);
    let role_of = |family: &str| task(&plan, family).task_role.value().unwrap().to_string();
    assert_eq!(role_of("platform-migrate-check"), "arn:aws:iam::111122223333:role/platform-execution");
    assert_eq!(role_of("platform-scheduler"), "arn:aws:iam::111122223333:role/deploy/platform-terraform");
    let literals = &containers(&plan, "platform-api-canary")[0].literals;
    let seen: Vec<_> = literals
        .iter()
        .filter(|l| !l.value.sightings.is_empty())
        .map(|l| (l.place, l.name.as_str()))
        .collect();
    assert_eq!(
        seen,
        [(LiteralPlace::Environment, "AWS_ACCESS_KEY_ID"), (LiteralPlace::Environment, "DB_PASSWORD")]
    );
}

#[test]
fn secrets_that_flow_in_are_named() {
    let plan = broken();
    let one = |name: &str, source: &str| vec![(name.to_owned(), vec![source.to_owned()])];
    assert_eq!(taints(&plan, "platform-reports"), one("TOKEN", "aws_ssm_parameter.jwt_key.value"));
    // The text hides the reference in a local value; the value itself is recognised.
    assert_eq!(taints(&plan, "platform-reports-nightly"), one("2", "var.signing_secret"));
    // Known only after apply: the reference is told, and the rest is a gap.
    let source = "data.aws_secretsmanager_random_password.export.random_password";
    assert_eq!(taints(&plan, "platform-billing-export"), one("container_definitions", source));
    assert_eq!(plan.gaps.len(), 1);
    assert_eq!(plan.gaps[0].0.address, "aws_ecs_task_definition.billing_export");
    assert!(task(&plan, "platform-worker-bulk").containers.gap().unwrap().reason.contains("registry.arn"));
    assert_eq!(taints(&plan, "platform-gateway"), []);
}

#[test]
fn what_only_apply_tells_is_a_symbol_or_a_gap() {
    let plan = unknown();
    assert_eq!((plan.account.as_deref(), plan.region.as_deref()), (None, Some("eu-west-1")));
    let mail = role(&plan, "aws_iam_role.service[\"mail\"]");
    assert_eq!(mail.name.known(), None);
    assert_eq!(mail.policies_gap, None);
    let text = &mail.policies[0].document.value().unwrap().text;
    assert!(text.contains("${unknown:data.aws_iam_policy_document.main.statement.0.resources.1}"));
    assert!(text.contains("arn:aws:kms:eu-west-1:${unknown:account}:key/${unknown:aws_kms_key.main.key_id}"));
    let named = role(&plan, "unknown-named");
    assert!(named.boundary.value().is_some() && named.trust.gap().is_some());
    assert!(named.policies[0].document.gap().unwrap().reason.contains("aws_ssm_parameter.main.arn"));
    let expected = "arn:aws:iam::${account}:role/${aws_iam_role.service[\"mail\"].name}";
    assert_eq!(task(&plan, "unknown-mail").task_role.value().unwrap().to_string(), expected);
    assert!(task(&plan, "unknown-mail").containers.gap().is_some());
    assert!(task(&plan, "unknown-hidden").task_role.gap().unwrap().reason.contains("local.role"));
    assert_eq!(containers(&plan, "unknown-hidden").len(), 2);
    let gaps: BTreeSet<&str> = plan.gaps.iter().map(|(place, _)| place.address.as_str()).collect();
    assert!(gaps.contains("aws_ssm_parameter.main"));
}

/// Everything that could be shown of a snapshot.
fn shown(snapshot: &Snapshot) -> String {
    format!("{snapshot:?}{}", String::from_utf8(saved::write(snapshot).unwrap()).unwrap())
}

const TEMPLATES: &[&str] = &["cdk/template.json", "cloudformation/broken.yaml", "cloudformation/mended.yaml"];

fn read_template(path: &str) -> Snapshot {
    template::parse(path, bytes(path), &Canary).unwrap()
}

#[test]
fn templates_of_cdk_are_read() {
    let snapshot = read_template(TEMPLATES[0]);
    assert_eq!((snapshot.account.as_deref(), snapshot.region.as_deref()), (None, None));
    assert_eq!(snapshot.roles.keys().collect::<Vec<_>>(), ["TaskExecutionRoleEF964934", "orders-task"]);
    let task_role = role(&snapshot, "orders-task");
    assert_eq!(task_role.policies_gap, None);
    let text = &task_role.policies[0].document.value().unwrap().text;
    Policy::parse("policy", text, PolicyKind::Identity).unwrap();
    assert!(
        text.contains("arn:aws:ssm:${unknown:region}:${unknown:account}:parameter/prod/orders/db_password")
    );
    let definition = task(&snapshot, "orders");
    assert_eq!(definition.task_role.value().unwrap().to_string(), "arn:aws:iam::${account}:role/orders-task");
    let references: Vec<_> = definition.references.iter().map(|r| (r.kind, r.name.as_str())).collect();
    assert_eq!(references, [(SecretReferenceKind::Secrets, "DB_PASSWORD")]);
    assert_eq!(
        definition.references[0].value_from.to_string(),
        "arn:aws:ssm:${region}:${account}:parameter/prod/orders/db_password"
    );
    let image = containers(&snapshot, "orders")[0].image.value().unwrap().to_string();
    assert_eq!(image, "${account}.dkr.ecr.${region}.amazonaws.com/orders:1.0.0");
    let tainted = taints(&snapshot, "orders");
    assert_eq!(tainted.len(), 1);
    assert_eq!(tainted[0].0, "TOKEN");
    let secret = snapshot.secrets["prod/orders/login"].value().unwrap();
    let key = snapshot.keys["Key961B73FD"].value().unwrap();
    assert_eq!(secret.key.value(), Some(&key.arn));
    assert_eq!(key.aliases, ["alias/orders"]);
    Policy::parse("key", &key.policy.value().unwrap().text, PolicyKind::Resource).unwrap();
}

#[test]
fn hand_written_templates_are_read() {
    let snapshot = read_template(TEMPLATES[1]);
    let task_role = role(&snapshot, "payments-task");
    let text = &task_role.policies[0].document.value().unwrap().text;
    assert!(text.contains("arn:aws:ssm:${unknown:region}:${unknown:account}:parameter/prod*"), "{text}");
    assert!(text.contains("key/${unknown:Key.KeyId}"));
    let execution = role(&snapshot, "payments-execution");
    assert_eq!(execution.policies.len(), 2);
    assert!(execution.policies[1].document.value().unwrap().text.contains("parameter/prod/*"));
    assert_eq!(execution.place.line, Some(57));
    let names: Vec<(String, String)> =
        taints(&snapshot, "payments").into_iter().map(|(name, taints)| (name, taints.join(" "))).collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        names,
        [
            pair("API_TOKEN", "ApiToken (NoEcho)"),
            pair("SESSION", "{{resolve:ssm:/prod/payments/session}} (parameter Session)"),
            pair("DB_URL", "{{resolve:ssm-secure:/prod/payments/db_password}}"),
        ]
    );
    let literals = &containers(&snapshot, "payments")[0].literals;
    assert_eq!(literals.len(), 6);
    assert_eq!(literals.iter().filter(|literal| !literal.value.sightings.is_empty()).count(), 1);
    assert_eq!(task(&snapshot, "payments").references.len(), 1);
    assert_eq!(task(&snapshot, "payments-worker").task_role, Seen::Absent);
    assert_eq!(
        snapshot.parameters["/prod/payments/db_password"].value().unwrap().kind,
        Seen::Value(ParameterKind::String)
    );
    // A parameter's default decides the template's condition, so nothing hangs on it.
    assert_eq!(snapshot.gaps, []);

    let mended = read_template(TEMPLATES[2]);
    assert_eq!(mended.gaps, []);
    assert_eq!(role(&mended, "payments-task").policies.len(), 1);
    assert_eq!(taints(&mended, "payments"), []);
}

#[test]
fn templates_that_are_none_are_errors() {
    let fault =
        |text: &str| template::parse("t.yaml", text.as_bytes().to_vec(), &Canary).unwrap_err().to_string();
    assert!(fault("a: &x 1\nResources: *x\n").contains("2:12: an alias"));
    assert!(fault(&"[".repeat(5_000)).contains("not YAML"));
    assert!(
        fault(&format!("a: {}b", "\n- ".repeat(3)).replace("a:", &"? ".repeat(200)))
            .contains("nested deeper")
    );
    assert!(fault(&format!("{{\"Resources\":{}", "[".repeat(5_000))).contains("nested deeper"));
    assert!(fault("Resources: []\n").contains("no Resources"));
    assert!(fault("").contains("empty"));
    assert!(fault("a: 1\na: 2\n").contains("2:1: a key stands twice"));
    assert!(fault("a: [1\nb: 'CANARY").contains("not YAML"));
    assert!(!fault("a: [1\nb: 'CANARY").contains("CANARY"));
    // Names that refer to themselves end.
    let circle = "Resources:\n  A: {Type: 'AWS::IAM::Role', Properties: {RoleName: !Sub '${B}${B}'}}\n  B: {Type: 'AWS::IAM::Role', Properties: {RoleName: !Sub '${A}${A}'}}\n";
    template::parse("t.yaml", circle.as_bytes().to_vec(), &Canary).unwrap();
}

/// A snapshot as it is saved: a word of a command may be a secret that no detector knows, so none is kept.
fn without_commands(mut snapshot: Snapshot) -> Snapshot {
    for task in snapshot.tasks.values_mut() {
        let Seen::Value(task) = task else { continue };
        let Seen::Value(containers) = &mut task.containers else { continue };
        containers.iter_mut().for_each(|container| container.command = Command::default());
    }
    snapshot
}

#[test]
fn saved_snapshots_are_read_as_they_were() {
    let plans = PLANS.iter().map(|path| read_plan(path));
    for snapshot in plans.chain(TEMPLATES.iter().map(|path| read_template(path))) {
        let text = saved::write(&snapshot).unwrap();
        let read = saved::parse("saved.json", &text).unwrap();
        assert_eq!(without_commands(read), without_commands(snapshot));
    }
}

#[test]
fn no_canary_leaves_a_reader() {
    for path in PLANS {
        assert!(String::from_utf8(bytes(path)).unwrap().contains("CANARY"), "{path}");
        assert!(!shown(&read_plan(path)).contains("CANARY"), "{path}");
    }
    for path in TEMPLATES {
        assert!(!shown(&read_template(path)).contains("CANARY"), "{path}");
    }
}

#[test]
fn encodings_of_windows_are_read() {
    let text = String::from_utf8(bytes(PLANS[0])).unwrap();
    let expected = broken();
    let wide = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect()
    };
    let with_mark = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    for variant in [wide(u16::to_le_bytes), wide(u16::to_be_bytes), with_mark] {
        let read = plan::parse("plan.json", variant, &Canary).unwrap();
        assert_eq!((&read.roles, &read.tasks), (&expected.roles, &expected.tasks));
    }
    let mut odd = wide(u16::to_le_bytes);
    odd.pop();
    assert!(plan::parse("plan.json", odd, &Canary).is_err());
}

#[test]
fn damaged_documents_are_errors_without_values() {
    for path in PLANS.iter().chain(TEMPLATES) {
        let read = if PLANS.contains(path) { plan::parse } else { template::parse };
        let whole = bytes(path);
        let mut damaged: Vec<Vec<u8>> = (0..60).map(|i| whole[..whole.len() * i / 60].to_vec()).collect();
        for (index, at) in (0..whole.len()).step_by(whole.len() / 60).enumerate() {
            let mut changed = whole.clone();
            changed[at] = b"\"{}[],:x0\\\xff\0"[index % 12];
            damaged.push(changed);
        }
        for text in damaged {
            match read("plan.json", text, &Canary) {
                Ok(snapshot) => assert!(!shown(&snapshot).contains("CANARY")),
                Err(error) => assert!(!error.to_string().contains("CANARY"), "{error}"),
            }
        }
        if path.ends_with(".json") {
            let error = read("plan.json", whole[..whole.len() / 2].to_vec(), &Canary).unwrap_err();
            let place = error.reason.split(": ").next().unwrap();
            assert!(place.split_once(':').unwrap().0.parse::<u32>().is_ok(), "{error}");
        }
    }
}
