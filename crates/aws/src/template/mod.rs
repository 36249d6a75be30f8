//! CloudFormation templates, JSON or YAML, also those that CDK synthesises.
//!
//! A template does not know its account, its region, the values of its parameters, nor most names. All of these are
//! symbols; ARNs of resources in the template are made of the same ones. Source: "CloudFormation template reference".

mod build;
mod node;
mod parameters;
mod place;
mod resolve;

pub use parameters::Parameters;

use std::collections::BTreeSet;

use super::plan::{Meant, decode, digest};
use super::{AwsError, Inspector, Snapshot, Source, SourceKind};

/// The longest template, in bytes; CloudFormation takes 1 MB.
const LONGEST: usize = 16 << 20;

/// Reads a template. `name` is the file as the user named it.
///
/// # Errors
/// [`AwsError`] if the text is no template. Single resources that cannot be read are gaps in the snapshot.
pub fn parse(name: &str, text: Vec<u8>, inspector: &dyn Inspector) -> Result<Snapshot, AwsError> {
    Ok(read_with(name, text, &Parameters::default(), &Meant::default(), inspector)?.0)
}

/// Reads a template with the values that a deployment gives its parameters, deployed where it is `meant`. The second answer is the names of all
/// parameters that the template has.
///
/// # Errors
/// As for [`parse()`].
pub fn read_with(
    name: &str,
    text: Vec<u8>,
    parameters: &Parameters,
    meant: &Meant,
    inspector: &dyn Inspector,
) -> Result<(Snapshot, BTreeSet<String>), AwsError> {
    if text.len() > LONGEST {
        return Err(AwsError::new(name, format!("longer than {} MiB", LONGEST >> 20)));
    }
    let digest = digest(&text);
    let decoded = decode(name, &text)?;
    let root = node::parse(name, &decoded)?;
    drop(decoded);
    drop(text);
    if !matches!(root.get("Resources").map(|node| &node.value), Some(node::Value::Map(_))) {
        return Err(AwsError::new(name, "not a CloudFormation template: it has no Resources"));
    }
    let source =
        Source { kind: SourceKind::Template, name: name.to_owned(), digest: Some(digest), tool: None };
    let template = resolve::Template::new(&root, parameters, meant);
    let partition = Some(template.partition().to_owned());
    let mut out = Snapshot { sources: vec![source], partition, ..Snapshot::default() };
    build::collect(&template, inspector, &mut out);
    let named = root.get("Parameters").map_or(&[][..], node::Node::members);
    Ok((out, named.iter().map(|(name, _)| name.clone()).collect()))
}

#[cfg(test)]
mod tests;
