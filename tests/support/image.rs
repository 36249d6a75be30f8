//! Images by hand: blobs, manifests, indexes; as a layout, an OCI archive, or what `docker save` writes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Tar;

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const IMAGE_TAR: &str = "application/vnd.oci.image.layer.v1.tar";
pub const IMAGE_TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub const IMAGE_TAR_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

pub fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// gzip in members of `size` bytes each.
pub fn gzip_members(bytes: &[u8], size: usize) -> Vec<u8> {
    bytes.chunks(size).flat_map(gzip).collect()
}

pub fn zstd_bytes(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// zstd in frames of `size` bytes each, with a skippable frame between them.
pub fn zstd_frames(bytes: &[u8], size: usize) -> Vec<u8> {
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, b's', b'k', b'i', b'p'];
    bytes.chunks(size).flat_map(|part| [zstd_bytes(part), skippable.to_vec()].concat()).collect()
}

/// How a layer is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    GzipMembers,
    Zstd,
    ZstdFrames,
}

impl Packing {
    pub const ALL: [Self; 5] = [Self::Plain, Self::Gzip, Self::GzipMembers, Self::Zstd, Self::ZstdFrames];

    pub fn pack(self, tar: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => tar.to_vec(),
            Self::Gzip => gzip(tar),
            Self::GzipMembers => gzip_members(tar, 700),
            Self::Zstd => zstd_bytes(tar),
            Self::ZstdFrames => zstd_frames(tar, 700),
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Plain => IMAGE_TAR,
            Self::Gzip | Self::GzipMembers => IMAGE_TAR_GZIP,
            Self::Zstd | Self::ZstdFrames => IMAGE_TAR_ZSTD,
        }
    }
}

/// One layer.
#[derive(Clone)]
pub struct Layer {
    pub tar: Vec<u8>,
    pub packing: Packing,
    pub created_by: String,
    /// In place of what the packing says.
    pub media_type: Option<String>,
    /// In place of the packed tar.
    pub stored: Option<Vec<u8>>,
    pub annotations: Value,
}

impl From<Vec<u8>> for Layer {
    fn from(tar: Vec<u8>) -> Self {
        Self {
            tar,
            packing: Packing::Plain,
            created_by: "COPY . /app # buildkit".into(),
            media_type: None,
            stored: None,
            annotations: Value::Null,
        }
    }
}

impl From<Tar> for Layer {
    fn from(tar: Tar) -> Self {
        tar.done().into()
    }
}

impl Layer {
    #[must_use]
    pub fn packed(self, packing: Packing) -> Self {
        Self { packing, ..self }
    }

    #[must_use]
    pub fn typed(self, media_type: &str) -> Self {
        Self { media_type: Some(media_type.into()), ..self }
    }

    #[must_use]
    pub fn stored(self, bytes: Vec<u8>) -> Self {
        Self { stored: Some(bytes), ..self }
    }

    #[must_use]
    pub fn made_by(self, created_by: &str) -> Self {
        Self { created_by: created_by.into(), ..self }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.stored.clone().unwrap_or_else(|| self.packing.pack(&self.tar))
    }
}

/// One image.
#[derive(Clone)]
pub struct Spec {
    pub layers: Vec<Layer>,
    /// The config's `config` object.
    pub config: Value,
    /// History entries that make no layer, after those that do.
    pub history: Vec<String>,
    pub architecture: String,
    pub annotations: Value,
    /// Further fields of the config.
    pub more: Value,
}

impl Spec {
    pub fn new(layers: impl IntoIterator<Item = Layer>) -> Self {
        Self {
            layers: layers.into_iter().collect(),
            config: json!({ "Env": ["PATH=/usr/bin:/bin"], "Cmd": ["/app/run"] }),
            history: Vec::new(),
            architecture: "amd64".into(),
            annotations: Value::Null,
            more: Value::Null,
        }
    }

    pub fn config_value(&self) -> Value {
        let history = self.layers.iter().map(|l| json!({ "created_by": l.created_by }));
        let empty = self.history.iter().map(|h| json!({ "created_by": h, "empty_layer": true }));
        let diff_ids: Vec<String> = self.layers.iter().map(|l| digest(&l.tar)).collect();
        let mut config = json!({
            "os": "linux",
            "architecture": self.architecture,
            "config": self.config,
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": history.chain(empty).collect::<Vec<_>>(),
        });
        if let Value::Object(more) = &self.more {
            config.as_object_mut().unwrap().extend(more.clone());
        }
        config
    }

    /// A layout with this image alone, under `tag`.
    pub fn layout(&self, tag: &str) -> Blobs {
        let mut blobs = Blobs::default();
        let descriptor = blobs.image(self);
        blobs.root(descriptor, tag);
        blobs
    }

    /// What `docker save` wrote before Docker 25: `<id>/layer.tar`, layers plain.
    pub fn docker_archive(&self, tags: &[&str]) -> Vec<u8> {
        docker_archive(&[(self, tags)])
    }
}

/// A classic archive of several images.
pub fn docker_archive(images: &[(&Spec, &[&str])]) -> Vec<u8> {
    let mut tar = Tar::new();
    let mut list = Vec::new();
    let mut written = Vec::new();
    for (spec, tags) in images {
        let config = spec.config_value().to_string();
        let name = format!("{}.json", hex(config.as_bytes()));
        let mut members = Vec::new();
        for layer in &spec.layers {
            let bytes = layer.bytes();
            let member = format!("{}/layer.tar", hex(&bytes));
            if !written.contains(&member) {
                tar = tar.file(&member, &bytes);
                written.push(member.clone());
            }
            members.push(member);
        }
        tar = tar.file(&name, &config);
        list.push(json!({ "Config": name, "RepoTags": tags, "Layers": members }));
    }
    tar.file("manifest.json", Value::from(list).to_string()).done()
}

