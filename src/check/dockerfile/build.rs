//! What a builder is given: the Dockerfile, understood, and the context, listed and examined. The checks on both look
//! at this.

use std::collections::HashSet;
use std::path::Path;
use std::sync::OnceLock;

use super::path::path_from;
use super::usage::used_as_secrets;
use super::variable::SecretValues;
use crate::check::Context;
use crate::observe::ChunkFacts;
use crate::observe::library::{OwnPackages, Surroundings};
use seaworthy_context::{Context as Files, CopySource, GitIndex, IgnoreRules, Reach};
use seaworthy_dockerfile::shell::{self, Command, CommandKind, Quote, Script, Word, WordPart};
use seaworthy_dockerfile::{
    CommandLine, Dockerfile, Instruction, Kind, Mount, Resolution, Stage, StageSource, Text,
};
use seaworthy_source::{LineIndex, Origin, OriginKind, Place, Span, escape_bytes};

/// A build: what is asked about before it is done.
pub struct Build<'a> {
    /// The Dockerfile.
    pub recipe: Recipe<'a>,
    /// The context.
    pub context: ExaminedContext,
}

/// The context with what was seen in its files.
pub struct ExaminedContext {
    /// The directory as the user gave it.
    pub name: String,
    /// Its entries that are not ignored.
    pub files: Files,
    /// What the ignore file says; nothing if there is none.
    pub rules: IgnoreRules,
    /// What takes files from it, each with the number of its instruction.
    pub copies: Vec<(usize, CopySource)>,
    /// Which of them takes what.
    pub reach: Reach,
    /// What was seen in the files; a file's ordinal is its place in the list of entries.
    pub facts: ChunkFacts,
    /// Git's index, if there is a repository; or why it cannot be read.
    pub git: Result<Option<GitIndex>, String>,
    /// The Dockerfile's place in the list of entries, if it lies in the context.
    pub dockerfile: Option<usize>,
    /// The packages that are the project's own.
    pub own: OwnPackages,
}

/// What becomes of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageRole {
    /// Its layers are in the image.
    Final,
    /// It is built, and only what is copied from it is in the image.
    Builder,
    /// The target does not need it.
    Unused,
}

/// A Dockerfile, understood.
pub struct Recipe<'a> {
    /// Its path as the user gave it.
    pub given: String,
    /// Its path from the context's directory, which reports, acceptances and fingerprints name: the same from wherever
    /// the program is called.
    pub path: String,
    /// The file.
    pub dockerfile: &'a Dockerfile,
    /// Its variables.
    pub resolution: &'a Resolution<'a>,
    /// Its `RUN`s, those behind an `ONBUILD` included, in order.
    pub runs: Vec<Run<'a>>,
    /// The values of secret variables, which stay out of messages; made when the first check has a finding.
    pub(super) secret_values: OnceLock<Option<SecretValues>>,
    /// The arguments that commands use as secrets whatever their names are; made when first asked for.
    used_as_secrets: OnceLock<HashSet<(usize, String)>>,
    bytes: &'a [u8],
    lines: LineIndex,
    roles: Vec<StageRole>,
    directories: Vec<String>,
}

/// A `RUN`, read as the shell reads it.
pub struct Run<'a> {
    /// The number of its instruction, or of the `ONBUILD` around it.
    pub instruction: usize,
    /// Its commands.
    pub script: Script,
    /// The text that the shell reads; the exec form has none.
    pub text: Option<Text>,
    /// The names of the variables in it.
    pub names: HashSet<String>,
    /// Its mounts.
    pub mounts: &'a [Mount],
}

impl<'a> Recipe<'a> {
    /// Understands a Dockerfile; `bytes` are those that it was parsed from. A target that is not there counts as the
    /// last stage.
    pub fn new(path: String, bytes: &'a [u8], resolution: &'a Resolution<'a>, target: Option<&str>) -> Self {
        let dockerfile = resolution.file();
        let runs = dockerfile.instructions.iter().enumerate().filter_map(|(i, one)| run(i, one)).collect();
        Self {
            given: path.clone(),
            path,
            dockerfile,
            resolution,
            runs,
            secret_values: OnceLock::new(),
            used_as_secrets: OnceLock::new(),
            bytes,
            lines: LineIndex::new(bytes),
            roles: roles(dockerfile, target),
            directories: directories(resolution),
        }
    }

    /// Whether commands use the variable `name`, which an instruction declares, as a secret, though its name does not
    /// say so.
    pub(super) fn is_used_as_secret(&self, context: &Context<'_>, instruction: usize, name: &str) -> bool {
        let uses = self.used_as_secrets.get_or_init(|| used_as_secrets(context, self));
        uses.contains(&(instruction, name.to_owned()))
    }

