//! Functions of Terraform's language on values that are known in part. Nothing where the result is not known.
//!
//! Source: "Built-in Functions" of the Terraform documentation.

mod lists;
mod texts;

use std::collections::BTreeMap;

use super::evaluate::scalar;
use crate::tree::{Marked, Tree};
use crate::{Part, Text};

/// Most bytes that a function adds to a text.
const MAX_TEXT: usize = 16 << 20;

/// Whether a function would add more to a text than is worked out.
pub(super) fn is_too_large(name: &str, arguments: &[Tree]) -> bool {
    let known = |at: usize| arguments.get(at).and_then(scalar);
    let added = || match name {
        "join" => Some(list(arguments.get(1)?)?.len().saturating_mul(known(0)?.len())),
        "replace" => {
            let (whole, old, new) = (known(0)?, known(1)?, known(2)?);
            // A regular expression may match between all characters.
            let is_pattern = old.len() > 1 && old.starts_with('/') && old.ends_with('/');
            let places = if is_pattern { whole.len() + 1 } else { whole.matches(old.as_str()).count() };
            Some(places.saturating_mul(new.len()))
        }
        "indent" => known(0)?.parse::<usize>().ok()?.checked_mul(known(1)?.matches('\n').count()),
        // Each group may be the whole text, and each row may hold each argument.
        "regex" | "regexall" => Some(known(0)?.matches('(').count().saturating_mul(known(1)?.len())),
        "formatlist" | "setproduct" => {
            let weight = arguments.iter().map(Tree::weight).fold(0, u64::saturating_add);
            usize::try_from(weight.saturating_mul(lists::rows(name, arguments) as u64)).ok()
        }
        _ => None,
    };
    added().is_some_and(|bytes| bytes > MAX_TEXT)
}

