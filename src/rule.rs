//! Detectors as data: the files under `rules/`, loaded, validated and made ready to scan.

mod embedded;
mod file;
mod prove;
mod raw;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::finding::{Confidence, FingerprintKey, SecretMark, Severity};
use raw::{Proof, Text};
use seaworthy_detect::{BuildError, Detector, Engine, Hit, Piece, Scratch};
use seaworthy_source::input;

/// The largest rules file, in bytes.
const MAX_BYTES: u64 = 16 << 20;

pub use file::Problem;
pub use prove::{Fault, prove};

/// One detector with everything that is said of it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// How to find it.
    pub detector: Arc<Detector>,
    /// What a person calls it, such as `AWS access key ID`.
    pub name: Text,
    /// What must stand with the secret for it to be known, and why: `its name: 32 hexadecimal digits by itself`. A
    /// secret of any other detector is known alone on a line, in a sentence, in a list.
    pub only_with: Option<Text>,
    /// How bad a find is.
    pub severity: Severity,
    /// How sure a find is before its validators speak.
    pub confidence: Confidence,
    /// What it opens.
    pub description: Text,
    /// How to rotate it.
    pub fix: Text,
    /// Where its format is documented, and the examples that prove it.
    proof: ProofOf,
    /// Whether it knows a secret only by the name that it is given to: another detector's word on the same bytes
    /// counts for more.
    pub generic: bool,
    /// Whether a vendor issues it: its place in a library never lowers it. What people make for themselves (passwords,
    /// keys of an application) may be an example there.
    pub issued: bool,
    /// Whether it is a private key, whose public half tells it apart.
    pub private_key: bool,
    /// The file that it comes from.
    pub file: Arc<str>,
}

/// What no scan reads of a detector: at hand for those of a project, packed for those that are built in.
#[derive(Clone, Debug)]
enum ProofOf {
    Own(Arc<Proof>),
    BuiltIn(usize),
}

impl Rule {
    fn proof(&self) -> &Proof {
        static NONE: Proof =
            Proof { references: Vec::new(), examples: Vec::new(), negative_examples: Vec::new() };
        match &self.proof {
            ProofOf::Own(proof) => proof,
            ProofOf::BuiltIn(number) => embedded::proof(*number).unwrap_or(&NONE),
        }
    }

    /// Where the format is documented.
    pub fn references(&self) -> &[String] {
        &self.proof().references
    }

    /// Texts in which it must be found.
    pub fn examples(&self) -> &[String] {
        &self.proof().examples
    }

    /// Lookalikes in which it must not be found.
    pub fn negative_examples(&self) -> &[String] {
        &self.proof().negative_examples
    }

    /// What may be kept of a value that the detector recognised. Only tokens of a fixed form have a public prefix and a
    /// length that say nothing of the value.
    pub fn mark(&self, key: &FingerprintKey, secret: &[u8]) -> SecretMark {
        match self.detector.boundary && !self.generic {
            true => SecretMark::token(key, secret, &self.detector.anchors),
            false => SecretMark::new(key, secret),
        }
    }
}

/// All detectors of a run, ready to scan.
pub struct Rules {
    rules: Vec<Rule>,
    /// How many of them, at the front, are built in.
    built_in: usize,
    engine: Engine,
    /// The hash of all rules files, before what is disabled.
    files: Sha256,
    digest: String,
    /// What scans of short texts leave for the next: making it takes longer than such a scan.
    idle: Mutex<Vec<Scratch>>,
}

/// Why the detectors cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// A rules directory or file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A rules directory holds no rules.
    #[error("{}: holds no .toml file", path.display())]
    NoRules {
        /// The path.
        path: PathBuf,
    },
    /// Files hold mistakes: all of them, one a line.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<Problem>),
    /// The engine refuses a detector.
    #[error("{}{source}", file.as_ref().map(|f| format!("{f}: ")).unwrap_or_default())]
    Build {
        /// The file that the detector is from.
        file: Option<String>,
        /// Why.
        source: BuildError,
    },
}

