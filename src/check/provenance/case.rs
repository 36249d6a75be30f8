//! The documents of a run as they were read, and what the checks ask of them.

use std::collections::BTreeSet;

use super::expectation::Expectations;
use crate::check::{Answers, Applies, Context};
use crate::finding::{CheckMeta, Finding, NotChecked};
use seaworthy_provenance::{
    Content, DocumentKind, Field, Header, Reading, RegistryAnswer, RunDocument, RunDocuments, Security, Text,
    read_fields, read_security,
};
use seaworthy_source::{Origin, OriginKind, Place, Span};

/// One run: its documents, read, and what the contract promises of them.
pub struct Case<'a> {
    /// The documents as they were had.
    pub documents: &'a RunDocuments,
    /// What the contract promises.
    pub expectations: &'a Expectations,
    /// The packaging provenance.
    pub provenance: Option<Reading>,
    /// The run header.
    pub header: Option<Header>,
    /// The build receipt.
    pub receipt: Option<Reading>,
    /// The security evidence.
    pub security: Option<Security>,
    /// What a gate examined beside the documents: its evidence will be about that, and is not there to be read yet.
    pub examined: Option<&'a ExaminedArtifacts>,
}

/// The image and the Dockerfile that a gate examined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExaminedArtifacts {
    /// Digests that name the examined image: of its manifests, and of the indexes that led to them. Empty for an image
    /// that has neither; nothing if no image was examined.
    pub image: Option<BTreeSet<String>>,
    /// The path of the Dockerfile that was examined.
    pub dockerfile: Option<String>,
    /// The build context that was examined: its path from the root of the checkout, empty for the root itself.
    pub context: Option<String>,
    /// Attestations that came with the image.
    pub attestations: Vec<ImageAttestation>,
    /// The commit of the checkout that the context was examined in.
    pub commit: Option<String>,
    /// The `ENTRYPOINT` of the image, if all images that were examined have the same.
    pub entrypoint: Option<Vec<String>>,
    /// The `WORKDIR` of the image, if it is known.
    pub directory: Option<String>,
    /// The `USER` of the image, if it is known; empty for root.
    pub user: Option<String>,
    /// Whether the run header is still to be written, so that nothing is asked of it.
    pub before_run_header: bool,
    /// Whether a control asks whether the image was built from the Dockerfile.
    pub compares_recipe: bool,
    /// Where the histories of the images are not those that the Dockerfile makes; nothing if they were not compared.
    pub recipe: Option<Vec<RecipeDifference>>,
    /// Whether the Dockerfile is that of another commit than the packaged one.
    pub is_other_commit: bool,
}

/// Where the history of an image is not the one that a Dockerfile makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeDifference {
    /// The entry of the history, or the image.
    pub origin: Origin,
    /// What is different.
    pub what: String,
    /// Whether only another Dockerfile can be the reason.
    pub is_certain: bool,
}

/// An attestation that came with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageAttestation {
    /// The image that it came with.
    pub image: String,
    /// Its digest.
    pub digest: String,
    /// What it says it is: a predicate type, artifact type or media type.
    pub kind: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Whether a document can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It was read.
    Here,
    /// It is not there, and must be.
    Missing,
    /// It was not given, and the contract asks for it.
    Wanted,
    /// It is there and could not be read.
    Lost,
    /// No one asks for it.
    NotAsked,
}

impl<'a> Case<'a> {
    /// Reads the documents; `examined` is for a gate.
    pub fn read(
        documents: &'a RunDocuments,
        expectations: &'a Expectations,
        examined: Option<&'a ExaminedArtifacts>,
    ) -> Self {
        let none: &[(String, _)] = &[];
        let of = |document: &'a RunDocument| document.bytes();
        Self {
            documents,
            expectations,
            provenance: of(&documents.provenance)
                .map(|b| read_fields(b, &expectations.provenance, &expectations.profiles)),
            header: of(&documents.run_header).map(|b| Header::read(b, &expectations.header)),
            receipt: of(&documents.receipt).map(|b| read_fields(b, &expectations.receipt, none)),
            security: of(&documents.security).map(read_security),
            examined,
        }
    }

    /// Whether a document can be asked about, given what the contract says of its kind.
    pub fn presence(&self, kind: DocumentKind) -> Presence {
        if kind == DocumentKind::RunHeader && self.examined.is_some_and(|e| e.before_run_header) {
            return Presence::NotAsked;
        }
        let required = match kind {
            DocumentKind::Provenance => Some(true),
            DocumentKind::RunHeader => self.expectations.header_required,
            DocumentKind::Receipt => self.expectations.receipt_required,
            DocumentKind::Security => self.expectations.security_required,
            DocumentKind::Attestation => Some(self.expectations.signature_required),
        };
        match &self.documents.document(kind).content {
            Content::Bytes(_) => Presence::Here,
            // That it is too large is a finding of its own.
            Content::TooLarge { .. } => Presence::NotAsked,
            Content::Unreadable(_) => Presence::Lost,
            Content::Missing if required == Some(false) => Presence::NotAsked,
            Content::Missing => Presence::Missing,
            Content::NotGiven if required == Some(true) => Presence::Wanted,
            Content::NotGiven => Presence::NotAsked,
        }
    }

    /// Whether a check on a document of this kind is asked: if the document was given or the contract asks for it.
    pub fn wants(&self, kind: DocumentKind) -> Applies {
        if self.presence(kind) == Presence::NotAsked { Applies::NotRequested } else { Applies::Asked }
    }

