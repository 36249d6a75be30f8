//! SW304: secret in the config's environment defaults.

use super::metadata::{Seen, add, text_finding};
use crate::check::{Answers, Check, Context, examine_assignment, examine_text};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use crate::observe::Examined;
use seaworthy_source::JsonPointer;

/// SW304.
pub struct SecretInEnvironment;

const META: CheckMeta = CheckMeta {
    id: "SW304",
    name: "secret-in-environment",
    summary: "The image's default environment holds a secret.",
    why: "Every container of the image starts with it, every process and crash report in them shows it, and `docker inspect` prints it without starting anything.",
    fix: "Remove the ENV and inject the variable at runtime, from a parameter store or a secret manager.",
    example: Example {
        fails: hidden!(
            r#"# docker inspect: Config.Env
"PATH=/usr/bin", "DB_PASSWORD=vR7kPq2ZtX9mWc4L""#
        ),
        mended: r#"# docker inspect: Config.Env
"DB_PASSWORD_FILE=/run/secrets/db""#,
        silent: "Public values under such names, as the GPG_KEY of the Python image.",
    },
    severity: Severity::High,
    reads: &[Reads::Config],
    tags: &["CWE-798", "CWE-526"],
};

impl Check<Examined> for SecretInEnvironment {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            let mut seen = Seen::new();
            let list = image.image.config.value.pointer("/config/Env").filter(|v| !v.is_null());
            if list.is_some_and(|v| {
                !v.as_array().is_some_and(|items| items.iter().all(serde_json::Value::is_string))
            }) {
                answers.not_checked.push(NotChecked::new(
                    image.config(JsonPointer::root().key("config").key("Env")),
                    "default environment",
                    "it is not a list of texts",
                    vec![META.id],
                ));
            }
            for (i, (name, value)) in crate::observe::environment(image).enumerate() {
                // A token may stand where the name should be, too.
                let found =
                    examine_assignment(context, name, value).into_iter().chain(examine_text(context, name));
                for secret in found {
                    let origin = image.config(JsonPointer::root().key("config").key("Env").index(i));
                    let sentence = "in the image's default environment";
                    let group = secret.mark.group;
                    let finding = text_finding(&META, context, secret, origin, &["env"], sentence);
                    add(answers, &mut seen, finding, group);
                }
            }
        }
    }
}
