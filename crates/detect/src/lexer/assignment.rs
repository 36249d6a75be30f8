//! A name, an operator, a value: what code, scripts and files of settings have in common.

use std::ops::Range;

use super::list::{items, parallel};
use super::nested::under_owner;
use super::operator::{Operator, closes_block, is_make, operator};
use super::scan::{MAX_VALUE, before, blanks, is_name_byte, line_head, name_around, stands, white};
use super::setting::{
    HEAD, is_argument, is_compared, is_constructor, is_flag, is_indent, is_keyword, is_numbered_row,
    is_option, is_puppet_key, is_put, is_setter, is_setting_call, without_accessor, without_comparison,
};
use super::value::{
    decoder, default_of, here_document, prelude, quoted as literal, rest_of_line, string_prefix, word,
};
use super::{Place, Quoting, Reading};
use crate::kind::FileKind;
use crate::validate::{NameKind, ends_with_password, is_password_name, name_kind};

/// Directives that take a password after a blank: OpenLDAP, msmtp, keepalived and their like.
const DIRECTIVES: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "bindpw",
    "rootbindpw",
    "rootpw",
    "passphrase",
    "auth_pass",
    "rootpassword",
    "auth_key",
    "requirepass",
    "masterauth",
    "userpassword",
    "secret",
    "shared_secret",
    "ldap_default_authtok",
    "credentials",
];

/// A name with what joins it.
pub(super) struct Head {
    /// The whole name.
    pub(super) name: Range<usize>,
    /// What joins it to its value.
    pub(super) operator: Operator,
    /// Whether the name stands in quotes of its own.
    pub(super) in_quotes: bool,
    /// Whether the name begins a tuple of Erlang: `{name, "value"}`.
    in_tuple: bool,
    /// Where the operator begins and ends.
    pub(super) span: Range<usize>,
}

/// A literal in quotes.
pub(super) fn quoted(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let Some(name) = name_of(place) else { return };
    let found = read_quoted(place, name.clone()).or_else(|| compared_before(place.bytes, name.clone()));
    match found {
        Some(reading) => sink(under_owner(place, reading)),
        None => items(place.bytes, name, sink),
    }
}

/// A literal that is compared with a name: `if "value" == token`, `"value".equals(token)`.
fn compared_before(bytes: &[u8], name: Range<usize>) -> Option<Reading> {
    if !matches!(bytes.get(..name.start)?, [.., b'=', b' '] | [.., b's', b'(']) {
        return None;
    }
    let line = line_head(bytes, name.start, HEAD)?;
    let before =
        [&b"== "[..], b"!= ", b".equals(", b".Equals("].iter().find_map(|o| line.strip_suffix(*o))?;
    let before = before.strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
    let quote = *before.last().filter(|b| matches!(b, b'"' | b'\''))?;
    let inner = &before[..before.len() - 1];
    let open = inner.iter().rposition(|b| *b == quote)? + 1;
    let begin = name.start - line.len();
    let secret = begin + open..begin + inner.len();
    let counts = name_kind(&bytes[name.clone()]) == NameKind::Secret && !secret.is_empty();
    counts.then_some(Reading { matched: secret.start..name.end, name, secret, quoting: Quoting::Bare })
}

