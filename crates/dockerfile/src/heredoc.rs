//! Heredocs of `RUN`, `COPY` and `ADD`: the words that open them and the lines that they hold.

use super::error::{Error, ErrorKind};
use super::expand;
use super::lines::Lines;
use super::text::{Text, TextBuilder};
use super::words;
use seaworthy_source::Span;

/// A heredoc.
#[derive(Clone, Debug)]
pub struct Heredoc {
    /// What opens it.
    pub word: HeredocWord,
    /// Its lines, with their line ends, as they stand in the file (`<<-` takes no tabs off here).
    pub body: Text,
    /// The terminator's line, without its line end.
    pub terminator: Span,
}

/// The word that opens a heredoc: `<<EOF`, `3<<-"E O F"`.
#[derive(Clone, Debug)]
pub struct HeredocWord {
    /// The word as written.
    pub text: Text,
    /// The name without quotes: the line that ends the heredoc.
    pub name: Text,
    /// The file descriptor before `<<`; 0 if none is given.
    pub descriptor: u32,
    /// Whether variables in the body are expanded: no part of the name is quoted.
    pub expand: bool,
    /// Whether leading tabs are taken off (`<<-`).
    pub strip_tabs: bool,
}

/// The heredoc words of a logical line. Lexed with the backslash as escape, whatever the escape directive says.
pub(super) fn words(line: &Text) -> Result<Vec<HeredocWord>, ErrorKind> {
    let mut found = Vec::new();
    for range in expand::shell_words(line) {
        if let Some(word) = word(&line.slice(range))? {
            found.push(word);
        }
    }
    Ok(found)
}

/// Reads one shell word as a heredoc word: digits, `<<`, perhaps `-` and space, then a name without `<`.
pub(super) fn word(text: &Text) -> Result<Option<HeredocWord>, ErrorKind> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = text.get(digits..).unwrap_or_default().strip_prefix("<<") else { return Ok(None) };
    let (strip_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let name = text.slice(text.len() - rest.len()..text.len());
    let Some(quoted) = expand::single_word(&name).map_err(ErrorKind::HeredocName)? else {
        return Ok(None);
    };
    let name = words::unquote(&name, '\\');
    let descriptor = text.get(..digits).unwrap_or_default().parse().unwrap_or_default();
    Ok(Some(HeredocWord { text: text.clone(), name, descriptor, expand: !quoted, strip_tabs }))
}

impl Heredoc {
    /// Reads the body; `None` when the file ends before the terminator.
    pub(super) fn read(word: HeredocWord, lines: &mut Lines<'_>) -> Result<Option<Self>, Error> {
        let start = lines.offset();
        while let Some(line) = lines.next_line()? {
            let mut candidate = line.content;
            while let ([b'\t', tail @ ..], true) = (candidate, word.strip_tabs) {
                candidate = tail;
            }
            if candidate == word.name.as_bytes() {
                let bytes = lines.file().get(start..line.start).unwrap_or_default();
                let mut body = TextBuilder::with_capacity(bytes.len());
                body.push_bytes(bytes, start);
                let terminator = Span::new(line.start, line.start + line.content.len());
                return Ok(Some(Self { word, body: body.finish(start), terminator }));
            }
        }
        Ok(None)
    }

    /// What a program reads: the body, without leading tabs if the heredoc strips them.
    pub fn content(&self) -> Text {
        if !self.word.strip_tabs {
            return self.body.clone();
        }
        let mut out = TextBuilder::with_capacity(self.body.len());
        let mut at = 0;
        for line in self.body.split_inclusive('\n') {
            let tabs = line.len() - line.trim_start_matches('\t').len();
            out.push_text(&self.body, at + tabs..at + line.len());
            at += line.len();
        }
        out.finish(self.body.span().start)
    }
}
