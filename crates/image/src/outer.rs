//! The headers of an outer archive, one member after the other, within limits: names, extended headers and the number of
//! members cost no more memory than the limits allow, whatever the archive says.

use std::io::{self, Read};

use super::Limits;
use super::layer::header::{BLOCK, Block, Kind, Parsed, is_telling, parse, parse_pax};
use super::member::{link_target, member_name};
use seaworthy_source::escape_bytes;

/// The path of what stands in an archive's headers and between its members.
pub(super) const HEADERS: &str = "(headers of the archive)";
/// The path of what follows an archive's end.
pub(super) const AFTER_END: &str = "(after the end of the archive)";
/// What is said of that.
pub(super) const GOES_ON: &str =
    "they follow its end and were examined as a file; readers that go on there would see other members";

/// Most bytes of all names of an archive's members together.
const NAMES: usize = 8 << 20;
/// Most bytes that are kept of what stands beside the members' content.
const BESIDE: usize = 4 << 20;
/// Most faults that are told of one archive.
const FAULTS: usize = 20;
/// Digits of the shortest digest that stands in names.
const DIGEST: usize = 32;

/// Bytes of an archive that can be passed over.
pub(super) trait Advance: Read {
    /// Passes over up to `count` bytes; the answer is how many were there.
    ///
    /// # Errors
    /// If they cannot be read.
    fn advance(&mut self, count: u64) -> io::Result<u64>;
}

/// One member.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) what: What,
    /// Bytes of content that follow.
    pub(super) size: u64,
}

/// What a member is.
pub(super) enum What {
    File,
    /// The member that it leads to.
    Link(String),
    /// A directory, a device: something without content.
    Empty,
}

/// What comes next in an archive.
pub(super) enum Next {
    Member(Member),
    /// The archive's end; other bytes may follow.
    End,
    /// Nothing more can be read: why.
    Damaged(String),
}

/// A walk over an archive's headers.
pub(super) struct Headers {
    most: u64,
    extended_bytes: u64,
    path_bytes: usize,
    /// Members and extended headers so far.
    pub(super) count: u64,
    names: usize,
    /// Bytes between the last member's content and the next header.
    padding: u64,
    /// What stands in headers and between members and is no plain name, to be examined as bytes.
    pub(super) beside: Vec<u8>,
    /// How many bytes of that there was no room for.
    pub(super) lost: u64,
    /// What is wrong: what, and why.
    pub(super) faults: Vec<(String, String)>,
}

