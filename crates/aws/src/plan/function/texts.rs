//! Functions that shape texts.

use regex::RegexBuilder;
use seaworthy_source::yaml::{self, Node, NodeKind, Style};

use super::list;
use crate::plan::evaluate::scalar;
use crate::tree::{Marked, Tree};
use crate::{Part, Text};

/// The largest program of a regular expression, in bytes.
const MAX_PATTERN: usize = 1 << 20;
/// Most matches of a regular expression that are told.
const MAX_MATCHES: usize = 1_024;

/// The result of a function; nothing if it is not known, or the function is another one.
pub(super) fn call(name: &str, arguments: &[Tree]) -> Option<Tree> {
    let first = arguments.first();
    let known = |at: usize| arguments.get(at).and_then(scalar);
    let number = |at: usize| known(at)?.parse::<i64>().ok();
    match name {
        "title" => plain(title(&known(0)?)),
        "chomp" => chomp(first?),
        "indent" => indent(usize::try_from(number(0)?).ok().filter(|n| *n <= 64)?, arguments.get(1)?),
        "substr" => substring(&known(0)?, number(1)?, number(2)?),
        "strcontains" => Some(Tree::Scalar(known(0)?.contains(known(1)?.as_str()).to_string())),
        "strrev" => plain(known(0)?.chars().rev().collect()),
        "dirname" => {
            let path = known(0)?;
            plain(path.rsplit_once('/').map_or_else(|| ".".to_owned(), |(directory, _)| directory.to_owned()))
        }
        "regex" => {
            let (pattern, text) = (pattern(&known(0)?)?, known(1)?);
            captured(&pattern, &pattern.captures(&text)?)
        }
        "regexall" => {
            let (pattern, text) = (pattern(&known(0)?)?, known(1)?);
            let all = pattern.captures_iter(&text).take(MAX_MATCHES + 1);
            let all = all.map(|found| captured(&pattern, &found)).collect::<Option<Vec<_>>>()?;
            (all.len() <= MAX_MATCHES).then_some(Tree::List(all))
        }
        "yamldecode" => {
            let marked = first?.marked()?;
            // A text may be put in for each alias of it.
            let limits = yaml::Limits { aliases: false, ..yaml::Limits::default() };
            let node = yaml::parse(&marked.text.to_policy(), limits).ok()?;
            decoded(&node, &marked.taints)
        }
        "sum" => {
            let numbers = list(first?)?.iter().map(|n| scalar(n)?.parse::<i64>().ok());
            let sum = numbers.collect::<Option<Vec<_>>>()?.into_iter().try_fold(0_i64, i64::checked_add)?;
            Some(Tree::Scalar(sum.to_string()))
        }
        "min" | "max" => {
            let numbers = (0..arguments.len()).map(number).collect::<Option<Vec<_>>>()?;
            let one = if name == "min" { numbers.into_iter().min() } else { numbers.into_iter().max() };
            Some(Tree::Scalar(one?.to_string()))
        }
        _ => None,
    }
}

/// The text with each match of a regular expression replaced.
pub(super) fn replaced(text: &str, written: &str, new: &str) -> Option<Tree> {
    plain(pattern(written)?.replace_all(text, new).into_owned())
}

fn plain(text: String) -> Option<Tree> {
    Some(Tree::Text(Marked { text: text.into(), taints: Vec::new() }))
}

/// Terraform's are RE2's, which Rust's follow.
fn pattern(written: &str) -> Option<regex::Regex> {
    RegexBuilder::new(written).size_limit(MAX_PATTERN).build().ok()
}

/// The whole match, or a list of its groups, or an object if they have names.
fn captured(pattern: &regex::Regex, found: &regex::Captures<'_>) -> Option<Tree> {
    let group = |at: usize| match found.get(at) {
        Some(part) => plain(part.as_str().to_owned()),
        None => Some(Tree::Null),
    };
    if pattern.captures_len() == 1 {
        return group(0);
    }
    let names: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    if names.iter().all(Option::is_none) {
        return (1..pattern.captures_len()).map(group).collect::<Option<Vec<_>>>().map(Tree::List);
    }
    let named = names.iter().enumerate();
    let member = |(at, name): (usize, &Option<&str>)| Some(((*name)?.to_owned(), group(at + 1)?));
    named.map(member).collect::<Option<_>>().map(Tree::Map)
}

/// The first letter of each word in upper case.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        begins = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    out
}

/// Without the line breaks at its end. What apply tells has none there, or they are not known to be any.
fn chomp(tree: &Tree) -> Option<Tree> {
    let marked = tree.marked()?;
    let mut parts = marked.text.parts().to_vec();
    if let Some(Part::Literal(last)) = parts.last_mut() {
        last.truncate(last.trim_end_matches(['\n', '\r']).len());
    }
    Some(Tree::Text(Marked { text: Text::new(parts), taints: marked.taints }))
}

