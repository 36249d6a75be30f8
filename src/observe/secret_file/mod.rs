//! File kinds that are made to hold secrets, told by their names and, where the name alone says too little, by their
//! content.

mod content;
mod keystore;
mod logins;
mod lone;

use memchr::memmem::find;

use crate::finding::Severity;
use content::Holding;
use seaworthy_detect::validate::Likelihood;

/// A kind of file that is made to hold secrets.
#[derive(Debug)]
pub struct SecretFileKind {
    /// What a person calls it.
    pub what: &'static str,
    /// How bad it is to find one, at most; see [`SecretFileKind::severity_of`].
    pub severity: Severity,
    name: Name,
    content: Content,
}

/// How a kind is told by its path.
#[derive(Clone, Copy, Debug)]
enum Name {
    /// The file's own name.
    Is(&'static [&'static str]),
    /// The end of the file's own name.
    EndsWith(&'static [&'static str]),
    /// The end of the path, directories included.
    PathEndsWith(&'static [&'static str]),
    /// `.env` and its relatives, but not its templates.
    Dotenv,
    /// `NAME.env` and `.envrc`: settings as often as secrets.
    NamedDotenv,
    /// Private key files of OpenSSH.
    SshKey,
}

/// What a file of a kind must hold to count.
#[derive(Clone, Copy, Debug)]
enum Content {
    /// Anything.
    Any,
    /// At least one assignment of a value.
    Assignment,
    /// An assignment to a secret's name, or a URL with a password.
    SecretAssignment,
    /// One of these texts.
    Holds(&'static [&'static [u8]]),
    /// A value for one of these keys.
    Value(&'static [&'static [u8]]),
    /// An XML element with a value; the start tags.
    Element(&'static [&'static [u8]]),
    /// A JSON member with a text in it.
    Member(&'static [&'static str]),
    /// What the function says.
    Test(fn(&[u8]) -> bool),
}

