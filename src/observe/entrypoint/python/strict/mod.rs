//! What Python refuses although its grammar in tree-sitter, which is made for editors, takes it: indentation, blocks
//! without statements, and the order of parameters and arguments.
//! <https://docs.python.org/3/reference/lexical_analysis.html#indentation>

mod encoding;
mod literal;
mod pattern;
mod place;
mod scope;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use tree_sitter::Node;

use super::Version;

pub(super) use encoding::{Declared, declared};

/// The line of the first part of a tree that Python refuses. Goes through the tree without recursion.
pub(super) fn first_fault(root: Node<'_>, text: &str, version: Option<Version>) -> Option<u32> {
    let mut cursor = root.walk();
    let mut above: Vec<Node<'_>> = Vec::new();
    loop {
        let node = cursor.node();
        if let Some(at) = fault(node, &above, text, version) {
            return Some(u32::try_from(at.start_position().row + 1).unwrap_or(u32::MAX));
        }
        if cursor.goto_first_child() {
            above.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
            above.pop();
        }
    }
}

/// The part that is wrong with a node, if something is.
fn fault<'n>(node: Node<'n>, above: &[Node<'n>], text: &str, version: Option<Version>) -> Option<Node<'n>> {
    let is_wrong = match node.kind() {
        "module" => return misplaced(node, Some(0), text).or_else(|| on_one_line(node, text)),
        "block" => return block(node, above, text),
        "try_statement" => {
            return handlers_out_of_order(node, version)
                .or_else(|| place::is_too_deep(above).then_some(node));
        }
        "import_from_statement" => {
            let is_star = |n: &Node<'_>| n.kind() == "wildcard_import";
            let ends_in_comma =
                node.child(node.child_count().saturating_sub(1)).is_some_and(|n| n.kind() == ",");
            ends_in_comma || children(node).iter().any(is_star) && scope(node, above).is_some()
        }
        "nonlocal_statement" | "global_statement" => return scope::declaration(node, above, text),
        "for_statement" | "with_statement" | "while_statement" => {
            place::is_too_deep(above) || is_async(node) && !scope(node, above).is_some_and(is_async)
        }
        "future_import_statement" => place::is_bad_future(node, above, text),
        "match_statement" => return pattern::fault(node, text),
        "named_expression" => place::is_bad_walrus(node, above, text),
        "for_in_clause" => place::is_bad_clause(node, above),
        "decorator" => is_old(version, 9) && place::is_free_decorator(node),
        "positional_separator" => is_old(version, 8),
        "comparison_operator" => operators(node).any(|n| n.kind() == "<>"),
        "list_comprehension" | "set_comprehension" | "generator_expression" => {
            node.child_by_field_name("body").is_some_and(is_starred_alone)
        }
        "expression_statement" => children(node).iter().any(|n| is_starred_alone(*n)),
        "assignment" => {
            let is_part = above.last().is_some_and(|outer| outer.kind() == "assignment");
            let (right, kind) = (node.child_by_field_name("right"), node.child_by_field_name("type"));
            right.is_none() && kind.is_none()
                || kind.is_some() && scope::annotated_global(node, above, text)
                || place::is_annotated_list(node)
                || kind.is_some() && is_part
                || node.child_by_field_name("right").is_some_and(is_starred_alone)
                || node
                    .child_by_field_name("left")
                    .is_some_and(|left| is_starred_alone(left) || starred_twice(left))
        }
        "else_clause" | "elif_clause" | "except_clause" | "except_group_clause" | "finally_clause" => {
            let owner = above.last().and_then(|o| column(*o, text));
            let is_moved = column(node, text).zip(owner).is_some_and(|(own, owner)| own != owner);
            is_moved || node.kind() == "except_clause" && lists(node) && is_before(version, 14)
        }
        "parameters" | "lambda_parameters" => {
            return parameter_out_of_order(node)
                .or_else(|| parameter_twice(node, text))
                .or_else(|| place::misplaced_parameter(node));
        }
        "keyword_separator" => {
            above.last().is_some_and(|list| children(*list).last().is_some_and(|last| last.id() == node.id()))
        }
        "augmented_assignment" => node.child_by_field_name("left").is_some_and(|left| is_list(left)),
        "raise_statement" => children(node).first().is_some_and(|n| n.kind() == "expression_list"),
        "delete_statement" => deleted(node).iter().any(|n| is_starred_alone(*n) || !place::is_target(*n)),
        "argument_list" => {
            return argument_out_of_order(node)
                .or_else(|| argument_twice(node, text))
                .or_else(|| generator_beside_others(node));
        }
        "concatenated_string" => is_mixed(node, text),
        "identifier" => match text.get(node.byte_range()) {
            Some("async" | "await") => true,
            Some("__debug__") => is_bound(node, above),
            _ => false,
        },
        "type_conversion" => !matches!(text.get(node.byte_range()).map(str::trim), Some("!s" | "!r" | "!a")),
        "import_statement" => {
            node.child(node.child_count().saturating_sub(1)).is_some_and(|n| n.kind() == ",")
        }
        "integer" | "float" => {
            is_octal(text.get(node.byte_range()).unwrap_or_default()) || literal::is_bad_number(node, text)
        }
        "string" => literal::is_bad_string(node, text, version),
        "await" => {
            let in_generator = place::in_comprehension(node, above, |kind| kind == "generator_expression");
            !in_generator && !scope(node, above).is_some_and(is_async)
        }
        "return_statement" | "yield" => {
            place::is_bad_generator(node, above)
                || node.kind() == "yield" && place::in_comprehension(node, above, |_| true)
                || !scope(node, above).is_some_and(|s| matches!(s.kind(), "function_definition" | "lambda"))
        }
        "break_statement" | "continue_statement" => place::is_out_of_loop(node, above),
        "as_pattern_target" => {
            let of_with = above.iter().rev().nth(1).is_some_and(|n| n.kind() == "with_item");
            of_with && !place::is_target(node)
        }
        _ => false,
    };
    is_wrong.then_some(node)
}

fn is_before(version: Option<Version>, minor: u8) -> bool {
    version.is_none_or(|v| v.minor < minor)
}

/// The named children of a node, without comments and the ends of lines that go on.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    let is_between = |n: &Node<'_>| matches!(n.kind(), "comment" | "line_continuation");
    node.named_children(&mut cursor).filter(|n| !is_between(n)).collect()
}

