//! Applies a unified diff to a directory: enough of it for the changes that tests make, and strict about all of it.

use std::fs;

use super::Cli;

/// Applies `diff` as `patch -p1` would; panics where its lines are not those of the file.
pub fn patch(cli: &Cli, diff: &str) {
    let mut lines = diff.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(old) = line.strip_prefix("--- ") else { continue };
        let new = lines.next().unwrap().strip_prefix("+++ ").unwrap();
        let name = |path: &str| path.split_once('/').unwrap().1.to_owned();
        let before: Vec<String> = match old {
            "/dev/null" => Vec::new(),
            old => cli.read(&name(old)).lines().map(str::to_owned).collect(),
        };
        let (mut after, mut at) = (Vec::new(), 0);
        while let Some(hunk) = lines.next_if(|l| l.starts_with("@@ ")) {
            let start: usize = hunk
                .split(['-', ',', ' '])
                .find_map(|word| word.parse().ok())
                .unwrap_or_else(|| panic!("{hunk}"));
            let start = start.saturating_sub(1);
            after.extend_from_slice(&before[at..start]);
            at = start;
            while let Some(line) = lines.next_if(|l| !l.starts_with("@@ ") && !l.starts_with("--- ")) {
                let (mark, text) = line.split_at_checked(1).unwrap_or((" ", ""));
                if mark == "\\" {
                    continue;
                }
                if mark != "+" {
                    assert_eq!(before.get(at).map(String::as_str), Some(text), "{old}:{}", at + 1);
                    at += 1;
                }
                if mark != "-" {
                    after.push(text.to_owned());
                }
            }
        }
        after.extend_from_slice(&before[at..]);
        if new == "/dev/null" {
            assert!(after.is_empty(), "{old} is not gone");
            fs::remove_file(cli.path(&name(old))).unwrap();
        } else {
            cli.write(&name(new), after.join("\n") + "\n");
        }
    }
}
