//! What the jobs of workflows, and the scripts of a build, do: their steps in order, variables put in.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::act::{Act, At, Stage};
use super::action;
use super::command::{self, Budget, Frame};
use super::failure::{Failure, Options};
use super::lookup;
use super::matrix::combinations;
use super::needs::never_runs;
use super::programs;
use super::secret::{Exposure, Secrets};
use super::sources;
use super::step_outputs::{Outputs, is_void, outputs_of_call, written};
use super::surface::{BuildFile, BuildSurface, Content, Family, joined, place_in};
use super::variables::Variables;
use crate::observe::InjectedSecret;
use seaworthy_source::Position;
use seaworthy_workflow::{Condition, Job, Pair, Scalar, Step, Style, Workflow};

/// Where a file begins.
pub(super) const START: Position = Position { line: 1, column: 1 };

/// How deep workflows that call each other are followed, as GitHub allows it.
const MAX_CALLS: u8 = 4;

/// How deep actions that are made of each other are followed, as GitHub allows it.
const MAX_ACTIONS: u8 = 10;

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

impl Work {
    /// Adds what is done besides acts and outputs.
    fn take(&mut self, more: Self) {
        self.opaque.extend(more.opaque);
        self.exposures.extend(more.exposures);
        self.unread.extend(more.unread);
        self.wanted.extend(more.wanted);
    }
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
    /// Whether these are all combinations.
    pub(super) is_whole: bool,
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
            reader.workflow(index, workflow, &Call::of_event());
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
        let done = command::read_script(&file.text, frame, &mut variables, &|at| place_in(&all, at));
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
#[derive(Clone)]
struct Call<'s> {
    inputs: Vec<(String, String)>,
    names: Vec<&'s str>,
    never: Option<(At, String)>,
    continues_on_error: bool,
    depth: u8,
    /// Whether all combinations of the matrices around it are gone through.
    is_whole: bool,
}

