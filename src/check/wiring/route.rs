//! The routes of the IAM engine's table that are open to a role, each with a target and what is reached by it.

mod request;

use std::collections::BTreeMap;

use super::access::Access;
use super::excess::{self, Doubt, Excesses, Permitted, Question, Reach};
use super::{Role, Wiring, known, statement};
use request::{Anywhere, Passing, Place};
use seaworthy_aws::{PolicySource, Seen};
use seaworthy_iam::{
    Arn, Context, Decision, Effect, Gain, Glob, Language, PolicySet, ROUTES, Request, ResourceRule, Route,
    StatementRef, Witness, evaluate,
};

/// Roles that are set aside one after the other because nothing is gained by them.
const MAX_HARMLESS: usize = 32;
/// What passes a role to a service.
const PASSES: &str = "iam:PassRole";
/// Roles that are tried for a secret that one of them can read.
const MAX_TARGETS: usize = 50;

/// A route that is open.
pub(super) struct Open {
    /// The route.
    pub(super) route: &'static Route,
    /// A shortest target.
    pub(super) target: Witness,
    /// The statement that allows the route's action.
    pub(super) statement: Option<StatementRef>,
    /// What is reached by it for certain, in words: then it is as bad as reading it.
    pub(super) reaches: Option<String>,
}

/// All that is open to a role.
#[derive(Default)]
pub(super) struct Routes {
    pub(super) open: Vec<Open>,
    pub(super) doubts: Vec<Doubt>,
}

/// What is asked about one role.
struct Asked<'a, 'w> {
    wiring: &'a Wiring<'w>,
    access: &'a Access<'a>,
    policies: PolicySet,
    permitted: &'a Permitted,
    /// Whether an action is allowed on anything of its service, in any region or one.
    anywhere: BTreeMap<(&'static str, Option<String>), Anywhere>,
    /// What is open of passing a role to a service: many rows differ only in what they need besides.
    passed: BTreeMap<(&'static [&'static str], Passing), Excesses>,
    /// Where the requests of a route are made, as far as the policies ask: a role is passed within the other request.
    places: Vec<Place>,
}

/// What a deny or a boundary of the role keeps it from.
enum Fence {
    /// There is none, or it holds nothing back.
    None,
    /// A secret, or what else is read first.
    Holds(String),
    /// It cannot be said, for this reason.
    Unknown(String),
}

/// Whether what a route needs besides its own action is allowed.
enum Beside {
    Allowed,
    /// It cannot be said of this action, for this reason.
    Doubtful(&'static str, String),
}

/// The routes that are open to a role; targets in `extras` are accepted.
pub(super) fn routes(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    permitted: &Permitted,
    extras: &Language,
) -> Routes {
    // What a resource's own policy says of this role is asked for single targets, where it is known.
    let policies = PolicySet { resource_rule: ResourceRule::Either, ..access.policies.clone() };
    let mut asked = Asked::new(wiring, access, policies, permitted);
    let mut out = Routes::default();
    for route in ROUTES {
        if asked.may(route.action) && route.also.iter().all(|action| asked.may(action)) {
            asked.route(route, extras, &mut out);
        }
    }
    out
}

/// The first route whose actions a role may be allowed on anything: what a Deny or a boundary closes is none.
pub(super) fn opened(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    permitted: &Permitted,
) -> Option<&'static Route> {
    let policies = PolicySet { resource_rule: ResourceRule::Either, ..access.policies.clone() };
    let mut asked = Asked::new(wiring, access, policies, permitted);
    ROUTES.iter().find(|route| {
        let mut actions = std::iter::once(&route.action).chain(route.also);
        actions.all(|action| {
            asked.may(action) && !matches!(asked.anywhere(action, &Place::default()), Anywhere::No)
        })
    })
}

impl<'a, 'w> Asked<'a, 'w> {
    fn new(
        wiring: &'a Wiring<'w>,
        access: &'a Access<'a>,
        policies: PolicySet,
        permitted: &'a Permitted,
    ) -> Self {
        let places = request::places(access, &policies);
        let (anywhere, passed) = (BTreeMap::new(), BTreeMap::new());
        Self { wiring, access, policies, permitted, anywhere, passed, places }
    }
}

impl Asked<'_, '_> {
    /// Whether an identity policy may be about an action.
    fn may(&self, action: &str) -> bool {
        may(&self.policies, action)
    }

