//! `${HANDLE}` in the strings of a contract, filled in from the registry before anything is judged, so that every rule
//! sees the value and every mistake still points at the line of the contract.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::handles::Handles;
use super::hint::{nearest, quoted};
use seaworthy_source::Span;

/// Fills in all handles; returns a mistake for each that names nothing.
pub(super) fn fill(document: &mut DeTable<'_>, handles: Option<&Handles>) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    for (key, value) in document.iter_mut() {
        // The registry's own name cannot stand in the registry.
        if key.get_ref() != "handles" {
            visit(value, handles, &mut mistakes);
        }
    }
    mistakes
}

/// The depth is bounded by that of the TOML parser.
fn visit(value: &mut Spanned<DeValue<'_>>, handles: Option<&Handles>, mistakes: &mut Vec<Diagnostic>) {
    let span = value.span();
    let span = Span::new(span.start, span.end);
    match value.get_mut() {
        DeValue::String(text) => {
            if let Some(filled) = text_with(text, handles, span, mistakes) {
                *text = Cow::Owned(filled);
            }
        }
        DeValue::Array(items) => items.iter_mut().for_each(|item| visit(item, handles, mistakes)),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, inner)| visit(inner, handles, mistakes)),
        _ => {}
    }
}

/// The text with its handles filled in; nothing if it has none. What is not of the form of a handle stays.
fn text_with(
    text: &str,
    handles: Option<&Handles>,
    span: Span,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<String> {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let (mut out, mut rest, mut filled) = (String::new(), text, false);
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}').filter(|(n, _)| !n.is_empty() && n.bytes().all(part))
        else {
            out.push_str("${");
            rest = after;
            continue;
        };
        filled = true;
        match handles.and_then(|h| h.get(name)) {
            Some(_) if handles.is_some_and(|h| h.conflict(name).is_some()) => {
                mistakes.push(mistake(name, None, handles, span));
            }
            Some(value) if !value.is_empty() && !value.contains("${") => out.push_str(value),
            found => mistakes.push(mistake(name, found, handles, span)),
        }
        rest = tail;
    }
    out.push_str(rest);
    filled.then_some(out)
}

fn mistake(name: &str, found: Option<&str>, handles: Option<&Handles>, span: Span) -> Diagnostic {
    let shown = quoted(name);
    if let Some((handles, (first, second))) = handles.and_then(|h| Some((h, h.conflict(name)?))) {
        let path = handles.path().display();
        let message =
            format!("the handle {shown} has different values in lines {first} and {second} of {path}");
        return Diagnostic { span, message, help: Some("leave one of the two".to_owned()) };
    }
    let (message, help) = match (found, handles) {
        (_, None) => (
            format!("the handle {shown} resolves to nothing: the contract names no registry of handles"),
            "add it to a file, and name that in the contract: [handles] file = \"handles.md\"".to_owned(),
        ),
        (Some(""), _) => {
            (format!("the handle {shown} is empty in the registry"), "give it a value there".to_owned())
        }
        (Some(_), _) => (
            format!("the handle {shown} is itself made of a reference"),
            "write its whole value into the registry".to_owned(),
        ),
        (None, Some(handles)) => (
            format!("the handle {shown} resolves to nothing"),
            match nearest(name, handles.names()) {
                Some(near) => format!("did you mean {}?", quoted(near)),
                None => "add it to the registry that `[handles]` names".to_owned(),
            },
        ),
    };
    Diagnostic { span, message, help: Some(help) }
}
