//! Files that programs make or change which are no tools of the shell: package managers, programs that run others,
//! interpreters that are given a program text.

use super::act::{Act, At, Stage};
use super::changed;
use super::changes::NAMED;
use super::surface::joined;
use super::tool;
use super::unread;

/// Programs that run another one by its name, each with the words between that stand before the name.
const RUNNERS: [(&str, &[&str]); 14] = [
    ("busybox", &[]),
    ("toybox", &[]),
    ("npx", &[]),
    ("bunx", &[]),
    ("uvx", &[]),
    ("pnpm", &["exec"]),
    ("pnpm", &["dlx"]),
    ("yarn", &["exec"]),
    ("yarn", &["dlx"]),
    ("poetry", &["run"]),
    ("uv", &["run"]),
    ("pipx", &["run"]),
    ("python", &["-m"]),
    ("python3", &["-m"]),
];

/// Deepest nesting of programs that run others.
const MAX_RUNNERS: usize = 4;

/// The words of a command from the program on that does the work, behind programs that run others.
pub(super) fn without_runners(words: &[String]) -> &[String] {
    let mut words = tool::without_wrappers(words);
    for _ in 0..MAX_RUNNERS {
        let Some((program, rest)) = words.split_first() else { break };
        let name = program.rsplit('/').next().unwrap_or_default();
        let runner = RUNNERS.iter().find(|(n, between)| {
            *n == name && rest.iter().zip(*between).filter(|(a, b)| a == b).count() == between.len()
        });
        let Some((_, between)) = runner else { break };
        let rest = rest.get(between.len()..).unwrap_or_default();
        let start = rest.iter().position(|w| !w.starts_with('-')).unwrap_or(rest.len());
        words = rest.get(start..).unwrap_or_default();
    }
    words
}

/// The files and directories that a package manager, git or a compiler writes.
pub(super) fn made(name: &str, arguments: &[String]) -> Vec<String> {
    let all: Vec<String> = arguments.iter().filter(|a| !a.starts_with('-')).cloned().collect();
    let verb = all.first().map(String::as_str).unwrap_or_default();
    let base = |path: &String| {
        path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".git").to_owned()
    };
    match (name, verb) {
        // What git knows stays there, but for what it takes away.
        ("git", "rm" | "mv") => all.get(1..).unwrap_or_default().to_vec(),
        ("git", "clone") | ("svn", "export" | "checkout" | "co") => {
            all.get(2).cloned().or_else(|| all.get(1).map(base)).into_iter().collect()
        }
        ("npm" | "pnpm" | "yarn", "ci" | "install" | "i" | "add") => {
            let is_global = arguments.iter().any(|a| a == "-g" || a == "--global");
            if is_global { Vec::new() } else { vec!["node_modules".to_owned()] }
        }
        ("npm" | "pnpm" | "yarn", "version") if all.len() > 1 => vec!["package.json".to_owned()],
        ("pip" | "pip3", "install" | "download") => {
            tool::values(arguments, &["--target", "-t", "--dest", "-d"])
        }
        ("cargo", "vendor") => vec![all.get(1).cloned().unwrap_or_else(|| "vendor".to_owned())],
        ("go", "mod") if all.get(1).is_some_and(|w| w == "vendor") => vec!["vendor".to_owned()],
        ("protoc", _) => {
            let out = |a: &String| a.split_once("_out=").map(|(_, directory)| directory.to_owned());
            arguments.iter().filter_map(out).collect()
        }
        _ => Vec::new(),
    }
}

/// Programs that change files of the checkout by rules of their own, each with the words that tell it to.
const CHANGERS: [(&str, &[&str]); 9] = [
    ("rename", &[]),
    ("prename", &[]),
    ("pre-commit", &["run"]),
    ("bump2version", &[]),
    ("bumpversion", &[]),
    ("bump-my-version", &["bump"]),
    ("standard-version", &[]),
    ("cpio", &["-i", "-id", "-idm", "-idmv", "-p", "--extract"]),
    ("cz", &["bump"]),
];

/// The files that a command may change without that its words say how: those that a program text names, and those that
/// `xargs` and `find` hand to a program that changes files. As patterns from the directory of the command.
pub(super) fn named(words: &[String], input: Option<&str>) -> Vec<String> {
    let Some((program, arguments)) = without_runners(words).split_first() else { return Vec::new() };
    let name = program.rsplit('/').next().unwrap_or_default();
    match name {
        "xargs" | "parallel" => {
            let start = arguments.iter().position(|a| changes(arguments, a)).map(|_| "**".to_owned());
            start.into_iter().collect()
        }
        "find" => found(arguments),
        // A file that is known only when it runs.
        "sed" | "gsed" => {
            let is_open = |path: &String| path.starts_with('$') && !path.contains('/');
            let open = changed::changed(words).iter().any(is_open);
            open.then(|| "**".to_owned()).into_iter().collect()
        }
        "docker" | "podman" => in_container(arguments),
        "cp" if arguments.iter().any(|a| a.ends_with("/.")) => {
            let target = arguments.iter().rev().find(|a| !a.starts_with('-'));
            target.map(|t| format!("{}/**", t.trim_end_matches('/'))).into_iter().collect()
        }
        _ if unread::is_interpreter(name) => {
            let is_text = |a: &&String| a.contains(['(', ' ', '\n']);
            let texts = arguments.iter().filter(is_text).map(String::as_str).chain(input);
            texts.flat_map(literals).collect()
        }
        _ => {
            let is_it = |(own, verbs): &&(&str, &[&str])| {
                *own == name && (verbs.is_empty() || arguments.iter().any(|a| verbs.contains(&a.as_str())))
            };
            CHANGERS.iter().find(is_it).map(|_| "**".to_owned()).into_iter().collect()
        }
    }
}

