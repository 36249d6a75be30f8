//! Strings of a policy: literal text, the wildcards `*` and `?`, and policy variables.
//!
//! In a Resource element a `*` runs over everything, colons and slashes included. Variables count only in documents of
//! version 2012-10-17, and in a Resource element only after the fifth colon; elsewhere `${...}` is plain text.

use super::context::{Context, Lookup};
use super::language::{Glob, Symbol};
use super::truth::Truth;

/// The longest string of a policy, in bytes: the size of the largest policy that AWS takes, that of a bucket.
const LONGEST: usize = 20_480;

/// The longest string of a request, in bytes; ARNs have at most 2,048. Both together bound the work of one match.
pub(super) const LONGEST_VALUE: usize = 8_192;

/// Why a string of a policy cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than 20,480 bytes.
    #[error("longer than {LONGEST} bytes")]
    TooLong,
    /// `${` without `}`.
    #[error("policy variable is not closed")]
    Unclosed,
    /// `${}`.
    #[error("policy variable has no name")]
    Nameless,
    /// Something after the name that is not `, 'default'`.
    #[error("policy variable's default is not `, '…'`")]
    Default,
}

/// One string of a policy, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    tokens: Vec<Token>,
    variables: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    One,
    Many,
    Variable { key: String, default: Option<String> },
}

/// A token with its variable filled in.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Text(&'a str),
    One,
    Many,
}

/// A pattern with its variables filled in.
enum Bound<'a> {
    /// A variable has no value: the pattern matches nothing.
    Nothing,
    /// The pieces; when `exact` is false, a variable of unknown value stands in them as `*`.
    Pieces { pieces: Vec<Piece<'a>>, exact: bool },
}

impl Pattern {
    /// The pattern of an Action element: wildcards, in lower case because action names know no case.
    ///
    /// # Errors
    /// [`PatternError::TooLong`].
    pub fn action(text: &str) -> Result<Self, PatternError> {
        let mut builder = Builder::default();
        builder.template(&text.to_lowercase(), true, false)?;
        Ok(builder.done())
    }

    /// The pattern of a Resource element.
    ///
    /// # Errors
    /// [`PatternError`] for a malformed variable or an overlong string.
    pub fn resource(text: &str, variables: bool) -> Result<Self, PatternError> {
        let head = text.match_indices(':').nth(4).map_or(text.len(), |(at, _)| at + 1);
        let mut builder = Builder::default();
        builder.template(&text[..head], true, false)?;
        builder.template(&text[head..], true, variables)?;
        Ok(builder.done())
    }

    /// A condition value: variables, and wildcards if `wildcards`.
    ///
    /// # Errors
    /// [`PatternError`] for a malformed variable or an overlong string.
    pub fn value(text: &str, wildcards: bool, variables: bool) -> Result<Self, PatternError> {
        let mut builder = Builder::default();
        builder.template(text, wildcards, variables)?;
        Ok(builder.done())
    }

    /// Whether the pattern is `*` and so covers every string.
    pub fn is_everything(&self) -> bool {
        !self.tokens.is_empty() && self.tokens.iter().all(|token| *token == Token::Many)
    }

    /// The context keys that it names as variables and whose values `context` does not know.
    pub(super) fn unknown_variables<'a>(&'a self, context: &'a Context) -> impl Iterator<Item = &'a str> {
        self.tokens.iter().filter_map(move |token| match token {
            Token::Variable { key, default } => match binding(context, key, default.as_deref()) {
                Binding::Unknown => Some(key.as_str()),
                Binding::Absent | Binding::Value(_) => None,
            },
            _ => None,
        })
    }

    /// Whether `text` matches.
    pub(super) fn matches(&self, text: &str, context: &Context) -> Truth {
        if !self.variables {
            return Truth::from(self.matches_plain(text));
        }
        match self.bind(context) {
            Bound::Nothing => Truth::False,
            Bound::Pieces { pieces, exact } => unless_exact(glob(pieces.len(), |i| pieces[i], text), exact),
        }
    }

