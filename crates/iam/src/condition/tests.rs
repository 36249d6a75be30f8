#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::reason::Reason;
use super::*;

fn holds(operator: &str, expected: &[&str], values: &[&str]) -> Truth {
    let at = Position { line: 1, column: 1 };
    let condition = Condition::new(at, Operator::parse(operator).unwrap(), "k", expected, true).unwrap();
    let mut context = Context::closed();
    context.set("K", values.iter().map(|text| (*text).to_owned()).collect());
    condition.holds(&context)
}

#[test]
fn names_of_operators() {
    for name in
        ["StringEquals", "ForAllValues:ArnNotLikeIfExists", "ForAnyValue:IpAddress", "Null", "BoolIfExists"]
    {
        assert_eq!(Operator::parse(name).unwrap().to_string(), name);
    }
    for name in [
        "",
        "Equals",
        "StringEquals ",
        "ForSomeValues:StringEquals",
        "IfExists",
        "StringEqualsIfExistsIfExists",
    ] {
        assert_eq!(Operator::parse(name), Err(Reason::Operator), "{name}");
    }
    assert_eq!(Operator::parse("NullIfExists"), Err(Reason::NullIfExists));
}

#[test]
fn what_cannot_be_compared() {
    for (operator, negated, expected) in [
        ("NumericEquals", "NumericNotEquals", "ten"),
        ("DateEquals", "DateNotEquals", "2020-13-01"),
        ("IpAddress", "NotIpAddress", "10.0.0.0/33"),
        ("IpAddress", "NotIpAddress", "10.0.0.0/+8"),
    ] {
        assert_eq!(holds(operator, &[expected], &["1"]), Truth::False, "{operator}");
        assert_eq!(holds(negated, &[expected], &["1"]), Truth::Unknown, "{negated}");
    }
}

#[test]
fn dates() {
    let equal = |a, b| holds("DateEquals", &[a], &[b]) == Truth::True;
    assert!(equal("1970-01-01T00:00:00Z", "0"));
    assert!(equal("2000-03-01", "951868800"));
    assert!(equal("2020", "2020-01-01T00:00Z"));
    assert!(equal("2020-02", "2020-02-01T01:30:00+01:30"));
    assert!(equal("0000-03-01", "0000-02-29T23:59:60Z"));
    for wrong in [
        "",
        "2020-1-1",
        "2021-02-29",
        "2020-01-01T",
        "2020-01-01T00",
        "2020-01-01T00:00:00X",
        "2020-01T00:00Z",
    ] {
        assert!(!equal(wrong, "2020-01-01"), "{wrong}");
        assert!(!equal("2020-01-01", wrong), "{wrong}");
    }
}

#[test]
fn numbers_of_any_length() {
    for (less, more) in [("-2", "-1.5"), ("-0.1", "0"), ("0.09", "0.1"), ("9", "10"), ("1.5", "1.51")] {
        assert_eq!(holds("NumericLessThan", &[more], &[less]), Truth::True, "{less} {more}");
        assert_eq!(holds("NumericGreaterThan", &[more], &[less]), Truth::False, "{less} {more}");
    }
    for (a, b) in [("-0", "0"), ("007", "7"), ("1.50", "1.5"), ("1e3", "1000"), ("-2.5E-3", "-0.0025")] {
        assert_eq!(holds("NumericEquals", &[a], &[b]), Truth::True, "{a} {b}");
    }
    for wrong in ["", "-", ".5", "5.", "+1", "0x1", "e3", "1e", "1e99999"] {
        assert_eq!(holds("NumericEquals", &[wrong], &[wrong]), Truth::False, "{wrong}");
    }
}

#[test]
fn base64_is_compared_by_its_bytes() {
    assert_eq!(holds("BinaryEquals", &["AA=="], &["AA=="]), Truth::True);
    for wrong in ["A", "AA=", "A===", "!!!!"] {
        assert_eq!(holds("BinaryEquals", &[wrong], &[wrong]), Truth::False, "{wrong}");
    }
}

#[test]
fn unknown_values_inside_sets() {
    let at = Position { line: 1, column: 1 };
    let operator = Operator::parse("ForAnyValue:StringEquals").unwrap();
    let condition = Condition::new(at, operator, "k", &["${v}", "b"], true).unwrap();
    let mut context = Context::closed();
    context.set_unknown("v");
    context.set("k", vec!["a".to_owned()]);
    assert_eq!(condition.holds(&context), Truth::Unknown);
    assert_eq!(condition.unknown_variables(&context).collect::<Vec<_>>(), ["v"]);
    context.set("k", vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(condition.holds(&context), Truth::True);
}
