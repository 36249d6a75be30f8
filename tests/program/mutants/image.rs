//! The image: each layer, each digest and size, each leaf of the index, the manifest and the config.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Mutant;
use super::change::{broken, pointers, remove};
use super::project::Project;
use crate::support::{CONFIG, IMAGE_TAR_GZIP, MANIFEST, Tar, digest, gzip};

const TAG: &str = "git-4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// A file of a layer: its path and content.
type Files = BTreeMap<String, Vec<u8>>;

/// An image, before it is packed.
#[derive(Clone)]
pub struct Image {
    /// The files of each layer.
    pub layers: Vec<Files>,
    /// Its config, without the digests of the layers.
    pub config: Value,
}

/// The parts of a packed image.
#[derive(Clone)]
struct Packed {
    layers: Vec<Vec<u8>>,
    config: Vec<u8>,
    manifest: Vec<u8>,
    index: Vec<u8>,
}

impl Image {
    /// What the project's Dockerfile builds.
    pub fn of(package: &str, main: &str, files: &BTreeMap<String, Vec<u8>>) -> Self {
        let python = BTreeMap::from([("usr/bin/python3".to_owned(), files["bin/python3"].clone())]);
        let directory = format!("src/{package}/");
        let own = files.iter().filter(|(path, _)| path.starts_with(&directory));
        let own = own.map(|(path, content)| (path.replacen("src/", "app/", 1), content.clone()));
        let start = format!("ENTRYPOINT [\"python3\", \"-m\", \"{package}.{main}\"]");
        let step = |text: &str, is_empty: bool| {
            let mut step =
                json!({"created": "1970-01-01T00:00:00Z", "created_by": format!("/bin/sh -c #(nop) {text}")});
            if is_empty {
                step["empty_layer"] = json!(true);
            }
            step
        };
        let config = json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "User": "10001",
                "Env": ["PATH=/usr/bin", "PYTHONPATH=/app"],
                "Entrypoint": ["python3", "-m", format!("{package}.{main}")],
                "WorkingDir": "/app",
            },
            "rootfs": {"type": "layers", "diff_ids": []},
            "history": [
                step("COPY file:55ceeed37876052af1a431cf57f84beb863cd0ebd6eb60b9b2c975c458972156 in /usr/bin/python3 ", false),
                step(&format!("COPY dir:4f87bccbc05ec11e38d25a1ffb955c710c3ee8335483186b5fe3872a324ca084 in /app/{package} "), false),
                step("ENV PATH=/usr/bin PYTHONPATH=/app", true),
                step("WORKDIR /app", true),
                step("USER 10001", true),
                step(&start, true),
            ],
        });
        Self { layers: vec![python, own.collect()], config }
    }

    /// Changes a file, or takes it away.
    pub fn put(&mut self, path: &str, content: Option<&[u8]>) {
        let layer = self.layers.last_mut().unwrap();
        match content {
            Some(content) => _ = layer.insert(path.to_owned(), content.to_vec()),
            None => _ = layer.remove(path),
        }
    }

    fn packed(&self) -> Packed {
        let tars: Vec<Vec<u8>> = self.layers.iter().map(tar).collect();
        let mut config = self.config.clone();
        if let Some(ids) =
            config.pointer_mut("/rootfs/diff_ids").filter(|ids| ids.as_array().is_some_and(Vec::is_empty))
        {
            *ids = tars.iter().map(|t| json!(digest(t))).collect();
        }
        let layers: Vec<Vec<u8>> = tars.iter().map(|t| gzip(t)).collect();
        Packed::of(layers, &config)
    }

    /// An OCI archive, and the digest of its manifest.
    pub fn archive(&self) -> (Vec<u8>, String) {
        let packed = self.packed();
        let digest = digest(&packed.manifest);
        (packed.tar(), digest)
    }
}

