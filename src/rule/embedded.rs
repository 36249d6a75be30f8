//! The rules files that are compiled in, as the build script packed them: the complement of their packed form, so that no
//! scanner finds their examples in the program.

use super::raw::Packed;

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.packed"));

/// The built-in detectors as they are written, without places.
pub(super) fn unpacked() -> Option<Packed> {
    let packed: Vec<u8> = PACKED.iter().map(|byte| !byte).collect();
    Packed::from_bytes(&packed)
}
