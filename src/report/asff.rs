//! The AWS Security Finding Format (SchemaVersion 2018-10-08), as `BatchImportFindings` of AWS Security Hub takes it: a
//! list of findings, to be sent 100 at a time. Lengths are those that the AWS Security Hub API reference gives.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::entry::{self, Entry};
use super::phrase::{printable, redacted, shorten};
use super::repository::Repository;
use super::{HOME, TOOL, VERSION, check_page};
use crate::finding::{Finding, Report, Severity, Subject};
use seaworthy_source::OriginKind;

/// Findings of a report; Security Hub takes 100 in one call.
const MAX_ENTRIES: usize = 5_000;
const TITLE: usize = 256;
const DESCRIPTION: usize = 1_024;
const RECOMMENDATION: usize = 512;
/// Characters of a resource's ID.
const RESOURCE: usize = 512;
/// Characters of a value in `ProductFields`.
const FIELD: usize = 2_048;

/// The account that findings are imported into.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its ID, 12 digits.
    pub id: String,
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// When the report was written (RFC 3339, UTC).
    pub written_at_utc: String,
}

impl Account {
    /// The partition that the region lies in.
    fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// The product that an account imports its own findings as.
    fn product(&self) -> String {
        let (region, id) = (printable(&self.region), printable(&self.id));
        format!("arn:{}:securityhub:{region}:{id}:product/{id}/default", self.partition())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    product_name: &'static str,
    company_name: &'static str,
    generator_id: String,
    aws_account_id: String,
    region: String,
    types: Vec<&'static str>,
    created_at: String,
    updated_at: String,
    severity: Label,
    title: String,
    description: String,
    remediation: Remediation,
    product_fields: BTreeMap<String, String>,
    resources: Vec<Resource>,
    compliance: Status,
    workflow: Status,
    record_state: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Label {
    label: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation {
    text: String,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: &'static str,
    id: String,
    partition: &'static str,
    region: String,
}

/// Writes a list of findings: those of the report, and what was not checked as informational ones whose compliance is
/// not available. The answer is how many were left out.
///
/// # Errors
/// When `out` fails.
pub fn write(
    report: &Report,
    repository: &Repository,
    account: &Account,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let entries = entry::all(report, repository);
    let left_out = entries.len().saturating_sub(MAX_ENTRIES);
    let mut records: Vec<Record> =
        entries.iter().take(MAX_ENTRIES).map(|e| record(report, e, account)).collect();
    if left_out > 0 {
        records.push(record(report, &rest(left_out), account));
    }
    serde_json::to_writer_pretty(&mut *out, &records)?;
    writeln!(out)?;
    Ok(left_out)
}

/// What says that `left_out` entries are not in the list.
fn rest(left_out: usize) -> Entry<'static> {
    Entry {
        finding: None,
        check: "left-out",
        severity: None,
        message: entry::left_out(left_out),
        place: "the report".to_owned(),
        same_cause: None,
        fix: "Read the JSON report.".to_owned(),
        file: "seaworthy.toml".to_owned(),
        line: 1,
        end_line: 1,
        id: "left-out".to_owned(),
    }
}

fn record(report: &Report, entry: &Entry<'_>, account: &Account) -> Record {
    let meta = report.checks.iter().map(|c| c.meta).find(|m| m.id == entry.check);
    let product = account.product();
    let id = format!("{product}/{TOOL}/{}", entry.id);
    let same_cause = entry.same_cause.iter().map(|s| format!(" {s}")).collect::<String>();
    let description = format!("{} {}.{same_cause}", entry.message, entry.place);
    Record {
        schema_version: "2018-10-08",
        id,
        product_arn: product,
        product_name: TOOL,
        company_name: TOOL,
        generator_id: format!("{TOOL}/{}", entry.check),
        aws_account_id: printable(&account.id),
        region: printable(&account.region),
        types: vec![kind(entry.finding)],
        created_at: printable(&account.written_at_utc),
        updated_at: printable(&account.written_at_utc),
        severity: Label {
            label: match entry.severity {
                Some(Severity::Critical) => "CRITICAL",
                Some(Severity::High) => "HIGH",
                Some(Severity::Medium) => "MEDIUM",
                Some(Severity::Low) => "LOW",
                None => "INFORMATIONAL",
            },
        },
        title: shorten(entry.message.trim_end_matches('.'), TITLE),
        description: shorten(&description, DESCRIPTION),
        remediation: Remediation {
            recommendation: Recommendation {
                text: shorten(&entry.fix, RECOMMENDATION),
                url: meta.map_or_else(|| HOME.to_owned(), check_page),
            },
        },
        product_fields: fields(entry),
        resources: vec![resource(report, entry, account)],
        compliance: Status { status: if entry.finding.is_some() { "FAILED" } else { "NOT_AVAILABLE" } },
        workflow: Status { status: "NEW" },
        record_state: "ACTIVE",
    }
}

/// A type of the format's taxonomy.
fn kind(finding: Option<&Finding>) -> &'static str {
    match finding {
        Some(finding) if finding.secret.is_some() => "Sensitive Data Identifications/Passwords/Credentials",
        _ => "Software and Configuration Checks/Industry and Regulatory Standards/Container image contract",
    }
}

fn fields(entry: &Entry<'_>) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::from([
        (format!("{TOOL}/version"), VERSION.to_owned()),
        (format!("{TOOL}/file"), entry.file.clone()),
        (format!("{TOOL}/line"), entry.line.to_string()),
    ]);
    if let Some(finding) = entry.finding {
        fields.insert(format!("{TOOL}/confidence"), finding.confidence.to_string());
        if let Some(detector) = &finding.detector {
            fields.insert(format!("{TOOL}/detector"), printable(detector));
        }
        if let Some(secret) = &finding.secret {
            fields.insert(format!("{TOOL}/secret"), redacted(secret));
        }
    }
    fields.values_mut().for_each(|value| *value = shorten(value, FIELD));
    fields
}

