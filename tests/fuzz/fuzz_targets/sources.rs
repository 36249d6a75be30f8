//! Any bytes as a source of the wiring: a plan or state, a CloudFormation template, a task definition, a stored snapshot,
//! Terraform source. The first byte chooses.
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

/// A folder of this process alone, for the readers that take one.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("seaworthy-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for Terraform source");
    folder
});

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else { return };
    match kind % 5 {
        0 => drop(plan::read("fuzz", text.to_vec(), &Blind)),
        1 => drop(template::read("fuzz", text.to_vec(), &Blind)),
        2 => drop(task_definition::read("fuzz", text, &Blind)),
        3 => {
            if let Ok(snapshot) = saved::read("fuzz", text) {
                assert!(saved::write(&snapshot).is_ok());
            }
        }
        _ => {
            std::fs::write(FOLDER.join("main.tf"), text).expect("Terraform source can be written");
            drop(Configuration::read(&FOLDER));
        }
    }
});
