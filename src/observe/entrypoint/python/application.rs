//! Programs that load an application of the project by its name, and run commands of their own: celery and flask.
//! <https://docs.celeryq.dev/en/stable/reference/cli.html>, <https://flask.palletsprojects.com/en/stable/cli/>

use super::super::cli::{Arity, Interface, Parameter};
use super::super::machine::Machine;
use super::Script;
use super::imports::{Finder, Problem, Target, check, load};
use super::server::Served;

/// What such a program takes, and how it finds its application.
struct Loader {
    name: &'static str,
    /// Options of its own, and of its commands, without a value.
    switches: &'static [&'static str],
    /// Those with one.
    settings: &'static [&'static str],
    /// The options that name the application.
    application: [&'static str; 2],
    /// The variable that names it.
    variable: &'static str,
    /// Modules of the directory that are tried where nothing names it.
    files: &'static [&'static str],
    /// Names that the application may have in its module.
    attributes: &'static [&'static str],
    /// How the class of the application is called.
    class: &'static str,
    commands: &'static [&'static str],
}

#[rustfmt::skip]
const LOADERS: [Loader; 2] = [
    Loader {
        name: "celery",
        switches: &[
            "-C", "--no-color", "-q", "--quiet", "--skip-checks", "-D", "--detach", "-E", "--task-events", "--events", "-B",
            "--beat", "--without-gossip", "--without-mingle", "--without-heartbeat", "--purge", "--discard", "-f", "--force",
        ],
        settings: &[
            "-A", "--app", "-b", "--broker", "--result-backend", "--loader", "--config", "--workdir", "-l", "--loglevel", "-c",
            "--concurrency", "-P", "--pool", "-Q", "--queues", "-X", "--exclude-queues", "-I", "--include", "-n", "--hostname",
            "-O", "--optimization", "--logfile", "--pidfile", "--prefetch-multiplier", "--max-tasks-per-child",
            "--max-memory-per-child", "--autoscale", "--time-limit", "--soft-time-limit", "-s", "--schedule", "-S",
            "--scheduler", "--max-interval", "--statedb", "--uid", "--gid", "--umask", "--executable", "--heartbeat-interval",
            "-d", "--destination", "-t", "--timeout",
        ],
        application: ["-A", "--app"],
        variable: "CELERY_APP",
        files: &[],
        attributes: &["app", "celery"],
        class: "Celery",
        commands: &[
            "worker", "beat", "events", "inspect", "control", "purge", "report", "result", "shell", "status", "migrate", "multi",
            "list", "logtool", "graph", "call", "amqp", "upgrade",
        ],
    },
    Loader {
        name: "flask",
        switches: &[
            "--debug", "--no-debug", "--reload", "--no-reload", "--debugger", "--no-debugger", "--with-threads",
            "--without-threads",
        ],
        settings: &["-A", "--app", "-e", "--env-file", "-h", "--host", "-p", "--port", "--cert", "--key", "--extra-files",
            "--exclude-patterns"],
        application: ["-A", "--app"],
        variable: "FLASK_APP",
        files: &["wsgi", "app"],
        attributes: &["app", "application", "create_app", "make_app"],
        class: "Flask",
        commands: &["run", "routes", "shell"],
    },
];

/// The program that a script is, with the application that it is given.
pub(super) fn loaded(machine: &Machine<'_>, script: &Script) -> Option<Served> {
    let name = script.name.clone().unwrap_or_else(|| {
        let name = script.file.rsplit(|b| *b == b'/').next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    });
    let loader = LOADERS.iter().find(|l| l.name == name || name == format!("{}.__main__", l.name))?;
    let (application, command) = words_of(loader, &script.arguments);
    let tell =
        |what: String, is_certain: bool| Problem { file: script.file.clone(), line: 1, what, is_certain };
    let mut problems = Vec::new();
    let named = application.or_else(|| machine.variable(loader.variable).map(str::to_owned));
    let is_help = script.arguments.iter().any(|w| w == "--help" || w == "--version");
    match named {
        _ if is_help => {}
        Some(named) if Machine::is_unknown(&named) => {}
        Some(named) => problems = problems_of(machine, script, loader, &named),
        None => match loader.files.iter().find(|f| has_module(machine, script, f)) {
            Some(file) => problems = problems_of(machine, script, loader, file),
            None if loader.files.is_empty() => {
                problems.push(tell(format!("no word names the application of {}", loader.name), false));
            }
            None => problems.push(tell(
                format!("nothing names the application of {}", loader.name),
                command == Some("run"),
            )),
        },
    }
    let place = |is_it: &dyn Fn(&str) -> bool| script.arguments.iter().position(|w| is_it(w));
    let named_at = place(&|w| loader.application.contains(&w.split('=').next().unwrap_or_default()));
    if let (Some(at), Some(run), "celery") = (named_at, command.and_then(|c| place(&|w| w == c)), loader.name)
        && at > run
    {
        let what = "it names its application after the command, which celery takes before version 5 alone";
        problems.push(tell(what.to_owned(), false));
    }
    match command {
        Some(command) if !loader.commands.contains(&command) && !Machine::is_unknown(command) => {
            let what = format!(
                "whether {} has the command {command} is not known: it may be of the application or of a plugin",
                loader.name
            );
            problems.push(tell(what, false));
        }
        Some(_) => {}
        None if is_help => {}
        None => problems.push(tell(format!("{} is given no command", loader.name), false)),
    }
    Some(Served { interface: interface(loader), problems })
}

