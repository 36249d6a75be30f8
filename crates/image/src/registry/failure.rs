//! What can go wrong between us and a registry or daemon, in plain words with what to do. No text here comes from the
//! other side, and no URL is shown: either may hold a credential.

use std::error::Error;
use std::io;
use std::time::Duration;

use oci_client::errors::{OciEnvelope, OciErrorCode};
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::redirect::TooNear;
use crate::FetchError;

/// How deep the causes of an error are followed.
const CAUSES: usize = 16;

/// Why a request did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// HTTP 401 without a login of ours.
    #[error("the registry asks for a login (HTTP 401): docker login {host}")]
    LoginNeeded {
        /// The registry.
        host: String,
    },
    /// HTTP 401 in spite of our login.
    #[error("the registry does not accept the login (HTTP {status}): docker login {host}")]
    LoginRefused {
        /// The registry.
        host: String,
        /// The status.
        status: u16,
    },
    /// HTTP 401 or 403 whose error says that the login expired.
    #[error(
        "the login to the registry has expired (HTTP {status}): log in again with docker login {host}; logins to ECR \
         last 12 hours and are renewed with aws ecr get-login-password"
    )]
    LoginExpired {
        /// The registry.
        host: String,
        /// The status.
        status: u16,
    },
    /// HTTP 403.
    #[error(
        "the registry refuses access (HTTP 403): the login lacks the right to pull from {host}, or has expired"
    )]
    Forbidden {
        /// The registry.
        host: String,
    },
    /// HTTP 404.
    #[error("it is not in the registry (HTTP 404)")]
    NotFound {
        /// Whether it is the repository that is not there.
        repository: bool,
    },
    /// HTTP 429.
    #[error("the registry answers too many requests (HTTP 429){}", after(*.wait))]
    TooManyRequests {
        /// How long it asks us to wait.
        wait: Option<Duration>,
    },
    /// HTTP 5xx.
    #[error("the registry fails (HTTP {status}){}; try again later", after(*.wait))]
    Server {
        /// The status.
        status: u16,
        /// How long it asks us to wait.
        wait: Option<Duration>,
    },
    /// Any other status that was not expected.
    #[error("the answer has the unexpected status HTTP {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The registry sends us to another host, which wants a login of its own.
    #[error("the registry redirects to another host, which asks for a login (HTTP 401)")]
    LoginElsewhere,
    /// More bytes than allowed.
    #[error("it is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// More bytes than the manifest says.
    #[error("it is longer than the {size} bytes that its descriptor gives; the rest was not read")]
    TooLong {
        /// The promised size.
        size: u64,
    },
    /// Fewer bytes than the manifest says, in an answer that calls itself whole.
    #[error("the registry gave {given} of {size} bytes")]
    TooShort {
        /// What came.
        given: u64,
        /// The promised size.
        size: u64,
    },
    /// Nothing came.
    #[error("no answer within {seconds} s")]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// Bytes came, but the end did not.
    #[error("it did not come to its end within {seconds} s")]
    Unfinished {
        /// The limit.
        seconds: u64,
    },
    /// Bytes only dripped.
    #[error("the transfer is slower than {slowest} bytes per second and was given up")]
    TooSlow {
        /// The least rate.
        slowest: u64,
    },
    /// The name does not resolve.
    #[error("the host name does not resolve (DNS)")]
    Dns,
    /// No one listens.
    #[error("connection refused: nothing listens there")]
    Refused,
    /// The TLS handshake failed.
    #[error("no TLS connection: {0}")]
    Tls(String),
    /// A redirect that is not followed.
    #[error(
        "a redirect was not followed: it leads to plain HTTP, to an address of a private network, or from host to host \
         without end; a host that is meant can be named in [registry] redirect_hosts"
    )]
    Redirect,
    /// A host that only this machine's network knows.
    #[error(
        "the registry sends to a host with an address of this machine's own network; if that is meant, name the host in \
         [registry] redirect_hosts"
    )]
    TooNear,
    /// The connection broke, or there was none.
    #[error("{0}")]
    Broken(String),
    /// A broken transfer that cannot be taken up again.
    #[error("the transfer broke off after {offset} bytes and cannot be resumed: {reason}")]
    NotResumed {
        /// How far it had come.
        offset: u64,
        /// Why not.
        reason: String,
    },
    /// The credentials cannot be read.
    #[error("{0}")]
    Credentials(String),
    /// An answer that makes no sense.
    #[error("{0}")]
    InvalidResponse(String),
}

