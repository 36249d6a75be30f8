//! Whether what stands around a name says that it is given a value: commands, calls, options, keywords.

use std::ops::Range;

use super::scan::{line_head, stands};
use crate::validate::{NameKind, name_kind};

/// How far the line before a name is looked at, in bytes.
pub(super) const HEAD: usize = 200;

/// Whether a call of this name gives a value: a method (`.password(`), or one that says so (`setPassword(`).
pub(super) fn is_setting_call(bytes: &[u8], name: &Range<usize>) -> bool {
    let text = &bytes[name.clone()];
    let own = text.iter().rposition(|b| *b == b'.').map_or(0, |dot| dot + 1);
    let before = name.start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let method = own > 0 || matches!(before, Some(b'.' | b'>' | b':'));
    let text = &text[own..];
    // `password.equals("value")`.
    let compares = own > 0 && [&b"equals"[..], b"Equals", b"equalsIgnoreCase"].contains(&text);
    let sets = [&b"set"[..], b"with"].iter().any(|verb| {
        text.strip_prefix(*verb)
            .is_some_and(|rest| rest.first().is_some_and(|b| b.is_ascii_uppercase() || *b == b'_'))
    });
    method && (sets || compares || name_kind(text) == NameKind::Secret)
}

/// Whether a type of strings stands before the name: `std::string token("value")`.
pub(super) fn is_constructor(bytes: &[u8], name: &Range<usize>) -> bool {
    const TYPES: &[&[u8]] =
        &[b"string", b"wstring", b"string_view", b"QString", b"QByteArray", b"CString", b"String"];
    let Some(line) = line_head(bytes, name.start, HEAD) else { return false };
    let Some(line) = line.strip_suffix(b" ") else { return false };
    let word = line
        .iter()
        .rposition(|b| !b.is_ascii_alphanumeric() && *b != b'_')
        .map_or(line, |at| &line[at + 1..]);
    TYPES.contains(&word)
}

/// A keyword of Clojure, Elixir or Ruby before its value: `:password "value"`.
pub(super) fn is_keyword(bytes: &[u8], start: usize) -> bool {
    let at = |back: usize| start.checked_sub(back).and_then(|i| bytes.get(i)).copied();
    at(1) == Some(b':') && matches!(at(2), None | Some(b' ' | b'\n' | b'\t' | b'{' | b'(' | b'['))
}

/// An option of a command or a cmdlet whose own name is a secret's: `--docker-password`, `-ClientSecret`.
pub(super) fn is_flag(bytes: &[u8], name: &Range<usize>) -> bool {
    let text = &bytes[name.clone()];
    let before = name.start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    text.starts_with(b"-")
        && text.len() > 2
        && matches!(before, None | Some(b' ' | b'\n' | b'\t' | b'"' | b'\''))
        && name_kind(text) == NameKind::Secret
}

/// Whether the name at `start` is a symbol that is given a value: `set :api_token, "value"`, `put_env(:app, :api_token,
/// "value")`.
pub(super) fn is_put(bytes: &[u8], start: usize) -> bool {
    let Some(line) = line_head(bytes, start, HEAD) else { return false };
    let Some(line) = line.strip_suffix(b":") else { return false };
    line.trim_ascii() == b"set" || line.windows(8).any(|w| w == b"put_env(")
}

/// Whether the name is a constant that chooses what is set, as an argument of a call: `setopt(curl, CURLOPT_PASSWORD,
/// "value")`.
pub(super) fn is_option(bytes: &[u8], name: &Range<usize>) -> bool {
    let text = &bytes[name.clone()];
    let own = text.iter().rposition(|b| *b == b'.').map_or(0, |dot| dot + 1);
    let constant = text[own..].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    let lead = bytes[name.start.saturating_sub(40)..name.start].trim_ascii_end();
    // `connect(DB_HOST, DB_USER, DB_PASSWORD, "database")`: a constant among others is a value.
    let others = lead.strip_suffix(b",").is_some_and(|head| {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let word = head.iter().rev().take_while(|b| is_part(b));
        let word: Vec<u8> = word.copied().collect();
        word.len() > 2 && !word.iter().any(u8::is_ascii_lowercase)
    });
    constant && !others && matches!(lead.last(), Some(b',' | b'('))
}

/// Whether the name at `start` is the first argument of a call that compares texts: `strcmp(password, "value")`.
pub(super) fn is_compared(bytes: &[u8], start: usize) -> bool {
    const CALLS: &[&[u8]] = &[
        b"strcmp(",
        b"strncmp(",
        b"strcasecmp(",
        b"hash_equals(",
        b"compare_digest(",
        b"Objects.equals(",
        b"string.Equals(",
        b"String.Equals(",
        b"ConstantTimeCompare([]byte(",
    ];
    let head = &bytes[start.saturating_sub(32)..start];
    CALLS.iter().any(|call| head.ends_with(call))
}

