//! A name, an operator, a value: what code, scripts and files of settings have in common.

use std::ops::Range;

use super::scan::{before, blanks, is_name_byte, line_head, name_around, stands, white};
use super::value::{
    default_of, here_document, prelude, quoted as literal, rest_of_line, string_prefix, word,
};
use super::{Place, Quoting, Reading};
use crate::kind::FileKind;
use crate::validate::{NameKind, name_kind};

/// How far the line before a name is looked at, in bytes.
const HEAD: usize = 200;

/// Directives that take a password after a blank: OpenLDAP, msmtp, keepalived and their like.
const DIRECTIVES: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "bindpw",
    "rootbindpw",
    "rootpw",
    "passphrase",
    "auth_pass",
    "rootpassword",
    "auth_key",
    "requirepass",
    "masterauth",
    "userpassword",
    "secret",
    "shared_secret",
    "ldap_default_authtok",
    "credentials",
];

/// What joins a name to its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// `=` and its relatives.
    Equals,
    /// `:`, `=>`, `->`.
    Colon,
    /// `,` between arguments.
    Comma,
    /// `||`, `??`, `or`: the value is used if the name has none.
    Fallback,
    /// `(` of a call that sets it: `.password("value")`, `setToken("value")`.
    Call,
    /// Blanks alone.
    Blank,
    /// `{` of a block that is the value alone: `std::string key{"value"}`, `var key: String { "value" }`.
    Block,
}

/// A name with what joins it.
struct Head {
    name: Range<usize>,
    operator: Operator,
    /// Whether the name stands in quotes of its own.
    in_quotes: bool,
    /// Whether the name begins a tuple of Erlang: `{name, "value"}`.
    in_tuple: bool,
    /// Where the operator begins and ends.
    span: Range<usize>,
}

/// A literal in quotes.
pub(super) fn quoted(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    if let Some(reading) = read_quoted(place) {
        sink(reading);
    }
}

fn read_quoted(place: &Place<'_>) -> Option<Reading> {
    let bytes = place.bytes;
    let head = head(place)?;
    let at = match head.operator {
        Operator::Blank => {
            let at = head.span.end + usize::from(bytes.get(head.span.end) == Some(&b'('));
            at + string_prefix(bytes, at)
        }
        _ => prelude(bytes, head.span.end),
    };
    let at = match head.operator {
        Operator::Comma => default_argument(bytes, at),
        _ => at,
    };
    let secret = without_delimiters(bytes, at, literal(bytes, at)?);
    let name = &bytes[head.name.clone()];
    let quoting = match head.operator {
        Operator::Blank if is_flag(bytes, &head.name) => Quoting::Quoted,
        // `#define NAME "value"`, `SetEnv NAME "value"`, `setenv NAME "value"`.
        Operator::Blank if is_setter(bytes, head.name.start) => Quoting::Quoted,
        Operator::Blank if is_keyword(bytes, head.name.start) => Quoting::Quoted,
        Operator::Blank if is_statement(bytes, &head, &secret) => Quoting::Quoted,
        Operator::Blank => return None,
        Operator::Call if bytes.get(secret.end + 1) != Some(&b')') => return None,
        Operator::Block if !closes_block(bytes, secret.end + 1) => return None,
        Operator::Comma if is_put(bytes, head.name.start) => Quoting::Quoted,
        Operator::Comma if head.in_tuple || is_argument(bytes, head.name.start) => Quoting::Quoted,
        Operator::Comma => Quoting::Bare,
        _ => Quoting::Quoted,
    };
    if name_kind(name) == NameKind::Harmless {
        return None;
    }
    let secret = default_of(bytes, &secret).unwrap_or(secret);
    Some(Reading { matched: head.name.start..secret.end, name: head.name, secret, quoting })
}

/// A literal without quotes.
pub(super) fn bare(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    if let Some(reading) = read_bare(place) {
        sink(reading);
    }
}

