//! From a place in a decoded text back to where it stands encoded.

use std::ops::Range;

/// Stretches of a decoded text, each of which maps evenly to encoded text.
pub(super) struct Map {
    /// Where stretches begin: in the decoded text, and in the encoded.
    starts: Vec<(usize, usize)>,
    /// How many decoded bytes one group holds, and how many encoded.
    group: (usize, usize),
    /// Where the encoded text ends.
    end: usize,
}

impl Map {
    /// A map whose groups are `group.0` bytes decoded and `group.1` encoded.
    pub(super) fn new(group: (usize, usize)) -> Self {
        Self { starts: Vec::new(), group, end: 0 }
    }

    /// From `decoded` on, the text stands at `encoded`. Both grow from call to call.
    pub(super) fn stretch(&mut self, decoded: usize, encoded: usize) {
        self.starts.push((decoded, encoded));
    }

    /// The same map for a decoded text that begins `by` bytes later.
    pub(super) fn shifted(mut self, by: usize) -> Self {
        self.starts.iter_mut().for_each(|(decoded, _)| *decoded += by);
        self
    }

    /// The encoded text ends here.
    pub(super) fn close(mut self, end: usize) -> Self {
        self.end = end;
        self
    }

    /// The encoded range that holds a decoded one; never empty.
    pub(super) fn back(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.encoded(range.start, false);
        let end = self.encoded(range.end.saturating_sub(1), true);
        start..end.max(start + 1).min(self.end.max(start + 1))
    }

    /// Where the group of a decoded byte begins, or ends.
    fn encoded(&self, at: usize, end: bool) -> usize {
        let next = self.starts.partition_point(|(decoded, _)| *decoded <= at);
        let Some((decoded, encoded)) = next.checked_sub(1).and_then(|i| self.starts.get(i)) else { return 0 };
        let groups = (at - decoded) / self.group.0 + usize::from(end);
        let place = encoded + groups * self.group.1;
        match self.starts.get(next) {
            // An escape is longer than what it stands for.
            Some((from, following)) if end && at + 1 == *from => *following,
            Some((_, following)) => place.min(*following),
            None => place.min(self.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_again() {
        let mut map = Map::new((3, 4));
        map.stretch(0, 10);
        map.stretch(6, 19);
        let map = map.close(27);
        assert_eq!(map.back(&(0..1)), 10..14);
        assert_eq!(map.back(&(4..8)), 14..23);
        assert_eq!(map.back(&(6..12)), 19..27);
        let mut map = Map::new((1, 1));
        map.stretch(0, 5);
        map.stretch(2, 10);
        let map = map.close(12);
        assert_eq!(map.back(&(0..2)), 5..10);
        assert_eq!(map.back(&(1..3)), 6..11);
    }
}