/// The column at which a node stands in bytes, if nothing but blanks is before it in its line, and the line does not go
/// on from the one before.
fn column(node: Node<'_>, text: &str) -> Option<usize> {
    let before = text.get(..node.start_byte())?;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let indent = before.get(start..)?;
    let is_continued = before.get(..start)?.trim_end_matches(['\n', '\r']).ends_with('\\');
    let is_blank = indent.bytes().all(|b| b == b' ' || b == b'\t');
    (is_blank && !is_continued).then_some(indent.len())
}

/// The first statement of a list that does not stand where the others do.
fn misplaced<'n>(list: Node<'n>, column_of_all: Option<usize>, text: &str) -> Option<Node<'n>> {
    let mut expected = column_of_all;
    children(list).into_iter().find(|statement| {
        let own = column(*statement, text);
        own.is_some_and(|own| *expected.get_or_insert(own) != own)
    })
}

/// What is wrong with a block: it is empty, or its statements do not stand where they must.
fn block<'n>(node: Node<'n>, above: &[Node<'n>], text: &str) -> Option<Node<'n>> {
    let statements = children(node);
    let Some(first) = statements.first() else { return above.last().copied().or(Some(node)) };
    let owner = above.iter().rev().find_map(|n| column(*n, text).filter(|_| n.kind() != "block"));
    if column(*first, text).zip(owner).is_some_and(|(own, owner)| own <= owner) {
        return Some(*first);
    }
    misplaced(node, None, text).or_else(|| on_one_line(node, text))
}

/// The second of two statements in one line without a semicolon between them.
fn on_one_line<'n>(list: Node<'n>, text: &str) -> Option<Node<'n>> {
    let statements = children(list);
    let pairs = statements.iter().zip(statements.iter().skip(1));
    let are_joined = |one: &Node<'_>, next: &Node<'_>| {
        let between = text.get(one.end_byte()..next.start_byte()).unwrap_or(";");
        one.end_position().row == next.start_position().row && !between.contains([';', '\n'])
    };
    pairs.filter(|(one, next)| are_joined(one, next)).map(|(_, next)| *next).next()
}

