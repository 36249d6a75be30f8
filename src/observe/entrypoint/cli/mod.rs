//! What a program takes on its command line, and whether a command line is one that it takes.

mod argv;
mod judge;

pub(crate) use argv::{Argument, Row};
pub(crate) use judge::{Refusal, judge};

/// What is known of a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Known {
    Yes,
    #[default]
    No,
    /// It depends on something that is known only when the program runs.
    Maybe,
}

/// How many words an option or a positional takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    /// So many.
    Exactly(usize),
    /// One or none.
    Optional,
    /// Any number, none included.
    Any,
    /// One at least.
    Some,
    /// Everything that follows, options included.
    Rest,
    Unknown,
}

impl Arity {
    /// The fewest words; nothing if that is not known.
    pub(crate) fn least(self) -> Option<usize> {
        match self {
            Self::Exactly(n) => Some(n),
            Self::Optional | Self::Any | Self::Rest => Some(0),
            Self::Some => Some(1),
            Self::Unknown => None,
        }
    }

    /// The most words; nothing for any number, or if it is not known.
    pub(crate) fn most(self) -> Option<usize> {
        match self {
            Self::Exactly(n) => Some(n),
            Self::Optional => Some(1),
            Self::Any | Self::Some | Self::Rest | Self::Unknown => None,
        }
    }
}

/// Where something is written, for a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// The file's path in the image.
    pub(crate) file: Vec<u8>,
    /// Its line, from 1.
    pub(crate) line: u32,
}

/// An option or a positional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// The option's names, such as `--profile` and `-p`; a positional's one name, for people.
    pub(crate) names: Vec<String>,
    pub(crate) is_option: bool,
    pub(crate) arity: Arity,
    pub(crate) required: Known,
    /// The values that it takes, if they are known and limited.
    pub(crate) choices: Option<Vec<String>>,
    /// Whether it is there under all circumstances.
    pub(crate) is_certain: bool,
    /// Of options that exclude each other: their group.
    pub(crate) group: Option<usize>,
    /// Whether the program ends when it is given, such as `--help`.
    pub(crate) ends: bool,
    pub(crate) at: Written,
}

/// Options of which one must be given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExclusiveGroup {
    pub(crate) required: Known,
}

/// The subcommands of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subcommands {
    pub(crate) required: Known,
    /// Each with its names.
    pub(crate) commands: Vec<(Vec<String>, Interface)>,
    /// Why there may be more, if there may.
    pub(crate) open: Option<String>,
}

/// What a command takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) groups: Vec<ExclusiveGroup>,
    pub(crate) subcommands: Option<Subcommands>,
    /// Why there may be more options or positionals than are seen, if there may.
    pub(crate) open: Option<String>,
    /// Whether options that it does not know are passed over.
    pub(crate) takes_unknown: bool,
    /// Whether the beginning of an option's name stands for it, as with argparse.
    pub(crate) abbreviates: bool,
    /// An option that is added twice, at which the program ends, and where.
    pub(crate) conflict: Option<(String, Written)>,
}

/// What became of reading a program's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Known(Box<Interface>),
    /// Why it is not known.
    Unknown(String),
}
