//! Mistakes of the command line and of files: each answer names the way out.

use crate::support::{Answer, Cli, Layer, Spec, Tar};

const DOCKERFILE: &str = "FROM scratch AS base\nCOPY a /a\nFROM base AS runtime\nCOPY b /b\n";

fn run(cli: &Cli, line: &str) -> Answer {
    cli.run(&line.split_whitespace().collect::<Vec<_>>())
}

fn project() -> Cli {
    let cli = Cli::new();
    cli.write("Dockerfile", DOCKERFILE).write("a", "x").write("b", "y").write(".dockerignore", "*\n!a\n!b\n");
    cli
}

#[test]
fn commands_and_options_of_other_tools_are_named() {
    let cli = project();
    for word in ["scan", "check", "lint"] {
        run(&cli, word).error(&["`seaworthy context`", "`seaworthy image REF`"]);
    }
    run(&cli, "version").error(&["seaworthy --version"]);
    assert_eq!(run(&cli, "help context").code, 0);
    for (line, way) in [
        ("image a.tar --platform linux/arm64", "by its digest"),
        ("context --severity high", "--fail-on"),
        ("context --format json", "--report FORMAT"),
        ("context -o out.json", "--report FORMAT"),
        ("context --output=out.json", "--report FORMAT"),
        ("context --exit-code 0", "--exit-zero"),
        ("context --no-color", "--color never"),
        ("context --ignore SW101", "seaworthy accept"),
        ("context --dockerfile x", "-f DOCKERFILE"),
        ("wiring --profile prod", "--aws-profile"),
        ("gate --run-id r --profile m1", "the contract chooses"),
    ] {
        let answer = run(&cli, line);
        answer.error(&[way]);
        assert!(!answer.stderr.contains("similar"), "{}", answer.stderr);
    }
}

#[test]
fn values_are_refused_in_words() {
    let cli = project();
    run(&cli, "context -j abc").error(&["expected a number from 1 to"]);
    run(&cli, "context -j 0").error(&["expected a number from 1 to"]);
    let cli = project().env("SEAWORTHY_JOBS", "many");
    run(&cli, "context").error(&["expected a number", "SEAWORTHY_JOBS"]);
    let cli = project().env("SEAWORTHY_EXIT_ZERO", "maybe");
    run(&cli, "context").error(&["SEAWORTHY_EXIT_ZERO"]);
    let cli = project().env("SEAWORTHY_EXIT_ZERO", "yes");
    assert_eq!(run(&cli, "context").code, 0);
}

#[test]
fn a_missing_dockerfile_is_looked_for_nearby() {
    let cli = Cli::new();
    cli.write("services/api/Dockerfile", DOCKERFILE).write("docker/web.Dockerfile", DOCKERFILE);
    run(&cli, "context").error(&[
        "there is no Dockerfile",
        "found services/api/Dockerfile: seaworthy context services/api",
        "found docker/web.Dockerfile: seaworthy context -f docker/web.Dockerfile",
    ]);
}

#[test]
fn files_of_another_kind_are_named() {
    let cli = project();
    cli.write(
        "compose.yaml",
        "services:\n  api: {build: services/api}\n  web:\n    build:\n      context: web\n      dockerfile: prod.Dockerfile\n      target: run\n  db: {image: postgres}\n",
    );
    run(&cli, "context -f compose.yaml").error(&[
        "its builds:",
        "api: seaworthy context services/api\n",
        "web: seaworthy context web -f web/prod.Dockerfile --target run",
    ]);
    cli.write("docker-compose.yml", "services: {}\n").write("notes.txt", "hello\n").write("directory/x", "y");
    run(&cli, "context -f docker-compose.yml").error(&["compose file"]);
    run(&cli, "context Dockerfile").error(&["is a Dockerfile", "-f Dockerfile"]);
    run(&cli, "image directory").error(&["not an image", "seaworthy context"]);
    run(&cli, "image notes.txt").error(&["is not a tar archive", "looks like text"]);
    let tar = Spec::new([Layer::from(Tar::new().file("a", "x"))]).docker_archive(&[]);
    cli.write("plan.json", tar);
    run(&cli, "wiring --plan plan.json").error(&["not JSON", "terraform show -json"]);
}

#[test]
fn what_is_missing_is_named_with_what_is_there() {
    let cli = project();
    run(&cli, "context --target runtmie").error(&["no stage runtmie", "base, runtime"]);
    run(&cli, "context -f Dockerfiel").error(&["no such file", "did you mean Dockerfile?"]);
    run(&cli, "wiring --plan infra/plan.json").error(&["no such file"]);
    run(&cli, "explain SW3O1").error(&["did you mean SW301"]);
    run(&cli, "explain secret-in-fil").error(&["did you mean secret-in-file"]);
    run(&cli, "rules show github-pat-clasic").error(&["did you mean github-pat-classic"]);
    run(&cli, "rules show github-tokn").error(&["did you mean github-"]);
    run(&cli, "schema contrct").error(&["did you mean contract?"]);
    for line in ["explain SW3O1", "context -f no", "wiring --plan no"] {
        assert!(!run(&cli, line).stderr.contains("os error"), "{line}");
    }
}

