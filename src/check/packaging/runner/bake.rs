//! `docker buildx bake`: the builds of the targets that it is told to build, as command lines of `docker buildx build`.
//! <https://docs.docker.com/build/bake/reference/>

mod compose;
mod definition;
mod value;

use std::collections::BTreeMap;

use super::MAX_BYTES;
use definition::{Definition, Target};

/// Most targets that are built by one command.
const MAX_TARGETS: usize = 64;

/// How deep groups, and targets that inherit from others, are followed.
const MAX_DEPTH: u8 = 12;

/// The names under which bake looks for its files, in the order in which later ones take precedence.
pub(super) const FILES: [&str; 8] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "docker-bake.json",
    "docker-bake.override.json",
    "docker-bake.hcl",
    "docker-bake.override.hcl",
];

/// What stands for a value that is known only when bake runs.
const UNKNOWN: &str = "$(bake)";

/// What the words of a command tell bake.
#[derive(Default)]
struct Told {
    files: Vec<String>,
    targets: Vec<String>,
    /// Options that each build is given.
    options: Vec<String>,
    /// `--set PATTERN.KEY=VALUE`
    sets: Vec<(String, String, String)>,
    metadata: Option<String>,
}

/// The files that bake is told to read; nothing if it builds nothing, or takes a definition from elsewhere.
pub(super) fn files(words: &[String]) -> Option<Vec<String>> {
    let told = told(words)?;
    let own = || FILES.iter().map(|name| (*name).to_owned()).collect();
    Some(if told.files.is_empty() { own() } else { told.files })
}

fn told(words: &[String]) -> Option<Told> {
    let mut told = Told::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let is_off = attached.as_deref() == Some("false");
        match name {
            "-f" | "--file" => {
                let file = attached.or_else(|| words.next().cloned())?;
                if file == "-" || file.contains("://") {
                    return None;
                }
                told.files.push(file);
            }
            "--set" => {
                let set = attached.or_else(|| words.next().cloned())?;
                let (place, value) = set.split_once('=')?;
                let (pattern, key) = place.split_once('.')?;
                told.sets.push((pattern.to_owned(), key.to_owned(), value.to_owned()));
            }
            "--metadata-file" => told.metadata = attached.or_else(|| words.next().cloned()),
            "--push" | "--load" => told.options.extend((!is_off).then(|| name.to_owned())),
            "--builder" | "--progress" | "--provenance" | "--sbom" | "--allow" => {
                if attached.is_none() {
                    words.next();
                }
            }
            // It prints what it would build.
            "--print" | "--check" | "--list" | "--call" | "--help" => return None,
            "--no-cache" | "--pull" | "-D" | "--debug" => {}
            option if option.starts_with('-') => return None,
            // A definition of another repository.
            target if target.contains("://") || target.starts_with("git@") => return None,
            target => told.targets.push(target.to_owned()),
        }
    }
    Some(told)
}

/// The builds that bake does for words, by the texts of its files in their order; nothing where that is not known.
pub(super) fn script(texts: &[String], words: &[String]) -> Option<String> {
    let told = told(words)?;
    let mut whole = Definition::default();
    for text in texts {
        whole.add(definition::definition_of(text)?);
    }
    // Which groups of several files are the default hangs on how bake merges them.
    if told.targets.is_empty() && texts.len() > 1 {
        return None;
    }
    let asked = if told.targets.is_empty() { vec!["default".to_owned()] } else { told.targets.clone() };
    let mut names = Vec::new();
    for name in &asked {
        resolve(&whole, name, &mut names, 0)?;
    }
    let mut out = whole.variables()?;
    for name in &names {
        let mut target = whole.inherited(name, 0)?;
        for (_, key, value) in told.sets.iter().filter(|(pattern, _, _)| matches(pattern, name)) {
            target.set(key, value)?;
        }
        let metadata = told.metadata.as_ref().filter(|_| names.len() == 1);
        out.push_str(&command(&target, &told.options, metadata));
        if out.len() > MAX_BYTES {
            return None;
        }
    }
    Some(out)
}

/// The targets that a name stands for: its own, or those of its group.
fn resolve(whole: &Definition, name: &str, names: &mut Vec<String>, depth: u8) -> Option<()> {
    if depth >= MAX_DEPTH || names.len() >= MAX_TARGETS {
        return None;
    }
    if let Some(members) = whole.groups.get(name) {
        members.iter().try_for_each(|member| resolve(whole, member, names, depth + 1))?;
        return Some(());
    }
    if !whole.targets.contains_key(name) {
        return None;
    }
    if !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
    Some(())
}

/// Whether a pattern of `--set` names a target: `*` stands for any part.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

/// A build as the command line that does the same. Values are the shell's, without quotes.
fn command(target: &Target, options: &[String], metadata: Option<&String>) -> String {
    let mut out = "docker buildx build".to_owned();
    let mut add = |name: &str, value: &str| out.push_str(&format!(" {name} \"{value}\""));
    let context = target.texts.get("context").map_or(".", String::as_str);
    let file = target.texts.get("dockerfile").map_or("Dockerfile", String::as_str);
    // Its Dockerfile is looked for in its context.
    let is_here = matches!(context, "." | "./");
    let is_far = context.contains("://") || file.starts_with('/');
    let file = match (file.strip_prefix("cwd://"), is_here || is_far) {
        (Some(own), _) => own.to_owned(),
        (None, true) => file.to_owned(),
        (None, false) => format!("{}/{file}", context.trim_end_matches('/')),
    };
    add("--file", if target.has_inline { UNKNOWN } else { &file });
    for (name, value) in &target.arguments {
        add("--build-arg", &format!("{name}={value}"));
    }
    for (name, value) in &target.contexts {
        add("--build-context", &format!("{name}={value}"));
    }
    for (name, value) in &target.labels {
        add("--label", &format!("{name}={value}"));
    }
    for (list, option) in
        [("tags", "--tag"), ("platforms", "--platform"), ("output", "--output"), ("secret", "--secret")]
    {
        target.lists.get(list).into_iter().flatten().for_each(|value| add(option, value));
    }
    target.texts.get("target").iter().for_each(|stage| add("--target", stage));
    metadata.iter().for_each(|file| add("--metadata-file", file));
    options.iter().for_each(|option| out.push_str(&format!(" {option}")));
    out.push_str(&format!(" \"{context}\"\n"));
    out
}

/// Values by name.
type Values = BTreeMap<String, String>;
