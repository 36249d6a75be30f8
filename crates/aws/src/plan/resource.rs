//! One resource of a plan or a state, cut down to what is asked about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::Text;

/// The attributes that are read, by type. `value`, `secret_string` and their like are not among them.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("aws_caller_identity", &["account_id"]),
    ("aws_cloudwatch_event_target", &["ecs_target", "input", "input_path", "input_transformer"]),
    (
        "aws_ecr_repository",
        &[
            "arn",
            "image_tag_mutability",
            "image_tag_mutability_exclusion_filter",
            "name",
            "region",
            "repository_url",
        ],
    ),
    (
        "aws_ecs_task_definition",
        &[
            "arn",
            "container_definitions",
            "execution_role_arn",
            "family",
            "requires_compatibilities",
            "revision",
            "task_role_arn",
            "volume",
        ],
    ),
    ("aws_iam_policy", &["arn", "name", "path", "policy"]),
    ("aws_iam_policy_attachment", &["policy_arn", "roles"]),
    (
        "aws_iam_policy_document",
        &[
            "json",
            "override_json",
            "override_policy_documents",
            "policy_id",
            "source_json",
            "source_policy_documents",
            "statement",
            "version",
        ],
    ),
    (
        "aws_iam_role",
        &[
            "arn",
            "assume_role_policy",
            "inline_policy",
            "managed_policy_arns",
            "name",
            "name_prefix",
            "path",
            "permissions_boundary",
            "tags",
            "tags_all",
        ],
    ),
    ("aws_iam_role_policies_exclusive", &["policy_names", "role_name"]),
    ("aws_iam_role_policy", &["name", "policy", "role"]),
    ("aws_iam_role_policy_attachment", &["policy_arn", "role"]),
    ("aws_iam_role_policy_attachments_exclusive", &["policy_arns", "role_name"]),
    ("aws_kms_alias", &["arn", "name", "region", "target_key_id"]),
    ("aws_kms_grant", &["constraints", "grantee_principal", "key_id", "operations", "region"]),
    ("aws_kms_key", &["arn", "key_id", "policy", "region", "tags", "tags_all"]),
    ("aws_kms_key_policy", &["key_id", "policy"]),
    ("aws_partition", &["partition"]),
    ("aws_pipes_pipe", &["target_parameters"]),
    ("aws_region", &["name", "region"]),
    ("aws_scheduler_schedule", &["target"]),
    (
        "aws_secretsmanager_secret",
        &["arn", "kms_key_id", "name", "name_prefix", "policy", "region", "tags", "tags_all"],
    ),
    ("aws_secretsmanager_secret_policy", &["policy", "secret_arn"]),
    ("aws_sfn_state_machine", &["definition"]),
    ("aws_ssm_parameter", &["arn", "key_id", "name", "region", "tags", "tags_all", "type", "version"]),
];

/// The attributes of a type that are read; nothing for a type that is not.
pub(super) fn attributes(kind: &str) -> Option<&'static [&'static str]> {
    ATTRIBUTES.iter().find(|(name, _)| *name == kind).map(|(_, attributes)| *attributes)
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Action {
    /// It is there, and stays: an update, a read, a state's entry.
    #[default]
    Keep,
    /// It comes into being, or another takes its place.
    Create,
    /// It goes.
    Delete,
    /// Terraform no longer looks after it; it stays as it is.
    Forget,
}

impl Action {
    pub fn read(actions: Option<&Value>) -> Self {
        let named: Vec<&str> =
            actions.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        if named.contains(&"create") {
            Self::Create
        } else if named.contains(&"delete") {
            Self::Delete
        } else if named.contains(&"forget") {
            Self::Forget
        } else {
            Self::Keep
        }
    }
}

/// A resource. It may hold secrets in literals, so it has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct Resource {
    pub address: String,
    /// The module's address with instance keys; empty for the root.
    pub module: String,
    /// The address within its module, without instance key: `data.aws_iam_role.main`.
    pub local: String,
    pub is_data: bool,
    pub kind: String,
    /// The instance key as addresses have it, such as `"api"` or `0`.
    pub index: Option<String>,
    pub action: Action,
    pub values: Map<String, Value>,
    pub unknown: Map<String, Value>,
    /// Attributes that are marked sensitive as a whole.
    pub sensitive: BTreeSet<String>,
}

