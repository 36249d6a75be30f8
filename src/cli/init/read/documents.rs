//! JSON documents: task definitions, plans, templates, and the documents of runs. And archives of images.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::{File, template};
use crate::cli::init::facts::{Facts, Guess, Runs};
use crate::cli::init::paths;
use crate::cli::init::terraform::Resource;
use seaworthy_source::input;

/// The names of a run's documents.
const DOCUMENTS: [&str; 2] = ["packaging_provenance.json", "build_command_surface_receipt.json"];

/// Reads a document; the answer is whether it may name the account.
pub(super) fn collect(file: &File<'_>, facts: &mut Facts, resources: &mut Vec<Resource>) -> bool {
    let name = paths::name(file.path);
    if DOCUMENTS.contains(&name) || name == "run.json" {
        run(file, facts);
        return false;
    }
    // Terraform says at the beginning what it is; tools that sort the keys move that to the end.
    if is_plan(file.text) {
        facts.plans.push(Guess::new(file.path, file.at(1)));
        return false;
    }
    if template::is_template(file.text) {
        return template::collect(file, facts, resources);
    }
    if !file.text.contains("containerDefinitions") {
        return false;
    }
    let document = match file.yaml() {
        Ok(document) if document.get_exactly("containerDefinitions").is_some() => document,
        Ok(document) => match document.get_exactly("taskDefinition") {
            Some(inner) => inner.clone(),
            None => return false,
        },
        Err(reason) => {
            facts.leave_out(file.shown, format!("a task definition that {reason}"));
            return false;
        }
    };
    let line = document.get_exactly("containerDefinitions").map_or(1, |c| c.line);
    resources.push(Resource {
        kind: "aws_ecs_task_definition".to_owned(),
        label: document.text_at("family").unwrap_or(name.trim_end_matches(".json")).to_owned(),
        from: file.at(line),
        body: document,
    });
    true
}

/// `terraform show -json`.
pub(in crate::cli::init) fn is_plan(head: &str) -> bool {
    head.contains("\"format_version\"") && head.contains("\"terraform_version\"")
}

/// `DIR/evidence/runs/RUN/PHASE/packaging_provenance.json`: where the evidence is kept, and which phase it is of.
fn run(file: &File<'_>, facts: &mut Facts) {
    let mut parts: Vec<&str> = file.path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    let phase = DOCUMENTS.contains(&name).then(|| parts.pop()).flatten();
    let run = parts.pop();
    if run.is_none() || parts.pop() != Some("runs") || parts.pop() != Some("evidence") {
        return;
    }
    facts.runs.push(Runs {
        directory: parts.join("/"),
        phase: phase.map(str::to_owned),
        from: file.shown.to_owned(),
    });
}

/// What kind of archive of an image a file is, by the names in it: `docker-archive` or `oci-archive`.
pub(in crate::cli::init) fn archive(path: &Path) -> Option<&'static str> {
    /// Most members that are looked at.
    const MAX_MEMBERS: usize = 20_000;
    let (mut file, _) = input::open(path).ok()?;
    let mut is_docker = false;
    for _ in 0..MAX_MEMBERS {
        let mut header = [0_u8; 512];
        if file.read_exact(&mut header).is_err() || header.get(257..262) != Some(b"ustar") {
            break;
        }
        let name = header.get(..100)?.split(|b| *b == 0).next()?;
        match name.strip_prefix(b"./").unwrap_or(name) {
            b"index.json" | b"oci-layout" => return Some("oci-archive"),
            b"manifest.json" => is_docker = true,
            _ => {}
        }
        let size = header.get(124..135)?;
        let size = std::str::from_utf8(size).ok()?.trim_matches([' ', '\0']);
        let size = i64::from_str_radix(size, 8).ok()?;
        file.seek(SeekFrom::Current(size.checked_add(511)? / 512 * 512)).ok()?;
    }
    is_docker.then_some("docker-archive")
}
