//! A real registry, filled by a real client: what skopeo pushes is what seaworthy reads.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use seaworthy_image::registry::{RegistryOptions, open};
use seaworthy_image::{Digest, Image, Images, Limits, Source};
use serde_json::{Value, json};

use crate::support::Registry;

fn push(registry: &Registry, layout: &Path, tag: &str, options: &[&str]) {
    let to = format!("docker://{}/team/app:{tag}", registry.address);
    registry.copy(&format!("oci:{}:1", layout.display()), &to, options);
}

fn source(registry: &Registry, reference: &str, options: &RegistryOptions) -> Box<dyn Source> {
    let reference = format!("{}/team/app{reference}", registry.address);
    open(&format!("docker://{reference}"), &reference, options, &Limits::default()).unwrap()
}

fn load(registry: &Registry, reference: &str) -> (Box<dyn Source>, Images) {
    let source = source(registry, reference, &RegistryOptions::default());
    let images = source.images(&Limits::default()).unwrap();
    assert!(images.missed.is_empty() && images.mismatches.is_empty(), "{images:?}");
    (source, images)
}

fn tar(path: &str, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, path, content).unwrap();
    builder.into_inner().unwrap()
}

/// Writes an OCI layout with two layers, and an index over two platforms; returns the digest of the index.
fn layout(dir: &Path) -> String {
    fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
    let blob = |media_type: &str, bytes: &[u8]| -> Value {
        let digest = Digest::of(bytes);
        fs::write(dir.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest.as_str(), "size": bytes.len() })
    };
    let big: Vec<u8> = (0..400_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let layers = [tar("etc/base", b"base\n"), tar("app/data", &big)];
    let diff_ids: Vec<String> = layers.iter().map(|l| Digest::of(l).to_string()).collect();
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let config = json!({
            "os": "linux", "architecture": architecture, "config": { "Env": ["A=b"] },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": [{ "created_by": "COPY base" }, { "created_by": "COPY data" }],
        });
        let config = blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
        let layers: Vec<Value> =
            layers.iter().map(|l| blob("application/vnd.oci.image.layer.v1.tar", l)).collect();
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers });
        let mut descriptor = blob(media_type, manifest.to_string().as_bytes());
        descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
        manifests.push(descriptor);
    }
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": manifests }).to_string();
    let mut root = blob(media_type, index.as_bytes());
    let digest = root["digest"].as_str().unwrap().to_owned();
    root["annotations"] = json!({ "org.opencontainers.image.ref.name": "1" });
    fs::write(dir.join("index.json"), json!({ "schemaVersion": 2, "manifests": [root] }).to_string())
        .unwrap();
    fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    digest
}

/// Reads all layers and compares them with their digests; returns the first bytes of each.
fn read_layers(source: &dyn Source, image: &Image) -> Vec<Vec<u8>> {
    let read = |layer: &seaworthy_image::Layer| {
        let mut bytes = Vec::new();
        source.open(&layer.blob).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(Some(Digest::of(&bytes)), layer.blob.digest);
        assert_eq!(Some(bytes.len() as u64), layer.blob.size);
        bytes.truncate(4);
        bytes
    };
    image.layers.iter().map(read).collect()
}

#[test]
fn what_was_pushed_is_read_for_all_platforms() {
    let registry = Registry::start(None);
    let dir = registry.dir.path().join("layout");
    let digest = layout(&dir);
    push(&registry, &dir, "1", &["--all", "--preserve-digests"]);
    for reference in [":1".to_owned(), format!("@{digest}")] {
        let (source, images) = load(&registry, &reference);
        let platforms: Vec<&str> = images.images.iter().filter_map(|i| i.platform.as_deref()).collect();
        assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
        for image in &images.images {
            assert_eq!(image.indexes[0].digest.as_str(), digest);
            assert_eq!(read_layers(&*source, image).len(), 2);
            assert_eq!(image.layers[1].history, Some(1));
        }
    }
    let missing =
        source(&registry, ":2", &RegistryOptions::default()).images(&Limits::default()).unwrap_err();
    assert!(missing.to_string().contains("team/app on 127.0.0.1"), "{missing}");
}

