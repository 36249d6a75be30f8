//! The role of the instances that tasks run on. A container on an EC2 instance can ask the instance's metadata service for
//! the credentials of the instance's role, unless the instance keeps it out.
//!
//! An instance joins a cluster with `ecs:RegisterContainerInstance`, so that a role which may do that and lets EC2 in is one
//! that instances of a cluster have. Source: "Amazon ECS container instance IAM role" of the ECS developer guide.

use super::access::Access;
use super::excess::{self, Permitted};
use super::task_definition::named;
use super::{Role, Wiring, known};
use seaworthy_aws::{Place, Seen, TaskDefinition, UNKNOWN_LAUNCH_TYPE};
use seaworthy_iam::{Context, Decision, Language, PolicySet, Privilege, Query, Request, evaluate};

/// Roles that are looked at.
const MAX_ROLES: usize = 500;
/// The launch type whose hosts are AWS's own.
const FARGATE: &str = "FARGATE";
/// The launch type whose hosts are machines outside AWS.
const EXTERNAL: &str = "EXTERNAL";
/// What a cluster's instances do.
const JOINS: &str = "ecs:RegisterContainerInstance";

/// An instance's role that reads more than a task's may.
pub(super) struct Host {
    /// Its name.
    pub(super) name: String,
    /// Its ARN.
    pub(super) arn: String,
    /// Where it is told of.
    pub(super) place: Place,
    /// What it reads: a secret that is known by name.
    pub(super) secret: Option<String>,
    /// What it reads: action and a shortest resource.
    pub(super) reads: String,
}

/// What is known of the instances under a role's tasks.
#[derive(Default)]
pub(super) struct Hosts {
    /// Those whose role reads more.
    pub(super) wider: Vec<Host>,
    /// The task on instances of which no source has the role.
    pub(super) unseen: Option<String>,
    /// What could not be told: of what, and why.
    pub(super) doubts: Vec<(String, String)>,
}

/// An answer that may be missing.
enum Decided {
    Yes,
    No,
    /// It cannot be said, for this reason.
    Unknown(String),
}

const UNDECIDED: &str = "it hangs on what is not known of its policies";

/// The instances under the tasks that run as a role, whose targets in `extras` are accepted.
pub(super) fn hosts(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    permitted: &Permitted,
    extras: &Language,
) -> Hosts {
    let mut out = Hosts::default();
    let tasks = wiring.snapshot.tasks.iter().filter_map(|(family, task)| Some((family, task.value()?)));
    let own = |task: &TaskDefinition| {
        let role = task.task_role.value().and_then(|text| named(wiring, text));
        role.is_some_and(|role| role.name == access.name)
    };
    let on_instances: Vec<(&String, &TaskDefinition)> =
        tasks.filter(|(_, task)| own(task) && runs_on_instances(task)).collect();
    if on_instances.is_empty() {
        return out;
    }
    for (family, _) in
        on_instances.iter().filter(|(_, t)| t.compatibilities.iter().any(|k| k == UNKNOWN_LAUNCH_TYPE))
    {
        let why =
            "what its definition gives as `requires_compatibilities` is no list of launch types".to_owned();
        out.doubts.push((format!("launch type of the task {family}"), why));
    }
    // Where no one says what the task needs, it may as well run on Fargate. One that names instances beside Fargate is
    // made for both.
    let certain = on_instances.iter().find(|(_, task)| {
        let is_open = |kind: &String| kind == UNKNOWN_LAUNCH_TYPE;
        !task.compatibilities.is_empty() && !task.compatibilities.iter().any(is_open)
    });
    let services = host_services(&on_instances);
    let mut has_host = false;
    if wiring.snapshot.roles.len() > MAX_ROLES {
        let what = format!("roles of instances that tasks of {} run on", access.name);
        out.doubts.push((what, format!("there are more than {MAX_ROLES} roles; the rest was not looked at")));
    }
    for (name, role) in wiring.snapshot.roles.iter().take(MAX_ROLES).filter(|(name, _)| **name != access.name)
    {
        let mut doubt = |why: String| {
            let what =
                format!("whether instances have the role {name} and it reads more than {}", access.name);
            out.doubts.push((what, why));
        };
        let enters = match role {
            Seen::Absent => continue,
            Seen::NotSeen(gap) => Decided::Unknown(format!("the role was not seen: {gap}")),
            Seen::Value(role) => lets_in(wiring, name, role, &services),
        };
        let asked = Role::of_task(name.clone());
        let host = match wiring.access(&asked) {
            Seen::Value(host) if !matches!(enters, Decided::No) => host,
            _ => {
                if let (Decided::Unknown(why), Some(_)) = (enters, certain) {
                    doubt(why);
                }
                continue;
            }
        };
        let joins = match joins_clusters(wiring, &host) {
            Decided::No => match host.unseen.first() {
                Some(missing) => Decided::Unknown(format!("{} was not seen: {}", missing.what, missing.gap)),
                None => continue,
            },
            other => other,
        };
        if extras.contains(&host.principal) {
            has_host |= matches!((&enters, &joins), (Decided::Yes, Decided::Yes));
            continue;
        }
        match (enters, joins) {
            (Decided::Yes, Decided::Yes) => has_host = true,
            (Decided::Unknown(why), _) | (_, Decided::Unknown(why)) => {
                if certain.is_some() {
                    doubt(why);
                }
                continue;
            }
            _ => continue,
        }
        let reading = excess::reading(wiring, &host, permitted);
        let first = reading.found.iter().find(|reach| !reach.elsewhere && reach.action != "kms:Decrypt");
        match (first, &host.unseen_boundary) {
            (Some(reach), None) => out.wider.push(Host {
                name: name.clone(),
                arn: host.principal.clone(),
                place: host.seen.place.clone(),
                secret: known::readable_by(wiring, &host, permitted),
                reads: format!("{} on {}", reach.action, reach.witness),
            }),
            (Some(_), Some(missing)) => doubt(format!("{} was not seen: {}", missing.what, missing.gap)),
            (None, _) => {
                let unseen = host.unseen.first().map(|m| format!("{} was not seen: {}", m.what, m.gap));
                let open = reading.doubts.into_iter().find(|doubt| doubt.action != "kms:Decrypt");
                if let Some(why) = unseen.or_else(|| open.map(|doubt| doubt.why)) {
                    doubt(why);
                }
            }
        }
    }
    out.unseen = certain.filter(|_| !has_host).map(|(family, _)| (*family).clone());
    out
}

