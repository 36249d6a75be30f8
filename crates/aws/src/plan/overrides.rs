//! What schedules, rules, pipes and state machines of a plan start tasks with.

use serde_json::Value;

use super::link::Leaf;
use super::place::Texts;
use super::policy::{after_apply, place};
use super::resource::Resource;
use crate::containers::Flow;
use crate::overrides::Overrides;
use crate::tree::{Marked, Tree};
use crate::{Inspector, Seen, Snapshot, Text};
use seaworthy_source::JsonPointer;

/// Reads all of them into the snapshot.
pub(super) fn collect(texts: &Texts<'_>, flow: Flow<'_>, inspector: &dyn Inspector, out: &mut Snapshot) {
    let there = texts.document.resources.values().filter(|r| !r.is_data && r.stays());
    for resource in there {
        let attribute = match resource.kind.as_str() {
            "aws_cloudwatch_event_target" => "ecs_target",
            "aws_scheduler_schedule" => "target",
            "aws_pipes_pipe" => "target_parameters",
            "aws_sfn_state_machine" => "definition",
            _ => continue,
        };
        let before = out.overrides.len();
        let at = JsonPointer::root().key(attribute);
        let mut reader = Overrides::new(place(resource), inspector, flow);
        match attribute {
            "definition" => definition(texts, resource, &mut reader),
            "ecs_target" => reader.target(&whole(resource), &JsonPointer::root()),
            _ => {
                for block in member(resource, attribute).items() {
                    match attribute {
                        "target" => reader.target(block, &at),
                        _ => reader.pipe(block, &at),
                    }
                }
            }
        }
        reader.finish(out);
        // Which task is started, its configuration tells where apply will tell the ARN.
        for found in out.overrides.iter_mut().skip(before) {
            let leaves = texts.linker.leaves_of(resource, attribute);
            let mut tasks = leaves.iter().filter_map(|leaf| match leaf {
                Leaf::Attribute { address, kind, .. } if kind == "aws_ecs_task_definition" => Some(address),
                _ => None,
            });
            let is_known = found.task.value().is_some_and(|text| text.known().is_some());
            if let (false, Some(address), None) = (is_known, tasks.next(), tasks.next()) {
                found.task = Seen::Value(Text::symbol(format!("{address}.arn")));
            }
        }
    }
}

fn definition(texts: &Texts<'_>, resource: &Resource, reader: &mut Overrides<'_>) {
    match resource.text("definition") {
        Some(text) => {
            let tree = Tree::Text(Marked { text: text.into(), taints: Vec::new() });
            reader.state_machine(&tree, None, &JsonPointer::root());
        }
        None if resource.is_unknown("definition") => {
            let leaves = texts.linker.leaves_of(resource, "definition");
            let may_run_tasks = leaves.is_empty()
                || leaves.iter().any(|leaf| match leaf {
                    Leaf::Attribute { kind, .. } => kind.starts_with("aws_ecs_"),
                    Leaf::Opaque(_) => true,
                    Leaf::Variable { .. } | Leaf::Constant => false,
                });
            if may_run_tasks {
                reader.gap(&after_apply(&leaves).reason);
            }
        }
        None => {}
    }
}

/// All attributes that are read.
fn whole(resource: &Resource) -> Tree {
    let names = resource.values.keys().chain(resource.unknown.keys());
    Tree::Map(names.map(|name| (name.clone(), member(resource, name))).collect())
}

/// An attribute, with symbols for what is not known until apply.
fn member(resource: &Resource, name: &str) -> Tree {
    let (value, mark) = (resource.values.get(name), resource.unknown.get(name));
    known(value.cloned().unwrap_or_default(), mark, &format!("{}.{name}", resource.address))
}

/// The JSON that serde read bounds this recursion.
pub(super) fn known(value: Value, mark: Option<&Value>, at: &str) -> Tree {
    let symbol = || Tree::Text(Marked { text: Text::symbol(at), taints: Vec::new() });
    match (value, mark) {
        (_, Some(Value::Bool(true))) => symbol(),
        (Value::Array(items), mark) => {
            let mark = |index: usize| mark.and_then(|mark| mark.get(index));
            let items = items.into_iter().enumerate();
            Tree::List(items.map(|(i, item)| known(item, mark(i), &format!("{at}.{i}"))).collect())
        }
        (Value::Object(members), Some(Value::Object(marks))) => {
            let mut all: std::collections::BTreeMap<String, Tree> = members
                .into_iter()
                .map(|(key, value)| {
                    let tree = known(value, marks.get(&key), &format!("{at}.{key}"));
                    (key, tree)
                })
                .collect();
            for (key, mark) in marks.iter().filter(|(_, mark)| **mark == Value::Bool(true)) {
                all.insert(key.clone(), known(Value::Null, Some(mark), &format!("{at}.{key}")));
            }
            Tree::Map(all)
        }
        (value, _) => value.into(),
    }
}
