//! Instructions, understood: what each one holds, and where.

use super::flags::Flag;
use super::heredoc::Heredoc;
use super::keyword::Keyword;
use super::mount::Mount;
use super::syntax::LineRange;
use super::text::{Text, TextBuilder};
use super::words::{Pair, Value};
use seaworthy_source::Span;

/// An instruction of a Dockerfile.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Which instruction it is.
    pub keyword: Keyword,
    /// Its name as written.
    pub name: Text,
    /// From its name to the end of its last line, heredocs included.
    pub span: Span,
    /// Its lines.
    pub lines: LineRange,
    /// The logical line: continuations joined, comments inside dropped, heredoc bodies not part of it.
    pub text: Text,
    /// Its flags, as written.
    pub flags: Vec<Flag>,
    /// Its heredocs, in order.
    pub heredocs: Vec<Heredoc>,
    /// What it says.
    pub kind: Kind,
}

/// What an instruction says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// `FROM`
    From(From),
    /// `ARG`
    Arg(Vec<ArgDeclaration>),
    /// `ENV`
    Env(Vec<Pair>),
    /// `LABEL`
    Label(Vec<Pair>),
    /// `RUN`
    Run(Run),
    /// `COPY`
    Copy(Copy),
    /// `ADD`
    Add(Add),
    /// `CMD`
    Cmd(CommandLine),
    /// `ENTRYPOINT`
    Entrypoint(CommandLine),
    /// `SHELL`: the program and its arguments.
    Shell(Vec<Text>),
    /// `HEALTHCHECK`
    Healthcheck(Healthcheck),
    /// `ONBUILD`: the instruction for images that are built on this one. Heredocs of the inner instruction are the
    /// inner one's.
    Onbuild(Box<Instruction>),
    /// `USER`
    User(Text),
    /// `WORKDIR`
    Workdir(Text),
    /// `VOLUME`
    Volume(Vec<Text>),
    /// `EXPOSE`
    Expose(Vec<Text>),
    /// `STOPSIGNAL`
    Stopsignal(Text),
    /// `MAINTAINER`
    Maintainer(Text),
}

/// `FROM [--platform=] image [AS name]`.
#[derive(Clone, Debug)]
pub struct From {
    /// The image or the stage to build on, variables unexpanded.
    pub image: Text,
    /// The stage's name as written.
    pub name: Option<Text>,
    /// The value of `--platform`.
    pub platform: Option<Text>,
}

/// One name of an `ARG`.
#[derive(Clone, Debug)]
pub struct ArgDeclaration {
    /// The name.
    pub name: Text,
    /// The default, if it has one.
    pub default: Option<Value>,
}

/// A command in shell form or in exec (JSON) form.
#[derive(Clone, Debug)]
pub enum CommandLine {
    /// The text that the shell gets.
    Shell(Text),
    /// The program and its arguments.
    Exec(Vec<Text>),
}

/// `RUN`.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command. In shell form with heredocs see [`Instruction::script`] for what the shell reads.
    pub command: CommandLine,
    /// The `--mount` flags.
    pub mounts: Vec<Mount>,
    /// The value of `--network`.
    pub network: Option<Text>,
    /// The value of `--security`.
    pub security: Option<Text>,
}

/// A source of `COPY` or `ADD`.
#[derive(Clone, Debug)]
pub enum Source {
    /// A path, or for `ADD` a URL or a Git repository too.
    Path(Text),
    /// A heredoc; the number counts the instruction's heredocs from 0.
    Heredoc(usize),
}

/// What `COPY` and `ADD` share.
#[derive(Clone, Debug)]
pub struct Files {
    /// What is copied.
    pub sources: Vec<Source>,
    /// Where to.
    pub destination: Text,
    /// The value of `--chown`.
    pub chown: Option<Text>,
    /// The value of `--chmod`.
    pub chmod: Option<Text>,
    /// The values of `--exclude`.
    pub exclude: Vec<Text>,
    /// Whether `--link` is on.
    pub link: bool,
}

/// `COPY`.
#[derive(Clone, Debug)]
pub struct Copy {
    /// Sources, destination and common flags.
    pub files: Files,
    /// The value of `--from`: a stage, its number, or an image. Empty is the same as none.
    pub from: Option<Text>,
    /// Whether `--parents` is on.
    pub parents: bool,
}

/// `ADD`.
#[derive(Clone, Debug)]
pub struct Add {
    /// Sources, destination and common flags.
    pub files: Files,
    /// The value of `--checksum`.
    pub checksum: Option<Text>,
    /// Whether `--keep-git-dir` is on.
    pub keep_git_dir: bool,
    /// Whether `--unpack` is on or off, if it says.
    pub unpack: Option<bool>,
}

/// `HEALTHCHECK`.
#[derive(Clone, Debug)]
pub enum Healthcheck {
    /// Switches the base image's probe off.
    None,
    /// Runs a command.
    Command(CommandLine),
}

impl CommandLine {
    /// Its words: the whole text in shell form, the strings in exec form.
    pub fn texts(&self) -> &[Text] {
        match self {
            Self::Shell(text) => std::slice::from_ref(text),
            Self::Exec(words) => words,
        }
    }
}

impl Instruction {
    /// What the shell of a shell-form `RUN` reads, which may be a heredoc's body, or the command line followed by
    /// the bodies and their terminators. `None` for the exec form and for other instructions.
    pub fn script(&self) -> Option<Text> {
        let Kind::Run(run) = &self.kind else { return None };
        let CommandLine::Shell(command) = &run.command else { return None };
        let Some(first) = self.heredocs.first() else { return Some(command.clone()) };
        if self.heredoc_is_script() {
            return Some(first.content());
        }
        let mut script = TextBuilder::with_capacity(command.len());
        script.push_text(command, 0..command.len());
        for heredoc in &self.heredocs {
            let body = heredoc.body.span();
            script.push("\n", Span::new(command.span().end, command.span().end));
            script.push_text(&heredoc.body, 0..heredoc.body.len());
            script.push(&heredoc.word.name, Span::new(body.end, heredoc.terminator.end));
        }
        Some(script.finish(command.span().start))
    }

    /// Whether a `RUN` consists of one heredoc word alone, so that the body is the script.
    pub fn heredoc_is_script(&self) -> bool {
        let Kind::Run(Run { command: CommandLine::Shell(command), .. }) = &self.kind else { return false };
        matches!(super::heredoc::word(command), Ok(Some(_))) && !self.heredocs.is_empty()
    }

    /// The sources and the destination of a `COPY` or an `ADD`.
    pub fn files(&self) -> Option<&Files> {
        match &self.kind {
            Kind::Copy(copy) => Some(&copy.files),
            Kind::Add(add) => Some(&add.files),
            _ => None,
        }
    }

    /// The instruction itself, or the one that an `ONBUILD` leaves for later.
    pub fn innermost(&self) -> &Self {
        match &self.kind {
            Kind::Onbuild(inner) => inner,
            _ => self,
        }
    }
}
