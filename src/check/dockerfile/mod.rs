//! Questions about Dockerfiles: what a build would bake in, before it is done.

mod advice;
pub mod build;
mod copied;
mod flow;
mod keep_out;
mod literal;
mod path;
mod rendered;
mod script;
mod sw201;
mod sw202;
mod sw203;
mod sw204;
mod sw205;
mod sw206;
mod sw207;
mod sw208;
mod sw209;
mod usage;
mod variable;

pub(in crate::check) use advice::identity;
use build::{Build, Recipe};
pub(in crate::check) use keep_out::ignored_as;
pub(in crate::check) use literal::in_command;
pub use path::absolute;
pub(in crate::check) use path::path_from;

use super::{Check, Context, TextSecret};
use crate::finding::{CheckMeta, Finding, Fingerprint, Severity};
use seaworthy_source::{Span, escape_bytes};
use variable::SecretValues;

/// The checks on Dockerfiles.
pub const ALL: &[&dyn for<'a> Check<Build<'a>>] = &[
    &sw201::SecretInArg,
    &sw202::SecretInEnv,
    &sw203::SecretInRun,
    &sw204::SecretFileCopied,
    &sw205::SecretArgReachesRun,
    &sw206::SecretWritten,
    &sw207::SecretInInstruction,
    &sw208::SecretInHeredoc,
    &sw209::BaseNotPinned,
];

/// Makes findings of one check.
struct Findings<'a> {
    meta: &'static CheckMeta,
    context: &'a Context<'a>,
    recipe: &'a Recipe<'a>,
}

/// What a finding says, apart from what follows from the check and the place.
struct FindingDraft<'a> {
    /// The instruction.
    instruction: usize,
    /// Where.
    span: Span,
    /// The variable, path or the like that tells it from others of the instruction.
    subject: &'a str,
    /// How bad.
    severity: Severity,
    /// What was found.
    message: String,
    /// What to do instead.
    fix: String,
}

impl<'a> Findings<'a> {
    fn new(meta: &'static CheckMeta, context: &'a Context<'a>, recipe: &'a Recipe<'a>) -> Self {
        Self { meta, context, recipe }
    }

    /// The text with the names of secret variables in place of their values.
    fn without_values(&self, text: String) -> String {
        let values = self.recipe.secret_values.get_or_init(|| SecretValues::of(self.context, self.recipe));
        match values {
            Some(values) => values.taken_out(&text),
            None => text,
        }
    }

    /// A finding of a secret whose value the file holds, or of something else where there is none.
    fn make(&mut self, said: FindingDraft<'_>, secret: Option<TextSecret>) -> Finding {
        let recipe = self.recipe;
        let keyword = recipe.dockerfile.instructions.get(said.instruction).map_or("", |i| i.keyword.as_str());
        let detector = secret.as_ref().map(|s| s.detector.clone());
        let path = recipe.path.as_str();
        let stage = recipe.stage_name(said.instruction);
        let name = detector.as_deref().unwrap_or_default();
        let place = [path, &stage, keyword, said.subject];
        let mark = secret.as_ref().map(|s| &s.mark);
        let fingerprint = Fingerprint::new(self.context.key, self.meta.id, name, &place, mark);
        let rotate = secret.as_ref().map(|s| format!(" {}", s.rotate)).unwrap_or_default();
        let mut notes = secret.as_ref().map(|s| s.notes.clone()).unwrap_or_default();
        if recipe.role_of(said.instruction) == build::StageRole::Unused {
            notes.push(
                "the target does not need this stage; anyone who has the Dockerfile has the secret"
                    .to_owned(),
            );
        }
        Finding {
            check: self.meta.id,
            detector,
            severity: said.severity,
            confidence: secret.as_ref().map_or(crate::finding::Confidence::High, |s| s.confidence),
            message: self.without_values(said.message),
            fix: self.without_values(format!("{}{rotate}", said.fix)).into(),
            origin: recipe.origin(said.span),
            secret: secret.map(|s| s.mark.redacted),
            fingerprint,
            places: Vec::new(),
            notes,
        }
    }
}

/// A name from the file as a message may quote it.
fn quoted(name: &str) -> String {
    format!("`{}`", escape_bytes(name.as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
