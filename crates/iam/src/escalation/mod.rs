//! Routes by which a role widens its access although no policy of its own names what it reaches: it changes permissions,
//! takes off a fence, takes over another identity, lets itself into a secret, or runs code as somebody else.
//!
//! Each route is a row. Its actions, resource types and the services to which a role is passed are those of the "Service
//! Authorization Reference" and of the IAM User Guide ("Grant a user permissions to pass a role to an AWS service").
//!
//! The published lists of such routes are the floor: `data/published-routes.tsv` has what each of their entries needs, and a
//! test holds that a row answers for it. The lists are "AWS IAM Privilege Escalation Methods" (Rhino Security Labs),
//! pathfinding.cloud (Datadog), the privilege escalation check of Prowler, and the edges of PMapper (NCC Group). A row may ask
//! for less than a list does, where less is enough.

mod routes;

use super::language::Language;
pub use routes::ROUTES;

/// What a route gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gain {
    /// It writes the permissions of a role: those of its own role, or of another.
    Permissions,
    /// It writes a managed policy, anyone who has it.
    ManagedPolicy,
    /// It takes off what limits a role: statements that deny in inline policies.
    InlineFence,
    /// The same in managed policies.
    ManagedFence,
    /// It takes off, or replaces, the permissions boundary.
    Boundary,
    /// It acts as another role.
    Role,
    /// It acts as an IAM user, or as who logs in from outside.
    Identity,
    /// It gives a role to something that it then directs.
    PassedRole,
    /// It runs code in a task, an instance or a function that has a role already.
    Code,
    /// It writes the policy of a secret or a parameter.
    SecretPolicy,
    /// It decides who may use a key.
    Key,
    /// It changes its own tags, for which its policies ask (`aws:PrincipalTag`).
    OwnTags,
}

/// A route: all its actions must be allowed.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Its name, such as `put-role-policy`.
    pub name: &'static str,
    /// What it gives.
    pub gain: Gain,
    /// The action whose resource is the target.
    pub action: &'static str,
    /// The target's ARN, with `P`, `R` and `A` for partition, region and account.
    pub on: &'static str,
    /// The services to which the role may be passed, as `iam:PassedToService` has them; nothing for a route that passes none.
    /// Where AWS does not document which of several the key holds, all of them are here.
    pub passed_to: &'static [&'static str],
    /// What must be allowed besides, on anything of its service.
    pub also: &'static [&'static str],
    /// What the role can do by it, after "it can".
    pub does: &'static str,
}

impl Route {
    /// The ARNs of the route's targets in an account.
    pub fn targets(&self, partition: &str, account: &str) -> Language {
        targets(self.on, partition, account)
    }
}

fn targets(written: &str, partition: &str, account: &str) -> Language {
    let parts: Vec<String> = written
        .split(':')
        .map(|part| match part {
            "P" => partition.to_owned(),
            "A" => account.to_owned(),
            other => other.to_owned(),
        })
        .collect();
    // The wildcard of a region or an account must not run over a colon.
    let longer = vec!["*"; parts.len() + 1].join(":");
    Language::from(parts.join(":").as_str()).minus(&Language::from(longer.as_str()))
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_are_well_formed_and_named_once() {
        let mut names = BTreeSet::new();
        for route in ROUTES {
            assert!(names.insert(route.name), "{} twice", route.name);
            for action in route.also.iter().chain([&route.action]) {
                let is_action = action
                    .split_once(':')
                    .is_some_and(|(s, o)| !s.is_empty() && o.starts_with(|c: char| c.is_ascii_uppercase()));
                assert!(is_action, "{action}");
            }
            assert_eq!(!route.passed_to.is_empty(), route.gain == Gain::PassedRole, "{}", route.name);
            assert!(route.on.starts_with("arn:P:") && route.on.splitn(6, ':').count() == 6, "{}", route.on);
        }
        assert!(names.len() > 150);
    }

    #[test]
    fn actions_are_those_of_aws() {
        let actions = ROUTES.iter().flat_map(|route| route.also.iter().chain([&route.action]));
        for action in actions {
            assert!(crate::action::is_known(action), "{action}");
        }
    }

    #[test]
    fn a_row_answers_for_every_entry_of_the_published_lists() {
        let entries = include_str!("../../data/published-routes.tsv").lines().filter(|l| !l.starts_with('#'));
        let mut count = 0;
        for entry in entries {
            let [list, name, actions] = entry.split('\t').collect::<Vec<_>>()[..] else { panic!("{entry}") };
            let allowed: Vec<&str> = actions.split(' ').collect();
            let is_row = |route: &&Route| {
                route.also.iter().chain([&route.action]).all(|action| allowed.contains(action))
            };
            assert!(ROUTES.iter().any(|route| is_row(&route)), "{list} {name}: {actions}");
            count += 1;
        }
        assert!(count > 90, "{count} entries");
    }

    #[test]
    fn targets_are_of_the_account() {
        let route =
            |name: &str| ROUTES.iter().find(|route| route.name == name).map(|r| r.targets("aws", "1"));
        let contains = |name: &str, arn: &str| route(name).is_some_and(|targets| targets.contains(arn));
        assert!(contains("put-role-policy", "arn:aws:iam::1:role/a/b"));
        assert!(!contains("put-role-policy", "arn:aws:iam::2:role/a"));
        assert!(contains("assume-role", "arn:aws:iam::2:role/a"));
        assert!(contains("update-function-code", "arn:aws:lambda:eu-west-1:1:function:f"));
        assert!(!contains("execute-command", "arn:aws:ecs:eu-west-1:x:1:task/c/t"));
    }
}
