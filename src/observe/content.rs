//! What is seen in the bytes of a layer's files: secrets by their form, and file kinds that are made to hold them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::fallback::{self, Fallback};
use super::library::{self, KeyIdentity, Manifests, key};
use super::name;
use super::place::place;
use super::secret_file::{self, SecretFileKind};
use crate::finding::{Confidence, FingerprintKey, SecretMark, Severity};
use crate::rule::{Rule, Rules};
use seaworthy_detect::{Encoding, FileKind, Hit, Piece, Scratch};
use seaworthy_image::Digest;
use seaworthy_image::layer::{Captured, Chunk, ContentKind, FileMeta, LayerSummary, Part};
use seaworthy_source::Place;

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
    /// How sure.
    pub confidence: Confidence,
    /// What may be kept of it.
    pub mark: SecretMark,
    /// If it is a private key, what tells it apart.
    pub key: Option<KeyIdentity>,
    /// What else is known.
    pub notes: Vec<String>,
}

impl Sighting {
    /// The secret, as far as its place matters for it.
    pub(crate) fn subject<'a>(&'a self, rule: &'a Rule) -> library::Subject<'a> {
        library::Subject { rule, confidence: self.confidence, key: self.key.as_ref() }
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
    /// Files with compressed data of their own.
    pub not_decoded: u64,
    /// Bytes in those.
    pub not_decoded_bytes: u64,
}

impl ChunkFacts {
    /// Puts the secrets into order; of those that overlap keeps the one that is known best.
    pub fn settle(&mut self, rules: &Rules) {
        self.sightings = resolve(rules, std::mem::take(&mut self.sightings));
        fallback::settle(&mut self.fallbacks);
    }

