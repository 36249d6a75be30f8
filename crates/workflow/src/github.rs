//! A GitHub Actions workflow: jobs and steps in order, each with its place.
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax>

use super::{Condition, Triggers, WorkflowError, expression};
use seaworthy_source::Position;
use seaworthy_source::yaml::{self, Limits, Node, NodeKind, Scalar, Style};

/// A workflow file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// Its environment.
    pub env: Vec<Pair>,
    /// What starts it.
    pub triggers: Triggers,
    /// The shell that its `defaults` name.
    pub shell: Option<String>,
    /// The directory that its `defaults` name for scripts.
    pub working_directory: Option<String>,
    /// The inputs with which it can be called, each with its default.
    pub inputs: Vec<Pair>,
    /// The outputs that it has for who calls it, each with the expression of its value.
    pub outputs: Vec<Pair>,
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
    /// Where its `if` stands, if it has one.
    pub condition_at: Option<Position>,
    /// The jobs that must have succeeded before it.
    pub needs: Vec<String>,
    /// Whether it runs whatever became of those.
    pub ignores_needs: bool,
    /// Its matrix: each name with its values, those of `include` among them.
    pub matrix: Vec<(String, Vec<String>)>,
    /// Whether its failure is let pass.
    pub continues_on_error: bool,
    /// The shell that its `defaults` name.
    pub shell: Option<String>,
    /// The directory that its `defaults` name for scripts.
    pub working_directory: Option<String>,
    /// The workflow that it calls, in place of steps.
    pub uses: Option<Scalar>,
    /// Its environment, that of its container and services included.
    pub env: Vec<Pair>,
    /// Whether it hands secrets to the workflow that it calls.
    pub hands_secrets: bool,
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
    /// Where its `if` stands, if it has one.
    pub condition_at: Option<Position>,
    /// Whether its failure is let pass.
    pub continues_on_error: bool,
    /// The directory that its script runs in.
    pub working_directory: Option<String>,
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

/// A composite action: steps that stand in the place of the one that uses it.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositeAction {
    /// Its inputs, each with its default, which is empty where there is none.
    pub inputs: Vec<Pair>,
    /// Its outputs.
    pub outputs: Vec<Pair>,
    /// Its steps.
    pub steps: Vec<Step>,
}

impl CompositeAction {
    /// Reads the metadata file of an action, `action.yml`. Nothing if the action is no composite one.
    ///
    /// # Errors
    /// If it is not YAML.
    pub fn parse(text: &str) -> Result<Option<Self>, WorkflowError> {
        let root = yaml::parse(text, Limits::default())?;
        let Some(runs) = root.get("runs") else { return Ok(None) };
        let using = runs.get("using").and_then(Node::scalar).map(|s| s.text.trim());
        if using != Some("composite") {
            return Ok(None);
        }
        let value = |(key, node): &(Scalar, Node)| {
            let value = node.get("value").and_then(Node::scalar).map(plain)?;
            Some(Pair { name: key.text.clone(), value, position: key.position })
        };
        let steps = runs.get("steps").map(Node::items).unwrap_or_default();
        Ok(Some(Self {
            inputs: root.get("inputs").map(defaults).unwrap_or_default(),
            outputs: root
                .get("outputs")
                .map(Node::entries)
                .unwrap_or_default()
                .iter()
                .filter_map(value)
                .collect(),
            // Its events are those of the workflow that uses it.
            steps: steps.iter().map(|one| step(one, &Triggers::default())).collect(),
        }))
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
        let root = yaml::parse(text, Limits::default())?;
        let Some(jobs) = root.get("jobs").filter(|j| !j.entries().is_empty()) else {
            return Err(WorkflowError { position: root.position, reason: "it has no jobs".to_owned() });
        };
        let triggers = Triggers::read(root.get("on"));
        Ok(Self {
            env: pairs(root.get("env")),
            shell: default_of(&root, "shell"),
            working_directory: default_of(&root, "working-directory"),
            inputs: call_inputs(&root),
            outputs: call_outputs(&root),
            jobs: jobs
                .entries()
                .iter()
                .map(|(id, n)| {
                    let mut job = job(id, n, &triggers);
                    let own = default_of(&root, "shell").is_none() && runs_on_windows(n, &job.matrix);
                    job.shell = job.shell.or_else(|| own.then(|| "pwsh".to_owned()));
                    job
                })
                .collect(),
            triggers,
        })
    }
}

