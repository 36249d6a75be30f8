//! What a command line of docker, aws or another image tool does.

use super::act::{Recipe, Stage};
use super::aws;
use super::docker;
use super::resolve;

/// Programs that build or push images and are no part of the agreed family, each with the family that it belongs to.
const FOREIGN: [(&str, &str); 17] = [
    ("/kaniko/executor", "kaniko"),
    ("kaniko", "kaniko"),
    ("executor", "kaniko"),
    ("buildah", "buildah"),
    ("podman", "podman"),
    ("nerdctl", "nerdctl"),
    ("skopeo", "skopeo"),
    ("crane", "crane"),
    ("regctl", "regctl"),
    ("ko", "ko"),
    ("pack", "pack"),
    ("oras", "oras"),
    ("buildctl", "buildctl"),
    ("depot", "depot"),
    ("finch", "nerdctl"),
    ("ctr", "ctr"),
    ("docker-compose", "docker-compose"),
];

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Act {
        stage: Stage,
        references: Vec<String>,
        repository: Option<String>,
        region: Option<String>,
        recipe: Option<Box<Recipe>>,
        /// The image that is put under the references.
        source: Option<String>,
    },
    /// It runs something that cannot be seen into.
    Opaque(String),
}

pub(super) fn act(stage: Stage, references: Vec<String>) -> Use {
    Use::Act { stage, references, repository: None, region: None, recipe: None, source: None }
}

/// An image gets another name, here or in its registry.
pub(super) fn renamed(stage: Stage, source: Option<&String>, references: Vec<String>) -> Use {
    let source = source.map(|s| s.trim_start_matches("docker://").to_owned());
    Use::Act { stage, references, repository: None, region: None, recipe: None, source }
}

/// Tools of languages: what they run builds and publishes no image, as a rule.
const BUILD_TOOLS: [&str; 8] = ["bazel", "npm", "yarn", "pnpm", "gradle", "gradlew", "mvn", "mvnw"];

/// Runners of named tasks, which do anything.
const RUNNERS: [&str; 4] = ["make", "just", "task", "go-task"];

/// What the tasks of build tools that publish images have in their names.
const PUBLISHES: [&str; 6] = ["docker", "jib", "image", "push", "oci", "container"];

/// Whether this is a tool that builds programs of a language.
pub(super) fn is_build_tool(what: &str) -> bool {
    BUILD_TOOLS.contains(&what) || what.starts_with("shell: ")
}

/// Whether the tasks that a build tool is told to run publish images by their names.
fn publishes(arguments: &[String]) -> bool {
    let has = |argument: &String| PUBLISHES.iter().any(|part| argument.to_lowercase().contains(part));
    arguments.iter().any(has)
}

pub(super) fn deviation(what: &str) -> Vec<Use> {
    vec![act(Stage::Deviation(what.to_owned()), Vec::new())]
}

/// Programs that run the program in their arguments.
const WRAPPERS: [&str; 26] = [
    "sudo",
    "doas",
    "time",
    "exec",
    "command",
    "nohup",
    "env",
    "timeout",
    "retry",
    "nice",
    "ionice",
    "setsid",
    "stdbuf",
    "unbuffer",
    "chronic",
    "watch",
    "unshare",
    "lima",
    "builtin",
    "taskset",
    "chrt",
    "strace",
    "systemd-run",
    "xvfb-run",
    "faketime",
    "caffeinate",
];
/// Options of those that take a value.
const WRAPPER_VALUES: [&str; 6] = ["-u", "--user", "-g", "--group", "--unset", "--kill-after"];

/// Whether a program runs the command in its arguments and may be a function itself, which alone can run a function.
pub(super) fn takes_command(program: &str) -> bool {
    let says_so =
        ["retry", "try", "attempt", "backoff", "with_", "run"].iter().any(|part| program.contains(part));
    matches!(program, "time" | "retry") || says_so && !WRAPPERS.contains(&program)
}

