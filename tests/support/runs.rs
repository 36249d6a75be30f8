//! RunDocuments of runs, made up: all of a run agree with each other, and no two runs share a tag.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The phase of all runs.
pub const PHASE: &str = "P(-1)";

/// One run's documents.
pub struct Run {
    pub id: String,
    pub provenance: Value,
    pub header: Value,
    pub receipt: Value,
    pub security: Value,
}

impl Run {
    /// The documents of the `n`th run, written in its own minute of January 2026.
    pub fn new(id: &str, n: usize) -> Self {
        let sha = format!("{n:040x}");
        let (tag, digest) = (format!("git-{sha}"), format!("sha256:{n:064x}"));
        let at = |second: u32| {
            let (day, hour, minute) = (1 + n / 1440 % 28, n / 60 % 24, n % 60);
            format!("2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
        };
        let (actor, repository) = ("ci:release", "123456789012.dkr.ecr.eu-west-2.amazonaws.com/app");
        Self {
            id: id.to_owned(),
            provenance: json!({
                "phase_id": PHASE, "platform_run_id": id, "written_at_utc": at(40),
                "image_tag": tag, "image_digest": digest, "git_sha": sha,
                "build_completed_at_utc": at(20), "build_actor": actor, "ecr_repo_uri": repository,
                "image_reference_mode": "immutable_preferred", "dockerfile_path": "Dockerfile",
                "build_path": ".", "oci_digest_algo": "sha256", "oci_digest_value": digest, "image_build_driver": "local_cli",
            }),
            header: json!({
                "platform_run_id": id, "written_at_utc": at(50),
                "image_tag": tag, "image_digest": digest, "git_sha": sha,
            }),
            receipt: json!({
                "image_build_driver": "local_cli", "command_family_id": "local_cli_v0",
                "image_tag": tag, "image_digest": digest, "build_actor": actor,
                "written_at_utc": at(30), "verdict": "PASS", "failure_reason": null,
            }),
            security: json!({
                "platform_run_id": id, "phase_id": PHASE, "written_at_utc": at(45), "actor": actor,
                "checks": {"history": "PASS"}, "image_digest": digest, "verdict": "PASS",
            }),
        }
    }

    /// The keys and contents of its documents.
    pub fn documents(&self) -> [(String, String); 4] {
        let (id, text) = (&self.id, |v: &Value| serde_json::to_string_pretty(v).unwrap());
        let key = |name: &str| format!("evidence/runs/{id}/{PHASE}/{name}");
        [
            (key("packaging_provenance.json"), text(&self.provenance)),
            (key("build_command_surface_receipt.json"), text(&self.receipt)),
            (key("security_secret_injection_checks.json"), text(&self.security)),
            (format!("evidence/runs/{id}/run.json"), text(&self.header)),
        ]
    }

    /// Writes them below a directory.
    pub fn write(&self, root: &Path) {
        for (key, text) in self.documents() {
            let path = root.join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
}
