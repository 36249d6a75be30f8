//! Whether a literal under a secret's name is a secret. Both directions cost: a password that passes is an open door,
//! and a label that fails makes people switch the check off. So the proof that is wanted depends on where it stands.

use super::assignment::{is_call, is_locator, is_plain_setting, looks_like_code, names_a_secret};
use super::known_form::is_known_form;
use super::names::{NameKind, is_password_name, is_published_key_id, name_kind};
use super::placeholder::is_placeholder;
use super::shape::{Texture, distinct, has_letter_and_digit, is_hex_digest, is_uuid};
use super::words::{contains_ignore_case, letter_pairs, reads_like_words, words};
use super::{Adjust, Candidate, Judgement};
use crate::kind::FileKind;
use crate::quoting::Quoting;

/// The shortest literal that counts, in bytes.
const SHORTEST: usize = 8;

/// The shortest password in a configuration that counts, in bytes.
const SHORTEST_PASSWORD: usize = 6;

/// Passwords that software is documented to come with. They protect nothing, and anyone who reads the documentation
/// knows them.
#[rustfmt::skip]
const DOCUMENTED_DEFAULTS: &[&str] = &[
    "postgres", "postgresql", "mysql", "mariadb", "mongo", "mongodb", "redis", "rabbitmq", "guest", "admin", "root", "toor",
    "changeit", "minioadmin", "minio123", "elastic", "foobared", "tiger", "manager", "tomcat", "s3cret", "neo4j", "vagrant",
    "raspberry", "oracle", "welcome1", "airflow", "grafana", "keycloak", "wildfly", "sonar", "nexus", "jenkins", "docker",
    "OBF:1vny1zlo1x8e1vnw1vn61x8g1zlu1vn4", "OBF:1u2u1wml1z7s1z7a1wnl1u2g", "letmein", "kubernetes", "localhost", "anonymous", "nobody", "mosquitto", "zabbix", "wordpress", "drupal", "joomla",
    "magento", "odoo", "superset", "ignored", "adminadmin", "administrator", "sysadmin", "operator", "public", "private", "SW2YcwTIb9zpOOhoPsMm", "testing123", "radpass", "raddpass",
];

/// Words that a setting of a password's name takes when it names a way, a place or a kind.
#[rustfmt::skip]
const SETTINGS: &[&str] = &[
    "required", "requisite", "sufficient", "optional", "include", "plaintext", "cleartext", "keyring", "kerberos", "gssapi",
    "external", "internal", "interactive", "compat", "systemd", "files systemd", "string", "boolean", "integer", "number",
    "object", "ignore", "deny", "allow", "reject", "accept", "password_field", "session", "cookie", "header", "bearer",
    "basic", "digest", "crypt", "sha512crypt", "yescrypt", "scram-sha-256", "scram-sha-512", "scram-sha-1", "trust", "peer",
    "ident", "prompt", "console", "stdin", "keychain", "vault", "secret-tool", "libsecret", "manual", "automatic",
    "inherit", "unlimited", "nullable", "readonly", "writeonly", "sensitive", "missing", "expired", "incorrect",
    "forgotten", "unknown", "on_create", "visible", "obscured", "protected", "recovery", "rotation", "expiration", "complexity",
];

/// Judges `value`, given to `name`. What takes longest to tell, that it is a placeholder, is asked of what is left.
pub(super) fn judge_literal(name: &[u8], quoting: Quoting, file: FileKind, value: &[u8]) -> Judgement {
    // Spring's mark of a password that is not encoded.
    let value = value.strip_prefix(b"{noop}").unwrap_or(value);
    if quoting == Quoting::Decoded {
        return decoded(name, file, value);
    }
    match judge_look(name, quoting, file, value) {
        Judgement::Keep { .. } if is_placeholder(value) => Judgement::Reject,
        judgement => judgement,
    }
}

