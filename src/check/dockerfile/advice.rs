//! What to write instead: lines that are ready to paste.

use super::literal::literals;
use crate::check::dockerfile::build::{Recipe, Run};
use crate::check::text::looks_random;
use crate::check::{Context, Masker};
use seaworthy_dockerfile::Text;
use seaworthy_source::Span;

/// How a running container gets a secret, as the contract's profile allows it.
pub(super) fn at_start(context: &Context<'_>) -> &'static str {
    match context.forbids_task_secrets {
        true => "by a program that reads the parameter store with the task role",
        false => "`docker run --env-file`, or `secrets` of a task definition or of Kubernetes",
    }
}

/// The longest command that is repeated, in bytes.
const LONGEST: usize = 160;

/// The identity of the secret that takes a variable's place.
pub(in crate::check) fn identity(variable: &str) -> String {
    let id: String =
        variable
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c.to_ascii_lowercase() } else { '_' }
            })
            .collect();
    if id.is_empty() { "secret".to_owned() } else { id }
}

/// `--mount=…` for a secret that arrives as a variable.
pub(super) fn env_mount(variable: &str) -> String {
    format!("--mount=type=secret,id={},env={variable}", identity(variable))
}

/// The `docker build` option that hands over a variable's value.
pub(super) fn build_option(variable: &str) -> String {
    format!("`docker build --secret id={},env={variable} .`", identity(variable))
}

/// A `RUN` with a mount before its command. The command is repeated if it is one short line without a secret;
/// `instead` puts a variable in the place of a secret first.
pub(super) fn run_line(
    context: &Context<'_>,
    run: Option<&Run<'_>>,
    mount: &str,
    instead: Option<(Span, String)>,
) -> String {
    let command = run.and_then(|run| command(context, run, instead)).unwrap_or_else(|| "…".to_owned());
    format!("`RUN {mount} {command}`")
}

fn command(context: &Context<'_>, run: &Run<'_>, instead: Option<(Span, String)>) -> Option<String> {
    let text: &Text = run.text.as_ref()?;
    let one_line = !text.trim_end().contains('\n') && text.len() <= LONGEST;
    if !one_line {
        return None;
    }
    // Only where the text stands in the file without a gap can an offset be found again.
    let plain = text.span().len() == text.len();
    let found = literals(context, &run.script, run.text.as_ref());
    let masker = Masker::new(context.rules);
    match instead {
        None if found.is_empty() && is_harmless(text) && masker.mask(text) == text.as_str() => {
            Some(text.trim().to_owned())
        }
        Some((span, variable)) if plain && found.len() == 1 => {
            let start = span.start.checked_sub(text.span().start)?;
            let end = span.end.checked_sub(text.span().start)?;
            let out = format!("{}{variable}{}", text.get(..start)?, text.get(end..)?);
            // The same secret may stand there once more, and another value beside it.
            let is_plain = !out.contains(text.get(start..end)?) && !looks_random(&out);
            (is_plain && masker.mask(&out) == out).then(|| out.trim().to_owned())
        }
        _ => None,
    }
}

/// Whether a command certainly holds no secret of any form: lower-case words, options that take no password, variables.
fn is_harmless(command: &str) -> bool {
    const TAKES_ONE: &[&str] = &["-p", "-u", "-w", "-a", "-k", "-s", "-t", "-x", "-n", "-b", "-h"];
    const NAMES_ONE: &[&str] = &["pass", "pw", "tok", "secret", "key", "user", "auth", "cred", "login"];
    let plain = |word: &str| {
        let variable = word.trim_matches('"').strip_prefix('$');
        variable.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "_{}".contains(c)))
            || word.chars().all(|c| c.is_ascii_lowercase() || "./&;@:=-_".contains(c))
            || word.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let words: Vec<&str> = command.split_ascii_whitespace().collect();
    let options = words.iter().filter(|word| word.starts_with('-')).map(|word| word.to_lowercase());
    let mut options = options.filter(|word| {
        TAKES_ONE.iter().any(|o| word.starts_with(o) && !word.starts_with("--"))
            || NAMES_ONE.iter().any(|o| word.contains(o))
    });
    options.next().is_none() && words.iter().all(|word| plain(word))
}

/// The first `RUN` after an instruction that names a variable.
pub(super) fn first_user<'r>(recipe: &'r Recipe<'_>, instruction: usize, name: &str) -> Option<&'r Run<'r>> {
    let mut later = recipe.runs.iter().filter(|r| r.instruction > instruction);
    later.find(|r| r.names.contains(name))
}

/// What to do about a secret that a variable holds: the mount for the `RUN` that needs it.
pub(super) fn for_variable(
    context: &Context<'_>,
    recipe: &Recipe<'_>,
    instruction: usize,
    name: &str,
) -> String {
    let next = || recipe.runs.iter().find(|r| r.instruction > instruction);
    let run = first_user(recipe, instruction, name).or_else(next);
    let line = run_line(context, run, &env_mount(name), None);
    format!("give it to the step that needs it with {line}, and build with {}", build_option(name))
}
