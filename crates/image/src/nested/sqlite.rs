//! SQLite databases (<https://www.sqlite.org/fileformat2.html>), page by page as they come: each text and blob of a row on
//! a line of its own, and beside the text before it where that may be its name, and the name of its column where the page
//! is known to be its table's. A value that goes on in overflow pages is put together where those come later in the file.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::Unpacker;
use super::source::{Source, Taker as _, cut_off};
use crate::layer::FileMeta;

/// Most bytes of rows that wait for their overflow pages.
const WAITING: usize = 4 << 20;
/// The longest text that may be the name of the next.
const NAME: usize = 64;
/// Most pages whose table is remembered before they come, and most columns of a table.
const PAGES: usize = 64 << 10;
const COLUMNS: usize = 256;
/// Bytes of text that are given out at once.
const STRETCH: usize = 64 << 10;

/// The text encodings of 1.3.13.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Utf8,
    Utf16 { little: bool },
}

struct Database {
    /// Bytes of a page that are used.
    usable: usize,
    text: Text,
    /// Rows by the overflow page that they go on in.
    waiting: BTreeMap<u32, Row>,
    waiting_bytes: usize,
    /// What is known of pages to come: of a table's root once its schema was read, of its leaves once their parent was.
    pages: BTreeMap<u32, Owner>,
    out: Vec<u8>,
}

struct Row {
    bytes: Vec<u8>,
    missing: usize,
    owner: Owner,
}

/// Whose rows a page holds.
#[derive(Clone, Default)]
enum Owner {
    #[default]
    Unknown,
    /// The table of tables (2.6).
    Schema,
    /// A table with these columns.
    Table(Arc<Vec<Vec<u8>>>),
}

pub(super) fn open(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    let head: [u8; 100] = source.peek(100)?.first_chunk().copied().ok_or_else(cut_off)?;
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        size => usize::from(size),
    };
    let usable = page.saturating_sub(usize::from(head[20]));
    if !page.is_power_of_two() || page < 512 || usable < 480 {
        return Err(io::Error::other("it is damaged: its page size is none"));
    }
    let text = match head[59] {
        2 => Text::Utf16 { little: true },
        3 => Text::Utf16 { little: false },
        _ => Text::Utf8,
    };
    let announced =
        (head[24..28] == head[92..96]).then(|| u32::from_be_bytes([head[28], head[29], head[30], head[31]]));
    let mut database = Database {
        usable,
        text,
        waiting: BTreeMap::new(),
        waiting_bytes: 0,
        pages: BTreeMap::from([(1, Owner::Schema)]),
        out: Vec::new(),
    };
    let child = unpacker.decoded(file, "rows", b"");
    unpacker.begin(&child, level + 1);
    let mut number = 0u32;
    let result = loop {
        let there = match source.peek(page) {
            Ok(bytes) => bytes.len(),
            Err(e) => break Err(e),
        };
        if there < page {
            let whole = there == 0 && announced.is_none_or(|pages| pages <= number);
            break if whole { Ok(()) } else { Err(cut_off()) };
        }
        let bytes = match source.bytes(page) {
            Ok(bytes) => bytes,
            Err(e) => break Err(e),
        };
        number += 1;
        database.page(&bytes, number);
        if database.out.len() > STRETCH
            && let Err(e) = database.give(unpacker, level + 1)
        {
            break Err(e);
        }
    };
    // What waited in vain is examined as far as it is there.
    for row in std::mem::take(&mut database.waiting).into_values() {
        database.row(&row.bytes, &row.owner);
    }
    let given = database.give(unpacker, level + 1);
    unpacker.end(level + 1);
    result.and(given)
}

impl Database {
    fn give(&mut self, unpacker: &Unpacker<'_>, level: usize) -> io::Result<()> {
        let given = unpacker.give(level, &self.out);
        self.out.clear();
        given
    }

