//! Overrides of tasks: what EventBridge rules, schedules, pipes and state machines start them with.
//!
//! Sources: the API reference of Amazon ECS (TaskOverride, ContainerOverride), "EcsParameters" of Amazon EventBridge,
//! EventBridge Scheduler and EventBridge Pipes, and "Run Amazon ECS or Fargate tasks with Step Functions".

use super::containers::{self, Flow};
use super::tree::{Marked, Tree};
use super::{Gap, Inspector, Place, Seen, Snapshot, TaskOverride, Text};
use seaworthy_source::JsonPointer;

/// Deepest nesting of states.
const MAX_DEPTH: usize = 24;

/// Reads what one resource starts.
pub(super) struct Overrides<'a> {
    place: Place,
    inspector: &'a dyn Inspector,
    flow: Flow<'a>,
    found: Vec<TaskOverride>,
    gaps: Vec<Gap>,
}

/// A member by its name in the API or in Terraform.
fn member<'t>(tree: &'t Tree, name: &str) -> Option<&'t Tree> {
    let snake: String = name
        .chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
        .collect();
    tree.get(name).or_else(|| tree.get(&snake)).filter(|member| !member.is_null())
}

/// A nested block, which Terraform holds as a list of at most one.
fn block<'t>(tree: &'t Tree, name: &str) -> Option<&'t Tree> {
    member(tree, name)?.items().into_iter().find(|item| !item.is_null())
}

impl<'a> Overrides<'a> {
    /// A reader for the resource at `place`.
    pub fn new(place: Place, inspector: &'a dyn Inspector, flow: Flow<'a>) -> Self {
        Self { place, inspector, flow, found: Vec::new(), gaps: Vec::new() }
    }

    /// Tells that a part of the resource is not known.
    pub fn gap(&mut self, reason: &str) {
        self.gaps.push(Gap::new(format!("{reason}: it may start tasks with other roles and variables")));
    }

    /// Puts what was found into the snapshot.
    pub fn finish(self, out: &mut Snapshot) {
        out.overrides.extend(self.found);
        out.gaps.extend(self.gaps.into_iter().map(|gap| (self.place.clone(), gap)));
    }

    /// A target of a rule or a schedule: its input is the overrides.
    pub fn target(&mut self, target: &Tree, at: &JsonPointer) {
        if let Tree::Text(_) = target {
            return self.gap("the target is not known");
        }
        let ecs = block(target, "ecsParameters").or_else(|| block(target, "ecsTarget"));
        let Some(ecs) = ecs else { return };
        let task = text(ecs, "taskDefinitionArn");
        if member(target, "inputTransformer").is_some_and(|t| !t.items().is_empty())
            || member(target, "inputPath").is_some_and(|path| path.text() != Some(Text::default()))
        {
            return self.gap("the overrides of the task are made of the event");
        }
        match member(target, "input").and_then(Tree::marked) {
            None => {}
            Some(input) if input.text.known() == Some("") => {}
            Some(input) => match Tree::from_json_text(&input) {
                Some(tree @ Tree::Map(_)) => self.overrides(&tree, task, &at.key("Input")),
                _ => self.gap("the input of the target is not known"),
            },
        }
    }

    /// The target parameters of a pipe.
    pub fn pipe(&mut self, parameters: &Tree, at: &JsonPointer) {
        if let Tree::Text(_) = parameters {
            return self.gap("the parameters of the pipe's target are not known");
        }
        let Some(ecs) = block(parameters, "ecsTaskParameters") else { return };
        if let Tree::Text(_) = ecs {
            return self.gap("the parameters of the task are not known");
        }
        if let Some(overrides) = block(ecs, "overrides") {
            self.overrides(overrides, text(ecs, "taskDefinitionArn"), &at.key("Overrides"));
        }
    }

    /// A state machine's definition, as a tree or as JSON text; `values` are put in for `${NAME}`.
    pub fn state_machine(&mut self, definition: &Tree, values: Option<&Tree>, at: &JsonPointer) {
        let parsed;
        let definition = match definition.marked() {
            None => definition,
            Some(marked) => match Tree::from_json_text(&substituted(&marked, values)) {
                Some(tree) => {
                    parsed = tree;
                    &parsed
                }
                None => return self.gap("the state machine's definition is not known"),
            },
        };
        self.states(definition, at, MAX_DEPTH);
    }

