//! Looks at a repository's files: which there are, and what they say. Bounded in depth, number and size; what is left
//! out is told.

use std::fs;
use std::path::Path;

use super::recognise::Recogniser;
use crate::cli::Failure;
use seaworthy_source::escape_bytes;
use seaworthy_source::input::{self, InputError};

/// How deep folders are entered.
const DEPTH: usize = 6;
/// How many files and folders are looked at.
const MOST: usize = 20_000;
/// The largest file that is read, in bytes.
const BYTES: u64 = 1 << 20;
/// Folders that hold what others wrote.
const SKIPPED: [&str; 9] =
    [".git", ".terraform", ".tox", ".venv", "__pycache__", "node_modules", "target", "vendor", "venv"];

/// Something that was read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) value: String,
    /// File and line, such as `infra/ssm.tf:12`.
    pub(super) from: String,
}

/// A secret that seems to arrive at runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecretGuess {
    pub(super) handle: String,
    pub(super) parameter: Option<String>,
    /// What may carry it.
    pub(super) variable: Option<String>,
    /// Whether that is known to be a variable, and not only likely from another name.
    pub(super) is_variable: bool,
    pub(super) from: String,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) dockerfiles: Vec<Guess>,
    pub(super) ignore_files: Vec<Guess>,
    /// Build contexts that something pins.
    pub(super) contexts: Vec<Guess>,
    /// Dockerfiles that something pins.
    pub(super) pinned_dockerfiles: Vec<Guess>,
    pub(super) repositories: Vec<Guess>,
    pub(super) buckets: Vec<Guess>,
    pub(super) phases: Vec<Guess>,
    pub(super) roles: Vec<Guess>,
    pub(super) execution_roles: Vec<Guess>,
    pub(super) entrypoints: Vec<(String, Guess)>,
    pub(super) workflows: Vec<Guess>,
    pub(super) task_definitions: Vec<Guess>,
    pub(super) secrets: Vec<SecretGuess>,
    /// What was not looked at.
    pub(super) left_out: Vec<String>,
}

impl Survey {
    /// Masks what may be a secret in names and paths, before it is judged whether they fit a contract.
    pub(super) fn mask(&mut self, mask: impl Fn(&str) -> String) {
        let lists = [
            &mut self.dockerfiles,
            &mut self.ignore_files,
            &mut self.contexts,
            &mut self.pinned_dockerfiles,
            &mut self.repositories,
            &mut self.buckets,
            &mut self.phases,
            &mut self.roles,
            &mut self.execution_roles,
            &mut self.workflows,
            &mut self.task_definitions,
        ];
        let guesses = lists.into_iter().flatten().chain(self.entrypoints.iter_mut().map(|(_, g)| g));
        guesses.for_each(|g| g.value = mask(&g.value));
        for secret in &mut self.secrets {
            secret.handle = mask(&secret.handle);
            secret.parameter.iter_mut().chain(&mut secret.variable).for_each(|t| *t = mask(t));
        }
        self.left_out.iter_mut().for_each(|t| *t = mask(t));
    }
}

/// Looks at everything below `root`.
pub(super) fn survey(root: &Path) -> Result<Survey, Failure> {
    let meta = fs::metadata(root).map_err(|e| Failure(format!("{}: {e}", root.display())))?;
    if !meta.is_dir() {
        return Err(Failure(format!("{}: is not a directory", root.display())));
    }
    let recogniser = Recogniser::new()?;
    let mut survey = Survey::default();
    let mut seen = 0;
    walk(root, "", 0, &recogniser, &mut survey, &mut seen)?;
    if seen >= MOST {
        survey.left_out.push(format!("only the first {MOST} files and folders were looked at"));
    }
    Ok(survey)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    recogniser: &Recogniser,
    survey: &mut Survey,
    seen: &mut usize,
) -> Result<(), Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if depth == 0 => return Err(Failure(format!("{}: {e}", folder.display()))),
        Err(e) => {
            survey.left_out.push(format!("{}: {e}", shown(prefix)));
            return Ok(());
        }
    };
    let mut names: Vec<_> = entries.filter_map(Result::ok).map(|e| e.file_name()).collect();
    names.sort_unstable();
    for name in names {
        if *seen >= MOST {
            return Ok(());
        }
        *seen += 1;
        let path = folder.join(&name);
        // A name that is not UTF-8 cannot stand in a contract.
        let Some(name) = name.to_str() else { continue };
        let relative = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            if SKIPPED.contains(&name) {
                continue;
            }
            if depth == DEPTH {
                survey.left_out.push(format!("{}: folders this deep are not looked at", shown(&relative)));
                continue;
            }
            walk(&path, &relative, depth + 1, recogniser, survey, seen)?;
        } else if meta.is_file() && Recogniser::wants(&relative) {
            match read(&path) {
                Ok(Some(text)) => recogniser.read(&shown(&relative), &relative, &text, survey),
                Ok(None) => survey.left_out.push(format!("{}: too large or not text", shown(&relative))),
                Err(e) => survey.left_out.push(format!("{}: {e}", shown(&relative))),
            }
        }
    }
    Ok(())
}

fn shown(path: &str) -> String {
    escape_bytes(path.as_bytes())
}

fn read(path: &Path) -> std::io::Result<Option<String>> {
    match input::read(path, BYTES) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(InputError::TooLarge(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
