//! What a tag leads to, asked so that the registry's word is not needed: the manifest's own bytes are hashed.

use std::time::Duration;

use super::client::{Answer, Client};
use super::target::{Target, Wanted};
use super::transport::Driver;
use super::{DIGEST_HEADER, Failure, MANIFESTS, RegistryOptions, TagAnswer};
use crate::{Digest, Limits};

/// A first try and one more: what does not come then is not there to be relied on.
const TRIES: u32 = 2;

/// Asks for the manifest of `repository:tag`, then for the same by its digest, then by the tag again. A registry that
/// does not give the same bytes each time contradicts itself. Transport errors are tried once more, answers are not.
///
/// # Errors
/// If the reference is malformed or there is no answer; the reason, without anything that the registry sent.
pub fn ask_tag(
    repository: &str,
    tag: &str,
    options: &RegistryOptions,
    limits: &Limits,
) -> Result<TagAnswer, String> {
    let target = Target::parse(&format!("{repository}:{tag}"), options.plain_http)?;
    if !matches!(&target.wanted, Wanted::Tag(t) if t == tag) {
        return Err("the repository's name holds a tag or a digest of its own".into());
    }
    let registry = target.registry.clone();
    let told = |failure: Failure| format!("{registry}: {failure}");
    let timeout = Duration::from_secs(limits.timeout_seconds.max(1));
    let client = Client::new(target, options, timeout).map_err(told)?;
    let driver = Driver::start().map_err(|e| e.to_string())?;
    let get = |reference: &str| {
        let url = client.target().manifest(reference);
        driver.block_on(client.document_in(&url, Some(MANIFESTS), limits.document_bytes, TRIES))
    };
    let first = match get(tag) {
        Ok(answer) => answer,
        Err(Failure::NotFound { repository: false }) => {
            return Ok(TagAnswer::Nothing("the registry has no such tag (HTTP 404)".into()));
        }
        Err(Failure::NotFound { repository: true }) => {
            return Ok(TagAnswer::Nothing("the registry has no such repository (HTTP 404)".into()));
        }
        Err(failure) => return Err(told(failure)),
    };
    let digest = Digest::of(&first.bytes);
    if let Some(other) = header(&first).filter(|h| *h != digest.as_str()) {
        let named = Digest::parse(&other).map_or("something that is no digest".to_owned(), |d| d.to_string());
        return Ok(contradiction(format!("it calls the manifest {named}, and its bytes are {digest}")));
    }
    match get(digest.as_str()) {
        Ok(second) if Digest::of(&second.bytes) == digest => {}
        Ok(_) => return Ok(contradiction(format!("asked for {digest}, it sends other bytes"))),
        Err(Failure::NotFound { .. }) => {
            return Ok(contradiction(format!(
                "its tag leads to {digest}, which it does not have (HTTP 404)"
            )));
        }
        Err(failure) => return Err(told(failure)),
    }
    match get(tag) {
        Ok(third) if Digest::of(&third.bytes) == digest => Ok(TagAnswer::Digest(digest)),
        Ok(third) => {
            let other = Digest::of(&third.bytes);
            Ok(contradiction(format!("the tag leads to {digest} and, a moment later, to {other}")))
        }
        Err(Failure::NotFound { .. }) => {
            Ok(contradiction(format!("the tag leads to {digest} and, a moment later, to nothing (HTTP 404)")))
        }
        Err(failure) => Err(told(failure)),
    }
}

fn contradiction(text: String) -> TagAnswer {
    TagAnswer::Contradiction(text)
}

/// The SHA-256 that the registry claims. Registries may leave the header out, or use another algorithm.
fn header(answer: &Answer) -> Option<String> {
    let text = answer.headers.get(DIGEST_HEADER)?.to_str().ok()?;
    (!text.starts_with("sha512:")).then(|| text.to_owned())
}
