//! A file that consists of a secret: its name or its directory says so, and it holds one word. That is how Compose and
//! Swarm keep secrets (`secrets/db_password`), and what `ansible-vault --vault-password-file` reads.

use seaworthy_detect::validate::{Likelihood, NameKind, judge_assignment, name_kind};

use super::content::is_reference;

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 4 << 10;

/// Directories whose files are secrets.
const DIRECTORIES: [&[u8]; 4] = [b"secrets", b".secrets", b"secret", b".secret"];

/// Ends of names that say nothing about what is in the file.
const NEUTRAL_ENDS: [&str; 3] = [".txt", ".text", ".dat"];

/// Ends of names that are words of the name: `jwt.key` holds the key of a JWT.
const NAMING_ENDS: [&str; 7] = ["key", "token", "secret", "password", "passwd", "pass", "pw"];

/// How likely it is that a file which holds `content` consists of a secret; [`None`] if it does not. `/` stands between
/// the parts of `path`.
pub(super) fn likelihood_of(path: &[u8], content: &[u8]) -> Option<Likelihood> {
    let word = content.trim_ascii();
    if let Some(secret) = vpn_password(path, word) {
        return judge_assignment("password", secret).map(|found| found.confidence);
    }
    if word.is_empty() || word.len() > LONGEST || !word.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let name = variable(path).filter(|_| !is_reference(word))?;
    let likelihood = judge_assignment(&name, word)?.confidence;
    // A user's or a database's name lies in such a directory, too.
    let is_told = name != DIRECTORY_NAME || likelihood > Likelihood::Low;
    is_told.then_some(likelihood)
}

/// The second of two lines in a file that OpenVPN's `auth-user-pass` reads: a user, then a password.
fn vpn_password<'c>(path: &[u8], text: &'c [u8]) -> Option<&'c [u8]> {
    const NAMES: [&str; 10] = [
        "auth",
        "login",
        "pass",
        "passwd",
        "password",
        "creds",
        "credentials",
        "userpass",
        "user-pass",
        "auth-user-pass",
    ];
    let mut parts = path.rsplit(|b| *b == b'/');
    let file = std::str::from_utf8(parts.next()?).ok()?.trim_start_matches('.').to_ascii_lowercase();
    let stem = file.split('.').next().unwrap_or_default();
    let is_vpn = |part: &[u8]| part.windows(3).any(|w| w.eq_ignore_ascii_case(b"vpn"));
    let is_named = NAMES.contains(&stem) && parts.any(is_vpn);
    let mut lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let (user, secret) = (lines.next()?, lines.next()?);
    let words = [user, secret].iter().all(|line| !line.is_empty() && line.iter().all(u8::is_ascii_graphic));
    (is_named && words && lines.next().is_none() && !is_reference(secret)).then_some(secret)
}

/// The name that a file of a secret directory is judged by if its own says nothing.
const DIRECTORY_NAME: &str = "secret";

/// The variable's name that the name of a file stands for whose one word is a secret.
pub(super) fn variable(path: &[u8]) -> Option<String> {
    let mut parts = path.rsplit(|b| *b == b'/');
    let file = std::str::from_utf8(parts.next()?).ok()?.trim_start_matches('.');
    let lower = file.to_ascii_lowercase();
    let stem = NEUTRAL_ENDS.iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower);
    let is_plain = match stem.rsplit_once('.') {
        None => true,
        Some((before, end)) => !before.is_empty() && NAMING_ENDS.contains(&end),
    };
    if !is_plain || stem.is_empty() {
        return None;
    }
    // `key` and `auth` alone name much else; `jwt.key` says whose it is.
    let is_secret = match name_kind(stem.as_bytes()) {
        NameKind::Secret => true,
        NameKind::Weak => stem.ends_with(".key"),
        NameKind::Harmless => false,
    };
    let in_directory = parts.next().is_some_and(|directory| DIRECTORIES.contains(&directory));
    if is_secret { Some(stem.to_owned()) } else { in_directory.then(|| DIRECTORY_NAME.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_secret(path: &str, content: &str) -> bool {
        likelihood_of(path.as_bytes(), content.as_bytes()).is_some()
    }

    #[test]
    fn files_that_consist_of_a_secret() {
        for (path, content) in [
            ("secrets/db_password", "Harbour2024!\n"),
            ("app/secrets/db_password.txt", "hX7PKR0CsTy4Qwb8"),
            ("deploy/.secrets/stripe", "hX7PKR0CsTy4Qwb8zN2m\r\n"),
            (".vault_pass", "hX7PKR0CsTy4\n"),
            ("ansible/.vault-password", "Tr0ub4dor&3x\n"),
            ("srv/token.txt", "b7D4MX09TeJZo9LqpWL3dJ4AVVffe13GEW6B\n"),
            ("srv/jwt.key", "mN4kQ8vZ2xL7pR1tY6wB3cF9hJ5sD0gA\n"),
            ("srv/api-token", "9f86d081884c7d659a2feaa0c55ad015\n"),
            ("srv/jwt_secret", "mN4kQ8vZ2xL7pR1tY6wB3cF9hJ5sD0gA\n"),
            ("srv/postgres-passwd", "Harbour2024!\n"),
            ("etc/openvpn/auth.txt", "pilot\nHarbour2024!\n"),
            ("etc/openvpn/client/login.conf", "pilot\r\nhX7PKR0CsTy4Qwb8\r\n"),
            ("root/vpn/credentials", "pilot\nq7TzOmR4KADx"),
        ] {
            assert!(is_secret(path, content), "{path}: {content}");
        }
    }

    #[test]
    fn other_files_of_one_word() {
        for (path, content) in [
            ("secrets/db_user", "app\n"),
            ("secrets/README.txt", "Put the files here.\n"),
            ("secrets/db_password", ""),
            ("secrets/db_password", "changeme\n"),
            ("secrets/db_password", "${DB_PASSWORD}\n"),
            ("secrets/db_password", "ENC[AES256_GCM,data:abcd]\n"),
            ("secrets/index.js", "module.exports=require('./load')\n"),
            ("app/token.py", "x=1\n"),
            ("app/VERSION", "3.11.7-20260101\n"),
            ("etc/hostname", "hX7PKR0CsTy4\n"),
            ("usr/share/dict/passwords.txt", "dragon\nletmein1\n"),
            ("app/public_key.txt", "hX7PKR0CsTy4Qwb8\n"),
            ("app/token_url.txt", "https://auth.example.org/token\n"),
            ("app/token.sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"),
            ("app/secret.path", "/run/secrets/x\n"),
            ("app/secret_file.txt", "/run/secrets/x\n"),
            ("etc/keys", "hX7PKR0CsTy4Qwb8\n"),
            ("etc/openvpn/auth.txt", "pilot\n${VPN_PASSWORD}\n"),
            ("etc/openvpn/auth.txt", "pilot\nchangeme\n"),
            ("etc/openvpn/auth.txt", "plugin\nhX7PKR0CsTy4Qwb8\nthree\n"),
            ("srv/app/auth.txt", "pilot\nhX7PKR0CsTy4Qwb8\n"),
        ] {
            assert!(!is_secret(path, content), "{path}: {content}");
        }
    }
}
