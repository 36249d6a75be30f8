//! Any bytes as a source of the wiring: a plan or state, a CloudFormation template, a task definition, a stored
//! snapshot, Terraform source. The first byte chooses.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seaworthy_aws::terraform::Configuration;
use seaworthy_aws::{Inspector, Sighting, plan, saved, task_definition, template};

struct Blind;

impl Inspector for Blind {
    fn inspect(&self, _: &str, _: &str) -> Vec<Sighting> {
        Vec::new()
    }
}

/// A directory of this process alone, for the readers that take one.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = std::env::temp_dir().join(format!("seaworthy-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for Terraform source");
    directory
});

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else { return };
    match kind % 5 {
        0 => drop(plan::parse("fuzz", text.to_vec(), &Blind)),
        1 => drop(template::parse("fuzz", text.to_vec(), &Blind)),
        2 => drop(task_definition::parse("fuzz", text, &Blind)),
        3 => {
            if let Ok(snapshot) = saved::parse("fuzz", text) {
                assert!(saved::write(&snapshot).is_ok());
            }
        }
        _ => {
            std::fs::write(DIRECTORY.join("main.tf"), text).expect("Terraform source can be written");
            drop(Configuration::read(&DIRECTORY));
        }
    }
});
