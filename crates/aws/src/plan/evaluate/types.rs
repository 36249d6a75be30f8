//! Type constraints of variables, as far as they change a value: optional members that are left out get their default, and
//! members that an object does not name are dropped.
//!
//! Source: "Type Constraints" of the Terraform documentation.

use std::collections::BTreeMap;

use super::{ADDRESS, Run, Scope};
use crate::terraform::{Body, Expression};
use crate::tree::Tree;

impl Run<'_, '_> {
    /// The value as the variable's type makes it.
    pub(super) fn converted(self, value: Tree, variable: &Body, depth: usize) -> Tree {
        match variable.attributes.get("type") {
            Some(constraint) => self.as_type(value, constraint, depth),
            None => value,
        }
    }

    fn as_type(self, value: Tree, constraint: &Expression, depth: usize) -> Tree {
        let Some(depth) = depth.checked_sub(1) else { return self.unknown("nested too deeply", &[&value]) };
        let Expression::Call { name, arguments, .. } = constraint else { return value };
        let Some(inner) = arguments.first() else { return value };
        match (name.as_str(), value) {
            ("optional", value) => self.as_type(value, inner, depth),
            ("object", Tree::Map(members)) if !members.contains_key(ADDRESS) => match inner {
                Expression::Object(wanted) => Tree::Map(self.as_object(members, wanted, depth)),
                _ => Tree::Map(members),
            },
            ("map", Tree::Map(members)) if !members.contains_key(ADDRESS) => {
                let each = |(key, value)| (key, self.as_type(value, inner, depth));
                Tree::Map(members.into_iter().map(each).collect())
            }
            ("list" | "set", Tree::List(items)) => {
                Tree::List(items.into_iter().map(|item| self.as_type(item, inner, depth)).collect())
            }
            (_, value) => value,
        }
    }

    fn as_object(
        self,
        mut members: BTreeMap<String, Tree>,
        wanted: &[(Expression, Expression)],
        depth: usize,
    ) -> BTreeMap<String, Tree> {
        let mut out = BTreeMap::new();
        for (key, constraint) in wanted {
            let name = match key {
                Expression::Name(name) => Some(name.as_str()),
                other => other.as_text(),
            };
            let Some(name) = name else { continue };
            let own = members.remove(name);
            let default = match constraint {
                Expression::Call { name, arguments, .. } if name == "optional" => {
                    // A default is a constant.
                    Some(arguments.get(1).map_or(Tree::Null, |d| self.eval(d, &Scope::default(), depth)))
                }
                _ => None,
            };
            let value = match (own, default) {
                (Some(value), Some(default)) if value.is_null() => default,
                (Some(value), _) => value,
                (None, Some(default)) => default,
                (None, None) => continue,
            };
            out.insert(name.to_owned(), self.as_type(value, constraint, depth));
        }
        out
    }
}
