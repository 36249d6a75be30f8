//! The tar walk, as a state machine over whatever stretch of bytes it is given: it copies no content and holds none
//! but extended headers.

use std::ops::Range;
use std::sync::Arc;

use super::chunk::{ContentKind, FileMeta, Inside, Overlap, Part};
use super::header::{BLOCK, Block, Kind, Parsed, PaxRecords, is_telling, parse, parse_pax};
use super::index::EntryIndex;
use super::listing::{Entry, EntryKind, Owner};
use crate::Limits;
use seaworthy_source::LayerPath;

/// What the walk found out.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) index: EntryIndex,
    /// What could not be examined, or only in part: what, and why.
    pub(super) missed: Vec<(String, String)>,
    pub(super) entries: u64,
    pub(super) files: u64,
    pub(super) file_bytes: u64,
    /// All entries, if they are kept.
    pub(super) listing: Option<Vec<Entry>>,
}

pub(super) struct Walker {
    overlap: Overlap,
    limits: Limits,
    state: State,
    pending: Pending,
    stray_padding: u64,
    tail: u64,
    out: Walked,
}

/// What is left of a stretch of bytes: from `keep` on they must stand again before what follows, and from `resume` on
/// they are not walked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) keep: usize,
    pub(super) resume: usize,
}

impl Rest {
    /// Nothing before this offset is needed again.
    fn at(offset: usize) -> Self {
        Self { keep: offset, resume: offset }
    }
}

enum State {
    Header,
    SparseMap { next: Data },
    Data(Data),
    Padding(usize),
    Done,
}

/// Content on its way.
struct Data {
    file: Arc<FileMeta>,
    /// Bytes to come; `u64::MAX` for what goes to the end of the stream.
    left: u64,
    /// Offset in the file of the next byte.
    at: u64,
    /// Offset in the file up to which parts were given out.
    given: u64,
    padding: usize,
    /// An extended header's content, if it is one and within the limit.
    collect: Option<(Kind, Vec<u8>)>,
}

/// The fewest bytes of a name or a link target that may hold a secret.
const SHORTEST_NAME: usize = 16;

/// The fields of a header that name its entry and its target, where they are long enough to hold a secret: name, link
/// target, and ustar's prefix, which stands apart. Longer names stand in extended headers, which are content.
fn names(name: &[u8], link: &[u8]) -> impl Iterator<Item = Range<usize>> + use<> {
    let named = name.len() >= SHORTEST_NAME;
    let fields = [(named, 0..100), (link.len() >= SHORTEST_NAME, 157..257), (name.len() > 100, 345..500)];
    fields.into_iter().filter_map(|(wanted, field)| wanted.then_some(field))
}

/// What extended headers said of the next entry.
#[derive(Default)]
struct Pending {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    user: Option<u32>,
    group: Option<u32>,
}

impl Walker {
    pub(super) fn new(overlap: Overlap, limits: &Limits) -> Self {
        Self {
            overlap,
            limits: limits.clone(),
            state: State::Header,
            pending: Pending::default(),
            stray_padding: 0,
            tail: 0,
            out: Walked::default(),
        }
    }

    /// Keeps a list of all entries.
    pub(super) fn keep_listing(&mut self) {
        self.out.listing = Some(Vec::new());
    }

