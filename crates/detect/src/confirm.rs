//! Confirmation: at an anchor, is the detector's pattern really there, and do its validators agree?

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_automata::hybrid::{self, dfa::DFA};
use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, PatternID};
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::boundary::{inside_word, stands_apart};
use super::kind::FileKind;
use super::lexer::{Place, Reach, Reading};
use super::prefix::Prefix;
use super::validate::{Adjust, Candidate, Judgement, entropy, is_placeholder};
use super::{CONTEXT, Detector, MAX_LOOKBEHIND, MAX_MATCH};

/// How far a required text is looked for, in bytes.
const MAX_WORD: usize = 1024;

/// A detector with its pattern, parsed when its anchor is first seen and compiled when a match may begin there.
pub(super) struct Confirmer {
    detector: Arc<Detector>,
    outline: OnceLock<Option<Outline>>,
    /// Most are never met: what is large is kept elsewhere.
    compiled: OnceLock<Option<Box<Compiled>>>,
}

/// What a pattern says without being compiled.
struct Outline {
    /// What its first bytes may be.
    prefix: Prefix,
    /// The longest match, in bytes.
    max_len: usize,
}

/// A pattern, ready to be tried.
struct Compiled {
    /// What knows the groups: made when the pattern may first match, since most never do.
    regex: OnceLock<Option<Groups>>,
    /// Whether the pattern may match at all, which it mostly does not: the engines that know groups clear a table for each
    /// start. Nothing if the pattern is none for it.
    lazy: Option<DFA>,
}

/// A pattern that tells where its groups stand.
struct Groups {
    regex: Regex,
    /// The group that marks the secret.
    secret: usize,
}

impl Compiled {
    /// Whether the pattern matches, and where its groups stand: the number of the secret's.
    fn matches(
        &self,
        detector: &Detector,
        input: &Input<'_>,
        lazy_cache: &mut Option<Box<hybrid::dfa::Cache>>,
        cache: &mut Option<Box<Cache>>,
        slots: &mut [Option<NonMaxUsize>; 8],
        effort: &mut Effort,
    ) -> Option<usize> {
        let mut looked = input.get_span().len();
        let mut input = input.clone();
        if let Some(lazy) = &self.lazy {
            let cache = lazy_cache.get_or_insert_with(|| Box::new(lazy.create_cache()));
            let Walked { matches, bytes } = walk(lazy, cache, &input);
            effort.spend(bytes);
            // A cache that gave up says nothing.
            if matches == Some(false) {
                return None;
            }
            looked = bytes;
            // No match ends behind the place where the automaton gave in; what knows the groups clears a table for each byte
            // that it is given.
            if matches == Some(true) {
                let span = input.get_span();
                input.set_end(span.start.saturating_add(bytes + 1).min(span.end));
            }
        }
        slots.fill(None);
        let made = || parse(detector).and_then(|pattern| groups(&pattern)).ok();
        let Groups { regex, secret } = self.regex.get_or_init(made).as_ref()?;
        let count = (regex.captures_len() * 2).min(slots.len());
        let cache = cache.get_or_insert_with(|| Box::new(regex.create_cache()));
        let matches = regex.search_slots_with(cache, &input, &mut slots[..count]).is_some();
        if !matches {
            effort.spend(looked.saturating_mul(Effort::CANDIDATE));
        }
        matches.then_some(*secret)
    }
}

/// How far an automaton went.
struct Walked {
    /// Whether the pattern matches; nothing if its cache gave up.
    matches: Option<bool>,
    /// How many bytes it looked at.
    bytes: usize,
}

