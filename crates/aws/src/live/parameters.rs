//! Parameters of Systems Manager, by DescribeParameters: it tells that they exist, and nothing of their values.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter, ParameterType};

use super::super::{Gap, Parameter, ParameterKind, Place, Seen, Text};
use super::session::{Failure, Pages, Session};
use seaworthy_iam::{Arn, parameter_arn};

const CALL: &str = "ssm:DescribeParameters";
/// Names of one call; the API takes no more.
pub const BATCH: usize = 50;
/// Results of one page; the API gives no more.
const PAGE: i32 = 50;
/// Longest name of a parameter.
const NAME: usize = 1011;

/// What is asked about one wanted parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Its name; two where an ARN does not tell whether the name starts with a slash.
    Names(Vec<String>),
    /// Why it cannot be asked about.
    Gap(Gap),
}

impl Target {
    /// Of a name or an ARN.
    pub fn of(wanted: &str, account: &str, region: &str) -> Self {
        let names = match Arn::parse(wanted) {
            Some(Arn { service: "ssm", region: of_region, account: of_account, resource, .. }) => {
                if (of_account, of_region) != (account, region) {
                    return Self::Gap(Gap::new(format!(
                        "it belongs to account {of_account} in {of_region}; account {account} in {region} was asked"
                    )));
                }
                match resource.strip_prefix("parameter/") {
                    Some(name) if name.contains('/') => vec![format!("/{name}")],
                    Some(name) => vec![name.to_owned(), format!("/{name}")],
                    None => vec![String::new()],
                }
            }
            _ => vec![wanted.to_owned()],
        };
        let is_name_char = |b: u8| b.is_ascii_alphanumeric() || b"_.-/".contains(&b);
        if names.iter().any(|n| n.is_empty() || n.len() > NAME || !n.bytes().all(is_name_char)) {
            return Self::Gap(Gap::new("this is no parameter's name or ARN"));
        }
        if names.iter().any(|n| n.starts_with("/aws/reference/secretsmanager/")) {
            return Self::Gap(Gap::new("this names a secret of Secrets Manager: want the secret itself"));
        }
        if names.iter().any(|n| n.starts_with("/aws/")) {
            return Self::Gap(Gap::new(
                "this is a public parameter of AWS, which ssm:DescribeParameters does not list",
            ));
        }
        Self::Names(names)
    }
}

/// What is known of some parameters by name, and why the rest of them is not known.
#[derive(Default)]
pub struct Found {
    parameters: BTreeMap<String, Parameter>,
    gaps: BTreeMap<String, Gap>,
}

impl Found {
    /// Adds what another batch found.
    pub fn add(&mut self, other: Self) {
        self.parameters.extend(other.parameters);
        self.gaps.extend(other.gaps);
    }

    /// Notes why those of `names` that were not found may yet be there.
    fn miss(&mut self, names: &[String], gap: &Gap) {
        for name in names.iter().filter(|name| !self.parameters.contains_key(*name)) {
            self.gaps.insert(name.clone(), gap.clone());
        }
    }

    /// The answers to one wanted parameter, each under the name or ARN by which it may be looked up.
    pub fn answers(&self, wanted: &str, target: &Target) -> Vec<(String, Seen<Parameter>)> {
        let names = match target {
            Target::Gap(gap) => return vec![(wanted.to_owned(), Seen::NotSeen(gap.clone()))],
            Target::Names(names) => names,
        };
        if let Some((name, found)) = names.iter().find_map(|n| self.parameters.get_key_value(n)) {
            let of = |key: &str| (key.to_owned(), Seen::Value(found.clone()));
            return vec![of(name), of(wanted)];
        }
        let seen = match names.iter().find_map(|n| self.gaps.get(n)) {
            Some(gap) => Seen::NotSeen(gap.clone()),
            None => Seen::Absent,
        };
        names.iter().map(String::as_str).chain([wanted]).map(|key| (key.to_owned(), seen.clone())).collect()
    }
}

/// Asks about up to [`BATCH`] names. If AWS finds fault with one of them, it tells of none; then each is asked about
/// by itself.
pub async fn look_up(session: &Session, names: &[String]) -> Found {
    let mut found = Found::default();
    match ask(session, names, &mut found).await {
        Err(Fault::Name(_)) if names.len() > 1 => {
            for name in names.chunks(1) {
                if let Err(Fault::Name(gap) | Fault::Other(gap)) = ask(session, name, &mut found).await {
                    found.miss(name, &gap);
                }
            }
        }
        Err(Fault::Name(gap) | Fault::Other(gap)) => found.miss(names, &gap),
        Ok(()) => {}
    }
    found
}

