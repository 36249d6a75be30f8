//! Changes of lists, dictionaries, objects and parsers in place: what was changed is not known any more.

use std::rc::Rc;

use super::Evaluator;
use super::expression::Arguments;
use super::value::{Scope, Value, equal, text_of};

/// Most values that are looked through for one that was changed; what is further is forgotten.
const MAX_VALUES: u32 = 20_000;

/// Most items of a list or a dictionary that grows and stays known.
const MAX_ITEMS: usize = 1_000;

/// Whether a method changes the list or the dictionary that it belongs to.
pub(super) fn changes(method: &str) -> bool {
    let methods = [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "update",
        "setdefault",
        "popitem",
        "add",
        "discard",
        "__setitem__",
        "__delitem__",
        "__iadd__",
        "__ior__",
    ];
    methods.contains(&method)
}

/// Attributes of a parser that decide what it takes. A subclass may have any others for itself.
pub(super) fn decides(attribute: &str) -> bool {
    let settings =
        ["prefix_chars", "fromfile_prefix_chars", "allow_abbrev", "conflict_handler", "exit_on_error"];
    let methods =
        ["error", "exit", "add_argument", "add_option", "parse_args", "parse_known_args", "_check_value"];
    settings.contains(&attribute) || methods.contains(&attribute) || is_inside(attribute)
}

/// Attributes of a parser by which a program may change what it takes.
pub(super) fn is_inside(attribute: &str) -> bool {
    matches!(
        attribute,
        "_actions"
            | "_option_string_actions"
            | "_mutually_exclusive_groups"
            | "_registries"
            | "_subparsers"
            | "_negative_number_matcher"
            | "option_list"
            | "__dict__"
            | "__class__"
    )
}

impl Evaluator<'_, '_> {
    /// Forgets a list or a dictionary that is changed in place, under whatever name it is known.
    pub(super) fn forget(&mut self, changed: &Value, scope: &Scope) {
        self.replace(changed, &Value::Unknown, scope);
    }

    /// Gives a dictionary a pair: `names["x"] = value`. Under a condition that is not known it is forgotten.
    pub(super) fn set_item(&mut self, object: &Value, key: Option<Value>, value: Value, scope: &Scope) {
        let new = match (object, key) {
            (Value::Dict(pairs), Some(key))
                if self.is_straight() && pairs.len() < MAX_ITEMS && text_of(&key).is_some() =>
            {
                let is_other = |(known, _): &&(Value, Value)| equal(known, &key) == Some(false);
                let mut all: Vec<(Value, Value)> = pairs.iter().filter(is_other).cloned().collect();
                // A key that is not known may be the same.
                let is_known = pairs.iter().all(|(known, _)| equal(known, &key).is_some());
                all.push((key, value));
                if is_known { Value::Dict(all.into()) } else { Value::Unknown }
            }
            _ => Value::Unknown,
        };
        self.replace(object, &new, scope);
    }

    /// `values.append(value)`; any other change of a list or a dictionary by a method makes it unknown.
    pub(super) fn change(&mut self, object: &Value, method: &str, arguments: &Arguments, scope: &Scope) {
        let new = match (object, method, arguments.positional.as_slice()) {
            (Value::List(items), "append", [value]) if self.is_straight() && items.len() < MAX_ITEMS => {
                Value::List(items.iter().chain([value]).cloned().collect::<Vec<_>>().into())
            }
            _ => Value::Unknown,
        };
        self.replace(object, &new, scope);
    }

    /// Whether what is looked at now is run.
    fn is_straight(&self) -> bool {
        self.maybe == 0 && !self.doubt.of_function
    }

    /// Forgets all lists and dictionaries of modules: a module that is not known may change them while it is imported.
    pub(super) fn forget_all(&mut self) {
        for loaded in &self.loaded {
            for value in loaded.scope.names.borrow_mut().values_mut() {
                if matches!(value, Value::List(_) | Value::Dict(_)) {
                    *value = Value::Unknown;
                }
            }
        }
    }

