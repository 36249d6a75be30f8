//! Secrets in short texts: history entries, variables, labels, arguments. Two things give one away: its own form, and
//! the name that it is given to.

use std::ops::Range;

use super::Context;
use crate::detect::validate::{Likelihood, is_secret_name, judge_assignment};
use crate::detect::{Piece, Scratch};
use crate::finding::{Confidence, SecretMark, Severity};
use crate::rule::Rules;

/// A secret in a text, without its value.
#[derive(Clone, Debug)]
pub struct TextSecret {
    /// The detector, or `secret-named-variable` for a literal under a telling name.
    pub detector: String,
    /// What a person calls it.
    pub what: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// How to rotate it.
    pub rotate: String,
    /// Where its value stands in the text.
    pub span: Range<usize>,
    /// What may be kept of it.
    pub mark: SecretMark,
    /// The variable that it is given to, if it is.
    pub name: Option<String>,
    /// What else is known.
    pub notes: Vec<String>,
}

/// The detector named in findings of a literal that only its variable's name gives away.
pub const NAMED: &str = "secret-named-variable";

/// Looks for secrets in a free text, such as a shell command: by their form, and in every `NAME=value` word.
pub fn examine_text(context: &Context<'_>, text: &str) -> Vec<TextSecret> {
    let mut found = by_form(context, text);
    for word in assignments(text) {
        let value = &text[word.value.clone()];
        let named = by_name(context, word.name, value, word.value.start);
        found.extend(named);
    }
    resolve(found)
}

/// Looks for a secret in the value given to `name`.
pub fn examine_assignment(context: &Context<'_>, name: &str, value: &str) -> Vec<TextSecret> {
    let mut found = by_form(context, value);
    // Detectors that want the name beside the value see it here.
    let line = format!("{name}={value}");
    let shift = name.len() + 1;
    found.extend(by_form(context, &line).into_iter().filter(|s| s.span.start >= shift).map(|mut s| {
        s.span = s.span.start - shift..s.span.end - shift;
        s
    }));
    found.extend(by_name(context, name, value, 0));
    let mut found = resolve(found);
    for secret in &mut found {
        secret.name = Some(name.to_owned());
    }
    found
}

fn by_form(context: &Context<'_>, text: &str) -> Vec<TextSecret> {
    let mut found = Vec::new();
    let rules = context.rules;
    rules.engine().scan(&Piece::whole(text.as_bytes()), &mut Scratch::default(), &mut |hit| {
        let Some(rule) = rules.get(hit.detector) else { return };
        found.push(TextSecret {
            detector: rule.detector.id.clone(),
            what: rule.name.clone(),
            severity: rule.severity,
            confidence: rule.confidence.adjusted(hit.adjust),
            rotate: rule.fix.clone(),
            span: hit.span,
            mark: SecretMark::new(context.key, hit.secret),
            name: None,
            notes: hit.notes,
        });
    });
    found
}

fn by_name(context: &Context<'_>, name: &str, value: &str, offset: usize) -> Option<TextSecret> {
    let judged = judge_assignment(name, value.as_bytes())?;
    let secret = value.as_bytes().get(judged.range.clone())?;
    let (confidence, severity) = match judged.confidence {
        Likelihood::Low => (Confidence::Low, Severity::Low),
        Likelihood::Medium => (Confidence::Medium, Severity::High),
        Likelihood::High => (Confidence::High, Severity::High),
    };
    Some(TextSecret {
        detector: NAMED.to_owned(),
        what: "literal given to a variable with a secret's name".to_owned(),
        severity,
        confidence,
        rotate: "Rotate the value wherever it is in use.".to_owned(),
        span: judged.range.start + offset..judged.range.end + offset,
        mark: SecretMark::new(context.key, secret),
        name: Some(name.to_owned()),
        notes: judged.note.into_iter().collect(),
    })
}

/// Of secrets that overlap, keeps the one that is known best: a form rather than a name, then the surer, then the
/// longer.
fn resolve(mut found: Vec<TextSecret>) -> Vec<TextSecret> {
    let rank = |s: &TextSecret| (s.detector != NAMED, s.confidence, s.severity, s.span.len());
    found.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.span.start.cmp(&b.span.start)));
    let mut kept: Vec<TextSecret> = Vec::new();
    for secret in found {
        let overlaps = |k: &&mut TextSecret| k.span.start < secret.span.end && secret.span.start < k.span.end;
        match kept.iter_mut().find(overlaps) {
            Some(better) => better.name = better.name.take().or(secret.name),
            None => kept.push(secret),
        }
    }
    kept.sort_by_key(|s| s.span.start);
    kept
}

struct Assignment<'a> {
    name: &'a str,
    value: Range<usize>,
}

/// The `NAME=value` words of a text: the name is a variable's, or a label's with dots and hyphens; the value ends at a
/// blank outside quotes.
fn assignments(text: &str) -> Vec<Assignment<'_>> {
    let bytes = text.as_bytes();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(equals) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'=')).map(|i| i + at) {
        let start = bytes[..equals].iter().rposition(|b| !is_name(*b)).map_or(0, |i| i + 1);
        let name = text.get(start.max(at)..equals).unwrap_or_default().trim_start_matches('-');
        let mut end = equals + 1;
        let mut quote = None;
        while let Some(b) = bytes.get(end) {
            match (quote, b) {
                (None, b'"' | b'\'') => quote = Some(*b),
                (Some(q), b) if q == *b => quote = None,
                (Some(_), b'\\') => end += 1,
                (None, b) if b.is_ascii_whitespace() || matches!(b, b';' | b'&' | b'|' | b')') => break,
                _ => {}
            }
            end += 1;
        }
        let end = end.min(bytes.len());
        let is_variable = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if is_variable && text.is_char_boundary(end) {
            out.push(Assignment { name, value: equals + 1..end });
        }
        // A value may hold further assignments, as in `sh -c "A=b cmd"`.
        at = equals + 1;
    }
    out
}

/// Replaces the secrets in a text by `***`, for texts that a report quotes, such as instructions and paths.
pub struct Masker<'a> {
    context: Context<'a>,
}

impl<'a> Masker<'a> {
    /// A masker that knows these detectors.
    pub fn new(rules: &'a Rules) -> Self {
        Self { context: Context { rules, key: &crate::finding::FingerprintKey::PlaceOnly, secrets: &[] } }
    }

    /// The text with every secret masked, and every literal given to a secret's name, placeholder or not.
    pub fn mask(&self, text: &str) -> String {
        let mut spans: Vec<Range<usize>> =
            examine_text(&self.context, text).into_iter().map(|s| s.span).collect();
        let named = assignments(text).into_iter().filter(|a| is_secret_name(a.name) && !a.value.is_empty());
        spans.extend(named.map(|a| a.value));
        spans.sort_by_key(|s| s.start);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for span in spans {
            if span.start >= at {
                out.push_str(text.get(at..span.start).unwrap_or_default());
                out.push_str("***");
            }
            at = at.max(span.end);
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}
