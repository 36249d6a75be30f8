//! typer: applications whose commands are functions with annotations. <https://typer.tiangolo.com/>

use super::super::super::cli::{Arity, Interface, Known, Parameter, Subcommands, Takes};
use super::super::ast::{Expr, ExprKind, ParameterKind};
use super::click::settings_of;
use super::expression::Arguments;
use super::value::{
    CommandSettings, Decorator, Scope, TyperParameter, Value, annotation_text, text_of, texts_of, truth,
};
use super::{Evaluator, Root};

/// How deep applications are followed.
const MAX_NESTED: u8 = 12;

/// An application.
#[derive(Clone, Debug, Default)]
pub(super) struct App {
    name: Option<String>,
    /// Its commands: name and function.
    commands: Vec<(String, usize, CommandSettings)>,
    /// Its own function, which runs before a command.
    callback: Option<usize>,
    apps: Vec<(String, usize)>,
    invoke_without_command: bool,
    completes: bool,
    /// Why it may take more than is seen, if it may.
    pub(super) open: Option<String>,
}

/// `typer.Option(…)` and `typer.Argument(…)`.
pub(super) fn parameter(name: &str, arguments: &Arguments) -> Value {
    let is_option = name == "typer.Option";
    let texts = arguments.positional.iter().filter_map(text_of);
    let names: Vec<String> = texts.filter(|t| t.starts_with('-')).collect();
    // A first value that is no name of an option is the default.
    let first = arguments.positional.first().or(arguments.keyword("default"));
    let is_name = |v: &Value| text_of(v).is_some_and(|t| t.starts_with('-'));
    let is_ellipsis = |v: &Value| matches!(v, Value::External(name) if &**name == "...");
    let has_default = first.is_some_and(|v| !is_name(v) && !is_ellipsis(v))
        || arguments.keyword("default_factory").is_some_and(|v| !matches!(v, Value::None));
    Value::TyperParameter(TyperParameter { is_option, has_default, names }.into())
}

impl Evaluator<'_, '_> {
    pub(super) fn new_app(&mut self, arguments: &Arguments) -> Value {
        let is_set =
            |name: &str, default: bool| arguments.keyword(name).map_or(default, |v| truth(v).unwrap_or(true));
        self.apps.push(App {
            name: arguments.text("name"),
            invoke_without_command: is_set("invoke_without_command", false),
            completes: is_set("add_completion", true),
            callback: match arguments.keyword("callback") {
                Some(Value::Function(index)) => Some(*index),
                _ => None,
            },
            ..App::default()
        });
        Value::Typer(self.apps.len() - 1)
    }

