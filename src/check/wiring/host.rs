//! The role of the instances that tasks run on. A container on an EC2 instance can ask the instance's metadata service for
//! the credentials of the instance's role, unless the instance keeps it out.
//!
//! An instance joins a cluster with `ecs:RegisterContainerInstance`, so that a role which may do that and lets EC2 in is one
//! that instances of a cluster have. Source: "Amazon ECS container instance IAM role" of the ECS developer guide.

use super::access::Access;
use super::excess::{self, Permitted};
use super::task_definition::named;
use super::{Role, Wiring, known};
use seaworthy_aws::{Place, Seen, TaskDefinition};
use seaworthy_iam::{Context, Decision, Language, PolicySet, Privilege, Query, Request, evaluate};

/// Roles that are looked at.
const MOST: usize = 500;
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
}

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
    let mut has_host = false;
    for (name, role) in wiring.snapshot.roles.iter().take(MOST) {
        if name == access.name || !role.value().is_some_and(|role| lets_instances_in(wiring, name, role)) {
            continue;
        }
        let asked = Role::of_task(name.clone());
        let Seen::Value(host) = wiring.access(&asked) else { continue };
        if !joins_clusters(wiring, &host) {
            continue;
        }
        has_host = true;
        if extras.contains(&host.principal) {
            continue;
        }
        let found = excess::reading(wiring, &host, permitted).found;
        let first = found.iter().find(|reach| !reach.elsewhere && reach.action != "kms:Decrypt");
        if let (Some(reach), None) = (first, &host.unseen_boundary) {
            out.wider.push(Host {
                name: name.clone(),
                arn: host.principal.clone(),
                place: host.seen.place.clone(),
                secret: known::readable_by(wiring, &host, permitted),
                reads: format!("{} on {}", reach.action, reach.witness),
            });
        }
    }
    // Where no one says what the task needs, it may as well run on Fargate.
    let certain = on_instances.iter().find(|(_, task)| task.compatibilities == ["EC2"]);
    out.unseen = certain.filter(|_| !has_host).map(|(family, _)| (*family).clone());
    out
}

/// Whether a task may run on instances of a cluster; a definition that names no launch type may.
fn runs_on_instances(task: &TaskDefinition) -> bool {
    task.compatibilities.is_empty() || task.compatibilities.iter().any(|kind| kind == "EC2")
}

/// Whether EC2 may give the role to instances.
fn lets_instances_in(wiring: &Wiring<'_>, name: &str, role: &seaworthy_aws::Role) -> bool {
    let Seen::Value(document) = &role.trust else { return false };
    let Ok(trust) = wiring.policy("the trust policy", document) else { return false };
    let arn = wiring.role_arn(name, role.arn.as_deref(), role.path.as_deref());
    let policies = PolicySet { resource: Some(trust), ..PolicySet::default() };
    // The partition of China has a name of its own for the service.
    ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"].iter().any(|service| {
        Request::new(service, "sts:AssumeRole", &arn, arn.split(':').nth(4), Context::open())
            .is_ok_and(|request| evaluate(&policies, &request).decision == Decision::Allowed)
    })
}

fn joins_clusters(wiring: &Wiring<'_>, host: &Access<'_>) -> bool {
    let context = wiring.context(&host.principal);
    let Ok(query) = Query::new(&host.policies, &host.principal, JOINS, None, context) else { return false };
    let all = Language::union([Language::from("arn:*:ecs:*"), Language::from("*")]);
    let query = query.with_limits(host.limits.clone());
    matches!(query.excess(&all, &Language::nothing()), Privilege::Excess(_))
}
