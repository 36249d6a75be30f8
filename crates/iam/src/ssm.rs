//! Names and ARNs of Systems Manager parameters, and the actions that read a secret.

use super::arn::Arn;
use super::language::Language;

/// The actions that read a secret's value, or decrypt it.
///
/// `ssm:GetParametersByPath` is authorised on the path that is asked for, not on what it returns: ask about every
/// [`ancestors`] path. The default key `aws/ssm` lets every principal of the account decrypt, so `kms:Decrypt` is a
/// boundary only with a customer key.
pub const READING_ACTIONS: &[&str] = &[
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParameterHistory",
    "ssm:GetParametersByPath",
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "kms:Decrypt",
];

/// The ARN of the parameter `name`: `…:parameter` and the name, with a slash between them if it does not start with one.
pub fn parameter_arn(partition: &str, region: &str, account: &str, name: &str) -> String {
    let slash = if name.starts_with('/') { "" } else { "/" };
    let resource = &format!("parameter{slash}{name}");
    Arn { partition, service: "ssm", region, account, resource }.to_string()
}

/// The ARN on which `GetParametersByPath` for `path` is authorised; the root path `/` is `…:parameter/`.
pub fn path_arn(partition: &str, region: &str, account: &str, path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    parameter_arn(partition, region, account, if trimmed.is_empty() { "/" } else { trimmed })
}

/// The ARNs of all parameters that can exist there. Names consist of letters, digits, `.`, `-` and `_`, in parts that are
/// not empty, divided by slashes: so no colon, no empty part and no slash at the end. Region and account may be patterns.
pub fn parameter_universe(partition: &str, region: &str, account: &str) -> Language {
    let prefix = parameter_arn(partition, region, account, "/");
    let not = |rest: &str| Language::from(format!("{prefix}{rest}").as_str()).complement();
    let all = Language::from(format!("{prefix}?*").as_str());
    Language::intersection([all, not("*:*"), not("*//*"), not("/*"), not("*/")])
}

/// The ARNs on which `GetParametersByPath` can be authorised there: those of parameters, and the root path's.
pub fn path_universe(partition: &str, region: &str, account: &str) -> Language {
    let root = Language::from(path_arn(partition, region, account, "/").as_str());
    Language::union([root, parameter_universe(partition, region, account)])
}

/// Paths that are asked for with a slash at their end: AWS does not document on which ARN `GetParametersByPath` is then
/// authorised, that of the path or that with the slash.
pub fn slashed_path_universe(partition: &str, region: &str, account: &str) -> Language {
    let prefix = parameter_arn(partition, region, account, "/");
    let not = |rest: &str| Language::from(format!("{prefix}{rest}").as_str()).complement();
    let all = Language::from(format!("{prefix}?*/").as_str());
    Language::intersection([all, not("*:*"), not("*//*"), not("/*")])
}

/// The paths whose recursive `GetParametersByPath` returns the parameter `name`, nearest first, `/` last.
///
/// ```
/// assert_eq!(seaworthy_iam::ancestors("/prod/app/db"), ["/prod/app", "/prod", "/"]);
/// ```
pub fn ancestors(name: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut rest = name.trim_end_matches('/');
    while let Some((parent, _)) = rest.rsplit_once('/') {
        if !parent.is_empty() {
            paths.push(parent.to_owned());
        }
        rest = parent;
    }
    paths.push("/".to_owned());
    paths
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn arns() {
        let arn = |name| parameter_arn("aws", "eu-west-1", "111122223333", name);
        assert_eq!(arn("/a/b"), "arn:aws:ssm:eu-west-1:111122223333:parameter/a/b");
        assert_eq!(arn("a"), "arn:aws:ssm:eu-west-1:111122223333:parameter/a");
        assert_eq!(path_arn("aws", "r", "1", "/"), "arn:aws:ssm:r:1:parameter/");
        assert_eq!(path_arn("aws", "r", "1", "/a/"), "arn:aws:ssm:r:1:parameter/a");
    }

    #[test]
    fn universes() {
        let arn = |name| parameter_arn("aws", "eu-west-1", "111122223333", name);
        let parameters = parameter_universe("aws", "eu-west-1", "111122223333");
        let paths = path_universe("aws", "*", "111122223333");
        for (name, parameter, path) in [
            ("/a", true, true),
            ("/a/b", true, true),
            ("/", false, true),
            ("/a/", false, false),
            ("//a", false, false),
        ] {
            assert_eq!(
                (parameters.contains(&arn(name)), paths.contains(&arn(name))),
                (parameter, path),
                "{name}"
            );
        }
        assert!(!parameters.contains(&arn("/a:1")));
    }

    #[test]
    fn ancestors_of_flat_and_odd_names() {
        assert_eq!(ancestors("flat"), ["/"]);
        assert_eq!(ancestors("/flat"), ["/"]);
        assert_eq!(ancestors("a/b"), ["a", "/"]);
        assert_eq!(ancestors(""), ["/"]);
    }
}
