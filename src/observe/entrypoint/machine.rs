//! Finds what a command runs, as the kernel and `execvp` would in a container: PATH, links, permission bits, ELF
//! headers and `#!` lines.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use object::elf;

use super::account::{Access, Account, Refused};
use super::filesystem::{Content, Filesystem};
use super::{Fault, Started, node, program, python, shells};
use crate::observe::{ExaminedImage, environment};
use seaworthy_image::TreeNode;
use seaworthy_source::LayerPath;

/// The PATH of a container whose image sets none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How many programs may run each other.
const MAX_STEPS: u8 = 8;

/// How many programs one command may run in all.
const MAX_PROGRAMS: u32 = 2_000;

/// Marks a word that is not known: it stands at its beginning, or at the end of an option of the contract, of which
/// only the values are not known.
const UNKNOWN: char = '\u{1}';

/// What a command runs in.
#[derive(Clone)]
pub(crate) struct Machine<'a> {
    pub(crate) filesystem: &'a Filesystem<'a>,
    /// The directory it starts in.
    pub(crate) directory: String,
    /// Whom it runs as.
    pub(crate) account: Account,
    path: Vec<String>,
    environment: Vec<(String, String)>,
    architecture: String,
    /// Why it is not known whether programs start that a script runs before its last one.
    unclear: Rc<RefCell<Vec<String>>>,
    /// How many programs were run.
    programs: Rc<Cell<u32>>,
    /// The modules of Python that were parsed, for the machines of all entrypoints.
    pub(crate) parsed: Rc<python::Parsed<'a>>,
}

/// A program that was found.
pub(crate) struct Found<'a> {
    /// Its path as it was asked for.
    pub(crate) path: Vec<u8>,
    /// Its path with all links followed.
    pub(crate) real: Vec<u8>,
    pub(crate) content: Content<'a>,
    mode: u32,
}

/// What musl calls machines in the name of its loader.
const MUSL_MACHINES: [&str; 7] = ["x86_64", "aarch64", "armhf", "i386", "powerpc64le", "s390x", "riscv64"];
/// What musl's loader is itself, whatever files there are: `load_library` in musl's `ldso/dynlink.c`. Images with
/// gcompat have programs for glibc that ask for the same.
const MUSL_LIBRARIES: [&[u8]; 8] =
    [b"libc.", b"libm.", b"libpthread.", b"libdl.", b"librt.", b"libutil.", b"libcrypt.", b"libxnet."];
/// Libraries of graphics drivers, which are no part of an image.
const DRIVERS: [&[u8]; 2] = [b"libcuda.so", b"libnvidia-"];

impl<'a> Machine<'a> {
    pub(crate) fn new(
        filesystem: &'a Filesystem<'a>,
        image: &'a ExaminedImage,
        directory: Option<&str>,
        account: Account,
        parsed: Rc<python::Parsed<'a>>,
    ) -> Self {
        let environment = environment(image).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let own = image.image.config.value.pointer("/config/WorkingDir").and_then(serde_json::Value::as_str);
        let directory = directory.or(own).filter(|f| !f.is_empty()).unwrap_or("/").to_owned();
        let platform = image.image.platform.as_deref().unwrap_or_default();
        let architecture = platform.split('/').nth(1).unwrap_or_default().to_owned();
        let unclear = Rc::default();
        let (path, programs) = (Vec::new(), Rc::default());
        let mut machine = Self {
            filesystem,
            directory,
            account,
            architecture,
            environment,
            path,
            unclear,
            programs,
            parsed,
        };
        machine.find_path();
        machine
    }

    /// The directories that programs are looked for in, by the environment.
    fn find_path(&mut self) {
        let path = self.variable("PATH").unwrap_or(DEFAULT_PATH);
        self.path = path.split(':').map(str::to_owned).collect();
    }

