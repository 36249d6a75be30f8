//! The rules of one ignore file, read as one builder reads them.

use std::path::{Path, PathBuf};

use super::entry::strip_dir;
use super::error::IgnoreError;
use super::ignore_file::{self, IgnoreLine, ignore_lines};
use super::pattern::Pattern;
use super::scope::Scope;
use super::shape::Dialect;

/// The program that builds the image. They agree on most ignore files; the module's table says where not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Builder {
    /// `docker build` since 23.0, `docker buildx`, `buildctl`.
    #[default]
    BuildKit,
    /// `docker build` with `DOCKER_BUILDKIT=0`.
    Classic,
    /// `buildah`, `podman build`.
    Buildah,
}

impl Builder {
    fn dialect(self) -> Dialect {
        match self {
            Self::BuildKit | Self::Classic => Dialect::Moby,
            Self::Buildah => Dialect::Storage,
        }
    }
}

/// What makes a pattern more than a path.
const WILDCARDS: &[u8] = b"*[]?^\\";

/// A line of an ignore file that begins with `!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgnoreException<'r> {
    /// The cleaned pattern without its `!`.
    pub text: &'r [u8],
    /// Its line, from 1.
    pub line: u32,
}

impl<'r> From<&'r Pattern> for IgnoreException<'r> {
    fn from(pattern: &'r Pattern) -> Self {
        Self { text: &pattern.text, line: pattern.line }
    }
}

/// The patterns of one ignore file, ready to be asked.
#[derive(Clone, Debug)]
pub struct IgnoreRules {
    file: Option<PathBuf>,
    builder: Builder,
    patterns: Vec<Pattern>,
    exceptions: bool,
    plain_exceptions: bool,
}

impl IgnoreRules {
    /// No ignore file: nothing is excluded.
    pub fn none(builder: Builder) -> Self {
        Self::new(Vec::new(), builder)
    }

    /// Reads the text of an ignore file; `file` is its name in errors.
    ///
    /// # Errors
    /// [`IgnoreError::Pattern`] or [`IgnoreError::LineTooLong`], with the line. A builder notices some broken
    /// patterns only when it tries them, and so never if no path comes to them; here they are refused at once.
    pub fn parse(text: &[u8], file: &str, builder: Builder) -> Result<Self, IgnoreError> {
        Self::compile(ignore_lines(text, file, builder)?, file, builder)
    }

    /// Takes patterns that come from elsewhere, such as `COPY --exclude`: no comments, no leading `/` dropped.
    ///
    /// # Errors
    /// [`IgnoreError::Pattern`]; its line is the pattern's number, from 1.
    pub fn from_patterns<P: AsRef<[u8]>>(
        patterns: &[P],
        name: &str,
        builder: Builder,
    ) -> Result<Self, IgnoreError> {
        let line = |(index, pattern): (usize, &P)| IgnoreLine {
            pattern: pattern.as_ref().to_vec(),
            number: u32::try_from(index + 1).unwrap_or(u32::MAX),
        };
        Self::compile(patterns.iter().enumerate().map(line).collect(), name, builder)
    }

    /// Finds and reads the ignore file of a context. `dockerfile` is the Dockerfile's path as the process can open
    /// it; without one no `<Dockerfile>.dockerignore` is looked for. No file at all gives [`IgnoreRules::none`].
    ///
    /// # Errors
    /// [`IgnoreError`] when a file is there and cannot be used.
    pub fn load(root: &Path, dockerfile: Option<&Path>, builder: Builder) -> Result<Self, IgnoreError> {
        let Some((path, text)) = ignore_file::find(root, dockerfile, builder)? else {
            return Ok(Self::none(builder));
        };
        let mut rules = Self::parse(&text, &path.to_string_lossy(), builder)?;
        rules.file = Some(path);
        Ok(rules)
    }

    fn compile(lines: Vec<IgnoreLine>, file: &str, builder: Builder) -> Result<Self, IgnoreError> {
        let mut patterns = Vec::with_capacity(lines.len());
        for line in lines {
            let pattern = Pattern::new(&line.pattern, builder.dialect())
                .map_err(|fault| IgnoreError::Pattern { file: file.to_owned(), line: line.number, fault })?;
            patterns.extend(pattern.map(|mut pattern| {
                pattern.line = line.number;
                pattern
            }));
        }
        Ok(Self::new(patterns, builder))
    }

    fn new(patterns: Vec<Pattern>, builder: Builder) -> Self {
        let wild = |p: &Pattern| without_trailing_glob(&p.text).iter().any(|b| WILDCARDS.contains(b));
        let exceptions = patterns.iter().any(|p| p.exception);
        let plain_exceptions = !patterns.iter().any(|p| p.exception && wild(p));
        Self { file: None, builder, patterns, exceptions, plain_exceptions }
    }

    /// The file that [`IgnoreRules::load`] read.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whose reading this is.
    pub fn builder(&self) -> Builder {
        self.builder
    }

    /// Whether there is no pattern at all, as in an empty file.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether the builder leaves out the file or directory at `path` (relative, `/`-separated, clean), judged as
    /// its walk would when it comes there: a match on a parent counts. The walk itself may leave out more, because
    /// it enters no directory in which it expects no exception; [`Context::walk`](super::Context::walk) does as it
    /// does.
    pub fn excluded(&self, path: &[u8]) -> bool {
        self.scope_of(path).excludes(path)
    }

    /// Whether BuildKit refuses to open the file even if its walk lists it: here each pattern is tried on the path
    /// and on every parent, whatever the walk remembered. Differs from [`IgnoreRules::excluded`] only with
    /// exceptions.
    pub fn refuses_content(&self, path: &[u8]) -> bool {
        self.scope_of(path).refuses_content(path)
    }

