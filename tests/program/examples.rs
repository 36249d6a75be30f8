//! What people copy: the guides' shell blocks, their steps of the action, and the templates for other CIs do what their
//! page says. What calls a network is a stand-in that checks how it is called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use seaworthy_source::yaml::{self, Limits, Node};

use crate::support::Cli;

const BINARY: &str = env!("CARGO_BIN_EXE_seaworthy");
/// The run of the demo's documents.
const RUN: &str = "orders-20261101T090000Z";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A directory with the demo's project, as it is or with the faults laid over it, and in `.bin` the stand-ins
/// for programs that reach out.
struct Project {
    cli: Cli,
}

impl Project {
    fn new(kind: &str) -> Self {
        let cli = Cli::new();
        let copy = |from: &str| {
            let from = root().join("corpus/demo").join(from).join(".");
            assert!(Command::new("cp").arg("-a").arg(from).arg(cli.dir.path()).status().unwrap().success());
        };
        copy("project");
        match kind {
            "demo-faults" => copy("faults"),
            "demo-pass" => {}
            other => panic!("no project {other}"),
        }
        let bin = cli.path(".bin");
        let stand_ins = root().join("tests/fixtures/stand_ins");
        assert!(Command::new("cp").arg("-a").args([&stand_ins, &bin]).status().unwrap().success());
        for file in ["image.tar", "infra/plan.json"] {
            fs::copy(cli.path(file), bin.join(Path::new(file).file_name().unwrap())).unwrap();
        }
        Self { cli }
    }

    /// A program in the project, with the binary under test and the stand-ins first in PATH.
    fn command(&self, program: &str) -> Command {
        let binary = Path::new(BINARY).parent().unwrap();
        let rest = std::env::var("PATH").unwrap();
        let path = format!("{}:{}:{rest}", self.cli.path(".bin").display(), binary.display());
        let mut command = Command::new(program);
        command
            .current_dir(self.cli.dir.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.cli.dir.path());
        command
    }

    fn shell(&self, script: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = self.command("sh");
        command.args(["-eu", "-c", script]).envs(variables.iter().copied()).output().unwrap()
    }
}

/// The pages with examples that are complete.
fn guides() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> =
        fs::read_dir(root().join("docs/guides")).unwrap().map(|e| e.unwrap().path()).collect();
    pages.push(root().join("docs/start.md"));
    pages.sort();
    pages
}

/// A block of a page: its language, its text, and the comment in the line before it.
struct Block {
    language: String,
    body: String,
    comment: String,
}

fn blocks(page: &Path) -> Vec<Block> {
    let text = fs::read_to_string(page).unwrap();
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body: String = lines.by_ref().take_while(|l| *l != "```").flat_map(|l| [l, "\n"]).collect();
            blocks.push(Block { language: language.to_owned(), body, comment: before.to_owned() });
        }
        before = line;
    }
    blocks
}

/// `<!-- run: PROJECT CODE -->` before a block of shell says where it is run and how it ends. In a guide each has one.
#[test]
fn every_shell_block_of_a_guide_does_what_its_page_says() {
    let mut ran = 0;
    for page in guides() {
        for block in blocks(&page).iter().filter(|b| b.language == "sh") {
            let place = format!("{}:\n{}", page.display(), block.body);
            let marker = block.comment.strip_prefix("<!-- run: ").and_then(|c| c.strip_suffix(" -->"));
            let (kind, code) =
                marker.and_then(|m| m.split_once(' ')).unwrap_or_else(|| panic!("not run: {place}"));
            let output = Project::new(kind).shell(&block.body, &[]);
            assert_eq!(output.status.code(), Some(code.parse().unwrap()), "{place}{}", text(&output.stderr));
            ran += 1;
        }
    }
    assert!(ran >= 10, "only {ran} blocks were run");
}

fn parsed(text: &str) -> Node {
    yaml::parse(text, Limits::default()).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn word<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.scalar().map(|s| s.text.as_str())
}

/// The steps of a workflow's jobs.
fn steps(workflow: &Node) -> Vec<&Node> {
    let jobs = workflow.get("jobs").map(Node::entries).unwrap_or_default();
    jobs.iter().filter_map(|(_, job)| job.get("steps")).flat_map(Node::items).collect()
}

/// Runs the action's script with a step's inputs, the defaults of action.yml for what it leaves out. The image that only
/// a registry has is the demo's archive.
fn act(project: &Project, step: &Node) -> Output {
    let action = parsed(&fs::read_to_string(root().join("action.yml")).unwrap());
    let given = step.get("with").map(Node::entries).unwrap_or_default();
    let known = action.get("inputs").unwrap();
    for (name, _) in given {
        assert!(known.get(&name.text).is_some(), "the action has no input {}", name.text);
    }
    let mut command = project.command("bash");
    command.arg(root().join("packaging/action/run.sh")).env("RUNNER_TEMP", project.cli.dir.path());
    command
        .env("GITHUB_OUTPUT", project.cli.path(".outputs"))
        .env("GITHUB_STEP_SUMMARY", project.cli.path(".summary"));
    for (name, input) in known.entries() {
        let value = step.get("with").and_then(|w| word(w, &name.text)).or_else(|| word(input, "default"));
        let value = match value.unwrap_or_default() {
            image if image.starts_with("docker://") => "oci-archive:image.tar",
            "${{ github.run_id }}" => RUN,
            value => value,
        };
        assert!(!value.contains("${{"), "{value}");
        command.env(format!("INPUT_{}", name.text.to_uppercase().replace('-', "_")), value);
    }
    command.output().unwrap()
}