    /// What names of Python's compiled modules call the processor.
    pub(crate) fn extension_machine(&self) -> Option<&'static str> {
        match self.architecture.as_str() {
            "amd64" => Some("x86_64-"),
            "arm64" => Some("aarch64-"),
            _ => None,
        }
    }

    /// Notes why it is not known whether a program starts that a script runs before its last one.
    pub(crate) fn note_unclear(&self, reason: String) {
        let mut unclear = self.unclear.borrow_mut();
        if !unclear.contains(&reason) {
            unclear.push(reason);
        }
    }

    /// What was noted by [`Machine::note_unclear`].
    pub(crate) fn unclear(&self) -> Vec<String> {
        self.unclear.borrow().clone()
    }

    /// A variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The names of all variables of the environment.
    pub(crate) fn variables(&self) -> std::collections::BTreeSet<String> {
        self.environment.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Gives a variable a value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
        if name == "PATH" {
            self.find_path();
        }
    }

    /// Takes a variable out of the environment.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.retain(|(n, _)| n != name);
        self.find_path();
    }

    /// The variables that have another value than in another state of the same machine.
    pub(crate) fn changed_since(&self, other: &Self) -> Vec<String> {
        let mut names: Vec<&String> = self.environment.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().filter(|name| self.variable(name) != other.variable(name)).cloned().collect()
    }

    /// A word of which only a name is known.
    pub(crate) fn unknown(name: &str) -> String {
        format!("{UNKNOWN}{}", name.trim_matches(UNKNOWN))
    }

    /// An option of the contract, with whatever values it has.
    pub(crate) fn option(name: &str) -> String {
        format!("{name}{UNKNOWN}")
    }

    /// Whether a word is not known, or not with all that belongs to it.
    pub(crate) fn is_unknown(word: &str) -> bool {
        word.contains(UNKNOWN)
    }

    /// The name of an option of the contract; any other word as it is.
    pub(crate) fn option_of(word: &str) -> &str {
        if word.starts_with('-') { word.trim_end_matches(UNKNOWN) } else { word }
    }

    /// Why the user of the container cannot read a file, if it cannot.
    pub(crate) fn readable(&self, path: &[u8]) -> Result<(), Fault> {
        self.account
            .refused(self.filesystem, Access::Read, path)
            .map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// Why the container cannot be started whatever it runs, if it cannot.
    pub(crate) fn enterable(&self) -> Result<(), Fault> {
        let path = self.absolute(".");
        if !self.filesystem.tree.is_directory(&path) {
            // The runtime makes it.
            return Ok(());
        }
        let refused = self.account.refused(self.filesystem, Access::Execute, &path);
        let told = |refusal: Refused| refusal.told(|why| format!("it starts in {}: {why}", self.directory));
        refused.map_or(Ok(()), |refusal| Err(told(refusal).into()))
    }

    /// Gives a shell the words that its script is run with: `$0`, `$1` and so on.
    pub(crate) fn set_words(&mut self, zero: Option<&str>, words: &[String]) {
        self.environment.retain(|(name, _)| !name.starts_with(|c: char| c.is_ascii_digit()));
        self.environment.extend(zero.map(|z| ("0".to_owned(), z.to_owned())));
        let numbered = words.iter().enumerate().map(|(i, w)| ((i + 1).to_string(), w.clone()));
        self.environment.extend(numbered);
    }

    /// A path as the command sees it: below its directory unless absolute.
    pub(crate) fn absolute(&self, path: &str) -> Vec<u8> {
        let whole =
            if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.directory) };
        LayerPath::clean(whole.as_bytes()).as_bytes().to_vec()
    }

    /// What a command runs.
    pub(crate) fn start(&self, words: &[String], steps: u8) -> Result<Started, Fault> {
        self.programs.set(self.programs.get().saturating_add(1));
        if steps > MAX_STEPS || self.programs.get() > MAX_PROGRAMS {
            return Err(Fault::Unclear("more programs run each other than are followed".to_owned()));
        }
        match self.run(words, steps) {
            Err(Fault::Broken(what)) if Self::is_unknown(&what) => {
                Err(Fault::Unclear("what its shell runs in the end is known only when it runs".to_owned()))
            }
            other => other,
        }
    }

    fn run(&self, words: &[String], steps: u8) -> Result<Started, Fault> {
        let Some((program, arguments)) = words.split_first() else {
            return Err(Fault::Broken("there is no program".to_owned()));
        };
        let found = self.find(program)?;
        let interpreter = self.executable(&found, steps)?;
        let name = program.rsplit('/').next().unwrap_or_default();
        let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        match plain {
            "python" | "pypy" => python::start(self, &found, arguments),
            "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => {
                shells::start(self, &found.real, arguments, steps)
            }
            "node" | "nodejs" => {
                let arguments = node::without_preloads(self, arguments)?;
                self.file_of(name, &arguments, &["", ".js", ".json", "/index.js", "/package.json"])
            }
            "ruby" | "php" | "perl" | "Rscript" | "deno" | "bun" => self.file_of(name, arguments, &[""]),
            "npm" | "yarn" | "pnpm" => match node::scripts::start(self, plain, arguments, steps) {
                Some(started) => started,
                None => self.unwrapped(&found, interpreter, name, arguments, steps),
            },
            "java" => self.java(arguments),
            "env" => self.env(arguments, steps),
            "tini" | "dumb-init" | "catatonit" | "nohup" | "exec" | "stdbuf" | "nice" | "ionice"
            | "setsid" => self.wrapped(program, arguments, 0, steps),
            "gosu" | "su-exec" if self.account.number() != 0 && found.mode & 0o4000 == 0 => {
                let what =
                    format!("{program} changes the user, and only root may: the container runs as another");
                let name = self.account.number().to_string();
                // Its own user, as far as the words tell.
                let is_same = arguments.first().is_some_and(|user| {
                    Account::of(self.filesystem, user).is_ok_and(|a| a.number().to_string() == name)
                });
                Err(if is_same { Fault::Unclear(what) } else { Fault::Broken(what) })
            }
            "gosu" | "su-exec" => {
                let mut machine = self.clone();
                if let Some(account) = arguments.first().map(|user| Account::of(self.filesystem, user)) {
                    machine.account = account.map_err(Fault::from)?;
                }
                machine.wrapped(program, arguments, 1, steps)
            }
            // Whom it runs the program as, and what that one may read, is not followed.
            "setpriv" | "chpst" if arguments.iter().any(|a| is_account_option(program, a)) => {
                Err(Fault::Unclear(format!("{program} changes the user that the program runs as")))
            }
            "setpriv" | "chpst" => self.wrapped(program, arguments, 0, steps),
            "timeout" => self.wrapped(program, arguments, 1, steps),
            _ => self.unwrapped(&found, interpreter, name, arguments, steps),
        }
    }

    /// A program that runs no other by its words: a script, or one whose inside is not looked at.
    fn unwrapped(
        &self,
        found: &Found<'a>,
        interpreter: Option<Vec<String>>,
        name: &str,
        arguments: &[String],
        steps: u8,
    ) -> Result<Started, Fault> {
        match interpreter {
            Some(interpreter) => self.script(found, &interpreter, arguments, steps),
            None => {
                let is_tool = TOOLS.contains(&name);
                let has_words = !is_tool && arguments.iter().any(|word| !Self::is_unknown(word));
                Ok(Started::Program { what: name.to_owned(), has_words })
            }
        }
    }

    /// Looks a program up.
    pub(crate) fn find(&self, program: &str) -> Result<Found<'a>, Fault> {
        if program.contains('/') {
            let path = self.absolute(program);
            return match self.filesystem.tree.file(&path) {
                Some((real, node)) => self.runnable(program, path, real, node),
                None if self.filesystem.tree.is_directory(&path) => {
                    Err(Fault::Broken(format!("{program} is a directory")))
                }
                None => Err(Fault::Broken(format!("{program} is not in the image"))),
            };
        }
        let mut refused = None;
        for directory in &self.path {
            let path =
                self.absolute(&format!("{}/{program}", if directory.is_empty() { "." } else { directory }));
            if let Some((real, node)) = self.filesystem.tree.file(&path) {
                match self.runnable(program, path, real, node) {
                    Ok(found) => return Ok(found),
                    Err(fault) => refused = Some(fault),
                }
            }
        }
        Err(refused
            .unwrap_or_else(|| Fault::Broken(format!("{program} is in no directory of the image's PATH"))))
    }

    fn runnable(
        &self,
        program: &str,
        path: Vec<u8>,
        real: Vec<u8>,
        node: &TreeNode,
    ) -> Result<Found<'a>, Fault> {
        if node.mode & 0o111 == 0 {
            return Err(Fault::Broken(format!("{program} is in the image, but may not be executed")));
        }
        if let Some(refusal) = self.account.refused(self.filesystem, Access::Execute, &path) {
            return Err(refusal.into());
        }
        Ok(Found { path, real, content: self.filesystem.content(node), mode: node.mode })
    }

    /// Whether the kernel can run it: its loader or interpreter is there. Gives the interpreter's words.
    fn executable(&self, found: &Found<'a>, steps: u8) -> Result<Option<Vec<String>>, Fault> {
        let shown = String::from_utf8_lossy(&found.real).into_owned();
        let Some(head) = found.content.head() else {
            return Err(Fault::Unclear(format!("the content of /{shown} was not kept")));
        };
        if head.starts_with(b"\x7fELF") {
            let is_whole = matches!(found.content, Content::Whole(_));
            return self.binary(head, is_whole, &shown).map(|()| None);
        }
        let Some(line) = head.strip_prefix(b"#!") else {
            return Err(Fault::Broken(format!(
                "/{shown} is neither a program for Linux nor a script that begins with `#!`"
            )));
        };
        let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
        if line.ends_with(b"\r") {
            return Err(Fault::Broken(format!("the `#!` line of /{shown} ends in a carriage return")));
        }
        let line = String::from_utf8_lossy(line).into_owned();
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let Some(interpreter) = words.first().cloned() else {
            return Err(Fault::Broken(format!("the `#!` line of /{shown} names no interpreter")));
        };
        let missing = |fault: Fault| match fault {
            Fault::Broken(why) => Fault::Broken(format!("the interpreter of /{shown}: {why}")),
            other => other,
        };
        let mut interpreted = self.find(&interpreter).map_err(missing)?;
        if interpreter.rsplit('/').next() == Some("env") {
            // The kernel hands all that follows over as one word.
            let rest = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
            let is_split = rest.starts_with("--split-string") || rest.starts_with('-') && rest.contains('S');
            if rest.contains(char::is_whitespace) && !is_split {
                return Err(Fault::Broken(format!(
                    "the `#!` line of /{shown} has env look for one program of the name `{rest}`: words are split with \
                     `env -S` alone"
                )));
            }
            let named = words.iter().skip(1).position(|w| !w.starts_with('-') && !w.contains('='));
            let Some(at) = named.map(|i| i + 1) else {
                return Err(Fault::Broken(format!("the `#!` line of /{shown} names no interpreter")));
            };
            words.drain(..at);
            let name = words.first().cloned().unwrap_or_default();
            interpreted = self.find(&name).map_err(missing)?;
        }
        if steps > MAX_STEPS {
            return Err(Fault::Unclear("more scripts run each other than are followed".to_owned()));
        }
        self.executable(&interpreted, steps + 1).map_err(missing)?;
        Ok(Some(words))
    }

    fn binary(&self, head: &[u8], is_whole: bool, shown: &str) -> Result<(), Fault> {
        let Some(program::Needs { machine, loader, libraries }) = program::needs(head, is_whole) else {
            return Err(Fault::Unclear(format!("the ELF header of /{shown} cannot be read")));
        };
        let right = match self.architecture.as_str() {
            "amd64" => matches!(machine, elf::EM_X86_64 | elf::EM_386),
            "386" => machine == elf::EM_386,
            "arm64" => matches!(machine, elf::EM_AARCH64 | elf::EM_ARM),
            "arm" => machine == elf::EM_ARM,
            "ppc64le" | "ppc64" => machine == elf::EM_PPC64,
            "s390x" => machine == elf::EM_S390,
            "riscv64" => machine == elf::EM_RISCV,
            _ => true,
        };
        if !right {
            return Err(Fault::Broken(format!(
                "/{shown} is a program for another processor than {}",
                self.architecture
            )));
        }
        let tree = &self.filesystem.tree;
        let missing = |what: &str, path: &[u8]| {
            let name = String::from_utf8_lossy(path);
            Err(Fault::Broken(format!("/{shown} needs the {what} {name}, which is not in the image")))
        };
        if let Some(path) = loader.filter(|path| tree.file(path).is_none()) {
            return missing("loader", &path);
        }
        // Where the loader looks hangs on its cache and on variables: a library counts as there wherever it lies.
        let is_there = |name: &[u8]| match name.contains(&b'/') {
            true => tree.file(name).is_some(),
            false => tree.has_name(name),
        };
        let is_musl = MUSL_MACHINES.iter().any(|name| is_there(format!("ld-musl-{name}.so.1").as_bytes()));
        let is_served = |name: &[u8]| is_musl && MUSL_LIBRARIES.iter().any(|start| name.starts_with(start));
        match libraries.iter().find(|name| !is_there(name) && !is_served(name)) {
            Some(name) if DRIVERS.iter().any(|start| name.starts_with(start)) => {
                Err(Fault::Unclear(format!(
                    "/{shown} needs the shared library {}, which a container runtime brings",
                    String::from_utf8_lossy(name)
                )))
            }
            Some(name) => missing("shared library", name),
            None => Ok(()),
        }
    }

    /// A script by the name of its interpreter.
    fn script(
        &self,
        found: &Found<'a>,
        interpreter: &[String],
        arguments: &[String],
        steps: u8,
    ) -> Result<Started, Fault> {
        let name = interpreter.first().and_then(|w| w.rsplit('/').next()).unwrap_or_default();
        match name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "python" | "pypy" => {
                let program = self.find(interpreter.first().map(String::as_str).unwrap_or_default())?;
                self.readable(&found.real)?;
                python::script(self, &program, found, arguments)
            }
            "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => {
                self.readable(&found.real)?;
                let called = format!("/{}", String::from_utf8_lossy(&found.path));
                let shell = self.find(interpreter.first().map(String::as_str).unwrap_or_default())?.real;
                shells::script(self, &shell, (&found.real, &called), found.content.text(), arguments, steps)
            }
            other => {
                let language = if other.starts_with("node") { "JavaScript" } else { "script" };
                Ok(Started::Script { file: found.real.clone(), language, arguments: arguments.to_vec() })
            }
        }
    }

    /// `env -i NAME=VALUE PROGRAM …`, with the environment that it makes.
    /// <https://www.gnu.org/software/coreutils/manual/html_node/env-invocation.html>
    fn env(&self, arguments: &[String], steps: u8) -> Result<Started, Fault> {
        let mut machine = self.clone();
        let mut rest = arguments;
        while let Some((first, tail)) = rest.split_first() {
            match (first.as_str(), first.split_once('=')) {
                ("--", _) => {
                    rest = tail;
                    break;
                }
                ("-" | "-i" | "--ignore-environment", _) => {
                    machine.environment.clear();
                    machine.find_path();
                }
                ("-u" | "--unset", _) => {
                    let name = tail.first().cloned().unwrap_or_default();
                    machine.environment.retain(|(n, _)| *n != name);
                    machine.find_path();
                    rest = tail.get(1..).unwrap_or_default();
                    continue;
                }
                (option, _) if option.starts_with('-') => {
                    return Err(Fault::Unclear(format!("what `env {option}` does is not followed")));
                }
                (_, Some((name, value))) if !name.contains('/') => machine.set(name, value),
                _ => break,
            }
            rest = tail;
        }
        if rest.is_empty() {
            return Ok(Started::Program { what: "env".to_owned(), has_words: false });
        }
        machine.start(rest, steps + 1)
    }

    /// A program that runs the rest of its words, after `skip` of its own.
    fn wrapped(&self, program: &str, arguments: &[String], skip: usize, steps: u8) -> Result<Started, Fault> {
        let mut rest = arguments;
        let name = program.rsplit('/').next().unwrap_or_default();
        while let Some((first, tail)) = rest.split_first()
            && (first.starts_with('-') || (first.contains('=') && !first.contains('/')))
        {
            rest = if takes_value(name, first) { tail.get(1..).unwrap_or_default() } else { tail };
            if first == "--" {
                break;
            }
        }
        let rest = rest.get(skip..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Started::Program { what: program.to_owned(), has_words: false });
        }
        self.start(rest, steps + 1)
    }

    /// The file that an interpreter is given: its first word that is no option.
    fn file_of(&self, program: &str, arguments: &[String], endings: &[&str]) -> Result<Started, Fault> {
        let inline =
            arguments.iter().any(|a| matches!(a.as_str(), "-e" | "-r" | "-p" | "--eval" | "run" | "task"));
        let position = arguments.iter().position(|a| !a.starts_with('-'));
        let (Some(at), false) = (position, inline) else {
            return Ok(Started::Program { what: program.to_owned(), has_words: !arguments.is_empty() });
        };
        let name = arguments.get(at).map(String::as_str).unwrap_or_default();
        // An option's value cannot be told from the file.
        let sure = at == 0;
        for ending in endings {
            let path = self.absolute(&format!("{name}{ending}"));
            if let Some((real, _)) = self.filesystem.tree.file(&path) {
                let language = if program.starts_with("node") { "JavaScript" } else { "script" };
                let rest = arguments.get(at + 1..).unwrap_or_default().to_vec();
                return Ok(Started::Script { file: real, language, arguments: rest });
            }
        }
        let said = format!("{name}, which {program} is to run, is not in the image");
        Err(if sure { Fault::Broken(said) } else { Fault::Unclear(said) })
    }

    fn java(&self, arguments: &[String]) -> Result<Started, Fault> {
        let set =
            ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"].map(|name| self.variable(name).unwrap_or_default());
        let set = set.iter().flat_map(|options| options.split_whitespace());
        let agents =
            set.chain(arguments.iter().map(String::as_str)).filter_map(|w| w.strip_prefix("-javaagent:"));
        for agent in agents.map(|a| a.split('=').next().unwrap_or_default()) {
            if !agent.contains('$') && self.filesystem.tree.file(&self.absolute(agent)).is_none() {
                return Err(Fault::Broken(format!(
                    "{agent}, which java is to load first, is not in the image"
                )));
            }
        }
        let Some(at) = arguments.iter().position(|a| a == "-jar") else {
            return Err(Fault::Unclear("the class path of a Java program is not looked into".to_owned()));
        };
        let Some(name) = arguments.get(at + 1) else {
            return Err(Fault::Broken("`java -jar` names no file".to_owned()));
        };
        if self.filesystem.tree.file(&self.absolute(name)).is_none() {
            return Err(Fault::Broken(format!("{name}, which java is to run, is not in the image")));
        }
        let has_words = arguments.iter().skip(at + 2).any(|word| !Self::is_unknown(word));
        Ok(Started::Program { what: format!("java -jar {name}"), has_words })
    }
}

