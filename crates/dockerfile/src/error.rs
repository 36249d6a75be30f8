//! Why a Dockerfile could not be read. The words are BuildKit's, without the values that it repeats.

use thiserror::Error;

use super::expanded::SubstitutionError;
use seaworthy_source::Span;

/// A Dockerfile that no builder accepts, and the first place that makes it so.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("dockerfile parse error on line {line}: {kind}")]
pub struct Error {
    /// Line of the instruction's start, from 1.
    pub line: u32,
    /// The bytes that are at fault: the instruction, or the line.
    pub span: Span,
    /// What is wrong with them.
    pub kind: ErrorKind,
}

/// What is wrong with a Dockerfile.
///
/// No variant repeats text of the file but for instruction and flag names; a word that stands where an instruction
/// is expected may be the line of a broken heredoc, and so a secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file has no byte.
    #[error("the Dockerfile cannot be empty")]
    Empty,
    /// Only comments and blank lines.
    #[error("file with no instructions")]
    NoInstructions,
    /// Only `ARG`.
    #[error("dockerfile contains no stages to build")]
    NoStages,
    /// An instruction other than `ARG` before the first `FROM`.
    #[error("no build stage in current context")]
    NoStage,
    /// More stages than seaworthy follows; a limit of its own, as no builder's file comes near.
    #[error("more than {0} stages")]
    TooManyStages(usize),
    /// More instructions than seaworthy judges, likewise.
    #[error("more than {0} instructions; none was checked")]
    TooManyInstructions(usize),
    /// More separators of commands than the limit, over all instructions.
    #[error("more than {0} shell commands; none was checked")]
    TooManyCommands(usize),
    /// More triggers to carry out in stages than seaworthy follows, likewise.
    #[error("more than {0} ONBUILD triggers in stages that are built on stages")]
    TooManyTriggers(usize),
    /// A line of more than 65,535 bytes.
    #[error("dockerfile line greater than max allowed size of 65535")]
    LineTooLong,
    /// A directive stands twice.
    #[error("only one {0} parser directive can be used")]
    DuplicateDirective(&'static str),
    /// `escape` names another character than a backslash or a backtick.
    #[error("invalid escape token does not match ` or \\")]
    InvalidEscape,
    /// The end of the file came before the heredoc's terminator.
    #[error("unterminated heredoc")]
    UnterminatedHeredoc,
    /// A heredoc's name holds a broken substitution.
    #[error("failed to process the heredoc's name: {0}")]
    HeredocName(SubstitutionError),
    /// A word that is no instruction; named when it looks like a word, with the instruction it may stand for.
    #[error("unknown instruction{}{}", .name.as_ref().map(|n| format!(": {n}")).unwrap_or_default(),
            .suggestion.map(|s| format!(" (did you mean {s}?)")).unwrap_or_default())]
    UnknownInstruction {
        /// The word, if it is short and has only letters.
        name: Option<String>,
        /// The instruction that is two edits away at most.
        suggestion: Option<&'static str>,
    },
    /// A JSON array that holds something else than strings.
    #[error("when using JSON array syntax, arrays must be comprised of strings only")]
    NotStringArray,
    /// `ENV KEY` without a value.
    #[error("{0} must have two arguments")]
    TwoArguments(&'static str),
    /// A word without `=` among key=value words.
    #[error("Syntax error - can't find = in a word. Must be of the form: name=value")]
    NotNameValue,
    /// `ENV =value`.
    #[error("{0} names can not be blank")]
    BlankName(&'static str),
    /// Nothing after the instruction's name.
    #[error("{0} requires at least one argument")]
    AtLeastOneArgument(&'static str),
    /// Nothing after the instruction's name.
    #[error("{0} requires exactly one argument")]
    ExactlyOneArgument(&'static str),
    /// `COPY` or `ADD` with one path.
    #[error(
        "{0} requires at least two arguments, but only one was provided. Destination could not be determined"
    )]
    NoDestination(&'static str),
    /// A heredoc as the last path of `COPY` or `ADD`.
    #[error("{0} cannot accept a heredoc as a destination")]
    HeredocDestination(&'static str),
    /// `FROM` with two words, or more than three, or another word than `AS` between.
    #[error("FROM requires either one or three arguments")]
    FromArguments,
    /// A stage name that does not match `^[a-z][a-z0-9-_.]*$`.
    #[error("invalid name for build stage: name can't start with a number or contain symbols")]
    InvalidStageName,
    /// A flag that the instruction does not know.
    #[error("unknown flag{}", .0.as_ref().map(|n| format!(": --{n}")).unwrap_or_default())]
    UnknownFlag(Option<String>),
    /// A flag that may stand once stands twice.
    #[error("duplicate flag specified: --{0}")]
    DuplicateFlag(&'static str),
    /// A flag without `=value`.
    #[error("missing a value on flag: --{0}")]
    FlagWithoutValue(&'static str),
    /// A yes-or-no flag with another value.
    #[error("expecting boolean value for flag --{0}")]
    FlagNotBoolean(&'static str),
    /// A `--mount` that is not comma-separated values.
    #[error("failed to parse csv mounts")]
    MountSyntax,
    /// `--mount=from=$X`.
    #[error("'from' doesn't support variable expansion, define alias stage instead")]
    MountFromVariable,
    /// `ONBUILD ONBUILD`.
    #[error("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")]
    OnbuildChain,
    /// `ONBUILD FROM` or `ONBUILD MAINTAINER`.
    #[error("{0} isn't allowed as an ONBUILD trigger")]
    OnbuildTrigger(&'static str),
    /// `HEALTHCHECK NONE` with more words.
    #[error("HEALTHCHECK NONE takes no arguments")]
    HealthcheckNone,
    /// `HEALTHCHECK CMD` without a command.
    #[error("Missing command after HEALTHCHECK CMD")]
    HealthcheckCommand,
    /// `HEALTHCHECK` with another type than `NONE` or `CMD`.
    #[error("Unknown type in HEALTHCHECK (try CMD)")]
    HealthcheckType,
    /// `VOLUME [""]`.
    #[error("VOLUME specified can not be an empty string")]
    EmptyVolume,
    /// `SHELL` in shell form.
    #[error("SHELL requires the arguments to be in JSON form")]
    ShellNotJson,
}
