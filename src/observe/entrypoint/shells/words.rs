//! Words as a shell makes them. What is not known stands in them as a [`Machine::unknown`] word.

use super::run::Run;
use crate::observe::entrypoint::machine::Machine;
use seaworthy_dockerfile::shell::{Operator, Word, WordPart};

/// What became of a variable that is asked for.
enum Variable {
    Set(String),
    Unset,
    Unknown,
}

impl Run<'_, '_, '_> {
    /// The words of a command.
    pub(super) fn words(&mut self, words: &[Word]) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for word in words {
            match word.parts.as_slice() {
                [WordPart::Variable { name, operator, quoted, .. }] => match name.as_str() {
                    "*" if operator.is_none() && *quoted && self.arguments.len() > 1
                        || operator.is_none() && *quoted && self.arguments.iter().any(|a| is_option(a)) =>
                    {
                        // All of them in one word.
                        self.uses_arguments = true;
                        let value = |a: &String| match Machine::option_of(a) {
                            option if option != a => format!("{option} VALUE"),
                            _ => a.replace(|c: char| c.is_control(), ""),
                        };
                        out.push(self.arguments.iter().map(value).collect::<Vec<_>>().join(" "));
                    }
                    "@" | "*" if operator.is_none_or(|o| o == Operator::Alternative) => {
                        self.uses_arguments = true;
                        out.extend(self.arguments.iter().cloned());
                    }
                    "@" | "*" => self.slice(word, &mut out),
                    _ if self.is_array(word) => {
                        let text = self.word(word);
                        match Machine::is_unknown(&text) {
                            true => out.push(Machine::unknown("arguments")),
                            false => out.extend(text.split_whitespace().map(str::to_owned)),
                        }
                    }
                    _ => {
                        let text = self.word(word);
                        // A variable without quotes is as many words as its value has, none included.
                        if *quoted {
                            out.push(text);
                        } else {
                            out.extend(text.split_whitespace().map(str::to_owned));
                        }
                    }
                },
                _ => out.push(self.word(word)),
            }
        }
        out
    }

    /// Whether a word is all elements of an array: `${args[@]}`.
    fn is_array(&self, word: &Word) -> bool {
        self.text
            .get(word.range.clone())
            .is_some_and(|source| source.contains("[@]") || source.contains("[*]"))
    }

    /// `${@:2}`: the arguments from the second on.
    fn slice(&mut self, word: &Word, out: &mut Vec<String>) {
        let source = self.text.get(word.range.clone()).unwrap_or_default();
        let from = source
            .split_once(':')
            .and_then(|(_, rest)| rest.trim_end_matches(['"', '}']).parse::<usize>().ok());
        match from.and_then(|from| self.arguments.get(from.checked_sub(1)?..)) {
            Some(rest) => {
                self.uses_arguments = true;
                out.extend(rest.iter().cloned());
            }
            None => out.push(Machine::unknown("arguments")),
        }
    }

    /// A word's text.
    pub(super) fn word(&mut self, word: &Word) -> String {
        let mut out = String::new();
        let mut unknown = None;
        for part in &word.parts {
            match part {
                WordPart::Literal { text, .. } => out.push_str(text),
                WordPart::Variable { name, operator, argument, .. } => {
                    let source = self.text.get(word.range.clone()).unwrap_or_default();
                    match self.variable(name.as_str(), *operator, argument.as_ref(), source) {
                        Variable::Set(value) => out.push_str(&value),
                        Variable::Unset => {}
                        Variable::Unknown => unknown = unknown.or_else(|| Some(name.to_string())),
                    }
                }
                WordPart::Substitution { script, .. } => match self.directory_of(script) {
                    Some(directory) => out.push_str(&directory),
                    None => unknown = unknown.or_else(|| Some("value".to_owned())),
                },
                WordPart::Arithmetic { .. } => unknown = unknown.or_else(|| Some("number".to_owned())),
            }
        }
        match unknown {
            Some(name) => Machine::unknown(&name),
            // An option of the contract stays the option that it is.
            None if Machine::is_unknown(&out) && !(out.starts_with('-') && word.parts.len() == 1) => {
                Machine::unknown("value")
            }
            None => out,
        }
    }

    fn variable(
        &mut self,
        name: &str,
        operator: Option<Operator>,
        argument: Option<&Word>,
        source: &str,
    ) -> Variable {
        let value = self.value(name);
        let default = |own: &mut Self| Variable::Set(argument.map_or(String::new(), |a| own.word(a)));
        match (value, operator) {
            (Variable::Unknown, _) => Variable::Unknown,
            (Variable::Set(value), Some(Operator::Default | Operator::Assign | Operator::Require))
                if value.is_empty() =>
            {
                self.unset(name);
                if operator == Some(Operator::Require) {
                    self.require(name);
                    return Variable::Unset;
                }
                default(self)
            }
            (Variable::Set(value), None | Some(Operator::Default | Operator::Assign | Operator::Require)) => {
                Variable::Set(value)
            }
            (Variable::Set(value), Some(Operator::Alternative)) => {
                if value.is_empty() {
                    Variable::Unset
                } else {
                    default(self)
                }
            }
            (Variable::Set(value), Some(Operator::Transform)) => without_prefix(&value, name, source),
            (Variable::Set(value), Some(Operator::Length)) if !Machine::is_unknown(&value) => {
                Variable::Set(value.chars().count().to_string())
            }
            (Variable::Set(_), _) => Variable::Unknown,
            (Variable::Unset, operator) => {
                self.unset(name);
                match operator {
                    Some(Operator::Default | Operator::Assign) => {
                        let value = default(self);
                        if let (Some(Operator::Assign), Variable::Set(value)) = (operator, &value) {
                            self.machine.set(name, value);
                        }
                        value
                    }
                    Some(Operator::Require) => {
                        self.require(name);
                        Variable::Unset
                    }
                    Some(Operator::Alternative) => Variable::Unset,
                    _ => {
                        if self.options.needs_set {
                            self.require(name);
                        }
                        Variable::Unset
                    }
                }
            }
        }
    }

    fn value(&mut self, name: &str) -> Variable {
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        match name {
            "#" if self.arguments.iter().any(|a| Machine::is_unknown(a)) && self.has_unknown_count => {
                self.count_of_options()
            }
            "#" => {
                self.uses_arguments = true;
                Variable::Set(self.arguments.len().to_string())
            }
            "@" | "*" => {
                self.uses_arguments = true;
                Variable::Set(self.arguments.join(" "))
            }
            "?" | "$" | "!" | "-" | "_" => Variable::Unknown,
            _ if is_number && name != "0" => {
                self.uses_arguments = true;
                let at: usize = name.parse().unwrap_or_default();
                match self.arguments.get(at.wrapping_sub(1)) {
                    Some(value) if Machine::is_unknown(value) && !value.starts_with('-') => Variable::Unknown,
                    // The option alone: its values are the words after it.
                    Some(value) => Variable::Set(Machine::option_of(value).to_owned()),
                    None if self.has_unknown_count => Variable::Unknown,
                    None => Variable::Unset,
                }
            }
            _ => match self.machine.variable(name) {
                Some(value) if Machine::is_unknown(value) => Variable::Unknown,
                Some(value) => Variable::Set(value.to_owned()),
                // What a shell or a runtime sets itself, and what a file that was read may have set.
                None if self.has_sourced || SHELL_SETS.contains(&name) || name.starts_with("BASH") => {
                    Variable::Unknown
                }
                None => Variable::Unset,
            },
        }
    }

    /// How many arguments there are, where each option of the contract has one value.
    fn count_of_options(&mut self) -> Variable {
        let is_known = |a: &String| is_option(a) || !a.starts_with(|c: char| c.is_control());
        if !self.arguments.iter().all(is_known) {
            return Variable::Unknown;
        }
        self.uses_arguments = true;
        self.assume("each option of the contract has one value".to_owned());
        let count: usize = self.arguments.iter().map(|a| 1 + usize::from(is_option(a))).sum();
        Variable::Set(count.to_string())
    }

    /// `$(dirname "$0")`.
    fn directory_of(&mut self, script: &seaworthy_dockerfile::shell::Script) -> Option<String> {
        let [command] = script.commands.as_slice() else { return None };
        let words = self.words(&command.words);
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["dirname", path] | ["dirname", "--", path] if !Machine::is_unknown(path) => {
                let directory = path.rsplit_once('/').map_or(".", |(directory, _)| directory);
                Some(if directory.is_empty() { "/".to_owned() } else { directory.to_owned() })
            }
            ["pwd"] => Some(self.machine.directory.clone()),
            ["id", "-u"] => Some(self.machine.account.number().to_string()),
            _ => None,
        }
    }
}

/// Whether a word is an option of the contract with whatever values it has.
fn is_option(word: &str) -> bool {
    word.starts_with('-') && Machine::is_unknown(word)
}

/// Variables that are set without an image setting them.
const SHELL_SETS: [&str; 14] = [
    "HOME", "HOSTNAME", "IFS", "LINENO", "OLDPWD", "OPTARG", "OPTIND", "PATH", "PPID", "PWD", "RANDOM",
    "SHLVL", "TERM", "UID",
];

/// `${NAME#prefix}` with a prefix that is written out.
fn without_prefix(value: &str, name: &str, source: &str) -> Variable {
    let start = format!("${{{name}#");
    let rest = source.find(&start).and_then(|at| source.get(at + start.len()..));
    let prefix = rest.and_then(|r| r.split_once('}')).map(|(prefix, _)| prefix);
    let is_plain = |p: &&str| !p.is_empty() && !p.contains(['*', '?', '[', '$', '#', '\\', '"', '\'']);
    match prefix.filter(is_plain) {
        Some(prefix) => Variable::Set(value.strip_prefix(prefix).unwrap_or(value).to_owned()),
        None => Variable::Unknown,
    }
}