/// Walks an automaton until nothing more can match: as the library's own search, but it says how far it went. A pattern
/// that looks at thousands of bytes from each of thousands of starts is what hostile input asks for, and an engine with
/// groups looks no further than the automaton.
fn walk(dfa: &DFA, cache: &mut hybrid::dfa::Cache, input: &Input<'_>) -> Walked {
    let (text, span) = (input.haystack(), input.get_span());
    let told = |matches, at: usize| Walked { matches, bytes: at.saturating_sub(span.start) };
    let Ok(mut state) = dfa.start_state_forward(cache, input) else { return told(None, span.start) };
    let mut matches = false;
    // A match is told one byte late, since what follows may matter to it.
    for at in span.start..=span.end {
        let next = match text.get(at) {
            Some(byte) => dfa.next_state(cache, state, *byte),
            None => dfa.next_eoi_state(cache, state),
        };
        let Ok(next) = next else { return told(None, at) };
        state = next;
        if state.is_tagged() {
            matches |= state.is_match();
            if state.is_dead() {
                return told(Some(matches), at);
            }
            if state.is_quit() {
                return told(None, at);
            }
        }
    }
    told(Some(matches), span.end)
}

/// How much work the patterns may have with a text. Of some gigabytes of source code, documentation and packages no file
/// asked for more than seven bytes for each of its own, and hardly any for more than three; a form, a translation or a table
/// that names a password in every line asks for more than ten.
#[derive(Default)]
pub(super) struct Effort {
    /// Bytes that may still be looked at.
    left: usize,
    /// Whether there was more to do.
    pub(super) exceeded: bool,
    /// Whether the rows of a table go on behind what was read.
    pub(super) rows_go_on: bool,
}

impl Effort {
    /// Bytes that patterns may look at for each byte of a text.
    const PER_BYTE: usize = 32;
    /// Bytes that patterns may look at in a short text.
    const LEAST: usize = 32 << 10;
    /// What a reader costs that looks around an anchor and finds no value there.
    const READER: usize = 48;
    /// What groups and validators cost, in bytes of the automaton's.
    const CANDIDATE: usize = 8;

    /// The effort for a scan that is to begin.
    pub(super) fn begin() -> Self {
        Self { left: Self::LEAST, exceeded: false, rows_go_on: false }
    }

    /// The effort of a scan that may cost what it will.
    pub(super) fn unbounded() -> Self {
        Self { left: usize::MAX, exceeded: false, rows_go_on: false }
    }

    /// Adds what a text may cost.
    pub(super) fn add(&mut self, length: usize) {
        self.left = self.left.saturating_add(length.saturating_mul(Self::PER_BYTE));
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Whether something is left; if not, that there was more to do.
    fn is_left(&mut self) -> bool {
        self.exceeded |= self.left == 0;
        self.left > 0
    }
}

/// A pattern's match that its validators let pass.
pub(super) struct Confirmed {
    pub(super) matched: Range<usize>,
    pub(super) secret: Range<usize>,
    pub(super) adjust: i8,
    pub(super) notes: Vec<String>,
}

/// Why a detector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// The regular expression does not parse.
    #[error("pattern does not parse: {0}")]
    Syntax(String),
    /// The pattern compiles to something too large, or not at all.
    #[error("pattern does not compile: {0}")]
    Compile(String),
    /// A match could be of any length, or longer than [`MAX_MATCH`].
    #[error("pattern can match more than {MAX_MATCH} bytes; give every repetition an upper bound")]
    Unbounded,
    /// The pattern matches the empty text.
    #[error("pattern matches the empty text")]
    Empty,
    /// The pattern asks for the start or end of the whole text, which a window does not know.
    #[error("pattern uses \\A or \\z (or ^ or $ without (?m)), which a window cannot decide")]
    TextAnchor,
    /// The group `secret` stands after three other groups.
    #[error("the group `secret` must be among the first three groups; use (?:…) for the others")]
    Groups,
    /// The lookbehind is larger than [`MAX_LOOKBEHIND`].
    #[error("lookbehind is larger than {MAX_LOOKBEHIND}")]
    Lookbehind,
}

/// What one thread keeps for one detector. There are hundreds, of which most are never needed: each thread makes this
/// small part of all.
#[derive(Default)]
pub(super) struct Memory {
    cache: Option<Box<Cache>>,
    lazy: Option<Box<hybrid::dfa::Cache>>,
    /// Starts at which the pattern is known to match nothing, in the bytes that are searched now.
    barren: Range<usize>,
    /// Where the last secret ends that was confirmed in them.
    confirmed: usize,
}

