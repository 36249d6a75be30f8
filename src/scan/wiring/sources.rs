//! From files and the account to one snapshot.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::{ScanError, Setup};
use crate::check::wiring::{Kept, Placement};
use crate::check::{Context, examine_assignment, examine_text};
use crate::contract::Contract;
use seaworthy_aws::live::{self, LiveOptions};
use seaworthy_aws::template::Parameters;
use seaworthy_aws::terraform::Configuration;
use seaworthy_aws::{
    Inspector, Seen, Sighting, Snapshot, Source, Wanted, plan, saved, task_definition, template,
};
use seaworthy_iam::Arn;
use seaworthy_source::input;

/// A file that tells of the account, as it was read.
pub enum WiringSource {
    /// `terraform show -json` of a plan or a state: the name as the user gave it, and the bytes.
    Plan(String, Vec<u8>),
    /// A CloudFormation template.
    Template(String, Vec<u8>),
    /// A saved snapshot.
    Snapshot(String, Vec<u8>),
    /// A task definition as JSON.
    TaskDefinition(String, Vec<u8>),
}

impl WiringSource {
    /// The file as the user named it.
    pub fn name(&self) -> &str {
        match self {
            Self::Plan(name, _)
            | Self::Template(name, _)
            | Self::Snapshot(name, _)
            | Self::TaskDefinition(name, _) => name,
        }
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Plan(_, bytes)
            | Self::Template(_, bytes)
            | Self::Snapshot(_, bytes)
            | Self::TaskDefinition(_, bytes) => bytes,
        }
    }
}

/// Files that are no sources of their own and complete others.
#[derive(Default)]
pub struct SourceHelp {
    /// Values of the templates' parameters: names and bytes.
    pub parameters: Vec<(String, Vec<u8>)>,
    /// Directories with the Terraform source of the plans.
    pub directories: Vec<PathBuf>,
}

impl SourceHelp {
    fn read(&self) -> Result<(Parameters, Vec<Configuration>), ScanError> {
        let mut parameters = Parameters::default();
        for (name, bytes) in &self.parameters {
            parameters.extend(Parameters::read(name, bytes)?);
        }
        let read = self.directories.iter().map(|directory| Configuration::read(directory));
        Ok((parameters, read.collect::<Result<_, _>>()?))
    }
}

/// Looks at literals with the detectors while they are read.
struct Detectors<'a>(Context<'a>);

impl Inspector for Detectors<'_> {
    fn inspect(&self, name: &str, value: &str) -> Vec<Sighting> {
        // An argument has an index for a name.
        let argument = name.bytes().all(|b| b.is_ascii_digit());
        let found = match argument {
            true => examine_text(&self.0, value),
            false => examine_assignment(&self.0, name, value),
        };
        let sighting = |secret: crate::check::TextSecret| Sighting {
            detector: secret.detector,
            what: secret.what,
            severity: secret.severity.to_string(),
            confidence: secret.confidence.to_string(),
            rotate: secret.rotate,
            preview: secret.mark.redacted.preview,
            length: secret.mark.redacted.length.unwrap_or_default(),
        };
        found.into_iter().map(sighting).collect()
    }
}

/// Fills one snapshot from all sources: plans and templates first, the account last.
pub(super) fn snapshot(
    setup: &Setup<'_>,
    sources: Vec<WiringSource>,
    help: &SourceHelp,
    live: Option<&LiveOptions>,
) -> Result<Snapshot, ScanError> {
    let inspector = Detectors(Context::new(setup.rules, &setup.key));
    let mut read = Vec::new();
    let (parameters, terraform) = help.read()?;
    let aws = &setup.contract.aws;
    let meant = plan::Meant { account: aws.account.clone(), region: aws.region.clone() };
    let mut unused: BTreeSet<&str> = parameters.names().collect();
    for source in sources {
        read.push(match source {
            WiringSource::Plan(name, bytes) => plan::read_with(&name, bytes, &meant, &terraform, &inspector)?,
            WiringSource::Template(name, bytes) => {
                let (snapshot, named) = template::read_with(&name, bytes, &parameters, &meant, &inspector)?;
                unused.retain(|name| !named.contains(*name));
                snapshot
            }
            WiringSource::Snapshot(name, bytes) => saved::parse(&name, &bytes)?,
            WiringSource::TaskDefinition(name, bytes) => task_definition::parse(&name, &bytes, &inspector)?,
        });
    }
    if let Some(name) = unused.first() {
        return Err(ScanError::Wiring(format!(
            "--parameters: no template has a parameter {name}: give the template with --template, or take it out"
        )));
    }
    // What will be goes before what there is now, a state that was named before its plan included.
    read.sort_by_key(|snapshot| !snapshot.sources.iter().any(Source::is_later));
    if let Some(options) = live {
        read.push(look_at_account(setup.contract, options, &inspector)?);
    }
    let mut all = read.into_iter();
    let mut snapshot = all.next().unwrap_or_default();
    all.for_each(|more| snapshot.fill(more));
    Ok(snapshot)
}