fn read_quoted(place: &Place<'_>, name: Range<usize>) -> Option<Reading> {
    let bytes = place.bytes;
    let head = head(bytes, name)?;
    let at = match head.operator {
        Operator::Blank => {
            let at = head.span.end + usize::from(bytes.get(head.span.end) == Some(&b'('));
            at + string_prefix(bytes, at)
        }
        Operator::Equals => prelude(bytes, parallel(bytes, &head).unwrap_or(head.span.end)),
        _ => prelude(bytes, head.span.end),
    };
    let at = match head.operator {
        Operator::Comma => default_argument(bytes, at),
        _ => at,
    };
    let joined = matches!(head.operator, Operator::Equals | Operator::Colon);
    let decoded = if joined { decoder(bytes, at) } else { None };
    let at = decoded.unwrap_or(at);
    let secret = without_delimiters(bytes, at, literal(bytes, at)?);
    let compared = without_comparison(bytes, head.name.clone());
    let name = &bytes[compared.clone()];
    let quoting = match head.operator {
        Operator::Blank if is_flag(bytes, &head.name) => Quoting::Quoted,
        // `#define NAME "value"`, `SetEnv NAME "value"`, `setenv NAME "value"`.
        Operator::Blank if is_setter(bytes, head.name.start) => Quoting::Quoted,
        Operator::Blank if is_keyword(bytes, head.name.start) => Quoting::Quoted,
        Operator::Blank if is_statement(bytes, &head, &secret) => Quoting::Quoted,
        Operator::Blank => return None,
        Operator::Compared if name_kind(name) != NameKind::Secret && !is_password_name(name) => return None,
        _ if decoded.is_some() => Quoting::Decoded,
        Operator::Call if !ends_argument(bytes, secret.end + 1) => return None,
        Operator::Block if !closes_block(bytes, secret.end + 1) => return None,
        Operator::Comma if is_put(bytes, head.name.start) || is_flag(bytes, &head.name) => Quoting::Quoted,
        Operator::Comma if head.in_tuple || is_argument(bytes, head.name.start) => Quoting::Quoted,
        Operator::Comma if is_option(bytes, &head.name) && is_password_name(name) => Quoting::Quoted,
        // `strcmp(password, "value") == 0`.
        Operator::Comma if is_compared(bytes, head.name.start) => Quoting::Quoted,
        // The row of an option in a dump: `(3, 'smtp_password', 'value')`.
        Operator::Comma if is_password_name(name) && is_numbered_row(bytes, head.name.start) => {
            Quoting::Quoted
        }
        // A program that compares what it is given with a password in its code.
        Operator::Compared if is_password_name(name) => Quoting::Quoted,
        Operator::Comma | Operator::Compared => Quoting::Bare,
        Operator::Call if compared != head.name && !is_password_name(name) => Quoting::Bare,
        _ => Quoting::Quoted,
    };
    if name_kind(name) == NameKind::Harmless {
        return None;
    }
    let secret = default_of(bytes, &secret).unwrap_or(secret);
    Some(Reading { matched: head.name.start..secret.end, name: compared, secret, quoting })
}

/// Whether a call's one argument ends at `at`, perhaps behind a conversion of a literal: `.password("value".to_owned())`.
fn ends_argument(bytes: &[u8], at: usize) -> bool {
    const CONVERSIONS: &[&[u8]] = &[
        b".to_owned())",
        b".to_string())",
        b".into())",
        b".toCharArray())",
        b".getBytes())",
        b".as_bytes())",
    ];
    bytes.get(at) == Some(&b')')
        || CONVERSIONS.iter().any(|call| bytes[at.min(bytes.len())..].starts_with(call))
}

/// A literal without quotes.
pub(super) fn bare(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let Some(reading) = read_bare(place).map(|reading| under_owner(place, reading)) else { return };
    // `key` alone is a secret's name only where the key above it says whose.
    let is_key = place.bytes[reading.name.clone()].eq_ignore_ascii_case(b"key");
    if !is_key || reading.quoting == Quoting::Certain {
        sink(reading);
    }
}