const KINDS: &[SecretFileKind] = &[
    kind("environment file", Severity::High, Name::Dotenv, Content::Assignment),
    kind("environment file", Severity::High, Name::NamedDotenv, Content::SecretAssignment),
    kind("SSH private key", Severity::High, Name::SshKey, Content::Holds(&[b"PRIVATE KEY"])),
    kind(
        "npm configuration with credentials",
        Severity::High,
        Name::Is(&[".npmrc"]),
        Content::Value(&[b"_authToken", b"_auth", b"_password"]),
    ),
    kind(
        "Yarn configuration with credentials",
        Severity::High,
        Name::Is(&[".yarnrc.yml"]),
        Content::Value(&[b"npmAuthToken", b"npmAuthIdent"]),
    ),
    kind(
        "PyPI configuration with a password",
        Severity::High,
        Name::Is(&[".pypirc"]),
        Content::Value(&[b"password"]),
    ),
    kind(
        "netrc with a password",
        Severity::High,
        Name::Is(&[".netrc", "_netrc"]),
        Content::Test(content::netrc),
    ),
    kind(
        "git credential store",
        Severity::High,
        Name::Is(&[".git-credentials"]),
        Content::Test(content::git_credentials),
    ),
    kind(
        "git repository configuration with credentials",
        Severity::High,
        Name::PathEndsWith(&[".git/config"]),
        Content::Test(content::git_config),
    ),
    kind(
        "git repository with all its history",
        Severity::Medium,
        Name::PathEndsWith(&[".git/HEAD"]),
        Content::Any,
    ),
    kind("PostgreSQL password file", Severity::High, Name::Is(&[".pgpass"]), Content::Test(content::pgpass)),
    kind(
        "MySQL client configuration with a password",
        Severity::High,
        Name::Is(&[".my.cnf"]),
        Content::Value(&[b"password"]),
    ),
    kind(
        "list of pre-shared keys",
        Severity::High,
        Name::PathEndsWith(&["racoon/psk.txt", "raddb/server", "pam_radius_auth.conf", "radcli/servers"]),
        Content::Test(content::shared_keys),
    ),
    kind(
        "Deluge users",
        Severity::High,
        Name::PathEndsWith(&["deluge/auth"]),
        Content::Test(content::deluge),
    ),
    kind("Exim logins", Severity::High, Name::Is(&["passwd.client"]), Content::Test(content::exim_logins)),
    kind("HexChat networks", Severity::High, Name::Is(&["servlist.conf"]), Content::Test(content::hexchat)),
    kind("MySQL login file", Severity::High, Name::Is(&[".mylogin.cnf"]), Content::Any),
    kind("Vault token", Severity::High, Name::Is(&[".vault-token"]), Content::Any),
    kind(
        "AWS credentials file",
        Severity::High,
        Name::PathEndsWith(&[".aws/credentials"]),
        Content::Value(&[b"aws_secret_access_key", b"aws_session_token"]),
    ),
    kind("AWS token cache", Severity::High, Name::PathEndsWith(&[".aws/sso/cache/token.json"]), Content::Any),
    kind(
        "Google Cloud credentials",
        Severity::High,
        Name::Is(&["application_default_credentials.json", "credentials.db", "access_tokens.db"]),
        Content::Any,
    ),
    kind(
        "Azure token cache",
        Severity::High,
        Name::PathEndsWith(&[
            ".azure/accessTokens.json",
            ".azure/msal_token_cache.json",
            ".azure/msal_token_cache.bin",
        ]),
        Content::Any,
    ),
    kind(
        "Docker configuration with credentials",
        Severity::High,
        Name::PathEndsWith(&[".docker/config.json", "containers/auth.json", ".dockercfg"]),
        Content::Member(&["auth", "identitytoken", "password"]),
    ),
    kind(
        "kubeconfig with credentials",
        Severity::High,
        Name::PathEndsWith(&[
            ".kube/config",
            "kubeconfig",
            "kubeconfig.yaml",
            "kubeconfig.yml",
            "/admin.conf",
        ]),
        Content::Value(&[b"client-key-data", b"token", b"password"]),
    ),
    kind(
        "Terraform state",
        Severity::High,
        Name::EndsWith(&[".tfstate", ".tfstate.backup"]),
        Content::Test(content::terraform_state),
    ),
    kind("Terraform plan", Severity::High, Name::EndsWith(&[".tfplan"]), Content::Any),
    kind(
        "Terraform variables",
        Severity::Medium,
        Name::EndsWith(&[".tfvars", ".tfvars.json"]),
        Content::Assignment,
    ),
    kind(
        "Terraform CLI credentials",
        Severity::High,
        Name::Is(&["credentials.tfrc.json", ".terraformrc"]),
        Content::Value(&[b"token"]),
    ),
    kind(
        "keystore",
        Severity::High,
        Name::EndsWith(&[".jks", ".jceks", ".keystore", ".p12", ".pfx", ".bcfks"]),
        Content::Test(keystore::has_key),
    ),
    kind("PuTTY private key", Severity::High, Name::EndsWith(&[".ppk"]), Content::Holds(&[b"Private-Lines"])),
    kind(
        "Java Maven settings with a password",
        Severity::High,
        Name::PathEndsWith(&[".m2/settings.xml", ".m2/settings-security.xml"]),
        Content::Element(&[b"<password>", b"<passphrase>", b"<master>"]),
    ),
    kind(
        "Gradle properties with credentials",
        Severity::High,
        Name::PathEndsWith(&[".gradle/gradle.properties"]),
        Content::Value(&[b"assword", b"oken", b"ecret"]),
    ),
    kind(
        "Cargo credentials",
        Severity::High,
        Name::PathEndsWith(&[".cargo/credentials", ".cargo/credentials.toml"]),
        Content::Value(&[b"token"]),
    ),
    kind(
        "RubyGems credentials",
        Severity::High,
        Name::PathEndsWith(&[".gem/credentials"]),
        Content::Value(&[b"_key"]),
    ),
    kind(
        "Composer credentials",
        Severity::High,
        Name::Is(&["auth.json"]),
        Content::Member(&[
            "github-oauth",
            "http-basic",
            "gitlab-oauth",
            "gitlab-token",
            "bitbucket-oauth",
            "bearer",
        ]),
    ),
    kind(
        "Rails master key",
        Severity::High,
        Name::PathEndsWith(&["config/master.key", "config/credentials/production.key"]),
        Content::Test(content::hex_key),
    ),
    kind(
        "PgBouncer user list with passwords",
        Severity::High,
        Name::Is(&["userlist.txt"]),
        Content::Test(content::pgbouncer_users),
    ),
    kind("Erlang cookie", Severity::High, Name::Is(&[".erlang.cookie"]), Content::Any),
    kind(
        "Jenkins secret",
        Severity::High,
        Name::PathEndsWith(&[
            "secrets/initialAdminPassword",
            "secrets/master.key",
            "secrets/hudson.util.Secret",
        ]),
        Content::Any,
    ),
    kind("password database", Severity::High, Name::EndsWith(&[".kdbx", ".kdb", ".psafe3"]), Content::Any),
    kind(
        "GitHub CLI credentials",
        Severity::High,
        Name::PathEndsWith(&[".config/gh/hosts.yml"]),
        Content::Value(&[b"oauth_token"]),
    ),
    kind(
        "FTP or SFTP client settings with a password",
        Severity::High,
        Name::Is(&[
            ".ftpconfig",
            ".ftppass",
            ".remote-sync.json",
            "sftp-config.json",
            "sftp.json",
            ".sftp.json",
            "ftpsync.settings",
        ]),
        Content::Value(&[b"\"password\"", b"\"pass\"", b"\"passphrase\""]),
    ),
    kind(
        "FileZilla sites with passwords",
        Severity::High,
        Name::Is(&["sitemanager.xml", "recentservers.xml", "filezilla.xml"]),
        Content::Element(&[b"<Pass>", b"<Pass encoding=\"base64\">"]),
    ),
    kind(
        "saved logins of a browser",
        Severity::High,
        Name::Is(&["logins.json"]),
        Content::Value(&[b"\"encryptedPassword\""]),
    ),
    kind(
        "mail client settings with a password",
        Severity::High,
        Name::Is(&[".esmtprc", ".msmtprc", ".fetchmailrc", ".mbsyncrc", ".offlineimaprc", "msmtprc"]),
        Content::Value(&[b"password", b"Pass", b"remotepass"]),
    ),
    kind(
        "mount credentials",
        Severity::High,
        Name::Is(&[".smbcredentials", ".cifscredentials", ".smbcreds"]),
        Content::Value(&[b"password"]),
    ),
    kind(
        "object storage client settings with a key",
        Severity::High,
        Name::Is(&[".s3cfg", ".boto", "rclone.conf", ".passwd-s3fs"]),
        Content::Value(&[
            b"secret_key",
            b"gs_secret_access_key",
            b"aws_secret_access_key",
            b"secret_access_key",
            b"pass",
        ]),
    ),
    kind(
        "command-line credentials",
        Severity::High,
        Name::PathEndsWith(&[
            ".databrickscfg",
            ".sentryclirc",
            ".tugboat",
            ".kaggle/kaggle.json",
            ".circleci/cli.yml",
            ".config/doctl/config.yaml",
            ".config/hub",
            ".config/glab-cli/config.yml",
            ".fly/config.yml",
            ".netlify/config.json",
            ".travis/config.yml",
            ".config/pulumi/credentials.json",
            ".pulumi/credentials.json",
            ".snowsql/config",
            ".config/snowflake/connections.toml",
            ".config/argocd/config",
            ".argocd/config",
        ]),
        Content::Value(&[
            b"token",
            b"password",
            b"\"key\"",
            b"api_key",
            b"api-key",
            b"access-token",
            b"access_token",
            b"oauth_token",
            b"accessToken",
        ]),
    ),
    kind("GnuPG secret keys", Severity::High, Name::PathEndsWith(&[".gnupg/secring.gpg"]), Content::Any),
    kind(
        "shell history",
        Severity::Medium,
        Name::Is(&[
            ".bash_history",
            ".zsh_history",
            ".psql_history",
            ".mysql_history",
            ".python_history",
            ".node_repl_history",
        ]),
        Content::Any,
    ),
];

