//! SW516: the image is not what the Dockerfile builds.

use super::Case;
use super::case::{ExaminedArtifacts, RecipeDifference};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, NotChecked, Reads, Severity, hidden};

/// SW516.
pub struct OtherRecipe;

pub(super) const META: CheckMeta = CheckMeta {
    id: "SW516",
    name: "image-of-another-dockerfile",
    summary: "The image's history or configuration is not the one that the Dockerfile makes: the image was built from another file, or changed afterwards.",
    why: "The provenance names the Dockerfile as the source of the image. If the image was built from another one, what was read in the Dockerfile is not what was shipped, and the same commit does not give the same image again.",
    fix: "Build the image from the Dockerfile of the recorded commit, unchanged, and run the gate in a checkout of that commit. Name the stage if it is not the last.",
    example: Example {
        fails: hidden!(
            r#"# The image was built with PYTHONPATH=/app; the Dockerfile now says
PYTHONPATH=/opt"#
        ),
        mended: r#"# as the image was built
PYTHONPATH=/app"#,
        silent: "Comments, blank lines and the case of keywords. What cannot be compared, such as a squashed history, is not checked.",
    },
    severity: Severity::Medium,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for OtherRecipe {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        let is_asked = |e: &ExaminedArtifacts| e.compares_recipe && e.recipe.is_some() && !e.is_other_commit;
        let is_compared = case.examined.is_some_and(is_asked);
        if is_compared { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        for difference in case.examined.iter().flat_map(|e| e.recipe.iter().flatten()) {
            let RecipeDifference { origin, what, is_certain } = difference;
            if *is_certain {
                let about = [origin.path.as_deref().unwrap_or_default(), what];
                let finding = case.finding(&META, context, origin.clone(), &about, what.clone());
                answers.findings.push(crate::finding::Finding { confidence: Confidence::Medium, ..finding });
                continue;
            }
            let reason = format!(
                "{what}: it was built from another Dockerfile, or by a builder that writes another history"
            );
            let shown = "whether the image was built from the Dockerfile".to_owned();
            answers.not_checked.push(NotChecked::new(origin.clone(), shown, reason, vec![META.id]));
        }
    }
}