/// Blanks in front of every line but the first.
fn indent(count: usize, tree: &Tree) -> Option<Tree> {
    let marked = tree.marked()?;
    let blanks = format!("\n{}", " ".repeat(count));
    let shifted = |part: &Part| match part {
        Part::Literal(text) => Part::Literal(text.replace('\n', &blanks)),
        symbol => symbol.clone(),
    };
    let text = Text::new(marked.text.parts().iter().map(shifted));
    Some(Tree::Text(Marked { text, taints: marked.taints }))
}

/// A part of a text, counted in characters; a negative offset counts from the end, and so many as −1 are all.
fn substring(text: &str, offset: i64, length: i64) -> Option<Tree> {
    let all: Vec<char> = text.chars().collect();
    let start = match usize::try_from(offset) {
        Ok(start) => start,
        Err(_) => all.len().checked_sub(usize::try_from(offset.checked_neg()?).ok()?)?,
    };
    let rest = all.get(start.min(all.len())..)?;
    let count = usize::try_from(length).unwrap_or(rest.len());
    plain(rest.iter().take(count).collect())
}

fn decoded(node: &Node, taints: &[String]) -> Option<Tree> {
    Some(match &node.kind {
        NodeKind::List(items) => {
            Tree::List(items.iter().map(|item| decoded(item, taints)).collect::<Option<_>>()?)
        }
        NodeKind::Map(entries) => {
            let member =
                |(key, value): &(yaml::Scalar, Node)| Some((key.text.clone(), decoded(value, taints)?));
            Tree::Map(entries.iter().map(member).collect::<Option<_>>()?)
        }
        NodeKind::Scalar(scalar) if scalar.style == Style::Plain => match scalar.text.as_str() {
            "" | "~" | "null" => Tree::Null,
            "true" | "false" => Tree::Scalar(scalar.text.clone()),
            number if number.parse::<f64>().is_ok() => Tree::Scalar(scalar.text.clone()),
            text => from_source(text, taints),
        },
        NodeKind::Scalar(scalar) => from_source(&scalar.text, taints),
    })
}

fn from_source(text: &str, taints: &[String]) -> Tree {
    let text = Text::from_policy(text);
    let flows = text.symbols().next().map_or(&[][..], |_| taints);
    Tree::Text(Marked { text, taints: flows.to_vec() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(name: &str, arguments: &[&str]) -> Option<String> {
        let arguments: Vec<Tree> = arguments.iter().map(|a| plain((*a).to_owned()).unwrap()).collect();
        call(name, &arguments)?.to_json(8).map(|value| value.to_string())
    }

    #[test]
    fn texts_are_as_terraform_makes_them() {
        for (name, arguments, wanted) in [
            ("title", vec!["get parameter-name"], r#""Get Parameter-Name""#),
            ("chomp", vec!["a\n\r\n"], r#""a""#),
            ("indent", vec!["2", "a\nb"], r#""a\n  b""#),
            ("substr", vec!["hello", "1", "-1"], r#""ello""#),
            ("substr", vec!["hello", "-2", "1"], r#""l""#),
            ("strcontains", vec!["abc", "b"], "true"),
            ("dirname", vec!["/app/db"], r#""/app""#),
            ("regex", vec!["b+", "abbc"], r#""bb""#),
            ("regex", vec!["(a)(b)?", "ac"], r#"["a",null]"#),
            ("regex", vec!["(?P<one>a)", "ac"], r#"{"one":"a"}"#),
            ("regexall", vec!["[ab]", "abc"], r#"["a","b"]"#),
            ("yamldecode", vec!["a: [1, x, true, ~]\nb: '1'\n"], r#"{"a":[1,"x",true,null],"b":"1"}"#),
            ("max", vec!["3", "11"], "11"),
        ] {
            assert_eq!(shown(name, &arguments).as_deref(), Some(wanted), "{name}");
        }
        assert_eq!(shown("regex", &["x", "abc"]), None);
        assert_eq!(shown("substr", &["abc", "-9", "1"]), None);
        assert_eq!(shown("yamldecode", &["a: 1\na: 2"]), None);
        assert_eq!(replaced("a-b", "-(.)", "+$1").and_then(|t| scalar(&t)).as_deref(), Some("a+b"));
    }

    #[test]
    fn what_apply_will_tell_stays_in_yaml() {
        let text = Text::new([Part::Literal("a: ".into()), Part::Symbol("aws_x.y.arn".into())]);
        let tree = Tree::Text(Marked { text, taints: vec!["aws_x.y.arn".into()] });
        let found = call("yamldecode", &[tree]).unwrap();
        assert_eq!(found.get("a").unwrap().text().unwrap().symbols().next(), Some("aws_x.y.arn"));
        assert_eq!(found.taints(), ["aws_x.y.arn"]);
    }
}
