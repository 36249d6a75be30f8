//! The account's parts, as far as checks ask about them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Gap, Seen, Text};
use seaworthy_source::JsonPointer;

/// All that is known of one account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What it was filled from, in order; a [`Place`] names one by its index.
    pub sources: Vec<Source>,
    /// `aws`, `aws-cn`, `aws-us-gov`; where unknown, readers write `aws`.
    pub partition: Option<String>,
    /// The account's 12 digits.
    pub account: Option<String>,
    /// The region, such as `eu-west-1`.
    pub region: Option<String>,
    /// Roles by name. A name that is not here was neither found nor looked for: see [`Snapshot::role`].
    pub roles: BTreeMap<String, Seen<Role>>,
    /// Systems Manager parameters by name.
    pub parameters: BTreeMap<String, Seen<Parameter>>,
    /// Secrets Manager secrets by name.
    pub secrets: BTreeMap<String, Seen<ManagedSecret>>,
    /// Task definitions by family; a plan may hold several of one family name only as an error.
    pub tasks: BTreeMap<String, Seen<TaskDefinition>>,
    /// ECR repositories by name.
    pub repositories: BTreeMap<String, Seen<Repository>>,
    /// KMS keys by key ID, ARN or address, as the parts that use them name them.
    pub keys: BTreeMap<String, Seen<Key>>,
    /// What grants allow on keys, whether the keys are in the source or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<KeyGrant>,
    /// What starts tasks with other roles, commands or variables than their definitions say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<TaskOverride>,
    /// What a source holds and could not be read, and belongs to no entry above: a whole page, a resource without a
    /// name. Each is told as not checked.
    pub gaps: Vec<(Place, Gap)>,
}

/// What a snapshot was filled from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its kind.
    pub kind: SourceKind,
    /// The file as the user named it, or the endpoint.
    pub name: String,
    /// The file's digest, `sha256:…`.
    pub digest: Option<String>,
    /// The tool and version that made it, such as `terraform 1.11.4`.
    pub tool: Option<String>,
}

impl Source {
    /// Whether it tells what will be, not what there is now.
    pub fn is_later(&self) -> bool {
        match self.kind {
            SourceKind::Plan | SourceKind::Template | SourceKind::TaskDefinition => true,
            SourceKind::State | SourceKind::Live => false,
        }
    }
}

/// Kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// `terraform show -json` of a plan.
    Plan,
    /// `terraform show -json` of a state.
    State,
    /// A CloudFormation template, or one that CDK synthesised.
    Template,
    /// A task definition as JSON, as deploy actions register it.
    TaskDefinition,
    /// The account itself.
    Live,
}

/// Where a part is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Index into [`Snapshot::sources`].
    pub source: usize,
    /// The part's name there: a Terraform address, a logical ID or an ARN.
    pub address: String,
    /// The place in the document, where there is one.
    pub pointer: Option<JsonPointer>,
    /// The line in the document, from 1, where it is text that people read.
    pub line: Option<u32>,
    /// The file that the document was made of and that people change, if that is known: then `line` is a line of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: Text,
    /// Its ARN, where known; a reader that knows account and path makes it.
    pub arn: Option<String>,
    /// Its path, such as `/service/`, where known: a part of the ARN that a source without account cannot make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it is told of.
    pub place: Place,
    /// Who may assume it.
    pub trust: Seen<Document>,
    /// Its identity policies.
    pub policies: Vec<PolicyAttachment>,
    /// Why the list of policies may lack some; nothing if it is whole. A plan is whole for the roles it creates and
    /// not for those that it only reads.
    pub policies_gap: Option<Gap>,
    /// The permissions boundary; absent if none is attached.
    pub boundary: Seen<Document>,
    /// Its tags, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// A policy of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAttachment {
    /// Inline or managed.
    pub source: PolicySource,
    /// Its name, or its ARN if it is managed.
    pub name: Text,
    /// What it says.
    pub document: Seen<Document>,
}

/// How a policy is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicySource {
    /// Embedded in the role.
    Inline,
    /// A managed policy, AWS's or the customer's.
    Managed,
}

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its JSON text. What is not known stands in it as `${unknown:NAME}`, which the IAM engine reads as a text that
    /// may be anything and is the same wherever NAME is.
    pub text: String,
    /// Where it is told of.
    pub place: Place,
    /// The line of each statement in the file of the place, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<u32>,
}

