//! Registries that lie, stall, refuse and break, and what is said of each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod stub;

use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use self::stub::{Answer, Reply, Request, Stub, answer};
use super::*;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

fn limits() -> Limits {
    Limits { timeout_seconds: 1, ..Limits::default() }
}

/// A repository named `app` with one image under the tag `1`.
#[derive(Clone)]
struct Content {
    paths: HashMap<String, (&'static str, Vec<u8>)>,
    manifest: Vec<u8>,
    layer: Vec<u8>,
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len() })
}

impl Content {
    fn new() -> Self {
        // Long enough not to arrive in one piece.
        let layer: Vec<u8> = (0..300_000u32).flat_map(|n| n.to_le_bytes()).collect();
        let config = json!({
            "os": "linux", "architecture": "amd64",
            "rootfs": { "type": "layers", "diff_ids": [Digest::of(&layer).as_str()] },
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor(LAYER, &layer)],
        });
        let manifest = manifest.to_string().into_bytes();
        let mut content = Self { paths: HashMap::new(), manifest: manifest.clone(), layer: layer.clone() };
        content.blob(&config);
        content.blob(&layer);
        content.manifest("1", MANIFEST, &manifest);
        content
    }

    fn blob(&mut self, bytes: &[u8]) {
        let path = format!("/v2/app/blobs/{}", Digest::of(bytes));
        self.paths.insert(path, ("application/octet-stream", bytes.to_vec()));
    }

    fn manifest(&mut self, tag: &str, media_type: &'static str, bytes: &[u8]) {
        for reference in [tag, Digest::of(bytes).as_str()] {
            self.paths.insert(format!("/v2/app/manifests/{reference}"), (media_type, bytes.to_vec()));
        }
    }

    fn reply(&self, request: &Request) -> Answer {
        match self.paths.get(&request.path) {
            Some((media_type, bytes)) => answer(200, bytes.clone()).with("Content-Type", media_type),
            None => answer(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}"#),
        }
    }

    fn layer_path(&self) -> String {
        format!("/v2/app/blobs/{}", Digest::of(&self.layer))
    }
}

fn registry(stub: &Stub, options: &RegistryOptions) -> Box<dyn Source> {
    let reference = format!("{}/app:1", stub.address);
    open("docker://app", &reference, options, &limits()).unwrap()
}

fn load(stub: &Stub) -> Result<Images, String> {
    registry(stub, &RegistryOptions::default()).images(&limits()).map_err(|e| e.to_string())
}

/// Opens and reads the only layer.
fn read_layer(source: &dyn Source, content: &Content) -> Result<Vec<u8>, String> {
    let digest = Digest::of(&content.layer);
    let blob = Blob { key: digest.to_string(), digest: Some(digest), size: Some(content.layer.len() as u64) };
    let mut reader = source.open(&blob).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    match reader.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(e) => {
            // A failed transfer never looks like one that ended.
            assert!(reader.read(&mut [0; 8]).is_err());
            Err(e.to_string())
        }
    }
}

fn auth_file(address: &str) -> (tempfile::NamedTempFile, RegistryOptions) {
    let auth = base64::engine::general_purpose::STANDARD.encode("AWS:invented-password");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({ "auths": { address: { "auth": auth } } }).to_string()).unwrap();
    let options = RegistryOptions { auth_file: Some(file.path().into()), ..RegistryOptions::default() };
    (file, options)
}

