//! Whole images: layer walk, hashing, unpacking and examining together, against what each must cost at least.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod common;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use seaworthy::contract::Contract;
use seaworthy::finding::FingerprintKey;
use seaworthy::rule::Rules;
use seaworthy::scan::{self, ImageRequest, Progress, Setup};
use seaworthy_image::{Digest, layout};

const RUNS: usize = 5;

fn main() {
    let directory = common::scratch();
    let files = common::files(450_000_000);
    let rules = Rules::load(&[], &[]).unwrap();
    let plain = directory.join("plain.layer");
    let diff_id = common::layer(&plain, &files, "");
    let size = fs::metadata(&plain).unwrap().len();
    println!(
        "content: {} files, {} MB; search: {}",
        files.len(),
        size / 1_000_000,
        rules.engine().search_name()
    );
    println!("\n| figure | measured | target |\n|---|---|---|");
    let one = directory.join("one-plain");
    common::layout(&one, &[(plain.clone(), "", diff_id.clone(), diff_id)]);
    plain_layer(&rules, &plain, &one, size);
    gzip_layers(&rules, &directory, &files);
    memory(&directory, &files);
    start_up(&directory);
}

fn inspect(rules: &Rules, directory: &Path, jobs: usize) {
    let contract = Contract::default();
    let source = layout::open("bench", directory, None, &seaworthy_image::Limits::default()).unwrap();
    let setup = Setup {
        contract: &contract,
        rules,
        key: FingerprintKey::PlaceOnly,
        jobs,
        today: jiff::civil::date(2026, 1, 1),
        progress: &Progress::default(),
    };
    let outcome = scan::image(&setup, &ImageRequest { source, recipe: None, exec: None }).unwrap();
    assert!(!outcome.report.checks.iter().any(|c| c.meta.id == "SW309" && c.findings > 0), "digests differ");
    assert_eq!(outcome.report.coverage.layers_not_seen, 0, "{:?}", outcome.report.not_checked);
}

fn plain_layer(rules: &Rules, plain: &Path, image: &Path, size: u64) {
    let anchors: Vec<String> = rules.all().iter().flat_map(|r| r.detector.anchors.clone()).collect();
    let bare = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&anchors)
        .unwrap();
    let bytes = fs::read(plain).unwrap();
    let automaton = common::median(RUNS, || assert!(bare.find_iter(&bytes).count() > 0));
    drop(bytes);
    let one = common::median(RUNS, || inspect(rules, image, 1));
    let two = common::median(RUNS, || inspect(rules, image, 2));
    let speed = |t: Duration| common::mb_per_s(size, t);
    println!(
        "| plain layer, one thread: whole inspection {:.0} MB/s, bare automaton {:.0} MB/s | {:.2} | at least 0.8 |",
        speed(one),
        speed(automaton),
        automaton.as_secs_f64() / one.as_secs_f64()
    );
    println!(
        "| one large plain layer: two threads {:.0} MB/s against one | {:.2} | at least 1.7 |",
        speed(two),
        one.as_secs_f64() / two.as_secs_f64()
    );
}

