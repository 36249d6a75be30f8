//! `[run_header]`: where things stand in the run header.

use schemars::JsonSchema;
use serde::Deserialize;

use super::is_set;
use crate::check::provenance::{Expectations, Field, HeaderPointers, Mode};
use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::validator::Validator;

/// Where things stand in the run header, as JSON pointers.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawRunHeader {
    /// Whether there must be one. Default: where it is looked for by run.
    pub required: Option<Marked<bool>>,
    /// The image's tag. Default: `/image_tag` and `/image/image_tag`, whichever is there.
    pub image_tag: Text,
    /// The image's digest. Default: `/image_digest` and `/image/image_digest`.
    pub image_digest: Text,
    /// The commit. Default: `/git_sha` and `/image/git_sha`.
    pub git_sha: Text,
    /// The run.
    #[schemars(extend("default" = "/platform_run_id"))]
    pub platform_run_id: Text,
    /// When the header was written.
    #[schemars(extend("default" = "/written_at_utc"))]
    pub written_at_utc: Text,
    /// The config payload's digest.
    #[schemars(extend("default" = "/config_digest"))]
    pub config_digest: Text,
    /// The config payload.
    #[schemars(extend("default" = "/config"))]
    pub config_payload: Text,
    /// How the payload is written before it is hashed: compact with sorted keys as Python writes it, in UTF-8 or in ASCII,
    /// or by RFC 8785 (JCS).
    #[schemars(extend("enum" = Mode::ALL.map(Mode::as_str)), extend("default" = Mode::SortedKeys.as_str()))]
    pub canonical: Text,
    /// Whether the header must hold a config digest.
    #[schemars(extend("default" = false))]
    pub require_config_digest: Option<Marked<bool>>,
}

impl Validator<'_> {
    /// Checks `[run_header]`.
    pub(super) fn run_header(&mut self, raw: RawRunHeader, out: &mut Expectations) {
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
}

fn set(pointers: &mut HeaderPointers, field: Field, pointer: &str) {
    for (_, places) in pointers.fields.iter_mut().filter(|(f, _)| *f == field) {
        *places = vec![pointer.to_owned()];
    }
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
