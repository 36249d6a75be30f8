//! A row of the contract as the words of a command line.

use super::super::Entrypoint;

/// One word that a program is given, or something that stands for words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// A word as it is.
    Word(String),
    /// An option with as many values as it takes.
    Option(String),
    /// A value for a positional.
    Value(String),
}

/// The words of a row: what it must be given, and what it may be given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) required: Vec<Argument>,
    /// Options that the program must know, and need not be given.
    pub(crate) optional: Vec<String>,
}

impl Row {
    /// The row of an entrypoint whose program is given `arguments` by the command itself.
    pub(crate) fn of(entrypoint: &Entrypoint, arguments: &[String]) -> Self {
        let mut required: Vec<Argument> = arguments.iter().cloned().map(Argument::Word).collect();
        for argument in &entrypoint.required_args {
            // `<path>`: a value without an option.
            required.push(match argument.strip_prefix('<').and_then(|a| a.strip_suffix('>')) {
                Some(name) => Argument::Value(name.to_owned()),
                None => Argument::Option(argument.clone()),
            });
        }
        Self { required, optional: entrypoint.optional_args.clone() }
    }

    /// The row of a dry run: the words alone.
    pub(crate) fn of_words(arguments: &[String], more: &[String]) -> Self {
        let required = arguments.iter().chain(more).cloned().map(Argument::Word).collect();
        Self { required, optional: Vec::new() }
    }

    /// Whether the program is given anything, or must know anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.required.is_empty() && self.optional.is_empty()
    }
}
