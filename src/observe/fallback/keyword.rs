//! Settings that are declared rather than looked up: the variable's name is one argument and the default another.

use super::cursor::{
    REACH, at, back, byte, default_at, is_path, line_end, line_start, name_before, skip, text,
};
use super::language::Language;
use super::{Form, Seen, Value};

static FIELD: Form = Form {
    name: "Python, default of a setting",
    fix: "Declare the setting without a default: the program then does not start when NAME is missing.",
};
static SCHEMA: Form = Form {
    name: "JavaScript, default in a schema of the environment",
    fix: "Declare NAME without a default: the schema then refuses an environment without it.",
};

/// Reads a name at `start..end`.
pub(super) fn seen_at(language: Language, bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    match language {
        Language::Python => field(bytes, start, end).or_else(|| setting(bytes, start, end)),
        Language::JavaScript => destructured(bytes, start, end).or_else(|| schema(bytes, start, end)),
        _ => None,
    }
}

/// `Field("x", env="NAME")`, `click.option(…, envvar="NAME", default="x")`, `config("NAME", default="x")`.
fn field(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let quote = byte(bytes, start.checked_sub(1)?);
    if !matches!(quote, b'"' | b'\'') || byte(bytes, end) != quote {
        return None;
    }
    let open = back(bytes, start - 1);
    if byte(bytes, open.checked_sub(1)?) == b'(' {
        let callee = name_before(bytes, open - 1);
        let asks = ["config", "env", "env.str", "decouple.config"].iter().any(|c| is_path(callee, c));
        return if asks { default_of(bytes, open, false) } else { None };
    }
    if byte(bytes, open - 1) != b'=' {
        return None;
    }
    let keyword = name_before(bytes, back(bytes, open - 1));
    if !matches!(keyword, "env" | "envvar" | "validation_alias" | "env_var") {
        return None;
    }
    let arguments = enclosing(bytes, open)?;
    let callee = name_before(bytes, back(bytes, arguments - 1));
    // The first argument of these is the default; that of the others is the option's name.
    let first =
        ["Field", "typer.Option", "typer.Argument", "Option", "Argument"].iter().any(|c| is_path(callee, c));
    default_of(bytes, arguments, first)
}

/// A field of a class of pydantic's settings, whose name is that of the variable in any case: `db_password: str = "x"`.
/// <https://docs.pydantic.dev/latest/concepts/pydantic_settings/>
pub(super) fn setting(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let head = line_start(bytes, start);
    let lead = text(bytes, head, start);
    if lead.is_empty() || !lead.trim().is_empty() || byte(bytes, skip(bytes, end)) != b':' {
        return None;
    }
    let line = text(bytes, end, line_end(bytes, end));
    let equals = end + line.find('=')?;
    if !is_settings(bytes, head, lead.len()) {
        return None;
    }
    let value = skip(bytes, equals + 1);
    let call = ["Field(", "SecretStr("].into_iter().find(|call| at(bytes, value, call));
    match call {
        Some(call) => default_of(bytes, value + call.len(), true),
        None => default_at(bytes, value).map(|(value, _)| Seen { form: &FIELD, value }),
    }
}

/// Whether the class around a line is one of settings: of `BaseSettings`, or of a class whose name says so.
fn is_settings(bytes: &[u8], head: usize, indent: usize) -> bool {
    let mut at = head;
    for _ in 0..400 {
        if at == 0 {
            return false;
        }
        let start = line_start(bytes, at - 1);
        let line = text(bytes, start, at - 1);
        at = start;
        let bare = line.trim_start();
        if bare.is_empty() || line.len() - bare.len() >= indent {
            continue;
        }
        let bases = bare.strip_prefix("class ").and_then(|class| class.split_once('('));
        return bases.is_some_and(|(_, bases)| bases.contains("Settings"));
    }
    false
}

/// After the parenthesis that is open at `at`.
fn enclosing(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    for i in (at.saturating_sub(REACH)..at).rev() {
        match byte(bytes, i) {
            b')' => depth += 1,
            b'(' if depth == 0 => return Some(i + 1),
            b'(' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The default among the arguments that begin at `from`: the one called `default`, or the first.
fn default_of(bytes: &[u8], from: usize, first: bool) -> Option<Seen> {
    let seen = |value: Value| Seen { form: &FIELD, value };
    let start = skip(bytes, from);
    if first && let Some((value, after)) = default_at(bytes, start) {
        let next = byte(bytes, skip(bytes, after));
        if matches!(next, b',' | b')') {
            return Some(seen(value));
        }
    }
    let (mut depth, mut quote) = (0usize, 0u8);
    for i in start..start.saturating_add(2 * REACH).min(bytes.len()) {
        let b = byte(bytes, i);
        match b {
            _ if quote != 0 => quote = if b == quote { 0 } else { quote },
            b'"' | b'\'' => quote = b,
            b'(' | b'[' | b'{' => depth += 1,
            b')' if depth == 0 => return None,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'd' if depth == 0 && at(bytes, i, "default") && !super::cursor::is_word(bytes, i, i + 6) => {
                let equals = skip(bytes, i + 7);
                if byte(bytes, equals) == b'='
                    && matches!(byte(bytes, i.saturating_sub(1)), b' ' | b',' | b'(' | b'\n' | b'\t')
                {
                    return default_at(bytes, skip(bytes, equals + 1)).map(|(value, _)| seen(value));
                }
            }
            _ => {}
        }
    }
    None
}

/// `const { NAME = "x" } = process.env`.
fn destructured(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let before = back(bytes, start);
    let equals = skip(bytes, end);
    if !matches!(byte(bytes, before.checked_sub(1)?), b'{' | b',') || byte(bytes, equals) != b'=' {
        return None;
    }
    let (value, after) = default_at(bytes, skip(bytes, equals + 1))?;
    let rest = text(bytes, after, after.saturating_add(REACH));
    let (_, source) = rest.split_once('}')?;
    let source = source.trim_start().strip_prefix('=')?.trim_start();
    source.starts_with("process.env").then_some(Seen { form: &SCHEMA, value })
}

/// `NAME: z.string().default("x")`, `NAME: str({ default: "x" })`.
fn schema(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let lead = text(bytes, line_start(bytes, start), start).trim();
    if !(lead.is_empty() || lead.ends_with(['{', ','])) || byte(bytes, skip(bytes, end)) != b':' {
        return None;
    }
    let line = text(bytes, end, line_end(bytes, end));
    let declares = ["z.", "Joi.", "str(", "v.", "yup.", "Type.", "envalid."].iter().any(|w| line.contains(w));
    let key =
        [".default(", "default:", "devDefault:"].iter().find_map(|k| Some(end + line.find(k)? + k.len()))?;
    if !declares {
        return None;
    }
    default_at(bytes, skip(bytes, key)).map(|(value, _)| Seen { form: &SCHEMA, value })
}