#[test]
fn an_image_is_loaded_and_its_layer_read() {
    let content = Content::new();
    let served = content.clone();
    let stub = Stub::start(move |r| served.reply(r).into());
    let source = registry(&stub, &RegistryOptions::default());
    let images = source.images(&limits()).unwrap();
    assert!(images.missed.is_empty() && images.mismatches.is_empty(), "{images:?}");
    let image = &images.images[0];
    assert_eq!(image.tags, [format!("{}/app:1", stub.address)]);
    assert_eq!(image.manifest.as_ref().unwrap().bytes, content.manifest);
    assert_eq!(image.layers[0].diff_id, Some(Digest::of(&content.layer)));
    assert_eq!(read_layer(&*source, &content).unwrap(), content.layer);
    let asked = stub.requests();
    assert!(asked.iter().all(|r| r.method == "GET" && r.header("authorization").is_none()));
    let accept = asked[0].header("accept").unwrap();
    assert!(accept.contains(MANIFEST) && accept.contains(INDEX) && accept.contains("manifest.list.v2+json"));
    // The root is fetched once.
    assert_eq!(stub.count("/manifests/1"), 1);
    assert_eq!(stub.count(Digest::of(&content.manifest).as_str()), 1, "only the referrers");
}

#[test]
fn a_lying_digest_header_is_a_mismatch() {
    let content = Content::new();
    let promised = Digest::of(b"something else").to_string();
    let (served, header) = (content.clone(), promised.clone());
    let stub = Stub::start(move |r| served.reply(r).with("Docker-Content-Digest", &header).into());
    let images = load(&stub).unwrap();
    let mismatch = &images.mismatches[0];
    assert_eq!(mismatch.what, "Docker-Content-Digest header");
    assert_eq!(mismatch.expected, promised);
    assert_eq!(mismatch.actual, Digest::of(&content.manifest).as_str());
    assert_eq!(images.images.len(), 1);
}

#[test]
fn a_pinned_manifest_with_other_bytes_is_a_mismatch() {
    let content = Content::new();
    let wanted = Digest::of(b"the image that was pinned");
    let stub = Stub::start({
        let (content, path) = (content.clone(), format!("/v2/app/manifests/{wanted}"));
        move |r| {
            let request = Request { path: r.path.replace(&path, "/v2/app/manifests/1"), ..r.clone() };
            content.reply(&request).into()
        }
    });
    let reference = format!("{}/app:1@{wanted}", stub.address);
    let source = open("x", &reference, &RegistryOptions::default(), &limits()).unwrap();
    let images = source.images(&limits()).unwrap();
    assert_eq!(images.mismatches[0].what, "manifest digest");
    assert_eq!(images.mismatches[0].expected, wanted.as_str());
    assert_eq!(images.mismatches[0].actual, Digest::of(&content.manifest).as_str());
}

