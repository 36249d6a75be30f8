//! Files inside files: compressed files, archives, databases, repositories. They are read as streams, in order, from the
//! first byte to the last; nothing is unpacked to disk, and memory does not depend on their size.
//!
//! [`open`] gives out chunks of the same form as a layer's, so what is inside is examined by the code that examines a
//! layer. Each file inside has its whole path ([`Inside::shown`]). All bytes that pass are given out, those of archives
//! inside archives too, so names, comments, gaps and trailing data are examined as well.
//!
//! What has a known form and is encrypted, damaged, nested too deep or over a limit is a [`NotOpened`]. Forms that are
//! recognised and not opened are told by [`closed_form`].

mod bytecode;
mod compressed;
mod feed;
mod format;
mod git;
mod inflate;
mod manifest;
mod python;
mod source;
mod sqlite;
mod tar;
mod window;
mod zip;

use std::cell::RefCell;
use std::io::{self, Read};
use std::sync::Arc;

use crate::Limits;
use crate::layer::{Chunk, FileMeta, Inside, Overlap};
use feed::Feed;
use format::Format;
use seaworthy_source::{LayerPath, escape_bytes};
use source::{Source, Taker};

pub use format::{closed_form, is_opened};
pub use manifest::{CompressedValue, is_manifest_name, values_of};

/// Bytes of a file's beginning that tell its form.
pub const HEAD: usize = 1024;
/// Most items that are told of one file.
const MAX_TOLD: usize = 20;

/// A part of a file that could not be opened.
#[derive(Clone, Debug)]
pub struct NotOpened {
    /// The file.
    pub file: Arc<FileMeta>,
    /// Why.
    pub reason: String,
}

/// What became of one file.
#[derive(Debug, Default)]
pub struct Opened {
    /// What could not be opened in it.
    pub missed: Vec<NotOpened>,
    /// Number of bytes that came out of it, at all depths.
    pub unpacked: u64,
}

/// Opens a file of a form that [`is_opened`] knows, and gives what is inside to `sink`; a chunk's buffer may be handed
/// back for the next. The file's own bytes are read to their end and not given out.
pub fn open(
    file: &Arc<FileMeta>,
    reader: &mut dyn Read,
    limits: &Limits,
    overlap: Overlap,
    sink: &mut dyn FnMut(Chunk) -> Option<Vec<u8>>,
) -> Opened {
    let state =
        State { feeds: Vec::new(), sink, missed: Vec::new(), untold: 0, stored: 0, unpacked: 0, over: None };
    let unpacker = Unpacker { limits, overlap, state: RefCell::new(state), inflaters: RefCell::default() };
    let read = unpacker.stream(file, reader, 0);
    let mut state = unpacker.state.into_inner();
    if let (Err(fault), None) = (read, &state.over) {
        state.missed.push(NotOpened {
            file: Arc::clone(file),
            reason: format!("it cannot be read to its end: {fault}"),
        });
    }
    for feed in &mut state.feeds {
        feed.flush(state.sink);
    }
    if let Some(reason) = state.over.take() {
        state.missed.clear();
        state.missed.push(NotOpened { file: Arc::clone(file), reason });
    } else if state.untold > 0 {
        let reason = format!("{} more files inside could not be opened", state.untold);
        state.missed.push(NotOpened { file: Arc::clone(file), reason });
    }
    Opened { missed: state.missed, unpacked: state.unpacked }
}

struct Unpacker<'a> {
    limits: &'a Limits,
    overlap: Overlap,
    state: RefCell<State<'a>>,
    inflaters: RefCell<inflate::Pool>,
}

struct State<'a> {
    /// For each level the file that is on its way there; the first is level 1.
    feeds: Vec<Feed>,
    sink: &'a mut dyn FnMut(Chunk) -> Option<Vec<u8>>,
    missed: Vec<NotOpened>,
    /// Items beyond [`MAX_TOLD`].
    untold: u64,
    /// Bytes of the file itself that were read.
    stored: u64,
    unpacked: u64,
    /// The limit that was met: nothing more is read.
    over: Option<String>,
}

