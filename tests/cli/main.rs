//! The real binary, from outside: arguments in; reports, messages and an exit code out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod contract;
mod help;
mod reports;
mod rules;
mod secrets_stay_secret;
mod sources;
