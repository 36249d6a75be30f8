//! What tells private keys apart without telling them: a hash of the public half.
//!
//! Reads PKCS #8 (RFC 5958), PKCS #1 (RFC 8017), SEC 1 (RFC 5915), the traditional DSA form of OpenSSL, and OpenSSH's
//! `openssh-key-v1`, whose public half is in clear even under a passphrase. Nothing is decrypted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use pkcs8::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use sec1::EcPrivateKey;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a public key's SubjectPublicKeyInfo (RFC 5280) in DER, of a private key's bytes, or of a secret's text.
pub type KeyDigest = [u8; 32];

/// What tells a secret apart that is published: a private key by its public half if that can be told, and by its bytes;
/// an issued token by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyIdentity {
    /// The digest of the public half.
    pub public: Option<KeyDigest>,
    /// The digest of the key itself, for forms and curves that are not understood.
    pub whole: Option<KeyDigest>,
    /// The digest of the text, for what is no key in DER: tokens, and members of a JSON Web Key.
    pub text: KeyDigest,
}

impl KeyIdentity {
    /// The identity of a secret that is a text and nothing more.
    pub fn of_text(text: &[u8]) -> Self {
        Self { public: None, whole: None, text: Sha256::digest(text.trim_ascii()).into() }
    }

    fn with_key(self, bytes: &[u8]) -> Self {
        Self { public: public_half(bytes), whole: Some(Sha256::digest(bytes).into()), ..self }
    }
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What OpenSSH's key file starts with.
const OPENSSH_MAGIC: &[u8] = b"openssh-key-v1\0";

/// The identity of a private key from the text between its armour's lines, in any of the ways in which source code and
/// configuration hold it: over several lines, with `\n` spelled out, or as string literals put together.
pub fn identity_of_armour(text: &[u8]) -> KeyIdentity {
    let identity = KeyIdentity::of_text(text);
    match key_in(text) {
        Some(bytes) => identity.with_key(&bytes),
        None => identity,
    }
}

/// The key's bytes in its own form.
fn key_in(text: &[u8]) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    // Kubernetes wraps the whole armour in base64.
    let Some(body) = bytes.strip_prefix(b"-----BEGIN ") else { return Some(bytes) };
    let start = memchr::memmem::find(body, b"-----")? + 5;
    let inner = body.get(start..)?;
    let end = memchr::memmem::find(inner, b"-----").unwrap_or(inner.len());
    decode(inner.get(..end)?)
}

/// Whether an armour's body holds so little of the key that it names that nothing secret is in it: under a quarter of an
/// RSA key there is only its modulus, and what documentation shows of a key is a line.
pub fn is_stub(text: &[u8]) -> bool {
    let Some(bytes) = decode(text) else { return false };
    match *bytes.as_slice() {
        [0x30, 0x82, high, low, ..] => {
            let length = usize::from(high) << 8 | usize::from(low);
            length >= 300 && bytes.len() < length / 4
        }
        _ => false,
    }
}

/// The digest of the public half of a private key; nothing if the bytes are no key whose public half can be told.
pub fn public_half(bytes: &[u8]) -> Option<KeyDigest> {
    let spki = match bytes.strip_prefix(OPENSSH_MAGIC) {
        Some(rest) => openssh(rest),
        None => pkcs8(bytes).or_else(|| sec1(bytes, None)).or_else(|| integers(bytes)),
    }?;
    Some(Sha256::digest(spki).into())
}

