//! One conversation with an account: its clients, how many calls were made, and what a call that failed says.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::super::client::{ATTEMPTS, no_credentials};
use super::super::{AwsError, Document, Gap, Seen};
use super::permissions::partition;
use seaworthy_iam::Arn;

/// Calls that are under way at once.
pub const AT_ONCE: usize = 8;
/// The same for the simulation API, which throttles early.
pub const SIMULATIONS_AT_ONCE: usize = 2;
/// Longest time that all calls of one session take together, tries again included.
const TOTAL: Duration = Duration::from_secs(300);
/// Pages that are read of one list.
const PAGES: usize = 100;
/// Error codes by which AWS says that the credentials are no good (any more).
const LOGIN: &[(&str, &str)] = &[
    ("ExpiredToken", "they have expired: log in again"),
    ("ExpiredTokenException", "they have expired: log in again"),
    ("RequestExpired", "the request is too old: is this machine's clock right?"),
    ("InvalidClientTokenId", "AWS does not know them"),
    ("UnrecognizedClientException", "AWS does not know them"),
    ("InvalidAccessKeyId", "AWS does not know them"),
    ("AuthFailure", "AWS does not know them"),
    (
        "SignatureDoesNotMatch",
        "the secret key is not that of the access key, or this machine's clock is wrong",
    ),
    (
        "InvalidSignatureException",
        "the secret key is not that of the access key, or this machine's clock is wrong",
    ),
    ("IncompleteSignature", "the access key is malformed"),
    ("MissingAuthenticationToken", "there are none in the request"),
];
/// Error codes by which AWS refuses a call.
const REFUSED: &[&str] =
    &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException"];

/// The conversation.
pub struct Session {
    pub ecr: aws_sdk_ecr::Client,
    pub ecs: aws_sdk_ecs::Client,
    pub iam: aws_sdk_iam::Client,
    pub kms: aws_sdk_kms::Client,
    pub secrets: aws_sdk_secretsmanager::Client,
    pub ssm: aws_sdk_ssm::Client,
    pub partition: String,
    pub account: String,
    pub region: String,
    /// Managed policies by ARN, each read once.
    pub managed: Mutex<BTreeMap<String, Arc<OnceCell<Seen<Document>>>>>,
    /// Whether AWS told the account; else it is the one that was expected.
    pub is_told: bool,
    permits: Semaphore,
    calls: AtomicUsize,
    /// When no further call is made, and no answer is waited for.
    deadline: Instant,
}

impl Session {
    /// Asks which account the credentials belong to. `at_once` calls at most are ever under way.
    ///
    /// # Errors
    /// [`AwsError`] if that cannot be told: then nothing else could be asked either.
    pub async fn open(config: &SdkConfig, at_once: usize, expected: Option<&str>) -> Result<Self, AwsError> {
        let mut session = Self {
            ecr: aws_sdk_ecr::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            secrets: aws_sdk_secretsmanager::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            partition: String::new(),
            account: String::new(),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            managed: Mutex::default(),
            is_told: true,
            permits: Semaphore::new(at_once),
            calls: AtomicUsize::new(0),
            deadline: Instant::now() + TOTAL,
        };
        let sts = aws_sdk_sts::Client::new(config);
        let answer = match session.call("sts:GetCallerIdentity", sts.get_caller_identity().send()).await {
            Ok(answer) => answer,
            Err(Failure { cause: Cause::Refused(_), .. }) if let Some(account) = expected => {
                (session.partition, session.account) =
                    (partition(&session.region).to_owned(), account.to_owned());
                session.is_told = false;
                return Ok(session);
            }
            Err(failure) => return Err(failure.at_start()),
        };
        let arn = answer.arn.unwrap_or_default();
        let caller = Arn::parse(&arn);
        let (partition, account) =
            caller.map(|arn| (arn.partition.to_owned(), arn.account.to_owned())).unwrap_or_default();
        if account.len() != 12
            || !account.bytes().all(|b| b.is_ascii_digit())
            || answer.account != Some(account.clone())
        {
            return Err(AwsError::new("AWS", "sts:GetCallerIdentity gave a malformed answer"));
        }
        (session.partition, session.account) = (partition, account);
        Ok(session)
    }

    /// Makes one call, when there is room for it. `name` is the permission that it needs.
    pub async fn call<T, E, F>(&self, name: &'static str, request: F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let late = || Failure { call: name, cause: Cause::OutOfTime };
        // The semaphore is never closed.
        let _permit = timeout_at(self.deadline, self.permits.acquire()).await.map_err(|_| late())?.ok();
        self.calls.fetch_add(1, Ordering::Relaxed);
        let answer = timeout_at(self.deadline, request).await.map_err(|_| late())?;
        answer.map_err(|error| Failure { call: name, cause: Cause::of(&error) })
    }

    /// How many calls were made, tries again not counted.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The cell of a managed policy's document.
    pub fn managed(&self, arn: &str) -> Arc<OnceCell<Seen<Document>>> {
        let mut cells = self.managed.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(arn.to_owned()).or_default())
    }
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The call, as the permission that it needs.
    pub call: &'static str,
    cause: Cause,
}

/// Why a call failed. AWS's own texts are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    /// The permission is missing, or (`true`) explicitly denied.
    Refused(bool),
    /// AWS's error code, and whether its text has the words for something that is not there.
    Code(String, bool),
    /// Why there are no credentials.
    NoCredentials(String),
    /// An HTTP status without an error code.
    Status(u16),
    /// No connection; whether for its certificate.
    Unreachable(bool),
    TimedOut,
    /// The time for all calls together is over.
    OutOfTime,
    Malformed,
    Unsent,
}

