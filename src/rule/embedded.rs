//! The rules files that are compiled in, compressed by `build.rs`.

use std::io::{self, Read as _};

use flate2::bufread::DeflateDecoder;

/// Name, NUL, text, NUL of each file, as a raw deflate stream (RFC 1951).
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.deflate"));

/// Each file's name, such as `rules/aws.toml`, and its text, by name.
///
/// # Errors
/// If the program's own data are damaged.
pub(super) fn files() -> io::Result<Vec<(String, String)>> {
    let mut text = String::new();
    DeflateDecoder::new(PACKED).read_to_string(&mut text)?;
    let parts: Vec<&str> = text.split_terminator('\0').collect();
    Ok(parts.chunks_exact(2).map(|file| (file[0].to_owned(), file[1].to_owned())).collect())
}
