//! Why something could not be stored or read. A thing that is not there is no error.

use std::io;

use seaworthy_source::KeyError;

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its directory cannot be written.
    #[error("{place}: cannot be written: {source}")]
    Write {
        /// The path.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The file or its directory cannot be read.
    #[error("{place}: cannot be read: {source}")]
    Read {
        /// The path.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The caller may not do it.
    #[error("{place}: access denied ({code}): this needs {permission}")]
    Denied {
        /// The path or URL.
        place: String,
        /// What the store said.
        code: String,
        /// The permission that is missing, such as `s3:PutObject`.
        permission: &'static str,
    },
    /// This build cannot reach such a store.
    #[error("{place}: this build has no AWS client: it was built without the feature `aws`")]
    NoClient {
        /// The URL.
        place: String,
    },
    /// The store did not answer, or not in a way that makes sense.
    #[error("{place}: {reason}")]
    Transport {
        /// The path or URL.
        place: String,
        /// What happened.
        reason: String,
    },
    /// A part of the path is a symbolic link: what is written through one may land anywhere.
    #[error("{place}: is a symbolic link; evidence is neither written nor read through links")]
    Link {
        /// The path.
        place: String,
    },
    /// Something is there that is no file.
    #[error("{place}: is not a regular file")]
    NotAFile {
        /// The path.
        place: String,
    },
    /// It is larger than what is read.
    #[error("{place}: is larger than {limit} bytes")]
    TooLarge {
        /// The path or URL.
        place: String,
        /// The limit.
        limit: u64,
    },
    /// What is there cannot be read as evidence, so it cannot be told whether it may be replaced.
    #[error("{place}: exists and is not evidence ({reason}); move it away, or give another path")]
    Foreign {
        /// The path or URL.
        place: String,
        /// Why not.
        reason: String,
    },
    /// Evidence with another verdict, or of another run, is there.
    #[error(
        "{place}: holds evidence of {there}; to record this result too, add --replace (the old file is kept); evidence of another command needs a path of its own: --report evidence=PATH"
    )]
    Exists {
        /// The path or URL.
        place: String,
        /// Which run and verdict.
        there: String,
        /// Of evidence of the same run and phase: its verdict, and when it was written.
        recorded: Option<String>,
    },
    /// An input of this very run lies there.
    #[error("{place}: this run has read it, and a report would take its place; write to another path")]
    Input {
        /// The path.
        place: String,
    },
    /// Other writers were faster, time and again.
    #[error("{place}: others write there at the same time; run again when they are done")]
    Busy {
        /// The path or URL.
        place: String,
    },
    /// The result could not be stored, and an older PASS of the same run and phase is there.
    #[error(
        "{source}; the PASS of this run and phase that was written {written_at} still stands at {place}: it does not \
         hold any longer; take it away, or run again when the store can be written"
    )]
    Standing {
        /// Where the older evidence is: the path or URL.
        place: String,
        /// When it was written, as it says itself.
        written_at: String,
        /// Why the new one could not be stored.
        source: Box<StoreError>,
    },
    /// An ID or a key breaks a rule.
    #[error("{what} {source}")]
    Key {
        /// What was named.
        what: &'static str,
        /// The rule.
        source: KeyError,
    },
}
