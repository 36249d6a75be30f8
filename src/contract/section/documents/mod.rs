//! The sections on a run's documents, one file each: `[provenance]`, `[run_header]`, `[receipt]`, `[security_evidence]`
//! and `[signature]`; with `[registry]`, of which [`super::registry`] tells, they make the expectations of a run.

mod provenance;
mod receipt;
mod run_header;
mod security_evidence;
mod signature;

use std::collections::{BTreeMap, HashMap};

use super::registry::RawRegistry;
use crate::check::provenance::{Expectations, Field, Form, Layout};
use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::validator::Validator;
pub(in crate::contract) use provenance::RawProvenance;
pub(in crate::contract) use receipt::RawReceipt;
pub(in crate::contract) use run_header::RawRunHeader;
pub(in crate::contract) use security_evidence::RawSecurityEvidence;
pub(in crate::contract) use signature::RawSignature;

/// The sections, as they are written.
pub(in crate::contract) struct RawDocuments<'r> {
    pub provenance: RawProvenance,
    pub run_header: RawRunHeader,
    pub receipt: RawReceipt,
    pub security_evidence: RawSecurityEvidence,
    pub signature: RawSignature,
    pub registry: &'r RawRegistry,
    /// The driver of `[workflow]`, if there is one.
    pub workflow_driver: Option<String>,
}

type Words = Option<Vec<Marked<String>>>;

fn is_set(flag: Option<Marked<bool>>, default: bool) -> bool {
    flag.map_or(default, |f| f.value)
}

impl Validator<'_> {
    /// Checks all sections on documents.
    pub(in crate::contract) fn documents(&mut self, raw: RawDocuments<'_>) -> Expectations {
        let mut out = Expectations { workflow_driver: raw.workflow_driver, ..Expectations::default() };
        self.provenance(raw.provenance, &mut out);
        self.run_header(raw.run_header, &mut out);
        self.receipt(raw.receipt, &mut out);
        raw.security_evidence.expect(&mut out);
        self.signature(raw.signature, &mut out);
        raw.registry.expect(&mut out);
        out
    }

    fn names(&mut self, fields: Vec<(Field, Text)>) -> BTreeMap<Field, String> {
        let mut seen = HashMap::new();
        let mut names = BTreeMap::new();
        for (field, text) in fields {
            let Some(text) = text else { continue };
            self.unique(&mut seen, "name", &text);
            let name = self.read(&format!("`{}`", field.name()), &text, field_name);
            names.extend(name.map(|n| (field, n)));
        }
        names
    }

    fn layout(&mut self, base: Layout, required: Words, allowed: Words) -> Layout {
        let mut layout = base;
        if let Some(words) = self.words("required", required, field_name) {
            layout.allowed.retain(|name| !words.contains(name));
            layout.required = words;
        }
        if let Some(words) = self.words("allowed", allowed, field_name) {
            layout.allowed = words;
        }
        // To give a field a name is to allow it.
        for name in layout.names.values().cloned().collect::<Vec<_>>() {
            if !layout.knows(&name) {
                layout.allowed.push(name);
            }
        }
        layout
    }

    fn words(
        &mut self,
        key: &str,
        words: Words,
        parse: impl Fn(&str) -> Result<String, Fault>,
    ) -> Option<Vec<String>> {
        let mut seen = HashMap::new();
        let words = words?;
        let name = format!("an entry of `{key}`");
        let mut out = Vec::new();
        for word in &words {
            self.unique(&mut seen, "entry", word);
            out.extend(self.read(&name, word, &parse));
        }
        Some(out)
    }
}

/// The default lists under the contract's names.
fn renamed(layout: Layout, default: &Layout) -> Layout {
    let rename = |names: Vec<String>| {
        names
            .into_iter()
            .map(|name| default.field(&name).map_or(name, |f| layout.name(f).to_owned()))
            .collect()
    };
    let (required, allowed) = (rename(default.required.clone()), rename(default.allowed.clone()));
    Layout { required, allowed, ..layout }
}

fn of_form(form: Form, text: &str) -> Result<String, Fault> {
    if form.fits(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("has not the form of its field", &format!("write {}", form.expected())))
}

/// A field's name in a document.
fn field_name(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(part) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not the name of a field",
        "use letters, digits, `_`, `.` and `-`, 64 at most, such as `image_digest`",
    ))
}
