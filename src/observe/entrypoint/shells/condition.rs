//! `test`, `[` and `[[`, as far as the image and what is known of the words decide them, and the patterns of `case`.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/test.html>

use super::run::{Run, Status};
use crate::observe::entrypoint::account::Access;
use crate::observe::entrypoint::machine::Machine;
use seaworthy_dockerfile::shell::{compares, fits_pattern};

impl Run<'_, '_, '_> {
    /// What a condition comes to, by its words without the brackets.
    pub(super) fn test(&mut self, words: &[String]) -> Status {
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        self.parts(&all)
    }

    fn parts(&mut self, words: &[&str]) -> Status {
        for (operators, decides) in [(["-o", "||"], Status::True), (["-a", "&&"], Status::False)] {
            // With three words the one in the middle is the operator, whatever it looks like.
            let at = words.iter().position(|w| operators.contains(w)).filter(|at| *at > 0 && words.len() > 3);
            if let Some(at) = at {
                let left = self.parts(words.get(..at).unwrap_or_default());
                if left == decides {
                    return left;
                }
                let right = self.parts(words.get(at + 1..).unwrap_or_default());
                return if right == decides || left != Status::Unknown { right } else { left };
            }
        }
        match words {
            [] => Status::False,
            ["(", inner @ .., ")"] => self.parts(inner),
            ["!", rest @ ..] if !rest.is_empty() => self.parts(rest).not(),
            [word] => Self::of(is_empty(word).map(|e| !e)),
            ["-z", word] => Self::of(is_empty(word)),
            ["-n", word] => Self::of(is_empty(word).map(|e| !e)),
            ["-v", name] => Self::of(Some(self.machine.variable(name).is_some())),
            ["-t" | "-p" | "-S", _] => Status::Unknown,
            [operator, path] if operator.starts_with('-') => self.file(operator, path),
            [one, "=" | "==", two] => self.equal(one, two),
            [one, "!=", two] => self.equal(one, two).not(),
            [one, operator, two] => Self::of(numbers(one, operator, two)),
            _ => Status::Unknown,
        }
    }

    fn of(known: Option<bool>) -> Status {
        match known {
            Some(true) => Status::True,
            Some(false) => Status::False,
            None => Status::Unknown,
        }
    }

    fn equal(&self, one: &str, two: &str) -> Status {
        Self::of(matches(two, one))
    }

    fn file(&mut self, operator: &str, path: &str) -> Status {
        if Machine::is_unknown(path) || path.is_empty() {
            return if path.is_empty() { Status::False } else { Status::Unknown };
        }
        let place = self.machine.absolute(path);
        let tree = &self.machine.filesystem.tree;
        let (is_file, is_directory) = (tree.file(&place).is_some(), tree.is_directory(&place));
        let is_there_at_all = is_file || is_directory;
        let may = |access| {
            let refused = self.machine.account.refused(self.machine.filesystem, access, &place);
            refused.map_or(Some(true), |refusal| refusal.into_parts().1.then_some(false))
        };
        let asked = match operator {
            "-r" => may(Access::Read),
            "-x" => may(Access::Execute),
            _ => Some(true),
        };
        let Some(may) = asked.or((!is_there_at_all).then_some(false)) else { return Status::Unknown };
        let is_there = match operator {
            "-f" => is_file,
            "-d" => is_directory,
            "-e" | "-a" => is_there_at_all,
            "-r" | "-x" => is_there_at_all && may,
            "-s" => tree.file(&place).is_some_and(|(_, node)| node.size > 0),
            _ => return Status::Unknown,
        };
        if !is_there {
            // Something may be mounted there.
            self.assume(format!("{path} is not there, as in the image"));
        }
        Self::of(Some(is_there))
    }
}

fn is_empty(word: &str) -> Option<bool> {
    match word {
        "" => Some(true),
        word if Machine::is_unknown(word) && !word.starts_with('-') => None,
        _ => Some(false),
    }
}

fn numbers(one: &str, operator: &str, two: &str) -> Option<bool> {
    compares(one.trim().parse().ok()?, operator, two.trim().parse().ok()?)
}

/// Whether a text is one that a pattern means, if that is known.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    let (pattern, text) = (Machine::option_of(pattern), Machine::option_of(text));
    let is_unknown = Machine::is_unknown(pattern) || Machine::is_unknown(text);
    if is_unknown && pattern != "*" { None } else { fits_pattern(pattern, text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("run", "run", Some(true)),
            ("run", "serve", Some(false)),
            ("-*", "--profile\u{1}", Some(true)),
            ("--profile", "--profile\u{1}", Some(true)),
            ("*.sh", "a.b.sh", Some(true)),
            ("a?c", "abd", Some(false)),
            ("*", "\u{1}input", Some(true)),
            ("run", "\u{1}input", None),
            ("[ab]", "a", None),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