impl Resource {
    /// The resource that these members name.
    pub fn named(members: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let (address, kind, name) = (text("address")?.to_owned(), text("type")?.to_owned(), text("name")?);
        let is_data = text("mode") == Some("data");
        let local = format!("{}{kind}.{name}", if is_data { "data." } else { "" });
        let index = match members.get("index") {
            Some(Value::String(key)) => Some(quoted(key)),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let full = index.as_ref().map_or_else(|| local.clone(), |index| format!("{local}[{index}]"));
        let module = match address.strip_suffix(&full) {
            Some(module) => module,
            None => address.rfind(&local).and_then(|at| address.get(..at)).unwrap_or_default(),
        };
        let module = module.trim_end_matches('.').to_owned();
        Some(Self { address, module, local, is_data, kind, index, ..Self::default() })
    }

    /// Keeps the attributes that are read.
    pub fn keep(&mut self, mut values: Map<String, Value>, sensitive: Map<String, Value>) {
        let Some(wanted) = attributes(&self.kind) else {
            self.unknown = Map::new();
            return;
        };
        let keep = |from: &mut Map<String, Value>| {
            wanted.iter().filter_map(|name| Some(((*name).to_owned(), from.remove(*name)?))).collect()
        };
        self.values = keep(&mut values);
        self.unknown = keep(&mut self.unknown.clone());
        self.sensitive = sensitive
            .into_iter()
            .filter(|(_, mark)| *mark == Value::Bool(true))
            .map(|(name, _)| name)
            .collect();
    }

    /// A known text.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.values.get(attribute).and_then(Value::as_str)
    }

    /// Whether the attribute, or a part of it, is not known until apply.
    pub fn is_unknown(&self, attribute: &str) -> bool {
        self.unknown.get(attribute).is_some_and(has_true)
    }

    /// The tags whose values are known; those that the provider adds to all count.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let maps = ["tags", "tags_all"].iter().filter_map(|name| self.values.get(*name)?.as_object());
        let known = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        maps.flatten().filter_map(known).collect()
    }

    /// Whether it is there after the plan was applied.
    pub fn stays(&self) -> bool {
        self.action != Action::Delete
    }
}

/// Whether a mark, or one in it, is `true`.
pub(super) fn has_true(mark: &Value) -> bool {
    match mark {
        Value::Bool(mark) => *mark,
        Value::Array(items) => items.iter().any(has_true),
        Value::Object(members) => members.values().any(has_true),
        _ => false,
    }
}

/// A text as an instance key in an address.
pub(super) fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Values that are marked sensitive, by where they come from. They live as long as the reader and no longer.
#[derive(Default)]
pub(super) struct Secrets {
    pub by_source: BTreeMap<String, String>,
}

/// A value that is shorter is too often the same by chance.
const SHORTEST: usize = 8;
/// A value that is longer is not looked for.
const LONGEST: usize = 8 << 10;

impl Secrets {
    pub fn collect(&mut self, resource: &Resource, values: &Map<String, Value>, marks: &Map<String, Value>) {
        // What these hold is sensitive because something flows into it; they are no source of their own.
        const DERIVED: &[&str] =
            &["container_definitions", "policy", "assume_role_policy", "inline_policy", "tags_all"];
        for (name, mark) in marks.iter().filter(|(name, _)| !DERIVED.contains(&name.as_str())) {
            let value = values.get(name).and_then(Value::as_str);
            if *mark == Value::Bool(true)
                && let Some(value) = value
            {
                self.add(format!("{}.{name}", resource.address), value);
            }
        }
    }

    pub fn add(&mut self, source: String, value: &str) {
        if (1..=LONGEST).contains(&value.len()) {
            self.by_source.insert(source, value.to_owned());
        }
    }

    /// The JSON text of a policy with symbols for the values of sensitive variables that stand in it.
    pub fn taken_out_of(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (source, value) in self.telling().filter(|(source, _)| source.starts_with("var.")) {
            let escaped = Value::String(value.to_owned()).to_string();
            let escaped = escaped.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
            let symbol = Text::symbol(source).to_policy();
            // Terraform's jsonencode escapes three characters more.
            let longer = escaped.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
            out = out.replace(escaped, &symbol).replace(&longer, &symbol);
        }
        out
    }

    /// Those that can be recognised wherever they stand.
    pub fn telling(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_source
            .iter()
            .filter(|(_, value)| value.len() >= SHORTEST)
            .map(|(source, value)| (source.as_str(), value.as_str()))
    }
}
