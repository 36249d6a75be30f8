//! One image reference, end to end.

mod facts;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::Scope;

use super::exec::{Engine, ExecRequest};
use super::pipeline::{Asked, Expected, Pipeline};
use super::{Outcome, ScanError, Setup, unreached};
use crate::check::image::ALL;
use crate::check::packaging::{ENTRYPOINTS, HELP, HelpRun, HelpRuns};
use crate::check::{Answers, Context, Masker, readers_of, run_checks};
use crate::contract::Contract;
use crate::finding::{ArtifactRecord, Coverage, EntrypointRow, LayerRecord, NotChecked, Reads, Subject};
use crate::observe::entrypoint::{self as startup, Entrypoint, Startup};
use crate::observe::fallback::Watch;
use crate::observe::library::OwnPackages;
use crate::observe::{Examined, ExaminedImage, LayerFacts, LayerView, Unreached};
use seaworthy_dockerfile::Dockerfile;
use seaworthy_dockerfile::history::{HistoryLine, InstructionRef, match_history};
use seaworthy_image::layer::Compression;
use seaworthy_image::{FetchError, Image, Images, Layer, Limits, Missed, Source};
use seaworthy_source::{LayerOrigin, Origin, OriginKind, Place, SourceLines, escape_bytes};

/// What is to be examined.
pub struct ImageRequest {
    /// The source that it names.
    pub source: Box<dyn Source>,
    /// The Dockerfile that built it, if it is at hand.
    pub recipe: Option<Recipe>,
    /// Whether and how its entrypoints are run; nothing of it is unless asked for.
    pub exec: Option<ExecRequest>,
}

/// A Dockerfile, to name the lines that made what is found.
pub struct Recipe {
    /// Its path as reports name it.
    pub path: String,
    /// Its content.
    pub dockerfile: Dockerfile,
    /// The stage that was built, if it is not the last.
    pub target: Option<String>,
}

/// How the contract starts the image.
struct Starts {
    entrypoints: Vec<Entrypoint>,
    /// The first files that this is about and that there was no room for, if there were any.
    overflowed: Option<String>,
}

/// What became of each blob.
pub(super) type Seen = HashMap<String, Result<Arc<LayerFacts>, FetchError>>;

/// Examines an image, or all images behind a reference.
///
/// # Errors
/// If there is no image to be had. What is wrong with a part of one is in the report.
pub fn image(setup: &Setup<'_>, request: &ImageRequest) -> Result<Outcome, ScanError> {
    examine_with(setup, request, |_| ()).map(|(outcome, ())| outcome)
}

/// Examines it, and tells whether each image in it is the one with this digest or a part of the index with it.
pub(super) fn known_image(
    setup: &Setup<'_>,
    request: &ImageRequest,
    digest: &str,
) -> Result<(Outcome, bool), ScanError> {
    examine_with(setup, request, |images| {
        let is_it = |image: &Image| {
            let indexes = image.indexes.iter().map(|index| &index.digest);
            image.manifest.iter().map(|m| &m.digest).chain(indexes).any(|d| d.as_str() == digest)
        };
        !images.images.is_empty() && images.images.iter().all(is_it)
    })
}

