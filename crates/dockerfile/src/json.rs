//! The JSON form of an instruction's arguments, with the place of each string.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::text::{Text, TextBuilder};

/// What the arguments turned out to be.
pub(super) enum StringArray {
    /// An array of strings.
    Strings(Vec<Text>),
    /// An array that holds something else: BuildKit refuses the file.
    OtherArray,
    /// No JSON array: BuildKit reads the words as they are.
    NotJson,
}

/// Reads the strings of `text[range]`.
pub(super) fn string_array(text: &Text, range: Range<usize>) -> StringArray {
    let part = text.get(range.clone()).unwrap_or_default();
    let trimmed = part.trim_start();
    if !trimmed.starts_with('[') {
        return StringArray::NotJson;
    }
    let mut reader = Reader { text, at: range.end - trimmed.len() + 1, end: range.end };
    match reader.strings() {
        Some(strings) => StringArray::Strings(strings),
        None if serde_json::from_str::<Vec<IgnoredAny>>(trimmed).is_ok() => StringArray::OtherArray,
        None => StringArray::NotJson,
    }
}

struct Reader<'a> {
    text: &'a Text,
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied().filter(|_| self.at < self.end)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The strings after the opening bracket; `None` if anything else than strings stands there.
    fn strings(&mut self) -> Option<Vec<Text>> {
        let mut strings = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.skip_space();
                strings.push(self.string()?);
                self.skip_space();
                match self.next()? {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
        }
        self.skip_space();
        (self.at == self.end).then_some(strings)
    }

    fn string(&mut self) -> Option<Text> {
        if self.next()? != b'"' {
            return None;
        }
        let mut out = TextBuilder::default();
        let start = self.at;
        loop {
            let run = self.at;
            while self.peek().is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20) {
                self.at += 1;
            }
            out.push_text(self.text, run..self.at);
            match self.next()? {
                b'"' => return Some(out.finish(self.text.locate(start..start).start)),
                b'\\' => {
                    let c = self.escaped()?;
                    out.push(c.encode_utf8(&mut [0; 4]), self.text.locate(self.escape_start(run)..self.at));
                }
                _ => return None,
            }
        }
    }

    /// Where the escape that ends at the reader's place began: the first backslash after `run`.
    fn escape_start(&self, run: usize) -> usize {
        self.text.get(run..self.at).and_then(|s| s.find('\\')).map_or(run, |i| run + i)
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        })
    }

    /// `XXXX`, or a surrogate pair; a lone surrogate is U+FFFD, as in Go.
    fn unicode(&mut self) -> Option<char> {
        let high = self.hex4()?;
        if let Some(c) = char::from_u32(high) {
            return Some(c);
        }
        let back = self.at;
        if high < 0xdc00 && self.next() == Some(b'\\') && self.next() == Some(b'u') {
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
        }
        self.at = back;
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Option<u32> {
        let mut value = 0;
        for _ in 0..4 {
            value = value * 16 + char::from(self.next()?).to_digit(16)?;
        }
        Some(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use seaworthy_source::Span;

    fn read(source: &str) -> StringArray {
        let mut builder = TextBuilder::default();
        builder.push(source, Span::new(0, source.len()));
        string_array(&builder.finish(0), 0..source.len())
    }

    #[test]
    fn strings_keep_their_places() {
        let StringArray::Strings(strings) = read(r#"[ "a b" ,"\u00e9\n\ud83d\ude00\ud800x"]"#) else {
            panic!()
        };
        assert_eq!(strings[0].as_str(), "a b");
        assert_eq!(strings[0].span(), Span::new(3, 6));
        assert_eq!(strings[1].as_str(), "é\n😀\u{fffd}x");
        assert_eq!(strings[1].locate(0..2), Span::new(10, 16));
    }

    #[test]
    fn what_is_no_array_of_strings() {
        assert!(matches!(read("['a']"), StringArray::NotJson));
        assert!(matches!(read(r#"["a" "b"]"#), StringArray::NotJson));
        assert!(matches!(read(r#"["a",]"#), StringArray::NotJson));
        assert!(matches!(read(r#"["a"] x"#), StringArray::NotJson));
        assert!(matches!(read(r#"["a", 1]"#), StringArray::OtherArray));
        assert!(matches!(read(r#"[["a"]]"#), StringArray::OtherArray));
        assert!(matches!(read("[]"), StringArray::Strings(s) if s.is_empty()));
    }
}
