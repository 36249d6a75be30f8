//! What the jobs of workflows, and the scripts of a build, do: their steps in order, variables put in.

use std::collections::{BTreeMap, BTreeSet};

use super::act::{Act, At, Stage};
use super::action;
use super::command::{self, Budget, Frame};
use super::failure::{Failure, Options};
use super::secret::{Exposure, Secrets};
use super::surface::{BuildFile, BuildSurface, Content, Family, joined, place_in};
use super::variables::Variables;
use crate::observe::InjectedSecret;
use seaworthy_source::Position;
use seaworthy_workflow::{Condition, Job, Pair, Scalar, Step, Style, Workflow};

/// Where a file begins.
pub(super) const START: Position = Position { line: 1, column: 1 };

/// Most combinations of a matrix that are gone through.
const MAX_COMBINATIONS: usize = 64;

/// How deep workflows that call each other are followed, as GitHub allows it.
const MAX_CALLS: u8 = 4;

/// What is done, in order.
#[derive(Default)]
pub(super) struct Work {
    pub(super) acts: Vec<Act>,
    pub(super) opaque: Vec<(String, At)>,
    /// What is put out: names, and values as far as they are known.
    pub(super) outputs: Vec<(String, String)>,
    /// What a step puts out and nothing in its job reads.
    pub(super) unread_outputs: Vec<(String, String)>,
    /// The outputs that the job itself names; one that no step writes has no value.
    pub(super) job_outputs: Vec<(String, String)>,
    pub(super) exposures: Vec<Exposure>,
    /// What has a secret at hand and cannot be seen into.
    pub(super) unread: Vec<(String, At)>,
    /// Files of the repository that it runs and that were not given.
    pub(super) wanted: Vec<String>,
}

/// A job with what it does.
pub(super) struct JobWork<'s> {
    pub(super) job: &'s Job,
    /// The job as the contract may name it: its own ID, or that of the job that calls its workflow.
    pub(super) names: Vec<&'s str>,
    /// Where the job begins.
    pub(super) at: At,
    /// Why it never runs, and where that is written.
    pub(super) never: Option<(At, String)>,
    /// What it does, for each combination of its matrix.
    pub(super) rounds: Vec<Work>,
}

impl JobWork<'_> {
    pub(super) fn acts(&self) -> impl Iterator<Item = &Act> {
        self.rounds.iter().flat_map(|r| &r.acts)
    }
}

/// The secrets that a build is given by the contract's names.
fn contract_secrets(secrets: &[InjectedSecret]) -> Secrets {
    let mut known = Secrets::default();
    secrets.iter().flat_map(|s| &s.variables).for_each(|name| known.add(name));
    known
}

/// All jobs of a surface's workflows, those of workflows that they call in the place of the jobs that call them.
pub(super) fn jobs<'s>(surface: &'s BuildSurface, secrets: &[InjectedSecret]) -> Vec<JobWork<'s>> {
    let mut reader =
        Reader { surface, secrets: contract_secrets(secrets), budget: Budget::default(), jobs: Vec::new() };
    for (index, file) in surface.files.iter().enumerate() {
        if file.called_as.is_none()
            && let Content::Workflow(workflow) = &file.content
        {
            reader.workflow(index, workflow, &Call::default());
        }
    }
    reader.jobs
}

/// The files of the repository that the surface's files run and that are not among them, from the root of the checkout.
pub fn wanted(surface: &BuildSurface) -> Vec<String> {
    let works: Vec<Work> = match surface.family {
        Family::LocalCli => vec![scripts(surface, &[])],
        Family::GithubActions => jobs(surface, &[]).into_iter().flat_map(|j| j.rounds).collect(),
    };
    let all: BTreeSet<String> = works.into_iter().flat_map(|w| w.wanted).collect();
    all.into_iter().collect()
}

/// What the scripts of a surface do, one after the other; those that others run where they are run.
pub(super) fn scripts(surface: &BuildSurface, secrets: &[InjectedSecret]) -> Work {
    let mut secrets = contract_secrets(secrets);
    secrets.are_given = true;
    let mut work = Work::default();
    let mut variables = given(surface);
    let mut called = BTreeSet::new();
    let budget = Budget::default();
    for (index, file) in surface.files.iter().enumerate() {
        if file.called_as.is_some() || called.contains(&index) {
            continue;
        }
        let all = Scalar { text: file.text.clone(), position: START, style: Style::Literal };
        let frame = Frame {
            file: index,
            options: Options::of_script(&file.text),
            directory: "",
            secrets: &secrets,
            tools: &surface.expected.tools,
            files: &surface.files,
            is_file: true,
            depth: 0,
            budget: &budget,
        };
        let done = command::read(&file.text, frame, &mut variables, &|at| place_in(&all, at));
        called.extend(done.called);
        work.acts.extend(done.acts);
        work.exposures.extend(done.exposures);
        work.outputs.extend(done.outputs);
        work.opaque.extend(done.opaque);
        work.unread.extend(done.unread);
        work.wanted.extend(done.wanted);
    }
    work
}

