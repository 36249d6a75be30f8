//! Roles that a role can act as because their own trust policies name it: within one account nothing more is needed, no
//! policy of its own. Source: "AssumeRole" of the STS API reference ("attach a policy to the user … or add the user as a
//! principal directly in the role's trust policy").

use std::collections::BTreeSet;

use super::access::Access;
use super::excess::{self, Permitted};
use super::{Role, Wiring, known, route};
use seaworthy_aws::{Place, Seen};
use seaworthy_iam::{Arn, Decision, Language, PolicySet, PrincipalEntry, Request, ResourceRule, evaluate};

/// Roles that are looked at.
const MOST: usize = 500;
/// How a policy's text begins where a value is not known.
const UNKNOWN: &str = "${unknown:";

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

/// The roles that `access` can act as by their trust policies, and roles behind those; targets in `extras` are accepted.
pub(super) fn entries(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    permitted: &Permitted,
    extras: &Language,
) -> Entries {
    let mut out = Entries::default();
    let seen = wiring.snapshot.roles.iter().filter_map(|(name, role)| Some((name, role.value()?)));
    let roles: Vec<(&String, &seaworthy_aws::Role)> = seen.take(MOST).collect();
    if wiring.snapshot.roles.len() > MOST {
        let what = format!("roles whose trust policies name {}", access.name);
        out.doubts.push((what, format!("there are more than {MOST} roles; the rest was not looked at")));
    }
    let mut entered: BTreeSet<&str> = BTreeSet::from([access.name]);
    let mut queue: Vec<(Option<&String>, Option<Role>)> = vec![(None, None)];
    while let Some((through, role)) = queue.pop() {
        let hop = role.as_ref().map(|role| wiring.access(role));
        let from = match &hop {
            None => access,
            Some(Seen::Value(hop)) => hop,
            Some(_) => continue,
        };
        for (name, seen) in roles.iter().copied() {
            // Of a role that no source has, nothing is said, as of all the others of the account.
            let is_elsewhere = matches!(seen.trust, Seen::NotSeen(_)) && seen.policies_gap.is_some();
            if entered.contains(name.as_str()) || is_elsewhere {
                continue;
            }
            let arn = wiring.role_arn(name, seen.arn.as_deref(), seen.path.as_deref());
            let answer = answer(wiring, from, &arn, seen);
            if matches!(answer, Answer::Refuses) || extras.contains(&arn) {
                continue;
            }
            let target = Role::of_task(name.clone());
            let Seen::Value(other) = wiring.access(&target) else { continue };
            // What the role's own policies let it assume is a route, and told as one.
            let is_route = matches!(answer, Answer::Agrees) && through.is_none();
            let gains = gains(wiring, &other, permitted);
            if let Answer::Unknown(why) = answer {
                if !matches!(gains, Ok(None)) {
                    out.doubts.push((format!("whether {} can act as {name}", access.name), why));
                }
                continue;
            }
            entered.insert(name.as_str());
            queue.push((Some(name), Some(Role::of_task(name.clone()))));
            match gains {
                _ if is_route => {}
                Ok(None) => {}
                Err(why) => out.doubts.push((format!("what {} gains as {name}", access.name), why)),
                Ok(Some(gains)) => {
                    let trust = seen.trust.value().map(|document| document.place.clone());
                    out.open.push(Entry {
                        name: name.clone(),
                        arn,
                        place: trust.unwrap_or_else(|| seen.place.clone()),
                        through: through.cloned(),
                        secret: known::readable_by(wiring, &other, permitted),
                        gains,
                    });
                }
            }
        }
    }
    out
}

/// How a role's trust policy answers another role.
fn answer(wiring: &Wiring<'_>, from: &Access<'_>, arn: &str, role: &seaworthy_aws::Role) -> Answer {
    let trust = match &role.trust {
        Seen::Absent => return Answer::Refuses,
        Seen::NotSeen(gap) => Err(gap.clone()),
        // Most trust policies let in services alone.
        Seen::Value(document) if lets_in_services_alone(&document.text) => return Answer::Refuses,
        Seen::Value(document) => wiring.policy("the trust policy", document),
    };
    let trust = match trust {
        Ok(trust) => trust,
        Err(gap) => return Answer::Unknown(format!("its trust policy was not seen: {gap}")),
    };
    let account = Arn::account_of(arn);
    let decide = |trust: Option<_>, rule: ResourceRule| {
        let policies = PolicySet { resource: trust, resource_rule: rule, ..from.policies.clone() };
        let context = wiring.context(&from.principal);
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
                PrincipalEntry::Aws(arn) | PrincipalEntry::Account(arn) => arn.contains(UNKNOWN),
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
    !["AWS", "*", "\\", "NotPrincipal"].iter().any(|mark| text.contains(mark))
}

/// What acting as a role gains, in words: nothing if it reads nothing more and opens no route. An error is why it cannot
/// be said.
fn gains(wiring: &Wiring<'_>, other: &Access<'_>, permitted: &Permitted) -> Result<Option<String>, String> {
    let reading = excess::reading(wiring, other, permitted);
    if let Some(reach) = reading.found.iter().find(|reach| !reach.elsewhere) {
        return Ok(Some(format!("{} on {}", reach.action, reach.witness)));
    }
    if let Some(route) = route::opened(wiring, other, permitted) {
        return Ok(Some(format!("{} ({})", route.does, route.action)));
    }
    let unseen = other.unseen.first().map(|m| format!("{} was not seen: {}", m.what, m.gap));
    match unseen.or_else(|| reading.doubts.into_iter().next().map(|doubt| doubt.why)) {
        Some(why) => Err(why),
        None => Ok(None),
    }
}
