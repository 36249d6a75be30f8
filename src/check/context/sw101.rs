//! SW101: a file kind made to hold secrets reaches the build context.

use super::{raised, reached, tracked};
use crate::check::dockerfile::build::Build;
use crate::check::dockerfile::{identity, ignored_as};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Fingerprint, Reads, Severity, hidden};
use crate::observe::SecretFileSighting;
use seaworthy_context::GitReach;

/// SW101.
pub struct SecretFileInContext;

const META: CheckMeta = CheckMeta {
    id: "SW101",
    name: "secret-file-in-context",
    summary: "A file of a kind that is made to hold secrets is in the build context.",
    why: "One `COPY .` puts it into the image, and builders keep what they are sent; a file that git tracks is in the repository's history too.",
    fix: "List the file in `.dockerignore`, and hand it to the step that needs it with `RUN --mount=type=secret,id=…,target=…`.",
    example: Example {
        fails: hidden!(
            r#"# The build context holds .npmrc with a registry token.
COPY package.json .npmrc ./
RUN npm ci && rm .npmrc"#
        ),
        mended: r#"# .npmrc holds no token: it may be sent.
registry=https://registry.npmjs.org/
save-exact=true"#,
        silent: "Files whose values are empty, placeholders, references such as ${TOKEN}, or encrypted (sops, ansible-vault, .env.vault); .env.example and its kin; public keys.",
    },
    severity: Severity::High,
    reads: &[Reads::ContextFiles, Reads::CopiedFiles],
    tags: &["CWE-538", "CWE-200"],
};

impl Check<Build<'_>> for SecretFileInContext {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let examined = &build.context;
        let surroundings = examined.surroundings();
        for SecretFileSighting { file: meta, kind, severity } in &examined.facts.secret_files {
            let file = usize::try_from(meta.ordinal).unwrap_or(usize::MAX);
            let (reachable, how) = reached(build, file);
            let (committed, git) = tracked(examined, file);
            let severity = if reachable { *severity } else { severity.lowered() };
            let severity = if committed.is_some() { raised(severity) } else { severity };
            let library = surroundings.sample_of(meta.path.as_bytes());
            let severity = if library.is_some() { Severity::Low } else { severity };
            let inside = Some(meta.inside().to_owned()).filter(|i| !i.is_empty());
            let origin = seaworthy_source::Origin { inside, ..examined.origin(file) };
            let path = origin.path.clone().unwrap_or_default();
            let origin_path = origin.whole_path().unwrap_or_default();
            let ignored = ignored_as(&path);
            let name = path.rsplit('/').next().unwrap_or_default();
            let id = identity(name.trim_start_matches('.'));
            let untrack = match committed {
                Some(GitReach::Staged) => format!(" Take it out of git's index: `git rm --cached {path}`."),
                Some(GitReach::Local) => format!(
                    " Take it out of git (`git rm --cached {path}`), and out of the history before the first push."
                ),
                Some(GitReach::Shared) => {
                    format!(" Take it out of git (`git rm --cached {path}`) and rotate what it holds.")
                }
                None => String::new(),
            };
            // What a COPY takes has its place in the image: the finding of that COPY tells how to mount it there.
            let mount = if ignored == path && !reachable {
                let source = if path.contains(' ') { format!("\"{path}\"") } else { path.clone() };
                format!(
                    " A step that needs it gets it with `RUN --mount=type=secret,id={id},target=/run/secrets/{id} …`, built with `docker build --secret id={id},src={source} .`."
                )
            } else {
                String::new()
            };
            let mut notes = Vec::new();
            if !git.is_empty() {
                notes.push(git);
            }
            notes.extend(library.map(|l| format!("it is a sample of the library {l}")));
            answers.findings.push(Finding {
                check: META.id,
                detector: None,
                severity,
                confidence: Confidence::High,
                message: format!("{} {how}", kind.what),
                fix: format!("Add the line `{ignored}` to the ignore file.{mount}{untrack}").into(),
                origin,
                secret: None,
                fingerprint: Fingerprint::new(context.key, META.id, kind.what, &[&origin_path], None),
                places: Vec::new(),
                notes,
            });
        }
    }
}