    fn page(&mut self, page: &[u8], number: u32) {
        if let Some(row) = self.waiting.remove(&number) {
            return self.overflow(page, row);
        }
        let owner = self.pages.remove(&number).unwrap_or_default();
        let start = if number == 1 { 100 } else { 0 };
        let table = match page.get(start) {
            Some(0x0d) => true,
            Some(0x0a) => false,
            Some(0x05) => return self.children(page, start, &owner),
            _ => return,
        };
        let short = |at: usize| page.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]])));
        let count = short(start + 3).unwrap_or(0);
        // Cells do not overlap: one that is told again and again is no row.
        let most = self.out.len() + 8 * page.len();
        for i in 0..count {
            if self.out.len() > most {
                return;
            }
            let Some(cell) = short(start + 8 + 2 * i).and_then(|at| page.get(at..)) else { return };
            if self.cell(cell, table, &owner).is_none() {
                // A page that is no page of rows after all.
                return;
            }
        }
    }

    /// An inner page of a table (1.6): its children hold rows of the same table.
    fn children(&mut self, page: &[u8], start: usize, owner: &Owner) {
        if matches!(owner, Owner::Unknown) {
            return;
        }
        let number = |at: usize| page.get(at..at + 4)?.first_chunk::<4>().map(|n| u32::from_be_bytes(*n));
        let short = |at: usize| page.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]])));
        let count = short(start + 3).unwrap_or(0);
        let cells = (0..count).filter_map(|i| number(short(start + 12 + 2 * i)?));
        for child in cells.chain(number(start + 8)) {
            if self.pages.len() < PAGES {
                self.pages.insert(child, owner.clone());
            }
        }
    }

    /// A cell of a leaf page (1.6): of a table with a row number, of an index without.
    fn cell(&mut self, mut cell: &[u8], table: bool, owner: &Owner) -> Option<()> {
        let size = usize::try_from(varint(&mut cell)?).ok()?;
        if table {
            varint(&mut cell)?;
        }
        let usable = self.usable;
        let most = if table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        let least = (usable - 12) * 32 / 255 - 23;
        if size <= most {
            self.row(cell.get(..size)?, owner);
            return Some(());
        }
        let local = least + (size - least) % (usable - 4);
        let local = if local <= most { local } else { least };
        let bytes = cell.get(..local)?;
        let next = u32::from_be_bytes(*cell.get(local..)?.first_chunk::<4>()?);
        self.wait(next, Row { bytes: bytes.to_vec(), missing: size - local, owner: owner.clone() });
        Some(())
    }

    fn wait(&mut self, page: u32, row: Row) {
        self.waiting_bytes += row.bytes.len();
        if self.waiting_bytes > WAITING {
            self.waiting_bytes -= row.bytes.len();
            return self.row(&row.bytes, &row.owner);
        }
        if let Some(other) = self.waiting.insert(page, row) {
            self.waiting_bytes -= other.bytes.len();
            self.row(&other.bytes, &other.owner);
        }
    }

    fn overflow(&mut self, page: &[u8], mut row: Row) {
        self.waiting_bytes -= row.bytes.len();
        let next = page.first_chunk::<4>().map_or(0, |n| u32::from_be_bytes(*n));
        let count = row.missing.min(self.usable - 4);
        row.bytes.extend_from_slice(page.get(4..4 + count).unwrap_or_default());
        row.missing -= count;
        if row.missing > 0 && next > 0 {
            self.wait(next, row);
        } else {
            self.row(&row.bytes, &row.owner);
        }
    }

    /// A record (2.1): the types of its values, then the values.
    fn row(&mut self, record: &[u8], owner: &Owner) {
        let mut name: Option<Vec<u8>> = None;
        let mut root = 0;
        for (index, (kind, value)) in values(record).into_iter().enumerate() {
            if (1..=4).contains(&kind) && index == 3 {
                root = value.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
            }
            if kind < 12 || value.is_empty() {
                continue;
            }
            let value = self.text_of(value, kind % 2 == 1);
            match owner {
                Owner::Schema if index == 4 && self.pages.len() < PAGES => {
                    if let Some(columns) = columns(&value) {
                        self.pages.insert(root, Owner::Table(Arc::new(columns)));
                    }
                }
                Owner::Table(columns) => {
                    let one_word = value.len() <= STRETCH && !value.iter().any(u8::is_ascii_whitespace);
                    if let Some(column) = columns.get(index).filter(|_| one_word) {
                        self.assign(column, &value);
                    }
                }
                _ => {}
            }
            match name.take() {
                Some(name) => self.assign(&name, &value),
                None => {
                    self.out.extend_from_slice(&value);
                    self.out.push(b'\n');
                }
            }
            let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
            name = (value.len() <= NAME && value.iter().all(plain)).then_some(value);
        }
    }

    /// A value beside its name, on a line of its own.
    fn assign(&mut self, name: &[u8], value: &[u8]) {
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b" = \"");
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\"\n");
    }

    fn text_of(&self, value: &[u8], is_text: bool) -> Vec<u8> {
        match self.text {
            Text::Utf16 { little } if is_text => {
                let unit = |pair: &[u8]| {
                    let pair = [pair[0], pair[1]];
                    if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
                };
                let units: Vec<u16> = value.chunks_exact(2).map(unit).collect();
                String::from_utf16_lossy(&units).into_bytes()
            }
            _ => value.to_vec(),
        }
    }
}

/// The values of a record with their types.
fn values(record: &[u8]) -> Vec<(u64, &[u8])> {
    let mut rest = record;
    let header = varint(&mut rest).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let types = record.get(record.len() - rest.len()..header.min(record.len()));
    let (Some(mut types), Some(mut values)) = (types, record.get(header..)) else { return Vec::new() };
    let mut found = Vec::new();
    while let Some(kind) = varint(&mut types) {
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).unwrap_or(0),
            5 => 6,
            6 | 7 => 8,
            kind => usize::try_from(kind.saturating_sub(12) / 2).unwrap_or(usize::MAX),
        };
        found.push((kind, values.get(..length.min(values.len())).unwrap_or_default()));
        values = values.get(length..).unwrap_or_default();
    }
    found
}

/// The names of the columns that a statement gives to a new table.
fn columns(sql: &[u8]) -> Option<Vec<Vec<u8>>> {
    const CONSTRAINTS: [&[u8]; 5] = [b"primary", b"unique", b"check", b"foreign", b"constraint"];
    let head = sql.get(..12)?;
    if !head.eq_ignore_ascii_case(b"create table") {
        return None;
    }
    let open = sql.iter().position(|b| *b == b'(')?;
    let (mut depth, mut start, mut found) = (0_usize, open + 1, Vec::new());
    for (at, byte) in sql.iter().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && *byte == b',' {
            let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
            let item = sql.get(start..at)?;
            let item = item.iter().position(plain).and_then(|first| item.get(first..)).unwrap_or_default();
            let name = item.get(..item.iter().take(NAME).take_while(|b| plain(b)).count())?;
            if CONSTRAINTS.iter().any(|word| name.eq_ignore_ascii_case(word)) || found.len() >= COLUMNS {
                break;
            }
            found.push(name.to_vec());
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    Some(found)
}

/// A variable-length integer (1.6): seven bits with each byte, eight with the ninth.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for i in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if i == 8 {
            return Some(value << 8 | u64::from(*byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    Some(value)
}
