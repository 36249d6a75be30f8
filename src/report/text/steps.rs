//! What to do about a cause, as steps: one sentence each, commands on lines of their own so that they can be copied.

use crate::finding::{Cause, Finding, Report};
use crate::report::phrase::{printable, prose, sentence};
use seaworthy_source::OriginKind;

/// Steps of one cause.
const MAX_STEPS: usize = 6;
/// Secrets of one cause of which it is said how to rotate them.
const MAX_SECRETS: usize = 6;

/// Words that begin a command or an instruction which a person copies.
const COMMANDS: [&str; 17] = [
    "docker",
    "git",
    "RUN",
    "COPY",
    "ENV",
    "ARG",
    "terraform",
    "aws",
    "openssl",
    "echo",
    "npm",
    "pip",
    "seaworthy",
    "buildah",
    "podman",
    "cosign",
    "gh",
];

/// A line of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Prose, wrapped.
    Text(String),
    /// A command, on a line of its own and never wrapped.
    Command(String),
}

/// The steps of a cause: what its lead says, then what its other findings say beyond their checks' general advice, such
/// as how to rotate a secret.
pub(super) fn fix_steps(report: &Report, cause: &Cause) -> Vec<Vec<Line>> {
    let findings: Vec<&Finding> = cause.findings.iter().filter_map(|i| report.findings.get(*i)).collect();
    let Some((lead, others)) = findings.split_first() else { return Vec::new() };
    // What follows a line feed is to be copied as it stands, such as a policy.
    let fix = prose(&lead.fix);
    let (fix, code) = fix.split_once('\n').unwrap_or((&fix, ""));
    let mut texts = sentences(fix);
    let own = texts.len();
    // What to do about the secrets themselves, each text with the secrets that it is about.
    let mut rotate: Vec<(String, Vec<String>)> = Vec::new();
    for other in others {
        let general = report.checks.iter().find(|c| c.meta.id == other.check).map_or("", |c| c.meta.fix);
        let other_fix = prose(&other.fix);
        let particular = match other_fix.strip_prefix(general).filter(|_| !general.is_empty()) {
            Some(particular) => particular,
            // The same check says something else of another place.
            None if other.check == lead.check => {
                let own_fix = other_fix.split_once('\n').map_or(other_fix.as_str(), |(fix, _)| fix);
                texts.extend(
                    sentences(own_fix).into_iter().filter(|t| !texts.contains(t)).collect::<Vec<_>>(),
                );
                continue;
            }
            None => &other_fix,
        };
        let is_whole = particular.len() == other_fix.len();
        for text in sentences(particular) {
            // Where the check's advice is replaced as a whole, it is about the same thing as the lead's, but for what it
            // says of the secret itself.
            if texts.contains(&text) || is_whole && !(other.secret.is_some() && is_rotation(&text)) {
                continue;
            }
            let subject = subject(other);
            match rotate.iter_mut().find(|(known, _)| *known == text) {
                Some((_, subjects)) if subjects.contains(&subject) => {}
                Some((_, subjects)) => subjects.push(subject),
                None => rotate.push((text, vec![subject])),
            }
        }
    }
    let room = MAX_STEPS - usize::from(!rotate.is_empty());
    let more = texts.len().saturating_sub(room);
    texts.truncate(room);
    let mut steps: Vec<Vec<Line>> = texts.iter().map(|t| lines(t)).collect();
    if let Some(step) = own.checked_sub(1).and_then(|last| steps.get_mut(last)) {
        step.extend(code.lines().map(|line| Line::Command(line.trim_end().to_owned())));
    }
    if more > 0 {
        steps.push(vec![Line::Text(format!("{more} more: see the findings (-v)."))]);
    }
    let has_left = findings.iter().flat_map(|f| f.origins()).any(|o| has_left(o.kind));
    steps.extend(rotation(&rotate, has_left || is_tracked(&findings)));
    steps
}

/// One step for all secrets of a cause: which they are, and how each is made worthless.
fn rotation(texts: &[(String, Vec<String>)], has_left: bool) -> Option<Vec<Line>> {
    let condition = if has_left { "" } else { "If it was ever pushed, in a commit or an image: " };
    let more = texts.len().saturating_sub(MAX_SECRETS);
    match texts {
        [] => None,
        [(text, subjects)] if subjects.len() == 1 => Some(lines(&format!("{condition}{text}"))),
        _ => {
            let mut step = vec![Line::Text(match has_left {
                true => "Rotate what it holds:".to_owned(),
                false => "If it was ever pushed, in a commit or an image, rotate what it holds:".to_owned(),
            })];
            for (text, subjects) in texts.iter().take(MAX_SECRETS) {
                step.extend(lines(&format!("{}: {text}", subjects.join(", "))));
            }
            if more > 0 {
                step.push(Line::Text(format!("{more} more secrets: see the findings (-v).")));
            }
            Some(step)
        }
    }
}

