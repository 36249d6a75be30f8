//! What the checks on files and those on metadata have in common: from something seen to a finding.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::check::{Answers, Context, TextSecret};
use crate::finding::{CheckMeta, Confidence, Finding, Fingerprint};
use crate::observe::library::Rating;
use crate::observe::{Examined, LayerView, Sighting, Unreached};
use crate::rule::Rule;
use seaworthy_source::{FileState, Origin, Place};

/// Where a secret is that stands beside the images.
const UNREACHED: &str = "in a part of the archive that no manifest refers to, but that is shipped with it";

/// Where among the answers the finding of a secret is: by detector and by the value's group.
pub(super) type Seen = HashMap<(String, u64), usize>;

/// Makes a finding of a secret in a text.
pub(super) fn text_finding(
    meta: &'static CheckMeta,
    context: &Context<'_>,
    secret: TextSecret,
    origin: Origin,
    place: &[&str],
    sentence: &str,
) -> Finding {
    let severity =
        if secret.confidence == Confidence::Low { secret.severity.lowered() } else { secret.severity };
    let name = secret.name.as_deref().unwrap_or_default();
    let place = [place, &[name]].concat();
    let fingerprint = Fingerprint::new(context.key, meta.id, &secret.detector, &place, Some(&secret.mark));
    let given =
        secret.name.as_deref().map(|n| format!(" ({})", seaworthy_source::escape_bytes(n.as_bytes())));
    Finding {
        check: meta.id,
        detector: Some(secret.detector),
        severity,
        confidence: secret.confidence,
        message: format!("{}{} {sentence}", secret.what, given.unwrap_or_default()),
        fix: format!("{} {}", meta.fix, secret.rotate).into(),
        origin,
        secret: Some(secret.mark.redacted),
        fingerprint,
        places: Vec::new(),
        notes: secret.notes,
    }
}

/// Adds a finding; one of the same secret by the same check and detector becomes a further place of it, once.
pub(super) fn add(answers: &mut Answers, seen: &mut Seen, finding: Finding, group: u64) {
    let key = (finding.detector.clone().unwrap_or_default(), group);
    add_to(answers, seen, finding, key);
}

/// As [`add`], to the finding of this key.
fn add_to(answers: &mut Answers, seen: &mut Seen, finding: Finding, key: (String, u64)) {
    match seen.get(&key).and_then(|i| answers.findings.get_mut(*i)) {
        Some(first)
            if first.origin == finding.origin
                || first.places.last().is_some_and(|p| p.origin == finding.origin) => {}
        Some(first) => first.absorb(finding),
        None => {
            seen.insert(key, answers.findings.len());
            answers.findings.push(finding);
        }
    }
}

/// Makes findings of the secrets seen in files whose state `wanted` accepts: one for each secret, further places of
/// the same secret with it.
pub(super) fn file_findings(
    meta: &'static CheckMeta,
    examined: &Examined,
    context: &Context<'_>,
    answers: &mut Answers,
    wanted: impl Fn(Option<FileState>) -> bool,
    sentence: impl Fn(Option<FileState>) -> String,
) {
    let mut rated = in_layers(examined, context, answers, &wanted, sentence);
    // Bytes without a state, like those of a layer that belong to no file.
    if wanted(None) {
        rated.extend(in_unreached(examined, context, answers));
    }
    // A secret that also stands elsewhere than in libraries has the severity of that place.
    let secret_of = |sighting: &Sighting| (sighting.rule, sighting.mark.group);
    let elsewhere = rated.iter().filter(|rated| rated.rating.library.is_none());
    let outside: HashSet<(usize, u64)> = elsewhere.map(|rated| secret_of(rated.sighting)).collect();
    let mut seen = Seen::new();
    let mut fixes: HashMap<usize, Arc<str>> = HashMap::new();
    for Rated { sighting, rule, sentence, rating, origin } in rated {
        let path = origin.whole_path().unwrap_or_default();
        let id = &rule.detector.id;
        // What the tests of one directory's libraries hold is one finding for each detector.
        let (shared, group) = match rating.library {
            Some(library) if !outside.contains(&secret_of(sighting)) => (format!("{id} in {library}"), 0),
            _ => (id.clone(), sighting.mark.group),
        };
        let fix = fixes.entry(sighting.rule);
        let fix = fix.or_insert_with(|| format!("{} {}", meta.fix, rule.fix).into());
        let finding = Finding {
            check: meta.id,
            detector: Some(id.clone()),
            severity: rating.severity,
            confidence: rating.confidence,
            message: format!("{} {sentence}", rule.name),
            fix: Arc::clone(fix),
            origin,
            secret: Some(sighting.mark.redacted.clone()),
            fingerprint: Fingerprint::new(context.key, meta.id, id, &[&path], Some(&sighting.mark)),
            places: Vec::new(),
            notes: sighting.notes.iter().cloned().chain(rating.note).collect(),
        };
        add_to(answers, &mut seen, finding, (shared, group));
    }
}