fn tar(files: &Files) -> Vec<u8> {
    let mut tar = Tar::new();
    for (path, content) in files {
        tar = match path.starts_with("usr/bin/") {
            true => tar.executable(path, content),
            false => tar.file(path, content),
        };
    }
    tar.done()
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

impl Packed {
    fn of(layers: Vec<Vec<u8>>, config: &Value) -> Self {
        let config = serde_json::to_vec(config).unwrap();
        let listed: Vec<Value> = layers.iter().map(|l| descriptor(IMAGE_TAR_GZIP, l)).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, &config), "layers": listed,
        });
        Self::with(layers, config, &manifest)
    }

    fn with(layers: Vec<Vec<u8>>, config: Vec<u8>, manifest: &Value) -> Self {
        let manifest = serde_json::to_vec(manifest).unwrap();
        let mut root = descriptor(MANIFEST, &manifest);
        root["annotations"] = json!({"org.opencontainers.image.ref.name": TAG});
        let index = serde_json::to_vec(&json!({"schemaVersion": 2, "manifests": [root]})).unwrap();
        Self { layers, config, manifest, index }
    }

    fn tar(&self) -> Vec<u8> {
        self.named(
            &self.layers.iter().map(|l| digest(l)).collect::<Vec<_>>(),
            &digest(&self.config),
            &digest(&self.manifest),
        )
    }

    /// The archive, its blobs under these names.
    fn named(&self, layers: &[String], config: &str, manifest: &str) -> Vec<u8> {
        let name = |digest: &str| format!("blobs/sha256/{}", digest.trim_start_matches("sha256:"));
        let mut tar = Tar::new()
            .file("oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}")
            .file("index.json", &self.index);
        for (layer, digest) in self.layers.iter().zip(layers) {
            tar = tar.file(&name(digest), layer);
        }
        tar.file(&name(config), &self.config).file(&name(manifest), &self.manifest).done()
    }
}

pub fn mutants(project: &Project) -> Vec<Mutant> {
    let packed = project.image.packed();
    let mut out = corrupt(&packed);
    out.extend(contents(project));
    for (name, bytes) in [("index.json", &packed.index), ("manifest", &packed.manifest)] {
        let document: Value = serde_json::from_slice(bytes).unwrap();
        let index = name == "index.json";
        for (rule, pointer, new) in leaves(&document) {
            let mut changed = packed.clone();
            let place = format!("image#{name}{pointer}");
            if index {
                changed.index = serde_json::to_vec(&new).unwrap();
                out.push(Mutant { rule, place, files: vec![("image.tar".to_owned(), Some(changed.tar()))] });
            } else {
                // A manifest that was made so: its digest is right everywhere.
                let changed = Packed::with(packed.layers.clone(), packed.config.clone(), &new);
                out.push(Mutant { rule, place, files: shipped(project, &changed) });
            }
        }
    }
    let config: Value = serde_json::from_slice(&packed.config).unwrap();
    for (rule, pointer, new) in leaves(&config) {
        let changed = Packed::of(packed.layers.clone(), &new);
        out.push(Mutant { rule, place: format!("image#config{pointer}"), files: shipped(project, &changed) });
    }
    out
}

/// The files of a project that ships this.
fn shipped(project: &Project, packed: &Packed) -> Vec<(String, Option<Vec<u8>>)> {
    let mut files = project.shipping(&project.image);
    let new = digest(&packed.manifest);
    for (path, content) in &mut files {
        let text = content.take().unwrap();
        *content = Some(match path.as_str() {
            "image.tar" => packed.tar(),
            _ => String::from_utf8(text).unwrap().replace(&project.digest, &new).into_bytes(),
        });
    }
    files
}

fn leaves(document: &Value) -> Vec<(&'static str, String, Value)> {
    let all = pointers(document);
    let mut out = Vec::new();
    for (n, pointer) in all.iter().enumerate() {
        let mut changed = document.clone();
        remove(&mut changed, pointer);
        out.push(("deleted", pointer.clone(), changed));
        let value = document.pointer(pointer).unwrap();
        let same = |p: &&String| {
            std::mem::discriminant(document.pointer(p).unwrap()) == std::mem::discriminant(value)
        };
        let neighbour = all.iter().skip(n + 1).find(same).map(|p| document.pointer(p).unwrap());
        for (rule, new) in broken(value, neighbour) {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).unwrap() = new;
            out.push((rule, pointer.clone(), changed));
        }
    }
    out
}

