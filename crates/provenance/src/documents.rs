//! The documents of one run as they were had: bytes, or why there are none; and what the registry and the other runs
//! say.

use jiff::Timestamp;

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// `packaging_provenance.json`.
    Provenance,
    /// `run.json`.
    RunHeader,
    /// `build_command_surface_receipt.json`.
    Receipt,
    /// `security_secret_injection_checks.json`.
    Security,
    /// A DSSE envelope.
    Attestation,
}

impl DocumentKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Provenance, Self::RunHeader, Self::Receipt, Self::Security, Self::Attestation];

    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provenance => "packaging provenance",
            Self::RunHeader => "run header",
            Self::Receipt => "build receipt",
            Self::Security => "security evidence",
            Self::Attestation => "attestation",
        }
    }

    /// Its file name in the layout of contract M1; the run header lies one directory above the others.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Provenance => "packaging_provenance.json",
            Self::RunHeader => "run.json",
            Self::Receipt => "build_command_surface_receipt.json",
            Self::Security => "security_secret_injection_checks.json",
            Self::Attestation => "packaging_provenance.dsse.json",
        }
    }

    /// The largest that is read, in bytes.
    pub fn limit(self) -> u64 {
        if self == Self::RunHeader { super::json::HEADER.bytes } else { super::json::DOCUMENT.bytes }
    }
}

/// A document's content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It was looked for and is not there.
    Missing,
    /// It is larger than may be read; nothing of it was read.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// It is there and could not be read.
    Unreadable(String),
    /// It was not looked for.
    #[default]
    NotGiven,
}

/// One document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunDocument {
    /// Its path or key, for people.
    pub name: String,
    /// Its content.
    pub content: Content,
}

impl RunDocument {
    /// Its bytes, if there are any.
    pub fn bytes(&self) -> Option<&[u8]> {
        if let Content::Bytes(bytes) = &self.content { Some(bytes) } else { None }
    }
}

/// Whether tags of a repository can be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// None can.
    Immutable,
    /// All can.
    Mutable,
    /// None can but those that fit one of the patterns.
    ImmutableExcept(Vec<String>),
    /// All can but those that fit one of the patterns.
    MutableExcept(Vec<String>),
    /// The registry does not say; the reason.
    Unknown(String),
}

/// What a tag led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// The registry has no such tag, or no such repository; its words.
    Nothing(String),
    /// The digest of the manifest's bytes, hashed by us.
    Digest(String),
    /// The registry contradicts itself; how.
    Contradiction(String),
}

/// What a registry says of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryFacts {
    /// What the tag led to.
    pub resolved: Resolved,
    /// Whether it can be moved.
    pub mutability: Mutability,
    /// When the image was pushed, if the registry tells.
    pub pushed_at: Option<Timestamp>,
}

/// What came of asking a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RegistryAnswer {
    /// It was not asked.
    #[default]
    NotAsked,
    /// It gave no answer; the reason.
    Unreachable(String),
    /// It answered.
    Answered(RegistryFacts),
}

/// What another run says of its image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sibling {
    /// The run.
    pub run_id: String,
    /// The repository.
    pub repository: String,
    /// The tag.
    pub image_tag: String,
    /// The digest.
    pub image_digest: String,
}

/// The documents of one run, and what they are compared with.
#[derive(Clone, Debug, Default)]
pub struct RunDocuments {
    /// `packaging_provenance.json`.
    pub provenance: RunDocument,
    /// `run.json`.
    pub run_header: RunDocument,
    /// `build_command_surface_receipt.json`.
    pub receipt: RunDocument,
    /// `security_secret_injection_checks.json`.
    pub security: RunDocument,
    /// A DSSE envelope about the image.
    pub attestation: RunDocument,
    /// The run whose directory they lie in, if that is known.
    pub run_id: Option<String>,
    /// The phase whose directory they lie in, if that is known.
    pub phase_id: Option<String>,
    /// What the registry says.
    pub registry: RegistryAnswer,
    /// What other runs say; nothing if they were not looked at.
    pub siblings: Option<Vec<Sibling>>,
    /// Why not all other runs were looked at, if that is so.
    pub siblings_missed: Option<String>,
    /// The moment that they are judged at.
    pub now: Timestamp,
}

impl RunDocuments {
    /// One of them.
    pub fn document(&self, kind: DocumentKind) -> &RunDocument {
        match kind {
            DocumentKind::Provenance => &self.provenance,
            DocumentKind::RunHeader => &self.run_header,
            DocumentKind::Receipt => &self.receipt,
            DocumentKind::Security => &self.security,
            DocumentKind::Attestation => &self.attestation,
        }
    }

    /// One of them, to be filled.
    pub fn document_mut(&mut self, kind: DocumentKind) -> &mut RunDocument {
        match kind {
            DocumentKind::Provenance => &mut self.provenance,
            DocumentKind::RunHeader => &mut self.run_header,
            DocumentKind::Receipt => &mut self.receipt,
            DocumentKind::Security => &mut self.security,
            DocumentKind::Attestation => &mut self.attestation,
        }
    }
}
