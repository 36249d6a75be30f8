//! SW408: a program gives a variable that must be injected a default or an empty value.

use std::sync::Arc;

use super::dockerfile::build::Build;
use super::wiring::Wiring;
use super::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, NotChecked, Reads, Severity, hidden};
use crate::observe::fallback::{Fallback, Standing, Value, is_watched};
use crate::observe::{Examined, LayerView};
use seaworthy_source::{FileState, Origin};

/// SW408, asked of build contexts and of images.
pub struct SilentFallback;

/// One for both families: the catalogue lists it once.
static META: CheckMeta = CheckMeta {
    id: "SW408",
    name: "silent-fallback",
    summary: "A program, a shell script, a compose file or a task definition's command gives a required secret variable a default or an empty value.",
    why: "When the injection fails, the program does not: it runs on with the default, an empty password or a development key, and no one is told.",
    fix: "Let a missing variable stop the start.",
    example: Example {
        fails: hidden!(r#"PASSWORD = os.getenv("DB_PASSWORD", "postgres")"#),
        mended: r#"PASSWORD = os.environ["DB_PASSWORD"]"#,
        silent: "Variables that the contract does not require, comments, documents and tests.",
    },
    severity: Severity::High,
    reads: &[Reads::ContextFiles, Reads::Layers, Reads::Aws],
    tags: &["CWE-1188", "CWE-636"],
};

/// Makes the finding of a sighting, if the contract still asks for its variable.
fn finding(context: &Context<'_>, seen: &Fallback, origin: Origin) -> Option<Finding> {
    let variable = seen.variable.as_str();
    let secret = context.secrets.iter().find(|s| s.variables.iter().any(|v| v == variable))?;
    let path = format!("{}{}", seen.file.path.display(), seen.file.inside());
    let mut notes = Vec::new();
    let (mut severity, mut confidence) = (META.severity, Confidence::High);
    if seen.value == Value::Named {
        confidence = Confidence::Medium;
    }
    if let Some(why) = Standing::of(seen.file.path.as_bytes()).why_low() {
        (severity, confidence) = (Severity::Low, Confidence::Low);
        notes.push(why.to_owned());
    }
    Some(
        Finding::build(
            &META,
            origin,
            format!(
                "{variable} gets {} where it is not set ({}), but the contract requires it at runtime ({})",
                seen.value.as_str(),
                seen.form.name,
                secret.handle
            ),
        )
        .severity(severity)
        .confidence(confidence)
        .fix(format!("{} {}", META.fix, seen.form.fix.replace("NAME", variable)))
        .notes(notes)
        .named(context.key, &[&path, variable]),
    )
}

impl Check<Build<'_>> for SilentFallback {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn is_requested(&self, context: &Context<'_>) -> bool {
        is_watched(context.secrets)
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        for seen in &build.context.facts.fallbacks {
            let file = usize::try_from(seen.file.ordinal).unwrap_or(usize::MAX);
            let inside = Some(seen.file.inside().to_owned()).filter(|i| !i.is_empty());
            let origin = Origin { place: seen.place.clone(), inside, ..build.context.origin(file) };
            answers.findings.extend(finding(context, seen, origin));
        }
    }
}

/// What a script in a command does where a variable is not set, if it gives it a default: `${NAME:-…}`. The reader of
/// task definitions leaves the default itself out.
fn default_in(word: &str, variable: &str) -> Option<Value> {
    let opening = format!("${{{variable}");
    word.match_indices(&opening).find_map(|(at, _)| {
        let tail = word.get(at + opening.len()..)?;
        let rest = [":-", ":=", "-", "="].iter().find_map(|operator| tail.strip_prefix(operator))?;
        Some(if rest.starts_with('}') { Value::Empty } else { Value::Literal })
    })
}

impl Check<Wiring<'_>> for SilentFallback {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn is_requested(&self, context: &Context<'_>) -> bool {
        is_watched(context.secrets)
    }

    fn applies(&self, wiring: &Wiring<'_>, context: &Context<'_>) -> Applies {
        let has_command = || wiring.commands().any(|(.., command)| command.is_kept());
        let has_command = || has_command() || wiring.unseen_commands().next().is_some();
        if is_watched(context.secrets) && has_command() { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        for (origin, what, reason) in wiring.unseen_commands() {
            answers.not_checked.push(NotChecked::new(origin, what, reason, vec![META.id]));
        }
        for (family, container, origin, command) in wiring.commands() {
            let required = context.secrets.iter().filter(|s| s.required);
            for (secret, variable) in required.flat_map(|s| s.variables.iter().map(move |v| (s, v))) {
                let Some(value) = command.words().find_map(|w| default_in(w, variable)) else { continue };
                let message = format!(
                    "{variable} gets {} where it is not set (the command of the container {container} of the task \
                     {family}), but the contract requires it at runtime ({})",
                    value.as_str(),
                    secret.handle
                );
                answers.findings.push(
                    Finding::build(&META, origin.clone(), message)
                        .fix(format!("{} Write `${{{variable}:?}}`, or leave the default out.", META.fix))
                        .named(context.key, &[&family, &container, variable]),
                );
            }
        }
    }
}

impl Check<Examined> for SilentFallback {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn is_requested(&self, context: &Context<'_>) -> bool {
        is_watched(context.secrets)
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            for (at, view) in image.layers.iter().enumerate() {
                let Some(facts) = &view.facts else { continue };
                // A layer that is listed again on top says all that there is to say.
                let again = |l: &LayerView| l.facts.as_ref().is_some_and(|f| Arc::ptr_eq(f, facts));
                if image.layers.iter().skip(at + 1).any(again) {
                    continue;
                }
                for seen in &facts.fallbacks {
                    let origin = image.file(view, &seen.file, seen.place.clone());
                    // What no program can read any more gives no default.
                    if origin.state == Some(FileState::Final) {
                        answers.findings.extend(finding(context, seen, origin));
                    }
                }
            }
        }
    }
}
