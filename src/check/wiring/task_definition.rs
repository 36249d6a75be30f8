//! What checks share about task definitions: which there are, the roles that they name, what is excepted.

use super::{Exception, Wiring};
use crate::check::Answers;
use crate::finding::CheckMeta;
use seaworthy_aws::{Seen, TaskDefinition, Text};
use seaworthy_iam::Arn;
use seaworthy_source::{JsonPointer, Origin, Place};

/// All task definitions of the snapshot, and those that the contract names and nobody saw, which are told as not checked.
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
