//! Names of variables that hold secrets, and what is assigned to them in metadata (ENV, ARG, labels, history).

use std::ops::Range;

use super::assignment::{is_locator, is_plain_setting};
use super::dsn::{Login, judge};
use super::literal::is_known_form;
use super::placeholder::is_placeholder;
use super::shape::Texture;
use super::words::words;
use super::{Adjust, Judgement};

/// Words that make a name a secret's name, as BuildKit's rule `SecretsUsedInArgOrEnv` has them, and more.
#[rustfmt::skip]
const SECRET_WORDS: &[&str] = &[
    "password", "passwords", "passwd", "pword", "pwd", "pw", "passphrase", "passcode", "secret", "secrets",
    "token", "tokens", "apikey", "apikeys", "apitoken", "authtoken", "accesstoken", "credential",
    "credentials", "creds", "cred", "accesskey", "secretkey", "privatekey", "authkey", "signingkey",
    "encryptionkey", "masterkey", "dsn", "pat", "psk", "connstr", "connectionstring", "secretaccesskey",
    "pswd", "psw", "passkey", "privkey", "bindpw", "rootpw", "sessionkey", "sharedkey", "requirepass", "masterauth",
];

/// Words that make a name a secret's name in BuildKit's rule, and often name something else.
const WEAK_WORDS: &[&str] = &["key", "keys", "auth", "pass", "authorization"];

/// Ends of words that are written without a joint: `PGPASSWORD`, `dbpassword`.
#[rustfmt::skip]
const SECRET_ENDS: &[&str] = &[
    "password", "passwd", "passphrase", "secret", "token", "apikey", "secretkey", "privatekey",
    "accesskey", "authkey", "passcode", "pwd", "creds", "signingkey", "encryptionkey", "masterkey", "sessionkey", "privkey",
    "credentials", "credential", "bindpw", "rootpw",
];

/// Ends that are secrets' words only behind one of [`OWNERS`]: `DBPASS`, `rootpw`, `SSHKEY`.
const SHORT_ENDS: &[&str] = &["pass", "pw", "key", "auth", "pat", "psk", "pin", "pswd", "psw"];

/// Whose secret it is, written without a joint before a short word for it.
#[rustfmt::skip]
const OWNERS: &[&str] = &[
    "db", "pg", "my", "mysql", "maria", "postgres", "psql", "sql", "mssql", "ora", "oracle", "mongo", "redis", "rabbit", "mq",
    "amqp", "ldap", "bind", "root", "admin", "sa", "su", "user", "usr", "login", "ftp", "sftp", "ssh", "smtp", "mail", "imap",
    "http", "proxy", "wifi", "vpn", "app", "api", "git", "gh", "gitlab", "jira", "svn", "nexus", "docker", "registry", "repo",
    "aws", "azure", "gcp", "s3", "sign", "store", "keystore", "trust", "truststore", "key", "ssl", "tls", "cert", "vault",
    "master", "backup", "remote", "local", "pop", "caldav", "xmpp", "irc", "nick", "client", "service", "svc", "web", "www", "site", "test", "prod", "dev", "stage", "cosmos", "hmac",
    "session", "enc", "crypt", "wp", "rds", "es", "elastic", "solr", "kafka", "sasl", "snmp", "ipmi", "bmc", "sudo", "unix",
];

/// Words that make any name harmless.
#[rustfmt::skip]
const HARMLESS_WORDS: &[&str] = &[
    "public", "pub", "pubkey", "publickey", "version", "min", "max", "num", "count", "length", "len",
    "ttl", "timeout", "expiry", "expires", "expiration", "lifetime", "regex", "regexp", "placeholder",
    "fingerprint", "keyring", "keyserver", "keyboard", "tokenizer", "tokenizers", "csrftoken", "xsrf",
    "deprecated", "prompt", "hint", "label", "localized", "publishable", "anon", "sitekey", "hashed", "encrypted",
    "ciphertext", "strength", "mismatch", "validator", "hasher", "hashers", "hasher", "autocomplete",
];

/// Verbs that begin the name of an action or a message about a secret, when it is not written in capitals alone.
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "add", "get", "create", "delete", "remove", "edit", "show", "hide", "generate", "revoke", "regenerate", "copy", "enter",
    "invalid", "missing", "forgot", "forgotten", "is", "has", "toggle", "find", "require", "requires", "enable", "disable",
    "no", "incorrect", "wrong", "confirm", "repeat", "retype", "parse", "validate", "verify", "strip",
];