impl Memory {
    /// Forgets what is known of the bytes that were searched.
    pub(super) fn forget(&mut self) {
        self.barren = 0..0;
        self.confirmed = 0;
    }
}

impl Confirmer {
    pub(super) fn new(detector: Arc<Detector>) -> Self {
        Self { detector, outline: OnceLock::new(), compiled: OnceLock::new() }
    }

    pub(super) fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Whether the pattern is one that a window can decide, without compiling it.
    pub(super) fn check(&self) -> Result<(), PatternError> {
        if self.detector.lexer.is_some() {
            return Ok(());
        }
        outline(&self.detector).map(drop)
    }

    /// Compiles the pattern now, to learn whether it can be.
    pub(super) fn compile(&self) -> Result<(), PatternError> {
        if self.detector.lexer.is_some() {
            return Ok(());
        }
        outline(&self.detector).and_then(|(pattern, _)| groups(&pattern)).map(drop)
    }

    fn outline(&self) -> Option<&Outline> {
        self.outline.get_or_init(|| outline(&self.detector).ok().map(|(_, outline)| outline)).as_ref()
    }

    /// Whether what begins with an anchor and goes on as `bytes` may be confirmed, as far as they tell.
    pub(super) fn may_begin(&self, bytes: &[u8]) -> bool {
        self.detector.lexer.is_some()
            || self.detector.lookbehind > 0
            || self.outline().is_some_and(|outline| outline.prefix.allows(bytes))
    }

    fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| build(&self.detector).ok().map(Box::new)).as_deref()
    }

    /// Confirms what stands around `anchor` in `bytes`, and calls `sink` for every secret there: one for a pattern, any
    /// number for a reader.
    pub(super) fn confirm(
        &self,
        bytes: &[u8],
        anchor: Range<usize>,
        kind: FileKind,
        (memory, effort): (&mut Memory, &mut Effort),
        sink: &mut dyn FnMut(Confirmed),
    ) {
        match self.detector.lexer {
            Some(lexer) => {
                if !effort.is_left() {
                    return;
                }
                effort.spend(Effort::READER);
                let reach = Reach::new(effort.left);
                let place = Place { bytes, start: anchor.start, end: anchor.end, kind, reach: &reach };
                lexer(&place, &mut |reading: Reading| {
                    let (matched, secret) = (reading.matched.clone(), reading.secret.clone());
                    let (length, repeats) = (matched.len(), matched.start < memory.confirmed);
                    let found = self.validate(bytes, &anchor, kind, matched, secret, Some(&reading));
                    // As for a pattern: what leads to nothing, or to the same once more, costs.
                    if repeats || found.is_none() {
                        effort.spend(length.saturating_mul(Effort::CANDIDATE));
                    }
                    if let Some(found) = found {
                        memory.confirmed = memory.confirmed.max(found.matched.end);
                        sink(found);
                    }
                });
                effort.left = effort.left.min(reach.left());
                effort.rows_go_on |= reach.is_cut();
            }
            None => {
                if let Some(confirmed) = self.confirm_pattern(bytes, &anchor, kind, (memory, effort)) {
                    sink(confirmed);
                }
            }
        }
    }

    /// Tries the pattern: from the earliest start that the lookbehind allows to the anchor itself, the first that
    /// matches, covers the anchor and stands where a token may stand.
    fn confirm_pattern(
        &self,
        bytes: &[u8],
        anchor: &Range<usize>,
        kind: FileKind,
        (memory, effort): (&mut Memory, &mut Effort),
    ) -> Option<Confirmed> {
        // Most places of a short anchor are beginnings of words that go on otherwise.
        let Outline { prefix, max_len } = self.outline()?;
        let rest = bytes.get(anchor.start..).unwrap_or_default();
        if self.detector.lookbehind == 0 && !prefix.allows(rest) {
            return None;
        }
        if let Some(required) = &self.detector.requires
            && !follows(bytes, anchor.end, required.as_bytes())
        {
            return None;
        }
        // Others are the middle of a word, where no token begins.
        if self.detector.boundary && self.detector.lookbehind == 0 && inside_word(bytes, anchor, kind) {
            return None;
        }
        let Memory { cache, lazy: lazy_cache, barren, confirmed } = memory;
        let mut slots: [Option<NonMaxUsize>; 8] = [None; 8];
        let first = anchor.start.saturating_sub(self.detector.lookbehind);
        let mut next = first;
        while next <= anchor.start {
            // Where the pattern matches nothing, it does so for every anchor: a start is tried once, not once an anchor.
            if barren.contains(&next) {
                next = barren.end;
                continue;
            }
            let start = next;
            next += 1;
            let end = (start + max_len).min(bytes.len());
            let found = if prefix.allows(&bytes[start..]) {
                if !effort.is_left() {
                    return None;
                }
                let input = Input::new(bytes).span(start..end).anchored(Anchored::Yes);
                self.compiled()?.matches(&self.detector, &input, lazy_cache, cache, &mut slots, effort)
            } else {
                None
            };
            let Some(secret) = found else {
                *barren = if barren.end == start { barren.start..next } else { start..next };
                continue;
            };
            let span = |group: usize| {
                Some(slots.get(2 * group).copied()??.get()..slots.get(2 * group + 1).copied()??.get())
            };
            let Some(matched) = span(0) else { continue };
            if matched.end < anchor.end {
                effort.spend(matched.len().saturating_mul(Effort::CANDIDATE));
                continue;
            }
            let secret = span(secret).unwrap_or_else(|| matched.clone());
            let (length, repeats) = (matched.len(), matched.start < *confirmed);
            let found = self.validate(bytes, anchor, kind, matched, secret, None);
            // What is told costs what it may; what leads to nothing, or to the same once more, does not.
            if repeats || found.is_none() {
                effort.spend(length.saturating_mul(Effort::CANDIDATE));
            }
            match found {
                // A boundary that is missing at the earliest start may be there at a later one.
                None if self.detector.boundary => {}
                None => return None,
                Some(found) => {
                    *confirmed = found.matched.end;
                    return Some(found);
                }
            }
        }
        None
    }

    fn validate(
        &self,
        bytes: &[u8],
        anchor: &Range<usize>,
        kind: FileKind,
        matched: Range<usize>,
        secret: Range<usize>,
        reading: Option<&Reading>,
    ) -> Option<Confirmed> {
        let value = &bytes[secret.clone()];
        if self.detector.placeholder && is_placeholder(value) {
            return None;
        }
        if self.detector.min_entropy.is_some_and(|least| entropy(value) < least) {
            return None;
        }
        let from = matched.start.saturating_sub(CONTEXT);
        let to = (matched.end + CONTEXT).min(bytes.len());
        let candidate = Candidate {
            secret: value,
            matched: &bytes[matched.clone()],
            haystack: &bytes[from..to],
            start: matched.start - from,
            kind,
            reading: reading.map(|r| (&bytes[r.name.clone()], r.quoting)),
        };
        let (mut adjust, mut notes) = (0i8, Vec::new());
        for validator in &self.detector.validators {
            match validator(&candidate) {
                Judgement::Reject => return None,
                Judgement::Keep { confidence, note } => {
                    adjust = adjust.saturating_add(match confidence {
                        Adjust::Raise => 1,
                        Adjust::Lower => -1,
                        Adjust::Same => 0,
                    });
                    notes.extend(note);
                }
            }
        }
        if self.detector.boundary && !stands_apart(bytes, &secret, anchor, kind, adjust) {
            return None;
        }
        Some(Confirmed { matched, secret, adjust, notes })
    }
}

