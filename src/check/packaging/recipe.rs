//! What a build is made from, compared with what the contract pins: Dockerfile, context and platforms.

use super::act::{Act, Recipe};
use super::sequence::Fault;
use super::surface::{ExpectedBuild, joined};

/// Variables in which the build is given the contract's own paths.
const GIVEN: [&str; 2] = ["IMAGE_DOCKERFILE_PATH", "IMAGE_BUILD_PATH"];

/// What is wrong with the builds.
pub(super) fn recipe_faults<'a>(
    builds: impl Iterator<Item = &'a Act>,
    expected: &ExpectedBuild,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for act in builds {
        let Some(recipe) = &act.recipe else { continue };
        let context = context_of(recipe);
        for (what, built, pinned, packaged) in [
            (
                "Dockerfile",
                dockerfile_of(recipe, &context),
                &expected.dockerfile,
                &expected.packaged_dockerfile,
            ),
            ("build context", context.clone(), &expected.context, &expected.packaged_context),
        ] {
            let by_contract = pinned.clone().map(|path| (path, "the contract pins"));
            let by_provenance = || Some((joined("", packaged.as_ref()?), "the provenance names"));
            let Some((pinned, by)) = by_contract.or_else(by_provenance) else { continue };
            if built == pinned || is_given(&built) {
                continue;
            }
            if built.contains(['$', '`']) {
                let reason =
                    format!("which {what} it builds is not known when the file is read, and {by} {pinned}");
                faults.push(Fault::unclear(act.at, "build", reason));
            } else {
                let message = format!("it builds another {what} than {by}, which is {pinned}");
                let fix = format!("Build from {pinned}, or correct what names it.");
                faults.push(Fault::deviates(act.at, message, fix));
            }
        }
        faults.extend(stage(act, recipe, expected));
        if recipe.has_more_contexts {
            let reason = "it is given further contexts, which may stand for a base image or a stage, and are not looked at";
            faults.push(Fault::unclear(act.at, "build", reason));
        }
        if recipe.has_frontend {
            let reason =
                "BUILDKIT_SYNTAX names another frontend, and what it makes of the Dockerfile is not known";
            faults.push(Fault::unclear(act.at, "build", reason));
        }
        if expected.platforms.is_empty() {
            continue;
        }
        let pinned = expected.platforms.join(", ");
        if recipe.platforms.iter().any(|p| p.contains('$')) {
            let reason = format!("which platforms it builds is not known, and the contract pins {pinned}");
            faults.push(Fault::unclear(act.at, "build", reason));
        } else if recipe.platforms.is_empty() {
            let reason = format!("the platform is the builder's own, and the contract pins {pinned}");
            faults.push(Fault::unclear(act.at, "build", reason));
        } else if !is_same_set(&recipe.platforms, &expected.platforms) {
            let message = format!("it builds other platforms than the contract pins: {pinned}");
            faults.push(Fault::deviates(
                act.at,
                message,
                format!("Build for {pinned}, or correct the contract."),
            ));
        }
    }
    faults
}

/// A build of another stage than the one that was checked.
fn stage(act: &Act, recipe: &Recipe, expected: &ExpectedBuild) -> Option<Fault> {
    let known = expected.stage.as_ref()?;
    let (built, is_checked) = match &recipe.target {
        Some(target) => (target.as_str(), known.names.iter().any(|n| n.eq_ignore_ascii_case(target))),
        None => ("the last one", known.is_last),
    };
    if is_checked {
        return None;
    }
    let checked = known.names.first().map_or("the last one", String::as_str);
    if built.contains(['$', '`']) {
        let reason = format!(
            "which stage of the Dockerfile it builds is not known, and the one that is checked is {checked}"
        );
        return Some(Fault::unclear(act.at, "build", reason));
    }
    let message =
        format!("it builds the stage {built} of the Dockerfile, and the one that is checked is {checked}");
    let fix = "Build the stage that is checked, or check the one that is built with `--target`.";
    Some(Fault::deviates(act.at, message, fix))
}

/// The build context, from the root of the checkout.
pub(super) fn context_of(recipe: &Recipe) -> String {
    joined(&recipe.directory, recipe.context.as_deref().unwrap_or("."))
}

/// The Dockerfile: by default that of the context.
pub(super) fn dockerfile_of(recipe: &Recipe, context: &str) -> String {
    match &recipe.dockerfile {
        Some(path) => joined(&recipe.directory, path),
        None => joined(context, "Dockerfile"),
    }
}

/// Whether a path is one of the build's pinned inputs, by the names that M1 has for them.
fn is_given(path: &str) -> bool {
    let name = path.trim_matches(['$', '{', '}', ' ', '(', ')']);
    let name = name.strip_prefix("env.").or_else(|| name.strip_prefix("vars.")).unwrap_or(name);
    path.starts_with('$') && GIVEN.contains(&name)
}

fn is_same_set(one: &[String], two: &[String]) -> bool {
    one.iter().all(|p| two.contains(p)) && two.iter().all(|p| one.contains(p))
}

#[cfg(test)]
mod tests {
    use super::super::act::{At, Stage};
    use super::*;
    use seaworthy_source::Position;

    #[test]
    fn paths_are_compared_from_the_root() {
        let at = At { file: 0, position: Position { line: 1, column: 1 } };
        let expected = ExpectedBuild {
            dockerfile: Some("services/app/Dockerfile".to_owned()),
            context: Some("services/app".to_owned()),
            platforms: vec!["linux/amd64".to_owned()],
            ..ExpectedBuild::default()
        };
        let faults = |file: Option<&str>, context: &str, directory: &str, platform: &str| {
            let recipe = Recipe {
                dockerfile: file.map(str::to_owned),
                context: Some(context.to_owned()),
                platforms: vec![platform.to_owned()],
                directory: directory.to_owned(),
                ..Recipe::default()
            };
            let act = Act { recipe: Some(recipe), ..Act::new(Stage::Build, at) };
            recipe_faults(std::iter::once(&act), &expected).len()
        };
        let amd = "linux/amd64";
        assert_eq!(faults(None, "services/app", "", amd), 0);
        assert_eq!(faults(Some("Dockerfile"), ".", "services/app", amd), 0);
        assert_eq!(
            faults(Some("${{ github.workspace }}/services/app/Dockerfile"), "../app", "services/x", amd),
            0
        );
        assert_eq!(faults(Some("$IMAGE_DOCKERFILE_PATH"), "$IMAGE_BUILD_PATH", "", amd), 0);
        assert_eq!(faults(Some("Dockerfile.adhoc"), ".", "services/app", amd), 1);
        assert_eq!(faults(Some("$FILE"), "services/app", "", amd), 1);
        assert_eq!(faults(None, ".", "", amd), 2);
        assert_eq!(faults(None, "services/app", "", "linux/arm64"), 1);
        assert_eq!(faults(None, "-", "", amd), 2);
        let packaged = ExpectedBuild {
            packaged_dockerfile: Some("./app/Dockerfile".to_owned()),
            packaged_context: Some("app".to_owned()),
            ..ExpectedBuild::default()
        };
        let built = |context: &str| {
            let recipe = Recipe { context: Some(context.to_owned()), ..Recipe::default() };
            let act = Act { recipe: Some(recipe), ..Act::new(Stage::Build, at) };
            recipe_faults(std::iter::once(&act), &packaged).len()
        };
        assert_eq!((built("app"), built("./app/"), built(".")), (0, 0, 2));
    }
}
