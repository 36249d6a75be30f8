//! Which entries of the context a Dockerfile can put into an image or show to a `RUN`.

use std::collections::HashSet;
use std::ops::Range;

use seaworthy_source::Span;

use super::resolve::{Node, context_path};
use super::{Builder, Context, FileKind, IgnoreError, IgnoreRules, go_path};

/// One instruction or mount that takes files from the build context. `COPY --from` and heredocs are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// What takes them.
    pub kind: CopyKind,
    /// The sources, variables expanded. A URL or Git source of `ADD` may stay: it takes nothing from the context.
    pub sources: Vec<SourcePath>,
    /// Values of `--exclude`. If one is not fully known, none is applied.
    pub excludes: Vec<SourcePath>,
    /// Whether `--parents` is set: sources are patterns as in an ignore file, from the pivot `/./` on if there is
    /// one.
    pub parents: bool,
    /// The instruction in the Dockerfile.
    pub span: Span,
    /// Its line, from 1.
    pub line: u32,
}

/// What takes files from the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyKind {
    /// `COPY`
    Copy,
    /// `ADD`
    Add,
    /// `RUN --mount=type=bind` without `from`; its one source is a path without wildcards.
    BindMount,
}

/// A path in a Dockerfile after variable expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourcePath {
    /// All of it is known.
    Known(String),
    /// It is one of these: a variable stands for a platform, of which there are only so many. As a source it stands for
    /// all that are there.
    OneOf(Vec<String>),
    /// Only the beginning is: a variable has no value that seaworthy can see. As a source it stands for everything
    /// that starts so.
    Prefix(String),
}

/// A source that names nothing in the context; a builder would stop there, unless the source has a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Index of the [`CopySource`].
    pub copy: usize,
    /// Index in its `sources`.
    pub source: usize,
}

/// The answer of [`reach`]. Its size depends on how scattered the files are, not on how many.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    copies: Vec<Vec<Range<usize>>>,
    /// Sources that name nothing.
    pub unmatched: Vec<Unmatched>,
    /// Patterns that a builder refuses, with the index of their [`CopySource`]. The build fails there; a refused
    /// `--exclude` was not applied, and a refused `--parents` source counts as everything.
    pub refused: Vec<(usize, String)>,
}

impl Reach {
    /// The indexes of the [`CopySource`]s that take the entry at `file` in [`Context::files`].
    pub fn copies_of(&self, file: usize) -> impl Iterator<Item = usize> {
        let holds = move |ranges: &Vec<Range<usize>>| {
            let next = ranges.partition_point(|range| range.end <= file);
            ranges.get(next).is_some_and(|range| range.start <= file)
        };
        self.copies.iter().enumerate().filter(move |(_, ranges)| holds(ranges)).map(|(copy, _)| copy)
    }

    /// Whether any [`CopySource`] takes the entry at `file`.
    pub fn is_reachable(&self, file: usize) -> bool {
        self.copies_of(file).next().is_some()
    }

    /// The entries that one [`CopySource`] takes, in order.
    pub fn files_of(&self, copy: usize) -> impl Iterator<Item = usize> {
        self.copies.get(copy).into_iter().flatten().flat_map(Clone::clone)
    }
}

/// Says which entries each source takes. Follows BuildKit:
/// - a path is cleaned and held inside the root; wildcards are Go's `filepath.Match`;
/// - a directory brings all that is in it, links inside it as links;
/// - a link that is itself the source, or on the way to it, is followed inside the root, and both link and target
///   are taken;
/// - `--exclude` is relative to the copied directory and spares a file that is itself a source
///   (moby/buildkit issue 5489, open);
/// - what the ignore file excludes is not there.
///
/// The entries taken may include directories; one that is only a parent of a taken file is not.
pub fn reach(context: &Context, copies: &[CopySource]) -> Reach {
    let mut answer = Reach::default();
    for (index, copy) in copies.iter().enumerate() {
        let mut taker = Taker { context, copy, exclude: None, ranges: Vec::new(), seen: HashSet::new() };
        if let Err(error) = taker.read_excludes() {
            answer.refused.push((index, error.to_string()));
        }
        for (source, path) in copy.sources.iter().enumerate() {
            match taker.source(path) {
                Ok(true) => {}
                Ok(false) => answer.unmatched.push(Unmatched { copy: index, source }),
                Err(error) => answer.refused.push((index, error.to_string())),
            }
        }
        answer.copies.push(merge(taker.ranges));
    }
    answer
}

/// Collects what one instruction takes.
struct Taker<'c> {
    context: &'c Context,
    copy: &'c CopySource,
    exclude: Option<IgnoreRules>,
    ranges: Vec<Range<usize>>,
    /// What was taken whole or filtered already: many links may lead to one directory.
    seen: HashSet<Node>,
}

