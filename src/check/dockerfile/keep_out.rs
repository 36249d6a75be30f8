//! What to do about secret files that a COPY takes: which to leave out and how, and how a step that needs one gets it.

use super::advice;
use crate::check::Context;
use crate::check::dockerfile::build::{Recipe, Run};

/// Files that are named; the rest is counted.
const NAMED: usize = 6;
/// Steps that are rewritten with a mount.
const MOUNTS: usize = 2;

/// Programs that read a secret file by its name.
const READERS: [(&str, &[&str]); 12] = [
    (".npmrc", &["npm", "npx", "yarn", "pnpm", "corepack", "bun"]),
    (".yarnrc", &["yarn"]),
    (".yarnrc.yml", &["yarn"]),
    (".netrc", &["curl", "wget", "git", "go", "pip", "pip3"]),
    ("pip.conf", &["pip", "pip3", "python", "python3"]),
    (".pypirc", &["twine", "python", "python3"]),
    (".git-credentials", &["git", "go", "pip", "pip3", "npm"]),
    ("credentials", &["aws", "cargo"]),
    ("credentials.toml", &["cargo"]),
    ("settings.xml", &["mvn", "mvnw"]),
    ("auth.json", &["composer"]),
    ("id_rsa", &["git", "ssh", "scp", "npm", "go", "pip"]),
];

/// A secret file that a COPY takes.
pub(super) struct TakenFile {
    /// Its path in the context, as a message may quote it.
    pub(super) source: String,
    /// Where the COPY puts it.
    pub(super) target: String,
    /// Whether the program is not there without it: source code that holds a secret.
    pub(super) is_code: bool,
    /// Whether the COPY names it, and fails without it.
    pub(super) is_named: bool,
}

/// The steps for all of the files of one COPY on `line`, the instruction `number`.
pub(super) fn steps(
    context: &Context<'_>,
    recipe: &Recipe<'_>,
    number: usize,
    line: u32,
    files: &[TakenFile],
) -> String {
    let mut out = Vec::new();
    let of = |wanted: &dyn Fn(&TakenFile) -> bool| files.iter().filter(|f| wanted(f)).collect::<Vec<_>>();
    let code = of(&|f| f.is_code);
    let named = of(&|f| !f.is_code && f.is_named);
    let rest = of(&|f| !f.is_code && !f.is_named);
    if !named.is_empty() {
        out.push(format!(
            "Take {} out of the COPY on line {line}.",
            list(named.iter().map(|f| f.source.clone()))
        ));
    }
    if !rest.is_empty() {
        out.push(format!("Add {} to `.dockerignore`.", list(rest.iter().map(|f| ignored_as(&f.source)))));
    }
    if !code.is_empty() {
        let them = if code.len() == 1 { "it" } else { "them" };
        out.push(format!(
            "Take the value out of {}: the program needs {them}. Give it to the container when it starts ({}), and read it \
             there.",
            list(code.iter().map(|f| f.source.clone())),
            advice::at_start(context)
        ));
    }
    out.extend(mounts(context, recipe, number, &[named, rest].concat()));
    out.join(" ")
}

/// The steps that need one of the files, each with a mount; a pattern of it where none is known to need one.
fn mounts(context: &Context<'_>, recipe: &Recipe<'_>, number: usize, files: &[&TakenFile]) -> Vec<String> {
    let stage = recipe.dockerfile.stage_of(number).map(|s| s.index);
    let later = |run: &&Run<'_>| {
        run.instruction > number && recipe.dockerfile.stage_of(run.instruction).map(|s| s.index) == stage
    };
    let mut out = Vec::new();
    for file in files {
        let readers = readers(&file.source);
        let reads = |run: &&Run<'_>| {
            run.script.commands.iter().any(|c| c.program().is_some_and(|p| readers.contains(&p.as_str())))
        };
        let Some(run) = recipe.runs.iter().filter(later).find(reads).filter(|_| out.len() < MOUNTS) else {
            continue;
        };
        let (mount, option) = mount(file);
        // What is mounted cannot be deleted, and need not be.
        let deletes = run.script.commands.iter().any(|c| c.program().as_deref() == Some("rm"));
        let line = advice::run_line(context, Some(run).filter(|_| !deletes), &mount, None);
        out.push(format!(
            "Mount `{}` in the RUN on line {}{}: {line}, built with {option}.",
            file.source,
            line_of(recipe, run),
            if deletes { ", which then deletes nothing" } else { "" }
        ));
    }
    let generic = files.iter().find(|f| !is_of_git(&f.source)).filter(|_| out.is_empty());
    out.extend(generic.map(|file| {
        let (mount, option) = mount(file);
        format!(
            "If a build step needs it, mount it there: `RUN {mount} COMMAND`, built with {option}; give the running \
             container what it needs when it starts."
        )
    }));
    out
}

