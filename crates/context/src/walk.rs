//! The walk: what lies in the context, and what of it the ignore rules let through.

use std::collections::VecDeque;
use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::entry::{boxed_path, path_order, strip_dir};
use super::scope::{Memory, Scope};
use super::{Builder, ContextError, ContextFile, FileKind, IgnoreRules, Sent, SpecialKind, Unread};

/// A build context as one builder sees it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The directory, as given.
    pub root: PathBuf,
    /// Whose view this is.
    pub builder: Builder,
    /// The ignore file that was read, if any.
    pub ignore_file: Option<PathBuf>,
    /// All that is not ignored, each directory followed by its content, names in byte order. An excluded directory
    /// that holds a re-included file is listed, as it is in the image.
    pub files: Vec<ContextFile>,
    /// What could not be examined, in path order. An excluded directory appears here too if it was entered in
    /// search of exceptions.
    pub unread: Vec<Unread>,
    /// Excluded directories that were not entered, in path order: nothing below them is counted.
    pub passed_over: Vec<Box<Path>>,
    /// Excluded entries, directories aside, that the walk met.
    pub excluded_files: u64,
}

impl Context {
    /// Lists the directory with up to `threads` threads; the answer does not depend on their number. Links are not
    /// followed, but `root` itself may be one. A file is not opened, so one without read permission is listed.
    ///
    /// # Errors
    /// [`ContextError`] when the root is not a readable directory.
    pub fn walk(root: &Path, rules: &IgnoreRules, threads: NonZeroUsize) -> Result<Self, ContextError> {
        let meta =
            fs::metadata(root).map_err(|source| ContextError::Root { root: root.to_owned(), source })?;
        if !meta.is_dir() {
            return Err(ContextError::NotADirectory { root: root.to_owned() });
        }
        fs::read_dir(root).map_err(|source| ContextError::Root { root: root.to_owned(), source })?;
        let queue = Queue::new(Job { dir: Vec::new(), memory: Memory::new(rules) });
        let walker = Walker { root, rules };
        let mut found = Found::default();
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(|| walker.work(&queue))).collect();
            found = walker.work(&queue);
            for other in others {
                match other.join() {
                    Ok(more) => found.append(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        walker.finish(found)
    }
}

/// A directory to read, relative to the root.
struct Job {
    dir: Vec<u8>,
    memory: Memory,
}

/// Directories that wait for a thread, and how many are not done.
struct Queue {
    state: Mutex<(VecDeque<Job>, usize)>,
    changed: Condvar,
}

impl Queue {
    fn new(first: Job) -> Self {
        Self { state: Mutex::new((VecDeque::from([first]), 1)), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, (VecDeque<Job>, usize)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next directory; nothing once all are done. The newest comes first, which keeps the queue short.
    fn take(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.0.pop_back() {
                return Some(job);
            }
            if state.1 == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Tells the queue that a job is done, with the directories found in it, also when the thread unwinds: the others
/// must not wait for ever.
struct Done<'q> {
    queue: &'q Queue,
    children: Vec<Job>,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.1 += self.children.len();
        state.1 -= 1;
        state.0.extend(self.children.drain(..));
        self.queue.changed.notify_all();
    }
}

/// What one thread found.
#[derive(Default)]
struct Found {
    files: Vec<ContextFile>,
    /// Excluded directories that were entered; they stay only if something below them is sent.
    entered: Vec<Box<Path>>,
    unread: Vec<Unread>,
    passed_over: Vec<Box<Path>>,
    excluded_files: u64,
}

impl Found {
    fn append(&mut self, mut other: Self) {
        self.files.append(&mut other.files);
        self.entered.append(&mut other.entered);
        self.unread.append(&mut other.unread);
        self.passed_over.append(&mut other.passed_over);
        self.excluded_files += other.excluded_files;
    }

    fn unread(&mut self, path: &[u8], error: &io::Error) {
        self.unread.push(Unread { path: boxed_path(path), reason: error.to_string() });
    }
}

struct Walker<'w> {
    root: &'w Path,
    rules: &'w IgnoreRules,
}

impl Walker<'_> {
    fn work(&self, queue: &Queue) -> Found {
        let mut found = Found::default();
        while let Some(job) = queue.take() {
            let mut done = Done { queue, children: Vec::new() };
            self.read(job, &mut done.children, &mut found);
        }
        found
    }

    fn read(&self, job: Job, children: &mut Vec<Job>, found: &mut Found) {
        let entries = match fs::read_dir(self.root.join(boxed_path(&job.dir))) {
            Ok(entries) => entries,
            Err(error) => return found.unread(&job.dir, &error),
        };
        let scope = Scope::new(self.rules, &job.dir, job.memory);
        let mut path = job.dir;
        let dir_len = path.len();
        for entry in entries {
            path.truncate(dir_len);
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    found.unread(&path, &error);
                    continue;
                }
            };
            if dir_len > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(entry.file_name().as_bytes());
            self.meet(&entry, &path, &scope, children, found);
        }
    }

