//! Mistakes of the command line, and what was probably meant.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use seaworthy_source::escape_bytes;

/// Commands of other tools, and what does the same here.
const COMMANDS: [(&[&str], &str); 4] = [
    (
        &[
            "scan", "check", "lint", "analyze", "analyse", "inspect", "test", "run", "fs", "dir", "config",
            "protect",
        ],
        "use `seaworthy context` before the build or `seaworthy image REF` after it",
    ),
    (&["version"], "use `seaworthy --version`"),
    (
        &["list", "checks", "detectors"],
        "use `seaworthy explain` for the checks or `seaworthy rules list` for the detectors",
    ),
    (
        &["ignore", "allow", "suppress", "baseline", "waive"],
        "use `seaworthy accept FINGERPRINT --until DATE --reason TEXT`",
    ),
];

/// Options of other tools, and what does the same here.
const OPTIONS: [(&[&str], &str); 14] = [
    (
        &["--platform", "--arch", "--os"],
        "all platforms of an image are checked; to check one, name it by its digest: docker://HOST/NAME@sha256:…",
    ),
    (
        &["--severity", "--min-severity", "--level", "--threshold", "--fail-level", "--failure-threshold"],
        "use `--fail-on low|medium|high|critical`",
    ),
    (
        &["--format", "--output", "-o", "--output-format", "--json", "--sarif", "--out", "--output-file"],
        "use `--report FORMAT[=PATH]`, such as `--report json` or `--report sarif=seaworthy.sarif`",
    ),
    (&["--exit-code", "--soft-fail", "--no-fail"], "use `--exit-zero`: exit code 0 in place of 1"),
    (&["--no-color", "--no-colour", "--nocolor"], "use `--color never`, or set NO_COLOR"),
    (&["--colour"], "use `--color WHEN`"),
    (&["--config", "-c"], "use `--contract FILE`"),
    (
        &["--ignore", "--ignorefile", "--skip", "--exclude", "--allow", "--baseline", "--suppress"],
        "findings are accepted in the contract: `seaworthy accept FINGERPRINT --until DATE --reason TEXT`",
    ),
    (&["--dockerfile"], "use `-f DOCKERFILE`"),
    (&["--debug", "--trace", "--log-level"], "use `-v`, or `-vv` for offsets too"),
    (&["--silent"], "use `-q`"),
    (
        &["--force", "--overwrite", "--yes", "-y"],
        "no file of yours is overwritten: move it away; evidence is recorded anew with `--replace`",
    ),
    (
        &["--username", "--password", "--token", "--registry-token", "--auth"],
        "credentials are never options: log in with `docker login`, or set those of AWS in the environment",
    ),
    (
        &["--insecure", "--tls-verify"],
        "use `--plain-http` for a registry without TLS; certificates are always verified",
    ),
];

/// What to print for a command line that cannot be read, where that says more than the parser's own message.
pub(super) fn explain(error: &Error, args: &[OsString], command: &Command) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            let known = COMMANDS.iter().find(|(words, _)| words.contains(&word.as_str()));
            let hint =
                known.map_or_else(|| other_command(&word, typed(args, command).1), |(_, h)| (*h).to_owned());
            Some(format!("there is no command {}: {hint}", escape_bytes(word.as_bytes())))
        }
        ErrorKind::UnknownArgument => {
            let option = text(ContextKind::InvalidArg)?;
            let bare = option.split('=').next().unwrap_or_default();
            let (path, own) = typed(args, command);
            if !bare.starts_with('-') {
                return surplus(&option, &path, own);
            }
            let profile = if bare == "--profile" { profile_of(args) } else { None };
            let listed =
                || OPTIONS.iter().find(|(words, _)| words.contains(&bare)).map(|(_, h)| (*h).to_owned());
            let hint = profile.or_else(listed).unwrap_or_else(|| other_option(bare, &path, own, command));
            Some(format!("there is no option {}: {hint}", escape_bytes(bare.as_bytes())))
        }
        ErrorKind::TooManyValues => {
            let option = text(ContextKind::InvalidArg)?;
            Some(format!("{}: it takes no value", escape_bytes(option.trim_end_matches('.').as_bytes())))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let option = text(ContextKind::InvalidArg)?;
            let variable = from_environment(&option, args, command)?;
            Some(format!("{}\n(the value is that of the environment variable {variable})", first_line(error)))
        }
        _ => None,
    }
}

