//! Looks at a repository's files: which there are, and what they say. Bounded in depth, number and size; what is left
//! out is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::facts::{Facts, Guess};
use super::read::{self, File, Kind, Reader};
use super::terraform::{self, Module, Resource};
use super::{collect, paths};
use crate::cli::Failure;
use seaworthy_source::{escape_bytes, input};

/// How deep directories are entered.
const MAX_DEPTH: usize = 12;
/// How many files and directories are looked at.
const MAX_ENTRIES: usize = 200_000;
/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 2 << 20;
/// Bytes of all files that are read.
const MAX_TOTAL: u64 = 256 << 20;
/// Bytes of source code in which the names of variables are looked for.
const MAX_CODE: u64 = 32 << 20;
/// Archives of images that are offered.
const MAX_ARCHIVES: usize = 20;
/// Bytes at the beginning of a large document in which a plan says what it is.
const HEAD: u64 = 4096;
/// Why the source code of a file was not searched.
const CODE_LEFT_OUT: &str = "source code that was not searched for variables and options: unreadable, larger than 2 MiB, or after the first 32 MiB";
/// Directories that hold what others wrote.
const SKIPPED: [&str; 10] = [
    ".git",
    ".terraform",
    ".tox",
    ".venv",
    "__pycache__",
    "node_modules",
    "site-packages",
    "target",
    "vendor",
    "venv",
];

/// What to look at.
pub(super) struct Request<'a> {
    /// The repository.
    pub(super) root: &'a Path,
    /// The environment: a directory of Terraform, or a file of values, in the repository.
    pub(super) environment: Option<&'a str>,
}

/// A walk through a repository.
struct Walk<'a> {
    root: &'a Path,
    reader: Reader,
    facts: Facts,
    resources: Vec<(String, Resource)>,
    terraform: BTreeMap<String, Vec<(String, String)>>,
    code: Vec<String>,
    seen: usize,
    bytes: u64,
}

