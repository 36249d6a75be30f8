//! Compose files, and other YAML and properties in which `${NAME…}` is resolved from the environment.

use super::cursor::{byte, ends, line_end, line_start, text};
use super::language::Language;
use super::{Form, Seen, Value, shell};

static COMPOSE: Form = Form {
    name: "compose `environment`",
    fix: "Write `NAME: ${NAME:?}`, with which compose refuses to start when it is missing.",
};
static INTERPOLATED: Form =
    Form { name: "`${NAME:-…}`", fix: "Write `${NAME:?}`, which refuses to start when it is missing." };
static PLACEHOLDER: Form = Form {
    name: "placeholder `${NAME:…}`",
    fix: "Write `${NAME}` without a default: the application then does not start when it is missing.",
};

/// Reads a name at `start..end`.
pub(super) fn seen_at(language: Language, bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    if let Some(seen) = shell::expansion(bytes, start, end) {
        return Some(Seen { form: &INTERPOLATED, ..seen });
    }
    match language {
        Language::Compose => variable(bytes, start, end),
        _ => placeholder(bytes, start, end),
    }
}

/// `${NAME:default}`, as Spring and others resolve it.
pub(super) fn placeholder(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    if !ends(bytes, start, "${") || byte(bytes, end) != b':' {
        return None;
    }
    let rest = text(bytes, end + 1, line_end(bytes, end));
    // Another operator of the shell, a null, or another placeholder: no value of its own.
    if rest.starts_with(['-', '=', '?', '+', '$', '#']) {
        return None;
    }
    let value = rest.split_once('}')?.0;
    Some(Seen { form: &PLACEHOLDER, value: kind(value) })
}

fn kind(value: &str) -> Value {
    if value.trim_matches(['"', '\'']).is_empty() { Value::Empty } else { Value::Literal }
}

/// `NAME: value` or `- NAME=value` below `environment:`, or in a block that others merge.
fn variable(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let head = line_start(bytes, start);
    let lead = text(bytes, head, start);
    let rest = text(bytes, end, line_end(bytes, end)).trim_end();
    let bare = lead.trim_matches([' ', '\t', '"', '\'']);
    let value = match bare {
        "" => rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?,
        "-" => rest.strip_prefix('=')?.trim_end_matches(['"', '\'']),
        _ => return None,
    };
    let listed = bare == "-";
    // `NAME:` alone hands the host's variable on.
    if !listed && value.trim().is_empty() {
        return None;
    }
    let value = value.trim();
    let value = value.split_once(" #").map_or(value, |(v, _)| v.trim_end());
    let value = value.trim_matches(['"', '\'']);
    if value.starts_with(['$', '*']) || matches!(value, "null" | "~") {
        return None;
    }
    let indent = lead.len() - lead.trim_start().len();
    is_environment(bytes, head, indent, listed).then(|| Seen { form: &COMPOSE, value: kind(value) })
}

/// Whether the block that the line at `head` is in is `environment:`, or one with an anchor.
fn is_environment(bytes: &[u8], head: usize, indent: usize, listed: bool) -> bool {
    let mut at = head;
    for _ in 0..200 {
        if at == 0 {
            return false;
        }
        let start = line_start(bytes, at - 1);
        let line = text(bytes, start, at - 1);
        at = start;
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let own = line.len() - line.trim_start().len();
        // A list may stand as far left as its key.
        if own < indent || (listed && own == indent && !bare.starts_with('-')) {
            return bare.starts_with("environment:") || bare.contains(": &");
        }
    }
    false
}
