//! Which image a push publishes: the one that was built, or another one that was put under its name.

use std::collections::{BTreeMap, BTreeSet};

use super::act::{Act, At, Stage};
use super::outcome::without_braces;
use super::resolve;
use super::sequence::Fault;
use super::tagging::{Tagging, tagging};
use crate::check::provenance::TagPattern;

/// What stands under a name.
#[derive(Clone, Debug)]
enum Image {
    /// What a build made.
    Built(usize),
    /// Another image, put there by a step.
    Other(At),
    /// It is not known what a step put there.
    Unknown(At, String),
}

const FIX: &str =
    "Push what was built: tag the built image, and let nothing else put an image under its tag.";

/// Builds with the names under which they are pushed: those that a later `docker tag` gives them, without those that
/// stay on the machine.
pub(super) fn with_names(acts: &[Act], pattern: &TagPattern) -> Vec<Act> {
    let pushes = acts.iter().filter(|a| a.stage == Stage::Push && a.never.is_none());
    let pushed: BTreeSet<String> = pushes.flat_map(|a| &a.references).map(|r| plain(r)).collect();
    let mut names: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    follow(acts, &mut |act, images| {
        if act.stage == Stage::Push {
            for reference in &act.references {
                if let Some(Image::Built(build)) = images.get(&plain(reference)) {
                    names.entry(*build).or_default().push(reference.clone());
                }
            }
        }
    });
    let mut all = acts.to_vec();
    for (index, act) in all.iter_mut().enumerate().filter(|(_, a)| a.stage == Stage::Build) {
        let own: Vec<String> =
            act.references.iter().filter(|r| pushed.contains(&plain(r))).cloned().collect();
        let others = names.remove(&index).unwrap_or_default();
        let is_immutable = |r: &String| tagging(r, pattern) == Tagging::Immutable;
        if !own.is_empty() || !others.is_empty() {
            let kept = act.references.iter().filter(|r| is_immutable(r)).cloned();
            let mut references: Vec<String> = kept.chain(own).chain(others).collect();
            let mut seen = BTreeSet::new();
            references.retain(|r| seen.insert(r.clone()));
            act.references = references;
        }
    }
    all
}

/// Pushes of the immutable tag after another image was put under it.
pub(super) fn faults(acts: &[Act], pattern: &TagPattern) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let is_built = acts.iter().any(|a| a.stage == Stage::Build && a.never.is_none());
    if !is_built {
        return faults;
    }
    let mut pushed: BTreeSet<String> = BTreeSet::new();
    // The build whose image was pushed under a name.
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    follow(acts, &mut |act, images| {
        if act.stage != Stage::Push {
            return;
        }
        for reference in act.references.iter().filter(|r| tagging(r, pattern) == Tagging::Immutable) {
            let fault = match (images.get(&plain(reference)), &act.source) {
                (_, Some(source)) if is_archive_of(source, acts) => None,
                (_, Some(source)) => copied(act.at, source, images, &pushed),
                (Some(Image::Other(at)), None) => Some(Fault::deviates(
                    *at,
                    "another image is put under the immutable tag before it is pushed",
                    FIX,
                )),
                (Some(Image::Unknown(at, why)), None) => Some(Fault::unclear(*at, "image tag", why.clone())),
                // What is pushed instead of a failed push is pushed once.
                (Some(Image::Built(build)), None)
                    if acts.get(*build).is_some_and(|b| b.daemon != act.daemon) =>
                {
                    let reason = "another daemon of Docker pushes the image than the one that built it: whether it has the same image under the tag is not known";
                    Some(Fault::unclear(act.at, "image tag", reason))
                }
                (Some(Image::Built(build)), None) if !act.conditional => {
                    let before = *first.entry(plain(reference)).or_insert(*build);
                    (before != *build).then(|| {
                        let message = "the immutable tag is pushed again with the image of another build";
                        Fault::deviates(act.at, message, FIX)
                    })
                }
                (Some(Image::Built(_)) | None, None) => None,
            };
            faults.extend(fault.filter(|f| !faults.contains(f)));
            pushed.insert(plain(reference));
        }
    });
    faults
}

