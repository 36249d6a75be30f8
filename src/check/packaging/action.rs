//! What the actions of a workflow do to an image and its registry.

use std::borrow::Cow;

use super::act::{Act, At, Recipe, Stage};
use super::aws;
use super::docker::{self, Product};
use super::programs;
use super::resolve;
use super::secret::{Exposure, How, Secrets};
use super::unread;
use super::variables::Variables;
use seaworthy_workflow::{Condition, Scalar, Step, Style};

/// What a step's action does.
#[derive(Default)]
pub(super) struct Done<'s> {
    pub(super) acts: Vec<Act>,
    /// The action, if it may do anything.
    pub(super) opaque: Option<String>,
    /// A script that it runs, such as one that is tried again.
    pub(super) script: Option<Cow<'s, Scalar>>,
    /// Secrets that it hands to a build.
    pub(super) exposures: Vec<Exposure>,
    /// Whether it is given a secret, and what it does with it is not known.
    pub(super) is_unread: bool,
    /// The outputs that later steps can use, under the step's ID.
    pub(super) outputs: Vec<(String, String)>,
    /// The variables that it sets for later steps.
    pub(super) exports: Vec<(String, String)>,
    /// The variables and outputs in which later steps have secrets.
    pub(super) secrets: Vec<String>,
}

/// Actions that build or push with other commands.
const FOREIGN: [&str; 8] = [
    "kaniko",
    "buildah",
    "podman",
    "build-and-push-ecr",
    "push-to-registry",
    "docker-build-push",
    "ko-build",
    "skopeo",
];

/// Parts of the names of actions that may put an image under a tag.
const MOVERS: [&str; 5] = ["retag", "tag-push", "image-tag", "promote", "push"];

/// The outputs of actions that are known, each in lower case.
const OUTPUTS: [(&str, &[&str]); 9] = [
    ("actions/checkout", &["ref", "commit"]),
    ("actions/setup-python", &["python-version", "cache-hit", "python-path"]),
    ("actions/setup-node", &["node-version", "cache-hit"]),
    ("docker/login-action", &[]),
    ("docker/setup-qemu-action", &["platforms"]),
    ("docker/setup-buildx-action", &["name", "driver", "platforms", "nodes", "endpoint", "status", "flags"]),
    ("docker/metadata-action", &["version", "tags", "labels", "annotations", "json"]),
    ("docker/build-push-action", &["imageid", "digest", "metadata"]),
    ("aws-actions/configure-aws-credentials", &["aws-account-id", "authenticated-arn"]),
];

/// Whether an action has an output of this name; nothing if the action is not known.
pub(super) fn has_output(action: &str, name: &str) -> Option<bool> {
    let (_, names) = OUTPUTS.iter().find(|(known, _)| *known == action)?;
    // Those of one driver, or of one credential, are as many as there are.
    Some(names.contains(&name) || name.contains("bake-file") || name.starts_with("aws-"))
}

