//! JSON Web Tokens (RFC 7519).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Adjust, Candidate, Judgement};

/// The longest issuer that a note repeats, in characters.
const ISSUER_SHOWN: usize = 80;

/// A compact JWS or JWE: the header must be a JSON object with `alg`. Notes the algorithm, the issuer and the
/// expiry. An unsigned token is lowered; a public anonymous key and the sample token of jwt.io are rejected.
pub(crate) fn jwt(candidate: &Candidate<'_>) -> Judgement {
    let mut parts = candidate.secret.split(|byte| *byte == b'.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return Judgement::Reject };
    let Some(header) = object(header) else { return Judgement::Reject };
    let Some(algorithm) = header.get("alg").and_then(Value::as_str) else { return Judgement::Reject };
    let encrypted = header.contains_key("enc");
    let Some(claims) = object(payload) else {
        // A JWE's second part is an encrypted key; a JWS's must be JSON (or its payload is not a JWT).
        return if encrypted {
            Judgement::noted(Adjust::Same, "encrypted JWT".to_owned())
        } else {
            Judgement::lower("the payload is not JSON")
        };
    };
    if is_sample(&claims) {
        return Judgement::Reject;
    }
    let mut note = format!("alg {}", printable(algorithm));
    if let Some(issuer) = claims.get("iss").and_then(Value::as_str) {
        note.push_str(", issuer ");
        note.push_str(&printable(issuer));
    }
    if let Some(expiry) = claims.get("exp").and_then(Value::as_i64) {
        note.push_str(&format!(", expires at Unix time {expiry}"));
    }
    let role = claims.get("role").and_then(Value::as_str);
    let confidence = if algorithm.eq_ignore_ascii_case("none") {
        note.push_str(", unsigned");
        Adjust::Lower
    } else if role == Some("anon") {
        // Supabase's key for browsers.
        return Judgement::Reject;
    } else if role == Some("service_role") {
        note.push_str(", a service role key");
        Adjust::Raise
    } else {
        Adjust::Same
    };
    Judgement::noted(confidence, note)
}

/// The JSON object in a base64url part.
fn object(part: &[u8]) -> Option<Map<String, Value>> {
    let trimmed = part.split(|byte| *byte == b'=').next()?;
    let json = URL_SAFE_NO_PAD.decode(trimmed).ok()?;
    match serde_json::from_slice(&json).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// The claims of the sample token that half of all documentation shows.
fn is_sample(claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    claims.is_empty()
        || text("some") == Some("payload")
        || text("foo") == Some("bar")
        || text("name") == Some("John Doe")
        || text("sub") == Some("1234567890")
}

/// Text from the token that a note may repeat: printable ASCII, cut.
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(ISSUER_SHOWN).collect()
}
