//! click: decorators, commands and groups. <https://click.palletsprojects.com/>

use super::super::super::cli::{Arity, Ending, Interface, Known, Parameter, Subcommands, Takes};
use super::super::ast::{Expr, ExprKind};
use super::expression::Arguments;
use super::value::{CommandSettings, Decorator, Scope, Value, text_of, texts_of, truth};
use super::{Evaluator, Root};

/// How deep groups are followed.
const MAX_NESTED: u8 = 12;

/// Decorators of click and typer, by the ends of their names.
pub(super) const OWN_DECORATORS: [&str; 12] = [
    "command",
    "group",
    "callback",
    "option",
    "argument",
    "version_option",
    "help_option",
    "password_option",
    "confirmation_option",
    "pass_context",
    "pass_obj",
    "result_callback",
];

/// A command or a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Command {
    /// Its names: the one that is given, or those that a version of click makes of the function's.
    names: Vec<String>,
    parameters: Vec<Parameter>,
    /// What ends it when its function is called, if that cannot take its parameters.
    ending: Option<Ending>,
    /// Its function.
    function: Option<usize>,
    is_group: bool,
    commands: Vec<usize>,
    settings: CommandSettings,
    /// Why it may take more than is seen, if it may.
    pub(super) open: Option<String>,
}

/// The names that a function's command has: click before 8.2 keeps endings that later versions take off.
fn names_of(function: &str) -> Vec<String> {
    let whole = function.to_lowercase().replace('_', "-");
    let ends = ["-command", "-cmd", "-group", "-grp"];
    let short = ends.iter().find_map(|e| whole.strip_suffix(e)).map(str::to_owned);
    std::iter::once(whole).chain(short).collect()
}

/// Settings of a command that change what it takes.
pub(super) fn settings_of(arguments: &Arguments, place: &str) -> CommandSettings {
    let mut settings = CommandSettings::default();
    if let Some(value) = arguments.keyword("context_settings") {
        match value {
            Value::Dict(pairs) => {
                let is_set = |name: &str| {
                    pairs.iter().any(|(k, v)| text_of(k).as_deref() == Some(name) && truth(v) != Some(false))
                };
                settings.takes_unknown = is_set("ignore_unknown_options") || is_set("allow_extra_args");
            }
            Value::None => {}
            _ => settings.open = Some(format!("its settings are not known ({place})")),
        }
    }
    settings.has_no_help = arguments.keyword("add_help_option").is_some_and(|v| truth(v) == Some(false));
    settings.invoke_without_command =
        arguments.keyword("invoke_without_command").is_some_and(|v| truth(v) != Some(false));
    if arguments.keyword("cls").is_some_and(|v| !matches!(v, Value::None)) {
        settings.open = Some(format!("it is a command of another class ({place})"));
    }
    settings
}

/// `click.Choice([…])`
fn choices(arguments: &Arguments) -> Value {
    let Some(Value::List(items)) = arguments.positional.first() else { return Value::Unknown };
    let is_exact = arguments.keyword("case_sensitive").is_none_or(|v| truth(v) != Some(false));
    if is_exact {
        return Value::List(items.clone());
    }
    // Written in whatever case: the usual ones.
    let forms = |text: String| [text.to_lowercase(), text.to_uppercase(), text];
    let all = items.iter().filter_map(text_of).flat_map(forms).map(|t| Value::Text(t.into()));
    Value::List(all.collect::<Vec<_>>().into())
}

/// `click.IntRange(min, max)`
fn range(arguments: &Arguments) -> Value {
    let bound = |at: usize, name: &str| match arguments.positional.get(at).or(arguments.keyword(name)) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    };
    let is_open = ["min_open", "max_open"].iter().any(|n| arguments.keyword(n).is_some());
    let takes = Takes::Between(bound(0, "min"), bound(1, "max"));
    Value::Takes(if is_open { Takes::Int } else { takes }.into())
}

/// The name under which click hands a parameter to its function: the one that is no option, else the longest option's.
fn handed(kind: &str, declared: &[String], arguments: &Arguments) -> Option<String> {
    let is_own = matches!(kind, "version_option" | "help_option" | "confirmation_option");
    if is_own || arguments.keyword("expose_value").is_some_and(|v| truth(v) != Some(true)) {
        return None;
    }
    let first = |name: &str| name.split('/').next().unwrap_or_default().trim().to_owned();
    let plain = declared.iter().find(|d| !d.starts_with('-'));
    let long = || declared.iter().find(|d| d.starts_with("--")).or(declared.first());
    let name = plain.or_else(long).map(|d| first(d));
    let name = name.or_else(|| (kind == "password_option").then(|| "password".to_owned()))?;
    Some(name.trim_start_matches('-').replace('-', "_").to_lowercase())
}

