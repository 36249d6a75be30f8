//! Conditions: operators, set operators, `IfExists`, and keys that are absent or unknown.
//!
//! Sources: "IAM JSON policy elements: Condition operators", "Single-valued vs. multivalued context keys", "Multivalued
//! context key examples", and "Policy variables with no value".

mod implication;
mod operator;
mod value;

pub(super) use implication::implies;
pub use operator::Operator;
use operator::{Base, Quantifier};
use value::Expected;

use super::context::{Context, Lookup};
use super::pattern::{Pattern, PatternError};
use super::truth::Truth;
use seaworthy_source::Position;

/// One condition: an operator, a key, and the values of which one must (or none may) match.
#[derive(Clone, Debug)]
pub struct Condition {
    at: Position,
    operator: Operator,
    key: String,
    expected: Vec<Expected>,
    written: Vec<String>,
}

impl Condition {
    pub(super) fn new(
        at: Position,
        operator: Operator,
        key: &str,
        values: &[&str],
        variables: bool,
    ) -> Result<Self, PatternError> {
        let expected = values.iter().map(|text| Expected::read(operator.base, text, variables));
        let expected = expected.collect::<Result<_, _>>()?;
        let written = values.iter().map(|text| (*text).to_owned()).collect();
        Ok(Self { at, operator, key: key.to_lowercase(), expected, written })
    }

    /// Where its key stands in the document.
    pub fn at(&self) -> Position {
        self.at
    }

    /// Its operator.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// Its key, in lower case.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its values as they were written.
    pub fn values(&self) -> &[String] {
        &self.written
    }

    /// Whether the condition holds.
    pub(super) fn holds(&self, context: &Context) -> Truth {
        let values = match context.lookup(&self.key) {
            Lookup::Unknown => return Truth::Unknown,
            Lookup::Absent => &[],
            Lookup::Values(values) => values,
        };
        if self.operator.base == Base::Null {
            return self.is_null(values.is_empty());
        }
        match self.operator.quantifier {
            // "If the key values resolve to an empty data set (for example, an empty string)": all hold, none does.
            Some(quantifier) if values.iter().all(String::is_empty) => {
                Truth::from(quantifier == Quantifier::All)
            }
            Some(Quantifier::All) => self.each(values, context).fold(Truth::True, Truth::and),
            Some(Quantifier::Any) => self.each(values, context).fold(Truth::False, Truth::or),
            None if values.is_empty() => {
                Truth::from(self.operator.if_exists || self.operator.base.is_negated())
            }
            None => self.without_quantifier(values, context),
        }
    }

    /// Its variables whose values are unknown.
    pub(super) fn unknown_variables<'a>(&'a self, context: &'a Context) -> impl Iterator<Item = &'a str> {
        self.expected
            .iter()
            .filter_map(Expected::pattern)
            .flat_map(|pattern| pattern.unknown_variables(context))
    }

    /// The names of the holes in its values.
    pub(super) fn holes(&self) -> impl Iterator<Item = &str> {
        self.expected.iter().filter_map(Expected::pattern).flat_map(Pattern::holes)
    }

    /// Whether the key itself is unknown.
    pub(super) fn key_is_unknown(&self, context: &Context) -> bool {
        context.lookup(&self.key) == Lookup::Unknown
    }

    fn is_null(&self, null: bool) -> Truth {
        let one = |expected: &Expected| match expected {
            Expected::Null(Some(wanted)) => Truth::from(*wanted == null),
            Expected::Unknown(_) => Truth::Unknown,
            _ => Truth::False,
        };
        self.expected.iter().map(one).fold(Truth::False, Truth::or)
    }

    fn each<'a>(&'a self, values: &'a [String], context: &'a Context) -> impl Iterator<Item = Truth> {
        values.iter().map(|value| self.one(value, context))
    }

    fn one(&self, value: &str, context: &Context) -> Truth {
        let negated = self.operator.base.is_negated();
        let compare = |expected: &Expected| expected.compare(self.operator.base, value, context, negated);
        let any = self.expected.iter().map(compare).fold(Truth::False, Truth::or);
        if negated { any.negated() } else { any }
    }

    /// "Multivalued context keys require a condition set operator": what happens without one is not documented, so the
    /// answer is sure only where all values give the same one.
    fn without_quantifier(&self, values: &[String], context: &Context) -> Truth {
        let all = self.each(values, context).fold(Truth::True, Truth::and);
        let any = self.each(values, context).fold(Truth::False, Truth::or);
        if all == any { all } else { Truth::Unknown }
    }
}

#[cfg(test)]
mod tests;
