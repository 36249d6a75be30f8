//! What is said to registries and heard from them, whether or not the clients are built in.

use std::path::PathBuf;

use crate::Digest;

/// How a registry is spoken to.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Speak plain HTTP. Registries on this machine itself (`localhost`, 127.0.0.0/8, `[::1]`) are spoken to so
    /// anyway, all others with TLS.
    pub plain_http: bool,
    /// The file with the logins, in the form of Docker's `config.json`, in place of those that docker and podman use.
    pub auth_file: Option<PathBuf>,
    /// Further hosts that the registry may redirect to over TLS, though they lie in a private network or the registry is
    /// spoken to without TLS: an object store, a VPC endpoint.
    pub redirect_hosts: Vec<String>,
    /// Hosts of token endpoints on other domains than the registry's, which may see its login.
    pub login_hosts: Vec<String>,
}

/// What a tag led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagAnswer {
    /// The registry has no such tag, or no such repository.
    Nothing(String),
    /// The digest of the manifest's bytes.
    Digest(Digest),
    /// The registry said one thing and then another; what.
    Contradiction(String),
}
