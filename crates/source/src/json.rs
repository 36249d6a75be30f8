//! The one strict JSON reader (RFC 8259 without its liberties): everything knows where it stands, a member may stand once
//! only, also when it is spelled with `\u` escapes, and numbers keep their text.
//!
//! serde_json gives no positions for values and lets a later duplicate win; a document in which the reader and AWS, or two
//! readers, disagree about which member counts would be judged wrongly. Size, depth and number of values are bounded.
//!
//! ```
//! use seaworthy_source::json::{self, Limits};
//!
//! let text = br#"{"Effect": "Allow",
//!   "Effect": "Deny"}"#;
//! let errors = json::parse(text, Limits { bytes: 1 << 20, depth: 32, values: 1_000 }).unwrap_err();
//! assert_eq!(errors[0].to_string(), "2:3: /Effect: stands twice in its object");
//! ```

use std::collections::HashSet;
use std::fmt;

use crate::{JsonPointer, Position, Span};

/// Bounds on what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest document, in bytes.
    pub bytes: u64,
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most values, those inside others included.
    pub values: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its bytes.
    pub span: Span,
    /// The line and byte column of its first byte.
    pub at: Position,
    /// The value.
    pub value: Value,
}

/// A JSON value; numbers keep their text, objects keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A string, with escapes resolved.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object; no name occurs twice.
    Object(Vec<Member>),
}

impl Value {
    /// The JSON name of the value's type, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// One member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, with escapes resolved.
    pub name: String,
    /// The bytes of the name, quotes included.
    pub span: Span,
    /// The line and byte column of the name.
    pub at: Position,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// The member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let Value::Object(members) = &self.value else { return None };
        members.iter().find(|m| m.name == name).map(|m| &m.node)
    }

    /// Its text, if it is a string.
    pub fn text(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// What an RFC 6901 pointer leads to.
    pub fn find(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        let tokens = pointer.strip_prefix('/')?.split('/');
        tokens.map(|t| t.replace("~1", "/").replace("~0", "~")).try_fold(self, |node, token| {
            match &node.value {
                Value::Array(items) => {
                    let plain = token == "0" || !token.starts_with(['0', '+']);
                    token.parse::<usize>().ok().filter(|_| plain).and_then(|i| items.get(i))
                }
                _ => node.get(&token),
            }
        })
    }
}

/// Why a text is not the JSON that was asked for, and where. It never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The bytes.
    pub span: Span,
    /// The line and byte column where the fault was noticed.
    pub at: Position,
    /// The place in the document, as far as it is known; names that are no plain words are left out.
    pub pointer: JsonPointer,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, pointer, fault, .. } = self;
        if pointer.as_str().is_empty() {
            write!(f, "{at}: {fault}")
        } else {
            write!(f, "{at}: {pointer}: {fault}")
        }
    }
}

impl std::error::Error for JsonError {}

/// What is wrong with a JSON text, as the rest of a sentence that begins with the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than [`Limits::bytes`].
    #[error("the document is larger than {0} bytes")]
    TooLong(u64),
    /// Deeper than [`Limits::depth`].
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// More values than [`Limits::values`].
    #[error("the document has more than {0} values")]
    TooMany(usize),
    /// It begins with U+FEFF (RFC 8259, section 8.1).
    #[error("the document begins with a byte order mark")]
    ByteOrderMark,
    /// Bytes that are not UTF-8.
    #[error("the document is not UTF-8 here")]
    NotUtf8,
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    End,
    /// Something stands after the value.
    #[error("there is text after the end of the document")]
    Trailing,
    /// Something else can stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A number that JSON does not know.
    #[error("malformed number")]
    Number,
    /// A control character inside a string.
    #[error("a control character stands in a string")]
    Control,
    /// An escape that JSON does not know.
    #[error("malformed escape")]
    Escape,
    /// Half of a surrogate pair.
    #[error("half of a surrogate pair")]
    Surrogate,
    /// A member name that the object already has.
    #[error("stands twice in its object")]
    Duplicate,
}

