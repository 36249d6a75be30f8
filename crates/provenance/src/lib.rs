//! The documents of a run: packaging provenance, build receipt, security evidence, run header and attestation. Read
//! strictly: a document that two readers could understand differently proves nothing.
//!
//! Unsigned documents prove consistency, not authenticity. What is signed is a [DSSE](dsse) envelope around an
//! [in-toto statement](statement).
//!
//! ```
//! use seaworthy_provenance::statement::Statement;
//!
//! let statement = br#"{"_type": "https://in-toto.io/Statement/v1", "_type": "https://in-toto.io/Statement/v0.1"}"#;
//! let mistakes = Statement::read(statement).unwrap_err();
//! assert_eq!((mistakes[0].pointer.as_str(), mistakes[0].message.as_str()), ("/_type", "stands twice in its object"));
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

pub mod canonical;
mod documents;
pub mod dsse;
mod field;
mod file;
mod form;
mod header;
pub mod json;
mod key;
mod reading;
mod security;
pub mod statement;

pub use documents::{
    Content, DocumentKind, Mutability, RegistryAnswer, RegistryFacts, Resolved, RunDocument, RunDocuments,
    Sibling,
};
pub use field::{Field, Layout};
pub use file::{read_inside, read_named};
pub use form::{Form, Time};
pub use header::{Header, HeaderPointers};
pub use json::Mistake;
pub use key::{KeyError, PublicKey, SigningKey};
pub use reading::{Fields, Reading, Text, read_fields};
pub use security::{Security, read_security};
