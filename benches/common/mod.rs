//! Real file content of this machine, and images made of it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seaworthy_image::Digest;

/// Where content is taken from, in this order, until there is enough.
const ROOTS: [&str; 6] = ["/usr/lib", "/usr/share", "/usr/local", "/usr/bin", "/opt", "/root/.pyenv"];

/// Regular files of this machine, in a fixed order, of `total` bytes together.
pub fn files(total: u64) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let mut sum = 0;
    for root in ROOTS {
        for entry in walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            if !meta.is_file()
                || meta.len() == 0
                || meta.len() > 64 << 20
                || File::open(entry.path()).is_err()
            {
                continue;
            }
            sum += meta.len();
            found.push((entry.into_path(), meta.len()));
            if sum >= total {
                return found;
            }
        }
    }
    println!("note: this machine has only {} MB of content", sum / 1_000_000);
    found
}

/// The files as a layer's tar, at `path`; the answer is its digest.
pub fn layer(path: &Path, files: &[(PathBuf, u64)], prefix: &str) -> Digest {
    let mut tar = tar::Builder::new(BufWriter::new(File::create(path).unwrap()));
    for (file, size) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(*size);
        header.set_mode(0o644);
        let name = format!("{prefix}{}", file.display());
        let content = std::io::Read::take(File::open(file).unwrap(), *size);
        tar.append_data(&mut header, name.trim_start_matches('/'), content).unwrap();
    }
    tar.into_inner().unwrap().flush().unwrap();
    digest(path)
}

pub fn digest(path: &Path) -> Digest {
    let mut hasher = Digest::of(b"").hasher();
    let mut file = File::open(path).unwrap();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = std::io::Read::read(&mut file, &mut buffer).unwrap();
        if n == 0 {
            return hasher.finish();
        }
        hasher.update(&buffer[..n]);
    }
}

/// An OCI layout of layers: each a path, its media type's ending, the digest of the file and that of its content.
pub fn layout(directory: &Path, layers: &[(PathBuf, &str, Digest, Digest)]) {
    let blobs = directory.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let put = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(blobs.join(digest.hex()), bytes).unwrap();
        (digest, bytes.len())
    };
    let diff_ids: Vec<String> = layers.iter().map(|l| l.3.to_string()).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": layers.iter().map(|_| serde_json::json!({"created_by": "COPY . /"})).collect::<Vec<_>>(),
    });
    let (config, config_size) = put(&serde_json::to_vec(&config).unwrap());
    let descriptors: Vec<serde_json::Value> = layers
        .iter()
        .map(|(path, ending, digest, _)| {
            let target = blobs.join(digest.hex());
            if !target.exists() {
                fs::hard_link(path, &target).or_else(|_| fs::copy(path, &target).map(drop)).unwrap();
            }
            serde_json::json!({
                "mediaType": format!("application/vnd.oci.image.layer.v1.tar{ending}"),
                "digest": digest.to_string(),
                "size": fs::metadata(path).unwrap().len(),
            })
        })
        .collect();
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config.to_string(), "size": config_size,
        },
        "layers": descriptors,
    });
    let (manifest, size) = put(&serde_json::to_vec(&manifest).unwrap());
    let index = serde_json::json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": manifest.to_string(), "size": size,
        }],
    });
    fs::write(directory.join("index.json"), serde_json::to_vec(&index).unwrap()).unwrap();
    fs::write(directory.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

/// The median of `runs` runs, after one that is not counted.
pub fn median(runs: usize, mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

pub fn mb_per_s(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

/// A directory for generated data, under the build's own.
pub fn scratch() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench");
    fs::create_dir_all(&directory).unwrap();
    directory
}
