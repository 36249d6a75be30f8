//! What a command line of docker, aws or another image tool does.

use super::act::{Recipe, Stage};

/// Programs that build or push images and are no part of the agreed family, each with the family that it belongs to.
const FOREIGN: [(&str, &str); 15] = [
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
        recipe: Option<Recipe>,
    },
    /// It runs something that cannot be seen into.
    Opaque(String),
}

fn act(stage: Stage, references: Vec<String>) -> Use {
    Use::Act { stage, references, repository: None, region: None, recipe: None }
}

fn deviation(what: &str) -> Vec<Use> {
    vec![act(Stage::Deviation(what.to_owned()), Vec::new())]
}

/// Programs that run the program in their arguments.
const WRAPPERS: [&str; 8] = ["sudo", "time", "exec", "command", "nohup", "env", "timeout", "retry"];

/// The words of a command from the program on that does the work.
pub(super) fn without_wrappers(words: &[String]) -> &[String] {
    let mut words: &[String] = words;
    while let Some((first, rest)) = words.split_first()
        && (WRAPPERS.contains(&first.as_str())
            || first.starts_with('-')
            || first.contains('=')
            || first.bytes().all(|b| b.is_ascii_digit() || b == b's' || b == b'm'))
    {
        words = rest;
    }
    words
}

