//! What the image is made of: each entrypoint's option, subcommand, import and guard renamed; each instruction of the
//! Dockerfile changed; each line of the ignore file removed.

use super::Mutant;
use super::project::Project;

pub fn mutants(project: &Project) -> Vec<Mutant> {
    let mut out = programs(project);
    out.extend(dockerfile(project));
    let ignore: Vec<&str> = project.text(".dockerignore").lines().collect();
    for n in 0..ignore.len() {
        let rest: String =
            ignore.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, l)| format!("{l}\n")).collect();
        let place = format!(".dockerignore#{}", ignore[n]);
        out.push(Mutant {
            rule: "line removed",
            place,
            files: vec![(".dockerignore".to_owned(), Some(rest.into_bytes()))],
        });
    }
    out.push(Mutant {
        rule: "removed",
        place: ".dockerignore".to_owned(),
        files: vec![(".dockerignore".to_owned(), None)],
    });
    let token = format!("TOKEN={}\n", crate::support::GITHUB);
    let path = format!("src/{}/.env", project.package);
    out.push(Mutant {
        rule: "secret in the context",
        place: path.clone(),
        files: vec![(path, Some(token.into_bytes()))],
    });
    out
}

/// Programs are broken in the source and in the image that was built from it.
fn programs(project: &Project) -> Vec<Mutant> {
    let directory = format!("src/{}/", project.package);
    let mut out = Vec::new();
    for path in project
        .files
        .keys()
        .filter(|p| p.starts_with(&directory) && p.ends_with(".py") && !p.ends_with("__init__.py"))
    {
        let text = project.text(path);
        let inside = path.replacen("src/", "app/", 1);
        let mut add = |rule: &'static str, place: &str, new: Option<String>| {
            let mut image = project.image.clone();
            image.put(&inside, new.as_deref().map(str::as_bytes));
            let mut files = project.shipping(&image);
            files.push((path.clone(), new.map(String::into_bytes)));
            out.push(Mutant { rule, place: format!("{path}#{place}"), files });
        };
        add("program removed", "", None);
        add("program emptied", "", Some(String::new()));
        add("program cut", "", Some(text.get(..text.len() / 2).unwrap_or_default().to_owned()));
        for (n, line) in text.lines().enumerate() {
            let place = format!("{}: {}", n + 1, line.trim());
            let replaced = |new: &str| {
                let lines: Vec<&str> =
                    text.lines().enumerate().map(|(i, l)| if i == n { new } else { l }).collect();
                Some(lines.join("\n") + "\n")
            };
            for option in ["--profile", "--day", "--once", "--port"] {
                if line.contains(&format!("\"{option}\"")) {
                    add(
                        "option renamed",
                        &place,
                        replaced(&line.replace(option, &option.replacen("--", "--x-", 1))),
                    );
                    add("option removed", &place, replaced(""));
                }
            }
            if line.contains("add_parser(\"") {
                add("subcommand renamed", &place, replaced(&line.replace("add_parser(\"", "add_parser(\"x")));
                add(
                    "subcommand removed",
                    &place,
                    replaced(&line.replace("commands.add_parser(\"run\")", "parser")),
                );
            }
            if line.starts_with("import ") || line.starts_with("from ") {
                add("import renamed", &place, replaced(&line.replacen("import ", "import x", 1)));
                add("import removed", &place, replaced(""));
            }
            if line.starts_with("if __name__") {
                add("guard renamed", &place, replaced(&line.replace("__main__", "__mine__")));
                add("guard turned", &place, replaced(&line.replace("==", "!=")));
            }
            if line == "    main()" {
                add("start removed", &place, replaced("    pass"));
                add("start renamed", &place, replaced("    mine()"));
            }
            if line.starts_with("def main") {
                add("function renamed", &place, replaced(&line.replace("main", "mine")));
            }
            if line.contains("os.environ[") {
                let name = line.split('"').nth(1).unwrap();
                let given = line.replace(
                    &format!("os.environ[\"{name}\"]"),
                    &format!("os.environ.get(\"{name}\", \"letmein\")"),
                );
                add("default given", &place, replaced(&given));
                let empty =
                    line.replace(&format!("os.environ[\"{name}\"]"), &format!("os.getenv(\"{name}\", \"\")"));
                add("empty default given", &place, replaced(&empty));
            }
            if line.contains("parse_args()") {
                add(
                    "arguments not read",
                    &place,
                    replaced(&line.replace("parse_args()", "parse_known_args()[0]")),
                );
            }
        }
    }
    out
}

fn dockerfile(project: &Project) -> Vec<Mutant> {
    let lines: Vec<String> = project.text("Dockerfile").lines().map(str::to_owned).collect();
    let mut out = vec![Mutant {
        rule: "removed",
        place: "Dockerfile".to_owned(),
        files: vec![("Dockerfile".to_owned(), None)],
    }];
    let mut add = |rule: &'static str, place: String, lines: Vec<String>| {
        let text = lines.join("\n") + "\n";
        out.push(Mutant {
            rule,
            place: format!("Dockerfile#{place}"),
            files: vec![("Dockerfile".to_owned(), Some(text.into_bytes()))],
        });
    };
    for (n, line) in lines.iter().enumerate().filter(|(_, l)| !l.starts_with('#')) {
        let mut removed = lines.clone();
        removed.remove(n);
        add("instruction removed", line.clone(), removed);
        if n + 1 < lines.len() {
            let mut moved = lines.clone();
            moved.swap(n, n + 1);
            add("instruction moved", line.clone(), moved);
        }
        let with = |new: &str| {
            let mut changed = lines.clone();
            changed[n] = new.to_owned();
            changed
        };
        for (rule, from, to) in [
            ("base not pinned", "FROM scratch", "FROM debian:12"),
            ("base by a moving tag", "FROM scratch", "FROM python:latest"),
            ("everything copied", "COPY src/", "COPY . /all\nCOPY src/"),
            ("copied by ADD", "COPY ", "ADD "),
            ("copied elsewhere", " /app/", " /opt/"),
            ("another source", "COPY bin/", "COPY tools/"),
            ("path emptied", "PATH=/usr/bin", "PATH=/opt/bin"),
            ("another module path", "PYTHONPATH=/app", "PYTHONPATH=/opt"),
            ("as root", "USER 10001", "USER root"),
            ("another directory", "WORKDIR /app", "WORKDIR /"),
            ("another program", "\"python3\"", "\"python4\""),
            ("in a shell", "ENTRYPOINT [", "ENTRYPOINT python3 -m x #["),
        ] {
            if line.contains(from) {
                add(rule, line.clone(), with(&line.replacen(from, to, 1)));
            }
        }
        if !line.starts_with("FROM") {
            let secret = crate::support::GITHUB;
            add("secret in ENV", line.clone(), with(&format!("ENV API_TOKEN={secret}\n{line}")));
            add("secret in ARG", line.clone(), with(&format!("ARG DB_PASSWORD=letmein\n{line}")));
            add("secret in LABEL", line.clone(), with(&format!("LABEL token={secret}\n{line}")));
            add(
                "secret in RUN",
                line.clone(),
                with(&format!("RUN curl -H 'Authorization: Bearer {secret}' https://x.example/\n{line}")),
            );
        }
    }
    out
}