/// A secret that was seen, and how bad it is where it stands.
struct Rated<'a> {
    sighting: &'a Sighting,
    rule: &'a Rule,
    /// Where it is, for people.
    sentence: String,
    rating: Rating,
    origin: Origin,
}

/// The secrets of files whose state `wanted` accepts; documented examples are counted and held back.
fn in_layers<'a>(
    examined: &'a Examined,
    context: &Context<'a>,
    answers: &mut Answers,
    wanted: impl Fn(Option<FileState>) -> bool,
    sentence: impl Fn(Option<FileState>) -> String,
) -> Vec<Rated<'a>> {
    let mut all = Vec::new();
    for image in &examined.images {
        let own = image.own_packages(&examined.own);
        let surroundings = image.surroundings(&own);
        for (at, view) in image.layers.iter().enumerate() {
            let Some(facts) = &view.facts else { continue };
            // A layer that is listed again on top says all that there is to say.
            let again = |l: &LayerView| l.facts.as_ref().is_some_and(|f| Arc::ptr_eq(f, facts));
            if image.layers[at + 1..].iter().any(again) {
                continue;
            }
            for sighting in &facts.sightings {
                let state = image.state(view, &sighting.file);
                if !wanted(state) {
                    continue;
                }
                let Some(rule) = context.rules.get(sighting.rule) else { continue };
                let rating = surroundings.rate(&sighting.subject(rule), sighting.file.path.as_bytes());
                if rating.held_back {
                    answers.examples_held_back += 1;
                    continue;
                }
                let origin = sighting.origin(image.file(view, &sighting.file, Place::Whole));
                all.push(Rated { sighting, rule, sentence: sentence(state), rating, origin });
            }
        }
    }
    all
}

/// The secrets of what no manifest refers to, but those that the images' configs hold too.
fn in_unreached<'a>(examined: &'a Examined, context: &Context<'a>, answers: &mut Answers) -> Vec<Rated<'a>> {
    let mut all = Vec::new();
    let told = if examined.unreached.is_empty() { HashSet::new() } else { in_configs(examined, context) };
    let surroundings = Unreached::surroundings(&examined.own);
    for unreached in &examined.unreached {
        for sighting in &unreached.facts.sightings {
            let Some(rule) = context.rules.get(sighting.rule) else { continue };
            // Archives of Docker's older form repeat the config beside each layer.
            if told.contains(&(sighting.rule, sighting.mark.group)) {
                continue;
            }
            let rating = surroundings.rate(&sighting.subject(rule), sighting.file.path.as_bytes());
            if rating.held_back {
                answers.examples_held_back += 1;
                continue;
            }
            let mut origin = unreached.file(&sighting.file, sighting.place.clone());
            if !sighting.encoded.is_empty() {
                origin.inside = Some(format!("{}{}", origin.inside.unwrap_or_default(), sighting.encoded));
            }
            all.push(Rated { sighting, rule, sentence: UNREACHED.to_owned(), rating, origin });
        }
    }
    all
}

/// The secrets of the images' configs, which are told of there: rule and group.
fn in_configs(examined: &Examined, context: &Context<'_>) -> HashSet<(usize, u64)> {
    let mut told = HashSet::new();
    for image in &examined.images {
        context.rules.scan_text(&image.image.config.bytes, &mut |hit| {
            let mark = context.rules.get(hit.detector).map(|rule| rule.mark(context.key, hit.secret));
            told.extend(mark.map(|mark| (hit.detector, mark.group)));
        });
    }
    told
}
