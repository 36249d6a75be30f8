//! Secrets in texts that commands carry or write: headers, URLs, netrc lines, settings, base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::rendered::Rendered;
use super::{Reader, assigned};
use crate::check::examine_text;
use seaworthy_detect::validate::{NameKind, name_kind};

/// Headers that carry a secret.
const HEADERS: &[&str] = &[
    "authorization:",
    "private-token:",
    "job-token:",
    "deploy-token:",
    "x-api-key:",
    "api-key:",
    "apikey:",
    "x-auth-token:",
    "x-vault-token:",
    "x-access-token:",
    "x-jfrog-art-api:",
    "dd-api-key:",
    "circle-token:",
    "x-gitlab-token:",
];

/// The lines of a text with their offsets; `\n` as `echo` and `printf` read it ends a line too.
pub(super) fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut at = 0;
    for line in text.split('\n') {
        let mut start = at;
        for part in line.split("\\n") {
            let trimmed = part.trim_start();
            let offset = start + (part.len() - trimmed.len());
            let trimmed = trimmed.trim_end();
            if !trimmed.is_empty() {
                out.push((offset, trimmed));
            }
            start += part.len() + 2;
        }
        at += line.len() + 1;
    }
    out
}

/// Words of a text with their offsets.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    for (start, line) in lines(text) {
        let mut at = start;
        for word in line.split([' ', '\t']) {
            if !word.is_empty() {
                out.push((at, word));
            }
            at += word.len() + 1;
        }
    }
    out
}

