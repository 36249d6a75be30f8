//! What the first bytes of a pattern's match may be: a look at a few bytes spares most tries of the pattern itself.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The bytes of a match that are looked at, at most.
pub(super) const LONGEST: usize = 16;

/// For each of the first bytes of a match the values that it may have.
pub(super) struct Prefix {
    /// For each value of a byte the places, as bits, where it may stand.
    places: Box<[u16; 256]>,
    /// How many places every match has.
    length: usize,
}

impl Prefix {
    /// The prefix of a pattern over bytes. One of length zero, if nothing is known.
    pub(super) fn new(pattern: &Hir) -> Self {
        let shortest = pattern.properties().minimum_len().unwrap_or(0);
        let mut prefix = Self { places: Box::new([0; 256]), length: shortest.min(LONGEST) };
        if prefix.walk(pattern, 1).is_none() {
            prefix.length = 0;
        }
        prefix
    }

    /// Whether a match may begin with `bytes`, as far as they go.
    #[inline]
    pub(super) fn allows(&self, bytes: &[u8]) -> bool {
        let first = bytes.iter().take(self.length).enumerate();
        first.into_iter().all(|(place, byte)| self.places[usize::from(*byte)] >> place & 1 != 0)
    }

    /// Enters what `part` may read, if it may begin at any place of `at`; returns the places where it may end. Places
    /// from [`LONGEST`] on fall out. Nothing if the part is not one of bytes.
    fn walk(&mut self, part: &Hir, at: u16) -> Option<u16> {
        if at == 0 {
            return Some(0);
        }
        match part.kind() {
            HirKind::Empty | HirKind::Look(_) => Some(at),
            HirKind::Literal(literal) => Some(literal.0.iter().fold(at, |at, byte| {
                self.places[usize::from(*byte)] |= at;
                at << 1
            })),
            HirKind::Class(Class::Bytes(class)) => {
                for byte in class.iter().flat_map(|range| range.start()..=range.end()) {
                    self.places[usize::from(byte)] |= at;
                }
                Some(at << 1)
            }
            // Written without a byte beyond ASCII, it is one of bytes all the same.
            HirKind::Class(Class::Unicode(class)) => {
                for char in class.iter().flat_map(|range| range.start()..=range.end()) {
                    *self.places.get_mut(char as usize).filter(|_| char.is_ascii())? |= at;
                }
                Some(at << 1)
            }
            HirKind::Capture(capture) => self.walk(&capture.sub, at),
            HirKind::Concat(parts) => parts.iter().try_fold(at, |at, part| self.walk(part, at)),
            HirKind::Alternation(parts) => {
                parts.iter().try_fold(0, |ends, part| Some(ends | self.walk(part, at)?))
            }
            HirKind::Repetition(repetition) => {
                let mut at = at;
                for _ in 0..repetition.min.min(LONGEST as u32) {
                    at = self.walk(&repetition.sub, at)?;
                }
                let mut ends = at;
                let more = repetition.max.map_or(LONGEST as u32, |max| max - repetition.min);
                for _ in 0..more.min(LONGEST as u32) {
                    at = self.walk(&repetition.sub, at)?;
                    ends |= at;
                }
                Some(ends)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use regex_automata::util::syntax;

    fn prefix(pattern: &str, fold: bool) -> Prefix {
        let config = syntax::Config::new().unicode(false).utf8(false).case_insensitive(fold);
        Prefix::new(&syntax::parse_with(pattern, &config).unwrap())
    }

    #[test]
    fn first_bytes_decide() {
        let token = prefix(r"\bghp_(?P<secret>[a-z0-9]{36})", false);
        assert_eq!(token.length, LONGEST);
        assert!(token.allows(b"ghp_abcdefgh0123"));
        assert!(token.allows(b"ghp_"), "as far as it goes");
        assert!(!token.allows(b"ghp_abcdefgh-123"));
        assert!(!token.allows(b"ghp_A"));
        assert!(prefix("ab", true).allows(b"aB"));
        assert!(!prefix("ab", false).allows(b"aB"));
    }

    #[test]
    fn choices_and_repetitions_are_kept_apart_by_place() {
        let choice = prefix("(?:a|bc)x{1,2}[0-9]", false);
        assert_eq!(choice.length, 3);
        for text in ["ax1", "bcx1", "axx1", "bcxx1"] {
            assert!(choice.allows(text.as_bytes()), "{text}");
        }
        assert!(!choice.allows(b"x"));
        assert!(!choice.allows(b"a1"));
        // A place does not know what stood at the place before.
        assert!(choice.allows(b"acx"));
        let optional = prefix("a{0,40}b{2}", false);
        assert_eq!(optional.length, 2);
        assert!(optional.allows(b"bb") && optional.allows(b"aa") && !optional.allows(b"ca"));
    }

    #[test]
    fn bytes_beyond_ascii_are_bytes() {
        let any = prefix(r"a[^b]\xff", false);
        assert!(any.allows(b"a\xff\xff"));
        assert!(!any.allows(b"ab"));
    }
}
