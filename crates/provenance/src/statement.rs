//! in-toto Statement v1 with a SLSA v1 provenance predicate: made from the documents, and read from a verified envelope.
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
use super::{DocumentKind, Field, Fields};
use seaworthy_source::{JsonPointer, Span};

/// The type of a statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of a statement of in-toto 0.1, which most builders still write.
const OLD_STATEMENT: &str = "https://in-toto.io/Statement/v0.1";
/// The type of its predicate.
pub const SLSA: &str = "https://slsa.dev/provenance/v1";
/// The predicate of SLSA v0.2, BuildKit's default.
const OLD_SLSA: &str = "https://slsa.dev/provenance/v0.2";
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

/// Makes a statement from packaging provenance and, if there is any, security evidence with its verdict. The same documents
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
        vec![json!({ "name": DocumentKind::Provenance.file_name(), "digest": of_bytes(provenance) })];
    if let Some((bytes, verdict)) = security {
        byproducts.push(json!({
            "name": DocumentKind::Security.file_name(),
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
    /// The commits that it names.
    pub commits: Vec<Commit>,
    /// The repository that the build was configured from, as far as the statement tells.
    pub source: Option<String>,
    /// The builder's ID.
    pub builder: Option<String>,
    /// The invocation, if it is named.
    pub invocation: Option<String>,
    /// The byproducts: name, and SHA-256 in hex.
    pub byproducts: Vec<(String, String)>,
}

/// A commit that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The repository that it is of, as it is written; nothing if the statement does not say.
    pub repository: Option<String>,
    /// The commit's ID, as it is written: BuildKit adds [`CHANGED`] where the tree differed from the commit.
    pub id: String,
}

/// What BuildKit adds to the commit of a working tree that was changed.
pub const CHANGED: &str = "-dirty";

impl Statement {
    /// Reads a statement: the payload of a verified envelope, or an attestation that came with an image.
    ///
    /// Commits are read where the builders in use write them: `gitCommit` and `sha1` of `resolvedDependencies` and of
    /// `configSource`, BuildKit's `vcs` (SLSA v1); `configSource` and `materials` (SLSA v0.2).
    /// <https://slsa.dev/spec/v1.0/provenance>, <https://slsa.dev/spec/v0.2/provenance>
    ///
    /// # Errors
    /// All mistakes of the JSON, or the first place that is not as in-toto and SLSA ask. No value is repeated.
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<Mistake>> {
        let root = json::parse(bytes, json::DOCUMENT)?;
        let need = |ok: bool, pointer: &str, message: &str| {
            let pointer = pointer.split('/').skip(1).fold(JsonPointer::root(), |p, t| p.key(t));
            let fault = Mistake { span: Span::default(), pointer, message: message.to_owned() };
            if ok { Ok(()) } else { Err(vec![fault]) }
        };
        let text = |pointer: &str| root.find(pointer).and_then(Node::text);
        let is_statement = matches!(text("/_type"), Some(STATEMENT | OLD_STATEMENT));
        need(is_statement, "/_type", "must be that of an in-toto Statement v1 or v0.1")?;
        let is_old = text("/predicateType") == Some(OLD_SLSA);
        let is_slsa = is_old || text("/predicateType") == Some(SLSA);
        need(is_slsa, "/predicateType", "must be that of SLSA provenance v1 or v0.2")?;
        let subjects = descriptors(root.find("/subject"), "sha256");
        need(!subjects.is_empty(), "/subject", "must name what it is about, with a sha256 digest")?;
        let (commits, source) = commits(&root);
        if is_old {
            return Ok(Self {
                subjects,
                build_type: text("/predicate/buildType").unwrap_or_default().to_owned(),
                commits,
                source,
                builder: text("/predicate/builder/id").map(str::to_owned),
                ..Self::default()
            });
        }
        let build_type = text("/predicate/buildDefinition/buildType");
        need(build_type.is_some(), "/predicate/buildDefinition/buildType", "must be a string")?;
        let parameters = "/predicate/buildDefinition/externalParameters";
        let Some(Value::Object(members)) = root.find(parameters).map(|n| &n.value) else {
            return need(false, parameters, "must be an object").map(|()| Self::default());
        };
        let parameter = |m: &Member| (m.name.to_string(), m.node.text().unwrap_or_default().to_owned());
        Ok(Self {
            subjects,
            build_type: build_type.unwrap_or_default().to_owned(),
            parameters: members.iter().map(parameter).collect(),
            commits,
            source,
            builder: text("/predicate/runDetails/builder/id").map(str::to_owned),
            invocation: text("/predicate/runDetails/metadata/invocationId").map(str::to_owned),
            byproducts: descriptors(root.find("/predicate/runDetails/byproducts"), "sha256"),
        })
    }
}

/// The commits that a statement names, and the repository that its build was configured from.
fn commits(root: &Node) -> (Vec<Commit>, Option<String>) {
    let text = |pointer: &str| root.find(pointer).and_then(Node::text).map(str::to_owned);
    let mut found: Vec<Commit> = Vec::new();
    // One that has both names two, which must agree.
    let of = |node: &Node| -> Vec<Commit> {
        let repository = node.get("uri").and_then(Node::text).map(str::to_owned);
        let ids = |digest: &Node| -> Vec<String> {
            let of = |algorithm: &&str| digest.get(algorithm).and_then(Node::text).map(str::to_owned);
            ["gitCommit", "sha1"].iter().filter_map(of).collect()
        };
        let ids = node.get("digest").map(ids).unwrap_or_default();
        ids.into_iter().map(|id| Commit { repository: repository.clone(), id }).collect()
    };
    let config =
        ["/predicate/buildDefinition/externalParameters/configSource", "/predicate/invocation/configSource"];
    let configured = config.iter().find_map(|pointer| root.find(pointer));
    found.extend(configured.into_iter().flat_map(of));
    for list in ["/predicate/buildDefinition/resolvedDependencies", "/predicate/materials"] {
        if let Some(Value::Array(items)) = root.find(list).map(|n| &n.value) {
            found.extend(items.iter().flat_map(of));
        }
    }
    let old = "/predicate/metadata/https:~1~1mobyproject.org~1buildkit@v1#metadata/vcs";
    for vcs in ["/predicate/runDetails/metadata/buildkit_metadata/vcs", old] {
        if let Some(id) = text(&format!("{vcs}/revision")) {
            found.push(Commit { repository: text(&format!("{vcs}/source")), id });
        }
    }
    let source = configured
        .and_then(|c| c.get("uri"))
        .and_then(Node::text)
        .map(str::to_owned)
        .filter(|uri| !uri.is_empty())
        .or_else(|| text("/predicate/buildDefinition/externalParameters/workflow/repository"))
        .or_else(|| text("/predicate/runDetails/metadata/buildkit_metadata/vcs/source"))
        .or_else(|| text(&format!("{old}/source")));
    (found, source)
}

/// A repository's address in one form, so that two ways to write it are equal: no scheme, login, ref and `.git`.
pub fn repository_form(uri: &str) -> String {
    let text = uri.trim().strip_prefix("git+").unwrap_or(uri.trim());
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    // `git@host:owner/name`
    let text = match text.split_once('@') {
        Some((login, rest)) if !login.contains('/') => {
            rest.replacen(':', "/", usize::from(!uri.contains("://")))
        }
        _ => text.to_owned(),
    };
    let text = text.split(['@', '#', '?']).next().unwrap_or_default();
    text.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase()
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_read_where_builders_write_them() {
        let read = |predicate_type: &str, predicate: Json| {
            let statement = json!({
                "_type": OLD_STATEMENT, "predicateType": predicate_type, "predicate": predicate,
                "subject": [{"name": "x", "digest": {"sha256": "00"}}],
            });
            let statement = Statement::read(statement.to_string().as_bytes()).unwrap();
            let ids: Vec<String> = statement.commits.into_iter().map(|c| c.id).collect();
            (ids, statement.source)
        };
        let uri = "https://github.com/o/r.git#main";
        let old = json!({
            "invocation": {"configSource": {"uri": uri, "digest": {"sha1": "a"}}},
            "materials": [{"uri": uri, "digest": {"sha1": "b"}}, {"uri": "pkg:docker/x", "digest": {"sha256": "c"}}],
            "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"vcs": {"revision": "d", "source": uri}}},
        });
        assert_eq!(
            read(OLD_SLSA, old),
            (vec!["a".to_owned(), "b".to_owned(), "d".to_owned()], Some(uri.to_owned()))
        );
        let new = json!({
            "buildDefinition": {
                "buildType": "x",
                "externalParameters": {"configSource": {"uri": uri, "digest": {"sha1": "a"}}},
                "resolvedDependencies": [{"uri": uri, "digest": {"sha1": "b"}}, {"digest": {"gitCommit": "c"}}],
            },
            "runDetails": {"metadata": {"buildkit_metadata": {"vcs": {"revision": "d-dirty"}}}},
        });
        let (ids, source) = read(SLSA, new);
        assert_eq!((ids.join(" "), source.as_deref()), ("a b c d-dirty".to_owned(), Some(uri)));
    }

    #[test]
    fn one_repository_in_many_forms() {
        for uri in [
            "https://github.com/o/r",
            "https://github.com/o/r.git#refs/heads/main",
            "git+https://github.com/o/r@refs/heads/main",
            "git@github.com:o/r.git",
            "ssh://git@github.com/o/r.git",
            "https://user@github.com/O/r/",
        ] {
            assert_eq!(repository_form(uri), "github.com/o/r", "{uri}");
        }
    }
}