#[test]
fn silence_and_dripping_end_within_the_limit() {
    let start = Instant::now();
    let stub = Stub::start(|_| Reply::Hang);
    assert!(load(&stub).unwrap_err().contains("no answer within 1 s"));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());

    let stub = Stub::start(|_| Reply::Drip(answer(200, vec![b' '; 9000]), Duration::from_millis(50)));
    let start = Instant::now();
    let error = load(&stub).unwrap_err();
    assert!(error.contains("slower than 1024 bytes per second"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_layer_that_stalls_fails_and_keeps_failing() {
    let content = Content::new();
    let stub = Stub::start({
        let content = content.clone();
        move |r| match content.reply(r) {
            layer if r.path == content.layer_path() => Reply::Drip(layer, Duration::from_secs(60)),
            other => other.into(),
        }
    });
    let source = registry(&stub, &RegistryOptions::default());
    assert!(read_layer(&*source, &content).unwrap_err().contains("no answer within 1 s"));
}

#[test]
fn a_manifest_over_the_limit_is_not_read_on() {
    for reply in [|| Reply::Endless, || answer(200, vec![b' '; 9 << 20]).into()] {
        let stub = Stub::start(move |_| reply());
        let error = load(&stub).unwrap_err();
        assert!(error.contains("larger than the limit of 8388608 bytes"), "{error}");
    }
}

#[test]
fn refusals_say_what_to_do_and_are_not_repeated() {
    let expect = |status: u16, body: &'static str, words: &str| {
        let stub = Stub::start(move |_| answer(status, body).into());
        let error = load(&stub).unwrap_err();
        assert!(error.contains(words) && error.contains("docker://app"), "{status}: {error}");
        assert_eq!(stub.requests().len(), 1, "{status}");
    };
    expect(401, "", "asks for a login (HTTP 401): docker login 127.0.0.1:");
    expect(403, "", "lacks the right to pull");
    expect(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#, "repository app on 127.0.0.1:");
    expect(404, r#"{"errors":[{"code":"NAME_UNKNOWN","message":"x"}]}"#, "has no repository app");
    expect(404, "<html>", "has no manifest 1 (HTTP 404)");
    expect(418, "", "unexpected status HTTP 418");
    expect(302, "", "unexpected status HTTP 302");
}

#[test]
fn passing_faults_are_tried_again_and_lasting_ones_given_up() {
    type Fault = fn() -> Reply;
    let faults: [Fault; 4] = [
        || answer(429, "").with("Retry-After", "0").into(),
        || answer(503, "").into(),
        || Reply::Close,
        || Reply::Cut(answer(200, vec![b' '; 100]), 50),
    ];
    for fault in faults {
        let content = Content::new();
        let seen = AtomicUsize::new(0);
        let stub = Stub::start(move |r| {
            if seen.fetch_add(1, Ordering::SeqCst) == 0 { fault() } else { content.reply(r).into() }
        });
        let images = load(&stub).unwrap();
        assert_eq!((images.images.len(), images.missed.len()), (1, 0));
        assert_eq!(stub.count("/manifests/1"), 2);
    }
    let lasting = |status: u16, header: (&'static str, &'static str), words: &str, times: usize| {
        let stub = Stub::start(move |_| answer(status, "").with(header.0, header.1).into());
        let error = load(&stub).unwrap_err();
        assert!(error.contains(words), "{error}");
        assert_eq!(stub.requests().len(), times, "{error}");
    };
    lasting(500, ("x", "y"), "the registry fails (HTTP 500); try again later", 3);
    lasting(429, ("x", "y"), "too many requests (HTTP 429)", 3);
    // Longer than we are ready to wait.
    lasting(429, ("Retry-After", "3600"), "asks to wait 3600 s", 1);
}

#[test]
fn a_broken_transfer_is_resumed_where_it_broke() {
    let content = Content::new();
    let stub = Stub::start({
        let content = content.clone();
        move |r| match content.reply(r) {
            layer if r.path == content.layer_path() => match r.header("range") {
                None => Reply::Cut(layer, 400_000),
                Some(range) => {
                    let from: usize =
                        range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap();
                    let total = content.layer.len();
                    let part = answer(206, &layer.body[from..]);
                    let part = part.with("Content-Range", &format!("bytes {from}-{}/{total}", total - 1));
                    if from < 900_000 { Reply::Cut(part, 500_000) } else { part.into() }
                }
            },
            other => other.into(),
        }
    });
    let source = registry(&stub, &RegistryOptions::default());
    assert_eq!(read_layer(&*source, &content).unwrap(), content.layer);
    assert_eq!(stub.count("/blobs/"), 3);
}

#[test]
fn a_transfer_that_cannot_be_resumed_fails() {
    let content = Content::new();
    for wrong_range in [false, true] {
        let stub = Stub::start({
            let content = content.clone();
            move |r| match r.header("range") {
                Some(_) if wrong_range => {
                    answer(206, content.layer.clone()).with("Content-Range", "bytes 0-1/2").into()
                }
                Some(_) => content.reply(r).into(),
                None => Reply::Cut(content.reply(r), 1000),
            }
        });
        let source = registry(&stub, &RegistryOptions::default());
        let error = read_layer(&*source, &content).unwrap_err();
        assert!(error.contains("broke off after 1000 bytes") && error.contains("no Range"), "{error}");
    }
    let stub = Stub::start(|_| Reply::Close);
    let source = registry(&stub, &RegistryOptions::default());
    assert!(read_layer(&*source, &content).unwrap_err().contains("closed without an answer"));
}

#[test]
fn more_bytes_than_promised_are_not_taken() {
    let content = Content::new();
    let stub = Stub::start(|_| Reply::Endless);
    let source = registry(&stub, &RegistryOptions::default());
    let error = read_layer(&*source, &content).unwrap_err();
    assert!(error.contains("longer than the 1200000 bytes"), "{error}");
}

#[test]
fn dropping_the_reader_ends_the_transfer() {
    let content = Content::new();
    let (sender, ended) = std::sync::mpsc::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        let mut stream = listener.accept().unwrap().0;
        let mut seen = [0; 4096];
        let _ = stream.read(&mut seen);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n").unwrap();
        while stream.write_all(&[0; 65536]).is_ok() {}
        sender.send(()).unwrap();
    });
    let source = open("x", &format!("{address}/app:1"), &RegistryOptions::default(), &limits()).unwrap();
    let digest = Digest::of(&content.layer);
    let blob = Blob { key: String::new(), digest: Some(digest), size: None };
    let mut reader = source.open(&blob).unwrap();
    reader.read_exact(&mut [0; 100]).unwrap();
    drop(reader);
    ended.recv_timeout(Duration::from_secs(5)).expect("the server still sends");
}

#[test]
fn a_redirect_carries_no_login_to_another_host() {
    let content = Content::new();
    let store = Stub::start({
        let content = content.clone();
        move |_| answer(200, content.layer.clone()).into()
    });
    let stub = Stub::start({
        let (content, to) =
            (content.clone(), format!("http://{}/bucket?X-Amz-Signature=invented", store.address));
        move |r| match r.header("authorization") {
            None => answer(401, "")
                .with("WWW-Authenticate", r#"Basic realm="x",service="ecr.amazonaws.com""#)
                .into(),
            Some("Basic QVdTOmludmVudGVkLXBhc3N3b3Jk") if r.path == content.layer_path() => {
                answer(307, "").with("Location", &to).into()
            }
            Some("Basic QVdTOmludmVudGVkLXBhc3N3b3Jk") => content.reply(r).into(),
            Some(_) => answer(403, "").into(),
        }
    });
    let (_file, options) = auth_file(&stub.address);
    let source = registry(&stub, &options);
    assert_eq!(source.images(&limits()).unwrap().missed, []);
    assert_eq!(read_layer(&*source, &content).unwrap(), content.layer);
    let asked = store.requests();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].header("authorization").is_none() && asked[0].header("referer").is_none(), "{asked:?}");
}

