//! The agreed sequence: log in, build the immutable tag, push it, resolve its digest, and only then move a
//! convenience tag.

use super::tagging::{Tagging, tagging};
use seaworthy_source::Position;

/// A stage of the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Login,
    Build,
    Push,
    Digest,
    /// Another command family: which.
    Deviation(String),
}

/// One thing that a step does.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) stage: Stage,
    pub(super) at: Position,
    /// The references that it tags or pushes, variables put in.
    pub(super) references: Vec<String>,
    pub(super) conditional: bool,
    /// Whether its failure is let pass.
    pub(super) tolerated: bool,
}

impl Act {
    fn has(&self, wanted: Tagging) -> bool {
        self.references.iter().any(|r| tagging(r) == wanted)
    }

    fn all(&self, wanted: Tagging) -> bool {
        self.references.iter().all(|r| tagging(r) == wanted)
    }
}

/// What is wrong with a sequence, or cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It leaves the agreed sequence.
    Deviates { at: Position, message: String, fix: &'static str },
    /// It cannot be told.
    Unclear { at: Position, what: &'static str, reason: String },
}

/// A mandatory stage: what it is called, and what to write.
const STAGES: [(Stage, &str, &str); 4] = [
    (
        Stage::Login,
        "log in to the registry",
        "Add `aws-actions/amazon-ecr-login`, or `aws ecr get-login-password --region \"$AWS_REGION\" | docker login --username AWS --password-stdin \"$ECR_REPO_URI\"`.",
    ),
    (
        Stage::Build,
        "build the immutable tag",
        "Build with a tag made of the commit, such as `docker build --tag \"$ECR_REPO_URI:git-$GITHUB_SHA\" …`.",
    ),
    (
        Stage::Push,
        "push the immutable tag",
        "Push the tag made of the commit, such as `docker push \"$ECR_REPO_URI:git-$GITHUB_SHA\"`.",
    ),
    (
        Stage::Digest,
        "resolve the pushed digest",
        "Ask the registry: `aws ecr describe-images --repository-name \"$ECR_REPO_NAME\" --image-ids imageTag=\"git-$GITHUB_SHA\" --query \"imageDetails[0].imageDigest\" --output text`.",
    ),
];

/// Judges what a job or script does, in its order. `opaque` is what it runs that cannot be seen into; `start` is where
/// it begins.
pub(super) fn judge(acts: &[Act], opaque: &[(String, Position)], start: Position) -> Vec<Fault> {
    let mut faults = Vec::new();
    for act in acts {
        if let Stage::Deviation(what) = &act.stage {
            faults.push(Fault::Deviates {
                at: act.at,
                message: format!("the image is built or published by {what}, which is not the agreed command family"),
                fix: "Build and push with `docker` alone, or with its actions; another family needs a new agreement.",
            });
        }
    }
    let mut last: Option<(usize, &str)> = None;
    let mut resolved = None;
    for (stage, name, fix) in &STAGES {
        let of_stage = |(_, a): &(usize, &Act)| a.stage == *stage;
        let all: Vec<(usize, &Act)> = acts.iter().enumerate().filter(of_stage).collect();
        let tagged = matches!(stage, Stage::Build | Stage::Push);
        // Whoever asks for the digest of a tag that moves may be told another image's.
        let of_moving =
            |a: &Act| *stage == Stage::Digest && !a.references.is_empty() && a.all(Tagging::Mutable);
        let right: Vec<(usize, &Act)> = all
            .iter()
            .filter(|(_, a)| if tagged { a.has(Tagging::Immutable) } else { !of_moving(a) })
            .copied()
            .collect();
        let Some((index, act)) = right.iter().find(|(_, a)| !a.conditional).copied() else {
            faults.push(missing(name, fix, &all, &right, opaque, start));
            continue;
        };
        if act.tolerated {
            faults.push(Fault::Deviates {
                at: act.at,
                message: format!("a failure to {name} is let pass"),
                fix: "Let the failure end the job: without `continue-on-error`, and without `|| true`.",
            });
        }
        // The last try counts where the first came too early.
        let index = match last {
            Some((before, _)) => right
                .iter()
                .filter(|(_, a)| !a.conditional)
                .map(|(i, _)| *i)
                .find(|i| *i > before)
                .unwrap_or(index),
            None => index,
        };
        if let Some((before, earlier)) = last
            && index < before
        {
            faults.push(Fault::Deviates {
                at: act.at,
                message: format!("the steps are out of order: this is to {name}, and must come after the one to {earlier}"),
                fix: "Keep the order: log in, build the immutable tag, push it, resolve its digest, then move a convenience tag.",
            });
        }
        if *stage == Stage::Digest {
            resolved = Some(index);
        }
        last = Some((index.max(last.map_or(0, |(i, _)| i)), name));
    }
    let early = |(i, a): &(usize, &Act)| {
        a.stage == Stage::Push && a.has(Tagging::Mutable) && resolved.is_some_and(|r| *i < r)
    };
    if let Some((_, act)) = acts.iter().enumerate().find(early) {
        faults.push(Fault::Deviates {
            at: act.at,
            message: "a tag that moves is pushed before the digest of the immutable one is resolved".to_owned(),
            fix: "Push the immutable tag alone, resolve its digest, and only then tag and push the convenience tag.",
        });
    }
    faults
}

/// Why a stage is not there.
fn missing(
    name: &'static str,
    fix: &'static str,
    all: &[(usize, &Act)],
    right: &[(usize, &Act)],
    opaque: &[(String, Position)],
    start: Position,
) -> Fault {
    if let Some((_, act)) = right.first() {
        let reason = format!("the only step to {name} runs under a condition");
        return Fault::Unclear { at: act.at, what: "conditional step", reason };
    }
    if let Some((_, act)) = all.iter().find(|(_, a)| a.has(Tagging::Unknown) || a.references.is_empty()) {
        let reason =
            format!("whether this is to {name} is not known: the file does not say what the tag is made of");
        return Fault::Unclear { at: act.at, what: "image tag", reason };
    }
    if let Some((_, act)) = all.first() {
        let message = format!("the tag here can move: there is no step to {name}");
        return Fault::Deviates { at: act.at, message, fix };
    }
    if let Some((what, at)) = opaque.first() {
        let reason = format!("no step is seen to {name}; `{what}` may do it, and cannot be seen into");
        return Fault::Unclear { at: *at, what: "step", reason };
    }
    Fault::Deviates { at: start, message: format!("there is no step to {name}"), fix }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    const AT: Position = Position { line: 1, column: 1 };

    fn act(stage: Stage, reference: &str) -> Act {
        let references = if reference.is_empty() { Vec::new() } else { vec![reference.to_owned()] };
        Act { stage, at: AT, references, conditional: false, tolerated: false }
    }

    fn sequence(reference: &str) -> Vec<Act> {
        vec![
            act(Stage::Login, ""),
            act(Stage::Build, reference),
            act(Stage::Push, reference),
            act(Stage::Digest, ""),
        ]
    }

    fn unclear(faults: &[Fault]) -> bool {
        !faults.is_empty() && faults.iter().all(|f| matches!(f, Fault::Unclear { .. }))
    }

    #[test]
    fn the_agreed_sequence_is_right() {
        assert_eq!(judge(&sequence("r:git-$GITHUB_SHA"), &[], AT), []);
    }

    #[test]
    fn the_digest_of_a_tag_that_moves_is_another_ones() {
        let mut acts = sequence("r:git-$GITHUB_SHA");
        acts[3].references = vec!["latest".to_owned()];
        assert!(matches!(judge(&acts, &[], AT).as_slice(), [Fault::Deviates { .. }]));
        for tag in ["git-$GITHUB_SHA", "$TAG"] {
            acts[3].references = vec![tag.to_owned()];
            assert_eq!(judge(&acts, &[], AT), [], "{tag}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_no_finding_and_no_pass() {
        assert!(unclear(&judge(&sequence("$IMAGE"), &[], AT)));
        let mut acts = sequence("r:git-$GITHUB_SHA");
        acts[2].conditional = true;
        assert!(unclear(&judge(&acts, &[], AT)));
        assert!(unclear(&judge(&[], &[("./build.sh".to_owned(), AT)], AT)));
    }

    #[test]
    fn a_second_try_keeps_the_order() {
        let mut acts = sequence("r:git-$GITHUB_SHA");
        acts.insert(0, act(Stage::Push, "r:git-$GITHUB_SHA"));
        assert_eq!(judge(&acts, &[], AT), []);
    }
}