/// The base64 in a text, without what source code puts between its pieces, decoded. Stops at the padding.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(text.len());
    let mut previous = 0_u8;
    for (at, &byte) in text.iter().enumerate() {
        let escape = previous == b'\\' && matches!(byte, b'n' | b'r' | b't');
        let next = text.get(at + 1).copied().unwrap_or(b' ');
        let quoted = matches!(previous, b'"' | b'\'') && !next.is_ascii_alphanumeric();
        let joint = byte == b'+' && (quoted || matches!(previous, b' ' | b'\t'));
        previous = byte;
        if byte == b'=' && clean.len() > 40 {
            break;
        }
        if !escape && !joint && (byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')) {
            clean.push(byte);
        }
    }
    // A cut key has a part of a group at its end.
    let whole = if clean.len() % 4 == 1 { clean.len() - 1 } else { clean.len() };
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true),
    );
    lenient.decode(clean.get(..whole)?).or_else(|_| STANDARD_NO_PAD.decode(&clean)).ok()
}

/// PKCS #8: the algorithm, and the key in its own form.
fn pkcs8(bytes: &[u8]) -> Option<Vec<u8>> {
    let der = first_value(bytes)?;
    let info = pkcs8::PrivateKeyInfoRef::from_der(der).ok()?;
    let key = info.private_key.as_bytes();
    if info.algorithm.oid == RSA {
        integers(key)
    } else if info.algorithm.oid == EC {
        let curve = info.algorithm.parameters_oid().ok()?;
        sec1(key, Some(curve))
    } else {
        let public = match info.public_key {
            Some(public) => public.raw_bytes().to_vec(),
            None if info.algorithm.oid == ED25519 => {
                // The key is an OCTET STRING in the OCTET STRING (RFC 8410).
                let seed: [u8; 32] = key.strip_prefix(&[4, 32])?.try_into().ok()?;
                ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes().to_vec()
            }
            None => return None,
        };
        spki(AlgorithmIdentifierRef { oid: info.algorithm.oid, parameters: None }, &public)
    }
}

/// SEC 1, with the curve from around it if it does not name its own.
fn sec1(bytes: &[u8], curve: Option<ObjectIdentifier>) -> Option<Vec<u8>> {
    let key = EcPrivateKey::from_der(first_value(bytes)?).ok()?;
    let own = key.parameters.and_then(sec1::EcParameters::named_curve);
    let curve = curve.or(own)?;
    let public = match key.public_key {
        Some(public) => public.to_vec(),
        None if curve == P256 => {
            let secret = p256::SecretKey::from_slice(key.private_key).ok()?;
            secret.public_key().to_sec1_point(false).as_bytes().to_vec()
        }
        None => return None,
    };
    ec_spki(curve, &public)
}

fn ec_spki(curve: ObjectIdentifier, public: &[u8]) -> Option<Vec<u8>> {
    spki(AlgorithmIdentifierRef { oid: EC, parameters: Some(AnyRef::from(&curve)) }, public)
}

/// A sequence of integers: PKCS #1 (version, n, e, d, …) or OpenSSL's DSA (version, p, q, g, y, x).
fn integers(bytes: &[u8]) -> Option<Vec<u8>> {
    let sequence = AnyRef::from_der(first_value(bytes)?).ok()?;
    if sequence.tag() != Tag::Sequence {
        return None;
    }
    let mut reader = SliceReader::new(sequence.value()).ok()?;
    let mut all: Vec<UintRef<'_>> = Vec::new();
    while !reader.is_finished() && all.len() < 9 {
        // The traditional form has no sign: a number with its top bit set is still one.
        let any = AnyRef::decode(&mut reader).ok()?;
        if any.tag() != Tag::Integer {
            return None;
        }
        all.push(UintRef::new(any.value()).ok()?);
    }
    match all.as_slice() {
        [_, n, e, _, _, _, _, _, _] => rsa_spki(n.as_bytes(), e.as_bytes()),
        [_, p, q, g, y, _] => dsa_spki([p, q, g, y].map(UintRef::as_bytes)),
        _ => None,
    }
}

fn rsa_spki(n: &[u8], e: &[u8]) -> Option<Vec<u8>> {
    let key = sequence(&[n, e])?;
    spki(AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) }, &key)
}