/// Judges text that the code decodes to bytes: a key, if its name has a word beside `key`. Test vectors and what is public
/// have other names, or stand in tests.
fn decoded(name: &[u8], file: FileKind, value: &[u8]) -> Judgement {
    let kind = name_kind(name);
    let key = is_hex_digest(value) || value.len() >= 22 && Texture::of(value) == Texture::Random;
    if VECTORS.iter().any(|word| contains_ignore_case(name, word)) {
        return Judgement::Reject;
    }
    let own = words(name).count() > 1;
    if !own || kind == NameKind::Harmless || !key || distinct(value) < 10 || is_placeholder(value) {
        return judge_literal(name, Quoting::Quoted, file, value);
    }
    match file {
        FileKind::Test | FileKind::Prose => judge_literal(name, Quoting::Quoted, file, value),
        _ => Judgement::raise(),
    }
}

/// Parts of names of keys that belong to tests or to someone else.
const VECTORS: &[&[u8]] =
    &[b"test", b"expected", b"known", b"verif", b"peer", b"remote", b"nist", b"rfc", b"example"];

/// Judges `value` by all that it looks like but a placeholder.
fn judge_look(name: &[u8], quoting: Quoting, file: FileKind, value: &[u8]) -> Judgement {
    // Most values are numbers and short words.
    if value.len() < SHORTEST_PASSWORD {
        return Judgement::Reject;
    }
    let kind = if quoting == Quoting::Certain { NameKind::Secret } else { name_kind(name) };
    let password = quoting == Quoting::Certain || is_password_name(name);
    // `pass` alone names much else; what is given to it in quotes, or by a shell, may be a password.
    let shell = quoting == Quoting::Environment && is_chosen(value);
    let kind = if kind == NameKind::Weak && password && (quoting == Quoting::Quoted || shell) {
        NameKind::Secret
    } else {
        kind
    };
    // A name that says `key` alone, as many do, wants a value that is as good as random.
    if kind == NameKind::Weak && !password && !is_random_key(quoting, value) {
        return Judgement::Reject;
    }
    // Code that is configuration is read as code where no quotes tell a value from an expression.
    let config = file == FileKind::Config || file == FileKind::Settings && quoting == Quoting::Quoted;
    let shortest =
        if password && (config || quoting == Quoting::Certain) { SHORTEST_PASSWORD } else { SHORTEST };
    let printable = value.iter().all(|b| (0x20..0x7f).contains(b));
    if kind == NameKind::Harmless
        || file == FileKind::Listing
        || value.len() < shortest
        || !printable
        || is_known_form(value)
        || is_published_key_id(name, value)
        || is_expression(value)
        || is_alphabet(value)
        || names_algorithm(value)
        || is_plain_setting(value)
        || is_locator(value)
        || is_in(DOCUMENTED_DEFAULTS, value)
    {
        return Judgement::Reject;
    }
    let material = is_key_material(value);
    let spaced = value.contains(&b' ');
    if spaced && !material {
        let is_password = password && is_app_password(value);
        return if is_password { Judgement::raise() } else { Judgement::Reject };
    }
    let in_settings = config && password && quoting != Quoting::Bare;
    let code = match in_settings {
        _ if password
            && (is_dotted(quoting, value)
                || quoting == Quoting::Line && in_settings && is_dotted(Quoting::Quoted, value)) =>
        {
            false
        }
        true => quoting != Quoting::Quoted && is_call(value),
        false => looks_like_code(value),
    };
    if code && !material {
        return Judgement::Reject;
    }
    let texture = if material { Texture::Random } else { Texture::of(value) };
    if is_uuid(value) {
        return uuid(kind, file, quoting);
    }
    if in_settings || quoting == Quoting::Certain {
        // What documentation and tests show is made up, unless it looks random.
        match file {
            _ if texture == Texture::Random => {}
            FileKind::Prose | FileKind::Translation => return Judgement::Reject,
            FileKind::Test => return Judgement::keep(),
            _ => {}
        }
        return password_in_settings(value, texture, quoting);
    }
    let bare = matches!(quoting, Quoting::Line | Quoting::Bare);
    // Words run together, as tables of strings have them.
    let hex = value.strip_prefix(b"0x").unwrap_or(value).iter().all(u8::is_ascii_hexdigit);
    let prose = bare && value.len() > 64 && !hex && reads_like_words(value);
    if prose
        || bare && !config && is_identifier(value)
        || kind == NameKind::Weak && !may_be_key(quoting, value)
    {
        return Judgement::Reject;
    }
    // A variable of an environment: `SESSION_SECRET='Monsun-2023'`.
    let variable = config && is_told(name, password) && !name.iter().any(u8::is_ascii_lowercase);
    let is_words = matches!(quoting, Quoting::Quoted | Quoting::Environment)
        && (password || variable)
        && is_worded(value);
    let is_plain = quoting == Quoting::Quoted
        && password
        && (is_random_letters(value) || file == FileKind::Code && is_long_word_with_digit(value));
    let look =
        Look { name, quoting, file, value, kind, password, config, texture, is_human: is_words || is_plain };
    let fewest = if password && has_letter_and_digit(value) { 5 } else { 6 };
    if !look.is_enough() || distinct(value) < fewest {
        return Judgement::Reject;
    }
    let is_service_key =
        config && quoting == Quoting::Environment && value.len() == 32 && is_shouted_key(name);
    if kind == NameKind::Weak && is_hex_digest(value) && !is_service_key {
        return Judgement::lower("a digest under the name of a key");
    }
    Judgement::Keep { confidence: if look.is_sure() { Adjust::Raise } else { Adjust::Same }, note: None }
}

