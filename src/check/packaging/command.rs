//! What the commands of a script do to an image and its registry.

use std::borrow::Cow;

use super::act::{Act, At, Recipe};
use super::failure::{self, Options};
use super::secret::{self, Exposure, Secrets};
use super::tool::{self, Use};
use super::unread;
use super::variables::Variables;
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Command, CommandKind, GroupKind, Script, Word};
use seaworthy_source::Position;

/// Most ways in which the loops around a command are gone through.
const MAX_ROUNDS: usize = 64;

/// What a script does.
#[derive(Default)]
pub(super) struct Done {
    pub(super) acts: Vec<Act>,
    /// Scripts and make targets that it runs, which may do anything.
    pub(super) opaque: Vec<(String, At)>,
    /// Names that it writes to `GITHUB_OUTPUT`, with their values.
    pub(super) outputs: Vec<(String, String)>,
    /// Variables that it sets for the steps after it, by `GITHUB_ENV`.
    pub(super) exports: Vec<(String, String)>,
    /// Secrets that it hands to a build or prints.
    pub(super) exposures: Vec<Exposure>,
    /// What it runs that may print or hand on a secret, and cannot be seen into.
    pub(super) unread: Vec<(String, At)>,
}

/// What a script is read with.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    /// The file that it stands in.
    pub(super) file: usize,
    /// The options that its shell begins with.
    pub(super) options: Options,
    /// The directory that it begins in, from the root of the checkout.
    pub(super) directory: &'f str,
    /// Which variables and expressions hold secrets.
    pub(super) secrets: &'f Secrets,
    /// The tools that the contract allows beside docker and aws.
    pub(super) tools: &'f [String],
}

/// Reads a script. `place` says where one of its bytes stands; `variables` are those that it begins with, and are left
/// as it leaves them.
pub(super) fn read(
    text: &str,
    frame: Frame<'_>,
    variables: &mut Variables,
    place: impl Fn(usize) -> Position,
) -> Done {
    let script = shell::read(&Text::of(&without_expressions(text)));
    let mut reader = Reader {
        text,
        frame,
        directory: frame.directory.to_owned(),
        uncalled: failure::uncalled(&script),
        gets_password: text.contains("get-login-password"),
        ended: false,
        is_whole: true,
        done: Done::default(),
    };
    let whole = &raw const script;
    script.walk(&mut |inner, command| {
        reader.is_whole = std::ptr::eq(inner, whole);
        reader.ended |= reader.is_whole && failure::ends(inner, command);
        if reader.ended || failure::is_in(inner, command, &reader.uncalled) {
            return;
        }
        reader.command(inner, command, variables, &place);
    });
    reader.done
}

struct Reader<'t> {
    text: &'t str,
    frame: Frame<'t>,
    directory: String,
    uncalled: std::collections::BTreeSet<String>,
    gets_password: bool,
    ended: bool,
    /// Whether the command that is read stands in the script itself, and in no substitution.
    is_whole: bool,
    done: Done,
}

