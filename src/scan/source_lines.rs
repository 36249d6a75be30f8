//! The lines that causes point at, read once more and masked, for reports that quote them. A line of which it is not
//! certain that no value is left in it is not kept.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use crate::check::Masker;
use crate::finding::{Finding, Report, SourceLine, SourceLineKey};
use seaworthy_source::input;
use seaworthy_source::{OriginKind, Place, escape_bytes};

/// Causes whose lines are read: more are not shown at length.
const MAX_CAUSES: usize = 60;
/// Bytes of a file that are read.
const MAX_FILE: u64 = 1 << 20;
/// Bytes of a line that is shown.
const MAX_LINE: usize = 400;
/// What stands in the place of a value, whatever its length.
const MASK: &str = "********";

/// The lines of the report's worst causes.
pub(super) fn lines_of_causes(report: &Report, masker: &Masker<'_>) -> BTreeMap<SourceLineKey, SourceLine> {
    let mut files: HashMap<String, Option<String>> = HashMap::new();
    let mut lines = BTreeMap::new();
    for cause in report.causes.iter().take(MAX_CAUSES) {
        let Some(lead) = report.findings.get(cause.lead) else { continue };
        let Some(key) = SourceLine::key(&lead.origin) else { continue };
        let text = files.entry(key.0.clone()).or_insert_with(|| content(&key.0));
        let number = usize::try_from(key.1).unwrap_or(usize::MAX);
        let line = text.as_deref().and_then(|t| t.split('\n').nth(number.checked_sub(1)?));
        let Some(line) = line.map(|l| l.trim_end_matches('\r')).filter(|l| l.len() <= MAX_LINE) else {
            continue;
        };
        // Whatever was found on this line must be hidden, whichever check found it.
        let here =
            report.findings.iter().filter(|f| f.origins().any(|o| SourceLine::key(o).as_ref() == Some(&key)));
        if let Some(shown) = shown(line, lead, here, masker) {
            lines.insert(key, shown);
        }
    }
    lines
}

/// A file's text, if it is a regular file of moderate size in UTF-8.
fn content(path: &str) -> Option<String> {
    // What was examined is no link.
    let path = Path::new(path);
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file());
    is_file
        .then(|| input::read_file(path, MAX_FILE).ok())
        .flatten()
        .and_then(|bytes| String::from_utf8(bytes).ok())
}

fn column(finding: &Finding) -> Option<usize> {
    let Place::Text { position, .. } = &finding.origin.place else { return None };
    usize::try_from(position.column).ok()?.checked_sub(1)
}

/// The line with its values masked.
fn shown<'f>(
    line: &str,
    lead: &Finding,
    here: impl Iterator<Item = &'f Finding>,
    masker: &Masker<'_>,
) -> Option<SourceLine> {
    let start = column(lead).filter(|at| line.is_char_boundary(*at) && *at < line.len())?;
    let found = masker.secrets(line);
    let mut hidden = found.clone();
    let instruction = lead.origin.kind == OriginKind::Dockerfile && has_no_values(line);
    if !instruction {
        hidden.extend(masker.values(line));
        hidden.extend(after_colon(line));
    }
    for finding in here.filter(|f| f.secret.is_some()) {
        let at = column(finding).unwrap_or(0);
        // A secret that the line alone does not give away: all that follows is hidden.
        if !found.iter().any(|span| span.end > at) {
            hidden.push(line.floor_char_boundary(at.min(line.len()))..line.len());
        }
    }
    // What the message says anyway may be seen, such as the name of a variable in quotes.
    let told = |span: &Range<usize>| {
        let word = line.get(span.clone()).unwrap_or_default();
        lead.secret.is_none()
            && lead.message.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == word)
    };
    let name = lead.secret.as_ref().and_then(|secret| secret.name.as_deref());
    let harmless = |span: &Range<usize>| {
        let word = line.get(span.clone()).unwrap_or_default();
        told(span) || name == Some(word) || is_reference(word) || is_key(line, span)
    };
    hidden.retain(|span| found.contains(span) || !harmless(span));
    let hidden = merged(hidden);
    let mut text = String::new();
    let mut marked = None;
    let mut at = 0;
    let count = |text: &str| text.chars().count();
    for span in &hidden {
        if at <= start && start < span.start {
            let before = escape(line.get(at..start)?);
            marked.get_or_insert(count(&text) + count(&before)..usize::MAX);
        }
        text.push_str(&escape(line.get(at..span.start)?));
        if lead.secret.is_some() && span.end > start && marked.as_ref().is_none_or(|m| m.end == usize::MAX) {
            marked = Some(count(&text)..count(&text) + MASK.len());
        }
        text.push_str(MASK);
        at = span.end;
    }
    if at <= start {
        marked.get_or_insert(count(&text) + count(&escape(line.get(at..start)?))..usize::MAX);
    }
    text.push_str(&escape(line.get(at..)?));
    let end = count(text.trim_end().trim_end_matches('\\').trim_end());
    let marked = marked.unwrap_or(0..usize::MAX);
    let marked =
        marked.start.min(end)..marked.end.clamp(marked.start.min(end), end.max(marked.start.min(end)));
    (!marked.is_empty()).then_some(SourceLine { text, marked })
}

