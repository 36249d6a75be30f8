//! Stages: what each is built on, what it copies from, and which ones a target needs.

use std::collections::HashMap;
use std::ops::Range;

use thiserror::Error as ThisError;

use super::environment::GlobalArgs;
use super::error::{Error, ErrorKind};
use super::expanded::Expanded;
use super::file::Dockerfile;
use super::instruction::{Instruction, Kind};
use super::text::Text;
use seaworthy_source::Span;

/// A stage: a `FROM` and the instructions up to the next one.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its number, from 0.
    pub index: usize,
    /// Its name in lower case, as BuildKit keeps it.
    pub name: Option<String>,
    /// Its instructions, the `FROM` first.
    pub instructions: Range<usize>,
    /// The base's name, global arguments expanded; as written where it cannot be expanded.
    pub image: Expanded,
    /// What it is built on.
    pub base: Base,
    /// The stages and images that its `COPY`s and mounts read, and those of the triggers that it inherits.
    pub dependencies: Vec<Dependency>,
}

/// What a stage is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage, by number.
    Stage(usize),
    /// The empty image.
    Scratch,
    /// An image from elsewhere: see [`Stage::image`].
    Image,
}

/// A `COPY --from=` or a `RUN --mount=from=`.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The instruction. For a trigger, the `ONBUILD` in the parent stage.
    pub instruction: usize,
    /// Which of the two.
    pub referrer: Referrer,
    /// What is written.
    pub text: Text,
    /// What it means.
    pub source: StageSource,
}

/// What refers to an image or a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referrer {
    /// `FROM`
    From,
    /// `COPY --from=`
    Copy,
    /// `RUN --mount=from=`
    Mount,
}

/// What a `from` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageSource {
    /// An earlier stage, by number.
    Stage(usize),
    /// The empty image.
    Scratch,
    /// An image from elsewhere.
    Image,
    /// Nothing that can be built: a later stage, the stage itself, a number without a stage, or a variable.
    Invalid,
}

/// An image from elsewhere that the build reads.
#[derive(Clone, Debug)]
pub struct ImageReference {
    /// Its name, variables expanded where they may stand.
    pub image: Expanded,
    /// Where it is named.
    pub span: Span,
    /// The instruction that names it.
    pub instruction: usize,
    /// How.
    pub referrer: Referrer,
    /// The stage that needs it.
    pub stage: usize,
}

/// The file has no stage of that name or number.
#[derive(Clone, Debug, ThisError, PartialEq, Eq)]
#[error("target stage {0:?} could not be found")]
pub struct UnknownTarget(pub String);

/// Most stages of a file: every look at a variable may walk through all of them.
const MAX_STAGES: usize = 1_000;
/// Most triggers that the stages of a file inherit together: stages times triggers would be too many.
const MAX_TRIGGERS: usize = 100_000;

/// The stages of a file's instructions.
pub(super) fn stages(instructions: &[Instruction], escape: char) -> Result<Vec<Stage>, Error> {
    let globals = GlobalArgs::new(instructions, escape);
    let mut stages: Vec<Stage> = Vec::new();
    // The last stage of each name so far.
    let mut names: HashMap<String, usize> = HashMap::new();
    for (i, instruction) in instructions.iter().enumerate() {
        if let Kind::From(from) = &instruction.kind {
            if let Some(last) = stages.last_mut() {
                last.instructions.end = i;
            }
            let image = globals.expand(&from.image).unwrap_or_else(|_| Expanded::literal(&from.image));
            let base = match names.get(&image.as_str().to_ascii_lowercase()) {
                Some(stage) => Base::Stage(*stage),
                None if image.as_str() == "scratch" => Base::Scratch,
                None => Base::Image,
            };
            let index = stages.len();
            if index >= MAX_STAGES {
                return Err(too_many(instruction, ErrorKind::TooManyStages(MAX_STAGES)));
            }
            let name = from.name.as_ref().map(|n| n.to_ascii_lowercase());
            names.extend(name.clone().map(|n| (n, index)));
            let instructions = i..instructions.len();
            stages.push(Stage { index, name, instructions, image, base, dependencies: Vec::new() });
        }
    }
    add_dependencies(instructions, &mut stages)?;
    Ok(stages)
}

fn too_many(instruction: &Instruction, kind: ErrorKind) -> Error {
    Error { line: instruction.lines.first, span: instruction.span, kind }
}

