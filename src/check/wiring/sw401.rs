//! SW401: a required parameter or secret does not exist.

use super::Wiring;
use super::ground::Ground;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::Seen;

/// SW401.
pub struct SecretMissing;

const META: CheckMeta = CheckMeta {
    id: "SW401",
    name: "secret-missing",
    summary: "A parameter or secret that the contract requires does not exist.",
    why: "The task cannot start without it, or worse, it starts with an empty value. A deploy is the wrong time to learn of it.",
    fix: "Create the parameter as a SecureString under the exact name of the contract, or correct the name there.",
    example: Example {
        fails: hidden!(
            r#"# seaworthy.toml asks for a parameter that neither the plan nor the account has
parameter = "/app/db""#
        ),
        mended: r#"# main.tf
resource "aws_ssm_parameter" "db_password" {
  name  = "/orders/prod/db/password"
  type  = "SecureString"
  value = var.db_password
}"#,
        silent: "Secrets with required = false.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-1188"],
};

impl Check<Wiring<'_>> for SecretMissing {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Secrets], answers);
        for target in wiring.targets().iter().filter(|t| t.secret.required) {
            let (noun, name, handle) = (target.noun(), target.name(), &target.secret.handle);
            match target.there() {
                Seen::Value(()) => {}
                Seen::NotSeen(gap) => answers.not_checked.push(wiring.not_checked(
                    &META,
                    wiring.nowhere(name),
                    format!("{noun} of {handle}"),
                    gap.to_string(),
                )),
                Seen::Absent => answers.findings.push(
                    Finding::build(
                        &META,
                        wiring.nowhere(name),
                        format!("the {noun} {name} does not exist, and {handle} is required"),
                    )
                    .named(context.key, &[name]),
                ),
            }
        }
    }
}
