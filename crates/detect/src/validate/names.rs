//! Names of variables that hold secrets, and what is assigned to them in metadata (ENV, ARG, labels, history).

use std::ops::Range;

use super::assignment::{is_locator, is_plain_setting};
use super::dsn::{Login, judge_login};
use super::known_form::is_known_form;
use super::name_words::{Classes, SECRET_ENDS, SHORT_ENDS, classes};
use super::placeholder::is_placeholder;
use super::shape::Texture;
use super::words::words;
use super::{Adjust, Judgement};

/// How sure it is that an assigned literal is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likelihood {
    /// Words, or a weak name: perhaps a default that opens nothing.
    Low,
    /// A literal that a person made up, or an opaque one under a weak name.
    Medium,
    /// As good as random, or the password of a URL.
    High,
}

/// A secret literal found by its variable's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSecret {
    /// How sure.
    pub confidence: Likelihood,
    /// The secret's bytes within the value: without quotes, or the password alone for a URL.
    pub range: Range<usize>,
    /// A fact worth telling. It never quotes the secret.
    pub note: Option<String>,
}

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// No secret's name.
    Harmless,
    /// `key` or `auth` and nothing stronger.
    Weak,
    /// A secret's name.
    Secret,
}

/// Whether a variable, key or parameter of this name should hold a secret: BuildKit's rule `SecretsUsedInArgOrEnv`
/// (names that hold `apikey`, `auth`, `credential(s)`, `key`, `password`, `pword`, `passwd`, `secret` or `token`
/// as a word, unless `public`, `file` or `version` is one too), widened to camel case, joined words and further
/// words (`dsn`, `pat`, `connection string`), and narrowed by names of things about a secret (`…_PATH`, `…_ARN`,
/// `…_NAME`, `…_ID`, `…_URL`), quantities (`MAX_TOKENS`) and keys that are no secrets (`GPG_KEY`, `SORT_KEY`).
pub fn is_secret_name(name: &str) -> bool {
    name_kind(name.as_bytes()) != NameKind::Harmless
}

