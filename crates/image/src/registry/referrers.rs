//! What refers to a manifest: the referrers API of OCI 1.1, its fallback tag, and the tags that cosign used before.
//! "None" is only what the registry says in so many words; a refusal or a silence is a failure.

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};

use super::client::{Answer, Client};
use super::failure::Failure;
use super::{MANIFESTS, media_type};
use crate::manifest::Manifest;
use crate::{Descriptor, Digest};

/// The media type of the list.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Lists the descriptors of all manifests that refer to `subject`.
///
/// # Errors
/// If that cannot be found out, or there are more than `most`.
pub async fn list(
    client: &Client,
    subject: &Digest,
    most: usize,
    limit: u64,
) -> Result<Vec<Descriptor>, Failure> {
    let mut found = match from_api(client, subject, most, limit).await {
        // Registries from before OCI 1.1 answer so for a path that they do not know.
        Err(Failure::NotFound { .. } | Failure::Status { status: 400 | 405 | 406 }) => {
            from_tag(client, subject, most, limit).await?
        }
        other => other?,
    };
    for kind in ["att", "sbom"] {
        found.extend(cosign(client, subject, kind, limit).await?);
    }
    Ok(found)
}

async fn from_api(
    client: &Client,
    subject: &Digest,
    most: usize,
    limit: u64,
) -> Result<Vec<Descriptor>, Failure> {
    let mut found = Vec::new();
    let mut url = client.target().referrers(subject);
    for _ in 0..=most {
        let answer = match client.document(&url, Some(INDEX), limit).await {
            Err(Failure::NotFound { .. }) if !found.is_empty() => {
                return Err(Failure::InvalidResponse(
                    "a further page of the list of referrers is not there".into(),
                ));
            }
            other => other?,
        };
        if answer.headers.contains_key("oci-filters-applied") {
            return Err(Failure::InvalidResponse(
                "the registry filtered the list of referrers without being asked".into(),
            ));
        }
        found.extend(index(&answer)?);
        if found.len() > most {
            break;
        }
        match next_page(&answer)? {
            Some(next) if client.target().is_home(&next) => url = next,
            Some(_) => {
                return Err(Failure::InvalidResponse("the list of referrers goes on at another host".into()));
            }
            None => return Ok(found),
        }
    }
    Err(Failure::InvalidResponse(format!("the list of referrers has more than {most} entries or pages")))
}

/// The referrers tag schema: an index under the tag `ALGORITHM-HEX`.
async fn from_tag(
    client: &Client,
    subject: &Digest,
    most: usize,
    limit: u64,
) -> Result<Vec<Descriptor>, Failure> {
    let url = client.target().manifest(&tag(subject));
    let found = match client.document(&url, Some(INDEX), limit).await {
        Ok(answer) => index(&answer)?,
        Err(Failure::NotFound { .. }) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    if found.len() > most {
        return Err(Failure::InvalidResponse(format!("the list of referrers has more than {most} entries")));
    }
    Ok(found)
}

/// The manifest under cosign's tag `ALGORITHM-HEX.KIND`, if there is one.
async fn cosign(
    client: &Client,
    subject: &Digest,
    kind: &str,
    limit: u64,
) -> Result<Option<Descriptor>, Failure> {
    let url = client.target().manifest(&format!("{}.{kind}", tag(subject)));
    match client.document(&url, Some(MANIFESTS), limit).await {
        Ok(answer) => Ok(Some(Descriptor {
            media_type: media_type(&answer.headers),
            digest: Digest::of(&answer.bytes).to_string(),
            size: Some(answer.bytes.len() as u64),
            ..Descriptor::default()
        })),
        Err(Failure::NotFound { .. }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A tag has at most 128 characters, and a SHA-512 digest is cut to fit.
fn tag(subject: &Digest) -> String {
    let hex = subject.hex();
    format!("{}-{}", subject.algorithm(), hex.get(..hex.len().min(64)).unwrap_or_default())
}

fn index(answer: &Answer) -> Result<Vec<Descriptor>, Failure> {
    let nonsense = || Failure::InvalidResponse("the list of referrers is not an OCI index".into());
    let starts = answer.bytes.iter().find(|b| !b.is_ascii_whitespace());
    let parsed: Manifest = serde_json::from_slice(&answer.bytes).map_err(|_| nonsense())?;
    let is_index = parsed.config.is_none() && parsed.layers.is_empty() && starts == Some(&b'{');
    let named = parsed.media_type.as_deref().unwrap_or(INDEX) == INDEX;
    if is_index && named { Ok(parsed.manifests) } else { Err(nonsense()) }
}

/// The `Link` header's `rel="next"` (RFC 8288), against the page that it stands on.
fn next_page(answer: &Answer) -> Result<Option<Url>, Failure> {
    let Some(link) = next_link(&answer.headers) else { return Ok(None) };
    let nonsense = |_| Failure::InvalidResponse("the link to the next page of referrers is no URL".into());
    answer.url.join(&link).map(Some).map_err(nonsense)
}

fn next_link(headers: &HeaderMap) -> Option<String> {
    for header in headers.get_all(LINK) {
        let text = header.to_str().unwrap_or_default();
        for link in text.split('<').skip(1) {
            let Some((address, parameters)) = link.split_once('>') else { continue };
            let is_next = parameters.split([';', ',']).any(|p| {
                let p = p.trim().to_ascii_lowercase();
                p == "rel=\"next\"" || p == "rel=next"
            });
            if is_next {
                return Some(address.to_owned());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn links() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, HeaderValue::from_static(text));
            next_link(&headers)
        };
        assert_eq!(of(r#"</v2/a/referrers/x?n=2>; rel="next""#).as_deref(), Some("/v2/a/referrers/x?n=2"));
        assert_eq!(of(r#"</1>; rel="prev", </2>; title="x"; rel=next"#).as_deref(), Some("/2"));
        assert_eq!(of("</1>; rel=prev"), None);
        assert_eq!(of("<no end; rel=next"), None);
    }

    #[test]
    fn tags_fit() {
        assert_eq!(tag(&Digest::of(b"abc")).len(), 7 + 64);
        let long = Digest::parse(&format!("sha512:{}", "a".repeat(128)));
        assert_eq!(long.map(|d| tag(&d).len()), Some(7 + 64));
    }
}
