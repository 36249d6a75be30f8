//! File kinds that are made to hold secrets, told by their names and, where the name alone says too little, by their
//! content.

use memchr::memmem::find;

use crate::finding::Severity;
use seaworthy_detect::validate::is_secret_name;

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
    /// The end of the path, folders included.
    PathEndsWith(&'static [&'static str]),
    /// `.env` and its relatives, but not its templates.
    Dotenv,
    /// Private key files of OpenSSH.
    SshKey,
}

/// What a file of a kind must hold to count.
#[derive(Clone, Copy, Debug)]
enum Content {
    /// Anything.
    Any,
    /// At least one assignment.
    Assignment,
    /// One of these texts.
    Holds(&'static [&'static [u8]]),
}

const KINDS: &[SecretFileKind] = &[
    kind("environment file", Severity::High, Name::Dotenv, Content::Assignment),
    kind("SSH private key", Severity::High, Name::SshKey, Content::Holds(&[b"PRIVATE KEY"])),
    kind(
        "npm configuration with credentials",
        Severity::High,
        Name::Is(&[".npmrc"]),
        Content::Holds(&[b"_authToken", b"_auth", b"_password"]),
    ),
    kind(
        "Yarn configuration with credentials",
        Severity::High,
        Name::Is(&[".yarnrc.yml"]),
        Content::Holds(&[b"npmAuth"]),
    ),
    kind(
        "PyPI configuration with a password",
        Severity::High,
        Name::Is(&[".pypirc"]),
        Content::Holds(&[b"password"]),
    ),
    kind(
        "netrc with a password",
        Severity::High,
        Name::Is(&[".netrc", "_netrc"]),
        Content::Holds(&[b"password"]),
    ),
    kind("git credential store", Severity::High, Name::Is(&[".git-credentials"]), Content::Holds(&[b"://"])),
    kind(
        "git repository configuration with credentials",
        Severity::High,
        Name::PathEndsWith(&[".git/config"]),
        Content::Holds(&[b"@", b"extraheader", b"token"]),
    ),
    kind(
        "git repository with all its history",
        Severity::Medium,
        Name::PathEndsWith(&[".git/HEAD"]),
        Content::Any,
    ),
    kind("PostgreSQL password file", Severity::High, Name::Is(&[".pgpass"]), Content::Holds(&[b":"])),
    kind(
        "MySQL client configuration with a password",
        Severity::High,
        Name::Is(&[".my.cnf", ".mylogin.cnf"]),
        Content::Any,
    ),
    kind("Vault token", Severity::High, Name::Is(&[".vault-token"]), Content::Any),
    kind(
        "AWS credentials file",
        Severity::High,
        Name::PathEndsWith(&[".aws/credentials"]),
        Content::Holds(&[b"aws_secret_access_key", b"aws_session_token"]),
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
        Content::Holds(&[b"\"auth\"", b"identitytoken"]),
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
        Content::Holds(&[b"client-key-data", b"token:", b"password:"]),
    ),
    kind(
        "Terraform state",
        Severity::High,
        Name::EndsWith(&[".tfstate", ".tfstate.backup"]),
        Content::Holds(&[b"\"resources\"", b"\"modules\""]),
    ),
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
        Content::Holds(&[b"token"]),
    ),
    kind(
        "keystore",
        Severity::High,
        Name::EndsWith(&[".jks", ".keystore", ".p12", ".pfx", ".bcfks"]),
        Content::Any,
    ),
    kind("PuTTY private key", Severity::High, Name::EndsWith(&[".ppk"]), Content::Holds(&[b"Private-Lines"])),
    kind(
        "Java Maven settings with a password",
        Severity::High,
        Name::PathEndsWith(&[".m2/settings.xml", ".m2/settings-security.xml"]),
        Content::Holds(&[b"<password>", b"<privateKey>", b"<passphrase>", b"<master>"]),
    ),
    kind(
        "Gradle properties with credentials",
        Severity::High,
        Name::PathEndsWith(&[".gradle/gradle.properties"]),
        Content::Holds(&[b"assword", b"oken", b"ecret"]),
    ),
    kind(
        "Cargo credentials",
        Severity::High,
        Name::PathEndsWith(&[".cargo/credentials", ".cargo/credentials.toml"]),
        Content::Holds(&[b"token"]),
    ),
    kind("RubyGems credentials", Severity::High, Name::PathEndsWith(&[".gem/credentials"]), Content::Any),
    kind(
        "Composer credentials",
        Severity::High,
        Name::Is(&["auth.json"]),
        Content::Holds(&[b"github-oauth", b"http-basic", b"gitlab-token", b"bearer"]),
    ),
    kind(
        "Rails master key",
        Severity::High,
        Name::PathEndsWith(&["config/master.key", "config/credentials/production.key"]),
        Content::Any,
    ),
    kind(
        "GitHub CLI credentials",
        Severity::High,
        Name::PathEndsWith(&[".config/gh/hosts.yml"]),
        Content::Holds(&[b"oauth_token"]),
    ),
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
    KINDS.iter().find(|k| match k.name {
        Name::Is(names) => names.iter().any(|n| file == n.as_bytes()),
        Name::EndsWith(ends) => ends.iter().any(|e| file.len() > e.len() && file.ends_with(e.as_bytes())),
        Name::PathEndsWith(ends) => ends.iter().any(|e| is_path_end(path, e.as_bytes())),
        Name::Dotenv => is_dotenv(file),
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

impl SecretFileKind {
    /// How bad a file that begins with `head` is: an environment file that gives no secret's name a value is milder.
    pub fn severity_of(&self, head: &[u8]) -> Severity {
        let names_secret = |line: &[u8]| {
            let line = line.trim_ascii();
            let line = line.strip_prefix(b"export ").unwrap_or(line);
            let name = line.split(|b| *b == b'=').next().unwrap_or_default();
            is_assignment(line) && std::str::from_utf8(name).is_ok_and(|n| is_secret_name(n.trim()))
        };
        let mild = matches!(self.name, Name::Dotenv) && !head.split(|b| *b == b'\n').any(names_secret);
        if mild { Severity::Medium } else { self.severity }
    }

    /// Whether a file of this kind that begins with `head` really holds something; `head` is the whole file for all
    /// but very large ones.
    pub fn counts(&self, head: &[u8]) -> bool {
        match self.content {
            Content::Any => !head.is_empty(),
            Content::Holds(texts) => texts.iter().any(|t| find(head, t).is_some()),
            Content::Assignment => head.split(|b| *b == b'\n').any(is_assignment),
        }
    }
}

/// Whether `path` ends with `end` at a folder's border; an `end` that begins with a slash wants a folder before it.
fn is_path_end(path: &[u8], end: &[u8]) -> bool {
    path.strip_suffix(end).is_some_and(|rest| {
        rest.is_empty() && !end.starts_with(b"/") || rest.ends_with(b"/") || end.starts_with(b"/")
    })
}

/// `.env`, `.env.production`, `prod.env`, `.envrc`; not `.env.example` and its like.
fn is_dotenv(file: &[u8]) -> bool {
    let lower = file.to_ascii_lowercase();
    let named = lower == b".env"
        || lower == b".envrc"
        || lower.starts_with(b".env.")
        || lower.len() > 4 && lower.ends_with(b".env");
    let template = [&b"example"[..], b"sample", b"template", b"dist", b"defaults", b"tmpl", b"schema"]
        .iter()
        .any(|t| lower.split(|b| matches!(b, b'.' | b'-' | b'_')).any(|part| part == *t));
    named && !template
}

/// Whether a line gives a variable a value.
fn is_assignment(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let Some(equals) = line.iter().position(|b| *b == b'=') else { return false };
    !line.starts_with(b"#") && equals > 0 && !line[equals + 1..].trim_ascii().is_empty()
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
        assert_eq!(what("app/prod.env", "export A=b\n"), Some("environment file"));
        assert_eq!(what("app/.env.example", "A=b\n"), None);
        assert_eq!(what("app/.env", "# nothing\nA=\n"), None);
        assert_eq!(what("root/.npmrc", "registry=https://r/\n"), None);
        assert_eq!(what("root/.npmrc", "//r/:_authToken=x\n"), Some("npm configuration with credentials"));
        assert_eq!(what("root/.kube/config", "users:\n- token: x\n"), Some("kubeconfig with credentials"));
        assert_eq!(what("x/not.kube/config", "token: x"), None);
        assert_eq!(
            what("etc/kubernetes/admin.conf", "client-key-data: x"),
            Some("kubeconfig with credentials")
        );
        assert_eq!(
            what("etc/ssh/ssh_host_rsa_key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
            Some("SSH private key")
        );
        assert_eq!(what("a/id_rsa.pub", "ssh-rsa x"), None);
        assert_eq!(what("srv/app.p12", "\u{0}x"), Some("keystore"));
    }
}