/// Programs of every system that do what their words say, and are no program of the image's own.
const TOOLS: [&str; 16] = [
    "sleep", "echo", "printf", "cat", "tail", "head", "test", "[", "true", "false", "mkdir", "touch",
    "chmod", "date", "id", "ls",
];

/// Options of programs that run another one, whose value is the next word.
const WRAPPER_VALUES: [(&str, &[&str]); 9] = [
    ("tini", &["-p", "-e"]),
    ("dumb-init", &["-r", "--rewrite"]),
    ("nice", &["-n", "--adjustment"]),
    ("ionice", &["-c", "--class", "-n", "--classdata"]),
    ("timeout", &["-s", "--signal", "-k", "--kill-after"]),
    ("stdbuf", &["-i", "--input", "-o", "--output", "-e", "--error"]),
    ("chpst", &["-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t"]),
    (
        "setpriv",
        &["--groups", "--inh-caps", "--ambient-caps", "--bounding-set", "--securebits", "--pdeathsig"],
    ),
    ("chrt", &["-T", "-P", "-D"]),
];

/// Whether the value of an option of a program that runs another one is its next word.
fn takes_value(program: &str, option: &str) -> bool {
    WRAPPER_VALUES.iter().any(|(name, options)| *name == program && options.contains(&option))
}

/// Whether an option of `setpriv` or `chpst` changes the user.
fn is_account_option(program: &str, option: &str) -> bool {
    match program {
        "setpriv" => ["--reuid", "--ruid", "--euid", "--regid"].iter().any(|o| option.starts_with(o)),
        _ => matches!(option, "-u" | "-U"),
    }
}
