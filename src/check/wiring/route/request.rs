//! The requests of a route: where they are made, to which service a role is passed, and what is known of them.

use super::super::access::Access;
use super::super::excess::{self, Excesses, Question};
use super::super::{region, statement};
use super::{Asked, PASSES, TOO_COMPLEX};
use seaworthy_iam::{
    Arn, Context, Decision, Glob, Language, PolicySet, Privilege, Query, Request, Route, Undecided, evaluate,
};

/// What a role is passed to become the role of.
const ASSOCIATED: &str = "iam:AssociatedResourceArn";
/// Targets whose tags are known that are asked about one after the other.
const MAX_TAGGED: usize = 500;

/// A region in which requests are made, with the resources that they can be about; any, where no policy asks for it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) resources: Language,
    pub(super) region: Option<String>,
}

impl Default for Place {
    /// Any region.
    fn default() -> Self {
        Self { resources: Language::everything(), region: None }
    }
}

/// How a role is passed.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Passing {
    service: Option<String>,
    region: Option<String>,
    /// The service in the ARN of what gets the role, where the route tells it.
    associated: Option<&'static str>,
}

impl Passing {
    /// The way that a route goes, in a place.
    pub(super) fn of(route: &'static Route, service: Option<String>, place: &Place) -> Self {
        let mut also = route.also.iter().filter_map(|action| action.split(':').next());
        let first = also.next();
        let passed = service.as_deref().and_then(|service| service.split('.').next());
        let is_same = passed
            .zip(first)
            .is_some_and(|(passed, first)| passed == first || (passed, first) == ("ecs-tasks", "ecs"));
        let associated = first.filter(|first| is_same && also.all(|other| other == *first));
        Self { service, region: place.region.clone(), associated }
    }
}

/// Whether an action is allowed on something.
#[derive(Clone)]
pub(super) enum Anywhere {
    Yes,
    No,
    Unknown(String),
}

/// Where requests are made, as far as the policies ask for the region.
pub(super) fn places(access: &Access<'_>, policies: &PolicySet) -> Vec<Place> {
    if !access.is_placed {
        return vec![Place::default()];
    }
    let all = region::apart(policies, &access.principal, None, &Language::everything());
    all.into_iter().map(|(resources, region)| Place { resources, region }).collect()
}

/// Whether a condition on a key may hold where a request does not have the key.
fn holds_without(policies: &PolicySet, key: &str) -> bool {
    let all = statement::binding(policies).into_iter().flat_map(|s| &s.conditions);
    all.filter(|condition| condition.key().eq_ignore_ascii_case(key)).any(|condition| {
        let operator = condition.operator().to_string();
        operator.ends_with("IfExists") || operator == "Null" || operator.starts_with("ForAllValues")
    })
}

impl Asked<'_, '_> {
    /// The places in which a route may be open: a role is passed within the request of another action.
    pub(super) fn places_of(&self, route: &Route) -> Vec<Place> {
        if route.action == PASSES { self.places.clone() } else { vec![Place::default()] }
    }

    /// What is known of the requests of a route.
    pub(super) fn context(&self, passing: &Passing) -> Context {
        let mut context = self.wiring.context(&self.access.principal);
        if let Some(service) = &passing.service {
            context.set("iam:PassedToService", vec![service.clone()]);
        }
        if let Some(region) = &passing.region {
            context.set(region::REQUESTED, vec![region.clone()]);
        }
        // Whether a service tells it is not documented for each: a condition that holds where it is not told is open.
        if let Some(of) = passing.associated.filter(|_| !holds_without(&self.policies, ASSOCIATED)) {
            let place = self.wiring.placement;
            let (partition, account) = (place.partition(), place.account());
            let arn = format!("arn:{partition}:{of}:${{unknown:its region}}:{account}:${{unknown:its name}}");
            context.set(ASSOCIATED, vec![arn]);
        }
        // The role asks for itself, not an AWS resource.
        context.set("kms:GrantIsForAWSResource", vec!["false".to_owned()]);
        context
    }

