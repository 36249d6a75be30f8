//! What a file's path says about the texts in it. The same line means more in a configuration than in a test.

/// The use of a file, told by its path alone. Detectors that know a secret by its name alone want more proof in code
/// and documentation than in a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing is known: binaries, data, texts that are no files.
    #[default]
    Unknown,
    /// Read by a program when it starts: environment files, properties, YAML, INI, `/etc`.
    Config,
    /// Source code that a program reads as its configuration: `settings.py`, `wp-config.php`.
    Settings,
    /// Source code.
    Code,
    /// Tests, examples and fixtures of code.
    Test,
    /// Documentation and web pages.
    Prose,
    /// Texts of a user interface in one language: "password" is a label there.
    Translation,
    /// Lock files and other lists of package names, versions and checksums, and schemas: nothing in them is a secret
    /// that only a name gives away.
    Listing,
}

const CONFIG: &[&str] = &[
    "env",
    "envrc",
    "properties",
    "yml",
    "yaml",
    "ini",
    "cfg",
    "cnf",
    "conf",
    "config",
    "toml",
    "json",
    "xml",
    "tfvars",
    "tf",
    "hcl",
    "plist",
    "service",
    "cf",
    "prefs",
    "reg",
    "sql",
    "csv",
    "tsv",
    "har",
    "netrc",
    "npmrc",
    "pypirc",
    "pgpass",
    "msmtprc",
    "tfstate",
    "settings",
    "jsonc",
    "json5",
    "hocon",
    "sls",
    "vars",
    "ldif",
];

const CODE: &[&str] = &[
    "py", "pyi", "pyx", "js", "mjs", "cjs", "jsx", "ts", "tsx", "mts", "cts", "go", "rs", "java", "kt",
    "kts", "scala", "groovy", "gradle", "cs", "vb", "fs", "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m",
    "mm", "swift", "dart", "lua", "pl", "pm", "rb", "rake", "php", "phtml", "ex", "exs", "erl", "clj", "hs",
    "ml", "r", "jl", "sh", "bash", "zsh", "fish", "csh", "ps1", "psm1", "bat", "cmd", "mk", "cmake", "vue",
    "svelte", "map", "tcl", "el", "vim", "awk", "sed", "proto", "thrift", "graphql", "sol", "zig", "nim",
    "d", "asm", "s", "inc", "tpl", "j2", "jinja", "erb", "ipynb",
];

const PROSE: &[&str] = &[
    "md", "rst", "txt", "html", "htm", "adoc", "tex", "texi", "pod", "xhtml", "css", "scss", "less", "svg",
    "1", "3", "5", "7", "8", "gz", "mdx", "markdown", "rdoc", "org", "ronn", "dtd", "xsd", "wsdl", "pdf",
];

const TRANSLATION: &[&str] =
    &["po", "pot", "ftl", "xliff", "xlf", "strings", "arb", "resx", "qm", "mo", "lang"];

/// The path without the end that a backup or a template puts behind a file's name.
fn without_copy_mark(path: &[u8]) -> &[u8] {
    const ENDS: [&[u8]; 9] =
        [b".bak", b".old", b".orig", b".save", b".backup", b"~", b".j2", b".tpl", b".tmpl"];
    let cut = ENDS.iter().find_map(|end| path.strip_suffix(*end));
    let has_more = |rest: &&[u8]| rest.rsplit(|b| *b == b'/').next().is_some_and(|file| file.contains(&b'.'));
    cut.filter(has_more).unwrap_or(path)
}

