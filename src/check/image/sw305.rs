//! SW305: a variable that the contract injects at runtime has a default in the image.

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use crate::observe::Examined;
use seaworthy_source::JsonPointer;

/// SW305.
pub struct InjectedVariableHasDefault;

const META: CheckMeta = CheckMeta {
    id: "SW305",
    name: "injected-variable-has-default",
    summary: "A variable that the contract injects at runtime has a default in the image.",
    why: "When the injection fails, the container starts with the default instead of failing: with an empty password, a development key, or whatever was built in.",
    fix: "Remove the variable from the image, so that a missing secret stops the start.",
    example: Example {
        fails: hidden!(
            r#"# The contract injects DB_PASSWORD when the container starts; Config.Env has
"PATH=/usr/bin", "DB_PASSWORD=changeme""#
        ),
        mended: r#""PATH=/usr/bin", "DB_PASSWORD_FILE=/run/secrets/db", "DB_USER=app""#,
        silent: "Variables that no [[secrets]] of the contract names. Without a contract the check is not requested.",
    },
    severity: Severity::High,
    reads: &[Reads::Config],
    tags: &["CWE-1188", "CWE-636"],
};

impl Check<Examined> for InjectedVariableHasDefault {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn is_requested(&self, context: &Context<'_>) -> bool {
        !context.secrets.is_empty()
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            for (i, (name, value)) in crate::observe::environment(image).enumerate() {
                let Some(secret) = context.secrets.iter().find(|s| s.variables.iter().any(|v| v == name))
                else {
                    continue;
                };
                let default = if value.is_empty() { "an empty default" } else { "a default" };
                answers.findings.push(
                    Finding::build(
                        &META,
                        image.config(JsonPointer::root().key("config").key("Env").index(i)),
                        format!(
                            "{name} has {default} in the image, but the contract injects it at runtime ({})",
                            secret.handle
                        ),
                    )
                    .named(context.key, &[name]),
                );
            }
        }
    }
}
