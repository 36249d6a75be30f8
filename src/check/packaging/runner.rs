//! Runners of named tasks, as one script: scripts of `package.json`, recipes of a justfile, tasks of a Taskfile, targets
//! of bake.
//! <https://docs.npmjs.com/cli/using-npm/scripts>, <https://just.systems/man/en/>, <https://taskfile.dev/reference/schema>

mod bake;
mod just;
mod package;
mod taskfile;

/// Most tasks that are gone through.
const MAX_TASKS: usize = 64;
/// Most bytes of the script that is made.
const MAX_BYTES: usize = 1 << 18;

/// A program that runs named tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// npm, yarn, pnpm.
    Package,
    Just,
    Task,
    /// `docker buildx bake`
    Bake,
}

/// What a runner is told to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) runner: Runner,
    /// The program, for reports.
    pub(super) program: String,
    /// The directory that it is told to go to.
    pub(super) directory: Option<String>,
    /// The names under which its file is looked for.
    pub(super) files: Vec<String>,
    /// The tasks, with their arguments.
    pub(super) words: Vec<String>,
}

impl Asked {
    /// The script that is run, by the texts of the runner's files that are there, in their order: all but bake read the
    /// first. Nothing where that is not known, or there is none.
    pub(super) fn script(&self, texts: &[String]) -> Option<String> {
        let text = texts.first()?;
        match self.runner {
            Runner::Bake => bake::script(texts, &self.words),
            Runner::Package => package::script(text, &self.words),
            Runner::Just => just::script(text, &self.words),
            Runner::Task => taskfile::script(text, &self.words),
        }
    }
}

/// What the words of a command tell a runner to run; nothing if it is none, or runs nothing of a file.
pub(super) fn asked(program: &str, arguments: &[String]) -> Option<Asked> {
    if program == "docker" {
        return of_docker(arguments);
    }
    let (runner, files): (_, &[&str]) = match program {
        "npm" | "yarn" | "pnpm" => (Runner::Package, &["package.json"]),
        "just" => (Runner::Just, &["justfile", "Justfile", ".justfile"]),
        "task" | "go-task" => {
            (Runner::Task, &["Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"])
        }
        _ => return None,
    };
    let mut asked = Asked {
        runner,
        program: program.to_owned(),
        directory: None,
        files: files.iter().map(|name| (*name).to_owned()).collect(),
        words: Vec::new(),
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let (name, attached) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v)));
        let mut value = || attached.map(str::to_owned).or_else(|| words.next().cloned());
        match name {
            "--prefix" | "-C" | "--cwd" | "--dir" | "-d" | "--working-directory" => asked.directory = value(),
            "-f" | "--justfile" | "-t" | "--taskfile" => asked.files = value().into_iter().collect(),
            "--filter" | "-w" | "--workspace" | "-F" | "--workspaces" | "-r" | "--recursive" => return None,
            "--list" | "-l" | "--version" | "-V" | "--help" | "--dry" | "-n" | "--dry-run" | "--summary"
                if runner != Runner::Package =>
            {
                return None;
            }
            "--" => {
                asked.words.extend(words.by_ref().cloned());
            }
            option if option.starts_with('-') => {}
            _ => asked.words.push(word.clone()),
        }
    }
    match runner {
        Runner::Package => package::named(program, &asked.words).map(|words| Asked { words, ..asked }),
        _ => Some(asked),
    }
}

/// `docker buildx bake …`
fn of_docker(arguments: &[String]) -> Option<Asked> {
    let [first, second, words @ ..] = arguments else { return None };
    if first != "buildx" || second != "bake" {
        return None;
    }
    Some(Asked {
        runner: Runner::Bake,
        program: "docker buildx bake".to_owned(),
        directory: None,
        files: bake::files(words)?,
        words: words.to_vec(),
    })
}

/// Commands in a shell of their own, as one that is let fail or not.
fn block(text: &str, is_let_pass: bool) -> String {
    format!("(set +e\n{text}\n){}\n", if is_let_pass { " || true" } else { "" })
}

/// A value in double quotes; `$(…)` and `${…}` in it are the shell's.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\\\""))
}