/// Looks at what the contract names, and then at the roles that its tasks use and it does not name.
fn look_at_account(
    contract: &Contract,
    options: &LiveOptions,
    inspector: &dyn Inspector,
) -> Result<Snapshot, ScanError> {
    let wanted = wanted(contract);
    let mut snapshot = live::look_up(&wanted, options, inspector)?;
    let tasks = snapshot.tasks.values().filter_map(Seen::value);
    let used = tasks.flat_map(|t| [&t.task_role, &t.execution_role]).filter_map(Seen::value);
    let names = used.filter_map(|text| text.known()).map(role_name);
    let more: BTreeSet<String> =
        names.filter(|name| !snapshot.roles.contains_key(*name)).map(str::to_owned).collect();
    if !more.is_empty() {
        let further = Wanted { roles: more, ..Wanted::default() };
        let further = live::look_up(&further, options, inspector)?;
        // The account and its places are the same: only the roles are new.
        for (name, role) in further.roles {
            snapshot.roles.entry(name).or_insert(role);
        }
        snapshot.gaps.extend(further.gaps);
    }
    Ok(snapshot)
}

fn role_name(text: &str) -> &str {
    text.split_once(":role/").map_or(text, |(_, path)| path.rsplit('/').next().unwrap_or(path))
}

/// What the contract asks a live account about.
pub fn wanted(contract: &Contract) -> Wanted {
    let expected = &contract.expectations;
    let mut wanted = Wanted::default();
    for secret in &expected.secrets {
        match &secret.kept {
            Kept::Parameter(name) | Kept::ParameterArn(name) => wanted.parameters.insert(name.clone()),
            Kept::SecretArn(arn) => wanted.secrets.insert(arn.clone()),
        };
    }
    // A reference to a plan or a task is no name that the account knows.
    let is_name = |name: &&String| !name.contains([':', '[']) && !name.contains("aws_iam_role.");
    wanted.roles.extend(expected.roles.iter().map(|r| &r.name).filter(is_name).cloned());
    wanted.tasks.extend(expected.tasks.iter().map(|t| t.family.clone()));
    wanted.discovers_tasks = !expected.roles.is_empty() || !expected.tasks.is_empty();
    wanted
}

/// Where it all is. What the contract says takes precedence, and a source that says otherwise is another account.
pub(super) fn placement(contract: &Contract, snapshot: &Snapshot) -> Result<Placement, ScanError> {
    let own = &contract.aws;
    let choose = |what: &str, promised: &Option<String>, seen: &Option<String>| match (promised, seen) {
        (Some(promised), Some(seen)) if promised != seen => Err(ScanError::Wiring(format!(
            "the contract is about the {what} {promised}, and the source is of {seen}"
        ))),
        (promised, seen) => Ok(promised.clone().or_else(|| seen.clone())),
    };
    let account = choose("account", &own.account, &snapshot.account)?;
    let region = choose("region", &own.region, &snapshot.region)?;
    // Readers write `aws` where they do not know.
    let partition = own.partition.clone().or_else(|| snapshot.partition.clone());
    let account = account.or_else(|| account_of_roles(contract, snapshot));
    Ok(Placement::new(partition, account, region))
}

/// The account that all roles are of whose ARN is known.
fn account_of_roles(contract: &Contract, snapshot: &Snapshot) -> Option<String> {
    let seen = snapshot.roles.values().filter_map(Seen::value).filter_map(|r| r.arn.as_deref());
    let named = contract.expectations.roles.iter().filter_map(|r| r.arn.as_deref());
    let accounts: BTreeSet<&str> = seen.chain(named).filter_map(Arn::account_of).collect();
    let mut accounts =
        accounts.into_iter().filter(|a| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit()));
    accounts.next().filter(|_| accounts.next().is_none()).map(str::to_owned)
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// Why not, without the file's name.
pub fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    input::read_file(path, most).map_err(|e| e.to_string())
}