    /// Whether a check that compares fields of the packaging provenance is asked: if one of `any` is there, or the
    /// contract requires it. A required field that is missing is told by the check itself.
    pub fn compares(&self, any: &[Field]) -> Applies {
        let Some(reading) = &self.provenance else { return self.without_provenance() };
        let has = |f: &Field| reading.fields.get(*f).is_some() || reading.layout.requires(*f);
        if any.iter().any(has) { Applies::Asked } else { Applies::NotRequested }
    }

    /// What a check that needs the packaging provenance answers where there is none to read.
    fn without_provenance(&self) -> Applies {
        let kind = DocumentKind::Provenance;
        let reason = match self.presence(kind) {
            Presence::Missing => "it is not there, so there is nothing to compare".to_owned(),
            Presence::Wanted => "it was not given, so there is nothing to compare".to_owned(),
            Presence::Lost => match &self.documents.document(kind).content {
                Content::Unreadable(reason) => reason.clone(),
                _ => String::new(),
            },
            // It is larger than what is read.
            Presence::NotAsked | Presence::Here => {
                "it could not be read, so there is nothing to compare".to_owned()
            }
        };
        let (origin, what) = (self.origin(kind), kind.as_str().to_owned());
        Applies::NotChecked(Box::new(NotChecked::new(origin, what, reason, Vec::new())))
    }

    /// Whether the registry was asked, or the contract wants it to be.
    pub fn wants_registry(&self) -> bool {
        self.documents.registry != RegistryAnswer::NotAsked || self.expectations.registry_required
    }

    /// The run that is judged: that of the directory, else the one that the provenance names.
    pub fn run_id(&self) -> Option<&str> {
        let own = || self.provenance.as_ref().and_then(|r| r.fields.text(Field::PlatformRunId));
        self.documents.run_id.as_deref().or_else(own)
    }

    /// A field of the packaging provenance. If the contract requires it and it is missing or malformed, the check could
    /// not look.
    pub fn need(&self, meta: &'static CheckMeta, field: Field, answers: &mut Answers) -> Option<&Text> {
        let reading = self.provenance.as_ref()?;
        let found = reading.fields.get(field);
        if found.is_none() && reading.layout.requires(field) {
            answers.not_checked.push(NotChecked::new(
                self.origin(DocumentKind::Provenance),
                format!("field {}", reading.layout.name(field)),
                "it is missing or malformed, so there is nothing to compare",
                vec![meta.id],
            ));
        }
        found
    }

    /// A document as a whole.
    pub fn origin(&self, kind: DocumentKind) -> Origin {
        Origin::new(OriginKind::Document, self.documents.document(kind).name.clone())
    }

    /// A place in a document.
    pub fn origin_at(&self, kind: DocumentKind, span: Span) -> Origin {
        let readings = |r: &Reading| r.place(span);
        let place = match kind {
            DocumentKind::Provenance => self.provenance.as_ref().map(readings),
            DocumentKind::Receipt => self.receipt.as_ref().map(readings),
            DocumentKind::Security => self.security.as_ref().map(|s| s.reading.place(span)),
            DocumentKind::RunHeader => self.header.as_ref().map(|h| h.place(span)),
            DocumentKind::Attestation => None,
        };
        Origin { place: place.unwrap_or(Place::Whole), ..self.origin(kind) }
    }

    /// A finding of `meta` at `origin`. `about` tells it from the check's others; with the run it is the fingerprint's
    /// place, so that an acceptance for one run is none for the next.
    pub fn finding(
        &self,
        meta: &'static CheckMeta,
        context: &Context<'_>,
        origin: Origin,
        about: &[&str],
        message: String,
    ) -> Finding {
        let mut place = vec![self.run_id().unwrap_or_default()];
        place.extend(about);
        Finding::build(meta, origin, message).named(context.key, &place)
    }

    /// The check could not look at a document.
    pub fn not_checked(
        &self,
        meta: &'static CheckMeta,
        kind: DocumentKind,
        reason: impl Into<String>,
    ) -> NotChecked {
        NotChecked::new(self.origin(kind), kind.as_str().to_owned(), reason.into(), vec![meta.id])
    }

    /// Whether a check can go on to ask about a document. What is lost or wanted is not checked; for a missing one
    /// `missing` says why that is a finding, and without it nothing is said.
    pub fn can_ask(
        &self,
        meta: &'static CheckMeta,
        kind: DocumentKind,
        missing: Option<&str>,
        context: &Context<'_>,
        answers: &mut Answers,
    ) -> bool {
        match self.presence(kind) {
            Presence::Here => return true,
            Presence::NotAsked => {}
            // A gate may run before the run header is written.
            Presence::Missing if kind == DocumentKind::RunHeader && self.examined.is_some() => {
                let reason =
                    "it is not there; if the gate runs before it is written, say so with --before-run-header";
                answers.not_checked.push(self.not_checked(meta, kind, reason));
            }
            Presence::Missing => {
                if let Some(message) = missing {
                    let about = [kind.as_str(), "missing"];
                    let mut finding =
                        self.finding(meta, context, self.origin(kind), &about, message.to_owned());
                    // There is nothing to compare or to correct before it is there.
                    finding.fix = format!(
                        "Let the step that makes {} write it, and verify again; if it lies elsewhere, name the file.",
                        format_args!("the {}", kind.as_str())
                    )
                    .into();
                    answers.findings.push(finding);
                }
            }
            Presence::Wanted => {
                answers.not_checked.push(self.not_checked(
                    meta,
                    kind,
                    "the contract asks for it, and it was not given",
                ));
            }
            Presence::Lost => {
                let Content::Unreadable(reason) = &self.documents.document(kind).content else {
                    return false;
                };
                answers.not_checked.push(self.not_checked(meta, kind, reason.clone()));
            }
        }
        false
    }
}
