//! Tokens of 24 kinds, each in some forty carriers: whatever form a file gives a secret, it is found, at its whole path.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::support::{Cli, Layer, Spec, Tar, gzip, zstd_bytes};

const ALPHA: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Detector, what its token begins with, and what follows: runs of a length from an alphabet.
type Kind = (&'static str, &'static str, &'static [(usize, &'static str)]);

const KINDS: [Kind; 24] = [
    ("github-pat-classic", "ghp_", &[(36, LETTERS)]),
    ("github-pat-fine-grained", "github_pat_", &[(22, LETTERS), (1, "_"), (59, LETTERS)]),
    ("github-oauth-token", "gho_", &[(36, LETTERS)]),
    ("github-app-token", "ghs_", &[(36, LETTERS)]),
    ("gitlab-pat", "glpat-", &[(20, LETTERS)]),
    ("gitlab-deploy-token", "gldt-", &[(20, LETTERS)]),
    ("gitlab-trigger-token", "glptt-", &[(40, HEX)]),
    (
        "slack-bot-token",
        "xoxb-",
        &[(12, "0123456789"), (1, "-"), (13, "0123456789"), (1, "-"), (24, LETTERS)],
    ),
    ("slack-app-token", "xapp-1-A", &[(10, UPPER), (1, "-"), (13, "0123456789"), (1, "-"), (64, HEX)]),
    ("stripe-live-key", "sk_live_", &[(24, LETTERS)]),
    ("npm-token", "npm_", &[(36, LETTERS)]),
    ("sendgrid-api-key", "SG.", &[(22, LETTERS), (1, "."), (43, LETTERS)]),
    ("digitalocean-token", "dop_v1_", &[(64, HEX)]),
    ("huggingface-token", "hf_", &[(34, ALPHA)]),
    ("aws-access-key-id", "AKIA", &[(16, UPPER)]),
    ("google-api-key", "AIzaSy", &[(33, LETTERS)]),
    ("pypi-token", "pypi-AgEIcHlwaS5vcmc", &[(120, LETTERS)]),
    ("dockerhub-token", "dckr_pat_", &[(27, LETTERS)]),
    ("databricks-token", "dapi", &[(32, HEX)]),
    ("linear-api-key", "lin_api_", &[(40, LETTERS)]),
    ("shopify-token", "shpat_", &[(32, HEX)]),
    ("postman-api-key", "PMAK-", &[(24, HEX), (1, "-"), (34, HEX)]),
    ("anthropic-api-key", "sk-ant-api03-", &[(93, LETTERS), (2, "A")]),
    ("rubygems-key", "rubygems_", &[(48, HEX)]),
];

fn token(kind: &Kind) -> String {
    let mut state = kind
        .1
        .bytes()
        .fold(0x9e37_79b9_7f4a_7c15u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut text = kind.1.to_owned();
    for (length, alphabet) in kind.2 {
        for _ in 0..*length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % alphabet.len();
            text.push(char::from(alphabet.as_bytes()[at]));
        }
    }
    text
}

/// A carrier: its file's name, what it makes of a text with a token in it, and what the whole path ends with.
type Carrier = (&'static str, fn(&str) -> Vec<u8>, &'static str);

