//! Follows references: through variables, module calls and outputs, to attributes of resources.

use serde_json::Value;

use super::config::{Call, Configured, Expr, Module};
use super::resource::{Resource, quoted};
use super::stream::Document;

/// Deepest chain of references.
const MAX_DEPTH: usize = 48;
/// Most steps for one expression: chains may fork.
const STEPS: usize = 4_096;

/// What references begin with that name no resource.
const BUILT_IN: &[&str] = &["var.", "local.", "module.", "each.", "count.", "path.", "terraform.", "self."];

/// Where a reference ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// An attribute of a resource; the attribute is empty if only the resource is known.
    Attribute { address: String, kind: String, attribute: String },
    /// A root variable.
    Variable { name: String, sensitive: bool },
    /// A constant in the configuration.
    Constant,
    /// What cannot be followed: a local value.
    Opaque(String),
}

/// Where a reference is written.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The module's address, with instance keys.
    pub module: &'a str,
    /// The resource's own instance key.
    pub index: Option<&'a str>,
    /// What its `for_each` refers to.
    pub for_each: &'a [String],
    /// The instance key by which an expression further out chooses: `var.roles[each.key]`, `module.roles.arns[each.key]`.
    pub chosen: Option<&'a str>,
}

/// One step of a reference: a name, and an instance key behind it.
pub(super) type Step<'a> = (&'a str, Option<&'a str>);

pub(super) struct Linker<'a> {
    pub document: &'a Document,
}

