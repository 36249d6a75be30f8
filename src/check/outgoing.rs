//! The last look at what leaves the program: finished reports and messages, wherever their parts came from.

use std::borrow::Cow;
use std::ops::Range;

use super::text::{Masker, mask_spans};
use seaworthy_detect::{Detector, Piece, Scratch};

impl Masker<'_> {
    /// A message for a person with every secret in it masked. Colours and escapes do not hide one.
    pub fn mask_message(&self, text: &str) -> String {
        let mut spans = self.secrets(text);
        let apart = apart(text.as_bytes()).and_then(|bytes| String::from_utf8(bytes).ok());
        spans.extend(apart.iter().flat_map(|text| self.secrets(text)));
        mask_spans(text, spans.into_iter())
    }

    /// A finished document (JSON, HTML, CSV …) with every secret masked that is known by its own form. What a name beside
    /// it gives away was masked before the document was written: here the names may be those of the format.
    pub fn mask_document<'d>(&self, document: &'d [u8]) -> Cow<'d, [u8]> {
        let mut spans = self.tokens(document);
        if let Some(apart) = apart(document) {
            spans.extend(self.tokens(&apart));
        }
        if spans.is_empty() {
            return Cow::Borrowed(document);
        }
        spans.sort_by_key(|s| (s.start, std::cmp::Reverse(s.end)));
        let mut out = Vec::with_capacity(document.len());
        let mut at = 0;
        for span in spans {
            if span.start >= at {
                out.extend_from_slice(document.get(at..span.start).unwrap_or_default());
                out.extend_from_slice(b"***");
            }
            at = at.max(span.end);
        }
        out.extend_from_slice(document.get(at..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Where tokens stand whose own bytes hold what their detector looks for, such as a vendor's prefix.
    fn tokens(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let rules = self.context.rules;
        let mut spans = Vec::new();
        // What is encoded in a document was so in what it tells of, and is no token to a reader.
        rules.engine().scan_plain(&Piece::whole(bytes), &mut Scratch::default(), &mut |hit| {
            let Some(rule) = rules.get(hit.detector) else { return };
            if !rule.generic && hit.encodings.is_empty() && holds_anchor(&rule.detector, hit.secret) {
                spans.push(hit.span);
            }
        });
        spans
    }
}

fn holds_anchor(detector: &Detector, secret: &[u8]) -> bool {
    let same = |a: &u8, b: &u8| match detector.case_insensitive {
        true => a.eq_ignore_ascii_case(b),
        false => a == b,
    };
    detector.anchors.iter().map(String::as_bytes).filter(|anchor| !anchor.is_empty()).any(|anchor| {
        secret.windows(anchor.len()).any(|window| window.iter().zip(anchor).all(|(a, b)| same(a, b)))
    })
}

/// The same number of bytes, with blanks in place of colours (`ESC [ … m`) and of the escapes of JSON, URLs and workflow
/// commands (`\n`, `\u001b`, `\x1b`, `%0A`): their letters would look like a part of the word that follows. None if there
/// are none.
fn apart(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    for at in memchr::memchr3_iter(b'\\', b'%', 0x1b, bytes) {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match rest {
            [0x1b, b'[', more @ ..] => {
                more.iter().position(|b| !b.is_ascii_digit() && *b != b';').map_or(0, |n| n + 3)
            }
            [b'\\', b'u', ..] => 6,
            [b'\\', b'x', ..] => 4,
            [b'\\', b'n' | b'r' | b't' | b'b' | b'f', ..] => 2,
            [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 3,
            _ => 0,
        };
        if length == 0 {
            continue;
        }
        let blanked = out.get_or_insert_with(|| bytes.to_vec());
        let escape = blanked.get_mut(at..(at + length).min(bytes.len())).unwrap_or_default();
        if escape.is_ascii() {
            escape.fill(b' ');
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::rule::Rules;

    fn token() -> String {
        format!("glpat-{}", "x7Kq2mVt9RbLw4NzPc3Y")
    }

    #[test]
    fn escapes_and_colours_hide_no_token() {
        let rules = Rules::load(&[], &[]).unwrap();
        let masker = Masker::new(&rules);
        let token = token();
        for before in ["", "\x1b[33m", "\\n", "\\u001b", "\\x1b", "%0A", "a/", "'", "\"", "é "] {
            let text = format!("invalid value {before}{token}\x1b[0m for it");
            let expected = format!("invalid value {before}***\x1b[0m for it");
            assert_eq!(masker.mask_message(&text), expected, "{before:?}");
            assert_eq!(masker.mask_document(text.as_bytes()), expected.as_bytes(), "{before:?}");
        }
    }

    #[test]
    fn documents_keep_what_only_a_name_gives_away() {
        let rules = Rules::load(&[], &[]).unwrap();
        let masker = Masker::new(&rules);
        let document =
            format!("{{\"detector\": \"datadog-api-key\", \"token\": \"sha256:{}\"}}", "a1".repeat(32));
        assert!(matches!(masker.mask_document(document.as_bytes()), Cow::Borrowed(_)));
    }
}