fn read_bare(place: &Place<'_>) -> Option<Reading> {
    let bytes = place.bytes;
    let name = name_of(place)?;
    if let Some(reading) = shell_default(bytes, &name).or_else(|| listed_flag(bytes, &name)) {
        return Some(reading);
    }
    let head = head(bytes, name)?;
    if head.operator == Operator::Equals
        && name_kind(bytes.get(head.name.clone())?) != NameKind::Harmless
        && let Some(secret) = here_document(bytes, blanks(bytes, head.span.end, 16))
    {
        let matched = head.name.start..secret.end;
        return Some(Reading { matched, name: head.name, secret, quoting: Quoting::Line });
    }
    let start = match head.operator {
        Operator::Comma => return row(place, head),
        Operator::Equals => blanks(bytes, head.span.end, 16),
        Operator::Colon if bytes.get(head.span.start) == Some(&b':') => prelude(bytes, head.span.end),
        Operator::Blank => head.span.end,
        _ => return None,
    };
    let first = *bytes.get(start)?;
    let doubled = first == b'=' && start == head.span.end;
    if matches!(first, b'"' | b'\'' | b'`' | b'\n' | b'\r' | b'\\') || doubled {
        return None;
    }
    if head.operator == Operator::Colon && bytes[..head.name.start].ends_with(b"${") {
        return spring_default(bytes, head.name, start);
    }
    // Between a name and a colon's value there is a blank or a line end, but in systemd's `SetCredential=name:value`.
    let credential = line_head(bytes, head.name.start, HEAD).is_some_and(|l| l.ends_with(b"SetCredential="));
    let tight_colon = head.operator == Operator::Colon
        && start == head.span.end
        && !credential
        && !is_property(place, &head);
    if tight_colon && (place.kind == FileKind::Code || !is_plain_pair(bytes, &head)) {
        return None;
    }
    let name = bytes.get(head.name.clone())?;
    if name_kind(name) == NameKind::Harmless {
        return None;
    }
    let (secret, quoting) =
        if tight_colon { (word(bytes, start), Quoting::Bare) } else { value(place, &head, start)? };
    if secret.is_empty() {
        return None;
    }
    let (secret, quoting) = match default_of(bytes, &secret) {
        Some(inner) => (inner, Quoting::Environment),
        None => (secret, quoting),
    };
    Some(Reading { matched: head.name.start..secret.end, name: head.name, secret, quoting })
}

/// A row of a table that begins with a name, with its value in the second cell: `apiToken,v,`.
fn row(place: &Place<'_>, head: Head) -> Option<Reading> {
    let bytes = place.bytes;
    let begins = line_head(bytes, head.name.start, HEAD).is_some_and(<[u8]>::is_empty);
    let start = head.span.end;
    let cell =
        |b: &u8| !b.is_ascii_whitespace() && !matches!(b, b',' | b';' | b'"' | b'\'' | b'(' | b')' | 0);
    let length = bytes.get(start..)?.iter().take(MAX_VALUE).take_while(|b| cell(b)).count();
    let secret = start..start + length;
    let ends = match bytes.get(secret.end) {
        Some(b',') => matches!(bytes.get(secret.end + 1), None | Some(b'\n' | b'\r' | b',')),
        after => matches!(after, None | Some(b'\n' | b'\r')),
    };
    let counts = begins
        && ends
        && place.kind != FileKind::Code
        && name_kind(bytes.get(head.name.clone())?) == NameKind::Secret;
    let matched = head.name.start..secret.end;
    counts.then_some(Reading { matched, name: head.name, secret, quoting: Quoting::Bare })
}

/// The item of a YAML list behind an option: `- --password`, and on the next line `- value`.
fn listed_flag(bytes: &[u8], name: &Range<usize>) -> Option<Reading> {
    if !matches!(bytes.get(name.end), Some(b'\n' | b'\r')) || !is_flag(bytes, name) {
        return None;
    }
    let lead = line_head(bytes, name.start, HEAD)?;
    if !lead.ends_with(b"- ") {
        return None;
    }
    let item = white(bytes, name.end, 80);
    // In the same column.
    let same = line_head(bytes, item, HEAD).is_some_and(|indent| indent.len() + 2 == lead.len());
    if !same || !stands(bytes, item, b"- ") {
        return None;
    }
    let at = blanks(bytes, item + 2, 8);
    let secret = literal(bytes, at).unwrap_or_else(|| rest_of_line(bytes, at));
    let one_word = !bytes[secret.clone()].iter().any(u8::is_ascii_whitespace);
    let counts = one_word && !secret.is_empty() && bytes[secret.start] != b'-';
    let matched = name.start..secret.end;
    counts.then_some(Reading { matched, name: name.clone(), secret, quoting: Quoting::Environment })
}

