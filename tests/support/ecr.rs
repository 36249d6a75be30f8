//! ECR on loopback: its JSON API (AWS JSON 1.1) as far as one tag of one repository goes, with canned answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The server; it serves until the test's process ends.
pub struct Ecr {
    pub address: String,
}

impl Ecr {
    /// Serves what `canned` says: `tag` and `digest` are the manifests that a tag and a digest lead to, null for none;
    /// `described` the digest that DescribeImages gives, `mutability` and `filters` the repository's setting, null for no
    /// repository; `pushed_at` seconds since 1970.
    pub fn start(canned: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let canned = Arc::new(canned);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let canned = Arc::clone(&canned);
                std::thread::spawn(move || while serve(&stream, &canned).is_some() {});
            }
        });
        Self { address }
    }
}

fn digest(manifest: &str) -> String {
    let hex: String = Sha256::digest(manifest.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

fn serve(stream: &TcpStream, canned: &Value) -> Option<()> {
    let mut input = BufReader::new(stream);
    let (mut target, mut length, mut line) = (String::new(), 0, String::new());
    input.read_line(&mut line).ok().filter(|n| *n > 0)?;
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok()?;
        if header.trim_end().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => target = value.trim().rsplit('.').next()?.to_owned(),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    let request: Value = serde_json::from_slice(&body).ok()?;
    let (status, answer) = answer(&target, &request, canned);
    let text = answer.to_string();
    let mut output = stream;
    write!(
        output,
        "HTTP/1.1 {status} Stub\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )
    .ok()
}

fn answer(target: &str, request: &Value, canned: &Value) -> (u16, Value) {
    let fault = |code: &str| (400, json!({ "__type": code, "message": "stub" }));
    if let Some(code) = canned["fault"].as_str() {
        return fault(code);
    }
    let repository = canned["mutability"].as_str();
    let Some(mutability) = repository else { return fault("RepositoryNotFoundException") };
    let tagged = canned["tag"].as_str();
    match target {
        "DescribeRepositories" => {
            let filters: Vec<Value> = canned["filters"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|f| json!({ "filterType": "WILDCARD", "filter": f }))
                .collect();
            let repository = json!({
                "repositoryName": request["repositoryNames"][0],
                "imageTagMutability": mutability,
                "imageTagMutabilityExclusionFilters": filters,
            });
            (200, json!({ "repositories": [repository] }))
        }
        "DescribeImages" => match tagged {
            None => fault("ImageNotFoundException"),
            Some(manifest) => {
                let claimed = canned["described"].as_str().map_or_else(|| digest(manifest), str::to_owned);
                let detail = json!({ "imageDigest": claimed, "imagePushedAt": canned["pushed_at"] });
                (200, json!({ "imageDetails": [detail] }))
            }
        },
        "BatchGetImage" => {
            let id = &request["imageIds"][0];
            let manifest = if id["imageTag"].is_string() { tagged } else { canned["digest"].as_str() };
            match manifest {
                Some(text) => {
                    (200, json!({ "images": [{ "imageId": id, "imageManifest": text }], "failures": [] }))
                }
                None => {
                    let failure =
                        json!({ "imageId": id, "failureCode": "ImageNotFound", "failureReason": "stub" });
                    (200, json!({ "images": [], "failures": [failure] }))
                }
            }
        }
        _ => fault("UnknownOperationException"),
    }
}
