//! JSON Web Tokens (RFC 7519).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::placeholder::is_placeholder;
use super::{Adjust, Candidate, Judgement};

/// The longest issuer that a note repeats, in characters.
const ISSUER_SHOWN: usize = 80;

/// The fewest characters of a signature: RFC 7518 knows none under 32 bytes, and HMACs may be cut to 20.
const SHORTEST_SIGNATURE: usize = 27;

/// A compact JWS or JWE: the header must be a JSON object with `alg`. Notes the algorithm, the issuer and the
/// expiry. Unsigned tokens, public anonymous keys and the sample tokens of documentation are rejected.
pub(crate) fn jwt(candidate: &Candidate<'_>) -> Judgement {
    let mut parts = candidate.secret.split(|byte| *byte == b'.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return Judgement::Reject };
    let Some(header) = object(header) else { return Judgement::Reject };
    let Some(algorithm) = header.get("alg").and_then(Value::as_str) else { return Judgement::Reject };
    let encrypted = header.contains_key("enc");
    let signature = parts.next().unwrap_or_default();
    let Some(claims) = object(payload) else {
        // A JWE's second part is an encrypted key; a JWS's must be JSON (or its payload is not a JWT).
        return match encrypted {
            true => Judgement::noted(Adjust::Same, "encrypted JWT".to_owned()),
            // One that was cut short: `eyJhbGciOi….eyJzdWIiOi...`.
            false if signature.len() < SHORTEST_SIGNATURE => Judgement::Reject,
            false => Judgement::lower("the payload is not JSON"),
        };
    };
    let unsigned = algorithm.eq_ignore_ascii_case("none") || !encrypted && signature.is_empty();
    // Anyone can write an unsigned token. No algorithm signs with so few bytes as `fakesignature` has.
    if unsigned || !encrypted && signature.len() < SHORTEST_SIGNATURE || is_sample(&claims) {
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
    let confidence = if role == Some("anon") {
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
        || says_nothing(claims)
}

/// Whether all texts among the claims stand for texts (`{"a": "b"}`, `{"sub": "subject"}`), and there is one: a token
/// that a library's documentation or self-test shows.
fn says_nothing(claims: &Map<String, Value>) -> bool {
    const STAND_INS: [&str; 12] = [
        "sub", "subject", "fubar", "foobar", "foo", "bar", "baz", "value", "payload", "world", "hello",
        "data",
    ];
    // Qdrant's keys say what they allow with one letter and nothing else.
    if claims.get("access").and_then(Value::as_str).is_some_and(|access| matches!(access, "m" | "r" | "rw")) {
        return false;
    }
    let texts: Vec<(&String, &str)> =
        claims.iter().filter_map(|(name, value)| Some((name, value.as_str()?))).collect();
    let stands_in = |(name, text): &(&String, &str)| {
        text.len() <= 2
            || text == name
            || STAND_INS.iter().any(|known| text.eq_ignore_ascii_case(known))
            || is_placeholder(text.as_bytes())
    };
    !texts.is_empty() && texts.iter().all(stands_in)
}

/// Text from the token that a note may repeat: printable ASCII, cut.
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(ISSUER_SHOWN).collect()
}