/// See [`is_secret_name`].
pub fn name_kind(name: &[u8]) -> NameKind {
    // Frameworks hand these to browsers: a key may be meant so, a password never is.
    if let Some(rest) = name.strip_prefix(b"NEXT_PUBLIC_").or_else(|| name.strip_prefix(b"PUBLIC_")) {
        let own = words(rest).any(|word| {
            [&b"PASSWORD"[..], b"SECRET", b"PASS", b"PASSWD", b"PRIVATE", b"ADMIN"].contains(&word)
        }) || rest.windows(12).any(|part| part == b"SERVICE_ROLE");
        return if own { name_kind(rest) } else { NameKind::Harmless };
    }
    let is_in =
        |list: &[&str], word: &[u8]| list.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    let letters = words(name).filter(|word| word.first().is_some_and(u8::is_ascii_alphabetic));
    let (mut strong, mut weak, mut companion) = (false, false, false);
    let mut first: &[u8] = b"";
    let mut search = false;
    let mut last: &[u8] = b"";
    let mut before_last: &[u8] = b"";
    let mut of_last = Classes::default();
    let mut of_before_last = Classes::default();
    let mut of_first = Classes::default();
    for word in letters {
        let of_word = classes(word);
        if of_word.has(Classes::HARMLESS) {
            return NameKind::Harmless;
        }
        if first.is_empty() {
            (first, of_first) = (word, of_word);
        }
        search |= word.eq_ignore_ascii_case(b"search");
        strong = strong || of_word.has(Classes::SECRET) || ends_secret(word) || is_pair(last, word);
        weak |= of_word.has(Classes::WEAK);
        let plain_key = word.eq_ignore_ascii_case(b"key") || word.eq_ignore_ascii_case(b"keys");
        companion |= plain_key && of_last.has(Classes::KEY_COMPANION);
        strong |= plain_key && of_last.has(Classes::SERVICE);
        // `AZURE_SPEECH_KEY`, `azureMapsKey`: keys of the cloud's services.
        strong |= plain_key && first.eq_ignore_ascii_case(b"azure") && !of_last.has(Classes::KEY_COMPANION);
        (before_last, of_before_last) = (last, of_last);
        (last, of_last) = (word, of_word);
    }
    // A position in a list (`NextToken`), or the key's name in a signed URL (`X-Amz-Credential`).
    let token = last.eq_ignore_ascii_case(b"token") || last.eq_ignore_ascii_case(b"tokens");
    let signed_url = last.eq_ignore_ascii_case(b"credential") && is_in(&["amz", "goog"], before_last);
    // `ClientToken` marks a request that may be repeated; with an owner before it (`VAULT_CLIENT_TOKEN`) it lets in.
    let shouted = !name.iter().any(u8::is_ascii_lowercase);
    let owned = shouted
        && before_last.eq_ignore_ascii_case(b"client")
        && !is_in(&["client", "x", "aws", "amz"], first)
        // A page of Facebook has a token of its own.
        || before_last.eq_ignore_ascii_case(b"page") && is_in(&["fb", "facebook"], first);
    if token && of_before_last.has(Classes::TOKEN_COMPANION) && !owned || signed_url {
        return NameKind::Harmless;
    }
    // `addApiKey`, `forgot_password`: an action or a message. A key for searching is handed to browsers.
    if !shouted && first.len() < name.len() && of_first.has(Classes::VERB)
        || search && !is_in(&["elastic", "azure"], first) && last.eq_ignore_ascii_case(b"key")
    {
        return NameKind::Harmless;
    }
    // `PWD` and `OLDPWD` are directories; the shell's own path is told by its value, and ODBC has `PWD=password`.
    if name.eq_ignore_ascii_case(b"oldpwd") {
        return NameKind::Harmless;
    }
    if name == b"PWD" {
        return NameKind::Weak;
    }
    // Pusher's key is handed to browsers; its secret has a name of its own.
    if first.eq_ignore_ascii_case(b"pusher") && last.eq_ignore_ascii_case(b"key") {
        return NameKind::Harmless;
    }
    if of_last.has(Classes::HARMLESS_END) && !is_pair(before_last, last) {
        return NameKind::Harmless;
    }
    // `pass` names a password at the end of a longer name, `DB_PASS`, and perhaps alone; not in `PASS_THROUGH`.
    let pass_elsewhere = weak && !last.eq_ignore_ascii_case(b"pass") && !has_key_or_auth(name);
    match (strong, weak) {
        (true, _) => NameKind::Secret,
        (false, true) if last.eq_ignore_ascii_case(b"pass") && !before_last.is_empty() => NameKind::Secret,
        (false, true) if pass_elsewhere || companion => NameKind::Harmless,
        (false, true) => NameKind::Weak,
        (false, false) => NameKind::Harmless,
    }
}

/// Whether the word before a name makes it a position or a mark: `Next page token: …`.
pub(crate) fn is_counted(before: &[u8], name: &[u8]) -> bool {
    let word = before.strip_suffix(b" ").map(|head| {
        let start = head.iter().rposition(|b| !b.is_ascii_alphabetic()).map_or(0, |at| at + 1);
        &head[start..]
    });
    name.eq_ignore_ascii_case(b"token")
        && word.is_some_and(|word| classes(word).has(Classes::TOKEN_COMPANION))
}

/// `key`, `keys` or `auth` is a word of the name.
fn has_key_or_auth(name: &[u8]) -> bool {
    words(name).any(|word| {
        [&b"key"[..], b"keys", b"auth", b"authorization"].iter().any(|known| word.eq_ignore_ascii_case(known))
    })
}

/// A joined word that ends as a secret's name does: `PGPASSWORD`, `DBPASS`.
fn ends_secret(word: &[u8]) -> bool {
    let Some(last) = word.last().map(u8::to_ascii_lowercase) else { return false };
    let head = |end: &&str| {
        // The last letter first: it tells most of them apart.
        if end.as_bytes().last() != Some(&last) {
            return None;
        }
        let at = word.len().checked_sub(end.len())?;
        let (head, tail) = word.split_at_checked(at)?;
        tail.eq_ignore_ascii_case(end.as_bytes()).then_some(head)
    };
    SECRET_ENDS
        .iter()
        .any(|end| head(end).is_some_and(|head| !head.eq_ignore_ascii_case(b"old") || *end != "pwd"))
        || SHORT_ENDS.iter().filter_map(head).any(|head| classes(head).has(Classes::OWNER))
}

