//! KMS keys: which one encrypts a secret, and whether two names mean the same one.

use super::Wiring;
use super::target::{Found, Target};
use seaworthy_aws::{Gap, Key, ParameterKind, Seen, Text};
use seaworthy_iam::Arn;

/// What encrypts a secret.
pub(super) enum KeyUse<'a> {
    /// Nothing, or a key that AWS manages: every principal of the account can use it through its service.
    Open,
    /// A key of the customer's.
    Customer {
        /// Its ARN.
        arn: String,
        /// What is known of it.
        key: Option<&'a Key>,
    },
    /// No one saw which.
    Unknown(Gap),
}

impl<'a> Wiring<'a> {
    /// A key's ARN; a key that is only planned has one made of its address, the same wherever it is named.
    pub(super) fn key_arn(&self, key: &Key) -> String {
        if let Some(known) = key.arn.known().filter(|arn| Arn::is_meant(arn)) {
            return known.to_owned();
        }
        let id: String = key
            .place
            .address
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
            .collect();
        self.arn_of_key(&id)
    }

    fn arn_of_key(&self, id: &str) -> String {
        self.placement.arn("kms", &format!("key/{id}"))
    }

    /// The ARN that a key's ID, ARN or alias means, and what is known of the key. An alias whose key was not seen means
    /// nothing here.
    pub(super) fn find_key(&self, name: &str) -> Option<(String, Option<&'a Key>)> {
        let snapshot = self.snapshot;
        let alias = name
            .find("alias/")
            .map(|at| name.get(at..).unwrap_or_default())
            .filter(|_| name.starts_with("alias/") || (Arn::is_meant(name) && name.contains(":alias/")));
        if let Some(alias) = alias {
            let has = |key: &&Key| key.aliases.iter().any(|a| a == alias);
            let named = snapshot.keys.get(alias).or_else(|| snapshot.keys.get(name)).and_then(Seen::value);
            let key = named.or_else(|| snapshot.keys.values().filter_map(Seen::value).find(has))?;
            return Some((self.key_arn(key), Some(key)));
        }
        let arn = if Arn::is_meant(name) { name.to_owned() } else { self.arn_of_key(name) };
        let key = snapshot.keys.values().filter_map(Seen::value).find(|key| self.key_arn(key) == arn);
        Some((arn, key))
    }

    /// Whether two names mean one key; nothing if that is not known.
    pub(super) fn same_key(&self, one: &str, two: &str) -> Option<bool> {
        let bare = |name: &str| name.find("alias/").map(|at| name.get(at..).unwrap_or_default().to_owned());
        if one == two || (bare(one).is_some() && bare(one) == bare(two)) {
            return Some(true);
        }
        // AWS's own keys have aliases of their own, and no others.
        let is_aws = |alias: &String| alias.starts_with("alias/aws/");
        if let (Some(one), Some(two)) = (bare(one), bare(two))
            && is_aws(&one) != is_aws(&two)
        {
            return Some(false);
        }
        let (one, two) = (self.find_key(one)?.0, self.find_key(two)?.0);
        Some(one == two)
    }

    /// What encrypts a secret that is there.
    pub(super) fn key_of(&self, target: &Target<'a>) -> KeyUse<'a> {
        match &target.found {
            Found::Parameter(Seen::Value(parameter)) => {
                match &parameter.kind {
                    Seen::Value(ParameterKind::SecureString) => {}
                    Seen::Value(_) | Seen::Absent => return KeyUse::Open,
                    Seen::NotSeen(gap) => return KeyUse::Unknown(gap.clone()),
                }
                match &parameter.key {
                    Seen::Value(text) => self.key_use(text),
                    Seen::Absent => KeyUse::Open,
                    Seen::NotSeen(gap) => KeyUse::Unknown(gap.clone()),
                }
            }
            Found::Secret(Seen::Value(secret)) => match &secret.key {
                Seen::Value(text) => self.key_use(text),
                Seen::Absent => KeyUse::Open,
                Seen::NotSeen(gap) => KeyUse::Unknown(gap.clone()),
            },
            // Of what is not there, nothing is encrypted; SW401 tells.
            Found::Parameter(Seen::Absent) | Found::Secret(Seen::Absent) => KeyUse::Open,
            Found::Parameter(Seen::NotSeen(gap)) | Found::Secret(Seen::NotSeen(gap)) => {
                KeyUse::Unknown(gap.clone())
            }
        }
    }

    fn key_use(&self, text: &Text) -> KeyUse<'a> {
        let shown = text.to_string();
        let name = match self.text(text) {
            Some(name) => name,
            // A snapshot may list the key under the very symbol.
            None => match self.snapshot.keys.get(&shown).and_then(Seen::value) {
                Some(key) => self.key_arn(key),
                None => {
                    return KeyUse::Unknown(Gap::new(format!("which key {shown} means is not known")));
                }
            },
        };
        if name.is_empty() || name.starts_with("alias/aws/") || name.contains(":alias/aws/") {
            return KeyUse::Open;
        }
        match self.find_key(&name) {
            Some((_, Some(key))) if key.aws_managed => KeyUse::Open,
            Some((arn, key)) => KeyUse::Customer { arn, key },
            None => KeyUse::Unknown(
                Gap::new(format!("which key {shown} means is not known")).by_call("kms:DescribeKey"),
            ),
        }
    }
}
