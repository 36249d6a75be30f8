//! Compiled Python modules (PEP 3147, PEP 552, marshal): the texts among their constants, each on a line, with the name
//! that the module gives it where that is plain.

use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::bytecode::{Opcodes, Owner, SINCE_3_6, SINCE_3_11, SINCE_3_13, SINCE_3_14, owners};
use super::source::{Source, cut_off};
use super::{Unpacker, without};
use crate::layer::FileMeta;

/// The largest module that is read, in bytes; larger ones are examined as bytes alone.
const LARGEST: usize = 8 << 20;
/// The most text that its constants may make, in bytes: they may refer to each other.
const MAX_TEXT: usize = 4 * LARGEST;
/// How deep objects may be nested: as deep as marshal allows.
const MAX_DEPTH: usize = 200;

/// Magic numbers of PyPy, whose constants are examined as bytes.
const PYPY: std::ops::RangeInclusive<u16> = 100..=500;

/// What a version of Python writes.
#[derive(Clone, Copy)]
struct Layout {
    /// Bytes before the module's object.
    header: usize,
    /// Numbers at the start of a code object.
    numbers: usize,
    /// Objects after the line number: the line table, and since 3.11 the exception table.
    tables: usize,
    /// The opcodes, where code is a sequence of pairs.
    opcodes: Option<&'static Opcodes>,
}

/// The layout of modules with this magic number (`Lib/importlib/_bootstrap_external.py`).
fn layout(magic: u16) -> Option<Layout> {
    let of = |header, numbers, tables, opcodes| Some(Layout { header, numbers, tables, opcodes });
    match magic {
        62_011..=62_299 => of(8, 4, 1, None),
        3_000..=3_189 => of(8, 5, 1, None),
        3_190..=3_359 => of(12, 5, 1, None),
        3_360..=3_389 => of(12, 5, 1, Some(&SINCE_3_6)),
        3_390..=3_399 => of(16, 5, 1, Some(&SINCE_3_6)),
        3_400..=3_449 => of(16, 6, 1, Some(&SINCE_3_6)),
        3_450..=3_549 => of(16, 5, 2, Some(&SINCE_3_11)),
        3_550..=3_599 => of(16, 5, 2, Some(&SINCE_3_13)),
        // Opcodes changed until 3.14 was released.
        3_600..=3_626 => of(16, 5, 2, None),
        3_627..=3_649 => of(16, 5, 2, Some(&SINCE_3_14)),
        _ => None,
    }
}

pub(super) fn open(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    let head = source.peek(4)?;
    let magic = head.first_chunk::<2>().map_or(0, |m| u16::from_le_bytes(*m));
    if PYPY.contains(&magic) {
        return Ok(());
    }
    let Some(layout) = layout(magic) else {
        return Err(io::Error::other(format!(
            "it is compiled by a version of Python that is not known ({magic}); its constants were examined as bytes"
        )));
    };
    let mut bytes = Vec::new();
    while bytes.len() <= LARGEST {
        let more = source.peek(1)?;
        if more.is_empty() {
            break;
        }
        bytes.extend_from_slice(more);
        let count = more.len() as u64;
        source.skip(count)?;
    }
    if bytes.len() > LARGEST {
        return Ok(());
    }
    let mut reader =
        Reader { bytes: &bytes, at: layout.header, layout, references: Vec::new(), out: Vec::new() };
    let read = reader.object(0);
    let name = without(file.name(), &["c"]).to_vec();
    let child = unpacker.decoded(file, "constants", &name);
    unpacker.text(&child, level + 1, &reader.out)?;
    if reader.is_over() {
        return Err(io::Error::other(
            "its constants repeat each other beyond the limit; the rest was examined as bytes",
        ));
    }
    read.map(|_| ()).ok_or_else(cut_off)
}

/// An object, as far as it matters.
#[derive(Clone)]
enum Object {
    Text(Range<usize>),
    Tuple(Rc<[Object]>),
    /// A tuple of texts that stands elsewhere.
    Again(Rc<[Object]>),
    Other,
}

