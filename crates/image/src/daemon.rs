//! The local Docker daemon, over its Unix socket. It sends an image as `docker save` writes it, once and in order, so
//! it is read as a stream.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Response;

use super::registry::Failure;
use super::registry::transport::{Driver, Pace, Parts, Transfer};
use super::stream::StreamArchive;
use super::{Digest, ImageError, Limits, Source};
use seaworthy_source::escape_bytes;

/// Where the daemon listens by default.
const SOCKET: &str = "/var/run/docker.sock";
/// How many timeouts the daemon has for its first answer: it packs large images before it sends them.
const PACKING: u32 = 10;

/// Opens `NAME[:TAG]`, `NAME@DIGEST` or an image ID `sha256:HEX` in the daemon that `DOCKER_HOST` names; `name` is how
/// reports call it.
///
/// # Errors
/// If the reference is malformed, or the daemon cannot be reached.
pub fn open(name: &str, reference: &str, limits: &Limits) -> Result<Box<dyn Source>, ImageError> {
    open_at(name, reference, std::env::var("DOCKER_HOST").ok().as_deref(), limits)
}

fn open_at(
    name: &str,
    reference: &str,
    docker_host: Option<&str>,
    limits: &Limits,
) -> Result<Box<dyn Source>, ImageError> {
    let remote = |reason: String| ImageError::Remote { name: name.to_owned(), reason };
    let image = image_name(reference)
        .map_err(|reason| ImageError::NotAnImage { name: name.to_owned(), reason: reason.to_owned() })?;
    let socket = socket(docker_host).map_err(remote)?;
    // Asked now, so that a daemon that is not there shows before anything else is done.
    UnixStream::connect(&socket).map_err(|e| remote(no_connection(&socket, &e)))?;
    let driver = Driver::start().map_err(|e| remote(e.to_string()))?;
    let timeout = Duration::from_secs(limits.timeout_seconds.max(1));
    let start = move || {
        let (response, client) = request(&driver, &socket, &image, timeout).map_err(io::Error::other)?;
        let transfer = Transfer::start(&driver, |parts| forward(client, response, timeout, parts));
        Ok(Box::new(transfer) as Box<dyn Read + Send>)
    };
    Ok(Box::new(StreamArchive::new(name, None, Box::new(start))))
}

fn socket(docker_host: Option<&str>) -> Result<PathBuf, String> {
    match docker_host.filter(|host| !host.is_empty()) {
        None => Ok(PathBuf::from(SOCKET)),
        Some(host) => match host.strip_prefix("unix://") {
            Some(path) if path.starts_with('/') => Ok(PathBuf::from(path)),
            Some(_) => Err("DOCKER_HOST is unix:// without an absolute path".into()),
            None => Err(
                "DOCKER_HOST names a daemon that is not on a Unix socket, which is not read; save the image \
                 there with docker save -o image.tar and give docker-archive:image.tar"
                    .into(),
            ),
        },
    }
}

/// The name for the daemon's path: only characters that names have, and a tag, without which the daemon would send all
/// tags of the repository.
fn image_name(reference: &str) -> Result<String, &'static str> {
    if Digest::parse(reference).is_some() {
        return Ok(reference.to_owned());
    }
    let parsed: oci_client::Reference =
        reference.parse().map_err(|_| "is no image name; write NAME[:TAG], NAME@DIGEST or sha256:HEX")?;
    // The daemon fills in the default registry itself, and knows images that are in none.
    let tagged =
        parsed.digest().is_some() || reference.rsplit('/').next().is_some_and(|last| last.contains(':'));
    Ok(if tagged { reference.to_owned() } else { format!("{reference}:latest") })
}

fn request(
    driver: &Driver,
    socket: &Path,
    image: &str,
    timeout: Duration,
) -> Result<(Response, reqwest::Client), String> {
    let words = |failure: Failure| format!("the Docker daemon: {failure}");
    // Nothing is encrypted here, but the client wants to be able to.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().unix_socket(socket).redirect(reqwest::redirect::Policy::none());
    let client = client.build().map_err(|e| words(Failure::of(&e)))?;
    let first = timeout * PACKING;
    let sent = driver.block_on(async {
        let send = client.get(format!("http://localhost/images/{image}/get")).send();
        tokio::time::timeout(first, send).await
    });
    let response = sent
        .map_err(|_| words(Failure::Timeout { seconds: first.as_secs() }))?
        .map_err(|e| words(Failure::of(&e)))?;
    match response.status().as_u16() {
        200 => Ok((response, client)),
        404 => Err(format!("no such image in the Docker daemon: {}", escape_bytes(image.as_bytes()))),
        status => Err(format!("the Docker daemon refuses the image (HTTP {status})")),
    }
}

/// Hands on the answer's body. The client is kept for as long as its connection is used.
async fn forward(
    client: reqwest::Client,
    mut response: Response,
    timeout: Duration,
    parts: Parts,
) -> Result<(), Failure> {
    let mut pace = Pace::new(timeout);
    while let Some(part) = pace.next(&mut response).await? {
        if !parts.give(part).await {
            break;
        }
    }
    drop(client);
    Ok(())
}

