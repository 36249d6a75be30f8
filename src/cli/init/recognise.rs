//! What each kind of file says, read as text. Only names and paths are taken; the values of variables never are.

use regex::Regex;
use serde_json::Value;

use super::survey::{Guess, SecretGuess, Survey};
use crate::cli::Failure;
use seaworthy_detect::validate::is_secret_name;

/// The patterns, compiled once.
pub(super) struct Recogniser {
    assignment: Regex,
    entrypoint: Regex,
    env_name: Regex,
    build: Regex,
    build_file: Regex,
    build_context: Regex,
    build_last: Regex,
    repository: Regex,
    terraform_block: Regex,
    terraform_name: Regex,
}

/// Kinds of files, by name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dockerfile,
    Ignore,
    Workflow,
    Terraform,
    Json,
    Handles,
    EnvExample,
}

fn kind(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|e| lower.ends_with(e));
    Some(match lower.as_str() {
        // Before Dockerfiles: `Dockerfile.dockerignore` is an ignore file.
        n if n.ends_with(".dockerignore") => Kind::Ignore,
        "dockerfile" | "containerfile" => Kind::Dockerfile,
        n if n.starts_with("dockerfile.") || n.ends_with(".dockerfile") => Kind::Dockerfile,
        _ if path.starts_with(".github/workflows/") && ends(&[".yml", ".yaml"]) => Kind::Workflow,
        n if n.ends_with(".tf") => Kind::Terraform,
        n if n.contains("handles") && ends(&[".md", ".toml"]) => Kind::Handles,
        n if n.starts_with(".env") && ends(&["example", "sample", "template"]) => Kind::EnvExample,
        n if n.ends_with(".json") => Kind::Json,
        _ => return None,
    })
}

