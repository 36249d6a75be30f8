//! The matrix of entrypoints.

use schemars::JsonSchema;
use serde::Serialize;

use super::Status;
use crate::finding as inner;
use crate::report::phrase::{printable, prose};

/// One way in which the contract starts the image.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct Entrypoint {
    /// Its name in the contract.
    handle: String,
    /// Its command, shortened.
    command: String,
    /// The image's platform.
    platform: Option<String>,
    /// How it was judged: `static` by looking at the image, `executed` by running it.
    judged: Vec<&'static str>,
    /// What became of it.
    status: Status,
    /// Why it is no pass: the first reason.
    reason: Option<String>,
}

impl From<&inner::EntrypointRow> for Entrypoint {
    fn from(row: &inner::EntrypointRow) -> Self {
        Self {
            handle: printable(&row.handle),
            command: printable(&row.command),
            platform: row.platform.as_deref().map(printable),
            judged: row.judged.iter().map(|j| j.as_str()).collect(),
            status: row.status.into(),
            reason: row.reason.as_deref().map(prose),
        }
    }
}