const fn kind(what: &'static str, severity: Severity, name: Name, content: Content) -> SecretFileKind {
    SecretFileKind { what, severity, name, content }
}

/// The kind of a file by its path (`/` between the parts), whatever it holds.
pub fn by_path(path: &[u8]) -> Option<&'static SecretFileKind> {
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    KINDS.iter().chain(logins::KINDS).find(|k| match k.name {
        Name::Is(names) => names.iter().any(|n| file == n.as_bytes()),
        Name::EndsWith(ends) => ends.iter().any(|e| file.len() > e.len() && file.ends_with(e.as_bytes())),
        Name::PathEndsWith(ends) => ends.iter().any(|e| is_path_end(path, e.as_bytes())),
        Name::Dotenv => is_dotenv(file),
        Name::NamedDotenv => is_named_dotenv(file),
        Name::SshKey => {
            let names: [&[u8]; 8] = [
                b"id_rsa",
                b"id_dsa",
                b"id_ecdsa",
                b"id_ed25519",
                b"id_ecdsa_sk",
                b"id_ed25519_sk",
                b"identity",
                b"ssh_host_key",
            ];
            names.contains(&file) || file.starts_with(b"ssh_host_") && file.ends_with(b"_key")
        }
    })
}

/// A saved plan of Terraform under a name of its own, such as `plan.out`: it holds the values of sensitive variables.
static SAVED_PLAN: SecretFileKind =
    kind("Terraform plan", Severity::High, Name::Is(&[]), Content::Test(content::saved_plan));

