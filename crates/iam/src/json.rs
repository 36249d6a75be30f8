//! A strict JSON reader (RFC 8259) that knows where each value stands.
//!
//! serde_json gives no positions for values and lets a later duplicate member win; a policy in which the reader and AWS
//! disagree about which `Effect` counts would be judged wrongly. So duplicates are errors here, also when they are
//! spelled with `\u` escapes. Depth and size are bounded.

use std::collections::HashSet;
use std::fmt;

/// A place in a text: line and byte column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Byte column, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A JSON value and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Place of the value's first byte.
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
    /// The name, with escapes resolved.
    pub name: String,
    /// Place of the name.
    pub at: Position,
    /// The value.
    pub node: Node,
}

/// Bounds on what is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
}

impl Default for Limits {
    /// 1 MiB and 64 levels: AWS's longest policy is far below both.
    fn default() -> Self {
        Self { bytes: 1 << 20, depth: 64 }
    }
}

/// Why a text is not the JSON that was asked for, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct JsonError {
    /// Where the fault was noticed.
    pub at: Position,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than [`Limits::bytes`].
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// Deeper than [`Limits::depth`].
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    End,
    /// Something stands after the value.
    #[error("text after the end of the value")]
    Trailing,
    /// Not what can stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A number that JSON does not know.
    #[error("malformed number")]
    Number,
    /// A control character inside a string.
    #[error("control character in a string")]
    Control,
    /// An escape that JSON does not know, or half of a surrogate pair.
    #[error("malformed escape")]
    Escape,
    /// A member name that the object already has.
    #[error("duplicate member")]
    Duplicate,
}

/// Reads `text` as exactly one JSON value.
///
/// # Errors
/// [`JsonError`] for anything that RFC 8259 does not allow, for a duplicate member, and past the limits.
pub fn read(text: &str, limits: Limits) -> Result<Node, JsonError> {
    let mut reader =
        Reader { text, bytes: text.as_bytes(), offset: 0, line: 1, line_start: 0, depth: limits.depth };
    if text.len() > limits.bytes {
        return Err(reader.fault(Fault::TooLong(limits.bytes)));
    }
    reader.space();
    let node = reader.node(limits.depth)?;
    reader.space();
    if reader.offset < text.len() {
        return Err(reader.fault(Fault::Trailing));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    offset: usize,
    line: u32,
    line_start: usize,
    depth: usize,
}

impl Reader<'_> {
    fn position(&self) -> Position {
        let column = u32::try_from(self.offset - self.line_start).unwrap_or(u32::MAX).saturating_add(1);
        Position { line: self.line, column }
    }

    fn fault(&self, fault: Fault) -> JsonError {
        let fault = if self.offset >= self.bytes.len() && matches!(fault, Fault::Expected(_)) {
            Fault::End
        } else {
            fault
        };
        JsonError { at: self.position(), fault }
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
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.offset += 1,
                b'\n' => {
                    self.offset += 1;
                    self.line = self.line.saturating_add(1);
                    self.line_start = self.offset;
                }
                _ => return,
            }
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node, JsonError> {
        let at = self.position();
        let value = match self.peek() {
            Some(b'{') => Value::Object(self.object(self.deeper(depth)?)?),
            Some(b'[') => Value::Array(self.array(self.deeper(depth)?)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.fault(Fault::Expected("a value"))),
        };
        Ok(Node { at, value })
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonError> {
        depth.checked_sub(1).ok_or_else(|| self.fault(Fault::TooDeep(self.depth)))
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, JsonError> {
        if self.bytes[self.offset..].starts_with(word.as_bytes()) {
            self.offset += word.len();
            Ok(value)
        } else {
            Err(self.fault(Fault::Expected("a value")))
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Node>, JsonError> {
        self.offset += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            self.space();
            items.push(self.node(depth)?);
            self.space();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(self.fault(Fault::Expected("`,` or `]`")));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member>, JsonError> {
        self.offset += 1;
        let mut members = Vec::new();
        let mut names = HashSet::new();
        self.space();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.space();
            let at = self.position();
            if self.peek() != Some(b'"') {
                return Err(self.fault(Fault::Expected("a member name")));
            }
            let name = self.string()?;
            if !names.insert(name.clone()) {
                return Err(JsonError { at, fault: Fault::Duplicate });
            }
            self.space();
            if !self.take(b':') {
                return Err(self.fault(Fault::Expected("`:`")));
            }
            self.space();
            let node = self.node(depth)?;
            members.push(Member { name, at, node });
            self.space();
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return Err(self.fault(Fault::Expected("`,` or `}`")));
            }
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.offset;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.offset += 1;
        }
        self.offset > start
    }

    fn number(&mut self) -> Result<String, JsonError> {
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
        if whole && fraction && exponent {
            Ok(self.text[start..self.offset].to_owned())
        } else {
            Err(self.fault(Fault::Number))
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.offset += 1;
        let mut value = String::new();
        loop {
            let start = self.offset;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.offset += 1;
            }
            // `start` and `offset` stand at ASCII bytes or at the ends, so the slice cannot cut a character.
            value.push_str(&self.text[start..self.offset]);
            match self.peek() {
                None => return Err(self.fault(Fault::End)),
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(value);
                }
                Some(b'\\') => {
                    self.offset += 1;
                    value.push(self.escape()?);
                }
                Some(_) => return Err(self.fault(Fault::Control)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let Some(byte) = self.peek() else { return Err(self.fault(Fault::End)) };
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.fault(Fault::Escape)),
        };
        self.offset += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.take(b'\\') {
                return Err(self.fault(Fault::Escape));
            }
            let second = self.hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.fault(Fault::Escape));
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.fault(Fault::Escape))
    }

    /// Reads `uXXXX`, without the backslash.
    fn hex(&mut self) -> Result<u32, JsonError> {
        if !self.take(b'u') {
            return Err(self.fault(Fault::Escape));
        }
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.fault(Fault::Escape)) };
            code = code * 16 + digit;
            self.offset += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests;
