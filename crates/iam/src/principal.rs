//! Who asks, and whom a resource policy names.

use super::arn::Arn;
use super::context::{Context, Lookup};
use super::document::{Effect, Principals};
use super::hole;
use super::truth::Truth;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// No one in particular: an unsigned request.
    Anonymous,
    /// The root user of an account.
    Root { account: String },
    /// An IAM user.
    User { account: String },
    /// A role, as which some session acts whose name is not given.
    Role { partition: String, account: String, name: String, service_linked: bool },
    /// One session of a role.
    Session { partition: String, account: String, role: String },
    /// A session from `GetFederationToken`.
    Federated { account: String, user: String },
    /// A SAML or OIDC provider, named by ARN.
    Provider,
    /// A service, an identity provider or a canonical user, named by a plain string.
    Named,
}

/// Why a string names no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalError {
    /// The string is empty.
    #[error("the principal is empty")]
    Empty,
    /// It begins like an ARN and is none.
    #[error("the principal is not a well-formed ARN")]
    Arn,
    /// An ARN of something that makes no requests.
    #[error("the principal's ARN is not a user, role, session, account root or identity provider")]
    Kind,
    /// Neither an ARN nor a name that a service, a provider or a canonical user can have.
    #[error(
        "the principal must be an ARN, an account, a service or provider such as ecs.amazonaws.com, or *"
    )]
    Name,
}

impl Requester {
    /// Reads the principal of a request: an ARN of a user, role, assumed-role session, federated user, account root or
    /// identity provider; a 12-digit account (its root user); a service or provider name such as `ecs-tasks.amazonaws.com`;
    /// `*` or `anonymous` for an unsigned request.
    ///
    /// # Errors
    /// [`PrincipalError`] when the string names none of these.
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        let kind = match text {
            "" => return Err(PrincipalError::Empty),
            "*" | "anonymous" => Kind::Anonymous,
            _ if is_account(text) => Kind::Root { account: text.to_owned() },
            _ if Arn::is_meant(text) => Self::kind_of_arn(text)?,
            _ if is_name(text) => Kind::Named,
            _ => return Err(PrincipalError::Name),
        };
        Ok(Self { text: text.to_owned(), kind })
    }

    fn kind_of_arn(text: &str) -> Result<Kind, PrincipalError> {
        let parts = hole::fields(text, 6);
        let [_, partition, service, _, account, resource] = parts[..] else {
            return Err(PrincipalError::Arn);
        };
        let account = account.to_owned();
        let (family, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let named = !rest.is_empty();
        Ok(match (service, family) {
            ("iam", "root") => Kind::Root { account },
            ("iam", "user") if named => Kind::User { account },
            ("iam", "role") if named => Kind::Role {
                partition: partition.to_owned(),
                account,
                name: last_segment(rest).to_owned(),
                service_linked: rest.starts_with("aws-service-role/"),
            },
            ("sts", "assumed-role") if named => {
                let role = rest.split_once('/').map_or(rest, |(role, _)| role).to_owned();
                Kind::Session { partition: partition.to_owned(), account, role }
            }
            ("sts", "federated-user") if named => Kind::Federated { account, user: rest.to_owned() },
            ("iam", "saml-provider" | "oidc-provider") if named => Kind::Provider,
            _ => return Err(PrincipalError::Kind),
        })
    }

    /// The string that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The account that it belongs to; services, providers and anonymous requesters have none.
    pub fn account(&self) -> Option<&str> {
        match &self.kind {
            Kind::Root { account }
            | Kind::User { account }
            | Kind::Role { account, .. }
            | Kind::Session { account, .. }
            | Kind::Federated { account, .. } => Some(account),
            Kind::Anonymous | Kind::Provider | Kind::Named => None,
        }
    }

    /// What is known of every request that this principal makes; all other keys are unknown.
    ///
    /// It names itself, comes over TLS and is made by the principal itself, not by a service for it: a principal can always
    /// make such a request. A session's ARN leaves out the role's path, so there `aws:PrincipalArn` stays unknown.
    pub fn context(&self) -> Context {
        let mut context = Context::open();
        let mut set = |key: &str, value: &str| context.set(key, vec![value.to_owned()]);
        set("aws:SecureTransport", "true");
        set("aws:ViaAWSService", "false");
        set("aws:PrincipalIsAWSService", if matches!(self.kind, Kind::Named) { "true" } else { "false" });
        let kind = match &self.kind {
            Kind::Root { .. } => "Account",
            Kind::User { .. } => "User",
            Kind::Role { .. } | Kind::Session { .. } => "AssumedRole",
            Kind::Federated { .. } => "FederatedUser",
            Kind::Anonymous | Kind::Provider | Kind::Named => return context,
        };
        set("aws:PrincipalType", kind);
        if let Some(account) = self.account() {
            set("aws:PrincipalAccount", account);
        }
        if matches!(self.kind, Kind::Root { .. } | Kind::User { .. } | Kind::Role { .. }) {
            set("aws:PrincipalArn", &self.text);
        }
        // Only IAM users have a user name.
        let name = matches!(self.kind, Kind::User { .. }).then(|| last_segment(&self.text).to_owned());
        context.set("aws:username", name.into_iter().collect());
        context
    }

    pub(super) fn is_root(&self) -> bool {
        matches!(self.kind, Kind::Root { .. })
    }

    /// A `GetFederationToken` session has only what a session policy passes on to it.
    pub(super) fn needs_session_policy(&self) -> bool {
        matches!(self.kind, Kind::Federated { .. })
    }

    /// Organization policies bind the principals of member accounts, but not service-linked roles. A session's ARN shows
    /// no path, so there `aws:PrincipalArn` tells, and if that is not known the reserved name prefix.
    pub(super) fn is_service_linked(&self, context: &Context) -> bool {
        match &self.kind {
            Kind::Role { service_linked, .. } => *service_linked,
            Kind::Session { role, .. } => match context.lookup("aws:principalarn") {
                Lookup::Values([arn]) => arn.contains(":role/aws-service-role/"),
                _ => role.starts_with("AWSServiceRoleFor"),
            },
            _ => false,
        }
    }
}

