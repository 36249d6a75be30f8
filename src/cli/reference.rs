//! The reference, from one source: pages of `seaworthy explain`, and the files under `docs/` that are generated.

use std::fmt::Write;
use std::path::Path;

use clap::{Command, CommandFactory};

use super::args::{Arguments, GenerateDocs};
use super::explain::profiles;
use super::output::Terminal;
use super::{Failure, schema};
use crate::check::catalogue;
use crate::finding::{CheckMeta, Example, Reads};
use crate::profile::Profile;
use crate::rule::Rules;
use crate::store;

/// `seaworthy generate-docs`: writes every generated file below a directory.
pub(super) fn run(arguments: &GenerateDocs, terminal: &Terminal) -> Result<u8, Failure> {
    for (name, text) in files()? {
        store::write_atomically(&arguments.directory.join(&name), text.as_bytes())?;
        terminal.note(&format!("{}", Path::new(&name).display()));
    }
    Ok(0)
}

/// Every generated file: its path below `docs/`, and its text.
pub(super) fn files() -> Result<Vec<(String, String)>, Failure> {
    let profiles = profiles()?;
    let rules = Rules::load(&[], &[])?;
    let mut files = vec![
        ("checks.md".to_owned(), checks(&profiles)),
        ("detectors.md".to_owned(), detectors(&rules)),
        ("cli.md".to_owned(), command_line()),
    ];
    for name in schema::NAMES {
        if let Some(schema) = schema::named(name) {
            files.push((format!("schemas/{name}.json"), serde_json::to_string_pretty(&schema)? + "\n"));
        }
    }
    Ok(files)
}

/// The families of checks, by the first digit of their numbers.
const FAMILIES: [(char, &str); 6] = [
    ('1', "Build context"),
    ('2', "Dockerfile"),
    ('3', "Image"),
    ('4', "Wiring"),
    ('5', "Provenance"),
    ('6', "Packaging"),
];

/// All checks by family, a paragraph each.
pub(super) fn check_list(all: &[&CheckMeta]) -> String {
    let mut out = String::new();
    for (digit, family) in FAMILIES {
        let _ = writeln!(out, "{}{family}", if out.is_empty() { "" } else { "\n" });
        for meta in all.iter().filter(|m| m.id.get(2..).is_some_and(|n| n.starts_with(digit))) {
            let summary = filled_to(meta.summary, 68).replace('\n', "\n         ");
            let _ = writeln!(out, "  {}  {summary}", meta.id);
        }
    }
    out.push_str("\nseaworthy explain ID says more of one; seaworthy explain m1 lists the controls of M1.\n");
    out
}

/// What is said of a check on a terminal.
pub(super) fn check_page(meta: &CheckMeta, profiles: &[Profile]) -> String {
    let mut out = format!("{} {}\n\n{}\n\n", meta.id, meta.name, filled(meta.summary));
    let _ = writeln!(out, "Why it matters\n{}\n", wrapped(meta.why));
    let _ = writeln!(out, "How to fix it\n{}\n", wrapped(meta.fix));
    let _ = writeln!(out, "This is found\n{}\n", indented(&meta.example.fails.text()));
    let _ = writeln!(out, "The same, mended\n{}\n", indented(meta.example.mended));
    let _ = writeln!(out, "Silent about\n{}\n", wrapped(meta.example.silent));
    let _ = writeln!(out, "Not checked\n{}\n", wrapped(&when_not_checked(meta)));
    let _ =
        writeln!(out, "How to accept a finding\n  seaworthy accept FINGERPRINT --until DATE --reason TEXT\n");
    let _ = writeln!(out, "Severity    {}", severity(meta));
    let _ = writeln!(out, "Controls    {}", controls(meta.id, profiles));
    for (at, link) in references(meta).iter().enumerate() {
        let _ = writeln!(out, "{:12}{link}", if at == 0 { "References" } else { "" });
    }
    out
}

/// Whether its detectors decide about the severity.
fn severity(meta: &CheckMeta) -> String {
    match meta.tags.contains(&"CWE-798") {
        true => format!(
            "{}; the severity of the detector that recognises the secret takes precedence",
            meta.severity
        ),
        false => meta.severity.to_string(),
    }
}

