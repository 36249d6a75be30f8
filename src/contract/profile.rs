//! Profile files: the built-in ones and a project's own, read as strictly as the contract, with every mistake shown in
//! its line.

use std::collections::HashMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use toml::de::DeTable;

use super::diagnostic::{ContractError, Diagnostic, Mistakes};
use super::fault::Fault;
use super::json_schema::schema_of;
use super::marked::{Count, Marked, Text};
use super::shape::Shape;
use super::validator::Validator;
use super::{digest_of, file, names, syntax_mistakes, unreadable};
use crate::check::catalogue;
use crate::finding::Severity;
use crate::profile::{BUILT_IN, Condition, Control, DEFAULT, FORMAT, Group, Need, Profile, covers};
use seaworthy_source::{LineIndex, Span};

/// A profile: the controls that a gate judges a run by, and the checks that prove each.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "seaworthy profile")]
struct RawProfile {
    /// Version of the profile's format. This seaworthy reads version 1.
    #[schemars(required, extend("const" = FORMAT))]
    version: Count,
    /// The profile's name, which the report and the evidence record.
    #[schemars(required)]
    name: Text,
    /// What the profile is for, in a few words.
    #[schemars(required)]
    title: Text,
    /// The minimum severity of a finding that fails the run. Only a stricter one than the contract's counts.
    #[schemars(extend("enum" = Severity::ALL.map(Severity::as_str)))]
    fail_on: Text,
    /// Rows of the controls table. One `[[groups]]` for each; a control without a group is a row of its own.
    groups: Option<Vec<Marked<RawGroup>>>,
    /// What must be true. One `[[controls]]` for each.
    controls: Option<Vec<Marked<RawControl>>>,
}

/// A row of the controls table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    /// What the IDs of its controls are, or begin with before a dot.
    #[schemars(required)]
    id: Text,
    /// What it is about, in a few words.
    #[schemars(required)]
    title: Text,
}

/// One clause. It passes only if each of its checks was requested, could look, and passed, and everything that it needs was
/// examined.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawControl {
    /// Its ID, such as `D.4.2`.
    #[schemars(required)]
    id: Text,
    /// What it asks, in a few words.
    #[schemars(required)]
    title: Text,
    /// What it asks, in a sentence.
    #[schemars(required)]
    asks: Text,
    /// IDs of the checks that must all have been asked, could look, and passed.
    checks: Option<Vec<Marked<String>>>,
    /// The artifacts that must have been examined.
    #[schemars(extend("items" = {"type": "string", "enum": Need::ALL.map(Need::as_str)}))]
    needs: Option<Vec<Marked<String>>>,
    /// IDs of controls or groups that must be satisfied, too.
    controls: Option<Vec<Marked<String>>>,
    /// Whether a gate passes only with it.
    #[schemars(extend("default" = true))]
    required: Option<Marked<bool>>,
    /// The minimum severity of a finding of its checks that fails it, where that is lower than the run's.
    #[schemars(extend("enum" = Severity::ALL.map(Severity::as_str)))]
    fail_on: Text,
    /// The condition under which it is asked: `wiring` where a source of the wiring has task definitions.
    #[schemars(extend("enum" = Condition::ALL.map(Condition::as_str)))]
    when: Text,
    /// How what its checks look at can be supplied, where `needs` does not say it already.
    supply: Text,
}

/// The JSON Schema of a profile.
pub fn profile_schema() -> Value {
    schema_of::<RawProfile>()
}

/// The built-in profile of that name.
///
/// # Errors
/// [`ContractError::Invalid`] if it is not one, which the tests rule out.
pub fn built_in(name: &str) -> Option<Result<Profile, ContractError>> {
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(parse(text, Path::new(&format!("profiles/{name}.toml")), true))
}

/// The profile of a contract that names none.
///
/// # Errors
/// As for [`built_in`].
pub fn default_profile() -> Result<Profile, ContractError> {
    let path = Path::new("profiles").join(DEFAULT);
    let text = BUILT_IN.iter().find(|(known, _)| *known == DEFAULT).map_or("", |(_, text)| *text);
    parse(text, &path, true)
}

/// Reads a project's own profile.
///
/// # Errors
/// [`ContractError::File`] if the file cannot be read, [`ContractError::Invalid`] with all its mistakes.
pub fn read_profile(path: &Path) -> Result<Profile, ContractError> {
    parse(&file::read_text("profile", path)?, path, false)
}

