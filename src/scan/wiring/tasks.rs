//! The task definitions of a gate, compared with the contract's entrypoints and the packaged image.

use super::super::Setup;
use crate::check::packaging::{PackagedImage, TASKS, TaskContainer, TaskUses};
use crate::check::wiring::{Wiring, origin};
use crate::check::{Answers, Context, readers_of, run_checks};
use crate::finding::Reads;
use crate::scan::packaging::entrypoints;
use seaworthy_aws::{Command, Container, LiteralPlace, Seen};
use seaworthy_source::Origin;

/// What a gate knows of the image that tasks should run.
#[derive(Clone, Debug)]
pub struct TaskImage {
    /// The `ENTRYPOINT` of the image that was examined, if it is known.
    pub entrypoint: Option<Vec<String>>,
    /// The `WORKDIR` of the image that was examined, if it is known.
    pub directory: Option<String>,
    /// Its `USER`, if that is known; empty for root.
    pub user: Option<String>,
    /// The image that was packaged, by the packaging provenance.
    pub packaged: Option<PackagedImage>,
    /// Where the provenance is, or would be.
    pub provenance: Origin,
}

/// The checks that read task definitions.
pub(super) fn readers(context: &Context<'_>) -> Vec<&'static str> {
    readers_of(TASKS, Reads::Aws, context)
}

/// Asks the checks on task definitions, if a source has any.
pub(super) fn ask_task_checks(
    setup: &Setup<'_>,
    wiring: &Wiring<'_>,
    image: &TaskImage,
    context: &Context<'_>,
    answers: &mut Answers,
) {
    let (mut containers, mut not_seen) = (Vec::new(), Vec::new());
    let snapshot = wiring.snapshot;
    for (family, task) in &snapshot.tasks {
        let expected = wiring.expectations.tasks.iter().find(|t| t.family == *family);
        let task = match task {
            Seen::Value(task) => task,
            Seen::Absent => continue,
            Seen::NotSeen(gap) => {
                not_seen.push((
                    image.provenance.clone(),
                    format!("task definition {family}"),
                    gap.to_string(),
                ));
                continue;
            }
        };
        let at = origin(snapshot, &task.place);
        let all = match &task.containers {
            Seen::Value(all) => all.as_slice(),
            Seen::Absent => &[],
            Seen::NotSeen(gap) => {
                not_seen.push((at, format!("container definitions of the task {family}"), gap.to_string()));
                continue;
            }
        };
        for container in all {
            let name = container.name.to_string();
            containers.push(TaskContainer {
                family: family.clone(),
                origin: at.clone(),
                image: match &container.image {
                    Seen::Value(text) => wiring
                        .text(text)
                        .ok_or_else(|| format!("it is known only when it is deployed: {text}")),
                    Seen::Absent => Err("the container names no image".to_owned()),
                    Seen::NotSeen(gap) => Err(gap.to_string()),
                },
                command: container.command.clone(),
                is_sidecar: expected.is_some_and(|t| t.sidecars.contains(&name)),
                is_named: expected.is_some_and(|t| t.container.as_deref() == Some(name.as_str())),
                is_essential: container.essential,
                is_override: false,
                deciding: deciding(container),
                name,
            });
        }
    }
    for task in &wiring.expectations.tasks {
        if let (false, Seen::NotSeen(gap)) =
            (snapshot.tasks.contains_key(&task.family), snapshot.task(&task.family))
        {
            let what = format!("task definition {}", task.family);
            not_seen.push((image.provenance.clone(), what, gap.to_string()));
        }
    }
    given(wiring, &mut containers, &mut not_seen);
    if containers.is_empty() && not_seen.is_empty() {
        return;
    }
    let entrypoints = entrypoints(setup.contract);
    let uses = TaskUses {
        containers,
        not_seen,
        entrypoints: &entrypoints,
        own_entrypoint: image.entrypoint.as_deref(),
        own_directory: image.directory.as_deref(),
        own_user: image.user.as_deref(),
        packaged: image.packaged.clone(),
        provenance: image.provenance.clone(),
        convenience_tags: &setup.contract.documents.convenience_tags,
        repositories: setup.contract.documents.immutable_tags.then_some(&snapshot.repositories),
        account: wiring.placement.known_account(),
    };
    run_checks(TASKS, &uses, context, answers);
}

/// The variables of a container's environment that decide what its command runs.
fn deciding(container: &Container) -> Vec<String> {
    let decides = [
        "PATH",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONSAFEPATH",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "NODE_PATH",
        "NODE_OPTIONS",
        "PYTHONOPTIMIZE",
        "PYTHONWARNINGS",
    ];
    let literals = container.literals.iter().filter(|l| l.place == LiteralPlace::Environment);
    literals.map(|l| l.name.clone()).filter(|name| decides.contains(&name.as_str())).collect()
}

/// Adds the containers that overrides start with another command, each as the task's own container with that command.
fn given(
    wiring: &Wiring<'_>,
    containers: &mut Vec<TaskContainer>,
    not_seen: &mut Vec<(Origin, String, String)>,
) {
    for (family, of, container) in wiring.given_commands() {
        let (at, name) = (origin(wiring.snapshot, &of.place), container.name.to_string());
        let own = family.as_ref().and_then(|family| {
            containers.iter().find(|known| known.family == *family && known.name == name).cloned()
        });
        match own {
            Some(own) => {
                let arguments = container.command.arguments.clone().or(own.command.arguments);
                let gap = container.command.gap.clone().or(own.command.gap);
                let command = Command { arguments, gap, ..own.command };
                containers.push(TaskContainer { origin: at, command, is_override: true, ..own });
            }
            None => {
                let what = format!("the command that {} gives to the container {name}", of.place.address);
                not_seen.push((at, what, "which container of which task it starts is not known".to_owned()));
            }
        }
    }
}
