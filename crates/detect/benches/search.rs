//! The search and the engine over real content in memory, with the built-in detectors: `cargo bench -p seaworthy-detect`.
//!
//! `SEAWORTHY_BENCH_DUMP=DIRECTORY` also writes the content and the anchors, for other matchers to run on the same bytes.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use seaworthy_detect::{Detector, Engine, Piece, Scratch, lexer, validate};

/// Where content is taken from, in this order, until there is enough.
const ROOTS: [&str; 5] = ["/usr/lib", "/usr/share", "/usr/bin", "/usr/local", "/opt"];
const CONTENT: u64 = 434_000_000;
/// Bytes that are scanned as one piece, as a layer is.
const PIECE: usize = 1 << 20;

fn main() {
    // The test harness's own flags are of no use here.
    let only = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let wants = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let detectors = detectors();
    let content = content(CONTENT);
    if let Some(directory) = std::env::var_os("SEAWORTHY_BENCH_DUMP") {
        dump(Path::new(&directory), &detectors, &content);
    }
    let engine = Engine::new(detectors.clone()).unwrap();
    let portable = Engine::portable(detectors.clone()).unwrap();
    println!(
        "{} detectors, {} anchors, {} MB\n",
        detectors.len(),
        engine.anchors().len(),
        content.len() / 1_000_000
    );
    if wants("start") {
        start(&detectors);
    }
    println!("| step, one thread | MB/s |\n|---|---|");
    if wants("search") {
        let expected =
            row("search: aho-corasick DFA, the referee", content.len(), 1, || automaton(&engine, &content));
        for (name, engine) in [(engine.search_name(), &engine), ("portable", &portable)] {
            engine.prepare();
            let found = row(&format!("search: {name}"), content.len(), 3, || {
                content.chunks(PIECE).map(|piece| engine.count_anchors(piece)).sum()
            });
            assert_eq!(found, expected, "{name}");
        }
    }
    if wants("engine") {
        let mut scratch = Scratch::default();
        row("engine: search and confirmation", content.len(), 3, || {
            let mut found = 0;
            for piece in content.chunks(PIECE) {
                engine.scan_plain(&Piece::whole(piece), &mut scratch, &mut |_| found += 1);
            }
            found
        });
    }
    if wants("decode") {
        let mut scratch = Scratch::default();
        row("engine, with what is encoded", content.len(), 3, || {
            let mut found = 0;
            for piece in content.chunks(PIECE) {
                engine.scan(&Piece::whole(piece), &mut scratch, &mut |_| found += 1);
            }
            found
        });
    }
    if wants("worst") {
        worst(&engine, &portable);
    }
}

/// Prints a row and returns what was found.
fn row(name: &str, size: usize, runs: usize, mut run: impl FnMut() -> usize) -> usize {
    let mut found = 0;
    let time = median(runs, || found = run());
    println!("| {name} ({found}) | {:.0} |", size as f64 / 1e6 / time.as_secs_f64());
    found
}

/// The median of `runs` runs, after one that is not counted where there are more.
fn median(runs: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..runs + usize::from(runs > 1))
        .map(|_| {
            let start = on_core();
            run();
            on_core().saturating_sub(start)
        })
        .collect();
    if runs > 1 {
        times.remove(0);
    }
    times.sort();
    times[times.len() / 2]
}

/// How long this thread has had a core, so that others on the machine do not count; the wall clock where the system
/// does not tell.
fn on_core() -> Duration {
    static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| EPOCH.elapsed(), Duration::from_nanos)
}

fn shortest(mut run: impl FnMut()) -> Duration {
    (0..15).map(|_| wall(&mut run)).min().unwrap_or_default()
}