    /// Whether an action is allowed on anything of its service, or where it takes no resource.
    pub(super) fn anywhere(&mut self, action: &'static str, place: &Place) -> Anywhere {
        let partition = self.wiring.placement.partition();
        // What has one endpoint for the partition is asked there, wherever the rest happens.
        let is_global = region::service_of(action).and_then(|s| region::of_global(s, partition)).is_some();
        let whole = Place::default();
        let place = if is_global { &whole } else { place };
        let key = (action, place.region.clone());
        if let Some(known) = self.anywhere.get(&key) {
            return known.clone();
        }
        let service = action.split(':').next().unwrap_or_default();
        let arns = Arn { partition, service, region: "*", account: "*", resource: "?*" }.to_string();
        let all = Language::union([Language::from(arns.as_str()), Language::glob(Glob::literal("*"))]);
        let all = Language::intersection([all, place.resources.clone()]);
        let mut context = self.wiring.context(&self.access.principal);
        if let Some(region) = &place.region {
            context.set(region::REQUESTED, vec![region.clone()]);
        }
        let parts = self.access.by_region(&self.policies, region::service_of(action), &all, &context);
        let mut answer = Anywhere::No;
        for (universe, context) in parts {
            answer = match (answer, self.is_anywhere_in(action, &universe, context)) {
                (Anywhere::Yes, _) | (_, Anywhere::Yes) => Anywhere::Yes,
                (Anywhere::No, other) | (other, Anywhere::No) => other,
                (one, Anywhere::Unknown(_)) => one,
            };
        }
        self.anywhere.insert(key, answer.clone());
        answer
    }

    /// Whether an action is allowed on some of a universe.
    fn is_anywhere_in(&self, action: &str, universe: &Language, context: Context) -> Anywhere {
        let query = Query::new(&self.policies, &self.access.principal, action, None, context);
        match query.map(|q| q.with_limits(self.access.limits.clone())) {
            Err(error) => Anywhere::Unknown(error.to_string()),
            Ok(query) => match query.excess(universe, &Language::nothing()) {
                Privilege::Exact => Anywhere::No,
                Privilege::Excess(_) => Anywhere::Yes,
                Privilege::Undecided(Undecided::TooComplex) => Anywhere::Unknown(TOO_COMPLEX.to_owned()),
                Privilege::Undecided(Undecided::Conditional { uncertainties, .. }) => {
                    Anywhere::Unknown(statement::open_questions(&self.policies, &uncertainties))
                }
            },
        }
    }

    /// The services to which a route may pass a role, or nothing once if it passes none. Some have a name of their own in the
    /// partition of China.
    pub(super) fn services(&self, route: &Route) -> Vec<Option<String>> {
        let suffixes: &[&str] =
            if self.wiring.placement.partition() == "aws-cn" { &["", ".cn"] } else { &[""] };
        if route.passed_to.is_empty() {
            return vec![None];
        }
        let named = route.passed_to.iter().flat_map(|service| suffixes.iter().map(move |end| (service, end)));
        named.map(|(service, end)| Some(format!("{service}{end}"))).collect()
    }

    /// Whether the route's action is allowed on one target.
    pub(super) fn allows(&self, route: &'static Route, arn: &str) -> bool {
        let account = Arn::account_of(arn);
        let is_allowed = |passing: &Passing| {
            let mut context = self.context(passing);
            self.wiring.add_tags(&mut context, arn);
            Request::new(&self.access.principal, route.action, arn, account, context)
                .is_ok_and(|request| evaluate(&self.policies, &request).decision == Decision::Allowed)
        };
        let places = self.places_of(route);
        let mut services = self.services(route).into_iter();
        services
            .any(|service| places.iter().any(|place| is_allowed(&Passing::of(route, service.clone(), place))))
    }

    /// What is open of the targets whose tags are known, one after the other, where a policy asks for tags of what is asked
    /// about. They are set aside then.
    pub(super) fn by_tags(
        &self,
        route: &'static Route,
        passing: &Passing,
        targets: &Language,
        set_aside: &mut Vec<Language>,
    ) -> Excesses {
        let mut found = Excesses::default();
        let asks = |text: &str| text.to_ascii_lowercase().contains("resourcetag/");
        if !statement::binding(&self.policies).into_iter().any(|said| statement::texts(said).any(asks)) {
            return found;
        }
        let nothing = Language::nothing();
        let known = self.wiring.tags.keys().filter(|arn| targets.contains(arn)).take(MAX_TAGGED);
        for arn in known {
            let universe = Language::glob(Glob::literal(arn));
            if set_aside.iter().any(|aside| aside.contains(arn)) {
                continue;
            }
            set_aside.push(universe.clone());
            if self.is_harmless(route, arn) {
                continue;
            }
            let mut context = self.context(passing);
            self.wiring.add_tags(&mut context, arn);
            let (action, permitted) = (route.action, &nothing);
            let question = Question { action, universe: &universe, permitted, context, elsewhere: false };
            // The same statement may let it at many targets, and one is enough for each.
            let mut one = Excesses::default();
            excess::add_excesses(self.access, &self.policies, &question, &mut one);
            let is_new =
                |reach: &super::Reach| !found.found.iter().any(|known| known.statement == reach.statement);
            let new: Vec<_> = one.found.into_iter().filter(is_new).collect();
            found.found.extend(new);
            found.doubts.append(&mut one.doubts);
        }
        found
    }
}
