//! Scripts inside a script: `eval`, `sh -c`, here-documents for a shell, files of the repository, targets of make.

use super::act::{Act, At, Stage};
use super::command::{self, Frame, Reader};
use super::exports;
use super::failure::{CommandOutcome, Options, Reach};
use super::makefile;
use super::reading::START;
use super::runner;
use super::surface::{Content, joined, place_in};
use super::tool;
use super::unread;
use super::variables::Variables;
use seaworthy_dockerfile::shell::{Command, RedirectionOperator, Script, Word};
use seaworthy_source::Position;
use seaworthy_workflow::{Scalar, Style};

/// How deep scripts may run each other.
const MAX_DEPTH: u8 = 8;

const SHELLS: [&str; 6] = ["bash", "sh", "dash", "zsh", "ash", "ksh"];
/// Shells' options that take a value.
const SHELL_VALUES: [&str; 5] = ["-o", "+o", "-O", "--rcfile", "--init-file"];

/// What a command runs.
pub(super) enum Inner {
    /// A text, in a shell with these options; or in this one.
    Text(String, Option<Options>),
    /// A file of the repository, with its arguments; taken in by this shell or run by another one.
    File { path: String, arguments: Vec<String>, options: Option<Options>, taken_in: bool },
    /// Targets of make, in a directory, from a file.
    Make {
        directory: Option<String>,
        file: Option<String>,
        targets: Vec<String>,
        given: Vec<(String, String)>,
    },
    /// A task of a runner.
    Task(runner::Asked),
    /// A function of a file that was taken in: the file, and the command that calls it.
    Taken(usize, String),
    /// A text on another machine.
    Remote(String),
    /// What is given by another command, and not known.
    Input(String),
}

