//! Servers that are told which application they run: `gunicorn app.wsgi:application`, `uvicorn app.main:app`.
//! <https://www.uvicorn.org/settings/>, <https://docs.gunicorn.org/en/stable/settings.html>

use super::super::cli::{Arity, Interface, Known, Parameter, Takes};
use super::super::machine::Machine;
use super::ast::StmtKind;
use super::imports::{Finder, Problem, Target, check, load};
use super::syntax::Module;
use super::{Script, says_idle};

/// What a server takes.
struct Server {
    name: &'static str,
    /// Options without a value.
    switches: &'static [&'static str],
    /// Options with one.
    settings: &'static [&'static str],
    /// The option that names the directory in which the application is looked for.
    directory: &'static str,
    /// Whether a file of settings may name the application.
    has_file: bool,
}

#[rustfmt::skip]
const SERVERS: [Server; 5] = [
    Server {
        name: "uvicorn",
        switches: &[
            "--reload", "--use-colors", "--no-use-colors", "--proxy-headers", "--no-proxy-headers", "--server-header",
            "--no-server-header", "--date-header", "--no-date-header", "--access-log", "--no-access-log", "--factory",
        ],
        settings: &[
            "--host", "--port", "--uds", "--fd", "--reload-dir", "--reload-include", "--reload-exclude", "--reload-delay",
            "--workers", "--env-file", "--log-config", "--log-level", "--loop", "--http", "--ws", "--ws-max-size",
            "--ws-max-queue", "--ws-ping-interval", "--ws-ping-timeout", "--ws-per-message-deflate", "--lifespan",
            "--interface", "--root-path", "--forwarded-allow-ips", "--header", "--limit-concurrency", "--backlog",
            "--limit-max-requests", "--timeout-keep-alive", "--timeout-graceful-shutdown", "--timeout-worker-healthcheck",
            "--ssl-keyfile", "--ssl-certfile", "--ssl-keyfile-password", "--ssl-version", "--ssl-cert-reqs",
            "--ssl-ca-certs", "--ssl-ciphers", "--app-dir", "--h11-max-incomplete-event-size",
        ],
        directory: "--app-dir",
        has_file: false,
    },
    Server {
        name: "gunicorn",
        switches: &[
            "--reload", "--spew", "--check-config", "--print-config", "--preload", "--no-sendfile", "--reuse-port",
            "--daemon", "-D", "--initgroups", "--disable-redirect-access-to-syslog", "--capture-output", "--log-syslog",
            "-R", "--enable-stdio-inheritance", "--proxy-protocol", "--do-handshake-on-connect", "--suppress-ragged-eofs",
        ],
        settings: &[
            "-c", "--config", "-b", "--bind", "--backlog", "-w", "--workers", "-k", "--worker-class", "--threads",
            "--worker-connections", "--max-requests", "--max-requests-jitter", "-t", "--timeout", "--graceful-timeout",
            "--keep-alive", "--limit-request-line", "--limit-request-fields", "--limit-request-field_size",
            "--reload-engine", "--reload-extra-file", "--chdir", "-e", "--env", "-p", "--pid", "--worker-tmp-dir", "-u",
            "--user", "-g", "--group", "-m", "--umask", "--access-logfile", "--access-logformat", "--error-logfile",
            "--log-file", "--log-level", "--logger-class", "--log-config", "--log-config-json", "--log-syslog-to",
            "--log-syslog-prefix", "--log-syslog-facility", "--statsd-host", "--dogstatsd-tags", "--statsd-prefix", "-n",
            "--name", "--pythonpath", "--paste", "--proxy-allow-from", "--forwarded-allow-ips", "--keyfile", "--certfile",
            "--ssl-version", "--cert-reqs", "--ca-certs", "--ciphers", "--max-request-line", "--tmp-upload-dir",
        ],
        directory: "--chdir",
        has_file: true,
    },
    Server {
        name: "hypercorn",
        switches: &["--debug", "--reload", "-v", "--version"],
        settings: &[
            "--access-log", "--access-logfile", "--access-logformat", "--backlog", "-b", "--bind", "--ca-certs", "--certfile",
            "--cert-reqs", "--ciphers", "-c", "--config", "--error-log", "--error-logfile", "--log-file", "--graceful-timeout",
            "--read-timeout", "--max-requests", "--max-requests-jitter", "-g", "--group", "-k", "--worker-class",
            "--keep-alive", "--keyfile", "--keyfile-password", "--insecure-bind", "--log-config", "--log-level", "-p", "--pid",
            "--quic-bind", "--root-path", "--server-name", "--statsd-host", "--statsd-prefix", "-m", "--umask", "-u", "--user",
            "--verify-mode", "--websocket-ping-interval", "-w", "--workers",
        ],
        directory: "",
        has_file: false,
    },
    Server {
        name: "daphne",
        switches: &["--no-server-name", "--proxy-headers"],
        settings: &[
            "-p", "--port", "-b", "--bind", "--websocket_timeout", "--websocket_connect_timeout", "-u", "--unix-socket", "--fd",
            "-e", "--endpoint", "-v", "--verbosity", "-t", "--http-timeout", "--access-log", "--log-fmt", "--ping-interval",
            "--ping-timeout", "--application-close-timeout", "--root-path", "--proxy-headers-host", "--proxy-headers-port",
            "-s", "--server-name",
        ],
        directory: "",
        has_file: false,
    },
    Server {
        name: "waitress-serve",
        switches: &[
            "--call", "--expose-tracebacks", "--no-expose-tracebacks", "--log-untrusted-proxy-headers", "--ipv4", "--no-ipv4",
            "--ipv6", "--no-ipv6", "--log-socket-errors", "--no-log-socket-errors", "--asyncore-use-poll",
        ],
        settings: &[
            "--app", "--host", "--port", "--listen", "--threads", "--trusted-proxy", "--trusted-proxy-count",
            "--trusted-proxy-headers", "--url-scheme", "--url-prefix", "--backlog", "--recv-bytes", "--send-bytes",
            "--outbuf-overflow", "--inbuf-overflow", "--connection-limit", "--cleanup-interval", "--channel-timeout",
            "--max-request-header-size", "--max-request-body-size", "--ident", "--unix-socket", "--unix-socket-perms",
            "--clear-untrusted-proxy-headers", "--channel-request-lookahead", "--server-name",
        ],
        directory: "",
        has_file: false,
    },
];

