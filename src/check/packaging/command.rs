//! What the commands of a script do to an image and its registry.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::act::{Act, At, Recipe, Stage};
use super::aws;
use super::backquotes;
use super::docker;
use super::exports;
use super::failure::{self, CommandOutcome, Failure, Options, Reach};
use super::located;
use super::outcome::{self, Course};
use super::resolve;
use super::secret::{Exposure, Secrets};
use super::surface::BuildFile;
use super::tagging;
use super::tool::{self, Use};
use super::unread;
use super::variables::Variables;
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Command, CommandKind, GroupKind, Script, Word, WordPart};
use seaworthy_source::Position;

/// Most ways in which the loops around a command are gone through.
pub(super) const MAX_ROUNDS: usize = 64;
/// Most functions and scripts inside others that are gone through.
const MAX_INNER: usize = 256;
/// How deep functions of one script are followed.
const MAX_DEPTH: u8 = 8;

/// Most commands for which it is asked what becomes of their failure.
const MAX_OUTCOMES: usize = 192;

/// What is left to be gone through, for all files of a build.
#[derive(Default)]
pub(super) struct Budget {
    inner: Cell<usize>,
    outcomes: Cell<usize>,
}

impl Budget {
    /// Whether one more function or script may be gone through.
    pub(super) fn takes_inner(&self) -> bool {
        self.inner.set(self.inner.get() + 1);
        self.inner.get() <= MAX_INNER
    }

    fn takes_outcome(&self) -> bool {
        self.outcomes.set(self.outcomes.get() + 1);
        self.outcomes.get() <= MAX_OUTCOMES
    }
}

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
    /// Files of the repository that it runs and that were not given, from the root of the checkout.
    pub(super) wanted: Vec<String>,
    /// Files of the surface that it runs.
    pub(super) called: BTreeSet<usize>,
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
    /// The files that a script may run.
    pub(super) files: &'f [BuildFile],
    /// Whether all of that file is the script.
    pub(super) is_file: bool,
    /// How many scripts run this one.
    pub(super) depth: u8,
    /// What is left to be gone through.
    pub(super) budget: &'f Budget,
}

/// Reads a script. `place` says where one of its bytes stands; `variables` are those that it begins with, and are left
/// as it leaves them.
pub(super) fn read_script(
    text: &str,
    frame: Frame<'_>,
    variables: &mut Variables,
    place: &dyn Fn(usize) -> Position,
) -> Done {
    let plain = backquotes::Plain::of(text);
    let text = plain.text.as_str();
    let script = shell::parse(&Text::of(&without_expressions(text)));
    let gets_password = text.contains("get-login-password");
    let place = |at: usize| place(plain.original(at));
    let mut functions = BTreeMap::new();
    collect(&script, &mut functions);
    let mut reader = Reader {
        text,
        course: Course::new(text, &script, frame.options, variables, frame.tools, gets_password),
        functions,
        directory: frame.directory.to_owned(),
        secrets: frame.secrets.clone(),
        sourced: Vec::new(),
        arguments: Vec::new(),
        outcomes: BTreeMap::new(),
        place: &place,
        frame,
        gets_password,
        ended: false,
        is_whole: true,
        depth: 0,
        done: Done::default(),
    };
    reader.commands(&script, 0..script.commands.len(), variables);
    let groups = script.groups.iter().flat_map(|g| &g.redirections);
    for word in groups.flat_map(|r| std::iter::once(&r.target).chain(&r.body)) {
        reader.substitutions(word, variables);
    }
    reader.done
}

/// The functions of a script, each with the script and the commands of its body.
fn collect<'s>(script: &'s Script, functions: &mut BTreeMap<String, (&'s Script, Range<usize>)>) {
    for (index, command) in script.commands.iter().enumerate() {
        if let Some(name) = shell::tree::function_name(command)
            && let Some(body) = body_of(script, index)
        {
            functions.insert(name, (script, body));
        }
    }
}

