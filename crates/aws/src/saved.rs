//! Saved snapshots: JSON, versioned, without any secret value.

use seaworthy_source::json;
use serde::Serialize;
use serde_json::Value;

use super::plan::fault;
use super::{AwsError, Snapshot};

/// The format's name and version.
const SCHEMA: &str = "seaworthy/snapshot/v1";
/// Bounds on what is read; a snapshot is a few levels deep.
const LIMITS: json::Limits = json::Limits { bytes: 512 << 20, depth: 64, values: 32_000_000 };

#[derive(Serialize)]
struct Written<'a> {
    schema: &'static str,
    #[serde(flatten)]
    snapshot: &'a Snapshot,
}

/// Reads what [`write()`] wrote. `name` is the file as the user named it. Reading is strict: a member that the format does
/// not have, or that occurs twice, is an error.
///
/// # Errors
/// [`AwsError`] if the text is no saved snapshot.
pub fn parse(name: &str, text: &[u8]) -> Result<Snapshot, AwsError> {
    let text = std::str::from_utf8(text).map_err(|_| AwsError::new(name, "not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    json::read_first(text.as_bytes(), LIMITS).map_err(|error| AwsError::new(name, error.to_string()))?;
    let mut value: Value = serde_json::from_str(text).map_err(|error| fault(name, &error))?;
    let schema = value.as_object_mut().and_then(|members| members.remove("schema"));
    match schema.as_ref().and_then(Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) if other.starts_with("seaworthy/snapshot/") => {
            let version: String = other
                .chars()
                .skip("seaworthy/snapshot/".len())
                .filter(char::is_ascii_alphanumeric)
                .take(16)
                .collect();
            return Err(AwsError::new(
                name,
                format!("a snapshot of version {version}; this seaworthy reads v1"),
            ));
        }
        _ => return Err(AwsError::new(name, format!("not a saved snapshot: schema is not {SCHEMA}"))),
    }
    let typed = || AwsError::new(name, "a member is missing or of another type than the format has there");
    let snapshot: Snapshot = serde_json::from_value(value.clone()).map_err(|_| typed())?;
    match serde_json::to_value(&snapshot) {
        Ok(again) if again == value => {}
        Ok(again) => {
            let place = difference(&value, &again, String::new());
            return Err(AwsError::new(name, format!("a member that the format does not have, at {place}")));
        }
        Err(_) => return Err(typed()),
    }
    let last = snapshot.sources.len();
    let mut is_whole = true;
    let mut check = snapshot.clone();
    check.each_place(&mut |place| is_whole &= place.source < last);
    if !is_whole {
        return Err(AwsError::new(name, "a place names a source that the snapshot does not have"));
    }
    Ok(snapshot)
}

/// The pointer to the first place where two values differ. Names of members are the format's or an account's, not secret.
fn difference(left: &Value, right: &Value, at: String) -> String {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            for (name, value) in left {
                match right.get(name) {
                    Some(other) if other == value => {}
                    Some(other) => return difference(value, other, format!("{at}/{name}")),
                    None => return format!("{at}/{name}"),
                }
            }
            at
        }
        (Value::Array(left), Value::Array(right)) => {
            for (index, (value, other)) in left.iter().zip(right).enumerate() {
                if value != other {
                    return difference(value, other, format!("{at}/{index}"));
                }
            }
            at
        }
        _ => at,
    }
}

/// The snapshot as JSON, with format name and version.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn write(snapshot: &Snapshot) -> Result<Vec<u8>, AwsError> {
    let mut out = serde_json::to_vec_pretty(&Written { schema: SCHEMA, snapshot })
        .map_err(|_| AwsError::new("snapshot", "cannot be written as JSON"))?;
    out.push(b'\n');
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::{Gap, Place, Seen, Source, SourceKind};

    fn snapshot() -> Snapshot {
        let source = Source { kind: SourceKind::Plan, name: "plan.json".into(), digest: None, tool: None };
        let mut snapshot = Snapshot { sources: vec![source], ..Snapshot::default() };
        snapshot.roles.insert("app".into(), Seen::NotSeen(Gap::new("AccessDenied").without("iam:GetRole")));
        snapshot.parameters.insert("/a".into(), Seen::Absent);
        snapshot.gaps.push((Place::default(), Gap::new("a page")));
        snapshot
    }

    #[test]
    fn what_was_written_is_read() {
        let text = write(&snapshot()).unwrap();
        assert!(text.starts_with(b"{\n  \"schema\": \"seaworthy/snapshot/v1\""));
        assert_eq!(parse("s.json", &text).unwrap(), snapshot());
    }

    #[test]
    fn what_is_not_the_format_is_an_error() {
        let text = String::from_utf8(write(&snapshot()).unwrap()).unwrap();
        let fault = |text: String| parse("s.json", text.as_bytes()).unwrap_err().to_string();
        assert!(fault(text.replace("/v1", "/v2")).contains("version v2"));
        assert!(fault(text.replace("seaworthy/snapshot", "other")).contains("not a saved snapshot"));
        assert!(fault(text.replace("\"reason\"", "\"extra\": 1, \"reason\"")).contains("/extra"));
        assert!(fault(text.replace("\"account\": null", "\"account\": 7")).contains("another type"));
        assert!(fault(text.replace("\"region\"", "\"account\"")).contains("twice"));
        assert!(fault(text.replace("\"source\": 0", "\"source\": 3")).contains("a source"));
        assert!(fault(text.get(..text.len() / 2).unwrap_or_default().to_owned()).contains(": "));
        assert!(fault("[]".to_owned()).contains("not a saved snapshot"));
    }
}