fn dsa_spki([p, q, g, y]: [&[u8]; 4]) -> Option<Vec<u8>> {
    let parameters = sequence(&[p, q, g])?;
    let parameters = AnyRef::from_der(&parameters).ok()?;
    let key = UintRef::new(y).ok()?.to_der().ok()?;
    spki(AlgorithmIdentifierRef { oid: DSA, parameters: Some(parameters) }, &key)
}

fn sequence(numbers: &[&[u8]]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for number in numbers {
        content.extend(UintRef::new(number).ok()?.to_der().ok()?);
    }
    AnyRef::new(Tag::Sequence, &content).ok()?.to_der().ok()
}

fn spki(algorithm: AlgorithmIdentifierRef<'_>, public: &[u8]) -> Option<Vec<u8>> {
    let subject_public_key = BitStringRef::from_bytes(public).ok()?;
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()
}

/// The first DER value of the bytes, without what follows it.
fn first_value(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(bytes).ok()?;
    reader.tlv_bytes().ok()
}

/// `openssh-key-v1` after its magic: cipher, KDF, its options, the number of keys, and the first public key
/// (OpenSSH's PROTOCOL.key, RFC 4253 section 6.6, RFC 5656, RFC 8709).
fn openssh(rest: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = ssh_string(rest)?;
    let (_, rest) = ssh_string(rest)?;
    let (_, rest) = ssh_string(rest)?;
    let (blob, _) = ssh_string(rest.get(4..)?)?;
    let (kind, rest) = ssh_string(blob)?;
    match kind {
        b"ssh-rsa" => {
            let (e, rest) = ssh_string(rest)?;
            let (n, _) = ssh_string(rest)?;
            rsa_spki(n, e)
        }
        b"ssh-dss" => {
            let (p, rest) = ssh_string(rest)?;
            let (q, rest) = ssh_string(rest)?;
            let (g, rest) = ssh_string(rest)?;
            let (y, _) = ssh_string(rest)?;
            dsa_spki([p, q, g, y])
        }
        b"ssh-ed25519" => {
            let (public, _) = ssh_string(rest)?;
            spki(AlgorithmIdentifierRef { oid: ED25519, parameters: None }, public)
        }
        _ => {
            let curve = match kind.strip_prefix(b"ecdsa-sha2-")? {
                b"nistp256" => P256,
                b"nistp384" => P384,
                b"nistp521" => P521,
                _ => return None,
            };
            let (_, rest) = ssh_string(rest)?;
            let (public, _) = ssh_string(rest)?;
            ec_spki(curve, public)
        }
    }
}

fn ssh_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const EC_PKCS8: &str = "
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyALAEyOzHet4w+PP
TK8o2ODU5wq9Td+8Vy67NlfKxhWhRANCAAR33Gk2wxJdcNMfcyeJrlURASbLVnNu
lPDMOOlbhmyZbRBEU1z7BSQhsW2YCOcFcV8AMW4OdMr39M4lLhzCLlKO
";
    const EC_SEC1: &str = "
MHcCAQEEIMgCwBMjsx3reMPjz0yvKNjg1OcKvU3fvFcuuzZXysYVoAoGCCqGSM49
AwEHoUQDQgAEd9xpNsMSXXDTH3Mnia5VEQEmy1ZzbpTwzDjpW4ZsmW0QRFNc+wUk
IbFtmAjnBXFfADFuDnTK9/TOJS4cwi5Sjg==
";
    const RSA_PKCS1: &str = "
