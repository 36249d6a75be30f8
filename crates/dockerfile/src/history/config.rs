//! Whether an image's configuration is what the Dockerfile's instructions make of it. A configuration can be changed after
//! the build, and its history be left as it was.

use std::collections::BTreeMap;

use super::super::file::Dockerfile;
use super::super::instruction::{CommandLine, Instruction, Kind};
use super::super::syntax::LineRange;
use super::super::text::Text;
use super::in_order;

/// How an image starts its process: `config` of the OCI image specification (`config.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessConfig {
    /// `User`.
    pub user: String,
    /// `WorkingDir`.
    pub working_dir: String,
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Cmd`.
    pub command: Vec<String>,
    /// `Env`: `NAME=value`.
    pub environment: Vec<String>,
}

/// An instruction that a configuration does not follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigDifference {
    /// The field of the configuration: `User`, or a variable of `Env`.
    pub field: String,
    /// The instruction's lines.
    pub lines: LineRange,
}

/// The first instruction, in the order of the fields above, that `config` does not follow; nothing if it follows all whose
/// outcome the file alone tells. Texts with variables, commands in shell form and relative paths are not asked.
pub fn config_difference(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    config: &ProcessConfig,
) -> Option<ConfigDifference> {
    let last = Last::of(dockerfile, target)?;
    let differs = |field: &str, lines| Some(ConfigDifference { field: field.to_owned(), lines });
    if let Some((user, lines)) = last.user
        && user.is_some_and(|user| user != config.user)
    {
        return differs("User", lines);
    }
    if let Some((directory, lines)) = last.directory
        && directory.is_some_and(|directory| directory != config.working_dir)
    {
        return differs("WorkingDir", lines);
    }
    if let Some((words, lines)) = last.entrypoint
        && words.is_some_and(|words| words != config.entrypoint)
    {
        return differs("Entrypoint", lines);
    }
    if let Some((words, lines)) = last.command
        && words.is_some_and(|words| words != config.command)
    {
        return differs("Cmd", lines);
    }
    last.environment.into_iter().find_map(|(name, (value, lines))| {
        let value = value?;
        let set = config.environment.iter().find_map(|pair| pair.strip_prefix(&*name)?.strip_prefix('='));
        (set != Some(value.as_str())).then(|| ConfigDifference { field: format!("Env {name}"), lines })
    })
}

/// What the last instruction for a field gives it, where the file tells, and that instruction's lines.
type Given<T> = (Option<T>, LineRange);

/// What the last instruction of each kind gives.
#[derive(Default)]
struct Last {
    user: Option<Given<String>>,
    directory: Option<Given<String>>,
    entrypoint: Option<Given<Vec<String>>>,
    command: Option<Given<Vec<String>>>,
    environment: BTreeMap<String, Given<String>>,
}

impl Last {
    fn of(dockerfile: &Dockerfile, target: Option<&str>) -> Option<Self> {
        let own = dockerfile.chain(target).ok()?.last()?.instructions.clone();
        let instructions = in_order(dockerfile, target).ok()?;
        let is_command = |kind: &Kind| matches!(kind, Kind::Cmd(_));
        let has_command = instructions.iter().any(|(n, i)| own.contains(n) && is_command(&i.kind));
        let mut last = Self::default();
        for (number, instruction) in instructions {
            last.take(instruction);
            // A builder drops the command of a stage below at an entrypoint, and keeps the stage's own.
            let keeps = own.contains(&number) && has_command;
            if matches!(instruction.kind, Kind::Entrypoint(_)) && !keeps {
                last.command = None;
            }
        }
        Some(last)
    }

    fn take(&mut self, instruction: &Instruction) {
        let lines = instruction.lines;
        match &instruction.kind {
            Kind::User(user) => self.user = Some((plain(user), lines)),
            Kind::Workdir(path) => {
                self.directory = Some((plain(path).filter(|path| is_clean(path)), lines));
            }
            Kind::Entrypoint(command) => self.entrypoint = Some((words(command), lines)),
            Kind::Cmd(command) => self.command = Some((words(command), lines)),
            Kind::Env(pairs) => {
                for pair in pairs {
                    let value = (!is_open(&pair.value.raw)).then(|| pair.value.unquoted.to_string());
                    self.environment.insert(pair.key.to_string(), (value, lines));
                }
            }
            _ => {}
        }
    }
}

/// Whether a text has variables, quotes or escapes, which the builder resolves.
fn is_open(text: &Text) -> bool {
    text.contains(['$', '\\', '`'])
}

