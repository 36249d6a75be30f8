//! What the commands of a script do to an image and its registry.

use super::failure::{self, Options};
use super::sequence::{Act, Stage};
use super::tagging::Variables;
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Word};
use seaworthy_source::Position;

/// Programs that build or push images and are no part of the agreed family.
const FOREIGN: [(&str, &str); 14] = [
    ("/kaniko/executor", "kaniko"),
    ("kaniko", "kaniko"),
    ("executor", "kaniko"),
    ("buildah", "buildah"),
    ("podman", "podman"),
    ("nerdctl", "nerdctl"),
    ("skopeo", "skopeo"),
    ("crane", "crane"),
    ("ko", "ko"),
    ("pack", "pack"),
    ("oras", "oras"),
    ("buildctl", "buildctl"),
    ("depot", "depot"),
    ("docker-compose", "docker-compose"),
];

/// What a script does.
#[derive(Default)]
pub(super) struct Done {
    pub(super) acts: Vec<Act>,
    /// Scripts and make targets that it runs, which may do anything.
    pub(super) opaque: Vec<(String, Position)>,
    /// Names that it writes to `GITHUB_OUTPUT`.
    pub(super) outputs: Vec<String>,
}

/// Reads a script. `place` says where one of its bytes stands; assignments and outputs go into `variables`, those of
/// the step `id` under its name. `options` are those that its shell begins with.
pub(super) fn read(
    text: &str,
    id: Option<&str>,
    mut options: Options,
    variables: &mut Variables,
    place: impl Fn(usize) -> Position,
) -> Done {
    let script = shell::read(&Text::of(&without_expressions(text)));
    let mut done = Done::default();
    let uncalled = failure::uncalled(&script);
    let mut ended = false;
    let whole = &raw const script;
    let writes_outputs = text.contains("GITHUB_OUTPUT") || text.contains("::set-output");
    let gets_password = text.contains("get-login-password");
    script.walk(&mut |script, command| {
        ended |= std::ptr::eq(script, whole) && failure::ends(script, command);
        if ended || failure::is_in(script, command, &uncalled) {
            return;
        }
        for assignment in command.declarations() {
            let value = raw(text, &assignment.value);
            variables.set(assignment.name.as_str(), &value);
        }
        let words: Vec<String> = command.words.iter().map(|w| raw(text, w)).collect();
        if writes_outputs && matches!(words.first().map(String::as_str), Some("echo" | "printf")) {
            outputs(&words, id, variables, &mut done.outputs);
        }
        if words.first().is_some_and(|w| w == "set") {
            options.set(words.get(1..).unwrap_or_default());
        }
        let at = place(command.range.start);
        let judged = judge(&words, gets_password);
        if judged.is_none() {
            return;
        }
        let conditional = failure::is_conditional(script, command);
        let tolerated = failure::is_tolerated(script, command, text, options);
        match judged {
            Some(Judged::Act(stage, references)) => {
                let references = references.iter().map(|r| variables.expand(r)).collect();
                done.acts.push(Act { stage, at, references, conditional, tolerated });
            }
            Some(Judged::Both(references)) => {
                let references: Vec<String> = references.iter().map(|r| variables.expand(r)).collect();
                for stage in [Stage::Build, Stage::Push] {
                    let references = references.clone();
                    done.acts.push(Act { stage, at, references, conditional, tolerated });
                }
            }
            Some(Judged::Opaque(what)) => done.opaque.push((what, at)),
            None => {}
        }
    });
    done
}

/// GitHub puts its expressions into a script before a shell sees it. For the lexer each is a word character as often
/// as it is long, so that all offsets stay.
fn without_expressions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = from.find("}}").map_or(from.len(), |i| i + 2);
        out.extend(std::iter::repeat_n('@', length));
        rest = from.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// A word as it is written, the quotes around it taken off.
fn raw(text: &str, word: &Word) -> String {
    let written = text.get(word.range.clone()).unwrap_or_default();
    written.replace(['"', '\''], "")
}

/// `echo "tag=…" >> "$GITHUB_OUTPUT"`: the values that later steps can use.
fn outputs(words: &[String], id: Option<&str>, variables: &mut Variables, names: &mut Vec<String>) {
    for word in words.iter().skip(1) {
        for line in word.split("\\n") {
            let line = line.strip_prefix("::set-output name=").unwrap_or(line);
            let Some((name, value)) = line.split_once('=').or_else(|| line.split_once("::")) else {
                continue;
            };
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            {
                continue;
            }
            names.push(name.to_owned());
            if let Some(id) = id {
                variables.set(&format!("steps.{id}.outputs.{name}"), value);
            }
        }
    }
}

enum Judged {
    Act(Stage, Vec<String>),
    /// Builds and pushes at once.
    Both(Vec<String>),
    Opaque(String),
}

/// Programs that run the program in their arguments.
const WRAPPERS: [&str; 8] = ["sudo", "time", "exec", "command", "nohup", "env", "timeout", "retry"];