fn read_bare(place: &Place<'_>) -> Option<Reading> {
    let bytes = place.bytes;
    if let Some(reading) = shell_default(place) {
        return Some(reading);
    }
    let head = head(place)?;
    if head.operator == Operator::Equals
        && name_kind(bytes.get(head.name.clone())?) != NameKind::Harmless
        && let Some(secret) = here_document(bytes, blanks(bytes, head.span.end, 16))
    {
        let matched = head.name.start..secret.end;
        return Some(Reading { matched, name: head.name, secret, quoting: Quoting::Line });
    }
    let start = match head.operator {
        Operator::Equals => blanks(bytes, head.span.end, 16),
        Operator::Colon if bytes.get(head.span.start) == Some(&b':') => prelude(bytes, head.span.end),
        Operator::Blank => head.span.end,
        _ => return None,
    };
    let first = *bytes.get(start)?;
    let doubled = first == b'=' && start == head.span.end;
    if matches!(first, b'"' | b'\'' | b'`' | b'\n' | b'\r' | b'\\') || doubled {
        return None;
    }
    // The default of Spring's `${name:value}`.
    if head.operator == Operator::Colon && bytes[..head.name.start].ends_with(b"${") {
        // That of a shell, `${NAME:-value}`, is read with its variable.
        if matches!(first, b'-' | b'=' | b'?' | b'+') {
            return None;
        }
        let length = bytes.iter().skip(start).take(512).position(|b| matches!(b, b'}' | b'"' | b'\n'))?;
        let secret = start..start + length;
        let closed = bytes.get(secret.end) == Some(&b'}') && !secret.is_empty();
        let name = &bytes[head.name.clone()];
        let counts = closed && name_kind(name) != NameKind::Harmless;
        return counts.then(|| Reading {
            matched: head.name.start..secret.end,
            name: head.name.clone(),
            secret,
            quoting: Quoting::Environment,
        });
    }
    // Between a name and a colon's value there is a blank or a line end, but in systemd's `SetCredential=name:value`.
    let credential = line_head(bytes, head.name.start, HEAD).is_some_and(|l| l.ends_with(b"SetCredential="));
    if head.operator == Operator::Colon && start == head.span.end && !credential {
        return None;
    }
    let name = bytes.get(head.name.clone())?;
    if name_kind(name) == NameKind::Harmless {
        return None;
    }
    let (secret, quoting) = value(place, &head, start)?;
    if secret.is_empty() {
        return None;
    }
    let (secret, quoting) = match default_of(bytes, &secret) {
        Some(inner) => (inner, Quoting::Environment),
        None => (secret, quoting),
    };
    Some(Reading { matched: head.name.start..secret.end, name: head.name, secret, quoting })
}

/// The default of a shell's variable: `run --token "${API_TOKEN:-v}"`, `: ${API_TOKEN:=v}`.
fn shell_default(place: &Place<'_>) -> Option<Reading> {
    let bytes = place.bytes;
    let signs = bytes.get(place.start..place.end)?.iter().take_while(|b| !is_name_byte(**b)).count();
    let around = name_around(bytes, place.start + signs)?;
    if !bytes.get(..around.start)?.ends_with(b"${") {
        return None;
    }
    // A dash belongs to names elsewhere, and ends them here.
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let length = bytes.get(around.start..)?.iter().take_while(|b| plain(b)).count();
    let name = around.start..around.start + length;
    let operator = [&b":-"[..], b":=", b"-", b"="].into_iter().find(|o| stands(bytes, name.end, o))?;
    let start = name.end + operator.len();
    let length = bytes.iter().skip(start).take(512).position(|b| matches!(b, b'}' | b'$' | b'\n'))?;
    let secret = start..start + length;
    let closed = bytes.get(secret.end) == Some(&b'}') && !secret.is_empty();
    let counts = closed && name_kind(bytes.get(name.clone())?) != NameKind::Harmless;
    counts.then_some(Reading { matched: name.start..secret.end, name, secret, quoting: Quoting::Environment })
}