    /// Whether `text` matches a pattern without variables; a variable would match nothing.
    pub(super) fn matches_plain(&self, text: &str) -> bool {
        if self.variables {
            return false;
        }
        glob(
            self.tokens.len(),
            |i| match &self.tokens[i] {
                Token::Text(literal) => Piece::Text(literal),
                Token::One => Piece::One,
                Token::Many | Token::Variable { .. } => Piece::Many,
            },
            text,
        )
    }

    /// Whether `text` equals the pattern when case does not count. Wildcards are not expected.
    pub(super) fn equals_ignoring_case(&self, text: &str, context: &Context) -> Truth {
        match self.bind(context) {
            Bound::Nothing => Truth::False,
            Bound::Pieces { pieces, exact } => {
                let lower: Vec<String> = pieces.iter().map(|piece| piece.lower()).collect();
                let piece = |i: usize| match pieces[i] {
                    Piece::Text(_) => Piece::Text(&lower[i]),
                    other => other,
                };
                unless_exact(glob(pieces.len(), piece, &text.to_lowercase()), exact)
            }
        }
    }

    /// Whether the ARN `text` matches component by component: each of the six parts on its own, so that a wildcard never
    /// runs over one of the first five colons. What has fewer than six parts is no ARN and matches nothing.
    pub(super) fn matches_arn(&self, text: &str, context: &Context) -> Truth {
        let Bound::Pieces { pieces, exact } = self.bind(context) else { return Truth::False };
        if !exact {
            // The unknown value may hold colons, so that parts cannot be told apart; the whole string is an upper bound.
            return unless_exact(glob(pieces.len(), |i| pieces[i], text), false);
        }
        let mut parts: Vec<Vec<Piece<'_>>> = vec![Vec::new()];
        for piece in pieces {
            let Piece::Text(mut rest) = piece else {
                push_last(&mut parts, piece);
                continue;
            };
            while parts.len() < 6 {
                let Some((head, tail)) = rest.split_once(':') else { break };
                push_last(&mut parts, Piece::Text(head));
                parts.push(Vec::new());
                rest = tail;
            }
            push_last(&mut parts, Piece::Text(rest));
        }
        let mut fields = text.splitn(6, ':');
        let matched = parts.len() == 6
            && parts
                .iter()
                .all(|part| fields.next().is_some_and(|field| glob(part.len(), |i| part[i], field)))
            && fields.next().is_none();
        Truth::from(matched)
    }

    /// The language of the pattern. A variable of unknown value stands for any string in an upper bound (`over`) and makes
    /// the pattern empty (`None`) in a lower one; a variable without value makes it empty in both.
    pub(super) fn language(&self, context: &Context, over: bool) -> Option<Glob> {
        let Bound::Pieces { pieces, exact } = self.bind(context) else { return None };
        (exact || over).then(|| {
            pieces
                .iter()
                .flat_map(|piece| match piece {
                    Piece::Text(text) => text.chars().map(Symbol::Char).collect(),
                    Piece::One => vec![Symbol::One],
                    Piece::Many => vec![Symbol::Many],
                })
                .collect()
        })
    }

    fn bind<'a>(&'a self, context: &'a Context) -> Bound<'a> {
        let mut exact = true;
        let mut pieces = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            pieces.push(match token {
                Token::Text(text) => Piece::Text(text),
                Token::One => Piece::One,
                Token::Many => Piece::Many,
                Token::Variable { key, default } => match binding(context, key, default.as_deref()) {
                    Binding::Value(value) => Piece::Text(value),
                    Binding::Absent => return Bound::Nothing,
                    Binding::Unknown => {
                        exact = false;
                        Piece::Many
                    }
                },
            });
        }
        Bound::Pieces { pieces, exact }
    }
}

impl Piece<'_> {
    fn lower(self) -> String {
        match self {
            Piece::Text(text) => text.to_lowercase(),
            Piece::One | Piece::Many => String::new(),
        }
    }
}

fn push_last<'a>(parts: &mut [Vec<Piece<'a>>], piece: Piece<'a>) {
    if let Some(last) = parts.last_mut() {
        last.push(piece);
    }
}

