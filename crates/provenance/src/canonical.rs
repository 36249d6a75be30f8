//! Canonical JSON: one text for one value, so that its digest means something. What cannot be written with certainty is
//! not written at all, since a digest over a guess proves nothing.

use super::json::{Node, Value};
use seaworthy_source::Span;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Compact UTF-8, members sorted by code point, numbers as they were written: what Python's
    /// `json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` gives.
    SortedKeys,
    /// The same with everything outside ASCII escaped: Python's default, `ensure_ascii=True`.
    SortedKeysAscii,
    /// The JSON Canonicalization Scheme (RFC 8785).
    Jcs,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SortedKeys, Self::SortedKeysAscii, Self::Jcs];

    /// The word in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SortedKeys => "sorted-keys",
            Self::SortedKeysAscii => "sorted-keys-ascii",
            Self::Jcs => "jcs",
        }
    }

    /// The mode that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == word)
    }
}

/// A number of which it is not certain how a writer of the mode would have written it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncertain {
    /// Where it stands.
    pub span: Span,
}

/// Writes `node`, leaving out the member whose value stands at `except`: a digest is not a part of what it is made of.
///
/// # Errors
/// The first number that cannot be written with certainty.
pub fn write(node: &Node, mode: Mode, except: Option<Span>) -> Result<Vec<u8>, Uncertain> {
    let mut out = Vec::new();
    value(node, mode, except, &mut out)?;
    Ok(out)
}