impl<'t> Reader<'t, '_> {
    /// Reads what a command runs. Gives whether that was a script and could be read.
    pub(super) fn inner(
        &mut self,
        inner: Inner,
        outcome: CommandOutcome,
        at: At,
        variables: &mut Variables,
    ) -> bool {
        match inner {
            Inner::Text(text, options) => {
                let options = options.unwrap_or(self.frame.options);
                self.text_inside(&text, options, outcome, at, variables)
            }
            Inner::File { path, arguments, options, taken_in } => {
                self.file_inside(&path, &arguments, options, taken_in, outcome, at, variables)
            }
            Inner::Make { directory, file, targets, given } => {
                self.make_inside(directory, file, &targets, &given, outcome, at, variables)
            }
            Inner::Task(asked) => self.task_inside(&asked, outcome, at, variables),
            Inner::Taken(index, call) => {
                let Some(file) = self.frame.files.get(index) else { return false };
                let text = format!("{}\n{call}\n", file.text);
                let all = Scalar { text: text.clone(), position: START, style: Style::Literal };
                let options = self.frame.options;
                self.read_inside(&text, index, options, outcome, at, variables, &|offset| {
                    place_in(&all, offset)
                })
            }
            Inner::Remote(text) => {
                let mut far = variables.clone();
                let before = self.done.acts.len();
                self.text_inside(&text, Options::default(), outcome, at, &mut far);
                let acts = self.done.acts.split_off(before.min(self.done.acts.len()));
                if acts.iter().any(|a| a.stage != Stage::Digest) {
                    let what = Stage::Deviation("a shell on another machine".to_owned());
                    self.done.acts.push(Act::new(what, at));
                }
                true
            }
            Inner::Input(what) => {
                self.opaque(what, outcome, at);
                false
            }
        }
    }

    /// What a command runs, if that is a script or may be one.
    pub(super) fn what_runs(
        &self,
        script: &Script,
        command: &Command,
        words: &[String],
        variables: &Variables,
    ) -> Option<Inner> {
        let plain = tool::without_wrappers(words);
        let (program, arguments) = plain.split_first()?;
        let name = program.rsplit('/').next().unwrap_or_default();
        let raw = || -> Vec<String> {
            let all: Vec<String> = command.words.iter().map(|w| self.unquoted(w, variables)).collect();
            let start = all.iter().position(|w| w.rsplit('/').next() == Some(name));
            all.get(start.map_or(all.len(), |s| s + 1)..).unwrap_or_default().to_vec()
        };
        if let Some(index) = self.taken_from(program) {
            let quoted = arguments.iter().map(|a| format!(" \"{}\"", a.replace('"', "\\\"")));
            return Some(Inner::Taken(index, format!("{program}{}", quoted.collect::<String>())));
        }
        match name {
            "eval" => Some(Inner::Text(variables.expand(&raw().join(" ")), None)),
            "ssh" => {
                let rest = raw();
                let text =
                    rest.iter().skip_while(|w| w.starts_with('-')).skip(1).cloned().collect::<Vec<_>>();
                let text = text.join(" ");
                Some(Inner::Remote(if text.is_empty() {
                    self.input(script, command, variables)?
                } else {
                    text
                }))
            }
            "make" | "gmake" => Some(make(arguments)),
            // A text for a shell of another user, group or terminal.
            "su" | "sg" | "script" | "runuser" => {
                let rest = raw();
                let is_text = |w: &String| w.starts_with('-') && !w.starts_with("--") && w.ends_with('c');
                let at = rest.iter().position(is_text)?;
                let text = rest.get(at + 1)?;
                let text = if text.starts_with('$') { variables.expand(text) } else { text.clone() };
                Some(Inner::Text(text, Some(Options::default())))
            }
            // At the end of the script, or when a command fails.
            "trap" => {
                let text = raw().into_iter().find(|w| !w.starts_with('-'))?;
                text.contains("docker").then_some(Inner::Text(text, None))
            }
            "npm" | "yarn" | "pnpm" | "just" | "task" | "go-task" | "docker" => {
                runner::asked(name, arguments).map(Inner::Task)
            }
            "source" | "." => Some(Inner::File {
                path: arguments.first()?.clone(),
                arguments: arguments.get(1..).unwrap_or_default().to_vec(),
                options: None,
                taken_in: true,
            }),
            _ if SHELLS.contains(&name) => self.of_shell(script, command, name, &raw(), arguments, variables),
            _ if unread::is_interpreter(name) => {
                let text = self.input(script, command, variables).unwrap_or_default();
                let is_about_images = raw().iter().chain([&text]).any(|w| w.contains("docker"));
                let file = unread::file_of(arguments).filter(|file| !file.contains("test"));
                let of_file = file.map(|file| Inner::Input(format!("{name} {file}")));
                of_file.or_else(|| is_about_images.then(|| Inner::Input(name.to_owned())))
            }
            // Programs of a language, and what its tools put beside the sources.
            _ if tool::is_build_tool(name) || is_of_language(program) => None,
            _ if name.ends_with(".sh") || program.starts_with("./") || is_relative(program) => {
                Some(Inner::File {
                    path: program.clone(),
                    arguments: arguments.to_vec(),
                    options: None,
                    taken_in: false,
                })
            }
            _ if program.starts_with(['$', '`']) => Some(Inner::Input(program.clone())),
            _ => None,
        }
    }

    /// The file that was taken in and defines a function.
    fn taken_from(&self, name: &str) -> Option<usize> {
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let defines = |index: &&usize| {
            let text = self.frame.files.get(**index).map(|f| f.text.as_str()).unwrap_or_default();
            let is_head = |line: &str| {
                let line = line.trim_start();
                let line = line.strip_prefix("function ").unwrap_or(line);
                line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['(', '{']))
            };
            text.lines().any(is_head)
        };
        self.sourced.iter().filter(|_| is_name).find(defines).copied()
    }

    /// `bash -c TEXT`, `bash FILE`, `bash < INPUT`.
    fn of_shell(
        &self,
        script: &Script,
        command: &Command,
        name: &str,
        raw: &[String],
        arguments: &[String],
        variables: &Variables,
    ) -> Option<Inner> {
        let mut options = Options::default();
        let (mut is_text, mut at) = (false, 0);
        while let Some(word) = raw.get(at).filter(|w| w.starts_with(['-', '+']) && w.len() > 1) {
            let takes_value =
                SHELL_VALUES.contains(&word.as_str()) || word.ends_with('o') && !word.starts_with("--");
            let end = at + 1 + usize::from(takes_value);
            options.set(raw.get(at..end.min(raw.len())).unwrap_or_default());
            is_text |= !word.starts_with("--") && word.contains('c');
            if word == "--version" {
                return None;
            }
            at = end;
        }
        match raw.get(at) {
            Some(text) if is_text => {
                // The text of a variable has its quotes taken out already.
                let text = if text.starts_with('$') { variables.expand(text) } else { text.clone() };
                Some(if text.starts_with(['$', '`']) {
                    Inner::Input(format!("{name} -c"))
                } else {
                    Inner::Text(text, Some(options))
                })
            }
            Some(_) => {
                let path = arguments.get(at).or_else(|| arguments.last())?.clone();
                let arguments = arguments.get(at + 1..).unwrap_or_default().to_vec();
                Some(Inner::File { path, arguments, options: Some(options), taken_in: false })
            }
            None => Some(match self.input(script, command, variables) {
                Some(text) => Inner::Text(text, Some(options)),
                None => Inner::Input(format!("{name} with its input")),
            }),
        }
    }

    /// A word without the quotes around it.
    fn unquoted(&self, word: &Word, variables: &Variables) -> String {
        let written = self.written(word);
        let inside = |quote: char| {
            let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.contains(quote) || quote == '"').then_some(inner)
        };
        if let Some(inner) = inside('\'') {
            return inner.to_owned();
        }
        match inside('"') {
            Some(inner) => inner.replace("\\\"", "\"").replace("\\$", "$"),
            None => variables.expand(&written.replace(['"', '\''], "")),
        }
    }

    /// What a command is given to read, if the script says it: a here-document, or what an `echo` before it writes.
    pub(super) fn input(&self, script: &Script, command: &Command, variables: &Variables) -> Option<String> {
        use RedirectionOperator::{HereDocument, HereDocumentTabs, HereString};
        for redirection in &command.redirections {
            match redirection.operator {
                HereDocument | HereDocumentTabs => {
                    let body = redirection.body.as_ref()?;
                    return Some(self.written(body).replace("\\$", "$"));
                }
                HereString => return Some(self.unquoted(&redirection.target, variables)),
                _ => {}
            }
        }
        let index = script.commands.partition_point(|c| c.range.start < command.range.start);
        let writer = script.commands.get(index.checked_sub(1)?)?;
        if script.reader_of(index - 1) != Some(index) {
            return None;
        }
        match writer.program().as_deref() {
            Some("echo" | "printf") => {
                let words: Vec<String> =
                    writer.words.iter().skip(1).map(|w| self.unquoted(w, variables)).collect();
                if writer.program().as_deref() == Some("printf") {
                    return Some(exports::formatted(&words).join("\n").replace("\\n", "\n"));
                }
                let words = words.into_iter().filter(|w| !matches!(w.as_str(), "-e" | "-n"));
                Some(words.collect::<Vec<_>>().join(" "))
            }
            Some("cat") if writer.words.len() == 1 => self.input(script, writer, variables),
            _ => None,
        }
    }

    fn text_inside(
        &mut self,
        text: &str,
        options: Options,
        outcome: CommandOutcome,
        at: At,
        variables: &mut Variables,
    ) -> bool {
        self.read_inside(text, at.file, options, outcome, at, variables, &|_| at.position)
    }

    #[allow(clippy::too_many_arguments)]
    fn read_inside(
        &mut self,
        text: &str,
        file: usize,
        options: Options,
        outcome: CommandOutcome,
        at: At,
        variables: &mut Variables,
        place: &dyn Fn(usize) -> Position,
    ) -> bool {
        if self.frame.depth >= MAX_DEPTH || !self.frame.budget.takes_inner() {
            self.opaque("a script inside others".to_owned(), outcome, at);
            self.done.unread.push(("a script inside others".to_owned(), at));
            return false;
        }
        let directory = self.directory.clone();
        let secrets = self.secrets.clone();
        let frame = Frame {
            file,
            options,
            directory: &directory,
            secrets: &secrets,
            is_file: file != self.frame.file || self.frame.is_file,
            depth: self.frame.depth + 1,
            ..self.frame
        };
        let done = command::read_script(text, frame, variables, place);
        for mut act in done.acts {
            let inner = CommandOutcome {
                reach: if act.conditional { Reach::Sometimes } else { Reach::Always },
                failure: act.failure,
            };
            let both = outcome.around(inner);
            (act.conditional, act.failure) = (both.reach != Reach::Always, both.failure);
            self.done.acts.push(act);
        }
        self.done.opaque.extend(done.opaque);
        self.done.exposures.extend(done.exposures);
        self.done.unread.extend(done.unread);
        self.done.wanted.extend(done.wanted);
        self.done.called.extend(done.called);
        self.done.outputs.extend(done.outputs);
        self.done.exports.extend(done.exports);
        true
    }

    #[allow(clippy::too_many_arguments)]
    fn file_inside(
        &mut self,
        path: &str,
        arguments: &[String],
        options: Option<Options>,
        taken_in: bool,
        outcome: CommandOutcome,
        at: At,
        variables: &mut Variables,
    ) -> bool {
        let Some((index, text)) = self.file(path) else {
            self.opaque(path.to_owned(), outcome, at);
            return false;
        };
        let own = Options::of_script(&text);
        let options = match (taken_in, options) {
            (true, _) => self.frame.options,
            (_, Some(given)) => given,
            _ => own,
        };
        self.done.called.insert(index);
        if taken_in {
            self.sourced.push(index);
        }
        let before = variables.arguments();
        if !arguments.is_empty() || !taken_in {
            variables.set_arguments(arguments);
        }
        let all = Scalar { text: text.clone(), position: START, style: Style::Literal };
        let mut own = variables.clone();
        let is_read =
            self.read_inside(&text, index, options, outcome, at, &mut own, &|offset| place_in(&all, offset));
        if taken_in {
            *variables = own;
        }
        variables.set_arguments(&before);
        is_read
    }

    /// A file of the surface by its path; one that is not there is wanted.
    pub(super) fn file(&mut self, path: &str) -> Option<(usize, String)> {
        let whole = joined(&self.directory, path);
        let is_it = |f: &super::surface::BuildFile| {
            f.called_as.as_deref() == Some(whole.as_str())
                || f.called_as.is_none() && (f.name == whole || f.name.ends_with(&format!("/{whole}")))
        };
        let mut files = self.frame.files.iter().enumerate();
        let found = files.find(|(_, f)| matches!(f.content, Content::Script) && is_it(f));
        if found.is_none() && !whole.starts_with(['/', '~', '$', '`']) && !whole.starts_with("..") {
            self.done.wanted.push(whole);
        }
        found.map(|(index, f)| (index, f.text.clone()))
    }

    #[allow(clippy::too_many_arguments)]
    fn make_inside(
        &mut self,
        directory: Option<String>,
        file: Option<String>,
        targets: &[String],
        given: &[(String, String)],
        outcome: CommandOutcome,
        at: At,
        variables: &mut Variables,
    ) -> bool {
        let outer = self.directory.clone();
        if let Some(directory) = directory {
            self.directory = joined(&outer, &directory);
        }
        let names = match file {
            Some(file) => vec![file],
            None => ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec(),
        };
        let found = names.iter().find_map(|name| self.file(name));
        let script = found.and_then(|(index, text)| {
            Some((index, makefile::script(&text, targets, given, &|name| variables.is_set(name))?))
        });
        let is_read = match script {
            Some((index, script)) => {
                self.done.called.insert(index);
                let options = Options { errexit: true, ..Options::default() };
                self.text_inside(&script, options, outcome, at, &mut variables.clone())
            }
            None => {
                self.opaque("make".to_owned(), outcome, at);
                false
            }
        };
        self.directory = outer;
        is_read
    }

    fn task_inside(
        &mut self,
        asked: &runner::Asked,
        outcome: CommandOutcome,
        at: At,
        variables: &mut Variables,
    ) -> bool {
        let outer = self.directory.clone();
        if let Some(directory) = &asked.directory {
            self.directory = joined(&outer, directory);
        }
        let found: Vec<(usize, String)> = asked.files.iter().filter_map(|name| self.file(name)).collect();
        let (indexes, texts): (Vec<usize>, Vec<String>) = found.into_iter().unzip();
        let is_read = match asked.script(&texts) {
            Some(script) => {
                self.done.called.extend(indexes);
                let options = Options { errexit: true, ..Options::default() };
                self.text_inside(&script, options, outcome, at, &mut variables.clone())
            }
            None => false,
        };
        self.directory = outer;
        is_read
    }
}