/// Whether a task may run on instances of a cluster. A definition that names no launch type may; every launch type but
/// Fargate has hosts of the account's own.
fn runs_on_instances(task: &TaskDefinition) -> bool {
    task.compatibilities.is_empty() || !task.compatibilities.iter().all(|kind| kind == FARGATE)
}

/// The services that give their roles to what the tasks run on: EC2 to instances, Systems Manager to machines of one's own
/// ("External instances for Amazon ECS" of the ECS developer guide).
fn host_services(tasks: &[(&String, &TaskDefinition)]) -> Vec<&'static str> {
    let some = |is: fn(&str) -> bool| {
        let mut all = tasks.iter().map(|(_, task)| &task.compatibilities);
        all.any(|kinds| kinds.is_empty() || kinds.iter().any(|kind| is(kind)))
    };
    let mut out = Vec::new();
    if some(|kind| kind != FARGATE && kind != EXTERNAL) {
        // The partition of China has a name of its own for the service.
        out.extend(["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]);
    }
    if some(|kind| kind == EXTERNAL || kind == UNKNOWN_LAUNCH_TYPE) {
        out.push("ssm.amazonaws.com");
    }
    out
}

/// Whether one of these services may give the role to what tasks run on.
fn lets_in(wiring: &Wiring<'_>, name: &str, role: &seaworthy_aws::Role, services: &[&str]) -> Decided {
    let own = wiring.trust_of(role);
    let trust = match (own.policy, own.gap) {
        (Some(trust), None) => trust,
        (None, None) => return Decided::No,
        (_, Some(gap)) => return Decided::Unknown(format!("its trust policy was not seen: {gap}")),
    };
    let arn = wiring.role_arn(name, role.arn.as_deref(), role.path.as_deref());
    let policies = PolicySet { resource: Some(trust), ..PolicySet::default() };
    let mut answer = Decided::No;
    for service in services {
        let request = Request::new(service, "sts:AssumeRole", &arn, arn.split(':').nth(4), Context::open());
        match request.map(|request| evaluate(&policies, &request).decision) {
            Ok(Decision::Allowed) => return Decided::Yes,
            Ok(Decision::Unknown) => {
                answer = Decided::Unknown("its trust policy hangs on what is not known".to_owned());
            }
            Ok(Decision::ImplicitlyDenied | Decision::ExplicitlyDenied) => {}
            Err(error) => answer = Decided::Unknown(error.to_string()),
        }
    }
    answer
}

fn joins_clusters(wiring: &Wiring<'_>, host: &Access<'_>) -> Decided {
    let context = wiring.context(&host.principal);
    let query = match Query::new(&host.policies, &host.principal, JOINS, None, context) {
        Ok(query) => query,
        Err(error) => return Decided::Unknown(error.to_string()),
    };
    let all = Language::union([Language::from("arn:*:ecs:*"), Language::from("*")]);
    let query = query.with_limits(host.limits.clone());
    match query.excess(&all, &Language::nothing()) {
        Privilege::Excess(_) => Decided::Yes,
        Privilege::Exact => Decided::No,
        Privilege::Undecided(_) => Decided::Unknown(UNDECIDED.to_owned()),
    }
}
