//! SW607: a task definition's command is no entrypoint of the contract, or an entrypoint is used by no task.

use super::task::{TaskContainer, TaskUses};
use crate::check::{Answers, Check, Context, examine_assignment, examine_text};
use crate::finding::{CheckMeta, Example, Finding, NotChecked, Reads, Severity, hidden};
use crate::observe::entrypoint::Entrypoint;
use seaworthy_source::escape_bytes;

/// SW607.
pub struct CommandNotInMatrix;

const META: CheckMeta = CheckMeta {
    id: "SW607",
    name: "task-command-not-in-matrix",
    summary: "A task definition's command is no entrypoint of the contract, or an entrypoint of the contract is used by no task.",
    why: "What was checked are the contract's entrypoints. A task that starts the image in another way was not checked, and may not start at all.",
    fix: "Let the task run an entrypoint of the contract, or add its command to the contract's [[entrypoints]].",
    example: Example {
        fails: hidden!(
            r#"# the task definition's command; the contract's entrypoint knows --profile
"--prof""#
        ),
        mended: r#""--profile""#,
        silent: "Commands through a shell that ends in an entrypoint of the contract. Without a source of task definitions the check is not requested.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws, Reads::Entrypoints],
    tags: &[],
};

impl Check<TaskUses<'_>> for CommandNotInMatrix {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, tasks: &TaskUses<'_>, context: &Context<'_>, answers: &mut Answers) {
        answers.not_checked.extend(tasks.gaps(META.id));
        let mut used = vec![false; tasks.entrypoints.len()];
        let mut is_complete = tasks.not_seen.is_empty();
        for container in tasks.own() {
            let words = match words(tasks, container) {
                Ok(words) => words,
                Err(reason) => {
                    is_complete = false;
                    let what = format!("command of {}", container.shown());
                    answers.not_checked.push(NotChecked::new(
                        container.origin.clone(),
                        what,
                        reason,
                        vec![META.id],
                    ));
                    continue;
                }
            };
            let uses: Vec<Use> = tasks.entrypoints.iter().map(|e| runs(tasks, e, &words)).collect();
            let matching: Vec<usize> = (0..uses.len()).filter(|i| uses[*i] >= Use::NoArguments).collect();
            for index in &matching {
                used[*index] = true;
            }
            if let Some(reason) = elsewhere(tasks, container, &matching) {
                answers.not_checked.push(NotChecked::new(
                    container.origin.clone(),
                    format!("what the command of {} runs", container.shown()),
                    escape_bytes(reason.as_bytes()),
                    vec![META.id],
                ));
            }
            // Its row is used; whether it can start with what it is given is another question.
            if let Some(Use::NoArguments) = uses.iter().max()
                && let Some(entrypoint) = matching.first().map(|i| &tasks.entrypoints[*i])
            {
                let reason = format!(
                    "the task gives {} no arguments, and it needs {}; they may be given when it is started: say so with `args_at_start = true`",
                    entrypoint.handle,
                    entrypoint.required_args.join(", ")
                );
                answers.not_checked.push(NotChecked::new(
                    container.origin.clone(),
                    format!("command of {}", container.shown()),
                    escape_bytes(reason.as_bytes()),
                    vec![META.id],
                ));
            }
            if matching.is_empty() {
                let shown = shown(&words, context);
                let message =
                    format!("{} runs `{shown}`, which is no entrypoint of the contract", container.shown());
                let place = [container.family.as_str(), &container.name, &shown];
                answers.findings.push(
                    Finding::build(&META, container.origin.clone(), message).named(context.key, &place),
                );
            }
        }
        // What could not be seen may use it.
        if !is_complete {
            return;
        }
        for (entrypoint, _) in
            tasks.entrypoints.iter().zip(&used).filter(|(e, used)| !**used && e.unused.is_none())
        {
            let message = format!(
                "no task definition runs the entrypoint {} (`{}`), which the contract has on line {}",
                entrypoint.handle,
                entrypoint.shown(),
                entrypoint.position.line
            );
            let place = ["unused", entrypoint.handle.as_str(), &entrypoint.shown()];
            answers.findings.push(
                Finding::build(&META, tasks.provenance.clone(), message)
                    .fix("Add the task, or say in the entrypoint's `unused` why no task runs it.".to_owned())
                    .severity(Severity::Medium)
                    .named(context.key, &place),
            );
        }
    }
}

