//! Commands by their texts.

use seaworthy_dockerfile::shell::Command;

/// The text that commands are known by: their words as they are written, quotes taken out, arguments of the function
/// around them put in.
pub(in super::super) fn key(text: &str, command: &Command, arguments: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for word in &command.words {
        let bare = without_braces(&text.get(word.range.clone()).unwrap_or_default().replace(['"', '\''], ""));
        if matches!(bare.as_str(), "$@" | "$*" | "${@}" | "${*}") {
            out.extend(arguments.iter().cloned());
            continue;
        }
        let mut bare = bare;
        for (nth, argument) in arguments.iter().enumerate().take(9) {
            for written in [format!("${{{}}}", nth + 1), format!("${}", nth + 1)] {
                if bare.contains(&written) {
                    bare = bare.replace(&written, argument);
                }
            }
        }
        out.push(bare);
    }
    out
}

/// `$NAME` for `${NAME}`, which is the same where no name goes on after it.
pub(in super::super) fn without_braces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = from.get(2..).unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
        let after = inner.get(length..).and_then(|a| a.strip_prefix('}'));
        match after.filter(|a| length > 0 && !a.starts_with(is_name)) {
            Some(after) => {
                out.push('$');
                out.push_str(inner.get(..length).unwrap_or_default());
                rest = after;
            }
            None => {
                out.push_str("${");
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}
