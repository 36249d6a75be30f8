//! What words stand for, as far as it is known.

use std::collections::BTreeSet;

use super::{Place, Run, Supposed, Way, outside};
use crate::check::packaging::truth;
use seaworthy_dockerfile::shell::{Command, Operator, Script, Word, WordPart, tree};

/// The substitutions that print nothing, since what is in them failed: by where they stand.
pub(super) type Emptied = BTreeSet<usize>;

/// A way on which the substitutions of a command were run.
pub(super) struct Prepared {
    pub(super) way: Way,
    pub(super) emptied: Emptied,
    /// The status of the last substitution.
    pub(super) status: Option<i32>,
}

/// What stands in the place of an expression of GitHub.
const UNKNOWN: &str = "@@@@";

impl Run<'_, '_> {
    /// Runs the substitutions in the words of a command.
    pub(super) fn prepared(&self, command: &Command, way: Way) -> Vec<Prepared> {
        let mut open = vec![Prepared { way, emptied: Emptied::new(), status: None }];
        let mut scripts: Vec<(usize, &Script)> = Vec::new();
        command.all_words().for_each(|w| substitutions(w, &mut scripts));
        for (place, script) in scripts {
            let tree = tree::list(script);
            let mut next = Vec::new();
            for one in open {
                if !self.step() {
                    return next;
                }
                for end in self.list(&tree, one.way.clone(), Place::Plain) {
                    let mut emptied = one.emptied.clone();
                    let failed = end.way.ran && !one.way.ran && self.supposed == Supposed::Failure;
                    if failed && !prints(script) {
                        emptied.insert(place);
                    }
                    // A substitution is a subshell: nothing of it but its status is left.

                    let status = Some(end.way.status);
                    let way = Way { status: one.way.status, ..outside(&one.way, &end.way) };
                    next.push(Prepared { way, emptied, status });
                }
            }
            open = next;
        }
        open
    }

    /// The value of a word, if it is known.
    pub(super) fn value(&self, word: &Word, way: &Way, emptied: &Emptied) -> Option<String> {
        let mut out = String::new();
        for part in &word.parts {
            match part {
                WordPart::Literal { text, .. } if text.contains(UNKNOWN) => return None,
                WordPart::Literal { text, .. } => out.push_str(text),
                WordPart::Variable { name, operator, argument, .. } => {
                    let known = self.variable(name, way);
                    let other =
                        || argument.as_ref().map_or(Some(String::new()), |a| self.value(a, way, emptied));
                    let value = match (operator, known) {
                        (None | Some(Operator::Require), known) => known?,
                        // Where nothing sets it, the default holds.
                        (Some(Operator::Default | Operator::Assign), None) if !self.is_set(name, way) => {
                            other()?
                        }
                        (Some(Operator::Default | Operator::Assign), Some(text)) if text.is_empty() => {
                            other()?
                        }
                        (Some(Operator::Default | Operator::Assign), known) => known?,
                        (Some(Operator::Alternative), Some(text)) if text.is_empty() => String::new(),
                        (Some(Operator::Alternative), Some(_)) => other()?,
                        (Some(Operator::Length), Some(text)) => text.len().to_string(),
                        // Whatever is made of nothing is nothing.
                        (Some(Operator::Transform), Some(text)) if text.is_empty() => text,
                        _ => return None,
                    };
                    out.push_str(&value);
                }
                WordPart::Substitution { span, .. } => {
                    if !emptied.contains(&span.start) {
                        return None;
                    }
                }
                WordPart::Arithmetic { text } => {
                    out.push_str(&truth::arithmetic(text, &mut way.values.clone())?.to_string());
                }
            }
        }
        Some(out)
    }

    fn variable(&self, name: &str, way: &Way) -> Option<String> {
        match name {
            "?" => Some(way.status.to_string()),
            "@" | "*" | "#" | "!" | "$" | "-" => None,
            _ => match name.parse::<usize>() {
                Ok(nth) => {
                    let given = way.arguments.get(nth.checked_sub(1)?)?;
                    (!given.contains(['$', '`', '{'])).then(|| given.clone())
                }
                Err(_) => way.values.get(name),
            },
        }
    }

    /// Whether a variable is set, to whatever.
    fn is_set(&self, name: &str, way: &Way) -> bool {
        name.bytes().all(|b| b.is_ascii_digit()) || way.values.is_set(name)
    }

    /// Whether a word asks for a value, as `${X:?}` does, and there is none.
    pub(super) fn lacks(&self, word: &Word, way: &Way) -> bool {
        word.parts.iter().any(|part| match part {
            WordPart::Variable { name, operator: Some(Operator::Require), .. } => {
                self.variable(name, way).is_some_and(|value| value.is_empty())
            }
            _ => false,
        })
    }
}

/// The scripts of the substitutions in a word, each with where it stands; not those inside them.
fn substitutions<'w>(word: &'w Word, out: &mut Vec<(usize, &'w Script)>) {
    for part in &word.parts {
        match part {
            WordPart::Substitution { script, span, .. } => out.push((span.start, script)),
            WordPart::Variable { argument: Some(argument), .. } => substitutions(argument, out),
            _ => {}
        }
    }
}

/// Whether a script prints something by itself.
fn prints(script: &Script) -> bool {
    script.commands.iter().any(|c| matches!(c.program().as_deref(), Some("echo" | "printf" | "cat")))
}
