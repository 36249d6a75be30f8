//! Go's path and regular expression rules.

use super::super::{go_path, go_regexp, ignore_file};

#[test]
fn clean() {
    for (path, cleaned) in [
        ("", "."),
        ("a//b/./c/", "a/b/c"),
        ("a/../../b", "../b"),
        ("/../a", "/a"),
        ("/", "/"),
        ("a/..", "."),
        ("!/", "!"),
        ("..x/y", "..x/y"),
    ] {
        assert_eq!(go_path::clean(path.as_bytes()), cleaned.as_bytes(), "{path}");
    }
}

#[test]
fn filepath_match() {
    for (pattern, name, expected) in [
        ("a*", "abc", true),
        ("a*", "ab/c", false),
        ("a*/b", "a/c/b", false),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
        ("a*b?c*x", "abxbbxdbxebxczzx", true),
        ("a*b?c*x", "abxbbxdbxebxczzy", false),
        ("a[^b]c", "a/c", true),
        ("a?c", "a/c", false),
        ("a?c", "aéc", true),
        ("a??c", "aéc", false),
        ("[α-ω]", "β", true),
        ("a\\*b", "a*b", true),
        ("[\\]]", "]", true),
        ("[\\-x]", "-", true),
        ("*x", "xxx", true),
        ("**", "a", true),
        ("**", "a/b", false),
        ("", "", true),
        ("a*", "a", true),
        ("*a*", "/a", false),
    ] {
        assert!(go_path::check_syntax(pattern.as_bytes()).is_ok(), "{pattern}");
        assert_eq!(go_path::matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} on {name}");
    }
    for pattern in
        ["[", "[]", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "a[", "a/[", "[^", "[^bc", "a\\", "[z-"]
    {
        assert!(go_path::check_syntax(pattern.as_bytes()).is_err(), "{pattern}");
    }
    assert!(go_path::check_syntax(b"[\xFF]").is_err());
    assert!(go_path::matches(b"?", b"\xFF"));
}

#[test]
fn wildcards() {
    assert!(go_path::has_wildcard(b"a?") && go_path::has_wildcard(b"\\\\*") && go_path::has_wildcard(b"[a"));
    assert!(!go_path::has_wildcard(b"a\\*]") && !go_path::has_wildcard(b"a\\"));
}

fn matches(go: &str, text: &str) -> bool {
    let translated = go_regexp::translate(go).unwrap_or_else(|_| panic!("{go} is refused"));
    regex::bytes::Regex::new(&translated).unwrap().is_match(text.as_bytes())
}

#[test]
fn regexp_corners_are_gos() {
    for (go, text, expected) in [
        ("^a{b,c}$", "a{b,c}", true),
        ("^a{,5}$", "a{,5}", true),
        ("^a{01}$", "a{01}", true),
        ("^a{2}$", "aa", true),
        ("^a{2,}$", "aaa", true),
        ("^a{2}$", "a{2}", false),
        ("^a}$", "a}", true),
        ("^a]$", "a]", true),
        (r"^\<a\>$", "<a>", true),
        (r"^\d$", "٣", false),
        (r"^\w$", "é", false),
        (r"^\_$", "_", true),
        (r"^\Qa.b\Ec$", "a.bc", true),
        (r"^\Qa.b$", "a.b$", true),
        (r"^\101$", "A", true),
        (r"^\x41\x{42}$", "AB", true),
        (r"^a\b", "a", true),
        ("^[a&&b]$", "&", true),
        ("^[[a]$", "[", true),
        ("^[]a]$", "]", true),
        ("^[[:alpha:]_]$", "x", true),
        ("^[[:alpha]$", ":", true),
        ("^[^/]$", "\n", true),
        ("^.$", "\n", false),
        (r"^\p{Greek}\pL$", "αx", true),
        (r"^[\d\-]$", "-", true),
        ("^a|b$", "axx", true),
    ] {
        assert_eq!(matches(go, text), expected, "{go} on {text}");
    }
}

#[test]
fn regexp_refusals_are_gos() {
    for go in [
        "^[^/]*{2}$",
        "^(.*/)?{2}",
        "^|{2}$",
        "^a{1001}$",
        "^a{3,2}$",
        r"^\1$",
        r"^\8$",
        r"^\y$",
        r"^\é$",
        r"^\C$",
        r"^\p{Nope}$",
        "^(a$",
        "^a)$",
        "^[[:foo:]]$",
        "^[b-a]$",
        "^[a--b]$",
        "^[a",
        r"^\x{110000}$",
        r"^\xg0$",
    ] {
        let compiled = go_regexp::translate(go).ok().map(|text| regex::bytes::Regex::new(&text));
        assert!(compiled.is_none_or(|regex| regex.is_err()), "{go}");
    }
}

#[test]
fn trim_is_unicode_and_keeps_broken_bytes() {
    assert_eq!(ignore_file::trim("\u{a0}\u{2003} a b\t\u{85}".as_bytes()), b"a b");
    assert_eq!(ignore_file::trim(b" \xFF \xFF"), b"\xFF \xFF");
    assert_eq!(ignore_file::trim(b"\xFF "), b"\xFF");
    assert_eq!(ignore_file::trim(b" \xA0"), b"\xA0");
    assert_eq!(ignore_file::trim(b"  "), b"");
    assert_eq!(ignore_file::trim(b""), b"");
}
