//! What is seen in the bytes of a layer's files: secrets by their form, and file kinds that are made to hold them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::fallback::{self, Fallback, Watch};
use super::library::{self, ContentSums, KeyIdentity, Manifests, key};
use super::name;
use super::place::Places;
use super::secret_file::{self, SecretFileKind};
use crate::finding::{Confidence, FingerprintKey, SecretMark, Severity};
use crate::rule::{Rule, Rules};
use seaworthy_detect::{FileKind, Hit, Piece, Scratch};
use seaworthy_image::Digest;
use seaworthy_image::layer::{Captured, Chunk, ContentKind, FileMeta, LayerSummary, Part};
use seaworthy_image::nested::{NotOpened, closed_form, is_manifest_name, is_opened, values_of};
use seaworthy_source::{Origin, Place};

/// The secrets of a layer or a context that are kept, so that memory does not grow with what a hostile file holds.
const MAX_SIGHTINGS: usize = 100_000;

/// A secret in a file of a layer, without its value.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// Index of the rule.
    pub rule: usize,
    /// The file.
    pub file: Arc<FileMeta>,
    /// Where the match begins and ends in the file, in bytes.
    pub matched: (u64, u64),
    /// Where the secret's value begins and ends in the file, in bytes.
    pub span: (u64, u64),
    /// The place to show.
    pub place: Place,
    /// How bad a find of its detector is, before its place is looked at.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What may be kept of it.
    pub mark: SecretMark,
    /// If it is a private key, what tells it apart.
    pub key: Option<Box<KeyIdentity>>,
    /// The sums of the file's content, if it is at hand and may be compared with its package's list.
    pub content: Option<Arc<ContentSums>>,
    /// What else is known.
    pub notes: Vec<String>,
    /// What it is encoded with in its file, as the end of a path: ` → base64`; empty if it stands there as it is.
    pub encoded: String,
}

impl Sighting {
    /// An origin in the file made one at the secret's place.
    pub(crate) fn origin(&self, file: Origin) -> Origin {
        let inside = format!("{}{}", self.file.inside(), self.encoded);
        Origin { place: self.place.clone(), inside: Some(inside).filter(|i| !i.is_empty()), ..file }
    }

    /// The secret, as far as its place matters for it.
    pub(crate) fn subject<'a>(&'a self, rule: &'a Rule) -> library::Subject<'a> {
        library::Subject {
            rule,
            confidence: self.confidence,
            key: self.key.as_deref(),
            content: self.content.as_deref(),
        }
    }
}

/// A file of a kind that is made to hold secrets.
#[derive(Clone, Debug)]
pub struct SecretFileSighting {
    /// The file.
    pub file: Arc<FileMeta>,
    /// Its kind.
    pub kind: &'static SecretFileKind,
    /// How bad it is.
    pub severity: Severity,
}

/// What was seen in one chunk, or in several together.
#[derive(Debug, Default)]
pub struct ChunkFacts {
    /// Secrets.
    pub sightings: Vec<Sighting>,
    /// Files of a secret kind.
    pub secret_files: Vec<SecretFileSighting>,
    /// Required variables that get a default.
    pub fallbacks: Vec<Fallback>,
    /// What packages' manifests say.
    pub manifests: Manifests,
    /// Stretches of the files that are asked about.
    pub captured: Vec<Captured>,
    /// Files of known forms that are not opened.
    pub not_decoded: u64,
    /// Bytes in those.
    pub not_decoded_bytes: u64,
    /// What could not be opened though its form is one that is.
    pub not_opened: Vec<NotOpened>,
}

