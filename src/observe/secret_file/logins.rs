//! Files that hold users and their passwords in forms of their own, and what people write down for themselves.

use seaworthy_detect::validate::{is_plain_placeholder, looks_chosen};

use super::content::{is_reference, shared_keys};
use super::{Content, Name, SecretFileKind, kind};
use crate::finding::Severity;

/// How many lines of a file are looked at.
const LINES: usize = 4000;

/// Kinds of these files.
pub(super) const KINDS: &[SecretFileKind] = &[
    kind(
        "list of passwords",
        Severity::High,
        Name::Is(&[
            "password.txt",
            "passwords.txt",
            "passwords.md",
            "passwords.csv",
            "passwords",
            "passwd.txt",
            "pass.txt",
            "pwd.txt",
            "pw.txt",
            "logins.txt",
            "login.txt",
            "credentials.txt",
            "credentials.md",
            "creds.txt",
            "accounts.txt",
            "zugangsdaten.txt",
            "passwoerter.txt",
            "kennwoerter.txt",
            "senhas.txt",
            "contrasenas.txt",
            "mots_de_passe.txt",
        ]),
        Content::Test(password_notes),
    ),
    kind(
        "users of a server with passwords",
        Severity::High,
        Name::Is(&[
            "realm.properties",
            "jetty-realm.properties",
            "application-users.properties",
            "mgmt-users.properties",
            "jmxremote.password",
        ]),
        Content::Test(user_properties),
    ),
    kind(
        "secrets of PPP",
        Severity::High,
        Name::PathEndsWith(&["ppp/chap-secrets", "ppp/pap-secrets"]),
        Content::Test(ppp_secrets),
    ),
    kind(
        "secrets of davfs2",
        Severity::High,
        Name::PathEndsWith(&["davfs2/secrets", ".davfs2/secrets"]),
        Content::Test(davfs_secrets),
    ),
    kind(
        "WeeChat secured data without a passphrase",
        Severity::High,
        Name::PathEndsWith(&["weechat/sec.conf", ".weechat/sec.conf"]),
        Content::Test(weechat_data),
    ),
    kind("Nagios resource file", Severity::High, Name::Is(&["resource.cfg"]), Content::Test(nagios_macros)),
];

/// The lines of a file that are no comments.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = head.split(|b| *b == b'\n').take(LINES).map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty() && !matches!(line[0], b'#' | b';' | b'!'))
}

/// Whether a value is one and no reference or filler.
fn is_value(value: &[u8]) -> bool {
    !value.is_empty() && !is_reference(value) && !is_plain_placeholder(value)
}

/// A word without the quotes and signs of a sentence around it.
fn bare(word: &[u8]) -> &[u8] {
    let sign = |b: &u8| matches!(b, b'"' | b'\'' | b'`' | b',' | b'(' | b')' | b'|' | b'<' | b'>');
    let start = word.iter().position(|b| !sign(b)).unwrap_or(word.len());
    let end = word.iter().rposition(|b| !sign(b)).map_or(start, |at| at + 1);
    &word[start..end]
}

/// Whether a file whose name says that it lists passwords has one beside what it belongs to. A list of words to try has one
/// word on each line.
fn password_notes(head: &[u8]) -> bool {
    lines(head).any(|line| {
        let mut words = line
            .split(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'|'))
            .filter(|word| word.len() > 1)
            .peekable();
        let first = words.next().unwrap_or_default();
        // `user:password` in one word.
        let behind = |word: &[u8]| {
            let colon = word.iter().position(|b| *b == b':').filter(|at| *at > 0);
            colon.is_some_and(|at| looks_chosen(bare(&word[at + 1..])))
        };
        behind(first) || words.any(|word| looks_chosen(bare(word)) || behind(word))
    })
}

/// Whether a list of users has a password in clear: `user: password, role`, `user=password`, `user  password`. What is
/// hashed says how.
fn user_properties(head: &[u8]) -> bool {
    lines(head).any(|line| {
        let is_user = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@');
        let user = line.iter().take_while(|b| is_user(b)).count();
        let rest = line[user..].trim_ascii_start();
        let joined = rest.len() < line.len() - user || matches!(rest.first(), Some(b':' | b'='));
        let rest =
            rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"=")).unwrap_or(rest).trim_ascii_start();
        let value = rest.split(|b| *b == b',' || b.is_ascii_whitespace()).next().unwrap_or_default();
        let hashed = value.len() == 32 && value.iter().all(u8::is_ascii_hexdigit)
            || [&b"CRYPT:"[..], b"MD5:", b"$2", b"{"].iter().any(|start| value.starts_with(start));
        user > 0 && joined && value.len() >= 5 && !hashed && is_value(value)
    })
}

