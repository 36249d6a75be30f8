//! What is known of tests and arithmetic in a script: `[ "$n" -ge 3 ]`, `(( n++ ))`.

use super::outcome::Values;
use seaworthy_dockerfile::shell::compares;

/// Most words of a test that is tried.
const MAX_WORDS: usize = 256;
/// The longest arithmetic that is tried, in bytes.
const MAX_TEXT: usize = 1024;

/// Whether a test holds; nothing if that is not known. `words` are those of `[`, `[[` or `test`, each with its value if
/// that is known.
pub(super) fn test(words: &[Option<String>]) -> Option<bool> {
    let words = match words.split_first() {
        Some((Some(name), rest)) if name == "[" || name == "[[" => rest.split_last().map_or(rest, |(_, r)| r),
        Some((_, rest)) => rest,
        None => return None,
    };
    if words.len() > MAX_WORDS { None } else { any(words) }
}

fn is(word: &Option<String>, text: &str) -> bool {
    word.as_deref() == Some(text)
}

/// The parts of a test between operators such as `||` and `-o`.
fn parts<'w>(
    words: &'w [Option<String>],
    operators: [&'w str; 2],
) -> impl Iterator<Item = &'w [Option<String>]> {
    words.split(move |w| operators.iter().any(|o| is(w, o)))
}

fn any(words: &[Option<String>]) -> Option<bool> {
    let mut known = Some(false);
    for part in parts(words, ["||", "-o"]) {
        match all(part) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = None,
        }
    }
    known
}

