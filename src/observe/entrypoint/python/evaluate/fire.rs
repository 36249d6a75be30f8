//! `fire.Fire(function)`: an option for each of the function's parameters.
//! <https://google.github.io/python-fire/guide/>

use super::super::super::cli::{Arity, Interface, Known, Parameter, Subcommands};
use super::super::ast::ParameterKind;
use super::expression::Arguments;
use super::value::{Scope, Value, text_of};
use super::{Evaluator, Root};

impl Evaluator<'_, '_> {
    /// Notes what `fire.Fire` reads the arguments for; nothing if that is not a function, nor functions by their names.
    pub(super) fn fire(&mut self, arguments: &Arguments, scope: &Scope, line: u32) -> Option<()> {
        let component = arguments.positional.first().or(arguments.keyword("component"))?.clone();
        let is_plain = arguments.keywords.iter().all(|(name, _)| name == "component" || name == "name");
        let commands = match &component {
            Value::Function(_) => None,
            Value::Dict(pairs) => {
                let known = |(name, value): &(Value, Value)| match value {
                    Value::Function(function) => Some((text_of(name)?, *function)),
                    _ => None,
                };
                Some(pairs.iter().map(known).collect::<Option<Vec<_>>>()?)
            }
            _ => return None,
        };
        let mut interface = match (&component, commands) {
            (_, Some(commands)) => Interface {
                subcommands: Some(Subcommands {
                    required: Known::No,
                    commands: commands
                        .into_iter()
                        .map(|(name, function)| (vec![name.replace('_', "-"), name], self.fired(function)))
                        .collect(),
                    open: None,
                }),
                ..Interface::default()
            },
            (Value::Function(function), None) => self.fired(*function),
            _ => return None,
        };
        interface.parameters.push(Parameter {
            ends: true,
            ..Parameter::new(vec!["--help".to_owned(), "-h".to_owned()], Arity::Exactly(0))
        });
        self.reach(Root::Fire(Box::new(interface)), scope, line);
        is_plain.then_some(())
    }

    /// What fire takes for a function.
    fn fired(&self, function: usize) -> Interface {
        let Some(known) = self.functions.get(function) else { return Interface::default() };
        let mut interface = Interface { endings: self.failures_in(function, true), ..Interface::default() };
        interface.takes_unknown = known.syntax.parameters.iter().any(|p| p.kind == ParameterKind::Keywords);
        // Words without a name are given to the parameters in their order.
        interface.open = self
            .script
            .arguments
            .iter()
            .any(|word| !word.starts_with('-'))
            .then(|| "which words fire gives to which parameters is not followed".to_owned());
        for parameter in &known.syntax.parameters {
            if matches!(parameter.kind, ParameterKind::Rest | ParameterKind::Keywords) {
                continue;
            }
            let names =
                vec![format!("--{}", parameter.name), format!("--{}", parameter.name.replace('_', "-"))];
            let has_default = parameter.default.is_some();
            interface.parameters.push(Parameter {
                required: if has_default { Known::No } else { Known::Yes },
                is_certain: interface.open.is_none(),
                ..Parameter::new(names, Arity::Optional)
            });
        }
        interface
    }
}