    fn route(&mut self, route: &'static Route, extras: &Language, out: &mut Routes) {
        let places = self.places_of(route);
        let besides: Vec<(Place, Beside)> =
            places.into_iter().filter_map(|place| self.beside(route, &place).map(|b| (place, b))).collect();
        if besides.is_empty() || route.gain == Gain::OwnTags && !asks_for_own_tags(&self.access.policies) {
            return;
        }
        let fence = match self.fence(route.gain) {
            Fence::Holds(what) => Some(what),
            Fence::None => None,
            Fence::Unknown(why) => {
                out.doubts.extend(self.may_act_on_itself(route).then(|| Doubt {
                    action: route.action,
                    resource: Some(self.access.principal.clone()),
                    why,
                }));
                None
            }
        };
        let set_aside = self.set_aside(route, extras, fence.is_some());
        let mut doubts = Vec::new();
        for (place, beside) in besides {
            let found = self.found_in(route, &place, &set_aside);
            match beside {
                Beside::Doubtful(action, why) => {
                    let first = found.found.first();
                    doubts.extend(first.map(|reach| Doubt {
                        action,
                        resource: None,
                        why: format!(
                            "{why}; with {} on {} it could {}",
                            route.action, reach.witness, route.does
                        ),
                    }));
                }
                Beside::Allowed if !found.found.is_empty() => {
                    for reach in found.found {
                        let reaches = self.reaches(route, &reach, fence.as_deref());
                        let (target, statement) = (reach.witness, reach.statement);
                        out.open.push(Open { route, target, statement, reaches });
                    }
                    // One region in which it is open is enough.
                    doubts = found.doubts;
                    break;
                }
                Beside::Allowed => {}
            }
            doubts.extend(found.doubts);
        }
        out.doubts.extend(doubts);
    }

    /// The open targets of a route in one place, through each service to which it may pass a role.
    fn found_in(&mut self, route: &'static Route, place: &Place, set_aside: &[Language]) -> Excesses {
        let mut found = Excesses::default();
        for service in self.services(route) {
            let passing = Passing::of(route, service, place);
            let known = (route.passed_to, passing.clone());
            let is_passed = route.action == PASSES;
            let mut more = match self.passed.get(&known).filter(|_| is_passed) {
                Some(more) => more.clone(),
                None => self.open_targets(route, &passing, set_aside.to_vec()),
            };
            if is_passed {
                self.passed.insert(known, more.clone());
            }
            let is_open = !more.found.is_empty();
            found.found.append(&mut more.found);
            found.doubts.append(&mut more.doubts);
            // One service to which the role may be passed is enough.
            if is_open {
                break;
            }
        }
        found
    }

    /// Whether all that a route needs besides its own action is allowed in a place; nothing if it is not.
    fn beside(&mut self, route: &Route, place: &Place) -> Option<Beside> {
        let mut out = Beside::Allowed;
        for action in route.also {
            match self.anywhere(action, place) {
                Anywhere::Yes => {}
                Anywhere::No => return None,
                Anywhere::Unknown(why) => out = Beside::Doubtful(action, why),
            }
        }
        Some(out)
    }

    /// Targets by which nothing is gained.
    fn set_aside(&self, route: &Route, extras: &Language, is_fenced: bool) -> Vec<Language> {
        let own = Language::glob(Glob::literal(&self.access.principal));
        let mut out = vec![extras.clone()];
        match route.gain {
            Gain::Role | Gain::PassedRole => out.push(own),
            // A fence that holds nothing back may go.
            Gain::InlineFence | Gain::ManagedFence | Gain::Boundary if !is_fenced => out.push(own),
            // Another role's tags are no tags of its own.
            Gain::OwnTags => {
                let place = self.wiring.placement;
                out.push(route.targets(place.partition(), place.account()).minus(&own));
            }
            // What it reads already it need not let itself into. By the policy of a secret it lets others in, too, and
            // itself to change it; a parameter's only shares it.
            Gain::SecretPolicy => out.push(self.permitted.parameters.clone()),
            _ => {}
        }
        out
    }

    /// The targets that are open, without those that are set aside and those by which nothing is gained.
    fn open_targets(
        &self,
        route: &'static Route,
        passing: &Passing,
        mut set_aside: Vec<Language>,
    ) -> Excesses {
        let place = self.wiring.placement;
        let targets = route.targets(place.partition(), place.account());
        let mut by_tags = self.by_tags(route, passing, &targets, &mut set_aside);
        let mut found = Excesses::default();
        for attempt in 0..=MAX_HARMLESS {
            let question = Question {
                action: route.action,
                universe: &targets,
                permitted: &Language::union(set_aside.iter().cloned()),
                context: self.context(passing),
                elsewhere: false,
            };
            found = Excesses::default();
            excess::add_excesses(self.access, &self.policies, &question, &mut found);
            let harmless: Vec<String> = found
                .found
                .iter()
                .map(|reach| reach.witness.text.clone())
                .filter(|arn| self.is_harmless(route, arn))
                .collect();
            if harmless.is_empty() {
                break;
            }
            if attempt == MAX_HARMLESS {
                found.found.retain(|reach| !harmless.contains(&reach.witness.text));
                found.doubts.push(Doubt {
                    action: route.action,
                    resource: None,
                    why: format!(
                        "nothing is gained by {MAX_HARMLESS} of its targets; the rest was not looked at"
                    ),
                });
                break;
            }
            set_aside.extend(harmless.iter().map(|arn| Language::glob(Glob::literal(arn))));
        }
        found.found.append(&mut by_tags.found);
        found.doubts.append(&mut by_tags.doubts);
        found
    }