impl<'a> Linker<'a> {
    /// The resource as it is written.
    pub fn configured(&self, resource: &Resource) -> Option<&'a Configured> {
        self.module(&resource.module)?.resources.get(&resource.local)
    }

    /// The expression of an attribute.
    pub fn expression(&self, resource: &Resource, attribute: &str) -> Option<&'a Expr> {
        self.configured(resource)?.expressions.get(attribute)
    }

    /// Where the expression's references end. A reference that is only the head of another one is left off.
    pub fn leaves(&self, resource: &Resource, expression: &Expr) -> Vec<Leaf> {
        let for_each = self.configured(resource).map_or(&[][..], |configured| &configured.for_each);
        let scope =
            Scope { module: &resource.module, index: resource.index.as_deref(), for_each, chosen: None };
        let (mut out, mut steps) = (Vec::new(), STEPS);
        self.follow_all(expression.references(), scope, MAX_DEPTH, &mut steps, &mut out);
        out.dedup();
        out
    }

    /// The same for an attribute; nothing if the configuration does not set it.
    pub fn leaves_of(&self, resource: &Resource, attribute: &str) -> Vec<Leaf> {
        self.expression(resource, attribute).map_or(Vec::new(), |expr| self.leaves(resource, expr))
    }

    /// The same for an attribute that is one whole name or ARN: the key by which `var.roles[each.key]` chooses is no part of
    /// it, and looks like a constant.
    pub fn targets_of(&self, resource: &Resource, attribute: &str) -> Vec<Leaf> {
        let mut leaves = self.leaves_of(resource, attribute);
        if leaves.len() > 1 {
            leaves.retain(|leaf| *leaf != Leaf::Constant);
        }
        leaves
    }

    /// What a provider's setting is, if it is known.
    pub fn setting(&self, expression: &Expr) -> Option<&'a Value>
    where
        Self: 'a,
    {
        let name = match expression.references() {
            [only] => only.strip_prefix("var.")?,
            _ => return None,
        };
        let root = &self.document.root;
        let default = || root.variables.get(name).and_then(|variable| variable.default.as_ref());
        self.document.variables.get(name).or_else(default)
    }

    pub fn module(&self, address: &str) -> Option<&'a Module> {
        let mut module = &self.document.root;
        for (name, _) in calls(address) {
            module = &module.module_calls.get(name)?.module;
        }
        Some(module)
    }

    /// The call of a module instance, the module that it stands in, and the instance's key.
    fn call<'m>(&self, address: &'m str) -> Option<(&'a Call, &'m str, Option<&'m str>)> {
        let (name, parent, index) = split_call(address)?;
        Some((self.module(parent)?.module_calls.get(name)?, parent, index))
    }

    fn follow_all(
        &self,
        refs: &[String],
        scope: Scope<'_>,
        depth: usize,
        steps: &mut usize,
        out: &mut Vec<Leaf>,
    ) {
        let dynamic = refs.iter().any(|name| name == "each.key" || name == "count.index");
        // A key that only chooses an instance is no part of the value.
        let names_resource =
            |name: &String| !name.contains('.') || !BUILT_IN.iter().any(|b| name.starts_with(b));
        let chooses = dynamic && refs.iter().any(names_resource);
        for name in
            refs.iter().filter(|name| !(chooses && matches!(name.as_str(), "each.key" | "count.index")))
        {
            let is_head = refs.iter().any(|other| {
                other.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
            });
            if !is_head {
                self.follow(name, dynamic, scope, depth, steps, out);
            }
        }
    }

    fn follow(
        &self,
        name: &str,
        dynamic: bool,
        scope: Scope<'_>,
        depth: usize,
        steps: &mut usize,
        out: &mut Vec<Leaf>,
    ) {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), steps.checked_sub(1)) else {
            out.push(Leaf::Opaque(name.to_owned()));
            return;
        };
        *steps = left;
        let parts = split(name);
        let chosen = if dynamic { scope.index.or(scope.chosen) } else { scope.chosen };
        match parts.as_slice() {
            [("var", _), (variable, _), ..] => {
                self.variable(variable, scope.module, chosen, depth, steps, out);
            }
            [("local", _), ..] => out.push(Leaf::Opaque(name.to_owned())),
            [("module", _), (module, index), (output, _), ..] => {
                let dot = if scope.module.is_empty() { "" } else { "." };
                let index = index.map_or(String::new(), |index| format!("[{index}]"));
                let inner = format!("{}{dot}module.{module}{index}", scope.module);
                let Some(written) = self.module(&inner).and_then(|module| module.outputs.get(*output)) else {
                    out.push(Leaf::Opaque(name.to_owned()));
                    return;
                };
                let scope = Scope { module: &inner, index: None, for_each: &[], chosen };
                if written.sensitive {
                    out.push(Leaf::Variable { name: name.to_owned(), sensitive: true });
                }
                self.through(&written.expression, scope, depth, steps, out);
            }
            [("each" | "count" | "path" | "terraform" | "self", _), (what, _), rest @ ..] => {
                // `for_each = aws_iam_role.all` makes `each.value.name` an attribute of that resource's instance.
                if let ("value", [target], Some(index)) = (*what, scope.for_each, scope.index)
                    && let Some(resource) = self.resource(&split(target), scope.module, Some(index))
                {
                    out.push(leaf(resource, rest.first().map_or("", |(name, _)| name)));
                } else if *what == "value" {
                    let refs = scope.for_each;
                    if refs.is_empty() {
                        out.push(Leaf::Constant);
                    }
                    let outer = Scope { for_each: &[], ..scope };
                    self.follow_all(refs, outer, depth, steps, out);
                } else {
                    out.push(Leaf::Constant);
                }
            }
            parts => {
                let index = chosen;
                let skip = if parts.first().is_some_and(|(head, _)| *head == "data") { 3 } else { 2 };
                let attribute = parts.get(skip).map_or("", |(name, _)| name);
                match self.resource(parts, scope.module, index) {
                    Some(resource) => out.push(leaf(resource, attribute)),
                    // A resource whose type is not read, or with an instance key that only apply will tell.
                    None if parts.len() >= skip => out.push(Leaf::Attribute {
                        address: join(scope.module, &local(parts, skip)),
                        kind: parts.get(skip - 2).map_or("", |(kind, _)| kind).to_owned(),
                        attribute: attribute.to_owned(),
                    }),
                    None => out.push(Leaf::Opaque(name.to_owned())),
                }
            }
        }
    }

    fn variable(
        &self,
        name: &str,
        module: &str,
        chosen: Option<&str>,
        depth: usize,
        steps: &mut usize,
        out: &mut Vec<Leaf>,
    ) {
        let written = self.module(module).and_then(|module| module.variables.get(name));
        let sensitive = written.is_some_and(|variable| variable.sensitive);
        let Some((call, parent, index)) = self.call(module) else {
            out.push(Leaf::Variable { name: name.to_owned(), sensitive });
            return;
        };
        if sensitive {
            out.push(Leaf::Variable { name: format!("{module}.var.{name}"), sensitive });
        }
        let for_each = call.for_each_expression.references();
        let scope = Scope { module: parent, index, for_each, chosen };
        match call.expressions.get(name) {
            Some(expression) => self.through(expression, scope, depth, steps, out),
            None => out.push(Leaf::Constant),
        }
    }

    fn through(
        &self,
        expression: &Expr,
        scope: Scope<'_>,
        depth: usize,
        steps: &mut usize,
        out: &mut Vec<Leaf>,
    ) {
        match expression {
            Expr::Constant(_) => out.push(Leaf::Constant),
            Expr::References(refs) => self.follow_all(refs, scope, depth, steps, out),
            Expr::Blocks(blocks) => {
                for inner in blocks.iter().flat_map(|block| block.values()) {
                    self.through(inner, scope, depth.saturating_sub(1), steps, out);
                }
            }
        }
    }

    /// The resource that a reference names, if it names one instance.
    fn resource(&self, parts: &[Step<'_>], module: &str, index: Option<&str>) -> Option<&'a Resource> {
        let skip = if parts.first()?.0 == "data" { 3 } else { 2 };
        let (_, written) = parts.get(skip - 1)?;
        let base = join(module, &local(parts, skip));
        let all = &self.document.resources;
        match (written, index) {
            (Some(index), _) => all.get(&format!("{base}[{}]", canonical(index))),
            (None, Some(index)) => all.get(&format!("{base}[{index}]")).or_else(|| all.get(&base)),
            (None, None) => all.get(&base),
        }
    }
}

fn leaf(resource: &Resource, attribute: &str) -> Leaf {
    Leaf::Attribute {
        address: resource.address.clone(),
        kind: resource.kind.clone(),
        attribute: attribute.to_owned(),
    }
}

fn local(parts: &[Step<'_>], count: usize) -> String {
    parts.iter().take(count).map(|(name, _)| *name).collect::<Vec<_>>().join(".")
}

fn join(module: &str, local: &str) -> String {
    if module.is_empty() { local.to_owned() } else { format!("{module}.{local}") }
}

/// An instance key as addresses have it.
fn canonical(index: &str) -> String {
    match index.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) if !text.contains('\\') => quoted(text),
        _ => index.to_owned(),
    }
}

