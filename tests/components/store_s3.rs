//! Evidence in a bucket: against moto (a real S3 in behaviour, from PyPI), and against a server that misbehaves.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{Cli, Layer, Spec, Tar};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use seaworthy::store::{BucketOptions as Options, Encryption, S3};
use seaworthy::store::{Document, Layout, Store, StoreError};
use seaworthy_source::{Key, KeyPattern, PhaseId, RunId};

/// moto on a port of its own, ended with the test.
struct Moto {
    child: Child,
    endpoint: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python of the tests: SEAWORTHY_TEST_VENV, else tests/.venv; tests/setup.sh makes it.
fn venv() -> PathBuf {
    let named = std::env::var_os("SEAWORTHY_TEST_VENV").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/.venv"))
}

impl Moto {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = venv().join("bin/moto_server");
        let child = Command::new(&server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}; tests/setup.sh installs it", server.display()));
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "moto does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, endpoint: format!("http://127.0.0.1:{port}") }
    }

    /// A request to moto as it is, without the client under test.
    fn raw(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> String {
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
             {headers}Content-Length: {length}\r\n\r\n"
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        answer
    }
}

fn store_with(endpoint: &str, change: impl FnOnce(&mut Options)) -> Store {
    let mut options = Options {
        bucket: "evidence-bucket".to_owned(),
        prefix: "team".to_owned(),
        endpoint: Some(endpoint.to_owned()),
        region: Some("us-east-1".to_owned()),
        path_style: true,
        encryption: None,
        timeout_seconds: 20,
    };
    change(&mut options);
    let credentials = Credentials::new("test", "test", None, None, "tests");
    let shared = aws_config::SdkConfig::builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Store::S3(S3::with_config(options, &shared).unwrap())
}

fn store(endpoint: &str) -> Store {
    store_with(endpoint, |_| {})
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn evidence(verdict: &str, more: &str) -> Vec<u8> {
    format!(
        r#"{{"schema":"seaworthy/evidence/v1","platform_run_id":"r","phase_id":"P(-1)","verdict":"{verdict}","x":"{more}"}}"#
    )
    .into_bytes()
}

const KEY: &str = "evidence/runs/r/P(-1)/security.json";

#[test]
fn objects_are_made_once_and_replaced_only_when_asked() {
    let moto = Moto::start();
    moto.raw("PUT", "/evidence-bucket", "", b"");
    let store = store(&moto.endpoint);
    assert_eq!(store.get(&key(KEY)).unwrap(), None);
    let put = |bytes: &[u8], replace| store.put_evidence(&key(KEY), bytes, replace);
    let stored = put(&evidence("FAIL", "one"), false).unwrap();
    assert_eq!(stored.place, "s3://evidence-bucket/team/evidence/runs/r/P(-1)/security.json");
    assert!(!stored.unchanged && stored.kept.is_none());
    assert!(put(&evidence("FAIL", "one"), false).unwrap().unchanged);
    assert!(matches!(put(&evidence("PASS", ""), false), Err(StoreError::Exists { .. })));
    let read = store.get(&key(KEY)).unwrap().unwrap();
    assert_eq!(read.bytes, evidence("FAIL", "one"));
    let age = jiff::Timestamp::now().as_second() - read.modified.unwrap().as_second();
    assert!((-60..60).contains(&age), "{age}");
    let kept = put(&evidence("PASS", ""), true).unwrap().kept.unwrap();
    assert!(kept.ends_with("/P(-1)/security.replaced-1.json"), "{kept}");
    assert_eq!(store.get(&key(KEY)).unwrap().unwrap().bytes, evidence("PASS", ""));
    let kept = store.get(&key("evidence/runs/r/P(-1)/security.replaced-1.json")).unwrap().unwrap();
    assert_eq!(kept.bytes, evidence("FAIL", "one"));
    // The key went over the wire encoded once.
    let listing = moto.raw("GET", "/evidence-bucket?list-type=2", "", b"");
    assert!(listing.contains("<Key>team/evidence/runs/r/P(-1)/security.json</Key>"), "{listing}");
    // What is there and is no evidence stays, unless it is to be replaced; then it is kept.
    moto.raw("PUT", "/evidence-bucket/team/notes.json", "", b"{}");
    let put = |replace| store.put_evidence(&key("notes.json"), &evidence("PASS", ""), replace);
    assert!(matches!(put(false), Err(StoreError::Foreign { .. })));
    put(true).unwrap();
    assert_eq!(store.get(&key("notes.replaced-1.json")).unwrap().unwrap().bytes, b"{}");
}

#[test]
fn versions_and_encryption() {
    let moto = Moto::start();
    moto.raw("PUT", "/evidence-bucket", "", b"");
    let body = b"<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status></VersioningConfiguration>";
    moto.raw("PUT", "/evidence-bucket?versioning", "", body);
    let store =
        store_with(&moto.endpoint, |o| o.encryption = Some(Encryption::Kms(Some("alias/evidence".into()))));
    let one = store.put_evidence(&key(KEY), &evidence("FAIL", "1"), false).unwrap().version.unwrap();
    let two = store.put_evidence(&key(KEY), &evidence("FAIL", "2"), false).unwrap().version.unwrap();
    assert_ne!(one, two);
    assert_eq!(store.get(&key(KEY)).unwrap().unwrap().version.as_ref(), Some(&two));
    let head = moto.raw("GET", "/evidence-bucket/team/evidence/runs/r/P%28-1%29/security.json", "", b"");
    assert!(head.to_ascii_lowercase().contains("x-amz-server-side-encryption: aws:kms"), "{head}");
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let moto = Moto::start();
    moto.raw("PUT", "/evidence-bucket", "", b"");
    let endpoint = &moto.endpoint;
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                let bytes = evidence("FAIL", &writer.to_string());
                store(endpoint).put_evidence(&key(KEY), &bytes, false).unwrap();
            });
        }
    });
    let store = store(endpoint);
    let names = store.entries("evidence/runs/r/P(-1)/").unwrap().names;
    let mut all: Vec<Vec<u8>> = names
        .iter()
        .map(|n| store.get(&key(&format!("evidence/runs/r/P(-1)/{n}"))).unwrap().unwrap().bytes)
        .collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4, "{names:?}");
}

