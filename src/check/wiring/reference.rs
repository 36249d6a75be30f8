//! Roles that the contract names by where they are written: a Terraform address, a logical ID, or the task that runs as
//! them (`task:FAMILY`). Names that an apply makes can be meant in no other way.

use super::{Expectations, Role, RoleKind};
use seaworthy_aws::{Seen, Snapshot, Text};

/// What the contract writes before a task's family.
const TASK: &str = "task:";

/// The contract's expectations with such references replaced by the names under which the snapshot has the roles. A
/// reference that means nothing there stays, and is told as a role that no source tells of.
pub fn resolved(expectations: &Expectations, snapshot: &Snapshot) -> Expectations {
    let mut out = expectations.clone();
    for role in &mut out.roles {
        if let Some(key) = key(role, snapshot) {
            role.name = key;
        }
    }
    out
}

fn key(role: &Role, snapshot: &Snapshot) -> Option<String> {
    if role.arn.is_some() || snapshot.roles.contains_key(&role.name) {
        return None;
    }
    let Some(family) = role.name.strip_prefix(TASK) else { return by_address(&role.name, snapshot) };
    let task = snapshot.tasks.get(family)?.value()?;
    let named = match role.kind {
        RoleKind::Task => &task.task_role,
        RoleKind::Execution => &task.execution_role,
    };
    by_text(named.value()?, snapshot)
}

/// The one role that is written there.
fn by_address(address: &str, snapshot: &Snapshot) -> Option<String> {
    let seen = snapshot.roles.iter().filter_map(|(key, seen)| Some((key, seen.value()?)));
    let mut found = seen.filter(|(_, role)| role.place.address == address).map(|(key, _)| key.clone());
    found.next().filter(|_| found.next().is_none())
}

/// The role that a task definition names, by its ARN, its name or a symbol.
fn by_text(text: &Text, snapshot: &Snapshot) -> Option<String> {
    let shown = text.to_string();
    // The account in an ARN may be a symbol; the name behind the path is what counts.
    let name = shown.rsplit('/').next().unwrap_or_default();
    if snapshot.roles.contains_key(name) {
        return Some(name.to_owned());
    }
    let seen = |key: &String| matches!(snapshot.roles.get(key), Some(Seen::Value(_)));
    let by_symbol = |symbol: &str| {
        let address = symbol.rsplit_once('.').map_or(symbol, |(address, _)| address);
        by_address(address, snapshot).or_else(|| by_address(symbol, snapshot)).filter(&seen)
    };
    text.symbols().find_map(by_symbol)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn snapshot(template: &str) -> Snapshot {
        struct Nothing;
        impl seaworthy_aws::Inspector for Nothing {
            fn inspect(&self, _: &str, _: &str) -> Vec<seaworthy_aws::Sighting> {
                Vec::new()
            }
        }
        seaworthy_aws::template::parse("t.yaml", template.into(), &Nothing).unwrap()
    }

    #[test]
    fn roles_are_found_where_they_are_written() {
        let snapshot = snapshot(
            "Resources:\n  Own:\n    Type: AWS::IAM::Role\n    Properties: {AssumeRolePolicyDocument: {}}\n  \
             Agent:\n    Type: AWS::IAM::Role\n    Properties: {RoleName: agent, AssumeRolePolicyDocument: {}}\n  \
             Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: orders\n      \
             TaskRoleArn: !GetAtt Own.Arn\n      ExecutionRoleArn: !GetAtt Agent.Arn\n",
        );
        let role = |name: &str, kind| {
            let role = Role { kind, ..Role::of_task(name.to_owned()) };
            let all = Expectations { roles: vec![role], ..Expectations::default() };
            resolved(&all, &snapshot).roles[0].name.clone()
        };
        assert_eq!(role("task:orders", RoleKind::Task), "Own");
        assert_eq!(role("task:orders", RoleKind::Execution), "agent");
        assert_eq!(role("Agent", RoleKind::Execution), "agent");
        assert_eq!(role("agent", RoleKind::Execution), "agent");
        assert_eq!(role("task:other", RoleKind::Task), "task:other");
    }
}
