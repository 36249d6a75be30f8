//! One 512-byte tar header: ustar, GNU and old, as Go's `archive/tar` reads them, since that is what container
//! runtimes unpack layers with.

use tar::Header;

use super::listing::Owner;

/// Size of a tar block.
pub(crate) const BLOCK: usize = 512;

/// What a header announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file, or an unknown type that readers take for one.
    File,
    /// A regular file as before ustar, when a directory was one whose name ends in a slash. That is the full name: the
    /// header's own may be cut off after a slash.
    OldFile,
    /// An old GNU sparse file; `extended` if blocks with more of its map follow.
    Sparse {
        extended: bool,
    },
    HardLink,
    Symlink,
    Directory,
    /// A device or FIFO.
    Special,
    /// PAX records for the next entry.
    Pax,
    /// PAX records for all further entries.
    PaxGlobal,
    /// GNU: the next entry's name.
    LongName,
    /// GNU: the next entry's link target.
    LongLink,
}

impl Kind {
    /// Whether readers take no content for it, whatever size the header says.
    pub(crate) fn has_no_content(self) -> bool {
        matches!(self, Self::HardLink | Self::Symlink | Self::Directory | Self::Special)
    }
}

/// A parsed header.
pub(crate) struct Parsed {
    pub(crate) kind: Kind,
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) size: u64,
    /// Permission bits; none if the field is not a number.
    pub(crate) mode: u32,
    /// The owner's number and the group's; root's if a field is not a number.
    pub(crate) owner: Owner,
}

/// What a block is.
pub(crate) enum Block {
    Zero,
    Header(Parsed),
    /// Not a header: why.
    Bad(&'static str),
}

/// Reads one block.
pub(crate) fn parse(block: &[u8]) -> Block {
    if block.len() != BLOCK {
        return Block::Bad("a header is cut off");
    }
    if block.iter().all(|b| *b == 0) {
        return Block::Zero;
    }
    let header = Header::from_byte_slice(block);
    let Ok(stored) = header.cksum() else { return Block::Bad("a header's checksum is not a number") };
    let (unsigned, signed) = checksums(block);
    if i64::from(stored) != unsigned && i64::from(stored) != signed {
        return Block::Bad("a header's checksum is wrong");
    }
    let Ok(size) = header.entry_size() else { return Block::Bad("a header's size is not a number") };
    let name = header.path_bytes().into_owned();
    let kind = match block[156] {
        b'1' => Kind::HardLink,
        b'2' => Kind::Symlink,
        b'3' | b'4' | b'6' => Kind::Special,
        b'5' => Kind::Directory,
        b'x' | b'X' => Kind::Pax,
        b'g' => Kind::PaxGlobal,
        b'L' => Kind::LongName,
        b'K' => Kind::LongLink,
        b'S' => Kind::Sparse { extended: block[482] != 0 },
        0 => Kind::OldFile,
        _ => Kind::File,
    };
    let link = header.link_name_bytes().map(|l| l.into_owned()).unwrap_or_default();
    let mode = header.mode().unwrap_or(0) & 0o7777;
    let number = |field: std::io::Result<u64>| field.ok().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let owner = Owner { user: number(header.uid()), group: number(header.gid()) };
    Block::Header(Parsed { kind, name, link, size, mode, owner })
}

/// Whether a header's texts (names, link target, owner, prefix) may hold more than names: something after a text's end, an
/// assignment, a URL, or a word that is too long and too mixed for one.
pub(crate) fn is_telling(block: &[u8]) -> bool {
    const LONG: usize = 16;
    let fields = [0..100, 157..257, 265..297, 297..329, 345..500];
    fields.into_iter().filter_map(|field| block.get(field)).any(|field| {
        let (mut length, mut digits, mut letters, mut ended) = (0, false, false, false);
        for (i, byte) in field.iter().enumerate() {
            match byte {
                0 => {
                    ended = true;
                    (length, digits, letters) = (0, false, false);
                }
                _ if ended => return true,
                b'=' => return true,
                b':' if field.get(i + 1..i + 3) == Some(b"//") => return true,
                b'0'..=b'9' => (length, digits) = (length + 1, true),
                b'_' => length += 1,
                letter if letter.is_ascii_alphabetic() => (length, letters) = (length + 1, true),
                _ => (length, digits, letters) = (0, false, false),
            }
            if length >= LONG && digits && letters {
                return true;
            }
        }
        false
    })
}

/// The header's checksum with its own field as blanks, over unsigned and over signed bytes.
fn checksums(block: &[u8]) -> (i64, i64) {
    block.iter().enumerate().fold((0, 0), |(unsigned, signed), (i, b)| {
        let b = if (148..156).contains(&i) { b' ' } else { *b };
        (unsigned + i64::from(b), signed + i64::from(b.cast_signed()))
    })
}

/// The PAX records that matter here.
#[derive(Default)]
pub(crate) struct PaxRecords {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) user: Option<u32>,
    pub(crate) group: Option<u32>,
    /// Whether a record is malformed.
    pub(crate) malformed: bool,
}

