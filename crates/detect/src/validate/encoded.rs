//! Credentials inside an encoding: basic authentication, registry logins, JSON key files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::placeholder::is_placeholder;
use super::words::contains_ignore_case;
use super::{Adjust, Candidate, Judgement};

/// The longest `user:password` that is decoded, in base64 characters. Longer ones (registry tokens) are decoded
/// up to here.
const MAX_DECODED: usize = 1024;

/// HTTP Basic credentials (RFC 7617): base64 of `user:password`, printable, no placeholder.
pub(crate) fn basic_auth(candidate: &Candidate<'_>) -> Judgement {
    let Some(pair) = decode(candidate.secret) else { return Judgement::Reject };
    match split_pair(&pair) {
        Some((user, password)) if !is_placeholder(password) => match password.len() {
            0..=3 => Judgement::Reject,
            _ if is_sample_user(user) && password.iter().all(u8::is_ascii_lowercase) => Judgement::Reject,
            // The pair that RFC 7617 and its predecessors show.
            _ if password == b"open sesame" || password == b"OpenSesame" || password == b"opensesame" => {
                Judgement::Reject
            }
            _ => Judgement::keep(),
        },
        _ => Judgement::Reject,
    }
}

/// A registry login in Docker's `config.json`: base64 of `user:password`. An empty password beside a token user
/// name is a login too.
pub(crate) fn docker_auth(candidate: &Candidate<'_>) -> Judgement {
    let Some(pair) = decode(candidate.secret) else { return Judgement::Reject };
    match split_pair(&pair) {
        Some((_, password)) if password.is_empty() || is_placeholder(password) => Judgement::Reject,
        Some((b"AWS", _)) => {
            Judgement::noted(Adjust::Same, "an ECR login: valid for twelve hours at most".to_owned())
        }
        Some(_) => Judgement::raise(),
        None => Judgement::Reject,
    }
}

/// Names whose passwords are examples.
fn is_sample_user(user: &[u8]) -> bool {
    is_placeholder(user)
        || [&b"user"[..], b"username", b"foo", b"aladdin"].iter().any(|name| user.eq_ignore_ascii_case(name))
}

/// Decodes base64 with or without padding; a long text is cut at a whole group.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    let cut = text.get(..end.min(MAX_DECODED))?;
    STANDARD_NO_PAD.decode(cut).ok()
}

/// Splits `user:password`; both printable, the user not empty.
fn split_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    if !pair.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return None;
    }
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let user = pair.get(..colon)?;
    let password = pair.get(colon + 1..)?;
    (!user.is_empty()).then_some((user, password))
}

/// A Google service account key file: the private key's PEM is really there. Notes the account when it follows.
pub(crate) fn gcp_service_account(candidate: &Candidate<'_>) -> Judgement {
    match super::pem::pem_body(candidate) {
        Judgement::Reject => Judgement::Reject,
        kept => match account_name(candidate.around_secret().1).or_else(|| account_name(candidate.after())) {
            Some(name) => Judgement::noted(Adjust::Raise, format!("account {name}")),
            None => kept,
        },
    }
}

/// The value of `client_email`, if it is complete.
fn account_name(text: &[u8]) -> Option<String> {
    let key = b"\"client_email\"";
    let at = text.windows(key.len()).position(|window| window == key)?;
    let rest = text.get(at + key.len()..)?;
    let open = rest.iter().position(|byte| *byte == b'"')?;
    let value = rest.get(open + 1..)?;
    let close = value.iter().position(|byte| *byte == b'"')?;
    let name = value.get(..close)?;
    let plain =
        name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@'));
    plain.then(|| String::from_utf8_lossy(name).into_owned())
}

/// A JSON Web Key (RFC 7517) with its private part `d`: the key type stands in the same object.
pub(crate) fn json_web_key(candidate: &Candidate<'_>) -> Judgement {
    if contains_ignore_case(candidate.matched, b"\"kty\"") { Judgement::keep() } else { Judgement::Reject }
}

/// A Discord bot token: its first part is base64 of the bot's ID, a number of 17 to 20 digits.
pub(crate) fn discord_token(candidate: &Candidate<'_>) -> Judgement {
    let head = candidate.secret.split(|b| *b == b'.').next().unwrap_or_default();
    let mut id = [0_u8; 32];
    match STANDARD_NO_PAD.decode_slice(head, &mut id) {
        Ok(17..=20) if id.iter().take_while(|b| **b != 0).all(u8::is_ascii_digit) => Judgement::raise(),
        _ => Judgement::Reject,
    }
}
