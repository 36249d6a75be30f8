//! Functions that make lists and truths.

use super::{list, unique};
use crate::plan::evaluate::scalar;
use crate::tree::{Marked, Tree};
use crate::{Part, Text};

/// Most items that a function makes of others; of `range` it is Terraform's own limit.
const MAX_ITEMS: usize = 1_024;

/// The result of a function; nothing if it is not known, or the function is another one.
pub(super) fn call(name: &str, arguments: &[Tree]) -> Option<Tree> {
    let first = arguments.first();
    let known = |at: usize| arguments.get(at).and_then(scalar);
    let number = |at: usize| known(at)?.parse::<i64>().ok();
    match name {
        "reverse" => Some(Tree::List(list(first?)?.iter().rev().cloned().collect())),
        "slice" => {
            let (from, to) = (usize::try_from(number(1)?).ok()?, usize::try_from(number(2)?).ok()?);
            Some(Tree::List(list(first?)?.get(from..to)?.to_vec()))
        }
        "chunklist" => {
            let size = usize::try_from(number(1)?).ok().filter(|size| *size > 0)?;
            Some(Tree::List(list(first?)?.chunks(size).map(|chunk| Tree::List(chunk.to_vec())).collect()))
        }
        "index" => {
            let (items, wanted) = (scalars(first?)?, known(1)?);
            Some(Tree::Scalar(items.iter().position(|item| *item == wanted)?.to_string()))
        }
        "range" => range(&(0..arguments.len()).map(number).collect::<Option<Vec<_>>>()?),
        "setproduct" => product(arguments),
        "setintersection" | "setsubtract" => {
            let lists = arguments.iter().map(scalars).collect::<Option<Vec<_>>>()?;
            let (own, others) = lists.split_first()?;
            let is_kept = |item: &&String| match name {
                "setsubtract" => !others.iter().any(|other| other.contains(*item)),
                _ => others.iter().all(|other| other.contains(*item)),
            };
            let kept = own.iter().filter(is_kept).map(|item| plain(item)).collect();
            unique(&Tree::List(kept), true)
        }
        "matchkeys" => {
            let (values, keys) = (list(first?)?, scalars(arguments.get(1)?)?);
            let wanted = scalars(arguments.get(2)?)?;
            let both = values.iter().zip(&keys);
            let kept = both.filter(|(_, key)| wanted.contains(*key)).map(|(value, _)| value.clone());
            Some(Tree::List(kept.collect()))
        }
        "alltrue" | "anytrue" => {
            let items = scalars(first?)?;
            let is = if name == "alltrue" {
                items.iter().all(|item| item == "true")
            } else {
                items.iter().any(|item| item == "true")
            };
            Some(Tree::Scalar(is.to_string()))
        }
        "formatlist" => format_list(arguments),
        _ => None,
    }
}

/// How many rows `formatlist` or `setproduct` makes of lists.
pub(super) fn rows(name: &str, arguments: &[Tree]) -> usize {
    let lengths = arguments.iter().filter_map(|argument| match argument {
        Tree::List(items) => Some(items.len()),
        _ => None,
    });
    let count = match name {
        "setproduct" => lengths.fold(1, usize::saturating_mul),
        _ => lengths.max().unwrap_or(0),
    };
    count.min(MAX_ITEMS)
}

fn plain(text: &str) -> Tree {
    Tree::Text(Marked { text: text.into(), taints: Vec::new() })
}

fn scalars(tree: &Tree) -> Option<Vec<String>> {
    list(tree)?.iter().map(scalar).collect()
}

/// `range(limit)`, `range(start, limit)`, `range(start, limit, step)`.
fn range(numbers: &[i64]) -> Option<Tree> {
    let (start, limit, step) = match *numbers {
        [limit] => (0, limit, if limit < 0 { -1 } else { 1 }),
        [start, limit] => (start, limit, if limit < start { -1 } else { 1 }),
        [start, limit, step] if step != 0 => (start, limit, step),
        _ => return None,
    };
    let mut out = Vec::new();
    let mut at = start;
    while (step > 0 && at < limit) || (step < 0 && at > limit) {
        if out.len() == MAX_ITEMS {
            return None;
        }
        out.push(Tree::Scalar(at.to_string()));
        at = at.checked_add(step)?;
    }
    Some(Tree::List(out))
}

