//! seaworthy inspects a container image before it sails.
//!
//! ```text
//!             load                    ask                   judge               tell
//! sources ──────────▶ artifacts ──────────▶ findings ──────────▶ verdict ──────────▶ reports
//! directory           dockerfile          + unchecked          pass | fail |       text, json, sarif,
//! archive, layout     context             one file per ID      incomplete          github, audit,
//! registry, daemon    image, workflow     rules/ as data                         evidence
//! plan, account       aws
//! documents           provenance
//! ```
//!
//! The folders are this picture: [`artifact`] is what is examined, [`check`] the questions, [`detect`] and [`rule`]
//! what recognises secrets, [`iam`] what AWS policies allow, [`finding`] the answers, [`scan`] the
//! spine, [`report`] and [`store`] what is told and kept, [`contract`] what a project promises, [`cli`] what may be typed. Data never flows back, and
//! `tests/architecture.rs` keeps it so.

pub mod artifact;
pub mod check;
pub mod cli;
pub mod contract;
pub mod detect;
pub mod finding;
pub mod iam;
pub mod location;
pub mod report;
pub mod rule;
pub mod scan;
pub mod store;