#[test]
fn runs_are_listed_over_pages() {
    let moto = Moto::start();
    moto.raw("PUT", "/evidence-bucket", "", b"");
    for n in 0..1_050 {
        moto.raw("PUT", &format!("/evidence-bucket/team/evidence/runs/run_{n:04}/run.json"), "", b"{}");
    }
    // As a client writes it that escapes twice.
    moto.raw("PUT", "/evidence-bucket/team/evidence/runs/P%2528-1%2529/run.json", "", b"{}");
    let pattern = KeyPattern::parse("evidence/runs/{platform_run_id}/run.json").unwrap();
    let layout = Layout {
        phase: PhaseId::parse("P(-1)").unwrap(),
        patterns: BTreeMap::from([(Document::RunHeader, pattern)]),
    };
    let runs = store(&moto.endpoint).runs(&layout).unwrap();
    assert_eq!((runs.ids.len(), runs.more, runs.other.len()), (1_051, false, 0));
    assert_eq!(runs.ids[0], RunId::parse("P(-1)").unwrap());
    assert_eq!(runs.ids[1_050].as_str(), "run_1049");
}

#[test]
fn a_gate_writes_to_the_bucket() {
    let moto = Moto::start();
    moto.raw("PUT", "/evidence-bucket", "", b"");
    let cli = Cli::new()
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let layer = Layer::from(Tar::new().file("app/key", crate::support::GITLAB));
    cli.write("image.tar", Spec::new([layer]).docker_archive(&["app:1"]))
        .write("Dockerfile", "FROM scratch\nCOPY x /x\n")
        .write("x", "x")
        .write(
            "seaworthy.toml",
            "version = 1\n[image]\nreference = \"docker-archive:image.tar\"\n[evidence]\n\
             store = \"s3://evidence-bucket/team\"\nphase_id = \"P(-1)\"\n[evidence.s3]\nregion = \"us-east-1\"\n\
             path_style = true\n",
        );
    let gate = |more: &[&str]| {
        cli.run(&[&["gate", "--run-id", "run_1", "--endpoint-url", &moto.endpoint], more].concat())
    };
    let answer = gate(&[]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let place = "s3://evidence-bucket/team/evidence/runs/run_1/P(-1)/security_secret_injection_checks.json";
    assert!(answer.stderr.contains(place), "{}", answer.stderr);
    assert!(gate(&[]).stderr.contains("says the same"));
    // `verify` reads the same bucket: the evidence is there, and what is missing is missing there.
    let verify = ["verify", "--run-id", "run_1", "--endpoint-url", &moto.endpoint, "--report", "json"];
    let answer = cli.run(&verify);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report = answer.json();
    let named = |list: &str, text: &str| report[list].to_string().contains(text);
    assert!(named("artifacts", place), "{report}");
    assert!(named(
        "findings",
        "s3://evidence-bucket/team/evidence/runs/run_1/P(-1)/packaging_provenance.json"
    ));
    // A bucket that is not there: no evidence, no pass, and the fault is told.
    cli.write("seaworthy.toml", cli.read("seaworthy.toml").replace("evidence-bucket", "no-such-bucket"));
    let answer = gate(&["--report", "text"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("there is no bucket no-such-bucket"), "{}", answer.stderr);
    // Nobody to ask for credentials.
    let mut command = cli.command(&["gate", "--run-id", "run_1", "--endpoint-url", &moto.endpoint]);
    let output = command.env_remove("AWS_ACCESS_KEY_ID").output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(message.contains("there are no AWS credentials"), "{message}");
}

/// A request as the stub sees it.
struct Seen {
    method: String,
    headers: String,
}

/// What the stub answers with: status, headers, body; the wait comes first.
struct Reply(Duration, u16, &'static str, Vec<u8>);

fn reply(status: u16, code: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>AKIAIOSFODNN7EXAMPLE</Message></Error>"
    );
    Reply(Duration::ZERO, status, "Content-Type: application/xml\r\n", body.into_bytes())
}

fn ok(body: &[u8]) -> Reply {
    Reply(Duration::ZERO, 200, "ETag: \"1\"\r\n", body.to_vec())
}

/// A server on loopback that answers each request as it is told.
fn stub(behaviour: impl FnMut(&Seen, &[u8]) -> Reply + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let behaviour = Arc::new(Mutex::new(behaviour));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let behaviour = Arc::clone(&behaviour);
            std::thread::spawn(move || serve(&stream, &behaviour));
        }
    });
    format!("http://{address}")
}