fn plain(text: &Text) -> Option<String> {
    (!is_open(text) && !text.contains(['"', '\''])).then(|| text.to_string())
}

/// The words of a command in exec form.
fn words(command: &CommandLine) -> Option<Vec<String>> {
    match command {
        CommandLine::Exec(words) => Some(words.iter().map(|w| w.to_string()).collect()),
        CommandLine::Shell(_) => None,
    }
}

/// Whether a path is absolute and as short as it can be, so that every builder writes it as it is.
fn is_clean(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("") && parts.all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = "FROM debian:12\nENV A=b C=\"d e\" V=$X\nWORKDIR /srv\nUSER 10001\nENTRYPOINT [\"app\"]\nCMD [\"run\"]\n";

    fn built() -> ProcessConfig {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        ProcessConfig {
            user: "10001".to_owned(),
            working_dir: "/srv".to_owned(),
            entrypoint: list(&["app"]),
            command: list(&["run"]),
            environment: list(&["PATH=/usr/bin", "A=b", "C=d e", "V=1"]),
        }
    }

    fn field(file: &str, config: &ProcessConfig) -> Option<String> {
        let dockerfile = Dockerfile::parse(file.as_bytes()).unwrap();
        config_difference(&dockerfile, None, config).map(|difference| difference.field)
    }

    #[test]
    fn a_configuration_that_follows_its_file() {
        assert_eq!(field(FILE, &built()), None);
        // What the file does not set may be the base image's; what it does not tell may be anything.
        assert_eq!(field("FROM debian:12\n", &built()), None);
        let open = "FROM debian:12\nARG U=1\nUSER $U\nWORKDIR srv\nENTRYPOINT app\n";
        assert_eq!(field(open, &built()), None);
        // An entrypoint drops the command of the stage below.
        let stages = "FROM a AS base\nCMD [\"x\"]\nFROM base\nENTRYPOINT [\"app\"]\n";
        assert_eq!(field(stages, &ProcessConfig { command: Vec::new(), ..built() }), None);
        // The last instruction counts.
        assert_eq!(field(&format!("{FILE}USER 0\n"), &ProcessConfig { user: "0".into(), ..built() }), None);
    }

    #[test]
    fn a_configuration_that_was_changed() {
        let root = ProcessConfig { user: "0".to_owned(), ..built() };
        assert_eq!(field(FILE, &root).as_deref(), Some("User"));
        let none = ProcessConfig { user: String::new(), ..built() };
        assert_eq!(field(FILE, &none).as_deref(), Some("User"));
        let elsewhere = ProcessConfig { working_dir: "/".to_owned(), ..built() };
        assert_eq!(field(FILE, &elsewhere).as_deref(), Some("WorkingDir"));
        let program = ProcessConfig { entrypoint: vec!["sh".to_owned()], ..built() };
        assert_eq!(field(FILE, &program).as_deref(), Some("Entrypoint"));
        let command = ProcessConfig { command: Vec::new(), ..built() };
        assert_eq!(field(FILE, &command).as_deref(), Some("Cmd"));
        let mut variable = built();
        variable.environment[1] = "A=c".to_owned();
        assert_eq!(field(FILE, &variable).as_deref(), Some("Env A"));
        variable.environment.remove(1);
        assert_eq!(field(FILE, &variable).as_deref(), Some("Env A"));
    }
}
