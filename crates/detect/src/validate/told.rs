//! Passwords that people write down for each other, in notes, READMEs, comments and mails.

use super::assignment::{is_locator, is_plain_setting, looks_like_code};
use super::chosen::{holds_term, is_made_up, is_personal, is_worded};
use super::known_form::is_known_form;
use super::literal::{is_documented, names_algorithm};
use super::placeholder::is_placeholder;
use super::shape::{Texture, has_letter_and_digit};
use super::words::reads_like_words;
use super::{Candidate, Judgement};
use crate::kind::FileKind;

/// The shortest password that is told, in bytes.
const SHORTEST: usize = 8;

/// The shortest password that a call takes, in bytes.
const SHORTEST_CHOSEN: usize = 7;

/// A password that a sentence tells. What follows "the password is" is a word of the sentence more often than a password,
/// so it has to look like one: letters and digits that no word, name or number is made of.
pub(crate) fn told_password(candidate: &Candidate<'_>) -> Judgement {
    let value = candidate.secret;
    // Files that programs read have readers of their own, and what tests and texts of interfaces say is made up.
    let is_prose = match candidate.kind {
        FileKind::Prose | FileKind::Unknown => true,
        // `password: name` is code; a comment says what the password is.
        FileKind::Code => !candidate.around_secret().0.contains(&b':'),
        _ => false,
    };
    // "The default password is …": what software is documented to come with.
    let before = candidate.before().trim_ascii_end();
    let is_default = before.len() >= 7 && before[before.len() - 7..].eq_ignore_ascii_case(b"default");
    if !is_prose
        || is_default
        || value.len() < SHORTEST
        || !has_letter_and_digit(value)
        || is_documented(value)
        || is_locator(value)
        || is_known_form(value.strip_prefix(b"v").unwrap_or(value))
        || looks_like_code(value)
        || names_algorithm(value)
        || is_address(value)
    {
        return Judgement::Reject;
    }
    let texture = Texture::of(value);
    let is_random =
        value.len() >= 12 && texture == Texture::Random || texture > Texture::Words && is_made_up(value);
    let two_digits = value.iter().rev().take_while(|b| b.is_ascii_digit()).count() >= 2;
    let is_chosen = !holds_term(value) && (is_personal(value) || is_worded(value) && two_digits);
    if is_random || is_chosen { Judgement::keep() } else { Judgement::Reject }
}

/// A password or a key whose place among the arguments of a call is all that tells it: what stands beside it are hosts,
/// users, names of databases and of algorithms, and texts that are signed. In a test it is made up.
pub(super) fn argument(candidate: &Candidate<'_>) -> Judgement {
    let value = candidate.secret;
    let is_word = |b: &u8| (b'!'..=b'~').contains(b);
    if value.len() < SHORTEST_CHOSEN
        || !value.iter().all(is_word)
        || is_documented(value)
        || is_plain_setting(value)
        || is_locator(value)
        || is_known_form(value)
        || is_address(value)
        || is_host(value)
        || looks_like_code(value)
        || names_algorithm(value)
        || is_placeholder(value)
    {
        return Judgement::Reject;
    }
    let texture = Texture::of(value);
    let is_random =
        value.len() >= 16 && texture == Texture::Random || texture > Texture::Words && is_made_up(value);
    let two_digits = value.iter().rev().take_while(|b| b.is_ascii_digit()).count() >= 2;
    // Short words of random letters may be terms by chance.
    let is_chosen = || {
        is_personal(value)
            || is_worded(value) && two_digits
            || texture == Texture::Mixed && has_letter_and_digit(value)
            || value.len() >= SHORTEST && has_letter_and_digit(value) && !reads_like_words(value)
    };
    match candidate.kind {
        FileKind::Listing | FileKind::Translation => Judgement::Reject,
        _ if !is_random && (holds_term(value) || !is_chosen()) => Judgement::Reject,
        FileKind::Test => Judgement::lower("an argument of a call in a test"),
        _ => Judgement::keep(),
    }
}

/// The address of a host, or a name with the end of a domain or a file: `10.0.0.8`, `db2.harbour.internal`.
fn is_host(value: &[u8]) -> bool {
    let dots = value.iter().filter(|b| **b == b'.').count();
    let plain =
        |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b':' | b'/');
    let end = value.rsplit(|b| *b == b'.').next().unwrap_or_default();
    value.iter().all(plain) && (dots >= 2 || dots == 1 && end.iter().all(u8::is_ascii_lowercase))
}

/// The address of a mailbox.
fn is_address(value: &[u8]) -> bool {
    let at = value.iter().position(|b| *b == b'@');
    at.is_some_and(|at| at > 0 && value[at..].contains(&b'.'))
}