fn serve(stream: &TcpStream, behaviour: &Mutex<impl FnMut(&Seen, &[u8]) -> Reply>) -> Option<()> {
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let method = line.split_whitespace().next()?.to_owned();
    let mut headers = String::new();
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok()?;
        if header.trim_end().is_empty() {
            break;
        }
        headers.push_str(&header.to_ascii_lowercase());
    }
    let length =
        headers.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    let Reply(wait, status, more, body) = behaviour.lock().unwrap()(&Seen { method, headers }, &body);
    std::thread::sleep(wait);
    let mut output = stream;
    let length = body.len();
    write!(output, "HTTP/1.1 {status} Stub\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n")
        .ok()?;
    output.write_all(&body).ok()
}

#[test]
fn a_service_that_is_busy_twice_is_asked_again() {
    let (calls, kept) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None::<Vec<u8>>)));
    let (counter, object) = (Arc::clone(&calls), Arc::clone(&kept));
    let endpoint = stub(move |seen, body| {
        let mut object = object.lock().unwrap();
        match seen.method.as_str() {
            "PUT" if counter.fetch_add(1, Ordering::SeqCst) < 2 => reply(503, "SlowDown"),
            "PUT" => {
                assert!(seen.headers.contains("if-none-match: *"), "{}", seen.headers);
                *object = Some(body.to_vec());
                ok(b"")
            }
            _ => object.as_ref().map_or_else(|| reply(404, "NoSuchKey"), |o| ok(o)),
        }
    });
    store(&endpoint).put_evidence(&key(KEY), &evidence("PASS", ""), false).unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    assert_eq!(kept.lock().unwrap().as_deref(), Some(&evidence("PASS", "")[..]));
}

#[test]
fn an_answer_that_was_lost_is_no_second_writer() {
    // The first write is done and its answer lost; the second is refused, because the first was done.
    let object = Arc::new(Mutex::new(None::<Vec<u8>>));
    let endpoint = stub(move |seen, body| {
        let mut object = object.lock().unwrap();
        match (seen.method.as_str(), object.as_ref()) {
            ("PUT", None) => {
                *object = Some(body.to_vec());
                reply(500, "InternalError")
            }
            ("PUT", Some(_)) => reply(412, "PreconditionFailed"),
            (_, None) => reply(404, "NoSuchKey"),
            (_, Some(bytes)) => ok(bytes),
        }
    });
    let stored = store(&endpoint).put_evidence(&key(KEY), &evidence("PASS", ""), false).unwrap();
    assert_eq!(stored.kept, None);
}

#[test]
fn a_race_is_decided_by_what_is_there() {
    // Another gate writes between our look and our write.
    let other = evidence("FAIL", "");
    let looks = AtomicUsize::new(0);
    let endpoint = stub(move |seen, _| match seen.method.as_str() {
        "PUT" => reply(412, "PreconditionFailed"),
        _ if looks.fetch_add(1, Ordering::SeqCst) == 0 => reply(404, "NoSuchKey"),
        _ => ok(&other),
    });
    let refused = store(&endpoint).put_evidence(&key(KEY), &evidence("PASS", ""), false);
    assert!(matches!(refused, Err(StoreError::Exists { .. })), "{refused:?}");
    // With --replace and others that are always faster, it gives up.
    let n = AtomicUsize::new(0);
    let endpoint = stub(move |seen, _| match seen.method.as_str() {
        "PUT" => reply(409, "ConditionalRequestConflict"),
        _ => ok(&evidence("FAIL", &n.fetch_add(1, Ordering::SeqCst).to_string())),
    });
    let busy = store(&endpoint).put_evidence(&key(KEY), &evidence("PASS", ""), true);
    assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
}

