//! Where a run's documents are kept: object keys made from patterns, a run and a phase. What goes into a key cannot
//! lead out of its directory, and reads the same whether or not a client escapes it.

use std::borrow::Cow;
use std::fmt;

/// What stands for the run in a pattern.
const RUN: &str = "{platform_run_id}";
/// What stands for the phase in a pattern.
const PHASE: &str = "{phase_id}";
/// The longest ID, in bytes.
const LONGEST_ID: usize = 128;
/// The longest key, in bytes: what S3 allows.
const LONGEST_KEY: usize = 1024;

/// Why a text is no ID, no key or no pattern. It names the rule and does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is nothing.
    #[error("must not be empty")]
    Empty,
    /// It is too long.
    #[error("must not be longer than {0} bytes")]
    Long(usize),
    /// It could lead out of its directory.
    #[error("must not contain `..`")]
    Parent,
    /// It would be a hidden file, and hidden files are what is being written.
    #[error("must not begin with a dot")]
    LeadingDot,
    /// It would be more than one directory.
    #[error("must not contain `/` or `\\`")]
    Separator,
    /// It could be taken for an escape and decoded.
    #[error("must not contain `%`")]
    Percent,
    /// It holds something else that is not a visible ASCII character, or a brace.
    #[error("must consist of visible ASCII characters other than `{{`, `}}`, `%`, `/` and `\\`")]
    Character,
    /// A directory of a key has no name, or the key begins or ends with a slash.
    #[error("must not begin or end with `/`, or contain `//`")]
    EmptyDirectory,
    /// The pattern has a placeholder that does not exist.
    #[error("knows no placeholders but `{{platform_run_id}}` and `{{phase_id}}`")]
    Placeholder,
    /// The pattern gives every run the same key.
    #[error("must contain `{{platform_run_id}}` once")]
    NoRun,
}

/// Whether a text may be one directory's name.
fn segment(text: &str) -> Result<(), KeyError> {
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if text.len() > LONGEST_ID {
        return Err(KeyError::Long(LONGEST_ID));
    }
    if text.contains("..") {
        return Err(KeyError::Parent);
    }
    if text.starts_with('.') {
        return Err(KeyError::LeadingDot);
    }
    if text.contains(['/', '\\']) {
        return Err(KeyError::Separator);
    }
    if text.contains('%') {
        return Err(KeyError::Percent);
    }
    match text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'{' | b'}')) {
        true => Ok(()),
        false => Err(KeyError::Character),
    }
}

/// The name of a run, such as `platform_20260213T101500Z`: one directory's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Reads one.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        segment(text).map(|()| Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of a phase, such as `P(-1)`: one directory's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhaseId(String);

