//! Packs the built-in rules files into one compressed piece of data, which [`rule::embedded`] unpacks.
//!
//! They hold an example of every kind of secret. As plain text these would be found wherever a scanner, this program
//! included, examines an image that contains the program.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    let mut paths = Vec::new();
    for entry in fs::read_dir("rules")? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    // The order of the detectors, and the bytes of the program, do not depend on the file system.
    paths.sort();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    pack(&paths, &out.join("rules.deflate"))
}

/// Writes name, NUL, text, NUL of each file, which no text holds.
fn pack(paths: &[PathBuf], to: &Path) -> Result<(), Box<dyn Error>> {
    let mut packed = DeflateEncoder::new(File::create(to)?, Compression::best());
    for path in paths {
        let name = path.to_str().ok_or("a rules file's name is not UTF-8")?;
        let text = fs::read_to_string(path)?;
        if text.contains('\0') {
            return Err(format!("{name} holds a NUL").into());
        }
        for part in [name, &text] {
            packed.write_all(part.as_bytes())?;
            packed.write_all(&[0])?;
        }
    }
    packed.finish()?.sync_all()?;
    Ok(())
}