/// The value without quotes at `start`, and how it is written.
fn value(place: &Place<'_>, head: &Head, start: usize) -> Option<(Range<usize>, Quoting)> {
    let bytes = place.bytes;
    let previous = before(bytes, head.name.start);
    let lead = line_head(bytes, head.name.start, HEAD);
    let begins_line = lead.is_some_and(is_indent);
    if head.operator == Operator::Blank {
        // The preprocessor of C takes a bare value for a number or another name.
        let defines = lead.is_some_and(|line| {
            let line = line.trim_ascii();
            line.strip_prefix(b"#").is_some_and(|rest| rest.trim_ascii_start() == b"define")
        });
        if is_flag(bytes, &head.name) {
            let secret = word(bytes, start);
            let ends =
                matches!(bytes.get(secret.end), None | Some(b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\''));
            return (ends && !secret.is_empty()).then_some((secret, Quoting::Environment));
        }
        let setter = !defines && is_setter(bytes, head.name.start);
        return directive(place, head, start, setter);
    }
    let tight = head.operator == Operator::Equals
        && head.span.len() == 1
        && start == head.span.end
        && head.span.start == head.name.end;
    if bytes[start..].starts_with(b"${") {
        let length = bytes.iter().skip(start).take(512).position(|b| *b == b'}')? + 1;
        let secret = start..start + length;
        return default_of(bytes, &secret).map(|inner| (inner, Quoting::Environment));
    }
    if place.kind == FileKind::Config && begins_line {
        let secret = trim_end(bytes, rest_of_line(bytes, start), b";,");
        let text = &bytes[secret.clone()];
        if !text.iter().any(u8::is_ascii_whitespace) && !is_nested(text) {
            let tight = tight || is_make(bytes, &head.span);
            return Some((secret, if tight { Quoting::Environment } else { Quoting::Line }));
        }
    }
    let first = bytes[start];
    if b"<>,;(){}[]=:&".contains(&first) {
        return None;
    }
    let secret = word(bytes, start);
    let close = bytes.get(secret.end).copied();
    let escape = close == Some(b'\\')
        && matches!(bytes.get(secret.end + 1), Some(b'n' | b'r' | b't' | b'"' | b'\'' | b'0' | b'\\' | b'u'));
    let same_quote = matches!(previous, Some(b'"' | b'\'')) && close == previous;
    let ends =
        escape || matches!(close, None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0 | b'&' | b'#' | b'"' | b'\''));
    // `--from-literal=NAME=value`, systemd's `Environment=NAME=value`.
    let literal_option = lead.is_some_and(|l| {
        l.ends_with(b"-literal=") || l.ends_with(b"Environment=") || l.ends_with(b"SetCredential=")
    });
    let starts = literal_option
        || matches!(
            previous,
            None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0 | b'&' | b'?' | b'|' | b'"' | b'\'')
        )
        || previous.is_some_and(|p| matches!(p, b'n' | b'r' | b't'))
            && bytes.get(head.name.start.wrapping_sub(2)) == Some(&b'\\');
    // YAML's flow mappings: `{DB_PASSWORD: value, …}`.
    let flow = head.operator == Operator::Colon
        && place.kind == FileKind::Config
        && matches!(close, Some(b',' | b'}'))
        && lead.is_some_and(|l| l.contains(&b'{'));
    if flow {
        return Some((secret, Quoting::Line));
    }
    let command_end =
        tight && close == Some(b';') && matches!(bytes.get(secret.end + 1), None | Some(b' ' | b'\n' | b';'));
    if !(ends || command_end) || !starts {
        return None;
    }
    let whole_word = escape
        || same_quote
        || command_end
        || literal_option
        || matches!(close, None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0));
    let query = matches!(previous, Some(b'?' | b'&'));
    let flag = bytes[head.name.clone()].starts_with(b"--");
    let quoting = if whole_word && !query && (tight || flag || literal_option || is_make(bytes, &head.span)) {
        Quoting::Environment
    } else if begins_line && matches!(close, None | Some(b'\n' | b'\r')) {
        Quoting::Line
    } else {
        Quoting::Bare
    };
    Some((secret, quoting))
}

/// The value of a directive that takes it after a blank, on a line of its own or in a block: `requirepass value`,
/// `secret value;`. Those that are known take any value, others whose name is a secret's one that looks random.
fn directive(place: &Place<'_>, head: &Head, start: usize, setter: bool) -> Option<(Range<usize>, Quoting)> {
    let bytes = place.bytes;
    let name = &bytes[head.name.clone()];
    let known = DIRECTIVES.iter().any(|d| name.eq_ignore_ascii_case(d.as_bytes()));
    let lead = line_head(bytes, head.name.start, HEAD)?.trim_ascii();
    let inline = known && (lead.ends_with(b";") || lead.ends_with(b"{"));
    let is_directive = place.kind == FileKind::Config && (lead.is_empty() || inline);
    let line = rest_of_line(bytes, start);
    let secret = if inline { word(bytes, start) } else { trim_end(bytes, line, b";") };
    let one_word = !bytes[secret.clone()].iter().any(u8::is_ascii_whitespace);
    let quoting = match (setter || is_directive && known, is_directive) {
        (true, _) => Quoting::Line,
        (false, true) if name_kind(name) == NameKind::Secret => Quoting::Bare,
        _ => return None,
    };
    (one_word && !secret.is_empty()).then_some((secret, quoting))
}