/// The guides' workflows: their own steps run, and the action with their inputs reaches a verdict.
#[test]
fn every_workflow_of_a_guide_reaches_a_verdict() {
    let mut acted = Vec::new();
    for page in guides() {
        for block in blocks(&page).iter().filter(|b| b.language == "yaml") {
            let node = parsed(&block.body);
            let steps = steps(&node);
            let known = node.get("repos").is_some() || node.get("include").is_some();
            assert_ne!(
                steps.is_empty(),
                !known,
                "{}: a block of no known kind:\n{}",
                page.display(),
                block.body
            );
            for kind in ["demo-pass", "demo-faults"] {
                let project = Project::new(kind);
                for step in &steps {
                    if let Some(script) = word(step, "run").filter(|s| !s.starts_with("./")) {
                        let runner = [
                            ("GITHUB_SHA", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
                            ("GITHUB_OUTPUT", ".step-outputs"),
                            ("IMAGE", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app"),
                        ];
                        let output = project.shell(script, &runner);
                        assert!(output.status.success(), "{script}: {}", text(&output.stderr));
                    }
                    if word(step, "uses").is_some_and(|u| u.starts_with("seaworthy-dev/seaworthy@")) {
                        let output = act(&project, step);
                        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
                        let outputs = project.cli.read(".outputs");
                        let verdict = outputs.lines().find_map(|l| l.strip_prefix("verdict=")).unwrap();
                        acted.push(format!(
                            "{} {kind} {verdict}",
                            word(step.get("with").unwrap(), "command").unwrap()
                        ));
                    }
                }
            }
        }
    }
    acted.sort();
    let expected = [
        "context demo-faults fail",
        "context demo-pass pass",
        "gate demo-faults fail",
        "gate demo-pass pass",
        "image demo-faults fail",
        "image demo-pass pass",
    ];
    assert_eq!(acted, expected);
}

/// Paths that a template uploads must be written by its script.
fn assert_written(project: &Project, paths: &[&str]) {
    for path in paths {
        let length = fs::metadata(project.cli.path(path)).map(|m| m.len());
        assert!(length.is_ok_and(|l| l > 0), "{path} was not written");
    }
}

#[test]
fn the_gitlab_template_writes_the_reports_that_it_uploads() {
    let template = parsed(&fs::read_to_string(root().join("templates/seaworthy.gitlab-ci.yml")).unwrap());
    let version = word(template.get("variables").unwrap(), "SEAWORTHY_VERSION").unwrap();
    let base = template.get(".seaworthy").unwrap();
    let job = template.get("seaworthy-context").unwrap();
    assert_eq!(word(job, "extends"), Some(".seaworthy"));
    let lines = |node: &Node, key: &str| -> Vec<String> {
        node.get(key).unwrap().items().iter().map(|l| l.scalar().unwrap().text.clone()).collect()
    };
    let script = [lines(base, "before_script"), lines(job, "script")].concat().join("\n");
    let artifacts = base.get("artifacts").unwrap();
    let reports = artifacts.get("reports").unwrap().entries().iter().map(|(_, r)| r.scalar().unwrap());
    let paths: Vec<&str> = artifacts
        .get("paths")
        .unwrap()
        .items()
        .iter()
        .map(|p| p.scalar().unwrap())
        .chain(reports)
        .map(|s| s.text.as_str())
        .collect();
    for (kind, code) in [("demo-pass", 0), ("demo-faults", 1)] {
        let project = Project::new(kind);
        let output = project.shell(&script, &[("SEAWORTHY_VERSION", version), ("GITLAB_CI", "true")]);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert_written(&project, &paths);
    }
}

/// CodeBuild runs each command by itself and stops a phase at the first that fails.
#[test]
fn the_codebuild_template_pushes_only_what_passes() {
    let template = parsed(&fs::read_to_string(root().join("templates/buildspec.yml")).unwrap());
    let variables = template.get("env").and_then(|e| e.get("variables")).unwrap().entries();
    let mut variables: Vec<(&str, &str)> =
        variables.iter().map(|(k, v)| (k.text.as_str(), v.scalar().unwrap().text.as_str())).collect();
    variables.extend([
        ("CODEBUILD_RESOLVED_SOURCE_VERSION", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
        ("REPOSITORY_URI", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ]);
    let phase = |name: &str| -> String {
        let commands =
            template.get("phases").and_then(|p| p.get(name)).and_then(|p| p.get("commands")).unwrap();
        commands.items().iter().map(|c| c.scalar().unwrap().text.clone() + "\n").collect()
    };
    let run = |project: &Project, name: &str, succeeding: &'static str| {
        let variables = [variables.as_slice(), &[("CODEBUILD_BUILD_SUCCEEDING", succeeding)]].concat();
        project.shell(&phase(name), &variables).status.success()
    };
    let project = Project::new("demo-pass");
    for name in ["install", "pre_build", "build", "post_build"] {
        assert!(run(&project, name, "1"), "{name}");
    }
    assert!(!run(&project, "post_build", "0"), "an image that failed is pushed");
    assert_written(
        &project,
        &["reports/context.xml", "reports/image.xml", "reports/image.html", "reports/image.sarif"],
    );
    let faulty = Project::new("demo-faults");
    assert!(run(&faulty, "install", "1") && !run(&faulty, "pre_build", "1"));
}