/// The blobs and the index of a layout.
#[derive(Clone, Default)]
pub struct Blobs {
    /// By the hexadecimal part of the digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub roots: Vec<Value>,
}

impl Blobs {
    /// Keeps a blob and gives its descriptor.
    pub fn blob(&mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let bytes = bytes.into();
        let descriptor = json!({ "mediaType": media_type, "digest": digest(&bytes), "size": bytes.len() });
        self.blobs.insert(hex(&bytes), bytes);
        descriptor
    }

    pub fn json(&mut self, media_type: &str, value: &Value) -> Value {
        self.blob(media_type, value.to_string())
    }

    pub fn image(&mut self, spec: &Spec) -> Value {
        let config = self.json(CONFIG, &spec.config_value());
        self.image_with(spec, &config)
    }

    /// An image with a config of one's own.
    pub fn image_with(&mut self, spec: &Spec, config: &Value) -> Value {
        let layers: Vec<Value> = spec
            .layers
            .iter()
            .map(|layer| {
                let media_type = layer.media_type.as_deref().unwrap_or(layer.packing.media_type());
                let mut descriptor = self.blob(media_type, layer.bytes());
                if !layer.annotations.is_null() {
                    descriptor["annotations"] = layer.annotations.clone();
                }
                descriptor
            })
            .collect();
        let mut manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        if !spec.annotations.is_null() {
            manifest["annotations"] = spec.annotations.clone();
        }
        let mut descriptor = self.json(MANIFEST, &manifest);
        descriptor["platform"] = json!({ "os": "linux", "architecture": spec.architecture });
        descriptor
    }

    pub fn index(&mut self, manifests: &[Value]) -> Value {
        self.json(INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }))
    }

    /// BuildKit's attestation manifest with one in-toto statement about `about`.
    pub fn attestation(&mut self, about: &Value, statement: &Value) -> Value {
        let config = self.json(CONFIG, &json!({ "architecture": "unknown", "os": "unknown", "rootfs": {} }));
        let mut layer = self.json("application/vnd.in-toto+json", statement);
        layer["annotations"] = json!({ "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" });
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
        let mut descriptor = self.json(MANIFEST, &manifest);
        descriptor["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": about["digest"],
        });
        descriptor["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        descriptor
    }

    /// A referrer by `subject` (OCI 1.1) with one document.
    pub fn referrer(&mut self, about: &Value, statement: &Value) -> Value {
        let config = self.blob("application/vnd.oci.empty.v1+json", "{}");
        let layer = self.json("application/vnd.in-toto+json", statement);
        let subject = json!({
            "mediaType": about["mediaType"], "digest": about["digest"], "size": about["size"],
        });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.in-toto+json",
            "config": config, "layers": [layer], "subject": subject,
        });
        self.json(MANIFEST, &manifest)
    }

    /// Lists a descriptor in `index.json`; without a name if `tag` is empty.
    pub fn root(&mut self, mut descriptor: Value, tag: &str) {
        if !tag.is_empty() {
            descriptor["annotations"]["org.opencontainers.image.ref.name"] = tag.into();
        }
        self.roots.push(descriptor);
    }

    /// Changes the bytes under a descriptor's digest, and nothing else.
    pub fn damage(&mut self, descriptor: &Value, bytes: impl Into<Vec<u8>>) {
        self.blobs.insert(key(descriptor), bytes.into());
    }

    pub fn remove(&mut self, descriptor: &Value) {
        self.blobs.remove(&key(descriptor)).unwrap();
    }

    pub fn get(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(&self.blobs[&key(descriptor)]).unwrap()
    }

    pub fn index_json(&self) -> String {
        json!({ "schemaVersion": 2, "manifests": self.roots }).to_string()
    }

    /// Writes the layout to a directory.
    pub fn write(&self, dir: &Path) -> PathBuf {
        fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
        for (name, bytes) in &self.blobs {
            fs::write(dir.join("blobs/sha256").join(name), bytes).unwrap();
        }
        fs::write(dir.join("index.json"), self.index_json()).unwrap();
        fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        dir.into()
    }

    /// The layout as a tar: an OCI archive.
    pub fn tar(&self) -> Tar {
        let tar = Tar::new().file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
        let tar = tar.file("index.json", self.index_json());
        self.blobs.iter().fold(tar, |tar, (name, bytes)| tar.file(&format!("blobs/sha256/{name}"), bytes))
    }

    /// The layout as Docker 25 and later save it: with a `manifest.json` beside the index.
    pub fn docker_tar(&self, tags: &[&str]) -> Vec<u8> {
        let manifest = self.get(&self.roots[0]);
        let member = |d: &Value| format!("blobs/sha256/{}", key(d));
        let layers: Vec<String> = manifest["layers"].as_array().unwrap().iter().map(member).collect();
        let list = json!([{ "Config": member(&manifest["config"]), "RepoTags": tags, "Layers": layers }]);
        self.tar().file("manifest.json", list.to_string()).done()
    }
}

fn key(descriptor: &Value) -> String {
    descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned()
}
