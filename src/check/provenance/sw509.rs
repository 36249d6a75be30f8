//! SW509: the build receipt.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, Fields, Text};

/// SW509.
pub struct ReceiptInconsistent;

const META: CheckMeta = CheckMeta {
    id: "SW509",
    name: "build-receipt",
    summary: "The build receipt is missing, says FAIL, names an unknown command family or another driver than the contract's workflow, or disagrees with itself or the provenance.",
    why: "The receipt says that the image came out of the pinned commands and no others; without a good one the build may have been anything.",
    fix: "Build with one of the command families that the contract pins, and let that run write the receipt: driver, family, tag, digest, actor, time and verdict, equal to the provenance.",
    example: Example {
        fails: hidden!(
            r#"# build_command_surface_receipt.json
"image_build_driver": "local_cli",
"command_family_id": "buildx_bake","#
        ),
        mended: r#""image_build_driver": "local_cli",
"command_family_id": "local_cli_v0","#,
        silent: "Built in are the families github_actions_v0 of the driver github_actions and local_cli_v0 of local_cli; [receipt.families] names others.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

/// The drivers that a contract's [workflow] can have; the name of any other is the contract's own.
const WORKFLOW_DRIVERS: [&str; 2] = ["github_actions", "local_cli"];

/// The fields that receipt and provenance share. What only one of them has is not compared.
const SHARED: [Field; 7] = [
    Field::ImageTag,
    Field::ImageDigest,
    Field::GitSha,
    Field::RepositoryUri,
    Field::BuildActor,
    Field::BuildDriver,
    Field::CiRunId,
];

impl Check<Case<'_>> for ReceiptInconsistent {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        case.wants(DocumentKind::Receipt)
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let missing = "the build receipt is not there";
        if !case.can_ask(&META, DocumentKind::Receipt, Some(missing), context, answers) {
            return;
        }
        let Some(receipt) = &case.receipt else { return };
        let fields = &receipt.fields;
        let compared = [Field::Verdict, Field::CommandFamily, Field::ImageDigest];
        if compared.into_iter().any(|f| receipt.layout.requires(f) && fields.get(f).is_none()) {
            let reason = "it is malformed, so not everything could be compared";
            answers.not_checked.push(case.not_checked(&META, DocumentKind::Receipt, reason));
        }
        let mut report = |text: &Text, about: &str, message: String| {
            let origin = case.origin_at(DocumentKind::Receipt, text.span);
            answers.findings.push(case.finding(&META, context, origin, &[about], message));
        };
        for (text, about, message) in itself(case, fields) {
            report(text, about, message);
        }
        if let (Some(driver), Some(own)) =
            (fields.get(Field::BuildDriver), &case.expectations.workflow_driver)
            && driver.value != *own
            && WORKFLOW_DRIVERS.contains(&driver.value.as_str())
        {
            let message = format!("the driver is not that of the contract's [workflow], which is {own}");
            report(driver, "workflow", message);
        }
        let Some(provenance) = &case.provenance else { return };
        if fields.get(Field::BuildDriver).is_some() && provenance.fields.get(Field::BuildDriver).is_none() {
            let name = provenance.layout.name(Field::BuildDriver);
            if provenance.layout.knows(name) {
                let message = format!(
                    "the packaging provenance does not record the build driver: it has no {name}, and the receipt names one"
                );
                let origin = case.origin(DocumentKind::Provenance);
                let mut finding = case.finding(&META, context, origin, &["no driver"], message);
                finding.severity = Severity::Medium;
                answers.findings.push(finding);
            } else {
                let reason = format!(
                    "the contract's [provenance] allows no {name}, so the drivers cannot be compared"
                );
                answers.not_checked.push(case.not_checked(&META, DocumentKind::Provenance, reason));
            }
        }
        let mut report = |text: &Text, about: &str, message: String| {
            let origin = case.origin_at(DocumentKind::Receipt, text.span);
            answers.findings.push(case.finding(&META, context, origin, &[about], message));
        };
        for field in SHARED {
            let (Some(here), Some(there)) = (fields.get(field), provenance.fields.get(field)) else {
                continue;
            };
            if here.value != there.value {
                let name = receipt.layout.name(field);
                report(
                    here,
                    field.name(),
                    format!("{name} differs between receipt and packaging provenance"),
                );
            }
        }
    }
}

/// What is wrong with the receipt alone.
fn itself<'f>(case: &Case<'_>, fields: &'f Fields) -> Vec<(&'f Text, &'static str, String)> {
    let mut found = Vec::new();
    let reason = fields.get(Field::FailureReason).filter(|t| !t.value.is_empty());
    match fields.get(Field::Verdict) {
        Some(verdict) if verdict.value == "FAIL" => {
            let without = if reason.is_none() { ", and gives no reason" } else { "" };
            found.push((verdict, "verdict", format!("the build's verdict is FAIL{without}")));
        }
        Some(_) => {
            if let Some(reason) = reason {
                found.push((
                    reason,
                    "reason",
                    "the verdict is PASS, and yet there is a failure reason".to_owned(),
                ));
            }
        }
        None => {}
    }
    let Some(family) = fields.get(Field::CommandFamily) else { return found };
    let families = &case.expectations.families;
    let drivers: Vec<&str> =
        families.iter().filter(|(id, _)| *id == family.value).map(|(_, driver)| driver.as_str()).collect();
    if drivers.is_empty() {
        let known: Vec<&str> = families.iter().map(|(id, _)| id.as_str()).collect();
        let message = format!("the command family is not one that the contract pins: {}", known.join(", "));
        found.push((family, "family", message));
    } else if let Some(driver) =
        fields.get(Field::BuildDriver).filter(|d| !drivers.contains(&d.value.as_str()))
    {
        let message = format!(
            "the driver does not run the command family {}: {} does",
            family.value,
            drivers.join(", ")
        );
        found.push((driver, "driver", message));
    }
    found
}
