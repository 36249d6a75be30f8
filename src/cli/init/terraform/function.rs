//! Terraform's functions that shape names, lists and documents. Others are unknown.

use crate::cli::init::tree::{Tree, UNKNOWN, Value};

/// The value of a call.
pub(super) fn call(name: &str, arguments: &[Tree]) -> Tree {
    let first = || arguments.first().cloned().unwrap_or_default();
    let text = |n: usize| arguments.get(n).and_then(Tree::any_text);
    match name {
        // A document is looked into, not written: its tree is as good as its text.
        "jsonencode" | "jsondecode" | "tolist" | "tomap" | "toset" | "tostring" | "nonsensitive"
        | "sensitive" | "one" | "sort" | "distinct" => {
            let value = first();
            if name == "jsondecode" { value.decoded() } else { value }
        }
        "try" | "coalesce" => {
            let is_known = |t: &&Tree| !matches!(t.value, Value::Unknown);
            arguments.iter().find(is_known).cloned().unwrap_or_default()
        }
        "lower" => text(0).map_or_else(Tree::default, |t| Tree::text_of(keep_unknown(t, str::to_lowercase))),
        "upper" => text(0).map_or_else(Tree::default, |t| Tree::text_of(keep_unknown(t, str::to_uppercase))),
        "trimprefix" | "trimsuffix" => match (text(0), text(1)) {
            (Some(t), Some(cut)) => {
                let rest = if name == "trimprefix" { t.strip_prefix(cut) } else { t.strip_suffix(cut) };
                Tree::text_of(rest.unwrap_or(t))
            }
            _ => Tree::default(),
        },
        "replace" => match (text(0), text(1), text(2)) {
            (Some(t), Some(from), Some(to)) if !from.is_empty() && !from.starts_with('/') => {
                Tree::text_of(t.replace(from, to))
            }
            _ => Tree::default(),
        },
        "format" => text(0).map_or_else(Tree::default, |f| Tree::text_of(format(f, &arguments[1..]))),
        "join" => {
            let items = arguments.get(1).map(Tree::items).unwrap_or_default();
            let words: Vec<&str> = items.iter().map(|i| i.any_text().unwrap_or(UNKNOWN)).collect();
            text(0).map_or_else(Tree::default, |by| Tree::text_of(words.join(by)))
        }
        "split" => match (text(0), text(1)) {
            (Some(by), Some(t)) if !by.is_empty() => Tree::list(t.split(by).map(Tree::text_of).collect()),
            _ => Tree::default(),
        },
        "concat" | "flatten" | "setunion" => {
            let mut items = Vec::new();
            arguments.iter().for_each(|a| flatten(a, &mut items, 0));
            Tree::list(items)
        }
        "merge" => {
            let mut entries: Vec<(String, Tree)> = Vec::new();
            for (key, value) in arguments.iter().flat_map(Tree::entries) {
                entries.retain(|(k, _)| k != key);
                entries.push((key.clone(), value.clone()));
            }
            Tree::map(entries)
        }
        "keys" => Tree::list(first().entries().iter().map(|(k, _)| Tree::text_of(k.as_str())).collect()),
        "values" => Tree::list(first().entries().iter().map(|(_, v)| v.clone()).collect()),
        "lookup" => {
            let found = text(1).and_then(|key| arguments.first()?.get_exactly(key)).cloned();
            found.or_else(|| arguments.get(2).cloned()).unwrap_or_default()
        }
        "basename" => text(0).and_then(|t| t.rsplit('/').next()).map_or_else(Tree::default, Tree::text_of),
        _ => Tree::default(),
    }
}

fn keep_unknown(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split(UNKNOWN).map(change).collect::<Vec<_>>().join(UNKNOWN)
}

fn flatten(tree: &Tree, out: &mut Vec<Tree>, depth: usize) {
    match &tree.value {
        Value::List(items) if depth < 16 => items.iter().for_each(|i| flatten(i, out, depth + 1)),
        Value::Unknown => {}
        _ => out.push(tree.clone()),
    }
}

/// `%s` and `%d`; whatever else stands for an unknown.
fn format(form: &str, arguments: &[Tree]) -> String {
    let mut parts = form.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut arguments = arguments.iter();
    let mut literal = false;
    for part in parts {
        if literal {
            literal = false;
            out.push_str(part);
        } else if part.is_empty() {
            literal = true;
            out.push('%');
        } else if let Some(rest) = part.strip_prefix(['s', 'd', 'v']) {
            out.push_str(arguments.next().and_then(Tree::any_text).unwrap_or(UNKNOWN));
            out.push_str(rest);
        } else {
            return UNKNOWN.to_owned();
        }
    }
    out
}