/// A value that is no reference, expression, word or placeholder, and all that tells whether it is a secret.
struct Look<'a> {
    name: &'a [u8],
    quoting: Quoting,
    file: FileKind,
    value: &'a [u8],
    kind: NameKind,
    /// Whether the name is a password's.
    password: bool,
    /// Whether the file is configuration, or code that is read as such.
    config: bool,
    texture: Texture,
    /// Whether it is made of words or letters as people choose them.
    is_human: bool,
}

impl Look<'_> {
    /// Whether it looks enough like a secret for where it stands.
    fn is_enough(&self) -> bool {
        let Self { name, quoting, file, value, password, texture, .. } = *self;
        match (quoting, self.kind) {
            (_, NameKind::Weak) => texture == Texture::Random,
            (Quoting::Bare, _) if password && file != FileKind::Prose => {
                texture == Texture::Random || texture == Texture::Mixed && is_made_up(value)
            }
            (Quoting::Bare, _) => texture == Texture::Random,
            (Quoting::Quoted | Quoting::Environment, _) if is_told(name, password) && is_chosen(value) => {
                true
            }
            _ if self.is_human => true,
            // Where no quotes stand, a shell's variable is given no label.
            (Quoting::Environment, _) if password && is_numbered_word(value) => true,
            // A number of eight digits and more, in quotes, under a password's name alone.
            (Quoting::Quoted, _) if password && value.iter().all(u8::is_ascii_digit) => true,
            (Quoting::Line, _) => {
                texture == Texture::Random || texture == Texture::Mixed && is_made_up(value)
            }
            _ => texture >= Texture::Mixed,
        }
    }

    /// Whether it is a secret more surely than its detector says.
    fn is_sure(&self) -> bool {
        let Self { name, quoting, value, password, texture, .. } = *self;
        match self.file {
            // An invented value of a test or a page is no secret of this image.
            FileKind::Test => false,
            // Resources of an application hold keys, too (Android's `strings.xml`): no text of a language looks so.
            FileKind::Translation => {
                texture == Texture::Random && value.len() >= 24 && has_letter_and_digit(value)
            }
            FileKind::Prose => texture == Texture::Random && value.len() >= 20,
            _ if self.is_human => true,
            _ if self.config => texture == Texture::Random || is_made_up(value) || value.len() >= 12,
            _ if is_told(name, password) && quoting != Quoting::Line && is_chosen(value) => true,
            _ => texture == Texture::Random || is_made_up(value) && quoting != Quoting::Line,
        }
    }
}

/// Whether a name is a password's, or of a secret that people make up as they do a password (`JWT_SECRET`).
fn is_told(name: &[u8], password: bool) -> bool {
    password || name.len() >= 6 && name[name.len() - 6..].eq_ignore_ascii_case(b"secret")
}

