//! Literals assigned to a secret's name in text files: `.env`, properties, YAML, JSON, INI, XML, code.

use super::literal::judge_literal;
use super::names::is_counted;
use super::shape::{Texture, is_hex_digest};
use super::words::{contains_ignore_case, reads_like_words};
use super::{CONTEXT, Candidate, Judgement};
use crate::quoting::Quoting;

/// The longest name that is read to the left of the anchor, in bytes.
const MAX_NAME: usize = 48;

/// Whether a real-looking literal is assigned to a secret's name. This runs on every text file of an image, most
/// of which is code and documentation, so it wants proof: a whole name that names a secret, quotes that agree, a
/// value that ends where a value ends, and a look that no identifier, call, type, path or sentence has.
pub(crate) fn assignment_value(candidate: &Candidate<'_>) -> Judgement {
    if is_access_key_id(candidate.secret) || is_search_key(candidate) || is_sealed(candidate) {
        return Judgement::Reject;
    }
    if let Some((name, quoting)) = candidate.reading {
        if is_counted(candidate.before(), name) || names_itself(name, candidate.secret) {
            return Judgement::Reject;
        }
        return judge_literal(name, quoting, candidate.kind, candidate.secret);
    }
    let Some(place) = Place::read(candidate) else { return Judgement::Reject };
    judge_literal(place.name, place.quoting, candidate.kind, candidate.secret)
}

/// A constant that repeats its own name: `#define TLS1_TXT_PSK_WITH_CHACHA20_POLY1305 "PSK-CHACHA20-POLY1305"`. Three
/// words at least, in capitals, most of which stand in the name.
fn names_itself(name: &[u8], value: &[u8]) -> bool {
    fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text.split(|b| !b.is_ascii_alphanumeric()).filter(|part| !part.is_empty())
    }
    let is_constant = |text: &[u8]| !text.iter().any(u8::is_ascii_lowercase) && parts(text).count() >= 3;
    if !is_constant(name) || !is_constant(value) {
        return false;
    }
    let known = parts(value).filter(|part| parts(name).any(|own| own == *part)).count();
    known >= 3 && known * 3 >= parts(value).count() * 2
}

/// An AWS access key ID has a detector of its own.
fn is_access_key_id(value: &[u8]) -> bool {
    value.starts_with(b"AKIA") || value.starts_with(b"ASIA")
}

/// Algolia's search-only key, which a page of documentation hands to every browser.
fn is_search_key(candidate: &Candidate<'_>) -> bool {
    let near = |word: &[u8]| {
        contains_ignore_case(candidate.before(), word) || contains_ignore_case(candidate.after(), word)
    };
    is_hex_digest(candidate.secret)
        && (near(b"indexname") || near(b"docsearch") || near(b"algolia") && near(b"search"))
}

/// Ciphertext in a SealedSecret: base64 of a length and an encrypted key, which begins with `Ag` for a key of 4096 bits
/// (`HybridEncrypt` in `pkg/crypto` of sealed-secrets).
fn is_sealed(candidate: &Candidate<'_>) -> bool {
    candidate.secret.starts_with(b"Ag")
        && candidate.secret.len() >= 100
        && memchr::memmem::find(candidate.haystack, b"SealedSecret").is_some()
}

/// Where a value stands.
struct Place<'a> {
    /// The whole name, also what stands left of the anchor.
    name: &'a [u8],
    /// How the value is written.
    quoting: Quoting,
}

impl<'a> Place<'a> {
    /// `None` if name or value are torn out of something else.
    fn read(candidate: &Candidate<'a>) -> Option<Self> {
        let left = candidate.before();
        let extent = left.iter().rev().take_while(|byte| is_name_byte(**byte)).count();
        if extent > MAX_NAME {
            return None;
        }
        let (head, _) = candidate.around_secret();
        let own = head.iter().take_while(|byte| is_name_byte(**byte)).count();
        let name = candidate.haystack.get(candidate.start - extent..candidate.start + own)?;
        let operator = head.get(own..)?;
        let previous = left.len().checked_sub(extent + 1).and_then(|at| left.get(at)).copied();
        // `AWS::IAM::AccessKey`, `Token::Kind`: types, not variables.
        if previous == Some(b':')
            && left.len().checked_sub(extent + 2).and_then(|at| left.get(at)) == Some(&b':')
        {
            return None;
        }
        let mut quoting = quoting(candidate, operator, previous)?;
        // A command-line flag's value is as sure as a variable's.
        if quoting == Quoting::Bare && name.starts_with(b"--") {
            quoting = Quoting::Environment;
        }
        let indent = left.get(..left.len() - extent).unwrap_or_default();
        if quoting == Quoting::Bare && starts_line(indent) && ends_line(candidate.byte_after_secret()) {
            quoting = Quoting::Line;
        }
        Some(Place { name, quoting })
    }
}