fn wall(run: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn referee(engine: &Engine) -> aho_corasick::AhoCorasick {
    aho_corasick::AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        .build(engine.anchors().iter().map(|(text, _)| text))
        .unwrap()
}

fn automaton(engine: &Engine, content: &[u8]) -> usize {
    count(&referee(engine), &engine.anchors(), content)
}

fn count(automaton: &aho_corasick::AhoCorasick, anchors: &[(&[u8], bool)], content: &[u8]) -> usize {
    content
        .chunks(PIECE)
        .flat_map(|piece| automaton.find_overlapping_iter(piece).map(move |m| (m, piece)))
        .filter(|(m, piece)| {
            let (text, fold) = anchors[m.pattern().as_usize()];
            fold || &piece[m.range()] == text
        })
        .count()
}

/// What the first use costs: the shortest of several runs by the clock, since a core's own time is told too coarsely.
fn start(detectors: &[Detector]) {
    let shared: Vec<Arc<Detector>> = detectors.iter().cloned().map(Arc::new).collect();
    println!("| step | ms |\n|---|---|");
    let ms = |name: &str, time: Duration| println!("| {name} | {:.2} |", time.as_secs_f64() * 1e3);
    ms("the engine", shortest(|| drop(Engine::with_proved(shared.clone(), shared.len()).unwrap())));
    let text = b"nothing of note";
    let scan = |length: usize| {
        shortest(|| {
            let engine = Engine::with_proved(shared.clone(), shared.len()).unwrap();
            engine.scan(&Piece::whole(&text.repeat(length)), &mut Scratch::default(), &mut |_| ());
        })
    };
    ms("the engine and a scan of 15 bytes", scan(1));
    ms("the engine and a scan of 150 kB", scan(10_000));
    let prepared = |portable: bool| {
        shortest(|| {
            let build = if portable { Engine::portable } else { Engine::new };
            build(detectors.to_vec()).unwrap().prepare();
        })
    };
    ms("patterns checked, all tables", prepared(false));
    ms("patterns checked, all tables of the portable search", prepared(true));
    println!();
}

/// Bytes that are made to be slow.
fn worst(engine: &Engine, portable: &Engine) {
    const SIZE: usize = 4 << 20;
    let referee = referee(engine);
    let anchors = engine.anchors();
    println!(
        "\n| repeated: MB/s | automaton | {} | portable | engine |\n|---|---|---|---|---|",
        engine.search_name()
    );
    // A short run tells which anchors are slow.
    let mut slow: Vec<(f64, &[u8])> = anchors
        .iter()
        .map(|(text, _)| {
            let bytes = text.repeat((16 << 10) / text.len());
            let time =
                |run: &mut dyn FnMut()| (0..3).map(|_| wall(run)).min().unwrap_or_default().as_secs_f64();
            let search = time(&mut || _ = engine.count_anchors(&bytes));
            let automaton = time(&mut || _ = count(&referee, &anchors, &bytes));
            (search / automaton, *text)
        })
        .collect();
    slow.sort_by(|a, b| b.0.total_cmp(&a.0));
    let chosen =
        ["Z2hwX", "password=", "a", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ", ":54:", "YCA", "token: "];
    let texts = slow.iter().take(4).map(|(_, text)| *text).chain(chosen.iter().map(|t| t.as_bytes()));
    for text in texts {
        let (name, bytes) = (text.escape_ascii(), &text.repeat(SIZE / text.len()));
        let rate = |time: Duration| bytes.len() as f64 / 1e6 / time.as_secs_f64();
        let automaton = rate(median(3, || _ = count(&referee, &anchors, bytes)));
        let vector = rate(median(3, || _ = engine.count_anchors(bytes)));
        let stride = rate(median(3, || _ = portable.count_anchors(bytes)));
        let mut scratch = Scratch::default();
        let scan = rate(median(1, || engine.scan_plain(&Piece::whole(bytes), &mut scratch, &mut |_| ())));
        println!("| {name} | {automaton:.0} | {vector:.0} | {stride:.0} | {scan:.0} |");
    }
}

/// Content of this machine's files, in a fixed order.
fn content(total: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for root in ROOTS {
        collect(Path::new(root), total, &mut bytes);
    }
    bytes
}

fn collect(directory: &Path, total: u64, bytes: &mut Vec<u8>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if bytes.len() as u64 >= total {
            return;
        }
        if meta.is_dir() {
            collect(&path, total, bytes);
        } else if meta.is_file() && meta.len() <= 64 << 20 {
            bytes.extend(fs::read(&path).unwrap_or_default());
        }
    }
}

/// The content as `content`, and the anchors as `anchors`: 1 where case is ignored, and the text in hexadecimal.
fn dump(directory: &Path, detectors: &[Detector], content: &[u8]) {
    let engine = Engine::new(detectors.to_vec()).unwrap();
    let hex = |text: &[u8]| text.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let lines =
        engine.anchors().into_iter().map(|(text, fold)| format!("{} {}\n", u8::from(fold), hex(text)));
    fs::write(directory.join("anchors"), lines.collect::<String>()).unwrap();
    fs::write(directory.join("content"), content).unwrap();
}

/// The detectors of the project's rules files.
fn detectors() -> Vec<Detector> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut paths: Vec<PathBuf> = fs::read_dir(rules).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let tables = paths.iter().map(|p| fs::read_to_string(p).unwrap().parse::<toml::Table>().unwrap());
    tables.flat_map(|t| t["detector"].as_array().unwrap().clone()).map(|d| detector(&d)).collect()
}

fn detector(table: &toml::Value) -> Detector {
    let text = |key: &str| table.get(key).map(|v| v.as_str().unwrap().to_owned());
    let flag = |key: &str, default: bool| table.get(key).map_or(default, |v| v.as_bool().unwrap());
    let list = |key: &str| -> Vec<String> {
        let items = table.get(key).and_then(|v| v.as_array()).into_iter().flatten();
        items.map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    Detector {
        id: text("id").unwrap(),
        anchors: list("anchors"),
        case_insensitive: flag("case_insensitive", false),
        lookbehind: table.get("lookbehind").map_or(0, |v| v.as_integer().unwrap() as usize),
        pattern: text("pattern").unwrap_or_default(),
        lexer: text("lexer").map(|name| lexer::by_name(&name).unwrap()),
        requires: text("requires"),
        boundary: flag("boundary", false),
        min_entropy: table.get("min_entropy").map(|v| v.as_float().unwrap()),
        placeholder: flag("placeholder", true),
        validators: list("validators").iter().map(|name| validate::by_name(name).unwrap()).collect(),
        base64: flag("base64", false),
    }
}
