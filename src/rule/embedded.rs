//! The rules files that are compiled in, as the build script packed them: the complement of their packed form, so that no
//! scanner finds their examples in the program.

use std::sync::OnceLock;

use super::raw::{Packed, Proof, proofs_from_bytes};

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.packed"));
static PROOFS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/proofs.packed"));

/// The built-in detectors as they are written, without places and without what [`proof`] gives.
pub(super) fn unpacked() -> Option<Packed> {
    static PLAIN: OnceLock<Vec<u8>> = OnceLock::new();
    Packed::from_bytes(PLAIN.get_or_init(|| complement(PACKED)))
}

/// What no scan reads of the built-in detector with this number, in the order of the files.
pub(super) fn proof(number: usize) -> Option<&'static Proof> {
    static PLAIN: OnceLock<Vec<u8>> = OnceLock::new();
    static ALL: OnceLock<Vec<Proof>> = OnceLock::new();
    let plain = || PLAIN.get_or_init(|| complement(PROOFS));
    ALL.get_or_init(|| proofs_from_bytes(plain()).unwrap_or_default()).get(number)
}

fn complement(packed: &[u8]) -> Vec<u8> {
    packed.iter().map(|byte| !byte).collect()
}
