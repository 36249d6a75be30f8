//! Whether an instruction's text and a history entry's agree, up to space and to what variables gave.

use super::super::environment::Resolution;
use super::super::expanded::Expanded;
use super::super::instruction::{CommandLine, Files, Healthcheck, Instruction, Kind, Source};
use super::super::keyword::Keyword;
use super::super::text::Text;
use super::super::words::Pair;
use super::entry::{Entry, Style};

/// Stands in a template for what only the build knows. No text of a file holds it: it is no character.
const ANY: char = '\u{10ffff}';

/// An instruction with the texts that its history entry may have.
pub(super) struct Candidate {
    pub(super) keyword: Keyword,
    forms: Forms,
    /// The instruction as written, after its name: what buildah writes.
    original: String,
}

/// What an entry's body must be.
enum Forms {
    /// One of these templates.
    Any(Vec<String>),
    /// A `RUN`'s command: behind build arguments and a shell, which is known or not, in shell form.
    Command { commands: Vec<String>, shell: Option<String>, exec: bool },
    /// Sources and destination of `COPY` and `ADD`.
    Files { sources: String, destination: String },
    /// The names of an `ARG`.
    Args(Vec<String>),
    /// `WORKDIR`: the path, which the entry may have made absolute.
    Path(String),
    /// Words in any order.
    Set(Vec<String>),
    /// Texts that must all stand in it.
    Contains(Vec<String>),
}

impl Candidate {
    /// `shell` is the `SHELL` that the file has set by then.
    pub(super) fn new(
        resolution: &Resolution<'_>,
        number: usize,
        instruction: &Instruction,
        shell: Option<&str>,
    ) -> Self {
        let expand = |text: &Text| template(resolution, number, text);
        let list = |texts: &[Text]| texts.iter().map(expand).collect::<Vec<_>>();
        let forms = match &instruction.kind {
            Kind::Run(run) => {
                let (commands, exec) = match &run.command {
                    CommandLine::Exec(words) => (vec![joined(words)], true),
                    CommandLine::Shell(command) => (scripts(instruction, command), false),
                };
                Forms::Command { commands, shell: shell.map(str::to_owned), exec }
            }
            Kind::Copy(copy) => files(&copy.files, instruction, &expand),
            Kind::Add(add) => files(&add.files, instruction, &expand),
            Kind::Arg(all) => Forms::Args(all.iter().map(|a| a.name.to_string()).collect()),
            Kind::Env(pairs) | Kind::Label(pairs) => {
                let render = |p: &Pair| format!("{}={}", expand(&p.key), expand(&p.value.raw));
                Forms::Any(vec![pairs.iter().map(render).collect::<Vec<_>>().join(" ")])
            }
            Kind::Cmd(command) | Kind::Entrypoint(command) => command_list(command, shell),
            Kind::Healthcheck(Healthcheck::None) => Forms::Contains(vec!["NONE".to_owned()]),
            Kind::Healthcheck(Healthcheck::Command(command)) => {
                Forms::Contains(command.texts().iter().map(|t| t.to_string()).collect())
            }
            Kind::Shell(words) => Forms::Any(vec![format!("[{}]", joined(words))]),
            Kind::Volume(volumes) => Forms::Any(vec![format!("[{}]", list(volumes).join(" "))]),
            Kind::Expose(ports) => Forms::Set(list(ports)),
            Kind::Workdir(path) => Forms::Path(expand(path)),
            Kind::User(text) | Kind::Stopsignal(text) => Forms::Any(vec![expand(text)]),
            Kind::Maintainer(text) => Forms::Any(vec![text.to_string()]),
            Kind::From(_) | Kind::Onbuild(_) => Forms::Any(Vec::new()),
        };
        let original = instruction
            .text
            .get(instruction.name.len().min(instruction.text.len())..)
            .unwrap_or_default()
            .to_owned();
        Self { keyword: instruction.keyword, forms, original }
    }

