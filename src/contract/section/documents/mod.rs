//! The sections on a run's documents: `[provenance]`, `[run_header]`, `[receipt]`, `[security_evidence]`, `[signature]`
//! and `[registry]`.

mod raw;

use std::collections::{BTreeMap, HashMap};

use crate::check::provenance::{
    DigestValue, Expectations, Field, Form, HeaderPointers, KeyError, Layout, Mode, PublicKey, RegistryKind,
    TagPattern,
};
use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::validator::Validator;
pub(in crate::contract) use raw::{
    RawKey, RawProvenance, RawReceipt, RawRegistry, RawRunHeader, RawSecurityEvidence, RawSignature,
    RawVersion,
};
use seaworthy_source::Span;

/// The sections, as they are written.
pub(in crate::contract) struct RawPapers {
    pub provenance: RawProvenance,
    pub run_header: RawRunHeader,
    pub receipt: RawReceipt,
    pub security_evidence: RawSecurityEvidence,
    pub signature: RawSignature,
    pub registry: RawRegistry,
    /// The driver of `[workflow]`, if there is one.
    pub workflow_driver: Option<String>,
}

type Words = Option<Vec<Marked<String>>>;

fn is_set(flag: Option<Marked<bool>>, default: bool) -> bool {
    flag.map_or(default, |f| f.value)
}

