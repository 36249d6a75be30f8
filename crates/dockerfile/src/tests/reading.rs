use super::*;

#[test]
fn directives_stand_in_the_first_comments_only() {
    let file = "# Syntax = docker/dockerfile:1 \n#check=skip=A,B ;error=true\n  # escape=`\n# x\n# syntax=y\nFROM a\nRUN b `\n c\n";
    let parsed = parse(file);
    let read: Vec<(DirectiveName, &str, &str)> =
        parsed.directives.iter().map(|d| (d.name, d.value.as_str(), at(file, d.value.span()))).collect();
    assert_eq!(read[0], (DirectiveName::Syntax, "docker/dockerfile:1", "docker/dockerfile:1"));
    assert_eq!(read[1], (DirectiveName::Check, "skip=A,B ;error=true", "skip=A,B ;error=true"));
    assert_eq!((read.len(), parsed.escape, parsed.comments.len()), (3, '`', 2));
    let skipped: Vec<String> = parsed.directives[1].skipped_rules().iter().map(|r| r.to_string()).collect();
    assert_eq!(skipped, ["A", "B"]);
    assert_eq!(at(file, parsed.directives[2].span), "# escape=`");
    assert_eq!(parsed.instructions[1].lines, LineRange { first: 7, last: 8 });

    assert_eq!(error(b"# escape=`\n# escape=`\nFROM a").1, "only one escape parser directive can be used");
    assert_eq!(error(b"# escape=x\nFROM a").1, "invalid escape token does not match ` or \\");
    assert_eq!(error(b"# escape= \nFROM a").0, 1);
    assert_eq!(parse("# escape=\n# syntax=x\nFROM a").directives.len(), 0);
}

#[test]
fn orders_to_look_away_are_recorded() {
    let file = "FROM a\n# hadolint ignore=DL3008,SC2 \nRUN x \\\n  # trivy:ignore:AVD-1\n  y\n# check=skip=all\n# gitleaks:allow\n# plain\n";
    let parsed = parse(file);
    let found: Vec<(&str, &str, u32)> = parsed
        .comments
        .iter()
        .filter_map(|c| c.suppression.as_ref().map(|s| (s.tool, s.rules.as_str(), c.line)))
        .collect();
    assert_eq!(
        found,
        [("hadolint", "DL3008,SC2", 2), ("trivy", "AVD-1", 4), ("buildkit", "all", 6), ("gitleaks", "", 7)]
    );
    assert_eq!(at(file, parsed.comments[0].suppression.as_ref().unwrap().rules.span()), "DL3008,SC2");
    assert_eq!(parsed.comments.len(), 5);
}

#[test]
fn a_value_over_continuations_leads_back_to_its_lines() {
    let file = "FROM a\r\nRUN one \\\r\n# c\r\n\r\n  two=s3cret \\\n  && three\n";
    let parsed = parse(file);
    let Kind::Run(run) = &parsed.instructions[1].kind else { panic!() };
    let CommandLine::Shell(text) = &run.command else { panic!() };
    assert_eq!(text.as_str(), "one   two=s3cret   && three");
    let secret = text.find("s3cret").unwrap();
    let span = text.locate(secret..secret + 6);
    assert_eq!((at(file, span), span.start), ("s3cret", file.find("s3cret").unwrap()));
    let whole: Vec<&str> = text.sources(0..text.len()).into_iter().map(|s| at(file, s)).collect();
    assert_eq!(whole, ["one ", "  two=s3cret ", "  && three"]);
    assert_eq!(parsed.blank_continuations.len(), 1);
    let script = shell::parse(text);
    assert_eq!(at(file, script.commands[0].words[1].span), "two=s3cret");
}