    /// Whether the route's action may be allowed on the role itself.
    fn may_act_on_itself(&self, route: &Route) -> bool {
        let own = &self.access.principal;
        let request =
            Request::new(own, route.action, own, Arn::account_of(own), self.context(&Passing::default()));
        request.is_ok_and(|request| {
            let decision = evaluate(&self.policies, &request).decision;
            matches!(decision, Decision::Allowed | Decision::Unknown)
        })
    }

    /// What the role could read without its own fence of this kind.
    fn fence(&self, gain: Gain) -> Fence {
        let mut policies = self.access.policies.clone();
        match gain {
            Gain::Boundary => {
                if policies.boundaries.take().is_none() {
                    return Fence::None;
                }
            }
            Gain::InlineFence | Gain::ManagedFence => {
                let wanted = match gain {
                    Gain::InlineFence => PolicySource::Inline,
                    _ => PolicySource::Managed,
                };
                let mut taken = false;
                let all = policies.identity.iter_mut().zip(&self.access.identity_sources);
                for (policy, _) in all.filter(|(_, source)| **source == wanted) {
                    let before = policy.statements.len();
                    policy.statements.retain(|statement| statement.effect == Effect::Allow);
                    taken |= policy.statements.len() < before;
                }
                if !taken {
                    return Fence::None;
                }
            }
            _ => return Fence::None,
        }
        let free = self.access.with_policies(policies);
        let reading = excess::reading(self.wiring, &free, self.permitted);
        let now = excess::reading(self.wiring, self.access, self.permitted);
        let is_new = |reach: &&Reach| {
            !now.found.iter().any(|r| r.action == reach.action && r.witness.text == reach.witness.text)
        };
        let known = known::readable_by(self.wiring, &free, self.permitted);
        if let Some(first) = reading.found.iter().find(is_new) {
            return Fence::Holds(known.unwrap_or_else(|| first.witness.to_string()));
        }
        let is_open =
            |doubt: &&Doubt| !now.doubts.iter().any(|d| d.action == doubt.action && d.why == doubt.why);
        match reading.doubts.iter().find(is_open) {
            Some(doubt) => Fence::Unknown(format!(
                "what it would read without the fence is not known ({}: {})",
                doubt.action, doubt.why
            )),
            None => Fence::None,
        }
    }

    /// The role of the snapshot with this ARN, another than the one that is asked about.
    fn other(&self, arn: &str) -> Option<(&String, &seaworthy_aws::Role)> {
        let others = self.wiring.snapshot.roles.iter().filter_map(|(name, seen)| Some((name, seen.value()?)));
        others
            .filter(|(name, _)| *name != self.access.name)
            .find(|(name, role)| self.wiring.role_arn(name, role.arn.as_deref(), role.path.as_deref()) == arn)
    }

    /// Whether nothing is gained by a role: its trust policy is known and lets no one in by this route, or all that it
    /// may do is known, reads nothing that this role does not read, and opens no route of its own.
    fn is_harmless(&self, route: &Route, arn: &str) -> bool {
        if !matches!(route.gain, Gain::Role | Gain::PassedRole) {
            return false;
        }
        let Some((name, seen)) = self.other(arn) else { return false };
        if route.action != "iam:UpdateAssumeRolePolicy" && self.is_shut(route, arn, seen) {
            return true;
        }
        let role = Role::of_task(name.clone());
        let Seen::Value(other) = self.wiring.access(&role) else { return false };
        if !other.unseen.is_empty() || opened(self.wiring, &other, self.permitted).is_some() {
            return false;
        }
        let reading = excess::reading(self.wiring, &other, self.permitted);
        reading.found.is_empty() && reading.doubts.is_empty()
    }