/// What a server takes, and what keeps its application from being served.
pub(crate) struct Served {
    pub(crate) interface: Interface,
    pub(crate) problems: Vec<Problem>,
}

/// The server that a script is, with the application that it is given.
pub(crate) fn served(machine: &Machine<'_>, script: &Script) -> Option<Served> {
    if let Some(served) = super::application::loaded(machine, script) {
        return Some(served);
    }
    let name = script.name.clone().unwrap_or_else(|| {
        let name = script.file.rsplit(|b| *b == b'/').next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    });
    let server = SERVERS.iter().find(|s| s.name == name || name == format!("{}.__main__", s.name))?;
    let named = application(server, &script.arguments);
    let mut problems = match named.application {
        // Whether a word is the application or the value of an option hangs on the server's version.
        _ if named.is_unclear => Vec::new(),
        Some(application) if Machine::is_unknown(application) => Vec::new(),
        Some(application) => problems_of(machine, script, application, &named),
        None if server.has_file => match written_application(machine, script, &named) {
            Some(application) => problems_of(machine, script, &application, &named),
            None => vec![without_application(machine, script, &named)],
        },
        None => Vec::new(),
    };
    problems.extend(settings_of(machine, script, &named));
    problems.extend(worker_of(machine, script, &named));
    Some(Served { interface: interface(server), problems })
}

/// What the words of a server name.
#[derive(Default)]
struct Named<'w> {
    application: Option<&'w str>,
    /// The directory in which it is looked for.
    directory: Option<&'w str>,
    /// Whether a file of settings is named, which may name the application.
    has_file: bool,
    /// The files that it reads at its start: of settings, and of the log's.
    settings: Option<&'w str>,
    log_settings: Option<&'w str>,
    /// What runs its workers.
    worker: Option<&'w str>,
    /// Whether it reads settings from its own directory where none are named.
    has_settings_of_its_own: bool,
    /// Whether the application is a function that makes it.
    is_factory: bool,
    /// Whether there is an option that is not known, or a word that is known only when it runs.
    is_unclear: bool,
}

