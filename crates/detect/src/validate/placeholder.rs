//! Placeholders: what stands where a secret would.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::shape::distinct;
use super::words::reads_like_words;

/// The longest text that is searched for placeholder words. Longer ones are keys and tokens, in which a word can
/// stand by chance.
const MAX_SEARCHED: usize = 256;

/// Words that make any text around them a placeholder. Long enough not to stand in a random token by chance:
/// each is looked for in lower case, in capitals and capitalised only.
#[rustfmt::skip]
const MARKERS: &[&str] = &[
    "example", "changeme", "changethis", "change-me", "change_me", "change-this", "change_this",
    "placeholder", "redacted", "replaceme", "replace-me", "replace_me", "replacethis", "replace_this",
    "insert-", "insert_", "inserthere", "yourpassword", "yoursecret", "yourtoken", "yourapikey",
    "your-api", "your_api", "your-secret", "your_secret", "your-token", "your_token", "your-password",
    "your_password", "your-access", "your_access", "dummykey", "dummytoken", "dummypassword",
    "notarealkey", "not-a-real", "not_a_real", "notasecret", "not-a-secret", "not_a_secret", "nosecret",
    "fakekey", "faketoken", "fakesecret", "sanitized", "omitted", "undefined",
];

/// Words of which placeholders are made: a text that falls apart into these, signs and a few digits is one.
#[rustfmt::skip]
const VOCABULARY: &[&str] = &[
    "abc", "abcd", "abcde", "abcdef", "access", "account", "api", "auth", "bar",
    "baz", "blah", "change", "client", "configure", "connection", "credential", "credentials",     "default", "demo", "development", "dummy", "empty", "enter", "fake", "fill", "foo", "foobar",
    "from", "generate", "generated", "github", "goes", "here", "insert",
    "invalid", "key", "keys", "local", "login", "mock", "must", "name",
    "new", "nil", "no", "none", "not", "null", "original", "pass", "passphrase",
    "password", "passwords", "passwd", "pat", "private", "psk", "pw", "pwd", "random", "real", "replace",
    "required", "sample", "secret", "secrets", "set", "something", "string", "stub",
    "super", "supersecret", "temp", "test", "tester", "testing", "text", "tmp",
    "todo", "token", "tokens", "unset", "unused", "user", "username", "value",     "xxx", "xyz", "your", "yours", "encrypted", "hidden", "masked", "mypass", "admin1234",
    "env", "var", "variable", "qwerty", "qwertyuiop",
];

/// Words that stand beside those in placeholders, and alone are passwords that people choose (`Database2024!`).
#[rustfmt::skip]
const COMPANIONS: &[&str] = &[
    "ab", "proxy", "repo", "repository", "server", "root", "admin", "database", "app", "application", "service",
    "build", "builder", "ci", "during", "only", "for", "time", "buildtime", "not", "used", "real", "valid",
    "correct", "wrong", "bad", "good", "old", "first", "second", "another", "other", "same", "long", "short",
    "strong", "weak", "safe", "unsafe", "insecure", "secure", "please", "put", "paste", "type", "provide",
    "provided", "by", "at", "runtime", "later", "injected", "dont", "do", "example", "postgres", "mysql",
    "redis", "jwt", "session", "cookie", "signing", "encryption", "hmac", "data", "file", "config", "client",
    "oauth", "bot", "aws", "gcp", "azure", "slack", "stripe", "openai", "goeshere", "change",
    "a", "an", "and", "any", "go", "has", "id", "in", "is", "it", "me", "my", "of", "on", "or", "see", "some", "the", "this", "that", "to", "too", "use", "very", "with", "db", "dev", "you", "like",
];

/// Whether the text stands for a secret instead of being one: filler (`changeme`, `xxxx`, `1234567890`), a
/// reference (`${VAR}`, `{{ name }}`, `<token>`, `%(name)s`), words about secrets (`your-api-key`, `password123`),
/// or a documented example. Random text is never one.
pub fn is_placeholder(secret: &[u8]) -> bool {
    let text = secret.trim_ascii();
    is_filler(text)
        || is_reference(text)
        || has_marker(text)
        || is_about_secrets(text)
        || is_documented(text)
        || is_encoded_sentence(text)
        || is_sketched_token(text)
}

/// Whether the text says by itself that it is no secret, whatever stands around it: filler, a reference, a marker
/// (`changeme`), or words about secrets alone (`your-password`). `pass123` is a weak password where a file is made to
/// hold passwords, and a placeholder elsewhere.
pub fn is_plain_placeholder(secret: &[u8]) -> bool {
    let text = secret.trim_ascii();
    let worded = text.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'.' | b' '));
    is_filler(text)
        || is_reference(text)
        || has_marker(text)
        || is_documented(text)
        || worded && is_about_secrets(text)
}