/// One principal of a Principal or NotPrincipal element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalEntry {
    /// `*`: everyone, anonymous requesters included.
    Everyone,
    /// An account: its 12 digits, or the ARN of its root.
    Account(String),
    /// An ARN of a user, role, session or federated user, or the unique ID that stays when one was deleted.
    Aws(String),
    /// A service.
    Service(String),
    /// A SAML or OIDC provider.
    Provider(String),
    /// A canonical user (Amazon S3).
    CanonicalUser(String),
}

impl PrincipalEntry {
    /// Reads an entry of the `AWS` list.
    pub fn aws(text: &str) -> Self {
        let root = Arn::parse(text).filter(|arn| arn.service == "iam" && arn.resource == "root");
        match root {
            _ if text == "*" => Self::Everyone,
            Some(arn) => Self::Account(arn.account.to_owned()),
            None if is_account(text) => Self::Account(text.to_owned()),
            None => Self::Aws(text.to_owned()),
        }
    }

    /// Whether a hole leaves open if the entry names the requester. The same hole is the same account or principal.
    fn is_unknown_to(&self, requester: &Requester) -> bool {
        let asked = hole::has_unknown(&requester.text);
        match self {
            Self::Everyone => false,
            Self::Account(id) => {
                let own = requester.account();
                own.is_some()
                    && own != Some(id)
                    && (hole::has_unknown(id) || own.is_some_and(hole::has_unknown))
            }
            Self::Aws(text) if *text == requester.text => false,
            Self::Aws(text) => {
                let open = hole::has_unknown(text);
                let (mut entry, mut role) = (Vec::new(), Vec::new());
                hole::symbols(text, &mut entry);
                hole::symbols(&requester.text, &mut role);
                // Only whole ARNs can be compared; a session's names its role in another way.
                let comparable = matches!(requester.kind, Kind::Role { .. }) && Arn::is_meant(text);
                (open || (asked && requester.account().is_some()))
                    && (!comparable
                        || session_role_of(text).is_some()
                        || hole::matches(&entry, &role) != Truth::False)
            }
            Self::Service(text) | Self::Provider(text) | Self::CanonicalUser(text) => {
                *text != requester.text && hole::has_unknown(text)
            }
        }
    }

    fn reach(&self, requester: &Requester) -> Reached {
        if self.is_unknown_to(requester) {
            // It may name the requester itself.
            return Reached { reach: Reach::Direct, truth: Truth::Unknown };
        }
        let named =
            |text: &str| Reached::certain(if text == requester.text { Reach::Direct } else { Reach::None });
        match (self, &requester.kind) {
            (Self::Everyone, _) => Reached::certain(Reach::Direct),
            (Self::Account(id), Kind::Root { account }) if id == account => Reached::certain(Reach::Direct),
            (Self::Account(id), _) if requester.account() == Some(id) => Reached::certain(Reach::Account),
            (Self::Aws(arn), Kind::Session { partition, account, role }) if arn != &requester.text => {
                let same = role_of(arn) == Some((partition, account, role));
                Reached::certain(if same { Reach::Entity } else { Reach::None })
            }
            (Self::Aws(arn), Kind::Role { partition, account, name, .. }) => {
                if arn == &requester.text {
                    Reached::certain(Reach::Entity)
                } else if session_role_of(arn) == Some((partition, account, name)) {
                    // The policy names one session of the role, and the request does not say which one it is.
                    Reached { reach: Reach::Direct, truth: Truth::Unknown }
                } else {
                    Reached::certain(Reach::None)
                }
            }
            (Self::Aws(arn), Kind::Federated { account, user }) if arn != &requester.text => {
                let arn = Arn::parse(arn).filter(|arn| arn.service == "iam" && arn.account == account);
                let same = arn.and_then(|arn| arn.resource.strip_prefix("user/"));
                let same = same.is_some_and(|name| last_segment(name) == user);
                Reached::certain(if same { Reach::Entity } else { Reach::None })
            }
            (Self::Service(name) | Self::Provider(name), Kind::Named) if name == "*" => {
                Reached::certain(Reach::Direct)
            }
            (Self::Provider(name), Kind::Provider) if name == "*" => Reached::certain(Reach::Direct),
            (Self::Aws(text), Kind::Session { .. } | Kind::Federated { .. } | Kind::User { .. }) => {
                named(text)
            }
            (Self::Service(text) | Self::Provider(text) | Self::CanonicalUser(text), Kind::Named) => {
                named(text)
            }
            (Self::Provider(text), Kind::Provider) => named(text),
            _ => Reached::certain(Reach::None),
        }
    }
}