#[test]
fn keys_and_values() {
    let file = "FROM a\nENV A=1 B=\"x y\"\\ z C='$D' E=\nLABEL a.b=\"q\\\"r\" legacy=\nENV OLD  some  'text' \nARG P Q=\"v w\" R=\n";
    let parsed = parse(file);
    let Kind::Env(pairs) = &parsed.instructions[1].kind else { panic!() };
    let read: Vec<(&str, &str, &str)> =
        pairs.iter().map(|p| (p.key.as_str(), p.value.raw.as_str(), p.value.unquoted.as_str())).collect();
    assert_eq!(read, [("A", "1", "1"), ("B", "\"x y\"\\ z", "x y z"), ("C", "'$D'", "$D"), ("E", "", "")]);
    assert_eq!(at(file, pairs[1].value.span()), "\"x y\"\\ z");
    assert_eq!(at(file, pairs[1].value.unquoted.locate(0..3)), "x y");
    let Kind::Label(labels) = &parsed.instructions[2].kind else { panic!() };
    assert_eq!((labels[0].key.as_str(), labels[0].value.unquoted.as_str()), ("a.b", "q\"r"));
    let Kind::Env(legacy) = &parsed.instructions[3].kind else { panic!() };
    assert!(legacy[0].legacy);
    assert_eq!((legacy[0].key.as_str(), legacy[0].value.raw.as_str()), ("OLD", "some  'text'"));
    let Kind::Arg(args) = &parsed.instructions[4].kind else { panic!() };
    let read: Vec<(&str, Option<&str>)> =
        args.iter().map(|a| (a.name.as_str(), a.default.as_ref().map(|d| d.unquoted.as_str()))).collect();
    assert_eq!(read, [("P", None), ("Q", Some("v w")), ("R", Some(""))]);
    assert_eq!(at(file, args[1].default.as_ref().unwrap().span()), "\"v w\"");
}

#[test]
fn flags_and_mounts() {
    let file = "FROM --platform=$P a AS Base
RUN --mount=type=secret,id=x,env=Y,target=/z --mount=from=q,src=/a --network=none make
COPY --from=Base --chown=\"1:2\" --chmod=600 --exclude=*.a --exclude=b --parents --link=false a b /c/
ADD --checksum=sha256:0 --keep-git-dir --unpack=false https://h/x /y
RUN --mount=type=secret,id=d/npmrc x
";
    let parsed = parse(file);
    let Kind::From(from) = &parsed.instructions[0].kind else { panic!() };
    let from = (from.image.as_str(), from.name.as_deref(), from.platform.as_deref());
    assert_eq!(from, ("a", Some("Base"), Some("$P")));
    let Kind::Run(run) = &parsed.instructions[1].kind else { panic!() };
    let secret = &run.mounts[0];
    assert_eq!(secret.mount_type(), Some(MountType::Secret));
    assert_eq!(at(file, secret.env().unwrap().span()), "Y");
    assert_eq!((secret.id().unwrap().as_str(), secret.secret_path().as_deref()), ("x", Some("/z")));
    assert_eq!(run.mounts[1].mount_type(), Some(MountType::Bind));
    assert_eq!(run.mounts[1].source().unwrap().as_str(), "/a");
    assert_eq!(run.network.as_deref(), Some("none"));
    let Kind::Copy(copy) = &parsed.instructions[2].kind else { panic!() };
    assert_eq!(
        (copy.parents, copy.files.link, copy.files.exclude.len(), copy.files.sources.len()),
        (true, false, 2, 2)
    );
    assert_eq!(copy.files.chown.as_deref(), Some("1:2"));
    assert_eq!((at(file, copy.files.destination.span()), copy.from.as_deref()), ("/c/", Some("Base")));
    let Kind::Add(add) = &parsed.instructions[3].kind else { panic!() };
    assert_eq!(
        (add.keep_git_dir, add.unpack, add.checksum.as_deref()),
        (true, Some(false), Some("sha256:0"))
    );
    let Kind::Run(run) = &parsed.instructions[4].kind else { panic!() };
    assert_eq!(run.mounts[0].secret_path().as_deref(), Some("/run/secrets/npmrc"));
    assert_eq!(parsed.instructions[2].flags[1].value.as_deref(), Some("1:2"));
}

