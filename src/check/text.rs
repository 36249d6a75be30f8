//! Secrets in short texts: history entries, variables, labels, arguments. Two things give one away: its own form, and
//! the name that it is given to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use super::Context;
use super::dockerfile::in_command;
use crate::finding::{Confidence, SecretMark, Severity};
use crate::rule::Rules;
use seaworthy_detect::validate::{Likelihood, NameKind, judge_assignment, name_kind};

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
    /// Whether only the name that it is given to gives it away.
    pub by_name: bool,
}

/// The detector named in findings of a literal that only its variable's name gives away.
pub const NAMED: &str = "secret-named-variable";

/// Looks for secrets in a free text, such as a shell command: by their form, and in every `NAME=value` word.
pub fn examine_text(context: &Context<'_>, text: &str) -> Vec<TextSecret> {
    let mut found = by_form(context, text);
    for word in assignments(text) {
        let value = text.get(word.value.clone()).unwrap_or_default();
        let named = by_name(context, word.name, value, word.value.start);
        found.extend(named);
    }
    resolve(found)
}

/// Looks for secrets in what an entry of an image's history says: as in any text, and in a shell's command word by word,
/// as in a RUN.
pub fn examine_history(context: &Context<'_>, entry: &str) -> Vec<TextSecret> {
    let Some(command) = shell_command(entry) else { return examine_text(context, entry) };
    let mut found = in_command(context, entry.get(command.clone()).unwrap_or_default());
    for secret in &mut found {
        secret.span = secret.span.start + command.start..secret.span.end + command.start;
    }
    // Build arguments stand before the command.
    found.extend(examine_text(context, entry.get(..command.start).unwrap_or_default()));
    found.extend(by_form(context, entry).into_iter().filter(|s| !s.by_name));
    resolve(found)
}

/// The command that a history entry gives to a shell: `/bin/sh -c …`, behind build arguments and without BuildKit's
/// mark. An instruction that ran nothing (`#(nop)`) has none.
fn shell_command(entry: &str) -> Option<Range<usize>> {
    const FLAG: &str = " -c ";
    let shells = ["/sh", "/bash", "/ash", "/dash", "/zsh", "-o pipefail", "-ex", "-e", "-x", "-eux", "-l"];
    let (at, _) = entry
        .match_indices(FLAG)
        .find(|(at, _)| shells.iter().any(|s| entry.get(..*at).unwrap_or_default().ends_with(s)))?;
    let start = at + FLAG.len();
    let end = entry.strip_suffix("# buildkit").map_or(entry.len(), str::len);
    let command = entry.get(start..end)?;
    (!command.trim_start().starts_with("#(nop)")).then_some(start..end)
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
    rules.scan_text(text.as_bytes(), &mut |hit| {
        let Some(rule) = rules.get(hit.detector) else { return };
        found.push(TextSecret {
            detector: rule.detector.id.clone(),
            what: rule.name.to_string(),
            severity: rule.severity,
            confidence: rule.confidence.adjusted(hit.adjust),
            rotate: rule.fix.to_string(),
            span: hit.span,
            mark: rule.mark(context.key, hit.secret),
            name: None,
            notes: hit.notes,
            by_name: rule.generic,
        });
    });
    found
}

fn by_name(context: &Context<'_>, name: &str, value: &str, offset: usize) -> Option<TextSecret> {
    let judged = judge_assignment(name, value.as_bytes())?;
    let secret = value.as_bytes().get(judged.range.clone())?;
    let (confidence, severity) = match judged.confidence {
        // A word under the name of a password is the password; under a vague name it is anything.
        Likelihood::Low if name_kind(name.as_bytes()) == NameKind::Secret => {
            (Confidence::Low, Severity::High)
        }
        Likelihood::Low => (Confidence::Low, Severity::Low),
        Likelihood::Medium => (Confidence::Medium, Severity::High),
        Likelihood::High => (Confidence::High, Severity::High),
    };
    Some(TextSecret {
        detector: NAMED.to_owned(),
        what: "Plain-text secret in a variable".to_owned(),
        severity,
        confidence,
        rotate: "Rotate the value wherever it is in use.".to_owned(),
        span: judged.range.start + offset..judged.range.end + offset,
        mark: SecretMark::new(context.key, secret),
        name: Some(name.to_owned()),
        notes: judged.note.into_iter().collect(),
        by_name: true,
    })
}

