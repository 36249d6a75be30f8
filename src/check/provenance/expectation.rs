//! What a contract promises of a run's documents: the option types of the provenance checks. The contract makes them.

pub use seaworthy_provenance::canonical::Mode;
pub use seaworthy_provenance::{Field, Form, HeaderPointers, KeyError, Layout, PublicKey};

/// All that the contract says of the documents. The default is packaging contract M1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    /// The fields of the packaging provenance.
    pub provenance: Layout,
    /// Its fields by the version that a document names, each with the version.
    pub profiles: Vec<(String, Layout)>,
    /// Fields whose text the contract pins.
    pub pinned: Vec<(Field, String)>,
    /// How the immutable tag is made from the commit.
    pub tag_pattern: TagPattern,
    /// Tags that may move, as patterns with `*`: never a proof.
    pub convenience_tags: Vec<String>,
    /// The values that `image_reference_mode` may have.
    pub reference_modes: Vec<String>,
    /// What `oci_digest_value` holds.
    pub digest_value: DigestValue,
    /// How far clocks may differ, in seconds.
    pub skew_seconds: u64,
    /// Whether the time of the push must be known.
    pub require_push_time: bool,
    /// Where things stand in the run header.
    pub header: HeaderPointers,
    /// Whether there must be a run header; by default where it is looked for by run.
    pub header_required: Option<bool>,
    /// Whether the run header must hold a config digest.
    pub config_required: bool,
    /// How the config payload is written before it is hashed.
    pub config_mode: Mode,
    /// The fields of the build receipt.
    pub receipt: Layout,
    /// Whether there must be one; by default where it is looked for by run.
    pub receipt_required: Option<bool>,
    /// The families of commands, each with the driver that runs it.
    pub families: Vec<(String, String)>,
    /// The driver of the contract's `[workflow]`, if it has one.
    pub workflow_driver: Option<String>,
    /// The repository that the source comes from, if the contract names it: a URL.
    pub source_repository: Option<String>,
    /// Whether there must be security evidence; by default where it is looked for by run.
    pub security_required: Option<bool>,
    /// Whether that evidence must name the image by its digest.
    pub security_names_image: bool,
    /// Whether the documents must be signed.
    pub signature_required: bool,
    /// The keys that may sign.
    pub keys: Vec<PublicKey>,
    /// Whether the registry must be asked.
    pub registry_required: bool,
    /// How the registry is asked.
    pub registry_kind: RegistryKind,
    /// Whether the repository must not let tags move.
    pub immutable_tags: bool,
}

impl Default for Expectations {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        let family = |id: &str, driver: &str| (id.to_owned(), driver.to_owned());
        Self {
            provenance: Layout::provenance(),
            profiles: Vec::new(),
            pinned: Vec::new(),
            tag_pattern: TagPattern::default(),
            convenience_tags: words(&["latest", "*-latest"]),
            reference_modes: words(&["immutable_preferred"]),
            digest_value: DigestValue::Same,
            skew_seconds: Self::SKEW_SECONDS,
            require_push_time: false,
            header: HeaderPointers::default(),
            header_required: None,
            config_required: false,
            config_mode: Mode::SortedKeys,
            receipt: Layout::receipt(),
            receipt_required: None,
            families: vec![
                family("local_cli_v0", "local_cli"),
                family("github_actions_v0", "github_actions"),
            ],
            workflow_driver: None,
            source_repository: None,
            security_required: None,
            security_names_image: false,
            signature_required: false,
            keys: Vec::new(),
            registry_required: false,
            registry_kind: RegistryKind::Auto,
            immutable_tags: true,
        }
    }
}

impl Expectations {
    /// How far clocks may differ if the contract does not say, in seconds.
    pub const SKEW_SECONDS: u64 = 300;
}

/// What `oci_digest_value` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestValue {
    /// The same text as `image_digest`, algorithm included.
    Same,
    /// Its hex digits alone.
    Hex,
}

/// How a registry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryKind {
    /// By its host: ECR through its own API, any other by the OCI distribution specification.
    Auto,
    /// Through ECR's API.
    Ecr,
    /// By the OCI distribution specification.
    Oci,
}

/// How a tag is made from a commit: a text around `{git_sha}`, and around other fields of the provenance by their names,
/// such as `{ci_run_id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern(Vec<TagPart>);

/// A part of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TagPart {
    Text(String),
    Field(Field),
}

