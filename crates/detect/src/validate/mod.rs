//! Validators: what a detector asks of a candidate after its pattern has matched.
//!
//! A validator is a pure function on bytes. It sees the candidate and at most [`CONTEXT`] bytes on either side
//! of it, so a window around a match is enough to reach the same judgement as the whole file. It allocates only
//! for what it keeps. Its notes never quote the secret.
//!
//! The engine asks in this order: pattern, `min_entropy` ([`entropy`]), `placeholder` ([`is_placeholder`]), then
//! each of the detector's `validators`. One [`Judgement::Reject`] ends it.

mod assignment;
mod aws;
mod checksum;
mod chosen;
mod dsn;
mod encoded;
mod jwt;
mod known_form;
mod literal;
mod name_words;
mod names;
mod pem;
mod placeholder;
mod public;
mod shape;
mod told;
mod words;

#[cfg(test)]
mod literal_tests;
#[cfg(test)]
mod tests;

pub use assignment::is_plain_setting;
pub use chosen::looks_chosen;
pub use names::{Likelihood, NamedSecret, is_secret_name, judge_assignment};
pub use names::{NameKind, name_kind};
pub(crate) use names::{ends_with_password, is_password_name};
pub use placeholder::{is_placeholder, is_plain_placeholder};
pub use shape::entropy;
pub(crate) use shape::{Texture, has_letter_and_digit, is_hex_digest};
pub(crate) use words::reads_like_words;

use crate::kind::FileKind;
use crate::quoting::Quoting;

/// How many bytes before and after a match a validator may look at.
pub const CONTEXT: usize = 64;

/// What a validator does to a hit's confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjust {
    /// The candidate proved itself: one step up.
    Raise,
    /// The candidate is doubtful or weak: one step down.
    Lower,
    /// Nothing learnt.
    Same,
}

/// What a validator says of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// No secret of this kind.
    Reject,
    /// A secret of this kind.
    Keep {
        /// What the validator learnt about its likelihood.
        confidence: Adjust,
        /// A fact worth telling the reader. It never quotes the secret.
        note: Option<String>,
    },
}

impl Judgement {
    /// Keep, nothing learnt.
    pub const fn keep() -> Self {
        Judgement::Keep { confidence: Adjust::Same, note: None }
    }

    /// Keep, one step up.
    pub const fn raise() -> Self {
        Judgement::Keep { confidence: Adjust::Raise, note: None }
    }

    /// Keep, one step down, and say why.
    pub fn lower(note: &str) -> Self {
        Judgement::Keep { confidence: Adjust::Lower, note: Some(note.to_owned()) }
    }

    /// Keep with a note.
    pub const fn noted(confidence: Adjust, note: String) -> Self {
        Judgement::Keep { confidence, note: Some(note) }
    }
}

/// One match of a detector's pattern.
///
/// It has no `Debug`: it holds a secret's bytes.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The bytes of the capture group `secret`, or the whole match. A part of `matched`.
    pub secret: &'a [u8],
    /// The whole match. A part of `haystack`.
    pub matched: &'a [u8],
    /// The buffer that was searched.
    pub haystack: &'a [u8],
    /// Where `matched` starts in `haystack`.
    pub start: usize,
    /// What the file's path says about it.
    pub kind: FileKind,
    /// The name that a reader found, and how the value is written.
    pub reading: Option<(&'a [u8], Quoting)>,
}

impl<'a> Candidate<'a> {
    /// A candidate of a pattern in a file of which nothing is known.
    pub fn new(secret: &'a [u8], matched: &'a [u8], haystack: &'a [u8], start: usize) -> Self {
        Self { secret, matched, haystack, start, kind: FileKind::Unknown, reading: None }
    }