#[test]
fn heredocs() {
    let file = "FROM a\nCOPY <<A <<-'B C' x /d/\n1\nA\n\t2\n\tB C\nRUN <<X cat >f && 4<<\\Y\nx $v\nX\ny\nY\nONBUILD RUN <<Z\nz\nZ\nRUN [\"a\", \"<<E\"]\nRUN <<-S\n\t\techo\n\tS\n";
    let parsed = parse(file);
    let copy = &parsed.instructions[1];
    let Kind::Copy(_) = &copy.kind else { panic!() };
    let sources = &copy.files().unwrap().sources;
    // Words are cut at blanks here, so the quoted name is no heredoc word among the sources.
    assert!(matches!(sources[0], Source::Heredoc(0)));
    assert_eq!((copy.heredocs[1].word.name.as_str(), copy.heredocs[1].word.expand), ("B C", false));
    assert_eq!((copy.heredocs[1].body.as_str(), copy.heredocs[1].content().as_str()), ("\t2\n", "2\n"));
    let run = &parsed.instructions[2];
    assert_eq!((run.heredocs[1].word.descriptor, run.heredocs[1].word.expand), (4, true));
    let script = run.script().unwrap();
    assert_eq!(script.as_str(), "<<X cat >f && 4<<\\Y\nx $v\nX\ny\nY");
    let x = script.find("$v").unwrap();
    assert_eq!(at(file, script.locate(x..x + 2)), "$v");
    let onbuild = parsed.instructions[3].innermost();
    assert_eq!((onbuild.heredocs.len(), onbuild.lines.last), (1, 14));
    assert_eq!(onbuild.script().unwrap().as_str(), "z\n");
    assert!(parsed.instructions[4].heredocs.is_empty());
    let script = parsed.instructions[5].script().unwrap();
    assert_eq!((script.as_str(), at(file, script.locate(0..4))), ("echo\n", "echo"));
}

#[test]
fn what_looks_like_a_heredoc() {
    for word in ["cat<<E", "\"<<E\"", "'<<E'", "<<<E", "<<", "<<-", "<<\"\"", "\\<<E", "<<E<"] {
        let parsed = parse(&format!("FROM a\nRUN x {word}\nRUN y\n"));
        assert_eq!(parsed.instructions.len(), 3, "{word}");
    }
    // A line that BuildKit cannot cut into words has no heredocs: what follows are instructions.
    for line in ["it's <<E", "${x^^} <<E", "${} <<E", "\" <<E"] {
        assert_eq!(parse(&format!("FROM a\nRUN {line}\nRUN y\n")).instructions.len(), 3, "{line}");
    }
    for line in ["$x <<E", "${x:-a b} <<E", "a\\'s <<E", "`x` <<E", "<<$E <<E", "<<E<<F <<E"] {
        let name = if line.starts_with("<<$") { "$E\nE" } else { "E" };
        assert_eq!(parse(&format!("FROM a\nRUN {line}\nRUN y\n{name}\n")).instructions.len(), 2, "{line}");
    }
}

