//! One compiled pattern: does it match a path, and what can it still match below a directory?

use regex::bytes::{Regex, RegexBuilder};

use super::PatternFault;
use super::entry::strip_dir;
use super::go_path;
use super::go_regexp;
use super::shape::{Comparison, Dialect, Piece, cut, go_regexp, go_string};

/// Memory that one compiled expression may take, in bytes.
const REGEX_LIMIT: usize = 4 << 20;

/// One line of an ignore file.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// The cleaned pattern without its `!`.
    pub text: Box<[u8]>,
    /// Whether it began with `!`.
    pub exception: bool,
    /// Its line in the ignore file, from 1.
    pub line: u32,
    shape: Shape,
}

/// How paths are compared. All but `Regexp` give the answer of the builder's own comparison without running it;
/// the tests hold them against the expression.
#[derive(Clone, Debug)]
enum Shape {
    /// The path is this text.
    Exact(Box<[u8]>),
    /// The path starts with the first `n` bytes of the text.
    Prefix(usize),
    /// The path ends with the text from byte 2 on; a suffix that begins with `/` also matches without it.
    Suffix,
    /// `^head[^/]*tail$`
    Star { head: Box<[u8]>, tail: Box<[u8]> },
    /// `^(.*/)?head[^/]*tail$`, or `^(.*/)?head$` when exact; neither part holds a `/`.
    DeepName { head: Box<[u8]>, tail: Box<[u8]>, exact: bool },
    /// `^(.*/)?dir/.*$`, stored with the `/`.
    DeepDir(Box<[u8]>),
    /// Everything else, with the text that every match starts with and a text that every match holds.
    Regexp { regex: Regex, fixed: Box<[u8]>, needle: Box<[u8]> },
}

/// What a pattern says about the children of one directory.
#[derive(Clone, Copy, Debug)]
pub(super) enum Children<'p> {
    /// Matches none of them.
    None,
    /// Matches all of them.
    All,
    /// Matches by the child's name alone.
    Name(NameTest<'p>),
    /// Needs the whole path.
    Path,
}

/// A comparison of a name: equal to `head`, or `head`, anything, `tail`.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameTest<'p> {
    head: &'p [u8],
    tail: &'p [u8],
    exact: bool,
}

impl<'p> Children<'p> {
    /// A name never holds a separator, so a test that does is never passed.
    fn by_name(test: NameTest<'p>) -> Self {
        let separated = test.head.contains(&b'/') || test.tail.contains(&b'/');
        if separated { Self::None } else { Self::Name(test) }
    }
}

impl NameTest<'_> {
    /// Whether a name passes.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        if self.exact {
            return name == self.head;
        }
        name.len() >= self.head.len() + self.tail.len()
            && name.starts_with(self.head)
            && name.ends_with(self.tail)
    }
}

impl Pattern {
    /// Reads one pattern as the builder's matcher does; a blank one gives nothing.
    ///
    /// # Errors
    /// [`PatternFault`] for what the builder refuses. A builder compiles a pattern when it first tries it on a
    /// path; here that happens at once.
    pub(super) fn new(raw: &[u8], dialect: Dialect) -> Result<Option<Self>, PatternFault> {
        let trimmed = super::ignore_file::trim(raw);
        if trimmed.is_empty() {
            return Ok(None);
        }
        let cleaned = go_path::clean(trimmed);
        let (exception, text) = match cleaned.strip_prefix(b"!") {
            Some(b"") => return Err(PatternFault::BareException),
            // buildah drops the separator of `!/x` before it compares, Docker's reader did so when it read it.
            Some(text) if dialect == Dialect::Storage => (true, text.strip_prefix(b"/").unwrap_or(text)),
            Some(text) => (true, text),
            None => (false, &cleaned[..]),
        };
        go_path::check_syntax(text)?;
        let shape = Shape::new(text, dialect)?;
        Ok(Some(Self { text: text.into(), exception, line: 0, shape }))
    }

