//! A secret of the contract as the account has it: its ARN, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kept, Secret, Wiring};
use seaworthy_aws::{Gap, ManagedSecret, Parameter, Place, Seen};
use seaworthy_iam::{self, Arn, Language};

/// A secret, and where it is.
pub(super) struct Target<'a> {
    /// What the contract says of it.
    pub(super) secret: &'a Secret,
    /// Its ARN, as a request names it.
    pub(super) arn: String,
    /// All ARNs that mean it: a secret of Secrets Manager gets other random characters when it is made anew.
    pub(super) arns: Language,
    /// What is known of it.
    pub(super) found: Found<'a>,
}

/// What is known of a secret.
pub(super) enum Found<'a> {
    /// In Systems Manager.
    Parameter(Seen<&'a Parameter>),
    /// In Secrets Manager.
    Secret(Seen<&'a ManagedSecret>),
}

impl Target<'_> {
    /// Whether it is a parameter of Systems Manager.
    pub(super) fn is_parameter(&self) -> bool {
        matches!(self.found, Found::Parameter(_))
    }

    /// What people call the thing.
    pub(super) fn noun(&self) -> &'static str {
        if self.is_parameter() { "parameter" } else { "secret" }
    }

    /// Its name or ARN in the contract.
    pub(super) fn name(&self) -> &str {
        match &self.secret.kept {
            Kept::Parameter(text) | Kept::ParameterArn(text) | Kept::SecretArn(text) => text,
        }
    }

    /// Whether it is there: nothing but the answer.
    pub(super) fn there(&self) -> Seen<()> {
        match &self.found {
            Found::Parameter(seen) => seen.clone().map(|_| ()),
            Found::Secret(seen) => seen.clone().map(|_| ()),
        }
    }

    /// Whether it is only planned.
    pub(super) fn planned(&self) -> bool {
        match &self.found {
            Found::Parameter(Seen::Value(parameter)) => parameter.planned,
            Found::Secret(Seen::Value(secret)) => secret.planned,
            _ => false,
        }
    }

    /// Where it is told of.
    pub(super) fn place(&self) -> Option<&Place> {
        match &self.found {
            Found::Parameter(Seen::Value(parameter)) => Some(&parameter.place),
            Found::Secret(Seen::Value(secret)) => Some(&secret.place),
            _ => None,
        }
    }

    /// The parameter's name, with its slash.
    pub(super) fn parameter_name(&self) -> Option<String> {
        let rest = self.is_parameter().then(|| self.arn.split_once(":parameter/")).flatten()?.1;
        Some(format!("/{rest}"))
    }
}

impl<'a> Wiring<'a> {
    /// Every secret of the contract.
    pub(super) fn targets(&self) -> &[Target<'a>] {
        &self.targets
    }

