//! The checks on Dockerfiles, with an empty context.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::ALL;
use crate::check::dockerfile::build::{Build, ExaminedContext, Recipe};
use crate::check::{Answers, Context};
use crate::finding::{Finding, FingerprintKey, Severity};
use crate::observe::ChunkFacts;
use crate::observe::library::OwnPackages;
use crate::rule::Rules;
use seaworthy_context::{Builder, Context as Files, IgnoreRules, Reach};
use seaworthy_dockerfile::Dockerfile;
use seaworthy_source::Place;

fn rules() -> &'static Rules {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    RULES.get_or_init(|| Rules::load(&[], &[]).unwrap())
}

/// All findings of a Dockerfile at or above medium; nothing if it is none.
fn findings(text: &str) -> Option<Vec<Finding>> {
    let dockerfile = Dockerfile::parse(text.as_bytes()).ok()?;
    let resolution = dockerfile.resolve();
    let directory = tempfile::tempdir().unwrap();
    let ignore = IgnoreRules::none(Builder::BuildKit);
    let build = Build {
        recipe: Recipe::new("Dockerfile".to_owned(), text.as_bytes(), &resolution, None),
        context: ExaminedContext {
            name: ".".to_owned(),
            files: Files::walk(directory.path(), &ignore, NonZeroUsize::MIN).unwrap(),
            rules: ignore,
            copies: Vec::new(),
            reach: Reach::default(),
            facts: ChunkFacts::default(),
            git: Ok(None),
            dockerfile: None,
            own: OwnPackages::default(),
        },
    };
    let context = Context { rules: rules(), key: &FingerprintKey::PlaceOnly, secrets: &[] };
    let mut answers = Answers::default();
    for check in ALL {
        check.run(&build, &context, &mut answers);
    }
    answers.findings.retain(|f| f.severity > Severity::Low);
    Some(answers.findings)
}

