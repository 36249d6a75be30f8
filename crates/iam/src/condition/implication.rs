//! Whether one condition on a key is at least as strict as another one, as far as their operators and values tell.
//!
//! This is sound and not complete: what is not seen here counts as not implied.

use std::cmp::Ordering;

use super::super::language::{Glob, Language, Limits, Search};
use super::operator::{Base, Operator, Quantifier};
use super::value::Expected;

/// Most states and steps of comparing two patterns.
const PATTERN: (usize, usize) = (2_000, 100_000);

/// Whether the first operator with its values holds only where the second one does, for the same key. Values with variables
/// or holes are compared as they are written.
pub(in super::super) fn implies(
    one: &Operator,
    values: &[String],
    other: &Operator,
    others: &[String],
) -> bool {
    let absent = |operator: &Operator| match operator.quantifier {
        Some(quantifier) => quantifier == Quantifier::All,
        None => operator.base != Base::Null && (operator.if_exists || operator.base.is_negated()),
    };
    if one.quantifier != other.quantifier || absent(one) && !absent(other) {
        return false;
    }
    match (one.base.is_negated(), other.base.is_negated()) {
        (false, false) => values.iter().all(|a| others.iter().any(|b| covers((other, b), (one, a)))),
        // What the second one forbids, the first one forbids, too.
        (true, true) => others.iter().all(|b| values.iter().any(|a| covers((one, a), (other, b)))),
        _ => false,
    }
}

/// Whether the first operator's comparison with its value takes all that the second one's does. Of a negated operator the
/// comparison that it negates.
fn covers((wide, wide_text): (&Operator, &str), (narrow, narrow_text): (&Operator, &str)) -> bool {
    let (wide, narrow) = (positive(wide.base), positive(narrow.base));
    if wide == narrow && wide_text == narrow_text {
        return true;
    }
    if wide_text.contains("${") || narrow_text.contains("${") {
        return false;
    }
    let read = |base: Base, text: &str| Expected::read(base, text, false).ok();
    match (wide, narrow) {
        (Base::StringEquals, Base::StringEquals) => false,
        (Base::StringEqualsIgnoreCase, Base::StringEquals | Base::StringEqualsIgnoreCase)
        | (Base::Bool, Base::Bool) => wide_text.to_lowercase() == narrow_text.to_lowercase(),
        (Base::StringLike, Base::StringEquals) => {
            is_within(&Glob::literal(narrow_text), &Glob::parse(wide_text))
        }
        (Base::StringLike, Base::StringLike) => is_within(&Glob::parse(narrow_text), &Glob::parse(wide_text)),
        // Both compare each of the six parts with wildcards.
        (Base::ArnEquals | Base::ArnLike, Base::ArnEquals | Base::ArnLike) => {
            let is_arn = |text: &str| text.matches(':').count() >= 5;
            is_arn(wide_text)
                && is_arn(narrow_text)
                && is_within(&Glob::arn(narrow_text), &Glob::arn(wide_text))
        }
        (Base::IpAddress, Base::IpAddress) => match (read(wide, wide_text), read(narrow, narrow_text)) {
            (Some(Expected::Network(Some(wide))), Some(Expected::Network(Some(narrow)))) => {
                wide.holds(narrow)
            }
            _ => false,
        },
        _ => match (read(wide, wide_text), read(narrow, narrow_text)) {
            (Some(Expected::Number(Some(w))), Some(Expected::Number(Some(n)))) => {
                is_beyond((wide, narrow), n.cmp(&w))
            }
            (Some(Expected::Date(Some(w))), Some(Expected::Date(Some(n)))) => {
                is_beyond((wide, narrow), n.cmp(&w))
            }
            _ => false,
        },
    }
}

