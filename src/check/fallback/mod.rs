//! SW408: a program gives a variable that must be injected a default or an empty value. What is read are the forms in
//! which programs, shell scripts and compose files do that; everything else counts as no fallback.

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

use super::dockerfile::build::Build;
use super::image::{Examined, place};
use super::{Answers, Check, Context, InjectedSecret};
use crate::finding::{CheckMeta, Confidence, Finding, Fingerprint, Reads, Severity};
use language::{Language, Standing};
use seaworthy_image::layer::{Chunk, ContentKind, FileMeta, Part};
use seaworthy_source::{FileState, Origin, Place};

/// SW408, asked of build contexts and of images.
pub struct SilentFallback;

/// One for both families: the catalogue lists it once.
static META: CheckMeta = CheckMeta {
    id: "SW408",
    name: "silent-fallback",
    summary: "A program, a shell script or a compose file gives a required secret variable a default or an empty value.",
    why: "When the injection fails, the program does not: it runs on with the default, an empty password or a development key, and nobody is told.",
    fix: "Let a missing variable stop the start.",
    clause: "D.4.4",
    severity: Severity::High,
    reads: &[Reads::ContextFiles, Reads::Layers],
    tags: &["CWE-1188", "CWE-636"],
};

/// What kind of default a variable gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// The empty string.
    Empty,
    /// A value that stands in the file.
    Literal,
    /// Something whose name says that it is a default.
    Named,
}

impl Value {
    fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "an empty default",
            Self::Literal | Self::Named => "a default",
        }
    }
}

/// A form in which a program gives a default: how it is called, and what to write in its place.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    name: &'static str,
    fix: &'static str,
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
    variable: String,
    form: &'static Form,
    value: Value,
}

/// Whether there is a variable that must have no default.
fn is_watched(secrets: &[InjectedSecret]) -> bool {
    secrets.iter().any(|s| s.required && !s.variables.is_empty())
}

/// The variables that must have no default.
#[derive(Debug)]
pub struct Watch {
    names: Vec<String>,
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
        let names: Vec<String> = required.flat_map(|s| s.variables.iter().cloned()).collect();
        // The longest of names that begin alike is the one that stands there.
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&names).ok()?;
        Some(Self { names, finder })
    }

    /// Looks for defaults in one chunk. A name counts in the part whose core it begins in.
    pub fn examine(&self, chunk: &Chunk, found: &mut Vec<Fallback>) {
        for part in chunk.parts.iter().filter(|p| p.file.kind == ContentKind::File) {
            let bytes = chunk.bytes().get(part.bytes.clone()).unwrap_or_default();
            self.part(part, bytes, found);
        }
    }

    fn part(&self, part: &Part, bytes: &[u8], found: &mut Vec<Fallback>) {
        let path = part.file.path.as_bytes();
        let whole = part.offset == 0 && part.last;
        let head = if part.offset == 0 { bytes } else { &[] };
        let Some(language) = Language::of(path, head) else { return };
        let core = part.core.start - part.bytes.start..part.core.end - part.bytes.start;
        let hits: Vec<(usize, usize, usize)> = self
            .finder
            .find_iter(bytes)
            .map(|m| (m.pattern().as_usize(), m.start(), m.end()))
            .filter(|(_, start, end)| core.contains(start) && cursor::is_word(bytes, *start, *end))
            .collect();
        if hits.is_empty() || bytes.iter().take(1024).any(|b| *b == 0) {
            return;
        }
        let starts: Vec<usize> = hits.iter().map(|(_, start, _)| *start).collect();
        let live = liveness::of(language, bytes, part.offset == 0, &starts);
        for ((name, start, end), live) in hits.into_iter().zip(live) {
            let Some(seen) = live.then(|| read(language, bytes, start, end)).flatten() else { continue };
            let offset = part.offset + start as u64;
            found.push(Fallback {
                file: Arc::clone(&part.file),
                place: place(bytes, whole, start, offset),
                offset,
                variable: self.names.get(name).cloned().unwrap_or_default(),
                form: seen.form,
                value: seen.value,
            });
        }
    }
}