/// The result of a function whose arguments are not too large.
#[expect(clippy::too_many_lines, reason = "one match over the functions of Terraform")]
pub(super) fn call(name: &str, arguments: &[Tree]) -> Option<Tree> {
    let first = arguments.first();
    let second = arguments.get(1);
    let known = |at: usize| arguments.get(at).and_then(scalar);
    let text = |text: String| Some(Tree::Text(Marked { text: text.into(), taints: Vec::new() }));
    match name {
        "jsonencode" => Some(Tree::Encoded(Box::new(first?.clone()))),
        "jsondecode" => first?.decoded(),
        "sensitive" | "nonsensitive" | "tostring" | "tonumber" | "tobool" | "tomap" | "tolist"
        | "ephemeralasnull" => Some(first?.clone()),
        "toset" | "distinct" | "sort" => unique(first?, name != "distinct"),
        "concat" => {
            let lists = arguments.iter().map(list).collect::<Option<Vec<_>>>()?;
            Some(Tree::List(lists.into_iter().flatten().cloned().collect()))
        }
        "flatten" => flatten(first?, 16).map(Tree::List),
        "compact" => {
            let is_kept = |item: &&Tree| !item.is_null() && scalar(item).as_deref() != Some("");
            Some(Tree::List(list(first?)?.iter().filter(is_kept).cloned().collect()))
        }
        "setunion" => {
            let lists = arguments.iter().map(list).collect::<Option<Vec<_>>>()?;
            unique(&Tree::List(lists.into_iter().flatten().cloned().collect()), true)
        }
        "merge" => {
            let mut out = BTreeMap::new();
            for argument in arguments.iter().filter(|argument| !argument.is_null()) {
                let Tree::Map(members) = argument else { return None };
                out.extend(members.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            Some(Tree::Map(out))
        }
        "lookup" => match (first?, known(1)?) {
            (Tree::Map(members), key) => members.get(&key).or(arguments.get(2)).cloned(),
            _ => None,
        },
        "keys" => match first? {
            Tree::Map(members) => {
                Some(Tree::List(members.keys().filter_map(|key| text(key.clone())).collect()))
            }
            _ => None,
        },
        "values" => match first? {
            Tree::Map(members) => Some(Tree::List(members.values().cloned().collect())),
            _ => None,
        },
        "zipmap" => {
            let keys = list(first?)?.iter().map(scalar).collect::<Option<Vec<_>>>()?;
            Some(Tree::Map(keys.into_iter().zip(list(second?)?.iter().cloned()).collect()))
        }
        "length" => {
            let count = match first? {
                Tree::List(items) => items.len(),
                Tree::Map(members) => members.len(),
                other => scalar(other)?.chars().count(),
            };
            Some(Tree::Scalar(count.to_string()))
        }
        "element" => {
            let items = list(first?)?;
            let at = known(1)?.parse::<usize>().ok()?.checked_rem(items.len())?;
            items.get(at).cloned()
        }
        "one" => match list(first?)? {
            [] => Some(Tree::Null),
            [one] => Some(one.clone()),
            _ => None,
        },
        "contains" => {
            let (items, wanted) = (list(first?)?, known(1)?);
            let items = items.iter().map(scalar).collect::<Option<Vec<_>>>()?;
            Some(Tree::Scalar(items.contains(&wanted).to_string()))
        }
        "coalesce" => {
            let present = arguments.iter().find(|a| !a.is_null() && scalar(a).as_deref() != Some(""))?;
            Some(present.clone())
        }
        "coalescelist" => arguments.iter().find(|a| list(a).is_some_and(|items| !items.is_empty())).cloned(),
        "join" => {
            let separator = Part::Literal(known(0)?);
            let mut parts = Vec::new();
            let mut taints = Vec::new();
            for (index, item) in list(second?)?.iter().enumerate() {
                let marked = item.marked()?;
                parts.extend((index > 0).then(|| separator.clone()));
                parts.extend(marked.text.parts().iter().cloned());
                taints.extend(marked.taints);
            }
            Some(Tree::Text(Marked { text: Text::new(parts), taints }))
        }
        "format" => format(arguments),
        "split" => {
            let (separator, whole) = (known(0)?, known(1)?);
            Some(Tree::List(
                whole.split(separator.as_str()).filter_map(|part| text(part.to_owned())).collect(),
            ))
        }
        "lower" => text(known(0)?.to_lowercase()),
        "upper" => text(known(0)?.to_uppercase()),
        "trimspace" => text(known(0)?.trim().to_owned()),
        "trimprefix" => {
            let (whole, end) = (known(0)?, known(1)?);
            text(whole.strip_prefix(end.as_str()).unwrap_or(&whole).to_owned())
        }
        "trimsuffix" => {
            let (whole, end) = (known(0)?, known(1)?);
            text(whole.strip_suffix(end.as_str()).unwrap_or(&whole).to_owned())
        }
        "trim" => {
            let (whole, set) = (known(0)?, known(1)?);
            text(whole.trim_matches(|c| set.contains(c)).to_owned())
        }
        "replace" => {
            let (whole, old, new) = (known(0)?, known(1)?, known(2)?);
            // Between slashes it is a regular expression.
            let is_pattern = old.len() > 1 && old.starts_with('/') && old.ends_with('/');
            match is_pattern.then(|| old.get(1..old.len() - 1)).flatten() {
                Some(pattern) => texts::replaced(&whole, pattern, &new),
                None => text(whole.replace(old.as_str(), &new)),
            }
        }
        "basename" => text(known(0)?.rsplit('/').next().unwrap_or_default().to_owned()),
        "startswith" => Some(Tree::Scalar(known(0)?.starts_with(known(1)?.as_str()).to_string())),
        "endswith" => Some(Tree::Scalar(known(0)?.ends_with(known(1)?.as_str()).to_string())),
        "abspath" | "pathexpand" => text(known(0)?),
        "provider::aws::arn_build" => lists::arn_build(arguments),
        "provider::aws::arn_parse" => lists::arn_parse(arguments),
        _ => lists::call(name, arguments).or_else(|| texts::call(name, arguments)),
    }
}

fn list(tree: &Tree) -> Option<&[Tree]> {
    match tree {
        Tree::List(items) => Some(items),
        Tree::Null => Some(&[]),
        _ => None,
    }
}

/// Items once each; a set is sorted. Items that are not known in full stay.
fn unique(tree: &Tree, sorted: bool) -> Option<Tree> {
    let mut out: Vec<Tree> = Vec::new();
    for item in list(tree)? {
        let same = |other: &Tree| scalar(item).is_some() && scalar(other) == scalar(item);
        if !out.iter().any(same) {
            out.push(item.clone());
        }
    }
    if sorted {
        out.sort_by_key(scalar);
    }
    Some(Tree::List(out))
}

fn flatten(tree: &Tree, depth: usize) -> Option<Vec<Tree>> {
    let mut out = Vec::new();
    for item in list(tree)? {
        match (item, depth.checked_sub(1)) {
            (Tree::List(_), Some(depth)) => out.extend(flatten(item, depth)?),
            (other, _) => out.push(other.clone()),
        }
    }
    Some(out)
}

/// `%s`, `%d`, `%v` and `%%`.
fn format(arguments: &[Tree]) -> Option<Tree> {
    let spec = scalar(arguments.first()?)?;
    let mut values = arguments.iter().skip(1);
    let (mut parts, mut taints) = (Vec::new(), Vec::new());
    let mut rest = spec.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        parts.push(Part::Literal(before.to_owned()));
        let verb = after.chars().next()?;
        rest = after.get(verb.len_utf8()..)?;
        match verb {
            '%' => parts.push(Part::Literal("%".to_owned())),
            's' | 'd' | 'v' => {
                let marked = values.next()?.marked()?;
                parts.extend(marked.text.parts().iter().cloned());
                taints.extend(marked.taints);
            }
            _ => return None,
        }
    }
    parts.push(Part::Literal(rest.to_owned()));
    Some(Tree::Text(Marked { text: Text::new(parts), taints }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_would_grow_too_large_are_told() {
        let text = |text: &str| Tree::Text(Marked { text: text.into(), taints: Vec::new() });
        let (word, long) = (text(&"a".repeat(5_000)), text(&"b".repeat(5_000)));
        assert!(is_too_large("replace", &[word.clone(), text("a"), long.clone()]));
        assert!(!is_too_large("replace", &[word.clone(), text("a"), text("b")]));
        let list = Tree::List(vec![word; 4_000]);
        assert!(is_too_large("join", &[long, list.clone()]));
        assert!(!is_too_large("join", &[text(","), list]));
        let whole = text(&"a".repeat(100_000));
        assert!(is_too_large("replace", &[whole.clone(), text("/b*/"), text(&"c".repeat(1_000))]));
        assert!(is_too_large(
            "regexall",
            &[text(&format!("{}a{}", "(".repeat(500), ")".repeat(500))), whole.clone()]
        ));
        assert!(is_too_large("formatlist", &[text("%s"), whole, Tree::List(vec![text("a"); 1_000])]));
    }
}
