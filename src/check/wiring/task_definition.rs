//! What checks share about task definitions: which there are, the roles that they name, what is excepted.

use super::{Exception, Wiring};
use crate::check::Answers;
use crate::finding::CheckMeta;
use seaworthy_aws::{Command, Container, Seen, TaskDefinition, TaskOverride, Text};
use seaworthy_iam::Arn;
use seaworthy_source::{JsonPointer, Origin, Place};

/// All task definitions of the snapshot, and those that the contract names and no one saw, which are told as not checked.
pub(super) fn tasks<'a>(
    wiring: &Wiring<'a>,
    meta: &'static CheckMeta,
    answers: &mut Answers,
) -> Vec<(&'a str, &'a TaskDefinition)> {
    let mut unseen = |family: &str, reason: String| {
        let what = format!("task definition {family}");
        answers.not_checked.push(wiring.not_checked(meta, wiring.nowhere(family), what, reason));
    };
    for task in &wiring.expectations.tasks {
        if let (false, Seen::NotSeen(gap)) =
            (wiring.snapshot.tasks.contains_key(&task.family), wiring.snapshot.task(&task.family))
        {
            unseen(&task.family, gap.to_string());
        }
    }
    let mut seen = Vec::new();
    for (family, task) in &wiring.snapshot.tasks {
        match task {
            Seen::Value(task) => seen.push((family.as_str(), task)),
            Seen::NotSeen(gap) => unseen(family, gap.to_string()),
            Seen::Absent => {}
        }
    }
    seen
}

impl<'a> Wiring<'a> {
    /// The commands of all containers that are known, those that overrides give them too: task, container, place, command.
    pub(in crate::check) fn commands(
        &self,
    ) -> impl Iterator<Item = (String, String, Origin, &'a Command)> + use<'a, '_> {
        let tasks = self.snapshot.tasks.iter().filter_map(|(family, task)| Some((family, task.value()?)));
        let own = tasks.flat_map(move |(family, task)| {
            let containers = task.containers.value().map(Vec::as_slice).unwrap_or_default();
            containers
                .iter()
                .map(move |c| (family.clone(), c.name.to_string(), self.origin(&task.place), &c.command))
        });
        let given = self.snapshot.overrides.iter().flat_map(move |of| {
            let task = described(self, of);
            let containers = of.containers.iter().filter(|c| c.command != Command::default());
            containers.map(move |c| (task.clone(), c.name.to_string(), self.origin(&of.place), &c.command))
        });
        own.chain(given)
    }

    /// The tasks and containers whose commands were not seen: where, what and why.
    pub(in crate::check) fn unseen_commands(
        &self,
    ) -> impl Iterator<Item = (Origin, String, String)> + use<'a, '_> {
        let promised = self.expectations.tasks.iter().filter_map(move |task| {
            let is_there = self.snapshot.tasks.contains_key(&task.family);
            let Seen::NotSeen(gap) = self.snapshot.task(&task.family) else { return None };
            (!is_there).then(|| (self.nowhere(&task.family), task.family.clone(), gap.to_string()))
        });
        let seen = self.snapshot.tasks.iter().filter_map(move |(family, task)| {
            let (origin, gap) = match task {
                Seen::NotSeen(gap) => (self.nowhere(family), gap),
                Seen::Value(task) => (self.origin(&task.place), task.containers.gap()?),
                Seen::Absent => return None,
            };
            Some((origin, family.clone(), gap.to_string()))
        });
        let tasks = promised
            .chain(seen)
            .map(|(origin, family, reason)| (origin, format!("commands of the task {family}"), reason));
        // In saved snapshots there is nothing to look at: no check on commands is asked of them.
        let commands = self.commands().filter(|(.., command)| command.is_kept());
        tasks.chain(commands.filter_map(|(task, container, origin, command)| {
            let what = format!("the command of the container {container} of the task {task}");
            unseen_part(command).map(|reason| (origin, what, reason))
        }))
    }

    /// The containers that overrides start with another command: the task's family if it is known, and the override's own
    /// container.
    pub(crate) fn given_commands(&self) -> Vec<(Option<String>, &'a TaskOverride, &'a Container)> {
        let all = self.snapshot.overrides.iter().flat_map(|of| {
            let containers = of.containers.iter().filter(|c| c.command != Command::default());
            containers.map(move |container| (started(self, of), of, container))
        });
        all.collect()
    }
}