MIICXAIBAAKBgQC/CJVULloHqeqUOz/cz7Wo+fydVnurW84ajYRuTzEaatXcPwXS
VfePGiKLzEKMhPPF/bgVsyWoEAOjUuIURGSy/6tpij5gQYQ1zxY8nOyoRlIo5ZKF
xeKWc9kmYL3q8mIjCn54JLJGfFQnprAeUK2K9nwxw/enr5yEiDBQpLe9vQIDAQAB
AoGAZ/Q0xpVempMFOtqvGurQ0P4QUFIyhAI2Os7NxPVFJDoE3JBTC62KRI4VRHvH
rw3eVdyGYxCUqkrkn+jHa/33yVtEMYyEaAEGYsGnAy8taH9jMw5rRbUg719f1qaD
dpIHCHedSBfC1zhJiKRH6lJGv+8JaD6t1iP0xeKzNVJRSiECQQDo67hjTLtLmlOO
sLtDtKQ34pIEs3E7NTtDL2il1cZj/t9mnsVhpBsaUCEypM7olgNNTJTQtjCQ00Og
xAhvvg2lAkEA0fZZVbQojrN7ILELNODCN+oR1Mm3eNlMV9c62khJ2A/DOQTy2Xzw
JYTKSxD/jcGIQ/DQsrGFHpQe7s8MWbWkOQJBAKTMCvTvGGGAengt4QEhcUM9IjUD
RS0wF5MMmw0ieLDNZwDzexH/i1GNuj9bzi1P3lw1v+D/1tLRNzsrGBD/tiUCQCF9
4GYxZL7Olndyhk0bBSASMGH3A1M9plXkuTiUi2LxsLxps6tJqKzzb6llvr4H/wqH
YWL/ujJUglKpqFivBtECQGrETagJr3qsxrZOLH/zJlWTNFVXXHBcAu6Wxl8QmTA/
92h6QdnWm8C3CBe78eCyWrBpkK9Q8PZ9Qkwf3FE9Epw=
";
    const RSA_PKCS8: &str = "
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAL8IlVQuWgep6pQ7
P9zPtaj5/J1We6tbzhqNhG5PMRpq1dw/BdJV948aIovMQoyE88X9uBWzJagQA6NS
4hREZLL/q2mKPmBBhDXPFjyc7KhGUijlkoXF4pZz2SZgveryYiMKfngkskZ8VCem
sB5QrYr2fDHD96evnISIMFCkt729AgMBAAECgYBn9DTGlV6akwU62q8a6tDQ/hBQ
UjKEAjY6zs3E9UUkOgTckFMLrYpEjhVEe8evDd5V3IZjEJSqSuSf6Mdr/ffJW0Qx
jIRoAQZiwacDLy1of2MzDmtFtSDvX1/WpoN2kgcId51IF8LXOEmIpEfqUka/7wlo
Pq3WI/TF4rM1UlFKIQJBAOjruGNMu0uaU46wu0O0pDfikgSzcTs1O0MvaKXVxmP+
32aexWGkGxpQITKkzuiWA01MlNC2MJDTQ6DECG++DaUCQQDR9llVtCiOs3sgsQs0
4MI36hHUybd42UxX1zraSEnYD8M5BPLZfPAlhMpLEP+NwYhD8NCysYUelB7uzwxZ
taQ5AkEApMwK9O8YYYB6eC3hASFxQz0iNQNFLTAXkwybDSJ4sM1nAPN7Ef+LUY26
P1vOLU/eXDW/4P/W0tE3OysYEP+2JQJAIX3gZjFkvs6Wd3KGTRsFIBIwYfcDUz2m
VeS5OJSLYvGwvGmzq0morPNvqWW+vgf/CodhYv+6MlSCUqmoWK8G0QJAasRNqAmv
eqzGtk4sf/MmVZM0VVdccFwC7pbGXxCZMD/3aHpB2dabwLcIF7vx4LJasGmQr1Dw
9n1CTB/cUT0SnA==
";
    const SSH_ED25519: &str = "
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBLKk4PIQHbue1/Kx71FUKdfKzE5v7PaPmz8H/dWltvVwAAAIhOlb7CTpW+
wgAAAAtzc2gtZWQyNTUxOQAAACBLKk4PIQHbue1/Kx71FUKdfKzE5v7PaPmz8H/dWltvVw
AAAEAxhhhn8EeVMMk7m3uK/dOZgz1Mz77RIlsMe9VYLsMbtUsqTg8hAdu57X8rHvUVQp18
rMTm/s9o+bPwf91aW29XAAAAAXQBAgME
";
    const SSH_ECDSA_LOCKED: &str = "
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABC8RjDW1d
OsRfYeMOoUgf5hAAAAEAAAAAEAAABoAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlz
dHAyNTYAAABBBOIMYN91obBPVf6ZaMswu5e6jScka2Zh34TaiInf4Uu5OIB0K3mkvTH18z
yIVTXZx9gM0azzxR0nNzWhbnEjphAAAACgutnF2dEWK1sUbdTlThUCqlbjAn/vQMiI0/BB
pPgFMUU2u9bQlf0zxtdEjjFMz7s7m9/UkZ9xU6GA+9kd8gxy70GaR6ocQa+zVreQ5fZ8Rj
LjvFnnylNZWrcUf0hW+2Go1G1E55wqKlurgLY5b9CUBfIc3PYdrpVzL/WS4ewnOly7fYB9
qVA4T3g1cpY0jA76nQLT3a93ODP+0vlNX2iNJw==
";

    fn hex(text: &str) -> String {
        identity_of_armour(text.as_bytes()).public.unwrap().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// What `openssl pkey -pubout -outform DER | sha256sum` prints.
    #[test]
    fn the_public_half_tells_keys_apart() {
        let ec = "c2cc9f7593feebedff9ec5e2dc3ff2bd105698b6b38b1099cbd6845701f3cfaa";
        let rsa = "48b131d91e4cd9dbe5dfdc4868e2d343a841ec8b14514d903d57c3b6b0b924d4";
        for (text, digest) in [(EC_PKCS8, ec), (EC_SEC1, ec), (RSA_PKCS1, rsa), (RSA_PKCS8, rsa)] {
            assert_eq!(hex(text), digest);
        }
        assert_eq!(hex(SSH_ED25519), "52e01ab433d731df7576200ac10026234f588c116d0eeefe32d44f249adc87a3");
        // Under a passphrase the public half is in clear.
        assert_eq!(hex(SSH_ECDSA_LOCKED), "887ce84624866cf587a24374ed0b904ba0c7b8d20be7803e6db8a24cf27b2746");
        // RFC 8410, section 10.3: the key, without and with its public half.
        let seed = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
        assert_eq!(hex(seed), "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f");
    }

    #[test]
    fn the_beginning_of_a_key_is_none() {
        assert!(is_stub(&RSA_PKCS1.as_bytes()[..128]));
        assert!(!is_stub(&RSA_PKCS1.as_bytes()[..400]));
        assert!(!is_stub(EC_SEC1.as_bytes()));
    }

    #[test]
    fn however_source_code_holds_it() {
        let escaped = RSA_PKCS8.replace('\n', "\\n");
        let literals = RSA_PKCS8.replace('\n', "\\n\" +\n    \"");
        let wrapped = base64::engine::general_purpose::STANDARD
            .encode(format!("-----BEGIN PRIVATE KEY-----{RSA_PKCS8}-----END PRIVATE KEY-----"));
        let indented = RSA_PKCS8.replace('\n', "\r\n\t  ");
        for text in [&escaped, &literals, &indented, &wrapped] {
            assert_eq!(hex(text), hex(RSA_PKCS8), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_known_by_its_bytes() {
        assert_eq!(public_half(b"\x30\x03\x02\x01\x00"), None);
        assert_eq!(public_half(b""), None);
        let der = decode(RSA_PKCS1.as_bytes()).unwrap();
        for end in 0..der.len() {
            assert_eq!(public_half(&der[..end]), None, "cut after {end}");
        }
        let ssh = decode(SSH_ED25519.as_bytes()).unwrap();
        for end in 0..ssh.len() {
            let _ = public_half(&ssh[..end]);
        }
    }
}
