//! The words that tell what a name says, and a table that finds a word's classes at once: every anchor of an assignment
//! asks for those of each word of its name.

use std::sync::LazyLock;

/// Words that make a name a secret's name, as BuildKit's rule `SecretsUsedInArgOrEnv` has them, and more.
#[rustfmt::skip]
const SECRET_WORDS: &[&str] = &[
    "password", "passwords", "passwd", "pword", "pwd", "pw", "passphrase", "passcode", "secret", "secrets",
    "token", "tokens", "apikey", "apikeys", "apitoken", "authtoken", "accesstoken", "credential",
    "credentials", "creds", "cred", "accesskey", "secretkey", "privatekey", "authkey", "signingkey",
    "encryptionkey", "masterkey", "dsn", "pat", "psk", "connstr", "connectionstring", "secretaccesskey",
    "pswd", "psw", "senha", "passwort", "kennwort", "contrasena", "wachtwoord", "clave", "haslo", "heslo", "lozinka", "motdepasse", "mdp", "parola", "salasana", "segredo", "sifre", "passkey", "privkey", "bindpw", "rootpw", "sessionkey", "sharedkey", "requirepass", "masterauth",
];

/// Words that make a name a secret's name in BuildKit's rule, and often name something else.
const WEAK_WORDS: &[&str] = &["key", "keys", "auth", "pass", "authorization"];

/// Ends of words that are written without a joint: `PGPASSWORD`, `dbpassword`.
#[rustfmt::skip]
pub(super) const SECRET_ENDS: &[&str] = &[
    "password", "passwd", "passphrase", "secret", "token", "apikey", "secretkey", "privatekey",
    "accesskey", "authkey", "passcode", "pwd", "creds", "signingkey", "encryptionkey", "masterkey", "sessionkey", "privkey",
    "credentials", "credential", "bindpw", "rootpw",
];

/// Ends that are secrets' words only behind one of [`OWNERS`]: `DBPASS`, `rootpw`, `SSHKEY`.
pub(super) const SHORT_ENDS: &[&str] = &["pass", "pw", "key", "auth", "pat", "psk", "pin", "pswd", "psw"];

/// Whose secret it is, written without a joint before a short word for it.
#[rustfmt::skip]
const OWNERS: &[&str] = &[
    "db", "pg", "my", "mysql", "maria", "postgres", "psql", "sql", "mssql", "ora", "oracle", "mongo", "redis", "rabbit", "mq",
    "amqp", "ldap", "bind", "root", "admin", "sa", "su", "user", "usr", "login", "ftp", "sftp", "ssh", "smtp", "mail", "imap",
    "http", "proxy", "wifi", "vpn", "app", "api", "git", "gh", "gitlab", "jira", "svn", "nexus", "docker", "registry", "repo",
    "aws", "azure", "gcp", "s3", "sign", "store", "keystore", "trust", "truststore", "key", "ssl", "tls", "cert", "vault",
    "master", "backup", "remote", "local", "pop", "caldav", "xmpp", "irc", "nick", "client", "service", "svc", "web", "www", "site", "test", "prod", "dev", "stage", "cosmos", "hmac",
    "session", "enc", "crypt", "wp", "rds", "es", "elastic", "solr", "kafka", "sasl", "snmp", "ipmi", "bmc", "sudo", "unix", "control",
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
    "address", "addr", "callback", "factory", "helper", "command", "cmd", "protobuf", "namespace", "used", "created",
    "updated", "at", "spec", "schema", "ref", "refs", "reference", "binding", "group", "realm", "user",
    "username", "stdin", "plugin", "module", "driver", "encoder", "scheme", "storage", "encryption", "fpr", "config", "settings", "options", "info", "meta", "metadata",
];

/// Words before `key` or `keys` that make it no secret: lookups, sorting, signing keys of package archives.
#[rustfmt::skip]
const KEY_COMPANIONS: &[&str] = &[
    "gpg", "pgp", "gnupg", "rpm", "apt", "deb", "sort", "order", "primary", "foreign", "partition",
    "cache", "dict", "lookup", "map", "idempotency", "object", "bucket", "s3", "row", "hash", "range",
    "translation", "i18n", "locale", "message", "event", "shortcut", "hot", "arrow", "enter", "registry",
    "host", "known", "allowed", "trusted", "ca", "cert", "group", "index", "unique", "composite",
    "routing", "config", "property", "site", "feature", "flag", "metric", "label", "color", "socket", "websocket",
];