    /// Walks `buf` from `pos` on and gives out the parts that stand in it.
    pub(super) fn walk(&mut self, buf: &[u8], mut pos: usize, eof: bool, parts: &mut Vec<Part>) -> Rest {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Rest::at(buf.len()),
                State::Header => {
                    let Some(block) = buf.get(pos..pos + BLOCK) else {
                        if !eof || pos >= buf.len() {
                            self.state = State::Header;
                            return Rest::at(pos.min(buf.len()));
                        }
                        self.spoiled("a header is cut off");
                        continue;
                    };
                    if self.header(block, pos, parts) {
                        if is_telling(block) {
                            parts.push(self.header_part(block, pos));
                        }
                        pos += BLOCK;
                    }
                }
                State::SparseMap { next } => {
                    let Some(block) = buf.get(pos..pos + BLOCK) else {
                        if eof {
                            self.miss(next.file.path.display(), "its sparse map is cut off");
                            return Rest::at(buf.len());
                        }
                        self.state = State::SparseMap { next };
                        return Rest::at(pos);
                    };
                    pos += BLOCK;
                    self.state = if block[504] != 0 { State::SparseMap { next } } else { State::Data(next) };
                }
                State::Padding(left) => {
                    let n = left.min(buf.len() - pos);
                    self.stray_padding += buf[pos..pos + n].iter().filter(|b| **b != 0).count() as u64;
                    pos += n;
                    if n < left {
                        self.state = State::Padding(left - n);
                        return Rest::at(pos);
                    }
                    self.state = State::Header;
                }
                State::Data(data) => {
                    let left = data.left;
                    if let Some(keep) = self.data(data, buf, pos, eof, parts) {
                        return Rest { keep, resume: buf.len() };
                    }
                    pos += usize::try_from(left).unwrap_or(usize::MAX).min(buf.len() - pos);
                }
            }
        }
    }

    /// Ends the walk.
    pub(super) fn finish(mut self) -> Walked {
        if self.stray_padding > 0 {
            let what = format!("{} bytes in the padding between files", self.stray_padding);
            self.miss(what, "they are not zero: no reader shows them, and they were not checked");
        }
        if self.tail > 0 {
            let what = format!("{} bytes after the end of the tar", self.tail);
            self.miss(what, "they were examined as raw bytes; readers that go on there would see files");
        }
        self.out
    }

    fn miss(&mut self, what: String, reason: impl Into<String>) {
        self.out.missed.push((what, reason.into()));
    }

    /// Takes the rest of the stream as raw bytes.
    fn rest(&mut self, kind: ContentKind, name: &[u8]) {
        let path = LayerPath::clean(name);
        let file = Arc::new(FileMeta { path, ordinal: u64::MAX, size: u64::MAX, kind, inside: None });
        self.state = State::Data(Data { file, left: u64::MAX, at: 0, given: 0, padding: 0, collect: None });
    }

    fn spoiled(&mut self, reason: &str) {
        let what = match self.out.entries {
            0 => "content".to_owned(),
            n => format!("content after entry {n}"),
        };
        let reason = format!("it is no tar: {reason}; the bytes were examined without file names");
        self.miss(what, reason);
        self.rest(ContentKind::Raw, b"(not a tar)");
    }

    /// Takes the header block at `pos`; the answer is whether it was used up.
    fn header(&mut self, block: &[u8], pos: usize, parts: &mut Vec<Part>) -> bool {
        match parse(block) {
            Block::Zero => {
                self.rest(ContentKind::Tail, b"(after the end of the tar)");
                true
            }
            Block::Bad(reason) => {
                self.spoiled(reason);
                false
            }
            Block::Header(parsed) => {
                if self.out.entries >= self.limits.entries {
                    let limit = self.limits.entries;
                    let reason =
                        format!("more than {limit} entries; the rest was examined without file names");
                    self.miss("entries".into(), reason);
                    self.rest(ContentKind::Raw, b"(after the limit of entries)");
                    return false;
                }
                self.entry(parsed, pos, parts);
                true
            }
        }
    }

    /// A header's texts, to be examined as bytes.
    fn header_part(&self, block: &[u8], at: usize) -> Part {
        let name = block.get(..100).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default();
        let inside = Inside {
            shown: " → tar header".to_owned(),
            name: LayerPath::default(),
            depth: 0,
            compressed: false,
        };
        let file = Arc::new(FileMeta {
            path: LayerPath::clean(name),
            ordinal: self.out.entries.saturating_sub(1),
            size: BLOCK as u64,
            kind: ContentKind::Header,
            inside: Some(inside),
        });
        Part { file, bytes: at..at + BLOCK, core: at..at + BLOCK, offset: 0, last: true }
    }

    fn entry(&mut self, parsed: Parsed, pos: usize, parts: &mut Vec<Part>) {
        let Parsed { kind, name, link, size, mode, owner } = parsed;
        let names = names(&name, &link);
        if matches!(kind, Kind::Pax | Kind::PaxGlobal | Kind::LongName | Kind::LongLink) {
            let within = size <= self.limits.extended_header_bytes;
            if !within {
                let limit = self.limits.extended_header_bytes;
                let what = format!("an extended header of {size} bytes before entry {}", self.out.entries);
                let reason = format!(
                    "it is over the limit of {limit} bytes: the next entry's name and size are not known"
                );
                self.miss(what, reason);
            }
            self.content(
                ContentKind::Extension,
                LayerPath::clean(&name),
                size,
                within.then(|| (kind, Vec::new())),
            );
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let name = pending.path.unwrap_or(name);
        let link = pending.link.unwrap_or(link);
        let kind = match kind {
            Kind::OldFile if name.ends_with(b"/") => Kind::Directory,
            kind => kind,
        };
        let path = self.path(&name);
        if let Some(other) = pending.size.filter(|s| *s != size && size != 0 && !kind.has_no_content()) {
            let reason = format!(
                "its two headers give {size} and {other} bytes: readers differ in what follows; the latter was taken"
            );
            self.miss(path.display(), reason);
        }
        let size = pending.size.unwrap_or(size);
        let ordinal = self.out.entries;
        self.out.entries += 1;
        self.out.index.add(&path, ordinal, kind == Kind::Directory);
        for field in names {
            let bytes = pos + field.start..pos + field.end;
            let file = FileMeta {
                path: path.clone(),
                ordinal,
                size: bytes.len() as u64,
                kind: ContentKind::Name,
                inside: None,
            };
            parts.push(Part {
                file: Arc::new(file),
                bytes: bytes.clone(),
                core: bytes,
                offset: 0,
                last: true,
            });
        }
        if let Some(listing) = &mut self.out.listing {
            let kind = match kind {
                Kind::HardLink => EntryKind::HardLink(LayerPath::clean(&link)),
                Kind::Symlink => EntryKind::Symlink(link.clone()),
                Kind::Directory => EntryKind::Directory,
                Kind::Special => EntryKind::Special,
                _ => EntryKind::File,
            };
            let owner = Owner {
                user: pending.user.unwrap_or(owner.user),
                group: pending.group.unwrap_or(owner.group),
            };
            listing.push(Entry { path: path.clone(), kind, mode, owner, size, ordinal });
        }
        if kind == Kind::HardLink {
            self.out.index.add_link(&path, &LayerPath::clean(&link));
        }
        if kind.has_no_content() {
            self.state = State::Header;
            return;
        }
        self.out.files += 1;
        self.out.file_bytes += size;
        self.content(ContentKind::File, path, size, None);
        if let Kind::Sparse { extended: true } = kind
            && let State::Data(next) = std::mem::replace(&mut self.state, State::Done)
        {
            self.state = State::SparseMap { next };
        }
    }

    /// Cleans a name and writes down what is wrong with it.
    fn path(&mut self, name: &[u8]) -> LayerPath {
        let shown = name.get(..self.limits.path_bytes).unwrap_or(name);
        let path = LayerPath::clean(shown);
        if name.len() > shown.len() {
            let reason = format!("its name has {} bytes, more than the limit of {}", name.len(), shown.len());
            self.miss(format!("entry {}", self.out.entries), reason);
        }
        if name.split(|b| *b == b'/').any(|part| part == b"..") {
            let what = seaworthy_source::escape_bytes(shown);
            let reason = "its name leads out of its directory; the content was examined, but readers differ in where it lands";
            self.miss(what, reason);
        }
        path
    }

    fn content(&mut self, kind: ContentKind, path: LayerPath, size: u64, collect: Option<(Kind, Vec<u8>)>) {
        let file = Arc::new(FileMeta {
            path,
            ordinal: self.out.entries.saturating_sub(1),
            size,
            kind,
            inside: None,
        });
        // What a u64 leaves over a multiple of 512 fits a usize.
        let padding = usize::try_from(size.wrapping_neg() % BLOCK as u64).unwrap_or(0);
        self.state = State::Data(Data { file, left: size, at: 0, given: 0, padding, collect });
    }

    /// Gives out what `buf` has of the content. If it ends here, `None`; else from where `buf` is needed again.
    fn data(
        &mut self,
        mut data: Data,
        buf: &[u8],
        pos: usize,
        eof: bool,
        parts: &mut Vec<Part>,
    ) -> Option<usize> {
        let n = usize::try_from(data.left).unwrap_or(usize::MAX).min(buf.len() - pos);
        let fresh = &buf[pos..pos + n];
        if let Some((_, collected)) = &mut data.collect {
            collected.extend_from_slice(fresh);
        }
        let unbounded = data.left == u64::MAX;
        if data.file.kind == ContentKind::Tail {
            self.tail += if fresh.iter().all(|b| *b == 0) { 0 } else { n as u64 };
        }
        let behind = self.overlap.behind as u64;
        let context = data.at - data.given.saturating_sub(behind);
        let before = usize::try_from(context.min(data.at)).unwrap_or(usize::MAX).min(pos);
        let first = data.at - before as u64;
        data.at += n as u64;
        data.left -= if unbounded { 0 } else { n as u64 };
        let last = data.left == 0 || eof;
        let core_end =
            if last { data.at } else { data.at.saturating_sub(self.overlap.ahead as u64).max(data.given) };
        let place = |offset: u64| pos - before + usize::try_from(offset - first).unwrap_or(usize::MAX);
        if core_end > data.given {
            parts.push(Part {
                file: Arc::clone(&data.file),
                bytes: pos - before..pos + n,
                core: place(data.given)..place(core_end),
                offset: first,
                last,
            });
        }
        data.given = core_end;
        if data.left == 0 {
            self.state = State::Padding(data.padding);
            if let Some((kind, collected)) = data.collect {
                self.extended(kind, &collected);
            }
            return None;
        }
        if eof {
            if !unbounded {
                let reason = format!("cut off: {} of its {} bytes are missing", data.left, data.file.size);
                self.miss(data.file.path.display(), reason);
            }
            return Some(buf.len());
        }
        let keep = place(data.given.saturating_sub(behind).max(first));
        self.state = State::Data(data);
        Some(keep)
    }

    /// Takes what an extended header says of the next entry.
    fn extended(&mut self, kind: Kind, bytes: &[u8]) {
        let text = || bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec();
        match kind {
            Kind::LongName => self.pending.path = Some(text()),
            Kind::LongLink => self.pending.link = Some(text()),
            Kind::Pax => {
                let PaxRecords { path, link, size, user, group, malformed } = parse_pax(bytes);
                if malformed {
                    let what = format!("the extended header before entry {}", self.out.entries);
                    self.miss(
                        what,
                        "a record of it is malformed: readers differ in what they make of the next entry",
                    );
                }
                self.pending.path = path.or(self.pending.path.take());
                self.pending.link = link.or(self.pending.link.take());
                self.pending.size = size.or(self.pending.size.take());
                self.pending.user = user.or(self.pending.user.take());
                self.pending.group = group.or(self.pending.group.take());
            }
            // Go's reader, which the runtimes use, applies global records to nothing.
            _ => {}
        }
    }
}