/// A `try` without a handler, a handler after one that takes everything or of the other kind, and `except*` before 3.11
/// or without what it takes.
fn handlers_out_of_order(statement: Node<'_>, version: Option<Version>) -> Option<Node<'_>> {
    let clauses: Vec<Node<'_>> = children(statement)
        .into_iter()
        .filter(|n| matches!(n.kind(), "except_clause" | "finally_clause"))
        .collect();
    if clauses.is_empty() {
        return Some(statement);
    }
    let handlers: Vec<Node<'_>> = clauses.into_iter().filter(|n| n.kind() != "finally_clause").collect();
    let is_group = |n: &Node<'_>| n.child(1).is_some_and(|c| c.kind() == "*");
    let takes_all = |n: &Node<'_>| children(*n).iter().all(|c| c.kind() == "block");
    let after_all = handlers.iter().zip(handlers.iter().skip(1)).find(|(one, _)| takes_all(one));
    let other_kind =
        || handlers.iter().find(|n| handlers.first().is_some_and(|f| is_group(f) != is_group(n)));
    let of_group = || handlers.iter().find(|n| is_group(n) && (takes_all(n) || is_old(version, 11)));
    after_all.map(|(_, next)| next).or_else(other_kind).or_else(of_group).copied()
}

fn is_old(version: Option<Version>, minor: u8) -> bool {
    version.is_some_and(|v| v.minor < minor)
}

/// The operators of a comparison.
fn operators(comparison: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut cursor = comparison.walk();
    comparison.children_by_field_name("operators", &mut cursor).collect::<Vec<_>>().into_iter()
}

/// Whether a name is bound where it stands.
fn is_bound(name: Node<'_>, above: &[Node<'_>]) -> bool {
    let Some(outer) = above.last() else { return false };
    let is_field = |field: &str| outer.child_by_field_name(field).is_some_and(|n| n.id() == name.id());
    match outer.kind() {
        "parameters"
        | "lambda_parameters"
        | "typed_parameter"
        | "list_splat_pattern"
        | "dictionary_splat_pattern"
        | "pattern_list"
        | "tuple_pattern"
        | "list_pattern"
        | "as_pattern_target" => true,
        "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => is_field("left"),
        "default_parameter"
        | "typed_default_parameter"
        | "function_definition"
        | "class_definition"
        | "named_expression"
        | "keyword_argument" => is_field("name"),
        "aliased_import" => is_field("alias"),
        _ => false,
    }
}

/// `*a` where one value is wanted.
fn is_starred_alone(node: Node<'_>) -> bool {
    matches!(node.kind(), "list_splat" | "list_splat_pattern")
}

/// Two starred targets in one list.
fn starred_twice(target: Node<'_>) -> bool {
    matches!(target.kind(), "pattern_list" | "tuple_pattern" | "list_pattern")
        && children(target).into_iter().filter(|n| is_starred_alone(*n)).count() > 1
}

/// Texts and bytes side by side.
fn is_mixed(texts: Node<'_>, text: &str) -> bool {
    let is_bytes = |n: Node<'_>| {
        let prefix =
            text.get(n.byte_range()).unwrap_or_default().split(['"', '\'']).next().unwrap_or_default();
        prefix.contains(['b', 'B'])
    };
    let kinds: Vec<bool> = children(texts).into_iter().map(is_bytes).collect();
    kinds.iter().any(|k| kinds.first() != Some(k))
}

/// `except A, b:`
fn lists(clause: Node<'_>) -> bool {
    let mut cursor = clause.walk();
    clause.children(&mut cursor).any(|n| n.kind() == ",")
}