impl FileKind {
    /// The kind of the file at `path` (`/` between the parts).
    #[expect(clippy::too_many_lines, reason = "one match over names of files")]
    pub fn of_path(path: &[u8]) -> Self {
        let path = path.to_ascii_lowercase();
        let path = without_copy_mark(&path);
        let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
        let extension = match file.iter().rposition(|b| *b == b'.') {
            Some(at) => &file[at + 1..],
            None => &[],
        };
        let is = |list: &[&str]| list.iter().any(|known| known.as_bytes() == extension);
        let part =
            |names: &[&str]| path.split(|b| *b == b'/').any(|p| names.iter().any(|n| n.as_bytes() == p));
        let directory = |names: &[&str]| {
            path.split(|b| *b == b'/').rev().skip(1).any(|p| names.iter().any(|n| n.as_bytes() == p))
        };
        let starts = |names: &[&str]| names.iter().any(|n| file.starts_with(n.as_bytes()));
        let ends = |names: &[&str]| names.iter().any(|n| file.ends_with(n.as_bytes()));
        if ends(&[
            ".lock",
            "-lock.json",
            "-lock.yaml",
            "shrinkwrap.json",
            "go.sum",
            ".schema.json",
            ".min.js.map",
            "requirements.txt",
            ".sum",
            ".sha256",
            ".sha512",
            ".md5sums",
        ]) || file == b"yarn.lock"
            || starts(&["openapi.", "swagger.", "api-docs."])
            || part(&["schemas", "schema", "openapi", "swagger"]) && is(&["json", "yaml", "yml"])
            || extension == b"json"
                && (file == b"package.json" || file == b"service-2.json" || file == b"api-2.json")
        {
            return Self::Listing;
        }
        if is(TRANSLATION)
            || directory(&[
                "locale",
                "locales",
                "lang",
                "langs",
                "languages",
                "i18n",
                "l10n",
                "translations",
                "translation",
                "nls",
                "localization",
                "localizations",
                "intl",
            ])
            || starts(&["messages_", "messages.", "strings."])
        {
            return Self::Translation;
        }
        let stem = &file[..file.len() - extension.len()];
        if directory(&[
            "test",
            "tests",
            "testing",
            "testdata",
            "test_data",
            "__tests__",
            "spec",
            "specs",
            "fixtures",
            "example",
            "examples",
            "samples",
            "sample",
            "mocks",
            "__mocks__",
            "testsuite",
            "t",
            "e2e",
            "cypress",
        ]) || starts(&["test_", "test-", "tests."])
            || [&b"_test."[..], b".test.", b".spec.", b"_spec.", b"test.", b"tests."]
                .iter()
                .any(|e| stem.ends_with(e))
                && is(CODE)
        {
            return if is(CONFIG) && !is_template(file) && file.starts_with(b".env") {
                Self::Config
            } else {
                Self::Test
            };
        }
        if is_template(file) {
            return Self::Test;
        }
        let page =
            starts(&["readme", "changelog", "changes", "history", "license", "copying", "news", "authors"])
                || file == b"pkg-info"
                || file == b"metadata";
        if page
            || is(PROSE)
            || directory(&["doc", "docs", "man", "site-docs"])
            || path.starts_with(b"usr/share/doc/")
        {
            return Self::Prose;
        }
        let settings = [
            &b"settings"[..],
            b"config",
            b"configuration",
            b"parameters",
            b"database",
            b"localsettings",
            b"secrets",
            b"conf",
            b"env",
            b"credentials",
        ];
        let last_word = stem.strip_suffix(b".").unwrap_or(stem);
        let last_word = last_word.rsplit(|b| matches!(b, b'.' | b'-' | b'_')).next().unwrap_or_default();
        if is(CODE) && settings.contains(&last_word) || file == b"vagrantfile" {
            return Self::Settings;
        }
        if is(CONFIG) || is_config_name(file) {
            return Self::Config;
        }
        if is(CODE)
            || file == b"makefile"
            || file == b"gnumakefile"
            || file == b"rakefile"
            || file == b"gemfile"
        {
            return Self::Code;
        }
        if path.starts_with(b"etc/")
            || path.starts_with(b"/etc/")
            || part(&[".aws", ".docker", ".config", ".bundle", "crontabs"])
        {
            return Self::Config;
        }
        Self::Unknown
    }
}

/// Environment files and their relatives by their whole name.
fn is_config_name(file: &[u8]) -> bool {
    file.starts_with(b".env")
        || file.starts_with(b"dockerfile")
        || file.ends_with(b"dockerfile")
        || [
            &b".netrc"[..],
            b"_netrc",
            b".npmrc",
            b".yarnrc",
            b".pypirc",
            b".pgpass",
            b".my.cnf",
            b".msmtprc",
            b".curlrc",
            b".wgetrc",
            b".git-credentials",
            b".gitconfig",
            b"credentials",
            b"config",
            b".s3cfg",
            b".boto",
            b".htpasswd",
            b".dockercfg",
            b"jenkinsfile",
            b"procfile",
            b".esmtprc",
            b".fetchmailrc",
            b".mailrc",
            b".muttrc",
            b".offlineimaprc",
            b".mbsyncrc",
            b".smbcredentials",
            b".cifscredentials",
            b".terraformrc",
            b".ftpconfig",
            b".ftppass",
            b".tugboat",
            b".databrickscfg",
            b".sentryclirc",
            b"cqlshrc",
            b"user-data",
            b"upsd.users",
            b".renviron",
            b".hgrc",
            b"hgrc",
            b"crontab",
            b"config.boot",
        ]
        .contains(&file)
}

/// A template to be copied and filled in: `.env.example`, `config.sample.php`, `settings.py.dist`.
fn is_template(file: &[u8]) -> bool {
    // Spark reads its settings from a file of that name.
    file != b"spark-defaults.conf"
        && file.split(|b| matches!(b, b'.' | b'-' | b'_')).any(|part| {
            [&b"example"[..], b"sample", b"template", b"dist", b"defaults", b"tmpl", b"examples", b"samples"]
                .contains(&part)
        })
}

#[cfg(test)]
mod tests {
    use super::FileKind;

    #[test]
    fn kinds_by_path() {
        let kind = |path: &str| FileKind::of_path(path.as_bytes());
        for path in ["app/.env", "srv/application-prod.properties", "etc/ldap.conf"] {
            assert_eq!(kind(path), FileKind::Config, "{path}");
        }
        for path in ["app/config.php", "a/settings.py", "app/wp-config.php"] {
            assert_eq!(kind(path), FileKind::Settings, "{path}");
        }
        for path in ["app/main.go", "srv/run.sh", "srv/App.java", "usr/lib/python3/x.py"] {
            assert_eq!(kind(path), FileKind::Code, "{path}");
        }
        for path in ["app/tests/a.py", "app/x_test.go", "app/.env.example", "app/a.spec.ts"] {
            assert_eq!(kind(path), FileKind::Test, "{path}");
        }
        assert_eq!(kind("app/locales/de.json"), FileKind::Translation);
        assert_eq!(kind("app/yarn.lock"), FileKind::Listing);
        assert_eq!(kind("README.md"), FileKind::Prose);
        assert_eq!(kind("usr/bin/x"), FileKind::Unknown);
    }
}
