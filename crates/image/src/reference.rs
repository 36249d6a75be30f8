//! References with the transport names that container tools share (containers-transports(5)).

use std::path::{Path, PathBuf};

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `docker-archive:PATH[:NAME:TAG]`: what `docker save` writes.
    DockerArchive {
        /// The file.
        path: PathBuf,
        /// Only the image with this repository tag.
        tag: Option<String>,
    },
    /// `oci-archive:PATH[:TAG]`: an OCI layout in a tar.
    OciArchive {
        /// The file.
        path: PathBuf,
        /// Only the image with this reference name.
        tag: Option<String>,
    },
    /// `oci:DIR[:TAG]`: an OCI layout.
    OciLayout {
        /// The directory.
        path: PathBuf,
        /// Only the image with this reference name.
        tag: Option<String>,
    },
    /// `docker://HOST/NAME[:TAG|@DIGEST]`: a registry.
    Registry(String),
    /// `docker-daemon:NAME[:TAG]`: the local Docker daemon.
    Daemon(String),
}

/// Why a reference cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{text}: {reason}")]
pub struct ReferenceError {
    text: String,
    reason: String,
}

impl Reference {
    /// Reads a reference; without a transport it looks at what the path is.
    ///
    /// # Errors
    /// If the transport is unknown, or there is none and no such path.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let fail = |reason: String| ReferenceError { text: text.to_owned(), reason };
        if let Some(rest) = text.strip_prefix("docker://") {
            if let Some((_, host)) = rest.split_once('/').and_then(|(first, _)| first.rsplit_once('@')) {
                let reason = format!("a login does not belong into a reference; write docker login {host}");
                return Err(ReferenceError { text: "docker://…@…".to_owned(), reason });
            }
            return if rest.is_empty() {
                Err(fail("names no image".into()))
            } else {
                Ok(Self::Registry(rest.into()))
            };
        }
        if let Some((transport, rest)) = text.split_once(':') {
            if rest.is_empty() && is_transport(transport) {
                return Err(fail(format!("{transport}: names nothing")));
            }
            let (path, tag) = split_tag(rest);
            match transport {
                "docker-archive" => return Ok(Self::DockerArchive { path, tag }),
                "oci-archive" => return Ok(Self::OciArchive { path, tag }),
                "oci" => return Ok(Self::OciLayout { path, tag }),
                "docker-daemon" => return Ok(Self::Daemon(rest.into())),
                "docker" => return Err(fail(format!("write docker://{rest} for an image in a registry"))),
                "containers-storage" | "dir" | "ostree" | "tarball" | "sif" => {
                    let hint = format!("skopeo copy {text} oci-archive:image.tar");
                    return Err(fail(format!(
                        "the transport {transport}: is not read; convert it first: {hint}"
                    )));
                }
                _ => {
                    if let Some(known) = known_transport(transport).filter(|_| !Path::new(text).exists()) {
                        return Err(fail(format!(
                            "unknown transport {transport}:; did you mean {known}:{rest}?"
                        )));
                    }
                }
            }
        }
        Self::of_path(text)
    }

    fn of_path(text: &str) -> Result<Self, ReferenceError> {
        let path = Path::new(text);
        let fail = |reason: String| ReferenceError { text: text.to_owned(), reason };
        let meta = match std::fs::metadata(path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(fail(format!(
                    "no such file or directory; for an image in a registry write docker://{text}, for one in the \
                     local daemon docker-daemon:{text}"
                )));
            }
            Err(e) => return Err(fail(e.to_string())),
        };
        if meta.is_dir() {
            Ok(Self::OciLayout { path: path.into(), tag: None })
        } else if meta.is_file() {
            // Both kinds of archive are read by the same code, which looks at what is inside.
            Ok(Self::DockerArchive { path: path.into(), tag: None })
        } else {
            Err(fail("is neither a file nor a directory".into()))
        }
    }
}

/// The transport that a word of another tool stands for.
fn known_transport(word: &str) -> Option<&'static str> {
    match word {
        "docker-save" | "docker-tar" | "docker_archive" | "dockerarchive" | "archive" | "tar" => {
            Some("docker-archive")
        }
        "oci-tar" | "oci_archive" | "ociarchive" => Some("oci-archive"),
        "oci-dir" | "oci-layout" | "layout" => Some("oci"),
        "daemon" | "dockerd" | "docker_daemon" => Some("docker-daemon"),
        _ => None,
    }
}

fn is_transport(word: &str) -> bool {
    matches!(word, "docker-archive" | "oci-archive" | "oci" | "docker-daemon")
}

/// Splits `PATH[:TAG]`; a colon belongs to the path if a path with it exists.
fn split_tag(rest: &str) -> (PathBuf, Option<String>) {
    match rest.split_once(':') {
        Some((path, tag)) if !tag.is_empty() && !Path::new(rest).exists() => (path.into(), Some(tag.into())),
        _ => (rest.into(), None),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn transports() {
        let parse = |t: &str| Reference::parse(t).unwrap();
        assert_eq!(
            parse("docker-archive:a.tar:app:1.0"),
            Reference::DockerArchive { path: "a.tar".into(), tag: Some("app:1.0".into()) }
        );
        assert_eq!(parse("oci:dir:v1"), Reference::OciLayout { path: "dir".into(), tag: Some("v1".into()) });
        assert_eq!(parse("docker://host:5000/a"), Reference::Registry("host:5000/a".into()));
        assert_eq!(parse("docker-daemon:app:1"), Reference::Daemon("app:1".into()));
    }

    #[test]
    fn what_cannot_be_read_says_what_to_write() {
        let error = |t: &str| Reference::parse(t).unwrap_err().to_string();
        assert!(error("docker:alpine").contains("docker://alpine"));
        assert!(error("no/such:1").contains("docker://no/such:1"));
        assert!(error("oci-archive:").contains("names nothing"));
        let login = error("docker://ci:invented@host:5000/app:1");
        assert!(login.contains("docker login host:5000") && !login.contains("invented"), "{login}");
        assert!(error("containers-storage:x").contains("skopeo copy"));
    }
}
