//! Whether an image can be started the way the contract says, by looking alone: nothing of it is run.

mod account;
pub(crate) mod cli;
pub(crate) mod filesystem;
pub(crate) mod machine;
pub(crate) mod node;
pub(crate) mod options;
mod program;
pub(crate) mod python;
mod shells;

use std::rc::Rc;
use std::sync::OnceLock;

use super::ExaminedImage;
use crate::finding::{CheckStatus, EntrypointRow, Judgement, NotChecked};
use seaworthy_image::layer::Wanted;
use seaworthy_source::{Origin, OriginKind, Place, Position, escape_bytes};

use account::Account;
use filesystem::Filesystem;
use machine::Machine;

/// A way in which the contract says that the image is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrypoint {
    /// Where the contract says so.
    pub position: Position,
    /// Its name there.
    pub handle: String,
    /// The command.
    pub command: Vec<String>,
    /// Options that it must know.
    pub required_args: Vec<String>,
    /// Options that it may be given, and must know, too.
    pub optional_args: Vec<String>,
    /// The directory that it starts in; the image's own if there is none.
    pub working_dir: Option<String>,
    /// The user that it runs as; the image's own if there is none.
    pub user: Option<String>,
    /// Arguments with which it can be run for a trial; nothing if it is not to be.
    pub dry_run: Option<Vec<String>>,
    /// A directory of the machine that a trial run gets, read-only.
    pub fixtures: Option<std::path::PathBuf>,
    /// Whether the arguments are given when its task is started.
    pub args_at_start: bool,
    /// Why no task definition runs it, if none does.
    pub unused: Option<String>,
}

impl Entrypoint {
    /// The command as a report names it: one line, not too long.
    pub(crate) fn shown(&self) -> String {
        const MAX_CHARS: usize = 200;
        let whole = self.command.join(" ");
        let mut short: String = whole.chars().take(MAX_CHARS).collect();
        if short.len() < whole.len() {
            short.push('…');
        }
        escape_bytes(short.as_bytes())
    }
}

/// One image, and how it is started.
pub struct Startup<'a> {
    /// The image.
    pub image: &'a ExaminedImage,
    /// The ways to start it.
    pub entrypoints: &'a [Entrypoint],
    filesystem: Result<Filesystem<'a>, String>,
    judged: OnceLock<Vec<Judged>>,
}

/// What looking at an entrypoint gave.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What it starts, or why it does not.
    pub(crate) started: Result<Started, Fault>,
    /// What keeps it from starting although it is there, such as an import.
    pub(crate) problems: Vec<python::Problem>,
    /// What its program has against the contract's row; nothing if it takes it.
    pub(crate) refusals: Vec<cli::Refusal>,
    /// Why what its program takes is not known, if it is not and is asked for.
    pub(crate) unknown: Option<String>,
    /// Why it is not known whether programs start that a script runs before its last one.
    pub(crate) unclear: Vec<String>,
    /// The file of the program, for reports.
    pub(crate) file: Option<Vec<u8>>,
}

impl Judged {
    /// What it comes to, and the first reason if that is no pass.
    fn result(&self) -> (CheckStatus, Option<String>) {
        let broken = match &self.started {
            Err(Fault::Broken(what)) => Some(what),
            _ => None,
        };
        let certain = self.problems.iter().filter(|p| p.is_certain).map(|p| &p.what);
        let refused = self.refusals.iter().filter(|r| r.is_certain).map(|r| &r.what);
        let clean = |text: &String| escape_bytes(text.as_bytes());
        if let Some(reason) = broken.into_iter().chain(certain).chain(refused).next() {
            return (CheckStatus::Fail, Some(clean(reason)));
        }
        let unclear = match &self.started {
            Err(Fault::Unclear(reason)) => Some(reason),
            _ => self.unknown.as_ref(),
        };
        let open = self.problems.iter().map(|p| &p.what).chain(self.refusals.iter().map(|r| &r.what));
        match unclear.into_iter().chain(&self.unclear).chain(open).next() {
            Some(reason) => (CheckStatus::NotChecked, Some(clean(reason))),
            None => (CheckStatus::Pass, None),
        }
    }
}

