//! An image full of canaries, each in another place: no report, message or error may carry one out. What may be seen of
//! a secret is its first four characters.

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{
    Blobs, CONFIG, Cli, Http, IMAGE_TAR, Layer, MANIFEST, Packing, Reply, Spec, Tar, docker_archive,
    findings, gzip,
};

/// Makes canaries and remembers them with their places.
#[derive(Default)]
struct Canaries {
    made: RefCell<Vec<(String, String)>>,
}

impl Canaries {
    fn random(&self, place: &str, prefix: &str, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let mut state = place
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut text = prefix.to_owned();
        for _ in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(char::from(LETTERS[usize::try_from(state >> 33).unwrap() % LETTERS.len()]));
        }
        self.made.borrow_mut().push((place.to_owned(), text.clone()));
        text
    }

    /// A secret that is known by its form.
    fn token(&self, place: &str) -> String {
        self.random(place, "ghp_", 36)
    }

    /// A secret that only the name beside it gives away.
    fn password(&self, place: &str) -> String {
        self.random(place, "", 22)
    }

    /// The places whose canary is in `text`, whole, in part, or in base64.
    fn leaks(&self, text: &str) -> Vec<String> {
        let mut leaks = Vec::new();
        for (place, canary) in self.made.borrow().iter() {
            let in_part = (1..=canary.len() - 8).map(|i| canary.get(i..i + 8).unwrap_or_default().to_owned());
            let in_base64 = (0..3).map(|shift| {
                // The characters that do not depend on what stands before and after.
                let encoded = STANDARD.encode([&b"\0\0\0"[..shift], &canary.as_bytes()[..15]].concat());
                encoded.get(4..16).unwrap_or_default().to_owned()
            });
            if let Some(leak) = in_part.chain(in_base64).find(|part| text.contains(part)) {
                leaks.push(format!("{place}: {leak} of {canary}"));
            }
        }
        leaks
    }

    /// Runs the binary with every kind of report and looks at all that comes out; gives the JSON report.
    #[track_caller]
    fn watch(&self, cli: &Cli, reference: &str, more: &[&str]) -> Option<Value> {
        let formats = [
            "json",
            "sarif",
            "github",
            "evidence",
            "markdown",
            "html",
            "junit",
            "gitlab-secrets",
            "gitlab-quality",
            "csv",
        ];
        let reports = formats.map(|f| format!("--report={f}=out.{f}"));
        let mut arguments = vec!["image", reference, "-vv", "--report", "text", "--replace"];
        arguments.extend(reports.iter().map(String::as_str).chain(more.iter().copied()));
        let answer = cli.run(&arguments);
        self.clean(&answer.stdout, "text");
        self.clean(&answer.stderr, "stderr");
        let mut json = None;
        for format in formats {
            let path = cli.path(&format!("out.{format}"));
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            self.clean(&text, format);
            json = json.or_else(|| serde_json::from_str(&text).ok());
            std::fs::remove_file(path).unwrap();
        }
        let plain = cli.run(&["image", reference]);
        self.clean(&plain.stdout, "text");
        self.clean(&plain.stderr, "stderr");
        json
    }

    #[track_caller]
    fn clean(&self, text: &str, what: &str) {
        let leaks = self.leaks(text);
        if let Some(first) = leaks.first() {
            let part = first.split(": ").nth(1).unwrap().split(' ').next().unwrap();
            let line = text.lines().find(|l| l.contains(part)).unwrap_or_default();
            panic!("{what} leaks {leaks:#?}\nfirst in: {}", line.chars().take(400).collect::<String>());
        }
    }
}

