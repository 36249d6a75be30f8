//! `seaworthy context` as a user runs it: listings, defaults, and all that may be wrong with what it is given.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SECRET: &str = "Zk4-vPq8sLw2nB";

struct Ran {
    out: String,
    err: String,
    code: Option<i32>,
}

/// Runs the binary in a directory; it must end within a minute.
fn run_in(directory: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .arg("context")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    let start = Instant::now();
    let output: Output = child.wait_with_output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(60), "{arguments:?} took too long");
    let ran = Ran {
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    };
    assert!(!ran.err.contains("internal error") && !ran.err.contains("panicked"), "{}", ran.err);
    assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET), "a secret is in the output");
    ran
}

fn run(directory: &Path, arguments: &[&str]) -> Ran {
    run_in(directory, arguments, b"")
}

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn findings(ran: &Ran) -> Vec<Value> {
    let report: Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    report["findings"].as_array().unwrap().clone()
}

/// The input is refused: exit code 2, nothing on standard output, and the message says this.
fn refused(directory: &Path, arguments: &[&str], says: &str) {
    let ran = run(directory, arguments);
    assert_eq!(ran.code, Some(2), "{arguments:?}: {}{}", ran.out, ran.err);
    assert!(ran.err.contains(says), "{arguments:?} does not say {says:?}: {}", ran.err);
    assert!(ran.out.is_empty(), "{}", ran.out);
}

#[test]
fn the_program_itself_passes() {
    let project = project(&[("Dockerfile", "FROM scratch\nCOPY seaworthy /usr/bin/seaworthy\n")]);
    fs::copy(env!("CARGO_BIN_EXE_seaworthy"), project.path().join("seaworthy")).unwrap();
    let ran = run(project.path(), &["--report", "json"]);
    let found: Vec<String> =
        findings(&ran).iter().map(|f| format!("{} {}", f["check"], f["message"])).collect();
    assert_eq!((ran.code, found), (Some(0), Vec::new()), "examples of secrets stand in the program");
}

#[test]
fn dockerfiles_that_are_none() {
    let dir = project(&[
        ("empty", ""),
        ("comments", "# nothing\n"),
        ("heredoc", "FROM a\nRUN <<EOF\necho\n"),
        ("unknown", "FROM a\n\nFETCH x\n"),
        ("before", "RUN x\n"),
        ("directory/x", ""),
    ]);
    fs::write(dir.path().join("binary"), b"\x7fELF\x02\x01\n\0\0\0").unwrap();
    let made = Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap();
    assert!(made.success());
    refused(dir.path(), &[], "Dockerfile: there is no Dockerfile; name it with -f");
    refused(dir.path(), &["-f", "nowhere"], "nowhere: cannot read the Dockerfile");
    refused(dir.path(), &["-f", "directory"], "directory: is a directory");
    refused(dir.path(), &["-f", "pipe"], "pipe: is not a regular file");
    refused(dir.path(), &["-f", "binary"], "binary:2: holds a NUL byte");
    refused(dir.path(), &["-f", "empty"], "empty:1: the Dockerfile cannot be empty");
    refused(dir.path(), &["-f", "comments"], "comments:1: file with no instructions");
    refused(dir.path(), &["-f", "heredoc"], "heredoc:2: unterminated heredoc");
    refused(dir.path(), &["-f", "unknown"], "unknown:3: unknown instruction: FETCH");
    refused(dir.path(), &["-f", "before"], "before:1: no build stage");
}

#[test]
fn contexts_that_are_none() {
    let dir = project(&[("Dockerfile", "FROM a AS b\n"), ("a.tar.gz", "x")]);
    refused(dir.path(), &["nowhere"], "nowhere: cannot read the build context");
    refused(dir.path(), &["a.tar.gz"], "unpack it into a directory");
    refused(dir.path(), &["-"], "standard input is not checked");
    refused(
        dir.path(),
        &["https://ci:Zk4-vPq8sLw2nB@git.internal/shop.git"],
        "a remote context is not checked",
    );
    refused(dir.path(), &["git@git.internal:shop.git"], "a remote context is not checked");
    refused(dir.path(), &["--target", "nope"], "there is no stage nope");
    refused(dir.path(), &["-0"], "--reachable");
}

#[test]
fn a_bad_ignore_pattern_fails_as_the_build_does() {
    let dir = project(&[("Dockerfile", "FROM a\n"), (".dockerignore", "ok\n[a\n")]);
    refused(dir.path(), &[], ".dockerignore:2: syntax error in pattern; the build fails in every builder");
    refused(dir.path(), &["--list"], ".dockerignore:2:");
}

