//! Arguments of calls: a literal that no name is given to, but whose place in a call says what it is.

use std::ops::Range;

use super::scan::white;
use super::value::{prelude, quoted as literal};
use super::{Place, Quoting, Reading};

/// How far behind the call's name its arguments are read, in bytes.
const REACH: usize = 400;

/// The most arguments of a call that are read.
const ARGUMENTS: usize = 8;

/// One argument of a call.
enum Argument {
    /// A literal in quotes, alone or with a conversion behind it or around it.
    Literal(Range<usize>),
    /// A number.
    Number,
    /// Anything else: a variable, an object, a call.
    Other,
}

/// The password of a call that logs in: `connect(host, "user", "value")`, `login(sender, "value")`. It is the last
/// literal, or the third of `connect("host", "user", "value", "database")`; the first argument says where or who.
pub(super) fn login(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let (arguments, true) = arguments(place) else { return };
    let third = match arguments.as_slice() {
        [_, Argument::Literal(_), Argument::Literal(third), Argument::Literal(_)] => Some(third),
        _ => None,
    };
    let last = match arguments.as_slice() {
        // `connect(HOST, USER, PASSWORD, "database")`; a port before the user says that the last is the password.
        [_, Argument::Other, Argument::Other, Argument::Literal(_)] => None,
        // `Connect(ctx, "address")`.
        [Argument::Other, Argument::Literal(_)] if bytes_at(place, b"ctx") => None,
        [_, .., Argument::Literal(last)] => Some(last),
        _ => None,
    };
    if let Some(secret) = third.or(last) {
        sink(reading(place, secret));
    }
}

/// Whether the first argument begins so.
fn bytes_at(place: &Place<'_>, text: &[u8]) -> bool {
    place.bytes.get(place.end..place.end + text.len()) == Some(text)
}

/// The keys of a call that signs or encrypts: each literal among its arguments, of which the validators leave out the names
/// of algorithms and what is signed.
pub(super) fn key(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    for argument in arguments(place).0 {
        if let Argument::Literal(secret) = argument {
            sink(reading(place, &secret));
        }
    }
}

/// A literal's reading, under the name of the call.
fn reading(place: &Place<'_>, secret: &Range<usize>) -> Reading {
    Reading {
        matched: place.start..secret.end,
        name: place.start..place.end,
        secret: secret.clone(),
        quoting: Quoting::Quoted,
    }
}

/// The arguments of the call whose parenthesis ends the anchor, and whether these are all: a function among them may be
/// longer than what is read.
fn arguments(place: &Place<'_>) -> (Vec<Argument>, bool) {
    let bytes = place.bytes;
    let limit = (place.end + REACH).min(bytes.len());
    let mut found = Vec::new();
    let mut at = white(bytes, place.end, 40);
    while found.len() < ARGUMENTS {
        let Some((argument, end)) = argument(bytes, at, limit) else { return (found, false) };
        found.push(argument);
        match bytes.get(end) {
            Some(b',') => at = white(bytes, end + 1, 80),
            _ => return (found, true),
        }
    }
    (found, false)
}

/// The argument that begins at `at`, and where it ends: at a comma or a closing parenthesis.
fn argument(bytes: &[u8], at: usize, limit: usize) -> Option<(Argument, usize)> {
    let (mut nested, mut i) = (0_usize, at);
    while i < limit {
        match bytes[i] {
            b'"' | b'\'' | b'`' => i = closing(bytes, i, limit)?,
            b'(' | b'{' | b'[' => nested += 1,
            b',' | b')' if nested == 0 => return Some((kind(bytes, at..i), i)),
            b')' | b'}' | b']' => nested = nested.checked_sub(1)?,
            b';' if nested == 0 => return None,
            0 => return None,
            _ => {}
        }
        i += 1;
    }
    None
}

