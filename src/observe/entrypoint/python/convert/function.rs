//! Functions: parameters, annotations, and whether a call runs the body at once.

use super::super::ast::{Expr, ExprKind, Function, Parameter, ParameterKind};
use super::{Converter, children, line};
use tree_sitter::Node;

fn is_async(function: Node<'_>) -> bool {
    function.child(0).is_some_and(|first| first.kind() == "async")
}

/// Whether a call of a function runs its body at once.
fn is_direct(function: Node<'_>) -> bool {
    !is_async(function) && function.child_by_field_name("type_parameters").is_none() && !yields(function)
}

/// Whether a function's own body has a `yield`. Goes through the tree without recursion.
pub(in super::super) fn yields(function: Node<'_>) -> bool {
    let Some(body) = function.child_by_field_name("body") else { return false };
    let mut cursor = body.walk();
    loop {
        let node = cursor.node();
        if node.kind() == "yield" {
            return true;
        }
        let is_inner = matches!(node.kind(), "function_definition" | "lambda" | "class_definition");
        if !is_inner && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return false;
            }
        }
    }
}

impl Converter<'_> {
    pub(super) fn function(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Function {
        Function {
            line: line(node),
            name: node.child_by_field_name("name").map(|n| self.source(n)).unwrap_or_default(),
            decorators,
            parameters: node
                .child_by_field_name("parameters")
                .map(|n| self.parameters(n))
                .unwrap_or_default(),
            body: self.body_of(node, "body"),
            is_direct: is_direct(node),
            is_lazy: is_async(node) || yields(node),
            has_positional_only: node
                .child_by_field_name("parameters")
                .is_some_and(|n| children(n).iter().any(|c| c.kind() == "positional_separator")),
            returns: node.child_by_field_name("return_type").map(|n| self.annotation(n)),
            types: self.types(node),
        }
    }

    /// The names of the parameters of types of a function or a class: `T` and `Ts` of `[T: int, *Ts]`.
    pub(super) fn types(&self, node: Node<'_>) -> Vec<String> {
        let Some(list) = node.child_by_field_name("type_parameters") else { return Vec::new() };
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let name = |n: &Node<'_>| {
            let text = self.source(*n);
            let bare = text.trim_start_matches('*').trim_start();
            bare.split(|c: char| !is_part(c)).next().unwrap_or_default().to_owned()
        };
        children(list).iter().map(name).collect()
    }

    fn parameters(&mut self, node: Node<'_>) -> Vec<Parameter> {
        let mut all = Vec::new();
        let mut kind = ParameterKind::Plain;
        for one in children(node) {
            let annotation = one.child_by_field_name("type").map(|n| self.annotation(n));
            let default = one.child_by_field_name("value").map(|n| self.expression(n));
            let named = one.child_by_field_name("name").or_else(|| children(one).first().copied());
            let (name, own) = match one.kind() {
                "identifier" => (self.source(one), kind),
                "keyword_separator" => {
                    kind = ParameterKind::KeywordOnly;
                    continue;
                }
                "default_parameter" | "typed_default_parameter" => {
                    (named.map(|n| self.source(n)).unwrap_or_default(), kind)
                }
                "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                    let text = self.source(one);
                    let bare = text.trim_start_matches('*');
                    let name = bare.split([':', ' ']).next().unwrap_or_default().to_owned();
                    if text.starts_with("**") {
                        (name, ParameterKind::Keywords)
                    } else if text.starts_with('*') {
                        kind = ParameterKind::KeywordOnly;
                        (name, ParameterKind::Rest)
                    } else {
                        (name, kind)
                    }
                }
                _ => continue,
            };
            all.push(Parameter { name, kind: own, annotation, default });
        }
        all
    }

    /// An annotation: the expression in a `type` node; generic types are subscripts.
    pub(super) fn annotation(&mut self, node: Node<'_>) -> Expr {
        let inner = children(node);
        match inner.as_slice() {
            [one] if node.kind() == "type" => self.annotation(*one),
            [name, parameters] if node.kind() == "generic_type" => {
                let base = self.expression(*name);
                let of = children(*parameters).into_iter().map(|n| self.annotation(n)).collect();
                self.make(node, ExprKind::Subscript(Box::new(base), of))
            }
            _ => self.expression(node),
        }
    }
}
