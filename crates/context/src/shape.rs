//! A pattern's text, cut into the pieces of the regular expression that a builder makes of it.

/// Which program's translation is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `moby/patternmatcher`: BuildKit and the classic builder. Plain, `x**` and `**x` patterns are compared as
    /// text; of the characters that mean something in a regular expression `.+()$` are escaped.
    Moby,
    /// `containers/storage`: buildah and podman. All patterns are expressions; only `.` and `$` are escaped.
    Storage,
}

impl Dialect {
    /// The characters that reach the regular expression unescaped and mean something there.
    fn unescaped(self) -> &'static str {
        match self {
            Self::Moby => "{|}^",
            Self::Storage => "{|}^+()",
        }
    }
}

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that means itself.
    Literal(String),
    /// `*`: any run of characters but `/`.
    Star,
    /// `?`: one character but `/`.
    Any,
    /// `**`, with one `/` after it: nothing, or anything up to a `/`.
    Deep,
    /// `**` at the end: anything.
    Rest,
    /// A bracket or an escape, as it stands in the regular expression.
    Raw(String),
    /// A character that the builder fails to escape.
    Unescaped(char),
}

/// How a builder compares the whole pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// The text as it is.
    Exact,
    /// The text without its trailing `**` is a prefix.
    Prefix,
    /// The text without its first two bytes (a leading `**`) is a suffix.
    Suffix,
    /// By regular expression.
    Regexp,
}

/// Cuts a pattern. Bytes that are not UTF-8 become U+FFFD, as Go's scanner reads them, and a leading BOM is dropped.
pub(super) fn cut(text: &[u8], dialect: Dialect) -> (Comparison, Vec<Piece>) {
    let text = go_string(text);
    let mut chars = text.strip_prefix('\u{FEFF}').unwrap_or(&text).chars().peekable();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut comparison = Comparison::Exact;
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_some() {
                    pieces.push(Piece::Deep);
                    comparison = Comparison::Regexp;
                } else if comparison == Comparison::Exact {
                    comparison = Comparison::Prefix;
                    pieces.push(Piece::Rest);
                } else {
                    comparison = Comparison::Regexp;
                    pieces.push(Piece::Rest);
                }
                if first {
                    comparison = Comparison::Suffix;
                }
            }
            '*' => {
                pieces.push(Piece::Star);
                comparison = Comparison::Regexp;
            }
            '?' => {
                pieces.push(Piece::Any);
                comparison = Comparison::Regexp;
            }
            '[' | ']' => {
                pieces.push(Piece::Raw(c.into()));
                comparison = Comparison::Regexp;
            }
            '\\' => {
                let escaped = chars.next();
                pieces.push(Piece::Raw(['\\'].into_iter().chain(escaped).collect()));
                comparison = Comparison::Regexp;
            }
            c if dialect.unescaped().contains(c) => pieces.push(Piece::Unescaped(c)),
            c => match pieces.last_mut() {
                Some(Piece::Literal(text)) => text.push(c),
                _ => pieces.push(Piece::Literal(c.into())),
            },
        }
        first = false;
    }
    if dialect == Dialect::Storage {
        comparison = Comparison::Regexp;
    }
    (comparison, pieces)
}

/// The builder's regular expression, in Go's syntax.
pub(super) fn go_regexp(pieces: &[Piece]) -> String {
    let mut out = String::from("^");
    for piece in pieces {
        match piece {
            Piece::Literal(text) => {
                for c in text.chars() {
                    if ".+()$".contains(c) {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
            Piece::Star => out.push_str("[^/]*"),
            Piece::Any => out.push_str("[^/]"),
            Piece::Deep => out.push_str("(.*/)?"),
            Piece::Rest => out.push_str(".*"),
            Piece::Raw(text) => out.push_str(text),
            Piece::Unescaped(c) => out.push(*c),
        }
    }
    out.push('$');
    out
}

/// Bytes as Go's `regexp` and `text/scanner` see them: each byte that is not UTF-8 is one U+FFFD.
pub(super) fn go_string(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len() + 8);
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
            }
            out.into()
        }
    }
}