fn examine_with<T>(
    setup: &Setup<'_>,
    request: &ImageRequest,
    ask: impl FnOnce(&Images) -> T,
) -> Result<(Outcome, T), ScanError> {
    let limits = limits(setup.contract);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(setup.jobs)
        .build()
        .map_err(|source| ScanError::Threads { jobs: setup.jobs, source })?;
    let total = setup.contract.limits.max_total_bytes;
    let secrets = super::injected(setup.contract);
    let watch = Watch::new(&secrets);
    let entrypoints = super::packaging::entrypoints(setup.contract);
    let wanted_files = (!entrypoints.is_empty()).then(|| startup::wanted(&entrypoints));
    let looked_for = Asked { watch: watch.as_ref(), wanted: wanted_files.as_ref() };
    let pipeline =
        Pipeline::new(setup.rules, looked_for, &setup.key, &limits, setup.progress, total, setup.jobs);
    let source = &*request.source;
    let mut seen: Seen = HashMap::new();
    if let Some(stream) = source.stream() {
        let facts = pool.scope(|scope| {
            let mut facts = Vec::new();
            let result = stream.read(&limits, &mut |name, reader| {
                setup.progress.layers.fetch_add(1, Ordering::Relaxed);
                let layer = pipeline.layer(scope, Box::new(reader), &Expected::default());
                facts.push((name.to_owned(), layer));
            });
            result.map(|()| facts)
        })?;
        seen.extend(facts.into_iter().map(|(name, facts)| (name, Ok(Arc::new(facts)))));
    }
    let images = source.images(&limits)?;
    let answer = ask(&images);
    let wanted = wanted(&images, &seen);
    setup.progress.layers.fetch_add(wanted.len() as u64, Ordering::Relaxed);
    seen.extend(pool.scope(|scope| read_all(scope, &pipeline, source, &wanted, setup.jobs)));
    let unreached = pool.scope(|scope| unreached::examine(scope, &pipeline, source, &images, &mut seen));
    let starts = Starts { entrypoints, overflowed: pipeline.overflowed() };
    Ok((ask_checks(setup, request, images, unreached, &seen, &starts), answer))
}

/// The contract's limits, as the image reader takes them.
pub(super) fn limits(contract: &Contract) -> Limits {
    let given = &contract.limits;
    Limits {
        document_bytes: given.max_manifest_bytes,
        layer_bytes: given.max_layer_bytes,
        archive_bytes: given.max_total_bytes,
        ratio: given.max_compression_ratio,
        entries: given.max_entries_per_layer,
        path_bytes: usize::try_from(given.max_path_bytes).unwrap_or(usize::MAX),
        extended_header_bytes: given.max_pax_bytes,
        nested_depth: usize::try_from(given.max_archive_depth).unwrap_or(usize::MAX),
        nested_bytes: given.max_archive_bytes,
        nested_entries: given.max_archive_entries,
        timeout_seconds: given.registry_timeout_seconds,
        ..Limits::default()
    }
}

/// Each layer once, largest first, so that no thread is left with a large one at the end.
fn wanted<'i>(images: &'i Images, seen: &Seen) -> Vec<&'i Layer> {
    let mut wanted: Vec<&Layer> = Vec::new();
    for layer in images.images.iter().flat_map(|i| &i.layers) {
        let known = |l: &&Layer| l.blob.key == layer.blob.key;
        if !seen.contains_key(&layer.blob.key) && !wanted.iter().any(known) && unreadable(layer).is_none() {
            wanted.push(layer);
        }
    }
    wanted.sort_by_key(|l| std::cmp::Reverse(l.blob.size.unwrap_or(0)));
    wanted
}

fn read_all<'s>(
    scope: &Scope<'s>,
    pipeline: &'s Pipeline<'_>,
    source: &'s dyn Source,
    wanted: &'s [&'s Layer],
    jobs: usize,
) -> Seen {
    let next = AtomicUsize::new(0);
    let seen = Mutex::new(Seen::new());
    // As many readers as threads: each unpacks one layer after the other.
    let read = |scope: &Scope<'s>| {
        while let Some(layer) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let expected = Expected { blob: layer.blob.digest.as_ref(), diff_id: layer.diff_id.as_ref() };
            let facts =
                source.open(&layer.blob).map(|reader| Arc::new(pipeline.layer(scope, reader, &expected)));
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(layer.blob.key.clone(), facts);
        }
    };
    rayon::scope(|readers| {
        for _ in 1..jobs.min(wanted.len()) {
            readers.spawn(|_| read(scope));
        }
        read(scope);
    });
    seen.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the checks and sums up.