/// The content in one large gzip layer, and in three of which one is the largest, as most images have it.
fn gzip_layers(rules: &Rules, directory: &Path, files: &[(PathBuf, u64)]) {
    let cut = |share: f64| ((files.len() as f64) * share) as usize;
    for (name, cuts) in [("one", vec![0.0, 1.0]), ("three", vec![0.0, 0.6, 0.9, 1.0])] {
        let layers: Vec<(PathBuf, &str, Digest, Digest)> = cuts
            .windows(2)
            .enumerate()
            .map(|(i, w)| {
                let tar = directory.join(format!("gzip-{name}-{i}.tar"));
                let packed = tar.with_extension("gz");
                let diff_id = common::layer(&tar, &files[cut(w[0])..cut(w[1])], "");
                let mut encoder =
                    flate2::write::GzEncoder::new(File::create(&packed).unwrap(), Compression::new(6));
                std::io::copy(&mut File::open(&tar).unwrap(), &mut encoder).unwrap();
                encoder.finish().unwrap();
                fs::remove_file(&tar).unwrap();
                let digest = common::digest(&packed);
                (packed, "+gzip", digest, diff_id)
            })
            .collect();
        let image = directory.join(format!("gzip-{name}"));
        common::layout(&image, &layers);
        for jobs in [1, 2] {
            let inflate = common::median(RUNS, || inflate_only(&layers, jobs));
            let whole = common::median(RUNS, || inspect(rules, &image, jobs));
            println!(
                "| {name} gzip layer(s), {jobs} thread(s): {:.2} s, inflating alone {:.2} s | {:.2} | at most 1.3 |",
                whole.as_secs_f64(),
                inflate.as_secs_f64(),
                whole.as_secs_f64() / inflate.as_secs_f64()
            );
        }
    }
}

/// Inflates all layers on `jobs` threads, with the decoder and the buffer sizes that the inspection uses.
fn inflate_only(layers: &[(PathBuf, &str, Digest, Digest)], jobs: usize) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let mut buffer = vec![0; 1 << 20];
                while let Some(layer) = layers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let input = std::io::BufReader::with_capacity(128 << 10, File::open(&layer.0).unwrap());
                    let mut inflated = MultiGzDecoder::new(input);
                    while inflated.read(&mut buffer).unwrap() > 0 {}
                }
            });
        }
    });
}

/// Peak anonymous memory of the real binary on 300 MB and on 3 GB.
fn memory(directory: &Path, files: &[(PathBuf, u64)]) {
    let mut peaks = Vec::new();
    // Ten layers both times, of the same content: a tenth of it in each, and all of it in each.
    for share in [1, 10] {
        let image = directory.join(format!("memory-{share}"));
        let mut layers = Vec::new();
        let part: Vec<_> = files
            .iter()
            .scan(0, |sum, f| {
                *sum += f.1;
                (*sum < 300_000_000).then(|| f.clone())
            })
            .collect();
        for i in 0..10 {
            let path = directory.join(format!("memory-{share}-{i}.layer"));
            let tenth: Vec<_> = part.iter().skip(i).step_by(10).cloned().collect();
            let content = if share == 1 { &tenth } else { &part };
            let digest = common::layer(&path, content, &format!("copy{i}"));
            layers.push((path, "", digest.clone(), digest));
        }
        common::layout(&image, &layers);
        layers.iter().for_each(|l| fs::remove_file(&l.0).unwrap());
        let mut child = seaworthy(&image, 2).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            let anonymous = fs::read_to_string(&status).ok().and_then(|s| {
                s.lines().find_map(|l| {
                    l.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
                })
            });
            peak = peak.max(anonymous.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(2));
        }
        fs::remove_dir_all(&image).unwrap();
        peaks.push(peak as f64 / 1024.0);
    }
    println!("| peak RssAnon, 3 GB image: {:.0} MiB | {0:.0} MiB | at most 128 MiB |", peaks[1]);
    println!("| the same, against 300 MB: {:.0} MiB | {:.2} | about 1 |", peaks[0], peaks[1] / peaks[0]);
}

fn start_up(directory: &Path) {
    let tiny = directory.join("tiny.layer");
    let hello = directory.join("hello");
    fs::write(&hello, "hello").unwrap();
    let digest = common::layer(&tiny, &[(hello, 5)], "");
    let image = directory.join("tiny");
    common::layout(&image, &[(tiny, "", digest.clone(), digest)]);
    let time = common::median(20, || assert!(seaworthy(&image, 2).status().unwrap().success()));
    println!("| 1 kB image, start to finish | {:.0} ms | at most 30 ms |", time.as_secs_f64() * 1000.0);
}

fn seaworthy(image: &Path, jobs: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command.arg("image").arg(format!("oci:{}", image.display())).args(["-q", "--exit-zero", "--jobs"]);
    command.arg(jobs.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
