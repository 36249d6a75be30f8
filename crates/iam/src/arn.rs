//! Amazon Resource Names (IAM User Guide, "IAM identifiers"; AWS General Reference, "Amazon Resource Names").

use std::fmt;

use super::hole;

/// An ARN by its parts: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. Region and account are empty where the service
/// has none; each part may be a pattern, or a text that its maker does not know (`${unknown:…}`), colons inside which
/// divide nothing.
///
/// ```
/// use seaworthy_iam::Arn;
///
/// let key = Arn { partition: "aws", service: "kms", region: "eu-west-1", account: "111122223333", resource: "key/1" };
/// let text = key.to_string();
/// assert_eq!(text, "arn:aws:kms:eu-west-1:111122223333:key/1");
/// assert_eq!(Arn::parse(&text), Some(key));
/// assert_eq!(Arn::account_of("arn:aws:s3:::bucket"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov` and so on.
    pub partition: &'a str,
    /// The service's namespace, such as `ssm`.
    pub service: &'a str,
    /// The region, such as `eu-west-1`.
    pub region: &'a str,
    /// The account's ID: 12 digits, or `aws` for what AWS owns.
    pub account: &'a str,
    /// What is meant there, colons and slashes included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Divides a text that has the six parts of an ARN. What stands in them is not judged.
    pub fn parse(text: &'a str) -> Option<Self> {
        let fields = hole::fields(text, 6);
        let ["arn", partition, service, region, account, resource] = fields[..] else { return None };
        Some(Self { partition, service, region, account, resource })
    }

    /// Whether a text is meant as an ARN, complete or not.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("arn:")
    }

    /// The account that an ARN names, if it names one.
    pub fn account_of(text: &'a str) -> Option<&'a str> {
        Self::parse(text).map(|arn| arn.account).filter(|account| !account.is_empty())
    }

    /// The name of a secret of Secrets Manager, its six random characters included; what picks a key, a stage or a version
    /// is left off.
    pub fn secret_name(&self) -> Option<&'a str> {
        let rest = self.resource.strip_prefix("secret:").filter(|_| self.service == "secretsmanager")?;
        hole::fields(rest, 2).first().copied()
    }

    /// A secret's ARN without what picks a key, a stage or a version (`:JSON_KEY:VERSION_STAGE:VERSION_ID`); every other
    /// text as it is.
    pub fn without_selectors(text: &'a str) -> &'a str {
        let Some(arn) = Self::parse(text) else { return text };
        let Some(name) = arn.secret_name() else { return text };
        let end = text.len() - arn.resource.len() + "secret:".len() + name.len();
        text.get(..end).unwrap_or(text)
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn colons_of_unknown_texts_divide_nothing() {
        let text = "arn:aws:ssm:${unknown:AWS::Region}:${unknown:AWS::AccountId}:parameter/a:b";
        let arn = Arn::parse(text).unwrap();
        assert_eq!((arn.region, arn.account), ("${unknown:AWS::Region}", "${unknown:AWS::AccountId}"));
        assert_eq!((arn.resource, arn.to_string().as_str()), ("parameter/a:b", text));
    }

    #[test]
    fn what_has_no_six_parts_is_no_arn() {
        for text in [
            "",
            "arn",
            "arn:aws:ssm:eu-west-1:111122223333",
            "urn:aws:ssm:eu-west-1:1:parameter/a",
            "/a:b:c:d:e:f",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn selectors_of_secrets_are_left_off() {
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf";
        assert_eq!(Arn::parse(secret).unwrap().secret_name(), Some("prod/db-AbCdEf"));
        for text in
            [secret.to_owned(), format!("{secret}:password::"), format!("{secret}:password:AWSCURRENT:v")]
        {
            assert_eq!(Arn::without_selectors(&text), secret);
        }
        let parameter = "arn:aws:ssm:eu-west-1:111122223333:parameter/a:b:c";
        assert_eq!(Arn::without_selectors(parameter), parameter);
        assert_eq!(Arn::without_selectors("prod/db"), "prod/db");
    }
}
