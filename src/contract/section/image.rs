//! `[image]`: the image that is examined when the command line names none, and what it is built from.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::Text;
use crate::contract::names;
use crate::contract::validator::Validator;

/// The image that is examined when the command line names none, and what it is built from.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawImage {
    /// The image's name in reports, for references that are only a path.
    pub name: Text,
    /// The image, in the same form as on the command line. A path in it is relative to the contract's directory.
    pub reference: Text,
    /// The Dockerfile, relative to the contract's directory.
    pub dockerfile: Text,
    /// The build context, relative to the contract's directory.
    pub context: Text,
}

/// `[image]`: the image that is examined when the command line names none, and what it is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSection {
    /// The image's name in reports, for references that are only a path.
    pub name: Option<String>,
    /// The image, in the same form as on the command line. A path in it is relative to the contract's directory, which
    /// anyone who opens the image joins to it.
    pub reference: Option<String>,
    /// The Dockerfile, joined to the contract's directory.
    pub dockerfile: Option<PathBuf>,
    /// The build context, joined to the contract's directory.
    pub context: Option<PathBuf>,
}

impl Validator<'_> {
    /// Checks `[image]`.
    pub(in crate::contract) fn image(&mut self, raw: RawImage) -> ImageSection {
        ImageSection {
            name: self.text("name", raw.name, names::line),
            reference: self.text("reference", raw.reference, names::line),
            dockerfile: self.path("dockerfile", raw.dockerfile),
            context: self.path("context", raw.context),
        }
    }
}
