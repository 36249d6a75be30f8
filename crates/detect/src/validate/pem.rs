//! PEM and its relatives (RFC 7468, RFC 1421 headers, OpenSSH's key file, RFC 9580 armour).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::shape::{distinct, entropy};
use super::words::contains_ignore_case;
use super::{Candidate, Judgement};

/// How many base64 characters of the body are decoded to see what it is.
const HEAD: usize = 64;

/// The fewest base64 characters that a private key has: an Ed25519 key in PKCS #8 has 64, a raw one 43.
const SHORTEST: usize = 40;

/// The fewest base64 characters of a body that counts though it cannot be read.
const LEAST_UNREADABLE: usize = 64;

/// The name that OpenSSH's key file starts with.
const OPENSSH_MAGIC: &[u8] = b"openssh-key-v1\0";

/// The body of an armoured private key: enough base64, and the bytes of the format that the header names. A key
/// under a passphrase is lowered, a shortened one too; a header with dots or filler after it is rejected.
pub(crate) fn pem_body(candidate: &Candidate<'_>) -> Judgement {
    let Some(body) = Body::read(candidate.secret) else { return Judgement::Reject };
    let header = candidate.matched.get(..candidate.matched.len().min(256)).unwrap_or_default();
    // Keys of OpenSSH stand under other headers too.
    if contains_ignore_case(header, b" openssh ") || body.decoded().starts_with(OPENSSH_MAGIC) {
        return openssh(&body, candidate.secret);
    }
    if contains_ignore_case(header, b" pgp ") {
        // Every OpenPGP packet's first byte has its top bit set.
        return if body.decoded().first().is_some_and(|byte| byte & 0x80 != 0) {
            Judgement::keep()
        } else {
            unreadable(&body, candidate.secret)
        };
    }
    let encrypted = header.windows(9).any(|window| window == b"ENCRYPTED");
    let traditional = header.windows(9).any(|window| window == b"Proc-Type");
    if encrypted && traditional {
        return Judgement::lower("the key is under a passphrase");
    }
    match der_length(body.decoded()) {
        None => unreadable(&body, candidate.secret),
        Some(_) if encrypted => Judgement::lower("the key is under a passphrase"),
        Some(length) if length <= body.count * 3 / 4 => Judgement::raise(),
        // What is left of it is the public half.
        Some(length) if length / 2 > body.count * 3 / 4 => Judgement::Reject,
        Some(_) => Judgement::lower("the key is cut short"),
    }
}

/// Base64 of a whole PEM private key, as kubeconfig and Secret manifests hold it.
pub(crate) fn pem_base64(candidate: &Candidate<'_>) -> Judgement {
    let Some(body) = Body::read(candidate.secret) else { return Judgement::Reject };
    let head = body.decoded();
    if !head.starts_with(b"-----BEGIN") || !contains_ignore_case(head, b"private key") {
        return Judgement::Reject;
    }
    if contains_ignore_case(head, b"encrypted") {
        return Judgement::lower("the key is under a passphrase");
    }
    Judgement::raise()
}

/// A key that stands between no armour's lines: those have detectors of their own.
pub(crate) fn unarmoured(candidate: &Candidate<'_>) -> Judgement {
    let armoured = candidate.before().windows(8).any(|window| window == b"KEY-----");
    if armoured { Judgement::Reject } else { Judgement::keep() }
}

/// OpenSSH's own format: the cipher's name tells whether there is a passphrase.
fn openssh(body: &Body, candidate: &[u8]) -> Judgement {
    let Some(rest) = body.decoded().strip_prefix(OPENSSH_MAGIC) else {
        return unreadable(body, candidate);
    };
    match rest.get(4..8) {
        Some(b"none") => Judgement::raise(),
        Some(_) => Judgement::lower("the key is under a passphrase"),
        None => Judgement::Reject,
    }
}

/// A body that is none of the header's format, though no example is so long and looks so random: a key of
/// another format under this header, or one that was damaged.
fn unreadable(body: &Body, text: &[u8]) -> Judgement {
    let base64: Vec<u8> =
        text.iter().copied().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).collect();
    if body.count >= LEAST_UNREADABLE && entropy(&base64) >= 5.0 {
        Judgement::lower("the body is not of the format that its header names")
    } else {
        Judgement::Reject
    }
}

/// The length of the DER SEQUENCE that `der` starts with, its header included, if it starts with one.
fn der_length(der: &[u8]) -> Option<usize> {
    match *der {
        [0x30, short @ 0..=0x7f, ..] => Some(2 + usize::from(short)),
        [0x30, 0x81, length, ..] => Some(3 + usize::from(length)),
        [0x30, 0x82, high, low, ..] => Some(4 + (usize::from(high) << 8 | usize::from(low))),
        _ => None,
    }
}

/// What stands between the armour's lines.
struct Body {
    /// The first decoded bytes.
    head: [u8; HEAD],
    /// How many of them count.
    head_len: usize,
    /// Base64 characters in all, padding left out.
    count: usize,
}

impl Body {
    /// Gathers base64 across line ends, escaped line ends (`\n`), quotes, commas and `+` between string literals.
    /// `None` for too little of it, or for filler.
    fn read(text: &[u8]) -> Option<Body> {
        let mut first = [0_u8; HEAD];
        let mut count = 0;
        let mut previous = 0_u8;
        for (at, &byte) in text.iter().enumerate() {
            let escape = previous == b'\\' && matches!(byte, b'n' | b'r' | b't');
            let next = text.get(at + 1).copied().unwrap_or(b' ');
            let quoted = matches!(previous, b'"' | b'\'') && !next.is_ascii_alphanumeric();
            let joint = byte == b'+' && (quoted || matches!(previous, b' ' | b'\t'));
            previous = byte;
            if escape || joint || !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')) {
                continue;
            }
            if let Some(slot) = first.get_mut(count) {
                *slot = byte;
            }
            count += 1;
        }
        if count < SHORTEST || distinct(text) < 16 {
            return None;
        }
        let mut head = [0_u8; HEAD];
        let whole = count.min(HEAD) / 4 * 4;
        let head_len = STANDARD_NO_PAD.decode_slice(first.get(..whole)?, &mut head).ok()?;
        Some(Body { head, head_len, count })
    }

    /// The first decoded bytes.
    fn decoded(&self) -> &[u8] {
        self.head.get(..self.head_len).unwrap_or_default()
    }
}
