//! A role of the snapshot as the IAM engine takes it: its policies, boundary and the organization's, and what of them
//! no one saw.

use super::{Extra, Role, RoleKind, Wiring, region};
use crate::check::Answers;
use crate::finding::CheckMeta;
use jiff::civil::Date;
use seaworthy_aws::{self, Document, Gap, Place, PolicySource, Seen};
use seaworthy_iam::{
    Arn, Context, Language, Layer, Limits, Policy, PolicySet, Request, Requester, StatementRef,
};

/// A part of a role that no one saw.
pub(super) struct Missing {
    /// What it is.
    pub(super) what: String,
    /// Why it was not seen.
    pub(super) gap: Gap,
    /// Where it would be.
    pub(super) place: Place,
}

/// A role that was seen, ready to be asked about.
pub(super) struct Access<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// What the contract says of it.
    pub(super) role: &'a Role,
    /// What the snapshot says of it.
    pub(super) seen: &'a seaworthy_aws::Role,
    /// Its ARN.
    pub(super) principal: String,
    /// What is known of its policies.
    pub(super) policies: PolicySet,
    /// Identity policies that may exist or may say more: they may allow, and they may deny.
    pub(super) unseen: Vec<Missing>,
    /// The permissions boundary, if it may exist and was not seen: it can only take away.
    pub(super) unseen_boundary: Option<Missing>,
    /// Bounds of the proofs about this role.
    pub(super) limits: Limits,
    /// Whether the region that is looked at is known.
    pub(super) is_placed: bool,
    /// How each identity policy is attached.
    pub(super) identity_sources: Vec<PolicySource>,
    /// Where each identity policy is told of, and what it says.
    identity_documents: Vec<&'a Document>,
    boundary_place: Option<&'a Place>,
}

/// What could stop a request and is told by name.
const MAX_OBSTACLES: usize = 8;

/// Steps of the proofs of one question, one role and one run. Policies that people write take a thousandth of it.
const QUESTION_STEPS: usize = 10_000_000;
const ROLE_STEPS: usize = 20_000_000;
pub(super) const RUN_STEPS: usize = 240_000_000;