#[test]
fn errors_name_kind_and_line_and_no_value() {
    let cases: &[(&str, u32, &str)] = &[
        ("", 1, "the Dockerfile cannot be empty"),
        ("\n# x\n", 2, "file with no instructions"),
        ("ARG A\n", 1, "dockerfile contains no stages to build"),
        ("FROM a\n\nFORM b\n", 3, "unknown instruction: FORM (did you mean FROM?)"),
        ("FROM a\nghp_0123456789abcdefghij\n", 2, "unknown instruction"),
        ("FROM a\nRUN [1]\n", 2, "when using JSON array syntax, arrays must be comprised of strings only"),
        ("FROM a\nENV A\n", 2, "ENV must have two arguments"),
        (
            "FROM a\nENV A=b s3cret\n",
            2,
            "Syntax error - can't find = in a word. Must be of the form: name=value",
        ),
        ("FROM a\nENV =b\n", 2, "ENV names can not be blank"),
        ("FROM a\nENV\n", 2, "ENV requires at least one argument"),
        ("FROM a\nARG =b\n", 2, "ARG names can not be blank"),
        ("FROM a\nCOPY --chmod a b\n", 2, "missing a value on flag: --chmod"),
        ("FROM a\nCOPY --from=a --from=b a b\n", 2, "duplicate flag specified: --from"),
        ("FROM a\nCOPY --link=maybe a b\n", 2, "expecting boolean value for flag --link"),
        ("FROM a\nCOPY --nope a b\n", 2, "unknown flag: --nope"),
        ("FROM a\nCOPY --S3cret=x a b\n", 2, "unknown flag"),
        (
            "FROM a\nCOPY a\n",
            2,
            "COPY requires at least two arguments, but only one was provided. Destination could not be determined",
        ),
        ("FROM a\nCOPY a <<E\nE\n", 2, "COPY cannot accept a heredoc as a destination"),
        (
            "FROM a AS 1\n",
            1,
            "invalid name for build stage: name can't start with a number or contain symbols",
        ),
        ("FROM a b\n", 1, "FROM requires either one or three arguments"),
        ("FROM a\nONBUILD ONBUILD RUN x\n", 2, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("FROM a\nONBUILD FROM x\n", 2, "FROM isn't allowed as an ONBUILD trigger"),
        ("FROM a\nONBUILD\n", 2, "ONBUILD requires at least one argument"),
        ("FROM a\nHEALTHCHECK NONE x\n", 2, "HEALTHCHECK NONE takes no arguments"),
        ("FROM a\nHEALTHCHECK CMD\n", 2, "Missing command after HEALTHCHECK CMD"),
        ("FROM a\nHEALTHCHECK s3cret\n", 2, "Unknown type in HEALTHCHECK (try CMD)"),
        ("FROM a\nSHELL bash -c\n", 2, "SHELL requires the arguments to be in JSON form"),
        ("FROM a\nUSER\n", 2, "USER requires exactly one argument"),
        ("FROM a\nVOLUME [\"\"]\n", 2, "VOLUME specified can not be an empty string"),
        (
            "FROM a\nRUN --mount=from=$x y\n",
            2,
            "'from' doesn't support variable expansion, define alias stage instead",
        ),
        ("FROM a\nRUN x <<E\ny\n", 2, "unterminated heredoc"),
        ("USER x\nFROM a\n", 1, "no build stage in current context"),
    ];
    for (file, line, text) in cases {
        let found = error(file.as_bytes());
        assert_eq!((found.0, found.1.as_str()), (*line, *text), "{file:?}");
        let all = format!("{:?}", Dockerfile::parse(file.as_bytes()));
        assert!(!all.contains("s3cret") && !all.contains("ghp_"), "{file:?}: {all}");
    }
}

#[test]
fn debug_output_holds_no_value() {
    let file = "FROM a\nENV A=s3cret\nRUN x s3cret <<E\ns3cret\nE\nCOPY <<s3cret /x\ns3cret\nLABEL s3cret=s3cret\nCMD [\"s3cret\"]\n";
    let parsed = parse(file);
    let resolution = parsed.resolve();
    let text = &parsed.instructions[2].text;
    let all = format!("{parsed:?} {:?} {:?}", resolution.bindings(), shell::parse(text));
    assert!(!all.contains("s3cret"), "{all}");
}

#[test]
fn lines_have_a_limit() {
    let fits = format!("FROM a\n# {}\n", "x".repeat(65_533));
    assert_eq!(parse(&fits).comments.len(), 1);
    let over = format!("FROM a\n# {}\n", "x".repeat(65_534));
    assert_eq!(
        error(over.as_bytes()),
        (2, "dockerfile line greater than max allowed size of 65535".to_owned())
    );
    // Only lines are limited, not the length of an instruction.
    let long = format!("FROM a\nRUN x{}\n", " \\\n y".repeat(100_000));
    assert_eq!(parse(&long).instructions[1].lines.last, 100_002);
}

#[test]
fn odd_bytes() {
    let parsed = Dockerfile::parse(b"FROM a\nRUN x\xff\xfe\0y\nCMD [\"\xe9\"]\n\xc2\xa0USER z\n").unwrap();
    let Kind::Run(run) = &parsed.instructions[1].kind else { panic!() };
    let CommandLine::Shell(text) = &run.command else { panic!() };
    assert_eq!(text.as_str(), "x\u{fffd}\u{fffd}\0y");
    assert_eq!(text.locate(text.len() - 1..text.len()), Span::new(15, 16));
    assert!(
        matches!(&parsed.instructions[2].kind, Kind::Cmd(CommandLine::Exec(words)) if words[0].as_str() == "\u{fffd}")
    );
    assert!(matches!(&parsed.instructions[3].kind, Kind::User(user) if user.as_str() == "z"));
}

#[test]
fn no_more_instructions_are_read_than_can_be_judged() {
    let file = |runs: usize| format!("FROM a\n{}", "RUN x\n".repeat(runs));
    assert_eq!(parse(&file(19_999)).instructions.len(), 20_000);
    let expected = (20_001, "more than 20000 instructions; none was checked".to_owned());
    assert_eq!(error(file(20_000).as_bytes()), expected);
    let commands = |n: usize| format!("FROM a\n{}", format!("RUN {}\n", "a&&b|c;".repeat(100)).repeat(n));
    assert_eq!(parse(&commands(100)).instructions.len(), 101);
    assert!(error(commands(130).as_bytes()).1.ends_with("more than 50000 shell commands; none was checked"));
}
