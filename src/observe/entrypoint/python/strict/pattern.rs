//! `match`: the order of cases, and names and keys that stand twice in one.
//! <https://docs.python.org/3/reference/compound_stmts.html#irrefutable-case-blocks>

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::children;

/// The first part of a `match` that Python refuses.
pub(super) fn fault<'n>(statement: Node<'n>, text: &str) -> Option<Node<'n>> {
    let block = statement.child_by_field_name("body")?;
    let cases: Vec<Node<'n>> = children(block).into_iter().filter(|n| n.kind() == "case_clause").collect();
    let last = cases.len().saturating_sub(1);
    for (at, case) in cases.iter().enumerate() {
        let patterns: Vec<Node<'n>> =
            children(*case).into_iter().filter(|n| n.kind() == "case_pattern").collect();
        let takes_all = patterns.len() == 1 && case.child_by_field_name("guard").is_none();
        if at < last && takes_all && patterns.iter().any(|p| is_irrefutable(*p, text)) {
            return Some(*case);
        }
        let mut names = BTreeSet::new();
        if let Some(wrong) = patterns.iter().find_map(|p| inside(*p, text, &mut names)) {
            return Some(wrong);
        }
    }
    None
}

/// Whether a pattern takes everything: `_`, and a name.
fn is_irrefutable(pattern: Node<'_>, text: &str) -> bool {
    let inner = children(pattern);
    match (pattern.kind(), inner.as_slice()) {
        ("case_pattern", []) => text.get(pattern.byte_range()) == Some("_"),
        ("case_pattern", [one]) => is_irrefutable(*one, text),
        ("dotted_name", [_]) => true,
        ("as_pattern", [first, ..]) => is_irrefutable(*first, text),
        _ => false,
    }
}

/// What is wrong in a pattern; `names` are those that it binds.
fn inside<'n>(pattern: Node<'n>, text: &str, names: &mut BTreeSet<String>) -> Option<Node<'n>> {
    let inner = children(pattern);
    let written = |n: &Node<'_>| text.get(n.byte_range()).unwrap_or_default().to_owned();
    match pattern.kind() {
        "dotted_name" if inner.len() == 1 => return (!names.insert(written(&pattern))).then_some(pattern),
        "dotted_name" => return None,
        "union_pattern" => {
            let last = inner.len().saturating_sub(1);
            let early = inner.iter().take(last).find(|n| is_irrefutable(**n, text));
            // The alternatives bind the same names.
            return early.copied();
        }
        "list_pattern" | "tuple_pattern" => {
            let mut stars = inner.iter().filter(|n| is_splat(**n));
            if let (Some(_), Some(second)) = (stars.next(), stars.next()) {
                return Some(*second);
            }
        }
        "dict_pattern" => {
            let mut keys = BTreeSet::new();
            let mut cursor = pattern.walk();
            let all: Vec<Node<'n>> = pattern.children_by_field_name("key", &mut cursor).collect();
            let literals =
                all.iter().filter(|k| matches!(k.kind(), "string" | "integer" | "true" | "false" | "none"));
            let twice = literals.into_iter().find(|k| !keys.insert(written(k)));
            let rest =
                inner.iter().position(|n| n.kind() == "splat_pattern").filter(|at| at + 1 < inner.len());
            if let Some(wrong) = twice.copied().or_else(|| rest.and_then(|at| inner.get(at)).copied()) {
                return Some(wrong);
            }
            return inner.iter().filter(|n| n.kind() == "case_pattern").find_map(|n| inside(*n, text, names));
        }
        "class_pattern" => {
            let mut keywords = BTreeSet::new();
            for argument in inner.iter().skip(1) {
                let keyword = children(*argument).into_iter().find(|n| n.kind() == "keyword_pattern");
                let name = keyword.and_then(|k| children(k).first().map(&written));
                if name.is_some_and(|name| !keywords.insert(name)) {
                    return Some(*argument);
                }
                if let Some(wrong) = inside(*argument, text, names) {
                    return Some(wrong);
                }
            }
            return None;
        }
        "keyword_pattern" => return inner.iter().skip(1).find_map(|n| inside(*n, text, names)),
        "as_pattern" | "splat_pattern" => {
            let name = inner.last().filter(|n| n.kind() == "identifier");
            if name.is_some_and(|n| written(n) != "_" && !names.insert(written(n))) {
                return name.copied();
            }
            return inner.iter().filter(|n| n.kind() != "identifier").find_map(|n| inside(*n, text, names));
        }
        "case_pattern" => {}
        _ => return None,
    }
    inner.iter().find_map(|n| inside(*n, text, names))
}

fn is_splat(pattern: Node<'_>) -> bool {
    pattern.kind() == "splat_pattern"
        || pattern.kind() == "case_pattern"
            && children(pattern).first().is_some_and(|n| n.kind() == "splat_pattern")
}