    /// What becomes of a stage.
    pub fn role(&self, stage: usize) -> StageRole {
        self.roles.get(stage).copied().unwrap_or(StageRole::Unused)
    }

    /// What becomes of an instruction's stage; what stands before the first stage is for all of them.
    pub fn role_of(&self, instruction: usize) -> StageRole {
        self.dockerfile.stage_of(instruction).map_or(StageRole::Final, |s| self.role(s.index))
    }

    /// The working directory of an instruction, as far as the file tells; `/` at first.
    pub fn directory(&self, instruction: usize) -> &str {
        self.directories.get(instruction).map_or("/", String::as_str)
    }

    /// Names the file by its path from the context's directory.
    #[must_use]
    pub fn named_from(mut self, root: &Path) -> Self {
        self.path = path_from(root, Path::new(&self.given));
        self
    }

    /// The line of a place, from 1.
    pub fn line(&self, span: Span) -> u32 {
        self.lines.position(span.start).line
    }

    /// The origin that points to a place.
    pub fn origin(&self, span: Span) -> Origin {
        let position = self.lines.position(span.start);
        Origin {
            path: Some(escape_bytes(self.path.as_bytes())),
            place: Place::Text { position, offset: span.start as u64 },
            ..Origin::new(OriginKind::Dockerfile, self.given.clone())
        }
    }

    /// Its comments, each with its text where that is UTF-8.
    pub fn comments(&self) -> impl Iterator<Item = (Span, Option<&str>)> {
        self.dockerfile.comments.iter().map(|c| (c.span, std::str::from_utf8(c.span.of(self.bytes)).ok()))
    }

    /// The name of an instruction's stage, for people and fingerprints: its name, else its number.
    pub fn stage_name(&self, instruction: usize) -> String {
        match self.dockerfile.stage_of(instruction) {
            Some(Stage { name: Some(name), .. }) => name.clone(),
            Some(stage) => stage.index.to_string(),
            None => "global".to_owned(),
        }
    }
}

impl ExaminedContext {
    /// What the context's files tell of its packages.
    pub(in crate::check) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            exists: Box::new(|path| self.files.position(path).is_some()),
            manifests: vec![&self.facts.manifests],
            own: &self.own,
        }
    }

    /// The origin that points to an entry.
    pub fn origin(&self, file: usize) -> Origin {
        let path = self.files.files.get(file).map(|f| escape_bytes(f.bytes()));
        Origin { path, ..Origin::new(OriginKind::Context, self.name.clone()) }
    }
}

fn roles(dockerfile: &Dockerfile, target: Option<&str>) -> Vec<StageRole> {
    let target = target.filter(|t| dockerfile.target(Some(t)).is_ok());
    let mut roles = vec![StageRole::Unused; dockerfile.stages.len()];
    for stage in dockerfile.needed_stages(target).unwrap_or_default() {
        roles[stage] = StageRole::Builder;
    }
    for stage in dockerfile.chain(target).unwrap_or_default() {
        roles[stage.index] = StageRole::Final;
    }
    roles
}

/// The working directory before each instruction.
fn directories(resolution: &Resolution<'_>) -> Vec<String> {
    let dockerfile = resolution.file();
    let mut out = vec!["/".to_owned(); dockerfile.instructions.len()];
    let mut ends: Vec<String> = Vec::new();
    for stage in &dockerfile.stages {
        let mut at = match stage.base {
            seaworthy_dockerfile::Base::Stage(parent) => {
                ends.get(parent).cloned().unwrap_or_else(|| "/".to_owned())
            }
            _ => "/".to_owned(),
        };
        for i in stage.instructions.clone() {
            out[i].clone_from(&at);
            if let Some(Kind::Workdir(text)) = dockerfile.instructions.get(i).map(|one| &one.kind) {
                let path =
                    resolution.expand(i, text).map_or_else(|_| text.to_string(), |e| e.as_str().to_owned());
                at = super::path::absolute(&at, &path);
            }
        }
        ends.push(at);
    }
    out
}

fn run(number: usize, instruction: &Instruction) -> Option<Run<'_>> {
    let inner = instruction.innermost();
    let Kind::Run(run) = &inner.kind else { return None };
    let text = inner.script();
    let script = match (&text, &run.command) {
        (Some(text), _) => shell::parse(text),
        (None, command) => script_of(command),
    };
    let names = super::script::used(&script);
    Some(Run { instruction: number, names, script, text, mounts: &run.mounts })
}

