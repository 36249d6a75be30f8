//! How AWS is reached: the configuration that all clients of the AWS SDK share.
//!
//! The HTTP client is hyper with rustls and ring. Retries follow the SDK's standard mode (backoff with jitter;
//! throttling counts), and no wait is without end. tokio stays at this edge: a caller holds the runtime and blocks on
//! it.

use std::error::Error;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;
use tokio::runtime::Runtime;

use super::AwsError;
use super::options::LiveOptions;

/// What errors about reaching AWS are about.
const NAME: &str = "AWS";
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for one answer.
const ATTEMPT: Duration = Duration::from_secs(15);
/// Longest wait for a call with all its tries.
const OPERATION: Duration = Duration::from_secs(60);
/// Longest body of one answer, in bytes: a run header may have 64 MiB.
const ANSWER: usize = 128 << 20;
/// Longest page of a bucket's listing, in bytes: 1,000 keys of 1 KiB have about 8 MB with all escapes.
const LISTING: usize = 16 << 20;
/// Longest body of an error, in bytes.
const ERROR: usize = 1 << 20;
/// Tries of one call, the first included.
pub(super) const ATTEMPTS: u32 = 4;

/// The configuration for every client of the AWS SDK, and the runtime that drives them (`runtime.block_on(…)`, from
/// outside of any other tokio runtime).
///
/// Credentials come by the SDK's standard chain: environment, profile, web identity, container, instance. A profile
/// that is named in `options` goes before the environment, as with the AWS command line. Region and endpoint come from
/// `options`, else from `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>` or the profile. A proxy for
/// HTTPS comes from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.
///
/// No credentials are asked for here: the first call does, and [`no_credentials`] tells from its error what went wrong.
///
/// # Errors
/// [`AwsError`] if no region is set, the proxy's address is malformed, or the system gives no sockets.
pub fn sdk_config(options: &LiveOptions) -> Result<(Runtime, SdkConfig), AwsError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| AwsError::new(NAME, format!("cannot set up a runtime: {e}")))?;
    let config = runtime.block_on(load(options, http_client(proxy()?)));
    if config.region().is_none() {
        let reason = "no region is set: set AWS_REGION, or `region` in the profile";
        return Err(AwsError::new(NAME, reason));
    }
    Ok((runtime, config))
}

async fn load(options: &LiveOptions, http: SharedHttpClient) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts.clone());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &options.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let Some(profile) = &options.profile else { return loader.load().await };
    let config = loader.profile_name(profile).load().await;
    // The chain would take the environment's credentials first, and look at another account in silence.
    let provider = ProviderConfig::default()
        .with_http_client(http)
        .with_region(config.region().cloned())
        .with_timeout_config(timeouts);
    let credentials =
        ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(profile).build();
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

/// A client with rustls and ring.
fn http_client(proxy: Option<ProxyConfig>) -> SharedHttpClient {
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|c| c.sleep_impl()));
        connector.set_proxy_config(proxy.clone());
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    });
    bounded(client)
}

/// The client with an end to every answer: 1 MiB for an error, 16 MiB for a page of a bucket's listing, 128 MiB for all else.
pub fn bounded(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Bounded(client))
}

/// Ends every answer: the SDK reads listings and errors whole, however long they are.
#[derive(Debug)]
struct Bounded<T>(T);

impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_final_config(components, config)
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let success = if request.uri().contains("list-type=2") { LISTING } else { ANSWER };
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let limit = if answer.status().is_success() { success } else { ERROR };
            Ok(answer.map(|body| SdkBody::from_body_1_x(Limited::new(body, limit))))
        })
    }
}

/// The proxy for HTTPS. Plain HTTP goes to test accounts and to the metadata services that hand out credentials: a
/// proxy has no business there.
fn proxy() -> Result<Option<ProxyConfig>, AwsError> {
    let set = |names: &[&str]| {
        names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
    };
    let Some(url) = set(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) else { return Ok(None) };
    let url = if url.contains("://") { url } else { format!("http://{url}") };
    // The address may hold a password.
    let proxy = ProxyConfig::https(url)
        .map_err(|_| AwsError::new(NAME, "the proxy's address in the environment is not a URL"))?;
    Ok(Some(match set(&["NO_PROXY", "no_proxy"]) {
        Some(rules) => proxy.no_proxy(rules),
        None => proxy,
    }))
}

/// Why there are no credentials, and what to do, if that is why a call failed: `error` is what the call gave
/// (`SdkError`). The reason holds no text from a credential process or a profile, which may hold secrets.
pub fn no_credentials(error: &(dyn Error + 'static)) -> Option<String> {
    let mut reason = None;
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if let Some((_, known)) = REASONS.iter().find(|(mark, _)| text.contains(mark)) {
            // The innermost is the most exact.
            reason = Some(known);
        }
        cause = error.source();
    }
    reason.map(|reason| {
        format!(
            "no credentials: {reason}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile, or pass those of \
             a login on with `eval \"$(aws configure export-credentials --format env)\"`"
        )
    })
}

/// Marks of the SDK's texts about credentials, and what is said instead: its own texts may quote a profile.
const REASONS: &[(&str, &str)] = &[
    (
        "the credential provider was not enabled",
        "there are none, neither in the environment nor in a profile",
    ),
    ("credentials provider timed out", "their provider gives no answer in time"),
    (
        "the credentials provider was not properly configured",
        "the profile, or another setting of them, is wrong",
    ),
    ("an error occurred while loading credentials", "their provider failed"),
    ("unexpected credentials error", "their provider gave something else"),
    ("invalid profile:", "a profile file is malformed"),
    ("infinite loop", "the profile refers to itself"),
    ("was not defined", "the profile is not defined"),
    ("cargo feature", "the profile uses a login that is not supported here, such as SSO"),
    ("resolve an access token", "the profile uses a login that is not supported here, such as SSO"),
    ("AccessDenied", "the role of the profile may not be assumed"),
    ("ExpiredToken", "those of the source profile have expired: log in again"),
    ("InvalidClientTokenId", "AWS does not know those of the source profile"),
    ("external process", "the profile's credential_process failed"),
];
