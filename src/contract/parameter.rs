//! Where a secret is kept: the name or ARN of a parameter (AWS Systems Manager Parameter Store) or the ARN of a secret
//! (AWS Secrets Manager).

use super::fault::Fault;
use seaworthy_iam::Arn;

/// The longest name of a parameter that Parameter Store lets one create, in characters (PutParameter).
const LONGEST_NAME: usize = 1011;

/// The most levels in a parameter's name (PutParameter).
const MAX_LEVELS: usize = 15;

/// The longest ARN, in characters: what GetParameter takes.
const LONGEST_ARN: usize = 2048;

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parameter {
    /// A parameter's name, such as `/app/prod/db/password`, in the account and region that is looked at.
    Name(String),
    /// A parameter's full ARN, `arn:aws:ssm:REGION:ACCOUNT:parameter/…`.
    ParameterArn(String),
    /// A Secrets Manager secret's full ARN, `arn:aws:secretsmanager:REGION:ACCOUNT:secret:…`.
    SecretArn(String),
}

impl Parameter {
    /// The text as the contract has it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name(text) | Self::ParameterArn(text) | Self::SecretArn(text) => text,
        }
    }

    /// Reads a name or an ARN.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if Arn::is_meant(text) {
            return parse_arn(text);
        }
        check_name(text)?;
        Ok(Self::Name(text.to_owned()))
    }
}

/// Checks a name by the rules of PutParameter.
fn check_name(text: &str) -> Result<(), Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if text.is_empty() || !text.bytes().all(|b| part(b) || b == b'/') {
        return Err(Fault::new(
            "is not a parameter name",
            "use letters, digits, `_`, `.`, `-` and `/`, such as `/app/prod/db/password`, or a full ARN",
        ));
    }
    if text.len() > LONGEST_NAME {
        return Err(Fault::new("is too long for a parameter name", "a name has 1,011 characters at most"));
    }
    let (rooted, rest) = text.strip_prefix('/').map_or((false, text), |rest| (true, rest));
    if !rooted && rest.contains('/') {
        return Err(Fault::new("lacks its leading slash", "a name with levels begins with `/`"));
    }
    if rest.split('/').any(str::is_empty) {
        return Err(Fault::new("has an empty level", "leave out the doubled or trailing `/`"));
    }
    if rest.split('/').count() > MAX_LEVELS {
        return Err(Fault::new("has too many levels", "a name has 15 levels at most"));
    }
    Ok(())
}

/// Reads `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
fn parse_arn(text: &str) -> Result<Parameter, Fault> {
    let bad = || {
        Fault::new(
            "is not the ARN of a parameter or of a secret",
            "write `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`, `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`, \
             or the parameter's name alone",
        )
    };
    let Some(Arn { partition, service, region, account, resource }) = Arn::parse(text) else {
        return Err(bad());
    };
    let lower = |t: &str| t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let placed = partition.starts_with("aws")
        && lower(partition)
        && region.contains('-')
        && lower(region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit());
    if !placed || text.len() > LONGEST_ARN {
        return Err(bad());
    }
    match (service, resource.strip_prefix("parameter/"), resource.strip_prefix("secret:")) {
        ("ssm", Some(name), None) => {
            // The ARN leaves out the slash that a name with levels begins with.
            check_name(&if name.contains('/') { format!("/{name}") } else { name.to_owned() })?;
            Ok(Parameter::ParameterArn(text.to_owned()))
        }
        ("secretsmanager", None, Some(name)) => {
            // Secrets Manager's alphabet for names, and the colons before a JSON key, a stage and a version.
            let part = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-:".contains(&b);
            if name.is_empty() || name.starts_with(':') || !name.bytes().all(part) {
                return Err(bad());
            }
            Ok(Parameter::SecretArn(text.to_owned()))
        }
        _ => Err(bad()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_told_apart() {
        let of = |text: &str| Parameter::parse(text);
        assert!(matches!(of("/app/prod/db/password"), Ok(Parameter::Name(_))));
        assert!(matches!(of("db-password"), Ok(Parameter::Name(_))));
        let arn = "arn:aws:ssm:eu-west-2:111122223333:parameter/app/db";
        assert!(matches!(of(arn), Ok(Parameter::ParameterArn(_))));
        let arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:app/db-AbCdEf:password::";
        assert!(matches!(of(arn), Ok(Parameter::SecretArn(_))));
    }

    #[test]
    fn what_the_service_refuses_is_a_fault() {
        let deep = "/a".repeat(16);
        let long = "a".repeat(1012);
        for text in [
            "",
            "/",
            "//a",
            "/a/",
            "/a//b",
            "a/b",
            "/a b",
            "/a:3",
            "/é",
            deep.as_str(),
            long.as_str(),
            "arn:",
            "arn:aws:ssm:eu-west-2:111122223333:parameter//app",
            "arn:aws:ssm:eu-west-2::parameter/app",
            "arn:aws:ssm:*:111122223333:parameter/app",
            "arn:aws:s3:eu-west-2:111122223333:parameter/app",
            "arn:aws:ssm:eu-west-2:111122223333:secret:app",
            "arn:aws:secretsmanager:eu-west-2:111122223333:secret:",
        ] {
            assert!(Parameter::parse(text).is_err(), "{text}");
        }
        assert!(Parameter::parse(&"/a".repeat(15)).is_ok());
        assert!(Parameter::parse(&"a".repeat(1011)).is_ok());
    }
}
