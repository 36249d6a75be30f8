//! The contract's text. A guess that is sure enough to load is written out; the rest are comments with the question to
//! answer.

mod account;
mod packaging;

use std::fmt::Write;
use std::path::Path;

use jiff::civil::Date;

use super::decide::Wiring;
use super::facts::{Facts, Guess, Start};
use super::images::Image;
use crate::check::Masker;
use crate::contract::{Contract, Handles};
use seaworthy_source::escape_bytes;

/// How many further guesses of one kind are listed.
const MORE: usize = 4;

/// What a contract is written from.
pub(super) struct Source<'a> {
    pub(super) facts: &'a Facts,
    pub(super) image: Option<&'a Image>,
    /// The names of the other images.
    pub(super) others: Vec<&'a str>,
    pub(super) wiring: &'a Wiring,
    pub(super) starts: &'a [Start],
    /// The registry of handles, if its values may be written as `${HANDLE}`.
    pub(super) handles: Option<(&'a str, Handles)>,
    pub(super) is_m1: bool,
    pub(super) today: Date,
}

/// A contract that was written.
pub(super) struct Written {
    pub(super) text: String,
    /// What one should know before relying on it.
    pub(super) warnings: Vec<String>,
}

/// Writes the contract.
pub(super) fn render(source: &Source<'_>, masker: &Masker<'_>) -> Written {
    let mut out = Out {
        text: String::new(),
        masker,
        handles: source.handles.as_ref().map(|(_, h)| h),
        warnings: Vec::new(),
    };
    out.line(
        "# What this project promises about its container image. `seaworthy schema contract` describes every key.\n\
         # Each guess names the place that it was made from. Comments that end in a question are for you to answer.\n\
         version = 1",
    );
    match source.is_m1 {
        true => out.line("profile = \"m1\""),
        false => out.line(
            "# Neither documents of runs nor a registry of handles were found: the small profile. `m1` asks for all of M1.\n\
             profile = \"image\"",
        ),
    }
    if let Some((path, _)) = &source.handles {
        let path = out.quoted(path);
        out.line(&format!("\n[handles]\nfile = {path}"));
    }
    packaging::image(source, &mut out);
    packaging::evidence(source, &mut out);
    packaging::workflow(source, &mut out);
    packaging::entrypoints(source, &mut out);
    account::secrets(source, &mut out);
    account::aws(source, &mut out);
    account::roles(source, &mut out);
    packaging::waivers(source, &mut out);
    Written { text: masker.mask(&out.text), warnings: out.warnings }
}

/// The text so far.
struct Out<'a> {
    text: String,
    masker: &'a Masker<'a>,
    handles: Option<&'a Handles>,
    warnings: Vec<String>,
}

impl Out<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Text as comments.
    fn comment(&mut self, text: &str) {
        text.lines().for_each(|line| _ = writeln!(self.text, "# {}", escape_bytes(line.as_bytes())));
    }

    /// A TOML string on one line, whatever it holds.
    fn quoted(&self, text: &str) -> String {
        let quoted = toml::Value::String(self.masker.mask(text)).to_string();
        if quoted.contains('\n') { quoted.replace('\n', "\\n") } else { quoted }
    }

    /// A list of TOML strings.
    fn list<T: AsRef<str>>(&self, items: impl IntoIterator<Item = T>) -> String {
        let items: Vec<String> = items.into_iter().map(|i| self.quoted(i.as_ref())).collect();
        format!("[{}]", items.join(", "))
    }

    /// Text in a comment: one line, nothing hidden.
    fn place(&self, text: &str) -> String {
        escape_bytes(self.masker.mask(text).as_bytes())
    }

    /// A value, as `${HANDLE}` if the registry of handles has it.
    fn handle_or(&self, facts: &Facts, prefix: &str, value: &str) -> String {
        let entries = facts.handles.iter().flat_map(|h| &h.entries);
        // A handle with two values has none that a contract could take.
        let has =
            |name: &str| self.handles.is_some_and(|h| h.entries().any(|(n, v)| n == name && v == value));
        let fits = |name: &str| name.starts_with(prefix) && has(name);
        let name = entries.map(|(name, _)| name).find(|name| fits(name));
        name.map_or_else(|| self.quoted(value), |name| self.quoted(&format!("${{{name}}}")))
    }

    /// Whether the contract loads with this text added to what is there.
    fn loads(&self, text: &str) -> bool {
        let whole = format!("{}{text}\n", self.text);
        let profileless = whole.replace("profile = \"m1\"\n", "").replace("profile = \"image\"\n", "");
        Contract::parse_with_handles(&profileless, Path::new("seaworthy.toml"), self.handles.cloned()).is_ok()
    }

    /// Entries that load are written, the others become comments.
    fn entries(&mut self, entries: &[String]) {
        let all: String = entries.concat();
        if self.loads(&all) {
            self.text.push_str(&all);
            return;
        }
        for entry in entries {
            if self.loads(entry) {
                self.text.push_str(entry);
            } else {
                self.comment(entry);
            }
        }
    }

    /// One key with the best guess that loads, and others below it as comments.
    fn key(&mut self, key: &str, guesses: &[Guess]) {
        let mut seen = std::collections::BTreeSet::new();
        let unique: Vec<&Guess> = guesses.iter().filter(|g| seen.insert(&g.value)).collect();
        let mut is_written = false;
        for guess in unique.iter().take(1 + MORE) {
            let line = format!("{key} = {}", self.quoted(&guess.value));
            let from = self.place(&guess.from);
            let is_first = !is_written && self.loads(&line);
            is_written |= is_first;
            self.line(&format!("{}{line}  # guessed from {from}", if is_first { "" } else { "# " }));
        }
        if let Some(more @ 1..) = unique.len().checked_sub(1 + MORE) {
            self.line(&format!("# and {more} more"));
        }
    }
}
