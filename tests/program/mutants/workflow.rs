//! The workflows: each step removed, moved, renamed, switched off, let fail; its arguments exchanged and replaced; each other
//! line removed.

use super::Mutant;
use super::project::Project;

pub fn mutants(project: &Project) -> Vec<Mutant> {
    let workflows: Vec<&String> =
        project.files.keys().filter(|p| p.starts_with(".github/workflows/")).collect();
    let mut out = Vec::new();
    for path in workflows {
        out.push(Mutant { rule: "removed", place: path.clone(), files: vec![(path.clone(), None)] });
        let lines: Vec<String> = project.text(path).lines().map(str::to_owned).collect();
        let mut add = |rule: &'static str, place: String, lines: Vec<String>| {
            let text = lines.join("\n") + "\n";
            out.push(Mutant {
                rule,
                place: format!("{path}#{place}"),
                files: vec![(path.clone(), Some(text.into_bytes()))],
            });
        };
        let steps = steps(&lines);
        for (n, (start, end)) in steps.iter().enumerate() {
            let name = format!("step {n}");
            add("step removed", name.clone(), [&lines[..*start], &lines[*end..]].concat());
            if let Some((next, after)) = steps.get(n + 1) {
                let moved = [&lines[..*start], &lines[*next..*after], &lines[*start..*end], &lines[*after..]]
                    .concat();
                add("step moved", name.clone(), moved);
            }
            let with = |more: &str| {
                let mut changed = lines.clone();
                changed.insert(start + 1, format!("        {more}"));
                changed
            };
            add("step switched off", name.clone(), with("if: false"));
            add("step may be skipped", name.clone(), with("if: github.event_name == 'workflow_dispatch'"));
            add("step may fail", name.clone(), with("continue-on-error: true"));
        }
        for (n, line) in lines.iter().enumerate() {
            let place = format!("{}: {}", n + 1, line.trim());
            let mut removed = lines.clone();
            removed.remove(n);
            add("line removed", place.clone(), removed);
            let replaced = |new: String| {
                let mut changed = lines.clone();
                changed[n] = new;
                changed
            };
            for (rule, from, to) in REPLACED {
                if line.contains(from) {
                    add(rule, place.clone(), replaced(line.replacen(from, to, 1)));
                }
            }
            if line.trim_start().starts_with("run: ") {
                add("failure hidden", place.clone(), replaced(format!("{line} || true")));
                add("in the background", place.clone(), replaced(format!("{line} &")));
                add("only echoed", place.clone(), replaced(line.replacen("run: ", "run: echo ", 1)));
            }
            for (a, b) in exchanged(line) {
                add("arguments exchanged", format!("{place} ({a}, {b})"), replaced(swap(line, &a, &b)));
            }
        }
    }
    out
}

/// Words of the workflows and what a slip would write.
const REPLACED: [(&str, &str, &str); 22] = [
    ("convenience tag", "git-$GITHUB_SHA", "latest"),
    ("tag of a branch", "git-$GITHUB_SHA", "git-$GITHUB_REF_NAME"),
    ("tag without prefix", "git-$GITHUB_SHA", "$GITHUB_SHA"),
    ("another repository", "$REPOSITORY", "$OTHER"),
    ("another repository", "dkr.ecr.eu-west-1.amazonaws.com/", "dkr.ecr.eu-west-1.amazonaws.com/x-"),
    ("another registry", "111122223333.dkr.ecr.eu-west-1.amazonaws.com", "docker.io"),
    ("another Dockerfile", "--file Dockerfile", "--file Dockerfile.dev"),
    ("another context", "\" .", "\" src"),
    ("another context", "\" .", "\" https://github.com/x/y.git"),
    ("a build secret as an argument", "docker build", "docker build --build-arg TOKEN=$TOKEN"),
    ("another command", "docker push", "docker pull"),
    ("another command", "docker build", "docker images"),
    ("another command", "describe-images", "list-images"),
    ("another field", "imageDigest", "imageTags"),
    ("another output", "echo \"tag=", "echo \"tags="),
    ("another output", "echo \"digest=", "echo \"sha="),
    ("another file of outputs", "$GITHUB_OUTPUT", "$GITHUB_ENV"),
    ("another step", "steps.digest", "steps.other"),
    ("step renamed", "id: digest", "id: other"),
    ("password on the command line", "--password-stdin", "--password \"$PASSWORD\""),
    ("another region", "--region eu-west-1", "--region us-east-1"),
    ("another action", "actions/checkout", "someone/checkout"),
];

/// Where each step begins and ends.
fn steps(lines: &[String]) -> Vec<(usize, usize)> {
    let starts: Vec<usize> = (0..lines.len()).filter(|n| lines[*n].starts_with("      - ")).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts.iter().copied().zip(ends).collect()
}

/// Pairs of values of options that follow each other.
fn exchanged(line: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let values: Vec<&str> = words
        .windows(2)
        .filter(|w| w[0].starts_with("--") && !w[1].starts_with("--"))
        .map(|w| w[1])
        .collect();
    values.windows(2).filter(|w| w[0] != w[1]).map(|w| (w[0].to_owned(), w[1].to_owned())).collect()
}

fn swap(line: &str, a: &str, b: &str) -> String {
    line.replacen(a, "\u{1}", 1).replacen(b, a, 1).replacen('\u{1}', b, 1)
}
