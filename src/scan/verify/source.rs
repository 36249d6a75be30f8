//! Where papers are had from: files that a person named, or the folder of a run.

use std::path::{Path, PathBuf};

use crate::artifact::provenance::{
    Content, Field, Form, Layout, PaperKind, Papers, Sibling, read_fields, read_inside, read_named,
};
use crate::scan::ScanError;

/// Where papers are.
pub enum PapersSource {
    /// In files.
    Files {
        /// The papers that were named, each with its file.
        files: Vec<(PaperKind, PathBuf)>,
        /// The run that they are said to be of.
        run_id: Option<String>,
        /// The phase that they are said to be of.
        phase_id: Option<String>,
    },
    /// Below a folder, by run: `evidence/runs/RUN/PHASE/…`, and `run.json` one level up.
    Run {
        /// The folder.
        root: PathBuf,
        /// The run.
        run_id: String,
        /// The phase.
        phase_id: String,
        /// The fields of provenance, to look at other runs with.
        layout: Box<Layout>,
        /// Those of provenance that names a version.
        profiles: Vec<(String, Layout)>,
    },
    /// Papers that were read already.
    Had(Box<Papers>),
}

/// What lies above the runs' folders.
const RUNS: &str = "evidence/runs";

/// Most other runs that are looked at for a tag that was used twice.
const SIBLINGS: usize = 10_000;

/// The key of a paper in the layout of contract M1.
fn key(kind: PaperKind, run_id: &str, phase_id: &str) -> String {
    let file = kind.file_name();
    match kind {
        PaperKind::RunHeader => format!("{RUNS}/{run_id}/{file}"),
        _ => format!("{RUNS}/{run_id}/{phase_id}/{file}"),
    }
}

/// Reads papers. The moment and the registry's answer are still to be filled in.
///
/// # Errors
/// If a named file is not there, or the run's ID or the phase cannot be the name of a folder.
pub fn load(source: &PapersSource) -> Result<Papers, ScanError> {
    match source {
        PapersSource::Had(papers) => Ok((**papers).clone()),
        PapersSource::Files { files, run_id, phase_id } => {
            for id in run_id.iter() {
                check_run_id(id)?;
            }
            let mut papers =
                Papers { run_id: run_id.clone(), phase_id: phase_id.clone(), ..Papers::default() };
            for (kind, path) in files {
                let paper = read_named(*kind, path);
                if paper.content == Content::Missing {
                    return Err(ScanError::Paper { path: paper.name, reason: "no such file".into() });
                }
                *papers.paper_mut(*kind) = paper;
            }
            Ok(papers)
        }
        PapersSource::Run { root, run_id, phase_id, layout, profiles } => {
            check_run_id(run_id)?;
            if !Form::Phase.fits(phase_id) {
                let reason = format!("the phase must be {}", Form::Phase.expected());
                return Err(ScanError::Paper { path: "--run-id".into(), reason });
            }
            if !root.is_dir() {
                let reason = "there is no such folder of evidence".to_owned();
                return Err(ScanError::Paper { path: root.display().to_string(), reason });
            }
            let mut papers = Papers {
                run_id: Some(run_id.clone()),
                phase_id: Some(phase_id.clone()),
                ..Papers::default()
            };
            siblings(root, layout, profiles, &mut papers);
            for kind in PaperKind::ALL {
                *papers.paper_mut(kind) = read_inside(kind, root, &key(kind, run_id, phase_id));
            }
            Ok(papers)
        }
    }
}

/// A run's ID becomes a part of a path, so it must not lead anywhere else. It is not repeated: it may be anything.
fn check_run_id(id: &str) -> Result<(), ScanError> {
    if Form::RunId.fits(id) {
        return Ok(());
    }
    let reason = format!("this must be {}", Form::RunId.expected());
    Err(ScanError::Paper { path: "--run-id".into(), reason })
}

/// What the other runs of the folder say of their images. Those whose provenance is missing or malformed say nothing:
/// they are judged when they are asked about themselves.
fn siblings(root: &Path, layout: &Layout, profiles: &[(String, Layout)], papers: &mut Papers) {
    let (run_id, phase_id) =
        (papers.run_id.clone().unwrap_or_default(), papers.phase_id.clone().unwrap_or_default());
    let entries = match std::fs::read_dir(root.join(RUNS)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            papers.siblings = Some(Vec::new());
            return;
        }
        Err(e) => {
            papers.siblings = Some(Vec::new());
            papers.siblings_missed = Some(format!("the folder of the runs cannot be listed: {e}"));
            return;
        }
    };
    let mut missed = None;
    let name = |e: std::io::Result<std::fs::DirEntry>| match e {
        Ok(entry) => entry.file_name().into_string().ok(),
        Err(e) => {
            missed = Some(format!("the folder of the runs cannot be listed to its end: {e}"));
            None
        }
    };
    let names = entries.filter_map(name);
    let mut names: Vec<String> = names.filter(|n| *n != run_id && Form::RunId.fits(n)).collect();
    names.sort_unstable();
    if names.len() > SIBLINGS {
        papers.siblings_missed =
            Some(format!("there are more than {SIBLINGS} other runs; only the first were looked at"));
    }
    let read = |name: String| {
        let paper = read_inside(PaperKind::Provenance, root, &key(PaperKind::Provenance, &name, &phase_id));
        if let Content::Unreadable(reason) = &paper.content {
            missed = Some(format!("that of {name} cannot be read: {reason}"));
        }
        let reading = read_fields(paper.bytes()?, layout, profiles);
        let text = |field| reading.fields.text(field).map(str::to_owned);
        Some(Sibling {
            repository: text(Field::RepositoryUri)?,
            image_tag: text(Field::ImageTag)?,
            image_digest: text(Field::ImageDigest)?,
            run_id: name,
        })
    };
    papers.siblings = Some(names.into_iter().take(SIBLINGS).filter_map(read).collect());
    papers.siblings_missed = papers.siblings_missed.take().or(missed);
}