#[test]
fn refusals_name_what_is_missing_and_quote_nothing() {
    type Case = (&'static str, u16, &'static str, &'static str, &'static [&'static str]);
    let cases: [Case; 8] = [
        ("PUT", 403, "AccessDenied", "", &["s3:PutObject", "AccessDenied"]),
        ("GET", 403, "AccessDenied", "", &["s3:GetObject"]),
        ("GET", 403, "SignatureDoesNotMatch", "", &["SignatureDoesNotMatch"]),
        ("GET", 404, "NoSuchBucket", "", &["there is no bucket evidence-bucket"]),
        ("PUT", 501, "NotImplemented", "", &["conditional writes"]),
        (
            "GET",
            301,
            "PermanentRedirect",
            "x-amz-bucket-region: eu-west-2\r\n",
            &["another region (eu-west-2)"],
        ),
        ("PUT", 418, "Teapot", "", &["Teapot"]),
        ("GET", 400, "ExpiredToken", "", &["access denied", "ExpiredToken"]),
    ];
    for (method, status, code, header, words) in cases {
        let endpoint = stub(move |seen, _| match seen.method.as_str() {
            m if m == method => Reply(Duration::ZERO, status, header, reply(status, code).3),
            _ => reply(404, "NoSuchKey"),
        });
        let error = store(&endpoint).put_evidence(&key(KEY), &evidence("PASS", ""), false).unwrap_err();
        let message = error.to_string();
        assert!(words.iter().all(|w| message.contains(w)), "{method} {code}: {message}");
        assert!(!message.contains("AKIA"), "{message}");
    }
}

#[test]
fn a_service_that_does_not_answer_is_not_waited_for() {
    let endpoint = stub(|_, _| Reply(Duration::from_secs(120), 200, "", Vec::new()));
    let start = Instant::now();
    let error = store_with(&endpoint, |o| o.timeout_seconds = 1).get(&key(KEY)).unwrap_err().to_string();
    assert!(error.contains("no answer within 1 second"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = store(&format!("http://{closed}")).get(&key(KEY)).unwrap_err().to_string();
    assert!(error.contains("no connection"), "{error}");
}

#[test]
fn listings_that_break_off_are_no_whole() {
    let page = |more: &str| {
        format!(
            "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated>{more}<CommonPrefixes>\
             <Prefix>team/evidence/runs/a/</Prefix></CommonPrefixes></ListBucketResult>"
        )
        .into_bytes()
    };
    for more in ["", "<NextContinuationToken>same</NextContinuationToken>"] {
        let body = page(more);
        let endpoint = stub(move |_, _| Reply(Duration::ZERO, 200, "", body.clone()));
        let error = store(&endpoint).entries("evidence/runs/").unwrap_err().to_string();
        assert!(error.contains("cut off"), "{error}");
    }
    let endpoint = stub(|_, _| reply(403, "AccessDenied"));
    let error = store(&endpoint).entries("evidence/runs/").unwrap_err().to_string();
    assert!(error.contains("s3:ListBucket"), "{error}");
}

#[test]
fn answers_without_end_are_cut_off() {
    // A listing and an error of 40 MB each: neither is read whole, and neither is an empty directory.
    for status in [200, 500] {
        let endpoint = stub(move |_, _| {
            let head = "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated><!--";
            let body = [head.as_bytes(), &vec![b'x'; 40 << 20], b"--></ListBucketResult>"].concat();
            Reply(Duration::ZERO, status, "Content-Type: application/xml\r\n", body)
        });
        let refused = store(&endpoint).entries("runs/").unwrap_err();
        assert!(matches!(refused, StoreError::Transport { .. }), "{status}: {refused}");
    }
}

#[test]
fn a_write_that_did_not_arrive_is_no_write() {
    // A service that says yes and keeps nothing.
    let endpoint = stub(|seen, _| match seen.method.as_str() {
        "PUT" => ok(b""),
        _ => reply(404, "NoSuchKey"),
    });
    let error = store(&endpoint).put_evidence(&key(KEY), &evidence("PASS", ""), false).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
}