/// Reads PAX records (pax(1), POSIX.1-2001): `LENGTH KEY=VALUE\n`. Values may hold newlines, so lengths rule.
pub(crate) fn parse_pax(mut records: &[u8]) -> PaxRecords {
    let mut out = PaxRecords::default();
    while !records.is_empty() {
        let Some((record, rest)) = split_record(records) else {
            out.malformed = records.iter().any(|b| *b != 0);
            break;
        };
        records = rest;
        let Some(equals) = record.iter().position(|b| *b == b'=') else {
            out.malformed = true;
            continue;
        };
        let value = &record[equals + 1..];
        match &record[..equals] {
            b"path" | b"GNU.sparse.name" => out.path = Some(value.to_vec()),
            b"linkpath" => out.link = Some(value.to_vec()),
            // What is malformed here leaves the header's own number.
            b"uid" => out.user = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()),
            b"gid" => out.group = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()),
            b"size" => match std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()) {
                Some(size) => out.size = Some(size),
                None => out.malformed = true,
            },
            _ => {}
        }
    }
    out
}

/// The first record without its length and newline, and what follows.
fn split_record(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = records.iter().take(20).position(|b| *b == b' ')?;
    let length: usize = std::str::from_utf8(&records[..blank]).ok()?.parse().ok()?;
    let record = records.get(blank + 1..length)?;
    let (b'\n', record) = record.split_last()? else { return None };
    Some((record, &records[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pax_records_go_by_their_length() {
        let records = parse_pax(b"12 path=a\nb\n12 size=123\n");
        assert_eq!(
            (records.path.as_deref(), records.size, records.malformed),
            (Some(&b"a\nb"[..]), Some(123), false)
        );
        assert!(parse_pax(b"99 path=a\n").malformed);
        assert!(parse_pax(b"11 size=abc\n").malformed);
        assert!(!parse_pax(b"\0\0\0").malformed);
        let owner = parse_pax(b"15 uid=2097152\n11 gid=abc\n");
        assert_eq!((owner.user, owner.group, owner.malformed), (Some(2_097_152), None, false));
    }

    #[test]
    fn telling_headers() {
        let with = |at: usize, text: &[u8]| {
            let mut block = [0u8; BLOCK];
            block[at..at + text.len()].copy_from_slice(text);
            is_telling(&block)
        };
        assert!(!with(0, b"usr/share/doc/some-package/changelog.Debian.gz"));
        assert!(!with(265, b"root"));
        for (at, text) in [
            (0, &b"app/hX7PKR0CsTy4Qwb8/x"[..]),
            (0, b"short\0hidden"),
            (157, b"https://a:b@c/"),
            (265, b"PASSWORD=x"),
            (345, b"a/hX7PKR0CsTy4Qwb8zz"),
        ] {
            assert!(with(at, text), "{at}");
        }
    }

    #[test]
    fn blocks() {
        assert!(matches!(parse(&[0; 512]), Block::Zero));
        assert!(matches!(parse(&[7; 512]), Block::Bad(_)));
        let mut header = Header::new_ustar();
        header.set_size(5);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        assert!(matches!(parse(header.as_bytes()), Block::Header(Parsed { kind: Kind::File, size: 5, .. })));
    }
}