const CARRIERS: [Carrier; 41] = [
    ("plain.txt", |t| t.into(), "plain.txt"),
    ("conf.env.gz", |t| gzip(t.as_bytes()), "conf.env.gz → gzip"),
    ("twice.gz", |t| gzip(&gzip(t.as_bytes())), " → gzip → gzip"),
    ("conf.zst", |t| zstd_bytes(t.as_bytes()), " → zstd"),
    ("conf.bz2", |t| bzip2(t.as_bytes()), " → bzip2"),
    ("conf.xz", |t| xz(t.as_bytes()), " → xz"),
    ("conf.lz4", |t| lz4(t.as_bytes()), " → lz4"),
    ("stored.zip", |t| zip("a.txt", t.as_bytes(), false), "stored.zip!/a.txt"),
    ("app.jar", |t| zip("a.properties", t.as_bytes(), true), "app.jar!/a.properties"),
    ("outer.war", |t| zip("lib/b.jar", &zip("a.txt", t.as_bytes(), true), true), "!/lib/b.jar!/a.txt"),
    ("p.whl", |t| zip("p/conf.py", t.as_bytes(), true), "p.whl!/p/conf.py"),
    ("p.nupkg", |t| zip("a.config", t.as_bytes(), true), "p.nupkg!/a.config"),
    ("t.docx", |t| zip("word/document.xml", t.as_bytes(), true), "!/word/document.xml"),
    (
        "run.pyz",
        |t| [b"#!/usr/bin/python3\n", &zip("a.py", t.as_bytes(), true)[..]].concat(),
        "run.pyz!/a.py",
    ),
    ("x.tar", |t| tar(t), "x.tar!/etc/a.conf"),
    ("x.tar.gz", |t| gzip(&tar(t)), "x.tar.gz!/etc/a.conf"),
    ("x.tar.xz", |t| xz(&tar(t)), "x.tar.xz!/etc/a.conf"),
    ("tar.zip", |t| zip("x.tar", &tar(t), true), "tar.zip!/x.tar!/etc/a.conf"),
    ("base64.txt", |t| STANDARD.encode(t).into(), " → base64"),
    ("base64url.txt", |t| URL_SAFE_NO_PAD.encode(t).into(), " → base64"),
    ("wrapped.txt", |t| wrapped(&STANDARD.encode(t), 76), " → base64"),
    (
        "indented.yaml",
        |t| format!("a: |\n  {}\n", text(&wrapped(&STANDARD.encode(t), 64)).replace('\n', "\n  ")).into(),
        " → base64",
    ),
    ("twice.txt", |t| STANDARD.encode(STANDARD.encode(t)).into(), " → base64 → base64"),
    ("hex.txt", |t| hex(t).into(), " → hex"),
    ("upper.txt", |t| hex(t).to_uppercase().into(), " → hex"),
    ("percent.txt", |t| each(t, &|b| format!("%{b:02X}")).into(), " → percent-encoding"),
    (
        "unicode.json",
        |t| format!("{{\"a\": \"{}\"}}", each(t, &|b| format!("\\u{b:04x}"))).into(),
        " → string escapes",
    ),
    ("bytes.py", |t| format!("a = b'{}'", each(t, &|b| format!("\\x{b:02x}"))).into(), " → string escapes"),
    ("lines.json", |t| serde_json::json!({ "env": t }).to_string().into(), "lines.json"),
    ("decimal.xml", |t| each(t, &|b| format!("&#{b};")).into(), " → character references"),
    ("hex.xml", |t| each(t, &|b| format!("&#x{b:x};")).into(), " → character references"),
    ("le.txt", |t| utf16(&format!("\u{feff}{t}"), u16::to_le_bytes), " → UTF-16"),
    ("be.txt", |t| utf16(t, u16::to_be_bytes), " → UTF-16"),
    (
        "app.exe",
        |t| [b"MZ\x90\0\x03\0\0\0\x04", &utf16(t, u16::to_le_bytes)[..], b"\0\0\x01"].concat(),
        " → UTF-16",
    ),
    ("le32.txt", |t| utf32(t, u32::to_le_bytes), " → UTF-32"),
    ("be32.txt", |t| utf32(t, u32::to_be_bytes), " → UTF-32"),
    ("secret.yaml", |t| format!("kind: Secret\ndata:\n  a: {}\n", STANDARD.encode(t)).into(), " → base64"),
    ("helm.yaml", |t| helm(t), " → base64 → base64 → gzip"),
    ("r.git/objects/pack/p.pack", |t| pack(t), "p.pack!/blob at 12"),
    ("m.pyc", |t| pyc(t), "m.pyc → constants"),
    ("d.sqlite", |t| sqlite(t), "d.sqlite → rows"),
];

