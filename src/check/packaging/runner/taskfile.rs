//! Tasks of a Taskfile.

use seaworthy_source::yaml::{self, Limits, Node, Scalar};

use super::{MAX_BYTES, MAX_TASKS, block, is_name, quoted, without_braces};

/// What stands for a value that is not known.
const UNKNOWN: &str = "$(task)";

/// Keys of a task that say when it runs, or how often: what it does then is not known.
const CONDITIONS: [&str; 7] = ["status", "sources", "generates", "if", "platforms", "run", "for"];

/// The script that task runs for words: tasks, and variables. Without a task it is the one that is called `default`.
pub(super) fn script(text: &str, words: &[String]) -> Option<String> {
    let root = yaml::parse(text, Limits::default()).ok()?;
    let mut out = String::new();
    let (given, names): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.contains('='));
    let given: Vec<(&str, &str)> = given.iter().filter_map(|word| word.split_once('=')).collect();
    for key in ["env", "vars"] {
        let all = root.get(key).map(Node::entries).unwrap_or_default();
        variables(all.iter().filter(|(name, _)| !given.iter().any(|(n, _)| *n == name.text)), &mut out);
    }
    for (name, value) in &given {
        out.push_str(&format!("{name}={}\n", quoted(value)));
    }
    let names: Vec<&str> =
        if names.is_empty() { vec!["default"] } else { names.into_iter().map(String::as_str).collect() };
    let mut left = MAX_TASKS;
    for name in names {
        add(&root, name, &mut left, &mut out)?;
    }
    Some(out)
}

/// Writes variables as the shell has them.
fn variables<'n>(all: impl Iterator<Item = &'n (Scalar, Node)>, out: &mut String) {
    for (name, value) in all.filter(|(name, _)| is_name(&name.text)) {
        let command = value.get("sh").and_then(Node::scalar).map(|sh| format!("$({})", shell_text(&sh.text)));
        let text = command.or_else(|| value.scalar().map(|s| shell_text(&s.text)));
        out.push_str(&format!("{}={}\n", name.text, quoted(&text.unwrap_or_else(|| UNKNOWN.to_owned()))));
    }
}

/// Adds a task with what it needs; nothing where that is not known.
fn add(root: &Node, name: &str, left: &mut usize, out: &mut String) -> Option<()> {
    *left = left.checked_sub(1)?;
    if out.len() > MAX_BYTES {
        return None;
    }
    let task = root.get("tasks")?.get(name)?;
    if let Some(command) = task.scalar() {
        out.push_str(&block(&shell_text(&command.text), false));
        return Some(());
    }
    if CONDITIONS.iter().any(|key| task.get(key).is_some()) {
        return None;
    }
    for need in task.get("deps").map(Node::items).unwrap_or_default() {
        let name = need.scalar().or_else(|| need.get("task").and_then(Node::scalar))?;
        add(root, &name.text, left, out)?;
    }
    for key in ["env", "vars"] {
        variables(task.get(key).map(Node::entries).unwrap_or_default().iter(), out);
    }
    let directory = task.get("dir").and_then(Node::scalar).map(|s| shell_text(&s.text));
    let lets_pass = is_true(task.get("ignore_error"));
    let items = if task.items().is_empty() {
        task.get("cmds").map(Node::items).unwrap_or_default()
    } else {
        task.items()
    };
    for command in task.get("cmd").into_iter().chain(items) {
        add_command(root, command, directory.as_deref(), lets_pass, left, out)?;
    }
    Some(())
}

fn add_command(
    root: &Node,
    command: &Node,
    directory: Option<&str>,
    lets_pass: bool,
    left: &mut usize,
    out: &mut String,
) -> Option<()> {
    if let Some(task) = command.get("task").and_then(Node::scalar) {
        variables(command.get("vars").map(Node::entries).unwrap_or_default().iter(), out);
        return add(root, &task.text, left, out);
    }
    if CONDITIONS.iter().any(|key| command.get(key).is_some()) {
        return None;
    }
    let text = command.scalar().or_else(|| command.get("cmd").and_then(Node::scalar))?;
    let lets_pass = lets_pass || is_true(command.get("ignore_error"));
    let text = shell_text(&text.text);
    let text = directory.map_or_else(|| text.clone(), |directory| format!("cd {directory}\n{text}"));
    out.push_str(&block(&text, lets_pass));
    Some(())
}

fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::scalar).is_some_and(|s| s.text.trim() == "true")
}

/// A text with each template as the shell's: `{{.NAME}}`.
fn shell_text(text: &str) -> String {
    let known = |inner: &str| match inner.strip_prefix('.').filter(|name| is_name(name)) {
        Some(name) => format!("${{{name}}}"),
        None => UNKNOWN.to_owned(),
    };
    without_braces(text, &known)
}
