//! The rules files that are compiled in, as the build script packed them.

use super::raw::Packed;

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.packed"));

/// The built-in detectors as they are written, without places.
pub(super) fn unpacked() -> Option<Packed> {
    Packed::from_bytes(PACKED)
}