/// What leaves a check without an answer.
fn when_not_checked(meta: &CheckMeta) -> String {
    let parts: Vec<&str> = meta.reads.iter().map(|r| part(*r)).collect();
    format!(
        "It reads {}. Anything in it that cannot be read is listed as not checked; the result is then incomplete, never \
         a pass.",
        list(&parts)
    )
}

fn list(parts: &[&str]) -> String {
    match parts {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A part of an artifact, in words.
fn part(reads: Reads) -> &'static str {
    match reads {
        Reads::Dockerfile => "the Dockerfile",
        Reads::Context => "the build context's ignore file and the list of files that are sent",
        Reads::ContextFiles => "the files of the build context",
        Reads::CopiedFiles => "the files that COPY and ADD take",
        Reads::Layers => "every layer of the image",
        Reads::History => "the image's history",
        Reads::Config => "the image's config",
        Reads::Manifests => "the image's manifests and indexes",
        Reads::Attestations => "the image's attestations and other referrers",
        Reads::Aws => "a plan, a template, a snapshot or the AWS account",
        Reads::Documents => "the provenance documents of a run",
        Reads::Registry => "the registry's answer",
        Reads::Workflows => "the CI workflows and build scripts",
        Reads::Entrypoints => "the contract's entrypoints and the image's files that they start",
    }
}

/// The controls of the built-in profiles that a check proves, such as `m1 A.3, A.4`.
fn controls(check: &str, profiles: &[Profile]) -> String {
    let mut parts = Vec::new();
    for profile in profiles {
        let ids: Vec<&str> =
            profile.controls.iter().filter(|c| c.checks.contains(&check)).map(|c| c.id.as_str()).collect();
        if !ids.is_empty() {
            parts.push(format!("{} {}", profile.name, ids.join(", ")));
        }
    }
    if parts.is_empty() { "none of a built-in profile".to_owned() } else { parts.join("; ") }
}

/// Where the weakness is described.
fn references(meta: &CheckMeta) -> Vec<String> {
    let cwe = meta.tags.iter().filter_map(|t| Some((t, t.strip_prefix("CWE-")?)));
    cwe.map(|(tag, number)| format!("{tag} https://cwe.mitre.org/data/definitions/{number}.html")).collect()
}

/// A paragraph, indented by two.
fn wrapped(text: &str) -> String {
    filled(text).lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// A paragraph of lines that, indented, fit a terminal of 80 columns.
fn filled(text: &str) -> String {
    filled_to(text, 78)
}

/// A paragraph of lines of at most `width` characters, unless a word is longer.
fn filled_to(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// Lines as they are, indented by four.
fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// `docs/checks.md`.
fn checks(profiles: &[Profile]) -> String {
    let mut out = "# Checks\n\n\
        Generated by `seaworthy generate-docs`. `seaworthy explain ID` prints one of them. A finding is accepted with\n\
        `seaworthy accept FINGERPRINT --until DATE --reason TEXT`; what a check could not read is listed as *not checked*.\n\n\
        | check | name | severity | asks |\n|---|---|---|---|\n"
        .to_owned();
    let all = catalogue();
    for meta in &all {
        let _ = writeln!(
            out,
            "| [{0}](#{1}-{2}) | {2} | {3} | {4} |",
            meta.id,
            meta.id.to_ascii_lowercase(),
            meta.name,
            meta.severity,
            cell(meta.summary)
        );
    }
    for meta in &all {
        let _ = write!(out, "\n## {} {}\n\n{}\n\n", meta.id, meta.name, meta.summary);
        let _ = write!(out, "**Why it matters.** {}\n\n**How to fix it.** {}\n\n", meta.why, meta.fix);
        let Example { fails, mended, silent } = meta.example;
        let fails = fails.text();
        let _ = write!(out, "**This is found.**\n\n```text\n{fails}\n```\n\n");
        let _ = write!(out, "**The same, mended.**\n\n```text\n{mended}\n```\n\n");
        let _ = write!(out, "**Silent about.** {silent}\n\n");
        let _ = write!(out, "**Not checked.** {}\n\n", when_not_checked(meta));
        let _ = writeln!(out, "- Severity: {}\n- Controls: {}", severity(meta), controls(meta.id, profiles));
        for reference in references(meta) {
            let (tag, link) = reference.split_once(' ').unwrap_or((&reference, &reference));
            let _ = writeln!(out, "- Reference: [{tag}]({link})");
        }
    }
    out
}

/// `docs/detectors.md`.
fn detectors(rules: &Rules) -> String {
    let mut out = "# Detectors\n\n\
        Generated by `seaworthy generate-docs`. `seaworthy rules show ID` prints one of them with its examples. A detector\n\
        of your own goes into a directory of `.toml` files: `--rules DIR`, or `[rules] directories` in the contract.\n\n\
        Most secrets are known wherever they stand. Where the last column names something, the secret is known only with it.\n\n\
        | detector | finds | severity | confidence | file | only with |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for rule in rules.all() {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} |",
            rule.detector.id,
            cell(&rule.name),
            rule.severity,
            rule.confidence,
            cell(&rule.file),
            cell(rule.only_with.as_deref().unwrap_or_default())
        );
    }
    out
}

/// `docs/cli.md`.
fn command_line() -> String {
    let mut out = "# Command line\n\n\
        Generated by `seaworthy generate-docs` from the program's own help.\n"
        .to_owned();
    let mut command = Arguments::command().term_width(100);
    command.build();
    page(&mut command, &mut out);
    out
}

/// The help of a command and of those below it.
fn page(command: &mut Command, out: &mut String) {
    let name = command.get_bin_name().unwrap_or("seaworthy").to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(out, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    let below = command.get_subcommands_mut().filter(|c| !c.is_hide_set() && c.get_name() != "help");
    for command in below {
        page(command, out);
    }
}

/// Text as a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn generated_pages_are_up_to_date() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let mut stale = Vec::new();
        for (name, text) in files().unwrap() {
            let path = docs.join(&name);
            if std::env::var_os("SEAWORTHY_WRITE_DOCS").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            if std::fs::read_to_string(&path).ok() != Some(text) {
                stale.push(name);
            }
        }
        assert!(stale.is_empty(), "{stale:?}: run the tests with SEAWORTHY_WRITE_DOCS=1");
    }

    /// A file's text without what JSON, TOML and indentation add around the lines of an example.
    fn plain(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()
    }

    /// Whether all lines of an example but its remarks stand in one file below a directory, in their order.
    fn stands(example: &str, directories: &[PathBuf]) -> bool {
        let lines: Vec<String> = example
            .lines()
            .filter(|line| !line.starts_with("# "))
            .map(plain)
            .filter(|l| !l.is_empty())
            .collect();
        let files = directories.iter().flat_map(walkdir::WalkDir::new).filter_map(Result::ok);
        files.filter(|f| f.file_type().is_file()).any(|file| {
            let text = plain(&String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()));
            let name = plain(&file.path().to_string_lossy());
            let mut rest = text.as_str();
            lines.iter().all(|line| {
                let at = rest.find(line.as_str());
                rest = at.map_or(rest, |at| rest.split_at(at + line.len()).1);
                at.is_some() || name.ends_with(line.as_str())
            })
        })
    }

    #[test]
    fn examples_stand_in_fixtures_that_prove_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let below = |paths: [String; 3]| paths.map(|path| root.join(path)).to_vec();
        let mut wrong = Vec::new();
        for meta in catalogue() {
            let id = meta.id;
            let Example { fails, mended, silent } = meta.example;
            let fails = fails.text();
            // A whole task definition is judged by the program itself: tests/program/explain.rs.
            let is_task = fails.starts_with('{') && fails.contains("\"family\"");
            let fixtures = "tests/fixtures/aws/terraform/platform";
            let bad = [
                format!("tests/checks/{id}/fail"),
                "corpus/demo/faults".into(),
                format!("{fixtures}/broken"),
            ];
            let good = [
                format!("tests/checks/{id}/pass"),
                "corpus/demo/project".into(),
                format!("{fixtures}/mended"),
            ];
            if !is_task && !stands(&fails, &below(bad)) {
                wrong.push(format!("{id} fails"));
            }
            if !is_task && !stands(mended, &below(good)) {
                wrong.push(format!("{id} mended"));
            }
            if fails == mended || silent.is_empty() {
                wrong.push(format!("{id} says nothing"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
