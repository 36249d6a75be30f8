//! What an archive or a layout holds beside its images: members that no manifest reaches, and bytes around the members.
//! They are given out as one tar, so that they are examined as a layer's files are, archives among them opened.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use super::bundle::Members;
use super::layer::header::BLOCK;
use super::{Blob, FetchError, Images, Missed, Source};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// Members, and which of them were asked for.
pub(super) struct Recorded<'a> {
    members: &'a dyn Members,
    asked: Mutex<HashSet<String>>,
}

impl<'a> Recorded<'a> {
    pub(super) fn new(members: &'a dyn Members) -> Self {
        Self { members, asked: Mutex::default() }
    }

    fn note(&self, member: &str) {
        let member = self.members.resolve(member);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(member);
    }

    /// Adds the members that no manifest leads to; `layers` are led to and not yet read.
    pub(super) fn add_unreached(self, layers: &[String], name: &str, to: &mut Images) {
        layers.iter().for_each(|layer| self.note(layer));
        let asked = self.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (key, size) in self.members.list() {
            // The list of `docker save` is read for what it refers to; its texts are examined here.
            if asked.contains(&key) && key != "manifest.json" {
                continue;
            }
            if size.is_some() {
                to.unreached.push(Blob { key, digest: None, size });
            } else {
                let origin = Origin::new(OriginKind::Artifact, name);
                let reason = "it is a link or no regular file, and no manifest reaches it".to_owned();
                to.missed.push(Missed { origin, what: escape_bytes(key.as_bytes()), reason });
            }
        }
    }
}

impl Members for Recorded<'_> {
    fn read(&self, member: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        self.note(member);
        self.members.read(member, limit)
    }

    fn open(&self, member: &str) -> Result<Box<dyn Read + Send>, FetchError> {
        self.note(member);
        self.members.open(member)
    }

    fn has(&self, member: &str) -> bool {
        self.members.has(member)
    }

    fn faults(&self) -> Vec<Missed> {
        self.members.faults()
    }

    fn list(&self) -> Vec<(String, Option<u64>)> {
        self.members.list()
    }

    fn resolve(&self, member: &str) -> String {
        self.members.resolve(member)
    }
}

/// Members of a source as one tar, read as it is asked for.
pub struct MembersAsTar<'a> {
    source: &'a dyn Source,
    members: std::slice::Iter<'a, Blob>,
    /// Made bytes that come next: headers and padding.
    made: io::Cursor<Vec<u8>>,
    /// The content that is on its way, its bytes to come, and the padding after it.
    content: Option<(Box<dyn Read + Send>, u64, usize)>,
}

impl<'a> MembersAsTar<'a> {
    /// The tar of these members ([`Images::unreached`]).
    pub fn new(source: &'a dyn Source, members: &'a [Blob]) -> Self {
        Self { source, members: members.iter(), made: io::Cursor::default(), content: None }
    }

    fn start(&mut self, member: &Blob) -> io::Result<()> {
        let size = member.size.unwrap_or(0);
        let reader = self.source.open(member).map_err(|e| io::Error::other(e.to_string()))?;
        let mut made = Vec::new();
        if member.key.len() > 100 {
            let long = member.key.len() as u64 + 1;
            made.extend(header(b'L', b"././@LongLink", long));
            made.extend(member.key.as_bytes());
            made.push(0);
            made.resize(made.len().next_multiple_of(BLOCK), 0);
        }
        made.extend(header(b'0', member.key.as_bytes(), size));
        self.made = io::Cursor::new(made);
        let padding = usize::try_from(size.wrapping_neg() % BLOCK as u64).unwrap_or(0);
        self.content = Some((reader, size, padding));
        Ok(())
    }
}

/// A header block of GNU's form.
fn header(kind: u8, name: &[u8], size: u64) -> [u8; BLOCK] {
    let mut header = tar::Header::new_gnu();
    for (to, from) in header.as_old_mut().name.iter_mut().zip(name) {
        *to = *from;
    }
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    *header.as_bytes()
}

impl Read for MembersAsTar<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let made = self.made.read(buf)?;
            if made > 0 || buf.is_empty() {
                return Ok(made);
            }
            match &mut self.content {
                Some((_, 0, padding)) => {
                    self.made = io::Cursor::new(vec![0; *padding]);
                    self.content = None;
                }
                Some((reader, left, _)) => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.len());
                    let count = reader.read(buf.get_mut(..most).unwrap_or_default())?;
                    if count == 0 {
                        return Err(io::Error::other(format!("a member ends {left} bytes early")));
                    }
                    *left -= count as u64;
                    return Ok(count);
                }
                None => match self.members.next() {
                    Some(member) => self.start(member)?,
                    None => return Ok(0),
                },
            }
        }
    }
}
