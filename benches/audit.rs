//! Figures of an audit: 1,000 runs in a directory, and 1,000 in a bucket of moto if tests/setup.sh has installed it.
//!
//! Run with `cargo bench --bench audit`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use jiff::{Timestamp, civil};
use seaworthy::contract::{Contract, EvidenceKeys};
use seaworthy::finding::FingerprintKey;
use seaworthy::rule::Rules;
use seaworthy::scan::{AuditRequest, Progress, Setup, audit};
use seaworthy::store::{BucketOptions as Options, S3};
use seaworthy::store::{Directory, Document, Layout, Store};
use seaworthy_source::{KeyPattern, PhaseId};

#[allow(dead_code)]
#[path = "../tests/support/runs.rs"]
mod runs;

const RUNS: usize = 1_000;

fn main() {
    let runs: Vec<runs::Run> = (0..RUNS).map(|n| runs::Run::new(&format!("platform_{n:06}"), n)).collect();
    let directory = tempfile::tempdir().unwrap();
    runs.iter().for_each(|run| run.write(directory.path()));
    for _ in 0..3 {
        measure("directory", Store::Directory(Directory::new(directory.path())));
    }
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin/moto_server");
    if !server.is_file() {
        println!("no figures of a bucket: tests/setup.sh installs moto");
        return;
    }
    let moto = Moto::start(&server);
    moto.put("/bench-bucket", b"");
    for run in &runs {
        for (key, text) in run.documents() {
            let key = key.replace('(', "%28").replace(')', "%29");
            moto.put(&format!("/bench-bucket/team/{key}"), text.as_bytes());
        }
    }
    for _ in 0..2 {
        measure("bucket (moto)", bucket(&moto.endpoint));
    }
}

fn measure(what: &str, store: Store) {
    let (contract, rules, progress) =
        (Contract::default(), Rules::load(&[], &[]).unwrap(), Progress::default());
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key: FingerprintKey::PlaceOnly,
        jobs: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        today: civil::date(2026, 6, 1),
        progress: &progress,
    };
    let pattern = |text: &str| KeyPattern::parse(text).unwrap();
    let request = AuditRequest {
        root: what.to_owned(),
        store,
        is_phase_requested: false,
        layout: Layout {
            phase: PhaseId::parse(runs::PHASE).unwrap(),
            patterns: BTreeMap::from([
                (Document::Provenance, pattern(EvidenceKeys::PROVENANCE)),
                (Document::Receipt, pattern(EvidenceKeys::RECEIPT)),
                (Document::Security, pattern(EvidenceKeys::SECURITY)),
                (Document::RunHeader, pattern(EvidenceKeys::RUN)),
            ]),
        },
        since: None,
        registry: None,
        images: None,
        now: Timestamp::now(),
    };
    let start = Instant::now();
    let (found, _) = audit(&setup, &request).unwrap();
    let (seconds, verdict) = (start.elapsed().as_secs_f64(), found.verdict.as_str());
    let requests = found.requests.map_or_else(String::new, |n| {
        format!(", {n} requests, {:.3} a run", n as f64 / found.runs.len() as f64)
    });
    println!("{what}: {} runs in {seconds:.3} s, verdict {verdict}{requests}", found.runs.len());
}

fn bucket(endpoint: &str) -> Store {
    let options = Options {
        bucket: "bench-bucket".to_owned(),
        prefix: "team".to_owned(),
        endpoint: Some(endpoint.to_owned()),
        region: Some("us-east-1".to_owned()),
        path_style: true,
        encryption: None,
        timeout_seconds: 30,
    };
    let credentials = Credentials::new("test", "test", None, None, "bench");
    let shared = aws_config::SdkConfig::builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Store::S3(S3::with_config(options, &shared).unwrap())
}

/// moto's process, ended with the bench.
struct Moto {
    process: Child,
    endpoint: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Moto {
    fn start(server: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { process, endpoint: format!("http://127.0.0.1:{port}") };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "moto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    fn put(&self, path: &str, body: &[u8]) {
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
    }
}
