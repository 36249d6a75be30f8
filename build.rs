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

/// The packed form of files, given as names and texts: what every scan reads, and what none does.
fn pack(texts: &[(String, String)], digest: String) -> Result<(Vec<u8>, Vec<u8>), Box<dyn Error>> {
    let (mut files, mut proofs) = (Vec::new(), Vec::new());
    for (name, text) in texts {
        let parsed: raw::RawFile = toml::from_str(text).map_err(|e| format!("{name}: {e}"))?;
        let mut detectors = parsed.detector;
        for detector in &mut detectors {
            let proof = detector.take_proof();
            if proof.examples.is_empty() || proof.negative_examples.is_empty() {
                return Err(format!("{name}: {}: examples are missing", detector.id.get_ref()).into());
            }
            proofs.push(proof);
        }
        files.push(raw::PackedFile { name: name.clone(), detectors });
    }
    Ok((raw::Packed { digest, files }.to_bytes(), raw::proofs_to_bytes(&proofs)))
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
    let (rules, proofs) = pack(&texts, digest)?;
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for (name, packed) in [("rules.packed", rules), ("proofs.packed", proofs)] {
        let complement: Vec<u8> = packed.iter().map(|byte| !byte).collect();
        fs::write(Path::new(&out).join(name), complement)?;
    }
    Ok(())
}
