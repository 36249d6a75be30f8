//! The HTTP side: requests with login, retries and limits.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Response, Url};

use super::RegistryOptions;
use super::credentials::{self, Login};
use super::failure::Failure;
use super::redirect::{Reach, Resolver};
use super::target::Target;
use super::token::{self, Challenge};
use super::transport::{Pace, Parts, read_all};

/// How often a request is made before it is given up.
const TRIES: u32 = 3;
/// First pause between tries; it doubles with each.
const PAUSE: Duration = Duration::from_millis(300);
/// How often a broken transfer is taken up again.
const RESUMES: u32 = 4;
/// How much of an error's body is read, in bytes.
const ERROR_BYTES: u64 = 64 << 10;
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A client for one repository.
pub struct Client {
    http: reqwest::Client,
    /// For requests that carry a login in their body or to another host.
    direct: reqwest::Client,
    target: Target,
    timeout: Duration,
    reach: Arc<Reach>,
    auth_file: Option<PathBuf>,
    login: OnceLock<Result<Login, String>>,
    authorization: Mutex<Option<HeaderValue>>,
}

/// A document as it came.
pub struct Answer {
    /// Its headers.
    pub headers: HeaderMap,
    /// Where it came from, redirects followed.
    pub url: Url,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Client {
    /// Makes a client; nothing is asked yet.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(target: Target, options: &RegistryOptions, timeout: Duration) -> Result<Self, Failure> {
        // One provider for the process; if another part of it was first, that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = target.plain_http;
        let reach = Reach::new(target.base(), options);
        let resolver = Arc::new(Resolver(Arc::clone(&reach)));
        let reached = Arc::clone(&reach);
        let follow = Policy::custom(move |attempt| {
            let follow = reached.may_follow(attempt.url(), attempt.previous().len());
            if follow { attempt.follow() } else { attempt.error("not followed") }
        });
        let build = |policy: Policy| {
            let mut builder = reqwest::Client::builder()
                .redirect(policy)
                .referer(false)
                .dns_resolver(Arc::clone(&resolver));
            // Bytes are hashed as they are stored, so nothing may be unpacked on the way.
            builder = builder.no_gzip().no_brotli().no_zstd().no_deflate();
            builder = builder.user_agent(concat!("seaworthy/", env!("CARGO_PKG_VERSION")));
            if plain {
                // What is near enough for plain HTTP is not to pass through a proxy.
                builder = builder.no_proxy();
            }
            let built = builder.connect_timeout(timeout.min(CONNECT)).build();
            built.map_err(|_| {
                Failure::Tls("it cannot be set up; are the system's certificates installed?".into())
            })
        };
        Ok(Self {
            http: build(follow)?,
            direct: build(Policy::none())?,
            target,
            timeout,
            reach,
            auth_file: options.auth_file.clone(),
            login: OnceLock::new(),
            authorization: Mutex::new(None),
        })
    }

    /// What this client is for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Gets a document of at most `limit` bytes.
    ///
    /// # Errors
    /// If it cannot be had after all tries.
    pub async fn document(&self, url: &Url, accept: Option<&str>, limit: u64) -> Result<Answer, Failure> {
        self.document_in(url, accept, limit, TRIES).await
    }