    /// Whether the entry, which is of the same kind, may be this instruction's.
    pub(super) fn agrees(&self, entry: &Entry<'_>) -> bool {
        let body = squeezed(entry.body);
        if entry.style == Style::Classic {
            let original = squeezed(&self.original);
            let written = match self.keyword {
                Keyword::Run => body.strip_suffix(&original).is_some_and(is_launcher),
                _ => body == original,
            };
            if written {
                return true;
            }
        }
        match &self.forms {
            Forms::Any(templates) => templates.iter().any(|t| matches(t, &body)),
            Forms::Command { commands, shell, exec } => {
                commands.iter().any(|command| is_run(&body, command, shell.as_deref(), *exec))
            }
            Forms::Files { sources, destination } => is_copy(&body, entry.style, sources, destination),
            Forms::Args(names) => is_arg(&body, names),
            Forms::Path(path) => is_path(&body, path),
            Forms::Set(words) => is_set(&body, words),
            Forms::Contains(texts) => texts.iter().all(|t| {
                let plain = squeezed(t);
                body.contains(&plain) || body.contains(quote(&plain).trim_matches('"'))
            }),
        }
    }
}

/// What a text becomes, with [`ANY`] where a variable stands; the text itself where it cannot be expanded.
fn template(resolution: &Resolution<'_>, number: usize, text: &Text) -> String {
    let Ok(expanded) = resolution.expand(number, text) else { return text.to_string() };
    masked(&expanded)
}

fn masked(expanded: &Expanded) -> String {
    let mut out = String::new();
    for part in expanded.parts() {
        match &part.via {
            Some(_) if out.ends_with(ANY) => {}
            Some(_) => out.push(ANY),
            None => out.push_str(expanded.as_str().get(part.range.clone()).unwrap_or_default()),
        }
    }
    out
}

pub(super) fn joined(words: &[Text]) -> String {
    words.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(" ")
}

/// What the shell of a `RUN` may have been given.
fn scripts(instruction: &Instruction, command: &Text) -> Vec<String> {
    let mut all = vec![command.to_string()];
    if let Some(first) = instruction.heredocs.first() {
        all.extend(instruction.script().map(|s| s.to_string()));
        if instruction.heredoc_is_script() {
            all.push(format!("/dev/pipes/{}", first.word.name.as_str()));
        }
    }
    all
}

fn files(files: &Files, instruction: &Instruction, expand: &dyn Fn(&Text) -> String) -> Forms {
    let mut sources: Vec<String> = Vec::new();
    let mut inline = Vec::new();
    for source in &files.sources {
        match source {
            Source::Path(path) => sources.push(expand(path)),
            Source::Heredoc(i) => {
                inline.extend(instruction.heredocs.get(*i).map(|h| format!("<<{}", h.word.name.as_str())));
            }
        }
    }
    sources.append(&mut inline);
    Forms::Files { sources: sources.join(" "), destination: expand(&files.destination) }
}

/// `["a" "b"]`, in shell form behind the shell.
fn command_list(command: &CommandLine, shell: Option<&str>) -> Forms {
    let render =
        |words: &[&str]| format!("[{}]", words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" "));
    Forms::Any(match command {
        CommandLine::Exec(words) => vec![render(&words.iter().map(|w| w.as_str()).collect::<Vec<_>>())],
        CommandLine::Shell(text) => match shell {
            Some(shell) => vec![render(&shell.split(' ').chain([text.as_str()]).collect::<Vec<_>>())],
            None => vec![
                render(&["/bin/sh", "-c", text]),
                format!("[{ANY}-c\" {}]", quote(text)),
                format!("[{ANY}/C\" {}]", quote(text)),
            ],
        },
    })
}

/// A string as Go's `%q` writes it.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text with every run of space as one blank, and none at the ends.
fn squeezed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether `text`, which is squeezed, is the template, where [`ANY`] stands for any characters.
fn matches(template: &str, text: &str) -> bool {
    // A variable that gave nothing leaves no blank beside it.
    let any = ANY.to_string();
    let template = squeezed(template).replace(&format!(" {ANY}"), &any).replace(&format!("{ANY} "), &any);
    let mut pieces = template.split(ANY);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    false
}

