//! Uses of argparse at which it ends whatever the arguments are. <https://docs.python.org/3/library/argparse.html>

use super::Evaluator;
use super::expression::Arguments;
use super::value::{Scope, Value, texts_of, truth};

/// What `add_argument` takes by name.
const KEYWORDS: [&str; 12] = [
    "action",
    "nargs",
    "const",
    "default",
    "type",
    "choices",
    "required",
    "help",
    "metavar",
    "dest",
    "version",
    "deprecated",
];

/// Names of `add_argument` that an action does not take: those that the class of the action has no parameter for.
const REFUSED: [(&str, &[&str]); 7] = [
    ("store_true", &["nargs", "const", "type", "choices", "metavar", "version"]),
    ("store_false", &["nargs", "const", "type", "choices", "metavar", "version"]),
    ("count", &["nargs", "const", "type", "choices", "metavar", "version"]),
    ("store_const", &["nargs", "type", "choices", "version"]),
    ("append_const", &["nargs", "type", "choices", "version"]),
    ("help", &["nargs", "const", "type", "choices", "metavar", "version", "required"]),
    ("version", &["nargs", "const", "type", "choices", "metavar", "required"]),
];

/// Actions that every parser has.
const ACTIONS: [&str; 11] = [
    "store",
    "store_const",
    "store_true",
    "store_false",
    "append",
    "append_const",
    "count",
    "help",
    "version",
    "extend",
    "parsers",
];

/// What `ArgumentParser` takes by name.
const OF_PARSER: [&str; 15] = [
    "prog",
    "usage",
    "description",
    "epilog",
    "parents",
    "formatter_class",
    "prefix_chars",
    "fromfile_prefix_chars",
    "argument_default",
    "conflict_handler",
    "add_help",
    "allow_abbrev",
    "exit_on_error",
    "suggest_on_error",
    "color",
];

/// Methods of parsers and of groups that are not looked at elsewhere.
const METHODS: [&str; 6] = [
    "convert_arg_line_to_args",
    "get_default",
    "format_usage",
    "format_help",
    "add_mutually_exclusive_group",
    "register",
];

/// Whether a parser of argparse has a method, or hides it.
pub(super) fn has_method(name: &str) -> bool {
    name.starts_with('_') || METHODS.contains(&name)
}

/// The choices of an argument. Without a type it is compared as a text, which is no number.
pub(super) fn choices(arguments: &Arguments) -> Option<Vec<String>> {
    let given = arguments.keyword("choices")?;
    match given {
        Value::List(items) if arguments.keyword("type").is_none() => {
            let texts: Vec<Value> = items.iter().filter(|i| !matches!(i, Value::Int(_))).cloned().collect();
            texts_of(&Value::List(texts.into()))
        }
        other => texts_of(other),
    }
}

impl Evaluator<'_, '_> {
    /// What argparse's own actions do not take. Another action takes what it likes.
    pub(super) fn check_keywords(
        &mut self,
        is_exclusive: bool,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) {
        let action = match arguments.keyword("action") {
            None => "store",
            Some(Value::Text(action)) => action,
            Some(_) => return,
        };
        let action = action.to_owned();
        let strange = arguments.keywords.iter().find(|(name, _)| !KEYWORDS.contains(&name.as_str()));
        let refused =
            REFUSED.iter().find(|(name, _)| *name == action).map_or(&[][..], |(_, refused)| refused);
        let unfit = arguments.keywords.iter().find(|(name, _)| refused.contains(&name.as_str()));
        let is_set = |name: &str| arguments.keyword(name).map(truth) == Some(Some(true));
        let is_positional =
            matches!(arguments.positional.as_slice(), [Value::Text(name)] if !name.starts_with('-'));
        let is_none = |v: &Value| matches!(v, Value::Int(0));
        let what = if let Some((name, _)) = strange {
            format!("gives add_argument {name}, which argparse does not know")
        } else if !ACTIONS.contains(&action.as_str()) {
            format!("gives add_argument the action {action}, which argparse does not know")
        } else if let Some((name, _)) = unfit {
            format!("gives add_argument {name}, which the action {action} does not take")
        } else if let Some(Value::Text(name)) = arguments.keyword("type") {
            format!("gives add_argument the text {name:?} as a type, which argparse cannot call")
        } else if matches!(action.as_str(), "store" | "append")
            && arguments.keyword("nargs").is_some_and(is_none)
        {
            "gives add_argument 0 as nargs, which argparse refuses".to_owned()
        } else if is_positional && arguments.keyword("required").is_some() {
            "gives add_argument required for a positional, which argparse refuses".to_owned()
        } else if is_exclusive && is_set("required") {
            "requires an argument of a group that excludes each other, which argparse refuses".to_owned()
        } else {
            return;
        };
        self.fails(&what, scope, line, true);
    }

    /// An action of the program's own that argparse cannot call: it gives it the parser, the namespace, the values and the
    /// option.
    pub(super) fn check_action(&mut self, class: usize, scope: &Scope, line: u32) {
        let Some(Value::Method(_, function)) = self.member(class, "__call__", &Value::Unknown) else {
            return;
        };
        let wrong = self
            .functions
            .get(function)
            .filter(|f| f.syntax.decorators.is_empty())
            .and_then(|f| super::super::arity::wrong(f.syntax, 5, &[]));
        if let Some(wrong) = wrong.filter(|_| self.maybe == 0) {
            let what = format!("may end with an error: argparse calls its action {wrong}");
            self.end(&what, scope, line, false);
        }
    }

    /// What `ArgumentParser` does not take.
    pub(super) fn check_parser(&mut self, name: &str, arguments: &Arguments, scope: &Scope, line: u32) {
        let strange = arguments.keywords.iter().find(|(name, _)| !OF_PARSER.contains(&name.as_str()));
        if let Some((keyword, _)) = strange.filter(|_| name == "argparse.ArgumentParser") {
            self.fails(&format!("gives ArgumentParser {keyword}, which it does not take"), scope, line, true);
        }
    }

    /// A name that argparse does not have in any version.
    pub(super) fn lacks_of_argparse(&mut self, module: &str, name: &str, scope: &Scope, line: u32) {
        let is_inner = name.starts_with('_') || matches!(name, "ngettext" | "warnings");
        let has = is_inner || super::packages::exported("argparse").contains(&name);
        if module == "argparse" && !has {
            self.fails(&format!("uses argparse.{name}, which the module does not have"), scope, line, true);
        }
    }
}
