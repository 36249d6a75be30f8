//! `terraform show -json` of a plan or a state.
//!
//! A plan tells what will be: values that are known, marks for those that apply will tell, and which references flow
//! into them. It does not tell the shape of an expression, nor local values. What is known stands in the snapshot; what
//! can be linked with certainty is a [`Text`](super::Text) with symbols, or a document with `${unknown:…}`; all else is
//! not seen, and says what it hangs on.
//!
//! Format: "JSON Output Format" of the Terraform documentation, format version 1.

mod config;
mod link;
mod place;
mod policy;
mod resource;
mod roles;
mod stores;
mod stream;
mod tasks;

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{AwsError, Gap, Inspector, Place, Snapshot, Source, SourceKind};
use place::{Home, Texts};
pub(crate) use stream::fault;

/// Reads a plan or a state. `name` is the file as the user named it.
///
/// # Errors
/// [`AwsError`] if the text is no such document. Single resources that cannot be read are gaps in the snapshot.
pub fn read(name: &str, text: Vec<u8>, inspector: &dyn Inspector) -> Result<Snapshot, AwsError> {
    let digest = digest(&text);
    let decoded = decode(name, &text)?;
    let mut document = stream::read(name, &decoded)?;
    drop(decoded);
    drop(text);
    check(name, &document)?;
    variables(&mut document);
    let home = Home::of(&document);
    let texts = Texts { document: &document, linker: link::Linker { document: &document }, home };
    let mut out = Snapshot {
        sources: vec![Source {
            kind: if document.is_plan { SourceKind::Plan } else { SourceKind::State },
            name: name.to_owned(),
            digest: Some(digest),
            tool: document.terraform.as_ref().map(|version| format!("terraform {version}")),
        }],
        partition: texts.home.partition.clone().or_else(|| Some("aws".to_owned())),
        account: texts.home.account.clone(),
        region: texts.home.region.clone(),
        ..Snapshot::default()
    };
    if document.is_plan && !document.has_configuration {
        // What is unknown and set, and what is unknown and not set, look the same then.
        let gap =
            Gap::new("the plan was stripped of its configuration: what is set by expressions is not known");
        out.gaps.push((Place::default(), gap));
    }
    roles::read(&texts, &mut out);
    stores::read(&texts, &mut out);
    tasks::read(&texts, inspector, &mut out);
    Ok(out)
}

/// The digest of a source, `sha256:…`.
pub(super) fn digest(text: &[u8]) -> String {
    Sha256::digest(text).iter().fold("sha256:".to_owned(), |out, byte| format!("{out}{byte:02x}"))
}

/// The text as UTF-8: PowerShell writes UTF-16 with a byte order mark when it redirects.
pub(super) fn decode<'a>(name: &str, text: &'a [u8]) -> Result<Cow<'a, [u8]>, AwsError> {
    if text.len() > stream::LONGEST {
        return Err(AwsError::new(name, format!("longer than {} MiB", stream::LONGEST >> 20)));
    }
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let whole = rest.len().is_multiple_of(2);
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let fault = || AwsError::new(name, "begins with a UTF-16 byte order mark and is not UTF-16");
        text.ok().filter(|_| whole).map(|text| Cow::Owned(text.into_bytes())).ok_or_else(fault)
    };
    match text {
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(Cow::Borrowed(rest)),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        rest => Ok(Cow::Borrowed(rest)),
    }
}

fn check(name: &str, document: &stream::Document) -> Result<(), AwsError> {
    let advice = "make the document with `terraform show -json PLAN`";
    match &document.format {
        Some(_) if document.has_planned && !document.has_changes => {
            Err(AwsError::new(name, format!("a plan without resource_changes; {advice}")))
        }
        Some(version) if version.split('.').next() == Some("1") => Ok(()),
        Some(version) => {
            let shown: String =
                version.chars().filter(|c| c.is_ascii_digit() || *c == '.').take(16).collect();
            Err(AwsError::new(name, format!("format_version {shown} is not known; seaworthy reads 1.x")))
        }
        None if document.is_raw_state => Err(AwsError::new(name, format!("a raw state file; {advice}"))),
        None => Err(AwsError::new(name, format!("has no format_version; {advice}"))),
    }
}

/// Values of variables that are marked sensitive count as secrets.
fn variables(document: &mut stream::Document) {
    let stream::Document { root, variables, secrets, .. } = document;
    for (name, variable) in root.variables.iter().filter(|(_, variable)| variable.sensitive) {
        let value = variables.get(name).or(variable.default.as_ref());
        if let Some(value) = value.and_then(serde_json::Value::as_str) {
            secrets.add(format!("var.{name}"), value);
        }
    }
}

#[cfg(test)]
mod tests;
