//! `seaworthy init`: a first contract, guessed openly from what lies in a repository.
//!
//! ```text
//! survey ──▶ read, terraform ──▶ collect ──▶ images, starts, decide ──▶ render
//!  files        what each says     facts          entries               text
//! ```

mod collect;
mod decide;
mod facts;
mod images;
mod lacks;
mod paths;
mod read;
mod render;
mod starts;
mod survey;
mod terraform;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Init as Arguments;
use super::output::Terminal;
use super::{Failure, environment};
use crate::check::Masker;
use crate::contract::{Contract, Handles};
use crate::rule::Rules;
use crate::store;
use facts::Facts;
use images::Image;
use seaworthy_source::escape_bytes;

/// The contract's file.
const CONTRACT: &str = "seaworthy.toml";

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let path = arguments.directory.join(CONTRACT);
    if !arguments.print && !arguments.check && !arguments.all_images {
        free(&path)?;
    }
    let environment = arguments.env.as_deref().map(|env| inside(&arguments.directory, env)).transpose()?;
    let request = survey::Request { root: &arguments.directory, environment: environment.as_deref() };
    let rules = Arc::new(Rules::load(&[], &[])?);
    terminal.learn(&rules);
    // Names of files, parameters and variables are copied; one that is a secret itself is not.
    let masker = Masker::new(&rules);
    let facts = survey::survey(&request).map_err(|Failure(e)| Failure(masker.mask(&e)))?;
    for warning in facts.warnings() {
        terminal.warn(&masker.mask(&warning));
    }
    let images = images::images(&facts, &arguments.directory);
    let session =
        Session { facts: &facts, images: &images, masker: &masker, directory: &arguments.directory };
    if arguments.check {
        return lacks::run(&session, &path, terminal);
    }
    if arguments.all_images {
        return all(&session, terminal);
    }
    let image = chosen(&images, arguments.image.as_deref(), &masker)?;
    let written = session.contract(image)?;
    for warning in &written.warnings {
        terminal.warn(warning);
    }
    if arguments.print {
        terminal.print(written.text.as_bytes())?;
        return Ok(0);
    }
    write(&path, &written.text, terminal)?;
    let others: Vec<&str> = images.iter().filter(|i| Some(*i) != image).map(|i| i.name.as_str()).collect();
    if !others.is_empty() {
        let named = others.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        let more = others.len().saturating_sub(8);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        terminal.note(&masker.mask(&format!(
            "the contract is for {}; other images here: {named}{more}. --image NAME chooses one, --all-images writes a contract for each",
            image.map_or("", |i| i.name.as_str())
        )));
    }
    Ok(0)
}

/// What the contracts of a repository are written from.
struct Session<'a> {
    facts: &'a Facts,
    images: &'a [Image],
    masker: &'a Masker<'a>,
    directory: &'a Path,
}

impl Session<'_> {
    /// Whether the repository speaks of M1: it has documents of runs, or a registry of handles.
    fn is_m1(&self) -> bool {
        let is_run = self.facts.runs.iter().any(|r| !paths::is_example(&r.from));
        is_run || !self.facts.handles.is_empty()
    }

    /// The contract of an image; of none if the repository builds none.
    fn contract(&self, image: Option<&Image>) -> Result<render::Written, Failure> {
        let starts = image.map(|i| starts::starts(self.facts, i, self.images)).unwrap_or_default();
        let tasks = image.map_or_else(
            || self.facts.tasks.iter().collect(),
            |image| starts::tasks(self.facts, image, self.images),
        );
        let wiring = decide::wiring(self.facts, &tasks);
        let readable = self.facts.handles.iter().find(|h| h.is_readable);
        let handles = readable.and_then(|file| {
            let handles = Handles::load(&self.directory.join(&file.path)).ok()?;
            Some((file.path.as_str(), handles))
        });
        let source = render::Source {
            facts: self.facts,
            image,
            others: self.images.iter().filter(|i| Some(*i) != image).map(|i| i.name.as_str()).collect(),
            wiring: &wiring,
            starts: &starts,
            handles,
            is_m1: self.is_m1(),
            today: environment::today(),
        };
        let written = render::render(&source, self.masker);
        let handles = source.handles.map(|(_, handles)| handles);
        Contract::parse_with_handles(&written.text, Path::new(CONTRACT), handles).map_err(|e| {
            Failure(format!(
                "the guesses make no contract ({e}); please report it, and write {CONTRACT} by hand"
            ))
        })?;
        Ok(written)
    }
}

