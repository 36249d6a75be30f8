//! Spreads windows over buckets so that few positions pass.
//!
//! A sieve looks each pair of a window up in a table of its own: a cell says which buckets want that pair there, and a
//! position passes if some bucket wants all of its pairs. So a bucket passes positions at about the product, over the
//! tables, of how common the cells are that it wants. Each window goes where it adds least to that.

use std::collections::HashMap;

use super::window::{PAIRS, Window, rarest};
use crate::anchor::Anchor;

/// What a window wants of one table.
pub(super) enum Wanted {
    /// The cell of a pair that is known.
    Cell(u16),
    /// The cells of all pairs that begin with the window's last byte, or of a pair in either case.
    Cells(Box<[u16]>),
    /// The window is shorter: any cell will do.
    Any,
}

impl Wanted {
    fn cells(&self) -> Option<&[u16]> {
        match self {
            Self::Cell(cell) => Some(std::slice::from_ref(cell)),
            Self::Cells(cells) => Some(cells),
            Self::Any => None,
        }
    }
}

/// What a window wants of each table.
pub(super) type Wants = [Wanted; PAIRS];

/// How a sieve hashes pairs of bytes.
pub(super) struct Cells<'a> {
    /// How common each cell is, as parts of one.
    pub(super) frequencies: &'a [f64],
    /// The cell of a pair.
    pub(super) cell: fn(u8, u8) -> usize,
    /// Whether the same letters in another case have another cell.
    pub(super) by_case: bool,
    /// The places in a window of the bytes of each pair.
    pub(super) pairs: [(usize, usize); PAIRS],
    /// What a window wants of the pair that its last byte begins.
    pub(super) half: fn(u8) -> Wanted,
    /// The tables that the sieve tests together, for each way in which it tests a position.
    pub(super) groups: &'a [&'a [usize]],
}

impl Cells<'_> {
    fn wants(&self, window: &[u8], fold: bool) -> Wants {
        self.pairs.map(|(first, second)| match (window.get(first), window.get(second)) {
            (Some(first), Some(second)) if fold && self.by_case => self.in_either_case(*first, *second),
            (Some(first), Some(second)) => Wanted::Cell(self.cell(*first, *second)),
            (Some(last), None) => (self.half)(*last),
            _ => Wanted::Any,
        })
    }

    fn cell(&self, first: u8, second: u8) -> u16 {
        u16::try_from((self.cell)(first, second)).unwrap_or(u16::MAX)
    }

    fn in_either_case(&self, first: u8, second: u8) -> Wanted {
        let cases = |b: u8| [b.to_ascii_lowercase(), b.to_ascii_uppercase()];
        let mut cells: Vec<u16> =
            cases(first).into_iter().flat_map(|a| cases(second).map(|b| self.cell(a, b))).collect();
        cells.sort_unstable();
        cells.dedup();
        Wanted::Cells(cells.into())
    }
}

/// The window of an anchor that is searched for, and the bucket that it is in.
pub(super) struct Place {
    /// Where in the anchor the window stands.
    pub(super) offset: usize,
    pub(super) wants: Wants,
    pub(super) bucket: usize,
}

/// One bucket.
struct Bucket<'a> {
    tables: [Table; PAIRS],
    /// At what rate it passes positions.
    rate: f64,
    groups: &'a [&'a [usize]],
}

/// What the windows of a bucket want of one table.
struct Table {
    /// How many windows want each cell.
    wanted: Vec<u16>,
    /// How many take any cell.
    any: u16,
    /// How common the cells are that are wanted.
    common: f64,
}

impl Table {
    fn rate(&self) -> f64 {
        if self.any > 0 { 1.0 } else { self.common.clamp(0.0, 1.0) }
    }

    /// The rate with one more window.
    fn rate_with(&self, wanted: &Wanted, frequencies: &[f64]) -> f64 {
        let Some(cells) = wanted.cells().filter(|_| self.any == 0) else { return 1.0 };
        let more = cells.iter().map(|c| usize::from(*c)).filter(|c| self.wanted[*c] == 0);
        self.common.max(0.0) + more.map(|c| frequencies[c]).sum::<f64>()
    }

    fn change(&mut self, wanted: &Wanted, frequencies: &[f64], add: bool) {
        let step = |count: &mut u16| {
            let before = *count > 0;
            *count = if add { count.saturating_add(1) } else { count.saturating_sub(1) };
            (*count > 0) != before
        };
        match wanted.cells() {
            None => _ = step(&mut self.any),
            Some(cells) => {
                for cell in cells.iter().map(|c| usize::from(*c)) {
                    if step(&mut self.wanted[cell]) {
                        self.common += if add { frequencies[cell] } else { -frequencies[cell] };
                    }
                }
            }
        }
    }
}