    /// Gets a document of at most `limit` bytes in at most `tries` tries.
    ///
    /// # Errors
    /// If it cannot be had after all tries.
    pub async fn document_in(
        &self,
        url: &Url,
        accept: Option<&str>,
        limit: u64,
        tries: u32,
    ) -> Result<Answer, Failure> {
        let mut tries = Tries::new(tries);
        loop {
            match self.document_once(url, accept, limit).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => tries.again(failure, self.timeout).await?,
            }
        }
    }

    async fn document_once(&self, url: &Url, accept: Option<&str>, limit: u64) -> Result<Answer, Failure> {
        let mut response = self.request(url, accept, None).await?;
        let bytes = read_all(&mut response, limit, self.timeout).await?;
        Ok(Answer { headers: response.headers().clone(), url: response.url().clone(), bytes })
    }

    /// Starts on a blob: its body is still to be read.
    ///
    /// # Errors
    /// If it cannot be had after all tries.
    pub async fn blob(&self, url: &Url) -> Result<Response, Failure> {
        let mut tries = Tries::new(TRIES);
        loop {
            match self.request(url, None, None).await {
                Ok(response) => return Ok(response),
                Err(failure) => tries.again(failure, self.timeout).await?,
            }
        }
    }

    /// Hands on a blob's bytes, taking up the transfer where it broke. More bytes than `size` are a failure.
    ///
    /// # Errors
    /// If it cannot be brought to its end.
    pub async fn pump(
        self: Arc<Self>,
        url: Url,
        mut response: Response,
        size: Option<u64>,
        parts: Parts,
    ) -> Result<(), Failure> {
        let mut offset = 0;
        let mut resumes = Tries::new(RESUMES);
        loop {
            let failure = match self.forward(&mut response, &mut offset, size, &parts).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            if size == Some(offset) {
                return Ok(());
            }
            if !matches!(failure, Failure::Broken(_)) {
                return Err(failure);
            }
            loop {
                let reason = |f: Failure| Failure::NotResumed { offset, reason: f.to_string() };
                resumes.again(failure.clone(), self.timeout).await.map_err(reason)?;
                match self.request(&url, None, Some(offset)).await {
                    Ok(resumed) => {
                        response = resumed;
                        break;
                    }
                    Err(failure) if failure.may_pass() => {}
                    Err(failure) => return Err(reason(failure)),
                }
            }
        }
    }

    async fn forward(
        &self,
        response: &mut Response,
        offset: &mut u64,
        size: Option<u64>,
        parts: &Parts,
    ) -> Result<(), Failure> {
        let mut pace = Pace::new(self.timeout);
        while let Some(part) = pace.next(response).await? {
            *offset += part.len() as u64;
            if !parts.give(part).await {
                return Ok(());
            }
            if let Some(size) = size.filter(|size| *offset > *size) {
                return Err(Failure::TooLong { size });
            }
        }
        match size.filter(|size| *offset < *size) {
            None => Ok(()),
            // Without a length the end of the connection looks like the end of the blob.
            Some(_) if response.content_length().is_none() => {
                Err(Failure::Broken("the transfer ended early".into()))
            }
            Some(size) => Err(Failure::TooShort { given: *offset, size }),
        }
    }

    /// One request, with a login if the registry asks for one. The answer is a success: 206 if `from` was asked for.
    async fn request(&self, url: &Url, accept: Option<&str>, from: Option<u64>) -> Result<Response, Failure> {
        let known = self.known();
        let mut response = self.send(url, accept, from, known.as_ref()).await?;
        let mut logged_in = known.is_some() && self.has_login();
        if response.status() == 401 {
            if !self.target.is_home(response.url()) {
                return Err(Failure::LoginElsewhere);
            }
            if let Some(challenge) = Challenge::of(response.headers()) {
                let login = self.login()?;
                logged_in = self.has_login();
                let fresh =
                    token::answer(&self.direct, &self.target, &self.reach, &challenge, login, self.timeout)
                        .await?;
                *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
                response = self.send(url, accept, from, Some(&fresh)).await?;
            }
        }
        match (response.status().as_u16(), from) {
            (200, None) => Ok(response),
            (206, Some(offset)) if starts_at(response.headers(), offset) => Ok(response),
            (200 | 206, Some(_)) => Err(Failure::InvalidResponse(
                "the server does not give a part of it (no Range requests)".into(),
            )),
            (status, _) => {
                // A body that cannot be read is as good as none: it would only have told more.
                let body = read_all(&mut response, ERROR_BYTES, self.timeout).await.unwrap_or_default();
                let host = &self.target.registry;
                Err(Failure::of_status(status, response.headers(), &body, host, logged_in))
            }
        }
    }

    async fn send(
        &self,
        url: &Url,
        accept: Option<&str>,
        from: Option<u64>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, Failure> {
        let mut request = self.http.get(url.clone());
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(offset) = from {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        if let Some(value) = authorization.filter(|_| self.target.is_home(url)) {
            request = request.header(AUTHORIZATION, value);
        }
        token::send(request, self.timeout).await
    }

    fn known(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looked for only when the registry asks for it: a helper may want to talk to the user.
    fn login(&self) -> Result<&Login, Failure> {
        let find = || {
            let file = self.auth_file.as_deref();
            credentials::find(&self.target.registry, &self.target.repository, file)
        };
        self.login.get_or_init(find).as_ref().map_err(|reason| Failure::Credentials(reason.clone()))
    }

    fn has_login(&self) -> bool {
        matches!(self.login.get(), Some(Ok(Login::Password(..) | Login::Identity(_))))
    }
}

fn starts_at(headers: &HeaderMap, offset: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|v| v.to_str().ok());
    let start = range.and_then(|r| r.trim().strip_prefix("bytes ")).and_then(|r| r.split('-').next());
    start.and_then(|s| s.trim().parse().ok()) == Some(offset)
}

/// Counts tries and waits between them.
struct Tries {
    left: u32,
    pause: Duration,
}

impl Tries {
    fn new(tries: u32) -> Self {
        Self { left: tries, pause: PAUSE }
    }

    /// Waits before the next try; gives the failure back if there is to be none.
    async fn again(&mut self, failure: Failure, longest: Duration) -> Result<(), Failure> {
        self.left = self.left.saturating_sub(1);
        let asked = failure.wait().unwrap_or_default();
        if self.left == 0 || !failure.may_pass() || asked > longest {
            return Err(failure);
        }
        tokio::time::sleep(asked.max(self.pause + jitter(self.pause))).await;
        self.pause *= 2;
        Ok(())
    }
}

/// Up to half of `pause`, so that many clients do not come back at once.
fn jitter(pause: Duration) -> Duration {
    // Each hasher starts from random keys of its own.
    let random = RandomState::new().build_hasher().finish();
    let part = u32::try_from(random % 512).unwrap_or(0);
    pause * part / 1024
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let at = |text: &'static str| {
            let headers = HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_static(text))]);
            starts_at(&headers, 5)
        };
        assert!(at("bytes 5-9/10") && at("bytes 5-9/*"));
        assert!(!at("bytes 0-9/10") && !at("bytes */10") && !at("5-9/10") && !at(""));
        assert!(!starts_at(&HeaderMap::new(), 0));
    }
}
