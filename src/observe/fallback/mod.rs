//! Code that reads variables: where a program gives a variable that must be injected a default or an empty value. What is
//! read are the forms in which programs, shell scripts and compose files do that; everything else counts as no fallback.

mod call;
mod cursor;
mod go;
mod keyword;
mod language;
mod liveness;
mod shell;
#[cfg(test)]
mod tests;
mod yaml;

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::InjectedSecret;
use super::place::Places;
use language::Language;
pub(crate) use language::Standing;
use seaworthy_image::layer::{Chunk, ContentKind, FileMeta, Part};
use seaworthy_source::Place;

/// What kind of default a variable gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// The empty string.
    Empty,
    /// A value that stands in the file.
    Literal,
    /// Something whose name says that it is a default.
    Named,
}

impl Value {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "an empty default",
            Self::Literal | Self::Named => "a default",
        }
    }
}

/// A form in which a program gives a default: how it is called, and what to write in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) fix: &'static str,
}

/// What a reader of a language recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    form: &'static Form,
    value: Value,
}

/// A place where a variable gets a default. The default itself is not kept.
#[derive(Clone, Debug)]
pub struct Fallback {
    /// The file.
    pub file: Arc<FileMeta>,
    /// Line and column of the variable's name.
    pub place: Place,
    /// Offset of the name in the file, in bytes.
    pub offset: u64,
    pub(crate) variable: String,
    pub(crate) form: &'static Form,
    pub(crate) value: Value,
}

/// Whether there is a variable that must have no default.
pub(crate) fn is_watched(secrets: &[InjectedSecret]) -> bool {
    secrets.iter().any(|s| s.required && !s.variables.is_empty())
}

/// The variables that must have no default.
#[derive(Debug)]
pub struct Watch {
    /// The names, and after them those of Python's settings: the same in small letters.
    names: Vec<String>,
    /// How many of them are the variables' own.
    own: usize,
    finder: AhoCorasick,
}

impl Watch {
    /// The variables of all required secrets; nothing if there are none. A contract whose names are too many for one
    /// automaton gives nothing, too, which its size limit rules out.
    pub fn new(secrets: &[InjectedSecret]) -> Option<Self> {
        if !is_watched(secrets) {
            return None;
        }
        let required = secrets.iter().filter(|s| s.required);
        let mut names: Vec<String> = required.flat_map(|s| s.variables.iter().cloned()).collect();
        let own = names.len();
        let small: Vec<String> =
            names.iter().map(|n| n.to_lowercase()).filter(|n| !names.contains(n)).collect();
        names.extend(small);
        // The longest of names that begin alike is the one that stands there.
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&names).ok()?;
        Some(Self { names, own, finder })
    }

    /// Looks for defaults in one chunk. A name counts in the part whose core it begins in.
    pub fn examine(&self, chunk: &Chunk, found: &mut Vec<Fallback>) {
        for part in chunk.parts.iter().filter(|p| p.file.kind == ContentKind::File) {
            let bytes = chunk.bytes().get(part.bytes.clone()).unwrap_or_default();
            self.part(part, bytes, found);
        }
    }

    /// The variable that a name stands for.
    fn variable(&self, name: usize) -> String {
        let found = self.names.get(name).cloned().unwrap_or_default();
        let own = self.names.iter().take(self.own).find(|own| own.to_lowercase() == found);
        own.filter(|_| name >= self.own).cloned().unwrap_or(found)
    }

    fn part(&self, part: &Part, bytes: &[u8], found: &mut Vec<Fallback>) {
        let path = part.file.name();
        let whole = part.offset == 0 && part.last;
        let head = if part.offset == 0 { bytes } else { &[] };
        let Some(language) = Language::of(path, head) else { return };
        let core = part.core.start - part.bytes.start..part.core.end - part.bytes.start;
        let hits: Vec<(usize, usize, usize)> = self
            .finder
            .find_iter(bytes)
            .map(|m| (m.pattern().as_usize(), m.start(), m.end()))
            .filter(|(name, ..)| *name < self.own || language == Language::Python)
            .filter(|(_, start, end)| core.contains(start) && cursor::is_word(bytes, *start, *end))
            .collect();
        if hits.is_empty() || bytes.iter().take(1024).any(|b| *b == 0) {
            return;
        }
        let starts: Vec<usize> = hits.iter().map(|(_, start, _)| *start).collect();
        let live = liveness::live_places(language, bytes, part.offset == 0, &starts);
        let places = Places::new(bytes, whole);
        for ((name, start, end), live) in hits.into_iter().zip(live) {
            let seen = match name < self.own {
                true => live.then(|| seen_at(language, bytes, start, end)).flatten(),
                false => live.then(|| keyword::setting(bytes, start, end)).flatten(),
            };
            let Some(seen) = seen else { continue };
            let offset = part.offset + start as u64;
            found.push(Fallback {
                file: Arc::clone(&part.file),
                place: places.place(start, offset),
                offset,
                variable: self.variable(name),
                form: seen.form,
                value: seen.value,
            });
        }
    }
}

/// What a file of a language does with the variable whose name stands at `start..end`.
fn seen_at(language: Language, bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    match language {
        Language::Shell | Language::Make => shell::seen_at(language, bytes, start, end),
        Language::Compose | Language::Yaml | Language::Properties => {
            yaml::seen_at(language, bytes, start, end)
        }
        Language::Go => go::seen_at(bytes, start, end).or_else(|| call::seen_at(language, bytes, start, end)),
        _ => call::seen_at(language, bytes, start, end)
            .or_else(|| keyword::seen_at(language, bytes, start, end)),
    }
}

/// Puts sightings into the order of their places, so that reports do not depend on threads.
pub fn settle(found: &mut [Fallback]) {
    found.sort_by(|a, b| {
        (&a.file.path, a.file.ordinal, a.file.inside(), a.offset).cmp(&(
            &b.file.path,
            b.file.ordinal,
            b.file.inside(),
            b.offset,
        ))
    });
}
