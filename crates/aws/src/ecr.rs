//! What ECR says of one tag of one repository: the manifest that it leads to, hashed here; when it was pushed; whether
//! it can be moved. Needs `ecr:BatchGetImage`, `ecr:DescribeImages` and `ecr:DescribeRepositories`.

#[cfg(feature = "live")]
mod ask;

use jiff::Timestamp;

use super::Mutability;
use super::live::LiveOptions;

/// A repository in ECR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrRepository {
    /// The account, if the URI names one.
    pub account: Option<String>,
    /// The region, if the URI names one.
    pub region: Option<String>,
    /// The repository's name.
    pub name: String,
}

impl EcrRepository {
    /// Reads `ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn]/NAME`; nothing if the host is not ECR's.
    pub fn of_uri(uri: &str) -> Option<Self> {
        let (host, name) = uri.split_once('/')?;
        let parts: Vec<&str> = host.split('.').collect();
        let [account, "dkr", "ecr" | "ecr-fips", region, "amazonaws", "com", rest @ ..] = parts.as_slice()
        else {
            return None;
        };
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        (is_account && (rest.is_empty() || rest == ["cn"])).then(|| Self {
            account: Some((*account).to_owned()),
            region: Some((*region).to_owned()),
            name: name.to_owned(),
        })
    }

    /// A repository behind an endpoint that the user names, such as that of a test account.
    pub fn behind_endpoint(uri: &str) -> Option<Self> {
        Self::of_uri(uri).or_else(|| {
            let (_, name) = uri.split_once('/')?;
            Some(Self { account: None, region: None, name: name.to_owned() })
        })
    }
}

/// What a tag led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EcrTag {
    /// There is no such tag, or no such repository.
    Nothing(String),
    /// The SHA-256 of the manifest's bytes, `sha256:` and hex.
    Digest(String),
    /// ECR said one thing and then another; what.
    Contradiction(String),
}

/// What ECR says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrAnswer {
    /// What the tag led to.
    pub tag: EcrTag,
    /// Whether it can be moved; or why that is not known.
    pub mutability: Result<Mutability, String>,
    /// When the image was pushed, if ECR told.
    pub pushed_at: Option<Timestamp>,
}

/// Asks; two tries for each call, the first included.
///
/// # Errors
/// If there is no answer about the tag; the reason, without anything that the other side sent.
pub fn ask_tag(repository: &EcrRepository, tag: &str, options: &LiveOptions) -> Result<EcrAnswer, String> {
    #[cfg(feature = "live")]
    return ask::ask_tag(repository, tag, options);
    #[cfg(not(feature = "live"))]
    return Err(super::live::without_client(repository, tag, options).to_string());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn repositories_of_ecr_are_known_by_their_host() {
        let of = EcrRepository::of_uri;
        let found = of("123456789012.dkr.ecr.eu-west-2.amazonaws.com/team/app").unwrap();
        assert_eq!(
            (found.account.as_deref(), found.region.as_deref()),
            (Some("123456789012"), Some("eu-west-2"))
        );
        assert_eq!(found.name, "team/app");
        assert!(of("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app").is_some());
        for other in [
            "123456789012.dkr.ecr.eu-west-2.amazonaws.com.evil.example/app",
            "12345.dkr.ecr.eu-west-2.amazonaws.com/app",
            "registry.example.com/app",
            "app",
        ] {
            assert_eq!(of(other), None);
        }
        assert_eq!(EcrRepository::behind_endpoint("localhost:4566/app").unwrap().name, "app");
    }
}