impl Judged {
    /// Looks at a program of Python.
    fn python(&mut self, machine: &Machine<'_>, script: &python::Script, entrypoint: &Entrypoint) {
        let filesystem = machine.filesystem;
        self.file = Some(script.file.clone());
        let row = cli::Row::of(entrypoint, &script.arguments);
        self.refusals.extend(row.dropped(entrypoint));
        if let Some(served) = python::served(machine, script) {
            self.problems = served.problems;
            return self.take(&served.interface, &row, entrypoint, &script.arguments);
        }
        let modules = python::load(machine, script);
        self.problems = python::check(machine, &modules, script);
        if let Some(managed) = python::managed(machine, script, &modules) {
            self.problems.extend(managed.problems);
            match managed.reading {
                cli::Reading::Known(interface) => self.take(&interface, &row, entrypoint, &script.arguments),
                cli::Reading::Unknown(reason) | cli::Reading::Nothing(reason) => self.unknown = Some(reason),
            }
            return;
        }
        let is_set = |name: &str| machine.variable(name).is_some();
        let (reading, endings) = python::interface(filesystem, &modules, script, &is_set);
        let ends = endings.iter().any(|e| e.is_certain);
        self.problems.extend(endings);
        match reading {
            // What ends before it reads its arguments refuses none.
            _ if ends => {}
            // It looked at the words of the row alone.
            cli::Reading::Known(interface)
                if interface.takes_unknown
                    && interface.parameters.is_empty()
                    && (!entrypoint.optional_args.is_empty() || entrypoint.dry_run.is_some()) =>
            {
                let what =
                    "it reads its arguments itself; optional ones and those of a dry run were not tried";
                self.unknown = Some(what.to_owned());
            }
            cli::Reading::Known(interface) => {
                // Whose arguments are parsed does something.
                self.problems.retain(|p| !python::says_idle(p));
                self.take(&interface, &row, entrypoint, &script.arguments);
            }
            cli::Reading::Unknown(reason) => self.unknown = Some(reason),
            cli::Reading::Nothing(reason) if !row.is_empty() => self.unknown = Some(reason),
            cli::Reading::Nothing(_) => {}
        }
    }

    /// Judges the rows of an entrypoint by the interface of its program.
    fn take(
        &mut self,
        interface: &cli::Interface,
        row: &cli::Row,
        entrypoint: &Entrypoint,
        arguments: &[String],
    ) {
        let whole = |row: &cli::Row| match &self.file {
            Some(file) if interface.is_given_program => row.after(file),
            _ => row.clone(),
        };
        if self.refusals.is_empty() {
            self.refusals = cli::refusals(interface, &whole(row));
        }
        if let Some(more) = &entrypoint.dry_run {
            let row = cli::Row::of_words(entrypoint, arguments, more);
            // What comes after the arguments was looked at for the row.
            let interface = cli::Interface { endings: Vec::new(), ..interface.clone() };
            let more = cli::refusals(&interface, &whole(&row));
            self.refusals.extend(more.into_iter().map(|mut r| {
                r.what = format!("in a dry run {}", r.what);
                r
            }));
        }
    }
}

/// Bytes of stack for the walks over code: trees may be as deep as a file is long.
const STACK: usize = 256 << 20;

impl<'a> Startup<'a> {
    /// Puts the image's final filesystem together. `overflow` names wanted files that were left out for lack of
    /// room.
    pub fn new(image: &'a ExaminedImage, entrypoints: &'a [Entrypoint], overflow: Option<&str>) -> Self {
        Self { image, entrypoints, filesystem: Filesystem::new(image, overflow), judged: OnceLock::new() }
    }

