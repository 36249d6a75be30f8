//! `seaworthy wiring`, against all that could make it say PASS where it could not look: sources that are changed in one
//! place, and accounts that do not answer.
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

mod account;
mod plans;
mod snapshots;
mod templates;