/// Services whose key is a secret: `DEEPGRAM_KEY`, `giteaKey`. Those that hand a key to every browser (Algolia's search,
/// Mapbox, PostHog's project, Stripe's publishable one) are not among them.
#[rustfmt::skip]
const SERVICES: &[&str] = &[
    "abuseipdb", "accuweather", "adobe", "adyen", "aikido", "airbyte", "airtable", "anthropic", "anypoint", "asana", "assemblyai", "atlassian",
    "alphavantage", "apilayer", "attio", "axiom", "baseten", "bitbucket", "brightdata", "buildkite", "circleci", "clarifai", "clickup", "cloudflare", "codacy",
    "cohere", "confluent", "contentful", "crowdin", "customerio", "datadog", "descope", "doppler", "firecrawl", "fullstory",
    "helicone", "hightouch", "honeycomb", "ipinfo", "iterable", "jumpcloud", "langsmith", "logdna", "lokalise", "mandrill", "ngrok",
    "pulumi", "qdrant", "resend", "scraperapi", "scrapfly", "serpapi", "smartsheet", "statsig", "storyblok", "typesense", "upstash",
    "weaviate", "deepgram", "deepl", "deepseek",
    "diffbot", "digitalocean", "dropbox", "elevenlabs", "fastly", "figma", "flagsmith", "gemini", "gitea", "github", "gitlab",
    "grafana", "groq", "heroku", "hunter", "ipdata", "ipgeolocation", "jotform", "newsapi", "nytimes", "opencage", "serper", "scrapingbee", "tmdb", "weatherapi", "zenrows", "hubspot", "huggingface", "intercom", "ipstack", "jfrog", "jira", "klaviyo", "kucoin",
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

/// What a word says in a name: any number of classes.
#[derive(Clone, Copy, Default)]
pub(super) struct Classes(u16);

impl Classes {
    /// [`SECRET_WORDS`].
    pub(super) const SECRET: Self = Self(1);
    /// [`WEAK_WORDS`].
    pub(super) const WEAK: Self = Self(1 << 1);
    /// [`HARMLESS_WORDS`].
    pub(super) const HARMLESS: Self = Self(1 << 2);
    /// [`HARMLESS_ENDS`].
    pub(super) const HARMLESS_END: Self = Self(1 << 3);
    /// [`VERBS`].
    pub(super) const VERB: Self = Self(1 << 4);
    /// [`KEY_COMPANIONS`].
    pub(super) const KEY_COMPANION: Self = Self(1 << 5);
    /// [`TOKEN_COMPANIONS`].
    pub(super) const TOKEN_COMPANION: Self = Self(1 << 6);
    /// [`SERVICES`].
    pub(super) const SERVICE: Self = Self(1 << 7);
    /// [`OWNERS`] and [`SERVICES`].
    pub(super) const OWNER: Self = Self(1 << 8);

    /// Whether `class` is among them.
    pub(super) const fn has(self, class: Self) -> bool {
        self.0 & class.0 != 0
    }
}

/// The classes of a word, ASCII case ignored; none for a word that is not known.
pub(super) fn classes(word: &[u8]) -> Classes {
    let found = TABLE.get(bucket(word)).into_iter().flatten();
    found
        .filter(|(known, _)| word.eq_ignore_ascii_case(known.as_bytes()))
        .fold(Classes::default(), |all, (_, class)| Classes(all.0 | class.0))
}

/// Words by their length and their first letter.
static TABLE: LazyLock<Vec<Vec<(&'static str, Classes)>>> = LazyLock::new(|| {
    let lists: [(&[&'static str], Classes); 10] = [
        (SECRET_WORDS, Classes::SECRET),
        (WEAK_WORDS, Classes::WEAK),
        (HARMLESS_WORDS, Classes::HARMLESS),
        (HARMLESS_ENDS, Classes::HARMLESS_END),
        (VERBS, Classes::VERB),
        (KEY_COMPANIONS, Classes::KEY_COMPANION),
        (TOKEN_COMPANIONS, Classes::TOKEN_COMPANION),
        (SERVICES, Classes::SERVICE),
        (SERVICES, Classes::OWNER),
        (OWNERS, Classes::OWNER),
    ];
    let mut table = vec![Vec::new(); 32 * 32];
    for (list, class) in lists {
        for word in list {
            table[bucket(word.as_bytes())].push((*word, class));
        }
    }
    table
});

/// The place of a word in the table.
fn bucket(word: &[u8]) -> usize {
    let first = word.first().map_or(0, |b| usize::from(*b & 31));
    word.len().min(31) * 32 + first
}