/// The application and the command among the words.
fn words_of<'w>(loader: &Loader, words: &'w [String]) -> (Option<String>, Option<&'w str>) {
    let (mut application, mut command) = (None, None);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v)));
        if name.starts_with('-') {
            let takes = loader.settings.contains(&name) && !Machine::is_unknown(word);
            let value = if takes { value.or_else(|| rest.next().map(String::as_str)) } else { value };
            if loader.application.contains(&name) {
                application = Some(value.map_or_else(|| Machine::unknown("app"), str::to_owned));
            }
        } else {
            command = command.or(Some(word.as_str()));
        }
    }
    (application, command)
}

fn within(machine: &Machine<'_>, script: &Script, module: &str) -> Script {
    let mut search = script.search.clone();
    search.directories.insert(0, machine.absolute("."));
    Script { name: Some(module.to_owned()), search, arguments: Vec::new(), package: None, ..script.clone() }
}

fn has_module(machine: &Machine<'_>, script: &Script, module: &str) -> bool {
    let served = within(machine, script, module);
    let found = Finder { filesystem: machine.filesystem, script: &served }.find(module);
    matches!(found, Target::Source { .. })
}

/// What is wrong with the application: its module is not there, does not start, or has none.
fn problems_of(machine: &Machine<'_>, script: &Script, loader: &Loader, named: &str) -> Vec<Problem> {
    let tell = |file: &[u8], what: String, is_certain: bool| Problem {
        file: file.to_vec(),
        line: 1,
        what,
        is_certain,
    };
    if named.contains('/') || named.ends_with(".py") {
        let path = named.split(':').next().unwrap_or_default();
        let tree = &machine.filesystem.tree;
        let is_there = tree.file(&machine.absolute(path)).is_some()
            || tree.file(&machine.absolute(&format!("{path}.py"))).is_some()
            || tree.is_directory(&machine.absolute(path));
        let what = match is_there {
            true => format!("what the application {named} is, a path, is not followed"),
            false => format!("{path}, which the application {named} is to be in, is not in the image"),
        };
        return vec![tell(&script.file, what, !is_there)];
    }
    let (module, attribute) = match named.split_once(':') {
        Some((module, attribute)) => (module, Some(attribute)),
        None => match named.rsplit_once('.') {
            // `orders.tasks.app`: a name of a module, where no module has it.
            Some((module, attribute))
                if !has_module(machine, script, named) && has_module(machine, script, module) =>
            {
                (module, Some(attribute))
            }
            _ => (named, None),
        },
    };
    let served = within(machine, script, module);
    let filesystem = machine.filesystem;
    let (path, is_package) = match (Finder { filesystem, script: &served }).find(module) {
        Target::Source { path, is_package } => (path, is_package),
        Target::Missing { part, why, is_certain } => {
            let what = format!("the module {part} of the application {named} is not in the image{why}");
            return vec![tell(&script.file, what, is_certain)];
        }
        Target::Namespace(_) | Target::Opaque => {
            let what = format!("whether {module} has the application {named} cannot be seen");
            return vec![tell(&script.file, what, false)];
        }
    };
    let started = Script { file: path.clone(), ..served };
    let modules = load(machine, &started);
    let mut problems = check(machine, &modules, &started);
    problems.retain(|p| !super::says_idle(p));
    let inner = format!("{module}.celery");
    // celery looks into the package's module of its own name.
    if is_package && attribute.is_none() && loader.name == "celery" && has_module(machine, script, &inner) {
        problems.extend(problems_of(machine, script, loader, &inner));
        return problems;
    }
    let Some(Ok(parsed)) = modules.get(&path) else { return problems };
    let Some(defined) = super::names::defined(parsed) else { return problems };
    let attribute = attribute.map(|a| a.split(['(', '.']).next().unwrap_or_default());
    let has = match attribute {
        Some(attribute) => defined.contains(attribute),
        None => loader.attributes.iter().any(|a| defined.contains(*a)),
    };
    if !has {
        // An object of the class by another name is found, too; one that is imported cannot be told from others.
        let is_open =
            attribute.is_none() && (parsed.text.contains(loader.class) || parsed.text.contains("import"));
        let wanted = attribute.map_or_else(|| format!("application of {}", loader.name), str::to_owned);
        let by_name = attribute.is_none() && parsed.text.contains(&format!("= {}(", loader.class));
        if !by_name {
            let what = format!("{module} has no {wanted}, which {named} is to be");
            problems.push(tell(&path, what, !is_open));
        }
    }
    problems
}

fn interface(loader: &Loader) -> Interface {
    let parameter = |name: &str, arity: Arity, ends: bool| Parameter {
        ends,
        ..Parameter::new(vec![name.to_owned()], arity)
    };
    let mut parameters = vec![parameter("command", Arity::Any, false)];
    parameters.extend(["--help", "--version"].map(|name| parameter(name, Arity::Exactly(0), true)));
    parameters.extend(loader.switches.iter().map(|name| parameter(name, Arity::Exactly(0), false)));
    parameters.extend(loader.settings.iter().map(|name| parameter(name, Arity::Exactly(1), false)));
    Interface {
        parameters,
        // Other versions have other options.
        open: Some(format!("the options of {} hang on its version", loader.name)),
        ..Interface::default()
    }
}