/// Reads a step that uses an action.
pub(super) fn read_action<'s>(
    step: &'s Step,
    file: usize,
    secrets: &Secrets,
    variables: &Variables,
) -> Done<'s> {
    let mut done = Done::default();
    let Some(action) = step.action() else { return done };
    let at = At { file, position: step.uses.as_ref().map_or(step.position, |u| u.position) };
    let input = |name: &str| step.input(name).map(|p| p.value.text.as_str()).unwrap_or_default();
    let expanded = |name: &str| variables.expand(input(name)).trim().to_owned();
    let given = |name: &str| Some(expanded(name)).filter(|text| !text.is_empty());
    done.exposures = handed_on(step, &action, file, secrets, variables);
    done.secrets = given_secrets(step, &action, &expanded);
    let is_given = || step.with.iter().chain(&step.env).any(|p| secrets.held_by(&p.value.text).is_some());
    match action.as_str() {
        "aws-actions/amazon-ecr-login" => {
            done.acts.push(ecr_login(&action, &given, variables, at));
        }
        // The credentials of the steps after it.
        "aws-actions/configure-aws-credentials" => {
            done.secrets.extend(["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(str::to_owned));
            done.exports = credentials(&given);
        }
        "docker/login-action" => {
            let registry = given("registry").unwrap_or_else(|| "docker.io".to_owned());
            done.acts.push(Act { repository: Some(registry), ..Act::new(Stage::Login, at) });
        }
        "docker/metadata-action" => {
            let tags = rules_of(&expanded("tags"), &expanded("flavor"), variables);
            done.outputs.push(("tags".to_owned(), metadata_tags(&expanded("images"), &tags)));
            // Of several rules, which one names the version hangs on their priorities.
            let version = metadata_tags("version", &tags);
            done.outputs.extend((!version.contains('\n')).then(|| ("version".to_owned(), version)));
        }
        "docker/build-push-action" => build_push(step, at, &expanded, &mut done),
        "docker/bake-action" if bake_script(&expanded).is_some() => {
            let text = bake_script(&expanded).unwrap_or_default();
            let style = Style::Plain;
            done.script = Some(Cow::Owned(Scalar { text, position: at.position, style }));
        }
        "docker/bake-action" => {
            // What a bake file builds, and with which tags, is not in the step.
            let unknown = Some("$(a bake file)".to_owned());
            let recipe = Recipe { dockerfile: unknown.clone(), context: unknown, ..Recipe::default() };
            done.acts.push(Act { recipe: Some(recipe), ..Act::new(Stage::Build, at) });
            if Condition::of(input("push")) != Condition::Never && !input("push").trim().is_empty() {
                done.acts.push(Act::new(Stage::Push, at));
            }
        }
        // Files of another job, over those of the checkout.
        "actions/download-artifact" => {
            let path = super::surface::joined("", &expanded("path"));
            let source = Some(super::changes::REPLACED.to_owned());
            done.acts.push(Act { references: vec![path], source, ..Act::new(Stage::Change, at) });
        }
        // It runs the program text that it is given.
        "actions/github-script" => {
            let script = input("script");
            done.acts.push(programs::change_of(script, "", at));
            done.is_unread = secrets.in_environment() || is_given();
            done.opaque = Some(action).filter(|_| script.contains("docker"));
        }
        // Beside the sources, or among them.
        "actions/checkout" => {
            let path = given("path").filter(|_| given("repository").is_some());
            let references: Vec<String> = path.iter().map(|p| super::surface::joined("", p)).collect();
            let source = Some(super::changes::ALTERED.to_owned());
            if references.iter().any(|p| p != ".") {
                done.acts.push(Act { references, source, ..Act::new(Stage::Change, at) });
            }
        }
        // Another owner's action that takes sources from a repository.
        _ if ["checkout", "rebase", "clone"].iter().any(|part| action.contains(part)) => {
            done.is_unread = secrets.in_environment() || is_given();
            done.acts.push(Act::new(Stage::Sources { commits: false }, at));
        }
        // What a cache holds can be read by later runs, those of pull requests among them.
        "actions/upload-artifact" | "actions/cache" | "actions/cache/save" => {
            let path = |line: &str| super::surface::joined("", line.trim());
            let references: Vec<String> = expanded("path").lines().map(path).collect();
            if action == "actions/cache" {
                done.acts.push(restored(&references, at));
            }
            done.acts.push(Act { references, ..Act::new(Stage::Uploads, at) });
        }
        "actions/cache/restore" => {
            let paths = expanded("path");
            let references: Vec<String> =
                paths.lines().map(|line| super::surface::joined("", line.trim())).collect();
            done.acts.push(restored(&references, at));
        }
        _ if action.ends_with("/retry") => {
            done.script = tried_again(step);
        }
        _ if FOREIGN.iter().any(|f| action.contains(f)) => {
            done.acts.push(Act::new(Stage::Deviation(action), at));
        }
        // One of an owner that is not known, whose name says that it moves images.
        _ if !unread::is_known_action(&action) && MOVERS.iter().any(|m| action.contains(m)) => {
            done.is_unread = secrets.in_environment() || is_given();
            done.opaque = Some(action);
        }
        // An action of the repository itself, or an image: what it does is not in this file.
        _ if action.starts_with("./") || action.starts_with("docker://") => {
            done.is_unread = secrets.in_environment() || is_given();
            done.opaque = Some(action);
        }
        _ => {
            done.is_unread = !unread::is_known_action(&action) && (secrets.in_environment() || is_given());
        }
    }
    done
}

/// The variables and the outputs, as `steps.ID.outputs.NAME`, in which actions of stores leave secrets.
fn given_secrets(step: &Step, action: &str, expanded: &dyn Fn(&str) -> String) -> Vec<String> {
    let of_lines = |input: &str, name: &dyn Fn(&str) -> Option<String>| -> Vec<String> {
        let text = expanded(input);
        let lines = text.split(['\n', ';']).map(str::trim).filter(|l| !l.is_empty());
        lines.filter_map(name).collect()
    };
    let (outputs, variables): (Vec<String>, Vec<String>) = match action {
        "aws-actions/configure-aws-credentials" => {
            (["aws-secret-access-key", "aws-session-token"].map(str::to_owned).to_vec(), Vec::new())
        }
        "actions/create-github-app-token" | "tibdex/github-app-token" => {
            (vec!["token".to_owned()], Vec::new())
        }
        // `secret/data/ci token | NPM_TOKEN`
        "hashicorp/vault-action" => {
            let names = of_lines("secrets", &|l| l.rsplit(['|', ' ']).next().map(str::to_owned));
            (names.clone(), names)
        }
        // `ALIAS,name`
        "aws-actions/aws-secretsmanager-get-secrets" => {
            let name = |l: &str| {
                let alias = l.split_once(',').map_or(l, |(alias, _)| alias).trim();
                let is_part = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
                Some(alias.chars().map(is_part).collect())
            };
            (Vec::new(), of_lines("secret-ids", &name))
        }
        // `name:project/secret`
        "google-github-actions/get-secretmanager-secrets" => {
            (of_lines("secrets", &|l| l.split_once(':').map(|(name, _)| name.to_owned())), Vec::new())
        }
        _ => return Vec::new(),
    };
    let of_step =
        step.id.iter().flat_map(|id| outputs.iter().map(move |o| format!("steps.{id}.outputs.{o}")));
    of_step.chain(variables).collect()
}

/// Files of a cache, over those of the checkout.
fn restored(paths: &[String], at: At) -> Act {
    let references = paths.iter().filter(|p| *p != ".").cloned().collect();
    Act { references, source: Some(super::changes::ALTERED.to_owned()), ..Act::new(Stage::Change, at) }
}

/// Secrets that an action hands to a build: its arguments, and what stands in the image's configuration or its name.
fn handed_on(
    step: &Step,
    action: &str,
    file: usize,
    secrets: &Secrets,
    variables: &Variables,
) -> Vec<Exposure> {
    let mut found = Vec::new();
    for name in ["build-args", "build_args", "buildargs", "set"] {
        let Some(pair) = step.input(name) else { continue };
        let lines = pair.value.text.lines().map(str::trim);
        let arguments = lines.filter_map(|l| match name {
            "set" => l.split_once(".args.").map(|(_, argument)| argument),
            _ => Some(l),
        });
        let at = At { file, position: pair.position };
        found.extend(arguments.filter_map(|a| secrets.in_argument(&variables.expand(a), at)));
    }
    // What stands in the image's configuration or its name.
    for name in ["labels", "annotations", "tags"] {
        let Some(pair) = step.input(name).filter(|_| action.contains("build")) else { continue };
        let at = At { file, position: pair.position };
        let held = pair.value.text.lines().filter_map(|l| secrets.held_by(&variables.expand(l)));
        found.extend(held.map(|what| Exposure { at, how: How::InConfiguration, what }));
    }
    found
}

/// The login of `aws-actions/amazon-ecr-login`. <https://github.com/aws-actions/amazon-ecr-login#inputs>
fn ecr_login(action: &str, given: &dyn Fn(&str) -> Option<String>, variables: &Variables, at: At) -> Act {
    let own = variables.literal(aws::ACCOUNT).unwrap_or_default();
    let accounts = given("registries").unwrap_or(own);
    let repository = match given("registry-type").as_deref() {
        Some("public") => "public.ecr.aws".to_owned(),
        _ => format!("$({action} {accounts})"),
    };
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|n| variables.literal(n));
    Act { repository: Some(repository), region, ..Act::new(Stage::Login, at) }
}

