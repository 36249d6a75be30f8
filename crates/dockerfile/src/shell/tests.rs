#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::text::TextBuilder;

fn text(source: &str) -> Text {
    let mut builder = TextBuilder::default();
    builder.push(source, Span::new(100, 100 + source.len()));
    builder.finish(100)
}

/// Renders a script in a compact form: words in `<>`, variables as `$name`, links at the end.
fn show(script: &Script) -> String {
    let mut out = Vec::new();
    for command in &script.commands {
        let mut parts: Vec<String> = Vec::new();
        for a in &command.assignments {
            parts.push(format!(
                "{}{}={}",
                a.name.as_str(),
                if a.append { "+" } else { "" },
                show_word(&a.value)
            ));
        }
        parts.extend(command.words.iter().map(show_word));
        for r in &command.redirections {
            let descriptor = r.descriptor.map(|d| d.to_string()).unwrap_or_default();
            let body = r.body.as_ref().map(|b| format!("[{}]", show_word(b))).unwrap_or_default();
            parts.push(format!("{descriptor}{:?}:{}{body}", r.operator, show_word(&r.target)));
        }
        out.push(format!("{} {:?}", parts.join(" "), command.link));
    }
    out.join("\n")
}

fn show_word(word: &Word) -> String {
    let parts: Vec<String> = word
        .parts
        .iter()
        .map(|part| match part {
            WordPart::Literal { text, quote: Quote::None } => text.to_string(),
            WordPart::Literal { text, quote: Quote::Single } => format!("'{}'", text.as_str()),
            WordPart::Literal { text, quote: Quote::Double } => format!("\"{}\"", text.as_str()),
            WordPart::Variable { name, operator, argument, .. } => {
                let operator = operator.map(|o| format!("{o:?}")).unwrap_or_default();
                let argument = argument.as_ref().map(show_word).unwrap_or_default();
                format!("${{{}{operator}{argument}}}", name.as_str())
            }
            WordPart::Substitution { script, .. } => format!("$({})", show(script)),
            WordPart::Arithmetic { text } => text.to_string(),
        })
        .collect();
    format!("<{}>", parts.join("|"))
}

fn check(source: &str, expected: &str) {
    assert_eq!(show(&parse(&text(source))), expected, "{source}");
}

#[test]
fn lists_and_pipes() {
    check(
        "a b && c || d; e | f |& g & h\ni",
        "<a> <b> And\n<c> Or\n<d> Sequence\n<e> Pipe\n<f> PipeBoth\n<g> Background\n<h> Sequence\n<i> End",
    );
    check("a # b | c\nd#e", "<a> Sequence\n<d#e> End");
    check("a \\\n  b\\\nc", "<a> <bc> End");
    check("a\r\nb\r", "<a> Sequence\n<b> End");
}

#[test]
fn quoting() {
    check("a'b c'\"d $x\"\\ e", "<a> End".replace("<a>", "<a|'b c'|\"d \"|${x}| e>").as_str());
    check(r#"echo $'a\n\x41\'b' "\$x\a\"" '' """#, "<echo> <'a\nA'b'> <\"$x\\a\"\"> <> <> End");
    check("echo 'open", "<echo> <'open'> End");
    check("echo \"open $(ls", "<echo> <\"open \"|$(<ls> End)> End");
}

#[test]
fn variables_and_defaults() {
    check("echo ${A:-b} ${C} $D1$ ${#E} ${!F} ${G##*/} $1$@", {
        "<echo> <${ADefault<b>}> <${C}> <${D1}|$> <${ELength}> <${FIndirect}> <${GTransform<##*/>}> <${1}|${@}> End"
    });
    check("x ${A:=\"b c\"} ${A:?no} ${A+$B}", {
        "<x> <${AAssign<\"b c\">}> <${ARequire<no>}> <${AAlternative<${B}>}> End"
    });
    check("x ${A[0]} ${A:1:2}", "<x> <${A}> <${ATransform<1:2>}> End");
}

#[test]
fn assignments() {
    check("A=b C+=\"$d\" cmd E=f", "A=<b> C+=<\"|${d}> <cmd> <E=f> End".replace("\"|", "").as_str());
    check("A=(x 'y z')", "A=<x| |'y z'> End");
    check("A= ; 'B'=c", "A=<> Sequence\n<'B'|=c> End");
    let script = parse(&text("export A=b \"C=d\" E; env F=g h"));
    let names = |i: usize| -> Vec<String> {
        script.commands[i].declarations().iter().map(|a| a.name.to_string()).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["A".to_owned()], vec!["F".to_owned()]));
}

