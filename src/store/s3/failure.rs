//! What the service's answers mean. Only codes are repeated: messages may hold parts of a signature or a credential.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::Options;
use crate::store::StoreError;
use seaworthy_source::escape_bytes;

/// What was asked.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Get,
    Put,
    List,
}

impl Asked {
    fn permission(self) -> &'static str {
        match self {
            Self::Get => {
                "s3:GetObject, and s3:ListBucket, without which a missing object looks like a forbidden one"
            }
            Self::Put => "s3:PutObject (and for SSE-KMS kms:GenerateDataKey)",
            Self::List => "s3:ListBucket",
        }
    }
}

/// An answer that may be expected.
pub(super) enum Refusal {
    /// There is no such object.
    NotFound,
    /// Something else is there by now, or another write is on its way.
    Condition,
}

impl Refusal {
    /// The same as an error, for those who did not expect it.
    pub(super) fn told(self, place: &str) -> StoreError {
        let reason = match self {
            Self::NotFound => "not found",
            Self::Condition => "changed while it was being written",
        };
        StoreError::Transport { place: place.to_owned(), reason: reason.to_owned() }
    }
}

/// The error, or the refusal that the caller may make sense of.
pub(super) fn explain<E>(
    error: &SdkError<E, HttpResponse>,
    asked: Asked,
    place: &str,
    options: &Options,
) -> Result<StoreError, Refusal>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let transport = |reason: String| StoreError::Transport { place: place.to_owned(), reason };
    let seconds = options.timeout_seconds.max(1);
    let SdkError::ServiceError(answer) = error else {
        return Ok(transport(match error {
            SdkError::TimeoutError(_) => format!("no answer within {seconds} seconds"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                format!("no answer within {seconds} seconds")
            }
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(e) => connector(e),
                None => "the request could not be sent".to_owned(),
            },
            SdkError::ResponseError(_) => "the answer is not that of an S3 service".to_owned(),
            other if mentions(other, "credential") => NO_CREDENTIALS.to_owned(),
            _ => "the request could not be made; check endpoint, region and bucket".to_owned(),
        }));
    };
    let status = answer.raw().status().as_u16();
    let code = answer.err().code().map(|c| escape_bytes(c.as_bytes()));
    let shown = code.clone().unwrap_or_else(|| format!("HTTP {status}"));
    Ok(match (status, code.as_deref().unwrap_or_default()) {
        (_, "NoSuchBucket") => transport(format!("there is no bucket {}", options.bucket)),
        (_, "NoSuchKey") => return Err(Refusal::NotFound),
        (404, _) => return Err(Refusal::NotFound),
        (412, _) | (409, "ConditionalRequestConflict") => return Err(Refusal::Condition),
        (301 | 307 | 308, _) | (400, "AuthorizationHeaderMalformed") => {
            let region =
                answer.raw().headers().get("x-amz-bucket-region").map(|r| escape_bytes(r.as_bytes()));
            let region = region.map_or_else(String::new, |r| format!(" ({r})"));
            transport(format!("the bucket is in another region{region}; set evidence.s3.region"))
        }
        (501, _) => transport(format!(
            "the service does not know conditional writes ({shown}), without which evidence could be overwritten"
        )),
        (401 | 403, _) | (_, "ExpiredToken" | "InvalidToken") => {
            StoreError::Denied { place: place.to_owned(), code: shown, permission: asked.permission() }
        }
        _ => transport(format!("the service answered {shown} (HTTP {status})")),
    })
}

const NO_CREDENTIALS: &str = "there are no AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
    AWS_SECRET_ACCESS_KEY, or run where a role gives them";

fn connector(error: &aws_smithy_runtime_api::client::result::ConnectorError) -> String {
    if mentions(error, "credential") {
        return NO_CREDENTIALS.to_owned();
    }
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(e) = cause {
        if let Some(io) = e.downcast_ref::<std::io::Error>() {
            return format!("no connection: {}", io.kind());
        }
        cause = e.source();
    }
    "no connection: check the endpoint, the network and the certificates".to_owned()
}

/// Whether an error or one of its causes speaks of something; its text is not shown.
fn mentions(error: &(dyn Error + 'static), word: &str) -> bool {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(e) = cause {
        if e.to_string().to_ascii_lowercase().contains(word) {
            return true;
        }
        cause = e.source();
    }
    false
}
