//! The calls themselves: what is wanted, asked at once and put together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_config::SdkConfig;
use tokio::task::JoinSet;

use super::parameters::{Found, Target};
use super::session::{AT_ONCE, SIMULATIONS_AT_ONCE, Session};
use super::{
    LiveOptions, Simulated, SimulationRequest, keys, parameters, repositories, roles, secrets, services,
    tasks,
};
use crate::client::sdk_config;
use crate::{
    AwsError, Gap, Inspector, Key, KeyGrant, ManagedSecret, Place, Repository, Role, Seen, Snapshot, Source,
    SourceKind, Wanted,
};

/// As [`super::look`].
pub(super) fn look_up(
    wanted: &Wanted,
    options: &LiveOptions,
    inspector: &dyn Inspector,
) -> Result<Snapshot, AwsError> {
    let (runtime, config) = sdk_config(options)?;
    runtime.block_on(look_at(wanted, &config, options, inspector))
}

/// As [`super::simulate`].
pub(super) fn simulate(
    requests: &[SimulationRequest],
    options: &LiveOptions,
) -> Result<Vec<Simulated>, AwsError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let (runtime, config) = sdk_config(options)?;
    let answers = runtime.block_on(async {
        let session =
            Arc::new(Session::open(&config, SIMULATIONS_AT_ONCE, options.account.as_deref()).await?);
        let mut calls = JoinSet::new();
        for batch in super::simulation::batches(requests) {
            let session = Arc::clone(&session);
            calls.spawn(async move { super::simulation::simulate(&session, batch).await });
        }
        let mut answers = BTreeMap::new();
        while let Some(answered) = calls.join_next().await {
            answers.extend(answered.map_err(|_| lost())?.into_iter().map(|a| (a.request.clone(), a)));
        }
        Ok(answers)
    })?;
    let answer = |request: &SimulationRequest| {
        answers.get(request).cloned().unwrap_or_else(|| Simulated {
            request: request.clone(),
            decision: Err("it was not asked".to_owned()),
        })
    };
    Ok(requests.iter().map(answer).collect())
}

/// An answer of one of the calls that are under way.
enum Part {
    Parameters(Found),
    Secret(String, Seen<ManagedSecret>),
    Role(String, Seen<Role>),
    Task(String, Seen<Box<aws_sdk_ecs::types::TaskDefinition>>),
    Repository(String, Seen<Repository>),
    Key(String, Seen<Key>, Vec<KeyGrant>, Option<(Place, Gap)>),
}

/// Calls under way; the session itself bounds how many are at once.
struct Calls {
    session: Arc<Session>,
    parts: JoinSet<Part>,
}

impl Calls {
    /// Starts a question; what it asks about is handed on with the answer.
    fn start<F>(&mut self, ask: impl FnOnce(Arc<Session>) -> F)
    where
        F: Future<Output = Part> + Send + 'static,
    {
        self.parts.spawn(ask(Arc::clone(&self.session)));
    }
}

async fn look_at(
    wanted: &Wanted,
    config: &SdkConfig,
    options: &LiveOptions,
    inspector: &dyn Inspector,
) -> Result<Snapshot, AwsError> {
    let session = Arc::new(Session::open(config, AT_ONCE, options.account.as_deref()).await?);
    let targets: Vec<(&String, Target)> =
        wanted.parameters.iter().map(|w| (w, Target::of(w, &session.account, &session.region))).collect();
    let mut calls = Calls { session: Arc::clone(&session), parts: JoinSet::new() };
    ask_targets(wanted, &targets, &mut calls);

    let mut snapshot = Snapshot::default();
    let mut found = Found::default();
    let mut running = services::Running::default();
    while let Some(part) = calls.parts.join_next().await {
        match part.map_err(|_| lost())? {
            Part::Parameters(more) => found.add(more),
            part => snapshot.add(part, inspector),
        }
    }
    if wanted.discovers_tasks {
        running = services::running(&session).await;
        for (family, arns) in running.families.iter().filter(|(family, _)| !wanted.tasks.contains(*family)) {
            // What runs is asked about, which need not be the newest one.
            let (family, arn) = (family.clone(), newest(arns).unwrap_or(family).to_owned());
            calls.start(|session| async move { Part::Task(family, tasks::look_up(&session, &arn).await) });
        }
        snapshot.gaps.append(&mut running.gaps);
    }
    for (name, target) in &targets {
        snapshot.parameters.extend(found.answers(name, target));
    }
    for name in keys_in_use(&snapshot) {
        calls.start(|session| async move {
            let key = keys::look_up(&session, &name).await;
            let (grants, gap) = keys::grants(&session, &key).await;
            Part::Key(name, key, grants, gap)
        });
    }
    while let Some(part) = calls.parts.join_next().await {
        snapshot.add(part.map_err(|_| lost())?, inspector);
    }
    running.tell_others(&mut snapshot);
    snapshot.sources = vec![Source {
        kind: SourceKind::Live,
        name: name(&session, config),
        digest: None,
        tool: Some(format!("aws sdk, {} calls", session.calls())),
    }];
    if !session.is_told {
        confirm(&session, &mut snapshot)?;
    }
    snapshot.partition = Some(session.partition.clone());
    snapshot.account = Some(session.account.clone());
    snapshot.region = Some(session.region.clone());
    Ok(snapshot)
}

