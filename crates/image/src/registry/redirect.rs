//! Where a registry may send us. A redirect or a token endpoint is the registry's word: followed without a limit, it makes
//! this machine ask hosts that only this machine can reach, such as the metadata service of its cloud.
//!
//! - Few redirects; over TLS, or plain HTTP on the host that plain HTTP was accepted for.
//! - A registry that is spoken to without TLS sends nowhere but to its own host.
//! - Nothing goes to link-local addresses, ever; to loopback and private addresses only for the registry itself, for other
//!   hosts when the registry is there, and for the hosts that the contract lists ([`RegistryOptions::redirect_hosts`]).
//!
//! [`RegistryOptions::redirect_hosts`]: crate::remote::RegistryOptions::redirect_hosts

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::remote::RegistryOptions;

/// Most redirects of one request.
const REDIRECTS: usize = 5;

/// AWS's metadata service over IPv6, which is a unique local address and not a link-local one.
const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Environment variables that name a proxy, which may well be near.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/// Registries whose token endpoint is on another domain than they are, by their own documentation.
const LOGINS: [(&str, &str); 1] = [("nvcr.io", "authn.nvidia.com")];

/// An address that is not connected to.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address of this machine's own network")]
pub(super) struct TooNear;

/// How far an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    /// Link-local, multicast, unspecified, a metadata service.
    Never,
    /// This machine, or a network that is not routed.
    Near,
    /// The Internet.
    Far,
}

fn distance(address: IpAddr) -> Distance {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => distance(IpAddr::V4(v4)),
            None if v6.is_unicast_link_local()
                || v6.is_multicast()
                || v6.is_unspecified()
                || v6 == METADATA =>
            {
                Distance::Never
            }
            None if v6.is_loopback() || v6.is_unique_local() => Distance::Near,
            None => Distance::Far,
        },
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            // RFC 6598: shared by the customers of a carrier, and some clouds' metadata services.
            let shared = octets[0] == 100 && (64..128).contains(&octets[1]);
            if v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || octets[0] == 0 {
                Distance::Never
            } else if v4.is_loopback() || v4.is_private() || shared {
                Distance::Near
            } else {
                Distance::Far
            }
        }
    }
}

/// What is known of the registry and of the hosts that the contract lists.
#[derive(Debug)]
pub(super) struct Reach {
    home: Url,
    listed: Vec<String>,
    logins: Vec<String>,
    /// Hosts of proxies: what is behind them, they decide.
    proxies: Vec<String>,
    /// Whether the registry itself has a near address.
    is_near: AtomicBool,
}

impl Reach {
    /// For the registry at `home`, with the hosts that `options` list.
    pub(super) fn new(home: &Url, options: &RegistryOptions) -> Arc<Self> {
        let proxy = |name: &&str| {
            let text = std::env::var(name).ok()?;
            let url = Url::parse(&text).or_else(|_| Url::parse(&format!("http://{text}"))).ok()?;
            url.host_str().map(str::to_owned)
        };
        let own = address(home).is_some_and(|ip| distance(ip) == Distance::Near);
        Arc::new(Self {
            listed: options.redirect_hosts.clone(),
            logins: options.login_hosts.clone(),
            proxies: PROXIES.iter().filter_map(proxy).collect(),
            is_near: AtomicBool::new(own || home.host_str() == Some("localhost")),
            home: home.clone(),
        })
    }

    fn is_home(&self, host: &str) -> bool {
        self.home.host_str().is_some_and(|own| own.eq_ignore_ascii_case(host))
    }

    fn is_listed(&self, host: &str) -> bool {
        self.listed.iter().any(|listed| listed.eq_ignore_ascii_case(host))
    }

    /// Whether a redirect is followed, the `before`th of its request.
    pub(super) fn may_follow(&self, to: &Url, before: usize) -> bool {
        let Some(host) = to.host_str() else { return false };
        let is_plain_home = self.home.scheme() == "http";
        let scheme = to.scheme() == "https" || (is_plain_home && self.is_home(host) && to.scheme() == "http");
        let host = if is_plain_home { self.is_home(host) || self.is_listed(host) } else { true };
        before <= REDIRECTS && scheme && host && self.may_connect(to)
    }

    /// Whether a token endpoint may see the login: one on the registry's own host or registrable domain (by the Public Suffix
    /// List), one that is known to serve it, or one that the contract lists.
    pub(super) fn may_login_at(&self, realm: &Url) -> bool {
        let (Some(own), Some(host)) = (self.home.host_str(), realm.host_str()) else { return false };
        let domain = |host: &str| psl::domain_str(host).map(str::to_ascii_lowercase);
        let is_same = own.eq_ignore_ascii_case(host)
            || (address(realm).is_none() && domain(own).is_some() && domain(own) == domain(host));
        let is_known = || LOGINS.iter().any(|(registry, at)| own == *registry && host == *at);
        is_same || is_known() || self.logins.iter().any(|listed| listed.eq_ignore_ascii_case(host))
    }