/// Published credentials: of RFC 5849, RFC 6749 and RFC 6750, of the documentation of libraries that implement
/// these, of kubectl's help, and of emulators.
const DOCUMENTED: &[&str] = &[
    // The published keys of Azure's storage and Cosmos DB emulators.
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
    // The one-time password key of examples of RFC 6238's libraries.
    "JBSWY3DPEHPK3PXP",
    "S3JDVB7QD2R7JPXX",
    // The configuration that Redis ships.
    "ffa9203c493aa99",
    // Cargo's book.
    "854DvwSlUwEHtIo3kWy6x7UCPKHfzCmy",
    "2YotnFZFEjr1zCsicMWpAA",
    "tGzv3JOkF0XG5Qx2TlKWIA",
    "SplxlOBeZQQYbYS6WxSbIA",
    "czZCaGRSa3F0MzpnWDFmQmF0M2JW",
    "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3",
    "7Fjfp0ZBr1KtDRbnfVdmIw",
    "gX1fBat3bV",
    "mF_9.B5f-4.1JqM",
    "h480djs93hd8",
    "ad180jjd733klru7",
    "kkk9d7dh3k39sjv7",
    "0685bd9184jfhq22",
    "9djdj82h48djs9d2",
    "j49sk3j29djd",
    "dh893hdasih9",
    "lsdkfol23w54jlksdef",
    "sdf0o9823sjdfsdf",
    "uXFGweU9l35qcif",
    "askfjh234as9sd8",
    "23sdf876234",
    "45ghiukldjahdnhzdauz",
    "kjfch2345sdf",
    "sdf23409df",
    "2kjshdfp92i34asdasd",
    "lsdajfh923874",
    "kjerht2309uf",
    "kjerht2309u",
];

/// Whether this is one of the credentials that standards show.
fn is_documented(text: &[u8]) -> bool {
    DOCUMENTED.iter().any(|known| known.as_bytes() == text)
        || text.windows(13).any(|window| window == b"AKIAIOSFODNN7")
}

/// Base64 of a sentence (`this is not a real token`), as tests have it.
fn is_encoded_sentence(text: &[u8]) -> bool {
    let mut buffer = [0_u8; 192];
    if text.len() < 12 || text.len() > 240 || !text.len().is_multiple_of(4) {
        return false;
    }
    let Ok(length) = STANDARD.decode_slice(text, &mut buffer) else { return false };
    let decoded = buffer.get(..length).unwrap_or_default();
    let printable = decoded.iter().all(|byte| (0x20..0x7f).contains(byte));
    printable && decoded.iter().filter(|byte| **byte == b' ').count() >= 2 && reads_like_words(decoded)
}

/// A JSON Web Token whose later parts are words: `eyJ….payload.signature`.
fn is_sketched_token(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'.');
    parts.next().is_some_and(|header| header.starts_with(b"eyJ"))
        && parts.next().is_some_and(|payload| {
            payload.len() < 16 && payload.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'))
        })
}

/// Empty, one sign repeated, sequences, or one block repeated.
fn is_filler(text: &[u8]) -> bool {
    let core = trim_signs(text);
    if core.len() < 3 {
        // Nothing but signs: dots, stars, dashes.
        return text.len() < 3 || distinct(text) <= 2;
    }
    if core.len() >= 4 && distinct(core) <= 2 || core.len() >= 16 && distinct(core) <= 4 {
        return true;
    }
    has_long_run(text) || is_periodic(core)
}

/// The text without the signs at its ends.
fn trim_signs(text: &[u8]) -> &[u8] {
    let first = text.iter().position(u8::is_ascii_alphanumeric);
    let last = text.iter().rposition(u8::is_ascii_alphanumeric);
    match (first, last) {
        (Some(first), Some(last)) => text.get(first..=last).unwrap_or_default(),
        _ => &[],
    }
}

/// Whether a long run of `A` stands in the text, and beside it as much as a key has: tokens hold base64 of zero bytes
/// (Dropbox, Twitter).
fn is_base64_of_zeros(text: &[u8]) -> bool {
    let run = text.split(|b| *b != b'A').map(<[u8]>::len).max().unwrap_or(0);
    run >= 6 && text.len() >= run + 24 && distinct(text) >= 18
}

