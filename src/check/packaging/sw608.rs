//! SW608: a task definition runs another image than the packaged one, or names it by a tag that may move.

use super::task::{Reference, TaskUses};
use crate::check::provenance::fits_wildcard;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, NotChecked, Reads, Severity, hidden};
use seaworthy_aws::{Mutability, Repository, Seen};
use seaworthy_source::escape_bytes;

/// SW608.
pub struct OtherImage;

const META: CheckMeta = CheckMeta {
    id: "SW608",
    name: "task-runs-other-image",
    summary: "A task definition runs another image than the one that was packaged, or names it by a tag that may move.",
    why: "Everything that was checked is about one image. A task that runs another one, or whatever a tag leads to when it starts, runs something that was not checked.",
    fix: "Name the packaged image in the task definition by its digest, or by its immutable tag.",
    example: Example {
        fails: hidden!(
            r#"# the task definition's image
:latest"#
        ),
        mended: r#"# the task definition's image
:git-4b825dc642cb6eb9a060e54bf8d69288fbee4904"#,
        silent: "Sidecars that [[tasks.sidecars]] lists. An image that is known only after the deployment is not checked.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws, Reads::Documents],
    tags: &["CWE-345"],
};

impl Check<TaskUses<'_>> for OtherImage {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, tasks: &TaskUses<'_>, context: &Context<'_>, answers: &mut Answers) {
        answers.not_checked.extend(tasks.gaps(META.id));
        let own = tasks.own();
        for container in tasks.containers.iter().filter(|container| !container.is_override) {
            let is_own = own.iter().any(|c| std::ptr::eq(*c, container));
            let mut report = |about: &str, message: String, severity: Severity| {
                let place = [container.family.as_str(), &container.name, about];
                answers.findings.push(
                    Finding::build(&META, container.origin.clone(), message)
                        .severity(severity)
                        .named(context.key, &place),
                );
            };
            let image = match &container.image {
                Ok(image) => image,
                Err(reason) if is_own || !container.is_sidecar => {
                    let what = format!("image of {}", container.shown());
                    answers.not_checked.push(NotChecked::new(
                        container.origin.clone(),
                        what,
                        reason.clone(),
                        vec![META.id],
                    ));
                    continue;
                }
                Err(_) => continue,
            };
            let reference = Reference::read(image);
            let shown = escape_bytes(image.as_bytes());
            let moves = reference.digest.is_none()
                && reference.tag.is_none_or(|t| tasks.convenience_tags.iter().any(|p| fits_wildcard(p, t)));
            if !is_own {
                if !container.is_sidecar && container.is_essential {
                    let message = format!(
                        "{} runs {shown}, which is not the contract's image; name it in the task's `sidecars`",
                        container.shown()
                    );
                    report("beside", message, Severity::Low);
                }
                continue;
            }
            let Some(packaged) = &tasks.packaged else {
                if moves {
                    let message =
                        format!("{} names its image by a tag that may move: {shown}", container.shown());
                    report("moves", message, META.severity);
                }
                let what = format!("image of {}", container.shown());
                let reason = "the packaging provenance names no image, so it cannot be compared".to_owned();
                answers.not_checked.push(NotChecked::new(
                    tasks.provenance.clone(),
                    what,
                    reason,
                    vec![META.id],
                ));
                continue;
            };
            if reference.repository != packaged.repository {
                let message = format!(
                    "{} runs {shown}, which is of another repository than the packaged image: {}",
                    container.shown(),
                    packaged.repository
                );
                report("repository", message, META.severity);
            } else if let Some(digest) = reference.digest {
                if !packaged.digests.iter().any(|d| d == digest) {
                    let message =
                        format!("{} runs {shown}, and another digest was packaged", container.shown());
                    report("digest", message, META.severity);
                }
            } else if moves {
                let message =
                    format!("{} names its image by a tag that may move: {shown}", container.shown());
                report("moves", message, META.severity);
            } else if packaged.tag.as_deref() != reference.tag {
                let tag = packaged.tag.as_deref().unwrap_or("none");
                let message =
                    format!("{} runs {shown}, and the packaged image's tag is {tag}", container.shown());
                report("tag", message, META.severity);
            } else if let Some(repository) = tasks.repository(reference.repository) {
                let tag = reference.tag.unwrap_or_default();
                match lets_move(repository, tag) {
                    Ok(false) => {}
                    Ok(true) => {
                        let message = format!(
                            "{} names its image by a tag, {shown}, and the repository {} lets that tag move",
                            container.shown(),
                            repository.name
                        );
                        report("mutable", message, META.severity);
                    }
                    Err(reason) => answers.not_checked.push(NotChecked::new(
                        container.origin.clone(),
                        format!("whether the repository {} lets its tags move", repository.name),
                        reason,
                        vec![META.id],
                    )),
                }
            }
        }
    }
}

/// Whether a repository lets a tag be pushed again for another image (`imageTagMutability`), or why that is not known.
fn lets_move(repository: &Repository, tag: &str) -> Result<bool, String> {
    let any = |filters: &[String]| filters.iter().any(|f| fits_wildcard(f, tag));
    match &repository.mutability {
        Seen::Value(Mutability::Mutable) | Seen::Absent => Ok(true),
        Seen::Value(Mutability::Immutable) => Ok(false),
        Seen::Value(Mutability::ImmutableExcept(filters)) => Ok(any(filters)),
        Seen::Value(Mutability::MutableExcept(filters)) => Ok(!any(filters)),
        Seen::NotSeen(gap) => Err(gap.to_string()),
    }
}