impl Reader<'_> {
    fn command(
        &mut self,
        script: &Script,
        command: &Command,
        variables: &mut Variables,
        place: &impl Fn(usize) -> Position,
    ) {
        for assignment in command.declarations() {
            let written = self.written(&assignment.value);
            let is_array = written.starts_with('(');
            let value = written.replace(['"', '\''], "");
            let value = if is_array { value.trim_matches(['(', ')']).trim() } else { value.as_str() };
            let value = variables.expand(value);
            if assignment.append {
                variables.append(assignment.name.as_str(), &value, is_array);
            } else {
                variables.set(assignment.name.as_str(), &value);
            }
        }
        let at = At { file: self.frame.file, position: place(command.range.start) };
        self.exports(script, command, variables);
        for round in self.rounds(script, command, variables) {
            let words: Vec<String> =
                command.words.iter().flat_map(|w| round.words(self.written(w))).collect();
            self.words(script, command, &words, &round, at);
            let expanded: Vec<String> = words.iter().map(|w| round.expand(w)).collect();
            self.exposures(script, command, &expanded, at);
            if let Some(what) = unread::program(&expanded, &words, self.frame.tools) {
                self.done.unread.push((what, at));
            }
        }
    }

    fn words(&mut self, script: &Script, command: &Command, words: &[String], variables: &Variables, at: At) {
        match words.first().map(String::as_str) {
            Some("set") => self.frame.options.set(words.get(1..).unwrap_or_default()),
            Some("cd" | "pushd") => {
                let target = words.get(1).map(|w| variables.expand(w)).unwrap_or_default();
                self.directory = super::surface::joined(&self.directory, &target);
            }
            _ => {}
        }
        let used = tool::used(words, self.gets_password, self.frame.tools);
        if used.is_empty() {
            return;
        }
        let conditional = failure::is_conditional(script, command);
        let tolerated = failure::is_tolerated(script, command, self.text, self.frame.options);
        let asked = failure::is_asked(command, self.text);
        for one in used {
            match one {
                Use::Opaque(what) => self.done.opaque.push((what, at)),
                Use::Act { stage, references, repository, region, recipe } => {
                    let expand = |text: String| variables.expand(&text);
                    let recipe = recipe.map(|r| Recipe {
                        dockerfile: r.dockerfile.map(expand),
                        context: r.context.map(expand),
                        platforms: r.platforms.into_iter().map(expand).collect(),
                        directory: self.directory.clone(),
                    });
                    self.done.acts.push(Act {
                        references: references.into_iter().map(expand).collect(),
                        repository: repository.map(expand),
                        region: region.map(expand),
                        recipe,
                        conditional,
                        tolerated,
                        asked,
                        ..Act::new(stage, at)
                    });
                }
            }
        }
    }

    /// Secrets that a command hands to a build or prints.
    fn exposures(&mut self, script: &Script, command: &Command, words: &[String], at: At) {
        let secrets = self.frame.secrets;
        self.done.exposures.extend(secrets.in_build(words, at));
        // What a substitution prints is not in the log.
        if self.is_whole && self.is_shown(script, command) {
            self.done.exposures.extend(secrets.printed(words, at));
        }
    }

    /// Whether what a command prints goes to the log, through programs that pass it on.
    fn is_shown(&self, script: &Script, command: &Command) -> bool {
        let mut index = script.commands.partition_point(|c| c.range.start < command.range.start);
        for _ in 0..MAX_ROUNDS {
            if script.redirections_of(index).any(|r| r.operator.writes()) {
                return false;
            }
            let Some(next) = script.reader_of(index) else { return true };
            let program = script.commands.get(next).and_then(Command::program).unwrap_or_default();
            if !secret::passes_on(program.rsplit('/').next().unwrap_or_default()) {
                return false;
            }
            index = next;
        }
        true
    }

    /// A word as it is written.
    fn written(&self, word: &Word) -> &str {
        self.text.get(word.range.clone()).unwrap_or_default()
    }

    /// The variables in each round of the `for` loops around a command; one round without such loops.
    fn rounds<'v>(
        &self,
        script: &Script,
        command: &Command,
        variables: &'v Variables,
    ) -> Vec<Cow<'v, Variables>> {
        let index = script.commands.partition_point(|c| c.range.start < command.range.start);
        let mut rounds = vec![Cow::Borrowed(variables)];
        let loops = script.groups_of(index).filter(|g| g.kind == GroupKind::Loop);
        for head in loops.filter_map(|g| script.commands.get(g.commands.start)) {
            if head.kind != CommandKind::For || std::ptr::eq(head, command) {
                continue;
            }
            let mut words =
                head.words.iter().map(|w| self.written(w)).filter(|w| !matches!(*w, "for" | "in"));
            let Some(name) = words.next().map(str::to_owned) else { continue };
            let values: Vec<String> = words.flat_map(|w| variables.words(w)).collect();
            if values.is_empty() || rounds.len() * values.len() > MAX_ROUNDS {
                continue;
            }
            let with = |round: &Cow<'v, Variables>, value: &String| {
                let mut round = round.clone();
                round.to_mut().set(&name, value);
                round
            };
            rounds = rounds.iter().flat_map(|r| values.iter().map(move |v| with(r, v))).collect();
        }
        rounds
    }

    /// `echo "tag=…" >> "$GITHUB_OUTPUT"`, and the same for `GITHUB_ENV`: what later steps can use.
    fn exports(&mut self, script: &Script, command: &Command, variables: &Variables) {
        let index = script.commands.partition_point(|c| c.range.start < command.range.start);
        let redirections = || script.redirections_of(index);
        let writes = |name: &str| redirections().any(|r| self.written(&r.target).contains(name));
        let piped_to = |name: &str| {
            let reader = script.reader_of(index).and_then(|i| script.commands.get(i));
            reader.is_some_and(|c| c.words.iter().any(|w| self.written(w).contains(name)))
        };
        let to = |name: &str| writes(name) || piped_to(name);
        let (output, environment) = (to("GITHUB_OUTPUT"), to("GITHUB_ENV"));
        let mut lines: Vec<String> = Vec::new();
        let is_echo = matches!(command.program().as_deref(), Some("echo" | "printf"));
        if is_echo {
            let written: Vec<String> =
                command.words.iter().skip(1).map(|w| self.written(w).replace(['"', '\''], "")).collect();
            // `echo` writes its words into one line; the words of `printf` are put into its first.
            let texts = match command.program().as_deref() {
                Some("echo") => vec![without_options(&written).join(" ")],
                _ => formatted(&written),
            };
            lines.extend(texts.iter().flat_map(|text| text.split("\\n")).map(str::to_owned));
        }
        if output || environment {
            let bodies = command.redirections.iter().filter_map(|r| r.body.as_ref());
            lines.extend(bodies.flat_map(|b| self.written(b).lines().map(str::to_owned).collect::<Vec<_>>()));
        }
        for line in lines {
            let old = line.strip_prefix("::set-output name=");
            let Some((name, value)) = old.and_then(|l| l.split_once("::")).or_else(|| line.split_once('='))
            else {
                continue;
            };
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            if name.is_empty() || !name.bytes().all(plain) {
                continue;
            }
            let pair = (name.to_owned(), variables.expand(value));
            if environment {
                self.done.exports.push(pair.clone());
            }
            if output || old.is_some() {
                self.done.outputs.push(pair);
            }
        }
    }
}

/// The words of `echo` that it writes.
fn without_options(words: &[String]) -> &[String] {
    let is_option = |w: &String| {
        w.strip_prefix('-')
            .is_some_and(|f| !f.is_empty() && f.bytes().all(|b| matches!(b, b'n' | b'e' | b'E')))
    };
    let start = words.iter().position(|w| !is_option(w)).unwrap_or(words.len());
    words.get(start..).unwrap_or_default()
}

/// What `printf` writes: its first word, once for as many of the others as it has places for.
fn formatted(words: &[String]) -> Vec<String> {
    let Some((format, values)) = words.split_first() else { return Vec::new() };
    let pieces: Vec<&str> = format.split("%s").collect();
    let places = pieces.len() - 1;
    if places == 0 || values.is_empty() {
        return words.to_vec();
    }
    let line = |values: &[String]| {
        let mut values = values.iter();
        let mut out = String::new();
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 {
                out.push_str(values.next().map_or("", String::as_str));
            }
            out.push_str(piece);
        }
        out
    };
    values.chunks(places).map(line).collect()
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
