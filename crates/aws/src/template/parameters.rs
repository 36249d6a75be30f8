//! Files with the values of a template's parameters, in the forms that deployments use.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::AwsError;
use crate::plan::{decode, fault};

/// The largest file, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// What a deployment gives the parameters of templates. Values may be secret: this type has no `Debug`.
#[derive(Clone, Default)]
pub struct Parameters {
    /// By name; nothing where the stack keeps the value that it has.
    values: BTreeMap<String, Option<String>>,
}

impl Parameters {
    /// Reads a file: a list of `{"ParameterKey": …, "ParameterValue": …}` or of `"NAME=VALUE"` (AWS CLI), an object with
    /// a member `Parameters` (CodePipeline's template configuration), or an object of names and values. `name` is the
    /// file as the user named it.
    ///
    /// # Errors
    /// [`AwsError`] if the text has none of these forms, without a value from it.
    pub fn read(name: &str, text: &[u8]) -> Result<Self, AwsError> {
        if text.len() > MAX_BYTES {
            return Err(AwsError::new(name, format!("longer than {} MiB", MAX_BYTES >> 20)));
        }
        let decoded = decode(name, text)?;
        let value: Value = serde_json::from_slice(&decoded).map_err(|error| fault(name, &error))?;
        let bad = |at: String| {
            let forms = "a list of ParameterKey and ParameterValue, a list of \"NAME=VALUE\", or an object with \
                         `Parameters`";
            AwsError::new(name, format!("{at}: not a template's parameters; write {forms}"))
        };
        let mut out = Self::default();
        match value {
            Value::Array(list) => {
                for (index, entry) in list.into_iter().enumerate() {
                    let (key, value) = entry_of(entry).ok_or_else(|| bad(format!("entry {index}")))?;
                    if out.values.insert(key, value).is_some() {
                        return Err(AwsError::new(
                            name,
                            format!("entry {index}: this parameter occurs twice"),
                        ));
                    }
                }
            }
            Value::Object(mut members) => {
                let members = match members.remove("Parameters") {
                    Some(Value::Object(inner)) => inner,
                    Some(_) => return Err(bad("`Parameters`".to_owned())),
                    None => members,
                };
                for (key, value) in members {
                    let value = scalar(value).ok_or_else(|| bad(format!("the value of {key}")))?;
                    out.values.insert(key, Some(value));
                }
            }
            _ => return Err(bad("the file".to_owned())),
        }
        Ok(out)
    }

    /// Adds what another file gives; the later file counts.
    pub fn extend(&mut self, other: Self) {
        self.values.extend(other.values);
    }

    /// The names that are given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether anything is given.
    pub(super) fn is_given(&self) -> bool {
        !self.values.is_empty()
    }

    /// What is given for a parameter; an inner nothing where the stack keeps its value.
    pub(super) fn value(&self, name: &str) -> Option<Option<&str>> {
        self.values.get(name).map(Option::as_deref)
    }
}

fn entry_of(entry: Value) -> Option<(String, Option<String>)> {
    match entry {
        Value::String(text) => {
            let (key, value) = text.split_once('=')?;
            Some((key.to_owned(), Some(value.to_owned())))
        }
        Value::Object(mut members) => {
            let key = members.remove("ParameterKey")?.as_str()?.to_owned();
            let keeps = members.remove("UsePreviousValue") == Some(Value::Bool(true));
            match members.remove("ParameterValue") {
                Some(value) => Some((key, Some(scalar(value)?))),
                None => keeps.then_some((key, None)),
            }
        }
        _ => None,
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Array(items) => {
            items.into_iter().map(scalar).collect::<Option<Vec<_>>>().map(|all| all.join(","))
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for text in [
            r#"[{"ParameterKey": "Env", "ParameterValue": "prod"}, {"ParameterKey": "Old", "UsePreviousValue": true}]"#,
            r#"["Env=prod"]"#,
            r#"{"Parameters": {"Env": "prod"}, "Tags": {}}"#,
            r#"{"Env": "prod", "Count": 2, "Zones": ["a", "b"]}"#,
        ] {
            let read = Parameters::read("p.json", text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(read.value("Env"), Some(Some("prod")), "{text}");
        }
        let text = r#"[{"ParameterKey": "Old", "UsePreviousValue": true}]"#;
        assert_eq!(Parameters::read("p.json", text.as_bytes()).unwrap().value("Old"), Some(None));
    }

    #[test]
    fn what_is_no_parameters_is_an_error_without_its_values() {
        for text in
            ["3", "[3]", r#"["Hunter2"]"#, r#"{"A": {"Hunter2": 1}}"#, r#"[{"ParameterKey": "A"}]"#, "{"]
        {
            let Err(error) = Parameters::read("p.json", text.as_bytes()) else { panic!("{text}") };
            assert!(!error.to_string().contains("Hunter2"), "{error}");
        }
        let twice = r#"["A=1", "A=2"]"#;
        let Err(error) = Parameters::read("p.json", twice.as_bytes()) else { panic!("twice") };
        assert!(error.to_string().contains("twice"));
    }
}