#[test]
fn references_are_refused_with_the_right_spelling() {
    let cli = project();
    run(&cli, "image docker-save:app.tar")
        .error(&["unknown transport", "did you mean docker-archive:app.tar?"]);
    run(&cli, "image docker://UPPER/App").error(&["repository names are lower case"]);
    run(&cli, "image docker://localhost:1/App:1").error(&["repository names are lower case"]);
}

#[test]
fn a_directory_that_a_report_creates_is_named() {
    let cli = project();
    let answer = run(&cli, "context --report json=new/place/report.json");
    assert_eq!(answer.code, 0);
    assert!(answer.stderr.contains("created the directory new/place"), "{}", answer.stderr);
}

#[test]
fn a_handle_without_registry_is_one_mistake() {
    let cli = project();
    cli.write(
        "seaworthy.toml",
        "version = 1\n[[secrets]]\nhandle = \"A\"\nparameter = \"${NOPE}\"\nvariables = [\"A\"]\n",
    );
    let answer = run(&cli, "context");
    answer.error(&["NOPE", "[handles] file"]);
    assert_eq!(answer.stderr.matches("error").count(), 1, "{}", answer.stderr);
}

#[test]
fn an_acceptance_without_a_match_lists_what_there_is() {
    let cli = project();
    cli.write("a", "AKIAZ52HZKQ4NHXU7WQE").write(
        "seaworthy.toml",
        "version = 1\n[[accept]]\ncheck = \"SW102\"\npath = \"other/**\"\nreason = \"ten or more characters\"\n\
         expires = \"2027-01-01\"\n",
    );
    let answer = run(&cli, "context");
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    assert!(answer.stderr.contains("path = \"a\"  fingerprint = \""), "{}", answer.stderr);
}

#[test]
fn a_detector_without_its_keys_is_one_mistake() {
    let cli = project();
    cli.write("rules/own.toml", "[[detector]]\nid = \"own\"\nname = \"Own\"\n");
    let answer = run(&cli, "rules check --rules rules");
    answer.error(&[
        "own.toml:1:1",
        "anchors, severity, confidence, description, fix, examples",
        "pattern",
        "rules show",
    ]);
    cli.write(
        "rules/own.toml",
        "[[detector]]\nid = \"own\"\nname = \"Own\"\nanchors = [\"own_\"]\npattern = '(?P<secret>own_[0-9]{20})'\n\
         severity = \"high\"\nconfidence = \"high\"\ndescription = \"x\"\nfix = \"y\"\nexamples = [\"own_abc\"]\n\
         negative_examples = [\"own\"]\n",
    );
    let answer = run(&cli, "rules check --rules rules");
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stdout.contains("pattern does not match example 1: own_abc"), "{}", answer.stdout);
}

#[test]
fn runs_that_do_not_exist() {
    let cli = project();
    run(&cli, "gate --run-id run_1").error(&["no seaworthy.toml here", "seaworthy init"]);
    run(&cli, "verify").error(&["--run-id ID or --provenance FILE"]);
    let old = "evidence/runs/run_20260101T000000Z/P(-1)/packaging_provenance.json";
    cli.write("seaworthy.toml", "version = 1\n[evidence]\ndirectory = \"store\"\nphase_id = \"P(-1)\"\n");
    cli.write(&format!("store/{old}"), "{}");
    run(&cli, "verify --run-id run_2").error(&["no document of the run run_2", "run_20260101T000000Z"]);
    std::fs::create_dir(cli.path("empty")).unwrap();
    let answer = run(&cli, "audit empty");
    assert_eq!(answer.code, 2);
    assert!(answer.stdout.contains("there is none under empty"), "{}", answer.stdout);
}