    /// What looking at each entrypoint gave, in the contract's order.
    pub(crate) fn judged(&self) -> &[Judged] {
        self.judged.get_or_init(|| {
            let judge = || {
                let parsed = Rc::default();
                self.entrypoints.iter().map(|e| self.judge(e, &parsed)).collect::<Vec<_>>()
            };
            std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, judge);
                let result = thread.map(std::thread::ScopedJoinHandle::join);
                let failed = |reason: String| {
                    let one = |_| Judged {
                        started: Err(Fault::Unclear(reason.clone())),
                        problems: Vec::new(),
                        refusals: Vec::new(),
                        unknown: None,
                        unclear: Vec::new(),
                        file: None,
                    };
                    self.entrypoints.iter().map(one).collect()
                };
                match result {
                    Ok(Ok(judged)) => judged,
                    Ok(Err(_)) => failed("looking at its code failed".to_owned()),
                    Err(error) => failed(format!("a thread to look at its code cannot be started: {error}")),
                }
            })
        })
    }

    fn judge<'s>(&'s self, entrypoint: &Entrypoint, parsed: &Rc<python::Parsed<'s>>) -> Judged {
        let mut judged = Judged {
            started: Err(Fault::Unclear(String::new())),
            problems: Vec::new(),
            refusals: Vec::new(),
            unknown: None,
            unclear: Vec::new(),
            file: None,
        };
        let machine = match self.machine(entrypoint, Rc::clone(parsed)) {
            Ok(machine) => machine,
            Err(fault) => {
                judged.started = Err(fault);
                return judged;
            }
        };
        let words = self.command(entrypoint).into_iter().chain(cli::given(entrypoint)).collect::<Vec<_>>();
        judged.started = machine.enterable().and_then(|()| machine.start(&words, 0));
        judged.unclear = machine.unclear();
        match &judged.started.clone() {
            Ok(Started::Python(script)) => judged.python(&machine, script, entrypoint),
            Ok(Started::Script { file, language, arguments }) => {
                judged.file = Some(file.clone());
                if *language == "JavaScript" {
                    judged.problems = node::check(
                        machine.filesystem,
                        file,
                        &node::Loader::of(&machine, &entrypoint.command),
                    );
                }
                let source = options::Source::file(machine.filesystem, file);
                let row = cli::Row::of(entrypoint, arguments);
                judged.refusals.extend(row.dropped(entrypoint));
                judged.unknown = source.unknown(&row, language);
            }
            Ok(Started::Program { what, has_words }) => {
                if *has_words && entrypoint.required_args.is_empty() && entrypoint.optional_args.is_empty() {
                    judged.unknown =
                        Some(format!("what {what} does with its words cannot be seen without running it"));
                } else if !(entrypoint.required_args.is_empty() && entrypoint.optional_args.is_empty()) {
                    judged.unknown = Some(format!("the options of {what} cannot be seen without running it"));
                }
            }
            Err(_) => {}
        }
        judged
    }

    /// The matrix: a row for each entrypoint, as looking at it gave it.
    pub fn rows(&self) -> Vec<EntrypointRow> {
        let row = |(entrypoint, judged): (&Entrypoint, &Judged)| {
            let (status, reason) = judged.result();
            EntrypointRow {
                handle: entrypoint.handle.clone(),
                command: entrypoint.shown(),
                platform: self.image.image.platform.clone(),
                judged: vec![Judgement::Static],
                status,
                reason,
            }
        };
        self.entrypoints.iter().zip(self.judged()).map(row).collect()
    }

    /// An origin that is a file of the image.
    pub(crate) fn file_origin(&self, path: &[u8]) -> Origin {
        match &self.filesystem {
            Ok(filesystem) => filesystem.origin(self.image, path),
            Err(_) => self.origin(OriginKind::Artifact),
        }
    }

    /// An origin that is a line of a file of the image.
    pub(crate) fn line_origin(&self, path: &[u8], line: u32) -> Origin {
        let place = Place::Text { position: Position { line: line.max(1), column: 1 }, offset: 0 };
        Origin { place, ..self.file_origin(path) }
    }

    /// What runs in the image, for an entrypoint.
    fn machine<'s>(
        &'s self,
        entrypoint: &Entrypoint,
        parsed: Rc<python::Parsed<'s>>,
    ) -> Result<Machine<'s>, Fault> {
        let filesystem = self.filesystem.as_ref().map_err(|reason| Fault::Unclear(reason.clone()))?;
        let user = self.image.image.config.value.pointer("/config/User").and_then(serde_json::Value::as_str);
        let user = entrypoint.user.as_deref().or(user);
        let account = Account::of(filesystem, user.unwrap_or_default())?;
        Ok(Machine::new(filesystem, self.image, entrypoint.working_dir.as_deref(), account, parsed))
    }

    /// The words that are run: those of the contract, after the image's own entrypoint if they begin with an option.
    pub(crate) fn command(&self, entrypoint: &Entrypoint) -> Vec<String> {
        let own = self.image.image.config.value.pointer("/config/Entrypoint");
        let own = own.and_then(serde_json::Value::as_array).into_iter().flatten();
        let own = own.filter_map(|w| w.as_str().map(str::to_owned));
        let alone = !entrypoint.command.first().is_some_and(|w| w.starts_with('-'));
        let mut words: Vec<String> = if alone { Vec::new() } else { own.collect() };
        words.extend(entrypoint.command.iter().cloned());
        words
    }

    pub(crate) fn origin(&self, kind: OriginKind) -> Origin {
        Origin {
            platform: self.image.image.platform.clone(),
            ..Origin::new(kind, self.image.image.name.clone())
        }
    }

    pub(crate) fn not_checked(
        &self,
        entrypoint: &Entrypoint,
        check: &'static str,
        reason: &str,
    ) -> NotChecked {
        NotChecked::new(
            self.origin(OriginKind::Artifact),
            format!("entrypoint {} ({})", entrypoint.handle, entrypoint.shown()),
            escape_bytes(reason.as_bytes()),
            vec![check],
        )
    }
}