impl Recogniser {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            assignment: Regex::new(r#"\b([A-Z][A-Z0-9_]{2,63})`?\s*(?:=|:|\|)\s*`?["']?([^"'`|\s#,]+)"#)?,
            entrypoint: Regex::new(
                r#"\b(ENTRYPOINT_[A-Z0-9_]{1,63})`?\s*[=:|]\s*(?:[^`"|]*\|\s*)?[`"]([^`"|]{1,300})[`"]"#,
            )?,
            env_name: Regex::new(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,127})\s*=")?,
            build: Regex::new(r"docker/build-push-action|docker\s+(?:buildx\s+)?build\b")?,
            build_file: Regex::new(r"(?:--file[ =]|\s-f\s+|^\s*file:\s*)([A-Za-z0-9_./-]+)")?,
            build_context: Regex::new(r"^\s*context:\s*([A-Za-z0-9_./-]+)\s*$")?,
            build_last: Regex::new(
                r"docker\s+(?:buildx\s+)?build\s.*\s([A-Za-z0-9_./][A-Za-z0-9_./-]*)\s*$",
            )?,
            repository: Regex::new(
                r"\b([0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9][a-z0-9._/-]*[a-z0-9])",
            )?,
            terraform_block: Regex::new(
                r#"^\s*resource\s+"(aws_ssm_parameter|aws_iam_role|aws_s3_bucket|aws_ecr_repository)"\s+"([A-Za-z0-9_-]+)""#,
            )?,
            terraform_name: Regex::new(r#"^\s*(?:name|bucket)\s*=\s*"([^"$]+)"\s*(?:#.*)?$"#)?,
        })
    }

    /// Whether a file is read at all.
    pub(super) fn wants(path: &str) -> bool {
        kind(path).is_some()
    }

    /// Reads one file; `shown` is its name in comments.
    pub(super) fn read(&self, shown: &str, path: &str, text: &str, survey: &mut Survey) {
        let whole = |value: &str| Guess { value: value.to_owned(), from: shown.to_owned() };
        match kind(path) {
            Some(Kind::Dockerfile) => {
                let first =
                    text.lines().position(|l| l.trim_start().to_ascii_uppercase().starts_with("FROM "));
                if let Some(line) = first {
                    let from = format!("{shown}:{}", line + 1);
                    survey.dockerfiles.push(Guess { value: path.to_owned(), from });
                }
            }
            Some(Kind::Ignore) => survey.ignore_files.push(whole(path)),
            Some(Kind::Workflow) => self.workflow(shown, path, text, survey),
            Some(Kind::Terraform) => self.terraform(shown, text, survey),
            Some(Kind::Json) => json(shown, text, survey),
            Some(Kind::Handles) => self.handles(shown, text, survey),
            Some(Kind::EnvExample) => self.env(shown, text, survey),
            None => {}
        }
    }

    fn workflow(&self, shown: &str, path: &str, text: &str, survey: &mut Survey) {
        let builds = |line: &str| self.build.is_match(line);
        let Some(first) = text.lines().position(builds) else { return };
        survey.workflows.push(Guess { value: path.to_owned(), from: format!("{shown}:{}", first + 1) });
        for (line, place) in lines(shown, text).skip(first) {
            let one = |regex: &Regex, into: &mut Vec<Guess>| {
                if let Some(found) = regex.captures(line).and_then(|c| c.get(1)) {
                    into.push(Guess { value: found.as_str().to_owned(), from: place.clone() });
                }
            };
            one(&self.build_context, &mut survey.contexts);
            one(&self.build_last, &mut survey.contexts);
            one(&self.build_file, &mut survey.pinned_dockerfiles);
        }
        self.repositories(shown, text, survey);
    }

    fn repositories(&self, shown: &str, text: &str, survey: &mut Survey) {
        for (line, place) in lines(shown, text) {
            for found in self.repository.captures_iter(line).filter_map(|c| c.get(1)) {
                survey.repositories.push(Guess { value: found.as_str().to_owned(), from: place.clone() });
            }
        }
    }

    fn terraform(&self, shown: &str, text: &str, survey: &mut Survey) {
        let mut block: Option<(String, String)> = None;
        for (line, place) in lines(shown, text) {
            if let Some(found) = self.terraform_block.captures(line) {
                let group = |n: usize| found.get(n).map_or("", |m| m.as_str()).to_owned();
                block = Some((group(1), group(2)));
            } else if line.starts_with('}') {
                block = None;
            }
            let Some((kind, name)) = &block else { continue };
            let Some(value) = self.terraform_name.captures(line).and_then(|c| c.get(1)) else { continue };
            let guess = Guess { value: value.as_str().to_owned(), from: place };
            match kind.as_str() {
                "aws_ssm_parameter" => survey.secrets.push(SecretGuess {
                    handle: name.to_ascii_uppercase(),
                    parameter: Some(guess.value),
                    variable: Some(name.to_ascii_uppercase()),
                    is_variable: false,
                    from: guess.from,
                }),
                "aws_iam_role" if name.contains("exec") => survey.execution_roles.push(guess),
                "aws_iam_role" => survey.roles.push(guess),
                "aws_s3_bucket" if guess.value.contains("evidence") || name.contains("evidence") => {
                    survey.buckets.push(guess);
                }
                _ => {}
            }
            block = None;
        }
        self.repositories(shown, text, survey);
    }

    fn handles(&self, shown: &str, text: &str, survey: &mut Survey) {
        for (line, place) in lines(shown, text) {
            for found in self.assignment.captures_iter(line) {
                let group = |n: usize| found.get(n).map_or("", |m| m.as_str());
                let (name, value) = (group(1), group(2).trim_end_matches(';'));
                // The full stop of a sentence; a folder of one dot is a folder.
                let value = value.strip_suffix('.').filter(|v| !v.is_empty()).unwrap_or(value);
                // What is still to be filled in says nothing.
                if value.contains(['<', '>', '$', '*']) || value.to_ascii_uppercase().contains("TO_PIN") {
                    continue;
                }
                let guess = Guess { value: value.to_owned(), from: place.clone() };
                match name {
                    "IMAGE_DOCKERFILE_PATH" => survey.pinned_dockerfiles.push(guess),
                    "IMAGE_BUILD_PATH" => survey.contexts.push(guess),
                    "ECR_REPO_URI" => survey.repositories.push(guess),
                    "S3_EVIDENCE_BUCKET" => survey.buckets.push(guess),
                    "ROLE_ECS_TASK_EXECUTION" => survey.execution_roles.push(guess),
                    _ if name.starts_with("ROLE_") => survey.roles.push(guess),
                    _ if name.starts_with("ENTRYPOINT_") => {}
                    _ if value.starts_with('/') && (name.starts_with("SSM_") || name.ends_with("_PATH")) => {
                        let stem = name.strip_prefix("SSM_").unwrap_or(name);
                        let stem = stem.strip_suffix("_PATH").unwrap_or(stem);
                        survey.secrets.push(SecretGuess {
                            handle: name.to_owned(),
                            parameter: Some(guess.value),
                            variable: Some(stem.to_owned()),
                            is_variable: false,
                            from: guess.from,
                        });
                    }
                    _ => {}
                }
            }
            if let Some(found) = self.entrypoint.captures(line) {
                let group = |n: usize| found.get(n).map_or("", |m| m.as_str()).to_owned();
                survey.entrypoints.push((group(1), Guess { value: group(2), from: place.clone() }));
            }
            if line.contains("P(-1)") {
                survey.phases.push(Guess { value: "P(-1)".to_owned(), from: place });
            }
        }
        self.repositories(shown, text, survey);
    }

    /// Names of variables; what stands behind the equals sign is not looked at.
    fn env(&self, shown: &str, text: &str, survey: &mut Survey) {
        for (line, place) in lines(shown, text) {
            let Some(name) = self.env_name.captures(line).and_then(|c| c.get(1)) else { continue };
            if is_secret_name(name.as_str()) {
                let name = name.as_str().to_owned();
                survey.secrets.push(SecretGuess {
                    handle: name.clone(),
                    parameter: None,
                    variable: Some(name),
                    is_variable: true,
                    from: place,
                });
            }
        }
    }
}

