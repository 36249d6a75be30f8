//! Any bytes as a Dockerfile: reads it, expands its variables, lexes its commands and matches a history to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_dockerfile::{Dockerfile, Syntax, history, shell};

fuzz_target!(|file: &[u8]| {
    if let Ok(syntax) = Syntax::read(file) {
        let covered: usize = syntax.pieces.iter().map(|p| p.span.len()).sum();
        assert_eq!(covered, file.len());
    }
    let Ok(parsed) = Dockerfile::parse(file) else { return };
    let resolution = parsed.resolve();
    for (i, instruction) in parsed.instructions.iter().enumerate() {
        let _ = resolution.expand(i, &instruction.text);
        if let Some(script) = instruction.innermost().script() {
            shell::parse(&script).walk(&mut |_, command| assert!(command.span.end <= file.len()));
        }
    }
    let texts: Vec<&str> = parsed.instructions.iter().map(|i| i.text.as_str()).collect();
    let lines: Vec<history::HistoryLine<'_>> =
        texts.iter().map(|created_by| history::HistoryLine { created_by, empty_layer: false }).collect();
    assert_eq!(history::match_history(&parsed, None, &lines).len(), lines.len());
});
