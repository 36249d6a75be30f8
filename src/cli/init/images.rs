//! Which images a repository builds, and each one's Dockerfile, context, target and arguments.

use std::collections::BTreeSet;
use std::path::Path;

use super::facts::{Build, Dockerfile, Facts, Guess};
use super::paths;

/// An image that the repository builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) dockerfile: Guess,
    pub(super) context: Guess,
    /// What must be answered about the context.
    pub(super) question: Option<String>,
    pub(super) target: Option<String>,
    /// Names of build arguments.
    pub(super) arguments: Vec<String>,
}

/// Names after or before `Dockerfile` that say it is for work on the project and not for what is deployed.
const NOT_DEPLOYED: [&str; 7] = ["dev", "test", "tests", "ci", "debug", "local", "devcontainer"];

/// All images, the one that the contract is most likely for first.
pub(super) fn images(facts: &Facts, root: &Path) -> Vec<Image> {
    let is_deployed = |d: &&Dockerfile| {
        !paths::is_example(&d.path)
            && !NOT_DEPLOYED.contains(&variant(&d.path).as_str())
            && !d.path.starts_with(".devcontainer/")
    };
    let mut files: Vec<&Dockerfile> = facts.dockerfiles.iter().filter(is_deployed).collect();
    if files.is_empty() {
        files = facts.dockerfiles.iter().collect();
    }
    let pinned = facts.handle("IMAGE_DOCKERFILE_PATH").map(|g| g.value.trim_start_matches("./"));
    let rank = |d: &&Dockerfile| {
        let is_pinned = pinned == Some(d.path.as_str());
        let is_built = builds(facts, d).next().is_some();
        (!is_pinned, !is_built, d.path.matches('/').count(), d.path.len(), d.path.clone())
    };
    files.sort_by_key(rank);
    let is_alone = files.len() == 1;
    let mut images: Vec<Image> = Vec::new();
    for file in files {
        let mut seen = BTreeSet::new();
        let mut of_file = builds(facts, file).filter(|b| seen.insert((&b.context, &b.target))).peekable();
        if of_file.peek().is_none() {
            images.push(guessed(facts, file, root));
            continue;
        }
        for build in of_file {
            images.push(built(file, build));
        }
    }
    if let (true, Some(image)) = (is_alone, images.first_mut())
        && let Some(repository) = super::survey::single(&facts.repositories)
    {
        image.name = paths::name(&repository.value).to_owned();
    }
    let mut names = BTreeSet::new();
    for image in &mut images {
        let base = image.name.clone();
        for n in 2.. {
            if names.insert(image.name.clone()) {
                break;
            }
            image.name = format!("{base}-{n}");
        }
    }
    images
}

/// The builds of a Dockerfile: what a compose file says goes before what a workflow does.
fn builds<'f>(facts: &'f Facts, file: &Dockerfile) -> impl Iterator<Item = &'f Build> {
    let path = file.path.clone();
    let mut all: Vec<&Build> = facts.builds.iter().filter(|b| b.dockerfile == path).collect();
    all.sort_by_key(|b| b.by);
    all.into_iter()
}

fn built(file: &Dockerfile, build: &Build) -> Image {
    let is_of_service = build.by == super::facts::Builder::Compose;
    Image {
        name: if is_of_service { build.name.clone() } else { own_name(&file.path) },
        dockerfile: Guess::new(file.path.as_str(), file.from.as_str()),
        context: Guess::new(paths::written(&build.context), build.from.as_str()),
        question: None,
        target: build.target.clone().filter(|t| file.last_stage != Some(t.to_lowercase())),
        arguments: build.arguments.clone(),
    }
}

/// Without a file that says so, the context is the directory in which all that is copied lies.
fn guessed(facts: &Facts, file: &Dockerfile, root: &Path) -> Image {
    let pinned = facts.handle("IMAGE_BUILD_PATH").map(|g| (g.value.clone(), g.from.clone()));
    let own = paths::parent(&file.path);
    let is_there = |directory: &str| {
        let exists = |s: &String| {
            paths::join(directory, s.trim_start_matches('/')).is_some_and(|p| root.join(p).exists())
        };
        file.sources.iter().all(exists)
    };
    let (context, from, question) = match pinned {
        Some((value, from)) => (value, from, None),
        None if is_there(own) => (own.to_owned(), format!("the directory of {}", file.path), None),
        None if is_there("") => (String::new(), format!("what {} copies lies there", file.path), None),
        None => {
            let question = "not all that it copies lies here: from which directory is it built?";
            (own.to_owned(), format!("the directory of {}", file.path), Some(question.to_owned()))
        }
    };
    Image {
        name: own_name(&file.path),
        dockerfile: Guess::new(file.path.as_str(), file.from.as_str()),
        context: Guess::new(paths::written(&context), from),
        question,
        target: None,
        arguments: Vec::new(),
    }
}

/// What a Dockerfile's name says besides: `worker` of `Dockerfile.worker` and `worker.Dockerfile`.
fn variant(path: &str) -> String {
    let name = paths::name(path).to_ascii_lowercase();
    let rest = name.strip_prefix("dockerfile.").or_else(|| name.strip_suffix(".dockerfile"));
    rest.unwrap_or_default().to_owned()
}

fn own_name(path: &str) -> String {
    let variant = variant(path);
    let directory = paths::name(paths::parent(path));
    match (variant.is_empty(), directory.is_empty()) {
        (false, _) => variant,
        (true, false) => directory.to_owned(),
        (true, true) => "app".to_owned(),
    }
}
