//! The rules' own proof: every example is found, every negative example is not.

use std::fmt;

use super::Rules;
use seaworthy_detect::{Piece, Scratch};

/// A detector that does not do what its examples say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file that it comes from.
    pub file: String,
    /// The detector's ID.
    pub detector: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.detector, self.message)
    }
}

/// An example as a message quotes it: rules hold invented secrets only.
fn shown(example: &str) -> String {
    let line: String = example.lines().next().unwrap_or_default().chars().take(60).collect();
    let more = if line.len() < example.len() { "…" } else { "" };
    format!("{}{more}", seaworthy_source::escape_bytes(line.as_bytes()))
}

/// Compiles every pattern and runs every detector over its examples.
pub fn prove(rules: &Rules) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut scratch = Scratch::default();
    if let Err(e) = rules.engine().compile_from(0) {
        faults.push(Fault { file: "rules".into(), detector: "engine".into(), message: e.to_string() });
    }
    for (index, rule) in rules.all().iter().enumerate() {
        let mut finds = |text: &str| {
            let mut found = false;
            rules.engine().scan(&Piece::whole(text.as_bytes()), &mut scratch, &mut |hit| {
                found |= hit.detector == index;
            });
            found
        };
        let mut fault = |message: String| {
            faults.push(Fault { file: rule.file.to_string(), detector: rule.detector.id.clone(), message });
        };
        for (n, example) in rule.examples().iter().enumerate() {
            if !finds(example) {
                fault(format!("pattern does not match example {}: {}", n + 1, shown(example)));
            }
        }
        for (n, example) in rule.negative_examples().iter().enumerate() {
            if finds(example) {
                fault(format!("pattern matches negative example {}: {}", n + 1, shown(example)));
            }
        }
    }
    faults
}
