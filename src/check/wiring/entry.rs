//! Roles that a role can act as because their own trust policies name it: within one account nothing more is needed, no
//! policy of its own. Source: "AssumeRole" of the STS API reference ("attach a policy to the user … or add the user as a
//! principal directly in the role's trust policy").

use std::collections::BTreeSet;

use super::access::Access;
use super::excess::{self, Permitted};
use super::symbol::UNKNOWN_SYMBOL;
use super::{Role, Wiring, known, route};
use seaworthy_aws::{Place, Seen, Snapshot};
use seaworthy_iam::{Arn, Decision, Language, PolicySet, PrincipalEntry, Request, ResourceRule, evaluate};

/// Roles that are looked at.
const MAX_ROLES: usize = 500;

/// A role that lets another one in.
pub(super) struct Entry {
    /// Its name.
    pub(super) name: String,
    /// Its ARN.
    pub(super) arn: String,
    /// Where its trust policy is told of.
    pub(super) place: Place,
    /// The role by which it is entered, where that is another than the one that is asked about.
    pub(super) through: Option<String>,
    /// A secret that it reads for certain, and that is not permitted.
    pub(super) secret: Option<String>,
    /// What is gained by it, in words.
    pub(super) gains: String,
}

impl Entry {
    /// The role that the trust policy lets in: the one that is asked about, or the one in between.
    pub(super) fn let_in<'a>(&'a self, asked: &'a str) -> &'a str {
        self.through.as_deref().unwrap_or(asked)
    }

    /// Its name, and the role in between, for a sentence.
    pub(super) fn way(&self) -> String {
        self.through.as_ref().map_or_else(|| self.name.clone(), |hop| format!("{} through {hop}", self.name))
    }

    /// The worst of what is gained, for a sentence: `it can …`.
    pub(super) fn worst(&self) -> String {
        self.secret.as_ref().map_or_else(|| self.gains.clone(), |secret| format!("read {secret}"))
    }

    /// All that is gained, for a note.
    pub(super) fn note(&self) -> String {
        format!("as {} it can: {}", self.name, self.gains)
    }
}

/// All that a role can enter.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) open: Vec<Entry>,
    /// What could not be told: of what, and why.
    pub(super) doubts: Vec<(String, String)>,
}

/// How one role's trust policy answers another role.
enum Answer {
    /// It lets it in by itself.
    Names,
    /// It does so together with the other role's own policies.
    Agrees,
    Refuses,
    /// It cannot be said, for this reason.
    Unknown(String),
}

/// A role that another one can act as.
pub(super) struct Entered<'w> {
    /// Its name.
    pub(super) name: &'w String,
    /// What the snapshot says of it.
    pub(super) seen: &'w seaworthy_aws::Role,
    /// Its ARN.
    pub(super) arn: String,
    /// The role by which it is entered, where that is another than the one that is asked about.
    pub(super) through: Option<&'w String>,
    /// Whether the role that is asked about needs a policy of its own for it.
    is_route: bool,
    /// Why it is not certain, if so.
    pub(super) doubt: Option<String>,
}

/// The roles whose trust policies may let in others than services; most let in services alone.
pub(super) fn entrances(snapshot: &Snapshot) -> Vec<(&String, &seaworthy_aws::Role)> {
    let roles = snapshot.roles.iter().filter_map(|(name, role)| Some((name, role.value()?)));
    let is_open = |role: &seaworthy_aws::Role| {
        role.trust.value().is_none_or(|document| !lets_in_services_alone(&document.text))
    };
    roles.filter(|(_, role)| is_open(role)).collect()
}

/// All roles that `access` can act as, directly and through others; those in `extras` are accepted and lead to nothing. The
/// second answer is why not all were looked at, if so.
pub(super) fn entered<'w>(
    wiring: &'w Wiring<'_>,
    access: &Access<'_>,
    extras: &Language,
) -> (Vec<Entered<'w>>, Option<String>) {
    let mut out: Vec<Entered<'w>> = Vec::new();
    let mut roles = wiring.entrances.clone();
    let rest = (roles.len() > MAX_ROLES)
        .then(|| format!("there are more than {MAX_ROLES} roles; the rest was not looked at"));
    roles.truncate(MAX_ROLES);
    let mut known: BTreeSet<&str> = BTreeSet::from([access.name]);
    let mut hops: Vec<Option<&'w String>> = vec![None];
    // What hangs on something unknown comes after all that is certain, and what lies behind it hangs on it, too.
    let mut unsure: Vec<Entered<'w>> = Vec::new();
    loop {
        let (through, doubt) = match hops.pop() {
            Some(hop) => (hop, None),
            None => match unsure.pop() {
                Some(entered) if known.insert(entered.name) => {
                    let hop = (Some(entered.name), entered.doubt.clone());
                    out.push(entered);
                    hop
                }
                Some(_) => continue,
                None => break,
            },
        };
        let role = through.map(|name| Role::of_task(name.clone()));
        let hop = role.as_ref().map(|role| wiring.access(role));
        let from = match &hop {
            None => access,
            Some(Seen::Value(hop)) => hop,
            Some(_) => continue,
        };
        for (name, seen) in roles.iter().copied() {
            // Of a role that no source has, nothing is said, as of all the others of the account.
            let is_elsewhere = matches!(seen.trust, Seen::NotSeen(_)) && seen.policies_gap.is_some();
            let arn = wiring.role_arn(name, seen.arn.as_deref(), seen.path.as_deref());
            if known.contains(name.as_str()) || is_elsewhere || extras.contains(&arn) {
                continue;
            }
            let (is_route, why) = match answer(wiring, from, &arn, seen) {
                Answer::Refuses => continue,
                Answer::Unknown(why) => (false, Some(why)),
                // What the role's own policies let it assume is a route, and told as one.
                Answer::Agrees => (through.is_none(), doubt.clone()),
                Answer::Names => (false, doubt.clone()),
            };
            let entered = Entered { name, seen, arn, through, is_route, doubt: why };
            if entered.doubt.is_some() {
                unsure.push(entered);
                continue;
            }
            known.insert(name.as_str());
            hops.push(Some(name));
            out.push(entered);
        }
    }
    (out, rest)
}