/// What the finding is about: the image where it lies in one, else the file.
fn resource(report: &Report, entry: &Entry<'_>, account: &Account) -> Resource {
    let origin = entry.finding.map(|f| &f.origin);
    let image = origin
        .filter(|o| in_image(o.kind))
        .and_then(|o| report.artifacts.iter().find(|a| a.subject == Subject::Image && a.name == o.artifact));
    let (r#type, id) = match image {
        Some(image) => {
            let digest = image.digest.as_deref().map(|d| format!("@{}", printable(d))).unwrap_or_default();
            // The digest tells images apart, so that the name is what is cut.
            let room = RESOURCE.saturating_sub(digest.chars().count());
            ("Container", format!("{}{digest}", shorten(&printable(&image.name), room)))
        }
        None => ("Other", entry.file.clone()),
    };
    let id = shorten(&id, RESOURCE);
    Resource { r#type, id, partition: account.partition(), region: printable(&account.region) }
}

fn in_image(kind: OriginKind) -> bool {
    matches!(
        kind,
        OriginKind::LayerFile
            | OriginKind::Layer
            | OriginKind::History
            | OriginKind::Config
            | OriginKind::Manifest
            | OriginKind::Attestation
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::agreement::assert_fits;
    use crate::report::samples;

    fn records(report: &Report, region: &str) -> Value {
        let account = Account {
            id: "123456789012".to_owned(),
            region: region.to_owned(),
            written_at_utc: "2026-01-02T03:04:05Z".to_owned(),
        };
        let mut out = Vec::new();
        write(report, &Repository::default(), &account, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    /// What the API reference of AWS Security Hub asks of a finding that is imported.
    fn schema() -> Value {
        let text = |most: usize| json!({ "type": "string", "minLength": 1, "maxLength": most });
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    "SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt", "UpdatedAt",
                    "Severity", "Title", "Description", "Resources"
                ],
                "properties": {
                    "SchemaVersion": { "const": "2018-10-08" },
                    "Id": text(512),
                    "ProductArn": {
                        "pattern": "^arn:aws(-cn|-us-gov)?:securityhub:[a-z0-9-]+:\\d{12}:product/\\d{12}/default$"
                    },
                    "GeneratorId": text(512),
                    "AwsAccountId": { "pattern": "^\\d{12}$" },
                    "Types": { "type": "array", "maxItems": 50, "items": {
                        "pattern": "^(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)(/[^/]+){0,2}$"
                    } },
                    "CreatedAt": { "format": "date-time" },
                    "UpdatedAt": { "format": "date-time" },
                    "Severity": {
                        "required": ["Label"],
                        "properties": { "Label": { "enum": ["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"] } }
                    },
                    "Title": text(256),
                    "Description": text(1024),
                    "Remediation": { "properties": { "Recommendation": { "properties": {
                        "Text": { "type": "string", "maxLength": 512 },
                        "Url": { "pattern": "^https://" }
                    } } } },
                    "ProductFields": {
                        "maxProperties": 50,
                        "propertyNames": { "maxLength": 128 },
                        "additionalProperties": { "type": "string", "maxLength": 2048 }
                    },
                    "Resources": { "type": "array", "minItems": 1, "maxItems": 32, "items": {
                        "required": ["Type", "Id"],
                        "properties": { "Type": { "enum": ["Container", "Other"] }, "Id": text(512) }
                    } },
                    "Compliance": { "properties": { "Status": { "enum": ["FAILED", "NOT_AVAILABLE"] } } },
                    "Workflow": { "properties": { "Status": { "const": "NEW" } } },
                    "RecordState": { "enum": ["ACTIVE", "ARCHIVED"] }
                }
            }
        })
    }

    #[test]
    fn findings_are_as_security_hub_asks() {
        for report in samples::all().into_iter().chain([samples::large(40)]) {
            assert_fits(schema(), &records(&report, "eu-central-1"));
        }
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_digest() {
        let mut report = samples::fail();
        let name = "n".repeat(2_000);
        let old = report.artifacts[0].name.clone();
        report.artifacts[0].name.clone_from(&name);
        for finding in report.findings.iter_mut().filter(|f| f.origin.artifact == old) {
            finding.origin.artifact.clone_from(&name);
        }
        report.findings[0].origin.path = Some("p".repeat(3_000));
        let records = records(&report, "eu-central-1");
        assert_fits(schema(), &records);
        let digest = report.artifacts[0].digest.as_deref().unwrap();
        let ids: Vec<&str> =
            records.as_array().unwrap().iter().map(|r| r["Resources"][0]["Id"].as_str().unwrap()).collect();
        assert!(ids.iter().any(|id| id.starts_with("nnn") && id.ends_with(digest)), "{ids:?}");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let records = records(&samples::large(MAX_ENTRIES + 10), "eu-central-1");
        let records = records.as_array().unwrap();
        assert_eq!(records.len(), MAX_ENTRIES + 1);
        let last = records.last().unwrap();
        assert!(last["Title"].as_str().unwrap().contains("left out of this report"), "{last:#}");
        assert_eq!(last["Compliance"]["Status"], "NOT_AVAILABLE");
    }

    #[test]
    fn what_was_not_checked_is_no_pass() {
        let records = records(&samples::incomplete(), "us-gov-west-1");
        assert!(records[0]["ProductArn"].as_str().unwrap().starts_with("arn:aws-us-gov:"));
        assert_eq!(records[0]["Compliance"]["Status"], "NOT_AVAILABLE");
    }
}