/// The variables that a build is given: those of the contract's registry of handles.
fn given(surface: &BuildSurface) -> Variables {
    let mut variables = Variables::default();
    surface.expected.handles.iter().for_each(|(name, value)| variables.set(name, value));
    variables
}

/// How a workflow is called.
#[derive(Clone, Default)]
struct Call<'s> {
    inputs: Vec<(String, String)>,
    names: Vec<&'s str>,
    never: Option<(At, String)>,
    continues_on_error: bool,
    depth: u8,
}

struct Reader<'s> {
    surface: &'s BuildSurface,
    secrets: Secrets,
    budget: Budget,
    jobs: Vec<JobWork<'s>>,
}

impl<'s> Reader<'s> {
    fn workflow(&mut self, index: usize, workflow: &'s Workflow, call: &Call<'s>) {
        for job in &workflow.jobs {
            let never = call.never.clone().or_else(|| never_runs(index, workflow, job));
            let mut names = vec![job.id.as_str()];
            names.extend(&call.names);
            let combinations = combinations(&job.matrix);
            if let Some((inner, file)) = self.called(job)
                && call.depth < MAX_CALLS
            {
                let Content::Workflow(content) = &file.content else { continue };
                for combination in combinations {
                    let variables = self.variables(workflow, job, call, &combination);
                    let inputs = inputs(content, job, &variables);
                    let call = Call {
                        inputs,
                        names: names.clone(),
                        never: never.clone(),
                        continues_on_error: job.continues_on_error,
                        depth: call.depth + 1,
                    };
                    self.workflow(inner, content, &call);
                }
                continue;
            }
            let rounds = combinations
                .iter()
                .map(|combination| {
                    let variables = self.variables(workflow, job, call, combination);
                    let mut work = self.job(index, workflow, job, variables);
                    work.acts
                        .iter_mut()
                        .for_each(|a| a.failure = lets_pass(a.failure, call.continues_on_error));
                    if let Some(uses) = job.uses.as_ref().filter(|_| self.hands_secrets(job)) {
                        let at = At { file: index, position: uses.position };
                        work.unread.push((uses.text.trim().to_owned(), at));
                    }
                    work
                })
                .collect();
            let at = At { file: index, position: job.position };
            self.jobs.push(JobWork { job, names, at, never, rounds });
        }
    }

    /// The workflow of the repository that a job calls, if it was read.
    fn called(&self, job: &Job) -> Option<(usize, &'s BuildFile)> {
        let path = job.uses.as_ref()?.text.trim().strip_prefix("./")?;
        let files = self.surface.files.iter().enumerate();
        let mut same = files.filter(|(_, f)| f.called_as.as_deref() == Some(path));
        same.next()
    }

    /// Whether a job hands secrets to the workflow that it calls.
    fn hands_secrets(&self, job: &Job) -> bool {
        job.hands_secrets || job.with.iter().any(|p| self.secrets.held_by(&p.value.text).is_some())
    }

    /// The variables that a job begins with.
    fn variables(
        &self,
        workflow: &Workflow,
        job: &Job,
        call: &Call<'_>,
        combination: &[(String, String)],
    ) -> Variables {
        let mut variables = given(self.surface);
        for (name, value) in call.inputs.iter().chain(combination) {
            variables.set(name, value);
        }
        for pair in workflow.env.iter().chain(&job.env) {
            variables.set(&pair.name, &pair.value.text);
        }
        variables
    }