/// The command that was typed, as its words and as clap knows it.
fn typed<'c>(args: &[OsString], root: &'c Command) -> (String, &'c Command) {
    let (mut path, mut command) = (root.get_name().to_owned(), root);
    for word in args.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(found) = command.find_subcommand(word) {
            path = format!("{path} {word}");
            command = found;
        }
    }
    (path, command)
}

/// A command that is spelled alike, or where they are listed.
fn other_command(word: &str, command: &Command) -> String {
    let names = command.get_subcommands().filter(|c| !c.is_hide_set()).map(Command::get_name);
    match nearest(word, names, 1).first() {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`seaworthy --help` lists all".to_owned(),
    }
}

/// An option of the command that is spelled alike, a command that has it, or where the options are listed.
fn other_option(option: &str, path: &str, own: &Command, root: &Command) -> String {
    let long = |arg: &clap::Arg| arg.get_long().map(|l| format!("--{l}"));
    let is_shown = |arg: &&clap::Arg| !arg.is_hide_set();
    let known: Vec<String> = own
        .get_arguments()
        .chain(root.get_arguments().filter(|a| a.is_global_set()))
        .filter(is_shown)
        .filter_map(long)
        .collect();
    let written = option.replace('_', "-");
    let begun: Vec<&String> = known.iter().filter(|k| written.len() > 4 && k.starts_with(&written)).collect();
    let near = nearest(&written, known.iter().map(String::as_str), 1);
    if let Some(name) = begun.first().map(|n| n.as_str()).or(near.first().copied()) {
        return format!("did you mean `{name}`? `{path} --help` lists the options");
    }
    let has = |c: &&Command| c.get_arguments().filter(is_shown).filter_map(long).any(|l| l == written);
    let others: Vec<String> = root
        .get_subcommands()
        .filter(|c| !c.is_hide_set())
        .filter(has)
        .map(|c| format!("`{}`", c.get_name()))
        .collect();
    match others.as_slice() {
        [] => format!("`{path} --help` lists the options"),
        all => format!("it is an option of {}; `{path} --help` lists those of this command", all.join(", ")),
    }
}

/// A word too many.
fn surplus(word: &str, path: &str, own: &Command) -> Option<String> {
    let names: Vec<String> = own
        .get_positionals()
        .flat_map(|p| p.get_value_names().unwrap_or_default())
        .map(ToString::to_string)
        .collect();
    let takes = match names.as_slice() {
        [] => "no argument".to_owned(),
        names => format!("one {}", names.join(" and one ")),
    };
    let shown = escape_bytes(word.as_bytes());
    Some(format!("{shown}: `{path}` takes {takes}, and this is one more (`{path} --help`)"))
}

