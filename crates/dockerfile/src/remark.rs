//! Comments: parser directives, and orders to other tools to look away.

use super::error::{Error, ErrorKind};
use super::text::{Text, TextBuilder};
use seaworthy_source::Span;

/// A comment line, without its indentation and line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
    /// Line, from 1.
    pub line: u32,
    /// The tool that the comment tells to ignore something, if it does.
    pub suppression: Option<Suppression>,
}

/// An order to a linter or scanner to ignore something. seaworthy reports it and never obeys it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The tool that obeys it.
    pub tool: &'static str,
    /// What follows the marker: rule names, reasons. May be empty.
    pub rules: Text,
}

/// A parser directive, `# name=value`, in the comment block that opens the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Which one.
    pub name: DirectiveName,
    /// Its value, without space around it.
    pub value: Text,
    /// From the `#` to the end of the line.
    pub span: Span,
    /// Line, from 1.
    pub line: u32,
}

/// The parser directives that BuildKit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveName {
    /// The frontend image that reads the rest of the file.
    Syntax,
    /// The escape character.
    Escape,
    /// Options of BuildKit's linter; `skip=` switches rules off.
    Check,
}

impl DirectiveName {
    const ALL: [Self; 3] = [Self::Syntax, Self::Escape, Self::Check];

    /// The name as it is written, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Escape => "escape",
            Self::Check => "check",
        }
    }
}

impl Directive {
    /// The rules that a `check` directive switches off, split at commas; `all` stands for every rule.
    pub fn skipped_rules(&self) -> Vec<Text> {
        if self.name != DirectiveName::Check {
            return Vec::new();
        }
        let mut rules = Vec::new();
        for option in pieces(&self.value, 0..self.value.len(), ';') {
            let Some((key, _)) = self.value.get(option.clone()).unwrap_or_default().split_once('=') else {
                continue;
            };
            if key.trim().eq_ignore_ascii_case("skip") {
                let values = option.start + key.len() + 1..option.end;
                rules.extend(pieces(&self.value, values, ',').map(|r| self.value.slice(r)));
            }
        }
        rules
    }
}

/// The non-empty parts of `text[range]` between `separator`s, trimmed.
fn pieces(
    text: &str,
    range: std::ops::Range<usize>,
    separator: char,
) -> impl Iterator<Item = std::ops::Range<usize>> {
    let part = text.get(range.clone()).unwrap_or_default();
    part.split(separator)
        .scan(range.start, |at, piece| {
            let start = *at + (piece.len() - piece.trim_start().len());
            *at += piece.len() + 1;
            Some(start..start + piece.trim().len())
        })
        .filter(|r| !r.is_empty())
}

/// Reads directives until the first line that is none.
#[derive(Default)]
pub(super) struct Directives {
    seen: [bool; 3],
    done: bool,
}

impl Directives {
    /// The directive on a line, whose content (without indentation) starts at `start`.
    pub(super) fn read(
        &mut self,
        line: &[u8],
        start: usize,
        number: u32,
    ) -> Result<Option<Directive>, Error> {
        if self.done {
            return Ok(None);
        }
        let Some((name, value)) = split(line) else {
            self.done = true;
            return Ok(None);
        };
        let span = Span::new(start, start + line.len());
        let fail = |kind| Err(Error { line: number, span, kind });
        if std::mem::replace(&mut self.seen[name as usize], true) {
            return fail(ErrorKind::DuplicateDirective(name.as_str()));
        }
        if name == DirectiveName::Escape && !matches!(&line[value.clone()], b"`" | b"\\") {
            return fail(ErrorKind::InvalidEscape);
        }
        let mut text = TextBuilder::default();
        text.push_bytes(&line[value.clone()], start + value.start);
        Ok(Some(Directive { name, value: text.finish(start + value.start), span, line: number }))
    }
}

/// Splits `# name = value`; the value's range is in `line`.
fn split(line: &[u8]) -> Option<(DirectiveName, std::ops::Range<usize>)> {
    let space = |b: &u8| matches!(*b, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
    let rest = super::lines::trim_start(line.strip_prefix(b"#")?);
    let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let name =
        DirectiveName::ALL.into_iter().find(|n| n.as_str().as_bytes().eq_ignore_ascii_case(&rest[..word]))?;
    let rest = &rest[word..];
    let rest = &rest[rest.iter().take_while(|b| space(b)).count()..];
    let rest = rest.strip_prefix(b"=")?;
    let lead = rest.iter().take_while(|b| space(b)).count();
    let tail = rest[lead..].iter().rev().take_while(|b| space(b)).count();
    let offset = line.len() - rest.len();
    if lead < rest.len() {
        return Some((name, offset + lead..line.len() - tail));
    }
    // A value of nothing but space is its last blank: the pattern wants one character at least.
    (lead > 0).then(|| (name, line.len() - 1..line.len()))
}

/// How comments tell tools to look away: the tool, and how the comment's text starts.
const SUPPRESSIONS: &[(&str, &str)] = &[
    ("hadolint", "hadolint ignore"),
    ("hadolint", "hadolint global ignore"),
    ("buildkit", "check=skip"),
    ("trivy", "trivy:ignore"),
    ("tfsec", "tfsec:ignore"),
    ("checkov", "checkov:skip"),
    ("tally", "tally ignore"),
    ("tally", "tally global ignore"),
    ("semgrep", "nosemgrep"),
    ("kics", "kics-scan ignore"),
    ("kics", "kics-scan disable"),
    ("gitleaks", "gitleaks:allow"),
    ("trufflehog", "trufflehog:ignore"),
    ("ggshield", "ggignore"),
    ("detect-secrets", "pragma: allowlist"),
    ("detect-secrets", "pragma: whitelist"),
    ("sonarqube", "nosonar"),
    ("shellcheck", "shellcheck disable"),
];

impl Comment {
    /// The comment on a line whose content, from its `#`, starts at `start`.
    pub(super) fn new(content: &[u8], start: usize, line: u32) -> Self {
        let span = Span::new(start, start + content.len());
        Self { span, line, suppression: suppression(content, start) }
    }
}

fn suppression(content: &[u8], start: usize) -> Option<Suppression> {
    let hashes = content.iter().take_while(|b| **b == b'#').count();
    let text = super::lines::trim_start(&content[hashes..]);
    let (tool, marker) = SUPPRESSIONS.iter().find(|(_, marker)| {
        text.get(..marker.len()).is_some_and(|head| head.eq_ignore_ascii_case(marker.as_bytes()))
    })?;
    let mut rest = super::lines::trim_start(&text[marker.len()..]);
    if let [b'=' | b':', tail @ ..] = rest {
        rest = super::lines::trim_start(tail);
    }
    let at = start + content.len() - rest.len();
    let mut rules = TextBuilder::default();
    rules.push_bytes(rest.trim_ascii_end(), at);
    Some(Suppression { tool, rules: rules.finish(at) })
}