/// Lines and their places.
fn lines<'t>(shown: &'t str, text: &'t str) -> impl Iterator<Item = (&'t str, String)> {
    text.lines().enumerate().map(move |(n, line)| (line, format!("{shown}:{}", n + 1)))
}

/// A task definition: `secrets` by name and place, roles; `environment` is not looked at.
fn json(shown: &str, text: &str, survey: &mut Survey) {
    if !text.contains("containerDefinitions") {
        return;
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        survey.left_out.push(format!("{shown}: a task definition that is not JSON"));
        return;
    };
    let document = document.get("taskDefinition").unwrap_or(&document);
    let line_of = |needle: &str| {
        let line = text.lines().position(|l| l.contains(&format!("\"{needle}\"")));
        line.map_or_else(|| shown.to_owned(), |n| format!("{shown}:{}", n + 1))
    };
    survey.task_definitions.push(Guess { value: shown.to_owned(), from: line_of("containerDefinitions") });
    for (key, roles) in
        [("taskRoleArn", &mut survey.roles), ("executionRoleArn", &mut survey.execution_roles)]
    {
        if let Some(arn) = document.get(key).and_then(Value::as_str) {
            roles.push(Guess { value: arn.to_owned(), from: line_of(key) });
        }
    }
    let containers = document.get("containerDefinitions").and_then(Value::as_array);
    for container in containers.into_iter().flatten() {
        for secret in container.get("secrets").and_then(Value::as_array).into_iter().flatten() {
            let field = |key: &str| secret.get(key).and_then(Value::as_str);
            let (Some(name), Some(place)) = (field("name"), field("valueFrom")) else { continue };
            survey.secrets.push(SecretGuess {
                handle: name.to_owned(),
                parameter: Some(place.to_owned()),
                variable: Some(name.to_owned()),
                is_variable: true,
                from: line_of(name),
            });
        }
    }
}