/// A password that a person chose: letters and at least two digits, and nothing that joins words. A short word with two
/// digits at its end is a label as often.
fn is_chosen(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let head = value.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let within = value.get(head..).unwrap_or_default().iter().any(u8::is_ascii_alphabetic);
    let chosen = is_personal(value) && (within || digits >= 3 || head >= 6);
    has_letter_and_digit(value) && distinct(value) >= 6 && (chosen || !reads_like_words(value))
}

/// What people make passwords of: a word and at least two digits, in one piece.
pub(super) fn is_personal(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let joint = value.iter().any(|b| matches!(b, b'_' | b'-' | b'.' | b' ' | b'/' | b':'));
    !joint && digits >= 2 && letters >= 3 && distinct(value) >= 5
}

/// Whether a name is a variable's of an environment that ends in `_KEY`: a service's key, where it is no digest.
fn is_shouted_key(name: &[u8]) -> bool {
    name.ends_with(b"_KEY") && !name.iter().any(u8::is_ascii_lowercase)
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

/// Whether a value is a password that software is documented to come with, or says something about passwords.
pub(super) fn is_documented(value: &[u8]) -> bool {
    is_in(DOCUMENTED_DEFAULTS, value) || is_in(SETTINGS, value)
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

/// A password of two words that a dot joins, with two digits and more at its end (`monsun.kiel88`): names in code end in
/// one, if any.
fn is_dotted(quoting: Quoting, value: &[u8]) -> bool {
    let digits = value.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let words = value.split(|b| *b == b'.').filter(|word| word.len() >= 4).count();
    matches!(quoting, Quoting::Quoted | Quoting::Environment | Quoting::Certain)
        && (2..=4).contains(&digits)
        && words == 2
        && is_worded(value)
}

/// A password where the syntax says that one stands, so that its look has to prove less: no documented default, no word
/// for a setting, no path. A configuration gives words, too; elsewhere a word has a digit.
pub(crate) fn chosen_password(candidate: &Candidate<'_>) -> Judgement {
    let value = candidate.secret;
    let is_code = is_call(value) && !is_dotted(Quoting::Certain, value);
    if is_in(DOCUMENTED_DEFAULTS, value) || is_in(SETTINGS, value) || is_locator(value) || is_code {
        return Judgement::Reject;
    }
    let is_word =
        candidate.kind == FileKind::Config && value.len() >= SHORTEST_PASSWORD && distinct(value) >= 4;
    let is_proved =
        is_word || Texture::of(value) > Texture::Words || is_numbered_word(value) || is_random_letters(value);
    if is_proved { Judgement::keep() } else { Judgement::Reject }
}

/// Small letters that are no language: a password made at random, without digits (`qvzrwmxkd`). Parts of words for
/// passwords stand in short names of fields.
fn is_random_letters(value: &[u8]) -> bool {
    let (pairs, common) = letter_pairs(value);
    (9..=24).contains(&value.len())
        && value.iter().all(u8::is_ascii_lowercase)
        && distinct(value) >= 6
        && common * 100 <= pairs * 55
        && ![&b"pass"[..], b"pwd", b"psw", b"pw"].iter().any(|part| contains_ignore_case(value, part))
}

/// A run of small letters as long as two words, with a digit behind it (`monsunhafen7`), as people make passwords. What is
/// shorter is a label as often: `Wachtwoord2`.
fn is_long_word_with_digit(value: &[u8]) -> bool {
    let letters = value.iter().take_while(|b| b.is_ascii_lowercase()).count();
    letters >= 12 && value.len() == letters + 1 && value[letters].is_ascii_digit() && distinct(value) >= 6
}

/// A word with a digit. Where signs join its parts, it has a capital or two digits: `Bluebird_42`, not `host_1`.
fn is_numbered_word(value: &[u8]) -> bool {
    let count = |test: fn(&u8) -> bool| value.iter().filter(|b| test(b)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    let is_joined = value.iter().any(|b| matches!(b, b'_' | b'-' | b'.' | b'/' | b':'));
    let enough = !is_joined || digits >= 2 || count(u8::is_ascii_uppercase) > 0;
    digits >= 1 && letters >= 3 && value.len() >= 7 && distinct(value) >= 5 && enough
}

/// Passwords for a program, the only kinds with blanks that are no sentence: Google's of four times four letters
/// (`qzvp rsdc htgb gkce`), and WordPress's of six times four letters and digits.
fn is_app_password(value: &[u8]) -> bool {
    let groups: Vec<&[u8]> = value.split(|b| *b == b' ').collect();
    let of = |class: fn(&u8) -> bool| groups.iter().all(|group| group.len() == 4 && group.iter().all(class));
    match groups.len() {
        4 => of(u8::is_ascii_lowercase) && !reads_like_words(value),
        6 => of(u8::is_ascii_alphanumeric) && has_letter_and_digit(value) && distinct(value) >= 10,
        _ => false,
    }
}

/// A name in snake case, as code has it where no quotes stand.
fn is_identifier(value: &[u8]) -> bool {
    value.contains(&b'_')
        && value.len() < 24
        && value.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
}

/// Whether a value under a name that only says `key` or `auth` may be a key and looks random.
fn is_random_key(quoting: Quoting, value: &[u8]) -> bool {
    may_be_key(quoting, value) && (is_key_material(value) || Texture::of(value) == Texture::Random)
}

/// Whether a value under a name that only says `key` or `auth` may be a key: no name of another key, no path, no ID of
/// a public key.
fn may_be_key(quoting: Quoting, value: &[u8]) -> bool {
    let names =
        contains_ignore_case(value, b"key") && value.iter().any(|b| matches!(b, b'_' | b'-' | b'.' | b':'));
    let path = value.contains(&b'/') && value.contains(&b'.');
    let short_hex = value.len() <= 16 && value.iter().all(u8::is_ascii_hexdigit);
    // `$CI_COMMIT_REF_SLUG-v2`: the key of a cache.
    let variable = value.first() == Some(&b'$') && value.get(1).is_some_and(u8::is_ascii_uppercase);
    quoting != Quoting::Bare && !names && !path && !short_hex && !variable
}

/// The name of an algorithm or an encoding, alone or among words: `Sha512Crypt`, `pbkdf2-sha256-2000`, `Base64Encoder`.
pub(super) fn names_algorithm(value: &[u8]) -> bool {
    const NAMES: [(&[u8], &[&[u8]]); 9] = [
        (b"sha", &[b"1", b"224", b"256", b"384", b"512"]),
        (b"ssha", &[b"256", b"384", b"512"]),
        (b"md", &[b"4", b"5"]),
        (b"base", &[b"16", b"32", b"58", b"64", b"85"]),
        (b"utf", &[b"8", b"16", b"32"]),
        (b"aes", &[b"128", b"192", b"256"]),
        (b"pbkdf", &[b"1", b"2"]),
        (b"argon", &[b"2"]),
        (b"rsa", &[b"1024", b"2048", b"3072", b"4096"]),
    ];
    let numbers =
        |word: &[u8]| NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, n)| *n);
    let joins = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':');
    let parts: Vec<&[u8]> = words(value).take(12).collect();
    value.len() <= 48
        && value.iter().all(joins)
        && parts.windows(2).any(|pair| numbers(pair[0]).is_some_and(|known| known.contains(&pair[1])))
        // Random letters and digits fall into words of one letter.
        && parts.iter().all(|word| word.len() > 1 || word[0].is_ascii_digit())
}

