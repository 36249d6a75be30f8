//! What may stand where: imports from `__future__`, targets, `:=`, `yield` and `await` in comprehensions, blocks.

use tree_sitter::Node;

use super::super::convert::yields;
use super::{children, is_async, scope};

/// What `__future__` has. <https://docs.python.org/3/library/__future__.html>
const FUTURE: [&str; 10] = [
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "barry_as_FLUFL",
    "generator_stop",
    "annotations",
];

/// How many blocks may stand in each other: `CO_MAXBLOCKS` of CPython.
const MAX_BLOCKS: usize = 20;

/// Whether an import from `__future__` comes too late, or wants what is not there.
pub(super) fn is_bad_future(import: Node<'_>, above: &[Node<'_>], text: &str) -> bool {
    let is_first = |n: &Node<'_>| match n.kind() {
        "future_import_statement" => true,
        "expression_statement" => matches!(children(*n).as_slice(), [one] if one.kind() == "string"),
        _ => false,
    };
    let before = above.last().filter(|m| m.kind() == "module").map(|module| {
        let all = children(*module);
        let is_before = |n: &&Node<'_>| n.start_byte() < import.start_byte();
        let strings = all.iter().take_while(is_before).filter(|n| n.kind() == "expression_statement").count();
        all.iter().take_while(is_before).all(is_first) && strings <= 1
    });
    let mut cursor = import.walk();
    let names = import.children_by_field_name("name", &mut cursor);
    let is_unknown = |n: Node<'_>| {
        let name = n.child_by_field_name("name").unwrap_or(n);
        !FUTURE.contains(&text.get(name.byte_range()).unwrap_or_default())
    };
    before != Some(true) || names.into_iter().any(is_unknown)
}

/// Whether something can be deleted or bound.
pub(super) fn is_target(node: Node<'_>) -> bool {
    match node.kind() {
        "identifier" | "attribute" | "subscript" | "keyword_identifier" => true,
        "tuple"
        | "list"
        | "parenthesized_expression"
        | "tuple_pattern"
        | "list_pattern"
        | "expression_list"
        | "pattern_list"
        | "as_pattern_target"
        | "list_splat"
        | "list_splat_pattern" => children(node).into_iter().all(is_target),
        _ => false,
    }
}

/// Whether an annotation stands at something else than a name, an attribute or an element.
pub(super) fn is_annotated_list(assignment: Node<'_>) -> bool {
    let left = assignment.child_by_field_name("left");
    let kind = assignment.child_by_field_name("type");
    let is_doubled =
        kind.is_some_and(|k| children(k).first().is_some_and(|n| n.kind() == "constrained_type"));
    is_doubled
        || kind.is_some()
            && left.is_some_and(|n| {
                !matches!(n.kind(), "identifier" | "attribute" | "subscript" | "parenthesized_expression")
            })
}

/// Whether a `:=` stands where Python wants it in parentheses, or binds what a comprehension has.
pub(super) fn is_bad_walrus(named: Node<'_>, above: &[Node<'_>], text: &str) -> bool {
    let name = named.child_by_field_name("name").and_then(|n| text.get(n.byte_range())).unwrap_or_default();
    let mut inner = named;
    for (at, outer) in above.iter().rev().enumerate() {
        match outer.kind() {
            "expression_statement" | "keyword_argument" | "assignment" | "default_parameter" if at == 0 => {
                return true;
            }
            // A generator takes its comprehension over as its only argument.
            "for_in_clause" => {
                let left = outer.child_by_field_name("left");
                if left.is_none_or(|l| l.id() != inner.id()) {
                    return true;
                }
            }
            kind if is_comprehension(kind) && (binds(*outer, name, text) || in_class(*outer, above)) => {
                return true;
            }
            "lambda" | "function_definition" | "class_definition" => return false,
            _ => {}
        }
        inner = *outer;
    }
    false
}

pub(super) fn is_comprehension(kind: &str) -> bool {
    matches!(
        kind,
        "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression"
    )
}

fn binds(comprehension: Node<'_>, name: &str, text: &str) -> bool {
    let clauses = children(comprehension).into_iter().filter(|n| n.kind() == "for_in_clause");
    let mut open: Vec<Node<'_>> = clauses.filter_map(|c| c.child_by_field_name("left")).collect();
    while let Some(node) = open.pop() {
        if node.kind() == "identifier" && text.get(node.byte_range()) == Some(name) {
            return true;
        }
        open.extend(children(node));
    }
    false
}

fn in_class(node: Node<'_>, above: &[Node<'_>]) -> bool {
    let at = above.iter().position(|n| n.id() == node.id()).unwrap_or(above.len());
    scope(node, above.get(..at).unwrap_or_default()).is_some_and(|s| s.kind() == "class_definition")
}