fn add_dependencies(instructions: &[Instruction], stages: &mut [Stage]) -> Result<(), Error> {
    let mut total = 0;
    let all: HashMap<String, ()> = stages.iter().filter_map(|s| Some((s.name.clone()?, ()))).collect();
    let mut earlier: HashMap<String, usize> = HashMap::new();
    let mut triggers: Vec<Vec<usize>> = Vec::with_capacity(stages.len());
    for stage in stages {
        let names = Names { all: &all, earlier: &earlier, stage: stage.index };
        let inherited = match stage.base {
            Base::Stage(parent) => triggers.get(parent).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        total += inherited.len();
        if total > MAX_TRIGGERS {
            let from = &instructions[stage.instructions.start];
            return Err(too_many(from, ErrorKind::TooManyTriggers(MAX_TRIGGERS)));
        }
        let own = stage.instructions.clone().filter(|i| !matches!(instructions[*i].kind, Kind::Onbuild(_)));
        stage.dependencies = inherited
            .iter()
            .copied()
            .chain(own)
            .flat_map(|i| references(i, &instructions[i], &names))
            .collect();
        let onbuild = |i: &usize| matches!(instructions[*i].kind, Kind::Onbuild(_));
        triggers.push(stage.instructions.clone().filter(onbuild).collect());
        earlier.extend(stage.name.clone().map(|n| (n, stage.index)));
    }
    Ok(())
}

/// What names mean inside one stage.
struct Names<'a> {
    all: &'a HashMap<String, ()>,
    earlier: &'a HashMap<String, usize>,
    stage: usize,
}

impl Names<'_> {
    fn source(&self, text: &str, numbers: bool) -> StageSource {
        if text.contains('$') {
            return StageSource::Invalid;
        }
        if numbers && let Ok(number) = text.parse::<i64>() {
            return match usize::try_from(number) {
                Ok(number) if number < self.stage => StageSource::Stage(number),
                _ => StageSource::Invalid,
            };
        }
        let name = text.to_ascii_lowercase();
        match self.earlier.get(&name) {
            Some(stage) => StageSource::Stage(*stage),
            None if self.all.contains_key(&name) => StageSource::Invalid,
            None if text == "scratch" => StageSource::Scratch,
            None => StageSource::Image,
        }
    }
}

fn references(number: usize, instruction: &Instruction, names: &Names<'_>) -> Vec<Dependency> {
    let dependency = |text: &Text, referrer, numbers| Dependency {
        instruction: number,
        referrer,
        text: text.clone(),
        source: names.source(text, numbers),
    };
    match &instruction.innermost().kind {
        Kind::Copy(copy) => copy.from.iter().map(|from| dependency(from, Referrer::Copy, true)).collect(),
        Kind::Run(run) => {
            run.mounts.iter().filter_map(|m| Some(dependency(m.from()?, Referrer::Mount, false))).collect()
        }
        _ => Vec::new(),
    }
}

impl Dockerfile {
    /// The stage that a target names, whatever its case, or counts from 0; the last stage without a target.
    ///
    /// # Errors
    /// When there is no such stage.
    pub fn target(&self, target: Option<&str>) -> Result<&Stage, UnknownTarget> {
        let unknown = || UnknownTarget(target.unwrap_or_default().to_owned());
        let Some(target) = target.filter(|t| !t.is_empty()) else {
            return self.stages.last().ok_or_else(unknown);
        };
        let named = |s: &&Stage| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(target));
        let counted = || self.stages.get(target.parse::<usize>().ok()?);
        self.stages.iter().rev().find(named).or_else(counted).ok_or_else(unknown)
    }

    /// The numbers of the stages that are built for a target, in order.
    ///
    /// # Errors
    /// When there is no such stage.
    pub fn needed_stages(&self, target: Option<&str>) -> Result<Vec<usize>, UnknownTarget> {
        let mut needed = vec![false; self.stages.len()];
        let mut open = vec![self.target(target)?.index];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut needed[index], true) {
                continue;
            }
            let stage = &self.stages[index];
            if let Base::Stage(parent) = stage.base {
                open.push(parent);
            }
            open.extend(stage.dependencies.iter().filter_map(|d| match d.source {
                StageSource::Stage(index) => Some(index),
                _ => None,
            }));
        }
        Ok((0..needed.len()).filter(|i| needed[*i]).collect())
    }

    /// The stages whose layers and settings end up in a target's image: the target and what it is built on, the
    /// outermost base first.
    ///
    /// # Errors
    /// When there is no such stage.
    pub fn chain(&self, target: Option<&str>) -> Result<Vec<&Stage>, UnknownTarget> {
        let mut chain = vec![self.target(target)?];
        while let Some(Base::Stage(parent)) = chain.last().map(|s| s.base) {
            // A parent always stands before its child, so this ends.
            chain.extend(self.stages.get(parent));
        }
        chain.reverse();
        Ok(chain)
    }

    /// All images from elsewhere that the file names, whether or not a target needs them.
    pub fn external_images(&self) -> Vec<ImageReference> {
        let mut images = Vec::new();
        for stage in &self.stages {
            let instruction = stage.instructions.start;
            if let (Base::Image, Some(Kind::From(from))) =
                (stage.base, self.instructions.get(instruction).map(|i| &i.kind))
            {
                images.push(ImageReference {
                    image: stage.image.clone(),
                    span: from.image.span(),
                    instruction,
                    referrer: Referrer::From,
                    stage: stage.index,
                });
            }
            for dependency in stage.dependencies.iter().filter(|d| d.source == StageSource::Image) {
                images.push(ImageReference {
                    image: Expanded::literal(&dependency.text),
                    span: dependency.text.span(),
                    instruction: dependency.instruction,
                    referrer: dependency.referrer,
                    stage: stage.index,
                });
            }
        }
        images
    }
}
