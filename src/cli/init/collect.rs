//! From resources, whatever declared them, to tasks, roles and what they read.

use std::collections::BTreeMap;

use super::facts::{Container, Facts, Guess, Role, Stored, Task};
use super::terraform::Resource;
use super::tree::{Tree, UNKNOWN};
use seaworthy_detect::validate::is_secret_name;

/// Actions that read a parameter or a secret, in lower case, by their first part.
const READS: [&str; 5] = ["ssm:get", "secretsmanager:get", "ssm:*", "secretsmanager:*", "*"];

/// The name at the end of a role's or policy's ARN, or the name itself; nothing if it is not known.
pub(super) fn last_name(text: &str) -> Option<&str> {
    let name = text.rsplit('/').next().unwrap_or(text);
    (!name.is_empty() && !name.contains(UNKNOWN)).then_some(name)
}

/// Adds what the resources say.
pub(super) fn collect(resources: &[Resource], facts: &mut Facts) {
    let policies: BTreeMap<&str, &Resource> = resources
        .iter()
        .filter(|r| r.kind == "aws_iam_policy")
        .filter_map(|r| Some((r.body.text_at("name")?, r)))
        .collect();
    for resource in resources {
        let body = &resource.body;
        match resource.kind.as_str() {
            "aws_ecs_task_definition" => task(resource, facts),
            "aws_iam_role" => role(resource, &policies, facts),
            "aws_iam_role_policy" => {
                let roles = body.get("role").or_else(|| body.get("roles"));
                for name in roles.map(Tree::items).unwrap_or_default().iter().filter_map(Tree::any_text) {
                    let Some(name) = last_name(name) else { continue };
                    let document = body.get("policy").or_else(|| body.get("PolicyDocument"));
                    let reads = document.map(|d| reads(d, &resource.from)).unwrap_or_default();
                    entry(facts, name, "").reads.extend(reads);
                }
            }
            "aws_iam_role_policy_attachment" => {
                let name = body.get("role").and_then(Tree::any_text).and_then(last_name);
                let policy = body.get("policy_arn").and_then(Tree::any_text).and_then(last_name);
                let (Some(name), Some(policy)) = (name, policy) else { continue };
                attach(facts, name, policy, &policies);
            }
            "aws_ssm_parameter" => stored(resource, body.text_at("type"), facts),
            "aws_secretsmanager_secret" => stored(resource, Some("SecureString"), facts),
            "aws_s3_bucket" => {
                let name = body.text_at("bucket").or_else(|| body.text_at("BucketName"));
                let is_evidence = |t: &str| t.to_ascii_lowercase().contains("evidence");
                if let Some(name) = name.filter(|n| is_evidence(n) || is_evidence(&resource.label)) {
                    facts.buckets.push(Guess::new(name, resource.from.clone()));
                }
            }
            _ => {}
        }
    }
}

fn entry<'f>(facts: &'f mut Facts, name: &str, from: &str) -> &'f mut Role {
    let role = facts.roles.entry(name.to_owned()).or_default();
    if role.name.is_empty() {
        name.clone_into(&mut role.name);
    }
    if role.from.is_empty() {
        from.clone_into(&mut role.from);
    }
    role
}

fn attach(facts: &mut Facts, role: &str, policy: &str, policies: &BTreeMap<&str, &Resource>) {
    let Some(policy) = policies.get(policy) else { return };
    let document = policy.body.get("policy").or_else(|| policy.body.get("PolicyDocument"));
    let reads = document.map(|d| reads(d, &policy.from)).unwrap_or_default();
    entry(facts, role, "").reads.extend(reads);
}

fn role(resource: &Resource, policies: &BTreeMap<&str, &Resource>, facts: &mut Facts) {
    let body = &resource.body;
    let name = body.text_at("name").or_else(|| body.text_at("RoleName"));
    let Some(name) = name.map(str::to_owned) else {
        facts.leave_out(resource.from.as_str(), "a role whose name only an apply tells");
        return;
    };
    let trust = body.get("assume_role_policy").or_else(|| body.get("AssumeRolePolicyDocument"));
    let found = entry(facts, &name, &resource.from);
    found.from.clone_from(&resource.from);
    found.is_for_tasks = trust.and_then(|t| mentions(&t.decoded(), "ecs-tasks.amazonaws.com", 0));
    for inline in body.get("inline_policy").map(Tree::items).unwrap_or_default() {
        let document = inline.get("policy");
        found.reads.extend(document.map(|d| reads(d, &resource.from)).unwrap_or_default());
    }
    for inline in body.get("Policies").map(Tree::items).unwrap_or_default() {
        let document = inline.get("PolicyDocument");
        found.reads.extend(document.map(|d| reads(d, &resource.from)).unwrap_or_default());
    }
    for arn in body.get("managed_policy_arns").map(Tree::items).unwrap_or_default() {
        if let Some(policy) = arn.any_text().and_then(last_name) {
            attach(facts, &name, policy, policies);
        }
    }
}

