//! Any bytes as a file that holds others (gzip, zstd, xz, bzip2, lz4, zip, tar, git objects …), whatever its name says:
//! no panic, and no more comes out than the limits allow.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use seaworthy_image::Limits;
use seaworthy_image::layer::{ContentKind, FileMeta, Overlap};
use seaworthy_image::nested;
use seaworthy_source::LayerPath;

/// Most bytes that may come out of one file.
const MOST: u64 = 4 << 20;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { nested_bytes: MOST, nested_entries: 1000, nested_ratio_after_bytes: 1 << 20, ..Limits::default() };
    let file = Arc::new(FileMeta {
        path: LayerPath::clean(b"srv/file"),
        ordinal: 0,
        size: data.len() as u64,
        kind: ContentKind::File,
        inside: None,
    });
    let mut reader = data;
    let overlap = Overlap { behind: 512, ahead: 8704 };
    let opened = nested::open(&file, &mut reader, &limits, overlap, &mut |_| None);
    assert!(opened.unpacked <= 2 * MOST, "{}", opened.unpacked);
});
