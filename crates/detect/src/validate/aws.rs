//! AWS access keys.

use super::shape::{Texture, distinct, is_hex_digest};
use super::words::reads_like_words;
use super::{Adjust, Candidate, Judgement};

/// An access key ID of the current form holds its account's number: 16 base 32 digits (RFC 4648) after the four
/// letters, of whose first 48 bits 40, from the second on, are the number. IDs made before 2019 (the fifth letter
/// is `I` or `J`) hold none.
///
/// An ID inside a signature (SigV4's `Credential=`) says who signed: the key is not there.
pub(crate) fn account_id(candidate: &Candidate<'_>) -> Judgement {
    let scope = candidate.after();
    if candidate.before().ends_with(b"Credential=")
        && (scope.starts_with(b"/") || scope.starts_with(b"%2F") || scope.starts_with(b"%2f"))
    {
        return Judgement::Reject;
    }
    let Some(digits) = candidate.secret.get(4..14) else { return Judgement::Reject };
    let mut bits: u64 = 0;
    for &digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'2'..=b'7' => digit - b'2' + 26,
            _ => return Judgement::Reject,
        };
        bits = bits << 5 | u64::from(value);
    }
    // Ten digits are 50 bits; the first 48 count.
    let account = (bits >> 2 & 0x7fff_ffff_ff80) >> 7;
    let old_form = matches!(digits.first(), Some(b'I' | b'J'));
    if old_form || account > 999_999_999_999 {
        return Judgement::keep();
    }
    Judgement::noted(Adjust::Same, format!("account {account:012}"))
}

/// 40 base64 characters are a secret access key only if no more of them follow, and if they are no SHA-1, no path,
/// no run of words.
pub(crate) fn secret_key(candidate: &Candidate<'_>) -> Judgement {
    let secret = candidate.secret;
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if candidate.byte_after_secret().is_some_and(goes_on) {
        return Judgement::Reject;
    }
    let slashes = secret.iter().filter(|byte| **byte == b'/').count();
    let random = secret.iter().any(u8::is_ascii_lowercase)
        && secret.iter().any(u8::is_ascii_uppercase)
        && distinct(secret) >= 16
        && !is_hex_digest(secret)
        && Texture::of(secret) != Texture::Words
        && !(slashes >= 4 && reads_like_words(secret));
    if random { Judgement::keep() } else { Judgement::Reject }
}