/// The default of Spring's `${name:value}`. That of a shell, `${NAME:-value}`, is read with its variable.
fn spring_default(bytes: &[u8], name: Range<usize>, start: usize) -> Option<Reading> {
    if matches!(bytes.get(start)?, b'-' | b'=' | b'?' | b'+') {
        return None;
    }
    let length = bytes.iter().skip(start).take(512).position(|b| matches!(b, b'}' | b'"' | b'\n'))?;
    let secret = start..start + length;
    let closed = bytes.get(secret.end) == Some(&b'}') && !secret.is_empty();
    let counts = closed && name_kind(&bytes[name.clone()]) != NameKind::Harmless;
    let matched = name.start..secret.end;
    counts.then_some(Reading { matched, name, secret, quoting: Quoting::Environment })
}

/// The default of a shell's variable: `run --token "${API_TOKEN:-v}"`, `: ${API_TOKEN:=v}`.
fn shell_default(bytes: &[u8], around: &Range<usize>) -> Option<Reading> {
    if !bytes.get(..around.start)?.ends_with(b"${") {
        return None;
    }
    // A dash belongs to names elsewhere, and ends them here.
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let length = bytes.get(around.start..)?.iter().take_while(|b| plain(b)).count();
    let name = around.start..around.start + length;
    let operator = [&b":-"[..], b":=", b"-", b"="].into_iter().find(|o| stands(bytes, name.end, o))?;
    let start = name.end + operator.len();
    let length = bytes.iter().skip(start).take(512).position(|b| matches!(b, b'}' | b'$' | b'\n'))?;
    let secret = start..start + length;
    let closed = bytes.get(secret.end) == Some(&b'}') && !secret.is_empty();
    let counts = closed && name_kind(bytes.get(name.clone())?) != NameKind::Harmless;
    counts.then_some(Reading { matched: name.start..secret.end, name, secret, quoting: Quoting::Environment })
}

/// Whether nothing but words and colons stand before a name, as Pulumi and Puppet have them before theirs
/// (`shop:dbPassword: value`), or groups of Qt's settings (`Proxy\Password=value`).
fn is_namespace(lead: &[u8]) -> bool {
    let lead = lead.trim_ascii_start();
    let words = lead.strip_suffix(b":").or_else(|| lead.strip_suffix(b"\\")).unwrap_or_default();
    !words.is_empty() && words.iter().all(|b| is_name_byte(*b) || matches!(b, b':' | b'\\'))
}

/// The value without quotes at `start`, and how it is written.
fn value(place: &Place<'_>, head: &Head, start: usize) -> Option<(Range<usize>, Quoting)> {
    let bytes = place.bytes;
    let lead = line_head(bytes, head.name.start, HEAD);
    let begins_line = lead.is_some_and(|lead| is_indent(lead) || is_namespace(lead));
    if head.operator == Operator::Blank {
        // The preprocessor of C takes a bare value for a number or another name.
        let defines = lead.is_some_and(|line| {
            let line = line.trim_ascii();
            line.strip_prefix(b"#").is_some_and(|rest| rest.trim_ascii_start() == b"define")
        });
        if is_flag(bytes, &head.name) {
            let secret = word(bytes, start);
            let ends =
                matches!(bytes.get(secret.end), None | Some(b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\''));
            return (ends && !secret.is_empty()).then_some((secret, Quoting::Environment));
        }
        let setter = !defines && is_setter(bytes, head.name.start);
        return directive(place, head, start, setter);
    }
    let tight = head.operator == Operator::Equals
        && head.span.len() == 1
        && start == head.span.end
        && head.span.start == head.name.end;
    if bytes[start..].starts_with(b"${") {
        let length = bytes.iter().skip(start).take(512).position(|b| *b == b'}')? + 1;
        let secret = start..start + length;
        return default_of(bytes, &secret).map(|inner| (inner, Quoting::Environment));
    }
    let plain = place.kind == FileKind::Unknown && is_password_name(bytes.get(head.name.clone())?);
    if (place.kind == FileKind::Config || plain) && begins_line {
        let secret = trim_end(bytes, rest_of_line(bytes, start), b";,");
        let text = &bytes[secret.clone()];
        if !text.iter().any(u8::is_ascii_whitespace) && !is_nested(text) {
            let tight = tight || is_make(bytes, &head.span);
            return Some((secret, if tight { Quoting::Environment } else { Quoting::Line }));
        }
    }
    word_value(place, head, start, tight)
}