/// A parameter without a default after one that has one.
fn parameter_out_of_order(parameters: Node<'_>) -> Option<Node<'_>> {
    let mut has_default = false;
    for parameter in children(parameters) {
        let is_starred = |n: &Node<'_>| {
            matches!(n.kind(), "list_splat_pattern" | "dictionary_splat_pattern" | "keyword_separator")
        };
        match parameter.kind() {
            "default_parameter" | "typed_default_parameter" => has_default = true,
            "identifier" if has_default => return Some(parameter),
            "typed_parameter" => match children(parameter).first() {
                Some(first) if is_starred(first) => return None,
                _ if has_default => return Some(parameter),
                _ => {}
            },
            // What follows is given by name, in any order.
            _ if is_starred(&parameter) => return None,
            _ => {}
        }
    }
    None
}

/// The second parameter of one name.
fn parameter_twice<'n>(parameters: Node<'n>, text: &str) -> Option<Node<'n>> {
    let mut names = std::collections::BTreeSet::new();
    children(parameters).into_iter().find(|parameter| {
        let name = match parameter.kind() {
            "identifier" => Some(*parameter),
            "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                children(*parameter).first().copied()
            }
            _ => parameter.child_by_field_name("name"),
        };
        let name = name.filter(|n| n.kind() == "identifier").and_then(|n| text.get(n.byte_range()));
        name.is_some_and(|name| !names.insert(name))
    })
}

/// Whether a target is several, which `+=` does not take.
fn is_list(target: Node<'_>) -> bool {
    matches!(
        target.kind(),
        "pattern_list" | "expression_list" | "tuple_pattern" | "tuple" | "list_pattern" | "list"
    )
}

/// What a `del` deletes.
fn deleted(statement: Node<'_>) -> Vec<Node<'_>> {
    match children(statement).as_slice() {
        [list] if list.kind() == "expression_list" => children(*list),
        all => all.to_vec(),
    }
}

/// A value without a name after one that has one.
fn argument_out_of_order(arguments: Node<'_>) -> Option<Node<'_>> {
    let (mut named, mut unpacked) = (false, false);
    for argument in children(arguments) {
        match argument.kind() {
            "keyword_argument" => named = true,
            "dictionary_splat" => unpacked = true,
            "list_splat" if unpacked => return Some(argument),
            "list_splat" => {}
            _ if named || unpacked => return Some(argument),
            _ => {}
        }
    }
    None
}

/// The second argument of one name.
fn argument_twice<'n>(arguments: Node<'n>, text: &str) -> Option<Node<'n>> {
    let mut names = std::collections::BTreeSet::new();
    children(arguments).into_iter().filter(|a| a.kind() == "keyword_argument").find(|argument| {
        let name = argument.child_by_field_name("name").and_then(|n| text.get(n.byte_range()));
        name.is_some_and(|name| !names.insert(name))
    })
}

/// `f(x for x in y, 1)`: a generator without parentheses is the only argument.
fn generator_beside_others(arguments: Node<'_>) -> Option<Node<'_>> {
    let all = children(arguments);
    let is_bare =
        |n: &Node<'_>| n.kind() == "generator_expression" && n.child(0).is_none_or(|c| c.kind() != "(");
    all.iter().find(|n| all.len() > 1 && is_bare(n)).copied()
}

/// `0777`, which Python 2 took for a number to the base of eight.
fn is_octal(number: &str) -> bool {
    let is_plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    is_plain && number.starts_with('0') && number.bytes().any(|b| matches!(b, b'1'..=b'9'))
}

/// The function, lambda or class whose body a node is in. Defaults, decorators, annotations and base classes belong to the
/// scope around: they are worked out where the function or class is defined.
fn scope<'n>(node: Node<'n>, above: &[Node<'n>]) -> Option<Node<'n>> {
    let mut inner = node;
    for outer in above.iter().rev() {
        let is_scope = matches!(outer.kind(), "function_definition" | "lambda" | "class_definition");
        if is_scope && outer.child_by_field_name("body").is_some_and(|body| body.id() == inner.id()) {
            return Some(*outer);
        }
        inner = *outer;
    }
    None
}

/// Whether a function is one that may wait.
fn is_async(function: Node<'_>) -> bool {
    function.child(0).is_some_and(|first| first.kind() == "async")
}