impl Cause {
    fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_)
                if let Some(reason) = no_credentials(error) =>
            {
                Self::NoCredentials(reason)
            }
            SdkError::ConstructionFailure(_) => Self::Unsent,
            SdkError::TimeoutError(_) => Self::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::TimedOut,
            SdkError::DispatchFailure(_) => Self::Unreachable(speaks_of(error, "certificate")),
            SdkError::ServiceError(failure) => {
                let text = failure.err().message().unwrap_or_default();
                match failure.err().code().map(plain).filter(|code| !code.is_empty()) {
                    Some(code) if REFUSED.contains(&code.as_str()) => {
                        Self::Refused(text.contains("explicit deny"))
                    }
                    Some(code) => Self::Code(code, text.starts_with("Unable to describe task definition")),
                    None if failure.raw().status().is_success() => Self::Malformed,
                    None => Self::Status(failure.raw().status().as_u16()),
                }
            }
            _ => Self::Malformed,
        }
    }
}

/// Whether a text of an error or of its causes has `word`.
fn speaks_of(error: &(dyn Error + 'static), word: &str) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| error.to_string().contains(word))
}

/// An error code without anything that is none: a server may write what it likes there.
fn plain(code: &str) -> String {
    let tail = code.rsplit('#').next().unwrap_or_default();
    tail.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').take(60).collect()
}

impl Failure {
    /// A failure of an answer that lacks what it must have.
    pub fn malformed(call: &'static str) -> Self {
        Self { call, cause: Cause::Malformed }
    }

    /// Whether AWS gave this error code, with or without `Exception`.
    pub fn is(&self, code: &str) -> bool {
        matches!(&self.cause, Cause::Code(is, _) if is.strip_suffix("Exception").unwrap_or(is) == code)
    }

    /// Whether ECS says that there is no such task definition; it has no error code of its own for that.
    pub fn is_no_task(&self) -> bool {
        self.is("Client") && matches!(self.cause, Cause::Code(_, true))
    }

    /// The reason, in words of ours.
    pub fn reason(&self) -> String {
        match &self.cause {
            Cause::Refused(false) => "AccessDenied".to_owned(),
            Cause::Refused(true) => "AccessDenied by an explicit deny".to_owned(),
            Cause::Code(code, _) if throttles(code) => format!("{code}, even at try {ATTEMPTS}"),
            Cause::Code(code, _) => code.clone(),
            Cause::NoCredentials(reason) => reason.clone(),
            Cause::Status(status) => format!("HTTP {status}"),
            Cause::Unreachable(false) => "the endpoint cannot be reached".to_owned(),
            Cause::Unreachable(true) => {
                "the endpoint's certificate is not trusted (SSL_CERT_FILE names more)".to_owned()
            }
            Cause::TimedOut => "no answer in time".to_owned(),
            Cause::OutOfTime => {
                format!("the {} minutes for all calls together were over", TOTAL.as_secs() / 60)
            }
            Cause::Malformed => "malformed answer".to_owned(),
            Cause::Unsent => "the request cannot be made".to_owned(),
        }
    }

    /// What could not be seen for it.
    pub fn gap(&self) -> Gap {
        let gap = Gap::new(self.reason()).by_call(self.call);
        if matches!(self.cause, Cause::Refused(_)) { gap.without(self.call) } else { gap }
    }

    /// The same for a thing that was listed a moment ago.
    pub fn gap_after_listing(&self, code: &str) -> Gap {
        if self.is(code) { Gap::new("it vanished while it was read").by_call(self.call) } else { self.gap() }
    }

    /// Why nothing can be asked.
    fn at_start(&self) -> AwsError {
        let reason = match &self.cause {
            Cause::NoCredentials(reason) => reason.clone(),
            Cause::Code(code, _) if let Some((_, why)) = LOGIN.iter().find(|(known, _)| known == code) => {
                format!("the credentials are refused ({code}): {why}")
            }
            _ => format!("{}: {}", self.call, self.reason()),
        };
        AwsError::new("AWS", reason)
    }
}

fn throttles(code: &str) -> bool {
    code.contains("Throttl")
        || matches!(code, "TooManyRequestsException" | "RequestLimitExceeded" | "SlowDown")
}

/// The pages of one list: bounded, and a token that comes twice ends them.
#[derive(Default)]
pub struct Pages {
    tokens: BTreeSet<String>,
}

impl Pages {
    /// The token of the next page, if there is one.
    ///
    /// # Errors
    /// Why the list cannot be followed to its end.
    pub fn next(&mut self, call: &'static str, token: Option<String>) -> Result<Option<String>, Gap> {
        let Some(token) = token.filter(|t| !t.is_empty()) else { return Ok(None) };
        if self.tokens.len() + 1 >= PAGES {
            return Err(Gap::new(format!("the list has more than {PAGES} pages")).by_call(call));
        }
        if !self.tokens.insert(token.clone()) {
            return Err(Gap::new("the list does not end: the same page token came twice").by_call(call));
        }
        Ok(Some(token))
    }

    /// The same for lists that say whether they are truncated.
    ///
    /// # Errors
    /// As for [`Pages::next`], or if a truncated list names no next page.
    pub fn next_of(
        &mut self,
        call: &'static str,
        truncated: bool,
        marker: Option<String>,
    ) -> Result<Option<String>, Gap> {
        if !truncated {
            return Ok(None);
        }
        match self.next(call, marker)? {
            None => Err(Gap::new("the list is truncated and names no next page").by_call(call)),
            next => Ok(next),
        }
    }
}
