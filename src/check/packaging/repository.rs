//! Whether the steps of a build act on one repository, and which one.

use super::act::{Act, Stage};
use super::aws;

/// Whether two texts name one repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    Yes,
    No,
    /// One of them is not known.
    Unknown,
}

/// The repository of a reference: what stands before its tag or digest, written in one way. Nothing for a reference
/// that is a variable.
pub(super) fn repository_of(reference: &str) -> Option<String> {
    let text = reference.trim().trim_matches(['"', '\'']);
    let text = text.split('|').next().unwrap_or_default();
    let text = text.split('@').next().unwrap_or_default();
    let slash = text.rfind('/').map_or(0, |i| i + 1);
    let tail = text.get(slash..).unwrap_or_default();
    // A variable such as `${X:-y}` may hold a colon of its own.
    let colon = depth_zero_colon(tail).map(|i| slash + i);
    let is_variable = colon.is_none() && slash == 0 && text.contains('$');
    let repository = text.get(..colon.unwrap_or(text.len())).unwrap_or_default();
    (!repository.is_empty() && !is_variable).then(|| normalised(repository))
}

/// The first colon that stands in no braces or parentheses.
fn depth_zero_colon(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    text.char_indices()
        .find(|(_, c)| {
            match c {
                '{' | '(' => depth += 1,
                '}' | ')' => depth -= 1,
                _ => {}
            }
            depth == 0 && *c == ':'
        })
        .map(|(i, _)| i)
}

/// `${X}` and `${{ env.X }}` as `$X`, without slashes at the end.
fn normalised(text: &str) -> String {
    let mut out = text.trim().trim_end_matches('/').to_owned();
    while let Some(at) = out.find("${") {
        let Some(end) = out.get(at..).and_then(|t| t.find('}')).map(|i| at + i) else { break };
        let close = if out.get(end..).is_some_and(|t| t.starts_with("}}")) { end + 2 } else { end + 1 };
        let inner = out.get(at..close).unwrap_or_default().trim_matches(['$', '{', '}', ' ']);
        // A slash in `${X%/*}` divides no path.
        let inner = inner.strip_prefix("env.").unwrap_or(inner).replace('/', "_");
        let inner = format!("$({inner})");
        out.replace_range(at..close, &inner);
    }
    out.replace("$(", "$").replace(')', "")
}

fn is_known(text: &str) -> bool {
    !text.contains(['$', '`'])
}

/// Whether two repositories are one.
pub(super) fn same(one: &str, two: &str) -> Same {
    let (one, two) = (normalised(one), normalised(two));
    if one == two {
        return Same::Yes;
    }
    if is_known(&one) && is_known(&two) {
        return Same::No;
    }
    let split = |text: &str| text.split_once('/').map(|(h, p)| (h.to_owned(), p.to_owned()));
    match (split(&one), split(&two)) {
        (Some((a, path)), Some((b, other))) if is_known(&path) && is_known(&other) => {
            if path != other {
                return Same::No;
            }
            // What the login to ECR gives is the registry of the account.
            let is_login = |host: &str| host.contains(".outputs.registry");
            if is_login(&a) || is_login(&b) { Same::Yes } else { Same::Unknown }
        }
        _ => Same::Unknown,
    }
}

/// Whether a repository has this name in its registry, as `aws ecr describe-images` asks for it.
fn named(repository: &str, name: &str) -> Same {
    let (account, name) = match name.split_once(':') {
        Some((account, name)) if aws::is_account(account) => (Some(account), name),
        _ => (None, name),
    };
    let (repository, name) = (normalised(repository), normalised(name));
    if account.zip(account_of(&repository)).is_some_and(|(one, two)| one != two) {
        return Same::No;
    }
    if is_known(&name) {
        let path = repository.split_once('/').map(|(_, path)| path).filter(|p| is_known(p));
        return match path {
            Some(path) if path == name => Same::Yes,
            Some(_) => Same::No,
            None => Same::Unknown,
        };
    }
    // `$ECR_REPO_NAME` beside `$ECR_REPO_URI`: both are inputs of the build, which the contract's registry pins.
    if is_known(&repository) { Same::Unknown } else { Same::Yes }
}

/// The account of a repository of ECR, by its host.
fn account_of(repository: &str) -> Option<&str> {
    let (account, _) = repository.split_once(".dkr.ecr")?;
    aws::is_account(account).then_some(account)
}

