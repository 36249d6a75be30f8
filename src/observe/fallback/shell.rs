//! Shell scripts and makefiles: `${NAME:-default}` and its like, and `NAME=default` under a test of the name.

use super::cursor::{assigned, at, byte, ends, is_refused, line_end, line_start, skip_blanks, text};
use super::language::Language;
use super::{Form, Seen, Value};

static EXPANSION: Form = Form {
    name: "shell `${NAME:-…}`",
    fix: "Write `${NAME:?}`, which ends the script when it is missing.",
};
static ASSIGNING: Form = Form {
    name: "shell `${NAME:=…}`",
    fix: "Write `: \"${NAME:?}\"`, which ends the script when it is missing.",
};
static TESTED: Form = Form {
    name: "shell assignment where it is empty",
    fix: "Write `: \"${NAME:?}\"` in place of the test and the assignment.",
};
static MAKE: Form =
    Form { name: "make `?=`", fix: "Write `ifndef NAME`, `$(error NAME is not set)`, `endif` in its place." };

/// Reads a name at `start..end`.
pub(super) fn seen_at(language: Language, bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    if language == Language::Make {
        let lead = text(bytes, line_start(bytes, start), start).trim();
        let operator = skip_blanks(bytes, end);
        if (lead.is_empty() || lead == "export") && at(bytes, operator, "?=") {
            let value = text(bytes, operator + 2, line_end(bytes, operator)).trim();
            return (!value.starts_with("$(")).then(|| Seen { form: &MAKE, value: kind(value) });
        }
    }
    expansion(bytes, start, end).or_else(|| tested(bytes, start, end))
}

fn kind(value: &str) -> Value {
    if value.is_empty() { Value::Empty } else { Value::Literal }
}

/// `${NAME:-word}`, `${NAME-word}`, `${NAME:=word}`, `${NAME=word}` with a word of its own.
pub(super) fn expansion(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    if !ends(bytes, start, "${") {
        return None;
    }
    let colon = usize::from(byte(bytes, end) == b':');
    let form = match byte(bytes, end + colon) {
        b'-' => &EXPANSION,
        b'=' => &ASSIGNING,
        _ => return None,
    };
    let from = end + colon + 1;
    let (value, close) = word(bytes, from, 0)?;
    let dollar = start - 2;
    if is_test(bytes, dollar) || is_quoted_away(bytes, dollar) {
        return None;
    }
    let refused = value == Value::Empty
        && (is_refused(bytes, close, assigned(bytes, dollar))
            || is_required_before(bytes, dollar, text(bytes, start, end)));
    let shown = is_shown(bytes, dollar, text(bytes, from, close));
    (!refused && !shown).then_some(Seen { form, value })
}

/// The word of an expansion from `from` to its brace: what it comes to if nothing else is set, and where the brace is.
/// One that runs a command or names another variable gives no default of its own.
fn word(bytes: &[u8], from: usize, depth: u8) -> Option<(Value, usize)> {
    let mut open = 0usize;
    let mut i = from;
    let limit = from.saturating_add(4096).min(bytes.len());
    while i < limit {
        match byte(bytes, i) {
            b'\\' => i += 1,
            b'{' if ends(bytes, i, "$") => open += 1,
            b'}' if open == 0 => break,
            b'}' => open -= 1,
            b'\n' if open == 0 && depth == 0 && i > from + 1024 => return None,
            _ => {}
        }
        i += 1;
    }
    if i >= limit {
        return None;
    }
    let inner = text(bytes, from, i).trim_matches('"').trim_matches('\'');
    if inner.is_empty() {
        return Some((Value::Empty, i));
    }
    // What a command prints is no default that stands in the file.
    if inner.starts_with('`') {
        return None;
    }
    let Some(rest) = inner.strip_prefix('$') else { return Some((Value::Literal, i)) };
    // `${A:-${B:-x}}` comes to x in the end.
    let nested = rest.strip_prefix('{').filter(|_| depth < 4)?;
    let name = nested.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let operator = nested.get(name..)?;
    let skipped = [":-", ":=", "-", "="].iter().find(|o| operator.starts_with(**o))?.len();
    let at = from + text(bytes, from, i).find(nested)? + name + skipped;
    word(bytes, at, depth + 1).map(|(value, _)| (value, i))
}