/// The name by which a module instance is called, the module that the call stands in, and the instance's key.
pub(super) fn split_call(address: &str) -> Option<(&str, &str, Option<&str>)> {
    let (name, index) = calls(address).pop()?;
    let tail = index.map_or(0, |index| index.len() + 2) + name.len() + "module.".len();
    let parent = address.get(..address.len().checked_sub(tail)?)?.trim_end_matches('.');
    Some((name, parent, index))
}

/// The type of the resource at an address.
pub(super) fn kind_of(address: &str) -> &str {
    let parts = split(address);
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    let skip = names.iter().rposition(|name| *name == "module").map_or(0, |at| at + 2);
    match names.get(skip..) {
        Some(["data", kind, ..]) => kind,
        Some([kind, ..]) => kind,
        _ => "",
    }
}

/// The calls in a module's address: `module.a["x"].module.b`.
pub(super) fn calls(address: &str) -> Vec<Step<'_>> {
    split(address).into_iter().filter(|(name, _)| !name.is_empty()).skip(1).step_by(2).collect()
}

/// Splits a reference at its dots; what stands in brackets belongs to the name before it.
fn split(text: &str) -> Vec<Step<'_>> {
    let mut out = Vec::new();
    let (mut start, mut open, mut in_quotes, mut escaped) = (0, None, false, false);
    let mut key = None;
    let mut end = None;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' if open.is_some() => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '[' if open.is_none() => {
                open = Some(at);
                end.get_or_insert(at);
            }
            ']' => key = open.take().and_then(|open| text.get(open + 1..at)).or(key),
            '.' if open.is_none() => {
                out.push((text.get(start..end.take().unwrap_or(at)).unwrap_or_default(), key.take()));
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push((text.get(start..end.unwrap_or(text.len())).unwrap_or_default(), key));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_references() {
        assert_eq!(
            split("data.aws_iam_role.a[\"x.y\"].arn"),
            [("data", None), ("aws_iam_role", None), ("a", Some("\"x.y\"")), ("arn", None)]
        );
        assert_eq!(calls("module.a[\"x\"].module.b"), [("a", Some("\"x\"")), ("b", None)]);
        assert_eq!(calls(""), []);
        assert_eq!(split("a[\"]\"]").len(), 1);
    }
}
