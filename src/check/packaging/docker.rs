//! What a command line of docker does.

use super::act::{Recipe, Stage};
use super::tool::{self, Use, act, deviation, login, operands, renamed, values};
use super::variables::Variables;

/// What a command line of docker does.
pub(super) fn docker(arguments: &[String], gets_password: bool) -> Vec<Use> {
    let Some((sub, rest)) = without_options(arguments).split_first() else { return Vec::new() };
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
        "build" | "image build" | "buildx build" | "buildx b" | "builder build" => {
            let pushes = rest.iter().any(|a| {
                a == "--push" || a == "--push=true" || a.contains("type=registry") || a.contains("push=true")
            });
            if product_of(rest, pushes) == Product::Nothing {
                return Vec::new();
            }
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
            Some(("create", tail)) if tail.iter().any(|a| a == "--dry-run") => Vec::new(),
            Some(("create", tail)) => {
                let source =
                    operands(tail, &["--tag", "-t", "--builder", "-f", "--file", "--annotation"]).pop();
                vec![renamed(Stage::Push, source.as_ref(), tags(tail))]
            }
            Some(("inspect", tail)) => vec![act(Stage::Digest, operands(tail, &["--format", "--builder"]))],
            _ => Vec::new(),
        },
        // An archive of what is there.
        "save" | "image save" => vec![renamed(Stage::Place, rest.first(), Vec::new())],
        "manifest create" => {
            let all = operands(rest, &[]);
            vec![renamed(Stage::Place, all.get(1), all.first().cloned().into_iter().collect())]
        }
        "manifest push" => vec![act(Stage::Push, operands(rest, &[]))],
        "manifest inspect" => vec![act(Stage::Digest, operands(rest, &[]))],
        "buildx bake" => bake(rest),
        "compose" if rest.iter().any(|a| a == "build" || a == "push") => deviation("docker compose"),
        "commit" | "container commit" => deviation("docker commit"),
        "import" | "image import" => deviation("docker import"),
        "tag" | "image tag" => {
            let all = operands(rest, &[]);
            vec![renamed(Stage::Place, all.first(), all.get(1).cloned().into_iter().collect())]
        }
        "pull" | "image pull" => vec![act(Stage::Place, operands(rest, &["--platform"]))],
        "load" | "image load" => vec![act(Stage::Place, Vec::new())],
        // The digest that the last push told the daemon.
        "inspect" | "image inspect" if rest.iter().any(|a| a.contains("RepoDigests")) => {
            vec![act(Stage::Digest, operands(rest, &["--format", "-f", "--type"]))]
        }
        "run" | "container run" => inside_container(rest),
        _ => Vec::new(),
    }
}

/// The words of a command line of docker behind its own options.
fn without_options(arguments: &[String]) -> &[String] {
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
    rest
}

/// A bake whose files are not read: what it builds, and with which tags, is not in the command.
fn bake(rest: &[String]) -> Vec<Use> {
    let set = |key: &str| -> Vec<String> {
        let all = values(rest, &["--set"]).into_iter();
        all.filter_map(|v| v.split_once(key).map(|(_, value)| value.to_owned())).collect()
    };
    let tags = set(".tags=");
    let pushes = rest.iter().any(|a| a == "--push") || set(".output=").iter().any(|o| o.contains("registry"));
    let recipe = Recipe {
        dockerfile: set(".dockerfile=").pop().or_else(|| Some("$(a bake file)".to_owned())),
        context: set(".context=").pop().or_else(|| Some("$(a bake file)".to_owned())),
        target: set(".target=").pop(),
        has_more_contexts: rest.iter().any(|a| a.contains(".contexts.")),
        ..Recipe::default()
    };
    let build = Use::Act {
        stage: Stage::Build,
        references: tags.clone(),
        repository: None,
        region: None,
        recipe: Some(Box::new(recipe)),
        source: None,
    };
    let mut found = vec![build];
    if pushes {
        found.push(act(Stage::Push, tags));
    }
    found
}

/// The daemon that a command line of docker talks to, if it names one, or its environment does.
/// <https://docs.docker.com/reference/cli/docker/>
pub(super) fn daemon(words: &[String], variables: &Variables) -> Option<String> {
    let assigned =
        |name: &str| words.iter().find_map(|w| w.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let (program, arguments) = tool::without_wrappers(words).split_first()?;
    if !program.ends_with("docker") {
        return None;
    }
    let is_global = |w: &&String| w.starts_with('-');
    let globals: Vec<String> = arguments
        .iter()
        .take_while(|w| !matches!(w.as_str(), "build" | "push" | "image" | "buildx" | "tag"))
        .cloned()
        .collect();
    let named = globals
        .first()
        .filter(is_global)
        .and_then(|_| values(&globals, &["--host", "-H", "--context", "-c"]).pop());
    let by_variable = |name: &str| {
        assigned(name).or_else(|| variables.is_set(name).then(|| variables.expand(&format!("${name}"))))
    };
    named
        .or_else(|| by_variable("DOCKER_HOST"))
        .or_else(|| by_variable("DOCKER_CONTEXT"))
        .filter(|daemon| !daemon.is_empty() && daemon != "default")
}

/// Whether a build argument puts another frontend in the place of the one that reads the Dockerfile.
pub(super) fn is_frontend(argument: &str) -> bool {
    argument.trim().split('=').next() == Some("BUILDKIT_SYNTAX")
}

/// The file that a build puts its image into, by the builder's outputs.
pub(super) fn archive_of<'o>(mut outputs: impl Iterator<Item = &'o str>) -> Option<String> {
    outputs.find_map(|o| o.split(',').find_map(|part| part.trim().strip_prefix("dest=").map(str::to_owned)))
}

