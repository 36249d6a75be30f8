//! Names and faults of the members of an outer archive.

use std::io;

use seaworthy_source::LayerPath;

/// What is wrong with a tar, without the library's own words: they quote the header, and what is taken for a header may
/// be a file of secrets.
pub(super) fn tar_error(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => "it ends early".to_owned(),
        _ if e.raw_os_error().is_some() => e.to_string(),
        _ if e.to_string().contains("failed to read entire block") => "it ends early".to_owned(),
        _ => "a header is malformed".to_owned(),
    }
}

/// A member's name as other members refer to it.
pub(super) fn member_name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(LayerPath::clean(bytes).as_bytes()).into_owned()
}

/// What a link points to: a symbolic link is relative to its own folder, a hard link to the archive's root.
pub(super) fn link_target(member: &str, target: &[u8], symbolic: bool) -> String {
    let folder = member.rsplit_once('/').map_or("", |(folder, _)| folder);
    if symbolic { member_name(&[folder.as_bytes(), b"/", target].concat()) } else { member_name(target) }
}