impl Taker<'_> {
    fn read_excludes(&mut self) -> Result<(), IgnoreError> {
        let known = |path: &SourcePath| match path {
            SourcePath::Known(text) => Some(text.clone()),
            SourcePath::OneOf(_) | SourcePath::Prefix(_) => None,
        };
        let patterns: Option<Vec<String>> = self.copy.excludes.iter().map(known).collect();
        if let Some(patterns) = patterns.filter(|patterns| !patterns.is_empty()) {
            self.exclude = Some(IgnoreRules::from_patterns(&patterns, "--exclude", Builder::BuildKit)?);
        }
        Ok(())
    }

    /// Takes one source; says whether there was anything.
    fn source(&mut self, path: &SourcePath) -> Result<bool, IgnoreError> {
        let before = self.ranges.len();
        match path {
            SourcePath::Known(text) if self.copy.kind == CopyKind::Add && is_remote(text) => return Ok(true),
            SourcePath::Known(text) if self.copy.kind == CopyKind::BindMount => {
                match self.context.resolve(&context_path(text.as_bytes())) {
                    Some(node) => self.whole(node),
                    None => return Ok(false),
                }
                return Ok(true);
            }
            SourcePath::Known(text) if self.copy.parents => return self.parents(text),
            SourcePath::Known(text) => {
                let hits = self.context.expand(text.as_bytes());
                for hit in &hits {
                    self.ranges.extend(hit.link.map(|link| link..link + 1));
                    self.node(hit.node);
                }
                return Ok(!hits.is_empty());
            }
            SourcePath::OneOf(texts) => {
                let mut any = false;
                for text in texts {
                    any |= self.source(&SourcePath::Known(text.clone()))?;
                }
                return Ok(any);
            }
            SourcePath::Prefix(text) => self.prefix(text),
        }
        Ok(self.ranges.len() > before)
    }

    /// Takes an entry and all below it.
    fn whole(&mut self, node: Node) {
        self.ranges.push(match node {
            Node::Root => 0..self.context.files.len(),
            Node::Entry(index) => index..self.context.end_of(index),
        });
    }

    /// Takes a file, or a directory less what is excluded.
    fn node(&mut self, node: Node) {
        if !self.seen.insert(node) {
            return;
        }
        match &self.exclude {
            Some(exclude) if self.context.is_dir(node) => {
                let ranges = &mut self.ranges;
                self.context.select(node, None, Some(exclude), |index| push(ranges, index));
            }
            _ => self.whole(node),
        }
    }

    /// `--parents`: what is before the pivot is a source, what is after it a pattern.
    fn parents(&mut self, text: &str) -> Result<bool, IgnoreError> {
        let (base, pattern) = text.split_once("/./").unwrap_or(("/", text));
        let pattern = context_path(pattern.as_bytes());
        let hits = self.context.expand(base.as_bytes());
        // The pivot's directory itself: everything below it.
        let include = match &pattern[..] {
            b"" => None,
            pattern => match IgnoreRules::from_patterns(&[pattern], "COPY --parents", Builder::BuildKit) {
                Ok(rules) => Some(rules),
                Err(error) => {
                    hits.iter().for_each(|hit| self.whole(hit.node));
                    return Err(error);
                }
            },
        };
        let before = self.ranges.len();
        for hit in hits {
            if self.context.is_dir(hit.node) {
                let ranges = &mut self.ranges;
                let exclude = self.exclude.as_ref();
                self.context.select(hit.node, include.as_ref(), exclude, |index| push(ranges, index));
            } else {
                self.whole(hit.node);
            }
        }
        Ok(self.ranges.len() > before)
    }

    /// Everything whose path starts with the known part, and everything that a link among it leads to.
    fn prefix(&mut self, text: &str) {
        let wild = text.bytes().position(|b| b"*?[\\".contains(&b)).unwrap_or(text.len());
        let (dir, name) = text
            .get(..wild)
            .unwrap_or_default()
            .rsplit_once('/')
            .unwrap_or(("", text.get(..wild).unwrap_or_default()));
        // `..` may go on as `../` or as `..x`: only the directory above holds both.
        let (dir, name) = match name {
            "." => (dir.to_owned(), ""),
            ".." => (format!("{dir}/.."), ""),
            name => (dir.to_owned(), name),
        };
        let Some(base) = self.context.resolve(&context_path(dir.as_bytes())) else { return };
        let skip = match self.context.node_path(base).len() {
            0 => 0,
            len => len + 1,
        };
        let starts = |index: usize| {
            let below = self.context.files[index].bytes().get(skip..).unwrap_or_default();
            below.starts_with(name.as_bytes())
        };
        let mut todo: Vec<usize> = self.context.content(base).rev().filter(|index| starts(*index)).collect();
        let mut taken: HashSet<usize> = todo.iter().copied().collect();
        while let Some(index) = todo.pop() {
            push(&mut self.ranges, index);
            if !matches!(self.context.files[index].kind, FileKind::Symlink(_)) {
                continue;
            }
            let Some(node) = self.context.resolve(self.context.files[index].bytes()) else { continue };
            if !self.seen.insert(node) {
                continue;
            }
            let entry = match node {
                Node::Root => None,
                Node::Entry(index) => Some(index),
            };
            todo.extend(entry.into_iter().chain(self.context.content(node)).filter(|i| taken.insert(*i)));
        }
    }
}

/// Whether BuildKit fetches the source of an `ADD` from elsewhere: a URL, or Git's `user@host:path`.
fn is_remote(source: &str) -> bool {
    if let Some((scheme, _)) = source.split_once("://") {
        return ["http", "https", "git", "ssh"].contains(&scheme.to_ascii_lowercase().as_str());
    }
    let host = source.split_once(':').map_or("", |(host, _)| host);
    host.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !go_path::has_wildcard(host.as_bytes()) && !host.contains('/')
    })
}

fn push(ranges: &mut Vec<Range<usize>>, index: usize) {
    match ranges.last_mut() {
        Some(last) if last.end == index => last.end += 1,
        _ => ranges.push(index..index + 1),
    }
}

/// Sorts ranges and joins those that touch.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}
