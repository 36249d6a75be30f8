//! `[registry]`: how the registry is asked, what it must answer, and where it may send us.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::provenance::{Expectations, RegistryKind};
use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::validator::Validator;

/// How the registry is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawRegistry {
    /// Whether it must be asked.
    #[schemars(extend("default" = false))]
    pub required: Option<Marked<bool>>,
    /// By which API: ECR's, that of the OCI distribution specification, or by the host's name.
    #[schemars(extend("enum" = ["auto", "ecr", "oci"]), extend("default" = "auto"))]
    pub kind: Text,
    /// Whether the repository must not let tags move. Registries other than ECR cannot tell.
    #[schemars(extend("default" = true))]
    pub require_immutable_tags: Option<Marked<bool>>,
    /// Hosts that the registry may redirect to over TLS though they are in a private network, or though the registry is
    /// spoken to without TLS: an object store, a VPC endpoint. Link-local addresses are never followed.
    pub redirect_hosts: Option<Vec<Marked<String>>>,
    /// Hosts of token endpoints on other domains than the registry's, which may see its login.
    pub login_hosts: Option<Vec<Marked<String>>>,
}

impl RawRegistry {
    /// Takes in what its answer must be.
    pub(super) fn expect(&self, out: &mut Expectations) {
        let is_set = |flag: &Option<Marked<bool>>, default| flag.as_ref().map_or(default, |f| f.value);
        out.registry_required = is_set(&self.required, false);
        out.immutable_tags = is_set(&self.require_immutable_tags, true);
        out.registry_kind = match self.kind.as_ref().map(|k| k.value.as_str()) {
            Some("ecr") => RegistryKind::Ecr,
            Some("oci") => RegistryKind::Oci,
            _ => RegistryKind::Auto,
        };
    }
}

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