/// Whether a container runs kaniko.
pub(super) fn runs_kaniko(arguments: &[String]) -> bool {
    without_options(arguments).first().is_some_and(|sub| sub == "run")
        && arguments.iter().any(|a| a.contains("kaniko-project/executor"))
}

/// A container that builds images by another family, or that is given the daemon.
fn inside_container(arguments: &[String]) -> Vec<Use> {
    let has = |text: &str| arguments.iter().any(|a| a.contains(text));
    let builder =
        ["kaniko-project/executor", "buildah", "moby/buildkit", "skopeo", "regctl", "go-containerregistry"]
            .into_iter()
            .find(|b| has(b));
    match builder {
        Some(_) if has("/executor") => deviation("kaniko"),
        _ if has("docker.sock") => vec![Use::Opaque("docker run with the daemon's socket".to_owned())],
        Some(name) => vec![Use::Opaque(format!("docker run {name}"))],
        None => Vec::new(),
    }
}

/// Options of `docker build` that take a value.
/// <https://docs.docker.com/reference/cli/docker/buildx/build/>
const BUILD_VALUES: [&str; 32] = [
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
    "--call",
];

/// What a build makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Product {
    /// An image that the daemon or the registry has under its name.
    Image,
    /// A file alone, or what is known only when it runs.
    Archive,
    /// No image: files of a directory, or an answer about the Dockerfile.
    Nothing,
}

impl Product {
    /// By the builder's outputs, such as `type=oci,dest=image.tar`. <https://docs.docker.com/build/exporters/>
    pub(super) fn of_outputs<'o>(outputs: impl Iterator<Item = &'o str>) -> Self {
        let of = |output: &str| {
            let kind = output.split(',').find_map(|part| part.trim().strip_prefix("type="));
            match kind {
                None if output.contains(['$', '`']) => Self::Archive,
                None | Some("local" | "tar" | "cacheonly") => Self::Nothing,
                Some("oci") => Self::Archive,
                Some("docker") if output.contains("dest=") => Self::Archive,
                Some(_) => Self::Image,
            }
        };
        outputs.map(of).min().unwrap_or(Self::Image)
    }

    /// By a call of the frontend, such as `check`, which builds nothing.
    pub(super) fn of_call(call: &str) -> Self {
        let name = call.split(',').next().unwrap_or_default();
        if matches!(name, "" | "build") { Self::Image } else { Self::Nothing }
    }
}

/// What `docker build` makes. <https://docs.docker.com/reference/cli/docker/buildx/build/>
fn product_of(arguments: &[String], pushes: bool) -> Product {
    let has = |word: &str| arguments.iter().any(|a| a == word || a.strip_suffix("=true") == Some(word));
    let calls = values(arguments, &["--call"]);
    if has("--check") || calls.iter().any(|c| Product::of_call(c) == Product::Nothing) {
        return Product::Nothing;
    }
    if pushes || has("--load") {
        return Product::Image;
    }
    Product::of_outputs(values(arguments, &["-o", "--output"]).iter().map(String::as_str))
}

/// What `docker build` builds.
pub(super) fn build(arguments: &[String]) -> Use {
    let recipe = Recipe {
        dockerfile: values(arguments, &["-f", "--file"]).pop(),
        context: operands(arguments, &BUILD_VALUES).pop(),
        platforms: values(arguments, &["--platform"])
            .iter()
            .flat_map(|p| p.split(',').map(str::to_owned).collect::<Vec<_>>())
            .collect(),
        target: values(arguments, &["--target"]).pop(),
        metadata: values(arguments, &["--metadata-file"]).pop(),
        id_file: values(arguments, &["--iidfile"]).pop(),
        has_more_contexts: !values(arguments, &["--build-context"]).is_empty(),
        has_frontend: values(arguments, &["--build-arg"]).iter().any(|a| is_frontend(a)),
        archive: archive_of(values(arguments, &["-o", "--output"]).iter().map(String::as_str)),
        is_file_alone: product_of(arguments, arguments.iter().any(|a| a == "--push")) == Product::Archive,
        ..Recipe::default()
    };
    Use::Act {
        stage: Stage::Build,
        references: tags(arguments),
        repository: None,
        region: None,
        recipe: Some(Box::new(recipe)),
        source: None,
    }
}

/// The values of `-t` and `--tag`.
fn tags(arguments: &[String]) -> Vec<String> {
    values(arguments, &["--tag", "-t"])
}