#[test]
fn zstd_layers_come_as_they_are_stored() {
    let registry = Registry::start(None);
    let dir = registry.dir.path().join("layout");
    layout(&dir);
    push(&registry, &dir, "z", &["--all", "--dest-compress-format", "zstd"]);
    let (source, images) = load(&registry, ":z");
    for image in &images.images {
        assert_eq!(read_layers(&*source, image), [[0x28, 0xb5, 0x2f, 0xfd]; 2]);
    }
}

#[test]
fn layers_are_read_side_by_side() {
    let registry = Registry::start(None);
    let dir = registry.dir.path().join("layout");
    layout(&dir);
    push(&registry, &dir, "1", &["--all", "--preserve-digests"]);
    let (source, images) = load(&registry, ":1");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            for image in &images.images {
                scope.spawn(|| read_layers(&*source, image));
            }
        }
    });
}

#[test]
fn a_login_from_the_docker_config_opens_a_closed_registry() {
    // bcrypt of "invented".
    let registry = Registry::start(Some("ci:$2b$05$abcdefghijklmnopqrstuujKB7eO4yt9qrkor5eJhuJFUv1nmgnEq\n"));
    let dir = registry.dir.path().join("layout");
    layout(&dir);
    push(&registry, &dir, "1", &["--all", "--preserve-digests", "--dest-creds", "ci:invented"]);
    let anonymous = source(&registry, ":1", &login(&registry, "{}")).images(&Limits::default());
    let error = anonymous.unwrap_err().to_string();
    assert!(error.contains("asks for a login (HTTP 401): docker login 127.0.0.1:"), "{error}");
    let config = json!({ "auths": { &registry.address: { "username": "ci", "password": "invented" } } });
    let source = source(&registry, ":1", &login(&registry, &config.to_string()));
    let images = source.images(&Limits::default()).unwrap();
    assert!(images.missed.is_empty() && images.mismatches.is_empty(), "{images:?}");
    assert_eq!(read_layers(&*source, &images.images[0]).len(), 2);
}

fn login(registry: &Registry, config: &str) -> RegistryOptions {
    let file = registry.dir.path().join("config.json");
    fs::write(&file, config).unwrap();
    RegistryOptions { auth_file: Some(file), ..RegistryOptions::default() }
}

/// Runs in a process of its own, since helpers are found through `PATH`.
#[test]
fn with_helper() {
    let Ok(reference) = std::env::var("TEST_REFERENCE") else { return };
    let source = open("docker://x", &reference, &RegistryOptions::default(), &Limits::default()).unwrap();
    match source.images(&Limits::default()) {
        Ok(_) => println!("RESULT loaded"),
        Err(e) => println!("RESULT {e}"),
    }
}

#[test]
fn credential_helpers_are_asked() {
    let registry = Registry::start(Some("ci:x\n"));
    let bin = registry.dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let run = |script: &str| {
        let program = bin.join("docker-credential-test");
        fs::write(&program, format!("#!/bin/sh\nread -r server\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(bin.join("config.json"), r#"{"credsStore":"test"}"#).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "registry_source::with_helper", "--nocapture"])
            .env("PATH", path)
            .env("DOCKER_CONFIG", &bin)
            .env("TEST_REFERENCE", format!("{}/team/app:1", registry.address))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split("RESULT ").nth(1).expect("no result").lines().next().unwrap().to_owned()
    };
    let failed = run("echo invented-output; echo invented-error >&2; exit 1");
    assert!(failed.contains("docker-credential-test failed") && !failed.contains("invented"), "{failed}");
    let garbage = run("echo invented-output");
    assert!(
        garbage.contains("docker-credential-test gave an answer") && !garbage.contains("invented"),
        "{garbage}"
    );
    let unknown = run("echo credentials not found in native keychain; exit 1");
    assert!(unknown.contains("asks for a login"), "{unknown}");
    let wrong = run(r#"echo '{"Username":"ci","Secret":"invented"}'"#);
    assert!(wrong.contains("does not accept the login") && !wrong.contains("invented"), "{wrong}");
    let start = Instant::now();
    let hangs = run("exec sleep 100");
    assert!(hangs.contains("docker-credential-test gave no answer within 10 s"), "{hangs}");
    assert!(start.elapsed() < Duration::from_secs(90));
}