    /// Whether a URL's address, if it is one, may be connected to. Names are judged when they are resolved.
    pub(super) fn may_connect(&self, url: &Url) -> bool {
        let Some(ip) = address(url) else { return url.host_str().is_some() };
        self.may_reach(url.host_str().unwrap_or_default(), ip)
    }

    fn may_reach(&self, host: &str, ip: IpAddr) -> bool {
        match distance(ip) {
            Distance::Never => false,
            Distance::Near => {
                self.is_home(host) || self.is_listed(host) || self.is_near.load(Ordering::Relaxed)
            }
            Distance::Far => true,
        }
    }
}

/// The address that a URL names instead of a host.
fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Resolves names and leaves out the addresses that may not be connected to.
#[derive(Clone, Debug)]
pub(super) struct Resolver(pub(super) Arc<Reach>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str();
            let all: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            if reach.is_home(host) && all.iter().any(|a| distance(a.ip()) == Distance::Near) {
                reach.is_near.store(true, Ordering::Relaxed);
            }
            let is_proxy = reach.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(host));
            let may = |a: &SocketAddr| is_proxy || reach.may_reach(host, a.ip());
            let kept: Vec<SocketAddr> = all.iter().copied().filter(may).collect();
            if kept.is_empty() && !all.is_empty() {
                return Err(io::Error::other(TooNear).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reach(home: &str, listed: &[&str]) -> Arc<Reach> {
        let redirect_hosts = listed.iter().map(|host| (*host).to_owned()).collect();
        Reach::new(
            &Url::parse(home).unwrap(),
            &RegistryOptions { redirect_hosts, ..RegistryOptions::default() },
        )
    }

    fn may(home: &str, listed: &[&str], to: &str) -> bool {
        reach(home, listed).may_follow(&Url::parse(to).unwrap(), 1)
    }

    #[test]
    fn a_registry_with_tls_sends_to_the_internet() {
        let home = "https://registry.example/v2/";
        assert!(may(home, &[], "https://s3.example/x") && may(home, &[], "https://registry.example/y"));
        for to in [
            "http://s3.example/x",
            "https://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:169.254.169.254]/",
            "https://127.0.0.1/",
            "https://10.0.0.8/",
            "https://100.100.100.200/",
            "https://0.0.0.0/",
            "file:///etc/passwd",
        ] {
            assert!(!may(home, &[], to), "{to}");
        }
        assert!(
            may(home, &["10.0.0.8"], "https://10.0.0.8/") && !may(home, &["10.0.0.8"], "http://10.0.0.8/")
        );
        assert!(!may(home, &["169.254.169.254"], "https://169.254.169.254/"));
        assert!(!reach(home, &[]).may_follow(&Url::parse("https://s3.example/").unwrap(), REDIRECTS + 1));
    }

    #[test]
    fn a_registry_without_tls_sends_to_itself() {
        let home = "http://127.0.0.1:5000/v2/";
        assert!(may(home, &[], "http://127.0.0.1:5000/x") && may(home, &[], "http://127.0.0.1:6000/x"));
        for to in [
            "http://other.example/x",
            "https://other.example/x",
            "http://169.254.169.254/",
            "http://10.0.0.1/",
        ] {
            assert!(!may(home, &[], to), "{to}");
        }
        assert!(may(home, &["blobs.example"], "https://blobs.example/x"));
        assert!(!may(home, &["blobs.example"], "http://blobs.example/x"));
    }

    #[test]
    fn logins_stay_with_the_registry() {
        let may = |home: &str, realm: &str| reach(home, &[]).may_login_at(&Url::parse(realm).unwrap());
        assert!(may("https://registry-1.docker.io/v2/", "https://auth.docker.io/token"));
        assert!(may("https://registry.gitlab.com/v2/", "https://gitlab.com/jwt/auth"));
        assert!(may("https://nvcr.io/v2/", "https://authn.nvidia.com/token"));
        assert!(may("http://localhost:5000/v2/", "http://localhost:5001/token"));
        for (home, realm) in [
            ("https://registry.example.com/v2/", "https://evil.example.net/token"),
            // The suffix is public: the domains are not one.
            ("https://a.co.uk/v2/", "https://b.co.uk/token"),
            ("https://one.github.io/v2/", "https://two.github.io/token"),
            ("https://10.0.0.1/v2/", "https://10.0.0.2/token"),
        ] {
            assert!(!may(home, realm), "{home} {realm}");
        }
    }

    #[test]
    fn near_registries_may_send_to_near_hosts() {
        assert!(may("https://10.1.2.3/v2/", &[], "https://10.1.2.4/blob"));
        assert!(!may("https://10.1.2.3/v2/", &[], "https://169.254.169.254/"));
    }
}
