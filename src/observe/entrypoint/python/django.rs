//! `python manage.py COMMAND`: the settings of a Django project, its applications, and the command among them.
//! <https://docs.djangoproject.com/en/stable/ref/django-admin/>

use super::super::cli::{Arity, Interface, Parameter, Reading};
use super::super::machine::Machine;
use super::ast::{Argument, Expr, ExprKind, Stmt, StmtKind};
use super::imports::{Finder, Problem, Target, absolute, check, load, package_of};
use super::syntax::Modules;
use super::{Script, evaluate, says_idle};

/// How deep settings that take over others are followed.
const MAX_DEPTH: u8 = 8;

/// Commands that answer without a project.
const ALONE: [&str; 4] = ["help", "version", "startproject", "startapp"];

/// What is known of a command of a Django project.
pub(crate) struct Managed {
    pub(crate) problems: Vec<Problem>,
    pub(crate) reading: Reading,
}

/// The applications of a project.
#[derive(Default)]
struct Applications {
    names: Vec<String>,
    /// Whether there may be others.
    is_open: bool,
}

/// The command that a script runs, if it hands its arguments to Django.
pub(crate) fn managed(machine: &Machine<'_>, script: &Script, modules: &Modules<'_>) -> Option<Managed> {
    let Some(Ok(main)) = modules.get(&script.file) else { return None };
    if !main.text.contains("execute_from_command_line(") {
        return None;
    }
    let words = &script.arguments;
    let mut managed = Managed {
        problems: Vec::new(),
        reading: Reading::Unknown("what its command takes is not known".to_owned()),
    };
    let tell =
        |what: String, is_certain: bool| Problem { file: script.file.clone(), line: 1, what, is_certain };
    let Some(command) = command_of(words).filter(|c| !Machine::is_unknown(c)) else {
        managed.problems.push(tell("which command of Django it runs is not known".to_owned(), false));
        return Some(managed);
    };
    let written = settings_in(&main.body, machine.variable("DJANGO_SETTINGS_MODULE"));
    let Some(settings) = value_of(words, "--settings").or(written) else {
        managed.problems.push(tell("which settings Django uses is not known".to_owned(), false));
        return Some(managed);
    };
    let own = Script { name: Some(settings.clone()), arguments: Vec::new(), ..script.clone() };
    let finder = Finder { filesystem: machine.filesystem, script: &own };
    for library in ["django", "django.core.management"] {
        if let Target::Missing { part, why, is_certain } = finder.find(library) {
            managed.problems.push(tell(
                format!("the module {part}, which it starts, is not in the image{why}"),
                is_certain,
            ));
            return Some(managed);
        }
    }
    let path = match finder.find(&settings) {
        Target::Source { path, .. } => path,
        Target::Missing { part, why, is_certain } => {
            let what = format!("the module {part} of the settings {settings} is not in the image{why}");
            // `help` and `runserver` go on for a while without settings.
            managed.problems.push(tell(what, is_certain && !ALONE.contains(&command)));
            return Some(managed);
        }
        _ => {
            managed.problems.push(tell(format!("the settings {settings} cannot be seen"), false));
            return Some(managed);
        }
    };
    let own = Script { file: path.clone(), ..own };
    let finder = Finder { filesystem: machine.filesystem, script: &own };
    let loaded = load(machine, &own);
    managed.problems.extend(check(machine, &loaded, &own));
    let applications = applications_of(&loaded, &finder, &path, &settings, 0);
    for name in &applications.names {
        // A class of a module, such as `orders.apps.OrdersConfig`.
        let module = name.rsplit_once('.').map(|(module, _)| module);
        let is_missing = |n: &str| match finder.find(n) {
            Target::Missing { is_certain, .. } => Some(is_certain),
            _ => None,
        };
        if let Some(is_certain) = is_missing(name)
            && module.is_none_or(|m| is_missing(m).is_some())
        {
            let what =
                format!("the application {name}, which the settings {settings} name, is not in the image");
            managed.problems.push(Problem { file: path.clone(), line: 1, what, is_certain });
        }
    }
    managed.command(machine, &own, &applications, command);
    managed.problems.retain(|p| !says_idle(p));
    Some(managed)
}

impl Managed {
    /// Looks for the module of a command, and for what that takes.
    fn command(&mut self, machine: &Machine<'_>, own: &Script, applications: &Applications, command: &str) {
        let finder = Finder { filesystem: machine.filesystem, script: own };
        let tell =
            |what: String, is_certain: bool| Problem { file: own.file.clone(), line: 1, what, is_certain };
        let packages = applications.names.iter().map(|name| match finder.find(name) {
            Target::Missing { .. } => name.split(".apps.").next().unwrap_or_default().to_owned(),
            _ => name.clone(),
        });
        // What comes later hides what comes first.
        let all = packages.rev().chain(["django.core".to_owned()]);
        let found = all.filter_map(|package| {
            let module = format!("{package}.management.commands.{command}");
            match finder.find(&module) {
                Target::Source { path, .. } => Some((module, path)),
                _ => None,
            }
        });
        let Some((module, path)) = { found }.next() else {
            let is_known = ALONE.contains(&command) || command.starts_with('-');
            if !is_known {
                let what = format!("no application of the settings has the command {command}");
                // Django has commands of its own: without them it is not all there.
                let own = finder.find("django.core.management.commands");
                let is_whole = !matches!(own, Target::Missing { .. });
                self.problems.push(tell(what, is_whole && !applications.is_open));
            }
            return;
        };
        if !finder.is_own(&path) {
            // The command of a library takes what it takes.
            let open = Some(format!("the options of the command {command} hang on its library's version"));
            let mut interface = Interface { open, ..general() };
            interface.parameters.push(Parameter::new(vec!["words".to_owned()], Arity::Any));
            self.reading = Reading::Known(Box::new(interface));
            return;
        }
        let run = Script { name: Some(module), file: path, arguments: own.arguments.clone(), ..own.clone() };
        let modules = load(machine, &run);
        self.problems.extend(check(machine, &modules, &run));
        self.reading = evaluate::of_command(machine.filesystem, &modules, &run, &general(), command);
    }
}