    /// Whether a role's trust policy is known and certainly keeps the route shut.
    fn is_shut(&self, route: &Route, arn: &str, role: &seaworthy_aws::Role) -> bool {
        let own = self.wiring.trust_of(role);
        let (Some(trust), None) = (own.policy, own.gap) else { return false };
        let policies = PolicySet { resource: Some(trust), ..self.access.policies.clone() };
        let account = Arn::account_of(arn);
        self.services(route).into_iter().all(|service| {
            let (who, context) = match &service {
                Some(service) => (service.as_str(), Context::open()),
                None => (self.access.principal.as_str(), self.wiring.context(&self.access.principal)),
            };
            Request::new(who, "sts:AssumeRole", arn, account, context).is_ok_and(|request| {
                let decision = evaluate(&policies, &request).decision;
                matches!(decision, Decision::ImplicitlyDenied | Decision::ExplicitlyDenied)
            })
        })
    }

    /// What is certainly reached by an open route.
    fn reaches(&self, route: &'static Route, reach: &Reach, fence: Option<&str>) -> Option<String> {
        let own = &self.access.principal;
        let beyond = || known::not_permitted(self.wiring, self.permitted).map(|s| format!(", such as {s}"));
        let everything = |what: &str| {
            Some(format!("{what}, and so read every secret of the account{}", beyond().unwrap_or_default()))
        };
        match route.gain {
            Gain::Permissions if self.allows(route, own) => everything("write its own permissions"),
            Gain::ManagedPolicy => {
                let own = self.access.seen.policies.iter().filter(|p| p.source == PolicySource::Managed);
                let own = own.map(|policy| policy.name.to_string());
                let own =
                    own.filter(|arn| !arn.contains(":iam::aws:")).find(|arn| self.allows(route, arn))?;
                everything(&format!("rewrite {own}, which it has"))
            }
            Gain::InlineFence | Gain::ManagedFence | Gain::Boundary if self.allows(route, own) => {
                fence.map(|secret| format!("take off what keeps it from {secret}"))
            }
            // It reads it already.
            Gain::SecretPolicy if self.permitted.secrets.contains(&reach.witness.text) => None,
            Gain::SecretPolicy if route.action.contains("Put") => {
                let secret = known::not_permitted(self.wiring, self.permitted);
                Some(format!("read {}", secret.unwrap_or_else(|| reach.witness.to_string())))
            }
            Gain::Role | Gain::PassedRole => self.through_a_role(route),
            Gain::Code if route.action.starts_with("ecs:") => self.through_a_task(),
            _ => None,
        }
    }

    /// A secret that another role can read, where that role is a target.
    fn through_a_role(&self, route: &'static Route) -> Option<String> {
        let roles = self.wiring.snapshot.roles.iter().filter_map(|(name, seen)| Some((name, seen.value()?)));
        let others = roles.filter(|(name, _)| *name != self.access.name).filter(|(name, role)| {
            let arn = self.wiring.role_arn(name, role.arn.as_deref(), role.path.as_deref());
            let is_open = route.action == "iam:UpdateAssumeRolePolicy" || !self.is_shut(route, &arn, role);
            self.allows(route, &arn) && is_open
        });
        others.take(MAX_TARGETS).find_map(|(name, _)| self.read_by(name))
    }

    /// A secret that a task's role can read and this one cannot.
    fn through_a_task(&self) -> Option<String> {
        let tasks = self.wiring.snapshot.tasks.values().filter_map(Seen::value);
        let roles = tasks.filter_map(|task| self.wiring.text(task.task_role.value()?));
        let names = roles.map(|role| role.rsplit('/').next().unwrap_or_default().to_owned());
        let others: Vec<String> = names.filter(|name| name != self.access.name).take(MAX_TARGETS).collect();
        others.iter().find_map(|name| self.read_by(name))
    }

    fn read_by(&self, name: &str) -> Option<String> {
        let role = Role::of_task(name.to_owned());
        let Seen::Value(other) = self.wiring.access(&role) else { return None };
        let secret = known::readable_by(self.wiring, &other, self.permitted)?;
        Some(format!("read {secret} as {name}"))
    }
}

const TOO_COMPLEX: &str = "the policies are too complex to be compared in full";

/// Whether a policy that decides for the role hangs on its tags.
fn asks_for_own_tags(policies: &PolicySet) -> bool {
    let names = |text: &str| text.to_lowercase().contains("aws:principaltag/");
    statement::binding(policies).into_iter().any(|of| statement::texts(of).any(names))
}

fn may(policies: &PolicySet, action: &str) -> bool {
    let statements = policies.identity.iter().flat_map(|policy| &policy.statements);
    statements.filter(|s| s.effect == Effect::Allow).any(|statement| statement.may_cover(action))
}