#[test]
fn advice_does_no_harm() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\nENV DB_PASSWORD=Harbour2024x\nCOPY . .\n")
        .write(".dockerignore", "*.log\n")
        .write("app/config.py", "AWS_SECRET_ACCESS_KEY = \"kR7mQ2vX9pL4tN8wB3yH6sD1fG5jC0zA+eU/iO7h\"\n");
    let report = run(&cli, "context --report json").json();
    let fix = |check: &str| {
        let all = report["findings"].as_array().unwrap();
        let found =
            all.iter().find(|f| f["check"] == check).unwrap_or_else(|| panic!("no {check}: {report:#}"));
        found["fix"].as_str().unwrap().to_owned()
    };
    // Without its code the program is not there: the value goes, not the file.
    assert!(fix("SW204").contains("Take the value out of `app/config.py`"), "{}", fix("SW204"));
    assert!(!fix("SW204").contains(".dockerignore"), "{}", fix("SW204"));
    assert!(fix("SW202").contains("`docker run --env-file`"), "{}", fix("SW202"));
    // What the profile of the contract forbids is not recommended.
    cli.write("seaworthy.toml", "version = 1\n");
    let judged = run(&cli, "context --report json").json();
    let all = judged["findings"].as_array().unwrap();
    let judged = all.iter().find(|f| f["check"] == "SW202").unwrap()["fix"].as_str().unwrap();
    assert!(judged.contains("parameter store") && !judged.contains("task definition"), "{judged}");
    // The evidence of two commands has two paths.
    let evidence = |line: &str| run(&cli, &format!("{line} --run-id r1 --report evidence=e.json"));
    evidence("context");
    cli.write(".dockerignore", "*\n").write("Dockerfile", "FROM scratch\n");
    let second = evidence("context");
    assert!(second.stderr.contains("--report evidence=PATH"), "{}", second.stderr);
}

/// A COPY takes several secret files: the fix is about each, and mounts only where a step reads the file.
#[test]
fn the_fix_is_about_every_file_that_a_copy_takes() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\nWORKDIR /app\nCOPY . .\nRUN npm ci\n")
        .write("package.json", "{}")
        .write(".git/HEAD", "ref: refs/heads/main\n")
        .write(".git/objects/info/a", "")
        .write(".git/refs/heads/b", "")
        .write("conf/my keys/.env", "DB_PASSWORD=tR7-wq9Kx2mZ\n")
        .write(".npmrc", "//registry.npmjs.org/:_authToken=npm_a8Zr4mV1nX7pL3sT9bK2cD5fG6hJ0k1QpRst\n");
    let shown = run(&cli, "context").stdout;
    for part in [
        "Add `.git`, `.npmrc` and `conf/my keys/.env` to `.dockerignore`.",
        "RUN --mount=type=secret,id=npmrc,target=/app/.npmrc npm ci",
        "docker build --secret id=npmrc,src=.npmrc .",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains("target=/app/.git"), "{shown}");
    cli.write("Dockerfile", "FROM scratch\nCOPY package.json .npmrc ./\nRUN npm ci && rm .npmrc\n");
    let shown = run(&cli, "context").stdout;
    for part in [
        "Take `.npmrc` out of the COPY on line 2.",
        "which then deletes nothing",
        "RUN --mount=type=secret,id=npmrc,target=/.npmrc …",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

/// Mistakes of the same kinds that stand in no list: each answer is one sentence that names the way out.
#[test]
fn other_slips_are_answered_in_one_sentence() {
    let cli = project();
    for (line, ways) in [
        ("context --nope", &["there is no option --nope", "`seaworthy context --help`"][..]),
        ("context -x", &["there is no option -x", "`seaworthy context --help`"]),
        ("context --reports json", &["did you mean `--report`?"]),
        ("context --exit-zer", &["did you mean `--exit-zero`?"]),
        ("gate --run_id r", &["did you mean `--run-id`?"]),
        ("context --plan plan.json", &["it is an option of", "`wiring`", "`gate`"]),
        ("context --force", &["no file of yours is overwritten", "--replace"]),
        ("image a.tar --username me", &["docker login"]),
        ("init --profile m1", &["change `profile` in the contract"]),
        ("gat", &["there is no command gat", "did you mean `gate`?"]),
        ("frobnicate", &["there is no command frobnicate", "`seaworthy --help`"]),
        ("rules lst", &["did you mean `list`?"]),
        ("context . extra", &["extra", "takes one DIR"]),
        ("explain SW101 SW102", &["SW102", "takes one ID"]),
        ("context --quiet=3", &["--quiet", "it takes no value"]),
    ] {
        let answer = run(&cli, line);
        answer.error(ways);
        assert_eq!(answer.stderr.lines().count(), 1, "{line}: {}", answer.stderr);
        assert!(
            !answer.stderr.contains("tip:") && !answer.stderr.contains("generate-docs"),
            "{}",
            answer.stderr
        );
    }
}

/// What was typed may hold anything: it is written so that a terminal does nothing with it.
#[test]
fn a_mistyped_word_does_nothing_to_the_terminal() {
    let cli = project();
    let long = "y".repeat(10_000);
    for word in ["--a\u{1b}[31mb", "--\u{202e}abc", "x\ny", long.as_str()] {
        let answer = cli.run(&["context", ".", word]);
        assert_eq!(answer.code, 2);
        assert!(!answer.stderr.contains(['\u{1b}', '\u{202e}']), "{}", answer.stderr);
    }
}