/// An alphabet, in any order: every character once. Those of 32 signs (base 32 and its kin) have letters of one case;
/// a key of that length in which no character repeats has both.
fn is_alphabet(value: &[u8]) -> bool {
    let one_case = !(value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase));
    let shortest = if one_case { 24 } else { 40 };
    value.len() >= shortest && distinct(value) == value.len()
}

/// A regular expression or a text full of percent escapes.
fn is_expression(value: &[u8]) -> bool {
    // Which bytes there are tells most of these apart from what they are looked for in.
    let there = value.iter().fold(0u128, |all, b| all | 1 << (b & 0x7f));
    let has = |needle: &[u8]| {
        needle.iter().all(|b| there >> (b & 0x7f) & 1 == 1)
            && value.windows(needle.len()).any(|w| w == needle)
    };
    let escapes = value
        .windows(3)
        .filter(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit())
        .count();
    // One of these alone stands in UUIDs, too: `…d70-91f…`.
    let ranges = [&b"a-z"[..], b"A-Z", b"0-9"].iter().filter(|range| has(range)).count();
    if ranges > usize::from(!value.contains(&b'[')) {
        return true;
    }
    [
        &b"(?"[..],
        b"[^",
        b"\\w",
        b"\\d",
        b"\\s",
        b"(%s",
        b")?$",
        b"&#6",
        b"&lt;",
        b"&gt;",
        // Rules of a form: `required|string|min:8`.
        b"required|",
        b"|string|",
        b"nullable|",
    ]
    .iter()
    .any(|n| has(n))
        || escapes >= 3
        || value[0] == b'#'
            && value[1..].iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// A UUID: an identifier as often as a secret.
fn uuid(kind: NameKind, file: FileKind, quoting: Quoting) -> Judgement {
    let given = matches!(quoting, Quoting::Quoted | Quoting::Environment);
    match file {
        _ if kind == NameKind::Weak => Judgement::Reject,
        _ if quoting == Quoting::Certain => Judgement::raise(),
        FileKind::Config if quoting != Quoting::Bare => Judgement::raise(),
        FileKind::Settings if quoting == Quoting::Quoted => Judgement::raise(),
        FileKind::Code | FileKind::Unknown if given => Judgement::raise(),
        _ => Judgement::lower("a UUID: perhaps an identifier"),
    }
}

fn is_in(list: &[&str], value: &[u8]) -> bool {
    list.iter().any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
}

/// What a configuration gives to a password's name is the password, unless it is a known default or a word that says
/// something about passwords.
fn password_in_settings(value: &[u8], texture: Texture, quoting: Quoting) -> Judgement {
    if is_in(SETTINGS, value) || distinct(value) < 4 {
        return Judgement::Reject;
    }
    let letters = value.iter().all(u8::is_ascii_alphabetic);
    // A capitalised word is a label, a snake or kebab of words a name.
    let label = letters && value[0].is_ascii_uppercase() && value[1..].iter().all(u8::is_ascii_lowercase);
    let name = value.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-' | b'.' | b'/' | b':'))
        && value.iter().any(|b| matches!(b, b'.' | b'/' | b':'))
        || names_a_secret(value) && !value.iter().any(u8::is_ascii_digit);
    if texture == Texture::Words
        && (label || name || quoting == Quoting::Line && letters && value.len() < SHORTEST)
    {
        return Judgement::lower("the value may be a word about passwords");
    }
    Judgement::raise()
}

/// Long, and of so many signs that it was made by a generator: keys of Django and WordPress hold brackets, operators
/// and blanks.
pub(super) fn is_key_material(value: &[u8]) -> bool {
    let signs = |b: &u8| b.is_ascii_punctuation() && !matches!(b, b'_' | b'-' | b'.' | b'/' | b'"' | b'\\');
    let count = value.iter().filter(|b| signs(b)).count();
    let kinds = {
        let mut seen = [false; 128];
        value.iter().filter(|b| signs(b)).for_each(|b| seen[usize::from(*b & 0x7f)] = true);
        seen.iter().filter(|s| **s).count()
    };
    let spaces = value.iter().filter(|b| **b == b' ').count();
    value.len() >= 32
        && (kinds >= 5 || kinds >= 4 && value.len() >= 48)
        && count * 8 >= value.len()
        && spaces * 10 <= value.len()
        && has_letter_and_digit(value)
        && distinct(value) >= 18
        && !reads_like_words(value)
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
    has_letter_and_digit(value) && (signs || turns >= 5)
}