/// The commands of the function that a command defines.
fn body_of(script: &Script, head: usize) -> Option<Range<usize>> {
    let parent = script.commands.get(head)?.group;
    let begins = |g: &&shell::Group| g.commands.start == head + 1 && g.parent == parent;
    let mut groups = script.groups.iter().filter(begins);
    groups.find(|g| !g.commands.is_empty()).map(|g| g.commands.clone())
}

pub(super) struct Reader<'t, 'f> {
    pub(super) text: &'t str,
    pub(super) frame: Frame<'f>,
    course: Course<'t>,
    functions: BTreeMap<String, (&'t Script, Range<usize>)>,
    pub(super) directory: String,
    /// Which variables hold secrets by now.
    pub(super) secrets: Secrets,
    /// The files that it took in.
    pub(super) sourced: Vec<usize>,
    /// The arguments of the function that is read, as they are written.
    arguments: Vec<String>,
    outcomes: BTreeMap<String, CommandOutcome>,
    place: &'t dyn Fn(usize) -> Position,
    gets_password: bool,
    ended: bool,
    /// Whether the command that is read stands in the script itself, and in no substitution.
    pub(super) is_whole: bool,
    /// How many functions are being read.
    depth: u8,
    pub(super) done: Done,
}

impl<'t> Reader<'t, '_> {
    fn commands(&mut self, script: &'t Script, range: Range<usize>, variables: &mut Variables) {
        let mut index = range.start;
        // Where the subshells end that were begun, and the directory and the variables after each.
        let mut subshells: Vec<(usize, String, Variables)> = Vec::new();
        while index < range.end {
            while let Some((_, directory, before)) = subshells.pop_if(|(end, ..)| index >= *end) {
                self.directory = directory;
                let inside = std::mem::replace(variables, before);
                variables.take_files(&inside);
            }
            let begun =
                script.groups_of(index).find(|g| g.kind == GroupKind::Subshell && g.commands.start == index);
            subshells.extend(begun.map(|g| (g.commands.end, self.directory.clone(), variables.clone())));
            let Some(command) = script.commands.get(index) else { return };
            // The body of a function runs where it is called.
            if let Some(body) =
                Some(command).filter(|c| c.kind == CommandKind::Function).and_then(|_| body_of(script, index))
            {
                index = body.end.max(index + 1);
                continue;
            }
            self.ended |= self.is_whole && failure::ends(script, command);
            if self.ended {
                return;
            }
            self.command(script, command, variables);
            for word in command.all_words() {
                self.substitutions(word, variables);
            }
            index += 1;
        }
        if let Some((_, directory, before)) = subshells.into_iter().next() {
            self.directory = directory;
            let inside = std::mem::replace(variables, before);
            variables.take_files(&inside);
        }
    }

    /// Reads what is in the substitutions of a word.
    fn substitutions(&mut self, word: &'t Word, variables: &mut Variables) {
        for part in &word.parts {
            match part {
                WordPart::Substitution { script, .. } => {
                    let before = (std::mem::replace(&mut self.is_whole, false), self.directory.clone());
                    self.commands(script, 0..script.commands.len(), &mut variables.clone());
                    (self.is_whole, self.directory) = before;
                }
                WordPart::Variable { argument: Some(argument), .. } => {
                    self.substitutions(argument, variables);
                }
                _ => {}
            }
        }
    }

