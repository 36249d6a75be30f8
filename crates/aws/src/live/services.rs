//! Which task definitions the services of the account run: clusters, their services, the families that those name.

use std::collections::BTreeSet;

use super::super::Gap;
use super::session::{Pages, Session};

const CLUSTERS: &str = "ecs:ListClusters";
const SERVICES: &str = "ecs:ListServices";
const DESCRIBE: &str = "ecs:DescribeServices";
/// Services that one call describes at most.
const BATCH: usize = 10;

/// The families, and why there may be more.
pub async fn families(session: &Session) -> (BTreeSet<String>, Option<Gap>) {
    let mut found = BTreeSet::new();
    let gap = discover(session, &mut found).await.err();
    (found, gap)
}

async fn discover(session: &Session, found: &mut BTreeSet<String>) -> Result<(), Gap> {
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
            let services = answer.services.unwrap_or_default().into_iter();
            found.extend(services.filter_map(|service| family(&service.task_definition?)));
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
