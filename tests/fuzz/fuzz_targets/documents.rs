//! Any bytes as YAML, JSON, a workflow, and as each document of a run: no panic, no hang. What is read as JSON is written
//! in each canonical form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy_provenance::canonical::{self, Mode};
use seaworthy_provenance::json::DOCUMENT;
use seaworthy_provenance::dsse::{Envelope, wrapped};
use seaworthy_provenance::statement::Statement;
use seaworthy_provenance::{Layout, PublicKey, read_fields, read_security};
use seaworthy_source::{json, yaml};
use seaworthy_workflow::Workflow;

fuzz_target!(|data: &[u8]| {
    if let Ok(node) = json::parse(data, DOCUMENT) {
        for mode in Mode::ALL {
            let _ = canonical::write(&node, mode, None);
        }
    }
    let _ = (read_fields(data, &Layout::provenance(), &[]), read_fields(data, &Layout::receipt(), &[]));
    let _ = (read_security(data), Statement::read(data), Envelope::read(data), wrapped(data));
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = (yaml::parse(text, yaml::Limits::default()), Workflow::parse(text), PublicKey::parse(text));
});
