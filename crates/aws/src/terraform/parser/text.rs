//! Templates and heredocs: text with interpolations and directives.

use super::*;

impl Parser<'_> {
    pub(super) fn heredoc(&mut self, depth: usize) -> Parsed<Expression> {
        let start = self.at;
        self.at += 2;
        let is_indented = self.eat("-");
        let Some(word) = self.identifier() else { return self.fault("a heredoc without a word") };
        let Some(end) = self.rest().find('\n') else { return self.fault("a heredoc that is not closed") };
        self.at += end + 1;
        let mut lines = Vec::new();
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                self.at = start;
                return self.fault("a heredoc that is not closed");
            }
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            if line.trim() == word {
                // The end of the line ends the attribute.
                self.at += line.trim_end_matches(['\r', '\n']).len();
                break;
            }
            self.at += line.len();
            lines.push(line);
        }
        let indent = |line: &&&str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let filled = lines.iter().filter(|line| !line.trim().is_empty());
        let least = filled.map(|line| indent(&line)).min().filter(|_| is_indented).unwrap_or(0);
        let text: String = lines.iter().map(|line| line.get(least..).unwrap_or("\n")).collect();
        let mut inner = Parser::new(&text);
        let pieces = inner.pieces(End::Text, depth).map_err(|fault| Fault { offset: start, ..fault })?;
        if inner.at < text.len() {
            self.at = start;
            return self.fault("a directive that closes nothing");
        }
        Ok(Expression::Template(pieces))
    }

    /// The pieces of a template up to its end; or up to a directive that closes or goes on with one outside, which is left.
    pub(super) fn pieces(&mut self, end: End, depth: usize) -> Parsed<Vec<Piece>> {
        let Some(depth) = depth.checked_sub(1) else { return self.fault("nested too deeply") };
        let mut pieces: Vec<Piece> = Vec::new();
        let mut text = String::new();
        // Whether blanks that come next are left out.
        let mut strips = false;
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else {
                if end == End::Quote {
                    return self.fault("a text that is not closed");
                }
                flush(&mut pieces, &mut text, &mut strips);
                return Ok(pieces);
            };
            if end == End::Quote && c == '"' {
                self.at += 1;
                flush(&mut pieces, &mut text, &mut strips);
                return Ok(pieces);
            }
            if rest.starts_with("$${") || rest.starts_with("%%{") {
                text.push_str(rest.get(1..3).unwrap_or_default());
                self.at += 3;
            } else if rest.starts_with("${") || rest.starts_with("%{") {
                let start = self.at;
                self.at += 2;
                if self.eat("~") {
                    text.truncate(text.trim_end().len());
                }
                let piece = match c {
                    '$' => Some(self.bracketed(|parser| {
                        parser.skip();
                        Ok(Piece::Value(parser.expression(depth)?))
                    })?),
                    _ => self.directive(end, depth)?,
                };
                let Some(piece) = piece else {
                    // It belongs to the directive outside.
                    self.at = start;
                    flush(&mut pieces, &mut text, &mut strips);
                    return Ok(pieces);
                };
                flush(&mut pieces, &mut text, &mut strips);
                pieces.push(piece);
                strips = self.closed()?;
            } else if end == End::Quote && c == '\\' {
                self.at += 1;
                text.push(self.escape()?);
            } else if end == End::Quote && c == '\n' {
                return self.fault("a text that is not closed on its line");
            } else {
                text.push(c);
                self.at += c.len_utf8();
            }
        }
    }

    /// The end of what is put in, and whether blanks behind it are left out.
    fn closed(&mut self) -> Parsed<bool> {
        self.blanks(true);
        let strips = self.eat("~");
        self.expect("}", "an interpolation that is not closed")?;
        Ok(strips)
    }

    /// `if` or `for`; nothing for a word that belongs to one outside. The brace that closes the last word is left.
    fn directive(&mut self, end: End, depth: usize) -> Parsed<Option<Piece>> {
        self.blanks(true);
        match self.identifier().as_deref() {
            Some("if") => {
                let condition = self.bracketed(|parser| {
                    parser.skip();
                    parser.expression(depth)
                })?;
                self.closed()?;
                let yes = self.inner(end, depth)?;
                let mut no = Vec::new();
                if self.word("else")? {
                    self.closed()?;
                    no = self.inner(end, depth)?;
                }
                if !self.word("endif")? {
                    return self.fault("a directive that is not closed");
                }
                Ok(Some(Piece::If { condition, yes, no }))
            }
            Some("for") => {
                let (names, collection) = self.bracketed(|parser| {
                    let names = parser.names()?;
                    parser.skip();
                    Ok((names, parser.expression(depth)?))
                })?;
                self.closed()?;
                let body = self.inner(end, depth)?;
                if !self.word("endfor")? {
                    return self.fault("a directive that is not closed");
                }
                Ok(Some(Piece::For { names, collection, body }))
            }
            Some("else" | "endif" | "endfor") => Ok(None),
            _ => self.fault("a directive that is not known"),
        }
    }

    /// What stands within a directive: it must end with another one.
    fn inner(&mut self, end: End, depth: usize) -> Parsed<Vec<Piece>> {
        let pieces = self.pieces(end, depth)?;
        if self.rest().starts_with("%{") { Ok(pieces) } else { self.fault("a directive that is not closed") }
    }

    /// Whether the directive that comes next is this word; then it is read up to its brace.
    fn word(&mut self, word: &str) -> Parsed<bool> {
        let start = self.at;
        self.expect("%{", "a directive that is not closed")?;
        self.eat("~");
        self.blanks(true);
        let is = self.identifier().as_deref() == Some(word);
        if !is {
            self.at = start;
        }
        Ok(is)
    }

    fn escape(&mut self) -> Parsed<char> {
        let Some(c) = self.peek() else { return self.fault("a text that is not closed") };
        self.at += c.len_utf8();
        let length = match c {
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            '"' | '\\' => return Ok(c),
            'u' => 4,
            'U' => 8,
            _ => return self.fault("an escape that is not known"),
        };
        let digits = self.rest().get(..length).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(decoded) = digits.and_then(char::from_u32) else {
            return self.fault("an escape that is no character");
        };
        self.at += length;
        Ok(decoded)
    }
}

fn flush(pieces: &mut Vec<Piece>, text: &mut String, strips: &mut bool) {
    let whole = std::mem::take(text);
    let kept = if std::mem::take(strips) { whole.trim_start().to_owned() } else { whole };
    if !kept.is_empty() {
        pieces.push(Piece::Text(kept));
    }
}
