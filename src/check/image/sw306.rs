//! SW306: secret in labels, annotations, cmd, entrypoint or healthcheck.

use std::collections::HashSet;

use serde_json::Value;

use super::document::examine_document;
use super::metadata::{Seen, add, text_finding};
use crate::check::{Answers, Check, Context, TextSecret, examine_assignment, examine_text};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use crate::observe::{Examined, ExaminedImage};
use seaworthy_image::Digest;
use seaworthy_source::{JsonPointer, Origin, OriginKind, Place};

/// SW306.
pub struct SecretInMetadata;

const META: CheckMeta = CheckMeta {
    id: "SW306",
    name: "secret-in-metadata",
    summary: "A label, annotation, command, entrypoint or healthcheck of the image holds a secret.",
    why: "These are in the image config or manifest: everybody who can pull the image reads them without starting it, and registries show labels and annotations on their pages.",
    fix: "Take it out of the LABEL, CMD, ENTRYPOINT, HEALTHCHECK or annotation and read the secret at runtime.",
    example: Example {
        fails: hidden!(
            r#"# docker inspect: Config.Cmd
"/app/run", "--db-password=vR7kPq2ZtX9mWc4L""#
        ),
        mended: r#"# docker inspect: Config.Cmd
"/app/run", "--db-password-file=/run/secrets/db""#,
        silent: "Commits, addresses and times in labels and annotations.",
    },
    severity: Severity::High,
    reads: &[Reads::Config],
    tags: &["CWE-798"],
};

impl Check<Examined> for SecretInMetadata {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        let mut documents = HashSet::new();
        for image in &examined.images {
            let mut asker = Asker { image, context, answers, seen: Seen::new() };
            asker.config();
            asker.annotations(&mut documents);
        }
    }
}

struct Asker<'a> {
    image: &'a ExaminedImage,
    context: &'a Context<'a>,
    answers: &'a mut Answers,
    seen: Seen,
}

impl Asker<'_> {
    fn config(&mut self) {
        let config = &self.image.image.config.value;
        let root = JsonPointer::root();
        for section in ["config", "container_config"] {
            let Some(Value::Object(fields)) = config.get(section) else { continue };
            for (field, value) in fields {
                // The environment has a check of its own.
                let same = section == "container_config"
                    && config.get("config").and_then(|c| c.get(field)) == Some(value);
                if section == "config" && field == "Env" || same {
                    continue;
                }
                let origin = self.image.config(root.clone());
                self.value(field, value, &root.key(section).key(field), &origin, "in the image config");
            }
        }
        // Builders keep things of their own beside these, such as BuildKit's build info with all build arguments.
        for (field, value) in config.as_object().into_iter().flatten() {
            if matches!(field.as_str(), "config" | "container_config" | "history") {
                continue;
            }
            for (secret, at) in examine_document(self.context, value, &root.key(field)) {
                let origin = self.image.config(at.clone());
                self.found(secret, origin, &at, "in the image config");
            }
        }
    }

    /// Looks at the manifest and at the indexes above it; at those that several images share with the first of them.
    fn annotations(&mut self, documents: &mut HashSet<Digest>) {
        let image = &self.image.image;
        for document in image.manifest.iter().chain(image.indexes.iter().map(AsRef::as_ref)) {
            if !documents.insert(document.digest.clone()) {
                continue;
            }
            let origin =
                Origin { path: Some(document.digest.to_string()), ..self.image.origin(OriginKind::Manifest) };
            // Not the annotations alone: descriptors may carry data, and URLs logins.
            for (secret, at) in examine_document(self.context, &document.value, &JsonPointer::root()) {
                let origin = Origin { place: Place::Pointer(at.clone()), ..origin.clone() };
                self.found(secret, origin, &at, "in a manifest or index");
            }
            for (pointer, value) in annotations(&document.value) {
                self.value("annotations", value, &pointer, &origin, "in an annotation");
            }
        }
    }

    /// Walks a value; `name` is the key that the nearest text belongs to.
    fn value(&mut self, name: &str, value: &Value, pointer: &JsonPointer, origin: &Origin, sentence: &str) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    // A key may be the secret, too.
                    self.text(key, key, pointer, origin, sentence, true);
                    self.value(key, value, &pointer.key(key), origin, sentence);
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.value(name, item, &pointer.index(i), origin, sentence);
                }
                self.option_pairs(items, pointer, origin, sentence);
            }
            Value::String(text) => {
                let is_command = matches!(name, "Cmd" | "Entrypoint" | "Test" | "OnBuild" | "Shell" | "Args");
                self.text(name, text, pointer, origin, sentence, is_command);
            }
            _ => {}
        }
    }

    fn text(
        &mut self,
        name: &str,
        text: &str,
        at: &JsonPointer,
        origin: &Origin,
        sentence: &str,
        free: bool,
    ) {
        let found = if free {
            examine_text(self.context, text)
        } else {
            examine_assignment(self.context, name, text)
        };
        for secret in found {
            let origin = Origin { place: Place::Pointer(at.clone()), ..origin.clone() };
            self.found(secret, origin, at, sentence);
        }
    }

    fn found(&mut self, secret: TextSecret, origin: Origin, at: &JsonPointer, sentence: &str) {
        let group = secret.mark.group;
        let finding = text_finding(&META, self.context, secret, origin, &[at.as_str()], sentence);
        add(self.answers, &mut self.seen, finding, group);
    }

    /// `["--password", "…"]`: an option and its value in neighbouring arguments.
    fn option_pairs(&mut self, items: &[Value], pointer: &JsonPointer, origin: &Origin, sentence: &str) {
        for (i, pair) in items.windows(2).enumerate() {
            let [Value::String(option), Value::String(value)] = pair else { continue };
            let name = option.trim_start_matches('-');
            if name == option || name.contains('=') {
                continue;
            }
            let already = !examine_text(self.context, value).is_empty();
            if !already && !value.starts_with('-') {
                self.text(name, value, &pointer.index(i + 1), origin, sentence, false);
            }
        }
    }
}

/// The annotations of a manifest or index and of what it lists.
fn annotations(document: &Value) -> Vec<(JsonPointer, &Value)> {
    let root = JsonPointer::root();
    let mut found: Vec<_> =
        document.get("annotations").map(|v| (root.key("annotations"), v)).into_iter().collect();
    for list in ["manifests", "layers"] {
        let entries = document.get(list).and_then(Value::as_array);
        for (i, entry) in entries.into_iter().flatten().enumerate() {
            found.extend(entry.get("annotations").map(|v| (root.key(list).index(i).key("annotations"), v)));
        }
    }
    let config = document.get("config").and_then(|c| c.get("annotations"));
    found.extend(config.map(|v| (root.key("config").key("annotations"), v)));
    found
}
