//! Calls, attributes and decorators.

use std::collections::BTreeSet;

use super::super::ast::ParameterKind;
use super::expression::{Arguments, MAX_VALUE};
use super::value::{Decorator, Scope, ScopeData, Value, equal, text_of};
use super::{Evaluator, Flow, MAX_CALLS, Root, mutation};

/// Libraries that read the arguments themselves, by the names with which they begin.
const FOREIGN: [(&str, &str); 15] = [
    ("docopt.docopt", "docopt"),
    ("fire.Fire", "fire"),
    ("absl.app.run", "absl"),
    ("cyclopts.App", "cyclopts"),
    ("cyclopts.run", "cyclopts"),
    ("plac.call", "plac"),
    ("defopt.run", "defopt"),
    ("tap.Tap", "tap"),
    ("simple_parsing.ArgumentParser", "simple_parsing"),
    ("jsonargparse.ArgumentParser", "jsonargparse"),
    ("jsonargparse.CLI", "jsonargparse"),
    ("hydra.main", "hydra"),
    ("pydantic_settings.CliApp.run", "pydantic_settings"),
    ("tyro.cli", "tyro"),
    ("django.core.management.execute_from_command_line", "django"),
];

/// Functions that call what they are given.
const RUNNERS: [&str; 6] =
    ["asyncio.run", "anyio.run", "trio.run", "uvloop.run", "curio.run", "builtins.exit"];

/// Functions that leave a parser as it is.
const HARMLESS: [&str; 12] = [
    "argcomplete.autocomplete",
    "builtins.print",
    "builtins.isinstance",
    "builtins.hasattr",
    "builtins.getattr",
    "builtins.type",
    "builtins.str",
    "builtins.repr",
    "builtins.id",
    "builtins.vars",
    "builtins.len",
    "typing.cast",
];

