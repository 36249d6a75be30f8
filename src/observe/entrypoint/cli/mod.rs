//! What a program takes on its command line, and whether a command line is one that it takes.

mod argv;
mod judge;

pub(crate) use argv::{Argument, Row, given};
pub(crate) use judge::{Refusal, options_in, refusals};

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

/// What the values of an option or a positional must be, beside one of its choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Takes {
    #[default]
    Any,
    /// Any text, which is made one of small letters, or of capitals, before it is compared with the choices.
    Lower,
    Upper,
    /// What Python's `int` takes.
    Int,
    /// What Python's `float` takes.
    Float,
    /// A whole number between two, where they are given, both included.
    Between(Option<i64>, Option<i64>),
    /// It is known only when the program runs: why.
    Open(String),
}

impl Takes {
    /// What a value becomes before it is compared with the choices.
    fn converted(&self, value: &str) -> String {
        match self {
            Self::Lower => value.to_lowercase(),
            Self::Upper => value.to_uppercase(),
            _ => value.to_owned(),
        }
    }

    /// Whether it takes a value, if that is known.
    pub(crate) fn takes(&self, value: &str) -> Option<bool> {
        match self {
            Self::Any | Self::Lower | Self::Upper => Some(true),
            Self::Int => Some(is_int(value)),
            Self::Float => Some(is_float(value)),
            Self::Between(least, most) => {
                let number: Option<i64> = value.trim().parse().ok();
                let is_in = |n: i64| least.is_none_or(|l| l <= n) && most.is_none_or(|m| n <= m);
                number.map(is_in).or((!is_int(value)).then_some(false))
            }
            Self::Open(_) => None,
        }
    }
}

/// Whether digits are a number as Python writes them: an underscore stands between two of them.
fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.split('_').all(|part| !part.is_empty() && part.chars().all(char::is_numeric))
}

fn without_sign(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

/// <https://docs.python.org/3/library/functions.html#int>
fn is_int(text: &str) -> bool {
    are_digits(without_sign(text))
}

/// <https://docs.python.org/3/library/functions.html#float>
fn is_float(text: &str) -> bool {
    let number = without_sign(text).to_ascii_lowercase();
    if matches!(number.as_str(), "inf" | "infinity" | "nan") {
        return true;
    }
    let (mantissa, exponent) = number.split_once('e').map_or((number.as_str(), None), |(m, e)| (m, Some(e)));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_part = |p: &str| p.is_empty() || are_digits(p);
    is_part(whole)
        && is_part(part)
        && !(whole.is_empty() && part.is_empty())
        && exponent.is_none_or(|e| are_digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
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
    pub(crate) takes: Takes,
    /// Whether it is there under all circumstances.
    pub(crate) is_certain: bool,
    /// Of options that exclude each other: their group.
    pub(crate) group: Option<usize>,
    /// Whether the program ends when it is given, such as `--help`.
    pub(crate) ends: bool,
    /// The name under which click hands it to its function, if it does.
    pub(crate) handed: Option<String>,
    pub(crate) at: Written,
}

impl Parameter {
    /// One that need not be given and takes any values: an option if its first name begins with a dash, else a positional.
    pub(crate) fn new(names: Vec<String>, arity: Arity) -> Self {
        Self {
            is_option: names.first().is_some_and(|name| name.starts_with('-')),
            names,
            arity,
            required: Known::No,
            choices: None,
            takes: Takes::Any,
            is_certain: true,
            group: None,
            ends: false,
            handed: None,
            at: Written::default(),
        }
    }
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
    /// Why it ends with an error when it is asked for help, and where that is written.
    pub(crate) no_help: Option<(String, Written)>,
    /// Marks of words that stand for the arguments in a file.
    pub(crate) file_marks: Vec<char>,
    /// Whether its parser is given the program's own name before the arguments.
    pub(crate) is_given_program: bool,
    /// What ends the program once the arguments are parsed.
    pub(crate) endings: Vec<Ending>,
}

/// A place at which a program refuses arguments that its parser took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What it does there.
    pub(crate) what: String,
    pub(crate) at: Written,
    pub(crate) is_certain: bool,
}

/// What became of reading a program's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Known(Box<Interface>),
    /// Why it is not known.
    Unknown(String),
    /// Nothing in its source parses arguments, as far as is seen: what is known of that.
    Nothing(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_python() {
        for (text, int, float) in [
            ("8080", true, true),
            (" -7 ", true, true),
            ("1_000", true, true),
            ("1__0", false, false),
            ("0x10", false, false),
            ("1.5", false, true),
            (".5", false, true),
            ("1e-3", false, true),
            ("-inf", false, true),
            (".", false, false),
            ("", false, false),
            ("abc", false, false),
            ("1e", false, false),
        ] {
            let between = Takes::Between(Some(1), None).takes(text);
            assert_eq!(between == Some(true), int && !text.contains('-') && !text.contains('_'), "{text}");
            assert_eq!(
                (Takes::Int.takes(text), Takes::Float.takes(text)),
                (Some(int), Some(float)),
                "{text}"
            );
        }
    }
}