/// Whether a job runs on Windows, or may, where steps without a shell of their own run in PowerShell.
/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell>
fn runs_on_windows(job: &Node, matrix: &[(String, Vec<String>)]) -> bool {
    let is_windows = |text: &String| text.to_ascii_lowercase().contains("windows");
    let named = job.get("runs-on");
    let mut labels = texts(named);
    labels.extend(texts(named.and_then(|n| n.get("labels"))));
    let by_matrix = labels.iter().any(|l| l.contains("matrix."));
    labels.iter().any(is_windows) || by_matrix && matrix.iter().flat_map(|(_, values)| values).any(is_windows)
}

fn default_of(node: &Node, key: &str) -> Option<String> {
    let value = node.get("defaults")?.get("run")?.get(key)?;
    value.scalar().map(|s| s.text.clone())
}

/// `on.workflow_call.inputs`, each with its default, which is empty where there is none.
fn call_inputs(root: &Node) -> Vec<Pair> {
    let inputs = root.get("on").and_then(|on| on.get("workflow_call")).and_then(|c| c.get("inputs"));
    inputs.map(defaults).unwrap_or_default()
}

/// `on.workflow_call.outputs`, each with its value.
fn call_outputs(root: &Node) -> Vec<Pair> {
    let outputs = root.get("on").and_then(|on| on.get("workflow_call")).and_then(|c| c.get("outputs"));
    let pair = |(key, node): &(Scalar, Node)| {
        let value = node.get("value").and_then(Node::scalar)?.clone();
        Some(Pair { name: key.text.clone(), value, position: key.position })
    };
    outputs.map(Node::entries).unwrap_or_default().iter().filter_map(pair).collect()
}

/// The names of inputs, each with its default, which is empty where there is none.
fn defaults(inputs: &Node) -> Vec<Pair> {
    let pair = |(key, node): &(Scalar, Node)| {
        let default = node.get("default").and_then(Node::scalar).cloned();
        let none = Scalar { text: String::new(), position: key.position, style: Style::Plain };
        Pair { name: key.text.clone(), value: default.unwrap_or(none), position: key.position }
    };
    inputs.entries().iter().map(pair).collect()
}

/// A text, or the texts of a list.
fn texts(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let all = node.scalar().into_iter().chain(node.items().iter().filter_map(Node::scalar));
    all.map(|s| s.text.clone()).collect()
}

/// The values of each name of a matrix. What an expression makes is not known, and has none.
fn matrix(node: &Node) -> Vec<(String, Vec<String>)> {
    let Some(matrix) = node.get("strategy").and_then(|s| s.get("matrix")) else { return Vec::new() };
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |name: &str, values: Vec<String>| match all.iter_mut().find(|(n, _)| n == name) {
        Some((_, known)) => known.extend(values),
        None => all.push((name.to_owned(), values)),
    };
    for (key, value) in matrix.entries() {
        match key.text.as_str() {
            "exclude" => {}
            "include" => {
                for (name, value) in value.items().iter().flat_map(Node::entries) {
                    add(&name.text, texts(Some(value)));
                }
            }
            name => add(name, texts(Some(value))),
        }
    }
    all
}

fn job(id: &Scalar, node: &Node, triggers: &Triggers) -> Job {
    let mut env = pairs(node.get("env"));
    env.extend(pairs(node.get("container").and_then(|c| c.get("env"))));
    for (_, service) in node.get("services").map(Node::entries).unwrap_or_default() {
        env.extend(pairs(service.get("env")));
    }
    Job {
        id: id.text.clone(),
        position: id.position,
        condition: condition(node, triggers),
        condition_at: condition_at(node),
        needs: texts(node.get("needs")),
        ignores_needs: texts(node.get("if")).iter().any(|t| calls_status(t)),
        hands_secrets: node.get("secrets").is_some_and(|s| s.scalar().is_some() || !s.entries().is_empty()),
        matrix: matrix(node),
        continues_on_error: is_true(node.get("continue-on-error")),
        shell: default_of(node, "shell"),
        working_directory: default_of(node, "working-directory"),
        uses: node.get("uses").and_then(Node::scalar).cloned(),
        env,
        with: pairs(node.get("with")),
        outputs: pairs(node.get("outputs")),
        steps: node
            .get("steps")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .map(|s| step(s, triggers))
            .collect(),
    }
}

/// Whether a condition calls a status function by which a job runs though one that it needs did not succeed.
fn calls_status(text: &str) -> bool {
    // Names of functions have no case, and blanks may stand before the parenthesis.
    let text: String = text.to_ascii_lowercase().split_whitespace().collect();
    ["always(", "failure(", "cancelled("].iter().any(|f| text.contains(f))
}