fn value(node: &Node, mode: Mode, except: Option<Span>, out: &mut Vec<u8>) -> Result<(), Uncertain> {
    match &node.value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(text) => {
            let written = number(text, mode).ok_or(Uncertain { span: node.span })?;
            out.extend_from_slice(written.as_bytes());
        }
        Value::String(text) => string(text, mode, out),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                value(item, mode, except, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().filter(|m| Some(m.node.span) != except).collect();
            match mode {
                // RFC 8785 sorts by UTF-16 code units, which differs beyond the Basic Multilingual Plane.
                Mode::Jcs => sorted.sort_by(|a, b| a.name.encode_utf16().cmp(b.name.encode_utf16())),
                Mode::SortedKeys | Mode::SortedKeysAscii => sorted.sort_by(|a, b| a.name.cmp(&b.name)),
            }
            out.push(b'{');
            for (i, member) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                string(&member.name, mode, out);
                out.push(b':');
                value(&member.node, mode, except, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn string(text: &str, mode: Mode, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\r' => out.extend_from_slice(b"\\r"),
            ' '..='~' => out.push(c as u8),
            '\0'..='\u{1f}' => out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes()),
            _ if mode == Mode::SortedKeysAscii => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// The number in the mode's form, if that is certain.
fn number(text: &str, mode: Mode) -> Option<String> {
    let is_integer = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match mode {
        Mode::SortedKeys | Mode::SortedKeysAscii => {
            // Python reads `-0` as the integer 0; a writer of another language may keep it.
            let is_certain =
                if is_integer { text != "-0" } else { python(text.parse().ok()?).as_deref() == Some(text) };
            is_certain.then(|| text.to_owned())
        }
        Mode::Jcs => {
            // Past 2^53 an integer and the double that it is read as part.
            if is_integer && text.parse::<i64>().map_or(true, |n| n.unsigned_abs() > 1 << 53) {
                return None;
            }
            ecmascript(text.parse().ok()?)
        }
    }
}

/// The digits of the shortest decimal that reads back as `number`, and the power of ten after its first digit.
fn shortest(number: f64) -> Option<(String, i32)> {
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e')?;
    Some((mantissa.replace('.', ""), exponent.parse().ok()?))
}

/// `repr` of Python's float.
fn python(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let (digits, exponent) = shortest(number)?;
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let body = if (-4..16).contains(&exponent) {
        let plain = positional(&digits, exponent);
        if plain.contains('.') { plain } else { plain + ".0" }
    } else {
        let (sign, size) = if exponent < 0 { ('-', -exponent) } else { ('+', exponent) };
        format!("{}e{sign}{size:02}", scientific(&digits))
    };
    Some(format!("{sign}{body}"))
}

/// `Number::toString` of ECMAScript, as RFC 8785 asks.
fn ecmascript(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    if number == 0.0 {
        return Some("0".to_owned());
    }
    let (digits, exponent) = shortest(number)?;
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let body = if (-7 + 1..21).contains(&exponent) {
        positional(&digits, exponent)
    } else {
        let mark = if exponent < 0 { '-' } else { '+' };
        format!("{}e{mark}{}", scientific(&digits), exponent.unsigned_abs())
    };
    Some(format!("{sign}{body}"))
}

fn scientific(digits: &str) -> String {
    match digits.split_at_checked(1) {
        Some((first, rest)) if !rest.is_empty() => format!("{first}.{rest}"),
        _ => digits.to_owned(),
    }
}

/// Digits with the point after the digit of 10⁰; only for small exponents.
fn positional(digits: &str, exponent: i32) -> String {
    let Ok(whole) = usize::try_from(exponent) else {
        let zeros = usize::try_from(-1 - exponent).unwrap_or(0);
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    let whole = whole + 1;
    match digits.split_at_checked(whole) {
        Some((head, tail)) if !tail.is_empty() => format!("{head}.{tail}"),
        _ => format!("{digits}{}", "0".repeat(whole.saturating_sub(digits.len()))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::json::{DOCUMENT, parse};
    use super::*;

    fn written(text: &str, mode: Mode) -> Option<String> {
        let node = parse(text.as_bytes(), DOCUMENT).unwrap();
        write(&node, mode, None).ok().map(|b| String::from_utf8(b).unwrap())
    }

    #[test]
    fn members_are_sorted_and_spaces_are_gone() {
        let text =
            "{\"b\": [1, 2.5, -3], \"a\": {\"z\": null, \"\\u00e9\": true}, \"A\": \"\\u000f\\n\\/\\u007f\"}";
        assert_eq!(
            written(text, Mode::SortedKeys).unwrap(),
            "{\"A\":\"\\u000f\\n/\u{7f}\",\"a\":{\"z\":null,\"é\":true},\"b\":[1,2.5,-3]}"
        );
        assert!(written(text, Mode::SortedKeysAscii).unwrap().contains("\"\\u00e9\":true"));
        assert!(written("\"\u{1f600}\"", Mode::SortedKeysAscii).unwrap() == "\"\\ud83d\\ude00\"");
        // U+FB33 is above U+1F600's first UTF-16 unit and below its code point.
        let keys = "{\"\u{1f600}\":1,\"\u{fb33}\":2}";
        assert_eq!(written(keys, Mode::Jcs).unwrap(), keys);
        assert_eq!(written(keys, Mode::SortedKeys).unwrap(), "{\"\u{fb33}\":2,\"\u{1f600}\":1}");
    }

    #[test]
    fn only_certain_numbers_are_written() {
        for text in [
            "0",
            "-1",
            "123456789012345678901234567890",
            "1.0",
            "0.1",
            "1e-07",
            "1e+16",
            "1.5e+300",
            "0.0001",
            "-0.0",
            "1234567.875",
        ] {
            assert_eq!(written(text, Mode::SortedKeys).as_deref(), Some(text));
        }
        for text in ["-0", "1.50", "1e5", "1E+16", "1e-7", "0.10000000000000000001", "1e400", "1e16"] {
            assert_eq!(written(text, Mode::SortedKeys), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_rfc_8785() {
        for (text, wanted) in [
            ("-0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("4.50", "4.5"),
            ("2e-3", "0.002"),
            ("1E30", "1e+30"),
            ("0.000000000000000000000000001", "1e-27"),
            ("333333333.33333329", "333333333.3333333"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("9007199254740992", "9007199254740992"),
            ("5e-324", "5e-324"),
            ("295147905179352830000.0", "295147905179352830000"),
        ] {
            assert_eq!(written(text, Mode::Jcs).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(written("9007199254740993", Mode::Jcs), None);
        assert_eq!(written("1e400", Mode::Jcs), None);
    }
}