    /// Whether the pattern matches the path itself; parents are the caller's business.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        match &self.shape {
            Shape::Exact(text) => *path == **text,
            Shape::Prefix(len) => path.starts_with(&self.text[..*len]),
            Shape::Suffix => {
                let suffix = &self.text[2..];
                path.ends_with(suffix) || suffix.strip_prefix(b"/").is_some_and(|name| name == path)
            }
            Shape::Star { head, tail } => {
                let middle = path.strip_prefix(&head[..]).and_then(|rest| rest.strip_suffix(&tail[..]));
                middle.is_some_and(|middle| !middle.contains(&b'/'))
            }
            Shape::DeepName { head, tail, exact } => {
                let (dir, name) = split_name(path);
                // `.` does not match a newline.
                !dir.contains(&b'\n') && NameTest { head, tail, exact: *exact }.matches(name)
            }
            Shape::DeepDir(dir) => holds_dir(path, dir),
            Shape::Regexp { regex, needle, .. } => {
                // Most paths lack the text, which is found out faster.
                (needle.is_empty() || find(path, needle).next().is_some())
                    && regex.is_match(go_string(path).as_bytes())
            }
        }
    }

    /// What the pattern says about the children of `dir`; the root is empty.
    pub(super) fn children(&self, dir: &[u8]) -> Children<'_> {
        match &self.shape {
            Shape::Exact(text) => match strip_dir(text, dir) {
                Some(head) => Children::by_name(NameTest { head, tail: b"", exact: true }),
                None => Children::None,
            },
            Shape::Prefix(len) => {
                let prefix = &self.text[..*len];
                match strip_dir(prefix, dir) {
                    Some(head) => Children::by_name(NameTest { head, tail: b"", exact: false }),
                    None if covers(prefix, dir) => Children::All,
                    None => Children::None,
                }
            }
            Shape::Suffix => match &self.text[2..] {
                b"" => Children::All,
                [b'/', head @ ..] if !head.contains(&b'/') => {
                    Children::Name(NameTest { head, tail: b"", exact: true })
                }
                tail if !tail.contains(&b'/') => Children::Name(NameTest { head: b"", tail, exact: false }),
                _ => Children::Path,
            },
            Shape::Star { head, tail } => match strip_dir(head, dir) {
                Some(head) => Children::by_name(NameTest { head, tail, exact: false }),
                None if covers(head, dir) && tail.contains(&b'/') => Children::Path,
                None => Children::None,
            },
            Shape::DeepName { .. } if dir.contains(&b'\n') => Children::None,
            Shape::DeepName { head, tail, exact } => Children::Name(NameTest { head, tail, exact: *exact }),
            Shape::DeepDir(name) => {
                let mut dir = dir.to_vec();
                dir.push(b'/');
                if dir.starts_with(name) || find(&dir, name).any(|at| at > 0 && dir[at - 1] == b'/') {
                    Children::Path
                } else {
                    Children::None
                }
            }
            Shape::Regexp { fixed, .. } => match strip_dir(fixed, dir) {
                Some(rest) if rest.contains(&b'/') => Children::None,
                Some(_) => Children::Path,
                None if covers(fixed, dir) => Children::Path,
                None => Children::None,
            },
        }
    }

    /// Whether the pattern might match something at any depth below `dir`. `true` when in doubt.
    pub(super) fn reaches_below(&self, dir: &[u8]) -> bool {
        let fixed: &[u8] = match &self.shape {
            Shape::Exact(text) => return strip_dir(text, dir).is_some(),
            Shape::Prefix(len) => &self.text[..*len],
            Shape::Star { head, .. } => head,
            Shape::Regexp { fixed, .. } => fixed,
            Shape::Suffix | Shape::DeepName { .. } | Shape::DeepDir(_) => return true,
        };
        strip_dir(fixed, dir).is_some() || covers(fixed, dir)
    }
}

impl Shape {
    fn new(text: &[u8], dialect: Dialect) -> Result<Self, PatternFault> {
        let (comparison, pieces) = cut(text, dialect);
        match comparison {
            Comparison::Exact => return Ok(Self::Exact(text.into())),
            Comparison::Prefix => return Ok(Self::Prefix(text.len().saturating_sub(2))),
            Comparison::Suffix => return Ok(Self::Suffix),
            Comparison::Regexp => {}
        }
        // A U+FFFD in the expression also matches a byte that is not UTF-8, which the plain comparisons cannot.
        let exact_text = std::str::from_utf8(text).is_ok_and(|t| !t.contains(char::REPLACEMENT_CHARACTER));
        if exact_text && let Some(shape) = Self::plain(&pieces) {
            return Ok(shape);
        }
        let regex = compile(&pieces)?;
        let (fixed, needle) = if exact_text { required_text(&pieces) } else { ("", "") };
        Ok(Self::Regexp { regex, fixed: bytes(fixed), needle: bytes(needle) })
    }