/// Whether a list of PPP's has a secret: `client server secret addresses`.
fn ppp_secrets(head: &[u8]) -> bool {
    lines(head).any(|line| {
        let secret = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(2);
        // `@file` reads the secret from a file.
        secret.map(bare).is_some_and(|s| !s.starts_with(b"@") && s != b"*" && is_value(s))
    })
}

/// Whether a list of davfs2's has a secret: `URL user secret`.
fn davfs_secrets(head: &[u8]) -> bool {
    shared_keys(head)
        || lines(head).any(|line| {
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let at = words.next().unwrap_or_default();
            let secret = words.nth(1).map(bare);
            matches!(at.first(), Some(b'/' | b'h')) && at.contains(&b'/') && secret.is_some_and(is_value)
        })
}

/// Whether WeeChat's secured data stands there in clear: it does unless a passphrase encrypts it to hexadecimal digits.
fn weechat_data(head: &[u8]) -> bool {
    lines(head).skip_while(|line| *line != b"[data]").skip(1).take_while(|line| line[0] != b'[').any(|line| {
        let value = line.splitn(2, |b| *b == b'=').nth(1).map(|value| bare(value.trim_ascii()));
        let name = line.starts_with(b"__");
        value.is_some_and(|v| !name && is_value(v) && !(v.len() >= 64 && v.iter().all(u8::is_ascii_hexdigit)))
    })
}

/// Whether a macro of Nagios holds a password: `$USER4$=value`, where others hold paths and users.
fn nagios_macros(head: &[u8]) -> bool {
    lines(head).any(|line| {
        let value = line.strip_prefix(b"$USER").and_then(|rest| rest.splitn(2, |b| *b == b'=').nth(1));
        value.is_some_and(|v| looks_chosen(v.trim_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::by_path;

    fn what(path: &str, content: &str) -> Option<&'static str> {
        by_path(path.as_bytes()).filter(|k| k.counts(content.as_bytes())).map(|k| k.what)
    }

    #[test]
    fn notes_of_passwords() {
        for text in [
            "wifi home - sailor2031\n",
            "gmail: pilot@harbour.internal / Quay#1972\n",
            "router admin:kestrel84\n",
            "# old\nmail   pilot   qmzk21560\n",
        ] {
            assert_eq!(what("home/pilot/passwords.txt", text), Some("list of passwords"), "{text}");
        }
        for text in [
            "kestrel84\nsailor2031\n123456\n",
            "wifi home - ${WIFI_PASSWORD}\n",
            "mail: your_password\n",
            "The password has 8 characters\n",
            "",
        ] {
            assert_eq!(what("home/pilot/passwords.txt", text), None, "{text}");
        }
    }

    #[test]
    fn lists_of_users() {
        for (path, text) in [
            ("opt/jetty/etc/realm.properties", "admin: qmzk21560, admin,user\n"),
            ("opt/wildfly/application-users.properties", "pilot=sailor760\n"),
            ("etc/java/jmxremote.password", "monitorRole  sailor760\n"),
            ("etc/ppp/pap-secrets", "isp@quay * sailor760\n"),
            ("etc/davfs2/secrets", "https://dav.harbour.internal/ pilot sailor760\n"),
            ("home/pilot/.weechat/sec.conf", "[crypt]\ncipher = aes256\n[data]\nlibera = \"qmzk21560\"\n"),
            ("etc/nagios/resource.cfg", "$USER1$=/usr/lib/nagios/plugins\n$USER4$=qmzk21560\n"),
        ] {
            assert!(what(path, text).is_some(), "{path}: {text}");
        }
        for (path, text) in [
            ("opt/jetty/etc/realm.properties", "admin: MD5:164c88b302622e17050af52c89945d44,user\n"),
            ("opt/wildfly/application-users.properties", "#pilot=sailor760\npilot=${env.PILOT}\n"),
            ("opt/wildfly/application-users.properties", "pilot=2a0923285184943425d1f53ddd58ec7a\n"),
            ("etc/ppp/pap-secrets", "#client server secret\n* * \"\" *\n"),
            ("etc/davfs2/secrets", "# Examples\n"),
            ("home/pilot/.weechat/sec.conf", "[data]\n__passphrase__ = off\n"),
            ("etc/nagios/resource.cfg", "$USER1$=/usr/lib/nagios/plugins\n"),
        ] {
            assert_eq!(what(path, text), None, "{path}: {text}");
        }
    }
}
