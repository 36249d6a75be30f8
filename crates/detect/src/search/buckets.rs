//! Spreads windows over buckets so that few positions pass.
//!
//! A sieve looks each pair of a window up in a table of its own: a cell says which buckets want that pair there, and a
//! position passes if some bucket wants all of its pairs. So a bucket passes positions at about the product, over the
//! tables, of how common the cells are that it wants. Each window goes where it adds least to that.

use super::window::{PAIRS, WINDOW};

/// What a window wants of one table.
pub(super) enum Wanted {
    /// The cell of a pair that is known.
    Cell(u16),
    /// The cells of all pairs that begin with the window's last byte.
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

/// The wants of each different window of `windows`, whose bytes are folded; `half` gives those of a last byte alone.
pub(super) fn wants<'a>(
    windows: impl Iterator<Item = &'a [u8]>,
    cell: impl Fn(u8, u8) -> usize,
    half: impl Fn(u8) -> Wanted,
) -> Vec<Wants> {
    // A short window wants nothing of its missing bytes, so it is told apart by its length.
    let mut folded: Vec<(usize, [u8; WINDOW])> = windows
        .map(|window| {
            let mut bytes = [0; WINDOW];
            for (to, from) in bytes.iter_mut().zip(window) {
                *to = from & !0x20;
            }
            (window.len(), bytes)
        })
        .collect();
    folded.sort_unstable();
    folded.dedup();
    let of_pair = |(length, bytes): &(usize, [u8; WINDOW]), k: usize| match length.saturating_sub(k) {
        0 => Wanted::Any,
        1 => half(bytes[k]),
        _ => Wanted::Cell(u16::try_from(cell(bytes[k], bytes[k + 1])).unwrap_or(u16::MAX)),
    };
    folded.iter().map(|window| std::array::from_fn(|k| of_pair(window, k))).collect()
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
    wanted: Vec<u32>,
    /// How many take any cell.
    any: u32,
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
        let step = |count: &mut u32| {
            let before = *count > 0;
            *count = if add { *count + 1 } else { count.saturating_sub(1) };
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

/// The bucket of each window, one of `count`. `frequencies` says how common each cell is, `groups` which tables are
/// tested together.
pub(super) fn spread(windows: &[Wants], frequencies: &[f64], groups: &[&[usize]], count: usize) -> Vec<usize> {
    let table = || Table { wanted: vec![0; frequencies.len()], any: 0, common: 0.0 };
    let bucket = || Bucket { tables: std::array::from_fn(|_| table()), rate: 0.0, groups };
    let mut buckets: Vec<Bucket<'_>> = (0..count).map(|_| bucket()).collect();
    let best = |buckets: &[Bucket<'_>], wants: &Wants| {
        let growth: Vec<f64> = buckets.iter().map(|b| b.grows(wants, frequencies)).collect();
        (0..growth.len()).min_by(|a, b| growth[*a].total_cmp(&growth[*b])).unwrap_or(0)
    };
    // Those that pass most come first: they spoil a bucket, and should do so together.
    let empty = bucket();
    let mut order: Vec<(f64, usize)> =
        windows.iter().enumerate().map(|(i, wants)| (empty.grows(wants, frequencies), i)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut home = vec![0; windows.len()];
    for (_, i) in &order {
        home[*i] = best(&buckets, &windows[*i]);
        buckets[home[*i]].change(&windows[*i], frequencies, true);
    }
    // Those that came first could not know what would come after them.
    for (_, i) in order.iter().chain(&order) {
        buckets[home[*i]].change(&windows[*i], frequencies, false);
        home[*i] = best(&buckets, &windows[*i]);
        buckets[home[*i]].change(&windows[*i], frequencies, true);
    }
    home
}
