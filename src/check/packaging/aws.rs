//! What a command line of aws does to an image's registry, and whose registry it asks.

use super::act::Stage;
use super::tool::{self, Use, act, deviation, values};
use super::variables::Variables;

/// The variable that stands for the account of the credentials that a step of a workflow was given.
pub(super) const ACCOUNT: &str = "aws.account";

/// What a command line of aws does.
pub(super) fn aws(arguments: &[String]) -> Vec<Use> {
    let mut plain = arguments.iter().filter(|a| !a.starts_with('-')).map(String::as_str);
    // Global options may stand before the service, with values of their own.
    if !plain.any(|w| w == "ecr") {
        return Vec::new();
    }
    let has = |word: &str| arguments.iter().any(|a| a == word);
    if has("get-login-password") {
        return vec![act(Stage::Password, Vec::new())];
    }
    if has("get-login") {
        return deviation("aws ecr get-login");
    }
    if has("put-image") {
        return deviation("aws ecr put-image");
    }
    let reopens = if has("batch-delete-image") && arguments.iter().any(|a| a.contains("imageTag=")) {
        Some("aws ecr batch-delete-image")
    } else if has("put-image-tag-mutability") && has("MUTABLE") {
        Some("aws ecr put-image-tag-mutability")
    } else {
        None
    };
    if let Some(what) = reopens {
        return vec![act(Stage::Reopens(what.to_owned()), image_tags(arguments))];
    }
    let resolves = has("describe-images") || has("batch-get-image");
    let asks = arguments.iter().any(|a| a.contains("imageTag") || a.contains("image-ids"));
    let lists = has("list-images");
    let tags = if lists { listed_tags(arguments) } else { image_tags(arguments) };
    // By a digest there is nothing to resolve.
    let by_digest = tags.is_empty() && arguments.iter().any(|a| a.contains("imageDigest="));
    if !(resolves && asks || lists && !tags.is_empty()) || by_digest {
        return Vec::new();
    }
    let repository = values(arguments, &["--repository-name"]).pop();
    let account = values(arguments, &["--registry-id", "--registry-ids"]).pop();
    vec![Use::Act {
        stage: Stage::Digest,
        references: tags,
        repository: repository.map(|name| of_account(account.as_deref(), &name)),
        region: values(arguments, &["--region"]).pop(),
        recipe: None,
        source: None,
    }]
}

/// The tags that a command of `aws ecr` names, as the tags of a reference: `imageTag=git-1` as `:git-1`.
fn image_tags(arguments: &[String]) -> Vec<String> {
    let tag = |a: &String| {
        let tag = a.split_once("imageTag=")?.1.trim_end_matches(']');
        // `[{imageTag=x}]`, and not the braces of an expression.
        let closes = tag.matches('}').count() > tag.matches('{').count();
        Some(if closes { tag.strip_suffix('}').unwrap_or(tag) } else { tag }.to_owned())
    };
    arguments.iter().filter_map(tag).map(|t| format!(":{t}")).collect()
}

/// The tags that a query of `aws ecr list-images` asks for, `imageIds[?imageTag=='git-1'].imageDigest`.
fn listed_tags(arguments: &[String]) -> Vec<String> {
    let tag = |a: &String| {
        let (tag, _) = a.split_once("imageTag==")?.1.split_once(']')?;
        let tag = tag.trim_matches(['\'', '"', '`', ' ']);
        (!tag.contains(['&', '|'])).then(|| format!(":{tag}"))
    };
    arguments.iter().filter_map(tag).collect()
}

/// The name of a repository, of a registry of another account than that of who asks: `ACCOUNT:NAME`.
fn of_account(account: Option<&str>, name: &str) -> String {
    match account.filter(|a| is_account(a)) {
        Some(account) => format!("{account}:{name}"),
        None => name.to_owned(),
    }
}

