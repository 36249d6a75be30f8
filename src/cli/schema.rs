//! `seaworthy schema`.

use super::Failure;
use super::args::Schema as Arguments;
use super::output::Terminal;
use crate::{contract, report};

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let schema = match arguments.name.as_str() {
        "contract" => Some(contract::schema()),
        "profile" => Some(contract::profile_schema()),
        name => report::schema(name),
    };
    let Some(schema) = schema else {
        let names = [&["contract", "profile"], &report::SCHEMAS[..]].concat().join(", ");
        return Err(Failure(format!("there is no schema {}; there are: {names}", arguments.name)));
    };
    let text = serde_json::to_string_pretty(&schema)?;
    terminal.print(format!("{text}\n").as_bytes())?;
    Ok(0)
}