/// What the words of a command do; nothing for most commands. `gets_password` says that the script asks ECR for one.
pub(super) fn used(words: &[String], gets_password: bool, tools: &[String]) -> Vec<Use> {
    let Some((program, arguments)) = without_wrappers(words).split_first() else { return Vec::new() };
    let name = program.rsplit('/').next().unwrap_or_default();
    match name {
        "docker" => docker(arguments, gets_password),
        "aws" => aws(arguments),
        "make" | "just" | "task" | "bazel" | "npm" | "yarn" | "gradle" | "gradlew" | "mvn" | "mvnw" => {
            vec![Use::Opaque(name.to_owned())]
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

/// Another builder or registry client. To ask a registry is no deviation; to build, copy or push is one, unless the
/// contract allows the tool.
fn foreign(program: &str, arguments: &[String], tools: &[String]) -> Vec<Use> {
    let name = program.rsplit('/').next().unwrap_or_default();
    let Some((_, family)) = FOREIGN.iter().find(|(p, _)| *p == program || *p == name) else {
        return Vec::new();
    };
    let plain: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
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
                directory: String::new(),
            };
            let build = Use::Act {
                stage: Stage::Build,
                references: destinations.clone(),
                repository: None,
                region: None,
                recipe: Some(recipe),
            };
            vec![build, act(Stage::Push, destinations)]
        }
        ("crane" | "skopeo" | "regctl" | "oras", "copy" | "cp" | "push" | "image") => {
            vec![act(Stage::Push, reference(plain.len().saturating_sub(1)))]
        }
        ("podman" | "buildah" | "nerdctl", "build" | "bud") => {
            vec![build(arguments.get(1..).unwrap_or_default())]
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

fn login(registry: Option<String>) -> Use {
    // Without a registry, it is Docker Hub.
    let registry = registry.unwrap_or_else(|| "docker.io".to_owned());
    Use::Act {
        stage: Stage::Login,
        references: Vec::new(),
        repository: Some(registry),
        region: None,
        recipe: None,
    }
}

fn docker(arguments: &[String], gets_password: bool) -> Vec<Use> {
    let mut rest = arguments;
    while let Some((first, tail)) = rest.split_first()
        && first.starts_with('-')
    {
        let takes_value = matches!(
            first.as_str(),
            "--config" | "--context" | "-c" | "-H" | "--host" | "-l" | "--log-level"
        );
        rest = if takes_value { tail.get(1..).unwrap_or_default() } else { tail };
    }
    let Some((sub, rest)) = rest.split_first() else { return Vec::new() };
    let (sub, rest) = match (sub.as_str(), rest.split_first()) {
        ("image" | "buildx" | "builder" | "container" | "manifest", Some((inner, tail))) => {
            (format!("{sub} {inner}"), tail)
        }
        (one, _) => (one.to_owned(), rest),
    };
    match sub.as_str() {
        "login" => {
            let shown = rest.iter().any(|a| a == "-p" || a.starts_with("--password=") || a == "--password");
            if gets_password && shown {
                return deviation("docker login with the password as an argument");
            }
            vec![login(operands(rest, &["-u", "--username", "-p", "--password"]).pop())]
        }
        "build" | "image build" | "buildx build" | "builder build" => {
            let pushes = rest.iter().any(|a| {
                a == "--push" || a == "--push=true" || a.contains("type=registry") || a.contains("push=true")
            });
            let mut found = vec![build(rest)];
            if pushes {
                found.push(act(Stage::Push, tags(rest)));
            }
            found
        }
        "push" | "image push" => {
            if rest.iter().any(|a| a == "--all-tags" || a == "-a") {
                return deviation("docker push --all-tags");
            }
            vec![act(Stage::Push, operands(rest, &["--platform"]))]
        }
        "buildx imagetools" => match rest.split_first().map(|(verb, tail)| (verb.as_str(), tail)) {
            Some(("create", tail)) => vec![act(Stage::Push, tags(tail))],
            Some(("inspect", tail)) => vec![act(Stage::Digest, operands(tail, &["--format", "--builder"]))],
            _ => Vec::new(),
        },
        "manifest inspect" => vec![act(Stage::Digest, operands(rest, &[]))],
        // What a bake file builds, and with which tags, is not in the command.
        "buildx bake" => {
            let set = |key: &str| -> Vec<String> {
                let all = values(rest, &["--set"]).into_iter();
                all.filter_map(|v| v.split_once(key).map(|(_, value)| value.to_owned())).collect()
            };
            let tags = set(".tags=");
            let pushes =
                rest.iter().any(|a| a == "--push") || set(".output=").iter().any(|o| o.contains("registry"));
            let recipe = Recipe {
                dockerfile: set(".dockerfile=").pop().or_else(|| Some("$(a bake file)".to_owned())),
                context: set(".context=").pop().or_else(|| Some("$(a bake file)".to_owned())),
                ..Recipe::default()
            };
            let build = Use::Act {
                stage: Stage::Build,
                references: tags.clone(),
                repository: None,
                region: None,
                recipe: Some(recipe),
            };
            let mut found = vec![build];
            if pushes {
                found.push(act(Stage::Push, tags));
            }
            found
        }
        "compose" if rest.iter().any(|a| a == "build" || a == "push") => deviation("docker compose"),
        "commit" | "container commit" => deviation("docker commit"),
        "import" | "image import" => deviation("docker import"),
        _ => Vec::new(),
    }
}

/// Options of `docker build` that take a value.
/// <https://docs.docker.com/reference/cli/docker/buildx/build/>
const BUILD_VALUES: [&str; 31] = [
    "-t",
    "--tag",
    "-f",
    "--file",
    "--build-arg",
    "--build-context",
    "--platform",
    "--target",
    "--label",
    "--secret",
    "--ssh",
    "--cache-from",
    "--cache-to",
    "-o",
    "--output",
    "--network",
    "--add-host",
    "--iidfile",
    "--progress",
    "--builder",
    "--metadata-file",
    "--memory",
    "-m",
    "--shm-size",
    "--ulimit",
    "--cpu-shares",
    "-c",
    "--attest",
    "--sbom",
    "--provenance",
    "--annotation",
];

fn build(arguments: &[String]) -> Use {
    let recipe = Recipe {
        dockerfile: values(arguments, &["-f", "--file"]).pop(),
        context: operands(arguments, &BUILD_VALUES).pop(),
        platforms: values(arguments, &["--platform"])
            .iter()
            .flat_map(|p| p.split(',').map(str::to_owned).collect::<Vec<_>>())
            .collect(),
        directory: String::new(),
    };
    Use::Act {
        stage: Stage::Build,
        references: tags(arguments),
        repository: None,
        region: None,
        recipe: Some(recipe),
    }
}

/// The values of `-t` and `--tag`.
fn tags(arguments: &[String]) -> Vec<String> {
    values(arguments, &["--tag", "-t"])
}

/// The values of an option, under each of its names: `--name value`, `--name=value`, `-nvalue`.
fn values(arguments: &[String], names: &[&str]) -> Vec<String> {
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
fn operands(arguments: &[String], with_value: &[&str]) -> Vec<String> {
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

fn aws(arguments: &[String]) -> Vec<Use> {
    let mut plain = arguments.iter().filter(|a| !a.starts_with('-')).map(String::as_str);
    // Global options may stand before the service, with values of their own.
    if !plain.any(|w| w == "ecr") {
        return Vec::new();
    }
    let has = |word: &str| arguments.iter().any(|a| a == word);
    if has("get-login") {
        return deviation("aws ecr get-login");
    }
    if has("put-image") {
        return deviation("aws ecr put-image");
    }
    let resolves = has("describe-images") || has("batch-get-image");
    let asks = arguments.iter().any(|a| a.contains("imageTag") || a.contains("image-ids"));
    if !(resolves && asks) {
        return Vec::new();
    }
    // The tag that it asks for; by a digest there is nothing to resolve.
    let tag =
        |a: &String| a.split_once("imageTag=").map(|(_, tag)| tag.trim_end_matches(['}', ']']).to_owned());
    let tags = arguments.iter().filter_map(tag).map(|t| format!(":{t}")).collect();
    vec![Use::Act {
        stage: Stage::Digest,
        references: tags,
        repository: values(arguments, &["--repository-name"]).pop(),
        region: values(arguments, &["--region"]).pop(),
        recipe: None,
    }]
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
