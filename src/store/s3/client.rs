//! The client: TLS, credentials, retries and time limits.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder as HttpBuilder, tls};

use super::Options;
use super::fetch::Counter;
use seaworthy_aws::client::bounded;

/// How often a request is made before it has failed.
const ATTEMPTS: u32 = 4;

/// The region where no one names one: S3 clones do not care, and AWS answers with the right one.
const REGION: &str = "us-east-1";

fn http() -> SharedHttpClient {
    bounded(HttpBuilder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https())
}

/// What the environment says: credentials, region, endpoint.
pub(super) async fn environment(options: &Options) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http());
    // Without one, the machine's metadata service would be asked for it.
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
}

/// The client for a bucket; the options go before what is shared.
pub(super) fn client(options: &Options, shared: &SdkConfig, counter: &Counter) -> Client {
    let patience = Duration::from_secs(options.timeout_seconds.max(1));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.min(Duration::from_secs(10)))
        .read_timeout(patience)
        .operation_attempt_timeout(patience)
        .operation_timeout(patience.saturating_mul(ATTEMPTS).saturating_add(Duration::from_secs(10)))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(2));
    let mut builder = Builder::from(shared)
        .behavior_version(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(retries)
        .interceptor(counter.clone())
        .force_path_style(options.path_style)
        // S3 clones and older servers refuse the checksums that the client would add; TLS guards the way, and what was
        // written is read back and compared.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    if shared.http_client().is_none() {
        builder = builder.http_client(http());
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    if options.region.is_some() || shared.region().is_none() {
        builder = builder.region(Region::new(options.region.clone().unwrap_or_else(|| REGION.to_owned())));
    }
    Client::from_conf(builder.build())
}