/// Words that make a name harmless when they end it: the name of something about the secret, not of the secret.
#[rustfmt::skip]
const HARMLESS_ENDS: &[&str] = &[
    "file", "files", "filename", "path", "paths", "dir", "directory", "folder", "arn", "name", "names",
    "id", "ids", "url", "urls", "uri", "uris", "endpoint", "host", "hostname", "port", "type", "types",
    "kind", "algorithm", "algorithms", "alg", "algo", "header", "headers", "prefix", "suffix", "field",
    "fields", "policy", "policies", "format", "enable", "enabled", "disable", "disabled", "required",
    "optional", "rotation", "interval", "parallelism", "pattern", "param", "params", "column", "table",
    "provider", "providers", "location", "source", "scope", "scopes", "issuer", "audience", "mode",
    "method", "methods", "class", "store", "manager", "backend", "engine", "service", "server", "role",
    "region", "bits", "size", "limit", "limits", "index", "usage", "var", "variable", "hash", "hashes",
    "hashed", "checksum", "digest", "sha", "sha256", "strength", "change", "changed", "reset", "age",
    "days", "hours", "minutes", "seconds", "secs", "date", "time", "page", "link", "form", "input", "rule",
    "rules", "validator", "validators", "validation", "generator", "error", "errors", "message", "msg",
    "title", "description", "desc", "help", "sock", "socket", "domain", "encoding", "charset", "chars",
    "char", "iterations", "rounds", "salt", "cost", "level", "status", "state", "event", "handler",
    "callback", "factory", "helper", "command", "cmd", "protobuf", "namespace", "used", "created",
    "updated", "at", "spec", "schema", "ref", "refs", "reference", "binding", "group", "realm", "user",
    "username", "stdin", "plugin", "module", "driver", "config", "settings", "options", "info", "meta", "metadata",
];

/// Words before `key` or `keys` that make it no secret: lookups, sorting, signing keys of package archives.
#[rustfmt::skip]
const KEY_COMPANIONS: &[&str] = &[
    "gpg", "pgp", "gnupg", "rpm", "apt", "deb", "sort", "order", "primary", "foreign", "partition",
    "cache", "dict", "lookup", "map", "idempotency", "object", "bucket", "s3", "row", "hash", "range",
    "translation", "i18n", "locale", "message", "event", "shortcut", "hot", "arrow", "enter", "registry",
    "host", "known", "allowed", "trusted", "ca", "cert", "group", "index", "unique", "composite",
    "routing", "config", "property", "feature", "flag", "metric", "label", "color",
];

/// Services whose key is a secret: `DEEPGRAM_KEY`, `giteaKey`. Those that hand a key to every browser (Algolia's search,
/// Mapbox, PostHog's project, Stripe's publishable one) are not among them.
#[rustfmt::skip]
const SERVICES: &[&str] = &[
    "adobe", "adyen", "aikido", "airbyte", "airtable", "anthropic", "anypoint", "asana", "assemblyai", "atlassian", "bitbucket",
    "clarifai", "clickup", "cloudflare", "cohere", "confluent", "contentful", "datadog", "deepgram", "deepl", "deepseek",
    "diffbot", "digitalocean", "dropbox", "elevenlabs", "fastly", "figma", "flagsmith", "gemini", "gitea", "github", "gitlab",
    "grafana", "groq", "heroku", "hubspot", "huggingface", "intercom", "ipstack", "jfrog", "jira", "klaviyo", "kucoin",
    "linear", "linode", "mailchimp", "mailgun", "mailjet", "meraki", "messagebird", "mistral", "netlify", "newrelic", "notion",
    "nuget", "okta", "ollama", "openai", "openweather", "opsgenie", "pagerduty", "pinecone", "plaid", "polymarket", "postman",
    "postmark", "rapidapi", "replicate", "rollbar", "sendbird", "sendgrid", "shodan", "shopify", "snyk", "sonarqube",
    "splunk", "supabase", "tavily", "telegram", "tinify", "trello", "twilio", "twitch", "twitter", "typeform", "unsplash",
    "vercel", "virustotal", "voyage", "vultr", "wakatime", "yelp", "zendesk", "zhipu",
];

