//! Makefiles: the recipes of targets, as one script.
//! <https://www.gnu.org/software/make/manual/make.html>

use std::collections::{BTreeMap, BTreeSet};

/// Most targets that are gone through.
const MAX_TARGETS: usize = 64;
/// Most bytes of the script that is made.
const MAX_BYTES: usize = 1 << 18;

/// A rule: what it needs, and its lines.
#[derive(Default)]
struct Rule<'t> {
    needs: Vec<&'t str>,
    lines: Vec<String>,
}

/// The script that make runs for targets, the first of the file if there are none, with variables of its command line;
/// `is_set` tells those of the environment. Nothing if one of them has no rule.
pub(super) fn script(
    text: &str,
    targets: &[String],
    given: &[(String, String)],
    is_set: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let joined = text.replace("\\\n", "\u{1}");
    let mut rules: BTreeMap<&str, Rule<'_>> = BTreeMap::new();
    let (mut first, mut current): (Option<&str>, Vec<&str>) = (None, Vec::new());
    let mut out = "MAKE=make\n".to_owned();
    let mut ignores = false;
    for line in joined.lines() {
        if let Some(recipe) = line.strip_prefix('\t') {
            for name in &current {
                rules.entry(name).or_default().lines.push(recipe.to_owned());
            }
            continue;
        }
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if let Some((name, value)) = assignment(line) {
            // `?=` is for what the environment does not set.
            let is_default = line.split('=').next().is_some_and(|left| left.ends_with('?')) && is_set(name);
            if !is_default && !given.iter().any(|(n, _)| n == name) {
                out.push_str(&format!("{name}={}\n", quoted(&shell_text(value))));
            }
            continue;
        }
        let Some((names, needs)) = line.split_once(':') else { continue };
        let (needs, inline) = needs.split_once(';').unwrap_or((needs, ""));
        // Failures of its targets are let pass; which those are is not looked at.
        ignores |= names.split_whitespace().any(|n| n == ".IGNORE");
        current = names.split_whitespace().filter(|n| !n.starts_with('.')).collect();
        for name in &current {
            let rule = rules.entry(name).or_default();
            rule.needs.extend(needs.trim_start_matches(':').split_whitespace().filter(|n| *n != "|"));
            rule.lines.extend(Some(inline.trim().to_owned()).filter(|l| !l.is_empty()));
        }
        first = first.or(current.first().copied());
    }
    for (name, value) in given {
        out.push_str(&format!("{name}={}\n", quoted(value)));
    }
    let wanted: Vec<&str> = match targets {
        [] => vec![first?],
        all => all.iter().map(String::as_str).collect(),
    };
    let mut seen = BTreeSet::new();
    for target in wanted {
        rules.get(target)?;
        add(target, &rules, &mut seen, &mut out)?;
    }
    Some(if ignores { out.replace("\n)\n", "\n) || true\n") } else { out })
}

/// Adds what a target needs, then its own lines; each in a shell of its own that ends make if it fails. Nothing where that is
/// not known: there is too much of it, or a variable or a pattern names it.
fn add<'t>(
    target: &'t str,
    rules: &BTreeMap<&'t str, Rule<'t>>,
    seen: &mut BTreeSet<&'t str>,
    out: &mut String,
) -> Option<()> {
    if !seen.insert(target) {
        return Some(());
    }
    if seen.len() > MAX_TARGETS || out.len() >= MAX_BYTES || target.contains(['$', '%']) {
        return None;
    }
    // What has no rule is a file, unless a pattern makes it.
    let Some(rule) = rules.get(target) else {
        return (!rules.keys().any(|name| is_made_by(name, target))).then_some(());
    };
    for need in &rule.needs {
        add(need, rules, seen, out)?;
    }
    for line in &rule.lines {
        let bare = line.trim_start().trim_start_matches(['@', '+', '-', ' ']);
        let is_let_pass =
            line.trim_start().chars().take_while(|c| matches!(c, '@' | '+' | '-')).any(|c| c == '-');
        let text = shell_text(bare).replace("$@", target).replace('\u{1}', "\\\n");
        let end = if is_let_pass { " || true" } else { "" };
        out.push_str(&format!("(set +e\n{text}\n){end}\n"));
    }
    Some(())
}

/// Whether a pattern rule, `push-%`, makes a target.
fn is_made_by(rule: &str, target: &str) -> bool {
    rule.split_once('%').is_some_and(|(start, end)| {
        target.strip_prefix(start).is_some_and(|rest| rest.len() > end.len() && rest.ends_with(end))
    })
}

/// `NAME = value`, `NAME := value`, `export NAME ?= value`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (left, value) = line.split_once('=')?;
    let name = left.trim_end_matches([':', '?', '+', '!']).trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some((name, value.trim()))
}

/// A text of make as a shell has it: `$(NAME)` as `${NAME}`, `$(shell …)` as `$(…)`, `$$` as `$`.
fn shell_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = from.get(1..).unwrap_or_default();
        if let Some(after) = inner.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let name = inner.strip_prefix(['(', '{']);
        let length = name.and_then(|n| n.find([')', '}']));
        match (name, length) {
            (Some(name), _) if name.starts_with("shell ") => {
                out.push_str("$(");
                rest = name.get("shell ".len()..).unwrap_or_default().trim_start();
            }
            (Some(name), Some(length)) => {
                out.push_str(&format!("${{{}}}", name.get(..length).unwrap_or_default()));
                rest = name.get(length + 1..).unwrap_or_default();
            }
            _ => {
                out.push('$');
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "REPO ?= r\nTAG := git-$(shell git rev-parse HEAD)\n.PHONY: push\npush: build\n\t@docker push $(REPO):$(TAG)\nbuild:\n\tdocker build \\\n\t  -t ${REPO}:$(TAG) .\n\t-echo $$HOME\n";

    #[test]
    fn recipes_are_one_script() {
        let script = script(TEXT, &["push".to_owned()], &[("REPO".to_owned(), "x".to_owned())], &|_| false)
            .unwrap_or_default();
        assert_eq!(
            script,
            "MAKE=make\nTAG=\"git-$(git rev-parse HEAD)\"\nREPO=\"x\"\n(set +e\ndocker build \\\n\t  -t ${REPO}:${TAG} .\n)\n(set +e\necho $HOME\n) || true\n(set +e\ndocker push ${REPO}:${TAG}\n)\n"
        );
        let plain =
            |text: &str, targets: &[String]| super::script(text, targets, &[], &|name| name == "REPO");
        assert_eq!(plain(TEXT, &["other".to_owned()]), None);
        assert!(plain(TEXT, &[]).is_some_and(|s| s.contains("docker push") && !s.contains("REPO=")));
        assert!(plain("a: a\n\ta\n", &[]).is_some());
    }
}