fn product(arguments: &[Tree]) -> Option<Tree> {
    let mut rows: Vec<Vec<Tree>> = vec![Vec::new()];
    for argument in arguments {
        let items = list(argument)?;
        if rows.len().checked_mul(items.len()).is_none_or(|count| count > MAX_ITEMS) {
            return None;
        }
        let with = |row: &Vec<Tree>, item: &Tree| row.iter().chain([item]).cloned().collect();
        rows = rows.iter().flat_map(|row| items.iter().map(move |item| with(row, item))).collect();
    }
    Some(Tree::List(rows.into_iter().map(Tree::List).collect()))
}

/// `format` for each item of the lists among the arguments; what is no list is the same for all.
fn format_list(arguments: &[Tree]) -> Option<Tree> {
    let lengths = arguments.iter().filter_map(|argument| match argument {
        Tree::List(items) => Some(items.len()),
        _ => None,
    });
    let count = lengths.max().filter(|count| *count <= MAX_ITEMS)?;
    let row = |at: usize| {
        let one = |argument: &Tree| match argument {
            Tree::List(items) => items.get(at).cloned(),
            other => Some(other.clone()),
        };
        super::format(&arguments.iter().map(one).collect::<Option<Vec<_>>>()?)
    };
    (0..count).map(row).collect::<Option<Vec<_>>>().map(Tree::List)
}

/// What `provider::aws::arn_build` puts together: partition, service, region, account, resource.
pub(super) fn arn_build(arguments: &[Tree]) -> Option<Tree> {
    if arguments.len() != 5 {
        return None;
    }
    let (mut parts, mut taints) = (vec![Part::Literal("arn".to_owned())], Vec::new());
    for argument in arguments {
        let marked = argument.marked()?;
        parts.push(Part::Literal(":".to_owned()));
        parts.extend(marked.text.parts().iter().cloned());
        taints.extend(marked.taints);
    }
    Some(Tree::Text(Marked { text: Text::new(parts), taints }))
}

/// What `provider::aws::arn_parse` makes of an ARN.
pub(super) fn arn_parse(arguments: &[Tree]) -> Option<Tree> {
    let arn = arguments.first().and_then(scalar)?;
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, partition, service, region, account_id, resource] = fields[..] else { return None };
    let named = [
        ("partition", partition),
        ("service", service),
        ("region", region),
        ("account_id", account_id),
        ("resource", resource),
    ];
    Some(Tree::Map(named.into_iter().map(|(name, value)| (name.to_owned(), plain(value))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, arguments: &[Tree]) -> Option<String> {
        call(name, arguments)?.to_json(8).map(|value| value.to_string())
    }

    fn texts(texts: &[&str]) -> Tree {
        Tree::List(texts.iter().map(|text| plain(text)).collect())
    }

    #[test]
    fn lists_are_as_terraform_makes_them() {
        let number = |number: i64| Tree::Scalar(number.to_string());
        let abc = texts(&["a", "b", "c"]);
        for (name, arguments, wanted) in [
            ("reverse", vec![abc.clone()], r#"["c","b","a"]"#),
            ("slice", vec![abc.clone(), number(1), number(3)], r#"["b","c"]"#),
            ("chunklist", vec![abc.clone(), number(2)], r#"[["a","b"],["c"]]"#),
            ("index", vec![abc.clone(), plain("b")], "1"),
            ("range", vec![number(3)], "[0,1,2]"),
            ("range", vec![number(3), number(0), number(-2)], "[3,1]"),
            ("setproduct", vec![texts(&["a", "b"]), texts(&["x"])], r#"[["a","x"],["b","x"]]"#),
            ("setintersection", vec![abc.clone(), texts(&["c", "a"])], r#"["a","c"]"#),
            ("setsubtract", vec![abc.clone(), texts(&["a"])], r#"["b","c"]"#),
            ("matchkeys", vec![abc.clone(), texts(&["x", "y", "x"]), texts(&["x"])], r#"["a","c"]"#),
            ("alltrue", vec![Tree::List(Vec::new())], "true"),
            ("anytrue", vec![texts(&["false"])], "false"),
            ("formatlist", vec![plain("%s-%s"), abc.clone(), plain("z")], r#"["a-z","b-z","c-z"]"#),
        ] {
            assert_eq!(shown(name, &arguments).as_deref(), Some(wanted), "{name}");
        }
        // What would fail or grow is not known.
        assert_eq!(shown("range", &[number(5_000)]), None);
        assert_eq!(shown("slice", &[abc.clone(), number(2), number(9)]), None);
        assert_eq!(shown("formatlist", &[plain("%s-%s"), abc, texts(&["a"])]), None);
        let long = Tree::List(vec![plain("a"); 100]);
        assert_eq!(shown("setproduct", &[long.clone(), long]), None);
    }
}
