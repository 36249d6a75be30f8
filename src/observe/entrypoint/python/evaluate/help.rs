//! The texts of help into which argparse puts values with `%`.
//! <https://docs.python.org/3/library/argparse.html#help>,
//! <https://docs.python.org/3/library/stdtypes.html#printf-style-string-formatting>

/// What a text may name in `%(…)s`: what argparse knows of an argument.
const NAMES: [&str; 13] = [
    "prog",
    "default",
    "type",
    "choices",
    "dest",
    "metavar",
    "nargs",
    "const",
    "required",
    "help",
    "option_strings",
    "container",
    "deprecated",
];

/// The first place of a text at which Python refuses to format it with the properties of an argument.
pub(super) fn unformattable(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let from = rest.get(at..).unwrap_or_default();
        let after = from.get(1..).unwrap_or_default();
        let shown = || Some(from.chars().take(16).collect::<String>().trim_end().to_owned());
        if let Some(tail) = after.strip_prefix('%') {
            rest = tail;
            continue;
        }
        let (name, tail) = match after.strip_prefix('(') {
            Some(inner) => {
                let Some((name, tail)) = inner.split_once(')') else { return shown() };
                (Some(name), tail)
            }
            None => (None, after),
        };
        let tail = tail.trim_start_matches(|c: char| "#0- +.".contains(c) || c.is_ascii_digit());
        let Some(conversion) = tail.chars().next() else { return shown() };
        let is_right = match name {
            // Numbers may be what a property is.
            Some(name) => NAMES.contains(&name) && "diouxXeEfFgGcrsa".contains(conversion),
            // All properties at once.
            None => matches!(conversion, 's' | 'r' | 'a'),
        };
        if !is_right {
            return shown();
        }
        rest = tail.get(conversion.len_utf8()..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_cannot_be_formatted() {
        for (text, place) in [
            ("share in %", Some("%")),
            ("50% of all", Some("% of all")),
            ("%(standard)s", Some("%(standard)s")),
            ("%(default", Some("%(default")),
            ("in %% (default: %(default)s)", None),
            ("%(default)5.2f %(prog)s", None),
            ("100%%", None),
            ("", None),
        ] {
            assert_eq!(unformattable(text).as_deref(), place, "{text}");
        }
    }
}
