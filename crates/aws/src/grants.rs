//! What a grant of a KMS key allows, as the statement that a key policy would have for it.

use serde_json::{Map, Value, json};

/// A grant as its source tells it.
pub(super) struct Grant<'g> {
    /// Its name, as the statement's `Sid`: letters and digits of it are kept.
    pub name: &'g str,
    /// Who is granted it: an ARN, or a service of AWS. Symbols stand in it as in a policy.
    pub grantee: &'g str,
    /// The operations, without `kms:`.
    pub operations: Vec<String>,
    /// The pairs of the encryption context that it asks for. `EncryptionContextEquals` allows no pair beside its own, which
    /// for the one pair that a parameter or a secret has is the same as `EncryptionContextSubset`.
    pub context: Vec<(String, String)>,
}

impl Grant<'_> {
    /// The document of its one statement.
    pub fn document(&self) -> String {
        let is_service =
            self.grantee.ends_with(".amazonaws.com") || self.grantee.ends_with(".amazonaws.com.cn");
        let kind = if is_service { "Service" } else { "AWS" };
        let operations: Vec<String> = self.operations.iter().map(|one| format!("kms:{one}")).collect();
        let mut statement = json!({
            "Sid": self.name.replace(|c: char| !c.is_ascii_alphanumeric(), ""),
            "Effect": "Allow",
            "Principal": { kind: self.grantee },
            "Action": operations,
            "Resource": "*",
        });
        let pair = |(key, value): &(String, String)| {
            // `${` would begin a policy variable, and grants know none.
            let value = value.replace("${", "${$}{");
            (format!("kms:EncryptionContext:{key}"), Value::String(value))
        };
        let context: Map<String, Value> = self.context.iter().map(pair).collect();
        if !context.is_empty() {
            statement["Condition"] = json!({ "StringEquals": context });
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }
}