/// The name that covers the anchor, and what joins it to a value.
fn head(place: &Place<'_>) -> Option<Head> {
    let bytes = place.bytes;
    // An anchor may begin with the line end before the name.
    let signs = bytes.get(place.start..place.end)?.iter().take_while(|b| !is_name_byte(**b)).count();
    let name = name_around(bytes, place.start + signs)?;
    // `AWS::IAM::AccessKey`, `Token::Kind`: types, not variables.
    if name.start >= 2 && &bytes[name.start - 2..name.start] == b"::" {
        return None;
    }
    let mut at = name.end;
    let mut in_quotes = false;
    // What closes around a name: quotes, `["X"]`, `("X")`.
    for _ in 0..4 {
        match bytes.get(at) {
            Some(b'"' | b'\'' | b'`') => {
                in_quotes = true;
                at += 1;
            }
            Some(b'\\') if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => {
                in_quotes = true;
                at += 2;
            }
            Some(b']') => at += 1,
            Some(b')') if in_quotes => at += 1,
            // `$ENV{NAME} =`, `$ENV{'NAME'} =`.
            Some(b'}')
                if name.start > usize::from(in_quotes)
                    && bytes[name.start - 1 - usize::from(in_quotes)] == b'{' =>
            {
                at += 1;
            }
            // `char PASSWORD[] =`.
            Some(b'[') if !in_quotes => {
                let digits = bytes.iter().skip(at + 1).take(6).take_while(|b| b.is_ascii_digit()).count();
                if bytes.get(at + 1 + digits) != Some(&b']') {
                    return None;
                }
                at += digits + 2;
            }
            _ => break,
        }
    }
    // A key of several words is a sentence.
    if in_quotes && name.start > 0 && bytes[name.start - 1] == b' ' {
        return None;
    }
    // A function of no arguments that gives the value alone: `fun token() = "value"`.
    if !in_quotes && bytes.get(at..at + 2) == Some(b"()") {
        at += 2;
    }
    if bytes.get(at) == Some(&b'(')
        && !in_quotes
        && (is_setting_call(bytes, &name) || is_constructor(bytes, &name))
    {
        let span = at..white(bytes, at + 1, 40);
        return Some(Head { name, operator: Operator::Call, in_quotes, in_tuple: false, span });
    }
    let begin = blanks(bytes, at, 32);
    let (operator, end) = operator(bytes, begin, at)?;
    let before = name.start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    // `{password, "value"}`, `-define(PASSWORD, "value")`.
    let defined = before == Some(b'(') && bytes[..name.start - 1].ends_with(b"define");
    let in_tuple = operator == Operator::Comma && (before == Some(b'{') || defined);
    Some(Head { name, operator, in_quotes, in_tuple, span: begin..end })
        .filter(|h| h.operator != Operator::Comma || h.in_quotes || h.in_tuple || is_put(bytes, h.name.start))
}

/// Whether a call of this name gives a value: a method (`.password(`), or one that says so (`setPassword(`).
fn is_setting_call(bytes: &[u8], name: &Range<usize>) -> bool {
    let text = &bytes[name.clone()];
    let own = text.iter().rposition(|b| *b == b'.').map_or(0, |dot| dot + 1);
    let before = name.start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let method = own > 0 || matches!(before, Some(b'.' | b'>' | b':'));
    let text = &text[own..];
    let sets = [&b"set"[..], b"with"].iter().any(|verb| {
        text.strip_prefix(*verb)
            .is_some_and(|rest| rest.first().is_some_and(|b| b.is_ascii_uppercase() || *b == b'_'))
    });
    method && (sets || name_kind(text) == NameKind::Secret)
}

/// Whether a type of strings stands before the name: `std::string token("value")`.
fn is_constructor(bytes: &[u8], name: &Range<usize>) -> bool {
    const TYPES: &[&[u8]] =
        &[b"string", b"wstring", b"string_view", b"QString", b"QByteArray", b"CString", b"String"];
    let Some(line) = line_head(bytes, name.start, HEAD) else { return false };
    let Some(line) = line.strip_suffix(b" ") else { return false };
    let word = line
        .iter()
        .rposition(|b| !b.is_ascii_alphanumeric() && *b != b'_')
        .map_or(line, |at| &line[at + 1..]);
    TYPES.contains(&word)
}