fn unless_exact(matched: bool, exact: bool) -> Truth {
    match (matched, exact) {
        (true, false) => Truth::Unknown,
        (matched, _) => Truth::from(matched),
    }
}

enum Binding<'a> {
    Value(&'a str),
    Absent,
    Unknown,
}

/// The value of a variable. "You cannot use a multivalued context key as a policy variable": what then happens is not
/// documented, so it is unknown.
fn binding<'a>(context: &'a Context, key: &str, default: Option<&'a str>) -> Binding<'a> {
    match context.lookup(key) {
        Lookup::Values([value]) => Binding::Value(value),
        Lookup::Values([]) | Lookup::Absent => default.map_or(Binding::Absent, Binding::Value),
        Lookup::Values(_) | Lookup::Unknown => Binding::Unknown,
    }
}

/// Matches by remembering only the last `*`: an earlier one need never be tried again.
fn glob<'a>(len: usize, piece: impl Fn(usize) -> Piece<'a>, text: &str) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = &text[at..];
        let advanced = if next == len {
            if rest.is_empty() {
                return true;
            }
            None
        } else {
            match piece(next) {
                Piece::Many if next + 1 == len => return true,
                Piece::Many => {
                    retry = Some((next + 1, at));
                    Some(0)
                }
                Piece::Text(literal) => rest.starts_with(literal).then_some(literal.len()),
                Piece::One => rest.chars().next().map(char::len_utf8),
            }
        };
        if let Some(width) = advanced {
            at += width;
            next += 1;
            continue;
        }
        let Some((after, from)) = retry else { return false };
        let Some(skipped) = text[from..].chars().next() else { return false };
        let mut from = from + skipped.len_utf8();
        if let Piece::Text(literal) = piece(after) {
            let Some(found) = text[from..].find(literal) else { return false };
            from += found;
        }
        retry = Some((after, from));
        (at, next) = (from, after);
    }
}

#[derive(Default)]
struct Builder {
    tokens: Vec<Token>,
}

impl Builder {
    fn done(self) -> Pattern {
        let variables = self.tokens.iter().any(|token| matches!(token, Token::Variable { .. }));
        Pattern { tokens: self.tokens, variables }
    }

    fn text(&mut self, text: &str) {
        match self.tokens.last_mut() {
            _ if text.is_empty() => {}
            Some(Token::Text(last)) => last.push_str(text),
            _ => self.tokens.push(Token::Text(text.to_owned())),
        }
    }

    fn wild(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?']) {
            self.text(&rest[..at]);
            if rest[at..].starts_with('?') {
                self.tokens.push(Token::One);
            } else if self.tokens.last() != Some(&Token::Many) {
                self.tokens.push(Token::Many);
            }
            rest = &rest[at + 1..];
        }
        self.text(rest);
    }

    fn plain(&mut self, text: &str, wildcards: bool) {
        if wildcards {
            self.wild(text);
        } else {
            self.text(text);
        }
    }

    fn template(&mut self, text: &str, wildcards: bool, variables: bool) -> Result<(), PatternError> {
        if text.len() > LONGEST {
            return Err(PatternError::TooLong);
        }
        let mut rest = text;
        while variables && let Some((head, tail)) = rest.split_once("${") {
            self.plain(head, wildcards);
            let (inside, after) = tail.split_once('}').ok_or(PatternError::Unclosed)?;
            self.variable(inside)?;
            rest = after;
        }
        self.plain(rest, wildcards);
        Ok(())
    }

    fn variable(&mut self, inside: &str) -> Result<(), PatternError> {
        if let "*" | "?" | "$" = inside {
            self.text(inside);
            return Ok(());
        }
        let (name, default) = match inside.split_once(',') {
            None => (inside, None),
            Some((name, default)) => {
                let quoted = default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                (name, Some(quoted.ok_or(PatternError::Default)?.to_owned()))
            }
        };
        let key = name.trim().to_lowercase();
        if key.is_empty() {
            return Err(PatternError::Nameless);
        }
        self.tokens.push(Token::Variable { key, default });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
