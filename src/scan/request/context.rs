//! What `context` examines.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use seaworthy_context::Builder;

use super::refused;
use crate::contract::Contract;
use crate::scan::{ContextRequest, DockerfileSource, PackagedBuild, ScanError};
use seaworthy_source::escape_bytes;
use seaworthy_source::input::{self, InputError};
use seaworthy_source::yaml;

/// The largest Dockerfile that is read, in bytes.
const MAX_DOCKERFILE: u64 = 1 << 20;
/// Dockerfiles elsewhere that a message names.
const MAX_NEARBY: usize = 5;
/// Entries that are looked at for them.
const MAX_ENTRIES: usize = 20_000;

/// A build context and its Dockerfile, as they were given.
#[derive(Clone, Debug, Default)]
pub struct ContextOptions {
    /// The directory; the contract's `image.context` without, else the current one.
    pub directory: Option<PathBuf>,
    /// The Dockerfile; the contract's `image.dockerfile` without, else the context's.
    pub dockerfile: Option<DockerfileInput>,
    /// The stage to build, if it is not the last.
    pub target: Option<String>,
    /// Who builds.
    pub builder: Builder,
    /// Whether a missing Dockerfile is no error: a listing of what is sent does without.
    pub may_lack_dockerfile: bool,
}

impl ContextOptions {
    /// Checks that the context is one that can be examined: a directory of this machine.
    ///
    /// # Errors
    /// If it is remote, a file, or standard input.
    pub fn is_local(&self) -> Result<(), ScanError> {
        self.directory.as_deref().map_or(Ok(()), refuse_remote)
    }
}

/// A Dockerfile as it was given.
#[derive(Clone, Debug)]
pub enum DockerfileInput {
    /// By its path.
    Path(PathBuf),
    /// By its content, such as that of standard input.
    Source(DockerfileSource),
}

impl ContextRequest {
    /// What is to be examined: what was given, else what the contract says.
    ///
    /// # Errors
    /// If there is no such directory or Dockerfile, or what is there cannot be examined.
    pub fn open(options: &ContextOptions, contract: &Contract) -> Result<Self, ScanError> {
        options.is_local()?;
        let root = options.directory.clone().or_else(|| contract.image.context.clone());
        let root = root.unwrap_or_else(|| PathBuf::from("."));
        let named = options.dockerfile.clone();
        let named = named.or_else(|| contract.image.dockerfile.clone().map(DockerfileInput::Path));
        let dockerfile = match named {
            Some(DockerfileInput::Source(source)) => Some(source),
            Some(DockerfileInput::Path(path)) => Some(DockerfileSource::open(&path)?),
            None => match find(&root, options.builder) {
                Some(path) => Some(DockerfileSource::open(&path)?),
                None if options.may_lack_dockerfile => None,
                None => return Err(missing(&root)),
            },
        };
        Ok(Self {
            root,
            dockerfile,
            target: options.target.clone(),
            builder: options.builder,
            packaged: PackagedBuild::default(),
        })
    }
}

impl DockerfileSource {
    /// Reads the Dockerfile at `path`.
    ///
    /// # Errors
    /// If it cannot be read, or is not a Dockerfile.
    pub fn open(path: &Path) -> Result<Self, ScanError> {
        let name = path.display().to_string();
        let fail = |reason: &str| refused(format!("{name}: {reason}"));
        let (file, _) = input::open(path).map_err(|error| match error {
            InputError::Directory => fail("is a directory, not a Dockerfile; name the file with -f"),
            InputError::NotRegular(_) => {
                fail("is not a regular file; hand it over on standard input with -f -")
            }
            other => fail(&format!("cannot read the Dockerfile: {other}")),
        })?;
        Self::read(file, &name, Some(path.to_owned()))
    }

    /// Reads a Dockerfile from `reader`; `name` is how reports name it, `path` where it lies.
    ///
    /// # Errors
    /// If it cannot be read, is too large, or is not a text.
    pub fn read(reader: impl Read, name: &str, path: Option<PathBuf>) -> Result<Self, ScanError> {
        let mut bytes = Vec::new();
        reader
            .take(MAX_DOCKERFILE + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| refused(format!("{name}: cannot read the Dockerfile: {e}")))?;
        if bytes.len() as u64 > MAX_DOCKERFILE {
            return Err(refused(format!("{name}: is larger than {MAX_DOCKERFILE} bytes: not a Dockerfile")));
        }
        if is_compose_name(name) {
            return Err(refused(format!(
                "{name}: is a compose file, not a Dockerfile; {}",
                compose_builds(name, &bytes)
            )));
        }
        if let Some(at) = bytes.iter().position(|b| *b == 0) {
            let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
            return Err(refused(format!("{name}:{line}: holds a NUL byte: a binary file, not a Dockerfile")));
        }
        Ok(Self { path, name: name.to_owned(), bytes })
    }
}

/// Builders also take what lies elsewhere; seaworthy looks at what lies here.
fn refuse_remote(directory: &Path) -> Result<(), ScanError> {
    let text = directory.to_string_lossy();
    let why = if text == "-" {
        "a context from standard input"
    } else if text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/") {
        "a remote context"
    } else if directory.is_file() {
        "a context that is a file, such as a tar archive,"
    } else {
        return Ok(());
    };
    if directory.is_file() && starts_as_dockerfile(directory) {
        let name = shown(directory);
        let parent = directory.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return Err(refused(format!(
            "{name}: is a Dockerfile, not a build context: seaworthy context {} -f {name}",
            shown(parent)
        )));
    }
    // The name is not repeated: a URL may hold a password.
    Err(refused(format!(
        "{why} is not checked: fetch or unpack it into a directory, and give that (seaworthy context --help)"
    )))
}