/// How the value between its neighbours is written; `None` if quotes disagree or the value goes on.
fn quoting(candidate: &Candidate<'_>, operator: &[u8], before_name: Option<u8>) -> Option<Quoting> {
    let open = candidate.byte_before_secret()?;
    let close = candidate.byte_after_secret();
    if matches!(open, b'"' | b'\'' | b'`') {
        // Two neighbours in a list are no name and value, unless the second proves itself.
        let pair = contains_ignore_case(operator, b"value");
        let sure = if operator.contains(&b',') && !pair { Quoting::Bare } else { Quoting::Quoted };
        let escaped = operator.len() >= 2 && operator[operator.len() - 2] == b'\\';
        return (close == Some(open) || escaped && close == Some(b'\\')).then_some(sure);
    }
    if open == b'>' {
        return (close == Some(b'<')).then_some(Quoting::Quoted);
    }
    let tight =
        operator == b"=" || operator.first() == Some(&b'\n') && contains_ignore_case(operator, b"value");
    // A query string or a shell word ends at `&`, `;`, a blank or the line's end; a call's argument at `,` or `)`.
    let ends = matches!(close, None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0 | b'&' | b'#' | b'"' | b'\''));
    let starts = matches!(
        before_name,
        None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0 | b'&' | b'?' | b'|' | b'"' | b'\'')
    );
    if !ends || !starts {
        return None;
    }
    let whole_word = matches!(close, None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0));
    let query = matches!(before_name, Some(b'?' | b'&'));
    Some(if tight && whole_word && !query { Quoting::Environment } else { Quoting::Bare })
}

/// Whether only blanks and list dashes stand between the line's start and the name.
fn starts_line(before_name: &[u8]) -> bool {
    let indent = before_name.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).count();
    match before_name.len().checked_sub(indent + 1).and_then(|at| before_name.get(at)) {
        Some(byte) => *byte == b'\n',
        None => before_name.len() < CONTEXT - MAX_NAME,
    }
}

/// Whether nothing follows on the line.
fn ends_line(after: Option<u8>) -> bool {
    matches!(after, None | Some(b'\n' | b'\r'))
}

/// Bytes of a name: identifiers, kebab case, dotted properties.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// A call, or a list of arguments: `get("x")`, `env(X)`.
pub(super) fn is_call(value: &[u8]) -> bool {
    let name = value
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'$'))
        .count();
    let opens = name > 0 && value.get(name) == Some(&b'(');
    opens && matches!(value.last(), Some(b')' | b';' | b','))
        || is_attribute_path(value) && reads_like_words(value)
}

/// Calls, indexing, interpolation, lists, attribute paths, operators, names.
pub(super) fn looks_like_code(value: &[u8]) -> bool {
    let pair = |open: u8, close: u8| value.contains(&open) && value.contains(&close);
    let brackets = pair(b'(', b')') || pair(b'[', b']') || pair(b'{', b'}') || pair(b'<', b'>');
    let list = value.iter().filter(|byte| **byte == b',').count() >= 2;
    let operator = |two: &[u8]| matches!(two, b"::" | b"->" | b"=>" | b"==" | b"!=" | b"%s" | b"&&" | b"||");
    let operators = value.windows(2).any(operator) && !value.ends_with(b"==");
    brackets
        || list
        || operators
        || is_date(value)
        || value.contains(&b'\\')
        || is_attribute_path(value)
        || names_a_secret(value)
}