    fn command(&mut self, script: &'t Script, command: &'t Command, variables: &mut Variables) {
        self.assign(command, variables);
        let at = At { file: self.frame.file, position: (self.place)(command.range.start) };
        self.exports(script, command, variables);
        self.lookups(script, command, variables, at);
        let key = outcome::key(self.text, command, &self.arguments);
        let rounds: Vec<Variables> = match self.rounds(script, command, variables).as_slice() {
            [Cow::Borrowed(_)] => vec![variables.clone()],
            all => all.iter().map(|r| r.clone().into_owned()).collect(),
        };
        let is_one = rounds.len() == 1;
        for mut round in rounds {
            if self.calls(&key, command, &mut round) {
                if is_one {
                    *variables = round;
                }
                continue;
            }
            let words: Vec<String> =
                command.words.iter().flat_map(|w| round.words(self.written(w))).collect();
            let mut expanded: Vec<String> = words.iter().map(|w| self.located(&round.expand(w))).collect();
            split_program(&mut expanded);
            self.builtins(&expanded, &mut round);
            let acts = self.acts(&expanded);
            let inner = self.what_runs(script, command, &expanded, &round);
            let mut outcome =
                if acts || inner.is_some() { self.outcome_of(&key) } else { CommandOutcome::default() };
            if outcome.reach == Reach::Never {
                // With other arguments it may be reached: those here may not be those of the way through the script.
                if key == outcome::key(self.text, command, &[]) {
                    continue;
                }
                outcome = CommandOutcome { reach: Reach::Sometimes, failure: Failure::Depends };
            }
            let is_read = inner.is_some_and(|inner| self.inner(inner, outcome, at, &mut round));
            if !is_read {
                self.uses(&expanded, outcome, at, &mut round);
                let given = self.secrets.in_container(&expanded);
                self.done.unread.extend(given.map(|_| ("docker run".to_owned(), at)));
                self.done
                    .unread
                    .extend(unread::program(&expanded, &words, self.frame.tools).map(|w| (w, at)));
            }
            self.demands(&key, &expanded, at);
            self.changes(script, command, &expanded, &mut round, at);
            self.exposures(script, command, &expanded, &round, at);
            if is_one {
                *variables = round;
            }
        }
    }

    fn acts(&self, words: &[String]) -> bool {
        !tool::used(words, self.gets_password, self.frame.tools).is_empty()
    }

    /// What becomes of a command, by its text.
    fn outcome_of(&mut self, key: &[String]) -> CommandOutcome {
        let key = key.join(" ");
        if let Some(known) = self.outcomes.get(&key) {
            return *known;
        }
        let outcome = if self.frame.budget.takes_outcome() {
            self.course.outcome_of(&key)
        } else {
            CommandOutcome { reach: Reach::Sometimes, failure: Failure::Depends }
        };
        self.outcomes.insert(key, outcome);
        outcome
    }

    fn assign(&mut self, command: &Command, variables: &mut Variables) {
        for assignment in command.declarations() {
            let written = self.written(&assignment.value);
            let is_array = written.starts_with('(');
            let value = written.replace(['"', '\''], "");
            let value = if is_array { value.trim_matches(['(', ')']).trim() } else { value.as_str() };
            let expanded = self.contents(&self.located(&variables.expand(value)), variables);
            let value = exports::or_default(value, expanded);
            let value = own_commit(assignment.name.as_str(), value);
            self.secrets.assign(assignment.name.as_str(), &value);
            if assignment.append {
                variables.append(assignment.name.as_str(), &value, is_array);
            } else {
                variables.assign(assignment.name.as_str(), &value);
            }
        }
    }

    /// A text with the places in it that are known from the root of the checkout.
    pub(super) fn located(&self, text: &str) -> String {
        let file = self.frame.files.get(self.frame.file).and_then(|f| f.path.as_deref());
        let own = file
            .filter(|_| self.frame.is_file)
            .map(|p| p.rsplit_once('/').map_or("", |(directory, _)| directory));
        located::located(text, own, &self.directory)
    }

    /// A value, with what a file holds that it is read from: `$(cat digest.txt)`.
    pub(super) fn contents(&self, value: &str, variables: &Variables) -> String {
        let inner = value.trim().strip_prefix("$(").and_then(|v| v.strip_suffix(')'));
        let Some(inner) = inner else { return value.to_owned() };
        let words: Vec<&str> = inner.split_whitespace().collect();
        let known = |path: &str| variables.literal_file(&super::surface::joined(&self.directory, path));
        let from = match words.as_slice() {
            ["cat" | "<", path] => known(path),
            ["jq", .., path] if resolve::asks_metadata(inner) => known(path),
            _ => inner.strip_prefix('<').and_then(|path| known(path.trim())),
        };
        from.unwrap_or_else(|| value.to_owned())
    }

