//! Hides what may be a secret in a contract's text before a line of it is shown. It reads lines and not the parsed
//! document, so that it also works on a text that does not parse.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::names;

/// Parts of key names that speak of a secret's value.
const WORDS: [&str; 8] = ["key", "pass", "pwd", "secret", "token", "credential", "value", "salt"];

/// Keys of the contract that hold such a word and no secret.
const HARMLESS: [&str; 5] = ["key_env", "secrets", "kms_key", "kms_key_id", "oci_digest_value"];

/// The keys of a `[[secrets]]` entry: they name a secret and do not hold one.
const SECRET_ENTRY: [&str; 7] =
    ["handle", "parameter", "variables", "required", "version", "label", "kms_key"];

/// Whether a key's name says that its value is a secret.
pub(super) fn speaks_of_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    !HARMLESS.contains(&key.as_str()) && WORDS.iter().any(|w| key.contains(w))
}

/// The text with an asterisk in place of every byte that may belong to a secret; line ends stay, so that spans and
/// line numbers hold. Hidden are the values of keys that speak of a secret, everything in `[fingerprints]` but the
/// name of a variable, and the values of unknown keys in `[[secrets]]`. It rather hides too much than too little.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut section = String::new();
    // What closes the hidden value that began on an earlier line.
    let mut closer: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        if let Some(end) = closer {
            if line.contains(end) {
                closer = None;
            }
            hide(line, &mut out);
            continue;
        }
        let body_at = match header(line) {
            Some((name, end)) => {
                section = name;
                end
            }
            None => 0,
        };
        match hidden_from(&section, line.get(body_at..).unwrap_or_default()) {
            Some(at) => {
                let (shown, value) = line.split_at(body_at + at);
                let value_at = value.len() - value.trim_start().len();
                out.push_str(shown);
                out.push_str(value.get(..value_at).unwrap_or_default());
                hide(value.get(value_at..).unwrap_or_default(), &mut out);
                closer = open_end(value.trim());
            }
            None => out.push_str(line),
        }
    }
    out
}

fn hide(part: &str, out: &mut String) {
    for byte in part.bytes() {
        out.push(match byte {
            b'\n' | b'\r' => char::from(byte),
            _ => '*',
        });
    }
}

/// The first name of a table header such as `[fingerprints]` or `[[rules.disable]]`, and where the header ends. An
/// unclosed header is one too.
fn header(line: &str) -> Option<(String, usize)> {
    let inner = line.trim_start().strip_prefix('[')?.trim_start_matches('[');
    let name = inner.split(['.', ']', '\n', '#', '=']).next().unwrap_or_default();
    let end = line.find(']').map_or(line.len(), |at| {
        at + line.get(at..).unwrap_or_default().len()
            - line.get(at..).unwrap_or_default().trim_start_matches(']').len()
    });
    Some((bare(name).to_owned(), end))
}

fn bare(name: &str) -> &str {
    name.trim_matches(['"', '\'', ' ', '\t'])
}

fn in_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Where in the line the first value begins that is to be hidden, with all that follows it.
fn hidden_from(section: &str, line: &str) -> Option<usize> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    // A line that ends with its equals signs may be a key in base64, pasted alone.
    let unpadded = line.trim_end().trim_end_matches('=');
    if !unpadded.contains('=') {
        return hidden_without_equals(section, unpadded);
    }
    let in_chain = |c: char| in_key(c) || matches!(c, '"' | '\'' | ' ' | '\t');
    line.match_indices('=').map(|(at, _)| at).find_map(|at| {
        let before = line.get(..at).unwrap_or_default();
        let chain = before.rsplit(|c| !in_chain(c)).next().unwrap_or_default();
        let keys: Vec<&str> = chain.split('.').map(bare).collect();
        let is_unknown = before.trim() == chain.trim() && is_unknown(&keys);
        (is_unknown || hides(section, &keys, line.get(at + 1..).unwrap_or_default())).then_some(at + 1)
    })
}

/// The same for a line that is no `key = value`: it may be `key: value`, `"key": value`, `key value`, or a fingerprint
/// key pasted alone.
fn hidden_without_equals(section: &str, line: &str) -> Option<usize> {
    let body = line.trim_start();
    let (word, rest) = match body.strip_prefix(['"', '\'']).and_then(|quoted| quoted.split_once(['"', '\'']))
    {
        Some((word, rest)) if rest.trim_start().starts_with(':') => (word, rest),
        _ => body.split_at(body.find(|c| !in_key(c)).unwrap_or(body.len())),
    };
    let value = rest.trim_start_matches(':').trim();
    if section == "fingerprints" && !body.is_empty() && (word.is_empty() || value.is_empty()) {
        return Some(line.len() - body.len());
    }
    let is_unknown = rest.starts_with(':') && is_unknown(&[word]);
    (!word.is_empty() && (is_unknown || hides(section, &[word], value))).then(|| line.len() - rest.len())
}

