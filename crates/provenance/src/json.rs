//! The JSON reader of a run's documents (RFC 8259 without its liberties): a member may stand once only, also when it is
//! spelled with `\u` escapes, and numbers keep their text.
//!
//! It is not the reader of policies (the crate `seaworthy-iam`) although both are strict: this one takes bytes that may be anything,
//! goes on after a duplicate so that one run tells of all, keeps spans that lead back to the bytes, and bounds the
//! number of values. `iam` and `artifact` may not know each other, and neither owns the other's reader.

use std::collections::HashSet;

use seaworthy_source::{JsonPointer, Span};

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

impl Limits {
    /// For small documents of a fixed shape.
    pub const DOCUMENT: Self = Self { bytes: 1 << 20, depth: 32, values: 100_000 };

    /// For the run header, whose payload has no fixed shape.
    pub const HEADER: Self = Self { bytes: 64 << 20, depth: 96, values: 4_000_000 };
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its bytes.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Box<str>),
    /// A string, with escapes resolved.
    String(Box<str>),
    /// An array.
    Array(Vec<Node>),
    /// An object; no name occurs twice.
    Object(Vec<Member>),
}

impl Value {
    /// What JSON calls it, for messages.
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
    pub name: Box<str>,
    /// Where the name stands, quotes included.
    pub at: Span,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// The member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let Value::Object(members) = &self.value else { return None };
        members.iter().find(|m| &*m.name == name).map(|m| &m.node)
    }

    /// Its text, if it is a string.
    pub fn text(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// What an RFC 6901 pointer leads to.
    pub fn at(&self, pointer: &str) -> Option<&Node> {
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

/// What is wrong, and where. The message says what was expected and never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The bytes.
    pub span: Span,
    /// The place in the document, as far as it is known.
    pub pointer: JsonPointer,
    /// What is wrong, as the rest of a sentence that begins with the place.
    pub message: String,
}

/// Reads `bytes` as exactly one JSON value.
///
/// # Errors
/// All duplicate members, or the first thing that is not JSON with the duplicates before it.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Node, Vec<Mistake>> {
    let fault = |offset: usize, message: String| {
        let end = bytes.len().min(offset.saturating_add(1));
        vec![Mistake { span: Span::new(offset.min(end), end), pointer: JsonPointer::root(), message }]
    };
    if bytes.len() as u64 > limits.bytes {
        return Err(fault(0, format!("the document is larger than {} bytes", limits.bytes)));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(fault(0, "the document begins with a byte order mark".into()));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| fault(e.valid_up_to(), "the document is not UTF-8 here".into()))?;
    let mut reader =
        Reader { text, bytes, offset: 0, limits, values: 0, path: Vec::new(), mistakes: Vec::new() };
    let node = reader.document();
    match node {
        Some(node) if reader.mistakes.is_empty() => Ok(node),
        _ => Err(reader.mistakes),
    }
}

enum Step {
    Name(Box<str>),
    Index(usize),
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    offset: usize,
    limits: Limits,
    values: usize,
    path: Vec<Step>,
    mistakes: Vec<Mistake>,
}

/// Most duplicates that are told: a document of nothing else needs no longer list.
const DUPLICATES: usize = 20;