#[test]
fn every_kind_of_token_is_found_in_every_carrier() {
    let mut tar = Tar::new();
    for kind in &KINDS {
        let text = format!(
            "region=eu-west-1\nuser=harbour\ntoken={}\nurl=https://api.example.com/v1/orders\n",
            token(kind)
        );
        for (name, carry, _) in &CARRIERS {
            tar = tar.file(&format!("srv/{}/{name}", kind.0), carry(&text));
        }
    }
    let cli = Cli::new();
    cli.write("image.tar", Spec::new([Layer::from(tar)]).docker_archive(&["carriers:1"]));
    let report = cli.run(&["image", "image.tar", "--report", "json"]).json();
    let mut found: Vec<(String, String)> = Vec::new();
    for finding in report["findings"].as_array().unwrap() {
        let Some(detector) = finding["detector"].as_str() else { continue };
        let places = finding["places"].as_array().cloned().unwrap_or_default();
        let origins = places.iter().chain([&finding["origin"]]);
        for path in origins.filter_map(|o| o["path"].as_str()) {
            found.push((detector.to_owned(), path.to_owned()));
        }
    }
    let mut missing = Vec::new();
    for kind in &KINDS {
        for (name, _, end) in &CARRIERS {
            let file = format!("srv/{}/{name}", kind.0);
            let is_it = |(detector, path): &&(String, String)| {
                detector == kind.0 && path.starts_with(&file) && path.ends_with(end)
            };
            if !found.iter().any(|f| is_it(&f)) {
                let there: Vec<&(String, String)> =
                    found.iter().filter(|(_, p)| p.starts_with(&file)).collect();
                missing.push(format!("{file}: {there:?}"));
            }
        }
    }
    let all = KINDS.len() * CARRIERS.len();
    assert!(missing.is_empty(), "{} of {all} are missing:\n{}", missing.len(), missing.join("\n"));
    assert_eq!(report["not_checked"].as_array().map(Vec::len), Some(0), "{:#}", report["not_checked"]);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn each(text: &str, form: &dyn Fn(u8) -> String) -> String {
    text.bytes().map(form).collect()
}

fn hex(text: &str) -> String {
    each(text, &|b| format!("{b:02x}"))
}

fn wrapped(text: &str, width: usize) -> Vec<u8> {
    text.as_bytes().chunks(width).collect::<Vec<_>>().join(&b'\n')
}

fn utf16(text: &str, form: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(form).collect()
}

fn utf32(text: &str, form: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().map(u32::from).flat_map(form).collect()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// An LZ4 frame of one block that is not compressed.
fn lz4(bytes: &[u8]) -> Vec<u8> {
    let size = 0x8000_0000 | u32::try_from(bytes.len()).unwrap();
    [&[0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82][..], &size.to_le_bytes(), bytes, &[0; 4]].concat()
}

/// An xz stream of one block whose LZMA2 chunks are not compressed.
fn xz(bytes: &[u8]) -> Vec<u8> {
    let sealed = |part: &[u8]| [part, &crc32(part).to_le_bytes()].concat();
    let mut out = b"\xfd7zXZ\0".to_vec();
    out.extend(sealed(&[0, 1]));
    let header = out.len();
    out.extend(sealed(&[2, 0, 0x21, 1, 0x10, 0, 0, 0]));
    for (i, chunk) in bytes.chunks(0x8000).enumerate() {
        out.push(if i == 0 { 1 } else { 2 });
        out.extend(u16::try_from(chunk.len() - 1).unwrap().to_be_bytes());
        out.extend(chunk);
    }
    out.push(0);
    let unpadded = out.len() - header + 4;
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(crc32(bytes).to_le_bytes());
    let number = |mut n: usize| {
        let mut out = Vec::new();
        while n >= 0x80 {
            out.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out
    };
    let mut index = [vec![0, 1], number(unpadded), number(bytes.len())].concat();
    index.resize(index.len().next_multiple_of(4), 0);
    let index = sealed(&index);
    out.extend(&index);
    let end = [&u32::try_from(index.len() / 4 - 1).unwrap().to_le_bytes()[..], &[0, 1]].concat();
    out.extend(crc32(&end).to_le_bytes());
    out.extend(end);
    out.extend(b"YZ");
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub fn zip(name: &str, content: &[u8], deflated: bool) -> Vec<u8> {
    let data = if deflated {
        let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(content).unwrap();
        out.finish().unwrap()
    } else {
        content.to_vec()
    };
    let mut common: Vec<u8> = vec![20, 0, 0, 0, if deflated { 8 } else { 0 }, 0, 0, 0, 0, 0];
    common.extend(crc32(content).to_le_bytes());
    common.extend([data.len(), content.len()].iter().flat_map(|n| u32::try_from(*n).unwrap().to_le_bytes()));
    common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    common.extend([0, 0]);
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), &data].concat();
    let central = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], name.as_bytes()].concat();
    let size = u32::try_from(central.len()).unwrap().to_le_bytes();
    let at = u32::try_from(local.len()).unwrap().to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &size[..], &at, &[0, 0]].concat();
    [local, central, end].concat()
}