/// `|1 A=b /bin/sh -c command`, where arguments and shell may be missing.
fn is_run(body: &str, command: &str, shell: Option<&str>, exec: bool) -> bool {
    let command = squeezed(command);
    let Some(before) = body.strip_suffix(command.as_str()) else { return false };
    if exec {
        return before.is_empty() || (before.ends_with(' ') && is_arguments(before));
    }
    match shell.map(squeezed) {
        // An entry that does not name the shell may be an exec form.
        Some(shell) => before
            .trim_end()
            .strip_suffix(shell.as_str())
            .is_some_and(|arguments| arguments.is_empty() || is_arguments(arguments)),
        None => is_launcher(before),
    }
}

/// Whether `text` is build arguments (if any) and then a shell that takes a command.
fn is_launcher(text: &str) -> bool {
    const LONGEST: usize = 160;
    let shell = text.trim_end();
    let takes_command = shell.ends_with("-c") || shell.ends_with("/C") || shell.ends_with("-Command");
    takes_command && (is_arguments(text) || (text.len() <= LONGEST && !text.contains([';', '&'])))
}

/// `|2 A=b C=d`: the values may hold blanks.
fn is_arguments(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('|') else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let Ok(count) = rest.get(..digits).unwrap_or_default().parse::<usize>() else { return false };
    rest.get(digits..).unwrap_or_default().split(' ').filter(|word| word.contains('=')).count() >= count
}

/// `--chmod=600 a b /c`, or `file:0123 in /c` where the sources are only digests.
fn is_copy(body: &str, style: Style, sources: &str, destination: &str) -> bool {
    let mut rest = body;
    while let Some(flag) = rest.strip_prefix("--") {
        let Some((_, after)) = flag.split_once(' ') else { return false };
        rest = after;
    }
    if style == Style::BuildKit {
        return matches(&format!("{sources} {destination}"), rest);
    }
    let Some((summary, target)) = rest.split_once(" in ") else { return false };
    let kind = summary.split_once(':').map(|(kind, _)| kind);
    let digests = matches!(kind, Some("file" | "dir" | "multi")) && !summary.contains(' ');
    // A URL stands for itself.
    (digests || matches(sources, summary)) && matches(destination, target)
}

/// `A=b C`: values are whatever the build gave.
fn is_arg(body: &str, names: &[String]) -> bool {
    let mut rest = body;
    for (i, name) in names.iter().enumerate() {
        let found = if i == 0 { Some(0) } else { rest.find(&format!(" {name}")).map(|at| at + 1) };
        let after = found.and_then(|at| rest.get(at..)?.strip_prefix(name.as_str()));
        match after {
            Some(after) if after.is_empty() || after.starts_with(['=', ' ']) => rest = after,
            _ => return false,
        }
    }
    rest.is_empty() || rest.starts_with('=')
}

/// `/a/b` for `WORKDIR b` below `/a`.
fn is_path(body: &str, path: &str) -> bool {
    let trimmed = path.trim_end_matches('/');
    let relative = trimmed.trim_start_matches("./");
    matches(path, body)
        || (!trimmed.is_empty() && matches(trimmed, body))
        || (!path.starts_with('/') && !relative.is_empty() && matches(&format!("{ANY}/{relative}"), body))
        || (relative == "." && body.starts_with('/'))
}

/// `[80/tcp 443/tcp]`, `map[80/tcp:{}]` or `80 443`, in any order.
fn is_set(body: &str, words: &[String]) -> bool {
    let port = |word: &str| word.trim_end_matches(":{}").trim_end_matches("/tcp").to_owned();
    let list = body.strip_prefix("map").unwrap_or(body).trim_start_matches('[').trim_end_matches(']');
    let mut found: Vec<String> = list.split(' ').map(port).collect();
    let mut wanted: Vec<String> = words.iter().map(|w| port(w)).collect();
    if wanted.iter().any(|w| w.contains(ANY)) {
        return true;
    }
    found.sort_unstable();
    found.dedup();
    wanted.sort_unstable();
    wanted.dedup();
    found == wanted
}