/// The bare word at `start` that is the value of a name, if nothing around it says that it is a part of something else;
/// `tight` if it follows an equals sign at once.
fn word_value(place: &Place<'_>, head: &Head, start: usize, tight: bool) -> Option<(Range<usize>, Quoting)> {
    let bytes = place.bytes;
    let previous = before(bytes, head.name.start);
    let lead = line_head(bytes, head.name.start, HEAD);
    let first = bytes[start];
    if b"<>,;(){}[]=:&".contains(&first) {
        return None;
    }
    // `--from-literal=NAME=value`, systemd's `Environment=NAME=value`.
    let literal_option = lead.is_some_and(|l| {
        l.ends_with(b"-literal=") || l.ends_with(b"Environment=") || l.ends_with(b"SetCredential=")
    });
    let starts = literal_option
        || matches!(
            previous,
            None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0 | b'&' | b'?' | b'|' | b';' | b',' | b'"' | b'\'')
        )
        || previous.is_some_and(|p| matches!(p, b'n' | b'r' | b't'))
            && bytes.get(head.name.start.wrapping_sub(2)) == Some(&b'\\');
    // YAML's flow mappings: `{DB_PASSWORD: value, …}`.
    let in_flow = head.operator == Operator::Colon
        && place.kind == FileKind::Config
        && lead.is_some_and(|l| l.contains(&b'{'));
    if !starts && !in_flow {
        return None;
    }
    let secret = word(bytes, start);
    let close = bytes.get(secret.end).copied();
    let escape = close == Some(b'\\')
        && matches!(bytes.get(secret.end + 1), Some(b'n' | b'r' | b't' | b'"' | b'\'' | b'0' | b'\\' | b'u'));
    let same_quote = matches!(previous, Some(b'"' | b'\'')) && close == previous;
    let ends =
        escape || matches!(close, None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0 | b'&' | b'#' | b'"' | b'\''));
    let next = bytes.get(blanks(bytes, secret.end, 4)).copied();
    if in_flow && matches!(next, Some(b',' | b'}')) {
        return Some((secret, Quoting::Line));
    }
    let command_end =
        tight && close == Some(b';') && matches!(bytes.get(secret.end + 1), None | Some(b' ' | b'\n' | b';'));
    if !(ends || command_end) || !starts {
        return None;
    }
    let whole_word = escape
        || same_quote
        || command_end
        || literal_option
        || matches!(close, None | Some(b'\n' | b'\r' | b' ' | b'\t' | 0));
    let in_list = matches!(previous, Some(b'?' | b'&' | b';' | b','));
    let flag = bytes[head.name.clone()].starts_with(b"--");
    let quoting = if whole_word && !in_list && (tight || flag || literal_option || is_make(bytes, &head.span))
    {
        Quoting::Environment
    } else if lead.is_some_and(is_indent) && matches!(close, None | Some(b'\n' | b'\r')) {
        Quoting::Line
    } else {
        Quoting::Bare
    };
    Some((secret, quoting))
}

/// The value of a directive that takes it after a blank, on a line of its own or in a block: `requirepass value`,
/// `secret value;`. Those that are known take any value, others whose name is a secret's one that looks random.
fn directive(place: &Place<'_>, head: &Head, start: usize, setter: bool) -> Option<(Range<usize>, Quoting)> {
    let bytes = place.bytes;
    let name = &bytes[head.name.clone()];
    // `remote_password value` of Mosquitto and its like.
    let joined = ends_with_password(name) && name_kind(name) == NameKind::Secret;
    let known = joined || DIRECTIVES.iter().any(|d| name.eq_ignore_ascii_case(d.as_bytes()));
    let lead = line_head(bytes, head.name.start, HEAD)?.trim_ascii();
    let inline = known && (lead.ends_with(b";") || lead.ends_with(b"{") && !lead.ends_with(b"${"));
    let is_directive = place.kind == FileKind::Config && (lead.is_empty() || inline);
    let line = rest_of_line(bytes, start);
    let secret = if inline { word(bytes, start) } else { trim_end(bytes, line, b";") };
    let one_word = !bytes[secret.clone()].iter().any(u8::is_ascii_whitespace);
    let quoting = match (setter || is_directive && known, is_directive) {
        (true, _) => Quoting::Line,
        (false, true) if name_kind(name) == NameKind::Secret => Quoting::Bare,
        _ => return None,
    };
    (one_word && !secret.is_empty()).then_some((secret, quoting))
}