/// Six equal bytes in a row, or eight that count up or down and are half of the text (or any eight of a short one);
/// the whole of a shorter text too. Base64 has runs of `A` where zero bytes are, so a long text is not judged by them.
/// A token made of several short runs is rather an invented one for a test than a placeholder, and is told.
fn has_long_run(text: &[u8]) -> bool {
    if text.len() > MAX_SEARCHED || is_base64_of_zeros(text) {
        return false;
    }
    let (mut same, mut up, mut down) = (1_usize, 1_usize, 1_usize);
    for pair in text.windows(2) {
        let &[one, two] = pair else { continue };
        let next = if one == b'9' && two == b'0' { true } else { two == one.wrapping_add(1) };
        same = if one == two { same + 1 } else { 1 };
        up = if next && two.is_ascii_alphanumeric() { up + 1 } else { 1 };
        down = if one == two.wrapping_add(1) && two.is_ascii_alphanumeric() { down + 1 } else { 1 };
        let whole = text.len();
        let counts = |run: usize| run >= 8 && (whole < 20 || run * 2 >= whole);
        if same >= 6
            || counts(up)
            || counts(down)
            || whole >= 4 && (same == whole || up == whole || down == whole)
        {
            return true;
        }
    }
    false
}

/// One block of at most half the length, repeated to the end, that says nothing by itself: short, counting, hexadecimal
/// words (`deadbeefdeadbeef`) or a placeholder's word. A password written twice (`hunter2hunter2`) is a password.
fn is_periodic(text: &[u8]) -> bool {
    if text.len() < 12 || text.len() > MAX_SEARCHED {
        return false;
    }
    let period = (1..=text.len() / 2)
        .find(|period| text.iter().zip(text.iter().skip(*period)).all(|(one, two)| one == two));
    period.is_some_and(|period| {
        let block = &text[..period];
        period <= 4
            || distinct(block) <= 3
            || has_long_run(block)
            || text.iter().all(u8::is_ascii_hexdigit)
            || block.iter().all(u8::is_ascii_alphabetic) && is_vocabulary(block)
    })
}

/// A variable, a template's hole, or a word in brackets.
fn is_reference(text: &[u8]) -> bool {
    let pairs: &[(&[u8], &[u8])] = &[
        (b"${", b"}"),
        (b"$(", b")"),
        (b"{{", b"}}"),
        (b"#{", b"}"),
        (b"<%", b"%>"),
        (b"%(", b")"),
        (b"%{", b"}"),
        (b"{%", b"%}"),
        (b"$[", b"]"),
    ];
    let opens = memchr::memchr3(b'$', b'{', b'#', text).or_else(|| memchr::memchr2(b'<', b'%', text));
    let encloses = |(open, close): &(&[u8], &[u8])| {
        find(text, open).is_some_and(|at| find(&text[at..], close).is_some())
    };
    if opens.is_some() && pairs.iter().any(encloses) {
        return true;
    }
    let wrapped =
        |open: u8, close: u8| text.len() >= 2 && text.first() == Some(&open) && text.last() == Some(&close);
    if wrapped(b'<', b'>')
        || wrapped(b'[', b']')
        || wrapped(b'{', b'}')
        || wrapped(b'(', b')')
        || wrapped(b'%', b'%') && text.len() > 2
    {
        return true;
    }
    if text.starts_with(b"__") && text.ends_with(b"__") || text.starts_with(b"@@") || wrapped(b'@', b'@') {
        return true;
    }
    if let Some(open) = find(text, b"<") {
        let inner = &text[open + 1..];
        if let Some(close) = find(inner, b">") {
            return close > 1
                && inner[..close].iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b' '));
        }
    }
    if let Some(name) = text.strip_prefix(b"$") {
        let name = name.strip_prefix(b"env:").unwrap_or(name);
        let identifier = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        return !name.is_empty() && identifier && !name[0].is_ascii_digit();
    }
    matches!(text, b"%s" | b"%v" | b"%d" | b"%r" | b"{}" | b"%@")
        || text.ends_with(b"...")
        || text.starts_with(b"...")
}

/// Where `needle` starts.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

/// Words by their first letters: most letters of a text begin few of them.
struct ByLetter<T>([Vec<T>; 26]);