impl Validator<'_> {
    /// Checks all sections on documents.
    pub(in crate::contract) fn papers(&mut self, raw: RawPapers) -> Expectations {
        let mut out = Expectations { workflow_driver: raw.workflow_driver, ..Expectations::default() };
        self.provenance(raw.provenance, &mut out);
        self.run_header(raw.run_header, &mut out);
        self.receipt(raw.receipt, &mut out);
        out.security_required = raw.security_evidence.required.map(|r| r.value);
        out.security_names_image = is_set(raw.security_evidence.require_image_digest, false);
        self.signature(raw.signature, &mut out);
        out.registry_required = is_set(raw.registry.required, false);
        out.immutable_tags = is_set(raw.registry.require_immutable_tags, true);
        out.registry_kind = match raw.registry.kind.as_ref().map(|k| k.value.as_str()) {
            Some("ecr") => RegistryKind::Ecr,
            Some("oci") => RegistryKind::Oci,
            _ => RegistryKind::Auto,
        };
        out
    }

    fn provenance(&mut self, raw: RawProvenance, out: &mut Expectations) {
        let fields = raw.fields.map(|f| f.fields()).unwrap_or_default();
        let base = Layout { names: self.names(fields), ..Layout::provenance() };
        out.provenance = self.layout(renamed(base, &Layout::provenance()), raw.required, raw.allowed);
        let mut versions = HashMap::new();
        for entry in raw.versions.unwrap_or_default() {
            let RawVersion { version, required, allowed } = entry.value;
            let Some(version) = version else { continue };
            self.unique(&mut versions, "version", &version);
            let layout = self.layout(out.provenance.clone(), required, allowed);
            let version = self.read("`version`", &version, |t| of_form(Form::Word, t));
            out.profiles.extend(version.map(|v| (v, layout)));
        }
        if !out.profiles.is_empty() {
            // A document that names its version must be allowed to.
            let name = out.provenance.name(Field::ContractVersion).to_owned();
            let layouts = out.profiles.iter_mut().map(|(_, layout)| layout);
            for layout in layouts.chain([&mut out.provenance]).filter(|l| !l.knows(&name)) {
                layout.allowed.push(name.clone());
            }
        }
        for (field, text) in raw.pinned.map(|p| p.fields()).unwrap_or_default() {
            let text = self.text(field.name(), text, |t| of_form(field.form(), t));
            out.pinned.extend(text.map(|t| (field, t)));
        }
        out.source_repository =
            self.text("source_repository", raw.source_repository, crate::contract::names::line);
        if let Some(pattern) = self.text("tag_pattern", raw.tag_pattern, tag_pattern) {
            out.tag_pattern = pattern;
        }
        if let Some(words) = self.words("convenience_tags", raw.convenience_tags, wildcard_tag) {
            out.convenience_tags = words;
        }
        if let Some(words) = self.words("reference_modes", raw.reference_modes, |t| of_form(Form::Word, t)) {
            out.reference_modes = words;
        }
        if raw.oci_digest_value.is_some_and(|v| v.value == "hex") {
            out.digest_value = DigestValue::Hex;
        }
        if let Some(skew) = raw.max_clock_skew_seconds {
            if skew.value > 86_400 {
                let help = "write 86400 (a day) or less: more hides clocks that are wrong";
                self.report(skew.span, "`max_clock_skew_seconds` is too large", help);
            }
            out.skew_seconds = skew.value;
        }
        out.require_push_time = is_set(raw.require_push_time, false);
    }

    fn run_header(&mut self, raw: RawRunHeader, out: &mut Expectations) {
        out.header_required = raw.required.map(|r| r.value);
        out.config_required = is_set(raw.require_config_digest, false);
        if let Some(mode) = raw.canonical.and_then(|w| Mode::from_word(&w.value)) {
            out.config_mode = mode;
        }
        let pointers = &mut out.header;
        for (field, text) in [
            (Field::ImageTag, raw.image_tag),
            (Field::ImageDigest, raw.image_digest),
            (Field::GitSha, raw.git_sha),
            (Field::PlatformRunId, raw.platform_run_id),
            (Field::WrittenAt, raw.written_at_utc),
        ] {
            let Some(text) = self.text(field.name(), text, pointer) else { continue };
            set(pointers, field, &text);
        }
        if let Some(text) = self.text("config_digest", raw.config_digest, pointer) {
            pointers.config_digest = text;
        }
        if let Some(text) = self.text("config_payload", raw.config_payload, whole_pointer) {
            pointers.config_payload = text;
        }
    }

    fn receipt(&mut self, raw: RawReceipt, out: &mut Expectations) {
        out.receipt_required = raw.required.map(|r| r.value);
        let fields = raw.fields.map(|f| f.fields()).unwrap_or_default();
        let base = Layout { names: self.names(fields), ..Layout::receipt() };
        out.receipt = self.layout(renamed(base, &Layout::receipt()), raw.required_fields, raw.allowed_fields);
        let Some(families) = raw.families else { return };
        out.families.clear();
        for family in families {
            let id = self.text("id", family.value.id, |t| of_form(Form::Word, t));
            let driver = self.text("driver", family.value.driver, |t| of_form(Form::Word, t));
            out.families.extend(id.zip(driver));
        }
    }

    fn signature(&mut self, raw: RawSignature, out: &mut Expectations) {
        let mut ids = HashMap::new();
        for key in raw.keys.unwrap_or_default() {
            let RawKey { id, pem } = key.value;
            if let Some(id) = &id {
                self.unique(&mut ids, "id", id);
            }
            self.text("id", id, |t| of_form(Form::Line, t));
            let Some(pem) = pem else { continue };
            match PublicKey::parse(&pem.value) {
                Ok(key) => out.keys.push(key),
                Err(e) => {
                    // The place without the text: it may be a private key.
                    let place = Span::new(pem.span.start, pem.span.start);
                    let help = match e {
                        KeyError::Private => "write what `openssl pkey -pubout` gives",
                        _ => "write a PEM that begins with `-----BEGIN PUBLIC KEY-----`",
                    };
                    self.report(place, format!("`pem` is no public key: {e}"), help);
                }
            }
        }
        out.signature_required =
            is_set(raw.required.as_ref().map(|r| Marked { span: r.span, value: r.value }), false);
        if let Some(required) = raw.required.filter(|r| r.value && out.keys.is_empty() && ids.is_empty()) {
            let help = "add a [[signature.keys]] with `id` and `pem`";
            self.report(required.span, "a signature is asked for, and no key is pinned", help);
        }
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

fn set(pointers: &mut HeaderPointers, field: Field, pointer: &str) {
    for (_, places) in pointers.fields.iter_mut().filter(|(f, _)| *f == field) {
        *places = vec![pointer.to_owned()];
    }
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

fn pointer(text: &str) -> Result<String, Fault> {
    let is_plain = text.len() <= 256 && text.bytes().all(|b| (0x21..0x7f).contains(&b));
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && is_plain && escapes {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a JSON pointer", "write a pointer of RFC 6901, such as `/image/image_tag`"))
}

/// A pointer that may lead to the whole document.
fn whole_pointer(text: &str) -> Result<String, Fault> {
    if text.is_empty() { Ok(String::new()) } else { pointer(text) }
}

fn tag_pattern(text: &str) -> Result<TagPattern, Fault> {
    TagPattern::parse(text).ok_or_else(|| {
        Fault::new(
            "is not a pattern for tags",
            "write `{git_sha}` once, and other fields of the provenance if you like, with letters, digits, `_`, `.` and `-` around them, such as `git-{git_sha}-run-{ci_run_id}`",
        )
    })
}

fn wildcard_tag(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"_.-*".contains(&b);
    if !text.is_empty() && text.len() <= 128 && text.bytes().all(part) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a pattern for tags", "use a tag's characters and `*`, such as `*-latest`"))
}