/// The ARN with the highest revision.
fn newest(arns: &BTreeSet<String>) -> Option<&String> {
    let revision = |arn: &&String| arn.rsplit(':').next().and_then(|text| text.parse::<u64>().ok());
    arns.iter().max_by_key(revision)
}

/// Where AWS did not tell which account the credentials belong to, the ARNs of what it answered with tell.
fn confirm(session: &Session, snapshot: &mut Snapshot) -> Result<(), AwsError> {
    let roles = snapshot.roles.values().filter_map(Seen::value).filter_map(|role| role.arn.as_deref());
    let others = snapshot.parameters.values().filter_map(Seen::value).map(|part| part.place.address.as_str());
    let accounts: BTreeSet<&str> =
        roles.chain(others).filter_map(|arn| arn.split(':').nth(4)).filter(|id| id.len() == 12).collect();
    if let Some(other) = accounts.iter().find(|id| **id != session.account) {
        let reason = format!("the credentials are of the account {other}, and not of {}", session.account);
        return Err(AwsError::new("AWS", reason));
    }
    if accounts.is_empty() {
        let gap =
            Gap::new("which account the credentials belong to is not known").without("sts:GetCallerIdentity");
        snapshot.gaps.push((Place { address: "account".to_owned(), ..Place::default() }, gap));
    }
    Ok(())
}

/// Starts all questions about what is wanted.
fn ask_targets(wanted: &Wanted, targets: &[(&String, Target)], calls: &mut Calls) {
    let names: BTreeSet<&String> = targets
        .iter()
        .filter_map(|(_, target)| if let Target::Names(names) = target { Some(names) } else { None })
        .flatten()
        .collect();
    for batch in Vec::from_iter(names).chunks(parameters::BATCH) {
        let batch: Vec<String> = batch.iter().map(|name| (*name).clone()).collect();
        calls.start(|session| async move { Part::Parameters(parameters::look_up(&session, &batch).await) });
    }
    for arn in wanted.secrets.clone() {
        calls.start(
            |session| async move { Part::Secret(arn.clone(), secrets::look_up(&session, &arn).await) },
        );
    }
    for name in wanted.roles.clone() {
        calls.start(|session| async move { Part::Role(name.clone(), roles::look_up(&session, &name).await) });
    }
    for family in wanted.tasks.clone() {
        calls.start(
            |session| async move { Part::Task(family.clone(), tasks::look_up(&session, &family).await) },
        );
    }
    for name in wanted.repositories.clone() {
        calls.start(|session| async move {
            Part::Repository(name.clone(), repositories::look_up(&session, &name).await)
        });
    }
}

impl Snapshot {
    fn add(&mut self, part: Part, inspector: &dyn Inspector) {
        match part {
            Part::Parameters(_) => {}
            Part::Secret(arn, secret) => {
                if let Seen::Value(secret) = &secret {
                    self.secrets.insert(secret.name.clone(), Seen::Value(secret.clone()));
                }
                self.secrets.insert(arn, secret);
            }
            Part::Role(name, role) => {
                self.roles.insert(name, role);
            }
            Part::Task(family, task) => {
                let task = task.map(|task| {
                    let (task, gaps) = tasks::task_definition(&family, &task, inspector);
                    self.gaps.extend(gaps);
                    task
                });
                self.gaps.sort();
                self.tasks.insert(family, task);
            }
            Part::Repository(name, repository) => {
                self.repositories.insert(name, repository);
            }
            Part::Key(name, key, grants, gap) => {
                self.keys.insert(name, key);
                // A key may be in use under several names.
                for grant in grants {
                    if !self.grants.contains(&grant) {
                        self.grants.push(grant);
                    }
                }
                self.grants.sort_by(|a, b| a.document.place.cmp(&b.document.place));
                self.gaps.extend(gap);
                self.gaps.sort();
                self.gaps.dedup();
            }
        }
    }
}

/// How reports call the account; an endpoint that is not AWS's own is said.
fn name(session: &Session, config: &SdkConfig) -> String {
    let name = format!("account {} in {}", session.account, session.region);
    let Some(url) = config.endpoint_url() else { return name };
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // A login before the host is no one's business.
    format!("{name} at {scheme}://{}", host.rsplit('@').next().unwrap_or_default())
}

/// The keys that parameters and secrets use, as they name them.
fn keys_in_use(snapshot: &Snapshot) -> BTreeSet<String> {
    let parameters = snapshot.parameters.values().filter_map(|p| p.value()?.key.value()?.known());
    let secrets = snapshot.secrets.values().filter_map(|s| s.value()?.key.value()?.known());
    parameters.chain(secrets).map(str::to_owned).collect()
}

/// A call that ended without an answer or an error.
fn lost() -> AwsError {
    AwsError::new("AWS", "a call ended without an answer")
}