/// What is gained by the roles that `access` can act as by their trust policies, and by roles behind those.
pub(super) fn entries(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    permitted: &Permitted,
    extras: &Language,
) -> Entries {
    let mut out = Entries::default();
    let (all, rest) = entered(wiring, access, extras);
    let what = || format!("roles whose trust policies name {}", access.name);
    out.doubts.extend(rest.map(|why| (what(), why)));
    for Entered { name, seen, arn, through, is_route, doubt } in all {
        if is_route {
            continue;
        }
        match (gains(wiring, name, permitted), doubt) {
            (Gains::Nothing, _) => {}
            (_, Some(why)) => {
                out.doubts.push((format!("whether {} can act as {name}", access.name), why));
            }
            (Gains::Unknown(why), None) => {
                out.doubts.push((format!("what {} gains as {name}", access.name), why));
            }
            (Gains::More { what, secret }, None) => {
                let trust = seen.trust.value().map(|document| document.place.clone());
                let place = trust.unwrap_or_else(|| seen.place.clone());
                let (name, through) = (name.clone(), through.cloned());
                out.open.push(Entry { name, arn, place, through, secret, gains: what });
            }
        }
    }
    out
}

/// How a role's trust policy answers another role.
fn answer(wiring: &Wiring<'_>, from: &Access<'_>, arn: &str, role: &seaworthy_aws::Role) -> Answer {
    let own = wiring.trust_of(role);
    let trust = match (own.policy, own.gap) {
        (Some(trust), None) => trust,
        (None, None) => return Answer::Refuses,
        (_, Some(gap)) => return Answer::Unknown(format!("its trust policy was not seen: {gap}")),
    };
    let account = Arn::account_of(arn);
    let decide = |trust: Option<_>, rule: ResourceRule| {
        let policies = PolicySet { resource: trust, resource_rule: rule, ..from.policies.clone() };
        let context = wiring.context_on(&from.principal, arn);
        Request::new(&from.principal, "sts:AssumeRole", arn, account, context)
            .map_or(Decision::Unknown, |request| evaluate(&policies, &request).decision)
    };
    match decide(Some(trust.clone()), ResourceRule::ByService) {
        Decision::Allowed if from.unseen_boundary.is_some() => {
            Answer::Unknown(format!("the permissions boundary of {} was not seen", from.name))
        }
        Decision::Allowed if decide(None, ResourceRule::Either) == Decision::Allowed => Answer::Agrees,
        Decision::Allowed => Answer::Names,
        Decision::Unknown => Answer::Unknown("it hangs on conditions that are not known".to_owned()),
        Decision::ExplicitlyDenied => Answer::Refuses,
        Decision::ImplicitlyDenied => {
            let entries = trust.statements.iter().filter_map(|s| s.principals.as_ref());
            let unknown = entries.flat_map(|p| &p.entries).any(|entry| match entry {
                PrincipalEntry::Aws(arn) | PrincipalEntry::Account(arn) => arn.contains(UNKNOWN_SYMBOL),
                _ => false,
            });
            match unknown {
                true => Answer::Unknown("whom its trust policy names is known only after apply".to_owned()),
                false => Answer::Refuses,
            }
        }
    }
}

/// Whether a trust policy certainly names no principal but services: no key `AWS`, no `*`, and no escape that may hide one.
fn lets_in_services_alone(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    !["\"aws\"", "*", "\\", "notprincipal"].iter().any(|mark| text.contains(mark))
}

/// What acting as a role gains.
enum Gains {
    /// It reads nothing more, and opens no route.
    Nothing,
    /// What, in words, and a secret that it reads for certain.
    More { what: String, secret: Option<String> },
    /// It cannot be said, for this reason.
    Unknown(String),
}

fn gains(wiring: &Wiring<'_>, name: &str, permitted: &Permitted) -> Gains {
    let role = Role::of_task(name.to_owned());
    let other = match wiring.access(&role) {
        Seen::Value(other) => other,
        Seen::Absent => return Gains::Nothing,
        Seen::NotSeen(gap) => return Gains::Unknown(gap.to_string()),
    };
    let reading = excess::reading(wiring, &other, permitted);
    let reach = reading.found.iter().find(|reach| !reach.elsewhere);
    let what = match reach {
        Some(reach) => Some(format!("{} on {}", reach.action, reach.witness)),
        None => {
            route::opened(wiring, &other, permitted).map(|route| format!("{} ({})", route.does, route.action))
        }
    };
    // A boundary that was not seen may close it.
    let missing = match what.is_some() {
        true => other.unseen_boundary.as_ref(),
        false => other.unseen.first(),
    };
    let unseen = missing.map(|m| format!("{} was not seen: {}", m.what, m.gap));
    match (what, unseen) {
        (_, Some(why)) => Gains::Unknown(why),
        (Some(what), None) => Gains::More { what, secret: known::readable_by(wiring, &other, permitted) },
        (None, None) => {
            reading.doubts.into_iter().next().map_or(Gains::Nothing, |doubt| Gains::Unknown(doubt.why))
        }
    }
}