/// Whether a sentence says how to make a secret worthless.
fn is_rotation(text: &str) -> bool {
    ["Rotate", "Revoke", "Replace the value", "Change the", "Delete the key", "Deactivate", "Regenerate"]
        .iter()
        .any(|word| text.starts_with(word))
}

/// Which secret a finding is about: its name and its kind, as far as they are known.
fn subject(finding: &Finding) -> String {
    let message = printable(&finding.message);
    let kind = match message.split_once(" in a ") {
        Some((kind, _)) => kind.to_owned(),
        // A message that begins otherwise names what it is about in backquotes.
        None => message.split('`').nth(1).unwrap_or(&message).to_owned(),
    };
    match finding.secret.as_ref().and_then(|s| s.name.as_deref()) {
        Some(name) => format!("{} ({kind})", printable(name)),
        None => kind,
    }
}

/// Whether something of this kind is already built, signed or deployed: a secret in it has left the machine or may have.
fn has_left(kind: OriginKind) -> bool {
    !matches!(kind, OriginKind::Context | OriginKind::Dockerfile)
}

fn is_tracked(findings: &[&Finding]) -> bool {
    findings
        .iter()
        .flat_map(|f| &f.notes)
        .any(|n| n.starts_with("git tracks ") && n.ends_with("has to be rotated"))
}

/// The sentences of a text. A full stop inside of backticks or of a name ends none.
fn sentences(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let (mut start, mut quoted) = (0, false);
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match c {
            '`' => quoted = !quoted,
            '.' | '!' if !quoted => {
                let next = bytes.get(at + 1..).unwrap_or_default();
                let begins = next.first() == Some(&b' ')
                    && next.get(1).is_some_and(|b| b.is_ascii_uppercase() || *b == b'`');
                if begins || next.is_empty() {
                    out.extend(text.get(start..=at).map(|s| s.trim().to_owned()));
                    start = at + 1;
                }
            }
            '\n' if !quoted => {
                out.extend(text.get(start..at).map(|s| s.trim().to_owned()));
                start = at + 1;
            }
            _ => {}
        }
    }
    out.extend(text.get(start..).map(|s| s.trim().to_owned()));
    out.retain(|s| !s.is_empty());
    out
}

/// A sentence with its commands on lines of their own.
fn lines(text: &str) -> Vec<Line> {
    let mut out = Vec::new();
    let mut prose = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('`') {
        let (before, after) =
            (rest.get(..open).unwrap_or_default(), rest.get(open + 1..).unwrap_or_default());
        let Some(close) = after.find('`') else { break };
        let code = after.get(..close).unwrap_or_default();
        prose.push_str(before);
        rest = after.get(close + 1..).unwrap_or_default();
        if is_command(code) {
            let said = prose.trim().trim_start_matches([',', ';', '.', ':']).trim().to_owned();
            if !said.is_empty() {
                out.push(Line::Text(said));
            }
            out.push(Line::Command(code.to_owned()));
            prose.clear();
        } else {
            prose.push_str(&format!("`{code}`"));
        }
    }
    prose.push_str(rest);
    let said = prose.trim().trim_start_matches([',', ';', '.', ':']).trim();
    if !said.is_empty() {
        out.push(Line::Text(sentence(said)));
    }
    out
}

/// Whether a quoted text is something to copy: a known program's name and more behind it, without a gap to fill in the
/// middle of a word.
fn is_command(code: &str) -> bool {
    let mut words = code.split(' ');
    let first = words.next().unwrap_or_default();
    COMMANDS.contains(&first) && words.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_full_stops_and_not_in_names() {
        let text = "Add `.env` to `.dockerignore`. Mount it with `RUN a. B`, e.g. so. Rotate it.";
        assert_eq!(
            sentences(text),
            ["Add `.env` to `.dockerignore`.", "Mount it with `RUN a. B`, e.g. so.", "Rotate it."]
        );
        assert_eq!(sentences("no stop"), ["no stop"]);
    }

    #[test]
    fn commands_have_lines_of_their_own() {
        let text =
            "Mount it: `RUN --mount=type=secret,id=a make`, built with `docker build .`; the rest in `x.py`.";
        assert_eq!(
            lines(text),
            [
                Line::Text("Mount it:".to_owned()),
                Line::Command("RUN --mount=type=secret,id=a make".to_owned()),
                Line::Text("built with".to_owned()),
                Line::Command("docker build .".to_owned()),
                Line::Text("the rest in `x.py`.".to_owned()),
            ]
        );
        assert_eq!(lines("Use `docker`."), [Line::Text("Use `docker`.".to_owned())]);
    }
}
