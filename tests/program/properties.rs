//! What holds of every layer, whatever is in it.

#[path = "../support/parts.rs"]
mod parts;
use proptest::prelude::*;
use seaworthy_image::layer::Overlap;
use seaworthy_image::{Digest, Limits};

use crate::support::{Packing, Tar};
use parts::walk;

const OVERLAPS: [Overlap; 3] = [
    Overlap { behind: 0, ahead: 0 },
    Overlap { behind: 5, ahead: 700 },
    Overlap { behind: 512, ahead: 8704 },
];

/// Sizes around blocks and around chunks, which have a mebibyte of new bytes and the overlap.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => 0usize..1600,
        1 => (0usize..12_000).prop_map(|n| (1 << 20) - 2000 + n),
        1 => (0usize..12_000).prop_map(|n| (2 << 20) - 2000 + n),
    ]
}

/// Bytes that tell their place.
fn content(seed: usize, size: usize) -> Vec<u8> {
    (0..size).map(|i| (i.wrapping_mul(31) ^ (i >> 8) ^ seed) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_file_comes_whole(
        sizes in prop::collection::vec(size(), 0..6),
        crumbs in prop::collection::vec(any::<u8>(), 1..6),
        overlap in 0usize..3,
        packing in 0usize..5,
    ) {
        let files: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(i, size)| content(i, *size)).collect();
        let tar = files.iter().enumerate().fold(Tar::new(), |tar, (i, bytes)| tar.file(&format!("f/{i}"), bytes));
        let tar = tar.done();
        // Small members and frames of a large layer would take the test's time for themselves.
        let packing = Packing::ALL[packing];
        let packing = if tar.len() > 1 << 20 && packing == Packing::GzipMembers { Packing::Gzip } else { packing };
        let packing = if tar.len() > 1 << 20 && packing == Packing::ZstdFrames { Packing::Zstd } else { packing };
        let stored = packing.pack(&tar);
        let crumbs: Vec<u8> = crumbs.iter().map(|c| if tar.len() > 1 << 20 { c | 0xc0 } else { *c }).collect();
        let (found, summary) = walk(&stored, &crumbs, OVERLAPS[overlap], &Limits::default());
        prop_assert!(summary.whole && summary.missed.is_empty(), "{:?}", summary.missed);
        prop_assert_eq!(summary.entries, files.len() as u64);
        prop_assert_eq!(summary.unpacked_bytes, tar.len() as u64);
        if packing != Packing::Plain {
            prop_assert_eq!(summary.blob_digest, Some(Digest::of(&stored)));
        }
        let found: Vec<(Vec<u8>, &[u8])> = found
            .iter()
            .filter(|f| f.path.starts_with(b"f/"))
            .map(|f| (f.path.clone(), &f.bytes[..]))
            .collect();
        let wanted: Vec<(Vec<u8>, &[u8])> = files
            .iter()
            .enumerate()
            .filter(|(_, bytes)| !bytes.is_empty())
            .map(|(i, bytes)| (format!("f/{i}").into_bytes(), &bytes[..]))
            .collect();
        prop_assert!(found == wanted, "{:?}", sizes);
    }

    #[test]
    fn damage_never_confuses_the_walk(
        sizes in prop::collection::vec(0usize..1600, 1..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        crumbs in prop::collection::vec(any::<u8>(), 1..6),
    ) {
        let tar = sizes.iter().enumerate().fold(Tar::new(), |tar, (i, size)| {
            let tar = tar.pax(&[("path", format!("p/{i}").as_bytes())], "x", content(i, *size));
            tar.gnu_long(&"long/".repeat(30 + i), content(i, *size)).symlink("a", "b")
        });
        let mut tar = tar.done();
        for (at, byte) in changes {
            let at = at.index(tar.len());
            tar[at] = byte;
        }
        tar.truncate(cut.index(tar.len()) + 1);
        for overlap in OVERLAPS {
            walk(&tar, &crumbs, overlap, &Limits::default());
        }
    }
}
