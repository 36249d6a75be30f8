//! Any text as a contract: no panic, mistakes lie in the text, and a contract that is read has controls.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use seaworthy::contract::{Contract, ContractError};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Contract::parse(text, Path::new("seaworthy.toml")) {
        Ok(contract) => drop(contract.controls()),
        // What is printed of a mistake quotes the line: that must not fail either.
        Err(error @ ContractError::Invalid(_)) => drop(error.to_string()),
        Err(_) => {}
    }
});