/// The commands of a command line. In exec form, the script of `sh -c` is read; any other program is one command.
pub fn script_of(command: &CommandLine) -> Script {
    match command {
        CommandLine::Shell(text) => shell::parse(text),
        CommandLine::Exec(words) => {
            let shells = ["sh", "bash", "ash", "dash", "zsh"];
            let name = words.first().map(|w| w.rsplit('/').next().unwrap_or_default());
            let option = |w: &Text| w.starts_with('-') && !w.starts_with("--") && w.ends_with('c');
            if name.is_some_and(|n| shells.contains(&n))
                && let Some(at) = words.iter().position(option)
                && let Some(text) = words.get(at + 1)
            {
                return shell::parse(text);
            }
            one_command(words)
        }
    }
}

fn one_command(words: &[Text]) -> Script {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Script::default() };
    let word = |text: &Text| Word {
        parts: vec![WordPart::Literal { text: text.clone(), quote: Quote::Single }],
        range: 0..text.len(),
        span: text.span(),
    };
    let command = Command {
        kind: CommandKind::Simple,
        assignments: Vec::new(),
        words: words.iter().map(word).collect(),
        redirections: Vec::new(),
        keyword: None,
        negated: false,
        link: shell::Link::End,
        group: None,
        range: 0..0,
        span: Span::new(first.span().start, last.span().end),
    };
    Script { commands: vec![command], ..Script::default() }
}

/// Where something that lies in a stage ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathOutcome {
    /// In the image; by way of a `COPY --from`, whose instruction is named, or because the stage is part of it.
    Image(Option<usize>),
    /// In a stage that is built, and so in the build cache.
    Cache,
    /// Nowhere: the target does not need the stage.
    Nowhere,
}

impl Recipe<'_> {
    /// Where a path (absolute) that an instruction writes ends up: followed through stages that are built on its
    /// stage, and through every `COPY --from`.
    pub fn outcome_of(&self, instruction: usize, path: &str) -> PathOutcome {
        let Some(stage) = self.dockerfile.stage_of(instruction) else { return PathOutcome::Nowhere };
        let mut todo: Vec<(usize, String, Option<usize>)> = vec![(stage.index, path.to_owned(), None)];
        let mut seen: Vec<(usize, String)> = Vec::new();
        let mut built = false;
        while let Some((stage, path, via)) = todo.pop() {
            match self.role(stage) {
                StageRole::Final => return PathOutcome::Image(via),
                StageRole::Builder => built = true,
                StageRole::Unused => {}
            }
            if seen.len() > 1_000 || seen.contains(&(stage, path.clone())) {
                continue;
            }
            for other in &self.dockerfile.stages {
                if matches!(other.base, seaworthy_dockerfile::Base::Stage(parent) if parent == stage) {
                    todo.push((other.index, path.clone(), via));
                }
                let from = |d: &&seaworthy_dockerfile::Dependency| d.source == StageSource::Stage(stage);
                for dependency in other.dependencies.iter().filter(from) {
                    let number = dependency.instruction;
                    for target in self.copied_to(number, &path) {
                        todo.push((other.index, target, Some(number)));
                    }
                }
            }
            seen.push((stage, path));
        }
        if built { PathOutcome::Cache } else { PathOutcome::Nowhere }
    }

    /// Where a `COPY --from` puts a path of the stage that it copies from, if it takes it.
    fn copied_to(&self, number: usize, path: &str) -> Vec<String> {
        let Some(inner) = self.dockerfile.instructions.get(number).map(Instruction::innermost) else {
            return Vec::new();
        };
        let Kind::Copy(copy) = &inner.kind else { return Vec::new() };
        let expand = |t: &Text| {
            self.resolution.expand(number, t).map_or_else(|_| t.to_string(), |e| e.as_str().to_owned())
        };
        let destination = expand(&copy.files.destination);
        let target = super::path::absolute(self.directory(number), &destination);
        let sources = copy.files.sources.iter().filter_map(|s| match s {
            seaworthy_dockerfile::Source::Path(text) => Some(expand(text)),
            seaworthy_dockerfile::Source::Heredoc(_) => None,
        });
        sources
            .filter_map(|source| {
                let below = super::path::below(&super::path::absolute("/", &source), path)?;
                let name = path.rsplit('/').next().unwrap_or_default();
                let directory =
                    destination.ends_with('/') || destination == "." || copy.files.sources.len() > 1;
                let rest = if below.is_empty() && directory { name } else { below };
                Some(super::path::absolute(&target, rest))
            })
            .collect()
    }
}