/// The command of an action that tries it again, with what it runs between two tries.
fn tried_again(step: &Step) -> Option<Cow<'_, Scalar>> {
    let input = |name: &str| step.input(name).map(|p| p.value.text.as_str()).unwrap_or_default();
    let mut script = step.input("command").map(|p| Cow::Borrowed(&p.value))?;
    let between = input("on_retry_command");
    let is_let_pass = input("continue_on_error").trim() == "true";
    if is_let_pass || !between.is_empty() {
        let end = if is_let_pass { " || true" } else { "" };
        let own = script.to_mut();
        own.text = format!("{between}\n{{ {}\n}}{end}", own.text);
        own.style = Style::Plain;
    }
    Some(script)
}

/// What `aws-actions/configure-aws-credentials` sets for the steps after it: the region, and whose credentials they have.
fn credentials(given: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let account = given("role-to-assume").and_then(|role| role.split(':').nth(4).map(str::to_owned));
    let account = account.unwrap_or_else(|| "$(the role)".to_owned());
    let region = given("aws-region").filter(|region| !region.contains("AWS_"));
    let regions = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), region.clone()?)));
    std::iter::once((aws::ACCOUNT.to_owned(), account)).chain(regions).collect()
}

/// docker/build-push-action. <https://github.com/docker/build-push-action#inputs>
fn build_push(step: &Step, at: At, expanded: &dyn Fn(&str) -> String, done: &mut Done<'_>) {
    let given = |name: &str| Some(expanded(name)).filter(|text| !text.is_empty());
    let outputs = expanded("outputs");
    let is_pushed = outputs.contains("push=true")
        || outputs.contains("type=registry")
        || !matches!(expanded("push").as_str(), "" | "false");
    let own = Product::of_outputs(outputs.lines().map(str::trim).filter(|l| !l.is_empty()));
    let product = if is_pushed || expanded("load") == "true" { Product::Image } else { own };
    if product == Product::Nothing || Product::of_call(&expanded("call")) == Product::Nothing {
        return;
    }
    let references: Vec<String> = expanded("tags")
        .split('\n')
        .flat_map(|line| if line.contains("type=") { vec![line] } else { line.split(',').collect() })
        .map(|t| t.trim().to_owned())
        .filter(|t| !t.is_empty())
        .collect();
    let recipe = Recipe {
        dockerfile: given("file"),
        // Without a context it is the commit that the workflow runs for.
        context: given("context").filter(|c| c != "{{defaultContext}}").or_else(|| Some(".".to_owned())),
        platforms: expanded("platforms")
            .split(',')
            .map(|p| p.trim().to_owned())
            .filter(|p| !p.is_empty())
            .collect(),
        target: given("target"),
        has_more_contexts: given("build-contexts").is_some(),
        has_frontend: expanded("build-args").lines().any(docker::is_frontend),
        archive: docker::archive_of(outputs.lines()),
        is_file_alone: product == Product::Archive,
        // Without a context it takes the sources from the repository.
        is_remote: given("context").is_none_or(|c| c.contains("{{defaultContext}}") || c.contains("://")),
        ..Recipe::default()
    };
    done.acts.push(Act {
        references: references.clone(),
        recipe: Some(recipe),
        ..Act::new(Stage::Build, at)
    });
    let pushes = if outputs.contains("push=true") || outputs.contains("type=registry") {
        Condition::Always
    } else {
        match expanded("push").as_str() {
            "" => Condition::Never,
            text => Condition::of(text),
        }
    };
    if pushes == Condition::Never {
        return;
    }
    let conditional = pushes == Condition::Sometimes;
    done.acts.push(Act { references: references.clone(), conditional, ..Act::new(Stage::Push, at) });
    // The registry's answer to the push, under `outputs.digest`, for anyone who asks by the step's ID.
    if step.id.is_some() {
        done.outputs.push(("digest".to_owned(), resolve::digest_of(&references)));
        done.acts.push(Act { references, conditional, ..Act::new(Stage::Digest, at) });
    }
}