/// A keystore under a name of its own.
static KEYSTORE: SecretFileKind =
    kind("keystore", Severity::High, Name::Is(&[]), Content::Test(keystore::is_keystore_with_key));

/// A private key in DER, without the armour that detectors look for.
static DER_KEY: SecretFileKind =
    kind("private key in DER", Severity::High, Name::Is(&[]), Content::Test(keystore::is_key));

/// A file that consists of a secret.
static LONE: SecretFileKind =
    kind("file that consists of a secret", Severity::High, Name::Is(&[]), Content::Any);

/// The variable's name that the name of a file stands for whose one word is a secret: `db_password` for
/// `/run/secrets/db_password.txt`.
pub fn word_name(path: &[u8]) -> Option<String> {
    lone::variable(path)
}

/// The kind of a file that is one word, by its path, and how bad it is; `content` is the whole file.
pub fn by_word(path: &[u8], content: &[u8]) -> Option<(&'static SecretFileKind, Severity)> {
    let likelihood = lone::likelihood_of(path, content)?;
    let severity = if likelihood == Likelihood::Low { Severity::Medium } else { LONE.severity };
    Some((&LONE, severity))
}

/// The kind of a file that its beginning tells, whatever its name is. `head` is the whole file for all but large ones.
pub fn by_content(head: &[u8]) -> Option<&'static SecretFileKind> {
    if !matches!(head.first(), Some(b'P' | 0x30 | 0xfe | 0xce)) {
        return None;
    }
    [&SAVED_PLAN, &KEYSTORE, &DER_KEY].into_iter().find(|kind| kind.counts(head))
}

/// A file's beginning without the byte order mark that editors of Windows put there.
fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)
}

impl SecretFileKind {
    /// How bad a file that begins with `head` is: an environment file that gives no secret's name a value is milder.
    pub fn severity_of(&self, head: &[u8]) -> Severity {
        let head = without_mark(head);
        let mild = matches!(self.name, Name::Dotenv) && content::assignments(head) < Holding::Secret;
        if mild { Severity::Medium } else { self.severity }
    }

    /// Whether a file of this kind that begins with `head` really holds something: a value, no reference or ciphertext.
    /// `head` is the whole file for all but very large ones.
    pub fn counts(&self, head: &[u8]) -> bool {
        let head = without_mark(head);
        if content::is_ciphertext(head) {
            return false;
        }
        match self.content {
            Content::Any => !head.trim_ascii().is_empty(),
            Content::Holds(texts) => texts.iter().any(|t| find(head, t).is_some()),
            Content::Assignment => content::assignments(head) > Holding::Nothing,
            Content::SecretAssignment => content::assignments(head) == Holding::Secret,
            Content::Value(keys) => content::has_value(head, keys),
            Content::Element(tags) => content::has_element(head, tags),
            Content::Member(members) => content::json_member(head, members),
            Content::Test(test) => test(head),
        }
    }
}

/// Whether `path` ends with `end` at a directory's border; an `end` that begins with a slash wants a directory before
/// it.
fn is_path_end(path: &[u8], end: &[u8]) -> bool {
    path.strip_suffix(end).is_some_and(|rest| {
        rest.is_empty() && !end.starts_with(b"/") || rest.ends_with(b"/") || end.starts_with(b"/")
    })
}

/// `.env` and `.env.production`, not `.env.example` and its like.
fn is_dotenv(file: &[u8]) -> bool {
    let lower = file.to_ascii_lowercase();
    (lower == b".env" || lower.starts_with(b".env.")) && !is_template(&lower)
}