/// Of secrets that overlap, keeps the one that is known best: a form rather than a name, then the surer, then the
/// longer.
fn resolve(mut found: Vec<TextSecret>) -> Vec<TextSecret> {
    let rank = |s: &TextSecret| (!s.by_name, s.confidence, s.severity, s.span.len());
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

/// The `NAME=value` words of a text: the name is a variable's, or a label's with dots and hyphens. A value in quotes
/// ends with its quote, any other at a blank, a quote or an operator of the shell.
fn assignments(text: &str) -> Vec<Assignment<'_>> {
    let bytes = text.as_bytes();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let mut out = Vec::new();
    for equals in memchr::memchr_iter(b'=', bytes) {
        let start = bytes[..equals].iter().rposition(|b| !is_name(*b)).map_or(0, |i| i + 1);
        let name = text.get(start..equals).unwrap_or_default().trim_start_matches('-');
        if !name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') {
            continue;
        }
        let rest = &bytes[equals + 1..];
        let length = match rest.first() {
            Some(quote @ (b'"' | b'\'')) => {
                rest.iter().skip(1).position(|b| b == quote).map_or(rest.len(), |i| i + 2)
            }
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || b"\"';&|<>()`".contains(b);
                rest.iter().position(ends).unwrap_or(rest.len())
            }
        };
        out.push(Assignment { name, value: equals + 1..equals + 1 + length });
    }
    out
}

/// How many texts are remembered with what became of them: what repeats is few, what does not may be tens of thousands.
const MAX_KNOWN: usize = 4096;

/// Replaces the secrets in a text by `***`, for texts that a report quotes, such as paths.
pub struct Masker<'a> {
    pub(super) context: Context<'a>,
    /// What was masked before: thousands of findings name the same path.
    known: RefCell<HashMap<String, String>>,
}

impl<'a> Masker<'a> {
    /// A masker that knows these detectors.
    pub fn new(rules: &'a Rules) -> Self {
        let context = Context::new(rules, &crate::finding::FingerprintKey::PlaceOnly);
        Self { context, known: RefCell::default() }
    }

    /// The text with every secret masked.
    pub fn mask(&self, text: &str) -> String {
        if let Some(masked) = self.known.borrow().get(text) {
            return masked.clone();
        }
        let masked = mask_spans(text, self.secrets(text).into_iter());
        let mut known = self.known.borrow_mut();
        if known.len() < MAX_KNOWN {
            known.insert(text.to_owned(), masked.clone());
        }
        masked
    }

    /// Where the secrets stand in a text.
    pub fn secrets(&self, text: &str) -> Vec<Range<usize>> {
        examine_text(&self.context, text).into_iter().map(|s| s.span).collect()
    }

    /// Where values may stand in a text, secrets or not: what is assigned, what is quoted, words that look random.
    pub fn values(&self, text: &str) -> Vec<Range<usize>> {
        let assigned = assignments(text).into_iter().map(|a| a.value).filter(|v| !v.is_empty());
        assigned.chain(quoted(text)).chain(opaque(text)).collect()
    }

    /// A command with everything masked that may be a value: secrets, whatever is assigned, whatever is quoted, and
    /// words that look random. What is left tells which command it is and where it writes.
    pub fn mask_command(&self, text: &str) -> String {
        mask_spans(text, self.secrets(text).into_iter().chain(self.values(text)))
    }
}

pub(super) fn mask_spans(text: &str, spans: impl Iterator<Item = Range<usize>>) -> String {
    let mut spans: Vec<Range<usize>> = spans.collect();
    spans.sort_by_key(|s| (s.start, std::cmp::Reverse(s.end)));
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

/// What stands between quotes, without them; an unclosed quote runs to the end.
fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut open: Option<(usize, u8)> = None;
    for (i, b) in text.bytes().enumerate() {
        match open {
            None if matches!(b, b'"' | b'\'') => open = Some((i + 1, b)),
            Some((start, quote)) if b == quote => {
                out.push(start..i);
                open = None;
            }
            _ => {}
        }
    }
    out.extend(open.map(|(start, _)| start..text.len()));
    out.retain(|r| !r.is_empty());
    out
}