/// A keyword of Clojure, Elixir or Ruby before its value: `:password "value"`.
fn is_keyword(bytes: &[u8], start: usize) -> bool {
    let at = |back: usize| start.checked_sub(back).and_then(|i| bytes.get(i)).copied();
    at(1) == Some(b':') && matches!(at(2), None | Some(b' ' | b'\n' | b'\t' | b'{' | b'(' | b'['))
}

/// A line that is nothing but a name and a value in quotes: `password 'value'` of Gradle, `secret "value";` of BIND,
/// `@api_token "value"` of Elixir.
fn is_statement(bytes: &[u8], head: &Head, secret: &Range<usize>) -> bool {
    let alone =
        line_head(bytes, head.name.start, HEAD).is_some_and(|line| matches!(line.trim_ascii(), b"" | b"@"));
    let end = blanks(bytes, secret.end + 1, 8);
    let end = end + usize::from(bytes.get(end) == Some(&b';'));
    alone && !head.in_quotes && matches!(bytes.get(end), None | Some(b'\n' | b'\r'))
}

/// The place of the value in `"--token", default="value"`; `at` if there is no such argument on the line.
fn default_argument(bytes: &[u8], at: usize) -> usize {
    const MARKS: &[&[u8]] =
        &[b"default=", b"default:", b"defaultvalue:", b"defaultvalue =", b"unset =", b"unset=", b"do:"];
    let line = bytes.get(at..(at + 120).min(bytes.len())).unwrap_or_default();
    let line =
        &line[..line.iter().position(|b| matches!(b, b'\n' | b'"' | b'\'' | b')')).unwrap_or(line.len())];
    let found = MARKS.iter().find_map(|mark| {
        let place = line.windows(mark.len()).position(|w| w.eq_ignore_ascii_case(mark))?;
        Some(at + place + mark.len())
    });
    found.map_or(at, |end| blanks(bytes, end, 4))
}

/// The literal at `at` without what delimits the value within it: quotes of its own (`"\"value\""`), the brackets of a
/// raw string of C++ (`R"(value)"`).
fn without_delimiters(bytes: &[u8], at: usize, secret: Range<usize>) -> Range<usize> {
    let text = &bytes[secret.clone()];
    let inner = text.len() > 4 && text.starts_with(b"\\\"") && text.ends_with(b"\\\"");
    let raw = at > 0 && bytes[at - 1] == b'R' && text.starts_with(b"(") && text.ends_with(b")");
    match (inner, raw && text.len() > 2) {
        (true, _) => secret.start + 2..secret.end - 2,
        (_, true) => secret.start + 1..secret.end - 1,
        _ => secret,
    }
}

/// An option of a command or a cmdlet whose own name is a secret's: `--docker-password`, `-ClientSecret`.
fn is_flag(bytes: &[u8], name: &Range<usize>) -> bool {
    let text = &bytes[name.clone()];
    let before = name.start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    text.starts_with(b"-")
        && text.len() > 2
        && matches!(before, None | Some(b' ' | b'\n' | b'\t' | b'"' | b'\''))
        && name_kind(text) == NameKind::Secret
}

/// Whether the block that holds a literal alone ends at `at`.
fn closes_block(bytes: &[u8], at: usize) -> bool {
    let at = white(bytes, at, 24);
    let at = at + usize::from(bytes.get(at) == Some(&b';'));
    bytes.get(white(bytes, at, 24)) == Some(&b'}')
}

/// Whether the name at `start` is a symbol that is given a value: `set :api_token, "value"`, `put_env(:app, :api_token,
/// "value")`.
fn is_put(bytes: &[u8], start: usize) -> bool {
    let Some(line) = line_head(bytes, start, HEAD) else { return false };
    let Some(line) = line.strip_suffix(b":") else { return false };
    line.trim_ascii() == b"set" || line.windows(8).any(|w| w == b"put_env(")
}