impl TagPattern {
    /// What stands for the commit.
    pub const COMMIT: &'static str = "{git_sha}";

    /// Reads a pattern: `{git_sha}` once, other fields once at most, and characters of a tag around them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}')?;
            let field = Field::ALL.into_iter().find(|f| f.name() == name)?;
            if parts.contains(&TagPart::Field(field)) {
                return None;
            }
            if !before.is_empty() {
                parts.push(TagPart::Text(before.to_owned()));
            }
            parts.push(TagPart::Field(field));
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(TagPart::Text(rest.to_owned()));
        }
        let pattern = Self(parts);
        let sample =
            |field: Field| Some(if field == Field::GitSha { "0".repeat(40) } else { "0".to_owned() });
        let fits = pattern.tag(sample).is_ok_and(|tag| Form::Tag.fits(&tag));
        (fits && pattern.fields().any(|f| f == Field::GitSha)).then_some(pattern)
    }

    /// The fields that a tag is made of.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.0.iter().filter_map(|part| match part {
            TagPart::Field(field) => Some(*field),
            TagPart::Text(_) => None,
        })
    }

    /// The tag that the fields' values make.
    ///
    /// # Errors
    /// The first field that has no value.
    pub fn tag(&self, value: impl Fn(Field) -> Option<String>) -> Result<String, Field> {
        let part = |part: &TagPart| match part {
            TagPart::Text(text) => Ok(text.clone()),
            TagPart::Field(field) => value(*field).ok_or(*field),
        };
        self.0.iter().map(part).collect()
    }

    /// Whether a text in which the commit is written as `{git_sha}` is made by the pattern, whatever its other fields
    /// hold.
    pub fn accepts_form(&self, form: &str) -> bool {
        let as_wildcard = |part: &TagPart| match part {
            TagPart::Text(text) => text.clone(),
            TagPart::Field(Field::GitSha) => Self::COMMIT.to_owned(),
            TagPart::Field(_) => "*".to_owned(),
        };
        let wildcard: String = self.0.iter().map(as_wildcard).collect();
        fits_wildcard(&wildcard, form)
    }

    /// The pattern as it is written.
    pub fn text(&self) -> String {
        let part = |part: &TagPart| match part {
            TagPart::Text(text) => text.clone(),
            TagPart::Field(field) => format!("{{{}}}", field.name()),
        };
        self.0.iter().map(part).collect()
    }
}

impl Default for TagPattern {
    fn default() -> Self {
        Self(vec![TagPart::Text("git-".to_owned()), TagPart::Field(Field::GitSha)])
    }
}

/// Whether `text` fits a pattern in which `*` stands for any characters, none included.
pub fn fits_wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        // The earliest match leaves most for the others.
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text) in
            [("latest", "latest"), ("*-latest", "dev-min-latest"), ("*", ""), ("a*b*c", "abbc"), ("a*", "a")]
        {
            assert!(fits_wildcard(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("latest", "latest2"), ("*-latest", "latest"), ("a*b*c", "acb"), ("a*a", "a"), ("", "a")]
        {
            assert!(!fits_wildcard(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_hold_the_whole_commit() {
        let with = |pattern: &str| {
            TagPattern::parse(pattern).unwrap().tag(|f| match f {
                Field::GitSha => Some("ab".to_owned()),
                Field::CiRunId => Some("7".to_owned()),
                _ => None,
            })
        };
        assert_eq!(with("v-{git_sha}-x").unwrap(), "v-ab-x");
        assert_eq!(with("git-{git_sha}-run-{ci_run_id}").unwrap(), "git-ab-run-7");
        assert_eq!(with("{git_sha}-{platform_run_id}"), Err(Field::PlatformRunId));
        for bad in [
            "git-",
            "git-{sha}",
            "{git_sha}{git_sha}",
            "{git_sha}{ci_run_id}{ci_run_id}",
            "{ci_run_id}",
            "a b{git_sha}",
            "-{git_sha}",
            "{git_sha",
            "",
        ] {
            assert_eq!(TagPattern::parse(bad), None, "{bad}");
        }
        let pattern = TagPattern::parse("git-{git_sha}-run-{ci_run_id}").unwrap();
        assert!(pattern.accepts_form("git-{git_sha}-run-8") && !pattern.accepts_form("git-{git_sha}"));
        assert_eq!(pattern.text(), "git-{git_sha}-run-{ci_run_id}");
    }
}
