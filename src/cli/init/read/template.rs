//! CloudFormation templates, as far as their own parameters' defaults tell the values.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::File;
use crate::cli::init::facts::{Facts, Guess};
use crate::cli::init::terraform::Resource;
use crate::cli::init::tree::{Tree, UNKNOWN, Value};

/// Most values that are worked out for one template; a KiB of text counts as one more.
const MAX_STEPS: usize = 100_000;
/// Bytes of one text that is worked out.
const MAX_TEXT: usize = 1 << 20;

/// Types of resources and Terraform's names of them.
const TYPES: [(&str, &str); 7] = [
    ("AWS::ECS::TaskDefinition", "aws_ecs_task_definition"),
    ("AWS::IAM::Role", "aws_iam_role"),
    ("AWS::IAM::Policy", "aws_iam_role_policy"),
    ("AWS::SSM::Parameter", "aws_ssm_parameter"),
    ("AWS::SecretsManager::Secret", "aws_secretsmanager_secret"),
    ("AWS::ECR::Repository", "aws_ecr_repository"),
    ("AWS::S3::Bucket", "aws_s3_bucket"),
];

pub(super) fn is_template(text: &str) -> bool {
    text.contains("AWS::") && text.contains("Resources") && TYPES.iter().any(|(of, _)| text.contains(of))
}

/// Reads a template; the answer is whether it is one.
pub(super) fn collect(file: &File<'_>, facts: &mut Facts, resources: &mut Vec<Resource>) -> bool {
    if !is_template(file.text) {
        return false;
    }
    let tree = match file.yaml() {
        Ok(tree) => tree,
        Err(reason) => {
            facts.leave_out(file.shown, format!("a template that {reason}"));
            return false;
        }
    };
    let declared = tree.get_exactly("Resources").map(Tree::entries).unwrap_or_default();
    let template = Template {
        tree: &tree,
        declared: declared.iter().map(|(k, v)| (k.as_str(), v)).collect(),
        steps: Cell::new(0),
        is_cut: Cell::new(false),
    };
    let mut found = false;
    for (logical, resource) in declared {
        let of = resource.text_at("Type").unwrap_or_default();
        let Some((_, kind)) = TYPES.iter().find(|(known, _)| *known == of) else { continue };
        found = true;
        let body = resource.get_exactly("Properties").map(|p| template.resolved(p, 0)).unwrap_or_default();
        let (kind, label) = ((*kind).to_owned(), logical.clone());
        resources.push(Resource { kind, label, from: file.at(resource.line.saturating_sub(1).max(1)), body });
    }
    if template.is_cut.get() {
        facts.leave_out(file.shown, "a template that is too intricate to be worked out whole");
    }
    if found {
        facts.templates.push(Guess::new(file.path, file.at(1)));
    }
    found
}

struct Template<'a> {
    tree: &'a Tree,
    declared: BTreeMap<&'a str, &'a Tree>,
    /// Values that were worked out.
    steps: Cell<usize>,
    /// Whether a value was left unknown because it is too deep, too long, or one too many.
    is_cut: Cell<bool>,
}

