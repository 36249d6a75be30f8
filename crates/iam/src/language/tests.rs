#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn witness(language: &Language) -> Option<Witness> {
    match language.search(&Language::everything(), &Limits::default()) {
        Search::Empty => None,
        Search::Witness(witness) => Some(witness),
        Search::TooComplex => panic!("too complex"),
    }
}

fn all(patterns: &[&str]) -> Language {
    Language::intersection(patterns.iter().map(|pattern| Language::from(*pattern)))
}

#[test]
fn parts_of_arns_hold_no_colon() {
    let tables = Language::arns("arn:aws:dynamodb:*:*:table/prod-*");
    for (text, is_one) in [
        ("arn:aws:dynamodb:eu-west-1:1:table/prod-a", true),
        ("arn:aws:dynamodb:::table/prod-", true),
        ("arn:aws:dynamodb:eu-west-1:1:table/prod-a:b:c", true),
        ("arn:aws:dynamodb:eu-west-1:1:table/dev-a:b:table/prod-a", false),
        ("arn:aws:dynamodb:eu-west-1:table/prod-a", false),
    ] {
        assert_eq!(tables.contains(text), is_one, "{text}");
    }
    let dev = Language::from("arn:aws:dynamodb:eu-west-1:1:table/dev-*");
    assert_eq!(witness(&Language::intersection([tables.clone(), dev])), None);
    let both = Language::from("arn:aws:dynamodb:eu-west-1:1:table/*-a");
    let found = witness(&Language::intersection([tables, both])).unwrap();
    assert_eq!(found.text, "arn:aws:dynamodb:eu-west-1:1:table/prod-a");
    let fields = |text: &str| Language::arns(text);
    assert!(witness(&fields("arn:*:s3:*:*:x").minus(&Language::from("arn:*:s3:*:x"))).is_none());
    assert!(fields("arn:aws:*").contains("arn:aws:a:b"));
    // `?` is a character of its part, too; in the resource it may be a colon.
    assert!(!fields(":*:?::*??:").contains("::a:::a:"));
    assert!(!fields("arn:aws:ssm:eu?west:1:x").contains("arn:aws:ssm:eu:west:1:x"));
    assert!(fields("arn:aws:ssm:eu:1:a?b").contains("arn:aws:ssm:eu:1:a:b"));
}

proptest! {
    /// A pattern of ARNs is the plain one where no part of the ARN holds a colon of its own.
    #[test]
    fn patterns_of_arns_are_plain_ones_part_by_part(
        pattern in proptest::collection::vec("[ab*?]{0,3}", 6),
        parts in proptest::collection::vec("[ab]{0,3}", 6),
        more in "[ab:]{0,3}",
    ) {
        let text = format!("{}{more}", parts.join(":"));
        let last = |all: &[String]| all[5].clone();
        let heads = pattern[..5].iter().zip(&parts).all(|(one, part)| Language::from(one.as_str()).contains(part));
        let expected = heads
            && Language::from(last(&pattern).as_str()).contains(&format!("{}{more}", last(&parts)));
        prop_assert_eq!(Language::arns(&pattern.join(":")).contains(&text), expected);
    }
}

#[test]
fn witnesses_are_short_and_readable() {
    let prefix = "arn:aws:ssm:eu-west-1:1:parameter/";
    let plain = Language::from(format!("{prefix}?*").as_str());
    let names = super::super::parameter_universe("aws", "eu-west-1", "1");
    for (universe, allowed, required, text, shown) in [
        (&names, "*", "prod/app/*", "x", "x…"),
        (&names, "*", "", "x", "…"),
        (&names, "prod*", "prod/*", "prod", "prod"),
        (&names, "prod*", "prod", "prodx", "prodx…"),
        (&names, "prod/*", "prod/app/*", "prod/x", "prod/x…"),
        (&plain, "prod/*", "prod/app/*", "prod/", "prod/"),
        (&names, "prod/*/db", "prod/app/db", "prod/x/db", "prod/x/db"),
        (&names, "prod/*/db", "", "prod/x/db", "prod/…/db"),
        (&plain, "prod/*/db", "", "prod//db", "prod/…/db"),
        (&names, "other/*", "prod/*", "other/x", "other/…"),
    ] {
        let language = |rest: &str| Language::from(format!("{prefix}{rest}").as_str());
        let found = language(allowed).minus(&language(required)).search(universe, &Limits::default());
        let (text, shown) = (format!("{prefix}{text}"), format!("{prefix}{shown}"));
        assert_eq!(found, Search::Witness(Witness { text, shown }), "{allowed} {required}");
    }
}

#[test]
fn emptiness_is_proved() {
    assert_eq!(witness(&all(&["a*", "*b", "??"]).minus(&Language::from("ab"))), None);
    assert_eq!(witness(&Language::from("*").minus(&Language::union(["?*", ""].map(Language::from)))), None);
    assert_eq!(witness(&Language::nothing()), None);
    assert_eq!(witness(&Language::everything()).unwrap().text, "");
}

#[test]
fn an_explosion_is_cut_off() {
    // The subsets of a window of 30 characters: 2^30 states if all were visited.
    let window = format!("*a{}", "?".repeat(30));
    let other = format!("*b{}c", "?".repeat(31));
    let language =
        Language::from(window.as_str()).complement().minus(&Language::from(other.as_str()).complement());
    let limits = Limits { states: 1_000, steps: 10_000_000, budget: None };
    assert_eq!(language.search(&Language::everything(), &limits), Search::TooComplex);
}

fn formula() -> impl Strategy<Value = Language> {
    let leaf = "[ab*?]{0,5}".prop_map(|pattern| Language::from(pattern.as_str()));
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Language::union),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Language::intersection),
            inner.prop_map(|language| language.complement()),
        ]
    })
}

/// All strings of up to five characters; `c` stands for what no pattern names.
fn short_strings() -> Vec<String> {
    let mut strings = vec![String::new()];
    let mut from = 0;
    for _ in 0..5 {
        let to = strings.len();
        for at in from..to {
            strings.extend(['a', 'b', 'c'].map(|next| format!("{}{next}", strings[at])));
        }
        from = to;
    }
    strings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn agrees_with_brute_force(language in formula()) {
        let first = short_strings().into_iter().find(|text| language.contains(text));
        match (language.search(&Language::everything(), &Limits::default()), first) {
            (Search::Empty, first) => prop_assert_eq!(first, None),
            (Search::Witness(found), first) => {
                prop_assert!(language.contains(&found.text));
                let length = first.map_or(6, |first| first.len());
                prop_assert!(found.text.chars().count() == length || (length == 6 && found.text.len() >= 6));
                // Whatever stands for the gaps, the string is in the language.
                for filling in ["", "a", "b", "c", "ab", "ba/"] {
                    prop_assert!(language.contains(&found.shown.replace('…', filling)), "{}", found.shown);
                }
            }
            (Search::TooComplex, _) => prop_assert!(false, "too complex"),
        }
    }
}