/// A program in another language than the shell's, or one that its package manager put there.
fn is_of_language(program: &str) -> bool {
    let endings = [".py", ".js", ".mjs", ".ts", ".rb", ".pl", ".php"];
    let places = ["node_modules/", "venv/bin/", "vendor/bin/", ".tox/"];
    endings.iter().any(|e| program.ends_with(e)) || places.iter().any(|p| program.contains(p))
}

/// A path with a directory, and no program of the system.
fn is_relative(program: &str) -> bool {
    program.contains('/') && !program.starts_with(['/', '~', '$', '@', '`']) && !program.contains("${{")
}

/// Whether an option of make keeps it from running commands, or from ending when one of them fails: `-n`, `-i`.
/// <https://www.gnu.org/software/make/manual/html_node/Options-Summary.html>
fn is_idle(option: &str) -> bool {
    let long = ["--dry-run", "--just-print", "--recon", "--question", "--touch", "--ignore-errors"];
    let flags = option
        .strip_prefix('-')
        .filter(|f| !f.is_empty() && f.chars().all(|c| "bBdeikLmnpqrRsStvw".contains(c)));
    long.contains(&option) || flags.is_some_and(|f| f.contains(['i', 'n', 'q', 't']))
}

fn make(arguments: &[String]) -> Inner {
    let (mut directory, mut file, mut targets, mut given) = (None, None, Vec::new(), Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-C" | "--directory" => directory = words.next().cloned(),
            "-f" | "--file" | "--makefile" => file = words.next().cloned(),
            "-j" | "-o" | "-W" => {}
            option if option.starts_with("--directory=") => {
                directory = option.split_once('=').map(|(_, d)| d.to_owned());
            }
            // It runs nothing, or lets every failure pass.
            option if is_idle(option) => return Inner::Input(format!("make {option}")),
            option if option.starts_with('-') => {}
            other => match other.split_once('=') {
                Some((name, value)) => given.push((name.trim_end_matches(':').to_owned(), value.to_owned())),
                None => targets.push(other.to_owned()),
            },
        }
    }
    Inner::Make { directory, file, targets, given }
}
