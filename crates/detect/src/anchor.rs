//! The anchors of all detectors as one list, each with what is to be tried where it stands.

use super::Detector;
use super::base64::wrapped_forms;

/// What to try where an anchor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The detector's pattern.
    Plain(u32),
    /// The detector's pattern in the decoded base64 around it; the detector's anchor begins `shift` bytes after a
    /// group of three.
    Base64 {
        /// Index of the detector.
        detector: u32,
        /// Index of its anchor.
        anchor: u32,
        /// 0, 1 or 2.
        shift: u8,
    },
}

/// One literal to look for.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    /// Its bytes; in lower case if case is ignored.
    pub(super) text: Box<[u8]>,
    /// Whether ASCII case is ignored.
    pub(super) fold: bool,
    /// What to try where it stands.
    pub(super) targets: Vec<Target>,
}

impl Anchor {
    /// Whether it stands at `start` in `bytes`.
    #[inline]
    pub(super) fn stands_at(&self, bytes: &[u8], start: usize) -> bool {
        let Some(found) = bytes.get(start..start + self.text.len()) else { return false };
        if self.fold {
            found.iter().zip(&*self.text).all(|(a, b)| a.to_ascii_lowercase() == *b)
        } else {
            found == &*self.text
        }
    }
}

/// Gathers the anchors of `detectors`: one entry for each different literal, its targets by detector.
pub(super) fn gather<'a>(detectors: impl Iterator<Item = &'a Detector>) -> Vec<Anchor> {
    let mut all: Vec<(Box<[u8]>, bool, Target)> = Vec::new();
    for (i, detector) in detectors.enumerate() {
        let id = u32::try_from(i).unwrap_or(u32::MAX);
        for (j, anchor) in detector.anchors.iter().enumerate() {
            let fold = detector.case_insensitive;
            let text = if fold { anchor.to_ascii_lowercase() } else { anchor.clone() };
            all.push((text.into_bytes().into(), fold, Target::Plain(id)));
            if detector.base64 && !fold {
                let anchor_id = u32::try_from(j).unwrap_or(u32::MAX);
                for (shift, wrapped) in wrapped_forms(anchor.as_bytes()) {
                    all.push((
                        wrapped.into(),
                        false,
                        Target::Base64 { detector: id, anchor: anchor_id, shift },
                    ));
                }
            }
        }
    }
    // Stable, so that targets stay in order; the first bytes, as a number, tell most of them apart.
    all.sort_by(|(a, fold_a, _), (b, fold_b, _)| {
        first_bytes(a).cmp(&first_bytes(b)).then_with(|| (a, fold_a).cmp(&(b, fold_b)))
    });
    let mut anchors: Vec<Anchor> = Vec::with_capacity(all.len());
    for (text, fold, target) in all {
        match anchors.last_mut() {
            Some(last) if last.text == text && last.fold == fold => last.targets.push(target),
            _ => anchors.push(Anchor { text, fold, targets: vec![target] }),
        }
    }
    anchors
}

/// The first eight bytes of a text as a number that is in the order of texts.
fn first_bytes(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(eight) => u64::from_be_bytes(*eight),
        None => (0..8).fold(0, |all, i| all << 8 | u64::from(text.get(i).copied().unwrap_or(0))),
    }
}
