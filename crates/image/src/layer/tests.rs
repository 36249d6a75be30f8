//! However a layer is cut into chunks, its files come out whole and in order.

use std::collections::BTreeMap;
use std::io::Read;

use proptest::prelude::*;

use super::walker::Walker;
use super::{ContentKind, LayerStream, Overlap, Part};
use crate::Limits;

const OVERLAP: Overlap = Overlap { behind: 5, ahead: 9 };

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

type Files = BTreeMap<Vec<u8>, Vec<u8>>;

/// Walks in stretches of the given lengths and puts the files' cores together; each part's overlap is checked against
/// the file.
fn walk(bytes: &[u8], lengths: &[usize]) -> (Files, Vec<(String, String)>) {
    let mut walker = Walker::new(OVERLAP, &Limits::default());
    let mut files = Files::new();
    let mut overlaps: Vec<(Vec<u8>, usize, Vec<u8>)> = Vec::new();
    let (mut carry, mut unwalked, mut at): (Vec<u8>, usize, usize) = (Vec::new(), 0, 0);
    for length in lengths.iter().cycle() {
        let end = (at + length).min(bytes.len());
        let start = carry.len();
        let buffer = [carry.as_slice(), &bytes[at..end]].concat();
        at = end;
        let mut parts: Vec<Part> = Vec::new();
        let eof = at == bytes.len();
        let rest = walker.walk(&buffer, start - unwalked, eof, &mut parts);
        for part in parts.iter().filter(|p| p.file.kind == ContentKind::File) {
            let path = part.file.path.as_bytes().to_vec();
            let file = files.entry(path.clone()).or_default();
            assert_eq!(part.offset as usize + part.core.start - part.bytes.start, file.len(), "cores touch");
            file.extend_from_slice(&buffer[part.core.clone()]);
            overlaps.push((path, part.offset as usize, buffer[part.bytes.clone()].to_vec()));
            if !part.last {
                assert!(part.bytes.end - part.core.end >= OVERLAP.ahead);
            }
            assert!(part.core.start - part.bytes.start >= OVERLAP.behind.min(file.len() - part.core.len()));
        }
        carry = buffer[rest.keep..].to_vec();
        unwalked = buffer.len() - rest.resume;
        if eof {
            break;
        }
    }
    for (path, offset, seen) in overlaps {
        assert_eq!(files[&path][offset..offset + seen.len()], seen, "what a part shows is the file");
    }
    (files, walker.finish().missed)
}

fn files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop_oneof!["[a-z]{1,8}(/[a-z]{1,8}){0,2}", "[a-z]{100,180}"];
    let content = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(any::<u8>(), 500..530),
        prop::collection::vec(any::<u8>(), 0..3000),
    ];
    prop::collection::btree_map(name, content, 0..8).prop_map(|m| m.into_iter().collect())
}

proptest! {
    #[test]
    fn files_come_out_whole(files in files(), lengths in prop::collection::vec(1usize..1400, 1..8)) {
        let expected: BTreeMap<Vec<u8>, Vec<u8>> =
            files.iter().filter(|f| !f.1.is_empty()).map(|(n, c)| (n.clone().into_bytes(), c.clone())).collect();
        let (found, missed) = walk(&tar(&files), &lengths);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(missed, vec![]);
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..3000), files in files(), at in any::<prop::sample::Index>()) {
        walk(&bytes, &[700]);
        // A real tar with a stretch of it spoiled.
        let mut spoiled = tar(&files);
        let at = at.index(spoiled.len());
        bytes.truncate(spoiled.len() - at);
        spoiled[at..at + bytes.len()].copy_from_slice(&bytes);
        walk(&spoiled, &[333, 1024]);
    }
}

#[test]
fn a_layer_of_many_chunks_is_read_to_its_end() {
    let content: Vec<u8> = (0..5_000_001u32).map(|i| (i % 251) as u8).collect();
    let small: Vec<(String, Vec<u8>)> =
        (0..3000).map(|i| (format!("f{i}"), vec![b'x'; 700 + i % 900])).collect();
    let bytes = tar(&[&[("large".to_owned(), content.clone())], small.as_slice()].concat());
    // A reader that gives little at a time, as decoders and networks do.
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let n = buf.len().min(self.0.len()).min(10_007);
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }
    let mut stream = LayerStream::new(Box::new(Slow(&bytes)), None, OVERLAP, &Limits::default());
    let (mut large, mut hashed) = (Vec::new(), Vec::new());
    let mut buffer = Vec::new();
    while let Some(chunk) = stream.next(std::mem::take(&mut buffer)) {
        hashed.extend_from_slice(chunk.fresh());
        for part in chunk.parts.iter().filter(|p| p.file.path.as_bytes() == b"large") {
            large.extend_from_slice(&chunk.bytes()[part.core.clone()]);
        }
        buffer = chunk.into_buffer();
    }
    let summary = stream.finish();
    assert_eq!((summary.files, summary.whole), (3001, true));
    assert_eq!(summary.missed, []);
    assert!(large == content && hashed == bytes);
}
/// A long name's header holds the first hundred bytes of it; when these end in a slash, it is still a file.
#[test]
fn a_name_that_is_cut_after_a_slash_is_no_directory() {
    let name = format!("{}/{}", "d".repeat(99), "f".repeat(60));
    let (found, missed) =
        walk(&tar(&[(name.clone(), b"content".to_vec()), ("b".into(), b"x".to_vec())]), &[4096]);
    assert_eq!(found.get(name.as_bytes()).map(Vec::as_slice), Some(&b"content"[..]));
    assert_eq!((found.len(), missed.len()), (2, 0));
}
