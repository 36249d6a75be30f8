//! Reads a program's command line interface by going through its code as it would run: modules are entered, functions
//! called, parsers put together, up to the place where the arguments are parsed. Nothing of the image is run. What
//! depends on anything but the text stays unknown, and a parser that depends on it is open.

mod afterwards;
mod argparse;
mod call;
mod classes;
mod click;
mod documentation;
mod ending;
mod expression;
mod fire;
mod getopt;
mod help;
mod mutation;
mod namespace;
mod packages;
mod statement;
mod typer;
mod usage;
mod value;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use super::super::cli::{Ending, Interface, Reading, Written};
use super::super::filesystem::Filesystem;
use super::imports::{Finder, Problem};
use super::syntax::{Module, Modules};
use super::{Script, guard::Guards};
use value::{Class, Function, Scope, ScopeData, Value};

/// Most steps that are taken for one program.
const MAX_STEPS: u32 = 400_000;

/// How deep calls and imports are followed.
const MAX_CALLS: u32 = 48;

/// How deep expressions are followed.
const MAX_DEPTH: u32 = 200;

/// Reads the interface of a program whose modules were parsed.
pub(crate) fn interface<'a>(
    filesystem: &Filesystem<'a>,
    modules: &Modules<'a>,
    script: &Script,
    variables: &dyn Fn(&str) -> bool,
) -> (Reading, Vec<Problem>) {
    let mut evaluator = evaluator(filesystem, modules, script, variables);
    evaluator.run();
    let problems = std::mem::take(&mut evaluator.problems);
    (evaluator.finish(), problems)
}

/// An evaluator that has seen nothing.
fn evaluator<'m, 'a>(
    filesystem: &'m Filesystem<'a>,
    modules: &'m Modules<'a>,
    script: &'m Script,
    variables: &'m dyn Fn(&str) -> bool,
) -> Evaluator<'m, 'a> {
    Evaluator {
        finder: Finder { filesystem, script },
        modules,
        script,
        loaded: Vec::new(),
        by_path: HashMap::new(),
        functions: Vec::new(),
        classes: Vec::new(),
        objects: Vec::new(),
        parsers: Vec::new(),
        commands: Vec::new(),
        apps: Vec::new(),
        root: None,
        frames: Vec::new(),
        altered: None,
        known_before: Vec::new(),
        foreign: None,
        reads_argv: None,
        steps: 0,
        calls: 0,
        depth: 0,
        maybe: 0,
        caught: 0,
        doubt: Doubt::default(),
        variables,
        problems: Vec::new(),
        kept: Vec::new(),
        later_defaults: (false, Vec::new()),
        defaults_of: Vec::new(),
        answer: None,
        parsed_in: 0,
        given_back: None,
        lacking: RefCell::default(),
        endings: Vec::new(),
        subcommands: Vec::new(),
        argv_reads: (0, 0),
        gives_program: false,
        refuses_itself: false,
    }
}

/// What a command of Django takes: what its class adds to the parser that all commands have.
pub(super) fn of_command<'a>(
    filesystem: &Filesystem<'a>,
    modules: &Modules<'a>,
    script: &Script,
    general: &Interface,
    command: &str,
) -> Reading {
    let is_set = |_: &str| true;
    let mut evaluator = evaluator(filesystem, modules, script, &is_set);
    let Some(Ok(module)) = modules.get(&script.file) else {
        return Reading::Unknown(format!("the source of the command {command} was not kept"));
    };
    let index = evaluator.open(module, script.name.clone().unwrap_or_default(), false);
    let scope = std::rc::Rc::clone(&evaluator.loaded[index].scope);
    evaluator.body(&module.body, &scope);
    let Some(Value::Class(class)) = scope.get("Command") else {
        return Reading::Unknown(format!("the class of the command {command} is not known"));
    };
    let parser = evaluator.plain_parser(general.parameters.clone());
    match evaluator.member(class, "add_arguments", &Value::Unknown) {
        Some(Value::Method(own, function)) => {
            let arguments =
                expression::Arguments { positional: vec![Value::Parser(parser, None)], ..Default::default() };
            evaluator.function(function, &arguments, Some(&own));
        }
        _ if evaluator.derives_from(class, "django.core.management.base.BaseCommand")
            || evaluator.derives_from(class, "django.core.management.BaseCommand") => {}
        _ => return Reading::Unknown(format!("what the command {command} is derived from is not read")),
    }
    evaluator.root = Some(Root::Parser(parser));
    evaluator.finish()
}

