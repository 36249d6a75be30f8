//! Values: what stands in front of one, and where it ends.

use std::ops::Range;

use super::scan::{MAX_VALUE, blanks, stands, white};

/// Constructors whose one argument is the value.
const WRAPPERS: &[&[u8]] = &[
    b"String(",
    b"new String(",
    b"str(",
    b"bytes(",
    b"[]byte(",
    b"Buffer.from(",
    b"SecretStr(",
    b"Secret(",
    b"SecretString(",
    b"std::string(",
    b"std::string{",
    b"String::from(",
    b"CharSequence(",
    b"QStringLiteral(",
    b"QString(",
    b"QByteArray(",
    b"Some(",
    b"Optional.of(",
    b"RedisPassword.of(",
    b"sensitive(",
    b"Encoding.UTF8.GetBytes(",
    b"_T(",
    b"TEXT(",
    b"Field(default=",
    b"Field(",
    b"field(default=",
    b"typer.Option(",
    b"Secret::new(",
    b"SecretString::new(",
    b"SecretString::from(",
    b"Bytes::from_static(",
    b"createSecretKey(",
    b"new TextEncoder().encode(",
    b"Text.Encoding.UTF8.GetBytes(",
    b"Encoding.ASCII.GetBytes(",
    b"Array(",
    b"Data(",
    b"@",
];

/// Calls that make bytes of their one argument, hexadecimal digits or base64.
const DECODERS: &[&[u8]] = &[
    b"bytes.fromhex(",
    b"bytearray.fromhex(",
    b"unhexlify(",
    b"binascii.unhexlify(",
    b"base64.b64decode(",
    b"base64.urlsafe_b64decode(",
    b"b64decode(",
    b"base64_decode(",
    b"hex2bin(",
    b"Convert.FromBase64String(",
    b"Convert.FromHexString(",
    b"Base64.getDecoder().decode(",
    b"Base64.getUrlDecoder().decode(",
    b"Base64.decode(",
    b"Base64.decode64(",
    b"Base64.strict_decode64(",
    b"Base64.decode64!(",
    b"Base.decode64!(",
    b"Base.decode16!(",
    b"Hex.decode(",
    b"Hex.decodeHex(",
    b"hex.DecodeString(",
    b"HexFormat.of().parseHex(",
    b"hex!(",
    b"hex::decode(",
    b"Data(base64Encoded: ",
    b"Data(hexString: ",
    b"base64Decode(",
    b"atob(",
];

/// The place of the literal that a decoder at `at` takes.
pub(super) fn decoder(bytes: &[u8], at: usize) -> Option<usize> {
    let first = bytes.get(at)?;
    let call = DECODERS.iter().find(|d| d[0] == *first && bytes.get(at..at + d.len()) == Some(**d))?;
    let at = white(bytes, at + call.len(), 40);
    Some(at + string_prefix(bytes, at))
}

/// Steps over what may stand between an operator and its value: a line end, parentheses, string prefixes, YAML's tags,
/// anchors and block marks, constructors, `X ||` in front of a default.
pub(super) fn prelude(bytes: &[u8], at: usize) -> usize {
    let mut at = blanks(bytes, at, 64);
    for _ in 0..4 {
        let Some(&byte) = bytes.get(at) else { return at };
        let next = match byte {
            b'(' => white(bytes, at + 1, 80),
            b'\n' | b'\r' => {
                let next = white(bytes, at, 80);
                // A value on the next line is indented.
                if !matches!(bytes.get(next.wrapping_sub(1)), Some(b' ' | b'\t')) {
                    return at;
                }
                next
            }
            b'&' | b'!' => {
                let word = bytes.iter().skip(at).take(24).take_while(|b| !b.is_ascii_whitespace()).count();
                if !matches!(bytes.get(at + word), Some(b' ')) || word < 2 {
                    return at;
                }
                blanks(bytes, at + word, 8)
            }
            b'|' | b'>' => {
                let marks = bytes
                    .iter()
                    .skip(at + 1)
                    .take(2)
                    .take_while(|b| matches!(b, b'+' | b'-' | b'0'..=b'9'))
                    .count();
                let end = blanks(bytes, at + 1 + marks, 8);
                if !matches!(bytes.get(end), Some(b'\n' | b'\r')) {
                    return at;
                }
                white(bytes, end, 80)
            }
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n')) => white(bytes, at + 1, 80),
            b'b' | b'B' | b'f' | b'F' | b'r' | b'R' | b'u' | b'U' | b'L' | b'N' | b'@' | b'$' | b'#'
                if string_prefix(bytes, at) > 0 =>
            {
                return at + string_prefix(bytes, at);
            }
            _ => match WRAPPERS.iter().find(|w| w[0] == byte && bytes.get(at..at + w.len()) == Some(**w)) {
                Some(wrapper) => white(bytes, at + wrapper.len(), 40),
                None => return fallback(bytes, at).unwrap_or(at),
            },
        };
        at = next;
    }
    at
}