/// Jobs of a matrix that push the same immutable tag, each with an image of its own: where the second one does.
pub(super) fn pushed_by_several<'a>(
    rounds: impl Iterator<Item = &'a [Act]>,
    pattern: &TagPattern,
) -> Option<Fault> {
    let mut before: BTreeSet<String> = BTreeSet::new();
    for acts in rounds {
        let pushes = acts.iter().filter(|a| a.stage == Stage::Push && a.never.is_none() && !a.conditional);
        let of = |act: &'a Act| act.references.iter().map(move |r| (act, r));
        let immutable: Vec<_> =
            pushes.flat_map(of).filter(|(_, r)| tagging(r, pattern) == Tagging::Immutable).collect();
        if let Some((act, _)) = immutable.iter().find(|(_, r)| before.contains(&plain(r))) {
            let message = "the jobs of the matrix push the same immutable tag, each with an image of its own";
            let fix = "Build all platforms in one build, or give each job a tag of its own and join them by one manifest.";
            return Some(Fault::deviates(act.at, message, fix));
        }
        before.extend(immutable.iter().map(|(_, r)| plain(r)));
    }
    None
}

/// Whether a source is the file that a build put its image into: `oci-archive:image.tar`.
fn is_archive_of(source: &str, acts: &[Act]) -> bool {
    let path = ["oci-archive:", "docker-archive:", "oci:"].iter().find_map(|p| source.strip_prefix(p));
    let path = path.unwrap_or(source).trim_start_matches("./");
    let builds = acts.iter().filter(|a| a.never.is_none()).filter_map(|a| a.recipe.as_ref());
    let mut files = builds.filter_map(|r| r.archive.as_ref());
    files.any(|file| file.trim_start_matches("./") == path)
}

/// A copy in the registry to the immutable tag.
fn copied(
    at: At,
    source: &str,
    images: &BTreeMap<String, Image>,
    pushed: &BTreeSet<String>,
) -> Option<Fault> {
    if pushed.contains(&plain(source)) || matches!(images.get(&plain(source)), Some(Image::Built(_))) {
        return None;
    }
    if source.contains(['$', '`']) {
        let reason = "the immutable tag is given to an image that is not known when the file is read";
        return Some(Fault::unclear(at, "image tag", reason));
    }
    Some(Fault::deviates(at, "the immutable tag is given to another image than the one that was built", FIX))
}

/// A reference as it is compared: each commit and each variable written in one way.
fn plain(reference: &str) -> String {
    let commits = [
        "${{ github.sha }}",
        "${{github.sha}}",
        "${{ env.GITHUB_SHA }}",
        "$(git rev-parse HEAD)",
        "${GITHUB_SHA}",
    ];
    let text = commits.iter().fold(reference.to_owned(), |text, commit| text.replace(commit, "$GITHUB_SHA"));
    without_braces(&text)
}

/// Goes through what happens to names on the machine; `see` is told each act with what stands under the names then.
fn follow(acts: &[Act], see: &mut dyn FnMut(&Act, &BTreeMap<String, Image>)) {
    let mut images: BTreeMap<String, Image> = BTreeMap::new();
    let mut pushed: BTreeSet<String> = BTreeSet::new();
    let mut last = None;
    let mut has_archive = false;
    for (index, act) in acts.iter().enumerate().filter(|(_, a)| a.never.is_none()) {
        match &act.stage {
            Stage::Build => {
                has_archive |= act.recipe.as_ref().is_some_and(|r| r.archive.is_some());
                last = Some(index);
                if let Some(path) = act.recipe.as_ref().and_then(|r| r.id_file.as_ref()) {
                    images.insert(plain(&resolve::built(path)), Image::Built(index));
                }
                for reference in &act.references {
                    images.insert(plain(reference), built(index, act));
                }
            }
            Stage::Place => match (&act.source, act.references.as_slice()) {
                // `docker save`
                (Some(_), []) => has_archive = true,
                // `docker load`: an archive of the build's own, or any.
                (None, []) if has_archive => {
                    // What a build put into a file alone.
                    for (index, build) in
                        last.iter().filter_map(|i| acts.get(*i).map(|b| (*i, b))).filter(|(_, b)| is_file(b))
                    {
                        let names = build.references.iter().map(|r| (plain(r), Image::Built(index)));
                        images.extend(names);
                    }
                }
                (None, []) => any(&mut images, &pushed, act.at, "docker load"),
                (None, pulled) => {
                    for reference in pulled.iter().map(|r| plain(r)).filter(|r| !pushed.contains(r)) {
                        images.insert(reference, Image::Other(act.at));
                    }
                }
                (Some(source), names) => {
                    let image = source_of(source, act, &images, last);
                    // `xargs docker tag IMAGE`: any name.
                    if names.iter().any(|name| name == "$(xargs)") {
                        any(&mut images, &pushed, act.at, "xargs");
                    }
                    for name in names {
                        images.insert(plain(name), image.clone());
                    }
                }
            },
            Stage::Unseen(what) if last.is_some() => any(&mut images, &pushed, act.at, what),
            Stage::Push => pushed.extend(act.references.iter().map(|r| plain(r))),
            _ => {}
        }
        see(act, &images);
    }
}

