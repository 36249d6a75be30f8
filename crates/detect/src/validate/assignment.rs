//! Literals assigned to a secret's name in text files: `.env`, properties, YAML, JSON, INI, XML, code.

use super::names::{NameKind, name_kind};
use super::placeholder::is_placeholder;
use super::shape::{Texture, distinct, has_letter_and_digit, is_hex_digest, is_uuid};
use super::words::contains_ignore_case;
use super::{Adjust, CONTEXT, Candidate, Judgement};

/// The shortest literal that counts, in bytes.
const SHORTEST: usize = 8;

/// The longest name that is read to the left of the anchor, in bytes.
const NAME_MOST: usize = 48;

/// Whether a real-looking literal is assigned to a secret's name. This runs on every text file of an image, most
/// of which is code and documentation, so it wants proof: a whole name that names a secret, quotes that agree, a
/// value that ends where a value ends, and a look that no identifier, call, type, path or sentence has.
pub(crate) fn assignment_value(candidate: &Candidate<'_>) -> Judgement {
    let secret = candidate.secret;
    if secret.len() < SHORTEST || is_access_key_id(secret) || is_plain_setting(secret) || is_locator(secret) {
        return Judgement::Reject;
    }
    let Some(place) = Place::read(candidate) else { return Judgement::Reject };
    let kind = name_kind(place.name);
    if kind == NameKind::Harmless || looks_like_code(secret) || is_uuid(secret) && kind == NameKind::Weak {
        return Judgement::Reject;
    }
    let texture = Texture::of(secret);
    let enough = match (place.quoting, kind) {
        (_, NameKind::Weak) | (Quoting::Bare, _) => texture == Texture::Random,
        (Quoting::Line, _) => texture == Texture::Random || texture == Texture::Mixed && is_made_up(secret),
        (Quoting::Quoted | Quoting::Environment, _) => texture >= Texture::Mixed,
    };
    if !enough || distinct(secret) < 6 || is_placeholder(secret) {
        return Judgement::Reject;
    }
    if is_uuid(secret) {
        return Judgement::lower("a UUID: perhaps an identifier");
    }
    if kind == NameKind::Weak && is_hex_digest(secret) {
        return Judgement::lower("a digest under the name of a key");
    }
    match texture {
        Texture::Random => Judgement::raise(),
        _ => Judgement::Keep { confidence: Adjust::Same, note: None },
    }
}

/// An AWS access key ID has a detector of its own.
fn is_access_key_id(value: &[u8]) -> bool {
    value.starts_with(b"AKIA") || value.starts_with(b"ASIA")
}

/// How the value is written, which tells how much its look has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    /// Between two equal quotes, or between XML tags.
    Quoted,
    /// `NAME=value` to the end of the line, as shells and properties files have it.
    Environment,
    /// `name: value` or `name = value`, alone on its line, as YAML and INI files have it; code looks the same.
    Line,
    /// Anything else: query strings, prose, lists.
    Bare,
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
        if extent > NAME_MOST {
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
        None => before_name.len() < CONTEXT - NAME_MOST,
    }
}

/// Whether nothing follows on the line.
fn ends_line(after: Option<u8>) -> bool {
    matches!(after, None | Some(b'\n' | b'\r'))
}

/// A password that no expression and no variable's name looks like: signs that are no operators, or letters and
/// digits in frequent turns.
fn is_made_up(value: &[u8]) -> bool {
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

/// Bytes of a name: identifiers, kebab case, dotted properties.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Calls, indexing, interpolation, lists, attribute paths, operators, names.
fn looks_like_code(value: &[u8]) -> bool {
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
fn names_a_secret(value: &[u8]) -> bool {
    let plain = value
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':' | b' '));
    plain
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
    SETTINGS.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes())) || number && value.len() < 8
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
        "process.env",
        "os.environ",
        "os.getenv",
        "env.",
        "secrets.",
        "vars.",
    ];
    #[rustfmt::skip]
    const ENDS: &[&str] = &[
        ".pem", ".key", ".crt", ".json", ".yaml", ".yml", ".txt", ".p12", ".pfx", ".jks", ".gpg", ".asc",
        ".pub", ".env", ".conf", ".cfg", ".ini", ".py", ".js", ".ts", ".html", ".php",
    ];
    let starts = |list: &[&str]| {
        list.iter().any(|start| {
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
    let url = value.windows(3).any(|window| window == b"://");
    let drive = matches!(value, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let absolute = value.first() == Some(&b'/')
        && value.iter().filter(|byte| **byte == b'/').count() >= 2
        && Texture::of(value) != Texture::Random;
    starts(STARTS) || ends(ENDS) || url || drive || absolute
}