/// docker/bake-action as the command that it runs; nothing if whether it pushes is decided when it runs.
/// <https://github.com/docker/bake-action#inputs>
fn bake_script(expanded: &dyn Fn(&str) -> String) -> Option<String> {
    let source = expanded("source");
    if source.contains("://") && !source.starts_with("cwd://") || expanded("workdir").contains('$') {
        return None;
    }
    let mut out = "docker buildx bake".to_owned();
    for name in ["push", "load"] {
        match expanded(name).as_str() {
            "" | "false" => {}
            "true" => out.push_str(&format!(" --{name}")),
            _ => return None,
        }
    }
    let lines = |text: String| -> Vec<String> {
        let all = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        all.map(|l| l.replace('"', "")).collect()
    };
    let each = |text: String| -> Vec<String> {
        lines(text)
            .iter()
            .flat_map(|l| l.split(',').map(|p| p.trim().to_owned()).collect::<Vec<_>>())
            .collect()
    };
    for (name, values) in [("--file", each(expanded("files"))), ("--set", lines(expanded("set")))] {
        values.iter().for_each(|value| out.push_str(&format!(" {name} \"{value}\"")));
    }
    each(expanded("targets")).iter().for_each(|target| out.push_str(&format!(" \"{target}\"")));
    let directory = expanded("workdir");
    Some(if directory.is_empty() || directory == "." { out } else { format!("cd \"{directory}\"\n{out}") })
}

