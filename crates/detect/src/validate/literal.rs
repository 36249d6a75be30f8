//! Whether a literal under a secret's name is a secret. Both directions cost: a password that passes is an open door,
//! and a label that fails makes people switch the check off. So the proof that is wanted depends on where it stands.

use super::assignment::{is_call, is_locator, is_plain_setting, looks_like_code, names_a_secret};
use super::chosen::{
    holds_term, is_app_password, is_chosen, is_made_up, is_number, is_numbered_word, is_personal, is_phrase,
    is_pin, is_random_letters, is_serial, is_short_choice, is_told, is_word_with_digit, is_worded,
};
use super::known_form::is_known_form;
use super::names::{NameKind, is_password_name, is_published_key_id, name_kind};
use super::placeholder::is_placeholder;
use super::shape::{Texture, distinct, has_letter_and_digit, is_hex_digest, is_uuid};
use super::words::{contains_ignore_case, reads_like_words, words};
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
    if is_pin(name, quoting, file, value) {
        return Judgement::raise();
    }
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
    let is_short = || is_short_choice(value) || file == FileKind::Code && is_word_with_digit(name, value);
    let may_be_short =
        password && (config || quoting == Quoting::Certain || quoting == Quoting::Quoted && is_short());
    let shortest = if may_be_short { SHORTEST_PASSWORD } else { SHORTEST };
    let printable = value.iter().all(|b| (0x20..0x7f).contains(b));
    if kind == NameKind::Harmless
        || file == FileKind::Listing
        || value.len() < shortest
        || !printable
        || is_known_form(value)
        || is_published_key_id(name, value)
        || is_expression(value)
        || !password && is_joined_name(value)
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
    let is_human = is_human((name, password), quoting, (file, config), value);
    let look = Look { name, quoting, file, value, kind, password, config, texture, is_human };
    let fewest = if is_told(name, password) && has_letter_and_digit(value) { 5 } else { 6 };
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

/// Whether a value is made of words or letters as people choose them, under a name that such a value is given to.
fn is_human(
    (name, password): (&[u8], bool),
    quoting: Quoting,
    (file, config): (FileKind, bool),
    value: &[u8],
) -> bool {
    // A variable of an environment, or a name in code that says whose secret it is: `SESSION_SECRET='Monsun-2023'`. A
    // manifest refers to a secret so: `secret: app-tls-2024`.
    let told = is_told(name, password);
    let shouted = !name.iter().any(u8::is_ascii_lowercase);
    let of_whom = words(name).count() > 1 || shouted && value.iter().any(u8::is_ascii_uppercase);
    let is_owned = told && (config && shouted || file == FileKind::Code && of_whom);
    let is_words = matches!(quoting, Quoting::Quoted | Quoting::Environment)
        && (password || is_owned)
        && is_worded(value);
    let is_plain = quoting == Quoting::Quoted
        && password
        && (is_random_letters(value) || file == FileKind::Code && is_word_with_digit(name, value))
        || quoting == Quoting::Quoted && file == FileKind::Code && is_phrase(name, value);
    is_words || is_plain
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
                let chosen =
                    value.len() >= SHORTEST && (is_chosen(value) || is_worded(value)) && !holds_term(value);
                texture == Texture::Random || texture == Texture::Mixed && is_made_up(value) || chosen
            }
            (Quoting::Bare, _) => texture == Texture::Random,
            (Quoting::Quoted | Quoting::Environment, _) if is_told(name, password) && is_chosen(value) => {
                true
            }
            (Quoting::Line, _) if self.config && is_told(name, password) && is_chosen(value) => true,
            (Quoting::Quoted, _) if is_serial(value) => true,
            _ if self.is_human => true,
            // Where no quotes stand, a shell's variable is given no label.
            (Quoting::Environment, _) if password && is_numbered_word(value) => true,
            // A number of eight digits and more, in quotes, under a password's name alone.
            (Quoting::Quoted, _) if password && is_number(value) => true,
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
            _ if is_told(name, password) && (self.config || quoting != Quoting::Line) && is_chosen(value) => {
                true
            }
            _ if self.config => texture == Texture::Random || is_made_up(value) || value.len() >= 12,
            _ if is_serial(value) || password && is_number(value) => true,
            _ => texture == Texture::Random || is_made_up(value) && quoting != Quoting::Line,
        }
    }
}

/// Whether a name is a variable's of an environment that ends in `_KEY`: a service's key, where it is no digest.
fn is_shouted_key(name: &[u8]) -> bool {
    name.ends_with(b"_KEY") && !name.iter().any(u8::is_ascii_lowercase)
}

/// Whether a value is a password that software is documented to come with, or says something about passwords.
pub(super) fn is_documented(value: &[u8]) -> bool {
    is_in(DOCUMENTED_DEFAULTS, value) || is_in(SETTINGS, value)
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
    let is_proved = is_word
        || Texture::of(value) > Texture::Words
        || is_numbered_word(value)
        || is_random_letters(value)
        || is_number(value)
        || is_personal(value) && !holds_term(value);
    if is_proved { Judgement::keep() } else { Judgement::Reject }
}

/// A name of parts that signs join, at most with a version (`my-app.state.v2`): the key of an entry in a store.
fn is_joined_name(value: &[u8]) -> bool {
    let joints = value.iter().filter(|b| matches!(b, b'-' | b'_' | b'.' | b':' | b'/')).count();
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.:/".contains(b);
    joints >= 2 && digits <= 2 && value.len() < 32 && value.iter().all(plain) && reads_like_words(value)
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
