//! Tar archives by hand, since the interesting ones are those that no library writes.

/// The smallest ELF file: a header, and a segment with the loader's path if there is one. `machine` is 62 for x86-64
/// and 183 for AArch64.
pub fn elf(machine: u16, loader: &str) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([2u16, machine].iter().flat_map(|n| n.to_le_bytes()));
    bytes.extend(1u32.to_le_bytes());
    bytes.extend([0u64, 64, 0].iter().flat_map(|n| n.to_le_bytes()));
    bytes.extend(0u32.to_le_bytes());
    let segments = u16::from(!loader.is_empty());
    bytes.extend([64u16, 56, segments, 64, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
    if segments > 0 {
        let size = loader.len() as u64 + 1;
        bytes.extend([3u32, 4].iter().flat_map(|n| n.to_le_bytes()));
        bytes.extend([120, 0, 0, size, size, 1].iter().flat_map(|n: &u64| n.to_le_bytes()));
        bytes.extend(loader.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// A tar under construction.
#[derive(Clone, Default)]
pub struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    pub fn new() -> Self {
        Self::default()
    }

    /// A header block alone.
    pub fn header(kind: u8, name: &[u8], link: &[u8], size: u64) -> [u8; 512] {
        let mut block = [0u8; 512];
        let put = |block: &mut [u8; 512], at: usize, most: usize, bytes: &[u8]| {
            let n = bytes.len().min(most);
            block[at..at + n].copy_from_slice(&bytes[..n]);
        };
        put(&mut block, 0, 100, name);
        put(&mut block, 100, 8, b"0000644\0");
        put(&mut block, 108, 8, b"0000000\0");
        put(&mut block, 116, 8, b"0000000\0");
        if size < 1 << 33 {
            put(&mut block, 124, 12, format!("{size:011o}\0").as_bytes());
        } else {
            block[124] = 0x80;
            block[128..136].copy_from_slice(&size.to_be_bytes());
        }
        put(&mut block, 136, 12, b"00000000000\0");
        block[156] = kind;
        put(&mut block, 157, 100, link);
        put(&mut block, 257, 8, b"ustar\x0000");
        Self::seal(&mut block);
        block
    }

    /// Puts the checksum in.
    pub fn seal(block: &mut [u8; 512]) {
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    /// Bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Content, padded to blocks.
    fn content(mut self, content: &[u8]) -> Self {
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// An entry with content.
    #[must_use]
    pub fn entry(self, kind: u8, name: &[u8], content: &[u8]) -> Self {
        self.raw(&Self::header(kind, name, b"", content.len() as u64)).content(content)
    }

    #[must_use]
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(b'0', name.as_bytes(), content.as_ref())
    }

    /// A file that may be executed.
    #[must_use]
    pub fn executable(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let mut block = Self::header(b'0', name.as_bytes(), b"", content.len() as u64);
        block[100..107].copy_from_slice(b"0000755");
        Self::seal(&mut block);
        self.raw(&block).content(content)
    }

    /// A file, or a directory if its name ends in a slash, with its permission bits and its owner and group.
    #[must_use]
    pub fn owned(self, name: &str, content: impl AsRef<[u8]>, mode: u32, owner: [u32; 2]) -> Self {
        let content = content.as_ref();
        let kind = if name.ends_with('/') { b'5' } else { b'0' };
        let mut block = Self::header(kind, name.as_bytes(), b"", content.len() as u64);
        for (at, number) in [(100, mode), (108, owner[0]), (116, owner[1])] {
            block[at..at + 8].copy_from_slice(format!("{number:07o}\0").as_bytes());
        }
        Self::seal(&mut block);
        self.raw(&block).content(content)
    }

    /// A file whose name is any bytes.
    #[must_use]
    pub fn file_bytes(self, name: &[u8], content: impl AsRef<[u8]>) -> Self {
        self.entry(b'0', name, content.as_ref())
    }

    #[must_use]
    pub fn dir(self, name: &str) -> Self {
        self.raw(&Self::header(b'5', format!("{name}/").as_bytes(), b"", 0))
    }

    #[must_use]
    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.raw(&Self::header(b'2', name.as_bytes(), target.as_bytes(), 0))
    }

    #[must_use]
    pub fn hard_link(self, name: &str, target: &str) -> Self {
        self.raw(&Self::header(b'1', name.as_bytes(), target.as_bytes(), 0))
    }

    /// A file with PAX records before it.
    #[must_use]
    pub fn pax(self, records: &[(&str, &[u8])], name: &str, content: impl AsRef<[u8]>) -> Self {
        let mut text = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length.to_string().len() + rest != length {
                length = length.to_string().len() + rest;
            }
            text.extend_from_slice(format!("{length} {key}=").as_bytes());
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        self.entry(b'x', b"PaxHeaders/0", &text).file(name, content)
    }

    /// A file with a name of any length, as GNU tar writes it.
    #[must_use]
    pub fn gnu_long(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let long = [name.as_bytes(), b"\0"].concat();
        self.entry(b'L', b"././@LongLink", &long)
            .file(name.get(..100.min(name.len())).unwrap_or_default(), content)
    }

    /// The whole tar, with its end.
    pub fn done(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }

    /// The bytes so far, without an end.
    pub fn open_end(self) -> Vec<u8> {
        self.bytes
    }
}
