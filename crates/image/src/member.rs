//! Names of the members of an outer archive.

use seaworthy_source::LayerPath;

/// A member's name as other members refer to it.
pub(super) fn member_name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(LayerPath::clean(bytes).as_bytes()).into_owned()
}

/// What a link points to: a symbolic link is relative to its own directory, a hard link to the archive's root.
pub(super) fn link_target(member: &str, target: &[u8], symbolic: bool) -> String {
    let directory = member.rsplit_once('/').map_or("", |(directory, _)| directory);
    if symbolic { member_name(&[directory.as_bytes(), b"/", target].concat()) } else { member_name(target) }
}