/// The profile that a contract chooses. `from_disk` tells whether files are read.
pub(super) fn chosen(
    choice: Text,
    validator: &mut Validator<'_>,
    from_disk: bool,
) -> Result<Option<Profile>, ContractError> {
    let Some(choice) = choice else { return default_profile().map(Some) };
    if let Some(profile) = built_in(&choice.value) {
        return profile.map(Some);
    }
    let word = choice.value.as_str();
    let is_path = word.contains('/') || Path::new(word).extension().is_some_and(|e| e == "toml");
    if !is_path {
        let names = BUILT_IN.map(|(name, _)| format!("`{name}`")).join(" or ");
        let help = format!("write {names}, or the path of a file, such as `profiles/ours.toml`");
        validator.report(choice.span, "`profile` names no built-in profile", help);
        return Ok(None);
    }
    let Some(path) = validator.path("profile", Some(choice)) else { return Ok(None) };
    if from_disk { read_profile(&path).map(Some) } else { Ok(None) }
}

fn parse(text: &str, path: &Path, is_built_in: bool) -> Result<Profile, ContractError> {
    let invalid = |mistakes| ContractError::Invalid(Mistakes::new(path.to_owned(), text, mistakes));
    let (mut document, broken) = DeTable::parse_recoverable(text);
    let lines = LineIndex::new(text.as_bytes());
    let mut mistakes = syntax_mistakes(&broken, &lines);
    if !mistakes.is_empty() {
        return Err(invalid(mistakes));
    }
    // A test compares the built-in ones with the schema; every start would pay for it.
    if !is_built_in || cfg!(test) {
        mistakes.extend(Shape::fit(&profile_schema(), &mut document, true));
    }
    let raw = match RawProfile::deserialize(toml::de::Deserializer::from(document)) {
        Ok(raw) => raw,
        Err(error) => {
            mistakes.push(unreadable(&error, "profile"));
            RawProfile::default()
        }
    };
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut reader = Reader { validator: Validator::new(&lines, directory) };
    let mut profile = reader.profile(raw, digest_of(text), is_built_in);
    if let Some(profile) = profile.as_mut().filter(|_| !is_built_in) {
        profile.path = Some(path.to_owned());
    }
    mistakes.append(&mut reader.validator.mistakes);
    match profile {
        Some(profile) if mistakes.is_empty() => Ok(profile),
        _ if mistakes.is_empty() => Err(invalid(vec![nothing()])),
        _ => Err(invalid(mistakes)),
    }
}

fn nothing() -> Diagnostic {
    Diagnostic {
        span: Span::default(),
        message: "this is no profile".to_owned(),
        help: Some("compare it with `seaworthy schema profile`".to_owned()),
    }
}

struct Reader<'t> {
    validator: Validator<'t>,
}