impl Call<'_> {
    /// A workflow that an event starts.
    fn of_event() -> Self {
        Self {
            inputs: Vec::new(),
            names: Vec::new(),
            never: None,
            continues_on_error: false,
            depth: 0,
            is_whole: true,
        }
    }
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
            let (combinations, is_whole) = combinations(&job.matrix);
            let is_whole = is_whole && call.is_whole;
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
                        is_whole,
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
                    if call.depth > 0 {
                        work.job_outputs = outputs_of_call(workflow, job, work.job_outputs);
                    }
                    work
                })
                .collect();
            let at = At { file: index, position: job.position };
            self.jobs.push(JobWork { job, names, at, never, rounds, is_whole });
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

    fn job(&self, index: usize, workflow: &'s Workflow, job: &'s Job, mut variables: Variables) -> Work {
        let mut secrets = self.secrets.clone();
        for pair in workflow.env.iter().chain(&job.env) {
            secrets.set(&pair.name, &pair.value.text);
        }
        let steps = Steps {
            file: index,
            steps: &job.steps,
            outputs: &job.outputs,
            shell: job.shell.as_deref().or(workflow.shell.as_deref()),
            directory: job.working_directory.as_deref().or(workflow.working_directory.as_deref()),
            depth: 0,
        };
        let (mut work, values, _) = self.steps(&steps, &mut variables, secrets);
        let first = lookups(index, workflow.env.iter().chain(&job.env));
        work.acts.splice(0..0, first);
        if let Some(directory) = sources::own_directory(job) {
            sources::from_directory(&mut work.acts, &directory);
        }
        for (name, value) in values {
            work.job_outputs.push((name.clone(), value.clone().unwrap_or_default()));
            work.outputs.extend(value.map(|value| (name, value)));
        }
        work
    }

    /// What steps do one after the other; with the values of the outputs that are made of theirs, which are nothing where no
    /// step writes them, and what they leave for the steps after them.
    fn steps(
        &self,
        all: &Steps<'s>,
        variables: &mut Variables,
        mut secrets: Secrets,
    ) -> (Work, Made, Vec<(String, String)>) {
        let mut work = Work::default();
        let mut exports = Vec::new();
        let mut of_steps: BTreeMap<String, Outputs> = BTreeMap::new();
        for step in all.steps {
            let mut own = variables.clone();
            let mut own_secrets = secrets.clone();
            for pair in &step.env {
                own.set(&pair.name, &pair.value.text);
                own_secrets.set(&pair.name, &pair.value.text);
            }
            let mut done = self.step(all, step, &mut own, &own_secrets);
            done.work.acts.splice(0..0, lookups(all.file, step.env.iter()));
            let never = (step.condition == Condition::Never)
                .then(|| At { file: all.file, position: step.condition_at.unwrap_or(step.position) });
            for mut act in std::mem::take(&mut done.work.acts) {
                act.conditional |= step.condition == Condition::Sometimes;
                act.failure = lets_pass(act.failure, step.continues_on_error);
                act.never = never.or(act.never);
                work.acts.push(act);
            }
            if never.is_some() {
                continue;
            }
            variables.take_files(&own);
            done.secrets.iter().for_each(|name| secrets.add(name));
            for (name, value) in &done.exports {
                variables.set(name, value);
                secrets.set(name, value);
            }
            exports.append(&mut done.exports);
            if let Some(id) = &step.id {
                for (name, value) in &done.work.outputs {
                    variables.set(&format!("steps.{id}.outputs.{name}"), value);
                }
                of_steps.insert(id.clone(), Outputs::of(step, &done));
            }
            let (read, unread): (Vec<_>, Vec<_>) =
                done.work.outputs.drain(..).partition(|(name, _)| is_read(all, step, name));
            work.outputs.extend(read);
            work.unread_outputs.extend(unread);
            work.outputs.extend(done.written);
            work.take(done.work);
        }
        let value = |output: &Pair| {
            let value = variables.expand(&output.value.text);
            let is_void = is_void(&value, &of_steps);
            (output.name.clone(), (!is_void).then_some(value))
        };
        (work, all.outputs.iter().map(value).collect(), exports)
    }

    /// What an action of the repository does that is made of steps, if it was read; where it was not, its file is wanted.
    fn composite(
        &self,
        all: &Steps<'s>,
        step: &Step,
        variables: &Variables,
        secrets: &Secrets,
        wanted: &mut Vec<String>,
    ) -> Option<StepWork> {
        let uses = step.uses.as_ref()?.text.trim();
        let directory = joined("", uses.strip_prefix("./")?);
        let paths = ["action.yml", "action.yaml"].map(|name| joined(&directory, name));
        let files = self.surface.files.iter().enumerate();
        let mut known = files.filter_map(|(index, file)| match &file.content {
            Content::Action(action) if paths.iter().any(|p| file.called_as.as_ref() == Some(p)) => {
                Some((index, action))
            }
            _ => None,
        });
        let Some((index, action)) = known.next().filter(|_| all.depth < MAX_ACTIONS) else {
            wanted.extend(paths);
            return None;
        };
        let (mut variables, mut secrets) = (variables.clone(), secrets.clone());
        for input in &action.inputs {
            let given = step.with.iter().find(|p| p.name.eq_ignore_ascii_case(&input.name));
            let value = given.map_or(&input.value.text, |pair| &pair.value.text);
            let name = format!("inputs.{}", input.name);
            variables.set(&name, &variables.expand(value));
            secrets.set_input(&name, value);
        }
        for name in ["github.action_path", "GITHUB_ACTION_PATH"] {
            variables.set(name, &format!("$GITHUB_WORKSPACE/{directory}"));
        }
        let steps = Steps {
            file: index,
            steps: &action.steps,
            outputs: &action.outputs,
            shell: None,
            directory: None,
            depth: all.depth + 1,
        };
        let (mut work, values, exports) = self.steps(&steps, &mut variables, secrets);
        // What its steps put out is seen through its own outputs alone.
        work.unread_outputs.clear();
        work.outputs = values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Some(StepWork { work, exports, ..StepWork::default() })
    }

    fn step(
        &self,
        all: &Steps<'s>,
        step: &'s Step,
        variables: &mut Variables,
        secrets: &Secrets,
    ) -> StepWork {
        let index = all.file;
        let mut done = StepWork::default();
        if let Some(inside) = self.composite(all, step, variables, secrets, &mut done.work.wanted) {
            return StepWork { is_composite: true, ..inside };
        }
        let mut script = step.run.as_ref().map(Cow::Borrowed);
        if step.uses.is_some() {
            let by_action = action::read_action(step, index, secrets, variables);
            done.work.acts = by_action.acts;
            done.work.exposures = by_action.exposures;
            done.work.outputs = by_action.outputs;
            done.exports = by_action.exports;
            done.secrets = by_action.secrets;
            let at = At { file: index, position: step.position };
            if by_action.is_unread {
                done.work.unread.push((step.action().unwrap_or_default(), at));
            }
            // An action of the repository, or a container: what it does to images is not in this file.
            let unseen = |what: &String| Act::new(Stage::Unseen(what.clone()), at);
            done.work.acts.extend(by_action.opaque.as_ref().map(unseen));
            done.work.opaque.extend(by_action.opaque.map(|what| (what, at)));
            // The checkouts of a job are looked at with the job.
            let takes_sources = all.depth > 0 && sources::takes_others(step);
            let other = Stage::Sources { commits: false };
            done.work.acts.extend(takes_sources.then(|| Act::new(other, at)));
            script = script.or(by_action.script);
        }
        let shell = step.shell.as_deref().or(all.shell);
        let program = shell.unwrap_or("bash").split_whitespace().next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default();
        let Some(run) = script else { return done };
        let is_at_hand = secrets.in_environment() || secrets.held_by(&run.text).is_some();
        if !["bash", "sh", "zsh", "dash"].contains(&program) {
            done.is_unread = true;
            let at = At { file: index, position: run.position };
            let directory = step.working_directory.as_deref().or(all.directory).unwrap_or_default();
            done.work.acts.push(programs::change_of(&run.text, &joined("", directory), at));
            if run.text.contains("docker") {
                done.work.acts.push(Act::new(Stage::Unseen(format!("shell: {program}")), at));
            }
            let unread = (format!("shell: {program}"), At { file: index, position: run.position });
            done.work.unread.extend(is_at_hand.then(|| unread.clone()));
            done.work.opaque.push(unread);
            return done;
        }
        let directory = step.working_directory.as_deref().or(all.directory);
        let directory = directory.map(|d| variables.expand(d)).unwrap_or_default();
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
        let by_script = command::read_script(&run.text, frame, variables, &|at| place_in(&run, at));
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
fn is_read(all: &Steps<'_>, step: &Step, name: &str) -> bool {
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
    all.outputs.iter().any(|o| reads(&o.value.text))
        || all.steps.iter().any(|other| !std::ptr::eq(other, step) && of_step(other))
}

/// The `PATH` that variables of a file set.
fn lookups<'p>(file: usize, pairs: impl Iterator<Item = &'p Pair>) -> Vec<Act> {
    let paths = pairs.filter(|pair| pair.name == "PATH");
    let looked_up = |pair: &Pair| lookup::looked_up(&pair.value.text, At { file, position: pair.position });
    paths.filter_map(looked_up).collect()
}

/// What becomes of a failure where the step or the job around it lets failures pass.
fn lets_pass(failure: Failure, continues: bool) -> Failure {
    if continues { Failure::Passes } else { failure }
}

/// Steps that run one after the other: those of a job, or of an action that is made of them.
struct Steps<'s> {
    /// The file that they stand in.
    file: usize,
    steps: &'s [Step],
    /// The outputs that are made of theirs.
    outputs: &'s [Pair],
    /// The shell, where a step names none.
    shell: Option<&'s str>,
    /// The directory, where a step names none.
    directory: Option<&'s str>,
    /// How many actions they stand in.
    depth: u8,
}

/// The outputs that are made of those of steps: names, and values where a step writes them.
type Made = Vec<(String, Option<String>)>;

/// What one step does.
#[derive(Default)]
pub(super) struct StepWork {
    pub(super) work: Work,
    /// Whether it is an action that is made of steps, whose outputs are all known.
    pub(super) is_composite: bool,
    exports: Vec<(String, String)>,
    /// The variables and outputs in which it leaves secrets.
    secrets: Vec<String>,
    /// What it writes into files of JSON.
    written: Vec<(String, String)>,
    /// Whether its script is in another language.
    pub(super) is_unread: bool,
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
