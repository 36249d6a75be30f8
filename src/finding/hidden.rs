//! Texts that look like secrets, kept so that no scanner finds them in the program: as the complement of their bytes, like
//! the built-in rules.

/// A text that the program holds as the complement of its bytes. The macro of this module makes it of a literal, which
/// itself is then not in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden(&'static [u8]);

impl Hidden {
    /// Of the complement of a text's bytes.
    pub const fn new(complement: &'static [u8]) -> Self {
        Self(complement)
    }

    /// The text.
    pub fn text(self) -> String {
        let bytes: Vec<u8> = self.0.iter().map(|byte| !byte).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The complement of the bytes of a text, which has `N` of them.
pub const fn complement<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = !bytes[at];
        at += 1;
    }
    out
}

/// A constant text as a [`Hidden`].
macro_rules! hidden {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const COMPLEMENT: &[u8] = &$crate::finding::complement::<{ TEXT.len() }>(TEXT);
        $crate::finding::Hidden::new(COMPLEMENT)
    }};
}
pub(crate) use hidden;

#[cfg(test)]
mod tests {
    use super::Hidden;

    #[test]
    fn a_hidden_text_is_the_one_that_was_written() {
        const HIDDEN: Hidden = hidden!("TOKEN=ü ");
        assert_eq!(HIDDEN.text(), "TOKEN=ü ");
        assert!(HIDDEN.0.iter().all(|byte| !b"TOKEN= ".contains(byte)));
    }
}