    fn meet(
        &self,
        entry: &DirEntry,
        path: &[u8],
        scope: &Scope<'_>,
        children: &mut Vec<Job>,
        found: &mut Found,
    ) {
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return found.unread(path, &error),
        };
        let excluded = scope.excludes(path);
        if kind.is_dir() && excluded && self.rules.passes_over(path) {
            return found.passed_over.push(boxed_path(path));
        }
        if kind.is_dir() {
            children.push(Job { dir: path.to_vec(), memory: scope.remember(path) });
        }
        match (excluded, kind.is_dir()) {
            (true, true) => found.entered.push(boxed_path(path)),
            (true, false) => found.excluded_files += 1,
            (false, _) => match entry.metadata().and_then(|meta| self.describe(path, kind, &meta)) {
                Ok(mut file) => {
                    file.sent = self.sent(scope, path, kind);
                    found.files.push(file);
                }
                Err(error) => found.unread(path, &error),
            },
        }
    }

    fn sent(&self, scope: &Scope<'_>, path: &[u8], kind: FileType) -> Sent {
        match self.rules.builder() {
            // Only a file's content is opened; a link or a directory is complete with its name.
            Builder::BuildKit if kind.is_file() && scope.refuses_content(path) => Sent::NameOnly,
            Builder::Classic if !kind.is_dir() && scope.refuses_content(path) => Sent::VersionDependent,
            _ => Sent::Content,
        }
    }

    fn describe(&self, path: &[u8], kind: FileType, meta: &Metadata) -> io::Result<ContextFile> {
        let path = boxed_path(path);
        let kind = if kind.is_file() {
            FileKind::File
        } else if kind.is_dir() {
            FileKind::Directory
        } else if kind.is_symlink() {
            FileKind::Symlink(fs::read_link(self.root.join(&path))?.into())
        } else if kind.is_socket() {
            FileKind::Special(SpecialKind::Socket)
        } else if kind.is_fifo() {
            FileKind::Special(SpecialKind::Fifo)
        } else if kind.is_block_device() || kind.is_char_device() {
            FileKind::Special(SpecialKind::Device)
        } else {
            FileKind::Special(SpecialKind::Unknown)
        };
        let has_size = matches!(kind, FileKind::File | FileKind::Symlink(_));
        let size = if has_size { meta.len() } else { 0 };
        Ok(ContextFile { path, kind, size, mode: meta.mode(), sent: Sent::Content })
    }

    /// Puts what the threads found in order and adds the excluded parents of re-included files.
    fn finish(&self, mut found: Found) -> Result<Context, ContextError> {
        let order = |a: &Path, b: &Path| path_order(a.as_os_str().as_bytes(), b.as_os_str().as_bytes());
        found.files.sort_unstable_by(|a, b| order(&a.path, &b.path));
        let mut parents = Vec::new();
        for dir in std::mem::take(&mut found.entered) {
            let bytes = dir.as_os_str().as_bytes();
            let next = found.files.partition_point(|f| path_order(f.bytes(), bytes).is_lt());
            if found.files.get(next).is_some_and(|f| strip_dir(f.bytes(), bytes).is_some()) {
                match fs::symlink_metadata(self.root.join(&dir))
                    .and_then(|meta| self.describe(bytes, meta.file_type(), &meta))
                {
                    Ok(file) => parents.push(file),
                    Err(error) => found.unread(bytes, &error),
                }
            }
        }
        if !parents.is_empty() {
            found.files.append(&mut parents);
            found.files.sort_by(|a, b| order(&a.path, &b.path));
        }
        found.unread.sort_unstable_by(|a, b| order(&a.path, &b.path).then_with(|| a.reason.cmp(&b.reason)));
        found.passed_over.sort_unstable_by(|a, b| order(a, b));
        if u32::try_from(found.files.len()).is_err() {
            return Err(ContextError::TooManyEntries { root: self.root.to_owned(), limit: u32::MAX });
        }
        Ok(Context {
            root: self.root.to_owned(),
            builder: self.rules.builder(),
            ignore_file: self.rules.file().map(Path::to_owned),
            files: found.files,
            unread: found.unread,
            passed_over: found.passed_over,
            excluded_files: found.excluded_files,
        })
    }
}