impl Rules {
    /// The built-in detectors, and those in the `.toml` files of `directories`; detectors named in `disabled` are
    /// left out.
    ///
    /// # Errors
    /// If a file cannot be read or holds a mistake: nothing is left out in silence.
    pub fn load(directories: &[PathBuf], disabled: &[String]) -> Result<Self, RuleError> {
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        let mut files = Sha256::new();
        files.update(built_in(&mut rules, &mut problems));
        let count = rules.len();
        for directory in directories {
            for (name, text) in read_directory(directory)? {
                files.update((text.len() as u64).to_be_bytes());
                files.update(text.as_bytes());
                match file::parse(&name, &text) {
                    Ok(parsed) => rules.extend(parsed),
                    Err(found) => problems.extend(found),
                }
            }
        }
        problems.extend(file::repeated(&rules));
        if !problems.is_empty() {
            return Err(RuleError::Problems(problems));
        }
        Self::assemble(rules, count, files, disabled)
    }

    /// The same detectors without those named in `disabled`; no file is read again.
    ///
    /// # Errors
    /// If the engine refuses a detector, which it has taken before.
    pub fn without(&self, disabled: &[String]) -> Result<Self, RuleError> {
        Self::assemble(self.rules.clone(), self.built_in, self.files.clone(), disabled)
    }

    /// Makes `rules` ready, of which the first `built_in` are proved.
    fn assemble(
        mut rules: Vec<Rule>,
        built_in: usize,
        files: Sha256,
        disabled: &[String],
    ) -> Result<Self, RuleError> {
        let is_used = |rule: &Rule| !disabled.contains(&rule.detector.id);
        let built_in = rules.iter().take(built_in).filter(|r| is_used(r)).count();
        rules.retain(is_used);
        let mut hash = files.clone();
        for id in disabled {
            hash.update(id.as_bytes());
            hash.update([0]);
        }
        let digest = format!("sha256:{}", seaworthy_source::hex(&hash.finalize()));
        // The built-in patterns are proved by a test, and compiling them all would cost more than a small scan.
        let detectors = rules.iter().map(|r| Arc::clone(&r.detector)).collect();
        let engine = Engine::with_proved(detectors, built_in);
        let engine = engine.and_then(|engine| engine.compile_from(built_in).map(|()| engine));
        let engine = engine.map_err(|source| {
            let rule = source.detector().and_then(|id| rules.iter().find(|r| r.detector.id == id));
            RuleError::Build { file: rule.map(|r| r.file.to_string()), source }
        })?;
        Ok(Self { rules, built_in, engine, files, digest, idle: Mutex::default() })
    }

    /// All rules, in the order of the engine's indexes.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this index.
    pub fn get(&self, index: usize) -> Option<&Rule> {
        self.rules.get(index)
    }

