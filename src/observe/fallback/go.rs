//! Go: what is looked up and then replaced where it is empty, and defaults in struct tags.

use super::cursor::{
    assigned, at, back, default_at, ends, has_word, line_end, line_start, name_before, skip, text,
};
use super::{Form, Seen, Value};

/// What to write in place of a default.
pub(super) const FIX: &str =
    "Write `value, ok := os.LookupEnv(\"NAME\")` and end the program where `!ok || value == \"\"`.";

static REPLACED: Form = Form { name: "Go, replaced where it is empty", fix: FIX };
static TAG: Form = Form {
    name: "Go, default in a struct tag",
    fix: "Write `required:\"true\"` (or `env:\"NAME,required\"`) in place of the default.",
};

/// The number of lines below a look-up in which the value may be replaced.
const LINES: usize = 4;

/// Reads a name at `start..end`.
pub(super) fn seen_at(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    tag(bytes, start, end).or_else(|| replaced(bytes, start, end))
}

/// `x := os.Getenv("NAME")`, `if x == "" {`, `x = "default"`.
fn replaced(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let open = back(bytes, start.checked_sub(1)?);
    let callee = name_before(bytes, open.checked_sub(1)?);
    if !matches!(callee, "os.Getenv" | "os.LookupEnv" | "syscall.Getenv") {
        return None;
    }
    let name = assigned(bytes, open);
    if name.is_empty() {
        return None;
    }
    // `if x := os.Getenv("NAME"); x == "" {` tests on the line itself.
    let mut from = line_start(bytes, start);
    let mut tested = false;
    for _ in 0..=LINES {
        let to = line_end(bytes, from);
        let line = text(bytes, from, to);
        let bare = line.trim_start();
        if let Some(value) = bare.strip_prefix(name).and_then(|rest| rest.trim_start().strip_prefix('='))
            && tested
        {
            let at = to - value.len();
            return default_at(bytes, skip(bytes, at)).map(|(value, _)| Seen { form: &REPLACED, value });
        }
        let empty = line.contains("== \"\"")
            || line.contains("!ok")
            || line.contains("!found")
            || line.contains("!exists");
        tested |= line.contains("if ") && empty && (has_word(line, name) || line.contains('!'));
        if tested && ["Fatal", "panic(", "os.Exit", "return "].iter().any(|e| line.contains(e)) {
            return None;
        }
        if to >= bytes.len() || to > end + super::cursor::REACH {
            return None;
        }
        from = to + 1;
    }
    None
}

/// `env:"NAME" envDefault:"default"`.
fn tag(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    if !["env:\"", "envconfig:\"", "env:\"", "mapstructure:\""].iter().any(|t| ends(bytes, start, t)) {
        return None;
    }
    let from = line_start(bytes, start);
    let line = text(bytes, from, line_end(bytes, end));
    let key = ["envDefault:\"", "default:\"", "env-default:\""]
        .iter()
        .find_map(|k| Some(from + line.find(k)? + k.len()))?;
    let value = if at(bytes, key, "\"") { Value::Empty } else { Value::Literal };
    Some(Seen { form: &TAG, value })
}