fn all(words: &[Option<String>]) -> Option<bool> {
    let mut known = Some(true);
    for part in parts(words, ["&&", "-a"]) {
        match one(part) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}

fn one(words: &[Option<String>]) -> Option<bool> {
    match words {
        [first, rest @ ..] if is(first, "!") && !rest.is_empty() => one(rest).map(|v| !v),
        [text] => text.as_ref().map(|t| !t.is_empty()),
        [operator, text] => match operator.as_deref()? {
            "-n" => text.as_ref().map(|t| !t.is_empty()),
            "-z" => text.as_ref().map(String::is_empty),
            _ => None,
        },
        // Who asks for help builds nothing.
        [None, operator, Some(right)] if is_help(right) => Some(operator.as_deref()? == "!="),
        [left, operator, right] => compare(left.as_deref()?, operator.as_deref()?, right.as_deref()),
        _ => None,
    }
}

/// Options that ask for something else than the work of a script.
pub(super) fn is_help(text: &str) -> bool {
    matches!(text, "-h" | "--help" | "-help" | "help" | "h" | "-?" | "--version")
}

fn compare(left: &str, operator: &str, right: Option<&str>) -> Option<bool> {
    // What is empty fits no pattern that wants a letter or a digit.
    let is_wanted = right.is_none_or(|r| r.contains(|c: char| c.is_ascii_alphanumeric()));
    let globs = |r: &str| r.contains(['*', '?', '[']);
    match operator {
        "=~" => {
            let may_be_empty =
                right.is_some_and(|r| r.contains(['*', '?', '|']) || r.contains("{0") || r.contains("{,"));
            (left.is_empty() && is_wanted && !may_be_empty).then_some(false)
        }
        "=" | "==" | "!=" => {
            let equal = match right {
                Some(right) if !globs(right) => left == right,
                _ if left.is_empty() && is_wanted => false,
                _ => return None,
            };
            Some(equal == (operator != "!="))
        }
        _ => {
            let (one, two): (i64, i64) = (left.trim().parse().ok()?, right?.trim().parse().ok()?);
            compares(one, operator, two)
        }
    }
}

/// The value of an arithmetic expression, which may set variables: `n+1`, `n++`, `n += 1`, `i < 3`.
pub(super) fn arithmetic(text: &str, values: &mut Values) -> Option<i64> {
    if text.len() > MAX_TEXT || text.contains("<<") || text.contains(">>") {
        return None;
    }
    let text = text.trim().trim_start_matches('$');
    let text = text.strip_prefix("((").and_then(|t| t.strip_suffix("))")).unwrap_or(text).trim();
    for operator in ["<=", ">=", "==", "!=", "<", ">"] {
        if let Some((left, right)) = text.split_once(operator) {
            let (one, two) = (arithmetic(left, values), arithmetic(right, values));
            return compared(one?, operator, two?);
        }
    }
    let is_name = |t: &str| {
        !t.is_empty()
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !t.starts_with(|c: char| c.is_ascii_digit())
    };
    let number = |values: &Values, name: &str| values.get(name).and_then(|v| v.parse::<i64>().ok());
    for (sign, step) in [("++", 1), ("--", -1)] {
        let after = text.strip_suffix(sign).map(str::trim).filter(|n| is_name(n));
        let before = text.strip_prefix(sign).map(str::trim).filter(|n| is_name(n));
        if let Some(name) = after.or(before) {
            let old = number(values, name);
            let new = old.and_then(|n| n.checked_add(step));
            values.set(name, new.map(|n| n.to_string()));
            return if after.is_some() { old } else { new };
        }
    }
    if let Some((left, right)) = text.split_once('=') {
        let name = left.trim_end_matches(['+', '-']).trim();
        if !is_name(name) {
            return None;
        }
        let right = sum(right, values);
        let new = match left.trim_end().chars().next_back() {
            Some('+') => number(values, name).zip(right).and_then(|(a, b)| a.checked_add(b)),
            Some('-') => number(values, name).zip(right).and_then(|(a, b)| a.checked_sub(b)),
            _ => right,
        };
        values.set(name, new.map(|n| n.to_string()));
        return new;
    }
    sum(text, values)
}

fn compared(one: i64, operator: &str, two: i64) -> Option<i64> {
    let holds = match operator {
        "<=" => one <= two,
        ">=" => one >= two,
        "==" => one == two,
        "!=" => one != two,
        "<" => one < two,
        _ => one > two,
    };
    Some(i64::from(holds))
}

/// Sums of numbers and variables, from left to right.
fn sum(text: &str, values: &Values) -> Option<i64> {
    let mut total = 0_i64;
    // The sign of the number that comes next; nothing behind a number.
    let mut sign = Some(1);
    let spaced = text.replace('+', " + ").replace('-', " - ");
    for token in spaced.split_whitespace() {
        match token {
            "+" => sign = Some(sign.unwrap_or(1)),
            "-" => sign = Some(-sign.unwrap_or(1)),
            _ => {
                let name = token.trim_matches(['$', '{', '}']);
                let value = match token.parse::<i64>() {
                    Ok(number) => number,
                    Err(_) => values.get(name)?.parse().ok()?,
                };
                total = total.checked_add(value.checked_mul(sign.take()?)?)?;
            }
        }
    }
    // An operator with nothing behind it is none.
    sign.is_none().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Option<String>> {
        text.split(' ').map(|w| if w == "?" { None } else { Some(w.replace('_', "")) }).collect()
    }

    #[test]
    fn tests_of_scripts() {
        for (text, expected) in [
            ("[ 3 -ge 3 ]", Some(true)),
            ("[ ? -ge 3 ]", None),
            ("[ -n _ ]", Some(false)),
            ("[ -z ? ]", None),
            ("[ _ ]", Some(false)),
            ("[[ _ == sha256:* ]]", Some(false)),
            ("[[ _ =~ ? ]]", Some(false)),
            ("[[ a != b && -n x ]]", Some(true)),
            ("[[ a == b && -n ? ]]", Some(false)),
            ("[ ! -n _ ]", Some(true)),
            ("[ -f x ]", None),
            ("[ ? = --help ]", Some(false)),
            ("[[ ? != --help ]]", Some(true)),
            ("test a = a", Some(true)),
        ] {
            assert_eq!(test(&words(text)), expected, "{text}");
        }
    }

    #[test]
    fn sums() {
        let mut values = Values::default();
        values.set("n", Some("2".to_owned()));
        assert_eq!(arithmetic("$((n+1))", &mut values), Some(3));
        assert_eq!(arithmetic("$(( $n - 1 ))", &mut values), Some(1));
        assert_eq!(arithmetic("((n++))", &mut values), Some(2));
        assert_eq!(arithmetic("n += 2", &mut values), Some(5));
        assert_eq!(arithmetic("n <= 5", &mut values), Some(1));
        assert_eq!(arithmetic("i=0", &mut values), Some(0));
        assert_eq!(arithmetic("x+1", &mut values), None);
    }
}