/// Whether a name led to addresses that are not connected to.
fn is_too_near(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    for _ in 0..CAUSES {
        let Some(e) = cause else { return false };
        // What an I/O error wraps is not its source.
        let inner = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if e.is::<TooNear>() || inner.is_some_and(|inner| inner.is::<TooNear>()) {
            return true;
        }
        cause = e.source();
    }
    false
}

fn after(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(" and asks to wait {} s", wait.as_secs()))
}

impl Failure {
    /// Reads the client's own error: what it holds may name a URL with a signature, so only its kind is kept.
    pub fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Broken("no connection in time".into());
        }
        if error.is_redirect() {
            return Self::Redirect;
        }
        if is_too_near(error) {
            return Self::TooNear;
        }
        if error.is_dns() {
            return Self::Dns;
        }
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        for _ in 0..CAUSES {
            let Some(e) = cause else { break };
            if let Some(tls) = e.downcast_ref::<rustls::Error>() {
                return Self::Tls(tls_words(tls).into());
            }
            cause = match e.downcast_ref::<io::Error>() {
                Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => return Self::Refused,
                // What an I/O error wraps is not its source.
                Some(io) => match io.get_ref() {
                    Some(inner) => Some(inner),
                    None => return Self::Broken(format!("the connection failed: {}", io.kind())),
                },
                None => e.source(),
            };
        }
        let place = if error.is_connect() {
            "no connection can be made"
        } else if error.is_body() || error.is_decode() {
            "the transfer broke off"
        } else {
            "the connection was closed without an answer, or the other side does not speak HTTP"
        };
        Self::Broken(place.into())
    }

    /// Reads a status that is no success, with the headers and the beginning of the body that came with it.
    pub fn of_status(status: u16, headers: &HeaderMap, body: &[u8], host: &str, logged_in: bool) -> Self {
        let host = host.to_owned();
        let envelope: Option<OciEnvelope> = serde_json::from_slice(body).ok();
        let errors = envelope.map(|e| e.errors).unwrap_or_default();
        // ECR's words are "Your authorization token has expired".
        let expired = logged_in && errors.iter().any(|e| e.message.to_ascii_lowercase().contains("expired"));
        match status {
            401 | 403 if expired => Self::LoginExpired { host, status },
            401 if logged_in => Self::LoginRefused { host, status },
            401 => Self::LoginNeeded { host },
            403 => Self::Forbidden { host },
            404 => Self::NotFound { repository: errors.iter().any(|e| e.code == OciErrorCode::NameUnknown) },
            429 => Self::TooManyRequests { wait: retry_after(headers) },
            500..=599 => Self::Server { status, wait: retry_after(headers) },
            _ => Self::Status { status },
        }
    }

    /// Whether trying again may help. Silence is not asked again: the limit on it is the user's.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::TooManyRequests { .. } | Self::Server { .. } | Self::Dns | Self::Refused | Self::Broken(_)
        )
    }

    /// How long the other side asks us to wait.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { wait } | Self::Server { wait, .. } => *wait,
            _ => None,
        }
    }
}

impl From<Failure> for FetchError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound { .. } => Self::Missing,
            Failure::TooLarge { limit } => Self::TooLarge { limit },
            Failure::LoginNeeded { .. }
            | Failure::LoginRefused { .. }
            | Failure::LoginExpired { .. }
            | Failure::LoginElsewhere
            | Failure::Forbidden { .. }
            | Failure::TooManyRequests { .. } => Self::Refused(failure.to_string()),
            other => Self::Io(other.to_string()),
        }
    }
}

fn tls_words(error: &rustls::Error) -> &'static str {
    use rustls::{CertificateError, Error};
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its certificate is from an unknown issuer; add the issuer to the system's trusted certificates"
        }
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "its certificate has expired"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "its certificate is for another host",
        // Faults without a name of their own; by far the most usual is a self-signed certificate marked as a CA's.
        Error::InvalidCertificate(CertificateError::Other(_)) => {
            "its certificate is not one for a server: is it self-signed, and marked as a CA's?"
        }
        Error::InvalidCertificate(_) => "its certificate is not valid",
        Error::InvalidMessage(_) => "it does not speak TLS; for a registry on plain HTTP, ask for plain HTTP",
        _ => "the handshake failed",
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let seconds = date.as_second().saturating_sub(jiff::Timestamp::now().as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}
