//! A GitHub Actions workflow: jobs and steps in order, each with its place.
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax>

use super::WorkflowError;
use seaworthy_source::Position;
use seaworthy_source::yaml::{self, Limits, Node, NodeKind, Scalar, Style};

/// A workflow file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// Its environment.
    pub env: Vec<Pair>,
    /// The shell that its `defaults` name.
    pub shell: Option<String>,
    /// Its jobs, in the order in which they are written.
    pub jobs: Vec<Job>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its ID.
    pub id: String,
    /// Where it begins.
    pub position: Position,
    /// When it runs.
    pub condition: Condition,
    /// Whether its failure is let pass.
    pub continues_on_error: bool,
    /// The shell that its `defaults` name.
    pub shell: Option<String>,
    /// The workflow that it calls, in place of steps.
    pub uses: Option<Scalar>,
    /// Its environment, that of its container and services included.
    pub env: Vec<Pair>,
    /// Inputs of the workflow that it calls.
    pub with: Vec<Pair>,
    /// Its outputs.
    pub outputs: Vec<Pair>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its ID, if it has one.
    pub id: Option<String>,
    /// Where it begins.
    pub position: Position,
    /// When it runs.
    pub condition: Condition,
    /// Whether its failure is let pass.
    pub continues_on_error: bool,
    /// The action that it uses, such as `docker/build-push-action@v6`.
    pub uses: Option<Scalar>,
    /// The script that it runs.
    pub run: Option<Scalar>,
    /// The shell that it names.
    pub shell: Option<String>,
    /// The action's inputs.
    pub with: Vec<Pair>,
    /// Its environment.
    pub env: Vec<Pair>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value; a list has its items on lines of their own.
    pub value: Scalar,
    /// Where the name stands.
    pub position: Position,
}

/// When something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// When all before it succeeded.
    Always,
    /// Never.
    Never,
    /// It depends.
    Sometimes,
}

impl Condition {
    /// Reads the value of an `if`.
    pub fn of(text: &str) -> Self {
        let bare = text.trim();
        let inner = bare.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).unwrap_or(bare).trim();
        match inner {
            "" | "true" | "success()" => Self::Always,
            "false" | "!true" | "''" | "0" | "null" => Self::Never,
            _ => Self::Sometimes,
        }
    }
}

impl Step {
    /// The owner and name of the action that it uses, in lower case, without its version.
    pub fn action(&self) -> Option<String> {
        let uses = self.uses.as_ref()?.text.trim();
        Some(uses.split('@').next().unwrap_or_default().to_ascii_lowercase())
    }

    /// An input of the action.
    pub fn input(&self, name: &str) -> Option<&Pair> {
        self.with.iter().find(|p| p.name.eq_ignore_ascii_case(name))
    }
}

impl Workflow {
    /// Reads a workflow.
    ///
    /// # Errors
    /// If it is not YAML, or has no jobs.
    pub fn parse(text: &str) -> Result<Self, WorkflowError> {
        let root = yaml::read(text, Limits::default())?;
        let Some(jobs) = root.get("jobs").filter(|j| !j.entries().is_empty()) else {
            return Err(WorkflowError { position: root.position, reason: "it has no jobs".to_owned() });
        };
        Ok(Self {
            env: pairs(root.get("env")),
            shell: default_shell(&root),
            jobs: jobs.entries().iter().map(|(id, n)| job(id, n)).collect(),
        })
    }
}

fn default_shell(node: &Node) -> Option<String> {
    let shell = node.get("defaults")?.get("run")?.get("shell")?;
    shell.scalar().map(|s| s.text.clone())
}

fn job(id: &Scalar, node: &Node) -> Job {
    let mut env = pairs(node.get("env"));
    env.extend(pairs(node.get("container").and_then(|c| c.get("env"))));
    for (_, service) in node.get("services").map(Node::entries).unwrap_or_default() {
        env.extend(pairs(service.get("env")));
    }
    Job {
        id: id.text.clone(),
        position: id.position,
        condition: condition(node),
        continues_on_error: is_true(node.get("continue-on-error")),
        shell: default_shell(node),
        uses: node.get("uses").and_then(Node::scalar).cloned(),
        env,
        with: pairs(node.get("with")),
        outputs: pairs(node.get("outputs")),
        steps: node.get("steps").map(Node::items).unwrap_or_default().iter().map(step).collect(),
    }
}

fn step(node: &Node) -> Step {
    let scalar = |key: &str| node.get(key).and_then(Node::scalar);
    Step {
        id: scalar("id").map(|s| s.text.clone()),
        position: node.position,
        condition: condition(node),
        continues_on_error: is_true(node.get("continue-on-error")),
        uses: scalar("uses").cloned(),
        run: scalar("run").cloned(),
        shell: scalar("shell").map(|s| s.text.clone()),
        with: pairs(node.get("with")),
        env: pairs(node.get("env")),
    }
}

fn condition(node: &Node) -> Condition {
    node.get("if")
        .map_or(Condition::Always, |n| n.scalar().map_or(Condition::Sometimes, |s| Condition::of(&s.text)))
}

/// Whether a value is true, or an expression that may be.
fn is_true(node: Option<&Node>) -> bool {
    let text = node.and_then(Node::scalar).map(|s| s.text.trim()).unwrap_or_default();
    !text.is_empty() && Condition::of(text) != Condition::Never
}

fn pairs(node: Option<&Node>) -> Vec<Pair> {
    let entries = node.map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|(key, value)| pair(key, value)).collect()
}

fn pair(key: &Scalar, value: &Node) -> Option<Pair> {
    let value = match &value.kind {
        NodeKind::Scalar(scalar) => scalar.clone(),
        NodeKind::List(items) => {
            let lines: Vec<&str> = items.iter().filter_map(Node::scalar).map(|s| s.text.as_str()).collect();
            Scalar { text: lines.join("\n"), position: value.position, style: Style::Plain }
        }
        NodeKind::Map(_) => return None,
    };
    Some(Pair { name: key.text.clone(), value, position: key.position })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_steps_in_order() {
        let text = "on: push\nenv: {A: b}\njobs:\n  build:\n    if: false\n    outputs: {tag: '${{ x }}'}\n    steps:\n      - uses: Docker/Login-Action@v3\n        with:\n          registry: r\n          tags: [a, b]\n      - run: |\n          true\n        if: ${{ false }}\n        continue-on-error: true\n";
        let workflow = Workflow::parse(text).unwrap();
        let job = &workflow.jobs[0];
        assert_eq!((job.id.as_str(), job.position.line, job.condition), ("build", 4, Condition::Never));
        assert_eq!(job.steps[0].action().unwrap(), "docker/login-action");
        assert_eq!(job.steps[0].input("tags").unwrap().value.text, "a\nb");
        assert_eq!(job.steps[1].condition, Condition::Never);
        assert!(job.steps[1].continues_on_error && !job.steps[0].continues_on_error);
        assert_eq!(job.outputs[0].name, "tag");
        assert_eq!(workflow.env[0].value.text, "b");
    }

    #[test]
    fn conditions() {
        for (text, condition) in [
            ("${{ false }}", Condition::Never),
            ("false", Condition::Never),
            ("success()", Condition::Always),
            ("github.ref == 'refs/heads/main'", Condition::Sometimes),
            ("always()", Condition::Sometimes),
        ] {
            assert_eq!(Condition::of(text), condition, "{text}");
        }
    }

    #[test]
    fn no_jobs_is_an_error() {
        for text in ["on: push\n", "jobs: []\n", "x\n"] {
            assert!(Workflow::parse(text).is_err(), "{text}");
        }
    }
}
