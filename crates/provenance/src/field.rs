//! The fields of the documents, by what they mean. A contract may give each another name; the names here are those of
//! packaging contract M1 (C and E).

use std::collections::BTreeMap;

use super::Form;

/// What a field of a document means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The phase that wrote the document.
    PhaseId,
    /// The run.
    PlatformRunId,
    /// When the document was written.
    WrittenAt,
    /// The image's immutable tag.
    ImageTag,
    /// The image's digest.
    ImageDigest,
    /// The commit that the image was built from.
    GitSha,
    /// When the build ended.
    BuildCompletedAt,
    /// When the push ended.
    PushedAt,
    /// Who built.
    BuildActor,
    /// The repository that the image was pushed to.
    RepositoryUri,
    /// How the runtime refers to the image.
    ReferenceMode,
    /// The Dockerfile.
    DockerfilePath,
    /// The build context.
    BuildPath,
    /// The algorithm of the digest.
    OciDigestAlgorithm,
    /// The digest once more.
    OciDigestValue,
    /// What ran the build.
    BuildDriver,
    /// The CI's own ID of the run.
    CiRunId,
    /// The version of the document's profile.
    ContractVersion,
    /// The family of commands that built and pushed.
    CommandFamily,
    /// PASS or FAIL.
    Verdict,
    /// Why it is FAIL.
    FailureReason,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::PhaseId,
        Self::PlatformRunId,
        Self::WrittenAt,
        Self::ImageTag,
        Self::ImageDigest,
        Self::GitSha,
        Self::BuildCompletedAt,
        Self::PushedAt,
        Self::BuildActor,
        Self::RepositoryUri,
        Self::ReferenceMode,
        Self::DockerfilePath,
        Self::BuildPath,
        Self::OciDigestAlgorithm,
        Self::OciDigestValue,
        Self::BuildDriver,
        Self::CiRunId,
        Self::ContractVersion,
        Self::CommandFamily,
        Self::Verdict,
        Self::FailureReason,
    ];

    /// Its name if the contract gives no other; also its key in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::PhaseId => "phase_id",
            Self::PlatformRunId => "platform_run_id",
            Self::WrittenAt => "written_at_utc",
            Self::ImageTag => "image_tag",
            Self::ImageDigest => "image_digest",
            Self::GitSha => "git_sha",
            Self::BuildCompletedAt => "build_completed_at_utc",
            Self::PushedAt => "pushed_at_utc",
            Self::BuildActor => "build_actor",
            Self::RepositoryUri => "ecr_repo_uri",
            Self::ReferenceMode => "image_reference_mode",
            Self::DockerfilePath => "dockerfile_path",
            Self::BuildPath => "build_path",
            Self::OciDigestAlgorithm => "oci_digest_algo",
            Self::OciDigestValue => "oci_digest_value",
            Self::BuildDriver => "image_build_driver",
            Self::CiRunId => "ci_run_id",
            Self::ContractVersion => "contract_version",
            Self::CommandFamily => "command_family_id",
            Self::Verdict => "verdict",
            Self::FailureReason => "failure_reason",
        }
    }

    /// The form of its text.
    pub fn form(self) -> Form {
        match self {
            Self::PhaseId => Form::Phase,
            Self::PlatformRunId => Form::RunId,
            Self::WrittenAt | Self::BuildCompletedAt | Self::PushedAt => Form::Time,
            Self::ImageTag => Form::Tag,
            Self::ImageDigest => Form::Digest,
            Self::GitSha => Form::GitSha,
            Self::RepositoryUri => Form::Repository,
            Self::DockerfilePath | Self::BuildPath => Form::Path,
            // Whether it is the same digest is SW504's question; here it only has to be a digest's text.
            Self::OciDigestAlgorithm | Self::OciDigestValue => Form::DigestText,
            Self::ReferenceMode | Self::BuildDriver | Self::ContractVersion | Self::CommandFamily => {
                Form::Word
            }
            Self::BuildActor | Self::CiRunId => Form::Line,
            Self::Verdict => Form::Verdict,
            Self::FailureReason => Form::MaybeLine,
        }
    }
}

/// Which fields a document must have and which it may have, by their names in the document. Any other is a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The names of the fields, where they differ from [`Field::name`].
    pub names: BTreeMap<Field, String>,
    /// Names of those that must be there.
    pub required: Vec<String>,
    /// Names of those that may be there.
    pub allowed: Vec<String>,
    /// Further names under which a document may have a field, in place of its own.
    pub aliases: Vec<(Field, &'static str)>,
}

impl Layout {
    /// Of the given fields under their own names.
    pub fn of(required: &[Field], allowed: &[Field]) -> Self {
        let names = |fields: &[Field]| fields.iter().map(|f| f.name().to_owned()).collect();
        Self {
            names: BTreeMap::new(),
            required: names(required),
            allowed: names(allowed),
            aliases: Vec::new(),
        }
    }

    /// The packaging provenance of contract M1 (C.1–3).
    pub fn provenance() -> Self {
        use Field::*;
        Self::of(
            &[
                PhaseId,
                PlatformRunId,
                WrittenAt,
                ImageTag,
                ImageDigest,
                GitSha,
                BuildCompletedAt,
                BuildActor,
                RepositoryUri,
                ReferenceMode,
                DockerfilePath,
                BuildPath,
                OciDigestAlgorithm,
                OciDigestValue,
            ],
            &[BuildDriver, CiRunId, ContractVersion, PushedAt],
        )
    }

    /// The build receipt of contract M1 (E): `immutable_tag` and the like are M1's words for what the other documents
    /// name as here.
    pub fn receipt() -> Self {
        use Field::*;
        let aliases = vec![
            (BuildDriver, "selected_build_driver"),
            (ImageTag, "immutable_tag"),
            (ImageDigest, "resolved_digest"),
        ];
        let layout = Self::of(
            &[BuildDriver, CommandFamily, ImageTag, ImageDigest, BuildActor, WrittenAt, Verdict],
            &[FailureReason, CiRunId, PhaseId, PlatformRunId, GitSha, RepositoryUri, ContractVersion],
        );
        Self { aliases, ..layout }
    }

    /// What a field is called in the document.
    pub fn name(&self, field: Field) -> &str {
        self.names.get(&field).map_or(field.name(), String::as_str)
    }

    /// What a name in the document means; a name of the user's own means nothing here.
    pub fn field(&self, name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|f| self.name(*f) == name).or_else(|| self.alias(name))
    }

    /// The field that a further name stands for. A field that the contract renames has that name alone.
    fn alias(&self, name: &str) -> Option<Field> {
        let own = |f: &Field| !self.names.contains_key(f);
        self.aliases.iter().find(|(field, alias)| *alias == name && own(field)).map(|(field, _)| *field)
    }

    /// Whether the document may have it at all.
    pub fn knows(&self, name: &str) -> bool {
        let named = |name: &str| self.required.iter().chain(&self.allowed).any(|n| n == name);
        named(name) || self.alias(name).is_some_and(|field| named(self.name(field)))
    }

    /// Whether the document must have a field of this name, and may have it under no other of `members`.
    pub(super) fn lacks<'m>(&self, name: &str, members: impl Fn(&str) -> bool + 'm) -> bool {
        if members(name) {
            return false;
        }
        let field = self.field(name);
        !self.aliases.iter().any(|(of, alias)| Some(*of) == field && self.alias(alias) == field && members(alias))
    }

    /// Whether the document must have `field`.
    pub fn requires(&self, field: Field) -> bool {
        let name = self.name(field);
        self.required.iter().any(|n| n == name)
    }
}
