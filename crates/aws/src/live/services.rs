//! Which task definitions the services of the account run: clusters, their services, the task definitions that those name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Gap, Place, Seen, Snapshot};
use super::session::{Pages, Session};

const CLUSTERS: &str = "ecs:ListClusters";
const SERVICES: &str = "ecs:ListServices";
const DESCRIBE: &str = "ecs:DescribeServices";
/// Services that one call describes at most.
const BATCH: usize = 10;

/// What the services run.
#[derive(Default)]
pub struct Running {
    /// The ARNs of task definitions, by family.
    pub families: BTreeMap<String, BTreeSet<String>>,
    /// What may run besides, and is not known: the service, and why.
    pub gaps: Vec<(Place, Gap)>,
}

impl Running {
    fn add(&mut self, arn: &str) {
        if let Some(family) = family(arn) {
            self.families.entry(family).or_default().insert(arn.to_owned());
        }
    }

    fn miss(&mut self, address: &str, gap: Gap) {
        self.gaps.push((Place { address: address.to_owned(), ..Place::default() }, gap));
    }

    /// Tells of each task definition that a service runs and that is not the one of its family that was looked at.
    pub fn tell_others(&self, snapshot: &mut Snapshot) {
        for (family, arns) in &self.families {
            let looked_at = match snapshot.tasks.get(family) {
                Some(Seen::Value(task)) => task.place.address.clone(),
                // Why it was not seen is told already.
                Some(Seen::NotSeen(_)) => continue,
                Some(Seen::Absent) | None => String::new(),
            };
            for arn in arns.iter().filter(|arn| **arn != looked_at) {
                let gap = match looked_at.is_empty() {
                    true => "a service runs it, and it was not found".to_owned(),
                    false => format!("a service runs it, and {looked_at} was looked at"),
                };
                snapshot.gaps.push((Place { address: arn.clone(), ..Place::default() }, Gap::new(gap)));
            }
        }
    }
}

/// The task definitions that services run, and why there may be more.
pub async fn running(session: &Session) -> Running {
    let mut found = Running::default();
    if let Err(gap) = discover(session, &mut found).await {
        found.miss("services of the account", gap);
    }
    found
}

async fn discover(session: &Session, found: &mut Running) -> Result<(), Gap> {
    let (mut clusters, mut pages, mut token) = (Vec::new(), Pages::default(), None);
    loop {
        let request = session.ecs.list_clusters().set_next_token(token);
        let answer = session.call(CLUSTERS, request.send()).await.map_err(|failure| failure.gap())?;
        clusters.extend(answer.cluster_arns.unwrap_or_default());
        token = pages.next(CLUSTERS, answer.next_token)?;
        if token.is_none() {
            break;
        }
    }
    for cluster in clusters {
        for batch in services(session, &cluster).await?.chunks(BATCH) {
            let request = session.ecs.describe_services().cluster(&cluster);
            let request = request.set_services(Some(batch.to_vec()));
            let answer = session.call(DESCRIBE, request.send()).await.map_err(|failure| failure.gap())?;
            let mut described = 0;
            for service in answer.services.unwrap_or_default() {
                described += 1;
                let sets = service.task_sets.unwrap_or_default();
                let sets = sets.into_iter().filter_map(|set| set.task_definition);
                let all: Vec<String> = service.task_definition.into_iter().chain(sets).collect();
                all.iter().for_each(|arn| found.add(arn));
                if all.iter().all(|arn| family(arn).is_none()) {
                    let name = service.service_arn.unwrap_or_else(|| "a service".to_owned());
                    found.miss(&name, Gap::new("the service names no task definition").by_call(DESCRIBE));
                }
            }
            if described < batch.len() {
                let reason = format!("{} of its services were not described", batch.len() - described);
                found.miss(&cluster, Gap::new(reason).by_call(DESCRIBE));
            }
        }
    }
    Ok(())
}

async fn services(session: &Session, cluster: &str) -> Result<Vec<String>, Gap> {
    let (mut found, mut pages, mut token) = (Vec::new(), Pages::default(), None);
    loop {
        let request = session.ecs.list_services().cluster(cluster).max_results(100).set_next_token(token);
        let answer = session.call(SERVICES, request.send()).await.map_err(|failure| failure.gap())?;
        found.extend(answer.service_arns.unwrap_or_default());
        token = pages.next(SERVICES, answer.next_token)?;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The family in a task definition's ARN.
fn family(arn: &str) -> Option<String> {
    let name = arn.rsplit_once(":task-definition/").map_or(arn, |(_, name)| name);
    name.split(':').next().filter(|family| !family.is_empty()).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::TaskDefinition;

    #[test]
    fn what_runs_and_was_not_looked_at_is_told() {
        let arn =
            |revision: &str| format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/app:{revision}");
        let mut running = Running::default();
        running.add(&arn("3"));
        let told = |seen: Option<Seen<&str>>| {
            let mut snapshot = Snapshot::default();
            if let Some(seen) = seen {
                let task = seen.map(|address| TaskDefinition {
                    family: "app".into(),
                    revision: None,
                    place: Place { address: address.to_owned(), ..Place::default() },
                    task_role: Seen::Absent,
                    execution_role: Seen::Absent,
                    containers: Seen::Absent,
                    references: Vec::new(),
                    compatibilities: Vec::new(),
                });
                snapshot.tasks.insert("app".to_owned(), task);
            }
            running.tell_others(&mut snapshot);
            snapshot.gaps.into_iter().map(|(place, gap)| (place.address, gap.reason)).collect::<Vec<_>>()
        };
        let (same, newer) = (arn("3"), arn("4"));
        assert_eq!(told(Some(Seen::Value(&same))), []);
        let gaps = told(Some(Seen::Value(&newer)));
        assert_eq!(gaps, [(arn("3"), format!("a service runs it, and {} was looked at", arn("4")))]);
        assert_eq!(told(Some(Seen::Absent)).len(), 1);
        assert_eq!(told(None).len(), 1);
        assert_eq!(told(Some(Seen::NotSeen(Gap::new("refused")))), []);
    }
}