/// What `--profile` is called in the command that was typed.
fn profile_of(args: &[OsString]) -> Option<String> {
    let command = args.iter().skip(1).find_map(|word| word.to_str().filter(|w| !w.starts_with('-')))?;
    let hint = match command {
        "wiring" | "simulate" => {
            "name the profile of the AWS configuration with `--aws-profile NAME` (with --live)"
        }
        "gate" | "context" | "image" | "verify" | "audit" => {
            "the contract chooses the controls: set `profile = \"m1\"`, `\"image\"` or a file in seaworthy.toml"
        }
        "init" => {
            "it writes the profile that fits what it finds; change `profile` in the contract afterwards"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn first_line(error: &Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// The environment variable that an option's value came from, if it was not typed.
fn from_environment(option: &str, args: &[OsString], command: &Command) -> Option<String> {
    let long = option.split([' ', '=']).next()?.trim_start_matches('-');
    let all = std::iter::once(command).chain(command.get_subcommands());
    let arg =
        all.flat_map(Command::get_arguments).find(|a| a.get_long() == Some(long) && a.get_env().is_some())?;
    let short = arg.get_short().map(|s| format!("-{s}"));
    let typed = |word: &OsString| {
        let word = word.to_string_lossy();
        word == format!("--{long}")
            || word.starts_with(&format!("--{long}="))
            || short.as_deref().is_some_and(|s| word.starts_with(s) && !word.starts_with("--"))
    };
    let variable = arg.get_env()?;
    let is_set = std::env::var_os(variable).is_some();
    (is_set && !args.iter().any(typed)).then(|| variable.to_string_lossy().into_owned())
}

fn without_number(text: &str) -> String {
    let Some(at) = text.find(" (os error ") else { return text.to_owned() };
    let Some(end) = text.get(at..).and_then(|t| t.find(')')) else { return text.to_owned() };
    format!(
        "{}{}",
        text.get(..at).unwrap_or_default(),
        without_number(text.get(at + end + 1..).unwrap_or_default())
    )
}

/// A message as it is shown: system errors without their numbers, and for a path that does not exist a name beside it
/// that is spelled alike.
pub(super) fn plain(message: &str) -> String {
    const MISSING: &str = "No such file or directory";
    const TOLD: &str = "there is no such file";
    let lines = message.split('\n').map(|line| {
        let hint = line.find(MISSING).or_else(|| line.find(TOLD)).and_then(|at| {
            let head = line.get(..at)?;
            head.split(": ").filter(|p| !p.is_empty()).find_map(|p| similar(p.rsplit(' ').next()?))
        });
        let line = without_number(line).replace(MISSING, "no such file or directory");
        match hint {
            Some(path) => format!("{line}; did you mean {path}?"),
            None => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A path beside `path` that exists and is spelled alike, if `path` does not exist.
pub(super) fn similar(path: &str) -> Option<String> {
    let path = Path::new(path);
    let name = path.file_name()?.to_str()?;
    if path.exists() {
        return None;
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let entries = std::fs::read_dir(parent.unwrap_or(Path::new("."))).ok()?;
    let names: Vec<String> =
        entries.take(1_000).filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    let found = nearest(name, names.iter().map(String::as_str), 1).first().copied().map(str::to_owned)?;
    let found = parent.map_or_else(|| found.clone().into(), |p| p.join(&found));
    Some(escape_bytes(found.display().to_string().as_bytes()))
}

/// The names that are spelled most like `word`, best first, at most `count`: those that a slip of the hand explains.
pub(super) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>, count: usize) -> Vec<&'n str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let mut found: Vec<(usize, &str)> = names
        .map(|name| (distance(&word, &name.to_lowercase()), name))
        .filter(|(d, _)| *d <= allowed)
        .collect();
    found.sort();
    found.into_iter().take(count).map(|(_, name)| name).collect()
}

/// Edits between two words (optimal string alignment: a swap of neighbours is one).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(128).collect(), b.chars().take(128).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = rows[i][j] + usize::from(x != y);
            let mut best = change.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|r| r.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_hand_are_understood() {
        let names = ["runtime", "builder", "test"];
        assert_eq!(nearest("runtmie", names.into_iter(), 1), ["runtime"]);
        assert_eq!(nearest("Buidler", names.into_iter(), 1), ["builder"]);
        assert!(nearest("other", names.into_iter(), 1).is_empty());
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn system_errors_lose_their_numbers() {
        assert_eq!(plain("x: Permission denied (os error 13)"), "x: Permission denied");
        assert_eq!(
            plain("/no/such/place: No such file or directory (os error 2)"),
            "/no/such/place: no such file or directory"
        );
        assert_eq!(plain("a (os error 1"), "a (os error 1");
    }
}
