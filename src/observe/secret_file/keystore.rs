//! Keystores: whether one holds a key, or only certificates that it trusts; and keys in DER without a keystore.

use memchr::memmem::find;
use pkcs8::der::Decode as _;

use crate::observe::library::key::public_half;

/// Whether a Java keystore or a PKCS #12 file holds a private or secret key. What is not understood, does.
pub(super) fn has_key(head: &[u8]) -> bool {
    match head.get(..4) {
        Some([0xfe, 0xed, 0xfe, 0xed]) => java(head, 1).unwrap_or(true),
        Some([0xce, 0xce, 0xce, 0xce]) => java(head, 1).unwrap_or(true),
        Some([0x30, ..]) => pkcs12(head),
        Some(_) => true,
        None => false,
    }
}

/// Whether a file under any name is a keystore that holds a key: what is not understood is none here.
pub(super) fn is_keystore_with_key(head: &[u8]) -> bool {
    match head {
        [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 1 | 2, ..] | [0xce, 0xce, 0xce, 0xce, 0, 0, 0, 1 | 2, ..] => {
            has_key(head)
        }
        // PFX (RFC 7292, 4): a sequence of the version 3 and a ContentInfo.
        [0x30, 0x82, _, _, 2, 1, 3, 0x30, ..] | [0x30, 0x83, _, _, _, 2, 1, 3, 0x30, ..] => pkcs12(head),
        [0x30, 0x80, 2, 1, 3, 0x30, ..] => pkcs12(head),
        _ => false,
    }
}

/// Whether a file is a private key in DER: PKCS #8, PKCS #1 or SEC 1, from its first byte to its last but a line end.
pub(super) fn is_key(head: &[u8]) -> bool {
    let length = match head {
        [0x30, length @ 0..=0x7f, 2, 1, 0 | 1, ..] => 2 + usize::from(*length),
        [0x30, 0x81, length, 2, 1, 0 | 1, ..] => 3 + usize::from(*length),
        [0x30, 0x82, high, low, 2, 1, 0 | 1, ..] => 4 + (usize::from(*high) << 8 | usize::from(*low)),
        _ => return false,
    };
    let Some(key) = head.get(..length).filter(|_| head.len() <= length + 2) else { return false };
    public_half(key).is_some() || pkcs8::PrivateKeyInfoRef::from_der(key).is_ok()
}

/// The entries of JKS and JCEKS: a tag (1 a key, 2 a certificate, 3 a secret key), an alias, a date, the certificate.
/// Nothing if the file is cut.
fn java(head: &[u8], key_tag: u32) -> Option<bool> {
    let mut rest = head.get(4..)?;
    let version = number(&mut rest)?;
    let entries = number(&mut rest)?;
    for _ in 0..entries {
        let tag = number(&mut rest)?;
        if tag == key_tag || tag == 3 {
            return Some(true);
        }
        skip_short(&mut rest)?;
        rest = rest.get(8..)?;
        if version > 1 {
            skip_short(&mut rest)?;
        }
        let length = usize::try_from(number(&mut rest)?).ok()?;
        rest = rest.get(length..)?;
    }
    Some(false)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*bytes))
}

fn skip_short(rest: &mut &[u8]) -> Option<()> {
    let (bytes, after) = rest.split_first_chunk::<2>()?;
    *rest = after.get(usize::from(u16::from_be_bytes(*bytes))..)?;
    Some(())
}

/// The bags of PKCS #12 (RFC 7292): keys stand in bags whose kind is in clear, while the certificates beside them are
/// encrypted as a whole. A file of trusted certificates has no such bag.
fn pkcs12(head: &[u8]) -> bool {
    // pkcs-12 10.1: keyBag (1), pkcs8ShroudedKeyBag (2), secretBag (5)
    let kind = |n: u8| [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, n];
    let encrypted = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
    let data = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    let is_it = find(head, &encrypted).is_some() || find(head, &data).is_some();
    !is_it || [1, 2, 5].iter().any(|n| find(head, &kind(*n)).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jks(tags: &[u32]) -> Vec<u8> {
        let mut out = vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2];
        out.extend((tags.len() as u32).to_be_bytes());
        for tag in tags {
            out.extend(tag.to_be_bytes());
            out.extend([0, 1, b'a']);
            out.extend([0; 8]);
            out.extend([0, 5, b'X', b'.', b'5', b'0', b'9']);
            out.extend([0, 0, 0, 2, 0x30, 0]);
        }
        out
    }

    #[test]
    fn truststores_hold_no_key() {
        assert!(!has_key(&jks(&[2, 2])));
        assert!(has_key(&jks(&[2, 1])));
        assert!(has_key(&jks(&[2, 2])[..30]), "cut");
        assert!(has_key(b"\0\0\0\x02something"));
        assert!(is_keystore_with_key(&jks(&[1])) && !is_keystore_with_key(&jks(&[2])));
        assert!(!is_keystore_with_key(b"\0\0\0\x02something") && !is_keystore_with_key(b"0\x82 text"));
        let encrypted = b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06xx".to_vec();
        assert!(!has_key(&encrypted));
        // An Ed25519 key (RFC 8410), whole and cut.
        let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        let key = [&head[..], &[7; 32]].concat();
        assert!(is_key(&key) && is_key(&[&key[..], b"\n"].concat()));
        assert!(!is_key(&key[..40]) && !is_key(&[&key[..], &key[..]].concat()) && !is_key(b"0.\x02\x01\0"));
        let bag = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
        assert!(has_key(&[&encrypted[..], bag].concat()));
    }
}