    fn states(&mut self, machine: &Tree, at: &JsonPointer, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return self.gap("the state machine is nested too deeply");
        };
        let states = match (machine, machine.get("States")) {
            (_, Some(Tree::Map(states))) => states,
            (Tree::Text(_), _) | (_, Some(Tree::Text(_))) => {
                return self.gap("the states of the state machine are not known");
            }
            _ => return,
        };
        for (name, state) in states {
            let at = at.key("States").key(name);
            if let Tree::Text(_) = state {
                self.gap("a state of the state machine is not known");
            }
            let resource = state.get("Resource").and_then(Tree::text).map(|text| text.to_string());
            let runs = resource.is_some_and(|arn| arn.to_lowercase().contains("ecs:runtask"));
            if let (true, Some(given)) = (runs, state.get("Parameters").or_else(|| state.get("Arguments"))) {
                let given = dynamic(given);
                if let Tree::Text(_) = given {
                    self.gap("the parameters of the task are not known");
                }
                match given.get("Overrides") {
                    None => {}
                    Some(Tree::Text(_)) => {
                        self.gap("the overrides of the task are given by the execution's input");
                    }
                    Some(tree) => self.overrides(tree, text(&given, "TaskDefinition"), &at.key("Overrides")),
                }
            }
            for inner in ["Iterator", "ItemProcessor"].iter().filter_map(|name| state.get(name)) {
                self.states(inner, &at, depth);
            }
            for branch in state.get("Branches").map_or_else(Vec::new, Tree::items) {
                self.states(branch, &at, depth);
            }
        }
    }

    fn overrides(&mut self, tree: &Tree, task: Seen<Text>, at: &JsonPointer) {
        if let Tree::Text(_) = tree {
            return self.gap("what it overrides in the task is not known");
        }
        let role = |name: &str| match member(tree, name) {
            None => Seen::Absent,
            Some(role) => role.text().map_or_else(|| Seen::NotSeen(Gap::new("it is no text")), Seen::Value),
        };
        let (task_role, execution_role) = (role("taskRoleArn"), role("executionRoleArn"));
        let list = member(tree, "containerOverrides").or_else(|| member(tree, "containerOverride"));
        let (mut containers, mut references) = (Vec::new(), Vec::new());
        match list {
            None => {}
            Some(Tree::Text(_)) => self.gap("what it overrides in containers is not known"),
            Some(list) => {
                if list.items().iter().any(|item| matches!(item, Tree::Text(_))) {
                    self.gap("what it overrides in a container is not known");
                }
                let at = at.key("containerOverrides");
                let read = containers::read_containers(list, &at, self.inspector, self.flow);
                (containers, references) = (read.containers, read.references);
                containers.iter_mut().for_each(|container| container.image = Seen::Absent);
            }
        }
        let place = self.place.clone();
        self.found.push(TaskOverride { place, task, task_role, execution_role, containers, references });
    }
}

fn text(tree: &Tree, name: &str) -> Seen<Text> {
    let text = member(tree, name).and_then(Tree::text);
    text.map_or_else(|| Seen::NotSeen(Gap::new("which task it starts is not known")), Seen::Value)
}

/// The values that a state machine computes as symbols: `"Name.$": "$.path"`, and JSONata's `{% … %}`. The bounds of the
/// document bound this recursion.
fn dynamic(tree: &Tree) -> Tree {
    let given = |path: &Tree| {
        let shown = path.text().map(|text| text.to_string()).unwrap_or_default();
        let symbol = Text::symbol(format!("{shown} of the execution's input"));
        Tree::Text(Marked { text: symbol, taints: Vec::new() })
    };
    match tree {
        Tree::Map(members) => Tree::Map(
            members
                .iter()
                .map(|(name, value)| match name.strip_suffix(".$") {
                    Some(name) => (name.to_owned(), given(value)),
                    None => (name.clone(), dynamic(value)),
                })
                .collect(),
        ),
        Tree::List(items) => Tree::List(items.iter().map(dynamic).collect()),
        Tree::Text(marked) if marked.text.known().is_some_and(|text| text.starts_with("{%")) => given(tree),
        other => other.clone(),
    }
}

/// A definition's text with `${NAME}` filled in.
fn substituted(marked: &Marked, values: Option<&Tree>) -> Marked {
    let Some(Tree::Map(values)) = values else { return marked.clone() };
    let mut out = marked.clone();
    for (name, value) in values {
        let Some(value) = value.marked() else { continue };
        let hole = format!("${{{name}}}");
        let parts = out.text.parts().iter().flat_map(|part| match part {
            super::Part::Literal(text) => {
                let mut parts = Vec::new();
                for (index, piece) in text.split(hole.as_str()).enumerate() {
                    if index > 0 {
                        parts.extend(value.text.parts().iter().cloned());
                    }
                    parts.push(super::Part::Literal(piece.to_owned()));
                }
                parts
            }
            symbol => vec![symbol.clone()],
        });
        out.text = Text::new(parts.collect::<Vec<_>>());
        out.taints.extend(value.taints);
    }
    out
}