/// Words before `token` that make it a position, an idempotency mark or a piece of text, not a credential.
#[rustfmt::skip]
const TOKEN_COMPANIONS: &[&str] = &[
    "next", "page", "change", "client", "request", "sequence", "continuation", "forward", "backward",
    "sync", "idempotency", "csrf", "xsrf", "cancel", "cancellation", "resume", "start", "end", "begin",
    "stop", "eos", "bos", "pad", "sep", "cls", "mask", "unk", "special", "raw", "pagination", "marker",
    "authenticity", "verification", "antiforgery", "forgery",
    "product", "dedup", "deduplication", "word", "current", "previous", "prev", "last", "first", "lex",
    "syntax", "lock", "action", "update", "reclaim",
];

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
    let is_in =
        |list: &[&str], word: &[u8]| list.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    let letters = words(name).filter(|word| word.first().is_some_and(u8::is_ascii_alphabetic));
    let (mut strong, mut weak, mut companion) = (false, false, false);
    let mut first: &[u8] = b"";
    let mut search = false;
    let mut previous: &[u8] = b"";
    let mut last: &[u8] = b"";
    let mut before_last: &[u8] = b"";
    for word in letters {
        if is_in(HARMLESS_WORDS, word) {
            return NameKind::Harmless;
        }
        if first.is_empty() {
            first = word;
        }
        search |= word.eq_ignore_ascii_case(b"search");
        strong |= is_in(SECRET_WORDS, word) || ends_secret(word) || is_pair(previous, word);
        weak |= is_in(WEAK_WORDS, word);
        let plain_key = word.eq_ignore_ascii_case(b"key") || word.eq_ignore_ascii_case(b"keys");
        companion |= plain_key && is_in(KEY_COMPANIONS, previous);
        strong |= plain_key && is_in(SERVICES, previous);
        before_last = previous;
        last = word;
        previous = word;
    }
    // A position in a list (`NextToken`), or the key's name in a signed URL (`X-Amz-Credential`).
    let token = last.eq_ignore_ascii_case(b"token") || last.eq_ignore_ascii_case(b"tokens");
    let signed_url = last.eq_ignore_ascii_case(b"credential") && is_in(&["amz", "goog"], before_last);
    // `ClientToken` marks a request that may be repeated; with an owner before it (`VAULT_CLIENT_TOKEN`) it lets in.
    let shouted = !name.iter().any(u8::is_ascii_lowercase);
    let owned = shouted
        && before_last.eq_ignore_ascii_case(b"client")
        && !is_in(&["client", "x", "aws", "amz"], first);
    if token && is_in(TOKEN_COMPANIONS, before_last) && !owned || signed_url {
        return NameKind::Harmless;
    }
    // `addApiKey`, `forgot_password`: an action or a message. A key for searching is handed to browsers.
    if !shouted && first.len() < name.len() && is_in(VERBS, first)
        || search && !is_in(&["elastic", "azure"], first) && last.eq_ignore_ascii_case(b"key")
    {
        return NameKind::Harmless;
    }
    // `PWD` and `OLDPWD` are directories.
    if name == b"PWD" || name.eq_ignore_ascii_case(b"oldpwd") {
        return NameKind::Harmless;
    }
    if is_in(HARMLESS_ENDS, last) && !is_pair(before_last, last) {
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
        && word.is_some_and(|word| {
            TOKEN_COMPANIONS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
        })
}

/// `key`, `keys` or `auth` is a word of the name.
fn has_key_or_auth(name: &[u8]) -> bool {
    words(name).any(|word| {
        [&b"key"[..], b"keys", b"auth", b"authorization"].iter().any(|known| word.eq_ignore_ascii_case(known))
    })
}

/// A joined word that ends as a secret's name does: `PGPASSWORD`, `DBPASS`.
fn ends_secret(word: &[u8]) -> bool {
    let head = |end: &&str| {
        let at = word.len().checked_sub(end.len())?;
        let (head, tail) = word.split_at_checked(at)?;
        tail.eq_ignore_ascii_case(end.as_bytes()).then_some(head)
    };
    SECRET_ENDS
        .iter()
        .any(|end| head(end).is_some_and(|head| !head.eq_ignore_ascii_case(b"old") || *end != "pwd"))
        || SHORT_ENDS.iter().filter_map(head).any(|head| {
            OWNERS.iter().chain(SERVICES).any(|owner| head.eq_ignore_ascii_case(owner.as_bytes()))
        })
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
    if is_placeholder(literal) || is_plain_setting(literal) || is_locator(literal) || is_known_form(literal) {
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
    match judge(&Login { user: authority.get(..colon)?, password, host }) {
        Judgement::Reject => None,
        Judgement::Keep { confidence, note } => {
            let confidence = if confidence == Adjust::Lower { Likelihood::Low } else { Likelihood::High };
            Some(NamedSecret { confidence, range, note })
        }
    }
}
