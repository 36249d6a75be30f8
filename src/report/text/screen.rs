//! Lines on a terminal: a label at the left edge, text wrapped beside it, colour only where it is asked for.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use unicode_width::UnicodeWidthStr as _;

use crate::finding::Severity;

/// Width of the labels' column.
const GUTTER: usize = 11;
/// The narrowest screen that text is wrapped for.
const NARROWEST: usize = 20;

/// Characters of the longest word that is shown as a whole: ARNs and digests are, names made to break the layout are not.
const MAX_WORD: usize = 160;
/// The same on a line that is copied, such as a command or an element of a policy.
const MAX_CODE_WORD: usize = 1_024;
/// Characters that are left of a longer one, and how many of them are its end.
const CUT_TO: usize = 80;
const CUT_END: usize = 20;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const OPEN: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const LINK: Style = AnsiColor::Cyan.on_default();

/// The style of a severity's word.
pub(super) fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => BAD,
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Blue.on_default(),
    }
}

/// A piece of text in one style.
pub(super) type Piece = (Style, String);

/// Where the lines go.
pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    color: bool,
    width: usize,
    /// Whether names that would break the layout are cut.
    cuts: bool,
}

impl<'a> Screen<'a> {
    pub(super) fn new(out: &'a mut dyn Write, color: bool, width: usize) -> Self {
        Self { out, color, width: width.max(NARROWEST), cuts: true }
    }

    /// Shows every name as a whole, however long.
    pub(super) fn keep_names(&mut self) {
        self.cuts = false;
    }

    /// The pieces with words of more than `limit` characters cut in the middle.
    fn cut(&self, pieces: &[Piece], limit: usize) -> Vec<Piece> {
        let is_long = |text: &str| self.cuts && text.len() > limit;
        pieces
            .iter()
            .map(|(style, text)| match is_long(text) {
                true => {
                    (*style, text.split(' ').map(|word| cut_word(word, limit)).collect::<Vec<_>>().join(" "))
                }
                false => (*style, text.clone()),
            })
            .collect()
    }