    fn job(&self, index: usize, workflow: &Workflow, job: &Job, mut variables: Variables) -> Work {
        let mut secrets = self.secrets.clone();
        let note = |secrets: &mut Secrets, pair: &Pair| secrets.set(&pair.name, &pair.value.text);
        workflow.env.iter().chain(&job.env).for_each(|pair| note(&mut secrets, pair));
        let mut work = Work::default();
        let mut of_steps: BTreeMap<String, Outputs> = BTreeMap::new();
        for step in &job.steps {
            let mut own = variables.clone();
            let mut own_secrets = secrets.clone();
            for pair in &step.env {
                own.set(&pair.name, &pair.value.text);
                note(&mut own_secrets, pair);
            }
            let done = self.step(index, workflow, job, step, &mut own, &own_secrets);
            let never = (step.condition == Condition::Never)
                .then(|| At { file: index, position: step.condition_at.unwrap_or(step.position) });
            for mut act in done.work.acts {
                act.conditional |= step.condition == Condition::Sometimes;
                act.failure = lets_pass(act.failure, step.continues_on_error);
                act.never = never;
                work.acts.push(act);
            }
            if never.is_some() {
                continue;
            }
            variables.take_files(&own);
            for (name, value) in &done.exports {
                variables.set(name, value);
                secrets.set(name, value);
            }
            if let Some(id) = &step.id {
                for (name, value) in &done.work.outputs {
                    variables.set(&format!("steps.{id}.outputs.{name}"), value);
                }
                let names = || done.work.outputs.iter().map(|(name, _)| name.clone()).collect();
                let is_open = step.uses.is_some() || !done.work.opaque.is_empty() || done.is_unread;
                let outputs = match step.action() {
                    Some(action) => Outputs::OfAction(action),
                    None if is_open => Outputs::Any,
                    None => Outputs::These(names()),
                };
                of_steps.insert(id.clone(), outputs);
            }
            work.opaque.extend(done.work.opaque);
            work.wanted.extend(done.work.wanted);
            work.exposures.extend(done.work.exposures);
            work.unread.extend(done.work.unread);
            let (read, unread): (Vec<_>, Vec<_>) =
                done.work.outputs.into_iter().partition(|(name, _)| is_read(job, step, name));
            work.outputs.extend(read);
            work.unread_outputs.extend(unread);
            work.outputs.extend(done.written);
        }
        for output in &job.outputs {
            let value = variables.expand(&output.value.text);
            let is_void = is_void(&value, &of_steps);
            work.job_outputs.push((output.name.clone(), if is_void { String::new() } else { value.clone() }));
            if !is_void {
                work.outputs.push((output.name.clone(), value));
            }
        }
        work
    }

    fn step(
        &self,
        index: usize,
        workflow: &Workflow,
        job: &Job,
        step: &Step,
        variables: &mut Variables,
        secrets: &Secrets,
    ) -> StepWork {
        let mut done = StepWork::default();
        let mut script = step.run.as_ref();
        if step.uses.is_some() {
            let by_action = action::read(step, index, secrets, variables);
            done.work.acts = by_action.acts;
            done.work.exposures = by_action.exposures;
            done.work.outputs = by_action.outputs;
            let at = At { file: index, position: step.position };
            if by_action.is_unread {
                done.work.unread.push((step.action().unwrap_or_default(), at));
            }
            // An action of the repository, or a container: what it does to images is not in this file.
            let unseen = |what: &String| Act::new(Stage::Unseen(what.clone()), at);
            done.work.acts.extend(by_action.opaque.as_ref().map(unseen));
            done.work.opaque.extend(by_action.opaque.map(|what| (what, at)));
            script = script.or(by_action.script);
        }
        let shell =
            step.shell.as_ref().or(job.shell.as_ref()).or(workflow.shell.as_ref()).map(String::as_str);
        let program = shell.unwrap_or("bash").split_whitespace().next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default();
        let Some(run) = script else { return done };
        let is_at_hand = secrets.in_environment() || secrets.held_by(&run.text).is_some();
        if !["bash", "sh", "zsh", "dash"].contains(&program) {
            done.is_unread = true;
            let unread = (format!("shell: {program}"), At { file: index, position: run.position });
            done.work.unread.extend(is_at_hand.then(|| unread.clone()));
            done.work.opaque.push(unread);
            return done;
        }
        let directory = step
            .working_directory
            .as_ref()
            .or(job.working_directory.as_ref())
            .or(workflow.working_directory.as_ref())
            .map(|d| variables.expand(d))
            .unwrap_or_default();
        let frame = Frame {
            file: index,
            options: Options::of_step(shell),
            directory: &joined("", &directory),
            secrets,
            tools: &self.surface.expected.tools,
            files: &self.surface.files,
            is_file: false,
            depth: 0,
            budget: &self.budget,
        };
        let by_script = command::read(&run.text, frame, variables, &|at| place_in(run, at));
        done.work.wanted.extend(by_script.wanted);
        done.work.acts.extend(by_script.acts);
        done.work.opaque.extend(by_script.opaque);
        done.work.exposures.extend(by_script.exposures);
        done.work.unread.extend(by_script.unread.into_iter().filter(|_| is_at_hand));
        done.work.outputs.extend(by_script.outputs);
        done.exports = by_script.exports;
        done.written = written(&run.text);
        done
    }
}

