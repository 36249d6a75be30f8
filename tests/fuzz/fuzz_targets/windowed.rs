//! Scanning in pieces is scanning the whole, and the vector search is the portable one, with the built-in detectors.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seaworthy_detect::{AHEAD, BEHIND, Engine, FileKind, Piece, Scratch};
use seaworthy::rule::Rules;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let rules = Rules::load(&[], &[]).expect("the built-in rules load");
    rules.engine().prepare();
    rules
});
static PORTABLE: LazyLock<Engine> = LazyLock::new(|| {
    let detectors = RULES.all().iter().map(|r| (*r.detector).clone()).collect();
    let engine = Engine::portable(detectors).expect("the built-in rules build");
    engine.prepare();
    engine
});

type Found = (usize, usize, usize, usize, usize, Vec<u8>, i8);

fn scan(engine: &Engine, bytes: &[u8], cuts: &[usize]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut scratch = Scratch::default();
    for pair in cuts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let from = start.saturating_sub(BEHIND);
        let to = (end + AHEAD).min(bytes.len());
        let piece = Piece { bytes: &bytes[from..to], core_start: start - from, core_end: end - from, kind: FileKind::Config };
        engine.scan_plain(&piece, &mut scratch, &mut |hit| {
            let (m, s) = (hit.matched, hit.span);
            let secret = hit.secret.to_vec();
            found.push((hit.detector, m.start + from, m.end + from, s.start + from, s.end + from, secret, hit.adjust));
        });
    }
    found.sort();
    found.dedup();
    found
}

/// Bytes from 0xfc on are a language: the next byte says which detector's example or anchor stands there, how long a
/// run of blanks is, or where a cut is.
fn expand(data: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut text, mut cuts) = (Vec::new(), vec![0]);
    let mut bytes = data.iter().copied();
    while let Some(b) = bytes.next() {
        let mut next = || usize::from(bytes.next().unwrap_or(0));
        match b {
            0xff => {
                let rule = &RULES.all()[next() % RULES.all().len()];
                text.extend_from_slice(rule.examples().first().map_or("", String::as_str).as_bytes());
            }
            0xfe => {
                let rule = &RULES.all()[next() % RULES.all().len()];
                text.extend_from_slice(rule.detector.anchors.first().map_or("", String::as_str).as_bytes());
            }
            0xfd => text.resize(text.len() + next() * 40, b' '),
            0xfc => cuts.push(text.len()),
            _ => text.push(b),
        }
    }
    cuts.push(text.len());
    (text, cuts)
}

fuzz_target!(|data: &[u8]| {
    let (text, cuts) = expand(data);
    let whole = [0, text.len()];
    let found = scan(RULES.engine(), &text, &whole);
    assert_eq!(scan(RULES.engine(), &text, &cuts), found, "in pieces");
    assert_eq!(scan(&PORTABLE, &text, &whole), found, "portable");
});