/// Why a task's command may run something else than the contract's entrypoint, which was judged in the image as it is.
fn elsewhere(tasks: &TaskUses<'_>, container: &TaskContainer, matching: &[usize]) -> Option<String> {
    let of_row = || matching.iter().filter_map(|i| tasks.entrypoints.get(*i));
    let handle = of_row().next()?.handle.as_str();
    if let Some(name) = container.deciding.first() {
        return Some(format!(
            "the task sets {name}, and the entrypoint {handle} was judged with the image's own"
        ));
    }
    if let Some(reason) = as_another_user(tasks, container, &of_row().collect::<Vec<_>>()) {
        return Some(reason);
    }
    let directory = container.command.directory.as_deref()?;
    let is_it = |e: &Entrypoint| e.working_dir.as_deref() == Some(directory);
    // What has absolute paths alone runs the same from everywhere.
    let is_free = |e: &Entrypoint| e.command.len() == 1 && e.command.iter().all(|w| w.starts_with('/'));
    let is_known = of_row().any(|e| is_it(e) || is_free(e)) || tasks.own_directory == Some(directory);
    (!is_known).then(|| {
        format!("the task starts in {directory}: say so in the entrypoint {handle}, with `working_dir = \"{directory}\"`")
    })
}

/// Why a task's command may run as another user than the one that the entrypoint was judged for.
fn as_another_user(tasks: &TaskUses<'_>, container: &TaskContainer, rows: &[&Entrypoint]) -> Option<String> {
    let handle = rows.first()?.handle.as_str();
    let given = match &container.command.user {
        Some(None) => {
            return Some("which user the task runs it as is known only when it is deployed".to_owned());
        }
        Some(Some(user)) => Some(user.as_str()),
        None => tasks.own_user,
    };
    // What neither the task nor the contract changes is the image's own.
    let is_untouched = container.command.user.is_none() && rows.iter().any(|e| e.user.is_none());
    let judged = |e: &&Entrypoint| given.is_some() && e.user.as_deref().or(tasks.own_user) == given;
    if is_untouched || rows.iter().any(judged) {
        return None;
    }
    Some(match given.filter(|user| !user.is_empty()) {
        Some(user) => format!(
            "the task runs it as the user {user}: say so in the entrypoint {handle}, with `user = \"{user}\"`"
        ),
        None => format!(
            "the task runs it as the image's own user, and the entrypoint {handle} was judged for another"
        ),
    })
}

/// The words that a container runs: its `entryPoint`, else the image's, then its `command`.
fn words(tasks: &TaskUses<'_>, container: &TaskContainer) -> Result<Vec<String>, String> {
    let known = |words: &[Option<String>]| -> Result<Vec<String>, String> {
        let all: Option<Vec<String>> = words.iter().cloned().collect();
        all.ok_or_else(|| "a word of it is known only when it is deployed".to_owned())
    };
    if let Some(reason) = &container.command.gap {
        return Err(reason.clone());
    }
    let mut words = match &container.command.entry_point {
        Some(own) => known(own)?,
        None => match tasks.own_entrypoint {
            Some(own) => own.to_vec(),
            None => return Err("the image's own ENTRYPOINT, which it begins with, is not known".to_owned()),
        },
    };
    words.extend(known(container.command.arguments.as_deref().unwrap_or_default())?);
    if words.is_empty() {
        return Err(
            "neither the task nor the image says what is run; the image's CMD is not compared".to_owned()
        );
    }
    Ok(words)
}

/// How words use an entrypoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// They do not.
    No,
    /// They run it without the arguments that it must be given.
    NoArguments,
    Yes,
}

/// How words use an entrypoint: they begin with its command, and what follows are the options that the contract gives
/// it.
fn runs(tasks: &TaskUses<'_>, entrypoint: &Entrypoint, words: &[String]) -> Use {
    let own: Vec<String> = match entrypoint.command.first().is_some_and(|w| w.starts_with('-')) {
        true => tasks.own_entrypoint.unwrap_or_default().iter().chain(&entrypoint.command).cloned().collect(),
        false => entrypoint.command.clone(),
    };
    if let Some(rest) = words.strip_prefix(own.as_slice()) {
        return takes(entrypoint, rest);
    }
    // `sh -c "exec python3 -m app"`: what the shell runs in the end.
    let script = match words {
        [shell, flag, script, ..] if is_shell(shell) && flag.starts_with('-') && flag.ends_with('c') => {
            script
        }
        _ => return Use::No,
    };
    let Some(last) = last_of(script) else { return Use::No };
    let inner: Vec<String> =
        last.split_whitespace().map(|w| w.trim_matches(['"', '\'']).to_owned()).collect();
    inner.strip_prefix(own.as_slice()).map_or(Use::No, |rest| takes(entrypoint, rest))
}

/// The command of a shell's script whose end is the script's; nothing if something else may decide it: what comes
/// before or after `||`, a pipe, the background.
fn last_of(script: &str) -> Option<&str> {
    let list = script.rsplit([';', '\n']).map(str::trim).find(|c| !c.is_empty())?;
    let (chain, otherwise) = list.split_once("||").map_or((list, None), |(a, b)| (a, Some(b.trim())));
    // `|| exit 1` fails as the program does.
    let keeps = |other: &str| other.starts_with("exit") && other != "exit 0" && !other.contains("||");
    if otherwise.is_some_and(|other| !keeps(other)) {
        return None;
    }
    let last = chain.rsplit("&&").next()?.trim();
    let last = last.strip_prefix("exec ").unwrap_or(last);
    (!last.contains(['|', '&'])).then_some(last)
}

fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next().unwrap_or_default(), "sh" | "bash" | "dash" | "ash")
}

/// Whether the options among some words are those of the contract, and the required ones are there with their values.
fn takes(entrypoint: &Entrypoint, rest: &[String]) -> Use {
    if rest.is_empty() {
        let is_whole = entrypoint.required_args.is_empty() || entrypoint.args_at_start;
        return if is_whole { Use::Yes } else { Use::NoArguments };
    }
    let is_number = |word: &str| word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let is_option = |word: &String| word.starts_with('-') && word.len() > 1 && !is_number(word);
    let name = |w: &String| w.split('=').next().unwrap_or_default().to_owned();
    let given: Vec<String> = rest.iter().filter(|w| is_option(w)).map(name).collect();
    let known = |option: &String| {
        entrypoint.required_args.iter().chain(&entrypoint.optional_args).any(|o| o == option)
    };
    // `--profile` as the last word, or before another option, has no value.
    let has_value = |option: &String| {
        rest.iter().enumerate().any(|(i, word)| match word.split_once('=') {
            Some((name, value)) => name == option && !value.is_empty(),
            None => {
                word == option && rest.get(i + 1).is_some_and(|next| !next.is_empty() && !is_option(next))
            }
        })
    };
    let mut required = entrypoint.required_args.iter().filter(|o| o.starts_with('-'));
    if given.iter().all(known) && required.all(has_value) { Use::Yes } else { Use::No }
}

/// Words as a report names them: secrets among them, by their form or by the name of their option, are left out.
fn shown(words: &[String], context: &Context<'_>) -> String {
    const MAX_CHARS: usize = 120;
    const HIDDEN: &str = "***";
    let mut shown: Vec<String> = Vec::new();
    let mut option: Option<&str> = None;
    for word in words {
        let is_secret = |name: &str, value: &str| {
            let name = name.trim_start_matches('-');
            !examine_assignment(context, name, value).is_empty()
        };
        shown.push(match (word.split_once('='), option) {
            (Some((name, value)), _) if is_secret(name, value) => format!("{name}={HIDDEN}"),
            (None, Some(name)) if !word.starts_with('-') && is_secret(name, word) => HIDDEN.to_owned(),
            _ if !examine_text(context, word).is_empty() => HIDDEN.to_owned(),
            _ => word.clone(),
        });
        option = Some(word.as_str()).filter(|w| w.starts_with('-'));
    }
    let mut text = shown.join(" ");
    if let Some(at) = text.char_indices().nth(MAX_CHARS).map(|(i, _)| i) {
        text.truncate(at);
        text.push('…');
    }
    escape_bytes(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::Position;

    fn use_of(words: &[&str], args_at_start: bool) -> Use {
        let own = |all: &[&str]| all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let entrypoint = Entrypoint {
            position: Position { line: 1, column: 1 },
            handle: "A".to_owned(),
            command: own(&["app"]),
            required_args: own(&["--profile"]),
            optional_args: own(&["--once"]),
            working_dir: None,
            user: None,
            dry_run: None,
            fixtures: None,
            args_at_start,
            unused: None,
        };
        takes(&entrypoint, &own(words))
    }

    #[test]
    fn the_end_of_a_script_is_its_programs() {
        for (script, last) in [
            ("set -e; exec python3 -m a --profile x", Some("python3 -m a --profile x")),
            ("[ -n \"$A\" ] || exit 1; cd /srv && python3 -m a", Some("python3 -m a")),
            ("python3 -m a || exit 3", Some("python3 -m a")),
            ("python3 -m a || true", None),
            ("python3 -m a || exit 0", None),
            ("true || python3 -m a", None),
            ("python3 -m a | tee log", None),
            ("python3 -m a &", None),
        ] {
            assert_eq!(last_of(script), last, "{script}");
        }
    }

    #[test]
    fn required_options_have_values() {
        for (words, expected) in [
            (&["--profile", "x"][..], Use::Yes),
            (&["--profile=x", "--once"], Use::Yes),
            (&["--once", "--profile", "-1"], Use::Yes),
            (&["--profile"], Use::No),
            (&["--profile="], Use::No),
            (&["--profile", "--once"], Use::No),
            (&["--once"], Use::No),
            (&["--profile", "x", "--other"], Use::No),
            (&[], Use::NoArguments),
        ] {
            assert_eq!(use_of(words, false), expected, "{words:?}");
        }
        assert_eq!(use_of(&[], true), Use::Yes);
    }
}
