#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accepting;
mod documents;
mod files;
mod mistakes;
mod profiles;
mod properties;
mod schemas;
mod wiring;

use std::path::{Path, PathBuf};

use jiff::civil::date;

use super::*;
use crate::finding::{Fingerprint, Severity};

const EXAMPLE: &str = include_str!("seaworthy.toml");

fn parse(text: &str) -> Result<Contract, ContractError> {
    Contract::parse(text, Path::new("project/seaworthy.toml"))
}

#[test]
fn the_example_says_everything() {
    let contract = parse(EXAMPLE).unwrap();
    assert_eq!(contract.directory, Path::new("project"));
    assert_eq!(contract.image.name.as_deref(), Some("orders-api"));
    assert_eq!(contract.image.reference.as_deref(), Some("oci-archive:out/app.tar"));
    assert_eq!(contract.image.dockerfile, Some(PathBuf::from("project/Dockerfile")));
    assert_eq!(contract.policy.fail_on, Severity::High);
    assert_eq!(contract.fingerprints.key_env.as_deref(), Some("SEAWORTHY_FINGERPRINT_KEY"));
    assert_eq!(contract.rules.directories, [PathBuf::from("project/security/rules")]);
    assert_eq!(contract.rules.disable[0].detector, "generic-password-assignment");
    assert!(contract.rules.disable[0].holds(date(2027, 1, 31)));
    assert!(!contract.rules.disable[0].holds(date(2027, 2, 1)));
    assert_eq!(contract.evidence.directory, Path::new("project/evidence"));
    assert_eq!(contract.evidence.phase_id, "P(-1)");
    let bucket = contract.evidence.bucket.as_ref().unwrap();
    assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("orders-evidence", "prod"));
    assert!(bucket.path_style && bucket.kms_key_id.as_deref() == Some("alias/evidence"));
    assert_eq!(contract.evidence.keys.run.as_str(), "runs/{platform_run_id}/run.json");
    assert_eq!(contract.profile.as_ref().unwrap().name, "m1");
    let [waiver] = contract.waivers.as_slice() else { panic!("one waiver") };
    assert_eq!((waiver.control.as_str(), waiver.expires), ("C.3.1", date(2027, 1, 31)));
    assert_eq!(waiver.place, "project/seaworthy.toml:43:1");
    assert_eq!(contract.limits.max_layer_bytes, 8 << 30);
    assert_eq!(contract.limits.registry_timeout_seconds, 30);
    let [password, dsn, api_key] = contract.secrets.as_slice() else { panic!("three secrets") };
    assert_eq!(password.parameter, Parameter::Name("/orders/prod/db/password".to_owned()));
    assert_eq!(password.variables, ["DB_PASSWORD", "PGPASSWORD"]);
    assert!(password.required && !dsn.required);
    assert!(matches!(dsn.parameter, Parameter::SecretArn(_)));
    assert_eq!((api_key.version, api_key.label.as_deref()), (Some(3), Some("live")));
    assert_eq!(api_key.kms_key.as_deref(), Some("alias/orders"));
    let [accept, open] = contract.accept_entries.as_slice() else { panic!("two entries") };
    assert!(open.not_checked && !accept.not_checked);
    assert_eq!(accept.position.to_string(), "73:1");
    assert_eq!(accept.path.as_ref().unwrap().as_str(), "app/tests/**");
    assert_eq!(accept.fingerprint, Fingerprint::parse("0123456789abcdef0123456789abcdef"));
    assert_eq!(accept.expires, date(2027, 1, 31));
    assert!(contract.digest().unwrap().starts_with("sha256:"));
}

#[test]
fn the_smallest_contract_is_the_default_one() {
    let contract = Contract::parse("version = 1", Path::new("seaworthy.toml")).unwrap();
    let default = Contract::default();
    assert_eq!(contract.policy, default.policy);
    assert_eq!(contract.limits, default.limits);
    assert_eq!(contract.evidence, default.evidence);
    assert_eq!(contract.directory, default.directory);
    assert_eq!(contract.digest().unwrap(), digest_of("version = 1"));
    assert_eq!(default.digest(), None);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let text = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    assert_eq!(parse(&text).unwrap().secrets, parse(EXAMPLE).unwrap().secrets);
}

#[test]
fn dates_that_never_come_are_mistakes_and_past_ones_are_not() {
    let contract = parse(EXAMPLE).unwrap();
    assert!(contract.check_dates(date(2026, 6, 1)).is_ok());
    assert!(contract.check_dates(date(2099, 1, 1)).is_ok());
    let error = contract.check_dates(date(2025, 12, 26)).unwrap_err();
    assert_eq!(error.diagnostics().len(), 3);
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("dates", error.render(false)) });
    assert!(contract.check_dates(date(2025, 12, 27)).is_ok());
}