impl Headers {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.nested_entries,
            extended_bytes: limits.extended_header_bytes,
            path_bytes: limits.path_bytes,
            count: 0,
            names: 0,
            padding: 0,
            beside: Vec::new(),
            lost: 0,
            faults: Vec::new(),
        }
    }

    /// The next member. The reader must stand at the end of the last one's content.
    ///
    /// # Errors
    /// If the archive cannot be read.
    pub(super) fn next(&mut self, reader: &mut impl Advance) -> io::Result<Next> {
        let (mut path, mut link, mut size): (Option<Vec<u8>>, Option<Vec<u8>>, Option<u64>) =
            (None, None, None);
        self.pad(reader)?;
        loop {
            let mut block = [0; BLOCK];
            let there = fill(reader, &mut block)?;
            if there == 0 {
                return Ok(Next::End);
            }
            let parsed = match parse(block.get(..there).unwrap_or_default()) {
                Block::Zero => return Ok(Next::End),
                Block::Bad(_) if there < BLOCK => return Ok(Next::Damaged("it ends early".to_owned())),
                Block::Bad(_) => return Ok(Next::Damaged("a header is malformed".to_owned())),
                Block::Header(parsed) => parsed,
            };
            if self.count >= self.most {
                let reason = format!("it has more than the limit of {} members", self.most);
                return Ok(Next::Damaged(reason));
            }
            self.count += 1;
            if is_telling(&without_digests(&block)) {
                self.keep(&block);
            }
            if !matches!(parsed.kind, Kind::Pax | Kind::PaxGlobal | Kind::LongName | Kind::LongLink) {
                let member = self.member(parsed, path, link, size, reader)?;
                self.names += member.name.len();
                if let What::Link(target) = &member.what {
                    self.names += target.len();
                }
                if self.names > NAMES {
                    let reason = format!("the names of its members have more than {NAMES} bytes");
                    return Ok(Next::Damaged(reason));
                }
                self.padding = member.size.wrapping_neg() % BLOCK as u64;
                return Ok(Next::Member(member));
            }
            if parsed.size > self.extended_bytes {
                return Ok(Next::Damaged(format!(
                    "an extended header has {} bytes, more than the limit of {}",
                    parsed.size, self.extended_bytes
                )));
            }
            let mut bytes = Vec::new();
            (&mut *reader).take(parsed.size).read_to_end(&mut bytes)?;
            if (bytes.len() as u64) < parsed.size {
                return Ok(Next::Damaged("it ends early".to_owned()));
            }
            self.keep(&bytes);
            self.padding = parsed.size.wrapping_neg() % BLOCK as u64;
            self.pad(reader)?;
            let text = || bytes.strip_suffix(b"\0").unwrap_or(&bytes).to_vec();
            match parsed.kind {
                Kind::LongName => path = Some(text()),
                Kind::LongLink => link = Some(text()),
                Kind::Pax => {
                    let records = parse_pax(&bytes);
                    if records.malformed {
                        let what = format!("the extended header before member {}", self.count);
                        self.fault(what, "a record of it is malformed".to_owned());
                    }
                    path = records.path.or(path);
                    link = records.link.or(link);
                    size = records.size.or(size);
                }
                // Go's reader, which the runtimes use, applies global records to nothing.
                _ => {}
            }
        }
    }

    fn member(
        &mut self,
        parsed: Parsed,
        path: Option<Vec<u8>>,
        link: Option<Vec<u8>>,
        size: Option<u64>,
        reader: &mut impl Read,
    ) -> io::Result<Member> {
        let path = path.unwrap_or(parsed.name);
        let shown = path.get(..self.path_bytes).unwrap_or(&path);
        if shown.len() < path.len() {
            let reason = format!("its name has {} bytes, more than {}", path.len(), self.path_bytes);
            self.fault(format!("member {}", self.count), reason);
        }
        let name = member_name(shown);
        let link = link.unwrap_or(parsed.link);
        let what = match parsed.kind {
            Kind::Symlink => What::Link(link_target(&name, &link, true)),
            Kind::HardLink => What::Link(link_target(&name, &link, false)),
            Kind::OldFile if path.ends_with(b"/") => What::Empty,
            kind if kind.has_no_content() => What::Empty,
            _ => What::File,
        };
        if let Kind::Sparse { extended } = parsed.kind {
            let reason = "it is a sparse file: what is stored of it was read as if it were all".to_owned();
            self.fault(escape_bytes(name.as_bytes()), reason);
            let mut map = [0; BLOCK];
            let mut more = extended;
            while more && fill(reader, &mut map)? == BLOCK {
                more = map.get(504).is_some_and(|b| *b != 0);
            }
        }
        // A directory of before ustar has no content, whatever its header says.
        let size = if matches!(what, What::File) { size.unwrap_or(parsed.size) } else { 0 };
        Ok(Member { name, what, size })
    }

    /// Passes over what stands between a content and the next header.
    fn pad(&mut self, reader: &mut impl Read) -> io::Result<()> {
        let mut padding = Vec::new();
        (&mut *reader).take(std::mem::take(&mut self.padding)).read_to_end(&mut padding)?;
        if padding.iter().any(|b| *b != 0) {
            self.keep(&padding);
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = BESIDE.saturating_sub(self.beside.len() + 1).min(bytes.len());
        self.beside.extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.beside.push(b'\n');
        self.lost += (bytes.len() - room) as u64;
    }

    fn fault(&mut self, what: String, reason: String) {
        if self.faults.len() < FAULTS {
            self.faults.push((what, reason));
        }
    }

    /// What is told of the walk at its end: what, and why.
    pub(super) fn told(&mut self) -> Vec<(String, String)> {
        let mut told = std::mem::take(&mut self.faults);
        if told.len() == FAULTS {
            told.push(("archive".to_owned(), "more members have faults".to_owned()));
        }
        if self.lost > 0 {
            let what = format!("{} bytes of the archive's headers", self.lost);
            told.push((what, format!("headers hold more than {BESIDE} bytes beside names and numbers")));
        }
        told
    }
}

