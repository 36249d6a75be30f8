//! What people choose: passwords, and secrets that are made as a password is. Words with numbers, and the words that tell a
//! label or a name in code from them.

use super::assignment::is_locator;
use super::known_form::is_known_form;
use super::names::{NameKind, is_password_name, name_kind};
use super::placeholder::is_placeholder;
use super::shape::{Texture, distinct, has_letter_and_digit};
use super::words::{contains_ignore_case, letter_pairs, reads_like_words, words};
use crate::kind::FileKind;
use crate::quoting::Quoting;

/// The shortest word that is taken for a password by its look alone, in bytes.
const SHORTEST: usize = 7;

/// Whether a name is a password's, or of a secret that people make up as they do a password (`JWT_SECRET`, `secretKey`).
pub(super) fn is_told(name: &[u8], password: bool) -> bool {
    const ENDS: &[&[u8]] = &[
        b"secret",
        b"secret_key",
        b"secretkey",
        b"secret-key",
        b"jwt_key",
        b"jwtkey",
        b"encryption_key",
        b"encryptionkey",
        b"signing_key",
        b"signingkey",
        b"session_key",
        b"sessionkey",
        b"segredo",
    ];
    let ends = |end: &&[u8]| {
        name.len().checked_sub(end.len()).is_some_and(|at| name[at..].eq_ignore_ascii_case(end))
    };
    password || ENDS.iter().any(ends)
}

/// A number of four digits and more that a configuration gives to a password, and no count or duration: `4821`.
pub(super) fn is_pin(name: &[u8], quoting: Quoting, file: FileKind, value: &[u8]) -> bool {
    let written = match quoting {
        Quoting::Quoted | Quoting::Environment => file == FileKind::Config,
        Quoting::Certain => true,
        _ => false,
    };
    let of_password = || {
        let last = words(name).last().unwrap_or_default();
        last.len() >= 6 && is_password_name(last) && name_kind(name) == NameKind::Secret
    };
    written
        && (4..=7).contains(&value.len())
        && value.iter().all(u8::is_ascii_digit)
        && distinct(value) >= 3
        && !value.ends_with(b"00")
        && !value.windows(2).all(|pair| pair[1] == pair[0] + 1 || pair[0] == pair[1] + 1)
        && of_password()
}

/// A number as people choose one for a password: of six digits and more, no date or sequence.
pub(super) fn is_number(value: &[u8]) -> bool {
    value.len() >= 6 && value.iter().all(u8::is_ascii_digit) && distinct(value) >= 4
}

/// What stands under the name of a secret that signs tokens or sessions in code: words alone are one there, if they are no name
/// of something (`JWT_SECRET = "kestrelonthequay"`).
pub(super) fn is_phrase(name: &[u8], value: &[u8]) -> bool {
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let joined = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_');
    let ends = [value.first(), value.last()].into_iter().flatten().all(u8::is_ascii_alphabetic);
    let signs = || {
        let of = |word: &[u8]| words(name).any(|w| w.eq_ignore_ascii_case(word));
        [&b"jwt"[..], b"session", b"cookie"].iter().any(|word| of(word))
            || name.len() >= 10 && name[name.len() - 10..].eq_ignore_ascii_case(b"secret_key")
    };
    letters >= 8
        && value.len() <= 64
        && value.iter().all(joined)
        && ends
        && distinct(value) >= 6
        && is_told(name, false)
        && signs()
        && !holds_term(value)
        && !holds_secret_word(value)
}

/// A short password that a person chose: a word and two digits, no word that labels are made of (`kamil84`).
pub(super) fn is_short_choice(value: &[u8]) -> bool {
    is_personal(value) && !holds_term(value) && !holds_secret_word(value)
}

/// Whether a word for a secret stands anywhere in a value.
pub(super) fn holds_secret_word(value: &[u8]) -> bool {
    const PARTS: &[&[u8]] = &[
        b"pass", b"pwd", b"psw", b"word", b"woord", b"wort", b"senha", b"clave", b"parol", b"key", b"secret",
        b"token", b"user", b"test", b"login", b"name",
    ];
    PARTS.iter().any(|part| contains_ignore_case(value, part))
}

/// Capitals and digits in one run, as keys of services are made of: no acronym is so long (`7BOODSL7SEMHLAU2`).
pub(super) fn is_serial(value: &[u8]) -> bool {
    let plain = value.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let last = value.iter().rposition(u8::is_ascii_uppercase).unwrap_or(0);
    let within = value[..last].iter().any(u8::is_ascii_digit);
    (16..=64).contains(&value.len()) && plain && within && distinct(value) >= 9
}