impl ChunkFacts {
    /// Keeps the worst `most` secrets. The files of the others were not checked to their end. Which ones are kept does not
    /// depend on the order in which chunks come.
    fn bound(&mut self, most: usize) {
        if self.sightings.len() <= most {
            return;
        }
        self.sightings.sort_unstable_by(|a, b| {
            let worst = |s: &Sighting| std::cmp::Reverse((s.severity, s.confidence));
            let place = |s: &Sighting| (s.file.ordinal, s.span, s.matched, s.rule);
            (worst(a), &a.file.path, a.file.inside(), place(a)).cmp(&(
                worst(b),
                &b.file.path,
                b.file.inside(),
                place(b),
            ))
        });
        let mut files: HashMap<*const FileMeta, Arc<FileMeta>> = HashMap::new();
        for left_out in self.sightings.drain(most..) {
            files.entry(Arc::as_ptr(&left_out.file)).or_insert(left_out.file);
        }
        let reason = format!("an artifact's worst {most} secrets are kept, and it holds more");
        let told = files.into_values().map(|file| NotOpened { file, reason: reason.clone() });
        self.not_opened.extend(told);
        sort_not_opened(&mut self.not_opened);
    }

    /// Puts the secrets into order; of those that overlap keeps the one that is known best.
    pub fn settle(&mut self, rules: &Rules) {
        self.bound(MAX_SIGHTINGS);
        self.sightings = resolve(rules, std::mem::take(&mut self.sightings));
        self.sightings.shrink_to_fit();
        sort_not_opened(&mut self.not_opened);
        fallback::settle(&mut self.fallbacks);
    }

    /// Takes in what was seen in another chunk.
    pub fn merge(&mut self, other: Self) {
        self.sightings.extend(other.sightings);
        if self.sightings.len() >= 2 * MAX_SIGHTINGS {
            self.bound(MAX_SIGHTINGS);
        }
        self.secret_files.extend(other.secret_files);
        self.fallbacks.extend(other.fallbacks);
        self.manifests.merge(other.manifests);
        self.captured.extend(other.captured);
        self.not_decoded += other.not_decoded;
        self.not_decoded_bytes += other.not_decoded_bytes;
        self.not_opened.extend(other.not_opened);
    }
}

/// All that is known of one layer's content.
#[derive(Debug)]
pub struct LayerFacts {
    /// How it was read.
    pub summary: LayerSummary,
    /// Digest of its content.
    pub diff_id: Digest,
    /// Secrets, by file and place; of those that overlap, the one that is known best.
    pub sightings: Vec<Sighting>,
    /// Files of a secret kind, by path.
    pub secret_files: Vec<SecretFileSighting>,
    /// Required variables that get a default, by file and place.
    pub fallbacks: Vec<Fallback>,
    /// What packages' manifests say.
    pub manifests: Manifests,
    /// The beginnings of the files that are asked about, by entry.
    pub contents: BTreeMap<u64, Vec<u8>>,
    /// Files of known forms that are not opened.
    pub not_decoded: u64,
    /// Bytes in those.
    pub not_decoded_bytes: u64,
    /// What could not be opened though its form is one that is, by path.
    pub not_opened: Vec<NotOpened>,
}

impl LayerFacts {
    /// Sums up a layer.
    pub fn new(rules: &Rules, summary: LayerSummary, diff_id: Digest, mut facts: ChunkFacts) -> Self {
        facts.bound(MAX_SIGHTINGS);
        let mut secret_files = facts.secret_files;
        secret_files.sort_by(|a, b| {
            (&a.file.path, a.file.ordinal, a.file.inside()).cmp(&(
                &b.file.path,
                b.file.ordinal,
                b.file.inside(),
            ))
        });
        let mut fallbacks = facts.fallbacks;
        fallback::settle(&mut fallbacks);
        let mut not_opened = facts.not_opened;
        sort_not_opened(&mut not_opened);
        Self {
            summary,
            diff_id,
            sightings: resolve(rules, facts.sightings),
            secret_files,
            fallbacks,
            manifests: facts.manifests,
            contents: contents(facts.captured),
            not_decoded: facts.not_decoded,
            not_decoded_bytes: facts.not_decoded_bytes,
            not_opened,
        }
    }
}

/// Puts the stretches of each file together, as far as they reach without a gap.
fn contents(mut captured: Vec<Captured>) -> BTreeMap<u64, Vec<u8>> {
    captured.sort_by_key(|c| (c.ordinal, c.offset));
    let mut all: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for part in captured {
        let content = all.entry(part.ordinal).or_default();
        if content.len() as u64 == part.offset {
            content.extend(part.bytes);
        }
    }
    all
}