/// Whether a part of a text looks random, and so may be a value.
pub(in crate::check) fn looks_random(text: &str) -> bool {
    !opaque(text).is_empty()
}

/// Words that look random: eight characters or more with both letters and digits, and no path or digest.
fn opaque(text: &str) -> Vec<Range<usize>> {
    let is_opaque = |w: &str| {
        let plain =
            w.contains('/') || w.starts_with("file:") || w.starts_with("dir:") || w.contains("sha256:");
        let letters = w.bytes().any(|b| b.is_ascii_alphabetic());
        w.len() >= 8 && !plain && letters && w.bytes().any(|b| b.is_ascii_digit())
    };
    let mut out = Vec::new();
    let mut at = 0;
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"' | '\'');
    for word in text.split_inclusive(ends) {
        let trimmed = word.trim_end_matches(ends);
        if is_opaque(trimmed) {
            out.push(at..at + trimmed.len());
        }
        at += word.len();
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(&str, &str)> {
        assignments(text).into_iter().map(|a| (a.name, text.get(a.value).unwrap_or_default())).collect()
    }

    #[test]
    fn assignments_end_where_their_values_end() {
        assert_eq!(names("ENV A=b C=\"d e\""), [("A", "b"), ("C", "\"d e\"")]);
        assert_eq!(names("|1 PW=x /bin/sh -c echo"), [("PW", "x")]);
        assert_eq!(names("echo \"//r/:_authToken=$TOK\" > /npmrc"), [("_authToken", "$TOK")]);
        assert_eq!(names("--password=x;y"), [("password", "x")]);
        assert_eq!(names("a == b; =c"), []);
    }

    #[test]
    fn commands_in_a_history_are_found() {
        let command = |entry: &'static str| shell_command(entry).map(|r| entry.get(r).unwrap_or_default());
        assert_eq!(command("/bin/sh -c make install"), Some("make install"));
        assert_eq!(command("RUN /bin/sh -c make # buildkit"), Some("make "));
        assert_eq!(command("|1 A=b /bin/bash -o pipefail -c make"), Some("make"));
        assert_eq!(command("/bin/sh -c #(nop)  ENV A=b"), None);
        assert_eq!(command("ENV A=b -c x"), None);
    }

    #[test]
    fn a_history_is_read_as_a_run_is() {
        let rules = Rules::load(&[], &[]).unwrap();
        let context = Context::new(&rules, &crate::finding::FingerprintKey::PlaceOnly);
        let found = |entry: &str| {
            examine_history(&context, entry)
                .into_iter()
                .map(|s| entry.get(s.span).unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("RUN /bin/sh -c mysql -u root -pHarbour2024! < a.sql # buildkit"), ["Harbour2024!"]);
        assert_eq!(found("/bin/sh -c echo 'pilot:Harbour2024!' | chpasswd"), ["Harbour2024!"]);
        assert_eq!(found("|1 DBPASS=hunter2hunter2 /bin/sh -c make"), ["hunter2hunter2"]);
        assert_eq!(found("/bin/sh -c #(nop)  ENV DB_PASSWORD=hunter2hunter2"), ["hunter2hunter2"]);
        assert_eq!(found("RUN /bin/sh -c SECRET_KEY=build-key make # buildkit"), [""; 0]);
    }

    #[test]
    fn commands_keep_only_what_is_no_value() {
        let rules = Rules::load(&[], &[]).unwrap();
        let masker = Masker::new(&rules);
        assert_eq!(
            masker.mask_command(
                "|1 FOO=hX7PKR0CsTy4Qwb8 /bin/sh -c echo \"login hX7PKR0CsTy4Qwb8\" > /root/.netrc"
            ),
            "|1 FOO=*** /bin/sh -c echo \"***\" > /root/.netrc"
        );
        assert_eq!(masker.mask_command("RUN mysql -pS3cretS3cret -u x"), "RUN mysql *** -u x");
        assert_eq!(masker.mask_command("RUN tool hX7PKR0CsTy4Qwb8"), "RUN tool ***");
    }
}
