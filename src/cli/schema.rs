//! `seaworthy schema`.

use serde_json::Value;

use super::args::Schema as Arguments;
use super::output::Terminal;
use super::{Failure, mistakes};
use crate::{contract, report};
use seaworthy_source::escape_bytes;

/// The documents that have a schema.
pub(super) const NAMES: [&str; 5] = ["contract", "profile", "report", "evidence", "audit"];

/// The JSON Schema of a document.
pub(super) fn named(name: &str) -> Option<Value> {
    match name {
        "contract" => Some(contract::schema()),
        "profile" => Some(contract::profile_schema()),
        name => report::schema(name),
    }
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let Some(schema) = named(&arguments.name) else {
        let near = mistakes::nearest(&arguments.name, NAMES.into_iter(), 1);
        let hint = near.first().map_or_else(String::new, |n| format!("; did you mean {n}?"));
        let name = escape_bytes(arguments.name.as_bytes());
        return Err(Failure(format!("there is no schema {name}; there are: {}{hint}", NAMES.join(", "))));
    };
    let text = serde_json::to_string_pretty(&schema)?;
    terminal.print_own(format!("{text}\n").as_bytes())?;
    Ok(0)
}