/// Why an entrypoint does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It cannot: what is wrong.
    Broken(String),
    /// It cannot be told: why.
    Unclear(String),
}

/// What an entrypoint comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// A Python module or script.
    Python(python::Script),
    /// A script in another language.
    Script { file: Vec<u8>, language: &'static str, arguments: Vec<String> },
    /// A program whose inside is not looked at, and whether it is given words of which only it knows what they do.
    Program { what: String, has_words: bool },
}

/// The files whose content the questions need: those that the commands name, all code of the project's own, and the
/// packages of libraries that the commands run.
pub fn wanted(entrypoints: &[Entrypoint]) -> Wanted {
    let mut wanted = Wanted { own_code: true, ..Wanted::default() };
    wanted.names.extend([b"passwd".to_vec(), b"group".to_vec()]);
    for entrypoint in entrypoints {
        // A script in one word holds the commands that it runs.
        let words = entrypoint
            .command
            .iter()
            .flat_map(|w| w.split(|c: char| c.is_whitespace() || ";&|'\"".contains(c)));
        let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
        for (i, word) in words.iter().enumerate() {
            let name = word.rsplit('/').next().unwrap_or_default();
            // What kind of modules its files are, and what its packages export.
            let is_node = matches!(name, "node" | "nodejs" | "npm" | "yarn" | "pnpm" | "npx");
            if is_node || [".js", ".mjs", ".cjs"].iter().any(|end| name.ends_with(end)) {
                wanted.names.insert(b"package.json".to_vec());
            }
            if !name.is_empty() && !word.starts_with('-') {
                wanted.names.insert(name.as_bytes().to_vec());
            }
            let after = i.checked_sub(1).and_then(|i| words.get(i)).copied();
            if after == Some("-m") {
                let package = word.split('.').next().unwrap_or_default();
                wanted.packages.insert(package.as_bytes().to_vec());
                wanted.names.insert(format!("{package}.py").into_bytes());
            }
            // A console script mostly has its package's name, or begins with it.
            if !word.contains('/') && !word.starts_with('-') {
                let whole = word.replace('-', "_");
                let head = whole.split('_').next().unwrap_or_default().to_owned();
                wanted.packages.extend([whole, head].map(String::into_bytes));
            }
        }
    }
    wanted
}
