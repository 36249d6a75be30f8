//! The agreed sequence: log in, build the immutable tag, push it, resolve its digest, and only then move a
//! convenience tag.

use super::act::{Act, At, Stage};
use super::failure::Failure;
use super::identity;
use super::lookup;
use super::recipe;
use super::repository::{self, Same};
use super::sources;
use super::surface::{ExpectedBuild, Family};
use super::tagging::{Tagging, tagging};

/// What is wrong with a sequence, or cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It leaves the agreed sequence.
    Deviates { at: At, message: String, fix: String },
    /// It keeps to the sequence, and does in it what it had better not do.
    Advises { at: At, message: String, fix: String },
    /// It cannot be told.
    Unclear { at: At, what: &'static str, reason: String },
}

impl Fault {
    pub(super) fn deviates(at: At, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Deviates { at, message: message.into(), fix: fix.into() }
    }

    pub(super) fn unclear(at: At, what: &'static str, reason: impl Into<String>) -> Self {
        Self::Unclear { at, what, reason: reason.into() }
    }
}

/// A mandatory stage: what it is called, what to write for ECR, and what for another registry.
const STAGES: [(Stage, &str, &str, &str); 4] = [
    (
        Stage::Login,
        "log in to the registry",
        "Add `aws-actions/amazon-ecr-login`, or `aws ecr get-login-password --region \"$AWS_REGION\" | docker login --username AWS --password-stdin \"$ECR_REPO_URI\"`.",
        "Add `docker/login-action`, or `docker login --password-stdin` with the registry of the image.",
    ),
    (
        Stage::Build,
        "build the immutable tag",
        "Build with a tag made of the commit, such as `docker build --tag \"$ECR_REPO_URI:git-$GITHUB_SHA\" …`.",
        "Build with a tag made of the commit, such as `docker build --tag \"$REPOSITORY:git-$GITHUB_SHA\" …`.",
    ),
    (
        Stage::Push,
        "push the immutable tag",
        "Push the tag made of the commit, such as `docker push \"$ECR_REPO_URI:git-$GITHUB_SHA\"`.",
        "Push the tag made of the commit, such as `docker push \"$REPOSITORY:git-$GITHUB_SHA\"`.",
    ),
    (
        Stage::Digest,
        "resolve the pushed digest",
        "Ask the registry: `aws ecr describe-images --repository-name \"$ECR_REPO_NAME\" --image-ids imageTag=\"git-$GITHUB_SHA\" --query \"imageDetails[0].imageDigest\" --output text`.",
        "Ask the registry: `docker buildx imagetools inspect \"$REPOSITORY:git-$GITHUB_SHA\" --format '{{json .Manifest.Digest}}'`, or `crane digest`.",
    ),
];

/// What a job or script does, in its order.
pub(super) struct Sequence<'a> {
    pub(super) acts: &'a [Act],
    /// What it runs that cannot be seen into.
    pub(super) opaque: &'a [(String, At)],
    /// Where it begins.
    pub(super) start: At,
    /// What it stands in: variables of a workflow are set in files, and a script is given some.
    pub(super) family: Family,
    pub(super) expected: &'a ExpectedBuild,
}