impl Reader<'_> {
    /// A text that is written somewhere, or fed to a program.
    pub(super) fn written(&mut self, text: &Rendered, how: &'static str) {
        self.headers(text);
        self.urls(text);
        self.netrc(text);
        self.by_form_unescaped(text, how);
        self.sql(text);
        for (start, line) in lines(&text.text) {
            self.settings_of(text, start, line, how);
        }
    }

    /// `Authorization: Bearer x`, `PRIVATE-TOKEN: x`.
    pub(super) fn headers(&mut self, text: &Rendered) {
        let lower = text.text.to_ascii_lowercase();
        for header in HEADERS {
            for (at, _) in lower.match_indices(header) {
                let mut start = at + header.len();
                let rest = text.text.get(start..).unwrap_or_default();
                start += rest.len() - rest.trim_start().len();
                for scheme in ["bearer ", "basic ", "token ", "apikey ", "bot "] {
                    if lower.get(start..).unwrap_or_default().starts_with(scheme) {
                        start += scheme.len();
                    }
                }
                let rest = text.text.get(start..).unwrap_or_default();
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ','));
                let name =
                    if *header == "authorization:" { "auth_token" } else { header.trim_end_matches(':') };
                self.value(text, start..start + end.unwrap_or(rest.len()), name, "in a header", true);
            }
        }
    }

    /// Userinfo and query of every URL in a text.
    pub(super) fn urls(&mut self, text: &Rendered) {
        let scheme = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.');
        for (at, _) in text.text.match_indices("://") {
            let start = text.text.as_bytes()[..at].iter().rposition(|b| !scheme(b)).map_or(0, |i| i + 1);
            let rest = text.text.get(at + 3..).unwrap_or_default();
            let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\');
            let end = at + 3 + rest.find(ends).unwrap_or(rest.len());
            if start == at {
                continue;
            }
            let url = text.text.get(start..end).unwrap_or_default();
            let found = assigned(self.context, "URL", url);
            let none = found.is_empty();
            for mut secret in found {
                secret.span = secret.span.start + start..secret.span.end + start;
                self.add(text, secret, "in a URL", "registry_password", true);
            }
            let authority_end = url
                .get(at + 3 - start..)
                .unwrap_or_default()
                .find(['/', '?', '#'])
                .map_or(url.len(), |i| at + 3 - start + i);
            let authority = url.get(at + 3 - start..authority_end).unwrap_or_default();
            // `db` is an example's host in prose, and a real one where a build talks to it.
            if none
                && let Some((login, host)) = authority.rsplit_once('@')
                && ["db", "database", "mysql", "postgres", "redis", "mongo"]
                    .contains(&host.split(':').next().unwrap_or_default())
                && let Some((user, _)) = login.split_once(':')
            {
                let from = at + 3 + user.len() + 1;
                self.value(text, from..at + 3 + login.len(), "password", "in a URL", false);
            }
            // A token alone in front of the host.
            if let Some((user, _)) = authority.rsplit_once('@')
                && !user.contains(':')
                && user.len() >= 16
            {
                self.value(text, at + 3..at + 3 + user.len(), "token", "in a URL", false);
            }
            if let Some(query) = url.find('?') {
                let mut from = start + query + 1;
                for pair in url.get(query + 1..).unwrap_or_default().split('&') {
                    if let Some((name, value)) = pair.split_once('=')
                        && name_kind(name.as_bytes()) == NameKind::Secret
                    {
                        let value_at = from + name.len() + 1;
                        self.value(text, value_at..value_at + value.len(), name, "in a URL", true);
                    }
                    from += pair.len() + 1;
                }
            }
        }
    }

    /// `machine host login user password x`.
    fn netrc(&mut self, text: &Rendered) {
        let words = words(&text.text);
        let has = |wanted: &str| words.iter().any(|(_, w)| *w == wanted);
        if !(has("login") || has("machine") || has("default")) {
            return;
        }
        for pair in words.windows(2) {
            let [(_, "password"), (start, value)] = pair else { continue };
            let value = value.trim_end_matches(['"', '\'']);
            self.value(text, *start..start + value.len(), "password", "in a netrc line", true);
        }
    }

    /// Every `NAME=value`, `name: value` and `"name": "value"` of a line.
    fn settings_of(&mut self, text: &Rendered, start: usize, line: &str, how: &'static str) {
        const MAX_SETTINGS: usize = 64;
        for (at, _) in line.match_indices(['=', ':']).take(MAX_SETTINGS) {
            self.setting(text, start, line, at, how);
        }
    }

    /// The setting whose `=` or `:` stands at `split`.
    fn setting(&mut self, text: &Rendered, start: usize, line: &str, split: usize, how: &'static str) {
        let (left, right) =
            (line.get(..split).unwrap_or_default(), line.get(split + 1..).unwrap_or_default());
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let written = left.trim_end_matches(' ');
        let name = written.trim_end_matches(['"', '\'', '\\']);
        let name = name.rsplit(|c: char| !is_name(c)).next().unwrap_or_default();
        let npm = name.ends_with("_auth") || name.ends_with("_authToken");
        if name_kind(name.as_bytes()) != NameKind::Secret && !npm {
            return;
        }
        let value = right.trim_start();
        let tight = value.len() == right.len() && written.len() == left.len();
        let value_at = start + line.len() - value.len();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        // Between a name and a colon there is no blank, and after it one, or a quote.
        if line.get(split..).unwrap_or_default().starts_with(':') && tight && quote.is_none() {
            return;
        }
        let (value, value_at) = match quote {
            Some(quote) => {
                (value.get(1..).unwrap_or_default().split(quote).next().unwrap_or_default(), value_at + 1)
            }
            None => {
                let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';'));
                let value = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
                // Calls, lookups and names are code; so is a plain word that stands apart.
                let word = !tight && !value.bytes().any(|b| b.is_ascii_digit());
                if value.contains(['(', '[', '{']) || word {
                    return;
                }
                (value, value_at)
            }
        };
        self.value(text, value_at..value_at + value.len(), name, how, npm);
    }

    /// `IDENTIFIED BY 'x'`, `PASSWORD 'x'`: passwords that SQL sets.
    pub(super) fn sql(&mut self, text: &Rendered) {
        let lower = text.text.to_ascii_lowercase();
        for marker in ["identified by ", "with password ", " password ", " by "] {
            for (at, _) in lower.match_indices(marker) {
                let start = at + marker.len();
                let Some(quote) =
                    lower.get(start..).unwrap_or_default().chars().next().filter(|c| matches!(c, '\'' | '"'))
                else {
                    continue;
                };
                let Some(length) = lower.get(start + 1..).unwrap_or_default().find(quote) else { continue };
                self.value(text, start + 1..start + 1 + length, "password", "in a statement of SQL", true);
            }
        }
    }

    /// Literals that are decoded from base64 on the spot.
    pub(super) fn encoded(&mut self, words: &[Rendered], inputs: &[Rendered]) {
        for text in words.iter().skip(1).chain(inputs) {
            for (start, word) in self::words(&text.text) {
                let Some(decoded) = decode(word) else { continue };
                let range = start..start + word.len();
                let mut all = examine_text(self.context, &decoded);
                if all.is_empty() {
                    all = assigned(self.context, "password", &decoded);
                    all.extend(
                        decoded
                            .split_once(':')
                            .into_iter()
                            .flat_map(|(_, password)| assigned(self.context, "password", password)),
                    );
                    // Anything may be encoded; what looks like plain words is not taken for a secret.
                    all.retain(|s| s.confidence > crate::finding::Confidence::Low);
                }
                if let Some(mut secret) = all.into_iter().next() {
                    secret.span = range;
                    secret.notes.push("wrapped in base64".to_owned());
                    let name = secret.name.clone().unwrap_or_default();
                    self.add(text, secret, "in base64", &name, true);
                }
            }
        }
    }
}

/// What a word says in base64, if that is text.
fn decode(word: &str) -> Option<String> {
    const SHORTEST: usize = 12;
    if word.len() < SHORTEST {
        return None;
    }
    let bytes = STANDARD.decode(word).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.chars().all(|c| !c.is_control() || c.is_whitespace()).then_some(text)
}