/// Looks at everything below the root.
pub(super) fn survey(request: &Request<'_>) -> Result<Facts, Failure> {
    let root = request.root;
    let meta = fs::metadata(root).map_err(|e| Failure(format!("{}: {e}", root.display())))?;
    if !meta.is_dir() {
        return Err(Failure(format!("{}: is not a directory", root.display())));
    }
    let mut walk = Walk {
        root,
        reader: Reader::new()?,
        facts: Facts::default(),
        resources: Vec::new(),
        terraform: BTreeMap::new(),
        code: Vec::new(),
        seen: 0,
        bytes: 0,
    };
    walk.directory(root, "", 0)?;
    if walk.seen >= MAX_ENTRIES {
        let reason = format!("only the first {MAX_ENTRIES} files and directories were looked at");
        walk.facts.leave_out(root.display().to_string(), reason);
    }
    walk.finish(request)
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path, prefix: &str, depth: usize) -> Result<(), Failure> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(e) if depth == 0 => return Err(Failure(format!("{}: {e}", directory.display()))),
            Err(e) => {
                self.facts.leave_out(shown(prefix), format!("cannot be read: {}", e.kind()));
                return Ok(());
            }
        };
        let (entries, faults): (Vec<_>, Vec<_>) = entries.partition(Result::is_ok);
        for fault in faults.into_iter().filter_map(Result::err) {
            self.facts.leave_out(shown(prefix), format!("an entry could not be read: {}", fault.kind()));
        }
        let mut entries: Vec<_> = entries.into_iter().filter_map(Result::ok).collect();
        entries.sort_unstable_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if self.seen >= MAX_ENTRIES {
                return Ok(());
            }
            self.seen += 1;
            // A name that is not UTF-8 cannot stand in a contract.
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let is_directory = entry.file_type().is_ok_and(|of| of.is_dir());
                if is_directory || read::kind(&name.to_string_lossy()).is_some() {
                    let place = match prefix {
                        "" => escape_bytes(name.as_encoded_bytes()),
                        _ => format!("{}/{}", shown(prefix), escape_bytes(name.as_encoded_bytes())),
                    };
                    self.facts.leave_out(place, "its name is not UTF-8, so no contract can name it");
                }
                continue;
            };
            let relative = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            // A link is not followed: what is behind it has a place of its own, or is not of this repository.
            let of = match entry.file_type() {
                Ok(of) => of,
                Err(e) => {
                    self.facts.leave_out(shown(&relative), e.kind().to_string());
                    continue;
                }
            };
            if of.is_dir() {
                if SKIPPED.contains(&name) {
                    continue;
                }
                if depth == MAX_DEPTH {
                    self.facts.leave_out(shown(&relative), "directories this deep are not looked at");
                    continue;
                }
                self.directory(&entry.path(), &relative, depth + 1)?;
            } else if let Some(kind) = read::kind(&relative) {
                if of.is_symlink() {
                    self.facts.leave_out(shown(&relative), "links are not followed");
                } else if of.is_file() {
                    self.file(kind, &entry.path(), &relative);
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, kind: Kind, path: &Path, relative: &str) {
        let shown = shown(relative);
        match kind {
            Kind::Code => return self.code.push(relative.to_owned()),
            Kind::Archive => {
                if paths::is_example(relative) {
                    return;
                }
                if self.facts.archives.len() >= MAX_ARCHIVES {
                    let reason =
                        format!("not looked at: {MAX_ARCHIVES} archives of images were found before");
                    return self.facts.leave_out(shown, reason);
                }
                if let Some(transport) = read::archive(path) {
                    self.facts.archives.push(Guess::new(format!("{transport}:{relative}"), shown));
                }
                return;
            }
            _ => {}
        }
        let text = match self.text(path, kind) {
            Ok(text) => text,
            Err(reason) => return self.facts.leave_out(shown, reason),
        };
        if kind == Kind::Terraform && !paths::is_example(relative) {
            let directory = paths::parent(relative).to_owned();
            self.terraform.entry(directory).or_default().push((relative.to_owned(), text.clone()));
        }
        let mut found = Vec::new();
        let file = File { path: relative, shown: &shown, text: &text };
        self.reader.read(kind, &file, &mut self.facts, &mut found);
        self.resources.extend(found.into_iter().map(|r| (relative.to_owned(), r)));
    }

    fn text(&mut self, path: &Path, kind: Kind) -> Result<String, String> {
        let (file, meta) = input::open(path).map_err(|e| match e {
            input::InputError::Denied => "cannot be read: permission denied".to_owned(),
            input::InputError::Io(e) => format!("cannot be read: {}", e.kind()),
            other => other.to_string(),
        })?;
        let size = meta.len();
        if size > MAX_BYTES {
            // A plan may be large, and says at its beginning what it is.
            let mut head = Vec::new();
            let is_read = kind == Kind::Json && file.take(HEAD).read_to_end(&mut head).is_ok();
            let head = String::from_utf8_lossy(&head);
            let too_large = || format!("is larger than {} MiB and was not read", MAX_BYTES >> 20);
            return if is_read && read::is_plan(&head) { Ok(head.into_owned()) } else { Err(too_large()) };
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > MAX_TOTAL {
            return Err(format!("was not read: the files before it are {} MiB", MAX_TOTAL >> 20));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {}", e.kind()))?;
        String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
    }

    /// Works out the Terraform, chooses the environment, and puts all together.
    fn finish(mut self, request: &Request<'_>) -> Result<Facts, Failure> {
        let (modules, faults) = terraform::parse(&self.terraform, request.environment);
        for (path, reason) in faults {
            self.facts.leave_out(shown(&path), reason);
        }
        let others = alternatives(&modules, request.environment)?;
        let is_other = |path: &str| others.iter().any(|other| paths::is_inside(path, other));
        let of_place = |from: &str| !is_other(from.split(':').next().unwrap_or(from));
        let facts = &mut self.facts;
        facts.accounts.retain(|g| of_place(&g.from));
        facts.regions.retain(|g| of_place(&g.from));
        let account = single(&facts.accounts);
        let terraform = {
            let read = |path: &str| {
                let path = self.root.join(path);
                fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
                String::from_utf8(input::read_file(&path, MAX_BYTES).ok()?).ok()
            };
            terraform::evaluate(&modules, account.map(|g| g.value.as_str()), &read)
        };
        facts.regions.extend(terraform.regions.into_iter().map(|(r, from)| Guess::new(r, from)));
        facts.regions.retain(|g| of_place(&g.from));
        for module in terraform.elsewhere {
            facts.leave_out(module, "a module that is not in the repository");
        }
        for (directory, reason) in terraform.cut {
            let directory = if directory.is_empty() { ".".to_owned() } else { shown(&directory) };
            facts.leave_out(directory, reason);
        }
        let mut resources = Vec::new();
        for (directory, found) in terraform.roots {
            if !is_other(&directory) {
                resources.extend(found);
            }
        }
        let others = self.resources.into_iter().filter(|(path, _)| !is_other(path));
        resources.extend(others.map(|(_, resource)| resource));
        collect::collect(&resources, facts);
        facts.plans.retain(|g| !is_other(&g.value));
        facts.templates.retain(|g| !is_other(&g.value));
        for file in &mut facts.handles {
            file.is_readable = read::is_readable(self.root, &file.path);
        }
        confirm(self.root, &self.code, facts);
        required_options(self.root, &self.code, facts)?;
        Ok(self.facts)
    }
}

/// The one value that all guesses agree on.
pub(super) fn single(guesses: &[Guess]) -> Option<&Guess> {
    let first = guesses.first()?;
    guesses.iter().all(|g| g.value == first.value).then_some(first)
}

/// Whether a directory is named as an environment is: `prod`, `staging-eu`.
fn is_environment(directory: &str) -> bool {
    const NAMES: &[&str] = &[
        "prod",
        "production",
        "prd",
        "live",
        "staging",
        "stage",
        "stg",
        "preprod",
        "dev",
        "development",
        "test",
        "testing",
        "qa",
        "uat",
        "int",
        "integration",
        "sandbox",
        "demo",
        "preview",
    ];
    let name = directory.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    name.split(['-', '_', '.']).any(|part| NAMES.contains(&part))
}

/// Directories of environments other than the chosen one: root modules that declare the same things, or that stand beside
/// each other under names of environments, are alternatives.
fn alternatives(modules: &BTreeMap<String, Module>, chosen: Option<&str>) -> Result<Vec<String>, Failure> {
    let chosen = chosen.map(|c| if c.ends_with(".tfvars") { paths::parent(c) } else { c });
    if let Some(chosen) = chosen
        && !modules.keys().any(|d| paths::is_inside(d, chosen))
    {
        let known: Vec<&str> = modules.keys().map(|d| paths::written(d)).take(10).collect();
        let known = if known.is_empty() { "nowhere".to_owned() } else { known.join(", ") };
        return Err(Failure(format!("--env {chosen}: no Terraform files are there; they are in {known}")));
    }
    let declared: BTreeMap<&str, BTreeSet<String>> =
        modules.iter().map(|(d, m)| (d.as_str(), m.addresses().collect())).collect();
    let directories: Vec<&str> = terraform::roots(modules);
    let share = |a: &str, b: &str| match (declared.get(a), declared.get(b)) {
        (Some(a), Some(b)) => !a.is_disjoint(b),
        _ => false,
    };
    let beside =
        |a: &str, b: &str| paths::parent(a) == paths::parent(b) && is_environment(a) && is_environment(b);
    let alike = |d: &str| {
        directories.iter().filter(|o| **o != d && (share(o, d) || beside(o, d))).copied().collect::<Vec<_>>()
    };
    match chosen {
        Some(chosen) => {
            let own = directories.iter().filter(|d| paths::is_inside(d, chosen));
            let others: BTreeSet<&str> = own.flat_map(|d| alike(d)).collect();
            Ok(others.into_iter().filter(|d| !paths::is_inside(d, chosen)).map(str::to_owned).collect())
        }
        None => match directories.iter().find(|d| !alike(d).is_empty()) {
            None => Ok(Vec::new()),
            Some(first) => {
                let mut all = alike(first);
                all.push(first);
                all.sort_unstable();
                let listed = all.iter().map(|d| paths::written(d)).collect::<Vec<_>>().join(", ");
                let one = all.last().map_or("", |d| paths::written(d));
                Err(Failure(format!(
                    "{listed} are alternatives, each an environment of its own: a contract is for one; \
                     choose it, such as --env {one}"
                )))
            }
        },
    }
}

/// Looks for options that Python programs require. A program with subcommands is left out: which of
/// them requires what is not told by the text alone.
fn required_options(root: &Path, code: &[String], facts: &mut Facts) -> Result<(), Failure> {
    let option = r#"add_argument\(\s*["'](--[A-Za-z0-9][A-Za-z0-9-]*)["'][^()]*\brequired\s*=\s*True"#;
    let option = regex::Regex::new(option)?;
    let mut left = MAX_CODE;
    for path in code.iter().filter(|p| p.ends_with(".py") && !paths::is_example(p)) {
        let Ok(bytes) = input::read_file(&root.join(path), left.min(MAX_BYTES)) else {
            facts.leave_out(shown(path), CODE_LEFT_OUT);
            continue;
        };
        left = left.saturating_sub(bytes.len() as u64);
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("add_subparsers") {
            continue;
        }
        let found: Vec<String> = option.captures_iter(&text).map(|c| c[1].to_owned()).collect();
        if !found.is_empty() {
            facts.required.insert(path.clone(), found);
        }
    }
    Ok(())
}

/// Looks for the names of variables in source code.
fn confirm(root: &Path, code: &[String], facts: &mut Facts) {
    let names = super::decide::candidate_variables(facts);
    if names.is_empty() {
        return;
    }
    let Ok(automaton) = aho_corasick::AhoCorasick::new(&names) else { return };
    let mut left = MAX_CODE;
    let mut left_out = Vec::new();
    for path in code.iter().filter(|p| !paths::is_example(p)) {
        let full = root.join(path);
        let Ok(bytes) = input::read_file(&full, left.min(MAX_BYTES)) else {
            left_out.push(shown(path));
            continue;
        };
        left = left.saturating_sub(bytes.len() as u64);
        for found in automaton.find_overlapping_iter(&bytes) {
            let is_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            let before = found.start().checked_sub(1).and_then(|i| bytes.get(i));
            if is_word(before) || is_word(bytes.get(found.end())) {
                continue;
            }
            let Some(name) = names.get(found.pattern().as_usize()) else { continue };
            if !facts.confirmed.contains_key(name) {
                let line =
                    bytes.get(..found.start()).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
                facts.confirmed.insert(name.clone(), format!("{}:{}", shown(path), line + 1));
            }
        }
    }
    for path in left_out {
        facts.leave_out(path, CODE_LEFT_OUT);
    }
}

fn shown(path: &str) -> String {
    escape_bytes(path.as_bytes())
}
