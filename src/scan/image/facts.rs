//! What later parts of a gate compare an image with: its attestations, how it starts, and its Dockerfile.

use super::super::ImageFacts;
use super::{Recipe, history};
use crate::check::provenance::{ImageAttestation, RecipeDifference};
use crate::observe::{Examined, ExaminedImage};
use seaworthy_dockerfile::history::{
    ConfigDifference, HistoryDifference, ProcessConfig, config_difference, history_difference,
};
use seaworthy_image::Attestation;
use seaworthy_source::OriginKind;

/// What later parts of a gate compare with.
pub(super) fn of_images(examined: &Examined, recipe: Option<&Recipe>) -> ImageFacts {
    let attestations = examined.images.iter().flat_map(|i| i.image.attestations.iter().map(move |a| (i, a)));
    let attestation = |(view, one): (&ExaminedImage, &Attestation)| ImageAttestation {
        image: view.image.name.clone(),
        digest: one.document.digest.to_string(),
        kind: one.kind.clone(),
        bytes: one.document.bytes.clone(),
    };
    let words = |view: &ExaminedImage| -> Vec<String> {
        let own = view.image.config.value.pointer("/config/Entrypoint");
        let own = own.and_then(serde_json::Value::as_array).into_iter().flatten();
        own.filter_map(|w| w.as_str().map(str::to_owned)).collect()
    };
    let mut all: Vec<Vec<String>> = examined.images.iter().map(words).collect();
    all.dedup();
    let same = all.len() == 1;
    let mut attestations: Vec<ImageAttestation> = attestations.map(attestation).collect();
    // An index's attestations come with each of its images.
    attestations.sort_by(|a, b| a.digest.cmp(&b.digest));
    attestations.dedup_by(|a, b| a.digest == b.digest);
    let recipe = recipe.map(|recipe| {
        examined.images.iter().filter_map(|view| recipe_difference(recipe, view)).collect::<Vec<_>>()
    });
    let directory = |view: &ExaminedImage| {
        let own = view.image.config.value.pointer("/config/WorkingDir").and_then(serde_json::Value::as_str);
        own.filter(|f| !f.is_empty()).unwrap_or("/").to_owned()
    };
    let mut directories: Vec<String> = examined.images.iter().map(directory).collect();
    directories.dedup();
    let directory = directories.pop().filter(|_| directories.is_empty());
    let user = |view: &ExaminedImage| {
        let own = view.image.config.value.pointer("/config/User").and_then(serde_json::Value::as_str);
        own.unwrap_or_default().to_owned()
    };
    let mut users: Vec<String> = examined.images.iter().map(user).collect();
    users.dedup();
    let user = users.pop().filter(|_| users.is_empty());
    ImageFacts { attestations, entrypoint: all.pop().filter(|_| same), directory, user, recipe }
}

/// Where the history of an image is not the one that its Dockerfile makes.
fn recipe_difference(recipe: &Recipe, view: &ExaminedImage) -> Option<RecipeDifference> {
    let history = history(&view.image);
    let (dockerfile, target) = (&recipe.dockerfile, recipe.target.as_deref());
    let image = || view.origin(OriginKind::Config);
    let path = &recipe.path;
    let Some(difference) = history_difference(dockerfile, target, &history) else {
        let ConfigDifference { field, lines } = config_difference(dockerfile, target, &process_config(view))?;
        let what =
            format!("the image's configuration has another {field} than {path}:{} gives it", lines.first);
        return Some(RecipeDifference { origin: image(), what, is_certain: true });
    };
    let (origin, what, is_certain) = match difference {
        HistoryDifference::OtherText { lines, entry, is_certain } => (
            view.history(entry, "created_by"),
            format!("the image's history has another instruction in the place of {path}:{}", lines.first),
            is_certain,
        ),
        HistoryDifference::NoEntry { lines } => (
            image(),
            format!("the image's history has no entry in the place of {path}:{}", lines.first),
            false,
        ),
        HistoryDifference::MoreEntries { count } => (
            image(),
            format!("{path} begins from scratch, and the image's history has {count} entries before it"),
            false,
        ),
        HistoryDifference::NoBase => {
            (image(), format!("the image's history has no entry of the image that {path} begins from"), false)
        }
    };
    Some(RecipeDifference { origin, what, is_certain })
}

/// How the image starts its process.
fn process_config(view: &ExaminedImage) -> ProcessConfig {
    let config = view.image.config.value.get("config");
    let text = |name: &str| {
        let own = config.and_then(|c| c.get(name)).and_then(serde_json::Value::as_str);
        own.unwrap_or_default().to_owned()
    };
    let list = |name: &str| -> Vec<String> {
        let own = config.and_then(|c| c.get(name)).and_then(serde_json::Value::as_array);
        own.into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    ProcessConfig {
        user: text("User"),
        working_dir: text("WorkingDir"),
        entrypoint: list("Entrypoint"),
        command: list("Cmd"),
        environment: list("Env"),
    }
}
