//! A compose file as bake reads it: each service with a `build` is a target.
//! <https://docs.docker.com/build/bake/compose-file/>

use seaworthy_source::yaml::{self, Limits, Node};

use super::UNKNOWN;
use super::definition::{Definition, Target};

/// Keys of `build` that change the image and are not followed, and of services that are made of others.
const UNFOLLOWED: [&str; 2] = ["x-bake", "extends"];

/// Reads a compose file; nothing if it is none.
pub(super) fn compose_definition(text: &str) -> Option<Definition> {
    let root = yaml::parse(text, Limits::default()).ok()?;
    let services = root.get("services")?;
    if root.get("include").is_some() {
        return None;
    }
    let mut whole = Definition::default();
    let mut all = Vec::new();
    for (name, service) in services.entries() {
        let Some(build) = service.get("build") else { continue };
        // What it cannot follow is a target of which nothing is known.
        if UNFOLLOWED.iter().any(|key| service.get(key).is_some() || build.get(key).is_some()) {
            return None;
        }
        all.push(name.text.clone());
        whole.targets.insert(name.text.clone(), target(service, build));
    }
    whole.groups.insert("default".to_owned(), all);
    Some(whole)
}

fn target(service: &Node, build: &Node) -> Target {
    let mut target = Target::default();
    if let Some(context) = build.scalar() {
        target.texts.insert("context".to_owned(), shell_text(&context.text));
    }
    for key in ["context", "dockerfile", "target"] {
        if let Some(value) = build.get(key).and_then(Node::scalar) {
            target.texts.insert(key.to_owned(), shell_text(&value.text));
        }
    }
    target.has_inline = build.get("dockerfile_inline").is_some();
    let list = |node: Option<&Node>| -> Vec<String> {
        let items = node.map(Node::items).unwrap_or_default();
        items.iter().map(|n| n.scalar().map_or(UNKNOWN.to_owned(), |s| shell_text(&s.text))).collect()
    };
    let image = service.get("image").and_then(Node::scalar).map(|s| shell_text(&s.text));
    target.lists.insert("tags".to_owned(), image.into_iter().chain(list(build.get("tags"))).collect());
    target.lists.insert("platforms".to_owned(), list(build.get("platforms")));
    target.arguments = pairs(build.get("args"));
    target.contexts = pairs(build.get("additional_contexts"));
    target.labels = pairs(build.get("labels"));
    target
}

/// A mapping, or a list of `NAME=VALUE`; a name alone has the value of the environment's variable.
fn pairs(node: Option<&Node>) -> super::Values {
    let Some(node) = node else { return super::Values::new() };
    let of_environment = |name: &str| format!("${{{name}}}");
    let mapped = node.entries().iter().map(|(name, value)| {
        let value = value.scalar().filter(|s| !s.text.is_empty()).map(|s| shell_text(&s.text));
        (name.text.clone(), value.unwrap_or_else(|| of_environment(&name.text)))
    });
    let listed = node.items().iter().filter_map(Node::scalar).map(|item| match item.text.split_once('=') {
        Some((name, value)) => (name.to_owned(), shell_text(value)),
        None => (item.text.clone(), of_environment(&item.text)),
    });
    mapped.chain(listed).collect()
}

/// A text of a compose file as the shell has it in double quotes: its variables are written alike, and `$$` is a dollar.
fn shell_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('`', "\\`").replace("$(", "\\$(");
    escaped.replace("$$", "\\$")
}