    pub(super) fn app_method(
        &mut self,
        index: usize,
        name: &str,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Value {
        let place = self.place(scope, line);
        match name {
            "command" | "callback" => {
                let own = arguments.positional.first().or(arguments.keyword("name")).and_then(text_of);
                let settings = settings_of(arguments, &place);
                Value::Decorator(
                    Decorator::Typer { app: index, name: own, is_callback: name == "callback", settings }
                        .into(),
                )
            }
            "add_typer" => {
                let own = arguments.text("name");
                match arguments.positional.first() {
                    Some(Value::Typer(inner)) => {
                        let name = own.or_else(|| self.apps.get(*inner).and_then(|a| a.name.clone()));
                        match (name, self.apps.get_mut(index)) {
                            (Some(name), Some(app)) => app.apps.push((name, *inner)),
                            (None, Some(app)) => {
                                app.open.get_or_insert(format!(
                                    "the name of a subcommand is not known ({place})"
                                ));
                            }
                            _ => {}
                        }
                    }
                    _ => self
                        .open_interface(&Value::Typer(index), format!("a subcommand is not known ({place})")),
                }
                Value::Unknown
            }
            "__call__" => {
                self.reach(Root::Typer(index), scope, line);
                Value::Unknown
            }
            _ => Value::Unknown,
        }
    }

    pub(super) fn typer_decorate(&mut self, decorator: &Decorator, value: Value) -> Value {
        let (Decorator::Typer { app, name, is_callback, settings }, Value::Function(index)) =
            (decorator, &value)
        else {
            return value;
        };
        let Some(function) = self.functions.get(*index) else { return value };
        let own = name.clone().unwrap_or_else(|| function.syntax.name.to_lowercase().replace('_', "-"));
        if let Some(app) = self.apps.get_mut(*app) {
            if *is_callback {
                app.callback = Some(*index);
                app.invoke_without_command |= settings.invoke_without_command;
            } else {
                app.commands.push((own, *index, settings.clone()));
            }
        }
        value
    }

    /// The interface of an application. One with a single command and no callback is that command.
    pub(super) fn app_interface(&self, index: usize, depth: u8) -> Interface {
        let Some(app) = self.apps.get(index).filter(|_| depth < MAX_NESTED) else {
            return Interface {
                open: Some("its application is not known".to_owned()),
                ..Interface::default()
            };
        };
        let completion = |interface: &mut Interface| {
            if depth == 0 && app.completes {
                interface.parameters.extend(
                    ["--install-completion", "--show-completion"].map(|name| switch(name, true, Known::No)),
                );
            }
        };
        if let ([(_, function, settings)], None, true) =
            (app.commands.as_slice(), app.callback, app.apps.is_empty())
        {
            let mut interface = self.function_interface(*function);
            interface.takes_unknown |= settings.takes_unknown;
            interface.open = interface.open.or_else(|| app.open.clone());
            completion(&mut interface);
            return interface;
        }
        let mut interface = match app.callback {
            Some(function) => self.function_interface(function),
            None => Interface { parameters: vec![switch("--help", true, Known::No)], ..Interface::default() },
        };
        completion(&mut interface);
        let commands = app.commands.iter().map(|(name, function, settings)| {
            let mut inner = self.function_interface(*function);
            inner.takes_unknown |= settings.takes_unknown;
            (vec![name.clone()], inner)
        });
        let apps =
            app.apps.iter().map(|(name, inner)| (vec![name.clone()], self.app_interface(*inner, depth + 1)));
        interface.subcommands = Some(Subcommands {
            required: if app.invoke_without_command { Known::No } else { Known::Yes },
            commands: commands.chain(apps).collect(),
            open: app.open.clone(),
        });
        interface.open = interface.open.or_else(|| app.open.clone());
        interface
    }

    /// The interface that typer makes of a function.
    pub(super) fn function_interface(&self, index: usize) -> Interface {
        let Some(function) = self.functions.get(index) else {
            return Interface { open: Some("its function is not known".to_owned()), ..Interface::default() };
        };
        let text = self.loaded.get(function.module).map(|l| l.module.text).unwrap_or_default();
        let decorators = &function.syntax.decorators;
        let is_own = |d: &Expr| {
            let callee = if let ExprKind::Call(callee, _) = &d.kind { callee } else { d };
            let name = callee.dotted().unwrap_or_default();
            super::click::OWN_DECORATORS.contains(&name.rsplit('.').next().unwrap_or_default())
        };
        let endings = self.failures_in(index, decorators.iter().all(is_own));
        let mut interface = Interface { open: function.open.clone(), endings, ..Interface::default() };
        interface.parameters.push(switch("--help", true, Known::No));
        for parameter in &function.syntax.parameters {
            if matches!(parameter.kind, ParameterKind::Rest | ParameterKind::Keywords) {
                continue;
            }
            let annotation =
                parameter.annotation.as_ref().map(|a| annotation_text(text, a)).unwrap_or_default();
            if annotation.ends_with("Context") {
                continue;
            }
            let of = |list: &[(String, Value)]| {
                list.iter().find(|(n, _)| *n == parameter.name).map(|(_, v)| v.clone())
            };
            let (default, annotated) = (of(&function.defaults), of(&function.annotations));
            let given = match (&default, &annotated) {
                (Some(Value::TyperParameter(given)), _) => Some(given.clone()),
                (_, Some(Value::TyperParameter(given))) => Some(given.clone()),
                _ => None,
            };
            let by_parameter = matches!(default, Some(Value::TyperParameter(_)));
            let has_default = match (&given, by_parameter) {
                (Some(given), true) => given.has_default,
                (_, false) => default.is_some(),
                (None, true) => false,
            };
            let is_option = given.as_ref().map_or(has_default, |g| g.is_option);
            let dashed = parameter.name.replace('_', "-");
            let is_flag = annotation.contains("bool");
            let mut names = given.as_ref().map(|g| g.names.clone()).unwrap_or_default();
            names = names
                .iter()
                .flat_map(|n| n.split('/').map(|p| p.trim().to_owned()).collect::<Vec<_>>())
                .collect();
            if !is_option {
                names = vec![parameter.name.clone()];
            } else if names.is_empty() {
                names.push(format!("--{dashed}"));
                names.extend(is_flag.then(|| format!("--no-{dashed}")));
            }
            let is_list =
                ["List[", "list[", "Sequence[", "Tuple[", "tuple["].iter().any(|l| annotation.contains(l));
            let arity = match (is_option, is_flag, is_list) {
                (true, true, _) => Arity::Exactly(0),
                (false, _, true) => {
                    if has_default {
                        Arity::Any
                    } else {
                        Arity::Some
                    }
                }
                _ if annotation.to_lowercase().contains("tuple[") => Arity::Unknown,
                _ => Arity::Exactly(1),
            };
            let required = if has_default { Known::No } else { Known::Yes };
            interface.parameters.push(Parameter {
                names,
                is_option,
                arity,
                required,
                choices: match function.scope.get(bare(&annotation)) {
                    Some(Value::Class(class)) => self.members(class).as_ref().and_then(texts_of),
                    _ => None,
                },
                takes: match bare(&annotation) {
                    "int" => Takes::Int,
                    "float" => Takes::Float,
                    _ => Takes::Any,
                },
                is_certain: true,
                group: None,
                ends: false,
                handed: None,
                at: super::super::super::cli::Written {
                    file: self.loaded.get(function.module).map(|l| l.module.path.clone()).unwrap_or_default(),
                    line: function.syntax.line,
                },
            });
        }
        interface
    }
}

/// The type in an annotation such as `Optional[int]` or `int | None`.
fn bare(annotation: &str) -> &str {
    let inner = annotation
        .trim_start_matches("typing.")
        .trim_start_matches("Optional[")
        .trim_start_matches("Annotated[");
    let end = inner.find([',', ']', '|']).unwrap_or(inner.len());
    inner.get(..end).unwrap_or_default().trim()
}

/// An option that takes nothing.
fn switch(name: &str, ends: bool, required: Known) -> Parameter {
    Parameter { required, ends, ..Parameter::new(vec![name.to_owned()], Arity::Exactly(0)) }
}
