//! Detectors as a rules file has them, and packed: the build script packs the built-in ones, so that a start reads no
//! TOML. The script and the program share this file.

use std::borrow::Cow;

use serde::Deserialize;
use toml::Spanned;

/// A text: what is built in stands where it was unpacked, so that a start copies little.
pub(super) type Text = Cow<'static, str>;

/// A rules file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[serde(default)]
    pub(super) detector: Vec<RawRule>,
}

/// One detector, with the places that a mistake in it is told at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    /// What must stand with the secret for it to be known, and why; without it the secret is known wherever it stands.
    #[serde(default)]
    pub(super) only_with: Option<Text>,
    pub(super) anchors: Spanned<Vec<String>>,
    #[serde(default)]
    pub(super) case_insensitive: bool,
    #[serde(default)]
    pub(super) lookbehind: usize,
    #[serde(default)]
    pub(super) pattern: Option<Spanned<String>>,
    /// Names a reader in place of a pattern.
    #[serde(default)]
    pub(super) lexer: Option<Spanned<Text>>,
    /// A text that must follow the anchor in the same word.
    #[serde(default)]
    pub(super) requires: Option<String>,
    /// Set for tokens of a fixed form, which must stand apart or prove themselves.
    #[serde(default)]
    pub(super) boundary: bool,
    pub(super) severity: Spanned<Text>,
    pub(super) confidence: Spanned<Text>,
    #[serde(default)]
    pub(super) min_entropy: Option<f64>,
    #[serde(default = "yes")]
    pub(super) placeholder: bool,
    #[serde(default)]
    pub(super) validators: Vec<Spanned<Text>>,
    #[serde(default)]
    pub(super) base64: bool,
    /// Set for detectors that know a secret only by its name.
    #[serde(default)]
    pub(super) names: bool,
    /// `vendor` (the default), or `anyone` for forms that people make for themselves.
    #[serde(default)]
    pub(super) issuer: Option<Spanned<Text>>,
    /// Set for private keys, whose public half tells them apart.
    #[serde(default)]
    pub(super) private_key: bool,
    pub(super) description: Text,
    pub(super) fix: Text,
    #[serde(default)]
    pub(super) references: Vec<String>,
    pub(super) examples: Spanned<Vec<String>>,
    pub(super) negative_examples: Spanned<Vec<String>>,
}

fn yes() -> bool {
    true
}

/// A value that can be packed: its bytes stand one after the other, without names.
trait Pack: Sized {
    fn pack(&self, out: &mut Vec<u8>);
    /// Nothing if the bytes end too soon or are no such value.
    fn unpack(packed: &mut &'static [u8]) -> Option<Self>;
}

impl Pack for u32 {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        let (number, rest) = packed.split_first_chunk()?;
        *packed = rest;
        Some(Self::from_le_bytes(*number))
    }
}

impl Pack for usize {
    fn pack(&self, out: &mut Vec<u8>) {
        u32::try_from(*self).unwrap_or(u32::MAX).pack(out);
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        u32::unpack(packed)?.try_into().ok()
    }
}

impl Pack for bool {
    fn pack(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        let (flag, rest) = packed.split_first()?;
        *packed = rest;
        Some(*flag != 0)
    }
}

impl Pack for f64 {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        let (number, rest) = packed.split_first_chunk()?;
        *packed = rest;
        Some(Self::from_le_bytes(*number))
    }
}

impl Pack for Text {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        let length = usize::unpack(packed)?;
        let (text, rest) = packed.split_at_checked(length)?;
        *packed = rest;
        std::str::from_utf8(text).ok().map(Cow::Borrowed)
    }
}

impl Pack for String {
    fn pack(&self, out: &mut Vec<u8>) {
        Text::Owned(self.clone()).pack(out);
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        Text::unpack(packed).map(Cow::into_owned)
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.is_some().pack(out);
        self.iter().for_each(|value| value.pack(out));
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        if bool::unpack(packed)? { T::unpack(packed).map(Some) } else { Some(None) }
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        self.iter().for_each(|value| value.pack(out));
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        (0..usize::unpack(packed)?).map(|_| T::unpack(packed)).collect()
    }
}

