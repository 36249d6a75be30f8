//! A line on standard error that tells how far a scan is, if it takes more than a moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::output::Terminal;
use crate::scan::Progress;

/// How long a scan may take before the line appears.
const SHOWN_AFTER: Duration = Duration::from_millis(400);

/// Runs `work` and shows how far it is.
pub(super) fn with<T>(terminal: &Terminal, progress: &Progress, work: impl FnOnce() -> T) -> T {
    if !terminal.shows_progress() {
        return work();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| show(progress, &done));
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

fn show(progress: &Progress, done: &AtomicBool) {
    let start = Instant::now();
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    while !done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
        if start.elapsed() >= SHOWN_AFTER {
            let (layers, all) = (progress.layers_done(), progress.layers());
            let text = format!("layer {layers} of {all}, {} read", HumanBytes(progress.bytes()));
            let (judged, runs) = (progress.runs_done(), progress.runs());
            bar.set_message(match (runs, all) {
                (0, _) => text,
                (_, 0) => format!("run {judged} of {runs}, {} documents read", progress.documents()),
                _ => format!("{runs} runs; images: {text}"),
            });
            bar.tick();
        }
    }
    bar.finish_and_clear();
}
