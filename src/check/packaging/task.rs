//! The containers of task definitions, and what a gate knows besides: the entrypoints of the contract, the image's own
//! entrypoint, and the image that was packaged.

use std::collections::BTreeMap;

use crate::finding::NotChecked;
use crate::observe::entrypoint::Entrypoint;
use seaworthy_aws::{Command, Repository, Seen};
use seaworthy_source::Origin;

/// The task definitions of a source, as far as the contract's image is concerned.
pub struct TaskUses<'a> {
    /// The containers, by family and in their order.
    pub containers: Vec<TaskContainer>,
    /// Task definitions that could not be read.
    pub not_seen: Vec<(Origin, String, String)>,
    /// The contract's entrypoints.
    pub entrypoints: &'a [Entrypoint],
    /// The `ENTRYPOINT` of the image that was examined, if it is known.
    pub own_entrypoint: Option<&'a [String]>,
    /// The `WORKDIR` of the image that was examined, if it is known.
    pub own_directory: Option<&'a str>,
    /// The `USER` of the image that was examined, if it is known.
    pub own_user: Option<&'a str>,
    /// The image that was packaged, by the packaging provenance.
    pub packaged: Option<PackagedImage>,
    /// Where the provenance would be, if there is none.
    pub provenance: Origin,
    /// Tags that may move, as patterns with `*`.
    pub convenience_tags: &'a [String],
    /// The repositories of the source; nothing where the contract lets tags move.
    pub repositories: Option<&'a BTreeMap<String, Seen<Repository>>>,
    /// The account of the source, if it is known.
    pub account: Option<&'a str>,
}

/// A container of a task definition.
#[derive(Clone, Debug)]
pub struct TaskContainer {
    /// The task's family.
    pub family: String,
    /// The container's name.
    pub name: String,
    /// Where it stands.
    pub origin: Origin,
    /// Its image, if it is known.
    pub image: Result<String, String>,
    /// Its `entryPoint` and `command`.
    pub command: Command,
    /// Whether the contract names it as one beside its own.
    pub is_sidecar: bool,
    /// Whether the contract names it as its own.
    pub is_named: bool,
    /// Whether the task goes on without it.
    pub is_essential: bool,
    /// Whether it stands for a container that something starts with another command: its image is told of already.
    pub is_override: bool,
    /// Variables that it sets, and that decide what a command runs.
    pub deciding: Vec<String>,
}

/// The image that was packaged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackagedImage {
    /// Its repository.
    pub repository: String,
    /// Its immutable tag.
    pub tag: Option<String>,
    /// Digests that name it.
    pub digests: Vec<String>,
}

impl TaskContainer {
    /// What a report calls it.
    pub(super) fn shown(&self) -> String {
        format!("the container {} of the task {}", self.name, self.family)
    }
}

impl TaskUses<'_> {
    /// The containers of each task that run the contract's image: those that the contract names, else those of its
    /// repository, else all that the task cannot do without.
    pub(super) fn own(&self) -> Vec<&TaskContainer> {
        let mut own = Vec::new();
        let mut families: Vec<&str> = self.containers.iter().map(|c| c.family.as_str()).collect();
        families.sort_unstable();
        families.dedup();
        for family in families {
            let of_task: Vec<&TaskContainer> =
                self.containers.iter().filter(|c| c.family == family && !c.is_sidecar).collect();
            let named: Vec<&TaskContainer> = of_task.iter().copied().filter(|c| c.is_named).collect();
            let of_repository: Vec<&TaskContainer> =
                of_task.iter().copied().filter(|c| self.is_of_repository(c)).collect();
            let essential: Vec<&TaskContainer> = of_task.iter().copied().filter(|c| c.is_essential).collect();
            own.extend(
                [named, of_repository, essential, of_task]
                    .into_iter()
                    .find(|l| !l.is_empty())
                    .unwrap_or_default(),
            );
        }
        own
    }

    fn is_of_repository(&self, container: &TaskContainer) -> bool {
        let packaged = self.packaged.as_ref().map(|p| p.repository.as_str());
        let image = container.image.as_deref().ok().map(|i| Reference::read(i).repository);
        packaged.is_some() && packaged == image
    }

    /// The repository of the source that a reference's name means: by its URI, else by its name in the source's
    /// account.
    pub(super) fn repository(&self, name: &str) -> Option<&Repository> {
        let (host, path) = name.split_once('/')?;
        let is_own = |repository: &&Repository| {
            let own = repository.uri.as_deref().filter(|uri| uri.contains('/') && !uri.contains('$'));
            own.map_or_else(
                || {
                    let account = host.split_once(".dkr.ecr.").map(|(account, _)| account);
                    repository.name == path
                        && account.is_some_and(|account| self.account.is_none_or(|own| own == account))
                },
                |uri| uri == name,
            )
        };
        self.repositories?.values().filter_map(Seen::value).find(is_own)
    }

    /// What was not seen, for a check.
    pub(super) fn gaps(&self, check: &'static str) -> Vec<NotChecked> {
        let item = |(origin, what, reason): &(Origin, String, String)| {
            NotChecked::new(origin.clone(), what.clone(), reason.clone(), vec![check])
        };
        self.not_seen.iter().map(item).collect()
    }
}

/// An image reference in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'t> {
    pub(super) repository: &'t str,
    pub(super) tag: Option<&'t str>,
    pub(super) digest: Option<&'t str>,
}

impl<'t> Reference<'t> {
    pub(super) fn read(text: &'t str) -> Self {
        let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        let slash = name.rfind('/').map_or(0, |i| i + 1);
        let colon = name.get(slash..).and_then(|t| t.find(':')).map(|i| slash + i);
        let repository = colon.and_then(|i| name.get(..i)).unwrap_or(name);
        Self { repository, tag: colon.and_then(|i| name.get(i + 1..)), digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let read = Reference::read("h:5000/a/b:1@sha256:00");
        assert_eq!((read.repository, read.tag, read.digest), ("h:5000/a/b", Some("1"), Some("sha256:00")));
        let read = Reference::read("h:5000/a/b");
        assert_eq!((read.repository, read.tag, read.digest), ("h:5000/a/b", None, None));
    }
}
