//! SW308: a file kind made to hold secrets is in a layer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Fingerprint, Reads, Severity, hidden};
use crate::observe::Examined;
use crate::observe::SecretFileSighting;
use seaworthy_source::{FileState, Origin, Place};

/// SW308.
pub struct SecretFile;

const META: CheckMeta = CheckMeta {
    id: "SW308",
    name: "secret-file",
    summary: "A layer ships a file of a kind that is made to hold secrets.",
    why: "Such a file is in an image by mistake nearly always, and what it holds need not have a form that a detector knows.",
    fix: "List the file in `.dockerignore`, copy only what the image needs, and rebuild without cache; deleting it in a later layer is not enough.",
    example: Example {
        fails: hidden!(
            r#"# a layer holds
root/.ssh/id_ed25519"#
        ),
        mended: r#"# a layer holds the public half alone
root/.ssh/id_ed25519.pub"#,
        silent: "Files of such a kind without a secret: references, comments, ciphertext, an empty Terraform state, a truststore with certificates alone.",
    },
    severity: Severity::High,
    reads: &[Reads::Layers],
    tags: &["CWE-538", "CWE-200"],
};

impl Check<Examined> for SecretFile {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for unreached in &examined.unreached {
            let mut seen = std::collections::HashSet::new();
            for SecretFileSighting { file, kind, severity } in &unreached.facts.secret_files {
                if seen.insert((file.ordinal, file.path.as_bytes(), file.inside())) {
                    let origin = unreached.file(file, Place::Whole);
                    let place = "a part of the archive that no manifest refers to";
                    let message = format!("{} is in {place}", kind.what);
                    answers.findings.push(finding(context, origin, kind.what, *severity, message));
                }
            }
        }
        for image in &examined.images {
            let own = image.own_packages(&examined.own);
            let surroundings = image.surroundings(&own);
            // Keys that libraries test with, by kind and the directory of the libraries: one finding, with each place.
            let mut samples: HashMap<(&str, String), usize> = HashMap::new();
            for view in &image.layers {
                let Some(facts) = &view.facts else { continue };
                let mut seen = std::collections::HashSet::new();
                for SecretFileSighting { file, kind, severity } in &facts.secret_files {
                    // A large file may have shown itself in several parts.
                    if !seen.insert((file.ordinal, file.path.as_bytes(), file.inside())) {
                        continue;
                    }
                    let origin = image.file(view, file, Place::Whole);
                    let library = surroundings.sample_of(file.path.as_bytes());
                    let state = match origin.state {
                        Some(FileState::Deleted(by)) => {
                            format!("; layer {by} deletes it, but it is still shipped")
                        }
                        Some(FileState::Overwritten(by)) => {
                            format!("; layer {by} overwrites it, but it is still shipped")
                        }
                        _ => String::new(),
                    };
                    let message = format!("{} is in the image{state}", kind.what);
                    let mut finding = finding(context, origin, kind.what, *severity, message);
                    if let Some(library) = library {
                        (finding.severity, finding.confidence) = (Severity::Low, Confidence::Low);
                        finding.notes.push(format!("it is a sample of the library {library}"));
                        let root = surroundings.samples_root(file.path.as_bytes()).unwrap_or(library);
                        match samples.entry((kind.what, root)) {
                            Entry::Occupied(first) => {
                                if let Some(first) = answers.findings.get_mut(*first.get()) {
                                    first.absorb(finding);
                                }
                                continue;
                            }
                            Entry::Vacant(place) => {
                                place.insert(answers.findings.len());
                            }
                        }
                    }
                    answers.findings.push(finding);
                }
            }
        }
    }
}

fn finding(
    context: &Context<'_>,
    origin: Origin,
    what: &str,
    severity: Severity,
    message: String,
) -> Finding {
    let path = origin.whole_path().unwrap_or_default();
    Finding {
        check: META.id,
        detector: None,
        severity,
        confidence: Confidence::High,
        message,
        fix: META.fix.into(),
        fingerprint: Fingerprint::new(context.key, META.id, what, &[&path], None),
        origin,
        secret: None,
        places: Vec::new(),
        notes: Vec::new(),
    }
}
