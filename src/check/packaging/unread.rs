//! Steps of a build that cannot be seen into, and may print or hand on a secret.

use super::tool;

/// Owners of actions that are known to print no input and to hand none to a build, but for those that are read.
const KNOWN_OWNERS: [&str; 6] = ["actions/", "docker/", "aws-actions/", "github/", "hashicorp/", "sigstore/"];

/// Whether it is known what an action does with a secret that it is given.
pub(super) fn is_known_action(action: &str) -> bool {
    // This one runs the program text that it is given.
    action != "actions/github-script" && KNOWN_OWNERS.iter().any(|owner| action.starts_with(owner))
}

/// Programs that run the program text or the file in their arguments.
const INTERPRETERS: [&str; 9] = ["python", "python3", "node", "ruby", "perl", "php", "deno", "bun", "pwsh"];

/// Whether a program runs the program text in its arguments.
pub(super) fn is_interpreter(name: &str) -> bool {
    INTERPRETERS.contains(&name)
}

/// The file with the program that an interpreter is told to run.
pub(super) fn file_of(arguments: &[String]) -> Option<&String> {
    let is_file = |a: &&String| {
        [".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".ps1"].iter().any(|end| a.ends_with(end))
    };
    let is_text = arguments.iter().any(|a| matches!(a.as_str(), "-c" | "-e" | "-m" | "--eval"));
    arguments.iter().find(|a| !a.starts_with('-')).filter(is_file).filter(|_| !is_text)
}

/// Modules of Python that install, and print no variable.
const MODULES: [&str; 4] = ["pip", "venv", "ensurepip", "build"];

/// Where a system's own programs are.
const SYSTEM: [&str; 3] = ["/usr/", "/bin/", "/sbin/"];

/// Package managers' verbs that install or publish, and print no variable.
const INSTALLS: [&str; 8] = ["ci", "i", "install", "add", "publish", "audit", "--version", "-v"];

/// What a command runs that cannot be seen into: a script, a target of a build tool, a program that is known only when
/// it runs. `words` have their variables put in; `named` are as they are written, for the report.
pub(super) fn program(words: &[String], named: &[String], tools: &[String]) -> Option<String> {
    let (program, arguments) = tool::without_wrappers(words).split_first()?;
    let shown = || tool::without_wrappers(named).first().cloned().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    if program.starts_with(['$', '`']) {
        return Some(shown());
    }
    let is_dynamic = |a: &String| a.contains('$') || a.contains('`');
    match name {
        "npm" | "yarn" if arguments.first().is_some_and(|a| INSTALLS.contains(&a.as_str())) => return None,
        // What it puts in, its template says.
        "envsubst" => return Some("envsubst".to_owned()),
        "eval" => return arguments.iter().any(is_dynamic).then(|| "eval".to_owned()),
        "bash" | "sh" if arguments.iter().all(|a| a.starts_with('-')) => {
            return (!arguments.iter().any(|a| a == "--version")).then(|| format!("{name} with its input"));
        }
        _ if INTERPRETERS.contains(&name) => {
            let module = match arguments {
                [] => true,
                [option, ..] if matches!(option.as_str(), "-V" | "--version" | "-v") => true,
                [option, module, ..] => option == "-m" && MODULES.contains(&module.as_str()),
                _ => false,
            };
            let file = arguments.iter().find(|a| !a.starts_with('-'));
            let is_text = arguments.iter().any(|a| matches!(a.as_str(), "-c" | "-e"));
            let what = if is_text { None } else { file };
            return (!module).then(|| what.map_or_else(|| name.to_owned(), |f| format!("{name} {f}")));
        }
        _ => {}
    }
    match tool::used(words, false, tools).into_iter().next() {
        Some(tool::Use::Opaque(what)) => Some(what),
        Some(tool::Use::Act { .. }) => None,
        None => (program.contains('/') && !SYSTEM.iter().any(|directory| program.starts_with(directory)))
            .then(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(text: &str) -> Option<String> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        program(&words, &words, &[])
    }

    #[test]
    fn what_cannot_be_seen_into() {
        for (text, what) in [
            ("./build.sh", "./build.sh"),
            ("sudo ci/build --fast", "ci/build"),
            ("bash ci/build.sh", "ci/build.sh"),
            ("bash", "bash with its input"),
            ("make image", "make"),
            ("npm run build", "npm"),
            ("python build.py", "python build.py"),
            ("python -c print(1)", "python"),
            ("python -m ci.build", "python ci.build"),
            ("/opt/ci/build.sh", "/opt/ci/build.sh"),
            ("$COMMAND", "$COMMAND"),
            ("${{inputs.command}}", "${{inputs.command}}"),
            ("eval $X", "eval"),
        ] {
            assert_eq!(unread(text).as_deref(), Some(what), "{text}");
        }
        for text in [
            "docker build -t r:1 .",
            "echo x",
            "npm ci",
            "python -m pip install x",
            "/usr/bin/jq .",
            "aws sts get-caller-identity",
            "eval true",
        ] {
            assert_eq!(unread(text), None, "{text}");
        }
    }

    #[test]
    fn actions_of_known_owners() {
        assert!(is_known_action("docker/login-action") && !is_known_action("someone/notify"));
        assert!(is_known_action("actions/checkout") && !is_known_action("actions/github-script"));
    }
}