/// `prod.env` and `.envrc`.
fn is_named_dotenv(file: &[u8]) -> bool {
    let lower = file.to_ascii_lowercase();
    (lower == b".envrc" || lower.len() > 4 && lower.ends_with(b".env")) && !is_template(&lower)
}

/// Whether a name says that the file is to be filled in.
fn is_template(lower: &[u8]) -> bool {
    [&b"example"[..], b"sample", b"template", b"dist", b"defaults", b"tmpl", b"schema"]
        .iter()
        .any(|t| lower.split(|b| matches!(b, b'.' | b'-' | b'_')).any(|part| part == *t))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(path: &str, content: &str) -> Option<&'static str> {
        by_path(path.as_bytes()).filter(|k| k.counts(content.as_bytes())).map(|k| k.what)
    }

    #[test]
    fn kinds() {
        assert_eq!(what("app/.env", "A=b\n"), Some("environment file"));
        assert_eq!(what("app/prod.env", "export DB_PASSWORD=hX7PKR0CsTy4\n"), Some("environment file"));
        assert_eq!(what("app/prod.env", "export DB_URL=pg://a:hX7PKR0CsTy4@h/x\n"), Some("environment file"));
        assert_eq!(what("usr/local/go/go.env", "GOPROXY=https://proxy.example\nGOSUMDB=on\n"), None);
        assert_eq!(what("app/.env.example", "A=b\n"), None);
        assert_eq!(what("app/.env", "# nothing\nA=\n"), None);
        assert_eq!(what("root/.npmrc", "registry=https://r/\n"), None);
        assert_eq!(
            what("root/.npmrc", "//r/:_authToken=hX7PKR0CsTy4\n"),
            Some("npm configuration with credentials")
        );
        assert_eq!(
            what("root/.kube/config", "users:\n- token: hX7PKR0CsTy4\n"),
            Some("kubeconfig with credentials")
        );
        assert_eq!(what("x/not.kube/config", "token: x"), None);
        assert_eq!(
            what("etc/kubernetes/admin.conf", "client-key-data: hX7PKR0CsTy4"),
            Some("kubeconfig with credentials")
        );
        assert_eq!(
            what("etc/ssh/ssh_host_rsa_key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
            Some("SSH private key")
        );
        assert_eq!(what("a/id_rsa.pub", "ssh-rsa x"), None);
        assert_eq!(what("srv/app.p12", "\u{0}\u{1}xy"), Some("keystore"));
        let users = Some("PgBouncer user list with passwords");
        assert_eq!(what("etc/pgbouncer/userlist.txt", "; users\n\"pilot\" \"hX7PKR0CsTy4\"\n"), users);
        assert_eq!(what("etc/pgbouncer/userlist.txt", "\"pilot\" \"SCRAM-SHA-256$4096:x\"\n"), None);
        assert_eq!(what("home/x/.erlang.cookie", "QWERTZUIOPASDFGHJKLY"), Some("Erlang cookie"));
        // A byte order mark, as editors of Windows write it.
        assert_eq!(what("app/.env", "\u{feff}DB_PASSWORD=hX7PKR0CsTy4\n"), Some("environment file"));
        let plan = format!("PK\u{3}\u{4}{}\u{6}\0\0\0tfplan\u{a}", "\0".repeat(22));
        assert_eq!(what("infra/prod.tfplan", &plan), Some("Terraform plan"));
        assert_eq!(by_content(plan.as_bytes()).map(|kind| kind.what), Some("Terraform plan"));
        assert!(by_content(plan.replace("tfplan", "a/b.py").as_bytes()).is_none());
    }

    #[test]
    fn references_comments_and_ciphertext_are_no_secrets() {
        for (path, content) in [
            (
                "app/.env.vault",
                "DOTENV_VAULT_PRODUCTION=\"s7NYXa809k/bVSPwIAmJhPJmEGTtU0hG58hOZy7I0ix6y5\"\n",
            ),
            ("app/.git-credentials", "https://x:${TOKEN}@github.com\n"),
            ("app/.netrc", "machine github.com login x password $TOKEN\n"),
            ("app/.netrc", "machine github.com login x password your-password\n"),
            ("app/.ftpconfig", "{\"host\": \"h\", \"pass\": \"\", \"passphrase\": \"\"}"),
            ("x/filezilla/sitemanager.xml", "<Host>h</Host><Pass></Pass>"),
            ("x/logins.json", "{\"logins\":[]}"),
            ("root/.msmtprc", "account a\npasswordeval \"pass show mail\"\n"),
            ("root/.s3cfg", "[default]\nsecret_key =\n"),
            ("app/.yarnrc.yml", "npmScopes:\n  acme:\n    npmAuthToken: \"${NPM_TOKEN-}\"\n"),
            ("app/.npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n"),
            ("app/.npmrc", "# //registry.npmjs.org/:_authToken=hX7PKR0CsTy4\nsave-exact=true\n"),
            ("app/auth.json", "{\"github-oauth\":{\"github.com\":\"%env(TOKEN)%\"}}"),
            ("app/.env", "DB_PASSWORD=${DB_PASSWORD}\n"),
            ("app/secrets.enc.env", "DB_PASSWORD=ENC[AES256_GCM,data:abcd,type:str]\nsops_version=3.8.1\n"),
            ("app/.env", "$ANSIBLE_VAULT;1.1;AES256\n6162636465\n"),
            ("app/terraform.tfstate", "{\"version\":4,\"resources\":[]}"),
            (
                "app/.envrc",
                "source_url \"https://example.com/d\" \"sha256-7u4iDd1nZpxL4tCz2v1k=\"\n\nuse devenv\n",
            ),
            ("root/.docker/config.json", "{\"auths\":{\"r\":{}},\"credsStore\":\"pass\"}"),
            ("root/.m2/settings.xml", "<server><password>${env.X}</password></server>"),
            ("x/.git/config", "[remote \"origin\"]\n\turl = git@github.com:x/y.git\n"),
        ] {
            assert_eq!(what(path, content), None, "{path}");
        }
        for (path, content) in [
            ("app/.git-credentials", "https://x:hX7PKR0CsTy4Qwb8@github.com\n"),
            ("app/.git-credentials", "https://x:pass123@github.com\n"),
            ("app/.netrc", "machine m login x password pass123\n"),
            ("app/.ftpconfig", "{\"host\": \"h\", \"pass\": \"hX7PKR0CsTy4\"}"),
            ("x/filezilla/sitemanager.xml", "<Pass encoding=\"base64\">aFg3UEtSMENzVHk0</Pass>"),
            (
                "x/.mozilla/firefox/a.default/logins.json",
                "{\"encryptedPassword\":\"MDoEEPgAAAAAAAAAAAAAAAAAAAEwFAYIKoZIhvcNAwcECDKq7Tz2mRk9BBAvLpX04aBcD3wEfGh5jKm8\"}",
            ),
            ("root/.msmtprc", "account a\npassword hX7PKR0CsTy4\n"),
            ("root/.s3cfg", "[default]\nsecret_key = hX7PKR0CsTy4Qwb8\n"),
            ("root/.smbcredentials", "username=x\npassword=hX7PKR0CsTy4\n"),
            ("root/.config/hub", "github.com:\n- user: x\n  oauth_token: hX7PKR0CsTy4Qwb8\n"),
            ("app/.netrc", "machine github.com\n  login x\n  password hX7PKR0CsTy4\n"),
            ("app/.yarnrc.yml", "npmAuthToken: hX7PKR0CsTy4Qwb8\n"),
            ("app/.yarnrc.yml", "npmAuthToken: \"${NPM_TOKEN:-hX7PKR0CsTy4Qwb8}\"\n"),
            ("app/auth.json", "{\"http-basic\":{\"r\":{\"username\":\"x\",\"password\":\"hX7PKR0CsTy4\"}}}"),
            ("app/.env", "DB_PASSWORD=${DB_PASSWORD}\nX=1\n"),
            ("root/.docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"eDpoWDdQS1IwQ3NUeTQ=\"}}}"),
            ("root/.m2/settings.xml", "<server><password>hX7PKR0CsTy4</password></server>"),
            ("root/.gradle/gradle.properties", "nexusPassword=hX7PKR0CsTy4\n"),
            ("root/.my.cnf", "[client]\npassword = hX7PKR0CsTy4\n"),
            ("root/.pgpass", "db:5432:orders:app:hX7PKR0CsTy4\n"),
        ] {
            assert!(what(path, content).is_some(), "{path}: {content}");
        }
    }
}
