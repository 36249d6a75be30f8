//! SW301: secret in a file in the image.

use super::metadata::file_findings;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use crate::observe::Examined;
use seaworthy_source::FileState;

/// SW301.
pub struct SecretInFile;

const META: CheckMeta = CheckMeta {
    id: "SW301",
    name: "secret-in-file",
    summary: "A file in the image holds a secret.",
    why: "Everybody who can pull the image, run it or read its layers in a registry has the secret, and so has every copy and cache of it.",
    fix: "Remove the file from the build context or the step that writes it, rebuild without cache, and hand the secret over at runtime; a secret that is needed during the build belongs in `RUN --mount=type=secret`.",
    example: Example {
        fails: hidden!(
            r#"# app/config.yaml in the image
database:
  password: "vR7kPq2ZtX9mWc4L""#
        ),
        mended: r#"# app/config.yaml
database:
  password: ${DB_PASSWORD}"#,
        silent: "Placeholders, references, certificates, hashes, documented example values. Published test keys of a library are low, with a note that says where they are published.",
    },
    severity: Severity::High,
    reads: &[Reads::Layers],
    tags: &["CWE-798", "CWE-538"],
};

impl Check<Examined> for SecretInFile {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        let wanted = |state| matches!(state, Some(FileState::Final));
        file_findings(&META, examined, context, answers, wanted, |_| "in a file in the image".to_owned());
    }
}