/// The place behind what closes around a name (quotes, `["X"]`, `("X")`), and whether it stands in quotes.
fn close_name(bytes: &[u8], name: &Range<usize>) -> Option<(usize, bool)> {
    let mut at = name.end;
    let mut in_quotes = false;
    for _ in 0..4 {
        match bytes.get(at) {
            Some(b'"' | b'\'' | b'`') => {
                in_quotes = true;
                at += 1;
            }
            Some(b'\\') if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => {
                in_quotes = true;
                at += 2;
            }
            Some(b']') => at += 1,
            Some(b')') if in_quotes => at += 1,
            // `$ENV{NAME} =`, `$ENV{'NAME'} =`.
            Some(b'}')
                if name.start > usize::from(in_quotes)
                    && bytes[name.start - 1 - usize::from(in_quotes)] == b'{' =>
            {
                at += 1;
            }
            // `char PASSWORD[] =`.
            Some(b'[') if !in_quotes => {
                let digits = bytes.iter().skip(at + 1).take(6).take_while(|b| b.is_ascii_digit()).count();
                if bytes.get(at + 1 + digits) != Some(&b']') {
                    return None;
                }
                at += digits + 2;
            }
            _ => break,
        }
    }
    Some((at, in_quotes))
}

/// Whether a name and a value that a colon alone joins stand as people write them down: `user:pilot pw:value`; not within
/// a URL.
fn is_plain_pair(bytes: &[u8], head: &Head) -> bool {
    let before = before(bytes, head.name.start);
    let starts =
        matches!(before, None | Some(b'\n' | b'\r' | b' ' | b'\t' | b',' | b'/' | b';' | b'|' | b'('));
    let text = bytes.get(head.name.clone()).unwrap_or_default();
    // `page-token:…` of labels and `X.password:` of styles are something else.
    starts && !head.in_quotes && !text.contains(&b'.') && is_password_name(text)
}

/// Whether a name and a colon begin a line of a file of settings: Java's properties want no blank, `ldap.password:value`.
fn is_property(place: &Place<'_>, head: &Head) -> bool {
    let name = place.bytes.get(head.name.clone()).unwrap_or_default();
    place.kind == FileKind::Config
        && !head.in_quotes
        && line_head(place.bytes, head.name.start, HEAD).is_some_and(<[u8]>::is_empty)
        && name_kind(name) == NameKind::Secret
}

/// The name that covers the anchor, which may begin with the line end before the name.
fn name_of(place: &Place<'_>) -> Option<Range<usize>> {
    let signs = place.bytes.get(place.start..place.end)?.iter().take_while(|b| !is_name_byte(**b)).count();
    name_around(place.bytes, place.start + signs)
}