/// How a resource policy's statement reaches the requester. It decides which implicit denies still count: see
/// "Policy evaluation logic", "Resource-based policies and implicit denies in other policy types".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Not at all.
    None,
    /// Through its account, which must still delegate by an identity policy.
    Account,
    /// As its role, or as the user behind a federated session: boundaries and session policies still limit it.
    Entity,
    /// As itself, or as everyone.
    Direct,
}

/// A reach, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reached {
    reach: Reach,
    truth: Truth,
}

impl Reached {
    fn certain(reach: Reach) -> Self {
        Self { reach, truth: Truth::from(reach != Reach::None) }
    }
}

/// How sure it is that a statement reaches the requester, for each way to reach it. The ways are kept apart because a sure
/// weak one must not hide an unsure strong one: a policy that names a role and one of its sessions may grant more to the
/// session than to the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ways {
    pub(super) direct: Truth,
    pub(super) entity: Truth,
    pub(super) account: Truth,
}

impl Ways {
    pub(super) const NONE: Self = Self { direct: Truth::False, entity: Truth::False, account: Truth::False };

    pub(super) fn direct(truth: Truth) -> Self {
        Self { direct: truth, ..Self::NONE }
    }

    /// Whether it is reached in any way.
    pub(super) fn any(self) -> Truth {
        self.direct.or(self.entity).or(self.account)
    }

    /// Whether one of the ways is neither sure nor out of the question.
    pub(super) fn is_unsure(self) -> bool {
        [self.direct, self.entity, self.account].contains(&Truth::Unknown)
    }

    /// The same ways, if something else holds too.
    pub(super) fn and(self, truth: Truth) -> Self {
        let Self { direct, entity, account } = self;
        Self { direct: direct.and(truth), entity: entity.and(truth), account: account.and(truth) }
    }

    fn add(&mut self, Reached { reach, truth }: Reached) {
        let way = match reach {
            Reach::None => return,
            Reach::Account => &mut self.account,
            Reach::Entity => &mut self.entity,
            Reach::Direct => &mut self.direct,
        };
        *way = way.or(truth);
    }
}

/// How a statement of a resource policy reaches the requester. A statement without Principal reaches no one.
pub(super) fn reach(
    principals: Option<&Principals>,
    effect: Effect,
    requester: &Requester,
    bounded: bool,
) -> Ways {
    let Some(principals) = principals else { return Ways::NONE };
    if principals.negated {
        let truth = if effect == Effect::Deny && bounded {
            // "NotPrincipal with Deny will always deny any principal that has a permissions boundary attached."
            Truth::True
        } else {
            excepted(&principals.entries, effect, requester).negated()
        };
        return Ways::direct(truth);
    }
    let mut ways = Ways::NONE;
    for entry in &principals.entries {
        ways.add(entry.reach(requester));
    }
    ways
}

/// Whether a NotPrincipal list excepts the requester. AWS says that it "might" look at account, role and session one after
/// the other: naming only the role leaves its sessions undecided, and a role whose session is not given counts as excepted
/// if its account is named too, as AWS asks for. Naming the account does not except those in it, as AWS's own example (Bob
/// and his account, "all principals except Bob") shows; with Allow that is not documented.
fn excepted(entries: &[PrincipalEntry], effect: Effect, requester: &Requester) -> Truth {
    let names_account = || entries.iter().any(|entry| entry.reach(requester).reach == Reach::Account);
    let of = |entry: &PrincipalEntry| {
        let reached = entry.reach(requester);
        match reached.reach {
            Reach::None => Truth::False,
            Reach::Direct => reached.truth,
            Reach::Entity if matches!(requester.kind, Kind::Role { .. }) && names_account() => Truth::True,
            Reach::Entity => Truth::Unknown,
            Reach::Account if effect == Effect::Deny => Truth::False,
            Reach::Account => Truth::Unknown,
        }
    };
    entries.iter().map(of).fold(Truth::False, Truth::or)
}

/// Services and identity providers are named by host names, canonical users by 64 hexadecimal digits.
fn is_name(text: &str) -> bool {
    text.contains('.') || (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn last_segment(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

/// Partition, account and name of a role's ARN. A session's ARN leaves out the role's path, and names are unique in an
/// account, so the name decides.
fn role_of(arn: &str) -> Option<(&str, &str, &str)> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "iam")?;
    Some((arn.partition, arn.account, last_segment(arn.resource.strip_prefix("role/")?)))
}

fn session_role_of(arn: &str) -> Option<(&str, &str, &str)> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "sts")?;
    let (role, _) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some((arn.partition, arn.account, role))
}
