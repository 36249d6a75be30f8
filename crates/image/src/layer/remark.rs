//! What a compressed stream carries beside its content, which no unpacker shows: a gzip header's name, comment and extra
//! field, zstd's skippable frames, data behind the last member. It is kept, within a limit, to be examined as bytes.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

/// Most bytes that are kept of one stream.
const KEPT: usize = 1 << 20;
/// The longest name or comment that a gzip header may have.
const LONGEST: usize = 64 << 10;

/// The bytes beside a stream's content, shared by its readers.
#[derive(Clone, Default)]
pub(crate) struct Remarks(Rc<RefCell<Kept>>);

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    lost: u64,
}

impl Remarks {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.borrow_mut();
        let room = KEPT.saturating_sub(kept.bytes.len()).min(bytes.len());
        kept.bytes.extend_from_slice(&bytes[..room]);
        kept.lost += (bytes.len() - room) as u64;
    }

    /// A line end between what belongs to different places.
    fn separate(&self) {
        if self.0.borrow().bytes.last().is_some_and(|b| *b != b'\n') {
            self.add(b"\n");
        }
    }

    /// The bytes so far, and how many more there were.
    pub(crate) fn take(&self) -> (Vec<u8>, u64) {
        let mut kept = self.0.borrow_mut();
        (std::mem::take(&mut kept.bytes), std::mem::take(&mut kept.lost))
    }
}

/// gzip (RFC 1952), one member after the other.
pub(crate) struct Gzip<R: BufRead> {
    decoder: DeflateDecoder<R>,
    remarks: Remarks,
    state: Member,
    /// The checksum and length of the member's content, if they are compared with what its end says.
    sum: Option<Crc>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    First,
    Data,
    Next,
    End,
}

impl<R: BufRead> Gzip<R> {
    pub(crate) fn new(source: R, remarks: Remarks) -> Self {
        Self { decoder: DeflateDecoder::new(source), remarks, state: Member::First, sum: None }
    }

    /// The same, and a member whose content is not what its checksum says is an error. A layer needs it not: its digest
    /// says more.
    pub(crate) fn checked(source: R, remarks: Remarks) -> Self {
        Self { sum: Some(Crc::new()), ..Self::new(source, remarks) }
    }

    /// Reads a member's header; false where none follows, and what does is kept.
    fn header(&mut self) -> io::Result<bool> {
        let source = self.decoder.get_mut();
        let first = self.state == Member::First;
        if !first && source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut head = [0u8; 10];
        let mut there = 0;
        while there < head.len() {
            // An interruption that is passed on would lose what was read before it.
            match source.read(&mut head[there..]) {
                Ok(0) => break,
                Ok(count) => there += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let flags = match head {
            [0x1f, 0x8b, 8, flags, ..] if there == head.len() && flags & 0xe0 == 0 => flags,
            _ if first => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its gzip header is damaged"));
            }
            _ => {
                self.remarks.separate();
                self.remarks.add(&head[..there]);
                loop {
                    let rest = source.fill_buf()?;
                    if rest.is_empty() {
                        return Ok(false);
                    }
                    self.remarks.add(rest);
                    let count = rest.len();
                    source.consume(count);
                }
            }
        };
        if flags & 4 != 0 {
            let mut length = [0; 2];
            source.read_exact(&mut length)?;
            let mut extra = vec![0; usize::from(u16::from_le_bytes(length))];
            source.read_exact(&mut extra)?;
            self.remarks.separate();
            self.remarks.add(&extra);
        }
        for text in [8, 16] {
            if flags & text != 0 {
                let mut value = Vec::new();
                source.by_ref().take(LONGEST as u64).read_until(0, &mut value)?;
                if value.pop() != Some(0) {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "a text in its gzip header has no end",
                    ));
                }
                self.remarks.separate();
                self.remarks.add(&value);
            }
        }
        if flags & 2 != 0 {
            source.read_exact(&mut [0; 2])?;
        }
        Ok(true)
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                Member::End => return Ok(0),
                Member::First | Member::Next => {
                    self.state = if self.header()? { Member::Data } else { Member::End };
                }
                Member::Data => {
                    let count = self.decoder.read(out)?;
                    if count > 0 || out.is_empty() {
                        if let Some(sum) = &mut self.sum {
                            sum.update(&out[..count]);
                        }
                        return Ok(count);
                    }
                    let mut end = [0; 8];
                    self.decoder.get_mut().read_exact(&mut end)?;
                    if let Some(sum) = &mut self.sum {
                        let [a, b, c, d, e, f, g, h] = end;
                        if sum.sum() != u32::from_le_bytes([a, b, c, d])
                            || sum.amount() != u32::from_le_bytes([e, f, g, h])
                        {
                            let reason = "its gzip checksum is wrong";
                            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                        }
                        sum.reset();
                    }
                    self.decoder.reset_data();
                    self.state = Member::Next;
                }
            }
        }
    }
}

/// Passes zstd (RFC 8878) on and keeps what its skippable frames hold, wherever they stand.
pub(crate) struct Frames<R> {
    inner: R,
    remarks: Remarks,
    state: Frame,
    /// Bytes of a header that are not there yet.
    partial: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Frame {
    /// Before a frame's magic number.
    Magic,
    /// Before a frame's descriptor and what follows it.
    Header,
    /// Before a block's header; whether a checksum follows the last.
    Block { checksum: bool },
    /// Within what is passed over; what comes then.
    Skip { left: u64, last: bool, checksum: bool },
    /// Within a skippable frame.
    Remark { left: u64 },
    /// Not zstd: the decoder says so.
    Lost,
}

impl<R> Frames<R> {
    pub(crate) fn new(inner: R, remarks: Remarks) -> Self {
        Self { inner, remarks, state: Frame::Magic, partial: Vec::new() }
    }

