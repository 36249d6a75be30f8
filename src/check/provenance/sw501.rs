//! SW501: packaging provenance is missing.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{Content, DocumentKind};

/// SW501.
pub struct MissingProvenance;

pub(super) const META: CheckMeta = CheckMeta {
    id: "SW501",
    name: "provenance-missing",
    summary: "The packaging provenance is missing from its run's directory.",
    why: "Without it no one can say which commit the image was built from or who built it: packaging counts as not committed, and nothing may go on.",
    fix: "Write packaging_provenance.json below the run's phase directory as the last step of the build, under the very run ID that the run header will use.",
    example: Example {
        fails: hidden!("# evidence/runs/RUN/P(-1)/packaging_provenance.json is not there."),
        mended: r#"# evidence/runs/RUN/P(-1)/packaging_provenance.json
"image_tag": "git-4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f70819203",
"image_digest": "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268","#,
        silent: "A run that was not named: verify and gate ask for one run, audit for all.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for MissingProvenance {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        if case.documents.provenance.content == Content::NotGiven {
            Applies::NotRequested
        } else {
            Applies::Asked
        }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let message = "the packaging provenance is not there: packaging is not committed";
        case.can_ask(&META, DocumentKind::Provenance, Some(message), context, answers);
    }
}
