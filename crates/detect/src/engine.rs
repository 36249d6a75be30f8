//! The scan: anchors over every byte, confirmation where one stands.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::anchor::{Anchor, Target, gather};
use super::base64::decode_around;
use super::confirm::{Confirmed, Confirmer, Memory, PatternError};
use super::simd::Vector;
use super::{Detector, Encoding, Hit, Piece, decode};

/// All detectors, ready to scan; shared by all threads.
pub struct Engine {
    anchors: Vec<Anchor>,
    longest_anchor: usize,
    search: Search,
    confirmers: Vec<Confirmer>,
}

/// How anchors are searched for.
enum Search {
    /// Vector instructions, where the processor has them.
    Vector(Box<Vector>),
    /// The portable path, and the referee of the other.
    Automaton(Box<Portable>),
}

/// The portable search: an automaton that is built quickly, and one that is several times faster and takes several
/// times longer to build. The latter is built when so much was scanned that it pays.
struct Portable {
    quick: AhoCorasick,
    fast: OnceLock<Option<AhoCorasick>>,
    scanned: AtomicUsize,
}

/// From how many scanned bytes on the faster automaton pays.
const MUCH: usize = 4 << 20;

impl Portable {
    fn new(anchors: &[Anchor]) -> Result<Self, aho_corasick::BuildError> {
        let quick = automaton(anchors, AhoCorasickKind::ContiguousNFA)?;
        Ok(Self { quick, fast: OnceLock::new(), scanned: AtomicUsize::new(0) })
    }

    /// The automaton to search the next `length` bytes with.
    fn automaton(&self, anchors: &[Anchor], length: usize) -> &AhoCorasick {
        let before = self.scanned.fetch_add(length, Ordering::Relaxed);
        if before < MUCH && self.fast.get().is_none() {
            return &self.quick;
        }
        let fast = self.fast.get_or_init(|| automaton(anchors, AhoCorasickKind::DFA).ok());
        fast.as_ref().unwrap_or(&self.quick)
    }
}

/// Why an [`Engine`] could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A detector cannot be used.
    #[error("detector {id}: {source}")]
    Detector {
        /// The detector's ID.
        id: String,
        /// What is wrong.
        source: PatternError,
    },
    /// A detector has no anchor, or one under three bytes.
    #[error("detector {id}: needs anchors of at least three ASCII bytes")]
    Anchor {
        /// The detector's ID.
        id: String,
    },
    /// The automaton could not be built.
    #[error("the anchors' automaton could not be built: {0}")]
    Automaton(#[from] aho_corasick::BuildError),
}

impl BuildError {
    /// The ID of the detector that is at fault, if one is.
    pub fn detector(&self) -> Option<&str> {
        match self {
            Self::Detector { id, .. } | Self::Anchor { id } => Some(id),
            Self::Automaton(_) => None,
        }
    }
}

/// What one thread needs to scan; reuse it, it allocates.
#[derive(Default)]
pub struct Scratch {
    memories: Vec<Seen>,
    /// Numbers the texts that were scanned.
    text: u64,
    decoded: Vec<u8>,
}

/// What is kept for one detector, and the text of which it tells.
#[derive(Default)]
struct Seen {
    memory: Memory,
    text: u64,
}

impl Scratch {
    /// The memory of a detector for the present text.
    fn memory(&mut self, detector: usize) -> &mut Memory {
        let seen = &mut self.memories[detector];
        if seen.text != self.text {
            seen.text = self.text;
            seen.memory.forget();
        }
        &mut seen.memory
    }
}

impl Engine {
    /// Builds the engine with the fastest search that this processor has.
    ///
    /// # Errors
    /// If a detector's pattern is not of bounded length or an anchor is too short.
    pub fn new(detectors: Vec<Detector>) -> Result<Self, BuildError> {
        Self::build(detectors, 0, true)
    }