fn tar(text: &str) -> Vec<u8> {
    Tar::new().file("etc/hostname", "a\n").file("etc/a.conf", text).done()
}

fn helm(text: &str) -> Vec<u8> {
    let release = serde_json::json!({ "name": "orders", "manifest": text }).to_string();
    let value = STANDARD.encode(STANDARD.encode(gzip(release.as_bytes())));
    format!("apiVersion: v1\nkind: Secret\ntype: helm.sh/release.v1\ndata:\n  release: {value}\n").into()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn pack(text: &str) -> Vec<u8> {
    let size = text.len();
    let header = [0xb0 | (size & 15) as u8, u8::try_from(size >> 4).unwrap()];
    [&b"PACK\0\0\0\x02\0\0\0\x01"[..], &header, &zlib(text.as_bytes()), &[0; 20]].concat()
}

/// A module of Python 3.11 that gives the text a name.
fn pyc(text: &str) -> Vec<u8> {
    let string =
        |bytes: &[u8]| [&b"s"[..], &u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat();
    let short = |text: &str| [&[b'z', u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat();
    let long = [&b"a"[..], &u32::try_from(text.len()).unwrap().to_le_bytes(), text.as_bytes()].concat();
    let mut out = vec![0xa7, 0x0d, b'\r', b'\n'];
    out.resize(16, 0);
    out.push(b'c');
    out.extend([0; 20]);
    out.extend(string(&[151, 0, 100, 0, 90, 0, 100, 1, 83, 0]));
    out.extend([&[b')', 2][..], &long, b"N"].concat());
    out.extend([&[b')', 1][..], &short("SETTINGS")].concat());
    out.extend([b')', 0]);
    out.extend(string(b""));
    out.extend([short("m.py"), short("<module>"), short("<module>")].concat());
    out.extend([1, 0, 0, 0]);
    out.extend([string(b""), string(b"")].concat());
    out
}

/// A database of one page, whose row is wherever a schema's would be.
fn sqlite(text: &str) -> Vec<u8> {
    let mut page = vec![0u8; 4096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[0x10, 0, 1, 1, 0, 64, 32, 32]);
    page[28..32].copy_from_slice(&[0, 0, 0, 1]);
    page[59] = 1;
    let kind = 13 + 2 * text.len();
    let varint = |n: usize| [0x80 | (n >> 7) as u8, (n & 0x7f) as u8];
    let header = [&[3][..], &varint(kind)].concat();
    let cell = [&varint(header.len() + text.len())[..], &[1], &header, text.as_bytes()].concat();
    let at = 4096 - cell.len();
    page[at..].copy_from_slice(&cell);
    page[100] = 0x0d;
    page[104] = 1;
    page[108..110].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
    page
}