/// Whether the expansion at `dollar` is only looked at: an operand of a test, or what `case` looks at.
fn is_test(bytes: &[u8], dollar: usize) -> bool {
    let before = text(bytes, line_start(bytes, dollar), dollar);
    let open = |word: &str, closes: &[&str]| {
        let from = before.rfind(word);
        from.is_some_and(|i| {
            let start = before.get(..i).unwrap_or_default().trim_end();
            let first = start.is_empty()
                || start.ends_with(['!', ';', '(', '&', '|', '{'])
                || start.rsplit([' ', '\t']).next().is_some_and(|w| {
                    matches!(w, "if" | "elif" | "while" | "until" | "then" | "do" | "else" | "RUN" | "-")
                });
            let inside = before.get(i + word.len()..).unwrap_or_default();
            first && !closes.iter().any(|c| inside.contains(c))
        })
    };
    open("[ ", &[" ]"])
        || open("[[ ", &[" ]]"])
        || open("test ", &[";", "&&", "||", "|"])
        || open("case ", &[" in"])
}

/// Whether it stands in single quotes, where the shell leaves it alone; a script for another shell (`sh -c '…'`) does
/// not count.
fn is_quoted_away(bytes: &[u8], dollar: usize) -> bool {
    let before = text(bytes, line_start(bytes, dollar), dollar);
    let mut quote = None;
    for c in before.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            _ => {}
        }
    }
    quote == Some('\'') && !before.contains("-c '")
}

/// Whether the script has refused to run without the variable before: `${NAME:?}`.
fn is_required_before(bytes: &[u8], dollar: usize, name: &str) -> bool {
    let before = bytes.get(..dollar).unwrap_or_default();
    let asked = [format!("${{{name}:?"), format!("${{{name}?")];
    asked.iter().any(|a| memchr::memmem::find(before, a.as_bytes()).is_some())
}

/// Whether a message only says that the variable is not set.
fn is_shown(bytes: &[u8], dollar: usize, word: &str) -> bool {
    let (start, end) = (line_start(bytes, dollar), line_end(bytes, dollar));
    let command = text(bytes, start, dollar).trim_start();
    let line = text(bytes, start, end);
    let says = ["echo ", "printf ", "log", "warn", "info ", "die "].iter().any(|c| command.starts_with(c));
    let to_file = line.replace(word, "").replace(">&2", "").replace("2>", "").contains('>');
    let word = word.trim_matches(['<', '>', '(', ')', '"', '\'', '[', ']']).to_ascii_lowercase();
    let absent = matches!(
        word.as_str(),
        "" | "unset" | "not set" | "undefined" | "missing" | "none" | "n/a" | "empty"
    );
    says && absent && !to_file
}

/// `NAME=default` right after a test that the name is empty.
fn tested(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    if byte(bytes, end) != b'=' {
        return None;
    }
    let name = text(bytes, start, end);
    let from = start.saturating_sub(200);
    let before = String::from_utf8_lossy(bytes.get(from..start)?);
    let near: Vec<&str> = before.rsplit('\n').take(3).collect();
    let test = |line: &&&str| {
        line.contains("-z ")
            && [format!("${name}"), format!("${{{name}")].iter().any(|v| line.contains(v.as_str()))
    };
    let found = near.iter().find(test)?;
    if near.iter().take_while(|l| l != &found).any(|l| l.trim() == "fi") {
        return None;
    }
    let rest = text(bytes, end + 1, line_end(bytes, end));
    let word = rest.split([' ', '\t', ';']).next().unwrap_or_default().trim_matches(['"', '\'']);
    (!word.starts_with(['$', '`'])).then(|| Seen { form: &TESTED, value: kind(word) })
}
