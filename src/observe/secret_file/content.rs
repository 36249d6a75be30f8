//! Whether a file of a secret kind holds a secret: a value, and neither a reference to one, nor a comment, nor
//! ciphertext.

use memchr::memmem::{find, find_iter};

use seaworthy_detect::validate::{is_placeholder, is_plain_placeholder, is_secret_name};

/// How much an environment file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holding {
    /// Nothing but references, comments and ciphertext.
    Nothing,
    /// Settings.
    Settings,
    /// A value under a secret's name, or a URL with a password.
    Secret,
}

/// Whether a file is encrypted as a whole: ansible-vault, git-crypt, age, OpenPGP, or sops over a structured file.
pub(super) fn is_ciphertext(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    let whole = [
        &b"$ANSIBLE_VAULT;"[..],
        b"\0GITCRYPT\0",
        b"age-encryption.org/v1",
        b"-----BEGIN AGE ENCRYPTED FILE-----",
        b"-----BEGIN PGP MESSAGE-----",
    ];
    whole.iter().any(|w| start.starts_with(w))
        || find(head, b"ENC[AES256_GCM,").is_some() && find(head, b"sops").is_some()
}

/// What an environment file or one of Terraform variables holds.
pub(super) fn assignments(head: &[u8]) -> Holding {
    head.split(|b| *b == b'\n').map(assignment).max().unwrap_or(Holding::Nothing)
}

fn assignment(line: &[u8]) -> Holding {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let Some(equals) = memchr::memchr(b'=', line) else { return Holding::Nothing };
    let name = line.get(..equals).unwrap_or_default().trim_ascii();
    let value = line.get(equals + 1..).unwrap_or_default().trim_ascii();
    let named = !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(b));
    // What sops and dotenv-vault write about their ciphertext.
    let about = [&b"sops_"[..], b"DOTENV_VAULT", b"DOTENV_PUBLIC_KEY"].iter().any(|p| name.starts_with(p));
    if !named || about || is_reference(value) {
        return Holding::Nothing;
    }
    let secret = std::str::from_utf8(name).is_ok_and(is_secret_name) && !is_placeholder(unquoted(value));
    if secret || url_password(value) { Holding::Secret } else { Holding::Settings }
}

/// Whether one of these keys has a value: `key=value`, `key: value`, `"key": "value"` or `key value`, on a line that is
/// no comment. A key that begins with a small letter may be the end of a longer one.
pub(super) fn has_value(head: &[u8], keys: &[&[u8]]) -> bool {
    keys.iter().any(|key| {
        find_iter(head, key).any(|at| {
            let start = head.get(..at).and_then(|b| memchr::memrchr(b'\n', b)).map_or(0, |i| i + 1);
            let before = head.get(start..at).unwrap_or_default().trim_ascii_start();
            if before.starts_with(b"#") || before.starts_with(b";") || before.starts_with(b"// ") {
                return false;
            }
            let end =
                memchr::memchr(b'\n', head.get(at..).unwrap_or_default()).map_or(head.len(), |i| at + i);
            let rest = head.get(at + key.len()..end).unwrap_or_default();
            value_after(rest).is_some_and(|value| {
                // A reference with a default is a value, and would count as filler.
                let value = unquoted(value);
                // `user:password` in one text.
                let own = value.rsplit(|b| *b == b':').next().unwrap_or(value);
                let filler =
                    (is_placeholder(value) || is_plain_placeholder(own)) && !value.starts_with(b"${");
                !is_reference(value) && !filler
            })
        })
    })
}

/// The value after a key: what follows a separator, up to the end of the line, the quote or the member.
fn value_after(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    let trimmed = rest.trim_ascii_start();
    let value = match trimmed.first()? {
        b'=' | b':' => trimmed.get(1..)?,
        _ if trimmed.len() < rest.len() => trimmed,
        _ => return None,
    };
    let value = value.trim_ascii();
    match value.first()? {
        quote @ (b'"' | b'\'') => {
            let inner = value.get(1..)?;
            inner.get(..memchr::memchr(*quote, inner).unwrap_or(inner.len()))
        }
        // The value is an object or a list.
        b'{' | b'[' if value.get(1) != Some(&b'{') => None,
        _ => Some(value.strip_suffix(b",").unwrap_or(value)),
    }
    .filter(|v| !v.is_empty())
}