/// Reads until `buf` is full or the end comes.
pub(super) fn fill(reader: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// A header whose digests are made plain letters: the names of blobs are digests, and no secrets.
fn without_digests(block: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut plain = *block;
    let mut from = 0;
    for run in block.split(|b| !b.is_ascii_hexdigit()) {
        if run.len() >= DIGEST {
            plain.iter_mut().skip(from).take(run.len()).for_each(|b| *b = b'.');
        }
        from += run.len() + 1;
    }
    plain
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    struct Bytes(io::Cursor<Vec<u8>>);

    impl Read for Bytes {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }

    impl Advance for Bytes {
        fn advance(&mut self, count: u64) -> io::Result<u64> {
            io::copy(&mut (&mut self.0).take(count), &mut io::sink())
        }
    }

    fn walk(bytes: Vec<u8>, limits: &Limits) -> (Vec<String>, Result<(), String>, Headers) {
        let (mut headers, mut reader) = (Headers::new(limits), Bytes(io::Cursor::new(bytes)));
        let mut names = Vec::new();
        loop {
            match headers.next(&mut reader).unwrap() {
                Next::Member(member) => {
                    reader.advance(member.size).unwrap();
                    names.push(member.name);
                }
                Next::End => return (names, Ok(()), headers),
                Next::Damaged(reason) => return (names, Err(reason), headers),
            }
        }
    }

    fn header(kind: u8, name: &str, size: u64) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_size(size);
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    #[test]
    fn members_are_bounded() {
        let limits = Limits { nested_entries: 100, ..Limits::default() };
        let many: Vec<u8> = (0..101).flat_map(|n| header(b'0', &format!("f{n}"), 0)).collect();
        let (names, end, _) = walk(many, &limits);
        assert_eq!(
            (names.len(), end.unwrap_err().as_str()),
            (100, "it has more than the limit of 100 members")
        );
        // A header says of itself how long it is; nothing of that is taken into memory.
        for kind in [b'L', b'K', b'x', b'g'] {
            let long = header(kind, "long", 8 << 30);
            let (_, end, _) = walk(long, &limits);
            assert!(end.unwrap_err().contains("an extended header has 8589934592 bytes"), "{kind}");
        }
        // Extended headers without a member count as well.
        let endless: Vec<u8> = (0..200).flat_map(|_| header(b'g', "x", 0)).collect();
        assert!(walk(endless, &limits).1.is_err());
    }

    #[test]
    fn names_sizes_and_what_stands_beside_them() {
        let long = "d/".repeat(80) + "file";
        let mut archive = header(b'L', "././@LongLink", long.len() as u64 + 1);
        archive.extend(long.as_bytes());
        archive.resize(archive.len() + 512 - long.len(), 0);
        archive.extend(header(b'0', "short", 3));
        archive.extend(b"abc");
        archive.extend(b"hidden in the padding");
        archive.resize(archive.len().next_multiple_of(512), 0);
        archive.extend(header(b'0', &format!("blobs/sha256/{}", "0a".repeat(32)), 0));
        archive.extend([0; 1024]);
        let (names, end, mut headers) = walk(archive, &Limits::default());
        assert_eq!((names.len(), names[0].as_str(), end), (2, long.as_str(), Ok(())));
        let beside = String::from_utf8_lossy(&headers.beside).into_owned();
        assert!(beside.contains("hidden in the padding") && !beside.contains("0a0a"), "{beside:?}");
        assert!(headers.told().is_empty());
    }
}
