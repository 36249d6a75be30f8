use proptest::prelude::*;

use super::*;

/// Uses everything that a file offers, so that nothing of it may panic.
fn exercise(file: &[u8]) {
    let Ok(syntax) = Syntax::read(file) else { return };
    let covered: Vec<u8> = syntax.pieces.iter().flat_map(|p| p.span.of(file)).copied().collect();
    assert_eq!(covered, file);
    let mut last = 0;
    for piece in &syntax.pieces {
        assert_eq!(piece.span.start, last);
        last = piece.span.end;
    }
    assert_eq!(last, file.len());
    for node in &syntax.nodes {
        assert!(node.span.end <= file.len() && node.lines.first <= node.lines.last);
        // Every character of a text is found again at its place.
        for (i, c) in node.text.char_indices() {
            let bytes = node.text.locate(i..i + c.len_utf8()).of(file);
            assert!(bytes == c.encode_utf8(&mut [0; 4]).as_bytes() || c == char::REPLACEMENT_CHARACTER);
        }
    }
    let Ok(parsed) = Dockerfile::parse(file) else { return };
    let resolution = parsed.resolve();
    for (i, instruction) in parsed.instructions.iter().enumerate() {
        let _ = resolution.expand(i, &instruction.text);
        let _ = resolution.args_at(i);
        if let Some(script) = instruction.innermost().script() {
            shell::parse(&script).walk(&mut |_, command| assert!(command.span.end <= file.len()));
        }
        for heredoc in &instruction.innermost().heredocs {
            let _ = resolution.expand_heredoc(i, &heredoc.content());
        }
    }
    for target in [None, Some("a"), Some("0")] {
        let _ = parsed.needed_stages(target);
        let lines: Vec<String> = parsed.instructions.iter().map(|i| i.text.to_string()).collect();
        let history: Vec<history::HistoryLine<'_>> =
            lines.iter().map(|created_by| history::HistoryLine { created_by, empty_layer: false }).collect();
        assert_eq!(history::match_history(&parsed, target, &history).len(), history.len());
    }
    let _ = parsed.external_images();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(file in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise(&file);
    }

    #[test]
    fn bytes_like_a_dockerfile(lines in prop::collection::vec(line(), 0..12), first in any::<bool>()) {
        let mut file = if first { b"FROM a AS a\n".to_vec() } else { Vec::new() };
        file.extend(lines.concat());
        exercise(&file);
    }
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        "FROM ",
        "from a",
        "RUN ",
        "COPY ",
        "ADD a ",
        "ENV ",
        "ENV A=",
        "ARG ",
        "ARG A=",
        "LABEL ",
        "ONBUILD RUN ",
        "CMD ",
        "HEALTHCHECK CMD ",
        "WORKDIR ",
        "# ",
        "# escape=",
        "\\",
        "E",
        "EXPOSE ",
        "SHELL [",
        "  ",
        "\u{feff}",
    ]);
    let piece = prop::sample::select(vec![
        "a",
        " ",
        "<<E",
        "<<-'E'",
        "$A",
        "${A:-",
        "}",
        "'",
        "\"",
        "\\",
        "`",
        "[\"a\"]",
        "--mount=type=secret,id=",
        "--from=a ",
        "=",
        "é",
        "\t",
        "&&",
        "|",
        ";",
        "(",
        ")",
        "$(",
        ">",
        "\r",
        "#",
        "/b",
        "\u{a0}",
        "${A#*",
        "//",
    ]);
    let end = prop::sample::select(vec!["\n", "\\\n", "\r\n", "", " \\ \n", "\nE\n"]);
    (start, prop::collection::vec(piece, 0..8), end, any::<Option<u8>>()).prop_map(
        |(start, pieces, end, odd)| {
            let mut line = start.as_bytes().to_vec();
            line.extend(pieces.concat().bytes());
            line.extend(odd.filter(|b| b % 16 == 0));
            line.extend(end.bytes());
            line
        },
    )
}