/// The most items of a tuple that later objects may refer to: keys of dictionaries, names of arguments.
const MAX_KEPT: usize = 64;

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    layout: Layout,
    /// Objects that later ones may refer to.
    references: Vec<Object>,
    out: Vec<u8>,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn long(&mut self) -> Option<usize> {
        let bytes = self.bytes.get(self.at..)?.first_chunk::<4>()?;
        self.at += 4;
        usize::try_from(i32::from_le_bytes(*bytes)).ok()
    }

    fn pass(&mut self, count: usize) -> Option<Range<usize>> {
        let range = self.at..self.at.checked_add(count)?;
        self.bytes.get(range.clone())?;
        self.at = range.end;
        Some(range)
    }

    /// Reads one object; nothing if the module ends before it, or it is none.
    fn object(&mut self, depth: usize) -> Option<Object> {
        if depth > MAX_DEPTH {
            return None;
        }
        let code = self.byte()?;
        let kept = (code & 0x80 != 0).then(|| {
            self.references.push(Object::Other);
            self.references.len() - 1
        });
        let object = match code & 0x7f {
            b'0' | b'N' | b'F' | b'T' | b'S' | b'.' => Object::Other,
            b'i' => self.pass(4).map(|_| Object::Other)?,
            b'I' | b'g' => self.pass(8).map(|_| Object::Other)?,
            b'y' => self.pass(16).map(|_| Object::Other)?,
            b'f' => self.counted_byte().map(|_| Object::Other)?,
            b'x' => {
                self.counted_byte()?;
                self.counted_byte().map(|_| Object::Other)?
            }
            b'l' => {
                let digits = self.bytes.get(self.at..)?.first_chunk::<4>()?;
                self.at += 4;
                let digits = usize::try_from(i32::from_le_bytes(*digits).unsigned_abs()).ok()?;
                self.pass(digits.checked_mul(2)?).map(|_| Object::Other)?
            }
            b'z' | b'Z' => Object::Text(self.counted_byte()?),
            b's' | b't' | b'u' | b'a' | b'A' => {
                let length = self.long()?;
                let text = Object::Text(self.pass(length)?);
                // Python 2 refers to interned texts by their number.
                if code == b't' && self.layout.numbers == 4 {
                    self.references.push(text.clone());
                }
                text
            }
            b'r' | b'R' => {
                let at = self.long()?;
                self.references.get(at)?.clone()
            }
            b')' => {
                let count = usize::from(self.byte()?);
                self.items(count, depth)?
            }
            b'(' | b'[' | b'<' | b'>' => {
                let count = self.long()?;
                self.items(count, depth)?
            }
            b'{' => loop {
                if self.bytes.get(self.at)? & 0x7f == b'0' {
                    self.at += 1;
                    break Object::Other;
                }
                self.object(depth + 1)?;
                self.object(depth + 1)?;
            },
            b':' => {
                for _ in 0..3 {
                    self.object(depth + 1)?;
                }
                Object::Other
            }
            b'c' => self.code(depth)?,
            _ => return None,
        };
        if let Some(slot) = kept.and_then(|i| self.references.get_mut(i)) {
            // Of tuples those of a few texts are kept: only names are asked for.
            match &object {
                Object::Tuple(items) => {
                    if items.len() <= MAX_KEPT && items.iter().all(|i| matches!(i, Object::Text(_))) {
                        *slot = Object::Again(Rc::clone(items));
                    }
                }
                other => slot.clone_from(other),
            }
        }
        Some(object)
    }

    fn counted_byte(&mut self) -> Option<Range<usize>> {
        let length = usize::from(self.byte()?);
        self.pass(length)
    }

    fn items(&mut self, count: usize, depth: usize) -> Option<Object> {
        // Each item has a byte at least.
        if count > self.bytes.len() - self.at {
            return None;
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.object(depth + 1)?);
        }
        Some(Object::Tuple(items.into()))
    }

    fn code(&mut self, depth: usize) -> Option<Object> {
        self.pass(4 * self.layout.numbers)?;
        let code = self.object(depth + 1)?;
        let constants = self.object(depth + 1)?;
        let names = self.object(depth + 1)?;
        let locals = self.object(depth + 1)?;
        for _ in 0..4 {
            self.object(depth + 1)?;
        }
        self.pass(4)?;
        for _ in 0..self.layout.tables {
            self.object(depth + 1)?;
        }
        self.tell(&code, &constants, [&names, &locals]);
        Some(Object::Other)
    }

    /// Writes the texts of a code object: those that are given to a name with it, then the others.
    fn tell(&mut self, code: &Object, constants: &Object, [names, locals]: [&Object; 2]) {
        let (Object::Tuple(constants), Object::Text(code)) = (constants, code) else { return };
        let code = self.bytes.get(code.clone()).unwrap_or_default();
        let mut is_given = vec![false; constants.len()];
        if let Some(opcodes) = self.layout.opcodes {
            let length_of = |tuple: usize| constants.get(tuple).and_then(items_of).map(<[Object]>::len);
            owners(opcodes, code, &length_of, &mut |owner, value| {
                let name = match owner {
                    Owner::Name(at) => items_of(names).and_then(|names| names.get(at)),
                    Owner::Local(at) => items_of(locals).and_then(|names| names.get(at)),
                    Owner::Key(at) => constants.get(at),
                    Owner::Item(tuple, at) => constants.get(tuple).and_then(items_of).and_then(|i| i.get(at)),
                };
                if let (Some(Object::Text(name)), Some(Object::Text(text))) = (name, constants.get(value)) {
                    is_given[value] |= self.named(name, text);
                }
            });
        }
        for (constant, _) in constants.iter().zip(is_given).filter(|(_, given)| !given) {
            self.constant(constant);
        }
    }

    fn is_over(&self) -> bool {
        self.out.len() > MAX_TEXT
    }

    /// Writes a text that is given to a name; false if either is none that stands on a line.
    fn named(&mut self, name: &Range<usize>, text: &Range<usize>) -> bool {
        let bytes = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        let (name, text) = (bytes(name), bytes(text));
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let stands =
            !name.is_empty() && name.iter().all(is_name) && !text.iter().any(|b| b"\n\"".contains(b));
        if stands && !self.is_over() {
            self.out.extend_from_slice(name);
            self.out.extend_from_slice(b" = \"");
            self.out.extend_from_slice(text);
            self.out.extend_from_slice(b"\"\n");
        }
        stands
    }

    fn constant(&mut self, constant: &Object) {
        match constant {
            _ if self.is_over() => {}
            Object::Text(text) => {
                self.out.extend_from_slice(self.bytes.get(text.clone()).unwrap_or_default());
                self.out.push(b'\n');
            }
            Object::Tuple(items) => items.iter().for_each(|i| self.constant(i)),
            Object::Again(_) | Object::Other => {}
        }
    }
}

/// The items of a tuple, wherever it stands.
fn items_of(object: &Object) -> Option<&[Object]> {
    match object {
        Object::Tuple(items) | Object::Again(items) => Some(items),
        _ => None,
    }
}
