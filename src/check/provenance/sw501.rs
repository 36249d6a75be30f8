//! SW501: packaging provenance is missing.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Reads, Severity};
use seaworthy_provenance::{Content, PaperKind};

/// SW501.
pub struct MissingProvenance;

pub(super) const META: CheckMeta = CheckMeta {
    id: "SW501",
    name: "provenance-missing",
    summary: "The packaging provenance is missing from its run's folder.",
    why: "Without it no one can say which commit the image was built from or who built it: packaging counts as not committed, and nothing may go on.",
    fix: "Write packaging_provenance.json below the run's phase folder as the last step of the build, under the very run ID that the run header will use.",
    clause: "C",
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for MissingProvenance {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        if case.papers.provenance.content == Content::NotGiven {
            Applies::NotRequested
        } else {
            Applies::Asked
        }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let message = "the packaging provenance is not there: packaging is not committed";
        case.can_ask(&META, PaperKind::Provenance, Some(message), context, answers);
    }
}