/// Whether a login is one to the repository's registry.
fn logs_in(registry: &str, repository: &str) -> Same {
    let host = |text: &str| {
        let text = normalised(text);
        let text = text.trim_start_matches("https://").to_owned();
        text.split('/').next().unwrap_or_default().to_owned()
    };
    // The action asks ECR which registry is the account's.
    if registry.contains("amazon-ecr-login") {
        let host = host(repository);
        // The registries that it is told to log in to, else that of the account that asks.
        let mut named = registry.split([' ', ',', ')']).filter(|part| aws::is_account(part)).peekable();
        let is_other = match (account_of(&host), named.peek().is_some()) {
            (Some(own), true) => !named.any(|account| account == own) && !registry.contains("${"),
            _ => false,
        };
        let is_elsewhere = is_known(&host) && !host.contains(".dkr.ecr");
        return if is_elsewhere || is_other { Same::No } else { Same::Yes };
    }
    let (one, two) = (host(registry), host(repository));
    let hub = |h: &str| {
        matches!(h, "docker.io" | "index.docker.io" | "registry-1.docker.io") || !h.contains(['.', ':', '$'])
    };
    if one == two || hub(&one) && hub(&two) {
        Same::Yes
    } else if is_known(&one) && is_known(&two) {
        Same::No
    } else {
        Same::Unknown
    }
}

/// The repositories that the acts of a stage are about.
pub(super) fn of_act(act: &Act) -> Vec<String> {
    act.references.iter().filter_map(|r| repository_of(r)).collect()
}

/// Whether an act is about this repository; nothing if it names none.
pub(super) fn is_about(act: &Act, repository: &str) -> Option<Same> {
    match act.stage {
        Stage::Login => act.repository.as_deref().map(|r| logs_in(r, repository)),
        Stage::Digest if act.repository.is_some() => {
            act.repository.as_deref().map(|name| named(repository, name))
        }
        _ => {
            let all: Vec<Same> = of_act(act).iter().map(|r| same(r, repository)).collect();
            let worst = |s: &Same| match s {
                Same::No => 2,
                Same::Unknown => 1,
                Same::Yes => 0,
            };
            all.into_iter().max_by_key(worst)
        }
    }
}

/// Variables that hold the repository by the names that M1 has for the build's inputs.
const GIVEN: [&str; 2] = ["ECR_REPO_URI", "ECR_REPO_NAME"];

/// Whether the repository of an act's reference begins with a variable of the environment that no file sets.
pub(super) fn is_unset(act: &Act) -> bool {
    act.references.iter().any(|reference| {
        let text = reference.trim().trim_matches(['"', '\'']);
        let inner = match text.strip_prefix("${{") {
            Some(inner) => inner.trim_start().strip_prefix("env."),
            None => text.strip_prefix('$').map(|rest| rest.trim_start_matches('{')),
        };
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = inner.and_then(|inner| inner.split(|c| !is_part(c)).next()).unwrap_or_default();
        !name.is_empty() && !GIVEN.contains(&name)
    })
}

/// The region of a repository of ECR, by its host.
pub(super) fn region(repository: &str) -> Option<&str> {
    let host = repository.split('/').next()?;
    let region = host.split_once(".dkr.ecr")?.1.trim_start_matches("-fips").strip_prefix('.')?;
    region.split_once(".amazonaws.").map(|(region, _)| region)
}

/// Whether a name of a registry or a repository is ECR's.
pub(super) fn is_ecr(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains(".dkr.ecr") || lower.contains("public.ecr.aws") || lower.contains("ecr")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_of_references() {
        for (reference, expected) in [
            ("\"$REPO:git-$SHA\"", Some("$REPO")),
            ("${REPO}:git-${GITHUB_SHA::7}", Some("$REPO")),
            ("${{ env.REPO }}:x", Some("$REPO")),
            ("host:5000/a/b:c", Some("host:5000/a/b")),
            ("host/a@sha256:00", Some("host/a")),
            ("host/a|type=sha", Some("host/a")),
            ("${{ steps.login.outputs.registry }}/orders:1", Some("$steps.login.outputs.registry/orders")),
            ("$IMAGE", None),
            (":tag", None),
        ] {
            assert_eq!(repository_of(reference).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn one_repository_or_two() {
        let ecr = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders";
        for (one, two, expected) in [
            (ecr, ecr, Same::Yes),
            (ecr, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/other", Same::No),
            ("$REPO", "${REPO}", Same::Yes),
            ("$REPO", "$OTHER", Same::Unknown),
            ("$REPO", ecr, Same::Unknown),
            ("$steps.login.outputs.registry/orders", ecr, Same::Yes),
            ("$HOST/other", ecr, Same::No),
        ] {
            assert_eq!(same(one, two), expected, "{one} {two}");
        }
        assert_eq!(named(ecr, "orders"), Same::Yes);
        assert_eq!(named(ecr, "other"), Same::No);
        assert_eq!(named("$ECR_REPO_URI", "$ECR_REPO_NAME"), Same::Yes);
        assert_eq!(named("$ECR_REPO_URI", "orders"), Same::Unknown);
        assert_eq!(logs_in(ecr, ecr), Same::Yes);
        assert_eq!(logs_in("ghcr.io", ecr), Same::No);
        assert_eq!(logs_in("docker.io", "library/app"), Same::Yes);
        assert_eq!(
            (region(ecr), region("ghcr.io/a/b"), region("$HOST/orders")),
            (Some("eu-west-1"), None, None)
        );
    }
}