/// The IDs and lines of what is found in these lines after a `FROM`.
fn found(lines: &str) -> Vec<(&'static str, u32)> {
    let mut all: Vec<(&'static str, u32)> = findings(&format!("FROM a\n{lines}\n"))
        .unwrap()
        .iter()
        .map(|f| match &f.origin.place {
            Place::Text { position, .. } => (f.check, position.line),
            place => panic!("{place:?}"),
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

const MOUNT: &str = "RUN --mount=type=secret,id=k,env=K --mount=type=secret,id=f,target=/f ";

fn flows(command: &str) -> usize {
    findings(&format!("FROM a\nWORKDIR /app\n{MOUNT}{command}\n"))
        .unwrap()
        .iter()
        .filter(|f| f.check == "SW206")
        .count()
}

#[test]
fn secrets_that_stay_where_they_belong() {
    for command in [
        "use /f",
        "K2=\"$K\" use",
        "cat /f | login --password-stdin",
        "cat /f > /dev/null",
        "test -s /f && wc -c < /f",
        "echo ${#K} ${K:+given}",
        "cp /f /app/f && use && rm -f /app/f",
        "cp /f . && use && rm f",
        "cp /f x; use; rm -rf /app",
        "cd /tmp && cp /f . && use && rm -f /tmp/f",
        "mv /f a && mv a b && rm b",
        "trap 'rm -f /x' EXIT; cat /f > /x; use /x",
        "cp /f /dev/shm/f && use",
        "ln -s /f /root/.npmrc && use",
        "set -x; use /f; set +x; use \"$K\"",
        "grep -q x /f",
        "printenv PATH",
    ] {
        assert_eq!(flows(command), 0, "{command}");
    }
}

#[test]
fn what_a_program_takes_back_does_not_stay() {
    let url = "url.\"https://x:$K@github.com/\"";
    let set = format!("git config --global {url}.insteadOf https://github.com/ && go mod download");
    assert_ne!(flows(&set), 0);
    assert_eq!(flows(&format!("{set} && git config --global --remove-section {url}")), 0);
    assert_eq!(flows(&format!("{set} && git config --global --unset {url}.insteadOf")), 0);
    assert_ne!(flows(&format!("{set} && git config --global --remove-section user")), 0);
    let login = "echo $K | docker login -u x --password-stdin r.example";
    assert_ne!(flows(login), 0);
    assert_eq!(flows(&format!("{login} && docker pull r.example/x && docker logout r.example")), 0);
    assert_ne!(flows(&format!("docker logout r.example && {login}")), 0);
    assert_eq!(flows("npm config set //r/:_authToken=$K && npm ci && npm config delete //r/:_authToken"), 0);
    let clone = "git clone https://x:$K@github.com/x/y . && git remote set-url origin https://github.com/x/y";
    assert_eq!(flows(clone), 0);
}

#[test]
fn values_that_only_let_a_build_run() {
    assert_eq!(found("RUN SECRET_KEY=build-key python manage.py collectstatic"), []);
    assert_eq!(found("RUN DJANGO_SECRET_KEY=not-used-at-build python manage.py collectstatic"), []);
    assert_eq!(found("RUN export SECRET_KEY_BASE='dummy for assets' && rake assets:precompile"), []);
    assert_eq!(found("RUN SECRET_KEY=build-tR7uK2mQx9Wd python manage.py collectstatic"), [("SW203", 2)]);
}

#[test]
fn secrets_that_do_not() {
    for command in [
        "cat /f",
        "echo $K",
        "echo \"$K\" >&2",
        "printenv K",
        "env | sort",
        "export -p",
        "set",
        "cp /f /app/f",
        "cp /f /app/f && rm /app/g",
        "rm -f /app/f && cp /f /app/f",
        "cat /f | sed s/a/b/ > g",
        "cat /f | tee g > /dev/null",
        "tee g < /f > /dev/null",
        "X=$(cat /f) && echo \"$X\" > g",
        "X=$(head -n1 < /f); printf %s \"$X\" >> g",
        "{ echo a; cat /f; } > g",
        "(cat /f) > g",
        "if true; then cat /f > g; fi",
        "for i in 1 2; do cp /f g$i; done",
        "sh -c 'cat /f > g'",
        "bash -xc 'use $K'",
        "set -eux; use \"$K\"",
        "npm config set //r/:_authToken \"$K\"",
        "git clone https://x:$K@h/r.git",
        "jq -n --arg k \"$K\" '{k: $k}' > g",
        "sed -i \"s/x/$K/\" g",
    ] {
        assert_ne!(flows(command), 0, "{command}");
    }
    assert_eq!(found(&format!("{MOUNT}<<EOF\nuse\ncat <<END > g\nk=$K\nEND\nEOF")), [("SW206", 4)]);
}

#[test]
fn exact_places() {
    assert_eq!(found("RUN true && \\\n  # a comment\n  curl -u ci:tR7uK2mQx9Wd https://h/"), [("SW203", 4)]);
    assert_eq!(found("RUN <<EOF\ntrue\nexport API_TOKEN=tR7uK2mQx9Wd\nEOF"), [("SW203", 4)]);
    assert_eq!(found("COPY <<A <<B /x/\na\nA\ntoken=tR7uK2mQx9Wd\nB"), [("SW208", 5)]);
    assert_eq!(found("ENV A=b \\\n\n  DB_PASSWORD=tR7uK2mQx9Wd"), [("SW202", 4)]);
    assert_eq!(found("ARG X\nARG NPM_TOKEN\nRUN a\nRUN b"), [("SW205", 3)]);
}

#[test]
fn values_of_variables_are_told_where_they_are_set() {
    assert_eq!(found("ENV DB_PASSWORD=$DB_PASSWORD"), []);
    assert_eq!(found("ARG DB_PASSWORD=tR7uK2mQx9Wd\nENV DB_PASSWORD=$DB_PASSWORD")[0], ("SW201", 2));
    assert_eq!(found("ENV DB_PASSWORD=${OTHER:-tR7uK2mQx9Wd}"), [("SW202", 2)]);
    assert_eq!(found("RUN curl -u \"ci:$PW\" https://h/ && mysql -p\"$PW\" --password=$PW"), []);
    assert_eq!(found("RUN X=${PW:-tR7uK2mQx9Wd} && export API_TOKEN=$X"), []);
    assert_eq!(found("RUN export API_TOKEN=${API_TOKEN:-tR7uK2mQx9Wd}"), [("SW203", 2)]);
}

#[test]
fn onbuild_counts() {
    assert_eq!(found("ONBUILD RUN curl -u ci:tR7uK2mQx9Wd https://h/"), [("SW203", 2)]);
    let text = "FROM a AS base\nONBUILD ARG NPM_TOKEN\nONBUILD RUN npm ci\nFROM base\nRUN true\n";
    let all = findings(text).unwrap();
    assert!(all.iter().any(|f| f.check == "SW205"), "an argument that a trigger declares");
    let alone = findings("FROM a AS base\nONBUILD ARG NPM_TOKEN\nRUN true\n").unwrap();
    assert!(alone.is_empty(), "a trigger is not carried out in its own stage");
}

#[test]
fn many_variables_and_commands_take_no_long_time() {
    let start = std::time::Instant::now();
    let mut text = "FROM a\n".to_owned();
    for i in 0..500 {
        text += &format!("ARG TOKEN_{i}X\nENV A{i}=$TOKEN_{i}X\n");
    }
    text += "RUN <<EOF\n";
    for i in 0..1_000 {
        text += &format!("cp /run/a{i} /b{i}; rm /c{i}; echo $TOKEN_{i}X password=tR7uK2mQx{i}\n");
    }
    text += "EOF\n";
    let all = findings(&text).unwrap();
    assert!(all.len() > 500);
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
}

/// Fragments of which Dockerfiles are made, whole and broken.
fn fragment() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "RUN ",
        "ENV ",
        "ARG ",
        "COPY ",
        "ADD ",
        "LABEL ",
        "CMD ",
        "HEALTHCHECK CMD ",
        "ONBUILD ",
        "FROM b\n",
        "--mount=type=secret,id=k,env=K ",
        "--mount=type=secret,id=f ",
        "--from=0 ",
        "\n",
        " ",
        "\\\n",
        "\"",
        "'",
        "$",
        "${K",
        "}",
        "$(cat ",
        ")",
        "`",
        "<<EOF\n",
        "\nEOF\n",
        "<<<",
        "> g",
        "| tee g",
        "&& ",
        "; ",
        "echo ",
        "cp ",
        "/run/secrets/f ",
        "rm ",
        "-p",
        "--password ",
        "TOKEN=",
        "=",
        ":",
        "@",
        "://",
        "?token=",
        "Authorization: Bearer ",
        "machine x login y password ",
        "chpasswd",
        "base64 -d ",
        "tR7uK2mQx9Wd",
        "[\"",
        "\"]",
        "é",
        "\u{feff}",
        "\\n",
        "IDENTIFIED BY '",
        "git clone ",
        "config set ",
        "set -x",
        "trap '",
        "NPM_TOKEN",
        "*",
        "~",
        "/",
        "..",
        "[a",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => ".{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Whatever a Dockerfile holds, the checks end without a panic, and point into it.
    #[test]
    fn any_dockerfile_is_survived(parts in prop::collection::vec(fragment(), 0..40)) {
        let text = format!("FROM a\n{}\n", parts.concat());
        for finding in findings(&text).unwrap_or_default() {
            if let Place::Text { offset, .. } = finding.origin.place {
                prop_assert!(offset <= text.len() as u64);
            }
            // A value is not quoted, unless it is the name of something.
            if finding.secret.is_some() && !text.contains("=tR7uK2mQx9Wd=") {
                prop_assert!(!finding.fix.contains("tR7uK2mQx9Wd") || finding.message.contains("tR7uK2mQx9Wd"));
            }
        }
    }
}

#[test]
fn letters_of_more_than_one_byte_before_a_setting_are_no_panic() {
    for line in ["RUN echo \"Größe=5\"", "RUN echo 'ключ=значение'", "ENV größe=5", "RUN echo 日本password=x"]
    {
        let _ = found(line);
    }
    assert_eq!(found("RUN echo größe:password=tR7uK2mQx9Wd > /x"), [("SW203", 2)]);
}
