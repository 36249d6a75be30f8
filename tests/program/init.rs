//! `seaworthy init`, from outside: guesses with their places, no secrets, nothing overwritten.

use crate::support::{Cli, planted};

const TASK: &str = r#"{
  "family": "orders",
  "executionRoleArn": "arn:aws:iam::111122223333:role/orders-exec",
  "taskRoleArn": "arn:aws:iam::111122223333:role/orders-app",
  "containerDefinitions": [
    {
      "name": "app",
      "environment": [{"name": "LOG_LEVEL", "value": "PLAINVALUE"}],
      "secrets": [
        {"name": "DB_PASSWORD", "valueFrom": "/orders/prod/db/password"},
        {"name": "API_KEY", "valueFrom": "arn:aws:secretsmanager:eu-west-2:111122223333:secret:orders/api-AbCdEf"},
        {"name": "OTHER", "valueFrom": "${var.other}"}
      ]
    }
  ]
}
"#;

const HANDLES: &str = r#"# Handles
* `ECR_REPO_URI = "111122223333.dkr.ecr.eu-west-2.amazonaws.com/orders"`
* `IMAGE_DOCKERFILE_PATH = "docker/app.Dockerfile"`
* `IMAGE_BUILD_PATH = "."`
* `S3_EVIDENCE_BUCKET = "orders-evidence"`
* `SSM_KAFKA_API_KEY_PATH = "/orders/prod/kafka/api_key"`
* `SSM_DB_PASSWORD_PATH = "/orders/prod/db/password"`
* `SSM_DB_DSN_PATH = "TO_PIN"`
* `ROLE_ECS_TASK_EXECUTION = "orders-exec"`
* `ROLE_ORDERS_APP = "orders-app"`
Phase `P(-1)`.

| handle | mode | command |
| --- | --- | --- |
| `ENTRYPOINT_API` | service | `python -m orders.api` |
"#;

const WORKFLOW: &str = "on: push\njobs:\n  image:\n    steps:\n      - run: docker build --file docker/app.Dockerfile --tag \"$URI:git-$SHA\" .\n      \
    - run: docker push 111122223333.dkr.ecr.eu-west-2.amazonaws.com/orders:git-1\n";

const TERRAFORM: &str = "resource \"aws_ssm_parameter\" \"smtp_password\" {\n  type = \"SecureString\"\n  name = \"/orders/prod/smtp/password\"\n  value = \"Hunter2Hunter2\"\n}\n\
    resource \"aws_ssm_parameter\" \"computed\" {\n  name = \"/${var.env}/x\"\n}\n";

fn repository() -> Cli {
    let cli = Cli::new();
    cli.write("docker/app.Dockerfile", "# app\nFROM alpine\nCOPY . /app\n")
        .write("tools/Dockerfile", "FROM alpine\n")
        .write("node_modules/x/Dockerfile", "FROM alpine\n")
        .write(".github/workflows/build.yml", WORKFLOW)
        .write("deploy/task.json", TASK)
        .write("docs/handles.registry.md", HANDLES)
        .write("infra/main.tf", TERRAFORM)
        .write(".env.example", "LOG_LEVEL=info\nDB_PASSWORD=Hunter2Hunter2\nSMTP_PASSWORD=Hunter2Hunter2\nexport KAFKA_API_KEY=\n");
    cli
}

