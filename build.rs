//! Packs the built-in rules files.
//!
//! They hold an example of every kind of secret. As plain text these would be found wherever a scanner, this program
//! included, examines an image that contains the program: the packed bytes are written as their complement.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use sha2::{Digest as _, Sha256};

#[path = "src/rule/raw.rs"]
mod raw;

/// The packed form of files, given as names and texts.
fn pack(texts: &[(String, String)], digest: String) -> Result<Vec<u8>, Box<dyn Error>> {
    let file = |(name, text): &(String, String)| {
        let parsed: raw::RawFile = toml::from_str(text).map_err(|e| format!("{name}: {e}"))?;
        Ok::<_, Box<dyn Error>>(raw::PackedFile { name: name.clone(), detectors: parsed.detector })
    };
    let files = texts.iter().map(file).collect::<Result<_, _>>()?;
    Ok(raw::Packed { digest, files }.to_bytes())
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rule/raw.rs");
    let mut texts = Vec::new();
    for entry in fs::read_dir("rules")? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            let name = path.file_name().map(|n| format!("rules/{}", n.to_string_lossy()));
            texts.push((name.ok_or("a file without a name")?, fs::read_to_string(&path)?));
        }
    }
    texts.sort();
    let mut hash = Sha256::new();
    for (name, text) in &texts {
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let digest = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    let packed = pack(&texts, digest)?;
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    let complement: Vec<u8> = packed.iter().map(|byte| !byte).collect();
    fs::write(Path::new(&out).join("rules.packed"), complement)?;
    Ok(())
}
