//! The account and region that a plan is about, and the texts of attributes that it does not know yet.

use std::collections::BTreeSet;

use serde_json::Value;

use super::config::{Expr, Provider};
use super::evaluate::Evaluator;
use super::link::{Leaf, Linker};
use super::resource::Resource;
use super::stream::Document;
use crate::{ACCOUNT, Part, REGION, Text};
use seaworthy_iam::Arn;

/// Where a plan's resources live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Home {
    pub partition: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
}

/// Where the contract means what it asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
}

/// Where one resource lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// Where the plan's own provider makes it.
    Home,
    /// In another region or account, both of which are known as far as they are set here.
    Elsewhere {
        /// The region, if it is another one.
        region: Option<String>,
        /// The account, if it is another one.
        account: Option<String>,
        /// Where that is, in words.
        told: String,
    },
    /// Which region or account is not known, and why.
    Unknown(String),
}

/// Settings of a provider that choose the account.
const IDENTITY: &[&str] = &[
    "access_key",
    "allowed_account_ids",
    "assume_role",
    "assume_role_with_web_identity",
    "profile",
    "shared_config_files",
    "shared_credentials_files",
];

/// The provider of the plan's home: the one without alias or, where there is none, the one that all resources use.
fn home_provider<'d>(document: &'d Document, linker: &Linker<'_>) -> Option<&'d Provider> {
    let mut all = document.providers.iter().filter(|provider| provider.name == "aws");
    all.clone().find(|provider| provider.is_default).or_else(|| {
        let resources = document.resources.values().filter(|resource| resource.kind.starts_with("aws_"));
        let used = resources.map(|resource| linker.configured(resource).map(|c| c.provider.as_str()));
        let used: BTreeSet<Option<&str>> = used.collect();
        let key = used.first().copied().flatten().filter(|_| used.len() == 1)?;
        all.find(|provider| provider.key == key)
    })
}

/// The account of the role that a provider assumes.
fn assumed_account(provider: &Provider, linker: &Linker<'_>) -> Option<String> {
    let Expr::Blocks(blocks) = provider.expressions.get("assume_role")? else { return None };
    let arn = match blocks.first()?.get("role_arn")? {
        Expr::Constant(arn) => arn,
        expression => linker.setting(expression)?,
    };
    Arn::account_of(arn.as_str()?).map(str::to_owned)
}

/// The partition of a region.
pub(crate) fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Types without region.
fn is_global(kind: &str) -> bool {
    kind.starts_with("aws_iam_")
}