fn layers(c: &Canaries) -> Vec<Layer> {
    let env = format!("DB_PASSWORD={}\nTOKEN={}\n", c.password(".env"), c.token("file"));
    let base64 = STANDARD.encode(c.token("base64 in a file"));
    let utf16: Vec<u8> =
        format!("token = {}", c.token("UTF-16")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let first = Tar::new()
        .file("app/.env", &env)
        .file("app/b64", format!("data: {base64}\n"))
        .file("app/utf16.txt", utf16)
        .file("app/deleted", c.token("deleted file"))
        .file("app/changed", c.token("overwritten file"))
        .file(&format!("app/{}.txt", c.token("file name")), c.token("file with such a name"))
        .file(&format!("{}/x", c.token("directory name")), format!("password = \"{}\"", c.password("below")))
        .gnu_long(&format!("{}/{}", "long/".repeat(30), c.token("GNU name")), c.token("below a GNU name"))
        .pax(
            &[
                ("comment", c.token("PAX comment").as_bytes()),
                ("SCHILY.xattr.user.token", c.token("extended attribute").as_bytes()),
                ("path", format!("pax/{}", c.token("PAX path")).as_bytes()),
            ],
            "short",
            c.token("below a PAX name"),
        )
        .file(&format!("../{}", c.token("name that leads out")), "x")
        .symlink("link", &c.token("link target"))
        .entry(b'x', b"PaxHeaders/1", format!("99 path={}\n", c.token("malformed PAX")).as_bytes())
        .file("after", "x");
    let second = Tar::new()
        .file("app/.wh.deleted", "")
        .file("app/changed", "harmless")
        .file(&format!("app/.wh.{}", c.token("whiteout name")), "");
    let mut tail = Tar::new().file("y", "z").done();
    tail.extend_from_slice(c.token("after the end of the tar").as_bytes());
    let run = format!(
        "|2 API_TOKEN={} PLAIN={} /bin/sh -c curl -u ci:{} https://ci:{}@example.com/ && ./login --password {} # buildkit",
        c.password("build argument"),
        c.token("build argument by form"),
        c.password("curl -u"),
        c.password("URL"),
        c.password("option in RUN"),
    );
    let copy = format!("COPY {} /app # buildkit", c.token("COPY"));
    let env = format!("ENV DB_PASSWORD={}", c.password("history ENV"));
    vec![
        Layer::from(first).made_by(&run),
        Layer::from(second).packed(Packing::Zstd).made_by(&copy),
        Layer::from(tail).made_by(&env).typed(&format!("application/{}", c.token("layer media type"))),
        Layer::from(format!("junk {}", c.token("no tar")).into_bytes()).made_by("RUN x"),
    ]
}

fn config(c: &Canaries) -> Value {
    json!({
        "Env": [
            format!("DB_PASSWORD={}", c.password("variable")),
            format!("PLAIN={}", c.token("variable by form")),
            format!("{}={}", c.token("name of a variable"), c.token("value of such a variable")),
            c.token("variable without a value"),
        ],
        "Labels": {
            "com.example.token": c.token("label"),
            "com.example.db-password": c.password("label by name"),
            (c.token("name of a label")): c.token("value of such a label"),
            (format!("com.example.{}", c.token("name of a plain label"))): "plain",
        },
        "Cmd": ["run", "--db-password", c.password("option"), format!("--api-key={}", c.password("option=value"))],
        "Entrypoint": ["sh", "-c", format!("TOKEN={} exec run", c.token("entrypoint"))],
        "Healthcheck": { "Test": ["CMD-SHELL", format!("curl -H 'Authorization: Bearer {}' x", c.token("healthcheck"))] },
        "User": c.token("user"),
        "WorkingDir": format!("/{}", c.token("working directory")),
        "OnBuild": [format!("ENV TOKEN={}", c.token("ONBUILD"))],
        "Volumes": { (format!("/{}", c.token("volume"))): {} },
    })
}

fn spec(c: &Canaries) -> Spec {
    let mut spec = Spec::new(layers(c));
    spec.config = config(c);
    spec.history = vec![format!("CMD [\"run\" \"--password\" \"{}\"]", c.password("history CMD"))];
    spec.more = json!({ "author": c.token("author"), "comment": format!("token {}", c.token("comment")) });
    spec.architecture = format!("amd64-{}", c.token("architecture"));
    spec.annotations = json!({
        "com.example.token": c.token("annotation"),
        (c.token("name of an annotation")): c.token("value of such an annotation"),
    });
    spec.layers[0].annotations = json!({ "com.example.password": c.password("annotation of a layer") });
    spec
}

/// A layout with an index, attestations and referrers.
fn layout(c: &Canaries) -> Blobs {
    let mut blobs = Blobs::default();
    let spec = spec(c);
    let image = blobs.image(&spec);
    let dockerfile = format!("FROM x\nARG TOKEN={}\n", c.token("Dockerfile in an attestation"));
    let statement = json!({
        "predicateType": c.token("predicate type in the statement"),
        "predicate": {
            "invocation": { "parameters": { "args": {
                "build-arg:DB_PASSWORD": c.password("attested build argument"),
                (format!("build-arg:{}", c.token("name of an attested argument"))): c.token("its value"),
            } } },
            "metadata": { "infos": [{ "data": STANDARD.encode(dockerfile) }] },
            "materials": [{ "uri": format!("https://ci:{}@example.com/x.git", c.password("material")) }],
        },
        (c.token("key of a statement")): c.token("value of such a key"),
    });
    let attestation = blobs.attestation(&image, &statement);
    let mut referrer = blobs.referrer(&image, &json!({ "note": c.token("referrer") }));
    let mut manifest = blobs.get(&referrer);
    manifest["artifactType"] = format!("application/{}", c.token("artifact type")).into();
    manifest["annotations"] = json!({ "x": c.token("annotation of a referrer") });
    let changed = blobs.json(MANIFEST, &manifest);
    blobs.remove(&referrer);
    referrer["digest"] = changed["digest"].clone();
    referrer["size"] = changed["size"].clone();
    let mut index = vec![image, attestation, referrer];
    index[0]["annotations"] = json!({ "com.example.token": c.token("annotation of a descriptor") });
    // Manifests that cannot be used, each with a canary where the reason might quote it.
    let mut own_type = blobs.image(&Spec::new([Layer::from(Tar::new().file("a", "b"))]));
    let mut manifest = blobs.get(&own_type);
    manifest["mediaType"] = format!("application/{}", c.token("manifest's own media type")).into();
    own_type = blobs.json(&format!("application/{}", c.token("descriptor's media type")), &manifest);
    index.push(own_type);
    let typed = blobs.json(&format!("application/{}", c.token("config media type")), &json!({}));
    index.push(blobs.image_with(&Spec::new([]), &typed));
    for value in [
        json!({ "schemaVersion": 2, "config": c.token("config of a wrong type") }),
        json!({ "schemaVersion": 2, "layers": { "x": c.token("layers of a wrong type") } }),
        json!([c.token("manifest that is a list")]),
        json!({ "mediaType": c.token("media type of nothing") }),
    ] {
        index.push(blobs.json(MANIFEST, &value));
    }
    index.push(blobs.blob(MANIFEST, format!("{{\"x\": {}", c.token("no JSON"))));
    index.push(json!({ "mediaType": MANIFEST, "digest": c.token("digest"), "size": 1 }));
    index.push(
        json!({ "mediaType": MANIFEST, "digest": format!("md5:{}", c.token("md5 digest")), "size": 1 }),
    );
    for config in [
        format!("{{\"history\": \"{}\"}}", c.token("history of a wrong type")),
        format!("{{\"config\": {{\"Env\": [\"A={}\"", c.token("config that ends early")),
        format!("{{\"architecture\": {}}}", c.token("config that is no JSON")),
        format!("{{\"rootfs\": {{\"diff_ids\": [\"{}\"]}}}}", c.token("diff ID")),
    ] {
        let config = blobs.blob(CONFIG, config);
        index.push(blobs.image_with(&Spec::new([Layer::from(Tar::new().file("a", "b"))]), &config));
    }
    let mut odd = Spec::new([Layer::from(Tar::new().file("a", "b"))]);
    odd.architecture = "odd".into();
    let odd = blobs.image(&odd);
    let mut manifest = blobs.get(&odd);
    manifest["layers"][0] = json!({
        "mediaType": IMAGE_TAR, "digest": format!("sha256:{}", c.token("digest of a layer")), "size": 1,
        "urls": [format!("https://example.com/?token={}", c.token("URL of a layer"))],
    });
    index.push(blobs.json(MANIFEST, &manifest));
    let root = blobs.index(&index);
    blobs.root(root, &format!("v1-{}", c.token("tag")));
    blobs
}

#[test]
fn in_a_layout() {
    let c = Canaries::default();
    let cli = Cli::new();
    layout(&c).write(&cli.path("layout"));
    let report = c.watch(&cli, "oci:layout", &[]).unwrap();
    assert_eq!(report["verdict"], "fail");
    // They were found, not passed over.
    let found = findings(&report);
    for check in ["SW301", "SW302", "SW303", "SW304", "SW306", "SW307"] {
        assert!(found.iter().any(|f| f["check"] == check), "{check}");
    }
    let places: usize = found.iter().map(|f| 1 + f["places"].as_array().unwrap().len()).sum();
    assert!(places > 40, "{places} places");
    assert!(report["not_checked"].as_array().unwrap().len() > 10);
}

#[test]
fn in_archives() {
    let c = Canaries::default();
    let cli = Cli::new();
    let tag = format!("app:{}", c.token("repository tag"));
    let classic = docker_archive(&[(&spec(&c), &[&tag])]);
    cli.write("classic.tar", &classic).write("classic.tar.gz", gzip(&classic));
    for name in ["classic.tar", "classic.tar.gz"] {
        let report = c.watch(&cli, name, &[]).unwrap();
        assert_eq!(report["verdict"], "fail");
    }
    // Another image is asked for than the ones that are there: the error lists their names.
    c.watch(&cli, "docker-archive:classic.tar:no:such", &[]);
    // The archive itself is damaged, at members with telling names.
    let member = format!("{}/layer.tar", c.token("member name"));
    let list = json!([{ "Config": format!("{}.json", c.token("config's name")), "RepoTags": [], "Layers": [member, "x"] }]);
    let layer = Tar::new().file("a", "b").done();
    let tar = Tar::new().file("manifest.json", list.to_string());
    let twice = tar.clone().file(&member, &layer).file(&member, &layer).done();
    let cut = tar.file(&member, vec![b'x'; 9000]).open_end();
    for (name, bytes) in [("twice.tar", twice), ("cut.tar", cut[..4000].to_vec())] {
        cli.write(name, &bytes).write(&format!("{name}.gz"), gzip(&bytes));
        c.watch(&cli, name, &[]);
        c.watch(&cli, &format!("{name}.gz"), &[]);
    }
}

#[test]
fn in_errors() {
    let c = Canaries::default();
    let cli = Cli::new();
    let index = |text: String| cli.write("dir/index.json", text);
    index(format!("{{\"manifests\": {}}}", c.token("index")));
    c.watch(&cli, "oci:dir", &[]);
    index(format!("{{\"manifests\": \"{}\"}}", c.token("index of a wrong type")));
    c.watch(&cli, "oci:dir", &[]);
    index(
        json!({ "manifests": [{ "annotations": { "org.opencontainers.image.ref.name": c.token("name") } }] })
            .to_string(),
    );
    c.watch(&cli, "oci:dir:other", &[]);
    for (what, text) in [
        ("list", format!("[{}]", c.token("list"))),
        ("config", format!("[{{\"Config\": [\"{}\"]}}]", c.token("config of a list"))),
        (
            "layers",
            format!(
                "[{{\"Config\": \"{}\", \"Layers\": [\"../{}\"]}}]",
                c.token("name of a config"),
                c.token("layer")
            ),
        ),
    ] {
        cli.write(what, Tar::new().file("manifest.json", text).done());
        c.watch(&cli, what, &[]);
    }
    // The contract and the Dockerfile are read and quoted, too.
    layout(&c).write(&cli.path("layout"));
    for line in [
        format!("password = \"{}\"", c.password("unknown key of the contract")),
        format!("version = \"{}\"", c.token("version")),
        format!("[[secrets]]\nhandle = \"db\"\nparameter = \"{}\"", c.token("parameter")),
        format!("[[secrets]]\nhandle = \"db\"\nparameter = \"/db\"\nvalue = \"{}\"", c.password("value")),
        format!("[fingerprints]\nkey_env = \"{}\"", c.token("key in place of its name")),
        format!("[fingerprints]\nkey = \"{}\"", c.password("key itself")),
        format!("[policy]\nfail_on = \"{}\"", c.token("severity")),
        format!("x = \"{}", c.token("no end of a text")),
    ] {
        let text = if line.starts_with("version") { line } else { format!("version = 1\n{line}\n") };
        cli.write("bad.toml", text);
        let answer = cli.run(&["image", "oci:layout", "--contract", "bad.toml"]);
        c.clean(&answer.stderr, "stderr");
        c.clean(&answer.stdout, "text");
    }
    for text in [
        format!("FROM x\nNONSENSE {}\n", c.token("unknown instruction")),
        format!("FROM x\n{} y\n", c.token("instruction")),
        format!("FROM x\nRUN --mount={} x\n", c.token("mount")),
        format!("FROM x\nENV {}\n", c.token("ENV without a value")),
        format!("FROM x\nRUN <<{}\nx\n", c.token("heredoc")),
    ] {
        cli.write("Dockerfile", text);
        let answer = cli.run(&["image", "oci:layout", "-f", "Dockerfile"]);
        c.clean(&answer.stderr, "stderr");
        c.clean(&answer.stdout, "text");
    }
    let stage = c.token("stage");
    cli.write("Dockerfile", format!("FROM x AS {stage}\nRUN curl -u ci:{} x\n", c.password("RUN")));
    c.watch(&cli, "oci:layout", &["-f", "Dockerfile"]);
}

#[test]
fn in_answers_of_a_registry() {
    let c = Canaries::default();
    let cli = Cli::new();
    cli.write("seaworthy.toml", "version = 1\n[limits]\nregistry_timeout_seconds = 2\n");
    let challenge = |realm: String| ("WWW-Authenticate", realm);
    let cases: Vec<(u16, (&'static str, String))> = vec![
        (401, challenge(format!("Bearer realm=\"http://127.0.0.1:1/{}\"", c.token("realm")))),
        (401, challenge(format!("Basic realm=\"{}\"", c.token("basic realm")))),
        (401, challenge(format!("{} x", c.token("scheme")))),
        (307, ("Location", format!("http://127.0.0.1:1/?X-Amz-Signature={}", c.token("redirect")))),
        (200, ("Content-Type", format!("application/{}", c.token("content type")))),
        (200, ("Docker-Content-Digest", format!("sha256:{}", c.token("digest header")))),
        (500, ("Retry-After", c.token("Retry-After"))),
    ];
    for (status, header) in cases {
        let body =
            json!({ "errors": [{ "code": "DENIED", "message": c.token(&format!("body {header:?}")) }] });
        let http = Http::start(move |_| Reply::With(status, header.clone(), body.to_string().into()));
        c.watch(&cli, &format!("docker://{}/app:1", http.address), &[]);
    }
    // A login in the reference.
    let reference = format!("docker://ci:{}@127.0.0.1:1/app:1", c.password("reference"));
    let answer = cli.run(&["image", &reference]);
    assert_eq!(answer.code, 2);
    c.clean(&answer.stderr, "stderr");
}

impl Canaries {
    /// Runs a command with each format, to standard output, and looks at all that comes out.
    #[track_caller]
    fn watch_command(&self, cli: &Cli, command: &[&str], formats: &[&str]) {
        for format in formats {
            let answer = cli.run(&[command, &["--report", format]].concat());
            assert!(!answer.stdout.is_empty() || *format == "github", "{format}: {}", answer.stderr);
            self.clean(&answer.stdout, &format!("{command:?} {format}"));
            self.clean(&answer.stderr, &format!("{command:?} {format}: stderr"));
        }
    }
}

const FORMATS: [&str; 10] = [
    "text",
    "json",
    "sarif",
    "github",
    "markdown",
    "html",
    "junit",
    "gitlab-secrets",
    "gitlab-quality",
    "csv",
];

#[test]
fn in_arguments() {
    let c = Canaries::default();
    let cli = Cli::new();
    let token = c.token("argument");
    let (option, path) = (format!("--{token}"), format!("json={token}/x/y.json"));
    for arguments in [
        vec!["context", &token],
        vec!["context", "-f", &token],
        vec!["context", &option],
        vec!["image", &token],
        vec!["image", "x.tar", "--report", &token],
        vec!["image", "x.tar", "--report", &path],
        vec!["image", "x.tar", "--fail-on", &token],
        vec!["image", "x.tar", "--rules", &token],
        vec!["image", "x.tar", "--jobs", &token],
        vec![token.as_str()],
        vec![option.as_str()],
        vec!["explain", &token],
        vec!["rules", "show", &token],
        vec!["schema", &token],
        vec!["accept", &token, "--until", "2099-01-01", "--reason", "for a test"],
        vec!["accept", "0123456789", "--from", &token, "--until", "2099-01-01", "--reason", "for a test"],
        vec!["verify", "--run-id", &token],
        vec!["gate", "--run-id", &token],
        vec!["audit", &token],
        vec!["simulate", "--cases", &token],
        vec!["init", &token],
        vec!["attest", "--provenance", &token],
    ] {
        for color in ["never", "always"] {
            let answer = cli.run(&[&arguments[..], &["--color", color]].concat());
            assert_eq!(answer.code, 2, "{arguments:?}: {}", answer.stdout);
            c.clean(&answer.stderr, &format!("{arguments:?}"));
            c.clean(&answer.stdout, &format!("{arguments:?}"));
        }
    }
}

#[test]
fn in_names_of_a_context() {
    let c = Canaries::default();
    let cli = Cli::new();
    let (argument, directory, file) = (c.token("ARG"), c.token("directory"), c.token("file"));
    let default = c.token("default of the ARG");
    cli.write("Dockerfile", format!("FROM alpine:3.20\nARG {argument}={default}\nCOPY . /app\n"))
        .write(&format!("{directory}/id_rsa"), "x\n")
        .write(&format!("{file}.pem"), "x\n")
        .write(&format!("{directory}/.env"), format!("DB_PASSWORD={}\n", c.password("env")))
        .write("a\x1b[31mb", "x\n");
    c.watch_command(&cli, &["context", "."], &FORMATS);
    for more in [&["--list"][..], &["--list", "--reachable"], &["--list", "-0"]] {
        let answer = cli.run(&[&["context"], more].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        c.clean(&answer.stdout, "list");
        assert!(answer.stdout.contains("***"), "{}", answer.stdout);
        assert_eq!(answer.stdout.contains('\x1b'), more.contains(&"-0"));
        assert!(answer.stderr.contains("masked"), "{}", answer.stderr);
    }
}

#[test]
fn in_references_of_a_task() {
    let c = Canaries::default();
    let cli = Cli::new();
    let definition = json!({
        "family": "app", "executionRoleArn": "arn:aws:iam::111122223333:role/agent",
        "containerDefinitions": [{
            "name": "app", "image": "app:1",
            "secrets": [{ "name": "TOKEN", "valueFrom": c.token("valueFrom") }],
            "repositoryCredentials": { "credentialsParameter": c.token("credentialsParameter") },
        }],
    });
    cli.write("seaworthy.toml", "version = 1\n[aws]\naccount = \"111122223333\"\nregion = \"eu-west-1\"\n")
        .write("task.json", definition.to_string());
    c.watch_command(&cli, &["wiring", "--task-definition", "task.json"], &FORMATS);
    cli.run(&["wiring", "--task-definition", "task.json", "--save-snapshot", "saved.json"]);
    c.clean(&cli.read("saved.json"), "snapshot");
    cli.read_json("saved.json");
}

#[test]
fn in_names_of_runs_and_cases() {
    let c = Canaries::default();
    let cli = Cli::new();
    for name in [c.token("run"), format!("x-{}", c.token("run behind a prefix"))] {
        cli.write(&format!("store/evidence/runs/{name}/P/packaging_provenance.json"), "{}");
    }
    cli.write(&format!("store/evidence/runs/{}", c.token("stray file")), "x");
    c.watch_command(&cli, &["audit", "store", "--phase", "P"], &["text", "json", "jsonl", "csv", "sarif"]);
    let case = json!({
        "id": c.token("case"),
        "policies": { "identity": [{ "Version": "2012-10-17", "Statement": [{
            "Sid": c.token("Sid"), "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        }] }] },
        "request": { "principal": "arn:aws:iam::111122223333:role/a", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k" },
    });
    cli.write("cases.jsonl", format!("{case}\n{{\"id\": \"{}\"}}\n", c.token("case with a mistake")));
    let answer = cli.run(&["simulate", "--cases", "cases.jsonl"]);
    c.clean(&answer.stdout, "answers");
    c.clean(&answer.stderr, "mistakes");
    // A FIFO that nobody writes to is refused, and not waited for.
    assert!(std::process::Command::new("mkfifo").arg(cli.path("pipe")).status().unwrap().success());
    let answer = cli.run(&["simulate", "--cases", "pipe"]);
    assert!(answer.code == 2 && answer.stderr.contains("FIFO"), "{}", answer.stderr);
}

#[test]
fn in_the_gates_notes() {
    let c = Canaries::default();
    let cli = Cli::new();
    let store = c.token("evidence directory");
    cli.write(
        "seaworthy.toml",
        format!("version = 1\nprofile = \"image\"\n[evidence]\ndirectory = \"{store}\"\n"),
    )
    .write("Dockerfile", "FROM alpine:3.20\n");
    for more in [&["--dry-run"][..], &[]] {
        let answer = cli.run(&[&["gate", "--run-id", "run_1"], more].concat());
        c.clean(&answer.stdout, "text");
        c.clean(&answer.stderr, "stderr");
    }
}
