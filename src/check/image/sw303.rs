//! SW303: secret in the config's history.

use super::metadata::{Seen, add, text_finding};
use crate::check::{Answers, Check, Context, examine_history};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use crate::observe::Examined;

/// SW303.
pub struct SecretInHistory;

const META: CheckMeta = CheckMeta {
    id: "SW303",
    name: "secret-in-history",
    summary: "The image history holds a secret.",
    why: "The history is part of the image config: `docker history --no-trunc` prints it for everybody who can pull the image, build arguments and heredocs included.",
    fix: "Use `RUN --mount=type=secret` in place of ARG, ENV or a literal in the command, and rebuild: the history of an existing image cannot be mended.",
    example: Example {
        fails: hidden!(
            r#"# docker history
ENV DB_PASSWORD=vR7kPq2ZtX9mWc4L"#
        ),
        mended: r#"# docker history
RUN --mount=type=secret,id=token /bin/sh -c TOKEN=$(cat /run/secrets/token) make # buildkit"#,
        silent: "Empty values, names without values (ARG GITHUB_TOKEN), and the commands of a secret mount.",
    },
    severity: Severity::High,
    reads: &[Reads::History, Reads::Config],
    tags: &["CWE-798", "CWE-214"],
};

impl Check<Examined> for SecretInHistory {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, examined: &Examined, context: &Context<'_>, answers: &mut Answers) {
        for image in &examined.images {
            // An ARG stands in the entry of every RUN after it: one finding, many places.
            let mut seen = Seen::new();
            for (i, entry) in image.image.history.iter().enumerate() {
                let fields = [
                    ("created_by", &entry.created_by),
                    ("comment", &entry.comment),
                    ("author", &entry.author),
                ];
                for (field, text) in fields {
                    for secret in examine_history(context, text) {
                        let (group, origin) = (secret.mark.group, image.history(i, field));
                        let place = ["history", field];
                        let finding =
                            text_finding(&META, context, secret, origin, &place, "in the image history");
                        add(answers, &mut seen, finding, group);
                    }
                }
            }
        }
    }
}