/// Its place is not kept: what is packed has no mistake to tell.
impl<T: Pack> Pack for Spanned<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.get_ref().pack(out);
    }

    fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
        T::unpack(packed).map(|value| Self::new(0..0, value))
    }
}

/// Packs the fields in the order in which they are given here; those behind a semicolon are packed elsewhere, and empty
/// when they are read.
macro_rules! pack_fields {
    ($type:ident { $($field:ident),* $(,)? $(; $($apart:ident = $empty:expr),* $(,)?)? }) => {
        impl Pack for $type {
            fn pack(&self, out: &mut Vec<u8>) {
                $(self.$field.pack(out);)*
            }

            fn unpack(packed: &mut &'static [u8]) -> Option<Self> {
                Some(Self { $($field: Pack::unpack(packed)?,)* $($($apart: $empty,)*)? })
            }
        }
    };
}

pack_fields!(RawRule {
    id,
    name,
    only_with,
    anchors,
    case_insensitive,
    lookbehind,
    pattern,
    lexer,
    requires,
    boundary,
    severity,
    confidence,
    min_entropy,
    placeholder,
    validators,
    base64,
    names,
    issuer,
    private_key,
    description,
    fix,
    ; references = Vec::new(),
    examples = Spanned::new(0..0, Vec::new()),
    negative_examples = Spanned::new(0..0, Vec::new()),
});

/// What a detector says of itself that no scan reads: most of the text of a rules file. It is packed apart, and unpacked
/// only for those who ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Proof {
    /// Where the format is documented.
    pub(super) references: Vec<String>,
    /// Texts in which it must be found.
    pub(super) examples: Vec<String>,
    /// Lookalikes in which it must not be found.
    pub(super) negative_examples: Vec<String>,
}

pack_fields!(Proof { references, examples, negative_examples });

/// The rules files that are compiled in.
pub(super) struct Packed {
    /// A digest of their names and texts, in hexadecimal.
    pub(super) digest: String,
    /// Their names, in order.
    pub(super) files: Vec<PackedFile>,
}

/// One of them.
pub(super) struct PackedFile {
    pub(super) name: String,
    pub(super) detectors: Vec<RawRule>,
}

pack_fields!(PackedFile { name, detectors });
pack_fields!(Packed { digest, files });

impl RawRule {
    /// What no scan reads, taken out.
    pub(super) fn take_proof(&mut self) -> Proof {
        Proof {
            references: std::mem::take(&mut self.references),
            examples: std::mem::take(self.examples.get_mut()),
            negative_examples: std::mem::take(self.negative_examples.get_mut()),
        }
    }
}

/// The bytes to compile in of the proofs of all detectors, in the order of the files.
#[allow(dead_code, reason = "the build script's half")]
pub(super) fn proofs_to_bytes(proofs: &Vec<Proof>) -> Vec<u8> {
    let mut out = Vec::new();
    proofs.pack(&mut out);
    out
}

/// What [`proofs_to_bytes`] packed, if it is that.
#[allow(dead_code, reason = "the program's half")]
pub(super) fn proofs_from_bytes(mut bytes: &'static [u8]) -> Option<Vec<Proof>> {
    Pack::unpack(&mut bytes).filter(|_| bytes.is_empty())
}

impl Packed {
    /// The bytes to compile in.
    #[allow(dead_code, reason = "the build script's half")]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.pack(&mut out);
        out
    }

    /// What [`Packed::to_bytes`] packed, if it is that.
    #[allow(dead_code, reason = "the program's half")]
    pub(super) fn from_bytes(mut bytes: &'static [u8]) -> Option<Self> {
        Self::unpack(&mut bytes).filter(|_| bytes.is_empty())
    }
}
