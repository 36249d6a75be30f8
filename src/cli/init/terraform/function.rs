//! Terraform's functions that shape names, lists and documents. Others are unknown.

use std::collections::HashMap;

use crate::cli::init::tree::{Tree, UNKNOWN, Value};

/// Bytes of one text that is worked out; a longer one is unknown.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// A text would be longer than [`MAX_TEXT`].
pub(super) struct TooLarge;

/// The value of a call.
pub(super) fn call(name: &str, arguments: &[Tree]) -> Result<Tree, TooLarge> {
    let first = || arguments.first().cloned().unwrap_or_default();
    let text = |n: usize| arguments.get(n).and_then(Tree::any_text);
    Ok(match name {
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
                let count = t.matches(from).count();
                bounded(t.len().saturating_add(count.saturating_mul(to.len())), || t.replace(from, to))?
            }
            _ => Tree::default(),
        },
        "format" => {
            let values = arguments.get(1..).unwrap_or_default();
            let given = values.iter().filter_map(Tree::any_text).map(|t| t.len() + UNKNOWN.len());
            let bytes = given.fold(0, usize::saturating_add);
            match text(0) {
                Some(form) => {
                    let own = form.len().saturating_mul(UNKNOWN.len());
                    bounded(bytes.saturating_add(own), || format(form, values))?
                }
                None => Tree::default(),
            }
        }
        "join" => {
            let items = arguments.get(1).map(Tree::items).unwrap_or_default();
            let words: Vec<&str> = items.iter().map(|i| i.any_text().unwrap_or(UNKNOWN)).collect();
            match text(0) {
                Some(by) => {
                    let bytes = words.iter().fold(0_usize, |n, w| n.saturating_add(w.len() + by.len()));
                    bounded(bytes, || words.join(by))?
                }
                None => Tree::default(),
            }
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
            // Of several values of a key the last one stands.
            let all = || arguments.iter().flat_map(Tree::entries).enumerate();
            let last: HashMap<&str, usize> = all().map(|(at, (key, _))| (key.as_str(), at)).collect();
            let kept = all().filter(|(at, (key, _))| last.get(key.as_str()) == Some(at));
            Tree::map(kept.map(|(_, entry)| entry.clone()).collect())
        }
        "keys" => Tree::list(first().entries().iter().map(|(k, _)| Tree::text_of(k.as_str())).collect()),
        "values" => Tree::list(first().entries().iter().map(|(_, v)| v.clone()).collect()),
        "lookup" => {
            let found = text(1).and_then(|key| arguments.first()?.get_exactly(key)).cloned();
            found.or_else(|| arguments.get(2).cloned()).unwrap_or_default()
        }
        "basename" => text(0).and_then(|t| t.rsplit('/').next()).map_or_else(Tree::default, Tree::text_of),
        _ => Tree::default(),
    })
}

/// A text of at most `bytes`.
fn bounded(bytes: usize, text: impl FnOnce() -> String) -> Result<Tree, TooLarge> {
    if bytes > MAX_TEXT { Err(TooLarge) } else { Ok(Tree::text_of(text())) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<Tree> {
        all.iter().map(|t| Tree::text_of(*t)).collect()
    }

    #[test]
    fn a_text_that_grows_without_bound_is_told() {
        let long = "a".repeat(2000);
        let list = Tree::list((0..600).map(|_| Tree::text_of(long.as_str())).collect());
        for (name, arguments) in [
            ("replace", texts(&[&long, "a", &long])),
            (
                "format",
                vec![Tree::text_of("%s".repeat(600)); 1].into_iter().chain(list.items().to_vec()).collect(),
            ),
            ("join", vec![Tree::text_of("-"), list.clone()]),
        ] {
            assert!(call(name, &arguments).is_err(), "{name}");
        }
        let value = |name: &str, arguments: &[&str]| call(name, &texts(arguments)).ok();
        assert_eq!(value("replace", &["a-b", "-", "/"]).as_ref().and_then(Tree::text), Some("a/b"));
        assert_eq!(value("format", &["%s-%s", "a", "b"]).as_ref().and_then(Tree::text), Some("a-b"));
    }

    #[test]
    fn the_last_value_of_a_key_stands() {
        let map = |pairs: &[(&str, &str)]| {
            Tree::map(pairs.iter().map(|(k, v)| ((*k).to_owned(), Tree::text_of(*v))).collect())
        };
        let merged = call("merge", &[map(&[("a", "1"), ("b", "2")]), map(&[("a", "3")])]).unwrap_or_default();
        let entries: Vec<_> = merged.entries().iter().map(|(k, v)| (k.as_str(), v.text())).collect();
        assert_eq!(entries, [("b", Some("2")), ("a", Some("3"))]);
    }
}
