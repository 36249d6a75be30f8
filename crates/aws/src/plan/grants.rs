//! Grants of KMS keys (`aws_kms_grant`): each allows like a statement of its key's policy.

use serde_json::{Map, Value, json};

use super::place::Texts;
use super::policy::place;
use super::resource::Resource;
use crate::{Document, Gap, KeyGrant, Snapshot};

/// Reads the grants that will be there.
pub(super) fn collect(texts: &Texts<'_>, out: &mut Snapshot) {
    let all = texts.document.resources.values();
    for resource in all.filter(|r| r.kind == "aws_kms_grant" && r.stays()) {
        match grant(texts, resource) {
            Ok(grant) => out.grants.push(grant),
            Err(reason) => out.gaps.push((place(resource), Gap::new(reason))),
        }
    }
}

fn grant(texts: &Texts<'_>, resource: &Resource) -> Result<KeyGrant, String> {
    let after_apply = |what: &str| format!("{what} of the grant is known only after apply");
    let key = texts.key(resource, "key_id").ok_or_else(|| after_apply("the key"))?;
    let grantee = texts.attribute(resource, "grantee_principal").ok_or_else(|| after_apply("the grantee"))?;
    let operations = resource.values.get("operations").and_then(Value::as_array);
    let operations = operations.filter(|_| !resource.is_unknown("operations"));
    let operations: Option<Vec<String>> =
        operations.and_then(|all| all.iter().map(|one| Some(format!("kms:{}", one.as_str()?))).collect());
    let operations = operations.ok_or_else(|| after_apply("an operation"))?;
    if resource.is_unknown("constraints") {
        return Err(after_apply("a constraint"));
    }
    let mut statement = json!({
        "Sid": resource.address.replace(|c: char| !c.is_ascii_alphanumeric(), ""),
        "Effect": "Allow",
        "Principal": { "AWS": grantee.to_policy() },
        "Action": operations,
        "Resource": "*",
    });
    let condition = condition(resource);
    if !condition.is_empty() {
        statement["Condition"] = json!({ "StringEquals": condition });
    }
    let text = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    Ok(KeyGrant { key, document: Document::new(text, place(resource)) })
}

/// What the constraints ask of the encryption context. `encryption_context_equals` allows no pair beside its own, which
/// for the one pair that a parameter or a secret has is the same.
fn condition(resource: &Resource) -> Map<String, Value> {
    let mut out = Map::new();
    let blocks = resource.values.get("constraints").and_then(Value::as_array);
    for block in blocks.into_iter().flatten() {
        for name in ["encryption_context_equals", "encryption_context_subset"] {
            let pairs = block.get(name).and_then(Value::as_object);
            for (key, value) in pairs.into_iter().flatten() {
                if let Some(value) = value.as_str() {
                    // `${` would begin a policy variable, and grants know none.
                    let value = value.replace("${", "${$}{");
                    out.insert(format!("kms:EncryptionContext:{key}"), Value::String(value));
                }
            }
        }
    }
    out
}