impl PhaseId {
    /// Reads one.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        segment(text).map(|()| Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An object's key, decoded: directories and a name, joined by `/`. Clients encode it once on their way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Reads one.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.len() > LONGEST_KEY {
            return Err(KeyError::Long(LONGEST_KEY));
        }
        for part in text.split('/') {
            match segment(part) {
                Err(KeyError::Empty) => return Err(KeyError::EmptyDirectory),
                other => other?,
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of another object in the same directory, its name changed.
    ///
    /// # Errors
    /// If the new name is none.
    pub fn beside(&self, rename: impl FnOnce(&str) -> String) -> Result<Self, KeyError> {
        let (directory, name) = self.0.rsplit_once('/').map_or(("", self.0.as_str()), |(f, n)| (f, n));
        let name = rename(name);
        Self::parse(&if directory.is_empty() { name } else { format!("{directory}/{name}") })
    }

    /// Whether a key as a listing shows it is this one: some clients store and show `P%28-1%29` for `P(-1)`. It is
    /// decoded exactly once; keys of ours hold no `%`, so that the answer is never in doubt.
    pub fn is_shown_as(&self, shown: &str) -> bool {
        decode_key(shown).as_deref() == Some(self.0.as_str())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A key's text with its percent-escapes decoded once; none if an escape is broken or the result is not UTF-8.
pub fn decode_key(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (high, low) = (digit(*rest.first()?)?, digit(*rest.get(1)?)?);
        out.push(high * 16 + low);
        rest = rest.get(2..)?;
    }
    String::from_utf8(out).ok()
}

/// A key with places for the run and the phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPattern(Cow<'static, str>);

impl KeyPattern {
    /// A pattern of ours. It is not looked at: a test must.
    pub const fn known(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Reads one: a key in which `{platform_run_id}` stands once and `{phase_id}` may stand.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.matches(RUN).count() != 1 {
            return Err(KeyError::NoRun);
        }
        let filled = text.replace(RUN, "r").replace(PHASE, "p");
        if filled.contains(['{', '}']) {
            return Err(KeyError::Placeholder);
        }
        Key::parse(&filled).map(|_| Self(Cow::Owned(text.to_owned())))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key for a run and a phase.
    ///
    /// # Errors
    /// If the key is too long, or its parts make `..` together.
    pub fn key(&self, run: &RunId, phase: &PhaseId) -> Result<Key, KeyError> {
        Key::parse(&self.0.replace(PHASE, phase.as_str()).replace(RUN, run.as_str()))
    }

    /// The directory in which the runs lie, with a slash at its end or empty.
    pub fn directory(&self, phase: &PhaseId) -> String {
        let before = self.0.split(RUN).next().unwrap_or_default();
        let directory = before.rfind('/').and_then(|at| before.get(..=at)).unwrap_or_default();
        directory.replace(PHASE, phase.as_str())
    }

    /// The run that a name in [`Self::directory`] belongs to, if the pattern made it. The name is decoded already.
    pub fn run_of(&self, name: &str, phase: &PhaseId) -> Option<RunId> {
        let segment = self.0.split('/').find(|s| s.contains(RUN))?.replace(PHASE, phase.as_str());
        let (head, tail) = segment.split_once(RUN)?;
        let id = name.strip_prefix(head)?.strip_suffix(tail)?;
        RunId::parse(id).ok()
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_one_directory_and_the_rule_is_named() {
        assert_eq!(RunId::parse("platform_20260213T101500Z").unwrap().as_str(), "platform_20260213T101500Z");
        assert!(PhaseId::parse("P(-1)").is_ok());
        for (text, rule) in [
            ("", KeyError::Empty),
            ("a..b", KeyError::Parent),
            ("..", KeyError::Parent),
            (".a", KeyError::LeadingDot),
            ("a/b", KeyError::Separator),
            ("a\\b", KeyError::Separator),
            ("a%2fb", KeyError::Percent),
            ("a\nb", KeyError::Character),
            ("a b", KeyError::Character),
            ("é", KeyError::Character),
            ("{phase_id}", KeyError::Character),
        ] {
            assert_eq!(RunId::parse(text), Err(rule), "{text:?}");
            assert_eq!(PhaseId::parse(text).unwrap_err(), rule, "{text:?}");
        }
        assert_eq!(RunId::parse(&"a".repeat(129)), Err(KeyError::Long(128)));
        assert!(RunId::parse(&"a".repeat(128)).is_ok());
    }

    #[test]
    fn patterns_make_keys_and_know_them_again() {
        let pattern = KeyPattern::parse("evidence/runs/{platform_run_id}/{phase_id}/security.json").unwrap();
        let (run, phase) = (RunId::parse("r1").unwrap(), PhaseId::parse("P(-1)").unwrap());
        let key = pattern.key(&run, &phase).unwrap();
        assert_eq!(key.as_str(), "evidence/runs/r1/P(-1)/security.json");
        assert!(key.is_shown_as("evidence/runs/r1/P(-1)/security.json"));
        assert!(key.is_shown_as("evidence/runs/r1/P%28-1%29/security.json"));
        // Decoded twice it would be; once it is not.
        assert!(!key.is_shown_as("evidence/runs/r1/P%2528-1%2529/security.json"));
        assert!(!key.is_shown_as("evidence/runs/r1/P%2-1)/security.json"));
        assert_eq!(pattern.directory(&phase), "evidence/runs/");
        assert_eq!(pattern.run_of("r1", &phase), Some(run));
        let flat = KeyPattern::parse("{phase_id}/run-{platform_run_id}.json").unwrap();
        assert_eq!(flat.directory(&phase), "P(-1)/");
        assert_eq!(flat.run_of("run-7.json", &phase), RunId::parse("7").ok());
        assert_eq!(flat.run_of("other.json", &phase), None);
        assert_eq!(
            key.beside(|n| n.replace(".json", ".replaced-1.json")).unwrap().as_str(),
            "evidence/runs/r1/P(-1)/security.replaced-1.json"
        );
    }

    #[test]
    fn patterns_say_what_is_wrong() {
        for (text, rule) in [
            ("evidence/run.json", KeyError::NoRun),
            ("{platform_run_id}/{platform_run_id}", KeyError::NoRun),
            ("{platform_run_id}/{phase}", KeyError::Placeholder),
            ("/{platform_run_id}", KeyError::EmptyDirectory),
            ("{platform_run_id}/", KeyError::EmptyDirectory),
            ("../{platform_run_id}", KeyError::Parent),
            ("a%2f/{platform_run_id}", KeyError::Percent),
        ] {
            assert_eq!(KeyPattern::parse(text), Err(rule), "{text}");
        }
        // Harmless parts may be harmful together.
        let pattern = KeyPattern::parse("a/x.{platform_run_id}").unwrap();
        assert!(pattern.key(&RunId::parse("b").unwrap(), &PhaseId::parse("p").unwrap()).is_ok());
    }

    proptest! {
        #[test]
        fn no_key_leads_out_of_its_directory(run in ".{0,20}", phase in "[ -~]{0,12}") {
            let pattern = KeyPattern::parse("evidence/runs/{platform_run_id}/{phase_id}/x.json").unwrap();
            if let (Ok(run), Ok(phase)) = (RunId::parse(&run), PhaseId::parse(&phase)) {
                let key = pattern.key(&run, &phase).unwrap();
                let parts: Vec<&str> = key.as_str().split('/').collect();
                prop_assert_eq!(parts.len(), 5);
                prop_assert!(parts.iter().all(|p| !p.is_empty() && !p.starts_with('.')));
                prop_assert!(key.is_shown_as(key.as_str()));
            }
        }
    }
}