    /// Reads the function that a command calls, if it calls one.
    fn calls(&mut self, key: &[String], command: &'t Command, variables: &mut Variables) -> bool {
        let Some((first, rest)) = key.split_first() else { return false };
        if command.kind != CommandKind::Simple {
            return false;
        }
        let (body, given) = match self.functions.get(first.as_str()) {
            Some(body) => (body.clone(), rest.to_vec()),
            None if !tool::takes_command(first) => return false,
            None => {
                let Some(body) = rest.iter().find_map(|w| self.functions.get(w.as_str())) else {
                    return false;
                };
                (body.clone(), Vec::new())
            }
        };
        if self.depth >= MAX_DEPTH || !self.frame.budget.takes_inner() {
            let at = At { file: self.frame.file, position: (self.place)(command.range.start) };
            self.opaque(first.clone(), CommandOutcome::default(), at);
            self.done.unread.push((first.clone(), at));
            return true;
        }
        self.depth += 1;
        let values: Vec<String> = given.iter().map(|w| variables.expand(w)).collect();
        let before = variables.arguments();
        variables.set_arguments(&values);
        let outer = std::mem::replace(&mut self.arguments, given);
        self.commands(body.0, body.1, variables);
        self.arguments = outer;
        self.depth -= 1;
        variables.set_arguments(&before);
        true
    }

    /// What the shell itself does.
    fn builtins(&mut self, words: &[String], variables: &mut Variables) {
        match words.first().map(String::as_str) {
            Some("set") => self.frame.options.set(words.get(1..).unwrap_or_default()),
            Some("shift") => {
                let count = words.get(1).and_then(|n| n.parse().ok()).unwrap_or(1);
                self.arguments.drain(..count.min(self.arguments.len()));
                let all = variables.arguments();
                variables.set_arguments(all.get(count..).unwrap_or_default());
            }
            Some("cd" | "pushd" | "popd") => {
                let target = words.iter().skip(1).find(|w| !matches!(w.as_str(), "-P" | "-L" | "--"));
                self.directory = match target.map(String::as_str) {
                    None | Some("-") => self.frame.directory.to_owned(),
                    Some(target) => super::surface::joined(&self.directory, &self.located(target)),
                };
            }
            _ => {}
        }
    }

    fn uses(&mut self, words: &[String], outcome: CommandOutcome, at: At, variables: &mut Variables) {
        for one in tool::used(words, self.gets_password, self.frame.tools) {
            match one {
                Use::Opaque(what) => self.opaque(what, outcome, at),
                Use::Act { stage, references, repository, region, recipe, source } => {
                    let references = self.of_metadata(references, variables);
                    let recipe = recipe.map(|r| Recipe { directory: self.directory.clone(), ..*r });
                    let source = source.map(|source| self.contents(&source, variables));
                    let mut recipe = recipe;
                    if let Some(path) = recipe.as_mut().and_then(|r| r.id_file.as_mut()) {
                        *path = super::surface::joined(&self.directory, path);
                        variables.set_file(path, &resolve::built(path));
                    }
                    if let Some(path) = recipe.as_ref().and_then(|r| r.metadata.as_ref()) {
                        let path = super::surface::joined(&self.directory, path);
                        variables.set_file(&path, &resolve::digest_of(&references));
                    }
                    self.done.acts.push(Act {
                        references,
                        repository: aws::repository(words, repository, variables),
                        region: region.or_else(|| aws::region(words, variables)),
                        recipe,
                        source,
                        daemon: docker::daemon(words, variables).or_else(|| aws::asked_of(words, variables)),
                        conditional: outcome.reach != Reach::Always,
                        failure: outcome.failure,
                        ..Act::new(stage, at)
                    });
                }
            }
        }
    }

