//! The permissions that reading the account needs, as a policy.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Wanted;
use seaworthy_iam::Arn;

/// The partition of a region.
pub(super) fn partition(region: &str) -> &'static str {
    [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
    ]
    .into_iter()
    .find_map(|(prefix, partition)| region.starts_with(prefix).then_some(partition))
    .unwrap_or("aws")
}

/// The policy, pretty-printed. Resources are exact where the service's actions know resources.
pub fn policy(wanted: &Wanted, account: &str, region: &str, simulation: bool) -> String {
    let partition = partition(region);
    let mut statements = Vec::new();
    let mut allow = |sid: &str, actions: &[&str], resources: Vec<String>| {
        if !resources.is_empty() {
            let resources = Value::from_iter(BTreeSet::from_iter(resources));
            statements.push(json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}));
        }
    };
    let everything = |wanted: &BTreeSet<String>| match wanted.is_empty() {
        true => Vec::new(),
        false => vec!["*".to_owned()],
    };
    allow("ParametersExist", &["ssm:DescribeParameters"], everything(&wanted.parameters));
    allow(
        "SecretsExist",
        &["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
        wanted
            .secrets
            .iter()
            .map(|wanted| {
                secret(wanted, Arn { partition, service: "secretsmanager", region, account, resource: "" })
            })
            .collect(),
    );
    if !wanted.parameters.is_empty() || !wanted.secrets.is_empty() {
        let keys = vec![Arn { partition, service: "kms", region, account, resource: "key/*" }.to_string()];
        allow("KeyPolicies", &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"], keys);
    }
    let mut roles =
        vec!["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
    if simulation {
        roles.push("iam:SimulatePrincipalPolicy");
    }
    // A role's name does not tell its path.
    let iam = |account, resource: &str| {
        Arn { partition, service: "iam", region: "", account, resource }.to_string()
    };
    let role =
        |name: &String| [iam(account, &format!("role/{name}")), iam(account, &format!("role/*/{name}"))];
    allow("Roles", &roles, wanted.roles.iter().flat_map(role).collect());
    if !wanted.roles.is_empty() {
        let policies = [account, "aws"].map(|owner| iam(owner, "policy/*"));
        allow("ManagedPolicies", &["iam:GetPolicy", "iam:GetPolicyVersion"], policies.to_vec());
    }
    let tasks = if wanted.discovers_tasks { vec!["*".to_owned()] } else { everything(&wanted.tasks) };
    allow("TaskDefinitions", &["ecs:DescribeTaskDefinition"], tasks);
    let services = ["ecs:DescribeServices", "ecs:ListClusters", "ecs:ListServices"];
    let discovered = wanted.discovers_tasks.then(|| "*".to_owned());
    allow("Services", &services, discovered.into_iter().collect());
    let repository = |name: &String| {
        let resource = &format!("repository/{name}");
        Arn { partition, service: "ecr", region, account, resource }.to_string()
    };
    let repositories = wanted.repositories.iter().map(repository).collect();
    allow("Repositories", &["ecr:DescribeRepositories"], repositories);
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    format!("{document:#}")
}

/// A secret as a resource: its six random characters may be left out in a contract, and not in a policy. A secret
/// that is wanted by its name is `here`.
fn secret(wanted: &str, here: Arn<'_>) -> String {
    let wanted = Arn::without_selectors(wanted);
    let is_arn = Arn::is_meant(wanted);
    let named = || Arn { resource: &format!("secret:{wanted}"), ..here }.to_string();
    let arn = if is_arn { wanted.to_owned() } else { named() };
    let tail = arn.rsplit_once('-').map_or("", |(_, tail)| tail);
    let whole = is_arn && tail.len() == 6 && tail.bytes().all(|b| b.is_ascii_alphanumeric());
    if whole { arn } else { format!("{arn}-??????") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use seaworthy_iam::{
        Context, Decision, Policy, PolicyKind, PolicySet, READING_ACTIONS, Request, ResourceRule, evaluate,
        parameter_arn,
    };

    const ACCOUNT: &str = "111122223333";
    const READER: &str = "arn:aws:iam::111122223333:role/reader";
    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf";

    fn wanted() -> Wanted {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Wanted {
            parameters: set(&["/prod/db"]),
            secrets: set(&[SECRET]),
            roles: set(&["app"]),
            tasks: set(&["app"]),
            repositories: set(&["team/app"]),
            discovers_tasks: true,
        }
    }

    fn decide(policies: &PolicySet, action: &str, resource: &str) -> Decision {
        let request = Request::new(READER, action, resource, None, Context::open()).unwrap();
        evaluate(policies, &request).decision
    }

    fn policies(wanted: &Wanted, simulation: bool) -> PolicySet {
        let text = policy(wanted, ACCOUNT, "eu-west-1", simulation);
        let policy = Policy::parse("reader", &text, PolicyKind::Identity).unwrap();
        assert_eq!(policy.problems(PolicyKind::Identity), []);
        // A key's own policy must let the account decide; that is not this policy's business.
        PolicySet { identity: vec![policy], resource_rule: ResourceRule::Either, ..PolicySet::default() }
    }

    #[test]
    fn it_allows_every_call_and_reads_no_secret() {
        let policies = policies(&wanted(), true);
        let role = "arn:aws:iam::111122223333:role/team/app";
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234";
        for (action, resource) in [
            ("ssm:DescribeParameters", "*"),
            ("secretsmanager:DescribeSecret", SECRET),
            ("secretsmanager:GetResourcePolicy", SECRET),
            ("kms:DescribeKey", key),
            ("kms:GetKeyPolicy", key),
            ("kms:ListGrants", key),
            ("iam:GetRole", role),
            ("iam:ListRolePolicies", role),
            ("iam:GetRolePolicy", role),
            ("iam:ListAttachedRolePolicies", "arn:aws:iam::111122223333:role/app"),
            ("iam:SimulatePrincipalPolicy", role),
            ("iam:GetPolicy", "arn:aws:iam::111122223333:policy/own"),
            ("iam:GetPolicyVersion", "arn:aws:iam::111122223333:policy/own"),
            ("ecs:DescribeTaskDefinition", "*"),
            ("ecs:ListClusters", "*"),
            ("ecs:ListServices", "*"),
            ("ecs:DescribeServices", "*"),
            ("ecr:DescribeRepositories", "arn:aws:ecr:eu-west-1:111122223333:repository/team/app"),
        ] {
            assert_eq!(decide(&policies, action, resource), Decision::Allowed, "{action} on {resource}");
        }
        // AWS's own policies belong to an account of which the engine knows nothing.
        assert!(policy(&wanted(), ACCOUNT, "eu-west-1", true).contains("arn:aws:iam::aws:policy/*"));
        let parameter = parameter_arn("aws", "eu-west-1", ACCOUNT, "/prod/db");
        for action in READING_ACTIONS {
            for resource in [parameter.as_str(), SECRET, key, "*"] {
                let decision = decide(&policies, action, resource);
                assert_eq!(decision, Decision::ImplicitlyDenied, "{action} on {resource}");
            }
        }
        assert_eq!(
            decide(&policies, "iam:GetRole", "arn:aws:iam::111122223333:role/other"),
            Decision::ImplicitlyDenied
        );
    }

    #[test]
    fn it_asks_for_nothing_that_is_not_wanted() {
        let text = policy(&Wanted::default(), ACCOUNT, "eu-west-1", true);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["Statement"], json!([]));
        let roles = Wanted { roles: ["app".to_owned()].into(), ..Wanted::default() };
        let text = policy(&roles, ACCOUNT, "cn-north-1", false);
        assert!(text.contains("arn:aws-cn:iam::111122223333:role/app"), "{text}");
        for word in ["Simulate", "ssm:", "kms:", "ecs:", "ecr:"] {
            assert!(!text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_secret_without_its_random_characters_matches_with_them() {
        let short = SECRET.strip_suffix("-AbCdEf").unwrap();
        let owner = Arn::parse("arn:aws:secretsmanager:eu-west-1:111122223333:").unwrap();
        assert_eq!(secret(SECRET, owner), SECRET);
        assert_eq!(secret(&format!("{SECRET}:password::"), owner), SECRET);
        assert_eq!(secret(short, owner), format!("{short}-??????"));
        assert_eq!(secret("prod/db", owner), format!("{short}-??????"));
    }
}