/// Examines one chunk.
pub fn examine(
    rules: &Rules,
    key: &FingerprintKey,
    watch: Option<&Watch>,
    chunk: &Chunk,
    scratch: &mut Scratch,
) -> ChunkFacts {
    let mut facts = ChunkFacts::default();
    if let Some(watch) = watch {
        watch.examine(chunk, &mut facts.fallbacks);
    }
    for part in &chunk.parts {
        let bytes = &chunk.bytes()[part.bytes.clone()];
        let core_start = part.core.start - part.bytes.start;
        let core_end = part.core.end - part.bytes.start;
        if part.file.kind == ContentKind::File {
            look_at_file(part, bytes, &mut facts);
            // A package in an archive is not installed.
            if part.file.inside.is_none() {
                facts.manifests.observe(part.file.path.as_bytes(), bytes, (part.offset > 0, !part.last));
            }
        }
        let sightings = &mut facts.sightings;
        let whole = part.offset == 0 && part.last && part.file.kind == ContentKind::File;
        let places = Places::new(bytes, whole);
        let sums = OnceCell::new();
        // A name is no line of the kind of file that it names.
        let named = part.file.kind == ContentKind::Name;
        let kind = if named { FileKind::Unknown } else { FileKind::of_path(part.file.name()) };
        let piece = Piece { bytes, core_start, core_end, kind };
        // What lies in an archive is not the file that its package lists.
        let is_plain = whole && part.file.inside.is_none();
        let mut undone = rules.engine().scan(&piece, scratch, &mut |hit| {
            let found = sighting(rules, key, part, (bytes, &places), hit);
            let comparable =
                |s: &Sighting| is_plain && rules.get(s.rule).is_some_and(|r| !r.issued && !r.private_key);
            sightings.extend(found.map(|mut s| {
                s.content =
                    comparable(&s).then(|| Arc::clone(sums.get_or_init(|| Arc::new(ContentSums::of(bytes)))));
                s
            }));
        });
        if part.file.kind == ContentKind::File && !is_manifest_name(part.file.name()) {
            let (values, all) = values_of(bytes, core_start..core_end);
            undone.encoded |= !all;
            for mut value in values {
                let inner = Piece { kind, ..Piece::whole(&value.content) };
                undone |= rules.engine().scan(&inner, scratch, &mut |hit| {
                    let hit = Hit { span: value.at.clone(), matched: value.at.clone(), ..hit };
                    let found = sighting(rules, key, part, (bytes, &places), hit);
                    sightings.extend(
                        found
                            .map(|s| Sighting { encoded: format!(" → base64 → gzip{}", s.encoded), ..s }),
                    );
                });
                value.content.fill(0);
            }
        }
        // What is no text is read as bytes, and what of it is not decoded is counted.
        // A version at a name's end looks like the section of a manual page.
        let is_data = matches!(kind, FileKind::Unknown | FileKind::Prose);
        let is_text = || !is_data || memchr::memchr(0, bytes).is_none();
        if undone.encoded && !is_text() {
            facts.not_decoded += 1;
        } else if undone.encoded {
            let reason = "more is encoded in it, or deeper, than is decoded".to_owned();
            facts.not_opened.push(NotOpened { file: Arc::clone(&part.file), reason });
        }
        if undone.unconfirmed {
            let reason = "more of it looks like the beginning of a secret than is tried".to_owned();
            facts.not_opened.push(NotOpened { file: Arc::clone(&part.file), reason });
        }
        // The head of a table stands in one part of a file alone.
        if undone.rows && !part.last {
            let reason =
                "the rows of a table with secrets go on behind the part of the file that holds its head"
                    .to_owned();
            facts.not_opened.push(NotOpened { file: Arc::clone(&part.file), reason });
        }
    }
    facts
}