/// The rate of a sieve whose tables have these rates. A group of tables is what it tests of one position: their rates
/// multiply, and those of groups add up.
fn combined(groups: &[&[usize]], table: impl Fn(usize) -> f64) -> f64 {
    groups.iter().map(|group| group.iter().map(|t| table(*t)).product::<f64>()).sum()
}

impl Bucket<'_> {
    fn grows(&self, wants: &Wants, frequencies: &[f64]) -> f64 {
        combined(self.groups, |t| self.tables[t].rate_with(&wants[t], frequencies)) - self.rate
    }

    fn change(&mut self, wants: &Wants, frequencies: &[f64], add: bool) {
        for (table, wanted) in self.tables.iter_mut().zip(wants) {
            table.change(wanted, frequencies, add);
        }
        self.rate = combined(self.groups, |t| self.tables[t].rate());
    }
}

/// Windows of an anchor that are weighed against each other.
const CHOICES: usize = 6;

/// A window that may be chosen, with its wants.
struct Choice {
    offset: usize,
    chance: f64,
    /// Its bytes, folded.
    bytes: u64,
    wants: Wants,
}

/// Chooses a window for each anchor, and a bucket out of `count`: what adds least to the rate at which all buckets pass
/// positions, and is itself rare.
pub(super) fn spread(anchors: &[&Anchor], cells: &Cells<'_>, count: usize) -> Vec<Place> {
    let table = || Table { wanted: vec![0; cells.frequencies.len()], any: 0, common: 0.0 };
    let bucket = || Bucket { tables: std::array::from_fn(|_| table()), rate: 0.0, groups: cells.groups };
    let mut buckets: Vec<Bucket<'_>> = (0..count).map(|_| bucket()).collect();
    let choices: Vec<Vec<Choice>> = anchors.iter().map(|anchor| choices(anchor, cells)).collect();
    // Where a window stands, all anchors that have chosen it are compared.
    let mut crowds: HashMap<u64, u32> = HashMap::new();
    let best = |buckets: &[Bucket<'_>], crowds: &HashMap<u64, u32>, choices: &[Choice]| {
        let mut best = (f64::INFINITY, 0, 0);
        for (c, choice) in choices.iter().enumerate() {
            let crowd = crowds.get(&choice.bytes).map_or(0.0, |crowd| f64::from(*crowd));
            let standing = choice.chance * (1.0 + CROWDED * crowd);
            for (b, bucket) in buckets.iter().enumerate() {
                let cost = bucket.grows(&choice.wants, cells.frequencies) + standing;
                if cost < best.0 {
                    best = (cost, c, b);
                }
            }
        }
        (best.1, best.2)
    };
    // Those that pass most come first: they spoil a bucket, and should do so together.
    let empty = bucket();
    let least = |choices: &Vec<Choice>| {
        choices.iter().map(|c| empty.grows(&c.wants, cells.frequencies)).fold(f64::INFINITY, f64::min)
    };
    let mut order: Vec<(f64, usize)> = choices.iter().map(least).zip(0..).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen = vec![(0, 0); anchors.len()];
    // Those that came first could not know what would come after them, so all are placed once more.
    for round in 0..ROUNDS {
        for (_, i) in &order {
            let (choices, place) = (&choices[*i], &mut chosen[*i]);
            if round > 0 {
                let old = &choices[place.0];
                buckets[place.1].change(&old.wants, cells.frequencies, false);
                crowds.entry(old.bytes).and_modify(|crowd| *crowd -= 1);
            }
            *place = best(&buckets, &crowds, choices);
            let new = &choices[place.0];
            buckets[place.1].change(&new.wants, cells.frequencies, true);
            *crowds.entry(new.bytes).or_default() += 1;
        }
    }
    let place = |(mut choices, (choice, bucket)): (Vec<Choice>, (usize, usize))| {
        let Choice { offset, wants, .. } = choices.swap_remove(choice);
        Place { offset, wants, bucket }
    };
    choices.into_iter().zip(chosen).map(place).collect()
}

/// How often each anchor is placed.
const ROUNDS: usize = 3;

/// How much dearer a window is for each anchor that has chosen it. Words stand more often than their pairs of bytes say.
const CROWDED: f64 = 16.0;

fn choices(anchor: &Anchor, cells: &Cells<'_>) -> Vec<Choice> {
    let choice = |w: Window<'_>| Choice {
        offset: w.offset,
        chance: w.chance,
        bytes: w.bytes.iter().fold(0, |bytes, b| bytes << 8 | u64::from(b | 0x20)),
        wants: cells.wants(w.bytes, anchor.fold),
    };
    rarest(&anchor.text, CHOICES).into_iter().map(choice).collect()
}