/// What joins a name to a value.
pub(super) fn head(bytes: &[u8], name: Range<usize>) -> Option<Head> {
    // `AWS::IAM::AccessKey`, `Token::Kind`: types, not variables. `Rails::Application.config.secret_token` is one.
    if name.start >= 2
        && &bytes[name.start - 2..name.start] == b"::"
        && !bytes[name.clone()].contains(&b'.')
        && !is_puppet_key(bytes, &name)
    {
        return None;
    }
    let (mut at, in_quotes) = close_name(bytes, &name)?;
    // A key of several words is a sentence.
    if in_quotes && name.start > 0 && bytes[name.start - 1] == b' ' {
        return None;
    }
    // A function of no arguments that gives the value alone: `fun token() = "value"`.
    if !in_quotes && bytes.get(at..at + 2) == Some(b"()") {
        at += 2;
    }
    let name = without_accessor(bytes, name);
    if bytes.get(at) == Some(&b'(')
        && !in_quotes
        && (is_setting_call(bytes, &name) || is_constructor(bytes, &name))
    {
        let span = at..white(bytes, at + 1, 40);
        return Some(Head { name, operator: Operator::Call, in_quotes, in_tuple: false, span });
    }
    let begin = blanks(bytes, at, 32);
    let (operator, end) = operator(bytes, begin, at)?;
    let before = name.start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    // `{password, "value"}`, `-define(PASSWORD, "value")`.
    let defined = before == Some(b'(') && bytes[..name.start - 1].ends_with(b"define");
    let in_tuple = operator == Operator::Comma && (before == Some(b'{') || defined);
    Some(Head { name, operator, in_quotes, in_tuple, span: begin..end }).filter(|h| {
        h.operator != Operator::Comma
            || h.in_quotes
            || h.in_tuple
            || is_put(bytes, h.name.start)
            || is_compared(bytes, h.name.start)
            || is_option(bytes, &h.name)
    })
}

/// A line that is nothing but a name and a value in quotes: `password 'value'` of Gradle, `secret "value";` of BIND,
/// `@api_token "value"` of Elixir.
fn is_statement(bytes: &[u8], head: &Head, secret: &Range<usize>) -> bool {
    let Some(line) = line_head(bytes, head.name.start, HEAD) else { return false };
    let line = line.trim_ascii();
    // In a block of one line: `credentials { username 'pilot'; password 'value' }`.
    let in_block = matches!(line.last(), Some(b'{' | b';')) && is_password_name(&bytes[head.name.clone()]);
    let end = blanks(bytes, secret.end + 1, 8);
    let end = end + usize::from(bytes.get(end) == Some(&b';'));
    let ends = matches!(bytes.get(end), None | Some(b'\n' | b'\r'));
    let block_ends = in_block && (ends || matches!(bytes.get(end), Some(b'}' | b' ')));
    !head.in_quotes && (matches!(line, b"" | b"@") && ends || block_ends)
}

/// The place of the value in `"--token", default="value"`; `at` if there is no such argument on the line.
fn default_argument(bytes: &[u8], at: usize) -> usize {
    const MARKS: &[&[u8]] =
        &[b"default=", b"default:", b"defaultvalue:", b"defaultvalue =", b"unset =", b"unset=", b"do:"];
    let line = bytes.get(at..(at + 120).min(bytes.len())).unwrap_or_default();
    let line =
        &line[..line.iter().position(|b| matches!(b, b'\n' | b'"' | b'\'' | b')')).unwrap_or(line.len())];
    let found = MARKS.iter().find_map(|mark| {
        let place = line.windows(mark.len()).position(|w| w.eq_ignore_ascii_case(mark))?;
        Some(at + place + mark.len())
    });
    found.map_or(at, |end| blanks(bytes, end, 4))
}

/// The literal at `at` without what delimits the value within it: quotes of its own (`"\"value\""`), the brackets of a
/// raw string of C++ (`R"(value)"`).
fn without_delimiters(bytes: &[u8], at: usize, secret: Range<usize>) -> Range<usize> {
    let text = &bytes[secret.clone()];
    let inner = text.len() > 4 && text.starts_with(b"\\\"") && text.ends_with(b"\\\"");
    let raw = at > 0 && bytes[at - 1] == b'R' && text.starts_with(b"(") && text.ends_with(b")");
    match (inner, raw && text.len() > 2) {
        (true, _) => secret.start + 2..secret.end - 2,
        (_, true) => secret.start + 1..secret.end - 1,
        _ => secret,
    }
}

/// Lists and mappings in one line, which are no value by themselves.
fn is_nested(text: &[u8]) -> bool {
    matches!((text.first(), text.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
        || text.starts_with(b"{")
}

/// Without one separator at its end.
fn trim_end(bytes: &[u8], range: Range<usize>, separators: &[u8]) -> Range<usize> {
    match bytes[range.clone()].last() {
        Some(last) if separators.contains(last) => range.start..range.end - 1,
        _ => range,
    }
}
