//! Dead Simple Signing Envelope, version 1: a payload, its type, and signatures over both. Nothing of a payload is
//! looked at before a signature over it has been verified.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::json::{self, Node, Value};
use super::{KeyError, PublicKey, SigningKey};

/// The type of an in-toto statement's payload.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Most signatures of one envelope that are tried.
const SIGNATURES: usize = 100;

/// An envelope. Its payload can be had through [`Envelope::verified`] only.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Vec<u8>>,
}

/// Why an envelope proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is no envelope.
    #[error("{0}")]
    Malformed(String),
    /// Its payload is no in-toto statement.
    #[error("its payload is not of the type {IN_TOTO}")]
    OtherType,
    /// It carries no signature.
    #[error("it carries no signature")]
    Unsigned,
    /// None of its signatures is of a key that the contract pins.
    #[error("none of its signatures verifies with a key that the contract pins")]
    Untrusted,
}

/// The bytes that are signed: the pre-authentication encoding of the type and the payload.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

/// Reads base64 as DSSE asks: both alphabets, with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].into_iter().find_map(|e| e.decode(text).ok())
}

impl Envelope {
    /// Reads an envelope; members that it need not have are left alone.
    ///
    /// # Errors
    /// [`EnvelopeError::Malformed`] with the place and without any value.
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let malformed = |text: &str| EnvelopeError::Malformed(text.to_owned());
        let root = json::parse(bytes, json::DOCUMENT).map_err(|mistakes| {
            let first = mistakes.first();
            malformed(&first.map_or_else(String::new, |m| format!("byte {}: {}", m.span.start, m.message)))
        })?;
        let text = |name: &str| root.get(name).and_then(Node::text);
        let payload_type = text("payloadType").ok_or_else(|| malformed("/payloadType must be a string"))?;
        let payload = text("payload")
            .and_then(decode)
            .ok_or_else(|| malformed("/payload must be a string of base64"))?;
        let Some(Value::Array(items)) = root.get("signatures").map(|n| &n.value) else {
            return Err(malformed("/signatures must be an array"));
        };
        if items.len() > SIGNATURES {
            return Err(malformed("/signatures has more than 100 items"));
        }
        let signature = |item: &Node| item.get("sig").and_then(Node::text).and_then(decode);
        let signatures: Option<Vec<_>> = items.iter().map(signature).collect();
        let signatures =
            signatures.ok_or_else(|| malformed("/signatures must hold objects with base64 in `sig`"))?;
        Ok(Self { payload_type: payload_type.to_owned(), payload, signatures })
    }

    /// The payload, if one of `keys` signed it. The envelope's own word for a key is only a hint and is not used.
    ///
    /// # Errors
    /// If there is no such signature, or the payload is of another type.
    pub fn verified(&self, keys: &[PublicKey]) -> Result<&[u8], EnvelopeError> {
        if self.signatures.is_empty() {
            return Err(EnvelopeError::Unsigned);
        }
        let message = pae(&self.payload_type, &self.payload);
        if !self.signatures.iter().any(|s| keys.iter().any(|key| key.verifies(&message, s))) {
            return Err(EnvelopeError::Untrusted);
        }
        if self.payload_type != IN_TOTO {
            return Err(EnvelopeError::OtherType);
        }
        Ok(&self.payload)
    }
}

/// What a DSSE envelope is said to hold. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The predicate type that its payload names; nothing if that cannot be read.
    pub predicate_type: Option<String>,
}

/// Tells whether a document is a DSSE envelope, or a bundle of Sigstore with one in it. What its payload claims to be may
/// only serve to ask for more, as nothing of it is verified.
/// <https://docs.sigstore.dev/about/bundle/>
pub fn wrapped(bytes: &[u8]) -> Option<Wrapped> {
    let root = json::parse(bytes, json::DOCUMENT).ok()?;
    let envelope = root.get("dsseEnvelope").unwrap_or(&root);
    envelope.get("payloadType")?;
    let payload = envelope.get("payload")?.text().and_then(decode);
    let statement = payload.and_then(|p| json::parse(&p, json::DOCUMENT).ok());
    let predicate_type = statement.and_then(|s| s.get("predicateType")?.text().map(str::to_owned));
    Some(Wrapped { predicate_type })
}

/// Signs an in-toto statement: the envelope as JSON, in the form that cosign writes and reads.
///
/// # Errors
/// If the key cannot sign.
pub fn sign(statement: &[u8], key: &SigningKey) -> Result<Vec<u8>, KeyError> {
    let signature = key.sign(&pae(IN_TOTO, statement))?;
    let (payload, signature, id) = (STANDARD.encode(statement), STANDARD.encode(signature), key.public().id);
    // Base64 and hex need no escapes.
    Ok(format!(
        "{{\"payloadType\":\"{IN_TOTO}\",\"payload\":\"{payload}\",\"signatures\":[{{\"keyid\":\"{id}\",\"sig\":\"{signature}\"}}]}}\n"
    )
    .into_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_and_bundles_are_told_from_other_documents() {
        let payload = STANDARD.encode("{\"predicateType\":\"https://slsa.dev/provenance/v1\"}");
        let envelope =
            format!("{{\"payloadType\":\"{IN_TOTO}\",\"payload\":\"{payload}\",\"signatures\":[]}}");
        let bundle = format!("{{\"mediaType\":\"x\",\"dsseEnvelope\":{envelope}}}");
        for text in [&envelope, &bundle] {
            let kind = wrapped(text.as_bytes()).unwrap().predicate_type;
            assert_eq!(kind.as_deref(), Some("https://slsa.dev/provenance/v1"));
        }
        let broken = wrapped(b"{\"payloadType\":\"x\",\"payload\":\"!\"}").unwrap();
        assert_eq!(broken.predicate_type, None);
        for text in ["{\"schemaVersion\":2}", "{\"messageSignature\":{}}", "x"] {
            assert_eq!(wrapped(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn what_is_no_envelope_is_told() {
        for (text, word) in [
            ("[]", "/payloadType"),
            ("{\"payloadType\":\"x\"}", "/payload must"),
            ("{\"payloadType\":\"x\",\"payload\":\"*\"}", "/payload must"),
            ("{\"payloadType\":\"x\",\"payload\":\"\",\"signatures\":{}}", "/signatures must be"),
            ("{\"payloadType\":\"x\",\"payload\":\"\",\"signatures\":[{}]}", "/signatures must hold"),
            ("{\"payload\":\"\",\"payload\":\"\"}", "twice"),
        ] {
            let told = Envelope::read(text.as_bytes()).err().unwrap().to_string();
            assert!(told.contains(word), "{text}: {told}");
        }
        let unsigned = Envelope::read(b"{\"payloadType\":\"x\",\"payload\":\"\",\"signatures\":[]}").unwrap();
        assert_eq!(unsigned.verified(&[]), Err(EnvelopeError::Unsigned));
    }
}