/// What a file's name and content tell. A part is asked as if it were the file: what makes a file of its kind count may
/// stand in any of them.
fn look_at_file(part: &Part, head: &[u8], facts: &mut ChunkFacts) {
    let by_path = secret_file::by_path(part.file.name()).filter(|kind| kind.counts(head));
    let by_content = || (part.offset == 0).then(|| secret_file::by_content(head)).flatten();
    let by_word = || {
        let is_whole = part.offset == 0 && part.last;
        is_whole.then(|| secret_file::by_word(part.file.name(), head)).flatten()
    };
    let told = by_path.or_else(by_content).map(|kind| (kind, kind.severity_of(head)));
    if let Some((kind, severity)) = told.or_else(by_word) {
        let file = Arc::clone(&part.file);
        facts.secret_files.push(SecretFileSighting { file, kind, severity });
    }
    let closed = part.offset == 0 && closed_form(head).is_some();
    if closed || part.last && is_self_extracting(part, head) {
        facts.not_decoded += 1;
        facts.not_decoded_bytes += if part.file.inside.is_none() { part.file.size } else { 0 };
    }
}

/// Whether a program ends with a zip's directory: a self-extracting archive. `end` is the end of the file.
fn is_self_extracting(part: &Part, end: &[u8]) -> bool {
    const DIRECTORY_END: usize = 22;
    let Some(tail) = end.len().checked_sub(DIRECTORY_END).and_then(|at| end.get(at..)) else { return false };
    let comment_and_disks = tail.ends_with(&[0, 0]) && tail.get(4..8) == Some(&[0; 4]);
    tail.starts_with(b"PK\x05\x06")
        && comment_and_disks
        && !(part.offset == 0 && is_opened(end, part.file.name()))
}