/// The words of a command from the program on that does the work.
pub(super) fn without_wrappers(words: &[String]) -> &[String] {
    let mut words: &[String] = words;
    while let Some((first, rest)) = words.split_first()
        && (WRAPPERS.contains(&first.as_str())
            || first.starts_with('-')
            || first.contains('=')
            || first.bytes().all(|b| b.is_ascii_digit() || b == b's' || b == b'm'))
    {
        let takes_value = WRAPPER_VALUES.contains(&first.as_str());
        words = if takes_value { rest.get(1..).unwrap_or_default() } else { rest };
    }
    words
}

/// The same, where `env` alone prints what it has.
pub(super) fn without_wrappers_but_env(words: &[String]) -> &[String] {
    let plain = without_wrappers(words);
    let is_env = |w: &[String]| w.first().is_some_and(|f| f == "env");
    if !plain.is_empty() {
        return plain;
    }
    let at = words.iter().position(|w| w == "env").unwrap_or(0);
    words.get(at..).filter(|w| is_env(w)).unwrap_or(plain)
}

/// What the words of a command do; nothing for most commands. `gets_password` says that the script asks ECR for one.
pub(super) fn used(words: &[String], gets_password: bool, tools: &[String]) -> Vec<Use> {
    let Some((program, arguments)) = without_wrappers(words).split_first() else { return Vec::new() };
    let name = program.rsplit('/').next().unwrap_or_default();
    if let Some(what) = runs_unseen(name, arguments) {
        return vec![Use::Opaque(what)];
    }
    match name {
        "docker" if docker::runs_kaniko(arguments) && tools.iter().any(|t| t == "kaniko") => {
            vec![Use::Opaque("docker run kaniko".to_owned())]
        }
        "docker" => docker::docker(arguments, gets_password),
        "aws" => aws::aws(arguments),
        _ if RUNNERS.contains(&name) => vec![Use::Opaque(name.to_owned())],
        // By its own words it makes images, in which way so ever.
        _ if BUILD_TOOLS.contains(&name) && publishes(arguments) => {
            vec![Use::Opaque(format!("{name} {}", arguments.join(" ")))]
        }
        _ if BUILD_TOOLS.contains(&name) => vec![Use::Opaque(name.to_owned())],
        "xargs" | "parallel" => through_xargs(arguments, gets_password, tools),
        "find" => through_find(arguments, gets_password, tools),
        // `flock FILE COMMAND`
        "flock" => used(arguments.get(1..).unwrap_or_default(), gets_password, tools),
        "curl" | "wget" if puts_manifest(arguments) => deviation(&format!("{name} to the registry")),
        "alias" if arguments.iter().any(|a| a.starts_with("docker=") || a.starts_with("aws=")) => {
            deviation("another program that an alias puts in its place")
        }
        "jq" => {
            let file = arguments.iter().rev().find(|a| !a.starts_with('-')).filter(|_| arguments.len() > 1);
            let asks = arguments.iter().any(|a| resolve::asks_metadata(a));
            let digest = |f: &String| act(Stage::Digest, vec![format!("{}{f}", resolve::METADATA)]);
            file.filter(|f| asks && !resolve::asks_metadata(f)).map(digest).into_iter().collect()
        }
        // The text of a script is not shown: it may hold a secret.
        "bash" | "sh" if arguments.first().is_some_and(|a| a.starts_with('-') && a.ends_with('c')) => {
            vec![Use::Opaque(format!("{name} -c"))]
        }
        "bash" | "sh" | "source" | "." => {
            let script = arguments.iter().find(|a| !a.starts_with('-'));
            script.map(|s| Use::Opaque(s.clone())).into_iter().collect()
        }
        _ if name.ends_with(".sh") => vec![Use::Opaque(program.clone())],
        _ => foreign(program, arguments, tools),
    }
}

