//! `[signature]`: who may sign the documents.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{is_set, of_form};
use crate::check::provenance::{Expectations, Form, KeyError, PublicKey};
use crate::contract::marked::{Marked, Text};
use crate::contract::validator::Validator;
use seaworthy_source::Span;

/// Who may sign the documents.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawSignature {
    /// Whether the documents must be signed.
    #[schemars(extend("default" = false))]
    pub required: Option<Marked<bool>>,
    /// The public keys. One `[[signature.keys]]` for each.
    pub keys: Option<Vec<Marked<RawKey>>>,
}

/// A public key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawKey {
    /// What it is called here.
    #[schemars(required)]
    pub id: Text,
    /// The key as PEM (SPKI): ECDSA on P-256, or Ed25519.
    #[schemars(required)]
    pub pem: Text,
}

impl Validator<'_> {
    /// Checks `[signature]`.
    pub(super) fn signature(&mut self, raw: RawSignature, out: &mut Expectations) {
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
}