/// Whether one of these XML elements has a value.
pub(super) fn has_element(head: &[u8], tags: &[&[u8]]) -> bool {
    tags.iter().any(|tag| {
        find_iter(head, tag).any(|at| {
            let rest = head.get(at + tag.len()..).unwrap_or_default();
            let value =
                rest.get(..memchr::memchr(b'<', rest).unwrap_or(rest.len())).unwrap_or_default().trim_ascii();
            !value.is_empty() && !is_reference(value) && !is_placeholder(value)
        })
    })
}

/// Whether a file is a plan as `terraform plan -out` saves it: a zip whose first member is `tfplan`
/// (`internal/plans/planfile/writer.go` of Terraform).
pub(super) fn saved_plan(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
        && head.get(26..28) == Some(&[6, 0])
        && head.get(30..36) == Some(b"tfplan")
}

/// Whether a netrc has a password: the word after `password`.
pub(super) fn netrc(head: &[u8]) -> bool {
    let lines = head.split(|b| *b == b'\n').map(|l| l.split(|b| *b == b'#').next().unwrap_or_default());
    let words: Vec<&[u8]> =
        lines.flat_map(|l| l.split(u8::is_ascii_whitespace)).filter(|w| !w.is_empty()).collect();
    words
        .windows(2)
        .any(|w| matches!(w, [b"password", value] if !is_reference(value) && !is_plain_placeholder(value)))
}

/// Whether a user list of PgBouncer holds a password, not only hashes: `"user" "password"`.
pub(super) fn pgbouncer_users(head: &[u8]) -> bool {
    head.split(|b| *b == b'\n').any(|line| {
        let Some(rest) = line.trim_ascii().strip_prefix(b"\"") else { return false };
        let Some(at) = find(rest, b"\" \"") else { return false };
        let secret = rest.get(at + 3..).unwrap_or_default();
        let secret = secret.strip_suffix(b"\"").unwrap_or_default();
        let hashed =
            secret.starts_with(b"SCRAM-SHA-256$") || secret.starts_with(b"md5") && secret.len() == 35;
        !secret.is_empty() && !hashed && !is_reference(secret) && !is_plain_placeholder(secret)
    })
}

/// Whether a list of shared keys holds one: a peer and its key on a line, as racoon's `psk.txt` and the list of servers
/// of RADIUS clients have them.
pub(super) fn shared_keys(head: &[u8]) -> bool {
    head.split(|b| *b == b'\n').any(|line| {
        let line = line.trim_ascii();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (peer, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let named = peer.iter().any(|b| matches!(b, b'.' | b':' | b'@' | b'*'));
        let rest = words.count();
        !line.starts_with(b"#")
            && named
            && rest <= 1
            && key.len() >= 6
            && !is_reference(key)
            && !is_placeholder(key)
    })
}

/// Whether a list of Deluge's users has one beside the program's own: `user:password:level`.
pub(super) fn deluge(head: &[u8]) -> bool {
    fields(head, |fields| {
        matches!(fields, [user, _, level] if *user != b"localclient" && level.iter().all(u8::is_ascii_digit))
            .then(|| fields[1])
    })
}

/// Whether Exim's list of logins at other hosts has one: `host:user:password`.
pub(super) fn exim_logins(head: &[u8]) -> bool {
    fields(head, |fields| matches!(fields, [_, _, _]).then(|| fields[2]))
}

/// Whether a line of fields that colons part holds a secret where `secret` finds it.
fn fields(head: &[u8], secret: for<'f> fn(&[&'f [u8]]) -> Option<&'f [u8]>) -> bool {
    let lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.starts_with(b"#"));
    lines.take(1000).any(|line| {
        let fields: Vec<&[u8]> = line.splitn(4, |b| *b == b':').collect();
        secret(&fields).is_some_and(|s| !s.is_empty() && !is_reference(s) && !is_plain_placeholder(s))
    })
}