#[test]
fn each_guess_names_its_place() {
    let cli = repository();
    let answer = cli.run(&["init", "--print"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!cli.path("seaworthy.toml").exists());
    for value in ["Hunter2", "PLAINVALUE"] {
        assert!(!answer.stdout.contains(value), "{}", answer.stdout);
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("init_contract", answer.stdout));
}

#[test]
fn what_is_written_is_a_contract_and_stays() {
    let cli = repository();
    let answer = cli.run(&["init"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (0, ""), "{}", answer.stderr);
    let written = cli.read("seaworthy.toml");
    cli.run(&["init"]).error(&["seaworthy.toml", "exists"]);
    assert_eq!(cli.read("seaworthy.toml"), written);
    assert_eq!(cli.run(&["init", "--print"]).stdout, written);
    // The gate takes it.
    cli.write("image.tar", planted().docker_archive(&[]));
    let answer = cli.run(&["gate", "--run-id", "r", "--report", "json", "docker-archive:image.tar"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.json()["contract"]["digest"].is_string());
    // A link is not written through.
    let cli = Cli::new();
    std::os::unix::fs::symlink(cli.path("elsewhere"), cli.path("seaworthy.toml")).unwrap();
    cli.run(&["init"]).error(&["exists"]);
    assert!(!cli.path("elsewhere").exists());
}

#[test]
fn an_empty_repository_gives_a_contract_too() {
    let cli = Cli::new();
    assert_eq!(cli.run(&["init"]).code, 0);
    assert!(cli.read("seaworthy.toml").starts_with("# What this project promises"));
    let answer = cli.run(&["gate", "--run-id", "r", "--dry-run"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stdout.contains("no image is named"), "{}", answer.stdout);
    cli.run(&["init", "no-such-directory"]).error(&["no-such-directory"]);
}

/// Copies a directory, without a file.
fn copy(from: &str, cli: &Cli, without: &str) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
    for entry in walkdir::WalkDir::new(&root) {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap();
        if entry.file_type().is_file() && path != without {
            cli.write(path, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// The IDs of the controls, each with its status.
fn controls(cli: &Cli) -> (i32, Vec<String>) {
    let answer = cli.run(&["gate", "--run-id", "orders-20261101T090000Z", "--dry-run", "--report", "json"]);
    let report = answer.json();
    let groups = report["controls"].as_array().unwrap().clone();
    let status = |g: &serde_json::Value| format!("{} {}", g["id"], g["status"]);
    (answer.code, groups.iter().map(status).collect())
}

#[test]
fn the_demo_needs_no_contract_by_hand() {
    for faults in [false, true] {
        let (own, guessed) = (Cli::new(), Cli::new());
        copy("corpus/demo/project", &own, "");
        copy("corpus/demo/project", &guessed, "seaworthy.toml");
        if faults {
            copy("corpus/demo/faults", &own, "");
            copy("corpus/demo/faults", &guessed, "");
        }
        let answer = guessed.run(&["init"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert!(answer.stderr.contains("waived until"), "{}", answer.stderr);
        if !faults {
            assert_eq!(controls(&guessed), controls(&own), "{}", guessed.read("seaworthy.toml"));
        }
        assert_eq!(controls(&guessed).0, i32::from(faults));
        assert_eq!(guessed.run(&["init", "--check"]).code, 0);
    }
    let cli = Cli::new();
    copy("corpus/demo/project", &cli, "seaworthy.toml");
    let answer = cli.run(&["init", "--print"]);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", "DATE");
    settings.bind(|| insta::assert_snapshot!("init_demo", answer.stdout));
}

/// Compose files, Docker Hub, examples, several images.
#[test]
fn what_a_compose_file_says_is_the_pair() {
    let cli = Cli::new();
    cli.write("vote/Dockerfile", "FROM python:3\nCOPY . /app\nCMD [\"python\", \"app.py\"]\n")
        .write("result/Dockerfile", "FROM node:20 AS base\nFROM base\nCMD [\"node\", \"server.js\"]\n")
        .write("build/worker.Dockerfile", "FROM scratch AS tool\nFROM scratch\nCOPY src /src\nENTRYPOINT [\"/worker\"]\n")
        .write("worker/src/a.c", "")
        .write(
            "compose.yaml",
            "services:\n  vote:\n    build: ./vote\n    command: python app.py --port 80\n  worker:\n    build:\n      context: worker\n      \
             dockerfile: ../build/worker.Dockerfile\n      target: tool\n      args: [VERSION=1]\n  db:\n    image: postgres\n",
        )
        .write(
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: docker/login-action@v3\n        with: {username: x}\n      \
             - uses: docker/build-push-action@v6\n        with: {context: result, push: true}\n",
        )
        .write("tests/fixtures/Dockerfile", "FROM scratch\n")
        .write("tests/.env.example", "TEST_PASSWORD=\n");
    let answer = cli.run(&["init", "--print", "--image", "worker"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for line in [
        "dockerfile = \"build/worker.Dockerfile\"",
        "context = \"worker\"  # guessed from compose.yaml:7",
        "builds the stage tool: give --target tool",
        "gives it the arguments VERSION",
        "profile = \"image\"",
    ] {
        assert!(answer.stdout.contains(line), "no {line:?} in {}", answer.stdout);
    }
    assert!(
        !answer.stdout.contains("\n[workflow]") && !answer.stdout.contains("TEST_PASSWORD"),
        "{}",
        answer.stdout
    );
    let result = cli.run(&["init", "--print", "--image", "result"]).stdout;
    assert!(result.contains("publishes to docker.io") && !result.contains("\n[workflow]"), "{result}");
    let vote = cli.run(&["init", "--print", "--image", "vote"]).stdout;
    assert!(vote.contains("command = [\"python\", \"app.py\"]\nrequired_args = [\"--port\"]"), "{vote}");
    cli.run(&["init", "--image", "nothing"]).error(&["nothing", "vote", "worker"]);
    let answer = cli.run(&["init", "--all-images"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let written = ["seaworthy.toml", "seaworthy.vote.toml", "seaworthy.worker.toml", "seaworthy.result.toml"];
    assert_eq!(written.iter().filter(|p| cli.path(p).exists()).count(), 3, "{}", answer.stderr);
    cli.run(&["init", "--all-images"]).error(&["exists"]);
}

/// A repository with tasks, of which each reads its own secret.
fn tasks(count: usize) -> Cli {
    let cli = Cli::new();
    let entry = |n: usize| format!("    t{n} = {{ secret = \"/app/prod/t{n}\" }}\n");
    let entries: String = (0..count).map(entry).collect();
    let main = format!(
        "locals {{\n  tasks = {{\n{entries}  }}\n}}\nmodule \"task\" {{\n  for_each = local.tasks\n  source = \"../modules/task\"\n  \
         name = each.key\n  secret = each.value.secret\n}}\n"
    );
    cli.write("infra/main.tf", main)
        .write(
            "modules/task/main.tf",
            r#"variable "name" {}
variable "secret" {}
data "aws_caller_identity" "me" {}
resource "aws_ssm_parameter" "secret" {
  name = var.secret
  type = "SecureString"
  value = "Hunter2Hunter2"
}
resource "aws_ssm_parameter" "plain" {
  name = "/app/plain/${var.name}"
  type = "String"
  value = "Hunter2Hunter2"
}
resource "aws_iam_user" "ci" { name = "ci-user" }
data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.secret.arn]
  }
}
resource "aws_iam_role" "task" {
  name = "app-${var.name}"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "read" {
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.read.json
}
resource "aws_ecs_task_definition" "task" {
  family = "app-${var.name}"
  task_role_arn = aws_iam_role.task.arn
  execution_role_arn = "arn:aws:iam::111122223333:role/exec"
  container_definitions = jsonencode([{
    name = "main"
    image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1"
    command = ["python", "-m", "app.${var.name}", "--profile", "/x"]
  }])
}
"#,
        )
        .write("Dockerfile", "FROM scratch\nCOPY app /app\n")
        .write("app/__init__.py", "")
        .write("handles.md", "# Handles\n* `ROLE_EXEC = \"exec\"`\n* `ROLE_CI_USER = \"arn:aws:iam::111122223333:user/ci\"`\n");
    cli
}

#[test]
fn twenty_tasks_leave_little_to_write() {
    let cli = tasks(20);
    let answer = cli.run(&["init", "--print"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let text = &answer.stdout;
    let count = |head: &str| text.lines().filter(|l| l.starts_with(head)).count();
    assert_eq!(
        (count("[[tasks]]"), count("[[roles]]"), count("[[secrets]]"), count("[[entrypoints]]")),
        (20, 21, 20, 20),
        "{text}"
    );
    assert!(text.contains("requires = [\"T7\"]") || text.contains("requires = [\"SECRET\"]"), "{text}");
    assert!(
        !text.contains("Hunter2")
            && !text.contains("/app/plain")
            && !text.contains("ci-user")
            && !text.contains("user/ci"),
        "{text}"
    );
    let open = text.lines().filter(|l| l.starts_with('#') && (l.ends_with('?') || l.contains(" = "))).count();
    assert!(open <= 30, "{open} lines by hand: {text}");
}

#[test]
fn an_environment_is_chosen() {
    let cli = Cli::new();
    for env in ["prod", "staging"] {
        cli.write(
            &format!("infra/{env}/main.tf"),
            format!("resource \"aws_ssm_parameter\" \"db\" {{\n  name = \"/app/{env}/db\"\n  type = \"SecureString\"\n}}\n"),
        );
    }
    cli.write("infra/dns/main.tf", "resource \"aws_s3_bucket\" \"x\" {}\n");
    cli.run(&["init"]).error(&["infra/prod, infra/staging", "--env"]);
    let answer = cli.run(&["init", "--print", "--env", "infra/prod"]);
    assert!(
        answer.stdout.contains("/app/prod/db") && !answer.stdout.contains("staging"),
        "{}",
        answer.stdout
    );
    cli.run(&["init", "--env", "nowhere"]).error(&["nowhere"]);
}

/// Environments that name their resources each in its own way are environments still.
#[test]
fn environments_need_not_declare_the_same() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\n");
    for (name, local) in [("prod", "mail"), ("staging", "m")] {
        let text = format!(
            "provider \"aws\" {{\n  region = \"{}\"\n}}\nresource \"aws_ssm_parameter\" \"{local}\" {{\n  \
             name = \"/shop/{name}/mail\"\n  type = \"SecureString\"\n}}\n",
            if name == "prod" { "eu-west-1" } else { "us-east-1" }
        );
        cli.write(&format!("infra/{name}/main.tf"), text);
    }
    cli.run(&["init", "--print"]).error(&["infra/prod, infra/staging", "--env"]);
    let written = cli.run(&["init", "--print", "--env", "infra/prod"]).stdout;
    assert!(!written.contains("staging") && !written.contains("us-east-1"), "{written}");
    assert!(written.contains("eu-west-1"), "{written}");
    // Parts of one environment stand beside each other, too.
    std::fs::rename(cli.path("infra/prod"), cli.path("infra/network")).unwrap();
    assert_eq!(cli.run(&["init", "--print"]).code, 0);
}

#[test]
fn a_contract_is_told_what_it_lacks() {
    let cli = tasks(2);
    cli.run(&["init", "--check"]).error(&["none to check"]);
    cli.write("seaworthy.toml", "version = 1\n[image]\nreference = \"oci-archive:a.tar\"\n");
    let answer = cli.run(&["init", "--check"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    for line in [
        "entrypoints: there is no [[entrypoints]]",
        "workflow: ",
        "task app-t0: is not in [[tasks]]",
        "secret /app/prod/t1",
    ] {
        assert!(answer.stdout.contains(line), "no {line:?} in {}", answer.stdout);
    }
}

#[test]
fn templates_and_documents_say_what_runs() {
    let cli = Cli::new();
    cli.write(
        "stack.yaml",
        "Parameters:\n  Env: {Type: String, Default: prod}\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: !Sub '${Env}-app'\n      \
         Policies:\n        - PolicyName: a\n          PolicyDocument:\n            Statement:\n              - Effect: Allow\n                Action: ssm:GetParameter\n                \
         Resource: !Sub 'arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/app/${Env}/db'\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: app\n      \
         TaskRoleArn: !GetAtt Role.Arn\n      ContainerDefinitions:\n        - Name: a\n          Image: x\n          Command: [/app/run, --fast]\n          \
         Secrets:\n            - {Name: DB_PASSWORD, ValueFrom: /app/prod/db}\n",
    )
    .write("Dockerfile", "FROM scratch\n");
    let text = cli.run(&["init", "--print"]).stdout;
    for line in [
        "template = [\"stack.yaml\"]",
        "role = \"prod-app\"",
        "requires = [\"DB_PASSWORD\"]",
        "family = \"app\"",
        "command = [\"/app/run\"]",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

#[test]
fn hostile_repositories_break_nothing() {
    let cli = Cli::new();
    cli.write("a\"\n]b/Dockerfile", "FROM alpine\n")
        .write("handles.md", "SSM_A_PATH = \"/a\"\nSSM_A_PATH = \"/b\"\nSSM_B_PATH = \"/a\"\nROLE_X = \"'''\\\"\u{202e}\"\nSSM_C_PATH=\"//\"\n")
        .write("bad.json", "{\"containerDefinitions\": [")
        .write("odd.json", "{\"containerDefinitions\": 7, \"taskRoleArn\": \"a\\nb = 1\"}")
        .write("big.tf", vec![b' '; (2 << 20) + 1])
        .write("broken.tf", "resource \"a\" {\n  Hunter2 =\n}\n")
        .write("deep.tf", "a = ".to_owned() + &"[".repeat(100_000))
        .write(".github/workflows/big.yml", "on: push\njobs:\n  b:\n    steps:\n".to_owned() + &"      - run: docker build .\n".repeat(40_000))
        .write("loop.tf", "locals {\n  a = local.b\n  b = local.a\n}\nresource \"aws_iam_role\" \"x\" {\n  name = local.a\n}\nmodule \"m\" {\n  source = \"./\"\n}\n")
        .write(".env.example", [0xff, 0xfe])
        .write("tokens.handles.md", format!("SSM_T_PATH = \"/x/{}\"\nROLE_Y = {}\n", crate::support::GITLAB, crate::support::GITLAB));
    let answer = cli.run(&["init", "--print"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!answer.stdout.contains(crate::support::GITLAB), "{}", answer.stdout);
    assert!(answer.stdout.lines().all(|l| !l.starts_with("b = ")));
    std::os::unix::fs::symlink("/etc", cli.path("out")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", cli.path("handles.toml")).unwrap();
    let again = cli.run(&["init", "--print"]);
    assert!(again.stderr.contains("handles.toml: links are not followed"), "{}", again.stderr);
    assert!(!answer.stderr.contains("Hunter2"), "{}", answer.stderr);
    for word in ["bad.json", "big.tf", ".env.example", "broken.tf: is not HCL at line 2", "nested too deeply"]
    {
        assert!(answer.stderr.contains(word), "{word}: {}", answer.stderr);
    }
}

#[test]
fn what_is_not_looked_at_is_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let cli = Cli::new();
    let large = " ".repeat(2 << 20);
    let services: String = (0..501).map(|n| format!("  s{n}:\n    image: a\n")).collect();
    cli.write("Dockerfile", "FROM alpine\n")
        .write("deploy/task.json", format!("{{\"containerDefinitions\": []}}{large}"))
        .write(
            "plan.json",
            format!("{{\"format_version\": \"1.2\", \"terraform_version\": \"1.9.0\"}}{large}"),
        )
        .write("compose.yaml", format!("services:\n{services}"))
        .write("Procfile", "web: app\n".repeat(201));
    std::fs::create_dir(cli.path("").join(std::ffi::OsStr::from_bytes(b"\xff"))).unwrap();
    let doubled: String =
        (0..40).map(|n| format!("  l{n} = \"${{local.l{}}}${{local.l{}}}\"\n", n + 1, n + 1)).collect();
    cli.write(
        "infra/main.tf",
        format!("locals {{\n{doubled}  l40 = \"a\"\n}}\nresource \"aws_s3_bucket\" \"b\" {{\n  bucket = local.l0\n}}\n"),
    );
    let answer = cli.run(&["init", "--print"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for told in [
        "deploy/task.json: is larger than 2 MiB",
        "compose.yaml: only the first 500 services",
        "Procfile: only the first 200 lines",
        "xff: its name is not UTF-8",
        "infra: Terraform that is too intricate",
    ] {
        assert!(answer.stderr.contains(told), "{told}: {}", answer.stderr);
    }
    // A plan says at its beginning what it is, and is no gap.
    assert!(!answer.stderr.contains("plan.json"), "{}", answer.stderr);
}

#[test]
fn a_handle_with_two_values_is_not_offered() {
    let cli = repository();
    let entry = "* `SSM_DB_PASSWORD_PATH = \"/orders/prod/db/password\"`\n";
    let other = "* `SSM_DB_PASSWORD_PATH = \"/orders/other/db/password\"`\n";
    cli.write("docs/handles.registry.md", HANDLES.replace(entry, &format!("{entry}{other}")));
    let answer = cli.run(&["init", "--print"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!answer.stdout.contains("${SSM_DB_PASSWORD_PATH}"), "{}", answer.stdout);
    cli.write("docs/handles.registry.md", HANDLES);
    let answer = cli.run(&["init", "--print"]);
    assert!(answer.stdout.contains("${SSM_DB_PASSWORD_PATH}"), "{}", answer.stdout);
}

/// A handle, a name, how the image starts it, the options that it requires, and what it reads.
type Entry = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// The programs of a platform.
const PROGRAMS: [Entry; 20] = [
    ("ORACLE_SEED", "oracle-seed", "oracle.pack", &["--profile", "--scenario-id"], &["DB_PASSWORD"]),
    ("ORACLE_SORT", "oracle-sort", "oracle.sort", &["--profile", "--scenario-id"], &["DB_PASSWORD"]),
    ("ORACLE_CHECKER", "oracle-checker", "oracle.cli", &["--profile"], &["DB_PASSWORD"]),
    ("SR", "scenario-runner", "runner.cli run", &["--wiring", "--policy"], &["KAFKA_API_KEY"]),
    ("WSP", "streamer", "streamer.cli", &["--profile"], &["KAFKA_API_KEY", "KAFKA_API_SECRET"]),
    ("IG_SERVICE", "ingest-gate", "ingest.service", &["--profile"], &["IG_API_KEY", "KAFKA_API_KEY"]),
    ("CORE_WORKER", "archive-writer", "archive.worker", &["--profile"], &["KAFKA_API_KEY"]),
    ("CORE_WORKER", "identity-graph", "identity.service", &["--profile"], &["DB_PASSWORD"]),
    ("CORE_WORKER", "projector", "features.projector", &["--profile"], &["DB_PASSWORD"]),
    ("CORE_WORKER", "intake", "intake.worker", &["--policy"], &["DB_PASSWORD"]),
    ("LANE_WORKER", "degrade", "degrade.worker", &["--profile"], &["KAFKA_API_KEY"]),
    ("LANE_WORKER", "decide", "decide.worker", &["--profile"], &["KAFKA_API_KEY"]),
    ("LANE_WORKER", "act", "act.worker", &["--profile"], &["KAFKA_API_KEY"]),
    ("LANE_WORKER", "audit", "audit.worker", &["--profile"], &["DB_PASSWORD"]),
    ("LANE_WORKER", "trigger", "trigger.worker", &["--profile"], &["DB_PASSWORD"]),
    ("CM_SERVICE", "cases", "cases.worker", &["--profile"], &["DB_PASSWORD", "SMTP_PASSWORD"]),
    ("LS_SERVICE", "labels", "labels.worker", &["--profile"], &["DB_PASSWORD"]),
    ("REPORTER", "reporter", "reporter.cli", &["--profile"], &["DB_PASSWORD", "SIGNING_KEY"]),
    ("MIGRATE", "migrate", "migrate.cli up", &["--profile"], &["DB_ADMIN_PASSWORD"]),
    ("METRICS", "metrics", "metrics.service", &["--profile"], &[]),
];

/// The parameters, and where the registry of handles says that they are.
const PARAMETERS: [(&str, &str); 7] = [
    ("DB_PASSWORD", "db/password"),
    ("DB_ADMIN_PASSWORD", "db/admin_password"),
    ("KAFKA_API_KEY", "kafka/api_key"),
    ("KAFKA_API_SECRET", "kafka/api_secret"),
    ("IG_API_KEY", "ingest/api_key"),
    ("SMTP_PASSWORD", "smtp/password"),
    ("SIGNING_KEY", "reports/signing_key"),
];

const ECS: &str = "ecs-tasks.amazonaws.com";
const ACCOUNT: &str = "111122223333";
const IMAGE: &str =
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/ledger:git-4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// A Python program with a required option for each of `options`, which may be those of a subcommand.
fn program(start: &str, options: &[&str], secrets: &[&str]) -> String {
    let mut text =
        "import argparse\nimport os\n\n\ndef main() -> None:\n    parser = argparse.ArgumentParser()\n"
            .to_owned();
    let mut target = "parser";
    if let Some((_, command)) = start.split_once(' ') {
        text += "    commands = parser.add_subparsers(dest=\"command\", required=True)\n";
        text += &format!("    {command} = commands.add_parser(\"{command}\")\n");
        target = command;
    }
    options.iter().for_each(|o| text += &format!("    {target}.add_argument(\"{o}\", required=True)\n"));
    text += "    arguments = parser.parse_args()\n";
    secrets.iter().for_each(|s| text += &format!("    {} = os.environ[\"{s}\"]\n", s.to_lowercase()));
    text + "    raise SystemExit(0 if arguments else 1)\n\n\nif __name__ == \"__main__\":\n    main()\n"
}

/// The Terraform of the platform, as people write it: a file for each kind, names that are worked out, roles whose
/// policies are data sources.
fn terraform() -> Vec<(&'static str, String)> {
    let mut parameters = String::new();
    for (name, path) in PARAMETERS {
        let label = name.to_lowercase();
        parameters += &format!(
            "resource \"aws_ssm_parameter\" \"{label}\" {{\n  name  = \"${{local.prefix}}/{path}\"\n  type  = \"SecureString\"\n  \
             value = var.secrets[\"{name}\"]\n}}\n\n"
        );
    }
    let mut roles = format!(
        "data \"aws_iam_policy_document\" \"ecs\" {{\n  statement {{\n    actions = [\"sts:AssumeRole\"]\n    principals {{\n      \
         type        = \"Service\"\n      identifiers = [\"{ECS}\"]\n    }}\n  }}\n}}\n\nresource \"aws_iam_role\" \"execution\" {{\n  \
         name               = \"ledger-execution\"\n  assume_role_policy = data.aws_iam_policy_document.ecs.json\n}}\n\n"
    );
    let mut tasks = String::new();
    for (_, name, start, options, secrets) in PROGRAMS {
        let label = name.replace('-', "_");
        let arns: Vec<String> =
            secrets.iter().map(|s| format!("aws_ssm_parameter.{}.arn", s.to_lowercase())).collect();
        roles += &format!(
            "resource \"aws_iam_role\" \"{label}\" {{\n  name               = \"ledger-{name}\"\n  \
             assume_role_policy = data.aws_iam_policy_document.ecs.json\n}}\n\n"
        );
        if !arns.is_empty() {
            roles += &format!(
                "data \"aws_iam_policy_document\" \"{label}\" {{\n  statement {{\n    \
                 actions   = [\"ssm:GetParameter\", \"ssm:GetParameters\"]\n    resources = [{}]\n  }}\n}}\n\n\
                 resource \"aws_iam_role_policy\" \"{label}\" {{\n  name   = \"secrets\"\n  role   = aws_iam_role.{label}.id\n  \
                 policy = data.aws_iam_policy_document.{label}.json\n}}\n\n",
                arns.join(", ")
            );
        }
        let (entrypoint, command) = words(start, options);
        tasks += &format!(
            "resource \"aws_ecs_task_definition\" \"{label}\" {{\n  family                   = \"ledger-{name}\"\n  \
             requires_compatibilities = [\"FARGATE\"]\n  network_mode             = \"awsvpc\"\n  \
             task_role_arn            = aws_iam_role.{label}.arn\n  execution_role_arn       = aws_iam_role.execution.arn\n  \
             container_definitions = jsonencode([{{\n    name       = \"{name}\"\n    image      = local.image\n    \
             entryPoint = {entrypoint}\n    command    = {command}\n  }}])\n}}\n\n"
        );
    }
    let variables = "variable \"env\" {\n  default = \"prod\"\n}\nvariable \"image_tag\" {}\nvariable \"secrets\" {\n  \
        type      = map(string)\n  sensitive = true\n}\ndata \"aws_caller_identity\" \"current\" {}\nprovider \"aws\" {\n  \
        region = \"eu-west-1\"\n}\nlocals {\n  prefix = \"/ledger/${var.env}\"\n  \
        image  = \"${aws_ecr_repository.ledger.repository_url}:${var.image_tag}\"\n}\n\
        resource \"aws_ecr_repository\" \"ledger\" {\n  name                 = \"ledger\"\n  image_tag_mutability = \"IMMUTABLE\"\n}\n";
    vec![
        ("infra/main.tf", variables.to_owned()),
        ("infra/ssm.tf", parameters),
        ("infra/iam.tf", roles),
        ("infra/ecs.tf", tasks),
    ]
}

/// How a task starts a program, as JSON: what replaces the image's entrypoint, and the arguments.
fn words(start: &str, options: &[&str]) -> (String, String) {
    let mut parts = start.split(' ');
    let module = format!("ledger.{}", parts.next().unwrap_or_default());
    let entrypoint = ["python3", "-m", module.as_str()].into_iter().chain(parts).collect::<Vec<_>>();
    let command: Vec<&str> = options.iter().flat_map(|o| [*o, "/app/x"]).collect();
    (serde_json::json!(entrypoint).to_string(), serde_json::json!(command).to_string())
}

/// What `terraform show -json` says of it.
fn terraform_plan() -> String {
    use serde_json::{Value, json};
    let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let trust = policy(json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ECS},
               "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}));
    let resource = |kind: &str, name: &str, values: Value| {
        json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
               "change": {"actions": ["create"], "before": null, "after": values, "after_unknown": {}}})
    };
    let role = |label: &str, name: &str| {
        resource("aws_iam_role", label, json!({"name": name, "path": "/", "assume_role_policy": trust}))
    };
    let path = |name: &str| {
        let found = PARAMETERS.iter().find(|(n, _)| *n == name).unwrap();
        format!("/ledger/prod/{}", found.1)
    };
    let mut all = vec![
        resource(
            "aws_ecr_repository",
            "ledger",
            json!({"name": "ledger", "image_tag_mutability": "IMMUTABLE"}),
        ),
        role("execution", "ledger-execution"),
    ];
    for (name, _) in PARAMETERS {
        let values = json!({"name": path(name), "type": "SecureString"});
        all.push(resource("aws_ssm_parameter", &name.to_lowercase(), values));
    }
    let of_account = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    for (_, name, start, options, secrets) in PROGRAMS {
        let (label, own) = (name.replace('-', "_"), format!("ledger-{name}"));
        all.push(role(&label, &own));
        if !secrets.is_empty() {
            let arn = |s: &&str| format!("arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter{}", path(s));
            let statement = json!({"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"],
                "Resource": secrets.iter().map(arn).collect::<Vec<_>>()});
            let values = json!({"name": "secrets", "role": own, "policy": policy(statement)});
            all.push(resource("aws_iam_role_policy", &label, values));
        }
        let (entrypoint, command) = words(start, options);
        let list = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let container = json!([{"name": name, "image": IMAGE, "entryPoint": list(&entrypoint), "command": list(&command)}]);
        let values = json!({"family": own, "requires_compatibilities": ["FARGATE"], "network_mode": "awsvpc",
            "task_role_arn": of_account(&own), "execution_role_arn": of_account("ledger-execution"),
            "container_definitions": container.to_string()});
        all.push(resource("aws_ecs_task_definition", &label, values));
    }
    let region = json!({"aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws",
        "expressions": {"region": {"constant_value": "eu-west-1"}}}});
    json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": all,
           "configuration": {"provider_config": region, "root_module": {}}, "complete": true, "errored": false})
    .to_string()
}

/// A platform of twenty tasks, as M1 has it: a table of commands whose rows share handles, a registry of handles, roles
/// and parameters in Terraform, a workflow. With its image and a run's documents.
fn platform() -> crate::mutants::project::Project {
    let mut files = std::collections::BTreeMap::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/mutants/ledger");
    for path in [".github/workflows/release.yml", ".github/workflows/check.yml", "bin/python3"] {
        files.insert(path.to_owned(), std::fs::read(root.join(path)).unwrap());
    }
    let mut put = |path: String, text: String| _ = files.insert(path, text.into_bytes());
    put("src/ledger/__init__.py".to_owned(), String::new());
    let mut table =
        "| Handle key | Mode | Invocation contract | Required args |\n| --- | --- | --- | --- |\n".to_owned();
    let mut registry = format!(
        "# Handles\n* `ECR_REPO_URI = \"{}\"`\n* `IMAGE_DOCKERFILE_PATH = \"Dockerfile\"`\n* `IMAGE_BUILD_PATH = \".\"`\n",
        IMAGE.split(":git").next().unwrap()
    );
    for (name, path) in PARAMETERS {
        registry += &format!("* `SSM_{name}_PATH = \"/ledger/prod/{path}\"`\n");
    }
    for (handle, name, start, options, secrets) in PROGRAMS {
        let module = start.split(' ').next().unwrap().replace('.', "/");
        put(format!("src/ledger/{}/__init__.py", module.split('/').next().unwrap()), String::new());
        put(format!("src/ledger/{module}.py"), program(start, options, secrets));
        let given: Vec<String> = options.iter().map(|o| format!("{o} <x>")).collect();
        table += &format!(
            "| `ENTRYPOINT_{handle}` | {name} | `python3 -m ledger.{start}` | `{}` |\n",
            given.join(" ")
        );
        registry += &format!("* `ROLE_{} = \"ledger-{name}\"`\n", name.to_uppercase().replace('-', "_"));
    }
    registry += "* `ROLE_EXECUTION = \"ledger-execution\"`\n* `ROLE_TERRAFORM = \"ledger-terraform\"`\n";
    put("docs/packaging.md".to_owned(), format!("# Packaging\n\n{table}\nThe end.\n"));
    put("docs/handles.registry.md".to_owned(), registry);
    put(
        "Dockerfile".to_owned(),
        "# A stand-in for an interpreter.\nFROM scratch\nCOPY bin/python3 /usr/bin/python3\nCOPY src/ledger /app/ledger\n\
         ENV PATH=/usr/bin PYTHONPATH=/app\nWORKDIR /app\nUSER 10001\nENTRYPOINT [\"python3\", \"-m\", \"ledger.oracle.cli\"]\n"
            .to_owned(),
    );
    put(".dockerignore".to_owned(), "*\n!bin/python3\n!src/ledger\n".to_owned());
    terraform().into_iter().for_each(|(path, text)| put(path.to_owned(), text));
    put("infra/plan.json".to_owned(), terraform_plan());
    crate::mutants::project::Project::of("platform", "ledger", "oracle.cli", files)
}

/// With all at hand, `init` and `gate` need no edit. Where the image, the plan and the documents of runs come from the
/// pipeline alone, what has to be written by hand is counted.
#[test]
fn a_platform_of_twenty_tasks_passes_its_gate_after_init() {
    let platform = platform();
    let gate = |cli: &Cli| cli.run(&["gate", "--run-id", &platform.run, "--dry-run"]);
    let made_later =
        |path: &str| path == "image.tar" || path.ends_with("plan.json") || path.starts_with("store/");
    let write = |cli: &Cli, later: bool| {
        for (path, content) in platform.files.iter().filter(|(path, _)| made_later(path) == later) {
            cli.write(path, content);
        }
    };
    let whole = Cli::new();
    write(&whole, false);
    write(&whole, true);
    let answer = whole.run(&["init"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let contract = whole.read("seaworthy.toml");
    let count = |head: &str| contract.lines().filter(|l| l.starts_with(head)).count();
    assert_eq!(
        (count("[[tasks]]"), count("[[roles]]"), count("[[secrets]]"), count("[[entrypoints]]")),
        (20, 21, 7, 20),
        "{contract}"
    );
    // Rows that share a handle are rows of their own, to the last report.
    assert_eq!(contract.matches("handle = \"ENTRYPOINT_LANE_WORKER\"").count(), 5, "{contract}");
    let answer = gate(&whole);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    assert!(answer.stdout.contains("20 of 20 rows pass"), "{}", answer.stdout);

    let first = Cli::new();
    write(&first, false);
    assert_eq!(first.run(&["init"]).code, 0);
    let mut contract = first.read("seaworthy.toml");
    write(&first, true);
    let mut by_hand = 0;
    let mut edit = |old: &str, new: &str| {
        let line = contract
            .lines()
            .find(|line| line.starts_with(old))
            .unwrap_or_else(|| panic!("no {old}: {contract}"));
        contract = contract.replacen(&line.to_owned(), new, 1);
        by_hand += new.lines().count();
    };
    edit("# reference = ", "reference = \"oci-archive:image.tar\"");
    edit("# plan = ", "plan = [\"infra/plan.json\"]");
    edit("directory = ", "directory = \"store\"");
    let mut waivers = String::new();
    for control in ["C.3.1", "C.4"] {
        waivers += &format!(
            "[[waivers]]\ncontrol = \"{control}\"\nreason = \"the image is an archive: no registry is asked\"\nexpires = \"2099-12-31\"\n"
        );
    }
    by_hand += waivers.lines().count();
    first.write("seaworthy.toml", contract + &waivers);
    let answer = gate(&first);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    assert!(by_hand <= 30, "{by_hand} lines");
    // The gate still tells a fault of it.
    let report = platform.text("src/ledger/reporter/cli.py").replace("--profile", "--config");
    first.write("src/ledger/reporter/cli.py", report.as_bytes());
    first.write(
        "infra/plan.json",
        platform.text("infra/plan.json").replace("db/admin_password", "*").as_bytes(),
    );
    assert_eq!(gate(&first).code, 1);
}

/// Two roots that define one family in two ways: the first is written, the other is a question.
#[test]
fn roots_that_contradict_each_other_are_told() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\n");
    for root in ["network", "service"] {
        let text = format!(
            "resource \"aws_ecs_task_definition\" \"{root}\" {{\n  family = \"app\"\n  \
             task_role_arn = \"arn:aws:iam::111122223333:role/app-{root}\"\n  \
             container_definitions = jsonencode([{{ name = \"a\", image = \"x\", command = [\"/{root}\"] }}])\n}}\n"
        );
        cli.write(&format!("tf/{root}/main.tf"), text);
    }
    let text = cli.run(&["init", "--print"]).stdout;
    assert_eq!(text.lines().filter(|l| l.starts_with("[[tasks]]")).count(), 1, "{text}");
    assert!(
        text.contains("# tf/service/main.tf:1 defines the family app again, with another role: which holds?"),
        "{text}"
    );
    // Their programs differ, and so do their handles.
    assert!(text.contains("handle = \"APP\"\n") && text.contains("handle = \"APP_2\"\n"), "{text}");
    cli.write(
        "tf/service/main.tf",
        cli.read("tf/network/main.tf").replace("\" \"network\"", "\" \"other\"").as_bytes(),
    );
    let text = cli.run(&["init", "--print"]).stdout;
    assert!(!text.contains("which holds?"), "{text}");
}

/// The profile m1 pins its phase; a directory that cannot be read is told like a file.
#[test]
fn m1_pins_its_phase() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\n").write("handles.md", "* `ROLE_APP = \"app\"`\n");
    let text = cli.run(&["init", "--print"]).stdout;
    assert!(text.contains("profile = \"m1\"") && text.contains("phase_id = \"P(-1)\""), "{text}");
    std::fs::remove_file(cli.path("handles.md")).unwrap();
    let text = cli.run(&["init", "--print"]).stdout;
    assert!(text.contains("phase_id = \"image\""), "{text}");
}