/// Writes a contract for each image: `seaworthy.toml` for the first, `seaworthy.NAME.toml` for the others.
fn all(session: &Session<'_>, terminal: &Terminal) -> Result<u8, Failure> {
    let paths: Vec<PathBuf> =
        contract_names(session.images).iter().map(|name| session.directory.join(name)).collect();
    if paths.is_empty() {
        return Err(Failure(
            "no Dockerfile was found, so there is no image to write a contract for".to_owned(),
        ));
    }
    // All or none: a repository with half of its contracts is worse than one without.
    for path in &paths {
        free(path)?;
    }
    for (image, path) in session.images.iter().zip(&paths) {
        let written = session.contract(Some(image))?;
        for warning in &written.warnings {
            terminal.warn(&format!("{}: {warning}", path.display()));
        }
        write(path, &written.text, terminal)?;
    }
    Ok(0)
}

/// The name of each image's contract; images whose names differ in signs alone are numbered.
fn contract_names(images: &[Image]) -> Vec<String> {
    let mut taken = std::collections::BTreeSet::new();
    let mut name = |(n, image): (usize, &Image)| {
        if n == 0 {
            return CONTRACT.to_owned();
        }
        let own = read::handle_of(&image.name).to_lowercase();
        let numbered = (2..).map(|n| format!("{own}-{n}"));
        let free = std::iter::once(own.clone()).chain(numbered).find(|name| taken.insert(name.clone()));
        format!("seaworthy.{}.toml", free.unwrap_or(own))
    };
    images.iter().enumerate().map(&mut name).collect()
}

/// The image that was asked for, or the first.
fn chosen<'i>(
    images: &'i [Image],
    name: Option<&str>,
    masker: &Masker<'_>,
) -> Result<Option<&'i Image>, Failure> {
    let Some(name) = name else { return Ok(images.first()) };
    let found = images.iter().find(|i| i.name == name || i.dockerfile.value == name);
    found.map(Some).ok_or_else(|| {
        let names: Vec<&str> = images.iter().map(|i| i.name.as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Failure(masker.mask(&format!("--image {name}: there is no such image; found: {names}")))
    })
}

/// Whether a contract may be written there: nothing is overwritten, and no link is followed.
fn free(path: &Path) -> Result<(), Failure> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    Err(exists(path))
}

fn exists(path: &Path) -> Failure {
    Failure(format!(
        "{}: exists and is left as it is; --print shows what would be written, --check what it lacks",
        path.display()
    ))
}

fn write(path: &Path, text: &str, terminal: &Terminal) -> Result<(), Failure> {
    if !store::create_atomically(path, text.as_bytes())? {
        return Err(exists(path));
    }
    let open = text.lines().filter(|l| l.starts_with('#') && l.ends_with('?')).count();
    let questions = match open {
        0 => "no question is open".to_owned(),
        1 => "one question is open".to_owned(),
        n => format!("{n} questions are open"),
    };
    terminal
        .note(&format!("{}: written; {questions}. Read each guess before you rely on it", path.display()));
    Ok(())
}

/// The environment as a path in the repository.
fn inside(root: &Path, environment: &Path) -> Result<String, Failure> {
    let fail = |reason: &str| Failure(format!("--env {}: {reason}", environment.display()));
    let direct = environment.to_string_lossy();
    let plain = paths::join("", direct.trim_end_matches('/')).filter(|p| root.join(p).exists());
    if let Some(plain) = plain {
        return Ok(plain);
    }
    let (root, path) = (root.canonicalize(), environment.canonicalize());
    let (Ok(root), Ok(path)) = (root, path) else { return Err(fail("there is no such directory")) };
    let inside = path.strip_prefix(&root).map_err(|_| fail("is not in the repository"))?;
    let text = inside.to_str().ok_or_else(|| fail("its name is not UTF-8"))?;
    Ok(escape_bytes(text.as_bytes()))
}
