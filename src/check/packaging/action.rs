//! What the actions of a workflow do to an image and its registry.

use super::sequence::{Act, Stage};
use super::tagging::Variables;
use seaworthy_workflow::{Condition, Step};

/// What a step's action does.
#[derive(Default)]
pub(super) struct Done {
    pub(super) acts: Vec<Act>,
    /// The action, if it may do anything.
    pub(super) opaque: Option<String>,
}

/// Actions that build or push with other commands.
const FOREIGN: [&str; 9] = [
    "kaniko",
    "buildah",
    "podman",
    "bake-action",
    "build-and-push-ecr",
    "push-to-registry",
    "docker-build-push",
    "ko-build",
    "skopeo",
];

/// Reads a step that uses an action.
pub(super) fn read(step: &Step, variables: &mut Variables) -> Done {
    let mut done = Done::default();
    let Some(action) = step.action() else { return done };
    let at = step.uses.as_ref().map_or(step.position, |u| u.position);
    let mut act = |stage: Stage, references: Vec<String>, conditional: bool| {
        done.acts.push(Act { stage, at, references, conditional, tolerated: false });
    };
    let input = |name: &str| step.input(name).map(|p| p.value.text.as_str()).unwrap_or_default();
    match action.as_str() {
        "aws-actions/amazon-ecr-login" => act(Stage::Login, Vec::new(), false),
        "docker/login-action" => {
            let registry = variables.expand(input("registry"));
            let ecr = ["amazonaws.com", "ecr", "REGISTRY", "registry"].iter().any(|w| registry.contains(w));
            if ecr && !registry.contains("ghcr.io") {
                act(Stage::Login, Vec::new(), false);
            }
        }
        "docker/metadata-action" => {
            if let Some(id) = &step.id {
                let tags = input("tags");
                let tags = if tags.trim().is_empty() { "type=ref,event=branch" } else { tags };
                variables.set(&format!("steps.{id}.outputs.tags"), tags);
            }
        }
        "docker/build-push-action" => {
            let references: Vec<String> = variables
                .expand(input("tags"))
                .split(['\n'])
                .flat_map(|line| if line.contains("type=") { vec![line] } else { line.split(',').collect() })
                .map(|t| t.trim().to_owned())
                .filter(|t| !t.is_empty())
                .collect();
            act(Stage::Build, references.clone(), false);
            let outputs = input("outputs");
            let pushes = if outputs.contains("push=true") || outputs.contains("type=registry") {
                Condition::Always
            } else {
                match input("push").trim() {
                    "" => Condition::Never,
                    text => Condition::of(text),
                }
            };
            if pushes != Condition::Never {
                let conditional = pushes == Condition::Sometimes;
                act(Stage::Push, references, conditional);
                // The registry's answer to the push, under `outputs.digest`, for whoever asks by the step's ID.
                if step.id.is_some() {
                    act(Stage::Digest, Vec::new(), conditional);
                }
            }
        }
        _ if FOREIGN.iter().any(|f| action.contains(f)) => act(Stage::Deviation(action), Vec::new(), false),
        // An action of the repository itself, or an image: what it does is not in this file.
        _ if action.starts_with("./") || action.starts_with("docker://") => done.opaque = Some(action),
        _ => {}
    }
    done
}