    /// As [`Engine::new`], without looking at the patterns of the first `proved` detectors: a test has done so, and for
    /// hundreds of patterns it costs more than a small scan.
    ///
    /// # Errors
    /// As [`Engine::new`], for the other detectors.
    pub fn with_proved(detectors: Vec<Detector>, proved: usize) -> Result<Self, BuildError> {
        Self::build(detectors, proved, true)
    }

    /// Builds the engine with the portable search: an Aho-Corasick automaton, the referee of the vector search.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn portable(detectors: Vec<Detector>) -> Result<Self, BuildError> {
        Self::build(detectors, 0, false)
    }

    fn build(detectors: Vec<Detector>, proved: usize, vector: bool) -> Result<Self, BuildError> {
        for d in &detectors {
            if d.anchors.is_empty() || d.anchors.iter().any(|a| a.len() < 3 || !a.is_ascii()) {
                return Err(BuildError::Anchor { id: d.id.clone() });
            }
        }
        let anchors = gather(&detectors);
        let longest_anchor = anchors.iter().map(|a| a.text.len()).max().unwrap_or(0);
        let search = match vector.then(|| Vector::new(&anchors)).flatten() {
            Some(v) => Search::Vector(Box::new(v)),
            None => Search::Automaton(Box::new(Portable::new(&anchors)?)),
        };
        let confirmers: Vec<Confirmer> = detectors.into_iter().map(Confirmer::new).collect();
        for c in confirmers.iter().skip(proved) {
            c.check().map_err(|source| BuildError::Detector { id: c.detector().id.clone(), source })?;
        }
        Ok(Self { anchors, longest_anchor, search, confirmers })
    }

    /// Compiles the patterns of all detectors from index `first` on, which a scan does only when it first needs one:
    /// one that cannot be compiled would then find nothing, in silence.
    ///
    /// # Errors
    /// The first pattern that does not compile.
    pub fn compile_from(&self, first: usize) -> Result<(), BuildError> {
        for c in self.confirmers.iter().skip(first) {
            c.compile().map_err(|source| BuildError::Detector { id: c.detector().id.clone(), source })?;
        }
        Ok(())
    }

    /// The detector with this index.
    pub fn detector(&self, index: usize) -> Option<&Detector> {
        self.confirmers.get(index).map(Confirmer::detector)
    }

    /// The name of the search in use, for `--version` and benchmarks.
    pub fn search_name(&self) -> &'static str {
        match self.search {
            Search::Vector(_) => "avx512",
            Search::Automaton(_) => "aho-corasick",
        }
    }

    /// Counts the anchors in `bytes` without confirming any: what the bare search costs.
    pub fn count_anchors(&self, bytes: &[u8]) -> usize {
        let mut count = 0;
        self.each_anchor(&Piece::whole(bytes), &mut |_, _| count += 1);
        count
    }

    /// Calls `sink` for every secret whose anchor begins in the piece's core, and for every secret in an encoded stretch
    /// there. The order is not defined, and one match may come twice when two anchors lead to it, or when it stands in
    /// clear in a text that is partly encoded. False if more is encoded than was decoded.
    pub fn scan(&self, piece: &Piece<'_>, scratch: &mut Scratch, sink: &mut dyn FnMut(Hit<'_>)) -> bool {
        self.scan_plain(piece, scratch, sink);
        decode::scan(self, piece, scratch, sink)
    }

    /// As [`Engine::scan`], of what stands there as it is: nothing is decoded but base64 around a distinctive anchor.
    pub fn scan_plain(&self, piece: &Piece<'_>, scratch: &mut Scratch, sink: &mut dyn FnMut(Hit<'_>)) {
        if scratch.memories.len() < self.confirmers.len() {
            scratch.memories.resize_with(self.confirmers.len(), Seen::default);
        }
        scratch.text += 1;
        self.each_anchor(piece, &mut |start, anchor| {
            for target in &self.anchors[anchor].targets {
                match *target {
                    Target::Plain(d) => self.plain(piece, start, anchor, d as usize, scratch, sink),
                    Target::Base64 { detector, anchor, shift } => {
                        let wrapped = Wrapped { detector: detector as usize, anchor: anchor as usize, shift };
                        self.wrapped(piece, start, &wrapped, scratch, sink);
                    }
                }
            }
        });
    }

    fn plain(
        &self,
        piece: &Piece<'_>,
        start: usize,
        anchor: usize,
        detector: usize,
        scratch: &mut Scratch,
        sink: &mut dyn FnMut(Hit<'_>),
    ) {
        let text = &self.anchors[anchor].text;
        // In a run of one byte an anchor of that byte stands everywhere; the first and the last say it all.
        let before = start.checked_sub(1).and_then(|i| piece.bytes.get(i));
        let after = piece.bytes.get(start + text.len());
        if before.is_some_and(|b| Some(b) == after && text.iter().all(|a| a == b)) {
            return;
        }
        let at = start..start + text.len();
        self.confirmers[detector].confirm(
            piece.bytes,
            at,
            piece.kind,
            scratch.memory(detector),
            &mut |found| {
                let Confirmed { matched, secret, adjust, notes } = found;
                let value = &piece.bytes[secret.clone()];
                sink(Hit {
                    detector,
                    matched,
                    span: secret,
                    secret: value,
                    encodings: Vec::new(),
                    adjust,
                    notes,
                });
            },
        );
    }

    fn wrapped(
        &self,
        piece: &Piece<'_>,
        start: usize,
        wrapped: &Wrapped,
        scratch: &mut Scratch,
        sink: &mut dyn FnMut(Hit<'_>),
    ) {
        let detector = wrapped.detector;
        let confirmer = &self.confirmers[detector];
        let Some(anchor) = confirmer.detector().anchors.get(wrapped.anchor) else { return };
        let out = &mut scratch.decoded;
        let memory = &mut scratch.memories[detector].memory;
        let Some(run) = decode_around(piece.bytes, start, wrapped.shift, out) else { return };
        let at = run.anchor_at..run.anchor_at + anchor.len();
        if out.get(at.clone()) != Some(anchor.as_bytes()) {
            return;
        }
        // This is another text, for this detector alone.
        memory.forget();
        confirmer.confirm(out, at, piece.kind, memory, &mut |found| {
            let Confirmed { matched, secret, adjust, notes } = found;
            let encoded = |range| run.encoded(range, piece.bytes.len());
            sink(Hit {
                detector,
                matched: encoded(&matched),
                span: encoded(&secret),
                secret: &out[secret],
                encodings: vec![Encoding::Base64],
                adjust,
                notes,
            });
        });
        out.fill(0);
        memory.forget();
    }

    /// Calls `on` with the start and the index of every anchor that begins in the piece's core.
    fn each_anchor(&self, piece: &Piece<'_>, on: &mut dyn FnMut(usize, usize)) {
        let core = piece.core_start..piece.core_end.min(piece.bytes.len());
        match &self.search {
            Search::Vector(v) => v.each(&self.anchors, piece.bytes, core, on),
            Search::Automaton(portable) => {
                let automaton = portable.automaton(&self.anchors, core.len());
                let end = (core.end + self.longest_anchor).min(piece.bytes.len());
                let input = aho_corasick::Input::new(piece.bytes).span(core.start.min(end)..end);
                // Overlapping search fails only for an automaton of another match kind than ours.
                let Ok(found) = automaton.try_find_overlapping_iter(input) else { return };
                for m in found {
                    let anchor = m.pattern().as_usize();
                    if m.start() < core.end && self.anchors[anchor].stands_at(piece.bytes, m.start()) {
                        on(m.start(), anchor);
                    }
                }
            }
        }
    }
}

struct Wrapped {
    detector: usize,
    anchor: usize,
    shift: u8,
}

fn automaton(anchors: &[Anchor], kind: AhoCorasickKind) -> Result<AhoCorasick, aho_corasick::BuildError> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(kind))
        .build(anchors.iter().map(|a| &a.text))
}