/// Whether a name is a password's: what a person made up, which need not look random.
pub(crate) fn is_password_name(name: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "password",
        "passwords",
        "passwd",
        "pword",
        "pwd",
        "pw",
        "passphrase",
        "passcode",
        "pass",
        "pswd",
        "psw",
        "senha",
        "passwort",
        "kennwort",
        "contrasena",
        "wachtwoord",
        "clave",
        "haslo",
        "heslo",
        "lozinka",
        "motdepasse",
        "mdp",
        "parola",
        "salasana",
        "sifre",
        "requirepass",
        "bindpw",
        "rootpw",
        "masterauth",
    ];
    const ENDS: &[&str] = &["password", "passwd", "passphrase", "pwd", "passcode", "pass", "pw", "pswd"];
    words(name).any(|word| {
        WORDS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
            || ends_secret(word)
                && ENDS.iter().any(|end| {
                    word.len()
                        .checked_sub(end.len())
                        .is_some_and(|at| word[at..].eq_ignore_ascii_case(end.as_bytes()))
                })
    })
}

/// Whether a name of several words ends with one for a password: `keyStorePassword`, not `password-auth`.
pub(crate) fn ends_with_password(name: &[u8]) -> bool {
    let mut words = words(name);
    words.next().is_some() && words.last().is_some_and(is_password_name)
}

/// The fingerprint or the long ID of an OpenPGP key (RFC 9580, section 5.5.4), as package archives publish it, under a name
/// that ends in `key`.
pub(crate) fn is_published_key_id(name: &[u8], value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"0x").unwrap_or(value);
    let upper = digits.iter().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b));
    let of_key = words(name).last().is_some_and(|w| {
        // `user.signingkey` of Git names the key by its ID.
        [&b"key"[..], b"keys", b"signingkey"].iter().any(|known| w.eq_ignore_ascii_case(known))
    });
    matches!(digits.len(), 16 | 40) && upper && digits.iter().any(u8::is_ascii_uppercase) && of_key
}

/// Two words that name a secret only together.
fn is_pair(first: &[u8], second: &[u8]) -> bool {
    let pairs: &[(&str, &str)] = &[
        ("connection", "string"),
        ("conn", "string"),
        ("conn", "str"),
        ("private", "key"),
        ("priv", "key"),
        ("access", "key"),
        ("api", "key"),
        ("secret", "key"),
        ("signing", "key"),
        ("encryption", "key"),
        ("master", "key"),
        ("account", "key"),
        ("pass", "phrase"),
        ("pass", "word"),
        ("hmac", "key"),
        ("session", "key"),
        ("cosmos", "key"),
        ("admin", "key"),
        ("ssh", "key"),
        ("app", "key"),
        ("shared", "key"),
        ("storage", "key"),
        ("service", "key"),
        ("redis", "auth"),
        ("basic", "auth"),
        ("auth", "key"),
        ("secure", "key"),
        ("webhook", "key"),
        ("deploy", "key"),
        ("sonar", "login"),
        ("dsonar", "login"),
        ("subscription", "key"),
        ("application", "key"),
        ("sdk", "key"),
        ("license", "key"),
        ("server", "key"),
        ("root", "key"),
        ("unseal", "key"),
        ("integration", "key"),
        ("write", "key"),
        ("rest", "key"),
        ("record", "key"),
        ("ingestion", "key"),
        ("ingest", "key"),
        ("aes", "key"),
        ("des", "key"),
        ("cipher", "key"),
        ("crypto", "key"),
        ("crypt", "key"),
        ("encrypt", "key"),
        ("decrypt", "key"),
        ("decryption", "key"),
        ("jwt", "key"),
        ("join", "key"),
        ("api", "keys"),
        ("access", "keys"),
        ("secret", "keys"),
    ];
    pairs.iter().any(|(one, two)| {
        first.eq_ignore_ascii_case(one.as_bytes()) && second.eq_ignore_ascii_case(two.as_bytes())
    })
}

