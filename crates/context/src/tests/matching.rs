//! Patterns: the shortcuts against the regular expressions, and the answers inside a directory.

use proptest::prelude::*;

use super::super::entry::join;
use super::super::pattern::{Children, Pattern};
use super::super::shape::Dialect;
use super::super::{Builder, IgnoreError, IgnoreRules, PatternFault};
use super::rules;

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[ab.]{1,3}".prop_map(String::into_bytes),
        1 => Just(b"a\nb".to_vec()),
        1 => Just(b"\xFFa".to_vec()),
        1 => Just("é".as_bytes().to_vec()),
    ]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(name(), 1..5).prop_map(|names| names.join(&b'/'))
}

fn pattern() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => "[ab.]{1,2}",
        2 => "[ab]?\\*[ab.]?",
        2 => Just("**".to_owned()),
        1 => "\\*\\*[ab]",
        1 => "[ab]\\*\\*",
        1 => "[ab?*]{1,3}",
        1 => Just("[ab]".to_owned()),
        1 => Just("a|b*".to_owned()),
        1 => Just("b{2}*".to_owned()),
        1 => Just("a+".to_owned()),
        1 => Just("é*".to_owned()),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::Moby), Just(Dialect::Storage)]
}

fn compiled(text: &str, dialect: Dialect) -> Option<Pattern> {
    Pattern::new(text.as_bytes(), dialect).ok().flatten()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_shape_agrees_with_the_expression(text in pattern(), path in path(), dialect in dialect()) {
        if let Some(pattern) = compiled(&text, dialect)
            && (dialect == Dialect::Storage || !pattern.is_textual())
        {
            let reference = pattern.reference(dialect).unwrap();
            let subject = super::super::shape::go_string(&path);
            prop_assert_eq!(pattern.matches(&path), reference.is_match(subject.as_bytes()));
        }
    }

    #[test]
    fn answers_inside_a_directory_agree_with_the_path(
        text in pattern(), dir in prop::option::of(path()), name in name(), dialect in dialect(),
    ) {
        if let Some(pattern) = compiled(&text, dialect) {
            let dir = dir.unwrap_or_default();
            let path = join(&dir, &name);
            let inside = match pattern.children(&dir) {
                Children::None => false,
                Children::All => true,
                Children::Name(test) => test.matches(&name),
                Children::Path => pattern.matches(&path),
            };
            prop_assert_eq!(inside, pattern.matches(&path));
            if inside && !dir.is_empty() {
                prop_assert!(pattern.reaches_below(&dir));
            }
        }
    }

    #[test]
    fn what_is_passed_over_holds_nothing(
        excluded in prop::collection::vec(pattern(), 1..3),
        exceptions in prop::collection::vec(pattern(), 1..3),
        dir in path(),
        below in path(),
    ) {
        let patterns: Vec<String> =
            excluded.into_iter().chain(exceptions.into_iter().map(|p| format!("!{p}")))
                // An exception with a wildcard in front keeps BuildKit from its own shortcut.
                .chain(["!?zz".to_owned()]).collect();
        if let Ok(rules) = IgnoreRules::from_patterns(&patterns, "test", Builder::BuildKit)
            && rules.excluded(&dir) && rules.passes_over(&dir)
        {
            prop_assert!(rules.excluded(&join(&dir, &below)));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        text in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"*?[]\\!/{}|^.-\n #"[..])], 0..60),
        path in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        for builder in [Builder::BuildKit, Builder::Classic, Builder::Buildah] {
            if let Ok(rules) = IgnoreRules::parse(&text, "test", builder) {
                rules.excluded(&path);
                rules.refuses_content(&path);
                rules.passes_over(&path);
            }
        }
    }
}

#[test]
fn the_common_patterns_need_no_expression() {
    for text in [
        ".env",
        "node_modules",
        "*",
        "*.pem",
        "src/*.rs",
        "src/*",
        "**/*.log",
        "**/.git",
        "**/node_modules/**",
        "dist/**",
        "**.env",
        "**/test_*",
        "**/*",
        "**",
    ] {
        assert!(compiled(text, Dialect::Moby).unwrap().is_plain(), "{text}");
    }
    for text in ["*.py[cod]", "*/*", "a?b", "**/a/*/b"] {
        assert!(!compiled(text, Dialect::Moby).unwrap().is_plain(), "{text}");
    }
}

#[test]
fn buildah_reads_patterns_its_own_way() {
    for (text, path, docker, buildah) in [
        ("**.env", "a/prod.env", true, false),
        ("**.env", "a/.env", true, true),
        ("a+", "aa", false, true),
        ("a+", "a+", true, false),
        ("(a)", "a", false, true),
        ("a|b", "b", false, true),
        ("a|b", "a|b", true, true),
        ("\u{feff}a", "a", true, true),
        ("d/", "d/x", true, true),
        ("!a", "a", false, false),
    ] {
        assert_eq!(rules(text, Builder::BuildKit).excluded(path.as_bytes()), docker, "{text} on {path}");
        assert_eq!(rules(text, Builder::Buildah).excluded(path.as_bytes()), buildah, "{text} on {path}");
    }
}

fn fault(text: &str, builder: Builder) -> (u32, PatternFault) {
    match IgnoreRules::parse(text.as_bytes(), "x.dockerignore", builder) {
        Err(IgnoreError::Pattern { line, fault, .. }) => (line, fault),
        other => panic!("{text:?} gave {other:?}"),
    }
}

#[test]
fn refusals_name_the_line() {
    for builder in [Builder::BuildKit, Builder::Classic, Builder::Buildah] {
        assert_eq!(fault("a\n\n!\n", builder), (3, PatternFault::BareException));
        assert_eq!(fault("# c\n[\n", builder), (2, PatternFault::Syntax));
        assert_eq!(fault("a\nb\\", builder), (2, PatternFault::Syntax));
        assert_eq!(fault("*{2}", builder), (1, PatternFault::Regexp));
    }
    assert_eq!(fault("!/", Builder::BuildKit), (1, PatternFault::BareException));
    let error = IgnoreRules::parse(b"a\n!", "x.dockerignore", Builder::BuildKit).unwrap_err();
    assert_eq!(
        error.to_string(),
        "x.dockerignore:2: a bare `!` excepts nothing; the build fails in every builder"
    );
}

#[test]
fn a_line_of_64_kib_is_refused() {
    let line = |len: usize| [b"ok\n".to_vec(), vec![b'a'; len], b"\nb".to_vec()].concat();
    assert!(IgnoreRules::parse(&line(65_535), "f", Builder::BuildKit).is_ok());
    let error = IgnoreRules::parse(&line(65_536), "f", Builder::Classic).unwrap_err();
    assert!(matches!(error, IgnoreError::LineTooLong { line: 2, .. }));
    assert!(error.to_string().starts_with("f:2: "));
    assert!(IgnoreRules::parse(&line(65_536), "f", Builder::Buildah).is_ok());
}
