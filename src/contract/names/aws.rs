//! The grammar of AWS's names. No fault repeats the text.

use crate::check::wiring;
use crate::contract::fault::Fault;
use seaworthy_iam::Arn;

/// The longest ARN, in characters.
const LONGEST_ARN: usize = 2048;

fn word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `aws`, `aws-cn`, `aws-us-gov` and the like.
pub(in crate::contract) fn partition(text: &str) -> Result<String, Fault> {
    if word(text) && text.split('-').next() == Some("aws") {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a partition", "write `aws`, `aws-cn` or `aws-us-gov`"))
}

/// An account's 12 digits.
pub(in crate::contract) fn account(text: &str) -> Result<String, Fault> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not an account", "write the account's 12 digits, such as `111122223333`"))
}

/// A region, such as `eu-west-1`.
pub(in crate::contract) fn region(text: &str) -> Result<String, Fault> {
    let numbered = text.rsplit('-').next().is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    if word(text) && text.contains('-') && numbered {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a region", "write its code, such as `eu-west-1`"))
}

/// A role's name, or its ARN; the answer is the name without path, and the ARN if it was one. A role whose name an apply
/// makes is meant by its Terraform address (`module.app.aws_iam_role.task["api"]`), its logical ID, or the task that runs
/// as it (`task:FAMILY`).
pub(in crate::contract) fn role(text: &str) -> Result<(String, Option<String>), Fault> {
    let bad = || {
        Fault::new(
            "is not the name or ARN of a role",
            "write the role's name, such as `orders-task`, `arn:aws:iam::ACCOUNT:role/NAME`, its Terraform address, or `task:FAMILY` for the role of a task",
        )
    };
    if let Some(of) = text.strip_prefix("task:") {
        return family(of).map(|_| (text.to_owned(), None)).map_err(|_| bad());
    }
    let is_address = text.starts_with("aws_iam_role.") || text.contains(".aws_iam_role.");
    let written = |b: u8| b.is_ascii_alphanumeric() || b"_-.[]\"/:+=,@".contains(&b);
    if is_address && text.len() <= 512 && text.bytes().all(written) {
        return Ok((text.to_owned(), None));
    }
    let (name, arn) = if Arn::is_meant(text) {
        let arn =
            Arn::parse(text).filter(|arn| arn.service == "iam" && arn.region.is_empty()).ok_or_else(bad)?;
        let path = arn.resource.strip_prefix("role/").ok_or_else(bad)?;
        if partition(arn.partition).is_err() || account(arn.account).is_err() {
            return Err(bad());
        }
        (path.rsplit('/').next().unwrap_or_default(), Some(text.to_owned()))
    } else {
        (text, None)
    };
    let part = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(part) || text.len() > LONGEST_ARN {
        return Err(bad());
    }
    Ok((name.to_owned(), arn))
}

/// The family of a task definition.
pub(in crate::contract) fn family(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !text.is_empty() && text.len() <= 255 && text.bytes().all(part) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not the family of a task definition",
        "use letters, digits, `_` and `-`, 255 at most, without the revision",
    ))
}

/// An ARN with wildcards, which names a service at least.
pub(in crate::contract) fn pattern(text: &str) -> Result<String, Fault> {
    let named = Arn::parse(text)
        .is_some_and(|a| !a.service.is_empty() && !a.service.contains(['*', '?']) && !a.resource.is_empty());
    if named && text.len() <= LONGEST_ARN && text.bytes().all(|b| b.is_ascii_graphic() && b != b'$') {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not an ARN",
        "write `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`; the service cannot be a wildcard, the rest may hold `*` and `?`",
    ))
}

/// The same, or `*` for everything.
pub(in crate::contract) fn pattern_or_all(text: &str) -> Result<String, Fault> {
    if text == "*" { Ok(text.to_owned()) } else { pattern(text) }
}

/// An action, whose operation may have wildcards.
pub(in crate::contract) fn action(text: &str) -> Result<String, Fault> {
    let part = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    let named = text.split_once(':').is_some_and(|(s, o)| part(s, b"-") && part(o, b"*?"));
    if named && text.len() <= 256 {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not an action",
        "write `SERVICE:OPERATION`, such as `s3:DeleteObject` or `dynamodb:*`",
    ))
}

/// An ARN without wildcards.
pub(in crate::contract) fn exact_arn(text: &str) -> Result<String, Fault> {
    if pattern(text).is_ok() && !text.contains(['*', '?']) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not an exact ARN",
        "name the one thing that is excepted, without `*` and `?`: `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`",
    ))
}

/// A check that can be excepted from.
pub(in crate::contract) fn excepted_check(text: &str) -> Result<String, Fault> {
    let excepted: Vec<&str> =
        wiring::ALL.iter().filter(|c| c.takes_exceptions()).map(|c| c.meta().id).collect();
    if excepted.contains(&text) {
        return Ok(text.to_owned());
    }
    let help = format!(
        "write one of {}; a finding of another check is accepted with [[accept]]",
        excepted.join(", ")
    );
    Err(Fault::new("is not a check that has exceptions", &help))
}

/// A KMS key: an ID, an ARN or an alias.
pub(in crate::contract) fn key(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"/_:-".contains(&b);
    let id = text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let known = id || text.starts_with("mrk-") || text.starts_with("alias/") || Arn::is_meant(text);
    if known && text.len() <= LONGEST_ARN && text.bytes().all(part) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a KMS key", "write the key's ID, its ARN, or an alias such as `alias/orders`"))
}

/// A label of a parameter's version.
pub(in crate::contract) fn label(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if !text.is_empty() && text.len() <= 100 && text.bytes().all(part) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a parameter label", "use letters, digits, `.`, `-` and `_`, 100 at most"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_named_by_name_or_arn() {
        assert_eq!(role("orders-task").unwrap(), ("orders-task".into(), None));
        let arn = "arn:aws:iam::111122223333:role/apps/orders-task";
        assert_eq!(role(arn).unwrap(), ("orders-task".into(), Some(arn.into())));
        for text in ["", "a/b", "a b", "arn:aws:iam::1:role/x", "arn:aws:iam::111122223333:user/x"] {
            assert!(role(text).is_err(), "{text}");
        }
    }

    #[test]
    fn exceptions_are_exact_and_patterns_name_a_service() {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/a";
        assert!(exact_arn(arn).is_ok() && pattern(&format!("{arn}/*")).is_ok());
        for text in ["*", "arn:*", "arn:aws:*:*:*:*", "/a"] {
            assert!(pattern(text).is_err(), "{text}");
        }
        assert!(exact_arn(&format!("{arn}*")).is_err());
    }

    #[test]
    fn regions_and_keys() {
        assert!(region("eu-west-1").is_ok() && region("eu").is_err() && region("eu-west").is_err());
        assert!(key("alias/orders").is_ok() && key("Hunter2").is_err());
        assert!(key("1234abcd-12ab-34cd-56ef-1234567890ab").is_ok());
    }
}