impl Evaluator<'_, '_> {
    /// A call of click's; nothing for another library's.
    pub(super) fn click_call(
        &mut self,
        name: &str,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Option<Value> {
        let name = name.strip_prefix("click.").or_else(|| name.strip_prefix("rich_click."));
        let name = name.or(None)?;
        let name = name.rsplit('.').next().unwrap_or(name);
        let place = self.place(scope, line);
        Some(match name {
            "command" | "group" => {
                let own = arguments.positional.first().or(arguments.keyword("name")).and_then(text_of);
                Value::Decorator(
                    Decorator::Command {
                        name: own,
                        is_group: name == "group",
                        parent: None,
                        settings: settings_of(arguments, &place),
                    }
                    .into(),
                )
            }
            "option"
            | "argument"
            | "version_option"
            | "help_option"
            | "password_option"
            | "confirmation_option" => match self.click_parameter(name, arguments, scope, line) {
                Some(parameter) => Value::Decorator(Decorator::Parameter(parameter).into()),
                None => Value::Unknown,
            },
            "Group" | "Command" | "CommandCollection" | "MultiCommand" => {
                self.commands.push(Command {
                    names: arguments
                        .positional
                        .first()
                        .or(arguments.keyword("name"))
                        .and_then(text_of)
                        .into_iter()
                        .collect(),
                    is_group: name != "Command",
                    open: Some(format!("it is made without decorators ({place})")),
                    ..Command::default()
                });
                Value::Command(self.commands.len() - 1)
            }
            "Choice" => choices(arguments),
            "IntRange" if arguments.keyword("clamp").is_none_or(|v| truth(v) == Some(false)) => {
                range(arguments)
            }
            "Path" if arguments.keyword("exists").is_none_or(|v| truth(v) == Some(false)) => {
                Value::Takes(Takes::Any.into())
            }
            "IntRange" | "FloatRange" | "Path" | "File" | "DateTime" | "Tuple" => {
                let reason = format!("what its type takes is known only when it runs ({place})");
                Value::Takes(Takes::Open(reason).into())
            }
            // What passes the context on changes no options.
            "pass_context" | "pass_obj" | "make_pass_decorator" => Value::None,
            _ => Value::Unknown,
        })
    }

    fn click_parameter(
        &self,
        kind: &str,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Option<Parameter> {
        let declared: Option<Vec<String>> = arguments.positional.iter().map(text_of).collect();
        let declared = declared.filter(|_| !arguments.is_open)?;
        let is_option = kind != "argument";
        let is_given = |name: &str| arguments.keyword(name).is_some_and(|v| truth(v) != Some(false));
        let default = match kind {
            "version_option" => vec!["--version"],
            "help_option" => vec!["--help"],
            "password_option" => vec!["--password"],
            "confirmation_option" => vec!["--yes"],
            _ => Vec::new(),
        };
        let mut names: Vec<String> = declared
            .iter()
            .filter(|d| !is_option || d.starts_with('-'))
            .flat_map(|d| d.split('/').map(|part| part.trim().to_owned()).collect::<Vec<_>>())
            .collect();
        if names.is_empty() {
            names = default.into_iter().map(str::to_owned).collect();
        }
        let is_switch = declared.iter().any(|d| is_option && d.contains('/'))
            || is_given("is_flag")
            || is_given("count")
            || arguments.keyword("flag_value").is_some()
            || matches!(kind, "version_option" | "help_option" | "confirmation_option")
            || matches!(arguments.keyword("default"), Some(Value::Bool(_)))
                && arguments.keyword("type").is_none();
        let arity = match arguments.keyword("nargs") {
            _ if is_switch => Arity::Exactly(0),
            None | Some(Value::None) => Arity::Exactly(1),
            Some(Value::Int(n)) if *n < 0 && is_given("required") => Arity::Some,
            Some(Value::Int(n)) if *n < 0 => Arity::Any,
            Some(Value::Int(n)) => usize::try_from(*n).map_or(Arity::Unknown, Arity::Exactly),
            Some(_) => Arity::Unknown,
        };
        // A variable or a question may stand in for what is not given.
        let stands_in =
            is_given("envvar") || arguments.keyword("prompt").is_some_and(|v| truth(v) != Some(false));
        let required = match arguments.keyword("required").map(truth) {
            Some(Some(true)) if stands_in => Known::Maybe,
            Some(Some(true)) => Known::Yes,
            Some(None) => Known::Maybe,
            Some(Some(false)) => Known::No,
            None if is_option && arguments.keyword("prompt").is_some_and(|v| truth(v) != Some(false)) => {
                if arguments.keyword("default").is_some() {
                    Known::No
                } else {
                    Known::Maybe
                }
            }
            None if is_option => Known::No,
            None if arguments.keyword("default").is_some() || matches!(arity, Arity::Any | Arity::Some) => {
                Known::No
            }
            None if stands_in => Known::Maybe,
            None => Known::Yes,
        };
        Some(Parameter {
            names,
            is_option,
            arity,
            required,
            choices: arguments.keyword("type").and_then(texts_of),
            takes: match arguments.keyword("type") {
                Some(Value::Takes(takes)) => (**takes).clone(),
                Some(Value::External(name)) if matches!(&**name, "builtins.int" | "click.INT") => Takes::Int,
                Some(Value::External(name)) if matches!(&**name, "builtins.float" | "click.FLOAT") => {
                    Takes::Float
                }
                // A number as default makes it one of numbers.
                None => match arguments.keyword("default") {
                    Some(Value::Int(_)) if !is_switch => Takes::Int,
                    _ => Takes::Any,
                },
                _ => Takes::Any,
            },
            is_certain: self.maybe == 0,
            group: None,
            ends: matches!(kind, "version_option" | "help_option"),
            handed: handed(kind, &declared, arguments),
            at: self.written(scope, line),
        })
    }

    /// What a decorator of click makes of a value.
    pub(super) fn click_decorate(
        &mut self,
        decorator: &Decorator,
        value: Value,
        scope: &Scope,
        line: u32,
    ) -> Value {
        match decorator {
            Decorator::Parameter(parameter) => {
                match &value {
                    Value::Function(index) => {
                        if let Some(function) = self.functions.get_mut(*index) {
                            // The last decorator is the first parameter.
                            function.parameters.insert(0, parameter.clone());
                        }
                    }
                    Value::Command(index) => {
                        if let Some(command) = self.commands.get_mut(*index) {
                            command.parameters.insert(0, parameter.clone());
                        }
                    }
                    _ => {}
                }
                value
            }
            Decorator::Command { name, is_group, parent, settings } => {
                let Value::Function(index) = value else { return value };
                let Some(function) = self.functions.get(index) else { return Value::Unknown };
                let own = name.clone().map_or_else(|| names_of(&function.syntax.name), |n| vec![n]);
                let mut parameters = function.parameters.clone();
                parameters.extend((!settings.has_no_help).then(|| Parameter {
                    ends: true,
                    at: self.written(scope, line),
                    ..Parameter::new(vec!["--help".to_owned()], Arity::Exactly(0))
                }));
                let ending = self.uncallable(index, scope, line);
                self.commands.push(Command {
                    names: own,
                    parameters,
                    ending,
                    function: Some(index),
                    is_group: *is_group,
                    commands: Vec::new(),
                    settings: settings.clone(),
                    open: settings.open.clone().or_else(|| function.open.clone()),
                });
                let made = self.commands.len() - 1;
                if let Some(parent) = parent.and_then(|p| self.commands.get_mut(p)) {
                    parent.commands.push(made);
                }
                Value::Command(made)
            }
            Decorator::Typer { .. } => value,
        }
    }

    /// Why a command's function cannot be called with its parameters, if it cannot: click hands it each by name, and the
    /// context before them. Decorators of others may change that.
    fn uncallable(&self, index: usize, scope: &Scope, line: u32) -> Option<Ending> {
        let function = self.functions.get(index).filter(|f| f.open.is_none() && self.maybe == 0)?;
        let text = self.loaded.get(function.module)?.module.text;
        let (mut values, mut is_above) = (0, true);
        for decorator in &function.syntax.decorators {
            let written = text.get(decorator.range.clone())?;
            let callee = written.split('(').next().unwrap_or_default().trim();
            match callee.rsplit('.').next().unwrap_or_default() {
                "pass_context" | "pass_obj" => values += 1,
                "command" | "group" => is_above = false,
                "version_option" | "help_option" | "confirmation_option" => {}
                // What stands above the command is added to it later.
                "option" | "argument" | "password_option" if !is_above => {}
                _ => return None,
            }
        }
        let names: Vec<&str> = function.parameters.iter().filter_map(|p| p.handed.as_deref()).collect();
        let wrong = super::super::arity::wrong(function.syntax, values, &names)?;
        let what = format!("ends with an error: click calls {} {wrong}", function.syntax.name);
        Some(Ending { what, at: self.written(scope, line), is_certain: true })
    }

    /// What ends a command when its function is called, and in that.
    fn endings_of(&self, command: &Command) -> Vec<Ending> {
        let in_function = command.function.map(|function| {
            let decorators = self.functions.get(function).map(|f| f.syntax.decorators.as_slice());
            // A decorator of another library may take what fails.
            let is_own = |d: &Expr| {
                let callee = if let ExprKind::Call(callee, _) = &d.kind { callee } else { d };
                let name = callee.dotted().unwrap_or_default();
                OWN_DECORATORS.contains(&name.rsplit('.').next().unwrap_or_default())
            };
            let is_sure = self.maybe == 0 && decorators.is_some_and(|all| all.iter().all(is_own));
            self.failures_in(function, is_sure)
        });
        command.ending.iter().cloned().chain(in_function.into_iter().flatten()).collect()
    }

    pub(super) fn command_method(
        &mut self,
        index: usize,
        name: &str,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Value {
        match name {
            "command" | "group" => {
                let own = arguments.positional.first().or(arguments.keyword("name"));
                // `@cli.command` without parentheses gets the function itself.
                let function = own.filter(|v| matches!(v, Value::Function(_))).cloned();
                let place = self.place(scope, line);
                let decorator = Decorator::Command {
                    name: own.and_then(text_of),
                    is_group: name == "group",
                    parent: Some(index),
                    settings: settings_of(arguments, &place),
                };
                match function {
                    Some(function) => self.click_decorate(&decorator, function, scope, line),
                    None => Value::Decorator(decorator.into()),
                }
            }
            "add_command" => {
                match arguments.positional.first() {
                    Some(Value::Command(inner)) => {
                        let own = arguments.positional.get(1).or(arguments.keyword("name")).and_then(text_of);
                        if let (Some(own), Some(command)) = (own, self.commands.get_mut(*inner)) {
                            command.names = vec![own];
                        }
                        let is_named = self.commands.get(*inner).is_some_and(|c| !c.names.is_empty());
                        let place = self.place(scope, line);
                        if let Some(command) = self.commands.get_mut(index) {
                            command.commands.push(*inner);
                            if !is_named {
                                let reason = format!("the name of a subcommand is not known ({place})");
                                command.open.get_or_insert(reason);
                            }
                        }
                    }
                    _ => {
                        let reason = format!("a subcommand is not known ({})", self.place(scope, line));
                        self.open_interface(&Value::Command(index), reason);
                    }
                }
                Value::Unknown
            }
            "main" => {
                self.reach(Root::Command(index), scope, line);
                Value::Unknown
            }
            "result_callback" | "resultcallback" => Value::None,
            _ => Value::Unknown,
        }
    }

    /// The interface of a command.
    pub(super) fn command_interface(&self, index: usize, depth: u8) -> Interface {
        let Some(command) = self.commands.get(index).filter(|_| depth < MAX_NESTED) else {
            return Interface { open: Some("its command is not known".to_owned()), ..Interface::default() };
        };
        let subcommands = command.is_group.then(|| Subcommands {
            required: if command.settings.invoke_without_command { Known::No } else { Known::Yes },
            commands: command
                .commands
                .iter()
                .filter_map(|inner| {
                    Some((
                        self.commands.get(*inner)?.names.clone(),
                        self.command_interface(*inner, depth + 1),
                    ))
                })
                .collect(),
            open: command.open.clone(),
        });
        Interface {
            parameters: command.parameters.clone(),
            groups: Vec::new(),
            subcommands,
            open: command.open.clone(),
            takes_unknown: command.settings.takes_unknown,
            abbreviates: false,
            conflict: None,
            no_help: None,
            file_marks: Vec::new(),
            is_given_program: false,
            endings: self.endings_of(command),
        }
    }
}
