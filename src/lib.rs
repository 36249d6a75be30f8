//! seaworthy
pub mod artifact;
pub mod detect;
pub mod finding;
pub mod location;
