//! From a `WWW-Authenticate` challenge to an `Authorization` header: Basic as it stands (ECR), or a Bearer token from
//! the token endpoint that the challenge names (distribution's token and OAuth 2 specifications).

use std::time::Duration;

use base64::Engine as _;
use http_auth::ParamValue;
use oci_client::token_cache::RegistryToken;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, Url};

use super::credentials::Login;
use super::failure::Failure;
use super::redirect::Reach;
use super::target::Target;
use super::transport::read_all;

/// Largest answer of a token endpoint, in bytes.
const TOKEN_BYTES: u64 = 1 << 20;

/// What the registry wants to see.
#[derive(Debug, PartialEq, Eq)]
pub enum Challenge {
    /// Name and password, with each request.
    Basic,
    /// A token from the endpoint `realm`.
    Bearer {
        /// The endpoint.
        realm: String,
        /// The registry's own name for itself.
        service: Option<String>,
    },
}

impl Challenge {
    /// The strongest challenge that we can answer.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut basic = None;
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let Ok(challenges) = http_auth::parse_challenges(header.to_str().unwrap_or_default()) else {
                continue;
            };
            for challenge in challenges {
                let param = |name: &str| {
                    let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.map(|(_, value): &(&str, ParamValue<'_>)| value.to_unescaped())
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    if let Some(realm) = param("realm") {
                        return Some(Self::Bearer { realm, service: param("service") });
                    }
                } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Self::Basic);
                }
            }
        }
        basic
    }
}

/// Answers a challenge. `client` must not follow redirects: they would carry the login elsewhere.
///
/// # Errors
/// If there is no login and one is needed, or the token endpoint gives no token.
pub async fn answer(
    client: &Client,
    target: &Target,
    reach: &Reach,
    challenge: &Challenge,
    login: &Login,
    timeout: Duration,
) -> Result<HeaderValue, Failure> {
    let (realm, service) = match challenge {
        Challenge::Bearer { realm, service } => (realm, service),
        Challenge::Basic => {
            let Login::Password(name, password) = login else {
                return Err(Failure::LoginNeeded { host: target.registry.clone() });
            };
            return basic(name, password);
        }
    };
    let mut url = Url::parse(realm)
        .map_err(|_| Failure::InvalidResponse("the registry names a token endpoint that is no URL".into()))?;
    if !target.may_login_at(&url) || !url.username().is_empty() || url.password().is_some() {
        let reason = "the registry names a token endpoint that is not on HTTPS; no login is sent there";
        return Err(Failure::InvalidResponse(reason.into()));
    }
    if !reach.may_connect(&url) {
        return Err(Failure::TooNear);
    }
    let is_anonymous = matches!(login, Login::Anonymous);
    if !is_anonymous && !reach.may_login_at(&url) {
        let host = url.host_str().unwrap_or_default();
        return Err(Failure::InvalidResponse(format!(
            "the registry asks for the login at {host}, which is on another domain; if that is meant, name the host in \
             [registry] login_hosts"
        )));
    }
    // The scope is ours, never the challenge's: that could ask for more than is needed here.
    let scope = format!("repository:{}:pull", target.repository);
    let request = if let Login::Identity(token) = login {
        let mut form = Url::parse("form:").map_err(|e| Failure::InvalidResponse(e.to_string()))?;
        let mut pairs = form.query_pairs_mut();
        pairs.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token);
        pairs.append_pair("client_id", "seaworthy").append_pair("scope", &scope);
        pairs.append_pair("service", service.as_deref().unwrap_or_default());
        drop(pairs);
        let body = form.query().unwrap_or_default().to_owned();
        client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    } else {
        url.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        let request = client.get(url);
        match login {
            Login::Password(name, password) => request.header(AUTHORIZATION, basic(name, password)?),
            Login::Anonymous | Login::Identity(_) => request,
        }
    };
    let logged_in = !matches!(login, Login::Anonymous);
    let mut response = send(request, timeout).await?;
    let status = response.status().as_u16();
    let body = read_all(&mut response, TOKEN_BYTES, timeout).await?;
    if status != 200 {
        return Err(
            match Failure::of_status(status, response.headers(), &body, &target.registry, logged_in) {
                Failure::Forbidden { host } if logged_in => Failure::LoginRefused { host, status },
                Failure::NotFound { .. } => {
                    Failure::InvalidResponse("the registry's token endpoint is not there (HTTP 404)".into())
                }
                other => other,
            },
        );
    }
    // Serde's words could quote the token.
    let token: RegistryToken = serde_json::from_slice(&body)
        .map_err(|_| Failure::InvalidResponse("the registry's token endpoint gave no token".into()))?;
    header(&token.bearer_token())
}

/// Sends a request and waits for the head of the answer.
///
/// # Errors
/// If there is none in time, or no connection.
pub async fn send(request: RequestBuilder, timeout: Duration) -> Result<Response, Failure> {
    match tokio::time::timeout(timeout, request.send()).await {
        Err(_) => Err(Failure::Timeout { seconds: timeout.as_secs() }),
        Ok(sent) => sent.map_err(|e| Failure::of(&e)),
    }
}

fn basic(name: &str, password: &str) -> Result<HeaderValue, Failure> {
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    header(&format!("Basic {text}"))
}

fn header(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Failure::InvalidResponse("the registry's token has characters that no token may have".into())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let of = |texts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for text in texts {
                headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(text));
            }
            Challenge::of(&headers)
        };
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.map(Into::into) })
        };
        assert_eq!(
            of(&[r#"Bearer realm="https://a.example/token",service="s",scope="repository:x:push""#]),
            bearer("https://a.example/token", Some("s"))
        );
        assert_eq!(of(&[r#"Basic realm="x""#, r#"Bearer realm="r""#]), bearer("r", None));
        assert_eq!(
            of(&[r#"Basic realm="https://e.example/",service="ecr.amazonaws.com""#]),
            Some(Challenge::Basic)
        );
        assert_eq!(of(&["Negotiate", "", ",,,\""]), None);
        assert_eq!(of(&[]), None);
    }
}
