//! SW307: secret in an attestation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::metadata::{Seen, add, text_finding};
use super::{Examined, ExaminedImage};
use crate::check::{Answers, Check, Context, TextSecret, examine_assignment, examine_text};
use crate::finding::{CheckMeta, Severity};
use crate::location::{JsonPointer, Origin, OriginKind, Place};

/// SW307.
pub struct SecretInAttestation;

const META: CheckMeta = CheckMeta {
    id: "SW307",
    name: "secret-in-attestation",
    summary: "An attestation or another referrer of the image holds a secret.",
    why: "BuildKit's provenance at mode=max carries build arguments in clear and the Dockerfile in base64; it is pushed beside the image, and whoever can pull the image can read it.",
    fix: "Pass the secret by `--secret` and `RUN --mount=type=secret` in place of a build argument or a URL, and build and push again; `provenance=mode=min` leaves out arguments, but not URLs.",
    clause: "D.2",
    severity: Severity::High,
    tags: &["CWE-798", "CWE-532"],
};

/// Texts longer than this are looked at by form only.
const LONG: usize = 64 << 10;

impl Check<Examined> for SecretInAttestation {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            let mut seen = Seen::new();
            for attestation in &image.image.attestations {
                let document = &attestation.document;
                let origin = Origin {
                    path: Some(format!(
                        "{} ({})",
                        document.digest,
                        crate::location::escape_bytes(attestation.kind.as_bytes())
                    )),
                    ..image.origin(OriginKind::Attestation)
                };
                let mut asker = Asker { image, context, answers, seen: std::mem::take(&mut seen), origin };
                if document.value.is_null() {
                    let text = String::from_utf8_lossy(&document.bytes);
                    asker.found(examine_text(context, &text), &JsonPointer::root(), None);
                } else {
                    asker.value("", &document.value, &JsonPointer::root());
                }
                seen = asker.seen;
            }
        }
    }
}

struct Asker<'a> {
    image: &'a ExaminedImage,
    context: &'a Context<'a>,
    answers: &'a mut Answers,
    seen: Seen,
    origin: Origin,
}

impl Asker<'_> {
    fn value(&mut self, name: &str, value: &Value, at: &JsonPointer) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.value(key, value, &at.key(key));
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.value("", item, &at.index(i));
                }
            }
            Value::String(text) => self.text(name, text, at),
            _ => {}
        }
    }

    fn text(&mut self, name: &str, text: &str, at: &JsonPointer) {
        let variable = name.strip_prefix("build-arg:").or_else(|| name.strip_prefix("label:"));
        let found = match variable {
            Some(variable) => examine_assignment(self.context, variable, text),
            None if text.len() <= LONG => examine_text(self.context, text),
            None => examine_assignment(self.context, "", text),
        };
        // BuildKit keeps the Dockerfile, and DSSE its payload, in base64. What is inside goes first: it has lines.
        let encoded = matches!(name, "data" | "payload" | "dockerfile") && text.len() >= 16;
        let decoded = encoded.then(|| STANDARD.decode(text).ok()).flatten();
        if let Some(inner) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
            match serde_json::from_str::<Value>(&inner) {
                Ok(value @ (Value::Object(_) | Value::Array(_))) => self.value("", &value, at),
                _ => {
                    for (i, line) in inner.lines().enumerate() {
                        self.found(examine_text(self.context, line), at, Some(i + 1));
                    }
                }
            }
        }
        self.found(found, at, None);
    }

    fn found(&mut self, secrets: Vec<TextSecret>, at: &JsonPointer, line: Option<usize>) {
        for mut secret in secrets {
            if let Some(line) = line {
                secret.notes.push(format!("in line {line} of the text that stands there in base64"));
            }
            let origin = Origin {
                place: Place::Pointer(at.clone()),
                platform: self.image.image.platform.clone(),
                ..self.origin.clone()
            };
            let group = secret.mark.group;
            let finding =
                text_finding(&META, self.context, secret, origin, &[at.as_str()], "in an attestation");
            add(self.answers, &mut self.seen, finding, group);
        }
    }
}