impl<T> ByLetter<T> {
    fn new(words: impl IntoIterator<Item = (&'static str, T)>) -> Self {
        let mut letters = std::array::from_fn(|_| Vec::new());
        for (word, item) in words {
            let list: Option<&mut Vec<T>> =
                word.bytes().next().and_then(place).and_then(|at| letters.get_mut(at));
            if let Some(list) = list {
                list.push(item);
            }
        }
        Self(letters)
    }

    /// Those that begin with this letter, whatever its case.
    fn of(&self, letter: u8) -> &[T] {
        place(letter).and_then(|at| self.0.get(at)).map_or(&[], Vec::as_slice)
    }
}

/// The place of a letter in the alphabet.
fn place(letter: u8) -> Option<usize> {
    letter.is_ascii_alphabetic().then(|| usize::from(letter.to_ascii_lowercase() - b'a'))
}

static BY_LETTER_MARKERS: LazyLock<ByLetter<&[u8]>> =
    LazyLock::new(|| ByLetter::new(MARKERS.iter().map(|marker| (*marker, marker.as_bytes()))));

/// Words of placeholders, and whether each is one of the vocabulary.
static BY_LETTER_WORDS: LazyLock<ByLetter<(&[u8], bool)>> = LazyLock::new(|| {
    let words =
        VOCABULARY.iter().map(|word| (*word, true)).chain(COMPANIONS.iter().map(|word| (*word, false)));
    ByLetter::new(words.map(|(word, core)| (word, (word.as_bytes(), core))))
});

/// A word that no secret holds.
fn has_marker(text: &[u8]) -> bool {
    if text.len() > MAX_SEARCHED {
        // Seven capitals do not stand in a token by chance, nor does what blots out a part of one.
        return [&b"EXAMPLE"[..], b"XXXXXXXX", b"xxxxxxxx"].iter().any(|mark| find(text, mark).is_some());
    }
    let markers = &*BY_LETTER_MARKERS;
    text.iter().enumerate().any(|(at, byte)| {
        markers.of(*byte).iter().any(|marker| {
            let here = text.get(at..at + marker.len());
            here.is_some_and(|window| window.eq_ignore_ascii_case(marker) && one_case(window))
        })
    })
}

/// All lower case, all capitals, or capitalised.
fn one_case(word: &[u8]) -> bool {
    let rest = word.get(1..).unwrap_or_default();
    !rest.iter().any(u8::is_ascii_uppercase) || !word.iter().any(u8::is_ascii_lowercase)
}

/// Whether all letters belong to the vocabulary's words, and digits are few or count up.
fn is_about_secrets(text: &[u8]) -> bool {
    if text.len() > 64 {
        return false;
    }
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    // Signs that join no words are what a person put in to make a password harder.
    let signs = text.iter().filter(|byte| b"!@#$%^&*?~+=".contains(byte));
    let signs = signs.collect::<std::collections::BTreeSet<_>>().len();
    let cases = text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase);
    let hardened = digits > 0 && (signs >= 2 || signs == 1 && cases);
    if letters < 2 || hardened || digits > 4 && !digits_count_up(text) {
        return false;
    }
    let mut about = false;
    let made = text.split(|byte| !byte.is_ascii_alphabetic()).filter(|run| !run.is_empty()).all(|run| {
        let cut = cut_into_words(run);
        about |= cut == Some(true);
        cut.is_some()
    });
    made && about
}

/// The digits, taken together, count up: `123456`.
fn digits_count_up(text: &[u8]) -> bool {
    let mut digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let Some(mut last) = digits.next() else { return true };
    for digit in digits {
        if *digit != last + 1 && !(*last == b'9' && *digit == b'0') {
            return false;
        }
        last = digit;
    }
    true
}

/// Whether a run of letters is made of words about secrets alone (`mysecretpassword`), or is one letter repeated.
fn is_vocabulary(run: &[u8]) -> bool {
    cut_into_words(run) == Some(true)
}

/// Cuts a run of letters into words of the vocabulary and its companions: `None` if it cannot be cut, else whether a
/// word of the vocabulary is among them. At most 64 letters; one letter repeated is a word of the
/// vocabulary, and alone a companion.
fn cut_into_words(run: &[u8]) -> Option<bool> {
    if distinct(run) == 1 {
        return Some(run.len() >= 3);
    }
    // Bit n: the first n letters can be cut; in the second with a word of the vocabulary among them.
    let (mut reached, mut about): (u128, u128) = (1, 0);
    let words = &*BY_LETTER_WORDS;
    for start in 0..run.len().min(64) {
        if reached >> start & 1 == 0 {
            continue;
        }
        for (word, core) in words.of(run[start]) {
            let end = start + word.len();
            if run.get(start..end).is_some_and(|part| part.eq_ignore_ascii_case(word)) {
                reached |= 1 << end;
                if *core || about >> start & 1 == 1 {
                    about |= 1 << end;
                }
            }
        }
    }
    (reached >> run.len() & 1 == 1).then_some(about >> run.len() & 1 == 1)
}
