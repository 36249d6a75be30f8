//! What a layer is compressed with, told by its first bytes and not by what its media type claims.

use std::io::{self, BufReader, Cursor, Read};

use super::remark::{Frames, Gzip, Remarks};

/// Input buffer of the decoders, in bytes.
const BUFFER: usize = 128 << 10;
/// Largest zstd window, as a power of two: 128 MiB, what the reference decoder allows by default.
const ZSTD_WINDOW_LOG: u32 = 27;

/// A compression, as the first bytes show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// None: a tar, or anything else.
    None,
    /// gzip (RFC 1952), one member or several.
    Gzip,
    /// Zstandard (RFC 8878), one frame or several.
    Zstd,
    /// One that is recognised and not read.
    Unsupported(&'static str),
}

impl Compression {
    /// Looks at the first bytes; six are enough.
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Unsupported("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Unsupported("xz"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Unsupported("lz4"),
            _ => Self::None,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "plain tar",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Unsupported(kind) => kind,
        }
    }

    /// What a media type promises; nothing if it is not a layer's.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let base = media_type.split(';').next().unwrap_or_default().trim();
        Some(match base {
            "application/vnd.oci.image.layer.v1.tar" | "application/vnd.docker.image.rootfs.diff.tar" => {
                Self::None
            }
            "application/vnd.oci.image.layer.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.diff.tar.gzip"
            | "application/vnd.docker.container.image.rootfs.diff+x-gtar" => Self::Gzip,
            "application/vnd.oci.image.layer.v1.tar+zstd"
            | "application/vnd.docker.image.rootfs.diff.tar.zstd" => Self::Zstd,
            _ => return None,
        })
    }
}

/// Unpacks `reader` if its first bytes say that it is compressed.
///
/// # Errors
/// If the first bytes cannot be read, or the compression is one that is not read.
pub fn decompress<'a, R: Read + 'a>(reader: R) -> io::Result<(Box<dyn Read + 'a>, Compression)> {
    decompress_with(reader, &Remarks::default())
}

/// The same; what the stream carries beside its content is kept in `remarks`.
pub(crate) fn decompress_with<'a, R: Read + 'a>(
    mut reader: R,
    remarks: &Remarks,
) -> io::Result<(Box<dyn Read + 'a>, Compression)> {
    let mut head = [0u8; 6];
    let mut filled = 0;
    while filled < head.len() {
        match reader.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let compression = Compression::of(&head[..filled]);
    let whole = Cursor::new(head).take(filled as u64).chain(reader);
    let plain: Box<dyn Read + 'a> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(Gzip::new(BufReader::with_capacity(BUFFER, whole), remarks.clone())),
        Compression::Zstd => {
            let frames = BufReader::with_capacity(BUFFER, Frames::new(whole, remarks.clone()));
            let mut decoder = zstd::stream::read::Decoder::with_buffer(frames)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
        Compression::Unsupported(kind) => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("it is compressed with {kind}, which is not read; build it with gzip or zstd"),
            ));
        }
    };
    Ok((plain, compression))
}
