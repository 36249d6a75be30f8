//! How the layers of policies come together.
//!
//! The rules are written once, over anything that has *and* and *or*: the evaluator uses them on truth values, the proofs
//! use them on languages of resources.

use super::super::principal::Requester;
use super::super::truth::Truth;
use super::{PolicySet, Request, ResourceRule};

/// Something that can be limited and joined.
pub(in super::super) trait Lattice: Clone {
    /// What both allow.
    fn both(self, other: Self) -> Self;
    /// What one of them allows.
    fn either(self, other: Self) -> Self;
}

impl Lattice for Truth {
    fn both(self, other: Self) -> Self {
        self.and(other)
    }

    fn either(self, other: Self) -> Self {
        self.or(other)
    }
}

/// What each layer allows.
#[derive(Clone)]
pub(in super::super) struct Parts<L> {
    /// What every level of the service control policies allows.
    pub(in super::super) scp: L,
    pub(in super::super) identity: L,
    pub(in super::super) boundary: L,
    pub(in super::super) session: L,
    /// The resource policy, to the requester itself or to everyone.
    pub(in super::super) direct: L,
    /// The resource policy, to the requester's role, or to the user behind a federated session.
    pub(in super::super) entity: L,
    /// The resource policy, to the requester's account.
    pub(in super::super) account: L,
}

impl<L> Parts<L> {
    pub(in super::super) fn map<M>(&self, of: impl Fn(&L) -> M) -> Parts<M> {
        Parts {
            scp: of(&self.scp),
            identity: of(&self.identity),
            boundary: of(&self.boundary),
            session: of(&self.session),
            direct: of(&self.direct),
            entity: of(&self.entity),
            account: of(&self.account),
        }
    }
}

/// How requester and resource stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Relation {
    /// One account.
    Same,
    /// One account, and the resource policy must allow the principal or delegate to the account.
    SameRequired,
    /// Two accounts: both must allow.
    Cross,
    /// The requester has no account: the resource policy alone counts.
    ResourceOnly,
}

/// What the layers allow together, explicit denies aside.
///
/// Within one account, a grant to the session, the user or everyone is not limited by boundary, session policy or identity
/// policy; a grant to the role is limited by the first two. Across accounts the principal's own account must allow in full.
pub(in super::super) fn combine<L: Lattice>(parts: &Parts<L>, relation: Relation) -> L {
    let Parts { scp, identity, boundary, session, direct, entity, account } = parts.clone();
    let within_account = |own: L| {
        let limits = boundary.clone().both(session.clone());
        scp.clone().both(direct.clone().either(limits.both(own)))
    };
    match relation {
        Relation::Same => within_account(identity.either(entity)),
        Relation::SameRequired => within_account(entity.either(account.both(identity))),
        Relation::Cross => {
            let theirs = direct.either(entity).either(account);
            scp.both(identity).both(boundary).both(session).both(theirs)
        }
        Relation::ResourceOnly => direct,
    }
}

/// What holds before any statement is read: a layer that is not there limits nothing, and root needs no identity policy.
pub(in super::super) fn start(policies: &PolicySet, requester: &Requester) -> Parts<bool> {
    let root = requester.is_root();
    Parts {
        scp: true,
        identity: root,
        boundary: root || policies.boundaries.is_none(),
        session: policies.session.is_none() && !requester.needs_session_policy(),
        direct: false,
        entity: false,
        account: false,
    }
}

/// How the requester stands to the resource; a second answer when no one says whose the resource is.
pub(in super::super) fn relations(policies: &PolicySet, request: &Request) -> (Relation, Option<Relation>) {
    let required = match required_on(policies, &request.action) {
        Required::Never => false,
        Required::Always => true,
        Required::On(kind) => request.resource.contains(kind),
    };
    relations_when(required, request)
}

/// The same when it is known whether the resource policy must allow.
pub(in super::super) fn relations_when(required: bool, request: &Request) -> (Relation, Option<Relation>) {
    let Some(own) = request.principal.account() else { return (Relation::ResourceOnly, None) };
    let same = if required { Relation::SameRequired } else { Relation::Same };
    match request.owner() {
        Some(owner) if owner == own => (same, None),
        Some(_) => (Relation::Cross, None),
        // An action without resource is about the requester's own account.
        None if request.resource == "*" => (same, None),
        None => (same, Some(Relation::Cross)),
    }
}

/// On which resources of the requester's account the resource policy must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Required {
    Never,
    Always,
    /// On those whose ARN contains this.
    On(&'static str),
}

/// "IAM role trust policies and KMS key policies are exceptions, because they must explicitly allow access for principals."
pub(in super::super) fn required_on(policies: &PolicySet, action: &str) -> Required {
    let assumes = ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity"];
    match policies.resource_rule {
        ResourceRule::Either => Required::Never,
        ResourceRule::Required => Required::Always,
        ResourceRule::ByService if action.starts_with("kms:") => Required::On(":key/"),
        ResourceRule::ByService if assumes.iter().any(|prefix| action.starts_with(prefix)) => {
            Required::On(":role/")
        }
        ResourceRule::ByService => Required::Never,
    }
}

/// The services that resource control policies bind, by the prefix of their actions: "List of AWS services that support
/// RCPs" of the AWS Organizations User Guide.
const CONTROLLED: &str = "\
    aoss appconfig appstream autoscaling autoscaling-plans budgets clouddirectory cloudfront cloudsearch \
    cloudtrail-data codeartifact codebuild codecommit codepipeline cognito-identity cognito-idp \
    comprehend comprehendmedical compute-optimizer cost-optimization-hub dax dsql dynamodb ecr \
    ecr-public events firehose fis fms gamelift health inspector-scan kendra kinesisvideo kms logs \
    memorydb networkmonitor notifications opensearch pca-connector-ad personalize polly pricing \
    resource-groups rolesanywhere s3 secretsmanager servicediscovery signin sqs sts support swf textract \
    timestream-influxdb transcribe transfer translate wafv2 workspaces xray";

/// Whether resource control policies bind an action. For a service that is not on the list this is unknown and not false:
/// AWS adds services, and a deny that may count must neither excuse nor convict. Systems Manager is not on it.
pub(in super::super) fn control_reaches(action: &str) -> Truth {
    let service = action.split_once(':').map_or(action, |(service, _)| service);
    if CONTROLLED.split(' ').any(|name| name == service) { Truth::True } else { Truth::Unknown }
}

/// "No permissions are required to perform this operation", and no policy can deny it.
pub(in super::super) fn needs_no_permission(action: &str) -> bool {
    action == "sts:getcalleridentity"
}
