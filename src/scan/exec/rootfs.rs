//! The final filesystem of an image in a directory of its own: mode 0700, in memory where it fits, and removed on every
//! exit: a process of its own waits for this one to end, however it ends, and removes what is left.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::observe::ExaminedImage;
use seaworthy_image::layer::{ContentKind, EntryKind, LayerStream, Overlap};
use seaworthy_image::{Limits, Source, Tree};

/// Most bytes that are written.
const MAX_BYTES: u64 = 16 << 30;

/// Most files that are held open while a layer is read.
const MAX_PATHS: usize = 2_000_000;

/// A directory with an image's filesystem. It is removed when this is dropped.
pub(super) struct RootFilesystem {
    directory: tempfile::TempDir,
    watcher: Option<Child>,
}

impl RootFilesystem {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes the final filesystem of an image.
    pub(super) fn write(image: &ExaminedImage, source: &dyn Source, limits: &Limits) -> Result<Self, String> {
        let mut listings = Vec::new();
        for view in &image.layers {
            let known = view.facts.as_ref().filter(|f| f.summary.whole);
            let listing = known.and_then(|f| f.summary.listing.as_deref());
            listings.push(listing.ok_or_else(|| format!("layer {} could not be read", view.layer.index))?);
        }
        let tree = Tree::new(listings.iter().copied());
        let paths = paths(&tree)?;
        let total: u64 = paths.iter().filter_map(|p| tree.resolve(p).ok()?.1.map(|n| n.size)).sum();
        if total > MAX_BYTES {
            return Err(format!("its files have {total} bytes, more than {MAX_BYTES}"));
        }
        let directory = tempfile::Builder::new()
            .prefix("seaworthy-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(place(total))
            .map_err(|e| format!("a directory for its files cannot be made: {e}"))?;
        let watcher = watch(directory.path())?;
        let root = Self { directory, watcher: Some(watcher) };
        // Of each layer's entry, the paths at which its content is in the end.
        let mut contents: HashMap<(usize, u64), Vec<PathBuf>> = HashMap::new();
        let mut modes: Vec<(PathBuf, u32)> = Vec::new();
        for path in &paths {
            let at = root.path().join(std::ffi::OsStr::from_bytes(path));
            match tree.resolve(path) {
                Ok((real, Some(node))) if real == *path => match node.kind {
                    EntryKind::File => {
                        File::create(&at).map_err(|e| failed(&at, &e))?;
                        modes.push((at.clone(), node.mode));
                        contents.entry((node.layer, node.ordinal)).or_default().push(at);
                    }
                    // Devices and FIFOs are of no use in a sandbox.
                    EntryKind::Special => {}
                    _ => std::fs::create_dir_all(&at).map_err(|e| failed(&at, &e))?,
                },
                Ok((real, None)) if real == *path => {
                    std::fs::create_dir_all(&at).map_err(|e| failed(&at, &e))?;
                }
                // Its last part is a link.
                _ => {
                    if let Some(target) = tree.link(path) {
                        symlink(std::ffi::OsStr::from_bytes(target), &at).map_err(|e| failed(&at, &e))?;
                    }
                }
            }
        }
        for (index, view) in image.layers.iter().enumerate() {
            let reader = source.open(&view.layer.blob).map_err(|e| e.to_string())?;
            let mut stream = LayerStream::new(reader, None, Overlap { behind: 0, ahead: 0 }, limits);
            let mut buffer = Vec::new();
            while let Some(chunk) = stream.next(std::mem::take(&mut buffer)) {
                for part in chunk.parts.iter().filter(|p| p.file.kind == ContentKind::File) {
                    let bytes = chunk.bytes().get(part.core.clone()).unwrap_or_default();
                    let offset = part.offset + (part.core.start - part.bytes.start) as u64;
                    for at in contents.get(&(index, part.file.ordinal)).into_iter().flatten() {
                        let mut file = File::options().write(true).open(at).map_err(|e| failed(at, &e))?;
                        file.seek(SeekFrom::Start(offset)).map_err(|e| failed(at, &e))?;
                        file.write_all(bytes).map_err(|e| failed(at, &e))?;
                    }
                }
                buffer = chunk.into_buffer();
            }
        }
        for (at, mode) in modes {
            // Anyone who runs seaworthy must be able to remove it; what the image's user may do is kept.
            std::fs::set_permissions(&at, Permissions::from_mode(mode & 0o777 | 0o600))
                .map_err(|e| failed(&at, &e))?;
        }
        // What the sandbox mounts: images without these directories, such as one of a single program, have no place for
        // it.
        for name in ["proc", "dev", "tmp"] {
            let at = root.path().join(name);
            if std::fs::symlink_metadata(&at).is_err() {
                std::fs::create_dir(&at).map_err(|e| failed(&at, &e))?;
            }
        }
        Ok(root)
    }
}

impl Drop for RootFilesystem {
    fn drop(&mut self) {
        // The watcher removes the directory at the end of its input, too; what is gone by then it finds gone.
        if let Some(mut watcher) = self.watcher.take() {
            drop(watcher.stdin.take());
            let _ = watcher.wait();
        }
    }
}

fn failed(at: &Path, error: &std::io::Error) -> String {
    // The path is one of the image's, and may be anything.
    let name = at.file_name().map(|n| seaworthy_source::escape_bytes(n.as_bytes())).unwrap_or_default();
    format!("its file {name} cannot be written: {error}")
}

/// All paths of a tree, directories before what is in them. Links are not followed.
fn paths(tree: &Tree) -> Result<Vec<Vec<u8>>, String> {
    let mut all = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(directory) = open.pop() {
        for name in tree.names(&directory) {
            let path = if directory.is_empty() { name } else { [directory.as_slice(), &name].join(&b'/') };
            let is_directory = match tree.resolve(&path) {
                Ok((real, node)) if real == path => node.is_none_or(|n| n.kind == EntryKind::Directory),
                _ => false,
            };
            if all.len() >= MAX_PATHS {
                return Err(format!("it has more than {MAX_PATHS} files"));
            }
            all.push(path.clone());
            if is_directory {
                open.push(path);
            }
        }
    }
    Ok(all)
}

/// Where the directory is made: in memory if there is room for twice as much, else where temporary files are.
fn place(bytes: u64) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let available = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = available
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))
        .and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0);
    // Programs must be allowed to run there.
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let runs = mounts.lines().map(|l| l.split(' ').collect::<Vec<_>>()).any(|l| {
        l.get(1) == Some(&"/dev/shm") && !l.get(3).is_some_and(|o| o.split(',').any(|o| o == "noexec"))
    });
    if runs && kilobytes.saturating_mul(1024) / 2 > bytes && memory.is_dir() {
        return memory.to_owned();
    }
    std::env::temp_dir()
}

/// Starts the process that removes the directory once this one has ended. It is of a group of its own, so that a signal
/// to this one does not reach it.
fn watch(directory: &Path) -> Result<Child, String> {
    Command::new("/bin/sh")
        .args(["-c", "cat >/dev/null; chmod -R u+rwx -- \"$0\" 2>/dev/null; rm -rf -- \"$0\""])
        .arg(directory)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("the process that removes its files again cannot be started: {e}"))
}