fn judge(words: &[String], gets_password: bool) -> Option<Judged> {
    let mut words: &[String] = words;
    while let Some((first, rest)) = words.split_first()
        && (WRAPPERS.contains(&first.as_str())
            || first.starts_with('-')
            || first.contains('=')
            || first.bytes().all(|b| b.is_ascii_digit() || b == b's' || b == b'm'))
    {
        words = rest;
    }
    let (program, arguments) = words.split_first()?;
    let name = program.rsplit('/').next().unwrap_or_default();
    match name {
        "docker" => docker(arguments, gets_password),
        "aws" => aws(arguments),
        "make" | "just" | "task" | "bazel" | "npm" | "yarn" | "gradle" | "gradlew" | "mvn" | "mvnw" => {
            Some(Judged::Opaque(name.to_owned()))
        }
        "bash" | "sh" | "source" | "." => {
            let script = arguments.iter().find(|a| !a.starts_with('-'))?;
            Some(Judged::Opaque(script.clone()))
        }
        _ if name.ends_with(".sh") => Some(Judged::Opaque(program.clone())),
        _ => foreign(program, arguments),
    }
}

/// Of another builder, whatever builds, copies or pushes an image; to look at one is no deviation.
fn foreign(program: &str, arguments: &[String]) -> Option<Judged> {
    let name = program.rsplit('/').next().unwrap_or_default();
    let (_, family) = FOREIGN.iter().find(|(p, _)| *p == program || *p == name)?;
    let makes = [
        "build", "bud", "push", "copy", "commit", "publish", "append", "apply", "tag", "resolve", "mutate",
        "up",
    ];
    let kaniko = *family == "kaniko" && arguments.iter().any(|a| a.starts_with("--destination") || a == "-d");
    let deviates = kaniko || arguments.iter().any(|a| makes.contains(&a.as_str()));
    deviates.then(|| Judged::Act(Stage::Deviation((*family).to_owned()), Vec::new()))
}

fn docker(arguments: &[String], gets_password: bool) -> Option<Judged> {
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
    let deviation = |what: &str| Some(Judged::Act(Stage::Deviation(what.to_owned()), Vec::new()));
    let (sub, rest) = rest.split_first()?;
    let (sub, rest) = match (sub.as_str(), rest.split_first()) {
        ("image" | "buildx" | "builder" | "container", Some((inner, tail))) => {
            (format!("{sub} {inner}"), tail)
        }
        (one, _) => (one.to_owned(), rest),
    };
    match sub.as_str() {
        "login" => {
            let shown = rest.iter().any(|a| a == "-p" || a.starts_with("--password=") || a == "--password");
            match (gets_password, shown) {
                (true, true) => deviation("docker login with the password as an argument"),
                (true, false) => Some(Judged::Act(Stage::Login, Vec::new())),
                // Another registry's login is no part of the sequence.
                (false, _) => None,
            }
        }
        "build" | "image build" | "buildx build" | "builder build" => {
            let tags = tags(rest);
            let pushes = rest.iter().any(|a| {
                a == "--push"
                    || a == "--push=true"
                    || (a.contains("type=registry") || a.contains("push=true"))
            });
            Some(if pushes { Judged::Both(tags) } else { Judged::Act(Stage::Build, tags) })
        }
        "push" | "image push" => {
            if rest.iter().any(|a| a == "--all-tags" || a == "-a") {
                return deviation("docker push --all-tags");
            }
            let references = rest.iter().filter(|a| !a.starts_with('-')).cloned().collect();
            Some(Judged::Act(Stage::Push, references))
        }
        "buildx imagetools" => {
            let create = rest.first().is_some_and(|a| a == "create");
            create.then(|| Judged::Act(Stage::Push, tags(rest)))
        }
        "buildx bake" => deviation("docker buildx bake"),
        "compose" => {
            let makes = rest.iter().any(|a| a == "build" || a == "push");
            makes.then(|| deviation("docker compose")).flatten()
        }
        "commit" | "container commit" => deviation("docker commit"),
        "import" | "image import" => deviation("docker import"),
        _ => None,
    }
}

/// The values of `-t` and `--tag`.
fn tags(arguments: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "-t" || word == "--tag" {
            out.extend(words.next().cloned());
        } else if let Some(value) = word.strip_prefix("--tag=") {
            out.push(value.to_owned());
        } else if let Some(value) = word.strip_prefix("-t").filter(|v| !v.is_empty()) {
            out.push(value.trim_start_matches('=').to_owned());
        }
    }
    out
}

fn aws(arguments: &[String]) -> Option<Judged> {
    let mut plain = arguments.iter().filter(|a| !a.starts_with('-')).map(String::as_str);
    // Global options may stand before the service, with values of their own.
    if !plain.any(|w| w == "ecr") {
        return None;
    }
    let has = |word: &str| arguments.iter().any(|a| a == word);
    if has("get-login") {
        return Some(Judged::Act(Stage::Deviation("aws ecr get-login".to_owned()), Vec::new()));
    }
    if has("put-image") {
        return Some(Judged::Act(Stage::Deviation("aws ecr put-image".to_owned()), Vec::new()));
    }
    let resolves = has("describe-images") || has("batch-get-image");
    let asks = arguments.iter().any(|a| a.contains("imageTag") || a.contains("image-ids"));
    // The tag that it asks for; by a digest there is nothing to resolve.
    let tag =
        |a: &String| a.split_once("imageTag=").map(|(_, tag)| tag.trim_end_matches(['}', ']']).to_owned());
    (resolves && asks).then(|| Judged::Act(Stage::Digest, arguments.iter().filter_map(tag).collect()))
}