fn step(node: &Node, triggers: &Triggers) -> Step {
    let scalar = |key: &str| node.get(key).and_then(Node::scalar);
    Step {
        id: scalar("id").map(|s| s.text.clone()),
        position: node.position,
        condition: condition(node, triggers),
        condition_at: condition_at(node),
        continues_on_error: is_true(node.get("continue-on-error")),
        working_directory: scalar("working-directory").map(|s| s.text.clone()),
        uses: scalar("uses").cloned(),
        run: scalar("run").map(plain),
        shell: scalar("shell").map(|s| s.text.clone()),
        with: pairs(node.get("with")),
        env: pairs(node.get("env")),
    }
}

fn condition(node: &Node, triggers: &Triggers) -> Condition {
    let value = |n: &Node| n.scalar().map_or(Condition::Sometimes, |s| Condition::with(&s.text, triggers));
    node.get("if").map_or(Condition::Always, value)
}

fn condition_at(node: &Node) -> Option<Position> {
    node.get("if").map(|n| n.position)
}

/// Whether a value is true, or an expression that may be.
fn is_true(node: Option<&Node>) -> bool {
    let text = node.and_then(Node::scalar).map(|s| s.text.trim()).unwrap_or_default();
    !text.is_empty() && Condition::of(text) != Condition::Never
}

/// A text with its expressions in one form.
fn plain(scalar: &Scalar) -> Scalar {
    Scalar { text: expression::plain(&scalar.text), ..scalar.clone() }
}

fn pairs(node: Option<&Node>) -> Vec<Pair> {
    let entries = node.map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|(key, value)| pair(key, value)).collect()
}

fn pair(key: &Scalar, value: &Node) -> Option<Pair> {
    let value = match &value.kind {
        NodeKind::Scalar(scalar) => plain(scalar),
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
    fn what_a_job_waits_for_and_runs_for() {
        let text = "on: {workflow_call: {inputs: {tag: {default: latest}, other: {type: string}}}}\ndefaults: {run: {working-directory: src}}\njobs:\n  a:\n    needs: [x, y]\n    if: always()\n    strategy:\n      matrix:\n        tag: [one, two]\n        include: [{tag: three, os: linux}]\n    steps: [{run: make, working-directory: sub}]\n";
        let workflow = Workflow::parse(text).unwrap();
        let job = &workflow.jobs[0];
        assert_eq!(job.needs, ["x", "y"]);
        assert!(job.ignores_needs && job.condition_at.unwrap().line == 6);
        assert_eq!(job.matrix[0], ("tag".to_owned(), ["one", "two", "three"].map(str::to_owned).to_vec()));
        assert_eq!(workflow.working_directory.as_deref(), Some("src"));
        assert_eq!(job.steps[0].working_directory.as_deref(), Some("sub"));
        let inputs: Vec<_> =
            workflow.inputs.iter().map(|p| (p.name.as_str(), p.value.text.as_str())).collect();
        assert_eq!(inputs, [("tag", "latest"), ("other", "")]);
    }

    #[test]
    fn status_functions_run_a_job_whatever_it_needs() {
        for (condition, ignores) in
            [("always()", true), ("${{ Failure () }}", true), ("!cancelled()", true), ("success()", false)]
        {
            let text = format!("jobs: {{a: {{needs: x, if: \"{condition}\", steps: []}}}}");
            assert_eq!(Workflow::parse(&text).unwrap().jobs[0].ignores_needs, ignores, "{condition}");
        }
    }

    #[test]
    fn secrets_for_a_called_workflow() {
        for (secrets, hands) in [("inherit", true), ("{A: x}", true), ("{}", false)] {
            let text = format!("jobs: {{a: {{uses: o/r/w.yml@v1, secrets: {secrets}}}}}");
            assert_eq!(Workflow::parse(&text).unwrap().jobs[0].hands_secrets, hands, "{secrets}");
        }
    }

    #[test]
    fn composite_actions() {
        let text = "inputs: {tag: {required: true}, file: {default: Dockerfile}}\noutputs: {digest: {value: '${{ steps.d.outputs.digest }}'}}\nruns:\n  using: composite\n  steps: [{id: d, run: make, shell: bash}]\n";
        let action = CompositeAction::parse(text).unwrap().unwrap();
        let inputs: Vec<_> = action.inputs.iter().map(|p| (p.name.as_str(), p.value.text.as_str())).collect();
        assert_eq!(inputs, [("tag", ""), ("file", "Dockerfile")]);
        assert_eq!(action.outputs[0].name, "digest");
        assert_eq!(action.steps[0].shell.as_deref(), Some("bash"));
        for other in ["runs: {using: node20, main: index.js}\n", "name: x\n"] {
            assert_eq!(CompositeAction::parse(other).unwrap(), None, "{other}");
        }
    }

    #[test]
    fn no_jobs_is_an_error() {
        for text in ["on: push\n", "jobs: []\n", "x\n"] {
            assert!(Workflow::parse(text).is_err(), "{text}");
        }
    }
}
