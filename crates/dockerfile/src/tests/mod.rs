//! Tests of the whole reader.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod expansion;
mod properties;
mod reading;
mod stages;

use super::*;
use seaworthy_source::Span;

fn parse(file: &str) -> Dockerfile {
    Dockerfile::parse(file.as_bytes()).unwrap_or_else(|e| panic!("{e}: {file}"))
}

fn error(file: &[u8]) -> (u32, String) {
    let error = Dockerfile::parse(file).unwrap_err();
    (error.line, error.kind.to_string())
}

fn at(file: &str, span: Span) -> &str {
    std::str::from_utf8(span.of(file.as_bytes())).unwrap()
}
