//! The projects: their files in memory, and their image, which is built from them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::image::Image;
use crate::support::digest;

pub const PHASE: &str = "P(-1)";
const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// A project that passes the gate.
pub struct Project {
    pub name: &'static str,
    pub run: String,
    /// The Python package of its programs.
    pub package: &'static str,
    pub files: BTreeMap<String, Vec<u8>>,
    pub image: Image,
    /// The digest of its image's manifest.
    pub digest: String,
}

impl Project {
    /// The mended demo.
    pub fn demo() -> Self {
        Self::new("demo", "orders", "service", "corpus/demo/project")
    }

    /// A larger one: three entrypoints, two workflows, five roles.
    pub fn ledger() -> Self {
        Self::new("ledger", "ledger", "api", "corpus/mutants/ledger")
    }

    fn new(name: &'static str, package: &'static str, main: &str, directory: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&root) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if entry.file_type().is_file() && path != "image.tar" {
                files.insert(path, std::fs::read(entry.path()).unwrap());
            }
        }
        Self::of(name, package, main, files)
    }

    /// A project of these files, with its image and the documents of a run.
    pub fn of(
        name: &'static str,
        package: &'static str,
        main: &str,
        mut files: BTreeMap<String, Vec<u8>>,
    ) -> Self {
        files.retain(|path, _| path != "image.tar");
        let image = Image::of(package, main, &files);
        let (archive, digest) = image.archive();
        let run = format!("{package}-20261101T090000Z");
        let mut project = Self { name, run, package, files, image, digest };
        for (path, document) in project.documents() {
            project.files.insert(path, document);
        }
        project.files.insert("image.tar".to_owned(), archive);
        project
    }

    /// The documents of the run, for this image.
    fn documents(&self) -> Vec<(String, Vec<u8>)> {
        let build = |mut document: Value| {
            document["image_tag"] = json!(format!("git-{SHA}"));
            document["image_digest"] = json!(self.digest);
            document["build_actor"] = json!("github:release");
            document
        };
        let provenance = build(json!({
            "phase_id": PHASE,
            "platform_run_id": self.run,
            "written_at_utc": "2026-11-01T09:04:30Z",
            "git_sha": SHA,
            "build_completed_at_utc": "2026-11-01T09:03:12Z",
            "ecr_repo_uri": format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{}", self.package),
            "image_reference_mode": "immutable_preferred",
            "dockerfile_path": "Dockerfile",
            "build_path": ".",
            "oci_digest_algo": "sha256",
            "oci_digest_value": self.digest,
            "image_build_driver": "github_actions",
        }));
        let receipt = build(json!({
            "image_build_driver": "github_actions",
            "command_family_id": "github_actions_v0",
            "written_at_utc": "2026-11-01T09:04:10Z",
            "verdict": "PASS",
            "failure_reason": null,
            "ci_run_id": "9917342210",
        }));
        let config = json!({"profile": "prod", "region": "eu-west-1", "tasks": [self.package]});
        let header = json!({
            "platform_run_id": self.run,
            "written_at_utc": "2026-11-01T09:10:00Z",
            "image": {"image_tag": format!("git-{SHA}"), "image_digest": self.digest, "git_sha": SHA},
            "config_digest": digest(config.to_string().as_bytes()),
            "config": config,
        });
        let run = format!("store/evidence/runs/{}", self.run);
        let text = |value: &Value| serde_json::to_vec_pretty(value).unwrap();
        vec![
            (format!("{run}/{PHASE}/packaging_provenance.json"), text(&provenance)),
            (format!("{run}/{PHASE}/build_command_surface_receipt.json"), text(&receipt)),
            (format!("{run}/run.json"), text(&header)),
        ]
    }

    /// The files that change if the project ships another image: its archive, and the documents, which name it.
    pub fn shipping(&self, image: &Image) -> Vec<(String, Option<Vec<u8>>)> {
        let (archive, digest) = image.archive();
        let mut files = vec![("image.tar".to_owned(), Some(archive))];
        for (path, content) in self.files.iter().filter(|(path, _)| path.starts_with("store/")) {
            let text = std::str::from_utf8(content).unwrap().replace(&self.digest, &digest);
            files.push((path.clone(), Some(text.into_bytes())));
        }
        files
    }

    /// A file's text.
    pub fn text(&self, path: &str) -> &str {
        std::str::from_utf8(&self.files[path]).unwrap()
    }
}