    /// The number of exceptions.
    pub fn exception_count(&self) -> usize {
        self.patterns.iter().filter(|p| p.exception).count()
    }

    /// Exceptions that make a narrower one without effect: `!docs` brings back all that lies in `docs`, so that
    /// `!docs/ok/**` says nothing more unless a pattern between the two excludes something again. The wider one comes
    /// first in each pair; each wider one is named once, with the first narrower one.
    pub fn overshadowed_exceptions(&self) -> Vec<(IgnoreException<'_>, IgnoreException<'_>)> {
        let is_plain = |p: &&Pattern| p.exception && !p.text.iter().any(|b| WILDCARDS.contains(b));
        let mut pairs = Vec::new();
        for (at, wide) in self.patterns.iter().enumerate().filter(|(_, p)| is_plain(p)) {
            let is_excluded = self.patterns[..at].iter().any(|p| !p.exception);
            let narrow = self.patterns.iter().enumerate().find(|(other, p)| {
                let inner = strip_dir(without_trailing_glob(&p.text), &wide.text);
                let between = self.patterns.get(at..*other).unwrap_or_default();
                p.exception && inner.is_some() && between.iter().all(|p| p.exception)
            });
            if let (true, Some((_, narrow))) = (is_excluded, narrow) {
                pairs.push((wide.into(), narrow.into()));
            }
        }
        pairs
    }

    /// The exception without which the builder would leave out `path`; nothing if there is none, or several do.
    pub fn brought_back_by(&self, path: &[u8]) -> Option<IgnoreException<'_>> {
        if self.excluded(path) {
            return None;
        }
        let decides = |at: &usize| {
            let mut rest = self.patterns.clone();
            rest.remove(*at);
            Self::new(rest, self.builder).excluded(path)
        };
        let ends = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at).chain([path.len()]);
        let above: Vec<&[u8]> = ends.map(|end| &path[..end]).collect();
        // Only an exception that matches the path, or a directory above it, can be the one.
        let matches = |p: &Pattern| p.exception && above.iter().any(|part| p.matches(part));
        let candidates = self.patterns.iter().enumerate().filter(|(_, p)| matches(p)).map(|(at, _)| at);
        candidates.into_iter().find(decides).map(|at| (&self.patterns[at]).into())
    }

    /// The rules inside the path's parent.
    fn scope_of(&self, path: &[u8]) -> Scope<'_> {
        let parents = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| &path[..at]);
        parents.fold(Scope::root(self), |scope, parent| scope.enter(parent))
    }

    pub(super) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    pub(super) fn has_exceptions(&self) -> bool {
        self.exceptions
    }

    /// Whether an excluded directory need not be entered. For the classic builder and buildah, and for BuildKit
    /// when no exception holds a wildcard, this is the builder's own shortcut and decides what is left out. Where
    /// BuildKit would enter, a directory is passed over only if no exception can match below it, which changes
    /// nothing: the pattern that excluded the directory also excludes all that is in it.
    pub(super) fn passes_over(&self, dir: &[u8]) -> bool {
        let mut exceptions = self.patterns.iter().filter(|p| p.exception);
        let below = |text: &[u8]| text == dir || strip_dir(text, dir).is_some();
        match self.builder {
            Builder::BuildKit if self.plain_exceptions => {
                !exceptions.any(|p| below(without_trailing_glob(&p.text)))
            }
            Builder::BuildKit => !exceptions.any(|p| p.reaches_below(dir)),
            Builder::Classic => !exceptions.any(|p| below(&p.text)),
            // A prefix of the text, not of the path: `src` is entered for an exception `src2/x`.
            Builder::Buildah => !exceptions.any(|p| p.text.starts_with(dir)),
        }
    }
}

/// A pattern without a last component `**` and, after that, a last component `*`.
fn without_trailing_glob(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"/**").unwrap_or(text);
    text.strip_suffix(b"/*").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(u32, u32)> {
        let rules = IgnoreRules::parse(text.as_bytes(), ".dockerignore", Builder::BuildKit);
        let rules = rules.unwrap_or_else(|_| IgnoreRules::none(Builder::BuildKit));
        rules.overshadowed_exceptions().iter().map(|(wide, narrow)| (wide.line, narrow.line)).collect()
    }

    #[test]
    fn a_wide_exception_leaves_a_narrow_one_nothing_to_say() {
        assert_eq!(pairs("**\n!docs\n!docs/ok\n!docs/ok/**\n"), [(2, 3)]);
        assert_eq!(pairs("**\n!docs/ok/**\n!docs\n"), [(3, 2)]);
        assert_eq!(pairs("**\n!docs\ndocs/*\n!docs/ok\n"), []);
        assert_eq!(pairs("**\n!docs\n!docs/**\n"), []);
        assert_eq!(pairs("**\n!doc\n!docs/ok\n"), []);
        assert_eq!(pairs("!docs\n!docs/ok\n"), []);
        assert_eq!(pairs("*\n!src\n!README.md\n"), []);
    }

    #[test]
    fn the_exception_that_brings_a_file_back_is_known() {
        let rules = IgnoreRules::parse(b"**\n!conf\n!src\n", ".dockerignore", Builder::BuildKit);
        let Ok(rules) = rules else { return };
        assert_eq!(rules.brought_back_by(b"conf/.env").map(|e| e.line), Some(2));
        assert_eq!(rules.brought_back_by(b"other/.env"), None);
    }
}
