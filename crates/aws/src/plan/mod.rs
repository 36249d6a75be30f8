//! `terraform show -json` of a plan or a state.
//!
//! A plan tells what will be: values that are known, marks for those that apply will tell, and which references flow
//! into them. It does not tell the shape of an expression, nor local values. What is known stands in the snapshot; what
//! can be linked with certainty is a [`Text`](super::Text) with symbols, or a document with `${unknown:…}`; all else is
//! not seen, and says what it hangs on.
//!
//! Format: "JSON Output Format" of the Terraform documentation, format version 1.

mod config;
mod evaluate;
mod function;
mod grants;
mod link;
mod overrides;
mod place;
mod policy;
mod policy_source;
mod resource;
mod roles;
mod stores;
mod stream;
mod tasks;
mod unread;

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::terraform::Configuration;
use super::{AwsError, Gap, Inspector, Place, Snapshot, Source, SourceKind};
use evaluate::Evaluator;
pub use place::Meant;
pub(crate) use place::partition_of;
use place::{Home, Texts};
pub(crate) use stream::fault;

/// Reads a plan or a state. `name` is the file as the user named it.
///
/// # Errors
/// [`AwsError`] if the text is no such document. Single resources that cannot be read are gaps in the snapshot.
pub fn parse(name: &str, text: Vec<u8>, inspector: &dyn Inspector) -> Result<Snapshot, AwsError> {
    read_with(name, text, &Meant::default(), &[], inspector)
}

/// Reads a plan or a state together with the Terraform source that it was made of, if that is one of `sources`: places are
/// then files and lines of it, and what only apply will tell is worked out from its expressions. A resource that
/// says it is elsewhere than `meant` is told as such; a provider that says so makes the document one of there.
///
/// # Errors
/// As for [`parse()`].
pub fn read_with(
    name: &str,
    text: Vec<u8>,
    meant: &Meant,
    sources: &[Configuration],
    inspector: &dyn Inspector,
) -> Result<Snapshot, AwsError> {
    let digest = digest(&text);
    let decoded = decode(name, &text)?;
    let mut document = stream::parse(name, &decoded)?;
    drop(decoded);
    drop(text);
    check(name, &document)?;
    variables(&mut document);
    let home = Home::of(&document, meant);
    let source = source_of(&document, sources);
    let evaluator = source.as_ref().ok().copied().flatten().map(Evaluator::new);
    let texts = Texts { document: &document, linker: link::Linker { document: &document }, home, evaluator };
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
    roles::collect(&texts, &mut out);
    stores::collect(&texts, &mut out);
    grants::collect(&texts, &mut out);
    tasks::collect(&texts, inspector, &mut out);
    unread::collect(&document, &mut out);
    if let Some(evaluator) = &texts.evaluator {
        out.each_place(&mut |place| {
            let resource = document.resources.get(&place.address);
            if let Some(block) = resource.and_then(|resource| evaluator.written(resource)) {
                (place.file, place.line) = (Some(block.file.clone()), Some(block.line));
            }
        });
        out.each_document(&mut |document| {
            let resource = texts.document.resources.get(&document.place.address);
            // A role holds its trust policy and inline policies, which its address does not tell apart.
            let resource = resource.filter(|resource| resource.kind != "aws_iam_role");
            if let Some((block, lines)) = resource.and_then(|resource| evaluator.statements(resource)) {
                (document.place.file, document.place.line) = (Some(block.file.clone()), Some(block.line));
                document.lines = lines;
            }
        });
    }
    if texts.evaluator.as_ref().is_some_and(Evaluator::is_exhausted) {
        let gap =
            "the Terraform source is too large or too deep to be worked out in full: see what is not known";
        out.gaps.push((Place::default(), Gap::new(gap)));
    }
    if let Err(reason) = source {
        out.gaps.push((Place::default(), Gap::new(reason)));
    }
    Ok(out)
}

/// The source that has the document's resources.
fn source_of<'s>(
    document: &stream::Document,
    sources: &'s [Configuration],
) -> Result<Option<&'s Configuration>, String> {
    let managed: Vec<&resource::Resource> =
        document.resources.values().filter(|r| !r.is_data && r.stays()).collect();
    let count = |source: &&Configuration| {
        let evaluator = Evaluator::new(source);
        managed.iter().filter(|resource| evaluator.written(resource).is_some()).count()
    };
    let most = sources.iter().map(|source| count(&source)).max().unwrap_or(0);
    if sources.is_empty() || managed.is_empty() {
        return Ok(None);
    }
    if most == 0 {
        return Err("no source directory holds a resource of this plan: is it the one that it was made of?"
            .to_owned());
    }
    let mut best = sources.iter().filter(|source| count(source) == most);
    match (best.next(), best.next()) {
        (Some(one), None) => Ok(Some(one)),
        _ => Err("several source directories hold the resources of this plan: which one it was made of is not known".to_owned()),
    }
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
