//! `[[secrets]]`: secrets that reach the container at runtime and must not be in the image.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::wiring::{Kept, Secret};
use crate::contract::marked::{Count, Marked, Text};
use crate::contract::names;
use crate::contract::parameter::Parameter;
use crate::contract::validator::Validator;
use seaworthy_iam::Arn;
use seaworthy_source::Position;

/// A secret that reaches the container at runtime and must not be in the image.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawSecret {
    /// The secret's name in this project.
    #[schemars(required, regex(pattern = r"^[A-Za-z][A-Za-z0-9_.-]*$"))]
    pub handle: Text,
    /// Where it is kept: a parameter's name or ARN (AWS Systems Manager), or a secret's ARN (AWS Secrets Manager).
    #[schemars(required)]
    pub parameter: Text,
    /// The environment variables that carry it into the container.
    pub variables: Option<Vec<Marked<String>>>,
    /// Whether the application cannot start without it.
    #[schemars(extend("default" = true))]
    pub required: Option<Marked<bool>>,
    /// The version that the parameter must have.
    #[schemars(range(min = 1))]
    pub version: Count,
    /// The label that the parameter's version must carry. It cannot be verified without reading values, so it is always
    /// reported as not checked.
    pub label: Text,
    /// The KMS key that must encrypt it: an ID, an ARN, or an alias such as `alias/orders`.
    pub kms_key: Text,
}

/// One `[[secrets]]`: a secret that reaches the container at runtime and must not be in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// The secret's name in this project; no two entries share one.
    pub handle: String,
    /// Where it is kept.
    pub parameter: Parameter,
    /// The environment variables that carry it into the container; no two entries share one.
    pub variables: Vec<String>,
    /// Whether the application cannot start without it.
    pub required: bool,
    /// The version that the parameter must have.
    pub version: Option<u64>,
    /// The label that the parameter's version must carry.
    pub label: Option<String>,
    /// The KMS key that must encrypt it.
    pub kms_key: Option<String>,
}

impl SecretEntry {
    /// The entry as the checks on the wiring take it.
    pub(in crate::contract) fn expected(&self) -> Secret {
        Secret {
            position: self.position,
            handle: self.handle.clone(),
            kept: match &self.parameter {
                Parameter::Name(name) => Kept::Parameter(name.clone()),
                Parameter::ParameterArn(arn) => Kept::ParameterArn(arn.clone()),
                // What follows the name picks a key, a stage and a version; the secret is the same.
                Parameter::SecretArn(arn) => Kept::SecretArn(Arn::without_selectors(arn).to_owned()),
            },
            variables: self.variables.clone(),
            required: self.required,
            version: self.version,
            label: self.label.clone(),
            key: self.kms_key.clone(),
        }
    }
}

impl Validator<'_> {
    /// Checks every `[[secrets]]`.
    pub(in crate::contract) fn secrets(&mut self, raw: Vec<Marked<RawSecret>>) -> Vec<SecretEntry> {
        let (mut handles, mut carriers) = (HashMap::new(), HashMap::new());
        let mut secrets = Vec::new();
        for entry in raw {
            let RawSecret { handle, parameter, variables, required, version, label, kms_key } = entry.value;
            let handle = handle.and_then(|text| {
                self.unique(&mut handles, "handle", &text);
                self.read("`handle`", &text, names::handle)
            });
            let parameter = self.text("parameter", parameter, Parameter::parse);
            let version = self.of_parameter(version, "version", parameter.as_ref()).map(|v| v.value);
            let label = self.of_parameter(label, "label", parameter.as_ref());
            let label = self.text("label", label, names::aws::label);
            let kms_key = self.text("kms_key", kms_key, names::aws::key);
            let mut names = Vec::new();
            for text in variables.unwrap_or_default() {
                self.unique(&mut carriers, "variable", &text);
                names.extend(self.read("an entry of `variables`", &text, names::variable));
            }
            if let (Some(handle), Some(parameter)) = (handle, parameter) {
                let required = required.is_none_or(|r| r.value);
                let position = self.position(entry.span);
                secrets.push(SecretEntry {
                    position,
                    handle,
                    parameter,
                    variables: names,
                    required,
                    version,
                    label,
                    kms_key,
                });
            }
        }
        secrets
    }

    /// A pin that only parameters of Systems Manager have.
    fn of_parameter<T>(
        &mut self,
        pin: Option<Marked<T>>,
        key: &str,
        kept: Option<&Parameter>,
    ) -> Option<Marked<T>> {
        let pin = pin?;
        if matches!(kept, Some(Parameter::SecretArn(_))) {
            let message = format!("`{key}` pins a parameter, and this secret is kept in Secrets Manager");
            self.report(pin.span, message, "remove it, or name a parameter");
            return None;
        }
        Some(pin)
    }
}
