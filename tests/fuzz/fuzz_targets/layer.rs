//! Any bytes as a layer, read in crumbs: nothing panics, and the parts touch and cover.
#![no_main]

#[path = "../../support/parts.rs"]
mod parts;

use libfuzzer_sys::fuzz_target;
use seaworthy_image::Limits;
use seaworthy_image::layer::Overlap;

fuzz_target!(|input: (&[u8], u8, u8, &[u8])| {
    let (sizes, filler, split, data) = input;
    // A chunk has more than a mebibyte, so some of the layers are made longer than that, somewhere in them.
    let split = data.len() * usize::from(split) / 256;
    let filler = vec![b' '; usize::from(filler.saturating_sub(200)) * 50_000];
    let layer = [&data[..split], &filler, &data[split..]].concat();
    let limits = Limits {
        layer_bytes: 4 << 20,
        entries: 1000,
        path_bytes: 200,
        extended_header_bytes: 2000,
        ratio_after_bytes: 1 << 20,
        ..Limits::default()
    };
    parts::walk(&layer, sizes, Overlap { behind: 512, ahead: 8704 }, &limits);
});