#[test]
fn redirects_without_end_are_not_followed_and_urls_not_shown() {
    let stub =
        Stub::start(|_| answer(302, "").with("Location", "/v2/app/again?X-Amz-Signature=invented").into());
    let error = load(&stub).unwrap_err();
    assert!(error.contains("a redirect was not followed") && !error.contains("invented"), "{error}");
}

#[test]
fn tokens_are_fetched_with_our_scope_and_renewed() {
    let tokens = AtomicUsize::new(0);
    let token_server = Stub::start(move |r| {
        if r.header("authorization") != Some("Basic QVdTOmludmVudGVkLXBhc3N3b3Jk") {
            return answer(401, "").into();
        }
        let n = tokens.fetch_add(1, Ordering::SeqCst);
        answer(200, format!(r#"{{"token":"invented-{n}"}}"#)).into()
    });
    let content = Content::new();
    let served = AtomicUsize::new(0);
    let challenge = format!(
        r#"Bearer realm="http://{}/token",service="s",scope="repository:other:push""#,
        token_server.address
    );
    let stub = Stub::start(move |r| {
        // The first token is good for two requests only.
        let good = match r.header("authorization") {
            Some("Bearer invented-0") => served.fetch_add(1, Ordering::SeqCst) < 2,
            other => other == Some("Bearer invented-1"),
        };
        if good {
            content.reply(r).into()
        } else {
            answer(401, "").with("WWW-Authenticate", &challenge).into()
        }
    });
    let (_file, options) = auth_file(&stub.address);
    let images = registry(&stub, &options).images(&limits()).unwrap();
    assert_eq!((images.images.len(), images.missed.len()), (1, 0), "{:?}", images.missed);
    let paths: Vec<String> = token_server.requests().into_iter().map(|r| r.path).collect();
    assert_eq!(paths, ["/token?scope=repository%3Aapp%3Apull&service=s"; 2]);
}

#[test]
fn an_identity_token_is_exchanged() {
    let token_server = Stub::start(|_| answer(200, r#"{"access_token":"invented-access"}"#).into());
    let content = Content::new();
    let challenge = format!(r#"Bearer realm="http://{}/oauth2/token",service="s""#, token_server.address);
    let stub = Stub::start(move |r| {
        let good = r.header("authorization") == Some("Bearer invented-access");
        if good {
            content.reply(r).into()
        } else {
            answer(401, "").with("WWW-Authenticate", &challenge).into()
        }
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = json!({ "auths": { &stub.address: { "identitytoken": "invented&refresh" } } });
    std::fs::write(file.path(), config.to_string()).unwrap();
    let options = RegistryOptions { auth_file: Some(file.path().into()), ..RegistryOptions::default() };
    assert_eq!(registry(&stub, &options).images(&limits()).unwrap().images.len(), 1);
    let asked = &token_server.requests()[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(
        asked.body,
        "grant_type=refresh_token&refresh_token=invented%26refresh&client_id=seaworthy&scope=repository%3Aapp%3Apull\
         &service=s"
    );
}

#[test]
fn logins_that_fail_are_told_apart_and_never_shown() {
    let login = |reply: fn(&Request) -> Reply| {
        let stub = Stub::start(reply);
        let (_file, options) = auth_file(&stub.address);
        let error = registry(&stub, &options).images(&limits()).unwrap_err();
        let both = format!("{error} {error:?}");
        assert!(!both.contains("invented") && !both.contains("QVdT"), "{both}");
        error.to_string()
    };
    let refused = login(|_| answer(401, "").with("WWW-Authenticate", "Basic realm=x").into());
    assert!(refused.contains("does not accept the login (HTTP 401)"), "{refused}");
    let expired = login(|r| match r.header("authorization") {
        None => answer(401, "").with("WWW-Authenticate", "Basic realm=x").into(),
        // A registry that gives the login back in its message.
        Some(login) => {
            let message = format!("Your authorization token has expired: {login}");
            answer(403, json!({ "errors": [{ "code": "DENIED", "message": message }] }).to_string()).into()
        }
    });
    assert!(
        expired.contains("has expired (HTTP 403)") && expired.contains("get-login-password"),
        "{expired}"
    );
    let plain = login(|_| {
        answer(401, "").with("WWW-Authenticate", r#"Bearer realm="http://203.0.113.1/token""#).into()
    });
    assert!(plain.contains("not on HTTPS; no login is sent"), "{plain}");
    let odd = login(|_| answer(401, "").with("WWW-Authenticate", r#"Bearer realm="nonsense""#).into());
    assert!(odd.contains("no URL"), "{odd}");
}

#[test]
fn token_endpoints_that_misbehave() {
    let with = |reply: fn() -> Reply| {
        let token_server = Stub::start(move |_| reply());
        let challenge = format!(r#"Bearer realm="http://{}/token""#, token_server.address);
        let stub = Stub::start(move |_| answer(401, "").with("WWW-Authenticate", &challenge).into());
        load(&stub).unwrap_err()
    };
    assert!(with(|| Reply::Endless).contains("larger than the limit"));
    assert!(with(|| Reply::Hang).contains("no answer within"));
    assert!(with(|| answer(200, "{}").into()).contains("gave no token"));
    assert!(with(|| answer(200, r#"{"token":"a\nb"}"#).into()).contains("characters"));
    assert!(with(|| answer(404, "").into()).contains("token endpoint is not there"));
    assert!(with(|| answer(401, "").into()).contains("asks for a login"));
    assert!(with(|| answer(302, "").with("Location", "http://127.0.0.1:1/").into()).contains("HTTP 302"));
    // It gives a token, and the registry does not take it.
    assert!(with(|| answer(200, r#"{"token":"t"}"#).into()).contains("asks for a login"));
}

/// A referrer of the image, its statement and the descriptor that lists it.
fn referrer(content: &mut Content) -> Value {
    let statement = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
    content.blob(statement);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.in-toto+json",
        "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": [descriptor("application/vnd.in-toto+json", statement)],
        "subject": descriptor(MANIFEST, &content.manifest),
    });
    let manifest = manifest.to_string().into_bytes();
    content.manifest("none", MANIFEST, &manifest);
    descriptor(MANIFEST, &manifest)
}

fn list(descriptors: &[&Value]) -> Vec<u8> {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": descriptors }).to_string().into_bytes()
}

#[test]
fn referrers_come_from_the_api_over_several_pages() {
    let mut content = Content::new();
    let found = referrer(&mut content);
    let path = format!("/v2/app/referrers/{}", Digest::of(&content.manifest));
    content.paths.insert(format!("{path}?n=2"), (INDEX, list(&[&found])));
    content.paths.insert(path.clone(), (INDEX, list(&[])));
    let stub = Stub::start(move |r| {
        let link = format!("<{path}?n=2>; rel=\"next\"");
        let answer = content.reply(r);
        if r.path == path { answer.with("Link", &link).into() } else { answer.into() }
    });
    let images = load(&stub).unwrap();
    assert_eq!((images.missed.len(), images.mismatches.len()), (0, 0), "{images:?}");
    let kinds: Vec<&str> = images.images[0].attestations.iter().map(|a| a.kind.as_str()).collect();
    assert_eq!(kinds, ["application/vnd.in-toto+json"; 2], "statement and manifest");
}

#[test]
fn referrers_come_from_the_tag_where_there_is_no_api() {
    let mut content = Content::new();
    let found = referrer(&mut content);
    let tag = Digest::of(&content.manifest).as_str().replace(':', "-");
    content.paths.insert(format!("/v2/app/manifests/{tag}"), (INDEX, list(&[&found])));
    let stub = Stub::start(move |r| content.reply(r).into());
    let images = load(&stub).unwrap();
    assert_eq!(images.missed.len(), 0, "{images:?}");
    assert_eq!(images.images[0].attestations.len(), 2);
}

#[test]
fn cosign_tags_are_read() {
    let mut content = Content::new();
    let dsse = br#"{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[]}"#;
    content.blob(dsse);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
        "layers": [descriptor("application/vnd.dsse.envelope.v1+json", dsse)],
    });
    let tag = Digest::of(&content.manifest).as_str().replace(':', "-");
    content.manifest(&format!("{tag}.att"), MANIFEST, manifest.to_string().as_bytes());
    let stub = Stub::start(move |r| content.reply(r).into());
    let images = load(&stub).unwrap();
    assert_eq!(images.missed.len(), 0, "{images:?}");
    let kinds: Vec<&str> = images.images[0].attestations.iter().map(|a| a.kind.as_str()).collect();
    assert_eq!(kinds, ["application/vnd.dsse.envelope.v1+json", "attestation manifest"]);
}

#[test]
fn unanswered_questions_for_referrers_are_not_none() {
    let refused = |what: &'static str, reply: fn() -> Reply| {
        let content = Content::new();
        let stub =
            Stub::start(move |r| if r.path.contains(what) { reply() } else { content.reply(r).into() });
        let images = load(&stub).unwrap();
        assert_eq!(images.images.len(), 1);
        let missed: Vec<String> = images.missed.iter().map(|m| format!("{}: {}", m.what, m.reason)).collect();
        assert_eq!(missed.len(), 1, "{missed:?}");
        assert!(missed[0].starts_with("referrers: "), "{missed:?}");
        missed[0].clone()
    };
    for what in ["/referrers/", "/manifests/sha256-"] {
        assert!(refused(what, || answer(403, "").into()).contains("HTTP 403"));
        assert!(refused(what, || answer(401, "").into()).contains("HTTP 401"));
        assert!(refused(what, || answer(500, "").into()).contains("HTTP 500"));
        assert!(refused(what, || Reply::Hang).contains("no answer within"));
        assert!(refused(what, || answer(200, "<html>").into()).contains("not an OCI index"));
        assert!(refused(what, || answer(200, r#"{"config":{}}"#).into()).contains("not an OCI index"));
        assert!(refused(what, || answer(200, "[[]]").into()).contains("not an OCI index"));
    }
    let filtered =
        refused("/referrers/", || answer(200, list(&[])).with("OCI-Filters-Applied", "artifactType").into());
    assert!(filtered.contains("filtered"), "{filtered}");
    let away = refused("/referrers/", || {
        answer(200, list(&[])).with("Link", "<http://203.0.113.1/next>; rel=\"next\"").into()
    });
    assert!(away.contains("another host"), "{away}");
    let endless = refused("/referrers/", || {
        let n = COUNT.fetch_add(1, Ordering::SeqCst);
        answer(200, list(&[])).with("Link", &format!("</v2/app/referrers/{n}>; rel=\"next\"")).into()
    });
    assert!(endless.contains("more than 512 entries or pages"), "{endless}");
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

#[test]
fn all_platforms_and_attestation_manifests_are_read() {
    let mut content = Content::new();
    let mut arm = descriptor(MANIFEST, &content.manifest);
    arm["platform"] = json!({ "os": "linux", "architecture": "arm64" });
    let other = String::from_utf8(content.manifest.clone()).unwrap() + "\n";
    content.manifest("other", MANIFEST, other.as_bytes());
    let index = list(&[&arm, &descriptor(MANIFEST, other.as_bytes())]);
    content.manifest("1", INDEX, &index);
    let stub = Stub::start(move |r| content.reply(r).into());
    let images = load(&stub).unwrap();
    assert_eq!((images.images.len(), images.missed.len()), (2, 0), "{images:?}");
    assert_eq!(images.images[0].indexes[0].bytes, index);
}

#[test]
fn what_is_not_there_is_missed_by_name() {
    let content = Content::new();
    let stub = Stub::start({
        let content = content.clone();
        move |r| if r.path.contains("/blobs/") { answer(404, "").into() } else { content.reply(r).into() }
    });
    let source = registry(&stub, &RegistryOptions::default());
    let images = source.images(&limits()).unwrap();
    assert_eq!(
        (images.missed[0].what.as_str(), images.missed[0].reason.as_str()),
        ("config", "it is missing")
    );
    assert_eq!(read_layer(&*source, &content).unwrap_err(), "it is missing");
}

#[test]
fn connections_that_fail_are_told_apart() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let source = open("x", &format!("{closed}/app"), &RegistryOptions::default(), &limits()).unwrap();
    let error = source.images(&limits()).unwrap_err().to_string();
    assert!(error.contains("connection refused"), "{error}");

    // TLS spoken to a server that has none.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        }
    });
    let target = Target::parse("h.example/app", false).unwrap().at(&format!("https://{address}/v2/"));
    let source = connect("x", target, &RegistryOptions::default(), &limits()).unwrap();
    let error = source.images(&limits()).unwrap_err().to_string();
    assert!(error.contains("no TLS connection: it does not speak TLS"), "{error}");
}

#[test]
fn malformed_references_are_refused_before_anything_is_asked() {
    for bad in ["", "h.example/App", "h.example/app@md5:00", "h.example/app:1:2"] {
        let opened = open("docker://bad", bad, &RegistryOptions::default(), &limits());
        assert!(matches!(opened, Err(ImageError::NotAnImage { .. })), "{bad}");
    }
}
