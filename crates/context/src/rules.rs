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
            patterns.extend(pattern);
        }
        Ok(Self::new(patterns, builder))
    }

    fn new(patterns: Vec<Pattern>, builder: Builder) -> Self {
        let wild = |p: &Pattern| without_trailing_glob(&p.text).iter().any(|b| b"*[]?^\\".contains(b));
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