fn ask_checks(
    setup: &Setup<'_>,
    request: &ImageRequest,
    images: Images,
    unreached: Vec<Unreached>,
    seen: &Seen,
    starts: &Starts,
) -> Outcome {
    let indexes: BTreeSet<String> =
        images.images.iter().flat_map(|i| &i.indexes).map(|index| index.digest.to_string()).collect();
    let artifacts = images.images.iter().map(record).collect();
    let masker = Masker::new(setup.rules);
    let mut coverage = coverage(&images, seen);
    let (examined, missed) = examined(request, images, unreached, seen, starts, &masker);
    let secrets = super::injected(setup.contract);
    let context = super::check_context(setup, &secrets);
    let mut answers = Answers::default();
    run_checks(ALL, &examined, &context, &mut answers);
    let mut rows = ask_starts(&examined, starts, &context, &mut answers);
    if let Some(exec) = &request.exec {
        let help = HelpRuns {
            image: examined.images.first().map(|i| i.image.name.clone()).unwrap_or_default(),
            runs: run_entrypoints(setup, request, exec, &examined, &starts.entrypoints),
        };
        run_checks(HELP, &help, &context, &mut answers);
        help.add_to(&mut rows);
    }
    let asked = answers.asked.clone();
    for image in &examined.images {
        let (missed, samples) = not_opened(image, &examined.own);
        coverage.files_not_decoded += samples;
        for (origin, reason) in missed {
            let readers = readers_of(ALL, Reads::Layers, &context);
            answers.not_checked.push(NotChecked::file(origin, reason, readers));
        }
    }
    answers.not_checked.extend(unreached::not_checked(&examined.unreached, &context));
    answers.not_checked.extend(missed.into_iter().map(|m| not_checked(m, &asked, &context)));
    let layers = examined.images.iter().flat_map(|image| layers(image, &masker)).collect();
    let mut outcome = super::verdict::conclude(setup, &masker, answers, artifacts, coverage);
    outcome.report.layers = layers;
    outcome.indexes = indexes.into_iter().collect();
    outcome.report.entrypoints = rows;
    outcome.facts = facts::of_images(&examined, request.recipe.as_ref());
    outcome
}

/// The images with what is known of their layers, and what could not be seen of them.
fn examined(
    request: &ImageRequest,
    images: Images,
    unreached: Vec<Unreached>,
    seen: &Seen,
    starts: &Starts,
    masker: &Masker<'_>,
) -> (Examined, Vec<Missed>) {
    let mut missed = images.missed;
    let mut own = OwnPackages::default();
    starts.entrypoints.iter().for_each(|e| own.add_command(e.command.iter().map(String::as_str)));
    let mut examined = Examined { images: Vec::new(), mismatches: images.mismatches, unreached, own };
    for image in images.images {
        let facts = |layer: &Layer| seen.get(&layer.blob.key).and_then(|r| r.as_ref().ok().cloned());
        let layers: Vec<LayerView> = image
            .layers
            .iter()
            .map(|layer| LayerView { layer: layer.clone(), facts: facts(layer) })
            .collect();
        for view in &layers {
            let fault = seen.get(&view.layer.blob.key).and_then(|r| r.as_ref().err());
            layer_misses(&image, view, fault, &mut missed);
        }
        let instructions = image.history.iter().map(|h| instruction(masker, &h.created_by)).collect();
        let makers = request.recipe.as_ref().map(|r| makers(r, &image)).unwrap_or_default();
        examined.images.push(ExaminedImage { image: Arc::new(image), layers, makers, instructions });
    }
    (examined, missed)
}

/// How much was examined, and how much of the layers was not.
fn coverage(images: &Images, seen: &Seen) -> Coverage {
    let mut coverage = Coverage::default();
    let refused = images.images.iter().flat_map(|i| &i.layers).filter(|l| unreadable(l).is_some());
    for layer in refused {
        coverage.layers_not_seen += 1;
        coverage.bytes_not_seen += layer.blob.size.unwrap_or(0);
    }
    for facts in seen.values() {
        coverage.add(&covered(facts));
    }
    coverage
}