    /// The rule with this ID.
    pub fn find(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.detector.id == id)
    }

    /// Scans a short text, of which nothing may be left out ([`Engine::scan_all`]).
    pub fn scan_text(&self, text: &[u8], sink: &mut dyn FnMut(Hit<'_>)) -> bool {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        let all = self.engine.scan_all(&Piece::whole(text), &mut scratch, sink);
        idle().push(scratch);
        all
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A digest of all rules files and of what is disabled: two runs with the same digest ask the same.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// Adds the built-in rules; returns the digest of their files.
fn built_in(rules: &mut Vec<Rule>, problems: &mut Vec<Problem>) -> String {
    let Some(packed) = embedded::unpacked() else {
        let message = "the built-in rules are damaged".to_owned();
        problems.push(Problem { file: "rules".to_owned(), position: None, message });
        return String::new();
    };
    for file in packed.files {
        match file::resolve_built_in(&file.name, file.detectors, rules.len()) {
            Ok(resolved) => rules.extend(resolved),
            Err(found) => problems.extend(found),
        }
    }
    packed.digest
}

/// The `.toml` files of a directory, by name.
fn read_directory(directory: &Path) -> Result<Vec<(String, String)>, RuleError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| RuleError::Io { path, source }
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fail(directory))? {
        let path = entry.map_err(fail(directory))?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(RuleError::NoRules { path: directory.into() });
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let bytes = input::read_file(&path, MAX_BYTES).map_err(|e| fail(&path)(e.into()))?;
            let text =
                String::from_utf8(bytes).map_err(|_| fail(&path)(io::Error::other("it is not UTF-8")))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_rules_file_is_packed_as_it_is_written() {
        let mut on_disk: Vec<(String, String)> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))
                .unwrap()
                .map(|e| e.unwrap())
                .map(|e| (format!("rules/{}", e.file_name().to_string_lossy()), e.path()))
                .filter(|(name, _)| name.ends_with(".toml"))
                .map(|(name, path)| (name, std::fs::read_to_string(path).unwrap()))
                .collect();
        on_disk.sort();
        let read: Vec<Rule> =
            on_disk.iter().flat_map(|(name, text)| file::parse(name, text).unwrap()).collect();
        let told = |rules: &[Rule]| {
            let without_proof = |rule: &Rule| Rule { proof: ProofOf::BuiltIn(0), ..rule.clone() };
            let each = rules.iter().map(|r| format!("{:#?}{:#?}", without_proof(r), r.proof()));
            each.collect::<Vec<_>>()
        };
        assert_eq!(told(&read), told(Rules::load(&[], &[]).unwrap().all()));
    }

    #[test]
    fn what_is_disabled_later_is_disabled_at_once() {
        let disabled = ["github-pat-classic".to_owned()];
        let all = Rules::load(&[], &[]).unwrap();
        let (later, at_once) = (all.without(&disabled).unwrap(), Rules::load(&[], &disabled).unwrap());
        assert_eq!(later.digest(), at_once.digest());
        assert_ne!(later.digest(), all.digest());
        assert_eq!(later.all().len() + 1, all.all().len());
        assert_eq!(later.built_in, later.all().len());
        assert!(later.find(&disabled[0]).is_none());
    }

    #[test]
    fn the_built_in_rules_prove_themselves() {
        let rules = Rules::load(&[], &[]).unwrap();
        assert!(rules.all().len() >= 450, "{} detectors", rules.all().len());
        let patterns: std::collections::HashSet<&str> = rules
            .all()
            .iter()
            .filter(|r| r.detector.lexer.is_none())
            .map(|r| r.detector.pattern.as_str())
            .collect();
        assert!(patterns.len() >= 450, "{} distinct patterns", patterns.len());
        for rule in rules.all() {
            let documented = rule.references().iter().any(|r| r.starts_with("http"));
            assert!(documented, "{} names no documentation", rule.detector.id);
        }
        let faults: Vec<String> = prove(&rules).iter().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn a_pattern_that_cannot_be_compiled_is_told_at_once() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join("mine.toml"),
            "[[detector]]\nid = \"mine\"\nname = \"x\"\nanchors = [\"abc\"]\nseverity = \"low\"\nconfidence = \"low\"\n\
             pattern = 'abc(?:a)(x)(y)(z)(?P<secret>w)'\ndescription = \"d\"\nfix = \"f\"\nexamples = [\"a\"]\n\
             negative_examples = [\"b\"]\n",
        )
        .unwrap();
        let error = Rules::load(&[directory.path().into()], &[]).err().unwrap().to_string();
        assert!(error.contains("mine") && error.contains("secret"), "{error}");
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join("mine.toml"),
            "[[detector]]\nid = \"Bad Id\"\nname = \"x\"\nanchors = [\"ab\"]\npattern = \"ab+\"\nseverity = \"huge\"\n\
             confidence = \"high\"\ndescription = \"d\"\nfix = \"f\"\nreferences = []\nexamples = []\n\
             negative_examples = []\nvalidators = [\"no-such\"]\n",
        )
        .unwrap();
        let error = Rules::load(&[directory.path().into()], &[]).err().unwrap().to_string();
        for part in ["mine.toml:2:", "mine.toml:6:", "no-such", "huge", "examples"] {
            assert!(error.contains(part), "{part} is not in:\n{error}");
        }
    }
}
