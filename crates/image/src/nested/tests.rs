use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{HEAD, Opened, is_opened, open};
use crate::Limits;
use crate::layer::{ContentKind, FileMeta, Overlap};
use seaworthy_source::LayerPath;

const TEXT: &[u8] = b"token=inside\n";
/// `token=inside` as xz(1) writes it with `-1`.
const XZ: &str =
    "/Td6WFoAAATm1rRGAgAhARAAAACocI6GAQAPdG9rZW49aW5zaWRlLXh6CgA/K7ahjBiVKAABKBDlC2xgH7bzfQEAAAAABFla";

fn meta(name: &str, size: usize) -> Arc<FileMeta> {
    let path = LayerPath::clean(name.as_bytes());
    Arc::new(FileMeta { path, ordinal: 0, size: size as u64, kind: ContentKind::File, inside: None })
}

fn limits() -> Limits {
    Limits { nested_ratio_after_bytes: 6 << 20, ..Limits::default() }
}

/// What is inside a file, by the way to it, and what could not be opened.
fn inside(name: &str, bytes: &[u8]) -> (BTreeMap<String, Vec<u8>>, Opened) {
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    if !is_opened(&bytes[..bytes.len().min(HEAD)], name.as_bytes()) {
        return (found, Opened::default());
    }
    let overlap = Overlap { behind: 16, ahead: 32 };
    let opened = open(&meta(name, bytes.len()), &mut &bytes[..], &limits(), overlap, &mut |chunk| {
        for part in &chunk.parts {
            let content = found.entry(part.file.inside().to_owned()).or_default();
            assert_eq!(content.len() as u64, part.offset + (part.core.start - part.bytes.start) as u64);
            content.extend_from_slice(&chunk.bytes()[part.core.clone()]);
        }
        Some(chunk.into_buffer())
    });
    (found, opened)
}

#[track_caller]
fn holds(name: &str, bytes: &[u8], way: &str, content: &[u8]) {
    let (found, opened) = inside(name, bytes);
    assert!(opened.missed.is_empty(), "{name}: {:?}", opened.missed);
    let ways: Vec<&String> = found.keys().collect();
    assert_eq!(found.get(way).map(Vec::as_slice), Some(content), "{name}: {way} in {ways:?}");
}