    /// Follows the frames through the next bytes.
    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.state {
                Frame::Lost => return,
                Frame::Remark { left } => {
                    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    self.remarks.add(&bytes[..count]);
                    bytes = &bytes[count..];
                    let left = left - count as u64;
                    self.state = if left == 0 { Frame::Magic } else { Frame::Remark { left } };
                }
                Frame::Skip { left, last, checksum } => {
                    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = &bytes[count..];
                    let left = left - count as u64;
                    self.state = match (left, last) {
                        (0, false) => Frame::Block { checksum },
                        (0, true) if checksum => Frame::Skip { left: 4, last: true, checksum: false },
                        (0, true) => Frame::Magic,
                        _ => Frame::Skip { left, last, checksum },
                    };
                }
                Frame::Magic | Frame::Header | Frame::Block { .. } => {
                    self.partial.push(bytes[0]);
                    bytes = &bytes[1..];
                    self.header();
                }
            }
        }
    }

    /// Reads the header that is on its way, if it is whole.
    fn header(&mut self) {
        let head = self.partial.as_slice();
        let next = match (self.state, head) {
            (Frame::Magic, [0x28, 0xb5, 0x2f, 0xfd]) => Frame::Header,
            (Frame::Magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d]) => {
                self.remarks.separate();
                Frame::Remark { left: u64::from(u32::from_le_bytes([*a, *b, *c, *d])) }
            }
            (Frame::Magic, [0x50..=0x5f, ..]) if head.len() < 8 => return,
            (Frame::Magic, _) if head.len() < 4 => return,
            (Frame::Header, [descriptor, rest @ ..]) => {
                let single = descriptor & 0x20 != 0;
                let size = match descriptor >> 6 {
                    0 => usize::from(single),
                    1 => 2,
                    2 => 4,
                    _ => 8,
                };
                let window = usize::from(!single);
                if rest.len() < window + [0, 1, 2, 4][usize::from(descriptor & 3)] + size {
                    return;
                }
                Frame::Block { checksum: descriptor & 4 != 0 }
            }
            (Frame::Block { checksum }, [a, b, c]) => {
                let header = u32::from_le_bytes([*a, *b, *c, 0]);
                // A block of one repeated byte has that alone.
                let left = if header >> 1 & 3 == 1 { 1 } else { u64::from(header >> 3) };
                Frame::Skip { left, last: header & 1 != 0, checksum }
            }
            (Frame::Block { .. }, _) => return,
            _ => Frame::Lost,
        };
        self.partial.clear();
        self.state = match next {
            Frame::Remark { left: 0 } => Frame::Magic,
            Frame::Skip { left: 0, last: false, checksum } => Frame::Block { checksum },
            Frame::Skip { left: 0, last: true, checksum: true } => {
                Frame::Skip { left: 4, last: true, checksum: false }
            }
            Frame::Skip { left: 0, last: true, checksum: false } => Frame::Magic,
            next => next,
        };
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.follow(&out[..count]);
        Ok(count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn gzip_headers_and_what_follows_are_kept() {
        let mut builder =
            flate2::GzBuilder::new().filename("a name").comment("a comment").extra("an extra field");
        let mut stream = Vec::new();
        builder.read(&b"one"[..], flate2::Compression::fast()).read_to_end(&mut stream).unwrap();
        builder = flate2::GzBuilder::new().comment("second");
        builder.read(&b"two"[..], flate2::Compression::fast()).read_to_end(&mut stream).unwrap();
        stream.extend(b"trailing");
        let remarks = Remarks::default();
        let mut content = String::new();
        Gzip::new(BufReader::new(&stream[..]), remarks.clone()).read_to_string(&mut content).unwrap();
        assert_eq!(content, "onetwo");
        let (kept, lost) = remarks.take();
        assert_eq!(String::from_utf8(kept).unwrap(), "an extra field\na name\na comment\nsecond\ntrailing");
        assert_eq!(lost, 0);
    }

    #[test]
    fn skippable_frames_are_kept() {
        let text = b"some text that is compressed ".repeat(20_000);
        let frame = |level| zstd::encode_all(&text[..], level).unwrap();
        let skippable = |text: &[u8]| {
            [&[0x53, 0x2a, 0x4d, 0x18][..], &u32::try_from(text.len()).unwrap().to_le_bytes(), text].concat()
        };
        let small = zstd::encode_all(&b""[..], 1).unwrap();
        let stream = [
            skippable(b"first"),
            frame(1),
            skippable(b""),
            frame(19),
            skippable(b"second"),
            small,
            skippable(b"last"),
        ]
        .concat();
        for size in [1, 7, 1000, 1 << 20] {
            let remarks = Remarks::default();
            let mut frames = Frames::new(&stream[..], remarks.clone());
            let mut buffer = vec![0; size];
            while frames.read(&mut buffer).unwrap() > 0 {}
            assert_eq!(String::from_utf8(remarks.take().0).unwrap(), "first\nsecond\nlast");
        }
    }
}