/// Whether the name in quotes at `start` follows a number, as the name of an option does in a row of its table:
/// `(3,'smtp_password','value')`.
pub(super) fn is_numbered_row(bytes: &[u8], start: usize) -> bool {
    let head = &bytes[start.saturating_sub(24)..start];
    let Some(head) = head.strip_suffix(b"'") else { return false };
    let Some(head) = head.trim_ascii_end().strip_suffix(b",") else { return false };
    let digits = head.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && head[..head.len() - digits].ends_with(b"(")
}

/// Whether the name at `start` is the first argument of a call: `("NAME", "value")`.
pub(super) fn is_argument(bytes: &[u8], start: usize) -> bool {
    let head = &bytes[start.saturating_sub(8)..start];
    let head = head.strip_suffix(b"\"").or_else(|| head.strip_suffix(b"'")).unwrap_or(head);
    let head = head.strip_suffix(b"\\").unwrap_or(head).trim_ascii_end();
    head.ends_with(b"(")
}

/// Whether the line before a name says that a value follows after a blank: `SetEnv`, `#define`, `ENV`, `setenv`, `set -x`.
pub(super) fn is_setter(bytes: &[u8], start: usize) -> bool {
    const SETTERS: &[&str] = &[
        "setenv",
        "fastcgi_param",
        "uwsgi_param",
        "scgi_param",
        "set -x",
        "set -gx",
        "set -xg",
        "set -ux",
        "set -lx",
        "#define",
        "# define",
        "env",
        "arg",
        "export",
        "setx",
        "proxy_set_header",
        "requestheader set",
        "requestheader add",
        "header_up",
        "header set",
        "header add",
        "add_header",
        "php_value",
        "php_admin_value",
        "insecure-password",
        "set",
        "\\set",
        "(def",
        "(defonce",
        "(defvar",
        "(setq",
        "(setenv",
        "(define",
    ];
    let Some(line) = line_head(bytes, start, HEAD) else { return false };
    let line = line.trim_ascii();
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    // A command in fish's history: `- cmd: set -x NAME value`.
    let line = line.strip_prefix(b"- cmd: ").unwrap_or(line);
    // `set $name "value";` of nginx.
    let line = line.strip_suffix(b"$").unwrap_or(line).trim_ascii_end();
    SETTERS.iter().any(|s| line.eq_ignore_ascii_case(s.as_bytes()))
}

/// Whether only blanks, list dashes and words such as `export` stand before a name.
pub(super) fn is_indent(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"- ").unwrap_or(line);
    let line = line.trim_ascii();
    [
        &b""[..],
        b"-",
        // A symbol of Ruby in YAML: `:api_key: value`.
        b":",
        b"export",
        b"set",
        b"ENV",
        b"ARG",
        b"declare -x",
        b"local",
        b"readonly",
        b"declare",
        b"typeset -x",
        b"//",
        // The profile that a property of Quarkus belongs to: `%prod.db.password=value`.
        b"%",
    ]
    .contains(&line)
        || line.starts_with(b"ENV ") && !line.contains(&b'"')
}

/// A name without the method that compares it: `pass.equals`.
pub(super) fn without_comparison(bytes: &[u8], name: Range<usize>) -> Range<usize> {
    let text = &bytes[name.clone()];
    const METHODS: &[&[u8]] = &[b".equals", b".Equals", b".equalsIgnoreCase"];
    let cut = METHODS.iter().find(|end| text.ends_with(end));
    name.start..name.end - cut.map_or(0, |end| end.len())
}

/// A name without what reads the text of a field of a form: `txtPassword.Text`, `entry_pass.get`.
pub(super) fn without_accessor(bytes: &[u8], name: Range<usize>) -> Range<usize> {
    const ACCESSORS: &[&[u8]] = &[
        b".Text",
        b".text",
        b".get",
        b".getText",
        b".value",
        b".Value",
        b".val",
        b".currentText",
        b".toString",
        b".trim",
    ];
    let text = &bytes[name.clone()];
    let cut = ACCESSORS.iter().find(|a| text.ends_with(a) && text.len() > a.len()).map_or(0, |a| a.len());
    name.start..name.end - cut
}

/// Whether a name is the last part of a key of Puppet's Hiera: `mysql::server::root_password: value`.
pub(super) fn is_puppet_key(bytes: &[u8], name: &Range<usize>) -> bool {
    let part = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b':');
    let lead = line_head(bytes, name.start, HEAD);
    stands(bytes, name.end, b": ") && lead.is_some_and(|lead| lead.iter().all(part))
}