/// The rules of docker/metadata-action's `tags`, with what its `flavor` and its environment make of them; without those that
/// are switched off. <https://github.com/docker/metadata-action#flavor-input>
fn rules_of(tags: &str, flavor: &str, variables: &Variables) -> String {
    let flavors: Vec<(&str, &str)> = flavor
        .split(['\n', ','])
        .filter_map(|l| l.split_once('='))
        .map(|(n, v)| (n.trim(), v.trim()))
        .collect();
    let is_long = variables.literal("DOCKER_METADATA_SHORT_SHA_LENGTH").as_deref() == Some("40");
    let rule = |line: &str| {
        let enabled = line.split(',').find_map(|a| a.trim().strip_prefix("enable="));
        if enabled.is_some_and(|e| Condition::of(e) == Condition::Never) {
            return None;
        }
        if enabled.is_some_and(|e| e.contains("${{")) {
            return Some("type=raw,value=$(a rule under a condition)".to_owned());
        }
        let mut rule = line.to_owned();
        for (name, value) in
            flavors.iter().filter(|(n, v)| matches!(*n, "prefix" | "suffix") && !v.is_empty())
        {
            if !rule.contains(&format!(",{name}=")) {
                rule.push_str(&format!(",{name}={value}"));
            }
        }
        if is_long && rule.starts_with("type=sha") && !rule.contains("format=") {
            rule.push_str(",format=long");
        }
        Some(rule)
    };
    let lines = tags.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let mut rules: Vec<String> = lines.filter_map(rule).collect();
    if flavors.contains(&("latest", "true")) {
        rules.push("type=raw,value=latest".to_owned());
    }
    if rules.is_empty() && !tags.trim().is_empty() {
        rules.push("type=raw,value=$(no rule)".to_owned());
    }
    rules.join("\n")
}

/// The references that docker/metadata-action makes: each image with each rule, as `IMAGE|type=…`.
fn metadata_tags(images: &str, tags: &str) -> String {
    let tags = if tags.is_empty() { "type=ref,event=branch" } else { tags };
    let rules: Vec<String> = tags
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| if l.starts_with("type=") { l.to_owned() } else { format!("type=raw,value={l}") })
        .collect();
    let images: Vec<&str> = images
        .split(['\n', ','])
        .map(|i| i.trim().trim_start_matches("name="))
        .filter(|i| !i.is_empty())
        .collect();
    let images = if images.is_empty() { vec!["$(no image is named)"] } else { images };
    let all: Vec<String> =
        images.iter().flat_map(|image| rules.iter().map(move |rule| format!("{image}|{rule}"))).collect();
    all.join("\n")
}
