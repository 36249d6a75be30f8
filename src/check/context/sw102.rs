//! SW102: a file that reaches the build context contains a secret.

use std::collections::HashMap;
use std::sync::Arc;

use super::{raised, reached, tracked};
use crate::check::dockerfile::build::Build;
use crate::check::{Answers, Check, Context, examine_text};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Fingerprint, Reads, Severity, hidden};
use crate::observe::Sighting;
use crate::observe::library::Surroundings;
use seaworthy_source::Span;

/// SW102.
pub struct SecretInContext;

const META: CheckMeta = CheckMeta {
    id: "SW102",
    name: "secret-in-context",
    summary: "A file of the build context, or a comment of the Dockerfile, contains a secret.",
    why: "What a COPY takes is in the image; the Dockerfile, comments included, is in provenance attestations at `mode=max`.",
    fix: "Take the secret out of the file and hand it over when it is needed: at runtime by injection, during the build with `RUN --mount=type=secret,id=…,env=…`.",
    example: Example {
        fails: hidden!(
            r#"# src/settings.py
DB_PASSWORD = "Harbour-2024-tide""#
        ),
        mended: r#"# src/settings.py
DB_PASSWORD = os.environ["DB_PASSWORD"]"#,
        silent: "Files that the ignore file keeps out, placeholders, references, hashes and documented example values. A secret in a library, a test or a document is rated lower; its place is listed.",
    },
    severity: Severity::High,
    reads: &[Reads::ContextFiles, Reads::CopiedFiles],
    tags: &["CWE-798", "CWE-540"],
};

impl Check<Build<'_>> for SecretInContext {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let mut seen: HashMap<(usize, u64), usize> = HashMap::new();
        let mut fixes = HashMap::new();
        let surroundings = build.context.surroundings();
        for sighting in &build.context.facts.sightings {
            let file = usize::try_from(sighting.file.ordinal).unwrap_or(usize::MAX);
            // The Dockerfile's secrets are told at their instructions.
            if build.context.dockerfile == Some(file) {
                continue;
            }
            let Some(finding) = finding(build, context, &surroundings, sighting, file, answers, &mut fixes)
            else {
                continue;
            };
            let key = (sighting.rule, sighting.mark.group);
            match seen.get(&key).and_then(|i| answers.findings.get_mut(*i)) {
                Some(first) => first.absorb(finding),
                None => {
                    seen.insert(key, answers.findings.len());
                    answers.findings.push(finding);
                }
            }
        }
        comments(build, context, answers);
    }
}

fn finding(
    build: &Build<'_>,
    context: &Context<'_>,
    surroundings: &Surroundings<'_>,
    sighting: &Sighting,
    file: usize,
    answers: &mut Answers,
    fixes: &mut HashMap<usize, Arc<str>>,
) -> Option<Finding> {
    let rule = context.rules.get(sighting.rule)?;
    let fix = fixes.entry(sighting.rule).or_insert_with(|| format!("{} {}", META.fix, rule.fix).into());
    let examined = &build.context;
    let (reachable, how) = reached(build, file);
    let mut notes = sighting.notes.clone();
    let rating = surroundings.rate(&sighting.subject(rule), sighting.file.path.as_bytes());
    if rating.held_back {
        answers.examples_held_back += 1;
        return None;
    }
    let (mut severity, confidence) = (rating.severity, rating.confidence);
    notes.extend(rating.note);
    if !reachable {
        severity = severity.lowered();
    }
    let (committed, git) = tracked(examined, file);
    if committed.is_some() && severity > Severity::Low && !reachable {
        severity = raised(severity);
    }
    if !git.is_empty() {
        notes.push(git);
    }
    let origin = sighting.origin(examined.origin(file));
    let path = origin.whole_path().unwrap_or_default();
    let id = &rule.detector.id;
    Some(Finding {
        check: META.id,
        detector: Some(id.clone()),
        severity,
        confidence,
        message: format!("{} in a file that {how}", rule.name),
        fix: Arc::clone(fix),
        origin,
        secret: Some(sighting.mark.redacted.clone()),
        fingerprint: Fingerprint::new(context.key, META.id, id, &[&path], Some(&sighting.mark)),
        places: Vec::new(),
        notes,
    })
}

/// Secrets in the Dockerfile's comments: in no instruction, and sent to the builder all the same.
fn comments(build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
    let recipe = &build.recipe;
    for (span, text) in recipe.comments() {
        let Some(text) = text else { continue };
        for secret in examine_text(context, text) {
            let at = Span::new(span.start + secret.span.start, span.start + secret.span.end);
            let severity = if secret.confidence == Confidence::Low {
                secret.severity.lowered()
            } else {
                secret.severity
            };
            let place = [recipe.path.as_str(), "comment"];
            answers.findings.push(Finding {
                check: META.id,
                fingerprint: Fingerprint::new(
                    context.key,
                    META.id,
                    &secret.detector,
                    &place,
                    Some(&secret.mark),
                ),
                detector: Some(secret.detector),
                severity,
                confidence: secret.confidence,
                message: format!("{} in a comment of the Dockerfile", secret.what),
                fix: format!("Delete the comment. {}", secret.rotate).into(),
                origin: recipe.origin(at),
                secret: Some(secret.mark.redacted),
                places: Vec::new(),
                notes: secret.notes,
            });
        }
    }
}
