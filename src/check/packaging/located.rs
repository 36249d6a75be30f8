//! Paths that a script makes of its own place: `$(dirname "$0")`, `$(git rev-parse --show-toplevel)`.

/// What stands for the root of the checkout in a path.
const ROOT: &str = "$GITHUB_WORKSPACE";

/// A text, quotes taken out, with the places in it that are known from the root of the checkout. `own` is the script's
/// directory, if that is known, and `here` the one that it is in.
pub(super) fn located(text: &str, own: Option<&str>, here: &str) -> String {
    if !text.contains(['$', '`']) {
        return text.to_owned();
    }
    let mut out = text.replace("$(git rev-parse --show-toplevel)", ROOT);
    let at = |directory: &str| {
        if matches!(directory, "" | ".") { ROOT.to_owned() } else { format!("{ROOT}/{directory}") }
    };
    if let Some(own) = own {
        for this in
            ["$0", "${0}", "${BASH_SOURCE[0]}", "$BASH_SOURCE", "${BASH_SOURCE}", "${BASH_SOURCE[0]:-$0}"]
        {
            for inner in [this.to_owned(), format!("$(readlink -f {this})"), format!("$(realpath {this})")] {
                for written in [format!("$(dirname {inner})"), format!("$(dirname -- {inner})")] {
                    out = out.replace(&written, &at(own));
                }
            }
        }
        out = out.replace("${0%/*}", &at(own));
    }
    if !here.starts_with(['$', '/', '~']) {
        out = out.replace("$(pwd)", &at(here)).replace("${PWD}", &at(here));
        if out == "$PWD" || out.starts_with("$PWD/") {
            out = out.replacen("$PWD", &at(here), 1);
        }
    }
    for (start, end) in
        [("$(cd ", " && pwd)"), ("$(cd -- ", " && pwd)"), ("$(cd ", " && pwd -P)"), ("$(realpath ", ")")]
    {
        let inner = out.split_once(start).and_then(|(before, rest)| {
            let (inner, after) = rest.split_once(end)?;
            (inner.starts_with(ROOT) && !inner.contains(' ')).then(|| format!("{before}{inner}{after}"))
        });
        out = inner.unwrap_or(out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_script() {
        for (text, expected) in [
            ("$(dirname $0)", "$GITHUB_WORKSPACE/ci"),
            ("$(cd $(dirname ${BASH_SOURCE[0]})/.. && pwd)", "$GITHUB_WORKSPACE/ci/.."),
            ("$(git rev-parse --show-toplevel)/src", "$GITHUB_WORKSPACE/src"),
            ("$(pwd)", "$GITHUB_WORKSPACE"),
            ("$PWD/x", "$GITHUB_WORKSPACE/x"),
            ("$(cd $X && pwd)", "$(cd $X && pwd)"),
            ("src", "src"),
        ] {
            assert_eq!(located(text, Some("ci"), "."), expected, "{text}");
        }
        assert_eq!(located("$(dirname $0)", None, "."), "$(dirname $0)");
    }
}
