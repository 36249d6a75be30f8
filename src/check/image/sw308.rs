//! SW308: a file kind made to hold secrets is in a layer.

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Finding, Fingerprint, Reads, Severity};
use crate::observe::Examined;
use crate::observe::SecretFileSighting;
use seaworthy_source::{FileState, Place};

/// SW308.
pub struct SecretFile;

const META: CheckMeta = CheckMeta {
    id: "SW308",
    name: "secret-file",
    summary: "A layer ships a file of a kind that is made to hold secrets.",
    why: "Such a file is in an image by mistake nearly always, and what it holds need not have a form that a detector knows.",
    fix: "List the file in `.dockerignore`, copy only what the image needs, and rebuild without cache; deleting it in a later layer is not enough.",
    clause: "D.2",
    severity: Severity::High,
    reads: &[Reads::Layers],
    tags: &["CWE-538", "CWE-200"],
};

impl Check<Examined> for SecretFile {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            let own = image.own_packages(&examined.own);
            let surroundings = image.surroundings(&own);
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
                    let fate = match origin.state {
                        Some(FileState::Deleted(by)) => {
                            format!("; layer {by} deletes it, but it is still shipped")
                        }
                        Some(FileState::Overwritten(by)) => {
                            format!("; layer {by} overwrites it, but it is still shipped")
                        }
                        _ => String::new(),
                    };
                    let path = origin.whole_path().unwrap_or_default();
                    answers.findings.push(Finding {
                        check: META.id,
                        detector: None,
                        severity: if library.is_some() { Severity::Low } else { *severity },
                        confidence: if library.is_some() { Confidence::Low } else { Confidence::High },
                        message: format!("{} is in the image{fate}", kind.what),
                        fix: META.fix.to_owned(),
                        origin,
                        secret: None,
                        fingerprint: Fingerprint::new(context.key, META.id, kind.what, &[&path], None),
                        places: Vec::new(),
                        notes: library
                            .map(|l| format!("it is a sample of the library {l}"))
                            .into_iter()
                            .collect(),
                    });
                }
            }
        }
    }
}
