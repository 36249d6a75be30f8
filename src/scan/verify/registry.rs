//! Asking the registry that the provenance names.

use crate::check::provenance::{Expectations, RegistryKind};
use crate::contract::Contract;
use crate::scan::request::registry_options;
use seaworthy_aws::ecr::{self, EcrRepository, EcrTag};
use seaworthy_aws::live::LiveOptions;
use seaworthy_image::Limits;
use seaworthy_image::registry::{TagAnswer, ask_tag};
use seaworthy_provenance::{
    Field, Mutability, RegistryAnswer, RegistryFacts, Resolved, RunDocuments, read_fields,
};

/// How registries are reached.
#[derive(Clone, Debug, Default)]
pub struct RegistryAccess {
    /// Speak plain HTTP to a registry that is not ECR.
    pub plain_http: bool,
    /// ECR's API is asked at this address; the repository then counts as one of ECR's.
    pub endpoint: Option<String>,
}

/// Asks the registry for the tag that the provenance names.
pub(in crate::scan) fn ask_registry(
    documents: &RunDocuments,
    expectations: &Expectations,
    access: &RegistryAccess,
    contract: &Contract,
) -> RegistryAnswer {
    let unreachable = |reason: &str| RegistryAnswer::Unreachable(reason.to_owned());
    let Some(bytes) = documents.provenance.bytes() else {
        return unreachable("there is no packaging provenance that names a repository and a tag");
    };
    let fields = read_fields(bytes, &expectations.provenance, &expectations.profiles).fields;
    let (Some(repository), Some(tag)) = (fields.text(Field::RepositoryUri), fields.text(Field::ImageTag))
    else {
        return unreachable("the packaging provenance names no repository and tag that could be asked for");
    };
    let pinned = expectations.pinned.iter().find(|(field, _)| *field == Field::RepositoryUri);
    if pinned.is_some_and(|(_, wanted)| wanted != repository) {
        // A document must not choose whom our credentials are shown to.
        return unreachable("the packaging provenance names another repository than the contract pins");
    }
    let of_ecr = match expectations.registry_kind {
        RegistryKind::Oci => None,
        RegistryKind::Ecr => EcrRepository::behind_endpoint(repository),
        RegistryKind::Auto if access.endpoint.is_some() => EcrRepository::behind_endpoint(repository),
        RegistryKind::Auto => EcrRepository::of_uri(repository),
    };
    let answer = match of_ecr {
        Some(ecr) => ask_ecr(&ecr, tag, access),
        None => ask_oci(repository, tag, access, contract),
    };
    answer.map_or_else(RegistryAnswer::Unreachable, RegistryAnswer::Answered)
}

fn ask_ecr(repository: &EcrRepository, tag: &str, access: &RegistryAccess) -> Result<RegistryFacts, String> {
    let options = LiveOptions {
        region: repository.region.clone(),
        endpoint: access.endpoint.clone(),
        ..LiveOptions::default()
    };
    let answer = ecr::ask_tag(repository, tag, &options)?;
    Ok(RegistryFacts {
        resolved: match answer.tag {
            EcrTag::Nothing(why) => Resolved::Nothing(why),
            EcrTag::Digest(digest) => Resolved::Digest(digest),
            EcrTag::Contradiction(how) => Resolved::Contradiction(how),
        },
        mutability: match answer.mutability {
            Ok(seaworthy_aws::Mutability::Immutable) => Mutability::Immutable,
            Ok(seaworthy_aws::Mutability::Mutable) => Mutability::Mutable,
            Ok(seaworthy_aws::Mutability::ImmutableExcept(filters)) => Mutability::ImmutableExcept(filters),
            Ok(seaworthy_aws::Mutability::MutableExcept(filters)) => Mutability::MutableExcept(filters),
            Err(reason) => Mutability::Unknown(reason),
        },
        pushed_at: answer.pushed_at,
    })
}

fn ask_oci(
    repository: &str,
    tag: &str,
    access: &RegistryAccess,
    contract: &Contract,
) -> Result<RegistryFacts, String> {
    let options = registry_options(contract, access.plain_http);
    let limits = Limits {
        timeout_seconds: contract.limits.registry_timeout_seconds,
        document_bytes: contract.limits.max_manifest_bytes,
        ..Limits::default()
    };
    let resolved = match ask_tag(repository, tag, &options, &limits)? {
        TagAnswer::Nothing(why) => Resolved::Nothing(why),
        TagAnswer::Digest(digest) => Resolved::Digest(digest.to_string()),
        TagAnswer::Contradiction(how) => Resolved::Contradiction(how),
    };
    let unknown = "the OCI distribution specification has no way to ask whether tags can move; \
                   set require_immutable_tags = false in the contract's [registry] to do without";
    Ok(RegistryFacts { resolved, mutability: Mutability::Unknown(unknown.to_owned()), pushed_at: None })
}
