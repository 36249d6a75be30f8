//! Logins as `docker login` and `podman login` leave them: in a file, or with a credential helper that it names.
//!
//! docker_credential reads both; it knows no timeout and puts a helper's output into its errors, so it is called on a
//! thread of its own, and only the kind of its errors is kept.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use seaworthy_source::input::{self, InputError};
use serde::Deserialize;

/// How long a credential helper may take.
const HELPER_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest file of credentials that is read, in bytes.
const FILE_BYTES: u64 = 4 << 20;
/// Docker's key for Docker Hub.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// A login. It has no `Debug`, so that it cannot be printed.
#[derive(Clone)]
pub enum Login {
    /// None: the registry is asked without one.
    Anonymous,
    /// A name and a password or token, for `Basic` or in exchange for a token.
    Password(String, String),
    /// An OAuth 2 refresh token, in exchange for a token.
    Identity(String),
}

/// The parts of the file that say who is asked; the login itself is left to docker_credential.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    auths: Option<HashMap<String, serde::de::IgnoredAny>>,
    creds_store: Option<String>,
    cred_helpers: Option<HashMap<String, String>>,
}

/// Finds the login for `repository` of `registry`: in `file`, else in the files that docker and podman use.
///
/// # Errors
/// If a file or a helper that is there does not answer as it should; the reason, without anything from inside.
pub fn find(registry: &str, repository: &str, file: Option<&Path>) -> Result<Login, String> {
    let files = file.map_or_else(default_files, |file| vec![file.to_owned()]);
    for path in files {
        let bytes = match input::read_file(&path, FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(InputError::Missing) if file.is_none() => continue,
            Err(e) => return Err(format!("{}: {e}", path.display())),
        };
        match in_file(registry, repository, &path, bytes)? {
            Login::Anonymous => {}
            login => return Ok(login),
        }
    }
    Ok(Login::Anonymous)
}

fn default_files() -> Vec<PathBuf> {
    let dir = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = dir("HOME");
    let docker = dir("DOCKER_CONFIG").or_else(|| home.as_ref().map(|h| h.join(".docker")));
    let podman = [
        dir("REGISTRY_AUTH_FILE"),
        dir("XDG_RUNTIME_DIR").map(|d| d.join("containers/auth.json")),
        dir("XDG_CONFIG_HOME")
            .or_else(|| home.map(|h| h.join(".config")))
            .map(|d| d.join("containers/auth.json")),
    ];
    docker.map(|d| d.join("config.json")).into_iter().chain(podman.into_iter().flatten()).collect()
}

fn in_file(registry: &str, repository: &str, path: &Path, bytes: Vec<u8>) -> Result<Login, String> {
    let config: Config = serde_json::from_slice(&bytes)
        .map_err(|e| format!("{}: is not a file of credentials, line {}", path.display(), e.line()))?;
    let host = if registry == "docker.io" { DOCKER_HUB_KEY } else { registry };
    let key = key(registry, repository, host, &config);
    let helpers = config.cred_helpers.as_ref();
    let helper =
        helpers.and_then(|h| h.get(&key)).or(config.creds_store.as_ref()).cloned().unwrap_or_default();
    let (sender, answer) = mpsc::sync_channel(1);
    let asked = std::thread::Builder::new().name("credentials".into()).spawn(move || {
        // If no one waits any more, the answer is dropped here.
        let _ = sender.send(docker_credential::get_credential_from_reader(bytes.as_slice(), &key));
    });
    asked.map_err(|e| format!("no thread for the credential helper: {e}"))?;
    let program = format!("docker-credential-{helper}");
    match answer.recv_timeout(HELPER_TIMEOUT) {
        Ok(Ok(DockerCredential::UsernamePassword(name, password))) => Ok(Login::Password(name, password)),
        Ok(Ok(DockerCredential::IdentityToken(token))) => Ok(Login::Identity(token)),
        Ok(Err(error)) => match error {
            CredentialRetrievalError::NoCredentialConfigured => Ok(Login::Anonymous),
            CredentialRetrievalError::HelperFailure { stdout, stderr, .. }
                if is_unknown(&stdout, &stderr) =>
            {
                Ok(Login::Anonymous)
            }
            CredentialRetrievalError::HelperFailure { .. } => {
                Err(format!("the credential helper {program} failed; its output is not shown here"))
            }
            CredentialRetrievalError::HelperCommunicationError => Err(format!(
                "the credential helper {program}, named in {}, cannot be run, or does not listen",
                path.display()
            )),
            CredentialRetrievalError::MalformedHelperResponse => {
                Err(format!("the credential helper {program} gave an answer that is not a login"))
            }
            _ => Err(format!("{}: the entry for {registry} cannot be decoded", path.display())),
        },
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!(
            "the credential helper {program} gave no answer within {} s",
            HELPER_TIMEOUT.as_secs()
        )),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(format!("{}: cannot be read", path.display())),
    }
}