impl Template<'_> {
    /// Counts a step that handles `bytes` of text; the answer is whether there is one left.
    fn step(&self, bytes: usize, depth: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(1 + (bytes >> 10)));
        let is_left = depth <= 40 && self.steps.get() <= MAX_STEPS && bytes <= MAX_TEXT;
        if !is_left {
            self.is_cut.set(true);
        }
        is_left
    }

    /// A value with its functions worked out.
    fn resolved(&self, tree: &Tree, depth: usize) -> Tree {
        if !self.step(tree.any_text().map_or(0, str::len), depth) {
            return Tree::default();
        }
        let value = match &tree.value {
            Value::List(items) => Value::List(items.iter().map(|i| self.resolved(i, depth + 1)).collect()),
            Value::Map(entries) => match entries.as_slice() {
                [(function, argument)] if function == "Ref" || function.starts_with("Fn::") => {
                    return Tree { line: tree.line, value: self.call(function, argument, depth + 1) };
                }
                entries => {
                    let entries = entries.iter().map(|(k, v)| (k.clone(), self.resolved(v, depth + 1)));
                    Value::Map(entries.collect())
                }
            },
            other => other.clone(),
        };
        Tree { line: tree.line, value }
    }

    fn call(&self, function: &str, argument: &Tree, depth: usize) -> Value {
        let text = |t: Option<String>| t.map_or(Value::Unknown, Value::Text);
        match function {
            "Ref" => text(argument.text().and_then(|name| self.reference(name, depth))),
            "Fn::GetAtt" => {
                let words = argument.words().map(|w| w.join("."));
                let path = words.or_else(|| argument.text().map(str::to_owned));
                text(path.and_then(|path| self.attribute(&path, depth)))
            }
            "Fn::Sub" => {
                let (form, own) = match argument.items() {
                    [form] => (form.any_text(), &[][..]),
                    [form, own] => (form.any_text(), own.entries()),
                    _ => (None, &[][..]),
                };
                text(form.and_then(|form| self.substituted(form, own, depth)))
            }
            "Fn::Join" => match argument.items() {
                [by, items] => {
                    let items = self.resolved(items, depth);
                    let words: Vec<&str> =
                        items.items().iter().map(|i| i.any_text().unwrap_or(UNKNOWN)).collect();
                    let Some(by) = by.any_text() else { return Value::Unknown };
                    let bytes = words.iter().fold(0_usize, |n, w| n.saturating_add(w.len() + by.len()));
                    text(self.step(bytes, depth).then(|| words.join(by)))
                }
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// `Ref`: a parameter's default, or the name of a resource.
    fn reference(&self, name: &str, depth: usize) -> Option<String> {
        if !self.step(0, depth) {
            return None;
        }
        if name == "AWS::Partition" {
            return Some("aws".to_owned());
        }
        if let Some(parameter) = self.tree.get_exactly("Parameters").and_then(|p| p.get_exactly(name)) {
            let default = parameter.text_at("Default").filter(|text| self.step(text.len(), depth));
            return default.map(str::to_owned);
        }
        let resource = self.declared.get(name)?.get_exactly("Properties")?;
        let own = ["RoleName", "Name", "RepositoryName", "BucketName", "Family"];
        let own = own.iter().find_map(|key| resource.get_exactly(key))?;
        self.resolved(own, depth + 1).any_text().map(str::to_owned)
    }

    fn attribute(&self, path: &str, depth: usize) -> Option<String> {
        let (name, attribute) = path.split_once('.')?;
        let of = self.declared.get(name)?.text_at("Type")?;
        let own = self.reference(name, depth + 1)?;
        match (of, attribute) {
            ("AWS::IAM::Role", "Arn") => Some(format!("arn:aws:iam::{UNKNOWN}:role/{own}")),
            _ => None,
        }
    }

    /// `${NAME}` and `${NAME.ATTRIBUTE}`; `${!NAME}` stands for itself.
    fn substituted(&self, form: &str, own: &[(String, Tree)], depth: usize) -> Option<String> {
        let mut out = String::new();
        let mut rest = form;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            let given = || own.iter().find(|(k, _)| k == name).map(|(_, v)| self.resolved(v, depth));
            let value = match given() {
                Some(value) => value.any_text().map(str::to_owned),
                None if name.contains('.') => self.attribute(name, depth),
                None => self.reference(name, depth),
            };
            out.push_str(value.as_deref().unwrap_or(UNKNOWN));
            if !self.step(out.len(), depth) {
                return None;
            }
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Facts, Vec<Resource>) {
        let (mut facts, mut resources) = (Facts::default(), Vec::new());
        let file = File { path: "stack.yaml", shown: "stack.yaml", text };
        collect(&file, &mut facts, &mut resources);
        (facts, resources)
    }

    #[test]
    fn names_that_double_are_cut_and_told() {
        let mut text = "Resources:\n".to_owned();
        for n in 0..36 {
            text.push_str(&format!(
                "  R{n}:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Sub '${{R{m}}}${{R{m}}}'\n",
                m = n + 1
            ));
        }
        text.push_str("  R36:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: b\n");
        let (facts, resources) = read_text(&text);
        assert_eq!(resources.len(), 37);
        assert_eq!(facts.warnings(), ["stack.yaml: a template that is too intricate to be worked out whole"]);
    }

    #[test]
    fn a_plain_template_is_worked_out_whole() {
        let text = "Parameters:\n  Env:\n    Default: prod\nResources:\n  B:\n    Type: AWS::S3::Bucket\n    \
            Properties:\n      BucketName: !Join ['-', [a, !Ref Env]]\n";
        let (facts, resources) = read_text(text);
        assert_eq!(resources.first().and_then(|r| r.body.text_at("BucketName")), Some("a-prod"));
        assert!(facts.warnings().is_empty());
    }
}
