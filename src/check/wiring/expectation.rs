//! What a contract promises of roles, parameters and tasks: the option types of the wiring checks. The contract makes
//! them; `position` is where an entry stands in it.

use jiff::civil::Date;

use seaworthy_source::Position;

/// All that the contract says of the wiring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    /// The secrets.
    pub secrets: Vec<Secret>,
    /// The roles.
    pub roles: Vec<Role>,
    /// Which role each task runs as.
    pub tasks: Vec<Task>,
    /// Roles that no task may run as, such as the one that applies Terraform.
    pub forbidden_roles: Vec<ForbiddenRole>,
    /// ARNs that a rule may be broken for.
    pub exceptions: Vec<Exception>,
}

/// A secret that arrives at runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// Its handle.
    pub handle: String,
    /// Where it is kept.
    pub kept: Kept,
    /// The environment variables that carry it.
    pub variables: Vec<String>,
    /// Whether the application cannot start without it. An optional one may be absent; if it is there, all rules hold.
    pub required: bool,
    /// The version that it must have.
    pub version: Option<u64>,
    /// The label that it must carry; cannot be verified without reading values.
    pub label: Option<String>,
    /// The KMS key that must encrypt it: an ID, an ARN or an alias.
    pub key: Option<String>,
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// A Systems Manager parameter, by its full name, in the account and region that is looked at.
    Parameter(String),
    /// A Systems Manager parameter, by its ARN.
    ParameterArn(String),
    /// A Secrets Manager secret, by its ARN.
    SecretArn(String),
}

/// What a role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleKind {
    /// The application's own: it reads what it requires.
    Task,
    /// The ECS agent's: it pulls and logs.
    Execution,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// Its handle.
    pub handle: String,
    /// Its name, without path.
    pub name: String,
    /// Its ARN, if the contract gives one.
    pub arn: Option<String>,
    /// What it is for.
    pub kind: RoleKind,
    /// Handles of the secrets that it must be able to read.
    pub requires: Vec<String>,
    /// What it may read beyond that.
    pub extras: Vec<Extra>,
    /// What it must not be allowed.
    pub denied: Vec<Denied>,
}

/// Something that a role must not be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Actions; `*` and `?` are wildcards.
    pub actions: Vec<String>,
    /// ARNs; `*` and `?` are wildcards, and `*` alone is everything.
    pub resources: Vec<String>,
    /// Why.
    pub reason: String,
}

/// Something that a role may read although it does not require it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// An ARN; `*` and `?` are wildcards.
    pub resource: String,
    /// Why.
    pub reason: String,
    /// The last day on which this holds, if it is limited.
    pub expires: Option<Date>,
}

/// Which role a task runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// The task definition's family.
    pub family: String,
    /// The handle of its task role.
    pub role: String,
    /// The handle of its execution role, if the contract pins it.
    pub execution_role: Option<String>,
}

/// A role that no task may run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForbiddenRole {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// Its name or ARN.
    pub role: String,
    /// Why.
    pub reason: String,
}

/// One ARN that a rule may be broken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// The check, such as `SW406`.
    pub check: String,
    /// The exact ARN: no wildcards.
    pub arn: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
}

impl Role {
    /// An execution role that the contract does not name.
    pub(super) fn of_task(name: String) -> Self {
        let position = Position { line: 1, column: 1 };
        let handle = name.clone();
        Self {
            position,
            handle,
            name,
            arn: None,
            kind: RoleKind::Execution,
            requires: vec![],
            extras: vec![],
            denied: vec![],
        }
    }
}

impl Expectations {
    /// The secret of this handle.
    pub fn secret(&self, handle: &str) -> Option<&Secret> {
        self.secrets.iter().find(|s| s.handle == handle)
    }

    /// The role of this handle.
    pub fn role(&self, handle: &str) -> Option<&Role> {
        self.roles.iter().find(|r| r.handle == handle)
    }
}