impl Unpacker<'_> {
    /// Reads a file at a level of nesting to its end: gives its bytes out, and opens it if it is of a known form.
    ///
    /// # Errors
    /// If `reader` fails: the fault is that of the file around.
    fn stream(&self, file: &Arc<FileMeta>, reader: &mut dyn Read, level: usize) -> io::Result<()> {
        self.begin(file, level);
        let mut source = Source::new(self, reader, level);
        let result = self.examine(file, &mut source, level);
        let fault = source.take_fault();
        self.end(level);
        match (fault, result) {
            (Some(fault), _) => Err(fault),
            (None, Err(e)) => {
                self.miss(file, e.to_string());
                Ok(())
            }
            (None, Ok(())) => Ok(()),
        }
    }

    fn examine(&self, file: &Arc<FileMeta>, source: &mut Source<'_>, level: usize) -> io::Result<()> {
        let head = source.peek(HEAD)?;
        let opened = match format::format_of(head, file.name()) {
            Some(format) if self.may_open(file, format) => self.open_as(format, file, source, level),
            // What these hold was examined as bytes, too.
            Some(Format::Python | Format::Sqlite) => Ok(()),
            Some(_) => Err(io::Error::other(format!(
                "it is nested more than {} deep, and was not opened",
                self.limits.nested_depth
            ))),
            None => Ok(()),
        };
        // What follows the end of an archive is examined as bytes.
        source.drain()?;
        opened
    }

    /// Whether a file lies less deep than the limit; a compressed tar is one level and not two.
    fn may_open(&self, file: &FileMeta, format: Format) -> bool {
        let depth = file.inside.as_ref().map_or(0, |i| i.depth);
        let tarred = format == Format::Tar && file.inside.as_ref().is_some_and(|i| i.compressed);
        // Of a text only the compressed values in it are opened, and each of those has the limit.
        depth < self.limits.nested_depth || tarred || format == Format::Manifest
    }

    fn open_as(
        &self,
        format: Format,
        file: &Arc<FileMeta>,
        source: &mut Source<'_>,
        level: usize,
    ) -> io::Result<()> {
        match format {
            Format::Zip => zip::open(self, file, source, level),
            Format::Tar => tar::open(self, file, source, level),
            Format::GitObject => git::open_object(self, file, source, level),
            Format::GitPack => git::open_pack(self, file, source, level),
            Format::Sqlite => sqlite::open(self, file, source, level),
            Format::Python => python::open(self, file, source, level),
            Format::Manifest => manifest::open(self, file, source, level),
            Format::Compressed(kind) => compressed::open(self, kind, file, source, level),
        }
    }

    /// The meta data of a file that lies in an archive.
    fn member(&self, file: &FileMeta, name: &[u8], tar: bool) -> Arc<FileMeta> {
        let path = LayerPath::clean(name);
        let (mut shown, depth, compressed) = match &file.inside {
            Some(i) => (i.shown.clone(), i.depth, i.compressed),
            None => (String::new(), 0, false),
        };
        let joined = tar && compressed;
        if joined && let Some(at) = shown.rfind(ARROW) {
            shown.truncate(at);
        }
        shown.push_str("!/");
        shown.push_str(&escape_bytes(path.as_bytes()));
        let depth = depth + usize::from(!joined);
        self.child(file, Inside { shown, name: path, depth, compressed: false })
    }

    /// The meta data of what a file decodes to; `name` is its name without the ending that tells the compression.
    fn decoded(&self, file: &FileMeta, kind: &str, name: &[u8]) -> Arc<FileMeta> {
        let (shown, depth) = file.inside.as_ref().map_or((String::new(), 0), |i| (i.shown.clone(), i.depth));
        let shown = format!("{shown}{ARROW}{kind}");
        self.child(file, Inside { shown, name: LayerPath::clean(name), depth: depth + 1, compressed: true })
    }

    fn child(&self, file: &FileMeta, inside: Inside) -> Arc<FileMeta> {
        Arc::new(FileMeta {
            path: file.path.clone(),
            ordinal: file.ordinal,
            size: 0,
            kind: file.kind,
            inside: Some(inside),
        })
    }

    fn begin(&self, file: &Arc<FileMeta>, level: usize) {
        if let Some(index) = level.checked_sub(1) {
            let mut state = self.state.borrow_mut();
            if state.feeds.len() <= index {
                state.feeds.resize_with(index + 1, || Feed::new(self.overlap));
            }
            state.feeds[index].begin(Arc::clone(file));
        }
    }

    fn end(&self, level: usize) {
        if let Some(index) = level.checked_sub(1) {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            if let Some(feed) = state.feeds.get_mut(index) {
                feed.end(state.sink);
            }
        }
    }

    /// Gives out a text that stands for what a file says in another form.
    fn text(&self, file: &Arc<FileMeta>, level: usize, text: &[u8]) -> io::Result<()> {
        self.begin(file, level);
        let given = self.give(level, text);
        self.end(level);
        given
    }

    fn miss(&self, file: &Arc<FileMeta>, reason: impl Into<String>) {
        let mut state = self.state.borrow_mut();
        if state.over.is_some() {
            return;
        }
        if state.missed.len() < MAX_TOLD {
            state.missed.push(NotOpened { file: Arc::clone(file), reason: reason.into() });
        } else {
            state.untold += 1;
        }
    }
}

impl Taker for Unpacker<'_> {
    fn give(&self, level: usize, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let Some(index) = level.checked_sub(1) else {
            state.stored += bytes.len() as u64;
            return Ok(());
        };
        if state.over.is_some() {
            return Err(io::Error::other("a limit was met"));
        }
        if let Some(feed) = state.feeds.get_mut(index) {
            feed.push(bytes, state.sink);
        }
        state.unpacked += bytes.len() as u64;
        state.over = over_limit(self.limits, state.unpacked, state.stored);
        if state.over.is_some() { Err(io::Error::other("a limit was met")) } else { Ok(()) }
    }
}

/// Between a file and the encoding that it was decoded from.
const ARROW: &str = " → ";

fn over_limit(limits: &Limits, unpacked: u64, stored: u64) -> Option<String> {
    if unpacked > limits.nested_bytes {
        return Some(format!(
            "it unpacks to more than the limit of {} bytes; the rest was not read",
            limits.nested_bytes
        ));
    }
    (unpacked > limits.nested_ratio_after_bytes && unpacked / stored.max(1) > limits.ratio).then(|| {
        format!(
            "it unpacks to more than {} times its size ({stored} bytes gave {unpacked}); the rest was not read",
            limits.ratio
        )
    })
}

/// A name without one of these endings.
fn without<'n>(name: &'n [u8], endings: &[&str]) -> &'n [u8] {
    endings.iter().find_map(|e| name.strip_suffix(e.as_bytes())).unwrap_or(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