fn line_of(recipe: &Recipe<'_>, run: &Run<'_>) -> u32 {
    recipe.dockerfile.instructions.get(run.instruction).map_or(0, |i| recipe.line(i.span))
}

/// The mount of a file at its place, and the option of the build that hands it over.
fn mount(file: &TakenFile) -> (String, String) {
    let name = file.source.rsplit('/').next().unwrap_or_default();
    let id = advice::identity(name.trim_start_matches('.'));
    let is_safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let target: String = file.target.chars().filter(is_safe).collect();
    let source = match file.source.chars().all(|c| is_safe(&c)) {
        true => format!("id={id},src={}", file.source),
        false => format!("\"id={id},src={}\"", file.source),
    };
    (format!("--mount=type=secret,id={id},target={target}"), format!("`docker build --secret {source} .`"))
}

/// The programs that read a file of this name by themselves.
fn readers(source: &str) -> &'static [&'static str] {
    let name = source.rsplit('/').next().unwrap_or_default();
    let name = if name.starts_with("id_") { "id_rsa" } else { name };
    READERS.iter().find(|(known, _)| *known == name).map_or(&[], |(_, programs)| programs)
}

/// The line that keeps a file out: the file itself, or the whole repository for what lies in `.git`.
pub(in crate::check) fn ignored_as(source: &str) -> String {
    let parts: Vec<&str> = source.split('/').collect();
    match parts.iter().position(|p| *p == ".git") {
        Some(at) => parts.get(..=at).unwrap_or_default().join("/"),
        None => source.to_owned(),
    }
}

fn is_of_git(source: &str) -> bool {
    source.split('/').any(|part| part == ".git")
}

/// Names in their order, each once: `.env`, `.npmrc` and 3 more.
fn list(names: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let quoted = format!("`{name}`");
        if !all.contains(&quoted) {
            all.push(quoted);
        }
    }
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    match (more, all.split_last()) {
        (0, Some((last, []))) => last.clone(),
        (0, Some((last, rest))) => format!("{} and {last}", rest.join(", ")),
        _ => format!("{} and {more} more", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_once_and_a_repository_as_a_whole() {
        let names = |paths: &[&str]| list(paths.iter().map(|p| ignored_as(p)));
        assert_eq!(names(&[".git/HEAD", ".git/objects/01/f9", ".env"]), "`.git` and `.env`");
        assert_eq!(
            names(&["a", "b", "c", "d", "e", "f", "g", "h"]),
            "`a`, `b`, `c`, `d`, `e`, `f` and 2 more"
        );
        assert_eq!(names(&["a b/.env"]), "`a b/.env`");
    }

    #[test]
    fn a_path_with_a_space_is_quoted_in_the_command() {
        let file = TakenFile {
            source: "a b/.env".to_owned(),
            target: "/y/.env".to_owned(),
            is_code: false,
            is_named: false,
        };
        assert_eq!(
            mount(&file),
            (
                "--mount=type=secret,id=env,target=/y/.env".to_owned(),
                "`docker build --secret \"id=env,src=a b/.env\" .`".to_owned()
            )
        );
    }
}
