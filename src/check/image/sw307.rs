//! SW307: secret in an attestation.

use super::document::examine_document;
use super::metadata::{Seen, add, text_finding};
use crate::check::{Answers, Check, Context, examine_text};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use crate::observe::Examined;
use seaworthy_source::{JsonPointer, Origin, OriginKind, Place, escape_bytes};

/// SW307.
pub struct SecretInAttestation;

const META: CheckMeta = CheckMeta {
    id: "SW307",
    name: "secret-in-attestation",
    summary: "An attestation or another referrer of the image holds a secret.",
    why: "BuildKit's provenance at mode=max carries build arguments in clear and the Dockerfile in base64; it is pushed beside the image, and anyone who can pull the image can read it.",
    fix: "Pass the secret by `--secret` and `RUN --mount=type=secret` in place of a build argument or a URL, and build and push again; `provenance=mode=min` leaves out arguments, but not URLs.",
    example: Example {
        fails: hidden!(
            r#"# the provenance that BuildKit attaches with mode=max
"args": {"build-arg:DB_PASSWORD": "vR7kPq2ZtX9mWc4L"}"#
        ),
        mended: r#""args": {"build-arg:VERSION": "1.4.2", "build-arg:DB_PASSWORD": ""}"#,
        silent: "Build arguments without a value, and materials with their digests.",
    },
    severity: Severity::High,
    reads: &[Reads::Attestations],
    tags: &["CWE-798", "CWE-532"],
};

impl Check<Examined> for SecretInAttestation {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            let mut seen = Seen::new();
            for attestation in &image.image.attestations {
                let document = &attestation.document;
                let kind = escape_bytes(attestation.kind.as_bytes());
                let root = JsonPointer::root();
                let found = if document.value.is_null() {
                    let Ok(text) = std::str::from_utf8(&document.bytes) else {
                        answers.not_checked.push(NotChecked::new(
                            Origin {
                                path: Some(document.digest.to_string()),
                                ..image.origin(OriginKind::Attestation)
                            },
                            "attestation",
                            format!("it is neither JSON nor text ({kind}), so it was not read"),
                            vec![META.id],
                        ));
                        continue;
                    };
                    examine_text(context, text).into_iter().map(|s| (s, root.clone())).collect()
                } else {
                    examine_document(context, &document.value, &root)
                };
                for (secret, at) in found {
                    let origin = Origin {
                        path: Some(format!("{} ({kind})", document.digest)),
                        place: Place::Pointer(at.clone()),
                        ..image.origin(OriginKind::Attestation)
                    };
                    let group = secret.mark.group;
                    let sentence = "in an attestation";
                    let finding = text_finding(&META, context, secret, origin, &[at.as_str()], sentence);
                    add(answers, &mut seen, finding, group);
                }
            }
        }
    }
}