impl Wiring<'_> {
    fn limits(&self) -> Limits {
        Limits { steps: QUESTION_STEPS, budget: Some(self.budget.part(ROLE_STEPS)), ..Limits::default() }
    }

    /// The role as it can be asked about; nothing if it was not seen.
    pub(super) fn access<'r>(&'r self, role: &'r Role) -> Seen<Access<'r>> {
        match self.snapshot.role(&role.name) {
            Seen::Value(seen) => Seen::Value(self.access_of(role, seen)),
            Seen::Absent => Seen::Absent,
            Seen::NotSeen(gap) => Seen::NotSeen(gap),
        }
    }

    /// Judges each of these roles that was seen. One that was not is not checked, and neither are the parts of the others
    /// that were not; of a role that does not exist there is nothing to judge.
    pub(super) fn each_role<'r>(
        &'r self,
        meta: &'static CheckMeta,
        roles: impl IntoIterator<Item = &'r Role>,
        answers: &mut Answers,
        mut judge: impl FnMut(&Access<'r>, &mut Answers),
    ) {
        for role in roles {
            match self.access(role) {
                Seen::Absent => {}
                Seen::NotSeen(gap) => answers.not_checked.push(self.not_checked(
                    meta,
                    self.nowhere(&role.name),
                    format!("role {}", role.name),
                    gap.to_string(),
                )),
                Seen::Value(access) => {
                    access.tell(self, meta, answers);
                    judge(&access, answers);
                }
            }
        }
    }

    /// The contract's roles of one kind.
    pub(super) fn roles_of(&self, kind: RoleKind) -> impl Iterator<Item = &Role> {
        self.expectations.roles.iter().filter(move |role| role.kind == kind)
    }

    fn access_of<'r>(&'r self, role: &'r Role, seen: &'r seaworthy_aws::Role) -> Access<'r> {
        let arn = seen.arn.as_deref().or(role.arn.as_deref());
        let mut access = Access {
            name: &role.name,
            role,
            seen,
            principal: self.role_arn(&role.name, arn, seen.path.as_deref()),
            policies: PolicySet { scps: self.organization.to_vec(), ..PolicySet::default() },
            unseen: Vec::new(),
            unseen_boundary: None,
            limits: self.limits(),
            is_placed: self.placement.known_region().is_some(),
            identity_sources: Vec::new(),
            identity_documents: Vec::new(),
            boundary_place: None,
        };
        if let (Some(wanted), Some(there)) = (&role.arn, &seen.arn)
            && wanted != there
        {
            access.miss(
                format!("role {}", role.name),
                Gap::new(format!("the contract means {wanted}, and the role of this name is {there}")),
                &seen.place,
            );
        }
        if let Some(gap) = &seen.policies_gap {
            access.miss(format!("list of policies of the role {}", role.name), gap.clone(), &seen.place);
        }
        for attached in &seen.policies {
            let name = attached.name.to_string();
            let what = format!("policy {name} of the role {}", role.name);
            match &attached.document {
                Seen::Value(document) => match self.policy(&name, document) {
                    Ok(policy) => {
                        let doubt = doubt(self, &policy);
                        access.policies.identity.push(policy);
                        access.identity_documents.push(document);
                        access.identity_sources.push(attached.source);
                        if let Some(gap) = doubt {
                            access.miss(what, gap, &document.place);
                        }
                    }
                    Err(gap) => access.miss(what, gap, &document.place),
                },
                Seen::NotSeen(gap) => access.miss(what, gap.clone(), &seen.place),
                Seen::Absent => access.miss(what, Gap::new("it is attached and is not there"), &seen.place),
            }
        }
        self.bound(&mut access);
        access
    }

    fn bound<'r>(&'r self, access: &mut Access<'r>) {
        let what = || format!("permissions boundary of the role {}", access.name);
        let (gap, place) = match &access.seen.boundary {
            Seen::Absent => return,
            Seen::NotSeen(gap) => (gap.clone(), &access.seen.place),
            Seen::Value(document) => match self.policy("the permissions boundary", document) {
                Ok(policy) => {
                    let doubt = doubt(self, &policy);
                    access.policies.boundaries = Some(vec![policy]);
                    access.boundary_place = Some(&document.place);
                    match doubt {
                        None => return,
                        // What it names may or may not be what is asked about: it counts as unseen.
                        Some(gap) => {
                            access.policies.boundaries = None;
                            (gap, &document.place)
                        }
                    }
                }
                Err(gap) => (gap, &document.place),
            },
        };
        access.unseen_boundary = Some(Missing { what: what(), gap, place: place.clone() });
    }

    /// A policy's document, read by the grammar. What is wrong with it is named by its place and never quoted.
    pub(super) fn policy(&self, name: &str, document: &Document) -> Result<Policy, Gap> {
        Policy::read(name, &self.policy_text(&document.text)).map_err(|error| {
            Gap::new(format!("it cannot be read as a policy: {}: {}", error.at, error.reason))
        })
    }

    /// What is known of every request of a role: it names itself, in its own account and region.
    pub(super) fn context(&self, principal: &str) -> Context {
        let mut context = Requester::parse(principal).map_or_else(|_| Context::open(), |r| r.context());
        if let Some(account) = self.placement.known_account() {
            context.set("aws:ResourceAccount", vec![account.to_owned()]);
        }
        // A session of a role that a service assumed has none.
        context.set("aws:MultiFactorAuthPresent", Vec::new());
        let name = principal.rsplit('/').next().unwrap_or_default();
        let tags = self.snapshot.roles.get(name).and_then(Seen::value).map(|role| &role.tags);
        for (key, value) in tags.into_iter().flatten() {
            context.set(&format!("aws:PrincipalTag/{key}"), vec![value.clone()]);
        }
        context
    }

    /// The region of requests on a resource, if that is known.
    fn region_of<'t>(&self, arn: &Arn<'t>) -> Option<&'t str> {
        self.placement.known_region()?;
        let own = Some(arn.region).filter(|region| region::is_name(region));
        own.or_else(|| region::of_global(arn.service, arn.partition))
    }

    /// The same for a request on a resource: it is made in the region that the resource is in, where that is known.
    pub(super) fn context_on(&self, principal: &str, resource: &str) -> Context {
        let mut context = self.context(principal);
        if let Some(region) = Arn::parse(resource).and_then(|arn| self.region_of(&arn)) {
            context.set(region::REQUESTED, vec![region.to_owned()]);
        }
        self.add_tags(&mut context, resource);
        context
    }

    /// The tags of what a request is about, as far as they are known.
    pub(super) fn add_tags(&self, context: &mut Context, resource: &str) {
        for (key, value) in self.tags.get(resource).into_iter().flat_map(|tags| tags.iter()) {
            let service = resource.split(':').nth(2).unwrap_or_default();
            for name in ["aws:ResourceTag", &format!("{service}:ResourceTag")] {
                context.set(&format!("{name}/{key}"), vec![value.clone()]);
            }
        }
    }
}

/// Why the policy's resources cannot be compared.
fn doubt(wiring: &Wiring<'_>, policy: &Policy) -> Option<Gap> {
    let resources = policy.statements.iter().filter_map(|s| s.resources.as_ref());
    resources.flat_map(|r| &r.written).find_map(|text| wiring.placement.doubt(text))
}

