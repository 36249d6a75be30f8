//! Commands: separators, groups, reserved words and redirections.

use super::state::{Document, State};
use super::{
    Assignment, CommandKind, GroupKind, Keyword, Link, Quote, Redirection, RedirectionOperator, Script, Word,
    WordPart,
};
use crate::text::Text;

/// How deep substitutions and quotes may nest; beyond, text stays as characters.
const MAX_DEPTH: u32 = 24;
/// How deep groups may nest.
const MAX_GROUPS: usize = 64;

/// Longest arithmetic expression that is looked for, in bytes; a longer one is read as nested subshells.
const MAX_ARITHMETIC: usize = 512;

/// Reads one text.
pub(super) struct Lexer<'a> {
    pub(super) text: &'a Text,
    pub(super) at: usize,
    depth: u32,
    /// No backquote that opens from here on is closed.
    pub(super) no_backquote: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a Text, depth: u32) -> Self {
        Self { text, at: 0, depth, no_backquote: usize::MAX }
    }

    pub(super) fn rest(&self) -> &'a str {
        let text: &'a Text = self.text;
        text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn rest_before(&self, end: usize) -> &'a str {
        let text: &'a Text = self.text;
        text.get(..end).unwrap_or_default()
    }

    pub(super) fn peek_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    pub(super) fn enter(&mut self) -> bool {
        let deeper = self.depth < MAX_DEPTH;
        self.depth += u32::from(deeper);
        deeper
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Reads commands to the end of the text, or to the `)` that closes a substitution.
    pub(super) fn script(&mut self, closes: bool) -> Script {
        let mut state = State::default();
        loop {
            self.skip_blanks();
            if state.frames.last().is_some_and(|f| f.pattern) && state.command.is_empty() {
                self.pattern(&mut state);
                continue;
            }
            let Some(c) = self.peek_char() else { break };
            match c {
                '\n' => {
                    state.finish(self, Link::Sequence);
                    self.at += 1;
                    self.here_documents(&mut state);
                }
                '#' => self.comment(&mut state),
                ';' | '&' | '|' => self.separator(&mut state),
                '(' => self.open_parenthesis(&mut state),
                ')' if state.open(GroupKind::Subshell) => {
                    state.finish(self, Link::End);
                    self.at += 1;
                    state.close(self, GroupKind::Subshell);
                }
                ')' if closes => {
                    state.finish(self, Link::End);
                    self.at += 1;
                    return state.end(self);
                }
                '<' | '>' if self.rest().get(1..).unwrap_or_default().starts_with('(') => {
                    let word = self.process_substitution();
                    state.add(word);
                }
                '<' | '>' => self.redirection(&mut state, None),
                '0'..='9' if self.descriptor().is_some() => {
                    let descriptor = self.descriptor();
                    self.redirection(&mut state, descriptor);
                }
                _ => {
                    let word = self.word();
                    self.add_word(&mut state, word);
                }
            }
        }
        state.finish(self, Link::End);
        state.end(self)
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let length = match rest.as_bytes() {
                [b' ' | b'\t', ..] => 1,
                [b'\\', b'\n', ..] => 2,
                [b'\\', b'\r', b'\n', ..] => 3,
                [b'\r', b'\n', ..] | [b'\r'] => 1,
                _ => return,
            };
            self.at += length;
        }
    }

    fn comment(&mut self, state: &mut State) {
        let length = self.rest().find('\n').unwrap_or(self.rest().len());
        state.out.comments.push(self.text.locate(self.at..self.at + length));
        self.at += length;
    }

    fn separator(&mut self, state: &mut State) {
        let rest = self.rest();
        let (length, link) = match rest.as_bytes() {
            [b';', b';', b'&', ..] => (3, None),
            [b';', b';' | b'&', ..] => (2, None),
            [b';', ..] => (1, Some(Link::Sequence)),
            [b'&', b'&', ..] => (2, Some(Link::And)),
            [b'&', b'>', ..] => return self.redirection(state, None),
            [b'&', ..] => (1, Some(Link::Background)),
            [b'|', b'|', ..] => (2, Some(Link::Or)),
            [b'|', b'&', ..] => (2, Some(Link::PipeBoth)),
            _ => (1, Some(Link::Pipe)),
        };
        state.finish(self, link.unwrap_or(Link::Sequence));
        self.at += length;
        if link.is_none()
            && let Some(frame) = state.frames.last_mut()
        {
            frame.pattern = frame.kind == GroupKind::Case;
        }
    }

    fn open_parenthesis(&mut self, state: &mut State) {
        let start = self.at;
        let command = &state.command;
        let free = command.is_empty();
        if (free || command.kind == CommandKind::For)
            && let Some(end) = self.arithmetic_end(start)
        {
            self.at = end;
            state.command.kind = if free { CommandKind::Arithmetic } else { CommandKind::For };
            return state.add(self.raw_word(start));
        }
        if free && state.frames.len() < MAX_GROUPS {
            self.at += 1;
            return state.open_group(GroupKind::Subshell, start);
        }
        let named = matches!(command.kind, CommandKind::Simple | CommandKind::Function)
            && command.assignments.is_empty()
            && command.words.len() == if command.kind == CommandKind::Function { 2 } else { 1 };
        let after = self.rest().get(1..).unwrap_or_default().trim_start_matches([' ', '\t']);
        if named && after.starts_with(')') {
            self.at += self.rest().len() - after.len() + 1;
            state.command.kind = CommandKind::Function;
            return state.finish(self, Link::Sequence);
        }
        self.at += 1;
        state.add(self.raw_word(start));
    }

    /// The word from `start` to here, as it is written.
    fn raw_word(&self, start: usize) -> Word {
        let range = start..self.at;
        let text = self.text.slice(range.clone());
        let span = text.span();
        Word { parts: vec![WordPart::Literal { text, quote: Quote::None }], range, span }
    }

    /// The end of `((...))`, which starts at `start`, if that is what it is.
    pub(super) fn arithmetic_end(&self, start: usize) -> Option<usize> {
        let text: &'a Text = self.text;
        let rest = text.get(start..)?;
        if !rest.starts_with("((") {
            return None;
        }
        let mut open = 0_usize;
        let mut last = 0;
        for (i, b) in rest.bytes().enumerate().take(MAX_ARITHMETIC) {
            match b {
                b'(' => open += 1,
                b')' if open == 1 => return (last == b')').then_some(start + i + 1),
                b')' => open -= 1,
                _ => {}
            }
            last = b;
        }
        None
    }

    /// The digits before a redirection's operator.
    fn descriptor(&self) -> Option<u32> {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let operator = matches!(rest.as_bytes().get(digits), Some(b'<' | b'>'));
        rest.get(..digits).unwrap_or_default().parse().ok().filter(|_| operator)
    }

    fn redirection(&mut self, state: &mut State, descriptor: Option<u32>) {
        use RedirectionOperator::{
            Append, AppendBoth, Clobber, DuplicateInput, DuplicateOutput, HereDocument, HereDocumentTabs,
            HereString, Read, ReadWrite, Write, WriteBoth,
        };
        let start = self.at;
        if descriptor.is_some() {
            self.at += self.rest().bytes().take_while(u8::is_ascii_digit).count();
        }
        let (length, operator) = match self.rest().as_bytes() {
            [b'&', b'>', b'>', ..] => (3, AppendBoth),
            [b'&', ..] => (2, WriteBoth),
            [b'>', b'>', ..] => (2, Append),
            [b'>', b'|', ..] => (2, Clobber),
            [b'>', b'&', ..] => (2, DuplicateOutput),
            [b'>', ..] => (1, Write),
            [b'<', b'<', b'<', ..] => (3, HereString),
            [b'<', b'<', b'-', ..] => (3, HereDocumentTabs),
            [b'<', b'<', ..] => (2, HereDocument),
            [b'<', b'&', ..] => (2, DuplicateInput),
            [b'<', b'>', ..] => (2, ReadWrite),
            _ => (1, Read),
        };
        self.at += length;
        self.skip_blanks();
        let target = match self.peek_char() {
            Some('<' | '>') if self.rest().get(1..).unwrap_or_default().starts_with('(') => {
                self.process_substitution()
            }
            None | Some('\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')') => {
                Word { span: self.text.locate(self.at..self.at), range: self.at..self.at, ..Word::default() }
            }
            Some(_) => self.word(),
        };
        let place = state.redirections();
        if matches!(operator, HereDocument | HereDocumentTabs) && !target.range.is_empty() {
            // Nothing is expanded in a delimiter.
            let written = self.text.get(target.range.clone()).unwrap_or_default();
            let delimiter = target.literal().unwrap_or_else(|| written.to_owned());
            let quoted = written != delimiter;
            state.documents.push(Document { delimiter, tabs: operator == HereDocumentTabs, quoted, place });
        }
        let span = self.text.locate(start..self.at);
        state.redirect(Redirection { descriptor, operator, target, body: None, span }, start, self.at);
    }

    /// Reads the lines of the here-documents that the line before opened.
    fn here_documents(&mut self, state: &mut State) {
        for document in std::mem::take(&mut state.documents) {
            let start = self.at;
            let mut end = None;
            let mut at = start;
            for line in self.rest().split_inclusive('\n') {
                let mut content = line.trim_end_matches(['\r', '\n']);
                if document.tabs {
                    content = content.trim_start_matches('\t');
                }
                if content == document.delimiter {
                    end = Some((at, at + line.len()));
                    break;
                }
                at += line.len();
            }
            // Without its last line, a here-document holds the rest of the text.
            let (end, next) = end.unwrap_or((self.text.len(), self.text.len()));
            let body = self.here_document(end, document.quoted);
            self.at = next;
            state.set_body(document.place, body);
        }
    }

    fn add_word(&mut self, state: &mut State, word: Word) {
        let free = state.command.is_empty();
        let name =
            if free || state.command.kind != CommandKind::Simple { reserved_name(&word) } else { None };
        match (state.command.kind, name) {
            (CommandKind::Case, Some("in")) if state.command.words.len() >= 2 => {
                let start = word.range.start;
                state.add(word);
                state.finish(self, Link::Sequence);
                if state.frames.len() < MAX_GROUPS {
                    state.open_group(GroupKind::Case, start);
                }
            }
            (CommandKind::Test, _) => state.add(word),
            (CommandKind::Function, Some("{")) => {
                state.finish(self, Link::Sequence);
                state.open_group(GroupKind::Brace, word.range.start);
            }
            (CommandKind::Simple, Some(name)) if free => self.reserved(state, name, word),
            _ => {
                let first = free || (state.command.words.is_empty() && !state.command.assignments.is_empty());
                if first && let Some(mut assignment) = word.assignment() {
                    self.array(&mut assignment);
                    return state.assign(assignment, word.range.start, self.at);
                }
                state.add(word);
            }
        }
    }

    /// A reserved word where a command may start.
    fn reserved(&mut self, state: &mut State, name: &str, word: Word) {
        let start = word.range.start;
        let kind = match name {
            "if" => Some(GroupKind::If),
            "while" | "until" | "for" | "select" => Some(GroupKind::Loop),
            "{" => Some(GroupKind::Brace),
            _ => None,
        };
        if let Some(kind) = kind
            && state.frames.len() < MAX_GROUPS
        {
            state.open_group(kind, start);
            state.keyword = match name {
                "if" => Some(Keyword::If),
                "while" => Some(Keyword::While),
                "until" => Some(Keyword::Until),
                _ => None,
            };
            if matches!(name, "for" | "select") {
                state.command.kind = CommandKind::For;
                state.add(word);
            }
            return;
        }
        match name {
            "then" if state.open(GroupKind::If) => state.keyword = Some(Keyword::Then),
            "elif" if state.open(GroupKind::If) => state.keyword = Some(Keyword::Elif),
            "else" if state.open(GroupKind::If) => state.keyword = Some(Keyword::Else),
            "do" if state.open(GroupKind::Loop) => state.keyword = Some(Keyword::Do),
            "fi" if state.open(GroupKind::If) => state.close(self, GroupKind::If),
            "done" if state.open(GroupKind::Loop) => state.close(self, GroupKind::Loop),
            "esac" if state.open(GroupKind::Case) => state.close(self, GroupKind::Case),
            "}" if state.open(GroupKind::Brace) => state.close(self, GroupKind::Brace),
            "!" => state.negated = !state.negated,
            "case" => {
                state.command.kind = CommandKind::Case;
                state.add(word);
            }
            "function" => {
                state.command.kind = CommandKind::Function;
                state.add(word);
            }
            "[[" => {
                state.command.kind = CommandKind::Test;
                state.add(word);
                self.test(state);
            }
            _ => state.add(word),
        }
    }

    /// The words of `[[ ... ]]`, where operators are words.
    fn test(&mut self, state: &mut State) {
        loop {
            self.skip_blanks();
            let Some(c) = self.peek_char() else { return };
            let start = self.at;
            match c {
                '\n' => self.at += 1,
                '&' | '|' | '<' | '>' | '(' | ')' | ';' => {
                    let run = self.rest().bytes().take(2).take_while(|b| char::from(*b) == c).count();
                    self.at += run.max(1);
                    state.add(self.raw_word(start));
                }
                _ => {
                    let word = self.word();
                    let ends = word.literal().as_deref() == Some("]]");
                    state.add(word);
                    if ends {
                        return;
                    }
                }
            }
        }
    }

    /// The elements of `NAME=(a b)`, which follow the assignment.
    fn array(&mut self, assignment: &mut Assignment) {
        if !self.rest().starts_with('(') || assignment.value.range.end != self.at {
            return;
        }
        let open = self.at;
        self.at += 1;
        loop {
            self.skip_blanks();
            let start = self.at;
            match self.peek_char() {
                None => break,
                Some(')') => {
                    self.at += 1;
                    break;
                }
                Some('\n') => self.at += 1,
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                Some(_) => {
                    let word = self.word();
                    if assignment.value.parts.last().is_some() {
                        let text = self.text.slice(start - 1..start);
                        assignment.value.parts.push(WordPart::Literal { text, quote: Quote::None });
                    }
                    assignment.value.parts.extend(word.parts);
                }
            }
        }
        assignment.value.range.end = self.at;
        assignment.value.span.end = self.text.locate(open..self.at).end;
        assignment.span.end = assignment.value.span.end;
    }

    /// The patterns of a branch of a `case`, or its end.
    fn pattern(&mut self, state: &mut State) {
        let start = self.at;
        let mut words = Vec::new();
        let mut opened = false;
        loop {
            self.skip_blanks();
            match self.peek_char() {
                Some('\n') if words.is_empty() => self.at += 1,
                Some('#') if words.is_empty() => self.comment(state),
                Some('(') if words.is_empty() && !opened => {
                    opened = true;
                    self.at += 1;
                }
                Some('|') => self.at += 1,
                Some(')') => {
                    self.at += 1;
                    break;
                }
                None | Some('\n' | ';' | '&' | '<' | '>' | '(') => break,
                Some(_) => {
                    let word = self.word();
                    if words.is_empty() && !opened && reserved_name(&word) == Some("esac") {
                        return state.close(self, GroupKind::Case);
                    }
                    words.push(word);
                }
            }
        }
        if let Some(frame) = state.frames.last_mut() {
            frame.pattern = false;
        }
        if !words.is_empty() {
            state.command.kind = CommandKind::Pattern;
            state.command.start = Some(start);
            state.command.end = self.at;
            state.command.words = words;
            state.finish(self, Link::Sequence);
        }
    }
}

/// The words that mean something where a command may start.
const RESERVED: [&str; 19] = [
    "!", "[[", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select",
    "then", "until", "while", "{", "}",
];

/// The reserved word that an unquoted word is.
fn reserved_name(word: &Word) -> Option<&'static str> {
    match word.parts.as_slice() {
        [WordPart::Literal { text, quote: Quote::None }] if text.len() == word.range.len() => {
            RESERVED.into_iter().find(|r| *r == text.as_str())
        }
        _ => None,
    }
}