impl<'m> Evaluator<'m, '_> {
    pub(super) fn attribute(&mut self, object: Value, name: &str, scope: &Scope, line: u32) -> Value {
        match &object {
            Value::External(module) if &**module == "sys" && name == "argv" => {
                if self.reads_argv.is_none() {
                    let place = self.place(scope, line);
                    self.reads_argv = Some(format!("it reads sys.argv itself ({place})"));
                }
                self.argv_reads.0 += 1;
                Value::Argv
            }
            Value::External(module) => {
                self.lacks_by_version(module, name, scope, line);
                self.lacks_of_argparse(module, name, scope, line);
                Value::External(format!("{module}.{name}").into())
            }
            Value::Function(index) if name == "__doc__" => self.docstring_of(*index),
            Value::Super(own, class) => {
                let bases = self.classes.get(*class).map(|c| c.bases.clone()).unwrap_or_default();
                let known = bases.iter().find_map(|base| match base {
                    Value::Class(base) => self.member(*base, name, own),
                    _ => None,
                });
                match (known, &**own) {
                    (Some(value), _) => value,
                    (None, Value::Parser(..)) if name != "__init__" => {
                        self.attribute(own.as_ref().clone(), name, scope, line)
                    }
                    _ => Value::External(format!("super.{name}").into()),
                }
            }
            Value::Module(index) => {
                let own = self.loaded.get(*index).and_then(|l| l.scope.names.borrow().get(name).cloned());
                let value = own.or_else(|| self.module_of_package(*index, name));
                if value.is_none() {
                    self.lacks(*index, name, scope, line);
                }
                value.unwrap_or(Value::Unknown)
            }
            Value::Member(member) => match name {
                "value" => member.1.clone(),
                "name" => Value::Text(member.0.as_str().into()),
                _ => Value::Unknown,
            },
            Value::Namespace => self.parsed(name),
            Value::Object(index) => {
                let Some((class, attributes)) = self.objects.get(*index).cloned() else {
                    return Value::Unknown;
                };
                let own = attributes.names.borrow().get(name).cloned();
                let value = own.or_else(|| self.member(class, name, &object));
                if let Some(Value::Method(_, function)) = &value
                    && self.is_property(*function)
                {
                    return self.property(&object, name, *function, scope, line);
                }
                if value.is_none() {
                    self.lacks_in_class(class, name, scope, line);
                }
                value.unwrap_or(Value::Unknown)
            }
            Value::Class(index) => {
                let own = self.classes.get(*index).and_then(|c| c.scope.names.borrow().get(name).cloned());
                match own {
                    Some(value) if self.is_enumeration(*index) && !matches!(value, Value::Function(_)) => {
                        Value::Member((name.to_owned(), value).into())
                    }
                    Some(value) => value,
                    None if name == "__members__" => self.members(*index).unwrap_or(Value::Unknown),
                    None => {
                        self.lacks_in_class(*index, name, scope, line);
                        Value::Unknown
                    }
                }
            }
            Value::Argv | Value::ArgvWords if mutation::changes(name) => {
                self.change_argv(scope, line);
                Value::Unknown
            }
            Value::Parser(..) if mutation::is_inside(name) => {
                self.alter(&format!("it uses {name} of its parser"), scope, line);
                Value::Unknown
            }
            Value::Parser(..)
            | Value::Subparsers(_)
            | Value::Command(_)
            | Value::Typer(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Dict(_) => Value::Bound(Box::new(object), name.into()),
            _ => Value::Unknown,
        }
    }

    /// A member of a class or of its bases; a function is bound to the object.
    pub(super) fn member(&self, class: usize, name: &str, object: &Value) -> Option<Value> {
        let mut open = vec![class];
        let mut seen = Vec::new();
        while let Some(index) = open.pop() {
            if seen.contains(&index) {
                continue;
            }
            seen.push(index);
            let class = self.classes.get(index)?;
            if let Some(value) = class.scope.names.borrow().get(name).cloned() {
                return Some(match value {
                    Value::Function(function) => Value::Method(Box::new(object.clone()), function),
                    other => other,
                });
            }
            open.extend(
                class
                    .bases
                    .iter()
                    .rev()
                    .filter_map(|b| if let Value::Class(i) = b { Some(*i) } else { None }),
            );
        }
        None
    }

    pub(super) fn call(&mut self, callee: &Value, arguments: &Arguments, scope: &Scope, line: u32) -> Value {
        if self.root.is_some() {
            return Value::Unknown;
        }
        match callee {
            Value::Function(index) => {
                self.check_arguments(*index, arguments, false, scope, line);
                self.function(*index, arguments, None)
            }
            Value::Method(object, index) => {
                self.check_arguments(*index, arguments, true, scope, line);
                self.function(*index, arguments, Some(object))
            }
            Value::Bound(object, name) => self.method(object, name, arguments, scope, line),
            Value::Class(index) => self.construct(*index, arguments, scope, line),
            Value::External(name) => self.external(&name.clone(), arguments, scope, line),
            Value::Decorator(_) => match arguments.positional.first() {
                Some(function) => self.decorate(callee, function.clone(), scope, line),
                None => Value::Unknown,
            },
            Value::Command(index) => self.set_root(Root::Command(*index), arguments, scope, line),
            Value::Typer(index) => self.set_root(Root::Typer(*index), arguments, scope, line),
            _ => {
                self.hand_over("a function that is not known", arguments, scope, line);
                Value::Unknown
            }
        }
    }

    /// A command that is called parses the arguments.
    fn set_root(&mut self, root: Root, arguments: &Arguments, scope: &Scope, line: u32) -> Value {
        let given = arguments.positional.first().or(arguments.keyword("args"));
        self.gives_program |= matches!(given, Some(Value::Argv));
        let is_own = |v: &Value| matches!(v, Value::None | Value::Argv | Value::ArgvWords | Value::ArgvRest);
        let own = given.is_none_or(is_own);
        let other = || {
            let place = self.place(scope, line);
            Root::Unknown(format!("{place} gives its parser other arguments than the command line's"))
        };
        let root = if own { root } else { other() };
        self.reach(root, scope, line);
        Value::Unknown
    }

    /// A function of the project.
    pub(super) fn function(&mut self, index: usize, arguments: &Arguments, object: Option<&Value>) -> Value {
        let Some(function) = self.functions.get(index).cloned() else { return Value::Unknown };
        if self.calls >= MAX_CALLS {
            let given = arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, v)| v));
            for value in object.into_iter().chain(given) {
                self.open_interface(value, "its calls are nested deeper than is followed".to_owned());
            }
            return Value::Unknown;
        }
        let scope = Scope::new(ScopeData {
            parent: Some(Scope::clone(&function.scope)),
            module: function.module,
            ..ScopeData::default()
        });
        let mut positional = object.into_iter().chain(&arguments.positional).cloned();
        let mut keywords = arguments.keywords.clone();
        for parameter in &function.syntax.parameters {
            let value = match parameter.kind {
                ParameterKind::Rest => {
                    let rest: Vec<Value> = positional.by_ref().collect();
                    if arguments.is_open { Value::Unknown } else { Value::List(rest.into()) }
                }
                ParameterKind::Keywords => {
                    let rest: Vec<(Value, Value)> = std::mem::take(&mut keywords)
                        .into_iter()
                        .map(|(n, v)| (Value::Text(n.into()), v))
                        .collect();
                    if arguments.is_open { Value::Unknown } else { Value::Dict(rest.into()) }
                }
                kind => {
                    let named =
                        keywords.iter().position(|(n, _)| *n == parameter.name).map(|i| keywords.remove(i).1);
                    let placed = if kind == ParameterKind::Plain { positional.next() } else { None };
                    let default = || {
                        let known = function.defaults.iter().find(|(n, _)| *n == parameter.name);
                        known.filter(|_| !arguments.is_open).map(|(_, v)| v.clone())
                    };
                    placed.or(named).or_else(default).unwrap_or(Value::Unknown)
                }
            };
            scope.set(&parameter.name, value);
        }
        // What fails in a coroutine or a generator fails later, if at all.
        let is_later = u32::from(!function.syntax.is_direct);
        self.caught += is_later;
        let of_function = std::mem::take(&mut self.doubt.of_function);
        self.calls += 1;
        self.frames.push(Scope::clone(&scope));
        let was_parsed = self.root.is_some();
        let flow = self.body(&function.syntax.body, &scope);
        if !was_parsed && self.root.is_some() {
            self.given_back = self.answer.take();
        }
        self.frames.pop();
        self.calls -= 1;
        self.doubt.of_function = of_function;
        self.caught -= is_later;
        match flow {
            Flow::Return(value) => value,
            Flow::Next | Flow::Break => Value::None,
            Flow::End => Value::Unknown,
        }
    }

    fn construct(&mut self, index: usize, arguments: &Arguments, scope: &Scope, line: u32) -> Value {
        if self.is_sure()
            && let Some((class, method)) = self.abstract_method(index)
        {
            let what = format!("makes an object of {class}, whose abstract {method} nothing defines");
            self.fails(&what, scope, line, true);
        }
        let object = if self.derives_from(index, "argparse.ArgumentParser") {
            self.new_parser(arguments, scope, line)
        } else {
            let attributes = Scope::new(ScopeData { module: scope.module, ..ScopeData::default() });
            self.objects.push((index, attributes));
            Value::Object(self.objects.len() - 1)
        };
        if let Some(Value::Method(own, function)) = self.member(index, "__init__", &object) {
            self.check_arguments(function, arguments, true, scope, line);
            self.function(function, arguments, Some(&own));
        }
        object
    }

    /// Whether a class is derived from one of a library.
    pub(super) fn derives_from(&self, class: usize, name: &str) -> bool {
        let (mut open, mut seen) = (vec![class], BTreeSet::new());
        while let Some(index) = open.pop() {
            let Some(class) = self.classes.get(index).filter(|_| seen.insert(index)) else { continue };
            for base in &class.bases {
                match base {
                    Value::External(base) if &**base == name => return true,
                    Value::Class(index) => open.push(*index),
                    _ => {}
                }
            }
        }
        false
    }

    fn method(
        &mut self,
        object: &Value,
        name: &str,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Value {
        match object {
            Value::Parser(index, group) => self.parser_method(*index, *group, name, arguments, scope, line),
            Value::Subparsers(index) => self.subparsers_method(*index, name, arguments, scope, line),
            Value::Command(index) => self.command_method(*index, name, arguments, scope, line),
            Value::Typer(index) => self.app_method(*index, name, arguments, scope, line),
            Value::Text(text) => match name {
                "lower" => Value::Text(text.to_lowercase().into()),
                "upper" => Value::Text(text.to_uppercase().into()),
                "strip" => Value::Text(text.trim().into()),
                "split" if arguments.positional.is_empty() => Value::List(
                    text.split_whitespace().map(|w| Value::Text(w.into())).collect::<Vec<_>>().into(),
                ),
                "replace" => match arguments.positional.as_slice() {
                    [Value::Text(from), Value::Text(to)] if text.len() * to.len().max(1) <= MAX_VALUE => {
                        Value::Text(text.replace(&**from, to).into())
                    }
                    _ => Value::Unknown,
                },
                _ => Value::Unknown,
            },
            Value::Dict(pairs) => match name {
                "items" => Value::List(
                    pairs
                        .iter()
                        .map(|(k, v)| Value::List(vec![k.clone(), v.clone()].into()))
                        .collect::<Vec<_>>()
                        .into(),
                ),
                "keys" => Value::List(pairs.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>().into()),
                "values" => Value::List(pairs.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>().into()),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// Something of a library.
    #[expect(clippy::too_many_lines, reason = "one match over what libraries offer")]
    fn external(&mut self, name: &str, arguments: &Arguments, scope: &Scope, line: u32) -> Value {
        if name == "fire.Fire" && self.fire(arguments, scope, line).is_some() {
            return Value::Unknown;
        }
        if let Some((_, library)) = FOREIGN.iter().find(|(n, _)| *n == name) {
            let reason = format!(
                "its arguments are read by {library}, which is not understood ({})",
                self.place(scope, line)
            );
            self.foreign.get_or_insert(reason);
            return Value::Unknown;
        }
        match name {
            "argparse.ArgumentParser"
            | "configargparse.ArgumentParser"
            | "configargparse.ArgParser"
            | "optparse.OptionParser" => {
                self.check_parser(name, arguments, scope, line);
                let parser = self.new_parser(arguments, scope, line);
                if let Value::Parser(index, _) = parser {
                    self.mark_library(index, name);
                }
                return parser;
            }
            "getopt.getopt" | "getopt.gnu_getopt" => return self.getopt(arguments, scope, line),
            "typer.Typer" => return self.new_app(arguments),
            "typer.run" => {
                if let Some(Value::Function(index)) = arguments.positional.first() {
                    self.reach(Root::TyperFunction(*index), scope, line);
                }
                return Value::Unknown;
            }
            "typer.Option" | "typer.Argument" => return super::typer::parameter(name, arguments),
            "builtins.super" => {
                let class = scope
                    .parent
                    .as_ref()
                    .and_then(|p| self.classes.iter().position(|c| std::rc::Rc::ptr_eq(&c.scope, p)));
                let own = scope.names.borrow().get("self").cloned();
                return match (class, own) {
                    (Some(class), Some(own)) => Value::Super(Box::new(own), class),
                    _ => Value::External("super".into()),
                };
            }
            "builtins.set" | "builtins.frozenset" => {
                let Some(Value::List(items)) = arguments.positional.first() else { return Value::Unknown };
                let mut once: Vec<Value> = Vec::new();
                for item in items.iter() {
                    let answers: Vec<Option<bool>> = once.iter().map(|o| equal(o, item)).collect();
                    if answers.contains(&None) || once.len() > super::statement::MAX_ROUNDS {
                        return Value::Unknown;
                    }
                    if !answers.contains(&Some(true)) {
                        once.push(item.clone());
                    }
                }
                return Value::List(once.into());
            }
            "builtins.list" | "builtins.tuple" | "builtins.sorted" => {
                return match arguments.positional.first() {
                    Some(Value::Class(class)) => self.members(*class).unwrap_or(Value::Unknown),
                    Some(Value::Dict(pairs)) => {
                        Value::List(pairs.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>().into())
                    }
                    // Another list: what changes one leaves the other as it is.
                    Some(Value::List(items)) => Value::List(Vec::clone(items).into()),
                    Some(words @ (Value::Argv | Value::ArgvWords)) => words.clone(),
                    _ => Value::Unknown,
                };
            }
            "builtins.str" => {
                let text = arguments.positional.first().and_then(text_of);
                return text.map_or(Value::Unknown, |t| Value::Text(t.into()));
            }
            "builtins.dict" if arguments.positional.is_empty() && !arguments.is_open => {
                let pairs =
                    arguments.keywords.iter().map(|(n, v)| (Value::Text(n.as_str().into()), v.clone()));
                return Value::Dict(pairs.collect::<Vec<_>>().into());
            }
            "builtins.range" => return super::expression::range(arguments),
            "builtins.reversed" => {
                return match arguments.positional.first() {
                    Some(Value::List(items)) => {
                        Value::List(items.iter().rev().cloned().collect::<Vec<_>>().into())
                    }
                    _ => Value::Unknown,
                };
            }
            "builtins.getattr" if !arguments.is_open => {
                if let [object, Value::Text(name)] = arguments.positional.as_slice() {
                    return self.attribute(object.clone(), name.as_ref(), scope, line);
                }
            }
            "importlib.import_module" | "builtins.__import__" | "builtins.exec"
                if !matches!(arguments.positional.first(), Some(Value::Text(_))) =>
            {
                self.forget_all();
            }
            "builtins.setattr" | "builtins.delattr" => {
                self.set_by_name(arguments, scope, line);
                return Value::None;
            }
            "sys.exit" | "os._exit" | "builtins.quit" | "builtins.exit" | "builtins.SystemExit" => {
                if self.exits(arguments, scope, line) {
                    self.doubt.of_program = true;
                }
                return Value::Unknown;
            }
            "os.abort" => {
                self.fails("aborts the program", scope, line, true);
                return Value::Unknown;
            }
            "builtins.open" | "io.open" => self.opens(arguments, scope, line),
            "builtins.len" => {
                return match arguments.positional.first() {
                    Some(Value::List(items)) => i64::try_from(items.len()).map_or(Value::Unknown, Value::Int),
                    Some(Value::Argv) => self.argv_length().map_or(Value::Unknown, Value::Int),
                    Some(Value::ArgvWords) => {
                        self.argv_length().map_or(Value::Unknown, |n| Value::Int(n - 1))
                    }
                    _ => Value::Unknown,
                };
            }
            _ => {}
        }
        self.asks_for_package(name, arguments, scope, line);
        if let Some(value) = self.click_call(name, arguments, scope, line) {
            return value;
        }
        if RUNNERS.contains(&name) {
            if let Some(Value::Function(index)) = arguments.positional.first() {
                return self.function(*index, &Arguments::default(), None);
            }
            self.doubt_call(name);
            return Value::Unknown;
        }
        self.doubt_call(name);
        if !HARMLESS.contains(&name) && name != "super.__init__" {
            self.hand_over(&format!("{name}, whose source is not read"), arguments, scope, line);
        }
        Value::Unknown
    }

    /// A parser that is handed to something that is not seen may get more options there.
    fn hand_over(&mut self, to: &str, arguments: &Arguments, scope: &Scope, line: u32) {
        let values = arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, v)| v));
        let all: Vec<Value> = values.cloned().collect();
        for value in all {
            let reason = format!("{} hands it to {to}", self.place(scope, line));
            self.open_function(&value, reason);
        }
    }

    /// Notes why a parser or command may take more than is seen.
    pub(super) fn open_interface(&mut self, value: &Value, reason: String) {
        match value {
            Value::Parser(index, _) | Value::Subparsers(index) => self.open_parser(*index, reason),
            Value::Command(index) => {
                if let Some(command) = self.commands.get_mut(*index) {
                    command.open.get_or_insert(reason);
                }
            }
            Value::Typer(index) => {
                if let Some(app) = self.apps.get_mut(*index) {
                    app.open.get_or_insert(reason);
                }
            }
            _ => {}
        }
    }

    /// What a decorator makes of a value.
    pub(super) fn decorate(&mut self, with: &Value, value: Value, scope: &Scope, line: u32) -> Value {
        match with {
            Value::Decorator(decorator) => match &**decorator {
                Decorator::Typer { .. } => self.typer_decorate(decorator, value),
                _ => self.click_decorate(decorator, value, scope, line),
            },
            Value::External(name) => match self.click_call(name, &Arguments::default(), scope, line) {
                // `@click.command` without parentheses.
                Some(Value::Decorator(decorator)) => {
                    self.decorate(&Value::Decorator(decorator), value, scope, line)
                }
                Some(_) => value,
                None => {
                    let is_known =
                        ["functools.", "contextlib.", "builtins.", "typing.", "abc.", "dataclasses."];
                    if !is_known.iter().any(|k| name.starts_with(k)) {
                        self.open_function(
                            &value,
                            format!("the decorator {name} may add options ({})", self.place(scope, line)),
                        );
                    }
                    value
                }
            },
            // `@cli.command` without parentheses.
            Value::Bound(..) => {
                let made = self.call(with, &Arguments::default(), scope, line);
                match made {
                    Value::Decorator(_) => self.decorate(&made, value, scope, line),
                    _ => value,
                }
            }
            Value::Function(index) => {
                let arguments = Arguments { positional: vec![value.clone()], ..Arguments::default() };
                match self.function(*index, &arguments, None) {
                    // A wrapper of the function is the function.
                    made @ (Value::Command(_) | Value::Typer(_)) => made,
                    _ => value,
                }
            }
            Value::Unknown => {
                self.open_function(
                    &value,
                    format!("a decorator may add options ({})", self.place(scope, line)),
                );
                value
            }
            _ => value,
        }
    }

    fn open_function(&mut self, value: &Value, reason: String) {
        match value {
            Value::Function(index) => {
                if let Some(function) = self.functions.get_mut(*index) {
                    function.open.get_or_insert(reason);
                }
            }
            other => self.open_interface(&other.clone(), reason),
        }
    }
}
