//! Go's `regexp` syntax (RE2 with Perl flags) written as the `regex` crate's.
//!
//! The builders paste parts of a pattern into a regular expression unescaped, so what a pattern means depends on
//! Go's reading of it: `a{b` is literal, `x{2}` repeats, `\d` is ASCII, `\<` is a plain `<`. The two syntaxes
//! differ in exactly such corners, so the expression is read by Go's rules and written out without ambiguity.

use std::fmt::Write as _;

use super::PatternFault;

/// The largest count that Go accepts in `{n,m}`.
const MAX_REPEAT: u32 = 1000;

/// Translates a whole expression.
///
/// # Errors
/// [`PatternFault::Regexp`] where Go's `regexp.Compile` fails.
pub(super) fn translate(go: &str) -> Result<String, PatternFault> {
    let mut reader =
        Reader { rest: go, out: String::with_capacity(go.len() + 8), last: Last::Nothing, depth: 0 };
    while let Some(c) = reader.next() {
        reader.item(c)?;
    }
    if reader.depth == 0 { Ok(reader.out) } else { Err(PatternFault::Regexp) }
}

/// What a repetition would apply to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Atom,
    Repeat,
}

struct Reader<'g> {
    rest: &'g str,
    out: String,
    last: Last,
    depth: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let after = self.rest.strip_prefix(prefix);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.last = Last::Atom;
    }

    fn literal(&mut self, c: u32) {
        push_char(&mut self.out, c);
        self.last = Last::Atom;
    }

    fn item(&mut self, c: char) -> Result<(), PatternFault> {
        match c {
            '(' => {
                self.out.push_str("(?:");
                self.depth += 1;
                self.last = Last::Nothing;
            }
            ')' => {
                self.depth = self.depth.checked_sub(1).ok_or(PatternFault::Regexp)?;
                self.atom(")");
            }
            '|' => {
                self.out.push('|');
                self.last = Last::Nothing;
            }
            '*' => self.repeat("*")?,
            '+' => self.repeat("+")?,
            '?' => self.repeat("?")?,
            '{' => match self.counts()? {
                Some(counts) => self.repeat(&counts)?,
                None => self.literal(u32::from('{')),
            },
            '^' => self.atom("^"),
            '$' => self.atom("$"),
            '.' => self.atom("."),
            '[' => self.class()?,
            '\\' => self.escape()?,
            _ => self.literal(u32::from(c)),
        }
        Ok(())
    }

    fn repeat(&mut self, operator: &str) -> Result<(), PatternFault> {
        if self.last != Last::Atom {
            return Err(PatternFault::Regexp);
        }
        self.out.push_str(operator);
        self.last = Last::Repeat;
        Ok(())
    }

    /// Reads `n}`, `n,}` or `n,m}` after a `{`. Anything else makes the brace literal.
    fn counts(&mut self) -> Result<Option<String>, PatternFault> {
        let Some((body, after)) = self.rest.split_once('}') else { return Ok(None) };
        let (low, high) = match body.split_once(',') {
            None => (body, Some(body)),
            Some((low, "")) => (low, None),
            Some((low, high)) => (low, Some(high)),
        };
        if !is_count(low) || !high.is_none_or(is_count) {
            return Ok(None);
        }
        let bounded = |text: &str| text.parse::<u32>().ok().filter(|n| *n <= MAX_REPEAT);
        let low = bounded(low).ok_or(PatternFault::Regexp)?;
        if let Some(high) = high
            && bounded(high).is_none_or(|high| high < low)
        {
            return Err(PatternFault::Regexp);
        }
        let text = format!("{{{body}}}");
        self.rest = after;
        Ok(Some(text))
    }

    /// An escape outside a class.
    fn escape(&mut self) -> Result<(), PatternFault> {
        let before = self.rest;
        match self.next() {
            Some('A') => self.atom(r"\A"),
            Some('z') => self.atom(r"\z"),
            Some('b') => self.atom(r"(?-u:\b)"),
            Some('B') => self.atom(r"(?-u:\B)"),
            Some('Q') => {
                let quoted = self.rest;
                let (text, after) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
                self.rest = after;
                text.chars().for_each(|c| self.literal(u32::from(c)));
            }
            Some(_) => {
                self.rest = before;
                let mut out = std::mem::take(&mut self.out);
                let set = self.set_escape(&mut out)?;
                self.out = out;
                self.last = Last::Atom;
                if !set {
                    let c = self.char_escape()?;
                    self.literal(c);
                }
            }
            None => return Err(PatternFault::Regexp),
        }
        Ok(())
    }

    /// An escape that stands for a set, inside or outside a class: `\d` and its kind, `\pL`, `\p{Greek}`.
    fn set_escape(&mut self, out: &mut String) -> Result<bool, PatternFault> {
        let Some(c) = self.rest.chars().next() else { return Ok(false) };
        let set = match c {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            's' => r"[\t\n\x0C\r ]",
            'S' => r"[^\t\n\x0C\r ]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            'p' | 'P' => return self.unicode_set(out).map(|()| true),
            _ => return Ok(false),
        };
        self.next();
        out.push_str(set);
        Ok(true)
    }

    fn unicode_set(&mut self, out: &mut String) -> Result<(), PatternFault> {
        let mut negated = self.next() == Some('P');
        let name = if self.eat("{") {
            let (name, after) = self.rest.split_once('}').ok_or(PatternFault::Regexp)?;
            self.rest = after;
            name.to_owned()
        } else {
            self.next().map(String::from).ok_or(PatternFault::Regexp)?
        };
        let name = match name.strip_prefix('^') {
            Some(name) => {
                negated = !negated;
                name
            }
            None => &name,
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(PatternFault::Regexp);
        }
        let letter = if negated { 'P' } else { 'p' };
        // Writing to a String cannot fail.
        let _ = write!(out, "\\{letter}{{{name}}}");
        Ok(())
    }

    /// An escape that stands for one character: octal, hexadecimal, C, or punctuation for itself.
    fn char_escape(&mut self) -> Result<u32, PatternFault> {
        let c = self.next().ok_or(PatternFault::Regexp)?;
        let octal = |rest: &str| rest.chars().next().and_then(|c| c.to_digit(8));
        match c {
            '1'..='7' if octal(self.rest).is_none() => Err(PatternFault::Regexp),
            '0'..='7' => {
                let mut value = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = octal(self.rest) else { break };
                    self.next();
                    value = value * 8 + digit;
                }
                Ok(value)
            }
            'x' => self.hexadecimal(),
            'a' => Ok(7),
            'f' => Ok(12),
            'n' => Ok(10),
            'r' => Ok(13),
            't' => Ok(9),
            'v' => Ok(11),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(u32::from(c)),
            _ => Err(PatternFault::Regexp),
        }
    }

    fn hexadecimal(&mut self) -> Result<u32, PatternFault> {
        let digits = if self.eat("{") {
            let (digits, after) = self.rest.split_once('}').ok_or(PatternFault::Regexp)?;
            self.rest = after;
            digits
        } else {
            let (digits, after) = self.rest.split_at_checked(2).ok_or(PatternFault::Regexp)?;
            self.rest = after;
            digits
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(PatternFault::Regexp);
        }
        let value = u32::from_str_radix(digits.trim_start_matches('0'), 16);
        let value = if digits.bytes().all(|b| b == b'0') { Ok(0) } else { value };
        value.ok().filter(|v| *v <= u32::from(char::MAX)).ok_or(PatternFault::Regexp)
    }

    /// A class, after its `[`.
    fn class(&mut self) -> Result<(), PatternFault> {
        let mut out = String::from("[");
        if self.eat("^") {
            out.push('^');
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.posix_set(&mut out)? {
                continue;
            }
            if let Some(after) = self.rest.strip_prefix('\\') {
                let before = self.rest;
                self.rest = after;
                if self.set_escape(&mut out)? {
                    continue;
                }
                self.rest = before;
            }
            let low = self.class_char()?;
            let high = match self.rest.strip_prefix('-') {
                Some(after) if !after.is_empty() && !after.starts_with(']') => {
                    self.rest = after;
                    self.class_char()?
                }
                _ => low,
            };
            if high < low {
                return Err(PatternFault::Regexp);
            }
            push_char(&mut out, low);
            out.push('-');
            push_char(&mut out, high);
        }
        self.next();
        out.push(']');
        self.atom(&out);
        Ok(())
    }

    /// `[:alpha:]` and its kind. Without a closing `:]` the bracket is literal; an unknown name is an error.
    fn posix_set(&mut self, out: &mut String) -> Result<bool, PatternFault> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
            "space", "upper", "word", "xdigit",
        ];
        let Some((name, after)) = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
            return Ok(false);
        };
        if !NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(PatternFault::Regexp);
        }
        // Writing to a String cannot fail.
        let _ = write!(out, "[:{name}:]");
        self.rest = after;
        Ok(true)
    }

    fn class_char(&mut self) -> Result<u32, PatternFault> {
        match self.next() {
            Some('\\') => self.char_escape(),
            Some(c) => Ok(u32::from(c)),
            None => Err(PatternFault::Regexp),
        }
    }
}

/// Go takes `0` and numbers without a leading zero.
fn is_count(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

/// Writes a character so that it means only itself, inside and outside a class.
fn push_char(out: &mut String, c: u32) {
    match char::from_u32(c) {
        Some(c) if c.is_ascii_alphanumeric() || c == '/' || c == '_' => out.push(c),
        // Writing to a String cannot fail.
        _ => {
            let _ = write!(out, "\\x{{{c:X}}}");
        }
    }
}
