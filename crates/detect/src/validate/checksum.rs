//! Checksums that tokens carry.

use super::{Adjust, Candidate, Judgement};

/// The alphabet of GitHub's and npm's base 62.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Length of the checksum at a token's end, in base 62 digits.
const CHECKSUM: usize = 6;

/// GitHub's classic tokens and npm's: a prefix that ends with `_`, a random part, and the random part's CRC-32 in
/// six base 62 digits. A good checksum raises; a bad one lowers and says so, since revoked, older and
/// third-party tokens have bad ones too.
pub(crate) fn crc32_base62(candidate: &Candidate<'_>) -> Judgement {
    let token = candidate.secret;
    let random_start = token.iter().rposition(|byte| *byte == b'_').map_or(0, |at| at + 1);
    let body = token.get(random_start..).unwrap_or_default();
    let Some(split) = body.len().checked_sub(CHECKSUM) else { return Judgement::Reject };
    let (random, checksum) = body.split_at(split);
    if checksum == base62(crc32(random)) {
        Judgement::noted(Adjust::Raise, "the token's checksum is good".to_owned())
    } else {
        Judgement::lower("the token's checksum is bad: perhaps an example or a shortened token")
    }
}

/// CRC-32 as in ISO 3309 and zlib.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry == 1 {
                crc ^= 0xEDB8_8320;
            }
        }
    }
    !crc
}

/// Six base 62 digits, zero-padded on the left.
pub(crate) fn base62(mut number: u32) -> [u8; CHECKSUM] {
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    digits
}