/// What parses the arguments.
#[derive(Clone, Debug)]
enum Root {
    /// A parser of argparse or optparse: its index.
    Parser(usize),
    /// A command of click: its index.
    Command(usize),
    /// An application of typer: its index.
    Typer(usize),
    /// A function that `typer.run` is given.
    TyperFunction(usize),
    /// What `fire.Fire` is given.
    Fire(Box<Interface>),
    /// Something that is not understood: why.
    Unknown(String),
}

/// A module that was entered.
struct Loaded<'m> {
    module: &'m Module<'m>,
    name: String,
    is_package: bool,
    scope: Scope,
    /// Whether it is being run.
    is_open: bool,
}

/// Why it is not certain that what comes next is run at all.
#[derive(Clone, Copy, Debug, Default)]
struct Doubt {
    /// The function may have been left.
    of_function: bool,
    /// The program may have ended, or goes on with something for good.
    of_program: bool,
}

struct Evaluator<'m, 'a> {
    finder: Finder<'m, 'a>,
    modules: &'m Modules<'a>,
    script: &'m Script,
    loaded: Vec<Loaded<'m>>,
    by_path: HashMap<Vec<u8>, usize>,
    functions: Vec<Function<'m>>,
    classes: Vec<Class>,
    /// Objects of classes: class and attributes.
    objects: Vec<(usize, Scope)>,
    parsers: Vec<argparse::Parser>,
    commands: Vec<click::Command>,
    apps: Vec<typer::App>,
    root: Option<Root>,
    /// The scopes of the functions that are being called.
    frames: Vec<Scope>,
    /// Why what the program takes is not what its parsers say: it changes them, or the words that they read.
    altered: Option<String>,
    /// Parsers that read what they know and leave the rest: `parse_known_args`.
    known_before: Vec<usize>,
    /// A library that reads the arguments and is not understood, and where.
    foreign: Option<String>,
    /// Where the program looks at `sys.argv` itself.
    reads_argv: Option<String>,
    steps: u32,
    calls: u32,
    depth: u32,
    /// How many conditions that are not known are around.
    maybe: u32,
    /// How many handlers are around that may take what fails.
    caught: u32,
    doubt: Doubt,
    /// Whether the environment has a variable.
    variables: &'m dyn Fn(&str) -> bool,
    /// What ends the program before its arguments are parsed.
    problems: Vec<Problem>,
    /// What parsers keep of their options.
    kept: Vec<namespace::Kept>,
    /// Defaults that `set_defaults` gives what is added later, by their names, and whether there may be others.
    later_defaults: (bool, Vec<(String, Value)>),
    /// The same with the parser that each belongs to.
    defaults_of: Vec<(usize, String, Value)>,
    /// What the function that parses the arguments gives back, if it is left, and what the call of it gave.
    answer: Option<ending::Answer>,
    /// How many functions were being called when the arguments were parsed.
    parsed_in: usize,
    given_back: Option<ending::Answer>,
    /// Attributes that classes were asked for, and whether they lack them.
    lacking: RefCell<BTreeMap<(usize, String), bool>>,
    /// What refuses the arguments once they are parsed.
    endings: Vec<Ending>,
    /// The names of all subcommands of argparse.
    subcommands: Vec<String>,
    /// How often the program looks at `sys.argv`, and how often what it finds there is known.
    argv_reads: (u32, u32),
    /// Whether its parser is given `sys.argv` whole, with the program first.
    gives_program: bool,
    /// Whether it reads the options that were parsed by itself, and may refuse them.
    refuses_itself: bool,
}

/// How a list of statements ends.
enum Flow {
    Next,
    Return(Value),
    Break,
    /// The arguments are parsed, or the program ends.
    End,
}

