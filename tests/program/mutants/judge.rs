//! The gate over one mutant, in this process, as `seaworthy gate --dry-run` runs it.

use std::fs;
use std::path::Path;

use jiff::civil::date;
use seaworthy::contract::Contract;
use seaworthy::finding::{FingerprintKey, Verdict};
use seaworthy::report::evidence::{self, RunInfo};
use seaworthy::rule::Rules;
use seaworthy::scan::request::Place;
use seaworthy::scan::{Gate, GateOptions, GateRun, Progress, Setup, gate};
use seaworthy_source::RunId;

use super::Mutant;
use super::project::{PHASE, Project};

/// A copy of a project that is broken and mended again.
pub struct Judge<'p> {
    project: &'p Project,
    directory: tempfile::TempDir,
    rules: Rules,
}

impl<'p> Judge<'p> {
    pub fn new(project: &'p Project) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (path, content) in &project.files {
            put(directory.path(), path, Some(content));
        }
        Self { project, directory, rules: Rules::load(&[], &[]).unwrap() }
    }

    /// The verdict; an error if the gate refuses to start.
    pub fn verdict(&self, mutant: &Mutant) -> Result<Verdict, String> {
        self.with(mutant, |gate| gate.report.verdict)
    }

    /// Why a project does not pass.
    pub fn explain(&self, mutant: &Mutant) -> String {
        let told = self.with(mutant, |gate| {
            let found = gate.report.findings.iter().map(|f| format!("{}: {}", f.check, f.message));
            let missed =
                gate.report.not_checked.iter().map(|n| format!("not checked: {}: {}", n.what, n.reason));
            let controls = gate.report.controls.iter().flat_map(|g| &g.controls);
            let open = controls
                .filter(|c| !c.reasons.is_empty())
                .map(|c| format!("{}: {}", c.id, c.reasons.join("; ")));
            found.chain(missed).chain(open).collect::<Vec<_>>().join("\n")
        });
        told.unwrap_or_else(|e| e)
    }

    fn with<T>(&self, mutant: &Mutant, tell: impl FnOnce(&Gate) -> T) -> Result<T, String> {
        let root = self.directory.path();
        for (path, content) in &mutant.files {
            put(root, path, content.as_deref());
        }
        let gate = self.gate(root);
        for (path, _) in &mutant.files {
            put(root, path, self.project.files.get(path).map(Vec::as_slice));
        }
        gate.map(|gate| tell(&gate))
    }

    fn gate(&self, root: &Path) -> Result<Gate, String> {
        let today = date(2026, 11, 29);
        let contract = Contract::load(&root.join("seaworthy.toml"), today).map_err(|e| e.to_string())?;
        let id = RunId::parse(&self.project.run).map_err(|e| e.to_string())?;
        let place = Place::open(&contract, &id, None).map_err(|e| e.to_string())?;
        let progress = Progress::default();
        let setup = Setup {
            contract: &contract,
            rules: &self.rules,
            key: FingerprintKey::PlaceOnly,
            jobs: 1,
            today,
            progress: &progress,
        };
        let run = GateRun { id: &id, place: &place };
        let mut gate = gate(&setup, &GateOptions::default(), run).map_err(|e| e.to_string())?;
        let info = RunInfo {
            phase_id: PHASE.to_owned(),
            platform_run_id: Some(self.project.run.clone()),
            actor: "mutants".to_owned(),
            written_at_utc: "2026-11-29T00:00:00Z".to_owned(),
        };
        let mut document = Vec::new();
        evidence::write(&gate.report, &info, &mut document).map_err(|e| e.to_string())?;
        gate.record_evidence(&document, &id);
        Ok(gate)
    }
}

fn put(root: &Path, path: &str, content: Option<&[u8]>) {
    let path = root.join(path);
    match content {
        Some(content) => {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        None => _ = fs::remove_file(path),
    }
}