/// Whether a node stands in the value of a comprehension of its own scope; which kinds count says `counts`.
pub(super) fn in_comprehension(node: Node<'_>, above: &[Node<'_>], counts: impl Fn(&str) -> bool) -> bool {
    let mut inner = node;
    for outer in above.iter().rev() {
        if matches!(outer.kind(), "lambda" | "function_definition" | "class_definition") {
            return false;
        }
        if is_comprehension(outer.kind()) && counts(outer.kind()) {
            // The first thing that is gone through belongs to the scope around.
            let first = children(*outer).into_iter().find(|n| n.kind() == "for_in_clause");
            if first.is_none_or(|f| f.id() != inner.id()) {
                return true;
            }
        }
        inner = *outer;
    }
    false
}

/// `async for` in a comprehension outside a function that may wait; and a comprehension over a list without parentheses.
pub(super) fn is_bad_clause(clause: Node<'_>, above: &[Node<'_>]) -> bool {
    let mut cursor = clause.walk();
    let is_list = clause.children_by_field_name("right", &mut cursor).filter(|n| n.kind() != ",").count() > 1;
    let is_waiting = is_async(clause) && !scope(clause, above).is_some_and(is_async);
    let is_generator = above.last().is_some_and(|n| n.kind() == "generator_expression");
    let in_generator = in_comprehension(clause, above, |kind| kind == "generator_expression");
    is_list || is_waiting && !is_generator && !in_generator
}

/// Whether a function that may wait yields and gives a value back, or yields from another.
pub(super) fn is_bad_generator(node: Node<'_>, above: &[Node<'_>]) -> bool {
    let Some(function) = scope(node, above).filter(|f| is_async(*f)) else { return false };
    match node.kind() {
        "yield" => node.child(1).is_some_and(|n| n.kind() == "from"),
        _ => !children(node).is_empty() && yields(function),
    }
}

/// Whether a block stands in more others than Python takes.
pub(super) fn is_too_deep(above: &[Node<'_>]) -> bool {
    let inner =
        above.iter().rev().take_while(|n| !matches!(n.kind(), "function_definition" | "class_definition"));
    let blocks = inner.filter(|n| {
        matches!(n.kind(), "for_statement" | "while_statement" | "with_statement" | "try_statement")
    });
    blocks.count() >= MAX_BLOCKS
}

/// Whether a loop's `break` or `continue` has no loop around: its `else` is outside it.
pub(super) fn is_out_of_loop(node: Node<'_>, above: &[Node<'_>]) -> bool {
    let mut inner = node;
    for outer in above.iter().rev() {
        match outer.kind() {
            "for_statement" | "while_statement" if inner.kind() != "else_clause" => return false,
            "function_definition" | "class_definition" => return true,
            _ => {}
        }
        inner = *outer;
    }
    true
}

/// Whether a decorator is more than a dotted name that is called or not, which versions before 3.9 want.
pub(super) fn is_free_decorator(decorator: Node<'_>) -> bool {
    fn is_dotted(node: Node<'_>) -> bool {
        match node.kind() {
            "identifier" => true,
            "attribute" => node.child_by_field_name("object").is_some_and(is_dotted),
            _ => false,
        }
    }
    let Some(value) = children(decorator).first().copied() else { return false };
    let value =
        if value.kind() == "call" { value.child_by_field_name("function").unwrap_or(value) } else { value };
    !is_dotted(value)
}

/// The first of a function's parameters that stands where it must not: a second `/` or `*`, anything after `**`.
pub(super) fn misplaced_parameter(parameters: Node<'_>) -> Option<Node<'_>> {
    let (mut slash, mut star, mut names) = (false, false, false);
    let all = children(parameters);
    for (at, parameter) in all.iter().enumerate() {
        let bare = match parameter.kind() {
            "typed_parameter" => children(*parameter).first().map_or("", |n| n.kind()),
            kind => kind,
        };
        let is_wrong = match bare {
            _ if names => true,
            "positional_separator" => std::mem::replace(&mut slash, true) || star || at == 0,
            "keyword_separator" => {
                let next = all.get(at + 1).map_or("", |n| n.kind());
                std::mem::replace(&mut star, true) || matches!(next, "" | "dictionary_splat_pattern")
            }
            "list_splat_pattern" => std::mem::replace(&mut star, true),
            "dictionary_splat_pattern" => {
                names = true;
                false
            }
            _ => false,
        };
        if is_wrong {
            return Some(*parameter);
        }
    }
    None
}