/// The operator at `at`; `closed` is where the name ended before blanks.
fn operator(bytes: &[u8], at: usize, closed: usize) -> Option<(Operator, usize)> {
    const EQUALS: &[&[u8]] =
        &[b":::=", b"::=", b"||=", b"??=", b"&&=", b"//=", b":=", b"?=", b"+=", b".=", b"<<-", b"<-", b"="];
    const COMPARED: &[&[u8]] = &[b"==", b"=~", b"<=", b"!="];
    if COMPARED.iter().any(|o| stands(bytes, at, o)) {
        return None;
    }
    if stands(bytes, at, b"=>") || stands(bytes, at, b"->") {
        return Some((Operator::Colon, at + 2));
    }
    if let Some(equals) = EQUALS.iter().find(|o| stands(bytes, at, o)) {
        return Some((Operator::Equals, at + equals.len()));
    }
    if [&b"||"[..], b"??", b"?:"].iter().any(|o| stands(bytes, at, o)) {
        return Some((Operator::Fallback, at + 2));
    }
    if let Some(end) = block(bytes, at) {
        return Some((Operator::Block, end));
    }
    // Perl: `$ENV{NAME} // 'value'`.
    let quoted_after = |end: usize| matches!(bytes.get(blanks(bytes, end, 4)), Some(b'"' | b'\''));
    if stands(bytes, at, b"//") && closed > 0 && bytes[closed - 1] == b'}' && quoted_after(at + 2) {
        return Some((Operator::Fallback, at + 2));
    }
    match bytes.get(at)? {
        b':' if bytes.get(at + 1) == Some(&b':') => None,
        // `name: type = value`, `name: type { value }`.
        b':' => Some(match (typed(bytes, at + 1), typed_block(bytes, at + 1)) {
            (Some(end), _) => (Operator::Equals, end),
            (None, Some(end)) => (Operator::Block, end),
            (None, None) => (Operator::Colon, at + 1),
        }),
        b'?' if bytes.get(at + 1) == Some(&b':') => typed(bytes, at + 2).map(|end| (Operator::Equals, end)),
        b',' => Some((Operator::Comma, at + 1)),
        // A property of C#: `Password { get; set; } = "value"`.
        b'{' => {
            let body = bytes.get(at + 1..(at + 48).min(bytes.len()))?;
            let end = body.iter().position(|b| matches!(b, b'}' | b'\n' | b'"'))?;
            let accessors = body.get(end) == Some(&b'}') && body[..end].windows(4).any(|w| w == b"get;");
            let next = blanks(bytes, at + 2 + end, 4);
            let equals = bytes.get(next) == Some(&b'=') && bytes.get(next + 1) != Some(&b'=');
            (accessors && equals).then_some((Operator::Equals, next + 1))
        }
        b'\n' | b'\r' => {
            // An operator on a line of its own: `"X"\n  => "v"`.
            let next = white(bytes, at, 40);
            stands(bytes, next, b"=>").then_some((Operator::Colon, next + 2))
        }
        _ if at > closed => {
            if stands(bytes, at, b"or ") {
                return Some((Operator::Fallback, at + 3));
            }
            // Kotlin: `"NAME" to "value"`, `val name by lazy { "value" }`, `val name get() = "value"`.
            if stands(bytes, at, b"to ") && quoted_after(at + 3) && matches!(bytes[closed - 1], b'"' | b'\'')
            {
                return Some((Operator::Colon, at + 3));
            }
            if stands(bytes, at, b"by lazy ")
                && let Some(end) = block(bytes, at + 8)
            {
                return Some((Operator::Block, end));
            }
            if stands(bytes, at, b"get() = ") {
                return Some((Operator::Equals, at + 8));
            }
            // Go: `name type = value`, `name() type { return value }`.
            if let Some(end) = typed(bytes, at) {
                return Some((Operator::Equals, end));
            }
            if closed > 0
                && bytes[closed - 1] == b')'
                && let Some(end) = typed_block(bytes, at)
            {
                return Some((Operator::Block, end));
            }
            Some((Operator::Blank, at))
        }
        _ => None,
    }
}

/// The place of the literal in a block that holds it alone, where such a block begins at `at`: `{"value"}`,
/// `{ return "value" }`.
fn block(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let inner = white(bytes, at + 1, 24);
    let inner = if stands(bytes, inner, b"return ") { inner + b"return ".len() } else { inner };
    let end = literal(bytes, inner)?.end + 1;
    closes_block(bytes, end).then_some(inner)
}

