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
    assert_eq!(answer.code, 1);
    assert!(answer.stdout.contains("no image is named"), "{}", answer.stdout);
    cli.run(&["init", "no-such-folder"]).error(&["no-such-folder"]);
}

#[test]
fn hostile_repositories_break_nothing() {
    let cli = Cli::new();
    cli.write("a\"\n]b/Dockerfile", "FROM alpine\n")
        .write("handles.md", "SSM_A_PATH = \"/a\"\nSSM_A_PATH = \"/b\"\nSSM_B_PATH = \"/a\"\nROLE_X = \"'''\\\"\u{202e}\"\nSSM_C_PATH=\"//\"\n")
        .write("bad.json", "{\"containerDefinitions\": [")
        .write("odd.json", "{\"containerDefinitions\": 7, \"taskRoleArn\": \"a\\nb = 1\"}")
        .write("big.tf", vec![b' '; (1 << 20) + 1])
        .write(".env.example", [0xff, 0xfe])
        .write("tokens.handles.md", format!("SSM_T_PATH = \"/x/{}\"\nROLE_Y = {}\n", crate::support::GITLAB, crate::support::GITLAB));
    let answer = cli.run(&["init", "--print"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!answer.stdout.contains(crate::support::GITLAB), "{}", answer.stdout);
    assert!(answer.stdout.lines().all(|l| !l.starts_with("b = ")));
    for word in ["bad.json", "big.tf", ".env.example"] {
        assert!(answer.stderr.contains(word), "{word}: {}", answer.stderr);
    }
}