/// Whether a line is an instruction that names files, images or users and holds no values of its own.
fn has_no_values(line: &str) -> bool {
    let keyword = line.split_ascii_whitespace().next().unwrap_or_default();
    ["FROM", "COPY", "ADD", "USER", "WORKDIR", "EXPOSE", "VOLUME"]
        .iter()
        .any(|k| keyword.eq_ignore_ascii_case(k))
}

/// Whether a word holds no value: an expression or a variable, which is replaced later, or the options of a mount.
fn is_reference(word: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let variable =
        word.strip_prefix('$').map(|v| v.strip_prefix('{').and_then(|v| v.strip_suffix('}')).unwrap_or(v));
    word.starts_with("${{") || variable.is_some_and(is_name) || word.starts_with("type=secret,")
}

/// Whether what stands in quotes is a key: a short word with a colon behind its quote.
fn is_key(line: &str, span: &Range<usize>) -> bool {
    const LONGEST: usize = 24;
    let word = line.get(span.clone()).unwrap_or_default();
    let behind = line.get(span.end..).unwrap_or_default();
    let after = behind.strip_prefix(['"', '\'']).map(str::trim_start);
    after.is_some_and(|rest| rest.starts_with(':'))
        && word.len() <= LONGEST
        && word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-')
}

/// What follows the first colon and space of a line, unless it names something instead of holding it.
fn after_colon(line: &str) -> Option<Range<usize>> {
    let at = line.find(": ")? + 2;
    let value = line.get(at..)?.trim();
    (!value.is_empty() && !value.starts_with("${{")).then_some(at..line.trim_end().len())
}

fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.retain(|s| !s.is_empty());
    spans.sort_by_key(|s| s.start);
    let mut out: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

fn escape(text: &str) -> String {
    escape_bytes(text.replace('\t', "    ").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_keys_hold_no_value() {
        for word in ["${{", "$TOKEN", "${TOKEN}", "type=secret,id=npmrc"] {
            assert!(is_reference(word), "{word}");
        }
        for word in ["$ecret!", "${TOKEN:-hunter2}", "$2b$10$abc", "hunter2", "type=x"] {
            assert!(!is_reference(word), "{word}");
        }
        let key = |line: &str, word: &str| {
            let at = line.find(word).unwrap_or_default();
            is_key(line, &(at..at + word.len()))
        };
        assert!(key(r#"{"password": "x"}"#, "password"));
        assert!(!key(r#"["password", "x"]"#, "password"));
        assert!(!key(r#"{"Zk4-vPq8sLw2nB": 1}"#, "Zk4-vPq8sLw2nB"));
    }
}
