//! What is examined: one folder per domain, each with its own error type. An artifact knows neither checks nor
//! findings.

pub mod aws;
pub mod context;
pub mod dockerfile;
pub mod image;
pub mod provenance;
pub mod workflow;