/// Programs that `xargs` runs, with words that are known only when it runs.
fn through_xargs(arguments: &[String], gets_password: bool, tools: &[String]) -> Vec<Use> {
    let mut rest = arguments;
    while let Some((option, tail)) = rest.split_first()
        && option.starts_with('-')
    {
        let takes_value = matches!(option.as_str(), "-I" | "-n" | "-P" | "-L" | "-d" | "-s" | "-a");
        rest = if takes_value { tail.get(1..).unwrap_or_default() } else { tail };
    }
    let mut words: Vec<String> = rest.iter().take_while(|w| !w.starts_with(":::")).cloned().collect();
    words.push("$(xargs)".to_owned());
    used(&words, gets_password, tools)
}

/// Programs that run a program of a package or of a repository, each with the word that says so, if one does.
const PACKAGE_RUNNERS: [(&str, &str); 11] = [
    ("npx", ""),
    ("bunx", ""),
    ("uvx", ""),
    ("pipx", "run"),
    ("deno", "run"),
    ("go", "run"),
    ("cargo", "run"),
    ("nix", "run"),
    ("nix-shell", "--run"),
    ("ansible-playbook", ""),
    ("ansible", ""),
];

/// Programs of packages that test or check sources and touch no image.
const CHECKERS: [&str; 22] = [
    "eslint",
    "prettier",
    "jest",
    "vitest",
    "playwright",
    "cypress",
    "tsc",
    "mocha",
    "pytest",
    "ruff",
    "black",
    "mypy",
    "pyright",
    "markdownlint",
    "markdownlint-cli2",
    "commitlint",
    "stylelint",
    "biome",
    "newman",
    "pa11y",
    "lighthouse",
    "audit-ci",
];

/// What a program runs that comes from a package or is made of sources, and is no known check.
fn runs_unseen(name: &str, arguments: &[String]) -> Option<String> {
    let (_, verb) = PACKAGE_RUNNERS.iter().find(|(program, _)| *program == name)?;
    if !verb.is_empty() && !arguments.iter().any(|a| a == verb) {
        return None;
    }
    let own = arguments.iter().find(|a| !a.starts_with('-') && a != verb)?;
    let package = own.split('@').next().filter(|p| !p.is_empty()).unwrap_or(own);
    (!CHECKERS.contains(&package)).then(|| format!("{name} {own}"))
}

/// Whether a request puts a manifest into a registry. <https://github.com/opencontainers/distribution-spec>
fn puts_manifest(arguments: &[String]) -> bool {
    let has = |text: &str| arguments.iter().any(|a| a == text);
    let puts = has("PUT") || has("-XPUT") || has("--request=PUT") || has("-T") || has("--upload-file");
    puts && arguments.iter().any(|a| a.contains("/manifests/"))
}

/// Programs that `find` runs for each file.
fn through_find(arguments: &[String], gets_password: bool, tools: &[String]) -> Vec<Use> {
    let start = arguments.iter().position(|a| matches!(a.as_str(), "-exec" | "-execdir" | "-ok"));
    let rest = start.and_then(|at| arguments.get(at + 1..)).unwrap_or_default();
    let words: Vec<String> =
        rest.iter().take_while(|w| !matches!(w.as_str(), "+" | ";" | "\\;")).cloned().collect();
    if words.is_empty() { Vec::new() } else { used(&words, gets_password, tools) }
}

/// Programs that make another image of one, or build and publish one by files of their own.
const REWRITERS: [&str; 14] = [
    "copa",
    "docker-squash",
    "slim",
    "docker-slim",
    "mint",
    "umoci",
    "img",
    "imgpkg",
    "werf",
    "skaffold",
    "earthly",
    "dagger",
    "nixpacks",
    "s2i",
];

/// Verbs of cosign that put an image into a registry.
const COPIES: [&str; 2] = ["copy", "load"];

/// Options of registry clients that take a value.
const CLIENT_VALUES: [&str; 12] = [
    "--format",
    "-f",
    "--authfile",
    "--creds",
    "--platform",
    "--username",
    "-u",
    "--config",
    "--digestfile",
    "--cert-dir",
    "--sign-by",
    "--compression-format",
];