/// Whether a file begins as a Dockerfile does: by its name, or with a FROM, an ARG or a syntax line.
fn starts_as_dockerfile(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    if name.to_ascii_lowercase().contains("dockerfile") || name == "Containerfile" {
        return true;
    }
    let mut head = Vec::new();
    let read = input::open(path).is_ok_and(|(file, _)| file.take(4096).read_to_end(&mut head).is_ok());
    let text = String::from_utf8_lossy(&head);
    let first =
        text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or_default();
    let word = first.split_ascii_whitespace().next().unwrap_or_default();
    read && ["FROM", "ARG"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// Whether a file is a compose file by its name.
fn is_compose_name(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose"))
}

/// The builds of a compose file, as the commands that check them.
fn compose_builds(name: &str, bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).ok();
    let file = text.and_then(|text| yaml::parse(text, yaml::Limits::default()).ok());
    let beside = Path::new(name).parent().unwrap_or(Path::new(""));
    let services = file.as_ref().and_then(|f| f.get("services")).map_or(&[][..], yaml::Node::entries);
    let text = |node: &yaml::Node| node.scalar().map(|s| s.text.clone());
    let mut builds = Vec::new();
    for (service, node) in services {
        let Some(build) = node.get("build") else { continue };
        let within = |key: &str| build.get(key).and_then(text);
        let Some(directory) = text(build).or_else(|| within("context")).or(Some(".".to_owned())) else {
            continue;
        };
        let root = join(beside, &directory);
        let file =
            within("dockerfile").map(|f| format!(" -f {}", shown(&join(&root, &f)))).unwrap_or_default();
        let target =
            within("target").map(|t| format!(" --target {}", escape_bytes(t.as_bytes()))).unwrap_or_default();
        let service = escape_bytes(service.text.as_bytes());
        builds.push(format!("\n  {service}: seaworthy context {}{file}{target}", shown(&root)));
    }
    match builds.len() {
        0 => "name the Dockerfile of one service with -f".to_owned(),
        n => {
            let more = n.saturating_sub(MAX_NEARBY);
            builds.truncate(MAX_NEARBY);
            let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            format!("its builds:{}{rest}", builds.concat())
        }
    }
}

fn missing(root: &Path) -> ScanError {
    let name = root.display();
    match std::fs::metadata(root) {
        Err(e) => refused(format!("{name}: cannot read the build context: {e}")),
        Ok(meta) if !meta.is_dir() => refused(format!("{name}: the build context is not a directory")),
        Ok(_) => {
            let nearby: Vec<String> = nearby(root)
                .iter()
                .map(|path| match path.file_name().is_some_and(|n| n == "Dockerfile") {
                    true => {
                        let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(root);
                        format!("\n  found {}: seaworthy context {}", shown(path), shown(directory))
                    }
                    false => format!("\n  found {}: seaworthy context -f {}", shown(path), shown(path)),
                })
                .collect();
            let how = if nearby.is_empty() { "; name it with -f (seaworthy context --help)" } else { "" };
            refused(format!(
                "{}: there is no Dockerfile{how}{}",
                shown(&join(root, "Dockerfile")),
                nearby.concat()
            ))
        }
    }
}

fn shown(path: &Path) -> String {
    escape_bytes(path.display().to_string().as_bytes())
}

/// Dockerfiles below a directory, at most [`MAX_NEARBY`] of them and not far down.
fn nearby(root: &Path) -> Vec<PathBuf> {
    let skipped = [".git", "node_modules", "target", ".venv", "venv", "vendor"];
    let walk = walkdir::WalkDir::new(root).max_depth(3).sort_by_file_name().into_iter();
    let entered = walk.filter_entry(|e| !skipped.iter().any(|s| e.file_name() == *s));
    let is_dockerfile = |name: &str| {
        name == "Dockerfile"
            || name == "Containerfile"
            || name.starts_with("Dockerfile.")
            || name.ends_with(".Dockerfile")
    };
    let files = entered.take(MAX_ENTRIES).flatten().filter(|e| e.file_type().is_file());
    let found = files.filter(|e| e.file_name().to_str().is_some_and(is_dockerfile));
    let found = found.take(MAX_NEARBY).map(walkdir::DirEntry::into_path);
    found.map(|path| path.strip_prefix("./").map(Path::to_owned).unwrap_or(path)).collect()
}

/// The Dockerfile where none is named; buildah looks for a Containerfile first.
fn find(root: &Path, builder: Builder) -> Option<PathBuf> {
    let names: &[&str] = match builder {
        Builder::Buildah => &["Containerfile", "Dockerfile"],
        Builder::BuildKit | Builder::Classic => &["Dockerfile"],
    };
    let there =
        |path: &PathBuf| !std::fs::symlink_metadata(path).is_err_and(|e| e.kind() == ErrorKind::NotFound);
    names.iter().map(|name| join(root, name)).find(there)
}

fn join(root: &Path, name: &str) -> PathBuf {
    if root == Path::new(".") { PathBuf::from(name) } else { root.join(name) }
}
