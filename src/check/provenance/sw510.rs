//! SW510: evidence names another run or phase.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, Text};

/// SW510.
pub struct OtherRun;

const META: CheckMeta = CheckMeta {
    id: "SW510",
    name: "evidence-of-another-run",
    summary: "A document names another run or phase than the place where it lies, or than the packaging provenance.",
    why: "Evidence that was copied from another run proves that run, not this one.",
    fix: "Write each document from the run that it is for, with the run ID and the phase of the directory that it goes to; do not copy evidence between runs.",
    example: Example {
        fails: hidden!(
            r#"# in the directory of run platform_20260213T093000Z, build_command_surface_receipt.json
"platform_run_id": "platform_20260101T000000Z""#
        ),
        mended: r#""platform_run_id": "platform_20260213T093000Z","#,
        silent: "Documents that name no run or phase where the contract does not ask for them.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for OtherRun {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        case.compares(&[Field::PlatformRunId, Field::PhaseId])
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let own_run = case.need(&META, Field::PlatformRunId, answers).map(|t| t.value.as_str());
        let own_phase = case.need(&META, Field::PhaseId, answers).map(|t| t.value.as_str());
        let wanted = [
            (Field::PlatformRunId, "run", case.documents.run_id.as_deref(), own_run),
            (Field::PhaseId, "phase", case.documents.phase_id.as_deref(), own_phase),
        ];
        for (kind, field, text) in named(case) {
            let Some((_, what, place, own)) = wanted.into_iter().find(|(f, ..)| *f == field) else {
                continue;
            };
            // The place counts where it is known; else all must say what the provenance says.
            let (wanted, by) = match (place, own) {
                (Some(place), _) => (place, "where it lies"),
                (None, Some(own)) if kind != DocumentKind::Provenance => (own, "the packaging provenance"),
                _ => continue,
            };
            // The run header is the whole run's: it has no phase.
            if text.value == wanted || (kind == DocumentKind::RunHeader && field == Field::PhaseId) {
                continue;
            }
            let message =
                format!("the {} names the {what} {}, and by {by} it is {wanted}", kind.as_str(), text.value);
            let origin = case.origin_at(kind, text.span);
            answers.findings.push(case.finding(&META, context, origin, &[kind.as_str(), what], message));
        }
    }
}

/// Every run and phase that a document names.
fn named<'c>(case: &'c Case<'_>) -> Vec<(DocumentKind, Field, &'c Text)> {
    let readings = [
        (DocumentKind::Provenance, case.provenance.as_ref()),
        (DocumentKind::Receipt, case.receipt.as_ref()),
        (DocumentKind::Security, case.security.as_ref().map(|s| &s.reading)),
    ];
    let mut all = Vec::new();
    for field in [Field::PlatformRunId, Field::PhaseId] {
        for (kind, reading) in readings {
            all.extend(reading.and_then(|r| r.fields.get(field)).map(|t| (kind, field, t)));
        }
        all.extend(
            case.header.iter().flat_map(|h| h.all(field)).map(|t| (DocumentKind::RunHeader, field, t)),
        );
    }
    all
}
