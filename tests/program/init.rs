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
    cli.run(&["init", "no-such-folder"]).error(&["no-such-folder"]);
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
