//! The matrix of entrypoints: one row for each way in which the contract starts the image.

use super::CheckStatus;

/// How an entrypoint was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// By looking at the image alone.
    Static,
    /// By running it.
    Executed,
}

impl Judgement {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Executed => "executed",
        }
    }
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrypointRow {
    /// Its name in the contract.
    pub handle: String,
    /// Its command, shortened.
    pub command: String,
    /// The image's platform.
    pub platform: Option<String>,
    /// How it was judged: `static`, and `executed` if it was run.
    pub judged: Vec<Judgement>,
    /// What became of it.
    pub status: CheckStatus,
    /// Why it is no pass: the first reason.
    pub reason: Option<String>,
}