/// The place after `type =`, where a type and an equals sign with a literal behind it stand at `at`.
fn typed(bytes: &[u8], at: usize) -> Option<usize> {
    let at = blanks(bytes, at, 4);
    let is_type = |b: &u8| b.is_ascii_alphanumeric() || b"_.<>[]&'*?|:".contains(b);
    let mut end = at;
    // `&'static str`, `string | null`, `Option<String>`.
    for _ in 0..4 {
        let word = bytes.iter().skip(end).take(32).take_while(|b| is_type(b)).count();
        if word == 0 {
            break;
        }
        end = blanks(bytes, end + word, 4);
    }
    let letter =
        bytes.get(at).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'&' | b'*' | b'[' | b'_'));
    if !letter || bytes.get(end) != Some(&b'=') || matches!(bytes.get(end + 1), Some(b'=' | b'>')) {
        return None;
    }
    let value = prelude(bytes, end + 1);
    matches!(bytes.get(value), Some(b'"' | b'\'' | b'`')).then_some(end + 1)
}

/// The place of the literal in `String { "value" }`, a type and a block that holds the value alone.
fn typed_block(bytes: &[u8], at: usize) -> Option<usize> {
    let at = blanks(bytes, at, 4);
    let word =
        bytes.iter().skip(at).take(32).take_while(|b| b.is_ascii_alphanumeric() || **b == b'?').count();
    let letter = bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    letter.then(|| block(bytes, blanks(bytes, at + word, 4))).flatten()
}

/// Make's operators want no tight form.
fn is_make(bytes: &[u8], span: &Range<usize>) -> bool {
    let operator = bytes.get(span.clone()).unwrap_or_default();
    operator.len() >= 2 && operator.ends_with(b"=") && matches!(operator[0], b'?' | b':')
}

/// Whether the name at `start` is the first argument of a call: `("NAME", "value")`.
fn is_argument(bytes: &[u8], start: usize) -> bool {
    let head = &bytes[start.saturating_sub(8)..start];
    let head = head.strip_suffix(b"\"").or_else(|| head.strip_suffix(b"'")).unwrap_or(head);
    let head = head.strip_suffix(b"\\").unwrap_or(head).trim_ascii_end();
    head.ends_with(b"(")
}

/// Whether the line before a name says that a value follows after a blank: `SetEnv`, `#define`, `ENV`, `setenv`, `set -x`.
fn is_setter(bytes: &[u8], start: usize) -> bool {
    const SETTERS: &[&str] = &[
        "setenv",
        "fastcgi_param",
        "uwsgi_param",
        "scgi_param",
        "set -x",
        "set -gx",
        "set -xg",
        "set -ux",
        "set -lx",
        "#define",
        "# define",
        "env",
        "arg",
        "export",
        "setx",
        "proxy_set_header",
        "requestheader set",
        "requestheader add",
        "header set",
        "header add",
        "add_header",
        "php_value",
        "php_admin_value",
        "insecure-password",
        "set",
        "(def",
        "(defonce",
        "(defvar",
        "(setq",
        "(setenv",
        "(define",
    ];
    let Some(line) = line_head(bytes, start, HEAD) else { return false };
    let line = line.trim_ascii();
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    // `set $name "value";` of nginx.
    let line = line.strip_suffix(b"$").unwrap_or(line).trim_ascii_end();
    SETTERS.iter().any(|s| line.eq_ignore_ascii_case(s.as_bytes()))
}

/// Whether only blanks, list dashes and words such as `export` stand before a name.
fn is_indent(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"- ").unwrap_or(line);
    let line = line.trim_ascii();
    [
        &b""[..],
        b"-",
        // A symbol of Ruby in YAML: `:api_key: value`.
        b":",
        b"export",
        b"set",
        b"ENV",
        b"ARG",
        b"declare -x",
        b"local",
        b"readonly",
        b"declare",
        b"typeset -x",
        b"//",
    ]
    .contains(&line)
        || line.starts_with(b"ENV ") && !line.contains(&b'"')
}

/// Lists and mappings in one line, which are no value by themselves.
fn is_nested(text: &[u8]) -> bool {
    matches!((text.first(), text.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
        || text.starts_with(b"{")
}

/// Without one separator at its end.
fn trim_end(bytes: &[u8], range: Range<usize>, separators: &[u8]) -> Range<usize> {
    match bytes[range.clone()].last() {
        Some(last) if separators.contains(last) => range.start..range.end - 1,
        _ => range,
    }
}