/// The key of the entry to use: podman's files also have some for a namespace or a repository, and the longest wins.
fn key(registry: &str, repository: &str, host: &str, config: &Config) -> String {
    let has = |key: &str| {
        config.auths.as_ref().is_some_and(|a| a.contains_key(key))
            || config.cred_helpers.as_ref().is_some_and(|h| h.contains_key(key))
    };
    let mut path = format!("{registry}/{repository}");
    while path.len() > registry.len() {
        if has(&path) {
            return path;
        }
        path.truncate(path.rfind('/').unwrap_or(0));
    }
    if has(registry) && !has(host) { registry.to_owned() } else { host.to_owned() }
}

/// What helpers print for a registry that they know no login for, by the helpers' protocol.
fn is_unknown(stdout: &str, stderr: &str) -> bool {
    [stdout, stderr].iter().any(|text| text.contains("credentials not found in native keychain"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::fs;

    use base64::Engine as _;

    use super::*;

    fn login(config: &str, registry: &str) -> Result<Login, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), config).unwrap();
        find(registry, "team/app", Some(file.path()))
    }

    fn entry(name: &str) -> String {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{name}:invented-password"));
        format!(r#"{{"auth":"{text}"}}"#)
    }

    fn name(config: &str, registry: &str) -> String {
        match login(config, registry).unwrap() {
            Login::Anonymous => "-".into(),
            Login::Password(name, password) => {
                assert_eq!(password, "invented-password");
                name
            }
            Login::Identity(token) => token,
        }
    }

    #[test]
    fn entries_are_found_by_their_key() {
        let config = format!(
            r#"{{"auths":{{"h.example":{},"h.example/team":{},"https://index.docker.io/v1/":{},
               "i.example":{{"identitytoken":"invented-refresh"}},"https://s.example/v2/":{}}}}}"#,
            entry("host"),
            entry("team"),
            entry("hub"),
            entry("scheme"),
        );
        assert_eq!(name(&config, "h.example"), "team");
        assert_eq!(name(&config, "docker.io"), "hub");
        assert_eq!(name(&config, "i.example"), "invented-refresh");
        assert_eq!(name(&config, "s.example"), "scheme");
        assert_eq!(name(&config, "other.example"), "-");
        assert_eq!(name("{}", "h.example"), "-");
    }

    #[test]
    fn faults_name_the_helper_or_the_file_and_nothing_from_inside() {
        let reason = |config: &str| match login(config, "h.example") {
            Err(reason) => reason,
            Ok(_) => panic!("a login from {config}"),
        };
        let store = reason(r#"{"credsStore":"no-such-helper"}"#);
        assert!(
            store.contains("docker-credential-no-such-helper") && store.contains("cannot be run"),
            "{store}"
        );
        let helper = reason(r#"{"credsStore":"b","credHelpers":{"h.example":"no-such-either"}}"#);
        assert!(helper.contains("docker-credential-no-such-either"), "{helper}");
        let broken = reason(r#"{"auths":{"h.example":{"auth":"invented-not-base64!"}}}"#);
        assert!(broken.contains("h.example") && !broken.contains("invented"), "{broken}");
        let syntax = reason(r#"{"auths":{"h.example":"invented-secret"#);
        assert!(!syntax.contains("invented"), "{syntax}");
        assert!(find("h.example", "a", Some(Path::new("no/such/file"))).is_err());
    }
}
