//! `[registry]`, as far as it says where a registry may send us; what it must answer is in [`super::documents`].

use crate::contract::marked::Marked;
use crate::contract::validator::Validator;

use super::documents::RawRegistry;
use crate::contract::fault::Fault;

/// Hosts that a registry may send to though its own address does not say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryHosts {
    /// Hosts that it may redirect to over TLS: an internal object store, a VPC endpoint.
    pub redirect: Vec<String>,
    /// Hosts of token endpoints that may see its login.
    pub login: Vec<String>,
}

impl Validator<'_> {
    /// Checks the hosts of `[registry]`.
    pub(in crate::contract) fn registry_hosts(&mut self, raw: &RawRegistry) -> RegistryHosts {
        RegistryHosts {
            redirect: self.hosts("an entry of `redirect_hosts`", raw.redirect_hosts.as_deref()),
            login: self.hosts("an entry of `login_hosts`", raw.login_hosts.as_deref()),
        }
    }

    fn hosts(&mut self, what: &'static str, written: Option<&[Marked<String>]>) -> Vec<String> {
        written.unwrap_or_default().iter().filter_map(|text| self.read(what, text, host)).collect()
    }
}

/// A host's name or address, without scheme, port or path.
fn host(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    let is_address = text.starts_with('[') && text.ends_with(']');
    let is_name = !text.contains([':', '[', ']']) && !text.starts_with('.') && !text.contains("..");
    if !text.is_empty() && text.len() <= 253 && text.bytes().all(part) && (is_address || is_name) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Fault::new(
        "is not a host",
        "write its name alone, such as `blobs.example.com`, without scheme, port and path",
    ))
}