fn hides(section: &str, keys: &[&str], value: &str) -> bool {
    let last = keys.last().copied().unwrap_or_default();
    let first = keys.first().copied().unwrap_or_default();
    if last == "key_env" {
        return !is_variable_name(value);
    }
    let inside = |entry: &str| section == entry || first == entry;
    keys.iter().any(|key| speaks_of_secret(key))
        || inside("fingerprints")
        || (inside("secrets") && !SECRET_ENTRY.contains(&last))
}

/// Whether keys are not those of a contract or profile: what they hold may be anything, however harmless they sound.
fn is_unknown(keys: &[&str]) -> bool {
    let last = keys.last().copied().unwrap_or_default();
    last.starts_with(|c: char| c.is_ascii_alphabetic()) && !known_keys().contains(last)
}

/// The names of all keys that contracts have, by their schema.
fn known_keys() -> &'static HashSet<String> {
    static KEYS: OnceLock<HashSet<String>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut keys = HashSet::new();
        let mut open = vec![super::schema(), super::profile_schema()];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(Value::Object(properties)) = members.get("properties") {
                        keys.extend(properties.keys().cloned());
                    }
                    open.extend(members.into_iter().map(|(_, value)| value));
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
        keys
    })
}

/// Whether the rest of a line is a quoted variable name, and a comment at most.
fn is_variable_name(value: &str) -> bool {
    let value = value.split('#').next().unwrap_or_default().trim().trim_end_matches(['}', ' ']);
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
    quoted('"').or_else(|| quoted('\'')).is_some_and(|name| names::key_variable(name).is_ok())
}

/// What closes a value that opens on this line and goes on.
fn open_end(value: &str) -> Option<&'static str> {
    [("\"\"\"", "\"\"\""), ("'''", "'''"), ("[", "]"), ("{", "}")].into_iter().find_map(|(opener, closer)| {
        let rest = value.strip_prefix(opener)?;
        (!rest.contains(closer)).then_some(closer)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_be_secrets_are_hidden() {
        for text in [
            "[fingerprints]\nkey = \"Hunter2\"\n",
            "[fingerprints]\nanything = \"Hunter2\"\n",
            "[fingerprints]\nkey_env = \"Hunter2+/=\"\n",
            "[fingerprints]\nkey_env = \"Hunter2\n",
            "[fingerprints]\nkey: Hunter2\n",
            "[fingerprints]\nkey \"Hunter2\"\n",
            "[fingerprints]\nHunter2\n",
            "[fingerprints]\n\"Hunter2\"\n",
            "[fingerprints]\nHunter2==\n",
            "[fingerprints] Hunter2\n",
            "[fingerprints] pepper = \"Hunter2\"\n",
            "[fingerprints\npepper = \"Hunter2\"\n",
            "[image]\npassword: Hunter2\n",
            "[image]\n\"password\" : \"Hunter2\"\n",
            "[fingerprints]\nkey = \"a Hunter2\"\n",
            "fingerprints.key = \"Hunter2\"\n",
            "fingerprints = { key = \"Hunter2\" }\n",
            "fingerprints = { key_env = \"Hunter2\" }\n",
            "fingerprints = \"Hunter2\"\n",
            "secrets = { DB = \"Hunter2\" }\n",
            "[secrets]\nDB = \"Hunter2\"\n",
            "[[secrets]]\nhandle = \"A\"\ndefault = \"Hunter2\"\n",
            "secrets = [{ handle = \"A\", value = \"Hunter2\" }]\n",
            "[image]\nregistry_password = \"\"\"\nHunter2\n  Hunter2\"\"\"\n",
            "[image]\ntokens = [\n  \"Hunter2\",\n]\n",
            "pw = 'Hunter2\n",
            "[image]\nflavour = \"Hunter2\"\n",
            "[ 'fingerprints' ] # the key\n\"key\" = 'Hunter2'\r\n",
        ] {
            let hidden = masked(text);
            assert!(!hidden.contains("Hunter2"), "{hidden}");
            assert_eq!(hidden.len(), text.len());
            assert_eq!(hidden.lines().count(), text.lines().count());
        }
    }

    #[test]
    fn everything_else_stays() {
        let text = include_str!("seaworthy.toml");
        assert_eq!(masked(text), text);
    }
}
