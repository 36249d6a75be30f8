//! SW202: secret in an ENV.

use super::literal::severity;
use super::sw201::{in_value, message, name_for};
use super::{FindingDraft, Findings, advice, quoted};
use crate::check::dockerfile::build::Build;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_dockerfile::Kind;

/// SW202.
pub struct SecretInEnv;

const META: CheckMeta = CheckMeta {
    id: "SW202",
    name: "secret-in-env",
    summary: "An ENV's value is a secret, or a literal that is no placeholder under a secret's name; `${X:-literal}` counts.",
    why: "ENV goes into the image config: everybody who can pull the image reads it, every process in every container has it, and a container whose injection failed starts with it.",
    fix: "Remove the variable from the Dockerfile and inject it when the container starts.",
    example: Example {
        fails: hidden!("ENV DB_PASSWORD=tR7uK2mQx9Wd"),
        mended: r#"# the value is in a file that the container gets when it starts
ENV DB_PASSWORD_FILE=/run/secrets/db"#,
        silent: "Empty values, placeholders, references to other variables, file paths under names such as DB_PASSWORD_FILE, public keys.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-798", "CWE-526"],
};

impl Check<Build<'_>> for SecretInEnv {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let mut findings = Findings::new(&META, context, recipe);
        for (number, instruction) in recipe.dockerfile.instructions.iter().enumerate() {
            let Kind::Env(pairs) = &instruction.innermost().kind else { continue };
            for pair in pairs {
                let name = pair.key.trim_matches(['"', '\'']);
                for (secret, span) in in_value(context, recipe, number, name, &pair.value, META.id, answers) {
                    let own = name_for(name, &secret);
                    let build_step = match advice::first_user(recipe, number, name) {
                        Some(_) => format!(
                            "; for the build, {}",
                            advice::for_variable(context, recipe, number, &own)
                        ),
                        None => format!(
                            ". If a build step needs it: {}, built with {}",
                            advice::run_line(context, None, &advice::env_mount(&own), None),
                            advice::build_option(&own)
                        ),
                    };
                    let said = FindingDraft {
                        instruction: number,
                        span,
                        subject: name,
                        severity: severity(&secret, name, false),
                        message: message(&secret, name, "the environment variable"),
                        fix: format!(
                            "Remove {} from ENV and give it to the container when it starts: {}{build_step}.",
                            quoted(name),
                            advice::at_start(context)
                        ),
                    };
                    answers.findings.push(findings.make(said, Some(secret)));
                }
            }
        }
    }
}