fn no_connection(socket: &Path, error: &io::Error) -> String {
    let socket = socket.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("no Docker daemon: there is no socket {socket}; is docker running?")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "the Docker daemon's socket {socket} may not be opened by this user; see the group docker"
            )
        }
        io::ErrorKind::ConnectionRefused => {
            format!("no Docker daemon listens on {socket}; is docker running?")
        }
        _ => format!("{socket}: {error}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::super::Images;
    use super::super::registry::tests::stub::{Reply, Stub, answer};
    use super::*;

    fn limits() -> Limits {
        Limits { timeout_seconds: 1, ..Limits::default() }
    }

    /// What `docker save` writes: a config, one layer, and the list.
    fn saved() -> Vec<u8> {
        let layer = vec![0; 300_000];
        let config = json!({ "rootfs": { "diff_ids": [Digest::of(&layer).as_str()] } }).to_string();
        let list =
            json!([{ "Config": "c.json", "RepoTags": ["app:1"], "Layers": ["l/layer.tar"] }]).to_string();
        let mut tar = tar::Builder::new(Vec::new());
        for (path, bytes) in [
            ("l/layer.tar", layer.as_slice()),
            ("c.json", config.as_bytes()),
            ("manifest.json", list.as_bytes()),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, bytes).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn load(socket: &Path, reference: &str) -> Result<(Images, Vec<(String, u64)>), ImageError> {
        let host = format!("unix://{}", socket.display());
        let source = open_at("docker-daemon:app", reference, Some(&host), &limits())?;
        let mut layers = Vec::new();
        let stream = source.stream().unwrap();
        stream.read(&limits(), &mut |name, reader| {
            layers.push((name.to_owned(), io::copy(reader, &mut io::sink()).unwrap_or(0)));
        })?;
        Ok((source.images(&limits())?, layers))
    }

    #[test]
    fn an_image_is_streamed_from_the_socket() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("docker.sock");
        let body = saved();
        let stub = Stub::start_on(&socket, move |r| match r.path.as_str() {
            "/images/team/app:latest/get" => answer(200, body.clone()).into(),
            _ => answer(404, r#"{"message":"No such image"}"#).into(),
        });
        let (images, layers) = load(&socket, "team/app").unwrap();
        assert_eq!(layers, [("l/layer.tar".to_owned(), 300_000)]);
        assert_eq!(images.images[0].tags, ["app:1"]);
        assert!(images.missed.is_empty(), "{images:?}");
        let error = load(&socket, "other:2").unwrap_err().to_string();
        assert!(error.contains("no such image in the Docker daemon: other:2"), "{error}");
        assert_eq!(stub.requests().len(), 2);
    }

    #[test]
    fn an_answer_that_breaks_off_or_stalls_is_told() {
        for stalls in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let socket = dir.path().join("docker.sock");
            let body = saved();
            Stub::start_on(&socket, move |_| {
                let answer = answer(200, body.clone());
                if stalls {
                    Reply::Drip(answer, Duration::from_secs(60))
                } else {
                    Reply::Cut(answer, 100_000)
                }
            });
            let start = Instant::now();
            assert!(load(&socket, "app").is_err());
            assert!(start.elapsed() < Duration::from_secs(20));
        }
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("docker.sock");
        Stub::start_on(&socket, |_| answer(500, "").into());
        assert!(load(&socket, "app").unwrap_err().to_string().contains("refuses the image (HTTP 500)"));
    }

    #[test]
    fn daemons_that_cannot_be_reached() {
        let error = |host: &str, reference: &str| {
            open_at("x", reference, Some(host), &limits()).err().expect("no daemon").to_string()
        };
        let dir = tempfile::tempdir().unwrap();
        let host = |name: &str| format!("unix://{}", dir.path().join(name).display());
        assert!(error(&host("none.sock"), "app").contains("is docker running?"));
        drop(std::os::unix::net::UnixListener::bind(dir.path().join("dead.sock")).unwrap());
        assert!(error(&host("dead.sock"), "app").contains("no Docker daemon listens"));
        assert!(error("tcp://h.example:2376", "app").contains("docker save -o image.tar"));
        assert!(error("unix://relative", "app").contains("absolute path"));
        assert!(error(&host("none.sock"), "App?x").contains("is no image name"));
    }

    #[test]
    fn names_get_a_tag() {
        let id = Digest::of(b"config").to_string();
        assert_eq!(image_name("app"), Ok("app:latest".into()));
        assert_eq!(image_name("h.example:5000/app"), Ok("h.example:5000/app:latest".into()));
        assert_eq!(image_name("h.example:5000/app:2"), Ok("h.example:5000/app:2".into()));
        assert_eq!(image_name(&format!("app@{id}")), Ok(format!("app@{id}")));
        assert_eq!(image_name(&id), Ok(id));
        assert!(image_name("../app").is_err());
    }
}
