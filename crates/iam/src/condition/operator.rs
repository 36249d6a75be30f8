//! Names of condition operators.

use std::fmt;

use super::super::reason::Reason;

/// A condition operator: the comparison, the set operator before it, and `IfExists` after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    pub(super) base: Base,
    pub(super) quantifier: Option<Quantifier>,
    pub(super) if_exists: bool,
}

/// The set operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// `ForAllValues`
    All,
    /// `ForAnyValue`
    Any,
}

/// The comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnNotEquals,
    ArnLike,
    ArnNotLike,
    Null,
}

const BASES: [Base; 27] = [
    Base::StringEquals,
    Base::StringNotEquals,
    Base::StringEqualsIgnoreCase,
    Base::StringNotEqualsIgnoreCase,
    Base::StringLike,
    Base::StringNotLike,
    Base::NumericEquals,
    Base::NumericNotEquals,
    Base::NumericLessThan,
    Base::NumericLessThanEquals,
    Base::NumericGreaterThan,
    Base::NumericGreaterThanEquals,
    Base::DateEquals,
    Base::DateNotEquals,
    Base::DateLessThan,
    Base::DateLessThanEquals,
    Base::DateGreaterThan,
    Base::DateGreaterThanEquals,
    Base::Bool,
    Base::BinaryEquals,
    Base::IpAddress,
    Base::NotIpAddress,
    Base::ArnEquals,
    Base::ArnNotEquals,
    Base::ArnLike,
    Base::ArnNotLike,
    Base::Null,
];

impl Base {
    /// Whether it compares texts, so that a hole in a value can be matched in part.
    pub(super) fn compares_texts(self) -> bool {
        matches!(
            self,
            Self::StringEquals
                | Self::StringNotEquals
                | Self::StringEqualsIgnoreCase
                | Self::StringNotEqualsIgnoreCase
                | Self::StringLike
                | Self::StringNotLike
                | Self::Bool
                | Self::ArnEquals
                | Self::ArnNotEquals
                | Self::ArnLike
                | Self::ArnNotLike
        )
    }

    /// Negated operators hold when the key is absent, and when no value matches.
    pub(super) fn is_negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }
}

impl Operator {
    /// Reads an operator's name. AWS does not mind its case.
    ///
    /// # Errors
    /// [`Reason::Operator`] for a name that does not exist, [`Reason::NullIfExists`].
    pub(in super::super) fn parse(name: &str) -> Result<Self, Reason> {
        let lower = name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            None => (None, lower.as_str()),
            Some(("forallvalues", rest)) => (Some(Quantifier::All), rest),
            Some(("foranyvalue", rest)) => (Some(Quantifier::Any), rest),
            Some(_) => return Err(Reason::Operator),
        };
        let (rest, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |rest| (rest, true));
        let base = BASES.into_iter().find(|base| format!("{base:?}").eq_ignore_ascii_case(rest));
        match base.ok_or(Reason::Operator)? {
            Base::Null if if_exists => Err(Reason::NullIfExists),
            base => Ok(Self { base, quantifier, if_exists }),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            None => "",
            Some(Quantifier::All) => "ForAllValues:",
            Some(Quantifier::Any) => "ForAnyValue:",
        })?;
        write!(f, "{:?}{}", self.base, if self.if_exists { "IfExists" } else { "" })
    }
}
