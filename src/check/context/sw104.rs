//! SW104: an exception of the ignore file brings back more than it seems to.

use crate::check::dockerfile::build::Build;
use crate::check::dockerfile::path_from;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, NotChecked, Reads, Severity, hidden};
use seaworthy_context::IgnoreException;
use seaworthy_source::{Origin, OriginKind, Place, Position, escape_bytes};

/// SW104.
pub struct ExceptionTooWide;

const META: CheckMeta = CheckMeta {
    id: "SW104",
    name: "exception-too-wide",
    summary: "An exception of the ignore file makes a narrower one without effect, or brings back a secret file.",
    why: "A builder takes the last pattern that matches a file or a directory above it. `!docs` therefore sends all of `docs`, whatever a later `!docs/ok/**` seems to restrict.",
    fix: "Remove the wider exception: builders enter an excluded directory for the sake of an exception below it, so `!docs/ok/**` needs no `!docs`.",
    example: Example {
        fails: hidden!(
            r#"# .dockerignore: the first exception makes the second one without effect
**
!docs
!docs/ok/**"#
        ),
        mended: r#"# .dockerignore
**
!docs/ok/**"#,
        silent: "An exception whose files are excluded again by a later line.",
    },
    severity: Severity::Low,
    reads: &[Reads::Context],
    tags: &["CWE-538"],
};

/// Secret files that are asked which exception brings them back.
const MAX_FILES: usize = 64;

/// Exceptions of one ignore file that are compared with each other.
const MAX_EXCEPTIONS: usize = 1_000;

impl Check<Build<'_>> for ExceptionTooWide {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let Some(file) = &build.context.files.ignore_file else { return };
        let given = escape_bytes(std::os::unix::ffi::OsStrExt::as_bytes(file.as_os_str()));
        let path = escape_bytes(path_from(&build.context.files.root, file).as_bytes());
        let (exceptions, files) =
            (build.context.rules.exception_count(), build.context.facts.secret_files.len());
        let too_many = [("exceptions", exceptions, MAX_EXCEPTIONS), ("secret files", files, MAX_FILES)];
        for (what, count, most) in too_many.into_iter().filter(|(_, count, most)| count > most) {
            let origin =
                Origin { path: Some(path.clone()), ..Origin::new(OriginKind::Dockerfile, given.clone()) };
            let reason = format!("there are {count}, and {most} at most are compared with the ignore file");
            answers.not_checked.push(NotChecked::new(origin, what, reason, vec![META.id]));
        }
        if exceptions > MAX_EXCEPTIONS {
            return;
        }
        let finding = |exception: IgnoreException<'_>, about: &str, message: String, fix: String| {
            let position = Position { line: exception.line.max(1), column: 1 };
            let text = escape_bytes(exception.text);
            Finding::build(
                &META,
                Origin {
                    path: Some(path.clone()),
                    place: Place::Text { position, offset: 0 },
                    ..Origin::new(OriginKind::Dockerfile, given.clone())
                },
                message,
            )
            .fix(fix)
            .named(context.key, &[&path, &text, about])
        };
        let shown = |exception: &IgnoreException<'_>| format!("`!{}`", escape_bytes(exception.text));
        for (wide, narrow) in build.context.rules.overshadowed_exceptions() {
            let message = format!(
                "{} brings back the whole directory, so that {} on line {} has no effect",
                shown(&wide),
                shown(&narrow),
                narrow.line
            );
            let fix = format!(
                "Remove {} on line {}: {} alone is enough, since builders enter an excluded directory for the sake \
                 of an exception below it.",
                shown(&wide),
                wide.line,
                shown(&narrow)
            );
            answers.findings.push(finding(wide, "narrower", message, fix));
        }
        for seen in build.context.facts.secret_files.iter().take(MAX_FILES) {
            let Some(exception) = build.context.rules.brought_back_by(seen.file.path.as_bytes()) else {
                continue;
            };
            let secret = seen.file.path.display();
            let message = format!("{} brings back {secret}: {}", shown(&exception), seen.kind.what);
            let fix = format!("Add the line `{secret}` after {}.", shown(&exception));
            answers.findings.push(finding(exception, &secret, message, fix));
        }
    }
}
