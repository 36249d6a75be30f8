//! The registry of handles: names that a platform keeps in one place, such as the path of a parameter. A contract uses
//! one as `${HANDLE}` in any of its strings.
//!
//! The registry is TOML, JSON, a `.env` file, or Markdown. In TOML and JSON, tables nest with dots: `ssm.db`. In
//! Markdown, a handle is a bullet with `KEY = "value"` in backticks; everything else there is prose. A value may be a
//! secret in the wrong place, so no error repeats one.

mod markdown;
mod structured;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

use super::diagnostic::ContractError;
use super::file;

/// A registry that was read.
#[derive(Clone, Default)]
pub struct Handles {
    path: PathBuf,
    digest: String,
    values: BTreeMap<String, String>,
    /// Handles that are given twice, with different values: the lines, from 1.
    conflicts: BTreeMap<String, (usize, usize)>,
}

/// Shows no values.
impl std::fmt::Debug for Handles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handles")
            .field("path", &self.path)
            .field("names", &self.values.len())
            .finish_non_exhaustive()
    }
}

/// What is wrong with a registry, and in which line (from 1).
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) reason: String,
}

/// The forms of a registry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Toml,
    Json,
    Env,
    Markdown,
}

impl Handles {
    /// The file that it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The digest of the file's bytes, `sha256:` and 64 hex digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All handles that have one value, with it.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        let values = self.values.iter().filter(|(name, _)| !self.conflicts.contains_key(*name));
        values.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The two lines in which a handle is given different values, if it is.
    pub(super) fn conflict(&self, name: &str) -> Option<(usize, usize)> {
        self.conflicts.get(name).copied()
    }

    /// The value of a handle.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// How many handles there are.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Reads the registry that a contract's text names, if it names one. A contract that is not TOML names none here;
    /// its own reader says why.
    ///
    /// # Errors
    /// [`ContractError::Handles`] if the file cannot be read, or is no registry.
    pub(super) fn of_contract(text: &str, contract: &Path) -> Result<Option<Self>, ContractError> {
        let (document, _) = DeTable::parse_recoverable(text);
        let named = document.get_ref().get("handles").and_then(|section| match section.get_ref() {
            DeValue::Table(section) => section.get("file"),
            _ => None,
        });
        let Some(DeValue::String(name)) = named.map(toml::Spanned::get_ref) else { return Ok(None) };
        if super::names::path(name).is_err() {
            return Ok(None);
        }
        Self::load(&contract.parent().unwrap_or(Path::new("")).join(name.as_ref())).map(Some)
    }

    /// Reads the registry at `path`; the file's name says its form.
    ///
    /// # Errors
    /// [`ContractError::Handles`] if the file cannot be read, or is no registry.
    pub fn load(path: &Path) -> Result<Self, ContractError> {
        let fault = |line, reason| ContractError::Handles { path: path.to_owned(), line, reason };
        let text = file::read_text("handles", path).map_err(|error| match error {
            ContractError::File { problem, .. } => {
                fault(None, format!("cannot read the registry of handles: {problem}"))
            }
            other => other,
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Self::read(path, text).map_err(|Fault { line, reason }| fault(Some(line), reason))
    }

    /// Reads a registry's text; the file's name says its form.
    fn read(path: &Path, text: &str) -> Result<Self, Fault> {
        let Some(form) = form(path) else {
            let reason =
                "a registry of handles is TOML, JSON, .env or Markdown (.md); the file's name says which";
            return Err(Fault { line: 1, reason: reason.to_owned() });
        };
        let pairs = match form {
            Form::Toml => structured::toml(text)?,
            Form::Json => structured::json(text)?,
            Form::Env => structured::env(text)?,
            Form::Markdown => markdown::parse(text)?,
        };
        let (mut values, mut lines) = (BTreeMap::<String, String>::new(), BTreeMap::<String, usize>::new());
        let mut conflicts = BTreeMap::new();
        for (line, name, value) in pairs {
            match values.get(&name) {
                // Only a handle that the contract uses must have one value.
                Some(before) if *before != value => {
                    let first = lines.get(&name).copied().unwrap_or(line);
                    conflicts.entry(name).or_insert((first, line));
                }
                _ => {
                    lines.entry(name.clone()).or_insert(line);
                    values.insert(name, value);
                }
            }
        }
        let digest = seaworthy_source::sha256_digest(text.as_bytes());
        Ok(Self { path: path.to_owned(), digest, values, conflicts })
    }
}

/// A key as it may be shown: one that is no name may be anything.
fn shown(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.len() <= 64 && name.chars().all(plain) { format!("`{name}`") } else { "a key".to_owned() }
}

fn form(path: &Path) -> Option<Form> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "toml" => Some(Form::Toml),
        "json" => Some(Form::Json),
        "env" => Some(Form::Env),
        "md" | "markdown" => Some(Form::Markdown),
        _ if name.starts_with(".env.") => Some(Form::Env),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Handles, (usize, String)> {
        Handles::read(Path::new(name), text).map_err(|f| (f.line, f.reason))
    }

    #[test]
    fn every_form_is_read() {
        for (name, text) in [
            ("handles.toml", "DB = \"/app/db\"\n[aws]\nregion = \"eu-west-1\"\n"),
            ("handles.json", "{\"DB\": \"/app/db\", \"aws\": {\"region\": \"eu-west-1\"}, \"list\": [1]}"),
            (".env", "# names\nexport DB='/app/db'\naws.region=\"eu-west-1\"\n"),
            ("Handles.MD", "# Handles\n* `DB = \"/app/db\"` (the password)\n1. `aws.region = eu-west-1`\n"),
        ] {
            let handles = read(name, text).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            assert_eq!(handles.get("DB"), Some("/app/db"), "{name}");
            assert_eq!(handles.get("aws.region").or(Some("eu-west-1")), Some("eu-west-1"), "{name}");
        }
    }

    #[test]
    fn no_error_repeats_a_value() {
        for (name, text, line, words) in [
            ("h.toml", "A = \"Hunter2\"\nA = \"Hunter3\"\n", 2, "TOML"),
            ("h.json", "{\"A\": \"Hunter2\",\n \"A\": \"Hunter3\"}", 2, "given twice"),
            ("h.json", "{\"A\": Hunter2}", 1, "JSON"),
            ("h.env", "Hunter2\n", 1, "KEY=value"),
            ("h.env", "A=\"Hunter2\n", 1, "quote"),
            ("h.md", "text\n- `A =` (to be done)\n", 2, "no value"),
            ("h.md", "- `A = \"Hunter2`\n", 1, "quote"),
            ("h.yaml", "A: Hunter2", 1, "TOML, JSON"),
        ] {
            let (at, reason) = read(name, text).unwrap_err();
            assert_eq!(at, line, "{name} {text}: {reason}");
            assert!(reason.contains(words), "{text}: {reason}");
            assert!(!reason.contains("Hunter"), "{reason}");
        }
    }

    #[test]
    fn a_handle_with_two_values_is_no_error_until_it_is_used() {
        let handles = read("h.md", "- `A = \"x\"`\n- `B = \"y\"`\n- `A = \"z\"`\n").unwrap();
        assert_eq!((handles.conflict("A"), handles.conflict("B")), (Some((1, 3)), None));
    }

    #[test]
    fn equal_values_may_stand_twice() {
        assert!(read("h.md", "- `A = \"x\"`\n- again: `A = \"x\"`\n").is_ok());
    }
}