    /// The shapes that need no regular expression.
    fn plain(pieces: &[Piece]) -> Option<Self> {
        use Piece::{Deep, Literal, Rest, Star};
        let star = |head: &str, tail: &str| Self::Star { head: bytes(head), tail: bytes(tail) };
        let deep = |head: &str, tail: &str, exact: bool| {
            let flat = !head.contains('/') && !tail.contains('/');
            flat.then(|| Self::DeepName { head: bytes(head), tail: bytes(tail), exact })
        };
        match pieces {
            [Literal(text)] => Some(Self::Exact(bytes(text))),
            [Star] => Some(star("", "")),
            [Star, Literal(tail)] => Some(star("", tail)),
            [Literal(head), Star] => Some(star(head, "")),
            [Literal(head), Star, Literal(tail)] => Some(star(head, tail)),
            [Deep, Star] => deep("", "", false),
            [Deep, Star, Literal(tail)] => deep("", tail, false),
            [Deep, Literal(head), Star] => deep(head, "", false),
            [Deep, Literal(head), Star, Literal(tail)] => deep(head, tail, false),
            [Deep, Literal(name)] => deep(name, "", true),
            [Deep, Literal(dir), Rest] if dir.ends_with('/') => Some(Self::DeepDir(bytes(dir))),
            _ => None,
        }
    }
}

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

/// Compiles the builder's regular expression.
fn compile(pieces: &[Piece]) -> Result<Regex, PatternFault> {
    let translated = go_regexp::translate(&go_regexp(pieces))?;
    RegexBuilder::new(&translated).size_limit(REGEX_LIMIT).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternFault::TooLarge,
        _ => PatternFault::Regexp,
    })
}

/// The text that every match starts with, and the longest text that every match holds. Both are empty when an
/// alternation or a repetition may change them.
fn required_text(pieces: &[Piece]) -> (&str, &str) {
    let risky = |p: &Piece| matches!(p, Piece::Unescaped(_)) || matches!(p, Piece::Raw(t) if t.contains('|'));
    if pieces.iter().any(risky) {
        return ("", "");
    }
    // After a bracket, literals may be members of a class.
    let plain = pieces.iter().take_while(|piece| !matches!(piece, Piece::Raw(_)));
    let literals = plain.map(|piece| if let Piece::Literal(text) = piece { text.as_str() } else { "" });
    let fixed = literals.clone().next().unwrap_or_default();
    (fixed, literals.max_by_key(|text| text.len()).unwrap_or_default())
}

/// Whether all paths below `dir` start with `prefix`.
fn covers(prefix: &[u8], dir: &[u8]) -> bool {
    dir.starts_with(prefix) || prefix.strip_suffix(b"/") == Some(dir)
}

fn split_name(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// Every place where `needle`, which is not empty, stands in `text`.
fn find(text: &[u8], needle: &[u8]) -> impl Iterator<Item = usize> {
    text.windows(needle.len().max(1)).enumerate().filter(move |(_, w)| *w == needle).map(|(at, _)| at)
}

/// `^(.*/)?dir.*$` for a `dir` that ends with `/`, where `.` does not match a newline.
fn holds_dir(path: &[u8], dir: &[u8]) -> bool {
    find(path, dir).any(|at| {
        let (before, after) = (&path[..at], &path[at + dir.len()..]);
        (at == 0 || before.ends_with(b"/")) && !before.contains(&b'\n') && !after.contains(&b'\n')
    })
}

#[cfg(test)]
impl Pattern {
    /// The builder's regular expression for the same text, whatever the shape.
    pub(super) fn reference(&self, dialect: Dialect) -> Result<Regex, PatternFault> {
        compile(&cut(&self.text, dialect).1)
    }

    /// Whether the pattern needs no regular expression.
    pub(super) fn is_plain(&self) -> bool {
        !matches!(self.shape, Shape::Regexp { .. })
    }

    /// Whether moby's matcher compares the text itself, for which there is no expression to agree with.
    pub(super) fn is_textual(&self) -> bool {
        matches!(self.shape, Shape::Exact(_) | Shape::Prefix(_) | Shape::Suffix)
    }
}
