#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::super::language::Language;
use super::*;

#[test]
fn wildcards() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*", "a", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-b-b-", false),
        ("*ab", "aab", true),
        ("*aab", "aaab", true),
        ("a?c", "abc", true),
        ("a?c", "aéc", true),
        ("a?c", "ac", false),
        ("a**b", "ab", true),
        ("?*", "", false),
        ("", "", true),
        ("", "a", false),
        ("a", "ab", false),
    ] {
        assert_eq!(
            Pattern::value(pattern, true, false).unwrap().matches_plain(text),
            expected,
            "{pattern} {text}"
        );
    }
}

#[test]
fn malformed_variables() {
    let read = |text: &str| Pattern::value(text, true, true).map(drop);
    assert_eq!(read("${aws:username"), Err(PatternError::Unclosed));
    assert_eq!(read("${}"), Err(PatternError::Nameless));
    assert_eq!(read("${ , 'x'}"), Err(PatternError::Nameless));
    assert_eq!(read("${aws:username, x}"), Err(PatternError::Default));
    assert_eq!(read("${aws:username,'x'}"), Ok(()));
    assert_eq!(read("$ {x} $"), Ok(()));
    assert_eq!(read(&"a".repeat(LONGEST + 1)), Err(PatternError::TooLong));
    assert!(Pattern::value("${aws:username", true, false).is_ok(), "plain text without variables");
}

#[test]
fn a_long_pattern_on_a_long_text_is_quick() {
    let pattern = Pattern::value(&"*a".repeat(200), true, false).unwrap();
    assert!(!pattern.matches_plain(&("a".repeat(5_000) + "b")));
}

#[test]
fn unknown_variables_match_at_most() {
    let pattern = Pattern::resource("arn:aws:s3:::b/${k}/x", true).unwrap();
    let context = Context::open();
    assert_eq!(pattern.matches("arn:aws:s3:::b/1/x", &context), Truth::Unknown);
    assert_eq!(pattern.matches("arn:aws:s3:::b/1/y", &context), Truth::False);
    assert_eq!(pattern.unknown_variables(&context).collect::<Vec<_>>(), ["k"]);
    assert!(pattern.language(&context, false).is_none());
    assert_eq!(pattern.language(&context, true).unwrap(), Glob::parse("arn:aws:s3:::b/*/x"));
}

/// The definition of a wildcard match, without any cleverness.
fn slow(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|at| slow(rest, &text[at..])),
        Some((first, rest)) => text
            .split_first()
            .is_some_and(|(head, tail)| (*first == '?' || first == head) && slow(rest, tail)),
    }
}

proptest! {
    #[test]
    fn agrees_with_the_definition(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = slow(&chars(&pattern), &chars(&text));
        prop_assert_eq!(Pattern::value(&pattern, true, false).unwrap().matches_plain(&text), expected);
        prop_assert_eq!(Language::glob(Glob::parse(&pattern)).contains(&text), expected);
    }

    #[test]
    fn never_panics(pattern in "[a${}:,'*? ]{0,20}", text in ".{0,10}") {
        for read in [Pattern::resource(&pattern, true), Pattern::value(&pattern, true, true)].into_iter().flatten() {
            let _ = read.matches(&text, &Context::open());
            let _ = read.matches_arn(&text, &Context::closed(), false);
        }
    }
}

#[test]
fn a_hole_in_a_part_of_an_arn_is_that_part_alone() {
    let asked = |pattern: &str, text: &str| {
        Pattern::value(pattern, true, true).unwrap().matches_arn(text, &Context::closed(), false)
    };
    let role = "arn:aws:iam::${unknown:account}:role/app";
    assert_eq!(asked("arn:aws:iam::*:role/app", role), Truth::Unknown);
    assert_eq!(asked("arn:aws:iam::111122223333:role/app", role), Truth::Unknown);
    assert_eq!(asked("arn:aws:iam::*:role/other", role), Truth::False);
    assert_eq!(asked("arn:aws:sts::*:role/app", role), Truth::False);
    let any = "arn:aws:ec2:${unknown:region}:111122223333:${unknown:name}";
    assert_eq!(asked("arn:aws:ec2:eu-west-1:111122223333:instance/*", any), Truth::Unknown);
    assert_eq!(asked("arn:aws:lambda:*:*:*", any), Truth::False);
}