/// Asks of each image whether what starts in it is there, and makes the rows of its entrypoints.
fn ask_starts(
    examined: &Examined,
    starts: &Starts,
    context: &Context<'_>,
    answers: &mut Answers,
) -> Vec<EntrypointRow> {
    let mut rows = Vec::new();
    if !starts.entrypoints.is_empty() {
        for image in &examined.images {
            let startup = Startup::new(image, &starts.entrypoints, starts.overflowed.as_deref());
            run_checks(ENTRYPOINTS, &startup, context, answers);
            rows.extend(startup.rows());
        }
    }
    rows
}

/// Runs the entrypoints of the first image.
fn run_entrypoints(
    setup: &Setup<'_>,
    request: &ImageRequest,
    exec: &ExecRequest,
    examined: &Examined,
    entrypoints: &[Entrypoint],
) -> Vec<HelpRun> {
    let secrets = super::injected(setup.contract);
    match exec.engine {
        Engine::Bubblewrap => {
            let (first, limits) = (examined.images.first(), limits(setup.contract));
            super::exec::run_in_sandbox(exec, first, &*request.source, &limits, entrypoints, &secrets)
        }
        _ => super::exec::run(exec, entrypoints, &secrets),
    }
}

fn history(image: &Image) -> Vec<HistoryLine<'_>> {
    image
        .history
        .iter()
        .map(|h| HistoryLine { created_by: &h.created_by, empty_layer: h.empty_layer })
        .collect()
}

/// For each history entry the lines of the Dockerfile that made it.
fn makers(recipe: &Recipe, image: &Image) -> Vec<Option<SourceLines>> {
    let found = match_history(&recipe.dockerfile, recipe.target.as_deref(), &history(image));
    let lines = |f: InstructionRef| SourceLines {
        path: recipe.path.clone(),
        line: f.lines.first,
        end_line: f.lines.last,
    };
    found.into_iter().map(|f| f.map(lines)).collect()
}

/// What could not be seen of one layer.
fn layer_misses(image: &Image, view: &LayerView, fault: Option<&FetchError>, missed: &mut Vec<Missed>) {
    let layer = &view.layer;
    let mut miss = |what: &str, reason: String| {
        let origin = Origin {
            platform: image.platform.clone(),
            layer: Some(LayerOrigin { index: layer.index, digest: layer.label(), instruction: None }),
            ..Origin::new(OriginKind::Layer, image.name.clone())
        };
        missed.push(Missed { origin, what: what.to_owned(), reason });
    };
    if let Some(reason) = unreadable(layer) {
        return miss("layer", reason);
    }
    if let Some(fault) = fault {
        return miss("layer", fault.to_string());
    }
    let Some(facts) = &view.facts else { return miss("layer", "it is missing".to_owned()) };
    for (what, reason) in &facts.summary.missed {
        miss(what, reason.clone());
    }
    let found = facts.summary.compression;
    let shown = |media_type: &str| escape_bytes(media_type.as_bytes());
    if let Some(media_type) = layer.media_type.as_deref().filter(|m| !m.is_empty()) {
        match Compression::of_media_type(media_type) {
            Some(promised) if promised != found && facts.summary.blob_bytes > 0 => {
                let (promised, found) = (promised.as_str(), found.as_str());
                miss(
                    "media type",
                    format!("it promises {promised}, the bytes are {found}; they were read as that"),
                );
            }
            Some(_) => {}
            None if media_type.contains("foreign") || media_type.contains("nondistributable") => {
                let reason = format!(
                    "{} says that the content lives elsewhere; what is here was read",
                    shown(media_type)
                );
                miss("media type", reason);
            }
            None => {
                let reason =
                    format!("{} is not known; the bytes were read as {}", shown(media_type), found.as_str());
                miss("media type", reason);
            }
        }
    }
}