impl Document {
    /// A document without lines of its own.
    pub fn new(text: impl Into<String>, place: Place) -> Self {
        Self { text: text.into(), place, lines: Vec::new() }
    }
}

/// A parameter of Systems Manager. Its value is never held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its full name.
    pub name: String,
    /// Where it is told of.
    pub place: Place,
    /// Whether it is only planned: it is to be created by an apply that has not happened.
    pub planned: bool,
    /// Its type.
    pub kind: Seen<ParameterKind>,
    /// Its newest version.
    pub version: Seen<u64>,
    /// The KMS key of a SecureString: an ID, an ARN or an alias such as `alias/aws/ssm`. Absent if it is not encrypted.
    pub key: Seen<Text>,
    /// Its tags, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Types of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterKind {
    /// Plain text.
    String,
    /// A list in plain text.
    StringList,
    /// Encrypted.
    SecureString,
}

impl ParameterKind {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// A secret of Secrets Manager. Its value is never held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedSecret {
    /// Its name; where only the deployment makes it up, a stand-in that no other secret has.
    pub name: String,
    /// What its name begins with, where the deployment makes up the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_prefix: Option<String>,
    /// Its ARN with the six random characters, where known.
    pub arn: Option<String>,
    /// Where it is told of.
    pub place: Place,
    /// Whether it is only planned.
    pub planned: bool,
    /// Its KMS key; absent for the account's default one.
    pub key: Seen<Text>,
    /// Its resource policy; absent if there is none.
    pub policy: Seen<Document>,
    /// Its tags, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// An ECS task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// Its family.
    pub family: Text,
    /// Its revision, if it is registered.
    pub revision: Option<u64>,
    /// Where it is told of.
    pub place: Place,
    /// The role of the application: an ARN or a name. Absent if there is none.
    pub task_role: Seen<Text>,
    /// The role of the ECS agent: an ARN or a name. Absent if there is none.
    pub execution_role: Seen<Text>,
    /// Its containers.
    pub containers: Seen<Vec<Container>>,
    /// What the execution role must read before a container starts, of all containers.
    pub references: Vec<SecretReference>,
    /// `requiresCompatibilities`, in upper case: `FARGATE`, `EC2`, `EXTERNAL`. Empty where it is not said,
    /// [`UNKNOWN_LAUNCH_TYPE`] where it is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compatibilities: Vec<String>,
}

/// Stands in [`TaskDefinition::compatibilities`] for one that is not known before the deployment.
pub const UNKNOWN_LAUNCH_TYPE: &str = "?";

/// What starts a task otherwise than its definition says: the `overrides` of ecs:RunTask, as schedules, rules, pipes
/// and state machines hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskOverride {
    /// Where it is told of.
    pub place: Place,
    /// The task definition that it starts: an ARN, a family or a symbol.
    pub task: Seen<Text>,
    /// The task role instead of the definition's; absent if that one is kept.
    pub task_role: Seen<Text>,
    /// The execution role instead of the definition's; absent if that one is kept.
    pub execution_role: Seen<Text>,
    /// What it sets in containers: their literals.
    pub containers: Vec<Container>,
    /// What the execution role must read besides.
    pub references: Vec<SecretReference>,
}

/// A container of a task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// Its image.
    pub image: Seen<Text>,
    /// Everything that is written into it in clear.
    pub literals: Vec<Literal>,
    /// What it runs.
    // A word of a command may be a value that no detector knows: snapshots do not keep them.
    #[serde(skip, default = "Command::not_kept")]
    pub command: Command,
    /// Whether the task stops with it.
    #[serde(default = "is_essential", skip_serializing_if = "is_true")]
    pub essential: bool,
}

/// A container is essential unless it says otherwise.
fn is_essential() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_true(value: &bool) -> bool {
    *value
}

const NOT_KEPT: &str = "saved snapshots keep no commands";

