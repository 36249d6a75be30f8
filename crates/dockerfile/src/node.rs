//! One logical line, split into the instruction's name, its flags and its words as BuildKit splits it.

use super::error::ErrorKind;
use super::heredoc::Heredoc;
use super::json::{self, StringArray};
use super::keyword::Keyword;
use super::syntax::LineRange;
use super::text::Text;
use super::words::{self, Pair};
use seaworthy_source::Span;

/// An instruction that is split into words and not yet understood.
#[derive(Clone, Debug)]
pub struct Node {
    /// From the instruction's name to the end of its last line, heredocs included, the line end not.
    pub span: Span,
    /// Its lines.
    pub lines: LineRange,
    /// The logical line: continuations joined, comments inside dropped, heredoc bodies not part of it.
    pub text: Text,
    /// The instruction's name as written.
    pub name: Text,
    /// Which instruction it is, if BuildKit knows it.
    pub keyword: Option<Keyword>,
    /// The `--flag` words before the arguments, quotes taken out.
    pub flags: Vec<Text>,
    /// What follows the flags.
    pub arguments: Arguments,
    /// Whether the arguments were a JSON array.
    pub json: bool,
    /// The heredocs that follow the line.
    pub heredocs: Vec<Heredoc>,
}

/// The arguments of an instruction, split the way its kind asks for.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// None at all.
    Nothing,
    /// Words, JSON strings, or one word that is the rest of the line.
    Words(Vec<Text>),
    /// The key=value words of `ENV` and `LABEL`.
    Pairs(Vec<Pair>),
    /// The instruction after `ONBUILD`.
    Trigger(Box<Node>),
}

/// How deep `ONBUILD` may nest before the rest is left unread; BuildKit refuses a second one anyway.
const MAX_TRIGGERS: u32 = 1;

/// Splits a logical line.
pub(super) fn parse(text: Text, escape: char) -> Result<Node, ErrorKind> {
    parse_nested(text, escape, 0)
}

fn parse_nested(text: Text, escape: char, depth: u32) -> Result<Node, ErrorKind> {
    let line = words::trim(&text, 0..text.len());
    let name_end = text
        .get(line.clone())
        .unwrap_or_default()
        .find(super::lines::is_blank)
        .map_or(line.end, |i| line.start + i);
    let name = text.slice(line.start..name_end);
    let keyword = Keyword::parse(&name);
    let rest = text.get(name_end..line.end).unwrap_or_default().trim_start_matches(super::lines::is_blank);
    let (flags, rest) = words::flags(&text, line.end - rest.len()..line.end);
    let rest = words::trim(&text, rest);
    let (arguments, json) = match keyword {
        Some(keyword) => arguments(keyword, &text, rest, escape, depth)?,
        None => (Arguments::Nothing, false),
    };
    Ok(Node {
        span: text.span(),
        lines: LineRange::default(),
        name,
        keyword,
        flags,
        arguments,
        json,
        heredocs: Vec::new(),
        text,
    })
}

fn arguments(
    keyword: Keyword,
    text: &Text,
    rest: std::ops::Range<usize>,
    escape: char,
    depth: u32,
) -> Result<(Arguments, bool), ErrorKind> {
    if rest.is_empty() {
        return Ok((Arguments::Nothing, false));
    }
    let list = |words: Vec<Text>| if words.is_empty() { Arguments::Nothing } else { Arguments::Words(words) };
    let plain = match keyword {
        Keyword::Add | Keyword::Copy | Keyword::Volume => {
            if let Some(strings) = strings(text, rest.clone())? {
                return Ok((list(strings), true));
            }
            list(words::split(text, rest))
        }
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => {
            if let Some(strings) = strings(text, rest.clone())? {
                return Ok((list(strings), true));
            }
            Arguments::Words(vec![text.slice(rest)])
        }
        Keyword::Healthcheck => return healthcheck(text, rest),
        Keyword::From | Keyword::Expose => list(words::split(text, rest)),
        Keyword::Arg => list(
            words::quoted(text.get(rest.clone()).unwrap_or_default(), rest.start, escape)
                .map(|r| text.slice(r))
                .collect(),
        ),
        Keyword::Env | Keyword::Label => {
            let pairs = words::pairs(text, rest, keyword.as_str(), escape)?;
            if pairs.is_empty() { Arguments::Nothing } else { Arguments::Pairs(pairs) }
        }
        Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => {
            Arguments::Words(vec![text.slice(rest)])
        }
        Keyword::Onbuild if depth >= MAX_TRIGGERS => Arguments::Nothing,
        Keyword::Onbuild => Arguments::Trigger(Box::new(parse_nested(text.slice(rest), escape, depth + 1)?)),
    };
    Ok((plain, false))
}

/// The strings of a JSON array; `None` when the words are not JSON.
fn strings(text: &Text, rest: std::ops::Range<usize>) -> Result<Option<Vec<Text>>, ErrorKind> {
    match json::string_array(text, rest) {
        StringArray::Strings(strings) => Ok(Some(strings)),
        StringArray::OtherArray => Err(ErrorKind::NotStringArray),
        StringArray::NotJson => Ok(None),
    }
}

/// `HEALTHCHECK TYPE command`, where the command may be JSON.
fn healthcheck(text: &Text, rest: std::ops::Range<usize>) -> Result<(Arguments, bool), ErrorKind> {
    let kind_end = text
        .get(rest.clone())
        .unwrap_or_default()
        .find(char::is_whitespace)
        .map_or(rest.end, |i| rest.start + i);
    let mut all = vec![text.slice(rest.start..kind_end)];
    let command = words::trim(text, kind_end..rest.end);
    if command.is_empty() {
        return Ok((Arguments::Words(all), false));
    }
    if let Some(strings) = strings(text, command.clone())? {
        all.extend(strings);
        return Ok((Arguments::Words(all), true));
    }
    all.push(text.slice(command));
    Ok((Arguments::Words(all), false))
}

impl Node {
    /// Whether heredocs are looked for: `RUN`, `COPY`, `ADD`, or `ONBUILD` of these, not in JSON form.
    pub(super) fn can_hold_heredocs(&self) -> bool {
        let node = match &self.arguments {
            Arguments::Trigger(inner) if self.keyword == Some(Keyword::Onbuild) => inner,
            _ => self,
        };
        !node.json
            && matches!(node.keyword, Some(Keyword::Run | Keyword::Copy | Keyword::Add))
            && self.text.contains("<<")
    }
}
