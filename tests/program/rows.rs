//! The eighteen kinds of rows of packaging contract M1's entrypoint matrix (M1.B): whole, and each broken in twelve ways.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::{Answer, Blobs, Cli, Layer, Spec, Tar};
use serde_json::json;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

/// Module, its subcommand, what it requires, and what it may be given.
struct Row(&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: [Row; 18] = [
    Row(
        "oracle_store.pack_cli",
        "",
        &["--profile", "--engine-run-root", "--scenario-id", "--engine-release"],
        &[],
    ),
    Row("oracle_store.stream_sort_cli", "", &["--profile", "--engine-run-root", "--scenario-id"], &[]),
    Row(
        "oracle_store.cli",
        "",
        &["--profile", "--engine-run-root"],
        &["--scenario-id", "--output-ids", "--strict-seal"],
    ),
    Row(
        "scenario_runner.cli",
        "run",
        &[
            "--wiring",
            "--policy",
            "--run-equivalence-key",
            "--manifest-fingerprint",
            "--parameter-hash",
            "--seed",
            "--window-start",
            "--window-end",
        ],
        &[],
    ),
    Row(
        "world_streamer_producer.cli",
        "",
        &["--profile"],
        &["--engine-run-root", "--scenario-id", "--output-ids", "--max-events"],
    ),
    Row("ingestion_gate.service", "", &["--profile"], &["--host", "--port"]),
    Row("archive_writer.worker", "", &["--profile"], &["--once"]),
    Row("identity_entity_graph.service", "", &["--profile"], &["--host", "--port"]),
    Row("online_feature_plane.projector", "", &["--profile"], &["--once"]),
    Row("context_store_flow_binding.intake", "", &["--policy"], &["--once", "--replay-manifest"]),
    Row("degrade_ladder.worker", "", &["--profile"], &["--once"]),
    Row("decision_fabric.worker", "", &["--profile"], &["--once"]),
    Row("action_layer.worker", "", &["--profile"], &["--once"]),
    Row("decision_log_audit.worker", "", &["--profile"], &["--once"]),
    Row("case_trigger.worker", "", &["--profile"], &["--once"]),
    Row("case_mgmt.worker", "", &["--profile"], &["--once"]),
    Row("label_store.worker", "", &["--profile"], &["--once"]),
    Row("platform_reporter.cli", "", &["--profile"], &["--platform-run-id"]),
];

/// How a row is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Not,
    ModuleGone,
    SyntaxError,
    PrintStatement,
    SyntaxErrorInAnImport,
    DependencyGone,
    OwnModuleGone,
    NameGone,
    OptionRenamed,
    AnotherOptionRequired,
    AnotherSubcommandRequired,
    InterpreterGone,
    OutsideThePath,
}

const WAYS: [Broken; 12] = [
    Broken::ModuleGone,
    Broken::SyntaxError,
    Broken::PrintStatement,
    Broken::SyntaxErrorInAnImport,
    Broken::DependencyGone,
    Broken::OwnModuleGone,
    Broken::NameGone,
    Broken::OptionRenamed,
    Broken::AnotherOptionRequired,
    Broken::AnotherSubcommandRequired,
    Broken::InterpreterGone,
    Broken::OutsideThePath,
];

