//! SW513: the config digest does not recompute.

use super::{Case, Presence};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, canonical};
use seaworthy_source::json::{Node, Value};

/// SW513.
pub struct ConfigDigest;

const META: CheckMeta = CheckMeta {
    id: "SW513",
    name: "config-digest",
    summary: "The run header's config digest is not the digest of its config payload.",
    why: "The digest pins what the run was configured with; if it does not recompute, the payload was changed after it was pinned, or the digest is of something else.",
    fix: "Compute the digest over the canonical form of the very payload that is written, and name that form in the contract ([run_header] canonical).",
    example: Example {
        fails: hidden!(
            r#"# run.json
"config_digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000","#
        ),
        mended: r#"# The digest is SHA-256 of the payload with sorted keys and no spaces; of its ASCII form; or of RFC 8785 (JCS).
"config_digest": "sha256:6ef37881f8a184f6aad24281934f395acb8d52f89a13ca122ca06b59e96b5838","#,
        silent: "A digest that stands inside its payload, as hex alone, or at the place that the contract names.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-354"],
};

/// Whether something stands there that can be pinned.
fn is_payload(node: &Node) -> bool {
    matches!(node.value, Value::Object(_) | Value::Array(_))
}

impl Check<Case<'_>> for ConfigDigest {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        if case.presence(DocumentKind::RunHeader) == Presence::NotAsked {
            return Applies::NotRequested;
        }
        let Some(root) = case.header.as_ref().and_then(|h| h.root.as_ref()) else {
            return Applies::NotRequested;
        };
        let pointers = &case.expectations.header;
        let has_config = case.expectations.config_required
            || root.find(&pointers.config_digest).is_some()
            || root.find(&pointers.config_payload).is_some_and(is_payload);
        if has_config { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        // That it is missing is SW505's finding.
        let Some((header, root)) = case.header.as_ref().and_then(|h| Some((h, h.root.as_ref()?))) else {
            return;
        };
        let pointers = &case.expectations.header;
        let kind = DocumentKind::RunHeader;
        let Some(recorded) = &header.config_digest else {
            if root.find(&pointers.config_digest).is_some() {
                let reason = "the config digest is malformed, so there is nothing to compare";
                answers.not_checked.push(case.not_checked(&META, kind, reason));
            } else if let Some(payload) = root.find(&pointers.config_payload).filter(|p| is_payload(p)) {
                let message = "the run header holds a config payload and no digest that pins it".to_owned();
                let origin = case.origin_at(kind, payload.span);
                answers.findings.push(case.finding(&META, context, origin, &["missing"], message));
            } else if case.expectations.config_required {
                let message =
                    "the run header holds no config digest, and the contract asks for one".to_owned();
                answers.findings.push(case.finding(&META, context, case.origin(kind), &["missing"], message));
            }
            return;
        };
        let Some(payload) = root.find(&pointers.config_payload) else {
            let message = format!(
                "the config payload that the digest is of is not there (the contract has it at {})",
                pointers.config_payload
            );
            let mut not_checked = case.not_checked(&META, kind, message);
            not_checked.origin = case.origin_at(kind, recorded.span);
            answers.not_checked.push(not_checked);
            return;
        };
        let mode = case.expectations.config_mode;
        let written = match canonical::write(payload, mode, Some(recorded.span)) {
            Ok(written) => written,
            Err(uncertain) => {
                let reason = format!(
                    "a number of the config payload has no certain form in {}, so the digest cannot be recomputed",
                    mode.as_str()
                );
                let mut not_checked = case.not_checked(&META, kind, reason);
                not_checked.origin = case.origin_at(kind, uncertain.span);
                answers.not_checked.push(not_checked);
                return;
            }
        };
        let actual: String = seaworthy_source::sha256_hex(&written);
        let promised = recorded.value.strip_prefix("sha256:").unwrap_or(&recorded.value);
        if promised != actual {
            let message = format!(
                "the config payload's digest ({}) is sha256:{actual}, and sha256:{promised} is recorded",
                mode.as_str()
            );
            let origin = case.origin_at(kind, recorded.span);
            answers.findings.push(case.finding(&META, context, origin, &["digest"], message));
        }
    }
}
