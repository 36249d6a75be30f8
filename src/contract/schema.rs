//! The contract's JSON Schema (2020-12), for editors and for the contract's own reader.

use serde_json::Value;

use super::json_schema::schema_of;
use super::section::RawContract;

/// The schema of `seaworthy.toml`. It refuses unknown keys, and its descriptions are those of the documentation. It is
/// a little milder than the reader, which also compares entries with each other and knows dates, globs and ARNs.
pub fn schema() -> Value {
    schema_of::<RawContract>()
}