impl Sequence<'_> {
    /// What is wrong with it.
    pub(super) fn judge(&self) -> Vec<Fault> {
        let pattern = &self.expected.tag_pattern;
        let acts = identity::with_names(self.acts, pattern);
        let mut faults = Sequence { acts: &acts, ..*self }.judge_named();
        faults.extend(identity::faults(self.acts, pattern));
        faults
    }

    fn judge_named(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for act in self.live() {
            if let Stage::Deviation(what) = &act.stage {
                faults.push(Fault::deviates(
                    act.at,
                    format!("the image is built or published by {what}, which is not the agreed command family"),
                    "Build and push with `docker` alone, or with its actions; another family needs a new agreement (`tools` in the contract's [workflow]).",
                ));
            }
        }
        faults.extend(self.reopened());
        let resolved = self.stages(&mut faults);
        let early = |(i, a): &(usize, &Act)| {
            a.never.is_none()
                && a.stage == Stage::Push
                && self.has(a, |t| t == Tagging::Mutable)
                && resolved.is_some_and(|r| *i < r)
        };
        if let Some((_, act)) = self.acts.iter().enumerate().find(early) {
            faults.push(Fault::deviates(
                act.at,
                "a tag that moves is pushed before the digest of the immutable one is resolved",
                "Push the immutable tag alone, resolve its digest, and only then tag and push the convenience tag.",
            ));
        }
        faults.extend(resolved.and_then(|resolved| self.early_and_unknown(resolved)));
        faults.extend(resolved.and_then(|resolved| self.hard_convenience(resolved)));
        faults.extend(self.tags());
        faults.extend(self.one_repository());
        let is_published = |a: &Act| self.is_published(a);
        let builds = sources::published(self.acts, &is_published).map(|(_, a)| a);
        faults.extend(recipe::recipe_faults(builds, self.expected));
        faults.extend(sources::changes(self.acts, self.family, self.expected, &is_published));
        faults.extend(lookup::faults(self.acts));
        faults
    }

    /// What lets the immutable tag be used again for another image (M1.E, failure posture 3).
    fn reopened(&self) -> Option<Fault> {
        self.live().find_map(|act| {
            let Stage::Reopens(what) = &act.stage else { return None };
            // To delete what tags that move name is to clean up.
            if !act.references.is_empty() && self.has(act, |t| t == Tagging::Mutable) {
                return None;
            }
            let message = format!("{what} lets the immutable tag be used again for another image");
            let fix = "Keep the tags of the repository immutable, and delete none: another image gets another commit.";
            Some(Fault::deviates(act.at, message, fix))
        })
    }

    /// What is wrong with a digest whose own failure is let pass, where a later step demands that it is there.
    fn demanded(&self, resolved: usize) -> Option<Option<Fault>> {
        let later = self.acts.iter().skip(resolved + 1).filter(|a| a.never.is_none());
        let mut demands = later.filter_map(|a| match a.stage {
            Stage::Demands { is_test } => Some((a, is_test && !a.conditional && a.failure == Failure::Stops)),
            _ => None,
        });
        let all: Vec<_> = demands.by_ref().collect();
        let (act, _) = all.first()?;
        if all.iter().any(|(_, is_sure)| *is_sure) {
            return Some(None);
        }
        let reason = "a failure to resolve the pushed digest is let pass, and whether the later use of it fails the job is not known";
        Some(Some(Fault::unclear(act.at, "step", reason)))
    }

    /// Whether the image of a build may be published: another one, such as one for tests, is built from anything.
    fn is_published(&self, build: &Act) -> bool {
        build.references.is_empty()
            || self.is_right(build)
            || self.has(build, |t| t == Tagging::Unknown)
            || !self.acts.iter().any(|a| a.stage == Stage::Build && self.is_right(a))
    }

    /// A push before the digest is resolved, of a tag of which it is not known whether it moves.
    fn early_and_unknown(&self, resolved: usize) -> Option<Fault> {
        let is_unknown = |r: &String| self.tagging(r) == Tagging::Unknown;
        let before = self.acts.iter().take(resolved);
        let act = before
            .filter(|a| a.stage == Stage::Push && a.never.is_none() && !self.is_right(a))
            .find(|a| a.references.iter().any(is_unknown))?;
        let reason = "whether the tag here is one that moves is not known, and it is pushed before the digest is resolved";
        Some(Fault::unclear(act.at, "image tag", reason))
    }

    /// A push of the convenience tag whose failure fails the build, although the immutable tag is pushed and resolved
    /// (M1.E, failure posture 5).
    fn hard_convenience(&self, resolved: usize) -> Option<Fault> {
        let is_convenience = |(i, a): &(usize, &Act)| {
            let moves = |r: &String| self.tagging(r) == Tagging::Mutable;
            a.never.is_none()
                && a.stage == Stage::Push
                && *i > resolved
                && !a.references.is_empty()
                && a.references.iter().all(moves)
                && a.failure == Failure::Stops
        };
        let (_, act) = self.acts.iter().enumerate().find(is_convenience)?;
        let message = "a failed push of the tag that moves fails the build, although the immutable tag is pushed and resolved";
        let fix = "Record the failure as a warning and go on: `docker push … || echo \"::warning::the convenience tag was not pushed\"`.";
        Some(Fault::Advises { at: act.at, message: message.to_owned(), fix: fix.to_owned() })
    }

    fn live(&self) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(|a| a.never.is_none())
    }

    fn tagging(&self, reference: &str) -> Tagging {
        tagging(reference, &self.expected.tag_pattern)
    }

    fn has(&self, act: &Act, wanted: impl Fn(Tagging) -> bool) -> bool {
        act.references.iter().any(|r| wanted(self.tagging(r)))
    }

    /// Whether the image goes to a registry of ECR, as far as the steps tell; so it does where nothing tells.
    fn is_ecr(&self) -> bool {
        let expected = self.expected.repository.iter().cloned();
        let logins = self.acts.iter().filter_map(|a| a.repository.clone());
        let named: Vec<String> =
            expected.chain(logins).chain(self.acts.iter().flat_map(repository::of_act)).collect();
        named.is_empty() || named.iter().any(|n| repository::is_ecr(n))
    }

    /// The four stages in their order. Gives the index of the act that resolves the digest.
    fn stages(&self, faults: &mut Vec<Fault>) -> Option<usize> {
        let mut last: Option<(usize, &str)> = None;
        let mut resolved = None;
        let is_ecr = self.is_ecr();
        for (stage, name, for_ecr, for_others) in &STAGES {
            let fix = if is_ecr { for_ecr } else { for_others };
            let all: Vec<(usize, &Act)> = self
                .acts
                .iter()
                .enumerate()
                .filter(|(_, a)| a.stage == *stage && a.never.is_none())
                .collect();
            let right: Vec<(usize, &Act)> = all.iter().filter(|(_, a)| self.is_right(a)).copied().collect();
            // The last try counts where the first came too early.
            let mut sure = right.iter().filter(|(_, a)| !a.conditional).copied();
            // Who asks before the image is pushed asks something else.
            let pushed = self.acts.iter().position(|a| {
                *stage == Stage::Digest && a.stage == Stage::Push && a.never.is_none() && self.is_right(a)
            });
            let is_later =
                |i: &usize| last.is_none_or(|(before, _)| *i > before) && pushed.is_none_or(|push| *i > push);
            let Some((index, act)) = sure.clone().find(|(i, _)| is_later(i)).or_else(|| sure.next()) else {
                faults.push(self.missing(stage, name, fix, &all, &right));
                continue;
            };
            let is_lost = *stage == Stage::Digest && act.failure == Failure::Passes;
            match self.demanded(index).filter(|_| is_lost) {
                Some(demanded) => faults.extend(demanded),
                None => faults.extend(failure(act, name)),
            }
            if let Some((_, earlier)) = last.filter(|(before, _)| index < *before) {
                faults.push(Fault::deviates(
                    act.at,
                    format!("the steps are out of order: this is to {name}, and must come after the one to {earlier}"),
                    "Keep the order: log in, build the immutable tag, push it, resolve its digest, then move a convenience tag.",
                ));
            }
            if *stage == Stage::Digest {
                resolved = Some(index);
            }
            last = Some((index.max(last.map_or(0, |(i, _)| i)), name));
        }
        resolved
    }

    /// Whether an act of a stage is about the immutable tag.
    fn is_right(&self, act: &Act) -> bool {
        let of_commit = |t| matches!(t, Tagging::Immutable | Tagging::Shortened | Tagging::OtherPattern);
        match act.stage {
            Stage::Build | Stage::Push => self.has(act, of_commit),
            // Who asks for the digest of a tag that moves may be told another image's.
            Stage::Digest => {
                act.references.is_empty()
                    || !act.references.iter().all(|r| self.tagging(r) == Tagging::Mutable)
            }
            _ => true,
        }
    }

    /// Why a stage is not there.
    fn missing(
        &self,
        stage: &Stage,
        name: &str,
        fix: &str,
        all: &[(usize, &Act)],
        right: &[(usize, &Act)],
    ) -> Fault {
        if let Some((_, act)) = right.first() {
            let reason = format!("the only step to {name} runs under a condition");
            return Fault::unclear(act.at, "conditional step", reason);
        }
        let never = self.acts.iter().filter(|a| a.stage == *stage && self.is_right(a)).find_map(|a| a.never);
        if let Some(at) = never {
            let message = format!("the step to {name} never runs: its `if` is never true");
            return Fault::deviates(at, message, "Remove the `if`, or write a condition that can hold.");
        }
        let unknown = |a: &Act| a.references.is_empty() || self.has(a, |t| t == Tagging::Unknown);
        if let Some((_, act)) = all.iter().find(|(_, a)| unknown(a)) {
            let reason = format!(
                "whether this is to {name} is not known: the file does not say what the tag is made of"
            );
            return Fault::unclear(act.at, "image tag", reason);
        }
        if let Some((_, act)) = all.first() {
            return Fault::deviates(
                act.at,
                format!("the tag here can move: there is no step to {name}"),
                fix,
            );
        }
        if let Some((what, at)) = self.opaque.first() {
            let reason = format!("no step is seen to {name}; `{what}` may do it, and cannot be seen into");
            return Fault::unclear(*at, "step", reason);
        }
        Fault::deviates(self.start, format!("there is no step to {name}"), fix)
    }

    /// Tags that are made of a part of the commit, or not by the contract's pattern.
    fn tags(&self) -> Option<Fault> {
        let pattern = self.expected.tag_pattern.text();
        let found = |wanted: Tagging| self.live().find(|a| self.has(a, |t| t == wanted));
        // A tag beside the right one, or after its push, is a further tag.
        let pushes: Vec<&Act> = self.live().filter(|a| a.stage == Stage::Push).collect();
        let first = pushes.iter().position(|a| self.has(a, |t| t == Tagging::Immutable));
        let is_later = |act: &Act| {
            let own = pushes.iter().position(|a| std::ptr::eq(*a, act));
            first.is_some() && (own > first || act.stage == Stage::Place)
        };
        let all_short = |a: &&Act| !self.has(a, |t| t == Tagging::Immutable) && !is_later(a);
        if let Some(act) = found(Tagging::Shortened).filter(all_short) {
            return Some(Fault::deviates(
                act.at,
                format!("the tag is made of a part of the commit, and the contract's pattern is {pattern}"),
                "Use the whole commit: `${{ github.sha }}`, `$GITHUB_SHA` or `git rev-parse HEAD`, 40 digits.",
            ));
        }
        let act = found(Tagging::OtherPattern).filter(all_short)?;
        Some(Fault::deviates(
            act.at,
            format!("the tag is not made by the contract's pattern, which is {pattern}"),
            "Make the tag by the pattern, or change `tag_pattern` in the contract's [provenance].",
        ))
    }

    /// A digest that another profile or endpoint of AWS is asked for than the one that gave the password of the login.
    fn asked_of_others(&self) -> Option<Fault> {
        let passwords = || self.live().filter(|a| a.stage == Stage::Password);
        let is_other = |a: &&Act| {
            a.stage == Stage::Digest
                && a.repository.is_some()
                && a.daemon.is_some()
                && !passwords().any(|p| p.daemon == a.daemon)
        };
        let act = self.live().find(is_other)?;
        let asked = act.daemon.as_deref().unwrap_or_default();
        let reason = format!(
            "the digest is asked of {asked}, and whether that is the registry that the image is pushed to is not known"
        );
        Some(Fault::unclear(act.at, "repository", reason))
    }

    /// One repository through login, build, push and digest; the contract's, if it pins one.
    fn one_repository(&self) -> Vec<Fault> {
        let stage = |wanted: Stage| self.live().filter(move |a| a.stage == wanted);
        let named = |wanted: Stage| {
            stage(wanted).filter(|a| self.is_right(a)).find_map(|a| repository::of_act(a).into_iter().next())
        };
        let given = self.expected.repository.clone().or_else(|| self.expected.packaged.clone());
        let pinned = given.is_some();
        let Some(own) = given.or_else(|| named(Stage::Build)).or_else(|| named(Stage::Push)) else {
            return Vec::new();
        };
        let by = match (&self.expected.repository, pinned) {
            (Some(_), _) => "the contract pins",
            (None, true) => "the provenance names",
            (None, false) => "the image is built for",
        };
        let fix = "Use one repository in all steps: to log in, build, push and ask for the digest.";
        let mut faults = Vec::new();
        for (wanted, verb) in
            [(Stage::Build, "built for"), (Stage::Push, "pushed to"), (Stage::Digest, "asked for in")]
        {
            // A build that is not published, such as one for a test, has any name.
            let judged: Vec<(&Act, Same)> = stage(wanted.clone())
                .filter(|a| wanted != Stage::Build || self.is_right(a))
                .filter_map(|a| Some((a, repository::is_about(a, &own)?)))
                .collect();
            if let Some((act, _)) = judged.iter().find(|(_, s)| *s == Same::No) {
                let message = format!("the image is {verb} another repository than the one that {by}: {own}");
                faults.push(Fault::deviates(act.at, message, fix));
            } else if let Some((act, _)) = judged.iter().find(|(_, s)| *s == Same::Unknown)
                && (!pinned
                    || wanted == Stage::Digest
                    || self.family == Family::GithubActions && repository::is_unset(act))
            {
                let reason =
                    format!("whether the repository here is {own} is not known when the file is read");
                faults.push(Fault::unclear(act.at, "repository", reason));
            }
        }
        let region = repository::region(&own);
        let elsewhere = |a: &&Act| match (&a.region, region) {
            (Some(asked), Some(own)) => !asked.contains(['$', '`']) && asked != own,
            _ => false,
        };
        if let Some(act) = stage(Stage::Digest).find(elsewhere) {
            let message = format!("the digest is asked for in another region than the repository's: {own}");
            faults.push(Fault::deviates(act.at, message, fix));
        }
        if let Some(act) =
            stage(Stage::Login).find(elsewhere).filter(|_| stage(Stage::Login).all(|a| elsewhere(&a)))
        {
            let message = format!("the login is to the registry of another region than the image's: {own}");
            faults.push(Fault::deviates(act.at, message, fix));
        }
        faults.extend(self.asked_of_others());
        let logins: Vec<(&Act, Same)> =
            stage(Stage::Login).filter_map(|a| Some((a, repository::is_about(a, &own)?))).collect();
        if let Some((act, _)) = logins.first()
            && logins.iter().all(|(_, s)| *s == Same::No)
        {
            let message = format!("the login is to another registry than the image's: {own}");
            faults.push(Fault::deviates(act.at, message, fix));
        }
        faults
    }
}