/// Whether a build puts its image into a file alone.
fn is_file(build: &Act) -> bool {
    build.recipe.as_ref().is_some_and(|r| r.is_file_alone)
}

/// What stands under the names of a build after it.
fn built(index: usize, build: &Act) -> Image {
    if !is_file(build) {
        return Image::Built(index);
    }
    let why = "the build puts the image into a file alone, and no step before the push loads the file";
    Image::Unknown(build.at, why.to_owned())
}

/// Something that may put an image under any name; under those that are pushed already it changes nothing.
fn any(images: &mut BTreeMap<String, Image>, pushed: &BTreeSet<String>, at: At, what: &str) {
    for (name, image) in images.iter_mut() {
        if matches!(image, Image::Built(_)) && !pushed.contains(name) {
            let why = format!(
                "`{what}` runs between the build and the push, and what it does to the image cannot be seen"
            );
            *image = Image::Unknown(at, why);
        }
    }
}

fn source_of(source: &str, act: &Act, images: &BTreeMap<String, Image>, last: Option<usize>) -> Image {
    let plain = plain(source);
    if let Some(known) = images.get(&plain).or_else(|| images.get(&format!("{plain}:latest"))) {
        return known.clone();
    }
    // `id=$(docker build -q .)`: what the build says of itself.
    let is_own = source.starts_with("$(")
        && ["docker build", "docker buildx build"].iter().any(|b| source.contains(b));
    match last {
        Some(build) if is_own => Image::Built(build),
        _ if source.contains(['$', '`']) => Image::Unknown(
            act.at,
            "which image is put under the tag is not known when the file is read".to_owned(),
        ),
        _ if act.conditional => {
            Image::Unknown(act.at, "another image is put under the tag under a condition".to_owned())
        }
        _ => Image::Other(act.at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::Position;

    const AT: At = At { file: 0, position: Position { line: 1, column: 1 } };
    const TAG: &str = "r:git-$GITHUB_SHA";

    fn act(stage: Stage, references: &[&str], source: Option<&str>) -> Act {
        let references = references.iter().map(|r| (*r).to_owned()).collect();
        Act { references, source: source.map(str::to_owned), ..Act::new(stage, AT) }
    }

    fn found(between: Act) -> Vec<Fault> {
        let acts = [act(Stage::Build, &[TAG], None), between, act(Stage::Push, &[TAG], None)];
        faults(&acts, &TagPattern::default())
    }

    #[test]
    fn other_images_under_the_tag() {
        for between in [
            act(Stage::Place, &[TAG], Some("other:1")),
            act(Stage::Place, &[TAG], None),
            act(Stage::Push, &[TAG], Some("other:1")),
        ] {
            assert!(matches!(found(between).as_slice(), [Fault::Deviates { .. }]));
        }
        for between in [
            act(Stage::Place, &[TAG], Some("$OTHER")),
            act(Stage::Place, &[], None),
            act(Stage::Unseen("./x".to_owned()), &[], None),
        ] {
            assert!(matches!(found(between).as_slice(), [Fault::Unclear { .. }]));
        }
        for between in [
            act(Stage::Place, &["r:latest"], Some(TAG)),
            act(Stage::Place, &["alpine:3"], None),
            act(Stage::Digest, &[TAG], None),
        ] {
            assert_eq!(found(between), []);
        }
    }

    #[test]
    fn builds_are_known_by_what_is_pushed() {
        let acts = [
            act(Stage::Build, &["local:dev"], None),
            act(Stage::Place, &[TAG], Some("local:dev")),
            act(Stage::Push, &[TAG], None),
        ];
        assert_eq!(with_names(&acts, &TagPattern::default())[0].references, [TAG]);
        assert_eq!(faults(&acts, &TagPattern::default()), []);
    }
}