/// The last quote of the literal that opens at `open`.
fn closing(bytes: &[u8], open: usize, limit: usize) -> Option<usize> {
    let quote = bytes[open];
    let is_triple = |at: usize| bytes.get(at..at + 3).is_some_and(|q| q.iter().all(|b| *b == quote));
    let length = if is_triple(open) { 3 } else { 1 };
    let mut i = open + length;
    while i < limit {
        match bytes[i] {
            b'\\' => i += 2,
            b if b == quote && (length == 1 || is_triple(i)) => return Some(i + length - 1),
            b'\n' if length == 1 && quote != b'`' => return None,
            _ => i += 1,
        }
    }
    None
}

/// What an argument is: a literal stands alone, in a constructor, or with a conversion behind it.
fn kind(bytes: &[u8], text: Range<usize>) -> Argument {
    let start = prelude(bytes, text.start);
    let secret = literal(bytes, start).filter(|s| !s.is_empty() && s.end < text.end);
    let Some(secret) = secret else {
        let is_number = !text.is_empty() && bytes[text].iter().all(u8::is_ascii_digit);
        return if is_number { Argument::Number } else { Argument::Other };
    };
    let end = closing(bytes, start, text.end).unwrap_or(secret.end);
    let rest = bytes.get(end + 1..text.end).unwrap_or_default().trim_ascii();
    let alone = matches!(rest.first(), None | Some(b'.' | b')'))
        || rest.starts_with(b", \"utf")
        || rest.starts_with(b", 'utf");
    if alone { Argument::Literal(secret) } else { Argument::Other }
}

#[cfg(test)]
mod tests {
    use super::super::Reach;
    use super::*;
    use crate::kind::FileKind;

    fn read(text: &str, anchor: &str, lexer: fn(&Place<'_>, &mut dyn FnMut(Reading))) -> Vec<String> {
        let bytes = text.as_bytes();
        let start = text.find(anchor).unwrap_or(0);
        let place = Place {
            bytes,
            start,
            end: start + anchor.len(),
            kind: FileKind::Code,
            reach: &Reach::new(usize::MAX),
        };
        let mut found = Vec::new();
        lexer(&place, &mut |r| found.push(String::from_utf8_lossy(&bytes[r.secret]).into_owned()));
        found
    }

    #[test]
    fn the_password_of_a_login() {
        for text in [
            "s.login(sender, \"one\")",
            "c.login('host', 22, \"root\", b'one')",
            "c.login(\"host\", \"user\", \"one\", \"database\")",
            "c.login(os.environ['X'], f(a, \"b\"), 'one' )",
            "c.login(\n  \"user\",\n  `one`)",
        ] {
            assert_eq!(read(text, "login(", login), ["one"], "{text}");
        }
        for text in [
            "s.login(\"one\")",
            "s.login(user, password)",
            "s.login(user, password=\"one\")",
            "s.login(user, \"a\" + b)",
            "s.login(user, {\"a\": \"one\"})",
            "s.login(user, \"one",
            "s.login(HOST, USER, PASSWORD, \"one\")",
            "s.login(ctx, \"one\")",
            "s.login(",
        ] {
            assert!(read(text, "login(", login).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_keys_of_a_signature() {
        for (text, found) in [
            ("sign({id: \"x\"}, 'one', {expiresIn: '1h'})", vec!["one"]),
            ("sign(\"one\".getBytes(\"UTF-8\"), \"AES\")", vec!["one", "AES"]),
            ("sign(Buffer.from('one', 'utf8'), iv)", vec!["one"]),
            ("sign(env.KEY || 'one')", vec!["one"]),
            ("sign(b\"one\", message, sha256)", vec!["one"]),
            ("sign([]byte(\"one\"))", vec!["one"]),
            ("sign(config.get(\"one\"))", vec![]),
            ("sign(token, 'one', function (error) { return", vec!["one"]),
            ("sign(key)", vec![]),
        ] {
            assert_eq!(read(text, "sign(", key), found, "{text}");
        }
    }
}
