//! Which language a file is in, and how near it is to what runs.

use crate::observe::library::is_library_sample;

/// A language in which programs give defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    JavaScript,
    /// Java, Kotlin, Scala and Groovy.
    Jvm,
    Go,
    Ruby,
    Php,
    CSharp,
    Rust,
    Shell,
    Make,
    Compose,
    Yaml,
    /// Java properties and XML, in which Spring resolves `${NAME:default}`.
    Properties,
}

impl Language {
    /// The language by a file's name, or by the `#!` line of one that has no ending. Anything else, documentation
    /// above all, is no program.
    pub(super) fn of(path: &[u8], head: &[u8]) -> Option<Self> {
        let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default().to_ascii_lowercase();
        let name = std::str::from_utf8(&name).ok()?;
        let ending = name.rsplit_once('.').map_or("", |(_, e)| e);
        Some(match ending {
            "py" | "pyw" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "vue" | "svelte" => {
                Self::JavaScript
            }
            "java" | "kt" | "kts" | "scala" | "groovy" => Self::Jvm,
            "go" => Self::Go,
            "rb" | "rake" | "ru" => Self::Ruby,
            "php" => Self::Php,
            "cs" => Self::CSharp,
            "rs" => Self::Rust,
            "sh" | "bash" | "ksh" | "zsh" | "ash" | "dash" | "bats" | "envrc" => Self::Shell,
            "mk" | "mak" => Self::Make,
            "properties" | "xml" => Self::Properties,
            "yml" | "yaml" if is_compose(name) => Self::Compose,
            "yml" | "yaml" => Self::Yaml,
            _ if matches!(name, "makefile" | "gnumakefile") => Self::Make,
            _ if matches!(name, "rakefile" | "gemfile") => Self::Ruby,
            _ => return Self::of_first_line(head),
        })
    }

    fn of_first_line(head: &[u8]) -> Option<Self> {
        let line = head.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
        let line = std::str::from_utf8(line.get(..line.len().min(128))?).ok()?;
        // `#!/usr/bin/env -S python3 -u`: the first word that is no option, after `env`.
        let mut words = line.split_whitespace().filter(|w| !w.starts_with('-'));
        let base = |w: &'_ str| w.rsplit('/').next().unwrap_or_default().to_owned();
        let mut program = base(words.next()?);
        if program == "env" {
            program = base(words.next()?);
        }
        let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        Some(match program {
            "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh" | "with-contenv" | "execlineb" => Self::Shell,
            "python" => Self::Python,
            "node" | "nodejs" | "deno" | "bun" => Self::JavaScript,
            "ruby" => Self::Ruby,
            "php" => Self::Php,
            _ => return None,
        })
    }
}

/// Whether a file's name is one under which compose files go.
fn is_compose(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(s, _)| s);
    ["docker-compose", "compose", "docker-stack", "stack", "podman-compose"].iter().any(|n| {
        stem.strip_prefix(n).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    })
}

/// How near a file is to what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Program,
    Test,
    Library,
}

impl Standing {
    /// By the file's path. `site-packages` counts as the program: that is where one's own package is installed, too.
    pub(crate) fn of(path: &[u8]) -> Self {
        let text = String::from_utf8_lossy(path).to_lowercase();
        let name = text.rsplit('/').next().unwrap_or_default();
        let installed = text.contains("/site-packages/") || text.contains("/dist-packages/");
        let system = ["usr/lib/", "usr/share/", "usr/libexec/", "lib/", "opt/java/"];
        if is_library_sample(path)
            || text.split('/').any(|p| matches!(p, "node_modules" | "gems"))
            || (system.iter().any(|s| text.starts_with(s)) && !installed)
        {
            return Self::Library;
        }
        let directory = |p: &str| matches!(p, "test" | "tests" | "__tests__" | "spec" | "testdata" | "e2e");
        let stem = name.split('.').next().unwrap_or_default();
        let test = stem.starts_with("test_")
            || stem.ends_with("_test")
            || stem == "conftest"
            || name.contains(".test.")
            || name.contains(".spec.")
            || text.split('/').rev().skip(1).any(directory);
        if test { Self::Test } else { Self::Program }
    }

    /// Why a default there matters little, if it does.
    pub(crate) fn why_low(self) -> Option<&'static str> {
        match self {
            Self::Program => None,
            Self::Test => Some("it lies among tests, which set what they need"),
            Self::Library => Some("it lies in a library, whose default the program may never reach"),
        }
    }
}
