//! What joins a name to its value.

use std::ops::Range;

use super::scan::{blanks, stands, white};
use super::value::{prelude, quoted as literal};

/// What joins a name to its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
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
    /// `==`, `!=` and their like: what is compared with the secret is the secret.
    Compared,
    /// `{` of a block that is the value alone: `std::string key{"value"}`, `var key: String { "value" }`.
    Block,
}

/// The operator at `at`; `closed` is where the name ended before blanks.
pub(super) fn operator(bytes: &[u8], at: usize, closed: usize) -> Option<(Operator, usize)> {
    const EQUALS: &[&[u8]] =
        &[b":::=", b"::=", b"||=", b"??=", b"&&=", b"//=", b":=", b"?=", b"+=", b".=", b"<<-", b"<-", b"="];
    const COMPARED: &[&[u8]] = &[b"===", b"!==", b"==", b"!="];
    // Most names are followed by none.
    if at == closed && !b":=<!?|&/+.-,{\n\r".contains(bytes.get(at)?) {
        return None;
    }
    // Lists are gone through where one of theirs may stand: most names are followed by a letter or a comma.
    if b"=!<-:|?&/+.".contains(bytes.get(at)?) {
        if let Some(compared) = COMPARED.iter().find(|o| stands(bytes, at, o)) {
            return Some((Operator::Compared, at + compared.len()));
        }
        // `name =~ /x/` asks whether it matches; `PASSWORD=~x` gives a value that begins so.
        let matches = stands(bytes, at, b"=~")
            && (at > closed
                || bytes.get(at + 2).is_none_or(|b| b.is_ascii_whitespace() || b"/'\"`".contains(b)));
        if matches || stands(bytes, at, b"<=") {
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
        // `env::var("NAME").unwrap_or_else(|_| "value".to_owned())`, `Optional.ofNullable(getenv("NAME")).orElse("value")`.
        const DEFAULTS: &[&[u8]] = &[b".unwrap_or_else(|_| ", b".unwrap_or(", b".orElse(", b".getOrElse("];
        if let Some(call) = DEFAULTS.iter().find(|o| stands(bytes, at, o)) {
            return Some((Operator::Fallback, at + call.len()));
        }
    }
    if let Some(end) = block(bytes, at) {
        return Some((Operator::Block, end));
    }
    // Perl: `$ENV{NAME} // 'value'`.
    if stands(bytes, at, b"//") && closed > 0 && bytes[closed - 1] == b'}' && stands_quoted(bytes, at + 2) {
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
        b'{' => accessors(bytes, at).map(|end| (Operator::Equals, end)),
        b'\n' | b'\r' => {
            // An operator on a line of its own: `"X"\n  => "v"`.
            let next = white(bytes, at, 40);
            stands(bytes, next, b"=>").then_some((Operator::Colon, next + 2))
        }
        _ if at > closed => Some(spelled(bytes, at, closed)),
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

/// Whether the block that holds a literal alone ends at `at`.
pub(super) fn closes_block(bytes: &[u8], at: usize) -> bool {
    let at = white(bytes, at, 24);
    let at = at + usize::from(bytes.get(at) == Some(&b';'));
    bytes.get(white(bytes, at, 24)) == Some(&b'}')
}

/// The place after `type =`, where a type and an equals sign with a literal behind it stand at `at`.
fn typed(bytes: &[u8], at: usize) -> Option<usize> {
    let at = blanks(bytes, at, 4);
    let letter =
        bytes.get(at).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'&' | b'*' | b'[' | b'_'));
    if !letter {
        return None;
    }
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
    if bytes.get(end) != Some(&b'=') || matches!(bytes.get(end + 1), Some(b'=' | b'>')) {
        return None;
    }
    let value = prelude(bytes, end + 1);
    matches!(bytes.get(value), Some(b'"' | b'\'' | b'`')).then_some(end + 1)
}

/// The place of the literal in `String { "value" }`, a type and a block that holds the value alone.
fn typed_block(bytes: &[u8], at: usize) -> Option<usize> {
    let at = blanks(bytes, at, 4);
    if !bytes.get(at)?.is_ascii_alphabetic() {
        return None;
    }
    let word =
        bytes.iter().skip(at).take(32).take_while(|b| b.is_ascii_alphanumeric() || **b == b'?').count();
    block(bytes, blanks(bytes, at + word, 4))
}

/// Make's operators want no tight form.
pub(super) fn is_make(bytes: &[u8], span: &Range<usize>) -> bool {
    let operator = bytes.get(span.clone()).unwrap_or_default();
    operator.len() >= 2 && operator.ends_with(b"=") && matches!(operator[0], b'?' | b':')
}

/// Words and types between a name and its value, at `at`; blanks alone if there are none.
fn spelled(bytes: &[u8], at: usize, closed: usize) -> (Operator, usize) {
    if stands(bytes, at, b"or ") {
        return (Operator::Fallback, at + 3);
    }
    // Kotlin: `"NAME" to "value"`, `val name by lazy { "value" }`, `val name get() = "value"`.
    if stands(bytes, at, b"to ") && stands_quoted(bytes, at + 3) && matches!(bytes[closed - 1], b'"' | b'\'')
    {
        return (Operator::Colon, at + 3);
    }
    // A pair of Lisp: `(:password . "value")`.
    if stands(bytes, at, b". ") && stands_quoted(bytes, at + 2) {
        return (Operator::Colon, at + 2);
    }
    if stands(bytes, at, b"by lazy ")
        && let Some(end) = block(bytes, at + 8)
    {
        return (Operator::Block, end);
    }
    if stands(bytes, at, b"get() = ") {
        return (Operator::Equals, at + 8);
    }
    // Go: `name type = value`, `name() type { return value }`. What stands in quotes is no name there, but an attribute of
    // XML before another one.
    let in_quotes = closed > 0 && matches!(bytes[closed - 1], b'"' | b'\'');
    if !in_quotes && let Some(end) = typed(bytes, at) {
        return (Operator::Equals, end);
    }
    if closed > 0
        && bytes[closed - 1] == b')'
        && let Some(end) = typed_block(bytes, at)
    {
        return (Operator::Block, end);
    }
    (Operator::Blank, at)
}

/// Whether a literal in quotes stands at `at`, behind blanks.
fn stands_quoted(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(blanks(bytes, at, 4)), Some(b'"' | b'\''))
}

/// The place after a property of C#: `{ get; set; } =`.
fn accessors(bytes: &[u8], at: usize) -> Option<usize> {
    let body = bytes.get(at + 1..(at + 48).min(bytes.len()))?;
    let end = body.iter().position(|b| matches!(b, b'}' | b'\n' | b'"'))?;
    let accessors = body.get(end) == Some(&b'}') && body[..end].windows(4).any(|w| w == b"get;");
    let next = blanks(bytes, at + 2 + end, 4);
    let equals = bytes.get(next) == Some(&b'=') && bytes.get(next + 1) != Some(&b'=');
    (accessors && equals).then_some(next + 1)
}