/// Judges a variable's literal by its name: `None` if the name is no secret's, or if the value is empty, a
/// placeholder, a reference, a switch, a short number, a path, a URL without a password, or public by its form.
/// `${NAME:-literal}` is judged by its literal. A URL with a password counts under any name.
pub fn judge_assignment(name: &str, value: &[u8]) -> Option<NamedSecret> {
    let range = unquote(value);
    let literal = value.get(range.clone())?;
    if let Some(found) = url_password(literal) {
        return Some(NamedSecret { range: shift(&found.range, range.start), ..found });
    }
    let kind = name_kind(name.as_bytes());
    if kind == NameKind::Harmless {
        return None;
    }
    if let Some(default) = default_literal(literal) {
        let inner = judge_assignment(name, literal.get(default.clone())?)?;
        return Some(NamedSecret { range: shift(&inner.range, range.start + default.start), ..inner });
    }
    if is_placeholder(literal)
        || is_plain_setting(literal)
        || is_locator(literal)
        || is_known_form(literal)
        || is_published_key_id(name.as_bytes(), literal)
    {
        return None;
    }
    let confidence = match (kind, Texture::of(literal)) {
        (NameKind::Weak, Texture::Words) => return None,
        (NameKind::Weak, Texture::Mixed) => Likelihood::Low,
        (NameKind::Weak, Texture::Random) => Likelihood::Medium,
        (_, Texture::Words) => Likelihood::Low,
        (_, Texture::Mixed) => Likelihood::Medium,
        (_, Texture::Random) => Likelihood::High,
    };
    let note = (confidence == Likelihood::Low).then(|| "the value may be a word or a default".to_owned());
    Some(NamedSecret { confidence, range, note })
}

/// A range moved to the right.
fn shift(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// The value without blanks and one pair of quotes around it.
fn unquote(value: &[u8]) -> Range<usize> {
    let start = value.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(start, |at| at + 1);
    let quoted = end - start >= 2 && matches!(value[start], b'"' | b'\'') && value[start] == value[end - 1];
    if quoted { start + 1..end - 1 } else { start..end }
}

/// The literal of `${NAME:-literal}`, `${NAME-literal}`, `${NAME:=literal}` or `${NAME:+literal}` where this is
/// the whole value.
fn default_literal(value: &[u8]) -> Option<Range<usize>> {
    let inner = value.strip_prefix(b"${")?.strip_suffix(b"}")?;
    let name = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let operator = match inner.get(name..)? {
        [b':', b'-' | b'=' | b'+', ..] => 2,
        [b'-' | b'=', ..] => 1,
        _ => return None,
    };
    (name > 0).then(|| 2 + name + operator..value.len() - 1)
}

/// The password in a URL's userinfo.
fn url_password(value: &[u8]) -> Option<NamedSecret> {
    let scheme = value.windows(3).position(|window| window == b"://")?;
    let scheme_ok = scheme > 0
        && value.get(..scheme)?.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let start = scheme + 3;
    let rest = value.get(start..)?;
    let authority = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..authority)?;
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority.get(..at)?.iter().position(|byte| *byte == b':')?;
    let password = authority.get(colon + 1..at)?;
    let host = authority.get(at + 1..)?;
    let host = host.split(|byte| *byte == b':').next().unwrap_or_default();
    if !scheme_ok || password.is_empty() {
        return None;
    }
    let range = start + colon + 1..start + at;
    match judge_login(&Login { user: authority.get(..colon)?, password, host }) {
        Judgement::Reject => None,
        Judgement::Keep { confidence, note } => {
            let confidence = if confidence == Adjust::Lower { Likelihood::Low } else { Likelihood::High };
            Some(NamedSecret { confidence, range, note })
        }
    }
}
