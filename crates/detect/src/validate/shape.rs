//! The shape of a value: entropy, character classes, digests, UUIDs, identifiers.

use super::words::{letter_pairs, words};
use super::{Candidate, Judgement};

/// Shannon entropy in bits per byte: 0 for an empty or constant text, at most 8.
pub fn entropy(bytes: &[u8]) -> f64 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        })
        .sum()
}

/// How many different bytes occur.
pub(crate) fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for &byte in bytes {
        seen[usize::from(byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

/// Letters and digits both occur.
pub(crate) fn mixed_classes(candidate: &Candidate<'_>) -> Judgement {
    if has_letter_and_digit(candidate.secret) { Judgement::keep() } else { Judgement::Reject }
}

/// Letters and digits both occur.
pub(crate) fn has_letter_and_digit(bytes: &[u8]) -> bool {
    bytes.iter().any(u8::is_ascii_alphabetic) && bytes.iter().any(u8::is_ascii_digit)
}

/// Rejects a bare hex digest: 32, 40, 48, 56, 64, 96 or 128 hex digits and nothing else.
pub(crate) fn not_hex_digest(candidate: &Candidate<'_>) -> Judgement {
    if is_hex_digest(candidate.secret) { Judgement::Reject } else { Judgement::keep() }
}

/// Whether these are the hex digits of an MD5, SHA-1, SHA-2 or SHA-3 digest, or of Tiger's 192 bits.
pub(crate) fn is_hex_digest(bytes: &[u8]) -> bool {
    matches!(bytes.len(), 32 | 40 | 48 | 56 | 64 | 96 | 128) && bytes.iter().all(u8::is_ascii_hexdigit)
}

/// A UUID (RFC 9562) whose bits look random.
pub(crate) fn uuid_shape(candidate: &Candidate<'_>) -> Judgement {
    if is_uuid(candidate.secret) && distinct(candidate.secret) >= 8 {
        Judgement::keep()
    } else {
        Judgement::Reject
    }
}

/// The textual form of a UUID: 8-4-4-4-12 hex digits.
pub(crate) fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Rejects what is made of words, as an identifier or a sentence is.
pub(crate) fn not_identifier(candidate: &Candidate<'_>) -> Judgement {
    if Texture::of(candidate.secret) == Texture::Words { Judgement::Reject } else { Judgement::keep() }
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Texture {
    /// Words, perhaps with a number at their end: identifiers, sentences, names.
    Words,
    /// Neither: a password that a person made up.
    Mixed,
    /// As good as random.
    Random,
}

impl Texture {
    /// Looks at words, digits, signs and entropy.
    pub(crate) fn of(value: &[u8]) -> Texture {
        let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
        let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
        let joints =
            value.iter().filter(|byte| matches!(byte, b'_' | b'-' | b'.' | b' ' | b'/' | b':')).count();
        let signs = value.len() - letters - digits - joints;
        let (mut longest, mut shortest, mut count) = (0, usize::MAX, 0);
        for piece in words(value).filter(|word| word.first().is_some_and(u8::is_ascii_alphabetic)) {
            longest = longest.max(piece.len());
            shortest = shortest.min(piece.len());
            count += 1;
        }
        if letters == 0 {
            return if digits >= 24 && distinct(value) >= 8 { Texture::Mixed } else { Texture::Words };
        }
        let (pairs, common) = letter_pairs(value);
        let readable = pairs > 0 && common * 100 >= pairs * 70;
        // Random letters and digits change class every second or third byte; words do not.
        let chopped = letters < 3 * count;
        if digits == 0 && signs == 0 {
            let worded = common * 100 >= pairs * 50
                && (joints > 0 && shortest >= 3 || letters >= 5 * count && count > 1);
            // Short words in lower case, joined: a name, though its words are no language (`gce_pd_kms_ref`).
            let name = joints >= 2 && !value.iter().any(u8::is_ascii_uppercase) && value.len() < 32;
            let worded = worded || name;
            let long = value.len() >= 16 && entropy(value) >= 3.3;
            return if !readable && !worded && (long || chopped && value.len() >= 12) {
                Texture::Random
            } else {
                Texture::Words
            };
        }
        let compound = joints > 0 && shortest >= 3 && digits <= 4;
        if signs == 0
            && !chopped
            && (readable && digits * 3 <= letters || compound && common * 100 >= pairs * 50)
        {
            return Texture::Words;
        }
        if signs == 0 && digits <= 4 && count <= 2 && value.len() < 12 && longest >= 4 {
            return Texture::Words;
        }
        let hex = value.iter().all(u8::is_ascii_hexdigit);
        if value.len() >= 16 && (hex || !readable || chopped) && entropy(value) >= 3.0 && digits > 0 {
            return Texture::Random;
        }
        if digits == 0 && readable && signs * 4 < letters {
            return Texture::Words;
        }
        Texture::Mixed
    }
}
