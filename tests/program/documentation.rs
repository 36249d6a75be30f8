//! README and docs: links lead somewhere, code blocks are what the program takes, words are those of the vocabulary.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Cli;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that a person reads.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "corpus/README.md",
        "benches/README.md",
    ]
    .iter()
    .map(|p| root().join(p))
    .collect();
    for entry in walkdir::WalkDir::new(root().join("docs")).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|e| e == "md") {
            pages.push(path);
        }
    }
    pages.into_iter().map(|p| (p.clone(), fs::read_to_string(&p).unwrap())).collect()
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut inside = false;
    let headings = text.lines().filter(|l| {
        inside ^= l.starts_with("```");
        !inside && l.starts_with('#')
    });
    headings
        .map(|l| {
            let title = l.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The text without its code blocks and code spans.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            let spans = line.split('`').enumerate();
            out.extend(spans.filter(|(i, _)| i % 2 == 0).map(|(_, s)| s.to_owned() + " "));
            out.push('\n');
        }
    }
    out
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for (page, text) in pages() {
        let prose = prose(&text);
        for (at, _) in prose.match_indices("](") {
            let target = prose.get(at + 2..).unwrap_or_default().split(')').next().unwrap_or_default();
            if target.starts_with("http") {
                assert!(target.starts_with("https://"), "{}: {target}", page.display());
                continue;
            }
            let (file, anchor) = target.split_once('#').map_or((target, None), |(f, a)| (f, Some(a)));
            let path = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let found = path.exists()
                && anchor.is_none_or(|a| fs::read_to_string(&path).is_ok_and(|t| anchors(&t).contains(a)));
            if !found {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The code blocks of a page: language and text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|l| !l.trim_start().starts_with("```")).collect();
            blocks.push((language.trim().to_owned(), body.join("\n")));
        }
    }
    blocks
}

/// The commands of a block: each `seaworthy …` of a shell line or of a workflow's step, comments left out.
fn commands(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in joined.lines() {
        for part in line.split("  #").next().unwrap_or_default().split(['|', ';']).flat_map(|p| p.split("&&"))
        {
            let part = part.trim().trim_start_matches("$ ").trim_start_matches("- run: ");
            // A colon ends a line of output: `seaworthy context: 3 files`.
            if part.starts_with("seaworthy ") && !part.contains('…') && !part.contains(": ") {
                found.push(words(part).split_off(1));
            }
        }
    }
    found
}

/// A shell line's words: quotes taken off.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|w| !w.is_empty() && w != ">");
    words
}

/// A page shows parts of a contract, of a profile or of a rules file; a contract must be one.
fn assert_toml_is_taken(cli: &Cli, place: &str, body: &str) {
    let table: toml::Table = body.parse().unwrap_or_else(|e| panic!("{place}\n{e}"));
    if table.contains_key("version") && !table.contains_key("controls") {
        cli.write("seaworthy.toml", body).write("Dockerfile", "FROM scratch\n");
        let answer = cli.run(&["context"]);
        assert!(!answer.stderr.contains("error"), "{place}\n{}", answer.stderr);
        fs::remove_file(cli.path("seaworthy.toml")).unwrap();
    }
}

/// The command's options and values are known; what it reads need not be there.
fn assert_command_is_taken(cli: &Cli, place: &str, arguments: Vec<String>) {
    // Placeholders of the page.
    let replaced =
        [("$RUN", "run_1"), ("FINGERPRINT", "0123456789abcdef"), ("DATE", "2027-01-31"), ("ID", "run_1")];
    let fill = |argument: String| replaced.iter().fold(argument, |text, (from, to)| text.replace(from, to));
    let arguments: Vec<String> = arguments.into_iter().map(fill).collect();
    let answer = cli.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let absent = ["Dockerfile", "seaworthy.toml here", "such directory", "such directory", "document"];
    let is_absent = absent.iter().any(|what| answer.stderr.contains(&format!("there is no {what}")));
    let refusals =
        ["unexpected argument", "there is no", "invalid value", "required arguments", "unrecognized"];
    for refusal in refusals.into_iter().filter(|r| answer.stderr.contains(r)) {
        assert!(refusal == "there is no" && is_absent, "{place}\n{}", answer.stderr);
    }
}