/// The length of a string prefix (`b`, `rb`, `f`, `@`, `L`, `r#`, `#`) at `at`, if a quote follows it.
pub(super) fn string_prefix(bytes: &[u8], at: usize) -> usize {
    let letters = |b: &u8| b"bBfFrRuULN@$".contains(b);
    let count = bytes.iter().skip(at).take(2).take_while(|b| letters(b)).count();
    let signs = bytes.iter().skip(at + count).take(3).take_while(|b| **b == b'#').count();
    let count = count + signs;
    let double = bytes.get(at + count) == Some(&b'"');
    if double || signs == 0 && bytes.get(at + count) == Some(&b'\'') { count } else { 0 }
}

/// The place after `name ||`, `name ??`, `name or`, where a literal in quotes follows.
fn fallback(bytes: &[u8], at: usize) -> Option<usize> {
    let path = |b: &u8| b.is_ascii_alphanumeric() || b"_.[]()?$".contains(b);
    let plain = bytes.iter().skip(at).take(80).take_while(|b| path(b)).count();
    if plain < 2 {
        return None;
    }
    let operator = blanks(bytes, at + plain, 4);
    let length = [&b"||"[..], b"??", b"or ", b"?:"].iter().find(|o| stands(bytes, operator, o))?.len();
    let next = blanks(bytes, operator + length, 4);
    matches!(bytes.get(next), Some(b'"' | b'\'' | b'`')).then_some(next)
}

/// The text of a literal in quotes that begins at `at`: plain, escaped (`\"`) or triple quotes.
pub(super) fn quoted(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let limit = (at + MAX_VALUE + 8).min(bytes.len());
    let first = *bytes.get(at)?;
    if first == b'\\' {
        // Escapes of escapes too: `\\\"`.
        let slashes = bytes.iter().skip(at).take(4).take_while(|b| **b == b'\\').count();
        let quote = *bytes.get(at + slashes).filter(|b| matches!(b, b'"' | b'\''))?;
        let start = at + slashes + 1;
        let length = bytes
            .get(start..limit)?
            .iter()
            .position(|b| matches!(b, b'\\' | b'\n' | b'\r' | 0) || *b == quote)?;
        return (bytes.get(start + length) == Some(&b'\\')).then_some(start..start + length);
    }
    if !matches!(first, b'"' | b'\'' | b'`') {
        return bracketed(bytes, at);
    }
    if bytes.get(at + 1) == Some(&first) && bytes.get(at + 2) == Some(&first) {
        let start = at + 3;
        let body = bytes.get(start..limit)?;
        let length = body.windows(3).position(|w| w.iter().all(|b| *b == first))?;
        return Some(trimmed(bytes, start..start + length));
    }
    let mut i = at + 1;
    while i < limit {
        match bytes[i] {
            b'\\' => i += 2,
            b'\n' | b'\r' if first != b'`' => return None,
            0 => return None,
            b if b == first => return Some(unescaped(bytes, at + 1..i)),
            _ => i += 1,
        }
    }
    None
}

/// Literals in brackets: Lua's `[[v]]`, `q{v}`, `qq(v)` of Perl, `%q(v)` of Ruby. Their text is one word.
fn bracketed(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let opened = |text: &[u8]| bytes.get(at..at + text.len()) == Some(text);
    let quote = [&b"%q"[..], b"%Q", b"qq", b"q"].into_iter().find(|q| opened(q)).map_or(0, <[u8]>::len);
    let (start, close): (usize, &[u8]) = match (quote, bytes.get(at + quote)?) {
        (0, b'[') if opened(b"[[") => (at + 2, b"]]"),
        (1.., b'(') => (at + quote + 1, b")"),
        (1.., b'{') => (at + quote + 1, b"}"),
        (1.., b'[') => (at + quote + 1, b"]"),
        _ => return None,
    };
    let is_word = |b: &u8| *b > b' ' && *b < 0x7f && !b"\"'`()[]{}<>,".contains(b);
    let length = bytes.iter().skip(start).take(MAX_VALUE).take_while(|b| is_word(b)).count();
    let end = start + length;
    (length > 0 && bytes.get(end..end + close.len()) == Some(close)).then_some(start..end)
}

