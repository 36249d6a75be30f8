//! No anchor is a trap: a file that repeats one is scanned at a bounded multiple of what ordinary text costs, whichever
//! detector looks for it and whatever stands between the repetitions.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use seaworthy::rule::Rules;
use seaworthy_detect::{Engine, Piece, Scratch};

/// Bytes of each text.
const LENGTH: usize = 16 << 10;
/// How much more a text of anchors may cost than ordinary text, per byte. It is a bound and no aim, with room for what else
/// runs on the machine: `docs/reliability.md` has the figures of an optimised build.
const MOST: u32 = 400;
/// What stands between two anchors: nothing, what a line, an assignment, a string or a URL has there, and what keeps a
/// token going.
const BETWEEN: [&str; 6] = ["", "\n", " = \"", "\": \"a1B2c3\", ", "://user:", "a1B2c3D4e5"];

/// The processor time of this thread: what else runs on the machine does not count.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// What one scan costs.
fn once(engine: &Engine, text: &[u8], scratch: &mut Scratch) -> Duration {
    let start = spent();
    let mut found = 0_usize;
    engine.scan(&Piece::whole(text), scratch, &mut |_| found += 1);
    black_box(found);
    spent() - start
}

fn repeated(anchor: &str, between: &str) -> Vec<u8> {
    [anchor, between].concat().bytes().cycle().take(LENGTH).collect()
}

/// Source code, as images are full of it.
fn ordinary() -> Vec<u8> {
    include_bytes!("architecture.rs").iter().copied().cycle().take(LENGTH).collect()
}

#[test]
fn no_anchor_costs_more_than_a_bounded_time() {
    let rules = Rules::load(&[], &[]).unwrap();
    let (engine, scratch) = (rules.engine(), &mut Scratch::default());
    let text = ordinary();
    // A first scan makes tables, and others share the caches.
    let normal = (0..20).map(|_| once(engine, &text, scratch)).min().unwrap();
    let limit = normal.max(Duration::from_micros(50)) * MOST;
    let mut slow = Vec::new();
    for rule in rules.all() {
        for anchor in &rule.detector.anchors {
            for between in BETWEEN {
                let text = repeated(anchor, between);
                let mut took = once(engine, &text, scratch);
                for _ in 0..4 {
                    if took > limit {
                        took = took.min(once(engine, &text, scratch));
                    }
                }
                if took > limit {
                    slow.push((took, format!("{} {anchor:?} {between:?}", rule.detector.id)));
                }
            }
        }
    }
    slow.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    let worst: Vec<String> = slow.iter().take(40).map(|(t, what)| format!("{t:?} {what}")).collect();
    assert!(slow.is_empty(), "{} over {limit:?} for {LENGTH} bytes:\n{}", slow.len(), worst.join("\n"));
}