impl<'m, 'a> Evaluator<'m, 'a> {
    fn run(&mut self) {
        let Some(Ok(module)) = self.modules.get(&self.script.file) else { return };
        let is_package = self.script.file.ends_with(b"/__main__.py") && self.script.name.is_some();
        let name = self.script.name.clone().unwrap_or_default();
        let index = self.open(module, name, is_package);
        let scope = std::rc::Rc::clone(&self.loaded[index].scope);
        scope.set("__name__", Value::Text("__main__".into()));
        // Who imports it by its name gets another one, which is run anew.
        self.by_path.remove(&module.path);
        self.body(&module.body, &scope);
    }

    /// Notes a module that is about to be run.
    fn open(&mut self, module: &'m Module<'a>, name: String, is_package: bool) -> usize {
        let index = self.loaded.len();
        let scope = Scope::new(ScopeData { module: index, ..ScopeData::default() });
        scope.set("__name__", Value::Text(name.as_str().into()));
        scope.set("__doc__", self.docstring(&module.body));
        self.by_path.insert(module.path.clone(), index);
        self.loaded.push(Loaded { module, name, is_package, scope, is_open: true });
        index
    }

    /// Whether there are steps left.
    fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps < MAX_STEPS
    }

    /// Notes what parses the arguments. Under a condition that is not known something else may parse them.
    fn reach(&mut self, root: Root, scope: &Scope, line: u32) {
        self.parsed_in = self.frames.len();
        self.root = Some(if self.maybe == 0 {
            root
        } else {
            let place = self.place(scope, line);
            Root::Unknown(format!("its arguments are parsed under a condition that is not known ({place})"))
        });
    }

    fn guards(&self, module: usize) -> Guards {
        Guards { version: self.script.search.version, is_main: module == 0 }
    }

    fn written(&self, scope: &Scope, line: u32) -> Written {
        let file = self.loaded.get(scope.module).map(|l| l.module.path.clone()).unwrap_or_default();
        Written { file, line }
    }

    /// A place for people: `/app/cli.py:7`.
    fn place(&self, scope: &Scope, line: u32) -> String {
        let written = self.written(scope, line);
        format!("/{}:{line}", String::from_utf8_lossy(&written.file))
    }

    /// What was read, once all is gone through.
    fn finish(mut self) -> Reading {
        if self.steps >= MAX_STEPS {
            return Reading::Unknown("its code takes more steps than are followed".to_owned());
        }
        if let Some(reason) = self.altered.take() {
            return Reading::Unknown(reason);
        }
        let root = self.root.take().or_else(|| self.known_before.last().map(|p| Root::Parser(*p)));
        let mut interface = match root {
            Some(Root::Parser(index)) => self.parser_interface(index, 0),
            Some(Root::Command(index)) => self.command_interface(index, 0),
            Some(Root::Typer(index)) => self.app_interface(index, 0),
            Some(Root::TyperFunction(index)) => self.function_interface(index),
            Some(Root::Fire(interface)) => *interface,
            Some(Root::Unknown(reason)) => return Reading::Unknown(reason),
            None => {
                if let Some(reason) = self.foreign {
                    return Reading::Unknown(reason);
                }
                // What it looks at itself is known, and nothing in it ends the program.
                if self.argv_reads.0 > 0 && self.argv_reads.0 == self.argv_reads.1 {
                    let interface = Interface { takes_unknown: true, ..Interface::default() };
                    return Reading::Known(Box::new(interface));
                }
                let none = "no parser that is understood (argparse, click, typer) is reached in its source";
                return Reading::Nothing(self.reads_argv.unwrap_or_else(|| none.to_owned()));
            }
        };
        self.add_known_before(&mut interface);
        interface.endings.append(&mut self.endings);
        interface.is_given_program = self.gives_program;
        if let Some(reason) = &self.foreign {
            interface.open.get_or_insert_with(|| reason.clone());
        }
        Reading::Known(Box::new(interface))
    }

    /// The options of parsers that read what they know and left the rest to the last.
    fn add_known_before(&mut self, interface: &mut Interface) {
        for index in std::mem::take(&mut self.known_before) {
            let before = self.parser_interface(index, 0);
            for mut parameter in before.parameters.into_iter().filter(|p| p.is_option) {
                let is_there =
                    interface.parameters.iter().any(|p| p.names.iter().any(|n| parameter.names.contains(n)));
                if !is_there {
                    parameter.group = None;
                    interface.parameters.push(parameter);
                }
            }
        }
    }
}
