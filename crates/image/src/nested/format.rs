//! What a file is, by its first bytes and, where those say too little, its name.

use super::compressed::Kind;
use super::manifest::is_manifest_name;
use crate::layer::header::{BLOCK, Block, parse};

/// A form that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One file, compressed.
    Compressed(Kind),
    /// Zip, with a script before it or without.
    Zip,
    /// Tar.
    Tar,
    /// A loose object of git.
    GitObject,
    /// A pack of git.
    GitPack,
    /// An SQLite database.
    Sqlite,
    /// A compiled Python module.
    Python,
    /// A text with compressed values in base64.
    Manifest,
}

/// Whether a file that begins with `head` is opened; its name or path tells some forms.
pub fn is_opened(head: &[u8], name: &[u8]) -> bool {
    format_of(head, name).is_some()
}

/// The form of a file that is recognised and not opened.
pub fn closed_form(head: &[u8]) -> Option<&'static str> {
    let forms: [(&[u8], &str); 18] = [
        (b"!<arch>\ndebian-binary", "Debian package"),
        (b"\xed\xab\xee\xdb", "RPM package"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive"),
        (b"Rar!\x1a\x07", "RAR archive"),
        (b"LZIP", "lzip file"),
        (b"\x1f\x9d", "compress file"),
        (b"\x1f\xa0", "compress file"),
        (b"hsqs", "squashfs image"),
        (b"sqsh", "squashfs image"),
        (b"xar!\0\x1c", "xar archive"),
        (b"MSWIM\0\0\0", "WIM image"),
        (b"MSCF\0\0\0\0", "cabinet"),
        (b"Salted__", "OpenSSL-encrypted file"),
        (b"\x02\x21\x4c\x18", "old lz4 file"),
        (b"\x89LZO\0\r\n\x1a\n", "lzop file"),
        (b"JM\x01\0PK", "Java module"),
        (b"070701", "cpio archive"),
        (b"\x5d\0\0", "LZMA file"),
    ];
    let lzma = |head: &[u8]| head.get(5..13).is_some_and(|size| size == [0xff; 8] || size[5..] == [0; 3]);
    forms
        .iter()
        .find(|(magic, name)| head.starts_with(magic) && (*name != "LZMA file" || lzma(head)))
        .map(|(_, name)| *name)
}

pub(super) fn format_of(head: &[u8], name: &[u8]) -> Option<Format> {
    let file = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    Some(match head {
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Format::Compressed(Kind::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Format::Compressed(Kind::Zstd),
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Format::Compressed(Kind::Zstd),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Format::Compressed(Kind::Xz),
        [b'B', b'Z', b'h', b'1'..=b'9', magic @ ..]
            if magic.starts_with(b"1AY&SY") || magic.starts_with(b"\x17\x72\x45\x38\x50\x90") =>
        {
            Format::Compressed(Kind::Bzip2)
        }
        [0x04, 0x22, 0x4d, 0x18, ..] => Format::Compressed(Kind::Lz4),
        [b'P', b'K', 3, 4, ..] => Format::Zip,
        [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, ..] => Format::GitPack,
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] if head.starts_with(b"SQLite format 3\0") => Format::Sqlite,
        [_, _, b'\r', b'\n', ..] if file.ends_with(b".pyc") => Format::Python,
        // Runnable archives: a script, and the zip behind it.
        [b'#', b'!', ..] if is_runnable(file) || memchr::memmem::find(head, b"PK\x03\x04").is_some() => {
            Format::Zip
        }
        [a, b, ..] if is_zlib(*a, *b) && is_loose_object(name) => Format::GitObject,
        _ if is_tar(head) => Format::Tar,
        _ if is_manifest(file, head) => Format::Manifest,
        _ => return None,
    })
}

fn is_runnable(file: &[u8]) -> bool {
    [&b".jar"[..], b".war", b".pyz", b".pex"].iter().any(|e| file.ends_with(e))
}

/// The two bytes before a zlib stream (RFC 1950, 2.2).
fn is_zlib(method: u8, flags: u8) -> bool {
    method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

/// `objects/ab/38 hexadecimal digits`, in a repository with or without a working tree.
fn is_loose_object(path: &[u8]) -> bool {
    let mut parts = path.rsplit(|b| *b == b'/');
    let (rest, first, directory) = (parts.next(), parts.next(), parts.next());
    let hex = |part: Option<&[u8]>, lengths: &[usize]| {
        part.is_some_and(|p| lengths.contains(&p.len()) && p.iter().all(u8::is_ascii_hexdigit))
    };
    hex(rest, &[38, 62]) && hex(first, &[2]) && directory == Some(b"objects")
}

/// A header block whose checksum is right; any other block of zeros and digits is none.
fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..BLOCK) else { return false };
    matches!(parse(block), Block::Header(header) if !header.name.is_empty())
}

fn is_manifest(file: &[u8], head: &[u8]) -> bool {
    is_manifest_name(file) && !head.contains(&0)
}
