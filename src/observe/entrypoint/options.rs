//! Which options and subcommands a script of another language than Python knows, by its text.

use super::cli::{Argument, Row};
use super::filesystem::Filesystem;

/// The text of a script, if it was kept.
pub(crate) struct Source<'s> {
    text: Option<&'s str>,
}

impl<'s> Source<'s> {
    /// One file.
    pub(crate) fn file(filesystem: &Filesystem<'s>, path: &[u8]) -> Self {
        Self { text: filesystem.text(path) }
    }

    /// Why it is not known whether the script takes a row: what of it does not stand in the text. Nothing if all of it
    /// does.
    pub(crate) fn unknown(&self, row: &Row, language: &str) -> Option<String> {
        if row.is_empty() {
            return None;
        }
        let Some(text) = self.text else {
            return Some("its source was not kept".to_owned());
        };
        let is_name = |w: &str| w.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let mut first = true;
        let mut missing: Vec<&str> = Vec::new();
        for argument in &row.required {
            let is_first = std::mem::take(&mut first);
            match argument {
                Argument::Option(name) if !knows_option(text, name) => missing.push(name),
                Argument::Word(word) if word.starts_with("--") && word.len() > 2 => {
                    let name = word.split('=').next().unwrap_or_default();
                    if !knows_option(text, name) {
                        missing.push(name);
                    }
                }
                Argument::Word(word) if is_first && is_name(word) && !is_quoted_word(text, word) => {
                    missing.push(word);
                }
                _ => {}
            }
        }
        missing.extend(row.optional.iter().map(String::as_str).filter(|o| !knows_option(text, o)));
        if missing.is_empty() {
            return None;
        }
        missing.dedup();
        Some(format!(
            "whether it knows {} is not known: the options of a {language} file are only known where they are written out",
            missing.join(", ")
        ))
    }
}

/// Whether a text has an option as a word of its own in quotes, or as a pattern of a shell's `case`.
fn knows_option(text: &str, option: &str) -> bool {
    let name = option.trim_start_matches('-');
    let is_shown = |at: usize| is_shown(text, at) && !is_comment(text, at);
    text.match_indices(option)
        .any(|(at, _)| is_quoted(text, at, option) && !is_comment(text, at) || is_shown(at))
        || text.contains(&format!(".option(\"{name}\""))
        || text.contains(&format!(".option('{name}'"))
}

fn is_quoted_word(text: &str, word: &str) -> bool {
    [format!("\"{word}\""), format!("'{word}'"), format!("{word})")].iter().any(|q| text.contains(q.as_str()))
}

/// Whether an option stands somewhere in a text as a word.
fn is_shown(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    matches!(before, Some('"' | '\'' | '/' | ' ' | '|' | '(' | '\t' | '\n' | ',' | '['))
}

/// Whether an option, or a longer one that begins so, is all of a text in quotes, or one of the names in it that a slash
/// sets apart: `"--shout/--no-shout"`. In a docstring or a message it is not.
fn is_quoted(text: &str, at: usize, option: &str) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let opens = |quote: char| before.ends_with(quote) && !before.ends_with(&String::from(quote).repeat(3));
    let rest = text.get(at + option.len()..).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let closes = rest.trim_start_matches(' ').starts_with('/') || rest.starts_with(['"', '\'', '=']);
    let apart = before.trim_end_matches(' ').ends_with('/');
    (opens('"') || opens('\'') || apart) && closes
}

fn is_comment(text: &str, at: usize) -> bool {
    let line = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    // A `#` in quotes begins none.
    let mut quote = None;
    line.chars().any(|c| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        quote.is_none() && c == '#'
    })
}