impl Row {
    fn module(&self, broken: Broken) -> String {
        let import = match broken {
            Broken::DependencyGone => "import boto3\n",
            Broken::OwnModuleGone => "from fraud_detection.runtime import loop\n",
            Broken::NameGone => "from fraud_detection.common import stop\n",
            _ => "from fraud_detection.common import start\n",
        };
        let mut text = format!("import argparse\nimport sys\n{import}\n\ndef main(argv=None):\n");
        text.push_str("    parser = argparse.ArgumentParser(prog=\"row\")\n");
        let subcommand = match broken {
            Broken::AnotherSubcommandRequired => "start",
            _ => self.1,
        };
        let mut target = "parser";
        if !subcommand.is_empty() {
            target = "own";
            text.push_str("    commands = parser.add_subparsers(dest=\"command\", required=True)\n");
            let _ = writeln!(text, "    own = commands.add_parser(\"{subcommand}\")");
        }
        for (at, option) in self.2.iter().enumerate() {
            // Not a longer name: argparse takes an option's beginning for it.
            let option = if broken == Broken::OptionRenamed && at == 0 { "--renamed" } else { *option };
            let _ = writeln!(text, "    {target}.add_argument(\"{option}\", required=True)");
        }
        for option in self.3 {
            let _ = writeln!(text, "    {target}.add_argument(\"{option}\")");
        }
        if broken == Broken::AnotherOptionRequired {
            let _ = writeln!(text, "    {target}.add_argument(\"--tenant\", required=True)");
        }
        text.push_str("    args = parser.parse_args(argv)\n");
        text.push_str(match broken {
            Broken::SyntaxError => "    return (args\n",
            Broken::PrintStatement => "    print args\n",
            _ => "    return 0 if args else 1\n",
        });
        text + "\n\nif __name__ == \"__main__\":\n    sys.exit(main())\n"
    }

    fn entry(&self) -> String {
        let handle = self.0.replace('.', "_").to_uppercase();
        let mut command = vec!["python", "-m"];
        let module = format!("fraud_detection.{}", self.0);
        command.push(&module);
        command.extend((!self.1.is_empty()).then_some(self.1));
        format!(
            "\n[[entrypoints]]\nhandle = \"{handle}\"\ncommand = {command:?}\nrequired_args = {:?}\noptional_args = {:?}\n",
            self.2, self.3
        )
    }
}

fn image(broken: Broken) -> Spec {
    let mut tar = Tar::new().executable("lib64/ld-linux-x86-64.so.2", "");
    if broken != Broken::InterpreterGone {
        tar = tar.executable("usr/local/bin/python", crate::support::elf(62, LOADER));
    }
    let root = if broken == Broken::OutsideThePath { "srv/fraud_detection" } else { "app/fraud_detection" };
    let common = match broken {
        Broken::SyntaxErrorInAnImport => "def start(:\n    pass\n",
        _ => "def start():\n    pass\n",
    };
    let mut files = BTreeMap::from([
        (format!("{root}/__init__.py"), String::new()),
        (format!("{root}/common.py"), common.to_owned()),
    ]);
    for row in &ROWS {
        let (package, module) = row.0.split_once('.').unwrap();
        files.insert(format!("{root}/{package}/__init__.py"), String::new());
        if broken != Broken::ModuleGone {
            files.insert(format!("{root}/{package}/{module}.py"), row.module(broken));
        }
    }
    for (path, text) in &files {
        tar = tar.file(path, text);
    }
    let mut spec = Spec::new([Layer::from(tar)]);
    spec.config =
        json!({ "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "PYTHONPATH=/app"], "WorkingDir": "/app" });
    spec
}

fn judge(broken: Broken) -> Answer {
    let cli = Cli::new();
    let contract = ROWS.iter().fold("version = 1\n".to_owned(), |text, row| text + &row.entry());
    cli.write("seaworthy.toml", contract);
    let mut blobs = Blobs::default();
    let image = blobs.image(&image(broken));
    blobs.root(image, "1");
    cli.write("image.tar", blobs.tar().done());
    cli.run(&["image", "oci-archive:image.tar", "--report", "json"])
}

#[test]
fn whole_rows_pass() {
    let answer = judge(Broken::Not);
    let report = answer.json();
    let rows = report["entrypoints"].as_array().unwrap();
    assert_eq!((rows.len(), answer.code), (18, 0), "{}{}", answer.stderr, answer.stdout);
    assert!(rows.iter().all(|r| r["status"] == "pass"), "{rows:#?}");
}

#[test]
fn a_broken_row_never_passes() {
    let mut wrong = Vec::new();
    for broken in WAYS {
        let answer = judge(broken);
        let report = answer.json();
        let rows = report["entrypoints"].as_array().unwrap();
        assert_eq!(rows.len(), 18, "{broken:?}");
        wrong.extend(rows.iter().filter(|r| r["status"] != "fail").map(|r| format!("{broken:?}: {r}")));
        assert_eq!(answer.code, 1, "{broken:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
