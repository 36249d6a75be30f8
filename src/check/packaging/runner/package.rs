//! Scripts of `package.json`.

use serde_json::Value;

use super::block;

/// Verbs of yarn and pnpm that are no scripts.
const VERBS: [&str; 25] = [
    "install",
    "i",
    "ci",
    "add",
    "remove",
    "rm",
    "publish",
    "audit",
    "exec",
    "dlx",
    "create",
    "init",
    "why",
    "up",
    "update",
    "upgrade",
    "link",
    "pack",
    "config",
    "cache",
    "store",
    "node",
    "set",
    "version",
    "workspaces",
];

/// The script that the words of a command name, with its arguments.
pub(super) fn named(program: &str, words: &[String]) -> Option<Vec<String>> {
    let (verb, rest) = words.split_first()?;
    match verb.as_str() {
        "run" | "run-script" => Some(rest.to_vec()).filter(|r| !r.is_empty()),
        "test" | "start" | "stop" | "restart" => Some(words.to_vec()),
        "t" | "tst" => Some([&["test".to_owned()], rest].concat()),
        other if program != "npm" && !VERBS.contains(&other) => Some(words.to_vec()),
        _ => None,
    }
}

/// The script with what runs before and after it.
pub(super) fn script(text: &str, words: &[String]) -> Option<String> {
    let (name, arguments) = words.split_first()?;
    let file: Value = serde_json::from_str(text).ok()?;
    let of = |name: &str| file.pointer("/scripts")?.get(name)?.as_str().map(str::to_owned);
    let own = of(name)?;
    let own = [&[own], arguments].concat().join(" ");
    let all = [of(&format!("pre{name}")), Some(own), of(&format!("post{name}"))];
    Some(all.into_iter().flatten().map(|text| block(&text, false)).collect())
}
