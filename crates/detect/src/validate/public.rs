//! Keys that are made to be seen by everybody, and forms that many other things have: the place tells them apart.

use super::words::contains_ignore_case;
use super::{Candidate, Judgement};

/// A Google API key in a browser's code: the address of the Maps script, or the Firebase configuration of an
/// application (a page's, `google-services.json`, `GoogleService-Info.plist`), which Google documents as public. Its
/// restrictions protect it, not its secrecy.
pub(crate) fn not_browser_key(candidate: &Candidate<'_>) -> Judgement {
    let before =
        [&b"/maps/api/js?"[..], b"maps.googleapis.com", b"/maps/embed/", b"youtube.com/embed", b"recaptcha"];
    let near = [
        &b"authdomain"[..],
        b"firebaseapp",
        b"messagingsenderid",
        b"storagebucket",
        b"measurementid",
        b"firebase_api_key",
        b"gcm_sender_id",
    ];
    let has_before = |word: &[u8]| contains_ignore_case(candidate.before(), word);
    let services = has_before(b"\"api_key\"") && has_before(b"\"current_key\"");
    let public = services
        || before.iter().any(|word| has_before(word))
        || near.iter().any(|word| has_before(word) || contains_ignore_case(candidate.after(), word));
    if public { Judgement::Reject } else { Judgement::keep() }
}

/// A Sentry DSN of the current form holds a public key only: 32 hex digits in front of a host, and a project's number
/// after it.
pub(crate) fn not_sentry_dsn(candidate: &Candidate<'_>) -> Judgement {
    let hex = candidate.secret.len() == 32 && candidate.secret.iter().all(u8::is_ascii_hexdigit);
    let (_, tail) = candidate.around_secret();
    let path =
        candidate.after().iter().take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\''));
    let mut path = path.copied().peekable();
    let project = path.next_if_eq(&b'/').is_some()
        && path.peek().is_some_and(u8::is_ascii_digit)
        && path.all(|b| b.is_ascii_digit());
    if hex && (project || contains_ignore_case(tail, b"sentry")) {
        Judgement::Reject
    } else {
        Judgement::keep()
    }
}

/// A form that names of packages have too counts where it is given to something: after a quote, an operator or a
/// bracket, not in a list of names with versions.
pub(crate) fn given_as_value(candidate: &Candidate<'_>) -> Judgement {
    let before = candidate.before().trim_ascii_end();
    let gap = candidate.before().len() - before.len();
    let given =
        matches!(before.last(), Some(b'"' | b'\'' | b'`' | b'=' | b':' | b'(' | b'>' | b'[')) && gap <= 2;
    let is_key =
        matches!(candidate.after(), [b'"' | b'\'', b':', ..]) || candidate.after().starts_with(b"==");
    if given && !is_key { Judgement::keep() } else { Judgement::Reject }
}
