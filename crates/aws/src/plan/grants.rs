//! Grants of KMS keys (`aws_kms_grant`): each allows like a statement of its key's policy.

use serde_json::Value;

use super::place::Texts;
use super::policy::place;
use super::resource::Resource;
use crate::grants::Grant;
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
        operations.and_then(|all| all.iter().map(|one| Some(one.as_str()?.to_owned())).collect());
    let operations = operations.ok_or_else(|| after_apply("an operation"))?;
    if resource.is_unknown("constraints") {
        return Err(after_apply("a constraint"));
    }
    let (name, grantee) = (resource.address.as_str(), grantee.to_policy());
    let grant = Grant { name, grantee: &grantee, operations, context: context(resource) };
    Ok(KeyGrant { key, document: Document::new(grant.document(), place(resource)) })
}

/// What the constraints ask of the encryption context.
fn context(resource: &Resource) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let blocks = resource.values.get("constraints").and_then(Value::as_array);
    for block in blocks.into_iter().flatten() {
        for name in ["encryption_context_equals", "encryption_context_subset"] {
            let pairs = block.get(name).and_then(Value::as_object);
            let pairs = pairs.into_iter().flatten();
            out.extend(pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
        }
    }
    out
}