#[test]
fn standard_input_and_defaults() {
    let dir = project(&[
        ("Dockerfile", "FROM a\n"),
        ("sub/Containerfile", "FROM a\nENV API_TOKEN=Zk4-vPq8sLw2nB\n"),
        ("sub/Dockerfile", "FROM a\n"),
    ]);
    let ran = run_in(dir.path(), &["-f", "-", "--report", "json"], b"FROM a\nENV API_TOKEN=Zk4-vPq8sLw2nB\n");
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(findings(&ran).iter().any(|f| f["check"] == "SW202" && f["origin"]["line"] == 2));
    assert_eq!(run(dir.path(), &["sub"]).code, Some(0));
    assert_eq!(run(dir.path(), &["sub", "--builder", "buildah"]).code, Some(1));
    assert_eq!(run(dir.path(), &["sub", "--builder", "buildah", "--exit-zero"]).code, Some(0));
    fs::write(
        dir.path().join("seaworthy.toml"),
        "version = 1\n[image]\ncontext = \"sub\"\ndockerfile = \"sub/Containerfile\"\n",
    )
    .unwrap();
    let ran = run(dir.path(), &["--report", "json"]);
    assert_eq!(ran.code, Some(1), "the contract's Dockerfile is used: {}", ran.err);
}

#[test]
fn places_and_fingerprints() {
    let one = project(&[(
        "Dockerfile",
        "FROM a\nRUN <<EOF\napk add curl\ncurl -u ci:Zk4-vPq8sLw2nB https://h/\nEOF\n",
    )]);
    let two = project(&[(
        "Dockerfile",
        "\n# moved\nFROM a\n\nRUN <<EOF\ncurl -u ci:Zk4-vPq8sLw2nB https://h/\nEOF\n",
    )]);
    let of = |dir: &Path| {
        let ran = run(dir, &["--report", "json"]);
        findings(&ran).into_iter().find(|f| f["check"] == "SW203").unwrap()
    };
    let (first, second) = (of(one.path()), of(two.path()));
    assert_eq!((&first["origin"]["line"], &first["origin"]["column"]), (&4.into(), &12.into()));
    assert_eq!(second["origin"]["line"], 6);
    assert_eq!(first["fingerprint"], second["fingerprint"]);
    assert_eq!(first["origin"]["kind"], "dockerfile");
}

#[test]
fn fixes_are_ready_to_paste() {
    let dir = project(&[(
        "Dockerfile",
        "FROM a\nARG NPM_TOKEN\nRUN npm ci\nRUN curl -H \"Authorization: Bearer Zk4-vPq8sLw2nB\" https://h/\n",
    )]);
    let all = findings(&run(dir.path(), &["--report", "json"]));
    let fix = |id: &str| all.iter().find(|f| f["check"] == id).unwrap()["fix"].as_str().unwrap().to_owned();
    assert!(
        fix("SW205").contains("`RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN npm ci`"),
        "{}",
        fix("SW205")
    );
    let line = "`RUN --mount=type=secret,id=auth_token,env=AUTH_TOKEN curl -H \"Authorization: Bearer $AUTH_TOKEN\" https://h/`";
    assert!(fix("SW203").contains(line), "{}", fix("SW203"));
}

#[test]
fn ignore_comments_are_told_and_not_obeyed() {
    let dir = project(&[(
        "Dockerfile",
        "# check=skip=all\nFROM a\n# hadolint ignore=DL3000\nENV API_TOKEN=Zk4-vPq8sLw2nB\n",
    )]);
    let ran = run(dir.path(), &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("Dockerfile:1: `# check=skip=` is not obeyed"), "{}", ran.err);
    assert!(ran.err.contains("Dockerfile:3: the ignore comment for hadolint is not obeyed"), "{}", ran.err);
}

#[test]
fn listings() {
    let dir = project(&[
        ("Dockerfile", "FROM a AS b\nCOPY src /src\nFROM a\nCOPY docs /docs\n"),
        (".dockerignore", "*.md\n"),
        ("src/a", ""),
        ("src/b.md", ""),
        ("docs/c", ""),
        ("x.md", ""),
    ]);
    fs::write(dir.path().join(OsStr::from_bytes(b"src/line\nend\xff")), "").unwrap();
    let list = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
            .args(["context", "--list"])
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert_eq!(list(&["-0"]), b".dockerignore\0Dockerfile\0docs/c\0src/a\0src/b.md\0src/line\nend\xff\0");
    assert_eq!(list(&["--reachable"]), b"docs/c\n");
    assert_eq!(list(&["--reachable", "-0", "--target", "b"]), b"src/a\0src/b.md\0src/line\nend\xff\0");
    // A listing of what is sent needs no Dockerfile.
    fs::remove_file(dir.path().join("Dockerfile")).unwrap();
    assert!(list(&[]).starts_with(b".dockerignore\ndocs/c\n"));
}