/// Why a command is not known in full.
fn unseen_part(command: &Command) -> Option<String> {
    let mut words = command.entry_point.iter().chain(&command.arguments).flatten();
    command.gap.clone().or_else(|| {
        let reason = "a word of it is known only when it is deployed, or may be a secret";
        words.any(Option::is_none).then(|| reason.to_owned())
    })
}

/// The family of the task that an override starts, as far as it is known.
pub(super) fn started(wiring: &Wiring<'_>, of: &TaskOverride) -> Option<String> {
    let text = of.task.value()?;
    if let Some(known) = wiring.text(text) {
        let name = known.rsplit_once(":task-definition/").map_or(known.as_str(), |(_, name)| name);
        return Some(name.split(':').next().unwrap_or_default().to_owned());
    }
    // A definition that is made by the same apply is named by its address.
    let address = |symbol: &str| symbol.rsplit_once('.').map_or(symbol, |(address, _)| address).to_owned();
    let addresses: Vec<String> = text.symbols().flat_map(|s| [s.to_owned(), address(s)]).collect();
    let tasks = wiring.snapshot.tasks.iter().filter_map(|(family, task)| Some((family, task.value()?)));
    let mut found = tasks.filter(|(_, task)| addresses.contains(&task.place.address));
    found.next().map(|(family, _)| family.clone())
}

/// An override in words: the task that it starts, and what starts it.
pub(super) fn described(wiring: &Wiring<'_>, of: &TaskOverride) -> String {
    let task = started(wiring, of).unwrap_or_else(|| "that is not known".to_owned());
    format!("{task} as {} starts it", of.place.address)
}

/// The fields by which tasks get their roles: those of the definitions, and those of what starts tasks with others. Each
/// with the task in words, its place and what the field holds.
pub(super) fn role_fields<'a>(
    wiring: &Wiring<'a>,
    tasks: &[(&'a str, &'a TaskDefinition)],
) -> Vec<RoleField<'a>> {
    let mut out = Vec::new();
    for (family, task) in tasks {
        let field = |name, role| RoleField { name, role, task: (*family).to_owned(), place: &task.place };
        out.extend([field("taskRoleArn", &task.task_role), field("executionRoleArn", &task.execution_role)]);
    }
    for of in &wiring.snapshot.overrides {
        let field = |name, role| RoleField { name, role, task: described(wiring, of), place: &of.place };
        out.extend([field("taskRoleArn", &of.task_role), field("executionRoleArn", &of.execution_role)]);
    }
    out
}

/// A field that names a role.
pub(super) struct RoleField<'a> {
    /// Its name.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) role: &'a Seen<Text>,
    /// Of which task, in words.
    pub(super) task: String,
    /// Where it is told of.
    pub(super) place: &'a seaworthy_aws::Place,
}

/// An origin with a more exact place, where one is known and lines are not.
pub(super) fn at(mut origin: Origin, pointer: Option<&JsonPointer>) -> Origin {
    if let (Some(pointer), Place::Whole | Place::Pointer(_)) = (pointer, &origin.place) {
        origin.place = Place::Pointer(pointer.clone());
    }
    origin
}

/// A role as a task definition names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its name, without path.
    pub(super) name: String,
    /// Its ARN, if it was named by one.
    pub(super) arn: Option<String>,
}

impl Named {
    pub(super) fn new(text: &str) -> Self {
        let name = match text.split_once(":role/") {
            Some((_, path)) => path.rsplit('/').next().unwrap_or_default(),
            None => text,
        };
        Self { name: name.to_owned(), arn: Arn::is_meant(text).then(|| text.to_owned()) }
    }

    /// Whether both name one role; where one has no ARN, the name decides.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |(one, two): (&String, &String)| one == two;
        self.name == other.name && self.arn.as_ref().zip(other.arn.as_ref()).is_none_or(same)
    }
}

/// The role that a field of a task definition names; nothing if its symbol means nothing here.
pub(super) fn named(wiring: &Wiring<'_>, text: &Text) -> Option<Named> {
    wiring.text(text).map(|text| Named::new(&text))
}

/// The exceptions of a check that still hold.
pub(super) fn exceptions<'w>(wiring: &Wiring<'w>, check: &str) -> Vec<&'w Exception> {
    let holds = |e: &&Exception| e.check == check && wiring.today <= e.expires;
    wiring.expectations.exceptions.iter().filter(holds).collect()
}