/// Whether a file begins with a key in hexadecimal digits, of 128 bits at least.
pub(super) fn hex_key(head: &[u8]) -> bool {
    head.trim_ascii_start().iter().take_while(|b| b.is_ascii_hexdigit()).count() >= 32
}

/// Whether a list of networks of HexChat holds a password: a line `P=value`.
pub(super) fn hexchat(head: &[u8]) -> bool {
    head.split(|b| *b == b'\n')
        .filter_map(|line| line.trim_ascii().strip_prefix(b"P="))
        .any(|value| !value.is_empty() && !is_reference(value) && !is_placeholder(value))
}

/// Whether a PostgreSQL password file has an entry: `host:port:database:user:password`.
pub(super) fn pgpass(head: &[u8]) -> bool {
    head.split(|b| *b == b'\n').any(|line| {
        let line = line.trim_ascii();
        let password = line.splitn(5, |b| *b == b':').nth(4).unwrap_or_default();
        !line.starts_with(b"#")
            && !password.is_empty()
            && !is_reference(password)
            && !is_plain_placeholder(password)
    })
}

/// Whether a git configuration holds a credential: a password or token in a URL's userinfo, an `extraheader`, a token
/// of its own. A user name, an e-mail address and `git@host:path` are none.
pub(super) fn git_config(head: &[u8]) -> bool {
    let line = |line: &[u8]| {
        let line = line.trim_ascii();
        if line.starts_with(b"#") || line.starts_with(b";") {
            return false;
        }
        let lower = line.to_ascii_lowercase();
        let header = lower.starts_with(b"extraheader")
            && memchr::memchr(b':', &lower).and_then(|at| line.get(at + 1..)).is_some_and(|value| {
                let name = lower.split(|b| *b == b':').next().unwrap_or_default();
                let secret = [&b"authorization"[..], b"token", b"key", b"cookie"]
                    .iter()
                    .any(|w| find(name, w).is_some());
                // `Authorization: basic VALUE`
                let value = value.trim_ascii().rsplit(|b| *b == b' ').next().unwrap_or_default();
                secret && !is_reference(value)
            });
        header || url_password(line)
    };
    head.split(|b| *b == b'\n').any(line) || has_value(head, &[b"token", b"password", b"oauthtoken"])
}

/// Whether a text holds a URL with a password, or with a user that is a token.
pub(super) fn url_password(text: &[u8]) -> bool {
    has_login(text, is_placeholder)
}

/// Whether a git credential store holds an entry: each line is a URL with a password or a token.
pub(super) fn git_credentials(head: &[u8]) -> bool {
    has_login(head, is_plain_placeholder)
}

/// Whether a text holds a URL with a password that `is_none` does not hold to be none, or with a user that is a token.
fn has_login(text: &[u8], is_none: fn(&[u8]) -> bool) -> bool {
    find_iter(text, b"://").any(|at| {
        let rest = text.get(at + 3..).unwrap_or_default();
        let end =
            rest.iter().position(|b| b.is_ascii_whitespace() || b"\"'/".contains(b)).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        let Some(userinfo) = memchr::memrchr(b'@', authority).and_then(|i| authority.get(..i)) else {
            return false;
        };
        match memchr::memchr(b':', userinfo) {
            Some(colon) => {
                let password = userinfo.get(colon + 1..).unwrap_or_default();
                !is_reference(password) && !is_none(password)
            }
            None => {
                let digits = userinfo.iter().filter(|b| b.is_ascii_digit()).count();
                userinfo.len() >= 20 && digits >= 2 && !is_reference(userinfo)
            }
        }
    })
}