/// What a container runs. A word that holds something that an inspector takes for a secret, or into which a secret
/// flows, is not held, nor is one that is known only when it is deployed. Defaults of variables in a script are left
/// out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// `entryPoint`, if the task gives one: each word that is held.
    pub entry_point: Option<Vec<Option<String>>>,
    /// `command`, if the task gives one: each word that is held.
    pub arguments: Option<Vec<Option<String>>>,
    /// Why it is not known at all, if so.
    pub gap: Option<String>,
    /// `workingDirectory`, if the task gives one that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// `user`, if the task gives one; nothing inside if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Option<String>>,
}

impl Command {
    /// That of a saved snapshot.
    fn not_kept() -> Self {
        Self { gap: Some(NOT_KEPT.to_owned()), ..Self::default() }
    }

    /// Whether its source keeps commands: saved snapshots do not.
    pub fn is_kept(&self) -> bool {
        self.gap.as_deref() != Some(NOT_KEPT)
    }

    /// A word as it may be held: without the defaults of its variables, `${NAME:-…}`.
    pub fn held(word: &str) -> String {
        let mut out = String::with_capacity(word.len());
        let mut rest = word;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at + 2);
            out.push_str(before);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = from.find(|c| !is_name(c)).unwrap_or(from.len());
            let tail = from.get(name..).unwrap_or_default();
            let operator = [":-", ":=", "-", "="].into_iter().find(|o| tail.starts_with(o));
            match (operator, tail.find('}')) {
                (Some(operator), Some(end)) => {
                    out.push_str(from.get(..name).unwrap_or_default());
                    out.push_str(operator);
                    if end > operator.len() {
                        out.push('…');
                    }
                    rest = tail.get(end..).unwrap_or_default();
                }
                _ => rest = from,
            }
        }
        out.push_str(rest);
        out
    }

    /// All words that are held, those of `entryPoint` first.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.entry_point.iter().chain(&self.arguments).flatten().filter_map(Option::as_deref)
    }
}

/// Something that a task definition says in clear. Its value is not held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Literal {
    /// What it is.
    pub place: LiteralPlace,
    /// The variable's or option's name; the index of an argument.
    pub name: String,
    /// Where it stands.
    pub pointer: Option<JsonPointer>,
    /// What it is made of.
    pub value: Expression,
}

/// Where in a container definition a literal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiteralPlace {
    /// `environment`
    Environment,
    /// `command`
    Command,
    /// `entryPoint`
    EntryPoint,
    /// `healthCheck.command`
    HealthCheck,
    /// `dockerLabels`
    Label,
    /// `logConfiguration.options`
    LogOption,
    /// `systemControls`, `extraHosts`, `dockerSecurityOptions` and other texts
    Other,
}

/// What a literal is made of, without its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expression {
    /// Length of what is known of it, in bytes.
    pub length: usize,
    /// Whether the known part is an empty text and nothing is unknown.
    pub empty: bool,
    /// What the inspector saw in it.
    pub sightings: Vec<Sighting>,
    /// Secrets that flow into it by reference: `aws_ssm_parameter.db.value`, `random_password.db.result`,
    /// `{{resolve:ssm-secure:…}}`. A reference to something that is no secret is not listed.
    pub taints: Vec<String>,
    /// Why a part of it is not known, if so.
    pub gap: Option<Gap>,
}

/// A secret that an inspector saw. Nothing of its value is kept but a redacted preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The detector's ID.
    pub detector: String,
    /// What it is, such as `AWS secret access key`.
    pub what: String,
    /// `low` … `critical`.
    pub severity: String,
    /// `low` … `high`.
    pub confidence: String,
    /// How to rotate it.
    pub rotate: String,
    /// A redacted preview.
    pub preview: String,
    /// The length of the secret in bytes.
    pub length: usize,
}

/// A field of a task definition that makes the execution role read something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretReference {
    /// The field.
    pub kind: SecretReferenceKind,
    /// The container, where it belongs to one.
    pub container: Option<Text>,
    /// The variable or option that is set.
    pub name: String,
    /// What is read: a parameter's name or ARN, a secret's ARN, an S3 object.
    pub value_from: Text,
    /// Where it stands.
    pub pointer: Option<JsonPointer>,
}