/// Bytes that are not those that were named.
fn corrupt(packed: &Packed) -> Vec<Mutant> {
    let names: Vec<String> = packed.layers.iter().map(|l| digest(l)).collect();
    let (config, manifest) = (digest(&packed.config), digest(&packed.manifest));
    let mut out = Vec::new();
    let mut add = |rule: &'static str, place: String, tar: Vec<u8>| {
        out.push(Mutant {
            rule,
            place: format!("image#{place}"),
            files: vec![("image.tar".to_owned(), Some(tar))],
        });
    };
    let flip = |bytes: &mut Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    };
    for n in 0..packed.layers.len() {
        let mut changed = packed.clone();
        flip(&mut changed.layers[n]);
        add("byte flipped", format!("layer {n}"), changed.named(&names, &config, &manifest));
        let mut changed = packed.clone();
        let half = changed.layers[n].len() / 2;
        changed.layers[n].truncate(half);
        add("cut", format!("layer {n}"), changed.named(&names, &config, &manifest));
        let mut changed = packed.clone();
        changed.layers[n] = packed.layers[(n + 1) % packed.layers.len()].clone();
        add("another layer's bytes", format!("layer {n}"), changed.named(&names, &config, &manifest));
        let mut changed = packed.clone();
        changed.layers.remove(n);
        let mut rest = names.clone();
        rest.remove(n);
        add("blob removed", format!("layer {n}"), changed.named(&rest, &config, &manifest));
    }
    let mut changed = packed.clone();
    changed.config = String::from_utf8(changed.config).unwrap().replace("10001", "10002").into_bytes();
    add("another user", "config".to_owned(), changed.named(&names, &config, &manifest));
    let mut changed = packed.clone();
    changed.manifest = String::from_utf8(changed.manifest)
        .unwrap()
        .replace("\"schemaVersion\":2", "\"schemaVersion\": 2")
        .into_bytes();
    add("bytes changed", "manifest".to_owned(), changed.named(&names, &config, &manifest));
    add("removed", "archive".to_owned(), Vec::new());
    out
}

/// Layers with something else in them, digests right.
fn contents(project: &Project) -> Vec<Mutant> {
    let mut out = Vec::new();
    let secret = crate::support::GITHUB;
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq5vX0mWc5rYyq1o7yq0b4C3mVv5w2u6cP9l1s8d7f6g5h4\nj3k2l1m0n9b8v7c6x5z4a3s2d1f0g9h8j7k6l5p4o3i2u1y0t9r8e7w6q5a4s3d2\n-----END RSA PRIVATE KEY-----\n";
    for (rule, path, content) in [
        ("secret in a layer", "app/config/prod.env", format!("API_TOKEN={secret}\n")),
        ("key in a layer", "root/.ssh/id_rsa", pem.to_owned()),
        ("dotenv in a layer", "app/.env", "DB_PASSWORD=Tr0ub4dor-and-3\n".to_owned()),
        (
            "docker login in a layer",
            "root/.docker/config.json",
            "{\"auths\":{\"r.example\":{\"auth\":\"dXNlcjpIdW50ZXIyLUh1bnRlcjI=\"}}}".to_owned(),
        ),
    ] {
        let mut image = project.image.clone();
        image.put(path, Some(content.as_bytes()));
        out.push(Mutant { rule, place: format!("image#{path}"), files: project.shipping(&image) });
    }
    for n in 0..project.image.layers.len() {
        let mut image = project.image.clone();
        image.layers[n].clear();
        out.push(Mutant {
            rule: "layer emptied",
            place: format!("image#layer {n}"),
            files: project.shipping(&image),
        });
        for path in project.image.layers[n].keys() {
            let mut image = project.image.clone();
            image.layers[n].remove(path);
            out.push(Mutant {
                rule: "file removed",
                place: format!("image#{path}"),
                files: project.shipping(&image),
            });
        }
    }
    out
}