    /// Columns that lines may have.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Pieces of a first line, then text that is wrapped: lines after the first begin at column `indent`.
    pub(super) fn wrapped(&mut self, first: &[Piece], indent: usize, pieces: &[Piece]) -> io::Result<()> {
        let indent = indent.min(self.width / 3);
        let (first, pieces) = (&self.cut(first, MAX_WORD), &self.cut(pieces, MAX_WORD));
        // What does not fit beside its mark is wrapped like the rest.
        let widths = first.iter().map(|(_, text)| text.width() + 1).sum::<usize>();
        let marks = if widths > self.width { first.len().min(1) } else { first.len() };
        let (first, wrapped) = first.split_at(marks);
        let pieces = [wrapped, pieces].concat();
        let used: usize = first.iter().map(|(_, text)| text.width() + 1).sum();
        // The first line has less room: a word as long as what stands there already holds its place.
        let lines = wrap(&pieces, self.width.saturating_sub(indent), used.saturating_sub(indent));
        for (i, line) in lines.into_iter().enumerate() {
            match i {
                0 => {
                    for (at, (style, text)) in first.iter().enumerate() {
                        self.paint(*style, &format!("{}{text}", if at > 0 { " " } else { "" }))?;
                    }
                    if !first.is_empty() && !line.is_empty() {
                        write!(self.out, " ")?;
                    }
                }
                _ => write!(self.out, "{}", " ".repeat(indent))?,
            }
            for (style, text) in line {
                self.paint(style, &text)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A line of its own, from the left edge, not wrapped.
    pub(super) fn heading(&mut self, pieces: &[Piece]) -> io::Result<()> {
        for (i, (style, text)) in self.cut(pieces, MAX_CODE_WORD).iter().enumerate() {
            self.paint(*style, &format!("{}{text}", if i > 0 { " " } else { "" }))?;
        }
        writeln!(self.out)
    }

    /// A labelled paragraph. Pieces are set apart by a space; a line feed in one starts a new line.
    pub(super) fn entry(&mut self, style: Style, label: &str, pieces: &[Piece]) -> io::Result<()> {
        let pieces = self.cut(pieces, MAX_WORD);
        self.beside(style, label, wrap(&pieces, self.width.saturating_sub(GUTTER + 2), 0))
    }

    fn beside(&mut self, style: Style, label: &str, lines: Vec<Vec<Piece>>) -> io::Result<()> {
        for (i, line) in lines.into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            if line.is_empty() && label.is_empty() {
                self.blank()?;
                continue;
            }
            let pad = " ".repeat(GUTTER.saturating_sub(label.chars().count()));
            self.paint(style, label)?;
            write!(self.out, "{pad}  ")?;
            for (style, text) in line {
                self.paint(style, &text)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// A labelled paragraph of one style.
    pub(super) fn say(&mut self, label: &str, text: impl Into<String>) -> io::Result<()> {
        self.entry(DIM, label, &[(PLAIN, text.into())])
    }

    fn paint(&mut self, style: Style, text: &str) -> io::Result<()> {
        match self.color && style != PLAIN && !text.is_empty() {
            true => write!(self.out, "{style}{text}{style:#}"),
            false => write!(self.out, "{text}"),
        }
    }
}

/// A word of more than `limit` characters with its middle left out; its end may be a line and a column.
fn cut_word(word: &str, limit: usize) -> String {
    let count = word.chars().count();
    if count <= limit {
        return word.to_owned();
    }
    let (head, tail) = (CUT_TO - CUT_END - 1, count - CUT_END);
    word.chars().take(head).chain(['…']).chain(word.chars().skip(tail)).collect()
}

/// Breaks pieces into lines of at most `room` columns, between words; a longer word has a line of its own. `taken`
/// columns of the first line are in use already.
fn wrap(pieces: &[Piece], room: usize, taken: usize) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    let mut room_here = room.saturating_sub(taken);
    for (style, text) in pieces {
        for (i, paragraph) in text.split('\n').enumerate() {
            if i > 0 {
                lines.push(Vec::new());
                (used, room_here) = (0, room);
            }
            for word in paragraph.split(' ').filter(|w| !w.is_empty()) {
                let length = word.width();
                let full = if used > 0 {
                    used + 1 + length > room_here
                } else {
                    length > room_here && room_here < room
                };
                if full {
                    lines.push(Vec::new());
                    (used, room_here) = (0, room);
                }
                if let Some(line) = lines.last_mut() {
                    append(line, *style, word);
                }
                used += length + usize::from(used > 0);
            }
        }
    }
    lines
}

/// Adds a word to a line, joined to what is there in the same style.
fn append(line: &mut Vec<Piece>, style: Style, word: &str) {
    match line.last_mut() {
        Some((last, text)) if *last == style => {
            text.push(' ');
            text.push_str(word);
        }
        Some((_, text)) => {
            text.push(' ');
            line.push((style, word.to_owned()));
        }
        None => line.push((style, word.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(color: bool, pieces: &[Piece]) -> String {
        let mut out = Vec::new();
        Screen::new(&mut out, color, 40).entry(BOLD, "label", pieces).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_wrapped_beside_its_label() {
        let text = shown(false, &[(PLAIN, "one two three four five six seven eight".to_owned())]);
        assert_eq!(text, "label        one two three four five six\n             seven eight\n");
    }

    #[test]
    fn names_that_break_the_layout_are_cut_and_keep_their_line() {
        let name = format!("{}.env:4:7", "n".repeat(9_000));
        let show = |keep: bool| {
            let mut out = Vec::new();
            let mut screen = Screen::new(&mut out, false, 100);
            if keep {
                screen.keep_names();
            }
            screen.wrapped(&[(LINK, "  -->".to_owned())], 6, &[(LINK, name.clone())]).unwrap();
            screen.heading(&[(BOLD, format!("docker build --secret src={name} ."))]).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(show(false).lines().all(|l| l.chars().count() <= 120), "{}", show(false));
        assert!(show(false).contains("n….env:4:7") || show(false).contains(".env:4:7"));
        assert!(show(true).contains(&name));
    }

    #[test]
    fn escapes_come_with_colour_alone() {
        assert!(!shown(false, &[(BAD, "x".to_owned())]).contains('\u{1b}'));
        assert!(shown(true, &[(BAD, "x".to_owned())]).contains("\u{1b}["));
    }

    proptest! {
        #[test]
        fn wrapping_loses_no_word_and_keeps_to_the_room(
            words in prop::collection::vec("[a-z]{1,12}", 0..40),
            room in 12_usize..60,
        ) {
            let pieces: Vec<Piece> = words
                .iter()
                .enumerate()
                .map(|(i, w)| (if i % 3 == 0 { BOLD } else { PLAIN }, w.clone()))
                .collect();
            let lines: Vec<String> =
                wrap(&pieces, room, 0).into_iter().map(|l| l.into_iter().map(|p| p.1).collect()).collect();
            prop_assert!(lines.iter().all(|l| l.chars().count() <= room));
            let back: Vec<&str> = lines.iter().flat_map(|l| l.split(' ')).filter(|w| !w.is_empty()).collect();
            prop_assert_eq!(back, words);
        }
    }
}
