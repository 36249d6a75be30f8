//! Causes: findings that share a root are one thing to mend. A `.env` that a COPY takes is found in the Dockerfile, in
//! the context and in a layer, by several checks; it is one cause.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Confidence, Finding, Severity};
use seaworthy_source::{Origin, OriginKind, Place};

/// Findings that share a root: a secret, a file, an instruction, a layer or a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The finding that speaks for it, as an index into the report's findings: the one nearest to what has to be edited.
    pub lead: usize,
    /// All of its findings, as indexes into the report's findings: the lead first, then in the report's order.
    pub findings: Vec<usize>,
    /// The highest severity among them.
    pub severity: Severity,
    /// The highest confidence among them.
    pub confidence: Confidence,
    /// IDs of their checks, each once: the lead's first, then in order.
    pub checks: Vec<&'static str>,
}

impl Cause {
    /// The causes of `findings`, worst first.
    pub fn group(findings: &[Finding]) -> Vec<Self> {
        let mut roots = Roots::new(findings.len());
        let context = context_files(findings);
        let mut first: HashMap<Root<'_>, usize> = HashMap::new();
        for (index, finding) in findings.iter().enumerate() {
            for root in roots_of(finding, &context) {
                let with = *first.entry(root).or_insert(index);
                roots.join(with, index);
            }
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in 0..findings.len() {
            groups.entry(roots.find(index)).or_default().push(index);
        }
        let mut causes: Vec<Self> = groups.into_values().map(|group| Self::of(findings, group)).collect();
        causes.sort_by_key(|c| {
            (Reverse(c.severity), Reverse(c.confidence), Reverse(c.findings.len().min(2)), c.lead)
        });
        causes
    }

    fn of(findings: &[Finding], mut group: Vec<usize>) -> Self {
        let severity = group.iter().map(|i| findings[*i].severity).max().unwrap_or(Severity::Low);
        let confidence = group.iter().map(|i| findings[*i].confidence).max().unwrap_or(Confidence::Low);
        let nearness = |i: &usize| {
            let finding = &findings[*i];
            let whole = finding.origin.place == Place::Whole;
            (
                distance(finding.origin.kind),
                Reverse(finding.severity),
                Reverse(finding.confidence),
                !whole,
                *i,
            )
        };
        // A milder finding of the same instruction does not speak for the worse ones elsewhere.
        let grave = |i: &&usize| findings[**i].severity > Severity::Low || severity == Severity::Low;
        let lead =
            group.iter().filter(grave).min_by_key(|i| nearness(i)).or(group.first()).copied().unwrap_or(0);
        group.sort_by_key(|i| (*i != lead, *i));
        let mut checks: Vec<&'static str> = Vec::new();
        for index in &group {
            let check = findings[*index].check;
            if !checks.contains(&check) {
                checks.push(check);
            }
        }
        if let Some((_, rest)) = checks.split_first_mut() {
            rest.sort_unstable();
        }
        Self { lead, findings: group, severity, confidence, checks }
    }
}

/// How far a place is from what a person edits: the Dockerfile and the sources come before what was built from them.
fn distance(kind: OriginKind) -> usize {
    match kind {
        OriginKind::Dockerfile => 0,
        OriginKind::Context | OriginKind::Workflow | OriginKind::Infrastructure | OriginKind::Document => 1,
        OriginKind::Account | OriginKind::Registry => 2,
        OriginKind::Config | OriginKind::History => 3,
        OriginKind::LayerFile | OriginKind::Layer => 4,
        OriginKind::Manifest | OriginKind::Attestation | OriginKind::Artifact => 5,
    }
}

/// What several findings may have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Root<'f> {
    /// A value.
    Secret(u64),
    /// A file that holds secrets.
    File(&'f str),
    /// A line of a file.
    Line(&'f str, u32),
    /// An instruction of a Dockerfile, by path and line.
    Instruction(&'f str, u32),
    /// What one check says of one thing: a role's policy, a workflow, a document.
    Thing(&'static str, &'f str, &'f str),
}

fn roots_of<'f>(finding: &'f Finding, context: &ContextFiles<'f>) -> Vec<Root<'f>> {
    let mut roots = Vec::new();
    roots.extend(finding.secret.as_ref().and_then(|s| s.group).map(Root::Secret));
    for origin in finding.origins() {
        let path = origin.path.as_deref();
        match (origin.kind, path) {
            (OriginKind::Context | OriginKind::LayerFile, Some(path)) => {
                let file = context.of(origin.kind, path);
                // A file of secrets is mended as a whole; code is mended line by line.
                match &origin.place {
                    Place::Text { position, .. } if finding.secret.is_none() => {
                        roots.push(Root::Line(file, position.line));
                    }
                    _ => roots.push(Root::File(file)),
                }
            }
            (OriginKind::Dockerfile, _) => {
                roots.push(Root::Instruction(origin.artifact.trim_start_matches("./"), line_of(origin)));
            }
            (OriginKind::Infrastructure | OriginKind::Workflow | OriginKind::Document, path) => {
                roots.push(Root::Thing(finding.check, &origin.artifact, path.unwrap_or_default()));
            }
            // A config or a history entry is made by one instruction; a layer's file is one of many.
            (OriginKind::Config | OriginKind::History, _) => {
                if let Some(made_by) = &origin.made_by {
                    roots.push(Root::Instruction(made_by.path.trim_start_matches("./"), made_by.line));
                }
            }
            _ => {}
        }
    }
    roots
}

fn line_of(origin: &Origin) -> u32 {
    match &origin.place {
        Place::Text { position, .. } => position.line,
        Place::Whole | Place::Byte(_) | Place::Pointer(_) => 0,
    }
}

/// Parts of a path, from its end, by which a layer's file is compared with those of the context.
const MAX_PARTS: usize = 64;

/// The files of the context that findings name, by every end of their paths (`.env`, `app/.env`, …), so that a layer's
/// file is known as the one that it was copied from. Of several with one end, the shortest path stands.
struct ContextFiles<'f>(HashMap<&'f str, &'f str>);

fn context_files(findings: &[Finding]) -> ContextFiles<'_> {
    let mut files: HashMap<&str, &str> = HashMap::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for origin in findings.iter().flat_map(Finding::origins).filter(|o| o.kind == OriginKind::Context) {
        let Some(path) = origin.path.as_deref().filter(|path| seen.insert(path)) else { continue };
        for end in ends(path) {
            let known = files.entry(end).or_insert(path);
            if path.len() <= known.len() {
                *known = path;
            }
        }
    }
    ContextFiles(files)
}

/// The ends of a path that begin with a whole name, the shortest first.
fn ends(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    let slashes = path.rmatch_indices('/').take(MAX_PARTS - 1);
    let ends: Vec<&str> = slashes.filter_map(|(at, _)| path.get(at + 1..)).collect();
    let whole = (ends.len() < MAX_PARTS - 1).then_some(path);
    ends.into_iter().chain(whole)
}

impl<'f> ContextFiles<'f> {
    /// The file's path in the context where one is known: for a layer's file, the one with the same name and the longest
    /// common end.
    fn of(&self, kind: OriginKind, path: &'f str) -> &'f str {
        if kind == OriginKind::Context {
            return path;
        }
        ends(path).rev().find_map(|end| self.0.get(end).copied()).unwrap_or(path)
    }
}

/// Disjoint sets of findings.
struct Roots(Vec<usize>);

impl Roots {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn find(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        // The smaller index is the root, so that the answer does not depend on the order of hash maps.
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FindingPlace, Fingerprint, FingerprintKey, Redacted};
    use seaworthy_source::Position;

    fn finding(check: &'static str, severity: Severity, origin: Origin, secret: Option<&[u8]>) -> Finding {
        let place = [origin.path.clone().unwrap_or_default(), line_of(&origin).to_string()];
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        Finding {
            check,
            detector: None,
            severity,
            confidence: Confidence::High,
            message: String::new(),
            fix: "".into(),
            fingerprint: Fingerprint::new(&FingerprintKey::PlaceOnly, check, "", &place, None),
            origin,
            secret: secret.map(Redacted::opaque),
            places: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn at(kind: OriginKind, path: &str, line: u32) -> Origin {
        let place = match line {
            0 => Place::Whole,
            line => Place::Text { position: Position { line, column: 1 }, offset: 0 },
        };
        let artifact = if kind == OriginKind::Dockerfile { path } else { "." };
        Origin { path: Some(path.to_owned()), place, ..Origin::new(kind, artifact) }
    }

    #[test]
    fn an_env_file_that_a_copy_takes_is_one_cause() {
        let mut copy = finding("SW204", Severity::High, at(OriginKind::Dockerfile, "Dockerfile", 5), None);
        copy.places.push(FindingPlace {
            origin: at(OriginKind::Context, ".env", 0),
            severity: Severity::High,
            confidence: Confidence::High,
        });
        let findings = [
            finding("SW101", Severity::High, at(OriginKind::Context, ".env", 0), None),
            finding("SW102", Severity::High, at(OriginKind::Context, ".env", 1), Some(b"one")),
            finding("SW102", Severity::High, at(OriginKind::Context, ".env", 2), Some(b"two")),
            copy,
            finding(
                "SW301",
                Severity::Critical,
                at(OriginKind::LayerFile, "app/source/.env", 2),
                Some(b"two"),
            ),
            finding("SW308", Severity::High, at(OriginKind::LayerFile, "app/source/.env", 0), None),
            finding("SW301", Severity::High, at(OriginKind::LayerFile, "etc/other.conf", 2), Some(b"three")),
        ];
        let causes = Cause::group(&findings);
        assert_eq!(causes.len(), 2);
        assert_eq!((causes[0].lead, causes[0].severity), (3, Severity::Critical));
        assert_eq!(causes[0].checks, ["SW204", "SW101", "SW102", "SW301", "SW308"]);
        assert_eq!(causes[0].findings, [3, 0, 1, 2, 4, 5]);
        assert_eq!(causes[1].findings, [6]);
    }

    #[test]
    fn a_line_of_code_is_one_cause_and_the_next_line_another() {
        let findings = [
            finding("SW408", Severity::High, at(OriginKind::Context, "src/a.py", 11), None),
            finding("SW408", Severity::High, at(OriginKind::LayerFile, "app/a.py", 11), None),
            finding("SW408", Severity::High, at(OriginKind::Context, "src/a.py", 12), None),
        ];
        let causes = Cause::group(&findings);
        assert_eq!(causes.iter().map(|c| c.findings.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn one_value_in_two_files_is_one_cause() {
        let findings = [
            finding("SW301", Severity::High, at(OriginKind::LayerFile, "a", 1), Some(b"the same")),
            finding("SW301", Severity::High, at(OriginKind::LayerFile, "b", 1), Some(b"the same")),
            finding("SW301", Severity::High, at(OriginKind::LayerFile, "c", 1), Some(b"another")),
        ];
        assert_eq!(Cause::group(&findings).len(), 2);
        assert!(Cause::group(&[]).is_empty());
    }

    #[test]
    fn a_layers_file_is_known_by_the_longest_common_end() {
        let context =
            ["src/app/__init__.py", "src/lib/__init__.py", "__init__.py", "tools/x/app/__init__.py"];
        let findings: Vec<Finding> = context
            .iter()
            .map(|path| finding("SW101", Severity::High, at(OriginKind::Context, path, 0), None))
            .collect();
        let files = context_files(&findings);
        for (path, known) in [
            ("app/lib/__init__.py", "src/lib/__init__.py"),
            ("opt/src/app/__init__.py", "src/app/__init__.py"),
            // Of equal ones the shortest.
            ("opt/app/__init__.py", "src/app/__init__.py"),
            ("opt/__init__.py", "__init__.py"),
            ("opt/app.py", "opt/app.py"),
        ] {
            assert_eq!(files.of(OriginKind::LayerFile, path), known, "{path}");
        }
    }

    #[test]
    fn many_files_of_one_name_are_grouped_at_once() {
        let context = (0..10_000).map(|n| at(OriginKind::Context, &format!("src/m{n}/__init__.py"), 0));
        let layer = (0..10_000).map(|n| at(OriginKind::LayerFile, &format!("app/m{n}/__init__.py"), 0));
        let findings: Vec<Finding> =
            context.chain(layer).map(|origin| finding("SW101", Severity::High, origin, None)).collect();
        let start = std::time::Instant::now();
        let causes = Cause::group(&findings);
        assert_eq!(causes.len(), 10_000);
        // Each pair compared would take minutes in a build without optimisation.
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