/// What a file of a language does with the variable whose name stands at `start..end`.
fn read(language: Language, bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    match language {
        Language::Shell | Language::Make => shell::read(language, bytes, start, end),
        Language::Compose | Language::Yaml | Language::Properties => yaml::read(language, bytes, start, end),
        Language::Go => go::read(bytes, start, end).or_else(|| call::read(language, bytes, start, end)),
        _ => call::read(language, bytes, start, end).or_else(|| keyword::read(language, bytes, start, end)),
    }
}

/// Makes the finding of a sighting, if the contract still asks for its variable.
fn finding(context: &Context<'_>, seen: &Fallback, origin: Origin, nth: usize) -> Option<Finding> {
    let variable = seen.variable.as_str();
    let secret = context.secrets.iter().find(|s| s.variables.iter().any(|v| v == variable))?;
    let path = seen.file.path.display();
    let mut notes = Vec::new();
    let (mut severity, mut confidence) = (META.severity, Confidence::High);
    if seen.value == Value::Named {
        confidence = Confidence::Medium;
    }
    if let Some(why) = Standing::of(seen.file.path.as_bytes()).why_low() {
        (severity, confidence) = (Severity::Low, Confidence::Low);
        notes.push(why.to_owned());
    }
    Some(Finding {
        check: META.id,
        detector: None,
        severity,
        confidence,
        message: format!(
            "{variable} gets {} where it is not set ({}), but the contract requires it at runtime ({})",
            seen.value.as_str(),
            seen.form.name,
            secret.handle
        ),
        fix: format!("{} {}", META.fix, seen.form.fix.replace("NAME", variable)),
        origin,
        secret: None,
        fingerprint: Fingerprint::new(context.key, META.id, "", &[&path, variable, &nth.to_string()], None),
        places: Vec::new(),
        notes,
    })
}

/// Puts sightings into the order of their places, so that reports do not depend on threads.
pub fn settle(found: &mut [Fallback]) {
    found.sort_by(|a, b| {
        (&a.file.path, a.file.ordinal, a.offset).cmp(&(&b.file.path, b.file.ordinal, b.offset))
    });
}

/// Counts the sightings of one variable in one file.
#[derive(Default)]
struct Count(std::collections::HashMap<(u64, String), usize>);

impl Count {
    fn next(&mut self, seen: &Fallback) -> usize {
        let count = self.0.entry((seen.file.ordinal, seen.variable.clone())).or_default();
        *count += 1;
        *count
    }
}

impl Check<Build<'_>> for SilentFallback {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn is_requested(&self, context: &Context<'_>) -> bool {
        is_watched(context.secrets)
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let mut count = Count::default();
        for seen in &build.context.facts.fallbacks {
            let file = usize::try_from(seen.file.ordinal).unwrap_or(usize::MAX);
            let origin = Origin { place: seen.place.clone(), ..build.context.origin(file) };
            let nth = count.next(seen);
            answers.findings.extend(finding(context, seen, origin, nth));
        }
    }
}

impl Check<Examined> for SilentFallback {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn is_requested(&self, context: &Context<'_>) -> bool {
        is_watched(context.secrets)
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            for (at, view) in image.layers.iter().enumerate() {
                let Some(facts) = &view.facts else { continue };
                // A layer that is listed again on top says all that there is to say.
                let again =
                    |l: &super::image::LayerView| l.facts.as_ref().is_some_and(|f| Arc::ptr_eq(f, facts));
                if image.layers.iter().skip(at + 1).any(again) {
                    continue;
                }
                let mut count = Count::default();
                for seen in &facts.fallbacks {
                    let origin = image.file(view, &seen.file, seen.place.clone());
                    let nth = count.next(seen);
                    // What no program can read any more gives no default.
                    if origin.state == Some(FileState::Final) {
                        answers.findings.extend(finding(context, seen, origin, nth));
                    }
                }
            }
        }
    }
}
