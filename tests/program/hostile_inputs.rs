//! Inputs of every reader that are made to harm: nested without end, in circles, in numbers beyond reason, damaged, no
//! regular files, with names that speak to terminals. Whatever they hold, a command ends soon, in little memory, with an
//! answer.

use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Cli, Layer, Spec, Tar};

/// What a command may take in a debug build beside a whole suite; they take a tenth of it.
const SOON: Duration = Duration::from_secs(60);

/// Runs a command with an address space that no bomb fits into.
#[track_caller]
fn ends(cli: &Cli, arguments: &[&str]) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 1400000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_seaworthy")]);
    let start = Instant::now();
    let output = command.args(arguments).current_dir(cli.dir.path()).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let head: String = said.chars().take(2_000).collect();
    let code = output.status.code();
    assert!(code.is_some_and(|code| code < 3), "{arguments:?} ended with {:?}: {head}", output.status);
    assert!(!said.contains("internal error"), "{arguments:?}: {head}");
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{arguments:?}: {head:?}");
    assert!(start.elapsed() < SOON, "{arguments:?} took {:?}", start.elapsed());
    said
}

fn project() -> Cli {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\nCOPY . /app\n").write("seaworthy.toml", "version = 1\n");
    cli
}

fn workflow(steps: &str) -> String {
    format!("on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

/// What reads a repository: `init` and `gate`.
#[track_caller]
fn read_as_repository(cli: &Cli) {
    ends(cli, &["init", "--print"]);
    ends(cli, &["gate", "--dry-run", "--run-id", "r1", "missing.tar"]);
}

#[test]
fn actions_and_tasks_that_call_each_other_end() {
    let cli = project();
    let steps =
        "      - uses: ./.github/actions/a0\n      - run: make t0 && npm run t0 && task t0 && just t0\n";
    cli.write(".github/workflows/ci.yml", workflow(&format!("{steps}      - run: docker buildx bake\n")));
    let bake = "group \"default\" { targets = [\"default\", \"a\"] }\ntarget \"a\" { inherits = [\"b\", \"b\"] }\n\
                target \"b\" { inherits = [\"a\", \"a\"] }\nvariable \"X\" { default = \"${X}${X}\" }\n";
    cli.write("docker-bake.hcl", bake);
    let mut make = String::new();
    let (mut just, mut task) = (String::new(), "version: '3'\ntasks:\n".to_owned());
    let mut scripts = serde_json::Map::new();
    // A circle of 24, each calling the next several times.
    for i in 0..24 {
        let next = (i + 1) % 24;
        make += &format!("t{i}: t{next} t{next}\n\t$(MAKE) t{next}; make t{next}\n");
        just += &format!("t{i}: t{next} t{next}\n  just t{next}\n  just t{next}\n");
        task += &format!("  t{i}:\n    deps: [t{next}]\n    cmds: [{{task: t{next}}}, {{task: t{next}}}]\n");
        scripts.insert(format!("t{i}"), format!("npm run t{next} && npm run t{next}").into());
        let step = format!("    - uses: ./.github/actions/a{next}\n").repeat(8);
        cli.write(
            &format!(".github/actions/a{i}/action.yml"),
            format!("runs:\n  using: composite\n  steps:\n{step}"),
        );
    }
    cli.write("Makefile", make).write("justfile", just).write("Taskfile.yml", task);
    cli.write("package.json", serde_json::json!({ "scripts": scripts }).to_string());
    read_as_repository(&cli);
}

#[test]
fn documents_without_end_end() {
    let cli = project();
    let nested = "[".repeat(200_000);
    cli.write(".github/workflows/ci.yml", workflow(&format!("      - run: {nested}\n")));
    cli.write("docker-compose.yml", format!("a: {}", "{a: ".repeat(100_000)));
    cli.write(
        "Makefile",
        format!("x:{}\n\techo\n", (0..100_000).map(|i| format!(" a{i}")).collect::<String>()),
    );
    cli.write("justfile", format!("a:\n{}", "  echo x\n".repeat(100_000)));
    cli.write("package.json", format!("{{\"scripts\":{}", "{\"a\":".repeat(100_000)));
    read_as_repository(&cli);
    // Aliases that stand for more than memory holds.
    let list = |name: &str, of: &str| format!("[{}]", format!("*{name}{of},").repeat(9));
    let bomb: String =
        (1..12).map(|i| format!("a{i}: &a{i} {}\n", list("a", &(i - 1).to_string()))).collect();
    cli.write("docker-compose.yml", format!("a0: &a0 [x]\n{bomb}"));
    read_as_repository(&cli);
    for (name, text) in [
        ("a.json", "[".repeat(500_000)),
        ("b.json", "{\"password\":".repeat(100_000)),
        ("c.toml", format!("a = {nested}")),
        ("d.yaml", (1..2_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect()),
        ("e.plist", format!("<plist>{}", "<dict><key>password</key>".repeat(20_000))),
        ("f.sql", format!("INSERT INTO u ({}", "INSERT INTO u (password) VALUES (".repeat(10_000))),
        ("g.sql", format!("INSERT INTO t (password) VALUES {};", "(1),".repeat(50_000))),
    ] {
        cli.write(name, text);
    }
    ends(&cli, &["context", "."]);
}

#[test]
fn damaged_binaries_are_read_to_their_end() {
    let cli = project();
    let pyc = b"\xa7\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0";
    let sqlite = b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20";
    let plist = b"bplist00";
    for (kind, head) in [("pyc", &pyc[..]), ("db", sqlite), ("plist", plist)] {
        for (name, bytes) in [
            ("ff", vec![0xff; 50_000]),
            ("counts", b"\x28\xff\xff\xff\x7f".repeat(10_000)),
            ("nested", b"\xa9\x01".repeat(100_000)),
            ("self", b"\xa1\x08".repeat(10_000)),
            ("empty", Vec::new()),
        ] {
            cli.write(&format!("{name}.{kind}"), [head, &bytes].concat());
        }
    }
    ends(&cli, &["context", "."]);
}

#[test]
fn names_and_links_of_a_context() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let cli = project();
    for name in [&b"\x1b[31mred"[..], b"a\nb", b"\xff\xfe", "\u{202e}txt".as_bytes(), &[b'p'; 255]] {
        std::fs::write(cli.dir.path().join(OsStr::from_bytes(name)), "x = 1\n").unwrap();
    }
    for (target, link) in [
        (".", "loop"),
        ("b", "a"),
        ("a", "b"),
        ("/dev/zero", "package.json"),
        ("/dev/zero", "docker-compose.yml"),
    ] {
        symlink(target, cli.path(link)).unwrap();
    }
    for fifo in ["Makefile", "justfile"] {
        assert!(Command::new("mkfifo").arg(cli.path(fifo)).status().unwrap().success());
    }
    ends(&cli, &["context", "."]);
    read_as_repository(&cli);
}

#[test]
fn terraform_and_templates_that_grow() {
    let cli = project();
    let doubled: String =
        (0..60).map(|i| format!(" l{i} = \"${{local.l{0}}}${{local.l{0}}}\"\n", i + 1)).collect();
    let resource =
        "resource \"aws_ssm_parameter\" \"p\" {\n name = local.l0\n type = \"String\"\n value = local.c\n}\n";
    let modules: String = (0..6).map(|i| format!("module \"m{i}\" {{ source = \"./\" }}\n")).collect();
    cli.write(
        "infra/main.tf",
        format!("locals {{\n{doubled} l60 = \"x\"\n c = local.d\n d = local.c\n}}\n{resource}{modules}"),
    );
    let known: Vec<_> =
        (0..2_000).map(|i| serde_json::json!({"Key": format!("m{i}"), "Source": "./", "Dir": "."})).collect();
    cli.write("infra/.terraform/modules/modules.json", serde_json::json!({ "Modules": known }).to_string());
    ends(&cli, &["init", "--print"]);
    let plan = "{\"format_version\":\"1.2\",\"planned_values\":{\"root_module\":{}},\"configuration\":{}}";
    cli.write("plan.json", plan);
    ends(&cli, &["wiring", "--source", "infra", "--plan", "plan.json"]);
    for text in [
        "variable \"a\" { default = ".to_owned() + &"{a=".repeat(20_000),
        format!("x = {}", "(".repeat(100_000)),
        format!("x = {}c", "a ? b : ".repeat(50_000)),
        format!("w = <<EOT\n{}", "${".repeat(50_000)),
        "resource \"aws_iam_role\" \"r\" {\n count = 100000000\n name = \"r-${count.index}\"\n}\n".to_owned(),
    ] {
        cli.write("infra/main.tf", text);
        ends(&cli, &["init", "--print"]);
        ends(&cli, &["wiring", "--source", "infra", "--plan", "plan.json"]);
    }
    let circle = "Conditions:\n  A: !Or [!Condition B, !Condition B]\n  B: !Or [!Condition A, !Condition A]\nResources:\n";
    let grows: String = (0..40)
        .map(|i| {
            let next = i + 1;
            format!(
                "  S{i}:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Name: !Sub \"${{S{next}}}${{S{next}}}\"\n      \
                 Type: String\n      Value: !Join [\"\", [!Ref S{next}, !Ref S{next}]]\n"
            )
        })
        .collect();
    cli.write("grows.yaml", format!("{circle}{grows}"));
    cli.write("deep.yaml", format!("Resources:\n  A: {}", "!Sub [".repeat(5_000)));
    cli.write("deep.json", format!("{{\"Resources\":{}", "{\"a\":".repeat(50_000)));
    for template in ["grows.yaml", "deep.yaml", "deep.json"] {
        ends(&cli, &["wiring", "--template", template]);
    }
    cli.write("deep-plan.json", format!("{{\"planned_values\":{}", "{\"child_modules\":[".repeat(30_000)));
    ends(&cli, &["wiring", "--plan", "deep-plan.json"]);
    ends(&cli, &["wiring", "--snapshot", "deep-plan.json"]);
}

#[test]
fn contracts_profiles_and_documents_beyond_reason() {
    let cli = project();
    // What may have been meant is looked up for the first keys alone.
    cli.write(
        "c.toml",
        format!("version = 1\n{}", (0..20_000).map(|i| format!("k{i} = 1\n")).collect::<String>()),
    );
    assert!(ends(&cli, &["context", ".", "--contract", "c.toml"]).contains("unknown key `k0`"));
    let control = |i: usize| {
        let next = (i + 1) % 1_000;
        format!("[[controls]]\nid = \"c{i}\"\ntitle = \"t\"\nasks = \"a\"\ncontrols = [\"c{next}\"]\n")
    };
    let circle: String = (0..1_000).map(control).collect();
    cli.write("p.toml", format!("version = 1\nname = \"x\"\ntitle = \"t\"\n{circle}"));
    cli.write("c.toml", "version = 1\nprofile = \"p.toml\"\n");
    ends(&cli, &["gate", "--contract", "c.toml", "--dry-run", "--run-id", "r1", "missing.tar"]);
    cli.write("p.toml", format!("version = {}", "[".repeat(100_000)));
    ends(&cli, &["gate", "--contract", "c.toml", "--dry-run", "--run-id", "r1", "missing.tar"]);
    let escapes = r#"{"image_digest":"\u001b[31m\u0007\u202e","git_commit":"\u0000"}"#;
    cli.write("escapes.json", escapes);
    for text in [
        "{".repeat(200_000),
        format!("{{\"a\":{}}}", "1".repeat(500_000)),
        "\u{1b}[2J".to_owned(),
        format!("{{{}\"z\":1}}", (0..50_000).map(|i| format!("\"k{i}\":1,")).collect::<String>()),
        format!("{{\"payload\":\"{}\",\"signatures\":{}", "A".repeat(500_000), "[".repeat(2_000)),
    ] {
        cli.write("d.json", text);
        ends(&cli, &["verify", "--provenance", "d.json"]);
        for document in ["--run", "--receipt", "--attestation", "--security"] {
            ends(&cli, &["verify", "--provenance", "escapes.json", document, "d.json"]);
        }
    }
    cli.write("cases.jsonl", format!("{{\"role\":{}\n{}", "[".repeat(100_000), "{}\n".repeat(20_000)));
    ends(&cli, &["simulate", "--cases", "cases.jsonl"]);
}

#[test]
fn users_links_and_packages_of_an_image() {
    let cli = Cli::new();
    let users =
        [&b"x:x:1:1:"[..], &vec![b'a'; 1_000_000], b":\n", &b":".repeat(500_000), &b"r\n".repeat(200_000)];
    let mut links =
        Tar::new().symlink("etc2", "etc2").symlink("a", "b").symlink("b", "a").hard_link("h", "h");
    for i in 0..2_000 {
        links = links.symlink(&format!("d{i}"), &format!("d{0}/d{0}", i + 1));
    }
    let status = "Package: a\nStatus: install ok installed\nVersion: 1\n".repeat(20_000);
    let sums = "d41d8cd98f00b204e9800998ecf8427e  usr/x\n".repeat(20_000);
    for tar in [
        Tar::new().file("etc/passwd", users.concat()).file("etc/group", vec![0xff; 300_000]),
        links.entry(b'3', b"dev/zero", b"").entry(b'6', b"etc/passwd", b"").file("\u{1b}]0;x\u{7}name", "x"),
        Tar::new()
            .file("var/lib/dpkg/status", status)
            .file("var/lib/dpkg/info/a.md5sums", sums)
            .file("lib/apk/db/installed", "P:".repeat(100_000))
            .file("var/lib/rpm/rpmdb.sqlite", [b"SQLite format 3\0".to_vec(), vec![0; 50_000]].concat()),
    ] {
        cli.write("i.tar", Spec::new([Layer::from(tar.done())]).docker_archive(&["app:1"]));
        ends(&cli, &["image", "i.tar"]);
    }
}
