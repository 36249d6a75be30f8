//! A whole Dockerfile.

use super::environment::Resolution;
use super::error::{Error, ErrorKind};
use super::instruction::{Instruction, Kind};
use super::remark::{Comment, Directive};
use super::stage::{self, Stage};
use super::syntax::{Syntax, TopLevel};
use super::text::Text;
use super::understand;
use seaworthy_source::Span;

/// Most instructions of a file: each costs kilobytes of memory, and no builder's file comes near.
const MAX_INSTRUCTIONS: usize = 20_000;

/// Most commands of a file, counted as what separates them (`;`, `|`, `&`, ends of lines): as for instructions.
const MAX_COMMANDS: usize = 50_000;

/// A Dockerfile, read and understood.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    /// All bytes of the file, in order, without gap or overlap.
    pub pieces: Vec<TopLevel>,
    /// Parser directives, in order.
    pub directives: Vec<Directive>,
    /// Comments, those inside a continued instruction included; heredoc bodies have none.
    pub comments: Vec<Comment>,
    /// Blank lines inside a continued instruction: deprecated, and skipped.
    pub blank_continuations: Vec<Span>,
    /// The escape character: a backslash, or the backtick if the `escape` directive says so.
    pub escape: char,
    /// Instructions, in order.
    pub instructions: Vec<Instruction>,
    /// Stages, in order; never empty.
    pub stages: Vec<Stage>,
}

impl Dockerfile {
    /// Reads a Dockerfile.
    ///
    /// # Errors
    /// Where BuildKit refuses the file: see [`ErrorKind`]. More than 1,000 stages, 100,000 triggers that stages inherit
    /// from stages, 20,000 instructions or 50,000 shell commands are refused as well. What BuildKit only finds while it builds (an unknown mount
    /// option, a broken `${`) is no error here.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        let syntax = Syntax::read(file)?;
        if let Some(node) = syntax.nodes.get(MAX_INSTRUCTIONS) {
            let kind = ErrorKind::TooManyInstructions(MAX_INSTRUCTIONS);
            return Err(Error { line: node.lines.first, span: node.span, kind });
        }
        let mut commands = 0;
        for node in &syntax.nodes {
            // A line that goes on in the next one ends no command.
            let text = node.span.of(file);
            let ends = |at: usize| match text[at] {
                b'\n' => !matches!(text.get(at.wrapping_sub(1)), Some(b'\\' | b'`' | b'\r')),
                byte => b";|&".contains(&byte),
            };
            let separators = (0..text.len()).filter(|at| ends(*at)).count();
            commands += separators;
            if commands > MAX_COMMANDS {
                let kind = ErrorKind::TooManyCommands(MAX_COMMANDS);
                return Err(Error { line: node.lines.first, span: node.span, kind });
            }
        }
        let mut instructions = Vec::with_capacity(syntax.nodes.len());
        let mut has_stage = false;
        for node in syntax.nodes {
            let instruction = understand::instruction(node, syntax.escape)?;
            has_stage |= matches!(instruction.kind, Kind::From(_));
            if !has_stage && !matches!(instruction.kind, Kind::Arg(_)) {
                let (line, span) = (instruction.lines.first, instruction.span);
                return Err(Error { line, span, kind: ErrorKind::NoStage });
            }
            instructions.push(instruction);
        }
        if !has_stage {
            return Err(Error { line: 1, span: Span::new(0, file.len()), kind: ErrorKind::NoStages });
        }
        let stages = stage::stages(&instructions, syntax.escape)?;
        Ok(Self {
            pieces: syntax.pieces,
            directives: syntax.directives,
            comments: syntax.comments,
            blank_continuations: syntax.blank_continuations,
            escape: syntax.escape,
            instructions,
            stages,
        })
    }

    /// The variables of every stage.
    pub fn resolve(&self) -> Resolution<'_> {
        Resolution::new(self)
    }

    /// The arguments before the first stage.
    pub fn global_args(&self) -> &[Instruction] {
        let first = self.stages.first().map_or(self.instructions.len(), |s| s.instructions.start);
        self.instructions.get(..first).unwrap_or_default()
    }

    /// The stage that holds an instruction; `None` before the first `FROM`.
    pub fn stage_of(&self, instruction: usize) -> Option<&Stage> {
        let after = self.stages.partition_point(|s| s.instructions.start <= instruction);
        self.stages.get(after.checked_sub(1)?)
    }

    /// Instructions that the `ONBUILD`s of a stage's parent leave for it, in order, when the parent is a stage of
    /// this file. The numbers are those of the `ONBUILD` instructions.
    pub fn triggers(&self, stage: &Stage) -> impl Iterator<Item = (usize, &Instruction)> {
        let parent = match stage.base {
            stage::Base::Stage(parent) => self.stages.get(parent),
            _ => None,
        };
        parent.into_iter().flat_map(|parent| parent.instructions.clone()).filter_map(|i| {
            match &self.instructions.get(i)?.kind {
                Kind::Onbuild(inner) => Some((i, &**inner)),
                _ => None,
            }
        })
    }
    /// The `SHELL` that an instruction's shell form runs in, when the file sets it: the last one before it, in its
    /// stage or in those that the stage is built on. Without one it is `/bin/sh -c`, unless the base image says else.
    pub fn shell_at(&self, instruction: usize) -> Option<&[Text]> {
        let mut stage = self.stage_of(instruction)?;
        let mut end = instruction;
        loop {
            let before = self.instructions.get(stage.instructions.start..end)?;
            let words = before.iter().rev().find_map(|i| match &i.kind {
                Kind::Shell(words) => Some(words.as_slice()),
                _ => None,
            });
            let (None, stage::Base::Stage(parent)) = (words, stage.base) else { return words };
            stage = self.stages.get(parent)?;
            end = stage.instructions.end;
        }
    }
}