/// The one word of a document behind `<<MARK`, as HCL, shells, Ruby and PHP write it.
pub(super) fn here_document(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mark = at + bytes.get(at..)?.iter().take(3).take_while(|b| **b == b'<').count();
    if mark < at + 2 {
        return None;
    }
    let mark = mark + bytes.get(mark..)?.iter().take(3).take_while(|b| b"-~\"'".contains(b)).count();
    let length =
        bytes.iter().skip(mark).take(24).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let name = bytes.get(mark..mark + length).filter(|n| n.len() >= 2)?;
    let line_end = super::scan::line_end(bytes, mark + length, 8);
    let start = white(bytes, line_end, 80);
    if start == line_end {
        return None;
    }
    let secret = rest_of_line(bytes, start);
    let close = white(bytes, secret.end, 80);
    let closes = bytes.get(close..close + length) == Some(name);
    (closes && !secret.is_empty() && !bytes[secret.clone()].contains(&b' ')).then_some(secret)
}

/// Without an escaped line end or `\n` at its ends.
fn unescaped(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let range = trimmed(bytes, range);
    let text = &bytes[range.clone()];
    let cut = if text.ends_with(b"\\n") || text.ends_with(b"\\r") { 2 } else { 0 };
    range.start..range.end - cut
}

/// Without white space at its ends.
pub(super) fn trimmed(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let text = &bytes[range.clone()];
    let Some(first) = text.iter().position(|b| !b.is_ascii_whitespace()) else {
        return range.start..range.start;
    };
    let last = text.iter().rposition(|b| !b.is_ascii_whitespace()).unwrap_or(first);
    range.start + first..range.start + last + 1
}

/// The literal of a shell's `${NAME:-literal}`, if the value at `range` is that and nothing more.
pub(super) fn default_of(bytes: &[u8], range: &Range<usize>) -> Option<Range<usize>> {
    let text = bytes.get(range.clone())?;
    let inner = text.strip_prefix(b"${")?;
    let name = inner.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let operator = match inner.get(name..)? {
        [b':', b'-' | b'=' | b'+', ..] => 2,
        [b'-' | b'=', ..] => 1,
        // A shell's message about a variable that is not set, `${NAME:?message}`.
        [b':', b'?', ..] => return None,
        // Spring's and Ansible's `${NAME:literal}`.
        [b':', ..] => 1,
        _ => return None,
    };
    let start = range.start + 2 + name + operator;
    let rest = inner.get(name + operator..)?;
    let end = rest.iter().position(|b| *b == b'}')?;
    let literal = rest.get(..end)?;
    // Nothing may follow, and quotes around the literal are none of it.
    if name == 0 || range.start + 2 + name + operator + end + 1 != range.end || literal.contains(&b'$') {
        return None;
    }
    let quoted =
        literal.len() >= 2 && matches!(literal[0], b'"' | b'\'') && literal.last() == literal.first();
    Some(if quoted { start + 1..start + end - 1 } else { start..start + end })
}

/// A bare word at `at`, as it stands in any text: it ends at blanks, quotes, brackets and separators.
pub(super) fn word(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().take(MAX_VALUE).take_while(|b| !STOPS[usize::from(**b)]).count();
    at..at + length
}

/// For each byte, whether a bare word ends at it: a table, since words of thousands of bytes are read.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < stops.len() {
        stops[byte] = byte <= b' ' as usize || byte >= 0x7f;
        byte += 1;
    }
    let signs = b"\"'`\\<>,;(){}[]&";
    let mut sign = 0;
    while sign < signs.len() {
        stops[signs[sign] as usize] = true;
        sign += 1;
    }
    stops
};

/// The rest of the line at `at`, without a comment at its end.
pub(super) fn rest_of_line(bytes: &[u8], at: usize) -> Range<usize> {
    let end = super::scan::line_end(bytes, at, MAX_VALUE);
    let line = &bytes[at..end];
    let comment = line.windows(2).position(|w| matches!(w, b" #" | b"\t#" | b" ;")).unwrap_or(line.len());
    trimmed(bytes, at..at + comment)
}
