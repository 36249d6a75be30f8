//! SW309: bytes do not match their digest.

use crate::check::{Answers, Check, Context};
use crate::finding::{
    CheckMeta, Confidence, Example, Finding, Fingerprint, NotChecked, Reads, Severity, hidden,
};
use crate::observe::Examined;
use seaworthy_image::{Digest, Mismatch};
use seaworthy_source::OriginKind;

/// SW309.
pub struct DigestMismatch;

const META: CheckMeta = CheckMeta {
    id: "SW309",
    name: "digest-mismatch",
    summary: "Bytes of the image do not match the digest or size that names them.",
    why: "A digest is the only thing that ties what was examined to what will run: if the bytes differ, the archive is damaged, or somebody changed it.",
    fix: "Do not use the image. Fetch or build it again, and find out where it was changed.",
    example: Example {
        fails: hidden!("# The config's rootfs.diff_ids names another digest than the layer's bytes have."),
        mended: "# Every layer, config and manifest hashes to the digest that names it: build, push or save the image again.",
        silent: "Compression does not matter: a layer has the digest of its compressed bytes and the diff ID of its content. A transfer that breaks off is not checked, never a mismatch.",
    },
    severity: Severity::Critical,
    reads: &[Reads::Layers, Reads::Config, Reads::Manifests],
    tags: &["CWE-345", "CWE-354"],
};

impl Check<Examined> for DigestMismatch {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        let mut mismatches = examined.mismatches.clone();
        for image in &examined.images {
            for view in &image.layers {
                let Some(facts) = &view.facts else { continue };
                let mut differs = |what: &str, expected: String, actual: String| {
                    let origin = image.layer(view, OriginKind::Layer);
                    mismatches.push(Mismatch { origin, what: what.to_owned(), expected, actual });
                };
                let stored = facts.summary.blob_digest.as_ref().unwrap_or(&facts.diff_id);
                // A transfer that broke off is not checked, and says nothing of the layer.
                let ended = facts.summary.stored_whole;
                let digest = view.layer.blob.digest.as_ref().filter(|d| ended && *d != stored);
                if let Some(expected) = digest {
                    differs("layer digest", expected.to_string(), stored.to_string());
                }
                let size = view.layer.blob.size.filter(|s| ended && *s != facts.summary.blob_bytes);
                if let Some(size) = size {
                    differs("layer size in bytes", size.to_string(), facts.summary.blob_bytes.to_string());
                }
                // Of a layer that was not read to its end the content's digest says nothing.
                let same_kind = |d: &&Digest| d.algorithm() == facts.diff_id.algorithm();
                if let Some(other) = view.layer.diff_id.as_ref().filter(|d| !same_kind(d)) {
                    answers.not_checked.push(NotChecked::new(
                        image.layer(view, OriginKind::Layer),
                        "diff ID",
                        format!(
                            "it is a {} digest, which a stream's layers are not hashed with",
                            other.algorithm()
                        ),
                        vec![META.id],
                    ));
                }
                let expected = view.layer.diff_id.as_ref().filter(same_kind).filter(|d| **d != facts.diff_id);
                if let Some(expected) = expected.filter(|_| facts.summary.whole) {
                    differs(
                        "diff ID (digest of the unpacked layer)",
                        expected.to_string(),
                        facts.diff_id.to_string(),
                    );
                }
            }
        }
        mismatches.sort();
        mismatches.dedup();
        for Mismatch { origin, what, expected, actual } in mismatches {
            let path = origin.path.clone().unwrap_or_default();
            let layer = origin.layer.as_ref().map(|l| l.digest.clone()).unwrap_or_default();
            let fingerprint = Fingerprint::new(context.key, META.id, &what, &[&path, &layer], None);
            answers.findings.push(Finding {
                check: META.id,
                detector: None,
                severity: META.severity,
                confidence: Confidence::High,
                message: format!("{what} differs: promised {expected}, found {actual}"),
                fix: META.fix.into(),
                origin,
                secret: None,
                fingerprint,
                places: Vec::new(),
                notes: Vec::new(),
            });
        }
    }
}