/// Whether a Terraform state describes anything: an empty one has neither resources nor outputs.
pub(super) fn terraform_state(head: &[u8]) -> bool {
    let marks = find(head, b"\"resources\"").is_some() || find(head, b"\"modules\"").is_some();
    let filled = |value: Option<&serde_json::Value>| match value {
        Some(serde_json::Value::Array(items)) => !items.is_empty(),
        Some(serde_json::Value::Object(members)) => !members.is_empty(),
        _ => false,
    };
    let part = |value: &serde_json::Value| filled(value.get("resources")) || filled(value.get("outputs"));
    match serde_json::from_slice::<serde_json::Value>(head) {
        Ok(state) => {
            let modules = state.get("modules").and_then(serde_json::Value::as_array);
            part(&state) || modules.is_some_and(|m| m.iter().any(part))
        }
        // Cut, or no JSON: what it says it has counts.
        Err(_) => marks,
    }
}

/// Whether a JSON document has a text that is no reference below one of these members.
pub(super) fn json_member(head: &[u8], members: &[&str]) -> bool {
    fn literal(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::String(text) => {
                !is_reference(text.as_bytes()) && !is_placeholder(text.as_bytes())
            }
            serde_json::Value::Object(map) => {
                map.iter().any(|(key, value)| !matches!(key.as_str(), "username" | "email") && literal(value))
            }
            serde_json::Value::Array(items) => items.iter().any(literal),
            _ => false,
        }
    }
    fn below(value: &serde_json::Value, members: &[&str]) -> bool {
        match value {
            serde_json::Value::Object(map) => map.iter().any(|(key, value)| {
                if members.contains(&key.as_str()) { literal(value) } else { below(value, members) }
            }),
            serde_json::Value::Array(items) => items.iter().any(|i| below(i, members)),
            _ => false,
        }
    }
    match serde_json::from_slice::<serde_json::Value>(head) {
        Ok(document) => below(&document, members),
        Err(_) => members.iter().any(|m| find(head, m.as_bytes()).is_some()),
    }
}

/// Whether a value stands for a secret that is elsewhere, or is ciphertext: `${NAME}`, `$NAME`, `{{ name }}`, `%NAME%`,
/// `<name>`, `op://…`, `ENC[…]`. A default in a reference (`${NAME:-value}`) is a value.
pub(super) fn is_reference(value: &[u8]) -> bool {
    const ELSEWHERE: [&[u8]; 17] = [
        b"ENC[",
        b"encrypted:",
        b"op://",
        b"vault:",
        b"vault://",
        b"ssm:",
        b"arn:aws",
        b"awssm:",
        b"ref+",
        b"!vault",
        b"gcpsm:",
        b"sm://",
        b"secretref:",
        b"keyring:",
        b"pass://",
        b"projects/",
        b"!secret",
    ];
    let value = unquoted(value);
    if ELSEWHERE.iter().any(|p| value.starts_with(p)) {
        return true;
    }
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        let closed = |open: &[u8], close: &[u8]| {
            let inner = rest.strip_prefix(open)?;
            let end = find(inner, close)?;
            Some((inner.get(..end)?, inner.get(end + close.len()..)?))
        };
        let pairs: [(&[u8], &[u8]); 7] = [
            (b"${", b"}"),
            (b"$(", b")"),
            (b"{{", b"}}"),
            (b"%(", b")s"),
            (b"%", b"%"),
            (b"<", b">"),
            (b"@", b"@"),
        ];
        if let Some((inner, next)) = pairs.iter().find_map(|(open, close)| closed(open, close)) {
            if rest.starts_with(b"${") && has_default(inner) {
                return false;
            }
            rest = next;
            continue;
        }
        if *first == b'$' {
            let name = after
                .iter()
                .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'_')
                .count();
            if name > 0 && !after[0].is_ascii_digit() {
                rest = after.get(name..).unwrap_or_default();
                continue;
            }
        }
        // Signs around references say nothing.
        if first.is_ascii_alphanumeric() {
            return false;
        }
        rest = after;
    }
    true
}