    /// Notes that a digest is asked whether it is there, or is used where an empty one fails: `test -n "$digest"`,
    /// `docker pull "$REPOSITORY@$digest"`.
    fn demands(&mut self, key: &[String], words: &[String], at: At) {
        let Some((program, arguments)) = words.split_first() else { return };
        let holds = |word: &String| word.contains("$(") && resolve::asks(word.trim_start_matches('@'));
        let is_test = matches!(program.as_str(), "test" | "[" | "[[") && arguments.iter().any(holds);
        let in_reference = |word: &String| word.split_once('@').is_some_and(|(_, d)| holds(&d.to_owned()));
        let is_used = !matches!(program.as_str(), "echo" | "printf") && arguments.iter().any(in_reference);
        if !is_test && !is_used {
            return;
        }
        let asks_directly = is_test && arguments.iter().any(|a| a == "-n");
        let outcome = self.outcome_of(key);
        let act = Act::new(Stage::Demands { is_test: asks_directly }, at);
        let conditional = outcome.reach != Reach::Always;
        self.done.acts.push(Act { conditional, failure: outcome.failure, ..act });
    }

    /// The references of a digest that is read from the file that a build wrote.
    fn of_metadata(&self, references: Vec<String>, variables: &Variables) -> Vec<String> {
        let of = |reference: String| match reference.strip_prefix(resolve::METADATA) {
            Some(path) => {
                let known = variables.literal_file(&super::surface::joined(&self.directory, path));
                known
                    .and_then(|value| resolve::pushed(&value))
                    .unwrap_or_else(|| vec!["$(a file)".to_owned()])
            }
            None => vec![reference],
        };
        references.into_iter().flat_map(of).collect()
    }

    /// Something that cannot be seen into: between a build and its push it may do anything.
    pub(super) fn opaque(&mut self, what: String, outcome: CommandOutcome, at: At) {
        let is_tool = tool::is_build_tool(&what);
        if !is_tool {
            let act = Act::new(Stage::Unseen(what.clone()), at);
            self.done.acts.push(Act { conditional: outcome.reach != Reach::Always, ..act });
        }
        self.done.opaque.push((what, at));
    }

    /// A word as it is written.
    pub(super) fn written(&self, word: &Word) -> &'t str {
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
            // A loop that only counts does the same in each round.
            let is_used =
                self.text.contains(&format!("${name}")) || self.text.contains(&format!("${{{name}"));
            if values.is_empty() || !is_used || rounds.len() * values.len() > MAX_ROUNDS {
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
}

/// The value that a script gives a variable. Where it sets the one that holds the commit of the run, to anything else,
/// the variable holds another commit.
fn own_commit(name: &str, value: String) -> String {
    let is_other = name == "GITHUB_SHA" && !(value.contains('$') && tagging::is_commit(&value));
    if is_other { "$(another commit)".to_owned() } else { value }
}

/// A program that is known by a variable may be several words: `DOCKER="sudo docker"`, `$(which docker)`.
fn split_program(words: &mut Vec<String>) {
    let Some(first) = words.first().cloned() else { return };
    let asked = first.strip_prefix("$(").and_then(|f| f.strip_suffix(')'));
    let named = asked.and_then(|a| {
        a.strip_prefix("which ")
            .or_else(|| a.strip_prefix("command -v "))
            .or_else(|| a.strip_prefix("type -p "))
    });
    let first = named.unwrap_or(&first).to_owned();
    if !first.starts_with(['$', '`']) && !first.contains("${{") && !first.contains('=') {
        words.splice(0..1, first.split_whitespace().map(str::to_owned));
    }
}

/// GitHub puts its expressions into a script before a shell sees it. For the lexer each is a word character as often
/// as it is long, so that all offsets stay.
pub(super) fn without_expressions(text: &str) -> String {
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
