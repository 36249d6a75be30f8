//! in-toto Statement v1 with a SLSA v1 provenance predicate: made from the papers, and read from a verified envelope.
//!
//! | packaging provenance | statement |
//! |---|---|
//! | repository URI, digest | `subject` |
//! | commit | `resolvedDependencies[].digest.gitCommit` |
//! | tag, reference mode, Dockerfile, build path | `externalParameters` |
//! | build actor | `runDetails.builder.id` |
//! | build's end | `runDetails.metadata.finishedOn` |
//! | run ID | `runDetails.metadata.invocationId` |
//! | the documents themselves, by digest, with the evidence's verdict | `runDetails.byproducts` |

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::json::{self, Member, Mistake, Node, Value};
use super::key::hex;
use super::{Field, Fields, PaperKind};
use seaworthy_source::{JsonPointer, Span};

/// The type of a statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of its predicate.
pub const SLSA: &str = "https://slsa.dev/provenance/v1";
/// The type of builds that this tool describes: what `externalParameters` mean.
pub const BUILD_TYPE: &str = "https://github.com/seaworthy-dev/seaworthy/build-types/packaging/v1";

/// The external parameters, by the field that they come from.
pub const PARAMETERS: [(Field, &str); 5] = [
    (Field::ImageTag, "imageTag"),
    (Field::ReferenceMode, "imageReferenceMode"),
    (Field::DockerfilePath, "dockerfilePath"),
    (Field::BuildPath, "buildPath"),
    (Field::BuildDriver, "buildDriver"),
];

/// Makes a statement from packaging provenance and, if there is any, security evidence with its verdict. The same papers
/// give the same bytes.
pub fn build(fields: &Fields, provenance: &[u8], security: Option<(&[u8], &str)>) -> Vec<u8> {
    let text = |field: Field| fields.text(field).unwrap_or_default();
    let digest = text(Field::ImageDigest);
    let (algorithm, value) = digest.split_once(':').unwrap_or(("sha256", digest));
    let parameters: Map<String, Json> = PARAMETERS
        .iter()
        .filter_map(|(field, name)| Some(((*name).to_owned(), json!(fields.text(*field)?))))
        .collect();
    let of_bytes = |bytes: &[u8]| json!({ "sha256": hex(&Sha256::digest(bytes)) });
    let mut byproducts =
        vec![json!({ "name": PaperKind::Provenance.file_name(), "digest": of_bytes(provenance) })];
    if let Some((bytes, verdict)) = security {
        byproducts.push(json!({
            "name": PaperKind::Security.file_name(),
            "digest": of_bytes(bytes),
            "annotations": { "verdict": verdict },
        }));
    }
    let statement = json!({
        "_type": STATEMENT,
        "subject": [{ "name": text(Field::RepositoryUri), "digest": { algorithm: value } }],
        "predicateType": SLSA,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "resolvedDependencies": [{ "name": "source", "digest": { "gitCommit": text(Field::GitSha) } }],
            },
            "runDetails": {
                "builder": { "id": text(Field::BuildActor) },
                "metadata": {
                    "invocationId": text(Field::PlatformRunId),
                    "finishedOn": text(Field::BuildCompletedAt),
                },
                "byproducts": byproducts,
            },
        },
    });
    statement.to_string().into_bytes()
}

/// A statement as it was read. Only what the checks compare is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The subjects: name, and SHA-256 in hex.
    pub subjects: Vec<(String, String)>,
    /// What the external parameters mean.
    pub build_type: String,
    /// The external parameters that are texts; the value is empty for one that is no text.
    pub parameters: Vec<(String, String)>,
    /// The commits that it was built from.
    pub commits: Vec<String>,
    /// The invocation, if it is named.
    pub invocation: Option<String>,
    /// The byproducts: name, and SHA-256 in hex.
    pub byproducts: Vec<(String, String)>,
}

impl Statement {
    /// Reads the payload of a verified envelope.
    ///
    /// # Errors
    /// All mistakes of the JSON, or the first place that is not as in-toto and SLSA ask. No value is repeated.
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<Mistake>> {
        let root = json::read(bytes, json::DOCUMENT)?;
        let need = |ok: bool, pointer: &str, message: &str| {
            let pointer = pointer.split('/').skip(1).fold(JsonPointer::root(), |p, t| p.key(t));
            let fault = Mistake { span: Span::default(), pointer, message: message.to_owned() };
            if ok { Ok(()) } else { Err(vec![fault]) }
        };
        let text = |pointer: &str| root.find(pointer).and_then(Node::text);
        need(text("/_type") == Some(STATEMENT), "/_type", "must be that of an in-toto Statement v1")?;
        need(text("/predicateType") == Some(SLSA), "/predicateType", "must be that of SLSA provenance v1")?;
        let subjects = descriptors(root.find("/subject"), "sha256");
        need(!subjects.is_empty(), "/subject", "must name what it is about, with a sha256 digest")?;
        let build_type = text("/predicate/buildDefinition/buildType");
        need(build_type.is_some(), "/predicate/buildDefinition/buildType", "must be a string")?;
        let parameters = "/predicate/buildDefinition/externalParameters";
        let Some(Value::Object(members)) = root.find(parameters).map(|n| &n.value) else {
            return need(false, parameters, "must be an object").map(|()| Self::default());
        };
        let parameter = |m: &Member| (m.name.to_string(), m.node.text().unwrap_or_default().to_owned());
        let commits = descriptors(root.find("/predicate/buildDefinition/resolvedDependencies"), "gitCommit");
        Ok(Self {
            subjects,
            build_type: build_type.unwrap_or_default().to_owned(),
            parameters: members.iter().map(parameter).collect(),
            commits: commits.into_iter().map(|(_, commit)| commit).collect(),
            invocation: text("/predicate/runDetails/metadata/invocationId").map(str::to_owned),
            byproducts: descriptors(root.find("/predicate/runDetails/byproducts"), "sha256"),
        })
    }
}

/// The resource descriptors of a list that have a digest of `algorithm`: their names and digests.
fn descriptors(list: Option<&Node>, algorithm: &str) -> Vec<(String, String)> {
    let Some(Value::Array(items)) = list.map(|n| &n.value) else { return Vec::new() };
    let one = |item: &Node| {
        let digest = item.get("digest")?.get(algorithm)?.text()?.to_owned();
        Some((item.get("name").and_then(Node::text).unwrap_or_default().to_owned(), digest))
    };
    items.iter().filter_map(one).collect()
}