    /// At most [`CONTEXT`] bytes before the match.
    pub fn before(&self) -> &'a [u8] {
        self.haystack.get(self.start.saturating_sub(CONTEXT)..self.start).unwrap_or_default()
    }

    /// At most [`CONTEXT`] bytes after the match.
    pub fn after(&self) -> &'a [u8] {
        let end = self.start.saturating_add(self.matched.len());
        let stop = end.saturating_add(CONTEXT).min(self.haystack.len());
        self.haystack.get(end..stop).unwrap_or_default()
    }

    /// Where the secret starts within the match. The slices' addresses say so exactly, also when the same bytes
    /// occur twice in the match; a secret that is no part of the match is looked up by value.
    pub fn secret_offset(&self) -> Option<usize> {
        let offset = (self.secret.as_ptr() as usize).wrapping_sub(self.matched.as_ptr() as usize);
        let end = offset.checked_add(self.secret.len());
        if end.is_some_and(|end| end <= self.matched.len()) {
            return Some(offset);
        }
        if self.secret.is_empty() {
            return None;
        }
        self.matched.windows(self.secret.len()).position(|window| window == self.secret)
    }

    /// The match before the secret, and the match after it.
    pub fn around_secret(&self) -> (&'a [u8], &'a [u8]) {
        let Some(offset) = self.secret_offset() else { return (&[], &[]) };
        let head = self.matched.get(..offset).unwrap_or_default();
        let tail = self.matched.get(offset + self.secret.len()..).unwrap_or_default();
        (head, tail)
    }

    /// The byte right after the secret, in the match or after it.
    pub fn byte_after_secret(&self) -> Option<u8> {
        self.around_secret().1.first().or_else(|| self.after().first()).copied()
    }

    /// The byte right before the secret, in the match or before it.
    pub fn byte_before_secret(&self) -> Option<u8> {
        self.around_secret().0.last().or_else(|| self.before().last()).copied()
    }
}

/// A named check of one candidate.
pub type Validator = fn(&Candidate<'_>) -> Judgement;

/// Every validator that a rules file may name: its name, the function, and one line on what it does.
pub const ALL: &[(&str, Validator, &str)] = &[
    (
        "argument",
        told::argument,
        "a password or a key among the arguments of a call: letters and digits that are no word or name",
    ),
    ("assignment-value", assignment::assignment_value, "a real-looking literal assigned to a secret's name"),
    ("aws-account-id", aws::account_id, "names the account that an AWS access key ID encodes"),
    ("aws-secret-key", aws::secret_key, "40 base64 characters that are no digest, path or identifier"),
    ("basic-auth", encoded::basic_auth, "base64 of a printable user:password"),
    (
        "chosen-password",
        literal::chosen_password,
        "a password where the syntax says that one stands: random, or a word with digits",
    ),
    ("crc32-base62", checksum::crc32_base62, "the token's own checksum: good raises, bad lowers"),
    ("discord-token", encoded::discord_token, "its first part is base64 of a bot's ID"),
    ("docker-auth", encoded::docker_auth, "base64 of a registry's user:password"),
    (
        "dsn-password",
        dsn::dsn_password,
        "the password of a connection string; templates and examples are rejected",
    ),
    ("given-as-value", public::given_as_value, "given to something, not a name in a list of packages"),
    ("not-browser-key", public::not_browser_key, "not a key in a browser's code, where it is public"),
    ("not-sentry-dsn", public::not_sentry_dsn, "not the public key of a Sentry DSN"),
    (
        "gcp-service-account",
        encoded::gcp_service_account,
        "a service account's private key, named by its account",
    ),
    ("json-web-key", encoded::json_web_key, "a JWK that carries private key material"),
    ("jwt", jwt::jwt, "a JSON header with an algorithm; notes algorithm and issuer"),
    ("mixed-classes", shape::mixed_classes, "letters and digits both occur"),
    ("not-hex-digest", shape::not_hex_digest, "not the bare hex form of a digest"),
    ("not-identifier", shape::not_identifier, "not made of words, as an identifier is"),
    ("pem-body", pem::pem_body, "key bytes follow the armour's header; a passphrase lowers"),
    ("pem-base64", pem::pem_base64, "base64 of a PEM private key"),
    (
        "url-userinfo",
        dsn::url_userinfo,
        "a password in a URL's userinfo; templates and examples are rejected",
    ),
    (
        "told-password",
        told::told_password,
        "a password that a sentence tells: letters and digits that are no word",
    ),
    ("unarmoured", pem::unarmoured, "not between the lines of a PEM armour"),
    ("uuid-shape", shape::uuid_shape, "a UUID of random bits"),
];

/// The validator of this name.
pub fn by_name(name: &str) -> Option<Validator> {
    ALL.iter().find(|(known, _, _)| *known == name).map(|(_, validator, _)| *validator)
}