/// Files that hold others and could not be opened, and how many were left out: damaged archives among the tests of an
/// installed library that claims them are meant to be damaged. They were examined as bytes, and are counted with what
/// is not opened.
fn not_opened(image: &ExaminedImage, contract: &OwnPackages) -> (Vec<(Origin, String)>, u64) {
    let own = image.own_packages(contract);
    let surroundings = image.surroundings(&own);
    let (mut missed, mut samples) = (Vec::new(), 0);
    for view in &image.layers {
        for fault in view.facts.iter().flat_map(|f| &f.not_opened) {
            if surroundings.is_claimed_sample(fault.file.path.as_bytes()) {
                samples += 1;
            } else {
                missed.push((image.file(view, &fault.file, Place::Whole), fault.reason.clone()));
            }
        }
    }
    (missed, samples)
}

/// Why a layer is not even opened.
fn unreadable(layer: &Layer) -> Option<String> {
    let media_type = layer.media_type.as_deref().unwrap_or_default();
    if media_type.contains("+encrypted") {
        return Some(format!("it is encrypted ({})", escape_bytes(media_type.as_bytes())));
    }
    let named =
        layer.blob.key.starts_with("blobs/") && layer.blob.digest.is_none() && layer.media_type.is_some();
    named.then(|| "its digest is not a sha256 or sha512 digest".to_owned())
}

fn covered(facts: &Result<Arc<LayerFacts>, FetchError>) -> Coverage {
    let Ok(facts) = facts else { return Coverage { layers_not_seen: 1, ..Coverage::default() } };
    let whole = u64::from(facts.summary.whole);
    Coverage {
        layers: whole,
        layers_not_seen: 1 - whole,
        files: facts.summary.files,
        bytes: facts.summary.unpacked_bytes,
        files_not_decoded: facts.not_decoded,
        bytes_not_decoded: facts.not_decoded_bytes,
        ..Coverage::default()
    }
}

fn record(image: &Image) -> ArtifactRecord {
    let has_config = !image.config.bytes.is_empty();
    ArtifactRecord {
        subject: Subject::Image,
        name: image.name.clone(),
        tags: image.tags.clone(),
        platform: image.platform.clone(),
        digest: image.manifest.as_ref().map(|m| m.digest.to_string()),
        config_digest: has_config.then(|| image.config.digest.to_string()),
        layers: image.layers.len(),
    }
}

/// The image's layers, as reports draw them.
fn layers(image: &ExaminedImage, masker: &Masker<'_>) -> Vec<LayerRecord> {
    let record = |view: &LayerView| {
        let origin = image.layer(view, OriginKind::Layer);
        let summary = view.facts.as_ref().map(|f| &f.summary);
        LayerRecord {
            image: image.image.name.clone(),
            platform: image.image.platform.as_deref().map(|p| masker.mask(p)),
            index: view.layer.index,
            digest: masker.mask(&view.layer.label()),
            bytes: summary.map(|s| s.unpacked_bytes),
            files: summary.map(|s| s.files),
            instruction: origin.layer.and_then(|l| l.instruction),
        }
    };
    image.layers.iter().map(record).collect()
}

/// A history entry's command as it may be quoted: one line, values masked, not too long. Empty for an instruction that
/// writes no file: a builder that makes one layer of many instructions names only the last of them.
fn instruction(masker: &Masker<'_>, created_by: &str) -> String {
    const MAX_CHARS: usize = 100;
    const NO_FILES: [&str; 13] = [
        "ARG",
        "CMD",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
    ];
    let line = created_by.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("/bin/sh -c #(nop) ").unwrap_or(&line).trim_end_matches(" # buildkit");
    if NO_FILES.contains(&line.split(' ').next().unwrap_or_default()) {
        return String::new();
    }
    // Masked before it is cut: half a secret is none that a detector knows.
    let line = match line.split(' ').next().unwrap_or_default() {
        "COPY" | "ADD" | "WORKDIR" if !line.contains("://") => masker.mask_command(&short_digests(line)),
        _ => program(line),
    };
    let mut short: String = line.chars().take(MAX_CHARS).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    escape_bytes(short.as_bytes())
}

