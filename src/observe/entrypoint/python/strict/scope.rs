//! Declarations of names: `global` and `nonlocal`, after a use, of a parameter, of a name that nothing around binds.
//! <https://docs.python.org/3/reference/simple_stmts.html#the-global-statement>

use tree_sitter::Node;

use super::{children, scope};

/// The name of a `global` or `nonlocal` statement that Python refuses.
pub(super) fn declaration<'n>(statement: Node<'n>, above: &[Node<'n>], text: &str) -> Option<Node<'n>> {
    let own = scope(statement, above);
    let is_nonlocal = statement.kind() == "nonlocal_statement";
    let owner = own.or_else(|| above.first().copied())?;
    let around: Vec<Node<'n>> = match own {
        Some(own) => functions_around(own, above),
        None if is_nonlocal => return Some(statement),
        None => Vec::new(),
    };
    children(statement).into_iter().find(|name| {
        let word = text.get(name.byte_range()).unwrap_or_default();
        let is_parameter = own.is_some_and(|f| names_parameter(f, word, text));
        let is_used = uses(owner, word, text).any(|use_| {
            let is_other = use_.parent().is_some_and(|p| {
                matches!(p.kind(), "global_statement" | "nonlocal_statement") && p.kind() != statement.kind()
            });
            is_other || !is_declared(use_) && use_.start_byte() < statement.start_byte()
        });
        let is_bound = || {
            around.iter().any(|f| names_parameter(*f, word, text) || uses(*f, word, text).next().is_some())
        };
        is_parameter || is_used || is_nonlocal && !is_bound()
    })
}

/// The functions that a scope stands in, the innermost first.
fn functions_around<'n>(own: Node<'n>, above: &[Node<'n>]) -> Vec<Node<'n>> {
    let outer = above.iter().rev().skip_while(|n| n.id() != own.id()).skip(1);
    outer.filter(|n| matches!(n.kind(), "function_definition" | "lambda")).copied().collect()
}

/// Whether a name stands in a declaration itself.
fn is_declared(name: Node<'_>) -> bool {
    name.parent().is_some_and(|p| matches!(p.kind(), "global_statement" | "nonlocal_statement"))
}

fn names_parameter(function: Node<'_>, word: &str, text: &str) -> bool {
    let Some(parameters) = function.child_by_field_name("parameters") else { return false };
    children(parameters).into_iter().any(|parameter| {
        let name = match parameter.kind() {
            "identifier" => Some(parameter),
            _ => parameter.child_by_field_name("name").or_else(|| children(parameter).first().copied()),
        };
        let name = name
            .map(|n| if n.kind() == "identifier" { n } else { children(n).first().copied().unwrap_or(n) });
        name.and_then(|n| text.get(n.byte_range())) == Some(word)
    })
}

/// Where a name stands in a scope of its own, functions and classes inside left out but for their names.
fn uses<'n>(owner: Node<'n>, word: &str, text: &str) -> impl Iterator<Item = Node<'n>> {
    let start = match owner.kind() {
        "function_definition" | "class_definition" | "lambda" => owner.child_by_field_name("body"),
        _ => Some(owner),
    };
    let mut open: Vec<Node<'n>> = start.into_iter().collect();
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        match node.kind() {
            "identifier" if text.get(node.byte_range()) == Some(word) => found.push(node),
            "attribute" => open.extend(node.child_by_field_name("object")),
            "keyword_argument" => open.extend(node.child_by_field_name("value")),
            "function_definition" | "class_definition" => {
                open.extend(node.child_by_field_name("name"));
                open.extend(node.child_by_field_name("superclasses"));
            }
            "lambda" => {}
            _ => open.extend(children(node)),
        }
    }
    found.into_iter()
}

/// An annotated name that is declared `global` in the same scope.
pub(super) fn annotated_global(assignment: Node<'_>, above: &[Node<'_>], text: &str) -> bool {
    let Some(name) = assignment.child_by_field_name("left").filter(|n| n.kind() == "identifier") else {
        return false;
    };
    let Some(owner) = scope(assignment, above) else { return false };
    let word = text.get(name.byte_range()).unwrap_or_default();
    uses(owner, word, text).any(is_declared)
}
