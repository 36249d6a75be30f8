//! Texts that a plan or a template knows only in part: literal pieces, and symbols for what is not known yet.

use serde::{Deserialize, Serialize};

/// The symbol of the account's 12 digits, where a source does not tell them.
pub const ACCOUNT: &str = "account";
/// The symbol of the region, where a source does not tell it.
pub const REGION: &str = "region";

/// A text with symbols in it. Two texts are equal when pieces and symbols are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text {
    parts: Vec<Part>,
}

/// A piece of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Known text.
    Literal(String),
    /// What is not known yet, by a name that is the same wherever it is the same: `aws_kms_key.main.arn`,
    /// `AWS::AccountId`.
    Symbol(String),
}

impl Text {
    /// A text of these pieces; neighbouring literals are joined.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut out: Vec<Part> = Vec::new();
        for part in parts {
            match (out.last_mut(), part) {
                (_, Part::Literal(text)) if text.is_empty() => {}
                (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(&text),
                (_, part) => out.push(part),
            }
        }
        Self { parts: out }
    }

    /// A text that is one symbol.
    pub fn symbol(name: impl Into<String>) -> Self {
        Self { parts: vec![Part::Symbol(name.into())] }
    }

    /// Its pieces.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, if all of it is known.
    pub fn known(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The same as text of a policy: a symbol becomes `${unknown:NAME}`, which the IAM engine reads as unknown.
    pub fn to_policy(&self) -> String {
        self.parts.iter().fold(String::new(), |mut out, part| {
            match part {
                Part::Literal(text) => out.push_str(text),
                // A brace would end the symbol.
                Part::Symbol(name) => {
                    out.push_str(&format!("${{unknown:{}}}", name.replace(['{', '}'], "|")));
                }
            }
            out
        })
    }

    /// What [`Text::to_policy`] wrote.
    pub fn from_policy(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${unknown:") {
            let Some((name, tail)) = after.split_once('}') else { break };
            parts.extend([Part::Literal(before.to_owned()), Part::Symbol(name.to_owned())]);
            rest = tail;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Self::new(parts)
    }

    /// The same with the values of some symbols known.
    #[must_use]
    pub fn settle(&self, value: &dyn Fn(&str) -> Option<String>) -> Self {
        Self::new(self.parts.iter().map(|part| match part {
            Part::Symbol(name) => value(name).map_or_else(|| part.clone(), Part::Literal),
            Part::Literal(_) => part.clone(),
        }))
    }

    /// The names of its symbols.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Symbol(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new([Part::Literal(text.to_owned())])
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new([Part::Literal(text)])
    }
}

/// Symbols are shown as `${NAME}`.
impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Symbol(name) => write!(f, "${{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_only_without_symbols() {
        let literal = |t: &str| Part::Literal(t.to_owned());
        assert_eq!(Text::new([literal("a"), literal(""), literal("b")]).known(), Some("ab"));
        let text = Text::new([literal("arn:"), Part::Symbol("AWS::Region".into())]);
        assert_eq!((text.known(), text.to_string().as_str()), (None, "arn:${AWS::Region}"));
    }
}