/// What every command takes.
fn general() -> Interface {
    let option =
        |names: &[&str], arity: Arity| Parameter::new(names.iter().map(|n| (*n).to_owned()).collect(), arity);
    let help = Parameter { ends: true, ..option(&["-h", "--help"], Arity::Exactly(0)) };
    let version = Parameter { ends: true, ..option(&["--version"], Arity::Exactly(0)) };
    let mut parameters = vec![Parameter::new(vec!["command".to_owned()], Arity::Exactly(1)), help, version];
    parameters.push(option(&["-v", "--verbosity"], Arity::Exactly(1)));
    parameters.extend(["--settings", "--pythonpath"].map(|n| option(&[n], Arity::Exactly(1))));
    let switches = ["--traceback", "--no-color", "--force-color", "--skip-checks", "--noinput", "--no-input"];
    parameters.extend(switches.map(|n| option(&[n], Arity::Exactly(0))));
    Interface { parameters, abbreviates: true, ..Interface::default() }
}

/// The first word that is no option, nor the value of one.
fn command_of(words: &[String]) -> Option<&str> {
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--settings" | "--pythonpath" => drop(rest.next()),
            word if word.starts_with('-') => {}
            word => return Some(word),
        }
    }
    None
}

fn value_of(words: &[String], option: &str) -> Option<String> {
    let at = words.iter().position(|w| w == option);
    let joined = words.iter().find_map(|w| w.strip_prefix(option)?.strip_prefix('='));
    joined.map(str::to_owned).or_else(|| words.get(at? + 1).cloned()).filter(|w| !Machine::is_unknown(w))
}

/// The settings that a script names: as a default for the variable, or whatever that is.
fn settings_in(body: &[Stmt], set: Option<&str>) -> Option<String> {
    const NAME: &str = "DJANGO_SETTINGS_MODULE";
    for statement in body {
        match &statement.kind {
            StmtKind::Expr(Expr { kind: ExprKind::Call(function, arguments), .. }) => {
                let is_default = function.dotted().is_some_and(|f| f.ends_with("environ.setdefault"));
                if let (true, [Argument::Positional(name), Argument::Positional(value)]) =
                    (is_default, arguments.as_slice())
                    && name.text() == Some(NAME)
                {
                    return set.or(value.text()).map(str::to_owned);
                }
            }
            StmtKind::Assign { targets, value } => {
                let is_it = |t: &Expr| {
                    matches!(&t.kind, ExprKind::Subscript(of, key) if of.dotted().is_some_and(|n| n.ends_with("environ"))
                        && key.first().and_then(Expr::text) == Some(NAME))
                };
                if targets.iter().any(is_it) {
                    return value.text().map(str::to_owned);
                }
            }
            kind => {
                if let Some(found) = kind.bodies().into_iter().find_map(|body| settings_in(body, None)) {
                    return Some(set.map_or(found, str::to_owned));
                }
            }
        }
    }
    None
}

/// The applications that settings name, those of settings that they take over included.
fn applications_of(
    modules: &Modules<'_>,
    finder: &Finder<'_, '_>,
    path: &[u8],
    name: &str,
    depth: u8,
) -> Applications {
    let mut all = Applications::default();
    let Some(Ok(module)) = modules.get(path).filter(|_| depth < MAX_DEPTH) else {
        return Applications { is_open: true, ..all };
    };
    let is_it = |e: &Expr| e.dotted().as_deref() == Some("INSTALLED_APPS");
    // Further uses may change it.
    let mut understood = 0;
    for statement in &module.body {
        match &statement.kind {
            StmtKind::Assign { targets, value } if targets.iter().any(is_it) => {
                understood += 1;
                all = Applications::default();
                all.add(value);
            }
            StmtKind::Augment { target, value } if is_it(target) => {
                understood += 1;
                all.add(value);
            }
            StmtKind::ImportFrom { level, module: from, names } if names.iter().any(|n| n.name == "*") => {
                let package = package_of(name, path.ends_with(b"/__init__.py"));
                let from = absolute(&package, *level, from).unwrap_or_default();
                match finder.find(&from) {
                    Target::Source { path, .. } if modules.contains(&path) => {
                        all = applications_of(modules, finder, &path, &from, depth + 1);
                    }
                    _ => all.is_open = true,
                }
            }
            _ => {}
        }
    }
    all.is_open |= module.text.matches("INSTALLED_APPS").count() > understood;
    all
}

impl Applications {
    fn add(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                for item in items {
                    match item.text() {
                        Some(name) => self.names.push(name.to_owned()),
                        None => self.is_open = true,
                    }
                }
            }
            _ => self.is_open = true,
        }
    }
}
