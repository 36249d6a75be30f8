//! seaworthy checks a container image before deployment.
//!
//! ```text
//!             load                    ask                   judge               tell
//! sources ──────────▶ artifacts ──────────▶ findings ──────────▶ verdict ──────────▶ reports
//! directory           dockerfile          + not checked          pass | fail |       text, json, sarif,
//! archive, layout     context             one file per ID      incomplete          github, audit,
//! registry, daemon    image, workflow     rules/ as data                         evidence
//! plan, account       aws
//! documents           provenance
//! ```
//!
//! The engines are crates of their own under `crates/`: what is examined (`seaworthy_dockerfile`,
//! `seaworthy_context`, `seaworthy_image`, `seaworthy_aws`, `seaworthy_provenance`, `seaworthy_workflow`), what
//! recognises secrets (`seaworthy_detect`), what AWS policies allow (`seaworthy_iam`), and the origins that all of them
//! share (`seaworthy_source`). Here are the program's own parts: [`check`] the questions, [`rule`] detectors as data,
//! [`finding`] the answers, [`profile`] controls as data, [`scan`] the spine, [`report`] and [`store`] what is written, [`contract`] what a project
//! promises, [`cli`] what may be typed. Data never flows back; cargo keeps the layers of the crates and
//! `tests/program/architecture.rs` those of the program.

pub mod check;
pub mod cli;
pub mod contract;
pub mod finding;
pub mod observe;
pub mod profile;
pub mod report;
pub mod rule;
pub mod scan;
pub mod store;