/// Why a list is not whole.
enum Fault {
    /// AWS finds fault with a name.
    Name(Gap),
    Other(Gap),
}

impl From<Gap> for Fault {
    fn from(gap: Gap) -> Self {
        Self::Other(gap)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let codes = ["Validation", "InvalidFilterValue", "InvalidFilterOption"];
        let of_name = codes.iter().any(|code| failure.is(code));
        if of_name { Self::Name(failure.gap()) } else { Self::Other(failure.gap()) }
    }
}

/// Reads the list to its end; a page may be empty and not the last.
async fn ask(session: &Session, names: &[String], found: &mut Found) -> Result<(), Fault> {
    let filter =
        ParameterStringFilter::builder().key("Name").option("Equals").set_values(Some(names.to_vec()));
    let filter = filter.build().map_err(|_| Gap::new("the request cannot be made").by_call(CALL))?;
    let (mut pages, mut token) = (Pages::default(), None);
    loop {
        let request = session.ssm.describe_parameters().parameter_filters(filter.clone()).max_results(PAGE);
        let answer = session.call(CALL, request.set_next_token(token).send()).await?;
        // An answer without the list is not an empty list.
        for metadata in answer.parameters.ok_or_else(|| Failure::malformed(CALL))? {
            match parameter(session, metadata) {
                Some(parameter) if names.contains(&parameter.name) => {
                    found.parameters.insert(parameter.name.clone(), parameter);
                }
                _ => {}
            }
        }
        token = pages.next(CALL, answer.next_token)?;
        if token.is_none() {
            return Ok(());
        }
    }
}

fn parameter(session: &Session, metadata: ParameterMetadata) -> Option<Parameter> {
    let unsaid = |what: &str| Gap::new(format!("the answer says nothing of the {what}")).by_call(CALL);
    let name = metadata.name?;
    let arn = parameter_arn(&session.partition, &session.region, &session.account, &name);
    let kind = match metadata.r#type {
        Some(ParameterType::String) => Seen::Value(ParameterKind::String),
        Some(ParameterType::StringList) => Seen::Value(ParameterKind::StringList),
        Some(ParameterType::SecureString) => Seen::Value(ParameterKind::SecureString),
        Some(_) => Seen::NotSeen(Gap::new("the type is none that is known").by_call(CALL)),
        None => Seen::NotSeen(unsaid("type")),
    };
    let key = match (metadata.key_id, &kind) {
        (Some(key), _) => Seen::Value(Text::from(key)),
        (None, Seen::Value(ParameterKind::String | ParameterKind::StringList)) => Seen::Absent,
        (None, _) => Seen::NotSeen(unsaid("key")),
    };
    let version = match u64::try_from(metadata.version) {
        Ok(version @ 1..) => Seen::Value(version),
        _ => Seen::NotSeen(unsaid("version")),
    };
    let place = Place { address: metadata.arn.unwrap_or(arn), ..Place::default() };
    Some(Parameter { name, place, planned: false, kind, version, key, tags: BTreeMap::new() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn target(wanted: &str) -> Target {
        Target::of(wanted, "111122223333", "eu-west-1")
    }

    #[test]
    fn an_arn_names_one_parameter_or_two() {
        let arn = |name: &str| target(&format!("arn:aws:ssm:eu-west-1:111122223333:parameter/{name}"));
        assert_eq!(arn("prod/db"), Target::Names(vec!["/prod/db".into()]));
        assert_eq!(arn("token"), Target::Names(vec!["token".into(), "/token".into()]));
        assert_eq!(target("/prod/db"), Target::Names(vec!["/prod/db".into()]));
    }

    #[test]
    fn what_the_call_would_not_tell_of_is_a_gap() {
        for (wanted, why) in [
            ("arn:aws:ssm:eu-west-1:444455556666:parameter/prod/db", "account 444455556666 in eu-west-1"),
            ("arn:aws:ssm:us-east-1:111122223333:parameter/prod/db", "account 111122223333 in us-east-1"),
            ("/aws/service/ami-amazon-linux-latest/x", "public parameter"),
            ("/aws/reference/secretsmanager/db", "Secrets Manager"),
            ("/prod/db:3", "no parameter's name"),
            ("/prod/*", "no parameter's name"),
            ("", "no parameter's name"),
        ] {
            let Target::Gap(gap) = target(wanted) else { panic!("{wanted} is asked about") };
            assert!(gap.reason.contains(why), "{wanted}: {gap}");
        }
    }
}