#[track_caller]
fn misses(name: &str, bytes: &[u8], word: &str) {
    let (_, opened) = inside(name, bytes);
    let reasons: Vec<String> =
        opened.missed.iter().map(|m| format!("{}: {}", m.file.inside(), m.reason)).collect();
    assert!(reasons.iter().any(|r| r.contains(word)), "{name}: {word:?} in {reasons:?}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// An LZ4 frame of one block that is not compressed.
fn lz4(bytes: &[u8]) -> Vec<u8> {
    let size = 0x8000_0000u32 | u32::try_from(bytes.len()).unwrap();
    // Version 1, blocks of 64 KiB that are independent, no checksums; the checksum of that descriptor.
    [&[0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82][..], &size.to_le_bytes(), bytes, &[0; 4]].concat()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A zip under construction: local headers, and the directory that goes with them.
#[derive(Default)]
struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Zip {
    fn entry(mut self, name: &str, method: u16, flags: u16, data: &[u8], size: usize) -> Self {
        let offset = u32::try_from(self.bytes.len()).unwrap();
        let streamed = flags & 8 != 0;
        let packed = if streamed { 0 } else { u32::try_from(data.len()).unwrap() };
        let common = |version: &[u16]| {
            let mut out: Vec<u8> = Vec::new();
            version.iter().chain(&[20, flags, method, 0, 0]).for_each(|n| out.extend(n.to_le_bytes()));
            out.extend([0; 4]);
            out.extend(packed.to_le_bytes());
            out.extend(u32::try_from(if streamed { 0 } else { size }).unwrap().to_le_bytes());
            out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            out.extend([0; 2]);
            out
        };
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(common(&[]));
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(data);
        if streamed {
            self.bytes.extend(b"PK\x07\x08\0\0\0\0");
            self.bytes
                .extend([data.len(), size].iter().flat_map(|n| u32::try_from(*n).unwrap().to_le_bytes()));
        }
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(common(&[20]));
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count += 1;
        self
    }

    fn stored(self, name: &str, data: &[u8]) -> Self {
        self.entry(name, 0, 0, data, data.len())
    }

    fn deflated(self, name: &str, data: &[u8]) -> Self {
        self.entry(name, 8, 0, &deflate(data), data.len())
    }

    fn done(mut self) -> Vec<u8> {
        let at = u32::try_from(self.bytes.len()).unwrap();
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend([self.count, self.count].iter().flat_map(|n| n.to_le_bytes()));
        self.bytes.extend(u32::try_from(self.directory.len()).unwrap().to_le_bytes());
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend([0; 2]);
        self.bytes
    }
}

#[test]
fn compressed_files() {
    holds("a/conf.env.gz", &gzip(TEXT), " → gzip", TEXT);
    holds("a.gz", &[gzip(b"to"), gzip(b"ken"), b"trailing".to_vec()].concat(), " → gzip", b"token");
    holds("a.bz2", &[bzip2(b"to"), bzip2(b"ken")].concat(), " → bzip2", b"token");
    let frames =
        [zstd::encode_all(&b"to"[..], 1).unwrap(), zstd::encode_all(&b"ken"[..], 1).unwrap()].concat();
    holds("a.zst", &frames, " → zstd", b"token");
    let skippable = [b"\x50\x2a\x4d\x18\x04\0\0\0skip".to_vec(), frames].concat();
    holds("a.zst", &skippable, " → zstd", b"token");
    holds("a.xz", &STANDARD.decode(XZ).unwrap(), " → xz", b"token=inside-xz\n");
    holds("a.lz4", &lz4(TEXT), " → lz4", TEXT);
    let large = TEXT.repeat(300_000);
    holds("a.zst", &zstd::encode_all(&large[..], 19).unwrap()[..], " → zstd", &large);
}

#[test]
fn archives() {
    let archive = tar(&[("etc/a.conf", TEXT), ("b", b"")]);
    holds("x.tar", &archive, "!/etc/a.conf", TEXT);
    holds("x.tar.gz", &gzip(&archive), "!/etc/a.conf", TEXT);
    for method in [Zip::stored, Zip::deflated] {
        let zip = method(method(Zip::default(), "a/", b""), "a/b.properties", TEXT).done();
        holds("x.jar", &zip, "!/a/b.properties", TEXT);
        holds("x.pyz", &[b"#!/usr/bin/env python3\n", &zip[..]].concat(), "!/a/b.properties", TEXT);
        let outer = Zip::default().deflated("lib/inner.jar", &zip).done();
        holds("x.jar", &outer, "!/lib/inner.jar!/a/b.properties", TEXT);
    }
    let streamed = Zip::default()
        .entry("a", 8, 8, &deflate(TEXT), TEXT.len())
        .entry("b", 0, 8, TEXT, TEXT.len())
        .deflated("c", b"xyz")
        .done();
    holds("x.zip", &streamed, "!/a", TEXT);
    holds("x.zip", &streamed, "!/b", TEXT);
    holds("x.zip", &streamed, "!/c", b"xyz");
    let large = TEXT.repeat(200_000);
    let zip =
        Zip::default().entry("z", 93, 0, &zstd::encode_all(&large[..], 1).unwrap(), 1).stored("s", &large);
    holds("x.zip", &zip.done(), "!/s", &large);
}

/// A page of an SQLite database: its kind, its right-most child, and one row of texts; a text of one byte is a number.
fn sqlite_page(start: usize, kind: u8, child: u8, row: &[&[u8]]) -> Vec<u8> {
    let types: Vec<u8> =
        row.iter().map(|v| if v.len() == 1 { 1 } else { u8::try_from(13 + 2 * v.len()).unwrap() }).collect();
    let header = u8::try_from(types.len() + 1).unwrap();
    let record = [&[header][..], &types, &row.concat()].concat();
    let cell = [&[u8::try_from(record.len()).unwrap(), 1][..], &record].concat();
    let mut page = vec![0; 512];
    let at = 512 - cell.len();
    page[at..].copy_from_slice(&cell);
    let at = u16::try_from(at).unwrap().to_be_bytes();
    let count = u8::from(!row.is_empty());
    let head = [&[kind, 0, 0, 0, count, at[0], at[1], 0][..], &at].concat();
    let inner = [kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, child];
    let head = if kind == 5 { &inner[..] } else { &head };
    page[start..start + head.len()].copy_from_slice(head);
    page
}

#[test]
fn rows_of_a_database_have_the_names_of_their_columns() {
    let statement = &b"CREATE TABLE u(id, \"pw\" text(9))"[..];
    let mut first = sqlite_page(100, 0x0d, 0, &[b"table", b"u1", b"u1", &[2], statement]);
    first[..24].copy_from_slice(b"SQLite format 3\0\x02\0\x01\x01\0\x40\x20\x20");
    let inner = sqlite_page(0, 0x05, 3, &[]);
    let leaf = sqlite_page(0, 0x0d, 0, &[b"anna of x", b"harbour!77"]);
    let rows = |pages: &[&[u8]]| {
        let (found, opened) = inside("d.db", &pages.concat());
        assert!(opened.missed.is_empty(), "{:?}", opened.missed);
        String::from_utf8(found.into_values().flatten().collect()).unwrap()
    };
    // The root is an inner page, and the leaf below it holds the row.
    assert!(rows(&[&first, &inner, &leaf]).contains("pw = \"harbour!77\"\n"));
    // A page of which nothing is known gives its texts alone.
    let other = rows(&[&first, &leaf, &leaf]);
    assert_eq!(other.matches("pw = ").count(), 1, "{other}");
    assert_eq!(other.matches("harbour!77").count(), 3, "{other}");
}

#[test]
fn what_cannot_be_opened_is_told() {
    let text = TEXT.repeat(1000);
    let zipped = Zip::default().deflated("a", &text).done();
    misses("a.gz", &gzip(&text)[..40], "cut off");
    misses("a.zip", &zipped[..40], "cut off");
    misses("a.xz", &STANDARD.decode(XZ).unwrap()[..40], "xz stream is");
    misses("a.bz2", &bzip2(&text)[..40], "bzip2 stream is");
    misses("a.zst", &zstd::encode_all(&text[..], 1).unwrap()[..30], "zstd stream is");
    misses("a.tar", &tar(&[("a", &text)])[..2000], "cut off");
    misses("a.zip", &Zip::default().entry("a", 8, 1, &text, 9).done(), "!/a: it is encrypted");
    misses("a.zip", &Zip::default().entry("a", 98, 0, &text, 9).done(), "method 98");
    // Two names for one file, or a file within another's data.
    let mut overlapping = Zip::default().stored("a", &text);
    let second = overlapping.directory.clone();
    overlapping.directory.extend(&second);
    let at = overlapping.directory.len() - 5;
    overlapping.directory[at] = 7;
    misses("a.zip", &overlapping.done(), "overlap");
    misses("m.pyc", b"\xff\xff\r\n\0\0\0\0\0\0\0\0\0\0\0\0c", "not known");
    misses("d.db", &[&b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20"[..], &[0; 600]].concat(), "cut off");
}

#[test]
fn limits_hold() {
    let zeros = vec![0u8; 8 << 20];
    misses("a.gz", &gzip(&zeros), "more than 200 times");
    misses("a.zip", &Zip::default().deflated("a", &zeros).done(), "more than 200 times");
    let mut deep = Zip::default().deflated("f", TEXT).done();
    for _ in 0..10 {
        deep = Zip::default().deflated("n.zip", &deep).done();
    }
    let (found, opened) = inside("x.zip", &deep);
    assert_eq!(opened.missed.len(), 1);
    assert_eq!(opened.missed[0].file.inside(), "!/n.zip".repeat(4));
    assert_eq!(found.len(), 4);
    // Forms whose bytes are examined anyway are no deeper level.
    let mut leaf = Zip::default().deflated("a.json", b"{}").done();
    for _ in 0..3 {
        leaf = Zip::default().stored("n.zip", &leaf).done();
    }
    assert!(inside("x.zip", &leaf).1.missed.is_empty());
}

#[test]
fn repositories() {
    let object = zlib(b"blob 13\0token=inside\n");
    let name = format!("srv/repo.git/objects/ab/{}", "c".repeat(38));
    holds(&name, &object, " → git object", b"blob 13\0token=inside\n");
    // A pack of two objects: a blob, and a difference to it.
    let base = b"one line\ntoken=first\nlast line\n";
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x02".to_vec();
    pack.extend([0xb0 | (base.len() & 15) as u8, (base.len() >> 4) as u8]);
    pack.extend(zlib(base));
    let second = pack.len();
    let delta = [&[base.len() as u8, 32, 0x90, 15, 6][..], b"second", &[0x91, 20, 11]].concat();
    pack.push(0x60 | delta.len() as u8);
    pack.push((second - 12) as u8);
    pack.extend(zlib(&delta));
    pack.extend([0; 20]);
    let (found, opened) = inside("p.pack", &pack);
    assert!(opened.missed.is_empty(), "{:?}", opened.missed);
    assert_eq!(found["!/blob at 12"], base);
    assert_eq!(found[&format!("!/delta at {second}")], b"one line\ntoken=second\nlast line\n");
}

#[test]
fn helm_releases() {
    let release = br#"{"name":"orders","manifest":"token: inside"}"#;
    let once = STANDARD.encode(gzip(release));
    let twice = STANDARD.encode(&once);
    let secret =
        format!("apiVersion: v1\nkind: Secret\ndata:\n  release: {twice}\ntype: helm.sh/release.v1\n");
    holds("r.yaml", secret.as_bytes(), " → base64 → base64 → gzip", release);
    holds("r.json", format!("{{\"user-data\": \"{once}\"}}").as_bytes(), " → base64 → gzip", release);
}

#[test]
fn streams_one_after_the_other_are_one() {
    let two = |one: fn(&[u8]) -> Vec<u8>| [one(b"token="), one(b"inside\n")].concat();
    holds("a.gz", &two(gzip), " → gzip", TEXT);
    holds("a.bz2", &two(bzip2), " → bzip2", TEXT);
    holds("a.lz4", &two(lz4), " → lz4", TEXT);
}

#[test]
fn what_is_damaged_inside_is_told() {
    let mut wrong = gzip(TEXT);
    let at = wrong.len() - 8;
    wrong[at] ^= 1;
    misses("a.gz", &wrong, "gzip stream is damaged");
    // A tar that goes on behind its end, and one whose names are too long to be known.
    let plain = tar(&[("a", TEXT)]);
    holds("a.tar", &plain, "!/a", TEXT);
    misses("a.tar", &[&plain[..], &plain[..]].concat(), "follow the end of the tar");
    let name = "n".repeat(40 << 10);
    misses("a.tar", &tar(&[(&name, TEXT)]), "over the limit");
    // A text that is too large to be looked through, with and without a compressed value.
    let padded = |value: &str| format!("{}\nrelease: {value}\n", "# x\n".repeat(2 << 20)).into_bytes();
    assert!(inside("r.yaml", &padded("none")).1.missed.is_empty());
    misses("r.yaml", &padded(&STANDARD.encode(gzip(TEXT))), "were not opened");
    // At the deepest level as well.
    let mut deep = tar(&[("r.yaml", format!("release: {}\n", STANDARD.encode(gzip(TEXT))).as_bytes())]);
    for _ in 0..3 {
        deep = Zip::default().stored("n.zip", &deep).done();
    }
    misses("x.zip", &deep, "nested more than 4 deep");
}

/// An object that is longer than it says would hide what follows.
#[test]
fn objects_of_a_pack_that_lie() {
    let pack =
        |head: &[u8], content: &[u8]| [b"PACK\0\0\0\x02\0\0\0\x01", head, &zlib(content), &[0; 20]].concat();
    misses("p.pack", &pack(&[0x33], b"a token=inside"), "longer than it announces");
    let large = TEXT.repeat(300_000);
    let mut head = vec![0xe0 | (large.len() & 15) as u8];
    let mut left = large.len() >> 4;
    while left > 0 {
        head.push((left & 0x7f) as u8 | if left > 0x7f { 0x80 } else { 0 });
        left >>= 7;
    }
    head.push(1);
    let lying = pack(&head, &large);
    let (found, opened) = inside("p.pack", &lying);
    assert_eq!(opened.missed.len(), 1, "{:?}", opened.missed);
    assert_eq!(found["!/delta at 12"], large);
}

/// `connect(password="…")` of Python 3.13, in a module whose one tuple of names is referred to by a second call.
#[test]
fn arguments_of_calls() {
    let short = |text: &[u8]| [&[b'z', text.len() as u8][..], text].concat();
    let code = [92, 0, 34, 0, 83, 0, 83, 1, 57, 1, 92, 0, 34, 0, 83, 2, 83, 3, 57, 1];
    let names = [&[b')' | 0x80, 1][..], &short(b"password")].concat();
    let again = [b'r', 0, 0, 0, 0];
    let constants = [&short(b"first!77")[..], &names, &short(b"second!88"), &again].concat();
    let module = [
        &[0xf3, 0x0d, b'\r', b'\n'][..],
        &[0; 12],
        b"c",
        &[0; 20],
        &[b's', code.len() as u8, 0, 0, 0],
        &code,
        &[b')', 4],
        &constants,
        &[b')', 1],
        &short(b"connect"),
        &[b')', 0].repeat(2),
        &short(b"m").repeat(3),
        &[0; 4],
        &[b's', 0, 0, 0, 0].repeat(2),
    ]
    .concat();
    let (found, opened) = inside("m.pyc", &module);
    assert!(opened.missed.is_empty(), "{:?}", opened.missed);
    let text = String::from_utf8_lossy(&found[" → constants"]).into_owned();
    assert!(text.contains("password = \"first!77\"\n"), "{text}");
    assert!(text.contains("password = \"second!88\"\n"), "{text}");
}

/// Constants that refer to a long one again and again.
#[test]
fn constants_that_repeat() {
    let text = vec![b'x'; 1 << 20];
    let count = 200_000u32;
    let mut module = vec![0x6f, 0x0d, b'\r', b'\n'];
    module.extend([0; 12]);
    module.push(b'(');
    module.extend((count + 1).to_le_bytes());
    module.push(b's' | 0x80);
    module.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
    module.extend(&text);
    for _ in 0..count {
        module.extend([b'r', 0, 0, 0, 0]);
    }
    // The tuple stands as the constants of a code object.
    let constants = module.split_off(16);
    module.push(b'c');
    module.extend([0; 24]);
    module.extend([b's', 0, 0, 0, 0]);
    module.extend(constants);
    for _ in 0..6 {
        module.extend([b')', 0]);
    }
    module.extend([0; 4]);
    module.extend([b's', 0, 0, 0, 0]);
    misses("m.pyc", &module, "beyond the limit");
}

#[test]
fn compressed_values_of_other_texts() {
    let value = STANDARD.encode(gzip(TEXT));
    let text = format!("user_data = \"{value}\"\nother = \"xH4sI{value}\"\n");
    let values_of = |text: &[u8]| super::values_of(text, 0..text.len());
    let (values, whole) = values_of(text.as_bytes());
    assert!(whole);
    assert_eq!(values.len(), 1, "{values:?}");
    assert_eq!((values[0].at.clone(), &values[0].content[..]), (13..13 + value.len(), TEXT));
    assert!(!values_of(&value.as_bytes()[..value.len() - 12]).1);
    assert!(!values_of(format!("'{value}'\n").repeat(40).as_bytes()).1);
    assert_eq!(values_of(b"H4sInothing H4sI").0.len(), 0);
    // Several members are one value, and what begins outside of the core is another chunk's.
    let two = STANDARD.encode([gzip(b"token="), gzip(b"inside\n")].concat());
    assert_eq!(values_of(two.as_bytes()).0[0].content, TEXT);
    assert_eq!(super::values_of(text.as_bytes(), 20..text.len()).0.len(), 0);
    assert_eq!(super::values_of(text.as_bytes(), 0..10).0.len(), 0);
}