impl Reader<'_> {
    fn document(&mut self) -> Option<Node> {
        self.space();
        let node = self.node(self.limits.depth)?;
        self.space();
        if self.offset < self.bytes.len() {
            return self.fail("there is text after the end of the document");
        }
        Some(node)
    }

    fn pointer(&self) -> JsonPointer {
        self.path.iter().fold(JsonPointer::root(), |pointer, step| match step {
            Step::Name(name) => pointer.key(shown(name)),
            Step::Index(index) => pointer.index(*index),
        })
    }

    fn report(&mut self, span: Span, message: impl Into<String>) {
        let pointer = self.pointer();
        self.mistakes.push(Mistake { span, pointer, message: message.into() });
    }

    fn fail<T>(&mut self, message: &str) -> Option<T> {
        let end = self.bytes.len();
        let message = if self.offset >= end { "the text ends inside a value" } else { message };
        self.report(Span::new(self.offset.min(end), end.min(self.offset + 1)), message);
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
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.offset += 1;
        }
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        self.values += 1;
        if self.values > self.limits.values {
            return self.fail(&format!("the document has more than {} values", self.limits.values));
        }
        let start = self.offset;
        let value = match self.peek() {
            Some(b'{' | b'[') if depth == 0 => {
                return self.fail(&format!("nested deeper than {} levels", self.limits.depth));
            }
            Some(b'{') => Value::Object(self.object(depth - 1)?),
            Some(b'[') => Value::Array(self.array(depth - 1)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return self.fail("this is no JSON value"),
        };
        Some(Node { span: Span::new(start, self.offset), value })
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        if !self.bytes.get(self.offset..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return self.fail("this is no JSON value");
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
                return self.fail("expected `,` or `]`");
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
            let start = self.offset;
            if self.peek() != Some(b'"') {
                return self.fail("expected the name of a member");
            }
            let name = self.string()?;
            let at = Span::new(start, self.offset);
            let is_new = names.insert(name.clone());
            self.path.push(Step::Name(name.clone()));
            if !is_new {
                self.report(at, "stands twice in its object");
                if self.mistakes.len() >= DUPLICATES {
                    return None;
                }
            }
            self.space();
            if !self.take(b':') {
                return self.fail("expected `:`");
            }
            self.space();
            let node = self.node(depth)?;
            self.path.pop();
            if is_new {
                members.push(Member { name, at, node });
            }
            self.space();
            if self.take(b'}') {
                return Some(members);
            }
            if !self.take(b',') {
                return self.fail("expected `,` or `}`");
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

    fn number(&mut self) -> Option<Box<str>> {
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
            return self.fail("malformed number");
        }
        self.text.get(start..self.offset).map(Into::into)
    }

    fn string(&mut self) -> Option<Box<str>> {
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
                    return Some(value.into());
                }
                Some(b'\\') => {
                    self.offset += 1;
                    value.push(self.escape()?);
                }
                _ => return self.fail("a control character stands in a string"),
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
            _ => return self.fail("malformed escape"),
        };
        self.offset += 1;
        Some(plain)
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.take(b'\\') {
                return self.fail("half of a surrogate pair");
            }
            let second = self.hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return self.fail("half of a surrogate pair");
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some(c) => Some(c),
            None => self.fail("half of a surrogate pair"),
        }
    }

    /// Reads `uXXXX`, without the backslash.
    fn hex(&mut self) -> Option<u32> {
        if !self.take(b'u') {
            return self.fail("malformed escape");
        }
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return self.fail("malformed escape");
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> String {
        let mistakes = read(bytes, Limits::DOCUMENT).unwrap_err();
        mistakes
            .iter()
            .map(|m| format!("{}@{}:{}", m.pointer, m.span.start, m.message))
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn values_keep_their_place_and_numbers_their_text() {
        let text = br#" {"a": [1.50, -0e+1], "b\u0063": null} "#;
        let node = read(text, Limits::DOCUMENT).unwrap();
        let number = node.at("/a/0").unwrap();
        assert_eq!(number.value, Value::Number("1.50".into()));
        assert_eq!(number.span.of(text), b"1.50");
        assert_eq!(node.get("bc").unwrap().value, Value::Null);
        assert_eq!(node.at("/a/00"), None);
        assert_eq!(node.at("/a/+1"), None);
        assert_eq!(node.at("a"), None);
        assert_eq!(node.at(""), Some(&node));
    }

    #[test]
    fn all_duplicates_are_told_also_spelled_with_escapes() {
        assert_eq!(
            fault(br#"{"a":1,"\u0061":2,"b":{"c":1,"c":2}}"#),
            "/a@7:stands twice in its object|/b/c@29:stands twice in its object"
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for (bytes, word) in [
            (&b""[..], "ends inside"),
            (b"{", "ends inside"),
            (b"{} {}", "after the end"),
            (b"{}x", "after the end"),
            (b"{\"a\":NaN}", "no JSON value"),
            (b"{\"a\":Infinity}", "no JSON value"),
            (b"{\"a\":-Infinity}", "malformed number"),
            (b"{\"a\":01}", "expected"),
            (b"{\"a\":1.}", "malformed number"),
            (b"{\"a\":+1}", "no JSON value"),
            (b"{\"a\":1,}", "name of a member"),
            (b"[1,]", "no JSON value"),
            (b"{'a':1}", "name of a member"),
            (b"{a:1}", "name of a member"),
            (b"// x\n{}", "no JSON value"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            (b"{\"a\":\"\xff\"}", "not UTF-8"),
            (b"{\"a\":\"\xed\xa0\x80\"}", "not UTF-8"),
            (b"{\"a\":\"\\ud800\"}", "surrogate"),
            (b"{\"a\":\"\\udc00\"}", "surrogate"),
            (b"{\"a\":\"\\ud800\\u0041\"}", "surrogate"),
            (b"{\"a\":\"\\x41\"}", "escape"),
            (b"{\"a\":\"\n\"}", "control"),
            (b"{\"a\":\"\0\"}", "control"),
            (b"\0", "no JSON value"),
            (b"nul", "no JSON value"),
        ] {
            let told = fault(bytes);
            assert!(told.contains(word), "{}: {told}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn depth_size_and_number_of_values_are_bounded() {
        let deep = [vec![b'['; 33], vec![b']'; 33]].concat();
        assert!(fault(&deep).contains("deeper than 32"));
        assert!(read(&[vec![b'['; 32], vec![b']'; 32]].concat(), Limits::DOCUMENT).is_ok());
        assert!(fault(&vec![b' '; (1 << 20) + 1]).contains("larger than 1048576"));
        let many = format!("[{}0]", "0,".repeat(100_000));
        assert!(fault(many.as_bytes()).contains("more than 100000 values"));
        let same = format!("{{{}\"a\":0}}", "\"a\":0,".repeat(1000));
        assert_eq!(read(same.as_bytes(), Limits::DOCUMENT).unwrap_err().len(), DUPLICATES);
    }

    #[test]
    fn a_value_is_never_repeated() {
        let secret = br#"{"token-of-mine":"hunter2hunter2", "hunter2 hunter2":1, "hunter2 hunter2":2}"#;
        assert!(!fault(secret).contains("hunter2"));
    }
}