#[test]
fn every_code_block_is_what_the_program_takes() {
    // No registry and no account is asked: a proxy and an endpoint that refuse every connection.
    let closed = "http://127.0.0.1:9";
    let cli = ["HTTPS_PROXY", "HTTP_PROXY", "SEAWORTHY_ENDPOINT_URL"]
        .iter()
        .fold(Cli::new(), |cli, name| cli.env(name, closed))
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_MAX_ATTEMPTS", "1");
    let mut count = 0;
    for (page, text) in pages() {
        let name = page.strip_prefix(root()).unwrap().display().to_string();
        for (language, body) in blocks(&text) {
            let place = format!("{name}:\n{body}");
            match language.as_str() {
                "toml" => assert_toml_is_taken(&cli, &place, &body),
                "json" => {
                    let read = serde_json::from_str::<serde_json::Value>(&body);
                    assert!(read.is_ok(), "{place}\n{read:?}");
                }
                "yaml" => {
                    let read =
                        seaworthy_source::yaml::parse(&body, seaworthy_source::yaml::Limits::default());
                    assert!(read.is_ok(), "{place}\n{read:?}");
                }
                "" | "text" | "sh" => {}
                other => panic!("{place}: no test for blocks of {other}"),
            }
            if matches!(language.as_str(), "" | "text" | "sh" | "yaml") && !name.ends_with("cli.md") {
                for arguments in commands(&body) {
                    assert_command_is_taken(&cli, &place, arguments);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 30, "{count} commands");
}

/// Words that the vocabulary has replaced, in lower case.
const OLD_WORDS: [&str; 13] = [
    "aboard",
    "sails",
    "file of the final filesystem",
    "folder",
    "folders",
    "papers",
    "whoever",
    "nobody",
    "mildest",
    "unchecked",
    "not examined",
    "goes first",
    "belongs into",
];

/// The old words in a text.
fn old_words(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/');
    let stands_alone = |at: usize, word: &str| {
        let before = text.get(..at).unwrap_or_default().chars().next_back().is_some_and(is_word);
        let after = text.get(at + word.len()..).unwrap_or_default().chars().next().is_some_and(is_word);
        // A user of that name.
        !before
            && !after
            && !text.get(..at).unwrap_or_default().ends_with("user ")
            && !text.get(..at).unwrap_or_default().ends_with("user, ")
    };
    OLD_WORDS
        .into_iter()
        .filter(|word| text.match_indices(word).any(|(at, _)| stands_alone(at, word)))
        .collect()
}

/// What people read in a line of Rust: a comment without its code spans, and string literals.
fn readable(line: &str) -> String {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") {
        return trimmed.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    }
    if !line.contains('"') && line.trim_end().ends_with('\\') {
        return line.to_owned();
    }
    line.replace("\\\"", "'").split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" \n ")
}

#[test]
fn words_are_those_of_the_vocabulary() {
    // Lists of words that are looked for in what is examined.
    let lists = ["crates/detect/src/validate/literal.rs", "crates/detect/src/validate/name_words.rs"];
    let mut old = Vec::new();
    for (path, text) in pages() {
        old.extend(old_words(&prose(&text)).into_iter().map(|word| format!("{}: {word}", path.display())));
    }
    for directory in ["src", "crates", "rules", "profiles"] {
        for entry in walkdir::WalkDir::new(root().join(directory)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let is_test = name.contains("/tests") || name.contains("/benches/") || name.contains("/fuzz/");
            let is_rust = name.ends_with(".rs");
            if !(is_rust || name.ends_with(".toml")) || is_test || lists.contains(&name.as_str()) {
                continue;
            }
            for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
                let text = if is_rust { readable(line) } else { line.to_owned() };
                let words = old_words(&text).into_iter();
                old.extend(words.map(|word| format!("{name}:{}: {word}: {}", number + 1, line.trim())));
            }
        }
    }
    assert!(old.is_empty(), "words that the vocabulary has replaced:\n{}", old.join("\n"));
    assert_eq!(old_words("Nobody; the mildest"), ["nobody", "mildest"]);
    assert!(old_words("USER nobody, get_unchecked, case.papers_of").is_empty());
    assert_eq!(readable("    let x = call(\"papers\", papers);"), "papers");
}