/// Whether the words from one on are a command that changes the files that it is told.
fn changes(words: &[String], from: &String) -> bool {
    let start = words.iter().position(|w| std::ptr::eq(w, from)).unwrap_or(words.len());
    let mut inner: Vec<String> = words.get(start..).unwrap_or_default().to_vec();
    inner.push("file".to_owned());
    inner.first().is_some_and(|w| !w.starts_with('-')) && changed::changed(&inner).iter().any(|p| p == "file")
}

/// What `find` takes away, or hands to a program that changes it.
fn found(arguments: &[String]) -> Vec<String> {
    let is_start = |a: &&String| !a.starts_with(['-', '(', '!']);
    let starts: Vec<&String> = arguments.iter().take_while(is_start).collect();
    let runs = |(at, a): (usize, &String)| {
        matches!(a.as_str(), "-exec" | "-execdir" | "-ok")
            && arguments.get(at + 1).is_some_and(|first| changes(arguments, first))
    };
    let deletes = arguments.iter().any(|a| a == "-delete");
    if !deletes && !arguments.iter().enumerate().any(runs) {
        return Vec::new();
    }
    let names = tool::values(arguments, &["-name", "-iname"]);
    let name = if let [one] = names.as_slice() { one.as_str() } else { "*" };
    let below = |start: &str| match start.trim_end_matches('/') {
        "." | "" => format!("**/{name}"),
        start => format!("{start}/**/{name}"),
    };
    if starts.is_empty() { vec![below(".")] } else { starts.iter().map(|s| below(s)).collect() }
}

/// What a program in a container changes of the checkout that is mounted there, where its words name the files.
fn in_container(arguments: &[String]) -> Vec<String> {
    let runs = arguments.first().is_some_and(|a| a == "run") || arguments.get(1).is_some_and(|a| a == "run");
    let mounts = tool::values(arguments, &["-v", "--volume", "--mount"]);
    let is_checkout = |m: &String| {
        let own = ["$PWD", "$(pwd)", "$GITHUB_WORKSPACE", "${{ github.workspace }}", "${PWD}", "./", ".:"];
        own.iter().any(|o| m.contains(o)) && !m.ends_with(":ro") && !m.contains("readonly")
    };
    if !runs || !mounts.iter().any(is_checkout) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (at, word) in arguments.iter().enumerate().filter(|(_, w)| !w.starts_with('-')) {
        if matches!(word.as_str(), "sed" | "perl" | "cp" | "mv" | "rm" | "tee") {
            all = changed::changed(arguments.get(at..).unwrap_or_default());
            break;
        }
    }
    all
}

/// Most words of a program text that are looked at.
const MAX_LITERALS: usize = 256;

/// The words of a program text, each of which may be a path that it opens.
pub(super) fn literals(program: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let words = program.split(|c| !is_part(c)).filter(|w| w.len() > 1 && !w.starts_with('-'));
    words.take(MAX_LITERALS).map(str::to_owned).collect()
}

/// Files of the checkout that a program text names, for a program that runs in a directory.
pub(super) fn change_of(program: &str, directory: &str, at: At) -> Act {
    let references = literals(program).iter().map(|path| joined(directory, path)).collect();
    Act { references, source: Some(NAMED.to_owned()), ..Act::new(Stage::Change, at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn files_that_a_program_may_change() {
        for (text, paths) in [
            ("xargs sed -i s/a/b/", "**"),
            ("xargs -0 -n1 sed -i s/a/b/", "**"),
            ("xargs grep x", ""),
            ("find src -name *.py -exec sed -i s/a/b/ {} +", "src/**/*.py"),
            ("find . -name *.pyc -delete", "**/*.pyc"),
            ("find src -type f", ""),
            ("sed -i s/a/b/ $f", "**"),
            ("sed -i s/a/b/ $HOME/x", ""),
            ("cp -r docker/prod/. .", "./**"),
            ("pre-commit run --all-files", "**"),
            ("pre-commit install", ""),
            ("docker run -v $PWD:/w alpine sed -i s/a/b/ Dockerfile", "Dockerfile"),
            ("docker run -v $PWD:/w:ro alpine sed -i s/a/b/ Dockerfile", ""),
        ] {
            assert_eq!(named(&words(text), None).join(" "), paths, "{text}");
        }
        assert!(named(&words("python3 -"), Some("open('Dockerfile')")).contains(&"Dockerfile".to_owned()));
    }
}