/// Whether a document has this text somewhere; nothing if nothing of it is known.
fn mentions(tree: &Tree, text: &str, depth: usize) -> Option<bool> {
    if depth > 16 {
        return None;
    }
    if let Some(own) = tree.any_text() {
        return Some(own.contains(text));
    }
    let entries = tree.entries().iter().map(|(_, v)| v);
    let items = if tree.entries().is_empty() { tree.items() } else { &[] };
    let answers: Vec<bool> = entries.chain(items).filter_map(|t| mentions(t, text, depth + 1)).collect();
    (!answers.is_empty()).then(|| answers.contains(&true))
}

/// What a policy document lets one read of parameters and secrets.
fn reads(document: &Tree, from: &str) -> Vec<Guess> {
    let document = document.decoded();
    let statements = document.get("Statement").map(Tree::items).unwrap_or_default();
    let mut found = Vec::new();
    for statement in statements {
        if statement.text_at("Effect").is_some_and(|e| e != "Allow") {
            continue;
        }
        let list =
            |one: &str, many: &str| statement.get(one).or_else(|| statement.get(many)).map(Tree::items);
        let actions = list("Action", "Actions").unwrap_or_default();
        let is_read = |a: &Tree| {
            let action = a.any_text().unwrap_or_default().to_ascii_lowercase();
            READS.iter().any(|r| if *r == "*" { action == "*" } else { action.starts_with(r) })
        };
        if !actions.iter().any(is_read) {
            continue;
        }
        let resources = list("Resource", "Resources").unwrap_or_default();
        found.extend(resources.iter().filter_map(Tree::any_text).map(|r| Guess::new(r, from)));
    }
    found
}

fn stored(resource: &Resource, kind: Option<&str>, facts: &mut Facts) {
    let Some(name) = resource.body.text_at("name") else {
        facts.leave_out(resource.from.as_str(), "a parameter or secret whose name only an apply tells");
        return;
    };
    let is_secret = kind.map_or_else(|| is_secret_name(&resource.label), |k| k == "SecureString");
    facts.stored.push(Stored {
        name: name.to_owned(),
        is_secret,
        label: resource.label.clone(),
        from: resource.from.clone(),
    });
}

fn task(resource: &Resource, facts: &mut Facts) {
    let body = &resource.body;
    let named = |key: &str, other: &str| {
        let value = body.get(key).or_else(|| body.get(other))?;
        last_name(value.any_text()?).map(str::to_owned)
    };
    let Some(family) = body.text_at("family").or(Some(resource.label.as_str())).map(str::to_owned) else {
        return;
    };
    if body.get("family").is_some_and(|f| f.text().is_none()) {
        facts.leave_out(resource.from.as_str(), "a task whose family only an apply tells");
        return;
    }
    let mut found = Task {
        family,
        role: named("task_role_arn", "TaskRoleArn"),
        execution_role: named("execution_role_arn", "ExecutionRoleArn"),
        containers: Vec::new(),
        secrets: Vec::new(),
        from: resource.from.clone(),
    };
    let definitions = body.get("container_definitions").map(Tree::decoded).unwrap_or_default();
    for container in definitions.items() {
        let words = |key: &str| container.get(key).map(|c| c.words().filter(|w| !w.is_empty()));
        let (entrypoint, command) = (words("entryPoint"), words("command"));
        let is_open = matches!(entrypoint, Some(None)) && container.get("entryPoint").is_some_and(is_written)
            || matches!(command, Some(None)) && container.get("command").is_some_and(is_written);
        found.containers.push(Container {
            name: container.text_at("name").unwrap_or_default().to_owned(),
            image: container.get("image").and_then(Tree::any_text).map(str::to_owned),
            entrypoint: entrypoint.flatten(),
            command: command.flatten(),
            is_open,
        });
        for secret in container.get("secrets").map(Tree::items).unwrap_or_default() {
            let field = |key: &str| secret.get(key).and_then(Tree::any_text);
            if let (Some(name), Some(place)) = (field("name"), field("valueFrom")) {
                found.secrets.push((name.to_owned(), place.to_owned()));
            }
        }
    }
    facts.tasks.push(found);
}

/// Whether a list has something in it, known or not.
fn is_written(tree: &Tree) -> bool {
    !matches!(&tree.value, super::tree::Value::List(items) if items.is_empty())
}