/// A text with each `{{ … }}` written as the shell's.
fn without_braces(text: &str, known: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        // `${{ … }}` is an expression of GitHub.
        if before.ends_with('$') {
            out.push_str("{{");
            rest = after;
            continue;
        }
        let Some((inner, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            break;
        };
        out.push_str(&known(inner.trim()));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// A name as a shell's variable has it.
fn variable(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn script(command: &str, text: &str) -> Option<String> {
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        asked(&words[0], &words[1..])?.script(&[text.to_owned()])
    }

    #[test]
    fn scripts_of_a_package() {
        let text =
            r#"{"scripts": {"prerelease": "npm run lint", "release": "docker push r:1", "test": "jest"}}"#;
        assert_eq!(
            script("npm run release", text).unwrap(),
            "(set +e\nnpm run lint\n)\n(set +e\ndocker push r:1\n)\n"
        );
        assert_eq!(script("yarn release", text), script("npm run release", text));
        assert_eq!(script("npm test -- --ci", text).unwrap(), "(set +e\njest --ci\n)\n");
        for other in ["npm ci", "npm run other", "npm run release -w app", "yarn install", "yarn"] {
            assert_eq!(script(other, text), None, "{other}");
        }
    }

    #[test]
    fn recipes_of_a_justfile() {
        let text = "set shell := [\"bash\", \"-c\"]\nrepo := \"r\"\ntag := `git rev-parse HEAD`\n\n# pushes\n[private]\npush kind=\"git\": build\n    @docker push {{repo}}:{{kind}}-{{tag}}\n    -echo done\nbuild:\n    docker build \\\n      -t {{repo}} .\n";
        assert_eq!(
            script("just push", text).unwrap(),
            "repo=\"r\"\ntag=\"$(git rev-parse HEAD)\"\n(set +e\ndocker build \\\n      -t ${repo} .\n)\nkind=\"git\"\n(set +e\ndocker push ${repo}:${kind}-${tag}\n)\n(set +e\necho done\n) || true\n"
        );
        assert!(script("just push v", text).unwrap().contains("kind=\"v\""));
        assert!(script("just", text).unwrap().contains("docker push"));
        assert_eq!(script("just other", text), None);
        assert_eq!(script("just a", "import 'x.just'\na:\n  b\n"), None);
        let shebang = "a:\n    #!/usr/bin/env bash\n    set -e\n    docker push r\n";
        assert_eq!(script("just a", shebang).unwrap(), "(set +e\nset -e\ndocker push r\n)\n");
        assert_eq!(script("just a", "a:\n    #!/usr/bin/env python3\n    print(1)\n"), None);
        assert!(script("just a", "a: b\nb: a\n").is_some());
    }

    #[test]
    fn tasks_of_a_taskfile() {
        let text = "version: '3'\nvars:\n  REPO: r\n  TAG: {sh: git rev-parse HEAD}\ntasks:\n  push:\n    deps: [build]\n    cmds:\n      - docker push {{.REPO}}:git-{{.TAG}}\n      - cmd: echo done\n        ignore_error: true\n      - task: build\n  build: docker build .\n  odd: {cmds: [x], sources: [y]}\n";
        assert_eq!(
            script("task push", text).unwrap(),
            "REPO=\"r\"\nTAG=\"$(git rev-parse HEAD)\"\n(set +e\ndocker build .\n)\n(set +e\ndocker push ${REPO}:git-${TAG}\n)\n(set +e\necho done\n) || true\n(set +e\ndocker build .\n)\n"
        );
        assert!(script("task build REPO=x", text).unwrap().starts_with("TAG="));
        for other in ["task odd", "task other", "task"] {
            assert_eq!(script(other, text), None, "{other}");
        }
        assert_eq!(script("task a", "tasks: {a: {cmds: [{task: a}]}}"), None);
    }

    #[test]
    fn targets_of_bake() {
        let text = "variable \"TAG\" { default = \"dev\" }\nvariable \"REPO\" { default = \"r\" }\nfunction \"ref\" {\n  params = [tag]\n  result = \"${REPO}:${tag}\"\n}\ngroup \"default\" { targets = [\"app\"] }\ntarget \"base\" {\n  context = \"svc\"\n  args = { A = \"1$\" }\n}\ntarget \"app\" {\n  inherits = [\"base\"]\n  tags = [ref(\"git-${TAG}\"), upper(TAG)]\n  output = [{ type = \"registry\" }]\n}\n";
        let expected = "TAG=\"${TAG-dev}\"\nREPO=\"${REPO-r}\"\ndocker buildx build --file \"svc/Dockerfile\" --build-arg \"A=1\\$\" --tag \"${REPO}:git-${TAG}\" --tag \"$(bake)\" --output \"type=registry\" \"svc\"\n";
        assert_eq!(script("docker buildx bake", text).unwrap(), expected);
        assert_eq!(script("docker buildx bake app", text).unwrap(), expected);
        let set =
            script("docker buildx bake --push --set *.context=. --set app.args.A=2 base", text).unwrap();
        assert!(
            set.ends_with("docker buildx build --file \"Dockerfile\" --build-arg \"A=1\\$\" --push \".\"\n"),
            "{set}"
        );
        for other in
            ["docker buildx bake other", "docker buildx bake --print", "docker buildx bake https://x/y.git"]
        {
            assert_eq!(script(other, text), None, "{other}");
        }
        assert_eq!(script("docker buildx bake a", "target \"a\" { matrix = { x = [\"1\"] } }\n"), None);
        assert_eq!(script("docker buildx bake a", "target \"a\" { inherits = [\"a\"] }\n"), None);
        let json = r#"{"target": {"app": {"dockerfile": "D", "tags": ["${X}:1"], "args": {"T": null}}}}"#;
        assert_eq!(
            script("docker buildx bake app", json).unwrap(),
            "docker buildx build --file \"D\" --tag \"${X}:1\" \".\"\n"
        );
        let compose = "services:\n  web:\n    image: r:${TAG:-dev}\n    build:\n      context: web\n      args: [A=1, B]\n  db:\n    image: postgres\n";
        assert_eq!(
            script("docker buildx bake", compose).unwrap(),
            "docker buildx build --file \"web/Dockerfile\" --build-arg \"A=1\" --build-arg \"B=${B}\" --tag \"r:${TAG:-dev}\" \"web\"\n"
        );
    }
}