/// Another builder or registry client. To ask a registry is no deviation; to build, copy or push is one, unless the
/// contract allows the tool.
fn foreign(program: &str, arguments: &[String], tools: &[String]) -> Vec<Use> {
    let name = program.rsplit('/').next().unwrap_or_default();
    let Some((_, family)) = FOREIGN.iter().find(|(p, _)| *p == program || *p == name) else {
        let verb = arguments.iter().find(|a| !a.starts_with('-')).map(String::as_str).unwrap_or_default();
        let is_question = matches!(verb, "" | "version" | "help" | "lint" | "inspect")
            || name == "dagger" && verb == "login";
        let deviates =
            REWRITERS.contains(&name) && !is_question || name == "cosign" && COPIES.contains(&verb);
        let is_agreed = tools.iter().any(|t| t == name);
        return if deviates && !is_agreed { deviation(name) } else { Vec::new() };
    };
    let plain = operands(arguments, &CLIENT_VALUES);
    let plain: Vec<&String> = plain.iter().collect();
    let verb = plain.first().map(|v| v.as_str()).unwrap_or_default();
    let reference = |nth: usize| -> Vec<String> {
        plain.get(nth).map(|r| r.trim_start_matches("docker://").to_owned()).into_iter().collect()
    };
    let mut found = match (*family, verb) {
        ("crane" | "regctl", "digest" | "manifest") | ("skopeo", "inspect") => {
            return vec![act(Stage::Digest, reference(1))];
        }
        ("crane", "auth") if plain.get(1).is_some_and(|w| *w == "login") => {
            return vec![login(plain.get(2).map(|r| (*r).clone()))];
        }
        ("skopeo" | "podman" | "buildah" | "nerdctl" | "oras", "login") => {
            return vec![login(plain.get(1).map(|r| (*r).clone()))];
        }
        ("kaniko", _) => {
            let destinations = values(arguments, &["--destination", "-d"]);
            if destinations.is_empty() {
                return Vec::new();
            }
            let recipe = Recipe {
                dockerfile: values(arguments, &["--dockerfile", "-f"]).pop(),
                context: values(arguments, &["--context", "-c"]).pop(),
                platforms: values(arguments, &["--custom-platform", "--customPlatform"]),
                target: values(arguments, &["--target"]).pop(),
                ..Recipe::default()
            };
            let build = Use::Act {
                stage: Stage::Build,
                references: destinations.clone(),
                repository: None,
                region: None,
                recipe: Some(Box::new(recipe)),
                source: None,
            };
            vec![build, act(Stage::Push, destinations)]
        }
        ("podman" | "buildah", "push") if plain.len() > 2 => {
            vec![renamed(Stage::Push, plain.get(1).copied(), reference(2))]
        }
        ("crane" | "skopeo" | "regctl" | "oras", "copy" | "cp" | "push" | "image" | "sync") => {
            let source = plain.len().checked_sub(2).filter(|at| *at > 0).and_then(|at| plain.get(at));
            vec![renamed(Stage::Push, source.copied(), reference(plain.len().saturating_sub(1)))]
        }
        ("crane", "tag") => {
            let moved = plain.get(1).zip(plain.get(2)).map(|(source, tag)| {
                let slash = source.rfind('/').map_or(0, |i| i + 1);
                let tail = source.get(slash..).unwrap_or_default();
                let end = tail.find([':', '@']).map_or(source.len(), |i| slash + i);
                format!("{}:{tag}", source.get(..end).unwrap_or_default())
            });
            vec![renamed(Stage::Push, plain.get(1).copied(), moved.into_iter().collect())]
        }
        ("podman" | "buildah" | "nerdctl", "tag") => {
            vec![renamed(Stage::Place, plain.get(1).copied(), reference(2))]
        }
        ("podman" | "buildah" | "nerdctl", "build" | "bud") => {
            vec![docker::build(arguments.get(1..).unwrap_or_default())]
        }
        ("podman" | "buildah" | "nerdctl", "push") => vec![act(Stage::Push, reference(1))],
        _ => {
            let makes =
                ["publish", "append", "apply", "tag", "resolve", "mutate", "commit", "up", "build", "push"];
            if !arguments.iter().any(|a| makes.contains(&a.as_str())) {
                return Vec::new();
            }
            Vec::new()
        }
    };
    if !tools.iter().any(|t| t == family) {
        found.extend(deviation(family));
    }
    found
}