#[test]
fn strange_entries_and_unreadable_files() {
    let dir =
        project(&[("Dockerfile", "FROM a\nCOPY . /app\n"), ("app/a", "x\n"), (".dockerignore", "nothing\n")]);
    let made = Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    symlink("..", dir.path().join("app/up")).unwrap();
    symlink("/etc/shadow", dir.path().join("out")).unwrap();
    fs::write(dir.path().join(OsStr::from_bytes(b"new\nline\x1b[31m")), "x\n").unwrap();
    let ran = run(dir.path(), &[]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let list = run(dir.path(), &["--list", "-0"]);
    assert!(!list.out.contains("socket") && list.out.contains("pipe"), "{}", list.out);
    let closed = dir.path().join("closed");
    fs::write(&closed, "x").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&closed).is_ok() {
        // The superuser reads everything; what cannot be read is tested where tests run as a user.
        return;
    }
    let ran = run(dir.path(), &["--report", "json"]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["verdict"], "incomplete");
    assert_eq!(report["not_checked"][0]["origin"]["path"], "closed");
}

#[test]
fn committed_is_worse_than_lying_about() {
    let dir = project(&[
        ("Dockerfile", "FROM a\nCOPY src /src\n"),
        ("src/a", ""),
        (".env", "API_TOKEN=Zk4-vPq8sLw2nB\n"),
    ]);
    let severity = || {
        let ran = run(dir.path(), &["--report", "json"]);
        let all = findings(&ran);
        let found = all.iter().find(|f| f["check"] == "SW101").unwrap();
        (found["severity"].as_str().unwrap().to_owned(), found["notes"].to_string())
    };
    assert_eq!(severity().0, "medium");
    for arguments in [&["init", "-q"][..], &["add", ".env"]] {
        let done = Command::new("git").args(arguments).current_dir(dir.path()).status().unwrap();
        assert!(done.success());
    }
    let (worse, notes) = severity();
    assert_eq!(worse, "high");
    assert!(notes.contains("git tracks `.env`: it is staged and not committed yet"), "{notes}");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let done = Command::new("git").args(identity).args(arguments).current_dir(dir.path()).status();
        assert!(done.unwrap().success());
    };
    git(&["commit", "-q", "-m", "a"]);
    assert!(severity().1.contains("before the first push"));
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    git(&["pack-refs", "--all"]);
    assert!(severity().1.contains("others have it and it has to be rotated"));
    fs::write(dir.path().join("Dockerfile"), "FROM a\nCOPY .env /\n").unwrap();
    assert_eq!(severity().0, "critical");
    fs::write(dir.path().join(".git/index"), "broken").unwrap();
    assert!(severity().1.contains("is not known"));
}

/// Files that name a password in every line are work for the patterns, and no reason to leave them unexamined.
#[test]
fn files_full_of_harmless_names_are_examined_whole() {
    let lines = |line: &dyn Fn(usize) -> String| (0..4_000).map(line).collect::<Vec<_>>().join("\n");
    let form = |i: usize| {
        format!(
            r#"<input type="password" name="password" id="password{i}"><label for="password">Password:</label>"#
        )
    };
    let files = [
        ("form.html", lines(&form)),
        ("de.json", lines(&|i| format!(r#"  "password_{i}": "Please enter your password","#))),
        (
            "a.js",
            lines(&|i| format!("const token{i} = get({{secret: config.secret, password: body.password}});")),
        ),
        ("names.go", lines(&|i| format!(r#"	{{"token{i}", "secret", "password", "key", "pass", "pwd"}},"#))),
        (
            "words.txt",
            lines(&|_| "password: password password=password secret: token key: secret".to_owned()),
        ),
        ("min.js", "a.password=b.password,c.token=d.token,e.secret=f.secret;".repeat(4_000)),
    ];
    let dir = project(&[("Dockerfile", "FROM a\nCOPY . /app\n"), (".dockerignore", "nothing\n")]);
    for (name, text) in &files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let ran = run(dir.path(), &["--report", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["not_checked"].as_array().unwrap().len(), 0, "{}", ran.out);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
}

#[test]
fn large_and_binary_files_are_read_to_their_end() {
    let dir = project(&[("Dockerfile", "FROM a\nCOPY . /app\n"), (".dockerignore", "nothing\n")]);
    let mut large = b"line\n".repeat(1_000_000);
    large.extend_from_slice(b"token = \"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\"\n");
    large.extend(b"line\n".repeat(1_000));
    fs::write(dir.path().join("large.txt"), &large).unwrap();
    let mut binary = vec![0_u8; 3 << 20];
    binary.extend_from_slice(b"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\0");
    fs::write(dir.path().join("program"), &binary).unwrap();
    let all = findings(&run(dir.path(), &["--report", "json"]));
    let found: Vec<&Value> = all.iter().filter(|f| f["check"] == "SW102").collect();
    assert_eq!(found.len(), 1, "one secret in two places");
    let text = &found[0]["origin"];
    assert_eq!(
        (&text["path"], &text["line"], &text["column"]),
        (&"large.txt".into(), &1_000_001.into(), &10.into())
    );
    assert_eq!(found[0]["places"][0]["offset"], 3 << 20);
}

#[test]
fn help_and_explanations() {
    let ran = run(Path::new("."), &["--help"]);
    assert!(ran.out.contains("seaworthy context --list"), "{}", ran.out);
    let out = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["explain", "SW201"]).output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).contains("secret-in-arg"));
}
