//! What symbols of a plan or a template stand for, as far as the snapshot tells: account, region and partition, and the
//! names and ARNs of the parts that it holds.

use std::collections::BTreeMap;

use super::{Placement, Wiring};
use seaworthy_aws::{Part, Place, Seen, Text};
use seaworthy_iam::Arn;

/// The beginning of a symbol in a policy's text.
pub(super) const UNKNOWN_SYMBOL: &str = "${unknown:";

impl Wiring<'_> {
    /// The text with every symbol filled in; nothing if one is not known.
    pub(crate) fn text(&self, text: &Text) -> Option<String> {
        text.parts()
            .iter()
            .map(|part| match part {
                Part::Literal(literal) => Some(literal.clone()),
                Part::Symbol(name) => self.symbol(name),
            })
            .collect()
    }

    /// A policy's text with every known symbol filled in; the others stay and are unknown to the IAM engine.
    pub(super) fn policy_text(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, after)) = rest.split_once(UNKNOWN_SYMBOL) {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                out.push_str(UNKNOWN_SYMBOL);
                rest = after;
                break;
            };
            // In JSON a quote of an address such as `x["a"]` is escaped.
            match self.symbol(&name.replace("\\\"", "\"")) {
                // A name or an ARN holds nothing that JSON escapes.
                Some(value) if !value.contains(['"', '\\']) => out.push_str(&value),
                _ => {
                    out.push_str(UNKNOWN_SYMBOL);
                    out.push_str(name);
                    out.push('}');
                }
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    /// What a symbol stands for.
    pub(super) fn symbol(&self, name: &str) -> Option<String> {
        let placed = placed(name, self.placement);
        placed.map(str::to_owned).or_else(|| self.symbols.get(name).cloned())
    }

    /// The names and ARNs of all parts, by the symbols that Terraform and CloudFormation have for them.
    pub(super) fn parts(&self) -> BTreeMap<String, String> {
        let mut known = BTreeMap::new();
        let mut add = |place: &Place, attributes: &[&str], value: &str| {
            if place.address.is_empty() {
                return;
            }
            for attribute in attributes {
                let dot = if attribute.is_empty() { "" } else { "." };
                known.insert(format!("{}{dot}{attribute}", place.address), value.to_owned());
            }
        };
        let (p, r, a) = (self.placement.partition(), self.placement.region(), self.placement.account());
        for (key, parameter) in &self.snapshot.parameters {
            let Seen::Value(parameter) = parameter else { continue };
            add(&parameter.place, &["", "name", "id", "Name"], &parameter.name);
            // What is in another region or account stands under its ARN.
            let arn = if Arn::is_meant(key) {
                key.clone()
            } else {
                seaworthy_iam::parameter_arn(p, r, a, &parameter.name)
            };
            add(&parameter.place, &["arn", "Arn"], &arn);
        }
        for secret in self.snapshot.secrets.values().filter_map(Seen::value) {
            let arn = self.secret_arn(secret);
            add(&secret.place, &["", "arn", "id", "Id", "Arn"], &arn);
            // The plan's reader knows all of the ARN but the random characters.
            add(&secret.place, &["arn.suffix", "Suffix"], arn.rsplit('-').next().unwrap_or_default());
            add(&secret.place, &["name", "Name"], &secret.name);
        }
        for (name, role) in &self.snapshot.roles {
            let Seen::Value(role) = role else { continue };
            add(&role.place, &["", "name", "id", "Name"], role.name.known().unwrap_or(name));
            add(
                &role.place,
                &["arn", "Arn"],
                &self.role_arn(name, role.arn.as_deref(), role.path.as_deref()),
            );
        }
        for key in self.snapshot.keys.values().filter_map(Seen::value) {
            let arn = self.key_arn(key);
            let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
            add(&key.place, &["", "key_id", "id", "KeyId"], &id);
            add(&key.place, &["arn", "Arn"], &arn);
        }
        known
    }

    /// A role's ARN: its own where known, else made of its path and name.
    pub(super) fn role_arn(&self, name: &str, arn: Option<&str>, path: Option<&str>) -> String {
        let path = path.filter(|path| path.starts_with('/') && path.ends_with('/')).unwrap_or("/");
        let made = || {
            let (partition, account) = (self.placement.partition(), self.placement.account());
            let resource = &format!("role{path}{name}");
            Arn { partition, service: "iam", region: "", account, resource }.to_string()
        };
        arn.map_or_else(made, str::to_owned)
    }
}

/// Account, region, partition and the end of service names, by whatever symbol.
fn placed<'p>(name: &str, placement: &'p Placement) -> Option<&'p str> {
    let data = |kind: &str, attributes: &[&str]| {
        name.strip_prefix("data.")
            .map_or(name, |n| n)
            .strip_prefix(kind)
            .and_then(|rest| rest.rsplit_once('.'))
            .is_some_and(|(_, attribute)| attributes.contains(&attribute))
    };
    match name {
        "account" | "AWS::AccountId" => Some(placement.account()),
        "region" | "AWS::Region" => Some(placement.region()),
        "partition" | "AWS::Partition" => Some(placement.partition()),
        "AWS::URLSuffix" => Some(placement.suffix()),
        _ if data("aws_caller_identity.", &["account_id", "id"]) => Some(placement.account()),
        _ if data("aws_region.", &["name", "id", "region"]) => Some(placement.region()),
        _ if data("aws_partition.", &["partition", "id"]) => Some(placement.partition()),
        _ if data("aws_partition.", &["dns_suffix"]) => Some(placement.suffix()),
        _ => None,
    }
}