#[test]
fn substitutions_show_their_commands() {
    check("echo $(cat f | wc) `ls \\`id\\`` \"$(x \"y\")\"", {
        "<echo> <$(<cat> <f> Pipe\n<wc> End)> <$(<ls> <$(<id> End)> End)> <$(<x> <\"y\"> End)> End"
    });
    check("diff <(a) >(b)x", "<diff> <$(<a> End)> <$(<b> End)|x> End");
    check(
        "echo $((1 + (2))) $((a) )",
        "<echo> <$((1 + (2)))> <$(<a> Sequence)> End".replace(" Sequence", " End").as_str(),
    );
    let mut names = Vec::new();
    parse(&text("a $(b) ${X:-$(c)} <<E\n`d`\nE")).walk(&mut |_, command| names.extend(command.program()));
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[test]
fn redirections() {
    check("a >f 2>>g <h <<<i &>j 2>&1 >|k 3<>l", {
        "<a> Write:<f> 2Append:<g> Read:<h> HereString:<i> WriteBoth:<j> 2DuplicateOutput:<1> Clobber:<k> 3ReadWrite:<l> End"
    });
    check("echo 2 >f", "<echo> <2> Write:<f> End");
    check("cat <<E | b\n x $y \\$z\nE\nc", {
        "<cat> HereDocument:<E>[<\" x \"|${y}|\" $z\n\">] Pipe\n<b> Sequence\n<c> End"
    });
    check(
        "cat <<-'E' >f\n\tx $y\n\tE\nc",
        "<cat> HereDocumentTabs:<'E'>['\tx $y\n'] Write:<f> Sequence\n<c> End"
            .replace("['\tx $y\n']", "[<'\tx $y\n'>]")
            .as_str(),
    );
    check(
        "cat <<A <<B\n1\nA\n2\nB",
        "<cat> HereDocument:<A>[<\"1\n\">] HereDocument:<B>[<\"2\n\">] Sequence",
    );
}

#[test]
fn groups_carry_redirections_and_pipes() {
    let script = parse(&text("{ a; (b; c) | d; } > f; if x; then y; fi | z <<E\nbody\nE"));
    let names: Vec<String> = script.commands.iter().filter_map(Command::program).collect();
    assert_eq!(names, ["a", "b", "c", "d", "x", "y", "z"]);
    let targets =
        |i| -> Vec<String> { script.redirections_of(i).filter_map(|r| r.target.literal()).collect() };
    assert_eq!(targets(1), ["f"]);
    assert_eq!(targets(4), Vec::<String>::new());
    assert_eq!(script.reader_of(1), Some(3));
    assert_eq!(script.reader_of(2), Some(3));
    assert_eq!(script.reader_of(3), None);
    assert_eq!(script.reader_of(5), Some(6));
    assert!(script.commands[6].redirections[0].body.is_some());
}

#[test]
fn compound_commands() {
    check(
        "for i in a $b; do echo $i; done > f",
        "<for> <i> <in> <a> <${b}> Sequence\n<echo> <${i}> Sequence",
    );
    check("case $x in a|b) c;; (d) e ;; *) f; esac; g", {
        "<case> <${x}> <in> Sequence\n<a> <b> Sequence\n<c> Sequence\n<d> Sequence\n<e> Sequence\n<*> Sequence\n<f> Sequence\n<g> End"
    });
    check(
        "f() { a; }; function g { b; }",
        "<f> Sequence\n<a> Sequence\n<function> <g> Sequence\n<b> Sequence",
    );
    check("[[ $a == b && -n c ]] && d", "<[[> <${a}> <==> <b> <&&> <-n> <c> <]]> And\n<d> End");
    check("(( i++ )) ; ! a", "<(( i++ ))> Sequence\n<a> End");
    check("echo if fi done } )", "<echo> <if> <fi> <done> <}> <)> End");
    check(
        "x=$(case a in a) echo b;; esac)",
        "x=<$(<case> <a> <in> Sequence\n<a> Sequence\n<echo> <b> Sequence)> End",
    );
}

#[test]
fn words_keep_their_places() {
    let source = "curl -H 'X-Key: s3cret' \"$URL/${P:-def}\" > out";
    let script = parse(&text(source));
    let at = |span: Span| source.get(span.start - 100..span.end - 100).unwrap_or_default();
    let command = &script.commands[0];
    let places: Vec<&str> = command.words.iter().map(|w| at(w.span)).collect();
    assert_eq!(places, ["curl", "-H", "'X-Key: s3cret'", "\"$URL/${P:-def}\""]);
    assert_eq!(at(command.words[2].literals()[0].span()), "X-Key: s3cret");
    let variables: Vec<(&str, &str)> =
        command.words[3].variables().into_iter().map(|(n, s)| (n, at(s))).collect();
    assert_eq!(variables, [("URL", "$URL"), ("P", "${P:-def}")]);
    assert_eq!(at(command.words[3].literals()[1].span()), "def");
    assert_eq!(at(command.redirections[0].span), "> out");
    assert_eq!(at(command.span), source);
}

#[test]
fn hostile_text_ends_soon() {
    for piece in [
        "(",
        "((",
        "$(",
        "`",
        "${a:-",
        "\"$(",
        "<<a ",
        "case a in ",
        "{ ",
        "[[ ",
        "a=(",
        "((x);",
        "`\\",
        "<(",
    ] {
        let source = piece.repeat(60_000 / piece.len());
        parse(&text(&source)).walk(&mut |_, _| {});
        parse(&text(&format!("{source}\n{source}"))).walk(&mut |_, _| {});
    }
}

/// Every byte that is neither blank nor an operator lies in a command, a comment or a reserved word.
fn nothing_is_lost(source: &str) {
    let script = parse(&text(source));
    let mut seen = vec![false; source.len()];
    for command in &script.commands {
        assert!(command.range.end <= source.len() && command.range.start <= command.range.end);
        seen[command.range.clone()].fill(true);
    }
    for span in script.comments.iter().copied().chain(script.groups.iter().map(|g| g.span)) {
        seen[span.start - 100..span.end - 100].fill(true);
    }
    let of_groups = script.groups.iter().flat_map(|g| &g.redirections);
    for redirection in script.commands.iter().flat_map(|c| &c.redirections).chain(of_groups) {
        seen[redirection.span.start - 100..redirection.span.end - 100].fill(true);
        for word in std::iter::once(&redirection.target).chain(&redirection.body) {
            seen[word.range.clone()].fill(true);
        }
    }
    let lost: Vec<u8> = source.bytes().zip(seen).filter(|(_, seen)| !seen).map(|(b, _)| b).collect();
    assert!(!lost.iter().any(|b| b.is_ascii_lowercase() && *b != b'e'), "{source:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(source in "\\PC*") {
        parse(&text(&source)).walk(&mut |_, _| {});
    }

    #[test]
    fn shell_like_text_loses_no_word(source in r#"([ab] ?|[ |&;()<>{}'"$`\\\n#=0]|\$\(|\$\{a|<<e|\ne\n|\(\(){0,40}"#) {
        nothing_is_lost(&source);
    }
}

#[test]
fn words_before_commands_are_known() {
    let script = parse(&text("if ! a; then b; else (c); fi; until d; do e; done; f"));
    let of: Vec<_> = script.commands.iter().map(|c| (c.program().unwrap(), c.keyword, c.negated)).collect();
    let plain = |program: &str, keyword| (program.to_owned(), keyword, false);
    assert_eq!(
        of,
        [
            ("a".to_owned(), Some(Keyword::If), true),
            plain("b", Some(Keyword::Then)),
            plain("c", None),
            plain("d", Some(Keyword::Until)),
            plain("e", Some(Keyword::Do)),
            plain("f", None),
        ]
    );
    let subshell = script.groups.iter().find(|g| g.kind == GroupKind::Subshell).unwrap();
    assert_eq!((subshell.keyword, subshell.negated), (Some(Keyword::Else), false));
}
