//! The anchor search alone, over real content in memory: vector search, portable automaton, and the whole engine.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::fs;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use seaworthy::rule::Rules;
use seaworthy_detect::{Engine, Piece, Scratch};

fn main() {
    let bytes: Vec<u8> = common::files(400_000_000).iter().flat_map(|(p, _)| fs::read(p).unwrap()).collect();
    let size = bytes.len() as u64;
    let rules = Rules::load(&[], &[]).unwrap();
    let detectors = || rules.all().iter().map(|r| r.detector.clone()).collect::<Vec<_>>();
    let vector = Engine::new(detectors()).unwrap();
    let portable = Engine::portable(detectors()).unwrap();
    let anchors: Vec<String> = rules.all().iter().flat_map(|r| r.detector.anchors.clone()).collect();
    println!("content: {} MB; {} detectors, {} anchors", size / 1_000_000, rules.all().len(), anchors.len());
    println!("\n| step, one thread | MB/s |\n|---|---|");
    let row = |name: &str, run: &mut dyn FnMut() -> usize| {
        let mut n = 0;
        let time = common::median(5, || n = run());
        println!("| {name} ({n}) | {:.0} |", common::mb_per_s(size, time));
    };
    let bare = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&anchors)
        .unwrap();
    row("bare automaton: aho-corasick DFA over the same anchors", &mut || bare.find_iter(&bytes).count());
    row("our portable search: the same with base64 forms, overlapping", &mut || {
        portable.count_anchors(&bytes)
    });
    row(&format!("our search: {}", vector.search_name()), &mut || vector.count_anchors(&bytes));
    row("our engine: search and confirmation", &mut || {
        let (mut n, mut scratch) = (0, Scratch::default());
        for piece in bytes.chunks(1 << 20) {
            vector.scan(&Piece::whole(piece), &mut scratch, &mut |_| n += 1);
        }
        n
    });
}