pub(super) fn login(registry: Option<String>) -> Use {
    // Without a registry, it is Docker Hub.
    let registry = registry.unwrap_or_else(|| "docker.io".to_owned());
    Use::Act {
        stage: Stage::Login,
        references: Vec::new(),
        repository: Some(registry),
        region: None,
        recipe: None,
        source: None,
    }
}

/// The values of an option, under each of its names: `--name value`, `--name=value`, `-nvalue`.
pub(super) fn values(arguments: &[String], names: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        for name in names {
            let short = name.len() == 2;
            if word == name {
                out.extend(words.next().cloned());
                break;
            }
            match word.strip_prefix(name) {
                Some(value) if short && !value.starts_with('-') => {
                    out.push(value.trim_start_matches('=').to_owned());
                    break;
                }
                Some(value) if value.starts_with('=') => {
                    out.push(value.get(1..).unwrap_or_default().to_owned());
                    break;
                }
                _ => {}
            }
        }
    }
    out
}

/// The words that are neither options nor their values, redirections not among them.
pub(super) fn operands(arguments: &[String], with_value: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if with_value.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') || word == "-" {
            out.push(word.clone());
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    fn stages(text: &str) -> Vec<(String, Vec<String>)> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let of = |one: Use| match one {
            Use::Act { stage, references, .. } => (format!("{stage:?}"), references),
            Use::Opaque(what) => ("opaque".to_owned(), vec![what]),
        };
        used(&words, false, &["crane".to_owned()]).into_iter().map(of).collect()
    }

    #[test]
    fn tools_do_what_they_do() {
        let of = |stage: &str, reference: &str| (stage.to_owned(), vec![reference.to_owned()]);
        assert_eq!(stages("docker build -t r:1 ."), [of("Build", "r:1")]);
        assert_eq!(stages("docker buildx build --push --tag=r:1 ."), [of("Build", "r:1"), of("Push", "r:1")]);
        assert_eq!(stages("docker buildx imagetools inspect r:1 --format x"), [of("Digest", "r:1")]);
        assert_eq!(stages("crane digest r:1"), [of("Digest", "r:1")]);
        assert_eq!(stages("skopeo inspect docker://r:1"), [of("Digest", "r:1")]);
        assert_eq!(stages("crane copy a:1 r:1"), [of("Push", "r:1")]);
        let kaniko = stages("/kaniko/executor --context . --destination r:1");
        assert_eq!(
            kaniko.iter().map(|(s, _)| s.as_str()).collect::<Vec<_>>(),
            ["Build", "Push", "Deviation(\"kaniko\")"]
        );
        assert_eq!(
            stages("aws ecr describe-images --repository-name o --image-ids imageTag=t"),
            [of("Digest", ":t")]
        );
        for text in ["copa patch -i r:1 -t 1", "slim build --target r:1", "cosign copy a:1 r:1"] {
            assert!(stages(text).first().is_some_and(|(stage, _)| stage.starts_with("Deviation")), "{text}");
        }
        assert!(stages("cosign sign r@sha256:1").is_empty() && stages("slim version").is_empty());
        assert_eq!(stages("make image"), [of("opaque", "make")]);
        assert!(stages("crane ls r").is_empty() && stages("docker ps").is_empty());
    }

    #[test]
    fn builds_say_what_they_build() {
        let words: Vec<String> =
            "docker build --file docker/app --build-arg A=b --platform linux/amd64,linux/arm64 -t r:1 services/app"
                .split(' ')
                .map(str::to_owned)
                .collect();
        let Some(Use::Act { recipe: Some(recipe), .. }) = used(&words, false, &[]).pop() else {
            panic!("it builds");
        };
        assert_eq!(recipe.dockerfile.as_deref(), Some("docker/app"));
        assert_eq!(recipe.context.as_deref(), Some("services/app"));
        assert_eq!(recipe.platforms, ["linux/amd64", "linux/arm64"]);
    }
}