/// A date at the start: `2025-01-31T12:00:00Z`.
fn is_date(value: &[u8]) -> bool {
    value.len() >= 10
        && value.iter().take(10).enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Identifiers joined by dots: `settings.DATABASE_PASSWORD`.
fn is_attribute_path(value: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let identifier = |part: &[u8]| {
        part.first().is_some_and(letter)
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    value.contains(&b'.')
        && value.split(|byte| *byte == b'.').all(identifier)
        && Texture::of(value) != Texture::Random
}

/// A value without signs that holds a word for secrets names one instead of being one.
pub(super) fn names_a_secret(value: &[u8]) -> bool {
    let plain = value
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':' | b' '));
    // `SECRET_TOKEN_f8ed84e8f41e4146403dd4a6bbcea5e4`: the name of a key before the key.
    let key = value.rsplit(|b| !b.is_ascii_alphanumeric()).next().unwrap_or_default();
    let holds_key = key.len() >= 24 && Texture::of(key) == Texture::Random;
    plain
        && !holds_key
        && [&b"password"[..], b"passwd", b"secret", b"token", b"credential"]
            .iter()
            .any(|word| contains_ignore_case(value, word))
}

/// Booleans, switches, and numbers of fewer than eight digits.
pub fn is_plain_setting(value: &[u8]) -> bool {
    #[rustfmt::skip]
    const SETTINGS: &[&str] = &[
        "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "auto", "disabled", "enabled",
        "optional", "required", "always", "never", "prompt", "ask", "file", "env",
    ];
    let number = value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'_'));
    // `0x3f879678`, `-0x7f`: a constant that fits a register.
    let unsigned = value.strip_prefix(b"-").unwrap_or(value);
    let register = unsigned
        .strip_prefix(b"0x")
        .is_some_and(|hex| hex.len() <= 16 && hex.iter().all(u8::is_ascii_hexdigit));
    SETTINGS.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        || number && value.len() < 8
        || register
}

/// Something that says where a secret is, or is public by its form: paths, URLs, ARNs, references into a secret
/// store, variables, public keys and certificates.
pub(crate) fn is_locator(value: &[u8]) -> bool {
    const STARTS: &[&str] = &[
        "/run/",
        "/etc/",
        "/var/",
        "/opt/",
        "/usr/",
        "/home/",
        "/root/",
        "/tmp/",
        "/app/",
        "/srv/",
        "/mnt/",
        "/secrets/",
        "/dev/",
        "/proc/",
        "./",
        "../",
        "~/",
        "arn:",
        "file:",
        "env:",
        "ssm:",
        "vault:",
        "op://",
        "ref+",
        "secretsmanager:",
        "aws-sm:",
        "gcp-sm:",
        "azure-kv:",
        "keyvault:",
        "projects/",
        "kms:",
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ecdsa-sha2-",
        "-----begin public",
        "-----begin certificate",
        "-----begin rsa public",
        "-----begin pgp public",
        "@env",
        // Mounts of Vault.
        "kv/",
        "secret/",
        // Resources of Android.
        "@string/",
        "@id/",
        "@+id/",
        "@microsoft.keyvault",
        "{{resolve",
        "!ref",
        "!sub",
        "secret://",
        "secretref:",
        "keyring:",
        "awssm:",
        "akv:",
        "%env(",
        "process.env",
        "os.environ",
        "os.getenv",
        "env.",
        "secrets.",
        "vars.",
        "var.",
        "local.",
        "data.",
        "module.",
        "$__",
        "--",
    ];
    #[rustfmt::skip]
    const ENDS: &[&str] = &[
        ".pem", ".key", ".crt", ".json", ".yaml", ".yml", ".txt", ".p12", ".pfx", ".jks", ".gpg", ".asc",
        ".pub", ".env", ".conf", ".cfg", ".ini", ".py", ".js", ".ts", ".html", ".php",
    ];
    let first = value.first().map(u8::to_ascii_lowercase);
    let starts = |list: &[&str]| {
        list.iter().filter(|start| start.bytes().next() == first).any(|start| {
            value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
        })
    };
    let ends = |list: &[&str]| {
        list.iter().any(|end| {
            value
                .len()
                .checked_sub(end.len())
                .and_then(|at| value.get(at..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
        })
    };
    let url = memchr::memmem::find(value, b"://").is_some();
    let drive = matches!(value, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let absolute = value.first() == Some(&b'/')
        && value.iter().filter(|byte| **byte == b'/').count() >= 2
        && Texture::of(value) != Texture::Random;
    // systemd's `LoadCredential=name:/path`.
    let named_path = value.iter().position(|b| *b == b':').is_some_and(|colon| {
        let (name, path) = value.split_at(colon);
        name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
            && [&b":/etc/"[..], b":/run/", b":/var/", b":/usr/"].iter().any(|start| path.starts_with(start))
    });
    starts(STARTS) || ends(ENDS) || url || drive || absolute || named_path
}