/// The comparison that an operator negates, or its own.
fn positive(base: Base) -> Base {
    match base {
        Base::StringNotEquals => Base::StringEquals,
        Base::StringNotEqualsIgnoreCase => Base::StringEqualsIgnoreCase,
        Base::StringNotLike => Base::StringLike,
        Base::NumericNotEquals => Base::NumericEquals,
        Base::DateNotEquals => Base::DateEquals,
        Base::NotIpAddress => Base::IpAddress,
        Base::ArnNotEquals => Base::ArnEquals,
        Base::ArnNotLike => Base::ArnLike,
        own => own,
    }
}

/// Whether all values that stand in the narrow operator's order to the narrow bound stand in the wide one's order to the
/// wide bound; the narrow bound stands in `order` to the wide one.
fn is_beyond((wide, narrow): (Base, Base), order: Ordering) -> bool {
    use Base as B;
    match (wide, narrow) {
        (B::NumericEquals, B::NumericEquals) | (B::DateEquals, B::DateEquals) => order.is_eq(),
        (B::NumericLessThan, B::NumericEquals | B::NumericLessThanEquals)
        | (B::DateLessThan, B::DateEquals | B::DateLessThanEquals) => order.is_lt(),
        (B::NumericLessThan, B::NumericLessThan)
        | (B::NumericLessThanEquals, B::NumericEquals | B::NumericLessThan | B::NumericLessThanEquals)
        | (B::DateLessThan, B::DateLessThan)
        | (B::DateLessThanEquals, B::DateEquals | B::DateLessThan | B::DateLessThanEquals) => order.is_le(),
        (B::NumericGreaterThan, B::NumericEquals | B::NumericGreaterThanEquals)
        | (B::DateGreaterThan, B::DateEquals | B::DateGreaterThanEquals) => order.is_gt(),
        (B::NumericGreaterThan, B::NumericGreaterThan)
        | (
            B::NumericGreaterThanEquals,
            B::NumericEquals | B::NumericGreaterThan | B::NumericGreaterThanEquals,
        )
        | (B::DateGreaterThan, B::DateGreaterThan)
        | (B::DateGreaterThanEquals, B::DateEquals | B::DateGreaterThan | B::DateGreaterThanEquals) => {
            order.is_ge()
        }
        _ => false,
    }
}