/// The application among the words of a server.
fn application<'w>(server: &Server, words: &'w [String]) -> Named<'w> {
    let mut named = Named { has_settings_of_its_own: server.has_file, ..Named::default() };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v)));
        if name.starts_with('-') {
            let takes = server.settings.contains(&name) && !Machine::is_unknown(word);
            let value = if takes { value.or_else(|| rest.next().map(String::as_str)) } else { value };
            if name == server.directory {
                named.directory = value;
            }
            match name {
                "-c" | "--config" if server.has_file => named.settings = value,
                "--log-config" => named.log_settings = value,
                "-k" | "--worker-class" if server.has_file => named.worker = value,
                "--factory" => named.is_factory = true,
                _ => {}
            }
            named.has_file |= matches!(name, "-c" | "--config" | "--paste") || name.starts_with("-c");
            // `-w4`
            let is_joined = |known: &&&str| known.len() == 2 && name.starts_with(**known);
            let is_known = takes
                || server.switches.contains(&name)
                || matches!(name, "--help" | "-h" | "--version" | "-v")
                || !name.starts_with("--") && server.settings.iter().any(|known| is_joined(&known));
            named.is_unclear |= !is_known && !Machine::is_unknown(word) && value.is_none();
        } else if named.application.is_none() {
            named.application = Some(word.as_str());
        }
    }
    named
}

/// Classes of workers that gunicorn has by a name of their own, each with the library that it needs.
const WORKERS: [(&str, Option<&str>); 6] = [
    ("sync", None),
    ("gthread", None),
    ("eventlet", Some("eventlet")),
    ("gevent", Some("gevent")),
    ("gevent_pywsgi", Some("gevent")),
    ("tornado", Some("tornado")),
];

/// What is wrong with the files that a server reads at its start.
fn settings_of(machine: &Machine<'_>, script: &Script, named: &Named<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    // `python:module` names a module.
    let is_file = |name: &&str| !Machine::is_unknown(name) && !name.starts_with("python:");
    let path_of = |name: &str| machine.absolute(name.strip_prefix("file:").unwrap_or(name));
    for name in named.settings.into_iter().chain(named.log_settings).filter(is_file) {
        if machine.filesystem.tree.file(&path_of(name)).is_none() {
            let what = format!("{name}, which the server reads its settings from, is not in the image");
            problems.push(Problem { file: script.file.clone(), line: 1, what, is_certain: true });
        }
    }
    let own = machine.absolute("gunicorn.conf.py");
    let path = match named.settings.filter(is_file) {
        Some(name) => Some(path_of(name)),
        None => Some(own).filter(|_| named.has_settings_of_its_own),
    };
    let Some((path, _)) = path.and_then(|path| machine.filesystem.tree.file(&path)) else { return problems };
    let settings = Script { name: None, file: path, arguments: Vec::new(), package: None, ..script.clone() };
    let modules = load(machine, &settings);
    let found = check(machine, &modules, &settings);
    problems.extend(found.into_iter().filter(|p| !says_idle(p)));
    problems
}

/// Whether the image has what runs the server's workers.
fn worker_of(machine: &Machine<'_>, script: &Script, named: &Named<'_>) -> Option<Problem> {
    let worker = named.worker.filter(|w| !Machine::is_unknown(w) && !w.starts_with("egg:"))?;
    let module = match WORKERS.iter().find(|(name, _)| *name == worker) {
        Some((_, library)) => (*library)?,
        None => worker.rsplit_once('.')?.0,
    };
    match (Finder { filesystem: machine.filesystem, script }).find(module) {
        Target::Missing { part, why, is_certain } => {
            let what = format!("the module {part} of the workers {worker} is not in the image{why}");
            Some(Problem { file: script.file.clone(), line: 1, what, is_certain })
        }
        _ => None,
    }
}

/// What is wrong with a factory of an application: the server calls it without arguments.
fn factory_of(module: &Module<'_>, attribute: &str, path: &[u8]) -> Option<Problem> {
    let mut functions = module.body.iter().filter_map(|statement| match &statement.kind {
        StmtKind::Function(function) if function.name == attribute => Some(function),
        _ => None,
    });
    let (function, None) = (functions.next()?, functions.next()) else { return None };
    let wrong = super::arity::wrong(function, 0, &[]).filter(|_| function.decorators.is_empty())?;
    let what = format!("the server calls {attribute} {wrong}");
    Some(Problem { file: path.to_vec(), line: 1, what, is_certain: true })
}

/// The application that a file of settings names: `wsgi_app = "orders.web:app"`.
fn written_application(machine: &Machine<'_>, script: &Script, named: &Named<'_>) -> Option<String> {
    let name = named.settings.map_or("gunicorn.conf.py", |name| name.strip_prefix("file:").unwrap_or(name));
    let (path, _) = machine.filesystem.tree.file(&machine.absolute(name))?;
    let parsed = machine.parsed.module(machine.filesystem, &path, script.search.version);
    let module = parsed.as_ref().as_ref().ok()?;
    let mut written = module.body.iter().filter_map(|statement| match &statement.kind {
        StmtKind::Assign { targets, value } => {
            let is_it = targets.iter().any(|t| t.dotted().as_deref() == Some("wsgi_app"));
            is_it.then(|| value.text().map(str::to_owned))
        }
        _ => None,
    });
    match (written.next(), written.next()) {
        (Some(application), None) => application,
        _ => None,
    }
}