    /// Puts another value in the place of a list or a dictionary, under whatever name it is known.
    fn replace(&mut self, changed: &Value, new: &Value, scope: &Scope) {
        if !matches!(changed, Value::List(_) | Value::Dict(_)) {
            return;
        }
        let mut scopes: Vec<Scope> = self.loaded.iter().map(|l| Scope::clone(&l.scope)).collect();
        scopes.extend(self.objects.iter().map(|(_, attributes)| Scope::clone(attributes)));
        scopes.extend(self.classes.iter().map(|c| Scope::clone(&c.scope)));
        scopes.extend(self.frames.iter().cloned());
        let mut own = Some(scope);
        while let Some(one) = own {
            scopes.push(Scope::clone(one));
            own = one.parent.as_ref();
        }
        let mut left = MAX_VALUES;
        for one in scopes {
            for value in one.names.borrow_mut().values_mut() {
                put(value, changed, new, &mut left);
            }
        }
        for (_, value) in self.functions.iter_mut().flat_map(|f| &mut f.defaults) {
            put(value, changed, new, &mut left);
        }
        self.steps = self.steps.saturating_add((MAX_VALUES - left) / 16);
    }

    /// Notes that the program changes the words that it parses.
    pub(super) fn change_argv(&mut self, scope: &Scope, line: u32) {
        self.alter("it changes sys.argv itself", scope, line);
    }

    /// Notes that the program takes something else than its parsers say.
    pub(super) fn alter(&mut self, reason: &str, scope: &Scope, line: u32) {
        let place = self.place(scope, line);
        self.altered.get_or_insert_with(|| format!("{reason} ({place})"));
    }

    /// Notes why it is not known what the program takes; the first reason holds.
    pub(super) fn alter_once(&mut self, reason: String) {
        self.altered.get_or_insert(reason);
    }

    /// `setattr(OBJECT, NAME, VALUE)`, `delattr(OBJECT, NAME)`.
    pub(super) fn set_by_name(&mut self, arguments: &Arguments, scope: &Scope, line: u32) {
        let Some(object) = arguments.positional.first().cloned() else { return };
        let value = arguments.positional.get(2).cloned().unwrap_or(Value::Unknown);
        match arguments.positional.get(1).and_then(text_of) {
            Some(name) => self.set_attribute(&object, &name, value, scope, line),
            None => {
                let attributes = match &object {
                    Value::Object(index) => self.objects.get(*index).map(|(_, s)| s),
                    Value::Class(index) => self.classes.get(*index).map(|c| &c.scope),
                    Value::Module(index) => self.loaded.get(*index).map(|l| &l.scope),
                    _ => None,
                };
                for value in
                    attributes.iter().flat_map(|s| s.names.borrow().keys().cloned().collect::<Vec<_>>())
                {
                    if let Some(attributes) = attributes {
                        attributes.set(&value, Value::Unknown);
                    }
                }
                if let Value::Parser(..) | Value::Subparsers(_) | Value::Command(_) | Value::Typer(_) = object
                {
                    self.alter(
                        "it changes attributes of its parser by names that are not known",
                        scope,
                        line,
                    );
                }
            }
        }
    }
}

/// Puts `new` in the place of the list or dictionary `changed`; what holds it is not known any more.
fn put(value: &mut Value, changed: &Value, new: &Value, left: &mut u32) {
    let is_it = match (&*value, changed) {
        (Value::List(one), Value::List(other)) => Rc::ptr_eq(one, other),
        (Value::Dict(one), Value::Dict(other)) => Rc::ptr_eq(one, other),
        _ => false,
    };
    if is_it {
        *value = new.clone();
    } else if holds(value, changed, left) {
        *value = Value::Unknown;
    }
}

/// Whether a value is the list or dictionary `changed`, or holds it. `left` is how many values may still be looked
/// through; a list for which none is left counts as changed.
fn holds(value: &Value, changed: &Value, left: &mut u32) -> bool {
    match (value, changed) {
        (Value::List(one), Value::List(other)) if Rc::ptr_eq(one, other) => return true,
        (Value::Dict(one), Value::Dict(other)) if Rc::ptr_eq(one, other) => return true,
        (Value::List(_) | Value::Dict(_), _) if *left == 0 => return true,
        _ => *left = left.saturating_sub(1),
    }
    match value {
        Value::List(items) => items.iter().any(|i| holds(i, changed, left)),
        Value::Dict(pairs) => pairs.iter().any(|(_, v)| holds(v, changed, left)),
        _ => false,
    }
}