/// Reads `bytes` as exactly one JSON value.
///
/// # Errors
/// All duplicate members (at most 20), or the first thing that is not JSON with the duplicates before it; never an empty
/// list.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Node, Vec<JsonError>> {
    let mut reader = Reader {
        text: "",
        bytes,
        offset: 0,
        line: 1,
        line_start: 0,
        limits,
        values: 0,
        path: Vec::new(),
        errors: Vec::new(),
    };
    if bytes.len() as u64 > limits.bytes {
        return reader.refuse(Fault::TooLong(limits.bytes));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return reader.refuse(Fault::ByteOrderMark);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => reader.text = text,
        Err(error) => {
            let (before, _) = bytes.split_at(error.valid_up_to());
            reader.line = before.iter().fold(1, |lines: u32, b| lines.saturating_add(u32::from(*b == b'\n')));
            reader.line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            reader.offset = before.len();
            return reader.refuse(Fault::NotUtf8);
        }
    }
    match reader.document() {
        Some(node) if reader.errors.is_empty() => Ok(node),
        _ => Err(reader.errors),
    }
}

/// Reads `bytes` as exactly one JSON value and tells the first thing that is wrong.
///
/// # Errors
/// As [`parse`].
pub fn read_first(bytes: &[u8], limits: Limits) -> Result<Node, JsonError> {
    parse(bytes, limits).map_err(|errors| {
        errors.into_iter().next().unwrap_or(JsonError {
            span: Span::default(),
            at: Position { line: 1, column: 1 },
            pointer: JsonPointer::root(),
            fault: Fault::Expected("a value"),
        })
    })
}

enum Step {
    Name(String),
    Index(usize),
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    offset: usize,
    line: u32,
    line_start: usize,
    limits: Limits,
    values: usize,
    path: Vec<Step>,
    errors: Vec<JsonError>,
}

/// Most duplicates that are told: a document of nothing else needs no longer list.
const DUPLICATES: usize = 20;

