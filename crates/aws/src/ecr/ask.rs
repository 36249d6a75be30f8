//! The calls to ECR.

use aws_config::retry::RetryConfig;
use aws_sdk_ecr::Client;
use aws_sdk_ecr::config::Builder;
use aws_sdk_ecr::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecr::types::{ImageFailureCode, ImageIdentifier, ImageTagMutability};
use jiff::Timestamp;
use seaworthy_source::sha256_digest;

use super::{EcrAnswer, EcrRepository, EcrTag};
use crate::Mutability;
use crate::client::sdk_config;
use crate::live::LiveOptions;

/// All media types of manifests and indexes, so that ECR converts none.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// As [`super::ask_tag`].
pub(super) fn ask_tag(
    repository: &EcrRepository,
    tag: &str,
    options: &LiveOptions,
) -> Result<EcrAnswer, String> {
    let (runtime, config) = sdk_config(options).map_err(|e| e.to_string())?;
    let retry = RetryConfig::standard().with_max_attempts(2);
    let client = Client::from_conf(Builder::from(&config).retry_config(retry).build());
    runtime.block_on(Asker { client, repository, tag }.ask())
}

struct Asker<'a> {
    client: Client,
    repository: &'a EcrRepository,
    tag: &'a str,
}

/// An image's manifest, or why there is none.
enum Manifest {
    Digest(String),
    Nothing(&'static str),
}

impl Asker<'_> {
    async fn ask(&self) -> Result<EcrAnswer, String> {
        let by_tag = ImageIdentifier::builder().image_tag(self.tag).build();
        let mutability = self.mutability().await;
        let digest = match self.manifest(by_tag.clone()).await? {
            Manifest::Digest(digest) => digest,
            Manifest::Nothing(why) => {
                return Ok(EcrAnswer { tag: EcrTag::Nothing(why.into()), mutability, pushed_at: None });
            }
        };
        let described = self.describe(by_tag).await;
        let by_digest = ImageIdentifier::builder().image_digest(&digest).build();
        let again = self.manifest(by_digest).await?;
        let (claimed, pushed_at) = described.unwrap_or_default();
        let contradiction = match (claimed, again) {
            (Some(claimed), _) if claimed != digest => Some(format!(
                "it describes the tag's image as another one than the one it sends, which is {digest}"
            )),
            (_, Manifest::Digest(other)) if other == digest => None,
            (_, Manifest::Digest(other)) => Some(format!("asked for {digest}, it sends {other}")),
            (_, Manifest::Nothing(_)) => Some(format!("its tag leads to {digest}, which it does not have")),
        };
        let tag = contradiction.map_or(EcrTag::Digest(digest), EcrTag::Contradiction);
        Ok(EcrAnswer { tag, mutability, pushed_at })
    }

    async fn manifest(&self, image: ImageIdentifier) -> Result<Manifest, String> {
        let request = self
            .client
            .batch_get_image()
            .set_registry_id(self.repository.account.clone())
            .repository_name(&self.repository.name)
            .set_accepted_media_types(Some(MANIFESTS.map(str::to_owned).to_vec()))
            .image_ids(image);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(e) if e.code() == Some("RepositoryNotFoundException") => {
                return Ok(Manifest::Nothing("ECR has no such repository"));
            }
            Err(e) => return Err(reason("BatchGetImage", &e)),
        };
        if let Some(text) = answer.images().first().and_then(|i| i.image_manifest()) {
            return Ok(Manifest::Digest(sha256_digest(text.as_bytes())));
        }
        match answer.failures().first().and_then(|f| f.failure_code()) {
            Some(ImageFailureCode::ImageNotFound) => Ok(Manifest::Nothing("ECR has no such image")),
            _ => {
                Err("ecr:BatchGetImage: it gives neither the manifest nor a reason that is understood".into())
            }
        }
    }

    /// The digest and the time of the push. Both only add to what the manifest tells, so no answer is no failure.
    async fn describe(&self, image: ImageIdentifier) -> Option<(Option<String>, Option<Timestamp>)> {
        let request = self
            .client
            .describe_images()
            .set_registry_id(self.repository.account.clone())
            .repository_name(&self.repository.name)
            .image_ids(image);
        let answer = request.send().await.ok()?;
        let detail = answer.image_details().first()?;
        let pushed = detail.image_pushed_at();
        let pushed = pushed
            .and_then(|t| Timestamp::new(t.secs(), i32::try_from(t.subsec_nanos()).unwrap_or_default()).ok());
        Some((detail.image_digest().map(str::to_owned), pushed))
    }

    async fn mutability(&self) -> Result<Mutability, String> {
        let request = self
            .client
            .describe_repositories()
            .set_registry_id(self.repository.account.clone())
            .repository_names(&self.repository.name);
        let answer = request.send().await.map_err(|e| reason("DescribeRepositories", &e))?;
        let repository = answer.repositories().first().ok_or("ecr:DescribeRepositories: it names none")?;
        let filters = repository.image_tag_mutability_exclusion_filters();
        let filters = || filters.iter().map(|f| f.filter().to_owned()).collect();
        match repository.image_tag_mutability() {
            Some(ImageTagMutability::Immutable) => Ok(Mutability::Immutable),
            // ECR's default.
            Some(ImageTagMutability::Mutable) | None => Ok(Mutability::Mutable),
            Some(ImageTagMutability::ImmutableWithExclusion) => Ok(Mutability::ImmutableExcept(filters())),
            Some(ImageTagMutability::MutableWithExclusion) => Ok(Mutability::MutableExcept(filters())),
            Some(_) => Err("ecr:DescribeRepositories: the setting is not known to this version".into()),
        }
    }
}

/// Why a call failed: the error's code, which AWS defines, or the kind of trouble on the way.
fn reason<E: ProvideErrorMetadata>(call: &str, error: &SdkError<E>) -> String {
    let why = match error {
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(f) if f.is_timeout() => "no connection in time".to_owned(),
        SdkError::DispatchFailure(f) if f.is_io() => "the connection cannot be made".to_owned(),
        SdkError::DispatchFailure(_) => "the request cannot be sent; are there credentials?".to_owned(),
        SdkError::ResponseError(_) => "the answer is not understood".to_owned(),
        SdkError::ServiceError(_) => match error.code() {
            Some(code) if code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                code.to_owned()
            }
            _ => "an error without a code".to_owned(),
        },
        _ => "the request cannot be made".to_owned(),
    };
    format!("ecr:{call}: {why}")
}