    pub(super) fn all_targets(&self) -> Vec<Target<'a>> {
        self.expectations.secrets.iter().map(|secret| self.target(secret)).collect()
    }

    /// The names of all parameters that are known, with a slash before each.
    pub(super) fn names_of_parameters(&self) -> BTreeSet<String> {
        let contract = self.targets.iter().filter_map(Target::parameter_name);
        let snapshot = self.snapshot.parameters.values().filter_map(Seen::value);
        let snapshot = snapshot.map(|parameter| format!("/{}", parameter.name.trim_start_matches('/')));
        contract.chain(snapshot).collect()
    }

    /// The secrets of these handles.
    pub(super) fn required(&self, handles: &[String]) -> Vec<Target<'a>> {
        handles.iter().filter_map(|h| self.expectations.secret(h)).map(|s| self.target(s)).collect()
    }

    fn target(&self, secret: &'a Secret) -> Target<'a> {
        let (arn, found) = match &secret.kept {
            Kept::Parameter(name) => {
                let (p, r, a) =
                    (self.placement.partition(), self.placement.region(), self.placement.account());
                let arn = seaworthy_iam::parameter_arn(p, r, a, name);
                // A source that spans regions has it under its ARN.
                let found = match self.snapshot.parameters.get(&arn) {
                    Some(seen) => seen.as_ref(),
                    None => self.snapshot.parameter(name),
                };
                (arn, Found::Parameter(found))
            }
            Kept::ParameterArn(arn) => (arn.clone(), Found::Parameter(self.parameter_by_arn(arn))),
            Kept::SecretArn(arn) => {
                let found = self.secret_by_arn(arn);
                let bare = secret_name(arn).and_then(without_random).is_none();
                let unseen = || if bare { format!("{arn}-XXXXXX") } else { arn.clone() };
                let arn = found.value().map_or_else(unseen, |secret| self.secret_arn(secret));
                (arn, Found::Secret(found))
            }
        };
        let arns = match &secret.kept {
            Kept::SecretArn(given) => {
                let made_up = match &found {
                    Found::Secret(Seen::Value(of)) => self.made_up_language(of),
                    _ => Language::nothing(),
                };
                Language::union([secret_language(given, &arn), made_up])
            }
            _ => Language::from(arn.as_str()),
        };
        Target { secret, arn, arns, found }
    }

    /// A secret's ARN; one that is only planned gets neutral characters for the random ones, the same wherever it is named.
    pub(super) fn secret_arn(&self, secret: &ManagedSecret) -> String {
        let made = || self.placement.arn("secretsmanager", &format!("secret:{}-XXXXXX", secret.name));
        secret.arn.clone().unwrap_or_else(made)
    }

    /// The known tags of parameters, secrets, keys and roles, by ARN.
    pub(super) fn tags_of_resources(&self) -> BTreeMap<String, &'a BTreeMap<String, String>> {
        let (p, r, a) = (self.placement.partition(), self.placement.region(), self.placement.account());
        let parameters = self.snapshot.parameters.iter().filter_map(|(key, seen)| {
            let parameter = seen.value()?;
            let is_arn = key.starts_with("arn:");
            let arn =
                if is_arn { key.clone() } else { seaworthy_iam::parameter_arn(p, r, a, &parameter.name) };
            Some((arn, &parameter.tags))
        });
        let secrets = self.snapshot.secrets.values().filter_map(Seen::value);
        let secrets = secrets.map(|secret| (self.secret_arn(secret), &secret.tags));
        let keys = self.snapshot.keys.values().filter_map(Seen::value);
        let keys = keys.map(|key| (self.key_arn(key), &key.tags));
        let roles = self.snapshot.roles.iter().filter_map(|(name, role)| Some((name, role.value()?)));
        let roles = roles
            .map(|(name, role)| (self.role_arn(name, role.arn.as_deref(), role.path.as_deref()), &role.tags));
        let all = parameters.chain(secrets).chain(keys).chain(roles);
        all.filter(|(_, tags)| !tags.is_empty()).collect()
    }

    /// Why something is not seen here: its ARN is of another account or region.
    fn elsewhere(&self, arn: &str) -> Option<Gap> {
        let Arn { region, account, .. } = Arn::parse(arn)?;
        let differs = |known: Option<&str>, named: &str| known.is_some_and(|known| known != named);
        let other = differs(self.placement.known_region(), region)
            || differs(self.placement.known_account(), account);
        other.then(|| Gap::new("it is in another account or region than the one that is looked at"))
    }

    fn parameter_by_arn(&self, arn: &str) -> Seen<&'a Parameter> {
        if let Some(seen @ Seen::Value(_)) = self.snapshot.parameters.get(arn) {
            return seen.as_ref();
        }
        if let Some(gap) = self.elsewhere(arn) {
            return Seen::NotSeen(gap);
        }
        let rest = arn.split_once(":parameter/").map_or("", |(_, rest)| rest);
        let slashed = format!("/{rest}");
        // A name without levels may have been given with a slash or without: the ARN is the same.
        let keys =
            if rest.contains('/') { vec![slashed] } else { vec![rest.to_owned(), slashed, arn.to_owned()] };
        // A source that could not look says why.
        let mut answer: Option<Seen<&Parameter>> = None;
        for key in keys.iter().chain(std::iter::once(&arn.to_owned())) {
            match self.snapshot.parameters.get(key) {
                Some(Seen::Value(parameter)) => return Seen::Value(parameter),
                Some(other) => {
                    answer = Some(answer.map_or_else(|| other.as_ref(), |answer| answer.or(other.as_ref())));
                }
                None => {}
            }
        }
        answer.unwrap_or_else(|| Seen::NotSeen(Gap::new("no source defines this parameter")))
    }

    fn secret_by_arn(&self, arn: &str) -> Seen<&'a ManagedSecret> {
        if let Some(gap) = self.elsewhere(arn) {
            return Seen::NotSeen(gap);
        }
        let name = secret_name(arn).unwrap_or_default();
        let mut answer: Option<Seen<&ManagedSecret>> = None;
        let keys = [Some(name), without_random(name), Some(arn)];
        for key in keys.into_iter().flatten() {
            match self.snapshot.secrets.get(key) {
                Some(Seen::Value(secret)) => {
                    let is = |own: &str| own == arn || without_random(own) == Some(arn);
                    if secret.arn.as_deref().is_none_or(is) {
                        return Seen::Value(secret);
                    }
                    // One of this name, with other random characters: the one that is named is gone.
                    answer = Some(Seen::Absent);
                }
                Some(other) => {
                    answer = Some(answer.map_or_else(|| other.as_ref(), |answer| answer.or(other.as_ref())));
                }
                None => {}
            }
        }
        answer.unwrap_or_else(|| {
            self.made_up(name)
                .map_or_else(|| Seen::NotSeen(Gap::new("no source defines this secret")), Seen::Value)
        })
    }

    /// The ARNs that a secret may get whose name the deployment makes up.
    fn made_up_language(&self, secret: &ManagedSecret) -> Language {
        let Some(prefix) = &secret.name_prefix else { return Language::nothing() };
        let rest = "?".repeat(secret.name.len().saturating_sub(prefix.len()));
        let arn = self.placement.arn("secretsmanager", &format!("secret:{prefix}{rest}-??????"));
        Language::from(arn.as_str())
    }

    /// The one secret whose name the deployment makes up and that may be this one. The contract names it as it will be, or
    /// by what its name begins with.
    fn made_up(&self, name: &str) -> Option<&'a ManagedSecret> {
        let may_be = |secret: &&ManagedSecret| {
            secret.name_prefix.as_ref().is_some_and(|prefix| {
                let is_begin = prefix.strip_suffix('-').unwrap_or(prefix) == name;
                // The name as it is once it is made is as long as the one that stands for it.
                let is_whole =
                    [name, without_random(name).unwrap_or(name)].iter().any(|n| n.len() == secret.name.len());
                !prefix.is_empty() && (is_begin || is_whole && name.starts_with(prefix))
            })
        };
        let mut found = self.snapshot.secrets.values().filter_map(Seen::value).filter(may_be);
        found.next().filter(|_| found.next().is_none())
    }
}

/// An ARN or name without the hyphen and six random characters that Secrets Manager adds.
fn without_random(text: &str) -> Option<&str> {
    let at = text.len().checked_sub(7)?;
    let tail = text.get(at..)?.strip_prefix('-')?;
    tail.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| text.get(..at).unwrap_or_default())
}

/// Whether two names of secrets mean one: either may lack the random characters.
pub(super) fn is_same_secret(one: &str, other: &str) -> bool {
    one == other || without_random(one) == Some(other) || without_random(other) == Some(one)
}

fn secret_name(arn: &str) -> Option<&str> {
    Arn::parse(arn)?.secret_name()
}

/// All ARNs that mean a secret. Every secret's ARN ends with six random characters, so `NAME-??????` is that one alone.
/// When it is not known whether an ARN has them already, the ARN counts as it is and with more.
fn secret_language(given: &str, own: &str) -> Language {
    let mut arns =
        vec![Language::from(own), Language::from(given), Language::from(format!("{given}-??????").as_str())];
    if own != given || secret_name(given).and_then(without_random).is_some() {
        arns.extend(without_random(own).map(|base| Language::from(format!("{base}-??????").as_str())));
    }
    Language::union(arns)
}
