//! SW302: secret in a file that a later layer deletes or overwrites: still shipped.

use super::metadata::file_findings;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use crate::observe::Examined;
use seaworthy_source::FileState;

/// SW302.
pub struct SecretInHiddenFile;

const META: CheckMeta = CheckMeta {
    id: "SW302",
    name: "secret-in-hidden-file",
    summary: "A file that no container shows, but a layer still ships, holds a secret.",
    why: "Deleting a file in a later layer hides it and does not remove it: the layer with the file is still pulled by everybody, and one tar command shows it.",
    fix: "Keep the secret from ever being written to a layer: use `RUN --mount=type=secret`, or create and delete the file in the same RUN, then rebuild without cache.",
    example: Example {
        fails: hidden!(
            r#"# The first layer brings the file, the second removes it; the first is still shipped.
COPY .env ./
RUN ./build && rm .env"#
        ),
        mended: r#"# The build gets the file as a mount, and no layer holds it.
RUN --mount=type=secret,id=env,target=.env ./build"#,
        silent: "Files that the image still shows: those are SW301.",
    },
    severity: Severity::High,
    reads: &[Reads::Layers],
    tags: &["CWE-798", "CWE-538"],
};

impl Check<Examined> for SecretInHiddenFile {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        let wanted = |state| !matches!(state, Some(FileState::Final));
        file_findings(&META, examined, context, answers, wanted, |state| match state {
            Some(FileState::Deleted(by)) => {
                format!("in a file that layer {by} deletes, but that is still shipped")
            }
            Some(FileState::Overwritten(by)) => {
                format!("in a file that layer {by} overwrites, but that is still shipped")
            }
            _ => "in bytes of a layer that belong to no file".to_owned(),
        });
    }
}