/// Of a command only what it runs: its arguments may be anything, and a password need not look like one.
fn program(line: &str) -> String {
    let is_name = |w: &&str| {
        let plain = |b: u8| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.' | b'/');
        !w.is_empty() && w.len() <= 24 && w.bytes().all(plain) && !w.starts_with('-')
    };
    let mut words =
        line.split(' ').skip_while(|w| matches!(*w, "RUN" | "ADD" | "COPY") || w.starts_with('|')).peekable();
    while words.peek().is_some_and(|w| w.contains('=')) {
        words.next();
    }
    let words: Vec<&str> = words.collect();
    let words = words.strip_prefix(&["/bin/sh", "-c"]).unwrap_or(&words);
    let keyword = if line.starts_with("ADD ") { "ADD" } else { "RUN" };
    let name = words.first().copied().filter(is_name).unwrap_or_default();
    format!("{keyword} {name} …").replace("  ", " ")
}

/// `COPY file:<64 hex digits> in /x`, as builders other than BuildKit write it, with twelve digits.
fn short_digests(line: &str) -> String {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let short = |word: &str| match word.split_once(':') {
        Some((kind @ ("file" | "dir" | "multi"), hex)) if hex.len() == 64 && hex.chars().all(is_hex) => {
            format!("{kind}:{}…", hex.get(..12).unwrap_or_default())
        }
        _ => word.to_owned(),
    };
    line.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

/// What was missed, with the checks that would have looked at it.
fn not_checked(missed: Missed, asked: &[&'static str], context: &Context<'_>) -> NotChecked {
    let part = match missed.origin.kind {
        OriginKind::Layer | OriginKind::LayerFile => Some(Reads::Layers),
        OriginKind::History => Some(Reads::History),
        OriginKind::Config => Some(Reads::Config),
        OriginKind::Attestation => Some(Reads::Attestations),
        _ => None,
    };
    let readers = part.map_or_else(|| asked.to_vec(), |part| readers_of(ALL, part, context));
    NotChecked::new(missed.origin, missed.what, missed.reason, readers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use seaworthy_image::Blob;

    #[test]
    fn instructions_are_short_and_printable() {
        let rules = crate::rule::Rules::load(&[], &[]).unwrap();
        let of = |text: &str| instruction(&Masker::new(&rules), text);
        assert_eq!(of("/bin/sh -c #(nop)  ENV A=b"), "");
        assert_eq!(of("COPY a b # buildkit"), "COPY a b");
        assert_eq!(of(&format!("COPY file:{} in /a ", "ab".repeat(32))), "COPY file:abababababab… in /a");
        assert_eq!(of("RUN |1 A=b /bin/sh -c pip install x\n\x1b[31m"), "RUN pip …");
        assert_eq!(of("|1 PW=x /bin/sh -c mysql -pcorrecthorse"), "RUN mysql …");
        assert_eq!(of("ADD https://u:p@h/x /y"), "ADD …");
        assert_eq!(of(&format!("COPY /{} /x", "x".repeat(500))).chars().count(), 101);
    }

    #[test]
    fn a_blob_without_a_digest_is_named() {
        let blob = Blob { key: "blobs/x".into(), digest: None, size: None };
        let media_type = Some("application/vnd.oci.image.layer.v1.tar".to_owned());
        let layer = Layer { index: 0, blob, media_type, diff_id: None, history: None };
        assert!(unreadable(&layer).is_some());
    }
}
