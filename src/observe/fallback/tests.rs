#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use seaworthy_source::LayerPath;

/// What is seen in a file: for each sighting its line and whether the default is empty.
fn seen(path: &str, text: &str) -> Vec<(usize, bool)> {
    let secrets =
        [InjectedSecret { handle: "db".into(), variables: vec!["DB_PASSWORD".into()], required: true }];
    let watch = Watch::new(&secrets).unwrap();
    let bytes = text.as_bytes().to_vec();
    let file = Arc::new(FileMeta {
        path: LayerPath::clean(path.as_bytes()),
        ordinal: 0,
        size: bytes.len() as u64,
        kind: ContentKind::File,
        inside: None,
    });
    let all = 0..bytes.len();
    let part = Part { file, bytes: all.clone(), core: all, offset: 0, last: true };
    let mut found = Vec::new();
    watch.examine(&Chunk::new(bytes, vec![part]), &mut found);
    found
        .iter()
        .map(|f| match &f.place {
            Place::Text { position, .. } => (position.line as usize, f.value == Value::Empty),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Each line alone must be a fallback, or none must.
fn each(path: &str, lines: &[&str], fallback: bool) {
    for line in lines {
        let found = seen(path, line);
        assert_eq!(!found.is_empty(), fallback, "{path}: {line}: {found:?}");
        assert!(found.len() <= 1, "{path}: {line}: {found:?}");
    }
}

#[test]
fn python() {
    each(
        "app.py",
        &[
            "x = os.getenv(\"DB_PASSWORD\", \"dev\")",
            "x = os.getenv('DB_PASSWORD', '')",
            "x = os.environ.get(\"DB_PASSWORD\", \"dev\")",
            "x = os.environ.get(\n    \"DB_PASSWORD\",\n    \"dev\",\n)",
            "x = os.environ.get(\"DB_PASSWORD\") or \"\"",
            "x = os.environ.get(\"DB_PASSWORD\", None) or \"dev\"",
            "x = getenv(\"DB_PASSWORD\", default=\"dev\")",
            "x = os.getenv(\"DB_PASSWORD\", DEFAULT_PASSWORD)",
            "os.environ.setdefault(\"DB_PASSWORD\", \"dev\")",
            "if \"DB_PASSWORD\" not in os.environ:\n    os.environ[\"DB_PASSWORD\"] = \"dev\"",
            "x: str = Field(\"dev\", env=\"DB_PASSWORD\")",
            "x: str = Field(default=\"dev\", validation_alias=\"DB_PASSWORD\")",
            "@click.option(\"--password\", envvar=\"DB_PASSWORD\", default=\"dev\")",
            "x = config(\"DB_PASSWORD\", default=\"dev\")",
            "x = get_env(\"DB_PASSWORD\", \"dev\")",
            "x = env.str(\"DB_PASSWORD\", \"dev\")",
            "x = os.environ[\"DB_PASSWORD\"] if \"DB_PASSWORD\" in os.environ else \"dev\"",
            "x = os.getenv(\"DB_PASSWORD\") if debug else \"dev\"",
            "try:\n    x = os.environ[\"DB_PASSWORD\"]\nexcept KeyError:\n    x = \"\"",
            "x = os.environ.get(\"DB_PASSWORD\")\nif x is None:\n    x = \"dev\"",
            "self.x = os.getenv(\"DB_PASSWORD\")\nif not self.x:\n    log(1)\n    self.x = 'dev'",
            "x = {\"DB_PASSWORD\": \"dev\", **os.environ}[\"DB_PASSWORD\"]",
            "x = \"dev\"\nif \"DB_PASSWORD\" in os.environ:\n    x = os.environ[\"DB_PASSWORD\"]",
            "x = \"dev\"\nwith contextlib.suppress(KeyError):\n    log(1)\n    x = os.environ[\"DB_PASSWORD\"]",
            "x = ''\ntry:\n    x = os.environ[\"DB_PASSWORD\"]\nexcept KeyError:\n    pass",
            "class S(BaseSettings):\n    host: str\n    db_password: str = \"dev\"",
            "class S(pydantic_settings.BaseSettings):\n    db_password: SecretStr = SecretStr(\"dev\")",
            "class S(AppSettings):\n    DB_PASSWORD: str = Field(default=\"dev\")",
            "x = ChainMap(os.environ, {\"DB_PASSWORD\": \"dev\"})",
            "def f():\n    try:\n        return os.environ[\"DB_PASSWORD\"]\n    except (KeyError, ValueError):\n        log(1)\n        return \"dev\"",
            "url = f\"postgres://u:{os.getenv('DB_PASSWORD', 'dev')}@db\"",
        ],
        true,
    );
    each(
        "app.py",
        &[
            "x = os.environ[\"DB_PASSWORD\"]",
            "x = None\nif \"DB_PASSWORD\" in os.environ:\n    x = os.environ[\"DB_PASSWORD\"]",
            "x = \"dev\"\nif debug:\n    x = os.environ[\"DB_PASSWORD\"]",
            "y = \"dev\"\nwith suppress(KeyError):\n    x = os.environ[\"DB_PASSWORD\"]",
            "x = \"dev\"\ntry:\n    x = os.environ[\"DB_PASSWORD\"]\nexcept KeyError:\n    raise",
            "class S(BaseSettings):\n    db_password: str",
            "class S(BaseModel):\n    db_password: str = \"dev\"",
            "class S(BaseSettings):\n    db_password: str | None = None",
            "def f():\n    db_password: str = \"dev\"",
            "try:\n    x = os.environ[\"DB_PASSWORD\"]\nexcept KeyError:\n    raise SystemExit(1)",
            "try:\n    x = os.environ[\"DB_PASSWORD\"]\nexcept KeyError:\n    x = read(path)\ny = \"dev\"",
            "try:\n    x = os.environ[\"DB_PASSWORD\"]\nexcept OSError:\n    x = \"dev\"",
            "x = os.environ.get(\"DB_PASSWORD\")\nif x is None:\n    raise SystemExit(1)\nx = \"dev\"",
            "x = os.environ.get(\"DB_PASSWORD\")\nif other is None:\n    other = \"dev\"",
            "x = {\"DB_PASSWORD\": \"dev\"}",
            "env = {\"DB_PASSWORD\": vault(), **os.environ}",
            "x = os.getenv(\"DB_PASSWORD\")",
            "x = os.getenv(\"DB_PASSWORD\", None)",
            "x = os.environ[\"DB_PASSWORD\"] if live else None",
            "x = os.environ[\"DB_PASSWORD\"] if live else read(path)",
            "x = os.getenv(\"DB_PASSWORD\") or os.environ[\"PGPASSWORD\"]",
            "x = os.getenv(\"DB_PASSWORD\", os.environ[\"PGPASSWORD\"])",
            "# x = os.getenv(\"DB_PASSWORD\", \"dev\")",
            "def f():\n    \"\"\"Like os.getenv(\"DB_PASSWORD\", \"dev\").\"\"\"",
            "x = os.getenv(\"DB_PASSWORD_FILE\", \"/run/secrets/db\")",
            "x = os.getenv(\"MY_DB_PASSWORD\", \"dev\")",
            "if not os.getenv(\"DB_PASSWORD\", \"\"):\n    raise SystemExit(1)",
            "x = os.getenv(\"DB_PASSWORD\", \"\")\nif not x:\n    raise RuntimeError(\"no password\")",
            "if os.getenv(\"DB_PASSWORD\", \"unset\") == \"unset\":",
            "x: str = Field(..., env=\"DB_PASSWORD\")",
            "x: str = Field(env=\"DB_PASSWORD\", description=\"the default one\")",
            "@click.option(\"--password\", envvar=\"DB_PASSWORD\", required=True)",
            "x = require_env(\"DB_PASSWORD\", \"is needed\")",
            "REQUIRED = [\"DB_PASSWORD\", \"other\"]",
            "log.info(\"DB_PASSWORD\", \"x\")",
            "os.environ[\"DB_PASSWORD\"] = fetch()",
        ],
        false,
    );
}

#[test]
fn shells() {
    let fallbacks = [
        "export DB_PASSWORD=\"${DB_PASSWORD:-dev}\"",
        "DB_PASSWORD=${DB_PASSWORD-dev}",
        "DB_PASSWORD=\"${DB_PASSWORD:-}\"",
        ": \"${DB_PASSWORD:=dev}\"",
        "app --password \"${DB_PASSWORD:-}\"",
        "PGPASSWORD=${PGPASSWORD:-${DB_PASSWORD:-dev}} psql",
        "psql \"${DB_PASSWORD:-${OTHER:-dev}}\"",
        "[ -f x ] && app \"${DB_PASSWORD:-dev}\"",
        "sh -c 'app ${DB_PASSWORD:-dev}'",
        "test -f x && app \"${DB_PASSWORD:-dev}\"",
        "if [ -z \"$DB_PASSWORD\" ]; then\n  DB_PASSWORD=dev\nfi",
        "[ -z \"${DB_PASSWORD:-}\" ] && DB_PASSWORD=dev",
    ];
    each("entrypoint.sh", &fallbacks, true);
    each(
        "entrypoint.sh",
        &[
            "x=\"${DB_PASSWORD:?}\"",
            "x=\"${DB_PASSWORD:?is not set}\"",
            "x=$DB_PASSWORD",
            "if [ -z \"${DB_PASSWORD:-}\" ]; then exit 1; fi",
            "if [[ -n ${DB_PASSWORD:-} ]]; then",
            "test -n \"${DB_PASSWORD:-}\" || exit 1",
            "[ \"${DB_PASSWORD-unset}\" = unset ] && exit 1",
            "case \"${DB_PASSWORD:-}\" in",
            "set_flag ${DB_PASSWORD:+--password}",
            "# x=${DB_PASSWORD:-dev}",
            "x=y # ${DB_PASSWORD:-dev}",
            "x=\"${DB_PASSWORD:-$(cat /run/secrets/db)}\"",
            "x=\"${DB_PASSWORD:-$PGPASSWORD}\"",
            ": ${DB_PASSWORD=`fetch`}",
            "x=\"${DB_PASSWORD_FILE:-/run/secrets/db}\"",
            "x=\"${DB_PASSWORD:-}\"\n[ -n \"$x\" ] || exit 1",
            ": \"${DB_PASSWORD:?}\"\nrun \"${DB_PASSWORD:-}\"",
            "echo \"password: ${DB_PASSWORD:-<not set>}\" >&2",
            "sed 's/${DB_PASSWORD:-dev}/x/'",
            "DB_PASSWORD=$(fetch)",
        ],
        false,
    );
    assert_eq!(seen("run", "#!/usr/bin/env bash\nx=${DB_PASSWORD:-dev}\n"), [(2, false)]);
    assert_eq!(seen("README", "x=${DB_PASSWORD:-dev}\n"), []);
    assert_eq!(seen("README.md", "x=${DB_PASSWORD:-dev}\n"), []);
    assert_eq!(seen("Makefile", "DB_PASSWORD ?= dev\n"), [(1, false)]);
}

#[test]
fn javascript() {
    each(
        "src/config.ts",
        &[
            "const p = process.env.DB_PASSWORD || \"dev\";",
            "const p = process.env.DB_PASSWORD ?? '';",
            "const p = process.env[\"DB_PASSWORD\"] || `dev`;",
            "process.env.DB_PASSWORD ||= \"dev\";",
            "const u = `postgres://u:${process.env.DB_PASSWORD || \"dev\"}@db`;",
            "const p = process.env.DB_PASSWORD ? process.env.DB_PASSWORD : \"dev\";",
            "const { DB_PASSWORD = \"dev\", PORT } = process.env;",
            "  DB_PASSWORD: z.string().default(\"dev\"),",
            "const p = process.env.DB_PASSWORD\n  || \"dev\";",
            "const p = getEnv(\"DB_PASSWORD\", \"dev\");",
            "const p = process.env.DB_PASSWORD! || 'dev'",
        ],
        true,
    );
    each(
        "src/config.ts",
        &[
            "const p = process.env.DB_PASSWORD;",
            "const p = process.env.DB_PASSWORD!;",
            "const p = process.env.DB_PASSWORD ?? fail();",
            "const p = process.env.DB_PASSWORD || process.env.PGPASSWORD;",
            "// const p = process.env.DB_PASSWORD || \"dev\";",
            "/* process.env.DB_PASSWORD || \"dev\" */",
            " * @example\n/** process.env.DB_PASSWORD || \"dev\"\n */",
            "if ((process.env.DB_PASSWORD || \"\") === \"\") throw new Error();",
            "const p = process.env.DB_PASSWORD ?? \"\";\nif (!p) {\n  throw new Error(\"none\");\n}",
            "  DB_PASSWORD: z.string().min(1),",
            "const p = process.env.DB_PASSWORDS || \"dev\";",
            "const u = \"http://x\"; // process.env.DB_PASSWORD || \"dev\"",
        ],
        false,
    );
}

#[test]
fn java_and_kotlin() {
    each(
        "App.java",
        &[
            "String p = System.getenv().getOrDefault(\"DB_PASSWORD\", \"dev\");",
            "String p = Optional.ofNullable(System.getenv(\"DB_PASSWORD\")).orElse(\"dev\");",
            "String p = Objects.requireNonNullElse(System.getenv(\"DB_PASSWORD\"), \"dev\");",
            "@Value(\"${DB_PASSWORD:dev}\") String p;",
            "@Value(\"${DB_PASSWORD:}\") String p;",
            "val p = System.getenv(\"DB_PASSWORD\") ?: \"dev\"",
        ],
        true,
    );
    each(
        "App.java",
        &[
            "String p = System.getenv(\"DB_PASSWORD\");",
            "@Value(\"${DB_PASSWORD}\") String p;",
            "@Value(\"${DB_PASSWORD:#{null}}\") String p;",
            "val p = System.getenv(\"DB_PASSWORD\") ?: error(\"none\")",
            "String p = Optional.ofNullable(System.getenv(\"DB_PASSWORD\")).orElseThrow();",
            "// System.getenv().getOrDefault(\"DB_PASSWORD\", \"dev\");",
        ],
        false,
    );
    each("application.yml", &["  password: ${DB_PASSWORD:dev}", "  password: \"${DB_PASSWORD:}\""], true);
    each("application.yml", &["  password: ${DB_PASSWORD}", "# password: ${DB_PASSWORD:dev}"], false);
    each("application.properties", &["db.password=${DB_PASSWORD:dev}"], true);
    each("application.properties", &["#db.password=${DB_PASSWORD:dev}", "db.password=${DB_PASSWORD}"], false);
}

#[test]
fn go() {
    each(
        "main.go",
        &[
            "\tp := os.Getenv(\"DB_PASSWORD\")\n\tif p == \"\" {\n\t\tp = \"dev\"\n\t}",
            "\tp, ok := os.LookupEnv(\"DB_PASSWORD\")\n\tif !ok {\n\t\tp = \"dev\"\n\t}",
            "\tp := cmp.Or(os.Getenv(\"DB_PASSWORD\"), \"dev\")",
            "\tp := getEnv(\"DB_PASSWORD\", \"dev\")",
            "\tp := envOr(\"DB_PASSWORD\", \"\")",
            "\tPassword string `env:\"DB_PASSWORD\" envDefault:\"dev\"`",
        ],
        true,
    );
    each(
        "main.go",
        &[
            "\tp := os.Getenv(\"DB_PASSWORD\")",
            "\tp := os.Getenv(\"DB_PASSWORD\")\n\tif p == \"\" {\n\t\tlog.Fatal(\"none\")\n\t}",
            "\tt.Setenv(\"DB_PASSWORD\", \"dev\")",
            "\tp := mustEnv(\"DB_PASSWORD\", \"is needed\")",
            "\tPassword string `env:\"DB_PASSWORD,required\"`",
            "\t// p := getEnv(\"DB_PASSWORD\", \"dev\")",
        ],
        false,
    );
}

#[test]
fn other_languages() {
    each("a.rb", &["p = ENV.fetch(\"DB_PASSWORD\", \"dev\")", "p = ENV['DB_PASSWORD'] || 'dev'"], true);
    each("a.rb", &["p = ENV.fetch(\"DB_PASSWORD\")", "p = ENV['DB_PASSWORD']"], false);
    each("a.php", &["$p = getenv('DB_PASSWORD') ?: 'dev';", "'p' => env('DB_PASSWORD', 'dev'),"], true);
    each("a.php", &["$p = getenv('DB_PASSWORD');", "'p' => env('DB_PASSWORD'),"], false);
    each("a.cs", &["var p = Environment.GetEnvironmentVariable(\"DB_PASSWORD\") ?? \"dev\";"], true);
    each("a.cs", &["var p = Environment.GetEnvironmentVariable(\"DB_PASSWORD\") ?? throw new E();"], false);
    each(
        "a.rs",
        &[
            "let p = std::env::var(\"DB_PASSWORD\").unwrap_or_default();",
            "let p = env::var(\"DB_PASSWORD\").unwrap_or_else(|_| \"dev\".into());",
        ],
        true,
    );
    each("a.rs", &["let p = std::env::var(\"DB_PASSWORD\")?;"], false);
}

#[test]
fn compose_files() {
    let under = |lines: &str| format!("services:\n  app:\n    image: x\n    environment:\n{lines}\n");
    for line in [
        "      DB_PASSWORD: ${DB_PASSWORD:-dev}",
        "      DB_PASSWORD: \"\"",
        "      DB_PASSWORD: dev",
        "      - DB_PASSWORD=",
        "      - DB_PASSWORD=dev",
        "      - \"DB_PASSWORD=dev\"",
        "    - DB_PASSWORD=dev",
        "      A: b\n      DB_PASSWORD: ''",
    ] {
        assert_eq!(seen("docker-compose.yml", &under(line)).len(), 1, "{line}");
    }
    for line in [
        "      DB_PASSWORD: ${DB_PASSWORD:?}",
        "      DB_PASSWORD: ${DB_PASSWORD}",
        "      DB_PASSWORD:",
        "      - DB_PASSWORD",
        "      - DB_PASSWORD=${DB_PASSWORD:?}",
        "      # DB_PASSWORD: dev",
    ] {
        assert_eq!(seen("compose.prod.yaml", &under(line)), [], "{line}");
    }
    assert_eq!(seen("compose.yml", "services:\n  app:\n    labels:\n      DB_PASSWORD: x\n"), []);
    assert_eq!(seen("values.yml", &under("      DB_PASSWORD: dev")), []);
}

#[test]
fn only_required_variables_are_watched() {
    let optional = [InjectedSecret { handle: "a".into(), variables: vec!["A".into()], required: false }];
    assert!(Watch::new(&optional).is_none());
    assert!(Watch::new(&[]).is_none());
}

#[test]
fn a_part_of_a_file_counts_what_begins_in_its_core() {
    let secrets =
        [InjectedSecret { handle: "db".into(), variables: vec!["DB_PASSWORD".into()], required: true }];
    let watch = Watch::new(&secrets).unwrap();
    let line = "x = os.getenv(\"DB_PASSWORD\", \"dev\")\n";
    let bytes = line.repeat(20).into_bytes();
    let file = Arc::new(FileMeta {
        path: LayerPath::clean(b"a.py"),
        ordinal: 0,
        size: bytes.len() as u64,
        kind: ContentKind::File,
        inside: None,
    });
    for cut in 1..bytes.len() {
        let parts = [(0, cut), (cut, bytes.len())].map(|(from, to)| {
            let (start, end) = (from.saturating_sub(seaworthy_detect::BEHIND), bytes.len());
            Part {
                file: Arc::clone(&file),
                bytes: start..end,
                core: from..to,
                offset: start as u64,
                last: to == bytes.len(),
            }
        });
        let mut found = Vec::new();
        watch.examine(&Chunk::new(bytes.clone(), parts.into()), &mut found);
        assert_eq!(found.len(), 20, "cut at {cut}");
    }
}

#[test]
fn nothing_makes_it_panic() {
    let pieces = [
        "DB_PASSWORD",
        "\"",
        "'",
        "`",
        "(",
        ")",
        "${",
        "}",
        ":-",
        "=",
        "\n",
        ".",
        "[",
        "os.getenv",
        "é",
        "#",
    ];
    for path in
        ["a.py", "a.js", "a.go", "a.java", "a.sh", "compose.yml", "a.yml", "a.properties", "a.rs", "a.rb"]
    {
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    seen(path, &format!("{a}{b}DB_PASSWORD{c}{a}"));
                    seen(path, &format!("{a}DB_PASSWORD{b}{c}"));
                }
            }
        }
    }
}
