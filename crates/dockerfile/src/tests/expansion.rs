use super::*;

/// Expands `text` as the value of an `ENV` behind `A=a`, `E=` (empty) and `P=a/b.c.d`, on the empty image.
fn expand(text: &str) -> Result<String, SubstitutionError> {
    let file = format!("FROM scratch\nENV A=a E= P=a/b.c.d\nUSER {text}\n");
    let parsed = parse(&file);
    let Kind::User(user) = &parsed.instructions[2].kind else { panic!() };
    parsed.resolve().expand(2, user).map(|e| e.as_str().to_owned())
}

#[test]
fn forms() {
    let cases = [
        ("$A ${A} $AA ${U}.", "a a  ."),
        ("x$", "x$"),
        ("$ $. $1 $$", "$ $.  "),
        ("\\$A \"$A\" '$A' \"\\$A\" \"\\a\" \\a", "$A a $A $A \\a a"),
        ("${A:-d} ${E:-d} ${E-d} ${U:-d} ${U-d}", "a d  d d"),
        ("${A:+d} ${E:+d} ${E+d} ${U:+d} ${U+d}", "d  d  "),
        ("${A:?no} ${E?no}.", "a ."),
        ("${U:-${A}b} ${U:-\"x }\"} ${U:-'$A'}", "ab x } $A"),
        ("${P#*/} ${P##*.} ${P%.*} ${P%%.*} ${P#x} ${P%?}", "b.c.d d a/b.c a/b a/b.c.d a/b.c."),
        (
            "${P/./-} ${P//./-} ${P/b*/x} ${P//[/x} ${P/\\//x} ${P/?/}",
            "a/b-c.d a/b-c-d a/x a/b.c.d axb.c.d /b.c.d",
        ),
        ("${U#x} ${U/x/y}.", " ."),
    ];
    for (text, expected) in cases {
        assert_eq!(expand(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn broken_forms() {
    use SubstitutionError::{Bad, Brace, Modifier, Pattern, Quote, Required, Slash};
    let cases = [
        ("${", Brace),
        ("${A", Modifier),
        ("${A:-", Brace),
        ("${}", Bad),
        ("${:x}", Bad),
        ("${{A}}", Bad),
        ("${A^}", Modifier),
        ("${A:=x}", Modifier),
        ("${A/x}", Slash),
        ("${A/x/", Brace),
        ("${A#\\x}", Pattern),
        ("'x", Quote),
        ("\"x", Quote),
        ("${U?x}", Required),
        ("${E:?x}", Required),
    ];
    for (text, expected) in cases {
        assert_eq!(expand(text), Err(expected), "{text}");
    }
}

#[test]
fn the_escape_directive_counts() {
    let parsed = parse("# escape=`\nFROM scratch\nENV A=a\nUSER `$A\\$A\n");
    let Kind::User(user) = &parsed.instructions[2].kind else { panic!() };
    assert_eq!(parsed.resolve().expand(2, user).unwrap().as_str(), "$A\\a");
}

#[test]
fn scopes() {
    let file = "ARG G=g\nARG H\nARG TWICE=$G$G\nFROM ${G}-${H}-${TARGETARCH} AS p\nENV A=$G\nARG G\nENV B=$G C=$B\nENV D=$B\nARG X=1 Y=$X\nENV X=2\nFROM p\nENV Z=$X$Y$B\nARG G=own\nENV W=$G\nFROM scratch\nENV V=$X$G\n";
    let parsed = parse(file);
    let resolution = parsed.resolve();
    let value = |name: &str| {
        let binding = resolution.bindings().iter().rev().find(|b| b.name.as_str() == name).unwrap();
        binding.value.as_ref().map(|v| (v.as_str().to_owned(), v.is_known()))
    };
    let known = |text: &str| Some((text.to_owned(), true));
    assert_eq!(value("TWICE"), known("gg"));
    assert_eq!(parsed.stages[0].image.as_str(), "g-${H}-${TARGETARCH}");
    assert!(!parsed.stages[0].image.is_known());
    // The global argument is not visible in the stage until it is declared again.
    assert_eq!(value("A"), Some(("$G".to_owned(), false)));
    assert_eq!(value("B"), known("g"));
    // One ENV sees what was set before it; the base image may have B.
    assert_eq!(value("C"), Some(("$B".to_owned(), false)));
    assert_eq!(value("D"), known("g"));
    assert_eq!(value("Y"), known("1"));
    assert_eq!(value("Z"), known("21g"));
    assert_eq!(value("W"), known("own"));
    assert_eq!(value("V"), known(""));
    let names: Vec<String> = resolution.args_at(13).iter().map(|b| b.name.to_string()).collect();
    assert_eq!(names, ["G", "X", "Y"]);
    assert_eq!(resolution.binding_at(13, "G").unwrap().instruction, 12);
}

#[test]
fn every_byte_knows_where_it_was_written() {
    let file = "FROM a\nARG T=tok\nENV K=\"pre-${T}\"\nENV L=$K:${M:-def}$N\n";
    let parsed = parse(file);
    let resolution = parsed.resolve();
    let binding = resolution.binding_at(3, "K").unwrap();
    assert_eq!(at(file, binding.value_span.unwrap()), "\"pre-${T}\"");
    let Kind::Env(pairs) = &parsed.instructions[3].kind else { panic!() };
    let expanded = resolution.expand(3, &pairs[0].value.raw).unwrap();
    assert_eq!(expanded.as_str(), "pre-tok:def$N");
    let shown: Vec<String> = expanded
        .parts()
        .iter()
        .map(|p| {
            let via = p.via.as_ref().map(|v| format!(" via {} at {}", v.name, at(file, v.reference)));
            let text = expanded.as_str().get(p.range.clone()).unwrap_or_default();
            format!("{text} {:?} at {}{}", p.kind, at(file, p.span), via.unwrap_or_default())
        })
        .collect();
    assert_eq!(
        shown,
        [
            "pre- Literal at pre- via K at $K",
            "tok Literal at tok via K at $K",
            ": Literal at :",
            " Unknown at ${M:-def} via M at ${M:-def}",
            "def Literal at def",
            "$N Unknown at $N via N at $N",
        ]
    );
    assert_eq!(expanded.parts_of(4..5).next().unwrap().span, Span::new(13, 16));
    let binding = expanded.parts()[0].via.as_ref().unwrap().binding.unwrap();
    assert_eq!(resolution.binding(binding).unwrap().instruction, 2);
}

#[test]
fn an_argument_without_default_keeps_what_was_set() {
    let parsed = parse("FROM scratch\nENV A=env\nARG A\nENV B=$A\nARG C\nENV D=$C${C:-lit}\n");
    let resolution = parsed.resolve();
    assert_eq!(resolution.binding_at(4, "B").unwrap().value.as_ref().unwrap().as_str(), "env");
    assert!(resolution.binding_at(5, "C").unwrap().value.is_none());
    let last = resolution.bindings().last().unwrap().value.as_ref().unwrap();
    assert_eq!((last.as_str(), last.is_known()), ("$Clit", false));
}

#[test]
fn heredoc_bodies_know_no_quotes() {
    let parsed = parse("FROM scratch\nENV A=a\nCOPY <<E /x\nit's \"$A\" \\$A a\\b\nE\n");
    let body = parsed.instructions[2].heredocs[0].content();
    let expanded = parsed.resolve().expand_heredoc(2, &body).unwrap();
    assert_eq!(expanded.as_str(), "it's \"a\" $A ab\n");
}

#[test]
fn values_that_double_are_cut_off() {
    let doubling = format!("FROM scratch\nENV A=0123456789\n{}USER $A\n", "ENV A=$A$A\n".repeat(64));
    let parsed = parse(&doubling);
    let resolution = parsed.resolve();
    assert!(resolution.bindings().iter().any(|b| b.error == Some(SubstitutionError::TooLarge)));
    let many = format!("FROM scratch\nENV A={}\n{}", "x".repeat(1 << 15), "ENV B=$A$A$A$A\n".repeat(1000));
    assert!(parse(&many).resolve().bindings().iter().any(|b| b.error == Some(SubstitutionError::TooLarge)));
    let deep = format!("FROM scratch\nUSER {}x{}\n", "${A:-".repeat(10_000), "}".repeat(10_000));
    let parsed = parse(&deep);
    let Kind::User(user) = &parsed.instructions[1].kind else { panic!() };
    assert_eq!(parsed.resolve().expand(1, user), Err(SubstitutionError::TooLarge));
}