impl Reader<'_> {
    fn profile(&mut self, raw: RawProfile, digest: String, is_built_in: bool) -> Option<Profile> {
        if let Some(version) = raw.version.filter(|v| v.value != FORMAT) {
            let help = format!("write `version = {FORMAT}`");
            let message = format!("this seaworthy reads profiles of version {FORMAT} only");
            self.validator.report(version.span, message, help);
        }
        if let Some(name) = raw.name.as_ref().filter(|_| !is_built_in)
            && BUILT_IN.iter().any(|(known, _)| *known == name.value)
        {
            let message = "`name` is that of a built-in profile";
            self.validator.report(name.span, message, "give this profile a name of its own");
        }
        let name = self.validator.text("name", raw.name, id);
        let title = self.validator.text("title", raw.title, short);
        let fail_on = raw.fail_on.and_then(|word| Severity::from_word(&word.value));
        let (groups, group_spans) = self.groups(raw.groups.unwrap_or_default());
        let (controls, references) = self.controls(raw.controls.unwrap_or_default());
        if controls.is_empty() && self.validator.mistakes.is_empty() {
            self.validator.report(
                Span::default(),
                "this profile has no control",
                "add [[controls]], each with `id`, `title`, `asks` and `checks`",
            );
        }
        for (group, span) in groups.iter().zip(group_spans) {
            if !controls.iter().any(|c| covers(&group.id, &c.id)) {
                let help = "remove it, or let a control's ID begin with it";
                self.validator.report(span, "no control belongs to this group", help);
            }
        }
        for (own, name) in references {
            self.reference(&own, &name, &controls);
        }
        Some(Profile { name: name?, title: title?, digest, path: None, fail_on, groups, controls })
    }

    fn groups(&mut self, raw: Vec<Marked<RawGroup>>) -> (Vec<Group>, Vec<Span>) {
        let (mut seen, mut spans, mut groups) = (HashMap::new(), Vec::new(), Vec::new());
        for entry in raw {
            if let Some(text) = &entry.value.id {
                self.validator.unique(&mut seen, "id", text);
            }
            let id = self.validator.text("id", entry.value.id, id);
            let title = self.validator.text("title", entry.value.title, short);
            if let (Some(id), Some(title)) = (id, title) {
                groups.push(Group { id, title });
                spans.push(entry.span);
            }
        }
        (groups, spans)
    }

    /// The controls, and what they say of each other: the ID of the one that says it, and where.
    fn controls(&mut self, raw: Vec<Marked<RawControl>>) -> (Vec<Control>, Vec<(String, Marked<String>)>) {
        let (mut seen, mut references, mut controls) = (HashMap::new(), Vec::new(), Vec::new());
        for entry in raw {
            let RawControl {
                id: own,
                title,
                asks,
                checks,
                needs,
                controls: built_on,
                required,
                fail_on,
                when,
                supply,
            } = entry.value;
            if let Some(text) = &own {
                self.validator.unique(&mut seen, "id", text);
            }
            let own = self.validator.text("id", own, id);
            let title = self.validator.text("title", title, short);
            let asks = self.validator.text("asks", asks, sentence);
            let supply = self.validator.text("supply", supply, sentence);
            let (checks, built_on) = (checks.unwrap_or_default(), built_on.unwrap_or_default());
            if checks.is_empty() && built_on.is_empty() {
                let help = "add `checks`, such as `checks = [\"SW301\"]`: without one nothing could prove it";
                self.validator.report(entry.span, "this control has no checks", help);
            }
            let checks = self.checks(&checks);
            let mut needs: Vec<Need> =
                needs.unwrap_or_default().iter().filter_map(|n| Need::from_word(&n.value)).collect();
            needs.sort_unstable();
            needs.dedup();
            let (Some(id), Some(title), Some(asks)) = (own, title, asks) else { continue };
            let names = built_on.iter().map(|n| n.value.clone()).collect();
            references.extend(built_on.into_iter().map(|name| (id.clone(), name)));
            controls.push(Control {
                id,
                title,
                asks,
                checks,
                needs,
                controls: names,
                required: required.is_none_or(|r| r.value),
                fail_on: fail_on.and_then(|word| Severity::from_word(&word.value)),
                when: when.and_then(|w| Condition::from_word(&w.value)),
                supply,
            });
        }
        (controls, references)
    }

    fn checks(&mut self, raw: &[Marked<String>]) -> Vec<&'static str> {
        let known = catalogue();
        let (mut seen, mut checks) = (HashMap::new(), Vec::new());
        for text in raw {
            self.validator.unique(&mut seen, "check of this control", text);
            let Some(id) = self.validator.read("an entry of `checks`", text, names::check) else { continue };
            match known.iter().find(|meta| meta.id == id) {
                Some(meta) => checks.push(meta.id),
                None => {
                    let message = format!("there is no check {id}");
                    self.validator.report(text.span, message, "`seaworthy explain` lists all checks");
                }
            }
        }
        checks.sort_unstable();
        checks
    }

    fn reference(&mut self, own: &str, name: &Marked<String>, controls: &[Control]) {
        let named: Vec<&Control> = controls.iter().filter(|c| covers(&name.value, &c.id)).collect();
        let leaning = named.iter().any(|c| !c.controls.is_empty());
        let message = if named.is_empty() {
            "this is no control or group of the profile"
        } else if named.iter().any(|c| c.id == own) {
            "a control cannot build on itself"
        } else if leaning {
            "a control cannot build on one that builds on others"
        } else {
            return;
        };
        self.validator.report(name.span, message, "name the ID of another control or group");
    }
}

/// The ID of a control or a group: words of letters, digits, `_` and `-`, joined by dots, a letter first.
pub(super) fn id(text: &str) -> Result<String, Fault> {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    let head = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if head && text.len() <= 64 && text.split('.').all(word) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not a valid ID",
        "use words of letters, digits, `_` and `-`, joined by dots, a letter first, 64 at most, such as `D.4.2`",
    ))
}

/// A few words.
fn short(text: &str) -> Result<String, Fault> {
    if text.chars().count() <= 80 {
        return names::line(text);
    }
    Err(Fault::new("is too long", "write 80 characters or less"))
}

/// A sentence.
fn sentence(text: &str) -> Result<String, Fault> {
    if text.chars().count() <= 300 {
        return names::line(text);
    }
    Err(Fault::new("is too long", "write one sentence of 300 characters or less"))
}