/// Whether a text is the number of an account.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The repository that a command asks in the registry of its own account, if that is known.
pub(super) fn repository(words: &[String], named: Option<String>, variables: &Variables) -> Option<String> {
    let is_own = tool::without_wrappers(words).first().is_some_and(|w| w.ends_with("aws"));
    let account = variables.literal(ACCOUNT).filter(|_| is_own);
    named.map(|name| if name.contains(':') { name } else { of_account(account.as_deref(), &name) })
}

/// Variables that name a region. <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html>
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// The region of AWS that the environment of a command names.
pub(super) fn region(words: &[String], variables: &Variables) -> Option<String> {
    tool::without_wrappers(words).first().filter(|w| w.ends_with("aws"))?;
    REGIONS.iter().find_map(|name| of_environment(words, name, variables))
}

/// Whom a command of aws asks, if its options or its environment name a profile or an endpoint.
pub(super) fn asked_of(words: &[String], variables: &Variables) -> Option<String> {
    let (program, arguments) = tool::without_wrappers(words).split_first()?;
    if !program.ends_with("aws") {
        return None;
    }
    let endpoint = || {
        let named = values(arguments, &["--endpoint-url"]).pop();
        let names = ["AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL"];
        named.or_else(|| names.iter().find_map(|n| of_environment(words, n, variables)))
    };
    let profile = || {
        let named = values(arguments, &["--profile"]).pop();
        let names = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
        named.or_else(|| names.iter().find_map(|n| of_environment(words, n, variables)))
    };
    let asked = endpoint().map(|e| format!("the endpoint {e}"));
    asked.or_else(|| profile().filter(|p| p != "default").map(|p| format!("the profile {p}")))
}

/// The value of a variable in the environment of a command: `NAME=value aws …`, or one that is set before.
fn of_environment(words: &[String], name: &str, variables: &Variables) -> Option<String> {
    let assigned = words.iter().find_map(|w| w.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let set = || variables.is_set(name).then(|| variables.expand(&format!("${name}")));
    assigned.or_else(set).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn asked(text: &str) -> Option<(Vec<String>, Option<String>)> {
        aws(&words(text)).into_iter().find_map(|one| match one {
            Use::Act { stage: Stage::Digest, references, repository, .. } => Some((references, repository)),
            _ => None,
        })
    }

    #[test]
    fn whose_image_is_asked_for() {
        let of = |reference: &str, repository: &str| {
            Some((vec![reference.to_owned()], Some(repository.to_owned())))
        };
        let describe = "ecr describe-images --repository-name o --image-ids";
        assert_eq!(asked(&format!("{describe} imageTag=t")), of(":t", "o"));
        assert_eq!(
            asked(&format!("{describe} imageTag=t --registry-id 111122223333")),
            of(":t", "111122223333:o")
        );
        assert_eq!(asked(&format!("{describe} imageDigest=sha256:00")), None);
        assert_eq!(
            asked("ecr list-images --repository-name o --query imageIds[?imageTag==t].imageDigest"),
            of(":t", "o")
        );
        assert_eq!(asked("ecr list-images --repository-name o --query imageIds[0].imageDigest"), None);
    }

    #[test]
    fn who_is_asked() {
        let mut variables = Variables::default();
        variables.set("AWS_REGION", "eu-west-1");
        let of = |text: &str| asked_of(&words(text), &variables);
        assert_eq!(of("aws ecr describe-images"), None);
        assert_eq!(of("aws --profile dev ecr describe-images").as_deref(), Some("the profile dev"));
        assert_eq!(of("AWS_PROFILE=dev aws ecr describe-images").as_deref(), Some("the profile dev"));
        assert_eq!(
            of("aws --endpoint-url http://x ecr list-images").as_deref(),
            Some("the endpoint http://x")
        );
        assert_eq!(region(&words("aws ecr list-images"), &variables).as_deref(), Some("eu-west-1"));
        assert_eq!(region(&words("docker push"), &variables), None);
    }
}
