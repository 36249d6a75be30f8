//! The files that build the image, as the contract names them.

use std::path::Path;

use super::Setup;
use crate::check::packaging::{BuildFile, BuildSurface, Content, Family, SURFACE};
use crate::check::{Answers, Context, readers_of, run_checks};
use crate::contract::{Contract, WorkflowSection};
use crate::finding::{ArtifactRecord, NotChecked, Reads, Subject};
use crate::observe::entrypoint::Entrypoint;
use seaworthy_source::{Origin, OriginKind, Place, escape_bytes, input};
use seaworthy_workflow::{MOST_BYTES, Workflow};

/// Reads and examines what the contract's `[workflow]` names. Gives what was read; nothing without such a section.
pub(super) fn build_surface(
    setup: &Setup<'_>,
    context: &Context<'_>,
    answers: &mut Answers,
) -> Vec<ArtifactRecord> {
    let Some(section) = &setup.contract.workflow else { return Vec::new() };
    let mut records = Vec::new();
    let readers = readers_of(SURFACE, Reads::Workflows, context);
    let surface = load(section, &readers, answers, &mut records);
    run_checks(SURFACE, &surface, context, answers);
    records
}

/// The entrypoints of a contract, as checks know them.
pub(super) fn entrypoints(contract: &Contract) -> Vec<Entrypoint> {
    let entries = contract.entrypoints.iter().cloned();
    entries
        .map(|e| Entrypoint {
            position: e.position,
            handle: e.handle,
            command: e.command,
            required_args: e.required_args,
            optional_args: e.optional_args,
            working_dir: e.working_dir,
        })
        .collect()
}

fn load(
    section: &WorkflowSection,
    asked: &[&'static str],
    answers: &mut Answers,
    records: &mut Vec<ArtifactRecord>,
) -> BuildSurface {
    let mut surface = BuildSurface { family: section.family, job: section.job.clone(), files: Vec::new() };
    for path in &section.files {
        let name = path.display().to_string();
        let mut miss = |place: Place, reason: String| {
            let shown = escape_bytes(name.as_bytes());
            let origin =
                Origin { path: Some(shown.clone()), place, ..Origin::new(OriginKind::Workflow, shown) };
            let what = "build workflow".to_owned();
            answers.not_checked.push(NotChecked::new(origin, what, reason, asked.to_vec()));
        };
        let text = match read(path) {
            Ok(text) => text,
            Err(reason) => {
                miss(Place::Whole, reason);
                continue;
            }
        };
        let digest: String = seaworthy_source::sha256_hex(text.as_bytes());
        records.push(ArtifactRecord {
            subject: Subject::Workflow,
            name: name.clone(),
            tags: Vec::new(),
            platform: None,
            digest: Some(format!("sha256:{digest}")),
            config_digest: None,
            layers: 0,
        });
        let content = match section.family {
            Family::LocalCli => Content::Script,
            Family::GithubActions => match Workflow::parse(&text) {
                Ok(workflow) => Content::Workflow(workflow),
                Err(error) => {
                    miss(Place::Text { position: error.position, offset: 0 }, error.reason);
                    continue;
                }
            },
        };
        surface.files.push(BuildFile { name, text, content });
    }
    surface
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = input::read(path, MOST_BYTES).map_err(|e| e.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