    /// Takes in what was seen in another chunk.
    pub fn merge(&mut self, other: Self) {
        self.sightings.extend(other.sightings);
        self.secret_files.extend(other.secret_files);
        self.fallbacks.extend(other.fallbacks);
        self.manifests.merge(other.manifests);
        self.captured.extend(other.captured);
        self.not_decoded += other.not_decoded;
        self.not_decoded_bytes += other.not_decoded_bytes;
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
    /// Files with compressed data of their own.
    pub not_decoded: u64,
    /// Bytes in those.
    pub not_decoded_bytes: u64,
}

impl LayerFacts {
    /// Sums up a layer.
    pub fn new(rules: &Rules, summary: LayerSummary, diff_id: Digest, facts: ChunkFacts) -> Self {
        let mut secret_files = facts.secret_files;
        secret_files.sort_by(|a, b| (&a.file.path, a.file.ordinal).cmp(&(&b.file.path, b.file.ordinal)));
        let mut fallbacks = facts.fallbacks;
        fallback::settle(&mut fallbacks);
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
pub fn examine(rules: &Rules, key: &FingerprintKey, chunk: &Chunk, scratch: &mut Scratch) -> ChunkFacts {
    let mut facts = ChunkFacts::default();
    for part in &chunk.parts {
        let bytes = &chunk.bytes()[part.bytes.clone()];
        let core_start = part.core.start - part.bytes.start;
        let core_end = part.core.end - part.bytes.start;
        if part.file.kind == ContentKind::File {
            look_at_file(part, bytes, part.offset == 0, &mut facts);
            facts.manifests.observe(part.file.path.as_bytes(), bytes, (part.offset > 0, !part.last));
        }
        let sightings = &mut facts.sightings;
        let whole = part.offset == 0 && part.last;
        let kind = FileKind::of_path(part.file.path.as_bytes());
        let mut narrow = |hit: Hit<'_>, width: u64| {
            sightings.extend(sighting(rules, key, part, bytes, whole, hit, width));
        };
        let piece = Piece { bytes, core_start, core_end, kind };
        rules.engine().scan(&piece, scratch, &mut |hit| narrow(hit, 1));
        if let Some(order) = utf16(bytes) {
            let text = order.to_bytes(bytes);
            let (core_start, core_end) = (core_start.div_ceil(2), core_end.div_ceil(2));
            let piece = Piece { bytes: &text, core_start, core_end, kind };
            rules.engine().scan(&piece, scratch, &mut |hit| narrow(hit, 2));
        }
    }
    facts
}

/// What a file's name and content tell. A part is asked as if it were the file: what makes a file of its kind count may
/// stand in any of them.
fn look_at_file(part: &Part, head: &[u8], first: bool, facts: &mut ChunkFacts) {
    if let Some(kind) = secret_file::by_path(part.file.path.as_bytes())
        && kind.counts(head)
    {
        let (file, severity) = (Arc::clone(&part.file), kind.severity_of(head));
        facts.secret_files.push(SecretFileSighting { file, kind, severity });
    }
    let packed: [&[u8]; 8] = [
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"BZh9",
        b"\xfd7zXZ\x00",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"Salted__",
    ];
    if first && packed.iter().any(|magic| head.starts_with(magic)) {
        facts.not_decoded += 1;
        facts.not_decoded_bytes += part.file.size;
    }
}

fn sighting(
    rules: &Rules,
    fingerprint_key: &FingerprintKey,
    part: &Part,
    bytes: &[u8],
    whole: bool,
    hit: Hit<'_>,
    width: u64,
) -> Option<Sighting> {
    let rule = rules.get(hit.detector)?;
    let in_file = |at: usize| part.offset + at as u64 * width;
    let offset = in_file(hit.span.start);
    let mut notes = hit.notes;
    if hit.encoding == Encoding::Base64 {
        notes.push("wrapped in base64".to_owned());
    }
    if width == 2 {
        notes.push("in UTF-16".to_owned());
    }
    let confidence = rule.confidence.adjusted(hit.adjust);
    if library::is_key(rule) && key::is_stub(hit.secret) {
        return None;
    }
    let mark = rule.mark(fingerprint_key, hit.secret);
    let key = if library::is_key(rule) { key::identity_of_armour(hit.secret) } else { None };
    Some(Sighting {
        rule: hit.detector,
        file: Arc::clone(&part.file),
        matched: (in_file(hit.matched.start), in_file(hit.matched.end)),
        span: (offset, in_file(hit.span.end)),
        place: place(bytes, whole && width == 1, hit.span.start, offset),
        confidence,
        mark: mark.named(name::of_value(bytes, hit.span.start, width == 1)),
        key,
        notes,
    })
}

/// The byte order of a text in UTF-16.
#[derive(Clone, Copy)]
enum Utf16 {
    Little,
    Big,
}

impl Utf16 {
    /// The text with one byte for each unit; units beyond Latin-1 become a byte that is in no secret.
    fn to_bytes(self, bytes: &[u8]) -> Vec<u8> {
        let unit = |pair: &[u8]| match (self, pair) {
            (Self::Little, [low, 0]) | (Self::Big, [0, low]) => *low,
            _ => 0xff,
        };
        bytes.chunks(2).map(unit).collect()
    }
}

/// Whether the bytes look like mostly ASCII text in UTF-16: every second of the first bytes is zero, and no other.
fn utf16(bytes: &[u8]) -> Option<Utf16> {
    let head = &bytes[..bytes.len().min(128) & !1];
    let head = head.strip_prefix(b"\xff\xfe").or_else(|| head.strip_prefix(b"\xfe\xff")).unwrap_or(head);
    if head.len() < 16 {
        return None;
    }
    let zeros = |at: usize| head.iter().skip(at).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, units) = (zeros(0), zeros(1), head.len() / 2);
    match (even * 10 > units * 8, odd * 10 > units * 8) {
        (false, true) if even == 0 => Some(Utf16::Little),
        (true, false) if odd == 0 => Some(Utf16::Big),
        _ => None,
    }
}

/// What tells the files of a layer apart: entry and path (bytes outside of entries share a number).
type FileKey = (u64, Vec<u8>);

/// Puts sightings into order, drops repeats, and of those that overlap in a file keeps the one that is known best.
fn resolve(rules: &Rules, mut sightings: Vec<Sighting>) -> Vec<Sighting> {
    let rank = |s: &Sighting| {
        let rule: Option<&Rule> = rules.get(s.rule);
        (rule.is_some_and(|r| !r.generic), s.confidence, rule.map(|r| r.severity), s.span.1 - s.span.0)
    };
    sightings.sort_by(|a, b| {
        (a.file.ordinal, &a.file.path)
            .cmp(&(b.file.ordinal, &b.file.path))
            .then_with(|| rank(b).cmp(&rank(a)))
            .then_with(|| (a.span, a.rule, a.matched).cmp(&(b.span, b.rule, b.matched)))
    });
    let mut kept: Vec<Sighting> = Vec::new();
    // What is kept does not overlap, so only the last that begins before a span's end can reach into it.
    let mut of_file: HashMap<FileKey, BTreeMap<u64, u64>> = HashMap::new();
    for s in sightings {
        let file = (s.file.ordinal, s.file.path.as_bytes().to_vec());
        let taken = of_file.entry(file).or_default();
        if taken.range(..s.span.1).next_back().is_some_and(|(_, end)| s.span.0 < *end) {
            continue;
        }
        taken.insert(s.span.0, s.span.1);
        kept.push(s);
    }
    kept.sort_by(|a, b| (&a.file.path, a.file.ordinal, a.span).cmp(&(&b.file.path, b.file.ordinal, b.span)));
    kept
}