/// What is wrong with a server that is given no application by its words.
fn without_application(machine: &Machine, script: &Script, named: &Named<'_>) -> Problem {
    let settings = machine.absolute("gunicorn.conf.py");
    let is_set = named.has_file
        || machine.variable("GUNICORN_CMD_ARGS").is_some()
        || machine.filesystem.tree.file(&settings).is_some();
    let is_open = is_set || script.arguments.iter().any(|word| Machine::is_unknown(word));
    let what = match is_open {
        true => "which application it serves is said by its settings, which are not followed",
        false => "it is given no application to serve",
    };
    Problem { file: script.file.clone(), line: 1, what: what.to_owned(), is_certain: !is_open }
}

fn problems_of(machine: &Machine<'_>, script: &Script, application: &str, named: &Named<'_>) -> Vec<Problem> {
    let directory = named.directory;
    let (module, attribute) = application.split_once(':').unwrap_or((application, "application"));
    let attribute = attribute.split(['(', '.']).next().unwrap_or_default();
    let mut search = script.search.clone();
    search.directories.insert(0, machine.absolute(directory.unwrap_or(".")));
    let mut served = Script {
        name: Some(module.to_owned()),
        search,
        arguments: Vec::new(),
        package: None,
        ..script.clone()
    };
    let tell =
        |file: &[u8], what: String, is_certain| Problem { file: file.to_vec(), line: 1, what, is_certain };
    let filesystem = machine.filesystem;
    if module.contains('/') {
        let what =
            format!("{module} is no name of a module, and the application {application} is to be in it");
        return vec![tell(&script.file, what, true)];
    }
    let found = Finder { filesystem, script: &served }.find(module);
    let path = match found {
        Target::Source { path, .. } => path,
        Target::Missing { part, why, is_certain } => {
            let what = format!("the module {part} of the application {application} is not in the image{why}");
            return vec![tell(&script.file, what, is_certain)];
        }
        // A directory without `__init__.py` defines nothing.
        Target::Namespace(_) => {
            let what = format!(
                "{module} is a directory without a module, and has no {attribute}, which the application {application} is to be"
            );
            return vec![tell(&script.file, what, true)];
        }
        Target::Opaque => {
            let what = format!(
                "whether {module} has {attribute}, which the application {application} is to be, cannot be seen"
            );
            return vec![tell(&script.file, what, false)];
        }
    };
    served.file.clone_from(&path);
    let modules = load(machine, &served);
    let mut problems = check(machine, &modules, &served);
    problems.retain(|p| !says_idle(p));
    if let (true, Some(Ok(module))) = (named.is_factory, modules.get(&path)) {
        problems.extend(factory_of(module, attribute, &path));
    }
    let defined = match modules.get(&path) {
        Some(Ok(module)) => super::names::defined(module),
        _ => None,
    };
    if defined.is_some_and(|all| !all.contains(attribute)) {
        let what = format!("{module} has no {attribute}, which the application {application} is to be");
        problems.push(tell(&path, what, true));
    }
    problems
}

/// Settings of servers that take a whole number.
const NUMBERS: [&str; 7] =
    ["--port", "--workers", "-w", "--threads", "--backlog", "--timeout-keep-alive", "--worker-connections"];

fn interface(server: &Server) -> Interface {
    let parameter = |name: &str, is_option: bool, arity: Arity, ends: bool| Parameter {
        is_option,
        required: if is_option || server.has_file { Known::No } else { Known::Yes },
        ends,
        takes: if NUMBERS.contains(&name) { Takes::Int } else { Takes::Any },
        ..Parameter::new(vec![name.to_owned()], arity)
    };
    let mut parameters = vec![parameter("application", false, Arity::Exactly(1), false)];
    parameters
        .extend(["--help", "-h", "--version"].map(|name| parameter(name, true, Arity::Exactly(0), true)));
    parameters.extend(server.switches.iter().map(|name| parameter(name, true, Arity::Exactly(0), false)));
    parameters.extend(server.settings.iter().map(|name| parameter(name, true, Arity::Exactly(1), false)));
    Interface {
        parameters,
        // Other versions have other options.
        open: Some(format!("the options of {} hang on its version", server.name)),
        abbreviates: server.has_file,
        ..Interface::default()
    }
}