/// Whether `NAME:-value`, the inside of a reference, has a value.
fn has_default(inner: &[u8]) -> bool {
    let name = inner.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b == b'.').count();
    let rest = inner.get(name..).unwrap_or_default();
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let value = match rest.first() {
        Some(b'-' | b'=') => rest.get(1..).unwrap_or_default(),
        _ => return false,
    };
    !value.is_empty() && !is_reference(value) && !is_placeholder(value)
}

fn unquoted(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    for quote in [b'"', b'\''] {
        if value.len() >= 2 && value.first() == Some(&quote) && value.last() == Some(&quote) {
            return value.get(1..value.len() - 1).unwrap_or_default().trim_ascii();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for value in [
            "",
            "${A}",
            "$A_B",
            "\"${NPM_TOKEN-}\"",
            "{{ x }}",
            "%env(TOKEN)%",
            "<token>",
            "ENC[AES256_GCM,data:a]",
            "op://v/i/f",
            "${A}:${B}",
            "$(cat /run/secrets/x)",
            "${A:-}",
            "${A:-$B}",
            "encrypted:BE9Y7LKANx",
        ] {
            assert!(is_reference(value.as_bytes()), "{value}");
        }
        for value in ["hX7PKR0CsTy4Qwb8", "$2a$12$LZsLq", "${A:-hX7PKR0CsTy4}", "a${B}", "pa$$word", "$ecret"]
        {
            assert!(!is_reference(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn git_configurations() {
        let with = |line: &str| git_config(format!("[core]\n\tbare = false\n{line}\n").as_bytes());
        assert!(!with("[remote \"origin\"]\n\turl = git@github.com:x/y.git"));
        assert!(!with("[user]\n\temail = a@example.org"));
        assert!(!with("\turl = https://someone@github.com/x/y"));
        assert!(!with("\turl = https://someone:${TOKEN}@github.com/x/y"));
        assert!(with("\turl = https://x:hX7PKR0CsTy4Qwb8@github.com/x/y"));
        assert!(with("\turl = https://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@github.com/x/y"));
        assert!(with("\textraheader = AUTHORIZATION: basic eDpoWDdQS1IwQ3NUeTRRd2I4"));
        assert!(with("[github]\n\ttoken = hX7PKR0CsTy4Qwb8"));
        assert!(!with("[branch \"token\"]\n\tmerge = refs/heads/main"));
    }

    #[test]
    fn lists_of_logins() {
        assert!(shared_keys(b"# peer key\n10.0.0.2 q7TzOmR4KADx\n"));
        assert!(shared_keys(b"10.0.0.1:1812\tq7TzOmR4KADx\t3\n"));
        assert!(!shared_keys(b"# 10.0.0.2 q7TzOmR4KADx\n10.0.0.2 changeme\nplain words here\n"));
        assert!(deluge(b"localclient:9f86d081884c7d65:10\npilot:q7TzOmR4KADx:10\n"));
        assert!(!deluge(b"localclient:9f86d081884c7d65:10\n"));
        assert!(exim_logins(b"# x\n*.harbour.internal:pilot:q7TzOmR4KADx\n"));
        assert!(!exim_logins(b"# target.mail.server.example:login:password\n"));
        assert!(hexchat(b"v=2.14\nN=harbour\nP=q7TzOmR4KADx\n"));
        assert!(!hexchat(b"N=harbour\nP=\nL=6\n"));
        assert!(hex_key(b"9f86d081884c7d659a2feaa0c55ad015\n"));
        assert!(!hex_key(b"example\n"));
        assert!(!pgpass(b"db:5432:x:app:REPLACE_ME\n"));
        assert!(!pgbouncer_users(b"\"app\" \"{{ secret }}\"\n"));
    }

    #[test]
    fn states() {
        assert!(!terraform_state(br#"{"version":4,"resources":[]}"#));
        assert!(!terraform_state(
            br#"{"version":3,"modules":[{"path":["root"],"outputs":{},"resources":{}}]}"#
        ));
        assert!(terraform_state(br#"{"version":4,"resources":[{"type":"x"}]}"#));
        assert!(terraform_state(br#"{"version":4,"resources":[{"type":"#));
    }
}
