//! One rules file: TOML in, [`Rule`]s or mistakes with their lines out.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use toml::Spanned;

use super::raw::{RawFile, RawRule};
use super::{ProofOf, Rule};
use crate::finding::{Confidence, Severity};
use seaworthy_detect::{Detector, lexer, validate};
use seaworthy_source::{LineIndex, Position};

/// A mistake in a rules file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Where in it.
    pub position: Option<Position>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}:{position}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Reads one file; all its mistakes are told at once.
pub(super) fn parse(name: &str, text: &str) -> Result<Vec<Rule>, Vec<Problem>> {
    let lines = LineIndex::new(text.as_bytes());
    // Keys that a detector lacks are told together; the file is read once more only where it has such a mistake.
    let or_incomplete = |problems: Vec<Problem>| {
        let incomplete = incomplete(name, text, &lines);
        if incomplete.is_empty() { problems } else { incomplete }
    };
    let raw: RawFile = toml::from_str(text).map_err(|e| {
        let position = e.span().map(|s| lines.position(s.start));
        or_incomplete(vec![Problem { file: name.to_owned(), position, message: e.message().to_owned() }])
    })?;
    let has_no_reader = |rule: &RawRule| rule.pattern.is_none() && rule.lexer.is_none();
    if raw.detector.iter().any(has_no_reader) {
        return Err(or_incomplete(Vec::new()));
    }
    let proof = |reader: &mut Reader<'_>, rule: &mut RawRule| reader.proof(rule);
    resolve(name, &lines, raw.detector, proof)
}

/// The rules of the built-in file `name`, whose first detector has this number among all of them.
pub(super) fn resolve_built_in(
    name: &str,
    raw: Vec<RawRule>,
    first: usize,
) -> Result<Vec<Rule>, Vec<Problem>> {
    let mut numbers = first..;
    let proof = |_: &mut Reader<'_>, _: &mut RawRule| ProofOf::BuiltIn(numbers.next().unwrap_or(usize::MAX));
    resolve(name, &LineIndex::new(b""), raw, proof)
}

