//! What each kind of file says.

mod commands;
mod compose;
mod docker;
mod documents;
mod handles;
mod template;
mod workflow;

use regex::Regex;

use super::facts::{Facts, Guess};
use super::paths;
use super::terraform::Resource;
use super::tree::Tree;
use crate::cli::Failure;
use seaworthy_detect::validate::is_secret_name;
use seaworthy_source::yaml;

pub(super) use commands::{handle_of, split};
pub(super) use documents::{archive, is_plan};
pub(super) use handles::is_readable;

/// Kinds of files, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dockerfile,
    Ignore,
    Compose,
    Workflow,
    Terraform,
    Json,
    Yaml,
    Handles,
    Markdown,
    Procfile,
    Pyproject,
    EnvExample,
    Archive,
    /// Source code, in which the names of variables are looked for.
    Code,
}

/// What kind of file this is, if it is read at all.
pub(super) fn kind(path: &str) -> Option<Kind> {
    let lower = paths::name(path).to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|e| lower.ends_with(e));
    Some(match lower.as_str() {
        // Before Dockerfiles: `Dockerfile.dockerignore` is an ignore file.
        n if n.ends_with(".dockerignore") || n == ".containerignore" => Kind::Ignore,
        "dockerfile" | "containerfile" => Kind::Dockerfile,
        n if n.starts_with("dockerfile.") || n.ends_with(".dockerfile") => Kind::Dockerfile,
        n if (n.starts_with("compose.") || n.starts_with("compose-") || n.starts_with("docker-compose"))
            && ends(&[".yml", ".yaml"]) =>
        {
            Kind::Compose
        }
        _ if path.starts_with(".github/workflows/") && ends(&[".yml", ".yaml"]) => Kind::Workflow,
        _ if ends(&[".tf", ".tfvars"]) => Kind::Terraform,
        n if n.contains("handles") && ends(&[".md", ".toml", ".json", ".env"]) => Kind::Handles,
        n if n.starts_with(".env") && ends(&["example", "sample", "template"]) => Kind::EnvExample,
        "procfile" => Kind::Procfile,
        "pyproject.toml" => Kind::Pyproject,
        _ if ends(&[".md", ".markdown"]) => Kind::Markdown,
        _ if ends(&[".json"]) => Kind::Json,
        _ if ends(&[".yml", ".yaml", ".template"]) => Kind::Yaml,
        _ if ends(&[".tar"]) => Kind::Archive,
        _ if ends(&[
            ".py", ".js", ".ts", ".mjs", ".go", ".rb", ".java", ".kt", ".rs", ".php", ".cs", ".sh",
        ]) =>
        {
            Kind::Code
        }
        _ => return None,
    })
}

/// A file that was read.
pub(super) struct File<'a> {
    /// Its path in the repository.
    pub(super) path: &'a str,
    /// Its path as it may stand in a comment.
    pub(super) shown: &'a str,
    pub(super) text: &'a str,
}

impl File<'_> {
    /// A place in it.
    fn at(&self, line: impl std::fmt::Display) -> String {
        format!("{}:{line}", self.shown)
    }

    /// Lines and their places.
    fn lines(&self) -> impl Iterator<Item = (&str, String)> {
        self.text.lines().enumerate().map(|(n, line)| (line, self.at(n + 1)))
    }

    /// The tree of a YAML file, or why there is none.
    fn yaml(&self) -> Result<Tree, String> {
        let node = yaml::parse(self.text, yaml::Limits::default());
        node.map(|n| Tree::of_yaml(&n)).map_err(|e| format!("cannot be read: {e}"))
    }
}

/// The patterns, compiled once.
pub(super) struct Reader {
    account: Regex,
    region: Regex,
    repository: Regex,
    env_name: Regex,
    handles: handles::Patterns,
    workflow: workflow::Patterns,
    commands: commands::Patterns,
}

impl Reader {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            account: Regex::new(
                r#"(?:arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:|["'\s/])([0-9]{12})(?::|\.dkr\.ecr\.|["'])"#,
            )?,
            region: Regex::new(
                r#"(?:\.dkr\.ecr\.|arn:aws[a-z-]*:[a-z0-9-]+:|region["']?\s*[:=]\s*["']?)([a-z]{2}(?:-[a-z]+)+-[0-9])\b"#,
            )?,
            repository: Regex::new(
                r"\b([0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9][a-z0-9._/-]*[a-z0-9])",
            )?,
            env_name: Regex::new(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,127})\s*=")?,
            handles: handles::Patterns::new()?,
            workflow: workflow::Patterns::new()?,
            commands: commands::Patterns::new()?,
        })
    }

    /// Reads one file; what it declares in the way of AWS goes to `resources`.
    pub(super) fn read(&self, kind: Kind, file: &File<'_>, facts: &mut Facts, resources: &mut Vec<Resource>) {
        let is_example = paths::is_example(file.path);
        match kind {
            Kind::Dockerfile => docker::collect(file, facts),
            Kind::Ignore => facts.ignore_files.push(file.path.to_owned()),
            Kind::Compose => compose::collect(file, facts),
            Kind::Procfile => commands::procfile(file, facts),
            Kind::Pyproject => commands::pyproject(file, facts),
            Kind::Workflow => {
                workflow::collect(&self.workflow, file, facts);
                self.account(file, facts);
            }
            Kind::Terraform => self.account(file, facts),
            // What tests and examples say is not what is deployed.
            _ if is_example => {}
            Kind::Handles => {
                handles::collect(&self.handles, file, facts);
                commands::tables(&self.commands, file, facts);
                self.account(file, facts);
            }
            Kind::Markdown => commands::tables(&self.commands, file, facts),
            Kind::Json => {
                if documents::collect(file, facts, resources) {
                    self.account(file, facts);
                }
            }
            Kind::Yaml => {
                if template::collect(file, facts, resources) {
                    self.account(file, facts);
                }
            }
            Kind::EnvExample => self.env(file, facts),
            Kind::Archive | Kind::Code => {}
        }
    }

    /// The account, the region and the repositories that a file names.
    fn account(&self, file: &File<'_>, facts: &mut Facts) {
        for (line, place) in file.lines() {
            let found = |regex: &Regex| -> Vec<Guess> {
                let groups = regex.captures_iter(line).filter_map(|c| c.get(1));
                groups.map(|g| Guess::new(g.as_str(), place.clone())).collect()
            };
            facts.accounts.extend(found(&self.account));
            facts.regions.extend(found(&self.region));
            facts.repositories.extend(found(&self.repository));
        }
    }

    /// Names of variables; what stands behind the equals sign is not looked at.
    fn env(&self, file: &File<'_>, facts: &mut Facts) {
        for (line, place) in file.lines() {
            let Some(name) = self.env_name.captures(line).and_then(|c| c.get(1)) else { continue };
            if is_secret_name(name.as_str()) {
                facts.variables.push(Guess::new(name.as_str(), place));
            }
        }
    }
}

/// The words of a command in shell form, if a shell does no more than split them.
fn simple_words(text: &str) -> Option<Vec<String>> {
    let is_plain = !text.contains(['$', '`', '&', '|', ';', '<', '>', '"', '\'', '\\', '*', '(', '{', '\n']);
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let words = words.strip_prefix(&["exec".to_owned()]).map_or(words.clone(), <[String]>::to_vec);
    (is_plain && !words.is_empty()).then_some(words)
}
