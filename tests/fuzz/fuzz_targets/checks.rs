//! Any bytes as the Dockerfile of a small context, with all checks of a build: no panic, and a report comes out. Before
//! the first null byte stands the Dockerfile, after it the ignore file, then a file that is copied.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seaworthy::contract::Contract;
use seaworthy::finding::FingerprintKey;
use seaworthy::rule::Rules;
use seaworthy::scan::{self, ContextRequest, DockerfileSource, Progress, Setup};
use seaworthy_context::Builder;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::load(&[], &[]).expect("the built-in rules load"));
/// A directory of this process alone.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = std::env::temp_dir().join(format!("seaworthy-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("src")).expect("a directory for the context");
    directory
});

fuzz_target!(|data: &[u8]| {
    let mut parts = data.split(|b| *b == 0);
    let dockerfile = parts.next().unwrap_or_default();
    let ignore = parts.next().unwrap_or(b"*.log");
    let file = parts.next().unwrap_or(b"x");
    std::fs::write(DIRECTORY.join(".dockerignore"), ignore).expect("the ignore file can be written");
    std::fs::write(DIRECTORY.join("src/app.py"), file).expect("the file can be written");
    let contract = Contract::default();
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        rules: &RULES,
        key: FingerprintKey::PlaceOnly,
        jobs: 1,
        today: jiff::civil::date(2026, 1, 1),
        progress: &progress,
    };
    let request = ContextRequest {
        root: DIRECTORY.clone(),
        dockerfile: Some(DockerfileSource { path: None, name: "Dockerfile".into(), bytes: dockerfile.to_vec() }),
        target: None,
        builder: Builder::BuildKit,
        packaged: Default::default(),
    };
    let _ = scan::context(&setup, &request);
});