/// Whether `text` stands after `at` in the same word.
fn follows(bytes: &[u8], at: usize, text: &[u8]) -> bool {
    let window = bytes.get(at..(at + MAX_WORD).min(bytes.len())).unwrap_or_default();
    let ends = |b: &u8| *b <= b' ' || matches!(b, b'"' | b'\'' | b'`' | b'<');
    if let [byte] = text {
        let found = memchr::memchr(*byte, window);
        return found.is_some_and(|at| !window[..at].iter().any(ends));
    }
    let word = window.iter().position(ends).unwrap_or(window.len());
    window[..word].windows(text.len().max(1)).any(|w| w == text)
}

fn syntax_config(detector: &Detector) -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false).case_insensitive(detector.case_insensitive)
}

fn parse(detector: &Detector) -> Result<Hir, PatternError> {
    syntax::parse_with(&detector.pattern, &syntax_config(detector))
        .map_err(|e| PatternError::Syntax(e.to_string()))
}

/// A pattern, parsed, and its outline, if it is one that a window can decide.
fn outline(detector: &Detector) -> Result<(Hir, Outline), PatternError> {
    let pattern = parse(detector)?;
    let properties = pattern.properties();
    let longest = properties.maximum_len().filter(|n| *n <= MAX_MATCH);
    let max_len = longest.ok_or(PatternError::Unbounded)?;
    if properties.minimum_len() == Some(0) {
        return Err(PatternError::Empty);
    }
    let looks = properties.look_set();
    if looks.contains(Look::Start) || looks.contains(Look::End) {
        return Err(PatternError::TextAnchor);
    }
    if detector.lookbehind > MAX_LOOKBEHIND {
        return Err(PatternError::Lookbehind);
    }
    let prefix = Prefix::new(&pattern);
    Ok((pattern, Outline { prefix, max_len }))
}

/// The largest cache of a lazy DFA, in bytes: one for each pattern whose anchor was seen, and each thread.
const LAZY_CACHE: usize = 48 << 10;

/// The longest repetition that the lazy DFA counts: a state for each count is more than its cache holds.
const COUNTED: u32 = 8;

/// A pattern that matches where `pattern` does, and elsewhere too: long repetitions have no upper bound, and a low lower
/// one.
fn relaxed(pattern: &Hir) -> Hir {
    match pattern.kind() {
        HirKind::Repetition(repetition) => {
            let max = repetition.max.filter(|max| *max <= COUNTED);
            let (min, sub) = (repetition.min.min(COUNTED), Box::new(relaxed(&repetition.sub)));
            Hir::repetition(Repetition { min, max, greedy: repetition.greedy, sub })
        }
        HirKind::Capture(capture) => relaxed(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(relaxed).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(relaxed).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => pattern.clone(),
    }
}

/// Whether a pattern may match, without groups.
fn lazy(pattern: &Hir) -> Option<DFA> {
    let config =
        DFA::config().match_kind(MatchKind::All).cache_capacity(LAZY_CACHE).skip_cache_capacity_check(true);
    let nfa = thompson::Compiler::new()
        .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::None).shrink(false))
        .build_from_hir(&relaxed(pattern))
        .ok()?;
    DFA::builder().configure(config).build_from_nfa(nfa).ok()
}

/// A pattern that may be asked whether it matches; what knows its groups only if nothing else can tell.
fn build(detector: &Detector) -> Result<Compiled, PatternError> {
    let (pattern, _) = outline(detector)?;
    let (lazy, regex) = (lazy(&pattern), OnceLock::new());
    if lazy.is_none() {
        let _ = regex.set(Some(groups(&pattern)?));
    }
    Ok(Compiled { regex, lazy })
}

/// Only the engines that are fast on a short anchored span are built.
fn groups(pattern: &Hir) -> Result<Groups, PatternError> {
    let regex = Regex::builder()
        .configure(
            Config::new().utf8_empty(false).hybrid(false).dfa(false).onepass_size_limit(Some(64 << 10)),
        )
        .build_from_hir(pattern)
        .map_err(|e| PatternError::Compile(e.to_string()))?;
    let secret = regex.group_info().to_index(PatternID::ZERO, "secret").unwrap_or(0);
    if secret < 4 { Ok(Groups { regex, secret }) } else { Err(PatternError::Groups) }
}