impl Reader<'_> {
    fn refuse(mut self, fault: Fault) -> Result<Node, Vec<JsonError>> {
        let _: Option<Node> = self.fail(fault);
        Err(self.errors)
    }

    fn position(&self) -> Position {
        let column = u32::try_from(self.offset - self.line_start).unwrap_or(u32::MAX).saturating_add(1);
        Position { line: self.line, column }
    }

    fn document(&mut self) -> Option<Node> {
        self.space();
        let node = self.node(self.limits.depth)?;
        self.space();
        if self.offset < self.bytes.len() {
            return self.fail(Fault::Trailing);
        }
        Some(node)
    }

    fn pointer(&self) -> JsonPointer {
        self.path.iter().fold(JsonPointer::root(), |pointer, step| match step {
            Step::Name(name) => pointer.key(shown(name)),
            Step::Index(index) => pointer.index(*index),
        })
    }

    fn report(&mut self, span: Span, at: Position, fault: Fault) {
        let pointer = self.pointer();
        self.errors.push(JsonError { span, at, pointer, fault });
    }

    fn fail<T>(&mut self, fault: Fault) -> Option<T> {
        let end = self.bytes.len();
        let is_open = matches!(fault, Fault::Expected(_) | Fault::Number | Fault::Control | Fault::Escape);
        let fault = if self.offset >= end && is_open { Fault::End } else { fault };
        let span = Span::new(self.offset.min(end), end.min(self.offset + 1));
        self.report(span, self.position(), fault);
        None
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    fn space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.offset += 1;
            // A string holds no bare line break, so lines end here alone.
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.line_start = self.offset;
            }
        }
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        self.values += 1;
        if self.values > self.limits.values {
            return self.fail(Fault::TooMany(self.limits.values));
        }
        let (start, at) = (self.offset, self.position());
        let value = match self.peek() {
            Some(b'{' | b'[') if depth == 0 => {
                return self.fail(Fault::TooDeep(self.limits.depth));
            }
            Some(b'{') => Value::Object(self.object(depth - 1)?),
            Some(b'[') => Value::Array(self.array(depth - 1)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return self.fail(Fault::Expected("a JSON value")),
        };
        Some(Node { span: Span::new(start, self.offset), at, value })
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        if !self.bytes.get(self.offset..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return self.fail(Fault::Expected("a JSON value"));
        }
        self.offset += word.len();
        Some(value)
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Node>> {
        self.offset += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Some(items);
        }
        loop {
            self.space();
            self.path.push(Step::Index(items.len()));
            items.push(self.node(depth)?);
            self.path.pop();
            self.space();
            if self.take(b']') {
                return Some(items);
            }
            if !self.take(b',') {
                return self.fail(Fault::Expected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Vec<Member>> {
        self.offset += 1;
        let mut members: Vec<Member> = Vec::new();
        let mut names = HashSet::new();
        self.space();
        if self.take(b'}') {
            return Some(members);
        }
        loop {
            self.space();
            let (start, at) = (self.offset, self.position());
            if self.peek() != Some(b'"') {
                return self.fail(Fault::Expected("the name of a member"));
            }
            let name = self.string()?;
            let span = Span::new(start, self.offset);
            let is_new = names.insert(name.clone());
            self.path.push(Step::Name(name.clone()));
            if !is_new {
                self.report(span, at, Fault::Duplicate);
                if self.errors.len() >= DUPLICATES {
                    return None;
                }
            }
            self.space();
            if !self.take(b':') {
                return self.fail(Fault::Expected("`:`"));
            }
            self.space();
            let node = self.node(depth)?;
            self.path.pop();
            if is_new {
                members.push(Member { name, span, at, node });
            }
            self.space();
            if self.take(b'}') {
                return Some(members);
            }
            if !self.take(b',') {
                return self.fail(Fault::Expected("`,` or `}`"));
            }
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.offset;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.offset += 1;
        }
        self.offset > start
    }

    fn number(&mut self) -> Option<String> {
        let start = self.offset;
        self.take(b'-');
        let whole = self.take(b'0') || self.digits();
        let fraction = !self.take(b'.') || self.digits();
        let exponent = if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()
        } else {
            true
        };
        if !(whole && fraction && exponent) {
            return self.fail(Fault::Number);
        }
        self.text.get(start..self.offset).map(Into::into)
    }

    fn string(&mut self) -> Option<String> {
        self.offset += 1;
        let mut value = String::new();
        loop {
            let start = self.offset;
            while self.peek().is_some_and(|b| b >= 0x20 && b != b'"' && b != b'\\') {
                self.offset += 1;
            }
            // Both ends stand at ASCII bytes or at the text's end, so no character is cut.
            value.push_str(self.text.get(start..self.offset).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return Some(value);
                }
                Some(b'\\') => {
                    self.offset += 1;
                    value.push(self.escape()?);
                }
                _ => return self.fail(Fault::Control),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fail(Fault::Escape),
        };
        self.offset += 1;
        Some(plain)
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.take(b'\\') {
                return self.fail(Fault::Surrogate);
            }
            let second = self.hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return self.fail(Fault::Surrogate);
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some(c) => Some(c),
            None => self.fail(Fault::Surrogate),
        }
    }

    /// Reads `uXXXX`, without the backslash.
    fn hex(&mut self) -> Option<u32> {
        if !self.take(b'u') {
            return self.fail(Fault::Escape);
        }
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return self.fail(Fault::Escape);
            };
            code = code * 16 + digit;
            self.offset += 1;
        }
        Some(code)
    }
}

/// A member's name as it may be shown: one that is no plain word may be anything, a value in the wrong place included.
pub fn shown(name: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-@:$/".contains(&b);
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) { name } else { "…" }
}

#[cfg(test)]
mod tests;
