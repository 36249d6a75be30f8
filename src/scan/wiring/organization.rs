//! Service control policies from files: one level for each, from the root to the account.

use std::path::{Path, PathBuf};

use super::super::ScanError;
use seaworthy_iam::{Effect, Level, POLICY_LIMITS, Policy, PolicyKind};
use seaworthy_source::json::{Value, read_first};

/// The largest file, in bytes: a level has five policies of 5,120 characters at most.
const MAX_BYTES: u64 = 1 << 20;

/// What is attached to every root, unit and account until someone takes it away.
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Reads one level from each file: a policy, or a list of them.
pub(super) fn levels(paths: &[PathBuf]) -> Result<Vec<Level>, ScanError> {
    paths.iter().map(|path| level(path)).collect()
}

fn level(path: &Path) -> Result<Level, ScanError> {
    let name = path.display().to_string();
    let fail = |reason: String| ScanError::Wiring(format!("{name}: {reason}"));
    let bytes = super::sources::read_file(path, MAX_BYTES).map_err(&fail)?;
    let node = read_first(&bytes, POLICY_LIMITS).map_err(|e| fail(e.to_string()))?;
    let nodes = match &node.value {
        Value::Array(items) => items.iter().collect(),
        _ => vec![&node],
    };
    let mut policies = Vec::new();
    for node in nodes {
        let policy = Policy::from_node(&name, node).map_err(|e| fail(format!("{}: {}", e.at, e.reason)))?;
        if let Some(problem) = policy.problems(PolicyKind::ServiceControl).first() {
            return Err(fail(problem.to_string()));
        }
        policies.push(policy);
    }
    // A level on which nothing allows would allow nothing: who writes only denies relies on what AWS attaches.
    if policies.iter().flat_map(|p| &p.statements).all(|s| s.effect == Effect::Deny) {
        policies.extend(Policy::read("FullAWSAccess", FULL_ACCESS));
    }
    Ok(Level { org: name, policies })
}