/// What is wrong with what becomes of a failure.
fn failure(act: &Act, name: &str) -> Option<Fault> {
    match act.failure {
        Failure::Stops => None,
        Failure::Passes => Some(Fault::deviates(
            act.at,
            format!("a failure to {name} is let pass"),
            "Let the failure end the job: without `continue-on-error`, and without `|| true`.",
        )),
        Failure::Endless => Some(Fault::deviates(
            act.at,
            format!("a failure to {name} is tried again without end"),
            "Count the tries, and let the failure end the job after the last one.",
        )),
        Failure::Depends => {
            let reason =
                format!("whether a failure to {name} ends the job is not known when the file is read");
            Some(Fault::unclear(act.at, "step", reason))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use seaworthy_source::Position;

    const AT: At = At { file: 0, position: Position { line: 1, column: 1 } };

    fn act(stage: Stage, reference: &str) -> Act {
        let references = if reference.is_empty() { Vec::new() } else { vec![reference.to_owned()] };
        Act { references, ..Act::new(stage, AT) }
    }

    fn sequence(reference: &str) -> Vec<Act> {
        vec![
            act(Stage::Login, ""),
            act(Stage::Build, reference),
            act(Stage::Push, reference),
            act(Stage::Digest, ""),
        ]
    }

    fn judge(acts: &[Act], opaque: &[(String, At)]) -> Vec<Fault> {
        let family = Family::GithubActions;
        Sequence { acts, opaque, start: AT, family, expected: &ExpectedBuild::default() }.judge()
    }

    fn unclear(faults: &[Fault]) -> bool {
        !faults.is_empty() && faults.iter().all(|f| matches!(f, Fault::Unclear { .. }))
    }

    #[test]
    fn the_agreed_sequence_is_right() {
        assert_eq!(judge(&sequence("r:git-$GITHUB_SHA"), &[]), []);
    }

    #[test]
    fn the_digest_of_a_tag_that_moves_is_another_ones() {
        let mut acts = sequence("r:git-$GITHUB_SHA");
        acts[3].references = vec![":latest".to_owned()];
        assert!(matches!(judge(&acts, &[]).as_slice(), [Fault::Deviates { .. }]));
        for tag in [":git-$GITHUB_SHA", ":$TAG"] {
            acts[3].references = vec![tag.to_owned()];
            assert_eq!(judge(&acts, &[]), [], "{tag}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_no_finding_and_no_pass() {
        assert!(unclear(&judge(&sequence("$IMAGE"), &[])));
        let mut acts = sequence("r:git-$GITHUB_SHA");
        acts[2].conditional = true;
        assert!(unclear(&judge(&acts, &[])));
        assert!(unclear(&judge(&[], &[("./build.sh".to_owned(), AT)])));
    }

    #[test]
    fn a_convenience_tag_fails_no_build() {
        let mut acts = sequence("r:git-$GITHUB_SHA");
        acts.push(act(Stage::Push, "r:latest"));
        assert!(matches!(judge(&acts, &[]).as_slice(), [Fault::Advises { .. }]));
        for failure in [Failure::Passes, Failure::Depends] {
            acts[4].failure = failure;
            assert_eq!(judge(&acts, &[]), []);
        }
    }

    #[test]
    fn a_second_try_keeps_the_order() {
        let mut acts = sequence("r:git-$GITHUB_SHA");
        acts.insert(0, act(Stage::Push, "r:git-$GITHUB_SHA"));
        assert_eq!(judge(&acts, &[]), []);
    }

    #[test]
    fn one_repository_one_whole_commit() {
        let says = |acts: &[Act], words: &str| {
            let faults = judge(acts, &[]);
            let found = faults
                .iter()
                .any(|f| matches!(f, Fault::Deviates { message, .. } if message.contains(words)));
            assert!(found, "{words}: {faults:?}");
        };
        says(&sequence("r:git-${GITHUB_SHA::7}"), "part of the commit");
        says(&sequence("r:$GITHUB_SHA"), "contract's pattern");
        let mut acts = sequence("h.example/r:git-$GITHUB_SHA");
        acts[2].references = vec!["h.example/other:git-$GITHUB_SHA".to_owned()];
        says(&acts, "pushed to another repository");
        acts[2].references = vec!["$REPO:git-$GITHUB_SHA".to_owned()];
        assert!(unclear(&judge(&acts, &[])));
        acts[2].never = Some(AT);
        says(&acts, "never runs");
    }

    #[test]
    fn advice_is_for_the_registry_that_is_used() {
        let acts = [Act { repository: Some("ghcr.io".to_owned()), ..Act::new(Stage::Login, AT) }];
        let faults = judge(&acts, &[]);
        assert!(
            faults.iter().all(|f| matches!(f, Fault::Deviates { fix, .. } if !fix.contains("ECR"))),
            "{faults:?}"
        );
    }
}
