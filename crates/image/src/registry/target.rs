//! Which registry, repository and manifest a reference names, and the URLs of the distribution specification for it.

use std::net::{IpAddr, Ipv6Addr};

use oci_client::Reference;
use reqwest::Url;

use crate::Digest;

/// Docker Hub answers its API under a name of its own.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// Where a reference points.
#[derive(Clone, Debug)]
pub struct Target {
    /// The registry as people write it, `HOST[:PORT]`.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// What to fetch from it.
    pub wanted: Wanted,
    /// Whether it is spoken to without TLS.
    pub plain_http: bool,
    base: Url,
}

/// A tag, or a digest; with both the digest decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever the tag points to now.
    Tag(String),
    /// Exactly this.
    Digest(Digest),
}

/// Whether a reference's repository, which is all between the host and the tag, has a capital letter.
fn has_upper_case_path(name: &str) -> bool {
    let (host, path) = name.split_once('/').unwrap_or(("", name));
    let is_host = host.contains(['.', ':']) || host == "localhost";
    let path = if is_host { path } else { name };
    path.split(':').next().unwrap_or_default().bytes().any(|b| b.is_ascii_uppercase())
}

impl Target {
    /// Reads `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`. Plain HTTP is spoken only to this machine itself, or if
    /// `plain_http` asks for it.
    ///
    /// # Errors
    /// If it is not of that form; the reason.
    pub fn parse(reference: &str, plain_http: bool) -> Result<Self, String> {
        let (address, rest) = split_ipv6(reference)?;
        let parsed: Reference =
            rest.parse().map_err(|e: oci_client::ParseError| match rest.split(['@']).next() {
                Some(name) if has_upper_case_path(name) => "repository names are lower case".to_owned(),
                _ => e.to_string(),
            })?;
        let registry = address.unwrap_or_else(|| parsed.registry().to_owned());
        let wanted = match parsed.digest() {
            Some(digest) => Wanted::Digest(
                Digest::parse(digest).ok_or("the digest must be sha256 or sha512 in lowercase hex")?,
            ),
            None => Wanted::Tag(parsed.tag().unwrap_or("latest").to_owned()),
        };
        let api = if registry == "docker.io" { DOCKER_HUB_API } else { &registry };
        let plain = plain_http || is_loopback(&registry);
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{api}/v2/")).map_err(|e| format!("{registry}: {e}"))?;
        if base.host_str().is_none_or(str::is_empty) {
            return Err("names no registry host".into());
        }
        Ok(Self { repository: parsed.repository().to_owned(), registry, wanted, plain_http: plain, base })
    }

    /// The same behind another address.
    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub fn at(self, base: &str) -> Self {
        Self { base: Url::parse(base).unwrap(), ..self }
    }

    /// The URL of a manifest by tag or digest.
    pub fn manifest(&self, reference: &str) -> Url {
        self.url("manifests", reference)
    }

    /// The URL of a blob.
    pub fn blob(&self, digest: &Digest) -> Url {
        self.url("blobs", digest.as_str())
    }

    /// The URL of the list of referrers.
    pub fn referrers(&self, subject: &Digest) -> Url {
        self.url("referrers", subject.as_str())
    }

    /// All of name, tag and digest have been checked for their form, so nothing in them needs escaping.
    fn url(&self, kind: &str, reference: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{}/{kind}/{reference}", self.repository));
        url
    }

    /// Where the registry's API is.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Whether `url` is on the registry itself, so that it may see our login.
    pub fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Whether a login may be sent to `url`: over TLS, or where plain HTTP was accepted and stays as near.
    pub fn may_login_at(&self, url: &Url) -> bool {
        let near = || !is_loopback(&self.registry) || url.host_str().is_some_and(is_loopback);
        url.scheme() == "https" || (self.plain_http && url.scheme() == "http" && near())
    }
}

/// The reference grammar knows no IPv6 addresses, so one is taken off and a stand-in put in its place.
fn split_ipv6(reference: &str) -> Result<(Option<String>, String), String> {
    if !reference.starts_with('[') {
        return Ok((None, reference.to_owned()));
    }
    let (address, rest) = reference.split_once('/').ok_or("names no repository")?;
    let (ip, port) =
        address.get(1..).unwrap_or_default().split_once(']').ok_or("the [ of an IPv6 address has no ]")?;
    let port_is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok());
    if ip.parse::<Ipv6Addr>().is_err() || !port_is_fine {
        return Err("the registry is not [IPV6][:PORT]".into());
    }
    Ok((Some(address.to_owned()), format!("localhost/{rest}")))
}

/// Whether `HOST[:PORT]` is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
fn is_loopback(registry: &str) -> bool {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn url(reference: &str) -> String {
        let target = Target::parse(reference, false).unwrap();
        let wanted = match &target.wanted {
            Wanted::Tag(tag) => tag.clone(),
            Wanted::Digest(digest) => digest.to_string(),
        };
        target.manifest(&wanted).to_string()
    }

    #[test]
    fn names_become_urls() {
        let hex = "a".repeat(64);
        assert_eq!(url("app"), "https://registry-1.docker.io/v2/library/app/manifests/latest");
        assert_eq!(url("team/app:1"), "https://registry-1.docker.io/v2/team/app/manifests/1");
        assert_eq!(url("h.example:5000/a/b:2"), "https://h.example:5000/v2/a/b/manifests/2");
        assert_eq!(url("localhost:5000/a"), "http://localhost:5000/v2/a/manifests/latest");
        assert_eq!(url("127.8.0.1:5000/a"), "http://127.8.0.1:5000/v2/a/manifests/latest");
        assert_eq!(url("[::1]:5000/a:1"), "http://[::1]:5000/v2/a/manifests/1");
        let pinned = format!("h.example/a:1@sha256:{hex}");
        assert_eq!(url(&pinned), format!("https://h.example/v2/a/manifests/sha256:{hex}"));
        assert!(Target::parse("h.example/a", true).unwrap().plain_http);
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let md5 = format!("h.example/a@md5:{}", "a".repeat(32));
        let upper = format!("h.example/a@sha256:{}", "A".repeat(64));
        for bad in [
            "",
            "App",
            "h.example/",
            "h.example/a:b:c",
            "h.example/../a",
            "a?b=c",
            "[::1",
            "[::1]",
            "[x]/a",
            "[::1]:99999/a",
            "u:p@h.example/a",
            &md5,
            &upper,
        ] {
            assert!(Target::parse(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_http_does_not_carry_a_login_away() {
        let here = Target::parse("127.0.0.1:5000/a", false).unwrap();
        let may = |t: &Target, u: &str| t.may_login_at(&Url::parse(u).unwrap());
        assert!(may(&here, "http://localhost:1/token") && may(&here, "https://auth.example/token"));
        assert!(may(&here, "http://[::1]:1/token"));
        assert!(!may(&here, "http://auth.example/token"));
        let there = Target::parse("h.example/a", false).unwrap();
        assert!(!may(&there, "http://h.example/token") && !may(&there, "ftp://h.example/token"));
    }
}
