//! Reports: each is a function of (`&Report`, `&mut dyn Write`). Nothing is judged here; the verdict is computed before
//! anything is rendered, so that no format can lose it.
//!
//! Writers write in small pieces: hand them a buffered one.

pub mod asff;
pub mod audit;
pub mod csv;
mod entry;
pub mod evidence;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod membership;
pub(crate) mod phrase;
pub mod repository;
pub mod sarif;
mod source;
mod tally;
pub mod text;
mod v1;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod samples;

use std::fmt;
use std::str::FromStr;

use schemars::generate::SchemaSettings;

use crate::finding::CheckMeta;

/// The tool's name as reports give it.
const TOOL: &str = "seaworthy";
/// The tool's version (Semantic Versioning 2.0) as reports give it.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Where the tool is described.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The page about a check, with examples, for people who see only a report.
fn check_page(meta: &CheckMeta) -> String {
    format!("{HOME}/blob/main/docs/checks.md#{}-{}", meta.id.to_lowercase(), meta.name)
}

/// A form in which a report can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For a terminal.
    Text,
    /// The versioned JSON report.
    Json,
    /// SARIF 2.1.0, for GitHub code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// The evidence kept with a run.
    Evidence,
    /// Markdown, for the summary of a step.
    Markdown,
    /// One HTML file, for a browser.
    Html,
    /// JUnit XML, for test dashboards.
    Junit,
    /// GitLab's secret detection report.
    GitlabSecrets,
    /// GitLab's code quality report.
    GitlabQuality,
    /// The AWS Security Finding Format.
    Asff,
    /// A table for spreadsheets (RFC 4180).
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Json,
        Self::Sarif,
        Self::Github,
        Self::Evidence,
        Self::Markdown,
        Self::Html,
        Self::Junit,
        Self::GitlabSecrets,
        Self::GitlabQuality,
        Self::Asff,
        Self::Csv,
    ];

    /// The word that names it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Evidence => "evidence",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::GitlabSecrets => "gitlab-secrets",
            Self::GitlabQuality => "gitlab-quality",
            Self::Asff => "asff",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|f| f.as_str() == word)
            .ok_or_else(|| UnknownFormat { given: phrase::printable(word) })
    }
}

/// A word that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown report format `{given}`: use {}", Format::ALL.map(Format::as_str).join(", "))]
pub struct UnknownFormat {
    /// The word, printable.
    pub given: String,
}

/// The names that [`schema`] knows.
pub const SCHEMAS: [&str; 3] = ["report", "evidence", "audit"];

/// The JSON Schema (draft 2020-12) of a document that this module writes: `report`, `evidence` or `audit`.
pub fn schema(name: &str) -> Option<serde_json::Value> {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = match name {
        "report" => generator.into_root_schema_for::<json::Document>(),
        "audit" => generator.into_root_schema_for::<audit::Document>(),
        "evidence" => generator.into_root_schema_for::<evidence::Document>(),
        _ => return None,
    };
    Some(schema.to_value())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_back_from_their_names() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        let error = "yaml\u{1b}".parse::<Format>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown report format `yaml\\x1b`: use text, json, sarif, github, evidence, markdown, html, junit, \
             gitlab-secrets, gitlab-quality, asff, csv"
        );
    }

    #[test]
    fn every_schema_name_has_a_schema() {
        for name in SCHEMAS {
            let schema = schema(name).unwrap();
            assert_eq!(schema["type"], "object", "{name}");
            assert_eq!(schema["properties"]["schema"]["const"], format!("seaworthy/{name}/v1"));
        }
        assert_eq!(schema("contract"), None);
    }
}