/// The rules of detectors as they are written in the file `name`.
fn resolve(
    name: &str,
    lines: &LineIndex,
    raw: Vec<RawRule>,
    mut proof: impl FnMut(&mut Reader<'_>, &mut RawRule) -> ProofOf,
) -> Result<Vec<Rule>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut rules = Vec::with_capacity(raw.len());
    let file: Arc<str> = name.into();
    for mut rule in raw {
        let mut reader = Reader { file: &file, lines, problems: &mut problems };
        let proof = proof(&mut reader, &mut rule);
        rules.extend(reader.rule(rule, proof));
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

/// Keys that every detector has.
const REQUIRED: [&str; 9] = [
    "id",
    "name",
    "anchors",
    "severity",
    "confidence",
    "description",
    "fix",
    "examples",
    "negative_examples",
];

/// A mistake for each detector that lacks keys, with all of them.
fn incomplete(name: &str, text: &str, lines: &LineIndex) -> Vec<Problem> {
    let (document, _) = toml::de::DeTable::parse_recoverable(text);
    let Some(detectors) = document.get_ref().get("detector").and_then(|d| d.get_ref().as_array()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for detector in detectors {
        let Some(table) = detector.get_ref().as_table() else { continue };
        let mut missing: Vec<&str> = REQUIRED.into_iter().filter(|key| table.get(*key).is_none()).collect();
        if table.get("pattern").is_none() && table.get("lexer").is_none() {
            missing.push("pattern");
        }
        if !missing.is_empty() {
            problems.push(Problem {
                file: name.to_owned(),
                position: Some(lines.position(detector.span().start)),
                message: format!(
                    "the detector lacks {}; `seaworthy rules show aws-access-key-id` shows a complete one",
                    missing.join(", ")
                ),
            });
        }
    }
    problems
}

struct Reader<'a> {
    file: &'a Arc<str>,
    lines: &'a LineIndex,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem<T>(&mut self, at: &Spanned<T>, message: String) {
        let position = Some(self.lines.position(at.span().start));
        self.problems.push(Problem { file: self.file.to_string(), position, message });
    }

    /// What no scan reads, as the file has it.
    fn proof(&mut self, raw: &mut RawRule) -> ProofOf {
        let id = raw.id.get_ref().clone();
        if raw.examples.get_ref().is_empty() {
            self.problem(&raw.examples, format!("{id}: examples must not be empty"));
        }
        if raw.negative_examples.get_ref().is_empty() {
            self.problem(&raw.negative_examples, format!("{id}: negative_examples must not be empty"));
        }
        ProofOf::Own(Arc::new(raw.take_proof()))
    }

    fn rule(&mut self, raw: RawRule, proof: ProofOf) -> Option<Rule> {
        let before = self.problems.len();
        let id = raw.id.get_ref().clone();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if id.is_empty() || !id.bytes().all(plain) {
            self.problem(&raw.id, format!("the id `{id}` must be of lowercase letters, digits and hyphens"));
        }
        if raw.anchors.get_ref().is_empty()
            || raw.anchors.get_ref().iter().any(|a| a.len() < 3 || !a.is_ascii())
        {
            self.problem(
                &raw.anchors,
                format!("{id}: anchors must be there, each of at least three ASCII bytes"),
            );
        }
        let severity = Severity::from_word(raw.severity.get_ref());
        if severity.is_none() {
            let message =
                format!("{id}: severity `{}` is none of low, medium, high, critical", raw.severity.get_ref());
            self.problem(&raw.severity, message);
        }
        let confidence = Confidence::from_word(raw.confidence.get_ref());
        if confidence.is_none() {
            let message =
                format!("{id}: confidence `{}` is none of low, medium, high", raw.confidence.get_ref());
            self.problem(&raw.confidence, message);
        }
        let mut validators = Vec::new();
        for name in &raw.validators {
            match validate::by_name(name.get_ref()) {
                Some(validator) => validators.push(validator),
                None => self.problem(name, format!("{id}: there is no validator `{}`", name.get_ref())),
            }
        }
        let lexer = raw.lexer.as_ref().and_then(|name| {
            let found = lexer::by_name(name.get_ref());
            if found.is_none() {
                self.problem(name, format!("{id}: there is no lexer `{}`", name.get_ref()));
            }
            found
        });
        let issued = match raw.issuer.as_ref().map(|issuer| (issuer, &**issuer.get_ref())) {
            None => !raw.names,
            Some((_, "vendor")) => true,
            Some((_, "anyone")) => false,
            Some((issuer, other)) => {
                self.problem(issuer, format!("{id}: issuer `{other}` is neither vendor nor anyone"));
                false
            }
        };
        if raw.pattern.is_some() == raw.lexer.is_some() {
            self.problem(&raw.id, format!("{id}: needs either a pattern or a lexer"));
        }
        let detector = Detector {
            id,
            anchors: raw.anchors.into_inner(),
            case_insensitive: raw.case_insensitive,
            lookbehind: raw.lookbehind,
            pattern: raw.pattern.map(Spanned::into_inner).unwrap_or_default(),
            lexer,
            requires: raw.requires,
            boundary: raw.boundary,
            min_entropy: raw.min_entropy,
            placeholder: raw.placeholder,
            validators,
            base64: raw.base64,
        };
        if self.problems.len() > before {
            return None;
        }
        Some(Rule {
            detector: Arc::new(detector),
            name: raw.name,
            only_with: raw.only_with,
            severity: severity?,
            confidence: confidence?,
            description: raw.description,
            fix: raw.fix,
            proof,
            generic: raw.names,
            issued,
            private_key: raw.private_key,
            file: Arc::clone(self.file),
        })
    }
}

/// IDs that occur more than once.
pub(super) fn repeated(rules: &[Rule]) -> Vec<Problem> {
    let mut first: HashMap<&str, &str> = HashMap::new();
    let mut problems = Vec::new();
    for rule in rules {
        if let Some(file) = first.insert(&rule.detector.id, &rule.file) {
            let message = format!("the id `{}` is used already in {file}", rule.detector.id);
            problems.push(Problem { file: rule.file.to_string(), position: None, message });
        }
    }
    problems
}
