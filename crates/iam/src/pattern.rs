//! Strings of a policy: literal text, the wildcards `*` and `?`, and policy variables.
//!
//! In a Resource element a `*` runs over everything, colons and slashes included. Variables count only in documents of
//! version 2012-10-17, and in a Resource element only after the fifth colon; elsewhere `${...}` is plain text.

use super::context::{Context, Lookup};
use super::hole;
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
    /// An action with `${unknown:…}` in it.
    #[error("an action that is not known until apply")]
    UnknownAction,
    /// Something after the name that is not `, 'default'`.
    #[error("policy variable's default is not `, '…'`")]
    Default,
}

/// One string of a policy, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    tokens: Vec<Token>,
    variables: bool,
    holes: bool,
    /// Of an action: whether its service is written with wildcards.
    wild_service: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    One,
    Many,
    Variable {
        key: String,
        default: Option<String>,
    },
    /// `${unknown:NAME}`.
    Hole(String),
}

/// A token with its variable filled in.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Text(&'a str),
    One,
    Many,
    Hole(&'a str),
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
        if hole::has_unknown(text) {
            return Err(PatternError::UnknownAction);
        }
        let mut builder = Builder::default();
        builder.template(&text.to_lowercase(), true, false)?;
        let wild_service =
            text.split_once(':').is_some_and(|(service, _)| service.contains(['*', '?']) && text != "*:*");
        Ok(Pattern { wild_service, ..builder.done() })
    }

    /// Whether an action is this pattern's. IAM refuses wildcards in the service, so what such a pattern names is not
    /// known.
    pub(super) fn names_action(&self, action: &str) -> Truth {
        match self.matches_plain(action) {
            true if self.wild_service => Truth::Unknown,
            matched => Truth::from(matched),
        }
    }

    /// A resource with fewer than the six parts of an ARN, as IAM completes it: "If you specify an incomplete ARN, AWS
    /// automatically completes the ARN by adding wildcard characters (*) to all missing fields" (IAM identifiers).
    pub(super) fn completed(text: &str) -> Option<String> {
        let missing = 6_usize.checked_sub(hole::fields(text, 6).len()).filter(|missing| *missing > 0)?;
        text.starts_with("arn:").then(|| format!("{text}{}", ":*".repeat(missing)))
    }

    /// The pattern of a Resource element.
    ///
    /// # Errors
    /// [`PatternError`] for a malformed variable or an overlong string.
    pub fn resource(text: &str, variables: bool) -> Result<Self, PatternError> {
        let fields = hole::fields(text, 6);
        let head = if fields.len() == 6 { text.len() - fields[5].len() } else { text.len() };
        let mut builder = Builder::default();
        if let Some((before, _, _)) = hole::first(text.get(..head).unwrap_or_default()) {
            // The hole may hold colons, so no one knows whether a variable behind it counts: it may be any text too.
            builder.template(before, true, false)?;
            builder.template(text.get(before.len()..).unwrap_or_default(), true, variables)?;
            builder.blur();
        } else {
            builder.template(text.get(..head).unwrap_or_default(), true, false)?;
            builder.template(text.get(head..).unwrap_or_default(), true, variables)?;
        }
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

    /// The names of its holes.
    pub(super) fn holes(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Hole(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether `text` matches.
    pub(super) fn matches(&self, text: &str, context: &Context) -> Truth {
        if !self.variables && !self.holes && !hole::has_unknown(text) {
            return Truth::from(self.matches_plain(text));
        }
        match self.bind(context) {
            Bound::Nothing => Truth::False,
            Bound::Pieces { pieces, exact } if is_holey(&pieces, text) => holey(&pieces, exact, text),
            Bound::Pieces { pieces, exact } => unless_exact(glob(pieces.len(), |i| pieces[i], text), exact),
        }
    }

    /// Whether `text` matches a pattern without variables; a variable would match nothing.
    pub(super) fn matches_plain(&self, text: &str) -> bool {
        if self.variables || self.holes {
            return false;
        }
        glob(
            self.tokens.len(),
            |i| match &self.tokens[i] {
                Token::Text(literal) => Piece::Text(literal),
                Token::One => Piece::One,
                Token::Many | Token::Variable { .. } | Token::Hole(_) => Piece::Many,
            },
            text,
        )
    }

    /// Whether `text` equals the pattern when case does not count. Wildcards are not expected.
    pub(super) fn equals_ignoring_case(&self, text: &str, context: &Context) -> Truth {
        match self.bind(context) {
            Bound::Nothing => Truth::False,
            Bound::Pieces { pieces, exact } if is_holey(&pieces, text) => {
                let lower: Vec<String> = pieces.iter().map(|piece| piece.lower()).collect();
                let fold = |(piece, lower)| match piece {
                    &Piece::Text(_) => Piece::Text(lower),
                    other => *other,
                };
                let folded: Vec<Piece<'_>> =
                    pieces.iter().zip(lower.iter().map(String::as_str)).map(fold).collect();
                holey(&folded, exact, &fold_case(text))
            }
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
    /// runs over one of the first five colons. What has fewer than six parts is no ARN. What then holds is not documented: it
    /// is unknown under a negated operator, and for a pattern such as `*` that matches the text as a whole; any other
    /// matches nothing.
    pub(super) fn matches_arn(&self, text: &str, context: &Context, negated: bool) -> Truth {
        let Bound::Pieces { pieces, exact } = self.bind(context) else { return Truth::False };
        if !exact {
            // The unknown value may hold colons, so that parts cannot be told apart; the whole string is an upper bound.
            return if is_holey(&pieces, text) {
                holey(&pieces, false, text)
            } else {
                unless_exact(glob(pieces.len(), |i| pieces[i], text), false)
            };
        }
        let mut parts: Vec<Vec<Piece<'_>>> = vec![Vec::new()];
        for piece in &pieces {
            let Piece::Text(mut rest) = *piece else {
                push_last(&mut parts, *piece);
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
        // A hole's own spelling has a colon.
        let fields = hole::fields(text, 6);
        if is_holey(&pieces, text) {
            let open = parts.iter().zip(&fields).take(5).any(|(part, field)| is_holey(part, field));
            if let (false, [.., last], [.., field], 6, 6) =
                (open, parts.as_slice(), fields.as_slice(), parts.len(), fields.len())
            {
                let heads = parts.iter().zip(&fields).take(5);
                let heads = heads.map(|(part, field)| Truth::from(glob(part.len(), |i| part[i], field)));
                return heads.fold(holey(last, true, field), Truth::and);
            }
            // A hole may hold colons, and a `*` must not run over the first five: only a text without one is sure.
            let wild = pieces.iter().any(|piece| matches!(piece, Piece::Many));
            return holey(&pieces, !wild, text);
        }
        let as_a_whole = || glob(pieces.len(), |i| pieces[i], text);
        if (parts.len() != 6 || fields.len() != 6) && (negated || as_a_whole()) {
            return Truth::Unknown;
        }
        let matched = parts.len() == 6
            && fields.len() == 6
            && parts.iter().zip(&fields).all(|(part, field)| glob(part.len(), |i| part[i], field));
        Truth::from(matched)
    }

    /// The language of the pattern. A variable of unknown value stands for any string in an upper bound (`over`) and makes
    /// the pattern empty (`None`) in a lower one; a variable without value makes it empty in both.
    pub(super) fn language(&self, context: &Context, over: bool) -> Option<Glob> {
        let Bound::Pieces { pieces, exact } = self.bind(context) else { return None };
        let holes = pieces.iter().any(|piece| match piece {
            Piece::Hole(_) => true,
            Piece::Text(text) => hole::has_unknown(text),
            Piece::One | Piece::Many => false,
        });
        ((exact && !holes) || over).then(|| {
            pieces
                .iter()
                .flat_map(|piece| match piece {
                    Piece::Text(text) => known_symbols(text),
                    Piece::One => vec![Symbol::One],
                    Piece::Many | Piece::Hole(_) => vec![Symbol::Many],
                })
                .collect()
        })
    }

    /// The pattern with each variable and each hole as the text that it is written as: what two policies mean by the same
    /// name is the same. A variable with a known value is that value.
    pub(super) fn opaque(&self, context: &Context) -> Vec<Symbol> {
        let literal = |text: &str| text.chars().map(Symbol::Char).collect::<Vec<_>>();
        let symbols = self.tokens.iter().map(|token| match token {
            Token::Text(text) => literal(text),
            Token::One => vec![Symbol::One],
            Token::Many => vec![Symbol::Many],
            Token::Hole(name) => literal(&hole::spelled(name)),
            Token::Variable { key, default } => match binding(context, key, default.as_deref()) {
                Binding::Value(value) => literal(value),
                Binding::Absent | Binding::Unknown => match default {
                    Some(default) => literal(&format!("${{{key}, '{default}'}}")),
                    None => literal(&format!("${{{key}}}")),
                },
            },
        });
        symbols.flatten().collect()
    }

    /// Whether it is an action with wildcards in its service.
    pub(super) fn has_wild_service(&self) -> bool {
        self.wild_service
    }

    /// The text of a pattern without wildcards and variables: a hole stands in it as it is written.
    pub(super) fn one_text(&self) -> Option<String> {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Text(text) => Some(text.clone()),
                Token::Hole(name) => Some(hole::spelled(name)),
                Token::One | Token::Many | Token::Variable { .. } => None,
            })
            .collect()
    }

    fn bind<'a>(&'a self, context: &'a Context) -> Bound<'a> {
        let mut exact = true;
        let mut pieces = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            pieces.push(match token {
                Token::Text(text) => Piece::Text(text),
                Token::One => Piece::One,
                Token::Many => Piece::Many,
                Token::Hole(name) => Piece::Hole(name),
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
            Piece::Text(text) => fold_case(text),
            Piece::One | Piece::Many | Piece::Hole(_) => String::new(),
        }
    }
}

fn push_last<'a>(parts: &mut [Vec<Piece<'a>>], piece: Piece<'a>) {
    if let Some(last) = parts.last_mut() {
        last.push(piece);
    }
}

/// Whether a hole stands on either side.
fn is_holey(pieces: &[Piece<'_>], text: &str) -> bool {
    hole::has_unknown(text)
        || pieces.iter().any(|piece| match piece {
            Piece::Hole(_) => true,
            Piece::Text(text) => hole::has_unknown(text),
            Piece::One | Piece::Many => false,
        })
}

/// Matches with holes on either side.
fn holey(pieces: &[Piece<'_>], exact: bool, text: &str) -> Truth {
    let (mut pattern, mut symbols) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Text(text) => hole::symbols(text, &mut pattern),
            Piece::One => pattern.push(hole::Symbol::One),
            Piece::Many => pattern.push(hole::Symbol::Many),
            Piece::Hole(name) => pattern.push(hole::Symbol::Hole(name)),
        }
    }
    hole::symbols(text, &mut symbols);
    match hole::matches(&pattern, &symbols) {
        Truth::True if !exact => Truth::Unknown,
        truth => truth,
    }
}

/// The symbols of a text, in which a hole may be anything.
fn known_symbols(text: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    hole::symbols(text, &mut symbols);
    let symbol = |symbol| match symbol {
        hole::Symbol::Char(c) => Symbol::Char(c),
        hole::Symbol::One => Symbol::One,
        hole::Symbol::Many | hole::Symbol::Hole(_) => Symbol::Many,
    };
    symbols.into_iter().map(symbol).collect()
}

/// Lower case, but for the names of holes.
fn fold_case(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((head, name, tail)) = hole::first(rest) {
        out.push_str(&head.to_lowercase());
        out.push_str(&hole::spelled(name));
        rest = tail;
    }
    out + &rest.to_lowercase()
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
        let rest = text.get(at..).unwrap_or_default();
        let advanced = if next == len {
            if rest.is_empty() {
                return true;
            }
            None
        } else {
            match piece(next) {
                Piece::Many | Piece::Hole(_) if next + 1 == len => return true,
                Piece::Many | Piece::Hole(_) => {
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
        let Some(skipped) = text.get(from..).unwrap_or_default().chars().next() else { return false };
        let mut from = from + skipped.len_utf8();
        if let Piece::Text(literal) = piece(after) {
            let Some(found) = text.get(from..).unwrap_or_default().find(literal) else { return false };
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
        let holes = self.tokens.iter().any(|token| matches!(token, Token::Hole(_)));
        Pattern { tokens: self.tokens, variables, holes, wild_service: false }
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
            self.text(rest.get(..at).unwrap_or_default());
            if rest.get(at..).unwrap_or_default().starts_with('?') {
                self.tokens.push(Token::One);
            } else if self.tokens.last() != Some(&Token::Many) {
                self.tokens.push(Token::Many);
            }
            rest = rest.get(at + 1..).unwrap_or_default();
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
        while let Some((head, name, tail)) = hole::first(rest) {
            self.known(head, wildcards, variables)?;
            self.tokens.push(Token::Hole(name.to_owned()));
            rest = tail;
        }
        self.known(rest, wildcards, variables)
    }

    /// A text without holes.
    fn known(&mut self, text: &str, wildcards: bool, variables: bool) -> Result<(), PatternError> {
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

    /// Turns variables into holes.
    fn blur(&mut self) {
        for token in &mut self.tokens {
            if let Token::Variable { key, .. } = token {
                *token = Token::Hole(std::mem::take(key));
            }
        }
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