impl Home {
    /// What the caller's identity, the provider's configuration and the resources' own ARNs tell, in this order. ARNs
    /// in policies do not count: they may be of other accounts.
    ///
    /// What is meant goes before what single resources say of themselves: each of those may have been put into another
    /// region or account than the provider's. A provider whose region only apply tells may be of any.
    pub fn of(document: &Document, meant: &Meant) -> Self {
        let linker = Linker { document };
        let data = |kind: &str, attributes: &[&str]| {
            let resource = document.resources.values().find(|r| r.is_data && r.kind == kind)?;
            attributes.iter().find_map(|name| resource.text(name)).map(str::to_owned)
        };
        let aws = home_provider(document, &linker);
        let setting = |name: &str| match aws?.expressions.get(name)? {
            Expr::Constant(value) => Some(value),
            expression => linker.setting(expression),
        };
        let allowed = || match setting("allowed_account_ids")? {
            Value::Array(ids) => match ids.as_slice() {
                [Value::String(id)] => Some(id.clone()),
                _ => None,
            },
            _ => None,
        };
        let resources = document.resources.values().filter(|r| !r.is_data);
        let arns: Vec<Arn<'_>> = resources.filter_map(|r| Arn::parse(r.text("arn")?)).collect();
        let only = |part: for<'a> fn(&Arn<'a>) -> &'a str| {
            let values: BTreeSet<&str> = arns.iter().map(part).filter(|f| !f.is_empty()).collect();
            (values.len() == 1).then(|| values.first().map(|text| (*text).to_owned())).flatten()
        };
        let region = setting("region").and_then(Value::as_str).map(str::to_owned);
        // The provider writes each resource's region since its version 6.
        let common = || {
            let all = document.resources.values().filter(|r| !r.is_data).filter_map(|r| r.text("region"));
            let all: BTreeSet<&str> = all.collect();
            (all.len() == 1).then(|| all.first().map(|text| (*text).to_owned())).flatten()
        };
        let is_open =
            region.is_none() && aws.is_some_and(|provider| provider.expressions.contains_key("region"));
        let meant_region = meant.region.clone().filter(|_| !is_open);
        let region = data("aws_region", &["name", "region"])
            .or(region)
            .or(meant_region)
            .or_else(|| only(|arn| arn.region))
            .or_else(common);
        // Roles are where the provider is: none is made elsewhere than the rest.
        let of_roles = || {
            let accounts: BTreeSet<&str> =
                arns.iter().filter(|arn| arn.service == "iam").map(|arn| arn.account).collect();
            (accounts.len() == 1).then(|| accounts.first().map(|text| (*text).to_owned())).flatten()
        };
        let account = data("aws_caller_identity", &["account_id"])
            .or_else(allowed)
            .or_else(|| assumed_account(aws?, &linker))
            .or_else(of_roles)
            .or_else(|| meant.account.clone())
            .or_else(|| only(|arn| arn.account));
        let partition = data("aws_partition", &["partition"]).or_else(|| only(|arn| arn.partition));
        let by_region = region.as_deref().map(partition_of);
        Self {
            partition: partition.or_else(|| by_region.map(str::to_owned)),
            account: account.filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())),
            region,
        }
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:` and `rest`, with symbols for what is not known.
    pub fn arn(&self, service: &str, regional: bool, rest: impl IntoIterator<Item = Part>) -> Text {
        let literal = |text: &str| Part::Literal(text.to_owned());
        let part = |known: &Option<String>, symbol: &str| {
            known.clone().map_or_else(|| Part::Symbol(symbol.to_owned()), Part::Literal)
        };
        let partition = self.partition.as_deref().unwrap_or("aws");
        let region = if regional { part(&self.region, REGION) } else { literal("") };
        let head = [literal(&format!("arn:{partition}:{service}:")), region, literal(":")];
        let account = [part(&self.account, ACCOUNT), literal(":")];
        Text::new(head.into_iter().chain(account).chain(rest))
    }
}

/// The texts of attributes.
pub(super) struct Texts<'a> {
    pub document: &'a Document,
    pub linker: Linker<'a>,
    pub home: Home,
    /// The expressions of the source, where it is at hand.
    pub evaluator: Option<Evaluator<'a>>,
}

impl Texts<'_> {
    /// Where a resource lives: as its ARN says, its own region, or its provider.
    pub fn location(&self, resource: &Resource) -> Location {
        let arn = resource.text("arn").and_then(Arn::parse);
        let is_named = |part: &&str| !part.is_empty();
        let provider = self.linker.configured(resource).map_or("", |configured| configured.provider.as_str());
        let all = &self.document.providers;
        let default = all.iter().find(|p| p.name == "aws" && p.is_default);
        let provider = all.iter().find(|p| p.key == provider && p.name == "aws" && !p.is_default);
        let setting = |name: &str| match provider?.expressions.get(name)? {
            Expr::Constant(value) => Some(value),
            expression => self.linker.setting(expression),
        };
        let through = provider.map(|p| format!(" (provider {})", p.key)).unwrap_or_default();
        let home = &self.home;
        let region =
            arn.map(|a| a.region).filter(is_named).or_else(|| resource.text("region")).map(str::to_owned);
        let region = match (region, provider) {
            _ if is_global(&resource.kind) => None,
            (Some(region), _) => Some(region),
            // A region of its own that only apply will tell.
            (None, _) if self.linker.expression(resource, "region").is_some() => {
                return Location::Unknown(format!("its region is known only after apply{through}"));
            }
            // What the default provider's region is, only apply tells: a symbol would stand for any.
            (None, None)
                if home.region.is_none() && default.is_some_and(|d| d.expressions.contains_key("region")) =>
            {
                return Location::Unknown("the region of the provider aws is not known".to_owned());
            }
            (None, None) => None,
            (None, Some(provider)) => {
                let own = default.and_then(|default| default.expressions.get("region"));
                match (setting("region").and_then(Value::as_str), provider.expressions.get("region")) {
                    (Some(region), _) => Some(region.to_owned()),
                    (None, expression) if expression == own => None,
                    (None, _) => {
                        return Location::Unknown(format!("its region is not known{through}"));
                    }
                }
            }
        };
        let region = region.filter(|region| home.region.as_ref() != Some(region));
        let account = match (arn.map(|a| a.account).filter(is_named), provider) {
            (Some(account), _) => Some(account.to_owned()),
            (None, None) => None,
            (None, Some(provider)) => {
                let own = |name: &str| default.and_then(|default| default.expressions.get(name));
                let same = IDENTITY.iter().all(|name| provider.expressions.get(*name) == own(name));
                let listed = || match setting("allowed_account_ids")?.as_array()?.as_slice() {
                    [Value::String(id)] => Some(id.clone()),
                    _ => None,
                };
                match listed().or_else(|| assumed_account(provider, &self.linker)) {
                    _ if same => None,
                    Some(account) => Some(account),
                    None => return Location::Unknown(format!("its account is not known{through}")),
                }
            }
        };
        let account = account.filter(|account| home.account.as_ref() != Some(account));
        // What ARNs say in a document that does not tell its own account is that account, for all that is known.
        let account = account.filter(|_| home.account.is_some() || provider.is_some());
        if region.is_none() && account.is_none() {
            return Location::Home;
        }
        let parts = [
            region.as_ref().map(|region| format!("in the region {region}")),
            account.as_ref().map(|account| format!("in the account {account}")),
        ];
        let told = format!("{}{through}", parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
        Location::Elsewhere { region, account, told }
    }

    /// The home of a resource; of what is not known, nothing.
    fn home_of(&self, resource: &Resource) -> Option<Home> {
        match self.location(resource) {
            Location::Home => Some(self.home.clone()),
            Location::Elsewhere { region, account, .. } => Some(Home {
                partition: self.home.partition.clone(),
                region: region.or_else(|| self.home.region.clone()),
                account: account.or_else(|| self.home.account.clone()),
            }),
            Location::Unknown(_) => None,
        }
    }

    /// An attribute's text: as the plan knows it, as its configuration's one reference tells it, or a symbol.
    /// Nothing if it is not set.
    pub fn attribute(&self, resource: &Resource, attribute: &str) -> Option<Text> {
        if let Some(text) = resource.text(attribute) {
            return Some(text.into());
        }
        if !resource.is_unknown(attribute) {
            return None;
        }
        if let Some(text) = self.evaluated_text(resource, attribute) {
            return Some(text);
        }
        let own = || Text::symbol(format!("{}.{attribute}", resource.address));
        let leaves = self.linker.leaves_of(resource, attribute);
        match leaves.as_slice() {
            [] if self.linker.expression(resource, attribute).is_none() && !self.document.is_plan => None,
            [leaf] => Some(self.leaf(leaf).unwrap_or_else(own)),
            _ => Some(own()),
        }
    }

    /// The text that a leaf is, if it is that of a resource whose identity is known.
    pub fn leaf(&self, leaf: &Leaf) -> Option<Text> {
        let Leaf::Attribute { address, attribute, .. } = leaf else { return None };
        self.identity(self.document.resources.get(address)?, attribute)
    }

    /// The name, ID or ARN of a resource.
    pub fn identity(&self, resource: &Resource, attribute: &str) -> Option<Text> {
        if let Some(text) = resource.text(attribute) {
            return Some(text.into());
        }
        let literal = |text: &str| Part::Literal(text.to_owned());
        let symbol = |name: &str| Part::Symbol(format!("{}.{name}", resource.address));
        let name = || resource.text("name").map_or_else(|| symbol("name"), literal);
        let path = || literal(resource.text("path").unwrap_or("/"));
        // Where no one knows in which region or account it is, its ARN is a symbol of its own.
        let Some(home) = (if attribute == "arn" || attribute == "id" {
            self.home_of(resource)
        } else {
            Some(self.home.clone())
        }) else {
            return Some(Text::new([symbol(attribute)]));
        };
        Some(match (resource.kind.as_str(), attribute) {
            (
                "aws_iam_role" | "aws_ssm_parameter" | "aws_secretsmanager_secret" | "aws_kms_alias",
                "name",
            )
            | ("aws_iam_role" | "aws_ssm_parameter", "id") => Text::new([name()]),
            ("aws_iam_role", "arn") => home.arn("iam", false, [literal("role"), path(), name()]),
            ("aws_iam_policy", "arn" | "id") => home.arn("iam", false, [literal("policy"), path(), name()]),
            ("aws_ssm_parameter", "arn") => {
                let known = resource.text("name");
                let slash = if known.is_some_and(|name| name.starts_with('/')) { "" } else { "/" };
                // Whether a name that is not known begins with a slash is not known either.
                let rest = if known.is_some() {
                    [literal(slash), name()]
                } else {
                    [literal(""), symbol("arn.name")]
                };
                home.arn("ssm", true, std::iter::once(literal("parameter")).chain(rest))
            }
            ("aws_secretsmanager_secret", "arn" | "id") => {
                // AWS adds a dash and six characters of its own choice.
                home.arn(
                    "secretsmanager",
                    true,
                    [literal("secret:"), name(), literal("-"), symbol("arn.suffix")],
                )
            }
            ("aws_kms_key", "key_id" | "id") => {
                resource.text("key_id").map_or_else(|| Text::new([symbol("key_id")]), Text::from)
            }
            ("aws_kms_key", "arn") => {
                let id = resource.text("key_id").map_or_else(|| symbol("key_id"), literal);
                home.arn("kms", true, [literal("key/"), id])
            }
            ("aws_kms_alias", "arn") => home.arn("kms", true, [name()]),
            ("aws_ecs_task_definition", "family") => Text::new([symbol("family")]),
            _ => return None,
        })
    }

    /// A key as a parameter or a secret names it. An in-plan key is always named by its ARN.
    pub fn key(&self, resource: &Resource, attribute: &str) -> Option<Text> {
        let leaves = self.linker.leaves_of(resource, attribute);
        if let [Leaf::Attribute { address, kind, attribute }] = leaves.as_slice()
            && kind == "aws_kms_key"
            && matches!(attribute.as_str(), "arn" | "id" | "key_id")
            && let Some(key) = self.document.resources.get(address)
        {
            return self.identity(key, "arn");
        }
        self.attribute(resource, attribute)
    }
}
