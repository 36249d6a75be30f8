//! The scan: anchors over every byte, confirmation where one stands.

use std::sync::{Arc, OnceLock};

use super::anchor::{Target, gather};
use super::base64::{Decoded, peek};
use super::confirm::{Confirmed, Confirmer, Effort, Memory, PatternError};
use super::search::{Preferred, Search};
use super::{Detector, Encoding, Hit, Piece, decode};

/// All detectors, ready to scan; shared by all threads.
pub struct Engine {
    confirmers: Vec<Confirmer>,
    preferred: Preferred,
    /// Made when first bytes are scanned: many runs load detectors and scan nothing.
    search: OnceLock<Search>,
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
}

impl BuildError {
    /// The ID of the detector that is at fault, if one is.
    pub fn detector(&self) -> Option<&str> {
        match self {
            Self::Detector { id, .. } | Self::Anchor { id } => Some(id),
        }
    }
}

/// What one thread needs to scan; reuse it, it allocates.
#[derive(Default)]
pub struct Scratch {
    memories: Vec<Seen>,
    effort: Effort,
    /// Numbers the texts that were scanned.
    text: u64,
    decoded: Decoded,
}

/// What is kept for one detector, and the text of which it tells.
#[derive(Default)]
struct Seen {
    memory: Memory,
    text: u64,
}

impl Scratch {
    /// The memory of a detector for the present text, and what work is left.
    fn memory(&mut self, detector: usize) -> (&mut Memory, &mut Effort) {
        let seen = &mut self.memories[detector];
        if seen.text != self.text {
            seen.text = self.text;
            seen.memory.forget();
        }
        (&mut seen.memory, &mut self.effort)
    }
}

/// What a scan left undone, since hostile input asks for more than it is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// More is encoded, or deeper, than was decoded.
    pub encoded: bool,
    /// More looks like the beginning of a secret than was tried.
    pub unconfirmed: bool,
    /// The rows of a table with a secret's column go on behind the piece, or there are more than are read.
    pub rows: bool,
}

impl std::ops::BitOrAssign for Undone {
    fn bitor_assign(&mut self, other: Self) {
        self.encoded |= other.encoded;
        self.unconfirmed |= other.unconfirmed;
        self.rows |= other.rows;
    }
}

impl Engine {
    /// Builds the engine with the fastest search that this processor has.
    ///
    /// # Errors
    /// If a detector's pattern is not of bounded length or an anchor is too short.
    pub fn new(detectors: Vec<Detector>) -> Result<Self, BuildError> {
        Self::build(owned(detectors), 0, Preferred::Fastest)
    }

    /// As [`Engine::new`], without looking at the patterns of the first `proved` detectors: a test has done so, and for
    /// hundreds of patterns it costs more than a small scan.
    ///
    /// # Errors
    /// As [`Engine::new`], for the other detectors.
    pub fn with_proved(detectors: Vec<Arc<Detector>>, proved: usize) -> Result<Self, BuildError> {
        Self::build(detectors, proved, Preferred::Fastest)
    }

