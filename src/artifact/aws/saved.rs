//! Saved snapshots: JSON, versioned, without any secret value.

use serde_json::{Map, Value};

use super::{AwsError, Snapshot};

/// Name and version of the format.
const SCHEMA: &str = "seaworthy/snapshot/v1";

/// Reads what [`write`] wrote. `name` is the file as the user named it.
///
/// # Errors
/// [`AwsError`] if the text is no saved snapshot.
pub fn read(name: &str, text: &[u8]) -> Result<Snapshot, AwsError> {
    // The parser's messages may quote values.
    let fail = |reason: String| AwsError::new(name, reason);
    let mut members: Map<String, Value> = serde_json::from_slice(text)
        .map_err(|e| fail(format!("{}:{}: not a JSON object", e.line(), e.column())))?;
    if members.remove("schema").as_ref().and_then(Value::as_str) != Some(SCHEMA) {
        return Err(fail(format!("not a snapshot of this version: `schema` is not {SCHEMA}")));
    }
    serde_json::from_value(Value::Object(members))
        .map_err(|_| fail(format!("does not have the form of {SCHEMA}")))
}

/// The snapshot as JSON, with format name and version.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn write(snapshot: &Snapshot) -> Result<Vec<u8>, AwsError> {
    let fail = |_| AwsError::new("snapshot", "cannot be written as JSON");
    let mut value = serde_json::to_value(snapshot).map_err(fail)?;
    if let Value::Object(members) = &mut value {
        members.insert("schema".to_owned(), SCHEMA.into());
    }
    serde_json::to_vec_pretty(&value).map_err(fail)
}