/// The fields by which a task definition makes the execution role read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretReferenceKind {
    /// `secrets[].valueFrom`
    Secrets,
    /// `logConfiguration.secretOptions[].valueFrom`
    LogSecretOptions,
    /// `repositoryCredentials.credentialsParameter`
    RepositoryCredentials,
    /// `environmentFiles[].value`
    EnvironmentFiles,
    /// `credentialSpecs[]`
    CredentialSpecs,
    /// `volumes[].fsxWindowsFileServerVolumeConfiguration.authorizationConfig.credentialsParameter`
    VolumeCredentials,
    /// `firelensConfiguration.options.config-file-value` of the type `s3`
    FirelensConfigFile,
}

impl SecretReferenceKind {
    /// The field's name in a task definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::LogSecretOptions => "logConfiguration.secretOptions",
            Self::RepositoryCredentials => "repositoryCredentials",
            Self::EnvironmentFiles => "environmentFiles",
            Self::CredentialSpecs => "credentialSpecs",
            Self::VolumeCredentials => "fsxWindowsFileServerVolumeConfiguration.authorizationConfig",
            Self::FirelensConfigFile => "firelensConfiguration.options.config-file-value",
        }
    }
}

/// An ECR repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Its URI, such as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/app`.
    pub uri: Option<String>,
    /// Where it is told of.
    pub place: Place,
    /// Whether its tags can be moved.
    pub mutability: Seen<Mutability>,
}

/// Whether a repository's tags can be moved (`imageTagMutability`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mutability {
    /// Every tag can be moved.
    Mutable,
    /// No tag can.
    Immutable,
    /// No tag can but those that a filter names.
    ImmutableExcept(Vec<String>),
    /// Every tag can but those that a filter names.
    MutableExcept(Vec<String>),
}

/// A KMS key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its ARN, or a symbol that stands for it.
    pub arn: Text,
    /// Its aliases, such as `alias/orders`.
    pub aliases: Vec<String>,
    /// Where it is told of.
    pub place: Place,
    /// Whether AWS manages it: then every principal of the account can use it through its service.
    pub aws_managed: bool,
    /// Its key policy; absent if it has AWS's default one, which leaves the decision to the account's policies.
    pub policy: Seen<Document>,
    /// Its tags, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// A grant of a KMS key: it allows like a statement of the key's policy, beside all policies.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyGrant {
    /// The key: an ID, an ARN or a symbol.
    pub key: Text,
    /// The statement that a key policy would have for it, as a document of its own.
    pub document: Document,
}

/// What a live account is asked for. Nothing else is listed but its services, so that few permissions are needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Parameters by name or ARN.
    pub parameters: BTreeSet<String>,
    /// Secrets by ARN.
    pub secrets: BTreeSet<String>,
    /// Roles by name.
    pub roles: BTreeSet<String>,
    /// Task definitions by family.
    pub tasks: BTreeSet<String>,
    /// Repositories by name.
    pub repositories: BTreeSet<String>,
    /// Whether the task definitions that its services run are wanted, too.
    pub discovers_tasks: bool,
}

/// What a lookup says of a name that no source was asked about.
fn never_asked<T>(what: &str) -> Seen<T> {
    Seen::NotSeen(Gap::new(format!("no source defines this {what}")))
}

fn look_up<'a, T>(map: &'a BTreeMap<String, Seen<T>>, name: &str, what: &str) -> Seen<&'a T> {
    map.get(name).map_or_else(|| never_asked(what), Seen::as_ref)
}

impl Snapshot {
    /// The role of this name.
    pub fn role(&self, name: &str) -> Seen<&Role> {
        look_up(&self.roles, name, "role")
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Seen<&Parameter> {
        look_up(&self.parameters, name, "parameter")
    }

    /// The secret of this name.
    pub fn secret(&self, name: &str) -> Seen<&ManagedSecret> {
        look_up(&self.secrets, name, "secret")
    }

    /// The task definition of this family.
    pub fn task(&self, family: &str) -> Seen<&TaskDefinition> {
        look_up(&self.tasks, family, "task definition")
    }

    /// The repository of this name.
    pub fn repository(&self, name: &str) -> Seen<&Repository> {
        look_up(&self.repositories, name, "repository")
    }

    /// The source that a place names.
    pub fn source(&self, place: &Place) -> Option<&Source> {
        self.sources.get(place.source)
    }
}
