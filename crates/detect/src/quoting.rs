//! How a text that a reader read was written.

/// How a value is written, which tells how much its look has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Between two equal quotes, or between XML tags.
    Quoted,
    /// In quotes, as hexadecimal digits or base64 that the code decodes: bytes, and so a key under the name of one.
    Decoded,
    /// `NAME=value` to the end of the word, as shells and properties files have it.
    Environment,
    /// `name: value` or `name = value`, alone on its line, as YAML and INI files have it; code looks the same.
    Line,
    /// Anything else: query strings, prose, lists.
    Bare,
    /// The place says that it is a secret whatever it looks like: `IDENTIFIED BY`, data of a `kind: Secret`.
    Certain,
}