/// A password that a person chose: letters and at least two digits, and nothing that joins words. A short word with two
/// digits at its end is a label as often.
pub(super) fn is_chosen(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let head = value.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let within = value.get(head..).unwrap_or_default().iter().any(u8::is_ascii_alphabetic);
    let chosen = is_personal(value) && (within || digits >= 3 || head >= 6 || is_short_choice(value));
    // A number with a few letters: `27328703ef`.
    let is_numeric = digits >= 6 && value.iter().all(u8::is_ascii_alphanumeric);
    is_random_case(value)
        || has_letter_and_digit(value)
            && distinct(value) >= 5
            && (chosen || is_numeric || distinct(value) >= 6 && !reads_like_words(value))
}

/// What people make passwords of: a word and at least two digits, in one piece.
pub(super) fn is_personal(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let joint = value.iter().any(|b| matches!(b, b'_' | b'-' | b'.' | b' ' | b'/' | b':'));
    !joint && digits >= 2 && letters >= 3 && distinct(value) >= 5
}

/// Words in which a number or a field of a form is no part of a password: algorithms, encodings, names in code.
#[rustfmt::skip]
const TERMS: &[&str] = &[
    "field", "name", "key", "keys", "id", "ids", "type", "test", "tests", "testing", "input", "form", "value", "text", "label",
    "error", "err", "msg", "message", "page", "url", "path", "file", "hash", "user", "users", "login", "reset", "new", "old",
    "step", "level", "version", "min", "max", "length", "len", "chars", "char", "rule", "row", "col", "item", "index", "btn",
    "button", "div", "view", "screen", "modal", "dialog", "group", "policy", "case", "utf", "sha", "md", "aes", "rsa", "base",
    "pbkdf", "hmac", "oauth", "int", "uint", "ipv", "http", "https", "pkcs", "tls", "ssl", "scram", "bcrypt", "argon", "crypt",
    "ascii", "iso", "win", "cp", "rfc", "mode", "gcm", "cbc", "css", "html", "web", "api", "sql", "mysql", "example", "sample",
    "dummy", "mock", "fake", "foo", "bar", "baz", "placeholder", "default", "demo", "auth", "pass", "pwd", "passwd", "method",
    "class", "object", "encoder", "hasher", "digest", "cipher", "salt", "vault", "ref", "arg", "param", "var", "col", "column",
    "table", "update", "change", "create", "delete", "add", "get", "set", "is", "has", "invalid", "required", "valid", "hint",
    "help", "show", "hide", "toggle", "strength", "title", "email", "mail", "phone", "code", "pin", "otp", "totp", "token",
    "secret", "password", "v", "part", "section", "tab", "option", "state", "ssha", "smd", "blowfish", "des", "ntlm", "mschap",
];

/// Whether one of [`TERMS`] is a word of a value.
pub(super) fn holds_term(value: &[u8]) -> bool {
    words(value).any(|word| TERMS.iter().any(|term| word.eq_ignore_ascii_case(term.as_bytes())))
}

/// A password of words: words and a number that signs of one kind join, or words in capitals with a digit between them
/// (`segel-boot-88`, `Monsun_2023`, `Wolke7Himmel`). Names of algorithms, of encodings and in code look alike, so none
/// of their words may stand in it.
pub(super) fn is_worded(value: &[u8]) -> bool {
    let joints = [b'_', b'-', b'.'].iter().filter(|joint| value.contains(joint)).count();
    let plain = value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let ends = [value.first(), value.last()].into_iter().flatten().all(u8::is_ascii_alphanumeric);
    if !plain || !ends || joints > 1 || letters < 4 || !(8..=40).contains(&value.len()) || distinct(value) < 6
    {
        return false;
    }
    if holds_term(value) {
        return false;
    }
    let is_number = |word: &[u8]| word.first().is_some_and(u8::is_ascii_digit);
    if joints == 0 {
        let cases = value.iter().any(u8::is_ascii_lowercase) && value.iter().any(u8::is_ascii_uppercase);
        let long = words(value).filter(|word| !is_number(word)).all(|word| word.len() >= 3);
        // At its end a number makes a label of a word: `Passwort2`.
        let within = value.last().is_some_and(u8::is_ascii_alphabetic) && words(value).any(is_number);
        return cases && long && within;
    }
    words(value).any(|word| is_number(word) && word.len() >= 2) && words(value).count() <= 5
}

