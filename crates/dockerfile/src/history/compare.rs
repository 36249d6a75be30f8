//! Whether an image's history is the one that a Dockerfile makes.

use super::super::file::Dockerfile;
use super::super::keyword::Keyword;
use super::super::stage::Base;
use super::super::syntax::LineRange;
use super::entry::Entry;
use super::{HistoryLine, aligned, candidates, in_order, required};

/// The first place, from the end, at which a history is not the one that a Dockerfile makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryDifference {
    /// The entry in the instruction's place is of the same kind and has another text.
    OtherText {
        /// The instruction's lines.
        lines: LineRange,
        /// The entry.
        entry: usize,
        /// Whether every builder writes instructions of this kind alike, so that only another instruction can have made
        /// the entry.
        is_certain: bool,
    },
    /// No entry stands in the instruction's place, or one of another kind.
    NoEntry {
        /// The instruction's lines.
        lines: LineRange,
    },
    /// The file begins from `scratch`, and entries stand before its first.
    MoreEntries {
        /// How many.
        count: usize,
    },
    /// The file begins from an image, and no entry is that image's.
    NoBase,
}

/// Where the history of an image is not the one that `dockerfile` makes for its last stage or for `target`; nothing if it
/// is. What only the build knows, such as the value of a build argument, may be anything.
pub fn history_difference(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    history: &[HistoryLine<'_>],
) -> Option<HistoryDifference> {
    let mut difference = difference(dockerfile, target, history)?;
    if let HistoryDifference::OtherText { is_certain, .. } = &mut difference
        && *is_certain
        && target.is_none()
    {
        // An image of another stage is no image of another file.
        let mut others = dockerfile.stages.iter().map(|stage| stage.index.to_string());
        *is_certain = !others.any(|stage| self::difference(dockerfile, Some(&stage), history).is_none());
    }
    Some(difference)
}

fn difference(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    history: &[HistoryLine<'_>],
) -> Option<HistoryDifference> {
    let entries: Vec<Entry<'_>> = history.iter().map(|line| Entry::read(line.created_by)).collect();
    let instructions = in_order(dockerfile, target).ok()?;
    let candidates = candidates(dockerfile, &instructions);
    let lines = |candidate: usize| {
        let (number, _) = instructions.get(candidate)?;
        Some(dockerfile.instructions.get(*number)?.lines)
    };
    let pairs = aligned(&entries, &candidates, false);
    // A builder that writes nothing as it is known here proves nothing by its texts.
    let is_known = pairs.iter().any(|p| p.agrees);
    if let Some(pair) = pairs.iter().find(|p| !p.agrees) {
        let keyword = candidates.get(pair.candidate)?.keyword;
        let is_certain = is_known && is_plain(keyword);
        return Some(HistoryDifference::OtherText {
            lines: lines(pair.candidate)?,
            entry: pair.entry,
            is_certain,
        });
    }
    if pairs.len() < required(&candidates, &entries) {
        let first = pairs.last().map_or(candidates.len(), |p| p.candidate);
        let writes_triggers = entries.iter().any(|e| e.keyword == Keyword::Onbuild);
        let missing =
            |i: &usize| candidates.get(*i).is_some_and(|c| c.keyword != Keyword::Onbuild || writes_triggers);
        let candidate = (0..first).rev().find(missing)?;
        return Some(HistoryDifference::NoEntry { lines: lines(candidate)? });
    }
    let count = pairs.last().map_or(entries.len(), |p| p.entry);
    match dockerfile.chain(target).ok()?.first()?.base {
        Base::Scratch if count > 0 => Some(HistoryDifference::MoreEntries { count }),
        Base::Image if count == 0 => Some(HistoryDifference::NoBase),
        _ => None,
    }
}

/// Whether the entry of an instruction of this kind is its own text, in a form that all builders have. Paths are not: some
/// clean them and make them absolute.
fn is_plain(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Env | Keyword::Entrypoint | Keyword::Cmd | Keyword::User | Keyword::Label)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    const FILE: &str = "FROM scratch\nCOPY bin /usr/bin\nARG V=1\nENV A=$V B=c\nENTRYPOINT [\"app\"]\n";
    const BUILT: [&str; 4] =
        ["COPY bin /usr/bin # buildkit", "ARG V=1", "ENV A=1 B=c", "ENTRYPOINT [\"app\"]"];

    fn difference(file: &str, history: &[&str]) -> Option<HistoryDifference> {
        let dockerfile = Dockerfile::parse(file.as_bytes()).unwrap();
        let history: Vec<_> =
            history.iter().map(|text| HistoryLine { created_by: text, empty_layer: false }).collect();
        history_difference(&dockerfile, None, &history)
    }

    #[test]
    fn the_history_that_a_file_makes_has_no_difference() {
        assert_eq!(difference(FILE, &BUILT), None);
        let based = FILE.replace("scratch", "debian:12");
        let history = [&["CMD [\"bash\"]"][..], &BUILT].concat();
        assert_eq!(difference(&based, &history), None);
        // The build was given another value.
        assert_eq!(difference(FILE, &[BUILT[0], "ARG V=2", "ENV A=2 B=c", BUILT[3]]), None);
    }

    #[test]
    fn what_a_builder_may_write_otherwise_proves_nothing() {
        // A variable that is empty takes its blank along.
        let file = "FROM scratch\nARG EXTRA\nENV OPTS=\"-Xmx1g $EXTRA\" B=c\nCMD [\"a\"]\n";
        assert_eq!(difference(file, &["ARG EXTRA", "ENV OPTS=-Xmx1g B=c", "CMD [\"a\"]"]), None);
        // A path that was cleaned, and the image of another stage.
        let certain = |file: &str, history: &[&str]| match difference(file, history) {
            Some(HistoryDifference::OtherText { is_certain, .. }) => is_certain,
            other => panic!("{other:?}"),
        };
        let file = "FROM scratch\nENV A=b\nWORKDIR /a/../b\n";
        assert!(!certain(file, &["ENV A=b", "WORKDIR /b"]));
        let file = "FROM scratch AS base\nENV A=b\nFROM base AS one\nCMD [\"one\"]\nFROM base AS two\nCMD [\"two\"]\n";
        assert!(!certain(file, &["ENV A=b", "CMD [\"one\"]"]));
        assert!(certain(file, &["ENV A=b", "CMD [\"three\"]"]));
    }

    #[test]
    fn every_other_history_has_one() {
        let lines = |line| LineRange { first: line, last: line };
        let other = difference(FILE, &[BUILT[0], BUILT[1], BUILT[2], "ENTRYPOINT [\"other\"]"]);
        let expected = HistoryDifference::OtherText { lines: lines(5), entry: 3, is_certain: true };
        assert_eq!(other, Some(expected));
        let other = difference(FILE, &["COPY bin /opt/bin # buildkit", BUILT[1], BUILT[2], BUILT[3]]);
        let expected = HistoryDifference::OtherText { lines: lines(2), entry: 0, is_certain: false };
        assert_eq!(other, Some(expected));
        assert_eq!(difference(FILE, &BUILT[1..]), Some(HistoryDifference::NoEntry { lines: lines(2) }));
        assert_eq!(difference(FILE, &[]), Some(HistoryDifference::NoEntry { lines: lines(5) }));
        let more = [&["CMD [\"bash\"]"][..], &BUILT].concat();
        assert_eq!(difference(FILE, &more), Some(HistoryDifference::MoreEntries { count: 1 }));
        let based = FILE.replace("scratch", "debian:12");
        assert_eq!(difference(&based, &BUILT), Some(HistoryDifference::NoBase));
        // Nothing of this history is written as it is known here.
        let foreign = ["a", "b"];
        assert_eq!(difference(FILE, &foreign), Some(HistoryDifference::NoEntry { lines: lines(5) }));
    }
}
