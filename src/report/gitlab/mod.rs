//! Reports for GitLab: secret detection for its security dashboard, code quality for its merge requests.

mod code_quality;
mod secret_detection;

pub use code_quality::write as write_code_quality;
pub use secret_detection::{Scan, write as write_secret_detection};