/// Letters of both cases in frequent turns, which are no language: made at random, without digits by chance (`RjGRHBgyuT`).
fn is_random_case(value: &[u8]) -> bool {
    let turns =
        value.windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count();
    let (pairs, common) = letter_pairs(value);
    (8..=64).contains(&value.len())
        && value.iter().all(u8::is_ascii_alphabetic)
        && turns >= 4
        && distinct(value) >= 7
        && common * 100 <= pairs * 60
}

/// Small letters that are no language: a password made at random, without digits (`qvzrwmxkd`). Parts of words for
/// passwords stand in short names of fields.
pub(super) fn is_random_letters(value: &[u8]) -> bool {
    let (pairs, common) = letter_pairs(value);
    (9..=24).contains(&value.len())
        && value.iter().all(u8::is_ascii_lowercase)
        && distinct(value) >= 6
        && common * 100 <= pairs * 55
        && ![&b"pass"[..], b"pwd", b"psw", b"pw"].iter().any(|part| contains_ignore_case(value, part))
}

/// A run of small letters with a digit behind it (`monsun7`), as people make passwords. A short one is a label as often
/// (`field2`), so it stands under a name that ends with a password's, and no word for a thing in code is in it.
pub(super) fn is_word_with_digit(name: &[u8], value: &[u8]) -> bool {
    let letters = value.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let one_digit = value.len() == letters + 1 && value.last().is_some_and(u8::is_ascii_digit);
    let of_password = || is_password_name(words(name).last().unwrap_or_default());
    let is_short = || letters >= 6 && of_password() && !holds_term(value) && !holds_secret_word(value);
    one_digit && distinct(value) >= 6 && (letters >= 12 || is_short())
}

/// A word with a digit. Where signs join its parts, it has a capital or two digits: `Bluebird_42`, not `host_1`.
pub(super) fn is_numbered_word(value: &[u8]) -> bool {
    let count = |test: fn(&u8) -> bool| value.iter().filter(|b| test(b)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    let is_joined = value.iter().any(|b| matches!(b, b'_' | b'-' | b'.' | b'/' | b':'));
    let enough = !is_joined || digits >= 2 || count(u8::is_ascii_uppercase) > 0;
    digits >= 1 && letters >= 3 && value.len() >= 7 && distinct(value) >= 5 && enough
}

/// Passwords for a program, the only kinds with blanks that are no sentence: Google's of four times four letters
/// (`qzvp rsdc htgb gkce`), and WordPress's of six times four letters and digits.
pub(super) fn is_app_password(value: &[u8]) -> bool {
    let groups: Vec<&[u8]> = value.split(|b| *b == b' ').collect();
    let of = |class: fn(&u8) -> bool| groups.iter().all(|group| group.len() == 4 && group.iter().all(class));
    match groups.len() {
        4 => of(u8::is_ascii_lowercase) && !reads_like_words(value),
        6 => of(u8::is_ascii_alphanumeric) && has_letter_and_digit(value) && distinct(value) >= 10,
        _ => false,
    }
}

/// A password that no expression and no variable's name looks like: signs that are no operators, or letters and
/// digits in frequent turns.
pub(super) fn is_made_up(value: &[u8]) -> bool {
    let class = |byte: &u8| match byte {
        b'0'..=b'9' => 0_u8,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let turns = value.windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count();
    let signs =
        value.iter().any(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'~' | b'?'));
    // `Anchor2031*`; a type's pointer has no number of that length.
    let starred = value.ends_with(b"*")
        && is_personal(value)
        && value.iter().filter(|b| b.is_ascii_digit()).count() >= 3;
    has_letter_and_digit(value) && (signs || starred || turns >= 5)
}

/// Whether a word looks as a password that people choose, or that a generator made, where nothing beside it says so: letters
/// and digits that are no name, no number and no word with a version.
pub fn looks_chosen(value: &[u8]) -> bool {
    let plain = (SHORTEST..=64).contains(&value.len()) && value.iter().all(|b| (b'!'..=b'~').contains(b));
    let mailbox =
        value.iter().rposition(|b| *b == b'@').is_some_and(|at| at > 0 && value[at..].contains(&b'.'));
    plain
        && !mailbox
        && !is_locator(value)
        && !is_known_form(value)
        && !is_placeholder(value)
        && (is_personal(value) && !holds_term(value)
            || has_letter_and_digit(value) && Texture::of(value) > Texture::Words)
}