/// Whether the job's outputs, or another of its steps, read an output of a step.
fn is_read(job: &Job, step: &Step, name: &str) -> bool {
    let Some(id) = &step.id else { return false };
    let reference = format!("steps.{id}.outputs.{name}");
    let reads = |text: &str| {
        let after = |at: usize| text.get(at + reference.len()..).and_then(|rest| rest.chars().next());
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        text.match_indices(&reference).any(|(at, _)| !after(at).is_some_and(is_part))
            // Read by an index, or all of them at once.
            || text.contains(&format!("steps.{id}.outputs[")) || text.contains("toJSON(steps")
    };
    let of_step = |other: &Step| {
        let pairs = other.env.iter().chain(&other.with).map(|p| p.value.text.as_str());
        pairs.chain(other.run.as_ref().map(|r| r.text.as_str())).any(reads)
    };
    job.outputs.iter().any(|o| reads(&o.value.text))
        || job.steps.iter().any(|other| !std::ptr::eq(other, step) && of_step(other))
}

/// What becomes of a failure where the step or the job around it lets failures pass.
fn lets_pass(failure: Failure, continues: bool) -> Failure {
    if continues { Failure::Passes } else { failure }
}

/// What one step does.
#[derive(Default)]
struct StepWork {
    work: Work,
    exports: Vec<(String, String)>,
    /// What it writes into files of JSON.
    written: Vec<(String, String)>,
    /// Whether its script is in another language.
    is_unread: bool,
}

/// Why a job never runs, and where that is written.
fn never_runs(file: usize, workflow: &Workflow, job: &Job) -> Option<(At, String)> {
    let mut seen = BTreeSet::new();
    let mut open = vec![job];
    while let Some(one) = open.pop() {
        if !seen.insert(one.id.as_str()) {
            continue;
        }
        if one.condition == Condition::Never {
            let position = one.condition_at.unwrap_or(one.position);
            let why = if std::ptr::eq(one, job) {
                format!("the job {} never runs: its `if` is never true", job.id)
            } else {
                format!("the job {} never runs: it needs {}, whose `if` is never true", job.id, one.id)
            };
            return Some((At { file, position }, why));
        }
        if !one.ignores_needs {
            for name in &one.needs {
                let Some(needed) = workflow.jobs.iter().find(|j| j.id == *name) else {
                    let why = format!(
                        "the job {} never runs: it needs {name}, which is no job of this workflow",
                        job.id
                    );
                    return Some((At { file, position: one.position }, why));
                };
                open.push(needed);
            }
        }
    }
    None
}

/// The inputs that a called workflow gets: what the caller gives, else the default.
fn inputs(called: &Workflow, job: &Job, variables: &Variables) -> Vec<(String, String)> {
    let given =
        |name: &str| job.with.iter().find(|p| p.name == name).map(|p| variables.expand(&p.value.text));
    let known = |pair: &Pair| {
        let value = given(&pair.name).unwrap_or_else(|| pair.value.text.clone());
        (!value.is_empty()).then(|| (format!("inputs.{}", pair.name), value))
    };
    called.inputs.iter().filter_map(known).collect()
}

/// Each combination of a matrix's values as `matrix.NAME`; one without any where there is none or they are too many.
fn combinations(matrix: &[(String, Vec<String>)]) -> Vec<Vec<(String, String)>> {
    let mut all: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for (name, values) in matrix.iter().filter(|(_, values)| !values.is_empty()) {
        if all.len() * values.len() > MAX_COMBINATIONS {
            return vec![Vec::new()];
        }
        let with = |one: &Vec<(String, String)>, value: &String| {
            let mut one = one.clone();
            one.push((format!("matrix.{name}"), value.clone()));
            one
        };
        all = all.iter().flat_map(|one| values.iter().map(move |v| with(one, v))).collect();
    }
    all
}

/// The names that a step can put out.
enum Outputs {
    These(BTreeSet<String>),
    OfAction(String),
    Any,
}

/// Whether the value of an output is that of a step that does not exist, or that puts out no such name.
fn is_void(value: &str, of_steps: &BTreeMap<String, Outputs>) -> bool {
    let Some(inner) = value.trim().strip_prefix("${{").and_then(|v| v.strip_suffix("}}")) else {
        return false;
    };
    let Some((id, name)) = inner.trim().strip_prefix("steps.").and_then(|r| r.split_once(".outputs.")) else {
        return false;
    };
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    match of_steps.get(id) {
        None => true,
        // Something is made of the output.
        _ if !name.trim().chars().all(is_plain) => false,
        Some(Outputs::Any) => false,
        Some(Outputs::OfAction(action)) => {
            action::has_output(action, &name.trim().to_ascii_lowercase()) == Some(false)
        }
        Some(Outputs::These(names)) => !names.contains(name.trim()),
    }
}

/// A JSON file that a script writes is as good as an output: the words in its text.
fn written(script: &str) -> Vec<(String, String)> {
    let writes = script.lines().any(|l| l.contains('>') && l.contains(".json"));
    if !writes {
        return Vec::new();
    }
    let lower = script.to_ascii_lowercase();
    ["digest", "tag"]
        .iter()
        .filter(|w| lower.contains(**w))
        .map(|w| ((*w).to_owned(), String::new()))
        .collect()
}
