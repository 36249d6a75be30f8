//! The program from outside: arguments in; reports, messages and an exit code out. And what holds for the tree as a
//! whole.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    missing_docs
)]

#[path = "../support/mod.rs"]
mod support;

mod anchors;
mod architecture;
mod audit;
mod carriers;
mod checks_context;
mod checks_image;
mod checks_provenance;
mod checks_wiring;
mod cli;
mod context;
mod corpus_dockerfile;
mod distribution;
mod documentation;
mod examples;
mod flow_cases;
mod gate;
mod gate_cases;
mod gate_crash;
mod hostile;
mod hostile_archives;
mod hostile_inputs;
mod init;
mod mutants;
mod nested;
mod programs;
mod properties;
mod rows;
mod sandbox;
mod secret_cases;
mod site;
mod starts;
mod verify;
mod wiring;
mod wiring_cases;
