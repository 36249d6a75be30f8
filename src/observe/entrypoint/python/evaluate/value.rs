//! What an expression comes to, as far as the text of a program tells.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::super::super::cli::{Parameter, Takes};
use super::super::ast::{Expr, Function as FunctionSyntax};

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Not known when the program is read.
    Unknown,
    None,
    Bool(bool),
    Int(i64),
    Text(Rc<str>),
    List(Rc<Vec<Value>>),
    Dict(Rc<Vec<(Value, Value)>>),
    /// A module of the project: its index.
    Module(usize),
    /// Something of a library, by its dotted name, such as `argparse.ArgumentParser`.
    External(Rc<str>),
    /// A function of the project: its index.
    Function(usize),
    /// A method of something that is known here, with its object and its name.
    Bound(Box<Value>, Rc<str>),
    /// A function of the project, bound to an object.
    Method(Box<Value>, usize),
    /// A class of the project: its index.
    Class(usize),
    /// An object of a class of the project: its index.
    Object(usize),
    /// A parser, or a group of its options: the parser's index, and that of the exclusive group.
    Parser(usize, Option<usize>),
    /// The subcommands of a parser.
    Subparsers(usize),
    /// A command or group of click: its index.
    Command(usize),
    /// An application of typer: its index.
    Typer(usize),
    /// What a decorator of click or typer does with a function.
    Decorator(Rc<Decorator>),
    /// `typer.Option(…)` or `typer.Argument(…)`.
    TyperParameter(Rc<TyperParameter>),
    /// `sys.argv`, the program first.
    Argv,
    /// All of `sys.argv` after the program.
    ArgvWords,
    /// A further part of `sys.argv`, such as `sys.argv[2:]`.
    ArgvPart,
    /// What a parser that reads what it knows left.
    ArgvRest,
    /// What a parser of argparse made of the command line.
    Namespace,
    /// What an option of the contract is given: a value that is not known, and not empty.
    Given,
    /// What a type of click takes.
    Takes(Rc<Takes>),
    /// A member of an enumeration: its name and its value.
    Member(Rc<(String, Value)>),
    /// `super()`: the object, and the class that the method belongs to.
    Super(Box<Value>, usize),
}

/// What a decorator does.
#[derive(Clone, Debug)]
pub(super) enum Decorator {
    /// `@click.option(…)`, `@click.argument(…)`.
    Parameter(Parameter),
    /// `@click.command(…)`, `@group.command(…)`.
    Command { name: Option<String>, is_group: bool, parent: Option<usize>, settings: CommandSettings },
    /// `@app.command(…)` and `@app.callback(…)` of typer.
    Typer { app: usize, name: Option<String>, is_callback: bool, settings: CommandSettings },
}

/// Settings of a command that change what it takes.
#[derive(Clone, Debug, Default)]
pub(super) struct CommandSettings {
    pub(super) takes_unknown: bool,
    pub(super) invoke_without_command: bool,
    /// Whether it does not know `--help`.
    pub(super) has_no_help: bool,
    /// Why there may be more than is seen.
    pub(super) open: Option<String>,
}

/// How a parameter of a typer function is given.
#[derive(Clone, Debug)]
pub(super) struct TyperParameter {
    pub(super) is_option: bool,
    /// Whether it has a default: `...` is none.
    pub(super) has_default: bool,
    pub(super) names: Vec<String>,
}

/// A scope: names with their values, and the scope around it.
pub(super) type Scope = Rc<ScopeData>;

#[derive(Debug, Default)]
pub(super) struct ScopeData {
    pub(super) names: RefCell<HashMap<String, Value>>,
    pub(super) parent: Option<Scope>,
    /// The module that it belongs to.
    pub(super) module: usize,
}

impl ScopeData {
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.names.borrow().get(name) {
            return Some(value.clone());
        }
        self.parent.as_ref().and_then(|p| p.get(name))
    }

    pub(super) fn set(&self, name: &str, value: Value) {
        self.names.borrow_mut().insert(name.to_owned(), value);
    }
}

/// A function of the project.
#[derive(Clone, Debug)]
pub(super) struct Function<'m> {
    pub(super) module: usize,
    pub(super) syntax: &'m FunctionSyntax,
    pub(super) scope: Scope,
    /// Defaults of its parameters, by name.
    pub(super) defaults: Vec<(String, Value)>,
    /// Values of `Annotated` and the like, by parameter.
    pub(super) annotations: Vec<(String, Value)>,
    /// What click's decorators said of it so far.
    pub(super) parameters: Vec<Parameter>,
    /// Why it may have more parameters, if it may.
    pub(super) open: Option<String>,
}

/// A class of the project.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) bases: Vec<Value>,
    pub(super) scope: Scope,
    /// The names that its body binds; nothing if it may have others.
    pub(super) own: Option<BTreeSet<String>>,
}

/// A text that is known, and nothing else.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Member(member) => text_of(&member.1),
        _ => None,
    }
}

/// The texts of a list, if all are known.
pub(super) fn texts_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::List(items) => items.iter().map(text_of).collect(),
        Value::Dict(pairs) => pairs.iter().map(|(key, _)| text_of(key)).collect(),
        _ => None,
    }
}

/// Whether a value is true, if that is known.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Unknown
        | Value::Namespace
        | Value::Argv
        | Value::ArgvWords
        | Value::ArgvPart
        | Value::ArgvRest
        | Value::External(_)
        | Value::Super(..)
        | Value::Bound(..) => None,
        Value::None => Some(false),
        Value::Bool(value) => Some(*value),
        Value::Int(number) => Some(*number != 0),
        Value::Text(text) => Some(!text.is_empty()),
        Value::List(items) => Some(!items.is_empty()),
        Value::Dict(items) => Some(!items.is_empty()),
        _ => Some(true),
    }
}

/// Whether a value may be any.
fn is_open(value: &Value) -> bool {
    matches!(
        value,
        Value::Unknown
            | Value::Argv
            | Value::ArgvWords
            | Value::ArgvPart
            | Value::ArgvRest
            | Value::External(_)
    )
}

/// Whether two values are known to be equal, or known not to be.
pub(super) fn equal(one: &Value, two: &Value) -> Option<bool> {
    match (one, two) {
        (Value::None, Value::None) => Some(true),
        (Value::Text(a), Value::Text(b)) => Some(a == b),
        (Value::Int(a), Value::Int(b)) => Some(a == b),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (one, two) if is_open(one) || is_open(two) => None,
        (Value::Namespace, _) | (_, Value::Namespace) => None,
        (Value::None, _) | (_, Value::None) => Some(false),
        _ => None,
    }
}

/// The annotation of a parameter as a text of names, such as `Optional[bool]`.
pub(super) fn annotation_text(source: &str, annotation: &Expr) -> String {
    source.get(annotation.range.clone()).unwrap_or_default().to_owned()
}