fn is_within(narrow: &Glob, wide: &Glob) -> bool {
    let rest = Language::glob(narrow.clone()).minus(&Language::glob(wide.clone()));
    let limits = Limits { states: PATTERN.0, steps: PATTERN.1, budget: None };
    rest.shortest(&Language::everything(), &limits) == Search::Empty
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::context::Context;
    use super::super::super::truth::Truth;
    use super::super::Condition;
    use super::*;
    use seaworthy_source::Position;

    /// Conditions as `OPERATOR VALUE|VALUE`.
    fn read(text: &str) -> (Operator, Vec<String>) {
        let (operator, values) = text.split_once(' ').unwrap();
        (Operator::parse(operator).unwrap(), values.split('|').map(str::to_owned).collect())
    }

    fn is_implied(one: &str, other: &str) -> bool {
        let ((a, values), (b, others)) = (read(one), read(other));
        implies(&a, &values, &b, &others)
    }

    #[test]
    fn stricter_conditions_are_seen() {
        for (strict, loose) in [
            ("IpAddress 10.1.0.0/16", "IpAddress 10.0.0.0/8|192.0.2.1"),
            ("NotIpAddress 10.0.0.0/8", "NotIpAddress 10.1.0.0/16"),
            ("IpAddress 2001:db8:1::/48", "IpAddress 2001:db8::/32"),
            ("StringLike a-1*", "StringLike a-*"),
            ("StringEquals a-1|b", "StringLike a*|b"),
            ("StringNotLike a*", "StringNotEquals ab"),
            ("StringEquals A", "StringEqualsIgnoreCase a"),
            ("DateLessThan 2027-01-01T00:00:00Z", "DateLessThan 2028-01-01T00:00:00Z"),
            ("DateLessThan 2027-01-01T00:00:00Z", "DateLessThanEquals 1798761600"),
            ("NumericLessThanEquals 5", "NumericLessThan 10"),
            ("NumericEquals 7", "NumericGreaterThan 6.5"),
            ("StringEquals a", "StringEqualsIfExists a"),
            ("ForAnyValue:StringEquals a", "ForAnyValue:StringLike a|b"),
            ("ForAllValues:StringLike a?", "ForAllValues:StringLike a*"),
            ("ArnEquals arn:aws:s3:::b1", "ArnLike arn:aws:s3:::b*"),
            ("Bool TRUE", "Bool true"),
        ] {
            assert!(is_implied(strict, loose), "{strict} => {loose}");
            assert!(!is_implied(loose, strict) || strict == "Bool TRUE", "{loose} => {strict}");
        }
        for (one, other) in [
            ("StringEquals a", "ForAnyValue:StringEquals a"),
            ("StringLike ${aws:username}*", "StringLike *"),
            ("ArnLike arn:aws:s3:*", "ArnLike arn:aws:s3:::b*"),
            ("NumericEquals x", "NumericLessThan 5"),
            ("StringEquals a", "StringNotEquals b"),
        ] {
            assert!(!is_implied(one, other), "{one} => {other}");
        }
    }

    /// What is said to be implied holds for every value that is tried.
    #[test]
    fn nothing_is_implied_that_does_not_hold() {
        let operands: [(&[&str], &[&str]); 5] = [
            (
                &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"],
                &["a", "A", "a*", "?b", "*", "a|b*"],
            ),
            (
                &[
                    "NumericEquals",
                    "NumericLessThan",
                    "NumericLessThanEquals",
                    "NumericGreaterThan",
                    "NumericNotEquals",
                ],
                &["1", "2", "2.0", "x", "1|3"],
            ),
            (&["IpAddress", "NotIpAddress"], &["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::/0", "x"]),
            (
                &["ArnEquals", "ArnLike", "ArnNotLike"],
                &["arn:a:s:r:1:x", "arn:a:s:*:1:x*", "arn:a:*:x", "arn:?:s:r:1:x", "arn:a:s:r:1:*"],
            ),
            (&["DateLessThan", "DateGreaterThanEquals"], &["2027-01-01", "1798761600", "2028"]),
        ];
        let tried: [&[&str]; 5] = [
            &["a", "A", "ab", "bb", "", "*"],
            &["0", "1", "2", "3", "x"],
            &["10.0.0.1", "10.1.2.3", "11.0.0.1", "::1", "x"],
            &["arn:a:s:r:1:x", "arn:a:s:q:1:xy", "arn:a:s:r:r:1:x", "arn:b:s:r:1:x", "x"],
            &["2026-05-01", "2027-01-01", "2030"],
        ];
        let forms = ["", "ForAllValues:", "ForAnyValue:"];
        let mut implied = 0;
        for ((operators, values), tried) in operands.iter().zip(tried) {
            let all: Vec<String> = operators
                .iter()
                .flat_map(|operator| forms.map(|form| format!("{form}{operator}")))
                .flat_map(|operator| [operator.clone(), format!("{operator}IfExists")])
                .flat_map(|operator| values.iter().map(move |value| format!("{operator} {value}")))
                .collect();
            let condition = |text: &str| {
                let (operator, values) = read(text);
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                Condition::new(Position { line: 1, column: 1 }, operator, "k", &values, true).unwrap()
            };
            let mut requests: Vec<Vec<String>> = vec![Vec::new()];
            requests.extend(tried.iter().map(|one| vec![(*one).to_owned()]));
            requests.extend(tried.windows(2).map(|two| two.iter().map(|one| (*one).to_owned()).collect()));
            for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
                if !is_implied(one, other) {
                    continue;
                }
                implied += 1;
                let (a, b) = (condition(one), condition(other));
                for values in &requests {
                    let mut context = Context::closed();
                    context.set("k", values.clone());
                    let holds = [&a, &b].map(|condition| condition.holds(&context));
                    assert!(
                        holds[0] != Truth::True || holds[1] == Truth::True,
                        "{one} => {other}: {values:?}"
                    );
                }
            }
        }
        assert!(implied > 500, "{implied}");
    }
}