    /// Builds the engine with the search that needs no vector instructions, for tests and benchmarks.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn portable(detectors: Vec<Detector>) -> Result<Self, BuildError> {
        Self::build(owned(detectors), 0, Preferred::Portable)
    }

    fn build(detectors: Vec<Arc<Detector>>, proved: usize, preferred: Preferred) -> Result<Self, BuildError> {
        for d in &detectors {
            if d.anchors.is_empty() || d.anchors.iter().any(|a| a.len() < 3 || !a.is_ascii()) {
                return Err(BuildError::Anchor { id: d.id.clone() });
            }
        }
        let confirmers: Vec<Confirmer> = detectors.into_iter().map(Confirmer::new).collect();
        for c in confirmers.iter().skip(proved) {
            c.check().map_err(|source| BuildError::Detector { id: c.detector().id.clone(), source })?;
        }
        Ok(Self { confirmers, preferred, search: OnceLock::new() })
    }

    fn search(&self) -> &Search {
        self.search.get_or_init(|| {
            let anchors = gather(self.confirmers.iter().map(Confirmer::detector));
            Search::new(anchors, self.preferred)
        })
    }

    /// Makes all tables of the search now, which a scan does only when it is worth it: for tests and benchmarks.
    pub fn prepare(&self) {
        self.search().prepare();
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

    /// The name of the search in use, for benchmarks.
    pub fn search_name(&self) -> &'static str {
        self.search().name()
    }

    /// What is searched for: each text, and whether ASCII case is ignored. For tests and benchmarks.
    pub fn anchors(&self) -> Vec<(&[u8], bool)> {
        self.search().anchors().iter().map(|a| (&*a.text, a.fold)).collect()
    }

    /// Counts the anchors in `bytes` without confirming any: what the bare search costs.
    pub fn count_anchors(&self, bytes: &[u8]) -> usize {
        let mut count = 0;
        self.each_anchor(&Piece::whole(bytes), &mut |_, _| count += 1);
        count
    }

    /// Calls `sink` for every secret whose anchor begins in the piece's core, and for every secret in an encoded stretch
    /// there. The order is not defined, and one match may come twice when two anchors lead to it, or when it stands in
    /// clear in a text that is partly encoded. The answer is what was left undone.
    pub fn scan(&self, piece: &Piece<'_>, scratch: &mut Scratch, sink: &mut dyn FnMut(Hit<'_>)) -> Undone {
        scratch.effort = Effort::begin();
        self.scan_more(piece, scratch, sink);
        let decoded = decode::scan(self, piece, scratch, sink);
        Undone { encoded: !decoded, unconfirmed: scratch.effort.exceeded, rows: scratch.effort.rows_go_on }
    }

    /// As [`Engine::scan`], of what stands there as it is, whatever that costs: nothing is decoded but base64 around a
    /// distinctive anchor.
    pub fn scan_plain(&self, piece: &Piece<'_>, scratch: &mut Scratch, sink: &mut dyn FnMut(Hit<'_>)) {
        scratch.effort = Effort::unbounded();
        self.scan_more(piece, scratch, sink);
    }

    /// As [`Engine::scan`], whatever the confirmation costs: for short texts of which nothing may be left out. False if
    /// more is encoded than was decoded.
    pub fn scan_all(&self, piece: &Piece<'_>, scratch: &mut Scratch, sink: &mut dyn FnMut(Hit<'_>)) -> bool {
        self.scan_plain(piece, scratch, sink);
        decode::scan(self, piece, scratch, sink)
    }

    /// What stands there as it is, as a part of a scan that has begun.
    pub(super) fn scan_more(&self, piece: &Piece<'_>, scratch: &mut Scratch, sink: &mut dyn FnMut(Hit<'_>)) {
        scratch.effort.add(piece.bytes.len());
        if scratch.memories.len() < self.confirmers.len() {
            scratch.memories.resize_with(self.confirmers.len(), Seen::default);
        }
        scratch.text += 1;
        let anchors = self.search().anchors();
        self.each_anchor(piece, &mut |start, anchor| {
            let anchor = &anchors[anchor];
            for target in &anchor.targets {
                match *target {
                    Target::Plain(d) => self.plain(piece, start, &anchor.text, d as usize, scratch, sink),
                    Target::Base64 { detector, anchor, shift } => {
                        let wrapped = Wrapped { detector: detector as usize, anchor: anchor as usize, shift };
                        self.wrapped(piece, start, &wrapped, scratch, sink);
                    }
                }
            }
        });
        scratch.decoded.forget();
    }

    fn plain(
        &self,
        piece: &Piece<'_>,
        start: usize,
        text: &[u8],
        detector: usize,
        scratch: &mut Scratch,
        sink: &mut dyn FnMut(Hit<'_>),
    ) {
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
        // Most cores are none, or nothing that the pattern takes follows them.
        let Some(first) = peek(piece.bytes, start, wrapped.shift) else { return };
        let literal = anchor.as_bytes().iter().zip(first.bytes());
        if !literal.into_iter().all(|(a, b)| a == b) || !confirmer.may_begin(first.bytes()) {
            return;
        }
        let Some(run) = scratch.decoded.around(piece.bytes, start, wrapped.shift) else { return };
        let at = run.literal_at..run.literal_at + anchor.len();
        if run.bytes.get(at.clone()) != Some(anchor.as_bytes()) {
            return;
        }
        // This is another text, for this detector alone.
        let memory = &mut scratch.memories[detector].memory;
        memory.forget();
        confirmer.confirm(run.bytes, at, piece.kind, (&mut *memory, &mut scratch.effort), &mut |found| {
            let Confirmed { matched, secret, adjust, notes } = found;
            let encoded = |range| run.encoded(range, piece.bytes.len());
            sink(Hit {
                detector,
                matched: encoded(&matched),
                span: encoded(&secret),
                secret: &run.bytes[secret],
                encodings: vec![Encoding::Base64],
                adjust,
                notes,
            });
        });
        memory.forget();
    }

    /// Calls `on` with the start and the index of every anchor that begins in the piece's core.
    fn each_anchor(&self, piece: &Piece<'_>, on: &mut dyn FnMut(usize, usize)) {
        self.search().each(piece.bytes, piece.core_start..piece.core_end.min(piece.bytes.len()), on);
    }
}

fn owned(detectors: Vec<Detector>) -> Vec<Arc<Detector>> {
    detectors.into_iter().map(Arc::new).collect()
}

struct Wrapped {
    detector: usize,
    anchor: usize,
    shift: u8,
}