impl<'a> Access<'a> {
    /// The same role with other policies.
    pub(super) fn with_policies(&self, policies: PolicySet) -> Access<'a> {
        Access {
            name: self.name,
            role: self.role,
            seen: self.seen,
            principal: self.principal.clone(),
            policies,
            unseen: Vec::new(),
            unseen_boundary: None,
            limits: self.limits.clone(),
            is_placed: self.is_placed,
            identity_sources: self.identity_sources.clone(),
            identity_documents: self.identity_documents.clone(),
            boundary_place: self.boundary_place,
        }
    }

    /// The ARNs that the contract accepts of the role on a day.
    pub(super) fn accepted(&self, today: Date) -> Language {
        let holds = |extra: &&Extra| extra.expires.is_none_or(|day| today <= day);
        Language::union(self.role.extras.iter().filter(holds).map(|e| Language::from(e.resource.as_str())))
    }

    fn miss(&mut self, what: String, gap: Gap, place: &Place) {
        self.unseen.push(Missing { what, gap, place: place.clone() });
    }

    /// The parts of a universe with what is known of requests on them: their region counts where a policy asks for it.
    pub(super) fn by_region(
        &self,
        policies: &PolicySet,
        service: Option<&str>,
        universe: &Language,
        context: &Context,
    ) -> Vec<(Language, Context)> {
        if !self.is_placed || context.tells_of(region::REQUESTED) {
            return vec![(universe.clone(), context.clone())];
        }
        let parts = region::apart(policies, &self.principal, service, universe);
        let told = parts.into_iter().map(|(universe, region)| {
            let mut context = context.clone();
            if let Some(region) = region {
                context.set(region::REQUESTED, vec![region]);
            }
            (universe, context)
        });
        told.collect()
    }

    /// Where a statement is told of: its own line where that is known, else that of its policy.
    pub(super) fn place(&self, of: StatementRef) -> Place {
        let document = self.identity_documents.get(of.policy).filter(|_| of.layer == Layer::Identity);
        let boundary = self.boundary_place.filter(|_| of.layer == Layer::Boundary);
        let place = document.map(|document| &document.place).or(boundary).unwrap_or(&self.seen.place);
        let line = document.and_then(|document| document.lines.get(of.statement)).copied();
        Place { line: line.or(place.line), ..place.clone() }
    }

    /// A statement of an identity policy as it is written.
    pub(super) fn written(&self, of: StatementRef) -> Option<serde_json::Value> {
        let document = self.identity_documents.get(of.policy).filter(|_| of.layer == Layer::Identity)?;
        let text: serde_json::Value = serde_json::from_str(&document.text).ok()?;
        let statements = text.get("Statement")?;
        let one = if statements.is_array() { statements.get(of.statement) } else { Some(statements) };
        one.cloned()
    }

    /// All other statements of the identity policies as they are written.
    pub(super) fn written_beside(&self, of: StatementRef) -> Vec<serde_json::Value> {
        let mut all = Vec::new();
        for (policy, document) in self.identity_documents.iter().enumerate() {
            let text: Option<serde_json::Value> = serde_json::from_str(&document.text).ok();
            let statements = match text.as_ref().and_then(|t| t.get("Statement")) {
                Some(serde_json::Value::Array(items)) => items.clone(),
                Some(one) => vec![one.clone()],
                None => Vec::new(),
            };
            let is_own = |index: usize| of.policy == policy && of.statement == index;
            all.extend(statements.into_iter().enumerate().filter(|(i, _)| !is_own(*i)).map(|(_, s)| s));
        }
        all
    }

    /// Why nothing stops a request that is allowed, for a note.
    pub(super) fn unstopped(
        &self,
        policies: &PolicySet,
        action: &str,
        resource: &str,
        context: Context,
    ) -> Option<String> {
        let account = resource.split(':').nth(4).filter(|account| !account.is_empty());
        let request = Request::new(&self.principal, action, resource, account, context).ok()?;
        let obstacles = policies.obstacles(&request);
        let told: Vec<String> = obstacles.iter().take(MAX_OBSTACLES).map(ToString::to_string).collect();
        let more = match obstacles.len().saturating_sub(MAX_OBSTACLES) {
            0 => String::new(),
            more => format!("; and {more} more Deny statements that do not apply"),
        };
        Some(format!("nothing stops {action} on {resource}: {}{more}", told.join("; ")))
    }

    /// Tells what was not seen of the role.
    pub(super) fn tell(&self, wiring: &Wiring<'_>, meta: &'static CheckMeta, answers: &mut Answers) {
        for missing in self.unseen.iter().chain(&self.unseen_boundary) {
            let origin = wiring.origin(&missing.place);
            answers.not_checked.push(wiring.not_checked(
                meta,
                origin,
                missing.what.clone(),
                missing.gap.to_string(),
            ));
        }
    }
}