fn sighting(
    rules: &Rules,
    fingerprint_key: &FingerprintKey,
    part: &Part,
    (bytes, places): (&[u8], &Places<'_>),
    hit: Hit<'_>,
) -> Option<Sighting> {
    let rule = rules.get(hit.detector)?;
    let in_file = |at: usize| part.offset + at as u64;
    let offset = in_file(hit.span.start);
    let is_plain = hit.encodings.is_empty();
    let encoded = hit.encodings.iter().map(|e| format!(" → {}", e.as_str())).collect();
    let mut notes = hit.notes;
    let is_name = part.file.kind == ContentKind::Name;
    let place = if is_name { Place::Whole } else { places.place(hit.span.start, offset) };
    if is_name {
        notes.push("in the name of the file, or of what it links to".to_owned());
    }
    let confidence = rule.confidence.adjusted(hit.adjust);
    if rule.private_key && key::is_stub(hit.secret) {
        return None;
    }
    let mark = rule.mark(fingerprint_key, hit.secret);
    let key = if rule.private_key {
        Some(Box::new(key::identity_of_armour(hit.secret)))
    } else {
        rule.issued.then(|| Box::new(KeyIdentity::of_text(hit.secret)))
    };
    Some(Sighting {
        rule: hit.detector,
        file: Arc::clone(&part.file),
        matched: (in_file(hit.matched.start), in_file(hit.matched.end)),
        span: (offset, in_file(hit.span.end)),
        place,
        severity: rule.severity,
        confidence,
        mark: mark.named(name::of_value(bytes, hit.span.start, is_plain)),
        key,
        content: None,
        notes,
        encoded,
    })
}

/// By file, each entry once.
fn sort_not_opened(all: &mut Vec<NotOpened>) {
    let key =
        |n: &NotOpened| (n.file.path.clone(), n.file.ordinal, n.file.inside().to_owned(), n.reason.clone());
    all.sort_by_cached_key(key);
    all.dedup_by(|a, b| {
        a.file.ordinal == b.file.ordinal && a.file.inside() == b.file.inside() && a.reason == b.reason
    });
}

/// What tells the files of a layer apart: entry, path and the way inside (bytes outside of entries share a number).
type FileKey = (u64, Vec<u8>, String);

fn file_key(file: &FileMeta) -> FileKey {
    (file.ordinal, file.path.as_bytes().to_vec(), file.inside().to_owned())
}

/// Puts sightings into order, drops repeats, and of those that overlap in a file keeps the one that is known best.
fn resolve(rules: &Rules, mut sightings: Vec<Sighting>) -> Vec<Sighting> {
    let rank = |s: &Sighting| {
        let rule: Option<&Rule> = rules.get(s.rule);
        let known = (rule.is_some_and(|r| !r.generic), s.confidence, rule.map(|r| r.severity));
        (known, std::cmp::Reverse(s.encoded.len()), s.span.1 - s.span.0)
    };
    sightings.sort_by(|a, b| {
        (a.file.ordinal, &a.file.path, a.file.inside())
            .cmp(&(b.file.ordinal, &b.file.path, b.file.inside()))
            .then_with(|| rank(b).cmp(&rank(a)))
            .then_with(|| (a.span, a.rule, a.matched).cmp(&(b.span, b.rule, b.matched)))
    });
    let mut kept: Vec<Sighting> = Vec::new();
    // What is kept does not overlap, so only the last that begins before a span's end can reach into it.
    let mut of_file: HashMap<FileKey, BTreeMap<u64, u64>> = HashMap::new();
    for s in sightings {
        let taken = of_file.entry(file_key(&s.file)).or_default();
        if taken.range(..s.span.1).next_back().is_some_and(|(_, end)| s.span.0 < *end) {
            continue;
        }
        taken.insert(s.span.0, s.span.1);
        kept.push(s);
    }
    drop_outer(&mut kept);
    kept.sort_by(|a, b| {
        (&a.file.path, a.file.ordinal, a.file.inside(), a.span).cmp(&(
            &b.file.path,
            b.file.ordinal,
            b.file.inside(),
            b.span,
        ))
    });
    kept
}

/// The bytes of an archive are examined as well as the files in it, and what is stored there uncompressed is met twice:
/// the inner place says more.
fn drop_outer(sightings: &mut Vec<Sighting>) {
    let id = |s: &Sighting| (s.file.ordinal, s.file.path.as_bytes().to_vec(), s.rule, s.mark.group);
    let mut deepest: HashMap<(u64, Vec<u8>, usize, u64), usize> = HashMap::new();
    // A compressed tar and the files in it are one level. A tar header is beside the file and not in it.
    let depth = |s: &Sighting| {
        s.file.inside.as_ref().map_or(0, |i| 2 * i.depth + usize::from(i.depth > 0 && !i.compressed))
    };
    for s in sightings.iter().filter(|s| depth(s) > 0) {
        let known = deepest.entry(id(s)).or_default();
        *known = (*known).max(depth(s));
    }
    if !deepest.is_empty() {
        sightings.retain(|s| deepest.get(&id(s)).is_none_or(|deepest| depth(s) >= *deepest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::LayerPath;

    #[test]
    fn a_flood_of_secrets_is_bounded_and_told() {
        let file = |path: &str| {
            let path = LayerPath::clean(path.as_bytes());
            Arc::new(FileMeta { path, ordinal: 0, size: 1, kind: ContentKind::File, inside: None })
        };
        let (small, large) = (file("a"), file("b"));
        let sighting = |file: &Arc<FileMeta>, at: u64, severity| Sighting {
            rule: 0,
            file: Arc::clone(file),
            matched: (at, at + 1),
            span: (at, at + 1),
            place: Place::Whole,
            severity,
            confidence: Confidence::High,
            mark: SecretMark::new(&FingerprintKey::PlaceOnly, b"invented"),
            key: None,
            content: None,
            notes: Vec::new(),
            encoded: String::new(),
        };
        let mut all: Vec<Sighting> = (0..50).map(|at| sighting(&large, at, Severity::Low)).collect();
        all.push(sighting(&small, 7, Severity::Critical));
        let kept = |sightings: Vec<Sighting>| {
            let mut facts = ChunkFacts { sightings, ..ChunkFacts::default() };
            facts.bound(10);
            let places: Vec<_> = facts.sightings.iter().map(|s| (s.severity, s.span.0)).collect();
            let told: Vec<_> = facts.not_opened.iter().map(|n| n.file.path.clone()).collect();
            (places, told)
        };
        let (places, told) = kept(all.clone());
        assert_eq!(places.len(), 10);
        assert_eq!(places[0], (Severity::Critical, 7));
        assert_eq!(told, std::slice::from_ref(&large.path));
        all.reverse();
        assert_eq!(kept(all), (places, told));
    }
}
