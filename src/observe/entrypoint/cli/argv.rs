//! A row of the contract as the words of a command line.

use super::super::Entrypoint;
use super::super::machine::Machine;
use super::Refusal;

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
        Self {
            required: arguments.iter().map(|w| argument(w)).collect(),
            optional: entrypoint.optional_args.clone(),
        }
    }

    /// The words alone that a program is given.
    pub(crate) fn of_arguments(arguments: &[String]) -> Self {
        Self { required: arguments.iter().map(|w| argument(w)).collect(), optional: Vec::new() }
    }

    /// The row of a dry run: the words alone.
    pub(crate) fn of_words(entrypoint: &Entrypoint, arguments: &[String], more: &[String]) -> Self {
        // The words of the dry run stand where the contract's options and values are else.
        let is_contract = |a: &Argument| match a {
            Argument::Option(_) => true,
            Argument::Value(name) => entrypoint.required_args.contains(&format!("<{name}>")),
            Argument::Word(_) => false,
        };
        let own = arguments.iter().map(|w| argument(w)).filter(|a| !is_contract(a));
        let required = own.chain(more.iter().cloned().map(Argument::Word)).collect();
        Self { required, optional: Vec::new() }
    }

    /// The options of the contract that the program is not given: a script on the way keeps them.
    pub(crate) fn dropped(&self, entrypoint: &Entrypoint) -> Option<Refusal> {
        let is_given = |name: &str| {
            self.required.iter().any(|a| match a {
                Argument::Option(own) => own == name,
                Argument::Word(word) => word.split('=').next() == Some(name),
                Argument::Value(_) => false,
            })
        };
        // A script may read a value itself, and hand it on in another form.
        let has_rest = self.required.iter().any(|a| matches!(a, Argument::Value(v) if v == "arguments"));
        let dropped = entrypoint.required_args.iter().find(|a| a.starts_with('-') && !is_given(a))?;
        Some(Refusal {
            what: format!("is not given {dropped}: a script or shell on the way does not hand it on"),
            subject: dropped.clone(),
            is_certain: !has_rest,
            at: None,
        })
    }

    /// The same row after the program's own name, as a parser finds it in the whole of `sys.argv`.
    pub(crate) fn after(&self, program: &[u8]) -> Self {
        let program = Argument::Word(format!("/{}", String::from_utf8_lossy(program)));
        Self {
            required: std::iter::once(program).chain(self.required.clone()).collect(),
            optional: self.optional.clone(),
        }
    }

    /// Whether the program is given anything, or must know anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.required.is_empty() && self.optional.is_empty()
    }
}

/// The words that the contract gives a command beyond its own: options without their values, and values.
pub(crate) fn given(entrypoint: &Entrypoint) -> impl Iterator<Item = String> {
    // `<path>`: a value without an option.
    let word = |argument: &String| match argument.strip_prefix('<').and_then(|a| a.strip_suffix('>')) {
        Some(name) => Machine::unknown(name),
        None => Machine::option(argument),
    };
    entrypoint.required_args.iter().map(word)
}

fn argument(word: &str) -> Argument {
    match Machine::is_unknown(word) {
        true if word.starts_with('-') => Argument::Option(Machine::option_of(word).to_owned()),
        true => Argument::Value(word.trim_matches('\u{1}').to_owned()),
        false => Argument::Word(word.to_owned()),
    }
}
